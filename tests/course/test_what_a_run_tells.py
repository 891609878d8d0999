"""What `lthedu run` says of a notebook: only what a cell with a check shows counts, and what is missing is named."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from lthedu.base.course_files import course_path
from lthedu.course.copies import learner_copy
from lthedu.course.running import Ran, run_lessons
from lthedu.course.told import against_the_course, exercises, replaced
from lthedu.exercises.surroundings import REPLACED


def ran(*cells):
    """A notebook with these sources, each with what it showed."""
    notebook = new_notebook(cells=[new_code_cell(source) for source, _ in cells])
    for cell, (_, shown) in zip(notebook.cells, cells, strict=True):
        cell.outputs = [new_output("display_data", {"text/plain": text}) for text in shown]
    return notebook


@pytest.mark.parametrize(
    ("cells", "counts"),
    [
        ([('f = check("2.1", f)', ["Exercise 2.1: RIGHT. Go on."])], (1, 0)),
        ([('f = check("2.1", f)', ["Exercise 2.1: WRONG. No."])], (0, 1)),
        ([("display('x')", ["Exercise 2.1: RIGHT."])], (0, 0)),  # any cell can show such words
        ([('f = check("2.1", f)', ["Exercise 2.1: WRONG.", "Exercise 2.2: RIGHT.", "Exercise 2.3: RIGHT."])], (0, 1)),
        ([("# check('2.1', f)", ["Exercise 2.1: RIGHT."])], (0, 0)),
        (
            [('f = check("2.1", f)', ["a", "Exercise 2.1: RIGHT."]), ('check("2.2", g)', ["Exercise 2.2: RIGHT."])],
            (2, 0),
        ),
    ],
)
def test_only_a_cell_with_the_check_counts(cells, counts):
    assert exercises(ran(*cells)) == counts


def test_what_was_replaced_is_told_once():
    said = f"{REPLACED} torch.equal, math.isclose: it is as before again."
    assert replaced(ran(("", [said, "other"]), ("", [said]))) == ("torch.equal", "math.isclose")
    assert replaced(ran(("", ["nothing"]))) == ()


@pytest.fixture
def lesson():
    return nbformat.reads(learner_copy(course_path("lessons") / "02_winning_tickets.ipynb"), as_version=4)


def test_missing_exercises_and_changed_cells_are_named(lesson):
    name = "02_winning_tickets.ipynb"
    assert against_the_course(name, lesson) == ((), ())
    places = {
        number: i for i, c in enumerate(lesson.cells) for number in ("2.1", "2.3") if f'check("{number}"' in c.source
    }
    lesson.cells[places["2.1"]].source = lesson.cells[places["2.1"]].source.replace("...", "return []")  # an answer
    lesson.cells[5].source += "\nx = 1"
    del lesson.cells[places["2.3"]]
    missing, changed = against_the_course(name, lesson)
    assert missing == ("2.3",)
    assert changed == (6,)
    assert against_the_course("my_own.ipynb", lesson) == ((), ())


def test_the_line_says_it(tmp_path):
    line = str(
        Ran("02", 60.0, 3, 3, 1, 0, tmp_path, missing=("2.3",), changed=(6,), replaced=("torch.equal",), raised=(2,))
    )
    for part in ("without a check: 2.3", "cells changed: 6", "replaced: torch.equal", "cells that raised: 2"):
        assert part in line


def test_where_asked_a_run_goes_on_after_a_cell_that_raises(tmp_path):
    path = tmp_path / "three.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(s) for s in ("1", "1 / 0", "2 + 3")]), path)
    (found,) = run_lessons([path], tmp_path / "home", tmp_path / "out", go_on=True)
    assert (found.stopped, found.done, found.raised) == (None, 3, (2,))
    executed = nbformat.read(tmp_path / "out" / "three.ipynb", 4)
    assert executed.cells[2].outputs[0].data["text/plain"] == "5"
    assert all("tags" not in c.metadata or not c.metadata["tags"] for c in executed.cells)
