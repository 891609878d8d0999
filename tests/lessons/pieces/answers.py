"""Other right answers to this lesson's exercises, and wrong ones that no mistake of the course describes."""

import math
from typing import Any

import numpy as np
import torch
from answers import right, told
from numpy.typing import NDArray

from lthedu.landscape.patterns import activation_pattern, local_formula, most_pieces
from lthedu.landscape.regions import split

Floats = NDArray[np.float64]
Layers = list[tuple[Floats, Floats]]

# activation_pattern


@right("activation_pattern")
def neuron_by_neuron(hidden: Layers, x: Floats) -> Any:
    on = []
    for weight, bias in hidden:
        values = [sum(w * v for w, v in zip(row, x, strict=True)) + b for row, b in zip(weight, bias, strict=True)]
        on += [int(value > 0) for value in values]
        x = [max(value, 0.0) for value in values]
    return on


@right("activation_pattern")
def as_a_tensor(hidden: Layers, x: Floats) -> Any:
    on, x = [], torch.from_numpy(x)
    for weight, bias in hidden:
        x = torch.relu(torch.from_numpy(weight) @ x + torch.from_numpy(bias))
        on.append(x > 0)
    return torch.cat(on)


@told("activation_pattern", "expected True for a neuron that is on and False for others")
def values_after_the_relu(hidden: Layers, x: Floats) -> Any:
    found = []
    for weight, bias in hidden:
        x = np.maximum(weight @ x + bias, 0)
        found.append(x)
    return 0.3 + np.concatenate(found)


@told("activation_pattern", "there are 2 hidden neurons in all, so expected 2")
def one_layer_too_many(hidden: Layers, x: Floats) -> Any:
    return [*activation_pattern(hidden, x), True]


@told("activation_pattern", "expected one bool for each hidden neuron, in one row")
def layer_by_layer(hidden: Layers, x: Floats) -> Any:
    return [activation_pattern(hidden[: i + 1], x) for i in range(len(hidden))]


@told("activation_pattern", "that is not the pattern of the neurons that are on")
def first_neuron_is_on(hidden: Layers, x: Floats) -> Any:
    found = activation_pattern(hidden, x)
    found[-1] = True
    return found


# most_pieces


@right("most_pieces")
def by_the_recursion(neurons: int, dimension: int = 2) -> Any:
    row = [1] * (dimension + 1)  # of each dimension
    for _ in range(neurons):
        row = [1] + [row[d] + row[d - 1] for d in range(1, dimension + 1)]
    return row[dimension]


@right("most_pieces")
def by_factorials(neurons: int, dimension: int = 2) -> Any:
    found, term = 0, 1
    for k in range(min(neurons, dimension) + 1):
        found += term
        term = term * (neurons - k) // (k + 1)
    return found


@told("most_pieces", "there are no parts of one")
def a_float(neurons: int, dimension: int = 2) -> Any:
    return most_pieces(neurons, dimension) + 0.5


@told("most_pieces", "that is not the most pieces that so many cuts can make")
def too_many(neurons: int, dimension: int = 2) -> Any:
    return most_pieces(neurons, dimension) + 3


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


def _by_edges(corners: Floats, values: Floats, at: Any = None, empty: bool = True) -> Any:
    """The right parts; or cut at one share of every edge, or with parts that are but a line."""
    parts: tuple[list[Floats], list[Floats]] = ([], [])
    for p, q, a, b in zip(corners, np.roll(corners, -1, 0), values, np.roll(values, -1), strict=True):
        parts[0].extend([p] if a >= 0 else [])
        parts[1].extend([p] if a <= 0 else [])
        if a * b < 0:
            for part in parts:
                part.append(p + (a / (a - b) if at is None else at) * (q - p))
    kept = (values > 0).any() or not empty, (values < 0).any() or not empty
    return tuple(np.array(part if keep else []).reshape(-1, 2) for part, keep in zip(parts, kept, strict=True))


