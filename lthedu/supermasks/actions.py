"""What becomes of kept weights (mask-1 actions) and of pruned ones (mask-0 actions), for one network.

All take initial weights by name and a mask, and draw from a generator that is passed in; layers without a mask, the
biases, come back as they were. Source: Zhou, Lan, Liu and Yosinski (2019), "Deconstructing lottery tickets",
arXiv:1905.01067.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params


@typed
def reinitialised(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    """Kept weights get values drawn, without replacement, from all initial values of their layer.

    `signed`: each keeps its own initial sign and takes the magnitude alone. Pruned weights are zero.

    >>> initial, mask = {"w": torch.tensor([[1.0, -2.0, 3.0]])}, {"w": torch.tensor([[True, True, False]])}
    >>> reinitialised(initial, mask, torch.Generator().manual_seed(0), signed=True)["w"].sign()
    tensor([[ 1., -1.,  0.]])
    """

    def draw(p: Tensor, m: Tensor) -> Tensor:
        return _permuted(p.flatten(), generator).view(p.shape)

    return _act(initial, mask, draw, signed)


@typed
def reshuffled(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    """Kept weights exchange their initial values among themselves, layer by layer.

    `signed`: each keeps its own initial sign and takes the magnitude alone. Pruned weights are zero.

    >>> initial, mask = {"w": torch.tensor([[1.0, 2.0, 9.0]])}, {"w": torch.tensor([[True, True, False]])}
    >>> sorted(reshuffled(initial, mask, torch.Generator().manual_seed(0))["w"][0].tolist())
    [0.0, 1.0, 2.0]
    """

    def draw(p: Tensor, m: Tensor) -> Tensor:
        return p.masked_scatter(m, _permuted(p[m], generator))

    return _act(initial, mask, draw, signed)


@typed
def constants(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = True) -> Params:
    """Kept weights all get the standard deviation of their layer's initial values, with a sign.

    `signed`: the sign is the weight's own initial one; otherwise signs are drawn, without replacement, from those of
    the layer. Pruned weights are zero.

    >>> initial, mask = {"w": torch.tensor([[1.0, -1.0, 1.0, -1.0]])}, {"w": torch.tensor([[True, True, False, False]])}
    >>> constants(initial, mask, torch.Generator())
    {'w': tensor([[ 1., -1.,  0.,  0.]])}
    """

    def draw(p: Tensor, m: Tensor) -> Tensor:
        signs = p.sign() if signed else _permuted(p.sign().flatten(), generator).view(p.shape)
        return signs * p.std(correction=0)

    return _act(initial, mask, draw, signed=False)


@typed
def frozen_at_init(initial: Params, mask: Mask) -> Params:
    """What pruned weights hold if they stay at their initial values; zero where the mask keeps. Masked layers alone.

    >>> frozen_at_init({"w": torch.tensor([5.0, -5.0])}, {"w": torch.tensor([True, False])})
    {'w': tensor([ 0., -5.])}
    """
    masks.check_fits(mask, initial)
    return {name: torch.where(m, 0.0, initial[name]) for name, m in mask.items()}


@typed
def zero_if_moved_to_zero(initial: Params, final: Params, mask: Mask) -> Params:
    """What pruned weights hold if those that moved toward zero become zero, and others keep their value.

    Toward zero: training made the magnitude smaller, |w_f| < |w_i|; the others keep their initial value. Zero where the
    mask keeps; masked layers alone.

    >>> initial, final = {"w": torch.tensor([2.0, 2.0, 2.0])}, {"w": torch.tensor([1.0, 1.0, -3.0])}
    >>> zero_if_moved_to_zero(initial, final, {"w": torch.tensor([True, False, False])})
    {'w': tensor([0., 0., 2.])}
    """
    masks.check_fits(mask, final)
    held = frozen_at_init(initial, mask)
    return {name: torch.where(final[name].abs() < initial[name].abs(), 0.0, p) for name, p in held.items()}


@typed
def zero_at_random(held: Params, mask: Mask, like: Params, generator: torch.Generator) -> Params:
    """The control of `zero_if_moved_to_zero`: as many pruned weights of each layer are set to zero as in `like`, drawn
    at random; the others keep what they `held`. Raises ValueError for a mask that does not fit both.

    >>> mask = {"w": torch.tensor([True, False, False])}
    >>> held, like = {"w": torch.tensor([0.0, 2.0, 3.0])}, {"w": torch.tensor([0.0, 0.0, 3.0])}
    >>> int((zero_at_random(held, mask, like, torch.Generator().manual_seed(0))["w"] != 0).sum())
    1
    """
    masks.check_fits(mask, held)
    masks.check_fits(mask, like)
    out = {}
    for name, m in mask.items():
        pruned = ~m
        stays = _permuted((like[name][pruned] != 0), generator)
        out[name] = torch.where(torch.zeros_like(m).masked_scatter(pruned, stays), held[name], 0.0)
    return out


def _act(initial: Params, mask: Mask, draw: Callable[[Tensor, Tensor], Tensor], signed: bool) -> Params:
    masks.check_fits(mask, initial)
    drawn = {name: draw(initial[name], m) for name, m in mask.items()}
    if signed:
        drawn = {name: initial[name].sign() * p.abs() for name, p in drawn.items()}
    return masks.apply(mask, initial | drawn)


def _permuted(values: Tensor, generator: torch.Generator) -> Tensor:
    return values[torch.randperm(len(values), generator=generator).to(values.device)]
