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
from lthedu.proof.limits import shallow_sawtooth, tent_network

Floats = NDArray[np.float64]
Rows = Sequence[Sequence[float]]

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


def _changed(folds: int, first: Rows, between: Rows, last: Rows) -> nn.Module:
    """The network with other numbers: [W | b] of its first layer, of those in between and of the last."""
    network = tent_network(folds)
    layers = _linear(network)
    for layer, numbers in zip(layers, [first, *[between] * (folds - 1), last], strict=True):
        table = layer.weight.new_tensor(numbers)
        layer.weight.data, layer.bias.data = table[:, :-1].contiguous(), table[:, -1].contiguous()
    return network


_FIRST, _BETWEEN, _LAST = ((1.0, 0.0), (1.0, -0.5)), ((2.0, -4.0, 0.0), (2.0, -4.0, -0.5)), ((2.0, -4.0, 0.0),)

for words, first, between, last in (
    (
        "the shift by 1/2 is missing in the first layer: the second unit is relu(x - 1/2)",
        ((1.0, 0.0), (1.0, 0.0)),
        _BETWEEN,
        _LAST,
    ),
    (
        "the shift by 1/2 is missing in the first layer: the second unit is relu(x - 1/2)",
        ((1.0, 0.0), (1.0, 0.0)),
        ((2.0, -4.0, 0.0), (2.0, -4.0, 0.0)),
        _LAST,
    ),
    (
        "the bias is 1/2, and must be -1/2: the second unit is relu(x - 1/2)",
        ((1.0, 0.0), (1.0, 0.5)),
        ((2.0, -4.0, 0.0), (2.0, -4.0, 0.5)),
        _LAST,
    ),
    (
        "in the later layers the bias is 1/2, and must be -1/2: the next fold needs t - 1/2",
        _FIRST,
        ((2.0, -4.0, 0.0), (2.0, -4.0, 0.5)),
        _LAST,
    ),
    (
        "the bias is -1, and must be -1/2: the tent turns at 1/2",
        ((1.0, 0.0), (1.0, -1.0)),
        ((2.0, -4.0, 0.0), (2.0, -4.0, -1.0)),
        _LAST,
    ),
    (
        "a layer in between takes each unit to one unit of the next fold; both units of the next need both of this one",
        _FIRST,
        ((2.0, 0.0, 0.0), (0.0, -4.0, -0.5)),
        _LAST,
    ),
    (
        "the weights in between are transposed: both rows are [2, -4], one row for each unit of the next fold",
        _FIRST,
        ((2.0, 2.0, 0.0), (-4.0, -4.0, -0.5)),
        _LAST,
    ),
    (
        "the shift by 1/2 stands at the wrong unit: shift the one that the next layer weighs by -4",
        ((1.0, -0.5), (1.0, 0.0)),
        ((2.0, -4.0, -0.5), (2.0, -4.0, 0.0)),
        _LAST,
    ),
    (
        "the shift by 1/2 stands at the wrong unit: shift the one that the next layer weighs by -4",
        ((1.0, -0.5), (1.0, 0.0)),
        _BETWEEN,
        _LAST,
    ),
    (
        "in the later layers the shift by 1/2 stands at the wrong unit: shift the one that the next layer weighs by -4",
        _FIRST,
        ((2.0, -4.0, -0.5), (2.0, -4.0, 0.0)),
        _LAST,
    ),
    ("the last layer makes the tent twice as high as it must be", _FIRST, _BETWEEN, ((4.0, -8.0, 0.0),)),
    (
        "the sign of the second unit is turned round: take 2 relu(x) - 4 relu(x - 1/2)",
        _FIRST,
        ((2.0, 4.0, 0.0), (2.0, 4.0, -0.5)),
        ((2.0, 4.0, 0.0),),
    ),
):
    mistake("tent_network", words)(partial(_changed, first=first, between=between, last=last))


for _folds in (1, 2, 3, 4, 5):
    mistake("tent_network", "it does not use `folds`: it always folds equally often")(
        lambda folds, _folds=_folds: tent_network(_folds)
    )


@mistake("tent_network", "with folds=1 and folds=2 it gives the same: the layer in between comes folds - 1 times")
def one_fold_fewer_but_one(folds: int) -> nn.Module:
    return tent_network(max(folds - 1, 1))


@mistake("tent_network", "there is a ReLU after the last Linear layer: leave it out, for the cells below expect none")
def relu_after_the_last(folds: int) -> nn.Module:
    return nn.Sequential(*tent_network(folds), nn.ReLU())


@mistake("tent_network", "the ReLU after the first layer is missing: without it the first two layers are one")
def no_first_relu(folds: int) -> nn.Module:
    return nn.Sequential(*(layer for i, layer in enumerate(tent_network(folds)) if i != 1))


