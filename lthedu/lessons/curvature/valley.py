"""The small case by hand: a valley of two weights, walked down by exact and by noisy gradients."""

import numpy as np
from numpy.typing import NDArray

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count, Whole

STEEP = 12.0  # the large eigenvalue; the small one is 1
START = (-4.0, 0.9)
BOTH, ALONG, BESIDE = "both directions", "the steep one only", "the flat one only"


@typed
def walk(
    rate: float, noise: float, steps: Count, seed: Whole, *, way: str = BOTH, start: tuple[float, float] = START
) -> NDArray[np.float64]:
    """The places (steps + 1, 2) of gradient descent in the valley x^2 / 2 + 12 y^2 / 2, flat direction first.

    Each step's gradient has normal noise of variance noise^2 times the eigenvalue of its direction, as minibatches give
    it near a minimum, where noise and curvature come from the same squared gradients. `way` says which direction steps
    may take. Raises ValueError for a way that there is not.

    >>> walk(0.1, 0.0, 2, 0).round(3).tolist()
    [[-4.0, 0.9], [-3.6, -0.18], [-3.24, 0.036]]
    """
    if way not in (BOTH, ALONG, BESIDE):
        raise ValueError(f"way is {way!r}; allowed: {BOTH!r}, {ALONG!r}, {BESIDE!r}")
    values = np.array([1.0, STEEP])
    allowed = np.array([way != ALONG, way != BESIDE])
    coin, at = np.random.default_rng(seed), [np.array(start)]
    for _ in range(steps):
        gradient = values * at[-1] + noise * np.sqrt(values) * coin.standard_normal(2)
        at.append(at[-1] - rate * allowed * gradient)
    return np.array(at)


@typed
def steep_share(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of the exact gradient's squared length that lies across the valley, at each place (n, 2).

    >>> steep_share(np.array([[1.0, 0.0], [12.0, 1.0]])).tolist()
    [0.0, 0.5]
    """
    squares = (places * np.array([1.0, STEEP])) ** 2
    return np.asarray(squares[:, 1] / squares.sum(1))
