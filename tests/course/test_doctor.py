"""`lthedu doctor`: every problem it knows is put there once, and is named with what to do about it."""

import importlib.metadata
import os
import re
import shutil
import socket
import sys
import tempfile
from collections import namedtuple
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_output

import lthedu
from lthedu import cli
from lthedu.base import compiled, machine
from lthedu.base.course_files import course_path
from lthedu.course import doctor, machine_checks, probe, times
from lthedu.course.executor import CellStopped, NoKernel
from lthedu.course.probe import PACKAGES, asked
from lthedu.course.visit import Line, Visit

LESSONS = sorted(path.stem for path in course_path("lessons").glob("[0-9][0-9]_*.ipynb"))
WELL: dict[str, Any] = {
    "imports": dict.fromkeys(PACKAGES.split(), ""),
    "torch_facts": {"threads": 1, "cuda": None, "cuda_bytes": None},
    "settings": {"LTHEDU_DEVICE": "", "LTHEDU_SCALE": ""},
    "datasets": {"mnist": {"place": "/there/mnist", "state": "ok", "words": ""}},
    "rate": 40.0,
}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a lesson's kernel answers, instead of asking one; all is well until a test changes it."""
    found = dict(WELL)
    monkeypatch.setattr("lthedu.course.probe.asked", lambda names, *_, **__: {name: found[name] for name in names})
    return found


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "people" / "ada"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "people" / "ada"))
    monkeypatch.delenv("LTHEDU_HOME")
    (tmp_path / "people" / "ada" / "lthedu").mkdir(parents=True)
    return tmp_path / "people" / "ada"


def report(where: Path | None = None) -> tuple[str, bool]:
    lines: list[str] = []
    well = doctor.examine(where, lines.append)
    return "\n".join(lines), well


def problems(text: str) -> str:
    return text[text.index("Problems: ") :]


@pytest.mark.usefixtures("answers", "home")
def test_all_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine_checks, "PORT", free_port())
    text, well = report()
    assert well, text
    assert problems(text) == "Problems: none"
    assert "<-- problem" not in text
    titles = [line for line in text.splitlines() if line and not line.startswith(" ")]
    assert titles == [*doctor.CHECKS, "Problems: none"]
    for fact in (
        f"lthedu {lthedu.__version__} in ",
        f"torch {importlib.metadata.version('torch')}",
        f"jupyterlab {importlib.metadata.version('jupyterlab')}",
        machine.cpu_name(),
        "mnist: ok, /there/mnist",
        f"~/lthedu: 0 of {len(LESSONS)} lessons copied".replace("/", os.sep),
        "one thread trains 40 steps a second",
        "port",
    ):
        assert fact in text
    assert "pytest" not in text  # what only the tests need is not examined


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def metadata(monkeypatch: pytest.MonkeyPatch, needs: str = "", python: str = ">=3.11") -> None:
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: [needs] if needs else [])
    monkeypatch.setattr(importlib.metadata, "metadata", lambda _: {"Requires-Python": python})


def a_package_that_is_old(monkeypatch, answers, home) -> None:
    metadata(monkeypatch, "numpy<99,>=98")


def a_package_that_is_missing(monkeypatch, answers, home) -> None:
    metadata(monkeypatch, "no-such-package>=1")


def an_old_python(monkeypatch, answers, home) -> None:
    metadata(monkeypatch, python=">=99")


def a_kernel_that_does_not_start(monkeypatch, answers, home) -> None:
    answers.update(dict.fromkeys(answers, NoKernel("the Jupyter kernel of this Python did not start: no zmq")))


def imports_that_kill_the_kernel(monkeypatch, answers, home) -> None:
    answers["imports"] = CellStopped(1, "import json", "it killed the kernel")


def a_package_that_cannot_be_imported(monkeypatch, answers, home) -> None:
    answers["imports"] = WELL["imports"] | {"matplotlib.pyplot": "ImportError: DLL load failed"}


def no_extension_for_widgets(monkeypatch, answers, home) -> None:
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda: [str(home)])


