"""Answers to lesson 08 that people really give: right ones written differently, and wrong ones by name.

No lesson imports this module; the tests hold every check against it.
"""

import bisect
import itertools
import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lthedu.exercises.core import alternative, planted
from lthedu.proof import all_sums, closest_subset, greedy_subset, meet_in_the_middle

Keep = list[bool]
Row = list[float]
Table = NDArray[np.float64]


def _choices(n: int) -> Iterator[tuple[bool, ...]]:
    return itertools.product([False, True], repeat=n)


def _sum(numbers: Sequence[float], keep: Sequence[bool]) -> float:
    return sum(itertools.compress(numbers, keep))


def _halves(numbers: Row) -> tuple[Row, Row]:
    return numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]


def _bits(k: int, n: int) -> Keep:
    return [bool(int(k) >> i & 1) for i in range(n)]


# 8.1 ---------------------------------------------------------------------------------------------------------


@alternative("8.1")
def bisects_in_plain_python(numbers: Row, target: float) -> Keep:
    left, right = _halves(numbers)
    sums = sorted((_sum(left, keep), keep) for keep in _choices(len(left)))
    values = [s for s, _ in sums]
    best, smallest = [False] * len(numbers), math.inf
    for keep in _choices(len(right)):
        rest = target - _sum(right, keep)
        i = bisect.bisect(values, rest)
        for s, partner in sums[max(i - 1, 0) : i + 1]:
            if abs(s - rest) < smallest:
                best, smallest = [*partner, *keep], abs(s - rest)
    return best


@alternative("8.1")
def two_pointers(numbers: Row, target: float) -> Keep:
    left, right = _halves(numbers)
    low = sorted((_sum(left, keep), keep) for keep in _choices(len(left)))
    high = sorted(((_sum(right, keep), keep) for keep in _choices(len(right))), reverse=True)
    best, smallest = [False] * len(numbers), math.inf
    i = j = 0
    while i < len(low) and j < len(high):
        off = low[i][0] + high[j][0] - target
        if abs(off) < smallest:
            best, smallest = [*low[i][1], *high[j][1]], abs(off)
        i, j = (i + 1, j) if off < 0 else (i, j + 1)
    return best


@alternative("8.1")
def with_torch(numbers: Row, target: float) -> list[int]:
    """Every other number in one half: a half is a half."""
    n = len(numbers)
    places = [*range(0, n, 2), *range(1, n, 2)]
    m = len(range(0, n, 2))

    def sums(of: list[int]) -> torch.Tensor:
        found = torch.zeros(1, dtype=torch.float64)
        for p in of:
            found = torch.cat([found, found + float(numbers[p])])
        return found

    left, order = sums(places[:m]).sort()
    wanted = target - sums(places[m:])
    at = torch.searchsorted(left, wanted).clamp(max=len(left) - 1)
    near = torch.where((left[at] - wanted).abs() < (left[(at - 1).clamp(min=0)] - wanted).abs(), at, (at - 1).clamp(0))
    j = int((left[near] - wanted).abs().argmin())
    keep = [*_bits(int(order[near[j]]), m), *_bits(j, n - m)]
    return [int(keep[places.index(p)]) for p in range(n)]


def _paired(numbers: Row, target: float, partner: Callable[[Table, Table], NDArray[np.intp]]) -> Keep:
    """Meeting in the middle with another rule for the partner of what each right sum wants."""
    left, right = _halves(numbers)
    sums = all_sums(left)
    order = sums.argsort(kind="stable")
    wanted = target - all_sums(right)
    near = partner(sums[order], wanted)
    j = int(np.abs(sums[order][near] - wanted).argmin())
    return _bits(order[near[j]], len(left)) + _bits(j, len(right))


@planted("8.1", "the lower one, and the upper one may be nearer")
def looks_below_only(numbers: Row, target: float) -> Keep:
    return _paired(numbers, target, lambda s, wanted: (s.searchsorted(wanted, "right") - 1).clip(min=0))


