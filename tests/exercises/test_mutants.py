"""Every check rejects the mutants of its exercise's reference, but for those that compute the same.

These are listed in `tests/lessons/NAME/equivalent.py`: `{exercise: {reason: [mutant, ...]}}`. Without
`-m full` only an exercise is held that was changed since it last passed, in its check or in its reference;
`pytest -m full tests/exercises/test_mutants.py --remember` notes in `tests/lessons/NAME/mutants.json` what passes.
"""

import functools
import hashlib
import inspect
import json
import runpy
import warnings
from pathlib import Path
from typing import Any

import pytest
from exercises.mutants import mutants, parts
from exercises.wrapped import ignoring

from lthedu.course.catalogue import exercises, waiting
from lthedu.course.timelimit import TimeUp, time_limit
from lthedu.exercises.core import Attempt, Exercise, Raised, Wrong, copied

LESSONS = Path(__file__).parents[1] / "lessons"
LONGEST = 3  # seconds for one check: an endless mutant is rejected, too
EQUIVALENT: dict[str, dict[str, list[str]]] = {}
for _path in LESSONS.glob("*/equivalent.py"):
    EQUIVALENT |= runpy.run_path(str(_path))["EQUIVALENT"]
ALL = exercises() + waiting()
each = pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.number)


@each
def test_a_changed_check_rejects_the_mutants_of_its_reference(exercise: Exercise) -> None:
    if _remembered(exercise).get(exercise.name) != _digest(exercise):
        _rejects_all_but_equivalents(exercise)


@pytest.mark.full
@each
def test_a_check_rejects_the_mutants_of_its_reference(exercise: Exercise, request: pytest.FixtureRequest) -> None:
    _rejects_all_but_equivalents(exercise)
    if request.config.getoption("remember", default=False):
        seen = _remembered(exercise) | {exercise.name: _digest(exercise)}
        mine = {e.name: seen[e.name] for e in ALL if e.lesson == exercise.lesson and e.name in seen}
        _notes(exercise).write_text(json.dumps(mine, indent=2) + "\n")


def test_what_is_listed_as_equivalent_is_of_an_exercise_and_has_a_reason() -> None:
    assert {*EQUIVALENT} <= {exercise.name for exercise in ALL}
    assert all(reason.endswith(".") for of in EQUIVALENT.values() for reason in of)


def _rejects_all_but_equivalents(exercise: Exercise) -> None:
    found = mutants(exercise.reference, _first_call(exercise))
    assert len(found) >= 4
    accepted = {name for name, mutant in found.items() if _accepted(exercise, mutant)}
    listed = {name for names in EQUIVALENT.get(exercise.name, {}).values() for name in names}
    assert sorted(accepted - listed) == [], "accepted, and not listed as equivalent"
    assert sorted(listed - accepted) == [], "listed as equivalent, and rejected or no longer there"


def _accepted(exercise: Exercise, answer: Any) -> bool:
    try:
        with warnings.catch_warnings(), time_limit(LONGEST):
            warnings.simplefilter("ignore")  # what a mutant warns of
            exercise.check(Attempt(answer))
    except (Wrong, Raised, TimeUp):
        return False
    return True


def _first_call(exercise: Exercise) -> tuple[Any, ...]:
    """The arguments that the check gives first."""
    calls = []

    @functools.wraps(exercise.reference)
    def recorded(*args: Any) -> Any:
        calls.append(tuple(map(copied, args)))
        return exercise.reference(*args)

    exercise.check(Attempt(recorded))
    return calls[0]


def _notes(exercise: Exercise) -> Path:
    return LESSONS / exercise.lesson / "mutants.json"


def _remembered(exercise: Exercise) -> dict[str, str]:
    path = _notes(exercise)
    return json.loads(path.read_text()) if path.exists() else {}


def _digest(exercise: Exercise) -> str:
    """Of the mutated functions, of the modules of the check and of the mutants, and of what is listed."""
    sources = [*parts(exercise.reference), *map(inspect.getmodule, (exercise.judge, mutants, ignoring))]
    texts = [*map(inspect.getsource, sources), json.dumps(EQUIVALENT.get(exercise.name))]
    return hashlib.sha256("".join(texts).encode()).hexdigest()[:16]
