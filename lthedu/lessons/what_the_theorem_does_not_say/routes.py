"""Sawtooths by other networks: folding half in each of two hidden layers, one layer more, and folds of one's own."""

import math
from itertools import pairwise
from typing import Annotated

import numpy as np
from torch import nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count, Positive, Range
from lthedu.proof import construct_shallow, limits
from lthedu.proof.construct import Construction
from lthedu.proof.limits import Pieces, shallow_sawtooth


@typed
def halfway_sawtooth(folds: Annotated[int, Range(2, limits.MOST_FOLDS)]) -> nn.Sequential:
    """The sawtooth as a network of three layers: half of the folds in the first hidden layer, the others in the second.

    Each half is a sawtooth of two layers; where they meet, two linear layers become one. Its hidden layers have
    2^(folds / 2) units each, for an even number of folds. Raises ValueError for fewer than 2 folds, or more than 20.

    >>> [layer.out_features for layer in halfway_sawtooth(6)[::2]]
    [8, 8, 1]
    """
    first, _, last = shallow_sawtooth(folds // 2)
    then, _, top = shallow_sawtooth(folds - folds // 2)
    assert isinstance(last, nn.Linear)
    assert isinstance(then, nn.Linear)
    joined = nn.Linear(last.in_features, then.out_features, device="meta")  # where nothing is drawn
    joined.weight = nn.Parameter(then.weight.data @ last.weight.data)
    joined.bias = nn.Parameter(then.weight.data @ last.bias.data + then.bias.data)
    return nn.Sequential(first, nn.ReLU(), joined, nn.ReLU(), top)


@typed
def prune_one_layer_more(target: nn.Module, eps: Positive, *, seed: int = 0) -> tuple[Construction, float]:
    """`limits.prune_to` with a random network that has only one layer more than the target.

    Returns what was built, and its distance from the target, which is exact. Raises ValueError for an eps not above 0,
    and where even an error of 1e-9 for each weight is too much.

    >>> ticket, off = prune_one_layer_more(halfway_sawtooth(2), eps=0.1)
    >>> len(ticket.source.sizes) - 1, off <= 0.1
    (4, True)
    """
    wanted, eta, off = limits.pieces(target), min(eps, 0.25), math.inf
    while eta >= 1e-9:
        ticket = construct_shallow(target, eta=eta, seed=seed)
        made = limits.pieces(ticket.module())
        off = limits.distance(wanted, Pieces(made.x, ticket.scale * made.y))
        if off <= eps:
            return ticket, off
        eta /= 2
    raise ValueError(f"with an error of {2 * eta:g} for each weight the distance is {off:g}; eps is {eps}")


@typed
def folded(fold: Pieces, times: Count) -> Pieces:
    """A function from [0, 1] to [0, 1] applied so many times, exactly: a knot wherever it meets a knot of the next.

    >>> tent = Pieces(np.array([0.0, 0.5, 1.0]), np.array([0.0, 1.0, 0.0]))
    >>> folded(tent, 2).x.tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    made = Pieces(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    for _ in range(times):
        x = [made.x]
        for (a, b), (low, high) in zip(pairwise(made.x), pairwise(made.y), strict=True):
            inside = fold.x[(fold.x > min(low, high)) & (fold.x < max(low, high))]
            x.append(a + (inside - low) * (b - a) / (high - low) if low != high else inside[:0])
        places = np.unique(np.concatenate(x))
        made = Pieces(places, fold(made(places)))
    return made
