"""Mistakes that people really make in this lesson, and what they are told: a list to look them up in."""

import bisect
import itertools
import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from lthedu.exercises.choices import kept_of, off
from lthedu.exercises.core import mistake
from lthedu.proof import all_sums, closest_subset, greedy_subset, meet_in_the_middle
from lthedu.proof.golden import take_what_fits
from lthedu.proof.laws import expected_solutions, numbers_needed, worst_error

Row = Sequence[float]
Keep = list[bool]
Floats = NDArray[np.float64]

# meet_in_the_middle ------------------------------------------------------------------------------------------


@mistake("meet_in_the_middle", "the choice is turned round: True means kept, False means deleted")
def says_what_to_delete(numbers: Row, target: float) -> Keep:
    return [not k for k in meet_in_the_middle(numbers, target)]


@mistake(
    "meet_in_the_middle",
    "the choice comes back from the last number to the first: put it in the order of the numbers",
)
def reads_bits_from_the_left(numbers: Row, target: float) -> Keep:
    return meet_in_the_middle(numbers, target)[::-1]  # bin(k) begins with the highest


def _bits(k: int, n: int) -> Keep:
    return [bool(k >> i & 1) for i in range(n)]


def _partners(left: Row, right: Row, target: float, partner: Callable[[Floats, Floats], NDArray[np.intp]]) -> Keep:
    """Meeting in the middle with a rule for the partner, among the sorted left sums, of what each right sum wants."""
    sums, wanted = all_sums(left), target - all_sums(right)
    order = sums.argsort(kind="stable")
    near = partner(sums[order], wanted).clip(0, len(sums) - 1)
    j = int(np.abs(sums[order][near] - wanted).argmin())
    return _bits(int(order[near[j]]), len(left)) + _bits(j, len(right))


def looks_below_only(left: Row, right: Row, target: float) -> Keep:
    return _partners(left, right, target, lambda sums, wanted: sums.searchsorted(wanted, "right") - 1)


def looks_where_bisect_points(left: Row, right: Row, target: float) -> Keep:
    return _partners(left, right, target, lambda sums, wanted: sums.searchsorted(wanted))


def _choices(n: int) -> Iterable[Keep]:
    return map(list, itertools.product([False, True], repeat=n))


def _best(numbers: Row, target: float, sign: int) -> Keep:
    """The closest choice that is not above the target (`sign` 1), or not below it (-1); none if there is none."""
    allowed = [keep for keep in _choices(len(numbers)) if sign * (sum(kept_of(keep, numbers)) - target) <= 1e-9]
    return min(allowed, key=lambda keep: off(keep, numbers, target), default=[False] * len(numbers))


def best_from_below(left: Row, right: Row, target: float) -> Keep:
    return _best([*left, *right], target, 1)


def best_from_above(left: Row, right: Row, target: float) -> Keep:
    return _best([*left, *right], target, -1)


def forgets_the_order(left: Row, right: Row, target: float) -> Keep:  # sorts without looking back
    sums, others = np.sort(all_sums(left)), all_sums(right)
    i, j = np.unravel_index(np.abs(sums[:, None] + others - target).argmin(), (len(sums), len(others)))
    return _bits(int(i), len(left)) + _bits(int(j), len(right))


def one_half_after_the_other(left: Row, right: Row, target: float) -> Keep:
    first = closest_subset(left, target)
    return first + closest_subset(right, target - sum(kept_of(first, left)))


def left_half_only(left: Row, right: Row, target: float) -> Keep:
    return closest_subset(left, target) + [False] * len(right)


def right_half_only(left: Row, right: Row, target: float) -> Keep:
    return [False] * len(left) + closest_subset(right, target)


def the_better_half(left: Row, right: Row, target: float) -> Keep:
    one, other = left_half_only(left, right, target), right_half_only(left, right, target)
    numbers = [*left, *right]
    return one if off(one, numbers, target) < off(other, numbers, target) else other


def right_half_first(left: Row, right: Row, target: float) -> Keep:
    keep = meet_in_the_middle([*left, *right], target)
    return keep[len(left) :] + keep[: len(left)]


def _cut(made: Callable[[Row, Row, float], Keep], longer_left: bool) -> Callable[[Row, float], Keep]:
    """What a mistake with halves makes of all numbers; of an odd count one half is longer."""

    def search(numbers: Row, target: float) -> Keep:
        half = (len(numbers) + longer_left) // 2
        return made(numbers[:half], numbers[half:], target)

    search.__name__ = made.__name__
    return search


