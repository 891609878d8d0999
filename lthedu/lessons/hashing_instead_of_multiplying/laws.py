"""How often codes are equal, measured: pairs of vectors at known angles, hashed with fresh planes."""

from collections.abc import Callable, Sequence
from typing import Annotated

import numpy as np
import pandas as pd

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count, Range
from lthedu.base.streams import numpy_generator
from lthedu.hashing import random_planes, simhash
from lthedu.hashing.simhash import Codes, Vectors

Angle = Annotated[float, Range(0, np.pi)]


@typed
def collisions(
    angles: Sequence[Angle],
    bits: Count,
    tables: Count,
    code: Callable[[Vectors, Vectors], Codes] = simhash,
    pairs: Count = 400,
    dimension: Count = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """For each angle: the share of tables in which the codes of a pair are equal, and of pairs found in some table.

    Every pair has vectors of its own and planes of its own. `code` is what hashes.

    >>> collisions([0.0], 3, 2, pairs=5)[["equal", "found"]].values.tolist()
    [[1.0, 1.0]]
    """
    rng, rows = numpy_generator(seed, "pairs"), []
    for angle in angles:
        equal = np.zeros((pairs, tables), dtype=bool)
        for i in range(pairs):
            basis, _ = np.linalg.qr(rng.standard_normal((dimension, 2)))
            pair = np.stack([basis[:, 0], np.cos(angle) * basis[:, 0] + np.sin(angle) * basis[:, 1]])
            for t, planes in enumerate(random_planes(dimension, bits, tables, rng)):
                one, other = code(pair, planes)
                equal[i, t] = one == other
        rows.append({"angle": angle, "equal": equal.mean(), "found": equal.any(1).mean()})
    return pd.DataFrame(rows)
