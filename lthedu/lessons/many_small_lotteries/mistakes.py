"""Mistakes that people really make in this lesson, and what they are told: a list to look them up in."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from scipy import stats
from torch import Tensor
from torch.nn.functional import cross_entropy

from lthedu.exercises.core import mistake
from lthedu.lessons.many_small_lotteries.batched import batched_step
from lthedu.lessons.many_small_lotteries.cost import training_flops
from lthedu.lessons.many_small_lotteries.exercises import B1, B2, W1, W2
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.stats import clopper_pearson, expected_best

# batched_step ------------------------------------------------------------------------------------------------

Logits = Callable[[Params, Tensor], Tensor]  # of one network


def _logits(p: Params, x: Tensor) -> Tensor:
    return (x @ p[W1].T + p[B1]).relu() @ p[W2].T + p[B2]


def _gradients(params: Params, x: Tensor, y: Tensor, logits: Logits = _logits, reduction: str = "mean") -> Params:
    """Each network's own."""
    leaves = {n: p.detach().requires_grad_() for n, p in params.items()}
    with torch.enable_grad():
        networks = [{n: p[i] for n, p in leaves.items()} for i in range(len(x))]
        losses = [cross_entropy(logits(p, x[i]), y[i], reduction=reduction) for i, p in enumerate(networks)]
    grads = torch.autograd.grad(losses, list(leaves.values()), materialize_grads=True)
    return dict(zip(leaves, grads, strict=True))


def _moved(params: Params, mask: Mask, grads: Params, lr: float) -> Params:
    return masks.apply(mask, {n: p - lr * grads[n] for n, p in params.items()})