for words, ways in {
    "it never goes above the target: of the two neighbours of target - r in the sorted list it takes the lower one, "
    "and the upper one may be nearer": (looks_below_only, best_from_below),
    "it never stays below the target: of the two neighbours of target - r in the sorted list it takes the upper one, "
    "which `bisect` points at, and the lower one may be nearer": (looks_where_bisect_points, best_from_above),
    "it takes the place of a sum in the sorted list for its choice: sorting moved the sums, so remember which choice "
    "each belongs to": (forgets_the_order,),
    "it settles the left half first and lets the right half make the best of it; but the best left half on its own "
    "need not be part of the best choice: every right sum wants a partner of its own": (one_half_after_the_other,),
    "it chooses from one half only: a sum has a part from each half": (
        left_half_only,
        right_half_only,
        the_better_half,
    ),
    "the halves have changed places: the left half's choice comes first": (right_half_first,),
}.items():
    for way in ways:
        for longer_left in (False, True):
            mistake("meet_in_the_middle", words)(_cut(way, longer_left))

TOO_MANY_ADDITIONS = (
    "it finds the best choice, but adds about as often as there are choices: each half has few sums, and of the pairs "
    "that they form only those near the target may be looked at"
)
TOO_MANY_COMPARED = (
    "it finds the best choice, but compares every left sum with what each right sum wants, which is all 2^n pairs: in "
    "the sorted list a binary search finds the two neighbours, and only these may be looked at"
)
TOO_MUCH_MEMORY = (
    "it finds the best choice, but holds as many sums in memory as there are choices; two halves of 2^10 = 1,024 sums "
    "are enough for 20 numbers"
)
MISSES_AN_EXACT_SUM = (
    "with 28 numbers it misses a sum that is exactly there: are sums rounded, or some of them left out?"
)


@mistake("meet_in_the_middle", "it bisects a list that is not sorted: sort the left sums first")
def bisects_without_sorting(numbers: Row, target: float) -> Keep:
    half = len(numbers) // 2
    sums, wanted = all_sums(numbers[:half]), target - all_sums(numbers[half:])
    places = np.array([bisect.bisect(sums.tolist(), w) for w in wanted])
    near = np.stack([places - 1, places]).clip(0, len(sums) - 1)
    which, j = np.unravel_index(np.abs(sums[near] - wanted).argmin(), near.shape)
    return _bits(int(near[which, j]), half) + _bits(int(j), len(numbers) - half)


@mistake("meet_in_the_middle", "it looks for target + r: of a right sum r the left half has to add target - r")
def adds_the_right_sum(numbers: Row, target: float) -> Keep:
    half = len(numbers) // 2
    sums, others = all_sums(numbers[:half]), all_sums(numbers[half:])
    order = sums.argsort()
    places = sums[order].searchsorted(target + others)
    near = order[np.stack([places - 1, places]).clip(0, len(sums) - 1)]
    which, j = np.unravel_index(np.abs(sums[near] + others - target).argmin(), near.shape)
    return _bits(int(near[which, j]), half) + _bits(int(j), len(numbers) - half)


@mistake("meet_in_the_middle", "the choice is for the sorted numbers: put it in the order in which they came")
def sorts_the_numbers(numbers: Row, target: float) -> Keep:
    return meet_in_the_middle(sorted(numbers), target)


@mistake("meet_in_the_middle", "it never keeps none: the empty choice has the sum 0, and may be the closest")
def never_none(numbers: Row, target: float) -> Keep:
    some = itertools.islice(_choices(len(numbers)), 1, None)
    return min(some, key=lambda keep: off(keep, numbers, target), default=[])


@mistake("meet_in_the_middle", "of an odd count it leaves out the last number: one half is longer then")
def loses_the_odd_one(numbers: Row, target: float) -> Keep:
    even = len(numbers) // 2 * 2
    return meet_in_the_middle(numbers[:even], target) + [False] * (len(numbers) - even)


@mistake("meet_in_the_middle", "it goes once through the numbers and never thinks again; another choice comes closer")
def in_one_pass(numbers: Row, target: float) -> Keep:
    return greedy_subset(numbers, target)


@mistake("meet_in_the_middle", TOO_MANY_ADDITIONS)
def tries_all(numbers: Row, target: float) -> Keep:
    return min(_choices(len(numbers)), key=lambda keep: off(keep, numbers, target))


