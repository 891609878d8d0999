"""A player of the number game who does not try everything."""

from collections.abc import Sequence

import numpy as np

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count
from lthedu.base.streams import numpy_generator


@typed
def patient_choice(numbers: Sequence[float], target: float, starts: Count = 10) -> list[bool]:
    """Which of the numbers to keep (True) so that their sum is near the target, found by trying to improve.

    The player starts from a random choice, flips the one or two numbers that bring the sum nearest to the target
    (keeps what was deleted, or deletes what was kept), and goes on while that helps. Of `starts` such attempts the best
    counts. Equal arguments give equal choices. Raises ValueError for fewer than one start.

    >>> patient_choice([0.5, -0.3, 0.9], 0.25)
    [True, True, False]
    """
    x, draw = np.asarray(numbers, float), numpy_generator(0, "patient choice")
    best, smallest = np.zeros(len(x), bool), abs(target)
    for _ in range(starts):
        kept, error = draw.random(len(x)) < 0.5, np.inf
        while True:
            change = np.where(kept, -x, x)  # what flipping each number adds to the sum
            changes = change[:, None] + change  # flipping two
            np.fill_diagonal(changes, change)  # flipping one
            errors = abs(x[kept].sum() + changes - target)
            if errors.min() >= error:
                break
            pair = np.unravel_index(errors.argmin(), errors.shape)
            kept[list({*pair})] ^= True
            error = errors.min()
        if error < smallest:
            best, smallest = kept, error
    return [bool(k) for k in best]
