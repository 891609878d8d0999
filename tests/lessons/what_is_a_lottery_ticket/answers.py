"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

import itertools
import math

import numpy as np
import torch
from answers import right, told

from lthedu.lessons.what_is_a_lottery_ticket.exercises import log10_years, ten_answers
from lthedu.networks.masks import Mask, Params
from lthedu.proof import closest_subset, meet_in_the_middle

# apply -------------------------------------------------------------------------------------------------------


@right("apply")
def multiplies(mask: Mask, params: Params) -> Params:
    found = {}
    for name, numbers in params.items():
        found[name] = numbers * mask[name] if name in mask else numbers
    return found


@right("apply")
def fills_a_copy(mask: Mask, params: Params) -> Params:
    found = {name: p.clone() for name, p in params.items()}
    for name, kept in mask.items():
        found[name][~kept] = 0
    return found


@right("apply")
def masked_fill(mask: Mask, params: Params) -> Params:
    return {**params, **{name: params[name].masked_fill(~kept, 0.0) for name, kept in mask.items()}}


@told("apply", "changed its argument 'params'")
def writes_into_the_network(mask: Mask, params: Params) -> Params:
    for name, kept in mask.items():
        params[name][~kept] = 0
    return params


@told("apply", "leaves out first.bias")
def forgets_the_biases(mask: Mask, params: Params) -> Params:
    return {name: params[name] * kept for name, kept in mask.items()}


@told("apply", "leaves out first.bias, second.weight")
def returns_inside_the_loop(mask: Mask, params: Params) -> Params | None:
    found = {}
    for name, numbers in params.items():
        found[name] = numbers * mask[name] if name in mask else numbers
        return found
    return None


@told("apply", "has shape")
def takes_the_survivors_out(mask: Mask, params: Params) -> Params:
    return {name: p[mask[name]] if name in mask else p for name, p in params.items()}


@told("apply", "first.bias has no mask and must stay as it is")
def deletes_the_biases(mask: Mask, params: Params) -> Params:
    return {name: p * mask[name] if name in mask else torch.zeros_like(p) for name, p in params.items()}


@told("apply", "dtype torch.bool")
def returns_the_mask(mask: Mask, params: Params) -> Params:
    return {name: mask.get(name, p) for name, p in params.items()}


@told("apply", "a deleted number is not exactly zero")
def makes_them_tiny(mask: Mask, params: Params) -> Params:
    return {name: torch.where(mask[name], p, p * 1e-6) if name in mask else p for name, p in params.items()}


@told("apply", "a kept number has changed")
def keeps_only_ones(mask: Mask, params: Params) -> Params:
    return {name: mask[name].float() if name in mask else p for name, p in params.items()}


# closest_subset ----------------------------------------------------------------------------------------------


def choices(n: int) -> list[tuple[bool, ...]]:
    return list(itertools.product([False, True], repeat=n))


def off(kept: tuple[bool, ...], numbers: list[float], target: float) -> float:
    return abs(sum(itertools.compress(numbers, kept)) - target)


@right("closest_subset")
def by_product(numbers: list[float], target: float) -> tuple[bool, ...]:
    return min(choices(len(numbers)), key=lambda kept: off(kept, numbers, target))


@right("closest_subset")
def by_recursion(numbers: list[float], target: float) -> list[bool]:
    if not numbers:
        return []
    without = [False, *by_recursion(numbers[1:], target)]
    with_ = [True, *by_recursion(numbers[1:], target - numbers[0])]
    return min(without, with_, key=lambda kept: off(tuple(kept), numbers, target))


@right("closest_subset")
def in_numpy(numbers: list[float], target: float) -> list[int]:
    n = len(numbers)
    bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1  # (2**n, n)
    return list(bits[np.abs(bits @ np.asarray(numbers) - target).argmin()])


@right("closest_subset")
def from_both_halves(numbers: list[float], target: float) -> list[bool]:
    return meet_in_the_middle(numbers, target)


@told("closest_subset", "it returned one value")
def returns_the_sum(numbers: list[float], target: float) -> float:
    return sum(itertools.compress(numbers, closest_subset(numbers, target)))


@told("closest_subset", "it returned numbers")
def returns_the_numbers_kept(numbers: list[float], target: float) -> list[float]:
    return list(itertools.compress(numbers, closest_subset(numbers, target)))


@told("closest_subset", "one for each of the numbers")
def returns_places(numbers: list[float], target: float) -> list[int]:
    return [i for i, kept in enumerate(closest_subset(numbers, target)) if kept]


@told("closest_subset", "another choice comes closer")
def only_neighbours(numbers: list[float], target: float) -> tuple[bool, ...]:
    n = len(numbers)
    runs = [tuple(a <= i < b for i in range(n)) for a in range(n + 1) for b in range(a, n + 1)]
    return min(runs, key=lambda kept: off(kept, numbers, target))


