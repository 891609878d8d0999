"""This lesson's figures: how many random numbers it takes to hit a number, or all of them.

Each returns its axes and a description in words.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from lthedu.base.arguments import typed
from lthedu.figures import use_style as use_style
from lthedu.proof import all_sums
from lthedu.proof.gadgets import GOLDEN
from lthedu.proof.laws import PerBit, fewest_numbers, share_band

Floats = NDArray[np.float64]

# Okabe and Ito's colours, each with a line style and a marker of its own
_LOOKS: tuple[dict[str, Any], ...] = (
    {"color": "#0072B2", "linestyle": "-", "marker": "o", "ms": 5},
    {"color": "#D55E00", "linestyle": "--", "marker": "^", "ms": 5},
    {"color": "#009E73", "linestyle": "-.", "marker": "D", "ms": 5},
    {"color": "#CC79A7", "linestyle": (0, (1, 1)), "marker": "s", "ms": 5},
)

_FORMULAS: tuple[dict[str, Any], ...] = (
    {"color": "black", "ls": "", "marker": "x", "ms": 9, "mew": 1.5},
    {"color": "#CC79A7", "ls": ":", "lw": 2},
    {"color": "#009E73", "ls": "-.", "lw": 1.5},
)


@typed
def needed_by_bits(
    lines: Mapping[str, PerBit],
    *,
    guess: Mapping[float, object] | None = None,
    title: str = "Each bit costs about one number, or two where half of them are dead",
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """Numbers needed against log2(1/eta), a line for each way to count, with bands and the line n = log2(1/eta).

    `guess` maps values of eta to guessed counts (or None), drawn as stars; what is no count is left out, and the
    description says so. Raises ValueError for no line, or more than four.

    >>> one = np.arange(3.0)
    >>> ax, alt = needed_by_bits({"half of the draws": PerBit(one, one, one, one, 1.0, 0.9, 1.1)})
    >>> ax.get_ylabel(), "half of the draws: 1.00 numbers more" in alt
    ('random numbers needed', True)
    """
    if not 1 <= len(lines) <= len(_LOOKS):
        raise ValueError(f"there are {len(lines)} lines; allowed: 1 to {len(_LOOKS)}")
    ax = ax or plt.figure().gca()
    for look, (name, found) in zip(_LOOKS, lines.items(), strict=False):
        ax.plot(found.bits, found.needed, label=name, **look)
        ax.fill_between(found.bits, found.low, found.high, color=look["color"], alpha=0.25, lw=0)
    bits = next(iter(lines.values())).bits
    ax.plot(bits, bits, color="black", lw=1, ls=":", label="one number for each bit")
    not_drawn = _stars(ax, guess or {})
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda b, _: f"{b:g}\n1/{2**b:,.0f}"))
    ax.set_xlabel(r"bits of precision, $\log_2(1/\eta)$, and below them the distance $\eta$")
    ax.set_ylabel("random numbers needed")
    ax.set_ylim(bottom=0)
    ax.legend(loc="upper left", fontsize=9.5)
    ax.set_title(title, fontsize=11)
    told = "; ".join(f"{name}: {found.slope:.2f} numbers more for each bit" for name, found in lines.items())
    return ax, (
        "How many random numbers are needed against the bits of precision, log2 of 1 over eta, one line for each way "
        f"to count, with a narrow 95 percent band; all are straight or nearly so. {told}. A dotted line marks one "
        "number for each bit." + not_drawn
    )


def _stars(ax: Axes, guess: Mapping[float, object]) -> str:
    """Draw guesses as stars; a sentence names what is not a count. A guess never stops a lesson."""
    not_drawn = ""
    for eta, value in guess.items():
        try:
            number = float(str(value))
        except ValueError:
            number = float("nan")
        if 0 < number <= 200:
            label = None if any(line.get_label() == "your guess" for line in ax.lines) else "your guess"
            ax.plot(np.log2(1 / eta), number, marker="*", ms=15, mfc="none", ls="", color="black", label=label)
        elif value is not None:
            not_drawn += f" The guess {value!r} for {eta:g} is not drawn: give a count from 1 to 200."
    return not_drawn


@typed
def all_targets_by_count(worst: Floats, eta: Sequence[float], *, ax: Axes | None = None) -> tuple[Axes, str]:
    """The share of draws in which all targets are within eta at once, against how many numbers there are.

    `worst` (draws, n + 1) is a table of `lthedu.proof.laws.worst_errors`. Bands are exact 95 % bands of a share;
    vertical lines mark the counting bound. Raises ValueError for no eta, or more
    than four.

    >>> _, alt = all_targets_by_count(np.array([[0.5, 0.3, 0.2], [0.5, 0.4, 0.4]]), eta=[0.25])
    >>> "in 50 percent of 2 draws" in alt
    True
    """
    if not 1 <= len(eta) <= len(_LOOKS):
        raise ValueError(f"there are {len(eta)} values of eta; allowed: 1 to {len(_LOOKS)}")
    ax = ax or plt.figure().gca()
    counts = np.arange(worst.shape[1])
    told = []
    for look, e in zip(_LOOKS, eta, strict=False):
        hits = (worst <= e).sum(0)
        bands = np.array([share_band(int(h), len(worst)) for h in hits])
        ax.plot(counts, 100 * hits / len(worst), label=rf"within $\eta$ = {_fraction(e)}", **look)
        ax.fill_between(counts, *(100 * bands.T), color=look["color"], alpha=0.2, lw=0)
        ax.axvline(fewest_numbers(e), color=look["color"], ls=look["linestyle"], lw=1, alpha=0.8)
        told.append(f"for eta {_fraction(e)} in {100 * hits[-1] / len(worst):.0f} percent of {len(worst)} draws")
    ax.set_xlabel("random numbers")
    ax.set_ylabel("draws that hit every target (%)")
    ax.set_ylim(-2, 102)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="lower right")
    ax.set_title("All targets at once: to the right of the counting bound (vertical lines)", fontsize=11)
    return ax, (
        "The percentage of draws in which every target from -1/2 to 1/2 is hit within eta, against how many random "
        "numbers there are: S-shaped curves, one for each eta, further right for smaller eta, each right of its "
        f"counting bound, a vertical line; with {worst.shape[1] - 1} numbers {', '.join(told)}."
    )


def _fraction(eta: float) -> str:
    return f"1/{round(1 / eta):,}" if abs(1 / eta - round(1 / eta)) < 1e-6 else f"{eta:g}"


@typed
def failures_by_count(
    errors: Mapping[str, Floats],
    eta: float,
    counts: Sequence[int],
    formulas: Mapping[str, Sequence[float]],
    *,
    ax: Axes | None = None,
) -> tuple[Axes, str]:
    """The share of draws that miss their target by more than eta, against how many numbers there are, on a log axis.

    `errors`: way to draw -> a table of `lthedu.proof.laws.errors_so_far`, drawn with exact 95 % bands; a share of zero
    is drawn by its band alone. `formulas`: name -> a value for each of `counts`, at most three, drawn as crosses, a
    dotted and a dash-dotted line. Raises ValueError for no table, or more than four.

    >>> table = np.array([[0.5, 0.3], [0.5, 0.01]])
    >>> ax, alt = failures_by_count({"as drawn": table}, 0.1, [1], {"a guess": [0.4]})
    >>> ax.get_yscale(), "as drawn: 0.5" in alt
    ('log', True)
    """
    if not 1 <= len(errors) <= len(_LOOKS):
        raise ValueError(f"there are {len(errors)} ways to draw; allowed: 1 to {len(_LOOKS)}")
    ax = ax or plt.figure().gca()
    told = []
    smallest = 1.0
    for look, (name, table) in zip(_LOOKS, errors.items(), strict=False):
        misses = (table[:, list(counts)] > eta).sum(0)
        share = misses / len(table)
        bands = np.array([share_band(int(m), len(table)) for m in misses])
        ax.plot(counts, np.where(misses > 0, share, np.nan), label=name, **look)
        ax.fill_between(counts, np.maximum(bands[:, 0], 1e-9), bands[:, 1], color=look["color"], alpha=0.2, lw=0)
        told.append(f"{name}: {share[-1]:.2g}")
        smallest = min(smallest, 0.3 / len(table))
    for look, (name, values) in zip(_FORMULAS, formulas.items(), strict=False):
        ax.plot(counts, values, label=name, **look)
    ax.set_yscale("log")
    ax.set_ylim(smallest, 1.2)
    ax.set_xlabel("random numbers")
    ax.set_ylabel(f"share of draws off by more than {eta:g}")
    ax.set_title("With balanced signs, failures all but vanish", fontsize=11)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="lower left", fontsize=9.5)
    return ax, (
        f"The share of draws that miss their target by more than {eta:g} against how many random numbers there are, on "
        f"a logarithmic axis; at {counts[-1]} numbers {'; '.join(told)}. By formulas: {', '.join(formulas)}."
    )


@typed
def sums_on_a_line(rows: Sequence[Sequence[float]], *, ax: Axes | None = None) -> tuple[Axes, str]:
    """All sums of each row's subsets as marks on a line from -1/2 to 1/2, and the least lucky target as a triangle.

    Raises ValueError for no row.

    >>> _, alt = sums_on_a_line([[0.5, -0.5, 0.25]])
    >>> alt.endswith("3 numbers: 0.125.")
    True
    """
    if not rows:
        raise ValueError("there are 0 rows of numbers; allowed: 1 or more")
    ax = ax or plt.figure(figsize=(7.2, 0.9 + 0.6 * len(rows))).gca()
    told = []
    for y, numbers in enumerate(rows):
        sums = np.sort(all_sums(numbers))
        middles = (sums[1:] + sums[:-1]) / 2
        targets = np.array([-0.5, 0.5, *middles[np.abs(middles) <= 0.5]])
        distances = np.abs(sums[:, None] - targets).min(0)
        inside = sums[np.abs(sums) <= 0.5]
        ax.vlines(inside, y - 0.22, y + 0.22, color="#0072B2", lw=0.8)
        ax.plot(targets[distances.argmax()], y - 0.34, marker="v", color="#D55E00", ms=9, ls="", clip_on=False)
        told.append(f"{len(numbers)} numbers: {distances.max():.3f}")
    ax.set_yticks(range(len(rows)), [f"{len(r)} numbers" for r in rows])
    ax.set_ylim(len(rows) - 0.5, -0.6)
    ax.set_xlim(-0.51, 0.51)
    ax.set_xlabel("sums of subsets (marks) and the least lucky target (triangle)")
    ax.set_title("Each number doubles the sums, and the widest gap closes", fontsize=11)
    ax.grid(False)
    return ax, (
        "Marks on lines, one for each subset's sum between -1/2 and 1/2, denser with every further number, and a "
        f"triangle at the target furthest from any of them; it is off by, with {'; with '.join(told)}."
    )


@typed
def violations_by_ratio(
    shares: Mapping[str, Mapping[float, Sequence[float]]], *, ax: Axes | None = None
) -> tuple[Axes, str]:
    """How often the pass leaves more than the last cell, against the cells' ratio: mean and range over replicates.

    `shares`: how numbers lie in their cells -> ratio -> one share for each replicate. A vertical line marks the golden
    ratio. Raises ValueError for no line, or more than four.

    >>> _, alt = violations_by_ratio({"anywhere": {1.5: [0.0, 0.0], 2.0: [0.5, 0.6]}})
    >>> "the mean of 2 replicates" in alt
    True
    """
    if not 1 <= len(shares) <= len(_LOOKS):
        raise ValueError(f"there are {len(shares)} lines; allowed: 1 to {len(_LOOKS)}")
    ax = ax or plt.figure().gca()
    replicates = 0
    for look, (name, by_ratio) in zip(_LOOKS, shares.items(), strict=False):
        ratios = sorted(by_ratio)
        y = 100 * np.array([by_ratio[r] for r in ratios])  # (ratios, replicates)
        replicates = y.shape[1]
        ax.plot(ratios, y.mean(1), label=name, **look)
        ax.fill_between(ratios, y.min(1), y.max(1), color=look["color"], alpha=0.25, lw=0)
    ax.axvline(GOLDEN, color="black", lw=1, ls=":", label=f"the golden ratio, {GOLDEN:.3f}")
    ax.set_xlabel("ratio of the cells")
    ax.set_ylabel("targets left with too much (%)")
    ax.set_title("Up to the golden ratio the pass never fails, above it it may", fontsize=11)
    ax.legend(loc="upper left", frameon=True, facecolor="white", edgecolor="none", framealpha=1)
    return ax, (
        "The percentage of targets that the pass leaves with more than the last cell against the ratio of the cells, "
        f"one line for each way in which numbers lie in their cells ({', '.join(shares)}), the mean of {replicates} "
        "replicates with a band from the lowest to the highest; a dotted vertical line marks the golden ratio, 1.618."
    )
