"""What finds the rows that one example works with: hash tables, nobody, or a look at every row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count, Whole
from lthedu.hashing.simhash import Codes, Vectors
from lthedu.hashing.tables import NONE, Rows, Table, build_tables, limited, look_up_fast

Hash = Callable[[Vectors], Codes]  # (n, dimension) -> (n, tables)
Centre = Callable[[Vectors, Vectors], tuple[Vectors, Vectors]]  # (rows, queries) -> what is subtracted from each


@runtime_checkable
class Finder(Protocol):
    """Finds rows for a query, after it has seen all rows. `products` counts the products of two vectors it made."""

    products: int

    def rebuild(self, rows: Vectors, queries: Vectors) -> None: ...
    def __call__(self, query: Vectors, rows: Vectors) -> Rows: ...


@typed
def centre(rows: Vectors, queries: Vectors) -> tuple[Vectors, Vectors]:
    """What to subtract before hashing from rows (n, dimension), and what from queries (m, dimension).

    It is the mean of each. Subtracting one vector from all rows of a softmax layer adds the same number to all the
    logits of an example, so it changes no probability and no order. Subtracting one vector from the queries does change
    the order. It is done for hashing alone, and the logits are computed with the true query.

    >>> centre(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 0.0]]))
    (array([2., 3.]), array([5., 0.]))
    """
    return rows.mean(0), queries.mean(0)


@typed
def centre_nothing(rows: Vectors, queries: Vectors) -> tuple[Vectors, Vectors]:
    """The zeros that leave the rows and the queries as they are.

    >>> centre_nothing(np.array([[1.0, 2.0]]), np.array([[5.0, 0.0]]))
    (array([0., 0.]), array([0., 0.]))
    """
    return np.zeros_like(rows[0]), np.zeros_like(rows[0])


@typed
@dataclass
class Hashed:
    """Rows that share a bucket with the query in one table or more. `rebuild` hashes all rows anew.

    `code` hashes vectors, `cost` counts the products of two vectors that one code takes, buckets keep `size` rows.
    """

    code: Hash
    cost: Whole
    rng: np.random.Generator
    centre: Centre = centre
    size: Count = 64
    products: int = 0
    tables: Sequence[Table] = field(default=(), init=False)

    def rebuild(self, rows: Vectors, queries: Vectors) -> None:
        """Hash every row, and remember what to subtract from a query."""
        from_rows, self.from_queries = self.centre(rows, queries)
        self.tables = limited(build_tables(self.code(rows - from_rows)), self.size, self.rng)
        self.products += self.cost * len(rows)

    def __call__(self, query: Vectors, rows: Vectors) -> Rows:
        """The rows in the query's buckets."""
        self.products += self.cost
        return look_up_fast(self.tables, self.code((query - self.from_queries)[None])[0])


@typed
@dataclass
class Nothing:
    """Finds no row, so that all rows but the label's are drawn at random: the control of every other finder."""

    products: int = 0

    def rebuild(self, rows: Vectors, queries: Vectors) -> None:
        """Nothing to remember."""

    def __call__(self, query: Vectors, rows: Vectors) -> Rows:
        """No row."""
        return NONE


@typed
@dataclass
class Largest:
    """The `many` rows with the largest logits, found by multiplying with every row: what hashing tries to save.

    A call raises ValueError where there are fewer rows than `many`.
    """

    many: Count
    products: int = 0

    def rebuild(self, rows: Vectors, queries: Vectors) -> None:
        """Nothing to remember."""

    def __call__(self, query: Vectors, rows: Vectors) -> Rows:
        """The rows whose products with the query are largest."""
        if self.many > len(rows):
            raise ValueError(f"many is {self.many}; allowed: up to {len(rows)}, the number of rows")
        self.products += len(rows)
        return np.argpartition(rows @ query, len(rows) - self.many)[len(rows) - self.many :]
