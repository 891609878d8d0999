"""This lesson's exercises. The references are the library's own functions."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lthedu.coding import dct_atoms, ista_step, lista_layers, omp, refit, soft_threshold, steepness, update_atom
from lthedu.exercises.compare import Case, compare
from lthedu.exercises.core import Attempt, Wrong, exercise
from lthedu.exercises.readers import items
from lthedu.exercises.values import brief, difference

THREE = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])  # two axes, and one atom between them


def _array(got: object, shape: Sequence[int], what: str = "the result") -> Tensor:
    """Numbers of this shape, in whatever they came; else Wrong."""
    try:
        found = torch.as_tensor(got, dtype=torch.float32).detach()
    except (TypeError, ValueError, RuntimeError, OverflowError, MemoryError):
        raise Wrong(f"{what} is {brief(got)}; expected numbers of shape {tuple(shape)}") from None
    if found.shape != tuple(shape):
        raise Wrong(f"{what} has shape {tuple(found.shape)}; expected {tuple(shape)}")
    return found


def _close(a: Tensor, b: Tensor, *_: object) -> bool:
    return torch.allclose(a, b, rtol=1e-3, atol=1e-3)


def _atoms(attempt: Attempt, many: int, pixels: int) -> Tensor:
    drawn = torch.randn(many, pixels, generator=attempt.rng)
    unit: Tensor = drawn / drawn.norm(dim=1, keepdim=True)
    return unit


@exercise(
    omp,
    "One atom after the other",
    minutes=15,
    level=2,
    hints=(
        "Which atom is most like what is left of x? What has to happen to the values of the earlier atoms when a new "
        "one comes?",
        "Keep a list of chosen atoms. In each round take the largest absolute entry of `atoms @ left`, then fit x by "
        "*all* chosen atoms with `torch.linalg.lstsq`, and compute what is left anew.",
        "chosen, left, code = [], x, torch.zeros(len(atoms))\nfor _ in range(count):\n"
        "    chosen.append(int((atoms @ left).abs().argmax()))\n"
        "    values = torch.linalg.lstsq(atoms[chosen].T, x[:, None]).solution[:, 0]\n    left = x - ...\n"
        "code[chosen] = values\nreturn code",
    ),
    returns=lambda result, x, atoms, count: _array(result, (len(atoms),), "the code"),
)
def check_omp(attempt: Attempt) -> None:
    """Atoms at right angles, atoms that are not, negative values, then random ones with one to four rounds."""
    cases: list[Case] = [
        (torch.tensor([3.0, -1.0]), torch.eye(2), 1),
        (torch.tensor([3.0, 1.0]), THREE, 1),
        (torch.tensor([3.0, 1.0]), THREE, 2),
        (torch.tensor([-1.0, -3.0]), THREE, 2),
        (torch.tensor([2.0, 2.0]), THREE, 2),
    ]
    for pixels, many, count in ((6, 10, 2), (9, 20, 3), (16, 30, 4), (16, 30, 6)):
        cases.append((torch.randn(pixels, generator=attempt.rng), _atoms(attempt, many, pixels), count))
    compare(
        attempt,
        cases,
        close=_close,
        show=lambda got, right, x, atoms, count: (
            f"x {brief(x)}, atoms {brief(atoms)}, count {count}: {difference(got, right)}"
        ),
        otherwise="that is not the code of orthogonal matching pursuit",
    )


@exercise(
    soft_threshold,
    "A threshold is two ReLUs",
    minutes=5,
    level=1,
    hints=(
        "What becomes of 2.5 if the threshold is 1? Of 0.5? Of -2.5?",
        "relu(v - t) is right for values above t and 0 elsewhere. Which second ReLU is right below -t?",
        "return torch.relu(values - threshold) - torch.relu(...)",
    ),
    returns=lambda result, values, threshold: _array(result, values.shape),
)
def check_soft_threshold(attempt: Attempt) -> None:
    """Values on both sides, threshold 0 and one above all values, a threshold for each column."""
    row = torch.tensor([-3.0, -1.0, -0.5, 0.0, 0.25, 1.0, 2.5, 2.5])
    cases: list[Case] = [(row, 1.0), (row, 0.0), (row, 5.0), (torch.tensor([2.0]), 0.5)]
    cases.append((torch.randn(4, 3, generator=attempt.rng), torch.tensor([0.1, 0.5, 2.0])))
    compare(attempt, cases, close=_close, otherwise="that is not the soft threshold")


@exercise(
    ista_step,
    "One step of the search",
    minutes=10,
    level=2,
    hints=(
        "The code stands for code @ atoms. What is left of x? How much is each atom like what is left?",
        "Move the code by (what is left) @ atoms.T / steep, which makes the squared error smaller. Then take a soft "
        "threshold. The penalty is scaled like the step.",
        "left = x - code @ atoms\nmoved = code + ...\nreturn soft_threshold(moved, penalty / steep)",
    ),
    returns=lambda result, code, x, *_: _array(result, code.shape, "the code"),
)
def check_ista_step(attempt: Attempt) -> None:
    """From zeros with orthonormal atoms, with a step below 1, and random codes, atoms and penalties."""
    cases: list[Case] = [
        (torch.zeros(1, 2), torch.tensor([[3.0, 0.5]]), torch.eye(2), 1.0, 1.0),
        (torch.tensor([[1.0, -1.0]]), torch.tensor([[3.0, 0.5]]), torch.eye(2), 1.0, 2.0),
        (torch.tensor([[1.0, 0.0, 2.0]]), torch.tensor([[3.0, 1.0]]), THREE, 0.5, 2.0),
        (torch.tensor([[1.0, 0.0, 2.0]]), torch.tensor([[3.0, 1.0]]), THREE, 0.0, 3.0),
        (torch.tensor([[2.0, 0.0]]), torch.tensor([[2.0, 2.0]]), torch.eye(2), 0.5, 2.0),
    ]
    for n, pixels, many in ((2, 4, 6), (5, 9, 12)):
        atoms = _atoms(attempt, many, pixels)
        code, x = (torch.randn(n, size, generator=attempt.rng) for size in (many, pixels))
        cases.append((code, x, atoms, 0.3, steepness(atoms)))
    compare(
        attempt,
        cases,
        close=_close,
        show=lambda got, right, code, x, atoms, penalty, steep: (
            f"code {brief(code)}, x {brief(x)}, penalty {penalty:g}, steep {steep:.3g}: {difference(got, right)}"
        ),
        otherwise="that is not a step along the gradient and then a soft threshold",
    )


@exercise(
    lista_layers,
    "Steps become layers",
    minutes=10,
    level=2,
    hints=(
        "What does the first layer see, when there is no code yet? What does the second layer see besides x?",
        "Begin with a code of zeros, one row for each row of x and as many columns as `mix` has. Each layer takes "
        "x @ encode + code @ mix and then the soft threshold.",
        "code = torch.zeros(len(x), len(mix))\nfor _ in range(layers):\n    code = soft_threshold(..., threshold)\n"
        "return code",
    ),
    returns=lambda result, x, encode, mix, threshold, layers: _array(result, (len(x), len(mix)), "the code"),
)
def check_lista_layers(attempt: Attempt) -> None:
    """One layer, several, a mix that is zero, a threshold for each atom, and the weights of ISTA."""
    cases: list[Case] = []
    for n, pixels, many, layers in ((1, 2, 2, 1), (2, 4, 6, 2), (3, 4, 6, 4)):
        x, encode, mix = (
            torch.randn(shape, generator=attempt.rng) / many for shape in ((n, pixels), (pixels, many), (many, many))
        )
        cases.append((x, encode, mix, torch.full((many,), 0.02), layers))
    cases.append((torch.tensor([[3.0, 0.5]]), torch.eye(2), torch.zeros(2, 2), 1.0, 3))
    cases.append((torch.tensor([[2.0, 2.0]]), torch.eye(2), 0.5 * torch.eye(2), torch.tensor([2.0, 0.5]), 2))
    atoms = dct_atoms(3, 4)
    steep = steepness(atoms)
    x = torch.randn(4, 9, generator=attempt.rng)
    cases.append((x, atoms.T / steep, torch.eye(len(atoms)) - atoms @ atoms.T / steep, 0.2 / steep, 5))
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: torch.allclose(a, b, rtol=1e-3, atol=1e-5),
        show=lambda got, right, x, encode, mix, threshold, layers: (
            f"x {brief(x)}, encode {brief(encode)}, mix {brief(mix)}, layers {layers}: {difference(got, right)}"
        ),
        otherwise="that is not what the layers give",
    )


@exercise(
    refit,
    "Keep the choice, undo the shrinkage",
    minutes=10,
    level=2,
    hints=(
        "Which atoms does the code use? Which values would you give them, if nothing made them small?",
        "`on = code != 0` says which atoms. `torch.linalg.lstsq(A, b).solution` finds the values for which A times "
        "values is nearest to b; the columns of A are the atoms in use.",
        "on, new = code != 0, torch.zeros(len(code))\n"
        "new[on] = torch.linalg.lstsq(..., x[:, None]).solution[:, 0]\nreturn new",
    ),
    returns=lambda result, code, x, atoms: _array(result, code.shape, "the code"),
)
def check_refit(attempt: Attempt) -> None:
    """One atom, two that are not at right angles, all, none, then random ones."""
    x = torch.tensor([3.0, 1.0])
    cases: list[Case] = [
        (torch.tensor([2.0, 0.0]), x, torch.eye(2)),
        (torch.tensor([2.0, 0.0, -0.1]), x, THREE),
        (torch.tensor([0.0, 0.0, 2.0]), x, THREE),
        (torch.tensor([0.0, 0.0, 0.0]), x, THREE),
        (torch.tensor([2.0, 1.0]), torch.tensor([2.0, 2.0]), torch.tensor([[1.0, 0.0], [0.6, 0.8]])),
    ]
    for pixels, many, used in ((6, 10, 2), (16, 30, 5)):
        code = torch.zeros(many)
        code[torch.randperm(many, generator=attempt.rng)[:used]] = 0.5
        cases.append((code, torch.randn(pixels, generator=attempt.rng), _atoms(attempt, many, pixels)))
    compare(
        attempt,
        cases,
        close=_close,
        show=lambda got, right, code, x, atoms: f"code {brief(code)}, x {brief(x)}: {difference(got, right)}",
        otherwise="those are not the values of least squares at the places where the code is not zero",
    )


@exercise(
    update_atom,
    "A better atom for its users",
    minutes=15,
    level=3,
    hints=(
        "Which signals use atom j? What is left of them when all *other* atoms have said what they say?",
        "users = rows of the code that are not 0 in column j. What is left there, plus atom j times its values, is a "
        "matrix. Its best approximation by one atom and one value for each user is the first part of its SVD.",
        "users = (code[:, j] != 0).nonzero()[:, 0]\natoms, code = atoms.clone(), code.clone()\nif len(users):\n"
        "    left = x[users] - code[users] @ atoms + ...\n    u, s, v = torch.linalg.svd(left, full_matrices=False)\n"
        "    atoms[j], code[users, j] = v[0], s[0] * u[:, 0]\nreturn atoms, code",
    ),
    returns=lambda result, x, atoms, code, j: _pair(result, atoms, code, j),
)
def check_update_atom(attempt: Attempt) -> None:
    """One signal, several users, an atom that nobody uses, and random ones."""
    two = torch.tensor([[3.0, 3.0], [0.0, 2.0]])
    cases: list[Case] = [
        (two, torch.eye(2), torch.tensor([[3.0, 0.0], [0.0, 2.0]]), 0),
        (two, torch.eye(2), torch.tensor([[3.0, 0.0], [1.0, 1.0]]), 0),
        (two, torch.eye(2), torch.tensor([[3.0, 0.0], [1.0, 0.0]]), 1),
    ]
    for n, pixels, many, j in ((5, 4, 6, 2), (12, 6, 8, 7)):
        code = torch.randn(n, many, generator=attempt.rng)
        code = torch.where(torch.rand(n, many, generator=attempt.rng) < 0.5, code, torch.zeros(()))
        cases.append((torch.randn(n, pixels, generator=attempt.rng), _atoms(attempt, many, pixels), code, j))
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: all(_close(p, q) for p, q in zip(a, b, strict=True)),
        show=lambda got, right, x, atoms, code, j: (
            f"{len(x)} signals, {len(atoms)} atoms, j is {j}, {int((code[:, j] != 0).sum())} users: "
            + next((difference(g, r) for g, r in zip(got, right, strict=True) if not _close(g, r)), "")
        ),
        otherwise="that is not the best atom and the best values for its users, all else as it was",
    )


def _pair(got: object, atoms: Tensor, code: Tensor, j: int) -> tuple[Tensor, Tensor]:
    """New atoms and codes; an atom and its values may both have the other sign, which changes nothing."""
    first, second = items(got, 2, "two arrays: the atoms and the codes")
    atoms, code = _array(first, atoms.shape, "the atoms").clone(), _array(second, code.shape, "the codes").clone()
    if len(atoms[j]) and float(atoms[j][atoms[j].abs().argmax()]) < 0:
        atoms[j], code[:, j] = -atoms[j], -code[:, j]
    return atoms, code
