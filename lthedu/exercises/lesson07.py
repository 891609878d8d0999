"""Checks of lesson 07, search without gradients. The references are the library's own functions."""

import itertools
import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from lthedu.exercises.core import Attempt, Wrong, brief, exercise, same_tensor
from lthedu.supermasks import nfl
from lthedu.supermasks.contest import best_within
from lthedu.supermasks.search import acceptance, crossover

CLOSE = 1e-6

# 7.1 ---------------------------------------------------------------------------------------------------------


@exercise(
    nfl.mean_best,
    "Every function there is",
    minutes=20,
    level=3,
    hints=(
        "What does a search know before its third evaluation? And of the function before, on which you ran it?",
        "For each function: start with an empty dict; ask `search(seen, points)` for a point, note the "
        "function's value there, until all "
        "points are seen. Keep the *largest value so far* after each evaluation. Then average over the "
        "functions, position by position.",
        "totals = [0.0] * len(functions[0])\nfor f in functions:\n    seen, best = {}, -math.inf\n"
        "    for t in range(len(f)):\n        point = search(dict(seen), len(f))\n        seen[point] = f[point]\n"
        "        best = max(best, f[point])\n        totals[t] += best\nreturn [x / len(functions) for x in totals]",
    ),
)
def check_mean_best(attempt: Attempt) -> None:
    """Few functions by hand, all of some sizes, negative values; every search is asked as it should be."""
    cases: list[tuple[nfl.Search, list[tuple[int, ...]]]] = [
        (nfl.scan, [(2, 3, 1), (0, 0, 1)]),
        (nfl.climb, [(0, 1, 2, 0), (3, 0, 0, 2), (1, 1, 1, 1)]),
        (nfl.descend, [(-3, -1, -2, -5)]),
        (nfl.climb, nfl.all_functions(4, 2)),
        (nfl.descend, nfl.all_functions(3, 3)),
    ]
    for search, functions in cases:
        _compare_mean(attempt, search, functions)


def _compare_mean(attempt: Attempt, search: nfl.Search, functions: list[tuple[int, ...]]) -> None:
    right, asked = nfl.mean_best(search, functions), _Asked(search, functions)
    got = attempt(asked, functions)
    try:
        found = [float(v) for v in got]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; expected a list of numbers, one for each evaluation") from None
    if len(found) != len(right):
        words = "one for each function?" if len(found) == len(functions) else "one for each evaluation"
        raise Wrong(f"it returned {len(found)} numbers for {len(right)} evaluations: {words}")
    if all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) for a, b in zip(found, right, strict=True)):
        return
    values = f"got {brief(torch.tensor(found))}, expected {brief(torch.tensor(right))}"
    example = f"{search.__name__} on {brief(functions)}: {values}"
    raise Wrong(_which_mean(found, search, functions, asked), example)


class _Asked:
    """A search that remembers how it was asked."""

    def __init__(self, search: nfl.Search, functions: Sequence[Sequence[int]]) -> None:
        self.search, self.functions = search, functions
        self.fresh = 0  # how often it was asked with nothing seen
        self.__name__ = search.__name__

    def __call__(self, seen: Mapping[int, int], points: int) -> int:
        self.fresh += not seen
        left = [p for p in range(points) if p not in seen]
        if not left:
            raise Wrong("it asks the search after every point was seen; begin each function with nothing seen")
        return self.search(seen, points)


def _which_mean(found: list[float], search: nfl.Search, functions: list[tuple[int, ...]], asked: _Asked) -> str:
    seen = [nfl.values_seen(search, f) for f in functions]
    n = len(functions)

    def mean(rows: Sequence[Sequence[float]]) -> list[float]:
        return [sum(column) / n for column in zip(*rows, strict=True)]

    def is_(other: list[float]) -> bool:
        return all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) for a, b in zip(found, other, strict=True))

    known = [
        (is_(mean(seen)), "these are the values seen, not the largest so far"),
        (
            is_(mean([list(itertools.accumulate(s, min)) for s in seen])),
            "this is the smallest so far; take the largest",
        ),
        (
            is_([n * v for v in nfl.mean_best(search, functions)]),
            "this is the sum over the functions; divide by how many",
        ),
        (
            is_(mean([list(itertools.accumulate(s, max, initial=0))[1:] for s in seen])),
            "values may be below 0: do not start at 0",
        ),
        (is_(mean([list(f) for f in functions])), "it goes from left to right; ask the search for each point"),
        (
            is_(mean([list(itertools.accumulate(f, max)) for f in functions])),
            "it goes from left to right; ask the search",
        ),
        (asked.fresh < n, "it keeps what it saw of the function before: begin each one with nothing seen"),
    ]
    return next((words for holds, words in known if holds), "this is not the mean of the largest value so far")


