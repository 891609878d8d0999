"""Scores of weights, one function a criterion: the larger, the longer the weight is kept."""

from collections.abc import Mapping

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.networks.masks import prunable

Scores = dict[str, Tensor]


@typed
def magnitude(params: Mapping[str, Tensor]) -> Scores:
    """Score of a weight: its absolute value (Han et al. 2015).

    >>> magnitude({"w": torch.tensor([[-2.0, 1.0]]), "b": torch.tensor([3.0])})
    {'w': tensor([[2., 1.]])}
    """
    return {name: params[name].detach().abs() for name in prunable(params)}


@typed
def random_scores(params: Mapping[str, Tensor], generator: torch.Generator) -> Scores:
    """Score of a weight: uniform noise, which no criterion should lose to.

    >>> random_scores({"w": torch.ones(1, 2)}, torch.Generator().manual_seed(0))["w"].shape
    torch.Size([1, 2])
    """
    return {
        name: torch.rand(params[name].shape, generator=generator).to(params[name].device) for name in prunable(params)
    }
