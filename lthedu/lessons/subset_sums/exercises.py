"""This lesson's exercises, each by itself."""

import math
import sys
import tracemalloc
from collections.abc import Sequence
from types import FrameType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lthedu.exercises.choices import choice_of, kept_of, off, row, two_choices
from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, Wrong, exercise
from lthedu.exercises.readers import number
from lthedu.exercises.values import difference
from lthedu.lessons.subset_sums.mistakes import (
    MISSES_AN_EXACT_SUM,
    TOO_MANY_ADDITIONS,
    TOO_MANY_COMPARED,
    TOO_MUCH_MEMORY,
)
from lthedu.proof import all_sums, meet_in_the_middle
from lthedu.proof.golden import take_what_fits
from lthedu.proof.laws import expected_solutions, numbers_needed, worst_error

Keep = list[bool]
Table = NDArray[np.float64]  # (draws, counts)


def _numbers(attempt: Attempt, n: int, low: float = -1.0) -> list[float]:
    """n numbers uniform between `low` and 1, from the check's seed."""
    drawn: list[float] = torch.rand(n, generator=attempt.rng, dtype=torch.float64).tolist()
    return [low + (1 - low) * x for x in drawn]


class _Counted(float):
    """A number that counts how often it, or what came of it, is added or subtracted."""

    times = 0

    def __add__(self, other: float) -> "_Counted":
        _Counted.times += 1
        return _Counted(float(self) + float(other))

    def __sub__(self, other: float) -> "_Counted":
        _Counted.times += 1
        return _Counted(float(self) - float(other))

    def __rsub__(self, other: float) -> "_Counted":
        _Counted.times += 1
        return _Counted(float(other) - float(self))

    __radd__ = __add__


def _choice(result: object, numbers: Sequence[float], *_: Any) -> Keep:
    return choice_of(result, len(numbers))


@exercise(
    meet_in_the_middle,
    "Meet in the middle",
    minutes=20,
    level=3,
    hints=(
        "Cut the list in two. How many sums has each half? And if you knew the right half's part of the sum, what "
        "would the left half have to add?",
        "Form all sums of the left half and sort them, remembering which choice each belongs to. For every sum r of "
        "the right half, `bisect` finds where target - r would stand among them: look at the neighbours on both sides.",
        "sums = sorted((sum(x for x, k in zip(left, keep) if k), keep) for keep in itertools.product([False, True], "
        "repeat=len(left)))\n# for every choice of the right half, with sum r:\n"
        "i = bisect.bisect([s for s, _ in sums], target - r)  # form this list once, before the loop\n"
        "for s, keep in sums[max(i - 1, 0) : i + 1]: ...  # is abs(s + r - target) the smallest so far?",
    ),
    returns=_choice,
)
def check_meet_in_the_middle(attempt: Attempt) -> None:
    """First right, then without forming or comparing all sums: counted in additions, in what is searched, in memory."""
    cases: list[tuple[list[float], float]] = [
        ([0.5, -0.3, 0.9], 0.25),
        ([0.75], 0.5),
        ([0.8, 0.7], 0.1),  # none
        ([0.25, 0.5, 0.125], 0.875),  # all
        ([0.5, 0.25, 0.3], 0.45),  # from above
        ([0.5, 0.25, 0.3], 0.6),  # from below
        ([0.5, 0.25, 0.6, -0.12], 0.7),  # 0.5 away from what the left half would take alone
        ([-0.5, 0.375, -0.25, 0.125, 0.6], -0.7),
        ([0.5, 0.5, 0.3], 0.8),  # the same number twice
        ([0.82, 0.36, 0.62, -0.92], 0.66),  # no half on its own is near
    ]
    cases += [(_numbers(attempt, n), 0.3 * (-1) ** n) for n in (5, 6, 8, 9, 10)]
    compare(
        attempt,
        cases,
        close=lambda got, right, x, t: off(got, x, t) <= off(right, x, t) + 1e-12,
        same=lambda one, other, *_: one == other,
        show=two_choices,
        otherwise="another choice comes closer to the target",
    )
    _few_additions(attempt)
    _few_compared(attempt)
    _little_memory(attempt)
    x = _numbers(attempt, 28)
    for every in (2, 3, 4, 5):
        t = sum(x[::every])
        if (error := off(_choice(attempt(x, t), x), x, t)) > 1e-12:
            raise Wrong(
                MISSES_AN_EXACT_SUM,
                f"numbers 0, {every}, {2 * every}, ... add up to the target, and the choice is off by {error:.1e}",
            )


