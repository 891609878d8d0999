"""What comes back from a learner's function, read as what it is to be: one number, a whole number, several numbers."""

import itertools
import math
from typing import Any

from lthedu.exercises.core import Wrong
from lthedu.exercises.values import brief


def number(got: Any, expected: str = "one number", *, nan: bool = False) -> float:
    """One number, as a number of Python, numpy or torch, or an array or tensor that holds just one; else Wrong.

    NaN is refused unless `nan`. An int that is too large for a float becomes infinity.

    >>> import torch
    >>> number(torch.tensor([0.25]))
    0.25
    >>> number([0.25, 0.5], "one number, the p-value")
    Traceback (most recent call last):
    lthedu.exercises.core.Wrong: it returned [0.25, 0.5]; expected one number, the p-value
    """
    try:
        value = got.item() if hasattr(got, "item") else got
        if isinstance(value, bool | str | bytes):
            raise TypeError
        found = float(value)
    except OverflowError:
        found = math.inf if value > 0 else -math.inf
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; expected {expected}") from None
    if math.isnan(found) and not nan:
        raise Wrong(f"it returned NaN; expected {expected}")
    return found


def whole(got: Any, expected: str = "a whole number") -> int:
    """One whole number, in any form that `number` reads; else Wrong.

    >>> whole(3.0), whole(10**20 + 1)
    (3, 100000000000000000001)
    >>> whole(2.5)
    Traceback (most recent call last):
    lthedu.exercises.core.Wrong: it returned 2.5; expected a whole number: there are no parts of one
    """
    found = number(got, expected)
    if not math.isfinite(found):
        raise Wrong(f"it returned {found}; expected {expected}")
    exact = got.item() if hasattr(got, "item") else got
    if exact != int(exact):
        raise Wrong(f"it returned {brief(got)}; expected {expected}: there are no parts of one")
    return int(exact)


def items(got: Any, n: int, expected: str) -> list[Any]:
    """The `n` things in whatever can be gone through, and has no more of them; else Wrong.

    >>> items("ab", 2, "two things")
    ['a', 'b']
    >>> items(range(10**12), 2, "two things")
    Traceback (most recent call last):
    lthedu.exercises.core.Wrong: it returned range(0, 1000000000000); expected two things
    """
    try:
        found = list(itertools.islice(got, n + 1))
    except (TypeError, ValueError, RuntimeError):
        found = []
    if len(found) != n:
        raise Wrong(f"it returned {brief(got)}; expected {expected}")
    return found


def numbers(got: Any, n: int, expected: str, *, nan: bool = False) -> tuple[float, ...]:
    """`n` numbers, each as `number` reads it, in whatever can be gone through; else Wrong.

    >>> numbers((0.5, 1), 2, "two numbers: mean and p-value")
    (0.5, 1.0)
    >>> numbers(0.5, 2, "two numbers: mean and p-value")
    Traceback (most recent call last):
    lthedu.exercises.core.Wrong: it returned 0.5; expected two numbers: mean and p-value
    """
    try:
        found = tuple(number(one, expected, nan=True) for one in items(got, n, expected))
    except Wrong:
        raise Wrong(f"it returned {brief(got)}; expected {expected}") from None
    if any(math.isnan(one) for one in found) and not nan:
        raise Wrong(f"it returned NaN; expected {expected}")
    return found
