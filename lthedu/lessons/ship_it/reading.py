"""What answers to this lesson's exercises are read as, and the masks that they are tried on."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lthedu.exercises.core import Attempt, Wrong
from lthedu.exercises.readers import items, number, whole
from lthedu.exercises.values import brief


def matrix(got: Any, shape: Sequence[int], dtype: torch.dtype = torch.float32) -> Tensor:
    """Numbers of this shape, or Wrong."""
    try:
        found = torch.as_tensor(got, dtype=dtype)
    except (TypeError, ValueError, RuntimeError, OverflowError, MemoryError):
        raise Wrong(f"it returned {brief(got)}; expected numbers of shape {tuple(shape)}") from None
    if found.shape != tuple(shape):
        raise Wrong(f"it has shape {tuple(found.shape)}; expected {tuple(shape)}")
    return found


def levels(got: Any, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Whole codes and a scale for each row, or Wrong."""
    codes, scale = items(got, 2, "two things: codes and scale")
    found = matrix(codes, weights.shape, torch.float64)
    if bool(found.isnan().any()):
        raise Wrong(f"the codes hold NaN, as 0 / 0 gives it: {brief(found)}; the scale of a row is never 0 here")
    if torch.allclose(found, weights.double(), atol=float(weights.abs().max()) / 2) and bool((found % 1 != 0).any()):
        raise Wrong(f"the codes are {brief(found)}, near to the weights; return the whole numbers, before the scale")
    if bool((found % 1 != 0).any()) or bool((found.abs() > 127).any()):
        raise Wrong(f"codes are whole numbers from -127 to 127; got {brief(found)}")
    try:
        scales = torch.as_tensor(scale, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError, OverflowError, MemoryError):
        raise Wrong(f"the scale is {brief(scale)}; expected a number for each row") from None
    if scales.numel() != len(weights):
        raise Wrong(f"the scale has shape {tuple(scales.shape)}; expected a number for each of {len(weights)} rows")
    return found.to(torch.int8), scales.reshape(-1, 1)


def two_layers(got: Any, weight: Tensor, next_weight: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Two layers with one number of neurons between them, or Wrong."""
    parts = items(got, 4, "four tensors: weight, bias, next_weight, next_bias")
    try:
        left = len(parts[0])
    except TypeError:
        raise Wrong(f"weight: it returned {brief(parts[0])}; expected a row for each neuron that is left") from None
    shapes = {"weight": (left, weight.shape[1]), "bias": (left,)}
    shapes |= {"next_weight": (len(next_weight), left), "next_bias": (len(next_weight),)}
    found = []
    for (name, shape), part in zip(shapes.items(), parts, strict=True):
        try:
            found.append(matrix(part, shape))
        except Wrong as wrong:
            raise Wrong(f"{name}: {wrong}") from None
    return tuple(found)  # type: ignore[return-value]


def distance(got: Any, a: Tensor, b: Tensor) -> float:
    """A distance that is finite, or Wrong."""
    found = number(got, nan=True)
    if math.isfinite(found):
        return found
    if torch.equal(a, b):
        raise Wrong(f"it returned {found} for two equal masks: they never differ, and their distance is 0")
    raise Wrong(f"it returned {found} for masks of densities {a.double().mean():.3g} and {b.double().mean():.3g}")


def position(got: Any) -> int | None:
    """A position, or None."""
    if isinstance(got, Tensor) and got.numel() > 1:
        raise Wrong("it returned a mask; return its position in `masks`, or None")
    return None if got is None else whole(got, "a position in `masks`, or None")


def settling(attempt: Attempt, changes: Sequence[float], n: int = 100) -> list[Tensor]:
    """Masks of 100 places, half of them kept; from one to the next the given shares of places change, never back."""
    order = torch.randperm(n, generator=attempt.rng)
    mask = torch.zeros(n, dtype=torch.bool)
    mask[order[::2]] = True
    found, at = [mask], 0
    for share in changes:
        mask, count = mask.clone(), round(share * n)
        for i in range(count):
            mask[order[(at + i) % n]] ^= True
        at += count
        found.append(mask)
    return found


def sliding(attempt: Attempt, steps: Sequence[int], n: int = 200) -> list[Tensor]:
    """Matrices of 200 places, a fifth of them kept; at each step so many are exchanged for others."""
    order = torch.randperm(n, generator=attempt.rng)
    found = [torch.zeros(n, dtype=torch.bool) for _ in range(len(steps) + 1)]
    for mask, at in zip(found, itertools.accumulate(steps, initial=0), strict=True):
        mask[order[at : at + n // 5]] = True
    return [mask.view(10, -1) for mask in found]