def a_closed_loopback(monkeypatch, answers, home) -> None:
    def refuse(*_: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", refuse)


def little_memory(monkeypatch, answers, home) -> None:
    monkeypatch.setattr(machine, "memory", lambda: 2 * 2**30)


def more_threads_than_cores(monkeypatch, answers, home) -> None:
    monkeypatch.setattr(machine, "usable_cores", lambda: 2)
    answers["torch_facts"] = WELL["torch_facts"] | {"threads": 8}


def a_setting_that_is_not_allowed(monkeypatch, answers, home) -> None:
    answers["settings"] = {"LTHEDU_DEVICE": "", "LTHEDU_SCALE": "LTHEDU_SCALE is 'big'; allowed: lesson, paper"}


def dataset(state: str, name: str = "mnist"):
    def put(monkeypatch, answers, home) -> None:
        answers["datasets"] = {name: {"place": "/there", "state": state, "words": f"/there/{name} is {state}"}}
        monkeypatch.setattr(doctor, "_texts", lambda: f'x = data.load("{name}")')

    return put


def a_file_for_a_folder(monkeypatch, answers, home) -> None:
    (home / "lthedu").rmdir()
    (home / "lthedu").write_text("mine")


def a_folder_that_is_not_writable(monkeypatch, answers, home) -> None:
    real = tempfile.TemporaryFile

    def refuse(*args, dir=None, **named):
        if dir == home / "lthedu":
            raise PermissionError(13, "Permission denied")
        return real(*args, dir=dir, **named)

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)


def a_full_disk(monkeypatch, answers, home) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2**40, 2**40, 5 * 2**20))


def a_file_that_hides_a_module(monkeypatch, answers, home) -> None:
    (home / "lthedu" / "random.py").write_text("")


def no_lessons(monkeypatch, answers, home) -> None:
    (home / "empty").mkdir()
    monkeypatch.setattr("lthedu.base.course_files.course_path", lambda _: home / "empty")


def times_that_cannot_be_read(monkeypatch, answers, home) -> None:
    def refuse(_: Path) -> None:
        raise ValueError("times.json does not hold the lessons' times")

    monkeypatch.setattr(times, "read", refuse)


def a_calibration_that_fails(monkeypatch, answers, home) -> None:
    answers["rate"] = RuntimeError("RuntimeError: CUDA error: no kernel image")


PROBLEMS = [  # what is put there, what the report says is wrong, what to do, whether it stops a lesson
    (a_package_that_is_old, r"numpy is 2\S+, and lthedu needs <99,>=98", r'-m pip install "numpy<99,>=98"', True),
    (a_package_that_is_missing, "no-such-package is not installed", '-m pip install "no-such-package>=1"', True),
    (an_old_python, r"Python is 3\S+, and lthedu needs >=99", "install a Python >=99", True),
    (a_kernel_that_does_not_start, "did not start: no zmq", "--force-reinstall ipykernel", True),
    (imports_that_kill_the_kernel, "could not be imported: .*it killed the kernel", "--force-reinstall torch", True),
    (a_package_that_cannot_be_imported, r"matplotlib.pyplot cannot be .*DLL", r"--force-reinstall matplotlib$", True),
    (no_extension_for_widgets, "no extension for widgets", "--force-reinstall jupyterlab_widgets", False),
    (a_closed_loopback, r"cannot be reached over 127.0.0.1: Network is unr", "firewall or a VPN", True),
    (little_memory, r"little memory \(2.0 GiB\)", "close other programs", False),
    (more_threads_than_cores, "8 threads on 2 usable cores", "set OMP_NUM_THREADS=2", False),
    (a_setting_that_is_not_allowed, "LTHEDU_SCALE is 'big'; allowed: lesson, paper", "unset LTHEDU_SCALE", True),
    (dataset("missing"), "/there/mnist is missing", "repair the folder it names; else install lthedu again", True),
    (dataset("damaged"), "/there/mnist is damaged", "repair the folder it names; else install lthedu again", True),
    (dataset("missing", "cifar10"), "/there/cifar10 is missing", "lthedu fetch cifar10", True),
    (dataset("damaged", "cifar10"), "/there/cifar10 is damaged", "delete it, then run: lthedu fetch cifar10", True),
    (dataset("unreadable"), "/there/mnist is unreadable", "open an issue", True),
    (a_file_for_a_folder, r"lthedu is not a folder", "--folder", True),
    (a_folder_that_is_not_writable, r"nothing can be written to ~.lthedu: Permission denied", "writable for you", True),
    (a_full_disk, r"disk of ~.lthedu is full: 5 MiB", "make room", True),
    (a_file_that_hides_a_module, r"~.lthedu.random.py stands in the way", r"rename ~.lthedu.random.py", True),
    (no_lessons, "this installation has no lessons", "install lthedu again", True),
    (times_that_cannot_be_read, "times.json does not hold", "open an issue", False),
    (a_calibration_that_fails, "CUDA error: no kernel image", "open an issue", True),
]


