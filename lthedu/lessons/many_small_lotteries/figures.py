"""Figures of many small lotteries. Each function draws on Axes and returns them with a description in words."""

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, NullLocator
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.experiments.study import DENSE, RANDOM, REINIT, WINNING
from lthedu.figures import schematic
from lthedu.figures import use_style as use_style
from lthedu.figures.style import LOOKS, draw_guesses
from lthedu.lessons.many_small_lotteries.experiment import PATCHES, SCATTERED, SMALL, YOURS
from lthedu.stats import clopper_pearson

Curve = tuple[Sequence[int], Sequence[float], Sequence[float]]  # draws, what validation says of the best, and the test

# the arms' usual looks, and four more
DRAWN: Mapping[str, dict[str, Any]] = {arm: LOOKS[arm] for arm in (DENSE, WINNING, REINIT, RANDOM)} | {
    PATCHES: {"color": "#E69F00", "linestyle": (0, (5, 1)), "marker": "X"},
    SCATTERED: {"color": "#56B4E9", "linestyle": (0, (3, 1, 1, 1)), "marker": "*"},
    SMALL: {"color": "#CC79A7", "linestyle": (0, (1, 1)), "marker": "v"},
    YOURS: {"color": "#7F7F7F", "linestyle": (0, (5, 3)), "marker": "P"},
}


# Schematics -----------------------------------------------------------------------------------------------------


@schematic
@typed
def kinds_of_network() -> tuple[Figure, str]:
    """Five networks with equally many weights: what each arm takes from the ticket, and what it draws."""
    rng = np.random.default_rng(5)
    own, fresh = rng.uniform(0.4, 2.6, (2, 66))  # line widths, for 6 hidden units with 8 inputs and 3 outputs each
    ticket = np.argsort(own)[-18:]
    side_by_side, apart = ((1, 2, 3), (4, 5, 6), (2, 3, 4)), ((1, 4, 6), (2, 3, 6), (1, 3, 5))  # pixels of each unit
    patches, scattered = (
        np.array([11 * unit + edge for unit, few in enumerate(read) for edge in (*few, 8, 9, 10)])
        for read in (side_by_side, apart)
    )
    kinds = (
        (WINNING, ticket, own, "edges found by pruning,\ninitial values kept"),
        (REINIT, ticket, fresh, "the ticket's edges,\nfresh values"),
        (PATCHES, patches, fresh, "fewer hidden units, each\nreads neighbours,\nfresh values"),
        (SCATTERED, scattered, fresh, "as many pixels a unit,\nanywhere, fresh values"),
        (SMALL, np.arange(18), fresh, "few pixels, all edges,\nfresh values"),
    )
    figure, axes = plt.subplots(1, 5, figsize=(10.5, 3.4), layout="constrained")
    for ax, (arm, kept, widths, words) in zip(axes, kinds, strict=True):
        color, pixels, units = DRAWN[arm]["color"], *((3, 3) if arm == SMALL else (8, 6))
        _network(ax, pixels, units, range(units * (pixels + 3)), np.full(66, 0.5), "#DDDDDD")
        _network(ax, pixels, units, kept, widths, color)
        ax.set_title(arm.replace(" ", "\n", 1), color=color, fontsize=11, weight="bold")
        ax.text(0.5, -0.1, words, transform=ax.transAxes, ha="center", va="top", fontsize=9)
        ax.axis("off")
    axes[0].text(-0.02, 1.04, "outputs", transform=axes[0].transAxes, fontsize=9, color="#444444")
    axes[0].text(-0.02, -0.05, "pixels", transform=axes[0].transAxes, fontsize=9, color="#444444")
    figure.suptitle("Eighteen edges, chosen in five ways")
    return figure, (
        "five small networks with 18 edges each, as wide as their weights are large. The winning ticket and the random "
        "reinitialisation have the same edges of six hidden units, with other widths. With local patches three hidden "
        "units read three neighbouring pixels each and feed all outputs; with scattered pixels the three pixels of a "
        "unit lie apart. The small dense network has all edges between three pixels, three hidden units and the "
        "outputs."
    )


