"""The lesson's arms at several learning rates, so that each can be read at its own best one; a stored run."""

import time
from dataclasses import dataclass, replace
from typing import Annotated

import pandas as pd

from lthedu import experiments
from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Columns
from lthedu.data import Dataset
from lthedu.experiments import Experiment, Found, Keep, Part
from lthedu.lessons.zeros_and_signs.experiment import DEEP, LESSON, Deconstruction
from lthedu.lessons.zeros_and_signs.experiment import Settings as OneRate
from lthedu.lessons.zeros_and_signs.ways import KEPT, PRUNED
from lthedu.training import Progress

COLUMNS = ["network", "stage", "action", "density", "lr", "replicate", "val", "accuracy"]
SHALLOW, NARROW = "two hidden layers", "five hidden layers"
Rate = Annotated[float, Above(0)]


@typed
@dataclass(frozen=True)
class Settings(experiments.Settings):
    """Both networks of the lesson, and the learning rates at which their arms are retrained.

    >>> Settings(deep_rates=(0.1, 0.0))
    Traceback (most recent call last):
    ValueError: Settings: deep_rates[1] is 0.0; allowed: a number above 0
    """

    shallow: OneRate = replace(LESSON, held=(0.2, 0.05))  # noqa: RUF009 (frozen)
    deep: OneRate = DEEP.lesson
    rates: Annotated[tuple[Rate, ...], AtLeast(1)] = (1.2e-3, 2.4e-3, 6e-3, 1.2e-2, 2.4e-2)  # of the shallow network
    deep_rates: Annotated[tuple[Rate, ...], AtLeast(1)] = (0.025, 0.05, 0.1, 0.2, 0.4)


PAPER = Settings()


@typed
class Rates(Experiment[Settings]):
    """The lesson's arms once for each learning rate. Masks are found at the lesson's own rate.

    A row a network: `val` and `accuracy` (of the test split) after the last step, fractions. A part is one network at
    one rate. What pruned weights hold is asked of the shallow network alone.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.load("mnist", device="cpu").first(200, 50, 50))
    >>> few = OneRate(seeds=(0, 1), sizes=(196, 8, 10), retrained=(0.5,), held=(0.5,), steps=3)
    >>> table = Rates(mnist, Settings(few, few, rates=(0.001,), deep_rates=(0.1, 0.2))).run()
    >>> table.groupby(["network", "lr"])["action"].nunique().tolist()
    [12, 12, 17]
    """

    COLUMNS = COLUMNS

    def __init__(self, data: Dataset, settings: Settings = PAPER) -> None:
        super().__init__(data, settings)

    def parts(self) -> list[Part]:
        """Network and learning rate."""
        s = self.settings
        return [(SHALLOW, lr) for lr in s.rates] + [(NARROW, lr) for lr in s.deep_rates]

    def compute(self, part: Part, tick: Progress, keep: Keep) -> Found:
        """Every arm of one network at one rate."""
        network, lr = part
        began, rows = time.perf_counter(), []
        one = Deconstruction(self.data, self.settings.shallow if network == SHALLOW else self.settings.deep)
        one.train_dense()
        plan = [("kept", way, d) for d in one.settings.retrained for way in KEPT]
        plan += [("pruned", way, d) for d in one.settings.held for way in PRUNED if network == SHALLOW]
        for done, (stage, way, density) in enumerate(plan):
            tick(done, len(plan), f"{way}, {network}, at {lr:g}")
            history = one.retrain(stage, way, density, lr=lr).history.set_index(["split", "replicate"])["accuracy"]
            both = pd.DataFrame({"val": history["val"], "accuracy": history["test"]}).reset_index()
            rows.append(both.assign(network=network, stage=stage, action=way, density=density, lr=lr))
        return {"rows": pd.concat(rows, ignore_index=True)[COLUMNS], "seconds": time.perf_counter() - began}


@typed
def at_own_rate(
    table: Annotated[pd.DataFrame, Columns("network stage action density lr replicate val")],
) -> pd.DataFrame:
    """Of every arm of each network the rows at the rate whose mean validation accuracy is highest.

    >>> row = {"network": "n", "stage": "kept", "action": "rewound", "density": 0.2, "replicate": 0}
    >>> at_own_rate(pd.DataFrame([row | {"lr": 0.1, "val": 0.8}, row | {"lr": 0.2, "val": 0.9}]))["lr"].tolist()
    [0.2]
    """
    by = ["network", "stage", "action", "density"]
    best = table.groupby([*by, "lr"])["val"].mean().groupby(by).idxmax()
    return table.set_index([*by, "lr"]).loc[list(best)].reset_index()
