"""The verdicts that the lesson prints follow from the stored table and from counts, and fail where they should."""

import pandas as pd
import pytest
import torch

from lthedu.lessons.counting_and_clocking.experiment import HELD_OUT, SPARSE

NOTEBOOK = "counting_and_clocking"
CLAIMS = 6
MARGINS = [(100, 2), (200, 1), (300, 2), (400, 1), (500, 2), (600, 1)]
COUNTER = "For one product with one sparse matrix"
EQUAL = "The product from the non-zeros"
PAYS = "With 10 % kept and 64 or 256 inputs"
LESS = "None of the six kernels, at any size"
MEMORY = "With 10 % kept and one input"
LAWFUL = "With 64 or 256 inputs and 5 to 50 % kept"


@pytest.mark.full
def test_every_verdict_holds_for_other_matrices(claims, seed: int, threads: int) -> None:
    """The matrix of the counter is drawn anew; the clock's claims are of the stored run, whatever the seed."""
    torch.manual_seed(seed)
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def faster(table: pd.DataFrame) -> None:
    table.loc[(table["kernel"] == SPARSE[0]) & (table["density"] == 0.02), "sparse"] /= 10


def slower_from_memory(table: pd.DataFrame) -> None:
    table.loc[table["layers"] == 64, "sparse"] *= 10


def slower_in_one_window(table: pd.DataFrame) -> None:
    rows = (table["kernel"] == SPARSE[1]) & (table["density"] == 0.1) & (table["batch"] == 64) & (table["layers"] == 1)
    table.loc[table[rows].index[0], "sparse"] *= 10


def another_law_at_the_new_size(table: pd.DataFrame) -> None:
    new = (table["rows"] == HELD_OUT[0]) & (table["columns"] == HELD_OUT[1]) & (table["batch"] == 64)
    table.loc[new, "sparse"] *= 0.8


@pytest.mark.parametrize(
    ("change", "fails", "word"),
    [
        (lambda table: None, set(), "partly supported"),
        (faster, {LESS}, "supported"),
        (slower_from_memory, {MEMORY}, "refuted"),
        (slower_in_one_window, {PAYS}, "refuted"),
        (another_law_at_the_new_size, {LAWFUL}, "partly supported"),
    ],
)
def test_claims_and_verdict_follow_the_stored_table(claims, stored_as, change, fails, word) -> None:
    stored_as(change)
    claims.run()
    assert claims.holds(COUNTER, EQUAL) == [True, True]
    asked = (PAYS, LESS, MEMORY, LAWFUL)
    found = claims.holds(*asked)
    assert {name for name, holds in zip(asked, found, strict=True) if not holds} >= fails
    assert all(holds for name, holds in zip(asked, found, strict=True) if name not in fails | {LAWFUL})
    assert claims.verdicts == [word]
