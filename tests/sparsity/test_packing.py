"""Packed tensors come back bit for bit, and bytes that are none are refused."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lthedu.sparsity import from_bits, pack, pack_codes, to_bits, unpack

WHOLE = {torch.float32: torch.int32, torch.float16: torch.int16, torch.int8: torch.int8}


def same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a.view(WHOLE[a.dtype]), b.view(WHOLE[b.dtype]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.int8])
@pytest.mark.parametrize("shape", [(3, 5), (1, 1), (4, 0), (), (7,), (2, 3, 4), (1, 70_000)])
@pytest.mark.parametrize("density", [0.0, 0.1, 1.0])
def test_what_is_packed_comes_back(dtype, shape, density) -> None:
    rng = torch.Generator().manual_seed(0)
    numbers = torch.where(torch.rand(shape, generator=rng) < density, 5 * torch.randn(shape, generator=rng), 0.0)
    assert same_bits(unpack(pack(numbers.to(dtype))), numbers.to(dtype))


@given(st.binary(min_size=8, max_size=200))
def test_any_bits_come_back(raw: bytes) -> None:
    numbers = torch.from_numpy(np.frombuffer(raw[: len(raw) // 4 * 4], "<f4").astype("f4"))
    assert same_bits(unpack(pack(numbers)), numbers)


def test_minus_zero_and_nan_are_stored_and_zero_is_not() -> None:
    numbers = torch.tensor([[0.0, -0.0], [float("nan"), float("-inf")]])
    bits, values = to_bits(numbers)
    assert (bits, len(values)) == (bytes([0b01110000]), 3)
    assert same_bits(unpack(pack(numbers)), numbers)
    assert len(pack(numbers)) - len(pack(numbers + 0.0)) == 4


def test_a_transposed_matrix_is_packed_as_it_reads() -> None:
    numbers = torch.arange(6.0).view(2, 3).T
    assert torch.equal(unpack(pack(numbers)), numbers)


def test_it_takes_a_bit_a_place_and_four_bytes_a_number() -> None:
    assert len(pack(torch.eye(80))) == 4 + 3 + 2 * 4 + 80 * 80 // 8 + 4 * 80


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: b"", "must begin with"),
        (lambda p: b"PK" + p, "must begin with"),
        (lambda p: p[:6], "there are 6 bytes, which is less"),
        (lambda p: p[:4] + b"\x02" + p[5:], "version is 2 and type 0; allowed: 1 and 0 to 2"),
        (lambda p: p[:5] + b"\x09" + p[6:], "version is 1 and type 9"),
        (lambda p: p[:-1], "takes 28"),
        (lambda p: p + b"!", "there are 29 bytes"),
        (lambda p: p[:7] + b"\xff\xff\xff\xff" * 2 + p[15:], "takes"),
    ],
)
def test_other_bytes_are_refused(change, message) -> None:
    with pytest.raises(ValueError, match=message):
        unpack(change(pack(torch.tensor([[0.0, 1.0, 2.0], [0.0, 0.0, 3.0]]))))


def test_ones_and_values_must_be_equally_many() -> None:
    with pytest.raises(ValueError, match="2 values for 3 ones"):
        from_bits(bytes([0b11100000]), torch.ones(2), (2, 2))
    with pytest.raises(ValueError, match="2 bytes of bits"):
        from_bits(bytes(2), torch.ones(0), (2, 2))


def codes_of(bits: int) -> st.SearchStrategy[int]:
    return st.sampled_from([-1, 1]) if bits == 1 else st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


@given(st.integers(1, 8).flatmap(lambda b: st.tuples(st.just(b), st.lists(codes_of(b), min_size=1, max_size=40))))
def test_codes_take_their_bits_and_come_back(drawn) -> None:
    bits, codes = drawn
    packed = pack_codes(torch.tensor(codes), bits)
    assert len(packed) == -(-bits * len(codes) // 8)
    read = np.unpackbits(np.frombuffer(packed, np.uint8), count=bits * len(codes)).reshape(-1, bits)
    unsigned = read @ (1 << np.arange(bits - 1, -1, -1))
    found = 2 * unsigned - 1 if bits == 1 else np.where(unsigned >= 2 ** (bits - 1), unsigned - 2**bits, unsigned)
    assert found.tolist() == codes


@pytest.mark.parametrize(("code", "bits"), [(8, 4), (-9, 4), (0, 1), (2, 1)])
def test_a_code_that_does_not_fit_is_refused(code, bits) -> None:
    with pytest.raises(ValueError, match=f"hold {code}; allowed: .*, in {bits} bits"):
        pack_codes(torch.tensor([1, code]), bits)
