"""Datasets as tensors in memory: one tensor a split, on one device, no DataLoader in the way."""

import gzip
import hashlib
import os
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lthedu.resources import course_path
from lthedu.streams import generator

MNIST_FILES = {  # name: SHA-256 of the gzip file
    "train-images-idx3-ubyte.gz": "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
    "train-labels-idx1-ubyte.gz": "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
    "t10k-images-idx3-ubyte.gz": "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
    "t10k-labels-idx1-ubyte.gz": "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
}
MNIST_MEAN, MNIST_STD = 0.1307, 0.3081  # of all 60,000 training images, pixels scaled to [0, 1]


class DamagedFile(OSError):
    """A stored file whose bytes are not the ones that were written."""


@dataclass(frozen=True)
class Dataset:
    """Inputs (n, ...) and labels (n,) of three splits: choose on `val`, report on `test`.

    >>> x, y = torch.zeros(4, 2), torch.tensor([0, 1, 1, 0])
    >>> small = Dataset(x, y, x[:2], y[:2], x[2:], y[2:])
    >>> small.device, tuple(small.first(3).x_train.shape), small.to(dtype=torch.float64).x_val.dtype
    (device(type='cpu'), (3, 2), torch.float64)
    """

    x_train: Tensor
    y_train: Tensor
    x_val: Tensor
    y_val: Tensor
    x_test: Tensor
    y_test: Tensor

    @property
    def device(self) -> torch.device:
        """The one device that all six tensors are on."""
        return self.x_train.device

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> "Dataset":
        """The same data on `device`, inputs as `dtype`."""
        moved = {f.name: getattr(self, f.name).to(device) for f in fields(self)}
        return Dataset(**{name: t.to(dtype) if name[0] == "x" else t for name, t in moved.items()})

    def first(self, n_train: int, n_val: int | None = None, n_test: int | None = None) -> "Dataset":
        """The first examples of each split (all of a split for None), for quick trials."""
        return replace(
            self,
            x_train=self.x_train[:n_train],
            y_train=self.y_train[:n_train],
            x_val=self.x_val[:n_val],
            y_val=self.y_val[:n_val],
            x_test=self.x_test[:n_test],
            y_test=self.y_test[:n_test],
        )


def default_device() -> torch.device:
    """The device named by LTHEDU_DEVICE: "auto" (CUDA where there is one; the default), "cpu" or "cuda".

    Raises ValueError for any other word, and for "cuda" on a machine without it.

    >>> default_device().type in ("cpu", "cuda")
    True
    """
    word = os.environ.get("LTHEDU_DEVICE", "auto")
    if word not in ("auto", "cpu", "cuda"):
        raise ValueError(f"LTHEDU_DEVICE is {word!r}; allowed: auto, cpu, cuda")
    if word == "cuda" and not torch.cuda.is_available():
        raise ValueError("LTHEDU_DEVICE is 'cuda', but torch sees no CUDA device; allowed here: auto, cpu")
    cuda = word == "cuda" or (word == "auto" and torch.cuda.is_available())
    return torch.device("cuda" if cuda else "cpu")


def load(
    name: str = "mnist",
    *,
    seed: int = 0,
    device: torch.device | str | None = None,
    folder: Path | str | None = None,
) -> Dataset:
    """The dataset `name` as float32 tensors in memory.

    "mnist": 55,000 training and 5,000 validation images, split by `seed` from the 60,000 of the official
    training set, and the official 10,000 test images; each image is a row of 784 pixels, scaled to [0, 1]
    and normalised as (pixel - 0.1307) / 0.3081, the mean and deviation of the 60,000.

    The files are read from `folder`, else from the folder that LTHEDU_DATA names, else from the course's own.
    Raises ValueError for another name, FileNotFoundError for a missing file, and DamagedFile, with both
    checksums, for a file whose bytes are not the canonical ones. Source: LeCun, Cortes and Burges, MNIST.

    >>> mnist = load("mnist")
    >>> tuple(mnist.x_train.shape), tuple(mnist.x_val.shape), tuple(mnist.x_test.shape)
    ((55000, 784), (5000, 784), (10000, 784))
    """
    if name != "mnist":
        raise ValueError(f"no dataset is called {name!r}; there is: mnist")
    device = default_device() if device is None else torch.device(device)
    root = Path(folder or os.environ.get("LTHEDU_DATA") or course_path("datasets")) / "mnist"
    x, y, x_test, y_test = (_idx(root / file, digest) for file, digest in MNIST_FILES.items())
    x, x_test = ((_flat(t) / 255 - MNIST_MEAN) / MNIST_STD for t in (x, x_test))
    order = torch.randperm(len(x), generator=generator(seed, "mnist split"))
    train, val = order[:55_000], order[55_000:]
    y, y_test = y.long(), y_test.long()
    return Dataset(x[train], y[train], x[val], y[val], x_test, y_test).to(device)


def _flat(images: Tensor) -> Tensor:
    return images.flatten(1).float()  # (n, 28, 28) uint8 -> (n, 784)


def _idx(path: Path, digest: str) -> Tensor:
    """The uint8 array of an IDX file (http://yann.lecun.com/exdb/mnist), checked before it is read."""
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing; LTHEDU_DATA must name a folder with mnist/ and in it {', '.join(MNIST_FILES)}"
        )
    packed = path.read_bytes()
    found = hashlib.sha256(packed).hexdigest()
    if found != digest:
        raise DamagedFile(f"{path} is damaged: its SHA-256 is {found}, expected {digest}; fetch the course again")
    raw = gzip.decompress(packed)
    shape = np.frombuffer(raw, ">i4", count=raw[3], offset=4)  # big-endian header: 0, 0, type, dimensions
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape).copy())
