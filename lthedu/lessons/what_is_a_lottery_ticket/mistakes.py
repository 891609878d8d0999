"""Mistakes that people really make in this lesson, and what they are told."""

import itertools
import math
from collections.abc import Callable

from lthedu.exercises.core import mistake
from lthedu.lessons.what_is_a_lottery_ticket.exercises import SECONDS_A_YEAR, STATEMENTS, ten_answers
from lthedu.networks.masks import Mask, Params
from lthedu.proof import closest_subset

# apply -------------------------------------------------------------------------------------------------------


@mistake("apply", "the mask is used the wrong way round: True means kept")  # as torch's masked_fill reads it
def fills_what_is_kept(mask: Mask, params: Params) -> Params:
    return {name: p.masked_fill(mask[name], 0.0) if name in mask else p for name, p in params.items()}


@mistake("apply", "nothing was deleted: every number is as it was")
def deletes_nothing(mask: Mask, params: Params) -> Params:
    return dict(params)


OWN_RULE = "a tensor with a mask was left as it was: go by the names in `mask`, not by how a tensor looks or is called"


@mistake("apply", OWN_RULE)
def matrices_alone(mask: Mask, params: Params) -> Params:
    return {name: p * mask[name] if name in mask and p.ndim > 1 else p for name, p in params.items()}


@mistake("apply", OWN_RULE)
def all_but_biases(mask: Mask, params: Params) -> Params:
    return {name: p * mask[name] if name in mask and "bias" not in name else p for name, p in params.items()}


@mistake("apply", OWN_RULE)
def weights_by_name(mask: Mask, params: Params) -> Params:
    return {name: p * mask[name] if name in mask and "weight" in name else p for name, p in params.items()}


def _one_alone(which: int) -> Callable[[Mask, Params], Params]:
    """The first mask is used alone, or the last."""
    return lambda mask, params: {**params, **{name: params[name] * mask[name] for name in [*mask][which:][:1]}}


for which in (0, -1):
    mistake("apply", "one mask alone was used; the other tensors that have one must lose their numbers as well")(
        _one_alone(which)
    )


# closest_subset ----------------------------------------------------------------------------------------------


def _choices(n: int) -> list[tuple[bool, ...]]:
    return list(itertools.product([False, True], repeat=n))


def _sum(numbers: list[float], kept: tuple[bool, ...]) -> float:
    return sum(itertools.compress(numbers, kept))


def _some_values(numbers: list[float]) -> list[tuple[float, ...]]:
    values = list(dict.fromkeys(numbers))
    return [tuple(itertools.compress(values, kept)) for kept in _choices(len(values))]


Rule = Callable[[float, float, float], bool]  # (sum so far, number, target) -> whether the number is kept


def _one_by_one(key: Callable[[float], float], keep: Rule) -> Callable[[list[float], float], list[bool]]:
    """One pass through the numbers in the order of `key`."""

    def answer(numbers: list[float], target: float) -> list[bool]:
        kept, total = [False] * len(numbers), 0.0
        for i in sorted(range(len(numbers)), key=lambda i: key(numbers[i])):
            if keep(total, numbers[i], target):
                kept[i], total = True, total + numbers[i]
        return kept

    return answer


for key in (lambda x: 0, lambda x: x, lambda x: -x, abs, lambda x: -abs(x)):
    for keep in (
        lambda total, x, target: abs(total + x - target) < abs(total - target),
        lambda total, x, target: abs(total + x - target) <= abs(total - target),
        lambda total, x, target: total + x <= target,
    ):
        mistake(
            "closest_subset",
            "it decides on one number after the other and never goes back; a number that looked good at once may spoil "
            "the best choice, so try all choices",
        )(_one_by_one(key, keep))


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


NONE_AND_ALL = "it never deletes everything and never keeps everything: both are choices, too"


@mistake("closest_subset", NONE_AND_ALL)
def none_and_all_left_out(numbers: list[float], target: float) -> tuple[bool, ...]:  # fails for one number
    return min(_choices(len(numbers))[1:-1], key=lambda kept: abs(_sum(numbers, kept) - target))


@mistake("closest_subset", NONE_AND_ALL)
def none_and_all_left_out_of_several(numbers: list[float], target: float) -> tuple[bool, ...]:
    return none_and_all_left_out(numbers, target) if len(numbers) > 1 else (False,)


@mistake("closest_subset", "it takes the sum that is furthest above the target: compare distances, without their sign")
def forgets_abs_the_other_way(numbers: list[float], target: float) -> tuple[bool, ...]:
    return min(_choices(len(numbers)), key=lambda kept: target - _sum(numbers, kept))


