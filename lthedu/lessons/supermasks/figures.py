"""Figures of masks that are trained. Each function draws on Axes and returns them with a description in words."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.experiments.paper_results import PaperResult
from lthedu.figures import use_style as use_style
from lthedu.figures.style import draw_guesses
from lthedu.lessons.supermasks.experiment import BERNOULLI, BERNOULLI_PLAIN, POPUP, POPUP_NORMAL, RANDOM, TRAINED

MASKS: Mapping[str, dict[str, Any]] = {
    TRAINED: {"color": "#000000", "linestyle": ":", "marker": "s"},
    POPUP: {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    POPUP_NORMAL: {"color": "#56B4E9", "linestyle": "--", "marker": "P"},
    BERNOULLI: {"color": "#D55E00", "linestyle": "-.", "marker": "^"},
    BERNOULLI_PLAIN: {"color": "#E69F00", "linestyle": (0, (1, 1)), "marker": "v"},
    RANDOM: {"color": "#009E73", "linestyle": (0, (4, 1)), "marker": "D"},
}


@typed
def accuracy_by_width(
    table: Annotated[pd.DataFrame, Columns("arm width density accuracy")],
    *,
    guess: Mapping[str, float | str | None] | None = None,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Test accuracy of every arm against the number of hidden units: means, bars of one standard deviation.

    `table` is what `Supermasks.run` returns. `guess` maps arms to a guessed accuracy in percent at the largest width,
    drawn as stars at the right edge.
    """
    ax = ax or plt.figure(figsize=(8.6, 4.6)).gca()
    widths = sorted(table["width"].unique())
    for arm, look in MASKS.items():
        rows = table[(table["arm"] == arm) & table["density"].isin([1.0, _usual(table)])]
        by = 100 * rows.groupby("width")["accuracy"].mean(), 100 * rows.groupby("width")["accuracy"].std().fillna(0)
        ax.errorbar(by[0].index, by[0], yerr=by[1], capsize=3, label=arm, **look)
    words = draw_guesses(ax, guess or {}, widths[-1] * 1.25, MASKS)
    ax.set_xscale("log", base=2)
    _plain(ax, widths)
    ax.set_ylim(0, 100)
    ax.set_xlabel("hidden units")
    ax.set_ylabel("test accuracy (%)")
    ax.legend(fontsize=8.5, loc="center left", bbox_to_anchor=(1, 0.5))
    ax.figure.tight_layout()  # type: ignore[union-attr]
    return ax, (
        f"test accuracy in percent against the number of hidden units, {', '.join(map(str, widths))}, a line each for "
        f"{', '.join(MASKS)}; bars one standard deviation over seeds." + words
    )


@typed
def accuracy_by_kept(
    table: Annotated[pd.DataFrame, Columns("arm width density kept accuracy")],
    *,
    axes: Sequence[Axes] | None = None,
) -> tuple[Axes, str]:
    """Left: edge-popup against its density at one width. Right: accuracy against the number of weights in use.

    In use are the kept weights, and all weights of trained networks.
    """
    if axes is None:
        _, grid = plt.subplots(1, 2, figsize=(10, 4.2))
        axes = list(grid)
    popup = table[table["arm"] == POPUP]
    probe = popup.groupby("width")["density"].nunique().idxmax()
    by = popup[popup["width"] == probe].groupby("density")["accuracy"]
    x = 100 * by.mean().index.to_numpy(dtype=float)
    axes[0].errorbar(x, 100 * by.mean(), yerr=100 * by.std().fillna(0), capsize=3, **MASKS[POPUP])
    axes[0].set_xlabel("weights kept (%)")
    axes[0].set_ylabel("test accuracy (%)")
    axes[0].set_title(f"edge-popup, {probe} hidden units", fontsize=11)
    for arm in (TRAINED, POPUP, BERNOULLI):
        rows = table[(table["arm"] == arm) & table["density"].isin([1.0, _usual(table)])].groupby("width")
        look = MASKS[arm]
        spread = 100 * rows["accuracy"].std().fillna(0)
        axes[1].errorbar(rows["kept"].mean(), 100 * rows["accuracy"].mean(), yerr=spread, capsize=3, label=arm, **look)
    axes[1].set_xscale("log")
    axes[1].xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes[1].xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:,.0f}"))
    axes[1].xaxis.set_minor_locator(NullLocator())
    axes[1].set_ylim(70, 98)
    axes[1].set_xlabel("weights in use")
    axes[1].set_title("at equal numbers of weights in use", fontsize=11)
    axes[1].legend(fontsize=9, loc="lower right")
    axes[0].figure.tight_layout()  # type: ignore[union-attr]
    return axes[0], (
        f"left, test accuracy in percent of edge-popup with {probe} hidden units against the percentage of weights "
        f"kept, {', '.join(f'{v:g}' for v in x)}; right, test accuracy against the number of weights in use, on a "
        f"logarithmic axis, for {TRAINED}, {POPUP} and {BERNOULLI}; bars one standard deviation over seeds."
    )


@typed
def conv_supermasks(reference: PaperResult, *, ax: Axes | None = None) -> tuple[Axes, str]:
    """The stored convolutional supermasks: test accuracy by network and arm, a mark a seed."""
    ax = ax or plt.figure(figsize=(7.6, 3.8)).gca()
    table = reference.table
    networks, arms = sorted(table["network"].unique()), list(dict.fromkeys(table["arm"]))
    looks = list(MASKS.values())
    for j, arm in enumerate(arms):
        rows = table[table["arm"] == arm]
        x = np.array([networks.index(n) for n in rows["network"]]) + 0.15 * (j - (len(arms) - 1) / 2)
        look = looks[0] if arm == "trained" else looks[1 + (2 * j) % 5]
        ax.plot(
            x, 100 * rows["accuracy"], ls="", ms=6, alpha=0.7, color=look["color"], marker=look["marker"], label=arm
        )
    ax.set_xticks(range(len(networks)), networks)
    ax.set_ylim(0, 100)
    ax.set_ylabel("test accuracy (%)")
    ax.legend(fontsize=9, loc="center left", bbox_to_anchor=(1, 0.5))
    ax.figure.tight_layout()  # type: ignore[union-attr]
    listed = "; ".join(
        f"{network}, {arm}: {100 * table[(table['network'] == network) & (table['arm'] == arm)]['accuracy'].mean():.1f}"
        for network in networks
        for arm in arms
    )
    return ax, f"test accuracy in percent, a mark a seed. Means: {listed}. Stored: {reference.provenance()}."


def _usual(table: pd.DataFrame) -> float:
    """The density that edge-popup has at every width."""
    popup = table[table["arm"] == POPUP]
    return float(str(popup.groupby("density")["width"].nunique().idxmax()))


def _plain(ax: Axes, values: Sequence[int]) -> None:
    ax.xaxis.set_major_locator(FixedLocator([float(v) for v in values]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
    ax.xaxis.set_minor_locator(NullLocator())