@mistake("meet_in_the_middle", TOO_MANY_ADDITIONS)
def tries_every_pair(numbers: Row, target: float) -> Keep:
    half = len(numbers) // 2
    sums = [(sum(kept_of(keep, numbers[half:])), keep) for keep in _choices(len(numbers) - half)]
    best, smallest = [False] * len(numbers), math.inf
    for keep in _choices(half):
        mine = sum(kept_of(keep, numbers[:half]))
        for theirs, other in sums:
            if abs(mine + theirs - target) < smallest:
                best, smallest = [*keep, *other], abs(mine + theirs - target)
    return best


@mistake("meet_in_the_middle", TOO_MANY_COMPARED)
def every_left_sum_for_each_right_one(numbers: Row, target: float) -> Keep:
    half = len(numbers) // 2
    sums = all_sums(numbers[:half])
    near = [int(np.abs(sums - (target - r)).argmin()) for r in all_sums(numbers[half:])]
    j = int(np.abs(sums[near] + all_sums(numbers[half:]) - target).argmin())
    return _bits(near[j], half) + _bits(j, len(numbers) - half)


@mistake("meet_in_the_middle", TOO_MANY_COMPARED)
def all_sums_in_numpy(numbers: Row, target: float) -> Keep:
    return closest_subset(numbers, target)


@mistake("meet_in_the_middle", TOO_MANY_COMPARED)
def a_table_of_all_pairs(numbers: Row, target: float) -> Keep:
    half = len(numbers) // 2
    table = np.abs(all_sums(numbers[:half])[:, None] + all_sums(numbers[half:]) - target)
    i, j = np.unravel_index(table.argmin(), table.shape)
    return _bits(int(i), half) + _bits(int(j), len(numbers) - half)


@mistake("meet_in_the_middle", MISSES_AN_EXACT_SUM)
def rounds_to_find_a_partner(numbers: Row, target: float) -> Keep:
    half = len(numbers) // 2
    left, right = (all_sums(part).astype(np.float32) for part in (numbers[:half], numbers[half:]))  # half the memory
    order, wanted = left.argsort(), np.float32(target) - right
    above = left[order].searchsorted(wanted).clip(max=len(left) - 1)
    off_by = np.abs(left[order][[above, (above - 1).clip(min=0)]] - wanted)
    which, j = np.unravel_index(off_by.argmin(), off_by.shape)
    return _bits(int(order[max(above[j] - which, 0)]), half) + _bits(int(j), len(numbers) - half)


# numbers_needed ----------------------------------------------------------------------------------------------


def _first(errors: Floats, eta: float, share: float) -> float:
    """The first whole count with the share."""
    reached = np.flatnonzero((errors <= eta).mean(axis=0) >= share)
    return float(reached[0]) if len(reached) else math.inf


@mistake(
    "numbers_needed",
    "it gives whole counts: go between k - 1 and k as far as the share asked for lies between theirs",
)
def the_first_whole_count(errors: Floats, eta: float, share: float = 0.5) -> float:
    return _first(errors, eta, share)


for _rounded in (round, math.floor):

    @mistake(
        "numbers_needed",
        "it gives whole counts: go between k - 1 and k as far as the share asked for lies between theirs",
    )
    def rounds_the_count(
        errors: Floats, eta: float, share: float = 0.5, rounded: Callable[[float], float] = _rounded
    ) -> float:
        count = numbers_needed(errors, eta, share)
        return rounded(count) if count < math.inf else count


def between(p: Floats, share: float, *, above: bool = False) -> float:
    """The count at which the rising shares `p` reach `share`, or come above it, read between whole ones."""
    reached = np.flatnonzero(p > share if above else p >= share)
    if not len(reached):
        return math.inf
    k = int(reached[0])
    return float(k - 1 + (share - p[k - 1]) / (p[k] - p[k - 1])) if k else 0.0


@mistake("numbers_needed", "called without `share` it must take 0.5, the stub's default")
def another_default(errors: Floats, eta: float, share: float = 0.95) -> float:
    return numbers_needed(errors, eta, share)


@mistake("numbers_needed", "the share is of all draws: divide by their number, not by one less")
def of_one_draw_less(errors: Floats, eta: float, share: float = 0.5) -> float:
    return between((errors <= eta).sum(axis=0) / (len(errors) - 1), share)


@mistake("numbers_needed", "it takes a share of those draws that all numbers bring within eta: `share` is of all draws")
def share_of_the_last(errors: Floats, eta: float, share: float = 0.5) -> float:
    p = (errors <= eta).mean(axis=0)
    return between(p, share * float(p[-1]))