@mistake("closest_subset", "it takes the choice that is furthest from the target; look for the nearest")
def furthest(numbers: list[float], target: float) -> tuple[bool, ...]:
    return max(_choices(len(numbers)), key=lambda kept: abs(_sum(numbers, kept) - target))


@mistake("closest_subset", "it never stays below the target; a sum a little below may be nearer than any above")
def stays_above(numbers: list[float], target: float) -> tuple[bool, ...]:
    allowed = [kept for kept in _choices(len(numbers)) if _sum(numbers, kept) >= target]
    return min(allowed, key=lambda kept: _sum(numbers, kept), default=(True,) * len(numbers))


for order in (1, -1):  # which of the equally good comes first

    @mistake("closest_subset", "it compares without the signs of sum and target: -0.5 is not near to 0.5")
    def compares_sizes(numbers: list[float], target: float, order: int = order) -> tuple[bool, ...]:
        return min(_choices(len(numbers))[::order], key=lambda kept: abs(abs(_sum(numbers, kept)) - abs(target)))


NEARLY = "it is content with a choice that is nearly the nearest: compare the distances with all their digits"
for order in (1, -1):
    for digits in (1, 2, 3):

        @mistake("closest_subset", NEARLY)
        def rounds_the_distance(
            numbers: list[float], target: float, digits: int = digits, order: int = order
        ) -> tuple[bool, ...]:
            choices = _choices(len(numbers))[::order]
            return min(choices, key=lambda kept: round(abs(_sum(numbers, kept) - target), digits))

    for enough in (0.1, 0.05, 0.01, 0.001):

        @mistake("closest_subset", NEARLY)
        def stops_where_it_is_near(
            numbers: list[float], target: float, enough: float = enough, order: int = order
        ) -> tuple[bool, ...]:
            choices = _choices(len(numbers))[::order]
            near = (kept for kept in choices if abs(_sum(numbers, kept) - target) < enough)
            return next(near, tuple(closest_subset(numbers, target)))


BY_VALUE = "equal numbers are mixed up: one of them may be kept and another deleted, so go by place, not by value"


@mistake("closest_subset", BY_VALUE)
def all_that_equal_a_kept_one(numbers: list[float], target: float) -> list[bool]:
    kept = list(itertools.compress(numbers, closest_subset(numbers, target)))
    return [x in kept for x in numbers]


@mistake("closest_subset", BY_VALUE)
def as_the_last_of_the_equals(numbers: list[float], target: float) -> list[bool]:  # a dict by number
    kept = dict(zip(numbers, closest_subset(numbers, target), strict=True))
    return [kept[x] for x in numbers]


for order in (1, -1):

    @mistake("closest_subset", BY_VALUE)
    def as_the_best_that_values_allow(numbers: list[float], target: float, order: int = order) -> list[bool]:
        kept = min(
            ([x in some for x in numbers] for some in _some_values(numbers)[::order]),
            key=lambda kept: abs(_sum(numbers, tuple(kept)) - target),
        )
        return list(kept)


@mistake("closest_subset", BY_VALUE)
def the_first_of_the_equals(numbers: list[float], target: float) -> list[bool]:
    kept = list(itertools.compress(numbers, closest_subset(numbers, target)))
    return [x in kept and numbers.index(x) == i for i, x in enumerate(numbers)]


OTHER_ORDER = (
    "the choice is right but its entries are in another order: the first belongs to the first number, and so on"
)


@mistake("closest_subset", OTHER_ORDER)
def from_back_to_front(numbers: list[float], target: float) -> list[bool]:  # a binary number's digits
    return closest_subset(numbers, target)[::-1]


@mistake("closest_subset", OTHER_ORDER)
def in_the_sorted_order(numbers: list[float], target: float) -> list[bool]:
    return closest_subset(sorted(numbers), target)


@mistake("closest_subset", OTHER_ORDER)
def in_the_falling_order(numbers: list[float], target: float) -> list[bool]:
    return closest_subset(sorted(numbers, reverse=True), target)


def _no_more_than(most: int) -> Callable[[list[float], float], tuple[bool, ...]]:
    def answer(numbers: list[float], target: float) -> tuple[bool, ...]:
        allowed = [kept for kept in _choices(len(numbers)) if sum(kept) <= most]
        return min(allowed, key=lambda kept: abs(_sum(numbers, kept) - target))

    return answer


for most in (1, 2, 3):
    mistake("closest_subset", f"it never keeps more than {('one number', 'two numbers', 'three numbers')[most - 1]}")(
        _no_more_than(most)
    )