@pytest.mark.parametrize(
    ("put", "wrong", "do", "stops"), PROBLEMS, ids=[f"{p[0].__name__}-{i}" for i, p in enumerate(PROBLEMS)]
)
def test_a_problem_is_named_with_what_to_do(
    put, wrong: str, do: str, stops: bool, monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any], home: Path
) -> None:
    put(monkeypatch, answers, home)
    text, well = report()
    assert well is not stops, text
    said = problems(text).splitlines()
    assert said[0] == "Problems: 1", text
    assert re.search(wrong, said[1])
    assert said[1].endswith(" (lessons run all the same)") is not stops
    assert said[2].startswith("     What to do: ")
    assert re.search(do, said[2])
    assert len(said) == 3


@pytest.mark.usefixtures("answers")
def test_no_home_and_no_user_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")
    monkeypatch.setenv("LTHEDU_DATA", str(home / "data"))
    monkeypatch.setenv("LTHEDU_HOME", "/mnt/ada/lessons" if os.name != "nt" else r"C:\mnt\ada\lessons")
    text, _ = report()
    assert str(home) not in text
    assert "ada" not in re.split(r"\W+", text)
    assert f"LTHEDU_DATA={Path('~/data')}" in text
    assert re.search(r"LTHEDU_HOME=\S*mnt.USER.lessons", text)
    assert doctor.private(f"{home}-old") == f"{home}-old".replace(f"{os.sep}ada", f"{os.sep}ada")


def test_a_container_s_user_without_a_name_is_no_problem(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr("getpass.getuser", nameless)
    assert doctor.private(f"{home}/x and /mnt/ada") == f"{Path('~/x')} and /mnt/ada"


@pytest.mark.usefixtures("home")
def test_a_dataset_that_no_lesson_needs_may_be_missing(
    monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any]
) -> None:
    dataset("missing", "cifar10")(monkeypatch, answers, None)
    assert "lthedu fetch cifar10" in problems(report()[0])
    monkeypatch.setattr(doctor, "_texts", lambda: "")
    text, well = report()
    assert well
    assert "cifar10: not fetched, and no lesson here needs it" in text


@pytest.mark.parametrize("stop", ["kills", "never starts"])
def test_what_a_kernel_did_not_answer_holds_the_error_in_its_place(monkeypatch: pytest.MonkeyPatch, stop: str) -> None:
    asked = []

    def run_cells(notebook, *_, **__) -> None:
        asked.append(len(notebook.cells))
        if stop == "never starts":
            raise NoKernel("the Jupyter kernel of this Python did not start: no")
        for cell in notebook.cells:
            if "versions" in cell.source:
                raise CellStopped(2, "import json", "it killed the kernel")
            cell.outputs = [new_output("stream", name="stdout", text="answer: 7\n")]

    monkeypatch.setattr(probe, "run_cells", run_cells)
    found = probe.asked(["machine", "versions", "rate"], Path("."), {})
    if stop == "kills":
        assert [found["machine"], type(found["versions"]), found["rate"]] == [7, CellStopped, 7]
        assert asked == [3, 1]
    else:
        assert [type(answer) for answer in found.values()] == [NoKernel] * 3


def test_a_dataset_whose_check_breaks_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(name: str) -> None:
        raise OverflowError("no")

    monkeypatch.setattr("lthedu.data.check_files", breaks)
    assert probe.dataset("mnist")["state"] == "unreadable"
    assert probe.dataset("mnist")["words"] == "OverflowError: no"


@pytest.mark.usefixtures("home")
def test_what_breaks_a_check_is_reported_and_the_others_go_on(monkeypatch, answers: dict[str, Any]) -> None:
    def broken(_: Visit):
        yield Line("one thing")
        raise ZeroDivisionError("oh")

    def gone(_: Visit):
        raise ModuleNotFoundError("No module named 'packaging'")
        yield

    monkeypatch.setattr(doctor, "CHECKS", {"A": broken, "B": gone, **doctor.CHECKS})
    text, well = report()
    assert not well  # a package that the doctor needs, lessons need
    assert "A: ZeroDivisionError: oh (lessons run all the same)" in text
    assert "B: No module named 'packaging'\n     What to do: install lthedu again" in text
    assert "trains 40 steps a second" in text
    assert problems(text).startswith("Problems: 2")


