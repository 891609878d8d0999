"""Figures of pruning. Each function draws on Axes and returns them with a description in words."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.figures import use_style as use_style
from lthedu.figures.style import draw_guesses, percent
from lthedu.lessons.pruning_basics.experiment import DENSE, GRADUAL, ONE_SHOT, RANDOM, SAME_BYTES, SMALL, best_rates

# Okabe and Ito's colours, each with a line style and a marker of its own: no family is told by colour alone
FAMILIES: Mapping[str, dict[str, Any]] = {
    GRADUAL: {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    ONE_SHOT: {"color": "#56B4E9", "linestyle": "--", "marker": "v"},
    RANDOM: {"color": "#009E73", "linestyle": ":", "marker": "D"},
    SMALL: {"color": "#D55E00", "linestyle": "-.", "marker": "s"},
}
SCOPES: Sequence[dict[str, Any]] = (
    {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    {"color": "#E69F00", "linestyle": "--", "marker": "^"},
    {"color": "#009E73", "linestyle": "-.", "marker": "D"},
)


@typed
def accuracy_by_cut(
    table: Annotated[pd.DataFrame, Columns("how replicate density accuracy")],
    *,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Validation accuracy right after pruning, without another step of training, against the density.

    `table` has the columns how, replicate, density and accuracy (a fraction); `how` names the way of choosing.
    """
    ax = ax or plt.figure().gca()
    for (how, rows), look in zip(table.groupby("how", sort=False), SCOPES, strict=False):
        _line(ax, rows, "density", "accuracy", str(how), look, scale=100)
    ax.invert_xaxis()
    ax.set_xlabel("weights kept (%)")
    ax.set_ylabel("validation accuracy (%)")
    ax.set_title("Half of the weights cost next to nothing, if you choose which")
    ax.legend(loc="lower left")
    return ax, (
        "validation accuracy in percent right after pruning, with no further training, against the percentage of "
        f"weights kept, from many on the left to few on the right; lines are means over {table.replicate.nunique()} "
        f"seeds, bands one standard deviation; weights chosen: {', '.join(table.how.unique())}."
    )


@typed
def pruning_run(
    runs: Annotated[pd.DataFrame, Columns("schedule step density accuracy")], *, title: str = "Cut, dip, recover"
) -> tuple[Axes, str]:
    """Above, the density by step; below, the validation accuracy of the network that is being pruned.

    `runs` has a row for each step at which a network was measured; `schedule` names the run.
    """
    figure, (top, bottom) = plt.subplots(2, 1, sharex=True, figsize=(7.2, 4.6), height_ratios=[1, 2])
    for (name, rows), look in zip(runs.groupby("schedule", sort=False), SCOPES, strict=False):
        plain = {key: look[key] for key in ("color", "linestyle")}
        top.step(rows["step"], 100 * rows["density"], where="post", **plain)
        bottom.plot(rows["step"], 100 * rows["accuracy"], lw=1.3, label=str(name), **plain)
    top.set_ylabel("weights\nkept (%)")
    top.set_ylim(0, 105)
    top.set_title(title)
    bottom.set_ylabel("validation accuracy (%)")
    bottom.set_xlabel("training step")
    if runs["schedule"].nunique() > 1:
        bottom.legend(loc="lower right")
    figure.tight_layout()
    last = runs.groupby("schedule", sort=False).last()
    ends = "; ".join(
        f"{name}: {percent(100 * row.density)} % kept, {100 * row.accuracy:.1f} %" for name, row in last.iterrows()
    )
    return bottom, (
        "two panels over the training steps: above the percentage of weights kept, which falls in steps, and below it "
        f"the validation accuracy in percent. At the end: {ends}."
    )


