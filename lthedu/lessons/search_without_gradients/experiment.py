"""Searchers at equal evaluations: one set of frozen networks, one fitness, one budget."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Any

import pandas as pd
import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Columns, Count, Range
from lthedu.base.streams import generator
from lthedu.experiments import Experiment, Keep, Seeded, Sizes, side_by_side
from lthedu.networks.models import MLP
from lthedu.supermasks.fitness import GRADIENT, Fitness
from lthedu.supermasks.search import (
    Cross,
    Searcher,
    anneal,
    crossover,
    descend,
    estimate,
    evolve,
    random_search,
    upper_half,
)
from lthedu.supermasks.weights import signed_constants
from lthedu.training import Progress

RANDOM = "random search"
UNCROSSED = "genetic algorithm, no crossover"
GENETIC = "genetic algorithm"
EVOLUTION = "evolution strategy"
CLIMBING = "hill climbing"
ANNEALING = "simulated annealing"
GRADIENT_GUIDED = "gradient (edge-popup)"
COLUMNS = ["searcher", "replicate", "cost", "seconds", "loss"]


@typed
def first_parent(a: Tensor, b: Tensor, generator: torch.Generator) -> Tensor:
    """In the place of crossover: the child is its first parent, and only mutation changes it.

    >>> first_parent(torch.tensor([[True, False]]), torch.tensor([[False, True]]), torch.Generator()).tolist()
    [[True, False]]
    """
    return a


SEARCHERS: Mapping[str, Searcher] = {
    RANDOM: random_search,
    UNCROSSED: partial(evolve, cross=first_parent),
    GENETIC: evolve,
    EVOLUTION: estimate,
    CLIMBING: partial(anneal, hot=0.0),
    ANNEALING: anneal,
    GRADIENT_GUIDED: descend,
}


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What the contest does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(budget=10)
    Traceback (most recent call last):
    ValueError: Settings: budget is 10; allowed: a whole number from 200 up
    """

    sizes: Annotated[tuple[Count, ...], AtLeast(2)] = (49, 64, 10)
    images: Count = 1000  # that a loss is measured on
    budget: Annotated[int, Range(200)] = 2500  # forward passes over all of them, for each network
    batch: Count = 50  # images of a noisy fitness

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch > self.images:
            raise ValueError(f"batch is {self.batch}; allowed: 1 to the {self.images} images")


LESSON = Settings()
SIZES = Sizes(
    tiny=replace(LESSON, seeds=(0, 1), sizes=(49, 4, 10), images=20, budget=1000, batch=5),
    lesson=LESSON,
    paper=replace(LESSON, seeds=tuple(range(10)), seeds_per_part=1, images=5000, budget=100_000),
)
PAPER = SIZES.paper
scaled_settings = SIZES.now


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
def losses_at(
    table: Annotated[pd.DataFrame, Columns("searcher replicate cost loss")],
    budget: float,
    within: Callable[[list[float], list[float], float], float] = best_within,
) -> pd.DataFrame:
    """The best loss within a budget: a row a replicate, a column a searcher.

    `table` is what `Contest.run` returns; `within` finds the best loss in the costs and losses of one row's calls.

    >>> rows = [("a", 0, 1.0, 0.9), ("a", 0, 2.0, 0.5), ("a", 0, 3.0, 0.4)]
    >>> losses_at(pd.DataFrame(rows, columns=["searcher", "replicate", "cost", "loss"]), 2)["a"].tolist()
    [0.5]
    """
    found: dict[Any, float] = {}
    for place, rows in table.groupby(["replicate", "searcher"]):
        costs = rows["cost"].diff().fillna(rows["cost"]).tolist()
        found[place] = within(costs, rows["loss"].tolist(), budget)
    best: pd.DataFrame = pd.Series(found).unstack()
    return best


@typed
def reached(table: Annotated[pd.DataFrame, Columns("searcher replicate cost loss")], goal: float) -> pd.DataFrame:
    """What it cost until the loss was no higher than `goal`: a row a replicate, a column a searcher.

    `table` is what `Contest.run` returns, or several of them. Infinite where the goal was not reached.

    >>> rows = [("a", 0, 1.0, 0.9), ("a", 0, 2.0, 0.5), ("b", 0, 1.0, 0.8), ("b", 0, 2.0, 0.7)]
    >>> reached(pd.DataFrame(rows, columns=["searcher", "replicate", "cost", "loss"]), 0.6).loc[0].tolist()
    [2.0, inf]
    """
    costs = table["cost"].where(table["loss"] <= goal, float("inf"))
    found: pd.DataFrame = costs.groupby([table["replicate"], table["searcher"]]).min().unstack()
    return found


