"""This lesson's exercises. The references are the library's own functions."""

import functools
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lthedu.exercises import draws
from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, Wrong, brief, exercise, same_tensor
from lthedu.exercises.readers import number
from lthedu.lessons.search_without_gradients.experiment import best_within
from lthedu.supermasks import nfl
from lthedu.supermasks.search import acceptance, crossover

Functions = Sequence[Sequence[int]]


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
        "        best = max(best, f[point])\n        totals[t] += best\nreturn [x / len(functions) for x in totals]",
    ),
)
def check_mean_best(attempt: Attempt) -> None:
    """Few functions by hand, all of some sizes, negative values; every search is asked as it should be."""
    searched: list[tuple[nfl.Search, Functions]] = [
        (nfl.scan, [(2, 3, 1), (0, 0, 1)]),
        (nfl.climb, [(0, 1, 2, 0), (3, 0, 0, 2), (1, 1, 1, 1)]),
        (nfl.descend, [(-3, -1, -2, -5)]),
        (nfl.climb, nfl.all_functions(4, 2)),
        (nfl.descend, nfl.all_functions(3, 3)),
    ]
    compare(
        attempt,
        [functools.partial(_asked_anew, search, functions) for search, functions in searched],
        read=_means,
        show=lambda got, right, search, functions: (
            f"{brief(search)} on {brief(functions)}: got {brief(torch.tensor(got))}, "
            f"expected {brief(torch.tensor(right))}"
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


def _means(result: object, search: nfl.Search, functions: Functions) -> list[float]:
    try:
        found = [float(v) for v in result]  # type: ignore[attr-defined]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(result)}; expected a list of numbers, one for each evaluation") from None
    if len(found) != len(functions[0]):
        words = "one for each function?" if len(found) == len(functions) else "one for each evaluation"
        raise Wrong(f"it returned {len(found)} numbers for {len(functions[0])} evaluations: {words}")
    return found


def _which_mean(got: list[float], right: list[float], search: nfl.Search, functions: Functions) -> str:
    if isinstance(search, _Asked) and search.fresh < len(functions):
        return "it keeps what it saw of the function before: begin each one with nothing seen"
    return "this is not the mean of the largest value so far"


@exercise(
    crossover,
    "A child of two masks",
    minutes=15,
    level=2,
    hints=(
        "Both parents keep k weights. At how many places do they differ, and how many of those may the child keep?",
        "Where the parents agree, the child does as they do. At as many places only `a` keeps as only `b` does; "
        "half of all these, drawn at random, are kept. A trick: a + b is 2, 1 or 0; add noise between 0 and 1, and "
        "keep the k largest of each row.",
        "k = int(a[0].sum())\nnoisy = a.float() + b.float() + torch.rand(a.shape, generator=generator)\n"
        "places = noisy.topk(k, dim=-1).indices\nreturn torch.zeros_like(a).scatter(-1, places, True)",
    ),
)
def check_crossover(attempt: Attempt) -> None:
    """Counts, agreement, both parents' shares over many children, and that the generator decides."""
    a, b = (_masks(attempt, 300, 12, 5) for _ in range(2))
    once = functools.partial(_child, attempt, a, b)
    first = draws.drawn(once, 1)
    if bool(((first == a).all(1) | (first == b).all(1)).all()):
        raise Wrong("this is one of the parents, and no child of both")
    draws.decided(once, "children")
    only_a = a & ~b
    from_a = (first & only_a).sum() / only_a.sum()
    if not draws.as_often(from_a, 0.5, int(only_a.sum())):
        raise Wrong("both parents should count alike", f"of the places that only `a` keeps, {from_a:.0%} are kept")
    places = torch.arange(12)
    a, b = (places < 4)[None].repeat(400, 1), ((places >= 2) & (places < 6))[None].repeat(400, 1)
    once = functools.partial(_child, attempt, a, b)
    kept = draws.drawn(once, 3)[:, [0, 1, 4, 5]]  # where the parents differ
    if torch.equal(kept, kept[:1].expand_as(kept)):
        raise Wrong("one draw decides for many children: draw for each pair of parents")
    share = kept.float().mean(0)
    if not draws.as_often(share, 0.5, 400):
        words = "some places are kept more often than others: draw among all at which the parents differ"
        raise Wrong(words, brief(share))
    words = "not every child can come: any half of the places at which the parents differ must be possible"
    draws.all_come_up([tuple(row) for row in kept.tolist()], 6, words, "children of two parents")
    share = torch.unique(kept, dim=0, return_counts=True)[1] / 400
    if not draws.as_often(share, 1 / 6, 400):
        raise Wrong(
            "some children come more often than others: each half of these places must be as likely", brief(share)
        )
    draws.moved_on(attempt, once)


def _masks(attempt: Attempt, rows: int, n: int, kept: int) -> Tensor:
    order = torch.rand(rows, n, generator=attempt.rng).argsort(1)
    return torch.zeros(rows, n, dtype=torch.bool).scatter(1, order[:, :kept], True)


def _child(attempt: Attempt, a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    got = same_tensor(attempt(a, b, generator), a, "the result")
    off, strange = got.sum(1) != a.sum(1), ((got != a) & (a == b)).any(1)
    if torch.equal(got, a | b):
        raise Wrong("the child keeps what either parent keeps, more than each of them")
    if torch.equal(got, a & b):
        raise Wrong("the child keeps only what both keep, fewer than each of them")
    if bool(off.any()):
        words = "children keep other numbers of weights than their parents"
        why = "" if bool(strange.any()) else ": taking each place from either parent changes the count"
        raise Wrong(words + why, _child_shown(got, a, b, off))
    if bool(strange.any()):
        raise Wrong("where the parents agree, the child must do as they do", _child_shown(got, a, b, strange))
    return got


def _child_shown(got: Tensor, a: Tensor, b: Tensor, rows: Tensor) -> str:
    """The first of the rows that are marked."""
    i = int(rows.nonzero()[0])
    parents = f"parents {brief(a[i].int())} and {brief(b[i].int())} keep {int(a[i].sum())}"
    return f"{parents}, the child {brief(got[i].int())} keeps {int(got[i].sum())}"


@exercise(
    acceptance,
    "When to accept a worse mask",
    minutes=10,
    level=2,
    hints=(
        "A better mask is always accepted. What must happen to the chance of a worse one as the temperature falls?",
        "With d = new - now: the chance is 1 where d is not above 0, else exp(-d / T). At T = 0 nothing worse is "
        "accepted, and equal losses are.",
        "d = (new - now).clamp(min=0)\nif temperature == 0:\n    return (d == 0).to(d.dtype)\n"
        "return torch.exp(-d / temperature)",
    ),
)
def check_acceptance(attempt: Attempt) -> None:
    """Better, equal, a little worse and much worse; hot, cold, and at temperature 0; several shapes."""
    now = torch.tensor([1.0, 1.0, 1.0, 1.0, 500.0])
    new = torch.tensor([0.5, 1.0, 1.25, 3.0, 0.0])
    a, b = (torch.rand(2, 3, generator=attempt.rng) for _ in range(2))
    warm = [*((now, new, temperature) for temperature in (1.0, 0.25, 4.0, 1e-3)), (a, b, 0.3)]
    for cases in (warm, [*warm, (now, new, 0.0)]):  # what divides by the temperature fails in the last
        compare(
            attempt,
            cases,
            read=_chances,
            close=lambda got, right, *args: torch.allclose(got, right, atol=1e-6, rtol=1e-5),
            same=lambda got, mine, *args: torch.allclose(got, mine, atol=1e-6, rtol=1e-4),
            show=_chance_shown,
            otherwise="this is not min(1, exp(-(new - now) / T))",
        )


def _chances(result: object, now: Tensor, new: Tensor, temperature: float) -> Tensor:
    if isinstance(result, Tensor) and result.is_floating_point() and bool(result.isnan().any()):
        raise Wrong("it gives NaN; at temperature 0 an equal loss has 0 / 0: treat 0 on its own")
    return same_tensor(result, now, "the result")


def _chance_shown(got: Tensor, right: Tensor, now: Tensor, new: Tensor, temperature: float) -> str:
    i = int((~torch.isclose(got, right, atol=1e-6, rtol=1e-5)).flatten().nonzero()[0])
    before, after, found, expected = (float(t.flatten()[i]) for t in (now, new, got, right))
    return f"from {before:g} to {after:g} at T = {temperature:g}: got {found:.4g}, expected {expected:.4g}"


@exercise(
    best_within,
    "A fair budget",
    minutes=10,
    level=1,
    hints=(
        "A gradient step and the evaluation of one mask do not cost the same. What is counted?",
        "Go through the calls in order and add up their costs. As soon as the sum is above the budget, stop: neither "
        "that call nor a later one counts. Keep the lowest loss until then.",
        'best, spent = float("inf"), 0.0\nfor cost, loss in zip(costs, losses):\n    spent += cost\n'
        "    if spent > budget + 1e-9:\n        break\n    best = min(best, loss)\nreturn best",
    ),
)
def check_best_within(attempt: Attempt) -> None:
    """Unequal costs, a call that just fits, one that passes the budget before a cheap one, nothing at all."""
    compare(
        attempt,
        [
            ([2.0], [0.5], 1.0),
            ([], [], 10.0),
            ([1.0, 5.0, 1.0], [0.8, 0.3, 0.2], 4.0),
            ([40.0, 40.0, 40.0], [2.2, 2.1, 1.9], 90.0),
            ([1.0, 1.0, 1.0, 1.0], [0.4, 0.9, 0.6, 0.1], 3.0),
            ([3.0] * 8, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2], 6.0),
            ([0.1, 0.1, 0.1], [0.9, 0.8, 0.7], 0.3),
        ],
        read=_loss,
        close=lambda got, right, *args: got == right,
        show=lambda got, right, costs, losses, budget: (
            f"costs {costs}, losses {losses}, budget {budget:g}: got {got:g}, expected {right:g}"
        ),
        otherwise="this is not the lowest loss within the budget",
    )


def _loss(result: object, *args: object) -> float:
    if result is None:
        raise Wrong("it returned None; where nothing was seen within the budget the best loss is infinity")
    return number(result, "one number, the lowest loss", nan=True)