def _few_additions(attempt: Attempt) -> None:
    numbers, _Counted.times = [_Counted(x) for x in _numbers(attempt, 14)], 0
    _choice(attempt(numbers, 0.2), numbers)
    if _Counted.times > 2**13:
        raise Wrong(
            TOO_MANY_ADDITIONS,
            f"14 numbers have 2^14 = 16,384 choices, each half 2^7 = 128; it added {_Counted.times:,} times",
        )


SEARCHES = {"min", "max", "argmin", "argmax", "sort", "argsort", "topk", "nonzero", "argwhere", "where", "kthvalue"}


def _few_compared(attempt: Attempt) -> None:
    """Through numpy and torch nothing is added that counts: what counts are the arrays searched from end to end."""
    numbers, searched = _numbers(attempt, 16), [0]

    def note(frame: FrameType, event: str, function: Any) -> None:
        array = None
        if event == "c_call" and getattr(function, "__name__", "") in SEARCHES:
            array = getattr(function, "__self__", None)
        elif event == "call" and frame.f_code.co_name == "_wrapreduction":  # np.min and its brothers
            array = frame.f_locals.get("obj")
        if isinstance(array, np.ndarray | torch.Tensor):
            searched[0] += math.prod(array.shape)

    before = sys.getprofile()
    try:
        sys.setprofile(note)
        got = attempt(numbers, 0.2)
    finally:
        sys.setprofile(before)
    _choice(got, numbers)
    if searched[0] > 2**14:
        raise Wrong(
            TOO_MANY_COMPARED,
            f"16 numbers have 65,536 choices, each half 256; in all it searched through {searched[0]:,} sums",
        )


def _little_memory(attempt: Attempt) -> None:
    numbers = _numbers(attempt, 20)
    running = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        _choice(attempt(numbers, 0.2), numbers)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        if not running:
            tracemalloc.stop()
    if peak > 2**22:
        raise Wrong(
            TOO_MUCH_MEMORY,
            f"it took {peak / 2**20:.0f} MiB for 20 numbers; 40 numbers would take a million times as much",
        )


def _count(result: object, *_: Any) -> float:
    return number(result, "one number, a count of numbers")


@exercise(
    numbers_needed,
    "How many numbers are needed",
    minutes=15,
    level=2,
    hints=(
        "For one count k, how do you get the share of draws that are within eta? Which k is the first where it is "
        "large enough? And what is the share one count earlier?",
        "`(errors <= eta).mean(axis=0)` has the share for every count, from 0 numbers on. Find the first k where it is "
        "`share` or more; between k - 1 and k go as far as the share you lack is of the step.",
        "p = (errors <= eta).mean(axis=0)\nk = np.flatnonzero(p >= share)  # empty: return math.inf\n"
        "# with k the first of them: 0.0 if it is 0, else\nk - 1 + (share - p[k - 1]) / (p[k] - p[k - 1])",
    ),
    returns=_count,
)
def check_numbers_needed(attempt: Attempt) -> None:
    """A table of four draws by hand, then random ones, each with what must not be confused; one of lesson size."""
    hand = np.array([[0.5, 0.4, 0.1, 0.05], [0.5, 0.2, 0.1, 0.05], [0.5, 0.4, 0.3, 0.05], [0.5, 0.4, 0.3, 0.2]])
    pairs = ((0.2, 0.5), (0.2, 0.75), (0.2, 0.4), (0.05, 0.5), (0.5, 0.5), (0.05, 0.9))
    level = np.array([[0.5, 0.1, 0.1, 0.05], [0.5, 0.4, 0.4, 0.1]])  # a share that comes twice
    cases: list[tuple[Table, float, float]] = [(hand, eta, share) for eta, share in pairs]
    cases[1:1] = [(level, 0.2, 0.5), (level, 0.1, 0.75)]
    for _ in range(3):
        steps = 0.3 + 0.7 * torch.rand(23, 9, generator=attempt.rng, dtype=torch.float64).numpy()
        cases += [(0.5 * steps.cumprod(axis=1), eta, share) for eta, share in ((0.03, 0.5), (0.05, 0.8), (0.02, 0.3))]
    steps = 0.3 + 0.7 * torch.rand(4000, 27, generator=attempt.rng, dtype=torch.float64).numpy()
    cases.append((0.5 * steps.cumprod(axis=1), 0.01, 0.55))
    rows = np.arange(4000)[:, None]
    cases.append((np.where(rows < [0, 1999, 3000], 0.1, 0.4), 0.2, 0.5))  # a share just below
    finite = [case for case in cases if math.isfinite(numbers_needed(*case))]
    for some, otherwise in (
        (finite, _where_it_is_reached),
        (cases, "where even all numbers are too few it must give math.inf: nobody knows how many it would take"),
    ):
        compare(attempt, some, close=_close, show=_count_shown, otherwise=otherwise)


