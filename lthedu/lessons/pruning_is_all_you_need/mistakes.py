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
    "one_weight", "it keeps every neuron whose incoming weight is 0; these are silent for every x, so leave them out"
)
def keeps_the_dead(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    keep = one_weight(incoming, outgoing, weight, choose)
    return [k or a == 0 for k, a in zip(keep, incoming, strict=True)]


@mistake(
    "one_weight",
    "neurons with incoming weight 0 are in a group: they are silent for every x, so leave them out of both groups",
)
def offers_the_dead(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    return one_weight([a or 1e-300 for a in incoming], outgoing, weight, choose)


@mistake("one_weight", "it does not ask `choose` which products to keep: call choose(products, target) for each sign")
def chooses_itself(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    return one_weight(incoming, outgoing, weight)


@mistake("one_weight", "it adds up incoming weights alone; a neuron contributes the product of both of its weights")
def forgets_the_outgoing(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    return _branches(incoming, _sizes(incoming), weight, -weight, choose)


@mistake("one_weight", "the sign of the outgoing weight is lost: only the incoming weight counts by its size")
def sizes_of_both(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    return _branches(incoming, _sizes(_products(incoming, outgoing)), weight, -weight, choose)


@mistake("one_weight", "the groups go by the sign of the outgoing weight; it is the incoming one that decides")
def groups_by_outgoing(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    return _branches(outgoing, _products(incoming, _sizes(outgoing)), weight, -weight, choose)


@mistake(
    "one_weight", "each group makes only half of the weight; for any x one group is silent, so each needs all of it"
)
def half_for_each(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    return one_weight(incoming, outgoing, weight / 2, choose)


@mistake(
    "one_weight", "the sign of `weight` is lost: for x > 0 the products must add up to `weight`, which may be negative"
)
def size_of_the_weight(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    return one_weight(incoming, outgoing, abs(weight), choose)


@mistake("one_weight", "the answers come in the order of the groups; put each one back at the place of its neuron")
def in_the_order_of_the_groups(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    keep = one_weight(incoming, outgoing, weight, choose)
    groups = [[k for k, a in zip(keep, incoming, strict=True) if sign * a > 0] for sign in (1, -1)]
    return [*groups[0], *groups[1], *(False for a in incoming if a == 0)]


@mistake("one_weight", "a place within a group is taken for a place in the list; put each answer back at its neuron")
def at_the_place_in_the_group(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    right, keep = one_weight(incoming, outgoing, weight, choose), [False] * len(incoming)
    for sign in (1, -1):
        for j, kept in enumerate(k for k, a in zip(right, incoming, strict=True) if sign * a > 0):
            keep[j] = kept
    return keep


@mistake("one_weight", "it keeps the best single product of each group; a subset of them may come nearer")
def one_neuron_of_each(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    def nearest(numbers: Row, target: float) -> Keep:
        off = [abs(x - target) for x in numbers]
        return [i == off.index(min(off)) for i in range(len(off))]

    return one_weight(incoming, outgoing, weight, nearest)


@mistake("one_weight", "neurons are looked up by their incoming weight, but two may have the same; go by their place")
def looked_up_by_weight(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    first = [incoming.index(a) for a in incoming]
    keep = _branches(
        incoming, [abs(a) * outgoing[j] for a, j in zip(incoming, first, strict=True)], weight, -weight, choose
    )
    last = dict(zip(first, keep, strict=True))
    return [last[i] if i == j else False for i, j in enumerate(first)]


@mistake("one_weight", "neurons are told apart by their incoming weight, but two may have the same; go by their place")
def kept_by_weight(incoming: Row, outgoing: Row, weight: float, choose: Choose = closest_subset) -> Keep:
    keep = one_weight(incoming, outgoing, weight, choose)
    kept = {a for a, k in zip(incoming, keep, strict=True) if k}
    return [a in kept for a in incoming]


for words, kept in (("it keeps every neuron; choose among them", True), ("it keeps no neuron", False)):
    mistake("one_weight", words)(
        lambda incoming, outgoing, weight, choose=closest_subset, kept=kept: [kept for _ in incoming]
    )


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


@mistake("first_mask", "a neuron that nobody owns (-1) keeps a weight: index -1 is the last column")
def minus_one_is_the_last(second: Bools, owner: Ints, columns: int) -> Bools:
    return _owned(owner % columns, columns, second.any(0))


# A loop that writes found[j, owner[j]] without asking for -1 often makes a second mistake with it.
@mistake(
    "first_mask",
    "it looks at the first output only, and a neuron that nobody owns (-1) keeps a weight: index -1 is the last column",
)
def one_output_and_minus_one(second: Bools, owner: Ints, columns: int) -> Bools:
    return _owned(owner % columns, columns, second[0])


@mistake(
    "first_mask",
    "every neuron keeps a weight: prune it where no output uses it, and where nobody owns it (-1 is the last column)",
)
def never_looks_at_second(second: Bools, owner: Ints, columns: int) -> Bools:
    return _owned(owner % columns, columns, np.ones(len(owner), bool))


@mistake("first_mask", "the neurons of column 0 are left out: 0 is an owner, and only -1 is none")
def leaves_out_column_0(second: Bools, owner: Ints, columns: int) -> Bools:
    return _owned(owner, columns, second.any(0) & (owner > 0))


@mistake("first_mask", "the neurons of the last column are left out: it is an owner like the others")
def leaves_out_the_last_column(second: Bools, owner: Ints, columns: int) -> Bools:
    return _owned(owner, columns, second.any(0) & (owner < columns - 1))


@mistake("first_mask", "it looks at the last output only: a neuron that another one uses is needed, too")
def looks_at_the_last_output(second: Bools, owner: Ints, columns: int) -> Bools:
    return _owned(owner, columns, second[-1])


@mistake("first_mask", "a neuron that only one output uses loses its weight: one is enough")
def needs_two_outputs(second: Bools, owner: Ints, columns: int) -> Bools:
    return _owned(owner, columns, second.sum(0) > 1)


@mistake("first_mask", "a used neuron keeps its whole row; it keeps one weight, in the column of its owner")
def keeps_whole_rows(second: Bools, owner: Ints, columns: int) -> Bools:
    return np.repeat((second.any(0) & (owner >= 0))[:, None], columns, axis=1)


@mistake("first_mask", "a used neuron keeps the columns of all owners; it keeps one weight, in the column of its own")
def keeps_all_owners(second: Bools, owner: Ints, columns: int) -> Bools:
    used = second.any(0) & (owner >= 0)
    return np.asarray(used[:, None] & np.isin(np.arange(columns), owner[used]))


@mistake("first_mask", "of the neurons with the same owner only one keeps its weight; every used neuron keeps one")
def one_of_each_owner(second: Bools, owner: Ints, columns: int) -> Bools:
    found = first_mask(second, owner, columns)
    return np.asarray(found & (found.cumsum(0) == 1))


@mistake("first_mask", "one neuron of each output keeps its weight; an output may use many")
def one_of_each_output(second: Bools, owner: Ints, columns: int) -> Bools:
    return _owned(owner, columns, np.isin(np.arange(len(owner)), second.argmax(1)))


@mistake("first_mask", "the column is one too far to the right: owner 0 is the first column")
def next_column(second: Bools, owner: Ints, columns: int) -> Bools:
    return _owned(np.where(owner < 0, owner, (owner + 1) % columns), columns, second.any(0))


@mistake("first_mask", "the column is one too far to the left: owner 0 is the first column")
def previous_column(second: Bools, owner: Ints, columns: int) -> Bools:
    return _owned(owner - 1, columns, second.any(0))


@mistake("first_mask", "it keeps nothing: a change in found[rows][:, columns] is lost, since found[rows] is a copy")
def keeps_nothing(second: Bools, owner: Ints, columns: int) -> Bools:
    return np.zeros((len(owner), columns), bool)


# normalise ---------------------------------------------------------------------------------------------------


Size = Callable[[Floats, Floats, float], Any]  # (W, b, c) -> what `largest` is compared with
Bias = Callable[[Floats, float, float], Floats]  # (b, c, s) -> the new bias


def _largest(weight: Floats, bias: Floats, c: float) -> float:
    """The largest size, of a weight or of a bias in the units that it will have."""
    return max(float(np.abs(weight).max()), float(np.abs(bias).max()) / c)


def _raw(weight: Floats, bias: Floats, c: float) -> float:
    return max(float(np.abs(weight).max()), float(np.abs(bias).max()))


def _scaled(
    layers: list[Floats], largest: float, size: Size = _largest, bias: Bias = lambda b, c, s: b / (c * s)
) -> tuple[list[Floats], list[float]]:
    """The new layers, and the s of each."""
    c, found, each = 1.0, [], []
    for layer in layers:
        weight, b = layer[:, :-1], layer[:, -1:]
        s = size(weight, b, c) / largest
        found.append(np.concatenate([weight / s, bias(b, c, s)], axis=1))
        each.append(s)
        c *= s
    return found, each


def _all_of(each: list[float]) -> float:
    return math.prod(each)


for words, total in (
    (
        "the layers are right and the scale is the inverse: the output must be multiplied by it",
        lambda e: 1 / _all_of(e),
    ),
    ("the layers are right and the scale is the sum of all s; it is their product", sum),
    ("the layers are right and the scale is the last s alone; it is the product of all s", lambda e: e[-1]),
    ("the layers are right and the scale lacks the last s: multiply by it, too", lambda e: _all_of(e[:-1])),
    ("the layers are right and the scale is 1; the output must be multiplied by the product of all s", lambda e: 1.0),
    ("the layers are right and the scale is the largest s; it is the product of all s", max),
    ("the layers are right and the scale is the first s alone; it is the product of all s", lambda e: e[0]),
):
    mistake("normalise", words)(
        lambda layers, largest=0.25, total=total: (normalise(layers, largest)[0], total(_scaled(layers, largest)[1]))
    )

_SHRINK = "the biases are what they were; they must shrink with what they are added to"
_PRODUCT = (
    "a bias is divided by its own layer's s alone; what it is added to has shrunk by all earlier s as well, so it is "
    "divided by the product of all s so far"
)
_SEES = "what it divides by depends on the weights alone; a bias, in the units that it will have, may be larger"
_UNITS = "it divides by the size of the biases as they were; what counts is what earlier layers leave of it"
for words, size, bias in (
    (_SHRINK, _largest, lambda b, c, s: b),
    (_SHRINK, _raw, lambda b, c, s: b),
    (_SHRINK, lambda w, b, c: np.abs(w).max(), lambda b, c, s: b),
    (_PRODUCT, _largest, lambda b, c, s: b / s),
    (_PRODUCT, _raw, lambda b, c, s: b / s),
    (_PRODUCT, lambda w, b, c: np.abs(w).max(), lambda b, c, s: b / s),
    (
        "a bias is divided by the earlier s alone; its own layer's s belongs to the product",
        _largest,
        lambda b, c, s: b / c,
    ),
    ("a bias is multiplied by the earlier s; divide it by them", _largest, lambda b, c, s: b * c / s),
    (
        "weights and biases of a layer are divided by different numbers; in the first layer both are divided by s",
        lambda w, b, c: np.abs(w).max(),
        lambda b, c, s: b / np.abs(b).max() / 4,
    ),
    (
        "s has the sign of the largest entry; a ReLU lets no negative factor through, so divide by the size",
        lambda w, b, c: (made := np.concatenate([w, b / c], axis=1)).flat[int(np.abs(made).argmax())],
        lambda b, c, s: b / (c * s),
    ),
    (_SEES, lambda w, b, c: np.abs(w).max(), lambda b, c, s: b / (c * s)),
    (_UNITS, _raw, lambda b, c, s: b / (c * s)),
    (
        "it divides by the largest number, not by the largest size: a negative weight counts by its size",
        lambda w, b, c: max(w.max(), b.max() / c),
        lambda b, c, s: b / (c * s),
    ),
    (
        "s is a norm of the layer; the largest weight or bias by size is asked for",
        lambda w, b, c: np.linalg.norm(np.concatenate([w, b], axis=1), 2),
        lambda b, c, s: b / (c * s),
    ),
    (
        "s is a norm of the layer; the largest weight or bias by size is asked for",
        lambda w, b, c: np.linalg.norm(w),
        lambda b, c, s: b / (c * s),
    ),
    (
        "s is a norm of the layer; the largest weight or bias by size is asked for",
        lambda w, b, c: np.linalg.norm(np.concatenate([w, b / c], axis=1)),
        lambda b, c, s: b / (c * s),
    ),
):
    mistake("normalise", words)(
        lambda layers, largest=0.25, size=size, bias=bias: (
            (made := _scaled(layers, largest, size, bias))[0],
            _all_of(made[1]),
        )
    )


@mistake("normalise", "layers whose weights are all small are left as they were; they must be made larger")
def only_shrinks(layers: list[Floats], largest: float = 0.25) -> tuple[list[Floats], float]:
    found, each = _scaled(layers, largest, lambda w, b, c: max(_largest(w, b, c), largest))
    return found, _all_of(each)


@mistake("normalise", "it does not use `largest`: it is not always 0.25")
def fixed_largest(layers: list[Floats], largest: float = 0.25) -> tuple[list[Floats], float]:
    return normalise(layers)


@mistake("normalise", "the largest weight or bias becomes 1: it must become `largest`")
def up_to_one(layers: list[Floats], largest: float = 0.25) -> tuple[list[Floats], float]:
    return normalise(layers, 1.0)


@mistake("normalise", "it multiplies by `largest` where it must divide: the largest number must become `largest`")
def multiplies_by_largest(layers: list[Floats], largest: float = 0.25) -> tuple[list[Floats], float]:
    return normalise(layers, 1 / largest)


_ONE_S = "one s serves all layers; every layer needs its own, so that the largest number of each is `largest`"


@mistake("normalise", _ONE_S)
def one_for_all_layers(layers: list[Floats], largest: float = 0.25) -> tuple[list[Floats], float]:
    most = max(float(np.abs(layer).max()) for layer in layers)
    found, each = _scaled(layers, largest, lambda w, b, c: most)
    return found, _all_of(each)


for _power in (lambda n: 1, lambda n: n):

    @mistake("normalise", _ONE_S)
    def one_for_all_numbers(
        layers: list[Floats], largest: float = 0.25, power: Callable[[int], int] = _power
    ) -> tuple[list[Floats], float]:
        s = max(float(np.abs(layer).max()) for layer in layers) / largest
        return [layer / s for layer in layers], s ** power(len(layers))


for _digits in (1, 2, 3, 4, 5):

    @mistake("normalise", "the layers are right but rounded: return all their digits")
    def rounds(layers: list[Floats], largest: float = 0.25, digits: int = _digits) -> tuple[list[Floats], float]:
        found, scale = normalise(layers, largest)
        return [np.round(layer, digits) for layer in found], scale


@mistake("normalise", "numbers above `largest` are cut off; divide the whole layer, so that it computes the same")
def clips(layers: list[Floats], largest: float = 0.25) -> tuple[list[Floats], float]:
    return [np.clip(layer, -largest, largest) for layer in layers], 1.0


# subset_width ------------------------------------------------------------------------------------------------


def _count(chance: float, miss: Callable[[int], float] = lambda n: 2 * (1 + n) / 2**n) -> int:
    """The first n with which the chance of a miss is small enough."""
    return next(n for n in range(1, 10_000) if miss(n) <= chance)


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


@mistake("subset_width", "it does not use `delta`: it is not always 0.01")
def fixed_delta(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(_both(eta, instances, 0.01))


@mistake("subset_width", "a chance of exactly delta / instances is small enough: at most, not below")
def strictly_below(eta: float, instances: int, delta: float = 0.01) -> float:
    return _ceil_of(eta, delta / instances * (1 - 1e-12))


@mistake("subset_width", "a whole number is one more than needed: round up only what is not whole")
def always_one_more(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.floor(_both(eta, instances, delta)) + 1


@mistake("subset_width", "this is one more than needed")
def one_too_many(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(_both(eta, instances, delta)) + 1


@mistake("subset_width", "this is one less than needed")
def one_too_few(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(_both(eta, instances, delta)) - 1


def _ceil_of(eta: float, chance: float, miss: Callable[[int], float] = lambda n: 2 * (1 + n) / 2**n) -> float:
    return math.ceil(max(_count(chance, miss) + _bits(eta), _accuracy(eta)))


for words, miss in (
    ("the chance is (1 + n) / 2^n: it must be 2 (1 + n) / 2^n, for two signs", lambda n: (1 + n) / 2**n),
    ("the chance is 2 n / 2^n: it must be 2 (1 + n) / 2^n, since none may have the rarer sign", lambda n: 2 * n / 2**n),
    ("the chance is 2 / 2^n: it must be 2 (1 + n) / 2^n, since one may have the rarer sign", lambda n: 2 / 2**n),
    (
        "the chance is 2 + n / 2^n or so: 2 (1 + n) is divided by 2^n as a whole",
        lambda n: 2 + 2 * n / 2**n if n < 99 else 0,
    ),
):
    mistake("subset_width", words)(lambda eta, instances, delta=0.01, miss=miss: _ceil_of(eta, delta / instances, miss))

for words, bits in (
    (
        "for an eta above 0.01 nothing is added: take log2(0.01 / eta) only where it is above 0",
        lambda eta: abs(math.log2(0.01 / eta)),
    ),
    (
        "the bits that are added are log10(0.01 / eta); take the logarithm to base 2",
        lambda eta: max(0.0, math.log10(0.01 / eta)),
    ),
    (
        "to safety log2(1 / eta) is added; n holds at eta = 0.01, so add log2(0.01 / eta)",
        lambda eta: math.log2(1 / eta),
    ),
    ("the bits that are added are rounded; round up once, at the end", lambda eta: round(_bits(eta))),
    ("the bits that are added are rounded down; round up once, at the end", lambda eta: math.floor(_bits(eta))),
):
    mistake("subset_width", words)(
        lambda eta, instances, delta=0.01, bits=bits: math.ceil(
            max(_count(delta / instances) + bits(eta), _accuracy(eta))
        )
    )


@mistake("subset_width", "log2(0.01 / eta) belongs to safety alone; here it is added to the larger of the two needs")
def bits_for_both(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(max(_count(delta / instances), _accuracy(eta)) + _bits(eta))


@mistake("subset_width", "for accuracy the natural logarithm is taken; it is log2(1 / eta) + 3")
def natural_accuracy(eta: float, instances: int, delta: float = 0.01) -> float:
    return math.ceil(max(_count(delta / instances) + _bits(eta), math.log(1 / eta) + 3))


# compare_logits ----------------------------------------------------------------------------------------------


def _alike(target: torch.Tensor, ticket: torch.Tensor) -> float:
    return compare_logits(target, ticket)[0]


for words, largest in (
    (
        "the largest difference may be below zero: take its size first, then the largest",
        lambda a, b: (a - b).max(),
    ),
    ("the largest difference may be below zero: take its size first, then the largest", lambda a, b: (b - a).max()),
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
    ("this is the median difference; the theorem speaks of the largest", lambda a, b: (a - b).abs().median()),
    (
        "this is the mean over the inputs of their largest difference; the largest of all is asked for",
        lambda a, b: (a - b).abs().max(1).values.mean(),
    ),
    (
        "this is the sum of a row's differences; the largest of any logit is asked for",
        lambda a, b: (a - b).abs().sum(1).max(),
    ),
    (
        "this is the length of all differences together; the largest of any logit is asked for",
        lambda a, b: (a - b).norm(),
    ),
    (
        "it looks at inputs only that are answered differently; a logit may differ most where the answers agree",
        lambda a, b: (a - b)[a.argmax(1) != b.argmax(1)].abs().amax() if _alike(a, b) < 1 else 0.0,
    ),
    (
        "it compares the logits of the target's answers only; any logit may differ most",
        lambda a, b: (a - b).gather(1, a.argmax(1)[:, None]).abs().max(),
    ),
    (
        "subtract first, then take the size: a difference of the sizes is smaller",
        lambda a, b: (a.abs() - b.abs()).abs().max(),
    ),
    (
        "this compares probabilities, after a softmax; logits are asked for",
        lambda a, b: (a.softmax(1) - b.softmax(1)).abs().max(),
    ),
    (
        "this is the difference of the largest and the smallest difference; take the size of each, then the largest",
        lambda a, b: (a - b).max() - (a - b).min(),
    ),
    ("take the size of each difference before you take the largest, not after", lambda a, b: (a - b).max().abs()),
    ("the largest difference is rounded", lambda a, b: round(float((a - b).abs().max()))),
    ("the largest difference is rounded down", lambda a, b: int((a - b).abs().max())),
    (
        "this is the difference of the two means; the largest of any logit is asked for",
        lambda a, b: (a.mean() - b.mean()).abs(),
    ),
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
    (
        "argmax without a dimension looks at the whole table; an answer is the largest of a row: argmax(1)",
        lambda a, b: float(a.argmax() == b.argmax()),
    ),
    (
        "this is the share of equal logits; an answer is the largest logit of its row",
        lambda a, b: (a == b).double().mean(),
    ),
    (
        "this compares the largest logits, not their places: argmax(1) gives the answers",
        lambda a, b: torch.isclose(a.amax(1), b.amax(1)).double().mean(),
    ),
    ("an answer is the largest logit of its row, not the smallest", lambda a, b: _alike(-a, -b)),
    (
        "an answer is the largest logit, whatever its size: abs does not belong there",
        lambda a, b: _alike(a.abs(), b.abs()),
    ),
    (
        "this compares the order of all classes; only the first of them is the answer",
        lambda a, b: (a.argsort(1) == b.argsort(1)).all(1).double().mean(),
    ),
    (
        "this compares the order of all classes, place by place; only the first of them is the answer",
        lambda a, b: (a.argsort(1) == b.argsort(1)).double().mean(),
    ),
    (
        "an answer counts as the same if it is among the ticket's first two; it must be the first",
        lambda a, b: (b.topk(2, 1).indices == a.argmax(1)[:, None]).any(1).double().mean(),
    ),
    (
        "the count is divided by the number of logits; divide it by the number of inputs",
        lambda a, b: _alike(a, b) / a.shape[1],
    ),
    ("whole numbers are divided by //, which rounds down: use /", lambda a, b: float(_alike(a, b) == 1)),
    ("the share is rounded", lambda a, b: round(_alike(a, b), 2)),
    ("the share is rounded", lambda a, b: round(_alike(a, b), 3)),
    ("the share is rounded", lambda a, b: round(_alike(a, b), 4)),
    (
        "the signs of the logits are compared; an answer is the largest logit of its row",
        lambda a, b: ((a > 0) == (b > 0)).double().mean(),
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


_RIGHT_ANGLES = "an input is sqrt(length^2 + 1) long with the 1 for the bias, not length + 1: they are at right angles"
_ONE_FOR_LENGTH = (
    "with the 1 for the bias the input of the layer that was made is sqrt(length^2 + 1) long, for `length` as well"
)
_ONE_FOR_ERROR = "with the 1 for the bias the input that meets the error is sqrt(length^2 + 1) long"
_KIND = "this takes another norm: the largest singular value is asked for, np.linalg.norm(matrix, 2)"


def _by(kind: Any) -> Step:
    """A step with another norm."""

    def norm(matrix: Floats) -> float:
        return float(np.linalg.norm(matrix, kind))

    return lambda r, d, t, m, e: (norm(m) * _one_more(r), norm(t[:, :-1]) * d + norm(e) * _one_more(r))


of_norms: Callable[[float, float, float, float, float], tuple[float, float]]
of_layers: Any
for words, of_norms in (
    (_RIGHT_ANGLES, lambda r, d, t, m, e: (m * (r + 1), t * d + e * _one_more(r))),
    (_RIGHT_ANGLES, lambda r, d, t, m, e: (m * _one_more(r), t * d + e * (r + 1))),
    (_ONE_FOR_LENGTH, lambda r, d, t, m, e: (m * r, t * d + e * _one_more(r))),
    (_ONE_FOR_ERROR, lambda r, d, t, m, e: (m * _one_more(r), t * d + e * r)),
    (
        "the root is missing: an input is sqrt(length^2 + 1) long",
        lambda r, d, t, m, e: (m * (r**2 + 1), t * d + e * (r**2 + 1)),
    ),
    (
        "under the root stands length + 1; it is the square of the length, plus 1",
        lambda r, d, t, m, e: (m * math.sqrt(r + 1), t * d + e * math.sqrt(r + 1)),
    ),
    (
        "this is what the last layer adds; what comes in is lost",
        lambda r, d, t, m, e: (m * _one_more(r), e * _one_more(r)),
    ),
    (
        "the two parts of a difference may point the same way, so they are added, not their squares",
        lambda r, d, t, m, e: (m * _one_more(r), math.hypot(t * d, e * _one_more(r))),
    ),
    (
        "the difference that comes in has no 1 appended: the 1 for the bias is the same in both networks",
        lambda r, d, t, m, e: (m * _one_more(r), t * _one_more(d) + e * _one_more(r)),
    ),
    (
        "what this layer adds is multiplied by the target's W, too; only what comes in goes through it",
        lambda r, d, t, m, e: (m * _one_more(r), t * (d + e * _one_more(r))),
    ),
    (
        "the difference that comes in goes through W, and not through W and E",
        lambda r, d, t, m, e: (m * _one_more(r), (t + e) * d + e * _one_more(r)),
    ),
    (
        "`length` is replaced by the new one, not added to",
        lambda r, d, t, m, e: (r + m * _one_more(r), t * d + e * _one_more(r)),
    ),
    (
        "`length` is taken after this layer; the layer's error meets the input that it gets, before it",
        lambda r, d, t, m, e: (m * _one_more(r), t * d + e * m * _one_more(r)),
    ),
):
    mistake("error_bound", words)(
        _layer_by_layer(
            lambda r, d, t, m, e, of_norms=of_norms: of_norms(r, d, _norm(t[:, :-1]), _norm(m), _norm(e))  # type: ignore[misc]
        )
    )

for words, of_layers in (
    (
        "the target's W leaves the bias out: what comes in is not multiplied by a bias",
        lambda r, d, t, m, e: (_norm(m) * _one_more(r), _norm(t) * d + _norm(e) * _one_more(r)),
    ),
    (
        "the bias of the layer that was made belongs to its norm",
        lambda r, d, t, m, e: (_norm(m[:, :-1]) * _one_more(r), _norm(t[:, :-1]) * d + _norm(e) * _one_more(r)),
    ),
    (
        "the errors of the biases belong to the norm of the errors",
        lambda r, d, t, m, e: (_norm(m) * _one_more(r), _norm(t[:, :-1]) * d + _norm(e[:, :-1]) * _one_more(r)),
    ),
    (
        "biases belong to two of the norms: to that of the errors and to that of the layer that was made",
        lambda r, d, t, m, e: (
            _norm(m[:, :-1]) * _one_more(r),
            _norm(t[:, :-1]) * d + _norm(e[:, :-1]) * _one_more(r),
        ),
    ),
    (
        "the norm of the errors is the Frobenius norm; the largest singular value is asked for",
        lambda r, d, t, m, e: (_norm(m) * _one_more(r), _norm(t[:, :-1]) * d + np.linalg.norm(e) * _one_more(r)),
    ),
    (
        "the norm for `length` is the Frobenius norm; the largest singular value is asked for",
        lambda r, d, t, m, e: (np.linalg.norm(m) * _one_more(r), _norm(t[:, :-1]) * d + _norm(e) * _one_more(r)),
    ),
    (_KIND, _by(1)),
    (_KIND, _by(np.inf)),
    (_KIND, _by("nuc")),
    (_KIND, _by(-2)),
    (
        "`length` is about the second network, so `made` decides it, not `target`",
        lambda r, d, t, m, e: (_norm(t[:, :-1]) * _one_more(r), _norm(t[:, :-1]) * d + _norm(e) * _one_more(r)),
    ),
    (
        "the norm of the errors is their largest entry; many small ones make a large difference",
        lambda r, d, t, m, e: (_norm(m) * _one_more(r), _norm(t[:, :-1]) * d + np.abs(e).max() * _one_more(r)),
    ),
):
    mistake("error_bound", words)(_layer_by_layer(of_layers))


for words, part in (
    ("it leaves out the last layer", slice(-1)),
    ("it leaves out the first layer", slice(1, None)),
    ("it goes through the layers from the last to the first", slice(None, None, -1)),
):
    mistake("error_bound", words)(
        lambda target, made, errors, reach, part=part: error_bound(target[part], made[part], errors[part], reach)
    )


@mistake("error_bound", "it does not use `reach`: an input may be longer or shorter than 1")
def fixed_reach(target: list[Floats], made: list[Floats], errors: list[Floats], reach: float) -> float:
    return error_bound(target, made, errors, 1.0)


@mistake("error_bound", "the difference starts at 0: both networks get the same input")
def starts_at_reach(target: list[Floats], made: list[Floats], errors: list[Floats], reach: float) -> float:
    carried = math.prod(_norm(layer[:, :-1]) for layer in target)
    return error_bound(target, made, errors, reach) + carried * reach


@mistake("error_bound", "this is the last `length`; the last difference is asked for")
def gives_the_length(target: list[Floats], made: list[Floats], errors: list[Floats], reach: float) -> float:
    for layer in made:
        reach = _norm(layer) * _one_more(reach)
    return reach


@mistake("error_bound", "`target` and `made` are exchanged")
def exchanges_the_networks(target: list[Floats], made: list[Floats], errors: list[Floats], reach: float) -> float:
    return error_bound(made, target, errors, reach)


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
