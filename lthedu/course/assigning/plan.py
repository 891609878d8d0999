"""What a lecturer assigns, read from one small file: lessons, exercises with points, written questions, a deadline."""

import json
import tomllib
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from lthedu.course.catalogue import exercises
from lthedu.course.workspace import find_lesson
from lthedu.exercises.core import Exercise

EXAMPLE = """lessons = ["02", "09"]
deadline = 2026-12-14 # only told: your platform says who is late
variants = true       # another contract by each student's id, where an exercise has one
experiment = "once"   # the whole lessons; "none" leaves the exercises and the text before each

[exercises]          # and their points
"2.1" = 3
"2.2" = 2
"2.3" = 3
"9.1" = 3
"9.2" = 2
"9.4" = 2
"9.5" = 2
"9.6" = 3

[written.page]       # a question that a person marks, and its points
points = 20
question = "What would you have to see before you believed this of a large model?"
"""
KEYS = ("lessons", "deadline", "variants", "experiment", "exercises", "written")


@dataclass(frozen=True)
class Written:
    """A question that is answered in words and marked by a person."""

    name: str
    points: float
    question: str


@dataclass(frozen=True)
class Plan:
    """An assignment as its file says. `name` is the file's, and marks whatever is made of it."""

    name: str
    lessons: tuple[Path, ...]
    points: dict[str, float]  # by the exercise's name
    deadline: str
    variants: bool = False
    experiment: Literal["none", "once"] = "once"
    written: tuple[Written, ...] = ()

    @property
    def exercises(self) -> list[Exercise]:
        """In the course's order."""
        return [e for e in exercises() if e.name in self.points]


def read_plan(path: Path) -> Plan:
    """The assignment that the file says. Raises ValueError, naming the file, the value and what is allowed."""
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no TOML file: {error}") from error
    if not path.stem.isidentifier():
        raise ValueError(f"{path.name}: the name marks the assignment; allowed: letters, digits and _, as in ps1.toml")
    try:
        return _plan(path.stem, said)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _plan(name: str, said: dict[str, Any]) -> Plan:
    for key in said:
        if key not in KEYS:
            raise ValueError(f"{key!r} is no setting; allowed: {', '.join(KEYS)}")
    lessons = said.get("lessons")
    if not isinstance(lessons, list) or not lessons or not all(isinstance(one, str) for one in lessons):
        raise ValueError(f'lessons is {lessons!r}; allowed: numbers or names in quotes, as in ["02", "09"]')
    paths = tuple(find_lesson(one) for one in lessons)
    experiment = said.get("experiment", "once")
    if experiment not in ("none", "once"):
        raise ValueError(f'experiment is {experiment!r}; allowed: "none", "once"')
    variants = said.get("variants", False)
    if not isinstance(variants, bool):
        raise ValueError(f"variants is {variants!r}; allowed: true, false")
    points = _points(said.get("exercises"), paths)
    written = tuple(_written(key, value) for key, value in _table(said, "written").items())
    return Plan(name, paths, points, _deadline(said.get("deadline")), variants, experiment, written)


def _table(said: dict[str, Any], key: str) -> dict[str, Any]:
    found = said.get(key, {})
    if not isinstance(found, dict):
        raise ValueError(f"{key} is {found!r}; allowed: a table, begun by [{key}]")
    return found


def _points(said: Any, lessons: tuple[Path, ...]) -> dict[str, float]:
    if not isinstance(said, dict) or not said:
        raise ValueError(f'exercises is {said!r}; allowed: a table of numbers and their points, as in "2.1" = 3')
    known = {e.number: e for e in exercises() if any(path.stem[3:] == e.lesson for path in lessons)}
    found = {}
    for number, points in said.items():
        if number not in known:
            raise ValueError(f"there is no exercise {number!r} in these lessons; there are: {', '.join(known)}")
        found[known[number].name] = _number(points, f"the points of {number}")
    return found


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1000:
        raise ValueError(f"{what} are {value!r}; allowed: a number from 0 to 1000")
    return value


def _written(name: str, said: Any) -> Written:
    if not isinstance(said, dict) or set(said) != {"points", "question"} or not isinstance(said["question"], str):
        raise ValueError(f"written.{name} is {said!r}; allowed: points, and a question in quotes")
    if not name.isidentifier():
        raise ValueError(f"written.{name}: a name is made of letters, digits and _")
    return Written(name, _number(said["points"], f"the points of {name}"), said["question"])


def _deadline(said: Any) -> str:
    if isinstance(said, date | datetime):
        return said.isoformat()
    try:
        return datetime.fromisoformat(said).isoformat()
    except (TypeError, ValueError):
        raise ValueError(f"deadline is {said!r}; allowed: a date, as in 2026-12-14, or a date and a time") from None


def as_json(document: dict[str, Any]) -> str:
    """The one form in which an assignment's files are written."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
