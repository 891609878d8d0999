"""Is a set of active rows a ticket? How far the sets of two examples agree, found ones and those truly nearest."""

from collections.abc import Sequence

import numpy as np

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count
from lthedu.hashing import centre
from lthedu.hashing.simhash import Vectors
from lthedu.hashing.tables import Rows


@typed
def membership(found: Sequence[Rows], classes: Count) -> np.ndarray:
    """Which rows (n, classes) were found for each of the examples, as bools.

    >>> membership([np.array([1]), np.array([0, 2])], 3).astype(int).tolist()
    [[0, 1, 0], [1, 0, 1]]
    """
    inside = np.zeros((len(found), classes), dtype=bool)
    for i, rows in enumerate(found):
        inside[i, rows] = True
    return inside


@typed
def overlap(inside: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Rows in both sets over rows in either, (n, m) for sets (n, classes) and (m, classes); 0 for two empty sets.

    >>> overlap(np.array([[True, True, False]]), np.array([[True, False, True]])).round(3).tolist()
    [[0.333]]
    """
    both = inside.astype(np.float32) @ other.T.astype(np.float32)
    either = inside.sum(1)[:, None] + other.sum(1)[None] - both
    shared: np.ndarray = both / np.maximum(either, 1)
    return shared


@typed
def overlaps(found: Sequence[Rows], labels: Sequence[int], siblings: Count, classes: Count) -> dict[str, float]:
    """The mean overlap of the sets of two examples: of one class, of one family, of different families."""
    y = np.asarray(labels)
    inside = membership(found, classes)
    shared = overlap(inside, inside)
    pair = np.triu(np.ones_like(shared, dtype=bool), 1)
    same, family = y[:, None] == y, y[:, None] // siblings == y // siblings
    groups = {"of one class": same, "of one family": family & ~same, "of two families": ~family}
    return {name: float(shared[pair & group].mean()) for name, group in groups.items()}


@typed
def nearest(rows: Vectors, queries: Vectors, many: Count) -> list[Rows]:
    """For each of the queries (m, dimension) the `many` rows at the smallest angle, after both sets are centred.

    It looks at every row, so it says what hashing would find if nothing were left to chance.

    >>> rows, queries = np.array([[2.0, 0.0], [0.0, 2.0]]), np.array([[3.0, 1.0], [1.0, 3.0]])
    >>> [some.tolist() for some in nearest(rows, queries, 1)]
    [[0], [1]]
    """
    if many > len(rows):
        raise ValueError(f"many is {many}; allowed: up to {len(rows)}, the number of rows")
    from_rows, from_queries = centre(rows, queries)
    moved = rows - from_rows
    cosine = (queries - from_queries) @ (moved / np.linalg.norm(moved, axis=1, keepdims=True)).T
    return list(np.argsort(-cosine, axis=1, kind="stable")[:, :many])
