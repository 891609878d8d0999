"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

import bisect
import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from answers import right, told
from numpy.typing import NDArray
from scipy import stats

from lthedu.proof import all_sums, meet_in_the_middle
from lthedu.proof.golden import take_what_fits
from lthedu.proof.laws import numbers_needed

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


# meet_in_the_middle ------------------------------------------------------------------------------------------


@right("meet_in_the_middle")
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


@right("meet_in_the_middle")
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


@right("meet_in_the_middle")
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


@told("meet_in_the_middle", "compares every left sum")
def searches_the_whole_list_with_torch(numbers: Row, target: float) -> Keep:
    left, right = _halves(numbers)
    sums, best, smallest = torch.tensor(all_sums(left)), [False] * len(numbers), math.inf
    for j, r in enumerate(all_sums(right)):
        off, i = (sums - (target - r)).abs().min(dim=0)
        if off < smallest:
            best, smallest = [*_bits(int(i), len(left)), *_bits(j, len(right))], float(off)
    return best


@told("meet_in_the_middle", "not what they add up to")
def returns_the_sum(numbers: Row, target: float) -> float:
    return _sum(numbers, meet_in_the_middle(numbers, target))


@told("meet_in_the_middle", "changed its argument 'numbers'")
def sorts_the_numbers(numbers: Row, target: float) -> Keep:
    numbers.sort()
    return meet_in_the_middle(numbers, target)


@told("meet_in_the_middle", "keeping [] is off by 0.250, keeping [0.500, -0.300] by 0.050")
def second_best(numbers: Row, target: float) -> Sequence[bool]:
    """Of few numbers the choice that comes next to the closest one; of many the closest."""
    if len(numbers) > 10:
        return meet_in_the_middle(numbers, target)
    return sorted(_choices(len(numbers)), key=lambda keep: abs(_sum(numbers, keep) - target))[1]


# numbers_needed ----------------------------------------------------------------------------------------------


@right("numbers_needed")
def counts_in_plain_python(errors: Table, eta: float, share: float = 0.5) -> float:
    before = 0.0
    for k in range(len(errors[0])):
        hit = sum(row[k] <= eta for row in errors) / len(errors)
        if hit >= share:
            return k if k == 0 else k - (hit - share) / (hit - before)
        before = hit
    return math.inf


@right("numbers_needed")
def interpolates_in_numpy(errors: Table, eta: float, share: float = 0.5) -> float:
    p = np.mean(np.asarray(errors) <= eta, axis=0)
    if p[-1] < share:
        return float("inf")
    k = int(np.argmax(p >= share))
    return float(np.interp(share, p[max(k - 1, 0) : k + 1], np.arange(max(k - 1, 0), k + 1)))


@right("numbers_needed")
def in_float32(errors: Table, eta: float, share: float = 0.5) -> torch.Tensor:
    p = (torch.as_tensor(errors).float() <= eta).float().mean(0)
    reached = (p >= share).nonzero().flatten()
    k = int(reached[0]) if len(reached) else -1
    if k <= 0:
        return torch.tensor(math.inf if k else 0.0)
    return k - 1 + (share - p[k - 1]) / (p[k] - p[k - 1])


@told("numbers_needed", "it takes the last of them: take the first")
def reads_between_all_and_never_gives_infinity(errors: Table, eta: float, share: float = 0.5) -> float:
    p = (np.asarray(errors) <= eta).mean(axis=0)
    return float(np.interp(share, p, np.arange(len(p))))


@told("numbers_needed", "so k is 8, and 7 + (0.55 - ")
def of_the_first_hundred_draws(errors: Table, eta: float, share: float = 0.5) -> float:
    return numbers_needed(errors[:100], eta, share)


@told("numbers_needed", "math.inf")
def the_last_column_when_not_reached(errors: Table, eta: float, share: float = 0.5) -> float:
    return min(numbers_needed(errors, eta, share), len(errors[0]) - 1)


@told("numbers_needed", "expected one number")
def returns_the_shares(errors: Table, eta: float, share: float = 0.5) -> NDArray[np.float64]:
    return (errors <= eta).mean(axis=0)


# expected_solutions ------------------------------------------------------------------------------------------


@right("expected_solutions")
def from_the_normal_density(n: int, eta: float) -> np.float64:
    return 2**n * 2 * eta * stats.norm.pdf(0, scale=np.sqrt(n / 6))


@right("expected_solutions")
def in_one_formula_of_torch(n: int, eta: float) -> torch.Tensor:
    return 2.0 ** (n + 1) * eta * torch.sqrt(3 / (torch.pi * torch.tensor(float(n), dtype=torch.float64)))