@typed
@dataclass
class Contest(Experiment[Settings]):
    """The contest on one dataset of small images: the best loss so far, after every call of every searcher.

    `searchers` may be the learner's own, by name.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.pooled(data.load("mnist", device="cpu").first(300, 100, 100)))
    >>> contest = Contest(mnist, Settings(seeds=(0, 1), sizes=(49, 6, 10), images=50, budget=200, batch=10))
    >>> set(contest.run()["searcher"]) == set(SEARCHERS)
    True
    """

    COLUMNS = COLUMNS
    carries = {"best": side_by_side}
    functions = {"searchers": SEARCHERS}

    settings: Settings = LESSON
    searchers: Mapping[str, Searcher] = field(default_factory=lambda: SEARCHERS)
    best: dict[str, tuple[Tensor, Tensor]] = field(default_factory=dict)  # each searcher's masks (R, N), losses (R,)

    def __post_init__(self) -> None:
        s = self.settings
        if self.data.device.type != "cpu":
            self.data = self.data.to("cpu")  # small: a GPU would wait for launches
        networks = self.create(lambda: MLP(s.sizes))
        self.networks = networks.with_params(signed_constants(networks.params))

    def work(self, tick: Progress, keep: Keep) -> None:
        """Let every searcher spend the budget. `tick(done, all, text)` counts searchers."""
        for done, name in enumerate(self.searchers):
            tick(done, len(self.searchers), name)
            self.search(name, self.searchers[name])
        tick(len(self.searchers), len(self.searchers), "done")

    def search(self, name: str, search: Searcher) -> None:
        """Let one searcher spend the budget, and note it under `name`."""
        fitness = self.fitness(self.settings.budget)
        search(fitness, generator(self.settings.seeds[0], "contest", name))
        self.best[name] = fitness.best, fitness.best_loss
        self.rows.append(self._rows(name, fitness))

    def fitness(self, budget: float, batch: int | None = None) -> Fitness:
        """A new fitness, nothing spent: over all images, or over `batch` of them, drawn anew at every call."""
        few = self.data.first(self.settings.images)
        return Fitness(self.networks, few.x_train, few.y_train, budget, batch, generator(0, "fitness batches"))

    def _rows(self, name: str, fitness: Fitness) -> pd.DataFrame:
        """The best loss so far after every call, a row a network: cost in forward passes, and seconds."""
        rows = [
            (name, self.first + r, cost, seconds, loss)
            for cost, seconds, losses in fitness.history
            for r, loss in enumerate(losses)
        ]
        return pd.DataFrame(rows, columns=COLUMNS)

    def test_accuracy(self, name: str) -> Tensor:
        """The share (R,) of test images that the best masks of a searcher read."""
        fitness = self.fitness(self.settings.budget)
        fitness.best, fitness.best_loss = self.best[name]
        return fitness.accuracy(self.data.x_test, self.data.y_test)

    def on_few_images(self, batch: int, goal: float, steps: int = 300) -> Tensor:
        """What edge-popup on `batch` images a step has paid (R,) when the loss on all of them is no higher than `goal`.

        In forward passes over all images; looking at that loss is not charged. Infinite where `steps` do not get there.
        """
        fitness, rng = self.fitness(1), generator(0, "few images")
        scores = (2 * torch.rand(fitness.r, 1, fitness.n, generator=rng) - 1) / 7
        moved, paid = torch.zeros_like(scores), torch.full((fitness.r,), math.inf)
        for step in range(steps):
            mask = upper_half(scores).float()
            there = fitness.loss(mask, fitness.x, fitness.y)[:, 0] <= goal
            paid = torch.where(there, paid.clamp(max=GRADIENT * step * batch / len(fitness.x)), paid)
            few = torch.randperm(len(fitness.x), generator=rng)[:batch]
            loss = fitness.loss(mask.requires_grad_(), fitness.x[few], fitness.y[few])
            moved = 0.9 * moved + torch.autograd.grad(loss.sum(), mask)[0]
            scores = scores - 10 * moved
        return paid

    def noisy(self, cross: Cross = crossover, *, again: bool) -> tuple[Tensor, Tensor]:
        """The genetic algorithm on a noisy fitness: the loss (R,) that the survivor believed to be best is believed to
        have, and what it has on all images. With `again`, survivors are measured anew in every generation."""
        s = self.settings
        fitness = self.fitness(s.budget / 20, s.batch)
        population, losses = evolve(fitness, generator(0, "noisy"), size=40, cross=cross, again=again)
        believed = losses.min(1)
        best = population[torch.arange(len(population)), believed.indices][:, None]
        return believed.values, fitness.loss(best.float(), fitness.x, fitness.y)[:, 0]
