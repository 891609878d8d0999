"""The lesson's arms at several learning rates, wider, deeper and for longer, so that each can be read at its own best
rate; a stored run."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

import pandas as pd

from lthedu import experiments
from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Columns, Count
from lthedu.data import Dataset
from lthedu.experiments import Experiment, Found, Keep, Part
from lthedu.lessons.supermasks.experiment import BERNOULLI, LESSON, POPUP, TRAINED, WEAK, Supermasks, Widths
from lthedu.lessons.supermasks.experiment import Settings as OneRate
from lthedu.training import Progress

COLUMNS = ["arm", "width", "hidden", "steps", "lr", "kept", "replicate", "val", "accuracy"]
Tried = Annotated[tuple[Annotated[float, Above(0)], ...], AtLeast(1)]
RATES: Mapping[str, Tried] = {
    TRAINED: (0.003, 0.01, 0.03),
    POPUP: (0.1, 0.3, 1.0, 3.0),
    WEAK: (0.1, 1.0, 3.0, 10.0),
    BERNOULLI: (10.0, 30.0, 100.0, 300.0),
}
LONGER: Mapping[str, Tried] = {TRAINED: (0.003, 0.01), POPUP: (0.3, 1.0), BERNOULLI: (30.0, 100.0)}


@typed
@dataclass(frozen=True)
class Settings(experiments.Settings):
    """The lesson's settings, and what is tried beyond them.

    >>> Settings(times=0)
    Traceback (most recent call last):
    ValueError: Settings: times is 0; allowed: a whole number from 1 up
    """

    one: OneRate = LESSON
    rates: Mapping[str, Tried] = field(default_factory=lambda: dict(RATES))
    longer_rates: Mapping[str, Tried] = field(default_factory=lambda: dict(LONGER))
    depths: Widths = (1, 2, 4, 6)  # hidden layers of `one.probe` units
    times: Count = 4  # the longer training has so many times the steps
    longer: Widths = (64, 256)  # widths of one hidden layer that are trained for longer, too


PAPER = Settings()


@typed
class Rates(Experiment[Settings]):
    """Every arm at every shape, once for each of its learning rates. A row a network, accuracies after the last step.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.load("mnist", device="cpu").first(200, 50, 50))
    >>> few, rates = OneRate(seeds=(0, 1), widths=(4,), probe=4, steps=2, batch_size=20), {"edge-popup": (0.1, 0.2)}
    >>> settings = Settings(few, rates, rates, depths=(1, 2), longer=(4,))
    >>> Rates(mnist, settings).run().groupby(["hidden", "steps"])["lr"].nunique().tolist()
    [2, 2, 2]
    """

    COLUMNS = COLUMNS

    def __init__(self, data: Dataset, settings: Settings = PAPER) -> None:
        super().__init__(data, settings)

    def parts(self) -> list[Part]:
        """Arm, width, hidden layers, steps and learning rate."""
        s = self.settings
        steps, longer = s.one.steps, s.times * s.one.steps
        shapes = [(width, 1, steps) for width in s.one.widths]
        shapes += [(s.one.probe, hidden, steps) for hidden in s.depths]
        shapes += [(width, 1, longer) for width in s.longer]
        found: list[Part] = []
        for width, hidden, many in dict.fromkeys(shapes):
            rates = s.longer_rates if many == longer else s.rates
            arms = [arm for arm in rates if arm != WEAK or width == s.one.probe]  # weak constants are tried by depth
            found += [(arm, width, hidden, many, lr) for arm in arms for lr in rates[arm]]
        return found

    def compute(self, part: Part, tick: Progress, keep: Keep) -> Found:
        """One arm of one shape at one rate."""
        arm, width, hidden, steps, lr = part
        tick(0, 1, f"{arm}, {hidden} x {width}, {steps} steps at {lr:g}")
        began, one = time.perf_counter(), self.settings.one
        own = {name: replace(getattr(one, name), lr=lr) for name in ("trained", "popup", "bernoulli")}
        experiment = Supermasks(self.data, replace(one, steps=steps, **own))
        experiment.measure(arm, width, hidden)
        rows = experiment.table.assign(steps=steps)[COLUMNS]
        return {"rows": rows, "seconds": time.perf_counter() - began}


@typed
def at_own_rate(table: Annotated[pd.DataFrame, Columns("arm width hidden steps lr val")]) -> pd.DataFrame:
    """Of every arm at each shape the rows at the rate whose mean validation accuracy is highest.

    >>> row = {"arm": "a", "width": 4, "hidden": 1, "steps": 9}
    >>> at_own_rate(pd.DataFrame([row | {"lr": 0.1, "val": 0.8}, row | {"lr": 0.2, "val": 0.9}]))["lr"].tolist()
    [0.2]
    """
    by = ["arm", "width", "hidden", "steps"]
    best = table.groupby([*by, "lr"])["val"].mean().groupby(by).idxmax()
    return table.set_index([*by, "lr"]).loc[list(best)].reset_index()
