"""Answers to lesson 10 that people really give: right ones written differently, and wrong ones by name.

No lesson imports this module; the tests hold every check against it.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lthedu.exercises.core import alternative, planted
from lthedu.landscape.regions import split as cut
from lthedu.proof.limits import shallow_sawtooth

Floats = NDArray[np.float64]
Rows = Sequence[Sequence[float]]

# 10.1 --------------------------------------------------------------------------------------------------------


def _filled(weight: Rows, bias: Sequence[float]) -> nn.Linear:
    layer = nn.Linear(len(weight[0]), len(weight))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight, dtype=torch.float32))
        layer.bias.copy_(torch.tensor(bias, dtype=torch.float32))
    return layer


def _stacked(
    folds: int,
    between: Rows = ((2.0, -4.0), (2.0, -4.0)),
    shift: Sequence[float] = (0.0, -0.5),
    last: Sequence[float] = (2.0, -4.0),
    relu: bool = True,
) -> nn.Sequential:
    layers: list[nn.Module] = [_filled([[1.0], [1.0]], [0.0, -0.5])]
    for _ in range(folds - 1):
        layers += ([nn.ReLU()] if relu else []) + [_filled(between, shift)]
    return nn.Sequential(*layers, *([nn.ReLU()] if relu else []), _filled([last], [0.0]))


@alternative("10.1")
def by_a_loop(folds: int) -> nn.Module:
    return _stacked(folds)


class _Folder(nn.Module):
    def __init__(self, folds: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(m for m in _stacked(folds) if isinstance(m, nn.Linear))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)  # type: ignore[no-any-return]


@alternative("10.1")
def as_a_module(folds: int) -> nn.Module:
    return _Folder(folds)


@alternative("10.1")
def with_units_of_other_size(folds: int) -> nn.Module:  # relu(2x - 1) in place of relu(x - 1/2)
    layers: list[nn.Module] = [_filled([[1.0], [2.0]], [0.0, -1.0])]
    for _ in range(folds - 1):
        layers += [nn.ReLU(), _filled([[2.0, -2.0], [4.0, -4.0]], [0.0, -1.0])]
    return nn.Sequential(*layers, nn.ReLU(), _filled([[2.0, -2.0]], [0.0]))


@planted("10.1", "once too often")
def one_fold_more(folds: int) -> nn.Module:
    return _stacked(folds + 1)


@planted("10.1", "once too few")  # the last layer only adds up, in some people's minds
def one_fold_fewer(folds: int) -> nn.Module:
    if folds == 1:
        return nn.Sequential(_filled([[1.0]], [0.0]))
    return _stacked(folds - 1)


@planted("10.1", "shift by 1/2 is missing")
def no_bias_later(folds: int) -> nn.Module:
    return _stacked(folds, shift=(0.0, 0.0))


@planted("10.1", "turns a slope of 2 to -2")  # a ReLU of slope 2 only flattens
def two_instead_of_four(folds: int) -> nn.Module:
    return _stacked(folds, between=((2.0, -2.0), (2.0, -2.0)), last=(2.0, -2.0))


@planted("10.1", "half as high")
def slopes_of_one(folds: int) -> nn.Module:
    return _stacked(folds, between=((1.0, -2.0), (1.0, -2.0)), last=(1.0, -2.0))


@planted("10.1", "lacks the ReLU")
def linear_all_through(folds: int) -> nn.Module:
    return _stacked(folds, relu=False)


@planted("10.1", "more than 2 units")  # it is the sawtooth, in two layers
def all_in_one_layer(folds: int) -> nn.Module:
    return shallow_sawtooth(folds)


@planted("10.1", "another number of layers")  # t and then its two copies, one Linear after the other
def a_layer_for_the_tent_alone(folds: int) -> nn.Module:
    layers: list[nn.Module] = []
    for _ in range(folds):
        layers += [_filled([[1.0], [1.0]], [0.0, -0.5]), nn.ReLU(), _filled([[2.0, -4.0]], [0.0])]
    return nn.Sequential(*layers)


@planted("10.1", "expected an nn.Sequential")
def returns_the_layers(folds: int) -> list[nn.Module]:
    return list(_stacked(folds))


@planted("10.1", "upside down")
def hangs_from_one(folds: int) -> nn.Module:
    layers = list(_stacked(folds))
    layers[-1] = _filled([[-2.0, 4.0]], [1.0])
    return nn.Sequential(*layers)


@planted("10.1", "does not take one number")
def two_inputs(folds: int) -> nn.Module:
    return nn.Sequential(_filled([[1.0, 1.0]], [0.0]))


@planted("10.1", "the last layer has 1 output")
def forgets_to_add_up(folds: int) -> nn.Module:
    return _stacked(folds)[:-1]


# 10.2 --------------------------------------------------------------------------------------------------------


@alternative("10.2")
def with_groups(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    sides = [v > level for v in values if abs(v - level) >= error]
    return max(sum(1 for _ in itertools.groupby(sides)) - 2, 0)


@alternative("10.2")
def in_numpy(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    v = np.asarray(values, dtype=float) - level
    far = np.sign(v[np.abs(v) >= error])
    return int(max((np.diff(far) != 0).sum() - 1, 0))


@alternative("10.2")
def with_a_memory(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    last, pieces = None, 0
    for v in values:
        if abs(v - level) < error:
            continue
        side = v > level
        pieces += last is not None and side != last
        last = side
    return pieces - 1 if pieces > 1 else 0


def _sides(values: Sequence[float], error: float, level: float) -> list[bool]:
    return [v > level for v in values if abs(v - level) >= error]


def _changes(row: Sequence[object]) -> int:
    return sum(a != b for a, b in itertools.pairwise(row))


@planted("10.2", "that is the number of changes")
def counts_changes(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return _changes(_sides(values, error, level))


@planted("10.2", "not add")
def adds_the_one(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return _changes(_sides(values, error, level)) + 1


@planted("10.2", "negative number")
def goes_below_zero(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return _changes(_sides(values, error, level)) - 1


@planted("10.2", "near the level, too")
def counts_all(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return max(_changes([v > level for v in values]) - 1, 0)


@planted("10.2", "exactly `error` away")
def strictly_far(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return max(_changes([v > level for v in values if abs(v - level) > error]) - 1, 0)


@planted("10.2", "not always 1/2")
def fixed_numbers(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return max(_changes(_sides(values, 0.5, 0.5)) - 1, 0)


@planted("10.2", "does not use `error`")
def fixed_error(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return max(_changes(_sides(values, 0.5, level)) - 1, 0)


@planted("10.2", "count changes of side, not values")
def counts_values(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return max(len(_sides(values, error, level)) - 2, 0)


@planted("10.2", "counts the peaks")
def counts_peaks(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return max(sum(_sides(values, error, level)) - 1, 0)


@planted("10.2", "before you compare neighbours")
def three_sides(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    row = [(v > level if abs(v - level) >= error else None) for v in values]
    return max(_changes(row) - 1, 0)


@planted("10.2", "no parts of one")
def half_a_change(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> float:
    return _changes(_sides(values, error, level)) / 2 + 0.25


# 10.3 --------------------------------------------------------------------------------------------------------


@alternative("10.3")
def with_an_inverse(gram: Floats, overlap: Floats, norm: float) -> Any:
    return 1 - overlap @ np.linalg.inv(gram) @ overlap / norm


@alternative("10.3")
def by_cholesky(gram: Floats, overlap: Floats, norm: float) -> Any:
    half = np.linalg.solve(np.linalg.cholesky(gram), overlap)
    return (norm - half @ half) / norm


@alternative("10.3")
def in_torch(gram: Floats, overlap: Floats, norm: float) -> Any:
    g, c = torch.from_numpy(gram), torch.from_numpy(overlap)
    u = torch.linalg.solve(g, c)
    return (norm - 2 * (u @ c) + u @ g @ u) / norm


@planted("10.3", "divide it by `norm`")
def absolute_error(gram: Floats, overlap: Floats, norm: float) -> Any:
    return norm - overlap @ np.linalg.solve(gram, overlap)


@planted("10.3", "that is the part explained")
def part_explained(gram: Floats, overlap: Floats, norm: float) -> Any:
    return overlap @ np.linalg.solve(gram, overlap) / norm


@planted("10.3", "before it is taken from 1")
def forgets_norm(gram: Floats, overlap: Floats, norm: float) -> Any:
    return 1 - overlap @ np.linalg.solve(gram, overlap)


@planted("10.3", "leave it squared")
def root_of_it(gram: Floats, overlap: Floats, norm: float) -> Any:
    return math.sqrt(1 - overlap @ np.linalg.solve(gram, overlap) / norm)


@planted("10.3", "it multiplies by `gram`")
def multiplies(gram: Floats, overlap: Floats, norm: float) -> Any:
    return 1 - overlap @ gram @ overlap / norm


@planted("10.3", "takes u = overlap")
def no_solve(gram: Floats, overlap: Floats, norm: float) -> Any:
    u = overlap
    return (norm - 2 * u @ overlap + u @ gram @ u) / norm


@planted("10.3", "treats every feature alone")
def diagonal_only(gram: Floats, overlap: Floats, norm: float) -> Any:
    return 1 - (overlap**2 / np.diag(gram)).sum() / norm


@planted("10.3", "best single feature")
def best_feature(gram: Floats, overlap: Floats, norm: float) -> Any:
    return 1 - max(overlap**2 / np.diag(gram)) / norm


@planted("10.3", "one weight and scales")
def keeps_all(gram: Floats, overlap: Floats, norm: float) -> Any:
    return 1 - overlap.sum() ** 2 / gram.sum() / norm


@planted("10.3", "no lower bound for all masks")  # a habit from regression
def with_a_ridge(gram: Floats, overlap: Floats, norm: float) -> Any:
    u = np.linalg.solve(gram + 1e-3 * np.eye(len(gram)), overlap)
    return (norm - 2 * u @ overlap + u @ gram @ u) / norm


@planted("10.3", "no lower bound for all masks")  # small directions thrown away
def truncated(gram: Floats, overlap: Floats, norm: float) -> Any:
    u = np.linalg.pinv(gram, rcond=1e-2) @ overlap
    return (norm - 2 * u @ overlap + u @ gram @ u) / norm


@planted("10.3", "comes back once")
def forgets_the_square(gram: Floats, overlap: Floats, norm: float) -> Any:
    u = np.linalg.solve(gram, overlap)
    return (norm - 2 * u @ overlap) / norm


@planted("10.3", "not the top layer")
def returns_the_top_layer(gram: Floats, overlap: Floats, norm: float) -> Any:
    return np.linalg.solve(gram, overlap)


# 10.4 --------------------------------------------------------------------------------------------------------


def _bits(dimension: int, eps: float) -> float:
    return dimension**2 * math.log2(1 / (2 * eps))


@alternative("10.4")
def with_other_logarithms(dimension: int, eps: float) -> float:
    return max(0, math.ceil(dimension * dimension * (-1 - math.log2(eps)) - 1))


@alternative("10.4")
def in_numpy_then_int(dimension: int, eps: float) -> float:
    return int(np.ceil(max(dimension**2 * np.log2(0.5 / eps) - 1, 0)))


@alternative("10.4")
def counts_up(dimension: int, eps: float) -> float:
    m = 0
    while m + 1 < _bits(dimension, eps):
        m += 1
    return m


@planted("10.4", "rounds down")
def floors(dimension: int, eps: float) -> float:
    return max(math.floor(_bits(dimension, eps) - 1), 0)


@planted("10.4", "rounds to the nearest")
def rounds(dimension: int, eps: float) -> float:
    return max(round(_bits(dimension, eps) - 1), 0)


@planted("10.4", "a number of weights is whole")
def leaves_it_a_fraction(dimension: int, eps: float) -> float:
    return max(_bits(dimension, eps) - 1, 0)


@planted("10.4", "the 1 is missing")
def forgets_the_half(dimension: int, eps: float) -> float:
    return max(math.ceil(_bits(dimension, eps)), 0)


@planted("10.4", "subtract the 1")
def adds_the_half(dimension: int, eps: float) -> float:
    return max(math.ceil(_bits(dimension, eps) + 1), 0)


@planted("10.4", "natural logarithm")
def natural(dimension: int, eps: float) -> float:
    return max(math.ceil(dimension**2 * math.log(1 / (2 * eps)) - 1), 0)


@planted("10.4", "base 10")
def decimal(dimension: int, eps: float) -> float:
    return max(math.ceil(dimension**2 * math.log10(1 / (2 * eps)) - 1), 0)


@planted("10.4", "eps on either side")
def one_sided(dimension: int, eps: float) -> float:
    return max(math.ceil(dimension**2 * math.log2(1 / eps) - 1), 0)


@planted("10.4", "below the line")
def reads_one_half_eps(dimension: int, eps: float) -> float:  # 1 / 2 * eps, read from left to right
    return max(math.ceil(dimension**2 * math.log2(2 / eps) - 1), 0)


@planted("10.4", "d^2 entries")
def forgets_the_square_of_d(dimension: int, eps: float) -> float:
    return max(math.ceil(dimension * math.log2(1 / (2 * eps)) - 1), 0)


@planted("10.4", "no bound says less than 0")
def negative_bound(dimension: int, eps: float) -> float:
    return math.ceil(_bits(dimension, eps) - 1)


# 10.5 --------------------------------------------------------------------------------------------------------


@alternative("10.5")
def by_index(corners: Floats, values: Floats) -> Any:
    k = len(corners)
    parts: tuple[list[Floats], list[Floats]] = ([], [])
    for i in range(k):
        j = (i + 1) % k
        for part, sign in zip(parts, (1, -1), strict=True):
            if sign * values[i] >= 0:
                part.append(corners[i])
            if values[i] * values[j] < 0:
                t = values[i] / (values[i] - values[j])
                part.append((1 - t) * corners[i] + t * corners[j])
    return tuple(
        np.array(part) if max(sign * v for v in values) > 0 else np.zeros((0, 2))
        for part, sign in zip(parts, (1, -1), strict=True)
    )


def _half(corners: Floats, values: Floats) -> Any:
    """The part where the values are not negative."""
    if not max(values) > 0:
        return np.zeros((0, 2))
    kept = []
    for i in range(len(corners)):
        p, q, a, b = corners[i - 1], corners[i], values[i - 1], values[i]
        if (a < 0 < b) or (b < 0 < a):
            kept.append(p + a / (a - b) * (q - p))
        if b >= 0:
            kept.append(q)
    return np.array(kept)


@alternative("10.5")
def half_by_half(corners: Floats, values: Floats) -> Any:
    return [_half(corners, values), _half(corners, -values)]


@alternative("10.5")
def the_other_way_round(corners: Floats, values: Floats) -> Any:
    positive, negative = cut(corners[::-1].copy(), values[::-1].copy())
    return positive, negative


def _cut(
    corners: Floats,
    values: Floats,
    share: Callable[[float, float], float] = lambda a, b: a / (a - b),
    zero_in: tuple[bool, bool] = (True, True),
    empty: bool = True,
    cross: tuple[bool, bool] = (True, True),
) -> tuple[Floats, Floats]:
    positive, negative = [], []
    for p, q, a, b in zip(corners, np.roll(corners, -1, 0), values, np.roll(values, -1), strict=True):
        if a > 0 or (a == 0 and zero_in[0]):
            positive.append(p)
        if a < 0 or (a == 0 and zero_in[1]):
            negative.append(p)
        if a * b < 0:
            new = p + share(a, b) * (q - p)
            if cross[0]:
                positive.append(new)
            if cross[1]:
                negative.append(new)
    if empty and not (values > 0).any():  # pragma: no cover (a wrong answer ends at the first case it fails)
        positive = []
    if empty and not (values < 0).any():  # pragma: no cover (likewise)
        negative = []
    return np.array(positive).reshape(-1, 2), np.array(negative).reshape(-1, 2)


@planted("10.5", "exchanged")
def negative_first(corners: Floats, values: Floats) -> Any:
    return _cut(corners, values)[::-1]


@planted("10.5", "in the middle of the edges")
def cuts_in_the_middle(corners: Floats, values: Floats) -> Any:
    return _cut(corners, values, share=lambda a, b: 0.5)


@planted("10.5", "wrong end of the edge")
def from_the_wrong_end(corners: Floats, values: Floats) -> Any:
    return _cut(corners, values, share=lambda a, b: b / (b - a))


@planted("10.5", "divides by a + b")
def divides_by_the_sum(corners: Floats, values: Floats) -> Any:
    return _cut(corners, values, share=lambda a, b: a / (a + b) if a + b else 0.0)


@planted("10.5", "crosses an edge are missing")
def no_new_corners(corners: Floats, values: Floats) -> Any:
    return _cut(corners, values, cross=(False, False))


@planted("10.5", "a part lacks a corner")
def new_corners_on_one_side(corners: Floats, values: Floats) -> Any:
    return _cut(corners, values, cross=(True, False))


@planted("10.5", "exactly 0 belongs to both")
def zero_is_positive(corners: Floats, values: Floats) -> Any:
    return _cut(corners, values, zero_in=(True, False))


@planted("10.5", "only a line or a point")
def keeps_the_touch(corners: Floats, values: Floats) -> Any:
    return _cut(corners, values, empty=False)


@planted("10.5", "their order is not")  # all old corners first, the new ones after them
def new_corners_last(corners: Floats, values: Floats) -> Any:
    positive, negative = _cut(corners, values)

    def last(part: Floats) -> Floats:
        old = [p for p in part if any(np.array_equal(p, c) for c in corners)]
        new = [p for p in part if not any(np.array_equal(p, c) for c in corners)]
        return np.array(old + new[::-1]).reshape(-1, 2)

    return last(positive), last(negative)


@planted("10.5", "a corner comes twice")
def crosses_at_zero_too(corners: Floats, values: Floats) -> Any:
    positive, negative = [], []
    for p, q, a, b in zip(corners, np.roll(corners, -1, 0), values, np.roll(values, -1), strict=True):
        if a >= 0:
            positive.append(p)
        if a <= 0:
            negative.append(p)
        if a * b <= 0 and a != b:
            new = p + a / (a - b) * (q - p)
            positive.append(new)
            negative.append(new)
    none = np.zeros((0, 2))
    return (
        np.array(positive) if (values > 0).any() else none,
        np.array(negative) if (values < 0).any() else none,
    )


@planted("10.5", "expected two arrays")
def one_part_only(corners: Floats, values: Floats) -> Any:
    return _cut(corners, values)[0]


@planted("10.5", "a part is empty")  # tests the sign of the mean, as for a whole region
def all_or_nothing(corners: Floats, values: Floats) -> Any:
    none = np.zeros((0, 2))
    return (corners, none) if values.mean() > 0 else (none, corners)
