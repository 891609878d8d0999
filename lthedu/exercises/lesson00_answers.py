"""Answers to lesson 00 that people really give: right ones written differently, and wrong ones by name.

No lesson imports this module; the tests hold every check against it.
"""

import itertools
import math

import numpy as np
import torch

from lthedu.exercises.core import alternative, planted
from lthedu.masks import Mask, Params
from lthedu.proof import meet_in_the_middle

# 0.1 ---------------------------------------------------------------------------------------------------------


@alternative("0.1")
def multiplies(mask: Mask, params: Params) -> Params:
    found = {}
    for name, numbers in params.items():
        found[name] = numbers * mask[name] if name in mask else numbers
    return found


@alternative("0.1")
def fills_a_copy(mask: Mask, params: Params) -> Params:
    found = {name: p.clone() for name, p in params.items()}
    for name, kept in mask.items():
        found[name][~kept] = 0
    return found


@alternative("0.1")
def masked_fill(mask: Mask, params: Params) -> Params:
    return {**params, **{name: params[name].masked_fill(~kept, 0.0) for name, kept in mask.items()}}


@planted("0.1", "wrong way round")  # True read as "delete", as torch's masked_fill does
def fills_what_is_kept(mask: Mask, params: Params) -> Params:
    return {name: p.masked_fill(mask[name], 0.0) if name in mask else p for name, p in params.items()}


@planted("0.1", "changed its argument 'params'")
def writes_into_the_network(mask: Mask, params: Params) -> Params:
    for name, kept in mask.items():
        params[name][~kept] = 0
    return params


@planted("0.1", "leaves out first.bias")
def forgets_the_biases(mask: Mask, params: Params) -> Params:
    return {name: params[name] * kept for name, kept in mask.items()}


@planted("0.1", "leaves out first.bias, second.weight")
def returns_inside_the_loop(mask: Mask, params: Params) -> Params | None:
    found = {}
    for name, numbers in params.items():
        found[name] = numbers * mask[name] if name in mask else numbers
        return found
    return None


@planted("0.1", "has shape")
def takes_the_survivors_out(mask: Mask, params: Params) -> Params:
    return {name: p[mask[name]] if name in mask else p for name, p in params.items()}


@planted("0.1", "has no mask and must stay")
def deletes_the_biases(mask: Mask, params: Params) -> Params:
    return {name: p * mask[name] if name in mask else torch.zeros_like(p) for name, p in params.items()}


@planted("0.1", "dtype torch.bool")
def returns_the_mask(mask: Mask, params: Params) -> Params:
    return {name: mask.get(name, p) for name, p in params.items()}


@planted("0.1", "not exactly zero")
def makes_them_tiny(mask: Mask, params: Params) -> Params:
    return {name: torch.where(mask[name], p, p * 1e-6) if name in mask else p for name, p in params.items()}


@planted("0.1", "a kept number has changed")
def keeps_only_ones(mask: Mask, params: Params) -> Params:
    return {name: mask[name].float() if name in mask else p for name, p in params.items()}


# 0.2 ---------------------------------------------------------------------------------------------------------


@alternative("0.2")
def by_product(numbers: list[float], target: float) -> tuple[bool, ...]:
    choices = itertools.product([False, True], repeat=len(numbers))
    return min(choices, key=lambda kept: abs(sum(itertools.compress(numbers, kept)) - target))


@alternative("0.2")
def by_recursion(numbers: list[float], target: float) -> list[bool]:
    if not numbers:
        return []
    without = [False, *by_recursion(numbers[1:], target)]
    with_ = [True, *by_recursion(numbers[1:], target - numbers[0])]

    def error(kept: list[bool]) -> float:
        return abs(sum(x for x, k in zip(numbers, kept, strict=True) if k) - target)

    return min(without, with_, key=error)


@alternative("0.2")
def in_numpy(numbers: list[float], target: float) -> list[int]:
    n = len(numbers)
    choices = (np.arange(2**n)[:, None] >> np.arange(n)) & 1  # (2**n, n)
    return list(choices[np.abs(choices @ np.asarray(numbers) - target).argmin()])


