"""Mistakes that people really make in this lesson, and what they are told."""

from typing import Any

import torch
from torch import Tensor

from lthedu.coding.ista import hard_threshold, ista_step, refit, soft_threshold
from lthedu.coding.ksvd import update_atom
from lthedu.coding.omp import omp
from lthedu.coding.unrolled import lista_layers
from lthedu.exercises.core import mistake

# omp ---------------------------------------------------------------------------------------------------------


def _fitted(x: Tensor, atoms: Tensor, chosen: list[int]) -> Tensor:
    code = x.new_zeros(len(atoms))
    if chosen:
        code[chosen] = torch.linalg.lstsq(atoms[chosen].T, x[:, None]).solution[:, 0]
    return code


@mistake("omp", "the values of earlier atoms stay as they were; fit all chosen atoms anew whenever one is added")
def matching_pursuit(x: Tensor, atoms: Tensor, count: int) -> Any:
    code = x.new_zeros(len(atoms))
    for _ in range(count):
        alike = atoms @ (x - code @ atoms)
        j = int(alike.abs().argmax())
        code[j] += alike[j]
    return code


@mistake("omp", "it takes the largest entry with its sign; an atom can also be used with a negative value, so use abs")
def only_positive(x: Tensor, atoms: Tensor, count: int) -> Any:
    chosen: list[int] = []
    for _ in range(count):
        chosen.append(int((atoms @ (x - _fitted(x, atoms, chosen) @ atoms)).argmax()))
    return _fitted(x, atoms, chosen)


@mistake("omp", "all atoms are chosen by how much they are like x; after the first, compare with what is left of x")
def all_at_once(x: Tensor, atoms: Tensor, count: int) -> Any:
    return _fitted(x, atoms, (atoms @ x).abs().argsort(descending=True)[:count].tolist())


@mistake("omp", "the values are the products of x with the chosen atoms; that is right only for atoms at right angles")
def products_for_values(x: Tensor, atoms: Tensor, count: int) -> Any:
    return torch.where(omp(x, atoms, count) != 0, atoms @ x, torch.zeros(()))


@mistake("omp", "this has one atom more than `count`")
def one_too_many(x: Tensor, atoms: Tensor, count: int) -> Any:
    return omp(x, atoms, count + 1)


# soft_threshold ----------------------------------------------------------------------------------------------


@mistake("soft_threshold", "this is the hard threshold; the soft one also moves what stays towards 0")
def hard(values: Tensor, threshold: Any) -> Any:
    return hard_threshold(values, threshold)


@mistake("soft_threshold", "negative values are lost; -2.5 with threshold 1 becomes -1.5")
def one_relu(values: Tensor, threshold: Any) -> Any:
    return torch.relu(values - threshold)


@mistake("soft_threshold", "small values have to become 0; here they come out on the other side of it")
def without_zeros(values: Tensor, threshold: Any) -> Any:
    return values - threshold * values.sign()


@mistake("soft_threshold", "the sign of negative values is lost")
def without_signs(values: Tensor, threshold: Any) -> Any:
    return torch.relu(values.abs() - threshold)


@mistake("soft_threshold", "this cuts off what is large; it is what the threshold takes away, and not what stays")
def what_is_taken(values: Tensor, threshold: Any) -> Any:
    return values - soft_threshold(values, threshold)


# ista_step ---------------------------------------------------------------------------------------------------


@mistake("ista_step", "the threshold is the whole penalty; the step is 1 / steep, and the penalty is scaled with it")
def whole_penalty(code: Tensor, x: Tensor, atoms: Tensor, penalty: float, steep: float) -> Any:
    return ista_step(code, x, atoms, penalty * steep, steep)


@mistake("ista_step", "it goes up the slope; add what each atom has in common with what is left, do not subtract it")
def uphill(code: Tensor, x: Tensor, atoms: Tensor, penalty: float, steep: float) -> Any:
    return soft_threshold(code - (x - code @ atoms) @ atoms.T / steep, penalty / steep)


@mistake("ista_step", "the step lacks 1 / steep")
def too_far(code: Tensor, x: Tensor, atoms: Tensor, penalty: float, steep: float) -> Any:
    return soft_threshold(code + (x - code @ atoms) @ atoms.T, penalty / steep)


@mistake("ista_step", "the threshold is taken before the step; it comes last, so that the new code has zeros")
def threshold_first(code: Tensor, x: Tensor, atoms: Tensor, penalty: float, steep: float) -> Any:
    return soft_threshold(code, penalty / steep) + (x - code @ atoms) @ atoms.T / steep


@mistake("ista_step", "the old code is missing; a step starts from where the code is")
def from_zero(code: Tensor, x: Tensor, atoms: Tensor, penalty: float, steep: float) -> Any:
    return soft_threshold((x - code @ atoms) @ atoms.T / steep, penalty / steep)


@mistake("ista_step", "it compares the atoms with x itself; compare them with what is left of x")
def without_what_is_left(code: Tensor, x: Tensor, atoms: Tensor, penalty: float, steep: float) -> Any:
    return soft_threshold(code + x @ atoms.T / steep, penalty / steep)


