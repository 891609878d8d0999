"""The exercises of the lesson "Begin with more"."""

import torch
from torch import Tensor

from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, exercise
from lthedu.exercises.readers import number


def kept_share(mask: Tensor) -> float:
    """The share of a mask's entries that are True.

    `mask`: bool, of any shape, not empty.

    >>> kept_share(torch.tensor([[True, False], [False, False]]))
    0.25
    """
    return int(mask.sum()) / mask.numel()


@exercise(
    kept_share,
    "The share that a mask keeps",
    minutes=5,
    level=1,
    hints=(
        "How many entries are True, and how many are there?",
        "`mask.sum()` counts the True entries, whatever the shape. What counts all of them?",
        "return mask.sum().item() / ...",
    ),
)
def check_kept_share(attempt: Attempt) -> None:
    """The share of small masks, of one and of two dimensions."""
    compare(
        attempt,
        [
            (torch.tensor([[True, False, False], [False, False, False]]),),
            (torch.tensor([[True, True], [True, False]]),),
            (torch.ones(3, 1, dtype=torch.bool),),
            (torch.zeros(4, dtype=torch.bool),),
        ],
        read=lambda result, mask: number(result),
        otherwise="this is not the share of entries that are True",
    )