@mistake("numbers_needed", "it takes a share that is a little too small for enough: p_k >= share, exactly")
def nearly_the_share(errors: Floats, eta: float, share: float = 0.5) -> float:
    p = (errors <= eta).mean(axis=0)
    k = int(np.argmax(p > share - 0.005))
    return math.inf if p[-1] <= share - 0.005 else float(k - 1 + (share - p[k - 1]) / (p[k] - p[k - 1])) if k else 0.0


@mistake("numbers_needed", "it never looks at the last column, which is for all numbers")
def without_the_last(errors: Floats, eta: float, share: float = 0.5) -> float:
    return numbers_needed(errors[:, :-1], eta, share)


@mistake("numbers_needed", "it averages over the counts of each draw: take the mean over the draws, for every count")
def between_draws(errors: Floats, eta: float, share: float = 0.5) -> float:
    return between((errors <= eta).mean(axis=1), share)


@mistake("numbers_needed", "it goes share / p_k of the step: go from p_(k-1), (share - p_(k-1)) / (p_k - p_(k-1))")
def from_zero(errors: Floats, eta: float, share: float = 0.5) -> float:
    k, p = _first(errors, eta, share), (errors <= eta).mean(axis=0)
    return k if k in (0, math.inf) else float(k - 1 + share / p[int(k)])


for _digits in (1, 2, 3):

    @mistake("numbers_needed", "right but rounded: return all its digits")
    def rounds_the_result(errors: Floats, eta: float, share: float = 0.5, digits: int = _digits) -> float:
        return round(numbers_needed(errors, eta, share), digits)


@mistake("numbers_needed", "it starts from k where it is to start from k - 1")
def starts_from_k(errors: Floats, eta: float, share: float = 0.5) -> float:
    return numbers_needed(errors, eta, share) + (_first(errors, eta, share) > 0)


@mistake("numbers_needed", "a share of exactly `share` is enough: p_k >= share")
def more_than_the_share(errors: Floats, eta: float, share: float = 0.5) -> float:
    return between((errors <= eta).mean(axis=0), share, above=True)


@mistake("numbers_needed", "where k is 0 there is no k - 1: then the answer is 0.0")
def takes_the_share_of_none_for_zero(errors: Floats, eta: float, share: float = 0.5) -> float:
    p = float((errors[:, 0] <= eta).mean())
    return share / p - 1 if p >= share else numbers_needed(errors, eta, share)


@mistake("numbers_needed", "where k is 0 there is no k - 1: then the answer is 0.0")
@np.errstate(divide="ignore", invalid="ignore")  # where the two shares are the same
def takes_the_last_share_for_the_one_before(errors: Floats, eta: float, share: float = 0.5) -> float:
    p = (errors <= eta).mean(axis=0)
    if p[0] < share:
        return numbers_needed(errors, eta, share)
    return float(-1 + np.divide(share - p[-1], p[0] - p[-1]))


@mistake("numbers_needed", "it averages over the counts of each draw: take the mean over the draws, for every count")
def along_the_wrong_axis(errors: Floats, eta: float, share: float = 0.5) -> float:
    return _first((errors <= eta).mean(axis=1)[None] < share, 0.5, 1)


@mistake("numbers_needed", "it looks at a quantile of the errors, and gives whole counts: go between k - 1 and k")
def by_quantile(errors: Floats, eta: float, share: float = 0.5) -> float:
    return _first(np.quantile(errors, share, axis=0)[None], eta, 1)


@mistake("numbers_needed", "this is the mean over the draws of what each needs; asked for is a share of the draws")
def mean_of_what_each_needs(errors: Floats, eta: float, share: float = 0.5) -> float:
    return float(np.mean([_first(row[None], eta, 1) for row in errors]))


@mistake("numbers_needed", "where several counts have the same share, it takes the last of them: take the first")
def reads_between_all(errors: Floats, eta: float, share: float = 0.5) -> float:
    p = (errors <= eta).mean(axis=0)
    return float(np.interp(share, p, np.arange(len(p)))) if p[-1] >= share else math.inf


@mistake("numbers_needed", "it leaves out the first column, which is for no numbers at all")
def without_no_numbers(errors: Floats, eta: float, share: float = 0.5) -> float:
    return numbers_needed(errors[:, 1:], eta, share)


