"""CIFAR-10 from the binary version of its official archive (Krizhevsky 2009), read without unpacking it to disk."""

import tarfile
from pathlib import Path

import torch
from torch import Tensor

from lthedu.base.streams import generator
from lthedu.data.dataset import Dataset, channel_statistics, check_digest, normalised

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
BYTES = 170_052_171
SHA256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
ARCHIVE = "cifar-10-binary.tar.gz"
CIFAR10_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")

TRAIN = [f"cifar-10-batches-bin/data_batch_{i}.bin" for i in range(1, 6)]
TEST = "cifar-10-batches-bin/test_batch.bin"
RECORD = 1 + 3 * 32 * 32  # a label, then the red, the green and the blue pixels, row by row


def check_cifar10(root: Path) -> Path:
    """The archive in the folder `root`. Raises FileNotFoundError or DamagedFile unless it is the official one."""
    path = root / ARCHIVE
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing; `lthedu fetch cifar10` or lthedu.data.fetch('cifar10') fetches it "
            f"({BYTES / 1e6:.0f} MB, from {URL}), or put the file there yourself"
        )
    check_digest(path, SHA256, "delete it and fetch it again with `lthedu fetch cifar10`")
    return path


def load_cifar10(root: Path, seed: int) -> Dataset:
    """CIFAR-10 from the archive in the folder `root`: 45,000, 5,000 and 10,000 images (see `lthedu.data.load`)."""
    batches = _batches(check_cifar10(root))
    x, y = _images(torch.cat([batches.pop(name) for name in TRAIN]))
    x_test, y_test = _images(batches.pop(TEST))
    mean, std = channel_statistics(x)
    order = torch.randperm(len(x), generator=generator(seed, "cifar10 split"))
    val, train = order[: len(x) // 10], order[len(x) // 10 :]
    x_train, x_val, x_test = (normalised(images, mean, std) for images in (x[train], x[val], x_test))
    return Dataset(x_train, y[train], x_val, y[val], x_test, y_test)


def _batches(path: Path) -> dict[str, Tensor]:
    """The records (n, 3073) of every batch by its name in the archive."""
    found = {}
    with tarfile.open(path, "r|gz") as archive:
        for member in archive:
            file = archive.extractfile(member) if member.name in {*TRAIN, TEST} else None
            if file is not None:
                found[member.name] = torch.frombuffer(bytearray(file.read()), dtype=torch.uint8).view(-1, RECORD)
    return found


def _images(records: Tensor) -> tuple[Tensor, Tensor]:
    return records[:, 1:].view(-1, 3, 32, 32), records[:, 0].long()
