"""This lesson's exercises. The references are the library's own functions."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, Wrong, exercise
from lthedu.exercises.readers import items
from lthedu.exercises.values import alike, brief
from lthedu.landscape.hessian import hvp
from lthedu.landscape.lanczos import lanczos, part_inside
from lthedu.pruning.second_order import obs_update

LONG = 20  # from so many steps of Lanczos on, rounding decides the last digits of the basis


def _array(got: object, shape: tuple[int, ...], what: str, like: Tensor | None = None) -> Tensor:
    """What came back as a tensor of this shape, in float64, or on the device and in the type of `like`; else Wrong."""
    try:
        found = got.detach().cpu() if isinstance(got, Tensor) else got
        array = torch.from_numpy(np.array(np.asarray(found), dtype=np.float64))
    except (TypeError, ValueError, RuntimeError, OverflowError, MemoryError):
        raise Wrong(f"it returned {brief(got)}; expected {what}, shape {shape}") from None
    if tuple(array.shape) != shape:
        raise Wrong(f"{what} has shape {tuple(array.shape)}; expected {shape}")
    if not array.isfinite().all():
        raise Wrong(f"{what} holds NaN or infinity")
    return array if like is None else array.to(like)


def _random(attempt: Attempt, *shape: int) -> Tensor:
    return torch.randn(shape, generator=attempt.rng, dtype=torch.float64)


def _symmetric(attempt: Attempt, n: int) -> Tensor:
    a = _random(attempt, n, n)
    return a @ a.T / n + torch.eye(n, dtype=torch.float64)


def _close(a: Any, b: Any, *args: Any) -> bool:
    return alike(a, b, 1e-5)


@exercise(
    hvp,
    "The Hessian times a vector",
    minutes=10,
    level=1,
    hints=(
        "What is the derivative of gradient @ vector, if the vector stays as it is?",
        "torch.autograd.grad(value, at, create_graph=True) gives a gradient that can itself be differentiated. "
        "Make one number of it and of the vector, and differentiate again.",
        "at = weights.detach().requires_grad_()\n"
        "(gradient,) = torch.autograd.grad(loss(at), at, create_graph=True)\n"
        "(product,) = torch.autograd.grad(..., at)  # of which number?\nreturn product",
    ),
    returns=lambda result, loss, weights, vector: _array(result, tuple(weights.shape), "the product", weights),
)
def check_hvp(attempt: Attempt) -> None:
    """Two weights by hand, quadratics, a loss that is no quadratic, and a network's."""
    h = _symmetric(attempt, 4)
    two = torch.zeros(2, dtype=torch.float64)
    cases: list[tuple[Callable[[Tensor], Tensor], Tensor, Tensor]] = [
        (lambda w: w[0] ** 2 + 3 * w[0] * w[1], two, torch.tensor([1.0, 0.0], dtype=torch.float64)),
        (lambda w: w[0] ** 2 + 3 * w[0] * w[1], two + 1, torch.tensor([1.0, -2.0], dtype=torch.float64)),
        (lambda w: w @ h @ w / 2, _random(attempt, 4), _random(attempt, 4)),
        (lambda w: w @ h @ w / 2, _random(attempt, 4), torch.tensor([1.0, 1.0, 2.0, 0.5], dtype=torch.float64)),
        (lambda w: (w**4).sum() + (w[0] * w[1]).exp(), _random(attempt, 3), _random(attempt, 3)),
        (lambda w: torch.log((1 + w.exp()).sum()), _random(attempt, 5), _random(attempt, 5)),
    ]
    compare(attempt, cases, close=_close, show=_shown, otherwise=_which_product)


def _which_product(got: Tensor, right: Tensor, *args: Any) -> str:
    if alike(got, right, 1e-2):
        return "that is close, but not exact: differentiate twice, and do not take a small step"
    return "that is not the Hessian times the vector"


def _shown(got: Any, right: Any, *args: Any) -> str:
    return f"it returned {brief(got)}, expected {brief(right)}"


@exercise(
    lanczos,
    "Lanczos, with every direction kept apart",
    minutes=15,
    level=3,
    hints=(
        "In the code above, the new direction loses its parts along the last two. Along which others may rounding have "
        "left something?",
        "Keep all directions in a list. Take the part along each off the new one. Doing so twice takes off what "
        "the first time leaves.",
        "directions, along, beyond = [start / start.norm()], [], []\nfor _ in range(steps):\n"
        "    new = product(directions[-1])\n    along.append(new @ directions[-1])\n"
        "    for q in 2 * directions:\n        new = ...\n    beyond.append(new.norm())\n"
        "    directions.append(new / new.norm())\n"
        "off = torch.stack(beyond)[:-1]\n"
        "t = torch.diag(torch.stack(along)) + torch.diag(off, 1) + torch.diag(off, -1)\n"
        "return t, torch.stack(directions[:-1], 1)",
    ),
    returns=lambda result, product, start, steps: _basis(result, start, steps),
)
def check_lanczos(attempt: Attempt) -> None:
    """One step and a few on small matrices; then many on a large one, where rounding is seen."""
    cases: list[tuple[Callable[[Tensor], Tensor], Tensor, int]] = []
    for n, steps in ((5, 3), (2, 2), (3, 1), (8, 5)):
        h = _symmetric(attempt, n)
        cases.append((lambda v, h=h: h @ v, _random(attempt, n), steps))  # type: ignore[misc]
    values = torch.cat([torch.tensor([100.0, 60.0, 30.0]), torch.linspace(0, 1, 77)]).double()
    cases.append((lambda v: values * v, 3 * _random(attempt, 80), 40))
    compare(
        attempt,
        cases,
        read=_compared,
        close=_close,
        show=lambda got, right, product, start, steps: (
            f"{steps} steps in {len(start)} dimensions: "
            + (
                f"the largest eigenvalues of T are {brief(got[0])}, expected {brief(right[0])}"
                if steps >= LONG
                else f"T is {brief(got[0])}, expected {brief(right[0])}"
            )
        ),
        otherwise=_which_lanczos,
    )


