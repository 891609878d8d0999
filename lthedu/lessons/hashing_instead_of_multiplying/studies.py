"""What the stored run computes: each arm at several rates and then at its own, with more classes, and for longer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

import pandas as pd

from lthedu.base.arguments import typed
from lthedu.base.ranges import Columns
from lthedu.experiments.paper_results import PaperResult
from lthedu.lessons.hashing_instead_of_multiplying.arms import (
    CENTRED,
    DENSE,
    HALF,
    RANDOM,
    RANDOM_MORE,
    RAW,
    WEIGHED_MORE,
    WTA,
)
from lthedu.lessons.hashing_instead_of_multiplying.experiment import RATES, SIZES, Settings, train_arm

PAPER = SIZES.paper
TUNED_ON = (100, 101, 102)  # no seeds of a comparison
STUDIES: Mapping[str, Settings] = {
    "search": replace(PAPER, seeds=TUNED_ON),
    "main": PAPER,
    "larger": replace(
        PAPER, seeds=(0, 1, 2), classes=10_000, per_class=4, bits=11, at_least=150, equal_rows=155, equal_products=351
    ),
    "longer": replace(PAPER, epochs=5),
}
TRIED: Mapping[str, Sequence[float]] = {
    CENTRED: (0.07, 0.1, 0.14),
    RANDOM_MORE: (0.05, 0.07, 0.1),
    RANDOM: (0.025, 0.035, 0.05),
    RAW: (0.05, 0.07, 0.1),
    DENSE: (0.0025, 0.0035, 0.005, 0.007),
    HALF: (0.05, 0.07, 0.1),
    WTA: (0.07, 0.1, 0.14),
    WEIGHED_MORE: (0.05, 0.07, 0.1),
}
ARMS_OF: Mapping[str, Sequence[str]] = {
    "main": tuple(TRIED),
    "larger": (CENTRED, RANDOM_MORE, DENSE),
    "longer": (CENTRED, RANDOM_MORE, DENSE),
}
Case = tuple[str, str, float, int]  # study, arm, rate, seed


@typed
def cases() -> list[Case]:
    """Every network of the stored run: the search at each rate, then each arm at its own."""
    found = [("search", arm, rate, seed) for arm in TRIED for rate in TRIED[arm] for seed in TUNED_ON]
    for study, arms in ARMS_OF.items():
        found += [(study, arm, RATES[arm], seed) for seed in STUDIES[study].seeds for arm in arms]
    return found


@typed
def rows_of(study: str, arm: str, rate: float, seed: int) -> list[dict[str, Any]]:
    """The rows of one network: an epoch each."""
    rows, _ = train_arm(arm, seed, replace(STUDIES[study], rate=rate))
    return [{"study": study} | row for row in rows]


@typed
def best_rates(table: Annotated[pd.DataFrame, Columns("study arm rate epoch val")]) -> dict[str, float]:
    """For each arm the rate with the best validation accuracy at the end of the search.

    >>> row = {"study": "search", "arm": "a", "epoch": 2}
    >>> best_rates(pd.DataFrame([row | {"rate": 0.1, "val": 0.8}, row | {"rate": 0.2, "val": 0.9}]))
    {'a': 0.2}
    """
    found = table[table["study"] == "search"]
    found = found[found["epoch"] == found["epoch"].max()]
    mean = found.groupby(["arm", "rate"], sort=False)["val"].mean().unstack()
    return {str(arm): float(rate) for arm, rate in mean.idxmax(axis=1).items()}


@typed
def beside_dense(stored: PaperResult, arms: Sequence[str]) -> pd.DataFrame:
    """A row for each number of classes and arm: accuracy after two epochs, products and seconds as shares of dense.

    Of the studies with two epochs that have all the arms; seconds are medians over seeds.
    """
    rows = []
    for study, some in stored.table[stored.table["study"].isin(("main", "larger"))].groupby("study", sort=False):
        if not set(arms) <= set(some["arm"]):
            continue
        seconds = some.groupby(["arm", "replicate"])["seconds"].sum().groupby("arm").median()
        accuracy = some[some["epoch"] == 2].groupby("arm")["accuracy"].mean()
        products = some.groupby("arm")["products"].mean()
        for arm in arms:
            named = {"classes": stored.settings[str(study)]["classes"], "arm": arm}
            shares = {"products": products[arm] / products[DENSE], "seconds": seconds[arm] / seconds[DENSE]}
            rows.append(
                named | {"accuracy (%)": 100 * accuracy[arm]} | {f"{n}, dense = 1": v for n, v in shares.items()}
            )
    return pd.DataFrame(rows).set_index(["classes", "arm"]).round(2)
