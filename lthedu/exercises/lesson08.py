"""Checks of lesson 08, subset sums."""

import math
import tracemalloc
from collections.abc import Sequence

import numpy as np
import torch

from lthedu.exercises.choices import choice_of, kept_of, off, row
from lthedu.exercises.core import Attempt, Wrong, brief, exercise
from lthedu.exercises.lesson08_mistakes import (
    Case,
    Keep,
    Table,
    as_good,
    close,
    computed,
    is_best,
    which_count,
    which_gap,
    which_neurons,
    which_pass,
    which_search,
)
from lthedu.proof import all_sums, closest_subset, meet_in_the_middle
from lthedu.proof.golden import take_what_fits
from lthedu.proof.laws import numbers_needed, prune_neurons, worst_error


def _numbers(attempt: Attempt, n: int, low: float = -1.0) -> list[float]:
    """n numbers uniform between `low` and 1, from the check's seed."""
    drawn: list[float] = torch.rand(n, generator=attempt.rng, dtype=torch.float64).tolist()
    return [low + (1 - low) * x for x in drawn]


# 8.1 ---------------------------------------------------------------------------------------------------------


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
)
def check_meet_in_the_middle(attempt: Attempt) -> None:
    """First right, then without forming all sums: counted in single additions, and in memory."""
    cases: list[tuple[list[float], float]] = [
        ([0.5, -0.3, 0.9], 0.25),
        ([0.75], 0.5),
        ([0.8, 0.7], 0.1),  # none
        ([0.25, 0.5, 0.125], 0.875),  # all
        ([0.5, 0.25, 0.3], 0.45),  # from above
        ([0.5, 0.25, 0.3], 0.6),  # from below
        ([0.5, 0.25, 0.6, -0.1], 0.7),  # 0.6 + 0.1 away from what the left half would take alone
        ([-0.5, 0.375, -0.25, 0.125, 0.6], -0.7),
    ]
    cases += [(_numbers(attempt, n), 0.3 * (-1) ** n) for n in (5, 6, 8, 9, 10)]
    answers: list[Case] = [(choice_of(attempt(x, t), len(x)), x, t) for x, t in cases]
    for keep, x, t in answers:
        if not is_best(keep, x, t):
            raise Wrong(which_search(answers), _shown(keep, x, t))
    _few_additions(attempt)
    _little_memory(attempt)
    x = _numbers(attempt, 28)
    for every in (2, 3, 4, 5):
        t = sum(x[::every])
        if (error := off(choice_of(attempt(x, t), 28), x, t)) > 1e-12:
            raise Wrong(
                "with 28 numbers it misses a sum that is exactly there: are sums rounded, or some of them left out?",
                f"numbers 0, {every}, {2 * every}, ... add up to the target, and the choice is off by {error:.1e}",
            )


def _few_additions(attempt: Attempt) -> None:
    numbers, _Counted.times = [_Counted(x) for x in _numbers(attempt, 14)], 0
    choice_of(attempt(numbers, 0.2), 14)
    if _Counted.times > 2**13:
        raise Wrong(
            "it finds the best choice, but adds about as often as there are choices: each half has few sums, and of "
            "the pairs that they form only those near the target may be looked at",
            f"14 numbers have 2^14 = 16,384 choices, each half 2^7 = 128; it added {_Counted.times:,} times",
        )


def _little_memory(attempt: Attempt) -> None:
    numbers = _numbers(attempt, 20)
    running = tracemalloc.is_tracing()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        choice_of(attempt(numbers, 0.2), 20)
        peak = tracemalloc.get_traced_memory()[1] - before
    finally:
        if not running:
            tracemalloc.stop()
    if peak > 2**22:
        raise Wrong(
            "it finds the best choice, but holds as many sums in memory as there are choices; two halves of 2^10 = "
            "1,024 sums are enough for 20 numbers",
            f"it took {peak / 2**20:.0f} MiB for 20 numbers; 40 numbers would take a million times as much",
        )


