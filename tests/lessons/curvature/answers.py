"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

from typing import Any

import numpy as np
import torch
from answers import right, told

from lthedu.landscape.hessian import hvp
from lthedu.landscape.lanczos import lanczos, part_inside
from lthedu.pruning.second_order import obs_update

# hvp


@right("hvp")
def forward_over_reverse(loss: Any, weights: Any, vector: Any) -> Any:
    return torch.func.jvp(torch.func.grad(loss), (weights.detach(),), (vector,))[1]


@right("hvp")
def whole_matrix(loss: Any, weights: Any, vector: Any) -> Any:
    return torch.autograd.functional.hessian(loss, weights.detach()) @ vector


@told("hvp", "that is not the Hessian times the vector")
def halved(loss: Any, weights: Any, vector: Any) -> Any:
    return hvp(loss, weights, vector) / 2


@told("hvp", "that is close, but not exact")
def small_steps(loss: Any, weights: Any, vector: Any) -> Any:
    step = 1e-4
    change = torch.func.grad(loss)(weights + step * vector) - torch.func.grad(loss)(weights)
    return change / step


@told("hvp", "the product has shape")
def one_number(loss: Any, weights: Any, vector: Any) -> Any:
    return vector @ hvp(loss, weights, vector)


# lanczos


@right("lanczos")
def one_by_one(product: Any, start: Any, steps: int) -> Any:
    directions, along, beyond = [start / start.norm()], [], []
    for _ in range(steps):
        new = product(directions[-1])
        along.append(new @ directions[-1])
        for q in 2 * directions:
            new = new - (new @ q) * q
        beyond.append(new.norm())
        directions.append(new / new.norm())
    t = torch.diag(torch.stack(along))
    for i in range(steps - 1):
        t[i, i + 1] = t[i + 1, i] = beyond[i]
    return t, torch.stack(directions[:-1], 1)


@right("lanczos")
def by_projection(product: Any, start: Any, steps: int) -> Any:
    q = (start / start.norm())[:, None]
    while q.shape[1] < steps:
        new = product(q[:, -1])
        for _ in range(2):
            new = new - q @ (q.T @ new)
        q = torch.cat([q, (new / new.norm())[:, None]], 1)
    t = torch.stack([q.T @ product(column) for column in q.T], 1)
    return t.numpy(), q.numpy()


@told("lanczos", "expected two tensors: T and Q")
def t_alone(product: Any, start: Any, steps: int) -> Any:
    return lanczos(product, start, steps)[0]


@told("lanczos", "Q has shape")
def q_in_rows(product: Any, start: Any, steps: int) -> Any:
    t, q = lanczos(product, start, steps)
    return t, q.T


@told("lanczos", "T and Q are not what Lanczos gives")
def t_doubled(product: Any, start: Any, steps: int) -> Any:
    t, q = lanczos(product, start, steps)
    return 2 * t, q


@told("lanczos", "the diagonal of T is 0: measure the part along a direction before you take it off")
def measured_late(product: Any, start: Any, steps: int) -> Any:
    t, q = lanczos(product, start, steps)
    return t - torch.diag(t.diagonal()), q


@told("lanczos", "divide the start by its length")
def start_undivided(product: Any, start: Any, steps: int) -> Any:
    t, q = lanczos(product, start, steps)
    return t, torch.cat([start.norm() * q[:, :1], q[:, 1:]], 1)


@told("lanczos", "the columns of Q do not all have length 1")
def directions_undivided(product: Any, start: Any, steps: int) -> Any:
    t, q = lanczos(product, start, steps)
    return t, torch.cat([q[:, :1], 2 * q[:, 1:]], 1)


# part_inside


@right("part_inside")
def column_by_column(vector: Any, basis: Any) -> Any:
    return sum((vector @ column) * column for column in basis.T)


@right("part_inside")
def by_a_matrix(vector: Any, basis: Any) -> Any:
    return (basis @ basis.T @ vector).tolist()


@told("part_inside", "the part has shape")
def the_lengths(vector: Any, basis: Any) -> Any:
    return torch.cat([basis.T @ vector, vector])


@told("part_inside", "that is not the part inside the subspace")
def doubled(vector: Any, basis: Any) -> Any:
    return 2 * part_inside(vector, basis)


# obs_update


@right("obs_update")
def by_the_others(weights: Any, inverse: Any, gone: Any) -> Any:
    h, kept = torch.linalg.inv(inverse), [i for i in range(len(weights)) if i not in gone]
    found = torch.zeros_like(weights)
    if kept:
        change = torch.linalg.solve(h[kept][:, kept], h[kept][:, list(gone)] @ weights[list(gone)])
        found[kept] = weights[kept] + change
    return found


@right("obs_update")
def with_numpy(weights: Any, inverse: Any, gone: Any) -> Any:
    w, a, q = weights.numpy().copy(), inverse.numpy(), list(gone)
    w -= a[:, q] @ np.linalg.inv(a[np.ix_(q, q)]) @ w[q]
    w[q] = 0
    return w


@told("obs_update", "a weight that is to go is not 0 afterwards")
def nothing_goes(weights: Any, inverse: Any, gone: Any) -> Any:
    return weights.clone()


@told("obs_update", "the deleted weights are 0, and the others are not where the loss rises least")
def half_way(weights: Any, inverse: Any, gone: Any) -> Any:
    found = (weights + obs_update(weights, inverse, gone)) / 2
    found[list(gone)] = 0
    return found
