"""Statistics of the lessons: two arms over the same seeds, chances of success, and the best of many."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from lthedu.base.arguments import shown, typed
from lthedu.base.ranges import Count, Fraction, Share


@typed
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


@typed
def mean_interval(values: Sequence[float], confidence: Share = 0.95) -> tuple[float, float, float]:
    """The mean of `values` and the two ends of Student's interval for it.

    With n values and their standard deviation s (n - 1 in its denominator) the ends are mean -+ t s / sqrt(n), where t
    is the quantile (1 + confidence) / 2 of Student's distribution with n - 1 degrees of freedom. Of differences over
    paired seeds it is the interval that belongs to `paired_test`. It assumes that the values are about normal.

    Raises ValueError for fewer than two values, values that are not finite, and a confidence outside 0 to 1.

    >>> [round(one, 3) for one in mean_interval([3.0, 4.0, 5.0, 4.0, 4.0])]
    [4.0, 3.122, 4.878]
    """
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or len(x) < 2:
        raise ValueError(f"values have the shape {x.shape}; allowed: one row of 2 or more")
    if not np.isfinite(x).all():
        raise ValueError(f"values are {shown(values)}; allowed: finite numbers")
    half = float(stats.t.ppf((1 + confidence) / 2, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x)))
    return float(x.mean()), float(x.mean()) - half, float(x.mean()) + half


@typed
def clopper_pearson(wins: int, draws: Count, confidence: Share = 0.95) -> tuple[float, float]:
    """The exact interval for a chance of success, from `wins` successes in `draws` independent draws.

    The lower end is the chance under which `wins` or more would come up with probability (1 - confidence) / 2, the
    upper end the one under which `wins` or fewer would: quantiles of two beta distributions. No wins give a lower end
    of 0, wins only an upper end of 1. Source: Clopper and Pearson (1934).

    Raises ValueError unless 0 <= wins <= draws, draws >= 1 and 0 < confidence < 1.

    >>> [round(end, 4) for end in clopper_pearson(0, 128)]
    [0.0, 0.0284]
    """
    if not 0 <= wins <= draws:
        raise ValueError(f"wins is {wins} of {draws} draws; allowed: 0 to draws")
    tail = (1 - confidence) / 2
    low = 0.0 if wins == 0 else float(stats.beta.ppf(tail, wins, draws - wins + 1))
    high = 1.0 if wins == draws else float(stats.beta.ppf(1 - tail, wins + 1, draws - wins))
    return low, high


@typed
def draws_needed(p: Fraction, chance: Share = 0.95) -> float:
    """The fewest independent draws that hold at least one success with probability `chance` or more.

    Each draw succeeds with probability `p`; n draws all fail with probability (1 - p)^n. A whole number as a float,
    infinity for p = 0. Raises ValueError unless 0 <= p <= 1 and 0 < chance < 1.

    >>> draws_needed(0.5), draws_needed(0.01), draws_needed(0)
    (5.0, 299.0, inf)
    """
    if p == 0:
        return math.inf
    if p == 1:
        return 1.0
    return float(math.ceil(math.log(1 - chance) / math.log1p(-p)))  # log1p: 1 - 1e-17 is 1


@typed
def expected_best(chosen_by: Sequence[float], reported: Sequence[float], draws: int) -> float:
    """What the best of `draws` networks reports on average, chosen by one score and reported by another.

    K networks were measured; `draws` of them are drawn without replacement, all sets being equally likely, and of those
    the one with the largest `chosen_by` is taken. The i-th smallest of K is the largest of a set of n with probability
    C(i - 1, n - 1) / C(K, n), so nothing is sampled. Networks of equal scores are equally likely to be taken. With the
    same row twice this is the expected maximum. Beyond K there is nothing to resample: a tail is never extrapolated.

    Raises ValueError for rows of different lengths, NaN, and draws outside 1 to K.

    >>> expected_best([0.1, 0.2, 0.3], [0.1, 0.2, 0.3], 2) == (0.2 + 0.3 + 0.3) / 3
    True
    """
    score, value = np.asarray(chosen_by, dtype=float), np.asarray(reported, dtype=float)
    if score.shape != value.shape or score.ndim != 1 or not len(score):
        raise ValueError(f"two equally long rows are needed, not {score.shape} and {value.shape}")
    if np.isnan(score).any() or not np.isfinite(value).all():
        raise ValueError("the rows hold NaN, or report infinity; every score must be a number")
    if not 1 <= draws <= len(score):
        raise ValueError(f"draws is {draws}; allowed: 1 to the {len(score)} networks that were measured")
    i = np.arange(draws, len(score))  # C(i - 1, n - 1) / C(i, n - 1) = (i - n + 1) / i, from the largest down
    steps = np.concatenate([[draws / len(score)], ((i - draws + 1) / i)[::-1]])
    chance = np.concatenate([np.cumprod(steps), np.zeros(draws - 1)])[::-1]  # of the i-th smallest
    _, group = np.unique(score, return_inverse=True)
    mean = np.bincount(group, value) / np.bincount(group)  # over networks of equal scores
    return float(np.bincount(group, chance[np.argsort(np.argsort(score, kind="stable"))]) @ mean)


@typed
def sign_flip_test(a: Sequence[float], b: Sequence[float]) -> float:
    """The exact two-sided p-value of paired values: the share of all swaps within pairs that does as much.

    `a` and `b` hold one value for each of n seeds, in the same order. If nothing but chance says which of a pair is
    which, every difference could as well have the other sign: of all 2^n signs, p is the share for which the mean
    difference is at least as far from zero as it is. No distribution is assumed; the smallest p is 2 / 2^n. Source:
    Fisher (1935), The Design of Experiments.

    Raises ValueError for different lengths, fewer than 2 or more than 20 pairs, or values that are not finite.

    >>> sign_flip_test([0.97, 0.96, 0.98], [0.95, 0.95, 0.95])
    0.25
    """
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if x.shape != y.shape or x.ndim != 1 or not 2 <= len(x) <= 20:
        raise ValueError(f"two equally long rows of 2 to 20 values are needed, not {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("the rows need finite values; there is a NaN or an infinity")
    d = x - y
    sums = np.zeros(1)
    for value in d:  # doubling: the sums over all signs
        sums = np.concatenate([sums + value, sums - value])
    tie = 1e-9 * np.abs(d).sum()  # sums that differ by rounding alone are equal
    return float(np.mean(np.abs(sums) >= abs(d.sum()) - tie))