@mistake("numbers_needed", "it leaves out the first column, which is for no numbers at all")
def counts_from_one_number(errors: Floats, eta: float, share: float = 0.5) -> float:
    return numbers_needed(errors[:, 1:], eta, share) + 1


@mistake("numbers_needed", "it divides by p_k: divide by the step from p_(k-1) to p_k")
def divides_by_the_share(errors: Floats, eta: float, share: float = 0.5) -> float:
    k, p = _first(errors, eta, share), (errors <= eta).mean(axis=0)
    return k if k in (0, math.inf) else float(k - 1 + (share - p[int(k) - 1]) / p[int(k)])


@mistake(
    "numbers_needed",
    "it stops one count too early: the share is reached at k, not at k - 1, and between them in between",
)
def the_last_count_that_fails(errors: Floats, eta: float, share: float = 0.5) -> float:
    return max(_first(errors, eta, share) - 1, 0)


@mistake(
    "numbers_needed",
    "it counts one too many: the first column is for no numbers at all, so column k is for k numbers",
)
def counts_columns_from_one(errors: Floats, eta: float, share: float = 0.5) -> float:
    return numbers_needed(errors, eta, share) + 1


@mistake("numbers_needed", "it counts one too many, and whole: column k is for k numbers")
def counts_columns_and_whole(errors: Floats, eta: float, share: float = 0.5) -> float:
    return _first(errors, eta, share) + 1


@mistake("numbers_needed", "it goes between k - 1 and k from the wrong end: start from the share at k - 1")
def goes_back_from_k(errors: Floats, eta: float, share: float = 0.5) -> float:
    k, right = _first(errors, eta, share), numbers_needed(errors, eta, share)
    return k - (right - (k - 1)) if 0 < k < math.inf else k


@mistake("numbers_needed", "an error of exactly eta counts as within eta")
def strictly_less(errors: Floats, eta: float, share: float = 0.5) -> float:
    return numbers_needed(np.where(errors == eta, 2 * eta, errors), eta, share)


@mistake("numbers_needed", "it compares squared errors with eta: compare the errors themselves")
def compares_squares(errors: Floats, eta: float, share: float = 0.5) -> float:
    return numbers_needed(errors**2, eta, share)


@mistake("numbers_needed", "it does not use `share`: it gives the count for half of the draws")
def always_half(errors: Floats, eta: float, share: float = 0.5) -> float:
    return numbers_needed(errors, eta)


@mistake("numbers_needed", "it takes the share of draws that miss for the share that hit")
def the_share_that_misses(errors: Floats, eta: float, share: float = 0.5) -> float:
    return numbers_needed(errors, eta, 1 - share)


@mistake(
    "numbers_needed",
    "it looks at the mean error: one draw far off moves it, where the share of draws within eta is asked",
)
def the_mean_error(errors: Floats, eta: float, share: float = 0.5) -> float:
    return _first(errors.mean(axis=0, keepdims=True), eta, 1)


# expected_solutions ------------------------------------------------------------------------------------------


def _bell(n: float, variance: float) -> float:
    """How high a normal density with mean 0 is at 0."""
    return 1 / math.sqrt(2 * math.pi * variance)


for words, per_number in {
    "it takes the variance of numbers that are all kept, n / 3: each is kept half of the time only": 1 / 3,
    "its variance for one number is 1/12, and that is for one fixed draw: over all draws x times a coin has the mean "
    "square 1/2 times 1/3": 1 / 12,
    "it takes n / 4, the variance of how many numbers are kept: what varies is their sum": 1 / 4,
    "it takes 1 / 2 for the variance of one number: the mean square of x, uniform on [-1, 1], is 1/3, and half of that "
    "counts": 1 / 2,
}.items():

    @mistake("expected_solutions", words)
    def of_another_variance(n: float, eta: float, per_number: float = per_number) -> float:
        return float(2.0**n * 2 * eta * _bell(n, per_number * n))


@mistake("expected_solutions", "the interval reaches eta to either side: it is 2 eta wide")
def one_sided(n: float, eta: float) -> float:
    return expected_solutions(n, eta) / 2


@mistake("expected_solutions", "that is the probability of one subset: there are 2^n of them")
def of_one_subset(n: float, eta: float) -> float:
    return float(2 * eta * _bell(n, n / 6))


@mistake("expected_solutions", "there are 2^n subsets, one for each choice, not n")
def of_n_subsets(n: float, eta: float) -> float:
    return float(n * 2 * eta * _bell(n, n / 6))


