"""nbgrader's autograding by our own checks: in the place of its Execute, so that no answer meets the gradebook.

`lthedu assign` writes an nbgrader_config.py that names it. It needs the extra `[instructor]`.
"""

import json
import secrets
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from nbformat.v4 import new_output
from traitlets import Bool, Unicode

from lthedu.base.files import write_whole
from lthedu.course.assigning.nbgrader import TEST
from lthedu.course.assigning.wheel import unpack
from lthedu.course.grading.box import Box, no_sandbox
from lthedu.course.grading.grade import RUN, load
from lthedu.course.grading.groups import Limits
from lthedu.course.grading.judge import RIGHT
from lthedu.course.grading.one import Assigned, graded
from lthedu.course.grading.submissions import Submission, handed

_open = ExitStack()  # the box serves every student of this process; it goes with the process


class Judge(Preprocessor):  # type: ignore[misc]
    """Judges the exercises of a submitted notebook and writes each verdict into the cell that nbgrader grades."""

    assignment = Unicode(help="The folder that `lthedu assign` made.").tag(config=True)
    without_sandbox = Bool(False, help="Run answers with your rights where there is no sandbox.").tag(config=True)
    enabled = Bool(True).tag(config=True)  # nbconvert's are off at first, and nbgrader gives full points for no output
    _box: Box | None = None
    _assigned: Assigned

    def preprocess(self, notebook: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """nbconvert calls it, with the notebook as it was submitted."""
        box, seed = self._begun()
        demand_graded_cells(notebook, [e["number"] for e in self._assigned.document["exercises"].values()])
        about = resources.get("nbgrader", {})
        name = f"{about.get('notebook', '')}.ipynb"
        found = graded(box, self._assigned, Submission(str(about.get("student", "")), {name: handed(notebook)}), seed)
        for cell in notebook.cells:
            identity = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            if cell.cell_type == "code" and identity.startswith(TEST):
                _write(cell, found["exercises"][identity.removeprefix(TEST)])
        return notebook, resources

    def _begun(self) -> tuple[Box, int]:
        """The box, started at the first notebook, and the seed of this assignment's autograding."""
        folder = Path(self.assignment)
        if Judge._box is None:
            why = no_sandbox()
            if why and not self.without_sandbox:
                raise ValueError(f"no sandbox: {why}; c.Judge.without_sandbox = True grades all the same")
            Judge._assigned = load(folder)
            sealed = Path(_open.enter_context(tempfile.TemporaryDirectory(prefix="lthedu-sealed-")))
            unpack(self._assigned.wheel, sealed)
            box = Box(sealed, Limits(), protected=not why, warm=self._assigned.warm)
            Judge._box = _open.enter_context(box)
        path = folder / "nbgrader" / RUN
        if not path.exists():
            write_whole(path, json.dumps({"seed": secrets.randbits(48)}), mode=0o600)
        return Judge._box, int(json.loads(path.read_text(encoding="utf-8"))["seed"])


def demand_graded_cells(notebook: NotebookNode, numbers: list[str]) -> None:
    """Raises ValueError for a notebook of another kind: nbgrader would give it no points and not a word."""
    asks = any(f'check("{number}"' in cell.source for number in numbers for cell in notebook.cells)
    if asks and not any("nbgrader" in cell.metadata for cell in notebook.cells):
        raise ValueError(
            "this notebook has no cell that nbgrader grades; students must get those of nbgrader's folder release, and "
            "not student.zip"
        )


def _write(cell: NotebookNode, found: dict[str, Any]) -> None:
    """What nbgrader reads: an error costs the points, anything else keeps them."""
    words = f"{found['number']}: {found['word']}. {found['sentence']}\n{found['example']}".strip()
    if found["word"] == RIGHT:
        cell.outputs = [new_output("stream", name="stdout", text=words + "\n")]
    else:
        cell.outputs = [new_output("error", ename=found["word"], evalue=found["sentence"], traceback=[words])]
    cell.execution_count = 1
