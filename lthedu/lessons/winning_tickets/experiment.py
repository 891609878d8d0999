"""What the lesson asks beyond its study: the same tickets with other masks and images, and at other learning rates."""

import time
from dataclasses import dataclass, replace
from typing import Annotated

import pandas as pd

from lthedu import experiments
from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Columns
from lthedu.base.streams import derive
from lthedu.data import Dataset
from lthedu.experiments import Experiment, Found, Keep, Part
from lthedu.experiments.study import LESSON, Study, final
from lthedu.experiments.study.settings import Settings as StudySettings
from lthedu.networks import masks
from lthedu.networks.masks import Mask
from lthedu.training import Optimizer, Progress, RateSchedule, train

COLUMNS = ["lr", "warmup", "arm", "replicate", "level", "density", "val", "test"]


@typed
def retrained(
    study: Study, level: int, mask: Mask, *, data: Dataset | None = None, optimizer: Optimizer | None = None
) -> list[float]:
    """Test accuracy of networks that train as the tickets of `level` do, with another mask, other images or a new rate.

    `mask`: stacked, (seeds, ...) by name. The networks begin from the study's initial weights under `mask` and see the
    minibatches of that level. `data` and `optimizer` are the study's own unless given. A fraction for each seed.
    """
    s = study.settings
    done = train(
        study.create(study.make).with_params(masks.apply(mask, study.rewound)),
        data or study.data,
        s.steps,
        mask=mask,
        order=[derive(seed, "order", level) for seed in s.seeds],
        optimizer=optimizer or s.optimizer,
        batch_size=s.batch_size,
    )
    return [float(a) for a in done.history.query("split == 'test'")["accuracy"]]


@typed
@dataclass(frozen=True)
class Settings(experiments.Settings):
    """The study that is repeated, and the learning rates, each with the steps over which it rises to its value."""

    study: StudySettings = replace(LESSON, val_every=None)  # noqa: RUF009 (frozen)
    rates: Annotated[tuple[tuple[float, int], ...], AtLeast(1)] = (
        (1.2e-3, 0),
        (2.4e-3, 0),
        (6e-3, 0),
        (6e-3, 100),
        (1.2e-2, 0),
        (2.4e-2, 0),
    )


PAPER = Settings()


@typed
class Rates(Experiment[Settings]):
    """The lesson's study once for each learning rate: tickets are found, trained and compared at that rate.

    A row a network: `val` and `test` are accuracies after the last step, fractions. A part is one rate.

    >>> from lthedu import data
    >>> mnist = data.load("mnist", device="cpu").first(200, 50, 50)
    >>> few = StudySettings(seeds=(0,), levels=1, steps=5, val_every=None)
    >>> Rates(mnist, Settings(few, rates=((0.001, 0), (0.005, 2)))).run()["lr"].tolist()
    [0.001, 0.001, 0.001, 0.001, 0.005, 0.005, 0.005, 0.005]
    """

    COLUMNS = COLUMNS

    def __init__(self, data: Dataset, settings: Settings = PAPER) -> None:
        super().__init__(data, settings)

    def parts(self) -> list[Part]:
        """Learning rate and steps of warm-up."""
        return list(self.settings.rates)

    def compute(self, part: Part, tick: Progress, keep: Keep) -> Found:
        """The study at one rate."""
        lr, warmup = part
        began, s = time.perf_counter(), self.settings.study
        rule = replace(s.optimizer, lr=lr, schedule=RateSchedule(warmup=warmup))
        table = Study(self.data, settings=replace(s, optimizer=rule)).run(tick)
        by = ["arm", "replicate", "level", "density"]
        val, test = (final(table, split).set_index(by)["accuracy"].rename(split) for split in ("val", "test"))
        rows = pd.concat([val, test], axis=1).reset_index().assign(lr=lr, warmup=warmup)
        return {"rows": rows[COLUMNS], "seconds": time.perf_counter() - began}


@typed
def at_own_rate(table: Annotated[pd.DataFrame, Columns("lr warmup arm level replicate val test")]) -> pd.DataFrame:
    """Of every arm at every level the rows at the rate, without warm-up, whose mean validation accuracy is highest."""
    plain = table[table["warmup"] == 0]
    mean = plain.groupby(["arm", "level", "lr"])["val"].mean()
    best = mean.groupby(["arm", "level"]).idxmax()
    return plain.set_index(["arm", "level", "lr"]).loc[list(best)].reset_index()