def _network(
    ax: Axes, pixels: int, units: int, edges: Sequence[int] | np.ndarray, widths: np.ndarray, color: str
) -> None:
    """Edges of a network with some pixels and 3 outputs, unit after unit, each unit's pixels first."""
    rows = [np.linspace(-1, 1, n) for n in (pixels, units, 3)]
    for edge in edges:
        unit, place = divmod(int(edge), pixels + 3)
        other = (rows[0][place], 0) if place < pixels else (rows[2][place - pixels], 2)
        ax.plot(*zip((rows[1][unit], 1), other, strict=True), color=color, lw=widths[edge], zorder=1)
    for height, row in enumerate(rows):
        ax.plot(row, [height] * len(row), "o", color="#444444", ms=5, zorder=2)


@schematic
@typed
def none_is_not_zero(draws: int = 128, chance: float = 0.01, rows: int = 20) -> tuple[Figure, str]:
    """Rows of draws with a small chance of a win, some of them without one; and which chances no win allows."""
    won = np.random.default_rng(1).random((rows, draws)) < chance
    without = int((won.sum(1) == 0).sum())
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.4, 4.2), layout="constrained", width_ratios=[1.6, 1])
    for row, wins in enumerate(won):
        left.plot(np.arange(draws), np.full(draws, row), ".", color="#CCCCCC", ms=1.5)
        left.plot(np.flatnonzero(wins), np.full(wins.sum(), row), "*", color="#009E73", ms=9)
    words = ["no win" if n == 0 else "1 win" if n == 1 else f"{n} wins" for n in won.sum(1)]
    left.set_yticks(range(rows), words, fontsize=8)
    for label in left.get_yticklabels():
        if label.get_text() == "no win":
            label.set(color="#D55E00", weight="bold")
    left.grid(visible=False)
    left.set_xlabel(f"each row: {draws} draws, a star where one wins")
    left.set_title(f"chance {100 * chance:.0f} %: {without} of {rows} rows without a win", fontsize=11)
    p, end = np.linspace(0, 0.06, 300), clopper_pearson(0, draws)[1]
    right.plot(100 * p, 100 * (1 - p) ** draws, color="black")
    right.fill_between(100 * p, 100 * (1 - p) ** draws, where=p <= end, color="#009E73", alpha=0.25)
    right.annotate(f"up to {100 * end:.1f} %", (100 * end, 2.5), (100 * end + 0.4, 25), arrowprops={"arrowstyle": "->"})
    right.set(xlabel="chance of a win (%)", ylabel=f"no win in {draws} draws (%)", xlim=(0, 6), ylim=(0, 100))
    right.set_title(f"{draws} losses leave many chances open", fontsize=11)
    figure.suptitle(f"0 of {draws} is not a chance of 0")
    return figure, (
        f"left, {rows} rows of {draws} draws with a chance of {100 * chance:.0f} percent, a star for each win: "
        f"{without} rows have none. Right, how often {draws} draws hold no win, against the chance of a win: it falls "
        f"from 100 percent; up to a chance of {100 * end:.1f} percent, shaded, it is 2.5 percent or more."
    )


@typed
def what_units_read(masks_by_arm: Mapping[str, Tensor], units: int = 8) -> tuple[Figure, str]:
    """The pixels that some hidden units read: a row an arm, an image a unit.

    `masks_by_arm`: for each arm the mask of its first layer, (hidden, pixels) of a square image. Of the hidden units
    that read any pixel, the first `units` are drawn.
    """
    figure, axes = plt.subplots(len(masks_by_arm), units, figsize=(9.4, 3.9), layout="constrained", squeeze=False)
    for row, (arm, mask) in zip(axes, masks_by_arm.items(), strict=True):
        width = round(mask.shape[1] ** 0.5)
        color = DRAWN[arm]["color"]
        for ax, read in zip(row, mask[mask.any(1)].cpu().view(-1, width, width), strict=False):
            rows, columns = np.nonzero(read.numpy())
            for place in zip(columns - 0.5, rows - 0.5, strict=True):
                ax.add_patch(Rectangle(place, 1, 1, facecolor=color, edgecolor="white", lw=0.4))
        for ax in row:
            ax.set(xlim=(-0.5, width - 0.5), ylim=(width - 0.5, -0.5), xticks=[], yticks=[], aspect="equal")
            ax.grid(visible=False)
            ax.spines[["top", "right"]].set_visible(True)
        row[0].set_ylabel(arm.replace(" ", "\n", 1), color=color, weight="bold")
        row[0].set_xlabel("pixels", fontsize=8)
    figure.suptitle(f"What {units} hidden units read")
    return figure, (
        f"a row of {units} square images for each of {', '.join(masks_by_arm)}, an image a hidden unit, with the "
        "pixels that it reads filled."
    )


