"""Mistakes that people really make in this lesson, and what they are told: a list to look them up in."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lthedu.exercises.core import mistake
from lthedu.proof import closest_subset, compare_logits, error_bound, first_mask, normalise, one_weight

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Row = Sequence[float]
Keep = list[bool]
Choose = Callable[[Row, float], Keep]

# one_weight --------------------------------------------------------------------------------------------------


def _branches(a: Row, products: Row, up: float, down: float, choose: Choose) -> Keep:
    """The two groups, each with its target."""
    keep = [False] * len(a)
    for sign, target in ((1, up), (-1, down)):
        mine = [j for j, x in enumerate(a) if sign * x > 0]
        for j, kept in zip(mine, choose([products[j] for j in mine], target), strict=True):
            keep[j] = kept
    return keep


def _products(a: Row, b: Row) -> Row:
    return [x * y for x, y in zip(a, b, strict=True)]


def _sizes(a: Row) -> Row:
    return [abs(x) for x in a]


@mistake(
    "one_weight",
    "for x < 0 it adds up to w, and must add up to -w: there the neurons see |x|, and w x is -w |x|",
)
def forgets_minus_w(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    return _branches(incoming, _products(_sizes(incoming), outgoing), weight, weight, choose)


@mistake("one_weight", "nothing answers to x < 0: neurons with a negative incoming weight are needed, too")
def positive_branch_only(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    keep = one_weight(incoming, outgoing, weight, choose)
    return [k and a > 0 for k, a in zip(keep, incoming, strict=True)]


@mistake("one_weight", "nothing answers to x > 0")
def negative_branch_only(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    keep = one_weight(incoming, outgoing, weight, choose)
    return [k and a < 0 for k, a in zip(keep, incoming, strict=True)]


@mistake(
    "one_weight",
    "it puts all products into one sum; but a neuron with a negative incoming weight is silent for x > 0, and one "
    "with a positive is for x < 0: the two groups never add up",
)
def one_sum_for_all(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    return choose(_products(incoming, outgoing), weight)  # a course that is online says that w1 - w2 will do


@mistake(
    "one_weight",
    "it puts all products into one sum; but no neuron answers to both signs of x: choose in each group apart",
)
def one_sum_of_sizes(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    return choose(_products(_sizes(incoming), outgoing), weight)


@mistake(
    "one_weight",
    "it adds up outgoing weights alone; a neuron contributes the product of its incoming and outgoing weight",
)
def forgets_the_incoming(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    return _branches(incoming, outgoing, weight, -weight, choose)


@mistake("one_weight", "the two signs are exchanged: the neurons with a > 0 are the ones that answer to x > 0")
def exchanges_the_signs(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    return _branches(incoming, _products(_sizes(incoming), outgoing), -weight, weight, choose)


@mistake("one_weight", "the choice is turned round: True means kept")
def says_what_to_prune(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    return [not k for k in one_weight(incoming, outgoing, weight, choose)]


@mistake(
    "one_weight",
    "it keeps a neuron whose incoming weight is 0: a dead neuron, that says nothing to anybody",
)
def keeps_the_dead(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    keep = one_weight(incoming, outgoing, weight, choose)
    return [k or a == 0 for k, a in zip(keep, incoming, strict=True)]


# first_mask --------------------------------------------------------------------------------------------------


def _owned(owner: Ints, columns: int, of: Any) -> Bools:
    """The owner's column of each neuron for which `of` is true."""
    found: Bools = (owner[:, None] == np.arange(columns)) & of[:, None]
    return found


@mistake("first_mask", "the mask is turned round: True means kept")
def pruned_for_kept(second: Bools, owner: Ints, columns: int) -> Bools:
    return ~first_mask(second, owner, columns)


@mistake("first_mask", "every owned neuron keeps its weight, used or not: what no output reads is to be pruned")
def keeps_the_unused(second: Bools, owner: Ints, columns: int) -> Bools:
    return _owned(owner, columns, owner >= 0)


@mistake("first_mask", "only neurons that all outputs use are kept: one output that uses it is enough")
def all_instead_of_any(second: Bools, owner: Ints, columns: int) -> Bools:
    return _owned(owner, columns, second.all(0))


@mistake("first_mask", "it looks at the first output only: a neuron that another one uses is needed, too")
def looks_at_one_output(second: Bools, owner: Ints, columns: int) -> Bools:
    return _owned(owner, columns, second[0])


