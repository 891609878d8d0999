"""Before an assignment is handed out: its references must pass as answers would, and what the seal stops is said."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from lthedu.base.files import write_whole
from lthedu.course.assignment import FILE
from lthedu.course.executor import run_cells
from lthedu.course.folder import NO_RECORD
from lthedu.course.grading.box import Box, no_sandbox
from lthedu.course.grading.groups import Limits
from lthedu.course.grading.judge import RIGHT, judge
from lthedu.course.grading.reading import read
from lthedu.exercises.core import Exercise


def demand_gradable(exercises: Iterable[Exercise], solved: list[NotebookNode], sealed: Path) -> None:
    """Grade the references, pasted into the notebooks `solved`, on the sealed course in the folder `sealed`.

    Raises ValueError for an exercise whose own reference does not pass: one that cannot be asked of another process.
    """
    wanted = {e.number: e for e in exercises}
    names = {number: e.name for number, e in wanted.items()}
    with Box(sealed, Limits(cpu=60), protected=not no_sandbox()) as box:
        for notebook in solved:
            found = read([cell.source for cell in notebook.cells if cell.cell_type == "code"], names, {})
            for number, answer in found.answers.items():
                if answer.state != "answered":
                    continue
                verdict = judge(box, wanted[number], answer, seed=1)
                if verdict.word != RIGHT:
                    raise ValueError(
                        f"exercise {number} cannot be assigned: even the course's own answer is not right when it "
                        f"comes from another process: {verdict.sentence}"
                    )


def stopped_by_seal(solved: dict[str, NotebookNode], beside: dict[str, bytes], sealed: Path, words: str) -> list[str]:
    """Run the solved notebooks on the sealed course, at the smallest size, and name the cells that it stops.

    Students have the ordinary course, in which they run; an answer that calls what these cells call does not.
    """
    path = os.pathsep.join(filter(None, [str(sealed), os.environ.get("PYTHONPATH")]))
    environment = dict(os.environ) | {"PYTHONPATH": path, "LTHEDU_SCALE": "tiny", NO_RECORD: "1"}
    found: list[str] = []
    with tempfile.TemporaryDirectory(prefix="lthedu-trial-", ignore_cleanup_errors=True) as folder:
        for name, content in beside.items():
            if name == FILE or name.endswith(".json"):
                write_whole(Path(folder, name), content)
        for name, notebook in solved.items():
            tried = nbformat.from_dict(notebook)
            for cell in tried.cells:
                cell.metadata["tags"] = [*cell.metadata.get("tags", ()), "raises-exception"]
            run_cells(tried, Path(folder), env=environment)
            found += [f"{name}, {place}" for place in _stopped(tried, words)]
    return found


def _stopped(notebook: NotebookNode, words: str) -> list[str]:
    """The cells that raised, each by its first line; those that only miss a name of such a cell share one line."""
    found: list[str] = []
    follow: list[str] = []
    for place, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), 1):
        errors = [o for o in cell.outputs if o.output_type == "error"]
        if errors and found and errors[0].ename == "NameError":
            follow.append(str(place))
        elif errors:
            why = words if any(words in str(o.evalue) for o in errors) else f"{errors[0].ename}: {errors[0].evalue}"
            first = cell.source.strip().partition("\n")[0]
            found.append(f"cell {place} ({first[:60]}): {why[:120]}")
    return [*found, f"and what needs their values: cell {', '.join(follow)}"] if follow else found
