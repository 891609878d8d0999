"""The same answer in every kind of number and sequence in which people return one."""

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

SCALARS: dict[str, Callable[[Any], Any]] = {
    "numpy": lambda x: np.asarray(x)[()],  # np.float64, np.int64, np.bool
    "torch": lambda x: torch.tensor(x, dtype=torch.float64 if type(x) is float else None),
    "arrays": np.asarray,  # of no dimension
    "others": lambda x: float(x) if type(x) is int and abs(x) < 2**53 else x,
}
ROWS: dict[str, Callable[[list[Any]], Any]] = {
    "numpy": np.array,
    "torch": lambda row: torch.tensor(row, dtype=torch.float64 if type(row[0]) is float else None),
    "arrays": lambda row: [np.asarray(x) for x in row],
    "others": lambda row: row,  # and a list becomes a tuple, a tuple a list
}
FORMS = tuple(SCALARS)


def in_form(value: Any, form: str) -> Any:
    """`value` with its numbers, and its rows of numbers, in another form; tensors keep their dtype and device.

    >>> in_form((1, 0.5), "arrays"), in_form([True], "numpy"), in_form(3, "others")
    ((array(1), array(0.5)), array([ True]), 3.0)
    """
    if isinstance(value, bool | int | float):
        return SCALARS[form](value) if form != "others" or not isinstance(value, bool) else value
    if isinstance(value, list | tuple):
        if value and all(type(x) in (bool, int, float) for x in value) and len({type(x) for x in value}) == 1:
            return (
                ROWS[form](list(value)) if form != "others" else tuple(value) if isinstance(value, list) else [*value]
            )
        return type(value)(in_form(x, form) for x in value) if type(value) in (list, tuple) else value
    if type(value) is dict:
        return OrderedDict((k, in_form(v, form)) for k, v in value.items())
    if type(value) is torch.Tensor and value.ndim > 1 and form == "others" and not value.requires_grad:
        return value.mT.contiguous().mT  # the same numbers, laid out in memory in another order
    return value


def answering(function: Callable[..., Any], form: str) -> Callable[..., Any]:
    """The function, with what it returns in another form."""

    @functools.wraps(function)
    def answer(*args: Any, **named: Any) -> Any:
        return in_form(function(*args, **named), form)

    return answer
