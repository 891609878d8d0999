"""What the stored run computes: every arm at several rates, for longer, denser, and dense networks beside them."""

from dataclasses import replace
from typing import Annotated

import pandas as pd

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.lessons.sparse_from_the_start.arms import (
    ACROSS,
    COUNTS,
    DENSE,
    EQUAL,
    EQUAL_RIGL,
    LAST,
    MEAN,
    NARROW,
    NARROW_RIGL,
    POOLED,
    POOLED_RIGL,
    RIGL,
    SET,
    SMALL,
    SMALL_POOLED,
    SPREAD,
    SPREAD_RIGL,
    STATIC,
)  # fmt: skip
from lthedu.lessons.sparse_from_the_start.experiment import LESSON, SIZES

SEARCH = SIZES.paper
LONGER = replace(LESSON, rates=SEARCH.rates[:3], steps=3 * LESSON.steps, watch=100)
WHOLE = replace(LESSON, rates=(1e-3, 2e-3, 4e-3, 8e-3), watch=50, arms=tuple(DENSE))
STUDIES = {  # of the stored run
    "masks": replace(SEARCH, arms=(STATIC, SET, RIGL, SPREAD, SPREAD_RIGL, COUNTS, LAST)),
    "equal shares": replace(SEARCH, arms=(EQUAL, EQUAL_RIGL)),
    "mean gradients": replace(SEARCH, arms=(MEAN, ACROSS), rates=(4e-3, 8e-3, 1.6e-2, 3.2e-2)),
    "shapes": replace(SEARCH, arms=(NARROW, NARROW_RIGL, POOLED, POOLED_RIGL, SMALL, SMALL_POOLED)),
    "masks, longer": replace(LONGER, arms=(STATIC, SET, RIGL, SPREAD, SPREAD_RIGL)),
    "shapes, longer": replace(LONGER, arms=(NARROW, NARROW_RIGL, POOLED_RIGL, SMALL_POOLED)),
    "denser": replace(
        LONGER, arms=(STATIC, SET, RIGL, POOLED_RIGL, SMALL_POOLED), densities=(0.02, 0.05), steps=1000, watch=50
    ),
    "dense": WHOLE,
    "dense, shorter": replace(WHOLE, rates=WHOLE.rates[1:], steps=300, watch=20),
    "dense, longer": replace(WHOLE, arms=tuple(DENSE[-2:]), rates=WHOLE.rates[1:], steps=3000, watch=100),
}


@typed
def at_own_rate(table: Annotated[pd.DataFrame, Columns("arm density lr steps val")]) -> pd.DataFrame:
    """Of every arm at every density and length the rows at the rate whose mean validation accuracy is highest.

    >>> row = {"arm": "RigL", "density": 0.1, "steps": 10}
    >>> at_own_rate(pd.DataFrame([row | {"lr": 0.1, "val": 0.8}, row | {"lr": 0.2, "val": 0.9}]))["lr"].tolist()
    [0.2]
    """
    by = ["arm", "density", "steps"]
    best = table.groupby([*by, "lr"])["val"].mean().groupby(by).idxmax()
    return table.set_index([*by, "lr"]).loc[list(best)].reset_index()
