"""The wheel carries the whole course and keeps to its own names."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Run before anything else in the other Python: what asks the network for anything ends there.
OFFLINE = """
import socket
def refuse(*_):
    raise AssertionError("the network was asked for something")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("lthedu-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def offline(installed: Path, folder: Path, code: str) -> str:
    """What `code` prints in a Python that has the wheel, not the checkout, in an empty home."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LTHEDU")}
    environment |= {"PYTHONPATH": str(installed), "HOME": str(folder), "USERPROFILE": str(folder)}
    command = [sys.executable, "-P", "-c", OFFLINE + code]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_it_puts_nothing_outside_its_own_names(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    version = wheel.name.split("-")[1]
    assert tops == {"lthedu", f"lthedu-{version}.dist-info", f"lthedu-{version}.data"}
    shared = [name for name in names if name.split("/")[0].endswith(".data")]
    assert [name.split("/", 1)[1] for name in shared] == ["data/share/jupyter/lab/settings/overrides.d/lthedu.json"]
    unwanted = (".ipynb_checkpoints", "__pycache__", ".lthedu", ".pyc")
    assert not [name for name in names if any(part in name for part in unwanted)]


def test_it_is_small_enough_for_a_slow_line(wheel: Path) -> None:
    assert wheel.stat().st_size <= 30e6


def test_it_carries_the_lessons_and_the_data_byte_for_byte(installed: Path) -> None:
    for folder in ("lessons", "datasets"):
        tracked = subprocess.run(
            ["git", "ls-files", folder], cwd=ROOT, capture_output=True, text=True, check=False
        ).stdout.split()
        expected = tracked or [path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*.*")]
        for name in expected:
            assert (installed / "lthedu" / "_course" / name).read_bytes() == (ROOT / name).read_bytes()
    assert len(list((installed / "lthedu" / "_course" / "datasets" / "mnist").glob("*.gz"))) == 4


def test_the_settings_of_jupyterlab_are_the_ones_of_the_package(installed: Path) -> None:
    (shared,) = installed.glob("*.data/data/share/jupyter/lab/settings/overrides.d/lthedu.json")
    assert json.loads(shared.read_text())["@jupyterlab/notebook-extension:tracker"]["windowingMode"] == "none"
    assert shared.read_bytes() == (ROOT / "lthedu" / "course" / "jupyterlab.json").read_bytes()


def test_it_finds_the_course_from_anywhere(installed: Path, tmp_path: Path) -> None:
    code = "from lthedu.base.course_files import course_path as p; print(p('lessons'), p('datasets'), sep='\\n')"
    course = installed / "lthedu" / "_course"
    assert offline(installed, tmp_path, code).splitlines() == [str(course / "lessons"), str(course / "datasets")]


def test_its_command_copies_the_lessons_with_the_network_off(installed: Path, tmp_path: Path) -> None:
    code = """
import sys
from lthedu import cli
from lthedu.course import workspace
workspace.check_address = lambda ip, port: None
workspace.serve = lambda folder, arguments: print(arguments[1])
sys.argv = ["lthedu", "lab"]
cli.main()
"""
    opened = offline(installed, tmp_path, code).splitlines()[-1]
    lessons = sorted(path.name for path in (installed / "lthedu" / "_course" / "lessons").glob("*.ipynb"))
    handed_out = sorted(path.name for path in (tmp_path / "lthedu").iterdir() if path.name != ".lthedu")
    assert handed_out == [*lessons, "GLOSSARY.md", "QUESTIONS.md", "REFERENCES.md"]
    assert opened == "--LabApp.default_url=/lab" + (f"/tree/{lessons[0]}" if lessons else "")
