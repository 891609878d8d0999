"""The experiments use what `check` returned: right answers that count their calls are swapped in, and counted."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import nbformat
import pytest

from lthedu import data, tickets
from lthedu.course import lesson
from lthedu.exercises import exercises, lesson02_answers
from lthedu.exercises.core import Exercise

mpl.use("agg")
assert lesson02_answers  # importing it registers the answers
LESSON = Path(__file__).parents[2] / "lessons/02_winning_tickets.ipynb"
TINY = replace(tickets.LESSON, seeds=(0, 1), levels=4, steps=6, batch_size=32, val_every=3)


def counting(function, calls: Counter, number: str):
    def counted(*args, **named):
        calls[number] += 1
        return function(*args, **named)

    return counted


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, mnist) -> None:
    """The lesson's experiment, too small to show anything and large enough to run every line."""
    monkeypatch.setattr(lesson, "_kernel", lesson._Kernel(None))  # what is passed here is passed nowhere else
    monkeypatch.setattr(tickets.settings, "LESSON", TINY)
    monkeypatch.setattr(data, "load", lambda name: mnist.first(600, 200, 200))


def run(answers: dict) -> tuple[Counter, Counter]:
    """Run the lesson's cells with these answers; how often each was called inside `check`, and after it."""
    calls, inside = Counter(), Counter()
    wrapped = {number: counting(f, calls, number) for number, f in answers.items()}
    space: dict = {"answers": wrapped}
    sources = [c.source for c in nbformat.read(LESSON, 4).cells if c.cell_type == "code"]
    for i, source in enumerate(sources):
        swapped = re.sub(r'check\("([\d.]+)", \w+\)', r'check("\1", answers["\1"])', source)
        exec(compile(swapped, f"cell {i}", "exec"), space)
        for number in re.findall(r'check\("([\d.]+)"', source):
            inside[number] = calls[number]
    return inside, calls - inside


@pytest.mark.usefixtures("tiny")
def test_every_answer_is_called_by_the_cells_that_follow_its_check(capsys: pytest.CaptureFixture[str]) -> None:
    mine = [e for e in exercises() if e.number.startswith("2.")]
    inside, after = run({e.number: e.right[0] for e in mine})
    assert all(inside[e.number] > 0 for e in mine)
    assert {e.number for e in mine if after[e.number] > 0} == {e.number for e in mine}
    said = capsys.readouterr().out
    assert said.count(": RIGHT.") == len(mine)
    assert "reference" not in said


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("exercise", [e for e in exercises() if e.number.startswith("2.")], ids=lambda e: e.number)
def test_a_wrong_answer_never_reaches_the_experiment(exercise: Exercise, capsys: pytest.CaptureFixture[str]) -> None:
    _, after = run({e.number: e.wrong[0].function if e is exercise else e.right[0] for e in exercises()})
    assert after[exercise.number] == 0
    assert capsys.readouterr().out.count(": WRONG.") == 1
