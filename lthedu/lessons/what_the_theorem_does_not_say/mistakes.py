"""Mistakes that people really make in this lesson, and what they are told: a list to look them up in."""

import itertools
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from lthedu.exercises.core import mistake
from lthedu.landscape.regions import split
from lthedu.proof.limits import tent_network

Floats = NDArray[np.float64]

# tent_network ------------------------------------------------------------------------------------------------


def _linear(network: nn.Sequential) -> list[nn.Linear]:
    return [layer for layer in network if isinstance(layer, nn.Linear)]


@mistake("tent_network", "it folds once too often: with folds=1 there is one tent")
def one_fold_more(folds: int) -> nn.Module:
    return tent_network(folds + 1)


@mistake("tent_network", "it folds once too few: with folds=1 there is one tent, and the last layer folds, too")
def one_fold_fewer(folds: int) -> nn.Module:  # the last layer only adds up, in some people's minds
    if folds > 1:
        return tent_network(folds - 1)
    network = tent_network(1)
    last = _linear(network)[-1]
    last.weight.data[:] = last.weight.new_tensor([[1.0, 0.0]])  # x itself
    return network


@mistake(
    "tent_network",
    "the shift by 1/2 is missing in the later layers: each fold needs x and x - 1/2 of the last one",
)
def no_bias_later(folds: int) -> nn.Module:
    network = tent_network(folds)
    for layer in _linear(network)[1:]:
        layer.bias.data.zero_()
    return network


@mistake("tent_network", "after its top the tent must fall: take 4 relu(x - 1/2), which turns a slope of 2 to -2")
def two_instead_of_four(folds: int) -> nn.Module:  # a ReLU of slope 2 only flattens
    network = tent_network(folds)
    for layer in _linear(network)[1:]:
        layer.weight.data[:, 1] = -2
    return network


@mistake("tent_network", "the tent is half as high as it must be: its slopes are 2 and -2")
def slopes_of_one(folds: int) -> nn.Module:
    network = tent_network(folds)
    for layer in _linear(network)[1:]:
        layer.weight.data /= 2
    return network


@mistake("tent_network", "it lacks the ReLU between layers: without it all is one line")
def linear_all_through(folds: int) -> nn.Module:
    return nn.Sequential(*_linear(tent_network(folds)))


@mistake("tent_network", "it is upside down: at 0 the sawtooth is 0")
def hangs_from_one(folds: int) -> nn.Module:
    network = tent_network(folds)
    last = _linear(network)[-1]
    last.weight.data.neg_()
    last.bias.data.fill_(1)
    return network


# least_units -------------------------------------------------------------------------------------------------


def _sides(values: Sequence[float], error: float, level: float) -> list[bool]:
    return [v > level for v in values if abs(v - level) >= error]


def _changes(row: Sequence[object]) -> int:
    return sum(a != b for a, b in itertools.pairwise(row))


