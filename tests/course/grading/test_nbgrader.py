"""nbgrader on what `lthedu assign` wrote: its gradebook has our verdicts, and no answer ran in its process."""

import csv
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest
from course.grading.cheats import CHEATS, NOTEBOOK, Cheat
from course.grading.test_cheats import mixed
from course.grading.test_grade import graded

from lthedu.course.grading.box import no_sandbox
from lthedu.course.grading.groups import Limits
from lthedu.course.grading.nbgrader import demand_graded_cells

GRADIENT = "def freeze_pruned(grad, weight, mask):\n    return grad * mask"


def test_a_notebook_that_nbgrader_would_not_grade_is_refused(student):
    with pytest.raises(ValueError, match="no cell that nbgrader grades; students must get those of"):
        demand_graded_cells(student(), ["2.1"])
    demand_graded_cells(student(), ["9.2"])  # to be read and not graded


@pytest.fixture
def course(assignment, tmp_path):
    """nbgrader's course folder, from which the assignment was handed out."""
    shutil.copytree(assignment, tmp_path / "ps1")
    found = tmp_path / "ps1" / "nbgrader"
    nbgrader(found, "generate_assignment", "ps1")
    return found


def nbgrader(course, *words):
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = [sys.executable, "-m", "nbgrader", *words]
    done = subprocess.run(command, cwd=course, env=os.environ | {"PATH": path}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def released(course):
    return nbformat.read(course / "release" / "ps1" / NOTEBOOK, 4)


def exported(course):
    nbgrader(course, "export")
    return {row["student_id"]: row for row in csv.DictReader((course / "grades.csv").open(newline=""))}


def needs(test):
    """Marks a test that runs nbgrader itself."""
    there = pytest.mark.skipif(find_spec("nbgrader") is None, reason="it needs: pip install nbgrader")
    boxed = pytest.mark.skipif(bool(no_sandbox()), reason=f"no sandbox: {no_sandbox()}")
    return pytest.mark.full(there(boxed(test)))


@needs
def test_generate_autograde_export_and_feedback(course, tmp_path):
    notebook = released(course)
    assert "BEGIN SOLUTION" not in "".join(c.source for c in notebook.cells)
    cell = next(c for c in notebook.cells if 'check("2.4"' in c.source)
    cell.source = f'{GRADIENT}\n\nfreeze_pruned = check("2.4", freeze_pruned)'
    cell = next(c for c in notebook.cells if 'check("2.3"' in c.source)
    cell.source = f"import os\nopen({str(tmp_path / 'outside')!r}, 'w')\ndef paired_test(a, b):\n    os._exit(0)"
    (course / "submitted" / "ada" / "ps1").mkdir(parents=True)
    nbformat.write(notebook, course / "submitted" / "ada" / "ps1" / NOTEBOOK)
    nbgrader(course, "autograde", "ps1")
    (row,) = exported(course).values()
    nbgrader(course, "generate_feedback", "ps1")
    assert (float(row["score"]), float(row["max_score"])) == (1, 14)
    assert not (tmp_path / "outside").exists()
    feedback = next((course / "feedback").rglob("*.html")).read_text()
    assert "exit status 0" in feedback


@needs
def test_its_scores_are_those_of_lthedu_grade(course, student, assignment, tmp_path):
    for i, kind in enumerate([*mixed(10), "t1_reference_wrapped", "t1_loop"]):
        cheat = CHEATS.get(kind, Cheat(6, "RIGHT", ""))
        cheat.write(course / "submitted" / f"s{i}" / "ps1", released(course))
        cheat.write(tmp_path / "in" / f"s{i}", student())
    nbgrader(course, "autograde", "ps1")
    rows, _, _ = graded(tmp_path / "in", assignment, tmp_path / "out", protected=True, limits=Limits())
    ours = {name: float(row["sum of exercises"]) for name, row in rows.items()}
    assert {name: float(row["score"]) for name, row in exported(course).items()} == ours
    assert sorted(set(ours.values())) == [0, 3, 4, 6]
