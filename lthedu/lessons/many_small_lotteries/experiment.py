"""Many small lotteries: hundreds of ticket-sized networks, trained a batch of networks at a time, arm by arm.

One ticket is found by iterative magnitude pruning. Then each arm draws networks of the ticket's size: draw i of every
arm sees the minibatches of stream i, and has what its arm prescribes in place of what the ticket has.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import pandas as pd

from lthedu import experiments
from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Columns, Count
from lthedu.base.streams import derive, generator
from lthedu.data import Dataset
from lthedu.experiments import Experiment, Found, Keep, Part, Sizes
from lthedu.experiments.study.settings import RANDOM, REINIT, WINNING, Rate
from lthedu.experiments.study.settings import Settings as StudySettings
from lthedu.experiments.study.study import Study
from lthedu.networks import masks
from lthedu.networks.masks import Mask
from lthedu.networks.models import MLP
from lthedu.pruning import random_mask
from lthedu.training import Optimizer, Progress, Replicates, train

SMALL = "small dense"
ARMS = (WINNING, REINIT, RANDOM, SMALL)
COLUMNS = ["arm", "level", "density", "weights", "draw", "val", "test"]


@typed
@dataclass(frozen=True)
class Settings(experiments.Settings):
    """What a lottery does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(draws=0)
    Traceback (most recent call last):
    ValueError: Settings: draws is 0; allowed: a whole number from 1 up
    """

    seed: int = 0
    sizes: Annotated[tuple[Count, ...], AtLeast(3)] = (196, 100, 10)
    levels: Count = 5  # rounds of pruning that find the ticket
    keep: Rate = 0.55  # of the weights left in the first layer, per round
    keep_output: Rate = 0.8
    draws: Count = 128  # of each arm, at the last level
    few_draws: Count = 32  # of each arm, at the levels named next
    few_levels: tuple[Count, ...] = (1, 2)
    steps: Count = 900  # of every training, the dense network's too
    batch_size: Count = 32
    optimizer: Optimizer = Optimizer(lr=4e-3)  # noqa: RUF009 (frozen)
    margin: Annotated[float, Above(0, below=1)] = 0.01  # the target: the tickets' mean validation accuracy, less this
    together: Count = 32  # networks trained at once: a part

    def __post_init__(self) -> None:
        super().__post_init__()
        if not all(level < self.levels for level in self.few_levels):
            raise ValueError(f"few_levels are {self.few_levels}; allowed: 1 to {self.levels - 1} (levels - 1)")

    def study(self) -> StudySettings:
        """The settings of the study that finds the ticket."""
        return StudySettings(
            seeds=(self.seed,),
            levels=self.levels,
            keep=self.keep,
            keep_output=self.keep_output,
            steps=self.steps,
            batch_size=self.batch_size,
            optimizer=self.optimizer,
            val_every=None,
            controls=(),
        )


LESSON = Settings()
SIZES = Sizes(
    tiny=replace(LESSON, draws=3, few_draws=2, few_levels=(1,), levels=2, steps=4, together=2),
    lesson=LESSON,
    paper=replace(LESSON, draws=10_000, few_draws=1_000, steps=8_590, together=1_000),  # five passes; for a GPU
)
PAPER = SIZES.paper
scaled_settings = SIZES.now


@typed
class Lottery(Experiment[Settings]):
    """One ticket and the arms that are drawn against it: a row a network.

    `val` and `test` are accuracies, fractions; `weights` counts what is kept, biases apart. The last level gets
    `draws` networks of each arm, `few_levels` get `few_draws`. A part is the networks of an arm that are trained at
    once; each finds the ticket itself where there is none yet.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.load("mnist", device="cpu").first(500, 100, 100))
    >>> lottery = Lottery(mnist, Settings(draws=2, few_levels=(), steps=5, levels=1))
    >>> table = lottery.run()
    >>> table[["arm", "weights", "draw"]].head(3).values.tolist()
    [['winning ticket', 11580, 0], ['winning ticket', 11580, 1], ['random reinitialisation', 11580, 0]]
    """

    COLUMNS = COLUMNS

    def __init__(self, data: Dataset, settings: Settings = LESSON) -> None:
        super().__init__(data, settings)
        self.study = Study(data, self._make(settings.sizes), settings.study())

    def parts(self) -> list[Part]:
        """Arm, level, the first network's number, and how many there are."""
        s = self.settings
        plan = [(s.levels, s.draws)] + [(level, s.few_draws) for level in s.few_levels]
        return [
            (arm, level, first, min(s.together, draws - first))
            for level, draws in plan
            for arm in ARMS
            for first in range(0, draws, s.together)
        ]

    def prepare(self, tick: Progress, folder: Path | None) -> None:
        """Find the ticket, or read it."""
        tick(0, len(self.parts()), "finding a ticket")
        self.study.run(folder=folder and folder / "ticket")

    def compute(self, part: Part, tick: Progress, keep: Keep) -> Found:
        """Draw the networks of one part."""
        arm, level, first, n = part
        if not self.study.levels:
            self.study.run()
        began = time.perf_counter()
        rows = self.draw(arm, level, range(first, first + n))
        tick(1, 1, f"{arm}, level {level}")
        return {"rows": rows, "seconds": time.perf_counter() - began}

    def draw(self, arm: str, level: int, numbers: range) -> pd.DataFrame:
        """Train the networks `numbers` of an arm in one pass, and return their rows.

        Raises ValueError for another arm, and for a level that is not there.
        """
        networks, mask = self.start(arm, level, numbers)
        s = self.settings
        order = [derive(s.seed, "lottery order", i) for i in numbers]
        done = train(
            networks, self.data, s.steps, mask=mask, order=order, optimizer=s.optimizer, batch_size=s.batch_size
        )
        history = done.history.set_index(["split", "replicate"])["accuracy"]
        return pd.DataFrame(
            {
                "arm": arm,
                "level": level,
                "density": masks.density(self.study.mask(level)),
                "weights": sum(int(m[0].sum()) for m in mask.values()),
                "draw": list(numbers),
                "val": history["val"].to_numpy(),
                "test": history["test"].to_numpy(),
            }
        )

    def start(self, arm: str, level: int, numbers: range) -> tuple[Replicates, Mask]:
        """The networks `numbers` of an arm before training, with their masks, stacked on a leading axis."""
        if arm not in ARMS:
            raise ValueError(f"arm is {arm!r}; allowed: {', '.join(ARMS)}")
        seed, device, n = self.settings.seed, self.data.device, len(numbers)
        ticket = masks.unstack(self.study.mask(level), 0)
        sizes = self.settings.sizes if arm != SMALL else self.small_sizes(level)
        fresh = Replicates.create(
            self._make(sizes), [derive(seed, "lottery init", i) for i in numbers], device=device,
            dtype=self.data.x_train.dtype,
        )  # fmt: skip
        if arm == SMALL:
            return fresh, fresh.full_mask()
        if arm == RANDOM:
            streams = [generator(seed, "lottery mask", i) for i in numbers]
            mask = masks.stack([random_mask(ticket, g) for g in streams])
        else:
            mask = {name: m.expand(n, *m.shape) for name, m in ticket.items()}
        if arm == WINNING:
            own = {name: p.expand(n, *p.shape[1:]) for name, p in self.study.rewound.items()}
            fresh = fresh.with_params(own)
        return fresh, mask

    def small_sizes(self, level: int) -> tuple[int, ...]:
        """The dense network with one hidden layer that has just as many weights and biases as the ticket, or more."""
        s = self.settings
        ticket = sum(masks.counts(masks.unstack(self.study.mask(level), 0)).values()) + sum(s.sizes[1:])
        inputs, outputs = s.sizes[0], s.sizes[-1]
        return inputs, -(-(ticket - outputs) // (inputs + 1 + outputs)), outputs

    @staticmethod
    def _make(sizes: tuple[int, ...]) -> Callable[[], MLP]:
        return lambda: MLP(sizes)


@typed
def target(
    table: Annotated[pd.DataFrame, Columns("arm level val")],
    level: int,
    margin: float = LESSON.margin,
) -> float:
    """The accuracy to reach at `level`: the winning tickets' mean on the validation split, less `margin`.

    Raises ValueError for a level without winning tickets.

    >>> rows = pd.DataFrame({"arm": [WINNING, WINNING, RANDOM], "level": 5, "val": [0.94, 0.96, 0.9]})
    >>> round(target(rows, 5, margin=0.01), 3)
    0.94
    """
    won = table[(table["arm"] == WINNING) & (table["level"] == level)]["val"]
    if won.empty:
        raise ValueError(f"level {level} has no {WINNING!r} rows; there are: {sorted(set(table['level']))}")
    return float(won.mean()) - margin


@typed
def wins(
    table: Annotated[pd.DataFrame, Columns("arm level density weights val")],
    margin: float = LESSON.margin,
) -> pd.DataFrame:
    """How many networks of each arm reach their level's target on the validation split: a row a level and arm.

    Columns: level, density, arm, weights, draws, wins; the sparsest level last.

    >>> rows = {"arm": [WINNING, RANDOM, RANDOM], "level": 5, "density": 0.06, "weights": 9, "val": [0.95, 0.96, 0.9]}
    >>> wins(pd.DataFrame(rows))[["arm", "draws", "wins"]].values.tolist()
    [['winning ticket', 1, 1], ['random mask', 2, 1]]
    """
    goals = {level: target(table, level, margin) for level in table["level"].unique()}
    marked = table.assign(won=table["val"] >= table["level"].map(goals))
    by = marked.groupby(["level", "density", "arm", "weights"], sort=False)["won"]
    found = by.agg(draws="count", wins="sum").reset_index()
    return found.sort_values("level", kind="stable", ignore_index=True)