@mistake("least_units", "that is the number of changes; N units make N + 1 pieces, so one less")
def counts_changes(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return _changes(_sides(values, error, level))


@mistake("least_units", "N units make N + 1 pieces: subtract one from the changes, not add")
def adds_the_one(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return _changes(_sides(values, error, level)) + 1


@mistake("least_units", "it gives a negative number where the side never changes; no fewer than 0 units are needed")
def goes_below_zero(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return _changes(_sides(values, error, level)) - 1


@mistake("least_units", "it counts values that are near the level, too; the network may pass them on either side")
def counts_all(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return max(_changes([v > level for v in values]) - 1, 0)


@mistake("least_units", "a value exactly `error` away counts as well: the network comes within less than `error`")
def strictly_far(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return max(_changes([v > level for v in values if abs(v - level) > error]) - 1, 0)


@mistake("least_units", "it does not use `level` and `error`: they are not always 1/2")
def fixed_numbers(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return max(_changes(_sides(values, 0.5, 0.5)) - 1, 0)


@mistake("least_units", "it does not use `level`: it is not always 1/2")
def fixed_level(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return max(_changes(_sides(values, error, 0.5)) - 1, 0)


@mistake("least_units", "it does not use `error`: it is not always 1/2")
def fixed_error(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return max(_changes(_sides(values, 0.5, level)) - 1, 0)


@mistake("least_units", "neighbours on one side are no change: count changes of side, not values")
def counts_values(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return max(len(_sides(values, error, level)) - 2, 0)


@mistake("least_units", "it counts the peaks; the way up and the way down are a change each")
def counts_peaks(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return max(sum(_sides(values, error, level)) - 1, 0)


@mistake(
    "least_units",
    "leave values near the level out before you compare neighbours; passing one is not two changes",
)
def three_sides(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return max(_changes([v > level if abs(v - level) >= error else None for v in values]) - 1, 0)


# top_layer_error ---------------------------------------------------------------------------------------------


def _explained(gram: Floats, overlap: Floats) -> Any:
    return overlap @ np.linalg.solve(gram, overlap)


@mistake("top_layer_error", "that is the squared error itself: divide it by `norm`")
def absolute_error(gram: Floats, overlap: Floats, norm: float) -> Any:
    return norm - _explained(gram, overlap)


@mistake("top_layer_error", "that is the part explained; the error is what is left, one minus it")
def part_explained(gram: Floats, overlap: Floats, norm: float) -> Any:
    return _explained(gram, overlap) / norm


@mistake("top_layer_error", "the part explained is divided by `norm` before it is taken from 1")
def forgets_norm(gram: Floats, overlap: Floats, norm: float) -> Any:
    return 1 - _explained(gram, overlap)


@mistake("top_layer_error", "that is the root of the squared error: leave it squared")
def root_of_it(gram: Floats, overlap: Floats, norm: float) -> Any:
    return math.sqrt(max(1 - _explained(gram, overlap) / norm, 0))


@mistake(
    "top_layer_error",
    "it multiplies by `gram`; the best u solves gram u = overlap: np.linalg.solve, or the inverse",
)
def multiplies(gram: Floats, overlap: Floats, norm: float) -> Any:
    return 1 - overlap @ gram @ overlap / norm


@mistake("top_layer_error", "it takes u = overlap; that is the best u only where gram is the identity")
def no_solve(gram: Floats, overlap: Floats, norm: float) -> Any:
    return (norm - 2 * overlap @ overlap + overlap @ gram @ overlap) / norm


@mistake(
    "top_layer_error",
    "it treats every feature alone, by the diagonal of `gram`; features overlap with each other",
)
def diagonal_only(gram: Floats, overlap: Floats, norm: float) -> Any:
    return 1 - (overlap**2 / gram.diagonal()).sum() / norm


@mistake("top_layer_error", "it takes the best single feature; the top layer may use all of them")
def best_feature(gram: Floats, overlap: Floats, norm: float) -> Any:
    return 1 - (overlap**2 / gram.diagonal()).max() / norm


@mistake(
    "top_layer_error",
    "it keeps every feature with one weight and scales; the best top layer weighs each feature on its own",
)
def keeps_all(gram: Floats, overlap: Floats, norm: float) -> Any:
    return 1 - overlap.sum() ** 2 / gram.sum() / norm


@mistake(
    "top_layer_error",
    "the mixed term counts twice, but u.gram.u comes back once: at the best u they leave overlap.u once",
)
def forgets_the_square(gram: Floats, overlap: Floats, norm: float) -> Any:
    return 1 - 2 * _explained(gram, overlap) / norm


# counting_bound ----------------------------------------------------------------------------------------------


def _bits(dimension: int, eps: float) -> float:
    return dimension**2 * math.log2(1 / (2 * eps))


@mistake("counting_bound", "it rounds down, to a number that is not enough: round up")
def floors(dimension: int, eps: float) -> float:
    return max(math.floor(_bits(dimension, eps) - 1), 0)


@mistake("counting_bound", "it rounds to the nearest: half of the time that is not enough; round up")
def rounds(dimension: int, eps: float) -> float:
    return max(round(_bits(dimension, eps) - 1), 0)


@mistake("counting_bound", "rounding down is not the same as taking 1 off and rounding up")
def floors_instead_of_the_half(dimension: int, eps: float) -> float:
    return max(int(_bits(dimension, eps)), 0)


@mistake("counting_bound", "the 1 is missing: the masks need to serve only half of the maps")
def forgets_the_half(dimension: int, eps: float) -> float:
    return max(math.ceil(_bits(dimension, eps)), 0)


@mistake("counting_bound", "half of the maps is fewer of them: subtract the 1")
def adds_the_half(dimension: int, eps: float) -> float:
    return max(math.ceil(_bits(dimension, eps) + 1), 0)


@mistake("counting_bound", "that is the natural logarithm; masks are counted in powers of two: math.log2")
def natural(dimension: int, eps: float) -> float:
    return max(math.ceil(dimension**2 * math.log(1 / (2 * eps)) - 1), 0)


@mistake("counting_bound", "that is the logarithm to base 10; masks are counted in powers of two: math.log2")
def decimal(dimension: int, eps: float) -> float:
    return max(math.ceil(dimension**2 * math.log10(1 / (2 * eps)) - 1), 0)


@mistake("counting_bound", "maps served by one mask may be 2 eps apart, eps on either side: it is 1 / (2 eps)")
def one_sided(dimension: int, eps: float) -> float:
    return max(math.ceil(dimension**2 * math.log2(1 / eps) - 1), 0)


@mistake("counting_bound", "the 2 belongs below the line: 1 / (2 eps)")
def two_above_the_line(dimension: int, eps: float) -> float:
    return max(math.ceil(dimension**2 * math.log2(2 / eps) - 1), 0)


@mistake("counting_bound", "a map from d to d numbers has d^2 entries, not d")
def forgets_the_square_of_d(dimension: int, eps: float) -> float:
    return max(math.ceil(dimension * math.log2(1 / (2 * eps)) - 1), 0)


@mistake("counting_bound", "for a coarse eps it is negative; no bound says less than 0")
def negative_bound(dimension: int, eps: float) -> float:
    return math.ceil(_bits(dimension, eps) - 1)


# split -------------------------------------------------------------------------------------------------------


def _cut(
    corners: Floats,
    values: Floats,
    share: Callable[[float, float], float] = lambda a, b: a / (a - b),
    owns_zero: tuple[bool, bool] = (True, True),
    gets_crossings: bool = True,
) -> tuple[Floats, Floats]:
    """The parts, made edge by edge: of which sign is a corner with value 0, and how far along an edge is the cut?"""
    parts: tuple[list[Floats], list[Floats]] = [], []
    for p, q, a, b in zip(corners, np.roll(corners, -1, 0), values, np.roll(values, -1), strict=True):
        for part, value, owns in zip(parts, (a, -a), owns_zero, strict=True):
            if value > 0 or (value == 0 and owns):
                part.append(p)
        if a * b < 0 and gets_crossings:
            cut = p + share(a, b) * (q - p)
            parts[0].append(cut)
            parts[1].append(cut)
    positive, negative = (np.array(part).reshape(-1, 2) for part in parts)
    return positive[: len(positive) * (values > 0).any()], negative[: len(negative) * (values < 0).any()]


@mistake("split", "the parts are exchanged: the positive one comes first")
def negative_first(corners: Floats, values: Floats) -> Any:
    return split(corners, values)[::-1]


@mistake(
    "split",
    "the new corners are in the middle of the edges; the zero divides an edge in the ratio of the two values",
)
def cuts_in_the_middle(corners: Floats, values: Floats) -> Any:
    return _cut(corners, values, share=lambda a, b: 0.5)


@mistake("split", "the zero is measured from the wrong end of the edge: from p it is a / (a - b) of the way to q")
def from_the_wrong_end(corners: Floats, values: Floats) -> Any:
    return _cut(corners, values, share=lambda a, b: b / (b - a))


def divides_by_the_sum(where_it_is_0: float, corners: Floats, values: Floats) -> Any:
    return _cut(corners, values, share=lambda a, b: a / (a + b) if a + b else where_it_is_0)


for _share_of_0 in (math.nan, 0.0):  # what a / 0 gives, and what those give who look out for it
    mistake("split", "it divides by a + b; going from a to b, the value changes by a - b until the other end")(
        partial(divides_by_the_sum, _share_of_0)
    )


@mistake("split", "the points where the line crosses an edge are missing: they are new corners of both parts")
def no_new_corners(corners: Floats, values: Floats) -> Any:
    return _cut(corners, values, gets_crossings=False)


def one_owner_at_most(owns_zero: tuple[bool, bool], corners: Floats, values: Floats) -> Any:
    return _cut(corners, values, owns_zero=owns_zero)


for _owns in ((True, False), (False, True), (False, False)):
    mistake("split", "a corner where the neuron is exactly 0 belongs to both parts")(partial(one_owner_at_most, _owns))
