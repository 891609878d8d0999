"""What people get wrong in this lesson's exercises: each function is its own diagnosis."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from lthedu.exercises.core import mistake
from lthedu.landscape.lanczos import lanczos, part_inside
from lthedu.pruning.second_order import obs_update

Loss = Callable[[Tensor], Tensor]

# hvp


def _gradient(loss: Loss, weights: Tensor) -> Tensor:
    at = weights.detach().requires_grad_()
    return torch.autograd.grad(loss(at), at)[0]


@mistake("hvp", "that is the gradient; differentiate gradient @ vector once more")
def gradient_alone(loss: Loss, weights: Tensor, vector: Tensor) -> Any:
    return _gradient(loss, weights)


@mistake("hvp", "that is the gradient times the vector, number by number; no second derivative is in it")
def gradient_times_vector(loss: Loss, weights: Tensor, vector: Tensor) -> Any:
    return _gradient(loss, weights) * vector


@mistake(
    "hvp", "that is how the gradient changes over a whole step; it is the Hessian only where the loss is quadratic"
)
def a_whole_step(loss: Loss, weights: Tensor, vector: Tensor) -> Any:
    return _gradient(loss, weights + vector) - _gradient(loss, weights)


@mistake("hvp", "the gradient is multiplied by the number gradient @ vector; differentiate that number instead")
def gradient_by_its_product(loss: Loss, weights: Tensor, vector: Tensor) -> Any:
    gradient = _gradient(loss, weights)
    return gradient * (gradient @ vector)


@mistake("hvp", "only the Hessian's diagonal is used: row i of the product also needs H_ij of every other j")
def diagonal_only(loss: Loss, weights: Tensor, vector: Tensor) -> Any:
    return torch.func.hessian(loss)(weights).diagonal() * vector


@mistake("hvp", "the sum of the gradient is differentiated; the gradient must be multiplied by the vector first")
def forgets_the_vector(loss: Loss, weights: Tensor, vector: Tensor) -> Any:
    return torch.func.hessian(loss)(weights).sum(0)


# lanczos


def _recurrence(product: Loss, start: Tensor, steps: int, unit: bool = True, both: bool = True) -> Any:
    """The textbook's form, in which only the last two directions are taken off."""
    q = [start / start.norm() if unit else start]
    along: list[Tensor] = []
    beyond: list[Tensor] = []
    for i in range(steps):
        new = product(q[-1])
        along.append(new @ q[-1])
        new = new - along[-1] * q[-1]
        if both and i:
            new = new - beyond[-1] * q[-2]
        beyond.append(new.norm())
        q.append(new / new.norm())
    off = torch.stack(beyond)[:-1]
    return torch.diag(torch.stack(along)) + torch.diag(off, 1) + torch.diag(off, -1), torch.stack(q[:-1], 1)


@mistake("lanczos", "early directions come back by rounding, and eigenvalues with them: take off the parts along all")
def textbook(product: Loss, start: Tensor, steps: int) -> Any:
    return _recurrence(product, start, steps)


@mistake("lanczos", "the first direction does not have length 1: divide the start by its length")
def start_as_it_is(product: Loss, start: Tensor, steps: int) -> Any:
    return _recurrence(product, start, steps, unit=False)


@mistake("lanczos", "each new direction loses its part along the last one only; it needs to lose all earlier ones")
def last_direction_only(product: Loss, start: Tensor, steps: int) -> Any:
    return _recurrence(product, start, steps, both=False)


@mistake("lanczos", "T has only its diagonal; beside it, above and below, stand the lengths of the new directions")
def diagonal_t(product: Loss, start: Tensor, steps: int) -> Any:
    t, q = lanczos(product, start, steps)
    return torch.diag(t.diagonal()), q


@mistake("lanczos", "T needs the lengths of the new directions below the diagonal as well as above it")
def one_sided(product: Loss, start: Tensor, steps: int) -> Any:
    t, q = lanczos(product, start, steps)
    return t.triu(), q


# part_inside


@mistake("part_inside", "that is the part beside the subspace; the part inside is the rest of the vector")
def beside(vector: Tensor, basis: Tensor) -> Any:
    return vector - part_inside(vector, basis)


@mistake("part_inside", "only the first column is used; add the parts along all columns")
def first_column(vector: Tensor, basis: Tensor) -> Any:
    return part_inside(vector, basis[:, :1])


@mistake("part_inside", "the sum of the columns, each once: multiply each by how far the vector reaches along it")
def forgets_how_far(vector: Tensor, basis: Tensor) -> Any:
    return basis.sum(1)


@mistake("part_inside", "it divides by the vector's length; the part inside has a length of its own")
def as_a_direction(vector: Tensor, basis: Tensor) -> Any:
    return part_inside(vector, basis) / vector.norm()


# obs_update


@mistake("obs_update", "the weights are deleted and no other moves; the update is what the exercise is about")
def deletes_only(weights: Tensor, inverse: Tensor, gone: Sequence[int]) -> Any:
    found = weights.clone()
    found[list(gone)] = 0
    return found


@mistake("obs_update", "the updates for one weight are added up, as if deleting one did not move the next")
def adds_single_updates(weights: Tensor, inverse: Tensor, gone: Sequence[int]) -> Any:
    found = weights - sum(weights[q] / inverse[q, q] * inverse[:, q] for q in gone)
    found[list(gone)] = 0
    return found


@mistake("obs_update", "that is the change alone; add it to the weights")
def change_alone(weights: Tensor, inverse: Tensor, gone: Sequence[int]) -> Any:
    return obs_update(weights, inverse, gone) - weights


@mistake("obs_update", "the others move the wrong way: the update is subtracted")
def wrong_way(weights: Tensor, inverse: Tensor, gone: Sequence[int]) -> Any:
    found = 2 * weights - obs_update(weights, inverse, gone)
    found[list(gone)] = 0
    return found


@mistake("obs_update", "the columns are those of the Hessian; the formula takes those of its inverse, which is given")
def inverts_again(weights: Tensor, inverse: Tensor, gone: Sequence[int]) -> Any:
    return obs_update(weights, torch.linalg.inv(inverse), gone)


@mistake(
    "obs_update", "one deletion after the other, each with the inverse of all: earlier weights come back and are cut"
)
def one_by_one(weights: Tensor, inverse: Tensor, gone: Sequence[int]) -> Any:
    found = weights
    for q in gone:
        found = found - found[q] / inverse[q, q] * inverse[:, q]
    found = found.clone()
    found[list(gone)] = 0
    return found
