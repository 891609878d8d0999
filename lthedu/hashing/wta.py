"""Winner takes all: a code of which of some coordinates is the largest, so that only their order counts."""

from math import comb
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Count, Number, Range
from lthedu.hashing.simhash import Codes, Vectors

Orders = NDArray[np.int64]  # (tables, symbols, width): the coordinates that are compared


@typed
def random_orders(
    dimension: Count, symbols: Count, tables: Count, width: Annotated[int, Range(2)], rng: np.random.Generator
) -> Orders:
    """Coordinates to compare, (tables, symbols, width): for each symbol `width` different ones.

    Raises ValueError for a `width` above the dimension, and for codes that would not fit into 62 bits.

    >>> random_orders(5, 2, 3, 4, np.random.default_rng(0)).shape
    (3, 2, 4)
    """
    if width > dimension:
        raise ValueError(f"width is {width}; allowed: from 2 to the dimension, which is {dimension}")
    if width**symbols >= 1 << 62:
        raise ValueError(f"width is {width} and symbols {symbols}; allowed: width^symbols below 2^62")
    return rng.random((tables, symbols, dimension)).argsort(-1)[..., :width]


@typed
def wta(vectors: Vectors, orders: Orders) -> Codes:
    """The codes (n, tables) of the vectors (n, dimension): each symbol is the place of the largest number.

    Symbol k counts width^k; of equal coordinates the first counts. The code stays the same where all coordinates
    are multiplied by one positive number or moved by one constant. Raises ValueError for shapes that do not fit.
    Source: Yagnik, Strelow, Ross, Lin (2011).

    >>> orders = np.array([[[0, 1, 2], [2, 1, 0]]])
    >>> wta(np.array([[5.0, 1.0, 3.0]]), orders), wta(np.array([[15.0, 11.0, 13.0]]), orders)
    (array([[6]]), array([[6]]))
    """
    if vectors.ndim != 2 or orders.ndim != 3:
        raise ValueError(
            f"vectors have shape {vectors.shape} and orders {orders.shape}; "
            "allowed: (n, dimension), (tables, symbols, width)"
        )
    if orders.size and not 0 <= orders.min() <= orders.max() < vectors.shape[1]:
        raise ValueError(
            f"orders name coordinates {orders.min()} to {orders.max()}; allowed: 0 to {vectors.shape[1] - 1}"
        )
    _, symbols, width = orders.shape
    found: Codes = vectors[:, orders].argmax(-1) @ (width ** np.arange(symbols))
    return found


@typed
def same_symbol(
    first: Annotated[list[Number], AtLeast(2)], second: Annotated[list[Number], AtLeast(2)], width: Count
) -> float:
    """The chance that two vectors have the same winner among `width` random coordinates.

    Coordinate i wins in both where all others are smaller in both. With r_i coordinates that are, the chance is the
    sum of C(r_i, width - 1) / C(dimension, width). All coordinates of a vector must differ. Raises ValueError for
    unequal lengths. Source: Yagnik and others (2011).

    >>> same_symbol([1, 2, 3], [1, 3, 2], 2)
    0.6666666666666666
    """
    x, y = np.asarray(first), np.asarray(second)
    if len(x) != len(y):
        raise ValueError(f"first has {len(x)} numbers and second {len(y)}; allowed: equally many")
    smaller = ((x[None] < x[:, None]) & (y[None] < y[:, None])).sum(1)
    return sum(comb(int(r), width - 1) for r in smaller) / comb(len(x), width)
