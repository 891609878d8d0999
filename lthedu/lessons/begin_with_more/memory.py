"""How well a Hopfield network recalls, with a budget of synapses that are chosen in one way or another."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import sqrt
from typing import Annotated

import pandas as pd
import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Count, Share
from lthedu.base.streams import generator
from lthedu.experiments import Seeded, Sizes
from lthedu.networks.hopfield import hebb, recall, strongest_pairs

Choose = Callable[[Tensor, int], Tensor]  # (scores, pairs) -> mask
ALL, STRONGEST, SIGNS, CHANCE, SMALLER = "all pairs", "strongest", "strongest, signs only", "at random", "smaller, full"
ARMS = (ALL, STRONGEST, SIGNS, CHANCE, SMALLER)


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What is remembered by how many units. Raises ValueError, naming value and range.

    >>> Settings(flipped=1.5)
    Traceback (most recent call last):
    ValueError: Settings: flipped is 1.5; allowed: a number above 0 and below 1
    """

    units: Count = 400
    budget: Share = 0.1  # of all pairs
    patterns: Annotated[tuple[Count, ...], AtLeast(1)] = (4, 8, 12, 16, 20, 24, 28, 32, 40, 48)
    flipped: Share = 0.1  # of a pattern's units, where recall begins
    steps: Count = 20


LESSON = Settings()
SIZES = Sizes(tiny=replace(LESSON, seeds=(0, 1), units=40, patterns=(2, 4)), lesson=LESSON, paper=LESSON)
scaled_settings = SIZES.now


@typed
def recalled(settings: Settings, choose: Choose = strongest_pairs) -> pd.DataFrame:
    """The mean overlap of what is recalled with what was stored, by arm, number of patterns and seed.

    The overlap is 1 where all units agree and 0 where half of them do. A network that cuts pairs at random after
    learning is the same as one in which only these pairs ever grew, since a pair learns from its two units alone.

    >>> recalled(SIZES.tiny).groupby("arm")["overlap"].count().tolist()
    [4, 4, 4, 4, 4]
    """
    rows = []
    for seed in settings.seeds:
        for number in settings.patterns:
            for arm in ARMS:
                units = smaller(settings) if arm == SMALLER else settings.units
                found = overlap(arm, units, number, seed, settings, choose)
                rows.append((arm, units, number, seed, found))
    return pd.DataFrame(rows, columns=["arm", "units", "patterns", "seed", "overlap"])


@typed
def smaller(settings: Settings) -> int:
    """The units of the largest full network whose pairs fit into the budget.

    >>> smaller(LESSON)
    126
    """
    pairs = budget(settings)
    return int((1 + sqrt(1 + 8 * pairs)) / 2)


@typed
def budget(settings: Settings) -> int:
    """How many pairs of units may have a synapse.

    >>> budget(LESSON)
    7980
    """
    return round(settings.budget * settings.units * (settings.units - 1) / 2)


@typed
def overlap(arm: str, units: Count, number: Count, seed: int, settings: Settings, choose: Choose) -> float:
    """How well one network recalls its patterns from ones with some units flipped."""
    draw = generator(seed, "memory", units, number)
    stored = random_patterns(number, units, draw)
    weights = wired(arm, hebb(stored), budget(settings), draw, choose)
    flips = torch.rand(stored.shape, generator=draw).argsort(1).argsort(1) < round(settings.flipped * units)
    found = recall(weights, torch.where(flips, -stored, stored), settings.steps)
    return float((found * stored).mean())


@typed
def random_patterns(number: Count, units: Count, draw: torch.Generator) -> Tensor:
    """Patterns (number, units) of +1 and -1, drawn like coins."""
    return (torch.rand(number, units, generator=draw) < 0.5).float() * 2 - 1


@typed
def wired(arm: str, weights: Tensor, pairs: Count, draw: torch.Generator, choose: Choose) -> Tensor:
    """The weights that an arm is left with. Hebb's weights are whole numbers, and equal ones are drawn among."""
    chance = torch.rand(weights.shape, generator=draw)
    chance = torch.maximum(chance, chance.T)
    if arm in (ALL, SMALLER):
        return weights
    mask = choose(chance if arm == CHANCE else weights.abs() + chance, pairs)
    return (weights.sign() if arm == SIGNS else weights) * mask
