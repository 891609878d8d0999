"""A fold of the reader's own, applied again and again."""

from itertools import pairwise

import numpy as np

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count
from lthedu.proof.limits import Pieces


@typed
def folded(fold: Pieces, times: Count) -> Pieces:
    """A function from [0, 1] to [0, 1] applied so many times, exactly; knots at which it does not bend are dropped.

    Raises ValueError for knots that do not go up from 0 to 1, and for heights outside [0, 1].

    >>> tent = Pieces(np.array([0.0, 0.5, 1.0]), np.array([0.0, 1.0, 0.0]))
    >>> folded(tent, 2).x.tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    if len(fold.x) < 2 or fold.x[0] != 0 or fold.x[-1] != 1 or not (np.diff(fold.x) > 0).all():
        raise ValueError(f"the knots are {fold.x.tolist()}; allowed: two or more that go up from 0 to 1")
    if not ((fold.y >= 0) & (fold.y <= 1)).all():
        raise ValueError(f"the heights are {fold.y.tolist()}; allowed: numbers from 0 to 1")
    made = Pieces(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    for _ in range(times):
        x = [made.x]
        for (a, b), (low, high) in zip(pairwise(made.x), pairwise(made.y), strict=True):
            inside = fold.x[(fold.x > min(low, high)) & (fold.x < max(low, high))]
            x.append(a + (inside - low) * (b - a) / (high - low) if low != high else inside[:0])
        places = np.unique(np.concatenate(x))
        made = Pieces(places, fold(made(places)))
    slopes = np.diff(made.y) / np.diff(made.x)
    bends = np.concatenate([[True], ~np.isclose(slopes[:-1], slopes[1:], rtol=1e-6, atol=0), [True]])
    return Pieces(made.x[bends], made.y[bends])
