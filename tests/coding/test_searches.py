"""Searches for sparse codes against scikit-learn, against each other, and what must hold of each."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import sparse_encode
from sklearn.linear_model import orthogonal_mp

from lthedu.coding import (
    fista,
    hard_threshold,
    ista,
    ista_step,
    lasso_loss,
    omp,
    omp_within,
    refit,
    soft_threshold,
    steepness,
)

SEEDS = st.integers(0, 10_000)
PROPERTY = settings(deadline=None, max_examples=30, derandomize=True)


def made(seed: int, n: int = 6, pixels: int = 9, many: int = 14) -> tuple[torch.Tensor, torch.Tensor]:
    """Signals (n, pixels) and atoms (many, pixels) of length 1."""
    rng = torch.Generator().manual_seed(seed)
    atoms = torch.randn(many, pixels, generator=rng, dtype=torch.float64)
    return torch.randn(n, pixels, generator=rng, dtype=torch.float64), atoms / atoms.norm(dim=1, keepdim=True)


@pytest.mark.parametrize("count", [1, 2, 4])
@pytest.mark.parametrize("seed", range(5))
def test_omp_is_that_of_scikit_learn(seed: int, count: int) -> None:
    x, atoms = made(seed)
    expected = sparse_encode(x.numpy(), atoms.numpy(), algorithm="omp", n_nonzero_coefs=count)
    for one, right in zip(x, expected, strict=True):
        assert np.allclose(omp(one, atoms, count), right, atol=1e-9)


@pytest.mark.parametrize("tolerance", [0.5, 2.0, 1e6])
def test_omp_within_a_tolerance_is_that_of_scikit_learn(tolerance: float) -> None:
    x, atoms = made(1, n=40)
    found = omp_within(x, atoms, tolerance, 9)
    for one, code in zip(x, found, strict=True):
        small = float(one @ one) <= tolerance
        right = np.zeros(len(atoms)) if small else orthogonal_mp(atoms.numpy().T, one.numpy(), tol=tolerance)
        assert np.allclose(code, right, atol=1e-6)


@PROPERTY
@given(SEEDS, st.integers(0, 9))
def test_what_omp_leaves_is_at_right_angles_to_every_atom_that_it_chose(seed: int, count: int) -> None:
    x, atoms = made(seed, n=1)
    code = omp(x[0], atoms, count)
    assert int((code != 0).sum()) <= count
    assert float((atoms[code != 0] @ (x[0] - code @ atoms)).abs().max() if count else 0) < 1e-9


@PROPERTY
@given(SEEDS)
def test_many_signals_at_once_are_each_by_itself(seed: int) -> None:
    x, atoms = made(seed, n=4)
    together = omp_within(x, atoms, 0.0, 3)
    for one, code in zip(x, together, strict=True):
        assert torch.allclose(omp(one, atoms, 3), code, atol=1e-8)


def test_omp_may_be_allowed_more_atoms_than_there_are_and_then_fits_by_least_squares() -> None:
    x, atoms = made(2, n=4)
    few = atoms[:3]
    code = omp_within(x, few, 0.0, 32)
    best = torch.linalg.lstsq(few.T, x.T).solution.T
    assert torch.allclose(code, best, atol=1e-8)


def test_omp_fits_nearly_equal_atoms_in_single_precision_too() -> None:
    atoms = torch.tensor([[1.0, 0.0, 0.0], [1.0, 1e-3, 0.0], [0.0, 0.0, 1.0]])
    atoms = atoms / atoms.norm(dim=1, keepdim=True)
    x = torch.tensor([[1.0, 0.5, 0.3]])
    assert float((x - omp_within(x, atoms, 0.0, 3) @ atoms).norm()) < 1e-2 * float(x.norm())


def test_omp_stops_where_nothing_is_left_and_codes_nothing_as_nothing() -> None:
    assert omp(torch.tensor([0.0, 2.0]), torch.eye(2), 2).tolist() == [0.0, 2.0]
    assert omp(torch.zeros(2), torch.eye(2), 2).tolist() == [0.0, 0.0]
    assert omp_within(torch.zeros(3, 2), torch.eye(2), 0.0, 2).abs().sum() == 0


@pytest.mark.parametrize("penalty", [0.05, 0.3, 1.0])
def test_ista_and_fista_find_the_minimum_that_scikit_learn_finds(penalty: float) -> None:
    x, atoms = made(3)
    best = torch.tensor(sparse_encode(x.numpy(), atoms.numpy(), algorithm="lasso_cd", alpha=penalty, max_iter=100_000))
    lowest = lasso_loss(best, x, atoms, penalty)
    for search, steps in ((ista, 20_000), (fista, 2000)):
        found = lasso_loss(search(x, atoms, penalty, steps), x, atoms, penalty)
        assert torch.allclose(found, lowest, rtol=1e-4)


@PROPERTY
@given(SEEDS, st.floats(0, 2))
def test_no_step_of_ista_raises_the_loss(seed: int, penalty: float) -> None:
    x, atoms = made(seed)
    code, steep = torch.randn(len(x), len(atoms), dtype=torch.float64), steepness(atoms)
    for _ in range(5):
        new = ista_step(code, x, atoms, penalty, steep)
        assert bool((lasso_loss(new, x, atoms, penalty) <= lasso_loss(code, x, atoms, penalty) + 1e-9).all())
        code = new


def test_a_step_that_is_too_long_raises_it() -> None:
    x, atoms = made(0)
    code = ista(x, atoms, 0.1, 3)
    for _ in range(20):
        code = ista_step(code, x, atoms, 0.1, steepness(atoms) / 3)
    assert float(lasso_loss(code, x, atoms, 0.1).sum()) > float(lasso_loss(0 * code, x, atoms, 0.1).sum())


@PROPERTY
@given(SEEDS, st.floats(0, 3))
def test_the_soft_threshold_minimises_what_it_is_said_to(seed: int, threshold: float) -> None:
    v = torch.randn(8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    z = soft_threshold(v, threshold)
    loss = lambda z: (z - v) ** 2 / 2 + threshold * z.abs()  # noqa: E731
    for off in (-0.1, -0.001, 0.001, 0.1):
        assert bool((loss(z) <= loss(z + off)).all())
    assert torch.equal(z, torch.nn.functional.softshrink(v, threshold))


def test_the_hard_threshold_is_torch_s() -> None:
    v = torch.linspace(-2, 2, 41)
    assert torch.equal(hard_threshold(v, 0.7), torch.nn.functional.hardshrink(v, 0.7))


@PROPERTY
@given(SEEDS)
def test_refitting_keeps_the_zeros_and_never_fits_worse(seed: int) -> None:
    x, atoms = made(seed, n=1)
    code = ista(x, atoms, 0.4, 30)[0]
    new = refit(code, x[0], atoms)
    assert bool(((new != 0) <= (code != 0)).all())
    before, after = (float(((x[0] - z @ atoms) ** 2).sum()) for z in (code, new))
    assert after <= before + 1e-9
    assert float((atoms[code != 0] @ (x[0] - new @ atoms)).abs().sum()) < 1e-6


def test_refitting_nearly_equal_atoms_never_gives_more_than_the_signal() -> None:
    atoms = torch.tensor([[1.0, 0.0, 0.0], [1.0, 1e-4, 0.0], [0.0, 0.0, 1.0]])
    x = torch.tensor([1.0, 2.0, 3.0])
    new = refit(torch.tensor([1.0, 1.0, 0.0]), x, atoms)
    assert float((new @ atoms).norm()) <= float(x.norm()) + 1e-3


def test_the_steepness_is_the_largest_eigenvalue() -> None:
    _, atoms = made(5)
    assert steepness(atoms) == pytest.approx(float(torch.linalg.eigvalsh(atoms @ atoms.T)[-1]))
