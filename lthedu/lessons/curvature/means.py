"""Means over networks, from the tables of this lesson's experiments and of its stored run."""

from collections.abc import Sequence
from typing import Annotated

import pandas as pd

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.lessons.curvature.deletions import ON, at_best
from lthedu.lessons.curvature.experiment import LARGEST, SAME_INPUT, SAME_LAYER, SGD, START

NUMBERS = ("damping", "density", "lr", "rise", "val", "accuracy", "fewest")


@typed
def by_step(table: Annotated[pd.DataFrame, Columns("arm step")], arm: str, column: str) -> pd.Series:
    """The mean of a column over the networks of an arm, at each look from the untrained ones on."""
    found: pd.Series = table[table["arm"].isin([START, arm])].groupby("step")[column].mean()
    return found


@typed
def of_usual_progress(ways: Annotated[pd.DataFrame, Columns("way lr replicate before loss")]) -> pd.DataFrame:
    """What each way of training takes off the loss, in percent of what whole steps do: a row a rate.

    >>> rows = [("SGD", 0.1, 0, 1.0, 0.5), ("only along them", 0.1, 0, 1.0, 0.9)]
    >>> ways = pd.DataFrame(rows, columns=["way", "lr", "replicate", "before", "loss"])
    >>> of_usual_progress(ways)["only along them"].round(6).tolist()
    [20.0]
    """
    made = ways.assign(progress=ways["before"] - ways["loss"]).pivot_table("progress", ["lr", "replicate"], "way")
    found: pd.DataFrame = 100 * made.div(made[SGD], axis=0).groupby("lr").mean()
    return found


@typed
def explained(held: Annotated[pd.DataFrame, Columns("arm density share")]) -> pd.DataFrame:
    """Of what the largest weights hold beyond chance: percent due to layer counts, inputs and the choice, by density.

    >>> rows = [("largest weights", 0.6), ("random, same layer counts", 0.3), ("random, same counts per input", 0.4)]
    >>> held = pd.DataFrame(rows, columns=["arm", "share"]).assign(density=0.1)
    >>> explained(held).round(6).loc[0.1].tolist()
    [40.0, 20.0, 40.0]
    """
    beyond = held.assign(beyond=held["share"] - held["density"]).groupby(["density", "arm"])["beyond"].mean().unstack()
    layers, inputs = (100 * beyond[arm] / beyond[LARGEST] for arm in (SAME_LAYER, SAME_INPUT))
    found = pd.DataFrame({"layers": layers, "inputs": inputs - layers, "choice": 100 - inputs})
    return found.sort_index(ascending=False)


@typed
def deleted(
    stored: Annotated[pd.DataFrame, Columns("study arm density")], study: str, densities: Sequence[float]
) -> pd.DataFrame:
    """Of a stored study of deletions the rows at each arm's best damping and rate, at these densities."""
    own = at_best(stored[stored["study"] == study].astype(dict.fromkeys(NUMBERS, float)))
    return own[own["density"].isin(densities)]


@typed
def rises(own: Annotated[pd.DataFrame, Columns("arm density when rise")]) -> pd.DataFrame:
    """How much the loss rose, a row an arm, as cut and trained on, from the most weights to the fewest."""
    pairs = sorted({*zip(own["when"], own["density"], strict=True)}, key=lambda one: (one[0] == ON, -one[1]))
    found = own.groupby(["arm", "when", "density"])["rise"].mean().unstack(["when", "density"])[pairs]
    found.columns = pd.Index([f"{when}, {100 * density:g} %" for when, density in pairs])
    return found.loc[list(dict.fromkeys(own["arm"]))].rename_axis(None)


@typed
def before_training(stored: Annotated[pd.DataFrame, Columns("study method arm lr")]) -> pd.DataFrame:
    """Of the stored masks of untrained networks the rows at each one's best rate."""
    rows = stored[(stored["study"] == "start") & stored["lr"].notna()].astype(dict.fromkeys(NUMBERS, float))
    return at_best(rows, ["method", "arm"], ["lr"])
