"""How long a step takes, and so an accuracy: steps from one study, milliseconds from an idle machine."""

import time
from dataclasses import dataclass, replace
from typing import Annotated, Any

import pandas as pd

from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Columns, Count
from lthedu.base.threads import one_thread
from lthedu.experiments import Experiment, Keep, Seeded
from lthedu.lessons.sparse_from_the_start import experiment
from lthedu.lessons.sparse_from_the_start.arms import DENSE, NARROW_RIGL, POOLED_RIGL, RIGL, STATIC
from lthedu.lessons.sparse_from_the_start.experiment import LEVELS, REACHED
from lthedu.training import Progress

SPARSE = (STATIC, RIGL, NARROW_RIGL, POOLED_RIGL)


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What is timed. Raises ValueError, naming value and range.

    >>> Settings(steps=0)
    Traceback (most recent call last):
    ValueError: Settings: steps is 0; allowed: a whole number from 1 up
    """

    rounds: Count = 5  # of all arms, one after the other
    steps: Count = 200  # timed together, the moves of the mask among them
    densities: Annotated[tuple[float, ...], AtLeast(1)] = (0.01, 0.02, 0.05)  # of the sparse ones


@typed
@dataclass(eq=False)
class Clock(Experiment[Settings]):
    """Milliseconds of a step of one network on one thread, its minibatches, mask moves and everything else included.

    A row for each arm and round (its number stands as `replicate`). The first steps of an arm, in which loops are
    compiled, are not timed. On a busy machine only ratios of one round mean anything.
    """

    COLUMNS = ("arm", "density", "replicate", "ms")

    def work(self, tick: Progress, keep: Keep) -> None:
        """Time every arm in every round."""
        s = self.settings
        arms = [(1.0, arm) for arm in DENSE] + [(density, arm) for density in s.densities for arm in SPARSE]
        found: dict[tuple[float, str], list[float]] = {one: [] for one in arms}
        with one_thread():
            for i in range(s.rounds + 1):
                for density, arm in arms:
                    tick(i, s.rounds + 1, f"{arm}, {100 * density:g} %")
                    ms = self.milliseconds(arm, density, s.steps if i else 110)
                    if i:  # the first round is for the compiler
                        found[density, arm].append(ms)
        for (density, arm), times in found.items():
            self.note({"arm": arm, "density": density}, ms=times)

    def milliseconds(self, arm: str, density: float, steps: int) -> float:
        """How long a step of one network takes."""
        settings = replace(experiment.LESSON, seeds=(0,), arms=(arm,), steps=steps)
        made = experiment.Sparse(self.data, settings)
        began = time.perf_counter()
        made.train_arm(arm, density, 0.004)
        return 1000 * (time.perf_counter() - began) / steps


@typed
def frontier(
    table: Annotated[pd.DataFrame, Columns("arm density lr steps replicate val")],
    clock: Annotated[pd.DataFrame, Columns("arm density ms")],
) -> pd.DataFrame:
    """The shortest time in which an arm's five networks reach each level of accuracy: arm, level, steps, seconds.

    Of all rates and lengths that were tried the one with the smallest median of steps, among those at which every
    network reaches the level; times the median milliseconds of a step. Levels that an arm does not reach have no row.
    """
    ms: Any = clock.groupby(["arm", "density"])["ms"].median()
    rows = []
    every: Any = table.groupby(["arm", "density"], sort=False)
    for (arm, density), one in every:
        if (arm, density) not in ms.index:
            continue
        name = arm if arm in DENSE else f"{arm}, {100 * density:g} %"
        for level, column in zip(LEVELS, REACHED, strict=True):
            tries = one.groupby(["lr", "steps"])[column]
            whole = tries.median()[tries.count() == tries.size()]
            if len(whole):
                rows.append((name, level, whole.min(), whole.min() * ms[arm, density] / 1000))
    return pd.DataFrame(rows, columns=["arm", "level", "steps", "seconds"])


@typed
def sparse_by_dense(fastest: Annotated[pd.DataFrame, Columns("arm level seconds")]) -> pd.Series:
    """The quickest sparse time divided by the quickest dense one, at each accuracy that both reach.

    >>> rows = [("dense 100", 0.94, 2.0), ("RigL, 5 %", 0.94, 3.0), ("SET, 5 %", 0.94, 5.0), ("dense 100", 0.95, 4.0)]
    >>> sparse_by_dense(pd.DataFrame(rows, columns=["arm", "level", "seconds"])).to_dict()
    {0.94: 1.5}
    """
    is_dense = fastest["arm"].str.startswith("dense")
    sparse, dense = (one.groupby("level")["seconds"].min() for one in (fastest[~is_dense], fastest[is_dense]))
    found: pd.Series = (sparse / dense).dropna()
    return found