def _close(a: float, b: float, *_: Any) -> bool:
    return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6)


def _where_it_is_reached(got: float, right: float, table: Table, eta: float, share: float = 0.5) -> str:
    p, k = (table <= eta).mean(axis=0), math.ceil(right)
    words = "that is not the count at which the share is reached"
    if not k:
        return f"{words}: with no numbers it is {p[0]:.4g} already, so k is 0"
    return (
        f"{words}: p_{k - 1} is {p[k - 1]:.4g} and p_{k} is {p[k]:.4g}, so k is {k}, "
        f"and {k - 1} + ({share:g} - {p[k - 1]:.4g}) / ({p[k]:.4g} - {p[k - 1]:.4g}) is {right:.6g}"
    )


def _count_shown(got: float, right: float, table: Table, eta: float, share: float = 0.5) -> str:
    p = ", ".join(f"{v:.2f}" for v in (np.asarray(table) <= eta).mean(axis=0))
    return f"the shares within {eta} are {p} for 0, 1, 2, ... numbers; share {share}: {difference(got, right)}"


def _average(result: object, *_: Any) -> float:
    return number(result, "one number, how many subsets on average")


@exercise(
    expected_solutions,
    "How many sums are near a target",
    minutes=10,
    level=2,
    hints=(
        "How many subsets are there? If you know how high the bell is at 0, what share of the sums is in a short "
        "interval there? And how wide is the interval?",
        "A number x adds x or 0, each with probability 1/2. Over all draws the mean of that is 0, so its "
        "variance is the mean of its square: half of the mean of x squared. The variances of n numbers add up.",
        "width = 2 * eta\nvariance = n * ...  # of one number that is kept half of the time\n"
        "return 2**n * width / math.sqrt(2 * math.pi * variance)",
    ),
    returns=_average,
)
def check_expected_solutions(attempt: Attempt) -> None:
    """Counts and distances, each factor visible by itself: few numbers, many, and distances of any size."""
    cases = [(10, 1e-3), (1, 0.1), (4, 0.01), (8, 0.01), (12, 0.01), (12, 1e-4), (16, 1e-3), (24, 1e-6), (40, 1e-9)]
    compare(
        attempt,
        cases,
        close=lambda got, right, *_: math.isclose(got, right, rel_tol=1e-6),
        show=lambda got, right, n, eta: f"n = {n}, eta = {eta:g}: {difference(got, right)}",
        otherwise="that is not the number of subsets, times the width of the interval, times the height of the bell",
    )


def _distance(result: object, *_: Any) -> float:
    return number(result, "one number, a distance")


@exercise(
    worst_error,
    "The least lucky target",
    minutes=15,
    level=3,
    hints=(
        "Draw the sums as marks on a line. Between two neighbouring marks, which target is the worst off, and by how "
        "much? And what about the targets at the two ends, -1/2 and 1/2?",
        "Sort all 2^n sums. Candidates for the worst target are the middles between neighbours, if they are in "
        "[-1/2, 1/2], and the two ends. The distance of each to its nearest sum, on either side; the largest of these.",
        "sums = np.sort(proof.all_sums(numbers))\nmiddles = (sums[1:] + sums[:-1]) / 2\n"
        "targets = [-0.5, 0.5, *...]  # and the middles that are targets themselves\n"
        "return max(np.abs(sums - t).min() for t in targets)",
    ),
    returns=_distance,
)
def check_worst_error(attempt: Attempt) -> None:
    """Sums that stand apart in known ways, then random ones."""
    rows: list[list[float]] = [
        [0.5, -0.5, 0.25],
        [0.3],  # both ends far from a sum
        [-0.5, 0.5],
        [0.5, -0.5, 0.25, 0.7, 0.9],  # wide gaps beyond 1/2
        [-0.75, 0.7, 0.1],  # the ends have their nearest sum outside
        [0.25, 0.25, -0.5],  # the same number twice
        [-0.6, 0.5],  # of the two smallest sums the smaller is nearer to an end
        [0.3, 0.38, -0.22, -0.73],  # an end has its nearest sum below it, and all gaps are smaller
    ]
    rows += [_numbers(attempt, n) for n in (4, 5, 6, 7, 8)]

    def otherwise(*_: Any) -> str:
        if all(-1e-9 <= worst_error(x) - _distance(attempt(x)) <= 0.03 for x in rows):
            return "it tries some targets, and the worst may stand between them: the middles of the gaps are exact"
        return "that is not the distance of the least lucky target from its nearest sum"

    for tried in (rows, [*rows, []]):  # no number: the only sum is 0
        compare(
            attempt,
            [(x,) for x in tried],
            close=_close,
            show=_worst_shown,
            otherwise=otherwise,
        )