@planted("8.1", "the upper one, which `bisect` points at")
def looks_where_bisect_points(numbers: Row, target: float) -> Keep:
    return _paired(numbers, target, lambda s, wanted: s.searchsorted(wanted).clip(max=len(s) - 1))


@planted("8.1", "sorting moved the sums")
def forgets_the_order(numbers: Row, target: float) -> Keep:  # argsort without looking back
    left, right = _halves(numbers)
    sums, wanted = np.sort(all_sums(left)), target - all_sums(right)
    i, j = np.unravel_index(np.abs(sums[:, None] - wanted).argmin(), (len(sums), len(wanted)))
    return _bits(int(i), len(left)) + _bits(int(j), len(right))


@planted("8.1", "it settles the left half first")
def one_half_after_the_other(numbers: Row, target: float) -> Keep:
    left, right = _halves(numbers)
    first = closest_subset(left, target)
    return first + closest_subset(right, target - _sum(left, first))


@planted("8.1", "from one half only")
def the_better_half(numbers: Row, target: float) -> Keep:
    left, right = _halves(numbers)
    a, b = closest_subset(left, target), closest_subset(right, target)
    if abs(_sum(left, a) - target) < abs(_sum(right, b) - target):
        return a + [False] * len(right)
    return [False] * len(left) + b


