"""Many small lotteries: hundreds of ticket-sized networks, trained a batch of networks at a time, arm by arm.

A few tickets are found by iterative magnitude pruning. Each arm finds its own learning rate in one small search, and
then draws networks of the tickets' size: draw i of every arm sees the minibatches of stream i and is set against
ticket i modulo the number of tickets. Small dense networks spend a ticket's price otherwise: each is trained for as
many steps as the whole search for a ticket. The goal is set by the dense networks, and by no arm.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from torch import Generator

from lthedu import experiments
from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Columns, Count, Positive
from lthedu.base.streams import derive, generator
from lthedu.data import Dataset, pooled
from lthedu.experiments import Experiment, Found, Keep, Part, Sizes
from lthedu.experiments.kept import kept
from lthedu.experiments.study.settings import DENSE, REINIT, WINNING, Rate
from lthedu.experiments.study.settings import Settings as StudySettings
from lthedu.experiments.study.study import Study
from lthedu.lessons.many_small_lotteries.designs import centre, local_patches, scattered_pixels
from lthedu.networks import masks
from lthedu.networks.masks import Mask
from lthedu.networks.models import MLP
from lthedu.training import Optimizer, Progress, Replicates, train

PATCHES, SCATTERED, SMALL = "local patches", "scattered pixels", "small dense"
ARMS = (WINNING, REINIT, PATCHES, SCATTERED, SMALL)
Design = Callable[[Mask, Generator], Mask]
DESIGNS: dict[str, Design] = {PATCHES: local_patches, SCATTERED: scattered_pixels}  # the arms that are lotteries
COLUMNS = ["arm", "level", "density", "weights", "ticket", "draw", "lr", "val", "test"]
YOURS = "yours"  # drawn by a reader's own design
OTHERS = 1_000_000  # the first number of the networks on which rates are tried: none of them is drawn


@typed
@dataclass(frozen=True)
class Settings(experiments.Settings):
    """What a lottery does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(draws=0)
    Traceback (most recent call last):
    ValueError: Settings: draws is 0; allowed: a whole number from 1 up
    """

    seed: int = 0
    tickets: Count = 8  # dense networks, and a ticket of each
    sizes: Annotated[tuple[Count, ...], AtLeast(3)] = (196, 100, 10)
    levels: Count = 5  # rounds of pruning that find a ticket
    keep: Rate = 0.55  # of the weights left in the first layer, per round
    keep_output: Rate = 0.8
    draws: Count = 128  # of each lottery
    few_draws: Count = 32  # of each other arm
    steps: Count = 900  # of every training but the small dense networks'
    batch_size: Count = 32
    optimizer: Optimizer = Optimizer(lr=4e-3)  # noqa: RUF009 (frozen); it finds the tickets
    rates: Annotated[tuple[Positive, ...], AtLeast(1)] = (2e-3, 4e-3, 8e-3, 1.6e-2)  # tried for every arm
    tries: Count = 8  # networks of each arm at each rate
    margin: Annotated[float, Above(0, below=1)] = 0.01  # the goal: the dense networks' mean accuracy, less this
    together: Count = 32  # networks trained at once: a part

    def study(self) -> StudySettings:
        """The settings of the study that finds the tickets."""
        return StudySettings(
            seeds=tuple(derive(self.seed, "ticket", t) for t in range(self.tickets)),
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
    tiny=replace(LESSON, tickets=2, draws=3, few_draws=2, levels=2, steps=4, rates=(4e-3, 8e-3), tries=2, together=2),
    lesson=LESSON,
    paper=replace(LESSON, draws=10_000, few_draws=1_000, steps=8_590, together=1_000),  # five passes; for a GPU
)
PAPER = SIZES.paper
scaled_settings = SIZES.now


@typed
class Lottery(Experiment[Settings]):
    """Tickets and the arms that are drawn against them, on images of 28 x 28 pixels that it pools: a row a network.

    `val` and `test` are accuracies, fractions; `weights` counts what is kept, biases apart; `lr` is the arm's own rate,
    for the small dense networks the dense ones'. Level 0 holds the dense networks, one for each ticket; all others are
    at the last level. A part is the networks of an arm that are trained at once; each finds the tickets and the rates
    itself where there are none yet.

    >>> from lthedu import data
    >>> mnist = data.load("mnist", device="cpu").first(500, 100, 100)
    >>> few = {"draws": 2, "few_draws": 2, "steps": 5, "levels": 1, "tickets": 2, "rates": (4e-3,), "tries": 1}
    >>> lottery = Lottery(mnist, Settings(**few))
    >>> lottery.run()[["arm", "weights", "draw"]].iloc[[0, 2, 4]].values.tolist()
    [['dense', 20600, 0], ['winning ticket', 11580, 0], ['random reinitialisation', 11580, 0]]
    """

    COLUMNS = COLUMNS

    def __init__(self, data: Dataset, settings: Settings = LESSON) -> None:
        super().__init__(data, settings)
        self.half = pooled(data)
        self.study = Study(self.half, self._make(settings.sizes), settings.study())
        self.centre = centre(data)  # what the small dense networks read, who can then afford more hidden units
        self.search = pd.DataFrame()  # what was tried to find the rates

    def parts(self) -> list[Part]:
        """Arm, level, the first network's number, and how many there are."""
        s = self.settings
        plan = [(DENSE, 0, s.tickets)]
        plan += [(arm, s.levels, s.draws if arm in DESIGNS else s.few_draws) for arm in ARMS]
        return [
            (arm, level, first, min(s.together, draws - first))
            for arm, level, draws in plan
            for first in range(0, draws, s.together)
        ]

    def prepare(self, tick: Progress, folder: Path | None) -> None:
        """Find the tickets and every arm's rate, or read them."""
        tick(0, len(self.parts()), "finding tickets")
        self.study.run(folder=folder and folder / "ticket")
        tick(0, len(self.parts()), "trying learning rates")
        if folder is not None:
            self.search = kept(folder, "rates", {}, self.tried)
        elif self.search.empty:
            self.search = self.tried()
        tick(0, len(self.parts()), "drawing")

    def compute(self, part: Part, tick: Progress, keep: Keep) -> Found:
        """Draw the networks of one part."""
        if self.search.empty:
            self.prepare(lambda *_: None, None)
        arm, level, first, n = part
        began = time.perf_counter()
        rows = self.draw(arm, level, range(first, first + n), self.rates[arm if arm != SMALL else DENSE])
        tick(1, 1, arm)
        return {"rows": rows, "seconds": time.perf_counter() - began}

    def tried(self) -> pd.DataFrame:
        """A few networks of each arm but the small dense one, whose trainings are long, at each rate."""
        s = self.settings
        numbers = range(OTHERS, OTHERS + s.tries)
        plan = [(DENSE, 0)] + [(arm, s.levels) for arm in ARMS if arm != SMALL]
        return pd.concat([self.draw(*arm, numbers, lr) for arm in plan for lr in s.rates], ignore_index=True)

    @property
    def rates(self) -> dict[str, float]:
        """Of each arm the rate with the highest mean validation accuracy in the search."""
        mean = self.search.groupby(["arm", "lr"])["val"].mean().unstack("lr")
        return {str(arm): float(lr) for arm, lr in mean.idxmax(axis="columns").items()}

    def draw(self, arm: str, level: int, numbers: range, lr: float) -> pd.DataFrame:
        """Train the networks `numbers` of an arm in one pass at the rate `lr`, and return their rows.

        Raises ValueError for another arm, and for a level that is not there.
        """
        return self._trained(arm, level, numbers, lr, *self.start(arm, level, numbers))

    def draw_by(self, design: Design, draws: int) -> pd.DataFrame:
        """The rows of `draws` networks of a design of one's own, at the last level and the local patches' rate.

        `design(ticket, generator)` returns a mask of a ticket's shapes; the weights are fresh. Raises ValueError for a
        mask that keeps another number of weights than a ticket does.
        """
        level, numbers = self.settings.levels, range(draws)
        fresh, _ = self.start(PATCHES, level, numbers)
        drawn = self._masks(design, level, numbers)
        kept, allowed = ({sum(masks.counts(m).values()) for m in each} for each in (drawn, [self._ticket(level)]))
        if kept != allowed:
            raise ValueError(f"the masks keep {sorted(kept)} weights; allowed: as many as a ticket, {min(allowed)}")
        return self._trained(YOURS, level, numbers, self.rates[PATCHES], fresh, masks.stack(drawn))

    def _trained(
        self, arm: str, level: int, numbers: range, lr: float, networks: Replicates, mask: Mask
    ) -> pd.DataFrame:
        s = self.settings
        order = [derive(s.seed, "lottery order", i) for i in numbers]
        images = self.centre if arm == SMALL else self.half
        optimizer = replace(s.optimizer, lr=lr)
        steps = s.steps * (s.levels + 1) if arm == SMALL else s.steps  # a ticket needs a training for every level
        done = train(networks, images, steps, mask=mask, order=order, optimizer=optimizer, batch_size=s.batch_size)
        history = done.history.set_index(["split", "replicate"])["accuracy"]
        return pd.DataFrame(
            {
                "arm": arm,
                "level": level,
                "density": masks.density(self._ticket(level)),
                "weights": sum(int(m[0].sum()) for m in mask.values()),
                "ticket": [i % s.tickets for i in numbers],
                "draw": list(numbers),
                "lr": lr,
                "val": history["val"].to_numpy(),
                "test": history["test"].to_numpy(),
            }
        )

    def start(self, arm: str, level: int, numbers: range) -> tuple[Replicates, Mask]:
        """The networks `numbers` of an arm before training, with their masks, stacked on a leading axis.

        Network i of an arm that takes something from a ticket takes it from ticket i modulo the number of tickets.
        """
        if arm not in (DENSE, *ARMS):
            raise ValueError(f"arm is {arm!r}; allowed: {', '.join((DENSE, *ARMS))}")
        s = self.settings
        sizes = s.sizes if arm != SMALL else self.small_sizes(level)
        fresh = Replicates.create(
            self._make(sizes), [derive(s.seed, "lottery init", i) for i in numbers], device=self.data.device,
            dtype=self.data.x_train.dtype,
        )  # fmt: skip
        if arm in (DENSE, SMALL):
            return fresh, fresh.full_mask()
        if arm in DESIGNS:
            return fresh, masks.stack(self._masks(DESIGNS[arm], level, numbers))
        own = [i % s.tickets for i in numbers]
        if arm == WINNING:
            fresh = fresh.with_params({name: p[own] for name, p in self.study.rewound.items()})
        return fresh, {name: m[own] for name, m in self.study.mask(level).items()}

    def _masks(self, design: Design, level: int, numbers: range) -> list[Mask]:
        return [design(self._ticket(level), generator(self.settings.seed, "lottery mask", i)) for i in numbers]

    def small_sizes(self, level: int) -> tuple[int, ...]:
        """The dense network with one hidden layer that has just as many weights and biases as a ticket, or more.

        It reads few pixels, of the images' middle: every weight that a pixel does not cost pays for hidden units.
        """
        s = self.settings
        numbers = sum(masks.counts(self._ticket(level)).values()) + sum(s.sizes[1:])
        inputs, outputs = self.centre.x_train.shape[1], s.sizes[-1]
        return inputs, -(-(numbers - outputs) // (inputs + 1 + outputs)), outputs

    def _ticket(self, level: int) -> Mask:
        """The first ticket's mask: all keep as many weights in each layer."""
        return masks.unstack(self.study.mask(level), 0)

    @staticmethod
    def _make(sizes: tuple[int, ...]) -> Callable[[], MLP]:
        return lambda: MLP(sizes)


@typed
def goal(
    table: Annotated[pd.DataFrame, Columns("arm val")],
    margin: float = LESSON.margin,
    *,
    split: Literal["val", "test"] = "val",
) -> float:
    """The accuracy to reach: the dense networks' mean on the validation split, or the test split, less `margin`.

    Raises ValueError for a table without dense networks.

    >>> rows = pd.DataFrame({"arm": [DENSE, DENSE, PATCHES], "val": [0.94, 0.96, 0.9]})
    >>> round(goal(rows, margin=0.01), 3)
    0.94
    """
    dense = table.loc[table["arm"] == DENSE, split]
    if dense.empty:
        raise ValueError(f"table has no {DENSE!r} rows; there are: {sorted(set(table['arm']))}")
    return float(dense.mean()) - margin


@typed
def wins(
    table: Annotated[pd.DataFrame, Columns("arm weights lr val")],
    margin: float = LESSON.margin,
) -> pd.DataFrame:
    """How many networks of each arm reach the goal on the validation split: a row an arm.

    Columns: arm, weights, lr, draws, wins.

    >>> rows = {"arm": [DENSE, PATCHES, PATCHES], "weights": 9, "lr": 0.1, "val": [0.95, 0.96, 0.9]}
    >>> wins(pd.DataFrame(rows))[["arm", "draws", "wins"]].values.tolist()
    [['dense', 1, 1], ['local patches', 2, 1]]
    """
    marked = table.assign(won=table["val"] >= goal(table, margin))
    return marked.groupby(["arm", "weights", "lr"], sort=False)["won"].agg(draws="count", wins="sum").reset_index()
