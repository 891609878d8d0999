"""Other right answers to this lesson's exercises, and wrong ones that no mistake of the course describes."""

from typing import Any

import numpy as np
import scipy.linalg
import torch
from answers import right, told
from sklearn.linear_model import orthogonal_mp
from torch import Tensor

from lthedu.coding import ista_step, lista_layers, omp, refit, soft_threshold, update_atom

# omp


@right("omp")
def by_scikit_learn(x: Tensor, atoms: Tensor, count: int) -> Any:
    return orthogonal_mp(atoms.numpy().T, x.numpy(), n_nonzero_coefs=count)


@right("omp")
def by_projections(x: Tensor, atoms: Tensor, count: int) -> Any:
    chosen: list[int] = []
    left, values = x, np.zeros(0)
    for _ in range(count):
        chosen.append(int(np.abs(atoms.numpy() @ np.asarray(left)).argmax()))
        values = np.linalg.pinv(atoms[chosen].numpy().T) @ x.numpy()
        left = x.numpy() - values @ atoms[chosen].numpy()
    code = [0.0] * len(atoms)
    for j, value in zip(chosen, values, strict=True):
        code[j] = float(value)
    return code


@told("omp", "the code has shape")
def what_it_stands_for(x: Tensor, atoms: Tensor, count: int) -> Any:
    return torch.cat([omp(x, atoms, count), x])


@told("omp", "that is not the code of orthogonal matching pursuit")
def twice(x: Tensor, atoms: Tensor, count: int) -> Any:
    return 2 * omp(x, atoms, count)


# soft_threshold


@right("soft_threshold")
def by_sign(values: Tensor, threshold: Any) -> Any:
    return values.sign() * (values.abs() - threshold).clamp(min=0)


@right("soft_threshold")
def by_numpy(values: Tensor, threshold: Any) -> Any:
    v, t = values.numpy(), np.asarray(threshold)
    return np.where(v > t, v - t, np.where(v < -t, v + t, 0))


@told("soft_threshold", "that is not the soft threshold")
def half(values: Tensor, threshold: Any) -> Any:
    return soft_threshold(values, threshold) / 2


@told("soft_threshold", "expected numbers of shape")
def as_text(values: Tensor, threshold: Any) -> Any:
    return "soft"


# ista_step


@right("ista_step")
def by_autograd(code: Tensor, x: Tensor, atoms: Tensor, penalty: float, steep: float) -> Any:
    at = code.clone().requires_grad_()
    (slope,) = torch.autograd.grad(((x - at @ atoms) ** 2).sum() / 2, at)
    moved = code - slope / steep
    return moved.sign() * torch.relu(moved.abs() - penalty / steep)


@right("ista_step")
def by_layers(code: Tensor, x: Tensor, atoms: Tensor, penalty: float, steep: float) -> Any:
    mix = torch.eye(len(atoms)) - atoms @ atoms.T / steep
    return soft_threshold(x @ atoms.T / steep + code @ mix, penalty / steep).tolist()


@told("ista_step", "that is not a step along the gradient")
def half_a_step(code: Tensor, x: Tensor, atoms: Tensor, penalty: float, steep: float) -> Any:
    return ista_step(code, x, atoms, penalty / 2, 2 * steep)


@told("ista_step", "the code has shape")
def the_signal(code: Tensor, x: Tensor, atoms: Tensor, penalty: float, steep: float) -> Any:
    return torch.cat([ista_step(code, x, atoms, penalty, steep), x], 1)


# lista_layers


@right("lista_layers")
def first_layer_apart(x: Tensor, encode: Tensor, mix: Tensor, threshold: Any, layers: int) -> Any:
    seen = x @ encode
    code = soft_threshold(seen, threshold)
    for _ in range(1, layers):
        code = soft_threshold(seen + code @ mix, threshold)
    return code


@right("lista_layers")
def row_by_row(x: Tensor, encode: Tensor, mix: Tensor, threshold: Any, layers: int) -> Any:
    rows = []
    for one in x:
        code = np.zeros(len(mix), dtype=np.float32)
        for _ in range(layers):
            v = one.numpy() @ encode.numpy() + code @ mix.numpy()
            code = np.sign(v) * np.maximum(np.abs(v) - np.asarray(threshold), 0)
        rows.append(code)
    return np.stack(rows)


@told("lista_layers", "that is not what the layers give")
def turned(x: Tensor, encode: Tensor, mix: Tensor, threshold: Any, layers: int) -> Any:
    return -lista_layers(x, encode, mix, threshold, layers)


@told("lista_layers", "the code has shape")
def one_row(x: Tensor, encode: Tensor, mix: Tensor, threshold: Any, layers: int) -> Any:
    return lista_layers(x, encode, mix, threshold, layers)[0]


# refit


@right("refit")
def by_pinv(code: Tensor, x: Tensor, atoms: Tensor) -> Any:
    on = code != 0
    new = torch.zeros(len(code))
    new[on] = torch.linalg.pinv(atoms[on].T) @ x
    return new


@right("refit")
def by_scipy(code: Tensor, x: Tensor, atoms: Tensor) -> Any:
    places = code.nonzero()[:, 0].tolist()
    values = scipy.linalg.lstsq(atoms[places].numpy().T, x.numpy())[0] if places else []
    new = [0.0] * len(code)
    for j, value in zip(places, values, strict=True):
        new[j] = float(value)
    return new


@told("refit", "those are not the values of least squares")
def twice_as_large(code: Tensor, x: Tensor, atoms: Tensor) -> Any:
    return 2 * refit(code, x, atoms)


@told("refit", "the code has shape")
def values_alone(code: Tensor, x: Tensor, atoms: Tensor) -> Any:
    return refit(code, x, atoms)[code != 0]


# update_atom


@right("update_atom")
def by_eigenvectors(x: Tensor, atoms: Tensor, code: Tensor, j: int) -> Any:
    atoms, code = atoms.double(), code.double().clone()
    users = code[:, j] != 0
    if users.any():
        others = code[users].clone()
        others[:, j] = 0
        left = x[users].double() - others @ atoms
        atom = torch.linalg.eigh(left.T @ left)[1][:, -1]
        atoms = atoms.index_copy(0, torch.tensor([j]), atom[None])
        code[users, j] = left @ atom
    return atoms, code


@right("update_atom")
def with_the_other_sign(x: Tensor, atoms: Tensor, code: Tensor, j: int) -> Any:
    atoms, code = update_atom(x, atoms, code, j)
    if (code[:, j] != 0).any():
        atoms[j], code[:, j] = -atoms[j], -code[:, j]
    return [atoms.numpy(), code.tolist()]


@told("update_atom", "expected two arrays: the atoms and the codes")
def atoms_alone(x: Tensor, atoms: Tensor, code: Tensor, j: int) -> Any:
    return (update_atom(x, atoms, code, j)[0],)


@told("update_atom", "that is not the best atom")
def atom_twice(x: Tensor, atoms: Tensor, code: Tensor, j: int) -> Any:
    atoms, code = update_atom(x, atoms, code, j)
    return 2 * atoms, code
