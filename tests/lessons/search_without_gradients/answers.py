"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from answers import right, told
from torch import Tensor

from lthedu.supermasks import nfl
from lthedu.supermasks.search import acceptance
from lthedu.supermasks.topk import keep_top

Functions = Sequence[Sequence[int]]


# mean_best --------------------------------------------------------------------------------------------------


@right("mean_best")
def with_loops(search: nfl.Search, functions: Functions) -> list[float]:
    totals = [0.0] * len(functions[0])
    for f in functions:
        seen: dict[int, int] = {}
        for t in range(len(f)):
            point = search(seen, len(f))
            seen[point] = f[point]
            totals[t] += max(seen.values())
    return [x / len(functions) for x in totals]


@right("mean_best")
def by_cummax(search: nfl.Search, functions: Functions) -> list[float]:
    rows = torch.tensor([nfl.values_seen(search, f) for f in functions], dtype=torch.float64)
    return list(rows.cummax(1).values.mean(0).tolist())


@right("mean_best")
def in_float32(search: nfl.Search, functions: Functions) -> torch.Tensor:
    return torch.tensor([nfl.values_seen(search, f) for f in functions]).float().cummax(1).values.mean(0)


# crossover --------------------------------------------------------------------------------------------------


@right("crossover")
def row_by_row(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    child = a & b
    for i in range(len(a)):
        places = (a[i] ^ b[i]).nonzero().flatten()
        chosen = places[torch.randperm(len(places), generator=generator)[: len(places) // 2]]
        child[i, chosen] = True
    return child


@right("crossover")
def by_sorting_noise(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.rand(a.shape, generator=generator)
    noise = noise.masked_fill(a & b, 2.0).masked_fill(~a & ~b, -1.0)
    rank = noise.argsort(dim=-1, descending=True).argsort(dim=-1)
    return rank < a.sum(-1, keepdim=True)


@right("crossover")
def in_numbers(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.rand(a.shape, generator=generator)
    places = (a.int() + b.int() + noise).argsort(dim=1, descending=True)[:, : int(a[0].sum())]
    return torch.zeros(a.shape).scatter(1, places, 1.0)


# acceptance -------------------------------------------------------------------------------------------------


@right("acceptance")
def by_where(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    worse = new > now
    if temperature == 0:
        return (~worse).float()
    return torch.where(worse, torch.exp((now - new) / temperature), torch.ones_like(now))


@right("acceptance")
def by_minimum(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    ratio = torch.exp(-(new - now) / max(temperature, 1e-30))
    return torch.minimum(ratio, torch.ones_like(ratio))


@right("acceptance")
def in_numpy(now: Tensor, new: Tensor, temperature: float) -> Any:
    if temperature == 0:
        return new <= now
    return np.minimum(np.exp(-np.maximum((new - now).numpy(), 0) / temperature), 1)


# best_within ------------------------------------------------------------------------------------------------


@right("best_within")
def by_accumulate(costs: Sequence[float], losses: Sequence[float], budget: float) -> float:
    sums = itertools.accumulate(costs)
    return min((v for v, s in zip(losses, sums, strict=True) if s <= budget * (1 + 1e-9)), default=math.inf)


@right("best_within")
def by_what_is_left(costs: Sequence[float], losses: Sequence[float], budget: float) -> float:
    left, best = budget + 1e-6, math.inf
    for i in range(len(costs)):
        left -= costs[i]
        if left < 0:
            return best
        best = losses[i] if losses[i] < best else best
    return best


@told("mean_best", "begin each function with nothing seen")
def never_forgets(search: nfl.Search, functions: Functions) -> list[float]:
    totals = [0.0] * len(functions[0])
    seen: dict[int, int] = {}
    for f in functions:
        best = -math.inf
        for t in range(len(f)):
            point = search(seen, len(f))
            seen[point] = f[point]
            best = max(best, f[point])
            totals[t] += best
    return [x / len(functions) for x in totals]


@told("mean_best", "it does not ask the `search` that it is given")
def asks_another_search(search: nfl.Search, functions: Functions) -> list[float]:
    return nfl.mean_best(nfl.climb, functions)


@told("mean_best", "expected 3 numbers, one for each of the evaluations")
def one_for_each_function(search: nfl.Search, functions: Functions) -> list[float]:
    return [sum(itertools.accumulate(nfl.values_seen(search, f), max)) / len(f) for f in functions]


@told("mean_best", "this is not the mean of the largest value so far")
def rounds_to_two_places(search: nfl.Search, functions: Functions) -> list[float]:
    return [round(v, 2) for v in nfl.mean_best(search, functions)]


@told("crossover", "children keep other numbers of weights than their parents")
def at_one_point(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    cut = int(torch.randint(1, a.shape[-1], (), generator=generator))
    return torch.cat([a[..., :cut], b[..., cut:]], -1)


@told("crossover", "one of the parents")
def clones(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return a.clone()


@told("crossover", "some places are kept more often than others")
def first_differing_place(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    """As many as each parent keeps, but of the places at which they differ the first is kept as good as always."""
    noise = torch.rand(a.shape, generator=generator)
    noise += 2.0 * (a & b) + ((a ^ b) & ((a ^ b).cumsum(-1) == 1)) - 2.0 * ~(a | b)
    return keep_top(noise, a.float().mean().item()).bool()


@told("crossover", "not every child can come")
def alternates(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    """Of the places at which the parents differ every other one, the first or the second of them."""
    order = (a ^ b).cumsum(-1) + torch.randint(2, (len(a), 1), generator=generator)
    return torch.where(a ^ b, order % 2 == 0, a)


@told("crossover", "both parents should count alike")
def prefers_the_first_a_little(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.rand(a.shape, generator=generator) + a.float() + 0.9 * b.float()
    return torch.zeros_like(a).scatter(1, noise.topk(int(a[0].sum()), dim=1).indices, True)


@told("acceptance", "it gives NaN; exp of a large number")
def multiplies_by_zero(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    worse = (new > now).float()
    return worse * torch.exp(-(new - now) / temperature) + 1 - worse


@told("acceptance", "this is not min(1, exp(-(new - now) / T))")
def nothing_worse_below_a_hundredth(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return acceptance(now, new, temperature if temperature > 0.01 else 0.0)


@told("acceptance", "it gives NaN; at temperature 0 an equal loss has 0 / 0")
def divides_by_zero(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return torch.exp(-(new - now).clamp(min=0) / temperature)


@told("acceptance", "the sign is turned round")
def from_new_to_now(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return acceptance(new, now, temperature)


@told("acceptance", "a better step gets more than 1")
def forgets_the_one(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return torch.exp(-(new - now) / temperature) if temperature else (new <= now).float()


@right("best_within")
def adds_up_as_it_goes(costs: Sequence[float], losses: Sequence[float], budget: float) -> float:
    """As everyone does it first, and without a tolerance."""
    best, spent = math.inf, 0.0
    for cost, loss in zip(costs, losses, strict=True):
        spent += cost
        if spent > budget:
            break
        best = min(best, loss)
    return best


@right("best_within")
def by_cumsum_in_float32(costs: Sequence[float], losses: Sequence[float], budget: float) -> Any:
    found = torch.tensor(losses)[torch.tensor(costs).cumsum(0) <= budget]
    return found.min() if len(found) else math.inf


@right("best_within")
def with_one_call_at_least(costs: Sequence[float], losses: Sequence[float], budget: float) -> float:
    spent = [costs[0]]
    for cost in costs[1:]:
        spent.append(spent[-1] + cost)
    return min((v for v, s in zip(losses, spent, strict=True) if s <= budget), default=math.inf)


@told("best_within", "list index out of range")
def runs_off_the_end(costs: Sequence[float], losses: Sequence[float], budget: float) -> float:
    i, spent, best = 0, costs[0], math.inf
    while spent <= budget:
        best = min(best, losses[i])
        i += 1
        spent += costs[i]
    return best


@told("best_within", "where nothing was seen within the budget the best loss is infinity")
def gives_nothing(costs: Sequence[float], losses: Sequence[float], budget: float) -> Any:
    found = [v for v, s in zip(losses, itertools.accumulate(costs), strict=True) if s <= budget + 1e-9]
    return min(found) if found else None


@told("best_within", "where nothing was seen the best loss is infinity")
def a_billion_for_nothing(costs: Sequence[float], losses: Sequence[float], budget: float) -> float:
    return min((v for v, s in zip(losses, itertools.accumulate(costs), strict=True) if s <= budget), default=1e9)


@told("best_within", "this is not the lowest loss within the budget")
def lets_a_call_pass_by_a_little(costs: Sequence[float], losses: Sequence[float], budget: float) -> float:
    return min(
        (v for v, s in zip(losses, itertools.accumulate(costs), strict=True) if round(s) <= budget), default=math.inf
    )
