"""This lesson's exercises. The references are the library's own functions."""

import functools
import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from lthedu.exercises import draws
from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, Wrong, exercise, same_tensor
from lthedu.exercises.readers import number, numbers
from lthedu.exercises.values import brief, difference
from lthedu.lessons.search_without_gradients.experiment import best_within
from lthedu.supermasks import nfl
from lthedu.supermasks.search import acceptance, crossover

Functions = Sequence[Sequence[int]]


def _means(result: object, search: nfl.Search, functions: Functions) -> list[float]:
    evaluations = len(functions[0])
    return list(numbers(result, evaluations, f"{evaluations} numbers, one for each of the evaluations"))


@exercise(
    nfl.mean_best,
    "Every function there is",
    minutes=20,
    level=3,
    hints=(
        "What does a search know before its third evaluation? And of the function before, on which you ran it?",
        "For each function: start with an empty dict; ask `search(seen, points)` for a point, note the "
        "function's value there, until all points are seen. Keep the *largest value so far* after each evaluation. "
        "Then average over the functions, position by position.",
        "totals = [0.0] * len(functions[0])\nfor f in functions:\n    seen, best = {}, -math.inf\n"
        "    for t in range(len(f)):\n        point = search(dict(seen), len(f))\n        seen[point] = f[point]\n"
        "        best = ...\n        totals[t] += best\nreturn [x / len(functions) for x in totals]",
    ),
    returns=_means,
)
def check_mean_best(attempt: Attempt) -> None:
    """Few functions by hand, all of some sizes, the lesson's among them, negative values, one that comes twice.

    Over all functions every search is equal: what a search is told matters on the smooth ones alone.
    """
    searched: list[tuple[nfl.Search, Functions]] = [
        (nfl.scan, [(2, 3, 1), (0, 0, 1)]),
        (nfl.climb, [(0, 1, 2, 0), (3, 0, 0, 2), (1, 1, 1, 1)]),
        (nfl.descend, [(-3, -1, -2, -5)]),
        (nfl.climb, nfl.all_functions(4, 2)),
        (nfl.descend, nfl.all_functions(3, 3)),
        (nfl.scan, [(0, 1, 1), (0, 1, 1), (2, 0, 0)]),
        (nfl.climb, nfl.smooth(nfl.all_functions(6, 3))),
        (nfl.descend, nfl.smooth(nfl.all_functions(5, 3))),
        (nfl.scan, nfl.all_functions(6, 4)),
    ]
    compare(
        attempt,
        [functools.partial(_asked_anew, search, functions) for search, functions in searched],
        show=lambda got, right, search, functions: (
            f"{brief(search)} on {brief(functions)}: {difference(torch.tensor(got), torch.tensor(right))}"
        ),
        otherwise=_which_mean,
    )


class _Asked:
    """A search that remembers how often it was asked with nothing seen."""

    def __init__(self, search: nfl.Search) -> None:
        self.search, self.fresh = search, 0
        self.__name__ = brief(search)

    def __call__(self, seen: Mapping[int, int], points: int) -> int:
        self.fresh += not seen
        if len(seen) == points:
            raise Wrong("it asks the search after every point was seen; begin each function with nothing seen")
        return self.search(seen, points)


def _asked_anew(search: nfl.Search, functions: Functions) -> tuple[_Asked, Functions]:
    return _Asked(search), functions


def _which_mean(got: list[float], right: list[float], search: nfl.Search, functions: Functions) -> str:
    if isinstance(search, _Asked) and not search.fresh:
        return "it does not ask the `search` that it is given, beginning with nothing seen"
    return "this is not the mean of the largest value so far"


def _masks_of(result: object, a: Tensor, *_: object) -> Tensor:
    """Masks, in bools or in numbers 0 and 1."""
    if isinstance(result, Tensor) and result.dtype != torch.bool and bool(((result == 0) | (result == 1)).all()):
        result = result.bool()
    return same_tensor(result, a, "the result")