# 7.2 ---------------------------------------------------------------------------------------------------------


@exercise(
    crossover,
    "A child of two masks",
    minutes=15,
    level=2,
    hints=(
        "Both parents keep k weights. At how many places do they differ, and how many of those may the child keep?",
        "Where the parents agree, the child does as they do. At as many places only `a` keeps as only `b` does; "
        "half of all these, drawn at random, are kept. A trick: a + b is 2, 1 or 0; add noise between 0 and 1, and "
        " keep the k largest of each row.",
        "k = int(a[0].sum())\nnoisy = a.float() + b.float() + torch.rand(a.shape, generator=generator)\n"
        "places = noisy.topk(k, dim=-1).indices\nreturn torch.zeros_like(a).scatter(-1, places, True)",
    ),
)
def check_crossover(attempt: Attempt) -> None:
    """Counts, agreement, both parents' shares over many children, and that the generator decides."""
    a, b = (_masks(attempt, 300, 12, 5) for _ in range(2))
    first = _child(attempt, a, b, 1)
    if not torch.equal(first, _child(attempt, a, b, 1)):
        raise Wrong("two calls with generators in the same state differ: draw from `generator`, not from torch's own")
    if torch.equal(first, _child(attempt, a, b, 2)):
        raise Wrong("two generators in different states give the same children: draw from `generator`")
    differ = a ^ b
    from_a = float((first & a & differ).sum() / (a & differ).sum())
    if abs(from_a - 0.5) > 0.1:
        raise Wrong(f"of the places that only `a` keeps, {from_a:.0%} are kept; both parents should count alike")
    rows = torch.arange(12)
    pair = (rows < 4)[None].repeat(400, 1), ((rows >= 2) & (rows < 6))[None].repeat(400, 1)
    share = _child(attempt, *pair, 3)[:, [0, 1, 4, 5]].float().mean(0)
    if bool(((share - 0.5).abs() > 0.15).any()):
        raise Wrong(
            "some places are kept more often than others: draw among all at which the parents differ", brief(share)
        )


def _masks(attempt: Attempt, rows: int, n: int, kept: int) -> Tensor:
    order = torch.rand(rows, n, generator=attempt.rng).argsort(1)
    return torch.zeros(rows, n, dtype=torch.bool).scatter(1, order[:, :kept], True)


def _child(attempt: Attempt, a: Tensor, b: Tensor, seed: int) -> Tensor:
    got = same_tensor(attempt(a, b, torch.Generator().manual_seed(70_000 + seed)), a, "the result")
    counts, k = got.sum(1), int(a[0].sum())
    agree = a == b
    wrong = (got != a) & agree
    if torch.equal(got, a | b) and not torch.equal(a, b):
        raise Wrong("the child keeps what either parent keeps, more than each of them")
    if torch.equal(got, a & b) and not torch.equal(a, b):
        raise Wrong("the child keeps only what both keep, fewer than each of them")
    if bool((counts != k).any()):
        i = int((counts != k).nonzero()[0])
        raise Wrong(
            "children keep other numbers of weights than their parents: "
            "drawing each place on its own changes the count",
            f"parents {brief(a[i].int())} and {brief(b[i].int())} keep {k}, the child {brief(got[i].int())} "
            f"keeps {int(counts[i])}",
        )
    if bool(wrong.any()):
        i = int(wrong.any(1).nonzero()[0])
        raise Wrong(
            "where the parents agree, the child must do as they do",
            f"parents {brief(a[i].int())} and {brief(b[i].int())}, child {brief(got[i].int())}",
        )
    if torch.equal(got, a) or torch.equal(got, b):
        raise Wrong("this is one of the parents, and no child of both")
    return got


# 7.3 ---------------------------------------------------------------------------------------------------------


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
    for temperature in (1.0, 0.25, 4.0, 1e-3, 0.0):
        _compare_chance(attempt, now, new, temperature)
    a, b = (torch.rand(2, 3, generator=attempt.rng) for _ in range(2))
    _compare_chance(attempt, a, b, 0.3)


def _compare_chance(attempt: Attempt, now: Tensor, new: Tensor, temperature: float) -> None:
    right, got = acceptance(now, new, temperature), attempt(now, new, temperature)
    if isinstance(got, Tensor) and got.is_floating_point() and bool(got.isnan().any()):
        raise Wrong("it gives NaN; at temperature 0 an equal loss has 0 / 0: treat 0 on its own")
    found = same_tensor(got, right, "the result")
    if torch.allclose(found, right, atol=CLOSE, rtol=1e-5):
        return
    i = int((~torch.isclose(found, right, atol=CLOSE, rtol=1e-5)).flatten().nonzero()[0])
    values = [float(t.flatten()[i]) for t in (now, new, found, right)]
    example = (
        f"from {values[0]:g} to {values[1]:g} at T = {temperature:g}: got {values[2]:.4g}, expected {values[3]:.4g}"
    )
    raise Wrong(_which_chance(found, now, new, temperature), example)


