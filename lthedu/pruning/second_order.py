"""Deleting weights by the curvature of the loss: Optimal Brain Damage and Optimal Brain Surgeon."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count, Positive
from lthedu.networks.masks import prunable
from lthedu.pruning.scores import Scores


@typed
def obd(params: Mapping[str, Tensor], curvature: Mapping[str, Tensor]) -> Scores:
    """Score of a weight w: what deleting it alone adds to the loss, w^2 h / 2 (LeCun, Denker and Solla 1990).

    `curvature` has the diagonal entry h of the Hessian for each weight, in the shapes of `params`. The formula holds at
    a minimum, where the gradient is zero, and for one weight at a time. Raises ValueError for a curvature of another
    shape, or of a missing layer.

    >>> obd({"w": torch.tensor([[1.0, -3.0]])}, {"w": torch.tensor([[4.0, 0.5]])})
    {'w': tensor([[2.0000, 2.2500]])}
    """
    for name in prunable(params):
        shape = tuple(curvature[name].shape) if name in curvature else "nothing"
        if shape != tuple(params[name].shape):
            raise ValueError(f"the curvature of {name!r} is {shape}; it must be {tuple(params[name].shape)}")
    return {name: params[name].detach() ** 2 * curvature[name] / 2 for name in prunable(params)}


@typed
def damped_inverse(hessian: Tensor, damping: Positive) -> Tensor:
    """The inverse of H + damping times the identity (n, n).

    The Hessian of a network has directions in which the loss does not bend at all, such as the weights of a pixel that
    is always white, and no inverse. Damping also keeps updates short.

    >>> damped_inverse(torch.zeros(1, 1), 0.5)
    tensor([[2.]])
    """
    if hessian.ndim != 2 or hessian.shape[0] != hessian.shape[1]:
        raise ValueError(f"the Hessian has shape {tuple(hessian.shape)}; it must be a square, (n, n)")
    identity = torch.eye(len(hessian), dtype=hessian.dtype, device=hessian.device)
    inverse: Tensor = torch.linalg.inv(hessian + damping * identity)
    return inverse


@typed
def obs_update(weights: Tensor, inverse: Tensor, gone: Sequence[int]) -> Tensor:
    """The weights (n,) after those numbered `gone` became 0 and all others moved to make up for it.

    Of all changes that set these weights to zero it is the one that adds least to the quadratic model of the loss:
    -A (A_gone)^-1 w_gone, with A the columns `gone` of the inverse Hessian (n, n), and A_gone their rows `gone`. For
    one weight it is the formula of Hassibi and Stork (1993). Raises ValueError for shapes that do not fit.

    >>> h = torch.tensor([[2.0, 1.0], [1.0, 2.0]])
    >>> [round(float(w), 4) for w in obs_update(torch.tensor([1.0, 3.0]), torch.linalg.inv(h), [0])]
    [0.0, 3.5]
    """
    _check(weights, inverse)
    if not len(gone):
        return weights.clone()
    where = torch.as_tensor(list(gone), device=weights.device)
    columns = inverse[:, where]
    found: Tensor = weights - columns @ torch.linalg.solve(columns[where], weights[where])
    found[where] = 0  # exactly, and not up to rounding
    return found


@typed
def obs_path(weights: Tensor, inverse: Tensor, removable: Tensor, counts: Sequence[Count]) -> list[Tensor]:
    """Optimal Brain Surgeon: the weights (n,) after each of so many deletions, one weight at a time.

    Each time the weight q goes for which w_q^2 / (2 [H^-1]_qq) is smallest, and the others move. The inverse of the
    Hessian of those that are left follows from one elimination. `removable` (n,) bools says which may go. Raises
    ValueError for shapes that do not fit, and for more deletions than there are removable weights.

    >>> h = torch.tensor([[2.0, 1.0], [1.0, 2.0]])
    >>> [path] = obs_path(torch.tensor([1.0, 3.0]), torch.linalg.inv(h), torch.tensor([True, True]), [1])
    >>> [round(float(w), 4) for w in path]
    [0.0, 3.5]
    """
    _check(weights, inverse)
    if removable.shape != weights.shape or removable.dtype != torch.bool:
        raise ValueError(f"removable is {removable.dtype} {tuple(removable.shape)}; it must be a bool for each weight")
    if max(counts, default=0) > int(removable.sum()):
        raise ValueError(f"counts is {list(counts)}; allowed: up to {int(removable.sum())}, the removable weights")
    w, inverse, left, found = weights.clone(), inverse.clone(), removable.clone(), {}
    for done in range(1, max(counts, default=0) + 1):
        cost = torch.where(left, w**2 / (2 * inverse.diagonal()), torch.inf)
        q = int(cost.argmin())
        column = inverse[:, q] / inverse[q, q]
        w -= w[q] * column
        inverse -= torch.outer(column, inverse[q].clone())
        left[q] = False
        w[removable & ~left] = 0
        inverse[q, q] = 1  # its row and column are zero, and nothing divides by it again
        if done in counts:
            found[done] = w.clone()
    return [found[count] for count in counts]


def _check(weights: Tensor, inverse: Tensor) -> None:
    if weights.ndim != 1 or inverse.shape != (len(weights), len(weights)):
        raise ValueError(
            f"weights have shape {tuple(weights.shape)}, the inverse {tuple(inverse.shape)}; allowed: (n,) and (n, n)"
        )
