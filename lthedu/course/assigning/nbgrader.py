"""The assignment as nbgrader's source folder, for its gradebook, feedback and export (cell metadata of schema 3)."""

import ast
import inspect
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from lthedu.course.assigning.plan import Plan
from lthedu.course.assigning.student import ANSWER
from lthedu.exercises.core import Exercise

TEST = "test-"  # of a graded cell's id, before the exercise's name
CONFIG = '''"""Autograding by the checks of `lthedu grade`, each answer in its sandbox. Run nbgrader in this folder."""

import os

from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbgrader.preprocessors import AssignLatePenalties, CheckCellMetadata, IgnorePattern, LimitOutput, SaveAutoGrades

from lthedu.course.grading.nbgrader import Judge

c = get_config()  # noqa: F821
here = os.path.dirname(os.path.abspath(__file__))
c.CourseDirectory.root = here
c.Judge.assignment = os.path.dirname(here)
c.Autograde.autograde_preprocessors = [
    Judge,  # in the place of nbgrader's Execute, which runs answers and tests together, with your rights
    IgnorePattern,
    ClearMetadataPreprocessor,
    LimitOutput,
    SaveAutoGrades,
    AssignLatePenalties,
    CheckCellMetadata,
]
'''


def source_folder(plan: Plan, notebooks: dict[str, NotebookNode], others: dict[str, bytes]) -> dict[str, bytes]:
    """Every file of nbgrader's course folder, by its path. `others` are what students get beside the notebooks."""
    files = {f"source/{plan.name}/{name}": _bytes(_marked(notebook, plan)) for name, notebook in notebooks.items()}
    files |= {f"source/{plan.name}/{name}": content for name, content in others.items()}
    return files | {"nbgrader_config.py": CONFIG.encode()}


def _bytes(notebook: NotebookNode) -> bytes:
    return f"{nbformat.writes(notebook)}\n".encode()


def _marked(notebook: NotebookNode, plan: Plan) -> NotebookNode:
    """A copy with a cell to answer in, and after it one that is graded, for each exercise; and the written ones."""
    marked = nbformat.from_dict(notebook)
    cells: list[NotebookNode] = []
    by_number = {e.number: e for e in plan.exercises}
    for cell in marked.cells:
        cells.append(cell)
        if cell.id.startswith(ANSWER):
            name = cell.id.removeprefix(ANSWER)
            points = next(w.points for w in plan.written if w.name == name)
            cell.metadata["nbgrader"] = _metadata(cell.id, grade=True, solution=True, points=points)
        found = [
            e for number, e in by_number.items() if cell.cell_type == "code" and f'check("{number}"' in cell.source
        ]
        for exercise in found:
            if exercise.given is None:  # of a bug to find the code must stay; nbgrader would clear it
                cell.source = solved(cell.source, exercise)
                cell.metadata["nbgrader"] = _metadata(exercise.name, grade=False, solution=True)
            cells.append(_graded(exercise, plan.points[exercise.name]))
    marked.cells = cells
    return marked


def _graded(exercise: Exercise, points: float) -> NotebookNode:
    text = f"# {exercise.number}: `lthedu` judges your function here, with inputs that are not in this notebook."
    identity = f"{TEST}{exercise.name}"
    return new_code_cell(text, id=identity[:64], metadata={"nbgrader": _metadata(identity, grade=True, points=points)})


def _metadata(identity: str, *, grade: bool, solution: bool = False, points: float | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"grade": grade, "grade_id": identity, "locked": not solution, "schema_version": 3}
    return found | {"solution": solution, "task": False} | ({} if points is None else {"points": points})


def solved(source: str, exercise: Exercise) -> str:
    """The cell with a solution between nbgrader's marks, which `nbgrader generate_assignment` takes out again.

    >>> from lthedu.course.catalogue import find
    >>> print(solved("def subset_width(eta, instances, delta=0.01):\\n    ...\\n", find("subset_width")))
    def subset_width(eta, instances, delta=0.01):
        ### BEGIN SOLUTION
        from lthedu.proof.widths import subset_width
    <BLANKLINE>
        return subset_width(eta, instances, delta)
        ### END SOLUTION
    <BLANKLINE>
    """
    nodes = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name == exercise.name]
    lines, node = source.split("\n"), nodes[-1]
    last = node.body[-1]
    arguments = ", ".join(inspect.signature(exercise.reference).parameters)
    lines[last.lineno - 1 : last.end_lineno] = [
        "    ### BEGIN SOLUTION",
        f"    from {exercise.reference.__module__} import {exercise.name}",
        "",
        f"    return {exercise.name}({arguments})",
        "    ### END SOLUTION",
    ]
    return "\n".join(lines)
