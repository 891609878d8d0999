"""Sparse kernels timed beside the dense product, window by window; and what a stored table of such times says."""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import pandas as pd
import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Columns, Count
from lthedu.base.streams import generator
from lthedu.base.threads import one_thread
from lthedu.experiments import Densities, Seeded, Seeds
from lthedu.pruning import keep_largest
from lthedu.sparsity.clock import STEADY, Law, break_even, fit_law, measured_break_even, shortest
from lthedu.sparsity.kernels import (
    BAG,
    BLOCKS,
    DENSE_KERNELS,
    ENGINE,
    NAIVE,
    SCIPY,
    SPARSE_KERNELS,
    TORCH,
    TWELVE,
    block_mask,
)

Shape = tuple[int, int, int, int]  # (rows of the matrix, its columns, batch, how many such layers take turns)
ABOUT = ["rows", "columns", "batch", "layers"]
COLUMNS = [*ABOUT, "kernel", "density", "replicate", "dense", "moved", "sparse", "refused"]
SHAPES: tuple[tuple[int, int], ...] = ((256, 256), (304, 784), (512, 512), (1024, 1024))
SPARSE = (TWELVE, ENGINE, TORCH, SCIPY, BAG, BLOCKS)  # the kernels that are compared
NARROW = "fewer rows, dense"  # the control: a matrix that is really smaller, of as many weights
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

    seeds: Seeds = (10, 11, 12, 13, 14)  # thresholds were set on the seeds 0 to 4
    batches: Annotated[tuple[Count, ...], AtLeast(1)] = (1, 8, 64, 256)
    densities: Densities = (0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01)
    loops_at: Densities = (0.1,)  # where the slow order of loops is timed as well
    deep: Count = 64  # layers of 512 x 512 that take turns, so that none is found in the fast memory where it was left
    deep_batches: tuple[Count, ...] = (1,)
    deep_at: Densities = (0.5, 0.2, 0.1, 0.05, 0.01)
    slot: Annotated[float, Above(0)] = 0.004  # seconds for one kernel in a window, which takes two calls or more
    tries: Count = 20  # windows that may be refused, for each that is kept


@typed
def shapes(settings: Settings) -> list[Shape]:
    """Every size of matrix with every batch, one layer again and again; and many layers of one size in turn.

    >>> shapes(Settings(batches=(1,), deep_batches=(64,)))[3:]
    [(1024, 1024, 1, 1), (512, 512, 64, 64)]
    """
    alone = [(rows, columns, batch, 1) for (rows, columns), batch in itertools.product(SHAPES, settings.batches)]
    return alone + [(*HELD_OUT, batch, settings.deep) for batch in settings.deep_batches]


@typed
def times_at(
    shape: tuple[Count, Count, Count, Count],
    seed: int,
    settings: Settings,
    timer: Callable[[], float] = time.perf_counter,
) -> list[dict[str, Any]]:
    """The rows of one size and one seed: every kernel at every density, each in a window with dense before and after.

    A window whose dense times differ by more than 20 % is refused and timed again. `refused` counts how often, and
    where all `tries` were refused, the last window is kept with what dense `moved`. Times are of one layer. One thread.
    """
    rows, columns, batch, layers = shape
    rng = generator(seed, "counting and clocking", rows, columns, batch)
    made = [
        (torch.randn(rows, columns, generator=rng), torch.randn(columns, batch, generator=rng)) for _ in range(layers)
    ]
    found = []
    with one_thread():
        for density in settings.densities if layers == 1 else settings.deep_at:
            slow = layers == 1 and density in settings.loops_at
            calls = _in_turn([_ready(weight, x, density, slow=slow) for weight, x in made])
            for refused in range(settings.tries):  # noqa: B007 (how often is what is noted)
                moved, at_all, sparse = _window(calls, settings.slot, timer)
                if moved <= STEADY:
                    break
            about = dict(zip(ABOUT, shape, strict=True)) | {"density": density, "replicate": seed}
            measured = {"dense": at_all / layers, "moved": moved, "refused": refused}
            found += [about | measured | {"kernel": name, "sparse": each / layers} for name, each in sparse.items()]
    return [{name: row[name] for name in COLUMNS} for row in found]


Calls = dict[str, list[Callable[[], object]]]  # by name: ways to do the same, of which the fastest counts


def _ready(weight: Tensor, x: Tensor, density: float, *, slow: bool) -> Calls:
    """Everything that is timed, ready to be called. Blocks have a mask of their own; the control has fewer rows."""
    zero, scores = torch.zeros(()), weight.abs()
    free = torch.where(keep_largest(scores, density), weight, zero)
    whole = torch.where(block_mask(scores, density), weight, zero)
    fewer = weight[: round(density * len(weight))]
    calls: Calls = {name: [kernel(free, x)] for name, kernel in DENSE_KERNELS.items()}
    for name, kernel in SPARSE_KERNELS.items():
        if slow or name != NAIVE:
            calls[name] = [kernel(whole if name == BLOCKS else free, x)]
    return calls | {NARROW: [kernel(fewer, x) for kernel in DENSE_KERNELS.values()]}


