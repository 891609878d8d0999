"""What a mask knows: masks over weights that never train, by criterion, by gradient and by search without gradients."""

from lthedu.base.fingerprint import fingerprint
from lthedu.supermasks.actions import (
    constants,
    frozen_at_init,
    reinitialised,
    reshuffled,
    zero_at_random,
    zero_if_moved_to_zero,
)
from lthedu.supermasks.criteria import CRITERIA, different_sign, four_scores, same_sign
from lthedu.supermasks.methods import Bernoulli, EdgePopup, bernoulli_mask, rescaled_by_count
from lthedu.supermasks.topk import keep_top, popup_mask
from lthedu.supermasks.weights import initial_scores, kaiming_normal, signed_constants

__all__ = [
    "CRITERIA",
    "Bernoulli",
    "EdgePopup",
    "bernoulli_mask",
    "constants",
    "different_sign",
    "fingerprint",
    "four_scores",
    "frozen_at_init",
    "initial_scores",
    "kaiming_normal",
    "keep_top",
    "popup_mask",
    "reinitialised",
    "rescaled_by_count",
    "reshuffled",
    "same_sign",
    "signed_constants",
    "zero_at_random",
    "zero_if_moved_to_zero",
]
