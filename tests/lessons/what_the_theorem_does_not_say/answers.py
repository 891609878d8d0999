"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from answers import right, told
from numpy.typing import NDArray
from torch import nn

from lthedu.proof.limits import tent_network

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


@right("tent_network")
def with_one_relu_for_all(folds: int) -> nn.Module:
    relu = nn.ReLU()
    return nn.Sequential(*(relu if isinstance(layer, nn.ReLU) else layer for layer in by_a_loop(folds)))


@right("tent_network")
def with_one_layer_in_between(folds: int) -> nn.Module:  # "folds - 1 of these"
    first, between, last = (by_a_loop(2)[i] for i in (0, 2, 4))
    return nn.Sequential(first, nn.ReLU(), *[between, nn.ReLU()] * (folds - 1), last)


@right("tent_network")
def in_nested_parts(folds: int) -> nn.Module:
    first, relu, *others = by_a_loop(folds).double()
    return nn.Sequential(nn.Sequential(first, relu), nn.Sequential(*others))


@told("tent_network", "more than 2 units")
def with_a_unit_to_spare(folds: int) -> nn.Module:
    layers = [layer for layer in tent_network(folds) if isinstance(layer, nn.Linear)]
    for layer in layers:
        if layer is not layers[-1]:
            layer.weight.data = torch.cat([layer.weight, 0 * layer.weight[:1]])
            layer.bias.data = torch.cat([layer.bias, 0 * layer.bias[:1]])
        if layer is not layers[0]:
            layer.weight.data = torch.cat([layer.weight, 0 * layer.weight[:, :1]], 1)
    return nn.Sequential(*(part for layer in layers for part in (layer, nn.ReLU())))[:-1]


@told("tent_network", "another number of layers")  # it ends with a layer that changes nothing
def with_a_layer_to_spare(folds: int) -> nn.Module:
    same = _filled([[1.0]], [0.0]).double()
    return nn.Sequential(*tent_network(folds), nn.ReLU(), same)


@told("tent_network", "cannot take this network apart: ")
def cut_off_at_one(folds: int) -> nn.Module:
    return nn.Sequential(*tent_network(folds), nn.Hardtanh(0, 1))


class _Twice(nn.Module):
    """The layer in between stands once in the module, and is called more often."""

    def __init__(self, folds: int) -> None:
        super().__init__()
        self.folds, (self.first, _, self.between, _, self.last) = folds, by_a_loop(2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.first(x))
        for _ in range(self.folds - 1):
            x = torch.relu(self.between(x))
        return self.last(x)


@right("tent_network")
def as_a_module_with_a_loop(folds: int) -> nn.Module:
    return _Twice(folds)


@told("tent_network", "expected an nn.Sequential")
def returns_the_layers(folds: int) -> list[nn.Module]:
    return list(tent_network(folds))


@told("tent_network", "the first Linear layer has 1 input")
def two_inputs(folds: int) -> nn.Module:
    return nn.Sequential(_filled([[1.0, 1.0]], [0.0]))


@told("tent_network", "a layer's weight has the shape (2,); expected a matrix")
def a_row_for_a_matrix(folds: int) -> nn.Module:
    network = tent_network(folds)
    network[0].weight.data = network[0].weight.data[:, 0]
    return network


@told("tent_network", "the last layer has 1 output")
def forgets_to_add_up(folds: int) -> nn.Module:
    return tent_network(folds)[:-1]


@told("tent_network", "it is another function: at i / 2^folds the sawtooth is 0")
def a_third_of_its_height(folds: int) -> nn.Module:
    network = tent_network(folds)
    network[-1].weight.data /= 3
    return network


@told("tent_network", "called twice, it gives two different networks")
def leaves_the_last_bias(folds: int) -> nn.Module:
    network = tent_network(folds)
    last = nn.Linear(2, 1, dtype=torch.float64)
    last.weight.data = network[-1].weight.data
    return nn.Sequential(*network[:-1], last)


@told("tent_network", "a weight matrix of 1 x 2 is transposed")
def a_column_for_a_row(folds: int) -> nn.Module:
    network = tent_network(folds)
    network[0].weight.data = network[0].weight.data.T
    return network


@told("tent_network", "write 2.0 and not 2")
def in_whole_numbers(folds: int) -> nn.Module:
    network = tent_network(folds)
    network[-1].weight.data = torch.tensor([[2, -4]])
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
def with_a_ridge_of_its_own(gram: Floats, overlap: Floats, norm: float) -> Any:
    return _error(np.linalg.solve(gram + 3e-3 * np.eye(len(gram)), overlap), gram, overlap, norm)


@right("top_layer_error")
def as_a_table_of_one_number(gram: Floats, overlap: Floats, norm: float) -> Any:
    column = overlap[:, None]
    return 1 - column.T @ np.linalg.lstsq(gram, column, rcond=None)[0] / norm


@told("top_layer_error", "it is computed in float32")
def in_single_precision(gram: Floats, overlap: Floats, norm: float) -> Any:
    g, c = gram.astype(np.float32), overlap.astype(np.float32)
    return 1 - c @ np.linalg.solve(g, c) / np.float32(norm)


@told("top_layer_error", "not the top layer")
def returns_the_top_layer(gram: Floats, overlap: Floats, norm: float) -> Any:
    return np.linalg.solve(gram, overlap)


@told("top_layer_error", "how well gram u = overlap is solved is not the error")
def returns_the_residual(gram: Floats, overlap: Floats, norm: float) -> Any:
    return np.linalg.lstsq(gram, overlap, rcond=None)[1]  # empty


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


@right("counting_bound")
def compares_with_the_number_of_masks(dimension: int, eps: float) -> float:
    m = 0
    while 2**m < Fraction(1 / (2 * eps)) ** dimension**2 / 2:
        m += 1
    return m


@right("counting_bound")
def halves_the_maps(dimension: int, eps: float) -> float:
    return max(math.ceil(math.log2(0.5) - dimension**2 * math.log2(2 * eps)), 0)


@told("counting_bound", "take its logarithm first")
def takes_the_power_first(dimension: int, eps: float) -> float:
    return max(math.ceil(math.log2((1 / (2 * eps)) ** (dimension**2) / 2)), 0)


@told("counting_bound", "a number of weights is whole")
def leaves_it_a_fraction(dimension: int, eps: float) -> float:
    return max(dimension**2 * math.log2(1 / (2 * eps)) - 1, 0)


@told("counting_bound", "that is not the least M for which 2^M is at least half of (1 / (2 eps))^(dimension^2)")
def counts_entries(dimension: int, eps: float) -> float:
    return dimension**2