@schematic
@typed
def stacked_matrices() -> tuple[Axes, str]:
    """Three networks' matrices one behind the other: one batched product multiplies each with its own."""
    ax = plt.figure(figsize=(7.2, 2.9), layout="constrained").gca()
    stacks = (
        (0, 1.6, 1.2, "minibatches\n(R, batch, in)"),
        (3.1, 1.1, 1.6, "weights\n(R, in, hidden)"),
        (5.7, 1.1, 1.2, "hidden units\n(R, batch, hidden)"),
    )
    for x, width, height, words in stacks:
        for r, arm in reversed(list(enumerate((WINNING, REINIT, RANDOM)))):
            place, color = (x + 0.25 * r, 0.3 * r), DRAWN[arm]["color"]
            ax.add_patch(Rectangle(place, width, height, facecolor=color, edgecolor="white"))
        ax.text(x + width / 2, -0.2, words, ha="center", va="top", fontsize=9.5)
    for x, sign in ((2.6, "×"), (5.2, "=")):
        ax.text(x, 0.9, sign, fontsize=20, ha="center", va="center")
    ax.set(xlim=(-0.2, 7.6), ylim=(-1, 2.4), aspect="equal")
    ax.axis("off")
    ax.set_title("One call multiplies each network's own matrices, and colours never mix", fontsize=11)
    return ax, (
        "stacks of three rectangles, one behind the other in three colours, one colour a network: minibatches of shape "
        "(R, batch, in) times weights of shape (R, in, hidden) are hidden units of shape (R, batch, hidden)."
    )


@typed
def first_draws(accuracies: Sequence[float], full: float) -> tuple[Axes, str]:
    """A few drawn networks' accuracies on a line, and that of the dense network."""
    ax = plt.figure(figsize=(7.2, 2.2), layout="constrained").gca()
    drawn, best = 100 * np.asarray(accuracies), 100 * max(accuracies)
    heights = np.linspace(0.2, 0.8, len(drawn))  # apart, so that no star hides another
    ax.plot(drawn, heights, "*", ms=9, color=DRAWN[RANDOM]["color"])
    ax.axvline(100 * full, color="black", ls="--", lw=1.2)
    ax.text(100 * full, 0.5, "the dense network ", ha="right", va="center", fontsize=9)
    ax.set(xlim=(min(drawn) - 1, max(100 * full, best) + 1), ylim=(0, 1), yticks=[])
    ax.set_xlabel("validation accuracy (%)")
    ax.set_title(f"The best of {len(drawn)} is {100 * full - best:.1f} points below the dense network", fontsize=11)
    return ax, (
        f"validation accuracies in percent on a line: a star for each of {len(drawn)} random networks, and a dashed "
        "line for the dense network."
    )


# What was measured ----------------------------------------------------------------------------------------------