def _which_chance(found: Tensor, now: Tensor, new: Tensor, t: float) -> str:
    d = new - now

    def is_(other: Tensor) -> bool:
        return torch.allclose(found, other.to(found), atol=CLOSE, rtol=1e-4, equal_nan=True)

    safe = max(t, 1e-12)
    known = [
        (is_((-d / safe).exp()), "a better step gets more than 1: a chance ends at 1"),
        (is_((d / safe).exp().clamp(max=1)), "the sign is turned round: it prefers worse masks"),
        (is_((-d * t).exp().clamp(max=1)), "divide by the temperature: a cold chain is the choosy one"),
        (is_((d <= 0).float()), "it never accepts anything worse, at any temperature: that is plain hill climbing"),
        (
            is_((d < 0).float()) or is_(torch.where(d < 0, 1.0, (-d / safe).exp()) * (d != 0)),
            "equal losses are accepted",
        ),
        (is_((-d / safe).sigmoid()), "this is another rule (Glauber's); here better and equal steps have chance 1"),
        (is_(torch.where(d > 0, (-d / new.clamp_min(1e-12) / safe).exp(), 1.0)), "take the difference, not a ratio"),
    ]
    return next((words for holds, words in known if holds), "this is not min(1, exp(-(new - now) / T))")


# 7.4 ---------------------------------------------------------------------------------------------------------


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
    cases: list[tuple[list[float], list[float], float]] = [
        ([3.0] * 8, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2], 6.0),
        ([1.0, 1.0, 1.0, 1.0], [0.4, 0.9, 0.6, 0.1], 3.0),
        ([1.0, 5.0, 1.0], [0.8, 0.3, 0.2], 4.0),
        ([40.0, 40.0, 40.0], [2.2, 2.1, 1.9], 90.0),
        ([2.0], [0.5], 1.0),
        ([], [], 10.0),
        ([0.1, 0.1, 0.1], [0.9, 0.8, 0.7], 0.3),
    ]
    for costs, losses, budget in cases:
        _compare_best(attempt(costs, losses, budget), costs, losses, budget)


def _compare_best(got: object, costs: list[float], losses: list[float], budget: float) -> None:
    right = best_within(costs, losses, budget)
    if got is None:
        raise Wrong("it returned None; where nothing was seen within the budget the best loss is infinity")
    try:
        found = float(got)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; expected one number, the lowest loss") from None
    if found == right:
        return
    example = (
        f"costs {costs}, losses {[round(v, 3) for v in losses]}, budget {budget:g}: got {found:g}, expected {right:g}"
    )
    sums = list(itertools.accumulate(costs))
    within = [v for v, s in zip(losses, sums, strict=True) if s <= budget + 1e-9]
    crossing = losses[: len(within) + 1]
    skipping = [v for i, v in enumerate(losses) if _spent_skipping(costs, i, budget)]
    paid = [v for v, s in zip(losses, sums, strict=True) if s <= budget]
    below = [v for v, s in zip(losses, sums, strict=True) if s < budget - 1e-9]
    known = [
        (not within and found == 0, "where nothing was seen the best loss is infinity, not 0"),
        (bool(within) and found == within[-1], "this is the last loss within the budget; take the lowest"),
        (found == min(crossing, default=math.inf), "a call that passes the budget does not count: it was not paid for"),
        (found == min(skipping, default=math.inf), "after the budget is passed nothing counts, however cheap"),
        (found == min(paid, default=math.inf), "three times 0.1 is above 0.3 by rounding; allow for it"),
        (found == min(below, default=math.inf), "a call that just fits counts"),
        (found == min(losses[: int(budget)], default=math.inf), "it counts calls; count what they cost"),
        (found == min(losses, default=math.inf), "it takes calls beyond the budget"),
        (bool(within) and found == max(within), "this is the highest loss; take the lowest"),
    ]
    raise Wrong(
        next((words for holds, words in known if holds), "this is not the lowest loss within the budget"), example
    )


def _spent_skipping(costs: Sequence[float], i: int, budget: float) -> bool:
    """Whether call i fits if calls that do not fit are left out and cost nothing."""
    spent = 0.0
    for j, cost in enumerate(costs[: i + 1]):
        if spent + cost > budget + 1e-9:
            if j == i:
                return False
            continue
        spent += cost
    return True
