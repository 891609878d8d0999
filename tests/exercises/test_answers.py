"""Every check accepts right answers, however they are written, and rejects each planted wrong one by name."""

import importlib
import inspect
import pkgutil

import pytest

import lthedu.exercises
from lthedu.exercises import exercises
from lthedu.exercises.core import Attempt, Exercise, Planted, Wrong

for module in pkgutil.iter_modules(lthedu.exercises.__path__):
    if module.name.endswith("_answers"):  # importing it registers the answers
        importlib.import_module(f"lthedu.exercises.{module.name}")
ALL = exercises()


def each(kind: str) -> list:
    pairs = [(e, a) for e in ALL for a in getattr(e, kind)]
    names = [a.function.__name__ if isinstance(a, Planted) else a.__name__ for _, a in pairs]
    return [pytest.param(e, a, id=f"{e.number} {name}") for (e, a), name in zip(pairs, names, strict=True)]


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.number)
def test_the_reference_passes_whatever_the_seed(exercise: Exercise) -> None:
    for seed in range(5):
        exercise.check(Attempt(exercise.reference, seed))


@pytest.mark.parametrize(("exercise", "answer"), each("right"))
def test_a_differently_written_right_answer_passes(exercise: Exercise, answer) -> None:
    exercise.check(Attempt(answer))


@pytest.mark.parametrize(("exercise", "planted"), each("wrong"))
def test_a_wrong_answer_meets_its_own_diagnosis(exercise: Exercise, planted: Planted) -> None:
    for seed in range(3):
        with pytest.raises(Wrong) as caught:
            exercise.check(Attempt(planted.function, seed))
        assert planted.meets in caught.value.message


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.number)
def test_every_exercise_is_complete(exercise: Exercise) -> None:
    assert len(exercise.wrong) >= 4
    assert len(exercise.right) >= 2
    assert len(set(exercise.hints)) == 3
    assert all(exercise.hints)
    assert 5 <= exercise.minutes <= 20
    assert inspect.getdoc(exercise.reference)


@pytest.mark.parametrize("exercise", [e for e in ALL if e.given], ids=lambda e: e.number)
def test_the_code_with_the_bug_fails_its_own_check(exercise: Exercise) -> None:
    with pytest.raises(Wrong) as caught:
        exercise.check(Attempt(exercise.given))
    assert any(planted.meets in caught.value.message for planted in exercise.wrong)