@mistake("batched_step", "pruned weights have moved away from zero: apply the mask after the step")
def forgets_the_mask(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return _moved(params, {}, _gradients(params, x, y), lr)


@mistake("batched_step", "nothing has moved: the result is the parameters that were given")
def stays(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return params


@mistake("batched_step", "it walks uphill: subtract lr times the gradient")
def climbs(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return _moved(params, mask, _gradients(params, x, y), -lr)


@mistake(
    "batched_step",
    "the loss is averaged over the networks, too, so each step is as many times too small as there are networks: take "
    "the mean over a network's own minibatch, and the sum over networks",
)
def averages_over_networks(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return _moved(params, mask, _gradients(params, x, y), lr / len(x))


@mistake(
    "batched_step",
    "the loss is summed over the minibatch, so each step is as many times too large as it has examples: take the mean "
    "over it",
)
def sums_over_the_minibatch(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return _moved(params, mask, _gradients(params, x, y, reduction="sum"), lr)


def averages_gradients(first: bool, params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    """As data-parallel training does; with the mask applied first, or to the average."""
    grads = _gradients(params, x, y)
    grads = masks.apply(mask, grads) if first else grads
    return _moved(params, mask, {n: g.mean(0) for n, g in grads.items()}, lr)


for _first in (True, False):
    mistake("batched_step", "all networks move by the same, averaged gradient; each must follow its own")(
        partial(averages_gradients, _first)
    )


@mistake("batched_step", "every network saw the first one's minibatch; x[i] and y[i] belong to network i")
def one_minibatch_for_all(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return _moved(params, mask, _gradients(params, x[:1].expand_as(x), y[:1].expand_as(y)), lr)


@mistake("batched_step", "the relu between the layers is missing")
def forgets_relu(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return _moved(params, mask, _gradients(params, x, y, lambda p, x: (x @ p[W1].T + p[B1]) @ p[W2].T + p[B2]), lr)


@mistake("batched_step", "there is a relu after the last layer; logits may be negative")
def relu_at_the_end(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return _moved(params, mask, _gradients(params, x, y, lambda p, x: _logits(p, x).relu()), lr)


@mistake("batched_step", "cross_entropy wants logits: it applies the softmax itself, and here it is applied twice")
def softmax_twice(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return _moved(params, mask, _gradients(params, x, y, lambda p, x: _logits(p, x).softmax(1)), lr)


@mistake("batched_step", "the biases play no part in the forward pass")
def ignores_biases(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return _moved(params, mask, _gradients(params, x, y, lambda p, x: (x @ p[W1].T).relu() @ p[W2].T), lr)


def trains_some(
    does: Callable[[str, Mask], bool], params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float
) -> Params:
    return {n: p if does(n, mask) else params[n] for n, p in batched_step(params, mask, x, y, lr).items()}


for _does in (lambda name, mask: name in mask, lambda name, mask: name in (W1, W2)):
    mistake("batched_step", "the biases have not moved; they are trained like the rest")(partial(trains_some, _does))


@mistake("batched_step", "the first layer has not moved")
def trains_the_last_layer_only(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return batched_step(params, mask, x, y, lr) | {n: params[n] for n in (W1, B1)}


@mistake("batched_step", "it returns the change, not the new parameters")
def returns_the_change(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return {n: p - params[n] for n, p in batched_step(params, mask, x, y, lr).items()}


# clopper_pearson ---------------------------------------------------------------------------------------------

Pair = tuple[float, float]
Interval = Callable[..., Pair]


def quantiles(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    """The two ends, NaN where there is no quantile: without wins, and with wins only."""
    tail = (1 - confidence) / 2
    return float(stats.beta.ppf(tail, wins, draws - wins + 1)), float(stats.beta.ppf(1 - tail, wins + 1, draws - wins))


def upper_first(ends: Interval, wins: int, draws: int, confidence: float = 0.95) -> Pair:
    low, high = ends(wins, draws, confidence)
    return high, low


def in_percent(ends: Interval, wins: int, draws: int, confidence: float = 0.95) -> Pair:
    low, high = ends(wins, draws, confidence)
    return 100 * low, 100 * high


def a_whole_tail_each(ends: Interval, wins: int, draws: int, confidence: float = 0.95) -> Pair:
    return ends(wins, draws, 2 * confidence - 1)


def always_95(ends: Interval, wins: int, draws: int, confidence: float = 0.95) -> Pair:
    return ends(wins, draws)


def rounds(digits: int, ends: Interval, wins: int, draws: int, confidence: float = 0.95) -> Pair:
    low, high = ends(wins, draws, confidence)
    return round(low, digits), round(high, digits)


for _ends in (clopper_pearson, quantiles):
    mistake("clopper_pearson", "the ends are swapped: the lower one comes first")(partial(upper_first, _ends))
    mistake("clopper_pearson", "these are percentages; return probabilities, from 0 to 1")(partial(in_percent, _ends))
    mistake("clopper_pearson", "each tail holds 1 - confidence: the two tails share it, so each gets half")(
        partial(a_whole_tail_each, _ends)
    )
    mistake("clopper_pearson", "`confidence` is not used: this is always 95 %")(partial(always_95, _ends))
    for _digits in (2, 3, 4):
        mistake("clopper_pearson", "the ends are right but rounded: return all their digits")(
            partial(rounds, _digits, _ends)
        )


def wald(cut: bool, always_95: bool, wins: int, draws: int, confidence: float = 0.95) -> Pair:
    p, z = wins / draws, 1.96 if always_95 else float(stats.norm.ppf((1 + confidence) / 2))
    half = z * math.sqrt(p * (1 - p) / draws)
    return (max(0.0, p - half), min(1.0, p + half)) if cut else (p - half, p + half)


for _cut in (True, False):
    for _always_95 in (True, False):
        mistake(
            "clopper_pearson",
            "this is the normal approximation, p ± z sqrt(p (1 - p) / n): without a win it is [0, 0], as if sure",
        )(partial(wald, _cut, _always_95))


@mistake("clopper_pearson", "this is Wilson's interval: a good approximation, but the exact one is asked for")
def wilson(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    found = stats.binomtest(wins, draws).proportion_ci(confidence, method="wilson")
    return found.low, found.high


@mistake(
    "clopper_pearson",
    "this is Jeffreys' interval, with wins + 1/2 and losses + 1/2; the exact one has a beta for each end",
)
def jeffreys(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    low, high = stats.beta.interval(confidence, wins + 0.5, draws - wins + 0.5)
    return float(low), float(high)


@mistake(
    "clopper_pearson",
    "this is the interval of a uniform prior, the same beta at both ends; the exact ends have a beta each",
)
def uniform_prior(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    low, high = stats.beta.interval(confidence, wins + 1, draws - wins + 1)
    return float(low), float(high)


@mistake(
    "clopper_pearson",
    "3 / n is the rule of three, a quick one-sided bound; the two-sided interval's upper end is larger",
)
def three_over_n(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    return (0.0, 3 / draws) if wins == 0 else clopper_pearson(wins, draws, confidence)


# draws_needed ------------------------------------------------------------------------------------------------

Formula = Callable[[float, float], float]


def exact(p: float, chance: float) -> float:
    return math.log(1 - chance) / math.log1p(-p)


def rounds_down(p: float, chance: float) -> float:
    return math.floor(exact(p, chance))


def one_more(p: float, chance: float) -> float:
    return math.ceil(exact(p, chance)) + 1


def the_wrong_tail(p: float, chance: float) -> float:
    return math.ceil(math.log(chance) / math.log1p(-p))


def always_95_percent(p: float, chance: float) -> float:
    return math.ceil(exact(p, 0.95))


_FORMULAS: dict[str, list[Formula]] = {
    "draws come whole: round up, or the chance is missed": [exact],
    "it rounds down: with one draw fewer than needed the chance is not reached": [rounds_down],
    "one too many: with one draw fewer the chance is reached already": [one_more],
    "that many draws all *lose* with probability `chance`: all losing may have probability 1 - chance only": [
        the_wrong_tail
    ],
    "`chance` is not used: this is always 95 %": [always_95_percent],
    "1 / p is how many draws the first win takes on average; by then about a third of all tries have no win yet": [
        lambda p, chance: 1 / p,
        lambda p, chance: math.ceil(1 / p),
        lambda p, chance: math.floor(1 / p),
        lambda p, chance: round(1 / p),
    ],
    "3 / p is the rule of thumb for small p and 95 %; the exact number is asked for": [
        lambda p, chance: 3 / p,
        lambda p, chance: math.ceil(3 / p),
        lambda p, chance: round(3 / p),
    ],
    "n p is the expected number of wins, not the chance of at least one": [
        lambda p, chance: chance / p,
        lambda p, chance: math.ceil(chance / p),
    ],
}


def at_the_ends(formula: Formula, known: Sequence[float], p: float, chance: float = 0.95) -> float:
    """The formula, with the right answer for those of p = 0 and p = 1 that are known; for others it may fail."""
    if p in known:
        return 1 if p else math.inf
    return formula(p, chance)


for _words, _formulas in _FORMULAS.items():
    for _formula in _formulas:
        for _known in ((), (0,), (1,), (0, 1)):
            mistake("draws_needed", _words)(partial(at_the_ends, _formula, _known))


# expected_best -----------------------------------------------------------------------------------------------


@mistake(
    "expected_best",
    "this draws with replacement: one network may come up twice; draw sets of different ones",
)
def with_replacement(chosen_by: list[float], reported: list[float], draws: int) -> float:
    k = len(chosen_by)
    pairs = sorted(zip(chosen_by, reported, strict=True))
    return sum(v * (((i + 1) / k) ** draws - (i / k) ** draws) for i, (_, v) in enumerate(pairs))


@mistake(
    "expected_best",
    "this is the mean of the best `draws` networks, not the mean of the best over all sets of `draws`",
)
def mean_of_the_best(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return float(np.mean([v for _, v in sorted(zip(chosen_by, reported, strict=True))[-draws:]]))


@mistake("expected_best", "this is the worst of each set: the largest score is the best")
def the_smallest(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return expected_best([-s for s in chosen_by], reported, draws)


@mistake(
    "expected_best",
    "it reports the score by which it chose: that is flattered by the choice; report the other one",
)
def reports_what_it_chose_by(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return expected_best(chosen_by, chosen_by, draws)


@mistake(
    "expected_best",
    "it chooses by what it should only report (sorting both rows, each for itself, does the same): the choice may look "
    "at `chosen_by` alone, and a network's report stays with its score",
)
def chooses_on_the_report(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return expected_best(reported, reported, draws)


@mistake("expected_best", "this is the best of the first `draws` networks; average over all sets of that size")
def best_of_the_first(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return max(zip(chosen_by[:draws], reported[:draws], strict=True))[1]


@mistake("expected_best", "this is the best of all networks, whatever `draws` is")
def best_of_all(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return max(zip(chosen_by, reported, strict=True))[1]


@mistake("expected_best", "this is the mean of all networks, whatever `draws` is")
def mean_of_all(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return float(np.mean(reported))


def normal_tail(ddof: int, chosen_by: list[float], reported: list[float], draws: int) -> float:
    return float(np.mean(chosen_by) + stats.norm.ppf(1 - 1 / (draws + 1)) * np.std(chosen_by, ddof=ddof))


for _ddof in (0, 1):
    mistake("expected_best", "this assumes a normal distribution; use the measured networks alone")(
        partial(normal_tail, _ddof)
    )


# training_flops ----------------------------------------------------------------------------------------------


@mistake("training_flops", "this is the forward pass alone; training goes backward, too")
def forward_only(weights: list[int], batch_size: int, steps: int) -> int:
    return 2 * sum(weights) * batch_size * steps


@mistake(
    "training_flops",
    "nobody needs the gradient of the pixels: the first layer's input gradient is not computed",
)
def three_times_forward(weights: list[int], batch_size: int, steps: int) -> int:
    return 6 * sum(weights) * batch_size * steps


@mistake("training_flops", "a layer above the first one also computes the gradient of what it reads")
def twice_forward(weights: list[int], batch_size: int, steps: int) -> int:
    return 4 * sum(weights) * batch_size * steps


@mistake("training_flops", "a weight costs two operations, a product and a sum")
def counts_products(weights: list[int], batch_size: int, steps: int) -> int:
    return training_flops(weights, batch_size, steps) // 2


@mistake("training_flops", "every example of the minibatch costs as much: multiply by batch_size")
def forgets_the_minibatch(weights: list[int], batch_size: int, steps: int) -> int:
    return training_flops(weights, 1, steps)


@mistake("training_flops", "every step costs as much: multiply by steps")
def one_step(weights: list[int], batch_size: int, steps: int) -> int:
    return training_flops(weights, batch_size, 1)


@mistake("training_flops", "this is one example in one step: multiply by batch_size and by steps")
def one_example_in_one_step(weights: list[int], batch_size: int, steps: int) -> int:
    return training_flops(weights, 1, 1)


@mistake("training_flops", "it is the first layer that does without an input gradient, not the last")
def spares_the_last(weights: list[int], batch_size: int, steps: int) -> int:
    return training_flops(weights[::-1], batch_size, steps)


@mistake(
    "training_flops",
    "the first layer needs the gradient of its weights; only that of its input is left out",
)
def first_layer_forward_only(weights: list[int], batch_size: int, steps: int) -> int:
    return (2 * weights[0] + 6 * sum(weights[1:])) * batch_size * steps


@mistake(
    "training_flops",
    "`weights` are the layers' numbers of weights already, not their widths: do not multiply neighbours",
)
def takes_widths(weights: list[int], batch_size: int, steps: int) -> int:
    return 6 * sum(a * b for a, b in pairwise(weights)) * batch_size * steps