@planted("8.1", "the halves have changed places")
def right_half_first(numbers: Row, target: float) -> Keep:
    keep = meet_in_the_middle(numbers, target)
    return keep[len(numbers) // 2 :] + keep[: len(numbers) // 2]


@planted("8.1", "from the last number to the first")
def reads_bits_from_the_left(numbers: Row, target: float) -> Keep:  # bin(k) begins with the highest
    return meet_in_the_middle(numbers, target)[::-1]


@planted("8.1", "the choice is turned round")
def says_what_to_delete(numbers: Row, target: float) -> Keep:
    return [not k for k in meet_in_the_middle(numbers, target)]


@planted("8.1", "adds about as often as there are choices")
def tries_all(numbers: Row, target: float) -> tuple[bool, ...]:
    return min(_choices(len(numbers)), key=lambda keep: abs(_sum(numbers, keep) - target))


@planted("8.1", "adds about as often as there are choices")
def tries_every_pair(numbers: Row, target: float) -> Keep:
    left, right = _halves(numbers)
    sums = [(_sum(right, keep), keep) for keep in _choices(len(right))]
    best, smallest = [False] * len(numbers), math.inf
    for keep in _choices(len(left)):
        mine = _sum(left, keep)
        for theirs, other in sums:
            if abs(mine + theirs - target) < smallest:
                best, smallest = [*keep, *other], abs(mine + theirs - target)
    return best


@planted("8.1", "as many sums in memory as there are choices")
def all_sums_in_numpy(numbers: Row, target: float) -> Keep:
    return closest_subset(numbers, target)


@planted("8.1", "as many sums in memory as there are choices")
def a_table_of_all_pairs(numbers: Row, target: float) -> Keep:
    left, right = _halves(numbers)
    table = np.abs(all_sums(left)[:, None] + all_sums(right) - target)
    i, j = np.unravel_index(table.argmin(), table.shape)
    return _bits(int(i), len(left)) + _bits(int(j), len(right))


@planted("8.1", "are sums rounded")
def rounds_to_find_a_partner(numbers: Row, target: float) -> Keep:  # float32 halves the memory
    def sums(half: Row) -> NDArray[np.float32]:
        return all_sums(half).astype(np.float32)

    left, right = _halves(numbers)
    order = sums(left).argsort(kind="stable")
    low, wanted = sums(left)[order], np.float32(target) - sums(right)
    above = low.searchsorted(wanted).clip(max=len(low) - 1)
    below = (above - 1).clip(min=0)
    near = np.where(np.abs(low[above] - wanted) < np.abs(low[below] - wanted), above, below)
    j = int(np.abs(low[near] - wanted).argmin())
    return _bits(order[near[j]], len(left)) + _bits(j, len(right))


@planted("8.1", "not what they add up to")
def returns_the_sum(numbers: Row, target: float) -> float:
    return _sum(numbers, meet_in_the_middle(numbers, target))


@planted("8.1", "changed its argument 'numbers'")
def sorts_the_numbers(numbers: Row, target: float) -> Keep:
    numbers.sort()
    return meet_in_the_middle(numbers, target)


# 8.2 ---------------------------------------------------------------------------------------------------------


def _search(
    first: Row, second: Row, target: float, candidate: Callable[[float, float], float], live: Callable[[float], bool]
) -> Keep:
    places = [j for j, a in enumerate(first) if live(a)]
    chosen = closest_subset([candidate(first[j], second[j]) for j in places], target)
    kept = set(itertools.compress(places, chosen))
    return [j in kept for j in range(len(first))]


@alternative("8.2")
def turns_the_signs(first: Row, second: Row, weight: float, side: int = 1) -> Keep:
    """a b of both signs negative is |a| |b|: on the other side, a b must add up to +weight."""
    return _search(first, second, weight, lambda a, b: a * b, lambda a: a * side > 0)


@alternative("8.2")
def zeroes_and_strikes_out(first: Row, second: Row, weight: float, side: int = 1) -> list[bool]:
    a = np.maximum(side * np.array(first), 0.0)
    keep = np.array(meet_in_the_middle((a * np.array(second)).tolist(), side * weight))
    return list(map(bool, keep & (a > 0)))


@alternative("8.2")
def tries_the_neurons(first: Row, second: Row, weight: float, side: int = 1) -> tuple[bool, ...]:
    x = float(side)

    def off(keep: tuple[bool, ...]) -> tuple[float, int]:
        y = sum(b * max(a * x, 0.0) for a, b, k in zip(first, second, keep, strict=True) if k)
        return abs(y - weight * x), sum(keep)

    allowed = [k for k in _choices(len(first)) if all(a * x > 0 for a in itertools.compress(first, k))]
    return min(allowed, key=off)


@planted("8.2", "a dead neuron's product a b is used")
def dead_ones_as_candidates(first: Row, second: Row, weight: float, side: int = 1) -> Keep:
    return _search(first, second, side * weight, lambda a, b: side * a * b, lambda a: True)


@planted("8.2", "keeps a neuron that is dead")
def zeros_as_candidates(first: Row, second: Row, weight: float, side: int = 1) -> Keep:  # padding is "selected"
    keep = _search(first, second, side * weight, lambda a, b: side * a * b, lambda a: side * a > 0)
    return [k or side * a <= 0 for k, a in zip(keep, first, strict=True)]


@planted("8.2", "-weight is wanted")
def forgets_the_minus(first: Row, second: Row, weight: float, side: int = 1) -> Keep:
    return _search(first, second, weight, lambda a, b: abs(a) * b, lambda a: side * a > 0)


@planted("8.2", "-weight is wanted")
def counts_the_minus_twice(first: Row, second: Row, weight: float, side: int = 1) -> Keep:
    return _search(first, second, side * weight, lambda a, b: a * b, lambda a: side * a > 0)


@planted("8.2", "it does not use `side`")
def ignores_the_side(first: Row, second: Row, weight: float, side: int = 1) -> Keep:
    return _search(first, second, weight, lambda a, b: a * b, lambda a: a > 0)


@planted("8.2", "it leaves out the first weight")
def second_layer_only(first: Row, second: Row, weight: float, side: int = 1) -> Keep:
    return _search(first, second, side * weight, lambda a, b: b, lambda a: side * a > 0)


@planted("8.2", "it leaves out the second weight")
def first_layer_only(first: Row, second: Row, weight: float, side: int = 1) -> Keep:
    return _search(first, second, side * weight, lambda a, b: abs(a), lambda a: side * a > 0)


@planted("8.2", "never thinks again")
def hasty_among_the_living(first: Row, second: Row, weight: float, side: int = 1) -> Keep:
    live = [j for j, a in enumerate(first) if side * a > 0]
    chosen = greedy_subset([abs(first[j]) * second[j] for j in live], side * weight)
    kept = set(itertools.compress(live, chosen))
    return [j in kept for j in range(len(first))]


@planted("8.2", "one for each of the neurons")
def a_choice_of_the_living_only(first: Row, second: Row, weight: float, side: int = 1) -> Keep:
    live = [(a, b) for a, b in zip(first, second, strict=True) if side * a > 0]
    return meet_in_the_middle([abs(a) * b for a, b in live], side * weight)


@planted("8.2", "it returned numbers")
def returns_the_products(first: Row, second: Row, weight: float, side: int = 1) -> Row:
    return [max(side * a, 0.0) * b for a, b in zip(first, second, strict=True)]


# 8.3 ---------------------------------------------------------------------------------------------------------


@alternative("8.3")
def counts_in_plain_python(errors: Table, eps: float, share: float = 0.5) -> float:
    before = 0.0
    for k in range(len(errors[0])):
        hit = sum(row[k] <= eps for row in errors) / len(errors)
        if hit >= share:
            return k if k == 0 else k - (hit - share) / (hit - before)
        before = hit
    return math.inf


@alternative("8.3")
def interpolates_in_numpy(errors: Table, eps: float, share: float = 0.5) -> float:
    p = np.mean(np.asarray(errors) <= eps, axis=0)
    if p[-1] < share:
        return float("inf")
    k = int(np.argmax(p >= share))
    return float(np.interp(share, p[max(k - 1, 0) : k + 1], np.arange(max(k - 1, 0), k + 1)))


def _reached(errors: Table, eps: float, share: float) -> tuple[NDArray[np.float64], int | None]:
    p = (errors <= eps).mean(axis=0)
    return p, int((p >= share).argmax()) if (p >= share).any() else None


def _between(p: NDArray[np.float64], k: int | None, share: float) -> float:
    if k is None:
        return math.inf
    return k - 1 + float((share - p[k - 1]) / (p[k] - p[k - 1])) if k else 0.0


@planted("8.3", "it gives whole counts")
def the_first_whole_count(errors: Table, eps: float, share: float = 0.5) -> float:
    _, k = _reached(errors, eps, share)
    return math.inf if k is None else k


@planted("8.3", "one count too early")
def the_last_count_that_fails(errors: Table, eps: float, share: float = 0.5) -> float:
    _, k = _reached(errors, eps, share)
    return math.inf if k is None else max(k - 1, 0)


@planted("8.3", "the first column is for no numbers at all")
def counts_columns_from_one(errors: Table, eps: float, share: float = 0.5) -> float:
    return _between(*_reached(errors, eps, share), share) + 1


@planted("8.3", "too many, and whole")
def counts_columns_and_whole(errors: Table, eps: float, share: float = 0.5) -> float:
    _, k = _reached(errors, eps, share)
    return math.inf if k is None else k + 1


@planted("8.3", "from the wrong end")
def goes_back_from_k(errors: Table, eps: float, share: float = 0.5) -> float:
    p, k = _reached(errors, eps, share)
    if not k:
        return math.inf if k is None else 0.0
    return k - 1 + float((p[k] - share) / (p[k] - p[k - 1]))


@planted("8.3", "exactly eps counts")
def strictly_less(errors: Table, eps: float, share: float = 0.5) -> float:
    p = (errors < eps).mean(axis=0)
    return _between(p, int((p >= share).argmax()) if (p >= share).any() else None, share)


@planted("8.3", "squared errors")
def compares_squares(errors: Table, eps: float, share: float = 0.5) -> float:
    return _between(*_reached(errors**2, eps, share), share)


@planted("8.3", "does not use `share`")
def always_half(errors: Table, eps: float, share: float = 0.5) -> float:
    return _between(*_reached(errors, eps, 0.5), 0.5)


@planted("8.3", "draws that miss")
def the_share_that_misses(errors: Table, eps: float, share: float = 0.5) -> float:
    return _between(*_reached(errors, eps, 1 - share), 1 - share)


@planted("8.3", "the mean error")
def the_mean_error(errors: Table, eps: float, share: float = 0.5) -> float:
    near = np.flatnonzero(errors.mean(axis=0) <= eps)
    return float(near[0]) if len(near) else math.inf


@planted("8.3", "math.inf")
def the_last_column_when_not_reached(errors: Table, eps: float, share: float = 0.5) -> float:
    return min(_between(*_reached(errors, eps, share), share), len(errors[0]) - 1)


@planted("8.3", "expected one number")
def returns_the_shares(errors: Table, eps: float, share: float = 0.5) -> NDArray[np.float64]:
    return _reached(errors, eps, share)[0]


# 8.4 ---------------------------------------------------------------------------------------------------------


def _middles(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    found = (sums[1:] + sums[:-1]) / 2
    return found[np.abs(found) <= 0.5]


def _worst(sums: NDArray[np.float64], targets: Sequence[float]) -> float:
    return max((float(np.abs(sums - t).min()) for t in targets), default=0.0)


@alternative("8.4")
def walks_along_the_line(numbers: Row) -> float:
    sums = sorted(all_sums(numbers).tolist())
    worst = 0.0
    for a, b in itertools.pairwise([-math.inf, *sums, math.inf]):
        low, high = max(a, -0.5), min(b, 0.5)
        if low < high:  # targets between a and b: the worst is the middle, or the end of the range next to it
            t = min(max((a + b) / 2 if math.isfinite(a + b) else (low if a == -math.inf else high), low), high)
            worst = max(worst, min(t - a, b - t))
    return worst


@alternative("8.4")
def compares_all_with_all(numbers: Row) -> torch.Tensor:
    sums = torch.tensor(all_sums(numbers)).sort().values
    middles = (sums[1:] + sums[:-1]) / 2
    targets = torch.cat([torch.tensor([-0.5, 0.5], dtype=torch.float64), middles[middles.abs() <= 0.5]])
    return (sums - targets[:, None]).abs().min(dim=1).values.max()


@planted("8.4", "stands in the middle of a gap")
def twice_as_much(numbers: Row) -> float:
    sums = np.sort(all_sums(numbers))
    return 2 * _worst(sums, [-0.5, 0.5, *_middles(sums)])


@planted("8.4", "no target is there")
def gaps_far_out(numbers: Row) -> float:
    return float(np.diff(np.sort(all_sums(numbers))).max() / 2)


@planted("8.4", "it counts whole gaps, and those outside")
def whole_gaps_everywhere(numbers: Row) -> float:
    return float(np.diff(np.sort(all_sums(numbers))).max())


@planted("8.4", "it forgets the ends")
def middles_only(numbers: Row) -> float:
    sums = np.sort(all_sums(numbers))
    return _worst(sums, list(_middles(sums)))


@planted("8.4", "gaps between sums inside [-1/2, 1/2] only")
def gaps_inside_only(numbers: Row) -> float:
    sums = np.sort(all_sums(numbers))
    return float(np.diff(sums[np.abs(sums) <= 0.5]).max(initial=0)) / 2


@planted("8.4", "the largest whole gap inside")
def whole_gaps_inside_only(numbers: Row) -> float:
    sums = np.sort(all_sums(numbers))
    return float(np.diff(sums[np.abs(sums) <= 0.5]).max(initial=0))


@planted("8.4", "throws away the sums outside")
def sums_inside_only(numbers: Row) -> float:
    sums = np.sort(all_sums(numbers))
    sums = sums[np.abs(sums) <= 0.5]
    return _worst(sums, [-0.5, 0.5, *_middles(sums)])


@planted("8.4", "sort the sums first")
def does_not_sort(numbers: Row) -> float:
    return float(np.abs(np.diff(all_sums(numbers))).max()) / 2


@planted("8.4", "on one side only")
def looks_down_only(numbers: Row) -> float:
    sums = np.sort(all_sums(numbers))
    ends = [*sums[np.abs(sums) <= 0.5], 0.5]
    return max((float(t - sums[sums < t].max()) for t in ends if (sums < t).any()), default=0.0)


@planted("8.4", "forgets to keep none")
def without_the_empty_choice(numbers: Row) -> float:
    sums = np.sort(all_sums(numbers)[1:])
    return _worst(sums, [-0.5, 0.5, *_middles(sums)])


@planted("8.4", "it uses the numbers themselves")
def without_sums(numbers: Row) -> float:
    marks = np.sort(np.array([0.0, *numbers]))
    return _worst(marks, [-0.5, 0.5, *_middles(marks)])


@planted("8.4", "gives an average")
def on_average(numbers: Row) -> float:
    sums = np.sort(all_sums(numbers))
    return float(np.mean([np.abs(sums - t).min() for t in [-0.5, 0.5, *_middles(sums)]]))


@planted("8.4", "it tries some targets")
def a_grid_of_targets(numbers: Row) -> float:
    return _worst(all_sums(numbers), list(np.linspace(-0.5, 0.5, 40)))


# 8.5 ---------------------------------------------------------------------------------------------------------


@alternative("8.5")
def with_numpy(numbers: Row, target: float) -> NDArray[np.bool_]:
    keep = np.zeros(len(numbers), dtype=bool)
    for i in np.argsort(numbers)[::-1]:
        keep[i] = numbers[i] <= target
        target = target - numbers[i] * keep[i]
    return keep


@alternative("8.5")
def takes_the_largest_that_fits(numbers: Row, target: float) -> Keep:
    keep, still = [False] * len(numbers), set(range(len(numbers)))
    while fitting := [i for i in still if numbers[i] <= target]:
        i = max(fitting, key=lambda i: numbers[i])
        keep[i], target = True, target - numbers[i]
        still.remove(i)
    return keep


def _pass(numbers: Row, target: float, order: Sequence[int], strict: bool = False) -> Keep:
    keep = [False] * len(numbers)
    for i in order:
        if numbers[i] < target or (numbers[i] == target and not strict):
            keep[i], target = True, target - numbers[i]
    return keep


def _falling(numbers: Row) -> list[int]:
    return sorted(range(len(numbers)), key=lambda i: -numbers[i])


@planted("8.5", "as they come")
def does_not_sort_at_all(numbers: Row, target: float) -> Keep:
    return _pass(numbers, target, range(len(numbers)))


@planted("8.5", "begins with the smallest")
def sorts_upwards(numbers: Row, target: float) -> Keep:
    return _pass(numbers, target, _falling(numbers)[::-1])


@planted("8.5", "in the order of size")
def answers_in_falling_order(numbers: Row, target: float) -> Keep:
    keep = []
    for x in sorted(numbers, reverse=True):
        keep.append(x <= target)
        target -= x * keep[-1]
    return keep


@planted("8.5", "compare with <=")
def strictly_smaller(numbers: Row, target: float) -> Keep:
    return _pass(numbers, target, _falling(numbers), strict=True)


@planted("8.5", "stops at the first number that does not fit")
def breaks_off(numbers: Row, target: float) -> Keep:
    keep = [False] * len(numbers)
    for i in _falling(numbers):
        if numbers[i] > target:
            break
        keep[i], target = True, target - numbers[i]
    return keep


@planted("8.5", "with what is left of it")
def compares_with_the_target(numbers: Row, target: float) -> Keep:
    return [x <= target for x in numbers]


@planted("8.5", "even above the target")
def what_brings_it_nearer(numbers: Row, target: float) -> Keep:  # lesson 00's hasty player
    return greedy_subset(numbers, target)


@planted("8.5", "by a search")
def searches(numbers: Row, target: float) -> Keep:
    return meet_in_the_middle(numbers, target)


@planted("8.5", "turned round")
def says_what_is_left_out(numbers: Row, target: float) -> Keep:
    return [not k for k in _pass(numbers, target, _falling(numbers))]


@planted("8.5", "it returned one value")
def returns_what_is_left(numbers: Row, target: float) -> float:
    for x in sorted(numbers, reverse=True):
        target -= x if x <= target else 0.0
    return target


@planted("8.5", "it returned numbers")
def returns_the_numbers(numbers: Row, target: float) -> Row:
    return list(itertools.compress(numbers, _pass(numbers, target, _falling(numbers))))


@planted("8.5", "changed its argument 'numbers'")
def sorts_in_place(numbers: Row, target: float) -> Keep:
    numbers.sort(reverse=True)
    return _pass(numbers, target, range(len(numbers)))
