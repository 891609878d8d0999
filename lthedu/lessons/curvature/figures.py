"""This lesson's figures. Each returns a Figure and its description."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator, StrMethodFormatter

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.figures import use_style as use_style
from lthedu.figures.style import draw_guesses
from lthedu.lessons.curvature.experiment import (
    ARMS,
    BATCHES,
    BULK,
    DOMINANT,
    EDGE,
    FULL,
    LARGEST,
    SAME_INPUT,
    SAME_LAYER,
    SGD,
    START,
)

Drawn = tuple[Figure, str]
BLUE, ORANGE, GREEN, PINK, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9"
LOOKS: Mapping[str, dict[str, Any]] = {
    BATCHES: {"color": BLUE, "marker": "o", "ls": "-"},
    FULL: {"color": ORANGE, "marker": "^", "ls": "--"},
    EDGE: {"color": GREEN, "marker": "D", "ls": "-."},
    SGD: {"color": "#000000", "marker": "s", "ls": ":"},
    DOMINANT: {"color": ORANGE, "marker": "^", "ls": "--"},
    BULK: {"color": BLUE, "marker": "o", "ls": "-"},
    LARGEST: {"color": BLUE, "marker": "o", "ls": "-"},
    SAME_LAYER: {"color": GREEN, "marker": "D", "ls": "-."},
    SAME_INPUT: {"color": ORANGE, "marker": "^", "ls": "--"},
}
COLOURS = (BLUE, "#000000", ORANGE, GREEN, PINK, SKY, "#777777")
MARKERS = "osD^vPX"


@typed
def ghosts(exact: Sequence[float], found: Mapping[str, Sequence[float]]) -> Drawn:
    """Eigenvalues as marks on lines: the exact ones above, then what each way of computing found.

    >>> _, alt = ghosts([2.0, 1.0], {"one": [2.0, 2.0]})
    >>> alt
    'Marks on one line for each of exact, one, at the eigenvalues.'
    """
    rows = {"exact": exact, **found}
    figure, ax = plt.subplots(figsize=(8.8, 0.55 * len(rows) + 1.3), layout="constrained")
    for place, values in enumerate(rows.values()):
        spread = np.zeros(len(values))
        for i, value in enumerate(values):  # copies of one value stand one above the other
            spread[i] = 0.13 * sum(abs(value - other) < 3e-3 * max(exact) for other in list(values)[:i])
        ax.plot(values, place - spread, "|" if place == 0 else "o", color=COLOURS[place], ms=16 if place == 0 else 5)
    ax.set(yticks=range(len(rows)), yticklabels=list(rows), ylim=(len(rows) - 0.4, -0.6), xlabel="eigenvalue")
    ax.set_title("Copies of one eigenvalue stand one above the other", fontsize=11)
    return figure, f"Marks on one line for each of {', '.join(rows)}, at the eigenvalues."


@typed
def shares(
    table: Annotated[pd.DataFrame, Columns("arm step replicate loss share")], guess: Mapping[str, Any] | None = None
) -> Drawn:
    """The share of the gradient along the top directions by step, and the loss, for the three trainings."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.6, 4.6), width_ratios=[1.25, 1], layout="constrained")
    last = float(table["step"].max())
    for arm in ARMS:
        rows = table[table["arm"].isin([START, arm])]
        for ax, column, times in ((left, "share", 100), (right, "loss", 1)):
            by = rows.groupby("step")[column]
            middle, low, high = (times * getattr(by, name)() for name in ("mean", "min", "max"))
            ax.plot(middle.index, middle, label=arm, lw=2, **LOOKS[arm])
            ax.fill_between(middle.index, low, high, color=LOOKS[arm]["color"], alpha=0.13)
    not_drawn = draw_guesses(left, guess or {}, last, LOOKS)
    left.set(xlabel="step", ylabel="share of the gradient (%)", ylim=(-4, 104))
    left.set_title("the gradient's share along nine directions", fontsize=11)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)
    right.set(xlabel="step", ylabel="loss on the training images (log)")
    _log(right)
    right.set_title("the loss", fontsize=11)
    for ax in (left, right):
        ax.set_xscale("symlog", linthresh=20)
        ax.set_xticks(steps := sorted(table["step"].unique()), [f"{step:g}" for step in steps])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_xlim(-1, 1.2 * last)
    figure.suptitle("Noise and long steps put the gradient along the nine steepest directions", fontsize=12)
    return figure, (
        f"Two panels with lines for {', '.join(ARMS)} over the steps, with bands from the lowest to the highest of the "
        "networks: on the left the share of the squared gradient along the top eigenvectors, on the right the loss. "
        "The axis of steps is linear up to 20 and logarithmic beyond." + not_drawn
    )


