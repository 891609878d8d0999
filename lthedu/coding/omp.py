"""Orthogonal matching pursuit: a sparse code by choosing one atom after the other."""

from typing import Annotated

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Range, Whole
from lthedu.coding.shapes import refuse_misfits


@typed
def omp(x: Tensor, atoms: Tensor, count: Whole) -> Tensor:
    """The code (m,) of one signal x (d,) with `count` atoms of (m, d), chosen one after the other.

    Each time it takes the atom that is most like what is left of x, and then fits the values of all chosen atoms anew
    by least squares. So what is left is at right angles to every chosen atom. It stops early where nothing is left.
    The atoms have length 1. Source: Pati, Rezaiifar and Krishnaprasad (1993).

    >>> omp(torch.tensor([3.0, 4.0]), torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]), 1).tolist()
    [0.0, 0.0, 5.0]
    """
    refuse_misfits(x, atoms, one=True)
    code, chosen, left = x.new_zeros(len(atoms)), list[int](), x
    for _ in range(min(count, len(x))):
        alike = (atoms @ left).abs()
        alike[chosen] = 0
        if alike.max() <= 1e-6 * x.norm():
            break
        chosen.append(int(alike.argmax()))
        values = torch.linalg.lstsq(atoms[chosen].T, x[:, None]).solution[:, 0]
        left = x - values @ atoms[chosen]
    if chosen:
        code[chosen] = values
    return code


@typed
def omp_within(x: Tensor, atoms: Tensor, tolerance: Annotated[float, Range(0)], most: Whole) -> Tensor:
    """The codes (n, m) of many signals (n, d): atoms are added until |x - code @ atoms|^2 is within the tolerance.

    At most `most` are. The same as `omp` for each signal, all of them side by side. Against noise of deviation sigma a
    tolerance of d * (C sigma)^2 with C near 1 stops where only noise is left (Elad and Aharon, 2006).

    >>> omp_within(torch.tensor([[3.0, 4.0], [0.1, 0.0]]), torch.eye(2), 0.5, 2).tolist()
    [[3.0, 4.0], [0.0, 0.0]]
    """
    refuse_misfits(x, atoms)
    exact = atoms.double()  # atoms that are nearly the same ask for it
    gram = exact @ exact.T
    code = x.new_zeros(len(x), len(atoms))
    active, chosen = torch.arange(len(x)), torch.zeros(len(x), 0, dtype=torch.long)
    for _ in range(min(most, *atoms.shape)):
        left = x[active] - code[active] @ atoms
        open_still = (left**2).sum(1) > tolerance
        active, chosen, left = active[open_still], chosen[open_still], left[open_still]
        if not len(active):
            break
        alike = (left @ atoms.T).abs().scatter(1, chosen, 0)
        chosen = torch.cat([chosen, alike.argmax(1, keepdim=True)], 1)  # (active, atoms so far)
        products = gram[chosen[:, :, None], chosen[:, None]]
        wanted = (x[active, None] * exact[chosen]).sum(2)
        values = torch.linalg.lstsq(products, wanted[..., None], driver="gelsy").solution[..., 0].to(x.dtype)
        code[active] = torch.zeros_like(code[active]).scatter(1, chosen, values)
    return code
