"""Lessons run without JupyterLab: the learner's copies, read only, into an executed notebook and a page each."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from lthedu.base.files import write_whole
from lthedu.base.terminal import clean
from lthedu.course.boxes import Box
from lthedu.course.copies import copy_lessons, digest
from lthedu.course.executor import TIMEOUT, CellStopped, run_cells
from lthedu.course.folder import NO_RECORD, demand_writable, refuse_same_names
from lthedu.course.notebooks import parsed, read_notebook, writable
from lthedu.course.page import MARK, describe, page
from lthedu.course.told import against_the_course, exercises, replaced
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
    missing: tuple[str, ...] = ()  # exercises of the lesson that no cell checks
    changed: tuple[int, ...] = ()  # cells, by their place among those handed out, that hold no exercise and differ
    replaced: tuple[str, ...] = ()  # what checks found replaced
    raised: tuple[int, ...] = ()  # code cells that raised, where the run went on
    mended: tuple[str, ...] = ()  # parts of the notebook in which a � stands for half a character now

    def __str__(self) -> str:
        """One line for the learner.

        >>> print(Ran("02_winning_tickets", 84.0, 26, 26, 1, 3, Path("executed/02.html")))
        02_winning_tickets: 1.4 min, 26 of 26 cells, 1 exercise right, 3 on the reference: executed/02.html
        """
        parts = [f"{self.seconds / 60:.1f} min", f"{self.done} of {self.in_all} cells"]
        if self.right + self.on_reference:
            parts.append(f"{self.right} exercise{'' if self.right == 1 else 's'} right")
            parts.append(f"{self.on_reference} on the reference")
        for words, found in (("without a check", self.missing), ("replaced", self.replaced)):
            if found:
                parts.append(f"{words}: {' '.join(found)}")
        for words, cells in (("cells changed", self.changed), ("cells that raised", self.raised)):
            if cells:
                parts.append(f"{words}: {' '.join(map(str, cells))}")
        return f"{self.name}: {', '.join(parts)}: {self.page}"


def chosen(wanted: Sequence[str], home: Path) -> list[Path]:
    """The notebooks that `wanted` names: the learner's copies in `home`, or any notebook by its path.

    A word is the path of a notebook, from the current folder or else from `home`, or a lesson's number or name. No word
    means every lesson of the course. Where a lesson is named, copies that are missing are made first, as `lthedu lab`
    does; of a folder that cannot be written the copies are taken that are there.

    Raises ValueError for a word that names nothing, before anything is written; PermissionError where copies are
    missing and cannot be made.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home:
    ...     [path.name for path in chosen(["2"], Path(home))]
    ['02_winning_tickets.ipynb']
    """
    found = {word: _notebook(word, home) for word in wanted}
    named = {word: home / find_lesson(word).name for word, path in found.items() if path is None}
    if wanted and not named:
        return list(dict.fromkeys(path for path in found.values() if path))
    try:
        demand_writable(home, "lessons", "--folder")
        copied = copy_lessons(home)
        every = [home / name for name in sorted(copied.new + copied.kept + copied.refreshed)]
    except PermissionError:
        every = sorted(home.glob("[0-9][0-9]_*.ipynb"))
        if not every or not all(path.is_file() for path in named.values()):
            raise
    return list(dict.fromkeys(found[word] or named[word] for word in wanted)) or every


def _notebook(word: str, home: Path) -> Path | None:
    """The notebook at the path `word`, from the current folder or from `home`."""
    path = Path(os.path.expanduser(word))
    if path.suffix != ".ipynb":
        return None
    return next((p for p in (path.resolve(), home / path) if p.is_file()), None)


def run_lessons(
    paths: Sequence[Path], home: Path, output: Path | None = None, *, timeout: int = TIMEOUT, go_on: bool = False
) -> Iterator[Ran]:
    """Run the notebooks `paths`, one after the other, and yield how each went.

    Each works in its own folder and is left as it is. The executed notebook and its page, `NAME.ipynb` and `NAME.html`,
    go to `output` (default: `executed` in `home`), also where the run stopped early; earlier ones of the same notebook
    are replaced. `timeout`: seconds that a cell may take; `go_on`: run the cells after one that raises, too. After
    Ctrl-C what ran is written, and nothing more is run.
    A notebook outside `home` is somebody else's: what its checks find is recorded nowhere.

    Raises, before anything is run, ValueError for a file that is no notebook, for two notebooks of one name, and for an
    output that would replace a file of somebody else's or the results of another notebook; OSError for a file that
    cannot be read and an output that cannot be written.

    >>> import tempfile
    >>> from nbformat.v4 import new_code_cell, new_notebook
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "sum.ipynb")
    ...     nbformat.write(new_notebook(cells=[new_code_cell("6 * 7")]), path)
    ...     [(ran.done, ran.page.name) for ran in run_lessons([path], Path(folder))]
    [(1, 'sum.html')]
    """
    output = output or home / EXECUTED
    refuse_same_names(paths)
    notebooks = [writable(read_notebook(path)) for path in paths]
    for path in paths:
        _refuse_foreign(path, output)
    demand_writable(output, "results", "--output")
    output.mkdir(parents=True, exist_ok=True)
    for path, (notebook, mended) in zip(paths, notebooks, strict=True):
        ran = replace(_run(path, notebook, home, output, timeout, go_on), mended=tuple(mended))
        yield ran
        if ran.interrupted:
            return


def _run(path: Path, notebook: NotebookNode, home: Path, output: Path, timeout: int, go_on: bool) -> Ran:
    missing, changed = against_the_course(path.name, notebook)
    allowed = [cell for cell in notebook.cells if go_on and "raises-exception" not in cell.metadata.get("tags", ())]
    for cell in allowed:
        cell.metadata["tags"] = [*cell.metadata.get("tags", ()), "raises-exception"]
    begun, done, in_all = time.monotonic(), 0, 0
    stopped, interrupted = None, False
    with _bar(path.stem) as draw:

        def report(cells: int, of: int) -> None:
            nonlocal done, in_all
            done, in_all = cells, of
            draw(cells, of)

        try:
            run_cells(notebook, path.parent, env=_environment(path, home), timeout=timeout, on_cell=report)
        except CellStopped as error:
            stopped = error
        except KeyboardInterrupt:
            interrupted = True
    for cell in allowed:
        cell.metadata["tags"].remove("raises-exception")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    raised = [n for n, c in enumerate(code, 1) if any(o.output_type == "error" for o in c.outputs)] if go_on else []
    seconds = time.monotonic() - begun
    note = None
    if stopped or interrupted:
        why = str(stopped) if stopped else f"stopped by Ctrl-C in cell {done + 1}"
        note = Box("error", "THIS RUN STOPPED EARLY.", f"{why[:1].upper()}{why[1:]}. The cells after it did not run.")
    where = _write(notebook, path, output, note)
    right, on_reference = exercises(notebook)
    return Ran(
        path.stem,
        seconds,
        done,
        in_all,
        right,
        on_reference,
        where,
        stopped,
        interrupted,
        missing,
        changed if not _own_copy(path, home) else (),
        replaced(notebook),
        tuple(raised),
    )


def _own_copy(path: Path, home: Path) -> bool:
    return path.resolve().is_relative_to(home.resolve())


def _environment(path: Path, home: Path) -> dict[str, str]:
    """The kernel's: for a notebook that is not the learner's own, one in which nothing is recorded."""
    return environment(home) | ({} if _own_copy(path, home) else {NO_RECORD: "1"})


@contextmanager
def _bar(name: str) -> Iterator[Report]:
    """A bar over the cells, gone at the end; nothing where nobody watches."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[cell]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(clean(name), total=None, cell="starting")

        def draw(done: int, in_all: int) -> None:
            bar.update(task, completed=done, total=in_all, cell=f"cell {min(done + 1, in_all)} of {in_all}")

        yield draw


