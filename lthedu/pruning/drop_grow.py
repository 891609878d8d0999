"""Drop and grow: masks that move while a network trains, with as many weights after as before, unless they are resized.

SET, RigL and sparse momentum are all of this form. What tells them apart is the score by which weights are grown, and
whether a layer grows what it dropped itself. Each is a few lines over `for now in training(...)`:

    if now.step % 100 == 0 and now.step < end:
        now.mask = swap_each(now.params, now.mask, scores, drop_fraction(now.step, end))

where the scores are `absolute(now.grads)` for RigL. What a new weight starts from is the training's business: zero, and
no memory in the optimizer.
"""

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count, Fraction, Whole
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.pruning.allocation import share_out
from lthedu.pruning.scores import Scores
from lthedu.pruning.selection import select

Swap = Callable[[Tensor, Tensor, Tensor, int], Tensor]  # (weights, mask, scores, count) -> the new mask


@typed
def drop_fraction(step: Whole, end: Count, first: Fraction = 0.3) -> float:
    """The share of a layer's weights that is exchanged at `step`: from `first` down to 0 at `end`, along a cosine.

    first / 2 * (1 + cos(pi * step / end)), as in RigL (Evci et al. 2020, arXiv:1911.11134, section 3), and 0 later.

    >>> [round(drop_fraction(step, 1000), 4) for step in (0, 500, 1000, 2000)]
    [0.3, 0.15, 0.0, 0.0]
    """
    return first / 2 * (1 + math.cos(math.pi * min(step / end, 1)))


@typed
def drop(weights: Tensor, mask: Tensor, count: Whole) -> Tensor:
    """The mask without the `count` smallest weights (by absolute value) among those that it keeps.

    Raises ValueError where it keeps fewer.

    >>> drop(torch.tensor([0.0, -3.0, 1.0, 2.0]), torch.tensor([False, True, True, True]), 1)
    tensor([False,  True, False,  True])
    """
    kept = _kept(mask, weights)
    if count > kept:
        raise ValueError(f"count is {count}; allowed: 0 to the {kept} weights that the mask keeps")
    return _largest(weights.abs(), kept - count, mask)


@typed
def grow(mask: Tensor, scores: Tensor, count: Whole) -> Tensor:
    """The mask with `count` more weights, those with the largest scores among the ones that it does not keep.

    Raises ValueError where too few are left, and for a score that is NaN.

    >>> grow(torch.tensor([True, False, False]), torch.tensor([9.0, 1.0, 2.0]), 1)
    tensor([ True, False,  True])
    """
    free = mask.numel() - _kept(mask, scores)
    if count > free:
        raise ValueError(f"count is {count}; allowed: 0 to the {free} weights that the mask does not keep")
    return mask | _largest(scores, count, ~mask)


@typed
def drop_and_grow(weights: Tensor, mask: Tensor, scores: Tensor, count: Whole) -> Tensor:
    """Exchange `count` weights: drop the smallest kept ones, then grow those with the largest scores.

    `weights`, `mask` (bool) and `scores` have one shape, and so has the new mask, which keeps equally many. A weight
    that was just dropped may be grown again, which leaves it as it is. (Evci et al. 2020, arXiv:1911.11134, algorithm
    1, and the code published with it.)

    >>> weights = torch.tensor([0.0, -3.0, 1.0, 2.0, 0.0])
    >>> mask = torch.tensor([False, True, True, True, False])
    >>> drop_and_grow(weights, mask, scores=torch.tensor([4.0, 9.0, 0.0, 9.0, 5.0]), count=1)
    tensor([False,  True, False,  True,  True])
    """
    return grow(drop(weights, mask, count), scores, count)


@typed
def resize(weights: Tensor, mask: Tensor, scores: Tensor, count: Whole, swapped: Whole = 0) -> Tensor:
    """The mask with `count` weights: the smallest kept ones go, then those with the largest scores come.

    If `swapped` is 0, a mask that becomes smaller only drops and one that becomes larger only grows. Else so many more
    are dropped, and as many more grown; with an unchanged count that is `drop_and_grow`. Raises ValueError for a count
    above the number of places, and for more swapped ones than are kept before and after.

    >>> weights, mask = torch.tensor([3.0, 1.0, 0.0, 0.0]), torch.tensor([True, True, False, False])
    >>> [resize(weights, mask, torch.tensor([0.0, 0.0, 1.0, 2.0]), n).int().tolist() for n in (1, 3)]
    [[1, 0, 0, 0], [1, 1, 0, 1]]
    """
    least = min(_kept(mask, weights), count)
    if count > mask.numel() or swapped > least:
        asked = f"count is {count} and swapped {swapped}"
        raise ValueError(f"{asked}; allowed: up to {mask.numel()}, and up to {least} that are kept before and after")
    left = drop(weights, mask, int(mask.sum()) - least + swapped)
    return grow(left, scores, count - least + swapped)


