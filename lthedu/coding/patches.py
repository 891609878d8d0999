"""Patches: a picture cut into small overlapping squares, put together again, and the atoms they are made of."""

import math
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count, Positive, Range

PEAK = 255.0  # the largest grey level


@typed
def patches(image: Tensor, size: Count = 8) -> Tensor:
    """All overlapping squares of `size` x `size` pixels of the image (h, w), row by row: (n, size * size).

    n is (h - size + 1) * (w - size + 1). Raises ValueError for an image that is not (h, w) or smaller than a patch.

    >>> patches(torch.arange(6.0).view(2, 3), 2).tolist()
    [[0.0, 1.0, 3.0, 4.0], [1.0, 2.0, 4.0, 5.0]]
    """
    if image.ndim != 2 or min(image.shape) < size:
        raise ValueError(
            f"image has shape {tuple(image.shape)}; allowed: (h, w), both {size} (the patch's size) or more"
        )
    return functional.unfold(image[None, None], size)[0].T  # (n, size * size)


@typed
def averaged(patches: Tensor, shape: tuple[Count, Count], weights: Tensor | None = None) -> Tensor:
    """The image (h, w) of this `shape` in which every pixel is the mean of what all patches say of it.

    `patches` (n, size * size) are in the order in which `patches` gives them. With `weights` (size * size,) the mean is
    weighted by a pixel's place in its patch. Raises ValueError for patches that do not fit the shape.

    >>> averaged(torch.tensor([[0.0, 1.0], [3.0, 2.0]]).repeat(1, 2), (2, 3)).tolist()
    [[0.0, 2.0, 2.0], [0.0, 2.0, 2.0]]
    """
    size = math.isqrt(patches.shape[-1])
    fits = [side - size + 1 for side in shape]
    if patches.ndim != 2 or size**2 != patches.shape[1] or len(patches) != math.prod(fits) or min(fits) < 1:
        raise ValueError(
            f"patches has shape {tuple(patches.shape)}; allowed: all (n, size * size) patches of an image of {shape}"
        )
    by_place = patches.new_ones(size * size) if weights is None else weights
    sums = functional.fold((patches * by_place).T[None], shape, size)
    counts = functional.fold(by_place[:, None].expand(-1, len(patches))[None], shape, size)
    return (sums / counts)[0, 0]


@typed
def psnr(found: Tensor, clean: Tensor, *, clip: bool = False) -> float:
    """The peak signal-to-noise ratio in dB, 10 log10(255^2 / mean squared error): the higher, the closer.

    With `clip`, `found` is first held to the grey levels that there are, 0 to 255. The two are equal up to clipping:
    a clipped picture is never farther off. Raises ValueError for two shapes.

    >>> psnr(torch.full((2, 2), 25.5), torch.zeros(2, 2))
    20.0
    """
    if found.shape != clean.shape:
        raise ValueError(f"found has shape {tuple(found.shape)} and clean {tuple(clean.shape)}; they must be equal")
    held = found.clamp(0, PEAK) if clip else found
    error = float(((held - clean).double() ** 2).mean())
    return math.inf if error == 0 else 10 * math.log10(PEAK**2 / error)


@typed
def with_noise(image: Tensor, sigma: Positive, rng: torch.Generator) -> Tensor:
    """The image with Gaussian noise of deviation `sigma` at every pixel, not clipped.

    >>> from lthedu.base.streams import generator
    >>> round(float(with_noise(torch.zeros(100, 100), 25.0, generator(0)).std()))
    25
    """
    return image + sigma * torch.randn(image.shape, generator=rng)


@typed
def dct_atoms(size: Annotated[int, Range(2)] = 8, waves: Count = 8) -> Tensor:
    """Atoms (waves^2, size^2) of length 1: products of `waves` cosines down and across, the first is constant.

    With `waves` equal to `size` they are the orthonormal discrete cosine transform (DCT-II); with more they are an
    overcomplete dictionary, in which all but the first still have mean 0. Raises ValueError for fewer waves than size.

    >>> atoms = dct_atoms(8, 8)
    >>> bool(torch.allclose(atoms @ atoms.T, torch.eye(64), atol=1e-6))
    True
    """
    if waves < size:
        raise ValueError(f"waves is {waves}; allowed: {size} (the patch's size) or more")
    place, wave = torch.arange(size, dtype=torch.float64) + 0.5, torch.arange(waves, dtype=torch.float64)
    cosines = torch.cos(math.pi * wave[:, None] * place / waves)  # (waves, size)
    cosines[1:] -= cosines[1:].mean(1, keepdim=True)
    cosines /= cosines.norm(dim=1, keepdim=True)
    return torch.kron(cosines, cosines).float()
