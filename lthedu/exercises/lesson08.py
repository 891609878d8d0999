"""Checks of lesson 08, subset sums."""

import bisect
import itertools
import math
import tracemalloc
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lthedu.exercises.choices import choice_of, kept_of, off, row
from lthedu.exercises.core import Attempt, Wrong, brief, exercise
from lthedu.proof import all_sums, closest_subset, greedy_subset, meet_in_the_middle
from lthedu.proof.golden import take_what_fits
from lthedu.proof.laws import numbers_needed, prune_neurons, worst_error

Keep = list[bool]
Case = tuple[Keep, list[float], float]  # a choice, the numbers, the target


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
    "8.1",
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
    reference=meet_in_the_middle,
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
        if not _is_best(keep, x, t):
            raise Wrong(_which_search(answers), _shown(keep, x, t))
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


def _is_best(keep: Keep, numbers: Sequence[float], target: float) -> bool:
    return off(keep, numbers, target) <= off(closest_subset(numbers, target), numbers, target) + 1e-12


def _shown(keep: Keep, numbers: Sequence[float], target: float) -> str:
    best = closest_subset(numbers, target)
    return (
        f"numbers {row(numbers)}, target {target:.3f}: keeping {row(kept_of(keep, numbers))} is off by "
        f"{off(keep, numbers, target):.3f}, keeping {row(kept_of(best, numbers))} by {off(best, numbers, target):.3f}"
    )


def _bits(k: int, n: int) -> Keep:
    return [bool(k >> i & 1) for i in range(n)]


def _one_after_the_other(x: list[float], t: float) -> Keep:
    half = len(x) // 2
    left = closest_subset(x[:half], t)
    return left + closest_subset(x[half:], t - sum(kept_of(left, x[:half])))


def _place_in_the_sorted_list(x: list[float], t: float) -> Keep:
    """What comes of taking a place among the sorted sums for the choice itself."""
    half = len(x) // 2
    left, right = all_sums(x[:half]), all_sums(x[half:])
    order = left.argsort(kind="stable")
    i, j = np.unravel_index(np.abs(left[order][:, None] + right - t).argmin(), (len(left), len(right)))
    return _bits(int(i), half) + _bits(int(j), len(x) - half)


def _one_neighbour(x: list[float], t: float, shift: int) -> Keep:
    """What comes of one neighbour of what a right sum wants: -1 for the one at or below it, 0 for that at or above."""
    half = len(x) // 2
    left, wanted = all_sums(x[:half]), t - all_sums(x[half:])
    order = left.argsort(kind="stable")
    near = left[order].searchsorted(wanted, "right" if shift else "left") + shift
    near = near.clip(0, len(left) - 1)
    j = int(np.abs(left[order][near] - wanted).argmin())
    return _bits(int(order[near[j]]), half) + _bits(j, len(x) - half)


