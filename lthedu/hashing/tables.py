"""Hash tables: which rows lie in a bucket, and what lies in the buckets of a query."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count
from lthedu.hashing.simhash import Codes

Rows = NDArray[np.int64]
Table = Mapping[int, Rows]  # by code: the rows that lie in this bucket


@typed
def build_tables(codes: Codes) -> list[dict[int, Rows]]:
    """A table for each column of the codes (n, tables): for every code that occurs, the rows that have it.

    Rows rise within a bucket. Raises ValueError for codes that are no matrix.

    >>> [{code: rows.tolist() for code, rows in table.items()} for table in build_tables(np.array([[3], [1], [3]]))]
    [{1: [1], 3: [0, 2]}]
    """
    if codes.ndim != 2:
        raise ValueError(f"codes have shape {codes.shape}; allowed: (n, tables)")
    tables = []
    for column in codes.T:
        order = np.argsort(column, kind="stable")
        found, start = np.unique(column[order], return_index=True)
        tables.append(dict(zip(found.tolist(), np.split(order, start[1:]), strict=True)))
    return tables


@typed
def limited(tables: Sequence[Table], size: Count, rng: np.random.Generator) -> list[Table]:
    """The same tables, where a bucket with more than `size` rows keeps so many of them, drawn at random.

    >>> limited([{1: np.array([0, 2, 4])}], 2, np.random.default_rng(0))[0][1].shape
    (2,)
    """
    return [
        {code: rows if len(rows) <= size else rng.choice(rows, size, replace=False) for code, rows in table.items()}
        for table in tables
    ]


@typed
def look_up(tables: Sequence[Table], codes: Sequence[int]) -> Rows:
    """The rows, each once and rising, that lie in the bucket of a query's code in one table or more.

    Raises ValueError where there is not one code for each table.

    >>> look_up([{1: np.array([0, 4])}, {7: np.array([4, 2])}], [1, 7])
    array([0, 2, 4])
    """
    if len(tables) != len(codes):
        raise ValueError(f"there are {len(codes)} codes for {len(tables)} tables; allowed: one code for each")
    return look_up_fast(tables, np.asarray(codes))


NONE: Rows = np.empty(0, dtype=np.int64)


def look_up_fast(tables: Sequence[Table], codes: Codes) -> Rows:
    """As `look_up`, for loops, without looking at its arguments."""
    buckets = [table.get(code, NONE) for table, code in zip(tables, codes.tolist(), strict=True)]
    return np.unique(np.concatenate(buckets)) if buckets else NONE