def _worst_shown(got: float, right: float, numbers: Sequence[float]) -> str:
    sums = np.sort(all_sums(numbers))
    targets = [t for t in (-0.5, 0.5, *(sums[1:] + sums[:-1]) / 2) if abs(t) <= 0.5]
    worst = max(targets, key=lambda t: np.abs(sums - t).min())
    nearest = sums[np.abs(sums - worst).argmin()]
    ends = sums[:4].tolist(), sums[-4:].tolist()
    shown = row(sums.tolist()) if len(sums) <= 8 else row(ends[0])[:-1] + ", ..., " + row(ends[1])[1:]
    return (
        f"numbers {row(numbers)}: {difference(got, right)}; the sums are {shown}, "
        f"and of the least lucky target, {worst:.3f}, the nearest is {nearest:.3f}"
    )


@exercise(
    take_what_fits,
    "Take what fits",
    minutes=10,
    level=1,
    hints=(
        "You owe 0.85 and have coins of 0.3, 0.6 and 0.2. Which coin do you try first, and what do you owe after it?",
        "Go through the places from the largest number to the smallest. Keep a number if it is not larger than what is "
        "left, and subtract it. The answer stays in the order in which the numbers came.",
        "kept, left = [False] * len(numbers), target\n"
        "for i in sorted(range(len(numbers)), key=lambda i: -numbers[i]):\n"
        "    if ...:  # does it fit?\n        kept[i] = True\n        left -= numbers[i]\nreturn kept",
    ),
    returns=_choice,
)
def check_take_what_fits(attempt: Attempt) -> None:
    """Cases in which one thing matters at a time, then random numbers."""
    cases: list[tuple[list[float], float]] = [
        ([0.3, 0.6, 0.2], 0.85),
        ([0.25, 0.5], 0.75),  # exactly what is left
        ([0.5, 0.75, 0.25], 0.3),  # the largest do not fit
        ([0.6, 0.5, 0.4, 0.125], 0.75),  # after one that does not fit, others do
        ([0.6, 0.5, 0.45], 0.99),
        ([0.5, 0.25], 0.1),  # none fits
        ([0.25, 0.5, 0.125], 1.0),  # the largest would fit twice
        ([0.2, 0.4], 0.9),  # so would any
        ([0.25, 0.25, 0.5], 1.0),  # the same number twice, and both fit
        ([0.4, 0.25, 0.4], 0.7),  # the same number twice, and either fits
        ([0.505, 0.3], 0.5),  # too large by a little
        ([0.296, 0.5, 0.203], 0.7),  # what is left is 0.2, too little for a third
        ([0.333, 0.335, 0.339], 0.671),
    ]
    for n in (5, 6, 7):
        cases.append((_numbers(attempt, n, 0.05), 0.9))
    compare(
        attempt,
        cases,
        close=lambda got, right, x, t: sorted(kept_of(got, x)) == sorted(kept_of(right, x)),
        show=_first_step,
        otherwise="that is not the choice of the rule: largest first, each kept if it fits into what is left",
    )


def _first_step(got: Keep, right: Keep, numbers: Sequence[float], target: float) -> str:
    """Both choices, and the first number, from the largest down, that only one of them keeps."""
    mine, rule = (sorted(kept_of(keep, numbers), reverse=True) for keep in (got, right))
    same = next(i for i, (x, y) in enumerate(zip([*mine, 0.0], [*rule, 0.0], strict=False)) if x != y)
    left = target - sum(rule[:same])
    if mine[same:] > rule[same:]:
        step = f"with {left:.4g} left, {mine[same]:.4g} does not fit"
    else:
        step = f"with {left:.4g} left, {rule[same]:.4g} fits"
    return (
        f"numbers {row(numbers)}, target {target:.3f}: it keeps {row(kept_of(got, numbers))}, "
        f"the rule keeps {row(kept_of(right, numbers))}: {step}"
    )
