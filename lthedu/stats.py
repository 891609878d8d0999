"""Comparing two arms over the same seeds."""

from collections.abc import Sequence

import numpy as np
from scipy import stats


def paired_test(a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """Mean of the differences a - b over paired seeds, and the two-sided p-value of Student's paired t-test.

    `a` and `b` hold one value for each of n seeds, in the same order. With d = a - b, t = mean(d) / (s / sqrt(n)),
    where s is the standard deviation of d with n - 1 in its denominator, and p is read from Student's
    distribution with n - 1 degrees of freedom. The test assumes that the differences are about normal.

    Raises ValueError for different lengths, fewer than two pairs, or values that are not finite.

    >>> mean, p = paired_test([0.97, 0.96, 0.98], [0.95, 0.95, 0.95])
    >>> round(mean, 3), round(p, 3)
    (0.02, 0.074)
    """
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if x.shape != y.shape or x.ndim != 1 or len(x) < 2:
        raise ValueError(f"a paired test needs two equally long rows of at least 2, not {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("a paired test needs finite values; there is a NaN or an infinity")
    d = x - y
    error = d.std(ddof=1) / np.sqrt(len(d))
    if error == 0:  # all differences equal: certain, one way or the other
        return float(d.mean()), 1.0 if d[0] == 0 else 0.0
    return float(d.mean()), float(2 * stats.t.sf(abs(d.mean() / error), len(d) - 1))