@alternative("0.2")
def from_both_halves(numbers: list[float], target: float) -> list[bool]:
    return meet_in_the_middle(numbers, target)


def _every(n: int) -> list[tuple[bool, ...]]:
    return list(itertools.product([False, True], repeat=n))


def _sum(numbers: list[float], kept: tuple[bool, ...]) -> float:
    return sum(itertools.compress(numbers, kept))


@planted("0.2", "largest numbers first")
def one_hasty_pass(numbers: list[float], target: float) -> list[bool]:
    kept, total = [False] * len(numbers), 0.0
    for i in sorted(range(len(numbers)), key=lambda i: abs(numbers[i]), reverse=True):
        if abs(total + numbers[i] - target) < abs(total - target):
            kept[i], total = True, total + numbers[i]
    return kept


@planted("0.2", "turned round")
def marks_the_deleted(numbers: list[float], target: float) -> list[bool]:
    return [not k for k in by_product(numbers, target)]


@planted("0.2", "not their sum")
def returns_the_sum(numbers: list[float], target: float) -> float:
    return _sum(numbers, by_product(numbers, target))


@planted("0.2", "it returned numbers")
def returns_the_numbers_kept(numbers: list[float], target: float) -> list[float]:
    return list(itertools.compress(numbers, by_product(numbers, target)))


@planted("0.2", "one for each number")
def returns_places(numbers: list[float], target: float) -> list[int]:
    return [i for i, kept in enumerate(by_product(numbers, target)) if kept]


@planted("0.2", "without their sign")
def forgets_abs(numbers: list[float], target: float) -> tuple[bool, ...]:
    return min(_every(len(numbers)), key=lambda kept: _sum(numbers, kept) - target)


@planted("0.2", "never goes above the target")
def stays_below(numbers: list[float], target: float) -> tuple[bool, ...]:  # a knapsack's rule
    allowed = [k for k in _every(len(numbers)) if _sum(numbers, k) <= target]
    return max(allowed, key=lambda kept: _sum(numbers, kept), default=(False,) * len(numbers))


@planted("0.2", "never deletes everything")
def keeps_at_least_one(numbers: list[float], target: float) -> tuple[bool, ...]:
    return min(_every(len(numbers))[1:], key=lambda kept: abs(_sum(numbers, kept) - target))


@planted("0.2", "never keeps everything")
def stops_one_short(numbers: list[float], target: float) -> tuple[bool, ...]:  # range(2**n - 1)
    return min(_every(len(numbers))[:-1], key=lambda kept: abs(_sum(numbers, kept) - target))


@planted("0.2", "another choice comes closer")
def only_neighbours(numbers: list[float], target: float) -> tuple[bool, ...]:
    n = len(numbers)
    runs = [tuple(a <= i < b for i in range(n)) for a in range(n + 1) for b in range(a, n + 1)]
    return min(runs, key=lambda kept: abs(_sum(numbers, kept) - target))


@planted("0.2", "another choice comes closer")
def is_content_with_one_digit(numbers: list[float], target: float) -> tuple[bool, ...]:
    return min(_every(len(numbers)), key=lambda kept: round(abs(_sum(numbers, kept) - target), 1))


@planted("0.2", "changed its argument 'numbers'")
def sorts_in_place(numbers: list[float], target: float) -> tuple[bool, ...]:
    numbers.sort(key=abs)
    return min(_every(len(numbers)), key=lambda kept: abs(_sum(numbers, kept) - target))


# 0.3 ---------------------------------------------------------------------------------------------------------

YEAR = 365.25 * 24 * 60 * 60


@alternative("0.3")
def with_a_whole_number(weights: int, per_second: float) -> float:
    return math.log10(2**weights) - math.log10(per_second * YEAR)  # log10 of an int of any size


@alternative("0.3")
def in_powers_of_two(weights: int, per_second: float) -> float:
    return (weights - math.log2(per_second) - math.log2(365 * 24 * 3600)) / math.log2(10)


@alternative("0.3")
def in_numpys_hands(weights: int, per_second: float) -> float:
    return float(np.subtract(weights * np.log10(2), np.log10([per_second, YEAR]).sum()))


