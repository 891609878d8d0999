"""Exercises of this lesson in other contracts, for assignments. Nothing in the course stands on them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lthedu.exercises.core import variant


def _swapped(a: Sequence[float], b: Sequence[float]) -> tuple[NDArray[np.float64], float, float]:
    """The sums of the differences over all swaps, the sum as it is, and by how much equal sums may differ."""
    d = np.asarray(a, float) - np.asarray(b, float)
    sums = np.zeros(1)
    for value in d:
        sums = np.concatenate([sums + value, sums - value])
    return sums, float(d.sum()), float(1e-9 * np.abs(d).sum())


@variant(
    "sign_flip_test",
    "Make it one-sided: p is the share of the swaps for which the mean difference is at least as large as it is, with "
    "its sign.",
)
def one_sided(a: Sequence[float], b: Sequence[float]) -> float:
    """The exact p-value of paired values, counted on the side of large differences a - b.

    >>> one_sided([0.97, 0.96, 0.98], [0.95, 0.95, 0.95]), one_sided([0.0, 0.0], [1.0, 2.0])
    (0.125, 1.0)
    """
    sums, found, tie = _swapped(a, b)
    return float(np.mean(sums >= found - tie))


@variant(
    "sign_flip_test",
    "Leave out the swap that happened, once: p is the share of the other 2^n - 1 swaps that are at least as far.",
)
def of_the_others(a: Sequence[float], b: Sequence[float]) -> float:
    """The share of all other swaps within pairs whose mean difference is at least as far from zero.

    >>> round(of_the_others([0.97, 0.96, 0.98], [0.95, 0.95, 0.95]), 4)
    0.1429
    """
    sums, found, tie = _swapped(a, b)
    return float((np.sum(np.abs(sums) >= abs(found) - tie) - 1) / (len(sums) - 1))
