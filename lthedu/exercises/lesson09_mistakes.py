"""Mistakes that people really make in lesson 09, and what they are told."""

import math

from lthedu.exercises.core import mistake

# subset_width ------------------------------------------------------------------------------------------------


def _count(chance: float) -> int:
    n = 1
    while 2 * (1 + n) / 2**n > chance:
        n += 1
    return n


def _bits(eta: float) -> float:
    return max(0, math.log2(0.01 / eta))


def _accuracy(eta: float) -> float:
    return math.log2(1 / eta) + 3


def _both(eta: float, instances: int, delta: float) -> float:
    return max(_count(delta / instances) + _bits(eta), _accuracy(eta))


@mistake("subset_width", "the union bound is missing: N weights share delta among them")
def no_union_bound(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(max(_count(delta) + _bits(eta), _accuracy(eta)))


@mistake("subset_width", "this is what a typical weight needs; among many, some meet numbers of one sign only")
def accuracy_only(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(_accuracy(eta))


@mistake("subset_width", "this makes a miss unlikely; for few weights and a large delta log2(1 / eta) + 3 is more")
def safety_only(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(_count(delta / instances) + _bits(eta))


@mistake("subset_width", "the chance 2 (1 + n) / 2^n is that at eta = 0.01: a smaller eta costs its bits on top")
def one_chance_for_every_eta(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(max(_count(delta / instances), _accuracy(eta)))


@mistake(
    "subset_width",
    "for an eta above 0.01 nothing is taken off: add log2(0.01 / eta) only where it is above 0",
)
def takes_off_for_a_large_eta(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(max(_count(delta / instances) + math.log2(0.01 / eta), _accuracy(eta)))


@mistake("subset_width", "it is rounded down: with half a candidate less than needed it is too few")
def rounds_down(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.floor(_both(eta, instances, delta))


@mistake("subset_width", "a candidate is a whole neuron: round up")
def half_a_neuron(eta: float, instances: int, delta: float = 0.01) -> float:
    return _both(eta, instances, delta)


@mistake("subset_width", "it is rounded to the nearest number, which may be too few: round up")
def rounds_to_nearest(eta: float, instances: int, delta: float = 0.01) -> float:
    return round(_both(eta, instances, delta))


@mistake("subset_width", "this is the smaller of the two needs; both must be met")
def takes_the_smaller(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(min(_count(delta / instances) + _bits(eta), _accuracy(eta)))


@mistake("subset_width", "the two needs are added; the larger one serves both")
def adds_them(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(_count(delta / instances) + _bits(eta) + _accuracy(eta))


@mistake("subset_width", "a bit is a logarithm to base 2, and this is the natural one")
def natural_logarithm(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(max(_count(delta / instances) + max(0, math.log(0.01 / eta)), math.log(1 / eta) + 3))


@mistake("subset_width", "the 3 that a typical weight needs beyond log2(1 / eta) are missing")
def forgets_the_three(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(max(_count(delta / instances) + _bits(eta), math.log2(1 / eta)))


@mistake("subset_width", "one too few: count up until the chance is small enough, not as long as it is not")
def stops_too_early(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(max(_count(delta / instances) - 1 + _bits(eta), _accuracy(eta)))


@mistake("subset_width", "2 (1 + n), the number of ways to have no other sign, is left out")
def forgets_the_ways(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(max(math.log2(instances / delta) + _bits(eta), _accuracy(eta)))


@mistake("subset_width", "more weights must need more, not fewer: divide delta by their number")
def multiplies_delta(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(max(_count(delta * instances) + _bits(eta), _accuracy(eta)))
