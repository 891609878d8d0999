"""The learner's record: what was passed, and how, in one JSON file of the learner's own folder.

It is read and written on this machine alone. A lesson never stops for it: where it cannot be read or written, the
record goes on in memory, and says so once.
"""

import copy
import json
import math
import os
import re
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import lthedu
from lthedu.base.files import write_whole
from lthedu.course.folder import OWN_FOLDER, PATIENCE, locked, unused
from lthedu.course.format1 import NAMES

Did = Literal["looked", "hint", "tried", "passed", "solution"]  # "looked": a check of nothing yet

FILE = "progress.json"
FORMAT = 2
PAUSE = 20 * 60.0  # seconds without a check or hint, from which on the time does not count as work

_KEY = r"[^\W\d]\w{0,99}|\d{1,3}\.\d{1,3}"  # a name; or a number of format 1 that was no exercise of the course
Document = dict[str, Any]  # {"lthedu progress": FORMAT, "clock": seconds since 1970, "exercises": {name: entry}}


class Refused(ValueError):
    """A file that holds no progress which this version of the course can read."""


class Newer(Refused):
    """A file that a newer version of the course wrote."""


@dataclass
class Entry:
    """How one exercise stands. Nothing of it changes after it was passed."""

    title: str = ""
    answers: list[str] = field(default_factory=list)  # a digest of each different answer that was checked
    hints: int = 0  # the furthest that was seen, of three
    seconds: float = 0.0  # at work, see `noted`
    solution: str | None = None  # when it was first seen, if that was before the exercise was passed
    passed: str | None = None  # when
    version: str | None = None  # of the course, then

    @property
    def tries(self) -> int:
        """How many different answers were checked, the one that passed included."""
        return len(self.answers)


@dataclass(frozen=True)
class Event:
    """Something that the learner did with an exercise."""

    exercise: str
    title: str
    kind: Did
    at: float  # seconds since 1970
    since: float = 0.0  # when this kernel began
    answer: str = ""
    hints: int = 0


def noted(document: Document, event: Event) -> Document:
    """`document` with `event` in it.

    Time at work is what lies between two events, whichever exercise or lesson the earlier one belonged to, and goes to
    the exercise of the later one. Gaps of more than PAUSE are left out; so are those before a check that brings nothing
    new: an empty function, an answer checked before, or an exercise that is passed.

    >>> first = noted(empty(), Event("find_tickets", "The loop", "looked", at=1000.0))
    >>> later = noted(first, Event("find_tickets", "The loop", "passed", at=1060.0, answer="a"))
    >>> entries(later)["find_tickets"].seconds, entries(later)["find_tickets"].tries
    (60.0, 1)
    """
    document = copy.deepcopy(document)
    began = max(document["clock"], event.since)
    gap = event.at - began if began and 0 <= event.at - began <= PAUSE else 0.0
    document["clock"] = event.at
    there = document["exercises"].get(event.exercise, {})
    entry = _entry(there)
    before = copy.deepcopy(entry)
    entry.title = event.title
    if entry.passed is None:
        if event.kind in ("tried", "passed") and event.answer not in entry.answers:
            entry.answers.append(event.answer)
        entry.hints = max(entry.hints, event.hints)
        if event.kind == "solution" and entry.solution is None:
            entry.solution = _iso(event.at)
        if event.kind == "passed":
            entry.passed, entry.version = _iso(event.at), lthedu.__version__
        if entry != before:
            entry.seconds = round(entry.seconds + gap, 1)
    if event.kind != "looked" or there:
        document["exercises"][event.exercise] = there | asdict(entry)  # what a later version added stays
    return document


def empty() -> Document:
    """A document in which nothing has happened."""
    return {"lthedu progress": FORMAT, "clock": 0.0, "exercises": {}}


def entries(document: Document) -> dict[str, Entry]:
    """The entries of a document, by name of exercise."""
    return {name: _entry(entry) for name, entry in document["exercises"].items()}


