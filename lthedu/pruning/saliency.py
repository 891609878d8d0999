"""Scores of weights before any training: SNIP, GraSP and SynFlow."""

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count, Fraction, Positive
from lthedu.networks import masks
from lthedu.networks.masks import Mask
from lthedu.pruning.scores import Scores
from lthedu.pruning.selection import select_globally


@typed
def snip(network: nn.Module, x: Tensor, y: Tensor) -> Scores:
    """Score of a weight w: how strongly the loss feels a factor on it, |w dL/dw| (Lee, Ajanthan and Torr 2019).

    L is the mean cross-entropy at inputs x (n, ...) and labels y (n,). The original divides by the sum of all scores,
    which changes no order.

    >>> network = nn.Linear(1, 2, bias=False)
    >>> network.weight.data = torch.tensor([[2.0], [2.0]])
    >>> {name: s.tolist() for name, s in snip(network, torch.tensor([[1.0]]), torch.tensor([0])).items()}
    {'weight': [[1.0], [1.0]]}
    """
    names, weights = _weights(network)
    gradients = torch.autograd.grad(nn.functional.cross_entropy(network(x), y), weights)
    return {n: (w.detach() * g).abs() for n, w, g in zip(names, weights, gradients, strict=True)}


@typed
def grasp(network: nn.Module, x: Tensor, y: Tensor, temperature: Positive = 1.0) -> Scores:
    """Score of a weight w: w (H g), with gradient g and Hessian H of the loss.

    It is GraSP (Wang, Zhang and Grosse 2020). To first order, deleting w changes |g|^2 / 2 by -w (H g). So the weights
    that are kept are those without which the gradient would become shorter. H g is the derivative of |g|^2 / 2, and no
    Hessian is made. Logits are divided by `temperature`; the authors' code has 200.

    >>> network = nn.Linear(1, 2, bias=False)
    >>> network.weight.data = torch.tensor([[2.0], [2.0]])
    >>> {name: s.tolist() for name, s in grasp(network, torch.tensor([[1.0]]), torch.tensor([0])).items()}
    {'weight': [[-0.5], [0.5]]}
    """
    names, weights = _weights(network)
    loss = nn.functional.cross_entropy(network(x) / temperature, y)
    gradients: Sequence[Tensor] = torch.autograd.grad(loss, weights, create_graph=True)
    half = torch.stack([(g**2).sum() for g in gradients]).sum() / 2
    products = torch.autograd.grad(half, weights)
    return {n: w.detach() * p for n, w, p in zip(names, weights, products, strict=True)}


@typed
def synflow(network: nn.Module, inputs: Sequence[int]) -> Scores:
    """Score of a weight w: |w dR/dw|, where R sums what ones become in the network of absolute values (Tanaka 2020).

    `inputs` is the shape of one input. No data is needed. Without biases the scores of each layer have the same sum,
    R, so one pass starves large layers, whose single weights score little. The method prunes in rounds (`in_rounds`).
    Computed in float64, because the product of many layers leaves the range of float32.

    >>> network = nn.Linear(1, 2, bias=False)
    >>> network.weight.data = torch.tensor([[2.0], [-3.0]])
    >>> {name: s.tolist() for name, s in synflow(network, [1]).items()}
    {'weight': [[2.0], [3.0]]}
    """
    positive = copy.deepcopy(network).double().eval()
    for p in positive.parameters():
        p.data.abs_()
    names, weights = _weights(positive)
    total = positive(torch.ones(1, *inputs, dtype=torch.float64, device=weights[0].device)).sum()
    gradients = torch.autograd.grad(total, weights)
    return {n: (w.detach() * g).abs() for n, w, g in zip(names, weights, gradients, strict=True)}


@typed
def in_rounds(network: nn.Module, score: Callable[[nn.Module], Scores], density: Fraction, rounds: Count) -> Mask:
    """The mask of `density` after so many rounds of scoring what is left and keeping the best of all layers.

    After round r the density is density ** (r / rounds), as in SynFlow. `score(network)` gets the network with its
    pruned weights at zero; a pruned weight does not come back.

    >>> network = nn.Linear(2, 2, bias=False)
    >>> mask = in_rounds(network, lambda net: {"weight": net.weight.detach().abs()}, 0.25, 2)
    >>> int(mask["weight"].sum())
    1
    """
    pruned = copy.deepcopy(network)
    params = dict(pruned.named_parameters())
    mask = masks.full(params)
    for r in range(1, rounds + 1):
        scores = {n: torch.where(mask[n], s, -torch.inf) for n, s in score(pruned).items()}
        mask = select_globally(scores, density ** (r / rounds))
        for name, m in mask.items():
            params[name].data *= m
    return mask


def _weights(network: nn.Module) -> tuple[list[str], list[Tensor]]:
    params = dict(network.named_parameters())
    names = masks.prunable(params)
    return names, [params[name] for name in names]
