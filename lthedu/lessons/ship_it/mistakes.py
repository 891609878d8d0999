"""Mistakes that people really make in this lesson, and what they are told."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from lthedu.exercises.core import mistake
from lthedu.lessons.ship_it.exercises import times_mask
from lthedu.sparsity import row_scale
from lthedu.tickets.distances import chance_hamming, hamming, iou, relative_distance
from lthedu.tickets.early_bird import early_bird

# set_to_zero -------------------------------------------------------------------------------------------------


mistake("set_to_zero", "a negative weight times 0 is -0.0, which equals 0.0 and has another bit")(times_mask)


@mistake("set_to_zero", "this keeps what the mask prunes; True is kept")
def turned_round(weights: Tensor, mask: Tensor) -> Tensor:
    return torch.where(mask, 0.0, weights)


@mistake("set_to_zero", "this takes the sign from the kept weights as well")
def without_signs(weights: Tensor, mask: Tensor) -> Tensor:
    return (weights * mask).abs()


@mistake("set_to_zero", "nothing is pruned: the mask is not used")
def adds_zero(weights: Tensor, mask: Tensor) -> Tensor:
    return weights + 0.0


@mistake("set_to_zero", "every zero is -0.0 now; use 0.0")
def all_negative(weights: Tensor, mask: Tensor) -> Tensor:
    return torch.where(mask, weights, -0.0)


# from_bits ---------------------------------------------------------------------------------------------------


def _stored(bits: bytes, shape: Sequence[int]) -> Tensor:
    read = np.unpackbits(np.frombuffer(bits, np.uint8), count=math.prod(shape))
    return torch.from_numpy(read.astype(bool))


def _filled(stored: Tensor, values: Tensor) -> Tensor:
    matrix = torch.zeros(len(stored), dtype=values.dtype)
    matrix[stored] = values
    return matrix


@mistake("from_bits", "it fills the matrix column by column; places are counted row by row")
def column_by_column(bits: bytes, values: Tensor, shape: Sequence[int]) -> Tensor:
    return _filled(_stored(bits, shape), values).view(shape[1], shape[0]).T


@mistake("from_bits", "the values stand in the wrong order: the first value belongs to the first 1")
def last_value_first(bits: bytes, values: Tensor, shape: Sequence[int]) -> Tensor:
    return _filled(_stored(bits, shape), values.flip(0)).view(tuple(shape))


@mistake("from_bits", "this is the bits alone, as numbers; the values go where the ones are")
def only_the_ones(bits: bytes, values: Tensor, shape: Sequence[int]) -> Tensor:
    return _stored(bits, shape).float().view(tuple(shape))


@mistake("from_bits", "the values stand side by side at the front; each belongs where its 1 is")
def values_in_front(bits: bytes, values: Tensor, shape: Sequence[int]) -> Tensor:
    return _filled(torch.arange(math.prod(shape)) < len(values), values).view(tuple(shape))


@mistake("from_bits", "the bits of each byte are read backwards: the first place is the highest bit of the first byte")
def lowest_bit_first(bits: bytes, values: Tensor, shape: Sequence[int]) -> Tensor:
    read = np.unpackbits(np.frombuffer(bits, np.uint8), count=math.prod(shape), bitorder="little")
    places = torch.from_numpy(read.astype(bool)).nonzero().flatten()[: len(values)]
    matrix = torch.zeros(math.prod(shape), dtype=values.dtype)
    matrix[places] = values[: len(places)]
    return matrix.view(tuple(shape))


# to_levels ---------------------------------------------------------------------------------------------------


def _coded(weights: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    return (weights / scale).round(), scale


@mistake("to_levels", "one scale serves the whole matrix here; each row has its own")
def one_scale(weights: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    return _coded(weights, (weights.abs().max() / (2 ** (bits - 1) - 1)).expand(len(weights), 1))


@mistake("to_levels", "the largest code is one too large: with 4 bits it is 7, that is 2 ** (bits - 1) - 1")
def one_level_more(weights: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    return _coded(weights, weights.abs().amax(1, keepdim=True) / 2 ** (bits - 1))


@mistake("to_levels", "codes go up to 2 ** bits - 1 here; one bit is for the sign, so it is 2 ** (bits - 1) - 1")
def sign_for_nothing(weights: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    return _coded(weights, weights.abs().amax(1, keepdim=True) / (2**bits - 1))


@mistake("to_levels", "it takes the largest weight with its sign; take the largest absolute value")
def largest_with_sign(weights: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    return _coded(weights, weights.amax(1, keepdim=True) / (2 ** (bits - 1) - 1))


@mistake("to_levels", "codes are cut off towards 0; round to the nearest level")
def cut_off(weights: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    scale = row_scale(weights, bits)
    return (weights / scale * (1 + 1e-6)).trunc(), scale


# remove_constant ---------------------------------------------------------------------------------------------


Two = tuple[Tensor, Tensor, Tensor, Tensor]


def _moved(constant: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor, Tensor, Tensor], Two]:
    """Removes the right neurons, and moves on what `constant` makes of their biases."""

    def wrong(weight: Tensor, bias: Tensor, next_weight: Tensor, next_bias: Tensor) -> Two:
        reads = (weight != 0).any(1)
        moved = next_weight[:, ~reads] @ constant(bias[~reads])
        return weight[reads], bias[reads], next_weight[:, reads], next_bias + moved

    return wrong


for words, constant in (
    ("the biases of the removed neurons are lost; what these gave their readers goes into next_bias", torch.zeros_like),
    ("the bias goes through ReLU before a reader gets it; a negative one gives 0", lambda b: b),
    ("what goes into next_bias has the wrong sign: add it", lambda b: -b.relu()),
    ("each bias counts through the absolute value; a negative one gives 0 after ReLU", torch.abs),
):
    mistake("remove_constant", words)(_moved(constant))


def _left_by(stays: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor, Tensor, Tensor], Two]:
    """Removes the neurons that `stays` does not name, and moves on what they would give."""

    def wrong(weight: Tensor, bias: Tensor, next_weight: Tensor, next_bias: Tensor) -> Two:
        left = stays(weight, next_weight)
        moved = next_weight[:, ~left] @ bias[~left].relu()
        return weight[left], bias[left], next_weight[:, left], next_bias + moved

    return wrong


for words, stays in (
    ("a neuron whose weights sum to 0 still reads its inputs", lambda w, _: w.sum(1) != 0),
    ("a single 0 in a neuron's row removes it here; it reads nothing if all its weights are 0", lambda w, _: w.all(1)),
    ("this removes neurons that nobody reads; look at a neuron's own weights", lambda _, v: (v != 0).any(0)),
):
    mistake("remove_constant", words)(_left_by(stays))


@mistake("remove_constant", "the biases are added without the weights that lead on from those neurons")
def without_weights(weight: Tensor, bias: Tensor, next_weight: Tensor, next_bias: Tensor) -> Two:
    reads = (weight != 0).any(1)
    return weight[reads], bias[reads], next_weight[:, reads], next_bias + bias[~reads].relu().sum()


@mistake("remove_constant", "every neuron's bias is moved on; only the removed ones' may be")
def all_biases(weight: Tensor, bias: Tensor, next_weight: Tensor, next_bias: Tensor) -> Two:
    reads = (weight != 0).any(1)
    return weight[reads], bias[reads], next_weight[:, reads], next_bias + next_weight @ bias.relu()


# relative_distance -------------------------------------------------------------------------------------------


def _from_the_shares(
    distance: Callable[[float, float, float], float], equals: bool
) -> Callable[[Tensor, Tensor], float]:
    """The distance from the share that differs and the two densities; `equals`: with 0 for equal masks."""

    def wrong(a: Tensor, b: Tensor) -> float:
        differ, p, q = hamming(a, b), a.double().mean().item(), b.double().mean().item()
        return 0.0 if equals and differ == 0 else distance(differ, p, q)

    return wrong


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
        "it takes the second mask's density for both; use each mask's own",
        lambda d, p, q: d / (2 * q * (1 - q)),
    ),
    (
        "it takes the mean density for both masks; use each mask's own",
        lambda d, p, q: d / ((p + q) * (1 - (p + q) / 2)),
    ),
    (
        "p (1 - p) + q (1 - q) is each mask against one like itself; a is compared with b",
        lambda d, p, q: d / (p * (1 - p) + q * (1 - q)),
    ),
    ("p q is the share that both keep by chance; divide by the share that only one keeps", lambda d, p, q: d / (p * q)),
    (
        "p q is the share that both keep by chance; divide by the share that only one keeps",
        lambda d, p, q: d / (2 * p * q),
    ),
    (
        "p q is the share that both keep by chance; divide by the share that only one keeps",
        lambda d, p, q: d / (1 - p * q),
    ),
    (
        "p + q - p q is the share that either keeps by chance; divide by the share that only one keeps",
        lambda d, p, q: d / (p + q - p * q),
    ),
    (
        "it divides by the share at which random masks agree; divide by the share at which they differ",
        lambda d, p, q: d / (p * q + (1 - p) * (1 - q)),
    ),
    (
        "it compares the places that agree; take those that differ, of the masks and of chance",
        lambda d, p, q: (1 - d) / (p * q + (1 - p) * (1 - q)),
    ),
    ("chance is one half only for masks that keep half of the places", lambda d, p, q: d / 0.5),
    ("it divides by a mask's density; divide by what two random masks have", lambda d, p, q: d / p),
    ("it divides by a mask's density; divide by what two random masks have", lambda d, p, q: d / q),
    ("divide by what chance expects, do not subtract it", lambda d, p, q: d - chance_hamming(p, q)),
    (
        "it divides chance's share by the measured one; it is the other way round",
        lambda d, p, q: chance_hamming(p, q) / d,
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
    *(
        (
            "a full mask differs from any that is not full, and so does an empty one from any that is not empty",
            lambda d, p, q, ends=ends: 0.0 if ends(p in (0, 1), q in (0, 1)) else d / chance_hamming(p, q),
        )
        for ends in (lambda a, b: a or b, lambda a, b: a and b, lambda a, b: a, lambda a, b: b)
    ),
):
    for equals in (False, True):
        mistake("relative_distance", words)(_from_the_shares(distance, equals))


for digits in (2, 3, 4):
    mistake("relative_distance", "the distance is right but rounded: return all its digits")(
        lambda a, b, digits=digits: round(relative_distance(a, b), digits)
    )

ONE_WAY = "it counts the places that only the first mask keeps; those that only the second keeps differ, too"


@mistake("relative_distance", ONE_WAY)
def one_way(a: Tensor, b: Tensor) -> float:
    return (a & ~b).double().mean().item() / chance_hamming(a.double().mean().item(), b.double().mean().item())


@mistake("relative_distance", ONE_WAY)
def one_way_by_chance(a: Tensor, b: Tensor) -> float:
    return ((a & ~b).double().mean() / (a.double().mean() * (1 - b.double().mean()))).item()


BY_LEN = "it divides by len(a), which is the number of rows of a matrix; a mask has a.numel() places"


@mistake("relative_distance", BY_LEN)
def differing_by_len(a: Tensor, b: Tensor) -> float:
    return relative_distance(a, b) * a.numel() / len(a)


@mistake("relative_distance", BY_LEN)
def all_by_len(a: Tensor, b: Tensor) -> float:
    p, q, differ = (int(m.sum()) / len(a) for m in (a, b, a ^ b))
    return differ / (p * (1 - q) + q * (1 - p))


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
    (
        "it takes the median distance; the largest one decides",
        lambda far, threshold: float(np.median(far)) <= threshold,
    ),
    (
        "most of the window is not enough: the newest must be near to each mask in it",
        lambda far, threshold: sum(d <= threshold for d in far) > len(far) / 2,
    ),
    (
        "it leaves out the mask just before; all of the window count",
        lambda far, threshold: max(far[:-1], default=0) <= threshold,
    ),
    ("it adds up the distances; each alone must be within the threshold", lambda far, threshold: sum(far) <= threshold),
    (
        "only equal masks pass it; compare the *share* of places that differ with the threshold",
        lambda far, threshold: max(far) == 0,
    ),
    (
        "it looks for masks that are far apart: at most the threshold, not at least",
        lambda far, threshold: min(far) >= threshold,
    ),
):
    mistake("early_bird", words)(_settled_by(rule))


@mistake("early_bird", TOO_EARLY)
def does_not_wait(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return _first(masks, 1, lambda i: max(_before(masks, i, window)) <= threshold)


@mistake("early_bird", TOO_EARLY)
def waits_one_mask_less(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return _first(masks, window - 2, lambda i: max(_before(masks, i, window), default=0) <= threshold)


@mistake("early_bird", TOO_EARLY)
def settles_at_once(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return 0  # all([]) is True


def _neighbours(masks: Sequence[Tensor], i: int, window: int) -> list[float]:
    return [hamming(masks[j], masks[j - 1]) for j in range(i - window + 2, i + 1)]


def neighbours_only(more: int, masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    """Of the window, or one comparison more: so many small steps in a row."""
    window += more
    return _first(masks, window - 1, lambda i: max(_neighbours(masks, i, window)) <= threshold)


for more in (0, 1):
    mistake(
        "early_bird",
        "it compares neighbours with each other; small steps add up: compare the *newest* with each one before it",
    )(partial(neighbours_only, more))


@mistake("early_bird", "it adds up the steps from mask to mask; compare the newest with each one before it")
def sum_of_steps(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return _first(masks, window - 1, lambda i: sum(_neighbours(masks, i, window)) <= threshold)


def _all_near(pairs: Callable[[int, int], Sequence[tuple[int, int]]]) -> Callable[..., Position]:
    """The first position at which the masks of all these pairs of positions are near, given it and the window."""

    def wrong(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
        def settled(i: int) -> bool:
            return all(hamming(masks[a], masks[b]) <= threshold for a, b in pairs(i, window))

        return _first(masks, window - 1, settled)

    return wrong


mistake(
    "early_bird", "it compares all masks of the window with each other; only the newest is compared with the others"
)(_all_near(lambda i, window: list(combinations(range(i - window + 1, i + 1), 2))))
mistake("early_bird", "it compares the oldest mask of the window with the others; compare the newest")(
    _all_near(lambda i, window: [(i - window + 1, j) for j in range(i - window + 2, i + 1)])
)
mistake("early_bird", "it compares with the very first mask; compare with those of the window")(
    _all_near(lambda i, window: [(i, 0)])
)


def _by(distance: Callable[[Tensor, Tensor], float]) -> Callable[..., Position]:
    """The rule with another distance, given the newest mask and one before it."""

    def wrong(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
        def settled(i: int) -> bool:
            return all(distance(masks[i], m) <= threshold for m in masks[i - window + 1 : i])

        return _first(masks, window - 1, settled)

    return wrong


for words, far in (
    ("it measures 1 - IoU; the rule counts the share of all places that differ", lambda a, b: 1 - iou(a, b)),
    ("it divides by what chance expects; this rule takes the plain share of places that differ", relative_distance),
    (
        "it divides by the number of kept places; take the share of *all* places that differ",
        lambda a, b: int((a ^ b).sum()) / max(int(a.sum()), 1),
    ),
    (
        "it looks at kept places alone; take the share of *all* places that differ",
        lambda a, b: int((a & ~b).sum()) / max(int(a.sum()), 1),
    ),
    (
        "it divides by len(mask), which is the number of rows of a matrix; a mask has mask.numel() places",
        lambda a, b: int((a ^ b).sum()) / len(a),
    ),
):
    mistake("early_bird", words)(_by(far))


@mistake(
    "early_bird",
    "it compares with `window` masks before; the window counts the newest, too: window - 1 before it",
)
def one_mask_more(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return early_bird(masks, threshold, window + 1)


@mistake(
    "early_bird",
    "it compares with `window` masks before; the window counts the newest, too: window - 1 before it",
)
def one_mask_more_where_there_is_one(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return _first(masks, window - 1, lambda i: max(_before(masks, i, window + 1)) <= threshold)


def one_mask_less(start: int, masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return _first(masks, window - start, lambda i: max(_before(masks, i, window - 1), default=0) <= threshold)


for start in (1, 2):
    mistake("early_bird", "it compares with window - 2 masks before the newest; there are window - 1")(
        partial(one_mask_less, start)
    )


@mistake("early_bird", "it begins one mask too late: the mask at position window - 1 has window - 1 before it already")
def begins_too_late(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return _first(masks, window, lambda i: max(_before(masks, i, window)) <= threshold)


@mistake("early_bird", "it compares with all masks before; only the window counts")
def all_before(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return _first(masks, window - 1, lambda i: max(_before(masks, i, i + 1)) <= threshold)


@mistake("early_bird", "it compares with the masks that come after; the newest is compared with those before it")
def masks_to_come(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    def settled(i: int) -> bool:
        return all(hamming(masks[i], later) <= threshold for later in masks[i + 1 : i + window])

    return _first(masks[: len(masks) - window + 1], 0, settled) if len(masks) >= window else None


@mistake("early_bird", "it never looks at the last mask")
def stops_before_the_last(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return early_bird(masks[:-1], threshold, window)


@mistake("early_bird", "it gives up at the first mask that has not settled: return None after the loop, not within it")
def gives_up_at_once(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return early_bird(masks[:window], threshold, window)


@mistake("early_bird", "`window` is not used: this is always 5")
def always_five(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return early_bird(masks, threshold)


@mistake("early_bird", "neither `threshold` nor `window` is used: they are always 0.1 and 5")
def always_the_defaults(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return early_bird(masks)


@mistake("early_bird", "this is the last mask that has settled; return the first")
def the_last_settled(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    settled = [i for i in range(window - 1, len(masks)) if max(_before(masks, i, window)) <= threshold]
    return settled[-1] if settled else None


@mistake("early_bird", "it waits until all later masks have settled, too; return the first that has")
def settles_for_good(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    def settled(i: int) -> bool:
        return all(max(_before(masks, j, window)) <= threshold for j in range(i, len(masks)))

    return _first(masks, window - 1, settled)


@mistake("early_bird", "it compares with the last mask of all, which is not drawn yet when the rule must decide")
def looks_ahead(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Position:
    return _first(masks, window - 1, lambda i: hamming(masks[i], masks[-1]) <= threshold)


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


for words, instead in (
    ("no mask has settled: return None, not the last position", lambda masks: len(masks) - 1),
    ("no mask has settled: return None, not the number of masks", len),
    ("no mask has settled: return None, not 0, which is the first position", lambda masks: 0),
):

    @mistake("early_bird", words)
    def never_none(
        masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5, instead: Callable[..., int] = instead
    ) -> Position:
        found = early_bird(masks, threshold, window)
        return instead(masks) if found is None else found
