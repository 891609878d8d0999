"""Ways to compute one dense convolution with padding 1, of which the fastest is what skipping has to beat."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from lthedu.base.arguments import typed

Calls = list[Callable[[], Tensor]]


@typed
def own(x: Tensor, weight: Tensor) -> Calls:
    """torch's own convolution of x (images, channels, ...), in its two memory formats."""
    convolve: Any = {4: functional.conv2d, 5: functional.conv3d}[x.ndim]
    return [lambda x=x, w=w: convolve(x, w, padding=1) for x, w in _formats(x, weight)]  # type: ignore[misc]


@typed
def by_hand(x: Tensor, weight: Tensor) -> Calls:
    """torch's fast kernel, which is oneDNN's, in both formats; none where torch was built without it.

    torch's own convolution calls it as well, but not for one small volume, for which it takes a slower kernel.
    """
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return []
    kernel, ones = torch.ops.aten.mkldnn_convolution, [1] * (x.ndim - 2)  # padding, stride and dilation
    return [lambda x=x, w=w: kernel(x, w, None, ones, ones, ones, 1) for x, w in _formats(x, weight)]  # type: ignore[misc]


def _formats(x: Tensor, weight: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Both as they are, channel after channel, and with the channels last."""
    last: Any = {4: torch.channels_last, 5: torch.channels_last_3d}[x.ndim]
    return [(x, weight), (x.contiguous(memory_format=last), weight.contiguous(memory_format=last))]


@typed
def every(x: Tensor, weight: Tensor) -> Calls:
    """All ways that we know: torch's own, and for volumes its fast kernel called by hand."""
    return [*own(x, weight), *([] if x.ndim == 4 else by_hand(x, weight))]


@typed
def six_walls(x: Tensor, weight: Tensor) -> Callable[[], list[Tensor]]:
    """The convolution at the walls of a room (one volume, active at its faces alone): six of images, one for each wall.

    At a wall the kernel reads two layers, the wall and the one behind it. So these are the channels of an image, and
    each call gives six images (1, out, side, side), at the first and the last place of each axis.
    """
    walls = []
    for axis in (2, 3, 4):
        for at, kernel_at in ((0, 1), (x.shape[axis] - 2, 0)):
            pair = x.narrow(axis, at, 2), weight.narrow(axis, kernel_at, 2)
            walls.append(_formats(*(one.movedim(axis, 1).flatten(1, 2) for one in pair))[1])
    return lambda: [functional.conv2d(layers, kernel, padding=1) for layers, kernel in walls]