@pytest.mark.usefixtures("home")
def test_where_no_program_reaches_another_no_kernel_is_blamed(monkeypatch: pytest.MonkeyPatch, answers) -> None:
    a_closed_loopback(monkeypatch, answers, None)
    monkeypatch.setattr("lthedu.course.probe.asked", lambda *_, **__: pytest.fail("a kernel was started"))
    text, well = report()
    assert not well
    assert "ipykernel" not in problems(text)
    assert text.count("not examined: it was not asked") == 3


def test_on_a_hub_it_says_what_is_true_there(monkeypatch: pytest.MonkeyPatch, answers, home: Path) -> None:
    monkeypatch.setenv("JUPYTERHUB_API_URL", "http://127.0.0.1:8081/hub/api")
    text, well = report()
    assert well
    assert "a server of JupyterHub" in text
    assert "port" not in text
    assert "whoever runs" not in text
    (home / "lthedu").rmdir()
    more_threads_than_cores(monkeypatch, answers, home)
    little_memory(monkeypatch, answers, home)
    text, _ = report()
    assert re.search(r"~.lthedu: not made yet; `lthedu copy ~.lthedu` makes it", text)
    assert "Problems: 2\n  Show this report to whoever runs the hub" in text
    assert "set OMP_NUM_THREADS=2 in the settings of the hub" in text
    assert "lthedu lab` makes" not in text
    assert "close other programs" not in text


@pytest.mark.usefixtures("home")
def test_one_cause_is_one_problem(answers: dict[str, Any]) -> None:
    answers.update(dict.fromkeys(answers, NoKernel("no kernel")))
    text, _ = report()
    assert text.count("not examined: no kernel") == 3
    assert "Problems: 1" in text


@pytest.mark.usefixtures("answers", "home")
def test_a_taken_port_is_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(machine_checks, "PORT", taken.getsockname()[1])
        text, well = report()
    assert well
    assert "taken, so `lthedu lab` takes the next free one" in text


@pytest.mark.usefixtures("home")
def test_seconds_follow_from_the_speed_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any]
) -> None:
    for name in ("01_known", "02_unknown", "03_uncompiled"):
        shutil.copy(course_path("lessons") / f"{LESSONS[0]}.ipynb", tmp_path / f"{name}.ipynb")
    theirs = times.Time(30.0, cold=4.0, threads=1, rate=60.0, machine="theirs")
    times.write(tmp_path, "known", theirs)
    times.write(tmp_path, "uncompiled", replace(theirs, cold=0.1))
    monkeypatch.setattr("lthedu.base.course_files.course_path", lambda _: tmp_path)
    answers["rate"] = 20.0
    text, _ = report()
    assert "01_known: about 90 s, the first time up to 12 s more (30 s on theirs)" in text
    assert "02_unknown: not measured yet" in text
    assert "03_uncompiled: about 90 s (30 s on theirs)" in text
    monkeypatch.setenv("LTHEDU_SCALE", "paper")
    assert "hours to days" in report()[0]


@pytest.mark.usefixtures("home")
def test_what_the_estimates_leave_out_is_told(monkeypatch: pytest.MonkeyPatch, answers: dict[str, Any]) -> None:
    monkeypatch.setattr(machine, "usable_cores", lambda: 4)
    monkeypatch.setattr(compiled, "AVAILABLE", True)
    assert "the estimates are for" not in report()[0]
    for threads, cuda, said in (
        (4, None, "4 threads"),
        (1, "a card", "the CUDA device"),
        (4, "a card", "4 threads and the CUDA device"),
    ):
        answers["torch_facts"] = {"threads": threads, "cuda": cuda, "cuda_bytes": 2**30}
        assert f"for one thread; lessons may use {said} here, and then take less" in report()[0]
    monkeypatch.setattr(compiled, "AVAILABLE", False)
    assert "without it some lessons take longer" in report()[0]


@pytest.mark.usefixtures("home", "answers")
def test_a_busy_machine_is_told_from_a_slow_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "usable_cores", lambda: 2)
    for load, busy in (("2.00", False), ("6.40", True), ("unknown", False)):
        monkeypatch.setattr(machine, "load", lambda load=load: load)
        text, well = report()
        assert well
        assert ("other programs are at work (load 6.40)" in text) is busy


# With a real kernel, and without the calibration: what the answers above are made of.

FAST = [name for name in machine_checks.ASKED if name != "rate"]


