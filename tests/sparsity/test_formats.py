"""Bytes of formats against SciPy's arrays, counts by hand, and zlib."""

import zlib

import numpy as np
import pytest
import scipy.sparse
import scipy.stats
import torch

from lthedu.pruning import keep_largest
from lthedu.sparsity import entropy, format_bytes, gap_bytes


def sparse(density: float, shape: tuple[int, int] = (300, 784)) -> torch.Tensor:
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    return torch.where(keep_largest(weight.abs(), density), weight, 0.0)


@pytest.mark.parametrize("density", [0.0, 0.01, 0.1, 0.5, 1.0])
def test_coo_and_csr_take_what_scipys_arrays_take(density) -> None:
    matrix = sparse(density)
    found = format_bytes(matrix)
    coo = scipy.sparse.coo_array(matrix.numpy())
    csr = scipy.sparse.csr_array(matrix.numpy())
    assert found["COO"] == coo.data.nbytes + sum(one.astype("i4").nbytes for one in coo.coords)
    assert found["CSR"] == csr.data.nbytes + csr.indices.astype("i4").nbytes + csr.indptr.astype("i4").nbytes
    assert found["CSR"] - found["CSR, short"] == 2 * csr.nnz
    assert found["dense"] == matrix.numpy().nbytes


def test_the_known_sizes_of_lenets_first_layer() -> None:
    """Counts of 300 x 784 weights alone decide these, whatever the weights are."""
    found = format_bytes(sparse(0.1))
    assert (found["COO"], found["CSR"], found["CSR, short"], found["bit mask"]) == (282_240, 189_364, 142_324, 123_480)
    assert found["mask's entropy"] == 107_869  # 13,788.3 bytes of mask, and not a part of a byte


def test_gaps_of_random_places_are_within_a_tenth_of_the_entropy() -> None:
    for density in (0.02, 0.1):
        found = format_bytes(sparse(density))
        assert found["mask's entropy"] < found["gaps"] < 1.1 * found["mask's entropy"]


@pytest.mark.parametrize("bits", [1, 2, 3, 8])
def test_gaps_can_be_read_back(bits) -> None:
    """Walk along the stored gaps, fillers among them, and land on every non-zero."""
    matrix = sparse(0.05, (7, 40))
    places, at, stored = matrix.flatten().numpy().nonzero()[0], -1, 0
    for place in places:
        while place - at > 2**bits:  # a gap of 1 to 2 ** bits is a number of so many bits
            at, stored = at + 2**bits, stored + 1
        at, stored = place, stored + 1
    assert gap_bytes(matrix, bits) == 4 * stored + -(-bits * stored // 8)


def test_more_than_65536_columns_have_no_short_indices() -> None:
    assert "CSR, short" in format_bytes(torch.eye(1, 65_536))
    assert "CSR, short" not in format_bytes(torch.eye(1, 65_537))


def test_zip_is_zlibs_and_minus_zeros_spoil_it() -> None:
    matrix, rng = sparse(0.02), np.random.default_rng(0)
    signed = torch.where(matrix == 0, torch.from_numpy(rng.choice([0.0, -0.0], matrix.shape)).float(), matrix)
    found = format_bytes(matrix)["zip"]
    assert found == len(zlib.compress(matrix.numpy().tobytes(), 9))
    assert torch.equal(signed, matrix)
    assert format_bytes(signed)["zip"] > 1.7 * found


def test_entropy_is_scipys() -> None:
    for p in (0.0, 0.02, 0.5, 0.9, 1.0):
        assert entropy(p) == pytest.approx(scipy.stats.entropy([p, 1 - p], base=2), abs=1e-12)


@pytest.mark.parametrize("matrix", [torch.ones(3), torch.ones(2, 2).half(), torch.ones(0, 3)])
def test_what_is_no_matrix_of_float32_is_refused(matrix) -> None:
    with pytest.raises(ValueError, match="allowed: rows and columns of float32"):
        format_bytes(matrix)
