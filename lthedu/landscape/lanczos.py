"""Lanczos: the largest eigenvalues of a symmetric matrix, from nothing but products with it."""

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count
from lthedu.landscape.hessian import Product


@typed
def lanczos(product: Product, start: Tensor, steps: Count) -> tuple[Tensor, Tensor]:
    """The tridiagonal matrix T (m, m) and the basis Q (n, m), orthonormal columns, for which Q' H Q = T.

    `product(v)` gives H v for the symmetric H (n, n); `start` (n,) is the first direction. Each step multiplies the
    newest direction by H and takes off what lies along all earlier ones. In exact arithmetic the last two would do. But
    rounding lets the first directions back in, and eigenvalues then appear a second time. m is `steps`, or less where
    no new direction is left. Raises ValueError for a start that is zero, and for more steps than dimensions.

    >>> h = torch.diag(torch.tensor([3.0, 1.0]))
    >>> t, q = lanczos(lambda v: h @ v, torch.ones(2), 2)
    >>> [round(float(x), 4) for x in torch.linalg.eigvalsh(t)]
    [1.0, 3.0]
    """
    if not float(start.norm()) > 0:
        raise ValueError("start is zero or not finite; it must be a direction")
    if steps > len(start):
        raise ValueError(f"steps is {steps}; allowed: 1 to the {len(start)} dimensions")
    q = start.new_zeros(len(start), steps)
    q[:, 0] = start / start.norm()
    along, beyond = start.new_zeros(steps), start.new_zeros(steps)
    for i in range(steps):
        rest = product(q[:, i])
        along[i] = rest @ q[:, i]
        for _ in range(2):  # once leaves some of the rounding
            rest = rest - q[:, : i + 1] @ (q[:, : i + 1].T @ rest)
        beyond[i] = rest.norm()
        if i + 1 == steps or beyond[i] <= 1e-6 * along[: i + 1].abs().max():
            break
        q[:, i + 1] = rest / beyond[i]
    off = beyond[:i]
    return torch.diag(along[: i + 1]) + torch.diag(off, 1) + torch.diag(off, -1), q[:, : i + 1]


@typed
def top_eigenpairs(product: Product, start: Tensor, k: Count, steps: Count) -> tuple[Tensor, Tensor]:
    """The k largest eigenvalues (k,), falling, and their eigenvectors (n, k), as `steps` of Lanczos find them.

    Raises ValueError for fewer steps than k, and as `lanczos`.

    >>> h = torch.diag(torch.tensor([3.0, 1.0, 2.0]))
    >>> values, vectors = top_eigenpairs(lambda v: h @ v, torch.ones(3), 2, 3)
    >>> [round(float(x), 4) for x in values]
    [3.0, 2.0]
    """
    if steps < k:
        raise ValueError(f"steps is {steps}; allowed: {k} (the eigenvalues asked for) or more")
    return largest(*lanczos(product, start, steps), k)


@typed
def largest(tridiagonal: Tensor, basis: Tensor, k: Count) -> tuple[Tensor, Tensor]:
    """The k largest eigenvalues (k,), falling, and eigenvectors (n, k), of what `lanczos` gives.

    >>> values, vectors = largest(torch.tensor([[1.0, 0.0], [0.0, 5.0]]), torch.eye(2), 1)
    >>> values.tolist(), vectors.abs().tolist()
    ([5.0], [[0.0], [1.0]])
    """
    values, vectors = torch.linalg.eigh(tridiagonal)
    return values[-k:].flip(0), basis @ vectors[:, -k:].flip(1)


@typed
def part_inside(vector: Tensor, basis: Tensor) -> Tensor:
    """The part (n,) of a vector (n,) that lies in the space of the orthonormal columns of `basis` (n, k).

    The share of its squared length is |part|^2 / |vector|^2. A whole batch of vectors (n, m) is taken column by column.

    >>> part_inside(torch.tensor([3.0, 4.0]), torch.tensor([[1.0], [0.0]])).tolist()
    [3.0, 0.0]
    """
    if vector.shape[:1] != basis.shape[:1]:
        raise ValueError(f"vector has shape {tuple(vector.shape)} and basis {tuple(basis.shape)}; both need n rows")
    return basis @ (basis.T @ vector)
