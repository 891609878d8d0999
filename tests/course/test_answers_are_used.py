"""The experiments use what `check` returned: right answers that count their calls are swapped in, and counted."""

import functools
import re
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path

import matplotlib as mpl
import nbformat
import pytest
from answers import RIGHT
from forms import FORMS, answering
from IPython.display import display

from lthedu import data
from lthedu.course import doctor, lesson
from lthedu.course.answer import is_stub
from lthedu.course.catalogue import exercises
from lthedu.exercises import core

mpl.use("agg")
LESSONS = sorted((Path(__file__).parents[2] / "lessons").glob("*.ipynb"))
lessons = pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
# what becomes of a wrong answer is the same mechanism everywhere: one lesson each time, all of them under full
some = [path if path.stem[:2] == "02" else pytest.param(path, marks=pytest.mark.full) for path in LESSONS]

loaded = functools.cache(data.load)


@pytest.fixture
def small(path: Path, monkeypatch: pytest.MonkeyPatch):
    """The lesson's experiment at the size for tests, and a kernel that nobody has worked in."""
    monkeypatch.setenv("LTHEDU_SCALE", "tiny")
    monkeypatch.setattr(lesson, "_kernel", lesson._Kernel(None))  # what is passed here is passed nowhere else
    monkeypatch.setattr(data, "load", loaded)
    monkeypatch.setattr(doctor, "examine", lambda **_: True)  # the first lesson asks it, which takes long


def of_lesson(path: Path) -> list:
    mine = [e for e in exercises() if e.lesson == path.stem[3:]]
    assert mine
    return mine


def run(path: Path, answers: dict[str, Callable]) -> tuple[Counter, Counter]:
    """Run the lesson's cells with these answers; how often each was called inside `check`, and after it."""
    calls, inside = Counter(), Counter()

    def counting(number: str, function: Callable) -> Callable:
        @functools.wraps(function)
        def counted(*args, **named):
            calls[number] += 1
            return function(*args, **named)

        return counted

    counted = {number: counting(number, function) for number, function in answers.items()}
    space: dict = {"answers": counted, "display": display, "__name__": "__main__"}  # as a kernel gives it
    for i, cell in enumerate(c for c in nbformat.read(path, 4).cells if c.cell_type == "code"):
        swapped = re.sub(r'check\("([\d.]+)", \w+\)', r'check("\1", answers["\1"])', cell.source)
        may_raise = "raises-exception" in cell.metadata.get("tags", ())
        with suppress(Exception) if may_raise else nullcontext():
            exec(compile(swapped, f"{path.name}, code cell {i + 1}", "exec"), space)
        for number in re.findall(r'check\("([\d.]+)"', cell.source):
            inside[number] = calls[number]
    return inside, calls - inside


@pytest.mark.usefixtures("small")
@lessons
def test_every_answer_is_called_by_the_cells_that_follow_its_check(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = of_lesson(path)
    inside, after = run(path, {e.number: RIGHT[e.name][0] for e in mine})
    numbers = {e.number for e in mine}
    assert {n for n in numbers if inside[n] > 0} == numbers
    assert {n for n in numbers if after[n] > 0} == numbers
    said = capsys.readouterr().out
    assert said.count(": RIGHT.") == len(mine)
    assert "use the course's own function" not in said


@pytest.mark.full
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("form", FORMS)
@lessons
def test_a_lesson_runs_on_right_answers_in_every_kind_of_number_and_sequence(
    path: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(path, {e.number: answering(e.reference, form) for e in of_lesson(path)})
    assert capsys.readouterr().out.count(": RIGHT.") == len(of_lesson(path))


def a_mistake(exercise: core.Exercise) -> Callable:
    """One that is not the code with the bug, which counts as not attempted where it is left as it is."""
    return next(m.function for m in exercise.mistakes if not is_stub(m.function, exercise))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("path", some, ids=lambda p: p.stem)
def test_a_wrong_answer_never_reaches_the_experiment(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = of_lesson(path)
    inside, after = run(path, {e.number: a_mistake(e) for e in mine})
    assert all(inside[e.number] > 0 for e in mine)
    assert not +after
    assert capsys.readouterr().out.count(": WRONG.") == len(mine)
