"""No free lunch, enumerated: every function on a few points, and searches that never ask twice.

Wolpert and Macready (1997), "No free lunch theorems for optimization": averaged over all functions from a finite set of
points to a finite set of values, all searches that never ask twice see the same values equally often. Points are
0 to n - 1 on a line. A search is a function of what it has seen so far, and of nothing else.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count

Search = Callable[[Mapping[int, int], int], int]  # (values seen, by point; number of points) -> the next point


@typed
def all_functions(points: Count, values: Count) -> list[tuple[int, ...]]:
    """Every function from `points` points to the values 0 to `values` - 1, as the tuple of its values.

    Raises ValueError for fewer than one point or value, and for more than a million functions.

    >>> len(all_functions(3, 2)), all_functions(2, 2)
    (8, [(0, 0), (0, 1), (1, 0), (1, 1)])
    """
    if values**points > 10**6:
        raise ValueError(f"points is {points} and values {values}; allowed: at most a million functions")
    return list(itertools.product(range(values), repeat=points))


def smooth(functions: Iterable[Sequence[int]]) -> list[Sequence[int]]:
    """Those of `functions` whose values at neighbouring points differ by at most one.

    >>> smooth([(0, 1, 2), (0, 2, 0)])
    [(0, 1, 2)]
    """
    return [f for f in functions if all(abs(a - b) <= 1 for a, b in itertools.pairwise(f))]


def values_seen(search: Search, function: Sequence[int]) -> list[int]:
    """The values that `search` meets until it has asked for every point, in order.

    Raises ValueError when it asks for a point twice, or for one that there is not.

    >>> values_seen(scan, (5, 7, 6))
    [5, 7, 6]
    """
    seen: dict[int, int] = {}
    for _ in function:
        point = search(dict(seen), len(function))
        if point in seen or not 0 <= point < len(function):
            raise ValueError(f"the search asked for point {point}; allowed: 0 to {len(function) - 1}, each once")
        seen[point] = function[point]
    return list(seen.values())


@typed
def mean_best(search: Search, functions: Sequence[Sequence[int]]) -> list[float]:
    """The largest value seen after 1, 2, ... evaluations, on average over `functions`, all equally likely.

    >>> mean_best(scan, [(0, 1), (1, 0)])
    [0.5, 1.0]
    """
    best = [list(itertools.accumulate(values_seen(search, f), max)) for f in functions]
    return [sum(column) / len(functions) for column in zip(*best, strict=True)]


def scan(seen: Mapping[int, int], points: int) -> int:
    """From left to right, whatever it sees.

    >>> scan({0: 3}, 4)
    1
    """
    return next(p for p in range(points) if p not in seen)


def climb(seen: Mapping[int, int], points: int) -> int:
    """Next to the best point seen that has a neighbour left; it starts in the middle.

    >>> climb({2: 1, 3: 5}, 6)
    4
    """
    return _beside(seen, points, sorted(seen, key=lambda p: -seen[p]))


def descend(seen: Mapping[int, int], points: int) -> int:
    """Next to the *worst* point seen that has a neighbour left: as foolish as can be; it starts in the middle.

    >>> descend({2: 1, 3: 5}, 6)
    1
    """
    return _beside(seen, points, sorted(seen, key=lambda p: seen[p]))


def _beside(seen: Mapping[int, int], points: int, order: Sequence[int]) -> int:
    for point in order:
        for neighbour in (point + 1, point - 1):
            if 0 <= neighbour < points and neighbour not in seen:
                return neighbour
    return next((p for p in (points // 2, *range(points)) if p not in seen), -1)