@mistake("closest_subset", "it keeps every number, whatever the target: is the smallest distance noted as well?")
def keeps_the_last_choice(numbers: list[float], target: float) -> tuple[bool, ...]:
    return (True,) * len(numbers)


@mistake("closest_subset", "it keeps no number, whatever the target: is a better choice noted when one is found?")
def keeps_none(numbers: list[float], target: float) -> tuple[bool, ...]:
    return (False,) * len(numbers)


@mistake("closest_subset", "it stops where flipping one number more does not help; flipping two at once may")
def climbs(numbers: list[float], target: float) -> list[bool]:
    kept = [False] * len(numbers)
    while True:
        flipped = [[k is not (i == j) for j, k in enumerate(kept)] for i in range(len(kept))]
        best = min(flipped, key=lambda kept: abs(_sum(numbers, tuple(kept)) - target))
        if abs(_sum(numbers, tuple(best)) - target) >= abs(_sum(numbers, tuple(kept)) - target):
            return kept
        kept = best


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


def _log10_years(weights: int, per_second: float) -> float:
    return weights * math.log10(2) - math.log10(per_second) - math.log10(SECONDS_A_YEAR)


Years = Callable[[int, float], float]
_MORE: list[tuple[str, Years]] = [
    *(
        (f"that is {unit}, not years", lambda n, rate, seconds=seconds: stays_in_seconds(n, rate) - math.log10(seconds))
        for unit, seconds in (("minutes", 60), ("hours", 3600), ("days", 24 * 3600))
    ),
    *(
        (
            "a year has 365.25 * 24 * 60 * 60 seconds: a factor is missing",
            lambda n, rate, missing=missing: _log10_years(n, rate) + math.log10(missing),
        )
        for missing in (60, 3600, 24 * 3600, 24)
    ),
    *(
        (
            "one of the logarithms is the natural one: take math.log10 every time",
            lambda n, rate, a=a, b=b, c=c: n * a(2) - b(rate) - c(SECONDS_A_YEAR),
        )
        for a, b, c in itertools.product((math.log10, math.log), repeat=3)
        if {a, b, c} == {math.log10, math.log}
    ),
    *(
        ("the logarithm of a quotient is a difference: subtract the logarithms, do not divide", divided)
        for divided in (
            lambda n, rate: n * math.log10(2) / rate / SECONDS_A_YEAR,
            lambda n, rate: n * math.log10(2) / math.log10(rate) / math.log10(SECONDS_A_YEAR),
            lambda n, rate: n * math.log10(2) / math.log10(rate * SECONDS_A_YEAR),
        )
    ),
    *(
        ("it may be below zero: that is less than a year", positive)
        for positive in (lambda n, rate: max(0.0, _log10_years(n, rate)), lambda n, rate: abs(_log10_years(n, rate)))
    ),
    (
        "`per_second` is not used: it takes a billion masks a second every time",
        lambda n, rate: _log10_years(n, 1e9),
    ),
    ("a year has 365.25 days here, not 365", lambda n, rate: _log10_years(n, rate) + math.log10(365.25 / 365)),
    ("that is the time for half of the masks; every mask is to be tried", lambda n, rate: _log10_years(n - 1, rate)),
    (
        "2^n is divided by both, masks a second and seconds a year: subtract their logarithms",
        lambda n, rate: n * math.log10(2) + math.log10(rate) + math.log10(SECONDS_A_YEAR),
    ),
    ("n weights have 2^n masks, not 10^n", lambda n, rate: n - math.log10(rate) - math.log10(SECONDS_A_YEAR)),
    ("the sign is turned round: more masks take more years", lambda n, rate: -_log10_years(n, rate)),
    *(
        (
            f"log10 of 2 is 0.30103, not {short}: take math.log10(2)",
            lambda n, rate, short=short: _log10_years(0, rate) + n * short,
        )
        for short in (0.3, 0.301)
    ),
    *(
        ("it is right but rounded: return all its digits", lambda n, rate, short=short: short(_log10_years(n, rate)))
        for short in (
            round,
            int,
            math.floor,
            math.ceil,
            lambda x: round(x, 1),
            lambda x: round(x, 2),
            lambda x: round(x, 3),
        )
    ),
]
for _words, _years in _MORE:
    mistake("log10_years", _words)(_years)


# ten_answers -------------------------------------------------------------------------------------------------


def _all_but_one(number: int) -> Callable[[], dict[int, bool]]:
    return lambda: {n: holds is not (n == number) for n, holds in ten_answers().items()}


for number, statement in enumerate(STATEMENTS, 1):
    mistake("ten_answers", f"1 of 10 does not hold up.\nStatement {number}: {statement.why}")(_all_but_one(number))
