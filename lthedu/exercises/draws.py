"""What several checks ask of a function that draws from a generator.

`once(generator)` stands for one call of the answer with this generator, and gives what was read of its result.
"""

import contextvars
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor

from lthedu.exercises.core import Attempt, Wrong
from lthedu.exercises.values import alike

T = TypeVar("T")
Once = Callable[[torch.Generator], T]


_first = contextvars.ContextVar("_first", default=70_000)


def seeded(seed: int) -> torch.Generator:
    """A generator whose numbers are not those from which a check draws its inputs: these have small seeds."""
    return torch.Generator().manual_seed(_first.get() + seed)


@contextmanager
def other_seeds(seed: int) -> Iterator[None]:
    """Let `seeded` give other generators than in a notebook, where whoever runs a check may know them all.

    >>> with other_seeds(7):
    ...     seeded(1).initial_seed() == seeded(2).initial_seed() - 1 != 70_001
    True
    """
    token = _first.set(70_000 + 1_000 * seed)
    try:
        yield
    finally:
        _first.reset(token)


def drawn(once: Once[T], seed: int) -> T:
    """The result with a generator of this seed; Wrong where torch's global random state was drawn from.

    >>> drawn(lambda generator: torch.randint(9, ()), 1)
    Traceback (most recent call last):
    lthedu.exercises.core.Wrong: it draws from torch's global random state: pass generator=generator to ...
    """
    before = torch.get_rng_state()
    result = once(seeded(seed))
    if not torch.equal(before, torch.get_rng_state()):
        torch.set_rng_state(before)
        raise Wrong("it draws from torch's global random state: pass generator=generator to the random function")
    return result


def decided(once: Once[object], what: str) -> None:
    """Wrong where generators in the same state give different results, or in different states the same.

    `what` names the results.

    >>> decided(lambda generator: torch.ones(2), "mask")
    Traceback (most recent call last):
    lthedu.exercises.core.Wrong: two generators in different states give the same mask: draw from `generator`
    """
    first, again, other = (drawn(once, seed) for seed in (1, 1, 2))
    if not alike(first, again):
        raise Wrong("two calls with generators in the same state differ: every draw must come from `generator`")
    if alike(first, other):
        raise Wrong(f"two generators in different states give the same {what}: draw from `generator`")


def not_seeded_anew(attempt: Attempt, once: Once[object]) -> None:
    """Wrong where generators in different states end in the same, as only one does that is seeded.

    >>> attempt = Attempt(lambda generator: torch.rand(2, generator=generator.manual_seed(3)))
    >>> not_seeded_anew(attempt, attempt)
    Traceback (most recent call last):
    lthedu.exercises.core.Wrong: it seeds `generator` or a copy anew, so that every call draws the same numbers: ...
    """
    ends = []
    for seed in (1, 2):
        drawn(once, seed)
        ends += [g.get_state() for g in attempt.given if isinstance(g, torch.Generator)]
    if torch.equal(*ends):
        raise Wrong(SEEDED_ANEW)


def moved_on(attempt: Attempt, once: Once[object]) -> None:
    """Wrong where the generator that was given is left as it was, or what was drawn from it before plays no part.

    >>> attempt = Attempt(lambda generator: torch.rand(2, generator=generator.clone_state()))
    >>> moved_on(attempt, attempt)
    Traceback (most recent call last):
    lthedu.exercises.core.Wrong: it did not draw from `generator` itself but from a copy or another one of the same seed
    """
    generator = seeded(1)
    first = once(generator)
    left = any(
        isinstance(g, torch.Generator) and torch.equal(g.get_state(), generator.get_state()) for g in attempt.given
    )
    if left:
        raise Wrong("it did not draw from `generator` itself but from a copy or another one of the same seed")
    if all(alike(first, once(later)) for later in _later(generator, 8)):  # few results may be alike once or twice
        raise Wrong(SEEDED_ANEW)


SEEDED_ANEW = "it seeds `generator` or a copy anew, so that every call draws the same numbers: draw from it as it comes"


def _later(generator: torch.Generator, many: int) -> Iterator[torch.Generator]:
    """The generator, so many times, each time further on."""
    for _ in range(many):
        torch.rand(100, generator=generator)
        yield generator


def all_come_up(results: Sequence[Hashable], possible: int, words: str, what: str) -> None:
    """Wrong, in these words, where fewer than `possible` different results are among many.

    >>> all_come_up([1, 2, 1, 1], 6, "each number must be possible", "numbers of a die")
    Traceback (most recent call last):
    lthedu.exercises.core.Wrong: each number must be possible
    """
    found = len(set(results))
    if found < possible:
        raise Wrong(words, f"of the {possible} {what} only {found} came up in {len(results)} draws")


def as_often(shares: Tensor, chances: Tensor | float, draws: int) -> bool:
    """Whether what was counted in so many draws fits its chances, up to five standard deviations.

    >>> as_often(torch.tensor([0.5, 0.52]), 0.5, 100), as_often(torch.tensor([0.5, 0.8]), 0.5, 100)
    (True, False)
    """
    chances = torch.as_tensor(chances)
    return bool(((shares - chances).abs() <= 5 * (chances * (1 - chances) / draws).sqrt() + 1e-9).all())


def one_for_many(mask: Tensor) -> bool:
    """Whether neighbours along any axis are alike too often for places that are each kept in half of the draws.

    >>> mask = torch.rand(50, 80, generator=seeded(0)) < 0.5
    >>> one_for_many(mask), one_for_many(mask[:1].expand(50, 80))
    (False, True)
    """
    differ = [(mask.narrow(a, 1, n - 1) != mask.narrow(a, 0, n - 1)) for a, n in enumerate(mask.shape)]
    return any(float(d.float().mean()) < 0.4 for d in differ)


def apart(one: Sequence[Tensor], other: Sequence[Tensor], what: str = "shuffle") -> None:
    """Wrong where two layers, alike in what is given, come out alike in every draw.

    >>> apart([torch.ones(1), torch.zeros(1)], [torch.ones(1), torch.zeros(1)])
    Traceback (most recent call last):
    lthedu.exercises.core.Wrong: every layer gets the same shuffle: let the generator run on from layer to layer
    """
    if all(torch.equal(a, b) for a, b in zip(one, other, strict=True)):
        raise Wrong(f"every layer gets the same {what}: let the generator run on from layer to layer")
