"""The ways to choose the rows that an example works with: by hashing, at random, or by a look at all rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from lthedu.base.streams import numpy_generator
from lthedu.hashing import (
    Hashed,
    Largest,
    Nothing,
    centre,
    centre_nothing,
    random_orders,
    random_planes,
    simhash_all,
    wta,
)
from lthedu.hashing.finders import Centre, Finder
from lthedu.hashing.simhash import Vectors

CENTRED, RAW = "hashed, centred", "hashed, raw"
ROWS_ONLY, QUERIES_ONLY = "hashed, rows centred", "hashed, queries centred"
WTA = "winner takes all, raw"
RANDOM, RANDOM_MORE = "random, equal rows", "random, equal products"
WEIGHED_MORE = "sampled softmax, equal products"
HALF, EXACT = "half largest, half random", "largest alone"
DENSE = "dense"


def centre_rows(rows: Vectors, queries: Vectors) -> tuple[Vectors, Vectors]:
    """Half of the centring: the mean of the rows, and nothing from the queries."""
    return centre(rows, queries)[0], centre_nothing(rows, queries)[1]


def centre_queries(rows: Vectors, queries: Vectors) -> tuple[Vectors, Vectors]:
    """The other half: nothing from the rows, and the mean of the queries."""
    return centre_nothing(rows, queries)[0], centre(rows, queries)[1]


@dataclass(frozen=True)
class Arm:
    """How the rows of an example are found, and how many there are at least: one of the settings' numbers of rows."""

    finder: Callable[[Any, int], Finder]  # (settings, seed) -> finder
    rows: str = "at_least"
    weighed: bool = False  # each random row stands for many: sampled softmax


def hashed(centre: Centre) -> Callable[[Any, int], Finder]:
    """A maker of finders by SimHash."""

    def make(s: Any, seed: int) -> Finder:
        rng = numpy_generator(seed, "planes")
        planes = random_planes(s.hidden, s.bits, s.tables, rng)
        return Hashed(partial(simhash_all, planes=planes), s.bits * s.tables, rng, centre, s.bucket)

    return make


def by_order(s: Any, seed: int) -> Finder:
    """A finder by winner takes all. Its comparisons are counted as products of as many coordinates."""
    rng = numpy_generator(seed, "orders")
    orders = random_orders(s.hidden, s.symbols, s.tables, s.width, rng)
    return Hashed(partial(wta, orders=orders), round(orders.size / s.hidden), rng, centre_nothing, s.bucket)


ARMS: Mapping[str, Arm] = {
    CENTRED: Arm(hashed(centre)),
    RAW: Arm(hashed(centre_nothing)),
    ROWS_ONLY: Arm(hashed(centre_rows)),
    QUERIES_ONLY: Arm(hashed(centre_queries)),
    WTA: Arm(by_order),
    RANDOM: Arm(lambda s, seed: Nothing(), "equal_rows"),
    RANDOM_MORE: Arm(lambda s, seed: Nothing(), "equal_products"),
    WEIGHED_MORE: Arm(lambda s, seed: Nothing(), "equal_products", weighed=True),
    HALF: Arm(lambda s, seed: Largest(s.at_least // 2)),
    EXACT: Arm(lambda s, seed: Largest(s.at_least)),
}
