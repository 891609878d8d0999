"""Sparse kernels timed beside the dense product, window by window; and what a stored table of such times says."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import pandas as pd
import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Columns, Count
from lthedu.base.streams import generator
from lthedu.experiments import Densities, Seeded
from lthedu.pruning import keep_largest
from lthedu.sparsity.clock import STEADY
from lthedu.sparsity.kernels import BLOCKS, DENSE_KERNELS, NAIVE, SPARSE_KERNELS, block_mask

Shape = tuple[int, int, int]  # (rows of the matrix, its columns, batch)
COLUMNS = ["rows", "columns", "batch", "kernel", "density", "replicate", "dense", "moved", "sparse", "refused"]
SHAPES: tuple[tuple[int, int], ...] = ((256, 256), (304, 784), (512, 512), (1024, 1024))
HELD_OUT = (512, 512)  # the size that no fit sees
FITTED = (0.5, 0.2, 0.1, 0.05)  # the densities that a fit sees


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What is timed. Times are in microseconds; of the calls within a `slot` the shortest counts.

    >>> Settings(slot=0.0)
    Traceback (most recent call last):
    ValueError: Settings: slot is 0.0; allowed: a number above 0
    """

    batches: Annotated[tuple[Count, ...], AtLeast(1)] = (1, 8, 64, 256)
    densities: Densities = (0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01)
    loops_at: Densities = (0.1,)  # where the slow order of loops is timed as well
    slot: Annotated[float, Above(0)] = 0.004  # seconds for one kernel in a window, which takes two calls or more
    tries: Count = 20  # windows that may be refused, for each that is kept


@typed
def shapes(settings: Settings) -> list[Shape]:
    """Every size of matrix with every batch.

    >>> shapes(Settings(batches=(1,)))[0]
    (256, 256, 1)
    """
    return [(rows, columns, batch) for (rows, columns), batch in itertools.product(SHAPES, settings.batches)]


@typed
def times_at(
    shape: tuple[Count, Count, Count],
    seed: int,
    settings: Settings,
    timer: Callable[[], float] = time.perf_counter,
) -> list[dict[str, Any]]:
    """The rows of one size and one seed: every kernel at every density, each in a window with dense before and after.

    A window whose dense times differ by more than 20 % is refused and timed again. `refused` counts how often, and
    where all `tries` were refused, the last window is kept with what dense `moved`. One thread.
    """
    rows, columns, batch = shape
    rng = generator(seed, "counting and clocking", rows, columns, batch)
    weight, x = torch.randn(rows, columns, generator=rng), torch.randn(columns, batch, generator=rng)
    threads, found = torch.get_num_threads(), []
    torch.set_num_threads(1)
    try:
        for density in settings.densities:
            calls = _ready(weight, x, density, slow=density in settings.loops_at)
            for refused in range(settings.tries):  # noqa: B007 (how often is what is noted)
                moved, dense, sparse = _window(calls, settings.slot, timer)
                if moved <= STEADY:
                    break
            about = dict(zip(COLUMNS, (rows, columns, batch), strict=False)) | {"density": density, "replicate": seed}
            measured = {"dense": dense, "moved": moved, "refused": refused}
            found += [about | measured | {"kernel": name, "sparse": seconds} for name, seconds in sparse.items()]
    finally:
        torch.set_num_threads(threads)
    return [{name: row[name] for name in COLUMNS} for row in found]


Calls = tuple[list[Callable[[], Tensor]], dict[str, Callable[[], Tensor]]]  # dense ones, sparse ones by name


def _ready(weight: Tensor, x: Tensor, density: float, *, slow: bool) -> Calls:
    """All kernels, ready to be called; blocks have their own mask of the same density."""
    zero, scores = torch.zeros(()), weight.abs()
    free = torch.where(keep_largest(scores, density), weight, zero)
    whole = torch.where(block_mask(scores, density), weight, zero)
    sparse = {
        name: kernel(whole if name == BLOCKS else free, x)
        for name, kernel in SPARSE_KERNELS.items()
        if slow or name != NAIVE
    }
    return [kernel(free, x) for kernel in DENSE_KERNELS.values()], sparse


def _window(calls: Calls, slot: float, timer: Callable[[], float]) -> tuple[float, float, dict[str, float]]:
    """How far dense moved, its time, and each kernel's time in microseconds: dense, the kernels, dense again."""
    dense, sparse = calls
    before = min(_shortest(call, slot, timer) for call in dense)
    times = {name: _shortest(call, slot, timer) for name, call in sparse.items()}
    after = min(_shortest(call, slot, timer) for call in dense)
    return max(before, after) / min(before, after) - 1, (before + after) / 2, times


def _shortest(call: Callable[[], Tensor], slot: float, timer: Callable[[], float]) -> float:
    """The shortest call, in microseconds, of two or more after one that is not timed."""
    call()
    times: list[float] = []
    while sum(times) < slot or len(times) < 2:
        begun = timer()
        call()
        times.append(timer() - begun)
    return round(1e6 * min(times), 2)


TimeTable = Annotated[pd.DataFrame, Columns(" ".join(COLUMNS))]


@typed
def steady(table: TimeTable) -> pd.DataFrame:
    """The rows of windows in which dense did not move, with `ratio`, sparse time over dense time, and `times`, 1/ratio.

    Dense moved where it changed by more than 20 % within the window, and where it took over 20 % longer than in the
    best window of the same size and batch.

    >>> row = dict.fromkeys(COLUMNS, 1) | {"dense": 4.0, "sparse": 2.0, "moved": 0.1}
    >>> steady(pd.DataFrame([row, row | {"moved": 0.3}]))[["ratio", "times"]].values.tolist()
    [[0.5, 2.0]]
    """
    dense = table["dense"].astype(float)
    best = dense.groupby([table[name] for name in ("rows", "columns", "batch")]).transform("min")
    found = table[(table["moved"].astype(float) <= STEADY) & (dense <= (1 + STEADY) * best)].copy()
    found["ratio"] = found["sparse"].astype(float) / found["dense"].astype(float)
    found["times"] = 1 / found["ratio"]
    return found.reset_index(drop=True)


@typed
def medians(table: TimeTable) -> pd.DataFrame:
    """One row for each size, batch, kernel and density: the median of `times` over the replicates, and how many."""
    by = ["rows", "columns", "batch", "kernel", "density"]
    grouped = steady(table).groupby(by, sort=False)["times"]
    return grouped.agg(times="median", lowest="min", highest="max", replicates="count").reset_index()
