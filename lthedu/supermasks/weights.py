"""Weights that will never be trained, and the scores that will: R networks at once, (R, ...) by name."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.streams import generator
from lthedu.networks import masks
from lthedu.networks.masks import Params

Draw = Callable[[Tensor, torch.Generator], Tensor]  # (one layer of one network, stream) -> its new values


@typed
def signed_constants(params: Params) -> Params:
    """Every weight becomes the standard deviation of its layer, with the sign it has; biases stay.

    Source: Zhou et al. (2019), arXiv:1905.01067.

    >>> signed_constants({"w": torch.tensor([[[3.0, -3.0, 1.0, -1.0]]])})["w"].sign()
    tensor([[[ 1., -1.,  1., -1.]]])
    """
    out = masks.clone(params)
    for name in masks.prunable(masks.unstack(params, 0)):
        p = params[name]
        spread = p.flatten(1).std(1, correction=0)
        out[name] = p.sign() * spread.view(-1, *[1] * (p.ndim - 1))
    return out


@typed
def kaiming_normal(params: Params, seeds: Sequence[int]) -> Params:
    """Fresh weights from N(0, 2 / fan-in), one stream for each seed, in the shapes of `params`; biases become zero.

    >>> kaiming_normal({"w": torch.zeros(2, 3, 4), "b": torch.ones(2, 3)}, seeds=[0, 1])["w"].shape
    torch.Size([2, 3, 4])
    """

    def normal(p: Tensor, rng: torch.Generator) -> Tensor:
        return torch.randn(p.shape, generator=rng) * math.sqrt(2 / _fan_in(p))

    zeros = {name: torch.zeros_like(p) for name, p in params.items()}
    return zeros | _drawn(params, seeds, "frozen weights", normal)


@typed
def initial_scores(params: Params, seeds: Sequence[int]) -> Params:
    """Scores to start edge-popup from: uniform within 1 / sqrt(fan-in) of zero, for weights alone, a stream a seed.

    >>> list(initial_scores({"w": torch.zeros(1, 3, 4), "b": torch.ones(1, 3)}, seeds=[0]))
    ['w']
    """

    def uniform(p: Tensor, rng: torch.Generator) -> Tensor:
        return (2 * torch.rand(p.shape, generator=rng) - 1) / math.sqrt(_fan_in(p))

    return _drawn(params, seeds, "scores", uniform)


def _fan_in(p: Tensor) -> int:
    return p[0].numel()


def _drawn(params: Params, seeds: Sequence[int], what: str, draw: Draw) -> Params:
    if len(seeds) != len(next(iter(params.values()))):
        raise ValueError(f"there are {len(seeds)} seeds for {len(next(iter(params.values())))} replicates")
    names = masks.prunable(masks.unstack(params, 0))
    streams = [generator(seed, what) for seed in seeds]
    return {
        n: torch.stack([draw(p, rng) for p, rng in zip(params[n].cpu(), streams, strict=True)]).to(params[n])
        for n in names
    }
