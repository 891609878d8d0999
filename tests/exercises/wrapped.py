"""Answers that are the reference in all but one respect: they ignore an argument, or go wrong where inputs are equal.

`first` are the arguments of a check's first call: they show what kind of value each argument is.
"""

import functools
import inspect
import itertools
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
import torch

Function = Callable[..., Any]


def ignoring(reference: Function, first: tuple[Any, ...]) -> dict[str, Function]:
    """For each argument the reference that takes its default, its first value, or ones of its shape instead."""
    found = {}
    for p, value in zip(inspect.signature(reference).parameters.values(), first, strict=False):
        if p.default is not p.empty:
            instead = functools.partial(_first, p.default)
        elif isinstance(value, Real):
            instead = functools.partial(_first, value)
        elif _rows(value) or _ones(value) is not value:
            instead = _ones
        else:
            continue
        found[f"{p.name} ignored"] = _wrapped(
            reference,
            lambda given, name=p.name, instead=instead: given.update({name: instead(given[name])}),
            lambda result, given: result,
        )
    return found


def otherwise_where_equal(reference: Function, first: tuple[Any, ...]) -> dict[str, Function]:
    """The reference that answers something else where two entries of an argument, or two arguments, are equal."""
    signature = inspect.signature(reference)
    if signature.return_annotation is None:
        return {}
    kinds = {name: _kind(value) for name, value in zip(signature.parameters, first, strict=False) if _rows(value)}
    found = {
        f"{name}: otherwise where two entries are equal": _otherwise(reference, name)
        for name, kind in kinds.items()
        if kind not in (int, float)
    }
    for a, b in itertools.combinations(kinds, 2):
        if kinds[a] == kinds[b]:
            found[f"{a}, {b}: otherwise where they are equal in a place"] = _otherwise(reference, a, b)
    return found


def _wrapped(reference: Function, change: Callable[[dict[str, Any]], None], answer: Function) -> Function:
    """The reference, with `change` made to its arguments by name, and `answer(result, arguments)` in the end."""
    signature = inspect.signature(reference)

    @functools.wraps(reference)
    def mutant(*args: Any) -> Any:
        given = signature.bind(*args)
        given.apply_defaults()
        change(given.arguments)
        return answer(reference(*given.args), given.arguments)

    return mutant


def _first(first: Any, value: Any) -> Any:
    return first


def _ones(value: Any) -> Any:
    """Ones, or True, in the shape of the value."""
    match value:
        case torch.Tensor():
            return torch.ones_like(value)
        case np.ndarray():
            return np.ones_like(value)
        case dict():
            return {key: _ones(item) for key, item in value.items()}
        case list() | tuple():
            return type(value)(_ones(item) for item in value)
        case bool() | int() | float():
            return type(value)(1)
    return value


def _otherwise(reference: Function, *names: str) -> Function:
    def equal(given: dict[str, Any]) -> bool:
        if len(names) == 1:
            return any(len({*row}) < len(row) for row in _rows(given[names[0]]))
        return any(x == y for a, b in zip(*(_rows(given[n]) for n in names)) for x, y in zip(a, b))  # noqa: B905

    return _wrapped(reference, lambda given: None, lambda result, given: _another(result) if equal(given) else result)


def _another(result: Any) -> Any:
    """Another value of the same kind."""
    match result:
        case torch.Tensor() | np.ndarray():
            return ~result if result.dtype in (torch.bool, bool) else result + 1
        case dict():
            return {key: _another(item) for key, item in result.items()}
        case list() | tuple():
            return type(result)(_another(item) for item in result)
        case bool():
            return not result
        case str():
            return result[::-1]
        case None:
            return 0
    return result + 1


def _kind(value: Any) -> object:
    """int or float of a number; of rows of numbers, how long they are."""
    return type(value) if isinstance(value, Real) else [len(row) for row in _rows(value)]


def _rows(value: Any) -> list[list[float]]:
    """The rows of numbers in a value: a tensor's, or one for each of a dict's or a list's."""
    if isinstance(value, torch.Tensor | np.ndarray):
        return [] if value.dtype in (torch.bool, bool) else [value.flatten().tolist()]
    if isinstance(value, dict):
        return [row for item in value.values() for row in _rows(item)]
    if isinstance(value, list | tuple):
        if all(isinstance(item, Real) and not isinstance(item, bool) for item in value):
            return [list(value)]
        return [row for item in value for row in _rows(item)]
    return [[value]] if isinstance(value, Real) and not isinstance(value, bool) else []
