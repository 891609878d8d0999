"""What wrong answers to lesson 08 most likely do: each of them is tried, and the first that explains all is named."""

import bisect
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lthedu.exercises.choices import kept_of, off
from lthedu.proof import all_sums, closest_subset, greedy_subset
from lthedu.proof.golden import take_what_fits
from lthedu.proof.laws import numbers_needed, prune_neurons, worst_error

Keep = list[bool]
Case = tuple[Keep, list[float], float]  # a choice, the numbers, the target
Neurons = tuple[list[float], list[float], float, int]  # first and second weights, the weight to make, the side
Table = NDArray[np.float64]  # (draws, counts)


def is_best(keep: Keep, numbers: Sequence[float], target: float) -> bool:
    """Whether no choice comes closer to the target.

    >>> is_best([True, False], [0.5, 0.25], 0.45)
    True
    """
    return off(keep, numbers, target) <= off(closest_subset(numbers, target), numbers, target) + 1e-12


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


def which_search(answers: list[Case]) -> str:
    """What a search that misses the best choice most likely does: the first that explains every answer.

    >>> which_search([([False, False], [0.5, 0.25], 0.75)])[:28]
    'the choice is turned round: '
    """

    def swapped(keep: Keep) -> Keep:
        half = len(keep) // 2
        return keep[len(keep) - half :] + keep[: len(keep) - half]

    known: list[tuple[Callable[[Keep, list[float], float], bool], str]] = [
        (
            lambda keep, x, t: is_best([not k for k in keep], x, t),
            "the choice is turned round: True means kept, False means deleted",
        ),
        (
            lambda keep, x, t: is_best(keep[::-1], x, t),
            "the choice comes back from the last number to the first: put it in the order of the numbers",
        ),
        (
            lambda keep, x, t: is_best(swapped(keep), x, t),
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


def computed(keep: Keep, first: list[float], second: list[float], side: int) -> float:
    """What the kept neurons multiply an input by, on one side.

    >>> computed([True, True], [0.5, -1.0], [0.5, 1.0], 1)
    0.25
    """
    terms = zip(keep, first, second, strict=True)
    return sum(b * max(side * a, 0.0) for k, a, b in terms if k) * side


def as_good(keep: Keep, first: list[float], second: list[float], weight: float, side: int) -> bool:
    """Whether the kept neurons are alive on this side and no others come closer to the weight.

    >>> as_good([True, False], [0.5, -1.0], [0.5, 1.0], 0.25, 1)
    True
    """
    best = abs(computed(prune_neurons(first, second, weight, side), first, second, side) - weight)
    near = abs(computed(keep, first, second, side) - weight) <= best + 1e-12
    return near and not any(k and side * a <= 0 for k, a in zip(keep, first, strict=True))


def which_neurons(answers: list[tuple[Keep, Neurons]]) -> str:
    """What a choice of neurons that is not the best most likely does: the first that explains every answer.

    >>> which_neurons([([False, True], ([0.5, -1.0], [0.5, 1.0], 0.25, 1))])[:13]
    'another choic'
    """

    def all_keep(choose: Callable[..., Keep]) -> bool:
        return all(keep == choose(*case) for keep, case in answers)

    right = [(keep, case) for keep, case in answers if case[3] == 1]
    left = [(keep, case) for keep, case in answers if case[3] == -1]
    if all_keep(lambda a, b, w, side: prune_neurons(a, b, w, 1)):
        return "it does not use `side`: for inputs x <= 0 the neurons with a < 0 live, and those with a > 0 are dead"
    if all(as_good(keep, *case) for keep, case in right) and all(
        as_good(keep, a, b, -w, s) for keep, (a, b, w, s) in left
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
    return as_good([k and side * a > 0 for k, a in zip(keep, first, strict=True)], first, second, weight, side)


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


def close(a: float, b: float) -> bool:
    """Whether two numbers are the same but for rounding.

    >>> close(0.1 + 0.2, 0.3)
    True
    """
    return a == b or math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-6)


def which_count(answers: Iterable[tuple[float, tuple[Table, float, float]]]) -> str:
    """What a count that is not the right one most likely does: the first that explains every answer.

    >>> table = np.array([[0.5, 0.4, 0.1], [0.5, 0.2, 0.1]])
    >>> which_count([(1.0, (table, 0.2, 0.4))])[:25]
    'it gives whole counts: go'
    """
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
    if all(close(got, numbers_needed(*case)) for got, case in reached):
        return "where even all numbers are too few it must give math.inf: nobody knows how many it would take"
    for wrong, words in known:
        if all(close(got, wrong(*case)) for got, case in reached if not math.isnan(wrong(*case))):
            return words
    return "that is not the count at which the share is reached"


def which_gap(answers: list[tuple[float, list[float]]]) -> str:
    """What a distance that is not the worst most likely is: the first that explains every answer.

    >>> which_gap([(0.25, [0.5, -0.5, 0.25])])[:21]
    'that is twice as much'
    """

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
        if all(close(got, wrong(x)) for got, x in answers):
            return words
    if all(worst_error(x) - 0.03 <= got <= worst_error(x) + 1e-9 for got, x in answers):
        return "it tries some targets, and the worst may stand between them: the middles of the gaps are exact"
    return "that is not the distance of the least lucky target from its nearest sum"


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


def which_pass(answers: list[Case]) -> str:
    """What a pass that does not keep the rule most likely does: the first that explains every answer.

    >>> which_pass([([True, True], [0.5, 0.25], 0.5)])[:38]
    'it compares every number with the targ'
    """

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
    if all(is_best(*answer) for answer in answers):
        return "that is the best choice of all, by a search: here one pass is asked for, from the largest down"
    return "that is not the choice of the rule: largest first, each kept if it fits into what is left"
