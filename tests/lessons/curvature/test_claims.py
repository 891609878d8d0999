"""The verdicts that the lesson prints hold for other seeds, for one thread and two, and fail where they should."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lthedu.lessons.curvature import experiment
from lthedu.lessons.curvature.experiment import (
    ARMS,
    BATCHES,
    BULK,
    DOMINANT,
    EDGE,
    FULL,
    LARGEST,
    LESSON,
    SAME_INPUT,
    SAME_LAYER,
    SGD,
    START,
    Overlap,
    Restricted,
)

NOTEBOOK = "curvature"
CLAIMS = 6
MARGINS = [(100, 2), (200, 1), (300, 2), (400, 1), (500, 2), (600, 1)]
NOISE = "With batches over 60 % of the gradient"
AT_EDGE = "With all images and five times the rate"
NOTHING = "At rates 0.1 and 0.3, steps beside"
SHADOW = "Random weights with the same counts"
OBS = "After training on, OBS has under 70 %"
FAIR = "Shuffled, the masks of SNIP, GraSP and SynFlow beat"


@pytest.mark.full
def test_every_verdict_holds_for_other_seeds(claims, monkeypatch, seed: int, threads: int) -> None:
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(LESSON, seeds=tuple(range(seed, seed + 5))))
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["refuted"])


def pretended(shares: dict[str, float], beside: float, along: float, same: float):
    """Tables in which the arms have such shares, steps such progress, and the control so much beyond chance."""

    def overlap(self: Overlap, progress=None) -> pd.DataFrame:
        s, n = self.settings, len(self.settings.seeds)
        for arm, step in ((START, 0), *((arm, step) for arm in ARMS for step in s.looks)):
            few = {name: np.full(n, 0.5) for name in self.COLUMNS[4:]}
            share = np.full(n, shares.get(arm, 0.4) if step != s.looks[0] or arm != EDGE else shares["edge at first"])
            self.note({"arm": arm, "lr": s.lr, "step": step}, **few | {"share": share})
        gained = {LARGEST: 1.0, SAME_INPUT: same, SAME_LAYER: 0.3}
        self.masks = [(arm, d, i, d + 0.1 * by) for arm, by in gained.items() for d in s.densities for i in range(n)]
        return self.table

    def restricted(self: Restricted, progress=None) -> pd.DataFrame:
        n = len(self.settings.seeds)
        for lr in self.settings.rates:
            for way, part in ((SGD, 1.0), (DOMINANT, along), (BULK, beside)):
                loss, before = np.full(n, 1 - 0.5 * part), np.ones(n)
                self.note({"way": way, "lr": lr}, before=before, loss=loss, accuracy=before)
        return self.table

    return overlap, restricted


AS_FOUND = {BATCHES: 0.9, FULL: 0.0, EDGE: 0.1, "edge at first": 0.9}


@pytest.mark.usefixtures("few_images")
@pytest.mark.parametrize(
    ("shares", "beside", "along", "same", "word"),
    [
        (AS_FOUND, 1.0, 0.0, 0.9, "refuted"),
        (AS_FOUND | {FULL: 0.8}, 0.1, 0.9, 0.9, "supported"),
        (AS_FOUND, 1.0, 0.0, 0.3, "open"),
        (AS_FOUND | {BATCHES: 0.3, "edge at first": 0.2}, 1.0, 0.5, 0.9, "open"),
        (AS_FOUND | {FULL: 0.8}, 0.1, 0.7, 0.9, "open"),
    ],
)
def test_the_verdict_follows_the_tables(claims, monkeypatch, shares, beside, along, same, word) -> None:
    overlap, restricted = pretended(shares, beside, along, same)
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(LESSON, seeds=(0, 1), images=200))
    monkeypatch.setattr(Overlap, "run", overlap)
    monkeypatch.setattr(Restricted, "run", restricted)
    claims.run()
    assert claims.verdicts == [word]
    assert claims.holds(NOISE, AT_EDGE) == [
        shares[BATCHES] > 0.6 and shares[FULL] < 0.05,
        shares["edge at first"] > 0.6,
    ]
    assert claims.holds(NOTHING, SHADOW) == [beside > 0.8 and along < 0.2, same > 0.7]
    assert claims.holds(OBS, FAIR) == [True, True]


def test_what_is_said_of_stored_runs_falls_with_their_tables(claims, stored_as) -> None:
    def change(table: pd.DataFrame) -> None:
        table.loc[table["arm"] == "OBS", "rise"] = 0.5
        table.loc[(table["method"] == "SNIP") & (table["arm"] == "new initial values"), "accuracy"] = 0.99

    stored_as(change)
    begin = ("from lthedu.course.lesson import", "from lthedu.experiments import", "at_20, at_10")
    claims.run(claims.cells(*begin, "own = means.before_training", "three = "))
    assert claims.holds(OBS, FAIR) == [False, False]
