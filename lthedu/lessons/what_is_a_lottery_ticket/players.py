"""A player of the number game who does not try everything."""

from collections.abc import Iterator, Sequence

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
    best, smallest = [False] * len(numbers), abs(target)
    for kept, error, _ in _attempts(numbers, target, starts):
        if error < smallest:
            best, smallest = kept, error
    return best


@typed
def sums_examined(numbers: Sequence[float], target: float, starts: Count = 10) -> int:
    """How many sums `patient_choice` computes for such a game, one for each flip that it considers.

    Raises ValueError for fewer than one start.

    >>> sums_examined([0.5], 0.25, starts=1)  # of the first flip, and of flipping back
    2
    """
    return sum(looked for _, _, looked in _attempts(numbers, target, starts))


def _attempts(numbers: Sequence[float], target: float, starts: int) -> Iterator[tuple[list[bool], float, int]]:
    """Each start's last choice, its distance, and how many sums were computed on the way."""
    x, draw = np.asarray(numbers, float), numpy_generator(0, "patient choice")
    for _ in range(starts):
        kept, error, looked = draw.random(len(x)) < 0.5, np.inf, 0
        while True:
            change = np.where(kept, -x, x)  # what flipping each number adds to the sum
            changes = change[:, None] + change  # flipping two
            np.fill_diagonal(changes, change)  # flipping one
            errors = abs(x[kept].sum() + changes - target)
            looked += len(x) * (len(x) + 1) // 2
            if errors.min() >= error:
                break
            pair = np.unravel_index(errors.argmin(), errors.shape)
            kept[list({*pair})] ^= True
            error = errors.min()
        yield [bool(k) for k in kept], float(error), looked
