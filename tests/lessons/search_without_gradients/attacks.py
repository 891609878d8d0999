"""How the verdict of the lesson on searches without gradients was attacked. Each function takes less than a minute.

Losses are means over networks whose seeds are none of the lesson's own.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from lthedu import data
from lthedu.base.streams import generator
from lthedu.lessons.search_without_gradients.experiment import LESSON, Contest, Settings, first_parent
from lthedu.networks import masks
from lthedu.supermasks import nfl
from lthedu.supermasks.fitness import Fitness
from lthedu.supermasks.search import Searcher, anneal, descend, estimate, evolve, half, swapped

SEEDS = tuple(range(40, 45))
CLIMB = partial(anneal, hot=0.0)
Found = dict[str, float]


def contest(seeds: Sequence[int] = SEEDS, **changed: object) -> Contest:
    return Contest(data.pooled(data.pooled(data.load("mnist"))), replace(LESSON, seeds=tuple(seeds), **changed))


def searched(one: Contest, search: Searcher, budget: int) -> Fitness:
    """A fitness on which a search has spent its budget."""
    fitness = one.fitness(budget)
    search(fitness, generator(40, "attack"))
    return fitness


def loss(one: Contest, search: Searcher, budget: int) -> float:
    """The best loss that a search has found, as a mean over the networks."""
    return round(searched(one, search, budget).best_loss.mean().item(), 3)


class OneChange:
    """The loss of one masked network after a swap, for the price of what the swap has changed.

    It holds the sums of all hidden units (hidden, n) and outputs (n, 10), and counts multiplications for an image.
    """

    def __init__(self, one: Contest, network: int) -> None:
        few = one.data.first(one.settings.images)
        self.x, self.y = few.x_train.flatten(1).numpy().T.copy(), few.y_train.numpy()
        params = masks.unstack(one.networks.params, network)
        self.first, self.last = (params[n].numpy() for n in masks.prunable(params))
        self.weights = self.first.size + self.last.size
        self.multiplied = 0

    def start(self, mask: np.ndarray) -> float:
        """Compute everything from the mask (N,) on."""
        self.mask, n = mask.copy(), self.first.size
        self.hidden = (self.first * mask[:n].reshape(self.first.shape)) @ self.x
        self.out = np.maximum(self.hidden, 0).T @ (self.last * mask[n:].reshape(self.last.shape)).T
        self.multiplied += self.weights
        return self._loss(self.out)

    def after(self, leave: int, enter: int) -> float:
        """The loss where the weight `leave` is pruned and `enter` is kept."""
        mask, self.new, self.units = self.mask[self.first.size :].reshape(self.last.shape).copy(), self.out.copy(), {}
        for place, sign in ((leave, -1), (enter, 1)):
            row, column = divmod(place if place < self.first.size else place - self.first.size, self._wide(place))
            if place < self.first.size:
                before = self.units.get(row, self.hidden[row])
                self.units[row] = before + sign * self.first[row, column] * self.x[column]
                change = np.maximum(self.units[row], 0) - np.maximum(before, 0)
                self.new += change[:, None] * (self.last[:, row] * mask[:, row])
                self.multiplied += 1 + len(self.last)
            else:
                unit = np.maximum(self.units.get(column, self.hidden[column]), 0)
                self.new[:, row] += sign * self.last[row, column] * unit
                mask[row, column] = sign > 0
                self.multiplied += 1
        self.swap = leave, enter
        return self._loss(self.new)

    def accept(self) -> None:
        """Go on from the swap that was asked about last."""
        self.mask[list(self.swap)] = False, True
        self.out = self.new
        for row, sums in self.units.items():
            self.hidden[row] = sums

    def _wide(self, place: int) -> int:
        return self.first.shape[1] if place < self.first.size else self.last.shape[1]

    def _loss(self, out: np.ndarray) -> float:
        shifted = out - out.max(1, keepdims=True)
        return float((np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(self.y)), self.y]).mean())


def annealing_that_computes_only_what_changed(swaps: int = 40_000, network: int = 0, hot: float = 1e-3) -> Found:
    """Is annealing's price an artefact of charging a forward pass for every swap? Its price in multiplications."""
    one, rng = contest(), np.random.default_rng(40)
    state = OneChange(one, network)
    order = rng.permutation(state.weights)
    kept, pruned = np.array_split(order, 2)
    mask = np.zeros(state.weights, bool)
    mask[kept] = True
    now = state.start(mask)
    for step in range(swaps):
        i, j = rng.integers(len(kept)), rng.integers(len(pruned))
        new = state.after(int(kept[i]), int(pruned[j]))
        temperature = hot * 0.001 ** (step / swaps)
        if new <= now or (temperature and rng.random() < math.exp(-(new - now) / temperature)):
            state.accept()
            kept[i], pruned[j], now = pruned[j], kept[i], new
    price = state.multiplied / state.weights
    whole = Fitness(one.networks, *_few(one), 1).loss(_as_masks(one, state.mask, network), *_few(one))
    return {
        "gradient": round(searched(one, descend, 2_500).best_loss[network].item(), 3),
        "loss": round(now, 3),
        "loss, computed anew": round(whole[network, 0].item(), 3),
        "passes' worth": round(price),
    }


