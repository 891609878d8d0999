"""One random number in each cell of a geometric ladder, and one pass: subset sums without a search.

Cells shrink by a ratio g: cell k = 1, 2, ... is [g^-(k+1), g^-k). Going down, a number is kept wherever it fits into
what is left of the target. Whatever the numbers and a target in [0, 1], at most g^-K is left after K cells, if and only
if g^2 <= g + 1, that is, if g is at most the golden ratio: where more than g^-k is left, cell k's number is kept, and
then at most g^-(k-1) - g^-(k+1) is left. Source of the idea: Orseau, Hutter and Rivasplata, "Logarithmic Pruning is All
You Need", 2020 (arXiv:2006.12156).
"""

import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, Count, Range
from lthedu.base.streams import numpy_generator
from lthedu.proof.gadgets import GOLDEN as GOLDEN
from lthedu.proof.scales import SMALLEST
from lthedu.proof.subset_sums import Floats

Ratio = Annotated[float, Above(1, below=math.inf)]


@typed
def take_what_fits(numbers: Sequence[float], target: float) -> list[bool]:
    """A choice made in one pass: largest numbers first, each kept if it fits into what is left of the target.

    Numbers and target are positive; a number that is exactly what is left fits. Raises ValueError for others.

    >>> take_what_fits([0.3, 0.6, 0.2], 0.85)  # 0.6 fits; 0.3 does not fit into 0.25, 0.2 does
    [False, True, True]
    """
    if not all(0 < x < math.inf for x in numbers) or not 0 <= target < math.inf:
        raise ValueError(f"the target is {target}, the smallest number {min(numbers, default=0)}; all must be positive")
    kept, left = [False] * len(numbers), target
    for i in sorted(range(len(numbers)), key=lambda i: -numbers[i]):
        if numbers[i] <= left:
            kept[i], left = True, left - numbers[i]
    return kept


@typed
def cells_needed(ratio: Ratio, eta: Annotated[float, Above(0, high=1), Range(1e-300)]) -> int:
    """How many cells bring what is left of a target in [0, 1] down to `eta`: the smallest K with ratio^-K <= eta.

    Raises ValueError for a ratio that is not above 1, or an eta outside (0, 1].

    >>> cells_needed(2, 1 / 8), cells_needed(GOLDEN, 0.01)
    (3, 10)
    """
    return math.ceil(math.log(1 / eta) / math.log(ratio) - 1e-12)


@typed
def draw_cells(ratio: Ratio, cells: Count, draws: Count, seed: int = 0, *, lowest: bool = False) -> Floats:
    """One number from each of the cells 1, 2, ..., `cells`: (draws, cells), uniform in the cell or its `lowest`.

    Raises ValueError for a ratio that is not above 1, for cells or draws below 1, and for cells beyond float64.

    >>> draw_cells(2, cells=3, draws=1, lowest=True)
    array([[0.25  , 0.125 , 0.0625]])
    """
    _check_cells(ratio, cells)
    low: Floats = ratio ** -(np.arange(1.0, cells + 1) + 1)
    place = numpy_generator(seed, "cells").random((draws, cells)) * (not lowest)
    found: Floats = low * (1 + (ratio - 1) * place)
    return found


@typed
def residuals(keep: ArrayLike, numbers: ArrayLike, targets: ArrayLike) -> Floats:
    """What the kept numbers leave of each target: `keep` and `numbers` (N, n), `targets` (N,).

    Raises ValueError for other shapes.

    >>> residuals([[False, True]], [[0.5, 0.25]], [0.375])
    array([0.125])
    """
    x, chosen, t = np.asarray(numbers, float), np.asarray(keep, bool), np.asarray(targets, float)
    if x.ndim != 2 or chosen.shape != x.shape or t.shape != x.shape[:1]:
        raise ValueError(f"shapes are {chosen.shape}, {x.shape} and {t.shape}; expected (N, n), (N, n) and (N,)")
    left: Floats = t - (x * chosen).sum(axis=1)
    return left


@typed
def draw_until_every_cell(ratio: Ratio, cells: Count, draws: Count, seed: int = 0) -> tuple[Floats, NDArray[np.int64]]:
    """Numbers of random sign and size, drawn until every cell holds a positive one: those, and how many were drawn.

    Sizes are spread so that all cells are equally likely, density proportional to 1/v: uniform ones would hardly ever
    fall into the small cells. Returns the first positive number of each cell, (draws, cells), and the count of all
    numbers drawn, (draws,). Raises ValueError as `draw_cells`.

    >>> numbers, drawn = draw_until_every_cell(2, cells=3, draws=500)
    >>> numbers.shape, bool((drawn >= 3).all()), 9 < float(drawn.mean()) < 13  # 2 (3/3 + 3/2 + 3/1) = 11 on average
    ((500, 3), True, True)
    """
    _check_cells(ratio, cells)
    rng = numpy_generator(seed, "until every cell")
    samples, drawn = np.zeros((draws, cells)), np.zeros((draws, cells), np.int64)
    count = 0
    while not drawn.all():
        count += 1
        level = rng.uniform(1, cells + 1, draws)  # ratio^-level is a size in the cell floor(level)
        rows, cell = np.arange(draws), level.astype(int) - 1
        new = (rng.random(draws) < 0.5) & (drawn[rows, cell] == 0)  # a positive one, the first of its cell
        samples[rows[new], cell[new]] = ratio ** -level[new]
        drawn[rows[new], cell[new]] = count
    return samples, drawn.max(axis=1)


def _check_cells(ratio: float, cells: int) -> None:
    most = int(-math.log(SMALLEST) / math.log(ratio)) - 1  # the last one's lower end is ratio^-(cells + 1)
    if cells > most:
        raise ValueError(f"cells is {cells}; allowed: 1 to {most} of ratio {ratio}, whose numbers float64 holds")
