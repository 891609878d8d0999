"""The exercises of the course, found by number or by name. A lesson's are imported when they are first asked for."""

import importlib
import pkgutil
from importlib.util import find_spec

import lthedu.lessons
from lthedu.base.course_files import lesson_numbers
from lthedu.exercises.core import Exercise, registered


def exercises() -> list[Exercise]:
    """All exercises of the lessons that have a notebook, by number."""
    numbers = lesson_numbers()
    for lesson in numbers:
        _import(lesson)
    mine = [e for e in registered().values() if e.lesson in numbers]
    return sorted(mine, key=lambda e: [int(n) for n in e.number.split(".")])


def waiting() -> list[Exercise]:
    """The exercises of folders whose notebook is still to come: tested like all others, and shown to no learner.

    >>> [exercise.number for exercise in waiting()]
    []
    """
    numbers = lesson_numbers()
    lessons = [m.name for m in pkgutil.iter_modules(lthedu.lessons.__path__) if m.ispkg and m.name not in numbers]
    for lesson in lessons:
        _import(lesson)
    return [e for e in registered().values() if e.lesson in lessons]


def find(wanted: str) -> Exercise:
    """The exercise of that number or name. Raises ValueError, with those there are, where there is none.

    >>> find("2.1").title, find("find_tickets").number
    ('The loop that finds tickets', '2.1')
    """
    if not isinstance(wanted, str):
        raise ValueError(f'an exercise\'s number is written in quotes: "{wanted}", not {wanted}')
    for lesson, number in lesson_numbers().items():
        if wanted.partition(".")[0] == str(number):
            _import(lesson)
    for among in (registered().values(), exercises()):
        for found in among:
            if wanted in (found.name, found.number):
                return found
    raise ValueError(f"there is no exercise {wanted!r}; there are: {', '.join(_by_lesson())}")


def _by_lesson() -> list[str]:
    """The numbers of each lesson's first and last exercise, such as "2.1 to 2.4"."""
    numbers: dict[str, list[str]] = {}
    for one in exercises():
        numbers.setdefault(one.number.partition(".")[0], []).append(one.number)
    return [f"{some[0]} to {some[-1]}" for some in numbers.values()]


def meant(number: str, function: object) -> Exercise:
    """The exercise that a learner's function answers: the one of its name, else the one of that number.

    In a copy that is older than the course, the number may by now be another exercise's.

    >>> def rewind(snapshots, mask, step): ...
    >>> meant("3.99", rewind).title, meant("3.2", lambda *args: 0).name
    ('Rewind, bit for bit', 'rewind')
    """
    name = getattr(function, "__name__", "")
    for lesson, n in lesson_numbers().items():
        if isinstance(number, str) and number.partition(".")[0] == str(n):
            _import(lesson)
    if name.isidentifier() and name not in registered():
        exercises()
    return registered()[name] if name in registered() else find(number)


def _import(lesson: str) -> None:
    if find_spec(f"lthedu.lessons.{lesson}.exercises"):
        importlib.import_module(f"lthedu.lessons.{lesson}.exercises")