# lista_layers ------------------------------------------------------------------------------------------------


@mistake("lista_layers", "x is seen by the first layer alone; every layer adds x @ encode")
def x_only_once(x: Tensor, encode: Tensor, mix: Tensor, threshold: Any, layers: int) -> Any:
    code = soft_threshold(x @ encode, threshold)
    for _ in range(layers - 1):
        code = soft_threshold(code @ mix, threshold)
    return code


@mistake("lista_layers", "this has one layer more than `layers`; the first one starts from a code of zeros")
def one_layer_more(x: Tensor, encode: Tensor, mix: Tensor, threshold: Any, layers: int) -> Any:
    return lista_layers(x, encode, mix, threshold, layers + 1)


@mistake("lista_layers", "the threshold is taken once, after the last layer; each layer ends with it")
def threshold_at_the_end(x: Tensor, encode: Tensor, mix: Tensor, threshold: Any, layers: int) -> Any:
    code = x.new_zeros(len(x), len(mix))
    for _ in range(layers):
        code = x @ encode + code @ mix
    return soft_threshold(code, threshold)


@mistake("lista_layers", "the layers have plain ReLUs, so negative values are lost; use the soft threshold")
def with_relu(x: Tensor, encode: Tensor, mix: Tensor, threshold: Any, layers: int) -> Any:
    code = x.new_zeros(len(x), len(mix))
    for _ in range(layers):
        code = torch.relu(x @ encode + code @ mix - threshold)
    return code


@mistake("lista_layers", "the code of the layer before is missing: add code @ mix")
def without_mix(x: Tensor, encode: Tensor, mix: Tensor, threshold: Any, layers: int) -> Any:
    return soft_threshold(x @ encode, threshold)


# refit -------------------------------------------------------------------------------------------------------


@mistake("refit", "the values are products of x with the atoms; that is right only for atoms at right angles")
def products(code: Tensor, x: Tensor, atoms: Tensor) -> Any:
    return torch.where(code != 0, atoms @ x, torch.zeros(()))


@mistake("refit", "all atoms are fitted; keep the zeros of the code")
def all_atoms(code: Tensor, x: Tensor, atoms: Tensor) -> Any:
    return refit(torch.ones_like(code), x, atoms)


@mistake("refit", "only atoms with a positive value are kept; every value that is not 0 counts")
def positive_ones(code: Tensor, x: Tensor, atoms: Tensor) -> Any:
    return refit(torch.relu(code), x, atoms)


@mistake("refit", "what is fitted is what the code stands for, and that is shrunk already; fit x itself")
def fits_the_shrunk(code: Tensor, x: Tensor, atoms: Tensor) -> Any:
    return refit(code, code @ atoms, atoms)


@mistake("refit", "what is fitted is what is left of x; fit x itself, or add the old values")
def fits_what_is_left(code: Tensor, x: Tensor, atoms: Tensor) -> Any:
    return refit(code, x - code @ atoms, atoms)


# update_atom -------------------------------------------------------------------------------------------------


@mistake("update_atom", "what atom j said is taken away as well; take away only what the *other* atoms say")
def own_part_taken(x: Tensor, atoms: Tensor, code: Tensor, j: int) -> Any:
    return _updated(x - code @ atoms, atoms, code, j)


@mistake("update_atom", "all signals are fitted; only those that use atom j may change, or the codes fill with values")
def every_signal(x: Tensor, atoms: Tensor, code: Tensor, j: int) -> Any:
    return _updated(x - code @ atoms + torch.outer(code[:, j], atoms[j]), atoms, code, j, all_rows=True)


@mistake("update_atom", "the values lack the singular value: an atom has length 1, so its values carry the size")
def without_the_size(x: Tensor, atoms: Tensor, code: Tensor, j: int) -> Any:
    new, values = update_atom(x, atoms, code, j)
    size = values[:, j].norm()
    if size > 0:
        values[:, j] /= size
    return new, values


@mistake("update_atom", "the values of the users stay as they were; the atom and its values change together")
def old_values(x: Tensor, atoms: Tensor, code: Tensor, j: int) -> Any:
    return update_atom(x, atoms, code, j)[0], code


@mistake("update_atom", "the atom is fitted to the users' signals; first take away what the other atoms say")
def fits_the_signals(x: Tensor, atoms: Tensor, code: Tensor, j: int) -> Any:
    return _updated(x, atoms, code, j)


def _updated(left: Tensor, atoms: Tensor, code: Tensor, j: int, all_rows: bool = False) -> Any:
    users = (code[:, j] != 0) | all_rows
    atoms, code = atoms.clone(), code.clone()
    if bool((code[:, j] != 0).any()):
        values, sizes, directions = torch.linalg.svd(left[users], full_matrices=False)
        atoms[j], code[users, j] = directions[0], sizes[0] * values[:, 0]
    return atoms, code
