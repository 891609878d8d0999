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
    last: Any = {4: torch.channels_last, 5: torch.channels_last_3d}[x.ndim]
    ways = [(x, weight), (x.contiguous(memory_format=last), weight.contiguous(memory_format=last))]
    return [lambda x=x, w=w: convolve(x, w, padding=1) for x, w in ways]  # type: ignore[misc]


@typed
def every(x: Tensor, weight: Tensor) -> Calls:
    """All ways that we know: torch's own, and in three dimensions two that call torch's convolution of images."""
    return [*own(x, weight), *([] if x.ndim == 4 else [by_slices(x, weight), by_stacks(x, weight)])]


def by_slices(x: Tensor, weight: Tensor) -> Callable[[], Tensor]:
    """Each layer of the volume is an image: the sum of three convolutions, of it and of its two neighbours."""
    n, depth = len(x), x.shape[2]
    images = x.transpose(1, 2).flatten(0, 1).contiguous(memory_format=torch.channels_last)
    above, middle, below = (w.contiguous(memory_format=torch.channels_last) for w in weight.unbind(2))

    def call() -> Tensor:
        out, up, down = (_volume(_images(images, w), n, depth) for w in (middle, above, below))
        out[:, 1:] += up[:, :-1]
        out[:, :-1] += down[:, 1:]
        return out.transpose(1, 2)

    return call


def by_stacks(x: Tensor, weight: Tensor) -> Callable[[], Tensor]:
    """Each layer of the volume is an image with its two neighbours as further channels: one convolution of images."""
    n, depth = len(x), x.shape[2]
    padded = functional.pad(x, (0, 0, 0, 0, 1, 1))
    kernel = weight.transpose(1, 2).flatten(1, 2).contiguous(memory_format=torch.channels_last)

    def call() -> Tensor:
        stacks = torch.cat([padded[:, :, k : k + depth] for k in range(3)], 1).transpose(1, 2).flatten(0, 1)
        out = _images(stacks.contiguous(memory_format=torch.channels_last), kernel)
        return _volume(out, n, depth).transpose(1, 2)

    return call


def _images(x: Tensor, weight: Tensor) -> Tensor:
    return functional.conv2d(x, weight, padding=1)


def _volume(images: Tensor, n: int, depth: int) -> Tensor:
    return images.unflatten(0, (n, depth))  # type: ignore[no-untyped-call, no-any-return]
