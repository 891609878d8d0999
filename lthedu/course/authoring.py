"""The canonical notebook: run a lesson and write it so that an unchanged cell gives no diff."""

import hashlib
import os
import tempfile
import time
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from lthedu.base.files import write_whole
from lthedu.base.machine import cpu_name
from lthedu.course.compared import made_with
from lthedu.course.executor import run_cells
from lthedu.course.navigation import navigate
from lthedu.course.notebooks import read_notebook
from lthedu.course.numbers import renumber
from lthedu.course.pictures import settle, stored
from lthedu.course.probe import asked
from lthedu.course.references import cite
from lthedu.course.times import Time
from lthedu.course.times import read as read_times
from lthedu.course.times import write as write_time
from lthedu.course.widgets import photographed, states_of

BUSY = 1.3  # two speeds of one machine this far apart: something else ran
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "LTHEDU_DEVICE": "cpu"}
_KEPT_CELL_METADATA = ("tags", "jupyter", "editable", "deletable")
_KEPT_PICTURE_METADATA = ("alt", "height", "width")


class NotCanonical(ValueError):
    """A notebook whose run holds what must not be stored."""


def canonical(path: Path, *, times: bool = False) -> None:
    """Run the notebook at `path` from top to bottom and rewrite it in its committed form.

    The numbers of the lesson and its exercises are those of the file and the course (see `numbers`), it begins and ends
    with its links (see `navigation`) and lists what it cites (see `references`), execution counts run from 1 to n, ids
    follow from the cells' sources, outputs are stored without timing or widget state, and what they were made with
    stands in the metadata (see `compared`). Pictures have few colours, and one that looks as it did stays byte for byte
    (see `pictures`). With `times` one thread runs it, twice, and how long
    that took goes to `times.json` beside it. Raises NotCanonical when a cell writes to stderr, ValueError when the
    machine is too busy to be timed or that file holds no times; the notebook is then as it was.
    """
    notebook = read_notebook(path)
    renumber(notebook, path)
    navigate(notebook, path)
    cite(notebook, path)
    before = stored(notebook)
    if times:
        read_times(path.parent)  # before the work
        measured = timed(notebook, path.parent)
    else:
        executed(notebook, path.parent)
    notebook.metadata["lthedu"] = made_with(notebook, path)
    normalise(notebook)
    settle(notebook, before)
    write_whole(path, nbformat.writes(notebook, version=4, indent=1).rstrip("\n") + "\n")
    if times:
        write_time(path.parent, path.stem[3:], measured)


def executed(notebook: NotebookNode, folder: Path, **more: str) -> float:
    """Run every cell in a fresh kernel in `folder`, with empty home and run folders; return the seconds it took.

    `more` is added to the kernel's environment.
    """
    with tempfile.TemporaryDirectory() as home:
        env = os.environ | {"LTHEDU_AUTHORING": "1", "LTHEDU_HOME": home, "IPYTHONDIR": home}
        env["OMP_WAIT_POLICY"] = "passive"
        begun = time.monotonic()
        run_cells(notebook, folder, env=env | more)
        return time.monotonic() - begun


def timed(notebook: NotebookNode, folder: Path) -> Time:
    """Run every cell by one thread of the processor, twice: the second run finds the loops that the first compiled.

    Raises ValueError where the machine's speed before and after says that something else ran.
    """
    with tempfile.TemporaryDirectory() as loops:
        alone = ONE_THREAD | {"NUMBA_CACHE_DIR": loops}
        before = _rate(folder)
        cold, seconds = executed(notebook, folder, **alone), executed(notebook, folder, **alone)
        after = _rate(folder)
    slow, fast = sorted((before, after))
    if fast > BUSY * slow:
        raise ValueError(
            f"the machine is busy with something else: {before:.0f} steps a second before the runs, "
            f"{after:.0f} after; measure again when it is idle"
        )
    return Time(
        seconds=round(seconds, 1),
        cold=round(max(0.0, cold - seconds), 1),  # below 0 by chance, where nothing is compiled
        threads=1,
        rate=round((slow + fast) / 2, 1),
        machine=cpu_name(),
    )


def _rate(folder: Path) -> float:
    """As `lthedu doctor` asks for it, so that the two can be compared."""
    rate = asked(["rate"], folder, os.environ)["rate"]
    if isinstance(rate, Exception):
        raise rate
    return float(rate)


def normalise(notebook: NotebookNode) -> None:
    """Bring ids, counts, metadata and outputs of an executed notebook into the one form that is committed.

    Of a widget it keeps a picture of how it stood (see `widgets`). Raises NotCanonical for an error or stderr output,
    naming the cell.
    """
    states = states_of(notebook)
    kept = {"lthedu": notebook.metadata["lthedu"]} if "lthedu" in notebook.metadata else {}
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            **kept,
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    seen: dict[str, int] = {}
    count = 0
    for cell in notebook.cells:
        cell.source = cell.source.rstrip("\n")
        seen[cell.source] = seen.get(cell.source, 0) + 1
        cell.id = hashlib.sha256(f"{seen[cell.source]}\n{cell.source}".encode()).hexdigest()[:8]
        cell.metadata = nbformat.from_dict({k: cell.metadata[k] for k in _KEPT_CELL_METADATA if k in cell.metadata})
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            shown = [photographed(output, states) for output in _merged(cell.outputs)]
            cell.outputs = [_output(output, count, cell.source) for output in shown if output is not None]


def _output(output: NotebookNode, count: int, source: str) -> NotebookNode:
    if output.output_type == "error" or output.get("name") == "stderr":
        what = output.get("text") or f"{output.get('ename')}: {output.get('evalue')}"
        raise NotCanonical(f"code cell {count} ({source.splitlines()[0]!r}) must not be stored: {what}")
    if output.output_type == "execute_result":
        output.execution_count = count
    if "metadata" in output:
        marks = output.metadata.get("image/png", {})
        kept = {name: marks[name] for name in _KEPT_PICTURE_METADATA if name in marks}
        output.metadata = nbformat.from_dict({"image/png": kept} if kept else {})
    return output


def _merged(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Consecutive texts of one stream as one output: how they were cut is a matter of timing."""
    merged: list[NotebookNode] = []
    for output in outputs:
        if merged and output.output_type == "stream" and merged[-1].get("name") == output.name:
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged
