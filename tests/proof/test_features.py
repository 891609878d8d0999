"""Means in closed form against samples, the bound against every neuron mask, and what the weight mask really does."""

import itertools

import numpy as np
import pytest
import torch

from lthedu.proof import features
from lthedu.proof.features import folded_error, neuron_mask, relu_gram, top_layer_error


def normal(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d))


def setting(r: int, d: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """gram (r, r), overlap (r,), top layer (r,) of a random network and target."""
    coin = np.random.default_rng(seed)
    first, w = coin.uniform(-1, 1, (r, d)), coin.normal(size=(1, d))
    w /= np.linalg.norm(w)
    return relu_gram(first, first), relu_gram(first, w)[:, 0], coin.uniform(-1, 1, r)


def test_the_gram_matrix_is_the_mean_over_normal_inputs() -> None:
    a, b, x = normal(4, 3, 1), normal(3, 3, 2), normal(400_000, 3, 3)
    sampled = (x @ a.T).clip(min=0).T @ (x @ b.T).clip(min=0) / len(x)
    assert np.allclose(relu_gram(a, b), sampled, atol=0.03)


def test_the_gram_matrix_at_known_angles() -> None:
    e = np.eye(2)
    assert relu_gram(e, e) == pytest.approx(np.array([[0.5, 1 / (2 * np.pi)], [1 / (2 * np.pi), 0.5]]))
    assert relu_gram(e, -e).diagonal() == pytest.approx(0, abs=1e-12)
    assert relu_gram(3 * e, 2 * e) == pytest.approx(6 * relu_gram(e, e))
    assert not relu_gram(np.zeros((1, 2)), e).any()


@pytest.mark.parametrize("seed", range(10))
def test_no_mask_of_neurons_with_any_scale_is_below_the_bound(seed: int) -> None:
    """All 2^9 masks, each with its best scale."""
    gram, overlap, top = setting(9, 3, seed)
    bound = top_layer_error(gram, overlap, 0.5)
    best = 1.0
    for kept in itertools.product([0.0, 1.0], repeat=9):
        u = top * kept
        if any(kept):
            best = min(best, 1 - (u @ overlap) ** 2 / (u @ gram @ u) / 0.5)
    assert 0 <= bound <= best + 1e-12
    assert best <= neuron_mask(gram, overlap, 0.5, top, seed=seed)[1] + 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_is_reached_by_a_top_layer_and_undercut_by_none(seed: int) -> None:
    gram, overlap, _ = setting(20, 4, seed)
    bound = top_layer_error(gram, overlap, 0.5)
    u = np.linalg.solve(gram, overlap)
    error = lambda u: 1 - (2 * u @ overlap - u @ gram @ u) / 0.5  # noqa: E731
    assert error(u) == pytest.approx(bound, abs=1e-9)
    assert all(error(u + 0.1 * step) > bound for step in normal(20, 20, seed))


@pytest.mark.parametrize("seed", range(5))
def test_no_single_change_of_the_mask_that_was_found_helps(seed: int) -> None:
    gram, overlap, top = setting(40, 6, seed)
    mask, error = neuron_mask(gram, overlap, 0.5, top, seed=seed)

    def of(mask: np.ndarray) -> float:
        u = top * mask
        return 1 - (u @ overlap) ** 2 / (u @ gram @ u) / 0.5

    assert of(mask) == pytest.approx(error)
    for j in range(40):
        changed = mask.copy()
        changed[j] = not changed[j]
        assert of(changed) >= error - 1e-9


@pytest.mark.parametrize("dimension", [4, 8, 16])
def test_rounding_does_not_lift_the_bound(dimension: int) -> None:
    """With residual p of the linear system, the true minimum is within |p|^2 / (least eigenvalue) of the one found."""
    gram, overlap, _ = setting(46 * dimension, dimension, 0)
    residual = overlap - gram @ np.linalg.solve(gram, overlap)
    least = np.linalg.eigvalsh(gram)[0]
    assert least > 0
    assert residual @ residual / least < 1e-12 * top_layer_error(gram, overlap, 0.5)


def test_the_folded_error_bounds_the_sampled_one_and_is_the_mean_square_of_the_linear_part() -> None:
    coin = np.random.default_rng(0)
    x = normal(400_000, 5, 1)
    w, up, down, constant = normal(1, 5, 2)[0], 0.1 * coin.normal(size=5), 0.1 * coin.normal(size=5), 0.05
    w /= np.linalg.norm(w)
    linear = x.clip(min=0) @ up + (-x).clip(min=0) @ down + constant
    assert folded_error(up, down, constant) == pytest.approx((linear**2).mean() / 0.5, rel=0.02)
    off = (x @ w + linear).clip(min=0) - (x @ w).clip(min=0)
    assert (off**2).mean() / 0.5 <= folded_error(up, down, constant)


@pytest.mark.parametrize("seed", range(3))
def test_the_weight_mask_is_a_mask_and_as_exact_as_said(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    real = features.construct
    monkeypatch.setattr(features, "construct", lambda *a, **k: made.append(real(*a, **k)) or made[-1])
    found = features.one_neuron(6, seed=seed)
    (ticket,) = made
    x = torch.randn(100_000, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    sure = (ticket.scale * ticket.module().double()(x)).relu()
    wanted = torch.from_numpy(ticket.target_logits(x.numpy())).relu()
    assert float((sure - wanted).square().mean() / 0.5) <= 1.1 * found["weight mask"]
    assert found["neurons"] == ticket.source.sizes[1]
    assert 10 * found["weight mask"] < found["best top layer"] < found["neuron mask"] < 1


def test_the_bound_of_the_learner_is_the_one_that_is_used() -> None:
    assert features.one_neuron(4, bound=lambda gram, overlap, norm: 0.25 * norm)["best top layer"] == 0.125


def test_what_does_not_fit_is_refused_in_words() -> None:
    eye, one = np.eye(2), np.ones(2)
    for wrong, words in (
        (lambda: relu_gram(eye, np.eye(3)), r"b \(3, 3\); expected"),
        (lambda: top_layer_error(eye, np.ones(3), 1.0), r"gram has shape \(2, 2\) and overlap \(3,\)"),
        (lambda: top_layer_error(eye, one, 0.0), "norm is 0.0"),
        (lambda: neuron_mask(eye, one, 1.0, np.ones(3)), r"top has shape \(3,\)"),
        (lambda: neuron_mask(eye, one, 1.0, one, starts=0), "starts is 0"),
        (lambda: folded_error(one, np.ones(3)), "shapes are"),
    ):
        with pytest.raises(ValueError, match=words):
            wrong()
