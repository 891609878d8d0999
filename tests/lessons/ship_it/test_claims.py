"""The verdicts that the lesson prints hold for other seeds, for one thread and two, and fail where they should."""

from dataclasses import replace

import pandas as pd
import pytest

from lthedu.experiments import paper_results
from lthedu.lessons.ship_it import experiment
from lthedu.lessons.ship_it.experiment import BOTH, LESSON, LEVELS, SMALL

NOTEBOOK = "ship_it"
CLAIMS = 6
MARGINS = [(100, 2), (200, 1), (300, 2), (400, 1), (500, 2), (600, 1)]
FEWER = "Without more training"
TOGETHER = "Without more training, pruned weights in 4 bits"
LEVEL = "After more training, few bits are no longer ahead"
SMALLER = "On 196 pixels and in 4 bits as well"
TIMES = "In ONNX Runtime zeros change the time"
STORED = ("from lthedu.course.lesson import", "from lthedu.experiments import")


@pytest.mark.full
def test_every_verdict_holds_for_other_seeds(claims, monkeypatch, seed: int, threads: int) -> None:
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(LESSON, seeds=tuple(range(seed, seed + 5))))
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def changed(monkeypatch, change) -> None:
    """The stored run as it would be if `change` had been done to its table."""
    load = paper_results.load

    def other(name: str):
        stored = load(name)
        table = stored.table.copy()
        change(table)
        return replace(stored, table=table)

    monkeypatch.setattr(paper_results, "load", other)


def worse(arm: str, points: float, more: bool = True):
    def change(table: pd.DataFrame) -> None:
        rows = (table["arm"] == arm) & ((table["more"] > 0) | table["more"].isna() if more else table["more"] == 0)
        table.loc[rows, "accuracy"] = table.loc[rows, "accuracy"].astype(float) - points / 100

    return change


def zeros_are_skipped(table: pd.DataFrame) -> None:
    rows = table["arm"].isin(["90 % zeros", "98 % zeros"])
    table.loc[rows, "ms"] = table.loc[rows, "ms"].astype(float) / 5


@pytest.mark.parametrize(
    ("change", "cells", "sentence"),
    [
        (worse(LEVELS, -3), ("whole, half = ",), LEVEL),
        (worse(BOTH, 5), ("whole, half = ",), LEVEL),
        (worse(BOTH, 8, more=False), ("whole, half = ",), TOGETHER),
        (worse(f"{SMALL}, 4 bits", 3), ("whole, half = ", "fair = "), SMALLER),
        (zeros_are_skipped, ("files = analysis", "times = files"), TIMES),
    ],
)
def test_what_the_stored_run_says_falls_with_its_table(claims, monkeypatch, change, cells, sentence) -> None:
    changed(monkeypatch, change)
    claims.run(claims.cells(*STORED, *cells), my_guess={})
    assert claims.holds(sentence) == [False]


def test_a_runtime_that_skips_zeros_turns_the_verdict(claims, monkeypatch) -> None:
    changed(monkeypatch, zeros_are_skipped)
    claims.run(
        claims.cells(*STORED, "whole, half = ", "files = analysis", "times = files", "size = files"), my_guess={}
    )
    assert claims.verdicts == ["supported"]
