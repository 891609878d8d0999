"""The instructor's version of a lesson: every exercise answered with the source of its reference, and run."""

import ast
import builtins
import inspect
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from lthedu.base.course_files import course_path
from lthedu.base.files import write_whole
from lthedu.course.answer import free_names, source_of
from lthedu.course.authoring import executed, normalise
from lthedu.course.catalogue import find
from lthedu.course.copies import digest, named_files
from lthedu.course.folder import refuse_same_names
from lthedu.course.notebooks import parsed, read_notebook

OUTPUT = Path("lthedu-solutions")  # in the current folder
BANNER = (
    "> **Instructor's version.** Every exercise is answered with the course's own reference. Not for learners: it is "
    "built from the lesson and belongs into no repository."
)
_CHECK = re.compile(r'^(\w+) = check\("([\d.]+)", (\w+)\)$', re.MULTILINE)


def build_solutions(lessons: Sequence[Path], output: Path, said: Callable[[str], None] = print) -> list[Path]:
    """Build the instructor's version of each of `lessons` in the folder `output`, and return their paths.

    Cells for instructors stay, and the files that the lessons name come along. A version built before gives way to the
    new one unless somebody has written in it. `said` gets a line for each lesson.

    Raises ValueError, before anything is run, for a lesson that is no notebook, an `output` in the course's own lessons
    or one that holds a file which would be lost, or two lessons of one name; OSError, before anything is run, for an
    `output` that cannot be made; and ValueError for a reference whose own source does not pass its check.
    """
    lessons = list(dict.fromkeys(lessons))
    refuse_same_names(lessons)
    targets = [output / lesson.name for lesson in lessons]
    inside = course_path("lessons").resolve()
    if inside in (output.resolve(), *output.resolve().parents):
        raise ValueError(f"{output} is in the course's own folder of lessons; choose another with --output")
    notebooks = [read_notebook(lesson) for lesson in lessons]
    for target in targets:
        if target.exists() and not _as_built(target):
            raise ValueError(
                f"{target} is there already, and is not as `lthedu build` wrote it; move it away, or choose another "
                "folder with --output"
            )
    files = {lesson: named_files(lesson) for lesson in lessons}
    for lesson, named in files.items():
        for name, content in named.items():
            there = [_bytes(output / name)] if os.path.lexists(output / name) else []
            if any(other != content for other in [*there, *(f[name] for f in files.values() if name in f)]):
                raise ValueError(
                    f"{output / name} would be replaced by another file, which {lesson.name} names; move it away, or "
                    "choose another folder with --output"
                )
    if not output.exists():  # whether it can be made is said now, and not after the lessons have run
        output.mkdir(parents=True)
        output.rmdir()
    for lesson, target, read in zip(lessons, targets, notebooks, strict=True):
        notebook = answered(read)
        executed(notebook, lesson.parent)
        normalise(notebook)
        _demand_right(notebook, lesson)
        notebook.metadata["lthedu"] = {"solutions": digest(target.name, nbformat.writes(notebook).encode())}
        output.mkdir(parents=True, exist_ok=True)
        for name, content in files[lesson].items():
            (output / name).parent.mkdir(parents=True, exist_ok=True)
            write_whole(output / name, content)
        write_whole(target, nbformat.writes(notebook) + "\n")
        said(f"built {target}")
    return targets


def answered(notebook: NotebookNode) -> NotebookNode:
    """`notebook` with the source of each exercise's reference in the place of its stub, under a line that says so."""
    before: set[str] = set()
    for cell in notebook.cells:
        if cell.cell_type == "code" and (match := _CHECK.search(cell.source)):
            cell.source = pasted(cell.source, match[3], find(match[3]).reference, before)
            before.add(match[3])
    banner = nbformat.v4.new_markdown_cell(BANNER, metadata={"tags": ["instructor"]})
    notebook.cells.insert(0, banner)
    return notebook


def pasted(cell: str, name: str, reference: Callable[..., Any], before: set[str]) -> str:
    """The source of a cell with `reference` in the place of the function `name` that it defines.

    What the reference needs is imported first, but for the names in `before`: functions that earlier exercises of the
    notebook defined. Raises ValueError when the cell does not define `name` or the reference has another name.

    >>> from lthedu.networks.masks import density
    >>> print(pasted("def density(mask):\\n    ...\\n\\ndensity", "density", density, set()))  # doctest: +ELLIPSIS
    from lthedu.networks.masks import Mask, counts
    <BLANKLINE>
    <BLANKLINE>
    def density(mask: Mask) -> float:
    ...
    density
    """
    source = source_of(reference).rstrip("\n")
    if reference.__name__ != name:
        raise ValueError(f"the cell defines {name}, and its reference is named {reference.__name__}")
    stubs = [node for node in ast.parse(cell).body if isinstance(node, ast.FunctionDef) and node.name == name]
    if len(stubs) != 1:
        raise ValueError(f"the cell defines {name} {len(stubs)} times; it must define it once")
    lines, stub = cell.splitlines(), stubs[0]
    first = min([stub.lineno, *(d.lineno for d in stub.decorator_list)]) - 1
    imports = _imports(source, reference, before | {name})
    parts = [*imports, "", "", *lines[:first], source, *lines[stub.end_lineno :]]
    return "\n".join(parts if imports else parts[2:])


def _imports(source: str, reference: Callable[..., Any], without: set[str]) -> list[str]:
    """The import statements that make `source`, taken out of the reference's module, run by itself."""
    module = sys.modules[reference.__module__]
    imported = _imported_by(module)
    plain: list[str] = []
    by_module: dict[str, list[str]] = {}
    for name in sorted(free_names(source) - without):
        if name in imported:
            origin, words = imported[name]
        elif name in vars(module):
            origin, words = module.__name__, name
        elif hasattr(builtins, name):
            continue
        else:
            raise ValueError(
                f"{reference.__module__}.{reference.__name__} uses {name}, which its module does not define"
            )
        if origin:
            by_module.setdefault(origin, []).append(words)
        else:
            plain.append(f"import {words}")
    return [*plain, *(f"from {origin} import {', '.join(words)}" for origin, words in sorted(by_module.items()))]


def _imported_by(module: Any) -> dict[str, tuple[str, str]]:
    """By the name it is bound to: where each import of the module comes from, "" for a plain import, and its words."""
    found = {}
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                words = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
                bound = alias.asname or (alias.name if isinstance(node, ast.ImportFrom) else alias.name.split(".")[0])
                found[bound] = (node.module or "", words) if isinstance(node, ast.ImportFrom) else ("", words)
    return found


def _demand_right(notebook: NotebookNode, lesson: Path) -> None:
    for cell in notebook.cells:
        for _, _, name in _CHECK.findall(cell.source if cell.cell_type == "code" else ""):
            number = find(name).number
            said = "\n".join(str(o.get("data", {}).get("text/plain", "")) for o in cell.outputs)
            if f"Exercise {number}: RIGHT." not in said:
                raise ValueError(f"{lesson.name}: the source of {number}'s reference does not pass its check: {said}")


def _bytes(path: Path) -> bytes | None:
    """What is in an ordinary file, None for anything else."""
    return path.read_bytes() if path.is_file() else None


def _as_built(target: Path) -> bool:
    content = target.read_bytes()
    try:
        mark = parsed(content).metadata.get("lthedu", {}).get("solutions")
    except Exception:  # nbformat raises of many kinds for what is no notebook
        return False
    return mark is not None and mark == digest(target.name, content)
