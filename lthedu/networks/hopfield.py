"""Hopfield's memory: patterns of +1 and -1 that Hebb's rule writes into a network, which then finds them again."""

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count, Whole


@typed
def hebb(patterns: Tensor) -> Tensor:
    """Weights (n, n) that store `patterns` (p, n) of +1 and -1: for a pair of units, the sum of their products.

    A pair's weight rises by 1 for each pattern in which the two agree and falls by 1 for each in which they differ. It
    depends on these two units alone. No unit has a weight from itself. (Hopfield 1982.) Raises ValueError for anything
    but a matrix of +1 and -1.

    >>> hebb(torch.tensor([[1.0, 1.0, -1.0], [1.0, -1.0, -1.0]]))
    tensor([[ 0.,  0., -2.],
            [ 0.,  0.,  0.],
            [-2.,  0.,  0.]])
    """
    _demand_signs("patterns", patterns)
    weights = patterns.T @ patterns
    return weights.fill_diagonal_(0) + 0.0  # -0.0 is 0.0


@typed
def strongest_pairs(scores: Tensor, pairs: Whole) -> Tensor:
    """The mask (n, n) of the `pairs` pairs of units with the largest scores, the same in both directions.

    Scores are read above the diagonal. Of equal ones the pair that stands first is kept, so draw among them beforehand
    where places must not matter. Raises ValueError for scores that are no square or hold NaN, and for more pairs than
    there are.

    >>> strongest_pairs(torch.tensor([[0.0, 5.0, 1.0], [5.0, 0.0, 3.0], [1.0, 3.0, 0.0]]), 2).int()
    tensor([[0, 1, 0],
            [1, 0, 1],
            [0, 1, 0]], dtype=torch.int32)
    """
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or scores.isnan().any():
        raise ValueError(f"scores has the shape {tuple(scores.shape)}; allowed: a square (units, units) without NaN")
    rows, columns = torch.ones_like(scores).triu(1).nonzero(as_tuple=True)  # in the order of the matrix
    if pairs > len(rows):
        raise ValueError(f"pairs is {pairs}; allowed: 0 to the {len(rows)} pairs of {len(scores)} units")
    first = scores[rows, columns].argsort(descending=True, stable=True)[:pairs]
    mask = torch.zeros_like(scores, dtype=torch.bool)
    mask[rows[first], columns[first]] = True
    return mask | mask.T


@typed
def recall(weights: Tensor, state: Tensor, steps: Count = 20) -> Tensor:
    """The states (p, n) of +1 and -1 after so many steps: each unit takes the sign of the sum that it gets.

    All units change at once, each reads its row of `weights` (n, n), and one that gets 0 stays as it is. Raises
    ValueError for shapes that do not fit, and for a state of other numbers.

    >>> stored = torch.tensor([[1.0, 1.0, -1.0, -1.0]])
    >>> recall(hebb(stored), torch.tensor([[-1.0, 1.0, -1.0, -1.0]]))
    tensor([[ 1.,  1., -1., -1.]])
    """
    if state.ndim != 2 or weights.shape != (state.shape[1],) * 2:
        shapes = f"weights has the shape {tuple(weights.shape)} and state {tuple(state.shape)}"
        raise ValueError(f"{shapes}; allowed: (units, units) and (patterns, units)")
    _demand_signs("state", state)
    for _ in range(steps):
        total = state @ weights.T
        state = torch.where(total == 0, state, total.sign())
    return state


def _demand_signs(name: str, values: Tensor) -> None:
    """Raise ValueError for anything but a matrix of +1 and -1."""
    if values.ndim != 2 or values.dtype == torch.bool:
        raise ValueError(f"{name} is {values.dtype} of shape {tuple(values.shape)}; allowed: numbers (patterns, units)")
    if len(others := values[values.abs() != 1]):
        shape, other = tuple(values.shape), others.flatten()[0].item()
        raise ValueError(f"{name}, of shape {shape}, holds {other:g}; allowed: +1 and -1")