def _shown(keep: Keep, numbers: Sequence[float], target: float) -> str:
    best = closest_subset(numbers, target)
    return (
        f"numbers {row(numbers)}, target {target:.3f}: keeping {row(kept_of(keep, numbers))} is off by "
        f"{off(keep, numbers, target):.3f}, keeping {row(kept_of(best, numbers))} by {off(best, numbers, target):.3f}"
    )


# 8.2 ---------------------------------------------------------------------------------------------------------


@exercise(
    prune_neurons,
    "Keep some neurons, never a dead one",
    minutes=15,
    level=2,
    hints=(
        "Take x = 1, then x = -1, and put it through one neuron, relu(a x) times b. For which a does nothing come out? "
        "What comes out for the others?",
        "Collect the places of the living neurons, those with side * a > 0. Each adds |a| b for every unit that x is "
        "away from zero; on the side of x <= 0 the sum must come to -weight. Search among these products only, and "
        "put the choice back to their places.",
        "live = [j for j, a in enumerate(first) if side * a > 0]\n"
        "chosen = meet_in_the_middle([abs(first[j]) * second[j] for j in live], side * weight)\n"
        "# then a list of len(first) times False, with chosen[i] at place live[i]",
    ),
)
def check_prune_neurons(attempt: Attempt) -> None:
    """Both sides, dead neurons among the living; what the kept ones compute is held against the weight."""
    cases: list[tuple[list[float], list[float], float, int]] = [
        ([0.5, -1.0, 1.0], [0.5, 0.25, -0.5], -0.25, 1),
        ([-0.5, -1.0], [1.0, 1.0], 0.5, 1),  # all dead
        ([0.5, -0.5, 0.25, -1.0], [0.9, -0.8, -0.4, 0.3], 0.35, 1),
        ([-0.5, 1.0, -1.0, -0.25], [0.5, 0.3, -0.35, 0.9], 0.35, -1),
    ]
    for side in (1, -1):
        for n in (7, 8, 9):
            cases.append((_numbers(attempt, n), _numbers(attempt, n), 0.4 * (-1) ** n, side))
    answers = [(choice_of(attempt(*case), len(case[0]), "neurons"), case) for case in cases]
    for keep, case in answers:
        if keep != prune_neurons(*case) and not as_good(keep, *case):
            raise Wrong(which_neurons(answers), _neurons_shown(keep, *case))


def _neurons_shown(keep: Keep, first: list[float], second: list[float], weight: float, side: int) -> str:
    best = prune_neurons(first, second, weight, side)
    return (
        f"first {row(first)}, second {row(second)}, weight {weight:.3f}, side {side}: it keeps {brief(_places(keep))}, "
        f"which multiply x by {computed(keep, first, second, side):.3f}; {brief(_places(best))} by "
        f"{computed(best, first, second, side):.3f}"
    )


def _places(keep: Keep) -> list[int]:
    return [j for j, k in enumerate(keep) if k]


# 8.3 ---------------------------------------------------------------------------------------------------------


@exercise(
    numbers_needed,
    "How many numbers are needed",
    minutes=15,
    level=2,
    hints=(
        "For one count k, how do you get the share of draws that are within eps? Which k is the first where it is "
        "large enough? And what is the share one count earlier?",
        "`(errors <= eps).mean(axis=0)` has the share for every count, from 0 numbers on. Find the first k where it is "
        "`share` or more; between k - 1 and k go as far as the share you lack is of the step.",
        "p = (errors <= eps).mean(axis=0)\nk = np.flatnonzero(p >= share)  # empty: return math.inf\n"
        "# with k the first of them: 0.0 if it is 0, else\nk - 1 + (share - p[k - 1]) / (p[k] - p[k - 1])",
    ),
)
def check_numbers_needed(attempt: Attempt) -> None:
    """A table of four draws by hand, then random ones, each with what must not be confused."""
    hand = np.array([[0.5, 0.4, 0.1, 0.05], [0.5, 0.2, 0.1, 0.05], [0.5, 0.4, 0.3, 0.05], [0.5, 0.4, 0.3, 0.2]])
    cases: list[tuple[Table, float, float]] = [
        (hand, 0.2, 0.5),
        (hand, 0.2, 0.75),
        (hand, 0.2, 0.4),
        (hand, 0.05, 0.5),
        (hand, 0.5, 0.5),
        (hand, 0.05, 0.9),
    ]
    for _ in range(3):
        steps = 0.3 + 0.7 * torch.rand(23, 9, generator=attempt.rng, dtype=torch.float64).numpy()
        cases += [(0.5 * steps.cumprod(axis=1), eps, share) for eps, share in ((0.03, 0.5), (0.05, 0.8), (0.02, 0.3))]
    answers = [(_one_float(attempt(*case), "a count of numbers"), case) for case in cases]
    for got, case in answers:
        right = numbers_needed(*case)
        if not close(got, right):
            raise Wrong(which_count(answers), _count_shown(got, right, *case))


