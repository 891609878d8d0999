"""The verdicts that the lesson prints follow from the stored table and from counts, and fail where they should."""

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import pytest

from lthedu.experiments import paper_results
from lthedu.lessons.sparse_data.clock import CANVAS, PLATE

NOTEBOOK = "sparse_data"
CLAIMS = 5
MARGINS = [(0, 2), (0, 1)]
EQUAL = "One submanifold layer equals the dense one"
PAYS = "Along curves and surfaces"
LEVEL = "On these grids with 16 channels"
FLATTERS = "For one volume of 32 x 32 x 32"
CROPPED = "On the large empty grids"


@pytest.mark.full
def test_every_verdict_holds_with_other_numbers_of_threads(claims, seed: int, threads: int) -> None:
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def changed(monkeypatch, change: Callable[[pd.DataFrame], None]) -> None:
    load = paper_results.load

    def other(name: str):
        stored = load(name)
        table = stored.table.copy()
        change(table)
        return replace(stored, table=table)

    monkeypatch.setattr(paper_results, "load", other)


def scaled(factor: float, *columns: str, **where: object) -> Callable[[pd.DataFrame], None]:
    """Multiply columns of the rows in which other columns have these values."""

    def change(table: pd.DataFrame) -> None:
        rows = table["dense"] > 0
        for column, value in where.items():
            rows &= table[column].isin(value if isinstance(value, list) else [value])
        for column in columns:
            table.loc[rows, column] = table.loc[rows, column].astype(float) * factor

    return change


@pytest.mark.full
@pytest.mark.parametrize(
    ("change", "fails", "word"),
    [
        (lambda table: None, set(), "partly supported"),
        (scaled(20, "rules", "table", asked=0.05, inputs=16), {PAYS}, "refuted"),
        (scaled(9, "rules", "table", scene="thin", dimension=3, inputs=16), {PAYS, LEVEL}, "refuted"),
        (scaled(0.1, "torch", scene="thin", dimension=3, inputs=16), {FLATTERS}, "partly supported"),
        (scaled(30, "cropped", scene=[CANVAS, PLATE]), {CROPPED}, "partly supported"),
    ],
)
def test_claims_and_verdict_follow_the_stored_table(claims, monkeypatch, change, fails, word) -> None:
    changed(monkeypatch, change)
    claims.run()
    asked = (EQUAL, PAYS, LEVEL, FLATTERS, CROPPED)
    found = claims.holds(*asked)
    assert {name for name, holds in zip(asked, found, strict=True) if not holds} == fails
    assert claims.verdicts == [word]
