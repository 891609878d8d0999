"""SimHash: which sides of random planes a vector lies on. The smaller an angle, the more often two codes are equal."""

import math
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count, Fraction, Range

Vectors = NDArray[np.floating[Any]]  # (n, dimension)
Codes = NDArray[np.int64]  # (n, tables) or, of one table, (n,)


@typed
def random_planes(
    dimension: Count, bits: Annotated[int, Range(1, 62)], tables: Count, rng: np.random.Generator
) -> Vectors:
    """Planes through the origin for so many tables, (tables, bits, dimension): each is the vector that stands on it.

    Their numbers are normal, so every direction is equally likely. Source: Charikar (2002).

    >>> random_planes(3, 4, 2, np.random.default_rng(0)).shape
    (2, 4, 3)
    """
    return rng.standard_normal((tables, bits, dimension), dtype=np.float32)


@typed
def simhash(vectors: Vectors, planes: Vectors) -> Codes:
    """One whole number (n,) for each of the vectors (n, dimension), by one table's planes (bits, dimension).

    Bit k is 1, and adds 2^k, where a vector lies on the positive side of plane k, so that their product is above 0.
    Raises ValueError for shapes that do not fit, and for more than 62 planes.

    >>> simhash(np.array([[2.0, 1.0], [-1.0, 3.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 1.0]]))
    array([3, 6])
    """
    if vectors.ndim != 2 or planes.ndim != 2 or vectors.shape[1] != planes.shape[1]:
        raise ValueError(
            f"vectors have shape {vectors.shape} and planes {planes.shape}; allowed: (n, dimension), (bits, dimension)"
        )
    if len(planes) > 62:
        raise ValueError(f"planes have {len(planes)} bits; allowed: up to 62, which fit into a whole number")
    found: Codes = (vectors @ planes.T > 0) @ (1 << np.arange(len(planes)))
    return found


@typed
def simhash_all(vectors: Vectors, planes: Vectors) -> Codes:
    """The codes (n, tables) of the vectors (n, dimension) in all tables, by planes (tables, bits, dimension).

    Column t is `simhash(vectors, planes[t])`. Raises ValueError as `simhash`.

    >>> planes = random_planes(3, 4, 2, np.random.default_rng(0))
    >>> bool((simhash_all(np.eye(3), planes)[:, 1] == simhash(np.eye(3), planes[1])).all())
    True
    """
    if vectors.ndim != 2 or planes.ndim != 3 or vectors.shape[1] != planes.shape[2]:
        raise ValueError(
            f"vectors have shape {vectors.shape} and planes {planes.shape}; "
            "allowed: (n, dimension), (tables, bits, dimension)"
        )
    tables, bits, dimension = planes.shape
    if bits > 62:
        raise ValueError(f"planes have {bits} bits; allowed: up to 62, which fit into a whole number")
    positive = (vectors @ planes.reshape(-1, dimension).T > 0).reshape(-1, tables, bits)
    found: Codes = positive @ (1 << np.arange(bits))
    return found


@typed
def same_bit(angle: Annotated[float, Range(0, math.pi)]) -> float:
    """The chance that two vectors at this angle (in radians) lie on the same side of a random plane: 1 - angle / pi.

    Source: Charikar (2002).

    >>> same_bit(math.pi / 2)
    0.5
    """
    return 1 - angle / math.pi


@typed
def chance_found(same: Fraction, bits: Count, tables: Count) -> float:
    """The chance that two vectors share a bucket in at least one table.

    `same` is the chance that they agree in one bit (or symbol). It is 1 - (1 - same^bits)^tables for one pair, fresh
    planes in every table, and buckets that hold all that falls into them.

    >>> chance_found(0.5, 2, 1), chance_found(0.5, 1, 2)
    (0.25, 0.75)
    """
    return float(1 - (1 - same**bits) ** tables)
