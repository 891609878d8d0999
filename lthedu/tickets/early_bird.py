"""Early-bird tickets: stop the dense training as soon as the mask of neurons or channels has settled.

Source: You et al. (2020), "Drawing early-bird tickets", arXiv:1909.11957. They score a channel by the scale of its
batch normalisation; networks without one are scored here by the norm of what a neuron or channel reads.
"""

import itertools
from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Fraction, Range
from lthedu.networks.masks import Mask, Params, prunable
from lthedu.pruning import Scope, keep_largest
from lthedu.tickets.distances import hamming


def neuron_scores(params: Params) -> dict[str, Tensor]:
    """Score of each hidden neuron or channel: the Euclidean norm of its incoming weights, by layer.

    `params`: of one network; the last layer's units are its classes, which are no hidden ones.

    >>> neuron_scores({"a": torch.tensor([[3.0, 4.0], [0.0, 1.0]]), "b": torch.ones(1, 2)})
    {'a': tensor([5., 1.])}
    """
    return {name: params[name].detach().flatten(1).norm(dim=1) for name in prunable(params)[:-1]}


@typed
def neuron_mask(params: Params, density: float, scope: Scope = "global") -> dict[str, Tensor]:
    """The mask of the hidden neurons with the largest scores: exactly round(density * n) of n.

    With the scope "global" all layers compete, as in the paper, and a layer's scores are divided by their mean, so that
    wide fan-ins do not win by their size. At low densities that can empty a layer. With "layer" each layer keeps its
    own share. Raises ValueError for a density outside [0, 1].

    >>> neuron_mask({"a": torch.tensor([[3.0, 4.0], [0.0, 1.0]]), "b": torch.ones(1, 2)}, 0.5)
    {'a': tensor([ True, False])}
    """
    if scope == "layer":
        return {name: keep_largest(s, density) for name, s in neuron_scores(params).items()}
    scores = {name: s / s.mean().clamp_min(1e-12) for name, s in neuron_scores(params).items()}
    kept = keep_largest(torch.cat(list(scores.values())), density)
    return dict(zip(scores, torch.split(kept, [len(s) for s in scores.values()]), strict=True))


@typed
def weight_mask(neurons: dict[str, Tensor], params: Params) -> Mask:
    """The weights of an MLP that are left without the pruned neurons: neither what they read nor what reads them.

    `neurons`: from `neuron_mask`, for the layers of `params` in order, all but the last. Biases of pruned neurons no
    longer reach anything.

    >>> params = {"a": torch.ones(2, 2), "b": torch.ones(1, 2)}
    >>> weight_mask({"a": torch.tensor([True, False])}, params)
    {'a': tensor([[ True,  True],
            [False, False]]), 'b': tensor([[ True, False]])}
    """
    names = prunable(params)
    mask = {name: torch.ones_like(params[name], dtype=torch.bool) for name in names}
    for name, after in itertools.pairwise(names):
        mask[name] &= neurons[name][:, None]
        mask[after] &= neurons[name][None]
    return mask


@typed
def early_bird(masks: Sequence[Tensor], threshold: Fraction = 0.1, window: Annotated[int, Range(2)] = 5) -> int | None:
    """The first mask within `threshold` of each of the `window` - 1 masks before it; None if there is none.

    `masks`: bool tensors of one shape, of any number of dimensions, in the order of training. Distance is the share of
    places that differ, at most `threshold`. The answer is the mask's position (from 0); `window` is 2 or more.

    Raises ValueError for a window below 2 and a threshold outside [0, 1]. Source: You et al. (2020), section 3.

    >>> a, b = torch.tensor([True, True, False, False]), torch.tensor([True, False, True, False])
    >>> early_bird([a, b, b, b], threshold=0.1, window=3)
    3
    """
    for newest in range(window - 1, len(masks)):
        before = masks[newest - window + 1 : newest]
        if all(hamming(masks[newest], m) <= threshold for m in before):
            return newest
    return None