@exercise(
    crossover,
    "A child of two masks",
    minutes=15,
    level=2,
    hints=(
        "Where do the parents differ? Half of all these places together are kept, however many of them are a's. How "
        "would you draw them for one pair of parents?",
        "For one pair: list the places that only one keeps, and keep the first half of a `torch.randperm`. For all "
        "pairs at once: a + b is 2, 1 or 0. Add noise between 0 and 1, and keep the k largest of each row.",
        "k = int(a[0].sum())\nnoisy = ...  # 2, 1 or 0, and noise from torch.rand(a.shape, generator=generator)\n"
        "places = noisy.topk(k, dim=-1).indices\nreturn torch.zeros_like(a).scatter(-1, places, True)",
    ),
    returns=_masks_of,
)
def check_crossover(attempt: Attempt) -> None:
    """Counts, agreement, both parents' shares over many children, and that the generator decides.

    Many pairs, one pair, a pair of twins, and pairs of the lesson's own size.
    """
    torch.rand(5, generator=attempt.rng)  # or an answer with a generator of its own draws the numbers of these masks
    a, b = (_masks(attempt, 300, 12, 5) for _ in range(2))
    once = functools.partial(_child, attempt, a, b)
    first = draws.drawn(once, 1)
    if bool(((first == a).all(1) | (first == b).all(1)).all()):
        raise Wrong("this is one of the parents, and no child of both")
    draws.decided(once, "children")
    only_a = a & ~b
    from_a = (first & only_a).sum() / only_a.sum()
    if not draws.as_often(from_a, 0.5, int(only_a.sum())):
        raise Wrong(ALIKE, f"of the places that only `a` keeps, {from_a:.0%} are kept")
    _check_children_of_two(attempt)
    draws.moved_on(attempt, once)
    draws.drawn(functools.partial(_child, attempt, a[:1], b[:1]), 4)
    draws.drawn(functools.partial(_child, attempt, a[:3], a[:3]), 5)
    a, b = (_masks(attempt, 4, 3776, 1888) for _ in range(2))
    draws.drawn(functools.partial(_child, attempt, a, b), 6)


ALIKE = "both parents should count alike"


def _check_children_of_two(attempt: Attempt, pairs: int = 2000) -> None:
    """All pairs are the same two parents, in every other pair the other way round."""
    places = torch.arange(8)
    one, other, turned = places < 4, (places >= 2) & (places < 6), (torch.arange(pairs) % 2 == 1)[:, None]
    a, b = torch.where(turned, other, one), torch.where(turned, one, other)
    got = draws.drawn(functools.partial(_child, attempt, a, b), 3)
    kept = got[:, [0, 1, 4, 5]]  # where the parents differ
    if torch.equal(kept, kept[:1].expand_as(kept)):
        raise Wrong("one draw decides for many children: draw for each pair of parents")
    from_a = got[a & ~b].float().mean()
    if not draws.as_often(from_a, 0.5, pairs):
        raise Wrong(ALIKE, f"of the places that only `a` keeps, {from_a:.0%} are kept")
    share = kept.float().mean(0)
    if not draws.as_often(share, 0.5, pairs):
        words = "some places are kept more often than others: draw among all at which the parents differ"
        raise Wrong(words, f"how often the four places were kept: {brief(share)}")
    children = [tuple(row) for row in kept.tolist()]
    words = "not every child can come: any half of the places at which the parents differ must be possible"
    draws.all_come_up(children, 6, words, "children of two parents")
    often = torch.tensor([children.count(child) for child in sorted(set(children))]) / pairs
    if not draws.as_often(often, 1 / 6, pairs):
        words = "some children come more often than others: all halves of the places must be equally likely"
        raise Wrong(words, f"how often the six children of two parents came: {brief(often)}")


def _masks(attempt: Attempt, rows: int, n: int, kept: int) -> Tensor:
    order = torch.rand(rows, n, generator=attempt.rng).argsort(1)
    return torch.zeros(rows, n, dtype=torch.bool).scatter(1, order[:, :kept], True)


