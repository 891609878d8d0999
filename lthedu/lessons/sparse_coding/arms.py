"""The arms of this lesson: ways to take noise out of a picture, each with the one number that is tuned for it."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from lthedu.coding import (
    Convolutions,
    Unrolled,
    averaged,
    dct_atoms,
    fista,
    hard_threshold,
    ista,
    ksvd,
    omp_within,
    patches,
    refit,
    soft_threshold,
)

SIZE, WAVES = 8, 16  # a patch has 64 pixels, the dictionary 256 atoms
MOST = 32  # atoms that OMP may use for a patch
SOFT, HARD = "sliding DCT, soft threshold", "sliding DCT, hard threshold"
ISTA5, FISTA = "ISTA, 5 steps", "FISTA, 20 steps"
REFIT, OMP, KSVD = "FISTA, then refitted", "OMP", "OMP, atoms by K-SVD"
THRESHOLDS, ONE, FIVE = "5 layers, thresholds learned", "1 layer, atoms learned", "5 layers, atoms learned"
ATOMS, READER = "1 layer, atoms alone", "1 layer, penalties alone"
RELEASED, CNN = "5 layers, as released", "plain convolutions"
FIVE_SAME = "5 layers, same photograph"

Codes = Callable[[Tensor, float], Tensor]  # (patches without their means, the number tuned) -> patches


def denoised(noisy: Tensor, estimate: Callable[[Tensor], Tensor]) -> Tensor:
    """The picture (h, w) whose patches are `estimate` of the noisy ones, means taken off before and put back after."""
    x = patches(noisy, SIZE)
    mean = x.mean(1, keepdim=True)
    return averaged(estimate(x - mean) + mean, (noisy.shape[0], noisy.shape[1]))


OVERCOMPLETE, ORTHONORMAL = dct_atoms(SIZE, WAVES), dct_atoms(SIZE, SIZE)


def _by_threshold(threshold: Callable[[Tensor, float], Tensor]) -> Codes:
    return lambda x, value: threshold(x @ ORTHONORMAL.T, value) @ ORTHONORMAL


def _refitted(x: Tensor, penalty: float) -> Tensor:
    codes = fista(x, OVERCOMPLETE, penalty, 20)
    return torch.stack([refit(*one, OVERCOMPLETE) for one in zip(codes, x, strict=True)]) @ OVERCOMPLETE


def by_omp(x: Tensor, deviation: float, atoms: Tensor = OVERCOMPLETE) -> Tensor:
    """What OMP makes of patches x, stopping where what is left has this deviation for each pixel."""
    return omp_within(x, atoms, x.shape[1] * deviation**2, MOST) @ atoms


UNTRAINED: Mapping[str, Codes] = {
    SOFT: _by_threshold(soft_threshold),
    HARD: _by_threshold(hard_threshold),
    ISTA5: lambda x, penalty: ista(x, OVERCOMPLETE, penalty, 5) @ OVERCOMPLETE,
    FISTA: lambda x, penalty: fista(x, OVERCOMPLETE, penalty, 20) @ OVERCOMPLETE,
    REFIT: _refitted,
    OMP: by_omp,
}


def learned_atoms(x: Tensor, deviation: float, rounds: int) -> Tensor:
    """A dictionary that K-SVD learns from noisy patches x, beginning with the overcomplete DCT."""
    x = x - x.mean(1, keepdim=True)
    return ksvd(x, OVERCOMPLETE, x.shape[1] * deviation**2, MOST, rounds)


def _one_layer(sigma: float, fixed: Callable[[str], bool]) -> nn.Module:
    """One layer in which the parameters with such names stay as they begin."""
    network = Unrolled(OVERCOMPLETE, sigma, 1.0, layers=1)
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(not fixed(name))
    return network


TRAINED: dict[str, Callable[[float], nn.Module]] = {
    THRESHOLDS: lambda sigma: Unrolled(OVERCOMPLETE, sigma, 1.0, learns="thresholds"),
    ONE: lambda sigma: Unrolled(OVERCOMPLETE, sigma, 1.0, layers=1),
    FIVE: lambda sigma: Unrolled(OVERCOMPLETE, sigma, 1.0),
    ATOMS: lambda sigma: _one_layer(sigma, lambda name: "reader" in name and name != "reader.6.bias"),  # one penalty
    READER: lambda sigma: _one_layer(sigma, lambda name: name == "atoms"),
    RELEASED: lambda sigma: Unrolled(OVERCOMPLETE, sigma, 1.0, released=True),
    CNN: Convolutions,
}
TRAINED[FIVE_SAME] = TRAINED[FIVE]


def made(arm: str, sigma: float, seed: int) -> nn.Module:
    """The untrained network of an arm, its random numbers from `seed`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return TRAINED[arm](sigma)
