"""Searchers at equal evaluations: one set of frozen networks, one fitness, one budget."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pandas as pd
import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.data import Dataset
from lthedu.models import MLP
from lthedu.resources import at_paper_scale
from lthedu.streams import generator
from lthedu.supermasks.fitness import Fitness
from lthedu.supermasks.search import (
    Annealing,
    Evolution,
    Genetic,
    Gradient,
    Searcher,
    acceptance,
    crossover,
    random_search,
)
from lthedu.supermasks.weights import signed_constants
from lthedu.training import Progress, Replicates

RANDOM = "random search"
GENETIC = "genetic algorithm"
ANNEALING = "simulated annealing"
EVOLUTION = "evolution strategy"
GRADIENT_GUIDED = "gradient (edge-popup)"
SEARCHERS = (RANDOM, GENETIC, EVOLUTION, ANNEALING, GRADIENT_GUIDED)
COLUMNS = ["searcher", "replicate", "cost", "seconds", "loss"]


@typed
@dataclass(frozen=True)
class Settings:
    """What the contest does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(budget=10)
    Traceback (most recent call last):
    ValueError: budget is 10; it must be a whole number, 200 or more
    """

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    sizes: tuple[int, ...] = (49, 64, 10)
    images: int = 1000  # that a loss is measured on
    budget: int = 4000  # forward passes over all of them, for each network
    batch: int = 50  # images of a noisy fitness

    def __post_init__(self) -> None:
        object.__setattr__(self, "seeds", tuple(self.seeds))
        object.__setattr__(self, "sizes", tuple(self.sizes))
        for name, least in (("images", 1), ("budget", 200), ("batch", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or value < least:
                raise ValueError(f"{name} is {value}; it must be a whole number, {least} or more")
        if len(set(self.seeds)) != len(self.seeds) or not self.seeds:
            raise ValueError(f"seeds are {self.seeds}; give at least one, each once")
        if self.batch > self.images:
            raise ValueError(f"batch is {self.batch}; allowed: 1 to the {self.images} images")


LESSON = Settings()
PAPER = replace(LESSON, seeds=tuple(range(10)), images=5000, budget=100_000)


def scaled_settings() -> Settings:
    """The settings named by LTHEDU_SCALE: "lesson" (the default), or "paper": 100,000 evaluations.

    Raises ValueError for any other word.

    >>> scaled_settings().budget
    4000
    """
    return PAPER if at_paper_scale() else LESSON


@typed
def best_within(costs: Sequence[float], losses: Sequence[float], budget: float) -> float:
    """The lowest loss that was seen before more than `budget` was spent; infinity if nothing was.

    `costs`: what each call cost, in order; `losses`: the lowest loss that it gave. A call that passes the budget does
    not count, nor does any after it. Raises ValueError for rows of different lengths.

    >>> best_within([1, 1, 3], [0.5, 0.7, 0.2], 4), best_within([1, 1, 3], [0.5, 0.7, 0.2], 5)
    (0.5, 0.2)
    """
    if len(costs) != len(losses):
        raise ValueError(f"there are {len(costs)} costs and {len(losses)} losses; each call has one of both")
    best, spent = float("inf"), 0.0
    for cost, loss in zip(costs, losses, strict=True):
        spent += cost
        if spent > budget + 1e-9:
            break
        best = min(best, loss)
    return best


@typed
@dataclass
class Contest:
    """The contest on one dataset of small images. `cross` and `accept` may be replaced by a learner's functions.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.pooled(data.load("mnist", device="cpu").first(300, 100, 100)))
    >>> contest = Contest(mnist, Settings(seeds=(0, 1), sizes=(49, 6, 10), images=50, budget=200, batch=10))
    >>> sorted(contest.run()["searcher"].unique()) == sorted(SEARCHERS)
    True
    """

    data: Dataset
    settings: Settings = LESSON
    cross: Callable[[Tensor, Tensor, torch.Generator], Tensor] = crossover
    accept: Callable[[Tensor, Tensor, float], Tensor] = acceptance
    found: dict[str, Fitness] = field(default_factory=dict)  # what each searcher asked for, and its best masks
    genetic: Genetic = field(default_factory=Genetic)

    def __post_init__(self) -> None:
        s = self.settings
        self.data = self.data.to("cpu")  # small: a GPU would wait for launches
        networks = Replicates.create(lambda: MLP(s.sizes), s.seeds)
        self.networks = networks.with_params(signed_constants(networks.params))
        self.genetic = Genetic(cross=self.cross)

    def fitness(self, budget: float, batch: int | None = None) -> Fitness:
        """A new fitness, nothing spent: over all images, or over `batch` of them, drawn anew at every call."""
        few = self.data.first(self.settings.images)
        return Fitness(self.networks, few.x_train, few.y_train, budget, batch, generator(0, "fitness batches"))

    def searcher(self, name: str) -> Searcher:
        """The searcher called `name`. Raises ValueError for another name."""
        every: dict[str, Searcher] = {
            RANDOM: random_search,
            GENETIC: self.genetic,
            EVOLUTION: Evolution(),
            ANNEALING: Annealing(accept=self.accept),
            GRADIENT_GUIDED: Gradient(),
        }
        if name not in every:
            raise ValueError(f"no searcher is called {name!r}; there are: {', '.join(SEARCHERS)}")
        return every[name]

    def run(self, progress: Progress | None = None) -> pd.DataFrame:
        """Let every searcher spend the budget, and return the table. `progress(done, all, text)` counts searchers."""
        tick = progress or (lambda done, in_all, text: None)
        for done, name in enumerate(SEARCHERS):
            tick(done, len(SEARCHERS), name)
            fitness = self.fitness(self.settings.budget)
            self.searcher(name)(fitness, generator(0, "contest", name))
            self.found[name] = fitness
        tick(len(SEARCHERS), len(SEARCHERS), "done")
        return self.table

    @property
    def table(self) -> pd.DataFrame:
        """The best loss so far after every call, a row a network: cost in forward passes, and seconds."""
        rows = [
            (name, r, cost, seconds, loss)
            for name, fitness in self.found.items()
            for cost, seconds, losses in fitness.history
            for r, loss in enumerate(losses.tolist())
        ]
        return pd.DataFrame(rows, columns=COLUMNS)

    def test_accuracy(self, name: str) -> Tensor:
        """The share (R,) of test images that the best masks of a searcher read."""
        return self.found[name].accuracy(self.data.x_test, self.data.y_test)

    def noisy(self, again: bool) -> tuple[Tensor, Tensor]:
        """The genetic algorithm on a noisy fitness: the loss (R,) that the survivor believed to be best is believed to
        have, and what it has on all images. With `again`, survivors are measured anew in every generation."""
        s = self.settings
        search = Genetic(cross=self.cross, again=again)
        fitness = self.fitness(s.budget / 20, s.batch)
        search(fitness, generator(0, "noisy"))
        population, losses = list(search.generations.values())[-1]
        believed = losses.min(1)
        best = population[torch.arange(len(population)), believed.indices][:, None]
        return believed.values, fitness.loss(best.float(), fitness.x, fitness.y)[:, 0]
