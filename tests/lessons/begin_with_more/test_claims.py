"""The verdicts that the lesson prints hold for other seeds, for one thread and two, and fail where they should."""

from dataclasses import replace

import pandas as pd
import pytest

from lthedu.lessons.begin_with_more import experiment, memory
from lthedu.lessons.begin_with_more.experiment import LESSON
from lthedu.lessons.begin_with_more.plans import FAST, GROWN

NOTEBOOK = "begin_with_more"
CLAIMS = 4
MARGINS = [(100, 2), (200, 1), (300, 2), (400, 1), (500, 2), (600, 1)]
EQUAL_COST = "At equal cost RigL is level with growing briefly"
WIDTH = "A ticket of 1,000 weights is better"
STORED = ("from lthedu.course.lesson import", "from lthedu.experiments import")


@pytest.mark.full
def test_every_verdict_holds_for_other_seeds(claims, monkeypatch, seed: int, threads: int) -> None:
    seeds = tuple(range(seed, seed + 5))
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(LESSON, seeds=seeds))
    monkeypatch.setattr(memory.SIZES, "lesson", replace(memory.LESSON, seeds=seeds))
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


@pytest.mark.parametrize(("arm", "steps", "points"), [(GROWN, 500, 3), (GROWN, 1600, -3), (FAST, 500, 2)])
def test_what_the_stored_run_says_of_plans_falls_with_its_table(claims, stored_as, arm, steps, points) -> None:
    def change(table: pd.DataFrame) -> None:
        rows = (table["arm"] == arm) & (table["steps"] == steps)
        table.loc[rows, "accuracy"] = table.loc[rows, "accuracy"].astype(float) + points / 100

    stored_as(change)
    claims.run(claims.cells(*STORED, "from lthedu.stats import mean_interval"))
    assert claims.holds(EQUAL_COST) == [False]


@pytest.mark.parametrize(("study", "points"), [("from 128 units", -1.5), ("from 512 units", 1.5)])
def test_what_it_says_of_widths_falls_as_well(claims, stored_as, study, points) -> None:
    def change(table: pd.DataFrame) -> None:
        rows = table["study"] == study
        table.loc[rows, "accuracy"] = table.loc[rows, "accuracy"].astype(float) + points / 100

    stored_as(change)
    claims.run(claims.cells(*STORED, "tickets = analysis", "found = tickets["))
    assert claims.holds(WIDTH) == [False]