@mistake("first_mask", "a neuron that several outputs share loses its weight; it has one value, which each may read")
def loses_the_shared(second: Bools, owner: Ints, columns: int) -> Bools:
    return _owned(owner, columns, second.sum(0) == 1)


# normalise ---------------------------------------------------------------------------------------------------


@mistake("normalise", "the layers are right and the scale is the inverse: the output must be multiplied by it")
def inverse_scale(layers: list[Floats], largest: float = 0.25) -> tuple[list[Floats], float]:
    found, scale = normalise(layers, largest)
    return found, 1 / scale


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


# compare_logits ----------------------------------------------------------------------------------------------


def _alike(target: torch.Tensor, ticket: torch.Tensor) -> float:
    return compare_logits(target, ticket)[0]


for words, largest in (
    (
        "the largest difference may be below zero: take its size first, then the largest",
        lambda a, b: (a - b).max(),
    ),
    ("this is the mean difference; the theorem speaks of the largest", lambda a, b: (a - b).abs().mean()),
    (
        "this is the root mean square; the theorem speaks of the largest",
        lambda a, b: (a - b).square().mean().sqrt(),
    ),
    (
        "this is the length of a row's difference; the largest of any logit is asked for",
        lambda a, b: (a - b).norm(dim=1).max(),
    ),
    (
        "subtract first, then take the largest: these are the largest logits of each",
        lambda a, b: (a.max() - b.max()).abs(),
    ),
    (
        "the largest logits of a row need not be those that differ",
        lambda a, b: (a.max(1).values - b.max(1).values).abs().max(),
    ),
    ("this is the square of the largest difference", lambda a, b: (a - b).square().max()),
):
    mistake("compare_logits", words)(lambda a, b, largest=largest: (_alike(a, b), largest(a, b)))

for words, share in (
    ("the share is in percent; return it as a number between 0 and 1", lambda a, b: 100 * _alike(a, b)),
    (
        "this is the share on which the two differ; the one on which they agree is asked for",
        lambda a, b: 1 - _alike(a, b),
    ),
    ("this is a number of inputs; return the share of them", lambda a, b: len(a) * _alike(a, b)),
    (
        "argmax goes down the columns; the answer to an input is the largest of its row: argmax(1)",
        lambda a, b: _alike(a.T, b.T),
    ),
):
    mistake("compare_logits", words)(lambda a, b, share=share: (share(a, b), compare_logits(a, b)[1]))


@mistake(
    "compare_logits",
    "the two numbers are exchanged: first the share answered alike, then the largest difference",
)
def exchanged(target: torch.Tensor, ticket: torch.Tensor) -> tuple[float, float]:
    return compare_logits(target, ticket)[::-1]


# error_bound -------------------------------------------------------------------------------------------------

Step = Callable[[float, float, Floats, Floats, Floats], tuple[float, float]]
Bound = Callable[[list[Floats], list[Floats], list[Floats], float], float]


def _layer_by_layer(step: Step) -> Bound:
    """A bound from what one layer does to the largest length `r` of an input, and to the difference `d`."""

    def bound(target: list[Floats], made: list[Floats], errors: list[Floats], reach: float) -> float:
        r, d = reach, 0.0
        for t, m, e in zip(target, made, errors, strict=True):
            r, d = step(r, d, t, m, e)
        return d

    bound.__name__ = step.__name__
    return bound


def _norm(matrix: Floats) -> float:
    return float(np.linalg.norm(matrix, 2))


def _one_more(r: float) -> float:
    return math.hypot(r, 1)


@mistake("error_bound", "the errors of the biases are forgotten: what is off by a bias is off, too")
@_layer_by_layer
def forgets_bias_errors(r: float, d: float, t: Floats, m: Floats, e: Floats) -> tuple[float, float]:
    return _norm(m) * _one_more(r), _norm(t[:, :-1]) * d + _norm(e[:, :-1]) * r


@mistake(
    "error_bound",
    "a bias makes a layer's output longer, and so the next layer's error larger: `length` must see it",
)
@_layer_by_layer
def forgets_bias_lengths(r: float, d: float, t: Floats, m: Floats, e: Floats) -> tuple[float, float]:
    return _norm(m[:, :-1]) * r, _norm(t[:, :-1]) * d + _norm(e) * _one_more(r)


