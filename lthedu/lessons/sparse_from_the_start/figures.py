"""This lesson's figures: accuracies, maps of pixels, time to accuracy. Each returns a Figure and its words."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.figures import use_style as use_style
from lthedu.figures.style import draw_guesses
from lthedu.lessons.sparse_from_the_start.arms import ARMS, RIGL, SET, STATIC

Drawn = tuple[Figure, str]
Table = Annotated[pd.DataFrame, Columns("arm replicate accuracy")]
Frontier = Annotated[pd.DataFrame, Columns("arm level seconds")]
LOOKS: Mapping[str, dict[str, Any]] = {
    STATIC: {"color": "#D55E00", "marker": "^"},
    SET: {"color": "#009E73", "marker": "D"},
    RIGL: {"color": "#0072B2", "marker": "o"},
}


@typed
def look(arm: str) -> dict[str, Any]:
    """Colour and marker of an arm: by whether its mask moves, black where it is dense, pink where it is none of ours.

    >>> look("RigL, 60 neurons") == look("RigL")
    True
    """
    if arm not in ARMS:
        return {"color": "#CC79A7", "marker": "*"}
    if ARMS[arm].chosen == "all":
        return {"color": "#000000", "marker": "s"}
    moves = {"never": LOOKS[STATIC], "at random": LOOKS[SET]}
    return moves.get(ARMS[arm].grows, LOOKS[RIGL])


@typed
def accuracies(table: Table, arms: Sequence[str], title: str, guess: Mapping[str, Any] | None = None) -> Drawn:
    """Test accuracy of every network, a row of marks for each arm, with a bar at their mean.

    Colour and mark say whether a mask moves; guesses become stars.
    """
    figure, ax = plt.subplots(figsize=(8.4, 0.9 + 0.42 * len(arms)), layout="constrained")
    _rows(ax, table, arms)
    not_drawn = ""
    for y, arm in enumerate(arms):
        own = {arm: (guess or {}).get(arm)}
        across = _Turned(ax)
        not_drawn += draw_guesses(across, own, y, {arm: look(arm)})  # type: ignore[arg-type]
    ax.set_title(title, fontsize=11)
    return figure, _said(arms) + not_drawn


@typed
def by_length(table: Table, arms: Sequence[str], title: str) -> Drawn:
    """The same rows twice on one scale: networks that were trained for fewer steps, and for more."""
    lengths = sorted(table["steps"].unique())
    size = (9.4, 1.1 + 0.36 * len(arms))
    figure, axes = plt.subplots(1, len(lengths), figsize=size, sharex=True, sharey=True, squeeze=False)
    for ax, steps in zip(axes[0], lengths, strict=True):
        _rows(ax, table[table["steps"] == steps], arms)
        ax.set_title(f"{steps:,.0f} steps", fontsize=11)
    figure.suptitle(title, fontsize=12)
    figure.tight_layout()
    return figure, f"{_said(arms)} Once for each length of training: {', '.join(f'{n:,.0f}' for n in lengths)} steps."


def _rows(ax: Axes, table: pd.DataFrame, arms: Sequence[str]) -> None:
    for y, arm in enumerate(arms):
        found = 100 * table.loc[table["arm"] == arm, "accuracy"].to_numpy(float)
        style = look(arm)
        ax.plot(found, [y] * len(found), ls="", ms=7, mfc="none", mew=1.4, **style)
        ax.plot([found.mean()] * 2, [y - 0.3, y + 0.3], color=style["color"], lw=2)
    ax.set(yticks=range(len(arms)), yticklabels=arms, ylim=(len(arms) - 0.5, -0.5), xlabel="test accuracy (%)")


def _said(arms: Sequence[str]) -> str:
    kinds = f"{len(arms)} kinds of networks, one mark a network and a bar at the mean"
    return f"A row of marks for each of {kinds}: {'; '.join(arms)}."


class _Turned:
    """Axes on which height and width change places, for guesses in rows."""

    def __init__(self, ax: Axes) -> None:
        self.ax = ax

    def plot(self, x: float, y: float, **look: Any) -> None:
        self.ax.plot(y, x, **{**look, "label": None})


@typed
def pixel_maps(maps: Mapping[str, Tensor], title: str) -> Drawn:
    """Square images, one for each entry, of a number a pixel: dark is much, and all but the last have one scale."""
    figure, axes = plt.subplots(1, len(maps), figsize=(2.15 * len(maps), 2.8), squeeze=False, layout="constrained")
    *first, last = maps.values()
    most = [np.quantile(torch.stack(first).numpy(force=True), 0.995)] * len(first) if first else []
    most.append(np.quantile(last.numpy(force=True), 0.995))
    for ax, top, (name, values) in zip(axes[0], most, maps.items(), strict=True):
        side = int(np.sqrt(values.numel()))
        image = values.double().reshape(side, side).numpy(force=True)
        ax.imshow(image, cmap="gray_r", vmin=0, vmax=top or 1)
        ax.set(xticks=[], yticks=[])
        ax.set_title(name, fontsize=10)
        ax.grid(visible=False)
    figure.suptitle(title, fontsize=12)
    return figure, f"Square images of a number a pixel, dark where it is large: {'; '.join(maps)}."


@typed
def time_to_accuracy(frontier: Frontier) -> Drawn:
    """Time in which arms reach accuracies, on all pixels and on pooled ones, with a name at the end of each line."""
    figure, axes = plt.subplots(1, 2, figsize=(9.4, 4.4), sharex=True, sharey=True, layout="constrained")
    for ax, pooled in zip(axes, (False, True), strict=True):
        for arm, rows in frontier.groupby("arm", sort=False):
            name = str(arm)
            if ("pooled" in name) != pooled:
                continue
            arm_of, _, density = name.rpartition(", ")  # "static, 5 %": static
            style = look(arm_of if density.endswith("%") else name) | {"ls": "--" if density == "2 %" else "-"}
            ax.plot(100 * rows["level"], rows["seconds"], lw=1.4, ms=6, mfc="none", label=name, **style)
            end = (100 * rows["level"].iloc[-1] + 0.08, rows["seconds"].iloc[-1])
            below = name.startswith(STATIC)
            ax.annotate(
                name.replace(", pooled pixels", ""),
                end,
                fontsize=8,
                va="top" if below else "bottom",
                color=style["color"],
                bbox={"fc": "white", "ec": "none", "pad": 0.4, "alpha": 0.8},
            )
        ax.set(yscale="log", xlabel="validation accuracy to be reached (%)", xlim=(93.8, 98.6))
        ax.set_title("pooled pixels" if pooled else "all pixels", fontsize=11)
        ax.set_xticks([100 * level for level in sorted(frontier["level"].unique())])
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_locator(NullLocator())
    axes[0].set_ylabel("time (1: the shortest of all)")
    figure.suptitle("Time to reach an accuracy: dense (black), RigL (blue) and static (orange)", fontsize=12)
    return figure, (
        "Two panels, networks on all pixels and on pooled ones, with lines of the time to reach an accuracy on a "
        f"logarithmic axis, for {'; '.join(map(str, frontier['arm'].unique()))}. A line ends at the last accuracy that "
        "all five networks of an arm reach."
    )
