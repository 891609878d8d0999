"""Compressed sparse rows (CSR): what is stored of a matrix that is mostly zeros, and the way back."""

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Whole

Rows = tuple[Tensor, Tensor, Tensor]  # start (rows + 1,), column (nonzeros,), value (nonzeros,)


@typed
def to_csr(matrix: Tensor) -> Rows:
    """What is stored of a matrix: where each row begins, then each non-zero's column and value.

    `matrix` is (rows, columns). The entries of row r stand from `start[r]` to `start[r + 1] - 1`, from left to right.
    Indices are int32. A NaN is stored; -0.0 is a zero, so it comes back as +0.0. Raises ValueError for a tensor that is
    no matrix.

    >>> start, column, value = to_csr(torch.tensor([[0.0, 5.0, 0.0], [0.0, 0.0, 0.0], [7.0, 0.0, 8.0]]))
    >>> start.tolist(), column.tolist(), value.tolist()
    ([0, 1, 1, 3], [1, 0, 2], [5.0, 7.0, 8.0])
    """
    if matrix.ndim != 2:
        raise ValueError(f"matrix has shape {tuple(matrix.shape)}; allowed: two axes, rows and columns")
    row, column = matrix.nonzero(as_tuple=True)
    start = torch.cat([row.new_zeros(1), torch.bincount(row, minlength=len(matrix)).cumsum(0)])
    return start.int(), column.int(), matrix[row, column]


@typed
def from_csr(start: Tensor, column: Tensor, value: Tensor, columns: Whole) -> Tensor:
    """The matrix (rows, columns) of which `to_csr` stored the three arrays.

    Raises ValueError for arrays that are no such matrix, naming what is wrong with them.

    >>> from_csr(torch.tensor([0, 1, 1]), torch.tensor([2]), torch.tensor([5.0]), 3)
    tensor([[0., 0., 5.],
            [0., 0., 0.]])
    """
    check_csr(start, column, value, columns)
    matrix = value.new_zeros(len(start) - 1, columns)
    matrix[row_of_each(start), column.long()] = value
    return matrix


def row_of_each(start: Tensor) -> Tensor:
    """The row of each stored entry.

    >>> row_of_each(torch.tensor([0, 2, 2, 3])).tolist()
    [0, 0, 2]
    """
    return torch.repeat_interleave(torch.arange(len(start) - 1, device=start.device), start.long().diff())


def check_csr(start: Tensor, column: Tensor, value: Tensor, columns: int) -> None:
    """Raises ValueError where the three arrays are no matrix with so many columns."""
    for name, array in {"start": start, "column": column, "value": value}.items():
        if array.ndim != 1:
            raise ValueError(f"{name} has shape {tuple(array.shape)}; allowed: one axis")
        if name != "value" and array.dtype not in (torch.int32, torch.int64):
            raise ValueError(f"{name} has {len(array)} entries of {array.dtype}; allowed: torch.int32, torch.int64")
    if len(column) != len(value):
        raise ValueError(f"column has {len(column)} entries and value has {len(value)} of them; allowed: equally many")
    if not len(start) or start[0] != 0 or start[-1] != len(value) or bool((start.diff() < 0).any()):
        raise ValueError(
            f"start has {len(start)} entries, {_few(start)}; it must rise from 0 to the number of values, {len(value)}"
        )
    if len(column) and not (int(column.min()) >= 0 and int(column.max()) < columns):
        raise ValueError(f"column has {len(column)} entries, {_few(column)}; allowed: from 0 to {columns - 1}")


def _few(array: Tensor) -> str:
    return str(array.tolist()) if len(array) <= 8 else f"{str(array[:6].tolist())[:-1]}, ...]"
