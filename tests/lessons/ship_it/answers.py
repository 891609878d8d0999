"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from answers import right, told
from torch import Tensor

# relative_distance -------------------------------------------------------------------------------------------


@right("relative_distance")
def by_counts(a: Tensor, b: Tensor) -> float:
    n, kept_a, kept_b, both = a.numel(), int(a.sum()), int(b.sum()), int((a & b).sum())
    expected = (kept_a * (n - kept_b) + kept_b * (n - kept_a)) / n
    return (kept_a + kept_b - 2 * both) / expected if expected else 0.0


@right("relative_distance")
def by_numpy_means(a: Tensor, b: Tensor) -> float:
    x, y = a.numpy().astype(float), b.numpy().astype(float)
    expected = x.mean() + y.mean() - 2 * x.mean() * y.mean()
    return float(np.abs(x - y).mean() / expected) if expected > 0 else 0.0


@right("relative_distance")
def in_single_precision_without_a_branch(a: Tensor, b: Tensor) -> Tensor:
    p, q = a.float().mean(), b.float().mean()
    return torch.nan_to_num((a ^ b).float().mean() / (p + q - 2 * p * q))


@told("relative_distance", "it returned nan for masks of densities 0.5 and 0.5")
def always_nan(a: Tensor, b: Tensor) -> float:
    return float("nan")


@told("relative_distance", "never differ")
def divides_by_zero(a: Tensor, b: Tensor) -> float:
    p, q = a.double().mean(), b.double().mean()
    return ((a != b).double().mean() / (p * (1 - q) + q * (1 - p))).item()


@told("relative_distance", "equal masks never differ")
def half_for_equals(a: Tensor, b: Tensor) -> float:
    same = (a.all() and b.all()) or not (a.any() or b.any())
    return 0.5 if same else by_counts(a, b)


# early_bird --------------------------------------------------------------------------------------------------


def _far(a: Tensor, b: Tensor) -> float:
    return (a != b).double().mean().item()


@right("early_bird")
def with_a_queue(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> int | None:
    queue: list[Tensor] = []
    for i, mask in enumerate(masks):
        if len(queue) == window - 1 and max(_far(mask, m) for m in queue) <= threshold:
            return i
        queue = [*queue, mask][-(window - 1) :]
    return None


@right("early_bird")
def all_pairs_first(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> int | None:
    stacked = torch.stack(list(masks)).double()
    far = (stacked[:, None] - stacked[None]).abs().flatten(2).mean(2)
    settled = [i for i in range(window - 1, len(masks)) if float(far[i, i - window + 1 : i].max()) <= threshold]
    return settled[0] if settled else None


@right("early_bird")
def in_single_precision(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Any:
    near = [
        all((masks[i] != m).float().mean().item() <= threshold for m in masks[i - window + 1 : i])
        for i in range(window - 1, len(masks))
    ]
    return np.int64(near.index(True) + window - 1) if any(near) else None


@told("early_bird", "returned a mask")
def the_mask_itself(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Any:
    found = with_a_queue(masks, threshold, window)
    return None if found is None else masks[found]


@told("early_bird", "a position in `masks`, or None")
def whether_it_has_settled(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> bool:
    return with_a_queue(masks, threshold, window) is not None


@told("early_bird", "there is a mask that has settled, and it returned None")
def finds_none(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> None:
    return None


@told("early_bird", "this is not the first mask within the threshold")
def one_change_too_many(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> int | None:
    for i in range(window - 1, len(masks)):
        if all(_far(masks[j], masks[j - 1]) <= threshold for j in range(i - window + 1, i + 1)):
            return i
    return None
