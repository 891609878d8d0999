"""What came in: a folder of folders, single notebooks, or the zip of a learning platform. Notebooks, and nothing else.

A notebook is found by its file name, whatever a platform put around it, or else by the cells that it holds.
"""

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from nbformat import NotebookNode

from lthedu.course.assigning.student import cell_digest
from lthedu.course.notebooks import parsed

LARGEST = 40 * 2**20  # bytes of a notebook: figures are stored in it
MOST_SOURCE = 2**20  # characters of all its cells
MOST_PARTS = 200_000  # lists and objects in it: each takes a hundred bytes of memory or more
MOST_NOTEBOOKS = 50  # that are read of one student
# Moodle: "Ada Lovelace_4711_assignsubmission_file_/x.ipynb"; Canvas: "lovelaceada_LATE_123_456_x.ipynb"
_MOODLE = re.compile(r"^(?P<who>.+?)_(?P<number>\d+)_assignsubmission_(file|onlinetext)_?$")
_CANVAS = re.compile(r"^(?P<who>[^_]+)(_LATE)?_(?P<number>\d+)_\d+_(?P<file>.+)$")
_AGAIN = re.compile(r"(-\d+| ?\(\d+\))$")  # what platforms and browsers add to a name that is there already


@dataclass(frozen=True)
class Handed:
    """One notebook of a student's, or why there is none."""

    sources: tuple[str, ...] = ()  # of the code cells
    cells: tuple[tuple[str, str, str], ...] = ()  # id, kind, source: of all
    problem: str = ""


@dataclass
class Submission:
    """What one student handed in, by the name of the assignment's notebook."""

    name: str
    notebooks: dict[str, Handed] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def collect(places: list[Path], wanted: dict[str, set[str]]) -> list[Submission]:
    """The submissions in these folders, notebooks and zips, in the order of their names.

    `wanted` are the assignment's notebooks with the ids of their cells. Raises ValueError for a place in which nothing
    was handed in, and FileNotFoundError for one that is not there.
    """
    found: dict[str, Submission] = {}
    many: Counter[str] = Counter()
    for place in places:
        if not place.exists():
            raise FileNotFoundError(f"{place} is not there; name a folder of submissions, a zip, or a notebook")
        before = len(found)
        for who, name, read in _handed_in(place):
            who, name = _readable(who), _readable(name)
            submission = found.setdefault(who, Submission(who))
            many[who] += name.endswith(".ipynb")
            if name.endswith(".ipynb") and many[who] <= MOST_NOTEBOOKS:
                _take(submission, name, read, wanted)
        if len(found) == before:
            raise ValueError(f"{place} holds no submission: no folder, no notebook and no zip of them")
    for who, submission in found.items():
        if many[who] > MOST_NOTEBOOKS:
            submission.notes.append(f"{many[who]} notebooks; the first {MOST_NOTEBOOKS} were read")
    _named(found)
    return sorted(found.values(), key=lambda submission: submission.name)


def _readable(name: str) -> str:
    """The name as UTF-8 can hold it: a byte of another encoding is written out.

    >>> print(_readable("M\\udcfcller"))
    M\\xfcller
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _named(found: dict[str, Submission]) -> None:
    """Give each the name that a platform has for them; where two have the same, with the platform's number, too."""
    names = Counter(who.partition("/")[0] for who in found)
    for who, submission in found.items():
        name = who.partition("/")[0]
        submission.name = name if names[name] == 1 else who


Reader = Any  # () -> the content of a file


def _handed_in(place: Path) -> Iterator[tuple[str, str, Reader]]:
    """Of each file who handed it in (with "/" before a platform's number), its name, and what reads it."""
    if place.suffix == ".zip":
        yield from _zipped(place, "")
        return
    if place.is_file():
        who, name = _canvas(place.name)
        yield who or place.stem, name, _reader(place)
        return
    for path in sorted(place.rglob("*")):
        inside = path.relative_to(place)
        if path.is_symlink() or not path.is_file() or any(part.startswith(".") for part in inside.parts):
            continue
        who, name = _who(PurePosixPath(inside.as_posix()))
        if path.suffix == ".zip":
            yield from _zipped(path, who)
        elif who:
            yield who, name, _reader(path)


def _zipped(path: Path, owner: str) -> Iterator[tuple[str, str, Reader]]:
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # of many kinds: a damaged one of a student's stops nothing
        if not owner:
            raise ValueError(f"{path} is no zip: {error}") from error
        yield owner, path.name, lambda: b""
        return
    for info in archive.infolist():
        inside = PurePosixPath(info.filename)
        if info.is_dir() or inside.name.startswith(".") or "__MACOSX" in inside.parts:
            continue
        who, name = (owner, inside.name) if owner else _who(inside)
        if who:
            yield who, name, _from(archive, info)


