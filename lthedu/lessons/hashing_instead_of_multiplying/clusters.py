"""Inputs of many classes, of which each has a family of siblings that are easily confused with it."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count, Positive, Range
from lthedu.base.streams import numpy_generator
from lthedu.hashing.simhash import Vectors
from lthedu.hashing.tables import Rows


@dataclass
class Clusters:
    """Examples of three splits. Class c belongs to the family c // siblings."""

    siblings: int
    x_train: Vectors
    y_train: Rows
    x_val: Vectors
    y_val: Rows
    x_test: Vectors
    y_test: Rows


@typed
def draw_clusters(
    classes: Count,
    siblings: Count,
    examples: Count,
    seed: int,
    *,
    dimension: Count = 64,
    held_out: Count = 1000,
    spread: Annotated[float, Range(0)] = 0.5,
    noise: Positive = 0.3,
) -> Clusters:
    """Normal family centres, classes `spread` away from them in each coordinate, examples `noise` away from these.

    `examples` are for training, `held_out` for each of the other splits. With one sibling every class is a family of
    its own, and nothing is easily confused. Raises ValueError where families do not divide the classes.

    >>> draw_clusters(6, 3, 10, 0).x_train.shape
    (10, 64)
    """
    if classes % siblings:
        raise ValueError(f"siblings is {siblings}; allowed: a divisor of {classes}, the number of classes")
    rng = numpy_generator(seed, "confusable classes", classes)
    families = rng.standard_normal((classes // siblings, dimension))
    centres = families.repeat(siblings, 0) + spread * rng.standard_normal((classes, dimension))

    def split(many: int) -> tuple[Vectors, Rows]:
        y = rng.integers(0, classes, many)
        x = centres[y] + noise * rng.standard_normal((many, dimension))
        return x.astype(np.float32), y

    return Clusters(siblings, *split(examples), *split(held_out), *split(held_out))