def _which_search(answers: list[Case]) -> str:
    """What a search that misses the best choice most likely does: the first that explains every answer."""

    def swapped(keep: Keep) -> Keep:
        half = len(keep) // 2
        return keep[len(keep) - half :] + keep[: len(keep) - half]

    known: list[tuple[Callable[[Keep, list[float], float], bool], str]] = [
        (
            lambda keep, x, t: _is_best([not k for k in keep], x, t),
            "the choice is turned round: True means kept, False means deleted",
        ),
        (
            lambda keep, x, t: _is_best(keep[::-1], x, t),
            "the choice comes back from the last number to the first: put it in the order of the numbers",
        ),
        (
            lambda keep, x, t: _is_best(swapped(keep), x, t),
            "the halves have changed places: the left half's choice comes first",
        ),
        (
            lambda keep, x, t: keep == _one_after_the_other(x, t),
            "it settles the left half first and lets the right half make the best of it; but the best left half on "
            "its own need not be part of the best choice: every right sum wants a partner of its own",
        ),
        (
            lambda keep, x, t: keep == _place_in_the_sorted_list(x, t),
            "it takes the place of a sum in the sorted list for its choice: sorting moved the sums, so remember which "
            "choice each belongs to",
        ),
        (
            lambda keep, x, t: not any(keep[len(x) // 2 :]) or not any(keep[: len(x) // 2]),
            "it chooses from one half only: a sum has a part from each half",
        ),
        (
            lambda keep, x, t: sum(kept_of(keep, x)) <= t + 1e-9 or not any(keep) or keep == _one_neighbour(x, t, -1),
            "it never goes above the target: of the two neighbours of target - r in the sorted list it takes the lower "
            "one, and the upper one may be nearer",
        ),
        (
            lambda keep, x, t: sum(kept_of(keep, x)) >= t - 1e-9 or not any(keep) or keep == _one_neighbour(x, t, 0),
            "it never stays below the target: of the two neighbours of target - r in the sorted list it takes the "
            "upper one, which `bisect` points at, and the lower one may be nearer",
        ),
    ]
    for does, words in known:
        if all(does(*answer) for answer in answers):
            return words
    return "another choice comes closer to the target"


# 8.2 ---------------------------------------------------------------------------------------------------------


@exercise(
    "8.2",
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
    reference=prune_neurons,
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
        if keep != prune_neurons(*case) and not _as_good(keep, *case):
            raise Wrong(_which_neurons(answers), _neurons_shown(keep, *case))


Neurons = tuple[list[float], list[float], float, int]


def _computed(keep: Keep, first: list[float], second: list[float], side: int) -> float:
    """What the kept neurons multiply an input by, on one side."""
    terms = zip(keep, first, second, strict=True)
    return sum(b * max(side * a, 0.0) for k, a, b in terms if k) * side


def _as_good(keep: Keep, first: list[float], second: list[float], weight: float, side: int) -> bool:
    best = abs(_computed(prune_neurons(first, second, weight, side), first, second, side) - weight)
    near = abs(_computed(keep, first, second, side) - weight) <= best + 1e-12
    return near and not any(k and side * a <= 0 for k, a in zip(keep, first, strict=True))


def _which_neurons(answers: list[tuple[Keep, Neurons]]) -> str:
    def all_keep(choose: Callable[..., Keep]) -> bool:
        return all(keep == choose(*case) for keep, case in answers)

    right = [(keep, case) for keep, case in answers if case[3] == 1]
    left = [(keep, case) for keep, case in answers if case[3] == -1]
    if all_keep(lambda a, b, w, side: prune_neurons(a, b, w, 1)):
        return "it does not use `side`: for inputs x <= 0 the neurons with a < 0 live, and those with a > 0 are dead"
    if all(_as_good(keep, *case) for keep, case in right) and all(
        _as_good(keep, a, b, -w, s) for keep, (a, b, w, s) in left
    ):
        return (
            "for inputs x <= 0 it makes +weight where -weight is wanted: there relu(a x) is |a| times -x, so that "
            "|a| b must add up to -weight"
        )
    if all(keep == _folded(a, b, side * w, side) for keep, (a, b, w, side) in answers):
        return "a dead neuron's product a b is used as if it counted: relu makes it zero, so drop it before the search"
    if all(_near_with_dead(keep, *case) for keep, case in answers):
        return "it keeps a neuron that is dead on this side: it changes nothing there, so it must be deleted"
    if all_keep(lambda a, b, w, side: _among_live(a, b, side * w, side, lambda x, y: y)):
        return "it leaves out the first weight: a neuron adds |a| b, not b"
    if all_keep(lambda a, b, w, side: _among_live(a, b, side * w, side, lambda x, y: abs(x))):
        return "it leaves out the second weight: a neuron adds |a| b, not |a|"
    if all_keep(lambda a, b, w, side: _among_live(a, b, side * w, side, lambda x, y: abs(x) * y, greedy_subset)):
        return "it takes the largest products first and never thinks again; another choice comes closer"
    return "another choice of living neurons comes closer to the weight"


def _folded(first: list[float], second: list[float], target: float, side: int) -> Keep:
    """What comes of searching among all products, dead ones included."""
    return closest_subset([side * a * b for a, b in zip(first, second, strict=True)], target)


def _near_with_dead(keep: Keep, first: list[float], second: list[float], weight: float, side: int) -> bool:
    return _as_good([k and side * a > 0 for k, a in zip(keep, first, strict=True)], first, second, weight, side)


def _among_live(
    first: list[float],
    second: list[float],
    target: float,
    side: int,
    product: Callable[[float, float], float],
    search: Callable[[Sequence[float], float], Keep] = closest_subset,
) -> Keep:
    live = [j for j, a in enumerate(first) if side * a > 0]
    chosen = dict(zip(live, search([product(first[j], second[j]) for j in live], target), strict=True))
    return [chosen.get(j, False) for j in range(len(first))]


def _neurons_shown(keep: Keep, first: list[float], second: list[float], weight: float, side: int) -> str:
    best = prune_neurons(first, second, weight, side)
    return (
        f"first {row(first)}, second {row(second)}, weight {weight:.3f}, side {side}: it keeps {brief(_places(keep))}, "
        f"which multiply x by {_computed(keep, first, second, side):.3f}; {brief(_places(best))} by "
        f"{_computed(best, first, second, side):.3f}"
    )


def _places(keep: Keep) -> list[int]:
    return [j for j, k in enumerate(keep) if k]


# 8.3 ---------------------------------------------------------------------------------------------------------

Table = NDArray[np.float64]


@exercise(
    "8.3",
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
    reference=numbers_needed,
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
        if not _close(got, right):
            raise Wrong(_which_count(answers), _count_shown(got, right, *case))


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


def _close(a: float, b: float) -> bool:
    return a == b or math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6)


def _which_count(answers: Iterable[tuple[float, tuple[Table, float, float]]]) -> str:
    answers = list(answers)

    def within(table: Table, eps: float, share: float) -> tuple[NDArray[np.float64], int]:
        p = (table <= eps).mean(axis=0)
        return p, int((p >= share).argmax())

    def from_the_end(table: Table, eps: float, share: float) -> float:
        p, k = within(table, eps, share)
        return k - 1 + float((p[k] - share) / (p[k] - p[k - 1])) if k else 0.0

    def one_later(table: Table, eps: float, share: float) -> float:
        return numbers_needed(table, eps, share) + 1

    def whole(table: Table, eps: float, share: float) -> float:
        return math.ceil(numbers_needed(table, eps, share) - 1e-9)

    def below(table: Table, eps: float, share: float) -> float:
        return max(math.floor(numbers_needed(table, eps, share) - 1e-9), 0)

    def mean(table: Table, eps: float, share: float) -> float:
        near = np.flatnonzero(table.mean(axis=0) <= eps)
        return float(near[0]) if len(near) else math.inf

    def tabled(change: Callable[[Table, float, float], tuple[Any, float, float]]) -> Callable[..., float]:
        return lambda table, eps, share: numbers_needed(*change(table, eps, share))

    known: list[tuple[Callable[..., float], str]] = [
        (whole, "it gives whole counts: go between k - 1 and k as far as the share asked for lies between theirs"),
        (below, "it stops one count too early: the share is reached at k, not at k - 1, and between them in between"),
        (one_later, "it counts one too many: the first column is for no numbers at all, so column k is for k numbers"),
        (lambda *case: whole(*case) + 1, "it counts one too many, and whole: column k is for k numbers"),
        (from_the_end, "it goes between k - 1 and k from the wrong end: start from the share at k - 1"),
        (tabled(lambda t, e, s: (np.where(t == e, 2 * e, t), e, s)), "an error of exactly eps counts as within eps"),
        (tabled(lambda t, e, s: (t**2, e, s)), "it compares squared errors with eps: compare the errors themselves"),
        (tabled(lambda t, e, s: (t, e, 0.5)), "it does not use `share`: it gives the count for half of the draws"),
        (tabled(lambda t, e, s: (t, e, 1 - s)), "it takes the share of draws that miss for the share that hit"),
        (mean, "it looks at the mean error: one draw far off moves it, where the share of draws within eps is asked"),
    ]
    reached = [(got, case) for got, case in answers if math.isfinite(numbers_needed(*case))]
    if all(_close(got, numbers_needed(*case)) for got, case in reached):
        return "where even all numbers are too few it must give math.inf: nobody knows how many it would take"
    for wrong, words in known:
        if all(_close(got, wrong(*case)) for got, case in reached if not math.isnan(wrong(*case))):
            return words
    return "that is not the count at which the share is reached"


def _count_shown(got: float, right: float, table: Table, eps: float, share: float) -> str:
    p = ", ".join(f"{v:.2f}" for v in (table <= eps).mean(axis=0))
    return f"the shares within {eps} are {p} for 0, 1, 2, ... numbers; share {share}: it gave {got:g}, not {right:g}"


# 8.4 ---------------------------------------------------------------------------------------------------------


@exercise(
    "8.4",
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
    reference=worst_error,
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
        if not _close(got, right):
            example = f"numbers {row(x)}: it gave {got:.4f}, expected {right:.4f}; the sums are {_sums_shown(x)}"
            raise Wrong(_which_gap(answers), example)


def _sums_shown(numbers: Sequence[float]) -> str:
    sums = sorted(all_sums(numbers))
    return row(sums) if len(sums) <= 8 else row(sums[:4])[:-1] + ", ..., " + row(sums[-4:])[1:]


def _which_gap(answers: list[tuple[float, list[float]]]) -> str:
    def worst(sums: NDArray[np.float64], targets: Iterable[float]) -> float:
        return max((float(np.abs(sums - t).min()) for t in targets if len(sums)), default=0.0)

    def middles(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        m = (sums[1:] + sums[:-1]) / 2
        return m[np.abs(m) <= 0.5]

    def of(change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Callable[[list[float]], float]:
        def found(x: list[float]) -> float:
            sums = np.sort(change(all_sums(x)))
            return worst(sums, [-0.5, 0.5, *middles(sums)])

        return found

    def unsorted(x: list[float]) -> float:
        return float(np.abs(np.diff(all_sums(x))).max(initial=0)) / 2

    def gaps(x: list[float], low: float = -math.inf, high: float = math.inf) -> float:
        sums = np.sort(all_sums(x))
        return float(np.diff(sums[(sums >= low) & (sums <= high)]).max(initial=0))

    def below(x: list[float]) -> float:
        sums = np.sort(all_sums(x))
        ends = [*sums[np.abs(sums) <= 0.5], 0.5]
        return max((float(t - sums[sums < t].max()) for t in ends if (sums < t).any()), default=0.0)

    def mean(x: list[float]) -> float:
        sums = np.sort(all_sums(x))
        return float(np.mean([np.abs(sums - t).min() for t in [-0.5, 0.5, *middles(sums)]]))

    known: list[tuple[Callable[[list[float]], float], str]] = [
        (
            lambda x: 2 * worst_error(x),
            "that is twice as much: the least lucky target stands in the middle of a gap, half of it from either side",
        ),
        (
            lambda x: gaps(x) / 2,
            "it counts gaps outside [-1/2, 1/2]: far out the sums are rare, but no target is there",
        ),
        (gaps, "it counts whole gaps, and those outside [-1/2, 1/2], too: half of a gap, and only where targets are"),
        (
            lambda x: worst(np.sort(all_sums(x)), middles(np.sort(all_sums(x)))),
            "it forgets the ends: the targets -1/2 and 1/2 may be further from a sum than any middle",
        ),
        (
            lambda x: gaps(x, -0.5, 0.5) / 2,
            "it looks at gaps between sums inside [-1/2, 1/2] only: what is between the outermost of them and the ends "
            "counts, too",
        ),
        (
            lambda x: gaps(x, -0.5, 0.5),
            "it gives the largest whole gap inside [-1/2, 1/2]: the least lucky target is half of it away, and what is "
            "between the outermost sums and the ends counts, too",
        ),
        (
            of(lambda sums: sums[np.abs(sums) <= 0.5]),
            "it throws away the sums outside [-1/2, 1/2]: for a target near the end the nearest sum may be out there",
        ),
        (unsorted, "it takes neighbours in the list for neighbours on the line: sort the sums first"),
        (below, "it looks for the nearest sum on one side only: a sum above the target is as good as one below"),
        (of(lambda sums: sums[1:]), "it forgets to keep none: the empty choice has the sum 0"),
        (
            lambda x: worst(np.sort(np.array([0.0, *x])), [-0.5, 0.5, *middles(np.sort(np.array([0.0, *x])))]),
            "it uses the numbers themselves: it is their sums, 2^n of them, that have to be near every target",
        ),
        (mean, "it gives an average over targets: asked for is the worst of them"),
    ]
    for wrong, words in known:
        if all(_close(got, wrong(x)) for got, x in answers):
            return words
    if all(worst_error(x) - 0.03 <= got <= worst_error(x) + 1e-9 for got, x in answers):
        return "it tries some targets, and the worst may stand between them: the middles of the gaps are exact"
    return "that is not the distance of the least lucky target from its nearest sum"


# 8.5 ---------------------------------------------------------------------------------------------------------


@exercise(
    "8.5",
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
    reference=take_what_fits,
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
            raise Wrong(_which_pass(answers), example)


def _pass(
    x: list[float],
    t: float,
    *,
    order: Callable[[float], float] = lambda v: -v,
    fits: Callable[[float, float], bool] = lambda v, left: v <= left,
    once: bool = False,
    subtract: bool = True,
) -> Keep:
    """The rule with one thing in it changed."""
    keep, left = [False] * len(x), t
    for i in sorted(range(len(x)), key=lambda i: order(x[i])):
        if fits(x[i], left):
            keep[i] = True
            left -= x[i] if subtract else 0.0
        elif once:
            break
    return keep


def _which_pass(answers: list[Case]) -> str:
    def in_falling_order(x: list[float], t: float) -> Keep:
        order = sorted(range(len(x)), key=lambda i: -x[i])
        keep = take_what_fits(x, t)
        return [keep[i] for i in order]

    def up_from_the_smallest(x: list[float], t: float) -> Keep:
        total = list(itertools.accumulate(sorted(x)))
        many = bisect.bisect(total, t)
        return [v in sorted(x)[:many] for v in x]

    known: list[tuple[Callable[[list[float], float], Keep], str]] = [
        (lambda x, t: _pass(x, t, order=lambda v: 0.0), "it takes the numbers as they come: begin with the largest"),
        (lambda x, t: _pass(x, t, order=lambda v: v), "it begins with the smallest: begin with the largest"),
        (up_from_the_smallest, "it begins with the smallest: begin with the largest"),
        (
            in_falling_order,
            "the choice comes back in the order of size: put each answer at the place where its number came",
        ),
        (
            lambda x, t: _pass(x, t, fits=lambda v, left: v < left),
            "a number that is exactly what is left fits: compare with <=",
        ),
        (
            lambda x, t: _pass(x, t, once=True),
            "it stops at the first number that does not fit: smaller ones may fit still",
        ),
        (
            lambda x, t: _pass(x, t, subtract=False),
            "it compares every number with the target: compare with what is left of it, and subtract what you keep",
        ),
        (
            greedy_subset,
            "it keeps what brings the sum nearer, even above the target: keep a number only if it fits in what is left",
        ),
        (lambda x, t: [not k for k in take_what_fits(x, t)], "the choice is turned round: True means kept"),
    ]
    for wrong, words in known:
        if all(keep == wrong(x, t) for keep, x, t in answers):
            return words
    if all(_is_best(*answer) for answer in answers):
        return "that is the best choice of all, by a search: here one pass is asked for, from the largest down"
    return "that is not the choice of the rule: largest first, each kept if it fits into what is left"
