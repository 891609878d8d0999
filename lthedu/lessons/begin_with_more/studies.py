"""What the stored run computes: every plan at several lengths and rates, and tickets from narrow to wide networks."""

from dataclasses import replace
from typing import Annotated

import pandas as pd

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.lessons.begin_with_more import widths
from lthedu.lessons.begin_with_more.experiment import LESSON, Settings
from lthedu.lessons.begin_with_more.plans import FAST, GROWN, PEAK, PEAK_MOVES, PLANS, RIGL, SET, SPREAD, STATIC, TWICE
from lthedu.lessons.begin_with_more.widths import COUNTS, DENSE, INPUTS, REDRAWN, TWICE_POOLED

RATES = (0.01, 0.015, 0.02, 0.03, 0.04, 0.06)
SLOWER, SLOWEST, FASTER = (0.0075, *RATES[:4]), (0.005, 0.0075, *RATES[:2]), (*RATES[1:], 0.08)
# steps from one move of the masks to the next, by length
EVERY = {150: 10, 500: 25, 800: 25, 1600: 50, 2750: 50, 5000: 100, 8400: 150, 18_000: 300}
FEW_PLANS = (STATIC, SET, RIGL, FAST, PEAK, GROWN)
MORE_PLANS = (*FEW_PLANS, SPREAD, PEAK_MOVES, TWICE)


@typed
def at_rates(arms: tuple[str, ...], steps: int, rates: tuple[float, ...]) -> Settings:
    """These arms at each of these rates."""
    ways = tuple((arm, lr) for arm in arms for lr in rates)
    return replace(LESSON, ways=ways, steps=steps, every=EVERY[steps])


SCHEDULES = {
    "500 steps": at_rates(tuple(PLANS), 500, RATES),
    "1600 steps": at_rates(MORE_PLANS, 1600, SLOWER),
    "5000 steps": at_rates(FEW_PLANS, 5000, SLOWEST),
    "150 steps": at_rates(MORE_PLANS, 150, FASTER),
    "800 steps": at_rates((STATIC, SET, RIGL), 800, RATES[:5]),
    "2750 steps": at_rates((SET, RIGL), 2750, SLOWEST),
    # for what the plans with a surplus cost in 5,000 steps; and rates above those that were best at the edge there
    "8400 steps": at_rates((STATIC, SET, RIGL), 8400, SLOWEST),
    "18000 steps": at_rates((RIGL,), 18_000, SLOWEST[:3]),
    "5000 steps, faster": at_rates((STATIC, SET), 5000, RATES[2:4]),
    "800 steps, faster": at_rates((SET,), 800, (0.06, 0.08)),
    "1600 steps, faster": at_rates((STATIC, SET), 1600, (0.04, 0.06)),
    "2750 steps, faster": at_rates((SET, RIGL), 2750, RATES[2:4]),
    "18000 steps, faster": at_rates((RIGL,), 18_000, (0.015, 0.02)),
}

LONG = replace(widths.LESSON, rates=RATES[:4], last=3000)
ALL_WIDTHS = (16, 32, 128, 512, 1024)
FEW, CONTROL = (32, 128, 512), (0.0025, 0.005, 0.01, 0.015, 0.02, 0.03)
WIDTHS = {
    **{f"from {width} units": replace(LONG, widths=(width,)) for width in ALL_WIDTHS[:-1]},
    "from 1024 units": replace(LONG, widths=(1024,), rates=RATES[:5]),
    "dense": replace(LONG, widths=(5,), rates=(1e-3, 2e-3, 3e-3, 5e-3), arms=(DENSE,)),
    "dense, pooled twice": replace(LONG, widths=(17,), rates=RATES[:5], arms=(TWICE_POOLED,)),
    "controls": replace(LONG, widths=FEW, rates=(0.02,), last_rates=CONTROL, arms=(REDRAWN, COUNTS, INPUTS)),
    "32 units, 4 times as long": replace(LONG, widths=(32,), steps=1200),
    "128 units, 4 times as long": replace(LONG, widths=(128,), steps=1200),
    "32 units, 16 times as long": replace(LONG, widths=(32,), steps=4800, rates=SLOWEST[1:]),
    "32 units, in 7 rounds": replace(LONG, widths=(32,), rounds=7, rates=RATES[1:4]),
    "512 units, in 3 rounds": replace(LONG, widths=(512,), rounds=3, rates=RATES[1:4]),
    "own last rate": replace(LONG, widths=FEW, rates=(0.02,), last_rates=(0.005, 0.01, 0.015, 0.03)),
    "short": replace(LONG, widths=FEW, rates=RATES[1:5], last=300),
    **{
        f"dense, {last} steps": replace(LONG, weights=1607, widths=(8,), last=last, arms=(DENSE, TWICE_POOLED))
        for last in (500, 1600)
    },
}


@typed
def at_own_rate(table: Annotated[pd.DataFrame, Columns("arm steps lr val")]) -> pd.DataFrame:
    """Of every arm at every length the rows at the rate whose mean validation accuracy is highest.

    >>> row = {"arm": "RigL", "steps": 10}
    >>> at_own_rate(pd.DataFrame([row | {"lr": 0.1, "val": 0.8}, row | {"lr": 0.2, "val": 0.9}]))["lr"].tolist()
    [0.2]
    """
    return best_of(table, ["arm", "steps"], ["lr"])


def best_of(table: pd.DataFrame, by: list[str], among: list[str]) -> pd.DataFrame:
    """Of each group `by` the rows with those values of `among` whose mean validation accuracy is highest."""
    best = table.groupby([*by, *among])["val"].mean().groupby(by).idxmax()
    return table.set_index([*by, *among]).loc[list(best)].reset_index()