@typed
def large_or_small(
    table: Annotated[pd.DataFrame, Columns("arm budget replicate test nonzeros bytes")],
    *,
    guess: Mapping[str, float | str | None] | None = None,
    at: float | None = None,
) -> tuple[Axes, str]:
    """Test accuracy of large sparse and small dense networks: against non-zeros on the left, bytes on the right.

    `guess` maps families to a guessed accuracy in percent (or None), drawn as open stars at `at` non-zeros.
    """
    figure, (left, right) = plt.subplots(1, 2, sharey=True, figsize=(9.6, 4.2))
    one_layer = table["arm"].isin([SMALL, SAME_BYTES])  # the same shape, wider for more bytes
    for ax, x, families in ((left, "nonzeros", tuple(FAMILIES)), (right, "bytes", (GRADUAL, SMALL))):
        for arm in families:
            rows = table[one_layer if (ax, arm) == (right, SMALL) else table["arm"] == arm]
            _line(ax, rows, x, "test", arm if ax is left else arm.partition(",")[0], FAMILIES[arm], scale=1)
        _logarithmic(ax)
    dense = 100 * table[table["arm"] == DENSE]["test"].mean()
    for ax in (left, right):
        ax.axhline(dense, color="black", ls=":", lw=1)
        ax.text(ax.get_xlim()[0], dense, f" {DENSE}", va="bottom", fontsize=9)
    lowest = 100 * table.groupby(["arm", "budget"])["test"].mean().min()
    left.set_ylim(max(0, lowest - 2), 100 - 0.25 * (100 - dense))
    left.set_xlabel("numbers that are not zero")
    right.set_xlabel("bytes (sparse: CSR, 4-byte indices)")
    left.set_ylabel("test accuracy (%)")
    left.set_title("As many numbers: chosen weights win")
    right.set_title("As many bytes: still, by less")
    not_drawn = "" if at is None else draw_guesses(left, guess or {}, at, FAMILIES)
    for ax in (left, right):
        ax.legend(loc="lower right", fontsize=9, frameon=True, framealpha=0.9, edgecolor="none")
    figure.tight_layout()
    seeds = table["replicate"].nunique()
    return left, (
        "test accuracy in percent, on the left against the count of numbers that are not zero, on the right against "
        f"bytes, both on logarithmic axes; lines are means over {seeds} seeds, bands one standard deviation; families: "
        f"{'; '.join(FAMILIES)}; the dotted line is the network that is {DENSE}.{not_drawn}"
    )


@typed
def leads(table: Annotated[pd.DataFrame, Columns("how budget lead")]) -> tuple[Axes, str]:
    """The lead of the large network over the small one in points, one dot a seed, for each way to compare (`how`)."""
    ways = list(dict.fromkeys(table["how"]))
    figure, axes = plt.subplots(1, len(ways), sharey=True, figsize=(9.6, 3.6))
    budgets = sorted(table["budget"].unique())
    for ax, how in zip(np.ravel(axes), ways, strict=True):
        for i, budget in enumerate(budgets):
            points = table[(table["how"] == how) & (table["budget"] == budget)]["lead"].to_numpy()
            ahead, x = points > 0, i + np.linspace(-0.2, 0.2, len(points))  # side by side, so that they can be counted
            for some, look in ((ahead, FAMILIES[GRADUAL]), (~ahead, FAMILIES[SMALL])):
                ax.plot(x[some], points[some], ls="", marker=look["marker"], color=look["color"], alpha=0.7)
        ax.axhline(0, color="black", lw=0.8)
        ax.set_title(how, fontsize=10)
        ax.set_xticks(range(len(budgets)), [f"{b / 1000:g}k" for b in budgets])
        ax.set_xlim(-0.5, len(budgets) - 0.5)
        ax.set_xlabel("numbers left in the large network")
    first = np.ravel(axes)[0]
    first.set_ylabel("lead of the large one (points)")
    figure.suptitle("Who was tuned decides who wins (stored run, equal bytes)", fontsize=12)
    figure.tight_layout()
    told = "; ".join(f"{how.replace(chr(10), ' ')}: {_range(table[table['how'] == how])}" for how in ways)
    return first, (
        f"{len(ways)} panels with the lead of the large network over the small one in points, a dot for each seed, "
        f"circles where the large one is ahead and squares where it is not, for {len(budgets)} sizes; {told}."
    )


@typed
def searched(table: Annotated[pd.DataFrame, Columns("arm budget lr val")]) -> tuple[Axes, str]:
    """Mean validation accuracy against the learning rate, one panel a size; the best rate of each arm is ringed.

    Rings have five sizes, so that two at one place lie in each other.
    """
    budgets = sorted(table[table["arm"] == GRADUAL]["budget"].unique())
    figure, axes = plt.subplots(1, len(budgets), sharey=True, figsize=(9.6, 4.6))
    looks = {**FAMILIES, SAME_BYTES: {"color": "#CC79A7", "linestyle": "-", "marker": "X"}}
    for ax, budget in zip(np.ravel(axes), budgets, strict=True):
        for i, (arm, look) in enumerate(looks.items()):
            means = 100 * table[(table["arm"] == arm) & (table["budget"] == budget)].groupby("lr")["val"].mean()
            ax.plot(1000 * means.index, means, label=arm, lw=1.2, ms=4, **look)
            ax.plot(1000 * means.idxmax(), means.max(), "o", ms=9 + 3 * i, mfc="none", mec=look["color"])
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:g}"))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.set_xticks(sorted(1000 * table["lr"].unique()))
        ax.set_title(f"{budget / 1000:g}k numbers", fontsize=11)
        ax.set_xlabel("learning rate (thousandths)")
    first = np.ravel(axes)[0]
    first.set_ylabel("validation accuracy (%)")
    np.ravel(axes)[-1].legend(fontsize=8, loc="lower right")  # where the lines leave room
    figure.suptitle("Every arm at its own best rate (ringed; stored run)", fontsize=12)
    figure.tight_layout()
    return first, (
        f"{len(budgets)} panels, one a size, with mean validation accuracy in percent against the learning rate on a "
        f"logarithmic axis, for {', '.join(looks)}; the best rate of each is ringed."
    )


