"""Your own images: a folder with one sub-folder for each class."""

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count
from lthedu.data.dataset import Dataset, Progress, channel_statistics, device_of, normalised
from lthedu.streams import generator

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # as Pillow calls them
LITTER = ("thumbs.db", "desktop.ini", "__macosx")  # what systems leave in folders, besides hidden files
Files = dict[str, list[Path]]  # class name: its images


@typed
def load_folder(
    folder: Path | str,
    *,
    size: Count = 32,
    channels: int = 3,
    seed: int = 0,
    device: torch.device | str | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """The images under `folder` as float32 tensors (n, channels, size, size); label i is `class_names(folder)[i]`.

    `folder` holds one sub-folder of images for each class: a tenth of each class (at least one image), drawn by
    `seed`, is for validation and another tenth for testing. If it holds `train` and `test` instead, each with the
    same class folders, the test images are those, and validation takes a tenth of `train`, or `val` if it is there.

    Every image is turned upright as its EXIF data say; transparent parts become white; the largest centred square is
    scaled to `size` x `size` pixels, red, green and blue for 3 `channels`, luminance for 1. Of an animation the first
    picture counts. Pixels are scaled to [0, 1] and normalised by each channel's mean and deviation over the training
    images. Hidden files are left out, links are followed, and files directly in `folder` are not looked at. The order
    and the splits depend on names and `seed` alone, not on the system. `progress(done, all, text)` is called after
    each image.

    Raises FileNotFoundError when there is no such folder; ValueError, before an image is read, for fewer than two
    classes, a class with too few images or a folder inside a class; and ValueError for a file that is no image.

    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as root:
    ...     for name in ("dark/1.png", "dark/2.png", "dark/3.png", "light/1.png", "light/2.png", "light/3.png"):
    ...         (Path(root) / name).parent.mkdir(exist_ok=True)
    ...         Image.new("RGB", (50, 40), "black" if "dark" in name else "white").save(Path(root) / name)
    ...     pictures = load_folder(root, size=8)
    ...     class_names(root), tuple(pictures.x_train.shape), pictures.y_val.tolist()
    (['dark', 'light'], (2, 3, 8, 8), [0, 1])
    """
    if channels not in (1, 3):
        raise ValueError(f"channels is {channels}; allowed: 1 or 3")
    device = device_of(device)
    names = class_names(folder)
    splits = _splits(_parts(Path(folder)), seed)
    in_all, done = sum(len(files) for split in splits.values() for files in split.values()), 0
    x, y = {}, {}
    for split, classes in splits.items():
        pairs = [(path, label) for label, name in enumerate(names) for path in classes[name]]
        pairs = [pairs[i] for i in _permutation(len(pairs), seed, split)]  # so that `first` meets every class
        images = np.empty((len(pairs), channels, size, size), np.uint8)
        for i, (path, _) in enumerate(pairs):
            images[i] = _pixels(path, size, channels)
            done += 1
            if progress is not None:
                progress(done, in_all, "reading images")
        x[split], y[split] = torch.from_numpy(images), torch.tensor([label for _, label in pairs])
    mean, std = channel_statistics(x["train"])
    tensors = [t for s in ("train", "val", "test") for t in (normalised(x[s], mean, std), y[s])]
    return Dataset(*tensors).to(device)


@typed
def class_names(folder: Path | str) -> list[str]:
    """The names of the class folders under `folder`, sorted by code point; a class's label is its place here.

    Raises as `load_folder` does. Names are in Unicode's form NFC, since systems store accents differently.
    """
    parts = _parts(Path(folder))
    names = {part: [_name(path) for path in _entries(root) if path.is_dir()] for part, root in parts.items()}
    found = next(iter(names.values()))
    for part, root in parts.items():
        if names[part] != found:
            raise ValueError(f"{root} has the classes {names[part]}, but {next(iter(parts))} has {found}")
    if len(found) < 2:
        raise ValueError(
            f"{folder} holds {len(found)} class folders ({', '.join(found) or 'none'}); "
            "at least 2 are needed: one sub-folder of images for each class"
        )
    return found


def _parts(folder: Path) -> dict[str, Path]:
    """The folders that hold class folders: `train`, `test` and perhaps `val`, or all in one."""
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}; name one that holds one sub-folder of images a class")
    inside = {_name(path): path for path in _entries(folder) if path.is_dir()}
    if set(inside) in ({"train", "test"}, {"train", "val", "test"}):
        return {part: inside[part] for part in ("train", "val", "test") if part in inside}
    return {"all": folder}


def _splits(parts: dict[str, Path], seed: int) -> dict[str, Files]:
    """The images of each split by class."""
    splits = {part: _files(root) for part, root in parts.items()}
    first = next(iter(splits))
    taken = [split for split in ("val", "test") if split not in splits]
    for name, files in splits[first].items():
        if len(files) <= len(taken):
            raise ValueError(
                f"the class folder {parts[first] / name} holds {len(files)} images; "
                f"at least {len(taken) + 1} are needed: one for each split"
            )
    made: dict[str, Files] = {split: splits.get(split, {}) for split in ("train", "val", "test")}
    for name, files in splits[first].items():
        drawn = [files[i] for i in _permutation(len(files), seed, f"class {name}")]
        tenth = max(1, round(len(files) / 10))
        for split in taken:
            made[split][name], drawn = drawn[:tenth], drawn[tenth:]
        made["train"][name] = drawn
    return made


def _files(root: Path) -> Files:
    """The images of each class folder in `root`."""
    found = {}
    for folder in (path for path in _entries(root) if path.is_dir()):
        files = _entries(folder)
        nested = [path for path in files if path.is_dir()]
        if nested:
            raise ValueError(f"{nested[0]} is a folder inside a class folder, which may hold images only")
        if not files:
            raise ValueError(f"the class folder {folder} holds no images")
        found[_name(folder)] = files
    return found


def _entries(folder: Path) -> list[Path]:
    """What is in `folder`, without hidden files, in the same order on every system."""
    seen = [path for path in folder.iterdir() if not path.name.startswith(".") and path.name.lower() not in LITTER]
    return sorted(seen, key=lambda path: (_name(path), path.name))


def _name(path: Path) -> str:
    return unicodedata.normalize("NFC", path.name)


def _permutation(n: int, seed: int, what: str) -> list[int]:
    return torch.randperm(n, generator=generator(seed, "folder", what)).tolist()


def _pixels(path: Path, size: int, channels: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The image at `path`, (channels, size, size)."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path, formats=FORMATS) as opened:
            image = _eight_bit(ImageOps.exif_transpose(opened)).convert("L" if channels == 1 else "RGB")
    except Exception as error:  # Pillow raises many kinds for files that are damaged or foreign
        raise ValueError(f"{path} cannot be read as an image ({error}); allowed: {', '.join(FORMATS)}") from error
    side = min(image.size)
    left, top = ((length - side) // 2 for length in image.size)
    square = image.crop((left, top, left + side, top + side)).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(square).reshape(size, size, channels).transpose(2, 0, 1)


def _eight_bit(image: "Image") -> "Image":
    """`image` with 8 bits a channel and nothing transparent."""
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits of grey; Pillow's own conversion would cut them off at 255
        levels = np.asarray(image).astype(np.int64)
        if levels.min() < 0 or levels.max() > 65_535:
            raise ValueError("its pixels have more than 16 bits")
        return Image.fromarray((levels / 257).round().astype(np.uint8))
    if image.mode == "F":
        raise ValueError("its pixels are fractions, whose range is unknown")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image
