"""Mistakes that people really make in this lesson, and what they are told."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lthedu.exercises.core import mistake
from lthedu.sparsity.clock import fit_law, is_steady
from lthedu.sparsity.csr import row_of_each, to_csr
from lthedu.sparsity.flops import kept_flops
from lthedu.sparsity.spmm import spmm, spmm_gradients

Mask = dict[str, Tensor]
Places = dict[str, int]
Call = Callable[[], object]
Timer = Callable[[], float]

# kept_flops --------------------------------------------------------------------------------------------------


@mistake("kept_flops", "this counts multiplications only; each comes with an addition, so it is twice as many")
def multiplications(mask: Mask, places: Places) -> int:
    return kept_flops(mask, places) // 2


@mistake("kept_flops", "this counts every weight of a layer; pruned ones are not multiplied")
def every_weight(mask: Mask, places: Places) -> int:
    return sum(2 * m.numel() * places[name] for name, m in mask.items())


@mistake("kept_flops", "the places are missing: a weight is multiplied again at each place of its layer")
def each_weight_once(mask: Mask, places: Places) -> int:
    return sum(2 * int(m.sum()) for m in mask.values())


@mistake("kept_flops", "this counts the pruned weights; True is kept")
def the_pruned_ones(mask: Mask, places: Places) -> int:
    return kept_flops({name: ~m for name, m in mask.items()}, places)


@mistake("kept_flops", "this takes all places times all kept weights; each layer has places of its own")
def all_places(mask: Mask, places: Places) -> int:
    return 2 * sum(int(m.sum()) for m in mask.values()) * sum(places.values())


# to_csr ------------------------------------------------------------------------------------------------------


@mistake("to_csr", "`start` holds how many non-zeros a row has; add them up, so that it says where each row begins")
def counts_in_start(matrix: Tensor) -> Any:
    start, column, value = to_csr(matrix)
    return torch.cat([start[:1], start.diff()]), column, value


@mistake("to_csr", "this goes column by column; CSR goes row by row and notes columns")
def column_by_column(matrix: Tensor) -> Any:
    _, row, value = to_csr(matrix.T)
    return to_csr(matrix)[0], row, value


@mistake("to_csr", "rows are noted in the place of columns; which row it is, `start` says already")
def rows_for_columns(matrix: Tensor) -> Any:
    start, _, value = to_csr(matrix)
    return start, row_of_each(start), value


@mistake("to_csr", "indices count from 1; in Python the first column is 0")
def from_one(matrix: Tensor) -> Any:
    start, column, value = to_csr(matrix)
    return start, column + 1, value


@mistake("to_csr", "`start` begins at 1; the first row's entries begin at place 0")
def start_from_one(matrix: Tensor) -> Any:
    start, column, value = to_csr(matrix)
    return start + 1, column, value


@mistake("to_csr", "negative values lost their sign")
def without_signs(matrix: Tensor) -> Any:
    start, column, value = to_csr(matrix)
    return start, column, value.abs()


@mistake("to_csr", "`start` holds the row of each non-zero; for each row it says at which entry the row begins")
def row_of_each_in_start(matrix: Tensor) -> Any:
    start, column, value = to_csr(matrix)
    return row_of_each(start), column, value


# spmm --------------------------------------------------------------------------------------------------------


def _entries(start: Tensor, column: Tensor, value: Tensor) -> list[tuple[int, int, float]]:
    return list(zip(row_of_each(start).tolist(), column.tolist(), value.tolist(), strict=True))


@mistake("spmm", "each entry replaces the one before it; add to the row with +=")
def replaces(start: Tensor, column: Tensor, value: Tensor, x: Tensor) -> Any:
    z = torch.zeros(len(start) - 1, x.shape[1])
    for r, c, v in _entries(start, column, value):
        z[r] = v * x[c]
    return z


@mistake("spmm", "the values are missing: a row of x is multiplied by value[k] before it is added")
def without_values(start: Tensor, column: Tensor, value: Tensor, x: Tensor) -> Any:
    return spmm(start, column, torch.ones_like(value), x)


@mistake("spmm", "each row misses its last entry; the entries of row r go up to start[r + 1] - 1, which range includes")
def last_entry_missing(start: Tensor, column: Tensor, value: Tensor, x: Tensor) -> Any:
    value = value.clone()
    for begin, end in zip(start[:-1].tolist(), start[1:].tolist(), strict=True):
        value[max(begin, end - 1) : end] = 0
    return spmm(start, column, value, x)


@mistake("spmm", "it reads row r of x; entry k reads the row column[k]")
def reads_row_r(start: Tensor, column: Tensor, value: Tensor, x: Tensor) -> Any:
    return spmm(start, row_of_each(start), value, x)


@mistake("spmm", "only the first input of the batch is multiplied; a row of x holds one number for each input")
def first_input(start: Tensor, column: Tensor, value: Tensor, x: Tensor) -> Any:
    return spmm(start, column, value, x * (torch.arange(x.shape[1]) == 0))


# speed_up ----------------------------------------------------------------------------------------------------


def _times(dense: Call, sparse: Call, windows: int, timer: Timer) -> tuple[list[float], list[float]]:
    found: tuple[list[float], list[float]] = ([], [])
    dense()
    sparse()
    for _ in range(windows):
        for call, times in zip((dense, sparse), found, strict=True):
            begun = timer()
            call()
            times.append(timer() - begun)
    return found


def _ratios(dense: Sequence[float], sparse: Sequence[float]) -> list[float]:
    return [d / s for d, s in zip(dense, sparse, strict=True)]


@mistake("speed_up", "the first call of each is timed as well; it may compile, so make one call before the windows")
def without_warming_up(dense: Call, sparse: Call, windows: int = 5, timer: Timer = time.perf_counter) -> Any:
    times: list[list[float]] = [[], []]
    for _ in range(windows):
        for call, found in zip((dense, sparse), times, strict=True):
            begun = timer()
            call()
            found.append(timer() - begun)
    return statistics.median(_ratios(*times)) if is_steady(times[0]) else None


@mistake(
    "speed_up", "all dense calls come before all sparse ones; if the machine gets busier in between, one pays for it"
)
def one_after_the_other(dense: Call, sparse: Call, windows: int = 5, timer: Timer = time.perf_counter) -> Any:
    dense()
    sparse()
    times: list[list[float]] = [[], []]
    for call, found in zip((dense, sparse), times, strict=True):
        for _ in range(windows):
            begun = timer()
            call()
            found.append(timer() - begun)
    return statistics.median(_ratios(*times)) if is_steady(times[0]) else None


@mistake("speed_up", "it gives a number even where dense moved by more than 20 %; return None there")
def never_refuses(dense: Call, sparse: Call, windows: int = 5, timer: Timer = time.perf_counter) -> Any:
    return statistics.median(_ratios(*_times(dense, sparse, windows, timer)))


@mistake("speed_up", "it refuses where *sparse* moved; dense is the yardstick, and its times decide")
def refuses_by_sparse(dense: Call, sparse: Call, windows: int = 5, timer: Timer = time.perf_counter) -> Any:
    times = _times(dense, sparse, windows, timer)
    return statistics.median(_ratios(*times)) if is_steady(times[1]) else None


@mistake("speed_up", "this is upside down: how many times faster sparse is, is the dense time over the sparse time")
def upside_down(dense: Call, sparse: Call, windows: int = 5, timer: Timer = time.perf_counter) -> Any:
    times = _times(dense, sparse, windows, timer)
    return statistics.median(_ratios(times[1], times[0])) if is_steady(times[0]) else None


@mistake("speed_up", "this is the mean of the ratios; one window that was disturbed pulls it away, so take the median")
def by_the_mean(dense: Call, sparse: Call, windows: int = 5, timer: Timer = time.perf_counter) -> Any:
    times = _times(dense, sparse, windows, timer)
    return statistics.mean(_ratios(*times)) if is_steady(times[0]) else None


@mistake("speed_up", "this divides the shortest times, which can come from different windows; take each window's ratio")
def shortest_times(dense: Call, sparse: Call, windows: int = 5, timer: Timer = time.perf_counter) -> Any:
    times = _times(dense, sparse, windows, timer)
    return min(times[0]) / min(times[1]) if is_steady(times[0]) else None


@mistake("speed_up", "the 20 % are those of the fastest window of dense, and not of the mean")
def near_the_mean(dense: Call, sparse: Call, windows: int = 5, timer: Timer = time.perf_counter) -> Any:
    times = _times(dense, sparse, windows, timer)
    return statistics.median(_ratios(*times)) if max(times[0]) <= 1.2 * statistics.mean(times[0]) else None


@mistake("speed_up", "the 20 % are those of the fastest window of dense, and not of the slowest")
def near_the_slowest(dense: Call, sparse: Call, windows: int = 5, timer: Timer = time.perf_counter) -> Any:
    times = _times(dense, sparse, windows, timer)
    moved = max(times[0]) - min(times[0]) > 0.2 * max(times[0])
    return None if moved else statistics.median(_ratios(*times))


@mistake("speed_up", "this divides the two medians, which can come from different windows; take each window's ratio")
def ratio_of_medians(dense: Call, sparse: Call, windows: int = 5, timer: Timer = time.perf_counter) -> Any:
    times = _times(dense, sparse, windows, timer)
    return statistics.median(times[0]) / statistics.median(times[1]) if is_steady(times[0]) else None


# fit_law -----------------------------------------------------------------------------------------------------


@mistake("fit_law", "this is 1/e; the law is ratio = c + density / e, so e is one over the slope")
def slope_for_e(density: Sequence[float], ratio: Sequence[float]) -> Any:
    c, e = fit_law(density, ratio)
    return c, 1 / e


@mistake("fit_law", "c and e are exchanged; return c first")
def exchanged(density: Sequence[float], ratio: Sequence[float]) -> Any:
    c, e = fit_law(density, ratio)
    return e, c


@mistake(
    "fit_law", "this makes absolute errors small, so the short times hardly count; divide each equation by its ratio"
)
def absolute_errors(density: Sequence[float], ratio: Sequence[float]) -> Any:
    slope, c = np.polyfit(density, ratio, 1)
    return c, 1 / slope


@mistake("fit_law", "this fits the speed-up, 1 over the ratio; the law is for sparse time over dense time")
def fits_the_speed_up(density: Sequence[float], ratio: Sequence[float]) -> Any:
    return fit_law(density, [1 / r for r in ratio])


@mistake("fit_law", "this uses the sparsity, 1 - density; the time grows with what is kept")
def by_sparsity(density: Sequence[float], ratio: Sequence[float]) -> Any:
    return fit_law([1 - d for d in density], ratio)


@mistake("fit_law", "this is the law without c, which is the overhead that stays however few weights are kept")
def without_overhead(density: Sequence[float], ratio: Sequence[float]) -> Any:
    share = np.asarray(density) / np.asarray(ratio)
    return 0.0, float(share @ share / share.sum())


# spmm_gradients ----------------------------------------------------------------------------------------------


@mistake("spmm_gradients", "the gradient of a value is averaged over the batch; it is the sum")
def averaged(start: Tensor, column: Tensor, value: Tensor, x: Tensor, above: Tensor) -> Any:
    slope, back = spmm_gradients(start, column, value, x, above)
    return slope / x.shape[1], back


@mistake("spmm_gradients", "a row of x keeps only what its last reader gave back; add up over all that read it with +=")
def last_reader_only(start: Tensor, column: Tensor, value: Tensor, x: Tensor, above: Tensor) -> Any:
    slope, back = spmm_gradients(start, column, value, x, above)
    for r, c, v in _entries(start, column, value):
        back[c] = v * above[r]
    return slope, back


@mistake("spmm_gradients", "the gradient for x lacks the weights: each gives back value[k] times what came from above")
def without_weights(start: Tensor, column: Tensor, value: Tensor, x: Tensor, above: Tensor) -> Any:
    slope, _ = spmm_gradients(start, column, value, x, above)
    return slope, spmm_gradients(start, column, torch.ones_like(value), x, above)[1]


@mistake(
    "spmm_gradients", "the gradient of a value holds the value itself as a factor; it is what x brought, times above"
)
def times_the_value(start: Tensor, column: Tensor, value: Tensor, x: Tensor, above: Tensor) -> Any:
    slope, back = spmm_gradients(start, column, value, x, above)
    return slope * value, back
