"""What float32 and float64 can hold of a network: what does not fit gets a name, not an infinity or a zero."""

from typing import Annotated, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from lthedu.base.ranges import Above, Range
from lthedu.networks.reading import missing

SMALLEST, LARGEST = (float(getattr(np.finfo(np.float64), name)) for name in ("smallest_normal", "max"))
HELD = f"allowed: {SMALLEST:.2g} to {LARGEST:.2g}, what float64 holds"
PROBED = 1e7  # the size of inputs with which a target is tried before it is read

# An error or a chance of one: below the magnitudes of float32, of which the source is made, it asks for nothing more
Small = Annotated[float, Above(0, below=1), Range(1e-38)]
Numbers = TypeVar("Numbers", NDArray[np.float64], Tensor)


def held(*values: float) -> bool:
    """Whether float64 holds all of these in full precision.

    >>> held(1e300), held(1e300 * 1e300), held(1e-300 * 1e-20)
    (True, False, False)
    """
    return all(SMALLEST <= value <= LARGEST for value in values)


def scaled(scale: float, outputs: Numbers) -> Numbers:
    """`scale` times the outputs (float64). Raises ValueError where the largest of them leaves float64.

    >>> scaled(1e300, np.array([2.0]))
    array([2.e+300])
    """
    largest = float(abs(outputs).max()) if len(outputs) else 0.0
    if largest and not held(scale * largest):
        raise ValueError(f"the logits are {scale:.3g} times outputs of up to {largest:.3g} in size; {HELD}")
    return scale * outputs


def check_scale(scale: float) -> None:
    """Raise ValueError for a scale that is no positive number that float64 holds."""
    if not held(scale):
        raise ValueError(f"scale is {scale}; {HELD}")


def check_box(low: float, high: float) -> None:
    """Raise ValueError for a box whose ends float32, in which inputs are given, does not hold or tell apart."""
    most = float(np.finfo(np.float32).max)
    if not (-most <= low and high <= most and np.float32(low) < np.float32(high)):
        raise ValueError(f"box is ({low}, {high}); allowed: two numbers that float32 holds and tells apart")


def check_reach(target: nn.Module) -> None:
    """Raise ValueError, naming the layer, for weights with which values may leave float64 before the output."""
    if missing(target):
        return
    reach = PROBED
    for name, layer in target.named_modules():
        if isinstance(layer, nn.Linear | nn.Conv2d) and layer.weight.numel() and layer.weight.isfinite().all():
            weight = layer.weight.detach().double().abs().flatten(1)
            bias = 0.0 if layer.bias is None else float(layer.bias.detach().double().abs().max())
            largest = max(float(weight.max()), bias)
            reach = float((weight * reach).sum(1).max()) + bias
            if not reach <= LARGEST:
                raise ValueError(
                    f"the largest number of layer {name or 'target'!r} is {largest:.3g}, with which values can exceed "
                    f"{LARGEST:.2g}; allowed: layers that float64 can compute with"
                )
