"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from answers import right, told
from torch import Tensor

from lthedu.pruning import drop, drop_and_grow, share_out

# share_out


@right("share_out")
def by_recursion(total: int, wants: Sequence[float], room: Sequence[int]) -> Any:
    exact = [Fraction(w) for w in wants]
    if not any(exact):
        return [0] * len(exact)
    shares = [total * w / sum(exact) for w in exact]
    full = [i for i, s in enumerate(shares) if s > room[i]]
    if full:
        rest = [0 if i in full else w for i, w in enumerate(wants)]
        found = by_recursion(total - sum(room[i] for i in full), rest, room)
        return [room[i] if i in full else found[i] for i in range(len(wants))]
    found = [math.floor(s) for s in shares]
    for i in sorted(range(len(shares)), key=lambda i: found[i] - shares[i])[: total - sum(found)]:
        found[i] += 1
    return found


@right("share_out")
def with_arrays(total: int, wants: Sequence[float], room: Sequence[int]) -> Any:
    want, most = np.array(wants, float), np.array(room)
    found, left, free = np.zeros(len(want)), total, want > 0
    while free.any():
        share = left * want / want[free].sum()
        full = free & (share > most)
        if not full.any():
            found[free] = share[free]
            break
        found[full] = most[full]
        left -= most[full].sum()
        free &= ~full
    down = np.floor(found + 1e-9).astype(int)
    order = np.argsort(-np.round(found - down, 9), kind="stable")
    down[order[: total - down.sum()]] += 1
    return down


@told("share_out", "expected one whole number for each place")
def one_number(total: int, wants: Sequence[float], room: Sequence[int]) -> Any:
    return total


@told("share_out", "expected whole numbers")
def fractions_of_a_weight(total: int, wants: Sequence[float], room: Sequence[int]) -> Any:
    return [total * w / sum(wants) + 0.25 for w in wants]


@told("share_out", "they add up, and some place has too many and another too few")
def backwards(total: int, wants: Sequence[float], room: Sequence[int]) -> Any:
    found = share_out(total, wants, room)
    if len(found) == 3 and found[0] and found[1] < room[1]:
        found[0] -= 1
        found[1] += 1
    return found


# drop_and_grow


@right("drop_and_grow")
def with_lists(weights: Tensor, mask: Tensor, scores: Tensor, count: int) -> Any:
    w, m, s = (t.flatten().tolist() for t in (weights, mask, scores))
    kept = sorted((i for i in range(len(w)) if m[i]), key=lambda i: abs(w[i]))[count:]
    free = sorted(set(range(len(w))) - set(kept), key=lambda i: -s[i])[:count]
    new = torch.zeros(len(w), dtype=torch.bool)
    new[kept + free] = True
    return new.view(mask.shape)


@right("drop_and_grow")
def with_topk(weights: Tensor, mask: Tensor, scores: Tensor, count: int) -> Any:
    new, size = mask.flatten().clone(), weights.abs().flatten()
    size[~new] = float("inf")
    new[size.topk(count, largest=False).indices] = False
    free = scores.flatten().clone()
    free[new] = -1
    new[free.topk(count).indices] = True
    return new.reshape(mask.shape)


@told("drop_and_grow", "the returned mask has dtype torch.float32; expected torch.bool")
def zeros_and_ones(weights: Tensor, mask: Tensor, scores: Tensor, count: int) -> Any:
    return drop_and_grow(weights, mask, scores, count).float()


@told("drop_and_grow", "it must keep as many")
def one_more(weights: Tensor, mask: Tensor, scores: Tensor, count: int) -> Any:
    return drop_and_grow(weights, mask, scores, count) | (scores == scores.max())


# step_cost


@right("step_cost")
def layer_by_layer(kept: Sequence[int], whole: Sequence[int] = ()) -> Any:
    total = 0
    for i, n in enumerate(kept):
        total += n + (whole[i] if whole else n)
        if i > 0:
            total += n
    return total


@right("step_cost")
def as_a_float(kept: Sequence[int], whole: Sequence[int] = ()) -> Any:
    kept = np.array(kept, float)
    return 2 * kept.sum() - kept[0] + np.sum(whole if len(whole) else kept)


@told("step_cost", "that is not the number of multiplications of one step")
def twice(kept: Sequence[int], whole: Sequence[int] = ()) -> Any:
    return 2 * sum(kept)


@told("step_cost", "expected a whole number of multiplications")
def nothing(kept: Sequence[int], whole: Sequence[int] = ()) -> Any:
    return None


# drop_by_sign


@right("drop_by_sign")
def by_sorting(weights: Tensor, mask: Tensor, count: int) -> Any:
    w, new = weights.flatten().tolist(), mask.clone().flatten()
    kept = [i for i in range(len(w)) if new[i]]
    positive = sorted((i for i in kept if w[i] > 0), key=lambda i: w[i])
    negative = sorted((i for i in kept if w[i] < 0), key=lambda i: -w[i])
    new[positive[: count - count // 2] + negative[: count // 2]] = False
    return new.view(mask.shape)


@right("drop_by_sign")
def by_infinity(weights: Tensor, mask: Tensor, count: int) -> Any:
    new = mask.clone().flatten()
    for sign, many in ((1, (count + 1) // 2), (-1, count // 2)):
        size = (sign * weights).flatten()
        size[(size <= 0) | ~mask.flatten()] = torch.inf
        new[size.argsort()[:many]] = False
    return new.view(mask.shape)


@told("drop_by_sign", "this is not `count` weights fewer")
def drops_nothing(weights: Tensor, mask: Tensor, count: int) -> Any:
    return mask


@told("drop_by_sign", "a weight of the same sign is closer to 0 than one that went")
def drops_the_strongest(weights: Tensor, mask: Tensor, count: int) -> Any:
    half, size = count // 2, weights.abs()
    strong = size.max() + 1 - size
    positive, negative = (drop(strong, mask & (sign * weights > 0), n) for sign, n in ((1, count - half), (-1, half)))
    return positive | negative


@told("drop_by_sign", "as many positive as negative weights are to go, or one more")
def most_negative_ones(weights: Tensor, mask: Tensor, count: int) -> Any:
    return drop(weights - weights.min() + 1, mask, count)