@planted("0.3", "larger than any float")
def computes_the_power(weights: int, per_second: float) -> float:
    return math.log10(2**weights / per_second / YEAR)


@planted("0.3", "larger than any float")
def computes_it_in_numpy(weights: int, per_second: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.log10(np.float64(2) ** weights / per_second / YEAR))


@planted("0.3", "seconds, not years")
def stays_in_seconds(weights: int, per_second: float) -> float:
    return weights * math.log10(2) - math.log10(per_second)


@planted("0.3", "logarithms are subtracted")
def multiplies_by_the_rate(weights: int, per_second: float) -> float:
    return weights * math.log10(2) + math.log10(per_second) - math.log10(YEAR)


@planted("0.3", "is not used")
def forgets_the_rate(weights: int, per_second: float) -> float:
    return weights * math.log10(2) - math.log10(YEAR)


@planted("0.3", "natural logarithm")
def natural_logarithm(weights: int, per_second: float) -> float:
    return weights * math.log(2) - math.log(per_second) - math.log(YEAR)


@planted("0.3", "2^n masks, not n^2")
def squares(weights: int, per_second: float) -> float:
    return 2 * math.log10(weights) - math.log10(per_second) - math.log10(YEAR)


@planted("0.3", "2^n masks, not 2n")
def doubles(weights: int, per_second: float) -> float:
    return math.log10(2 * weights / per_second / YEAR)


@planted("0.3", "these are the years")
def returns_the_years(weights: int, per_second: float) -> float:
    return 2.0**weights / per_second / YEAR


@planted("0.3", "rounded")
def rounds(weights: int, per_second: float) -> int:
    return round(weights * math.log10(2) - math.log10(per_second) - math.log10(YEAR))


# 0.4 ---------------------------------------------------------------------------------------------------------

KEY = dict(zip(range(1, 11), map(bool, (1, 0, 0, 0, 1, 1, 1, 0, 0, 0)), strict=True))


@alternative("0.4")
def names_the_true_ones() -> dict[int, bool]:
    return {n: n in (1, 5, 6, 7) for n in range(10, 0, -1)}


@alternative("0.4")
def in_ones_and_zeros() -> dict[int, int]:
    return {n: int(answer) for n, answer in KEY.items()}


@planted("0.4", "6 of 10 do not hold up")
def believes_everything() -> dict[int, bool]:
    return dict.fromkeys(range(1, 11), True)


@planted("0.4", "4 of 10 do not hold up")
def doubts_everything() -> dict[int, bool]:
    return dict.fromkeys(range(1, 11), False)


@planted("0.4", "multiplies by zero as slowly")
def expects_speed() -> dict[int, bool]:
    return KEY | {2: True}


@planted("0.4", "more than one training, not less")
def expects_a_cheap_search() -> dict[int, bool]:
    return KEY | {1: False}


@planted("0.4", "fine-tuning")
def takes_fine_tuning_for_it() -> dict[int, bool]:
    return KEY | {3: True}


@planted("0.4", "The question is only which small network learns best")
def thinks_small_networks_cannot_learn() -> dict[int, bool]:
    return KEY | {5: False}


@planted("0.4", "Statement 9: It says that the subnetwork is there")
def takes_existence_for_search() -> dict[int, bool]:
    return KEY | {8: True, 9: True}


@planted("0.4", "not established")
def believes_it_of_brains() -> dict[int, bool]:
    return KEY | {10: True}


@planted("0.4", "the sheet is not full yet")
def gets_tired() -> dict[int, bool | None]:
    return KEY | {8: None, 9: None, 10: None}


@planted("0.4", "without quotation marks")
def writes_text() -> dict[int, str]:
    return {n: str(answer) for n, answer in KEY.items()}


@planted("0.4", "expected a dict")
def writes_a_list() -> list[bool]:
    return list(KEY.values())


@planted("0.4", "numbers 1 to 10")
def counts_from_zero() -> dict[int, bool]:
    return {n - 1: answer for n, answer in KEY.items()}
