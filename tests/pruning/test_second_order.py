"""Deleting by curvature: the update is the best there is for the quadratic model, and the greedy path follows it."""

import itertools

import pytest
import torch

from lthedu.pruning.second_order import damped_inverse, obd, obs_path, obs_update


def bowl(n: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(seed)
    a = torch.randn(n, n).double()
    return a @ a.T / n + 0.2 * torch.eye(n).double(), torch.randn(n).double()


def cost(h: torch.Tensor, change: torch.Tensor) -> float:
    return float(change @ h @ change / 2)


def test_the_update_is_the_constrained_minimum() -> None:
    h, w = bowl(7)
    gone, kept = [1, 4, 5], [0, 2, 3, 6]
    found = obs_update(w, torch.linalg.inv(h), gone)
    best = w.clone()
    best[gone] = 0
    best[kept] = w[kept] + torch.linalg.solve(h[kept][:, kept], h[kept][:, gone] @ w[gone])
    assert torch.allclose(found, best)
    assert found[gone].tolist() == [0, 0, 0]
    for _ in range(20):
        other = found.clone()
        other[kept] += 0.1 * torch.randn(4).double()
        assert cost(h, other - w) > cost(h, found - w)


def test_one_deletion_costs_what_the_formula_says() -> None:
    h, w = bowl(5)
    inverse = torch.linalg.inv(h)
    for q in range(5):
        assert cost(h, obs_update(w, inverse, [q]) - w) == pytest.approx(float(w[q] ** 2 / (2 * inverse[q, q])))


def test_a_path_s_weights_are_the_joint_update_of_those_that_are_gone() -> None:
    h, w = bowl(9)
    inverse = torch.linalg.inv(h)
    may_go = torch.tensor([True] * 7 + [False] * 2)
    for count, found in zip((1, 3, 6), obs_path(w, inverse, may_go, (1, 3, 6)), strict=True):
        gone = (found == 0).nonzero().flatten().tolist()
        assert len(gone) == count
        assert max(gone) < 7
        assert torch.allclose(found, obs_update(w, inverse, gone))


def test_its_first_deletion_is_the_cheapest_of_all() -> None:
    h, w = bowl(6, seed=2)
    inverse = torch.linalg.inv(h)
    [found] = obs_path(w, inverse, torch.ones(6, dtype=torch.bool), [1])
    costs = [cost(h, obs_update(w, inverse, [q]) - w) for q in range(6)]
    assert cost(h, found - w) == pytest.approx(min(costs))
    pairs = [cost(h, obs_update(w, inverse, list(two)) - w) for two in itertools.combinations(range(6), 2)]
    [two] = obs_path(w, inverse, torch.ones(6, dtype=torch.bool), [2])
    assert min(pairs) <= cost(h, two - w) + 1e-12


def test_with_a_diagonal_hessian_nothing_moves_and_obd_says_the_cost() -> None:
    h, w = torch.diag(torch.tensor([1.0, 2.0, 4.0])), torch.tensor([3.0, 1.0, 0.5])
    assert obs_update(w, torch.linalg.inv(h), [0]).tolist() == [0, 1, 0.5]
    found = obd({"w": w[None], "b": w}, {"w": h.diagonal()[None]})
    assert found["w"].tolist() == [[4.5, 1.0, 0.5]]
    assert list(found) == ["w"]


def test_damping_makes_an_inverse_of_a_matrix_that_has_none() -> None:
    h = torch.diag(torch.tensor([1.0, 0.0]))
    assert torch.allclose(damped_inverse(h, 0.5), torch.diag(torch.tensor([1 / 1.5, 2.0])))


def test_wrong_arguments_are_refused() -> None:
    w, eye, every = torch.ones(3), torch.eye(3), torch.ones(3, dtype=torch.bool)
    for call, words in (
        (lambda: obd({"w": torch.ones(1, 2)}, {}), "the curvature of 'w' is nothing"),
        (lambda: damped_inverse(torch.ones(2, 3), 0.1), r"the Hessian has shape \(2, 3\)"),
        (lambda: obs_update(w, torch.eye(2), [0]), "allowed: "),
        (lambda: obs_path(w, eye, torch.ones(3), [1]), "removable is torch.float32"),
        (lambda: obs_path(w, eye, every, [4]), "allowed: up to 3"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
