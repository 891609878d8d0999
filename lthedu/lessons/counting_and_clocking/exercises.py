"""This lesson's exercises. The references are the library's own functions."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lthedu.exercises.compare import Case, compare
from lthedu.exercises.core import Attempt, Wrong, exercise
from lthedu.exercises.readers import items, number, numbers, whole
from lthedu.exercises.values import alike, brief, difference
from lthedu.lessons.counting_and_clocking.machine import pretended
from lthedu.sparsity import fit_law, kept_flops, speed_up, spmm, spmm_gradients, to_csr
from lthedu.sparsity.csr import Rows

ALIKE = torch.tensor([[0.0, 1.0, 2.0], [0.0, 1.0, 0.0]])  # with equal values, some of them equal to indices


@exercise(
    kept_flops,
    "Operations of a masked network",
    minutes=5,
    level=1,
    hints=(
        "Take one kept weight of a linear layer. What does the network do with it for one input? And with a weight of "
        "a convolution, which slides over the image?",
        "Each use of a weight is one multiplication and one addition. A layer with 3 kept weights that is used at 4 "
        "places makes 3 x 4 uses.",
        "total = 0\nfor name, kept in mask.items():\n    total += ... * int(kept.sum()) * places[name]\nreturn total",
    ),
    returns=lambda result, *_: whole(result, "a whole number of operations"),
)
def check_kept_flops(attempt: Attempt) -> None:
    """One layer, two with different shares and places, a layer of which nothing is kept, and random networks."""
    small = torch.tensor([[True, False], [True, True]])
    cases: list[Case] = [
        ({"fc": small}, {"fc": 1}),
        ({"fc": torch.ones(3, 4, dtype=torch.bool)}, {"fc": 1}),
        ({"conv": small}, {"conv": 9}),
        ({"a": small, "b": torch.tensor([[True, False, False]])}, {"a": 5, "b": 1}),
        ({"a": small, "b": small}, {"a": 3, "b": 3}),
        ({"a": ~small, "b": torch.zeros(2, 2, dtype=torch.bool)}, {"b": 7, "a": 2}),
    ]
    for n in (4, 7):
        mask = {f"layer {i}": torch.rand(n, i + 2, generator=attempt.rng) < 0.4 for i in range(3)}
        cases.append((mask, {name: 3 * i + 1 for i, name in enumerate(mask)}))
    compare(
        attempt,
        cases,
        show=lambda got, right, mask, places: (
            f"{', '.join(f'{n}: {int(m.sum())} of {m.numel()} kept, {places[n]} places' for n, m in mask.items())}: "
            f"returned {got:,}, expected {right:,}"
        ),
        otherwise="that is not 2 for each kept weight at each place",
    )


@exercise(
    to_csr,
    "Store only the non-zeros",
    minutes=10,
    level=2,
    hints=(
        "Go through the matrix row by row, from left to right. What do you write down for each non-zero? How "
        "will a reader know where the next row begins?",
        "`matrix.nonzero(as_tuple=True)` gives the row and the column of each non-zero, row by row. `start` begins "
        "with "
        "0, and each further entry adds how many non-zeros one more row has.",
        "row, column = matrix.nonzero(as_tuple=True)\nin_each = torch.bincount(row, minlength=len(matrix))\n"
        "start = torch.cat([torch.zeros(1), ...])\nreturn start, column, matrix[row, column]",
    ),
    returns=lambda result, matrix: _rows(result, matrix),
)
def check_to_csr(attempt: Attempt) -> None:
    """Small matrices with empty rows at both ends and in the middle, none and only zeros, then random ones."""
    cases: list[Case] = [
        (torch.tensor([[0.0, 5.0, 0.0], [7.0, 0.0, 8.0]]),),
        (torch.tensor([[0.0, 0.0], [1.0, -2.0], [0.0, 0.0], [3.0, 0.0], [0.0, 0.0]]),),
        (torch.zeros(3, 2),),
        (torch.tensor([[4.0, 3.0], [2.0, 1.0]]),),
    ]
    cases += [(_sparse(attempt, *shape, 0.3),) for shape in ((4, 6), (7, 3), (1, 9))]
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: all(torch.equal(p.double(), q.double()) for p, q in zip(a, b, strict=True)),
        show=lambda got, right, matrix: f"{brief(matrix)}: {_which(got, right, ('start', 'column', 'value'))}",
        otherwise="that is not the matrix in compressed sparse rows",
    )


def _rows(got: object, matrix: Tensor) -> Rows:
    start, column, value = items(got, 3, "three arrays: start, column, value")
    many = int((matrix != 0).sum())
    lengths = {"start": (start, len(matrix) + 1), "column": (column, many), "value": (value, many)}
    found = []
    for name, (array, n) in lengths.items():
        try:
            row = torch.as_tensor(array, dtype=torch.float64).flatten()
        except (TypeError, ValueError, RuntimeError, OverflowError):
            raise Wrong(f"{name} is {brief(array)}; expected {n} numbers in a row") from None
        if len(row) != n:
            raise Wrong(
                f"{name} has {len(row)} entries; expected {n}",
                f"{brief(matrix)} has {len(matrix)} rows, {many} non-zeros",
            )
        found.append(row)
    if bool((torch.cat(found[:2]) % 1 != 0).any()):
        raise Wrong("start or column holds numbers that are not whole")
    return found[0].int(), found[1].int(), found[2].to(matrix.dtype)


def _which(got: Sequence[Any], right: Sequence[Any], names: Sequence[str]) -> str:
    for name, g, r in zip(names, got, right, strict=True):
        if not alike(g, r, 1e-4):
            return f"{name}: {difference(g, r)}"
    return ""


def _sparse(attempt: Attempt, rows: int, columns: int, density: float) -> Tensor:
    values = torch.randn(rows, columns, generator=attempt.rng)
    return torch.where(torch.rand(rows, columns, generator=attempt.rng) < density, values, torch.zeros(()))


@exercise(
    spmm,
    "Multiply with the non-zeros only",
    minutes=15,
    level=2,
    hints=(
        "Row r of the result is a sum. Which rows of x are in it, and with which factors?",
        "Begin with a matrix of zeros. For each row r go through its entries, k from start[r] to start[r + 1] - 1. "
        "Each "
        "adds value[k] times one whole row of x, so the batch needs no loop of its own.",
        "z = torch.zeros(len(start) - 1, x.shape[1])\nfor r in range(len(z)):\n"
        "    for k in range(start[r], start[r + 1]):\n        z[r] += ...\nreturn z",
    ),
    returns=lambda result, start, column, value, x: _table(
        result,
        (len(start) - 1, x.shape[1]),
        "the product",
        f"start {start.tolist()} has {len(start) - 1} rows, and x has shape {tuple(x.shape)}",
    ),
)
def check_spmm(attempt: Attempt) -> None:
    """A matrix by hand, one with empty rows and unused columns, one without entries, then random ones."""
    cases: list[Case] = [
        (*to_csr(matrix), torch.arange(1.0, 1 + 2 * matrix.shape[1]).view(-1, 2))
        for matrix in (
            torch.tensor([[0.0, 5.0], [2.0, 3.0]]),
            torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 4.0], [0.0, 0.0, 0.0]]),
            torch.zeros(2, 3),
        )
    ]
    cases.append((*to_csr(ALIKE), torch.ones(3, 2)))
    for rows, columns, batch in ((3, 5, 1), (5, 3, 4), (6, 6, 6)):
        x = torch.randn(columns, batch, generator=attempt.rng)
        cases.append((*to_csr(_sparse(attempt, rows, columns, 0.5)), x))
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: torch.allclose(a, b, atol=1e-4),
        show=lambda got, right, start, column, value, x: (
            f"start {start.tolist()}, column {column.tolist()}, value {brief(value)}: {difference(got, right)}"
        ),
        otherwise="that is not the product of the matrix with x",
    )


def _table(got: object, shape: tuple[int, ...], what: str, example: str = "") -> Tensor:
    try:
        found = torch.as_tensor(got, dtype=torch.float32)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        raise Wrong(f"{what} is {brief(got)}; expected numbers of shape {shape}") from None
    if found.shape != shape:
        raise Wrong(f"{what} has shape {tuple(found.shape)}; expected {shape}", example)
    return found


@exercise(
    speed_up,
    "An honest clock",
    minutes=15,
    level=2,
    hints=(
        "What can be slow in a first call that later calls do not pay? And if the machine gets busier, whom does that "
        "hurt when all dense calls come first?",
        "Call both once without a clock. In each window read the timer before dense, between the two, and after "
        "sparse. "
        "Keep the dense times and the ratios. At the end the dense times decide whether the median may be given.",
        "dense()\nsparse()\ndense_times, ratios = [], []\nfor _ in range(windows):\n    a = timer()\n    dense()\n"
        "    b = timer()\n    sparse()\n    c = timer()\n    dense_times.append(b - a)\n    ratios.append(...)\n"
        "steady = max(dense_times) <= ...\nreturn statistics.median(ratios) if steady else None",
    ),
    returns=lambda result, *_: None if result is None else number(result, "one number, or None where dense moved"),
)
def check_speed_up(attempt: Attempt) -> None:
    """A pretended machine whose clock only its two functions move: steady ones, ones that slow down, and noise."""
    steady, busier, noisy = [4.0] * 3, [8.0, 9.0, 9.0, 9.0], [4.0, 4.0, 5.0]
    cases: list[Case] = [
        pretended(steady, [1.0] * 3),
        pretended([2.0], [4.0]),
        pretended(busier, [2.0, 3.0, 3.0, 3.0]),
        pretended(steady, [1.0, 1.0, 8.0]),
        pretended([4.0, 4.0], [1.0, 2.0]),
        pretended([10.0, 12.0], [5.0, 5.0]),
        pretended(noisy, [1.0, 1.0, 1.0]),
        pretended([5.0, 4.0, 4.0], [1.0, 1.0, 1.0]),
        pretended([4.0, 4.0, 5.15], [1.0, 1.0, 1.0]),
        pretended([4.0, 9.0, 4.0, 4.0, 4.0], [1.0] * 5),
    ]
    compare(
        attempt,
        cases,
        show=lambda got, right, dense, sparse, windows, timer: (
            f"a machine on which {dense.said}: returned {_said(got)}, expected {_said(right)}"
        ),
        otherwise="that is not the median of the windows' ratios, or None where dense moved by more than 20 %",
    )


def _said(ratio: float | None) -> str:
    return "None" if ratio is None else f"{ratio:.4g}"


@exercise(
    fit_law,
    "The law of your machine",
    minutes=10,
    level=2,
    hints=(
        "The law is linear in c and in 1/e. How do you fit two numbers to several points by least squares?",
        "Divide the law by the measured ratio, so that errors are relative: c/ratio + (density/ratio)/e should be 1 "
        "for every point. That is one equation for each point, with the unknowns c and 1/e.",
        "d, r = np.array(density), np.array(ratio)\nequations = np.column_stack([1 / r, d / r])\n"
        "(c, slope), *_ = np.linalg.lstsq(equations, np.ones(len(r)), rcond=None)\nreturn c, ...",
    ),
    returns=lambda result, *_: numbers(result, 2, "two numbers: c and e"),
)
def check_fit_law(attempt: Attempt) -> None:
    """Points that lie on a law, then two and more that do not, over a wide range of densities."""
    cases: list[Case] = [([0.5, 0.1], [2.05, 0.45]), ([0.8, 0.4, 0.2, 0.1], [2.1, 1.1, 0.6, 0.35])]
    cases.append(([0.5, 0.5, 0.2, 0.1], [0.5, 0.6, 0.3, 0.3]))  # equal entries
    for n in (2, 4, 7):
        density = (0.01 * 80 ** torch.rand(n, generator=attempt.rng, dtype=torch.float64)).tolist()
        noise = (1 + 0.2 * torch.rand(n, generator=attempt.rng, dtype=torch.float64)).tolist()
        cases.append((density, [(0.04 + d / 0.3) * up for d, up in zip(density, noise, strict=True)]))
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: alike(a, b, 1e-5),
        otherwise="those are not c and e of least squares of the relative error",
    )


@exercise(
    spmm_gradients,
    "Its gradients by hand",
    minutes=20,
    level=3,
    hints=(
        "Entry k, in row r and column c, adds value[k] * x[c] to row r of the product. By how much does a loss change "
        "if value[k] grows a little? And if x[c] does?",
        "`above` is the gradient of the loss at the product. The gradient of value[k] is the sum over the batch of "
        "above[r] * x[c]. Row c of the gradient of x gets value[k] * above[r] from every entry that read it.",
        "of_value, of_x = torch.zeros_like(value), torch.zeros_like(x)\nfor r in range(len(start) - 1):\n"
        "    for k in range(start[r], start[r + 1]):\n        c = column[k]\n        of_value[k] = ...\n"
        "        of_x[c] += value[k] * above[r]\nreturn of_value, of_x",
    ),
    returns=lambda result, start, column, value, x, above: _gradients(result, value, x),
)
def check_spmm_gradients(attempt: Attempt) -> None:
    """A matrix by hand in which a column is read twice and one never, then random ones."""
    matrix = torch.tensor([[0.0, 5.0, 0.0], [0.0, 3.0, 2.0]])
    cases: list[Case] = [(*to_csr(matrix), torch.arange(1.0, 7.0).view(3, 2), torch.tensor([[1.0, 2.0], [3.0, 5.0]]))]
    cases.append((*to_csr(ALIKE), torch.ones(3, 2), torch.ones(2, 2)))
    for rows, columns, batch in ((3, 5, 1), (5, 3, 4), (4, 4, 3)):
        made = to_csr(_sparse(attempt, rows, columns, 0.6))
        x, above = (torch.randn(n, batch, generator=attempt.rng) for n in (columns, rows))
        cases.append((*made, x, above))
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: all(torch.allclose(p, q, atol=1e-4) for p, q in zip(a, b, strict=True)),
        show=lambda got, right, start, column, value, x, above: (
            f"start {start.tolist()}, column {column.tolist()}: {_which(got, right, ('of the values', 'of x'))}"
        ),
        otherwise="those are not the gradients for the values and for x",
    )


def _gradients(got: object, value: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    slope, back = items(got, 2, "two gradients: for the values and for x")
    return _table(slope, tuple(value.shape), "the gradient for the values"), _table(
        back, tuple(x.shape), "the gradient for x"
    )
