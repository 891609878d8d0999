"""Ways to multiply a matrix that is mostly zeros with a dense one. Each gets ready first, and is then called."""

import warnings
from collections.abc import Callable
from typing import Any

import scipy.sparse
import torch
from torch import Tensor
from torch.nn import functional

from lthedu.base.arguments import typed
from lthedu.base.compiled import AVAILABLE, vectorised
from lthedu.base.ranges import Count, Fraction
from lthedu.pruning import keep_largest
from lthedu.sparsity.csr import to_csr
from lthedu.sparsity.spmm import add_rows
from lthedu.training.sparse_kernels import product

Call = Callable[[], Tensor]
Kernel = Callable[[Tensor, Tensor], Call]  # (weight (out, in) with zeros, x (in, batch)) -> what multiplies them
DENSE, LINEAR = "dense, W @ x", "dense, F.linear"
NAIVE, TWELVE, ENGINE = "batch outside", "12 lines", "four at a time"
TORCH, SCIPY, BAG, BLOCKS = "torch CSR", "scipy CSR", "embedding_bag", "torch BSR"
BLOCK = 16


def dense(weight: Tensor, x: Tensor) -> Call:
    """torch's own product, which multiplies zeros as well."""
    return lambda: weight @ x


def linear(weight: Tensor, x: Tensor) -> Call:
    """The same as a layer does it, on inputs (batch, in)."""
    rows = x.T.contiguous()
    return lambda: functional.linear(rows, weight).T


def naive(weight: Tensor, x: Tensor) -> Call:
    """Compiled loops with the batch outside: from one number of x to the next is a jump over a whole row."""
    return _into(weight, x, _batch_outside)


def twelve_lines(weight: Tensor, x: Tensor) -> Call:
    """The loops of `spmm`, whose inner one runs over the batch; its arguments are not checked at each call."""
    return _into(weight, x, add_rows, begin_at_zero=True)


def engine(weight: Tensor, x: Tensor) -> Call:
    """The loop of the course's training engine: four non-zeros at a time, so that results are written less often."""
    return _into(weight, x, product)


def _into(weight: Tensor, x: Tensor, loops: Callable[..., None], *, begin_at_zero: bool = False) -> Call:
    """A call of compiled loops on NumPy's view of the arrays, which write into one result."""
    (start, column, value), z = to_csr(weight), weight.new_empty(len(weight), x.shape[1])
    arrays = [a.numpy() for a in (start, column, value, x, z)]

    def run() -> Tensor:
        if begin_at_zero:
            z.zero_()
        loops(*arrays)
        return z

    return run


def torch_csr(weight: Tensor, x: Tensor) -> Call:
    """torch's CSR matrix with int32 indices, for which a CPU calls MKL where torch was built with it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that its sparse matrices are in beta
        matrix = torch.sparse_csr_tensor(*to_csr(weight), size=weight.shape)
    return lambda: matrix @ x


def scipy_csr(weight: Tensor, x: Tensor) -> Call:
    """SciPy's CSR matrix."""
    matrix, inputs = scipy.sparse.csr_array(weight.numpy()), x.numpy()
    return lambda: torch.from_numpy(matrix @ inputs)


def embedding_bag(weight: Tensor, x: Tensor) -> Call:
    """torch's weighted sum of table rows: the rows of x are the table, each row of the matrix is a bag."""
    start, column, value = to_csr(weight)
    options: dict[str, Any] = {"mode": "sum", "per_sample_weights": value, "include_last_offset": True}
    return lambda: functional.embedding_bag(column, x, start, **options)


def torch_bsr(weight: Tensor, x: Tensor) -> Call:
    """torch's matrix of square blocks, of which a block with one non-zero is stored whole."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matrix = weight.to_sparse_bsr((BLOCK, BLOCK))
    return lambda: matrix @ x


DENSE_KERNELS: dict[str, Kernel] = {DENSE: dense, LINEAR: linear}
SPARSE_KERNELS: dict[str, Kernel] = {TORCH: torch_csr, SCIPY: scipy_csr, BAG: embedding_bag, BLOCKS: torch_bsr}
if AVAILABLE:  # without numba these loops would take minutes
    SPARSE_KERNELS = {NAIVE: naive, TWELVE: twelve_lines, ENGINE: engine, **SPARSE_KERNELS}


@typed
def block_mask(scores: Tensor, density: Fraction, block: Count = BLOCK) -> Tensor:
    """The mask of whole square blocks with the largest sums of scores: `round(density * n)` of the n blocks.

    Raises ValueError for scores that are no matrix of whole blocks, and as `keep_largest` does.

    >>> block_mask(torch.tensor([[1.0, 1.0, 5.0, 0.0]] * 2), 0.5, block=2)[0].tolist()
    [False, False, True, True]
    """
    if scores.ndim != 2 or scores.shape[0] % block or scores.shape[1] % block:
        raise ValueError(f"scores has shape {tuple(scores.shape)}; allowed: two axes, both multiples of {block}")
    rows, columns = (n // block for n in scores.shape)
    sums = scores.reshape(rows, block, columns, block).sum((1, 3))
    kept = keep_largest(sums, density)
    return kept.repeat_interleave(block, 0).repeat_interleave(block, 1)


@vectorised
def _batch_outside(start, column, value, x, z):  # type: ignore[no-untyped-def]
    for b in range(x.shape[1]):
        for r in range(len(z)):
            total = value.dtype.type(0)
            for k in range(start[r], start[r + 1]):
                total += value[k] * x[column[k], b]
            z[r, b] = total
