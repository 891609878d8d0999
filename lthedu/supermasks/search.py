"""Masks found without gradients, and with them: four searchers and blind luck, held to one count of evaluations.

R frozen networks are searched side by side. Every searcher keeps exactly half of the weights, asks a `Fitness` for
losses, and goes on until its budget is spent. The best mask it has asked for is what it found.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from lthedu.supermasks.fitness import FORWARD, GRADIENT, Fitness
from lthedu.supermasks.topk import keep_top

Searcher = Callable[[Fitness, torch.Generator], None]


def half(r: int, p: int, n: int, generator: torch.Generator) -> Tensor:
    """Random masks (R, P, N) that keep exactly half of the weights.

    >>> half(1, 2, 6, torch.Generator()).sum(2).tolist()
    [[3, 3]]
    """
    return _top(torch.rand(r, p, n, generator=generator))


def _top(scores: Tensor) -> Tensor:
    return keep_top(scores.flatten(0, 1), 0.5).view(scores.shape)


def crossover(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    """Children of the masks `a` and `b`, which keep equally many: what both keep, and of the rest so many.

    Shapes (P, N). Where the parents agree the child does as they do. Of the places that one of them keeps, half are
    drawn: the child keeps as many weights as each of them.

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


def random_search(fitness: Fitness, generator: torch.Generator, together: int = 40) -> None:
    """Draw masks until the budget is spent: the control."""
    while fitness.left >= together:
        fitness(half(fitness.r, together, fitness.n, generator))


@dataclass(frozen=True)
class Annealing:
    """Simulated annealing: one mask a network, a swap proposed at a time, a temperature that falls geometrically.

    Called with a fitness and a generator it searches until the budget is spent.
    """

    hot: float = 0.005
    cold: float = 5e-6
    accept: Callable[[Tensor, Tensor, float], Tensor] = acceptance

    def __call__(self, fitness: Fitness, generator: torch.Generator) -> None:
        """Search until the budget is spent."""
        now = half(fitness.r, 1, fitness.n, generator)
        loss, begun = fitness(now), fitness.spent
        while fitness.left >= FORWARD:
            done = (fitness.spent - begun) / (fitness.budget - begun)
            temperature = self.hot * (self.cold / self.hot) ** done
            new = swapped(now, 1, generator)
            proposed = fitness(new)
            taken = torch.rand(loss.shape, generator=generator) < self.accept(loss, proposed, temperature)
            now, loss = torch.where(taken[..., None], new, now), torch.where(taken, proposed, loss)


@dataclass
class Genetic:
    """A genetic algorithm: the best of parents and children survive; parents are chosen by tournament.

    `cross` makes a child of two parents, then `swaps` weights change places in it. With `again`, survivors are measured
    anew in every generation, which costs evaluations, and matters where a loss is noisy. `generations` keeps the
    populations (R, P, N) of every `every`-th generation, for looking at.
    """

    size: int = 40
    tournament: int = 3
    swaps: int = 2
    cross: Callable[[Tensor, Tensor, torch.Generator], Tensor] = crossover
    again: bool = False
    every: int = 10
    generations: dict[int, tuple[Tensor, Tensor]] = field(default_factory=dict)  # masks, and losses (R, P)

    def __call__(self, fitness: Fitness, generator: torch.Generator) -> None:
        """Search until the budget is spent."""
        share = 1.0 if fitness.batch is None else fitness.batch / len(fitness.x)
        population = half(fitness.r, self.size, fitness.n, generator)
        loss, generation = fitness(population), 0
        while fitness.left >= self.size * share * (2 if self.again else 1):
            if generation % self.every == 0:
                self.generations[generation] = population, loss
            a, b = (self._parents(population, loss, generator) for _ in range(2))
            crossed = self.cross(a.flatten(0, 1), b.flatten(0, 1), generator)  # all networks' pairs in one row
            children = swapped(crossed.view(a.shape), self.swaps, generator)
            if self.again:
                loss = fitness(population)
            everyone, losses = torch.cat([population, children], 1), torch.cat([loss, fitness(children)], 1)
            survive = losses.argsort(1)[:, : self.size]
            population = everyone.gather(1, survive[..., None].expand(-1, -1, fitness.n))
            loss, generation = losses.gather(1, survive), generation + 1
        self.generations[generation] = population, loss

    def _parents(self, population: Tensor, loss: Tensor, generator: torch.Generator) -> Tensor:
        """P parents, each the best of a few drawn at random."""
        r, p, n = population.shape
        drawn = torch.randint(p, (r, p, self.tournament), generator=generator)
        losses = loss[:, None].expand(-1, p, -1).gather(2, drawn)
        winners = drawn.gather(2, losses.argmin(2, keepdim=True))[..., 0]
        return population.gather(1, winners[..., None].expand(-1, -1, n))


@dataclass(frozen=True)
class Evolution:
    """An evolution strategy over scores: noise in mirrored pairs, ranks in the place of losses.

    The mask keeps the larger half of the scores. With noise e, the mean of rank(loss(s + sigma e)) e estimates the
    gradient of a smoothed objective. Source: Salimans, Ho, Chen, Sidor and Sutskever (2017), arXiv:1703.03864.
    """

    pairs: int = 20
    sigma: float = 1.0
    rate: float = 3.0

    def __call__(self, fitness: Fitness, generator: torch.Generator) -> None:
        """Search until the budget is spent."""
        scores = torch.randn(fitness.r, 1, fitness.n, generator=generator)
        while fitness.left >= 2 * self.pairs + FORWARD:
            noise = torch.randn(fitness.r, self.pairs, fitness.n, generator=generator)
            noise = torch.cat([noise, -noise], 1)
            loss = fitness(_top(scores + self.sigma * noise))
            ranks = loss.argsort(1).argsort(1) / (2 * self.pairs - 1) - 0.5  # the smallest loss: -1/2
            slope = (ranks[..., None] * noise).mean(1, keepdim=True) / self.sigma
            scores = scores - self.rate * slope
            fitness(_top(scores))


@dataclass(frozen=True)
class Gradient:
    """Edge-popup as a searcher: the mask's gradient, straight through to the scores, at `GRADIENT` a step."""

    rate: float = 3.0
    momentum: float = 0.9

    def __call__(self, fitness: Fitness, generator: torch.Generator) -> None:
        """Search until the budget is spent; the rate falls along half a cosine."""
        scores = (2 * torch.rand(fitness.r, 1, fitness.n, generator=generator) - 1) / 7
        moved, steps = torch.zeros_like(scores), int(fitness.left // GRADIENT)
        for step in range(steps):
            _, gradient = fitness.gradient(_top(scores))
            moved = self.momentum * moved + gradient
            scores = scores - self.rate * (1 + math.cos(math.pi * step / steps)) / 2 * moved
