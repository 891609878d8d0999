"""Levels against torch's own quantisation, scales against a search, a codebook against SciPy's k-means."""

import numpy as np
import pytest
import scipy.cluster.vq
import torch
from hypothesis import given
from hypothesis import strategies as st

from lthedu.sparsity import at_scale, best_scale, codebook, of_levels, row_scale, to_levels


def drawn(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(2))


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_levels_are_those_of_torch(bits) -> None:
    weights, top = drawn(5, 40), 2 ** (bits - 1) - 1
    codes, scale = to_levels(weights, bits)
    zero = torch.zeros(5, dtype=torch.int32)
    theirs = torch.fake_quantize_per_channel_affine(weights, scale[:, 0], zero, 0, -top, top)
    assert torch.allclose(of_levels(codes, scale), theirs)
    assert (codes.abs().amax(1) == top).all()


@given(st.integers(2, 8), st.integers(0, 99))
def test_no_weight_is_off_by_more_than_half_a_step_and_zero_stays(bits, seed) -> None:
    weights = torch.randn(4, 9, generator=torch.Generator().manual_seed(seed))
    weights[:, ::3] = 0
    codes, scale = to_levels(weights, bits)
    assert ((of_levels(codes, scale) - weights).abs() <= 0.5001 * scale).all()
    assert not codes[:, ::3].any()


def test_a_row_of_zeros_stays_zero() -> None:
    codes, scale = to_levels(torch.zeros(2, 3), 4)
    assert torch.equal(of_levels(codes, scale), torch.zeros(2, 3))


def test_one_bit_is_the_sign_and_the_mean_size() -> None:
    codes, scale = to_levels(torch.tensor([[3.0, -1.0, 2.0]]), 1)
    assert codes.tolist() == [[1, -1, 1]]
    assert scale.tolist() == [[2.0]]


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_the_best_scale_has_the_least_error_of_its_fifteen(bits) -> None:
    weights = drawn(3, 6, 200)

    def wrong(scale: torch.Tensor) -> torch.Tensor:
        return ((weights - of_levels(*at_scale(weights, scale, bits))) ** 2).sum(-1, keepdim=True)

    best = wrong(best_scale(weights, bits))
    for clip in np.linspace(0.3, 1, 15):
        assert (best <= wrong(row_scale(weights, bits, float(clip))) * 1.0001).all()
    assert best.sum() < 0.9 * wrong(row_scale(weights, bits)).sum()


def test_replicates_are_rounded_like_each_alone() -> None:
    weights = drawn(3, 4, 20)
    together = of_levels(*at_scale(weights, best_scale(weights, 3), 3))
    for i in range(3):
        assert torch.equal(together[i], of_levels(*at_scale(weights[i], best_scale(weights[i], 3), 3)))


def test_a_codebook_is_scipys_k_means_from_the_same_start() -> None:
    values = drawn(500)
    centres, index = codebook(values, 8, rounds=30)
    begin = np.linspace(float(values.min()), float(values.max()), 8)
    theirs, label = scipy.cluster.vq.kmeans2(values.numpy(), np.asarray(begin), iter=30, minit="matrix")
    assert centres.numpy() == pytest.approx(theirs, abs=1e-3)
    assert np.mean(index.numpy() == label) > 0.99


def test_values_of_a_codebook_have_no_nearer_centre_and_equal_values_need_one() -> None:
    values = torch.cat([drawn(100), torch.zeros(50)])
    centres, index = codebook(values, 5)
    assert torch.allclose((values - centres[index]).abs(), (values[:, None] - centres).abs().amin(1))
    same, _ = codebook(torch.full((10,), 2.5), 3)
    assert (same == 2.5).all()


@pytest.mark.parametrize("values", [torch.ones(2), torch.ones(2, 3)])
def test_a_codebook_of_fewer_values_than_centres_is_refused(values) -> None:
    with pytest.raises(ValueError, match="a row of 3 finite ones or more"):
        codebook(values, 3)
