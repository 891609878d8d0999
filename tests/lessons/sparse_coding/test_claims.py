"""The lesson's claims at other seeds, and its verdict from stored tables that say something else."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from lthedu.experiments import paper_results
from lthedu.lessons.sparse_coding import arms, searches

NOTEBOOK = "sparse_coding"
CLAIMS = 6
MARGINS = [(0, 1), (100, 2), (200, 1), (300, 2), (400, 1), (500, 2)]
STORED = ("Five layers beat five steps of ISTA", "OMP, which trains no network")
CELLS = (
    "import torch\nfrom lthedu.course.lesson",
    "my_guess = {",
    "from lthedu.experiments import",
    "by_draw, on_flower = ",
    "depth = ",
)


@pytest.mark.full
def test_the_claims_hold_with_other_noise_and_other_networks(claims, monkeypatch, seed: int, threads: int) -> None:
    draw, learn = searches.to_test, searches.to_learn
    monkeypatch.setattr(searches, "to_test", lambda i, **named: draw(seed + i, **named))
    monkeypatch.setattr(searches, "to_learn", lambda i: learn(seed + i))
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def lifted(arm: str, dB: float) -> Callable[[pd.DataFrame], None]:
    def change(table: pd.DataFrame) -> None:
        table.loc[table["arm"] == arm, "psnr"] += dB

    return change


@pytest.mark.parametrize(
    ("change", "fails", "word"),
    [
        (lifted(arms.FIVE, 0.0), set(), "partly supported"),
        (lifted(arms.FIVE, 9.0), {STORED[1]}, "supported"),
        (lifted(arms.ISTA5, 9.0), {STORED[0]}, "refuted"),
    ],
)
def test_the_stored_claims_and_the_verdict_follow_the_table(claims, monkeypatch, change, fails, word) -> None:
    load = paper_results.load

    def other(name: str):
        stored = load(name)
        table = stored.table.copy()
        change(table)
        return replace(stored, table=table)

    monkeypatch.setattr(paper_results, "load", other)
    claims.run(claims.cells(*CELLS))
    found = claims.holds(*STORED)
    assert {name for name, holds in zip(STORED, found, strict=True) if not holds} == fails
    assert claims.verdicts == [word]
