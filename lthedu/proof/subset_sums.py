"""Hitting a number with a subset of given numbers: the whole search, a shorter exact one, and a hasty one.

A choice is a list of bools, one for each number, True = kept: a mask. Keeping none is a choice too, its sum is zero.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lthedu.base.arguments import typed
from lthedu.base.streams import generator

Floats = NDArray[np.float64]
Choose = Callable[[Sequence[float], float], Sequence[bool]]  # (numbers, target) -> which to keep

MOST = 24  # numbers whose 2^24 sums fit in 128 MiB


@typed
def all_sums(numbers: Sequence[float]) -> Floats:
    """The sums of all 2^n subsets of n numbers: entry k keeps number i where bit i of k is 1.

    Raises ValueError for more than 24 numbers, for one that is not finite, and for sums that leave float64.

    >>> all_sums([1.0, 10.0, 100.0])
    array([  0.,   1.,  10.,  11., 100., 101., 110., 111.])
    """
    _check(numbers, MOST)
    sums = np.zeros(1)
    for x in numbers:
        sums = np.concatenate([sums, sums + x])  # without x, with x
    return sums


@typed
def closest_subset(numbers: Sequence[float], target: float) -> list[bool]:
    """Which of the numbers to keep so that their sum is as near to the target as can be: True = kept.

    Tries all 2^n choices. Raises ValueError for more than 24 numbers, or for a value or sum that is not finite.

    >>> closest_subset([0.5, -0.3, 0.9], 0.25)
    [True, True, False]
    """
    _check([target], 1)
    best = int(np.abs(all_sums(numbers) - target).argmin())
    return [bool(best >> i & 1) for i in range(len(numbers))]


@typed
def meet_in_the_middle(numbers: Sequence[float], target: float) -> list[bool]:
    """The choice that `closest_subset` looks for, by two lists of 2^(n/2) sums instead of one of 2^n.

    Every sum is one of the left half's plus one of the right half's. With the left sums in order, a binary search
    finds the partner that each right sum wants. Of choices that are equally close any one may come. Raises
    ValueError for more than 44 numbers, or for a value or sum that is not finite. Source: Horowitz and Sahni 1974.

    >>> meet_in_the_middle([0.5, -0.3, 0.9], 0.25)
    [True, True, False]
    """
    _check(numbers, 44)
    _check([target], 1)
    half = len(numbers) // 2
    left, right = all_sums(numbers[:half]), all_sums(numbers[half:])
    order = left.argsort()
    left, wanted = left[order], target - right
    above = left.searchsorted(wanted).clip(max=len(left) - 1)  # of each right sum, the partners next to the wanted one
    below = (above - 1).clip(min=0)
    near = np.where(np.abs(left[above] - wanted) < np.abs(left[below] - wanted), above, below)
    j = int(np.abs(left[near] - wanted).argmin())
    i = int(order[near[j]])
    return [bool(i >> b & 1) for b in range(half)] + [bool(j >> b & 1) for b in range(len(numbers) - half)]


@typed
def greedy_subset(numbers: Sequence[float], target: float) -> list[bool]:
    """A choice made in one hasty pass: largest numbers first, each kept if that brings the sum nearer to the target.

    Raises ValueError for a value or sum that is not finite.

    >>> greedy_subset([0.6, 0.5, 0.5], 1.0)  # 0.6 first, and then 1.1 is as near as it gets
    [True, True, False]
    """
    _check([*numbers, target], len(numbers) + 1)
    kept, total = [False] * len(numbers), 0.0
    for i in sorted(range(len(numbers)), key=lambda i: -abs(numbers[i])):
        if abs(total + numbers[i] - target) < abs(total - target):
            kept[i], total = True, total + numbers[i]
    return kept


@typed
def subset_errors(choose: Choose, sizes: Sequence[int], draws: int = 200, seed: int = 0) -> pd.DataFrame:
    """How far `choose` misses random targets: one row a size and draw, columns `numbers`, `draw` and `error`.

    Each draw takes max(sizes) numbers uniform on [-1, 1] and one target uniform on [-1/2, 1/2]; the smaller sizes use
    its first numbers. Draws depend on `seed` alone: two ways to choose meet the same numbers and targets. Raises
    ValueError for no size, a size below 1, or fewer than one draw.

    >>> table = subset_errors(closest_subset, sizes=[4, 8], draws=100)
    >>> table.groupby("numbers")["error"].median().round(3).to_dict()
    {4: 0.05, 8: 0.005}
    """
    if not len(sizes) or min(sizes) < 1 or draws < 1:
        raise ValueError(f"sizes are {list(sizes)} and draws {draws}; give sizes of 1 or more, and 1 draw or more")
    stream = generator(seed, "subset sums")
    rows = []
    for draw in range(draws):
        target, *numbers = torch.rand(1 + max(sizes), generator=stream, dtype=torch.float64).tolist()
        target, numbers = target - 0.5, [2 * x - 1 for x in numbers]
        for n in sizes:
            total = sum(x for x, kept in zip(numbers[:n], choose(numbers[:n], target), strict=True) if kept)
            rows.append((n, draw, abs(total - target)))
    return pd.DataFrame(rows, columns=["numbers", "draw", "error"])


def _check(values: Sequence[float], most: int) -> None:
    if len(values) > most:
        raise ValueError(f"there are {len(values)} numbers; allowed: {most} at most")
    for x in values:
        if not math.isfinite(x):
            raise ValueError(f"a number is {x}; every number and the target must be finite")
    if math.isinf(sum(abs(float(x)) for x in values)):
        raise ValueError(f"the largest number is {max(values, key=abs):.3g} in size; allowed: sums that float64 holds")
