"""Mistakes that people really make in this lesson, and what they are told."""

from torch import Tensor

from lthedu.exercises.core import mistake


@mistake("kept_share", "this is the number of True entries; divide it by the number of all")
def counts(mask: Tensor) -> int:
    return int(mask.sum())


@mistake("kept_share", "this is the share that is pruned")
def the_other_share(mask: Tensor) -> float:
    return 1 - mask.float().mean().item()


@mistake("kept_share", "this is in percent; return a share between 0 and 1")
def in_percent(mask: Tensor) -> float:
    return 100 * mask.float().mean().item()


@mistake("kept_share", "this divides by the number of rows; a mask has rows and columns")
def divides_by_rows(mask: Tensor) -> float:
    return mask.sum().item() / len(mask)
