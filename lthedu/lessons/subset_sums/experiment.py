"""What this lesson holds subset sums against: each draw's own bell, and points that are no sums."""

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above
from lthedu.base.streams import numpy_generator
from lthedu.proof import all_sums
from lthedu.proof.laws import worst_error
from lthedu.proof.subset_sums import Floats

Points = Literal["sums", "points as many as sums inside", "points as many as sums", "an even grid"]
POINTS: tuple[Points, ...] = ("sums", "points as many as sums inside", "points as many as sums", "an even grid")


@typed
def expected_near(numbers: ArrayLike, targets: ArrayLike, eta: Annotated[float, Above(0)]) -> Floats:
    """How many sums are within `eta` of each row's target if they follow that row's own bell: (N,).

    All 2^n sums of a row of n numbers have half of its sum as their mean, and a quarter of its sum of squares as their
    variance. `numbers` (N, n), `targets` (N,).

    >>> expected_near([[1.0, 1.0, 1.0, 1.0]], [2.0], 0.5).round(2)  # six of the 16 sums are 2
    array([6.38])
    """
    x, t = np.asarray(numbers, float), np.asarray(targets, float)
    mean, sd = x.sum(1) / 2, np.sqrt((x**2).sum(1)) / 2
    height = np.exp(-(((t - mean) / sd) ** 2) / 2) / (sd * math.sqrt(2 * math.pi))
    near: Floats = 2.0 ** x.shape[1] * 2 * eta * height
    return near


@typed
def gaps(numbers: ArrayLike, points: Points, seed: int = 0) -> Floats:
    """How far the least lucky target in [-1/2, 1/2] is from the nearest point: a table (N, n + 1), as `worst_errors`.

    The points are all "sums" of each row's first 0, 1, ..., n numbers, or what they are compared with: independent
    points, uniform on [-1/2, 1/2], "as many as sums inside" that interval or "as many as sums" (then nothing is lost
    outside), or "an even grid" with a point for each sum inside (then no gap is larger than another). Raises ValueError
    for more than 24 numbers in a row.

    >>> gaps([[0.5, -0.5, 0.25]], "sums")
    array([[0.5  , 0.5  , 0.25 , 0.125]])
    >>> gaps([[0.5, -0.5, 0.25]], "an even grid").round(3)  # of 1, 2, 4 and 7 points
    array([[0.5  , 0.25 , 0.125, 0.071]])
    """
    x, rng = np.asarray(numbers, float), numpy_generator(seed, "points")
    table = np.zeros((len(x), x.shape[1] + 1))
    for row, errors in zip(x, table, strict=True):
        for k in range(len(errors)):
            if points == "sums":
                errors[k] = worst_error(row[:k])
                continue
            inside = int((np.abs(all_sums(row[:k])) <= 0.5).sum())
            if points == "an even grid":
                errors[k] = 1 / (2 * inside)
            else:
                placed = rng.uniform(-0.5, 0.5, inside if points == "points as many as sums inside" else 2**k)
                errors[k] = _largest_gap(np.sort(placed))
    return table


def _largest_gap(points: Floats) -> float:
    """How far a target in [-1/2, 1/2] may be from the nearest of some sorted points in it."""
    return float(max(points[0] + 0.5, 0.5 - points[-1], np.diff(points).max(initial=0) / 2))
