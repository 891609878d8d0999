"""What a mask knows: masks over weights that never train, by criterion, by gradient and by search without gradients."""

from lthedu.supermasks.actions import (
    constants,
    frozen_at_init,
    reinitialised,
    reshuffled,
    zero_at_random,
    zero_if_moved_to_zero,
)
from lthedu.supermasks.criteria import CRITERIA, different_sign, same_sign

__all__ = [
    "CRITERIA",
    "constants",
    "different_sign",
    "frozen_at_init",
    "reinitialised",
    "reshuffled",
    "same_sign",
    "zero_at_random",
    "zero_if_moved_to_zero",
]
