"""This lesson's exercises. The references are the library's own, but for the one where a bug is to be found."""

from collections.abc import Sequence

import torch
from torch import Tensor

from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, exercise, same_tensor
from lthedu.exercises.readers import items, whole
from lthedu.exercises.values import brief
from lthedu.pruning import drop, drop_and_grow, share_out
from lthedu.sparsity import step_cost


@exercise(
    share_out,
    "Share out exactly",
    minutes=15,
    level=2,
    hints=(
        "What is a place's share if nothing is full? What do you do with a share that does not fit into its place?",
        "First fill the places whose share is above their room, take what they got off the total, and share out the "
        "rest among the others in the same way, until all fit. Then round every share down. How many are left, and who "
        "gets them?",
        "share = {i: total * wants[i] / sum(wants) for i in range(len(wants)) if wants[i]}  # while some are full: "
        "fill those, and do it again for the rest\nfound = [math.floor(...)]\nleft = total - sum(found)\n"
        "# the `left` places with the largest ... get one more each",
    ),
    returns=lambda result, total, wants, room: [
        whole(one, "whole numbers") for one in items(result, len(wants), "one whole number for each place")
    ],
)
def check_share_out(attempt: Attempt) -> None:
    """Shares that come out even, fractions, places that are full, one after another, and places without a want."""
    cases: list[tuple[int, list[float], list[int]]] = [
        (8, [1, 1, 2], [9, 9, 9]),
        (16, [0.5, 0.25, 0.25], [20, 20, 20]),
        (10, [3, 5, 2], [9, 9, 9]),
        (7, [3, 5, 2], [9, 9, 9]),  # 2.1, 3.5, 1.4
        (11, [1.5, 1.5, 4], [30, 30, 30]),
        (9, [2, 7, 4], [9, 3, 9]),
        (20, [1, 2, 17], [9, 9, 6]),
        (20, [1, 2, 5, 17], [9, 9, 5, 6]),  # the third is full only when the fourth is
        (30, [1, 1, 1], [30, 4, 2]),
        (6, [0, 3, 3], [9, 9, 9]),
        (7, [0, 1, 9], [9, 9, 2]),
        (5, [1, 1, 1, 1], [9, 9, 9, 9]),  # of equal fractions the first
        (12, [1, 8, 8], [2, 5, 5]),  # everything is full
        (0, [1, 2], [3, 3]),
        (2662, [1084, 400, 110], [235_200, 30_000, 1000]),  # as the lesson will call it
        (26_620, [1084, 400, 110], [235_200, 30_000, 1000]),
    ]
    for _ in range(4):
        wants = torch.randint(1, 50, (12,), generator=attempt.rng).tolist()
        room = torch.randint(1, 12, (12,), generator=attempt.rng).tolist()
        cases.append((sum(room) * 2 // 3, [0.37 + w for w in wants], room))
    compare(attempt, cases, otherwise=_which_shares)


def _which_shares(got: list[int], right: list[int], total: int, wants: Sequence[float], room: Sequence[int]) -> str:
    """What shares that are no known mistake's get wrong."""
    if sum(got) != total:
        return f"they add up to {sum(got)}, and the total is {total}"
    if any(g > r for g, r in zip(got, room, strict=True)):
        return "a place got more than it has room for"
    return "they add up, and some place has too many and another too few"


@exercise(
    drop_and_grow,
    "Drop and grow",
    minutes=15,
    level=2,
    hints=(
        "Which weights are the candidates for being dropped, and which for being grown? May one be both?",
        "Dropping: among the kept ones, find the `count` smallest absolute values. A pruned weight is 0 and would be "
        "the smallest of all, so give it infinity before you sort. Growing: the same with the scores, among those that "
        "are not in the mask any more, where the others get minus infinity.",
        "new = mask.clone().flatten()\nsize = weights.abs().masked_fill(~mask, torch.inf).flatten()\n"
        "new[size.argsort()[:count]] = False\nleft = ...  # the scores, without those of weights that are still there\n"
        "new[left.argsort(descending=True)[:count]] = True\nreturn new.view(mask.shape)",
    ),
)
def check_drop_and_grow(attempt: Attempt) -> None:
    """By hand, with negative weights, small scores and one that comes back; then random layers; last, nothing to do."""
    draw = attempt.rng
    cases: list[tuple[Tensor, Tensor, Tensor, int]] = [
        (*_layer([3.0, 0.0, -1.0, 0.0], [0.0, 1.0, 0.0, 2.0]), 1),
        (*_layer([-3.0, 0.0, 1.0, 0.0], [0.1, 0.2, 0.0, 0.3]), 1),
        (*_layer([0.5, -4.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.4, 9.0, 0.3]), 1),  # a kept one with a large score
        (*_layer([0.5, -4.0, 0.0, 2.0, 0.0], [5.0, 0.0, 0.4, 9.0, 0.3]), 1),  # the dropped one comes back
        (*_layer([0.5, -4.0, 0.0, 2.0, 0.0, 0.0], [5.0, 0.0, 0.4, 9.0, 0.3, 7.0]), 2),
    ]
    for shape, density, count in (((4, 6), 0.5, 3), ((20,), 0.2, 2), ((30, 40), 0.1, 30), ((3, 5), 0.6, 4)):
        mask = torch.rand(shape, generator=draw) < density
        mask.view(-1)[:count] = True
        weights = torch.randn(shape, generator=draw) * mask
        cases.append((weights, mask, torch.rand(shape, generator=draw), count))
    mask = torch.rand(8, generator=draw) < 2
    cases.append((torch.randn(8, generator=draw), mask, torch.rand(8, generator=draw), 3))  # nothing is free
    cases.append((*_layer([1.0, 0.0], [0.0, 1.0]), 0))
    cases.append((*_layer([3.0, -2.0, 0.5, 1.0], [0.0, 0.0, 0.0, 0.0]), 2))  # occupied places tie with free ones
    cases.append((*_layer([1.0, -1.0, 3.0, 0.0], [5.0, 5.0, 0.0, 1.0]), 1))  # equal weights; either one comes back
    compare(
        attempt,
        cases,
        read=lambda got, weights, mask, *_: same_tensor(got, mask, "the returned mask"),
        close=lambda a, b, *_: torch.equal(a, b),
        show=_swap_shown,
        otherwise=_which_swap,
    )


def _layer(weights: list[float], scores: list[float]) -> tuple[Tensor, Tensor, Tensor]:
    found = torch.tensor(weights)
    return found, found != 0, torch.tensor(scores)


def _swap_shown(got: Tensor, right: Tensor, weights: Tensor, mask: Tensor, scores: Tensor, count: int) -> str:
    if weights.numel() > 8:
        return f"{int(mask.sum())} of {mask.numel()} kept, count {count}: {int((got != right).sum())} places differ"
    given = f"weights {brief(weights)}, mask {brief(mask)}, scores {brief(scores)}, count {count}"
    return f"{given}: got {brief(got)}, expected {brief(right)}"


def _which_swap(got: Tensor, right: Tensor, weights: Tensor, mask: Tensor, scores: Tensor, count: int) -> str:
    """What a mask that is no known mistake's gets wrong."""
    if got.sum() != mask.sum():
        return f"the new mask keeps {int(got.sum())} weights and the old one {int(mask.sum())}; it must keep as many"
    if (right & ~drop(weights, mask, count) & mask & ~got).any():
        return "a weight that was just dropped may come back, and here its score is among the largest"
    if not torch.equal(got & mask & ~right, torch.zeros_like(mask)):
        return "a weight is still there that had to be dropped"
    return "other weights are kept or grown than those that are asked for"


@exercise(
    step_cost,
    "The multiplications of a step",
    minutes=10,
    level=1,
    hints=(
        "A weight multiplies its input on the way forward. Which two products does it take part in on the way back?",
        "On the way back a layer finds the gradient of its weights, one multiplication for each, and the gradient of "
        "its inputs, again one for each. Which layer's inputs need no gradient? And which of the three products needs "
        "pruned weights too, if `whole` is given?",
        "forward = sum(kept)\nof_weights = sum(whole) if whole else sum(kept)\nof_inputs = ...\n"
        "return forward + of_weights + of_inputs",
    ),
    returns=lambda result, *_: whole(result, "a whole number of multiplications"),
)
def check_step_cost(attempt: Attempt) -> None:
    """One layer, several, and steps that need the gradient of every weight."""
    lenet = [235_200, 30_000, 1000]
    compare(
        attempt,
        [
            ([5],),
            ([5, 3],),
            ([2, 7, 4],),
            ([6, 6, 3],),
            ([1810, 668, 184],),
            (lenet,),
            ([5], [50]),
            ([5, 3], [10, 6]),
            ([2, 7, 4], [20, 30, 40]),
            ([1810, 668, 184], lenet),
            (lenet, lenet),
            ([2, 0, 4], [20, 30, 40]),
        ],
        show=lambda got, right, kept, whole=(): f"kept {kept}, whole {list(whole)}: got {got:,}, expected {right:,}",
        otherwise="that is not the number of multiplications of one step",
    )


def drop_by_sign(weights: Tensor, mask: Tensor, count: int) -> Tensor:
    """The mask without `count` weights, half positive and half negative, those closest to 0 of each.

    If `count` is odd, one more positive than negative.

    >>> weights = torch.tensor([1.0, 2.0, -3.0, -4.0, 0.0])
    >>> drop_by_sign(weights, weights != 0, 2)
    tensor([False,  True, False,  True, False])
    """
    half = count // 2
    without_positive = drop(weights, mask & (weights > 0), count - half)
    without_negative = drop(weights, mask & (weights < 0), half)
    return without_positive | without_negative | (mask & (weights == 0))


def as_published(weights: Tensor, mask: Tensor, count: int) -> Tensor:
    """What the learner starts from: a rule found in a repository, in our words."""
    half = count // 2
    new = drop(weights, mask, count - half)
    order = weights.flatten().argsort()
    new.view(-1)[order[:half]] = False
    return new


@exercise(
    drop_by_sign,
    "Find two bugs: the strongest weights go",
    minutes=10,
    level=2,
    hints=(
        "Sort the weights -4, -3, 1, 2 in rising order. Which ones come first, and are they close to 0?",
        "The negative weights closest to 0 are the last negative ones in rising order, not the first. It is easier to "
        "look at the positive and the negative weights separately, and to use `drop` for each.",
        "positive, negative = mask & (weights > 0), mask & (weights < 0)\nhalf = count // 2\n"
        "return drop(weights, positive, count - half) | ...",
    ),
    given=as_published,
)
def check_drop_by_sign(attempt: Attempt) -> None:
    """By hand, where signs are uneven in number or in size, with odd counts, then random layers."""
    cases: list[tuple[Tensor, Tensor, int]] = []
    for weights, count in [
        ([1.0, 2.0, -3.0, -4.0], 2),
        ([5.0, 6.0, -1.0, -2.0], 2),
        ([5.0, 6.0, 0.0, -1.0, -2.0, 7.0], 3),
        ([3.0, 1.0, -1.5, -0.5, 0.0, 0.0], 2),
        ([0.5, 0.6, 0.7, -2.0], 1),
        ([0.5, 0.6, -2.0], 0),
    ]:
        layer = torch.tensor(weights)
        cases.append((layer, layer != 0, count))
    for shape, count in (((6, 8), 9), ((40,), 4), ((20, 30), 50)):
        mask = torch.rand(shape, generator=attempt.rng) < 0.6
        cases.append((torch.randn(shape, generator=attempt.rng) * mask, mask, count))
    compare(
        attempt,
        cases,
        read=lambda got, weights, mask, count: same_tensor(got, mask, "the returned mask"),
        close=lambda a, b, *_: torch.equal(a, b),
        show=lambda got, right, weights, mask, count: (
            f"weights {brief(weights)}, count {count}: got {brief(got)}, expected {brief(right)}"
            if weights.numel() < 9
            else f"{int(mask.sum())} weights kept, count {count}: {int((got != right).sum())} places differ"
        ),
        otherwise=_which_drop,
    )


def _which_drop(got: Tensor, right: Tensor, weights: Tensor, mask: Tensor, count: int) -> str:
    """What a mask that is no known mistake's gets wrong."""
    gone = mask & ~got
    if int(gone.sum()) != count or bool((got & ~mask).any()):
        return "this is not `count` weights fewer; do both halves go from weights of their own sign?"
    if int((weights[gone] > 0).sum()) != count - count // 2:
        return (
            "the first half, too, may have the wrong sign: as many positive as negative weights are to go, or one more"
        )
    return "a weight of the same sign is closer to 0 than one that went"
