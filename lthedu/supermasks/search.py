"""Masks found without gradients, and with them: four searchers and blind luck, held to one count of evaluations.

R frozen networks are searched side by side. Every searcher keeps exactly half of the weights, asks a `Fitness` for
losses, and goes on until its budget is spent. The best mask it has asked for is what it found.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lthedu.supermasks.fitness import FORWARD, GRADIENT, Fitness
from lthedu.supermasks.topk import keep_top

Searcher = Callable[[Fitness, torch.Generator], object]
Cross = Callable[[Tensor, Tensor, torch.Generator], Tensor]
Accept = Callable[[Tensor, Tensor, float], Tensor]

COLDEST = 0.001  # of the first temperature


def half(r: int, p: int, n: int, generator: torch.Generator) -> Tensor:
    """Random masks (R, P, N) that keep exactly half of the weights.

    >>> half(1, 2, 6, torch.Generator()).sum(2).tolist()
    [[3, 3]]
    """
    return upper_half(torch.rand(r, p, n, generator=generator))


def upper_half(scores: Tensor) -> Tensor:
    """Masks that keep exactly half of the weights, those with the largest `scores` (R, P, N).

    >>> upper_half(torch.tensor([[[0.1, 0.4, 0.3, 0.2]]])).tolist()
    [[[False, True, True, False]]]
    """
    return keep_top(scores.flatten(0, 1), 0.5).view(scores.shape)


def crossover(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    """Children of the masks `a` and `b`: the places that both keep, plus half of those that only one keeps.

    Shapes (P, N). The parents keep equally many weights, and so does each child. Where they agree it does as they do.

    >>> a, b = torch.tensor([[True, True, False, False]]), torch.tensor([[True, False, True, False]])
    >>> crossover(a, b, torch.Generator().manual_seed(0)).sum().item()
    2
    """
    places = a.to(torch.float32) + b.to(torch.float32)
    noise = torch.rand(places.shape, generator=generator)  # below 1: it decides between the parents alone
    return keep_top(places + noise, int(a[0].sum()) / a.shape[1])


def swapped(population: Tensor, swaps: int, generator: torch.Generator) -> Tensor:
    """Masks (..., N) in which `swaps` kept weights are pruned and as many pruned ones are kept, drawn at random.

    >>> m = torch.tensor([[True, True, False, False]])
    >>> new = swapped(m, 1, torch.Generator().manual_seed(0))
    >>> new.sum().item(), (new != m).sum().item()
    (2, 2)
    """
    noise = torch.rand(population.shape, generator=generator)
    leave = torch.where(population, noise, -1.0).topk(swaps, dim=-1).indices
    enter = torch.where(population, -1.0, noise).topk(swaps, dim=-1).indices
    return population.scatter(-1, leave, False).scatter(-1, enter, True)


def acceptance(now: Tensor, new: Tensor, temperature: float) -> Tensor:
    """The chance to accept a step from loss `now` to loss `new`: 1 if no worse, else exp(-(new - now) / T).

    Metropolis' rule, under which a chain of symmetric proposals visits states in proportion to exp(-loss / T). At
    temperature 0 nothing worse is accepted. Source: Kirkpatrick, Gelatt and Vecchi (1983), "Optimization by simulated
    annealing". Raises ValueError for a temperature below 0.

    >>> acceptance(torch.tensor([1.0, 1.0]), torch.tensor([0.5, 2.0]), 1.0)
    tensor([1.0000, 0.3679])
    """
    if not temperature >= 0:
        raise ValueError(f"temperature is {temperature}; it must be 0 or more")
    rise = (new - now).clamp_min(0)
    if temperature == 0:
        return (rise == 0).to(rise.dtype)
    return (-rise / temperature).exp()


def chosen(population: Tensor, places: Tensor) -> Tensor:
    """The masks (R, K, N) that stand at `places` (R, K) of a population (R, P, N), network by network.

    >>> chosen(torch.tensor([[[True, False], [False, True]]]), torch.tensor([[1]])).tolist()
    [[[False, True]]]
    """
    return population.gather(1, places[..., None].expand(-1, -1, population.shape[2]))


def parents(population: Tensor, loss: Tensor, generator: torch.Generator, of: int = 3) -> Tensor:
    """As many parents as there are masks (R, P, N), each the best of a tournament `of` a few drawn at random.

    >>> best = parents(torch.eye(2, dtype=torch.bool)[None], torch.tensor([[0.1, 0.9]]), torch.Generator(), of=50)
    >>> best.tolist()
    [[[True, False], [True, False]]]
    """
    r, p, _ = population.shape
    drawn = torch.randint(p, (r, p, of), generator=generator)
    losses = loss[:, None].expand(-1, p, -1).gather(2, drawn)
    return chosen(population, drawn.gather(2, losses.argmin(2, keepdim=True))[..., 0])


def random_search(fitness: Fitness, generator: torch.Generator, *, together: int = 40) -> None:
    """Draw masks until the budget is spent: the control of every search."""
    while fitness.left >= together:
        fitness(half(fitness.r, together, fitness.n, generator))


def anneal(fitness: Fitness, generator: torch.Generator, *, hot: float = 0.0001, accept: Accept = acceptance) -> None:
    """Simulated annealing: one mask a network, a swap proposed at a time, a temperature that falls geometrically.

    It falls from `hot` to a thousandth of that. With `hot` = 0 nothing worse is ever accepted: hill climbing.
    """
    now = half(fitness.r, 1, fitness.n, generator)
    loss, whole = fitness(now), fitness.left
    while fitness.left >= FORWARD:
        temperature = hot * COLDEST ** (1 - fitness.left / whole)
        new = swapped(now, 1, generator)
        proposed = fitness(new)
        taken = torch.rand(loss.shape, generator=generator) < accept(loss, proposed, temperature)
        now, loss = torch.where(taken[..., None], new, now), torch.where(taken, proposed, loss)


def evolve(
    fitness: Fitness,
    generator: torch.Generator,
    *,
    size: int = 5,
    swaps: int = 2,
    cross: Cross = crossover,
    again: bool = False,
) -> tuple[Tensor, Tensor]:
    """A genetic algorithm: the best of parents and children survive; gives the last population and its losses.

    `cross` makes a child of two parents, then `swaps` weights change places in it. With `again`, survivors are measured
    anew in every generation, which costs evaluations, and matters where a loss is noisy. Source: Holland (1975).
    """
    population = half(fitness.r, size, fitness.n, generator)
    loss = fitness(population)
    while fitness.left >= fitness.price(size) * (2 if again else 1):
        a, b = (parents(population, loss, generator).flatten(0, 1) for _ in range(2))  # all networks' in one row
        children = swapped(cross(a, b, generator).view(population.shape), swaps, generator)
        if again:
            loss = fitness(population)
        everyone, losses = torch.cat([population, children], 1), torch.cat([loss, fitness(children)], 1)
        survive = losses.argsort(1)[:, :size]
        population, loss = chosen(everyone, survive), losses.gather(1, survive)
    return population, loss


def estimate(fitness: Fitness, generator: torch.Generator, *, rate: float = 3.0, pairs: int = 20) -> None:
    """An evolution strategy over scores: noise in mirrored pairs, ranks in the place of losses.

    The mask keeps the larger half of the scores. With noise e, the mean of rank(loss(scores + e)) e estimates the
    gradient of a smoothed objective. Source: Salimans, Ho, Chen, Sidor and Sutskever (2017), arXiv:1703.03864.
    """
    scores = torch.randn(fitness.r, 1, fitness.n, generator=generator)
    while fitness.left >= 2 * pairs + FORWARD:
        noise = torch.randn(fitness.r, pairs, fitness.n, generator=generator)
        noise = torch.cat([noise, -noise], 1)
        ranks = fitness(upper_half(scores + noise)).argsort(1).argsort(1) / (2 * pairs - 1) - 0.5  # the best: -1/2
        scores = scores - rate * (ranks[..., None] * noise).mean(1, keepdim=True)
        fitness(upper_half(scores))


def descend(fitness: Fitness, generator: torch.Generator, *, rate: float = 10.0, momentum: float = 0.9) -> None:
    """Edge-popup as a searcher: the mask's gradient, straight through to the scores, at `GRADIENT` a step.

    The rate falls along half a cosine. Source: Ramanujan et al. (2020), arXiv:1911.13299.
    """
    scores = (2 * torch.rand(fitness.r, 1, fitness.n, generator=generator) - 1) / 7
    moved, steps = torch.zeros_like(scores), int(fitness.left // GRADIENT)
    for step in range(steps):
        _, gradient = fitness.gradient(upper_half(scores))
        moved = momentum * moved + gradient
        scores = scores - rate * (1 + math.cos(math.pi * step / steps)) / 2 * moved
