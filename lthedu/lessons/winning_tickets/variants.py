"""Exercises of this lesson in other contracts, for assignments. Nothing in the course stands on them."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from lthedu.exercises.core import variant


@variant(
    "paired_test",
    "Make it one-sided: p is the chance of so large a t or a larger one, so that a mean below zero has a p above 1/2.",
)
def one_sided(a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """Mean of the differences a - b over paired seeds, and the p-value of the upper tail of Student's paired t-test.

    >>> mean, p = one_sided([0.97, 0.96, 0.98], [0.95, 0.95, 0.95])
    >>> round(mean, 3), round(p, 3)
    (0.02, 0.037)
    """
    d = np.asarray(a, float) - np.asarray(b, float)
    t = d.mean() / (d.std(ddof=1) / np.sqrt(len(d)))
    return float(d.mean()), float(stats.t.sf(t, len(d) - 1))


@variant(
    "paired_test",
    "The first number is the mean difference divided by the standard deviation of the differences (n - 1 in its "
    "denominator), which has no unit. The p-value stays two-sided.",
)
def standardised(a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """Mean difference in standard deviations of the differences, and the two-sided p-value of the paired t-test.

    >>> size, p = standardised([0.97, 0.96, 0.98], [0.95, 0.95, 0.95])
    >>> round(size, 3), round(p, 3)
    (2.0, 0.074)
    """
    d = np.asarray(a, float) - np.asarray(b, float)
    size = d.mean() / d.std(ddof=1)
    return float(size), float(2 * stats.t.sf(abs(size) * np.sqrt(len(d)), len(d) - 1))
