"""Mistakes that people really make in this lesson, and what they are told."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lthedu.exercises.core import mistake
from lthedu.landscape.patterns import Layer, activation_pattern, local_formula
from lthedu.landscape.regions import polygon_area, split

Floats = NDArray[np.float64]
Layers = Sequence[Layer]

# activation_pattern ------------------------------------------------------------------------------------------


@mistake("activation_pattern", "the next layer gets the values after the ReLU: set the negative ones to 0 first")
def without_the_relu(hidden: Layers, x: Floats) -> Any:
    on = []
    for weight, bias in hidden:
        x = weight @ x + bias
        on.append(x > 0)
    return np.concatenate(on)


@mistake("activation_pattern", "the biases are missing: a neuron's value is weight @ x + bias")
def without_biases(hidden: Layers, x: Floats) -> Any:
    return activation_pattern([(weight, 0 * bias) for weight, bias in hidden], x)


@mistake("activation_pattern", "a value of exactly 0 counts as on; a neuron is on only where its value is above 0")
def zero_is_on(hidden: Layers, x: Floats) -> Any:
    on = []
    for weight, bias in hidden:
        value = weight @ x + bias
        on.append(value >= 0)
        x = np.maximum(value, 0)
    return np.concatenate(on)


@mistake("activation_pattern", "on and off are exchanged: True is for a neuron that is on")
def off_is_true(hidden: Layers, x: Floats) -> Any:
    return ~activation_pattern(hidden, x)


@mistake("activation_pattern", "later layers get 0 and 1, not numbers: what goes on is the value itself where it is on")
def passes_on_the_pattern(hidden: Layers, x: Floats) -> Any:
    on = []
    for weight, bias in hidden:
        x = (weight @ x + bias > 0).astype(float)
        on.append(x > 0)
    return np.concatenate(on)


@mistake("activation_pattern", "the last layer comes first; go from the input to the output")
def from_the_output(hidden: Layers, x: Floats) -> Any:
    found = activation_pattern(hidden, x)
    return np.concatenate(np.split(found, np.cumsum([len(bias) for _, bias in hidden]))[::-1])


@mistake("activation_pattern", "the negative values become positive; a ReLU sets them to 0")
def absolute_values(hidden: Layers, x: Floats) -> Any:
    on = []
    for weight, bias in hidden:
        value = weight @ x + bias
        on.append(value > 0)
        x = np.abs(value)
    return np.concatenate(on)


# most_pieces -------------------------------------------------------------------------------------------------


def _pieces(neurons: int, dimension: int, first: int = 0) -> int:
    return sum(math.comb(neurons, k) for k in range(first, dimension + 1))


pieces: Callable[[int, int], int]
for words, pieces in (
    ("that is the number of patterns of on and off; lines in a plane do not make all of them", lambda n, d: 2**n),
    ("it forgets the piece that is there before any cut", lambda n, d: _pieces(n, d, first=1)),
    (
        "in a plane two cuts make 4 pieces: the second adds one for each piece that it passes through",
        lambda n, d: n + 1,
    ),
    ("that is right for a plane only; use `dimension`", lambda n, d: _pieces(n, 2)),
    ("cuts cross earlier ones in other places, so pieces do not double with each", lambda n, d: 2 ** min(n, d)),
    ("it counts the crossings of d cuts alone; pieces that have no such corner count as well", math.comb),
    ("it goes one dimension too far: k runs from 0 to `dimension`", lambda n, d: _pieces(n, d + 1)),
    ("it stops one dimension too early: k runs from 0 to `dimension`, itself included", lambda n, d: _pieces(n, d - 1)),
    (
        "a new cut adds one piece more than it crosses earlier cuts: it is n - 1 crossings, not n",
        lambda n, d: _pieces(n + 1, d),
    ),
):
    mistake("most_pieces", words)(lambda neurons, dimension=2, pieces=pieces: pieces(neurons, dimension))


# split -------------------------------------------------------------------------------------------------------


def _cut(
    corners: Floats,
    values: Floats,
    share: Callable[[float, float], float] = lambda a, b: a / (a - b),
    owns_zero: tuple[bool, bool] = (True, True),
    gets_crossings: bool = True,
    crosses: Callable[[float, float], bool] = lambda a, b: a * b < 0,
    empty: tuple[bool, bool] = (True, True),
) -> tuple[Floats, Floats]:
    """The parts, made edge by edge: of which sign is a corner with value 0, and how far along an edge is the cut?"""
    parts: tuple[list[Floats], list[Floats]] = [], []
    for p, q, a, b in zip(corners, np.roll(corners, -1, 0), values, np.roll(values, -1), strict=True):
        for part, value, owns in zip(parts, (a, -a), owns_zero, strict=True):
            if value > 0 or (value == 0 and owns):
                part.append(p)
        if crosses(a, b) and gets_crossings:
            cut = p + share(a, b) * (q - p)
            parts[0].append(cut)
            parts[1].append(cut)
    positive, negative = (np.array(part).reshape(-1, 2) for part in parts)
    kept = (values > 0).any() or not empty[0], (values < 0).any() or not empty[1]
    return positive[: len(positive) * kept[0]], negative[: len(negative) * kept[1]]


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


changes: Any
for words, changes in (
    (
        "a corner with value 0 comes twice: where the value is 0 at a corner, no edge beside it is crossed",
        {"crosses": lambda a, b: a * b <= 0 and a != b},
    ),
    ("the change from a to b is a - b, not b - a: p + a / (a - b) (q - p)", {"share": lambda a, b: a / (b - a)}),
    ("the zero is a / (a - b) of the way to q: above the line stands a, not b", {"share": lambda a, b: b / (a - b)}),
    ("the zero is a / (a - b) of the way to q, not a / b of it", {"share": lambda a, b: abs(a / b)}),
    *(
        ("a part that is only a line or a point has no corners: return shape (0, 2) for it", {"empty": kept})
        for kept in ((False, False), (False, True), (True, False))
    ),
):
    mistake("split", words)(partial(_cut, **changes))


@mistake("split", "a part may have three corners and no area: where they lie on one line, or where all values are 0")
def counts_corners(corners: Floats, values: Floats) -> Any:
    return tuple(part if len(part) > 2 else part[:0] for part in _cut(corners, values, empty=(False, False)))


@mistake("split", "a neuron that is 0 everywhere is neither positive nor negative: both parts are np.zeros((0, 2))")
def measures_areas(corners: Floats, values: Floats) -> Any:
    parts = _cut(corners, values, empty=(False, False))
    return tuple(part if len(part) and polygon_area(part) > 1e-12 else part[:0] for part in parts)


@mistake("split", "the last edge is left out: it goes from the last corner back to the first")
def forgets_the_last_edge(corners: Floats, values: Floats) -> Any:
    def cuts_last(part: Floats) -> Floats:
        p, q, a, b = corners[-1], corners[0], values[-1], values[0]
        if a * b >= 0:
            return part
        cut = p + a / (a - b) * (q - p)
        return np.asarray(part[np.abs(part - cut).max(1) > 1e-12])

    return tuple(cuts_last(part) for part in split(corners, values))


@mistake("split", "the new corners come last; go round the polygon, so that each new corner comes where it lies")
def new_corners_last(corners: Floats, values: Floats) -> Any:
    parts = split(corners, values)
    old = [[p for p in part if (p == corners).all(1).any()] for part in parts]
    new = [[p for p in part if not (p == corners).all(1).any()] for part in _cut(corners, values)]
    return tuple(np.array(a + b).reshape(-1, 2) for a, b in zip(old, new, strict=True))


@mistake("split", "the crossings are missing in the negative part: they are new corners of both parts")
def crossings_of_the_positive_part_only(corners: Floats, values: Floats) -> Any:
    return split(corners, values)[0], corners[(values <= 0) & (values < 0).any()]


@mistake("split", "the crossings are missing in the positive part: they are new corners of both parts")
def crossings_of_the_negative_part_only(corners: Floats, values: Floats) -> Any:
    return corners[(values >= 0) & (values > 0).any()], split(corners, values)[1]


@mistake("split", "the first corner comes again at the end of a part; each corner comes once")
def closes_the_polygon(corners: Floats, values: Floats) -> Any:
    return tuple(np.concatenate([part, part[:1]]) for part in split(corners, values))


@mistake("split", "where the neuron has one sign only, the other part is the whole polygon; it is np.zeros((0, 2))")
def whole_where_there_is_none(corners: Floats, values: Floats) -> Any:
    return tuple(part if len(part) else corners for part in split(corners, values))


@mistake("split", "the whole polygon goes to one part; cut it where the neuron is zero")
def cuts_nothing(corners: Floats, values: Floats) -> Any:
    none = np.zeros((0, 2))
    return (corners, none) if values.mean() > 0 else (none, corners)


# local_formula -----------------------------------------------------------------------------------------------


def _local(
    layers: Layers,
    x: Floats,
    on: Callable[[Floats], NDArray[np.bool_]] = lambda value: value > 0,
    constants: Callable[[Floats, NDArray[np.bool_]], Floats] = lambda c, on: c * on,
    last: bool = False,
    biases: float = 1.0,
) -> Layer:
    slope, constant = np.eye(len(x)), np.zeros(len(x))
    for i, (weight, bias) in enumerate(layers):
        slope, constant = weight @ slope, weight @ constant + biases * bias
        if i < len(layers) - 1 or last:
            live = on(slope @ x + constant)
            slope, constant = slope * live[:, None], constants(constant, live)
    return slope, constant


for words, changes in (
    ("no neuron is ever off: set the rows of neurons whose value is negative to 0", {"on": lambda v: v < np.inf}),
    ("a neuron whose value is exactly 0 counts as off", {"on": lambda v: v >= 0}),
    ("the biases are missing", {"biases": 0.0}),
    ("it keeps the neurons that are off and drops those that are on", {"on": lambda v: v <= 0}),
    ("the constants of neurons that are off stay; a ReLU sets the whole value to 0", {"constants": lambda c, on: c}),
    ("the last layer has no ReLU; its negative numbers stay", {"last": True}),
):
    mistake("local_formula", words)(partial(_local, **changes))


@mistake("local_formula", "the bias is the output at x; it is what is left of it without weight @ x")
def output_as_bias(layers: Layers, x: Floats) -> Any:
    weight, bias = local_formula(layers, x)
    return weight, weight @ x + bias


@mistake("local_formula", "that is a constant, right at x alone; the weight says how the output changes beside x")
def constant_only(layers: Layers, x: Floats) -> Any:
    weight, bias = local_formula(layers, x)
    return np.zeros_like(weight), weight @ x + bias
