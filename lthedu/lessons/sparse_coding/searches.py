"""Patches for the searches of this lesson, in units of the noise: of one photograph to learn from, and of another."""

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count
from lthedu.base.streams import generator
from lthedu.coding import fista, lasso_loss, patches, with_noise
from lthedu.data.photographs import photograph
from lthedu.lessons.sparse_coding.arms import OVERCOMPLETE, SIZE
from lthedu.lessons.sparse_coding.experiment import LEARN, TEST, noisy_crop

SIGMA, PENALTY = 25.0, 1.5  # grey levels; units of sigma


@typed
def centred(picture: Tensor) -> Tensor:
    """The patches (n, 64) of a picture without their means, in units of the noise.

    >>> x = centred(torch.randn(20, 20) * 25)
    >>> tuple(x.shape), bool((x.mean(1).abs() < 1e-5).all())
    ((169, 64), True)
    """
    x = patches(picture, SIZE) / SIGMA
    return x - x.mean(1, keepdim=True)


@typed
def to_learn(seed: int) -> Tensor:
    """All patches of the flower's left half with noise drawn from the seed."""
    return centred(with_noise(photograph("flower")[:, :LEARN], SIGMA, generator(seed, "patches")))


@typed
def to_test(seed: int, every: Count = 20) -> Tensor:
    """Every twentieth patch of each of the six crops of the other photograph, with noise drawn from the seed."""
    return torch.cat([centred(noisy_crop("test", crop, seed)[0])[::every] for crop in TEST])


@typed
def above_lowest(code: Tensor, x: Tensor, lowest: float | None = None) -> float:
    """How far the mean loss of codes is above the lowest one, which 300 steps of FISTA find where it is not given.

    >>> x = to_test(0, every=400)
    >>> 0 <= above_lowest(fista(x, OVERCOMPLETE, PENALTY, 100), x) < 0.01
    True
    """
    if lowest is None:
        lowest = lowest_loss(x)
    return float(lasso_loss(code, x, OVERCOMPLETE, PENALTY).mean()) - lowest


@typed
def lowest_loss(x: Tensor) -> float:
    """The mean loss after 300 steps of FISTA, near enough to the lowest one there is."""
    return float(lasso_loss(fista(x, OVERCOMPLETE, PENALTY, 300), x, OVERCOMPLETE, PENALTY).mean())
