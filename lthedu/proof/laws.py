"""How many random numbers it takes: the experiments on subset sums, and the formulas that they are held against.

A table of errors has a row for each draw and a column for each count of numbers, from none on: entry (d, k) is what the
best subset of draw d's first k numbers is off by. No row ever rises, for another number never hurts.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, Count, Positive, Range
from lthedu.base.streams import numpy_generator
from lthedu.proof.solvers import MOST_EXACT, best_subsets
from lthedu.proof.subset_sums import Floats, all_sums

Pool = Literal["uniform", "products", "half dead"]
POOLS: tuple[Pool, ...] = ("uniform", "products", "half dead")


@typed
def draw_pools(pool: Pool, n: Count, draws: Count, seed: int = 0) -> tuple[Floats, Floats]:
    """Random numbers (draws, n) of a kind, and a target for each draw (draws,), uniform on [-1/2, 1/2].

    "uniform": b, uniform on [-1, 1]. "products": |a| b with a and b uniform on [-1, 1], which is what two weights in a
    row do to an input. "half dead": relu(a) b, the same where nobody chose the sign of a: zero in half of the cases.
    The kinds share a, b and the targets, and a smaller n has the first numbers of a larger one. Raises ValueError for
    another kind, or for n or draws below 1.

    >>> numbers, targets = draw_pools("half dead", n=4, draws=1000)
    >>> numbers.shape, targets.shape, round(float((numbers == 0).mean()), 1)
    ((1000, 4), (1000,), 0.5)
    """
    a, b, targets = (numpy_generator(seed, "pools", name) for name in ("a", "b", "targets"))
    first, second = a.uniform(-1, 1, (n, draws)).T, b.uniform(-1, 1, (n, draws)).T
    factors: dict[Pool, Floats] = {
        "uniform": np.ones_like(first),
        "products": np.abs(first),
        "half dead": np.maximum(first, 0),
    }
    return factors[pool] * second, targets.uniform(-0.5, 0.5, draws)


@typed
def errors_so_far(numbers: ArrayLike, targets: ArrayLike, *, enough: float = 0.0) -> Floats:
    """What the best subset of each row's first 0, 1, ..., n numbers is off by: a table (N, n + 1).

    `numbers` (N, n), `targets` (N,). Zeros are skipped: they change no sum. A row that has come within `enough` is
    searched no further, and its last error stands. Raises ValueError where more than 40 numbers of a row that are not
    zero would have to be searched, and whatever `best_subsets` refuses.

    >>> errors_so_far([[0.5, -0.3, 0.0, 0.9]], [0.25]).round(2)
    array([[0.25, 0.25, 0.05, 0.05, 0.05]])
    """
    x, t = np.asarray(numbers, float), np.asarray(targets, float)
    live = x != 0
    packed = np.take_along_axis(x, np.argsort(~live, axis=1, kind="stable"), axis=1)  # what is not zero comes first
    errors = np.repeat(np.abs(t)[:, None], x.shape[1] + 1, axis=1)
    for k in range(1, int(live.sum(1).max(initial=0)) + 1):
        errors[:, k] = errors[:, k - 1]
        rows = np.flatnonzero((errors[:, k] > enough) & (live.sum(1) >= k))
        if len(rows) and k > MOST_EXACT:
            raise ValueError(f"{len(rows)} rows need more than {MOST_EXACT} numbers that are not zero; raise `enough`")
        if len(rows):
            errors[rows, k] = np.minimum(errors[rows, k], best_subsets(packed[rows, :k], t[rows]).errors)
    none = np.zeros((len(x), 1), int)
    return np.take_along_axis(errors, np.concatenate([none, live.cumsum(1)], axis=1), axis=1)


@typed
def numbers_needed(errors: ArrayLike, eta: float, share: float = 0.5) -> float:
    """How many numbers it takes until a `share` of the draws is within `eta`, read off between whole counts.

    `errors` (draws, n + 1): entry (d, k) is what draw d is off by with its first k numbers. With p_k the share of draws
    with an error of `eta` or less and k the first count with p_k >= share, the answer is
    k - 1 + (share - p_(k-1)) / (p_k - p_(k-1)); 0 where k is 0, infinity where there is no such k.

    >>> numbers_needed(np.array([[0.4, 0.2, 0.1], [0.5, 0.5, 0.3]]), eta=0.2)
    1.0
    """
    within = (np.asarray(errors) <= eta).mean(axis=0)  # p_0 ... p_n
    reached = np.flatnonzero(within >= share)
    if not len(reached):
        return math.inf
    k = int(reached[0])
    return k - 1 + float((share - within[k - 1]) / (within[k] - within[k - 1])) if k else 0.0


@typed
@dataclass(frozen=True)
class PerBit:
    """Numbers needed against bits, log2(1/eta), each (values of eta,), and their slope, all with 95 % bands.

    >>> one = np.ones(1)
    >>> PerBit(bits=one, needed=one, low=one, high=one, slope=1.0, slope_low=0.9, slope_high=1.1).slope
    1.0
    """

    bits: Floats
    needed: Floats
    low: Floats
    high: Floats
    slope: float  # numbers more for each halving of eta
    slope_low: float
    slope_high: float


@typed
def per_bit(
    errors: ArrayLike,
    eta: Sequence[Positive],
    share: float = 0.5,
    *,
    count: Callable[[Floats, float, float], float] = numbers_needed,
    resamples: int = 200,
    seed: int = 0,
) -> PerBit:
    """How many numbers each `eta` needs, how many more for each halving of eta, and how sure that is.

    `count(errors, eta, share)` gives the numbers needed; the slope is a least-squares fit over log2(1/eta). The bands
    are a bootstrap's: the draws are drawn again with replacement, `resamples` times, whole rows at once, and counted by
    `numbers_needed`, whatever `count` is. Raises ValueError for fewer than two values of `eta`, or where `share` is not
    reached.

    >>> errors = 0.5 ** np.arange(12.0) * np.linspace(0.5, 1, 100)[:, None]  # another number halves every error
    >>> round(per_bit(errors, eta=[0.1, 0.05, 0.025]).slope, 2)
    1.0
    """
    table, bits = np.asarray(errors, float), np.log2(1 / np.asarray(eta, float))
    if len(bits) < 2:
        raise ValueError(f"eta has {len(bits)} values; a slope needs two or more")

    def counted(table: Floats, count: Callable[[Floats, float, float], float]) -> list[float]:
        found = [count(table, e, share) for e in eta]
        if not np.isfinite(found).all():
            raise ValueError(f"a share of {share} of the draws is not reached at every eta; give more numbers a draw")
        return found

    rng = numpy_generator(seed, "bootstrap")
    needed = np.array(counted(table, count))
    again = np.array(
        [counted(table[rng.integers(len(table), size=len(table))], numbers_needed) for _ in range(resamples)]
    )
    slopes = np.polyfit(bits, again.T, 1)[0]
    low, high = np.quantile(again, [0.025, 0.975], axis=0)
    slope_low, slope_high = np.quantile(slopes, [0.025, 0.975]).tolist()
    return PerBit(bits, needed, low, high, float(np.polyfit(bits, needed, 1)[0]), slope_low, slope_high)


@typed
def share_band(hits: int, draws: int) -> tuple[float, float]:
    """The 95 % band of a probability of which `hits` in `draws` are known: Clopper and Pearson's, which is exact.

    >>> [round(p, 3) for p in share_band(0, 100)]
    [0.0, 0.036]
    """
    band = stats.binomtest(hits, draws).proportion_ci(0.95, "exact")
    return float(band.low), float(band.high)


@typed
def expected_solutions(n: Annotated[float, Above(0, high=1000)], eta: float) -> float:
    """How many subset sums of n numbers uniform on [-1, 1] are within `eta` of a small target, on average.

    2^n times the 2 eta of the interval times the density of a subset's sum there. That sum has variance n / 6, for each
    number is kept or not, and is nearly normal: its density near 0 is sqrt(3 / (pi n)). A target nearer to 0 than `eta`
    has one more, because the sum of no numbers is always 0.

    >>> round(expected_solutions(10, 1e-3), 2)
    0.63
    """
    return math.exp2(n + 1) * eta * math.sqrt(3 / (math.pi * n))


@typed
def rare_sign(n: Annotated[int, Range(0, 1000)]) -> float:
    """The probability that of n random signs at most one is a plus, or at most one a minus: 2 (1 + n) / 2^n, n >= 4.

    >>> rare_sign(4), round(rare_sign(12), 4)
    (0.625, 0.0063)
    """
    return 2 * (1 + n) / 2.0**n


@typed
def fewest_numbers(eta: Annotated[float, Above(0), Range(1e-300)]) -> float:
    """The counting bound: fewer than log2(1 / (2 eta)) numbers cannot hit all targets in [-1/2, 1/2] within `eta`.

    Each of their 2^n sums serves the targets in an interval of length 2 eta; these must cover a length of 1. Raises
    ValueError for an eta not above 0.

    >>> round(fewest_numbers(1e-3), 2)
    8.97
    """
    return math.log2(1 / (2 * eta))


@typed
def worst_error(numbers: Sequence[float]) -> float:
    """How far the least lucky target in [-1/2, 1/2] is from the nearest sum of a subset of the numbers.

    That target is in the middle between two neighbouring sums, or it is -1/2 or 1/2. Raises ValueError for more than 24
    numbers, or for one that is not finite.

    >>> worst_error([0.5, -0.5, 0.25])  # sums -1/2, -1/4, 0, 1/4, 1/2, 3/4: an eighth from all of them at most
    0.125
    """
    sums = np.sort(all_sums(numbers))
    middles = (sums[1:] + sums[:-1]) / 2
    targets = np.concatenate([[-0.5, 0.5], middles[np.abs(middles) <= 0.5]])
    above = sums.searchsorted(targets).clip(max=len(sums) - 1)
    below = (above - 1).clip(min=0)
    return float(np.minimum(np.abs(sums[above] - targets), np.abs(targets - sums[below])).max())


@typed
def worst_errors(numbers: ArrayLike, *, enough: float = 0.0) -> Floats:
    """`worst_error` of each row's first 0, 1, ..., n numbers: a table (N, n + 1), for `numbers` (N, n).

    A row that has come within `enough` is searched no further, and its last error stands.

    >>> worst_errors([[0.5, -0.5, 0.25]])
    array([[0.5  , 0.5  , 0.25 , 0.125]])
    """
    x = np.asarray(numbers, float)
    table = np.full((len(x), x.shape[1] + 1), 0.5)  # of no numbers
    for row, errors in zip(x, table, strict=True):
        for k in range(1, len(errors)):
            errors[k:] = worst_error(row[:k])
            if errors[k] <= enough:
                break
    return table
