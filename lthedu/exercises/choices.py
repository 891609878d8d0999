"""What several checks ask of a choice of numbers: that it is one, how far off it is, and how to show it."""

import itertools
from collections.abc import Sequence

import numpy as np
import torch

from lthedu.exercises.core import Wrong
from lthedu.exercises.values import brief


def choice_of(got: object, n: int, of: str = "numbers") -> list[bool]:
    """The choice that came back, if it is one bool for each of `n` things; else Wrong.

    >>> choice_of((1, 0.0, True), 3)
    [True, False, True]
    >>> choice_of(0.25, 3)
    Traceback (most recent call last):
    lthedu.exercises.core.Wrong: it returned one value, 0.25; expected 3 times True or False, ...
    """
    expected = f"expected {n} times True or False, one for each of the {of}"
    if isinstance(got, bool | int | float | np.generic) or (isinstance(got, torch.Tensor) and got.ndim == 0):
        raise Wrong(f"it returned one value, {brief(got)}; {expected}: which to keep, not what they add up to")
    try:
        values = [v.item() if hasattr(v, "item") else v for v in got]  # type: ignore[attr-defined]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; {expected}") from None
    if any(v not in (0, 1) for v in values):
        if all(isinstance(v, float) for v in values):
            raise Wrong(f"it returned numbers, {brief(values)}; {expected}")
        what = ": places in the list, it seems" if all(isinstance(v, int) for v in values) else ""
        raise Wrong(f"it returned {brief(values)}{what}; {expected}")
    if len(values) != n:
        raise Wrong(f"it returned {len(values)} values, {brief(values)}; {expected}")
    return [bool(v) for v in values]


def kept_of(keep: Sequence[bool], numbers: Sequence[float]) -> list[float]:
    """The numbers that are kept.

    >>> kept_of([True, False], [0.5, 0.25])
    [0.5]
    """
    return list(itertools.compress(numbers, keep))


def off(keep: Sequence[bool], numbers: Sequence[float], target: float) -> float:
    """What the sum of the kept numbers is off by.

    >>> off([True, False], [0.5, 0.25], 0.375)
    0.125
    """
    return abs(sum(kept_of(keep, numbers)) - target)


def row(values: Sequence[float], digits: int = 3) -> str:
    """Numbers in a row, with so many decimals.

    >>> row([0.5, -1 / 3])
    '[0.500, -0.333]'
    """
    return "[" + ", ".join(f"{v:.{digits}f}" for v in values) + "]"


def two_choices(got: Sequence[bool], best: Sequence[bool], numbers: Sequence[float], target: float) -> str:
    """Both choices and what they are off by, in as many decimals as it takes to tell them apart.

    >>> two_choices([True, False], [False, True], [0.5004, 0.5001], 0.5)
    'numbers [0.5004, 0.5001], target 0.5000: keeping [0.5004] is off by 0.0004, keeping [0.5001] by 0.0001'
    """
    far, near = off(got, numbers, target), off(best, numbers, target)
    digits = next((d for d in range(3, 7) if f"{far:.{d}f}" != f"{near:.{d}f}"), 7)
    mine, nearest = (row(kept_of(keep, numbers), digits) for keep in (got, best))
    return (
        f"numbers {row(numbers, digits)}, target {target:.{digits}f}: keeping {mine} is off by {far:.{digits}f}, "
        f"keeping {nearest} by {near:.{digits}f}"
    )