@mistake("expected_solutions", "keeping none is a choice, too: there are 2^n subsets, not 2^n - 1")
def without_the_empty_one(n: float, eta: float) -> float:
    return float((2.0**n - 1) * 2 * eta * _bell(n, n / 6))


@mistake(
    "expected_solutions", "it divides by the variance: the bell's height has its square root, the standard deviation"
)
def divides_by_the_variance(n: float, eta: float) -> float:
    return float(2.0**n * 2 * eta / (math.sqrt(2 * math.pi) * n / 6))


@mistake("expected_solutions", "it leaves out the square root of 2 pi, without which the bell's area is not 1")
def without_two_pi(n: float, eta: float) -> float:
    return float(2.0**n * 2 * eta / math.sqrt(n / 6))


@mistake("expected_solutions", "it leaves out the height of the bell, as if all sums lay in an interval of length 1")
def without_the_bell(n: float, eta: float) -> float:
    return float(2.0**n * 2 * eta)


@mistake("expected_solutions", "its bell does not get wider: the variances of n numbers add up")
def the_bell_of_one(n: float, eta: float) -> float:
    return float(2.0**n * 2 * eta * _bell(n, 1 / 6))


for _length in (1, 2):  # of an interval [-n/2, n/2] or [-n, n]

    @mistake("expected_solutions", "it spreads the sums evenly over their whole range: near 0 they are much denser")
    def spread_evenly(n: float, eta: float, length: float = _length) -> float:
        return float(2.0**n * 2 * eta / (length * n))


@mistake("expected_solutions", "that is a probability that there is any: asked for is how many there are on average")
def at_least_one(n: float, eta: float) -> float:
    return -math.expm1(-expected_solutions(n, eta))


for _shape in (round, math.floor, math.ceil):

    @mistake("expected_solutions", "right but rounded: an average need not be whole")
    def rounded_average(n: float, eta: float, shape: Callable[[float], float] = _shape) -> float:
        return shape(expected_solutions(n, eta))


@mistake("expected_solutions", "that is the logarithm of the answer")
def its_logarithm(n: float, eta: float) -> float:
    return math.log2(expected_solutions(n, eta))


# worst_error -------------------------------------------------------------------------------------------------


def _middles(sums: Floats) -> Floats:
    found: Floats = (sums[1:] + sums[:-1]) / 2
    return found[np.abs(found) <= 0.5]


def _distances(sums: Floats, ends: Row = (-0.5, 0.5)) -> Floats:
    """How far the middles, and the ends, are from the nearest of the sorted sums; of no sums there is only 0."""
    return np.array([np.abs(sums - t).min() for t in (*ends, *_middles(sums)) if len(sums)] or [0.0])


def _gaps(sums: Floats) -> Floats:
    return np.diff(sums, prepend=sums[:1])


def _inside(sums: Floats) -> Floats:
    return sums[np.abs(sums) <= 0.5]


def nearest_from_below(sums: Floats) -> float:
    targets = [*_inside(sums), 0.5]
    return max((float(t - sums[sums < t].max()) for t in targets if (sums < t).any()), default=0.0)


for words, of_sums in {
    "it counts gaps outside [-1/2, 1/2]: far out the sums are rare, but no target is there": (
        lambda sums: _gaps(sums).max() / 2
    ),
    "it counts whole gaps, and those outside [-1/2, 1/2], too: half of a gap, and only where targets are": (
        lambda sums: _gaps(sums).max()
    ),
    "it forgets the ends: the targets -1/2 and 1/2 may be further from a sum than any middle": (
        lambda sums: max(_distances(sums, ends=()), default=0.0)
    ),
    "it looks at gaps between sums inside [-1/2, 1/2] only: what is between the outermost of them and the ends counts, "
    "too": lambda sums: _gaps(_inside(sums)).max(initial=0) / 2,
    "it gives the largest whole gap inside [-1/2, 1/2]: the least lucky target is half of it away, and what is between "
    "the outermost sums and the ends counts, too": lambda sums: _gaps(_inside(sums)).max(initial=0),
    "it throws away the sums outside [-1/2, 1/2]: for a target near the end the nearest sum may be out there": (
        lambda sums: _distances(_inside(sums)).max()
    ),
    "it looks for the nearest sum on one side only: a sum above the target is as good as one below": nearest_from_below,
    "it gives an average over targets: asked for is the worst of them": lambda sums: _distances(sums).mean(),
}.items():
    mistake("worst_error", words)(lambda numbers, of_sums=of_sums: of_sums(np.sort(all_sums(numbers))))


