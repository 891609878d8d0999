"""The lesson's contest at up to sixteen times its budget, and the search for each setting; a stored run."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

import pandas as pd
import torch

from lthedu import experiments
from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Columns, Range
from lthedu.data import Dataset
from lthedu.experiments import Experiment, Found, Keep, Part
from lthedu.lessons.search_without_gradients.experiment import (
    ANNEALING,
    EVOLUTION,
    GENETIC,
    GRADIENT_GUIDED,
    LESSON,
    SEARCHERS,
    Contest,
)
from lthedu.lessons.search_without_gradients.experiment import Settings as OneBudget
from lthedu.supermasks.search import anneal, descend, estimate, evolve
from lthedu.training import Progress

COLUMNS = ["stage", "searcher", "setting", "budget", "replicate", "cost", "loss", "accuracy"]
TRIED: Mapping[str, Mapping[float, Any]] = {  # by searcher, its one setting at several values
    GENETIC: {size: partial(evolve, size=size) for size in (5, 10, 20)},  # fewer is hill climbing by another name
    EVOLUTION: {rate: partial(estimate, rate=rate) for rate in (1.0, 3.0, 10.0)},
    ANNEALING: {hot: partial(anneal, hot=hot) for hot in (1e-4, 3e-4, 1e-3, 3e-3)},
    GRADIENT_GUIDED: {rate: partial(descend, rate=rate) for rate in (10.0, 30.0, 100.0, 300.0)},
}


@typed
@dataclass(frozen=True)
class Settings(experiments.Settings):
    """The contest's networks and budgets, and those of the search for settings.

    >>> Settings(budgets=(10,))
    Traceback (most recent call last):
    ValueError: Settings: budgets[0] is 10; allowed: a whole number from 200 up
    """

    contest: OneBudget = LESSON
    budgets: Annotated[tuple[Annotated[int, Range(200)], ...], AtLeast(1)] = (40_000,)
    tried: OneBudget = replace(LESSON, seeds=(100, 101), budget=10_000)  # noqa: RUF009 (frozen)


PAPER = Settings()


@typed
class Longer(Experiment[Settings]):
    """Every searcher at every budget, and each setting that was tried, on other networks.

    A row holds the best loss so far at one cost, in forward passes; costs grow by a quarter of an octave. `accuracy` is
    that of the best mask in the end, a fraction of the test images. A part is one searcher at one budget or setting.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.pooled(data.load("mnist", device="cpu").first(100, 50, 50)))
    >>> few = OneBudget(seeds=(0, 1), sizes=(49, 4, 10), images=20, budget=200, batch=5)
    >>> table = Longer(mnist, Settings(few, budgets=(200, 300), tried=few)).run()
    >>> table.groupby("stage")["searcher"].nunique().tolist()
    [7, 4]
    """

    COLUMNS = COLUMNS

    def __init__(self, data: Dataset, settings: Settings = PAPER) -> None:
        super().__init__(data, settings)

    def parts(self) -> list[Part]:
        """Stage, searcher, and the setting that is tried or the budget."""
        tried = [("tried", name, value) for name, values in TRIED.items() for value in values]
        return tried + [("contest", name, budget) for budget in self.settings.budgets for name in SEARCHERS]

    def compute(self, part: Part, tick: Progress, keep: Keep) -> Found:
        """One searcher at one budget or setting."""
        stage, name, value = part
        s, began = self.settings, time.perf_counter()
        tick(0, 1, f"{name}, {stage}, {value:g}")
        settings = s.tried if stage == "tried" else replace(s.contest, budget=value)
        one = Contest(self.data, settings)
        one.search(name, TRIED[name][value] if stage == "tried" else SEARCHERS[name])
        accuracy = one.test_accuracy(name)
        rows = thinned(one.table, settings.budget)
        rows["accuracy"] = accuracy[torch.tensor(rows["replicate"].tolist())].numpy()
        about = {"stage": stage, "setting": value if stage == "tried" else 0.0, "budget": settings.budget}
        return {"rows": rows.assign(**about)[COLUMNS], "seconds": time.perf_counter() - began}


@typed
def thinned(table: Annotated[pd.DataFrame, Columns("replicate cost loss")], budget: float) -> pd.DataFrame:
    """Of one searcher's table the last row of each replicate within 10, 10 * 2^(1/4), ... and `budget` passes.

    >>> table = pd.DataFrame({"replicate": 0, "cost": [1.0, 2.0, 11.0], "loss": [3.0, 2.0, 1.0]})
    >>> thinned(table, 12)["cost"].tolist()
    [2.0, 11.0]
    """
    costs = [*(10 * 2 ** (i / 4) for i in range(math.ceil(4 * math.log2(budget / 10)))), budget]
    within = [table[table["cost"] <= cost].groupby("replicate").tail(1) for cost in costs]
    return pd.concat(within).drop_duplicates().sort_values(["replicate", "cost"], ignore_index=True)


@typed
def best_settings(
    table: Annotated[pd.DataFrame, Columns("stage searcher setting replicate cost loss")], close: float = 0.02
) -> dict[str, float]:
    """Of every searcher the setting that is to be used: of those that end `close` to the lowest loss the fastest.

    The losses at the end are means over the replicates, and the fastest has the lowest mean after 1,000 passes.

    >>> about = {"stage": "tried", "searcher": "a", "replicate": 0}
    >>> rows = [(1, 9, 2.0), (1, 2000, 1.0), (2, 9, 1.5), (2, 2000, 1.01), (3, 9, 1.2), (3, 2000, 1.1)]
    >>> best_settings(pd.DataFrame(rows, columns=["setting", "cost", "loss"]).assign(**about))
    {'a': 2.0}
    """
    tried = table[table["stage"] == "tried"]
    by = ["searcher", "setting"]
    end, early = (
        rows.groupby([*by, "replicate"])["loss"].min().groupby(by).mean()
        for rows in (tried, tried[tried["cost"] <= 1000])
    )
    near = early[end <= end.groupby("searcher").transform("min") + close]
    return {name: float(setting) for name, setting in near.groupby("searcher").idxmin()}
