import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from lthedu import data
from lthedu.resources import course_path

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
    scaled = pixels[0] / 255
    assert (round(scaled.mean(), 4), round(scaled.std(), 4)) == (data.MNIST_MEAN, data.MNIST_STD)


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


def test_an_unknown_dataset_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'cifar'.*mnist"):
        data.load("cifar")


def test_the_folder_argument_wins_over_LTHEDU_DATA_which_wins_over_the_course(copy, monkeypatch, mnist):
    monkeypatch.setenv("LTHEDU_DATA", "/no/such/folder")
    assert torch.equal(data.load(device="cpu", folder=copy).y_val, mnist.y_val)
    with pytest.raises(FileNotFoundError, match=r"no.such.folder.*LTHEDU_DATA"):
        data.load(device="cpu")
    monkeypatch.setenv("LTHEDU_DATA", str(copy))
    assert torch.equal(data.load(device="cpu").y_val, mnist.y_val)


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
        data._idx(path, data.MNIST_FILES[name])
    for part in (str(path), hashlib.sha256(raw).hexdigest(), data.MNIST_FILES[name]):
        assert part in str(error.value)
    if where == "middle":
        with pytest.raises(data.DamagedFile, match=name):
            data.load(folder=copy)


@pytest.mark.parametrize(
    ("word", "there", "device"),
    [("auto", False, "cpu"), ("auto", True, "cuda"), ("cpu", True, "cpu"), ("cuda", True, "cuda")],
)
def test_LTHEDU_DEVICE_names_the_device(monkeypatch, word, there, device):
    monkeypatch.setenv("LTHEDU_DEVICE", word)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert data.default_device() == torch.device(device)


@pytest.mark.parametrize("word", ["gpu", "", "CPU"])
def test_any_other_device_word_is_refused(monkeypatch, word):
    monkeypatch.setenv("LTHEDU_DEVICE", word)
    with pytest.raises(ValueError, match=rf"LTHEDU_DEVICE is '{word}'; allowed: auto, cpu, cuda"):
        data.load()


def test_cuda_is_refused_where_there_is_none(monkeypatch):
    monkeypatch.setenv("LTHEDU_DEVICE", "cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="no CUDA device"):
        data.default_device()


def test_first_and_to_change_size_and_type_of_the_inputs_only(mnist):
    small = mnist.first(30, 20, 10).to("cpu", torch.float64)
    assert [len(t) for t in vars(small).values()] == [30, 30, 20, 20, 10, 10]
    assert (small.x_val.dtype, small.y_val.dtype) == (torch.float64, torch.int64)
    assert len(mnist.first(30).x_val) == 5_000
    assert torch.equal(small.y_train, mnist.y_train[:30])
