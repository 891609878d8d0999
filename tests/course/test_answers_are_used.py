"""The experiments use what `check` returned: right answers that count their calls are swapped in, and counted."""

import functools
import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import pytest
from answers import RIGHT
from IPython.display import display

import lthedu.exercises
import lthedu.supermasks.contest
import lthedu.supermasks.deconstruction
import lthedu.supermasks.widths
import lthedu.tickets.lottery
import lthedu.tickets.rewinding
from lthedu import data, landscape, sparsity, supermasks, tickets
from lthedu.course import doctor, lesson
from lthedu.course.answer import is_stub
from lthedu.exercises import core, exercises
from lthedu.proof import settings as proof_settings

mpl.use("agg")
for _module in pkgutil.iter_modules(lthedu.exercises.__path__):
    if _module.name.endswith("_answers"):  # importing it registers the answers
        importlib.import_module(f"lthedu.exercises.{_module.name}")

LESSONS = sorted((Path(__file__).parents[2] / "lessons").glob("*.ipynb"))
lessons = pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
# what becomes of a wrong answer is the same mechanism everywhere: one lesson each time, all of them under full
some = [path if path.stem[:2] == "02" else pytest.param(path, marks=pytest.mark.full) for path in LESSONS]

# A lesson whose experiment is long gets settings too small to show anything and large enough to run every line.
A_STUDY = replace(tickets.LESSON, seeds=(0, 1), levels=4, steps=6, batch_size=32, val_every=3)
A_COMPARISON = replace(sparsity.compare.LESSON, seeds=(0, 1), dense_steps=6, steps=8, updates=2, batch_size=32)
A_PROOF = replace(
    proof_settings.LESSON,
    sizes=(784, 12, 8, 10),
    seeds=(0, 1),
    steps=6,
    batch_size=32,
    etas=(0.1, 0.001),
    growth_etas=(0.1, 0.05),
    draws=10,
)
SMALL: dict[str, tuple[object, str, object]] = {
    "00": (tickets.settings, "LESSON", A_STUDY),
    "01": (sparsity.compare, "LESSON", A_COMPARISON),
    "02": (tickets.settings, "LESSON", A_STUDY),
    "03": (
        tickets.rewinding,
        "LESSON",
        replace(tickets.rewinding.LESSON, seeds=(0, 1), sizes=(196, 8, 8, 10), ks=(0, 2, 4), few_ks=(0, 2), steps=300),
    ),
    "04": (
        tickets.lottery,
        "LESSON",
        replace(tickets.lottery.LESSON, draws=3, few_draws=2, few_levels=(1,), levels=2, steps=4, together=2),
    ),
    "05": (
        supermasks.deconstruction,
        "LESSON",
        replace(supermasks.deconstruction.LESSON, seeds=(0, 1, 2), sizes=(196, 8, 10), retrained=(0.2, 0.1), steps=4),
    ),
    "06": (
        supermasks.widths,
        "LESSON",
        replace(
            supermasks.widths.LESSON, seeds=(0, 1), widths=(4, 6, 8), densities=(0.3, 0.5), probe=8, steps=4, images=128
        ),
    ),
    "07": (
        supermasks.contest,
        "LESSON",
        replace(supermasks.contest.LESSON, seeds=(0, 1), sizes=(49, 4, 10), images=20, budget=1000, batch=5),
    ),
    "09": (proof_settings, "LESSON", A_PROOF),
    "10": (landscape.depth, "LESSON", landscape.depth.Settings(depths=(1, 2), width=4, steps=4, seeds=(0, 1))),
}


loaded = functools.cache(data.load)


@pytest.fixture
def small(path: Path, monkeypatch: pytest.MonkeyPatch):
    """The lesson's experiment made small, and a kernel that nobody has worked in."""
    monkeypatch.setattr(lesson, "_kernel", lesson._Kernel(None))  # what is passed here is passed nowhere else
    monkeypatch.setattr(data, "load", lambda *args, **named: loaded(*args, **named).first(600, 200, 200))
    monkeypatch.setattr(doctor, "examine", lambda **_: True)  # lesson 00 asks it, which takes long
    if path.stem[:2] in SMALL:
        monkeypatch.setattr(*SMALL[path.stem[:2]])
    yield
    plt.close("all")


def of_lesson(path: Path) -> list:
    mine = [e for e in exercises() if e.number.startswith(f"{int(path.stem[:2])}.")]
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
    inside, after = run(path, {e.number: [*RIGHT.get(e.name, []), *core.RIGHT.get(e.number, [])][0] for e in mine})
    numbers = {e.number for e in mine}
    assert {n for n in numbers if inside[n] > 0} == numbers
    assert {n for n in numbers if after[n] > 0} == numbers
    said = capsys.readouterr().out
    assert said.count(": RIGHT.") == len(mine)
    assert "uses the course's reference" not in said


def a_mistake(exercise: core.Exercise) -> Callable:
    """One that is not the code with the bug, which counts as not attempted where it is left as it is."""
    known = [*exercise.mistakes, *core.WRONG.get(exercise.number, [])]
    return next(m.function for m in known if not is_stub(m.function, exercise))


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("path", some, ids=lambda p: p.stem)
def test_a_wrong_answer_never_reaches_the_experiment(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = of_lesson(path)
    inside, after = run(path, {e.number: a_mistake(e) for e in mine})
    assert all(inside[e.number] > 0 for e in mine)
    assert not +after
    assert capsys.readouterr().out.count(": WRONG.") == len(mine)
