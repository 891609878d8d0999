"""Compiled inner loops of the solvers, where numba is installed; `lthedu.proof.solvers` has the same in numpy.

The hash is bit for bit what numpy computes: the same float32 operations in the same order, none of them fused.
"""

import numpy as np

from lthedu.base.compiled import AVAILABLE as AVAILABLE
from lthedu.base.compiled import compiled

NARROW = np.float32(1e-30)  # sums that lie closer together share one bucket; dividing by less could overflow


@compiled
def partial_sums(numbers, sums):  # type: ignore[no-untyped-def]
    """`sums[k]`: the sum of the numbers where bit i of k is 1, built by doubling."""
    sums[0] = 0
    many = 1
    for x in numbers:
        for k in range(many):
            sums[many + k] = sums[k] + x
        many *= 2


@compiled
def hashed_row(numbers, target, left, right, table):  # type: ignore[no-untyped-def]
    """The bits of the choice that the lossy hash finds, half by half (float32); the last three are room to work in."""
    half, buckets = len(numbers) // 2, len(table)
    partial_sums(numbers[:half], left)
    partial_sums(numbers[half:], right)
    low = high = np.float32(0)  # of the left sums, bit for bit: rounding changes no order
    for x in numbers[:half]:
        if x < 0:
            low += x
        else:
            high += x
    scale = np.float32(buckets) / (high - low) if high - low > NARROW else np.float32(0)
    table[:] = 0  # an empty bucket answers with the empty set
    for a in left:
        table[min(buckets - 1, int((a - low) * scale))] = a  # the last one stays
    best, choice = np.float32(np.inf), 0
    for j in range(len(right)):
        wanted = target - right[j]
        place = (wanted - low) * scale
        bucket = 0 if place < 0 else buckets - 1 if place >= buckets else int(place)
        error = abs(table[bucket] - wanted)
        if error < best:
            best, choice = error, j
    wanted = target - right[choice]
    place = (wanted - low) * scale
    bucket = 0 if place < 0 else buckets - 1 if place >= buckets else int(place)
    i = len(left) - 1
    while left[i] != table[bucket]:
        i -= 1
    return i, choice


@compiled
def hashed(numbers, targets, lefts, rights):  # type: ignore[no-untyped-def]
    """Into `lefts` and `rights`: the bits of the choice that the lossy hash finds, row by row (float32)."""
    rows, n = numbers.shape
    half = n // 2
    left, right = np.empty(1 << half, np.float32), np.empty(1 << (n - half), np.float32)
    table = np.empty(2 << half, np.float32)
    for row in range(rows):
        lefts[row], rights[row] = hashed_row(numbers[row], targets[row], left, right, table)


@compiled
def climbed(numbers, targets, eta, rungs, keep, errors):  # type: ignore[no-untyped-def]
    """Into `keep` and `errors` (float64), row by row: the hash's choice among the first few numbers, then among more.

    A row is left at the first of the `rungs` that brings it within `eta`; what is no better than before is not taken.
    """
    n = numbers.shape[1]
    few = np.empty(n, np.float32)
    left, right = np.empty(1 << n // 2, np.float32), np.empty(1 << (n - n // 2), np.float32)
    table = np.empty(2 << n // 2, np.float32)
    for row in range(len(targets)):
        for k in range(n):
            few[k] = numbers[row, k]
        for rung in rungs:
            if errors[row] <= eta:
                break
            half = rung // 2
            i, j = hashed_row(
                few[:rung], np.float32(targets[row]), left[: 1 << half], right[: 1 << (rung - half)], table[: 2 << half]
            )
            bits, total = i | j << half, 0.0
            for k in range(rung):
                total += numbers[row, k] * (bits >> k & 1)
            if abs(total - targets[row]) < errors[row]:
                errors[row] = abs(total - targets[row])
                for k in range(n):  # a zero changes no sum: what pads a row is not kept
                    keep[row, k] = k < rung and bits >> k & 1 and numbers[row, k] != 0


@compiled
def sorted_sums(numbers, sums, choices):  # type: ignore[no-untyped-def]
    """`sums` of all subsets in increasing order and the bits of each, by merging with their own shift."""
    sums[0], choices[0] = 0, 0
    many = 1
    old, bits = np.empty_like(sums), np.empty_like(choices)
    for i in range(len(numbers)):
        x = numbers[i]
        for k in range(many):  # not slice by slice: see `sparse_kernels`
            old[k], bits[k] = sums[k], choices[k]
        without, with_x = 0, 0
        for k in range(2 * many):
            if with_x == many or (without < many and old[without] <= old[with_x] + x):
                sums[k], choices[k] = old[without], bits[without]
                without += 1
            else:
                sums[k], choices[k] = old[with_x] + x, bits[with_x] | (1 << i)
                with_x += 1
        many *= 2


@compiled
def exact(numbers, targets, lefts, rights):  # type: ignore[no-untyped-def]
    """Into `lefts` and `rights`: the bits of a best choice, row by row (float64): two sorted lists, two fingers."""
    rows, n = numbers.shape
    half = n // 2
    left, right = np.empty(1 << half), np.empty(1 << (n - half))
    left_bits, right_bits = np.empty(1 << half, np.int64), np.empty(1 << (n - half), np.int64)
    for row in range(rows):
        sorted_sums(numbers[row, :half], left, left_bits)
        sorted_sums(numbers[row, half:], right, right_bits)
        best = np.inf
        i, j = 0, len(right) - 1
        while i < len(left) and j >= 0:
            excess = left[i] + right[j] - targets[row]
            if abs(excess) < best:
                best = abs(excess)
                lefts[row], rights[row] = left_bits[i], right_bits[j]
            if excess > 0:
                j -= 1
            else:
                i += 1


@compiled
def closer(sums, more, target, best):  # type: ignore[no-untyped-def]
    """How close sums + more come to the target, and which one first; `best` and -1 where none comes closer than that.

    The first loop asks only whether there is one: it runs over vectors, and the second one is seldom needed.
    """
    there, place = False, -1
    for q in range(len(sums)):
        there |= abs(sums[q] + more - target) < best
    if there:
        for q in range(len(sums)):
            if abs(sums[q] + more - target) < best:
                best, place = abs(sums[q] + more - target), q
    return best, place


@compiled
def fewest(numbers, targets, eta, keep, errors):  # type: ignore[no-untyped-def]
    """Into `keep` and `errors` (float64): of one, two or three numbers the closest, of the first size within `eta`."""
    rows, n = numbers.shape
    pairs = np.empty(n * (n - 1) // 2)  # x_0 + x_1, x_0 + x_2, x_1 + x_2, ...: those below k come first
    for row in range(rows):
        if errors[row] <= eta:
            continue
        x, target = numbers[row], targets[row]
        pair = third = -1
        best, first = closer(x, 0.0, target, 2 * eta)  # what is further off than eta is of no use
        if best > eta:
            q = 0
            for j in range(n):
                for i in range(j):
                    pairs[q] = x[i] + x[j]
                    q += 1
            best, pair = closer(pairs, 0.0, target, 2 * eta)
        if best > eta:
            best = 2 * eta
            for k in range(2, n):
                best, found = closer(pairs[: k * (k - 1) // 2], x[k], target, best)
                if found >= 0:
                    pair, third = found, k
        if best <= eta:
            errors[row] = best
            if pair >= 0:
                second = 1
                while second * (second + 1) // 2 <= pair:
                    second += 1
                first = pair - second * (second - 1) // 2
                keep[row, second] = True
            keep[row, first] = True
            if third >= 0:
                keep[row, third] = True
