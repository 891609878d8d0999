"""Many small lotteries: hundreds of ticket-sized networks, trained a batch of networks at a time, arm by arm.

One ticket is found by iterative magnitude pruning. Then each arm draws networks of the ticket's size: draw i of every
arm sees the minibatches of stream i, and has what its arm prescribes in place of what the ticket has.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import pandas as pd

from lthedu import masks
from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.data import Dataset
from lthedu.masks import Mask
from lthedu.models import MLP
from lthedu.pruning import random_mask
from lthedu.resources import at_paper_scale
from lthedu.streams import derive, generator
from lthedu.tickets.settings import RANDOM, REINIT, WINNING
from lthedu.tickets.settings import Settings as StudySettings
from lthedu.tickets.study import Study
from lthedu.training import Optimizer, Progress, Replicates, train

SMALL = "small dense"
ARMS = (WINNING, REINIT, RANDOM, SMALL)
COLUMNS = ["arm", "level", "density", "weights", "draw", "val", "test"]


@typed
@dataclass(frozen=True)
class Settings:
    """What a lottery does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(draws=0)
    Traceback (most recent call last):
    ValueError: draws is 0; it must be a whole number, 1 or more
    """

    seed: int = 0
    sizes: tuple[int, ...] = (196, 100, 10)
    levels: int = 5  # rounds of pruning that find the ticket
    keep: float = 0.55  # of the weights left in the first layer, per round
    keep_output: float = 0.8
    draws: int = 128  # of each arm, at the last level
    few_draws: int = 32  # of each arm, at the levels named next
    few_levels: tuple[int, ...] = (1, 2)
    steps: int = 900  # of every training, the dense network's too
    batch_size: int = 32
    optimizer: Optimizer = Optimizer(lr=4e-3)  # noqa: RUF009 (frozen)
    margin: float = 0.01  # the target: the winning tickets' mean validation accuracy, less this
    together: int = 32  # networks trained at once

    def __post_init__(self) -> None:
        for name in ("levels", "draws", "few_draws", "steps", "batch_size", "together"):
            count = getattr(self, name)
            if not isinstance(count, int) or count < 1:
                raise ValueError(f"{name} is {count}; it must be a whole number, 1 or more")
        if not all(1 <= level < self.levels for level in self.few_levels):
            raise ValueError(f"few_levels are {self.few_levels}; allowed: 1 to {self.levels - 1} (levels - 1)")
        if not 0 < self.margin < 1:
            raise ValueError(f"margin is {self.margin}; allowed: above 0 and below 1, as a fraction")

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
PAPER = Settings(draws=10_000, few_draws=1_000, steps=8_590, together=1_000)  # five passes; for a GPU


def scaled_settings() -> Settings:
    """The settings named by LTHEDU_SCALE: "lesson" (the default), or "paper": 10,000 networks an arm.

    Raises ValueError for any other word.

    >>> scaled_settings().draws
    128
    """
    return PAPER if at_paper_scale() else LESSON


@typed
class Lottery:
    """One ticket and the arms that are drawn against it.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.load("mnist", device="cpu").first(500, 100, 100))
    >>> lottery = Lottery(mnist, Settings(draws=2, few_levels=(), steps=5, levels=1))
    >>> table = lottery.run()
    >>> table[["arm", "weights", "draw"]].head(3).values.tolist()
    [['winning ticket', 11580, 0], ['winning ticket', 11580, 1], ['random reinitialisation', 11580, 0]]
    """

    def __init__(self, data: Dataset, settings: Settings = LESSON) -> None:
        self.data, self.settings = data, settings
        self.study = Study(data, self._make(settings.sizes), settings.study())
        self.table = pd.DataFrame(columns=COLUMNS)

    def run(self, progress: Progress | None = None) -> pd.DataFrame:
        """Find the ticket, draw every arm at every level, and return the table: one row a network.

        `val` and `test` are accuracies, fractions; `weights` counts what is kept, biases apart. The last level gets
        `draws` networks of each arm, `few_levels` get `few_draws`. `progress(done, all, text)` counts networks.
        """
        s = self.settings
        plan = [(s.levels, s.draws)] + [(level, s.few_draws) for level in s.few_levels]
        in_all = sum(n * len(ARMS) for _, n in plan) + s.levels + 1
        tick = progress or (lambda done, in_all, text: None)
        tick(0, in_all, "finding a ticket")
        self.study.run()
        parts, done = [], s.levels + 1
        for level, draws in plan:
            for arm in ARMS:
                for first in range(0, draws, s.together):
                    tick(done, in_all, f"{arm}, level {level}")
                    numbers = range(first, min(first + s.together, draws))
                    parts.append(self.draw(arm, level, numbers))
                    self.table = pd.concat(parts, ignore_index=True)  # what an interrupt leaves
                    done += len(numbers)
        tick(in_all, in_all, "done")
        return self.table

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
