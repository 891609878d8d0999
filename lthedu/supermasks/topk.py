"""The mask of each replicate's largest scores, exactly so many, fast enough to be taken anew at every step.

Sorting all scores at every step costs several times the step itself; only the k-th largest is needed. Where numba is
installed it is found on a CPU from two histograms, of the upper and the lower half of the scores' bits.
"""

import numpy as np
import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.compiled import AVAILABLE, compiled
from lthedu.base.ranges import Fraction

LARGE = 20_000  # scores a replicate from which on the histograms pay


@typed
def keep_top(scores: Tensor, density: Fraction, dtype: torch.dtype = torch.bool) -> Tensor:
    """The mask that keeps of each replicate's `scores` (R, ...) the largest, exactly `round(density * n)` of n.

    Of equal scores those that stand first are kept, so that the mask does not depend on the machine; it is what
    `lthedu.pruning.keep_largest` gives for each replicate alone. A number `dtype` gives 1 and 0, ready to multiply
    with. Raises ValueError for a density outside [0, 1].

    >>> keep_top(torch.tensor([[3.0, 1.0, 2.0, 2.0], [1.0, 2.0, 3.0, 4.0]]), 0.5)
    tensor([[ True, False,  True, False],
            [False, False,  True,  True]])
    """
    rows = scores.detach().reshape(len(scores), -1)
    n = rows.shape[1]
    k = round(density * n)
    if k in (0, n):
        return torch.full_like(scores, bool(k), dtype=dtype)
    if AVAILABLE and n >= LARGE and rows.device.type == "cpu" and rows.dtype == torch.float32:
        kept = torch.empty(rows.shape, dtype=dtype)
        for row, out in zip(rows.contiguous().numpy(), kept.numpy(), strict=True):
            _by_histogram(row.view(np.int32).reshape(out.shape), k, out)  # raises where it is not one int for each
        return kept.view(scores.shape)
    return _by_torch(rows, k).view(scores.shape).to(dtype)


@typed
def popup_mask(scores: Tensor, density: Fraction) -> Tensor:
    """The mask of the largest scores as numbers 0 and 1, through which gradients pass to the scores.

    `scores` of one layer, any shape; exactly `round(density * n)` are kept, of equal scores the first, row
    by row. Source: Ramanujan et al. (2020), arXiv:1911.13299. Raises ValueError for a density outside [0, 1].

    >>> scores = torch.tensor([0.3, -0.1, 0.2, 0.1], requires_grad=True)
    >>> mask = popup_mask(scores, 0.5)
    >>> (mask * torch.tensor([1.0, 2.0, 3.0, 4.0])).sum().backward()
    >>> mask.tolist(), scores.grad.tolist()
    ([1.0, 0.0, 1.0, 0.0], [1.0, 2.0, 3.0, 4.0])
    """
    mask = keep_top(scores[None], density, scores.dtype)[0]
    return mask + (scores - scores.detach())  # the bracket is exactly zero; mask + scores - scores would round


def _by_torch(rows: Tensor, k: int) -> Tensor:
    if rows.is_cuda:  # pragma: no cover (a GPU's, where torch.topk is faster)
        threshold = rows.topk(k, dim=1, sorted=False).values.amin(1, keepdim=True)
    else:
        threshold = rows.kthvalue(rows.shape[1] - k + 1, dim=1, keepdim=True).values  # the k-th largest
    kept = rows > threshold
    ties = rows == threshold
    left = k - kept.sum(1, keepdim=True)
    if rows.device.type == "cpu" and bool((ties.sum(1, keepdim=True) == left).all()):
        return kept.logical_or_(ties)
    return kept.logical_or_(ties & (ties.cumsum(1) <= left))  # no waiting for a number: a CUDA graph can hold it


@compiled
def _by_histogram(bits, k, kept):  # type: ignore[no-untyped-def]
    """Into `kept`: which `k` numbers are the largest of the float32 numbers whose bytes are the int32 `bits`."""
    n = len(bits)
    keys = np.empty(n, np.int32)  # ordered as the numbers are
    upper = np.zeros(1 << 16, np.int32)
    for i in range(n):
        b = bits[i]
        if b == -(1 << 31):  # -0 is 0
            b = np.int32(0)
        keys[i] = b ^ ((b >> 31) & 0x7FFFFFFF)
        upper[(keys[i] >> 16) + (1 << 15)] += 1
    left, high = k, (1 << 16) - 1
    while upper[high] < left:  # from the largest down, until the k-th falls into this bin
        left -= upper[high]
        high -= 1
    lower = np.zeros(1 << 16, np.int32)
    for i in range(n):
        if (keys[i] >> 16) + (1 << 15) == high:
            lower[keys[i] & 0xFFFF] += 1
    low = (1 << 16) - 1
    while lower[low] < left:
        left -= lower[low]
        low -= 1
    threshold = ((high - (1 << 15)) << 16) + low
    for i in range(n):
        kept[i] = keys[i] >= threshold
    too_many, i = lower[low] - left, n
    while too_many > 0:  # of equal scores the last ones go
        i -= 1
        if keys[i] == threshold:
            kept[i] = False
            too_many -= 1
