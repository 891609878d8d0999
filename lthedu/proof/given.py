"""What `construct` is given, held against what it can work with before anything is drawn."""

import itertools
from collections.abc import Sequence

import numpy as np
from torch import nn

from lthedu.networks.chain import Chain, fully_connected
from lthedu.networks.tracing import read_chain
from lthedu.proof.scales import check_box, check_reach, check_scale
from lthedu.proof.solvers import LARGEST, MOST_HASHED, Keep
from lthedu.proof.target import Box, Layer, Normalise, layers_of
from lthedu.proof.widths import Method


def read(target: nn.Module, box: Box, image: tuple[int, int, int] | None) -> tuple[Chain, list[Layer]]:
    """The target's steps and the layers [W | b] of its affine ones, probed in the box too.

    `image` is what it reads, (channels, height, width), or None for rows of numbers. Where its numbers are too large to
    be tried, the error says so.
    """
    try:
        if image is not None:
            chain, found = read_chain(target, image, "target", at=box.probes)
            return chain, [np.concatenate([w.reshape(len(w), -1), b[:, None]], axis=1) for w, b in found]
        check_rows(target)
        layers = layers_of(target, box)
    except ValueError:
        check_reach(target)
        raise
    return fully_connected([layers[0].shape[1] - 1, *map(len, layers)]), layers


def check_rows(target: nn.Module) -> None:
    """Raise ValueError, naming the layer, for a target that reads images, of which no size was given."""
    for name, layer in target.named_modules():
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d | nn.AdaptiveAvgPool2d):
            raise ValueError(
                f"layer {name or 'target'!r} is {type(layer).__name__}; allowed: Linear layers with a ReLU between "
                "each two; `construct` takes convolutions and pooling too, with image=(channels, height, width), the "
                "size of an input"
            )


def region(ends: tuple[float, float]) -> Box:
    """The box between two numbers. Raises ValueError for numbers that are none of float32, or none that it tells apart.

    >>> region((0, 1))
    Box(low=0.0, high=1.0)
    """
    try:
        low, high = map(float, ends)
    except OverflowError:
        raise ValueError("box has an end beyond all floats; allowed: two finite numbers, the lower one first") from None
    found = Box(low, high)
    check_box(low, high)
    return found


def normalised(
    normalise: Normalise, layers: list[Layer], largest: float, places: Sequence[int]
) -> tuple[list[Layer], float]:
    """What `normalise`, perhaps a reader's own, makes of the layers: as many, of the same shapes, and a scale.

    Of a convolution it is shown one number of each kernel, the largest in size, and the rest is scaled alike; `places`
    says how many numbers each layer's kernels have. Raises ValueError for anything else, for numbers that the solvers
    do not take, and for a scale that is no positive number that float64 holds.
    """
    seen = [layer if n == 1 else _peaks(layer, n) for layer, n in zip(layers, places, strict=True)]
    made = normalise(seen, largest)
    if not isinstance(made, tuple | list) or len(made) != 2:
        raise ValueError(f"normalise gave {type(made).__name__}; allowed: the layers, and the scale")
    found, scale = [np.asarray(layer, np.float64) for layer in made[0]], float(made[1])
    for i, (shape, wanted) in enumerate(itertools.zip_longest(map(np.shape, found), map(np.shape, seen)), 1):
        if shape != wanted:
            raise ValueError(f"normalise gave layer {i} the shape {shape}; allowed: {wanted}, that of the target's")
        size = float(np.abs(found[i - 1]).max())
        if not size <= LARGEST:
            raise ValueError(f"normalise gave layer {i} numbers up to {size:.3g} in size; allowed: up to {LARGEST:g}")
    check_scale(scale)
    every = zip(layers, seen, found, places, strict=True)
    return [small if n == 1 else _alike(layer, peaks, small, n) for layer, peaks, small, n in every], scale


def _peaks(layer: Layer, places: int) -> Layer:
    """The largest number of each kernel, and the biases: (outputs, channels + 1)."""
    kernels = layer[:, :-1].reshape(len(layer), -1, places)
    peaks = np.take_along_axis(kernels, np.abs(kernels).argmax(2)[..., None], 2)[..., 0]
    return np.concatenate([peaks, layer[:, -1:]], axis=1)


def _alike(layer: Layer, peaks: Layer, small: Layer, places: int) -> Layer:
    """The layer, each kernel and bias scaled as its peak was."""
    factor = np.divide(small, peaks, out=np.ones_like(peaks), where=peaks != 0)
    every: Layer = np.concatenate([np.repeat(factor[:, :-1], places, axis=1), factor[:, -1:]], axis=1)
    return layer * every


def check(method: Method, per_weight: float | None, seed: int, keep: Keep) -> None:
    """Raise ValueError for a width or a `keep` that the method cannot use, or a seed that names no source."""
    if keep == "fewest" and method not in ("free", "blocks"):
        raise ValueError(f"keep is 'fewest', but {method!r} tries no subsets; allowed with it: 'ladder'")
    most = {"free": MOST_HASHED, "blocks": 128}.get(method, 1 << 40)  # in a block half are dead
    if per_weight is not None and not (1 <= per_weight <= most and per_weight % 1 == 0):
        raise ValueError(f"per_weight is {per_weight}; allowed: whole numbers from 1 to {most} for {method!r}")
    if not 0 <= seed < 1 << 63:
        raise ValueError(f"seed is {seed}; allowed: 0 to 2^63 - 1")