@mistake("tent_network", "two Linear layers follow each other without a ReLU: join them, so that one does what both do")
def one_tent_after_the_other(folds: int) -> nn.Module:
    return nn.Sequential(*(layer for _ in range(folds) for layer in tent_network(1)))


@mistake(
    "tent_network",
    "it is the right function with a hidden layer of 1 unit between the folds: let one Linear layer take the two units "
    "of one fold to the two of the next",
)
def a_unit_between_the_folds(folds: int) -> nn.Module:
    return nn.Sequential(*[layer for _ in range(folds) for layer in (*tent_network(1), nn.ReLU())][:-1])


@mistake(
    "tent_network",
    "it is the right function in two layers, with a unit for each piece: let each fold work on the output of the one "
    "before",
)
def two_layers(folds: int) -> nn.Module:
    return shallow_sawtooth(folds)


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


@mistake(
    "least_units", "it is one too many: N units make N + 1 pieces, so one less than there are changes from side to side"
)
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


def _far(values: Sequence[float], error: float, level: float) -> list[float]:
    return [v for v in values if abs(v - level) >= error]


def _least(sides: Sequence[object]) -> int:
    return max(_changes(sides) - 1, 0)


@mistake("least_units", "the last change is left out: with n values there are n - 1 pairs of neighbours")
def leaves_out_the_last_pair(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return max(_changes(_sides(values, error, level)[:-1]) - 1, 0)


@mistake("least_units", "it counts values that are near the level, too; the network may pass them on either side")
def counts_crossings(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return max(sum((a - level) * (b - level) < 0 for a, b in itertools.pairwise(values)) - 1, 0)


@mistake("least_units", "true, and sharper than the three steps, which give one less than the changes: return that")
def one_unit_to_change_at_all(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    changes = _changes(_sides(values, error, level))
    return max(changes - 1, min(changes, 1))


@mistake("least_units", "true, and sharper than the three steps, which give one less than the changes: return that")
def two_units_to_turn_round(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    changes = _changes(_sides(values, error, level))
    return max(changes - 1, min(changes, 2))


@mistake("least_units", "true, and sharper than the three steps, which give one less than the changes: return that")
def as_many_as_it_takes(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    changes = _changes(_sides(values, error, level))
    return max(changes - 1, min(changes, 3))


_UP, _DOWN = "above `level`", "below `level`"
Count = Callable[[Sequence[float], float, float], int]
for words, count in (
    (
        "that is two less than the number of changes; N + 1 pieces make them, so one less",
        lambda v, e, le: max(_changes(_sides(v, e, le)) - 2, 0),
    ),
    (
        "where the side never changes it gives 1; no unit is needed there",
        lambda v, e, le: abs(_changes(_sides(v, e, le)) - 1),
    ),
    (
        "it gives 1 at least, also where the side never changes; there no unit is needed",
        lambda v, e, le: max(_changes(_sides(v, e, le)) - 1, 1),
    ),
    (
        "whether a value is far is told by its distance from 0; take that from `level`",
        lambda v, e, le: _least([x > le for x in v if abs(x) >= e]),
    ),
    (
        "it does not use `level`: it is not always 1/2",
        lambda v, e, le: _least([x > le for x in v if abs(x - 0.5) >= e]),
    ),
    ("it does not use `level`: it is not always 1/2", lambda v, e, le: _least([x > 0.5 for x in _far(v, e, le)])),
    (
        f"of the values {_DOWN} all count; those near it are to be left out, too",
        lambda v, e, le: _least([x > le for x in v if x - le >= e or x < le]),
    ),
    (
        f"of the values {_UP} all count; those near it are to be left out, too",
        lambda v, e, le: _least([x > le for x in v if le - x >= e or x > le]),
    ),
    (
        "a value counts here from error / 2 away on; it must be `error` away",
        lambda v, e, le: _least(_sides(v, e / 2, le)),
    ),
    (
        "the sides are told by level + error, and no value is left out; leave out what is near the level",
        lambda v, e, le: _least([x >= le + e for x in v]),
    ),
    (
        "the sides are told by level - error, and no value is left out; leave out what is near the level",
        lambda v, e, le: _least([x > le - e for x in v]),
    ),
    (
        "it keeps the values near the level and leaves out the others",
        lambda v, e, le: _least([x > le for x in v if abs(x - le) <= e]),
    ),
    (
        "it compares only neighbours that are both far; leave the near values out first, then compare what is left",
        lambda v, e, le: max(sum(len(set(_sides(pair, e, le))) == 2 for pair in itertools.pairwise(v)) - 1, 0),
    ),
    (
        "it counts jumps by 2 error or more; several small steps change the side as well",
        lambda v, e, le: max(sum(abs(a - b) >= 2 * e for a, b in itertools.pairwise(v)) - 1, 0),
    ),
    ("it counts values; count changes of side", lambda v, e, le: max(len(v) - 2, 0)),
    (
        "it goes round, from the last value to the first; only neighbours are compared",
        lambda v, e, le: _least([*(far := _sides(v, e, le)), *far[:1]]),
    ),
    (
        "it starts below the level; the first value that counts is no change yet",
        lambda v, e, le: _least([False, *_sides(v, e, le)]),
    ),
    (
        "it counts the turning points; what counts is the side of `level`",
        lambda v, e, le: sum((b - a) * (c - b) < 0 for a, b, c in zip(v, v[1:], v[2:], strict=False)),
    ),
    ("it counts the peaks; the way up and the way down are a change each", lambda v, e, le: sum(_sides(v, e, le))),
    (
        "it takes half of the changes; N + 1 pieces make one change each",
        lambda v, e, le: _changes(_sides(v, e, le)) // 2,
    ),
):
    mistake("least_units", words)(lambda values, error=0.5, level=0.5, count=count: count(values, error, level))


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


def _error_of(u: Floats, gram: Floats, overlap: Floats, norm: float) -> Any:
    return (norm - 2 * u @ overlap + u @ gram @ u) / norm


def _best(gram: Floats, overlap: Floats) -> Floats:
    return np.asarray(np.linalg.solve(gram, overlap))


def _with_ridge(gram: Floats, overlap: Floats, norm: float, ridge: float, short: bool) -> Any:
    u = _best(gram + ridge * np.eye(len(gram)), overlap)
    return 1 - overlap @ u / norm if short else _error_of(u, gram, overlap, norm)


def _truncated(gram: Floats, overlap: Floats, norm: float, share: float) -> Any:
    return 1 - overlap @ np.linalg.pinv(gram, rcond=share) @ overlap / norm


for _size in (1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6):
    for _short in (True, False):
        mistake(
            "top_layer_error",
            "it adds a ridge to `gram`, which makes the error larger: then it is no bound for all masks",
        )(partial(_with_ridge, ridge=_size, short=_short))
for _size in (0.1, 1e-2, 1e-3, 1e-4):
    mistake(
        "top_layer_error",
        "it leaves out small directions of `gram`, which makes the error larger: then it is no bound for all masks",
    )(partial(_truncated, share=_size))

for words, found in (
    ("`norm` is forgotten twice: that is the part explained, before it is divided", lambda g, o, n: _explained(g, o)),
    ("`norm` is the mean of t^2 already: divide by it, not by its square", lambda g, o, n: 1 - _explained(g, o) / n**2),
    ("`norm` is the mean of t^2 already: divide by it, not by its root", lambda g, o, n: 1 - _explained(g, o) / n**0.5),
    ("it adds the part explained; the error is what is left, one minus it", lambda g, o, n: 1 + _explained(g, o) / n),
    (
        "it treats every feature alone, by the diagonal of `gram`; features overlap with each other",
        lambda g, o, n: _error_of(o / g.diagonal(), g, o, n),
    ),
    (
        "it comes out as 1, the error of no top layer at all: the mean is norm - 2 u.overlap + u.gram.u",
        lambda g, o, n: (n - _best(g, o) @ o + _best(g, o) @ g @ _best(g, o)) / n,
    ),
    (
        "u.gram.u is the mean square of the sum, not u.u: features overlap with each other",
        lambda g, o, n: (n - 2 * _best(g, o) @ o + _best(g, o) @ _best(g, o)) / n,
    ),
    ("the part explained is overlap.u, not the sum of u", lambda g, o, n: 1 - _best(g, o).sum() / n),
    ("the part explained is overlap.u, not u.u", lambda g, o, n: 1 - _best(g, o) @ _best(g, o) / n),
    ("it does not use `gram`: the best u solves gram u = overlap", lambda g, o, n: 1 - o @ o / n),
    (
        "weights below 0 are cut off; the best top layer has weights of both signs",
        lambda g, o, n: _error_of(_best(g, o).clip(min=0), g, o, n),
    ),
    (
        "weights are held between -1 and 1; the top layer may have any",
        lambda g, o, n: _error_of(_best(g, o).clip(-1, 1), g, o, n),
    ),
    ("it is cut off at 4 digits; return it as it is", lambda g, o, n: round(float(1 - _explained(g, o) / n), 4)),
):
    mistake("top_layer_error", words)(lambda gram, overlap, norm, found=found: found(gram, overlap, norm))


@mistake(
    "top_layer_error",
    "that is how well gram u = overlap is solved, not the error: put that u into norm - 2 u.overlap + u.gram u",
)
def residual_of_the_solution(gram: Floats, overlap: Floats, norm: float) -> Any:  # lstsq gives it, too
    u = np.linalg.solve(gram, overlap)
    return ((gram @ u - overlap) ** 2).sum()


@mistake(
    "top_layer_error",
    "it tries all masks with one scale each; the bound is the best top layer, which weighs each feature on its own",
)
def best_mask(gram: Floats, overlap: Floats, norm: float) -> Any:
    keep = np.array(list(itertools.product((0.0, 1.0), repeat=len(overlap)))[1:])
    return 1 - ((keep @ overlap) ** 2 / ((keep @ gram) * keep).sum(1)).max() / norm


# counting_bound ----------------------------------------------------------------------------------------------


def _bits(dimension: int, eps: float) -> float:
    return dimension**2 * math.log2(1 / (2 * eps))


@mistake("counting_bound", "it rounds down, to a number that is not enough: round up")
def floors(dimension: int, eps: float) -> float:
    return max(math.floor(_bits(dimension, eps) - 1), 0)


@mistake("counting_bound", "it rounds to the nearest: half of the time that is not enough; round up")
def rounds(dimension: int, eps: float) -> float:
    return max(round(_bits(dimension, eps) - 1), 0)


@mistake("counting_bound", "where the number is whole it is one too many: take 1 off, then round up (math.ceil)")
def floors_instead_of_the_half(dimension: int, eps: float) -> float:
    return max(int(_bits(dimension, eps)), 0)


@mistake("counting_bound", "where the number is whole it is one too many: take 1 off, then round up (math.ceil)")
def cuts_off_and_adds_one(dimension: int, eps: float) -> float:
    return max(int(_bits(dimension, eps) - 1) + 1, 0)


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


for words, bound in (
    (
        "half of the maps is a factor 1/2 of their number, not of 1 / (2 eps): subtract 1 from the logarithm",
        lambda d, e: d**2 * math.log2(0.5 / (2 * e)),
    ),
    ("in Python 1 / 2 * eps is eps / 2: write 1 / (2 * eps)", lambda d, e: d**2 * math.log2(e / 2) - 1),
    ("a map from d to d numbers has d^2 entries, not 2 d", lambda d, e: 2 * d * math.log2(1 / (2 * e)) - 1),
    ("a map from d to d numbers has d^2 entries, not d^3", lambda d, e: d**3 * math.log2(1 / (2 * e)) - 1),
    ("in Python d^2 is no power: write d**2", lambda d, e: (d ^ 2) * math.log2(1 / (2 * e)) - 1),
    ("half of the maps is one bit less, not half of the bits", lambda d, e: _bits(d, e) / 2),
    ("it takes 2 off; half of the maps is one bit less", lambda d, e: _bits(d, e) - 2),
    ("every entry is rounded up; round the whole", lambda d, e: d**2 * math.ceil(math.log2(1 / (2 * e))) - 1),
    ("every entry is rounded down; round the whole up", lambda d, e: d**2 * math.floor(math.log2(1 / (2 * e))) - 1),
    ("that is the number of bytes; weights are asked for, a bit each", lambda d, e: (_bits(d, e) - 1) / 8),
    (
        "that is the number of maps to serve; 2^M masks serve them, so M is its logarithm",
        lambda d, e: (1 / (2 * e)) ** (d**2) / 2,
    ),
    (
        "the 2 is missing in 1 / (2 eps) and the 1 is missing: half of (1 / (2 eps))^(d^2)",
        lambda d, e: d**2 * math.log2(1 / e),
    ),
):
    mistake("counting_bound", words)(lambda dimension, eps, bound=bound: max(math.ceil(bound(dimension, eps)), 0))


for in_float32 in (
    lambda d, e: d**2 * float(np.log2(np.float32(1 / (2 * e)))) - 1,
    lambda d, e: np.float32(d**2) * np.log2(np.float32(1 / (2 * e))) - np.float32(1),
    lambda d, e: np.float32(d**2) * (-1 - np.log2(np.float32(e))) - np.float32(1),
):

    @mistake("counting_bound", "in float32 the bound has too few digits to be rounded up: take math.log2, or float64")
    def in_single_precision(dimension: int, eps: float, bound: Callable[[int, float], float] = in_float32) -> float:
        return max(math.ceil(bound(dimension, eps)), 0)


@mistake("counting_bound", "it gives 1 where the bound is 0 or below; return 0 there")
def at_least_one(dimension: int, eps: float) -> float:
    return max(math.ceil(_bits(dimension, eps) - 1), 1)


@mistake("counting_bound", "a negative number becomes positive; no bound says less than 0, so return 0 there")
def takes_the_size(dimension: int, eps: float) -> float:
    return abs(math.ceil(_bits(dimension, eps) - 1))
