"""start.py, with the virtual environment and pip played by stand-ins: nothing is installed here."""

import ast
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

SCRIPT = Path(__file__).parents[1] / "start.py"

SIDE_BY_SIDE = f"-n {min(4, os.cpu_count() or 1)} --dist loadfile --max-worker-restart 0"


class Stage:
    """A copy of start.py in a folder of its own; `did` lists what it ran: "venv" or pip's last word."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.did, self.pip_ends, self.venv_ends = root, list[str](), 0, 0
        root.mkdir()
        shutil.copy(SCRIPT, root)
        (root / "pyproject.toml").write_text("[project]\n")
        monkeypatch.setattr(subprocess, "run", self._venv)
        monkeypatch.setattr(subprocess, "call", self._pip)
        monkeypatch.setattr(os, "chdir", lambda folder: self.did.append(f"in {Path(folder).name}"))
        monkeypatch.setenv("PATH", os.environ["PATH"])  # start.py adds to it
        self.module = self.load()
        monkeypatch.setattr(self.module, "hand_over", self._program)

    def load(self) -> ModuleType:
        spec = importlib.util.spec_from_file_location("start_under_test", self.root / "start.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def run(self, *argv: str) -> int:
        self.did.clear()
        return self.module.main(list(argv))

    def _venv(self, command: list[str], **_: object) -> SimpleNamespace:
        assert command[-3:-1] == ["-m", "venv"]
        self.did.append("venv")
        self.module.BIN.mkdir(parents=True, exist_ok=True)
        self.module.PYTHON.touch()
        return SimpleNamespace(returncode=self.venv_ends, stdout="ensurepip is not available", stderr="")

    def _pip(self, command: list[str]) -> int:
        assert command[0] == str(self.module.PYTHON)
        assert "pip" in command
        self.did.append("pip " + command[-1].removeprefix(str(self.root)))
        if self.pip_ends == "interrupted":
            raise KeyboardInterrupt
        if self.pip_ends == 0:
            for program in ("lthedu", "pytest"):
                script = self.module.BIN / (program + self.module.EXE)
                script.write_text(f'#!/bin/sh\necho {program} "$@"; pwd; echo "$PATH"; exit 7\n')
                script.chmod(0o755)
        return self.pip_ends

    def _program(self, program: str, options: list[str]) -> int:
        self.did.append(" ".join([program, *options]))
        return 7


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(tmp_path / "course", monkeypatch)


def test_an_old_python_can_read_it_and_needs_nothing_installed() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 8))
    for node in ast.walk(tree):
        names = [name.name for name in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        assert set(names) <= sys.stdlib_module_names
    assert len(SCRIPT.read_text(encoding="utf-8").splitlines()) < 130


def test_an_old_python_is_refused_with_the_version_it_needs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = SimpleNamespace(version_info=(3, 10, 4), stderr=sys.stderr)
    monkeypatch.setattr(stage.module, "sys", old)
    assert stage.run("lab") == 2
    assert "needs Python 3.11 or newer" in capsys.readouterr().err
    assert not (stage.root / ".venv").exists()


def test_the_help_needs_no_docstrings() -> None:
    shown = subprocess.run([sys.executable, "-OO", str(SCRIPT), "--help"], capture_output=True, text=True)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "python3 start.py lab" in shown.stdout


@pytest.mark.parametrize("argv", [[], ["nonsense"], ["--port", "9000"], ["--help"]])
def test_anything_but_lab_and_test_prints_the_help(
    stage: Stage, argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert stage.run(*argv) == (0 if argv == ["--help"] else 2)
    shown = capsys.readouterr().out
    assert "start.py lab" in shown
    assert "start.py test" in shown
    assert not stage.did


def test_a_second_run_installs_nothing(stage: Stage) -> None:
    assert stage.run("lab", "--port", "9000") == 7
    assert stage.did == ["venv", "pip ", "lthedu lab --port 9000"]
    stage.run("lab")
    assert stage.did == ["lthedu lab"]


def test_test_adds_its_extra_once_and_lab_is_content_with_it(stage: Stage) -> None:
    stage.run("lab")
    stage.run("test", "-x", "-k", "a b")
    assert stage.did == ["pip [test]", "in course", f"pytest {SIDE_BY_SIDE} -x -k a b"]
    stage.run("test")
    assert stage.did == ["in course", f"pytest {SIDE_BY_SIDE}"]
    stage.run("lab")
    assert stage.did == ["lthedu lab"]


def test_a_changed_project_is_installed_again_with_the_extras_it_had(stage: Stage) -> None:
    stage.run("test")
    (stage.root / "pyproject.toml").write_text("[project]\ndependencies = ['one more']\n")
    stage.run("lab")
    assert stage.did == ["pip [test]", "lthedu lab"]


@pytest.mark.parametrize("key", ["python", "root"])
def test_another_python_or_another_place_makes_the_environment_anew(stage: Stage, key: str) -> None:
    stage.run("lab")
    stamp = json.loads(stage.module.STAMP.read_text())
    stage.module.STAMP.write_text(json.dumps({**stamp, key: "another"}))
    stage.run("lab")
    assert stage.did == ["venv", "pip ", "lthedu lab"]


def test_a_missing_interpreter_or_program_is_mended(stage: Stage) -> None:
    stage.run("lab")
    (stage.module.BIN / ("lthedu" + stage.module.EXE)).unlink()
    stage.run("lab")
    assert stage.did == ["pip ", "lthedu lab"]
    stage.module.PYTHON.unlink()
    stage.run("lab")
    assert stage.did == ["venv", "pip ", "lthedu lab"]


def test_an_interrupted_installation_is_emptied_and_made_anew(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.pip_ends = "interrupted"
    assert stage.run("lab") == 130
    assert "Run the same command again" in capsys.readouterr().err
    (stage.root / ".venv" / "half").mkdir()
    (stage.root / ".venv" / "half" / "made").touch()
    stage.pip_ends = 0
    assert stage.run("lab") == 7
    assert stage.did == ["venv", "pip ", "lthedu lab"]
    assert not (stage.root / ".venv" / "half").exists()


@pytest.mark.parametrize("damage", ["", "{", "[]"])
def test_a_damaged_stamp_counts_as_unfinished(stage: Stage, damage: str) -> None:
    stage.run("lab")
    stage.module.STAMP.write_text(damage)
    stage.run("lab")
    assert stage.did == ["venv", "pip ", "lthedu lab"]


def test_an_environment_of_someone_else_keeps_what_is_in_it(stage: Stage) -> None:
    (stage.root / ".venv").mkdir()
    (stage.root / ".venv" / "mine").touch()
    stage.run("lab")
    assert stage.did == ["venv", "pip ", "lthedu lab"]
    assert (stage.root / ".venv" / "mine").exists()


def test_a_python_without_venv_is_told_what_to_install(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.venv_ends = 1
    assert stage.run("lab") == 1
    shown = capsys.readouterr().err
    assert "ensurepip is not available" in shown
    assert "apt install python3-venv" in shown
    assert stage.did == ["venv"]
    stage.venv_ends = 0
    assert stage.run("lab") == 7


def test_a_failing_pip_says_what_to_do_and_is_tried_again(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.pip_ends = 1
    assert stage.run("lab") == 1
    assert "no network" in capsys.readouterr().err
    stage.pip_ends = 0
    assert stage.run("lab") == 7


def test_lab_still_starts_offline_after_test_could_not_be_installed(stage: Stage) -> None:
    stage.run("lab")
    stage.pip_ends = 1
    assert stage.run("test") == 1
    assert stage.run("lab") == 7
    assert stage.did == ["lthedu lab"]


def test_a_file_called_venv_is_an_error_in_words(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    (stage.root / ".venv").touch()
    assert stage.run("lab") == 1
    assert ".venv" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="the stand-in programs are shell scripts")
@pytest.mark.parametrize("verb", ["lab", "test"])
def test_options_folder_and_exit_code_are_passed_through_for_real(
    stage: Stage, verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.run("test")
    monkeypatch.undo()
    command = [sys.executable, str(stage.root / "start.py"), verb, "--port", "9000", "a b", "-x"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=20)
    program, folder, path = ended.stdout.splitlines()
    assert ended.returncode == 7
    assert program == ("lthedu lab" if verb == "lab" else f"pytest {SIDE_BY_SIDE}") + " --port 9000 a b -x"
    assert Path(folder) == (tmp_path if verb == "lab" else stage.root)
    assert path.startswith(str(stage.root / ".venv"))
