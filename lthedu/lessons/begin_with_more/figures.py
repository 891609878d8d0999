"""This lesson's figures: accuracy by integrated density, recall by patterns, accuracy by width, paths by depth."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Columns, Count
from lthedu.figures import use_style as use_style
from lthedu.figures.style import draw_guesses
from lthedu.lessons.begin_with_more import memory, widths
from lthedu.lessons.begin_with_more.plans import (
    AT_RANDOM,
    FAST,
    GROWN,
    GROWN_LATE,
    PEAK,
    PEAK_LATE,
    PEAK_MOVES,
    RIGL,
    SET,
    SLOW,
    SPREAD,
    STATIC,
    STILL,
    TWICE,
)

Drawn = tuple[Figure, str]
BLUE, ORANGE, GREEN, PINK, SKY, BLACK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#000000"
LOOKS: Mapping[str, dict[str, Any]] = {
    STATIC: {"color": ORANGE, "marker": "^", "ls": ":"},
    SPREAD: {"color": ORANGE, "marker": "v", "ls": "--"},
    SET: {"color": SKY, "marker": "o", "ls": "--"},
    RIGL: {"color": BLUE, "marker": "o", "ls": "-"},
    SLOW: {"color": BLACK, "marker": "s", "ls": ":"},
    FAST: {"color": BLACK, "marker": "s", "ls": "-"},
    PEAK: {"color": GREEN, "marker": "D", "ls": "-"},
    PEAK_MOVES: {"color": GREEN, "marker": "D", "ls": ":"},
    PEAK_LATE: {"color": GREEN, "marker": "D", "ls": "--"},
    GROWN: {"color": PINK, "marker": "P", "ls": "-"},
    AT_RANDOM: {"color": PINK, "marker": "P", "ls": ":"},
    STILL: {"color": PINK, "marker": "P", "ls": "--"},
    GROWN_LATE: {"color": PINK, "marker": "P", "ls": "-."},
    TWICE: {"color": PINK, "marker": "X", "ls": "--"},
}


@typed
def by_integral(
    own: Annotated[pd.DataFrame, Columns("arm steps integral accuracy")],
    arms: Annotated[Sequence[str], AtLeast(1)],
    title: str,
    guess: Mapping[str, Any] | None = None,
) -> Drawn:
    """Test accuracy against integrated density, a line for each plan through its lengths, five networks a mark.

    Of several lengths the marks of 500 steps are filled, and the last one of each line has its number of steps. Guesses
    stand at their plan's own integrated density.
    """
    figure, ax = plt.subplots(figsize=(8.6, 4.8), layout="constrained")
    said, paid = [], {}
    for arm in arms:
        groups = own[own["arm"] == arm].groupby("steps")
        x = groups["integral"].mean().to_numpy(float)
        y, spread = 100 * groups["accuracy"].mean().to_numpy(float), 100 * groups["accuracy"].std().to_numpy(float)
        ax.errorbar(x, y, spread, mfc="none", ms=7, lw=1.5, capsize=2, label=arm, **LOOKS[arm])
        if len(x) > 1:
            filled = groups["integral"].mean().index == 500
            ax.plot(x[filled], y[filled], ls="", ms=7, marker=LOOKS[arm]["marker"], color=LOOKS[arm]["color"])
            last = f"{groups['integral'].mean().index[-1]:,.0f}"
            ax.annotate(last, (x[-1], y[-1]), (5, 4), textcoords="offset points", fontsize=8, color=LOOKS[arm]["color"])
        paid[arm] = float(x[0])
        said.append(f"{arm} {y.min():.1f}" + (f" to {y.max():.1f} %" if len(y) > 1 else " %"))
    words = draw_guesses(ax, guess or {}, paid, LOOKS)
    ax.set(xscale="log", xlabel="integrated density (steps of the dense network)", ylabel="test accuracy (%)")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5, 7)))
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_title(title, fontsize=12)
    ax.legend(fontsize=9, loc="lower right")
    return figure, f"Test accuracy against integrated density. {'; '.join(said)}.{words}"


MEMORY_LOOKS: Mapping[str, dict[str, Any]] = {
    memory.ALL: {"color": BLACK, "marker": "s", "ls": ":"},
    memory.STRONGEST: {"color": BLUE, "marker": "o", "ls": "-"},
    memory.SIGNS: {"color": SKY, "marker": "x", "ls": "--"},
    memory.CHANCE: {"color": GREEN, "marker": "D", "ls": "-."},
    memory.SMALLER: {"color": ORANGE, "marker": "^", "ls": "--"},
}


@typed
def recall_by_patterns(table: Annotated[pd.DataFrame, Columns("arm patterns overlap")], budget: float) -> Drawn:
    """Mean overlap of what is recalled with what was stored, by the number of patterns, a line for each network."""
    figure, ax = plt.subplots(figsize=(8.0, 4.4), layout="constrained")
    for arm, rows in table.groupby("arm", sort=False):
        groups = rows.groupby("patterns")["overlap"]
        style = MEMORY_LOOKS[str(arm)]
        ax.errorbar(
            groups.mean().index, groups.mean(), groups.std(), mfc="none", capsize=2, lw=1.5, label=str(arm), **style
        )
    ax.set(xlabel="stored patterns", ylabel="overlap (0: chance, 1: exact)")
    ax.set_title(f"Recall with {100 * budget:g} % of the synapses (dotted: with all)", fontsize=12)
    ax.legend(fontsize=9, loc="lower left")
    most = table[table["patterns"] == table["patterns"].max()].groupby("arm", sort=False)["overlap"].mean()
    told = ", ".join(f"{arm} {overlap:.2f}" for arm, overlap in most.items())
    return figure, f"Overlap against stored patterns. With {table['patterns'].max()} patterns: {told}."


WIDTH_LOOKS: Mapping[str, dict[str, Any]] = {
    widths.TICKET: {"color": BLUE, "marker": "o", "ls": "-"},
    widths.REDRAWN: {"color": ORANGE, "marker": "^", "ls": "--"},
    widths.COUNTS: {"color": GREEN, "marker": "D", "ls": "--"},
    widths.INPUTS: {"color": GREEN, "marker": "D", "ls": ":"},
    widths.DENSE: {"color": BLACK, "marker": "s", "ls": ":"},
    widths.TWICE_POOLED: {"color": BLACK, "marker": "s", "ls": "--"},
}


@typed
def by_width(own: Annotated[pd.DataFrame, Columns("study arm width accuracy")]) -> Drawn:
    """Test accuracy against starting width, tickets and controls; a level line for small dense networks.

    The right panel shows the upper part of the left one.
    """
    figure, axes = plt.subplots(1, 2, figsize=(10.4, 4.8), layout="constrained")
    said = []
    for arm, style in WIDTH_LOOKS.items():
        shown = own["study"].str.startswith("from ") | own["study"].isin(["controls", "dense", "dense, pooled twice"])
        groups = own[(own["arm"] == arm) & shown].groupby("width")["accuracy"]
        y, spread = 100 * groups.mean().to_numpy(float), 100 * groups.std().to_numpy(float)
        if not len(y):
            continue
        said.append(f"{arm} {', '.join(f'{one:.1f}' for one in y)}")
        for ax in axes:
            if arm in (widths.DENSE, widths.TWICE_POOLED):
                label = f"{arm}, {groups.mean().index[0]:.0f} units"
                ax.axhline(y[0], color=style["color"], ls=style["ls"], lw=1.2, label=label)
            else:
                ax.errorbar(groups.mean().index, y, spread, mfc="none", ms=7, capsize=2, lw=1.5, label=arm, **style)
    ticks = [w for w in _widths_of(own) if w >= 16]
    for ax in axes:
        ax.set(xscale="log", xlabel="hidden units of the network that it began as")
        ax.set_xticks(ticks, [f"{w:.0f}" for w in ticks])
        ax.minorticks_off()
    axes[0].set_ylabel("test accuracy (%)")
    axes[0].legend(fontsize=9, loc="lower left")
    axes[1].set(ylim=(92.5, 96.5), title="the upper part")
    figure.suptitle("About 1,000 weights, out of narrow and wide networks", fontsize=12)
    return figure, f"Test accuracy (%) against starting width. {'; '.join(said)}."


def _widths_of(own: pd.DataFrame) -> list[int]:
    """The starting widths of tickets."""
    return sorted(int(w) for w in own.loc[own["study"].str.startswith("from "), "width"].unique())


@typed
def growth_of_paths(counts: Annotated[Mapping[int, tuple[Count, Count]], AtLeast(2)]) -> Drawn:
    """Weights and paths of networks by their number of layers: {layers: (weights, paths)}, on a logarithmic axis."""
    figure, ax = plt.subplots(figsize=(7.2, 3.6), layout="constrained")
    layers = sorted(counts)
    for place, (name, colour, marker) in enumerate((("weights", BLACK, "s"), ("paths", BLUE, "o"))):
        y = [float(counts[n][place]) for n in layers]
        ax.plot(layers, y, color=colour, marker=marker, mfc="none")
        _label(ax, layers[-1], y[-1], name, colour)
    ax.set(yscale="log", xlabel="layers of weights", ylabel="how many", xlim=(layers[0] - 0.3, layers[-1] + 1.4))
    ax.set_xticks(layers)
    ax.set_title("Paths multiply from layer to layer, weights add up", fontsize=12)
    return figure, "Weights and paths by the number of layers, on a logarithmic axis: paths rise far faster."


def _label(ax: Axes, x: float, y: float, name: str, colour: str) -> None:
    ax.annotate(name, (x + 0.15, y), va="center", color=colour, fontsize=10)
