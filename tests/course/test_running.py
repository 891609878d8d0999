"""`lthedu run`: the learner's copies are read and never written, and what ran is written whole or not at all."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lthedu.course import copies, running, workspace
from lthedu.course.running import chosen, run_lessons

CHECKED = """
from IPython.display import display
from lthedu.course.lesson import check
from lthedu.pruning import random_mask as right
right = check("2.2", lambda mask, generator: right(mask, generator))
nothing = check("2.1", lambda *_: None)
"""


def write(path: Path, *sources: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Small"), *map(new_code_cell, sources)]), path)


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course of two short lessons; the second fails."""
    write(tmp_path / "course/01_short.ipynb", "import os\nprint(os.getcwd())", "2 + 2")
    write(tmp_path / "course/02_fails.ipynb", "print('before')", "\nvalue = 1 / 0", "print('after')")
    for module in (copies, workspace):
        monkeypatch.setattr(module, "course_path", lambda _: tmp_path / "course")
    return tmp_path / "course"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.mark.usefixtures("course")
def test_words_name_the_learners_copies_and_paths_themselves(home: Path, tmp_path: Path, monkeypatch) -> None:
    assert [p.name for p in chosen([], home)] == ["01_short.ipynb", "02_fails.ipynb"]
    assert {p.parent for p in chosen([], home)} == {home}
    for word in ("2", "02", "fails", "02_fails", "02_fails.ipynb"):
        assert chosen([word, word], home) == [home / "02_fails.ipynb"]
    write(home / "notes.ipynb", "1")
    assert chosen(["notes.ipynb"], home) == [home / "notes.ipynb"]
    monkeypatch.chdir(tmp_path / "course")  # a notebook of this name lies here, too
    for word in ("02_fails.ipynb", "./02_fails.ipynb", str(tmp_path / "course/02_fails.ipynb")):
        assert chosen([word, "1"], home) == [tmp_path / "course/02_fails.ipynb", home / "01_short.ipynb"]
    assert chosen(["02_fails"], home) == [home / "02_fails.ipynb"]


@pytest.mark.usefixtures("course")
def test_a_notebook_named_by_its_path_needs_no_copies(home: Path, tmp_path: Path, monkeypatch) -> None:
    write(tmp_path / "here/mine.ipynb", "1")
    monkeypatch.chdir(tmp_path / "here")
    assert chosen(["mine.ipynb"], home) == [tmp_path / "here/mine.ipynb"]
    assert not home.exists()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert chosen(["~/here/mine.ipynb"], home) == [tmp_path / "here/mine.ipynb"]


@pytest.mark.usefixtures("course")
def test_a_word_that_names_nothing_is_refused_before_anything_is_written(home: Path) -> None:
    with pytest.raises(ValueError, match=r"no lesson '7'.*01_short, 02_fails"):
        chosen(["1", "7"], home)
    assert not home.exists()


@pytest.mark.usefixtures("course")
def test_a_lesson_runs_in_its_folder_and_stays_as_it_is(home: Path) -> None:
    paths = chosen(["1"], home)
    before = paths[0].read_bytes()
    (ran,) = run_lessons(paths, home)
    assert (ran.done, ran.in_all, ran.stopped) == (2, 2, None)
    assert re.fullmatch(rf"01_short: 0\.\d min, 2 of 2 cells: {home}/executed/01_short.html", str(ran))
    assert paths[0].read_bytes() == before
    cells = nbformat.read(home / "executed/01_short.ipynb", 4).cells
    assert cells[1].outputs[0].text == f"{home}\n"
    assert "<title>Small</title>" in ran.page.read_text(encoding="utf-8")
    assert sorted(p.name for p in (home / "executed").iterdir()) == ["01_short.html", "01_short.ipynb"]


@pytest.mark.usefixtures("course")
def test_a_failing_lesson_is_written_up_to_there_and_the_next_one_runs(home: Path) -> None:
    failed, well = run_lessons(chosen(["2", "1"], home), home)
    assert str(failed.stopped) == "cell 2 (value = 1 / 0): ZeroDivisionError: division by zero"
    assert (failed.done, failed.in_all) == (1, 3)
    assert well.stopped is None
    cells = nbformat.read(home / "executed/02_fails.ipynb", 4).cells
    assert [len(c.outputs) for c in cells[1:]] == [1, 1, 0]
    text = failed.page.read_text(encoding="utf-8")
    assert "THIS RUN STOPPED EARLY" in text
    assert "Cell 2 (value = 1 / 0): ZeroDivisionError" in text
    assert "THIS RUN STOPPED EARLY" not in well.page.read_text(encoding="utf-8")


