"""Masks found without gradients, and with them: four searchers and blind luck, held to one count of evaluations.

R frozen networks are searched side by side; masks are flat, (R, P, N): P masks at once for each network, over the N
weights of all its layers, biases apart. Every searcher keeps exactly half of the weights, asks a `Fitness` for losses,
and goes on until its budget is spent. The best mask it has asked for is what it found.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from lthedu import masks
from lthedu.masks import Params
from lthedu.supermasks.topk import keep_top

FORWARD, GRADIENT = 1.0, 3.0  # what an evaluation costs, in forward passes: a backward pass counts twice a forward one


@dataclass
class Fitness:
    """The loss of masks over frozen weights, and what asking for it has cost.

    `weights`: R networks of one architecture, (R, ...) by name, alternating weight and bias; `x` (n, inputs), `y` (n,);
    `budget`: forward passes over all n examples for each network. With `batch`, a loss is measured on that many
    examples, drawn anew at each call from `generator`, and costs as much of a forward pass. `history` holds a row for
    each call: cost so far, seconds so far, best loss so far (R,).

    >>> weights = {"w": torch.ones(1, 2, 3), "b": torch.zeros(1, 2)}
    >>> fitness = Fitness(weights, torch.ones(4, 3), torch.tensor([0, 1, 0, 1]), budget=2)
    >>> round(float(fitness(torch.ones(1, 2, 6, dtype=torch.bool))[0, 0]), 4), fitness.left
    (0.6931, 0.0)
    """

    weights: Params
    x: Tensor
    y: Tensor
    budget: float
    batch: int | None = None
    generator: torch.Generator | None = None
    spent: float = 0.0
    history: list[tuple[float, float, Tensor]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.budget > 0:
            raise ValueError(f"budget is {self.budget}; it must be above 0")
        if self.batch is not None and not (1 <= self.batch <= len(self.x) and self.generator is not None):
            raise ValueError(f"batch is {self.batch}; allowed: 1 to the {len(self.x)} examples, with a generator")
        self.names = masks.prunable(masks.unstack(self.weights, 0))
        self.r = len(next(iter(self.weights.values())))
        self.n = sum(self.weights[name][0].numel() for name in self.names)
        self.best = torch.zeros(self.r, self.n, dtype=torch.bool)
        self.best_loss = torch.full((self.r,), math.inf)
        self.begun = time.perf_counter()

    @property
    def left(self) -> float:
        """What of the budget is left, in forward passes."""
        return self.budget - self.spent

    def __call__(self, population: Tensor) -> Tensor:
        """The losses (R, P) of masks (R, P, N). Raises ValueError when they cost more than is left."""
        share = 1.0 if self.batch is None else self.batch / len(self.x)
        self._pay(FORWARD * population.shape[1] * share)
        with torch.no_grad():
            found = self.loss(population.to(self.x.dtype), *self._examples())
        return self._noted(population, found)

    def gradient(self, population: Tensor) -> tuple[Tensor, Tensor]:
        """Losses (R, P) of masks (R, P, N) and their gradient by every entry of the masks, at `GRADIENT` each."""
        self._pay(GRADIENT * population.shape[1])
        leaf = population.to(self.x.dtype).requires_grad_()
        with torch.enable_grad():
            found = self.loss(leaf, self.x, self.y)
            (gradient,) = torch.autograd.grad(found.sum(), leaf)
        return self._noted(population, found.detach()), gradient

    def loss(self, population: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Mean cross-entropy (R, P) of masks given as numbers; costs nothing and is noted nowhere."""
        logits = self.logits(population, x)
        target = y.expand(len(logits), -1)
        return nn.functional.cross_entropy(logits, target, reduction="none").mean(1).view(population.shape[:2])

    def logits(self, population: Tensor, x: Tensor) -> Tensor:
        """Outputs (R * P, classes, n) of masks (R, P, N) given as numbers."""
        r, p, _ = population.shape
        sizes = [self.weights[name][0].numel() for name in self.names]
        h, pieces = x.T, population.split_with_sizes(sizes, dim=2)
        for i, (name, piece) in enumerate(zip(self.names, pieces, strict=True)):
            w = self.weights[name]
            masked = (piece.view(r, p, *w.shape[1:]) * w[:, None]).flatten(0, 1)  # (R * P, out, in)
            h = (masked.flatten(0, 1) @ h).view(r * p, w.shape[1], -1) if i == 0 else torch.bmm(masked, h)
            bias = self._bias(name)
            if bias is not None:
                h = h + bias[:, None, :, None].expand(r, p, -1, 1).flatten(0, 1)
            h = h.relu() if i < len(self.names) - 1 else h
        return h

    def accuracy(self, x: Tensor, y: Tensor) -> Tensor:
        """The share (R,) of examples that the best masks read; costs nothing."""
        logits = self.logits(self.best[:, None].to(x.dtype), x)
        return (logits.argmax(1) == y).double().mean(1)

    def _bias(self, name: str) -> Tensor | None:
        names = list(self.weights)
        after = names[names.index(name) + 1 :][:1]
        return self.weights[after[0]] if after and self.weights[after[0]].ndim == 2 else None

    def _examples(self) -> tuple[Tensor, Tensor]:
        if self.batch is None:
            return self.x, self.y
        chosen = torch.randperm(len(self.x), generator=self.generator)[: self.batch]
        return self.x[chosen], self.y[chosen]

    def _pay(self, cost: float) -> None:
        if cost > self.left + 1e-9:
            raise ValueError(f"this costs {cost:g} forward passes; {self.left:g} of {self.budget:g} are left")
        self.spent += cost

    def _noted(self, population: Tensor, found: Tensor) -> Tensor:
        low = found.min(1)
        better = low.values < self.best_loss
        self.best_loss = torch.where(better, low.values, self.best_loss)
        chosen = population.bool()[torch.arange(self.r), low.indices]
        self.best = torch.where(better[:, None], chosen, self.best)
        self.history.append((self.spent, time.perf_counter() - self.begun, self.best_loss.clone()))
        return found


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

    Shapes (..., N). Where the parents agree the child does as they do. Of the places that one of them keeps, half are
    drawn: the child keeps as many weights as each of them.

    >>> a, b = torch.tensor([[True, True, False, False]]), torch.tensor([[True, False, True, False]])
    >>> crossover(a, b, torch.Generator().manual_seed(0)).sum().item()
    2
    """
    places = a.to(torch.float32) + b.to(torch.float32)
    noise = torch.rand(places.shape, generator=generator)  # below 1: it decides between the parents alone
    kept = int(a.flatten(0, -2)[0].sum())
    ranked = (places + noise).flatten(0, -2)
    return keep_top(ranked, kept / ranked.shape[-1]).view(a.shape)


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
            children = swapped(self.cross(a, b, generator), self.swaps, generator)
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
