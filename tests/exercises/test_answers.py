"""Every check accepts right answers, however they are written, and tells each wrong one what is wrong with it."""

import functools
import inspect

import numpy as np
import pytest
import torch
from answers import RIGHT, TOLD
from forms import FORMS, answering

from lthedu.course.catalogue import exercises, waiting
from lthedu.exercises import core
from lthedu.exercises.compare import examples
from lthedu.exercises.core import Attempt, Exercise, Raised, Wrong
from lthedu.exercises.values import alike

ALL = exercises() + waiting()
BY_NAME = {e.name: e for e in ALL}
each = pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.number)


@each
def test_right_answers_pass_whatever_the_seed_and_however_they_are_written(exercise: Exercise) -> None:
    assert len(RIGHT[exercise.name]) >= 2
    for seed in range(3):
        exercise.check(Attempt(exercise.reference, seed))
    for answer in RIGHT[exercise.name]:
        exercise.check(Attempt(answer))


@each
def test_a_right_answer_passes_in_every_kind_of_number_and_sequence(exercise: Exercise) -> None:
    for form in FORMS:
        exercise.check(Attempt(answering(exercise.reference, form)))


@each
def test_right_answers_pass_whatever_the_notebook_has_set(exercise: Exercise) -> None:
    """The settings of torch are not the answer's."""
    try:
        torch.set_default_dtype(torch.float64)
        with torch.no_grad(), np.errstate(all="raise"):
            exercise.check(Attempt(exercise.reference))
            assert not torch.is_grad_enabled()
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


@each
def test_a_mistake_is_told_what_it_is(exercise: Exercise) -> None:
    """So no two mistakes with different words give the same on every case, and none gives what the reference does."""
    for mistake in exercise.mistakes:
        with pytest.raises(Wrong) as caught:
            exercise.check(Attempt(mistake.function))
        assert caught.value.message == mistake.words, mistake.function


# in place, drawn, or whatever tells two inputs apart: no output to compare, so these checks give inputs of their own
BY_HAND = {
    "bernoulli_mask",
    "crossover",
    "find_tickets",
    "fingerprint",
    "masked_step",
    "random_mask",
    "reshuffled",
}


@pytest.mark.parametrize("exercise", [e for e in ALL if e.name not in BY_HAND], ids=lambda e: e.number)
def test_every_example_of_its_docstring_is_a_case(exercise: Exercise) -> None:
    tried = []

    @functools.wraps(exercise.reference)
    def recorded(*args):
        tried.append(core.copied(args))
        return exercise.reference(*args)

    exercise.check(Attempt(recorded))
    for example in examples(exercise.reference):
        assert any(_same(args, example) for args in tried), example


def _same(args: tuple, example: tuple) -> bool:
    """Whether the arguments are those of the example; a function or a module is one of its kind."""
    return len(args) == len(example) and all(
        (callable(a) and callable(b)) or alike(a, b) for a, b in zip(args, example, strict=True)
    )


def test_answers_are_to_exercises_that_there_are() -> None:
    assert all(exercise.mistakes for exercise in ALL)  # asked for, the mistakes are registered
    assert {*RIGHT, *(name for name, _, _ in TOLD), *core._mistakes} <= set(BY_NAME)


@pytest.mark.parametrize(("name", "answer", "words"), TOLD, ids=[f"{n}-{words[:40]}" for n, _, words in TOLD])
def test_a_wrong_answer_that_no_mistake_describes_is_told(name: str, answer, words: str) -> None:
    with pytest.raises((Wrong, Raised)) as caught:
        BY_NAME[name].check(Attempt(answer))
    assert words in f"{caught.value}: {getattr(caught.value, 'example', '')}"


@each
def test_every_exercise_is_complete(exercise: Exercise) -> None:
    assert len(set(exercise.hints)) == 3
    assert all(exercise.hints)
    assert 5 <= exercise.minutes <= 20
    assert inspect.getdoc(exercise.reference)


@pytest.mark.parametrize("exercise", [e for e in ALL if e.given], ids=lambda e: e.number)
def test_the_code_with_the_bug_is_told_what_is_wrong_with_it(exercise: Exercise) -> None:
    with pytest.raises(Wrong) as caught:
        exercise.check(Attempt(exercise.given))
    words = [m.words for m in exercise.mistakes] + [words for name, _, words in TOLD if name == exercise.name]
    assert any(known in caught.value.message for known in words)