@typed
def accuracies_by_arm(
    table: Annotated[pd.DataFrame, Columns("arm val")],
    goal: float,
    *,
    guess: Mapping[str, float | str | None] | None = None,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Validation accuracy of every network: a mark each, arm by arm; the goal a line.

    `guess` maps arms to a guessed accuracy in percent (or None), drawn as stars; what is no percentage of a known arm
    is named in the description instead. Networks below the axis are counted at its lower edge.
    """
    ax = ax or plt.figure(figsize=(8.4, 4.2), layout="constrained").gca()
    arms = [arm for arm in DRAWN if arm in set(table["arm"])]
    floor = 100 * float(np.floor(100 * table["val"].quantile(0.02)) / 100) - 1
    for place, arm in enumerate(arms):
        values = 100 * np.sort(table.loc[table["arm"] == arm, "val"].to_numpy())
        shift = 0.32 * (((np.arange(len(values)) * 0.618) % 1) - 0.5) * 2  # spread, the same at every run
        look = {"color": DRAWN[arm]["color"], "marker": DRAWN[arm]["marker"]}
        ax.plot(place + shift, np.maximum(values, floor), ls="", ms=4, alpha=0.6, label=arm, **look)
        ax.hlines(values.mean(), place - 0.4, place + 0.4, color="black", lw=1.5)
        if below := int((values < floor).sum()):
            ax.annotate(
                f"{below} below", (place, floor), (0, -5), textcoords="offset points", ha="center", va="top", size=8
            )
    ax.axhline(100 * goal, color="black", ls="--", lw=1.2)
    ax.text(1.01, 100 * goal, "goal", transform=ax.get_yaxis_transform(), va="center", fontsize=9)
    words = ""
    for place, arm in enumerate(arms):
        value = (guess or {}).get(arm)
        words += draw_guesses(ax, {arm: value}, place, DRAWN) if value is not None else ""
    words += draw_guesses(ax, {arm: v for arm, v in (guess or {}).items() if arm not in arms}, 0, DRAWN)
    ax.set_xticks(range(len(arms)), [arm.replace(" ", "\n", 1) for arm in arms], fontsize=9.5)
    ax.set_ylabel("validation accuracy (%)")
    won = {arm: table.loc[table["arm"] == arm, "val"] >= goal for arm in (PATCHES, SCATTERED, YOURS) if arm in arms}
    told = ", ".join(f"{int(wins.sum())} of {len(wins)} {arm}" for arm, wins in won.items())
    ax.set_title(f"The goal is reached by {told}", fontsize=11)
    counts = ", ".join(f"{int((table['arm'] == arm).sum())} of {arm}" for arm in arms)
    return ax, (
        f"validation accuracy in percent of every network, a mark each, in columns: {counts}; a bar for each mean, a "
        "dashed line for the goal." + words
    )


@typed
def best_of_draws(
    curves: Mapping[str, Curve], goal: float, *, budget: tuple[float, float] | None = None, ax: Axes | None = None
) -> tuple[Axes, str]:
    """Expected test accuracy of the best of N networks, chosen by validation, against N; and the goal on the test.

    `curves`: for each arm the numbers of draws, and the best's validation accuracy and test accuracy, fractions.
    `budget`: how many draws a ticket's price buys, at least and at most.
    """
    ax = ax or plt.figure().gca()
    height, reach = 0.0, 0
    for arm, (draws, _, test) in sorted(curves.items(), key=lambda curve: curve[1][2][-1]):  # from the lowest up
        ax.plot(draws, 100 * np.asarray(test), label=arm, ms=4, **DRAWN[arm])
        height = max(100 * test[-1], height + 0.45)  # names apart where lines are close
        reach += test[-1] >= goal
        above = {"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8}  # so that no line crosses a name
        ax.text(1.15 * draws[-1], height, arm, va="center", fontsize=9, color=DRAWN[arm]["color"], bbox=above)
    most = max(draws[-1] for draws, _, _ in curves.values())
    ax.set_title(f"The best of up to {most} reaches the goal in {reach} of {len(curves)} arms, on average", fontsize=11)
    ax.axhline(100 * goal, color="black", ls="--", lw=1.2)
    ax.text(1, 100 * goal, "goal", va="top", fontsize=9)
    if budget is not None:
        ax.axvspan(*budget, color="#999999", alpha=0.2)
        words = f"a ticket's price:\n{budget[0]:.0f} to {budget[1]:.0f} draws"
        ax.text(math.sqrt(budget[0] * budget[1]), ax.get_ylim()[0], words, ha="center", va="bottom", fontsize=9)
    _counts(ax, "networks drawn, N")
    ax.set_ylabel("expected test accuracy of the best (%)")
    return ax, (
        "expected test accuracy in percent of the best of N networks, chosen on the validation images, against N on a "
        f"logarithmic axis, for each arm; a dashed line for the goal. Arms: {', '.join(curves)}."
    )


@typed
def gain_of_the_best(curves: Mapping[str, Curve]) -> tuple[Figure, str]:
    """How much better than an average network the best of N is: by validation, which chose it, and on the test.

    `curves` as in `best_of_draws`, from N = 1 on.
    """
    figure, axes = plt.subplots(1, len(curves), figsize=(9.4, 3.4), sharey=True, layout="constrained", squeeze=False)
    for ax, (arm, (draws, val, test)) in zip(axes[0], curves.items(), strict=True):
        chosen, reported = (100 * (np.asarray(row) - row[0]) for row in (val, test))
        ax.plot(draws, chosen, color=DRAWN[arm]["color"], marker=DRAWN[arm]["marker"], ms=4, label="validation")
        ax.plot(draws, reported, color=DRAWN[arm]["color"], ls="--", lw=1.2, label="test")
        ax.fill_between(draws, reported, chosen, color=DRAWN[arm]["color"], alpha=0.15)
        ax.set_title(arm, color=DRAWN[arm]["color"], fontsize=10)
        _counts(ax, "networks drawn, N")
    axes[0, 0].legend(fontsize=9, loc="upper left")
    axes[0, 0].set_ylabel("gain over the average (points)")
    less = sum(test[-1] - test[0] < val[-1] - val[0] for _, val, test in curves.values())
    figure.suptitle(f"In {less} of {len(curves)} arms the best gains less on new images than where it was chosen")
    return figure, (
        "what the best of N networks gains over the average network, in percentage points, against N on a logarithmic "
        "axis, a panel an arm: with marks on the validation images, by which it is chosen; dashed on the test images; "
        f"the gap between them is shaded. Arms: {', '.join(curves)}."
    )


@typed
def stored_draws(table: Annotated[pd.DataFrame, Columns("arm val")], source: str) -> tuple[Axes, str]:
    """How often each accuracy came up in a stored run, arm by arm. `source` says what made the run."""
    ax = plt.figure(layout="constrained").gca()
    told, bins = [], np.linspace(100 * table["val"].min(), 100 * table["val"].max(), 61).tolist()  # one width
    for arm in (arm for arm in DRAWN if arm in set(table["arm"])):
        values = 100 * table.loc[table["arm"] == arm, "val"].to_numpy()
        weights, color = np.full(len(values), 100 / len(values)), DRAWN[arm]["color"]
        heights, *_ = ax.hist(values, bins=bins, weights=weights, color=color, alpha=0.6)
        words = arm.replace(" ", "\n", 1) + f":\nmean {values.mean():.1f}"
        ax.annotate(words, (values.mean(), float(np.max(heights)) + 0.5), ha="center", fontsize=9, color=color)
        told.append(f"{len(values):,} of {arm}, mean {values.mean():.1f}")
    ax.margins(x=0.08, y=0.3)
    ax.set(xlabel="validation accuracy (%)", ylabel="share of the arm's networks (%)")
    ax.set_title("Stored run: ten times the training keeps the order of these arms", fontsize=11)
    ax.text(1, -0.2, source, transform=ax.transAxes, ha="right", va="top", fontsize=7)
    return ax, f"stored run, histograms of validation accuracies in percent: {'; '.join(told)}."


def _counts(ax: Axes, label: str) -> None:
    """An axis of numbers of networks, each twice the last."""
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel(label)


@typed
def throughput(
    counts: Sequence[int], seconds: Sequence[float], alone: float, *, ax: Axes | None = None
) -> tuple[Axes, str]:
    """Training steps of single networks a second, against how many are trained together.

    `seconds`: for one step of each of `counts` networks; `alone`: for one step of one network in ordinary PyTorch.
    """
    ax = ax or plt.figure().gca()
    rate = np.asarray(counts) / np.asarray(seconds)
    ax.plot(counts, rate, color="#0072B2", marker="o", label="together, by your step")
    ax.axhline(1 / alone, color="#D55E00", ls="--", label="one network at a time")
    _counts(ax, "networks trained together, R")
    ax.set_yscale("log")
    for axis_formatter in (ax.yaxis.set_major_formatter, ax.yaxis.set_minor_formatter):
        axis_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}"))
    ax.set_xticks(list(counts))
    ax.set_ylabel("network-steps per second")
    ax.set_title(f"Up to {max(rate) * alone:.1f} times as many steps per second when stacked", fontsize=11)
    ax.legend()
    return ax, (
        "training steps of single networks per second, both axes logarithmic, against the number of networks trained "
        f"together, {', '.join(map(str, counts))}; a dashed line for one network at a time."
    )