def _in_turn(layers: Sequence[Calls]) -> Calls:
    """The same calls for all layers, one after the other."""
    if len(layers) == 1:
        return layers[0]

    def turns(calls: Sequence[Callable[[], object]]) -> Callable[[], object]:
        return lambda: [call() for call in calls]

    return {name: [turns(way) for way in zip(*(one[name] for one in layers), strict=True)] for name in layers[0]}


def _window(calls: Calls, slot: float, timer: Callable[[], float]) -> tuple[float, float, dict[str, float]]:
    """How far dense moved, its time, and each kernel's time in microseconds: dense, everything, dense again.

    Dense is the faster of its two spellings.
    """
    yardstick = [call for name in DENSE_KERNELS for call in calls[name]]
    before = min(shortest(call, slot, timer) for call in yardstick)
    times = {name: min(shortest(call, slot, timer) for call in ways) for name, ways in calls.items()}
    after = min(shortest(call, slot, timer) for call in yardstick)
    return max(before, after) / min(before, after) - 1, (before + after) / 2, times


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
    best = dense.groupby([table[name] for name in ABOUT]).transform("min")
    found = table[(table["moved"].astype(float) <= STEADY) & (dense <= (1 + STEADY) * best)].copy()
    found["ratio"] = found["sparse"].astype(float) / found["dense"].astype(float)
    found["times"] = 1 / found["ratio"]
    return found.reset_index(drop=True)


@typed
def medians(table: TimeTable, layers: Count = 1) -> pd.DataFrame:
    """One row for each size, batch, kernel and density: the median of `times` over the replicates, and how many.

    Of the rows with so many layers: 1 is one layer again and again.
    """
    by = [*ABOUT, "kernel", "density"]
    found = steady(table)
    grouped = found[found["layers"] == layers].groupby(by, sort=False)["times"]
    return grouped.agg(times="median", lowest="min", highest="max", replicates="count").reset_index()


Times = Annotated[pd.DataFrame, Columns("rows columns batch kernel density times")]
Fit = Callable[[Sequence[float], Sequence[float]], Law]


@typed
def laws(middle: Times, fit: Fit = fit_law) -> pd.DataFrame:
    """For each batch and kernel the law of all sizes but 512 x 512, and how well it predicts that size.

    c and e are fitted at the densities from 5 to 50 %. `predicted` and `measured` are the density at which sparse is
    as fast as dense at the size that was not fitted (infinity: faster up to 90 %, and 0: slower down to 1 %). `off` is
    the largest relative error of a predicted time at the fitted densities and 30 %, and `below` the error at 1 %.
    """
    found = []
    new = (middle["rows"] == HELD_OUT[0]) & (middle["columns"] == HELD_OUT[1])
    sparse = middle[middle["kernel"].isin(SPARSE)]
    for (batch, kernel), rows in sparse.groupby(["batch", "kernel"], sort=False):
        seen, unseen = (rows[chosen[rows.index]] for chosen in (~new & middle["density"].isin(FITTED), new))
        c, e = fit(seen["density"].tolist(), (1 / seen["times"]).tolist())
        off = (c + unseen["density"] / e) * unseen["times"] - 1
        inside = unseen["density"].between(FITTED[-1], FITTED[0])
        row = {"batch": batch, "kernel": kernel, "c": c, "e": e, "predicted": break_even(c, e)}
        row |= {"measured": measured_break_even(unseen["density"].tolist(), unseen["times"].tolist())}
        found.append(
            row
            | {
                "off": off[inside].abs().max(),
                "below": float(off[unseen["density"] == unseen["density"].min()].iloc[0]),
            }
        )
    return pd.DataFrame(found)


@typed
def print_laws(found: Annotated[pd.DataFrame, Columns("batch kernel c e predicted measured off below")]) -> None:
    """Print the table of `laws`, a line for each batch and kernel.

    >>> row = {"batch": 1, "kernel": "a", "c": 0.1, "e": 0.5, "predicted": 0.45, "measured": 0.4, "off": 0.2}
    >>> print_laws(pd.DataFrame([row | {"below": -0.3}]))
    inputs  kernel              c     e  break-even: predicted  found  error, 5 to 50 %  at 1 %
         1  a               0.100  0.50                   45 %   40 %              20 %   -30 %
    """
    print("inputs  kernel              c     e  break-even: predicted  found  error, 5 to 50 %  at 1 %")
    row: Any
    for row in found.itertuples():
        even = f"{100 * row.predicted:20.0f} % {100 * row.measured:4.0f} %"
        law = f"{row.batch:6d}  {row.kernel:14s}{row.c:7.3f} {row.e:5.2f}"
        print(f"{law} {even} {100 * row.off:15.0f} %  {100 * row.below:+4.0f} %")