@typed
def three_ways(table: Annotated[pd.DataFrame, Columns("way lr replicate before loss")]) -> Drawn:
    """The loss after restricted training, by rate: a mark a network, a line at the mean, and where all began."""
    figure, ax = plt.subplots(figsize=(7.4, 4.3), layout="constrained")
    rates = sorted(table["lr"].unique())
    ways = (SGD, DOMINANT, BULK)
    for j, way in enumerate(ways):
        for i, lr in enumerate(rates):
            values = table[(table["way"] == way) & (table["lr"] == lr)]["loss"]
            at = i + 0.2 * (j - 1)
            look = {**LOOKS[way], "ls": ""}
            ax.plot(np.full(len(values), at), values, ms=6, alpha=0.75, label=way if i == 0 else None, **look)
            ax.plot([at - 0.08, at + 0.08], [values.mean()] * 2, color=LOOKS[way]["color"], lw=2)
    ax.axhline(table["before"].mean(), color="#777777", lw=1, ls="--")
    ax.annotate(
        "where all begin (mean)",
        (len(rates) - 0.5, table["before"].mean()),
        (0, 4),
        textcoords="offset points",
        ha="right",
        fontsize=9,
        color="#555555",
    )
    ax.set(xticks=range(len(rates)), xticklabels=[f"{lr:g}" for lr in rates], xlim=(-0.5, len(rates) - 0.5))
    _log(ax)
    ax.set(xlabel="learning rate", ylabel="loss after the steps (log)")
    ax.set_title("After step 200, steps beside the nine directions do nearly all the work", fontsize=11)
    ax.legend(fontsize=9)
    return figure, (
        f"For each of {len(rates)} learning rates three columns of marks, one a network: {', '.join(ways)}. A dashed "
        "line shows the loss before."
    )


@typed
def on_masks(found: Annotated[pd.DataFrame, Columns("arm density replicate share")]) -> Drawn:
    """How much of the top directions lies on the weights of three kinds of masks, by density."""
    figure, ax = plt.subplots(figsize=(6.8, 4.2), layout="constrained")
    for arm in (LARGEST, SAME_INPUT, SAME_LAYER):
        by = 100 * found[found["arm"] == arm].groupby("density")["share"].agg(["mean", "min", "max"])
        bars = [by["mean"] - by["min"], by["max"] - by["mean"]]
        ax.errorbar(100 * by.index, by["mean"], yerr=bars, label=arm, capsize=3, **LOOKS[arm])
    densities = 100 * np.array(sorted(found["density"].unique()))
    ax.plot(densities, densities, color="#777777", lw=1, ls=":", label="chance: as many as weights")
    ax.set(xlabel="weights kept (%)", ylabel="share of the nine directions on them (%)", ylim=(0, 100))
    ax.set_title("Most of the lead over chance is how many weights each layer keeps", fontsize=11)
    ax.legend(fontsize=9)
    return figure, (
        "Three lines with bars from lowest to highest over the share of weights kept: the largest weights, random ones "
        "with the same counts at each input, and random ones with the same layer counts. A dotted line is the diagonal."
    )


@typed
def by_density(table: Annotated[pd.DataFrame, Columns("arm density replicate rise")], title: str) -> Drawn:
    """How much the loss rose, by the weights kept, a line an arm. Raises ValueError for more than seven arms."""
    arms = list(dict.fromkeys(table["arm"]))
    if len(arms) > len(COLOURS):
        raise ValueError(f"there are {len(arms)} arms; allowed: up to {len(COLOURS)}")
    figure, ax = plt.subplots(figsize=(7.8, 4.4), layout="constrained")
    for colour, marker, arm in zip(COLOURS, MARKERS, arms, strict=False):
        by = table[table["arm"] == arm].groupby("density")["rise"].agg(["mean", "min", "max"]).clip(lower=1e-5)
        ax.plot(100 * by.index, by["mean"], color=colour, marker=marker, label=arm, lw=1.8)
        ax.fill_between(100 * by.index, by["min"], by["max"], color=colour, alpha=0.1)
    ax.set(xlabel="weights kept (%)", ylabel="rise of the training loss (log)", yscale="log")
    ax.set_title(title, fontsize=11)
    ax.legend(fontsize=9)
    return figure, f"Lines that fall from left to right, with bands from lowest to highest, for {', '.join(arms)}."


