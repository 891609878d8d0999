"""Datasets as tensors in memory: one tensor a split, on one device, no DataLoader in the way."""

import os
from pathlib import Path

import torch
from platformdirs import user_cache_path

from lthedu.base.arguments import typed
from lthedu.base.course_files import course_path, scale
from lthedu.base.files import DamagedFile
from lthedu.data import cifar10
from lthedu.data.dataset import Dataset, Progress, Recipe, default_device, device_of
from lthedu.data.folder import class_names, load_folder
from lthedu.data.mnist import MNIST_FILES, MNIST_MEAN, MNIST_STD, check_mnist, load_mnist, pooled, unit_pixels
from lthedu.data.mnist1d import load_mnist1d

__all__ = [
    "CIFAR10_CLASSES",
    "MNIST_FILES",
    "MNIST_MEAN",
    "MNIST_STD",
    "NAMES",
    "DamagedFile",
    "Dataset",
    "Recipe",
    "check_files",
    "class_names",
    "data_path",
    "default_device",
    "device_of",
    "fetch",
    "load",
    "load_folder",
    "pooled",
    "remade",
    "unit_pixels",
]
NAMES = ("mnist", "mnist1d", "cifar10")
TINY = 600, 200, 200  # examples of each split at tiny size
CIFAR10_CLASSES = cifar10.CIFAR10_CLASSES


@typed
def load(
    name: str = "mnist",
    *,
    seed: int = 0,
    device: torch.device | str | None = None,
    folder: Path | str | None = None,
) -> Dataset:
    """The dataset `name` as float32 tensors in memory, its training and validation examples split by `seed`.

    "mnist": 55,000 training and 5,000 validation images, split from the 60,000 of the official training set, and the
    official 10,000 test images; each image is a row of 784 pixels, scaled to [0, 1] and normalised as
    (pixel - 0.1307) / 0.3081, the mean and deviation of the 60,000. It comes with the course. Source: LeCun, Cortes
    and Burges, MNIST.

    "mnist1d": ten digits as signals of 40 points, moved, bent and in noise, so that 5,000 tell architectures apart:
    3,600 training and 400 validation signals, split from the recipe's first 4,000, and its last 1,000 for the test;
    mean 0 and deviation 1 over all. Generated in a second, nothing is read. Source: Greydanus and Kobak,
    arXiv:2011.14439, with their seed, so that the numbers are theirs.

    "cifar10": 45,000 training and 5,000 validation images (3, 32, 32), split from the official 50,000, and the
    official 10,000 test images; scaled to [0, 1] and normalised by the mean and deviation of each channel over the
    50,000. Fetch it once with `fetch`. It takes 740 MB of memory, and 1.1 GB while it is read. Label i is
    `CIFAR10_CLASSES[i]`. Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009.

    With LTHEDU_SCALE=tiny, the size for tests, it is the first 600, 200 and 200 examples of any of them.
    Files are read from where `data_path` says. Your own images: `load_folder`. Raises ValueError for another name,
    FileNotFoundError for a missing file, and DamagedFile, with both checksums, for a file whose bytes are not the
    canonical ones.

    >>> mnist = load("mnist")
    >>> tuple(mnist.x_train.shape), tuple(mnist.x_val.shape), tuple(mnist.x_test.shape)
    ((55000, 784), (5000, 784), (10000, 784))
    """
    _refuse_unknown(name)
    device = device_of(device)
    tiny = TINY if scale() == "tiny" else None
    if name == "mnist1d":
        made = load_mnist1d(seed)
    elif name == "mnist":
        made = load_mnist(data_path(name, folder), seed, tiny)
    else:
        made = cifar10.load_cifar10(data_path(name, folder), seed)
    made = made.first(*tiny) if tiny else made
    made = made.to(device).by("load", name, seed, str(device), None if folder is None else str(folder))
    return made.first(*tiny) if tiny else made  # the recipe says so wherever it is followed


@typed
def remade(recipe: Recipe) -> Dataset:
    """The data that this recipe makes, step by step (see `Dataset.recipe`): how another process comes by it.

    >>> small = load("mnist", device="cpu").first(8, 4, 4)
    >>> remade(small.recipe).fingerprint() == small.fingerprint()
    True
    """
    (what, *named), *steps = recipe
    if what == "load":
        name, seed, device, folder = named
        made = load(name, seed=seed, device=device, folder=folder)
    else:
        folder, size, channels, seed, device = named
        made = load_folder(folder, size=size, channels=channels, seed=seed, device=device)
    for step, *arguments in steps:
        if step == "to":
            device, dtype = arguments
            made = made.to(device, None if dtype is None else getattr(torch, dtype.removeprefix("torch.")))
        elif step == "first":
            made = made.first(*arguments)
        else:
            made = {"pooled": pooled, "unit_pixels": unit_pixels}[step](made)
    return made


@typed
def check_files(name: str, folder: Path | str | None = None) -> None:
    """Check the files of the dataset `name` by their SHA-256, and read nothing else of them: what `load` checks first.

    "mnist1d" has no files. Raises ValueError for another name, FileNotFoundError for a missing file, and DamagedFile,
    with both checksums, for a file whose bytes are not the canonical ones.

    >>> check_files("mnist")
    """
    _refuse_unknown(name)
    if name == "mnist":
        check_mnist(data_path(name, folder))
    elif name == "cifar10":
        cifar10.check_cifar10(data_path(name, folder))


def _refuse_unknown(name: str) -> None:
    if name not in NAMES:
        raise ValueError(
            f"no dataset is called {name!r}; there are: {', '.join(NAMES)}, "
            "and lthedu.data.load_folder for images of your own"
        )


@typed
def data_path(name: str, folder: Path | str | None = None) -> Path:
    """The folder with the files of the dataset `name`: inside `folder`, else inside the folder that LTHEDU_DATA names,
    else, for "mnist", the course's own, and for "cifar10" a cache folder of the user's.

    If LTHEDU_DATA names a folder without mnist/, the course's own is read: the bytes are the same.
    Raises ValueError for an unknown name.

    >>> data_path("cifar10", folder="/data").as_posix()
    '/data/cifar10'
    """
    _refuse_unknown(name)
    named = folder or os.environ.get("LTHEDU_DATA")
    if named and (folder or name != "mnist" or (Path(named).expanduser() / name).is_dir()):
        return Path(named).expanduser() / name
    return (course_path("datasets") if name == "mnist" else user_cache_path("lthedu", appauthor=False)) / name


@typed
def fetch(name: str, *, folder: Path | str | None = None, progress: Progress | None = None) -> Path:
    """Fetch the files of the dataset `name` ("cifar10") to where `load` looks for them, and give back their path.

    The only function of the package that uses the network. It first prints what it will fetch and how large it is;
    what is there already is checked and not fetched again.
    `progress(bytes, size, text)` is called as bytes arrive; in a notebook, pass `lthedu.course.bar.ProgressBar()`.

    Raises ValueError for a dataset that is not fetched, ConnectionError without a network, and as
    `lthedu.data.download.fetch_file`.

    >>> fetch("mnist")
    Traceback (most recent call last):
    ValueError: 'mnist' is not fetched; allowed: cifar10 (mnist comes with the course, mnist1d is generated)
    """
    if name != "cifar10":
        raise ValueError(
            f"{name!r} is not fetched; allowed: cifar10 (mnist comes with the course, mnist1d is generated)"
        )
    from lthedu.data.download import fetch_file

    path = data_path(name, folder) / cifar10.ARCHIVE
    return fetch_file(cifar10.URL, path, size=cifar10.BYTES, digest=cifar10.SHA256, progress=progress)
