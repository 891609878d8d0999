"""Every pruning criterion is the same two words: score, then select. A schedule says when and how far."""

from lthedu.pruning.schedules import cubic, select_each
from lthedu.pruning.scores import Scores, magnitude, random_scores
from lthedu.pruning.selection import Scope, keep_largest, random_mask, select, select_globally

__all__ = [
    "Scope",
    "Scores",
    "cubic",
    "keep_largest",
    "magnitude",
    "random_mask",
    "random_scores",
    "select",
    "select_each",
    "select_globally",
]