def test_a_kernel_answers_all(tmp_path: Path) -> None:
    found = asked(FAST, tmp_path, os.environ | {"LTHEDU_SCALE": "huge", "LTHEDU_DATA": str(tmp_path)})
    assert found["imports"] == dict.fromkeys(PACKAGES.split(), "")
    assert found["torch_facts"]["threads"] == int(os.environ["OMP_NUM_THREADS"])
    assert "LTHEDU_SCALE is 'huge'" in found["settings"]["LTHEDU_SCALE"]
    assert {name: one["state"] for name, one in found["datasets"].items()} == {
        "mnist": "ok",
        "mnist1d": "ok",
        "cifar10": "missing",
    }


def test_a_damaged_and_a_missing_dataset_and_a_device_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the kernel would answer, asked here."""
    import torch

    own = tmp_path / "mnist"
    shutil.copytree(course_path("datasets") / "mnist", own)
    labels = own / "t10k-labels-idx1-ubyte.gz"
    whole = labels.read_bytes()
    labels.write_bytes(whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:])
    for name, value in (("LTHEDU_DATA", str(tmp_path)), ("LTHEDU_DEVICE", "cuda"), ("LTHEDU_SCALE", "huge")):
        monkeypatch.setenv(name, value)
    found = probe.datasets()
    assert found["mnist"]["state"] == "damaged"
    assert f"{labels} is damaged: its SHA-256 is " in found["mnist"]["words"]
    assert found["mnist1d"]["state"] == "ok"
    assert found["cifar10"]["state"] == "missing"
    settings = probe.settings()
    if not torch.cuda.is_available():
        assert "torch sees no CUDA device" in settings["LTHEDU_DEVICE"]
    assert "LTHEDU_SCALE is 'huge'" in settings["LTHEDU_SCALE"]
    labels.unlink()
    assert probe.dataset("mnist")["state"] == "missing"


def test_an_import_that_breaks_is_named_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_by_hand.py").write_text("raise OSError('DLL load failed')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(probe, "PACKAGES", "broken_by_hand numpy not_there")
    assert probe.imports() == {
        "broken_by_hand": "OSError: DLL load failed",
        "numpy": "",
        "not_there": "ModuleNotFoundError: No module named 'not_there'",
    }


@pytest.mark.full
@pytest.mark.parametrize(
    ("body", "imports", "later"),
    [
        ("raise ImportError('libtorch is broken')", "libtorch is broken", RuntimeError),
        ("import os; os._exit(1)", "it killed the kernel", CellStopped),
    ],
)
def test_a_torch_that_breaks_breaks_no_doctor(tmp_path: Path, body: str, imports: str, later: type) -> None:
    (tmp_path / "torch.py").write_text(body)
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])}
    found = asked(FAST, tmp_path, env)
    broken = found["imports"]
    assert imports in (str(broken) if isinstance(broken, Exception) else broken["torch"])
    assert isinstance(found["torch_facts"], later)
    assert isinstance(found["datasets"], later)


@pytest.mark.usefixtures("home")
def test_the_command_s_exit_code_says_whether_lessons_run(
    answers: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys, "argv", ["lthedu", "doctor"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    assert "Problems: none" in capsys.readouterr().out
    answers["settings"] = {"LTHEDU_DEVICE": "LTHEDU_DEVICE is 'tpu'; allowed: auto, cpu, cuda"}
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 1
    shown = capsys.readouterr()
    assert "1. LTHEDU_DEVICE is 'tpu'" in shown.out
    assert (shown.out.isascii(), "\x1b" in shown.out, shown.err) == (True, False, "")


@pytest.mark.full
@pytest.mark.usefixtures("home")
def test_the_command_prints_plain_text_and_its_exit_code_says_whether_lessons_run(tmp_path: Path) -> None:
    import subprocess

    env = os.environ | {"LTHEDU_DEVICE": "tpu", "FORCE_COLOR": "1", "HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    command = [sys.executable, "-m", "lthedu.cli", "doctor"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, encoding="utf-8", timeout=300)
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout
    assert str(tmp_path) not in done.stdout
    assert "1. LTHEDU_DEVICE is 'tpu'; allowed: auto, cpu, cuda\n     What to do: unset LTHEDU_DEVICE" in done.stdout
    assert re.search("one thread trains [1-9]", done.stdout)
    assert list(tmp_path.rglob("*.ipynb")) == []