def read(path: Path) -> Document:
    """The document in `path`; an empty one where there is no file.

    A file of format 1, whose exercises had numbers, is read as if it had their names. Raises Refused, naming the file
    and what is wrong with it, and Newer for one of a newer version of the course.
    """
    try:
        text = path.read_bytes().decode()
    except FileNotFoundError:
        return empty()
    except UnicodeDecodeError:
        raise Refused(f"{path} is damaged: it is no text") from None
    try:
        document = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Refused(f"{path} is damaged: {error}") from None
    written = document.get("lthedu progress") if isinstance(document, dict) else None
    if type(written) is not int or written < 1:
        raise Refused(f"{path} is not a progress file of lthedu")
    if written > FORMAT:
        raise Newer(f"{path} was written by a newer lthedu (format {written}; this one knows {FORMAT})")
    try:
        if not _is_time(document["clock"]):
            raise TypeError(f"clock is {document['clock']!r}")
        if written == 1:
            document["exercises"] = {NAMES.get(number, number): e for number, e in document["exercises"].items()}
            document["lthedu progress"] = FORMAT
        if strange := [name for name in document["exercises"] if not re.fullmatch(_KEY, name)]:
            raise TypeError(f"{strange[0]!r} is no name of an exercise")
        entries(document)
    except (KeyError, TypeError, AttributeError) as error:
        raise Refused(f"{path} is damaged: {error}") from None
    return document  # type: ignore[no-any-return]


class Record:
    """The record of one kernel: what `folder` holds, or only its own memory where `folder` is None."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.path = folder / OWN_FOLDER / FILE if folder else None
        self.began = time.time()
        self.trouble = ""  # why the last event is not in the file
        self.put_aside = ""  # what became of a damaged file
        self._known = empty()  # what the file held when it was last read
        self._waiting: list[Event] = []  # what is not in the file yet

    def add(self, event: Event) -> Entry:
        """Note the event, in the file where that is possible, and return how its exercise stands."""
        self._waiting.append(event)
        if self.path is not None and self.folder is not None:
            try:
                with locked(self.folder, patience=1.0 if self.trouble else PATIENCE):
                    self._known = self._from_disk()
                    after = self._with_waiting()
                    write_whole(self.path, json.dumps(after, indent=1), mode=0o600)
                self._known, self._waiting, self.trouble = after, [], ""
            except (OSError, Refused) as error:
                self.trouble = _in_words(error)
        return self.entry(event.exercise)

    def entry(self, name: str) -> Entry:
        """How the exercise of that name stands."""
        return entries(self.document()).get(name, Entry())

    def document(self) -> Document:
        """All that is known: the file's content, if it can be read now, and what could not be written to it."""
        if self.path is not None:
            try:
                self._known = read(self.path)
            except (OSError, Refused) as error:
                self.trouble = _in_words(error)
        return self._with_waiting()

    def _with_waiting(self) -> Document:
        document = self._known
        for event in self._waiting:
            document = noted(document, event)
        return document

    def _from_disk(self) -> Document:
        """The file's document. One that cannot be read is put aside under another name, never written over."""
        assert self.path is not None
        try:
            return read(self.path)
        except Newer:
            raise
        except Refused as error:
            aside = unused(self.path.with_name(f"progress-damaged{self.path.suffix}"))
            os.rename(self.path, aside)
            self.put_aside = f"{error}. It is kept as {aside.name}, and a new one was begun."
            return self._known


def _in_words(error: Exception) -> str:
    named = isinstance(error, OSError) and error.filename and error.strerror
    return f"{error.filename}: {error.strerror}" if named else str(error)  # type: ignore[attr-defined]


def _entry(values: dict[str, Any]) -> Entry:
    """The entry that `values` hold. Raises TypeError, naming it, for a value of a wrong kind."""
    known = {name: value for name, value in values.items() if name in Entry.__dataclass_fields__}
    entry = Entry(**copy.deepcopy(known))
    kinds = {
        "title": type(entry.title) is str,
        "answers": type(entry.answers) is list and all(type(a) is str for a in entry.answers),
        "hints": type(entry.hints) is int and entry.hints >= 0,
        "seconds": _is_time(entry.seconds),
        "solution": entry.solution is None or _is_date(entry.solution),
        "passed": entry.passed is None or _is_date(entry.passed),
        "version": entry.version is None or type(entry.version) is str,
    }
    for name, good in kinds.items():
        if not good:
            raise TypeError(f"{name} is {getattr(entry, name)!r}")
    return entry


def _is_time(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and value >= 0  # type: ignore[operator, arg-type]


def _is_date(value: object) -> bool:
    try:
        date = datetime.fromisoformat(value)  # type: ignore[arg-type]
        return date.tzinfo is not None and 1 < date.year < 9999  # else the local time may not exist
    except (TypeError, ValueError):
        return False


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")
