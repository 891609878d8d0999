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
FEW = replace(SEARCH, rates=(1.6e-2, 3.2e-2))
STUDIES = {  # of the stored run
    "masks": replace(SEARCH, arms=(STATIC, SET, RIGL, SPREAD, SPREAD_RIGL, COUNTS, LAST)),
    "mean gradients": replace(SEARCH, arms=(MEAN, ACROSS), rates=(4e-3, 8e-3, 1.6e-2, 3.2e-2)),
    "shapes": replace(SEARCH, arms=(NARROW, NARROW_RIGL, POOLED, POOLED_RIGL, SMALL, SMALL_POOLED)),
    "equal shares": replace(FEW, arms=(EQUAL, EQUAL_RIGL)),
    "longer": replace(FEW, arms=(STATIC, RIGL, SMALL_POOLED), steps=3 * LESSON.steps),
    "longer, static": replace(FEW, arms=(SPREAD, POOLED), steps=3 * LESSON.steps),
    "denser": replace(FEW, arms=(STATIC, RIGL), densities=(0.05,), rates=(8e-3, 1.6e-2), watch=50),
    "dense": replace(LESSON, arms=tuple(DENSE), rates=(1e-3, 2e-3, 4e-3, 8e-3), watch=50),
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
