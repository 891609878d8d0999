"""How the verdict of the lesson on searches without gradients was attacked. Each function takes less than a minute.

Losses are means over networks whose seeds are none of the lesson's own.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from lthedu import data
from lthedu.base.streams import generator
from lthedu.lessons.search_without_gradients.experiment import LESSON, Contest
from lthedu.networks import masks
from lthedu.supermasks.fitness import Fitness
from lthedu.supermasks.search import Searcher, anneal

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
    """Is annealing's price an artefact of charging a forward pass for every swap? Price in multiplications."""
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
        "loss": round(now, 3),
        "loss, computed anew": round(whole[network, 0].item(), 3),
        "passes' worth": round(price),
    }


def _few(one: Contest) -> tuple[torch.Tensor, torch.Tensor]:
    few = one.data.first(one.settings.images)
    return few.x_train, few.y_train


def _as_masks(one: Contest, mask: np.ndarray, network: int) -> torch.Tensor:
    every = torch.zeros(len(one.networks), 1, len(mask))
    every[network, 0] = torch.from_numpy(mask)
    return every
