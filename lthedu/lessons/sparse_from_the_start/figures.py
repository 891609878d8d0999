"""This lesson's figures: accuracies, maps of pixels, time to accuracy. Each returns a Figure and its words."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
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
    for y, arm in enumerate(arms):
        found = 100 * table.loc[table["arm"] == arm, "accuracy"].to_numpy(float)
        style = look(arm)
        ax.plot(found, [y] * len(found), ls="", ms=7, mfc="none", mew=1.4, **style)
        ax.plot([found.mean()] * 2, [y - 0.3, y + 0.3], color=style["color"], lw=2)
    not_drawn = ""
    for y, arm in enumerate(arms):
        own = {arm: (guess or {}).get(arm)}
        across = _Turned(ax)
        not_drawn += draw_guesses(across, own, y, {arm: look(arm)})  # type: ignore[arg-type]
    ax.set(yticks=range(len(arms)), yticklabels=arms, ylim=(len(arms) - 0.5, -0.5), xlabel="test accuracy (%)")
    ax.set_title(title, fontsize=11)
    return figure, (
        f"A row of marks for each of {len(arms)} kinds of networks, one mark a network and a bar at the mean: "
        f"{'; '.join(arms)}.{not_drawn}"
    )


class _Turned:
    """Axes on which height and width change places, for guesses in rows."""

    def __init__(self, ax: Axes) -> None:
        self.ax = ax

    def plot(self, x: float, y: float, **look: Any) -> None:
        self.ax.plot(y, x, **{**look, "label": None})


@typed
def pixel_maps(maps: Mapping[str, Tensor], title: str) -> Drawn:
    """Square images, one for each entry, of a number a pixel: dark is much, up to the image's own largest value."""
    figure, axes = plt.subplots(1, len(maps), figsize=(2.15 * len(maps), 2.8), squeeze=False, layout="constrained")
    for ax, (name, values) in zip(axes[0], maps.items(), strict=True):
        side = int(np.sqrt(values.numel()))
        image = values.double().reshape(side, side).numpy(force=True)
        ax.imshow(image, cmap="gray_r", vmin=0, vmax=np.quantile(image, 0.99) or 1)
        ax.set(xticks=[], yticks=[])
        ax.set_title(name, fontsize=10)
        ax.grid(visible=False)
    figure.suptitle(title, fontsize=12)
    return figure, f"Square images of a number a pixel, dark where it is large: {'; '.join(maps)}."


@typed
def time_to_accuracy(frontier: Frontier) -> Drawn:
    """Seconds, as multiples of the smallest, in which arms reach accuracies; dense ones black, sparse ones blue."""
    figure, ax = plt.subplots(figsize=(8.4, 4.4), layout="constrained")
    shapes = ["-", "--", ":", "-."]
    seen = {True: 0, False: 0}
    for arm, rows in frontier.groupby("arm", sort=False):
        dense = str(arm).startswith("dense")
        style: dict[str, Any] = {"color": "#000000", "marker": "s"} if dense else {"color": "#0072B2", "marker": "o"}
        style["ls"] = shapes[seen[dense] % 4]
        seen[dense] += 1
        if "pooled" in str(arm):
            style["mfc"] = "white"
        ax.plot(100 * rows["level"], rows["seconds"], lw=1.6, ms=6, label=str(arm), **style)
    ax.set(yscale="log", xlabel="validation accuracy to be reached (%)", ylabel="time (1: the shortest)")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_locator(NullLocator())
    ax.set_xticks([100 * level for level in sorted(frontier["level"].unique())])
    ax.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set_title("Time to reach an accuracy: dense networks (black) and sparse ones (blue)", fontsize=11)
    names = "; ".join(map(str, frontier["arm"].unique()))
    return figure, (
        f"Lines of the time to reach an accuracy, on a logarithmic axis, for {names}. A line ends at the last accuracy "
        "that all five networks of an arm reach."
    )
