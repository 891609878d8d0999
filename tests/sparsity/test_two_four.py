"""2:4 against a search over all pairs, and packing bit for bit."""

import itertools

import pytest
import torch

from lthedu.sparsity import is_two_four, pack_two_four, two_four_mask, unpack_two_four


def test_of_every_four_the_best_pair_is_kept() -> None:
    scores = torch.rand(6, 12, generator=torch.Generator().manual_seed(0))
    mask = two_four_mask(scores)
    for four, kept in zip(scores.view(-1, 4), mask.view(-1, 4), strict=True):
        best = max(itertools.combinations(range(4), 2), key=lambda pair: float(four[list(pair)].sum()))
        assert kept.nonzero().flatten().tolist() == list(best)


def test_of_equal_scores_the_first_are_kept() -> None:
    assert two_four_mask(torch.ones(2, 8)).tolist() == [[True, True, False, False] * 2] * 2


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
@pytest.mark.parametrize("columns", [4, 8, 20, 64])
def test_what_is_packed_comes_back(columns: int, dtype: torch.dtype) -> None:
    matrix = torch.randn(5, columns, generator=torch.Generator().manual_seed(columns)).to(dtype)
    matrix = matrix * two_four_mask(matrix.abs())
    matrix[0] = 0
    matrix[1, 1:4] = 0
    assert is_two_four(matrix)
    values, places = pack_two_four(matrix)
    assert torch.equal(unpack_two_four(values, places), matrix)
    assert values.shape == (5, columns // 2)
    assert places.shape == (5, -(-columns // 8))


def test_it_takes_nine_sixteenths_of_half_precision() -> None:
    matrix = torch.ones(16, 32, dtype=torch.float16) * two_four_mask(torch.ones(16, 32))
    values, places = pack_two_four(matrix)
    assert 16 * (values.nbytes + places.nbytes) == 9 * matrix.nbytes


def test_what_is_not_two_four_is_refused() -> None:
    with pytest.raises(ValueError, match="over two non-zeros in four"):
        pack_two_four(torch.tensor([[1.0, 1.0, 1.0, 0.0]]))
    with pytest.raises(ValueError, match=r"scores has shape \(2, 6\)"):
        two_four_mask(torch.ones(2, 6))
    with pytest.raises(ValueError, match="NaN"):
        two_four_mask(torch.full((1, 4), float("nan")))
    with pytest.raises(ValueError, match=r"places is of shape \(1, 2\) and torch.uint8"):
        unpack_two_four(torch.ones(1, 4), torch.zeros(1, 2, dtype=torch.uint8))
