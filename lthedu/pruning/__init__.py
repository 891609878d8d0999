"""Every pruning criterion is the same two words: score, then select. A schedule says when and how far."""

from lthedu.pruning.saliency import grasp, in_rounds, snip, synflow
from lthedu.pruning.schedules import cubic, select_each
from lthedu.pruning.scores import Scores, magnitude, random_scores
from lthedu.pruning.second_order import damped_inverse, obd, obs_path, obs_update
from lthedu.pruning.selection import Scope, keep_largest, random_mask, select, select_globally

__all__ = [
    "Scope",
    "Scores",
    "cubic",
    "damped_inverse",
    "grasp",
    "in_rounds",
    "keep_largest",
    "magnitude",
    "obd",
    "obs_path",
    "obs_update",
    "random_mask",
    "random_scores",
    "select",
    "select_each",
    "select_globally",
    "snip",
    "synflow",
]