@mistake(
    "worst_error",
    "that is twice as much: the least lucky target stands in the middle of a gap, half of it from either side",
)
def twice_as_much(numbers: Row) -> float:
    return 2 * worst_error(numbers)


GRID = "it tries some targets, and the worst may stand between them: the middles of the gaps are exact"
for _targets in (11, 21, 41, 51, 101, 201, 1001):

    @mistake("worst_error", GRID)
    def on_a_grid(numbers: Row, targets: int = _targets) -> float:
        return float(max(np.abs(all_sums(numbers) - t).min() for t in np.linspace(-0.5, 0.5, targets)))


@mistake("worst_error", "it takes -1/2 and 1/2 for sums: they are targets, and may have no sum beside them")
def ends_as_sums(numbers: Row) -> float:
    return float(_gaps(np.sort([-0.5, 0.5, *_inside(all_sums(numbers))])).max()) / 2


for _ends in ((-0.5,), (0.5,)):

    @mistake("worst_error", "it forgets one of the two ends, -1/2 and 1/2")
    def with_one_end(numbers: Row, ends: Row = _ends) -> float:
        return float(_distances(np.sort(all_sums(numbers)), ends).max(initial=0))


@mistake("worst_error", "it looks at the ends alone: a target in the middle of a wide gap may be worse off")
def the_ends_alone(numbers: Row) -> float:
    return float(max(np.abs(all_sums(numbers) - t).min() for t in (-0.5, 0.5)))


for _low, _high in ((0.0, 1.0), (-1.0, 1.0), (0.0, 0.5)):

    @mistake("worst_error", "targets are in [-1/2, 1/2], and it looks at another range")
    def in_another_range(numbers: Row, low: float = _low, high: float = _high) -> float:
        sums = np.sort(all_sums(numbers))
        middles = (sums[1:] + sums[:-1]) / 2
        targets = [low, high, *middles[(middles >= low) & (middles <= high)]]
        return float(max(np.abs(sums - t).min() for t in targets))


@mistake("worst_error", "that is the luckiest target: asked for is the least lucky")
def the_luckiest(numbers: Row) -> float:
    return float(_distances(np.sort(all_sums(numbers))).min())


@mistake("worst_error", "it gives the target: asked for is how far it is from the nearest sum")
def the_target_itself(numbers: Row) -> float:
    sums = np.sort(all_sums(numbers))
    return float([-0.5, 0.5, *_middles(sums)][int(_distances(sums).argmax())])


@mistake("worst_error", "it takes neighbours in the list for neighbours on the line: sort the sums first")
def does_not_sort_the_middles(numbers: Row) -> float:
    return float(_distances(all_sums(numbers)).max())


@mistake("worst_error", "it takes neighbours in the list for neighbours on the line: sort the sums first")
def does_not_sort(numbers: Row) -> float:
    return float(np.abs(np.diff(all_sums(numbers))).max(initial=0)) / 2


@mistake("worst_error", "it forgets to keep none: the empty choice has the sum 0")
def without_the_empty_choice(numbers: Row) -> float:
    return float(_distances(np.sort(all_sums(numbers)[1:])).max())


@mistake(
    "worst_error",
    "it uses the numbers themselves: it is their sums, 2^n of them, that have to be near every target",
)
def without_sums(numbers: Row) -> float:
    return float(_distances(np.sort([0.0, *numbers])).max())


# take_what_fits ----------------------------------------------------------------------------------------------


def _falling(numbers: Row) -> list[int]:
    return sorted(range(len(numbers)), key=lambda i: -numbers[i])


def _in_order(numbers: Row, target: float, order: Iterable[int]) -> Keep:
    """The rule's one pass, in another order."""
    keep, left = [False] * len(numbers), target
    for i in order:
        if numbers[i] <= left:
            keep[i], left = True, left - numbers[i]
    return keep


@mistake("take_what_fits", "it takes the numbers as they come: begin with the largest")
def does_not_sort_at_all(numbers: Row, target: float) -> Keep:
    return _in_order(numbers, target, range(len(numbers)))


@mistake("take_what_fits", "it begins with the smallest: begin with the largest")
def sorts_upwards(numbers: Row, target: float) -> Keep:
    return _in_order(numbers, target, _falling(numbers)[::-1])