@typed
def swap_each(params: Params, mask: Mask, scores: Scores, fraction: Fraction, swap: Swap = drop_and_grow) -> Mask:
    """The next mask of R stacked networks: in each layer of each network `floor(fraction * kept)` are exchanged.

    `params`, `mask` and `scores`: name to (R, ...). No layer's count changes. Raises ValueError for a mask or scores
    that do not fit.

    >>> w, g = torch.tensor([[3.0, 1.0, 0.0], [1.0, 3.0, 0.0]]), torch.tensor([[0.0, 0.0, 1.0], [2.0, 0.0, 1.0]])
    >>> swap_each({"w": w}, {"w": w != 0}, {"w": g}, 0.5)["w"].tolist()
    [[True, False, True], [True, True, False]]
    """
    _check(params, mask, scores)
    found = {}
    for name, m in mask.items():
        layers = zip(params[name], m, scores[name], strict=True)
        found[name] = torch.stack([swap(w, k, s, int(fraction * int(k.sum()))) for w, k, s in layers])
    return found


@typed
def swap_across(params: Params, mask: Mask, momentum: Params, fraction: Fraction) -> Mask:
    """The next mask of R stacked networks by sparse momentum: what all layers drop is shared out anew among them.

    `params`, `mask` and `momentum` (a mean of past gradients, of pruned weights as well): name to (R, ...). Every layer
    drops as in `swap_each`. The total is shared out in proportion to the mean absolute momentum of the weights that a
    layer kept, and grown where the absolute momentum is largest (Dettmers and Zettlemoyer 2019, arXiv:1907.04840). Each
    network keeps its exact number of weights, which in the code published with the paper it does on average. Raises
    ValueError for a mask or momentum that does not fit.

    >>> mask = {"a": torch.tensor([[True, True, False, False]]), "b": torch.tensor([[True, False, False, False]])}
    >>> params = {name: m.float() for name, m in mask.items()}
    >>> momentum = {"a": torch.tensor([[1.0, 1.0, 0.0, 0.0]]), "b": torch.tensor([[3.0, 0.0, 2.0, 0.0]])}
    >>> [m.sum().item() for m in swap_across(params, mask, momentum, 0.5).values()]
    [1, 2]
    """
    _check(params, mask, momentum)
    found, size = [], absolute(momentum)
    for i in range(len(next(iter(mask.values())))):
        own, kept, grows = (masks.unstack(t, i) for t in (params, mask, size))
        found.append(_across(own, kept, grows, fraction))
    return masks.stack(found)


def _across(params: Params, mask: Mask, size: Scores, fraction: float) -> Mask:
    kept = {n: drop(params[n], m, int(fraction * int(m.sum()))) for n, m in mask.items()}
    dropped = sum(masks.counts(mask).values()) - sum(masks.counts(kept).values())
    wants = [float(size[n][m].mean()) if m.any() else 0.0 for n, m in mask.items()]
    room = [m.numel() - int(m.sum()) for m in kept.values()]
    if dropped > sum(r for w, r in zip(wants, room, strict=True) if w > 0):  # nothing moves where nothing is wanted
        return mask
    counts = share_out(dropped, wants, room)
    return {n: grow(m, size[n], count) for (n, m), count in zip(kept.items(), counts, strict=True)}


@typed
def absolute(tensors: Mapping[str, Tensor]) -> Scores:
    """The absolute values of what may be pruned, such as gradients: RigL's scores.

    >>> absolute({"w": torch.tensor([[-2.0, 1.0]]), "b": torch.tensor([3.0])})
    {'w': tensor([[2., 1.]]), 'b': tensor([3.])}
    """
    return {name: t.detach().abs() for name, t in tensors.items()}


def _check(params: Params, mask: Mask, scores: Scores) -> None:
    if not mask:
        raise ValueError("mask is {}; it must name a layer")
    masks.check_fits(mask, params)
    masks.check_fits(mask, scores)


def _kept(mask: Tensor, other: Tensor) -> int:
    if mask.dtype != torch.bool or mask.shape != other.shape:
        given = f"mask is {mask.dtype} of shape {tuple(mask.shape)}"
        raise ValueError(f"{given}; it must be torch.bool of shape {tuple(other.shape)}")
    return int(mask.sum())


def _largest(scores: Tensor, count: int, within: Tensor) -> Tensor:
    """The `count` largest scores among those within a mask."""
    of = int(within.sum())
    return select({"": scores}, count / of if of else 0.0, within={"": within})[""]
