"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from answers import right, told
from numpy.typing import NDArray
from torch import nn

from lthedu.landscape.regions import split
from lthedu.proof.limits import shallow_sawtooth, tent_network

Floats = NDArray[np.float64]
Rows = Sequence[Sequence[float]]

# tent_network


def _filled(weight: Rows, bias: Sequence[float]) -> nn.Linear:
    layer = nn.Linear(len(weight[0]), len(weight))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight))
        layer.bias.copy_(torch.tensor(bias))
    return layer


@right("tent_network")
def by_a_loop(folds: int) -> nn.Module:
    layers: list[nn.Module] = [_filled([[1.0], [1.0]], [0.0, -0.5])]
    for _ in range(folds - 1):
        layers += [nn.ReLU(), _filled([[2.0, -4.0], [2.0, -4.0]], [0.0, -0.5])]
    return nn.Sequential(*layers, nn.ReLU(), _filled([[2.0, -4.0]], [0.0]))


class _Folder(nn.Module):
    def __init__(self, folds: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(m for m in tent_network(folds) if isinstance(m, nn.Linear))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return self.layers[-1](x)


@right("tent_network")
def as_a_module(folds: int) -> nn.Module:
    return _Folder(folds)


@right("tent_network")
def with_units_of_other_size(folds: int) -> nn.Module:  # relu(2x - 1) in place of relu(x - 1/2)
    layers: list[nn.Module] = [_filled([[1.0], [2.0]], [0.0, -1.0])]
    for _ in range(folds - 1):
        layers += [nn.ReLU(), _filled([[2.0, -2.0], [4.0, -4.0]], [0.0, -1.0])]
    return nn.Sequential(*layers, nn.ReLU(), _filled([[2.0, -2.0]], [0.0]))


told("tent_network", "more than 2 units")(shallow_sawtooth)  # it is the sawtooth, in two layers


@told("tent_network", "another number of layers")  # t and then its two copies, one Linear after the other
def a_layer_for_the_tent_alone(folds: int) -> nn.Module:
    return nn.Sequential(*(m for _ in range(folds) for m in tent_network(1)))


@told("tent_network", "expected an nn.Sequential")
def returns_the_layers(folds: int) -> list[nn.Module]:
    return list(tent_network(folds))


@told("tent_network", "does not take one number")
def two_inputs(folds: int) -> nn.Module:
    return nn.Sequential(_filled([[1.0, 1.0]], [0.0]))


@told("tent_network", "the last layer has 1 output")
def forgets_to_add_up(folds: int) -> nn.Module:
    return tent_network(folds)[:-1]


@told("tent_network", "it is another function: at i / 2^folds the sawtooth is 0")
def a_third_of_its_height(folds: int) -> nn.Module:
    network = tent_network(folds)
    network[-1].weight.data /= 3
    return network


# least_units


@right("least_units")
def with_groups(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    sides = [v > level for v in values if abs(v - level) >= error]
    return max(sum(1 for _ in itertools.groupby(sides)) - 2, 0)


@right("least_units")
def in_numpy(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    v = np.asarray(values, dtype=float) - level
    far = np.sign(v[np.abs(v) >= error])
    return int(max((np.diff(far) != 0).sum() - 1, 0))


@right("least_units")
def with_a_memory(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    last, pieces = None, 0
    for v in values:
        if abs(v - level) < error:
            continue
        side = v > level
        pieces += last is not None and side != last
        last = side
    return pieces - 1 if pieces > 1 else 0


@told("least_units", "no parts of one")
def half_as_many(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> float:
    return with_groups(values, error, level) / 2 + 0.25


@told("least_units", "that is not one less than the number of changes of side")
def counts_rows(values: Sequence[float], error: float = 0.5, level: float = 0.5) -> int:
    return len(values)


# top_layer_error


@right("top_layer_error")
def with_an_inverse(gram: Floats, overlap: Floats, norm: float) -> Any:
    return 1 - overlap @ np.linalg.inv(gram) @ overlap / norm


@right("top_layer_error")
def by_cholesky(gram: Floats, overlap: Floats, norm: float) -> Any:
    half = np.linalg.solve(np.linalg.cholesky(gram), overlap)
    return (norm - half @ half) / norm


@right("top_layer_error")
def in_torch(gram: Floats, overlap: Floats, norm: float) -> Any:
    g, c = torch.from_numpy(gram), torch.from_numpy(overlap)
    u = torch.linalg.solve(g, c)
    return (norm - 2 * (u @ c) + u @ g @ u) / norm


def _error(u: Floats, gram: Floats, overlap: Floats, norm: float) -> Any:
    return (norm - 2 * u @ overlap + u @ gram @ u) / norm


@told("top_layer_error", "no lower bound for all masks")  # a habit from regression
def with_a_ridge(gram: Floats, overlap: Floats, norm: float) -> Any:
    return _error(np.linalg.solve(gram + 1e-3 * np.eye(len(gram)), overlap), gram, overlap, norm)


@told("top_layer_error", "no lower bound for all masks")  # small directions thrown away
def truncated(gram: Floats, overlap: Floats, norm: float) -> Any:
    return _error(np.linalg.pinv(gram, rcond=1e-2) @ overlap, gram, overlap, norm)


@told("top_layer_error", "not the top layer")
def returns_the_top_layer(gram: Floats, overlap: Floats, norm: float) -> Any:
    return np.linalg.solve(gram, overlap)


@told("top_layer_error", "that is not the least of mean")
def minus_five(gram: Floats, overlap: Floats, norm: float) -> float:
    return -5.0


# counting_bound


@right("counting_bound")
def with_other_logarithms(dimension: int, eps: float) -> float:
    return max(0, math.ceil(dimension * dimension * (-1 - math.log2(eps)) - 1))


@right("counting_bound")
def in_numpy_then_int(dimension: int, eps: float) -> float:
    return int(np.ceil(max(dimension**2 * np.log2(0.5 / eps) - 1, 0)))


@right("counting_bound")
def counts_up(dimension: int, eps: float) -> float:
    m = 0
    while m + 1 < dimension**2 * math.log2(1 / (2 * eps)):
        m += 1
    return m


@told("counting_bound", "a number of weights is whole")
def leaves_it_a_fraction(dimension: int, eps: float) -> float:
    return max(dimension**2 * math.log2(1 / (2 * eps)) - 1, 0)


@told("counting_bound", "that is not dimension^2 log2(1 / (2 eps)) - 1, rounded up")
def counts_entries(dimension: int, eps: float) -> float:
    return dimension**2


# split


@right("split")
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


@right("split")
def half_by_half(corners: Floats, values: Floats) -> Any:
    return [_half(corners, values), _half(corners, -values)]


@right("split")
def the_other_way_round(corners: Floats, values: Floats) -> Any:
    return split(corners[::-1].copy(), values[::-1].copy())


def _by_edges(corners: Floats, values: Floats, at: Any = None, twice: bool = False, empty: bool = True) -> Any:
    """The right parts; or cut at one share of every edge, again at its ends, or with parts that are but a line."""
    parts: tuple[list[Floats], list[Floats]] = ([], [])
    for p, q, a, b in zip(corners, np.roll(corners, -1, 0), values, np.roll(values, -1), strict=True):
        parts[0].extend([p] if a >= 0 else [])
        parts[1].extend([p] if a <= 0 else [])
        if a * b < 0 or (twice and a * b == 0 and a != b):
            for part in parts:
                part.append(p + (a / (a - b) if at is None else at) * (q - p))
    kept = (values > 0).any() or not empty, (values < 0).any() or not empty
    return tuple(np.array(part if keep else []).reshape(-1, 2) for part, keep in zip(parts, kept, strict=True))


@told("split", "a new corner is not where the neuron is zero")
def crosses_at_a_third(corners: Floats, values: Floats) -> Any:
    return _by_edges(corners, values, at=1 / 3)


@told("split", "a corner comes twice")
def crosses_at_zero_too(corners: Floats, values: Floats) -> Any:
    return _by_edges(corners, values, twice=True)


@told("split", "only a line or a point")
def keeps_the_touch(corners: Floats, values: Floats) -> Any:
    return _by_edges(corners, values, empty=False)


@told("split", "a part lacks a corner")
def new_corners_on_one_side(corners: Floats, values: Floats) -> Any:
    positive, negative = split(corners, values)
    return positive, np.array([p for p in negative if (p == corners).all(1).any()]).reshape(-1, 2)


@told("split", "their order is not")  # all old corners first, the new ones after them
def new_corners_last(corners: Floats, values: Floats) -> Any:
    def last(part: Floats) -> Floats:
        old = [p for p in part if (p == corners).all(1).any()]
        new = [p for p in part if not (p == corners).all(1).any()]
        return np.array(old + new[::-1]).reshape(-1, 2)

    return tuple(last(part) for part in split(corners, values))


@told("split", "expected two arrays")
def one_part_only(corners: Floats, values: Floats) -> Any:
    return split(corners, values)[0]


@told("split", "a part is empty")  # tests the sign of the mean, as for a whole region
def all_or_nothing(corners: Floats, values: Floats) -> Any:
    none = np.zeros((0, 2))
    return (corners, none) if values.mean() > 0 else (none, corners)


@told("split", "there is nothing to cut")
def both_are_the_whole(corners: Floats, values: Floats) -> Any:
    none = np.zeros((0, 2))
    return split(corners, values) if values.min() < 0 < values.max() else (corners, corners if values.any() else none)


@told("split", "a part is 'x'; expected an array of corners")
def two_letters(corners: Floats, values: Floats) -> Any:
    return "x", "y"
