"""Reading a study's tidy table: one row an evaluation."""

from typing import Annotated

import pandas as pd

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.experiments.study.settings import DENSE

COLUMNS = ["arm", "replicate", "level", "density", "step", "split", "loss", "accuracy"]


@typed
def final(
    table: Annotated[pd.DataFrame, Columns("split step", 0)],
    split: str = "test",
) -> pd.DataFrame:
    """The rows of a study's table that were measured after the last step, on `split`.

    Raises ValueError when there are none, as in a study that was stopped early.

    >>> rows = pd.DataFrame({"split": ["val", "test", "test"], "step": [9, 5, 9], "accuracy": [0.8, 0.7, 0.9]})
    >>> final(rows)["accuracy"].tolist()
    [0.9]
    """
    rows: pd.DataFrame = table[(table["split"] == split) & (table["step"] == table["step"].max())]
    if rows.empty:
        raise ValueError(f"the table has no finished {split!r} rows; run the study first")
    return rows


@typed
def final_accuracy(
    table: Annotated[pd.DataFrame, Columns("split step arm level replicate accuracy", 0)],
    arm: str,
    level: int,
    split: str = "test",
) -> list[float]:
    """Accuracy of `arm` after the last step of `level`, a fraction for each seed, by ascending seed.

    The dense networks are read at level 0, whatever `level` is, so that any arm can be paired with them.
    Raises ValueError when the table has no such rows.

    >>> row = {"arm": DENSE, "level": 0, "split": "test", "step": 468}
    >>> table = pd.DataFrame([row | {"replicate": 1, "accuracy": 0.95}, row | {"replicate": 0, "accuracy": 0.97}])
    >>> final_accuracy(table, DENSE, level=3)
    [0.97, 0.95]
    """
    level = 0 if arm == DENSE else level
    rows = final(table, split)
    mine = rows[(rows["arm"] == arm) & (rows["level"] == level)].sort_values("replicate")
    if mine.empty:
        raise ValueError(f"the table has no {split!r} rows of arm {arm!r} at level {level}; run the study first")
    return [float(a) for a in mine["accuracy"]]


@typed
def summary(
    table: Annotated[pd.DataFrame, Columns("split step arm level density accuracy", 0)],
) -> pd.DataFrame:
    """Final test accuracy in percent, mean ± standard deviation over the seeds: a row a density, a column an arm.

    With a single seed the deviation is unknown and left out.

    >>> row = {"arm": DENSE, "level": 0, "density": 1.0, "split": "test", "step": 468}
    >>> summary(pd.DataFrame([row | {"accuracy": 0.95}, row | {"accuracy": 0.97}]))
    arm                   dense
    weights kept
    100.0 %        96.00 ± 1.41
    """
    rows = final(table).assign(accuracy=lambda t: 100 * t["accuracy"])
    found = rows.groupby(["level", "density", "arm"], sort=False)["accuracy"].agg(["mean", "std"])
    words = found["mean"].map("{:.2f}".format) + found["std"].map(lambda sd: "" if pd.isna(sd) else f" ± {sd:.2f}")
    table_ = words.unstack("arm", sort=False)
    table_.index = pd.Index([f"{100 * density:.1f} %" for _, density in table_.index], name="weights kept")
    filled: pd.DataFrame = table_.fillna("")
    return filled
