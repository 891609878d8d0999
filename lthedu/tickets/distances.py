"""How far apart two masks are, and how far apart two random ones would be."""

import torch
from torch import Tensor

from lthedu.base.arguments import typed


@typed
def hamming(a: Tensor, b: Tensor) -> float:
    """The fraction of places at which two masks differ, from 0 to 1.

    Raises ValueError unless both are bool and of one shape, as all functions here do.

    >>> hamming(torch.tensor([True, True, False, False]), torch.tensor([True, False, True, False]))
    0.5
    """
    _check(a, b)
    return float((a ^ b).double().mean())


@typed
def iou(a: Tensor, b: Tensor) -> float:
    """Intersection over union: of what either mask keeps, the fraction that both keep. Two empty masks agree: 1.

    >>> iou(torch.tensor([True, True, False, False]), torch.tensor([True, False, True, False]))
    0.333...
    """
    _check(a, b)
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else 1.0


@typed
def chance_hamming(p: float, q: float) -> float:
    """The Hamming distance to expect of two independent random masks of densities p and q: p (1 - q) + q (1 - p).

    >>> round(chance_hamming(0.05, 0.05), 4), chance_hamming(0.5, 0.5)
    (0.095, 0.5)
    """
    _check_densities(p, q)
    return p * (1 - q) + q * (1 - p)


@typed
def chance_iou(p: float, q: float) -> float:
    """The IoU of two independent random masks of densities p and q, as the ratio of the two expected counts.

    >>> round(chance_iou(0.05, 0.05), 4), chance_iou(1, 1)
    (0.0256, 1.0)
    """
    _check_densities(p, q)
    union = p + q - p * q
    return p * q / union if union else 1.0


@typed
def relative_distance(a: Tensor, b: Tensor) -> float:
    """The Hamming distance of two masks as a share of what two random masks of their densities have.

    That is what they have on average. 0 for equal masks, 1 for masks that agree no more than chance would have them,
    above 1 for masks that avoid each other. With densities p and q chance expects p (1 - q) + q (1 - p); where that is
    zero, both masks are full or both empty, and the distance is 0.

    >>> relative_distance(torch.tensor([True, True, False, False]), torch.tensor([True, False, True, False]))
    1.0
    """
    expected = chance_hamming(_density(a), _density(b))
    return hamming(a, b) / expected if expected else 0.0


def _density(mask: Tensor) -> float:
    return float(mask.double().mean())


def _check(a: Tensor, b: Tensor) -> None:
    if a.dtype != torch.bool or b.dtype != torch.bool:
        raise ValueError(f"the masks have dtypes {a.dtype} and {b.dtype}; a mask is torch.bool, True = kept")
    if a.shape != b.shape or not a.numel():
        raise ValueError(f"the masks have shapes {tuple(a.shape)} and {tuple(b.shape)}; give two of one shape")


def _check_densities(p: float, q: float) -> None:
    if not (0 <= p <= 1 and 0 <= q <= 1):
        raise ValueError(f"the densities are {p} and {q}; each is the fraction kept, from 0 to 1")
