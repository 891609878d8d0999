"""Other right answers to this lesson's exercises, and wrong ones that no mistake of the course describes."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.optimize
import scipy.sparse
import torch
from answers import right, told
from torch import Tensor

from lthedu.sparsity import kept_flops, spmm, spmm_gradients, to_csr

Mask, Places = dict[str, Tensor], dict[str, int]
Call, Timer = Callable[[], object], Callable[[], float]

# kept_flops


@right("kept_flops")
def weight_by_weight(mask: Mask, places: Places) -> Any:
    total = 0
    for name, kept in mask.items():
        for one in kept.flatten().tolist():
            total += 2 * places[name] if one else 0
    return total


@right("kept_flops")
def as_a_tensor(mask: Mask, places: Places) -> Any:
    return torch.stack([m.float().sum() * 2 * places[name] for name, m in mask.items()]).sum()


@told("kept_flops", "that is not 2 for each kept weight at each place")
def one_more(mask: Mask, places: Places) -> Any:
    return kept_flops(mask, places) + 1


@told("kept_flops", "expected a whole number of operations")
def by_layer(mask: Mask, places: Places) -> Any:
    return [2 * int(m.sum()) * places[name] for name, m in mask.items()]


# to_csr


@right("to_csr")
def row_by_row(matrix: Tensor) -> Any:
    start, column, value = [0], [], []
    for row in matrix.tolist():
        for c, v in enumerate(row):
            if v != 0:
                column.append(c)
                value.append(v)
        start.append(len(value))
    return start, column, value


@right("to_csr")
def by_scipy(matrix: Tensor) -> Any:
    found = scipy.sparse.csr_array(matrix.numpy())
    return [found.indptr, found.indices, found.data]


@right("to_csr")
def by_torch(matrix: Tensor) -> Any:
    found = matrix.to_sparse_csr()
    return found.crow_indices(), found.col_indices(), found.values()


@told("to_csr", "start has 2 entries; expected 3")
def without_the_last(matrix: Tensor) -> Any:
    start, column, value = to_csr(matrix)
    return start[:-1], column, value


@told("to_csr", "column has 6 entries; expected 3")
def all_columns(matrix: Tensor) -> Any:
    start, _, value = to_csr(matrix)
    return start, torch.arange(matrix.shape[1]).repeat(len(matrix)), value


@told("to_csr", "that is not the matrix in compressed sparse rows")
def from_right_to_left(matrix: Tensor) -> Any:
    start, column, value = to_csr(matrix.flip(1))
    return start, matrix.shape[1] - 1 - column, value


@told("to_csr", "expected three arrays: start, column, value")
def as_pairs(matrix: Tensor) -> Any:
    start, column, value = to_csr(matrix)
    return start, list(zip(column, value, strict=True))


@told("to_csr", "start or column holds numbers that are not whole")
def halves(matrix: Tensor) -> Any:
    start, column, value = to_csr(matrix)
    return start, column + 0.5, value


# spmm


@right("spmm")
def number_by_number(start: Tensor, column: Tensor, value: Tensor, x: Tensor) -> Any:
    z = [[0.0] * x.shape[1] for _ in range(len(start) - 1)]
    for r, row in enumerate(z):
        for k in range(int(start[r]), int(start[r + 1])):
            for b in range(x.shape[1]):
                row[b] += float(value[k]) * float(x[column[k], b])
    return z


@right("spmm")
def by_a_dense_matrix(start: Tensor, column: Tensor, value: Tensor, x: Tensor) -> Any:
    arrays = (value.numpy(), column.numpy(), start.numpy())
    return scipy.sparse.csr_array(arrays, shape=(len(start) - 1, len(x))) @ x.numpy()


@right("spmm")
def by_rows(start: Tensor, column: Tensor, value: Tensor, x: Tensor) -> Any:
    ends = zip(start[:-1].tolist(), start[1:].tolist(), strict=True)
    return torch.stack([value[a:b] @ x[column[a:b].long()] for a, b in ends])


@told("spmm", "that is not the product of the matrix with x")
def turned_round(start: Tensor, column: Tensor, value: Tensor, x: Tensor) -> Any:
    return spmm(start, column, value, x).T


@told("spmm", "that is not the product of the matrix with x")
def twice(start: Tensor, column: Tensor, value: Tensor, x: Tensor) -> Any:
    return 2 * spmm(start, column, value, x)


# speed_up


@right("speed_up")
def with_pairs(dense: Call, sparse: Call, windows: int = 5, timer: Timer = time.perf_counter) -> Any:
    def seconds(call: Call) -> float:
        begun = timer()
        call()
        return timer() - begun

    dense(), sparse()
    pairs = np.array([(seconds(dense), seconds(sparse)) for _ in range(windows)])
    if pairs[:, 0].max() / pairs[:, 0].min() > 1.2:
        return None
    return np.median(pairs[:, 0] / pairs[:, 1])


@right("speed_up")
def with_sorting(dense: Call, sparse: Call, windows: int = 5, timer: Timer = time.perf_counter) -> Any:
    dense()
    sparse()
    stamps = []
    for _ in range(windows):
        stamps.append([timer(), dense(), timer(), sparse(), timer()])
    first = sorted(s[2] - s[0] for s in stamps)
    answer = torch.tensor(statistics.median([(s[2] - s[0]) / (s[4] - s[2]) for s in stamps]))
    return None if first[-1] > 1.2 * first[0] else answer


@told("speed_up", "that is not the median of the windows' ratios, or None where dense moved by more than 20 %")
def always_none(dense: Call, sparse: Call, windows: int = 5, timer: Timer = time.perf_counter) -> Any:
    dense()
    sparse()


@told("speed_up", "expected one number, or None where dense moved")
def all_ratios(dense: Call, sparse: Call, windows: int = 5, timer: Timer = time.perf_counter) -> Any:
    return [1.0] * (windows + 1)


# fit_law


@right("fit_law")
def by_a_search(density: Sequence[float], ratio: Sequence[float]) -> Any:
    d, r = np.array(density), np.array(ratio)
    c, slope = scipy.optimize.least_squares(lambda p: (p[0] + p[1] * d) / r - 1, (0.0, 1.0), xtol=1e-15, gtol=1e-15).x
    return np.array([c, 1 / slope])


@right("fit_law")
def by_weights(density: Sequence[float], ratio: Sequence[float]) -> Any:
    slope, c = np.polyfit(density, ratio, 1, w=1 / np.array(ratio))
    return c, 1 / slope


@told("fit_law", "expected two numbers: c and e")
def only_e(density: Sequence[float], ratio: Sequence[float]) -> Any:
    return 0.25


@told("fit_law", "those are not c and e of least squares of the relative error")
def from_the_ends(density: Sequence[float], ratio: Sequence[float]) -> Any:
    (d, r), *_, (p, q) = sorted(zip(density, ratio, strict=True))
    slope = (q - r) / (p - d)
    return r - 1.1 * slope * d, 1 / slope


# spmm_gradients


@right("spmm_gradients")
def by_autograd(start: Tensor, column: Tensor, value: Tensor, x: Tensor, above: Tensor) -> Any:
    value, x = value.clone().requires_grad_(), x.clone().requires_grad_()
    row = torch.repeat_interleave(torch.arange(len(start) - 1), start.long().diff())
    made = torch.zeros_like(above).index_add(0, row, value[:, None] * x[column.long()])
    return torch.autograd.grad(made, (value, x), above)


@right("spmm_gradients")
def entry_by_entry(start: Tensor, column: Tensor, value: Tensor, x: Tensor, above: Tensor) -> Any:
    slope, back = [], np.zeros(tuple(x.shape))
    for r in range(len(start) - 1):
        for k in range(int(start[r]), int(start[r + 1])):
            slope.append(float(above[r] @ x[column[k]]))
            back[int(column[k])] += float(value[k]) * above[r].numpy()
    return slope, back


@told("spmm_gradients", "expected two gradients: for the values and for x")
def for_the_values_alone(start: Tensor, column: Tensor, value: Tensor, x: Tensor, above: Tensor) -> Any:
    return (spmm_gradients(start, column, value, x, above)[0],)


@told("spmm_gradients", "the gradient for the values has shape (2, 3); expected (3,)")
def of_all_places(start: Tensor, column: Tensor, value: Tensor, x: Tensor, above: Tensor) -> Any:
    return above @ x.T, spmm_gradients(start, column, value, x, above)[1]


@told("spmm_gradients", "those are not the gradients for the values and for x")
def with_the_other_sign(start: Tensor, column: Tensor, value: Tensor, x: Tensor, above: Tensor) -> Any:
    slope, back = spmm_gradients(start, column, value, x, above)
    return -slope, -back


@told("spmm_gradients", "the gradient for the values has shape (3, 2); expected (3,)")
def exchanged(start: Tensor, column: Tensor, value: Tensor, x: Tensor, above: Tensor) -> Any:
    slope, back = spmm_gradients(start, column, value, x, above)
    return back, slope
