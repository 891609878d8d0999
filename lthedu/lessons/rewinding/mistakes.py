"""Mistakes that people really make in this lesson, and what they are told."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from lthedu.exercises.core import mistake
from lthedu.networks.masks import Mask, Params, apply
from lthedu.tickets.distances import chance_hamming, hamming, iou, relative_distance
from lthedu.tickets.early_bird import early_bird
from lthedu.tickets.rewinding import rescaled, rewind
from lthedu.tickets.stability import between

# error_barrier -----------------------------------------------------------------------------------------------

Error = Callable[[Params], Tensor | float]


def _from_the_errors(barrier: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    def wrong(a: Params, b: Params, error: Error, points: int = 11) -> Tensor:
        line = [between(a, b, i / (points - 1)) for i in range(points)]
        return barrier(torch.stack([torch.as_tensor(error(weights), dtype=torch.float64) for weights in line]))

    return wrong


for words, barrier in (
    (
        "this is the largest error on the line; subtract the mean of the errors at the two ends",
        lambda e: e.amax(0),
    ),
    (
        "it subtracts the better end; subtract the mean of both",
        lambda e: e.amax(0) - torch.minimum(e[0], e[-1]),
    ),
    (
        "it subtracts the worse end; subtract the mean of both",
        lambda e: e.amax(0) - torch.maximum(e[0], e[-1]),
    ),
    ("it subtracts the error of `a` alone; subtract the mean of both ends", lambda e: e.amax(0) - e[0]),
    ("it subtracts the error of `b` alone; subtract the mean of both ends", lambda e: e.amax(0) - e[-1]),
    (
        "it takes the mean over the line; the barrier is the highest point",
        lambda e: e.mean(0) - (e[0] + e[-1]) / 2,
    ),
    (
        "the sign is turned round: the hill less the ends, not the ends less it",
        lambda e: (e[0] + e[-1]) / 2 - e.amax(0),
    ),
    ("this is in percent; return it in the unit of `error`", lambda e: 100 * (e.amax(0) - (e[0] + e[-1]) / 2)),
    (
        "it subtracts the lowest point of the line; subtract the mean of the two ends",
        lambda e: e.amax(0) - e.amin(0),
    ),
    (
        "it looks for the highest point between the ends alone; the ends are points of the line, too",
        lambda e: e[1:-1].amax(0) - (e[0] + e[-1]) / 2,
    ),
):
    mistake("error_barrier", words)(_from_the_errors(barrier))

# rewind ------------------------------------------------------------------------------------------------------

Snapshots = Mapping[int, Params]


@mistake("rewind", "these are the masked trained weights, not those of the step that was asked for")
def keeps_the_trained_weights(snapshots: Snapshots, mask: Mask, step: int) -> Params:  # nni, pull request 2559
    return apply(mask, snapshots[max(snapshots)])


@mistake("rewind", "these are the masked initial weights, not those of the step that was asked for")
def always_resets(snapshots: Snapshots, mask: Mask, step: int) -> Params:
    return apply(mask, snapshots[0])


def _biases_of(which: Callable[[Snapshots], int]) -> Callable[[Snapshots, Mask, int], Params]:
    def wrong(snapshots: Snapshots, mask: Mask, step: int) -> Params:
        others = snapshots[which(snapshots)]
        return apply(mask, {n: p if n in mask else others[n] for n, p in snapshots[step].items()})

    return wrong


for which in (max, min):
    mistake("rewind", "the weights are right, but the biases are those of another step: they are rewound, too")(
        _biases_of(which)
    )


@mistake("rewind", "nothing is pruned: put zeros where the mask is False")
def prunes_nothing(snapshots: Snapshots, mask: Mask, step: int) -> Params:
    return snapshots[step]


@mistake("rewind", "it keeps what the mask prunes and prunes what it keeps: True means kept")
def turned_round(snapshots: Snapshots, mask: Mask, step: int) -> Params:
    return rewind(snapshots, {n: ~kept for n, kept in mask.items()}, step)


@mistake("rewind", "the biases are zero: they have no mask, and are rewound like the weights")
def zeroes_the_biases(snapshots: Snapshots, mask: Mask, step: int) -> Params:
    return {n: p if n in mask else torch.zeros_like(p) for n, p in rewind(snapshots, mask, step).items()}


@mistake("rewind", "the kept weights are scaled; rewinding takes them as they were (the lesson scales later)")
def scales(snapshots: Snapshots, mask: Mask, step: int) -> Params:
    one = {n: p[None] for n, p in snapshots[step].items()}
    return {n: p[0] for n, p in rescaled(one, {n: kept[None] for n, kept in mask.items()}).items()}


@mistake("rewind", "the weights went through half precision: keep all bits")
def saved_in_half_precision(snapshots: Snapshots, mask: Mask, step: int) -> Params:
    return {n: p.half().float() for n, p in rewind(snapshots, mask, step).items()}


@mistake("rewind", "these are the signs of the weights, not the weights")
def takes_the_signs(snapshots: Snapshots, mask: Mask, step: int) -> Params:
    return {n: p.sign() if n in mask else p for n, p in rewind(snapshots, mask, step).items()}


# relative_distance -------------------------------------------------------------------------------------------


def _from_the_shares(distance: Callable[[float, float, float], float]) -> Callable[[Tensor, Tensor], float]:
    return lambda a, b: distance(hamming(a, b), a.double().mean().item(), b.double().mean().item())


for words, distance in (
    ("this is the plain Hamming distance: divide it by what two random masks have", lambda d, p, q: d),
    (
        "this is turned round: equal masks have distance 0, random ones 1",
        lambda d, p, q: 1 - d / chance_hamming(p, q),
    ),
    (
        "chance has two ways to differ: only a keeps, or only b keeps; add the second",
        lambda d, p, q: d / (p * (1 - q)),
    ),
    (
        "chance has two ways to differ: only a keeps, or only b keeps; add the second",
        lambda d, p, q: d / (q * (1 - p)),
    ),
    (
        "it takes the first mask's density for both; use each mask's own",
        lambda d, p, q: d / (2 * p * (1 - p)),
    ),
    (
        "p + q is the most by which they can differ; chance expects p (1 - q) + q (1 - p)",
        lambda d, p, q: d / (p + q),
    ),
    ("divide by what chance expects, do not multiply", lambda d, p, q: d * chance_hamming(p, q)),
    ("this is in percent; return a share", lambda d, p, q: 100 * d / chance_hamming(p, q)),
    (
        "masks may avoid each other: the distance can be above 1, do not cut it off",
        lambda d, p, q: min(1.0, d / chance_hamming(p, q)),
    ),
    (
        "a full and an empty mask differ everywhere; only two full ones, or two empty ones, have the distance 0",
        lambda d, p, q: 0.0 if p in (0, 1) or q in (0, 1) else d / chance_hamming(p, q),
    ),
):
    mistake("relative_distance", words)(_from_the_shares(distance))


@mistake("relative_distance", "this counts the places; take the share of places, and divide by what chance expects")
def counts_the_places(a: Tensor, b: Tensor) -> float:
    return int((a ^ b).sum())


@mistake("relative_distance", "it divides a number of places by a share: take the share of places that differ")
def count_for_share(a: Tensor, b: Tensor) -> float:
    return a.numel() * relative_distance(a, b)


@mistake(
    "relative_distance",
    "this is 1 - IoU: it starts from the kept places alone, and is not measured against chance",
)
def one_minus_iou(a: Tensor, b: Tensor) -> float:
    return 1 - iou(a, b)


@mistake(
    "relative_distance",
    "this is the IoU, which is large for masks that agree; a distance is 0 for equal masks",
)
def the_iou(a: Tensor, b: Tensor) -> float:
    return iou(a, b)


# early_bird --------------------------------------------------------------------------------------------------

Position = int | None
TOO_EARLY = "it decides before `window` masks are seen"


def _first(masks: Sequence[Tensor], start: int, settled: Callable[[int], bool]) -> Position:
    return next((i for i in range(start, len(masks)) if settled(i)), None)


def _before(masks: Sequence[Tensor], i: int, window: int) -> list[float]:
    """How far mask i is from each of the window - 1 masks before it, or as many as there are."""
    return [hamming(masks[i], other) for other in masks[max(0, i - window + 1) : i]]


def _settled_by(rule: Callable[[list[float], float], bool]) -> Callable[..., Position]:
    def wrong(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
        return _first(masks, window - 1, lambda i: rule(_before(masks, i, window), threshold))

    return wrong


for words, rule in (
    (
        "a distance of exactly the threshold counts as settled: <=, not <",
        lambda far, threshold: max(far) < threshold,
    ),
    ("it compares with 0.1, whatever the threshold is", lambda far, threshold: max(far) <= 0.1),
    (
        "it compares with the mask just before alone; all of the window count",
        lambda far, threshold: far[-1] <= threshold,
    ),
    (
        "it compares with the first mask of the window alone; all of the window count",
        lambda far, threshold: far[0] <= threshold,
    ),
    (
        "one near mask is not enough: each of the window must be near",
        lambda far, threshold: min(far) <= threshold,
    ),
    (
        "it takes the mean distance; the largest one decides",
        lambda far, threshold: sum(far) / len(far) <= threshold,
    ),
):
    mistake("early_bird", words)(_settled_by(rule))


@mistake("early_bird", TOO_EARLY)
def does_not_wait(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return _first(masks, 1, lambda i: max(_before(masks, i, window)) <= threshold)


@mistake("early_bird", TOO_EARLY)
def settles_at_once(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return 0  # all([]) is True


@mistake(
    "early_bird",
    "it compares neighbours with each other; small steps add up: compare the *newest* with each one before it",
)
def neighbours_only(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return _first(
        masks,
        window - 1,
        lambda i: all(hamming(masks[j], masks[j - 1]) <= threshold for j in range(i - window + 2, i + 1)),
    )


@mistake("early_bird", "it measures 1 - IoU; the rule counts the share of all places that differ")
def by_iou(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return _first(
        masks,
        window - 1,
        lambda i: all(1 - iou(masks[i], other) <= threshold for other in masks[i - window + 1 : i]),
    )


@mistake(
    "early_bird",
    "it compares with `window` masks before; the window counts the newest, too: window - 1 before it",
)
def one_mask_more(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return early_bird(masks, threshold, window + 1)


@mistake("early_bird", "this is where the window begins; return the newest one's position")
def start_of_the_window(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    found = early_bird(masks, threshold, window)
    return None if found is None else found - window + 1


@mistake("early_bird", "positions count from 0")
def counts_from_one(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    found = early_bird(masks, threshold, window)
    return None if found is None else found + 1


@mistake("early_bird", "no mask has settled: return None, not -1, which is the last position in Python")
def minus_one_for_none(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    found = early_bird(masks, threshold, window)
    return -1 if found is None else found


@mistake("early_bird", "no mask has settled: return None, not the last position")
def never_none(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    found = early_bird(masks, threshold, window)
    return len(masks) - 1 if found is None else found