def hill_climbing_that_computes_only_what_changed(swaps: int = 40_000, network: int = 0) -> Found:
    """The same without a temperature."""
    return annealing_that_computes_only_what_changed(swaps, network, hot=0.0)


def hill_climbing_for_four_times_as_long() -> Found:
    """Is the gradient's loss the end for all, or does hill climbing pass it in the end?"""
    return annealing_that_computes_only_what_changed(swaps=160_000, hot=0.0)


def gradient_at_other_rates(budget: int = 4_000) -> dict[float, float]:
    """Is the gradient held back by its rate? Losses by rate."""
    one = contest()
    return {rate: loss(one, partial(descend, rate=rate), budget) for rate in (3.0, 10.0, 30.0, 100.0, 300.0)}


def gradient_for_longer() -> dict[float, float]:
    """Does hill climbing pass a gradient that has time, too? Losses after 40,000 passes in one network, by rate."""
    one = contest(SEEDS[:1])
    return {rate: loss(one, partial(descend, rate=rate), 40_000) for rate in (10.0, 30.0)}


def gradient_on_few_images(goal: float = 1.2) -> dict[int, list[float]]:
    """Does the gradient need all images at every step? What a loss of `goal` costs a network, by how many it uses."""
    return {batch: [round(v, 1) for v in contest().on_few_images(batch, goal).tolist()] for batch in (50, 1000)}


def searches_that_look_at_nothing() -> dict[tuple[int, ...], list[float]]:
    """Does climbing win on smooth functions because it looks? The orders that never look: their means, best first."""
    smooth = nfl.smooth(nfl.all_functions(6, 4))
    found = {}
    for order in itertools.permutations(range(6)):
        best = [list(itertools.accumulate((f[point] for point in order), max)) for f in smooth]
        found[order] = [sum(column) / len(smooth) for column in zip(*best, strict=True)]
    return dict(sorted(found.items(), key=lambda one: -sum(one[1])))


def climbing_from_the_gradients_mask(budget: int = 5_000) -> Found:
    """Is the gradient's mask the best there is? Hill climbing goes on from it."""
    one = contest(SEEDS[:3])
    found = searched(one, descend, 1_000)
    fitness, rng = one.fitness(budget), generator(40, "climb on")
    now = found.best[:, None]
    loss = fitness(now)
    while fitness.left >= 1:
        new = swapped(now, 1, rng)
        proposed = fitness(new)
        now = torch.where((proposed <= loss)[..., None], new, now)
        loss = torch.minimum(proposed, loss)
    return {"gradient": round(found.best_loss.mean().item(), 3), "climbed on": round(loss.mean().item(), 3)}


