"""Exercises of this lesson in other contracts, for assignments. Nothing in the course stands on them."""

import math

import numpy as np
from numpy.typing import ArrayLike

from lthedu.exercises.core import variant


@variant("numbers_needed", "Give the whole count k itself, and read nothing off between two counts.")
def whole_count(errors: ArrayLike, eta: float, share: float = 0.5) -> float:
    """The first count of numbers with which a `share` of the draws is within `eta`; infinity where there is none.

    >>> whole_count(np.array([[0.4, 0.2, 0.1], [0.5, 0.5, 0.3]]), eta=0.2, share=0.3)
    1.0
    """
    reached = np.flatnonzero((np.asarray(errors) <= eta).mean(axis=0) >= share)
    return float(reached[0]) if len(reached) else math.inf


@variant(
    "numbers_needed", "A draw counts as within `eta` only where its error is smaller than `eta`; equal is too large."
)
def strictly_within(errors: ArrayLike, eta: float, share: float = 0.5) -> float:
    """How many numbers it takes until a `share` of the draws is off by less than `eta`, read off between counts.

    >>> strictly_within(np.array([[0.4, 0.2, 0.1], [0.5, 0.5, 0.3]]), eta=0.2)
    2.0
    """
    within = (np.asarray(errors) < eta).mean(axis=0)
    reached = np.flatnonzero(within >= share)
    if not len(reached):
        return math.inf
    k = int(reached[0])
    return k - 1 + float((share - within[k - 1]) / (within[k] - within[k - 1])) if k else 0.0
