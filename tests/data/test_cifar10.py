"""CIFAR-10 from a small archive of the same structure: the true one is fetched by its reader."""

import hashlib
import io
import tarfile

import numpy as np
import pytest
import torch

from lthedu import data
from lthedu.data import cifar10

N = 40  # records in each of the six batches


@pytest.fixture(scope="module")
def records():
    """(6, N, 3073) bytes; the last batch is the test's. No two images are equal."""
    made = np.random.default_rng(0).integers(256, size=(6, N, 3073), dtype=np.uint8)
    made[:, :, 0] %= 10
    made[:, :, 1025:] //= 2  # the three channels differ in mean and deviation
    made[:, :, 2049:] //= 3
    return made


@pytest.fixture
def archive(records, tmp_path, monkeypatch):
    """An archive with the names, and the order, of the official one, in a data folder; gives back the folder."""
    path = tmp_path / "cifar10" / "cifar-10-binary.tar.gz"
    path.parent.mkdir()
    names = [f"data_batch_{i}.bin" for i in (1, 2, 3, 4, 5)] + ["test_batch.bin"]
    contents = {"readme.html": b"<html>", "batches.meta.txt": b"airplane\n"}
    contents |= {name: batch.tobytes() for name, batch in zip(names, records, strict=True)}
    with tarfile.open(path, "w:gz") as file:
        folder = tarfile.TarInfo("cifar-10-batches-bin")
        folder.type = tarfile.DIRTYPE
        file.addfile(folder)
        for name in sorted(contents, reverse=True):
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(contents[name])
            file.addfile(member, io.BytesIO(contents[name]))
    monkeypatch.setattr(cifar10, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return tmp_path


def test_the_address_size_and_checksum_are_the_official_ones():
    assert cifar10.URL == "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
    assert cifar10.BYTES == 170_052_171
    assert cifar10.SHA256 == "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
    assert (len(data.CIFAR10_CLASSES), data.CIFAR10_CLASSES[3]) == (10, "cat")


def test_images_and_labels_are_those_of_the_records(archive, records):
    loaded = data.load("cifar10", device="cpu", folder=archive)
    pixels = records[:, :, 1:].reshape(6, N, 3, 32, 32) / 255
    mean, std = (f(pixels[:5], axis=(0, 1, 3, 4))[:, None, None] for f in (np.mean, np.std))
    assert np.abs(loaded.x_test.numpy() - (pixels[5] - mean) / std).max() < 1e-5
    assert loaded.y_test.tolist() == records[5, :, 0].tolist()
    both = torch.cat([loaded.x_train, loaded.x_val])
    labels = torch.cat([loaded.y_train, loaded.y_val])
    first = ((pixels[:5] - mean) / std).reshape(5 * N, 3, 32, 32)
    order = [int(np.abs(first[:, 0, 0, :4] - x.numpy()[0, 0, :4]).sum(1).argmin()) for x in both]
    assert sorted(order) == list(range(5 * N))  # each record once
    assert np.abs(both.numpy() - first[order]).max() < 1e-5
    assert labels.tolist() == records[:5, :, 0].reshape(-1)[order].tolist()


def test_shapes_types_and_the_tenth_for_validation(archive):
    loaded = data.load("cifar10", device="cpu", folder=archive)
    for split, n in (("train", 180), ("val", 20), ("test", N)):
        x, y = getattr(loaded, f"x_{split}"), getattr(loaded, f"y_{split}")
        assert (x.shape, x.dtype, y.shape, y.dtype) == ((n, 3, 32, 32), torch.float32, (n,), torch.int64)
        assert x.is_contiguous()


def test_the_seed_alone_decides_the_split(archive):
    first = data.load("cifar10", device="cpu", folder=archive)
    torch.manual_seed(99)
    again, other = (data.load("cifar10", device="cpu", folder=archive, seed=s) for s in (0, 1))
    assert torch.equal(again.x_val, first.x_val)
    assert not torch.equal(other.x_val, first.x_val)
    assert torch.equal(other.x_test, first.x_test)


def test_nothing_is_unpacked_to_disk(archive):
    data.load("cifar10", device="cpu", folder=archive)
    assert [path.name for path in archive.rglob("*")] == ["cifar10", "cifar-10-binary.tar.gz"]


def test_a_missing_archive_is_named_with_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("LTHEDU_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError) as error:
        data.load("cifar10")
    for part in (
        str(tmp_path / "cifar10" / "cifar-10-binary.tar.gz"),
        "lthedu fetch cifar10",
        "data.fetch",
        "170 MB",
        cifar10.URL,
    ):
        assert part in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_archive_is_refused_with_both_checksums(archive):
    path = archive / "cifar10" / "cifar-10-binary.tar.gz"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    with pytest.raises(data.DamagedFile) as error:
        data.load("cifar10", folder=archive)
    for part in (str(path), hashlib.sha256(raw).hexdigest(), cifar10.SHA256):
        assert part in str(error.value)
