"""Values: whether two are the same, and how they are shown, briefly and where they differ."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


def alike(a: Any, b: Any, rel: float = 1e-6) -> bool:
    """Whether two values are the same: numbers up to `rel`, tensors, arrays and lists item by item.

    >>> alike([1.0, torch.ones(2)], (1 + 1e-9, np.ones(2))), alike(1, True), alike({"a": 1}, {"a": 2})
    (True, True, False)
    """
    if isinstance(a, Mapping) or isinstance(b, Mapping):
        return (
            isinstance(a, Mapping)
            and isinstance(b, Mapping)
            and a.keys() == b.keys()
            and all(alike(a[key], b[key], rel) for key in a)
        )
    if isinstance(a, str) or isinstance(b, str) or a is None or b is None:
        return type(a) is type(b) and a == b
    if isinstance(a, Tensor | np.ndarray) or isinstance(b, Tensor | np.ndarray):
        x, y = _array(a), _array(b)
        return x is not None and y is not None and x.shape == y.shape and np.allclose(x, y, rel, rel**2, equal_nan=True)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(alike(x, y, rel) for x, y in zip(a, b, strict=True))
    try:
        return a == b or math.isclose(a, b, rel_tol=rel, abs_tol=rel**2)
    except TypeError:
        return False


def _array(value: Any) -> np.ndarray[Any, Any] | None:
    try:
        return np.asarray(value.detach().cpu() if isinstance(value, Tensor) else value, float)
    except (TypeError, ValueError):
        return None


def brief(value: Any, digits: int = 4) -> str:
    """A short repr, with `digits` significant digits: small tensors and arrays whole, large ones by shape.

    Numbers in one of them that differ get as many digits as it takes for them to look different.

    >>> brief({"one": torch.tensor(1.0), "small": torch.ones(2), "large": torch.ones(28, 28)})
    "{'one': tensor(1.0), 'small': [1.0, 1.0], 'large': a tensor of shape (28, 28)}"
    >>> brief(torch.tensor([0.5, 0.5 + 1e-6]))
    '[0.5, 0.500001]'
    """
    if isinstance(value, Tensor | np.ndarray):
        kind = "tensor" if isinstance(value, Tensor) else "array"
        if math.prod(value.shape) > 12:
            return f"{'a' if kind == 'tensor' else 'an'} {kind} of shape {tuple(value.shape)}"
        shown = _rounded(value.tolist(), _telling(value, digits))
        return shown if value.ndim else f"{kind}({shown})"
    if type(value) is float:
        return _rounded(value, max(digits, 6))
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k!r}: {brief(v, digits)}" for k, v in value.items()) + "}"
    if isinstance(value, torch.Generator):
        return "a torch.Generator"
    if isinstance(value, nn.Module):
        return f"a network of the class {type(value).__name__}"
    if callable(value):
        return getattr(value, "__name__", "a function")
    try:
        text = repr(value)
    except Exception:  # an object of the learner's, with a bug of its own
        text = f"an object of {type(value).__name__}"
    return text if len(text) <= 80 else text[:77] + "..."


def _rounded(value: Any, digits: int) -> str:
    """Nested lists of numbers with so many significant digits at most."""
    if isinstance(value, list):
        return "[" + ", ".join(_rounded(v, digits) for v in value) + "]"
    return repr(float(f"{value:.{digits}g}")) if isinstance(value, float) else repr(value)


def _telling(value: Tensor | np.ndarray[Any, Any], digits: int) -> int:
    """How many digits, `digits` or more, it takes for numbers that differ to look different."""
    numbers = {x for x in value.flatten().tolist() if isinstance(x, float) and x == x}
    return next((d for d in range(digits, 17) if len({f"{x:.{d}g}" for x in numbers}) >= len(numbers)), 17)


def apart(got: Any, right: Any) -> tuple[str, str]:
    """Both values, briefly, with as many digits as it takes for them to differ.

    >>> apart(1 / 3, 0.333333), apart(torch.tensor(1.0), 1.0), apart(torch.tensor([0.5]), torch.tensor([0.5 + 1e-6]))
    (('0.3333333', '0.333333'), ('tensor(1.0)', '1.0'), ('[0.5]', '[0.500001]'))
    """
    for digits in range(4, 18):
        shown = brief(got, digits), brief(right, digits)
        if shown[0] != shown[1]:
            return shown
    return shown


def difference(got: Any, right: Any) -> str:
    """What came and what was expected, at the first place where a large value differs, in digits that differ.

    >>> difference(0.2, 0.2 + 1e-8), difference([1, 2], [1, 3])
    ('got 0.2, expected 0.20000001', 'got [1, 2], expected [1, 3]')
    >>> difference({"w": torch.zeros(5, 6)}, {"w": torch.zeros(5, 6).index_fill(1, torch.tensor(2), 1.5)})
    "at ['w'][0, 2] got 0.0, expected 1.5"
    """
    place, got, right = _first_place(got, right)
    shown = apart(got, right)
    return f"{place}got {shown[0]}, expected {shown[1]}"


def change(before: Any, after: Any) -> str:
    """What was and what became of it, at the first place where a large value changed; nothing where both look alike.

    >>> change([torch.zeros(5, 6)], [torch.zeros(5, 6).index_fill(1, torch.tensor(2), 1.5)])
    'at [0][0, 2] 0.0 became 1.5'
    >>> change(nn.Linear(1, 1), nn.Linear(1, 1))
    ''
    """
    place, before, after = _first_place(before, after)
    was, now = apart(before, after)
    return f"{place}{was} became {now}" if was != now else ""


def _first_place(one: Any, other: Any) -> tuple[str, Any, Any]:
    """The first place where two values differ, in words, and what stands there; of small values no place, but all."""
    place = ""
    while True:
        if isinstance(one, Mapping) and isinstance(other, Mapping) and one.keys() == other.keys():
            keys: list[Any] = [key for key in other if not alike(one[key], other[key], 0)]
        elif isinstance(one, list | tuple) and isinstance(other, list | tuple) and _large(one, other):
            keys = [i for i in range(len(other)) if not alike(one[i], other[i], 0)]
        else:
            break
        if not keys:
            break
        place += f"[{keys[0]!r}]"
        one, other = one[keys[0]], other[keys[0]]
    x, y = (_array(value) if isinstance(value, Tensor | np.ndarray) else None for value in (one, other))
    if x is not None and y is not None and x.shape == y.shape and x.size > 12:
        places = np.argwhere(~((x == y) | (np.isnan(x) & np.isnan(y)))).tolist()
        if places:
            place += str(places[0])
            one, other = (value[tuple(places[0])].item() for value in (one, other))
    return f"at {place} " if place else "", one, other


def _large(one: Sequence[Any], other: Sequence[Any]) -> bool:
    """Whether two equally long rows are long, or hold more than numbers."""
    held = (Mapping, list, tuple, Tensor, np.ndarray)
    return len(one) == len(other) and (len(one) > 12 or any(isinstance(item, held) for item in (*one, *other)))