def genetic_algorithms(budget: int = 5_000) -> dict[tuple[int, int, str], float]:
    """Is the genetic algorithm behind because of its settings? Losses by size, mutated weights, and crossover."""
    one = contest(SEEDS[:2])
    found = {}
    for size, swaps in ((2, 1), (5, 1), (5, 2), (10, 1), (10, 8), (40, 2)):
        found[size, swaps, "crossover"] = loss(one, partial(evolve, size=size, swaps=swaps), budget)
    found[5, 1, "none"] = loss(one, partial(evolve, size=5, swaps=1, cross=first_parent), budget)
    return found


def many_swaps_at_first(budget: int = 2_500) -> dict[int, float]:
    """Is hill climbing slow because it swaps one weight at a time? Losses by the number of weights swapped at first."""
    return {first: loss(contest(), partial(_wide_climb, first=first), budget) for first in (1, 8, 32)}


def _wide_climb(fitness: Fitness, rng: torch.Generator, *, first: int) -> None:
    now = half(fitness.r, 1, fitness.n, rng)
    loss, whole = fitness(now), fitness.left
    while fitness.left >= 1:
        new = swapped(now, max(1, round(first * (fitness.left / whole) ** 4)), rng)
        proposed = fitness(new)
        now = torch.where((proposed <= loss)[..., None], new, now)
        loss = torch.minimum(proposed, loss)


def evolution_strategies(budget: int = 5_000) -> dict[tuple[int, float], float]:
    """Is the evolution strategy behind because of its settings? Losses by pairs and rate."""
    one = contest(SEEDS[:2])
    settings = ((5, 1.0), (5, 3.0), (20, 3.0), (80, 6.0))
    return {(pairs, rate): loss(one, partial(estimate, pairs=pairs, rate=rate), budget) for pairs, rate in settings}


def temperatures(budget: int = 10_000) -> dict[float, float]:
    """Does any temperature beat hill climbing? Losses by the first temperature."""
    one = contest(SEEDS[:2])
    return {hot: loss(one, partial(anneal, hot=hot), budget) for hot in (0.0, 1e-4, 3e-4, 1e-3)}


def networks_of_other_sizes(budget: int = 2_500) -> dict[int, tuple[float, float]]:
    """Does the lead depend on the number of weights? Losses of hill climbing and of the gradient by it."""
    found = {}
    for hidden in (4, 16, 64, 256):
        one = contest(SEEDS[:3], sizes=(49, hidden, 10))
        found[59 * hidden] = loss(one, CLIMB, budget), loss(one, descend, budget)
    return found


def two_digits(budget: int = 2_500) -> Found:
    """Altmann and others (2024) find that a genetic algorithm beats edge-popup on small tasks with two classes."""
    whole = data.pooled(data.pooled(data.load("mnist")))
    few = (whole.y_train == 3) | (whole.y_train == 8)
    labels = (whole.y_train[few] == 8).long()
    one = Contest(replace(whole, x_train=whole.x_train[few], y_train=labels), Settings(SEEDS, sizes=(49, 4, 2)))
    return {
        "genetic algorithm": loss(one, evolve, budget),
        "hill climbing": loss(one, CLIMB, budget),
        **{f"gradient at {rate:g}": loss(one, partial(descend, rate=rate), budget) for rate in (3.0, 30.0)},
    }


def scaled_weights(budget: int = 2_500) -> dict[float, tuple[float, float]]:
    """Does the order depend on the scale of the weights? Hill climbing and gradient by a factor of all layers."""
    found = {}
    for factor in (1.0, 2.0):
        one = contest(SEEDS[:3])
        one.networks = one.networks.with_params({n: factor * p for n, p in one.networks.params.items()})
        rates = [loss(one, partial(descend, rate=rate), budget) for rate in (1.0, 10.0)]
        found[factor] = loss(one, CLIMB, budget), min(rates)
    return found


def _few(one: Contest) -> tuple[torch.Tensor, torch.Tensor]:
    few = one.data.first(one.settings.images)
    return few.x_train, few.y_train


def _as_masks(one: Contest, mask: np.ndarray, network: int) -> torch.Tensor:
    every = torch.zeros(len(one.networks), 1, len(mask))
    every[network, 0] = torch.from_numpy(mask)
    return every
