"""Figures of masks that are trained. Each function draws a Figure and returns it with a description in words."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.figures import schematic
from lthedu.figures import use_style as use_style
from lthedu.figures.style import draw_guesses
from lthedu.lessons.supermasks.experiment import ARMS, BERNOULLI, POPUP, RANDOM, TRAINED, WEAK

Drawn = tuple[Figure, str]
LOOKS: Mapping[str, dict[str, Any]] = {
    TRAINED: {"color": "#000000", "linestyle": ":", "marker": "s"},
    POPUP: {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    BERNOULLI: {"color": "#D55E00", "linestyle": "-.", "marker": "^"},
    RANDOM: {"color": "#009E73", "linestyle": (0, (4, 1)), "marker": "D"},
    WEAK: {"color": "#CC79A7", "linestyle": "--", "marker": "v"},
}
FORWARD, BACKWARD = "#0072B2", "#D55E00"


@schematic
def straight_through() -> Drawn:
    """Schematic: what a mask is on the way forward, and what its gradient pretends on the way back."""
    score = np.linspace(-3, 3, 301)
    chance = 1 / (1 + np.exp(-score))
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.3), sharey=True, layout="constrained")
    left.step([-3, 0.5, 3], [0, 0, 1], where="pre", color=FORWARD, lw=2.5)
    left.plot(score, score, color=BACKWARD, ls="--")
    left.text(1.4, 1.07, "forward: a step", color=FORWARD)
    left.text(-2.9, 0.4, "backward: a line of\nslope 1 (its height\ndoes not matter)", color=BACKWARD)
    left.axvline(0.5, color="#777777", lw=0.8, ls=":")
    left.text(0.56, 0.45, "the k-th largest score", fontsize=9, color="#555555")
    drawn = np.random.default_rng(6).random(25) < chance[::12][:25]
    right.plot(score[::12][:25], drawn, "o", color=FORWARD, ms=6, mfc="none")
    right.plot(score, chance, color=BACKWARD, ls="--")
    right.text(-2.9, 1.12, "forward: each weight is drawn, 0 or 1", color=FORWARD)
    right.text(0.2, 0.3, "backward: the slope\nof the chance", color=BACKWARD)
    for ax, title in ((left, "edge-popup: the k largest scores"), (right, "Bernoulli: chance = sigmoid(score)")):
        ax.set(xlabel="score of one weight", ylim=(-0.25, 1.3), yticks=[0, 1])
        ax.set_title(title, fontsize=11)
    left.set_ylabel("is the weight kept?")
    figure.suptitle("Straight through: the gradient does not see the jump", fontsize=12)
    return figure, (
        "Drawings of a mask against the score of one weight. Left, edge-popup: a step from 0 to 1 at the k-th largest "
        "score, and dashed the line of slope 1 that its gradient pretends. Right, Bernoulli: circles at 0 or 1, drawn "
        "with a chance that rises with the score, and dashed the chance itself, whose slope is the gradient."
    )


@schematic
@typed
def popping_edge(
    inputs: Sequence[float], weights: Sequence[float], before: Sequence[float], after: Sequence[float]
) -> Drawn:
    """Schematic: a neuron that keeps the two largest of its scores, before and after one step. Weights never change."""
    figure, axes = plt.subplots(1, 2, figsize=(9.6, 3.6), sharey=True, layout="constrained")
    for ax, scores, title in zip(axes, (before, after), ("before the step", "after the step"), strict=True):
        kept = np.argsort(-np.asarray(scores), kind="stable")[:2]
        for i, (x, w, score) in enumerate(zip(inputs, weights, scores, strict=True)):
            look: dict[str, Any] = (
                {"color": FORWARD, "lw": 3} if i in kept else {"color": "#777777", "lw": 1.2, "ls": "--"}
            )
            ax.plot([0, 1], [-i, -1.5], zorder=1, **look)
            beside = -i + (0.12 if i < 2 else -0.34)  # away from the edge, which goes to the middle
            ax.text(0.04, beside, f"weight {w:+g}, score {score:g}", fontsize=9.5, color=look["color"])
            ax.text(-0.08, -i, f"{x:g}", ha="center", va="center", fontsize=11)
        total = sum(inputs[i] * weights[i] for i in kept)
        ax.plot(1, -1.5, "o", ms=26, mfc="white", mec="black", zorder=2)
        ax.text(1, -1.5, f"{total:+g}", ha="center", va="center", fontsize=11, zorder=3)
        ax.set(xlim=(-0.2, 1.2), ylim=(-3.7, 0.7), xticks=[], yticks=[], xlabel=title)
        ax.grid(visible=False)
    axes[0].set_ylabel("inputs")
    figure.suptitle("One edge pops up, another one goes; no weight has changed", fontsize=12)
    return figure, (
        f"Drawings of a neuron with the inputs {', '.join(f'{x:g}' for x in inputs)}, before and after a step. Its two "
        "edges with the largest scores are thick and blue, the others grey and dashed; weights and scores are written "
        "beside them, and the output stands in the neuron. After the step another pair of edges is kept."
    )


@typed
def accuracy_by_width(
    table: Annotated[pd.DataFrame, Columns("axis arm width accuracy")],
    *,
    guess: Mapping[str, float | str | None] | None = None,
) -> Drawn:
    """Test accuracy of every arm against the number of hidden units: a mark a seed, lines through the means.

    `table` is what `Supermasks.run` returns; the right panel shows its upper end. `guess` maps arms to a guessed
    accuracy in percent at the largest width, drawn as stars.
    """
    figure, (whole, upper) = plt.subplots(1, 2, figsize=(10.6, 4.2), layout="constrained")
    rows = table[table["axis"] == "width"]
    widths = sorted(rows["width"].unique())
    for ax in (whole, upper):
        for arm in ARMS:
            _marks(ax, rows[rows["arm"] == arm], "width", arm)
        _plain_log(ax, widths, 2)
        ax.set_xlabel("hidden units")
    whole.set(ylim=(0, 100), ylabel="test accuracy (%)")
    whole.set_title("all of it", fontsize=11)
    upper.set(ylim=(75, 100))
    upper.set_title("above 75 % only", fontsize=11)
    words = draw_guesses(whole, guess or {}, widths[-1] * 1.4, LOOKS)
    whole.legend(fontsize=9, loc="center right")
    figure.suptitle(
        "Masks over frozen weights read digits, better with width, not as well as trained weights", fontsize=12
    )
    return figure, (
        f"Test accuracy in percent against the number of hidden units, {', '.join(map(str, widths))}, a mark for each "
        f"seed and lines through the means of {', '.join(ARMS)}; the right panel shows only what is above 75 percent."
        + words
    )


@typed
def accuracy_by_depth(
    one_rate: Annotated[pd.DataFrame, Columns("arm hidden lr accuracy")],
    own: Annotated[pd.DataFrame, Columns("arm hidden accuracy")],
) -> Drawn:
    """Test accuracy against the number of hidden layers, in the stored run: a mark a seed, lines through the means.

    Left: edge-popup with both constants, all at the `one_rate` of these rows. Right: every arm at its `own` rates.
    """
    figure, axes = plt.subplots(1, 2, figsize=(10.6, 4.2), sharex=True, layout="constrained")
    panels = ((axes[0], one_rate, (POPUP, WEAK)), (axes[1], own, (TRAINED, POPUP, WEAK, BERNOULLI)))
    for ax, rows, arms in panels:
        for arm in arms:
            _marks(ax, rows[rows["arm"] == arm], "hidden", arm)
        ax.set(xlabel="hidden layers", xticks=sorted(rows["hidden"].unique()))
        ax.legend(fontsize=9, loc="lower left")
    (lr,) = one_rate["lr"].unique()
    axes[0].set(ylabel="test accuracy (%)", ylim=(0, 100))
    axes[1].set(ylim=(60, 100))
    axes[0].set_title(f"all at the published rate, {lr:g}", fontsize=11)
    axes[1].set_title("each at its own best rate (above 60 % only)", fontsize=11)
    figure.suptitle("Stored run: with constants of the right size six layers do edge-popup no harm", fontsize=12)
    return figure, (
        "Test accuracy in percent against the number of hidden layers, in a stored run, a mark for each seed and lines "
        f"through the means. Left, {POPUP} and {WEAK}, all at the rate {lr:g}; right, {TRAINED}, {POPUP}, {WEAK} and "
        f"{BERNOULLI}, each at its own best rate, on an axis that begins at 60 percent."
    )


@typed
def few_images(
    own: Annotated[pd.DataFrame, Columns("step train test")],
    random: Annotated[pd.DataFrame, Columns("step train test")],
) -> Drawn:
    """Accuracy of edge-popup on few training images and on test images, by step: with own and with random labels."""
    figure, axes = plt.subplots(1, 2, figsize=(10.6, 3.9), sharey=True, layout="constrained")
    looks = {"train": ("training images", "#0072B2", "-", "o"), "test": ("test images", "#D55E00", "--", "^")}
    steps = sorted(own["step"].unique())
    for ax, rows, title in ((axes[0], own, "true labels"), (axes[1], random, "random labels")):
        for split, (name, color, line, marker) in looks.items():
            by = 100 * rows.groupby("step")[split].agg(["mean", "min", "max"])
            ax.plot(range(len(by)), by["mean"], color=color, ls=line, marker=marker, label=name)
            ax.fill_between(range(len(by)), by["min"], by["max"], color=color, alpha=0.2, lw=0)
        ax.axhline(10, color="#777777", ls=":", lw=1)
        ax.set_xticks(range(len(steps)), [str(step) for step in steps])
        ax.set(ylim=(0, 103), xlabel="training step of the scores")
        ax.set_title(title, fontsize=11)
    axes[0].set_ylabel("labels that are right (%)")
    axes[0].legend(fontsize=9, loc="center right")
    figure.suptitle("A mask memorises labels that mean nothing", fontsize=12)
    return figure, (
        "Percentage of labels that are right against the training step, with true labels at the left and random ones "
        "at the right: a line each for training images and for test images with their true labels, bands from the "
        "lowest to the highest network, and a dotted line at chance, 10 percent."
    )


@typed
def weights_in_use(own: Annotated[pd.DataFrame, Columns("arm width hidden steps kept accuracy")]) -> Drawn:
    """Test accuracy against the number of weights that a network uses, in the stored run, every arm at its own rate.

    In use are the kept weights, and all weights of trained networks. One panel for each number of steps.
    """
    rows = own[(own["hidden"] == 1) & own["arm"].isin([TRAINED, POPUP, BERNOULLI])]
    many = sorted(rows["steps"].unique())
    figure, axes = plt.subplots(
        1, len(many), figsize=(10.6, 4.2), sharex=True, sharey=True, layout="constrained", squeeze=False
    )
    for ax, steps in zip(axes[0], many, strict=True):
        for arm in (TRAINED, POPUP, BERNOULLI):
            mine = rows[(rows["steps"] == steps) & (rows["arm"] == arm)].groupby("width")
            y = 100 * mine["accuracy"].mean()
            ax.errorbar(mine["kept"].mean(), y, yerr=100 * mine["accuracy"].std(), capsize=3, label=arm, **LOOKS[arm])
        _plain_log(ax, [2000, 10_000, 50_000, 200_000], 10)
        ax.set(xlabel="weights in use", ylim=(80, 100))
        ax.set_title(f"{steps:,} steps", fontsize=11)
    axes[0][0].set_ylabel("test accuracy (%)")
    axes[0][-1].legend(fontsize=9, loc="lower right")
    figure.suptitle("Stored run: at equal numbers of weights in use, trained weights are ahead", fontsize=12)
    return figure, (
        f"Test accuracy in percent against the number of weights in use, on a logarithmic axis, a panel each for "
        f"{' and '.join(map(str, many))} steps; lines for {TRAINED}, {POPUP} and {BERNOULLI} at their own rates, bars "
        "one standard deviation over seeds; the axis begins at 80 percent."
    )


@typed
def beside_the_lesson(
    found: Mapping[str, Sequence[float]], *, title: str = "Your frozen weights, and the lesson's"
) -> Drawn:
    """Test accuracies in percent, a row for each name and a mark for each seed, with a bar at the mean."""
    figure, ax = plt.subplots(figsize=(8.6, 0.6 * len(found) + 1.5), layout="constrained")
    for y, values in enumerate(found.values()):
        color = "#D55E00" if y == 0 else "#0072B2"
        ax.plot(values, [y] * len(values), "o", color=color, mfc="none")
        ax.plot([float(np.mean(values))] * 2, [y - 0.25, y + 0.25], color=color, lw=2.5)
    ax.set_yticks(range(len(found)), list(found))
    ax.invert_yaxis()
    ax.set(xlim=(min(map(min, found.values())) - 5, 100), xlabel="test accuracy (%)", ylabel="frozen weights")
    ax.set_title(title, fontsize=12)
    return figure, (
        f"Test accuracy in percent of edge-popup, a mark for each seed and a bar at the mean, for {', '.join(found)}."
    )


def _marks(ax: Axes, rows: pd.DataFrame, by: str, arm: str) -> None:
    """A mark for each seed, and a line through the means."""
    look = LOOKS[arm]
    ax.plot(rows[by], 100 * rows["accuracy"], ls="", marker=look["marker"], color=look["color"], ms=4, alpha=0.5)
    mean = 100 * rows.groupby(by)["accuracy"].mean()
    ax.plot(mean.index, mean, label=arm, color=look["color"], ls=look["linestyle"], marker=look["marker"], mfc="none")


def _plain_log(ax: Axes, values: Sequence[int], base: int) -> None:
    ax.set_xscale("log", base=base)
    ax.xaxis.set_major_locator(FixedLocator([float(v) for v in values]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    ax.xaxis.set_minor_locator(NullLocator())
