"""Thresholds, and the search for a sparse code by taking thresholds again and again: ISTA and FISTA.

Signals are rows: x (n, d), atoms (m, d), codes (n, m), and `code @ atoms` is what a code stands for.
"""

import math
from typing import Annotated

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Positive, Range, Whole
from lthedu.coding.shapes import refuse_misfits

Penalty = Annotated[float, Range(0)]


@typed
def soft_threshold(values: Tensor, threshold: Tensor | Penalty) -> Tensor:
    """Every value moved towards 0 by the threshold; what is smaller becomes 0.

    It is two ReLUs, relu(v - t) - relu(-v - t), and the z that minimises (z - v)^2 / 2 + t |z|.

    >>> soft_threshold(torch.tensor([-3.0, -0.5, 0.0, 1.0, 2.5]), 1.0).tolist()
    [-2.0, 0.0, 0.0, 0.0, 1.5]
    """
    return torch.relu(values - threshold) - torch.relu(-values - threshold)


@typed
def hard_threshold(values: Tensor, threshold: Tensor | Penalty) -> Tensor:
    """Every value whose size is above the threshold, as it is; the others become 0.

    >>> hard_threshold(torch.tensor([-3.0, -0.5, 1.0, 2.5]), 1.0).tolist()
    [-3.0, 0.0, 0.0, 2.5]
    """
    return torch.where(values.abs() > threshold, values, torch.zeros((), dtype=values.dtype))


@typed
def lasso_loss(code: Tensor, x: Tensor, atoms: Tensor, penalty: Penalty) -> Tensor:
    """What ISTA makes small, for each signal (n,): |x - code @ atoms|^2 / 2 + penalty * (sum of |code|).

    >>> lasso_loss(torch.tensor([[1.0, -2.0]]), torch.tensor([[1.0, 0.0]]), torch.eye(2), 0.5).tolist()
    [3.5]
    """
    refuse_misfits(x, atoms, code)
    return ((x - code @ atoms) ** 2).sum(-1) / 2 + penalty * code.abs().sum(-1)


@typed
def steepness(atoms: Tensor) -> float:
    """The largest eigenvalue of atoms @ atoms.T: how much a gradient of the squared error can change along a step.

    ISTA's step is one over it. It is 1 for orthonormal atoms.

    >>> round(steepness(torch.tensor([[1.0, 0.0], [1.0, 0.0]])), 6)
    2.0
    """
    if atoms.ndim != 2 or not bool(torch.isfinite(atoms).all()):
        raise ValueError(f"atoms has shape {tuple(atoms.shape)}; allowed: (m, d), all numbers finite")
    return float(torch.linalg.matrix_norm(atoms.double(), 2)) ** 2


@typed
def ista_step(code: Tensor, x: Tensor, atoms: Tensor, penalty: Penalty, steep: Positive) -> Tensor:
    """One step of ISTA: along the gradient of the squared error, by 1 / steep, and then a soft threshold.

    The threshold is penalty / steep. Source: Daubechies, Defrise and De Mol (2004).
    Raises ValueError for shapes that do not fit together.

    >>> ista_step(torch.zeros(1, 2), torch.tensor([[3.0, 0.5]]), torch.eye(2), 1.0, 1.0).tolist()
    [[2.0, 0.0]]
    """
    refuse_misfits(x, atoms, code)
    return soft_threshold(code + (x - code @ atoms) @ atoms.T / steep, penalty / steep)


@typed
def ista(x: Tensor, atoms: Tensor, penalty: Penalty, steps: Whole) -> Tensor:
    """The codes (n, m) after so many steps of ISTA, from zeros; their `lasso_loss` never rises from step to step.

    >>> ista(torch.tensor([[3.0, 0.5]]), torch.eye(2), 1.0, 5).tolist()
    [[2.0, 0.0]]
    """
    refuse_misfits(x, atoms)
    code, steep = x.new_zeros(len(x), len(atoms)), steepness(atoms)
    for _ in range(steps):
        code = ista_step(code, x, atoms, penalty, steep)
    return code


@typed
def fista(x: Tensor, atoms: Tensor, penalty: Penalty, steps: Whole) -> Tensor:
    """The codes (n, m) after so many steps of FISTA, from zeros: ISTA with momentum.

    Source: Beck and Teboulle (2009). Its loss may rise for a step, and falls much faster in the end.

    >>> fista(torch.tensor([[3.0, 0.5]]), torch.eye(2), 1.0, 5).tolist()
    [[2.0, 0.0]]
    """
    refuse_misfits(x, atoms)
    steep, time = steepness(atoms), 1.0
    code = ahead = x.new_zeros(len(x), len(atoms))
    for _ in range(steps):
        new = ista_step(ahead, x, atoms, penalty, steep)
        later = (1 + math.sqrt(1 + 4 * time**2)) / 2
        ahead = new + (time - 1) / later * (new - code)
        code, time = new, later
    return code


@typed
def refit(code: Tensor, x: Tensor, atoms: Tensor) -> Tensor:
    """A code (m,) with the same zeros, and elsewhere the values that least squares gives for x (d,).

    A soft threshold chooses atoms and makes their values too small; this keeps the choice and undoes the shrinkage.
    Dependent atoms get the solution of least norm. It is computed in float64, since atoms that are nearly the same ask
    for it.

    >>> refit(torch.tensor([2.0, 0.0]), torch.tensor([3.0, 0.5]), torch.eye(2)).tolist()
    [3.0, 0.0]
    """
    refuse_misfits(x, atoms, code, one=True)
    on, new = code != 0, torch.zeros_like(code)
    if bool(on.any()):
        chosen = atoms[on].T.double()  # (d, atoms used)
        new[on] = torch.linalg.lstsq(chosen, x.double()[:, None], rcond=1e-6).solution[:, 0].to(x.dtype)
    return new
