import importlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest

import lthedu
from lthedu import cli
from lthedu.base.course_files import course_path
from lthedu.course import copies, record, running, solutions, workspace
from lthedu.course.executor import CellStopped
from lthedu.course.folder import OWN_FOLDER

Run = Callable[..., int]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What JupyterLab would have been started with, instead of starting it."""
    calls: list[list[str]] = []
    monkeypatch.setattr(workspace, "serve", lambda folder, arguments: calls.append(arguments))
    return calls


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run `lthedu` with the words given, in an empty home; gives back the exit code."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.delenv("LTHEDU_HOME", raising=False)
    monkeypatch.setenv("LTHEDU_DEBUG", "0")

    def call(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["lthedu", *words])
        try:
            cli.main()
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return call


def test_version(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"lthedu {lthedu.__version__}\n"


def test_the_command_starts_without_torch_or_jupyterlab() -> None:
    heavy = "{'torch', 'jupyterlab', 'nbformat', 'numpy', 'pandas', 'matplotlib'}"
    code = f"import sys, lthedu.cli; print(sorted({heavy} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


def test_lab_copies_says_so_and_opens_the_first_lesson(
    run: Run, served: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("lab") == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(f"Your lessons are in {tmp_path / 'lthedu'}: ")
    assert shown.out.count("\n") == 1
    assert shown.err == ""
    (arguments,) = served
    lessons = sorted(path.name for path in (tmp_path / "lthedu").glob("*.ipynb"))
    opened = f"/lab/tree/{lessons[0]}" if lessons else "/lab"
    assert f"--LabApp.default_url={opened}" in arguments


def test_copy_hands_out_the_lessons_and_opens_nothing(
    run: Run, served: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "ada" / "lthedu"
    assert run("copy", str(folder)) == 0
    assert capsys.readouterr().out.startswith(f"Your lessons are in {folder}: ")
    (lesson, *_) = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    mine = lesson.read_text(encoding="utf-8").replace("# What is", "# Mine: what is", 1)
    lesson.write_text(mine, encoding="utf-8")
    assert run("copy", str(folder)) == 0
    assert "kept as you left them" in capsys.readouterr().out
    assert lesson.read_text(encoding="utf-8") == mine
    assert not served


def test_copy_refuses_an_unset_variable_and_a_file_before_it_writes(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    for words, says in (("", "FOLDER is empty"), ("file", "file is not a folder")):
        assert run("copy", words) == 2
        assert says in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_options_reach_jupyterlab(run: Run, served: list[list[str]], tmp_path: Path) -> None:
    folder = tmp_path / "my work"
    words = [
        "--folder",
        str(folder),
        "--no-browser",
        "--ServerApp.shutdown_no_activity_timeout=9",
        "--debug",
        "-y",
    ]
    assert run("lab", *words) == 0
    (arguments,) = served
    assert arguments[-3:] == ["--ServerApp.shutdown_no_activity_timeout=9", "--debug", "-y"]
    assert f"--ServerApp.root_dir={folder}" in arguments
    assert "--no-browser" in arguments
    assert folder.is_dir()


def test_listening_beyond_this_machine_warns_and_keeps_the_token(
    run: Run, served: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("lab", "--ip", "0.0.0.0") == 0
    shown = capsys.readouterr().err
    assert "listening on 0.0.0.0" in shown
    assert "token" in shown
    (arguments,) = served
    assert "--ServerApp.ip=0.0.0.0" in arguments
    assert not any("token" in argument for argument in arguments)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--IdentityProvider.token="], ["no token is asked for: every program and every user of this machine"]),
        (["--ServerApp.token", ""], ["no token is asked for"]),
        (["--ServerApp.ip=0.0.0.0"], ["listening on 0.0.0.0"]),
        (
            ["--ServerApp.ip=*", "--IdentityProvider.token="],
            ["listening on *", "no token is asked for: whoever can reach"],
        ),
        (["--IdentityProvider.token=", "--PasswordIdentityProvider.hashed_password=argon2:x"], []),
        (["--IdentityProvider.token=mine", "--ServerApp.port=9123"], []),
    ],
)
def test_a_server_that_others_can_use_is_warned_of(
    run: Run, served: list[list[str]], capsys: pytest.CaptureFixture[str], words: list[str], says: list[str]
) -> None:
    assert run("lab", *words) == 0
    shown = capsys.readouterr().err
    assert shown.count("Warning:") == len(says)
    assert all(line in shown for line in says)
    assert served[0][-len(words) :] == words


def test_a_taken_port_is_one_line_and_writes_nothing(
    run: Run, served: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert run("lab", "--port", str(port)) == 2
    shown = capsys.readouterr().err
    assert shown.startswith(f"Error: port {port} is taken")
    assert shown.count("\n") == 1
    assert not served
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_one_line_and_writes_nothing(
    run: Run, served: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").touch()
    assert run("lab", "--folder", str(tmp_path / "taken")) == 2
    shown = capsys.readouterr().err
    assert "is not a folder" in shown
    assert shown.count("\n") == 1
    assert not served
    assert (tmp_path / "taken").read_bytes() == b""


@pytest.mark.parametrize("port", ["0", "65536", "eight"])
def test_a_port_that_cannot_be_is_refused(run: Run, served: list[list[str]], port: str, tmp_path: Path) -> None:
    assert run("lab", "--port", port) == 2
    assert not served
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("asked", ["option", "variable"])
def test_debug_shows_where_an_error_came_from(
    run: Run, asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").touch()
    if asked == "variable":
        monkeypatch.setenv("LTHEDU_DEBUG", "1")
    with pytest.raises(NotADirectoryError):
        run(*(["--debug"] if asked == "option" else []), "lab", "--folder", str(tmp_path / "taken"))


def test_an_error_of_the_system_names_the_file(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "/somewhere/02.ipynb")

    monkeypatch.setattr(copies, "copy_lessons", full)
    assert run("lab") == 2
    assert capsys.readouterr().err == "Error: /somewhere/02.ipynb: No space left on device\n"


def test_the_help_has_its_words_without_docstrings() -> None:
    code = "import sys, typer, lthedu.cli as c; print(c.main.__doc__, [n for n, g in "
    code += "typer.main.get_command(c.app).commands.items() for k in (getattr(g, 'commands', None) or {n: g}).values() "
    code += "if not k.help])"
    shown = subprocess.run([sys.executable, "-OO", "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "None []\n"


def test_python_dash_m_is_the_same_command() -> None:
    command = [sys.executable, "-m", "lthedu", "--version"]
    assert subprocess.run(command, capture_output=True, text=True).stdout == f"lthedu {lthedu.__version__}\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_under_standard_output_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["--version"], ["progress"], ["progress", "--json"]):
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True))
        assert run(*words) == 2
        assert capsys.readouterr().err == "Error: standard output: No space left on device\n"


CONTROLS = "\x1b]0;t\x07\x1b[31mred\r\x9b1m\u202e"


def test_what_a_submission_is_called_and_raises_reaches_the_terminal_as_words(
    run: Run, two_lessons: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped = CellStopped(1, f"raise ValueError({CONTROLS})", f"ValueError: {CONTROLS}")
    ran = running.Ran(CONTROLS, 1.0, 0, 1, 0, 0, Path(f"{CONTROLS}.html"), stopped, mended=(f"cell 1 ({CONTROLS})",))
    monkeypatch.setattr(running, "run_lessons", lambda *_, **__: iter([ran]))
    assert run("run", "2") == 1
    assert run("run", CONTROLS) == 2
    assert run("reset", CONTROLS) == 2
    assert run("progress", "--folder", CONTROLS) == 2
    assert run("new-lesson", CONTROLS, "Title") == 2
    monkeypatch.setattr("lthedu.course.probe.asked", lambda names, *_, **__: dict.fromkeys(names, ValueError(CONTROLS)))
    run("doctor")
    shown = capsys.readouterr()
    assert (shown.out + shown.err).count(r"\x1b[31mred") >= 8
    for text in (shown.out, shown.err):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)


def test_a_name_in_an_error_is_no_markup_and_no_emoji(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("reset", "a:smile:[red]b") == 2
    assert "'a:smile:[red]b'" in capsys.readouterr().err


@pytest.mark.parametrize("columns", [1, 20, 40, 60, 80, 200])
def test_progress_cuts_no_number_in_a_narrow_terminal(
    run: Run, columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    mine = record.Record(tmp_path / "lthedu")
    mine.add(record.Event("random_mask", "A random mask", "passed", 1.8e9, answer="a"))
    assert run("progress") == 0
    shown = capsys.readouterr().out
    assert "…" not in shown
    assert all(len(line) <= columns for line in shown.splitlines())
    words = "".join(shown.split())
    assert all(number in words for number in ("2.1", "2.2", "10.1-10.4", "2027-01-15", "✓passed"))
    if columns >= 20:
        assert {"2.2", "10.1-10.4"} <= {line.split()[0] for line in shown.splitlines() if line.strip()}


def test_progress_reads_the_folder_and_writes_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)
    assert run("progress") == 0
    shown = capsys.readouterr().out
    assert "Passed: 0 of" in shown
    assert "There is no such file yet" in shown
    assert list(tmp_path.iterdir()) == []

    mine = record.Record(tmp_path / "lthedu")
    mine.add(record.Event("random_mask", "A random mask", "hint", 1.8e9 + 4 * 3600, hints=2))
    mine.add(record.Event("random_mask", "A random mask", "passed", 1.8e9 + 4 * 3600 + 90, answer="a"))
    assert run("progress") == 0
    shown = capsys.readouterr().out
    assert re.search(r"2\.2 +A random mask .* ✓ passed +1 +2 +2 +2027-01-15", shown)
    assert re.search(r"2\.1 .* ○ not attempted", shown)
    assert "Passed: 1 of" in shown
    assert f"Keptin{tmp_path / 'lthedu' / '.lthedu' / 'progress.json'}" in "".join(shown.split())
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_progress_by_itself_writes_nothing_into_a_home_and_fits_every_pipe(tmp_path: Path) -> None:
    """A fresh process, in which nothing was imported before, and no variable names matplotlib's folder.

    Windows gives a redirected program the old encoding of its region, which has no ticks and circles.
    """
    kept = {name: value for name, value in os.environ.items() if name not in ("LTHEDU_HOME", "MPLCONFIGDIR")}
    env = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path), "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    command = [sys.executable, "-m", "lthedu.cli", "progress"]
    shown = subprocess.run(command, cwd=tmp_path, env=kept | env, capture_output=True, check=False)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert b"? not attempted" in shown.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_mistyped_folder_is_not_taken_for_one_without_progress(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    for folder in ("no such", "empty"):
        assert run("progress", "--folder", str(tmp_path / folder)) == 2
        shown = capsys.readouterr().err
        assert shown.startswith(f"Error: {tmp_path / folder} is no folder of lessons")
        assert shown.count("\n") == 1
    copies.copy_lessons(tmp_path / "work")
    assert run("progress", "--folder", str(tmp_path / "work")) == 0
    assert "Passed: 0 of" in capsys.readouterr().out


def test_a_tilde_is_the_home_in_every_folder_option(
    run: Run, two_lessons: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(two_lessons.parent / "course")
    assert run("run", "2", "--folder=~/mine", "--output=~/results") == 0
    assert (tmp_path / "mine" / "02_works.ipynb").is_file()
    assert (tmp_path / "results" / "02_works.html").is_file()
    assert run("progress", "--folder=~/mine") == 0
    assert f"Keptin{tmp_path / 'mine'}" in "".join(capsys.readouterr().out.split())
    built: list[Path] = []
    monkeypatch.setattr(solutions, "build_solutions", lambda lessons, output, said: built.append(output))
    assert run("build", "--solutions", "2", "--output=~/built") == 0
    assert built == [tmp_path / "built"]
    assert not (Path.cwd() / "~").exists()


def test_reset_doctor_and_run_act_on_the_folder_one_stands_in(
    run: Run, two_lessons: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As progress does; and the folder that `lthedu lab` would use stays as it is."""
    monkeypatch.setattr("lthedu.base.course_files.course_path", lambda _: two_lessons.parent / "course")
    for folder in (tmp_path / "work", two_lessons):
        copies.copy_lessons(folder)
        (folder / "02_works.ipynb").write_text("mine")
    (tmp_path / "work" / "below").mkdir()
    monkeypatch.chdir(tmp_path / "work" / "below")
    said: list[Path | None] = []
    monkeypatch.setattr("lthedu.course.probe.asked", lambda names, folder, env, **_: said.append(folder) or {})
    run("doctor")
    assert said == [tmp_path / "work"]
    assert re.search(rf"{re.escape(str(Path('~/work')))}: \d of \d+ lessons copied", capsys.readouterr().out)
    assert run("reset", "2") == 0
    assert str(tmp_path / "work" / "02_works.ipynb") in capsys.readouterr().out
    assert len(list((tmp_path / "work").glob("02_works-mine-*.ipynb"))) == 1
    assert run("run", "2") == 0
    assert (tmp_path / "work" / "executed" / "02_works.html").is_file()
    assert [p.name for p in sorted(two_lessons.iterdir())] == [".lthedu", "01_fails.ipynb", "02_works.ipynb"]
    assert (two_lessons / "02_works.ipynb").read_text() == "mine"


