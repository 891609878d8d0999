"""Every pruning criterion is the same two words: score, then select."""

from lthedu.pruning.scores import Scores, magnitude, random_scores
from lthedu.pruning.selection import Scope, random_mask, select

__all__ = ["Scope", "Scores", "magnitude", "random_mask", "random_scores", "select"]
