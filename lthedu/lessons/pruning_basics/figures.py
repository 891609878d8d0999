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
from lthedu.lessons.pruning_basics.experiment import BOTTLENECK, DENSE, GRADUAL, ONE_SHOT, SAME_BYTES, SMALL

# Okabe and Ito's colours, each with a line style and a marker of its own: no family is told by colour alone
FAMILIES: Mapping[str, dict[str, Any]] = {
    GRADUAL: {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    ONE_SHOT: {"color": "#56B4E9", "linestyle": "--", "marker": "v"},
    SMALL: {"color": "#D55E00", "linestyle": "-.", "marker": "s"},
    BOTTLENECK: {"color": "#CC79A7", "linestyle": ":", "marker": "X"},
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
    ax.legend(loc="lower left")
    return ax, (
        "validation accuracy in percent right after pruning, with no further training, against the percentage of "
        f"weights kept, from many on the left to few on the right; lines are means over {table.replicate.nunique()} "
        f"seeds, bands one standard deviation; weights chosen: {', '.join(table.how.unique())}."
    )


@typed
def pruning_run(
    history: Annotated[pd.DataFrame, Columns("step split accuracy")],
    densities: Mapping[int, float],
) -> tuple[Axes, str]:
    """Above, the density by step; below, the validation accuracy of the network that is being pruned."""
    figure, (top, bottom) = plt.subplots(2, 1, sharex=True, figsize=(7.2, 4.6), height_ratios=[1, 2])
    steps = sorted(densities)
    last = [*steps, int(history["step"].max())]  # the density holds to the end
    top.step(last, [100 * densities[s] for s in [*steps, steps[-1]]], where="post", color="#0072B2")
    top.set_ylabel("weights\nkept (%)")
    top.set_ylim(0, 105)
    rows = history[history["split"] == "val"]
    _line(bottom, rows, "step", "accuracy", "", {"color": "#0072B2", "marker": "."}, scale=1)
    for s in steps[1:]:
        bottom.axvline(s, color="#999999", lw=0.7, zorder=0)
    bottom.set_ylabel("validation accuracy (%)")
    bottom.set_xlabel("training step (grey lines: the mask changes)")
    figure.tight_layout()
    return bottom, (
        "two curves over the training steps: the percentage of weights kept, which falls in steps from 100 to "
        f"{percent(100 * densities[steps[-1]])}, and below it the mean validation accuracy in percent, with a band of "
        "one standard deviation; a vertical line marks each step at which weights are pruned."
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
    _, (left, right) = plt.subplots(1, 2, sharey=True, figsize=(9.6, 4.2))
    dense = 100 * table[table["arm"] == DENSE]["test"].mean()
    one_layer = table["arm"].isin([SMALL, SAME_BYTES])  # the same shape, wider for more bytes
    for ax, x, families in (
        (left, "nonzeros", (GRADUAL, ONE_SHOT, SMALL, BOTTLENECK)),
        (right, "bytes", (GRADUAL, ONE_SHOT, SMALL)),
    ):
        for arm in families:
            rows = table[one_layer if (ax, arm) == (right, SMALL) else table["arm"] == arm]
            _line(ax, rows, x, "test", arm, FAMILIES[arm], scale=1)
        ax.axhline(dense, color="black", ls=":", label=DENSE)
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n / 1000:g}k"))
        ax.xaxis.set_minor_locator(NullLocator())
    lowest = 100 * table.groupby(["arm", "budget"])["test"].mean().min()
    for ax in (left, right):
        ax.set_ylim(bottom=max(0, lowest - 3))  # of the means: a wide band may go on below
    left.set_xticks([3_000, 10_000, 30_000])
    right.set_xticks([10_000, 30_000, 100_000, 300_000])
    left.set_xlabel("numbers that are not zero")
    right.set_xlabel("bytes (sparse: CSR, 4-byte indices)")
    left.set_ylabel("test accuracy (%)")
    not_drawn = "" if at is None else draw_guesses(left, guess or {}, at, FAMILIES)
    for ax in (left, right):
        ax.legend(loc="lower right", fontsize=9, frameon=True, framealpha=0.9, edgecolor="none")
    plt.gcf().tight_layout()
    seeds = table["replicate"].nunique()
    return left, (
        "test accuracy in percent, on the left against the count of numbers that are not zero, on the right against "
        f"bytes, both on logarithmic axes; lines are means over {seeds} seeds, bands one standard deviation; families: "
        f"{'; '.join(FAMILIES)}; the dotted line is the {DENSE} network; a wide band is cut off below.{not_drawn}"
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


def _line(ax: Axes, rows: pd.DataFrame, x: str, y: str, label: str, look: Mapping[str, Any], *, scale: float) -> None:
    """The mean of `y` in percent at each `x`, and a band of one standard deviation over replicates."""
    by = rows.groupby(x)[y]
    mean, sd = 100 * by.mean(), 100 * by.std().fillna(0)
    at = scale * mean.index.to_numpy(dtype=float)
    ax.plot(at, mean, label=label or None, **look)
    ax.fill_between(at, mean - sd, mean + sd, color=look["color"], alpha=0.2, lw=0)
