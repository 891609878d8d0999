"""Mistakes that people really make in this lesson, and what they are told."""

import itertools
import math
from collections.abc import Callable

from lthedu.exercises.core import mistake
from lthedu.lessons.what_is_a_lottery_ticket.exercises import SECONDS_A_YEAR, STATEMENTS, ten_answers
from lthedu.networks.masks import Mask, Params
from lthedu.proof import closest_subset, greedy_subset

# apply -------------------------------------------------------------------------------------------------------


@mistake("apply", "the mask is used the wrong way round: True means kept")  # as torch's masked_fill reads it
def fills_what_is_kept(mask: Mask, params: Params) -> Params:
    return {name: p.masked_fill(mask[name], 0.0) if name in mask else p for name, p in params.items()}


# closest_subset ----------------------------------------------------------------------------------------------

mistake(
    "closest_subset",
    "it takes the largest numbers first and never thinks again; a number that looked good at once may spoil the best "
    "choice, so try all choices",
)(greedy_subset)


def _choices(n: int) -> list[tuple[bool, ...]]:
    return list(itertools.product([False, True], repeat=n))


def _sum(numbers: list[float], kept: tuple[bool, ...]) -> float:
    return sum(itertools.compress(numbers, kept))


@mistake("closest_subset", "the choice is turned round: True means kept, False means deleted")
def marks_the_deleted(numbers: list[float], target: float) -> list[bool]:
    return [not kept for kept in closest_subset(numbers, target)]


@mistake(
    "closest_subset",
    "it takes the sum that is furthest below the target: compare distances, without their sign",
)
def forgets_abs(numbers: list[float], target: float) -> tuple[bool, ...]:
    return min(_choices(len(numbers)), key=lambda kept: _sum(numbers, kept) - target)


@mistake("closest_subset", "it never goes above the target; a sum a little above may be nearer than any below")
def stays_below(numbers: list[float], target: float) -> tuple[bool, ...]:  # a knapsack's rule
    allowed = [kept for kept in _choices(len(numbers)) if _sum(numbers, kept) <= target]
    return max(allowed, key=lambda kept: _sum(numbers, kept), default=(False,) * len(numbers))


@mistake("closest_subset", "it never deletes everything: keeping none is a choice too, and its sum is zero")
def keeps_at_least_one(numbers: list[float], target: float) -> tuple[bool, ...]:
    return min(_choices(len(numbers))[1:], key=lambda kept: abs(_sum(numbers, kept) - target))


@mistake("closest_subset", "it never keeps everything: keeping all is a choice too")
def stops_one_short(numbers: list[float], target: float) -> tuple[bool, ...]:  # range(2**n - 1)
    return min(_choices(len(numbers))[:-1], key=lambda kept: abs(_sum(numbers, kept) - target))


# log10_years -------------------------------------------------------------------------------------------------


@mistake("log10_years", "that is seconds, not years")
def stays_in_seconds(weights: int, per_second: float) -> float:
    return weights * math.log10(2) - math.log10(per_second)


@mistake("log10_years", "a faster machine needs less time: divide by `per_second`; logarithms are subtracted")
def multiplies_by_the_rate(weights: int, per_second: float) -> float:
    return weights * math.log10(2) + math.log10(per_second) - math.log10(SECONDS_A_YEAR)


@mistake("log10_years", "`per_second` is not used: a faster machine needs less time")
def forgets_the_rate(weights: int, per_second: float) -> float:
    return weights * math.log10(2) - math.log10(SECONDS_A_YEAR)


@mistake("log10_years", "a year has many seconds, so that there are fewer years: divide by them")
def multiplies_by_the_year(weights: int, per_second: float) -> float:
    return weights * math.log10(2) - math.log10(per_second) + math.log10(SECONDS_A_YEAR)


@mistake("log10_years", "that is a power of two: use the logarithm to base 10")
def logarithm_to_base_2(weights: int, per_second: float) -> float:
    return weights - math.log2(per_second) - math.log2(SECONDS_A_YEAR)


@mistake("log10_years", "that is the natural logarithm: use math.log10")
def natural_logarithm(weights: int, per_second: float) -> float:
    return weights * math.log(2) - math.log(per_second) - math.log(SECONDS_A_YEAR)


@mistake("log10_years", "n weights have 2^n masks, not n^2: each weight doubles them")
def squares(weights: int, per_second: float) -> float:
    return 2 * math.log10(weights) - math.log10(per_second) - math.log10(SECONDS_A_YEAR)


@mistake("log10_years", "n weights have 2^n masks, not 2n: each weight doubles them")
def doubles(weights: int, per_second: float) -> float:
    return math.log10(2 * weights) - math.log10(per_second) - math.log10(SECONDS_A_YEAR)


@mistake("log10_years", "these are the years; return their logarithm to base 10")
def returns_the_years(weights: int, per_second: float) -> float:
    return 2.0**weights / per_second / SECONDS_A_YEAR


@mistake("log10_years", "it is right but rounded: return all its digits")
def rounds(weights: int, per_second: float) -> int:
    return round(weights * math.log10(2) - math.log10(per_second) - math.log10(SECONDS_A_YEAR))


# ten_answers -------------------------------------------------------------------------------------------------


def _all_but_one(number: int) -> Callable[[], dict[int, bool]]:
    return lambda: {n: holds is not (n == number) for n, holds in ten_answers().items()}


for number, statement in enumerate(STATEMENTS, 1):
    mistake("ten_answers", f"1 of 10 do not hold up.\nStatement {number}: {statement.why}")(_all_but_one(number))
