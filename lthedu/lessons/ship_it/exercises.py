"""This lesson's exercises, each by itself. The references are the library's own functions."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, Wrong, exercise
from lthedu.exercises.readers import number, whole
from lthedu.exercises.values import difference
from lthedu.tickets.distances import hamming, relative_distance
from lthedu.tickets.early_bird import early_bird

CLOSE = 1e-6


@exercise(
    relative_distance,
    "How far apart are two masks?",
    minutes=10,
    level=2,
    hints=(
        "Two random masks keep 5 % each. At which share of all places do they differ? Is that far?",
        "With densities p and q two random masks differ at a share p (1 - q) + q (1 - p) of all places: one keeps and "
        "the other does not. Divide the measured share by that. If it is 0, both masks are full or both are empty.",
        "p, q = a.double().mean().item(), b.double().mean().item()\nexpected = ...  # a keeps and b does not, or b and "
        "not a\ndiffer = (a != b).double().mean().item()\nreturn differ / expected if expected else 0.0",
    ),
    returns=lambda got, a, b: _distance(got, a, b),
)
def check_relative_distance(attempt: Attempt) -> None:
    """Masks of equal and of different densities, equal masks, complements; then full and empty ones."""
    sizes = ((40, 0.5, 0.5), (200, 0.1, 0.1), (60, 0.2, 0.7), (500, 0.05, 0.05))
    pairs = [(_random_mask(attempt, n, p), _random_mask(attempt, n, q)) for n, p, q in sizes]
    a, square = _random_mask(attempt, 30, 0.3), _random_mask(attempt, 36, 0.4).view(6, 6)
    pairs += [(a, a), (a, ~a), (square, square.T.contiguous())]
    full, empty = torch.ones(8, dtype=torch.bool), torch.zeros(8, dtype=torch.bool)
    half = _random_mask(attempt, 8, 0.5)
    ends = [(full, empty), (empty, full), (full, half), (half, empty)]
    for cases in (pairs, [*pairs, (full, full), (empty, empty), *ends]):
        compare(
            attempt,
            cases,
            close=lambda a, b, *_: math.isclose(a, b, rel_tol=1e-5, abs_tol=CLOSE),
            show=lambda got, right, a, b: (
                f"densities {a.double().mean():.3g} and {b.double().mean():.3g}, {100 * hamming(a, b):.3g} % of the "
                f"places differ: {difference(got, right)}"
            ),
            otherwise=lambda got, right, a, b: (
                "equal masks never differ: their distance is 0, also that of two full or two empty ones"
                if torch.equal(a, b)
                else "this is not the share of differing places over chance's"
            ),
        )


def _random_mask(attempt: Attempt, n: int, density: float) -> Tensor:
    mask = torch.zeros(n, dtype=torch.bool)
    mask[torch.randperm(n, generator=attempt.rng)[: round(density * n)]] = True
    return mask


def _distance(got: Any, a: Tensor, b: Tensor) -> float:
    found = number(got, nan=True)
    if math.isfinite(found):
        return found
    if torch.equal(a, b):
        raise Wrong(f"it returned {found} for two equal masks: they never differ, and their distance is 0")
    raise Wrong(f"it returned {found} for masks of densities {a.double().mean():.3g} and {b.double().mean():.3g}")


@exercise(
    early_bird,
    "When has a mask settled?",
    minutes=15,
    level=2,
    hints=(
        "How many masks must have been seen before the first decision, if the newest is compared with window - 1 "
        "before it?",
        "Go through the masks in order, from position window - 1. Compare the newest with *each* of the window - 1 "
        "masks before it: the share of places that differ must be at most the threshold in every comparison. Return "
        "the position of the first such mask, or None.",
        "for newest in range(window - 1, len(masks)):\n    before = masks[newest - window + 1 : newest]\n"
        "    if all(... <= threshold for m in before):  # the share of places at which m and the newest differ\n"
        "        return newest\nreturn None",
    ),
    returns=lambda got, *_: _position(got),
)
def check_early_bird(attempt: Attempt) -> None:
    """Masks that settle slowly, at once, twice, or never; a distance exactly at the threshold; few masks."""
    slow = _settling(attempt, [0.4, 0.3, 0.2, 0.15, 0.12, 0.05, 0.02, 0.01, 0.01, 0.0, 0.0])
    drift = [0.3] * 4 + [0.08] * 8  # each late step is small, all together are not
    returns = _settling(attempt, [0.0, 0.4, 0.0, 0.0, 0.3, 0.0, 0.0, 0.0, 0.0])
    first, one, other = slow[0], *(slow[0] ^ (torch.arange(100) // 8 == i) for i in (1, 2))  # 8 places apart, or 16
    near = first ^ (torch.arange(100) < 6)
    settled = [
        (slow, 0.1, 5),
        (slow, 0.1, 3),
        (returns, 0.1, 4),
        (returns, 0.1, 3),
        ([first, ~first, first, ~first, ~first, ~first], 0.1, 3),  # near to one mask, and not to the last
        (_settling(attempt, [0.4, 0.2, 0.0]), 0.25, 2),
        (_settling(attempt, [0.25, 0.0, 0.0]), 0.25, 2),  # a quarter is a quarter in every kind of number
        (_settling(attempt, [0.02, 0.03, 0.4, 0.0, 0.0, 0.0]), 0.1, 3),  # the first three are enough
        (_settling(attempt, [*drift, 0.0, 0.0, 0.0, 0.0, 0.0]), 0.1, 5),
        ([~first, one, other, first, first, first], 0.1, 3),  # near to the newest, and not to each other
        ([~first, first, one, other, other, other], 0.1, 3),  # near to the oldest, and not to the newest
        ([one, other, first, first], 0.1, 2),  # near to both that are not near to each other
        ([~first, first, near, first, near, near, near], 0.1, 4),  # there and back again
        (_sliding(attempt, [36, 20, 12, 8, 7, 6, 5]), 0.31, 2),
    ]
    others = [([first] * 6, 0.0, 4), (_settling(attempt, drift), 0.1, 5), ([first] * 3, 0.1, 4)]
    for cases in (settled, settled + others):
        compare(
            attempt,
            cases,
            show=_bird_shown,
            otherwise=lambda got, right, *_: (
                "there is a mask that has settled, and it returned None"
                if got is None
                else "this is not the first mask within the threshold of each of the window - 1 masks before it"
            ),
        )


def _settling(attempt: Attempt, changes: Sequence[float], n: int = 100) -> list[Tensor]:
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


def _sliding(attempt: Attempt, steps: Sequence[int], n: int = 200) -> list[Tensor]:
    """Matrices of 200 places, a fifth of them kept; at each step so many are exchanged for others."""
    order = torch.randperm(n, generator=attempt.rng)
    found = [torch.zeros(n, dtype=torch.bool) for _ in range(len(steps) + 1)]
    for mask, at in zip(found, itertools.accumulate(steps, initial=0), strict=True):
        mask[order[at : at + n // 5]] = True
    return [mask.view(10, -1) for mask in found]


def _position(got: Any) -> int | None:
    if isinstance(got, Tensor) and got.numel() > 1:
        raise Wrong("it returned a mask; return its position in `masks`, or None")
    return None if got is None else whole(got, "a position in `masks`, or None")


def _bird_shown(got: int | None, right: int | None, sequence: list[Tensor], threshold: float, window: int) -> str:
    steps = ", ".join(f"{hamming(x, y):.2f}" for x, y in itertools.pairwise(sequence))
    return f"changes from mask to mask {steps}; threshold {threshold}, window {window}: got {got}, expected {right}"
