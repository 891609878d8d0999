"""What came in: a folder of folders, single notebooks, or the zip of a learning platform. Notebooks, and nothing else.

A notebook is found by its file name, whatever a platform put around it, or else by the cells that it holds.
"""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from nbformat import NotebookNode

from lthedu.course.assigning.student import cell_digest
from lthedu.course.notebooks import parsed
from lthedu.course.told import registered

LARGEST = 40 * 2**20  # bytes of a notebook: figures are stored in it
MOST_SOURCE = 2**20  # characters of all its cells
MOST_PARTS = 200_000  # lists and objects in it: each takes a hundred bytes of memory or more
MOST_NOTEBOOKS = 50  # that are read of one student
MOST_NAMED = 12  # files that are no notebooks
# Moodle: "Ada Lovelace_4711_assignsubmission_file_/x.ipynb", or "..._file_x.ipynb" where it makes no folders
# Canvas: "lovelaceada_LATE_4711_8_x.ipynb"
_MOODLE = re.compile(r"^(?P<who>.+?)_(?P<number>\d+)_assignsubmission_(file|onlinetext)(_(?P<file>.*))?$")
_CANVAS = re.compile(r"^(?P<who>[^_]+)(?P<late>_LATE)?_(?P<number>\d+)_\d+_(?P<file>.+)$")
_AGAIN = re.compile(r"(-| ?\(|-Copy)(?P<number>\d+)\)?$")  # what is added to a name that is there already

Reader = Callable[[], bytes | None]  # the content of a file; None where it is too large


@dataclass(frozen=True)
class Handed:
    """One notebook of a student's, or why there is none."""

    sources: tuple[str, ...] = ()  # of the code cells
    cells: tuple[tuple[str, str, str], ...] = ()  # id, kind, source: of all
    problem: str = ""
    file: str = ""
    registered: tuple[tuple[str, str], ...] = ()  # digests of claims, and what is shown of each


@dataclass
class Submission:
    """What one student handed in, by the name of the assignment's notebook.

    `name` tells a student from all others: it ends in the platform's number where there is one, as in "Ada (4711)".
    """

    name: str
    notebooks: dict[str, Handed] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)  # that the student, too, should know of
    files: list[str] = field(default_factory=list)  # the first few that are no notebooks
    who: str = ""
    number: str = ""  # the platform's, of the student
    late: bool = False  # as the platform says


@dataclass(frozen=True)
class _File:
    name: str
    read: Reader
    who: str
    number: str = ""
    late: bool = False


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
        empty = True
        for file in _handed_in(place):
            who, empty = _readable(file.who), False
            name = f"{who} ({file.number})" if file.number else who
            submission = found.setdefault(name, Submission(name, who=who, number=file.number))
            submission.late |= file.late
            for inside, read in _files(file, submission):
                many[name] += inside.endswith(".ipynb")
                if not inside.endswith(".ipynb"):
                    submission.files += [inside] * (len(submission.files) < MOST_NAMED)
                elif many[name] <= MOST_NOTEBOOKS:
                    _take(submission, inside, read, wanted)
        if empty:
            raise ValueError(f"{place} holds no submission: no folder, no notebook and no zip of them")
    for name, submission in found.items():
        if many[name] > MOST_NOTEBOOKS:
            submission.problems.append(f"{many[name]} notebooks; the first {MOST_NOTEBOOKS} were read")
    return sorted(found.values(), key=lambda submission: submission.name)


