"""This lesson's exercises. The references are the library's own functions."""

from typing import Any

import numpy as np

from lthedu.exercises.compare import Case, compare
from lthedu.exercises.core import Attempt, Wrong, exercise
from lthedu.exercises.readers import items, number
from lthedu.exercises.values import alike, brief, difference
from lthedu.hashing import active_softmax, build_tables, centre, chance_found, simhash, wta
from lthedu.hashing.simhash import Codes, Vectors
from lthedu.hashing.tables import Rows


def _array(got: object, shape: tuple[int, ...], what: str) -> Vectors:
    """Numbers of this shape in any form; else Wrong."""
    try:
        found = np.asarray(got, dtype=np.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError, MemoryError):
        raise Wrong(f"{what} is {brief(got)}; expected numbers of shape {shape}") from None
    if found.shape != shape:
        raise Wrong(f"{what} has shape {found.shape}; expected {shape}")
    return found


def _codes(got: object, n: int) -> Codes:
    """One whole number for each vector."""
    found = _array(got, (n,), "the answer")
    if not np.isfinite(found).all() or (found % 1).any():
        raise Wrong(f"it returned {brief(got)}; expected {n} whole numbers")
    if (np.abs(found) >= 2**62).any():
        raise Wrong("a code is 2^62 or more; expected codes of a few bits")
    return found.astype(np.int64)


@exercise(
    simhash,
    "A code of signs",
    minutes=10,
    level=2,
    hints=(
        "Which number tells you the side of a plane on which a vector lies? What is its sign?",
        "`vectors @ planes.T` has a row for each vector and a column for each plane. Where it is above 0 the bit is 1. "
        "Bit 0 counts 1, bit 1 counts 2, bit 2 counts 4.",
        "bits = vectors @ planes.T > 0\nworth = ... ** np.arange(len(planes))\nreturn bits @ worth",
    ),
    returns=lambda result, vectors, planes: _codes(result, len(vectors)),
)
def check_simhash(attempt: Attempt) -> None:
    """Vectors on either side of planes, and on one of them; one plane; then random ones."""
    axes = np.eye(2)
    cases: list[Case] = [
        (np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0], [-1.0, -1.0]]), axes),
        (np.array([[0.0, 2.0]]), axes),
        (np.array([[3.0, 1.0], [-3.0, 1.0]]), np.array([[1.0, 0.0]])),
        (np.array([[1.0, 2.0, -1.0]]), np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])),
    ]
    for n, bits, dimension in ((5, 3, 4), (4, 8, 6), (8, 8, 8), (6, 12, 5)):
        cases.append((_normal(attempt, n, dimension), _normal(attempt, bits, dimension)))
    compare(
        attempt,
        cases,
        show=lambda got, right, vectors, planes: (
            f"vectors {brief(vectors)}, planes {brief(planes)}: {difference(got, right)}"
        ),
        otherwise="those are not the codes of the vectors",
    )


def _normal(attempt: Attempt, *shape: int) -> Vectors:
    return np.random.default_rng(attempt.rng.initial_seed() + sum(shape)).standard_normal(shape).round(2)


@exercise(
    chance_found,
    "The chance to share a bucket",
    minutes=5,
    level=1,
    hints=(
        "In one table all bits of the two codes must agree. How likely is that? And how likely is it that they do not?",
        "One table misses the pair with the chance 1 - same^bits. The tables have planes of their own, so the chances "
        "of missing it multiply.",
        "missed = (1 - same**bits) ** tables\nreturn ...",
    ),
    returns=lambda result, *_: number(result, "one number, a chance"),
)
def check_chance_found(attempt: Attempt) -> None:
    """One bit and one table, several of one and of both, and the ends."""
    compare(
        attempt,
        [(0.75, 1, 1), (0.5, 3, 1), (0.5, 1, 3), (0.9, 10, 24), (0.6, 4, 5), (1.0, 8, 2), (0.0, 2, 8), (0.8, 3, 3)],
        close=lambda a, b, *_: alike(a, b, 1e-6) or abs(a - b) < 1e-12,
        otherwise="that is not the chance that one table or more has both in one bucket",
    )


