"""Answers to lesson 07 that people really give: right ones written differently, and wrong ones by name.

No lesson imports this module; the tests hold every check against it.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lthedu.exercises.core import alternative, planted
from lthedu.supermasks import nfl
from lthedu.supermasks.search import acceptance, crossover

Functions = Sequence[Sequence[int]]

# 7.1 ---------------------------------------------------------------------------------------------------------


@alternative("7.1")
def with_loops(search: nfl.Search, functions: Functions) -> list[float]:
    totals = [0.0] * len(functions[0])
    for f in functions:
        seen: dict[int, int] = {}
        for t in range(len(f)):
            point = search(seen, len(f))
            seen[point] = f[point]
            totals[t] += max(seen.values())
    return [x / len(functions) for x in totals]


@alternative("7.1")
def by_cummax(search: nfl.Search, functions: Functions) -> list[float]:
    rows = torch.tensor([nfl.values_seen(search, f) for f in functions], dtype=torch.float64)
    return list(rows.cummax(1).values.mean(0).tolist())


@planted("7.1", "not the largest so far")
def mean_value(search: nfl.Search, functions: Functions) -> list[float]:
    seen = [nfl.values_seen(search, f) for f in functions]
    return [sum(column) / len(functions) for column in zip(*seen, strict=True)]


@planted("7.1", "take the largest")
def mean_worst(search: nfl.Search, functions: Functions) -> list[float]:
    worst = [list(itertools.accumulate(nfl.values_seen(search, f), min)) for f in functions]
    return [sum(column) / len(functions) for column in zip(*worst, strict=True)]


@planted("7.1", "divide by how many")
def total(search: nfl.Search, functions: Functions) -> list[float]:
    return [len(functions) * v for v in nfl.mean_best(search, functions)]


@planted("7.1", "begin each")
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


@planted("7.1", "do not start at 0")
def starts_at_zero(search: nfl.Search, functions: Functions) -> list[float]:
    rows = [list(itertools.accumulate(nfl.values_seen(search, f), max, initial=0))[1:] for f in functions]
    return [sum(column) / len(functions) for column in zip(*rows, strict=True)]


@planted("7.1", "ask the search")
def asks_nobody(search: nfl.Search, functions: Functions) -> list[float]:
    rows = [list(itertools.accumulate(f, max)) for f in functions]
    return [sum(column) / len(functions) for column in zip(*rows, strict=True)]


# 7.2 ---------------------------------------------------------------------------------------------------------


@alternative("7.2")
def row_by_row(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    child = a & b
    for i in range(len(a)):
        places = (a[i] ^ b[i]).nonzero().flatten()
        chosen = places[torch.randperm(len(places), generator=generator)[: len(places) // 2]]
        child[i, chosen] = True
    return child


@alternative("7.2")
def by_sorting_noise(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.rand(a.shape, generator=generator)
    noise = noise.masked_fill(a & b, 2.0).masked_fill(~a & ~b, -1.0)
    rank = noise.argsort(dim=-1, descending=True).argsort(dim=-1)
    return rank < a.sum(-1, keepdim=True)


@planted("7.2", "changes the count")
def uniform(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return torch.where(torch.rand(a.shape, generator=generator) < 0.5, a, b)


@planted("7.2", "changes the count")
def at_one_point(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    cut = int(torch.randint(1, a.shape[-1], (), generator=generator))
    return torch.cat([a[..., :cut], b[..., cut:]], -1)


@planted("7.2", "what either parent keeps")
def union(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return a | b


@planted("7.2", "must do as they do")
def any_mask_of_that_size(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    places = torch.rand(a.shape, generator=generator).topk(int(a[0].sum()), dim=-1).indices
    return torch.zeros_like(a).scatter(-1, places, True)


@planted("7.2", "one of the parents")
def clones(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return a.clone()


@planted("7.2", "not from torch's own")
def draws_from_torch(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    return crossover(a, b, torch.Generator().manual_seed(int(torch.randint(10**9, ()))))


@planted("7.2", "both parents should count alike")
def prefers_the_first(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    noisy = 1.5 * a.float() + b.float() + torch.rand(a.shape, generator=generator)
    return torch.zeros_like(a).scatter(-1, noisy.topk(int(a[0].sum()), dim=-1).indices, True)


# 7.3 ---------------------------------------------------------------------------------------------------------


@alternative("7.3")
def by_where(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    worse = new > now
    if temperature == 0:
        return (~worse).float()
    return torch.where(worse, torch.exp((now - new) / temperature), torch.ones_like(now))


@alternative("7.3")
def by_minimum(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    ratio = torch.exp(-(new - now) / max(temperature, 1e-30))
    return torch.minimum(ratio, torch.ones_like(ratio))


@planted("7.3", "more than 1")
def forgets_the_one(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return torch.exp(-(new - now) / temperature) if temperature else (new <= now).float()


@planted("7.3", "turned round")
def prefers_worse(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return acceptance(new, now, temperature)


@planted("7.3", "divide by the temperature")
def multiplies(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return torch.exp(-(new - now).clamp(min=0) * temperature)


@planted("7.3", "plain hill climbing")
def greedy(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return (new <= now).float()


@planted("7.3", "NaN")
def divides_by_zero(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return torch.exp(-(new - now).clamp(min=0) / temperature)


@planted("7.3", "Glauber")
def by_sigmoid(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    return torch.sigmoid(-(new - now) / temperature) if temperature else (new <= now).float()


# 7.4 ---------------------------------------------------------------------------------------------------------


@alternative("7.4")
def by_accumulate(costs: Sequence[float], losses: Sequence[float], budget: float) -> float:
    sums = itertools.accumulate(costs)
    return min((v for v, s in zip(losses, sums, strict=True) if s <= budget * (1 + 1e-9)), default=math.inf)


@alternative("7.4")
def by_what_is_left(costs: Sequence[float], losses: Sequence[float], budget: float) -> float:
    left, best = budget + 1e-6, math.inf
    for i in range(len(costs)):
        left -= costs[i]
        if left < 0:
            return best
        best = losses[i] if losses[i] < best else best
    return best


@planted("7.4", "counts calls")
def counts_calls(costs: Sequence[float], losses: Sequence[float], budget: float) -> float:
    return min(losses[: int(budget)], default=math.inf)


@planted("7.4", "does not count")
def pays_later(costs: Sequence[float], losses: Sequence[float], budget: float) -> float:
    best, spent = math.inf, 0.0
    for cost, loss in zip(costs, losses, strict=True):
        if spent >= budget - 1e-9:
            break
        spent += cost
        best = min(best, loss)
    return best


@planted("7.4", "take the lowest")
def the_last(costs: Sequence[float], losses: Sequence[float], budget: float) -> float:
    last, spent = math.inf, 0.0
    for cost, loss in zip(costs, losses, strict=True):
        spent += cost
        if spent > budget + 1e-9:
            break
        last = loss
    return last


@planted("7.4", "however cheap")
def skips_the_dear(costs: Sequence[float], losses: Sequence[float], budget: float) -> float:
    best, spent = math.inf, 0.0
    for cost, loss in zip(costs, losses, strict=True):
        if spent + cost <= budget + 1e-9:
            spent += cost
            best = min(best, loss)
    return best


@planted("7.4", "infinity")
def gives_nothing(costs: Sequence[float], losses: Sequence[float], budget: float) -> Any:
    found = [v for v, s in zip(losses, itertools.accumulate(costs), strict=True) if s <= budget + 1e-9]
    return min(found) if found else None


@planted("7.4", "just fits")
def strictly_below(costs: Sequence[float], losses: Sequence[float], budget: float) -> float:
    sums = itertools.accumulate(costs)
    return min((v for v, s in zip(losses, sums, strict=True) if s < budget - 1e-9), default=math.inf)


@planted("7.4", "by rounding")
def forgets_rounding(costs: Sequence[float], losses: Sequence[float], budget: float) -> float:
    spent, best = 0.0, math.inf
    for cost, loss in zip(costs, losses, strict=True):
        spent += cost
        if spent > budget:
            break
        best = min(best, loss)
    return best