@mistake("error_bound", "biases are forgotten, in the errors and in the lengths")
@_layer_by_layer
def forgets_biases(r: float, d: float, t: Floats, m: Floats, e: Floats) -> tuple[float, float]:
    return _norm(m[:, :-1]) * r, _norm(t[:, :-1]) * d + _norm(e[:, :-1]) * r


@mistake("error_bound", "the bias is a weight for an input of 1: the input's length is sqrt(length^2 + 1)")
@_layer_by_layer
def forgets_the_one(r: float, d: float, t: Floats, m: Floats, e: Floats) -> tuple[float, float]:
    return _norm(m) * r, _norm(t[:, :-1]) * d + _norm(e) * r


@mistake(
    "error_bound", "with the 1 for the bias an input is sqrt(length^2 + 1) long: lengths at right angles do not add up"
)
@_layer_by_layer
def adds_the_one(r: float, d: float, t: Floats, m: Floats, e: Floats) -> tuple[float, float]:
    return _norm(m) * (r + 1), _norm(t[:, :-1]) * d + _norm(e) * (r + 1)


@mistake("error_bound", "the difference that comes in is multiplied by the target's W, and here it is not")
@_layer_by_layer
def only_adds_up(r: float, d: float, t: Floats, m: Floats, e: Floats) -> tuple[float, float]:
    return _norm(m) * _one_more(r), d + _norm(e) * _one_more(r)


@mistake("error_bound", "`length` stays at `reach`: every layer changes how long its output can be")
@_layer_by_layer
def one_length_for_all(r: float, d: float, t: Floats, m: Floats, e: Floats) -> tuple[float, float]:
    return r, _norm(t[:, :-1]) * d + _norm(e) * _one_more(r)


@mistake("error_bound", "the two parts of the difference can both happen, so they are added")
@_layer_by_layer
def the_larger_part(r: float, d: float, t: Floats, m: Floats, e: Floats) -> tuple[float, float]:
    return _norm(m) * _one_more(r), max(_norm(t[:, :-1]) * d, _norm(e) * _one_more(r))


@mistake("error_bound", "`length` is taken after this layer; the layer's error meets the input that it gets, before it")
@_layer_by_layer
def length_first(r: float, d: float, t: Floats, m: Floats, e: Floats) -> tuple[float, float]:
    r = _norm(m) * _one_more(r)
    return r, _norm(t[:, :-1]) * d + _norm(e) * _one_more(r)


@mistake("error_bound", "this is the Frobenius norm, which is larger: the largest singular value is asked for")
@_layer_by_layer
def frobenius(r: float, d: float, t: Floats, m: Floats, e: Floats) -> tuple[float, float]:
    norm = np.linalg.norm
    return float(norm(m)) * _one_more(r), float(norm(t[:, :-1]) * d + norm(e) * _one_more(r))


@mistake("error_bound", "this takes the largest entry for the norm; many small entries make a large difference")
@_layer_by_layer
def largest_entry(r: float, d: float, t: Floats, m: Floats, e: Floats) -> tuple[float, float]:
    t, m, e = np.abs(t), np.abs(m), np.abs(e)
    return m.max() * _one_more(r), t[:, :-1].max() * d + e.max() * _one_more(r)


@mistake("error_bound", "the difference that comes in is carried by the target's W, not by the one that was made")
def carried_by_the_copy(target: list[Floats], made: list[Floats], errors: list[Floats], reach: float) -> float:
    return error_bound(made, made, errors, reach)


@mistake("error_bound", "the difference that comes in is carried by the target's W, not by the error")
def carried_by_the_error(target: list[Floats], made: list[Floats], errors: list[Floats], reach: float) -> float:
    return error_bound(errors, made, errors, reach)


@mistake("error_bound", "`length` is about the second network, so `made` decides it, not `target`")
def lengths_of_the_target(target: list[Floats], made: list[Floats], errors: list[Floats], reach: float) -> float:
    return error_bound(target, target, errors, reach)


@mistake("error_bound", "it does not use `errors`: they are given, and need not be what `made` and `target` differ by")
def finds_the_errors_itself(target: list[Floats], made: list[Floats], errors: list[Floats], reach: float) -> float:
    return error_bound(target, made, [m - t for m, t in zip(made, target, strict=True)], reach)


@mistake("error_bound", "this is the square of the bound")
def squared(target: list[Floats], made: list[Floats], errors: list[Floats], reach: float) -> float:
    return error_bound(target, made, errors, reach) ** 2