def _readable(name: str) -> str:
    """The name as UTF-8 can hold it: a byte of another encoding is written out.

    >>> print(_readable("M\\udcfcller"))
    M\\xfcller
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _handed_in(place: Path) -> Iterator[_File]:
    """Every file that was handed in."""
    if place.suffix == ".zip":
        yield from _platforms(place)
        return
    if place.is_file():
        file = _sent(PurePosixPath(place.name), _reader(place))
        yield file if file.who else replace(file, who=place.stem)
        return
    for path in sorted(place.rglob("*")):
        inside = path.relative_to(place)
        if path.is_symlink() or not path.is_file() or any(part.startswith(".") for part in inside.parts):
            continue
        file = _sent(PurePosixPath(inside.as_posix()), _reader(path))
        if file.who:
            yield file
        elif path.suffix == ".zip":
            yield from _platforms(path)


def _platforms(path: Path) -> Iterator[_File]:
    """The files of the zip that a platform made of a class."""
    try:
        archive = zipfile.ZipFile(path)
    except Exception as error:  # of many kinds
        raise ValueError(f"{path} is no zip: {error}") from error
    files = (_sent(inside, read) for inside, read in _entries(archive))
    yield from (file for file in files if file.who)


def _files(file: _File, submission: Submission) -> Iterator[tuple[str, Reader]]:
    """The file's name and what reads it, or those of the files in a zip that the student made."""
    name = _readable(file.name)
    if not name.lower().endswith(".zip"):
        yield name, file.read
        return
    try:
        content = file.read()
        if content is None:
            submission.problems.append(f"{name} is larger than {LARGEST >> 20} MB and was not read")
            return
        for inside, read in _entries(zipfile.ZipFile(io.BytesIO(content))):
            yield _readable(inside.name), read
    except Exception as error:  # of many kinds: a damaged one stops nobody else
        submission.problems.append(f"{name} cannot be read ({error})")


def _entries(archive: zipfile.ZipFile) -> Iterator[tuple[PurePosixPath, Reader]]:
    for info in archive.infolist():
        inside = PurePosixPath(info.filename)
        if not (info.is_dir() or "__MACOSX" in inside.parts or any(part.startswith(".") for part in inside.parts)):
            yield inside, _from(archive, info)


def _reader(path: Path) -> Reader:
    return lambda: path.read_bytes() if path.stat().st_size <= LARGEST else None


def _from(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Reader:
    def read() -> bytes | None:
        with archive.open(info) as file:
            content = file.read(LARGEST + 1)  # whatever size it says it has
        return content if len(content) <= LARGEST else None

    return read


def _sent(inside: PurePosixPath, read: Reader) -> _File:
    """Who sent a file, by where it lies, and its name without what a platform added; no `who` where nobody did."""
    alone = len(inside.parts) == 1
    if match := _MOODLE.match(inside.parts[0]):
        return _File((alone and match["file"]) or inside.name, read, match["who"], match["number"])
    if alone and (match := _CANVAS.match(inside.name)):
        return _File(match["file"], read, match["who"], match["number"], bool(match["late"]))
    if alone:
        return _File(inside.name, read, inside.stem if inside.suffix == ".ipynb" else "")
    return _File(inside.name, read, inside.parts[0])


def _take(submission: Submission, name: str, read: Reader, wanted: dict[str, set[str]]) -> None:
    """Put a notebook where it belongs; of two for the same place the later copy counts."""
    try:
        content = read()
    except Exception as error:  # of many kinds: of the system, of zip files, of what packs them
        submission.problems.append(f"{name} cannot be read ({error})")
        return
    if content is None:
        submission.problems.append(f"{name} is larger than {LARGEST >> 20} MB and was not read")
        return
    try:
        notebook = parsed(_small(content))
        mine = replace(handed(notebook), file=name)
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
    mine = replace(mine, registered=_registered(target, notebook, submission.notes))
    before = submission.notebooks.get(target)
    if before is not None and before.cells == mine.cells:
        return
    if before is not None and before.cells:
        other, mine = sorted((before, mine), key=lambda one: _later(one, wanted[target]))
        submission.problems.append(f"two notebooks for {target}: {mine.file!r} counts, {other.file!r} does not")
    submission.notebooks[target] = mine


def _registered(target: str, notebook: NotebookNode, notes: list[str]) -> tuple[tuple[str, str], ...]:
    """The registered claims that its outputs show, few enough to read; `notes` says what could not be read."""
    try:
        found = tuple(registered(target, notebook).items())
    except Exception as error:  # of many kinds: outputs are whatever somebody wrote
        notes.append(f"{target}: its registered claims could not be read ({type(error).__name__})")
        return ()
    if len(found) > MOST_NAMED:
        notes.append(f"{target}: it shows {len(found)} registered claims; the first {MOST_NAMED} are listed")
    return found[:MOST_NAMED]


def _later(handed: Handed, ids: set[str]) -> tuple[bool, int, int]:
    """What is greater of the copy that counts: it is that notebook at all, its name's number, how many cells it has."""
    again = _AGAIN.search(PurePosixPath(handed.file).stem)
    shared = _shared(handed, ids)
    return 4 * shared >= len(ids), int(again["number"]) if again else 0, shared


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
