"""Timing two ways side by side, and the law that tells when the sparse one is faster."""

import math
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median
from typing import Annotated

import numpy as np

from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Count, Number, Positive

Law = tuple[float, float]  # c, the overhead, and e, the kernel's rate over dense's
STEADY = 0.2  # the slowest window of the yardstick may take so much longer than its fastest


@typed
def speed_up(
    dense: Callable[[], object],
    sparse: Callable[[], object],
    windows: Count = 5,
    timer: Callable[[], float] = time.perf_counter,
) -> float | None:
    """How many times faster `sparse` is than `dense`: the median over the windows, or None where dense moved.

    Each is called once untimed, for what is compiled or cached then. Then each window times one call of dense and one
    of sparse, and takes their ratio. If dense's slowest window took over 20 % longer than its fastest, the machine was
    not steady, so no number is given.

    >>> from itertools import count
    >>> speed_up(lambda: None, lambda: None, windows=2, timer=count().__next__)  # a clock that ticks at each look
    1.0
    """
    dense()
    sparse()
    dense_times, ratios = [], []
    for _ in range(windows):
        begun = timer()
        dense()
        between = timer()
        sparse()
        dense_times.append(between - begun)
        ratios.append((between - begun) / (timer() - between))
    return median(ratios) if is_steady(dense_times) else None


@typed
def shortest(call: Callable[[], object], slot: Positive, timer: Callable[[], float] = time.perf_counter) -> float:
    """The shortest call, in microseconds, of two or more within `slot` seconds, after one that is not timed.

    >>> from itertools import count
    >>> shortest(lambda: None, 1.0, timer=count().__next__)
    1000000.0
    """
    call()
    times: list[float] = []
    while sum(times) < slot or len(times) < 2:
        begun = timer()
        call()
        times.append(timer() - begun)
    return round(1e6 * min(times), 2)


@typed
def is_steady(times: Annotated[Sequence[Positive], AtLeast(1)]) -> bool:
    """Whether the slowest of these times took at most 20 % longer than the fastest.

    >>> is_steady([1.0, 1.1]), is_steady([1.0, 1.5])
    (True, False)
    """
    return max(times) <= (1 + STEADY) * min(times)


@typed
def fit_law(
    density: Annotated[Sequence[Positive], AtLeast(2)], ratio: Annotated[Sequence[Positive], AtLeast(2)]
) -> Law:
    """c and e of the law `ratio = c + density / e`, where `ratio` is the sparse time over the dense time.

    Least squares of the relative error, so that a short time counts as much as a long one. Raises ValueError for
    sequences of different length, and where all densities are the same.

    >>> c, e = fit_law([0.5, 0.1], [2.05, 0.45])
    >>> round(c, 6), round(e, 6)
    (0.05, 0.25)
    """
    if len(density) != len(ratio):
        raise ValueError(f"there are {len(density)} densities and {len(ratio)} ratios; allowed: equally many")
    if len(set(density)) < 2:
        raise ValueError(f"density is {density[0]} throughout; allowed: two different ones or more")
    d, r = np.array(density), np.array(ratio)
    (c, slope), *_ = np.linalg.lstsq(np.column_stack([1 / r, d / r]), np.ones(len(r)), rcond=None)
    return float(c), float(1 / slope)


@typed
def break_even(c: Number, e: Positive) -> float:
    """The density at which the law says that sparse is as fast as dense: e (1 - c), where c + density / e is 1.

    >>> break_even(0.0, 0.25)
    0.25
    """
    return e * (1 - c)


@typed
def measured_break_even(
    density: Annotated[Sequence[Positive], AtLeast(1)], times: Annotated[Sequence[Positive], AtLeast(1)]
) -> float:
    """The density at which sparse is as fast as dense, on straight lines between the points in log-log.

    `times` says how many times as fast as dense sparse is at each density. What is returned is the largest density at
    which the two are level; infinity where sparse is faster at all densities, and 0 where it is slower at all. Raises
    ValueError for sequences of different length.

    >>> round(measured_break_even([0.1, 0.4], [2.0, 0.5]), 6)
    0.2
    >>> measured_break_even([0.1, 0.4], [3.0, 1.2]), measured_break_even([0.1, 0.4], [0.9, 0.5])
    (inf, 0.0)
    """
    if len(density) != len(times):
        raise ValueError(f"there are {len(density)} densities and {len(times)} times; allowed: equally many")
    points = sorted(zip(map(math.log, density), map(math.log, times), strict=True), reverse=True)
    for (right, low), (left, high) in pairwise(points):
        if low <= 0 < high:
            return math.exp(right + (left - right) * low / (low - high))
    return math.inf if points[0][1] > 0 else 0.0