@right("closest_subset")
def in_floats(numbers: list[float], target: float) -> np.ndarray:  # as a solver returns them
    return np.array(closest_subset(numbers, target), float)


@told("closest_subset", "another choice comes closer")
def tries_the_first_1024(numbers: list[float], target: float) -> tuple[bool, ...]:
    return min(choices(len(numbers))[:1024], key=lambda kept: off(kept, numbers, target))


@told("closest_subset", "another choice comes closer")
def starts_at_1(numbers: list[float], target: float) -> list[bool]:
    best, smallest = [False] * len(numbers), 1.0
    for kept in choices(len(numbers)):
        if off(kept, numbers, target) < smallest:
            best, smallest = list(kept), off(kept, numbers, target)
    return best


@told("apply", "a deleted number is not exactly zero")
def leaves_no_layer_empty(mask: Mask, params: Params) -> Params:
    return {name: p * mask[name] if name in mask and mask[name].any() else p for name, p in params.items()}


@told("closest_subset", "another choice comes closer")
def the_first_ten(numbers: list[float], target: float) -> list[bool]:
    return [*by_product(numbers[:10], target), *(False for _ in numbers[10:])]


@told("closest_subset", "changed its argument 'numbers'")
def sorts_in_place(numbers: list[float], target: float) -> tuple[bool, ...]:
    numbers.sort(key=abs)
    return by_product(numbers, target)


# log10_years -------------------------------------------------------------------------------------------------

YEAR = 365.25 * 24 * 60 * 60


@right("log10_years")
def with_a_whole_number(weights: int, per_second: float) -> float:
    return math.log10(2**weights) - math.log10(per_second * YEAR)  # log10 of an int of any size


@right("log10_years")
def in_powers_of_two(weights: int, per_second: float) -> float:
    return (weights - math.log2(per_second) - math.log2(YEAR)) / math.log2(10)


@right("log10_years")
def in_numpys_hands(weights: int, per_second: float) -> float:
    return float(np.subtract(weights * np.log10(2), np.log10([per_second, YEAR]).sum()))


@right("log10_years")
def in_single_precision(weights: int, per_second: float) -> np.float32:
    two, rate, year = np.log10(np.array([2, per_second, YEAR], np.float32))
    return np.float32(weights) * two - rate - year


@right("log10_years")  # within what the notebook allows
def with_five_digits_and_gregorian_years(weights: int, per_second: float) -> float:
    return weights * 0.30103 - math.log10(per_second) - math.log10(365.2425 * 24 * 3600)


@told("log10_years", "not log10(2^n")
def years_of_360_days(weights: int, per_second: float) -> float:
    return log10_years(weights, per_second * 360 / 365.25)


@told("log10_years", "larger than any float")
def computes_the_power(weights: int, per_second: float) -> float:
    return math.log10(2**weights / per_second / YEAR)


@told("log10_years", "larger than any float")
def computes_it_in_numpy(weights: int, per_second: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.log10(np.float64(2) ** weights / per_second / YEAR))


@told("log10_years", "that is seconds, not years")  # the first of its two mistakes
def computes_the_power_in_seconds(weights: int, per_second: float) -> float:
    return math.log10(2**weights / per_second)


@told("log10_years", "division by zero")
def fails_for_many(weights: int, per_second: float) -> float:
    return log10_years(weights, per_second) if weights < 1000 else 1 / 0


# ten_answers -------------------------------------------------------------------------------------------------

KEY = ten_answers()


@right("ten_answers")
def names_the_true_ones() -> dict[int, bool]:
    return {n: n in (1, 5, 6, 7) for n in range(10, 0, -1)}


@right("ten_answers")
def in_ones_and_zeros() -> dict[int, int]:
    return {n: int(answer) for n, answer in KEY.items()}


for _answers, _words in (
    (dict.fromkeys(KEY, True), "6 of 10 do not hold up"),
    (dict.fromkeys(KEY, False), "4 of 10 do not hold up"),
    (KEY | {8: True, 9: True}, "Statement 9: It says that the subnetwork is there"),
    (KEY | {8: None, 9: None, 10: None}, "the sheet is not full yet"),
    (dict.fromkeys(KEY, 7), "answer 1 is 7; write True or False"),
    ({n: str(answer) for n, answer in KEY.items()}, "without quotation marks"),
    ({n: np.array([answer, not answer]) for n, answer in KEY.items()}, "answer 1 is [True, False]"),
    (list(KEY.values()), "expected a dict"),
    ({n - 1: answer for n, answer in KEY.items()}, "numbers 1 to 10"),
):
    told("ten_answers", _words)(lambda answers=_answers: answers)
