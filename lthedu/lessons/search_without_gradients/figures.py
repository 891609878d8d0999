"""Figures of searches without gradients. Each function draws a Figure and returns it with a description in words."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.figures import schematic
from lthedu.figures import use_style as use_style
from lthedu.lessons.search_without_gradients.experiment import (
    ANNEALING,
    CLIMBING,
    EVOLUTION,
    GENETIC,
    GRADIENT_GUIDED,
    RANDOM,
    UNCROSSED,
    reached,
)

Drawn = tuple[Figure, str]
Contested = Annotated[pd.DataFrame, Columns("searcher replicate cost loss")]
SEARCHES: Mapping[str, dict[str, Any]] = {
    RANDOM: {"color": "#777777", "linestyle": ":", "marker": "x"},
    EVOLUTION: {"color": "#009E73", "linestyle": "-.", "marker": "D"},
    UNCROSSED: {"color": "#CC79A7", "linestyle": (0, (1, 1)), "marker": "v"},
    GENETIC: {"color": "#D55E00", "linestyle": "--", "marker": "^"},
    CLIMBING: {"color": "#000000", "linestyle": (0, (5, 3)), "marker": "P"},
    ANNEALING: {"color": "#E69F00", "linestyle": (0, (5, 1)), "marker": "s"},
    GRADIENT_GUIDED: {"color": "#0072B2", "linestyle": "-", "marker": "o"},
}
YOURS: Mapping[str, Any] = {"color": "#56B4E9", "linestyle": (0, (3, 1, 1, 1)), "marker": "*"}


# Schematics -----------------------------------------------------------------------------------------------------


@schematic
@typed
def what_comes_back() -> Drawn:
    """What a question brings: one number from a forward pass, and one for each weight from a gradient."""
    rng = np.random.default_rng(3)
    kept, slope = rng.permutation(24) < 12, rng.normal(0, 0.4, 24)
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(8.6, 3.2), layout="constrained")
    for ax, words in ((top, "a mask, and its loss"), (bottom, "a mask, its loss, and a slope for every weight")):
        for i, on in enumerate(kept):
            ax.add_patch(Rectangle((i, 0), 0.9, 0.9, fc="#0072B2" if on else "white", ec="#777777"))
        ax.annotate("loss 2.1", (27.2, 0.45), va="center", fontsize=12)
        ax.add_patch(FancyArrowPatch((24.4, 0.45), (27, 0.45), arrowstyle="-|>", mutation_scale=16, color="black"))
        ax.set(xlim=(-0.5, 31), ylim=(-1.6, 1.3))
        ax.set_title(words, fontsize=11, loc="left")
        ax.axis("off")
    for i, value in enumerate(slope):
        arrow = {"arrowstyle": "-|>", "color": "#D55E00"}
        bottom.annotate("", (i + 0.45, -0.8 + value), (i + 0.45, -0.8), arrowprops=arrow)
    figure.suptitle("A loss is one number; a gradient is one number for each weight", fontsize=12)
    return figure, (
        "Two rows of 24 squares, half of them filled for the kept weights. From each an arrow leads to its loss. Below "
        "the squares of the second row stands an arrow for each weight, up or down, long or short: the gradient."
    )


@schematic
@typed
def crossover_strips() -> Drawn:
    """Two parents as strips of bits, and two of their children, each place in the colour of whom it comes from."""
    a, b, *children = (
        np.array([int(bit) for bit in bits])
        for bits in ("111111000000", "110000111100", "111101001000", "110010110100")
    )
    figure, ax = plt.subplots(figsize=(9.4, 3.2), layout="constrained")
    both, from_a, from_b = "#777777", "#0072B2", "#D55E00"
    rows = [("parent a", a, 4), ("parent b", b, 3), ("a child", children[0], 1.6), ("another child", children[1], 0.6)]
    for name, bits, y in rows:
        ax.text(-0.3, y + 0.4, name, ha="right", va="center", fontsize=11)
        for i, bit in enumerate(bits):
            color = both if a[i] and b[i] else from_a if a[i] else from_b
            ax.add_patch(Rectangle((i, y), 0.9, 0.8, fc=color if bit else "white", ec="#777777"))
            ax.text(i + 0.45, y + 0.4, str(bit), ha="center", va="center", color="white" if bit else "#777777")
        ax.text(12.3, y + 0.4, f"keeps {bits.sum()}", va="center", fontsize=11)
    for x, words in ((0.95, "both keep it"), (5.95, "one keeps it"), (10.95, "neither does")):
        ax.text(x, 5, words, ha="center", fontsize=10)
    ax.set(xlim=(-2.4, 14), ylim=(0.3, 5.6))
    ax.axis("off")
    ax.set_title("A child takes what both keep, and half of the places that only one keeps", fontsize=12)
    return figure, (
        "Strips of twelve bits. The parents 111111000000 and 110000111100 agree at four places. Of the eight places "
        "that only one of them keeps, each child keeps four: 111101001000 has three of a's and one of b's, and "
        "110010110100 one of a's and three of b's. All four strips keep six places."
    )


@schematic
@typed
def ring(losses: Tensor, promised: Tensor, flow: Tensor) -> Drawn:
    """A ring of masks: each as large as it is often visited, and what flows along each edge, both ways.

    `losses` and `promised` (n,): the loss of each mask and its share of the visits; `flow` (n, n): the share of all
    steps that go from one to the other.
    """
    n = len(losses)
    angle = np.pi / 2 - 2 * np.pi * np.arange(n) / n
    places = np.stack([1.5 * np.cos(angle), np.sin(angle)], 1)
    figure, ax = plt.subplots(figsize=(7, 4.4), layout="constrained")
    for i, (x, y) in enumerate(places):
        ax.plot(x, y, "o", ms=46 + 50 * float(promised[i]), color="#E69F00", alpha=0.6)
        ax.text(
            x,
            y,
            f"loss {float(losses[i]):.1f}\n{100 * float(promised[i]):.0f} %",
            ha="center",
            va="center",
            fontsize=10,
        )
        for j in {(i + 1) % n, (i - 1) % n}:
            start, end = places[i] + 0.28 * (places[j] - places[i]), places[i] + 0.72 * (places[j] - places[i])
            width = 60 * float(flow[i, j])
            ax.add_patch(
                FancyArrowPatch(
                    start,
                    end,
                    arrowstyle="-|>",
                    mutation_scale=12,
                    lw=width,
                    color="#0072B2",
                    connectionstyle="arc3,rad=0.18",
                )
            )
            side = (start + end) / 2 + 0.3 * np.array([(end - start)[1], -(end - start)[0]])
            ax.text(
                side[0],
                side[1],
                f"{100 * float(flow[i, j]):.1f}",
                ha="center",
                va="center",
                fontsize=9,
                color="#0072B2",
            )
    ax.set(xlim=(-2.2, 2.2), ylim=(-1.5, 1.5))
    ax.axis("off")
    ax.set_title("As much flows from each mask to its neighbour as back (% of all steps)", fontsize=12)
    return figure, (
        f"{n} masks in a ring, each a disc with its loss and the share of visits that it is promised. Between "
        "neighbours two arrows, one each way, with the share of all steps that take it: both are equal."
    )


# What was measured ----------------------------------------------------------------------------------------------


@typed
def best_by_evaluations(curves: Mapping[str, Mapping[str, Sequence[float]]]) -> Drawn:
    """The largest value found after 1, 2, ... evaluations, on average over functions: a panel for each set of them.

    `curves`: by panel, the mean of every search by name.
    """
    looks = [("#0072B2", "-", "o"), ("#D55E00", "--", "^"), ("#009E73", ":", "s"), ("#CC79A7", "-.", "D")]
    figure, axes = plt.subplots(
        1, len(curves), figsize=(4.6 * len(curves), 3.9), sharey=True, squeeze=False, layout="constrained"
    )
    for ax, (title, searches) in zip(axes[0], curves.items(), strict=True):
        for i, (name, values) in enumerate(searches.items()):
            color, ls, marker = looks[i % 4]
            look: dict[str, Any] = {"color": color, "ls": ls, "marker": marker, "ms": 10 - 2 * i}
            ax.plot(np.arange(1, len(values) + 1), values, label=name, **look)
        ax.set_title(title, fontsize=11)
        ax.set_xlabel("evaluations of the function")
    axes[0][0].set_ylabel("largest value found, on average")
    axes[0][0].legend(fontsize=9, loc="lower right")
    figure.suptitle("Over all functions every search is equal; over smooth ones it is not", fontsize=12)
    return figure, (
        "largest value found, on average, against the number of evaluations, for "
        f"{', '.join(next(iter(curves.values())))}; panels: {', '.join(curves)}."
    )


@typed
def best_by_budget(
    table: Contested, title: str, *, guess: Mapping[str, Any] | None = None, footnote: str = ""
) -> Drawn:
    """The best loss so far of every searcher against its cost in forward passes: means, and bands over networks.

    `table` is what `Contest.run` returns, or one budget's rows of a stored run; bands are one standard deviation.
    `guess` maps searchers to a guessed last loss, drawn as stars at the right edge.
    """
    figure, ax = plt.subplots(figsize=(8.8, 4.8), layout="constrained")
    end, ends = float(table["cost"].max()), []
    for name, look in {**SEARCHES, "yours": YOURS}.items():
        rows = table[table["searcher"] == name]
        if len(rows):
            line = {key: value for key, value in look.items() if key != "marker"}
            losses = rows.pivot_table(index="cost", columns="replicate", values="loss").ffill()
            mean, sd = losses.mean(axis=1), losses.std(axis=1).fillna(0)
            ax.plot(mean.index, mean, lw=2, **line)
            ax.fill_between(mean.index, mean - sd, mean + sd, color=look["color"], alpha=0.2, lw=0)
            ends.append((float(mean.iloc[-1]), name, look["color"]))
    words = ""
    for name, value in (guess or {}).items():
        if name in SEARCHES and isinstance(value, int | float) and 0 < value < 10:
            ax.plot(end, value, "*", ms=15, mfc="none", color=SEARCHES[name]["color"], label=f"your guess: {name}")
        elif value is not None:
            words += f" The guess {value!r} for {name!r} is not drawn: give a searcher a loss between 0 and 10."
    _named_at_the_end(ax, end, ends)
    ax.set_xscale("log")
    ax.set(xlabel="forward passes over all images", ylabel="best loss so far")
    ax.set_title(title, fontsize=12)
    if footnote:
        figure.text(0.01, -0.03, footnote, fontsize=8, color="#555555")
    return figure, (
        "best loss so far against forward passes, on a logarithmic axis, for "
        f"{', '.join(name for _, name, _ in ends)}; lines are means over the networks, bands one standard deviation."
        + words
    )


def _named_at_the_end(ax: Axes, end: float, ends: Sequence[tuple[float, str, str]]) -> None:
    """Names beside the ends of the lines, moved apart where they would lie on each other."""
    low, high = ax.get_ylim()
    least, at = 0.055 * (high - low), -np.inf
    for y, name, color in sorted(ends):
        at = max(y, at + least)
        ax.annotate(
            name,
            (end, y),
            (end * 1.25, at),
            va="center",
            fontsize=9,
            color=color,
            arrowprops={"arrowstyle": "-", "color": color, "lw": 0.6, "relpos": (0, 0.5)},
            annotation_clip=False,
        )


@typed
def passes_to_reach(
    table: Contested, goals: Sequence[float], prices: Mapping[str, float], *, title: str, footnote: str = ""
) -> Drawn:
    """What each searcher had paid when it reached a loss: a panel for each of `goals`, a mark a network.

    Filled marks count forward passes. Open ones count multiplications, in forward passes: `prices` says what share of a
    forward pass an evaluation takes that computes anew only what changed. Marks at the right edge never reached it.
    """
    figure, axes = plt.subplots(1, len(goals), figsize=(10.4, 4.6), sharey=True, squeeze=False, layout="constrained")
    edge = 10 ** (np.ceil(np.log10(float(table["cost"].max()))) + 0.3)
    for ax, goal in zip(axes[0], goals, strict=True):
        found = reached(table, goal)
        for y, name in enumerate(SEARCHES):
            look = {"color": SEARCHES[name]["color"], "marker": SEARCHES[name]["marker"], "ls": "", "ms": 6}
            costs = found[name].to_numpy()
            height = y + np.linspace(-0.3, 0.3, len(costs))
            ax.plot(np.where(np.isfinite(costs), costs, edge), height, alpha=0.6, **look)
            if name in prices:
                there = np.isfinite(costs)
                ax.plot(costs[there] * prices[name], height[there], mfc="none", **look)
        ax.axvline(edge / 1.4, color="#777777", ls=":", lw=1)
        ax.set_xscale("log")
        ax.set_xlim(None, edge * 1.6)
        ax.set(xlabel="price of the loss, in forward passes", yticks=range(len(SEARCHES)))
        ax.set_yticklabels(list(SEARCHES))
        ax.set_title(f"loss {goal:g} (right of the dotted line: never)", fontsize=11)
        ax.grid(axis="y", visible=False)
    figure.suptitle(title, fontsize=12)
    if footnote:
        figure.text(0.01, -0.03, footnote, fontsize=8, color="#555555")
    return figure, (
        "price in forward passes, on a logarithmic axis, until each searcher reached a loss, a mark a network, panels "
        f"for losses of {', '.join(f'{goal:g}' for goal in goals)}; open marks count multiplications for "
        f"{', '.join(prices)}; marks at the right edge did not reach it. Rows: {', '.join(SEARCHES)}."
    )
