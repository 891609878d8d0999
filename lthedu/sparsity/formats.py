"""How many bytes a matrix of float32 takes, by the format in which it is stored."""

import math
import zlib
from typing import Annotated

import numpy as np
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Fraction, Range

VALUE = 4  # bytes of a float32


@typed
def format_bytes(matrix: Tensor) -> dict[str, int]:
    """Bytes of a matrix (out, in) in each format, without a file's first lines: `dense`, `COO`, `CSR`, and so on.

    COO notes row and column of each non-zero, 4 bytes each. CSR notes the column and where each row begins; "short"
    ones note columns in 2 bytes, as far as there are at most 65,536. A bit mask has a bit for each place. Gaps are what
    Han et al. (2016) store (see `gap_bytes`). "mask's entropy" is what independent places would need at least, and the
    values raw; it is no bound, because places and values are neither independent nor without pattern. "zip" is the
    dense matrix as zlib writes it.

    >>> import torch
    >>> found = format_bytes(torch.eye(100))
    >>> found["dense"], found["COO"], found["CSR"], found["bit mask"], found["zip"] < 500
    (40000, 1200, 1204, 1650, True)
    """
    _refuse(matrix)
    rows, columns = matrix.shape
    kept, places = int((matrix != 0).sum()), matrix.numel()
    found = {
        "dense": VALUE * places,
        "COO": (VALUE + 8) * kept,
        "CSR": (VALUE + 4) * kept + 4 * (rows + 1),
        "CSR, short": (VALUE + 2) * kept + 4 * (rows + 1),
        "bit mask": VALUE * kept + -(-places // 8),
        "gaps": min(gap_bytes(matrix, bits) for bits in range(1, 17)),
        "mask's entropy": VALUE * kept + math.ceil(places * entropy(kept / places) / 8),
        "zip": zipped(matrix),
    }
    if columns > 2**16:
        del found["CSR, short"]
    return found


@typed
def gap_bytes(matrix: Tensor, bits: Annotated[int, Range(1, 32)]) -> int:
    """Bytes of values with the gap from one non-zero to the next in so many bits, and fillers where a gap is longer.

    A filler is a zero that is stored like a value. Source: Han et al. (2016), "Deep compression", arXiv:1510.00149.

    >>> import torch
    >>> gap_bytes(torch.tensor([[0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0]]), 2)  # 1, a filler, 2, and 6 bits of gaps
    13
    """
    _refuse(matrix)
    gaps = np.diff(matrix.detach().flatten().numpy().nonzero()[0], prepend=-1)
    stored = len(gaps) + int(((gaps - 1) // 2**bits).sum())
    return VALUE * stored + -(-bits * stored // 8)


@typed
def zipped(matrix: Tensor) -> int:
    """Bytes of the numbers as they lie in memory, zeros included, after zlib at its best.

    >>> import torch
    >>> zipped(torch.zeros(300, 784)) < 1000
    True
    """
    return len(zlib.compress(matrix.detach().contiguous().numpy().tobytes(), 9))


@typed
def entropy(p: Fraction) -> float:
    """Bits that a place takes at least, on average, if each place is independently 1 with chance p.

    >>> entropy(0.5), entropy(0.0), round(entropy(0.1), 3)
    (1.0, 0.0, 0.469)
    """
    return sum(-q * math.log2(q) for q in (p, 1 - p) if q)


def _refuse(matrix: Tensor) -> None:
    if matrix.ndim != 2 or not matrix.numel() or matrix.element_size() != VALUE:
        raise ValueError(f"the matrix has shape {tuple(matrix.shape)} and is {matrix.dtype}; allowed: rows and columns "
                         "of float32, one or more of each")  # fmt: skip
