"""This lesson's exercises. The references are the library's own functions."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, Wrong, exercise
from lthedu.exercises.readers import whole
from lthedu.exercises.values import brief, difference
from lthedu.landscape.patterns import Layer, activation_pattern, local_formula, most_pieces
from lthedu.landscape.regions import SQUARE, polygon_area, split

Floats = NDArray[np.float64]


@exercise(
    activation_pattern,
    "Which neurons are on",
    minutes=10,
    level=1,
    hints=(
        "What does a hidden neuron compute before its ReLU? For which values does the ReLU give something above 0?",
        "Go through the layers. A layer's values are weight @ x + bias, and its neurons are on where these are above "
        "0. What the next layer gets is the values with all negative ones set to 0.",
        "on = []\nfor weight, bias in hidden:\n    values = weight @ x + bias\n    on.append(values > 0)\n"
        "    x = ...  # what the next layer gets\nreturn np.concatenate(on)",
    ),
    returns=lambda result, hidden, x: _pattern(result, hidden),
)
def check_activation_pattern(attempt: Attempt) -> None:
    """One layer, two by hand in which the ReLU matters, a value of 0, then random networks of up to four layers."""
    ones = np.array([[1.0, 1.0]])
    cases: list[tuple[list[Layer], Floats]] = [
        ([(np.eye(2), np.zeros(2))], np.array([1.0, -1.0])),
        ([(np.eye(2), np.zeros(2)), (ones, np.array([-1.0]))], np.array([2.0, -3.0])),
        ([(np.eye(2), np.zeros(2)), (-ones, np.array([0.5]))], np.array([-2.0, -1.0])),
        ([(np.eye(2), np.array([-1.0, 1.0])), (ones, np.array([-1.0]))], np.array([1.0, -1.0])),  # values of 0
        ([(np.array([[1.0, -0.5], [0.25, -0.5]]), np.zeros(2))], np.array([1.0, 1.0])),
    ]
    for sizes in ([3, 5], [4, 6, 3], [2, 5, 5, 4, 3], [2, 4, 4, 4, 4]):
        cases.append((_random_layers(attempt, sizes), _normal(attempt, sizes[0])))
    compare(
        attempt,
        cases,
        close=lambda a, b, *args: np.array_equal(a, b),
        show=_shown_pattern,
        otherwise="that is not the pattern of the neurons that are on",
    )


def _pattern(got: object, hidden: Sequence[Layer]) -> NDArray[np.bool_]:
    many = sum(len(bias) for _, bias in hidden)
    try:
        row = [np.asarray(one).item() for one in got]  # type: ignore[attr-defined]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; expected one bool for each hidden neuron, in one row") from None
    if len(row) != many:
        raise Wrong(f"it returned {len(row)} values; there are {many} hidden neurons in all, so expected {many}")
    if not all(value in (0, 1) for value in row):
        raise Wrong(f"it returned {brief(got)}; expected True for a neuron that is on and False for others")
    return np.array(row, dtype=bool)


def _shown_pattern(got: Any, right: Any, hidden: Sequence[Layer], x: Floats) -> str:
    widths = ", ".join(str(len(bias)) for _, bias in hidden)
    layer, place = 0, int((got != right).argmax())
    while place >= len(hidden[layer][1]):
        place -= len(hidden[layer][1])
        layer += 1
    is_on, should = ("on" if p[int((got != right).argmax())] else "off" for p in (got, right))
    return f"hidden layers of {widths} neurons: neuron {place} of layer {layer} came out {is_on}, and is {should}"


def _normal(attempt: Attempt, *shape: int) -> Floats:
    drawn: Floats = torch.randn(shape, generator=attempt.rng, dtype=torch.float64).numpy()
    return drawn


def _random_layers(attempt: Attempt, sizes: Sequence[int]) -> list[Layer]:
    return [(_normal(attempt, out, into), 0.3 * _normal(attempt, out)) for into, out in itertools.pairwise(sizes)]


@exercise(
    most_pieces,
    "The most pieces",
    minutes=10,
    level=2,
    hints=(
        "Draw two lines that cross, then a third. By how many pieces does it add, and how often does it cross the "
        "others?",
        "Call the number P(n, d). A new cut splits every piece that it passes through, and the earlier n - 1 cuts make "
        "P(n - 1, d - 1) pieces of the cut itself. So P(n, d) = P(n - 1, d) + P(n - 1, d - 1), and P is 1 where there "
        "is no cut, and 1 for a point (d = 0).",
        "if neurons == 0 or dimension == 0:\n    return 1\n"
        "return most_pieces(neurons - 1, dimension) + ...  # and what the new cut adds",
    ),
    returns=lambda result, *_: whole(result, "a whole number of pieces"),
)
def check_most_pieces(attempt: Attempt) -> None:
    """Lines, planes and spaces, few neurons and many, fewer neurons than dimensions; last the default dimension."""
    cases: list[tuple[int, ...]] = [(1, 1), (5, 1), (1, 2), (2, 2), (4, 2), (24, 2), (3, 3), (4, 3), (5, 3)]
    cases += [(2, 5), (6, 4), (10, 8), (7, 7), (64,), (3,), (20, 3)]
    compare(
        attempt,
        cases,
        show=lambda got, right, neurons, dimension=2: (
            f"for {neurons} neurons in dimension {dimension} it returned {got:,}, expected {right:,}"
        ),
        otherwise="that is not the most pieces that so many cuts can make",
    )


@exercise(
    split,
    "One neuron cuts a polygon",
    minutes=20,
    level=3,
    hints=(
        "Go round the polygon, edge by edge. When does a corner belong to the positive part, when to the negative one, "
        "when to both? On which edges is there a new corner?",
        "Take an edge whose ends have opposite signs, for example values of -1 and 3. The value grows evenly along the "
        "edge, so what part of the way is it 0? The point there belongs to both parts.",
        "for p, q, a, b in zip(corners, np.roll(corners, -1, 0), values, np.roll(values, -1)):\n"
        "    if a >= 0: positive.append(p)\n    if a <= 0: negative.append(p)\n"
        "    if a * b < 0:\n        cut = ...  # between p and q, where the value is 0\n"
        "        positive.append(cut); negative.append(cut)\n"
        "# both as arrays; with no value above 0 the positive part is np.zeros((0, 2)), and the other way round",
    ),
    returns=lambda result, corners, values: _parts(result, corners, values),
)
def check_split(attempt: Attempt) -> None:
    """A square and a triangle cut in plain places, then random polygons, last parts of many corners without area."""
    triangle = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    cases: list[tuple[Floats, Floats]] = [
        (triangle, np.array([-1.0, 3.0, -1.0])),
        (SQUARE, SQUARE @ np.array([1.0, 0.0]) - 0.5),
        (SQUARE, SQUARE @ np.array([0.0, -1.0]) + 0.25),
        (SQUARE, SQUARE @ np.array([1.0, 1.0])),  # through two corners
        (triangle, np.array([0.0, 1.0, -1.0])),  # through one corner
        (SQUARE, 1e-4 * (SQUARE @ np.array([1.0, 0.3]) - 0.2)),  # a slope that is small, and not zero
        (SQUARE, np.array([1.0, 2.0, 3.0, 2.0])),  # not cut
        (SQUARE, np.array([-1.0, -2.0, -3.0, -2.0])),
        (SQUARE, np.array([0.0, 1.0, 2.0, 1.0])),  # touched in a corner
        (SQUARE, np.array([0.0, -1.0, -2.0, -1.0])),
        (SQUARE, SQUARE[:, 0] + 1.0),  # touched along an edge
        (SQUARE, SQUARE[:, 1] - 1.0),
    ]
    for k in (5, 6, 7, 8):
        angle = torch.rand(k, generator=attempt.rng, dtype=torch.float64).sort().values.numpy() * 2 * math.pi
        polygon = np.column_stack([np.cos(angle), np.sin(angle)])
        normal = torch.randn(2, generator=attempt.rng, dtype=torch.float64).numpy()
        cases.append((polygon, (polygon - polygon.mean(0)) @ normal))
    house = np.array([[-1.0, -1.0], [0.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])  # three corners on one line
    cases += [(house, house[:, 1] + 1.0), (house, -house[:, 1] - 1.0), (SQUARE, np.zeros(4))]
    compare(
        attempt,
        cases,
        close=lambda a, b, *args: all(_same_polygon(p, q) for p, q in zip(a, b, strict=True)),
        show=_shown_parts,
        otherwise=_which_corner,
    )


Parts = tuple[Floats, Floats]


def _parts(got: object, corners: Floats, values: Floats) -> Parts:
    example = _shown_cut(corners, values)
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise Wrong(f"it returned {brief(got)}; expected two arrays of corners: positive part, negative part", example)
    found = []
    for part in got:
        if part is None:
            raise Wrong("a part is None; a part without area is np.zeros((0, 2))", example)
        try:
            array = np.asarray(part, dtype=float)
        except (TypeError, ValueError, RuntimeError):
            raise Wrong(f"a part is {brief(part)}; expected an array of corners, shape (k, 2)", example) from None
        array = array.reshape(0, 2) if array.size == 0 else array
        if array.ndim != 2 or array.shape[1] != 2 or not np.isfinite(array).all():
            raise Wrong(f"a part has shape {array.shape}; expected corners, shape (k, 2), all finite", example)
        found.append(array)
    return found[0], found[1]


def _which_corner(got: Parts, right: Parts, corners: Floats, values: Floats) -> str:
    """What is seen of a wrong part, however it was made."""
    for g, r in zip(got, right, strict=True):
        if len(g) and not len(r):
            if polygon_area(g) < 1e-12:
                return "a part that is only a line or a point has no corners: return shape (0, 2) for it"
            return (
                "a part has corners though the neuron has that sign nowhere on the polygon: return shape (0, 2) for it"
            )
        if len(r) and not len(g):
            return "a part is empty though the neuron has that sign on some of the polygon"
    for g, r in zip(got, right, strict=True):
        if _same_set(g, r) and not _same_polygon(g, r):
            return "the corners are right and their order is not: go round the polygon, the new corner where it lies"
        if len(np.unique(g.round(9), axis=0)) < len(g):
            return "a corner comes twice in a part"
    if not all(_among(p, corners) or _among(p, np.concatenate(right)) for p in np.concatenate(got)):
        return "a new corner is not where the neuron is zero: from p it is a / (a - b) of the way to q"
    if any(not _among(p, g) for g, r in zip(got, right, strict=True) for p in r):
        return "a part lacks a corner: crossings belong to both parts, corners to the part of their sign"
    return "a part has a corner too many: crossings belong to both parts, corners to the part of their sign"


def _shown_parts(got: Parts, right: Parts, corners: Floats, values: Floats) -> str:
    example = f"{_shown_cut(corners, values)}; the parts have {len(got[0])} and {len(got[1])} corners"
    example += f", expected {len(right[0])} and {len(right[1])}"
    if [len(g) for g in got] != [len(r) for r in right]:
        return example
    g, r = next((g, r) for g, r in zip(got, right, strict=True) if not _same_polygon(g, r))
    return f"{example}; corners {_table(g)}, expected {_table(r)}"


def _same_polygon(a: Floats, b: Floats) -> bool:
    """The same corners in the same order, from any of them on, either way round."""
    if len(a) != len(b):
        return False
    return not len(a) or any(
        np.allclose(np.roll(turned, k, axis=0), b, atol=1e-9) for turned in (a, a[::-1]) for k in range(len(a))
    )


def _same_set(a: Floats, b: Floats) -> bool:
    return len(a) == len(b) and all(_among(p, b) for p in a) and all(_among(p, a) for p in b)


def _among(point: Floats, points: Floats) -> bool:
    return bool(len(points) and np.abs(points - point).max(1).min() < 1e-9)


def _shown_cut(corners: Floats, values: Floats) -> str:
    return f"corners {np.round(corners, 2).tolist()} with values {np.round(values, 2).tolist()}"


def _table(a: Floats) -> str:
    return str(np.round(a, 3).tolist()) if a.size <= 9 else f"of shape {a.shape}"


@exercise(
    local_formula,
    "The formula of a piece",
    minutes=15,
    level=2,
    hints=(
        "On one piece every ReLU either passes its number on or gives 0. What does that make of a weight matrix?",
        "Go through the hidden layers with a matrix S and a vector c, so that the layer's values are S @ x + c. Begin "
        "with the identity and zeros. After a layer, set the rows of S and the entries of c to 0 where the neuron is "
        "off. The last layer has no ReLU.",
        "slope, constant = np.eye(len(x)), np.zeros(len(x))\nfor weight, bias in layers[:-1]:\n"
        "    slope, constant = weight @ slope, weight @ constant + bias\n    on = ...  # of these neurons, at x\n"
        "    slope, constant = slope * on[:, None], constant * on\nweight, bias = layers[-1]\n"
        "return weight @ slope, weight @ constant + bias",
    ),
    returns=lambda result, layers, x: _formula(result, layers, x),
)
def check_local_formula(attempt: Attempt) -> None:
    """One hidden neuron on and off, two layers by hand, no hidden layer, then random networks."""
    two = [(np.array([[1.0], [-1.0]]), np.zeros(2)), (np.array([[3.0, 5.0]]), np.array([1.0]))]
    shifted = [(np.array([[1.0, 2.0]]), np.array([0.5])), (np.array([[2.0]]), np.array([-1.0]))]
    cases: list[tuple[list[Layer], Floats]] = [
        (two, np.array([2.0])),
        (two, np.array([-2.0])),
        (shifted, np.array([1.0, 1.0])),
        (shifted, np.array([-1.0, -1.0])),
        (shifted, np.array([0.5, -0.5])),  # a value of 0
        ([(np.array([[1.0, -2.0]]), np.array([3.0]))], np.array([5.0, 1.0])),
    ]
    for sizes in ([3, 5, 2], [4, 6, 5, 3], [2, 5, 5, 5, 4]):
        cases.append((_random_layers(attempt, sizes), _normal(attempt, sizes[0])))
    compare(
        attempt,
        cases,
        close=lambda a, b, *args: all(np.allclose(p, q, rtol=1e-6, atol=1e-9) for p, q in zip(a, b, strict=True)),
        show=_shown_formula,
        otherwise=_which_formula,
    )


def _formula(got: object, layers: Sequence[Layer], x: Floats) -> Layer:
    outputs = len(layers[-1][1])
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise Wrong(f"it returned {brief(got)}; expected two arrays: weight and bias")
    try:
        weight, bias = (np.asarray(one, dtype=float) for one in got)
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; expected two arrays: weight and bias") from None
    if weight.shape != (outputs, len(x)) or bias.shape != (outputs,):
        expected = f"({outputs}, {len(x)}) and ({outputs},)"
        raise Wrong(f"weight and bias have shapes {weight.shape} and {bias.shape}; expected {expected}")
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise Wrong("the weight or the bias holds NaN or infinity")
    return weight, bias


def _which_formula(got: Layer, right: Layer, layers: Sequence[Layer], x: Floats) -> str:
    if np.allclose(got[0] @ x + got[1], right[0] @ x + right[1], atol=1e-9):
        return "it gives the network's output at x, and another formula than the network has beside x"
    return "weight @ x + bias is not what the network gives at x"


def _shown_formula(got: Layer, right: Layer, layers: Sequence[Layer], x: Floats) -> str:
    return f"{len(layers)} layers at x = {brief(x)}: {difference(got, right)}"
