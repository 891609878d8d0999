"""Patches are cut and averaged as said, atoms are the cosines that SciPy knows, and photographs are grey."""

import math

import numpy as np
import pytest
import scipy.fft
import torch
from sklearn.feature_extraction.image import extract_patches_2d, reconstruct_from_patches_2d

from lthedu.coding import averaged, dct_atoms, patches, psnr, with_noise
from lthedu.data.photographs import photograph


@pytest.mark.parametrize("shape", [(15, 15), (17, 20), (22, 15)])  # below 15, scikit-learn 1.5 miscounts
def test_patches_and_their_mean_are_those_of_scikit_learn(shape: tuple[int, int]) -> None:
    image = torch.randn(shape, dtype=torch.float64)
    cut = patches(image, 8)
    assert np.array_equal(cut.numpy(), extract_patches_2d(image.numpy(), (8, 8)).reshape(len(cut), 64))
    changed = cut + torch.randn_like(cut)
    expected = reconstruct_from_patches_2d(changed.numpy().reshape(-1, 8, 8), shape)
    assert np.allclose(averaged(changed, shape).numpy(), expected)
    assert torch.allclose(averaged(cut, shape), image)


def test_a_weight_of_zero_silences_a_place_in_every_patch() -> None:
    image = torch.arange(20.0).view(4, 5)
    cut = patches(image, 2)
    cut[:, 0] = 1000
    weights = torch.tensor([0.0, 1.0, 1.0, 1.0])
    inner = averaged(cut, (4, 5), weights)[1:, 1:]  # the corner above and left is seen by no other place
    assert torch.allclose(inner, image[1:, 1:])


def test_waves_are_scipy_s_cosines() -> None:
    image = np.random.default_rng(0).normal(size=(8, 8))
    expected = scipy.fft.dctn(image, norm="ortho")
    assert np.allclose(dct_atoms(8, 8).double().numpy() @ image.reshape(-1), expected.reshape(-1), atol=1e-5)


def test_an_overcomplete_dictionary_has_atoms_of_length_one_and_mean_zero() -> None:
    atoms = dct_atoms(8, 16)
    assert atoms.shape == (256, 64)
    assert torch.allclose(atoms.norm(dim=1), torch.ones(256), atol=1e-5)
    assert float(atoms[1:].mean(1).abs().max()) < 1e-6
    assert int(torch.linalg.matrix_rank(atoms)) == 64


def test_psnr_by_hand_and_clipped() -> None:
    clean = torch.tensor([[0.0, 255.0]])
    assert psnr(clean, clean) == math.inf
    assert psnr(clean + torch.tensor([[3.0, 4.0]]), clean) == pytest.approx(10 * math.log10(255**2 / 12.5))
    assert psnr(clean + torch.tensor([[3.0, 4.0]]), clean, clip=True) == pytest.approx(10 * math.log10(255**2 / 4.5))


def test_noise_comes_from_the_generator_alone() -> None:
    image = torch.zeros(50, 50)
    one, same, other = (with_noise(image, 25.0, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_a_photograph_is_the_grey_of_its_colours_and_nobody_can_change_it() -> None:
    from sklearn.datasets import load_sample_image

    grey = photograph("china")
    colour = load_sample_image("china.jpg")[100, 200].astype(float)
    assert float(grey[100, 200]) == pytest.approx(0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2], rel=1e-5)
    grey.zero_()
    assert float(photograph("china").max()) > 200
