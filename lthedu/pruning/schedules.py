"""When to prune how far: densities by training step, and the masks of stacked networks at one density."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Annotated

import torch

from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Fraction, Number
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.pruning.scores import Scores, magnitude

Choose = Callable[[Scores, float], Mask]  # one network's scores, density -> its mask


@typed
def cubic(step: int, begin: int, end: int, final: Fraction) -> float:
    """Density at `step` on the cubic schedule from 1 at step `begin` to `final` at step `end`.

    Before `begin` it is 1, after `end` it is `final`, in between final + (1 - final) * (1 - progress) ** 3,
    where progress runs from 0 to 1: fast at first, while there are weights to spare, and slow at the end. With
    sparsity = 1 - density this is the formula of Zhu and Gupta (2017, arXiv:1710.01878) for an initial sparsity
    of 0. Raises ValueError unless begin < end and `final` lies in [0, 1].

    >>> [round(cubic(step, 100, 200, final=0.1), 4) for step in (50, 100, 150, 200, 250)]
    [1.0, 1.0, 0.2125, 0.1, 0.1]
    """
    if not begin < end:
        raise ValueError(f"begin is step {begin} and end step {end}; begin must come first")
    progress = min(max((step - begin) / (end - begin), 0.0), 1.0)
    return final + (1 - final) * (1 - progress) ** 3


@typed
def through(points: Annotated[Sequence[tuple[Number, Fraction]], AtLeast(1)], at: Number) -> float:
    """Density at `at` on straight lines through `points`, pairs (when, density) in the order of time.

    Before the first point it is the first density, after the last point the last one. Two points at one time are a
    jump, and at that time the later one counts. Raises ValueError for times that fall, and densities outside [0, 1].

    >>> grow_then_prune = [(0, 0.1), (100, 0.5), (200, 0.1)]
    >>> [round(through(grow_then_prune, step), 2) for step in (0, 50, 100, 150, 300)]
    [0.1, 0.3, 0.5, 0.3, 0.1]
    """
    if any(early > late for (early, _), (late, _) in pairwise(points)):
        raise ValueError(f"points are {list(points)}; allowed: times that do not fall")
    if at < points[0][0]:
        return points[0][1]
    for (early, before), (late, after) in pairwise(points):
        if early <= at < late:
            return before + (after - before) * (at - early) / (late - early)
    return points[-1][1]


@typed
def select_each(params: Params, mask: Mask, density: Fraction, choose: Choose, spare: Sequence[str] = ()) -> Mask:
    """The next mask of R stacked networks: each pruned by magnitude, by itself, to `density` of all its weights.

    `params` and `mask`: name to (R, ...). `choose(scores, density)` makes one network's mask. The layers named
    in `spare` are left as they are, and do not count. A pruned weight ranks below every kept one and never comes
    back. Raises ValueError for a spared layer that has no mask, and for a mask that does not fit.

    >>> from lthedu.pruning import select
    >>> weights = {"w": torch.tensor([[[1.0, -2.0, 3.0, 0.5]], [[4.0, 3.0, 2.0, 1.0]]])}
    >>> select_each(weights, {"w": weights["w"] != 3.0}, 0.5, select)["w"].int().tolist()
    [[[1, 1, 0, 0]], [[1, 0, 1, 0]]]
    """
    if missing := [name for name in spare if name not in mask]:
        raise ValueError(f"spare names {missing[0]!r}, which has no mask; there are: {', '.join(mask)}")
    masks.check_fits(mask, params)
    after = []
    for i in range(len(next(iter(mask.values())))):
        before = masks.unstack(mask, i)
        scores = magnitude(masks.unstack(params, i))
        ranked = {n: torch.where(m, scores[n], -1.0) for n, m in before.items() if n not in spare}
        chosen = choose(ranked, density)
        after.append({n: chosen[n] & m if n in chosen else m for n, m in before.items()})
    return masks.stack(after)
