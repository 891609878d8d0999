import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from lthedu import data
from lthedu.base.course_files import course_path
from lthedu.data import mnist as mnist_files

FILES = list(data.MNIST_FILES)


@pytest.fixture
def copy(tmp_path):
    """A data folder of links to the course's files, in which one can be replaced."""
    (tmp_path / "mnist").mkdir()
    for name in FILES:
        (tmp_path / "mnist" / name).symlink_to(course_path("datasets") / "mnist" / name)
    return tmp_path


@pytest.fixture(scope="module")
def pixels():
    """The 70,000 images as bytes, read without the code under test."""
    read = {n: gzip.decompress((course_path("datasets") / "mnist" / n).read_bytes()) for n in FILES}
    train, test = (np.frombuffer(read[FILES[i]], np.uint8, offset=16).reshape(-1, 784) for i in (0, 2))
    labels, test_labels = (np.frombuffer(read[FILES[i]], np.uint8, offset=8) for i in (1, 3))
    return train, labels, test, test_labels


def test_mnist_has_the_shapes_and_types_it_states(mnist):
    for split, n in (("train", 55_000), ("val", 5_000), ("test", 10_000)):
        x, y = getattr(mnist, f"x_{split}"), getattr(mnist, f"y_{split}")
        assert (x.shape, x.dtype, y.shape, y.dtype) == ((n, 784), torch.float32, (n,), torch.int64)
        assert x.is_contiguous()
        assert set(y.tolist()) == set(range(10))


def test_pixels_are_scaled_to_0_1_and_normalised_as_stated(mnist, pixels):
    expected = (pixels[2].astype(np.float64) / 255 - 0.1307) / 0.3081
    assert np.abs(mnist.x_test.numpy() - expected).max() < 1e-6
    assert mnist.y_test.tolist() == pixels[3].tolist()


def test_the_stated_mean_and_deviation_are_those_of_the_60_000(pixels):
    often, scaled = np.bincount(pixels[0].ravel(), minlength=256), np.arange(256) / 255
    mean = np.average(scaled, weights=often)
    std = np.sqrt(np.average((scaled - mean) ** 2, weights=often))
    assert (round(mean, 4), round(std, 4)) == (data.MNIST_MEAN, data.MNIST_STD)


def test_training_and_validation_are_the_60_000_each_once(mnist, pixels):
    def counted(images, labels):
        return sorted(hashlib.sha256(i.tobytes() + bytes([y])).digest() for i, y in zip(images, labels, strict=True))

    both = torch.cat([mnist.x_train, mnist.x_val])
    raw = ((both * data.MNIST_STD + data.MNIST_MEAN) * 255).round().to(torch.uint8).numpy()
    assert counted(raw, torch.cat([mnist.y_train, mnist.y_val]).tolist()) == counted(*pixels[:2])


def test_the_seed_alone_decides_the_split(mnist):
    torch.manual_seed(99)
    again, other = data.load("mnist", device="cpu"), data.load("mnist", seed=1, device="cpu")
    assert torch.equal(again.y_val, mnist.y_val)
    assert torch.equal(again.x_val, mnist.x_val)
    assert not torch.equal(other.y_val, mnist.y_val)
    assert torch.equal(other.x_test, mnist.x_test)


def test_folder_wins_over_LTHEDU_DATA_which_wins_over_the_course(copy, monkeypatch, mnist):
    monkeypatch.setenv("LTHEDU_DATA", str(copy))
    assert data.data_path("mnist") == copy / "mnist"
    assert data.data_path("mnist", folder="other") == Path("other/mnist")
    assert torch.equal(data.load(device="cpu").y_val, mnist.y_val)
    monkeypatch.setenv("LTHEDU_DATA", "/no/such/folder")
    assert torch.equal(data.load(device="cpu", folder=copy).y_val, mnist.y_val)
    with pytest.raises(FileNotFoundError, match=r"other.mnist.train-images"):
        data.load(device="cpu", folder="other")


def test_a_folder_for_other_datasets_does_not_hide_the_course_s_own(tmp_path, monkeypatch):
    monkeypatch.setenv("LTHEDU_DATA", str(tmp_path))
    assert data.data_path("mnist") == course_path("datasets") / "mnist"
    (tmp_path / "mnist").mkdir()
    with pytest.raises(FileNotFoundError, match=r"mnist.train-images.*LTHEDU_DATA"):
        data.load(device="cpu")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(copy, name):
    (copy / "mnist" / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        data.load(folder=copy)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("where", [0, 5, -1, "middle", "cut"])
def test_one_flipped_bit_is_refused_with_the_file_and_both_checksums(copy, name, where):
    path: Path = copy / "mnist" / name
    raw = bytearray(path.read_bytes())
    if where == "cut":
        del raw[-1]
    else:
        raw[len(raw) // 2 if where == "middle" else where] ^= 1
    path.unlink()
    path.write_bytes(raw)
    with pytest.raises(data.DamagedFile) as error:
        mnist_files._idx(path, data.MNIST_FILES[name])
    for part in (str(path), hashlib.sha256(raw).hexdigest(), data.MNIST_FILES[name]):
        assert part in str(error.value)
    if where == "middle":
        with pytest.raises(data.DamagedFile, match=name):
            data.load(folder=copy)