@exercise(
    build_tables,
    "Fill the buckets",
    minutes=10,
    level=2,
    hints=(
        "Column t of the codes belongs to table t. In which bucket of this table does row 0 lie?",
        "A dict can hold a list for each code. `table.setdefault(code, []).append(row)` begins a list where there is "
        "none, and adds the row.",
        "tables = []\nfor t in range(codes.shape[1]):\n    table = {}\n    for row in range(len(codes)):\n"
        "        table.setdefault(int(...), []).append(row)\n    tables.append(table)\nreturn tables",
    ),
    returns=lambda result, codes: _tables(result, codes),
)
def check_build_tables(attempt: Attempt) -> None:
    """One table, two, buckets with several rows and with one, equal codes in all tables."""
    cases: list[Case] = [
        (np.array([[3], [1], [3]]),),
        (np.array([[0, 5], [2, 5], [0, 1], [2, 1]]),),
        (np.array([[7, 7], [7, 7]]),),
        (np.array([[4, 0, 1]]),),
    ]
    rng = np.random.default_rng(attempt.rng.initial_seed())
    cases += [(rng.integers(0, 4, shape),) for shape in ((6, 2), (5, 5), (9, 3))]
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: _plain(a) == _plain(b),
        show=lambda got, right, codes: f"codes {brief(codes)}: returned {_said(got)}, expected {_said(right)}",
        otherwise="those are not the rows of each code, table by table",
    )


def _tables(got: object, codes: Codes) -> list[dict[int, Rows]]:
    found = []
    for table in items(got, codes.shape[1], "a dict for each column of codes"):
        if not isinstance(table, dict):
            raise Wrong(f"a table is {brief(table)}; expected a dict: for each code the list of its rows")
        read: dict[int, Rows] = {}
        for code, rows in table.items():
            key = number(code, "whole numbers as the keys of a table")
            try:
                many = len(rows)
            except TypeError:
                raise Wrong(f"bucket {brief(code)} is {brief(rows)}; expected a list of rows") from None
            numbers = np.sort(_codes(list(rows) if isinstance(rows, set) else rows, many))
            if key % 1 or not many:
                raise Wrong(f"bucket {brief(code)} is {brief(rows)}; expected codes that occur, with their rows")
            read[int(key)] = numbers
        found.append(read)
    return found


def _plain(tables: list[dict[int, Rows]]) -> list[dict[int, list[int]]]:
    return [{code: rows.tolist() for code, rows in table.items()} for table in tables]


def _said(tables: list[dict[int, Rows]]) -> str:
    text = str(_plain(tables))
    return text if len(text) < 150 else text[:150] + " ..."


@exercise(
    active_softmax,
    "A softmax over the active rows",
    minutes=10,
    level=2,
    hints=(
        "The loss is minus the logarithm of the label's probability. What is its gradient at a logit?",
        "Compute the softmax over the logits that are there. The gradient is this probability, and at the label it is "
        "less by 1. Subtract the largest logit first, so that `exp` cannot overflow.",
        "odds = np.exp(logits - logits.max())\nerror = odds / ...\nerror[0] -= 1\nreturn error",
    ),
    returns=lambda result, logits: _array(result, logits.shape, "the answer").astype(logits.dtype),
)
def check_active_softmax(attempt: Attempt) -> None:
    """The label alone, two and three rows, the label with the largest logit and not, large logits, random ones."""
    logits = [
        [0.0],
        [0.0, 0.0],
        [1.0, 3.0, 2.0],
        [3.0, 1.0, 1.0],
        [1000.0, 1001.0],
        [0.0, 900.0],
        [-2.0, -1.0, -1.0, -3.0],
    ]
    cases: list[Case] = [(np.array(z),) for z in logits]
    cases += [(_normal(attempt, n),) for n in (5, 9)]
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: np.allclose(a, b, atol=1e-6),
        same=lambda a, b, *_: np.allclose(a, b, atol=1e-6, equal_nan=True),
        show=lambda got, right, z: f"logits {brief(z)}: {difference(got, right)}",
        otherwise="that is not the gradient of the loss at the logits",
    )