@typed
def longer(table: Annotated[pd.DataFrame, Columns("arm steps budget lr val test bytes")]) -> tuple[Axes, str]:
    """Test accuracy against bytes, one panel for each number of steps, every arm at its best rate."""
    steps = sorted(table["steps"].unique())
    figure, axes = plt.subplots(1, len(steps), sharey=True, figsize=(9.6, 3.8))
    for ax, many in zip(np.ravel(axes), steps, strict=True):
        best = best_rates(table[table["steps"] == many])
        for arm, members in ((GRADUAL, [GRADUAL]), (SMALL, [SMALL, SAME_BYTES])):
            rows = best[best["arm"].isin(members)]
            _line(ax, rows, "bytes", "test", arm.partition(",")[0], FAMILIES[arm], scale=1)
        _logarithmic(ax)
        ax.set_title(f"{many:,} steps", fontsize=11)
        ax.set_xlabel("bytes (sparse: CSR, 4-byte indices)")
    first = np.ravel(axes)[0]
    first.set_ylabel("test accuracy (%)")
    first.legend(loc="lower right", fontsize=9)
    figure.suptitle("Ten times the training: both rise, the lead stays (stored run)", fontsize=12)
    figure.tight_layout()
    return first, (
        f"{len(steps)} panels, after {' and '.join(f'{s:,}' for s in steps)} steps, with test accuracy in percent "
        "against bytes on a logarithmic axis for the large, gradually pruned networks and the small dense ones; lines "
        "are means, bands one standard deviation."
    )


@typed
def weight_histogram(weights: np.ndarray, kept: np.ndarray, *, ax: Axes | None = None) -> tuple[Axes, str]:
    """Histogram of `weights`, those that `kept` (bool, the same shape) keeps on top of those it prunes."""
    ax = ax or plt.figure().gca()
    flat, stay = np.ravel(weights), np.ravel(kept)
    limit = float(np.quantile(np.abs(flat), 0.999))
    bins = np.linspace(-limit, limit, 81).tolist()
    clipped = np.clip(flat, -limit, limit)
    ax.hist(clipped, bins, color="#BBBBBB", label="pruned")
    ax.hist(clipped[stay], bins, color="#0072B2", hatch="//", edgecolor="white", linewidth=0.2, label="kept")
    ax.set_yscale("log")
    ax.set_ylim(top=20 * ax.get_ylim()[1])  # room for the legend
    ax.set_xlabel("trained weight (end bars: all beyond)")
    ax.set_ylabel("how many (log scale)")
    ax.legend(loc="upper right", fontsize=8, frameon=True)
    return ax, (
        f"histogram of {flat.size:,} trained weights on a logarithmic scale, most of them near zero; the "
        f"{stay.sum():,} kept ones are hatched, the pruned ones grey."
    )


def _range(rows: pd.DataFrame) -> str:
    return f"from {rows['lead'].min():.1f} to {rows['lead'].max():.1f}"


def _logarithmic(ax: Axes) -> None:
    """An axis of counts or bytes, with ticks at 1, 2, 5, 10, ... thousand."""
    low, high = ax.dataLim.x0 / 1.15, ax.dataLim.x1 * 1.15
    ticks = [n * 10**power for power in (3, 4, 5) for n in (1, 2, 5)]
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks([tick for tick in ticks if low <= tick <= high])
    ax.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n / 1000:g}k"))


def _line(ax: Axes, rows: pd.DataFrame, x: str, y: str, label: str, look: Mapping[str, Any], *, scale: float) -> None:
    """The mean of `y` in percent at each `x`, and a band of one standard deviation over replicates."""
    by = rows.groupby(x)[y]
    mean, sd = 100 * by.mean(), 100 * by.std().fillna(0)
    at = scale * mean.index.to_numpy(dtype=float)
    ax.plot(at, mean, label=label or None, **look)
    ax.fill_between(at, mean - sd, mean + sd, color=look["color"], alpha=0.2, lw=0)
