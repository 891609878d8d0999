"""Mistakes that people really make in this lesson, and what they are told."""

import functools
import itertools
import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor

from lthedu.exercises.core import mistake
from lthedu.exercises.draws import SEEDED_ANEW
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


for _start in (0, -1):

    @mistake("mean_best", "values may be below the number that it starts with: start with -math.inf")
    def starts_too_high(search: nfl.Search, functions: Functions, start: int = _start) -> list[float]:
        rows = [list(itertools.accumulate(nfl.values_seen(search, f), max, initial=start))[1:] for f in functions]
        return _mean(rows, functions)


def _best(search: nfl.Search, function: Sequence[int]) -> list[int]:
    return list(itertools.accumulate(nfl.values_seen(search, function), max))


@mistake("mean_best", "it carries the largest value over from the function before: begin each with none")
def keeps_the_largest(search: nfl.Search, functions: Functions) -> list[float]:
    rows, best = [], -math.inf
    for f in functions:
        rows.append(list(itertools.accumulate(nfl.values_seen(search, f), max, initial=best))[1:])
        best = max(best, *f)
    return _mean(rows, functions)


@mistake("mean_best", "this is the largest so far of the mean values; take the mean of the largest so far")
def largest_of_the_means(search: nfl.Search, functions: Functions) -> list[float]:
    return list(itertools.accumulate(mean_value(search, functions), max))


@mistake("mean_best", "this is the median over the functions; take the mean")
def median(search: nfl.Search, functions: Functions) -> list[float]:
    return [statistics.median(column) for column in zip(*(_best(search, f) for f in functions), strict=True)]


@mistake("mean_best", "it divides by one function too few")
def divides_by_one_less(search: nfl.Search, functions: Functions) -> list[float]:
    n = len(functions)
    return [v * n / max(n - 1, 1) for v in nfl.mean_best(search, functions)]


@mistake("mean_best", "this is the mean of the values so far; take the largest so far")
def mean_so_far(search: nfl.Search, functions: Functions) -> list[float]:
    sums = (itertools.accumulate(nfl.values_seen(search, f)) for f in functions)
    return _mean([[s / k for k, s in enumerate(row, 1)] for row in sums], functions)


@mistake("mean_best", "this is the sum of the values so far; take the largest so far")
def sum_so_far(search: nfl.Search, functions: Functions) -> list[float]:
    return _mean([itertools.accumulate(nfl.values_seen(search, f)) for f in functions], functions)


@mistake("mean_best", "it is one evaluation late: the first number is what one evaluation gave")
def one_late(search: nfl.Search, functions: Functions) -> list[float]:
    return [0.0, *nfl.mean_best(search, functions)[:-1]]


@mistake("mean_best", "it goes through the first function alone: average over all of them")
def the_first_alone(search: nfl.Search, functions: Functions) -> list[float]:
    return nfl.mean_best(search, functions[:1])


@mistake("mean_best", "it goes through the last function alone: average over all of them")
def the_last_alone(search: nfl.Search, functions: Functions) -> list[float]:
    return nfl.mean_best(search, functions[-1:])


@mistake("mean_best", "it counts a function that comes twice only once")
def each_function_once(search: nfl.Search, functions: Functions) -> list[float]:
    return nfl.mean_best(search, list(dict.fromkeys(map(tuple, functions))))


def _told(search: nfl.Search, functions: Functions, noted: Callable[[int, int, float], int]) -> list[float]:
    """Where the search is told `noted(point, value, largest so far)` and not the value."""
    rows = []
    for f in functions:
        seen: dict[int, int] = {}
        row: list[float] = []
        for _ in f:
            point = search(dict(seen), len(f))
            row.append(max([*row, f[point]]))
            seen[point] = noted(point, f[point], row[-1])
        rows.append(row)
    return _mean(rows, functions)


@mistake("mean_best", "the dict is to hold the function's value at each point; it holds the point")
def notes_the_points(search: nfl.Search, functions: Functions) -> list[float]:
    return _told(search, functions, lambda point, value, best: point)


