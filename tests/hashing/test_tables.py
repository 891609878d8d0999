"""Tables hold every row once; looking up finds what shares a code, and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lthedu.hashing import build_tables, look_up
from lthedu.hashing.tables import limited


@given(st.integers(1, 40), st.integers(1, 4), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_what_is_found_shares_a_code(n: int, tables: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes, query = rng.integers(0, 6, (n, tables)), rng.integers(0, 6, tables)
    filled = build_tables(codes)
    assert all(sorted(np.concatenate([*table.values()]).tolist()) == list(range(n)) for table in filled)
    assert look_up(filled, query).tolist() == np.flatnonzero((codes == query).any(1)).tolist()


def test_a_full_bucket_keeps_so_many_of_its_rows() -> None:
    codes = np.array([[0]] * 50 + [[1]] * 2)
    (table,) = limited(build_tables(codes), 10, np.random.default_rng(0))
    assert len(set(table[0].tolist())) == 10
    assert set(table[0].tolist()) < set(range(50))
    assert table[1].tolist() == [50, 51]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: build_tables(np.array([1, 2])), r"codes have shape \(2,\); allowed: \(n, tables\)"),
        (lambda: look_up([{1: np.array([0])}], [1, 2]), "there are 2 codes for 1 tables"),
        (lambda: limited([{}], 0, np.random.default_rng(0)), "size is 0; allowed: a whole number from 1 up"),
    ],
)
def test_bad_input_is_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
