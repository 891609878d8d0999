"""Mistakes that people really make in this lesson, and what they are told."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from lthedu.exercises.core import mistake
from lthedu.experiments.verdicts import REFUTED, SUPPORTED, UNDECIDED, by_rule, word
from lthedu.networks.hopfield import strongest_pairs
from lthedu.networks.paths import count_paths
from lthedu.stats import mean_interval

Points = Sequence[tuple[float, float]]
Kept = Sequence[tuple[int, int]]

# through -----------------------------------------------------------------------------------------------------


@mistake("through", "this is a staircase: between two points the density moves on a straight line")
def staircase(points: Points, at: float) -> float:
    return [d for t, d in points if t <= max(at, points[0][0])][-1]


@mistake("through", "this jumps to the next point's density at once; between two points it moves on a straight line")
def next_stair(points: Points, at: float) -> float:
    return next((d for t, d in points if t >= at), points[-1][1])


@mistake("through", "after the last point the density stays; this goes on along the last line")
def goes_on(points: Points, at: float) -> float:
    if len(points) == 1 or at <= points[0][0]:
        return points[0][1]
    (t0, d0), (t1, d1) = next((pair for pair in pairwise(points) if at < pair[1][0]), points[-2:])
    return d0 + (d1 - d0) * (at - t0) / (t1 - t0)


@mistake("through", "this goes from the first point straight to the last one, past those in between")
def past_the_middle(points: Points, at: float) -> float:
    (t0, d0), (t1, d1) = points[0], points[-1]
    share = min(max((at - t0) / (t1 - t0), 0), 1) if t1 > t0 else 0
    return d0 + (d1 - d0) * share


@mistake("through", "the way goes from the earlier density to the later one; these two have changed places")
def backwards(points: Points, at: float) -> float:
    for (t0, d0), (t1, d1) in pairwise(points):
        if t0 <= at < t1:
            return d1 + (d0 - d1) * (at - t0) / (t1 - t0)
    return points[0][1] if at < points[0][0] else points[-1][1]


@mistake("through", "this is the mean of the two densities; how far `at` is on the way makes a difference")
def halfway(points: Points, at: float) -> float:
    for (t0, d0), (t1, d1) in pairwise(points):
        if t0 <= at < t1:
            return (d0 + d1) / 2
    return points[0][1] if at < points[0][0] else points[-1][1]


# weight_steps ------------------------------------------------------------------------------------------------


def _stretches(kept: Kept, steps: int) -> list[int]:
    begins = [min(begin, steps) for begin, _ in kept] + [steps]
    return [after - before for before, after in pairwise(begins)]


@mistake("weight_steps", "the last number of weights counts as well, from its step to the end")
def without_the_last(kept: Kept, steps: int) -> int:
    return sum(w * n for (_, w), n in zip(kept[:-1], _stretches(kept, steps), strict=False))


@mistake("weight_steps", "a number of weights counts from its own step on; this counts it for the stretch before")
def one_too_early(kept: Kept, steps: int) -> int:
    later = [*kept[1:], kept[-1]]
    return sum(w * n for (_, w), n in zip(later, _stretches(kept, steps), strict=True))


@mistake("weight_steps", "changes at `steps` and later do not count; this goes on to them")
def beyond_the_end(kept: Kept, steps: int) -> int:
    ends = [*(begin for begin, _ in kept[1:]), max(steps, kept[-1][0])]
    return sum(w * (end - begin) for (begin, w), end in zip(kept, ends, strict=True))


@mistake("weight_steps", "changes later than `steps` do not count; this takes weights away for them")
def negative_stretch(kept: Kept, steps: int) -> int:
    ends = [*(begin for begin, _ in kept[1:]), steps]
    return sum(w * (end - begin) for (begin, w), end in zip(kept, ends, strict=True))


@mistake("weight_steps", "this is the plain mean of the numbers times the steps; each counts for as long as it lasts")
def plain_mean(kept: Kept, steps: int) -> float:
    return round(sum(w for _, w in kept) / len(kept) * steps)


@mistake("weight_steps", "this draws straight lines between the changes; a number of weights stays until the next one")
def on_straight_lines(kept: Kept, steps: int) -> int:
    ends = [*(w for _, w in kept[1:]), kept[-1][1]]
    lines = zip(kept, ends, _stretches(kept, steps), strict=True)
    return round(sum((w + then) / 2 * n for (_, w), then, n in lines))


@mistake("weight_steps", "this counts the step of a change twice; a stretch ends before the next one begins")
def fence_posts(kept: Kept, steps: int) -> int:
    return sum(w * (n + 1) for (_, w), n in zip(kept, _stretches(kept, steps), strict=True))


# strongest_pairs ---------------------------------------------------------------------------------------------


def _best(scores: Tensor, count: int, within: Tensor) -> Tensor:
    order = scores.masked_fill(~within, -torch.inf).flatten().argsort(descending=True, stable=True)
    found = torch.zeros(scores.numel(), dtype=torch.bool)
    found[order[:count]] = True
    return found.view(scores.shape) & within


@mistake("strongest_pairs", "a pair stands at two places of the matrix, and this counts places; it keeps half as many")
def counts_places(scores: Tensor, pairs: int) -> Tensor:
    return _best(scores, pairs, ~torch.eye(len(scores), dtype=torch.bool))


@mistake("strongest_pairs", "it keeps each pair in one direction only; both units need the weight, so mirror the mask")
def one_direction(scores: Tensor, pairs: int) -> Tensor:
    return strongest_pairs(scores, pairs).triu()


@mistake("strongest_pairs", "a unit makes no pair with itself; leave the diagonal out")
def with_diagonal(scores: Tensor, pairs: int) -> Tensor:
    upper = torch.ones_like(scores, dtype=torch.bool).triu()
    mask = _best(scores, pairs, upper)
    return mask | mask.T


@mistake("strongest_pairs", "it keeps the smallest scores")
def weakest(scores: Tensor, pairs: int) -> Tensor:
    return strongest_pairs(-scores, pairs)


@mistake("strongest_pairs", "it takes absolute values; rank the scores themselves, of which a negative one is small")
def absolute(scores: Tensor, pairs: int) -> Tensor:
    return strongest_pairs(scores.abs(), pairs)


@mistake("strongest_pairs", "it returns a mask of the pairs that go; True is kept")
def those_that_go(scores: Tensor, pairs: int) -> Tensor:
    return ~strongest_pairs(scores, pairs) & ~torch.eye(len(scores), dtype=torch.bool)


# count_paths -------------------------------------------------------------------------------------------------


@mistake(
    "count_paths", "this multiplies the numbers of weights, and most weights do not meet; only those that do count"
)
def product_of_weights(layers: Sequence[Tensor]) -> int:
    found = 1
    for mask in layers:
        found *= int(mask.sum())
    return found


@mistake("count_paths", "this is the number of weights; a path takes one in each layer")
def number_of_weights(layers: Sequence[Tensor]) -> int:
    return sum(int(mask.sum()) for mask in layers)


@mistake("count_paths", "this counts which inputs reach which outputs; they may do so by several paths")
def connected_pairs(layers: Sequence[Tensor]) -> int:
    reached = torch.eye(layers[0].shape[1])
    for mask in layers:
        reached = ((mask.float() @ reached) > 0).float()
    return int(reached.sum())


@mistake("count_paths", "float32 holds whole numbers only up to 16,777,216 exactly; use whole numbers")
def in_float32(layers: Sequence[Tensor]) -> int:
    reached = torch.ones(layers[0].shape[1])
    for mask in layers:
        reached = mask.float() @ reached
    return int(reached.sum())


@mistake("count_paths", "it stops one layer too early; a path ends at an output")
def without_the_last_layer(layers: Sequence[Tensor]) -> int:
    return count_paths(layers[:-1]) if len(layers) > 1 else layers[0].shape[1]


# on_a_path ---------------------------------------------------------------------------------------------------


def _neighbours(layers: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
    return [(mask.any(1), after.any(0)) for mask, after in pairwise(layers)]


@mistake(
    "on_a_path", "this looks at a unit's own inputs and readers; they may themselves lead nowhere, so go all the way"
)
def own_weights_only(layers: Sequence[Tensor]) -> list[Tensor]:
    return [reads & read for reads, read in _neighbours(layers)]


@mistake("on_a_path", "this asks whether a unit reads something; somebody must read it, too, all the way to an output")
def reads_something(layers: Sequence[Tensor]) -> list[Tensor]:
    return [reads for reads, _ in _neighbours(layers)]


@mistake("on_a_path", "this asks whether a unit is read; it must also read something, all the way from an input")
def is_read(layers: Sequence[Tensor]) -> list[Tensor]:
    return [read for _, read in _neighbours(layers)]


@mistake("on_a_path", "one of the two is not enough: an input must reach the unit, and it must reach an output")
def either(layers: Sequence[Tensor]) -> list[Tensor]:
    return [reads | read for reads, read in _neighbours(layers)]


@mistake("on_a_path", "this goes forward only; the unit must also reach an output")
def forward_only(layers: Sequence[Tensor]) -> list[Tensor]:
    reached, found = torch.ones(layers[0].shape[1], dtype=torch.bool), []
    for mask in layers[:-1]:
        reached = (mask & reached).any(1)
        found.append(reached)
    return found


@mistake("on_a_path", "this goes backward only; an input must also reach the unit")
def backward_only(layers: Sequence[Tensor]) -> list[Tensor]:
    back, found = torch.ones(len(layers[-1]), dtype=torch.bool), list[Tensor]()
    for mask in layers[:0:-1]:
        back = (mask & back[:, None]).any(0)
        found.insert(0, back)
    return found


# by_rule -----------------------------------------------------------------------------------------------------


def _ends(differences: list[float], t: float, ddof: int = 1, root: bool = True) -> tuple[float, float]:
    d = np.asarray(differences)
    half = t * d.std(ddof=ddof) / (len(d) ** 0.5 if root else 1)
    return d.mean() - half, d.mean() + half


def _t(differences: list[float], share: float = 0.975, lost: int = 1) -> float:
    return float(stats.t.ppf(share, len(differences) - lost))


_INTERVALS: list[tuple[str, Callable[[list[float]], tuple[float, float]]]] = [
    ("this is the interval of a normal distribution; with so few seeds take Student's t", lambda d: _ends(d, 1.96)),
    ("this is a 90 % interval; 2.5 % lie beyond each end, so take the quantile 0.975", lambda d: _ends(d, _t(d, 0.95))),
    ("the standard deviation has n in its denominator; take n - 1", lambda d: _ends(d, _t(d), ddof=0)),
    ("t has n - 1 degrees of freedom, not n", lambda d: _ends(d, _t(d, lost=0))),
    (
        "this is the spread of single seeds; the mean is known better, by a factor of sqrt(n)",
        lambda d: _ends(d, _t(d), root=False),
    ),
    ("this is one standard error to each side; a 95 % interval takes t of them", lambda d: _ends(d, 1.0)),
    (
        "this reaches from the smallest to the largest difference; the interval is the mean's",
        lambda d: (min(d), max(d)),
    ),
]


def _with(ends: Callable[[list[float]], tuple[float, float]]) -> Callable[[list[float], float], str]:
    def ruled(differences: list[float], threshold: float) -> str:
        low, high = ends(differences)
        return word(float(low), float(high), threshold)

    return ruled


for _words, _interval in _INTERVALS:
    mistake("by_rule", _words)(_with(_interval))


@mistake("by_rule", "this compares the mean alone; where its interval reaches over the threshold, it is UNDECIDED")
def by_the_mean(differences: list[float], threshold: float) -> str:
    return SUPPORTED if np.mean(differences) >= threshold else REFUTED


@mistake("by_rule", "an interval that reaches over the threshold refutes nothing: it is UNDECIDED")
def undecided_is_refuted(differences: list[float], threshold: float) -> str:
    return SUPPORTED if by_rule(differences, threshold) == SUPPORTED else REFUTED


@mistake("by_rule", "an interval that reaches over the threshold supports nothing: it is UNDECIDED")
def undecided_is_supported(differences: list[float], threshold: float) -> str:
    return REFUTED if by_rule(differences, threshold) == REFUTED else SUPPORTED


@mistake("by_rule", "this compares the interval with 0; the claim is about the threshold")
def against_zero(differences: list[float], threshold: float) -> str:
    return by_rule(differences, 0.0)


@mistake("by_rule", "SUPPORTED and REFUTED are exchanged: the claim is that the mean is the threshold or more")
def exchanged(differences: list[float], threshold: float) -> str:
    return {SUPPORTED: REFUTED, REFUTED: SUPPORTED}.get(by_rule(differences, threshold), UNDECIDED)


@mistake("by_rule", "the interval lies around the median here; the claim is about the mean")
def around_the_median(differences: list[float], threshold: float) -> str:
    mean, low, high = mean_interval(differences)
    shift = float(np.median(differences)) - mean
    return word(low + shift, high + shift, threshold)


@mistake("by_rule", "the differences lost their sign; arm minus control may be negative")
def without_signs(differences: list[float], threshold: float) -> str:
    return by_rule([abs(d) for d in differences], threshold)


@mistake("by_rule", "REFUTED needs the whole interval below the threshold, its upper end too")
def refuted_by_the_mean(differences: list[float], threshold: float) -> str:
    mean, low, _ = mean_interval(differences)
    return SUPPORTED if low >= threshold else REFUTED if mean < threshold else UNDECIDED
