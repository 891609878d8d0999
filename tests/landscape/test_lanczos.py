"""Lanczos finds what SciPy finds, with directions at right angles."""

import numpy as np
import pytest
import torch
from scipy.sparse.linalg import LinearOperator, eigsh

from lthedu.landscape.lanczos import lanczos, part_inside, top_eigenpairs


def spread(n: int = 120) -> torch.Tensor:
    """A symmetric matrix with three eigenvalues far above the others."""
    torch.manual_seed(1)
    q = torch.linalg.qr(torch.randn(n, n).double()).Q
    return q @ torch.diag(torch.cat([torch.tensor([90.0, 40.0, 20.0]), torch.linspace(-1, 1, n - 3)]).double()) @ q.T


def test_the_largest_eigenvalues_and_vectors_are_scipy_s() -> None:
    h = spread()
    values, vectors = top_eigenpairs(lambda v: h @ v, torch.ones(120).double(), 3, 40)
    operator = LinearOperator(h.shape, matvec=lambda v: h.numpy() @ v, dtype=np.float64)
    theirs, directions = eigsh(operator, k=3, which="LA")
    assert np.allclose(values.numpy(), theirs[::-1])
    assert np.allclose(np.abs((vectors.numpy() * directions[:, ::-1]).sum(0)), 1)


def test_t_is_h_seen_in_the_basis_and_the_basis_is_orthonormal() -> None:
    h = spread()
    t, q = lanczos(lambda v: h @ v, torch.ones(120).double(), 60)
    assert t.shape == (60, 60)
    assert torch.allclose(q.T @ q, torch.eye(60).double(), atol=1e-10)
    assert torch.allclose(q.T @ h @ q, t, atol=1e-8)
    assert (torch.linalg.eigvalsh(t) > 89).sum() == 1  # no ghost


def test_in_float32_there_are_no_ghosts_either() -> None:
    h = spread().float()
    t, _ = lanczos(lambda v: h @ v, torch.ones(120), 80)
    assert (torch.linalg.eigvalsh(t) > 89).sum() == 1


def test_it_stops_where_no_new_direction_is_left() -> None:
    t, q = lanczos(lambda v: 2 * v, torch.ones(5).double(), 4)
    assert t.tolist() == [[2.0]]
    assert q.shape == (5, 1)


def test_the_part_inside_and_the_rest_are_at_right_angles() -> None:
    torch.manual_seed(0)
    basis, v = torch.linalg.qr(torch.randn(9, 4).double()).Q, torch.randn(9).double()
    inside = part_inside(v, basis)
    assert abs(float(inside @ (v - inside))) < 1e-12
    assert torch.allclose(part_inside(inside, basis), inside)


def test_wrong_arguments_are_refused() -> None:
    for call, words in (
        (lambda: lanczos(lambda v: v, torch.zeros(3), 2), "start is zero"),
        (lambda: lanczos(lambda v: v, torch.ones(3), 4), "steps is 4; allowed: 1 to the 3"),
        (lambda: top_eigenpairs(lambda v: v, torch.ones(9), 4, 3), "steps is 3; allowed: 4"),
        (lambda: part_inside(torch.ones(3), torch.ones(2, 1)), "both need n rows"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
