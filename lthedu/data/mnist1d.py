"""MNIST-1D by its published recipe: ten short templates, each example moved, bent and buried in noise.

Greydanus and Kobak, "Scaling down deep learning with MNIST-1D" (arXiv:2011.14439),
https://github.com/greydanus/mnist1d (Apache-2.0). The templates, the settings, the seed and the order of the random
draws are theirs, so the numbers are the published ones too; the code is written here.
"""

from functools import cache

import numpy as np
import torch
from numpy.random import RandomState  # the generator of the recipe; numpy keeps its stream as it is
from numpy.typing import NDArray
from torch import Tensor

from lthedu.base.streams import generator
from lthedu.data.dataset import Dataset

Signals = NDArray[np.float64]

SEED = 42
PER_CLASS, N_TRAIN = 500, 4_000
PADDED, LENGTH = 72, 40  # points while an example is made, and in the end
PADDING = 36, 60  # fewest and most zeros after the template
SCALE, SHEAR = 0.4, 0.75  # width of the uniform draws around 1 and 0
SHIFTS = 48
CORRELATED, WIDTH, INDEPENDENT = 0.25, 2.0, 0.02  # deviations of the two noises; width of the filter in points

DIGITS = (  # height of the pen at 12 points
    (5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5),
    (5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5),
    (5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5),
    (5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5),
    (5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5),
    (5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5),
    (5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5),
    (5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5),
    (5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5),
)


def load_mnist1d(seed: int) -> Dataset:
    """3,600 training, 400 validation and 1,000 test signals of 40 points (see `lthedu.data.load`)."""
    x, y = generate()
    order = torch.randperm(N_TRAIN, generator=generator(seed, "mnist1d split"))
    train, val, test = order[:3_600], order[3_600:], torch.arange(N_TRAIN, len(x))
    return Dataset(x[train], y[train], x[val], y[val], x[test], y[test])


@cache
def generate() -> tuple[Tensor, Tensor]:
    """All 5,000 signals (5000, 40) and labels (5000,), the 4,000 for training first; do not change them.

    >>> x, y = generate()
    >>> x.shape, y[:10].tolist()
    (torch.Size([5000, 40]), [2, 6, 4, 5, 6, 6, 6, 0, 3, 1])
    """
    random = RandomState(SEED)
    made = np.array([example(template, random) for template in templates() for _ in range(PER_CLASS)])
    order = random.permutation(len(made))
    x, y = made[order], np.repeat(np.arange(len(DIGITS)), PER_CLASS)[order]
    x = (x - x.mean()) / x.std()
    return torch.from_numpy(x).float(), torch.from_numpy(y).long()


def templates() -> Signals:
    """The ten digits as signals (10, 12) that start and end at 0."""
    pen = np.array(DIGITS)
    pen = (pen - pen.mean(1, keepdims=True)) / pen.std(1, keepdims=True)
    return (pen - pen[:, :1]) / 6  # type: ignore[no-any-return]


def example(template: Signals, random: RandomState) -> Signals:
    """One example (40,) of the digit `template` (12,)."""
    from scipy.ndimage import gaussian_filter1d  # takes longer to import than the rest of lthedu.data

    fewest, most = PADDING
    zeros = np.zeros(fewest + int(random.rand() * (most - fewest + 1)))
    x = resampled(np.concatenate([template + 1e-8, zeros]), PADDED)  # no zero of the digit counts as padding
    x = x * (1 + SCALE * (random.rand() - 0.5))
    x = np.roll(x, random.choice(SHIFTS))
    noise = gaussian_filter1d(CORRELATED * random.randn(PADDED), WIDTH)
    x = np.where(x == 0, noise, x) + INDEPENDENT * random.randn(PADDED)
    x = x - SHEAR * (random.rand() - 0.5) * np.linspace(-0.5, 0.5, PADDED)
    return resampled(x, LENGTH)


def resampled(x: Signals, n: int) -> Signals:
    """`x` at `n` evenly spaced points from its first to its last, by linear interpolation."""
    return np.interp(np.linspace(0, 1, n), np.linspace(0, 1, len(x)), x)
