"""Every `lthedu` command with what it cannot use: one line that says so, no traceback, nothing written."""

import json
import re
import sys
from pathlib import Path

import pytest

from lthedu import cli
from lthedu.course import workspace

NOTEBOOK = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
FOREIGN = {
    "a-file": "this is no folder",
    "not-json.ipynb": "this is no notebook",
    "empty.ipynb": "",
    "half.ipynb": json.dumps(NOTEBOOK)[:-20],
    "no-notebook.ipynb": "{}",
    "a-list.ipynb": "[1, 2]",
    "odd-cells.ipynb": json.dumps(NOTEBOOK | {"cells": 3}),
    "no-cells.ipynb": json.dumps({"metadata": {}, "nbformat": 4, "nbformat_minor": 5}),
    "cell-of-nothing.ipynb": json.dumps(NOTEBOOK | {"cells": [{}]}),
    "later.ipynb": json.dumps(NOTEBOOK | {"nbformat": 99}),
    "bytes.ipynb": b"\xff\xfe\x00 no text".decode("latin-1"),
}
NOTEBOOKS = [name for name in FOREIGN if name.endswith(".ipynb")]

# the words after `lthedu`, and what its one line must say
CASES: list[tuple[str, str]] = [
    ("nonsense", "No such command 'nonsense'"),
    ("--nonsense", "No such option"),
    ("lab --port 0", "Invalid value for '--port'"),
    ("lab --port 65536", "Invalid value for '--port'"),
    ("lab --port many", "Invalid value for '--port'"),
    ("lab --ip nowhere.invalid", "cannot listen on nowhere.invalid"),
    ("lab --ip 300.1.1.1", "cannot listen on 300.1.1.1"),
    ("lab --ip=", "--ip is empty"),
    ("lab --ip ''", "--ip is empty"),
    ("lab --folder a-file", "a-file is not a folder; choose another"),
    ("lab --folder a-file/below", "a-file is not a folder; choose another"),
    ("lab --folder ''", "--folder is empty"),
    ("lab --folder=", "--folder is empty"),
    ("lab --folder /proc/lthedu", "/proc/lthedu"),
    ("run 99", "there is no lesson '99'.*the lessons are: 00_what"),
    ("run -- -1", "there is no lesson '-1'"),
    ("run nothing", "there is no lesson 'nothing'"),
    ("run missing.ipynb", "there is no lesson 'missing.ipynb'"),
    ("run an-empty-folder", "there is no lesson 'an-empty-folder'"),
    ("run a-file", "there is no lesson 'a-file'"),
    ("run ../../etc/passwd", "there is no lesson '../../etc/passwd'"),
    ("run ''", "there is no lesson ''"),
    ("run 0 --timeout 0", "Invalid value for '--timeout'"),
    ("run 0 --timeout long", "Invalid value for '--timeout'"),
    ("run 0 --folder a-file", "a-file is not a folder"),
    ("run 0 --folder ''", "--folder is empty"),
    ("run 0 --output a-file", "results cannot go to a-file: .* choose another with --output"),
    ("run 0 --output ''", "--output is empty"),
    *((f"run {name}", f"{name} is no Jupyter notebook, or a damaged one") for name in NOTEBOOKS),
    ("progress --folder nowhere", "nowhere is no folder of lessons"),
    ("progress --folder a-file", "a-file is no folder of lessons"),
    ("progress --folder an-empty-folder", "an-empty-folder is no folder of lessons"),
    ("progress --folder ''", "--folder is empty"),
    ("reset", "Missing argument 'LESSON'"),
    ("reset 99", "there is no lesson '99'"),
    ("reset ''", "there is no lesson ''"),
    ("reset no-notebook.ipynb", "no lessons were handed out to"),
    ("reset 0 --folder nowhere", "no lessons were handed out to .*nowhere yet"),
    ("reset 0 --folder a-file", "a-file is not a folder"),
    ("doctor --folder ''", "--folder is empty"),
    ("bench nonsense", "No such command 'nonsense'"),
    ("bench train --replicates 0", "Invalid value for '--replicates'"),
    ("bench train --replicates 1000000000", "replicates is 1000000000; allowed: a whole number from 1 to 1000"),
    ("bench train --rounds few", "Invalid value for '--rounds'"),
    ("bench train --threads 0", "Invalid value for '--threads'"),
    ("bench train --threads 99999999", "threads is 99999999; allowed: a whole number from 1 to"),
    ("bench topk --threads 99999999", "threads is 99999999; allowed: a whole number from 1 to"),
    ("bench topk --replicates 1e3", "Invalid value for '--replicates'"),
    ("bench sparse --rounds 0", "Invalid value for '--rounds'"),
    ("bench figure --threads 99999999", "threads is 99999999; allowed: a whole number from 1 to"),
    ("bench figure --out a-file", "results cannot go to a-file: .* choose another with --out"),
    ("bench lessons --out=", "--out is empty"),
    ("bench all --out /proc/lthedu", "/proc/lthedu"),
    ("bench proof --instances 0", "Invalid value for '--instances'"),
    ("bench proof --instances 99999999999999", "instances is 99999999999999; allowed"),
    ("paper nothing", "no run is called 'nothing'; there are: lenet"),
    ("paper lenet --seconds -1", "seconds is -1.0; it must be above 0"),
    ("paper lenet --seconds nan", "seconds is nan; it must be above 0"),
    ("paper lenet --seconds long", "Invalid value for '--seconds'"),
    ("paper lenet --folder a-file", "results cannot go to a-file: a-file is not a folder"),
    ("paper lenet --folder ''", "--folder is empty"),
    ("paper conv4 --images nowhere", "there is no folder nowhere"),
    ("paper conv4 --images an-empty-folder", "an-empty-folder holds 0 class folders"),
    ("paper conv4 --images a-file", "there is no folder a-file"),
    ("fetch", "Missing argument 'DATASET'"),
    ("fetch mnist", "'mnist' is not fetched; allowed: cifar10"),
    ("fetch nothing", "'nothing' is not fetched; allowed: cifar10"),
    ("fetch cifar10 --folder a-file", "a-file/cifar10: Not a directory"),
    ("fetch cifar10 --folder ''", "--folder is empty"),
    ("fetch cifar10 --folder /proc/lthedu", "/proc/lthedu"),
    ("build", "nothing was said about what to build; there is: --solutions"),
    ("build 99 --solutions", "there is no lesson '99'"),
    (
        "build 0 --solutions --output a-file",
        "results cannot go to a-file: .* choose another with --output",
    ),
    ("build 0 --solutions --output /proc/lthedu", "/proc/lthedu"),
    ("build 0 --solutions --output ''", "--output is empty"),
    *((f"build {name} --solutions", f"{name} is no Jupyter notebook, or a damaged one") for name in NOTEBOOKS),
    ("canonical", "Missing argument 'PATH...'"),
    ("canonical missing.ipynb", "missing.ipynb: No such file"),
    ("canonical an-empty-folder", "an-empty-folder: Is a directory"),
    *((f"canonical {name}", f"{name} is no Jupyter notebook, or a damaged one") for name in NOTEBOOKS),
    ("new-lesson", "Missing argument 'NN'"),
    ("new-lesson 100 Title", "the number is '100'; allowed: 0 to 99"),
    ("new-lesson x Title", "the number is 'x'; allowed: 0 to 99"),
    ("new-lesson 19 ''", "the title is ''; allowed: one line"),
    ("new-lesson 19 Title", "is not in a checkout of the course"),
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what a command may be pointed at by mistake; the home is another, and nothing is served."""
    place = tmp_path / "here"
    (place / "an-empty-folder").mkdir(parents=True)
    for name, content in FOREIGN.items():
        (place / name).write_bytes(content.encode("latin-1"))
    for name in ("HOME", "USERPROFILE", "LTHEDU_HOME", "LTHEDU_DATA", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("LTHEDU_DEBUG", "0")
    monkeypatch.setenv("COLUMNS", "500")
    monkeypatch.chdir(place)
    monkeypatch.setattr(workspace, "serve", lambda *_: pytest.fail("JupyterLab was started"))
    return tmp_path


def lthedu(words: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["lthedu", *(word.replace("''", "") for word in words.split())])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return int(end.value.code or 0)


def files(folder: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))}


@pytest.mark.parametrize(("words", "says"), CASES, ids=[words for words, _ in CASES])
def test_a_command_says_in_one_line_what_it_cannot_use(
    words: str, says: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(here)
    assert lthedu(words, monkeypatch) == 2
    said = capsys.readouterr()
    assert re.search(says, said.err), said.err
    assert "Traceback" not in said.out + said.err
    assert "Error" in said.err
    assert files(here) == before


def test_the_command_alone_shows_its_help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lthedu("", monkeypatch)
    said = capsys.readouterr()
    assert "Usage" in said.out + said.err
    assert "Error" not in said.out + said.err


def broken(*_: object, **__: object) -> None:
    raise ZeroDivisionError("division by zero")


def test_a_fault_of_the_package_is_one_line_too_and_a_traceback_with_debug(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lthedu.course.folder.folder_meant", broken)
    assert lthedu("progress", monkeypatch) == 2
    said = capsys.readouterr().err
    assert said.startswith("Error: ZeroDivisionError: division by zero; this is a fault of lthedu")
    monkeypatch.setattr(sys, "argv", ["lthedu", "--debug", "progress"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 100
