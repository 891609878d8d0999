"""The verdicts that the lesson prints hold for other seeds, for one thread and two, and fail where they should."""

from dataclasses import replace

import pandas as pd
import pytest

from lthedu.lessons.sparse_from_the_start import experiment
from lthedu.lessons.sparse_from_the_start.arms import BOTH, LAST, NARROW, RIGL, SET, SMALL_TWICE, SPREAD, STATIC
from lthedu.lessons.sparse_from_the_start.experiment import LESSON

NOTEBOOK = "sparse_from_the_start"
CLAIMS = 5
COLUMNS = ["arm", "replicate", "accuracy"]
MARGINS = [(100, 2), (200, 1), (300, 2), (400, 1), (500, 2), (600, 1)]
HELPS = "RigL reads over 1 point more than a static mask, on average"
WITHOUT = "A mask that follows how much pixels vary"
SHAPES = "In each of four shapes"
OTHERS = "A static mask of 60 neurons on pooled pixels, and a small dense network"
SLOWER = "At every accuracy that a sparse network reaches"
STORED = ("from lthedu.course.lesson import", "from lthedu.experiments import")


@pytest.mark.full
def test_every_verdict_holds_for_other_seeds(claims, monkeypatch, seed: int, threads: int) -> None:
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(LESSON, seeds=tuple(range(seed, seed + 5))))
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def lower(arms, points: float, steps: int = 1000):
    """The accuracies of some arms, so many points lower."""

    def change(table: pd.DataFrame) -> None:
        rows = table["arm"].isin(arms) & (table["steps"] == steps)
        table.loc[rows, "accuracy"] = table.loc[rows, "accuracy"].astype(float) - points / 100

    return change


@pytest.mark.parametrize(
    ("arms", "points", "steps", "cell", "sentence"),
    [
        ([SPREAD], 2, 1000, "def mean(", WITHOUT),
        ([LAST], 2, 1000, "def mean(", WITHOUT),
        ([NARROW], -3, 1000, "pairs = ", SHAPES),
        ([RIGL], 4, 3000, "pairs = ", SHAPES),
        ([STATIC], -4, 3000, "pairs = ", SHAPES),
        ([BOTH], 4, 3000, "pairs = ", OTHERS),
        ([SMALL_TWICE], 4, 1000, "pairs = ", OTHERS),
    ],
)
def test_what_the_stored_run_says_falls_with_its_table(claims, stored_as, arms, points, steps, cell, sentence) -> None:
    stored_as(lower(arms, points, steps))
    cells = list(dict.fromkeys((*STORED, "def mean(", cell)))
    claims.run(claims.cells(*cells))
    assert claims.holds(sentence) == [False]


def test_where_sparse_steps_take_no_time_dense_networks_are_not_sooner(claims, stored_as) -> None:
    def quick(table: pd.DataFrame) -> None:
        table.loc[table["arm"] == RIGL, "ms"] = table.loc[table["arm"] == RIGL, "ms"].map(lambda ms: ms and 1e-6)

    stored_as(quick)
    claims.run(claims.cells(*STORED, "def mean(", "for share in", "fastest = ", "ratios = "))
    assert claims.holds(SLOWER) == [False]


@pytest.mark.usefixtures("few_images")
def test_an_exchange_that_does_harm_is_not_called_a_help(claims, monkeypatch) -> None:
    """The lesson's own cells, with networks that are pretended: RigL's read less than static ones."""

    def pretended(self, progress=None) -> pd.DataFrame:
        reads = {STATIC: 0.5, SET: 0.5, RIGL: 0.4}
        return pd.DataFrame([(arm, r, reads[arm]) for arm in reads for r in (0, 1)], columns=COLUMNS)

    monkeypatch.setattr(experiment.SIZES, "lesson", replace(LESSON, seeds=(0, 1), steps=60, every=10))
    monkeypatch.setattr(experiment.Sparse, "run", pretended)
    begin = "from lthedu import data", "import torch", "my_guess", "from lthedu.course.bar", "def of("
    claims.run(claims.cells(STORED[0], *begin))
    assert claims.holds(HELPS) == [False]
