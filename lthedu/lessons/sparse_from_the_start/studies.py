"""What the stored run computes: every arm at several rates, for longer, denser, and dense networks beside them."""

from dataclasses import replace
from typing import Annotated

import pandas as pd

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns, Count
from lthedu.lessons.sparse_from_the_start.arms import (
    ACROSS,
    BOTH,
    BOTH_RIGL,
    BOTH_SPREAD,
    COUNTS,
    DENSE,
    EQUAL,
    EQUAL_RIGL,
    LAST,
    MEAN,
    NARROW,
    NARROW_RIGL,
    NARROW_SPREAD,
    POOLED,
    POOLED_RIGL,
    RIGL,
    SET,
    SMALL,
    SMALL_POOLED,
    SMALL_TWICE,
    SPREAD,
    SPREAD_RIGL,
    STATIC,
)  # fmt: skip
from lthedu.lessons.sparse_from_the_start.experiment import LESSON, SIZES

SEARCH = SIZES.paper
FEW = replace(SEARCH, rates=(1.6e-2, 3.2e-2))
LONGER = replace(SEARCH, steps=3 * LESSON.steps)
LOW, THREE = (4e-3, 8e-3, 1.6e-2, 3.2e-2), (8e-3, 1.6e-2, 3.2e-2)
DENSER = replace(SEARCH, densities=(0.05,), watch=50)
STUDIES = {  # of the stored run
    "masks": replace(SEARCH, arms=(STATIC, SET, RIGL, SPREAD, SPREAD_RIGL, COUNTS, LAST)),
    "mean gradients": replace(SEARCH, arms=(MEAN, ACROSS), rates=LOW),
    "shapes": replace(SEARCH, arms=(NARROW, NARROW_RIGL, POOLED, POOLED_RIGL, SMALL, SMALL_POOLED)),
    "equal shares": replace(FEW, arms=(EQUAL, EQUAL_RIGL)),
    "shapes together": replace(SEARCH, arms=(NARROW_SPREAD, BOTH, BOTH_RIGL, BOTH_SPREAD, SMALL_TWICE)),
    "longer, masks": replace(LONGER, arms=(STATIC, SET, SPREAD)),
    "longer, RigL": replace(LONGER, arms=(RIGL, LAST, COUNTS, SPREAD_RIGL)),
    "longer, equal shares": replace(LONGER, arms=(EQUAL, EQUAL_RIGL), rates=THREE),
    "longer, 60 neurons": replace(LONGER, arms=(NARROW, NARROW_RIGL, NARROW_SPREAD)),
    "longer, pooled": replace(LONGER, arms=(POOLED, POOLED_RIGL)),
    "longer, together": replace(LONGER, arms=(BOTH, BOTH_RIGL, BOTH_SPREAD, SMALL_TWICE)),
    "longer, small dense": replace(LONGER, arms=(SMALL_POOLED,), rates=LOW),
    "2 %": replace(SEARCH, densities=(0.02,), watch=50, arms=(STATIC, SET, RIGL, NARROW_RIGL, POOLED_RIGL)),
    "longer, 2 %": replace(LONGER, densities=(0.02,), arms=(STATIC, SET, RIGL), rates=THREE),
    "denser": replace(DENSER, arms=(STATIC, RIGL), rates=(8e-3, 1.6e-2)),
    "denser shapes": replace(DENSER, arms=(NARROW_RIGL, POOLED_RIGL), rates=THREE),
    "longer, denser": replace(LONGER, densities=(0.05,), arms=(STATIC, RIGL), rates=LOW[:3]),
    "dense": replace(LESSON, arms=tuple(DENSE), rates=(1e-3, 2e-3, 4e-3, 8e-3), watch=50),
    # rates on both sides of those that were best at the edge of the ones above
    "mean gradients, wider": replace(SEARCH, arms=(MEAN, ACROSS), rates=(6.4e-2,)),
    "small dense, wider": replace(SEARCH, arms=(SMALL,), rates=(2e-3, 4e-3)),
    "equal shares, wider": replace(SEARCH, arms=(EQUAL, EQUAL_RIGL), rates=(8e-3, 6.4e-2)),
    "longer, 2 %, wider": replace(LONGER, densities=(0.02,), arms=(SET, RIGL), rates=(4e-3,)),
    "denser, wider": replace(DENSER, arms=(STATIC, RIGL), rates=(4e-3, 3.2e-2)),
    "denser shapes, wider": replace(DENSER, arms=(NARROW_RIGL,), rates=(4e-3,)),
    "dense, wider": replace(LESSON, arms=tuple(DENSE[3:]), rates=(1.6e-2, 3.2e-2), watch=50),
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


@typed
def summary(
    own: Annotated[pd.DataFrame, Columns("arm density weights lr steps accuracy cost")],
    clock: Annotated[pd.DataFrame, Columns("arm density ms")],
    steps: Count,
) -> pd.DataFrame:
    """A row for each kind of network that was trained for so many steps, the best first, with what it costs.

    Sparse ones have 1 % of LeNet-300-100's weights where the name says nothing else. `own` has the rows at each kind's
    own rate, with `dense 300-100` among them, whose cost is 100 % of multiplications.
    """
    dense = own.loc[own["arm"] == "dense 300-100", "cost"].mean()
    one = own[own["steps"] == steps].groupby(["arm", "density"], sort=False)
    ms = clock.groupby(["arm", "density"])["ms"].median().rename("ms a step")
    made = pd.DataFrame(
        {
            "weights": one["weights"].mean().astype(int),
            "accuracy (%)": (100 * one["accuracy"].mean()).round(1),
            "sd": (100 * one["accuracy"].std()).round(1),
            "multiplications (%)": (100 * one["cost"].mean() / dense).round(1),
        }
    )
    made = made.join(ms).sort_values("accuracy (%)", ascending=False, kind="stable")
    made["ms a step"] = [("" if pd.isna(one) else f"{one:.2f}") for one in made["ms a step"]]
    said = {0.02: ", 2 %", 0.05: ", 5 %"}
    made.index = pd.Index([f"{arm}{said.get(density, '')}" for arm, density in made.index])
    return made