@told("split", "a new corner is not where the neuron is zero")
def crosses_at_a_third(corners: Floats, values: Floats) -> Any:
    return _by_edges(corners, values, at=1 / 3)


@told("split", "a corner comes twice")
def every_corner_twice(corners: Floats, values: Floats) -> Any:
    return tuple(np.repeat(part, 2, axis=0) for part in split(corners, values))


@told("split", "only a line or a point")
def keeps_what_touches_along_an_edge(corners: Floats, values: Floats) -> Any:
    return tuple(part if len(part) > 1 else np.zeros((0, 2)) for part in _by_edges(corners, values, empty=False))


@told("split", "a part lacks a corner")
def loses_the_last_corner(corners: Floats, values: Floats) -> Any:
    return tuple(part[:-1] for part in split(corners, values))


@told("split", "a part has a corner too many")
def keeps_a_corner_of_the_other_part(corners: Floats, values: Floats) -> Any:
    parts = split(corners, values)
    others = [corners[[not (p == part).all(1).any() for p in corners]] for part in parts]
    return tuple(np.concatenate([part, other[:1]]) for part, other in zip(parts, others, strict=True))


@told("split", "their order is not")
def sorted_from_left_to_right(corners: Floats, values: Floats) -> Any:
    return tuple(part[np.lexsort(part.T)] for part in split(corners, values))


@told("split", "expected two arrays")
def one_part_only(corners: Floats, values: Floats) -> Any:
    return split(corners, values)[0]


@told("split", "a part is empty")
def needs_the_sign_everywhere(corners: Floats, values: Floats) -> Any:
    none = np.zeros((0, 2))
    return (corners if (values > 0).all() else none), (corners if (values < 0).all() else none)


@told("split", "a part is None; a part without area is np.zeros((0, 2))")
def none_for_nothing(corners: Floats, values: Floats) -> Any:
    return tuple(part if len(part) else None for part in split(corners, values))


@told("split", "a part is 'x'; expected an array of corners")
def two_letters(corners: Floats, values: Floats) -> Any:
    return "x", "y"


# local_formula


@right("local_formula")
def by_the_pattern(layers: Layers, x: Floats) -> Any:
    *hidden, (weight, bias) = layers
    on = activation_pattern(hidden, x) if hidden else np.zeros(0)
    slope, constant, begin = np.eye(len(x)), np.zeros(len(x)), 0
    for w, b in hidden:
        gate = np.diag(on[begin : begin + len(b)].astype(float))
        slope, constant, begin = gate @ w @ slope, gate @ (w @ constant + b), begin + len(b)
    return weight @ slope, weight @ constant + bias


@right("local_formula")
def by_differentiation(layers: Layers, x: Floats) -> Any:
    at = torch.from_numpy(x)

    def network(u: torch.Tensor) -> torch.Tensor:
        for i, (w, b) in enumerate(layers):
            u = torch.from_numpy(w) @ u + torch.from_numpy(b)
            u = u if i == len(layers) - 1 else u.relu()
        return u

    weight = torch.autograd.functional.jacobian(network, at)
    return [weight, network(at) - weight @ at]


@told("local_formula", "expected two arrays: weight and bias")
def weight_alone(layers: Layers, x: Floats) -> Any:
    return local_formula(layers, x)[0]


@told("local_formula", "weight and bias have shapes")
def turned(layers: Layers, x: Floats) -> Any:
    weight, bias = local_formula(layers, x)
    return weight.T, bias


@told("local_formula", "the weight or the bias holds NaN")
def nothing_at_all(layers: Layers, x: Floats) -> Any:
    weight, bias = local_formula(layers, x)
    return weight * math.nan, bias


@told("local_formula", "and another formula than the network has beside x")
def right_at_x(layers: Layers, x: Floats) -> Any:
    weight, bias = local_formula(layers, x)
    return weight + 1, bias - x.sum()


@told("local_formula", "weight @ x + bias is not what the network gives at x")
def doubled(layers: Layers, x: Floats) -> Any:
    return tuple(2 * part for part in local_formula(layers, x))