@pytest.mark.usefixtures("course")
def test_what_the_learner_answered_is_counted(home: Path) -> None:
    chosen([], home)
    write(home / "01_short.ipynb", CHECKED)
    (ran,) = run_lessons(chosen(["1"], home), home)
    assert (ran.right, ran.on_reference) == (1, 1)
    assert "1 exercise right, 1 on the reference" in str(ran)
    kept = (home / ".lthedu/progress.json").read_text(encoding="utf-8")
    assert '"random_mask"' in kept  # in the learner's record


@pytest.mark.usefixtures("course")
def test_the_kernel_of_somebody_elses_notebook_has_no_learners_folder(home: Path, tmp_path: Path, monkeypatch) -> None:
    """Where checks note what they find; the instructor's own folder and the student's are there."""
    monkeypatch.setenv("LTHEDU_HOME", str(home))
    chosen([], home)
    write(tmp_path / "alice/.lthedu/lessons.json", "1")
    for path, expected in ((tmp_path / "alice/whose.ipynb", None), (home / "below/whose.ipynb", home)):
        write(path, "from lthedu.course.folder import folder_at_work\nprint(folder_at_work())")
        (ran,) = run_lessons([path], home, path.parent / "results")
        assert nbformat.read(ran.page.with_suffix(".ipynb"), 4).cells[1].outputs[0].text == f"{expected}\n"


