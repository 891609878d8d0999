"""A new lesson runs from its first minute, and the tests name what it lacks."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import lthedu
from lthedu.course.new_lesson import TO_WRITE, new_lesson

ROOT = Path(__file__).parents[2]


def checkout(place: Path) -> Path:
    """A folder that looks like a checkout of the running package."""
    for name in ("lessons", "tests/lessons"):
        (place / name).mkdir(parents=True)
    (place / "pyproject.toml").touch()
    (place / "lessons" / "02_winning_tickets.ipynb").write_text("a lesson")
    (place / "lthedu" / "lessons" / "another").mkdir(parents=True)
    (place / "lthedu" / "__init__.py").touch()
    return place


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    place = checkout(tmp_path / "checkout")
    monkeypatch.setattr(lthedu, "__file__", str(place / "lthedu" / "__init__.py"))
    return place


def files(place: Path) -> dict[str, bytes]:
    return {p.relative_to(place).as_posix(): p.read_bytes() for p in place.rglob("*") if p.is_file()}


def test_it_writes_a_notebook_and_two_folders(root: Path) -> None:
    before = files(root)
    written = new_lesson("7", "Search without gradients: a tour", root / "lessons")  # anywhere in the checkout
    names = [
        "lessons/07_search_without_gradients_a_tour.ipynb",
        "lthedu/lessons/search_without_gradients_a_tour/__init__.py",
        "lthedu/lessons/search_without_gradients_a_tour/exercises.py",
        "lthedu/lessons/search_without_gradients_a_tour/mistakes.py",
        "tests/lessons/search_without_gradients_a_tour/answers.py",
    ]
    assert [p.relative_to(root).as_posix() for p in written] == names
    assert set(files(root)) == {*before, *names}
    notebook = nbformat.read(written[0], as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[0].source.startswith("# Search without gradients: a tour\n")
    assert TO_WRITE in notebook.cells[0].source
    assert "TITLE" not in "".join(path.read_text() for path in written)  # every blank is filled in


@pytest.mark.parametrize(
    ("number", "title", "said"),
    [
        ("100", "A", "the number is '100'; allowed: 0 to 99"),
        ("-1", "A", "the number is '-1'"),
        ("two", "A", "the number is 'two'"),
        ("", "A", "the number is ''"),
        ("7", "", "the title is ''"),
        ("7", "a\nb", r"the title is 'a\\nb'"),
        ("7", 'say """', "the title is"),
        ("7", "x" * 99, "the title is"),
        ("7", "Ωραία", "its first word needs a Latin letter"),
        ("2", "Another", r"lessons/02_winning_tickets\.ipynb is there already"),
        ("02", "Another", r"lessons/02_winning_tickets\.ipynb is there already"),
        ("7", "Winning tickets", r"lessons/02_winning_tickets\.ipynb is there already"),
        ("5", "Another", r"lthedu/lessons/another is there already"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(root: Path, number: str, title: str, said: str) -> None:
    before = files(root)
    with pytest.raises(ValueError, match=said.replace("/", r"[/\\]")):
        new_lesson(number, title, root)
    assert files(root) == before


def test_outside_a_checkout_and_in_the_wrong_one_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not in a checkout of the course"):
        new_lesson("7", "A", tmp_path)
    other = checkout(tmp_path / "other")
    before = files(other)
    with pytest.raises(ValueError, match="install that one first"):
        new_lesson("7", "A", other)
    assert files(other) == before


def test_a_full_disk_leaves_nothing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, calls = files(root), []

    def full(_: int) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        new_lesson("7", "A", root)
    assert files(root) == before


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout in which lesson 99 was begun on the command line."""
    root = tmp_path_factory.mktemp("copy") / "checkout"
    ignore = shutil.ignore_patterns("__pycache__", ".*", "*.gz")
    for name in ("lthedu", "tests", "lessons"):
        shutil.copytree(ROOT / name, root / name, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / "datasets").mkdir()
    first = lthedu_in(root, "-m", "lthedu.cli", "new-lesson", "99", "A capstone of your own")
    assert first.returncode == 0, first.stderr
    lesson = Path("lessons", "99_a_capstone_of_your_own.ipynb")
    assert f"1. lthedu canonical {lesson}" in first.stdout
    return root


@pytest.fixture(scope="module")
def executed(begun: Path) -> Path:
    """The same copy, with the notebook run and rewritten, as an author would."""
    ran = lthedu_in(begun, "-m", "lthedu.cli", "canonical", str(next((begun / "lessons").glob("99_*.ipynb"))))
    assert ran.returncode == 0, ran.stderr
    return begun


RUN = """
import json, sys
from pathlib import Path
sys.path.insert(0, "tests")
from answers import RIGHT, TOLD
from lthedu.course.catalogue import find
import matplotlib
matplotlib.use("agg")
cells = json.loads(next(Path("lessons").glob("99_*.ipynb")).read_text(encoding="utf-8"))["cells"]
for i, cell in enumerate(cells):
    if cell["cell_type"] == "code":
        file = Path(f"cell{i}.py")  # a check reads the source of what it checks
        file.write_text("".join(cell["source"]), encoding="utf-8")
        exec(compile(file.read_text(encoding="utf-8"), str(file.absolute()), "exec"))
from lthedu.course.lesson import check
for answer in RIGHT["kept_share"]:
    check("99.1", answer)
for mistake in find("99.1").mistakes:
    check("99.1", mistake.function)
"""


def test_it_runs_from_its_first_minute(begun: Path) -> None:
    """Its cells one after the other, its right answers and its wrong ones."""
    ran = lthedu_in(begun, "-c", RUN)
    assert ran.returncode == 0, ran.stderr
    words = re.findall(r"Exercise 99\.1: ([A-Z ]+)\.", ran.stdout)
    assert words[0] == "NOT ATTEMPTED YET"
    assert len(words) >= 1 + 2 + 4
    assert words[1:].count("RIGHT") >= 2
    assert words[1:].count("WRONG") >= 4


def lthedu_in(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Python with the package of the copy."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
    return subprocess.run(
        [sys.executable, *words], cwd=root, env=environment, capture_output=True, text=True, encoding="utf-8"
    )


def outcomes(ran: subprocess.CompletedProcess[str]) -> dict[str, set[str]]:
    """Names of tests by outcome, out of pytest's -rA."""
    found: dict[str, set[str]] = {"PASSED": set(), "FAILED": set(), "ERROR": set()}
    for outcome, name in re.findall(r"^(PASSED|FAILED|ERROR) \S+::(\w+)\[", ran.stdout, re.MULTILINE):
        found[outcome].add(name)
    return found


@pytest.mark.full
def test_its_exercise_passes_what_every_exercise_must(executed: Path) -> None:
    tests = ["tests/exercises/test_answers.py", "tests/course/test_answers_are_used.py", "-k", "99"]
    tests += ["-m", "full or not full"]  # what becomes of a wrong answer is run for one lesson of the course, else
    ran = lthedu_in(executed, "-m", "pytest", "-q", "-rA", *tests)
    found = outcomes(ran)
    assert not found["FAILED"] | found["ERROR"], ran.stdout
    assert ran.returncode == 0, ran.stdout
    assert {
        "test_right_answers_pass_whatever_the_seed_and_however_they_are_written",
        "test_a_mistake_is_told_what_it_is",
        "test_every_exercise_is_complete",
        "test_every_answer_is_called_by_the_cells_that_follow_its_check",
        "test_a_wrong_answer_never_reaches_the_experiment",
    } <= found["PASSED"]


@pytest.mark.full
def test_what_it_lacks_is_named_and_the_rest_is_right(executed: Path) -> None:
    ran = lthedu_in(executed, "-m", "pytest", "-q", "-rA", "tests/test_lessons.py", "-k", "99_a_capstone")
    found = outcomes(ran)
    named = {"test_its_folder_has_what_a_lesson_has", "test_size_and_shape", "test_nothing_is_left_to_be_written"}
    assert found["FAILED"] == named, ran.stdout
    assert "lthedu/lessons/a_capstone_of_your_own lacks explorer, figures\n" in ran.stdout
    assert re.search(r"has \d\d cells, not 40 to 75; 1 exercises, not 3 to 6\n", ran.stdout)
    assert re.search(r"still to be written in cell 0 \('# A capstone of your own", ran.stdout)
    assert len(found["PASSED"]) >= 10
    assert not found["ERROR"]
