"""K-SVD's updates against the singular value decomposition, and networks against the search that they unroll."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lthedu.coding import (
    LISTA,
    Convolutions,
    Unrolled,
    averaged,
    dct_atoms,
    ista,
    ksvd,
    lista_layers,
    omp_within,
    patches,
    soft_threshold,
    steepness,
    update_atom,
    usage,
)


def coded(seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(seed)
    x, atoms = (torch.randn(n, 6, generator=rng, dtype=torch.float64) for n in (30, 8))
    atoms /= atoms.norm(dim=1, keepdim=True)
    return x, atoms, omp_within(x, atoms, 0.5, 3)


def error(x: torch.Tensor, atoms: torch.Tensor, code: torch.Tensor) -> float:
    return float(((x - code @ atoms) ** 2).sum())


@settings(deadline=None, max_examples=30, derandomize=True)
@given(st.integers(0, 10_000), st.integers(0, 7))
def test_an_atom_s_update_changes_its_own_places_alone_and_never_fits_worse(seed: int, j: int) -> None:
    x, atoms, code = coded(seed)
    new_atoms, new = update_atom(x, atoms, code, j)
    others = torch.arange(8) != j
    assert torch.equal(new_atoms[others], atoms[others])
    assert torch.equal(new[:, others], code[:, others])
    assert bool(((new[:, j] != 0) <= (code[:, j] != 0)).all())
    assert float(new_atoms[j].norm()) == pytest.approx(1)
    assert error(x, new_atoms, new) <= error(x, atoms, code) + 1e-9


def test_no_other_atom_and_values_fit_better() -> None:
    x, atoms, code = coded(3)
    new_atoms, new = update_atom(x, atoms, code, 2)
    lowest, rng = error(x, new_atoms, new), torch.Generator().manual_seed(0)
    users = (code[:, 2] != 0).nonzero()[:, 0]
    for size in (0.5, 0.1, 0.01):
        for _ in range(20):
            other = new_atoms.clone()
            other[2] += size * torch.randn(6, generator=rng, dtype=torch.float64)
            other[2] /= other[2].norm()
            values = new.clone()
            values[:, 2] = 0
            values[users, 2] = (x - values @ other)[users] @ other[2]  # the best for this atom
            assert error(x, other, values) >= lowest - 1e-9


def test_an_atom_that_nobody_uses_stays_and_ksvd_gives_it_to_the_worst_signal() -> None:
    x, atoms = torch.tensor([[3.0, 0.0], [3.0, 4.0]]), torch.eye(2)
    code = torch.tensor([[3.0, 0.0], [3.0, 0.0]])
    same, values = update_atom(x, atoms, code, 1)
    assert torch.equal(same, atoms)
    assert torch.equal(values, code)
    learned = ksvd(x, torch.tensor([[1.0, 0.0], [-1.0, 0.0]]), 0.0, 1, 1)
    assert learned[1].tolist() == pytest.approx([0.6, 0.8])


def test_ksvd_fits_its_signals_better_than_what_it_began_with() -> None:
    x, atoms, _ = coded(1)
    errors = [error(x, now, omp_within(x, now, 0.0, 2)) for now in (atoms, ksvd(x, atoms, 0.0, 2, 5))]
    assert errors[1] < 0.8 * errors[0]


def test_usage_counts_signals_and_not_sizes() -> None:
    assert usage(torch.tensor([[5.0, 0.0, -1.0], [0.1, 0.0, 0.0]])).tolist() == [1.0, 0.0, 0.5]


def test_an_untrained_lista_is_ista() -> None:
    atoms, x = dct_atoms(4, 6), torch.randn(5, 16)
    assert torch.allclose(LISTA(atoms, 0.2, 7)(x), ista(x, atoms, 0.2, 7), atol=1e-5)


def test_every_layer_of_lista_uses_the_same_weights() -> None:
    names = dict(LISTA(dct_atoms(4, 6), 0.2, 7).named_parameters())
    assert {name: tuple(p.shape) for name, p in names.items()} == {
        "encode": (16, 36), "mix": (36, 36), "threshold": (36,)
    }  # fmt: skip
    x, encode, mix = torch.randn(2, 3), torch.randn(3, 4), torch.randn(4, 4)
    first = soft_threshold(x @ encode, 0.1)
    assert torch.allclose(lista_layers(x, encode, mix, 0.1, 2), soft_threshold(x @ encode + first @ mix, 0.1))


@pytest.mark.parametrize("learns", ["thresholds", "atoms"])
@pytest.mark.parametrize("layers", [1, 5])
def test_an_untrained_denoiser_is_ista_on_patches_and_their_mean(learns, layers: int) -> None:
    atoms, sigma = dct_atoms(8, 16), 25.0
    noisy = 100 + 25 * torch.randn(20, 17)
    x = patches(noisy) / sigma
    mean = x.mean(1, keepdim=True)
    right = averaged(sigma * (ista(x - mean, atoms, 1.5, layers) @ atoms + mean), (20, 17))
    found = Unrolled(atoms, sigma, 1.5, layers=layers, learns=learns)(noisy)
    assert torch.allclose(found, right, atol=1e-2)


def test_the_released_code_s_ways_are_kept() -> None:
    """No mean taken off, a first code that is not divided by the steepness, then a step for each layer."""
    atoms, noisy = dct_atoms(8, 16), 100 + 25 * torch.randn(12, 12)
    steep, x = steepness(atoms), patches(noisy) / 25
    code = soft_threshold(x @ atoms.T, 1.5 / steep)
    for _ in range(2):
        code = soft_threshold(code + (x - code @ atoms) @ atoms.T / steep, 1.5 / steep)
    found = Unrolled(atoms, 25.0, 1.5, layers=2, released=True)(noisy)
    assert torch.allclose(found, averaged(25 * code @ atoms, (12, 12)), atol=1e-2)


def test_what_may_be_learned_and_how_much_it_is() -> None:
    def numbers(network: torch.nn.Module) -> int:
        return sum(p.numel() for p in network.parameters() if p.requires_grad)

    atoms = dct_atoms(8, 16)
    assert numbers(Unrolled(atoms, 25.0, 1.0, learns="thresholds")) == 5 * 256 + 64
    assert numbers(Unrolled(atoms, 25.0, 1.0)) == 35_138
    assert numbers(Convolutions(25.0)) == 29_641


def test_a_penalty_cannot_fall_below_zero_but_as_released() -> None:
    x = torch.randn(9, 64)
    for released, sign in ((False, 1), (True, -1)):
        network = Unrolled(dct_atoms(8, 16), 25.0, 1.0, released=released)
        torch.nn.init.constant_(network.reader[-1].bias, -3.0)
        assert {float(one.sign()) for one in network.penalty(x)[0].detach().flatten()} == {float(sign)}


def test_plain_convolutions_keep_the_shape_and_see_levels_by_their_mean_alone() -> None:
    network, noisy = Convolutions(25.0), 100 + 25 * torch.randn(12, 15)
    assert network(noisy).shape == noisy.shape
    assert torch.allclose(network(noisy + 40), network(noisy) + 40, atol=1e-3)


def test_atoms_that_nobody_uses_may_be_more_than_the_signals() -> None:
    atoms = ksvd(torch.tensor([[0.1, 0.0]]), torch.eye(2), 1.0, 1, 1)
    assert torch.equal(atoms, torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
