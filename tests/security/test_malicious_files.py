"""Files that would run a program if anything unpickled them, in the place of every file that the package reads."""

import gzip
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from lthedu import data, proof
from lthedu.base import sealed
from lthedu.course import record
from lthedu.course.notebooks import read_notebook
from lthedu.experiments import paper_results, study
from lthedu.networks.models import MLP

STEP = study.Settings(seeds=(0,), levels=0, steps=1, batch_size=4, val_every=1)


class Payload:
    """Unpickled, it writes a file: what an attacker would do, done in the open."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return exec, (f"open({str(self.mark)!r}, 'w').close()",)


def pickled(mark: Path) -> bytes:
    return pickle.dumps(Payload(mark))


def saved_by_torch(mark: Path) -> bytes:
    path = mark.with_name("torch.pt")
    torch.save({"w": torch.ones(2), "payload": Payload(mark)}, path)
    return path.read_bytes()


def zipped(mark: Path) -> bytes:
    path = mark.with_name("a.zip")
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("archive/data.pkl", pickled(mark))
        file.writestr("arr_0.npy", pickled(mark))
    return path.read_bytes()


def tarred(mark: Path) -> bytes:
    inside, path = mark.with_name("data_batch_1"), mark.with_name("a.tar.gz")
    inside.write_bytes(pickled(mark))
    with tarfile.open(path, "w:gz") as file:
        file.add(inside, "cifar-10-batches-py/data_batch_1")
    return path.read_bytes()


FORMS = {
    "pickle": pickled,
    "torch.save": saved_by_torch,
    "zip": zipped,
    "tar": tarred,
    "gzip": lambda mark: gzip.compress(pickled(mark)),
}


def everywhere(folder: Path, content: bytes) -> None:
    """Every file below `folder` becomes `content`."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(content)


def small_data() -> data.Dataset:
    x, y = torch.rand(8, 1, 2, 2), torch.arange(8) % 2
    return data.Dataset(x, y, x, y, x, y)


def run_study(folder: Path) -> None:
    study.Study(small_data(), lambda: MLP([4, 3, 2]), STEP).run(folder=folder)


def a_level(folder: Path, content: bytes) -> None:
    sealed.write(folder / "level", {"a": 1}, {"w": torch.ones(2)})
    everywhere(folder, content)
    sealed.read(folder / "level")


def a_tensor_file(folder: Path, content: bytes) -> None:
    sealed.write(folder / "level", {"a": 1}, {"w": torch.ones(2)})
    (folder / "level" / "tensors.safetensors").write_bytes(content)
    sealed.read(folder / "level")


def a_study(folder: Path, content: bytes) -> None:
    run_study(folder / "run")
    everywhere(folder / "run", content)
    run_study(folder / "run")


def a_ticket(folder: Path, content: bytes) -> None:
    (folder / "a.ticket").write_bytes(content)
    proof.load_ticket(folder / "a.ticket")


def a_reference(folder: Path, content: bytes) -> None:
    (folder / "a.json").write_bytes(content)
    paper_results.read(folder / "a.json")


def progress(folder: Path, content: bytes) -> None:
    (folder / record.FILE).write_bytes(content)
    record.read(folder / record.FILE)


def mnist(folder: Path, content: bytes) -> None:
    for name in data.MNIST_FILES:
        (folder / "mnist").mkdir(exist_ok=True)
        (folder / "mnist" / name).write_bytes(content)
    data.load("mnist", folder=folder)


def cifar10(folder: Path, content: bytes) -> None:
    place = data.data_path("cifar10", folder)
    place.mkdir(parents=True)
    for name in ("cifar-10-python.tar.gz", "cifar-10-binary.tar.gz"):
        (place / name).write_bytes(content)
    data.load("cifar10", folder=folder)


def images(folder: Path, content: bytes) -> None:
    for name in ("cat", "dog"):
        (folder / name).mkdir()
        for i in range(10):
            (folder / name / f"{i}.png").write_bytes(content)
    data.load_folder(folder)


def a_notebook(folder: Path, content: bytes) -> None:
    (folder / "a.ipynb").write_bytes(content)
    read_notebook(folder / "a.ipynb")


READERS = [a_level, a_tensor_file, a_study, a_ticket, a_reference, progress, mnist, cifar10, images, a_notebook]


@pytest.mark.parametrize("form", FORMS)
def test_the_payload_works(form: str, tmp_path: Path) -> None:
    """Else the tests below would prove nothing."""
    mark = tmp_path / "run"
    if form == "torch.save":
        FORMS[form](mark)
        torch.load(mark.with_name("torch.pt"), weights_only=False)
    else:
        pickle.loads(pickled(mark))
    assert mark.exists()


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_would_run_a_program_is_refused_and_runs_nothing(
    form: str, read: Callable[[Path, bytes], None], tmp_path: Path
) -> None:
    mark, folder = tmp_path / "run", tmp_path / "folder"
    folder.mkdir()
    content = FORMS[form](mark)
    with pytest.raises((ValueError, OSError)) as caught:
        read(folder, content)
    assert str(folder) in str(caught.value)
    assert not mark.exists()
