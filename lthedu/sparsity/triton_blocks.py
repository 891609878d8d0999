"""A block-sparse product in Triton: one program for each row of blocks. Optional, because Triton is no dependency.

On a GPU Triton compiles the program. On a CPU it can interpret it, slowly, if TRITON_INTERPRET=1 is set before Triton
is imported for the first time.
"""

import importlib
import importlib.util
import warnings
from functools import cache
from typing import Any

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.sparsity.kernels import BLOCK


def available() -> bool:
    """Whether Triton is installed here. It is not imported."""
    return importlib.util.find_spec("triton") is not None


@typed
def block_product(weight: Tensor, x: Tensor) -> Tensor:
    """The product (out, batch) of a matrix (out, in) of 16 x 16 blocks, most of them zero, with x (in, batch).

    Sizes are multiples of 16, numbers float32. Products are exact float32 ("ieee") and not TF32, which a GPU would use
    for them by default. Raises ImportError without Triton, and ValueError for other sizes or types.
    """
    if not available():
        raise ImportError("triton is not installed; on Linux `pip install triton` brings it (about 1 GB)")
    for name, array in {"weight": weight, "x": x}.items():
        if array.ndim != 2 or any(n % BLOCK or not n for n in array.shape):
            raise ValueError(f"{name} has shape {tuple(array.shape)}; allowed: two axes, both multiples of {BLOCK}")
        if array.dtype != torch.float32:
            raise ValueError(f"{name} is of {array.dtype}; allowed: torch.float32")
    if weight.shape[1] != len(x):
        raise ValueError(f"weight has {weight.shape[1]} columns and x {len(x)} rows; allowed: equally many")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that its sparse matrices are in beta
        blocks = weight.to_sparse_bsr((BLOCK, BLOCK))
    start, column, value = blocks.crow_indices(), blocks.col_indices(), blocks.values().contiguous()
    z = x.new_empty(len(weight), x.shape[1])
    grid = (len(weight) // BLOCK, x.shape[1] // BLOCK)
    _kernel()[grid](start, column, value, x.contiguous(), z, x.shape[1], SIDE=BLOCK)
    return z


@cache
def _kernel() -> Any:
    triton = importlib.import_module("triton")
    tl = importlib.import_module("triton.language")

    # the names of Triton's language must be this module's own, because it reads the program's source
    globals().update(tl=tl)

    @triton.jit  # type: ignore[untyped-decorator, unused-ignore]
    def program(start, column, value, x, z, batch, SIDE: tl.constexpr):  # type: ignore[no-untyped-def, name-defined]
        """One tile of the result: the sum over the stored blocks of one row of blocks."""
        row, tile = tl.program_id(0), tl.program_id(1)
        i, j = tl.arange(0, SIDE)[:, None], tl.arange(0, SIDE)[None, :]
        total = tl.zeros((SIDE, SIDE), dtype=tl.float32)
        for k in range(tl.load(start + row), tl.load(start + row + 1)):
            block = tl.load(value + k * SIDE * SIDE + i * SIDE + j)
            inputs = tl.load(x + (tl.load(column + k) * SIDE + i) * batch + tile * SIDE + j)
            total += tl.dot(block, inputs, input_precision="ieee")
        tl.store(z + (row * SIDE + i) * batch + tile * SIDE + j, total)

    return program
