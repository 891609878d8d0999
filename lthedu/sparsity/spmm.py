"""A sparse matrix times a dense one (SpMM), and its gradients by hand."""

from typing import Any

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.compiled import AVAILABLE, vectorised
from lthedu.sparsity.csr import check_csr, row_of_each

COMPILED = (torch.float32, torch.float64)


@typed
def spmm(start: Tensor, column: Tensor, value: Tensor, x: Tensor) -> Tensor:
    """The product (rows, batch) of a matrix in CSR with x (columns, batch): each kept weight is met once.

    Every non-zero adds its value times one row of x to one row of the result. Raises ValueError for arrays that are no
    matrix in CSR, for an x that does not fit, and for another type of numbers than the values'.

    >>> start, column, value = torch.tensor([0, 1, 3]), torch.tensor([1, 0, 1]), torch.tensor([5.0, 2.0, 3.0])
    >>> spmm(start, column, value, torch.tensor([[1.0, 10.0], [2.0, 20.0]]))
    tensor([[ 10., 100.],
            [  8.,  80.]])
    """
    _check(start, column, value, x)
    z = x.new_zeros(len(start) - 1, x.shape[1])
    return z.index_add(0, row_of_each(start), value[:, None] * x[column.long()])


@typed
def spmm_gradients(start: Tensor, column: Tensor, value: Tensor, x: Tensor, above: Tensor) -> tuple[Tensor, Tensor]:
    """The gradients for the values and for x, of `above`, the gradient at the product.

    `above` is (rows, batch); what comes back are (nonzeros,) and (columns, batch).

    A weight's gradient is the product of what comes from above to its row with the row of x that it read, summed over
    the batch. Each row of x gets back, from each weight that read it, the weight times what came from above. Raises
    ValueError as `spmm` does, and for an `above` that has not the product's shape.

    >>> start, column, value = torch.tensor([0, 1]), torch.tensor([1]), torch.tensor([5.0])
    >>> spmm_gradients(start, column, value, torch.tensor([[1.0], [2.0]]), torch.tensor([[10.0]]))
    (tensor([20.]), tensor([[ 0.],
            [50.]]))
    """
    _check(start, column, value, x)
    if above.shape != (len(start) - 1, x.shape[1]) or above.dtype != x.dtype:
        expected = f"({len(start) - 1}, {x.shape[1]}) and {x.dtype}"
        raise ValueError(f"above is of shape {tuple(above.shape)} and {above.dtype}; allowed: {expected}")
    row, column = row_of_each(start), column.long()
    slope = (above[row] * x[column]).sum(1)
    return slope, torch.zeros_like(x).index_add(0, column, value[:, None] * above[row])


@typed
def sparse_product(start: Tensor, column: Tensor, value: Tensor, x: Tensor) -> Tensor:
    """`spmm` for training: autograd calls `spmm_gradients` for the values and for x. Raises as they do.

    On a CPU with numba both are compiled loops. The inner one runs over the batch, along numbers side by side.

    >>> value = torch.tensor([5.0], requires_grad=True)
    >>> sparse_product(torch.tensor([0, 1]), torch.tensor([1]), value, torch.tensor([[1.0], [2.0]])).sum().backward()
    >>> value.grad
    tensor([2.])
    """
    _check(start, column, value, x)
    product: Tensor = _SparseProduct.apply(start, column, value, x)  # type: ignore[no-untyped-call]
    return product


class _SparseProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, start: Tensor, column: Tensor, value: Tensor, x: Tensor) -> Tensor:
        """The product; what the gradients need is kept."""
        ctx.save_for_backward(start, column, value, x)
        if not _compiled(x):
            return spmm(start, column, value, x)
        z = x.new_zeros(len(start) - 1, x.shape[1])
        add_rows(*_arrays(start, column, value, x, z))
        return z

    @staticmethod
    def backward(ctx: Any, *above: Tensor) -> tuple[None, None, Tensor, Tensor]:
        """The gradients for the values and for x; indices have none."""
        start, column, value, x = ctx.saved_tensors
        if not _compiled(x):
            return None, None, *spmm_gradients(start, column, value, x, above[0])
        slope, back = torch.zeros_like(value), x.new_zeros(x.shape)
        add_slopes(*_arrays(start, column, value, x, above[0], slope, back))
        return None, None, slope, back


def _check(start: Tensor, column: Tensor, value: Tensor, x: Tensor) -> None:
    if x.ndim != 2:
        raise ValueError(f"x has shape {tuple(x.shape)}; allowed: two axes, columns and batch")
    if x.dtype != value.dtype:
        raise ValueError(
            f"x, of shape {tuple(x.shape)}, is of {x.dtype} and value of {value.dtype}; allowed: the same type"
        )
    if len(column) and len(x) <= int(column.max()):
        up_to = f"column has {len(column)} entries up to {int(column.max())}"
        raise ValueError(f"x has shape {tuple(x.shape)}; {up_to}, so x needs more rows")
    check_csr(start, column, value, len(x))


def _arrays(*tensors: Tensor) -> list[Any]:
    return [tensor.detach().contiguous().numpy() for tensor in tensors]


def _compiled(x: Tensor) -> bool:
    return AVAILABLE and x.device.type == "cpu" and x.dtype in COMPILED


@vectorised
def add_rows(start, column, value, x, z):  # type: ignore[no-untyped-def]
    """z (rows, batch) += W x. The batch is the inner loop."""
    for r in range(len(z)):
        for k in range(start[r], start[r + 1]):
            v, c = value[k], column[k]
            for b in range(x.shape[1]):
                z[r, b] += v * x[c, b]


@vectorised
def add_slopes(start, column, value, x, above, slope, back):  # type: ignore[no-untyped-def]
    """slope (nonzeros,) and back (columns, batch) of `above` (rows, batch)."""
    for r in range(len(above)):
        for k in range(start[r], start[r + 1]):
            v, c, total = value[k], column[k], value.dtype.type(0)
            for b in range(x.shape[1]):
                total += above[r, b] * x[c, b]
                back[c, b] += v * above[r, b]
            slope[k] = total
