"""The mask of each replicate's largest scores, exactly so many, fast enough to be taken anew at every step.

Sorting all scores at every step costs several times the step itself; only the k-th largest is needed. Where numba is
installed, one pass on a CPU keeps the scores above two bounds around it, drops those below, and puts aside the few
between, which are then looked at. The k-th largest is near where it was a step before: so the bounds are remembered.
"""

import numpy as np
import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.compiled import AVAILABLE, compiled
from lthedu.base.ranges import Fraction

LARGE = 1000  # scores a replicate from which on the compiled loops pay
ANYWHERE = (1, 0)  # bounds of which nothing is known
LEAST, MOST = -(1 << 31), (1 << 31) - 1  # of int32


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
    if _has_loops(rows):
        return _by_bounds(torch.ones_like(rows), rows, k, []).view(scores.shape).to(dtype)
    return _by_torch(rows, k).view(scores.shape).to(dtype)


@typed
def apply_top(weights: Tensor, scores: Tensor, density: Fraction, near: list[tuple[int, int]] | None = None) -> Tensor:
    """Each replicate's `weights` (R, ...) where `keep_top` keeps its `scores` (R, ...), and zero elsewhere.

    `near`, a list that is empty at first, remembers from call to call where to look; what comes out does not depend on
    it. Raises ValueError for a density outside [0, 1].

    >>> apply_top(torch.tensor([[5.0, 6.0, 7.0]]), torch.tensor([[0.1, -0.2, 0.3]]), 2 / 3)
    tensor([[5., 0., 7.]])
    """
    rows = scores.detach().reshape(len(scores), -1)
    k = round(density * rows.shape[1])
    alike = (weights.shape, weights.dtype, weights.device) == (scores.shape, scores.dtype, scores.device)
    if alike and not weights.requires_grad and _has_loops(rows) and 0 < k < rows.shape[1]:
        near = [] if near is None else near
        return _by_bounds(weights.reshape(rows.shape), rows, k, near).view(scores.shape)
    return weights * keep_top(scores, density, weights.dtype)


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


def _has_loops(rows: Tensor) -> bool:
    """Whether compiled loops take these scores (R, n), and pay."""
    return AVAILABLE and rows.shape[1] >= LARGE and rows.device.type == "cpu" and rows.dtype == torch.float32


def _by_bounds(values: Tensor, rows: Tensor, k: int, near: list[tuple[int, int]]) -> Tensor:
    """`values` (R, n) where the `k` largest of each row of `rows` (R, n) stand, and zero elsewhere."""
    out = rows.new_empty(rows.shape)
    bits = rows.contiguous().numpy().view(np.int32).reshape(rows.shape)  # raises where it is not one int for each
    found = list(near) if len(near) == len(rows) else [ANYWHERE] * len(rows)
    for r, (b, v, o) in enumerate(zip(bits, values.contiguous().numpy(), out.numpy(), strict=True)):
        found[r] = _apply_top(b, k, v, o, *found[r])
    near[:] = found
    return out


@compiled
def _apply_top(bits, k, values, out, low, high):  # type: ignore[no-untyped-def]
    """Into `out`: the float32 `values` where the `k` largest of the float32 numbers stand whose bytes are `bits`.

    The k-th largest is looked for between the keys `low` and `high` first; what is returned are those for a next time.
    """
    margin = len(bits) // 200  # on either side of it: most steps move it less, and a hundredth is soon looked at
    if low > high:
        low, high = _bounds(bits, k, margin)
    above, unsure = _between(bits, low, high, values, out)
    if not above < k <= above + len(unsure):  # it is elsewhere now
        low, high = _bounds(bits, k, margin)
        above, unsure = _between(bits, low, high, values, out)
    keys = np.empty(len(unsure), np.int32)
    for j in range(len(unsure)):
        keys[j] = _key(bits[unsure[j]])
    threshold, left = _kth(keys, k - above)
    for j in range(len(unsure)):
        tie = keys[j] == threshold and left > 0
        left -= tie  # of equal scores the first ones stay
        if keys[j] > threshold or tie:
            out[unsure[j]] = values[unsure[j]]
    few = keys[:: len(keys) // 512 + 1].copy()  # enough to say where a margin ends
    place, margin = (k - above) * len(few) // len(keys), margin * len(few) // len(keys)
    if place > margin:
        high = _kth(few, place - margin)[0]
    if place + margin < len(few):
        low = _kth(few, place + margin)[0]
    return low, high


@compiled
def _bounds(bits, k, margin):  # type: ignore[no-untyped-def]
    """Two keys between which the `k`-th largest lies, and those up to `margin` places before and behind it.

    For that, the numbers are counted by the first 12 bits of their keys.
    """
    count = np.zeros(1 << 12, np.int32)
    for b in bits:
        count[(_key(b) >> 20) + (1 << 11)] += 1
    first, seen = (1 << 12) - 1, count[-1]
    while seen < k - margin:
        first -= 1
        seen += count[first]
    last = first
    while seen < min(k + margin, len(bits)):
        last -= 1
        seen += count[last]
    return (last - (1 << 11)) << 20, ((first + 1 - (1 << 11)) << 20) - 1


@compiled
def _between(bits, low, high, values, out):  # type: ignore[no-untyped-def]
    """How many keys are above `high`, whose `values` come into `out`, and where those from `low` to `high` stand."""
    low, high = np.int32(low), np.int32(high)  # as wide as the keys, so that both fill vectors
    n, above, count, zero = len(bits), np.int32(0), np.uint64(0), np.float32(0)
    inside, places = np.empty(n, np.uint8), np.empty(n, np.int32)
    for i in range(n):
        key, value = _key(bits[i]), values[i]
        out[i] = value if key > high else zero
        inside[i] = (key >= low) & (key <= high)
        above = np.int32(above + (key > high))
    eights = inside[: n & ~7].view(np.uint64)
    for e in range(len(eights)):
        if eights[e]:  # which few are
            for i in range(8):
                places[count] = 8 * e + i  # overwritten by the next one unless it is inside
                count += inside[8 * e + i]
    for i in range(n & ~7, n):
        places[count] = i
        count += inside[i]
    return above, places[:count]


@compiled
def _kth(keys, k):  # type: ignore[no-untyped-def]
    """The `k`-th largest of `keys`, and how many equal to it are among the `k` largest: digit by digit."""
    count, found = np.empty(1 << 11, np.int32), 0
    for shift in (22, 11, 0):
        count[:] = 0
        for key in keys:
            positive = key + (1 << 31)
            if positive >> (shift + 11) == found:
                count[(positive >> shift) & 0x7FF] += 1
        digit = 0x7FF
        while count[digit] < k:
            k -= count[digit]
            digit -= 1
        found = (found << 11) + digit
    return np.int32(found - (1 << 31)), k


@compiled
def _key(b):  # type: ignore[no-untyped-def]
    """An int32 that is ordered as the float32 numbers are whose bytes are `b`; -0 is 0."""
    return np.int32(0) if b == LEAST else np.int32(b ^ ((b >> 31) & MOST))