@pytest.mark.full
@pytest.mark.usefixtures("course")
def test_somebody_elses_answers_are_recorded_nowhere(home: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("LTHEDU_HOME", str(home))
    chosen([], home)
    write(tmp_path / "alice/01_short.ipynb", CHECKED)
    write(tmp_path / "alice/.lthedu/lessons.json", "1")
    (ran,) = run_lessons([tmp_path / "alice/01_short.ipynb"], home, tmp_path / "results")
    assert (ran.right, ran.on_reference) == (1, 1)
    assert not (home / ".lthedu/progress.json").exists()
    assert not (tmp_path / "alice/.lthedu/progress.json").exists()


def test_two_notebooks_of_one_name_do_not_replace_each_others_results(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "run_cells", lambda *_, **__: None)  # what is run does not matter here
    alice, bob, eve = (tmp_path / name for name in ("alice/mine.ipynb", "bob/mine.ipynb", "eve/Mine.ipynb"))
    for path in (alice, bob, eve):
        write(path, f"print({path.parent.name!r})")
    out = tmp_path / "results"
    for other in (bob, eve):
        with pytest.raises(ValueError, match=r"alice/mine\.ipynb and .*/[mM]ine\.ipynb have one name"):
            list(run_lessons([alice, other], home, out))
    assert not out.exists()
    list(run_lessons([alice], home, out))
    before = {p: p.read_bytes() for p in out.iterdir()}
    with pytest.raises(ValueError, match=r"mine\.ipynb holds the run of another notebook, \.\./alice/mine\.ipynb"):
        list(run_lessons([bob], home, out))
    assert {p: p.read_bytes() for p in out.iterdir()} == before
    list(run_lessons([bob], home, out / "bob"))
    list(run_lessons([alice], home, out))  # its own are replaced, as ever
    tmp_path.joinpath("moved").mkdir()
    for name in ("alice", "results"):  # and are known as its own when both are moved
        (tmp_path / name).rename(tmp_path / "moved" / name)
    list(run_lessons([tmp_path / "moved/alice/mine.ipynb"], home, tmp_path / "moved/results"))


DAMAGED = {
    "empty": b"",
    "no JSON": b"{ half",
    "an empty object": b"{}",
    "a list": b"[1]",
    "only cells": b'{"cells": []}',
    "no source": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code"}]}',
    "no text": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_notebook_is_named_before_anything_runs(home: Path, tmp_path: Path, content: bytes) -> None:
    well, damaged = tmp_path / "in/a.ipynb", tmp_path / "in/b.ipynb"
    write(well, "open('ran', 'w').close()")
    damaged.write_bytes(content)
    for paths in ([well, damaged], [damaged, well]):
        with pytest.raises(
            ValueError, match=rf"^{re.escape(str(damaged))} is no Jupyter notebook, or a damaged one \("
        ):
            list(run_lessons(paths, home))
    assert sorted(p.name for p in (tmp_path / "in").iterdir()) == ["a.ipynb", "b.ipynb"]
    assert not home.exists()


@pytest.mark.usefixtures("course")
def test_own_results_are_replaced_and_nothing_else_is(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "run_cells", lambda *_, **__: None)  # what is run does not matter here
    paths = chosen(["1"], home)
    out = tmp_path / "out"
    list(run_lessons(paths, home, out))
    list(run_lessons(paths, home, out))  # its own are replaced
    opened = nbformat.read(out / "01_short.ipynb", 4)
    opened.cells[2].outputs = []
    nbformat.write(opened, out / "01_short.ipynb")
    list(run_lessons(paths, home, out))  # so are those that JupyterLab ran
    opened.cells[2].source = "mine = 1"
    nbformat.write(opened, out / "01_short.ipynb")
    for folder, name in ((out, "01_short.ipynb"), (home, "01_short.ipynb")):
        before = (folder / name).read_bytes()
        with pytest.raises(ValueError, match=rf"{folder / name} would be replaced.*--output"):
            list(run_lessons(paths, home, folder))
        assert (folder / name).read_bytes() == before
    (out / "01_short.ipynb").write_text("no notebook at all")
    with pytest.raises(ValueError, match=rf"{out / '01_short.ipynb'} would be replaced.*--output"):
        list(run_lessons(paths, home, out))
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages/01_short.html").write_text("<p>mine</p>")
    with pytest.raises(ValueError, match=r"01_short.html would be replaced"):
        list(run_lessons(paths, home, tmp_path / "pages"))
    assert [p.name for p in (tmp_path / "pages").iterdir()] == ["01_short.html"]


@pytest.mark.usefixtures("course")
def test_a_disk_that_fills_up_leaves_the_earlier_results(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "run_cells", lambda *_, **__: None)  # what is run does not matter here
    paths = chosen(["1"], home)
    list(run_lessons(paths, home))
    before = {p: p.read_bytes() for p in (home / "executed").iterdir()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        list(run_lessons(paths, home))
    assert {p: p.read_bytes() for p in (home / "executed").iterdir()} == before


def test_half_a_character_stops_no_run_and_its_place_is_told(home: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(running, "run_cells", lambda *_, **__: None)  # what is run does not matter here
    for name, text in (("a", "half \ud83d"), ("b", "whole"), ("c", "half \ude00")):
        write(tmp_path / f"{name}.ipynb", "1")
        path = tmp_path / f"{name}.ipynb"
        path.write_text(path.read_text().replace('"1"', json.dumps(f"1  # {text}")))
    runs = list(run_lessons([tmp_path / f"{name}.ipynb" for name in "abc"], home))
    assert [(ran.name, ran.mended) for ran in runs] == [
        ("a", ("cell 2 from the top (1  # half �)",)),
        ("b", ()),
        ("c", ("cell 2 from the top (1  # half �)",)),
    ]
    assert "half �" in (home / "executed/a.ipynb").read_text(encoding="utf-8")
    assert "half �" in runs[0].page.read_text(encoding="utf-8")
    list(run_lessons([tmp_path / "a.ipynb"], home))  # and its own results are known again


@pytest.fixture
def read_only(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The learner's folder, where nothing can be written: root, too, is told so of a file system that is read-only."""
    access = os.access

    def refused(path: str | Path, mode: int, **more: object) -> bool:
        return not (mode & os.W_OK and Path(path).is_relative_to(home)) and access(path, mode)

    monkeypatch.setattr(running, "run_cells", lambda *_, **__: None)  # what is run does not matter here
    chosen([], home)
    monkeypatch.setattr(os, "access", refused)
    return home


@pytest.mark.usefixtures("course")
def test_of_a_folder_that_is_read_only_the_copies_are_run_with_results_elsewhere(read_only: Path, tmp_path: Path):
    before = {p: p.stat().st_mtime_ns for p in read_only.rglob("*")}
    for words, names in (([], ["01_short", "02_fails"]), (["2"], ["02_fails"])):
        paths = chosen(words, read_only)
        assert [p.stem for p in paths] == names
        list(run_lessons(paths, read_only, tmp_path / "results"))
    assert {p: p.stat().st_mtime_ns for p in read_only.rglob("*")} == before
    assert (tmp_path / "results/02_fails.html").is_file()
    (read_only / "02_fails.ipynb").unlink()
    with pytest.raises(PermissionError, match=f"lessons cannot go to {read_only}: .*not writable"):
        chosen(["2"], read_only)


@pytest.mark.usefixtures("course")
def test_results_that_cannot_be_written_are_refused_before_anything_runs(read_only: Path, monkeypatch) -> None:
    monkeypatch.setattr(running, "run_cells", lambda *_, **__: pytest.fail("it ran"))
    for output in (None, read_only / "mine/results"):
        with pytest.raises(PermissionError, match=r"results cannot go to .* choose another with --output"):
            list(run_lessons(chosen(["1"], read_only), read_only, output))


def test_an_executed_notebook_says_in_words_what_its_pictures_show(home: Path, tmp_path: Path, monkeypatch) -> None:
    def drawn(notebook, *_: object, **__: object) -> None:
        texts = {"text/plain": "Figure: a falling curve"}, {"image/png": "iVBO"}
        notebook.cells[1].outputs = [new_output("display_data", data=data) for data in texts]

    monkeypatch.setattr(running, "run_cells", drawn)
    write(tmp_path / "a.ipynb", "draw()")
    (ran,) = run_lessons([tmp_path / "a.ipynb"], home)
    assert 'alt="a falling curve"' in ran.page.read_text(encoding="utf-8")
    cell = nbformat.read(ran.page.with_suffix(".ipynb"), 4).cells[1]
    assert cell.outputs[1].metadata == {"image/png": {"alt": "a falling curve"}}


@pytest.mark.usefixtures("course")
def test_an_interrupt_is_written_down_and_ends_the_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Ctrl-C in a terminal comes to; the next test presses it."""

    def interrupted(*_: object, on_cell, **__: object) -> None:
        on_cell(1, 3)
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "run_cells", interrupted)
    (ran,) = run_lessons(chosen(["2", "1"], home), home)  # and the second does not begin
    assert (ran.name, ran.interrupted, ran.done, ran.in_all) == ("02_fails", True, 1, 3)
    assert "topped by Ctrl-C in cell 2" in ran.page.read_text(encoding="utf-8")
    assert sorted(p.name for p in (home / "executed").iterdir()) == ["02_fails.html", "02_fails.ipynb"]


@pytest.mark.full
@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to a whole console")
def test_ctrl_c_writes_what_ran_and_runs_no_more(home: Path, tmp_path: Path) -> None:
    write(tmp_path / "in/a.ipynb", "print('ran')", "open('busy', 'w').close()\nimport time; time.sleep(300)")
    write(tmp_path / "in/b.ipynb", "1")
    command = [sys.executable, "-m", "lthedu.cli", "run", "in/a.ipynb", "in/b.ipynb", "--folder", str(home)]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "in/busy").exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert re.fullmatch(rf"a: 0\.\d min, 1 of 2 cells: {home}/executed/a.html\n", out)
    assert error == "a: stopped by Ctrl-C; what ran is written.\n"
    assert "stopped by Ctrl-C in cell 2" in (home / "executed/a.html").read_text(encoding="utf-8").replace("S", "s")
    assert sorted(p.name for p in (home / "executed").iterdir()) == ["a.html", "a.ipynb"]


def test_the_bar_names_the_lesson_and_the_cell(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich draws as on a terminal
    monkeypatch.setenv("TERM", "xterm")
    with running._bar("02_winning_tickets") as draw:
        draw(9, 26)
    shown = capsys.readouterr().err
    assert "02_winning_tickets" in shown
    assert "cell 10 of 26" in shown


def test_the_bar_obeys_no_name(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with running._bar("[b]a\x1b]0;b\x07") as draw:
        draw(1, 2)
    shown = capsys.readouterr().err
    assert r"[b]a\x1b]0;b\x07" in shown
    assert "\x1b]0;" not in shown