def _reader(path: Path) -> Reader:
    return lambda: path.read_bytes() if path.stat().st_size <= LARGEST else None


def _from(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Reader:
    def read() -> bytes | None:
        with archive.open(info) as file:
            content = file.read(LARGEST + 1)  # whatever size it says it has
        return content if len(content) <= LARGEST else None

    return read


def _who(inside: PurePosixPath) -> tuple[str, str]:
    """Whose file it is, and its name without what a platform added."""
    if len(inside.parts) > 1:
        folder = inside.parts[0]
        match = _MOODLE.match(folder)
        return (f"{match['who']}/{match['number']}" if match else folder), inside.name
    who, name = _canvas(inside.name)
    return who or (inside.stem if inside.suffix == ".ipynb" else ""), name


def _canvas(name: str) -> tuple[str, str]:
    match = _CANVAS.match(name)
    return (f"{match['who']}/{match['number']}", match["file"]) if match else ("", name)


def _take(submission: Submission, name: str, read: Reader, wanted: dict[str, set[str]]) -> None:
    """Put a notebook where it belongs; of two for the same place the one with more of its cells counts."""
    try:
        content = read()
    except Exception as error:  # of many kinds: of the system, of zip files, of what packs them
        submission.notes.append(f"{name} cannot be read ({error})")
        return
    if content is None:
        submission.notes.append(f"{name} is larger than {LARGEST >> 20} MB and was not read")
        return
    try:
        mine = handed(parsed(_small(content)))
    except Exception as error:  # of many kinds
        target = _by_name(name, wanted)
        if target:
            why = f"{type(error).__name__}: {error}".partition("\n")[0][:200]
            submission.notebooks.setdefault(target, Handed(problem=f"{name} is no Jupyter notebook ({why})"))
        return
    target = _by_name(name, wanted) or _by_cells(mine, wanted)
    if not target:
        submission.notes.append(f"{name} is none of the assignment's notebooks")
        return
    before = submission.notebooks.get(target)
    if before is not None and before.cells:
        submission.notes.append(f"two notebooks for {target}; the one with more of its cells counts")
        if _shared(before, wanted[target]) >= _shared(mine, wanted[target]):
            return
    submission.notebooks[target] = mine


def _small(content: bytes) -> bytes:
    parts = content.count(b"{") + content.count(b"[")
    if parts > MOST_PARTS:
        raise ValueError(f"it has {parts:,} parts; allowed: {MOST_PARTS:,}")
    return content


def handed(notebook: NotebookNode) -> Handed:
    """What counts of a notebook: its cells' sources. Raises ValueError for too much."""
    cells = tuple((str(c.get("id", "")), str(c.cell_type), str(c.source)) for c in notebook.cells)
    if sum(len(source) for _, _, source in cells) > MOST_SOURCE:
        raise ValueError(f"its cells hold more than {MOST_SOURCE:,} characters")
    return Handed(tuple(source for _, kind, source in cells if kind == "code"), cells)


def _by_name(name: str, wanted: dict[str, set[str]]) -> str:
    stem = _AGAIN.sub("", PurePosixPath(name).stem)
    return next((target for target in wanted if PurePosixPath(target).stem == stem), "")


def _by_cells(handed: Handed, wanted: dict[str, set[str]]) -> str:
    """The notebook of which most cells are there; none where it is no quarter of them."""
    best = max(wanted, key=lambda target: _shared(handed, wanted[target]))
    return best if 4 * _shared(handed, wanted[best]) >= len(wanted[best]) else ""


def _shared(handed: Handed, ids: set[str]) -> int:
    return len(ids & {cell for cell, _, _ in handed.cells})


def changes(handed: Handed, given: list[dict[str, Any]]) -> tuple[list[int], list[int]]:
    """Of the cells as they were handed out, by their place from 1: which are missing, and which were changed.

    Those where students write are never among the changed. A cell is known by its id; where a program has dropped the
    ids, by what stands in it.
    """
    here = {cell: cell_digest(kind, source) for cell, kind, source in handed.cells}
    digests = set(here.values())
    known = any(cell["id"] in here for cell in given)
    gone = [n for n, cell in enumerate(given, 1) if known and cell["id"] not in here and cell["digest"] not in digests]
    other = [n for n, cell in enumerate(given, 1) if n not in gone and cell["digest"] not in digests]
    return gone, [n for n in other if "yours" not in given[n - 1]]