@told("expected_solutions", "how many there are on average")
def the_share_of_draws(n: int, eta: float) -> float:
    return 1 - math.exp(-(2**n) * 2 * eta / math.sqrt(math.pi * n / 3))


@told("expected_solutions", "not the number of subsets, times the width")
def a_bell_for_twice_the_numbers(n: int, eta: float) -> float:
    return 2**n * 2 * eta / math.sqrt(2 * math.pi * n / 5)


@told("expected_solutions", "it returned None")
def forgets_to_return(n: int, eta: float) -> None:
    2**n * 2 * eta / math.sqrt(math.pi * n / 3)


# worst_error -------------------------------------------------------------------------------------------------


@right("worst_error")
def walks_along_the_line(numbers: Row) -> float:
    sums = sorted(all_sums(numbers).tolist())
    worst = 0.0
    for a, b in itertools.pairwise([-math.inf, *sums, math.inf]):
        low, high = max(a, -0.5), min(b, 0.5)
        if low < high:  # targets between a and b: the worst is the middle, or the end of the range next to it
            t = min(max((a + b) / 2 if math.isfinite(a + b) else (low if a == -math.inf else high), low), high)
            worst = max(worst, min(t - a, b - t))
    return worst


@right("worst_error")
def compares_all_with_all(numbers: Row) -> torch.Tensor:
    sums = torch.tensor(all_sums(numbers)).sort().values
    middles = (sums[1:] + sums[:-1]) / 2
    targets = torch.cat([torch.tensor([-0.5, 0.5], dtype=torch.float64), middles[middles.abs() <= 0.5]])
    return (sums - targets[:, None]).abs().min(dim=1).values.max()


@told("worst_error", "of the least lucky target, -0.375, the nearest is -0.500")
def random_targets(numbers: Row) -> float:
    targets = np.random.default_rng(0).uniform(-0.5, 0.5, 400)
    return max(np.abs(all_sums(numbers) - t).min() for t in targets)


# take_what_fits ----------------------------------------------------------------------------------------------


@right("take_what_fits")
def with_numpy(numbers: Row, target: float) -> NDArray[np.bool_]:
    keep = np.zeros(len(numbers), dtype=bool)
    for i in np.argsort(numbers)[::-1]:
        keep[i] = numbers[i] <= target
        target = target - numbers[i] * keep[i]
    return keep


@right("take_what_fits")
def takes_the_largest_that_fits(numbers: Row, target: float) -> Keep:
    keep, still = [False] * len(numbers), set(range(len(numbers)))
    while fitting := [i for i in still if numbers[i] <= target]:
        i = max(fitting, key=lambda i: numbers[i])
        keep[i], target = True, target - numbers[i]
        still.remove(i)
    return keep


@right("take_what_fits")
def the_last_of_equals_first(numbers: Row, target: float) -> list[int]:
    """Of equal numbers it does not matter which is kept."""
    keep = [0] * len(numbers)
    for x, i in sorted(((x, i) for i, x in enumerate(numbers)), reverse=True):
        if x <= target:
            keep[i], target = 1, target - x
    return keep


@told("take_what_fits", "with 0.5 left, 0.505 does not fit")
def lets_it_be_too_large_by_a_little(numbers: Row, target: float) -> Keep:
    keep = [False] * len(numbers)
    for i in sorted(range(len(numbers)), key=lambda i: -numbers[i]):
        if numbers[i] <= target + 0.01:
            keep[i], target = True, target - numbers[i]
    return keep


@told("take_what_fits", "it returned one value")
def returns_what_is_left(numbers: Row, target: float) -> float:
    for x in sorted(numbers, reverse=True):
        target -= x if x <= target else 0.0
    return target


@told("take_what_fits", "it returned numbers")
def returns_the_numbers(numbers: Row, target: float) -> Row:
    return list(itertools.compress(numbers, take_what_fits(numbers, target)))


@told("take_what_fits", "changed its argument 'numbers'")
def sorts_in_place(numbers: Row, target: float) -> Keep:
    numbers.sort(reverse=True)
    return take_what_fits(numbers, target)


@told("take_what_fits", "with 0.85 left, 0.6 fits")
def without_the_largest(numbers: Row, target: float) -> Keep:
    """The rule, but the largest number that fits is passed over."""
    fits = [x for x in numbers if x <= target]
    first = numbers.index(max(fits)) if len(fits) > 1 else None
    kept = take_what_fits([x for i, x in enumerate(numbers) if i != first], target)
    return kept if first is None else [*kept[:first], False, *kept[first:]]
