"""Mistakes that people really make in this lesson, and what they are told."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lthedu.exercises.core import mistake
from lthedu.lessons.sparse_from_the_start.exercises import as_published
from lthedu.pruning import drop, drop_and_grow, grow, share_out

# share_out --------------------------------------------------------------------------------------------------------


def _shares(total: int, wants: Sequence[float]) -> list[float]:
    return [total * want / sum(wants) for want in wants]


@mistake("share_out", "each share is rounded by itself, so they need not add up to the total")
def each_rounded(total: int, wants: Sequence[float], room: Sequence[int]) -> Any:
    return [min(round(share), r) for share, r in zip(_shares(total, wants), room, strict=True)]


@mistake("share_out", "every share is rounded down, and what is left goes to nobody")
def all_rounded_down(total: int, wants: Sequence[float], room: Sequence[int]) -> Any:
    return [math.floor(share + 1e-9) for share in _water(total, wants, room)]


@mistake("share_out", "`room` is not looked at: a place gets more than fits")
def without_room(total: int, wants: Sequence[float], room: Sequence[int]) -> Any:
    return share_out(total, wants, [total + 1] * len(wants))


@mistake("share_out", "what does not fit into a full place is lost; share it out among the others")
def cut_off_at_the_room(total: int, wants: Sequence[float], room: Sequence[int]) -> Any:
    return [min(s, r) for s, r in zip(share_out(total, wants, [total + 1] * len(wants)), room, strict=True)]


@mistake("share_out", "what is left after rounding down goes to the first places; it goes to the largest fractions")
def rest_to_the_first(total: int, wants: Sequence[float], room: Sequence[int]) -> Any:
    found = [math.floor(share + 1e-9) for share in _water(total, wants, room)]
    for i in range(len(found)):
        if sum(found) < total and found[i] < room[i] and wants[i]:
            found[i] += 1
    return found


@mistake("share_out", "what is left after rounding down all goes to one place; one each, to the largest fractions")
def rest_to_one(total: int, wants: Sequence[float], room: Sequence[int]) -> Any:
    shares = _water(total, wants, room)
    found = [math.floor(share + 1e-9) for share in shares]
    best = max(range(len(found)), key=lambda i: shares[i] - found[i])
    found[best] += total - sum(found)
    return found


@mistake("share_out", "what is left goes to the largest wants; it goes to the largest fractions of a share")
def rest_to_the_largest_wants(total: int, wants: Sequence[float], room: Sequence[int]) -> Any:
    found = [math.floor(share + 1e-9) for share in _water(total, wants, room)]
    for i in sorted(range(len(wants)), key=lambda i: -wants[i]):
        if sum(found) < total and found[i] < room[i] and wants[i]:
            found[i] += 1
    return found


@mistake("share_out", "everybody gets the same; shares are in proportion to `wants`")
def equal_shares(total: int, wants: Sequence[float], room: Sequence[int]) -> Any:
    return share_out(total, [float(want > 0) for want in wants], room)


@mistake("share_out", "shares are in proportion to `room`; they are to be in proportion to `wants`")
def by_room(total: int, wants: Sequence[float], room: Sequence[int]) -> Any:
    return share_out(total, [float(r) for r in room], room)


def _water(total: int, wants: Sequence[float], room: Sequence[int]) -> list[float]:
    """The shares before they are rounded."""
    fine = 2**20
    return [s / fine for s in share_out(total * fine, wants, [r * fine for r in room])]


# drop_and_grow ----------------------------------------------------------------------------------------------------


@mistake("drop_and_grow", "it drops the most negative weights; the smallest ones are those closest to 0")
def drops_the_most_negative(weights: Tensor, mask: Tensor, scores: Tensor, count: int) -> Any:
    return drop_and_grow(weights - weights.min() + 1, mask, scores, count)


@mistake("drop_and_grow", "the largest weights are dropped; drop the smallest ones")
def drops_the_largest(weights: Tensor, mask: Tensor, scores: Tensor, count: int) -> Any:
    return drop_and_grow(-weights.abs() + weights.abs().max() + 1, mask, scores, count)


@mistake("drop_and_grow", "the smallest scores are grown; grow the largest ones")
def grows_the_smallest(weights: Tensor, mask: Tensor, scores: Tensor, count: int) -> Any:
    return drop_and_grow(weights, mask, -scores, count)


@mistake("drop_and_grow", "a weight that was just dropped may be grown again; here only old pruned ones are grown")
def dropped_ones_cannot_return(weights: Tensor, mask: Tensor, scores: Tensor, count: int) -> Any:
    kept = drop(weights, mask, count)
    new = kept.clone().flatten()
    order = scores.masked_fill(mask, -torch.inf).flatten().argsort(descending=True)
    new[order[: min(count, int((~mask).sum()))]] = True
    return new.view(mask.shape)


@mistake("drop_and_grow", "weights that are there already are grown, so that the number of weights falls")
def grows_what_is_there(weights: Tensor, mask: Tensor, scores: Tensor, count: int) -> Any:
    new = drop(weights, mask, count).flatten()
    new[scores.flatten().argsort(descending=True)[:count]] = True
    return new.view(mask.shape)


@mistake("drop_and_grow", "it only drops; then grow as many")
def only_drops(weights: Tensor, mask: Tensor, scores: Tensor, count: int) -> Any:
    return drop(weights, mask, count)


@mistake("drop_and_grow", "nothing is dropped: it only grows, or pruned weights, being 0, count among the smallest")
def only_grows(weights: Tensor, mask: Tensor, scores: Tensor, count: int) -> Any:
    return grow(mask, scores, min(count, int((~mask).sum())))


# step_cost --------------------------------------------------------------------------------------------------------

Counts = Sequence[int]


@mistake("step_cost", "three for every layer, and `whole` is not looked at; the images need no gradient")
def three_times_kept(kept: Counts, whole: Counts = ()) -> Any:
    return 3 * sum(kept)


@mistake("step_cost", "with `whole`, the gradient of the inputs is computed with all weights; the kept ones are enough")
def inputs_from_whole(kept: Counts, whole: Counts = ()) -> Any:
    return sum(kept) + sum(whole or kept) + sum((whole or kept)[1:])


@mistake("step_cost", "the first layer's inputs are the images and need no gradient: two multiplications, not three")
def three_for_every_layer(kept: Counts, whole: Counts = ()) -> Any:
    return 2 * sum(kept) + sum(whole or kept)


@mistake("step_cost", "here the last layer has two multiplications; it is the first one whose inputs need no gradient")
def last_layer_without(kept: Counts, whole: Counts = ()) -> Any:
    return sum(kept) + sum(whole or kept) + sum(kept[:-1])


@mistake("step_cost", "`whole` is not looked at: the gradient of all weights costs more than that of the kept ones")
def without_the_dense_gradient(kept: Counts, whole: Counts = ()) -> Any:
    return 2 * sum(kept) + sum(kept[1:])


@mistake("step_cost", "with `whole`, everything is computed with all weights; only the weights' gradient is")
def everything_whole(kept: Counts, whole: Counts = ()) -> Any:
    every = whole or kept
    return 2 * sum(every) + sum(every[1:])


@mistake("step_cost", "this is the way forward alone; the way back has two products more")
def forward_alone(kept: Counts, whole: Counts = ()) -> Any:
    return sum(kept)


@mistake("step_cost", "the gradient of the weights is missing")
def without_gradients(kept: Counts, whole: Counts = ()) -> Any:
    return sum(kept) + sum(kept[1:])


@mistake("step_cost", "the dense gradient is added to that of the kept weights, which is part of it")
def gradient_counted_twice(kept: Counts, whole: Counts = ()) -> Any:
    return 2 * sum(kept) + sum(whole) + sum(kept[1:])


# drop_by_sign -----------------------------------------------------------------------------------------------------


@mistake("drop_by_sign", "this is the published rule, bug and all: the most negative weights are far from 0")
def the_bug(weights: Tensor, mask: Tensor, count: int) -> Any:
    return as_published(weights, mask, count)


@mistake("drop_by_sign", "the signs are not told apart; as many positive as negative weights are to go")
def by_absolute_value(weights: Tensor, mask: Tensor, count: int) -> Any:
    return drop(weights, mask, count)


@mistake("drop_by_sign", "if `count` is odd, one more positive weight goes than negative ones")
def one_more_negative(weights: Tensor, mask: Tensor, count: int) -> Any:
    half = count // 2
    return drop(weights, mask & (weights > 0), half) | drop(weights, mask & (weights < 0), count - half)


@mistake("drop_by_sign", "only positive weights go; half of them are to be negative")
def positive_alone(weights: Tensor, mask: Tensor, count: int) -> Any:
    positive = mask & (weights > 0)
    return drop(weights, positive, min(count, int(positive.sum()))) | (mask & (weights < 0))


@mistake("drop_by_sign", "`count` of each sign go; it is `count` in all")
def count_of_each(weights: Tensor, mask: Tensor, count: int) -> Any:
    signs = [mask & (weights > 0), mask & (weights < 0)]
    first, second = (drop(weights, sign, min(count, int(sign.sum()))) for sign in signs)
    return first | second
