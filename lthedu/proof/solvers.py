"""Random subset sums by the hundred thousand: which of a row's numbers to keep so that they add up to its target.

Both solvers meet in the middle: the sums of the left half of a row are put where the right half can look them up.
`best_subsets` sorts them and is exact. `hashed_subsets` puts them into buckets, keeps one in each and sorts nothing: a
little off the best, and many times faster. `solve` climbs a ladder of row lengths with the hasty one and leaves what it
misses to the exact one. Whatever is accepted was added up again in float64.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above
from lthedu.base.threads import in_threads
from lthedu.data import device_of
from lthedu.proof import kernels

Solver = Literal["auto", "numba", "numpy", "torch"]
Keep = Literal["ladder", "fewest"]
Bools = NDArray[np.bool_]
Floats = NDArray[Any]
Halves = tuple[NDArray[np.int64], NDArray[np.int64]]  # the bits of each row's choice, left half and right half

LADDER = (4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 28, 32)
CLIMBED = 1 << 9  # rows that a thread takes up the ladder at a time
MOST_HASHED, MOST_EXACT = 40, 40  # numbers in a row
LARGEST = 1e30  # of a number or target: forty of them can be added up in float32


@typed
@dataclass(frozen=True)
class Subsets:
    """One choice for each row: `keep` (N, n), True = kept, and `errors` (N,), |sum of the kept - target| in float64."""

    keep: Bools
    errors: NDArray[np.float64]

    def missed(self, eta: float) -> int:
        """How many rows are further than `eta` from their target."""
        return int((self.errors > eta).sum())


@typed
def best_subsets(numbers: ArrayLike, targets: ArrayLike, *, solver: Solver = "auto") -> Subsets:
    """The best choice for each row, in the time of 2^(n/2) choices: the sums of two halves, sorted.

    `numbers` (N, n) with n <= 40, `targets` (N,). `solver`: "numba", "numpy", or "auto" for numba where it is
    installed. Of choices that are equally close any one may come. Raises ValueError for other shapes, a value that is
    not finite or beyond 1e30, or a solver that is not here. Source: Horowitz and Sahni, "Computing partitions", 1974.

    >>> best_subsets([[0.5, -0.3, 0.9]], [0.25]).errors.round(3)
    array([0.05])
    """
    x, t = _checked(numbers, targets, MOST_EXACT)
    found = _in_blocks(_exact_numba if _compiled(solver) else _exact_numpy, x, t)
    return _subsets(x, t, _unpacked(found, x.shape[1]))


@typed
def hashed_subsets(
    numbers: ArrayLike, targets: ArrayLike, *, solver: Solver = "auto", device: torch.device | str | None = None
) -> Subsets:
    """A choice for each row that is nearly the best, with a lossy hash instead of a sort.

    The 2^(n/2) sums of the left half go into twice as many buckets of equal width, the last one to come stays; each sum
    of the right half looks into the one bucket that holds what it wants. `numbers` (N, n) with n <= 40, `targets` (N,);
    the search is in float32, the errors are computed in float64. `solver`: as in `best_subsets`, or "torch", on
    `device` (None: the one that LTHEDU_DEVICE names). All give the same choices, except among sums that are equal in
    float32. Raises as `best_subsets`.

    >>> hashed_subsets([[0.5, -0.3, 0.9]], [0.25]).keep
    array([[ True,  True, False]])
    """
    x, t = _checked(numbers, targets, MOST_HASHED)
    return _hashed(x, t, solver, device_of(device))


@typed
def solve(
    numbers: ArrayLike,
    targets: ArrayLike,
    eta: Annotated[float, Above(0, below=np.inf)],
    *,
    keep: Keep = "ladder",
    ladder: Sequence[int] = LADDER,
    solver: Solver = "auto",
    device: torch.device | str | None = None,
) -> Subsets:
    """A choice for each row within `eta` of its target, with as few of the row's numbers tried as will do.

    First the empty choice, then a choice among each row's first 4, 6, 8, ... numbers (`ladder`), for the rows that are
    still off; what misses with all n numbers gets one exact search. Short rows are solved much faster, and fewer
    numbers are kept. With `keep` "fewest" all choices of one, two and three numbers are tried before the ladder: a row
    that keeps up to three keeps the fewest that there are within `eta` (of them the closest), and where more are kept,
    three would not have done. Zeros may pad a row: they are never kept. `numbers` (N, n) with n <= 40, `targets` (N,),
    eta > 0. A row that no search brought within `eta` has the best choice that was found: see `Subsets.missed`. Raises
    ValueError for other shapes, a value that is not finite or beyond 1e30, or a solver that is not here.

    >>> from lthedu.base.streams import generator
    >>> row = 2 * torch.rand(1, 24, generator=generator(0)) - 1
    >>> found = solve(row, [0.25], eta=1e-3)
    >>> found.missed(1e-3), int(found.keep.nonzero()[1].max()) < 16
    (0, True)
    >>> int(found.keep.sum()), int(solve(row, [0.25], eta=1e-3, keep="fewest").keep.sum())
    (6, 3)
    """
    x, t = _checked(numbers, targets, MOST_HASHED)
    device = device_of(device)  # an error also where no row needs a search
    by_kernel = solver != "torch" and _compiled(solver)  # the same
    n = x.shape[1]
    kept, errors = np.zeros(x.shape, bool), np.abs(t)
    rungs = [*sorted(rung for rung in ladder if 0 < rung < n), n]
    if by_kernel:
        _climb_numba(x, t, eta, rungs, keep == "fewest", kept, errors)
    else:
        if keep == "fewest":
            _take_fewest(x, t, eta, kept, errors)
        for rung in rungs:
            rows = np.flatnonzero(errors > eta)
            if len(rows):
                _take_better(kept, errors, rows, _hashed(x[rows, :rung], t[rows], solver, device))
    rows = np.flatnonzero(errors > eta)
    if len(rows):
        _take_better(kept, errors, rows, best_subsets(x[rows], t[rows], solver="auto" if solver == "torch" else solver))
    return Subsets(kept, errors)


def _take_better(keep: Bools, errors: Floats, rows: NDArray[np.int64], found: Subsets) -> None:
    better = found.errors < errors[rows]
    rows = rows[better]
    keep[rows] = False
    keep[rows, : found.keep.shape[1]] = found.keep[better]
    errors[rows] = found.errors[better]


def _take_fewest(x: Floats, t: Floats, eta: float, keep: Bools, errors: Floats) -> None:
    """Into `keep` and `errors`: the closest choice of the fewest numbers within `eta`, where up to three will do."""
    for size in range(1, min(4, x.shape[1] + 1)):
        chosen = np.array([*itertools.combinations(range(x.shape[1]), size)])
        off = np.flatnonzero(errors > eta)
        for rows in np.array_split(off, 1 + len(off) * len(chosen) // (1 << 22)):
            error = np.abs(x[rows][:, chosen].sum(2) - t[rows, None])
            best = error.argmin(1)
            hit = error[np.arange(len(rows)), best] <= eta
            keep[rows[hit, None], chosen[best[hit]]] = True
            errors[rows[hit]] = error[hit, best[hit]]


def _climb_numba(
    x: Floats, t: Floats, eta: float, rungs: Sequence[int], fewest: bool, keep: Bools, errors: Floats
) -> None:
    """Climbs the whole ladder row by row, into `keep` and `errors`; `fewest`: from choices of up to three numbers."""
    x, t = (np.require(v, requirements=["C", "W"]) for v in (x, t))  # the one kind that is compiled for

    def climb(start: int) -> None:
        part = slice(start, start + CLIMBED)
        given = x[part], t[part], float(eta)
        if fewest:
            kernels.fewest(*given, keep[part], errors[part])
        kernels.climbed(*given, np.array(rungs), keep[part], errors[part])

    in_threads(climb, range(0, len(x), CLIMBED))


def _checked(numbers: ArrayLike, targets: ArrayLike, most: int) -> tuple[Floats, Floats]:
    try:
        x, t = np.asarray(numbers, np.float64), np.asarray(targets, np.float64)
    except (ValueError, TypeError) as error:
        raise ValueError(f"numbers and targets must be arrays of numbers: {error}") from None
    if x.ndim != 2 or not 1 <= x.shape[1] <= most or t.shape != x.shape[:1]:
        raise ValueError(
            f"numbers have shape {x.shape} and targets {t.shape}; allowed: (N, n) and (N,) with n from 1 to {most}"
        )
    largest = np.max([size for v in (x, t) for size in (v.max(initial=0), -v.min(initial=0))])  # NaN where one is
    if not np.isfinite(largest):
        raise ValueError("a number or target is NaN or infinite; all must be finite")
    if largest > LARGEST:
        raise ValueError(f"a number or target is {largest:g} in size; allowed: up to {LARGEST:g}")
    return x, t


def _compiled(solver: str) -> bool:
    if solver not in ("auto", "numba", "numpy"):
        raise ValueError(f"solver is {solver!r}; allowed: auto, numba, numpy, and torch for the hash")
    if solver == "numba" and not kernels.AVAILABLE:
        raise ValueError("solver is 'numba', which is not installed; allowed here: auto, numpy, torch")
    return kernels.AVAILABLE and solver != "numpy"


def _subsets(x: Floats, t: Floats, keep: Bools) -> Subsets:
    keep = keep & (x != 0)  # a zero changes no sum: what pads a row is not kept
    return Subsets(keep, np.abs(np.einsum("ij,ij->i", x, keep) - t))


def _unpacked(found: Halves, n: int) -> Bools:
    left, right = found
    both = (left | right << n // 2).astype("<i8")[:, None]
    return np.unpackbits(both.view(np.uint8), axis=1, count=n, bitorder="little").view(bool)


def _in_blocks(search: Callable[[Floats, Floats], Halves], x: Floats, t: Floats, *, one_by_one: bool = False) -> Halves:
    """`search` over blocks of rows, on as many threads as there are cores; rows do not know of each other."""
    rows = max(1, (1 << 22 if one_by_one else 1 << 16) >> (x.shape[1] // 2))  # keeps numpy's working set in the cache
    if search in (_hashed_numba, _exact_numba):
        rows = max(1, 1 << 20 >> (x.shape[1] // 2))
    blocks = [(x[i : i + rows], t[i : i + rows]) for i in range(0, len(x), rows)]
    found = [search(*block) for block in blocks] if one_by_one else in_threads(lambda block: search(*block), blocks)
    left, right = zip(*found, strict=True) if found else ([np.zeros(0, int)], [np.zeros(0, int)])
    return np.concatenate(left), np.concatenate(right)


def _hashed(x: Floats, t: Floats, solver: Solver, device: torch.device) -> Subsets:
    """`hashed_subsets` of numbers that were checked."""
    if solver == "torch":
        found = _in_blocks(lambda x, t: _hashed_torch(x, t, device), x, t, one_by_one=True)
    else:
        found = _in_blocks(_hashed_numba if _compiled(solver) else _hashed_numpy, x, t)
    return _subsets(x, t, _unpacked(found, x.shape[1]))


def _hashed_numba(x: Floats, t: Floats) -> Halves:
    left, right = np.empty(len(x), np.int64), np.empty(len(x), np.int64)
    kernels.hashed(x.astype(np.float32), t.astype(np.float32), left, right)
    return left, right


def _exact_numba(x: Floats, t: Floats) -> Halves:
    left, right = np.empty(len(x), np.int64), np.empty(len(x), np.int64)
    kernels.exact(np.ascontiguousarray(x), t, left, right)
    return left, right


def _partial_sums(numbers: Floats) -> Floats:
    """(rows, k) -> (rows, 2^k), by doubling: entry j holds the sum of the numbers where j has a 1."""
    sums = np.zeros((len(numbers), 1 << numbers.shape[1]), numbers.dtype)
    for i in range(numbers.shape[1]):
        sums[:, 1 << i : 2 << i] = sums[:, : 1 << i] + numbers[:, i : i + 1]
    return sums


def _hashed_numpy(x: Floats, t: Floats) -> Halves:
    half = x.shape[1] // 2
    x32 = x.astype(np.float32)
    left, right = _partial_sums(x32[:, :half]), _partial_sums(x32[:, half:])
    buckets = np.float32(2 << half)
    low = left.min(1, keepdims=True)
    width = left.max(1, keepdims=True) - low
    scale = np.divide(buckets, width, out=np.zeros_like(width), where=width > kernels.NARROW)
    first = np.arange(len(x))[:, None] * (2 << half)  # where each row's buckets begin
    table = np.zeros(len(x) * (2 << half), np.float32)  # an empty bucket answers with the empty set
    table[first + np.minimum(((left - low) * scale).astype(np.int64), (2 << half) - 1)] = left  # the last one stays
    wanted = t.astype(np.float32)[:, None] - right
    place = ((wanted - low) * scale).clip(0, buckets - 1).astype(np.int64)
    partner = table[first + place]
    choice = np.abs(partner - wanted).argmin(1)
    rows = np.arange(len(x))
    same = left[:, ::-1] == partner[rows, choice][:, None]
    return (1 << half) - 1 - same.argmax(1), choice.astype(np.int64)


def _exact_numpy(x: Floats, t: Floats) -> Halves:
    """The closest pair of two lists stands side by side when they are sorted together."""
    half = x.shape[1] // 2
    left, right = _partial_sums(x[:, :half]), t[:, None] - _partial_sums(x[:, half:])
    both = np.concatenate([left, right], axis=1)
    order = both.argsort(1, kind="stable")
    both = np.take_along_axis(both, order, 1)
    is_left = order < left.shape[1]
    gap = np.where(is_left[:, 1:] != is_left[:, :-1], np.diff(both, axis=1), np.inf)
    at = gap.argmin(1)[:, None]
    pair = np.sort(np.take_along_axis(order, np.concatenate([at, at + 1], 1), 1), 1)  # left partner first
    return pair[:, 0], pair[:, 1] - left.shape[1]


def _hashed_torch(x: Floats, t: Floats, device: torch.device) -> Halves:
    """The same hash as torch operations; of the left sums that share a bucket the one with the highest number stays."""
    half = x.shape[1] // 2
    x32 = torch.from_numpy(x.astype(np.float32)).to(device)
    wanted = torch.from_numpy(t.astype(np.float32)).to(device)[:, None]

    def sums(numbers: torch.Tensor) -> torch.Tensor:
        found = numbers.new_zeros(len(numbers), 1)
        for i in range(numbers.shape[1]):
            found = torch.cat([found, found + numbers[:, i : i + 1]], 1)
        return found

    left, right = sums(x32[:, :half]), sums(x32[:, half:])
    low, high = left.aminmax(dim=1, keepdim=True)
    buckets = 2 << half
    scale = torch.where(high - low > float(kernels.NARROW), buckets / (high - low), 0)
    where = ((left - low) * scale).long().clamp(max=buckets - 1)
    number = torch.arange(1 << half, device=device).expand_as(where)
    table = torch.zeros(len(x), buckets, dtype=torch.long, device=device).scatter_reduce(1, where, number, "amax")
    wanted = wanted - right
    partner = table.gather(1, ((wanted - low) * scale).clamp(0, buckets - 1).long())
    choice = (left.gather(1, partner) - wanted).abs().argmin(1)
    return partner.gather(1, choice[:, None])[:, 0].cpu().numpy(), choice.cpu().numpy()
