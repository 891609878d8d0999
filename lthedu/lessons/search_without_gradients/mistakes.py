"""Mistakes that people really make in this lesson, and what they are told."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor

from lthedu.exercises.core import mistake
from lthedu.supermasks import nfl
from lthedu.supermasks.search import acceptance, crossover

# mean_best ---------------------------------------------------------------------------------------------------

Functions = Sequence[Sequence[int]]


def _mean(rows: Iterable[Iterable[float]], functions: Functions) -> list[float]:
    return [sum(column) / len(functions) for column in zip(*rows, strict=True)]


@mistake("mean_best", "these are the values seen, not the largest so far")
def mean_value(search: nfl.Search, functions: Functions) -> list[float]:
    return _mean([nfl.values_seen(search, f) for f in functions], functions)


@mistake("mean_best", "this is the smallest so far; take the largest")
def mean_worst(search: nfl.Search, functions: Functions) -> list[float]:
    return _mean([itertools.accumulate(nfl.values_seen(search, f), min) for f in functions], functions)


@mistake("mean_best", "this is the sum over the functions; divide by how many")
def total(search: nfl.Search, functions: Functions) -> list[float]:
    return [len(functions) * v for v in nfl.mean_best(search, functions)]


@mistake("mean_best", "values may be below 0: do not start at 0")
def starts_at_zero(search: nfl.Search, functions: Functions) -> list[float]:
    rows = [list(itertools.accumulate(nfl.values_seen(search, f), max, initial=0))[1:] for f in functions]
    return _mean(rows, functions)


@mistake("mean_best", "it goes from left to right; ask the search for each point")
def values_from_left_to_right(search: nfl.Search, functions: Functions) -> list[float]:
    return _mean(functions, functions)


@mistake("mean_best", "it goes from left to right; ask the search")
def asks_nobody(search: nfl.Search, functions: Functions) -> list[float]:
    return _mean([itertools.accumulate(f, max) for f in functions], functions)


# crossover ---------------------------------------------------------------------------------------------------


@mistake(
    "crossover",
    "children keep other numbers of weights than their parents: taking each place from either parent changes the count",
)
def uniform(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return torch.where(torch.rand(a.shape, generator=generator) < 0.5, a, b)


@mistake("crossover", "the child keeps what either parent keeps, more than each of them")
def union(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return a | b


@mistake("crossover", "the child keeps only what both keep, fewer than each of them")
def intersection(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return a & b


@mistake("crossover", "where the parents agree, the child must do as they do")
def any_mask_of_that_size(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return _largest(torch.rand(a.shape, generator=generator), a)


def _largest(noise: Tensor, a: Tensor) -> Tensor:
    """In each row as many of the largest as `a` keeps."""
    return torch.zeros_like(a).scatter(-1, noise.topk(int(a[0].sum()), dim=-1).indices, True)


@mistake("crossover", "this is one of the parents, and no child of both")
def one_parent_for_each_child(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return torch.where(torch.rand(len(a), 1, generator=generator) < 0.5, a, b)


@mistake("crossover", "it draws from torch's global random state: pass generator=generator to the random function")
def draws_from_torch(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return _largest(a.float() + b.float() + torch.rand(a.shape), a)


@mistake("crossover", "two generators in different states give the same children: draw from `generator`")
def seeds_its_own(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return crossover(a, b, torch.Generator().manual_seed(42))


@mistake("crossover", "both parents should count alike")
def prefers_the_first(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return _largest(1.5 * a.float() + b.float() + torch.rand(a.shape, generator=generator), a)


@mistake("crossover", "one draw decides for many children: draw for each pair of parents")
def one_draw_for_all(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return _largest(a.float() + b.float() + torch.rand(a.shape[1:], generator=generator), a)


@mistake("crossover", "it did not draw from `generator` itself but from a copy or another one of the same seed")
def draws_from_a_copy(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return crossover(a, b, generator.clone_state())


# acceptance --------------------------------------------------------------------------------------------------

Rule = Callable[[Tensor, float], Tensor]  # (new - now, temperature) -> the chance


def _of_the_difference(rule: Rule) -> Callable[[Tensor, Tensor, float], Tensor]:
    return lambda now, new, temperature: rule(new - now, max(temperature, 1e-12))


_RULES: list[tuple[str, Rule]] = [
    ("a better step gets more than 1: a chance ends at 1", lambda d, t: (-d / t).exp()),
    ("the sign is turned round: it prefers worse masks", lambda d, t: (d / t).exp().clamp(max=1)),
    ("divide by the temperature: a cold chain is the choosy one", lambda d, t: (-d * t).exp().clamp(max=1)),
    ("it never accepts anything worse, at any temperature: that is plain hill climbing", lambda d, t: (d <= 0).float()),
    ("equal losses are accepted", lambda d, t: (d < 0).float()),
    ("equal losses are accepted", lambda d, t: (-d / t).exp().clamp(max=1) * (d != 0)),
    ("this is another rule (Glauber's); here better and equal steps have chance 1", lambda d, t: (-d / t).sigmoid()),
]
for _words, _rule in _RULES:
    mistake("acceptance", _words)(_of_the_difference(_rule))


@mistake("acceptance", "equal losses are accepted")
def refuses_equal_losses_when_cold(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return acceptance(now, new, temperature) if temperature else (new < now).float()


@mistake("acceptance", "take the difference, not a ratio")
def by_ratio(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    d = (new - now).clamp(min=0)
    return (-d / new.clamp_min(1e-12) / max(temperature, 1e-12)).exp()


# best_within -------------------------------------------------------------------------------------------------

Row = Sequence[float]


def _sums(costs: Row, losses: Row) -> Iterator[tuple[float, float, float]]:
    """What was spent with each call, what it cost, and its loss."""
    return zip(itertools.accumulate(costs), costs, losses, strict=True)


def _within(costs: Row, losses: Row, budget: float) -> list[float]:
    return [loss for spent, _, loss in _sums(costs, losses) if spent <= budget + 1e-9]


def _lowest(losses: Iterable[float]) -> float:
    return min(losses, default=math.inf)


@mistake("best_within", "where nothing was seen the best loss is infinity, not 0")
def zero_for_nothing(costs: Row, losses: Row, budget: float) -> float:
    return min(_within(costs, losses, budget), default=0)


@mistake("best_within", "this is the last loss within the budget; take the lowest")
def the_last(costs: Row, losses: Row, budget: float) -> float:
    return [math.inf, *_within(costs, losses, budget)][-1]


@mistake("best_within", "a call that passes the budget does not count: it was not paid for")
def pays_later(costs: Row, losses: Row, budget: float) -> float:
    return _lowest(loss for spent, cost, loss in _sums(costs, losses) if spent - cost < budget - 1e-9)


@mistake("best_within", "a call that passes the budget does not count: it was not paid for")
def asks_later(costs: Row, losses: Row, budget: float) -> float:
    return _lowest(losses[: len(_within(costs, losses, budget)) + 1])


@mistake("best_within", "after the budget is passed nothing counts, however cheap")
def skips_the_dear(costs: Row, losses: Row, budget: float) -> float:
    best, spent = math.inf, 0.0
    for cost, loss in zip(costs, losses, strict=True):
        if spent + cost <= budget + 1e-9:
            spent += cost
            best = min(best, loss)
    return best


@mistake("best_within", "three times 0.1 is above 0.3 by rounding; allow for it")
def forgets_rounding(costs: Row, losses: Row, budget: float) -> float:
    return _lowest(loss for spent, _, loss in _sums(costs, losses) if spent <= budget)


@mistake("best_within", "a call that just fits counts")
def strictly_below(costs: Row, losses: Row, budget: float) -> float:
    return _lowest(loss for spent, _, loss in _sums(costs, losses) if spent < budget - 1e-9)


@mistake("best_within", "it counts calls; count what they cost")
def counts_calls(costs: Row, losses: Row, budget: float) -> float:
    return _lowest(losses[: int(budget)])


@mistake("best_within", "it takes calls beyond the budget")
def takes_all(costs: Row, losses: Row, budget: float) -> float:
    return _lowest(losses)


@mistake("best_within", "this is the highest loss; take the lowest")
def the_highest(costs: Row, losses: Row, budget: float) -> float:
    return max(_within(costs, losses, budget), default=math.inf)