def _child(attempt: Attempt, a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    got = _masks_of(attempt(a, b, generator), a)
    off, strange = got.sum(1) != a.sum(1), ((got != a) & (a == b)).any(1)
    if bool(off.any()) and torch.equal(got, a | b):
        raise Wrong("the child keeps what either parent keeps, more than each of them")
    if bool(off.any()) and torch.equal(got, a & b):
        raise Wrong("the child keeps only what both keep, fewer than each of them")
    if bool(off.any()) and torch.equal(got, a ^ b):
        raise Wrong("the child keeps what only one parent keeps, and not what both keep")
    if bool(off.any()):
        more, fewer = (bool((d * (got.sum(1) - a.sum(1)) > 0).any()) for d in (1, -1))
        if _half_of_each(got, a, b):
            raise Wrong("it takes half from each parent; draw among all places that only one keeps, a's or b's")
        what = "other numbers of" if more and fewer else "more" if more else "fewer"
        words = f"children keep {what} weights than their parents"
        raise Wrong(words, _child_shown(got, a, b, off))
    if bool(strange.any()):
        raise Wrong("where the parents agree, the child must do as they do", _child_shown(got, a, b, strange))
    return got


def _half_of_each(got: Tensor, a: Tensor, b: Tensor) -> bool:
    """Whether each child keeps half of the places that only `a` keeps and half of those that only `b` does, rounded."""
    taken = [(2 * (got & only).sum(1) - only.sum(1)).abs() for only in (a & ~b, b & ~a)]
    return all(bool((off <= 1).all()) for off in taken) and not bool(((got != a) & (a == b)).any())


def _child_shown(got: Tensor, a: Tensor, b: Tensor, rows: Tensor) -> str:
    """The first of the rows that are marked."""
    i = int(rows.nonzero()[0])
    if a.shape[1] > 12:
        return f"parents of {a.shape[1]:,} weights keep {int(a[i].sum()):,}, the child keeps {int(got[i].sum()):,}"
    parents = f"parents {brief(a[i].int())} and {brief(b[i].int())} keep {int(a[i].sum())}"
    return f"{parents}, the child {brief(got[i].int())} keeps {int(got[i].sum())}"


def _chances(result: object, now: Tensor, new: Tensor, temperature: float) -> Tensor:
    """Chances in any kind of number, as a tensor of the losses' type."""
    try:
        known = isinstance(result, np.ndarray | np.generic | float | int | list | tuple)
        found = torch.as_tensor(np.asarray(result, float)) if known else result
    except (TypeError, ValueError, RuntimeError, OverflowError):
        found = None
    if not isinstance(found, Tensor):
        raise Wrong(f"it returned {brief(result)}; expected a tensor of chances")
    if bool(found.isnan().any()):
        zero = "at temperature 0 an equal loss has 0 / 0: treat 0 on its own"
        large = "exp of a large number is infinite, and infinity times 0 is NaN"
        raise Wrong(f"it gives NaN; {large if temperature else zero}")
    return same_tensor(found.to(now.dtype), now, "the result")


@exercise(
    acceptance,
    "When to accept a worse mask",
    minutes=10,
    level=2,
    hints=(
        "`new - now` is a tensor, so no `if` can ask for its sign. Where it is negative, which number in its place "
        "would make exp give 1? And what goes wrong at temperature 0?",
        "`clamp(min=0)` turns negative differences to 0. Temperature 0 needs a line of its own, since nothing can be "
        "divided by it. Equal losses are accepted there, too.",
        "rise = ...  # new - now, but never below 0\nif temperature == 0:\n"
        "    return ...  # 1.0 where it is 0, else 0.0\nreturn torch.exp(-rise / temperature)",
    ),
    returns=_chances,
)
def check_acceptance(attempt: Attempt) -> None:
    """Better, equal, a little worse and much worse; hot, cold, as in the lesson, and at 0; shapes, one of them none."""
    now = torch.tensor([1.0, 1.0, 1.0, 1.0, 500.0, 2.0])
    new = torch.tensor([0.5, 1.0, 1.25, 3.0, 0.0, 3.0])
    near = now + torch.tensor([-0.004, 0.0, 0.002, 0.004, 0.01, 0.003])
    a, b = (torch.rand(2, 3, generator=attempt.rng) for _ in range(2))
    warm = [*((now, new, temperature) for temperature in (1.0, 0.25, 4.0, 1e-3)), (a, b, 0.3), (now, near, 0.005)]
    warm += [(torch.tensor(x, dtype=torch.float64), torch.tensor(0.7, dtype=torch.float64), 0.5) for x in (0.3, 1.0)]
    for cases in (
        warm,
        [*warm, (now, new, 0.0), (now, now + 1e-5 * torch.arange(-2, 4), 0.0)],
    ):  # what divides by the temperature fails in the last
        compare(
            attempt,
            cases,
            close=lambda got, right, *args: torch.allclose(got, right, atol=1e-6, rtol=1e-5),
            same=lambda got, mine, *args: torch.allclose(got, mine, atol=1e-6, rtol=1e-4),
            show=_chance_shown,
            otherwise="this is not min(1, exp(-(new - now) / T))",
        )


def _chance_shown(got: Tensor, right: Tensor, now: Tensor, new: Tensor, temperature: float) -> str:
    i = int((~torch.isclose(got, right, atol=1e-6, rtol=1e-5)).flatten().nonzero()[0])
    before, after, found, expected = (float(t.flatten()[i]) for t in (now, new, got, right))
    return f"from {before:g} to {after:g} at T = {temperature:g}: {difference(found, expected)}"


def _loss(result: object, *args: object) -> float:
    if result is None:
        raise Wrong("it returned None; where nothing was seen within the budget the best loss is infinity")
    return number(result, "one number, the lowest loss", nan=True)


@exercise(
    best_within,
    "A fair budget",
    minutes=10,
    level=1,
    hints=(
        "Which two numbers do you carry from call to call? What are they before the first one?",
        "Add the cost first, then compare the sum with the budget, and look at the loss last. Where do you stop?",
        'best, spent = float("inf"), 0.0\nfor cost, loss in zip(costs, losses):\n    spent += cost\n'
        "    if ...:  # this call passes the budget\n        break\n    best = min(best, loss)\nreturn best",
    ),
    returns=_loss,
)
def check_best_within(attempt: Attempt) -> None:
    """Nothing that fits, unequal costs, a call that just fits, one that passes the budget before a cheap one.

    All sums are exact, in float32, too: rounding decides nothing.
    """
    compare(
        attempt,
        [
            ([2.0], [0.5], 1),
            ([1.0, 5.0], [0.8, 0.3], 4),
            ([1.0, 5.0, 1.0], [0.8, 0.3, 0.2], 4),
            ([40.0, 40.0, 40.0], [2.2, 2.1, 1.9], 90),
            ([1.0, 1.0, 1.0, 1.0], [0.4, 0.9, 0.6, 0.1], 3),
            ([3.0] * 8, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2], 6),
            ([1.0, 1.0], [0.0, 0.5], 2),  # a loss of 0
            ([1.0], [1e12], 5),  # and a huge one
            ([1.0, 3.0], [0.3, 0.6], 5),  # the later loss is lower for what it cost
            ([1.0, 1.0, 1.0], [0.31232, 0.31231, 0.3124], 3),  # losses that differ little
            ([1.0, 0.375, 1.0], [0.9, 0.8, 0.7], 1.25),
            ([0.75, 0.5, 0.5], [2.375, 2.75, 2.25], 1.5),
            ([1.0, 2.0, 1.0], [2.0, 2.0, 1.5], 3.0),  # the same loss twice, and a loss that is its cost
            ([2.0, 1.0, 0.25, 1.0], [0.6, 0.7, 0.9, 0.5], 3.0),
        ],
        show=lambda got, right, costs, losses, budget: (
            f"costs {costs}, losses {losses}, budget {budget:g}: {difference(got, right)}"
        ),
        otherwise=lambda got, right, costs, losses, budget: (
            "where nothing was seen the best loss is infinity"
            if math.isinf(right)
            else "this is not the lowest loss within the budget"
        ),
    )
