"""Exactly so many, the same ones whichever way they are found."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lthedu.pruning import keep_largest
from lthedu.supermasks import keep_top, topk


def alone(scores, density):
    return torch.stack([keep_largest(s, density) for s in scores])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 60), st.floats(0, 1), st.sampled_from([2, 10, 10**6]))
def test_it_is_what_each_replicate_gets_alone_ties_included(seed, r, n, density, values):
    rng = torch.Generator().manual_seed(seed)
    scores = torch.randint(-values, values, (r, n), generator=rng).float() / values
    assert torch.equal(keep_top(scores, density), alone(scores, density))


@pytest.mark.parametrize("values", ["normal", "few", "one", "signed zeros", "tiny and huge"])
@pytest.mark.parametrize("density", [1e-4, 0.1, 0.5, 0.999])
def test_the_histograms_agree_with_the_definition(values, density):
    rng, n = torch.Generator().manual_seed(1), topk.LARGE
    scores = {
        "normal": torch.randn(2, n, generator=rng),
        "few": torch.randint(-3, 3, (2, n), generator=rng).float(),
        "one": torch.full((2, n), -0.25),
        "signed zeros": torch.where(torch.rand(2, n, generator=rng) < 0.5, 0.0, -0.0),
        "tiny and huge": torch.randn(2, n, generator=rng) * 10 ** torch.randint(-44, 38, (2, n), generator=rng),
    }[values]
    assert torch.equal(keep_top(scores, density), alone(scores, density))
    assert torch.equal(topk._by_torch(scores, round(density * n)), alone(scores, density))


def test_without_numba_it_is_the_same(monkeypatch):
    scores = torch.randn(3, topk.LARGE, generator=torch.Generator().manual_seed(2))
    fast = keep_top(scores, 0.3)
    monkeypatch.setattr(topk, "AVAILABLE", False)
    assert torch.equal(keep_top(scores, 0.3), fast)


def test_any_shape_and_a_density_that_is_none():
    scores = torch.randn(2, 3, 4, 5)
    assert keep_top(scores, 0.5).shape == scores.shape
    assert keep_top(scores, 0).sum() == 0
    assert keep_top(scores, 1).all()
    with pytest.raises(ValueError, match=r"density is 1\.5"):
        keep_top(scores, 1.5)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_gpu_it_is_the_same():
    scores = torch.randint(-50, 50, (3, 30_000), generator=torch.Generator().manual_seed(3)).float()
    assert torch.equal(keep_top(scores.cuda(), 0.3).cpu(), keep_top(scores, 0.3))
