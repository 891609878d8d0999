import hashlib
import re
from pathlib import Path

import numpy as np
import platformdirs
import pytest
import torch

from lthedu import data
from lthedu.course import probe
from lthedu.data.dataset import channel_statistics, check_digest, normalised


@pytest.mark.parametrize("name", ["cifar", "MNIST", "folder", ""])
def test_an_unknown_dataset_is_refused_with_those_there_are(name):
    message = rf"no dataset is called '{name}'; there are: mnist, mnist1d, cifar10, and lthedu.data.load_folder"
    with pytest.raises(ValueError, match=message):
        data.load(name)


def test_what_is_fetched_goes_to_the_folder_named_or_a_cache_of_the_user_s(monkeypatch, tmp_path):
    monkeypatch.delenv("LTHEDU_DATA", raising=False)
    assert data.data_path("cifar10") == platformdirs.user_cache_path("lthedu", appauthor=False) / "cifar10"
    monkeypatch.setenv("LTHEDU_DATA", str(tmp_path))
    assert data.data_path("cifar10") == tmp_path / "cifar10"
    assert data.data_path("cifar10", folder="~/data") == Path.home() / "data" / "cifar10"


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


def test_statistics_are_those_of_every_pixel_of_a_channel():
    images = torch.randint(256, (30, 3, 5, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    images[:, 1] //= 3
    mean, std = channel_statistics(images)
    scaled = images.numpy().astype(np.float64) / 255
    assert mean.flatten().tolist() == pytest.approx(scaled.mean((0, 2, 3)).tolist(), abs=1e-12)
    assert std.flatten().tolist() == pytest.approx(scaled.std((0, 2, 3)).tolist(), abs=1e-12)
    after = normalised(images, mean, std)
    assert after.dtype == torch.float32
    assert after.mean((0, 2, 3)).abs().max() < 1e-6
    assert (after.std((0, 2, 3), correction=0) - 1).abs().max() < 1e-6


def test_a_channel_without_variation_becomes_zeros_not_nan():
    images = torch.full((4, 1, 2, 2), 77, dtype=torch.uint8)
    assert torch.equal(normalised(images, *channel_statistics(images)), torch.zeros(4, 1, 2, 2))


def test_a_wrong_digest_is_named_with_the_right_one_and_what_to_do(tmp_path):
    (tmp_path / "f").write_bytes(b"abc")  # SHA-256 of "abc": FIPS 180-2, appendix B
    right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    check_digest(tmp_path / "f", right, "")
    with pytest.raises(data.DamagedFile, match=re.escape(f"{right}, expected {'0' * 64}; do this")):
        check_digest(tmp_path / "f", "0" * 64, "do this")


def test_files_are_checked_without_making_tensors_of_them(tmp_path, monkeypatch):
    """A doctor's question: the digests are enough, however large the data are."""
    monkeypatch.setattr("lthedu.data.cifar10._batches", lambda _: pytest.fail("the archive was read"))
    monkeypatch.setattr("lthedu.data.mnist._idx", lambda *_: pytest.fail("images were made"))
    (tmp_path / "cifar10").mkdir()
    archive = tmp_path / "cifar10" / data.cifar10.ARCHIVE
    archive.write_bytes(b"stands for 170 MB")
    monkeypatch.setattr("lthedu.data.cifar10.SHA256", hashlib.sha256(b"stands for 170 MB").hexdigest())
    data.check_files("mnist")
    data.check_files("mnist1d")
    data.check_files("cifar10", tmp_path)
    archive.write_bytes(b"stands for 171 MB")
    with pytest.raises(data.DamagedFile, match="expected"):
        data.check_files("cifar10", tmp_path)
    with pytest.raises(FileNotFoundError, match="lthedu fetch cifar10"):
        data.check_files("cifar10", tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError, match=r"t10k|train"):
        data.check_files("mnist", tmp_path)
    with pytest.raises(ValueError, match="no dataset is called 'imagenet'"):
        data.check_files("imagenet")


def test_the_doctor_builds_no_dataset(tmp_path, monkeypatch):
    monkeypatch.setattr(data, "load", lambda *_, **__: pytest.fail("a dataset was built"))
    monkeypatch.setenv("LTHEDU_DATA", str(tmp_path))
    assert {name: found["state"] for name, found in probe.datasets().items()} == {
        "mnist": "ok",
        "mnist1d": "ok",
        "cifar10": "missing",
    }