def test_a_run_that_was_stopped_says_what_it_kept_and_ends_as_interrupted(
    run: Run, two_lessons: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = running.Ran("02_works", 1.0, 0, 1, 0, 0, Path("page.html"), interrupted=True)
    monkeypatch.setattr(running, "run_lessons", lambda *_, **__: iter([ran]))
    assert run("run", "2") == 130
    assert "02_works: stopped by Ctrl-C; what ran is written." in capsys.readouterr().err


def test_progress_of_a_newer_version_asks_for_an_update(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "work" / OWN_FOLDER / record.FILE
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"lthedu progress": record.FORMAT + 1}))
    assert run("progress", "--folder", str(tmp_path / "work")) == 2
    assert re.search(r"was written by a newer lthedu \(.*\); update this one", capsys.readouterr().err)


def test_canonical_says_what_it_rewrote(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "two.ipynb"
    cell = nbformat.v4.new_code_cell("print('one')\nimport sys; sys.stdout.flush(); print('two')")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    assert run("canonical", str(path)) == 0
    assert f"rewrote {path}" in capsys.readouterr().out.replace("\n", "")
    assert nbformat.read(path, 4).cells[0].outputs[0].text == "one\ntwo\n"


def test_progress_as_json_is_for_another_program(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = record.Record(tmp_path / "work")
    mine.add(record.Event("random_mask", "A random mask", "passed", 1.8e9, answer="the answer's digest"))
    assert run("progress", "--json", "--folder", str(tmp_path / "work")) == 0
    shown = capsys.readouterr().out
    data = json.loads(shown)
    (one,) = [e for e in data["exercises"] if e["state"] == "passed"]
    assert (one["exercise"], one["tries"], one["passed"]) == ("2.2", 1, "2027-01-15T08:00:00+00:00")
    assert data["passed"] == 1
    assert "digest" not in shown


def test_a_damaged_progress_file_is_one_line_and_stays(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LTHEDU_HOME", str(tmp_path / "work"))
    path = tmp_path / "work" / ".lthedu" / "progress.json"
    path.parent.mkdir(parents=True)
    path.write_text("{")
    assert run("progress") == 2
    shown = capsys.readouterr().err
    assert shown.startswith(f"Error: {path} is damaged")
    assert "puts it aside and begins a new one" in shown
    assert shown.count("\n") == 1
    assert [p.name for p in path.parent.iterdir()] == ["progress.json"]


def test_reset_prints_both_names(
    run: Run, served: list[list[str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("lab") == 0
    home = tmp_path / "lthedu"
    path = sorted(home.glob("02_*.ipynb"))[0]
    path.write_text("{}")
    capsys.readouterr()
    for wanted in ("2", str(path)):
        assert run("reset", wanted) == 0
        shown = capsys.readouterr().out
        (kept,) = home.glob("02_*-mine-*.ipynb")
        assert str(path) in shown
        assert (str(kept) in shown) == (wanted == "2")  # the second time it is fresh already
        assert kept.read_text() == "{}"
    kept.unlink()
    path.write_text("{}")
    assert run("reset", str(path)) == 0
    assert len(list(home.glob("02_*-mine-*.ipynb"))) == 1


def test_reset_of_an_unknown_lesson_or_an_empty_folder_is_one_line(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words, said in ((["77"], "there is no lesson '77'"), (["2"], "no lessons were handed out to")):
        assert run("reset", *words) == 2
        shown = capsys.readouterr().err
        assert shown.startswith(f"Error: {said}")
        assert shown.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def two_lessons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of two short lessons, the first of which fails, beside an empty learner's folder."""
    for name, source in (("01_fails", "1 / 0"), ("02_works", "print('here')")):
        path = tmp_path / "course" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)]), path)
    for module in (copies, workspace):
        monkeypatch.setattr(module, "course_path", lambda _: tmp_path / "course")
    return tmp_path / "lthedu"


def test_run_goes_on_after_a_failing_lesson_and_says_so_at_the_end(
    run: Run, two_lessons: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run") == 1
    shown = capsys.readouterr()
    first, *others = shown.out.splitlines()
    assert first.startswith(f"Running 01_fails, 02_works. Results go to {two_lessons / 'executed'}. ")
    assert re.fullmatch(
        r"01_fails: 0.\d min, 0 of 1 cells: .*\n02_works: 0.\d min, 1 of 1 cells: .*", "\n".join(others)
    )
    assert shown.err == "01_fails, cell 1 (1 / 0): ZeroDivisionError: division by zero\n"
    assert run("run", "2", "--output", str(two_lessons / "there")) == 0
    assert (two_lessons / "there" / "02_works.html").is_file()
    assert capsys.readouterr().err == ""


def test_run_refuses_what_it_cannot_do_in_one_line(
    run: Run, two_lessons: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (two_lessons.parent / "half.ipynb").write_text("{ half")
    assert run("run", str(two_lessons.parent / "half.ipynb")) == 2
    assert re.fullmatch(r"Error: .*half\.ipynb is no Jupyter notebook, or a damaged one .*\n", capsys.readouterr().err)
    assert run("run", "9") == 2
    assert capsys.readouterr().err == (
        "Error: there is no lesson '9' and no notebook of that path; the lessons are: 01_fails, 02_works\n"
    )
    assert run("run", "2", "--timeout", "0") == 2
    assert not two_lessons.exists()


def test_a_missing_part_is_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def without(*_: object) -> None:
        importlib.import_module("nbconvert_is_gone")

    monkeypatch.setattr(copies, "copy_lessons", without)
    assert run("lab") == 2
    shown = capsys.readouterr().err
    assert shown.startswith("Error: No module named 'nbconvert_is_gone'; ")
    assert "`lthedu doctor`" in shown
    assert shown.count("\n") == 1


def test_build_says_what_there_is_to_build_and_passes_lessons_and_folder_on(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    built: list[tuple[list[str], Path]] = []

    def build(lessons: list[Path], output: Path, said: object) -> None:
        built.append(([lesson.name[:2] for lesson in lessons], output))

    monkeypatch.setattr(solutions, "build_solutions", build)
    assert run("build", "2") == 2
    assert capsys.readouterr().err == "Error: nothing was said about what to build; there is: --solutions\n"
    assert run("build", "--solutions", "77") == 2
    assert "there is no lesson '77'" in capsys.readouterr().err
    assert built == []
    assert run("build", "--solutions", "2", "--output", str(tmp_path / "x")) == 0
    assert run("build", "--solutions") == 0
    every = sorted(path.name[:2] for path in course_path("lessons").glob("[0-9][0-9]_*.ipynb"))
    assert built == [(["02"], tmp_path / "x"), (every, Path("lthedu-solutions"))]


def answers(port: int) -> bool:
    """Whether a server listens at this port of 127.0.0.1."""
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str, str]]:
    """A real JupyterLab, started by the command, in an empty home: (process, address, token)."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home, runtime = tmp_path / "home", tmp_path / "runtime"
    (home / ".jupyter").mkdir(parents=True)
    # A setting that would leave the course without a token, were it read.
    (home / ".jupyter" / "jupyter_server_config.py").write_text("c.IdentityProvider.token = ''\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "LTHEDU"))}
    environment = {**kept, "HOME": str(home), "USERPROFILE": str(home), "IPYTHONDIR": str(home / ".ipython")}
    environment["JUPYTER_RUNTIME_DIR"] = str(runtime)
    command = [sys.executable, "-m", "lthedu.cli", "lab", "--no-browser", "--port", str(port)]
    log = tmp_path / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=out, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 60
        while not (found := re.search(r"token=([0-9a-f]{16,})\s", log.read_text())):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        while not answers(port):  # Jupyter prints its address a moment before it listens there
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield process, f"http://127.0.0.1:{port}", found[1]
    finally:
        process.kill()
        process.wait()


def get(address: str, token: str = "") -> tuple[int, str, str]:
    """Status, final address and text of a page."""
    request = urllib.request.Request(address, headers={"Authorization": f"token {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.url, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, address, ""


def open_to_others(path: Path, root: Path) -> bool:
    """Whether another user of this machine, who may enter `root`, could read the file."""
    folders = [folder for folder in path.parents if folder.is_relative_to(root) and folder != root]
    return bool(path.stat().st_mode & 0o044) and all(folder.stat().st_mode & 0o011 for folder in folders)


def test_a_real_server_answers_with_its_token_only_and_stops(
    server: tuple[subprocess.Popen[bytes], str, str], tmp_path: Path
) -> None:
    process, address, token = server
    assert get(f"{address}/api/status")[0] == 403
    assert get(f"{address}/api/status", token[::-1])[0] == 403
    assert get(f"{address}/api/status", token)[0] == 200
    holding = [p for p in tmp_path.rglob("*") if p.is_file() and p.name != "log" and token.encode() in p.read_bytes()]
    assert any(p.name.startswith("jpserver") for p in holding)  # for Jupyter's own list of servers
    assert os.name != "posix" or [p.name for p in holding if open_to_others(p, tmp_path)] == []
    lessons = sorted(path.name for path in (tmp_path / "home" / "lthedu").glob("*.ipynb"))
    assert get(f"{address}/", token)[1] == address + (f"/lab/tree/{lessons[0]}" if lessons else "/lab")

    def default(plugin: str, key: str) -> object:
        page = get(f"{address}/lab/api/settings/@jupyterlab/{plugin}", token)[2]
        return json.loads(page)["schema"]["properties"][key]["default"]

    assert default("apputils-extension:notification", "fetchNews") == "false"
    assert default("apputils-extension:notification", "checkForUpdates") is False
    assert default("notebook-extension:tracker", "windowingMode") == "none"
    assert default("notebook-extension:tracker", "autoStartDefaultKernel") is True

    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) is not None  # a guard against hanging, as long as the one on starting
    with pytest.raises(OSError, match="refused"):
        get(f"{address}/api/status", token)
    written = {path.name for path in (tmp_path / "home" / ".jupyter").iterdir()}
    assert written == {"jupyter_server_config.py"}


def test_a_second_lab_on_the_same_folder_says_where_the_first_one_runs(
    server: tuple[subprocess.Popen[bytes], str, str],
    run: Run,
    served: list[list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    process, address, token = server
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    home = str(tmp_path / "home" / "lthedu")
    assert run("lab", "--folder", home) == 0
    assert capsys.readouterr().out == f"JupyterLab already runs on {home}: {address}/lab?token={token}\n"
    assert (opened, served) == ([f"{address}/lab?token={token}"], [])
    assert get(opened[0], token)[0] == 200
    process.kill()  # its note stays behind
    process.wait()
    assert run("lab", "--folder", home) == 0
    assert len(served) == 1


def test_all_benchmarks_are_said_in_order_and_written_where_out_says(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from lthedu.bench.report import Report, Table

    names = ["train", "sparse", "topk", "proof", "figure", "lessons"]
    for name in names:
        module = "lthedu.course.lesson_times" if name == "lessons" else f"lthedu.bench.{name}"
        report = Report(name, f"of {name}", [Table("s", {"a": [1.0]})], here="here")
        monkeypatch.setattr(f"{module}.{name}_report", lambda report=report, **_: report)
    assert run("bench", "all", "--out", str(tmp_path / "speed")) == 0
    assert re.findall(r"^of (\w+)$", capsys.readouterr().out, re.M) == names
    written = sorted(path.name for path in (tmp_path / "speed").iterdir())
    assert written == sorted(f"{name}.{form}" for name in names for form in ("json", "png"))