def _one_float(got: object, what: str) -> float:
    if got is None or isinstance(got, bool | str | bytes):
        raise Wrong(f"it returned {brief(got)}; expected one number, {what}")
    try:
        value = float(got)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; expected one number, {what}") from None
    if math.isnan(value):
        raise Wrong(f"it returned NaN; expected one number, {what}")
    return value


def _count_shown(got: float, right: float, table: Table, eps: float, share: float) -> str:
    p = ", ".join(f"{v:.2f}" for v in (table <= eps).mean(axis=0))
    return f"the shares within {eps} are {p} for 0, 1, 2, ... numbers; share {share}: it gave {got:g}, not {right:g}"


# 8.4 ---------------------------------------------------------------------------------------------------------


@exercise(
    worst_error,
    "The least lucky target",
    minutes=15,
    level=2,
    hints=(
        "Draw the sums as marks on a line. Between two neighbouring marks, which target is the worst off, and by how "
        "much? And what about the targets at the two ends, -1/2 and 1/2?",
        "Sort all 2^n sums. Candidates for the worst target are the middles between neighbours, if they are in "
        "[-1/2, 1/2], and the two ends. The distance of each to its nearest sum, on either side; the largest of these.",
        "sums = np.sort(proof.all_sums(numbers))\nmiddles = (sums[1:] + sums[:-1]) / 2\n"
        "targets = [-0.5, 0.5, *middles[np.abs(middles) <= 0.5]]\nmax(np.abs(sums - t).min() for t in targets)",
    ),
)
def check_worst_error(attempt: Attempt) -> None:
    """Sums that stand apart in known ways, then random ones."""
    cases: list[list[float]] = [
        [0.5, -0.5, 0.25],
        [0.3],  # both ends far from a sum
        [-0.5, 0.5],
        [0.5, -0.5, 0.25, 0.7, 0.9],  # wide gaps beyond 1/2
        [-0.75, 0.7, 0.1],  # the ends have their nearest sum outside
    ]
    cases += [_numbers(attempt, n) for n in (4, 5, 6, 7, 8)]
    answers = [(_one_float(attempt(x), "a distance"), x) for x in cases]
    for got, x in answers:
        right = worst_error(x)
        if not close(got, right):
            example = f"numbers {row(x)}: it gave {got:.4f}, expected {right:.4f}; the sums are {_sums_shown(x)}"
            raise Wrong(which_gap(answers), example)


def _sums_shown(numbers: Sequence[float]) -> str:
    sums = sorted(all_sums(numbers))
    return row(sums) if len(sums) <= 8 else row(sums[:4])[:-1] + ", ..., " + row(sums[-4:])[1:]


# 8.5 ---------------------------------------------------------------------------------------------------------


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
        "    if numbers[i] <= left:\n        kept[i] = True\n        left -= numbers[i]",
    ),
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
    ]
    for n in (5, 6, 7):
        cases.append((_numbers(attempt, n, 0.05), 0.9))
    answers: list[Case] = [(choice_of(attempt(x, t), len(x)), x, t) for x, t in cases]
    for keep, x, t in answers:
        right = take_what_fits(x, t)
        if keep != right:
            example = (
                f"numbers {row(x)}, target {t:.3f}: it keeps {row(kept_of(keep, x))}, "
                f"the rule keeps {row(kept_of(right, x))}"
            )
            raise Wrong(which_pass(answers), example)
