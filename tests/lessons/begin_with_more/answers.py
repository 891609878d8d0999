"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

from answers import right, told
from torch import Tensor


@right("kept_share")
def by_the_mean(mask: Tensor) -> float:
    return mask.float().mean().item()


@right("kept_share")
def by_counting(mask: Tensor) -> float:
    entries = mask.flatten().tolist()
    return entries.count(True) / len(entries)


@told("kept_share", "expected one number")
def returns_nothing(mask: Tensor) -> None:
    mask.float().mean()


@told("kept_share", "this is not the share of entries that are True")
def rounds_to_tenths(mask: Tensor) -> float:
    return round(mask.float().mean().item(), 1)
