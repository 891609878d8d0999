"""Every pruning criterion is the same two words: score, then select. A schedule says when and how far."""

from lthedu.pruning.allocation import er_densities, mask_by_input, share_out, sparse_start
from lthedu.pruning.dead_neurons import remove_constant, remove_dead, remove_unread
from lthedu.pruning.drop_grow import (
    absolute,
    drop,
    drop_and_grow,
    drop_fraction,
    grow,
    resize,
    swap_across,
    swap_each,
)
from lthedu.pruning.saliency import grasp, in_rounds, snip, synflow
from lthedu.pruning.schedules import cubic, select_each, through
from lthedu.pruning.scores import Scores, magnitude, random_scores
from lthedu.pruning.second_order import damped_inverse, obd, obs_path, obs_update
from lthedu.pruning.selection import Scope, keep_largest, random_mask, select, select_globally

__all__ = [
    "Scope",
    "Scores",
    "absolute",
    "cubic",
    "damped_inverse",
    "drop",
    "drop_and_grow",
    "drop_fraction",
    "er_densities",
    "grasp",
    "grow",
    "in_rounds",
    "keep_largest",
    "magnitude",
    "mask_by_input",
    "obd",
    "obs_path",
    "obs_update",
    "random_mask",
    "random_scores",
    "remove_constant",
    "remove_dead",
    "remove_unread",
    "resize",
    "select",
    "select_each",
    "select_globally",
    "share_out",
    "snip",
    "sparse_start",
    "swap_across",
    "swap_each",
    "synflow",
    "through",
]
