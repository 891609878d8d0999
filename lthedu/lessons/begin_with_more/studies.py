"""What the stored run computes: every plan at several lengths and rates, and tickets from narrow to wide networks."""

from dataclasses import replace
from typing import Annotated

import pandas as pd

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.lessons.begin_with_more import widths
from lthedu.lessons.begin_with_more.experiment import LESSON, Settings
from lthedu.lessons.begin_with_more.plans import PLANS, RIGL, SET, SPREAD, STATIC
from lthedu.lessons.begin_with_more.widths import COUNTS, DENSE, INPUTS, RANDOM, REDRAWN, TWICE_POOLED

RATES = (0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.06, 0.08, 0.12)
LOWER, UPPER = RATES[:7], RATES[2:]
EVERY = {150: 10, 500: 25, 1600: 50, 2750: 50, 5000: 100}  # steps from one move of the mask to the next, by length


@typed
def at_rates(arms: tuple[str, ...], steps: int, rates: tuple[float, ...]) -> Settings:
    """These arms at each of these rates."""
    ways = tuple((arm, lr) for arm in arms for lr in rates)
    return replace(LESSON, ways=ways, steps=steps, every=EVERY[steps])


CONSTANT = (STATIC, SPREAD, SET, RIGL)
SCHEDULES = {f"{steps} steps": at_rates(tuple(PLANS), steps, RATES) for steps in (150, 500, 1600)}
SCHEDULES["5000 steps"] = at_rates(tuple(PLANS), 5000, LOWER)
SCHEDULES["2750 steps"] = at_rates(CONSTANT, 2750, LOWER)

FINE = (0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04)
LONG = replace(widths.LESSON, rates=FINE, last=3000, last_rates=FINE)
ALL_WIDTHS = (16, 32, 64, 128, 256, 512, 1024)
FEW = (32, 128, 512)
WIDTHS = {
    "tickets": replace(LONG, widths=ALL_WIDTHS),
    "tickets, short": replace(widths.LESSON, widths=ALL_WIDTHS, rates=(*FINE, 0.06, 0.08)),
    "controls": replace(LONG, widths=FEW, rates=(0.01, 0.02, 0.03), arms=(REDRAWN, COUNTS, INPUTS)),
    "random": replace(LONG, widths=ALL_WIDTHS, rates=(*FINE, 0.06, 0.08), last_rates=(), arms=(RANDOM,)),
    "dense": replace(LONG, widths=(5,), rates=(*FINE, 0.06, 0.08), last_rates=(), arms=(DENSE, TWICE_POOLED)),
    **{
        f"dense, {last} steps": replace(
            widths.LESSON, weights=1607, widths=(8,), rates=RATES, last=last, arms=(DENSE, TWICE_POOLED)
        )
        for last in (500, 1600)
    },
    "in 7 rounds": replace(LONG, widths=(32, 128), rounds=7, rates=FINE[2:6]),
    "in 3 rounds": replace(LONG, widths=(128, 512), rounds=3, rates=FINE[2:6]),
    "32 for 16 times as long": replace(LONG, widths=(32,), steps=4800, rates=FINE[:6], last_rates=FINE[:6]),
    "128 for 4 times as long": replace(LONG, widths=(128,), steps=1200, rates=FINE[:6], last_rates=FINE[:6]),
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
