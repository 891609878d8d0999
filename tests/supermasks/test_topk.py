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


N = 20_000
SCORES = {
    "normal": lambda rng: torch.randn(2, N, generator=rng),
    "few": lambda rng: torch.randint(-3, 3, (2, N), generator=rng).float(),
    "one": lambda rng: torch.full((2, N), -0.25),
    "sorted": lambda rng: torch.arange(2.0 * N).view(2, N),
    "signed zeros": lambda rng: torch.where(torch.rand(2, N, generator=rng) < 0.5, 0.0, -0.0),
    "many zeros": lambda rng: torch.randn(2, N, generator=rng) * torch.randint(2, (2, N), generator=rng),
    "tiny and huge": lambda rng: torch.randn(2, N, generator=rng) * 10 ** torch.randint(-44, 38, (2, N), generator=rng),
    "infinite": lambda rng: torch.randn(2, N, generator=rng) / torch.randint(3, (2, N), generator=rng),
}


@pytest.mark.parametrize("values", SCORES)
@pytest.mark.parametrize("k", [1, N // 10, N // 2, N - 1])
def test_the_compiled_loops_agree_with_the_definition(values, k):
    scores = SCORES[values](torch.Generator().manual_seed(1))
    assert torch.equal(keep_top(scores, k / N), alone(scores, k / N))
    assert torch.equal(topk._by_torch(scores, k), alone(scores, k / N))


@pytest.mark.skipif(not topk.AVAILABLE, reason="no numba")
def test_nan_stands_beyond_infinity_on_the_side_of_its_sign():
    rng = torch.Generator().manual_seed(4)
    strange = torch.tensor([torch.nan, torch.inf])[torch.randint(2, (1, N), generator=rng)]
    scores = torch.where(torch.rand(1, N, generator=rng) < 0.1, strange, 1.0).copysign(torch.randn(1, N, generator=rng))
    rank = torch.where(scores.isnan(), 3.0, scores.abs().clamp(max=2)).copysign(scores)
    for k in (1, N // 50, N // 3, N - N // 50, N - 1):
        assert torch.equal(keep_top(scores, k / N), alone(rank, k / N))


@pytest.mark.parametrize("density", [1e-4, 0.3, 0.5, 0.999])
def test_where_it_looked_before_changes_nothing(density):
    rng, near = torch.Generator().manual_seed(3), []
    weights, moving = torch.randn(2, 2, N, generator=rng).unbind()
    steps = [moving + i * 0.01 * torch.randn(2, N, generator=rng) for i in range(8)]
    for scores in (*steps, *(make(rng) for make in SCORES.values()), moving[:1], moving):
        kept, some = alone(scores, density), weights[: len(scores)]
        assert torch.equal(topk.apply_top(some, scores, density, near), torch.where(kept, some, 0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("density", [0, 0.3, 1])
def test_weights_are_held_where_their_scores_are_kept(density, dtype):
    rng = torch.Generator().manual_seed(2)
    weights, scores = torch.randn(2, 2, 200, N // 200, generator=rng, dtype=dtype).unbind()
    for w, s in ((weights, scores), (weights.mT, scores.mT), (weights[:, :3], scores[:, :3])):
        kept = torch.stack([keep_largest(each, density) for each in s])
        assert torch.equal(topk.apply_top(w, s, density), torch.where(kept, w, 0))


@pytest.mark.parametrize("n", [topk.LARGE, topk.LARGE + 7, N + 3])
def test_without_numba_it_is_the_same(n, monkeypatch):
    weights, scores = torch.randn(2, 3, n, generator=torch.Generator().manual_seed(2)).unbind()
    fast = keep_top(scores, 0.3), topk.apply_top(weights, scores, 0.3)
    monkeypatch.setattr(topk, "AVAILABLE", False)
    slow = keep_top(scores, 0.3), topk.apply_top(weights, scores, 0.3)
    assert all(map(torch.equal, fast, slow))


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