@mistake(
    "take_what_fits",
    "the choice comes back in the order of size: put each answer at the place where its number came",
)
def answers_in_falling_order(numbers: Row, target: float) -> Keep:
    keep = take_what_fits(numbers, target)
    return [keep[i] for i in _falling(numbers)]


@mistake("take_what_fits", "a number that is exactly what is left fits: compare with <=")
def strictly_smaller(numbers: Row, target: float) -> Keep:
    keep, left = [False] * len(numbers), target
    for i in _falling(numbers):
        if numbers[i] < left:
            keep[i], left = True, left - numbers[i]
    return keep


@mistake("take_what_fits", "after the first number that does not fit it keeps nothing: smaller ones may fit still")
def breaks_off(numbers: Row, target: float) -> Keep:
    keep, left = [False] * len(numbers), target
    for i in _falling(numbers):
        if numbers[i] > left:
            break
        keep[i], left = True, left - numbers[i]
    return keep


@mistake(
    "take_what_fits",
    "it compares every number with the target: compare with what is left of it, and subtract what you keep",
)
def compares_with_the_target(numbers: Row, target: float) -> Keep:
    return [x <= target for x in numbers]


@mistake("take_what_fits", "it subtracts a number as often as it fits: each is there once, unlike a kind of coin")
def pays_with_coins(numbers: Row, target: float) -> Keep:
    keep, left = [False] * len(numbers), target
    for i in _falling(numbers):
        while numbers[i] <= left:
            keep[i], left = True, left - numbers[i]
    return keep


@mistake(
    "take_what_fits",
    "it keeps what brings the sum nearer, even above the target: keep a number only if it fits in what is left",
)
def what_brings_it_nearer(numbers: Row, target: float) -> Keep:
    return greedy_subset(numbers, target)


@mistake("take_what_fits", "the choice is turned round: True means kept")
def says_what_is_left_out(numbers: Row, target: float) -> Keep:
    return [not k for k in take_what_fits(numbers, target)]


def _at(numbers: Row, places: Iterable[int]) -> Keep:
    kept = set(places)
    return [i in kept for i in range(len(numbers))]


def _kept_values(numbers: Row, target: float) -> list[float]:
    return kept_of(take_what_fits(numbers, target), numbers)


TWICE = "of numbers that are equal it marks the wrong ones: go through the places, not through the values"


@mistake("take_what_fits", TWICE)
def looks_up_the_first_of_equals(numbers: Row, target: float) -> Keep:
    return _at(numbers, [list(numbers).index(x) for x in _kept_values(numbers, target)])


@mistake("take_what_fits", TWICE)
def marks_all_equals(numbers: Row, target: float) -> Keep:
    kept = _kept_values(numbers, target)
    return [x in kept for x in numbers]


@mistake("take_what_fits", "it stops after the first number that it keeps")
def one_alone(numbers: Row, target: float) -> Keep:
    return _at(numbers, [i for i in _falling(numbers) if numbers[i] <= target][:1])


@mistake("take_what_fits", "what is left forgets the numbers kept before the last one: subtract from what was left")
def subtracts_from_the_target(numbers: Row, target: float) -> Keep:
    keep, left = [False] * len(numbers), target
    for i in _falling(numbers):
        if numbers[i] <= left:
            keep[i], left = True, target - numbers[i]
    return keep


@mistake("take_what_fits", "it goes above the target: a number is kept only if it fits into what is left")
def until_the_target_is_passed(numbers: Row, target: float) -> Keep:
    keep, left = [False] * len(numbers), target
    for i in _falling(numbers):
        if left > 0:
            keep[i], left = True, left - numbers[i]
    return keep


@mistake(
    "take_what_fits", "that is the best choice of all, by a search: here one pass is asked for, from the largest down"
)
def searches_below(numbers: Row, target: float) -> Keep:
    fitting = (keep for keep in _choices(len(numbers)) if sum(kept_of(keep, numbers)) <= target + 1e-9)
    return max(fitting, key=lambda keep: sum(kept_of(keep, numbers)))


for from_above in (False, True):  # of two choices that are equally close, either may come

    @mistake(
        "take_what_fits",
        "that is the best choice of all, by a search: here one pass is asked for, from the largest down",
    )
    def searches(numbers: Row, target: float, from_above: bool = from_above) -> Keep:
        def wanted(keep: Keep) -> tuple[float, bool]:
            return round(off(keep, numbers, target), 9), (sum(kept_of(keep, numbers)) > target) != from_above

        return min(_choices(len(numbers)), key=wanted)
