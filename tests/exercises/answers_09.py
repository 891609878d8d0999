"""Answers to lesson 09."""

import math
from typing import Any

import numpy as np
from answers import right, told

from lthedu.proof.widths import subset_width


@right("subset_width")
def by_a_generator(eta: float, instances: int, delta: float = 0.01) -> int:
    enough = next(n for n in range(1, 10_000) if instances * 2 * (1 + n) <= delta * 2**n)
    bits = math.log2(1 / eta)
    return math.ceil(max(enough, enough + math.log2(0.01) + bits, bits + 3))


@right("subset_width")
def with_numpy(eta: float, instances: int, delta: float = 0.01) -> Any:
    n = np.arange(1, 200)
    safe = n[2 * (1 + n) / 2.0**n <= delta / instances][0] + max(0, np.log2(0.01 / eta))
    return np.ceil(max(safe, 3 - np.log2(eta)))


@told("subset_width", "neither what accuracy needs")
def doubles(eta: float, instances: int, delta: float = 0.01) -> int:
    return 2 * subset_width(eta, instances, delta)
