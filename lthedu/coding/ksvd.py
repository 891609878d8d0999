"""K-SVD: a dictionary learned from signals, one atom after the other, and which atoms are used."""

from typing import Annotated

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count, Range, Whole
from lthedu.coding.omp import omp_within
from lthedu.coding.shapes import refuse_misfits


@typed
def update_atom(x: Tensor, atoms: Tensor, code: Tensor, j: Whole) -> tuple[Tensor, Tensor]:
    """New atoms (m, d) and codes (n, m) in which atom `j` and its values fit best; all else stays.

    Of the signals that use atom j, take away what the other atoms say. What is left is to be one atom times one value
    for each: the best such pair is the first of a singular value decomposition. The choice of atoms stays, so the
    squared error never grows. An atom that no signal uses stays as it is. Source: Aharon, Elad and Bruckstein (2006).

    Raises ValueError for an atom that there is not.

    >>> atoms, code = update_atom(torch.tensor([[3.0, 4.0]]), torch.eye(2), torch.tensor([[3.0, 0.0]]), 0)
    >>> (atoms[0] * code[0, 0]).tolist()
    [3.0, 4.0]
    """
    refuse_misfits(x, atoms, code)
    if j >= len(atoms):
        raise ValueError(f"j is {j}; allowed: 0 to {len(atoms) - 1}, the number of an atom")
    users = (code[:, j] != 0).nonzero()[:, 0]
    atoms, code = atoms.clone(), code.clone()
    if len(users):
        left = x[users] - code[users] @ atoms + torch.outer(code[users, j], atoms[j])  # (users, d)
        values, sizes, directions = torch.linalg.svd(left, full_matrices=False)
        atoms[j], code[users, j] = directions[0], sizes[0] * values[:, 0]
    return atoms, code


@typed
def ksvd(x: Tensor, atoms: Tensor, tolerance: Annotated[float, Range(0)], most: Count, rounds: Whole) -> Tensor:
    """The atoms (m, d) after so many rounds: codes by `omp_within`, then every atom by `update_atom`.

    An atom that nobody uses becomes the signal that is fitted worst, as long as there are signals. Raises ValueError
    as `omp_within`.

    >>> atoms = ksvd(torch.tensor([[3.0, 4.0], [6.0, 8.0]]), torch.eye(2), 0.1, 1, 1)
    >>> [round(abs(float(value)), 3) for value in atoms[1]]
    [0.6, 0.8]
    """
    for _ in range(rounds):
        code = omp_within(x, atoms, tolerance, most)
        worst = iter(((x - code @ atoms) ** 2).sum(1).argsort(descending=True).tolist())
        for j in range(len(atoms)):
            if bool((code[:, j] != 0).any()):
                atoms, code = update_atom(x, atoms, code, j)
            elif (i := next(worst, None)) is not None and x[i].norm() > 0:
                atoms = atoms.clone()
                atoms[j] = x[i] / x[i].norm()
    return atoms


@typed
def usage(code: Tensor) -> Tensor:
    """The share (m,) of the signals whose code uses each atom.

    >>> usage(torch.tensor([[1.0, 0.0], [-2.0, 0.0], [0.0, 0.0], [3.0, 0.5]])).tolist()
    [0.75, 0.25]
    """
    if code.ndim != 2 or not len(code):
        raise ValueError(f"code has shape {tuple(code.shape)}; allowed: (n, m), one row or more")
    return (code != 0).float().mean(0)
