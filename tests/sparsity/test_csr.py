"""CSR against SciPy's arrays, and the way back bit for bit."""

import numpy as np
import pytest
import scipy.sparse
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lthedu.sparsity import from_csr, to_csr


@st.composite
def matrices(draw: st.DrawFn) -> torch.Tensor:
    rows, columns = draw(st.integers(0, 6)), draw(st.integers(0, 6))
    values = st.sampled_from([0.0, 0.0, 0.0, 1.5, -2.0, 1e-38, float("inf")])
    numbers = draw(st.lists(values, min_size=rows * columns, max_size=rows * columns))
    return torch.tensor(numbers, dtype=draw(st.sampled_from([torch.float32, torch.float64]))).view(rows, columns)


@settings(deadline=None, max_examples=60)
@given(matrices())
def test_the_arrays_are_scipys_and_the_matrix_comes_back(matrix: torch.Tensor) -> None:
    start, column, value = to_csr(matrix)
    if matrix.shape[1]:
        expected = scipy.sparse.csr_array(matrix.numpy())
        assert start.tolist() == expected.indptr.tolist()
        assert column.tolist() == expected.indices.tolist()
        assert value.tolist() == expected.data.tolist()
    back = from_csr(start, column, value, matrix.shape[1])
    assert back.dtype == matrix.dtype
    assert torch.equal(back, matrix)


def test_nan_is_stored_minus_zero_is_a_zero_and_wide_matrices_have_room() -> None:
    matrix = torch.zeros(2, 70_000)
    matrix[0, 0], matrix[1, 69_999], matrix[0, 5] = float("nan"), 3.0, -0.0
    start, column, value = to_csr(matrix)
    assert column.tolist() == [0, 69_999]
    assert start.dtype == column.dtype == torch.int32
    back = from_csr(start, column, value, 70_000)
    assert np.array_equal(back.numpy(), matrix.numpy(), equal_nan=True)
    assert not bool(back.signbit().any())


@pytest.mark.parametrize(
    ("start", "column", "value", "words"),
    [
        ([0, 2], [0, 1], [1.0], "column has 2 entries and value has 1 of them"),
        ([0, 1], [0, 1], [1.0, 2.0], r"start has 2 entries, \[0, 1\]; it must rise from 0 to the number of values, 2"),
        ([1, 2], [0, 1], [1.0, 2.0], "it must rise from 0"),
        ([0, 2, 1, 2], [0, 1], [1.0, 2.0], "it must rise from 0"),
        ([0, 1], [3], [1.0], r"column has 1 entries, \[3\]; allowed: from 0 to 2"),
        ([0, 1], [-1], [1.0], r"column has 1 entries, \[-1\]"),
        ([[0, 1]], [0], [1.0], r"start has shape \(1, 2\)"),
        ([0.0, 1.0], [0], [1.0], "start has 2 entries of torch.float32; allowed: torch.int32, torch.int64"),
    ],
)
def test_arrays_that_are_no_matrix_are_refused(start: list, column: list, value: list, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        from_csr(torch.tensor(start), torch.tensor(column), torch.tensor(value), 3)