def _targets(path: Path, output: Path) -> tuple[Path, Path]:
    return output / path.name, output / f"{path.stem}.html"


def _write(notebook: NotebookNode, path: Path, output: Path, note: Box | None) -> Path:
    """Write the executed notebook and its page, each in one step."""
    target, html = _targets(path, output)
    describe(notebook)
    shown = notebook
    if note is not None:
        words = nbformat.v4.new_markdown_cell(note._repr_html_())
        shown = nbformat.from_dict({**notebook, "cells": [words, *notebook.cells]})
    text = page(shown, path.parent)
    notebook.metadata["lthedu"] = {"of": _whence(path, output)}
    notebook.metadata["lthedu"]["run"] = digest(path.name, nbformat.writes(notebook).encode())
    write_whole(target, nbformat.writes(notebook) + "\n")
    write_whole(html, text)
    return html


def _refuse_foreign(path: Path, output: Path) -> None:
    """Refuse to replace what `lthedu run` did not write, what somebody has written in since, or another's results."""
    for target in _targets(path, output):
        if target.exists() and not _own(target):
            raise ValueError(
                f"{target} would be replaced, and `lthedu run` did not write it as it is now; move it away, or choose "
                "another folder with --output"
            )
    target, _ = _targets(path, output)
    before = _marks(target).get("of") if target.exists() else None
    if before not in (None, _whence(path, output)):
        raise ValueError(
            f"{target} holds the run of another notebook, {before}; choose another folder for {path} with --output"
        )


def _whence(path: Path, output: Path) -> str:
    """The way from the results to the notebook: it stays right when the folder of both is moved."""
    path, output = path.resolve(), output.resolve()
    return Path(os.path.relpath(path, output) if path.anchor == output.anchor else path).as_posix()


def _own(target: Path) -> bool:
    if target.suffix == ".html":
        return MARK in target.read_text(encoding="utf-8", errors="replace")[:2000]
    mark = _marks(target).get("run")
    return mark is not None and mark == digest(target.name, target.read_bytes())


def _marks(target: Path) -> dict[str, str]:
    """What `lthedu run` noted in an executed notebook; nothing where it is none."""
    try:
        found = parsed(target.read_bytes()).metadata.get("lthedu", {})
    except Exception:  # nbformat raises of many kinds for what is no notebook
        return {}
    return found if isinstance(found, dict) else {}