@mistake("mean_best", "the dict is to hold the function's value at each point; it holds the largest so far")
def notes_the_largest(search: nfl.Search, functions: Functions) -> list[float]:
    return _told(search, functions, lambda point, value, best: int(best))


@mistake("mean_best", "the search never learns what was seen: note each value in the dict that it gets")
def tells_nothing(search: nfl.Search, functions: Functions) -> list[float]:
    return _mean([[f[search({}, len(f))]] * len(f) for f in functions], functions)


@mistake("mean_best", "it takes the largest point seen; take the largest value")
def largest_point(search: nfl.Search, functions: Functions) -> list[float]:
    rows = []
    for f in functions:
        seen: dict[int, int] = {}
        row = []
        for _ in f:
            point = search(dict(seen), len(f))
            seen[point] = f[point]
            row.append(max(seen))
        rows.append(row)
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
    "children keep other numbers of weights than their parents",
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


@mistake("crossover", "the child keeps what only one parent keeps, and not what both keep")
def exclusive_or(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return a ^ b


@mistake("crossover", "children keep fewer weights than their parents")
def draws_with_replacement(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    child = a & b
    for i, differ in enumerate(a ^ b):
        places = differ.nonzero().flatten()
        if len(places):
            child[i, places[torch.randint(len(places), (len(places) // 2,), generator=generator)]] = True
    return child


@mistake("crossover", "it takes half from each parent; draw among all places that only one keeps, a's or b's")
def half_from_each_parent(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    child = a & b
    for i in range(len(a)):
        for only in (a[i] & ~b[i], b[i] & ~a[i]):
            places = only.nonzero().flatten()
            child[i, places[torch.randperm(len(places), generator=generator)[: len(places) // 2]]] = True
    return child


@mistake("crossover", SEEDED_ANEW)
def seeds_it_anew(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return crossover(a, b, generator.manual_seed(generator.initial_seed()))


@mistake("crossover", "some children come more often than others: all halves of the places must be equally likely")
def sometimes_a_parent(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    parent = one_parent_for_each_child(a, b, generator)
    return torch.where(torch.rand(len(a), 1, generator=generator) < 0.5, parent, crossover(a, b, generator))


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
    ("it takes the size of the difference: a better step has chance 1", lambda d, t: (-d.abs() / t).exp()),
    ("it squares the difference", lambda d, t: (-(d.clamp(min=0) ** 2) / t).exp()),
    ("it divides by the temperature's square", lambda d, t: (-d.clamp(min=0) / t**2).exp()),
    ("it divides by twice the temperature", lambda d, t: (-d.clamp(min=0) / (2 * t)).exp()),
    ("it gives the chance to refuse", lambda d, t: 1 - (-d.clamp(min=0) / t).exp()),
    ("it falls along a line; the chance is exp(-(new - now) / temperature)", lambda d, t: (1 - d / t).clamp(0, 1)),
    ("it takes a power of 2; exp takes a power of e", lambda d, t: (-d.clamp(min=0) / t).exp2()),
    ("it takes a power of 10; exp takes a power of e", lambda d, t: 10 ** (-d.clamp(min=0) / t)),
    ("it decides: the chance itself is asked for", lambda d, t: ((-d.clamp(min=0) / t).exp() > 0.5).float()),
    ("this is another rule (Glauber's); here better and equal steps have chance 1", lambda d, t: (-d / t).sigmoid()),
]
for _words, _rule in _RULES:
    mistake("acceptance", _words)(_of_the_difference(_rule))


@mistake("acceptance", "equal losses are accepted")
def refuses_equal_losses_when_cold(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return acceptance(now, new, temperature) if temperature else (new < now).float()


@mistake("acceptance", "at temperature 0 a step that is no worse has chance 1 still")
def nothing_when_cold(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return acceptance(now, new, temperature) if temperature else torch.zeros_like(now)


@mistake("acceptance", "at temperature 0 nothing worse is accepted")
def everything_when_cold(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return acceptance(now, new, temperature) if temperature else torch.ones_like(now)


@mistake("acceptance", "it does not use the temperature")
def always_at_one(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return acceptance(now, new, 1.0)


@mistake("acceptance", "it does not use the temperature")
def always_at_one_but_when_cold(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return acceptance(now, new, 1.0 if temperature else 0.0)


@mistake("acceptance", "all steps get one chance: each has its own")
def of_the_sums(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return acceptance(now.sum(), new.sum(), temperature).expand_as(now)


@mistake("acceptance", "take the difference, not a ratio")
def relative_to_now(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return acceptance(torch.zeros_like(now), (new - now) / now, temperature)


@mistake("acceptance", "take the difference, not a ratio")
def the_ratio_itself(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return (now / new).clamp(max=1)


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


def starts_with(start: float, otherwise: float, costs: Row, losses: Row, budget: float) -> float:
    """The lowest loss, or `start` if it is lower; `otherwise` where there is no loss."""
    found = _within(costs, losses, budget)
    return min([start, *found]) if found else otherwise


for _first_best in (1.0, 10.0, 99.0, 100.0, 999.0, 1000.0, 9999.0, 1e4, 1e5, 1e6, 1e9):
    for _otherwise in (_first_best, math.inf):
        mistake("best_within", "it starts with a number that losses may be above: start with infinity")(
            functools.partial(starts_with, _first_best, _otherwise)
        )


@mistake("best_within", "it starts with a number that losses may be above: start with infinity")
def infinity_if_it_is_999_still(costs: Row, losses: Row, budget: float) -> float:
    best = min([999.0, *_within(costs, losses, budget)])
    return best if best < 999 else math.inf


@mistake("best_within", "a loss of 0 counts as any other: `if not best` and `best or ...` take it for nothing")
def takes_zero_for_nothing(costs: Row, losses: Row, budget: float) -> float:
    return _lowest(_within(costs, losses, budget)) or math.inf


@mistake("best_within", "a loss of 0 counts as any other: `if not best` and `best or ...` take it for nothing")
def forgets_zero(costs: Row, losses: Row, budget: float) -> float:
    best: float | None = None
    for loss in _within(costs, losses, budget):
        if not best or loss < best:
            best = loss
    return math.inf if best is None else best


@mistake("best_within", "a loss of 0 counts as any other: `if not best` and `best or ...` take it for nothing")
def only_above_zero(costs: Row, losses: Row, budget: float) -> float:
    return _lowest(loss for loss in _within(costs, losses, budget) if loss > 0)


def _by(key: Callable[[float, float, float], Any], costs: Row, losses: Row, budget: float) -> float:
    """The loss of the call within the budget of which (spent, cost, loss) give the lowest key."""
    calls = [call for call in _sums(costs, losses) if call[0] <= budget + 1e-9]
    return min(calls, key=lambda call: key(*call))[2] if calls else math.inf


for _words, _key in (
    ("it compares losses divided by costs; compare the losses", lambda spent, cost, loss: loss / cost),
    ("it compares losses divided by what was spent; compare the losses", lambda spent, cost, loss: loss / spent),
    ("it takes the loss of the cheapest call; take the lowest loss", lambda spent, cost, loss: (cost, loss)),
    ("it compares rounded losses; compare them as they are", lambda spent, cost, loss: round(loss, 1)),
    ("it compares rounded losses; compare them as they are", lambda spent, cost, loss: round(loss, 2)),
    ("it compares rounded losses; compare them as they are", lambda spent, cost, loss: round(loss, 3)),
):
    mistake("best_within", _words)(functools.partial(_by, _key))


@mistake("best_within", "it compares a loss with the one before it; compare it with the lowest so far")
def compares_with_the_one_before(costs: Row, losses: Row, budget: float) -> float:
    found = [math.inf, *_within(costs, losses, budget)]
    return [found[0], *(b for a, b in itertools.pairwise(found) if b < a)][-1]


@mistake("best_within", "it adds up all costs first: go call by call, and count those that fit")
def all_or_nothing(costs: Row, losses: Row, budget: float) -> float:
    return _lowest(losses) if sum(costs) <= budget else math.inf


@mistake("best_within", "it cuts costs to whole numbers; add them up as they are")
def whole_costs(costs: Row, losses: Row, budget: float) -> float:
    return _lowest(_within([int(cost) for cost in costs], losses, int(budget)))


@mistake("best_within", "it starts with 0, and no loss is below it: start with infinity")
def starts_with_zero(costs: Row, losses: Row, budget: float) -> float:
    return min([0.0, *_within(costs, losses, budget)])


@mistake("best_within", "it starts with the first loss, which may not be within the budget: start with infinity")
def starts_with_the_first(costs: Row, losses: Row, budget: float) -> float:
    return _lowest([*losses[:1], *_within(costs, losses, budget)])


@mistake("best_within", "this is the first loss within the budget; take the lowest")
def the_first(costs: Row, losses: Row, budget: float) -> float:
    return [*_within(costs, losses, budget), math.inf][0]


@mistake("best_within", "this is the mean of the losses within the budget; take the lowest")
def the_mean(costs: Row, losses: Row, budget: float) -> float:
    found = _within(costs, losses, budget)
    return sum(found) / len(found) if found else math.inf


@mistake("best_within", "it compares the cost of each call with the budget: add up the costs")
def each_on_its_own(costs: Row, losses: Row, budget: float) -> float:
    return _lowest(loss for cost, loss in zip(costs, losses, strict=True) if cost <= budget)


@mistake("best_within", "it goes through the calls sorted by cost; go through them as they came")
def the_cheapest_first(costs: Row, losses: Row, budget: float) -> float:
    return _sorted_first(costs, losses, budget, 0)


@mistake("best_within", "it goes through the calls sorted by cost; go through them as they came")
def the_cheapest_and_lowest_first(costs: Row, losses: Row, budget: float) -> float:
    calls = sorted(zip(costs, losses, strict=True))
    return _lowest(_within([cost for cost, _ in calls], [loss for _, loss in calls], budget))


@mistake("best_within", "it goes through the calls sorted by loss; go through them as they came")
def the_lowest_first(costs: Row, losses: Row, budget: float) -> float:
    return _sorted_first(costs, losses, budget, 1)


def _sorted_first(costs: Row, losses: Row, budget: float, by: int) -> float:
    calls = sorted(zip(costs, losses, strict=True), key=lambda call: call[by])
    return _lowest(_within([cost for cost, _ in calls], [loss for _, loss in calls], budget))


@mistake("best_within", "costs and losses are exchanged")
def exchanged(costs: Row, losses: Row, budget: float) -> float:
    return _lowest(_within(losses, costs, budget))


@mistake("best_within", "this is the place of the lowest loss; give the loss itself")
def its_place(costs: Row, losses: Row, budget: float) -> float:
    found = _within(costs, losses, budget)
    return found.index(min(found)) if found else math.inf


@mistake("best_within", "it stops at the first loss that is worse than the best; go on until the budget is spent")
def stops_at_the_first_worse_loss(costs: Row, losses: Row, budget: float) -> float:
    best = math.inf
    for loss in _within(costs, losses, budget):
        if loss > best:
            break
        best = loss
    return best


@mistake("best_within", "a call that just fits counts")
def strictly_below(costs: Row, losses: Row, budget: float) -> float:
    return _lowest(loss for spent, _, loss in _sums(costs, losses) if spent < budget - 1e-9)


@mistake("best_within", "it counts calls; count what they cost")
def counts_calls(costs: Row, losses: Row, budget: float) -> float:
    return _lowest(losses[: int(budget)])


@mistake("best_within", "it counts calls; count what they cost")
def takes_so_many_calls(costs: Row, losses: Row, budget: Any) -> float:
    return _lowest(losses[:budget])  # which fails for a part of one


@mistake("best_within", "it takes calls beyond the budget")
def takes_all(costs: Row, losses: Row, budget: float) -> float:
    return _lowest(losses)


@mistake("best_within", "this is the highest loss; take the lowest")
def the_highest(costs: Row, losses: Row, budget: float) -> float:
    return max(_within(costs, losses, budget), default=math.inf)
