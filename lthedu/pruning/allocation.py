"""Where a network that is sparse from the start has its weights: an exact number shared out over layers, or pixels."""

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction as Exact

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Fraction, Whole
from lthedu.networks.masks import Mask, Params, check_fits, prunable


@typed
def share_out(total: Whole, wants: Sequence[float], room: Sequence[Whole]) -> list[int]:
    """Whole numbers that add up to `total`, in proportion to `wants`, none above its `room`.

    Where a share does not fit, its place is filled and the rest is shared out anew among the others. Fractions are
    rounded down, and what is left goes to the largest of them, one each; of equal ones the first comes first. So
    nothing is lost or added. Raises ValueError for a `wants` below 0, NaN or infinite, for more than the places that
    want something have room for, and for another number of places in `room` than in `wants`.

    >>> share_out(10, wants=[1, 1, 3], room=[9, 9, 9])
    [2, 2, 6]
    >>> share_out(10, wants=[1, 1, 3], room=[9, 9, 4])
    [3, 3, 4]
    """
    if len(wants) != len(room):
        raise ValueError(f"wants names {len(wants)} places and room {len(room)}; give both for each")
    if not all(0 <= w < math.inf for w in wants):
        raise ValueError(f"wants is {list(wants)}; allowed: numbers from 0 up, and finite")
    most = sum(r for w, r in zip(wants, room, strict=True) if w > 0)
    if total > most:
        raise ValueError(f"total is {total}; allowed: 0 to {most}, which the places that want something have room for")
    filled, left = {i for i, w in enumerate(wants) if w == 0}, total
    share, exact = [Exact(0)] * len(wants), [Exact(w) for w in wants]  # floats would round equal fractions apart
    while True:
        open_ = [i for i in range(len(wants)) if i not in filled]
        whole = sum(exact[i] for i in open_)
        for i in open_:
            share[i] = left * exact[i] / whole
        if not (full := [i for i in open_ if share[i] > room[i]]):
            break
        for i in full:
            share[i], left = Exact(room[i]), left - room[i]
        filled |= set(full)
    found = [math.floor(s) for s in share]
    by_rest = sorted(open_, key=lambda i: found[i] - share[i])  # largest fraction first
    for i in [i for i in by_rest if found[i] < room[i]][: total - sum(found)]:
        found[i] += 1
    return found


@typed
def er_densities(params: Mapping[str, Tensor], density: Fraction) -> dict[str, float]:
    """The density of each layer, so that small layers keep more: Erdős-Rényi, and for kernels its extension ERK.

    A layer's density is proportional to the sum of its dimensions divided by their product, so its *number* of weights
    to the sum of its dimensions; a layer that would need more than all its weights keeps all. Together they keep
    exactly `round(density * n)` of all n weights. (Mocanu et al. 2018; for kernels Evci et al. 2020, arXiv:1911.11134.)

    >>> from lthedu.networks.models import lenet_300_100
    >>> lenet = dict(lenet_300_100().named_parameters())
    >>> found = er_densities(lenet, 0.01)
    >>> [round(share * lenet[name].numel()) for name, share in found.items()]
    [1810, 668, 184]
    """
    names = prunable(params)
    sizes = [params[name].numel() for name in names]
    counts = share_out(round(density * sum(sizes)), [sum(params[name].shape) for name in names], sizes)
    return {name: count / n for name, count, n in zip(names, counts, sizes, strict=True)}


@typed
def mask_by_input(wants: Tensor, mask: Tensor, generator: torch.Generator) -> Tensor:
    """A random mask (out, in) with as many weights as `mask`, in which input i has weights in proportion to `wants[i]`.

    Which neurons an input reaches is random. With `wants` the numbers of weights that each input has in `mask` it is
    the control that keeps these numbers, and nothing else of it. Raises ValueError as `share_out`, and for `wants` of
    another length than a row of the mask.

    >>> three = torch.ones(2, 3, dtype=torch.bool)
    >>> three[0, 0] = three[1, 1] = three[0, 1] = False
    >>> mask_by_input(torch.tensor([0.0, 1.0, 2.0]), three, torch.Generator().manual_seed(0)).sum(0)
    tensor([0, 1, 2])
    """
    if mask.dtype != torch.bool or mask.ndim != 2 or wants.shape != mask.shape[1:]:
        shapes = f"wants has the shape {tuple(wants.shape)} and mask, {mask.dtype}, {tuple(mask.shape)}"
        raise ValueError(f"{shapes}; allowed: (in,) and, torch.bool, (out, in)")
    out, inputs = mask.shape
    counts = torch.tensor(share_out(int(mask.sum()), wants.double().tolist(), [out] * inputs))
    order = torch.rand(out, inputs, generator=generator).argsort(0).argsort(0)  # in each column, a random order
    return (order < counts).to(mask.device)


@typed
def sparse_start(params: Params, mask: Mask) -> Params:
    """Weights of an MLP drawn for its dense layers, resized for the inputs that each neuron has left, the others at 0.

    `params` and `mask` (name: (R, out, in)). Glorot's start gives a weight the variance 2 / (in + out). A neuron that
    keeps k inputs gets weights of the variance 2 / k (He et al. 2015, arXiv:1502.01852, with its own k, as in Evci et
    al. 2022, arXiv:2010.03533); without this the signal dies out from layer to layer. What has no mask is copied.
    Raises ValueError for a mask that does not fit.

    >>> start = {"w": torch.ones(1, 2, 6)}
    >>> keep = {"w": torch.tensor([[[True] * 4 + [False] * 2, [True] + [False] * 5]])}
    >>> sparse_start(start, keep)["w"][0]
    tensor([[1.4142, 1.4142, 1.4142, 1.4142, 0.0000, 0.0000],
            [2.8284, 0.0000, 0.0000, 0.0000, 0.0000, 0.0000]])
    """
    check_fits(mask, params)
    found = {}
    for name, p in params.items():
        if name in mask:
            inputs = mask[name].sum(-1, keepdim=True).clamp(min=1)  # (R, out, 1)
            p = torch.where(mask[name], p * (sum(p.shape[-2:]) / inputs).sqrt(), 0)
        found[name] = p.clone()
    return found