def _basis(got: object, start: Tensor, steps: int) -> tuple[Tensor, Tensor]:
    tridiagonal, basis = items(got, 2, "two tensors: T and Q")
    return _array(tridiagonal, (steps, steps), "T", start), _array(basis, (len(start), steps), "Q", start)


def _compared(got: object, product: Any, start: Tensor, steps: int) -> tuple[Tensor, Any]:
    """T and Q; after many steps the largest eigenvalues, and whether all directions are at right angles."""
    t, q = _basis(got, start, steps)
    if steps < LONG:
        return t, q
    return torch.linalg.eigvalsh((t + t.T) / 2)[-4:].flip(0), _tilt(q) < 1e-6


def _tilt(q: Tensor) -> float:
    """How far the columns are from having length 1 and right angles."""
    return float((q.T @ q - torch.eye(q.shape[1], dtype=q.dtype)).abs().max())


def _which_lanczos(got: Any, right: Any, product: Any, start: Tensor, steps: int) -> str:
    if steps >= LONG:
        return "" if got[1] else "after many steps the columns of Q are no longer at right angles (is Q in float32?)"
    t, q = got
    if abs(float(q[:, 0].norm()) - 1) > 1e-6:
        return f"the first column of Q has length {float(q[:, 0].norm()):.3g}: divide the start by its length"
    if _tilt(q) > 1e-6:
        return "the columns of Q do not all have length 1 and right angles to each other"
    if steps > 1 and t.diagonal().abs().max() < 1e-6:
        return "the diagonal of T is 0: measure the part along a direction before you take it off"
    return "T and Q are not what Lanczos gives"


@exercise(
    part_inside,
    "The part inside a subspace",
    minutes=5,
    level=1,
    hints=(
        "How far does the vector reach along one column? A column has length 1.",
        "basis.T @ vector has these lengths, one for each column. Walk so far along each column.",
        "along = basis.T @ vector  # (k,)\nreturn ...  # and back to n numbers",
    ),
    returns=lambda result, vector, basis: _array(result, tuple(vector.shape), "the part", vector),
)
def check_part_inside(attempt: Attempt) -> None:
    """An axis, a plane, a random subspace of several dimensions, and all of the space."""
    eye = torch.eye(3, dtype=torch.float64)
    cases = [
        (torch.tensor([3.0, 4.0]).double(), torch.tensor([[1.0], [0.0]]).double()),
        (torch.tensor([1.0, 2.0, 3.0]).double(), eye[:, :2]),
        (torch.tensor([2.0, 2.0]).double(), torch.tensor([[0.6], [0.8]]).double()),
        (torch.tensor([2.0, -1.0]).double(), torch.tensor([[0.6], [0.8]]).double()),
        (_random(attempt, 6), torch.linalg.qr(_random(attempt, 6, 3)).Q),
        (_random(attempt, 4), torch.linalg.qr(_random(attempt, 4, 4)).Q),
    ]
    compare(attempt, cases, close=_close, show=_shown, otherwise="that is not the part inside the subspace")


@exercise(
    obs_update,
    "Delete weights, and let the others make up for it",
    minutes=10,
    level=2,
    hints=(
        "For one weight, by how much must the column of the inverse be multiplied so that this weight becomes 0?",
        "For several at once the factors must fit together. Let A be the columns `gone` of the inverse. Which "
        "combination of them has, in the rows `gone`, just the weights that are to go?",
        "columns = inverse[:, gone]\nfactors = torch.linalg.solve(..., weights[gone])\n"
        "found = weights - columns @ factors\nfound[gone] = 0\nreturn found",
    ),
    returns=lambda result, weights, inverse, gone: _array(result, tuple(weights.shape), "the weights", weights),
)
def check_obs_update(attempt: Attempt) -> None:
    """One weight, two that are coupled, several of many, none, and all."""
    two = torch.linalg.inv(torch.tensor([[2.0, 1.0], [1.0, 2.0]]).double())
    cases: list[tuple[Tensor, Tensor, list[int]]] = [
        (torch.tensor([1.0, 3.0]).double(), two, [0]),
        (torch.tensor([1.0, 3.0]).double(), two, [1]),
        (torch.tensor([2.0, 2.0]).double(), two, [0]),
    ]
    for n, gone in ((4, [1, 3]), (6, [0, 2, 5]), (8, [7, 1, 4, 2])):
        cases.append((_random(attempt, n), torch.linalg.inv(_symmetric(attempt, n)), gone))
    cases.append((_random(attempt, 3), torch.linalg.inv(_symmetric(attempt, 3)), [2, 0, 1]))
    compare(attempt, cases, close=_close, show=_updated, otherwise=_which_update)


def _updated(got: Tensor, right: Tensor, weights: Tensor, inverse: Tensor, gone: Sequence[int]) -> str:
    return f"weights {brief(weights)}, gone {list(gone)}: it returned {brief(got)}, expected {brief(right)}"


def _which_update(got: Tensor, right: Tensor, weights: Tensor, inverse: Tensor, gone: Sequence[int]) -> str:
    if (got[list(gone)].abs() > 1e-6).any():
        return "a weight that is to go is not 0 afterwards"
    return "the deleted weights are 0, and the others are not where the loss rises least"
