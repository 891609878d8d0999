"""A matrix as bytes and back, without loss: one bit for each place, then the numbers that are not zero."""

import math
import struct
from collections.abc import Sequence
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Range, Whole

MAGIC, VERSION = b"LTHP", 1
KINDS: dict[torch.dtype, str] = {torch.float32: "<f4", torch.float16: "<f2", torch.int8: "i1"}
BITS = {"<f4": "<u4", "<f2": "<u2", "i1": "u1"}


@typed
def to_bits(matrix: Tensor) -> tuple[bytes, Tensor]:
    """One bit for each place, in order, eight to a byte and the first one highest; and the numbers stored, (n,).

    What is stored is every number whose bits are not all 0. So -0.0 and NaN are stored, and 0.0 is not.

    >>> bits, values = to_bits(torch.tensor([[0.0, 5.0, 0.0], [7.0, 0.0, 8.0]]))
    >>> f"{bits[0]:08b}", values
    ('01010100', tensor([5., 7., 8.]))
    """
    flat = _array(matrix)
    stored = flat.view(BITS[KINDS[matrix.dtype]]) != 0
    return np.packbits(stored).tobytes(), matrix.detach().flatten()[torch.from_numpy(stored)]


@typed
def from_bits(bits: bytes, values: Tensor, shape: Sequence[Whole]) -> Tensor:
    """The matrix of that shape whose places with a 1 hold `values`, in order, and whose other places hold 0.

    Raises ValueError where the number of bytes does not fit the shape, or the number of ones the values.

    >>> from_bits(bytes([0b01010100]), torch.tensor([5.0, 7.0, 8.0]), (2, 3))
    tensor([[0., 5., 0.],
            [7., 0., 8.]])
    """
    places = math.prod(shape)
    if values.ndim != 1:
        raise ValueError(f"values have shape {tuple(values.shape)}; allowed: a row")
    if len(bits) != -(-places // 8):
        raise ValueError(f"there are {len(bits)} bytes of bits; {tuple(shape)} takes {-(-places // 8)}")
    stored = np.unpackbits(np.frombuffer(bits, np.uint8), count=places).astype(bool)
    if int(stored.sum()) != len(values):
        raise ValueError(f"there are {len(values)} values for {int(stored.sum())} ones in the bits {bits[:20]!r}")
    matrix = torch.zeros(places, dtype=values.dtype)
    matrix[torch.from_numpy(stored)] = values
    return matrix.view(tuple(shape))


@typed
def pack(matrix: Tensor) -> bytes:
    """A tensor as bytes: a mark, a version byte, its type and shape, then `to_bits`; little-endian on every machine.

    Raises ValueError, naming the type, for one other than float32, float16 and int8.

    >>> torch.equal(unpack(pack(torch.eye(3))), torch.eye(3)), len(pack(torch.zeros(30, 40)))
    (True, 165)
    """
    bits, values = to_bits(matrix)
    kind = [*KINDS].index(matrix.dtype)
    head = MAGIC + struct.pack(f"<BBB{matrix.ndim}I", VERSION, kind, matrix.ndim, *matrix.shape)
    return head + bits + _array(values).tobytes()


@typed
def unpack(packed: bytes) -> Tensor:
    """The tensor that `pack` made into bytes, equal bit for bit.

    Raises ValueError where the bytes are none of `pack`'s, of another version, too few or too many.

    >>> unpack(b"a letter")
    Traceback (most recent call last):
    ValueError: this begins with b'a letter'; a packed tensor must begin with b'LTHP'
    """
    if packed[:4] != MAGIC:
        raise ValueError(f"this begins with {packed[:20]!r}; a packed tensor must begin with {MAGIC!r}")
    if len(packed) < 7 or len(packed) < 7 + 4 * packed[6]:
        raise ValueError(f"there are {len(packed)} bytes, which is less than what stands before the numbers")
    version, kind, dimensions = packed[4:7]
    if version != VERSION or kind >= len(KINDS):
        raise ValueError(f"version is {version} and type {kind}; allowed: {VERSION} and 0 to {len(KINDS) - 1}")
    shape = struct.unpack_from(f"<{dimensions}I", packed, 7)
    dtype = [*KINDS][kind]
    begin = 7 + 4 * dimensions
    middle = begin + -(-math.prod(shape) // 8)
    bits, rest = packed[begin:middle], packed[middle:]
    ones = sum(byte.bit_count() for byte in bits)
    if len(rest) != ones * dtype.itemsize or middle > len(packed):
        raise ValueError(f"there are {len(packed)} bytes; {shape} with {ones} numbers of {dtype} takes "
                         f"{middle + ones * dtype.itemsize}")  # fmt: skip
    values = np.frombuffer(rest, KINDS[dtype]).astype(np.dtype(KINDS[dtype]).newbyteorder("="))
    return from_bits(bits, torch.from_numpy(values), shape)


@typed
def pack_codes(codes: Tensor, bits: Annotated[int, Range(1, 8)]) -> bytes:
    """Whole numbers, each in that many bits (two's complement for 2 bits or more; of 1 bit, -1 is 0 and 1 is 1).

    Raises ValueError for a number that does not fit, or is not whole.

    >>> pack_codes(torch.tensor([1, -1, 7, -7]), 4).hex()
    '1f79'
    """
    if codes.is_floating_point():
        raise ValueError(f"codes of shape {tuple(codes.shape)} are {codes.dtype}; allowed: whole numbers")
    numbers = codes.flatten().numpy().astype(np.int64)
    low, high = (-1, 1) if bits == 1 else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    wrong = numbers[(numbers < low) | (numbers > high) | ((numbers == 0) & (bits == 1))]
    if len(wrong):
        fit = "-1 and 1" if bits == 1 else f"{low} to {high}"
        raise ValueError(f"codes of shape {tuple(codes.shape)} hold {wrong[0]}; allowed: {fit}, in {bits} bits")
    unsigned = (numbers > 0).astype(np.int64) if bits == 1 else numbers & (2**bits - 1)
    each = (unsigned[:, None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(each.astype(np.uint8)).tobytes()


def _array(tensor: Tensor) -> NDArray[np.generic]:
    if tensor.dtype not in KINDS:
        raise ValueError(
            f"a tensor of shape {tuple(tensor.shape)} is {tensor.dtype}; allowed: {', '.join(map(str, KINDS))}"
        )
    return tensor.detach().cpu().contiguous().flatten().numpy().astype(KINDS[tensor.dtype])
