"""Which exercises can be asked of another process: all whose arguments and results are plain data."""

import re
from pathlib import Path

import nbformat
import pytest

import lthedu
from lthedu.base.course_files import course_path
from lthedu.course.catalogue import exercises
from lthedu.course.grading.box import Box, no_sandbox
from lthedu.course.grading.groups import Limits
from lthedu.course.grading.judge import RIGHT, judge
from lthedu.course.grading.reading import read
from lthedu.course.solutions import answered

# an optimiser, gradients through the answer or through a loss that it is given, a network
NOT_PLAIN = {"1.4", "6.1", "6.2", "10.1", "12.1"}


def test_lecturers_are_told_which_exercises_cannot_be_assigned():
    page = (course_path("lessons") / "INSTRUCTORS.md").read_text(encoding="utf-8")
    (named,) = re.findall(r"Exercises ([\d., and]+) cannot be assigned", page)
    assert set(re.findall(r"\d+\.\d+", named)) == NOT_PLAIN


@pytest.mark.full
def test_every_reference_passes_from_another_process_but_those_of_what_is_not_plain():
    found = {}
    sealed = Path(lthedu.__file__).parents[1]
    with Box(sealed, Limits(cpu=60), protected=not no_sandbox()) as box:
        for path in sorted(course_path("lessons").glob("[0-9][0-9]_*.ipynb")):
            mine = {e.number: e for e in exercises() if e.lesson == path.stem[3:]}
            cells = [c.source for c in answered(nbformat.read(path, 4)).cells if c.cell_type == "code"]
            answers = read(cells, {number: e.name for number, e in mine.items()}, {}).answers
            found |= {number: judge(box, mine[number], answer, seed=3) for number, answer in answers.items()}
    assert {number for number, verdict in found.items() if verdict.word != RIGHT} == NOT_PLAIN, found
