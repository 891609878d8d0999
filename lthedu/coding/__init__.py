"""Sparse coding: signals as sums of few atoms, searches for such sums, and networks made of a search."""

from lthedu.coding.ista import (
    fista,
    hard_threshold,
    ista,
    ista_step,
    lasso_loss,
    refit,
    soft_threshold,
    steepness,
)
from lthedu.coding.ksvd import ksvd, update_atom, usage
from lthedu.coding.omp import omp, omp_within
from lthedu.coding.patches import PEAK, averaged, dct_atoms, patches, psnr, with_noise
from lthedu.coding.unrolled import LISTA, Convolutions, Unrolled, lista_layers

__all__ = [
    "LISTA",
    "PEAK",
    "Convolutions",
    "Unrolled",
    "averaged",
    "dct_atoms",
    "fista",
    "hard_threshold",
    "ista",
    "ista_step",
    "ksvd",
    "lasso_loss",
    "lista_layers",
    "omp",
    "omp_within",
    "patches",
    "psnr",
    "refit",
    "soft_threshold",
    "steepness",
    "update_atom",
    "usage",
    "with_noise",
]
