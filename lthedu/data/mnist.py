"""MNIST from the four files that come with the course (LeCun, Cortes and Burges)."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.files import refuse_changed
from lthedu.base.streams import generator
from lthedu.data.dataset import Dataset

MNIST_FILES = {  # name: SHA-256 of the gzip file
    "train-images-idx3-ubyte.gz": "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
    "train-labels-idx1-ubyte.gz": "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
    "t10k-images-idx3-ubyte.gz": "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
    "t10k-labels-idx1-ubyte.gz": "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
}
MNIST_MEAN, MNIST_STD = 0.1307, 0.3081  # of all 60,000 training images, pixels scaled to [0, 1]


def check_mnist(root: Path) -> None:
    """Raise FileNotFoundError or DamagedFile unless the four files in `root` are the ones `load_mnist` reads."""
    for file, digest in MNIST_FILES.items():
        _packed(root / file, digest)


def load_mnist(root: Path, seed: int, few: tuple[int, int, int] | None = None) -> Dataset:
    """MNIST from the folder `root`: 55,000, 5,000 and 10,000 rows of 784 pixels (see `lthedu.data.load`), or the first
    `few` of them."""
    x, y, x_test, y_test = (_idx(root / file, digest) for file, digest in MNIST_FILES.items())
    order = torch.randperm(len(x), generator=generator(seed, "mnist split"))
    train, val, test = order[:55_000], order[55_000:], torch.arange(len(x_test))
    if few is not None:
        train, val, test = (split[:n] for split, n in zip((train, val, test), few, strict=True))
    parts = (_flat(t) for t in (x[train], x[val], x_test[test]))
    x_train, x_val, x_test = (t.div_(255).sub_(MNIST_MEAN).div_(MNIST_STD) for t in parts)
    return Dataset(x_train, y[train].long(), x_val, y[val].long(), x_test, y_test[test].long())


@typed
def unit_pixels(data: Dataset) -> Dataset:
    """The same images with every pixel between 0 and 1, exactly k / 255, in place of mean 0 and deviation 1.

    `data` is `lthedu.data.load("mnist")`: rounding makes the shades what they were, so no input is below zero.

    >>> import torch
    >>> dark = torch.full((1, 784), -MNIST_MEAN / MNIST_STD)
    >>> unit_pixels(Dataset(dark, dark, dark, dark, dark, dark)).x_test.abs().max()
    tensor(0.)
    """

    def shades(x: Tensor) -> Tensor:
        return ((x * MNIST_STD + MNIST_MEAN) * 255).round().clamp(0, 255) / 255

    made = replace(data, x_train=shades(data.x_train), x_val=shades(data.x_val), x_test=shades(data.x_test))
    return made.by("unit_pixels", of=data)


@typed
def pooled(data: Dataset) -> Dataset:
    """The same images at half the resolution: the mean of each 2 x 2 block, 196 pixels in place of 784, or 49 of 196.

    Raises ValueError for inputs that are rows of neither 784 nor 196 pixels.

    >>> import torch
    >>> grey = torch.full((1, 784), 0.5)
    >>> tuple(pooled(Dataset(grey, grey, grey, grey, grey, grey)).x_test.shape)
    (1, 196)
    """
    if data.x_train.ndim != 2 or data.x_train.shape[1] not in (784, 196):
        raise ValueError(f"the inputs have shape {tuple(data.x_train.shape)}; expected (n, 784) or (n, 196)")
    side = 28 if data.x_train.shape[1] == 784 else 14

    def half(x: Tensor) -> Tensor:
        return torch.nn.functional.avg_pool2d(x.view(-1, 1, side, side), 2).flatten(1)

    made = replace(data, x_train=half(data.x_train), x_val=half(data.x_val), x_test=half(data.x_test))
    return made.by("pooled", of=data)


def _flat(images: Tensor) -> Tensor:
    return images.flatten(1).float()  # (n, 28, 28) uint8 -> (n, 784)


def _idx(path: Path, digest: str) -> Tensor:
    """The uint8 array of an IDX file (http://yann.lecun.com/exdb/mnist), checked before it is read."""
    raw = gzip.decompress(_packed(path, digest))
    shape = np.frombuffer(raw, ">i4", count=raw[3], offset=4)  # big-endian header: 0, 0, type, dimensions
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape).copy())


def _packed(path: Path, digest: str) -> bytes:
    """The bytes of the file, which have that SHA-256."""
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing; LTHEDU_DATA must name a folder with mnist/ and in it {', '.join(MNIST_FILES)}"
        )
    packed = path.read_bytes()
    refuse_changed(path, hashlib.sha256(packed).hexdigest(), digest, advice="fetch the course again")
    return packed
