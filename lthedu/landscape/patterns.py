"""What a ReLU network is near one input: which neurons are on, and the linear formula that this makes of it."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count

Floats = NDArray[np.float64]
Layer = tuple[Floats, Floats]  # weight (out, in) and bias (out,)


@typed
def activation_pattern(hidden: Sequence[Layer], x: Floats) -> NDArray[np.bool_]:
    """Which hidden neurons are on at the input x: a bool for each, layer after layer, True for on.

    `hidden`: weight (out, in) and bias (out,) of every hidden layer, `x` one input (in,). A neuron is on where its
    value before the ReLU is above 0. Raises ValueError for shapes that do not fit.

    >>> first, second = (np.eye(2), np.zeros(2)), (np.array([[1.0, 1.0]]), np.array([-1.0]))
    >>> activation_pattern([first, second], np.array([2.0, -3.0])).tolist()
    [True, False, True]
    """
    on = []
    for weight, bias in hidden:
        _check_fits(weight, bias, x)
        value = weight @ x + bias
        on.append(value > 0)
        x = np.maximum(value, 0)
    return np.concatenate(on)


@typed
def local_formula(layers: Sequence[Layer], x: Floats) -> Layer:
    """The formula of the piece on which the input x lies: weight (outputs, in) and bias (outputs,).

    `layers`: weight and bias of every layer, the last of which has no ReLU. On the piece the network is
    weight @ x + bias, because there a ReLU either passes its number on or gives 0. A value of exactly 0 counts as off.
    Raises ValueError for shapes that do not fit.

    >>> layers = [(np.array([[1.0], [-1.0]]), np.array([0.0, 0.0])), (np.array([[3.0, 5.0]]), np.array([1.0]))]
    >>> weight, bias = local_formula(layers, np.array([2.0]))
    >>> weight.tolist(), bias.tolist()
    ([[3.0]], [1.0])
    """
    if x.ndim != 1:
        raise ValueError(f"x has shape {x.shape}; allowed: one input, (in,)")
    slope, constant = np.eye(len(x)), np.zeros(len(x))
    *hidden, last = layers
    for weight, bias in hidden:
        _check_fits(weight, bias, constant)
        slope, constant = weight @ slope, weight @ constant + bias
        on = slope @ x + constant > 0
        slope, constant = slope * on[:, None], constant * on
    _check_fits(*last, constant)
    return last[0] @ slope, last[0] @ constant + last[1]


def _check_fits(weight: Floats, bias: Floats, x: Floats) -> None:
    if x.ndim != 1 or weight.shape != (len(bias), len(x)):
        raise ValueError(f"a layer has weight {weight.shape} and bias {bias.shape}, and gets {x.shape}; they must fit")


@typed
def most_pieces(neurons: Count, dimension: Count = 2) -> int:
    """The most pieces that one layer of neurons makes of a line (dimension 1), a plane (2), and so on.

    A new cut adds as many pieces as the earlier ones make of the cut itself, which has one dimension less. So it is the
    sum of the binomial coefficients C(neurons, k) for k from 0 to `dimension`. Raises ValueError for numbers below 1.

    >>> most_pieces(3), most_pieces(3, 1)
    (7, 4)
    """
    return sum(math.comb(neurons, k) for k in range(dimension + 1))