@typed
def cut_and_trained_on(
    table: Annotated[pd.DataFrame, Columns("arm density when replicate rise")], arms: Sequence[str]
) -> Drawn:
    """How much the loss rose, as cut on the left and trained on on the right: a row an arm, a mark a network."""
    figure, axes = plt.subplots(1, 2, figsize=(10.6, 0.42 * len(arms) + 2.1), sharey=True, layout="constrained")
    densities = sorted(map(float, table["density"].unique()), reverse=True)
    for ax, (when, rows) in zip(axes, table.groupby("when", sort=False), strict=True):
        for k, density in enumerate(densities):
            for i, arm in enumerate(arms):
                values = rows[(rows["arm"] == arm) & (rows["density"] == density)]["rise"].to_numpy()
                at, look = i + 0.26 * (k - (len(densities) - 1) / 2), {"color": COLOURS[2 * k], "marker": MARKERS[k]}
                label = f"{100 * density:g} % kept" if i == 0 else None
                ax.plot(values, np.full(len(values), at), ls="", ms=5, alpha=0.6, label=label, **look)
                ax.plot([values.mean()] * 2, [at - 0.12, at + 0.12], color=COLOURS[2 * k], lw=2.5)
        ax.set(yticks=range(len(arms)), yticklabels=arms, xlabel="rise of the training loss", xlim=(0, None))
        ax.set_title("as cut" if when == "cut" else "trained on", fontsize=11)
    axes[0].invert_yaxis()  # the first arm on top; the axis has names and no numbers
    axes[0].legend(fontsize=9, loc="lower right")
    figure.suptitle("Training on takes away most of what the update saves (bars: means of five networks)", fontsize=12)
    return figure, (
        f"Two panels with a row for each of {', '.join(arms)}: marks for the rise of the loss of each network, on the "
        "left as cut, on the right trained on, for each share of weights kept."
    )


@typed
def fair_and_unfair(
    table: Annotated[pd.DataFrame, Columns("method arm replicate accuracy")],
    arms: Sequence[str],
    methods: Sequence[str],
) -> Drawn:
    """Test accuracy of masks of untrained networks, a group a method, a column of marks an arm."""
    figure, ax = plt.subplots(figsize=(9.6, 4.3), layout="constrained")
    for i, method in enumerate(methods):
        for j, arm in enumerate(arms):
            values = 100 * table[(table["method"] == method) & (table["arm"] == arm)]["accuracy"].to_numpy()
            at = i + 0.2 * (j - (len(arms) - 1) / 2)
            ax.plot(
                np.full(len(values), at),
                values,
                MARKERS[j],
                color=COLOURS[j],
                ms=5,
                alpha=0.75,
                label=arm if i == 0 else None,
            )
            ax.plot([at - 0.07, at + 0.07], [values.mean()] * 2, color=COLOURS[j], lw=2)
    ax.set(xticks=range(len(methods)), xticklabels=methods, ylabel="test accuracy (%)")
    ax.set_title("Shuffled within their layers, the masks train to within a point", fontsize=11)
    ax.legend(fontsize=9, loc="lower left")
    return figure, f"Marks, one a network, for {', '.join(methods)}, in each a column for {', '.join(arms)}."


@typed
def emptiest_layer(table: Annotated[pd.DataFrame, Columns("method density fewest")]) -> Drawn:
    """How many weights the emptiest layer keeps: a row a method, a column a density, the smallest of all networks."""
    fewest = table.groupby(["method", "density"])["fewest"].min().unstack()[sorted(set(table["density"]), reverse=True)]
    figure, ax = plt.subplots(figsize=(8.2, 3.2), layout="constrained")
    ax.imshow(fewest == 0, cmap=ListedColormap(["white", ORANGE]), vmin=0, vmax=1, aspect="auto", alpha=0.55)
    for (i, j), count in np.ndenumerate(fewest.to_numpy()):
        ax.text(j, i, f"{count:,.0f}", ha="center", va="center", fontsize=10, weight="bold" if count == 0 else None)
    ax.set_xticks(range(fewest.shape[1]), [f"{100 * density:g} %" for density in fewest.columns])
    ax.set_yticks(range(len(fewest)), list(fewest.index))
    ax.set_xlabel("weights kept")
    ax.tick_params(length=0)
    ax.grid(False)
    ax.set_title("Weights in the emptiest layer, six hidden layers (orange: an empty layer)", fontsize=11)
    return figure, f"A table of numbers with empty layers in orange. Rows: {', '.join(fewest.index)}."


def _log(ax: Axes) -> None:
    """A logarithmic vertical axis with numbers at 1, 2 and 5."""
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
