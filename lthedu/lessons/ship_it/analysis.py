"""What the tables say: every network at its own learning rate, leads at equal bytes, and times beside dense."""

from typing import Annotated, Any

import numpy as np
import pandas as pd

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.lessons.ship_it.files import DENSE
from lthedu.lessons.ship_it.studies import SHRUNK
from lthedu.stats import mean_interval

WHAT = ["arm", "bits", "density", "width", "pixels", "more"]
Shrunken = Annotated[pd.DataFrame, Columns("arm bits density width pixels lr more replicate bytes val accuracy")]


@typed
def at_own_rate(
    table: Annotated[pd.DataFrame, Columns("arm lr val")], what: tuple[str, ...] = tuple(WHAT)
) -> pd.DataFrame:
    """Of every kind of network, which the columns `what` tell apart, the rows at its best rate on validation.

    >>> row = {"arm": "pruned", "density": 0.1}
    >>> table = pd.DataFrame([row | {"lr": 0.1, "val": 0.8}, row | {"lr": 0.2, "val": 0.9}])
    >>> at_own_rate(table, ("arm", "density"))["lr"].tolist()
    [0.2]
    """
    by = [*what]
    best = table.groupby([*by, "lr"])["val"].mean().groupby(by).idxmax()
    return table.set_index([*by, "lr"]).loc[list(best)].reset_index()


@typed
def own_ways(stored: Annotated[pd.DataFrame, Columns("study lr replicate val")]) -> pd.DataFrame:
    """Of a stored run, every network that was made smaller, at its own rate, once; and the dense ones."""
    shrunk = stored[stored["study"].isin([*SHRUNK])]
    return at_own_rate(shrunk.drop_duplicates([*WHAT, "lr", "replicate"]))


@typed
def leads(table: Shrunken, arm: str, other: str) -> pd.DataFrame:
    """By how many points `arm` is ahead of `other` at equal bytes: a row for each of its sizes that `other` reaches.

    The accuracy of `other` between two of its sizes lies on the line between them, over the logarithm of the bytes.
    Each network is compared with the one that grew from the same dense network (small ones, with the one of the same
    seed); `lead` is the mean of these differences, `low` and `high` are the ends of its 95 % interval.
    """
    rows = []
    mine, theirs = (table[table["arm"] == name] for name in (arm, other))
    for (bits, density, width), group in mine.groupby(["bits", "density", "width"], sort=False):
        found = []
        for _, one in group.iterrows():
            line = theirs[theirs["replicate"] == one["replicate"]].sort_values("bytes")
            if line["bytes"].min() <= one["bytes"] <= line["bytes"].max():
                there = np.interp(np.log(one["bytes"]), np.log(line["bytes"]), line["accuracy"])
                found.append(100 * (one["accuracy"] - there))
        if len(found) == len(group):
            rows.append([bits, density, width, group["bytes"].mean(), *mean_interval(found)])
    return pd.DataFrame(rows, columns=["bits", "density", "width", "bytes", "lead", "low", "high"])


@typed
def times_as_fast(files: Annotated[pd.DataFrame, Columns("arm batch round replicate ms")]) -> pd.DataFrame:
    """How many times as fast as dense each file is, in each round and of each network: a column `times`."""
    by = ["batch", "round", "replicate"]
    dense = files[files["arm"] == DENSE].set_index(by)["ms"].rename("dense")
    found = files.join(dense, on=by)
    return found.assign(times=found["dense"] / found["ms"])


@typed
def summary(files: Annotated[pd.DataFrame, Columns("arm batch hidden bytes zipped times accuracy")]) -> pd.DataFrame:
    """A row for each kind of file: kilobytes, kilobytes after zip, accuracy, and how many times as fast as dense."""
    one: Any = files.groupby("arm", sort=False)
    found = {
        "file (kB)": (one["bytes"].mean() / 1000).round(0).astype(int),
        "zip (kB)": (one["zipped"].mean() / 1000).round(0).astype(int),
        "accuracy (%)": (100 * one["accuracy"].mean()).round(1),
    }
    for batch in sorted(files["batch"].unique()):
        at = files[files["batch"] == batch].groupby("arm", sort=False)["times"].median()
        found[f"times as fast, {batch}"] = at.round(1)
    return pd.DataFrame(found)
