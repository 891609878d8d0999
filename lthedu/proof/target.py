"""The network to imitate, as what the proof is about: matrices with a ReLU between them, none with a large entry."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Positive
from lthedu.streams import numpy_generator

Floats = NDArray[np.float64]
Layer = Floats  # [W | b]: (outputs, inputs + 1), the last column holds the biases
Normalise = Callable[[Sequence[Layer], float], tuple[list[Layer], float]]
ALLOWED = "allowed: Linear layers with a ReLU between each two, and none after the last"


def layers_of(target: nn.Module) -> list[Layer]:
    """The layers [W | b] of a network made of Linear and ReLU, in float64; missing biases are zero.

    Raises ValueError, naming the layer, for any other layer, for a weight that is not finite, and for a network that
    does not compute Linear, ReLU, Linear, ..., Linear in the order in which it lists its layers.

    >>> [layer.shape for layer in layers_of(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)))]
    [(3, 3), (1, 4)]
    """
    if not isinstance(target, nn.Module):
        raise ValueError(f"the target is a {type(target).__name__}; allowed: a torch module")
    found: list[Layer] = []
    for name, module in target.named_modules():
        if isinstance(module, nn.Linear):
            weight = module.weight.detach().double().cpu().numpy()
            bias = np.zeros(len(weight)) if module.bias is None else module.bias.detach().double().cpu().numpy()
            layer = np.concatenate([weight, bias[:, None]], axis=1)
            if not weight.size:
                raise ValueError(
                    f"layer {name or 'target'!r} has {len(weight)} outputs and {layer.shape[1] - 1} inputs"
                )
            if not np.isfinite(layer).all():
                raise ValueError(f"layer {name or 'target'!r} has a weight or bias that is NaN or infinite")
            if found and layer.shape[1] - 1 != len(found[-1]):
                raise ValueError(f"layer {name!r} reads {layer.shape[1] - 1} numbers after one of {len(found[-1])}")
            found.append(layer)
        elif not isinstance(module, nn.ReLU) and not any(True for _ in module.children()):
            raise ValueError(f"layer {name or 'target'!r} is {type(module).__name__}; {ALLOWED}")
    if not found:
        raise ValueError(f"the target has no layer; {ALLOWED}")
    _check_computes(target, found)
    return found


def _check_computes(target: nn.Module, layers: Sequence[Layer]) -> None:
    """Raise ValueError unless the module's own forward is what its layers say."""
    # far out no bias hides a ReLU that is missing or one too many
    x = numpy_generator("probe of a target").normal(size=(3, 16, layers[0].shape[1] - 1))
    x *= np.array([1.0, 1e3, 1e6])[:, None, None]
    try:
        double = copy.deepcopy(target).double().cpu().eval()
    except (RuntimeError, TypeError) as error:  # weights computed from others: weight norm, torch's own pruning
        raise ValueError(f"{type(target).__name__} cannot be copied ({error}); {ALLOWED}") from error
    try:
        with torch.no_grad():
            got = double(torch.from_numpy(x.reshape(48, -1))).numpy()
    except Exception as error:
        raise ValueError(f"the target does not take rows of {x.shape[2]} numbers ({error}); {ALLOWED}") from error
    wanted = forward(layers, x)  # (3, 16, outputs)
    rounding = 1e-9 * np.abs(wanted).max((1, 2), keepdims=True)
    if got.shape != (48, wanted.shape[2]) or not (np.abs(got.reshape(wanted.shape) - wanted) <= rounding).all():
        raise ValueError(f"{type(target).__name__} does more, or less, than its Linear layers say; {ALLOWED}")


def forward(layers: Sequence[Layer], x: Floats) -> Floats:
    """What the layers compute, ReLU between them: (n, inputs) -> (n, outputs).

    >>> forward([np.array([[1.0, -0.5]]), np.array([[2.0, 0.25]])], np.array([[1.0], [0.0]])).ravel()
    array([1.25, 0.25])
    """
    for i, layer in enumerate(layers):
        x = (np.maximum(x, 0) if i else x) @ layer[:, :-1].T + layer[:, -1]
    return x


@typed
def normalise(layers: Sequence[Layer], largest: Positive = 0.25) -> tuple[list[Layer], float]:
    """The same network with no weight or bias above `largest` in size, and the scale its output lost.

    `layers` are [W | b], (outputs, inputs + 1). A ReLU lets a positive factor through, so each layer may be divided by
    its own s = max(max |W|, max |b| / c) / largest, where c is the product of the earlier layers' s: W by s, and b by
    c s, since what it is added to has shrunk by all of them. The network's output is the new one's times the last c s,
    the scale. Raises ValueError for `largest` not above 0, no layer, and a number that is not finite.

    >>> (small,), scale = normalise([np.array([[3.0, -1.0, 0.5]])])
    >>> small, scale
    (array([[ 0.25      , -0.08333333,  0.04166667]]), 12.0)
    """
    if not len(layers) or not all(np.isfinite(layer).all() for layer in layers):
        raise ValueError(f"there are {len(layers)} layers; there must be one or more, of finite numbers")
    scale, found = 1.0, []
    for layer in layers:
        size = max(np.abs(layer[:, :-1]).max(), np.abs(layer[:, -1]).max() / scale) / largest
        size = float(size) or 1.0  # a layer of zeros stays one
        found.append(np.concatenate([layer[:, :-1] / size, layer[:, -1:] / (scale * size)], axis=1))
        scale *= size
    return found, scale


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

    def check(self, x: Any) -> None:
        """Raise ValueError for inputs that are outside; an end of the box rounded to float32 is still inside."""
        low, high = float(x.min()), float(x.max())
        ends = [float(np.float32(end)) for end in (self.low, self.high)]
        if not min(self.low, ends[0]) <= low <= high <= max(self.high, ends[1]):
            raise ValueError(f"the inputs reach from {low:g} to {high:g}; allowed: {self.low:g} to {self.high:g}")
