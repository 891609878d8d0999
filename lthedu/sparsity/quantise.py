"""Weights in few bits: evenly spaced levels with a scale for each row, and a codebook of shared values."""

from typing import Annotated

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, Count, Range

Bits = Annotated[int, Range(1, 8)]
CLIPS = torch.linspace(0.3, 1, 15)  # of a row's largest weight, where the outermost level may stand


@typed
def to_levels(weights: Tensor, bits: Bits) -> tuple[Tensor, Tensor]:
    """Whole numbers, and the scale of each row: weights are about codes * scale.

    Codes (..., out, in) are int8, scales (..., out, 1). The largest weight of a row gets the outermost level,
    2 ** (bits - 1) - 1, so that 0 stays 0. With 1 bit there is no 0: codes are -1 and 1, and the scale is the mean of
    the sizes.

    >>> codes, scale = to_levels(torch.tensor([[0.45, -1.4, 0.0, 0.81]]), 4)
    >>> codes, scale
    (tensor([[ 2, -7,  0,  4]], dtype=torch.int8), tensor([[0.2000]]))
    """
    return at_scale(weights, row_scale(weights, bits), bits)


@typed
def row_scale(weights: Tensor, bits: Bits, clip: Annotated[float, Above(0, high=1)] = 1.0) -> Tensor:
    """The scale of each row (..., out, 1), with the outermost level at `clip` times its largest weight.

    Raises ValueError for weights that are no rows of finite numbers.

    >>> row_scale(torch.tensor([[3.0, -7.0]]), 4)
    tensor([[1.]])
    """
    if not weights.ndim or not weights.shape[-1] or not bool(weights.isfinite().all()):
        raise ValueError(f"weights have shape {tuple(weights.shape)}; allowed: rows of one finite number or more")
    size = weights.detach().abs()
    mean, largest = size.mean(-1, keepdim=True), size.amax(-1, keepdim=True)
    return mean if bits == 1 else largest * (clip / (2 ** (bits - 1) - 1))


@typed
def best_scale(weights: Tensor, bits: Bits) -> Tensor:
    """Of fifteen scales that clip a row's largest weights, from not at all to a third, that of the least squared error.

    >>> row = torch.tensor([[0.1, -0.1, 0.1, -0.1, 0.1, -0.1, 0.3]])
    >>> bool(best_scale(row, 2) < row_scale(row, 2))
    True
    """
    scales = torch.stack([row_scale(weights, bits, min(float(clip), 1.0)) for clip in CLIPS])  # (clips, ..., out, 1)
    wrong = [((weights - of_levels(*at_scale(weights, scale, bits))) ** 2).sum(-1, keepdim=True) for scale in scales]
    return scales.gather(0, torch.stack(wrong).argmin(0, keepdim=True))[0]


@typed
def at_scale(weights: Tensor, scale: Tensor, bits: Bits) -> tuple[Tensor, Tensor]:
    """The nearest codes at a given scale, and that scale; where the scale is 0, so are the codes (or 1, with 1 bit).

    Raises ValueError for a scale that is not one number a row.

    >>> at_scale(torch.tensor([[0.9, -3.0]]), torch.tensor([[1.0]]), 2)[0]
    tensor([[ 1, -1]], dtype=torch.int8)
    """
    if scale.shape != (*weights.shape[:-1], 1):
        raise ValueError(f"scale has shape {tuple(scale.shape)}; allowed: {(*weights.shape[:-1], 1)}, one for each row")
    if bits == 1:
        return torch.where(weights < 0, -1, 1).to(torch.int8), scale
    top = 2 ** (bits - 1) - 1
    steps = weights / torch.where(scale > 0, scale, torch.ones_like(scale))
    return steps.round().clamp(-top, top).to(torch.int8), scale


@typed
def of_levels(codes: Tensor, scale: Tensor) -> Tensor:
    """The weights that codes and scales stand for.

    >>> of_levels(torch.tensor([[2, -7]], dtype=torch.int8), torch.tensor([[0.5]]))
    tensor([[ 1.0000, -3.5000]])
    """
    return codes * scale


@typed
def codebook(values: Tensor, size: Count, rounds: Count = 25) -> tuple[Tensor, Tensor]:
    """`size` shared values (size,), and for each of `values` (n,) the number of the nearest, by k-means.

    Centres begin evenly between the smallest and the largest value, as in Han et al. (2016), arXiv:1510.00149, and one
    that nothing is nearest to stays. Raises ValueError where there are fewer values than centres, and for NaN.

    >>> centres, index = codebook(torch.tensor([1.0, 5.0, 1.2, 5.4]), 2)
    >>> centres, index
    (tensor([1.1000, 5.2000]), tensor([0, 1, 0, 1]))
    """
    if values.ndim != 1 or len(values) < size or not bool(values.isfinite().all()):
        raise ValueError(f"values have shape {tuple(values.shape)}; allowed: a row of {size} finite ones or more")
    centres = torch.linspace(float(values.min()), float(values.max()), size)
    for _ in range(rounds):
        index = _nearest(values, centres)
        many = torch.bincount(index, minlength=size)
        sums = torch.zeros(size).index_add(0, index, values.float())
        centres = torch.where(many > 0, sums / many.clamp_min(1), centres)
    return centres, _nearest(values, centres)


def _nearest(values: Tensor, centres: Tensor) -> Tensor:
    between = (centres[1:] + centres[:-1]) / 2  # centres rise, so the nearest one is between two of these
    return torch.bucketize(values, between)
