"""The network to imitate, as what the proof is about: matrices with a ReLU between them, none with a large entry."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above
from lthedu.base.streams import numpy_generator
from lthedu.networks.reading import affine_layers
from lthedu.proof.scales import HELD, held

Floats = NDArray[np.float64]
Layer = Floats  # [W | b]: (outputs, inputs + 1), the last column holds the biases
Normalise = Callable[[Sequence[Layer], float], tuple[list[Layer], float]]


def layers_of(target: nn.Module, box: "Box | None" = None) -> list[Layer]:
    """The layers [W | b] of a network made of Linear and ReLU, in float64, also probed in the `box` of its inputs.

    Raises as `affine_layers`.

    >>> [layer.shape for layer in layers_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)))]
    [(3, 3), (1, 4)]
    """
    if not isinstance(target, nn.Module):
        raise ValueError(f"the target is a {type(target).__name__}; allowed: a torch module")
    found = affine_layers(target, "target", at=None if box is None else box.probes)
    return [np.concatenate([weight, bias[:, None]], axis=1) for weight, bias in found]


def forward(layers: Sequence[Layer], x: Floats) -> Floats:
    """What the layers compute, ReLU between them: (n, inputs) -> (n, outputs).

    >>> forward([np.array([[1.0, -0.5]]), np.array([[2.0, 0.25]])], np.array([[1.0], [0.0]])).ravel()
    array([1.25, 0.25])
    """
    for i, layer in enumerate(layers):
        x = (np.maximum(x, 0) if i else x) @ layer[:, :-1].T + layer[:, -1]
    return x


@typed
def normalise(
    layers: Sequence[Layer], largest: Annotated[float, Above(0, below=1e300)] = 0.25
) -> tuple[list[Layer], float]:
    """The same network with no weight or bias above `largest` in size, and the scale its output lost.

    `layers` are [W | b], (outputs, inputs + 1). A ReLU lets a positive factor through, so each layer may be divided by
    its own s = max(max |W|, max |b| / c) / largest, where c is the product of the earlier layers' s: W by s, and b by
    c s, since what it is added to has shrunk by all of them. The network's output is the new one's times the last c s,
    the scale. That is true of every `largest`; subset sums want 1/4, since the larger a weight, the likelier it is that
    too few of its numbers have its sign. Raises ValueError for `largest` not above 0, for no layer, one of another
    shape or with a number that is not finite, and, naming the layer, where s or c leaves float64.

    >>> (small,), scale = normalise([np.array([[3.0, -1.0, 0.5]])])
    >>> small, scale
    (array([[ 0.25      , -0.08333333,  0.04166667]]), 12.0)
    """
    scale, found = 1.0, []
    for i, layer in enumerate(_checked(layers), 1):
        with np.errstate(over="ignore", under="ignore"):
            size = float(max(np.abs(layer[:, :-1]).max(), np.abs(layer[:, -1]).max() / scale) / largest)
        if not layer.any():
            size = 1.0  # a layer of zeros stays one
        if not held(size, scale * size):
            top, which = np.abs(layer).max(), f"layer {i} of {len(layers)}"
            raise ValueError(
                f"the scale of {which} is {size:.3g} times {scale:.3g}, its largest number {top:.3g}; {HELD}"
            )
        found.append(np.concatenate([layer[:, :-1] / size, layer[:, -1:] / (scale * size)], axis=1))
        scale *= size
    return found, scale


@typed
def normalise_rows(
    layers: Sequence[Layer], largest: Annotated[float, Above(0, below=1e300)] = 0.25
) -> tuple[list[Layer], float]:
    """As `normalise`, with a factor for each neuron: the largest number of every hidden one is `largest` in size.

    A hidden neuron's weights and bias are divided by a factor of its own, and what the next layer weighs it with is
    multiplied by it; all outputs share the last one, the scale. A neuron that is 0 whatever comes in, because all its
    numbers are, is read with zeros. In deep networks with few neurons in a layer and biases of zero the errors grow
    less than with `normalise`, and so they do beside a few very large weights; elsewhere about as much. Raises as
    `normalise`.

    >>> (first, second), scale = normalise_rows([np.array([[4.0, 0.0], [1.0, 0.0]]), np.array([[1.0, 4.0, 0.0]])])
    >>> first.tolist(), second.tolist(), scale
    ([[0.25, 0.0], [0.25, 0.0]], [[0.25, 0.25, 0.0]], 64.0)
    """
    checked = _checked(layers)
    units, found, scale = np.ones(checked[0].shape[1] - 1), [], 1.0  # what a 1 of each input stands for
    for i, layer in enumerate(checked, 1):
        weight, bias = layer[:, :-1], layer[:, -1:]
        with np.errstate(over="ignore", under="ignore"):
            seen = np.concatenate([weight * units, bias], axis=1)
            sizes = np.abs(seen).max(1) / largest  # (outputs,)
        alive = (weight * np.sign(units) != 0).any(1) | (bias != 0)[:, 0]
        if i == len(checked):
            scale = float(sizes.max()) if alive.any() else 1.0
            sizes[:] = scale
        if not held(*sizes[alive]):
            ends = f"from {sizes[alive].min():.3g} to {sizes[alive].max():.3g}"
            raise ValueError(f"the scales of layer {i} of {len(layers)} reach {ends}; {HELD}")
        found.append(seen / np.where(alive, sizes, 1)[:, None])
        units = np.where(alive, sizes, 0)
    return found, scale


def _checked(layers: Sequence[Layer]) -> list[Layer]:
    if not len(layers):
        raise ValueError("there are 0 layers; allowed: one or more")
    found, inputs = [], 0
    for i, layer in enumerate(map(np.asarray, layers), 1):
        shape, real = layer.shape, layer.dtype.kind in "fiu"
        if not real or len(shape) != 2 or not shape[0] or shape[1] < 2 or (inputs and shape[1] != inputs + 1):
            inside = f"{inputs or 'inputs'} + 1"
            raise ValueError(f"layer {i} is {layer.dtype} of shape {shape}; allowed: numbers, (outputs, {inside})")
        found.append(layer.astype(np.float64))
        if not np.isfinite(found[-1]).all():
            raise ValueError(f"layer {i} of {len(layers)} has a number that is NaN or infinite; allowed: finite ones")
        inputs = shape[0]
    return found


@dataclass(frozen=True)
class Box:
    """The inputs for which two networks are compared: every entry from `low` to `high`.

    >>> Box(0, 1).signed, Box(-2, 1).corner(4)
    (False, 4.0)
    """

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        if not -np.inf < self.low < self.high < np.inf:
            raise ValueError(f"box is ({self.low}, {self.high}); allowed: two finite numbers, the lower one first")

    @property
    def signed(self) -> bool:
        """Whether an input may be negative: then the first layer needs a branch for each sign."""
        return self.low < 0

    def corner(self, inputs: int) -> float:
        """The length of the longest input."""
        return float(np.sqrt(inputs) * max(abs(self.low), abs(self.high)))

    def probes(self, inputs: int) -> Floats:
        """The centre and 15 corners, the lowest and the highest among them: (16, inputs).

        >>> Box(0, 1).probes(2)[:3]
        array([[0.5, 0.5],
               [0. , 0. ],
               [1. , 1. ]])
        """
        ends = numpy_generator("corners of a box").integers(0, 2, size=(16, inputs)).astype(float)
        ends[:3] = np.array([[0.5], [0.0], [1.0]])
        return self.low * (1 - ends) + self.high * ends

    def check(self, x: Any) -> None:
        """Raise ValueError for inputs that are outside; an end of the box rounded to float32 is still inside."""
        low, high = float(x.min()), float(x.max())
        ends = [float(np.float32(end)) for end in (self.low, self.high)]
        if not min(self.low, ends[0]) <= low <= high <= max(self.high, ends[1]):
            raise ValueError(f"the inputs reach from {low:g} to {high:g}; allowed: {self.low:g} to {self.high:g}")
