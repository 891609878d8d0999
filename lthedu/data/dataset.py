"""What every dataset becomes: six tensors on one device, and what the readers share."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count

SPLITS = ("train", "val", "test")
Progress = Callable[[int, int, str], None]  # (done, in all, what is running)


class DamagedFile(OSError):
    """A stored file whose bytes are not the ones that were written."""


@typed
@dataclass(frozen=True)
class Dataset:
    """Inputs (n, ...) and labels (n,) of three splits: choose on `val`, report on `test`.

    Raises ValueError for a split whose inputs and labels are not equally many.

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

    def __post_init__(self) -> None:
        for split in SPLITS:
            x, y = getattr(self, f"x_{split}"), getattr(self, f"y_{split}")
            if len(x) != len(y):
                raise ValueError(f"{split} has {len(x)} inputs and {len(y)} labels; there must be a label for each")

    @property
    def device(self) -> torch.device:
        """The one device that all six tensors are on."""
        return self.x_train.device

    def to(self, device: torch.device | str | None = None, dtype: torch.dtype | None = None) -> "Dataset":
        """The same data on `device`, inputs as `dtype`."""
        moved = {f.name: getattr(self, f.name).to(device) for f in fields(self)}
        return Dataset(**{name: t.to(dtype) if name[0] == "x" else t for name, t in moved.items()})

    @typed
    def first(self, n_train: Count, n_val: Count | None = None, n_test: Count | None = None) -> "Dataset":
        """The first examples of each split (all of a split for None, or for more than it has), for quick trials.

        Raises ValueError for less than one.
        """
        parts = {}
        for split, n in zip(SPLITS, (n_train, n_val, n_test), strict=True):
            for name in (f"x_{split}", f"y_{split}"):
                parts[name] = getattr(self, name)[:n]
        return Dataset(**parts)


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


@typed
def device_of(named: torch.device | str | None) -> torch.device:
    """The device with this name; None is the one that LTHEDU_DEVICE names.

    Raises ValueError for a name that torch does not know.

    >>> device_of("cpu")
    device(type='cpu')
    """
    if named is None:
        return default_device()
    try:
        return torch.device(named)
    except RuntimeError:
        raise ValueError(f"device is {named!r}; allowed: cpu, cuda, cuda:0, or another that torch knows") from None


def channel_statistics(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each channel of uint8 `images` (n, c, h, w), pixels scaled to [0, 1]: (c, 1, 1) each.

    Computed from how often each of the 256 levels occurs, so that they do not depend on the order of summation.
    """
    levels = torch.arange(256, dtype=torch.float64) / 255
    share = torch.stack([torch.bincount(channel.reshape(-1), minlength=256) for channel in images.transpose(0, 1)])
    share = share / share.sum(1, keepdim=True, dtype=torch.float64)  # (c, 256)
    mean = (share * levels).sum(1, keepdim=True)
    std = (share * (levels - mean) ** 2).sum(1, keepdim=True).sqrt()
    return mean[:, :, None], std[:, :, None]


def normalised(images: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """uint8 `images` (n, c, h, w) as float32, scaled to [0, 1], less `mean`, divided by `std` (1 where it is 0)."""
    spread = torch.where(std == 0, 1, std)
    return images.float().div_(255).sub_(mean.float()).div_(spread.float())


def check_digest(path: Path, expected: str, advice: str) -> None:
    """Raise DamagedFile, with both checksums and `advice`, unless the SHA-256 of the file is `expected`."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise DamagedFile(f"{path} is damaged: its SHA-256 is {found}, expected {expected}; {advice}")
