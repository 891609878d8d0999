"""In an assignment's notebook: which exercises are assigned, in which contract, and who hands it in."""

import hashlib
import json
import unicodedata
from pathlib import Path
from typing import Any

from lthedu.base.arguments import typed
from lthedu.course.boxes import Box, show_box
from lthedu.course.catalogue import find
from lthedu.exercises.core import Exercise

FILE = "assignment.json"
FORMAT = 1
ABOUT = "assignment-text"  # id of the cell that tells deadline and points
_WHO = (
    'Type your id between the quotes of student="" in the second cell, and run that cell: the id decides what is asked '
    "of you."
)
_tasks: dict[str, Exercise] = {}  # in this kernel, by name: what `assignment` found
_missing: list[str] = []  # in this kernel: what keeps `assignment` from telling what is assigned


@typed
def assignment(name: str, student: str = "") -> None:
    """Begin the assignment `name`, whose file `assignment.json` lies beside the notebook; `student` is your id.

    From here on `check` puts nothing in the place of an assigned exercise. Where the file is missing, damaged or of
    another assignment, or the id is missing, a box says so, and `check` judges nothing until it is there.
    """
    try:
        document = _document(name)
        _missing[:] = [_WHO] if document["variants"] and not student.strip() else []
    except ValueError as error:
        _missing[:] = [str(error)]
    if _missing:
        show_box(Box("open", f"Assignment {name} cannot begin yet.", _missing[0]))
        return
    _tasks.update(tasks(document, student))
    lines = [f"{e.number} ({_points(document, e)}): {e.contract}" for e in _tasks.values() if e.contract]
    words = "Where your assignment asks for something else than the lesson's text, it is this:" if lines else ""
    due = f"Due {document['deadline']}."
    who = f", {student.strip()}" if student.strip() else ""
    show_box(Box("note", f"Assignment {name}{who}.", words, due, code="\n".join(lines)))


def _document(name: str) -> dict[str, Any]:
    """What the file beside the notebook says. Raises ValueError, in words for the student, where it is not `name`'s."""
    if not Path(FILE).is_file():
        raise ValueError(
            f"{FILE} is not beside this notebook. Unpack the whole of the assignment's zip again, keep what it holds "
            "in one folder, and open the notebook from there."
        )
    document = read(Path(FILE))
    if document["assignment"] != name:
        raise ValueError(
            f"The {FILE} beside this notebook is of the assignment {document['assignment']}, and this notebook of "
            f"{name}. Unpack each assignment's zip into a folder of its own."
        )
    return document


def read(path: Path) -> dict[str, Any]:
    """What an assignment's file says. Raises ValueError, naming it, for what is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] != FORMAT:
            raise ValueError(f"its format is {found['format']}; allowed: {FORMAT}")
        _ = found["assignment"], found["exercises"], found["notebooks"], found["variants"], found["salt"]
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no assignment's file, or a damaged one ({error})") from error
    return dict(found)


def asked(document: dict[str, Any]) -> dict[str, Any]:
    """What must stay as students have it: all but the deadline, the points, and the cell that tells them."""
    numbers = {name: e["number"] for name, e in document["exercises"].items()}
    notebooks = {name: [c for c in cells if c["id"] != ABOUT] for name, cells in document["notebooks"].items()}
    written = sorted(document["written"])
    return document | {"deadline": "", "exercises": numbers, "written": written, "notebooks": notebooks}


def tasks(document: dict[str, Any], student: str) -> dict[str, Exercise]:
    """The assigned exercises by name, each in the contract of this student."""
    return {name: contract(find(name), document, student) for name in document["exercises"]}


def contract(exercise: Exercise, document: dict[str, Any], student: str) -> Exercise:
    """The exercise as this student has it: of its other contracts one, by a hash of the id.

    >>> from lthedu.course.catalogue import find
    >>> contract(find("2.1"), {"variants": False}, "ada") is find("2.1")
    True
    """
    others = exercise.variants if document["variants"] else []
    if not others:
        return exercise
    words = f"{document['salt']}:{exercise.name}:{identity(student)}"
    return others[int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big") % len(others)]


def identity(student: str) -> str:
    """An id as it counts: without spaces around it, in lower case, and in one of Unicode's ways to write it.

    >>> identity(" Jose\u0301 ") == identity("JOSÉ")
    True
    """
    return unicodedata.normalize("NFKC", student).strip().casefold()


def task(exercise: Exercise) -> Exercise | None:
    """The exercise in the contract that is assigned in this kernel; None where it is not."""
    return _tasks.get(exercise.name)


def missing() -> str:
    """In a notebook of an assignment: what keeps it from being known what is assigned. "" in all others."""
    return _missing[0] if _missing else ""


def _points(document: dict[str, Any], exercise: Exercise) -> str:
    points = document["exercises"][exercise.name]["points"]
    return f"{points:g} point{'' if points == 1 else 's'}"
