"""Where a learner stands: the record read beside the list of exercises, in words and as data."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import lthedu
from lthedu.course.boxes import Table
from lthedu.course.catalogue import exercises
from lthedu.course.record import FORMAT, PAUSE, Document, Entry, entries

COLUMNS = ("Exercise", "Title", "Where you stand", "Tries", "Hints", "Minutes", "Passed")
MEANING = (
    "What this table counts:",
    "Until you pass an exercise (✗, ○), its lesson uses the course's own function.",
    "A try is an answer that differs from those before; checking the same one again does not count. After a pass "
    "nothing more is counted.",
    "Minutes are the time before each try or hint, back to the check or hint before it or to the start of the "
    f"notebook. Pauses of more than {PAUSE / 60:.0f} minutes are left out.",
)


@dataclass(frozen=True)
class Standing:
    """How one exercise stands."""

    number: str  # its name, where this version of the course does not have it
    title: str
    entry: Entry
    name: str = ""
    in_course: bool = True  # False: recorded, but this version of the course does not have it

    @property
    def state(self) -> str:
        """One of: passed, passed after the solution, tried, not attempted."""
        if self.entry.passed:
            return "passed after the solution" if self.entry.solution else "passed"
        return "tried" if self.entry.tries else "not attempted"

    @property
    def lesson(self) -> int | None:
        """The number of its lesson, 2 for exercise 2.1; None where this version of the course has no such exercise."""
        return int(self.number.partition(".")[0]) if self.in_course else None

    def row(self) -> tuple[str, ...]:
        """Its row of the table, in words."""
        words = {
            "passed": "✓ passed",
            "passed after the solution": "✓ passed after solution",
            "tried": "✗ tried, not passed",
            "not attempted": "○ not attempted",
        }[self.state]
        if self.entry.solution and not self.entry.passed:
            words += ", solution seen"
        if not self.in_course:
            words += ", not in this version"
        e = self.entry
        when = datetime.fromisoformat(e.passed).astimezone().strftime("%Y-%m-%d") if e.passed else ""
        started = e.tries or e.hints
        return self.number, self.title, words, str(e.tries), str(e.hints), _minutes(e.seconds) if started else "", when


def standings(document: Document, lesson: int | str | None = None) -> list[Standing]:
    """Every exercise of the course, or of one lesson, and every other one that the document knows, last.

    Raises ValueError, with the lessons there are, for a lesson without exercises.
    """
    recorded = entries(document)
    found = [Standing(e.number, e.title, recorded.pop(e.name, Entry()), e.name) for e in exercises()]
    found += [Standing(name, e.title, e, name, in_course=False) for name, e in sorted(recorded.items())]
    if lesson is None:
        return found
    of_lesson = [s for s in found if s.lesson == lesson]
    if not of_lesson:
        there = ", ".join(str(n) for n in sorted({s.lesson for s in found if s.lesson is not None}))
        raise ValueError(f"there is no lesson {lesson} with exercises; there are: {there}")
    return of_lesson


def rows(found: Sequence[Standing]) -> list[tuple[str, ...]]:
    """The table's rows; of several lessons, one in which nothing was begun has a single row.

    >>> begun, others = Standing("2.1", "The loop", Entry(hints=1)), (Standing(f"3.{i}", "", Entry()) for i in (1, 2))
    >>> rows([begun, *others])
    [('2.1', 'The loop', '○ not attempted', '0', '1', '0', ''),
     ('3.1-3.2', '2 exercises', '○ not attempted', '', '', '', '')]
    """
    made: list[tuple[str, ...]] = []
    several = len({s.lesson for s in found}) > 1
    for _, group in itertools.groupby(found, key=lambda s: s.lesson):
        of_lesson = list(group)
        if several and len(of_lesson) > 1 and not any(s.entry.tries or s.entry.hints for s in of_lesson):
            numbers = f"{of_lesson[0].number}-{of_lesson[-1].number}"
            made.append((numbers, f"{len(of_lesson)} exercises", "○ not attempted", "", "", "", ""))
        else:
            made += [s.row() for s in of_lesson]
    return made


def summary(found: Sequence[Standing]) -> str:
    """The totals in one sentence.

    >>> summary([Standing("2.1", "The loop", Entry(answers=["a", "b"], passed="2026-01-01T00:00:00+00:00"))])
    'Passed: 1 of 1 exercise. Tries: 2. Hints: 0. Minutes: 0.'
    """
    passed = [s for s in found if s.entry.passed]
    late = sum(s.state == "passed after the solution" for s in found)
    tries, hints = sum(s.entry.tries for s in found), sum(s.entry.hints for s in found)
    return (
        f"Passed: {len(passed)} of {len(found)} exercise{'s' * (len(found) != 1)}"
        f"{f', {late} of them after seeing the solution' if late else ''}. Tries: {tries}. Hints: {hints}. "
        f"Minutes: {_minutes(sum(s.entry.seconds for s in found))}."
    )


def table(found: Sequence[Standing], notes: Sequence[str]) -> Table:
    """The table that a lesson shows."""
    return Table("Your progress", COLUMNS, tuple(rows(found)), (summary(found), *notes), MEANING)


def as_data(found: Sequence[Standing]) -> dict[str, Any]:
    """All of it for another program: numbers, words and dates, nothing of the learner's answers."""
    return {
        "lthedu progress": FORMAT,
        "version": lthedu.__version__,
        "exercises": [
            {
                "exercise": s.number,
                "name": s.name,
                "lesson": s.lesson,
                "title": s.title,
                "in course": s.in_course,
                "state": s.state,
                "tries": s.entry.tries,
                "hints": s.entry.hints,
                "minutes": round(s.entry.seconds / 60, 1),
                "solution seen": s.entry.solution,
                "passed": s.entry.passed,
                "version": s.entry.version,
            }
            for s in found
        ],
        "passed": sum(bool(s.entry.passed) for s in found),
        "of": len(found),
        "minutes": round(sum(s.entry.seconds for s in found) / 60, 1),
    }


def _minutes(seconds: float) -> str:
    return "under 1" if 0 < seconds < 60 else f"{seconds / 60:.0f}"
