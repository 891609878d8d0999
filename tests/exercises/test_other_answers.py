"""Wrong answers that are no common mistakes, and the words that are left for them."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from lthedu.exercises import find
from lthedu.exercises.core import Attempt, Raised, Wrong


def reference(number: str) -> Callable[..., Any]:
    return find(number).reference


def after(number: str, change: Callable[[Any], Any]) -> Callable[..., Any]:
    """The right answer, its result changed."""
    return lambda *args: change(reference(number)(*args))


# the other lessons


def ones_for_infinity(snapshots: Any, mask: Any, step: int) -> Any:
    found = reference("3.2")(snapshots, mask, step)
    wild = any(t.isinf().any() for t in snapshots[step].values())
    return {n: torch.ones_like(t) for n, t in found.items()} if wild else found


def half_for_equals(a: Any, b: Any) -> Any:
    same = (a.all() and b.all()) or not (a.any() or b.any())
    return 0.5 if same else reference("3.3")(a, b)


def minus_one_for_none(*args: Any) -> Any:
    found = reference("3.4")(*args)
    return -1 if found is None else found


CASES: list[tuple[str, Callable[..., Any], str]] = [
    ("3.1", after("3.1", lambda b: 1.37 * b + 0.1), "this is not the largest error on the line less the mean"),
    ("3.2", ones_for_infinity, "a pruned weight must be exactly 0, whatever it was"),
    ("3.3", half_for_equals, "two full masks, or two empty ones, are equal: the distance is 0"),
    ("3.4", minus_one_for_none, "no mask has settled: return None, not -1"),
]


@pytest.mark.parametrize(("number", "answer", "words"), CASES, ids=[f"{n}-{words[:40]}" for n, _, words in CASES])
def test_an_uncommon_mistake_is_told_what_it_is(number: str, answer: Callable[..., Any], words: str) -> None:
    for seed in range(3):
        with pytest.raises((Wrong, Raised)) as caught:
            find(number).check(Attempt(answer, seed))
        assert words in str(caught.value)
