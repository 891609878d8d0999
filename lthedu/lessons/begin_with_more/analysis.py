"""What the stored run says: plans at equal integrated density, tickets at their own rates, and short tables of both."""

from typing import Annotated, Any

import numpy as np
import pandas as pd

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns, Count
from lthedu.lessons.begin_with_more.plans import RIGL
from lthedu.lessons.begin_with_more.studies import SCHEDULES, WIDTHS, at_own_rate, best_of
from lthedu.lessons.begin_with_more.widths import TICKET

Own = Annotated[pd.DataFrame, Columns("arm steps integral accuracy replicate")]
PLAN_NUMBERS = ("steps", "integral", "cost", "weights", "lr", "val", "accuracy")
WIDTH_NUMBERS = ("weights", "lr", "val", "accuracy", "width", "rounds", "last", "last_lr", "work")


@typed
def of_plans(
    stored: Annotated[pd.DataFrame, Columns("study arm steps integral cost weights lr val accuracy")],
) -> pd.DataFrame:
    """The stored rows of every plan at each length, at its own rate."""
    rows = stored[stored["study"].isin(SCHEDULES)]
    return at_own_rate(rows.astype(dict.fromkeys(PLAN_NUMBERS, float)))


@typed
def of_widths(stored: Annotated[pd.DataFrame, Columns("study arm width lr val")]) -> pd.DataFrame:
    """The stored rows of every study of width, each arm and width at its own rates."""
    rows = stored[stored["study"].isin(WIDTHS)].drop(columns=["steps", "integral", "cost"])
    rows = rows.rename(columns={"last lr": "last_lr"})
    rows = rows.astype(dict.fromkeys(WIDTH_NUMBERS, float))
    return best_of(rows, ["study", "arm", "width"], ["lr", "last_lr"])


@typed
def at_equal_integral(own: Own, arm: str, steps: Count, curve: str = RIGL) -> pd.Series:
    """By how many points each network of `curve` is ahead of that of `arm` at the latter's integrated density.

    Between two lengths the curve is a straight line over the logarithm of the integrated density. NaN beyond its ends.
    """
    theirs = own[(own["arm"] == arm) & (own["steps"] == steps)].set_index("replicate")
    integral, accuracy = (dict(theirs[name].astype(float)) for name in ("integral", "accuracy"))
    ahead = {}
    for replicate, rows in own[own["arm"] == curve].sort_values("steps").groupby("replicate"):
        x, y = np.log(rows["integral"].to_numpy(float)), rows["accuracy"].to_numpy(float)
        at = np.log(integral[replicate])
        ahead[replicate] = 100 * (np.interp(at, x, y, np.nan, np.nan) - accuracy[replicate])
    return pd.Series(ahead, name=arm)


@typed
def points(own: Own, arm: str, steps: Count) -> float:
    """The mean accuracy of an arm's five networks at their own rate, in percent. Raises ValueError for none of them."""
    found = own.loc[(own["arm"] == arm) & (own["steps"] == steps), "accuracy"]
    if not len(found):
        raise ValueError(f"arm is {arm!r} with {steps} steps; allowed: {', '.join(map(str, own['arm'].unique()))}")
    return 100 * float(found.mean())


@typed
def summary(own: Own, arms: list[str], lengths: list[int]) -> pd.DataFrame:
    """A row for each plan: what the first length costs, in dense steps, and its accuracy at each length."""
    rows = {}
    for arm in arms:
        mine = own[own["arm"] == arm]
        cost = mine.loc[mine["steps"] == lengths[0], "integral"].mean()
        told: dict[str, object] = {f"cost of {lengths[0]:,}": round(cost)}
        for steps in lengths:
            found = 100 * mine.loc[mine["steps"] == steps, "accuracy"].astype(float)
            told[f"{steps:,} steps (%)"] = f"{found.mean():.1f} ± {found.std():.1f}"
        rows[arm] = told
    return pd.DataFrame.from_dict(rows, orient="index")


@typed
def of_tickets(own: Annotated[pd.DataFrame, Columns("study arm width work live lr accuracy")]) -> pd.DataFrame:
    """A row for each study of tickets that its starting width names: accuracy, work, rate, and units on a path."""
    rows = own[own["arm"] == TICKET].set_index("study")
    names = [name for name in WIDTHS if "units" in name and name in rows.index]
    every = [rows.loc[name] for name in names]
    made: dict[str, list[Any]] = {
        "accuracy (%)": [f"{100 * one['accuracy'].mean():.1f} ± {100 * one['accuracy'].std():.1f}" for one in every]
    }
    made |= {"weights x steps (millions)": [round(one["work"].mean(), 1) for one in every]}
    made |= {"units that work": [round(one["live"].mean()) for one in every]}
    return pd.DataFrame(made | {"learning rate": [one["lr"].iloc[0] for one in every]}, index=names)
