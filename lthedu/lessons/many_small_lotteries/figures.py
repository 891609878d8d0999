"""Figures of many small lotteries. Each function draws on Axes and returns them with a description in words."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.experiments.study import RANDOM, REINIT, WINNING
from lthedu.figures import use_style as use_style
from lthedu.figures.style import LOOKS, draw_guesses, percent
from lthedu.lessons.many_small_lotteries.experiment import SMALL

Curve = tuple[Sequence[int], Sequence[float], Sequence[float]]  # draws, best by validation, and what the test says

# the arms' usual looks, and one more
DRAWN: Mapping[str, dict[str, Any]] = {arm: LOOKS[arm] for arm in (WINNING, REINIT, RANDOM)} | {
    SMALL: {"color": "#CC79A7", "linestyle": (0, (1, 1)), "marker": "v"}
}


@typed
def accuracies_by_arm(
    table: Annotated[pd.DataFrame, Columns("level arm val")],
    level: int,
    target: float,
    *,
    guess: Mapping[str, float | str | None] | None = None,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Validation accuracy of every network at `level`: a mark each, arm by arm, and the target as a line.

    `guess` maps arms to a guessed accuracy in percent (or None), drawn as stars; what is no percentage of a known arm
    is named in the description instead. Networks below the axis are counted at its lower edge.
    """
    ax = ax or plt.figure().gca()
    rows = table[table["level"] == level]
    arms = [arm for arm in DRAWN if arm in set(rows["arm"])]
    floor = 100 * float(np.floor(100 * rows["val"].quantile(0.02)) / 100) - 1
    for place, arm in enumerate(arms):
        values = 100 * np.sort(rows.loc[rows["arm"] == arm, "val"].to_numpy())
        shift = 0.32 * (((np.arange(len(values)) * 0.618) % 1) - 0.5) * 2  # spread, the same at every run
        look = {"color": DRAWN[arm]["color"], "marker": DRAWN[arm]["marker"]}
        ax.plot(place + shift, np.maximum(values, floor), ls="", ms=4, alpha=0.6, label=arm, **look)
        ax.hlines(values.mean(), place - 0.4, place + 0.4, color="black", lw=1.5)
        if below := int((values < floor).sum()):
            ax.annotate(
                f"{below} below", (place, floor), (0, -5), textcoords="offset points", ha="center", va="top", size=8
            )
    ax.axhline(100 * target, color="black", ls="--", lw=1.2)
    ax.text(len(arms) - 0.5, 100 * target, "target", ha="right", va="bottom", fontsize=9)
    words = ""
    for place, arm in enumerate(arms):
        value = (guess or {}).get(arm)
        words += draw_guesses(ax, {arm: value}, place, DRAWN) if value is not None else ""
    words += draw_guesses(ax, {arm: v for arm, v in (guess or {}).items() if arm not in arms}, 0, DRAWN)
    ax.set_xticks(range(len(arms)), [arm.replace(" ", "\n", 1) for arm in arms])
    ax.set_ylabel("validation accuracy (%)")
    counts = ", ".join(f"{int((rows['arm'] == arm).sum())} of {arm}" for arm in arms)
    return ax, (
        f"validation accuracy in percent of every network, a mark each, in columns: {counts}; a bar for each mean, a "
        "dashed line for the target." + words
    )


@typed
def chances_by_density(
    rows: Annotated[pd.DataFrame, Columns("arm density p low high")],
    *,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """The chance of reaching the target against density, with its interval, for every arm.

    `rows`: one for each level and arm, with density (a fraction), arm, p, low and high, probabilities.
    """
    ax = ax or plt.figure().gca()
    densities = sorted(rows["density"].unique(), reverse=True)
    arms = [arm for arm in DRAWN if arm in set(rows["arm"])]
    for shift, arm in zip(np.linspace(-0.27, 0.27, len(arms)), arms, strict=True):
        mine = rows[rows["arm"] == arm].sort_values("density", ascending=False)
        x = np.array([densities.index(d) for d in mine["density"]]) + shift
        p, low, high = (100 * mine[name].to_numpy(dtype=float) for name in ("p", "low", "high"))
        look = {"color": DRAWN[arm]["color"], "marker": DRAWN[arm]["marker"]}
        ax.errorbar(x, p, yerr=[p - low, high - p], ls="", capsize=4, label=arm, **look)
    ax.set_xticks(range(len(densities)), [percent(100 * d) for d in densities])
    ax.set_ylim(-3, 103)
    ax.set_xlabel("weights kept (%)")
    ax.set_ylabel("networks that reach the target (%)")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=2, fontsize=9)
    return ax, (
        "the percentage of networks that reach their level's target, against the percentage of weights kept, from many "
        f"on the left to few on the right; bars are exact 95 percent intervals. Arms: {', '.join(arms)}."
    )


@typed
def best_of_draws(
    curves: Mapping[str, Curve], target: float, *, budget: float | None = None, ax: Axes | None = None
) -> tuple[Axes, str]:
    """Expected accuracy of the best of N networks against N: by validation, by which it is chosen, and on the test.

    `curves`: for each arm the numbers of draws, the best's validation accuracy and its test accuracy, fractions.
    `budget`: a number of draws to mark.
    """
    ax = ax or plt.figure().gca()
    for arm, (draws, val, test) in curves.items():
        look = DRAWN[arm]
        ax.plot(draws, 100 * np.asarray(val), label=arm, ms=4, **look)
        ax.plot(draws, 100 * np.asarray(test), color=look["color"], lw=1, alpha=0.7)
    ax.plot([], [], color="#999999", lw=1, label="thin: on the test images")
    ax.axhline(100 * target, color="black", ls="--", lw=1.2, label="target")
    if budget is not None:
        ax.axvline(budget, color="#999999", lw=4, alpha=0.5, label=f"{budget:.0f} draws: the ticket's price")
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}"))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlabel("networks drawn, N")
    ax.set_ylabel("expected accuracy of the best (%)")
    ax.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax, (
        "expected accuracy in percent of the best of N networks, against N on a logarithmic axis, for each arm; with "
        "marks the validation accuracy by which it is chosen, thin and without marks its test accuracy; a dashed line "
        f"for the target. Arms: {', '.join(curves)}."
    )


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
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0f}"))
    for axis_formatter in (ax.yaxis.set_major_formatter, ax.yaxis.set_minor_formatter):
        axis_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}"))
    ax.set_xticks(list(counts))
    ax.set_xlabel("networks trained together, R")
    ax.set_ylabel("network-steps per second")
    ax.legend()
    return ax, (
        "training steps of single networks per second, both axes logarithmic, against the number of networks trained "
        f"together, {', '.join(map(str, counts))}; a dashed line for one network at a time."
    )
