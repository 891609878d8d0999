"""Lessons run without JupyterLab: the learner's copies, read only, into an executed notebook and a page each."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from lthedu.course.boxes import Box
from lthedu.course.copies import copy_lessons, digest
from lthedu.course.executor import TIMEOUT, CellStopped, run_cells
from lthedu.course.folder import replace
from lthedu.course.page import MARK, page
from lthedu.course.workspace import environment, find_lesson

EXECUTED = "executed"  # in the learner's folder: what `lthedu run` writes

Report = Callable[[int, int], None]  # (cells done, cells in all)


@dataclass(frozen=True)
class Ran:
    """How one lesson went."""

    name: str
    seconds: float
    done: int  # code cells that ended well
    in_all: int
    right: int  # exercises
    on_reference: int
    page: Path
    stopped: CellStopped | None = None
    interrupted: bool = False

    def __str__(self) -> str:
        """One line for the learner.

        >>> print(Ran("02_winning_tickets", 84.0, 26, 26, 1, 3, Path("executed/02.html")))
        02_winning_tickets: 1.4 min, 26 of 26 cells, 1 exercise right, 3 on the reference: executed/02.html
        """
        parts = [f"{self.seconds / 60:.1f} min", f"{self.done} of {self.in_all} cells"]
        if self.right + self.on_reference:
            parts.append(f"{self.right} exercise{'' if self.right == 1 else 's'} right")
            parts.append(f"{self.on_reference} on the reference")
        return f"{self.name}: {', '.join(parts)}: {self.page}"


def chosen(wanted: Sequence[str], home: Path) -> list[Path]:
    """The notebooks that `wanted` names: the learner's copies in `home`, or any notebook by its path.

    A word is a lesson's number or name, or the file name of a notebook in `home`; what has a slash is a path. No word
    means every lesson of the course. Copies that are missing are made first, as `lthedu lab` does.

    Raises ValueError for a word that names nothing, before anything is written.
    """
    found = [_find(word, home) for word in wanted]
    copied = copy_lessons(home)
    return list(dict.fromkeys(found)) or [home / name for name in sorted(copied.new + copied.kept + copied.refreshed)]


def _find(word: str, home: Path) -> Path:
    if Path(word).name != word:
        return find_lesson(word).resolve()
    if word.endswith(".ipynb") and (home / word).is_file():
        return home / word
    return home / find_lesson(word).name


def run_lessons(
    paths: Sequence[Path], home: Path, output: Path | None = None, *, timeout: int = TIMEOUT
) -> Iterator[Ran]:
    """Run the notebooks `paths`, one after the other, and yield how each went.

    Each works in its own folder and is left as it is. The executed notebook and its page, `NAME.ipynb` and `NAME.html`,
    go to `output` (default: `executed` in `home`), also where the run stopped early; earlier ones are replaced.
    `timeout`: seconds that a cell may take. After Ctrl-C what ran is written, and nothing more is run.

    Raises ValueError, before anything is run, for an output that would replace a file of somebody else's.
    """
    output = output or home / EXECUTED
    for path in paths:
        _refuse_foreign(path, output)
    output.mkdir(parents=True, exist_ok=True)
    for path in paths:
        ran = _run(path, home, output, timeout)
        yield ran
        if ran.interrupted:
            return


def _run(path: Path, home: Path, output: Path, timeout: int) -> Ran:
    notebook = nbformat.read(path, as_version=4)
    begun, done, in_all = time.monotonic(), 0, 0
    stopped, interrupted = None, False
    with _bar(path.stem) as draw:

        def report(cells: int, of: int) -> None:
            nonlocal done, in_all
            done, in_all = cells, of
            draw(cells, of)

        try:
            run_cells(notebook, path.parent, env=environment(home), timeout=timeout, on_cell=report)
        except CellStopped as error:
            stopped = error
        except KeyboardInterrupt:
            interrupted = True
    seconds = time.monotonic() - begun
    note = None
    if stopped or interrupted:
        why = str(stopped) if stopped else f"stopped by Ctrl-C in cell {done + 1}"
        note = Box("error", "THIS RUN STOPPED EARLY.", f"{why[:1].upper()}{why[1:]}. The cells after it did not run.")
    where = _write(notebook, path, output, note)
    right, on_reference = _exercises(notebook)
    return Ran(path.stem, seconds, done, in_all, right, on_reference, where, stopped, interrupted)


@contextmanager
def _bar(name: str) -> Iterator[Report]:
    """A bar over the cells, gone at the end; nothing where nobody watches."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[cell]}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=None, cell="starting")

        def draw(done: int, in_all: int) -> None:
            bar.update(task, completed=done, total=in_all, cell=f"cell {min(done + 1, in_all)} of {in_all}")

        yield draw


def _exercises(notebook: NotebookNode) -> tuple[int, int]:
    """How many exercises the run went on with the learner's function, and how many with the reference."""
    outcomes: dict[str, bool] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            said = re.match(r"Exercise ([\w.]+): ([A-Z]+)", str(output.get("data", {}).get("text/plain", "")))
            if said:
                outcomes[said[1]] = said[2] == "RIGHT"
    right = sum(outcomes.values())
    return right, len(outcomes) - right


def _targets(path: Path, output: Path) -> tuple[Path, Path]:
    return output / path.name, output / f"{path.stem}.html"


def _write(notebook: NotebookNode, path: Path, output: Path, note: Box | None) -> Path:
    """Write the executed notebook and its page, each in one step."""
    target, html = _targets(path, output)
    shown = notebook
    if note is not None:
        words = nbformat.v4.new_markdown_cell(note._repr_html_())
        shown = nbformat.from_dict({**notebook, "cells": [words, *notebook.cells]})
    text = page(shown, path.parent)
    notebook.metadata["lthedu"] = {}
    notebook.metadata["lthedu"]["run"] = digest(path.name, nbformat.writes(notebook).encode())
    replace(target, (nbformat.writes(notebook) + "\n").encode())
    replace(html, text.encode())
    return html


def _refuse_foreign(path: Path, output: Path) -> None:
    """Refuse to replace what `lthedu run` did not write, or what somebody has written in since."""
    for target in _targets(path, output):
        if target.exists() and not _own(target):
            raise ValueError(
                f"{target} would be replaced, and `lthedu run` did not write it as it is now; move it away, or choose "
                "another folder with --output"
            )


def _own(target: Path) -> bool:
    if target.suffix == ".html":
        return MARK in target.read_text(encoding="utf-8", errors="replace")[:2000]
    content = target.read_bytes()
    try:
        mark = nbformat.reads(content.decode(), as_version=4).metadata.get("lthedu", {}).get("run")
    except Exception:  # nbformat raises of many kinds for what is no notebook
        return False
    return mark is not None and mark == digest(target.name, content)