@exercise(
    centre,
    "Repair the geometry",
    minutes=10,
    level=2,
    hints=(
        "What do all queries have in common, which tells nothing about which query it is? And all rows?",
        "The average of a set of vectors is what they have in common. Rows and queries are two sets, and each has an "
        "average of its own. `.mean(0)` averages over the vectors.",
        "return rows.mean(0), ...",
    ),
    returns=lambda result, rows, queries: _two(result, rows),
)
def check_centre(attempt: Attempt) -> None:
    """Few vectors by hand, as many rows as queries and coordinates, then random ones."""
    cases: list[Case] = [
        (np.array([[1.0, 2.0], [3.0, 6.0]]), np.array([[1.0, 0.0], [2.0, 1.0]])),  # square: mean(1) has this shape, too
        (np.array([[1.0, 2.0], [3.0, 6.0]]), np.array([[4.0, 0.0], [2.0, 2.0], [0.0, 1.0]])),
        (np.array([[1.0, -2.0, 0.0]]), np.array([[0.0, 0.0, 3.0], [9.0, 0.0, 3.0]])),
        (np.array([[1.0, 1.0], [1.0, -1.0]]), np.array([[2.0, 2.0], [2.0, 0.0]])),
    ]
    for rows, queries, dimension in ((5, 3, 4), (4, 4, 4), (7, 9, 2)):
        cases.append((_normal(attempt, rows, dimension), _normal(attempt, queries, dimension) + 1))
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: np.allclose(np.stack(a), np.stack(b), atol=1e-6),
        show=lambda got, right, rows, queries: (
            f"rows {brief(rows)}, queries {brief(queries)}: returned {brief(np.stack(got))}, "
            f"expected {brief(np.stack(right))}"
        ),
        otherwise="those are not the two averages to subtract",
    )


def _two(got: object, rows: Vectors) -> tuple[Any, Any]:
    one, other = items(got, 2, "two vectors: what to subtract from the rows, and what from the queries")
    shape = (rows.shape[1],)
    first, second = _array(one, shape, "what the rows lose"), _array(other, shape, "what the queries lose")
    return first.astype(rows.dtype), second.astype(rows.dtype)


@exercise(
    wta,
    "Winner takes all",
    minutes=10,
    level=2,
    hints=(
        "Take one table and one symbol. It names a few coordinates. Which of them is the largest in the vector?",
        "`vectors[:, orders]` has the axes vector, table, symbol, and what is compared. `argmax` along the "
        "last axis gives each symbol. Symbol k counts width^k.",
        "width = orders.shape[2]\nsymbols = vectors[:, orders].argmax(-1)\n"
        "return symbols @ (... ** np.arange(orders.shape[1]))",
    ),
    returns=lambda result, vectors, orders: _codes(
        _array(result, (len(vectors), len(orders)), "the answer").ravel(), len(vectors) * len(orders)
    ).reshape(len(vectors), len(orders)),
)
def check_wta(attempt: Attempt) -> None:
    """One symbol, several, tables of their own, equal coordinates, then random ones."""
    cases: list[Case] = [
        (np.array([[1.0, 5.0, 2.0], [-1.0, -5.0, -2.0]]), np.array([[[0, 1, 2]]])),
        (np.array([[4.0, 4.0, 1.0]]), np.array([[[2, 1, 0], [0, 1, 2]]])),
        (np.array([[3.0, 1.0, 2.0]]), np.array([[[0, 1], [1, 2]], [[1, 0], [2, 1]], [[2, 0], [0, 1]]])),
    ]
    rng = np.random.default_rng(attempt.rng.initial_seed())
    for n, tables, symbols, width in ((3, 2, 3, 2), (4, 4, 4, 4), (5, 3, 2, 5)):
        orders = rng.random((tables, symbols, 6)).argsort(-1)[..., :width]
        cases.append((_normal(attempt, n, 6), orders))
    compare(
        attempt,
        cases,
        show=lambda got, right, vectors, orders: (
            f"vectors {brief(vectors)}, orders {brief(orders)}: {difference(got, right)}"
        ),
        otherwise="those are not the codes: the place of the largest of each symbol's coordinates, in base width",
    )
