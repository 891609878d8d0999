"""Every check of a function that draws rejects one that does not draw, in every place, from the generator it got."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from lthedu.course.catalogue import exercises, find
from lthedu.exercises.core import Attempt, Exercise, Function, Wrong

DRAW = [e for e in exercises() if "generator" in inspect.signature(e.reference).parameters]
each = pytest.mark.parametrize("exercise", DRAW, ids=lambda e: e.number)
Draw = Callable[..., Any]  # the reference, as a function of the generator and the other arguments


def cheat(exercise: Exercise, answer: Callable[[Draw, torch.Generator, list[Any]], Any]) -> Function:
    """An answer to the exercise: what `answer(draw, generator, others)` gives."""
    place = list(inspect.signature(exercise.reference).parameters).index("generator")

    def draw(generator: torch.Generator, others: list[Any]) -> Any:
        return exercise.reference(*others[:place], generator, *others[place:])

    @functools.wraps(exercise.reference)
    def cheating(*args: Any) -> Any:
        return answer(draw, args[place], [*args[:place], *args[place + 1 :]])

    return cheating


def fixed() -> torch.Generator:
    return torch.Generator().manual_seed(5)


def reseeded(generator: torch.Generator) -> torch.Generator:
    return torch.Generator().manual_seed(generator.initial_seed())


def moved_on(generator: torch.Generator) -> torch.Generator:
    torch.rand(1000, generator=generator)
    return generator


OTHERS: dict[str, Callable[[torch.Generator], torch.Generator]] = {
    "a copy, seeded alike": reseeded,
    "a copy in the same state": lambda generator: generator.clone_state(),
    "the global state": lambda generator: torch.default_generator,
    "a fixed seed": lambda generator: fixed(),
    "a fixed seed, and the generator is moved on": lambda generator: moved_on(generator) and fixed(),
    "a copy as it was seeded, and the generator is moved on": lambda generator: reseeded(moved_on(generator)),
}


@each
@pytest.mark.parametrize("other", OTHERS)
def test_draws_must_come_from_the_generator_that_was_given(exercise: Exercise, other: str) -> None:
    before = torch.get_rng_state()
    with pytest.raises(Wrong):
        exercise.check(Attempt(cheat(exercise, lambda draw, generator, args: draw(OTHERS[other](generator), args))))
    torch.set_rng_state(before)


@each
@pytest.mark.parametrize("axis", [0, 1])
def test_rows_and_columns_must_not_get_the_same_draws(exercise: Exercise, axis: int) -> None:
    def line_by_line(draw: Draw, generator: torch.Generator, args: list[Any]) -> Any:
        def of_layer(args: list[Any]) -> Any:
            same = generator.clone_state()
            draw(generator, args)  # moves the generator on
            return in_lines(args, axis, lambda line: draw(same.clone_state(), line))

        return layer_by_layer(args, of_layer)

    with pytest.raises(Wrong):
        exercise.check(Attempt(cheat(exercise, line_by_line)))


def layer_by_layer(args: list[Any], answer: Callable[[list[Any]], Any]) -> Any:
    """The answer for each layer alone, where arguments are dicts by layer."""
    if not isinstance(args[0], dict):
        return answer(args)
    found = {}
    for name in args[0]:
        found |= answer([{n: t for n, t in a.items() if n == name} if isinstance(a, dict) else a for a in args])
    return found


def in_lines(args: list[Any], axis: int, answer: Callable[[list[Any]], Any]) -> Any:
    """The answer for each row alone (`axis` 0) or for each column, put together; for a vector at once."""
    tensors = [t for a in args for t in (a.values() if isinstance(a, dict) else [a]) if isinstance(t, Tensor)]
    if tensors[0].ndim < 2:
        return answer(args)
    lines = []
    for i in range(tensors[0].shape[axis]):
        line = functools.partial(torch.narrow, dim=axis, start=i, length=1)
        lines.append(answer([on_tensors(a, line) for a in args]))
    if isinstance(lines[0], dict):
        return {name: torch.cat([line[name] for line in lines], axis) for name in lines[0]}
    return torch.cat(lines, axis)


def on_tensors(value: Any, function: Callable[[Tensor], Tensor]) -> Any:
    if isinstance(value, dict):
        return {name: function(t) for name, t in value.items()}
    return function(value) if isinstance(value, Tensor) else value


BY_LAYER = [e for e in DRAW if e.name in ("random_mask", "reshuffled")]


@pytest.mark.parametrize("exercise", BY_LAYER, ids=lambda e: e.number)
def test_layers_must_not_get_the_same_draws(exercise: Exercise) -> None:
    def alike(draw: Draw, generator: torch.Generator, args: list[Any]) -> Any:
        same = generator.clone_state()
        draw(generator, args)
        return layer_by_layer(args, lambda of_one: draw(same.clone_state(), of_one))

    with pytest.raises(Wrong, match="every layer gets the same"):
        exercise.check(Attempt(cheat(exercise, alike)))


def one_parent(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return a if torch.rand((), generator=generator) < 0.5 else b


def one_parent_for_each(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return torch.where(torch.rand(len(a), 1, generator=generator) < 0.5, a, b)


def often_one_parent(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    mixed = find("crossover").reference(a, b, generator)
    return torch.where(torch.rand(len(a), 1, generator=generator) < 0.5, mixed, one_parent_for_each(a, b, generator))


@pytest.mark.parametrize("answer", [one_parent, one_parent_for_each, often_one_parent])
def test_a_child_must_not_be_one_of_its_parents(answer: Function) -> None:
    with pytest.raises(Wrong):
        find("crossover").check(Attempt(answer))
