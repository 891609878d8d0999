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

from lthedu.course.grading.box import no_sandbox
from lthedu.course.grading.nbgrader import demand_graded_cells

NOTEBOOK = "02_winning_tickets.ipynb"
GRADIENT = "def freeze_pruned(grad, weight, mask):\n    return grad * mask"


def test_a_notebook_that_nbgrader_would_not_grade_is_refused(student):
    with pytest.raises(ValueError, match="no cell that nbgrader grades; students must get those of"):
        demand_graded_cells(student(), ["2.1"])
    demand_graded_cells(student(), ["9.2"])  # to be read and not graded


@pytest.mark.full
@pytest.mark.skipif(find_spec("nbgrader") is None, reason="it needs: pip install nbgrader")
@pytest.mark.skipif(bool(no_sandbox()), reason=f"no sandbox: {no_sandbox()}")
def test_generate_autograde_export_and_feedback(assignment, tmp_path):
    shutil.copytree(assignment, tmp_path / "ps1")
    course = tmp_path / "ps1" / "nbgrader"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

    def nbgrader(*words):
        command = [sys.executable, "-m", "nbgrader", *words]
        done = subprocess.run(command, cwd=course, env=os.environ | {"PATH": path}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]

    nbgrader("generate_assignment", "ps1")
    released = nbformat.read(course / "release" / "ps1" / NOTEBOOK, 4)
    assert "BEGIN SOLUTION" not in "".join(c.source for c in released.cells)
    cell = next(c for c in released.cells if 'check("2.4"' in c.source)
    cell.source = f'{GRADIENT}\n\nfreeze_pruned = check("2.4", freeze_pruned)'
    cell = next(c for c in released.cells if 'check("2.3"' in c.source)
    cell.source = f"import os\nopen({str(tmp_path / 'outside')!r}, 'w')\ndef paired_test(a, b):\n    os._exit(0)"
    (course / "submitted" / "ada" / "ps1").mkdir(parents=True)
    nbformat.write(released, course / "submitted" / "ada" / "ps1" / NOTEBOOK)
    nbgrader("autograde", "ps1")
    nbgrader("export")
    nbgrader("generate_feedback", "ps1")
    (row,) = csv.DictReader((course / "grades.csv").open(newline=""))
    assert (float(row["score"]), float(row["max_score"])) == (1, 14)
    assert not (tmp_path / "outside").exists()
    feedback = next((course / "feedback").rglob("*.html")).read_text()
    assert "exit status 0" in feedback
