"""Mistakes that people really make in this lesson, and what they are told: a list to look them up in."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise, product
from typing import Literal

import numpy as np
import torch
from scipy import stats
from torch import Tensor
from torch.nn import functional
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


def trains_some(still: tuple[str, ...], params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return batched_step(params, mask, x, y, lr) | {n: params[n] for n in still}


for _still, _words in (
    ((B1, B2), "the biases have not moved; they are trained like the rest"),
    ((B1,), "the first layer's bias has not moved; it is trained like the rest"),
    ((B2,), "the last layer's bias has not moved; it is trained like the rest"),
    ((W1, B1), "the first layer has not moved"),
    ((W2, B2), "the last layer has not moved"),
):
    mistake("batched_step", _words)(partial(trains_some, _still))


def with_logits(logits: Logits, params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return _moved(params, mask, _gradients(params, x, y, logits), lr)


def _hidden(activation: Callable[[Tensor], Tensor]) -> Logits:
    return lambda p, x: activation(x @ p[W1].T + p[B1]) @ p[W2].T + p[B2]


for _activation in (torch.tanh, torch.sigmoid, functional.leaky_relu, functional.gelu):
    mistake("batched_step", "the hidden units are not relu")(partial(with_logits, _hidden(_activation)))

_RESHAPED = "a weight matrix was reshaped where it must be transposed: use w.mT, which exchanges its last two axes"
for _words, _other in (
    ("the first layer's bias plays no part in the forward pass", lambda p, x: (x @ p[W1].T).relu() @ p[W2].T + p[B2]),
    ("the last layer's bias plays no part in the forward pass", lambda p, x: (x @ p[W1].T + p[B1]).relu() @ p[W2].T),
    (_RESHAPED, lambda p, x: (x @ p[W1].reshape(p[W1].shape[::-1]) + p[B1]).relu() @ p[W2].T + p[B2]),
    (_RESHAPED, lambda p, x: (x @ p[W1].T + p[B1]).relu() @ p[W2].reshape(p[W2].shape[::-1]) + p[B2]),
    (
        _RESHAPED,
        lambda p, x: (x @ p[W1].reshape(p[W1].shape[::-1]) + p[B1]).relu() @ p[W2].reshape(p[W2].shape[::-1]) + p[B2],
    ),
    (
        "the softmax runs over the examples of a minibatch; it must run over the classes",
        lambda p, x: _logits(p, x).log_softmax(0),
    ),
    (
        "the softmax runs over the examples of a minibatch; it must run over the classes",
        lambda p, x: _logits(p, x).softmax(0),
    ),
):
    mistake("batched_step", _words)(partial(with_logits, _other))

Inputs = Callable[[Params, Mask, Tensor, Tensor, float], tuple[Params, Mask, Tensor, Tensor, float]]


def given_others(inputs: Inputs, params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return batched_step(*inputs(params, mask, x, y, lr))


_inputs: list[tuple[str, Inputs]] = [
    ("`lr` is not used: the step is one whole gradient", lambda p, m, x, y, lr: (p, m, x, y, 1.0)),
    (
        "the mask is turned round: True means kept, and what is False must be zero",
        lambda p, m, x, y, lr: (p, {n: ~kept for n, kept in m.items()}, x, y, lr),
    ),
    (
        "every network saw the last one's minibatch; x[i] and y[i] belong to network i",
        lambda p, m, x, y, lr: (p, m, x[-1:].expand_as(x), y[-1:].expand_as(y), lr),
    ),
    (
        "every network is told the first one's labels; y[i] belongs to network i",
        lambda p, m, x, y, lr: (p, m, x, y[:1].expand_as(y), lr),
    ),
    (
        "every network gets the first one's mask; mask[name][i] belongs to network i",
        lambda p, m, x, y, lr: (p, {n: kept[:1].expand_as(kept) for n, kept in m.items()}, x, y, lr),
    ),
    (
        "only the first example of each minibatch is used; take the mean over all of them",
        lambda p, m, x, y, lr: (p, m, x[:, :1], y[:, :1], lr),
    ),
    (
        "the loss is divided by the number of networks where it should be divided by the size of a minibatch",
        lambda p, m, x, y, lr: (p, m, x, y, lr * y.shape[1] / len(y)),
    ),
]
for _words, _given in _inputs:
    mistake("batched_step", _words)(partial(given_others, _given))


@mistake("batched_step", "a neuron that keeps no weight loses its bias, too; biases have no mask")
def masks_biases_of_empty_rows(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    rows = {n.replace("weight", "bias"): m.any(2) for n, m in mask.items() if n in (W1, W2)}
    return masks.apply(rows, batched_step(params, mask, x, y, lr))


@mistake("batched_step", "all networks move by the sum of all gradients; each must follow its own")
def sums_gradients(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return _moved(params, mask, {n: g.sum(0) for n, g in _gradients(params, x, y).items()}, lr)


@mistake("batched_step", "only the first network has moved; all of them must")
def moves_the_first(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return {n: torch.cat([p[:1], params[n][1:]]) for n, p in batched_step(params, mask, x, y, lr).items()}


@mistake("batched_step", "the last network has not moved; all of them must")
def leaves_the_last(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return {n: torch.cat([p[:-1], params[n][-1:]]) for n, p in batched_step(params, mask, x, y, lr).items()}


@mistake("batched_step", "these are the gradients; return the parameters after the step, p - lr * gradient")
def returns_gradients(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return _gradients(params, x, y)


def with_squares(of: Callable[[Tensor], Tensor], params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = {n: p.detach().requires_grad_() for n, p in params.items()}
    with torch.enable_grad():
        found = torch.stack([_logits({n: p[i] for n, p in leaves.items()}, x[i]) for i in range(len(x))])
        loss = (of(found) - functional.one_hot(y, found.shape[2])).square().mean((1, 2)).sum()
    return _moved(params, mask, dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True)), lr)


for _of in (lambda z: z, lambda z: z.softmax(2)):
    mistake("batched_step", "the loss is the squared error; it should be the cross-entropy")(partial(with_squares, _of))


@mistake("batched_step", "backward ignores the relu: no gradient passes where a hidden unit was cut off at zero")
def backward_without_relu(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    hidden = (x @ params[W1].mT + params[B1][:, None]).relu()
    d = (hidden @ params[W2].mT + params[B2][:, None]).softmax(2)
    d = (d - functional.one_hot(y, d.shape[2])) / y.shape[1]
    below = d @ params[W2]
    return _moved(params, mask, {W1: below.mT @ x, B1: below.sum(1), W2: d.mT @ hidden, B2: d.sum(1)}, lr)


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


def wald(cut: bool, always_95: bool, wins: int, draws: int, confidence: float = 0.95, fewer: int = 0) -> Pair:
    p, z = wins / draws, 1.96 if always_95 else float(stats.norm.ppf((1 + confidence) / 2))
    half = z * math.sqrt(p * (1 - p) / (draws - fewer))
    return (max(0.0, p - half), min(1.0, p + half)) if cut else (p - half, p + half)


for _cut in (True, False):
    mistake("clopper_pearson", "the normal approximation, with n - 1 for n, is not exact: without a win it is [0, 0]")(
        partial(wald, _cut, False, fewer=1)
    )
    for _always_95 in (True, False):
        mistake(
            "clopper_pearson",
            "this is the normal approximation, p ± z sqrt(p (1 - p) / n): without a win it is [0, 0], as if sure",
        )(partial(wald, _cut, _always_95))


def wilson(method: Literal["wilson", "wilsoncc"], wins: int, draws: int, confidence: float = 0.95) -> Pair:
    found = stats.binomtest(wins, draws).proportion_ci(confidence, method=method)
    return found.low, found.high


_METHODS: tuple[Literal["wilson", "wilsoncc"], ...] = ("wilson", "wilsoncc")
for _method in _METHODS:
    mistake("clopper_pearson", "this is Wilson's interval: a good approximation, but the exact one is asked for")(
        partial(wilson, _method)
    )


def agresti(cut: bool, wins: int, draws: int, confidence: float = 0.95) -> Pair:
    z = float(stats.norm.ppf((1 + confidence) / 2))
    p = (wins + z * z / 2) / (draws + z * z)
    half = z * math.sqrt(p * (1 - p) / (draws + z * z))
    return (max(0.0, p - half), min(1.0, p + half)) if cut else (p - half, p + half)


for _cut in (True, False):
    mistake(
        "clopper_pearson", "this is the interval of Agresti and Coull, an approximation; the exact one is asked for"
    )(partial(agresti, _cut))


def of_betas(
    low: Callable[[int, int], tuple[float, float]],
    high: Callable[[int, int], tuple[float, float]],
    ends: bool,
    wins: int,
    draws: int,
    confidence: float = 0.95,
) -> Pair:
    """Quantiles of a beta at each end, given wins and losses; `ends`: with 0 without wins and 1 with wins only."""
    tail, losses = (1 - confidence) / 2, draws - wins
    first, last = float(stats.beta.ppf(tail, *low(wins, losses))), float(stats.beta.ppf(1 - tail, *high(wins, losses)))
    return 0.0 if ends and not wins else first, 1.0 if ends and not losses else last


for _words, _low, _high in (
    (
        "this is Jeffreys' interval, with wins + 1/2 and losses + 1/2; the exact one has a beta for each end",
        lambda w, n: (w + 0.5, n + 0.5),
        lambda w, n: (w + 0.5, n + 0.5),
    ),
    (
        "this is the interval of a uniform prior, the same beta at both ends; the exact ends have a beta each",
        lambda w, n: (w + 1, n + 1),
        lambda w, n: (w + 1, n + 1),
    ),
    (
        "both ends are of one beta, that of the lower end; the upper end needs another",
        lambda w, n: (w, n + 1),
        lambda w, n: (w, n + 1),
    ),
    (
        "both ends are of one beta, that of the upper end; the lower end needs another",
        lambda w, n: (w + 1, n),
        lambda w, n: (w + 1, n),
    ),
    ("both ends are of one beta, of wins and losses; each end needs its own", lambda w, n: (w, n), lambda w, n: (w, n)),
    ("the betas of the two ends are exchanged", lambda w, n: (w + 1, n), lambda w, n: (w, n + 1)),
    ("the two parameters of the beta are exchanged", lambda w, n: (n + 1, w), lambda w, n: (n, w + 1)),
    (
        "the second parameter of the beta counts losses, not draws",
        lambda w, n: (w, w + n + 1),
        lambda w, n: (w + 1, w + n),
    ),
    (
        "the upper end's beta has one loss too many",
        lambda w, n: (w, n + 1),
        lambda w, n: (w + 1, n + 1),
    ),
    ("the lower end's beta has one loss too few", lambda w, n: (w, n), lambda w, n: (w + 1, n)),
):
    for _known in (True, False):
        mistake("clopper_pearson", _words)(partial(of_betas, _low, _high, _known))


def in_another_tail(tail: Callable[[float], float], wins: int, draws: int, confidence: float = 0.95) -> Pair:
    return clopper_pearson(wins, draws, 1 - 2 * tail(confidence))


mistake("clopper_pearson", "each tail holds (1 - confidence) / 4 here: halve 1 - confidence once")(
    partial(in_another_tail, lambda confidence: (1 - confidence) / 4)
)


mistake("clopper_pearson", "each tail holds confidence / 2 here: it is 1 - confidence that the two tails share")(
    partial(in_another_tail, lambda confidence: confidence / 2)
)


@mistake("clopper_pearson", "called without `confidence` it must take 0.95, the stub's default")
def another_default(wins: int, draws: int, confidence: float = 0.9) -> Pair:
    return clopper_pearson(wins, draws, confidence)


def from_changed(
    change: Callable[[Pair, int, int, float], Pair], wins: int, draws: int, confidence: float = 0.95
) -> Pair:
    return change(clopper_pearson(wins, draws, confidence), wins, draws, confidence)


for _words, _change in (
    (
        "without a win the chance need not be 0: the lower end is 0, the upper end is not",
        lambda ends, w, n, c: ends if w else (0.0, 0.0),
    ),
    (
        "with wins only the chance need not be 1: the upper end is 1, the lower end is not",
        lambda ends, w, n, c: ends if w < n else (1.0, 1.0),
    ),
    (
        "without a win the chance need not be 0, and with wins only it need not be 1: one end is a quantile",
        lambda ends, w, n, c: (float(w > 0),) * 2 if w in (0, n) else ends,
    ),
    (
        "without a win only the lower end is known, and with wins only the upper end: the other one is a quantile",
        lambda ends, w, n, c: (0.0, 1.0) if w in (0, n) else ends,
    ),
    (
        "without a win, or with wins only, it puts both tails at one end; the tail there is (1 - confidence) / 2, too",
        lambda ends, w, n, c: (
            (0.0, 1 - (1 - c) ** (1 / n)) if w == 0 else ((1 - c) ** (1 / n), 1.0) if w == n else ends
        ),
    ),
    (
        "this is the interval for a chance of losing; it counts losses for wins",
        lambda ends, w, n, c: (1 - ends[1], 1 - ends[0]),
    ),
    ("these are numbers of wins; divide by `draws`", lambda ends, w, n, c: (n * ends[0], n * ends[1])),
    (
        "the second number is the width of the interval; return its upper end",
        lambda ends, w, n, c: (ends[0], ends[1] - ends[0]),
    ),
    (
        "this is the share and half of the interval's width; return its two ends",
        lambda ends, w, n, c: (w / n, (ends[1] - ends[0]) / 2),
    ),
    (
        "this takes the share that came up for the chance; ask under which chances so many wins may come up",
        lambda ends, w, n, c: tuple(float(k) / n for k in stats.binom.interval(c, n, w / n)),
    ),
):
    mistake("clopper_pearson", _words)(partial(from_changed, _change))


@mistake(
    "clopper_pearson",
    "3 / n is the rule of three, a quick one-sided bound; the two-sided interval's upper end is larger",
)
def three_over_n(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    return (0.0, 3 / draws) if wins == 0 else clopper_pearson(wins, draws, confidence)


# draws_needed ------------------------------------------------------------------------------------------------

Formula = Callable[[float, float, float], float]  # of p, chance and the logarithm of 1 - p


def exact(p: float, chance: float, lost: float) -> float:
    return math.log(1 - chance) / lost


_FORMULAS: dict[str, list[Formula]] = {
    "draws come whole: round up, or the chance is missed": [exact],
    "it rounds down: with one draw fewer than needed the chance is not reached": [
        lambda p, chance, lost: math.floor(exact(p, chance, lost)),
    ],
    "it rounds to the nearest number; round up, or the chance is missed": [
        lambda p, chance, lost: round(exact(p, chance, lost)),
    ],
    "one too many: with one draw fewer the chance is reached already": [
        lambda p, chance, lost: math.ceil(exact(p, chance, lost)) + 1,
    ],
    "where n draws reach `chance` exactly, it gives n + 1; n are enough": [
        lambda p, chance, lost: math.floor(exact(p, chance, lost)) + 1,
    ],
    "that many draws all *lose* with probability `chance`: all losing may have probability 1 - chance only": [
        lambda p, chance, lost: math.ceil(math.log(chance) / lost),
    ],
    "`chance` is not used: this is always 95 %": [lambda p, chance, lost: math.ceil(exact(p, 0.95, lost))],
    "log(1 - p) is only nearly -p: the exact number is asked for": [
        lambda p, chance, lost: math.ceil(-math.log(1 - chance) / p),
    ],
    "the two logarithms have different bases": [
        lambda p, chance, lost: math.ceil(math.log10(1 - chance) / lost),
        lambda p, chance, lost: math.ceil(math.log2(1 - chance) / lost),
    ],
    "that is how many draws all win; take the logarithm of 1 - p, the chance that one draw loses": [
        lambda p, chance, lost: math.ceil(math.log(1 - chance) / math.log(p)),
    ],
    "a power becomes a product of logarithms: divide the two, do not subtract them": [
        lambda p, chance, lost: math.ceil(math.log(1 - chance) - lost),
    ],
    "the fraction is upside down: log(1 - chance) / log(1 - p)": [
        lambda p, chance, lost: math.ceil(lost / math.log(1 - chance)),
    ],
    "1 / p is how many draws the first win takes on average; by then about a third of all tries have no win yet": [
        lambda p, chance, lost: 1 / p,
        lambda p, chance, lost: math.ceil(1 / p),
        lambda p, chance, lost: math.floor(1 / p),
        lambda p, chance, lost: round(1 / p),
    ],
    "3 / p is the rule of thumb for small p and 95 %; the exact number is asked for": [
        lambda p, chance, lost: 3 / p,
        lambda p, chance, lost: math.ceil(3 / p),
        lambda p, chance, lost: round(3 / p),
    ],
    "n p is the expected number of wins, not the chance of at least one": [
        lambda p, chance, lost: chance / p,
        lambda p, chance, lost: math.ceil(chance / p),
    ],
}


def at_the_ends(
    formula: Formula, loses: Callable[[float], float], known: Sequence[float], p: float, chance: float = 0.95
) -> float:
    """The formula, with the right answer for those of p = 0 and p = 1 that are known; for others it may fail."""
    if p in known:
        return 1 if p else math.inf
    return formula(p, chance, loses(p))


def precise(p: float) -> float:
    return math.log1p(-p)


def rounding(p: float) -> float:
    return math.log(1 - p)


for _ends_known in ((), (0,), (1,), (0, 1)):
    for _words, _formulas in _FORMULAS.items():
        for _formula, _loses in product(_formulas, (precise, rounding)):
            mistake("draws_needed", _words)(partial(at_the_ends, _formula, _loses, _ends_known))
mistake(
    "draws_needed",
    "for a tiny p it loses its digits: 1 - p is rounded before the logarithm is taken; look in `math` for a logarithm "
    "of 1 + x that takes x itself",
)(partial(at_the_ends, lambda p, chance, lost: math.ceil(exact(p, chance, lost)), rounding, (0, 1)))


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


@mistake("expected_best", "this is the best of the last `draws` networks; average over all sets of that size")
def best_of_the_last(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return max(zip(chosen_by[-draws:], reported[-draws:], strict=True))[1]


@mistake("expected_best", "this is the best of all networks, whatever `draws` is")
def best_of_all(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return max(zip(chosen_by, reported, strict=True))[1]


@mistake("expected_best", "this is the mean of all networks, whatever `draws` is")
def mean_of_all(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return float(np.mean(reported))


def by_weights(
    chance: Callable[[int, int, int], float], chosen_by: list[float], reported: list[float], draws: int
) -> float:
    """Reports by rank from below (from 0), each times its chance given rank, draws and the number of networks."""
    k = len(chosen_by)
    pairs = sorted(zip(chosen_by, reported, strict=True))
    return sum(chance(i, draws, k) * value for i, (_, value) in enumerate(pairs))


_OFF = "the ranks are off by one: from 1, the i-th smallest is the best of C(i - 1, draws - 1) of C(K, draws) sets"
for _words, _chance in (
    (_OFF, lambda i, n, k: math.comb(i, n) / math.comb(k, n)),
    (_OFF, lambda i, n, k: math.comb(i + 1, n - 1) / math.comb(k, n)),
    (_OFF, lambda i, n, k: math.comb(max(i - 1, 0), n - 1) / math.comb(k, n)),
    (
        "the chances of the networks do not add up to 1: there are C(K, draws) sets in all",
        lambda i, n, k: math.comb(i, n - 1) / math.comb(k - 1, n - 1),
    ),
    ("this is a sum; divide by the number of all sets, C(K, draws)", lambda i, n, k: math.comb(i, n - 1)),
    (
        "this draws with replacement: one network may come up twice; draw sets of different ones",
        lambda i, n, k: n / k * (i / max(k - 1, 1)) ** (n - 1),
    ),
):
    mistake("expected_best", _words)(partial(by_weights, _chance))


def by_rank(
    rank: Callable[[list[float]], Sequence[int]], chosen_by: list[float], reported: list[float], draws: int
) -> float:
    sets = math.comb(len(chosen_by), draws)
    return sum(math.comb(int(i), draws - 1) * r for i, r in zip(rank(chosen_by), reported, strict=True)) / sets


mistake("expected_best", "the networks are not sorted by `chosen_by`: a network's place in the row is not its rank")(
    partial(by_rank, lambda scores: range(len(scores)))
)
mistake("expected_best", "argsort says which network stands at each rank, not the rank of each network")(
    partial(by_rank, lambda scores: np.argsort(scores).tolist())
)


@mistake("expected_best", "the two rows are exchanged: choose by `chosen_by`, and report `reported`")
def exchanges_the_rows(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return expected_best(reported, chosen_by, draws)


def more_draws(more: int, chosen_by: list[float], reported: list[float], draws: int) -> float:
    return expected_best(chosen_by, reported, min(max(draws + more, 1), len(chosen_by)))


for _more, _words in ((-1, "these are sets of draws - 1 networks"), (1, "these are sets of draws + 1 networks")):
    mistake("expected_best", _words)(partial(more_draws, _more))


@mistake("expected_best", "this is what the best gains over the mean of all; return what it reports")
def gains(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return expected_best(chosen_by, reported, draws) - float(np.mean(reported))


@mistake(
    "expected_best", "of equal scores it reports one network's value for all: sort the pairs, do not look scores up"
)
def looks_scores_up(chosen_by: list[float], reported: list[float], draws: int) -> float:
    known = dict(zip(chosen_by, reported, strict=True))
    return expected_best(chosen_by, [known[score] for score in chosen_by], draws)


def neighbours_alone(step: int, chosen_by: list[float], reported: list[float], draws: int) -> float:
    """Sets of networks that stand side by side: all, or those that do not overlap."""
    pairs = list(zip(chosen_by, reported, strict=True))
    begins = range(0, len(pairs) - (draws - 1) * (step == 1), 1 if step == 1 else draws)
    return float(np.mean([max(pairs[i : i + draws])[1] for i in begins]))


for _step in (1, 2):
    mistake("expected_best", "these are sets of networks that stand side by side; all sets of that size count")(
        partial(neighbours_alone, _step)
    )


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


Total = Callable[[list[int], int, int], int]
_totals: list[tuple[str, Total]] = [
    (
        "`weights` are the layers' numbers of weights already, not their widths: do not multiply neighbours",
        lambda w, b, s: training_flops([x * y for x, y in pairwise(w)], b, s),
    ),
    (
        "without its input gradient the first layer saves 2 operations a weight, not 1",
        lambda w, b, s: (6 * sum(w) - w[0]) * b * s,
    ),
    (
        "a weight costs two operations, and the first layer does without the gradient of its input",
        lambda w, b, s: 3 * sum(w) * b * s,
    ),
    (
        "the first layer does without its input gradient in every example and step: subtract before multiplying",
        lambda w, b, s: 6 * sum(w) * b * s - 2 * w[0],
    ),
    (
        "the first layer does without its input gradient in every example and step: subtract before multiplying",
        lambda w, b, s: 6 * sum(w) * b * s - 2 * w[0] * b,
    ),
    ("biases are left out: count weights alone", lambda w, b, s: training_flops(w, b, s) + len(w)),
    ("biases are left out: count weights alone", lambda w, b, s: training_flops(w, b, s) + len(w) * b * s),
    (
        "the first layer alone does without the gradient of its input; the last one needs it",
        lambda w, b, s: (4 * sum(w) + 2 * sum(w[1:-1])) * b * s,
    ),
    (
        "the first layer costs something, too: its forward pass, and the gradient of its weights",
        lambda w, b, s: 6 * sum(w[1:]) * b * s,
    ),
    (
        "it is the first layer that does without an input gradient, not the largest",
        lambda w, b, s: (6 * sum(w) - 2 * max(w)) * b * s,
    ),
    (
        "a network may have any number of layers: add up all of `weights`",
        lambda w, b, s: (4 * w[0] + 6 * sum(w[1:2])) * b * s,
    ),
    (
        "a network may have any number of layers: add up all of `weights`",
        lambda w, b, s: (4 * w[0] + 6 * sum(w[1:][-1:])) * b * s,
    ),
    (
        "backward costs as much for every example, too: multiply all of it by batch_size",
        lambda w, b, s: (2 * sum(w) * b + 2 * sum(w) + 2 * sum(w[1:])) * s,
    ),
    (
        "backward costs two products, not three: of the weights' gradient and of the input's",
        lambda w, b, s: 8 * sum(w) * b * s,
    ),
    ("the optimizer is left out", lambda w, b, s: training_flops(w, b, s) + 2 * sum(w) * s),
]


def in_total(total: Total, weights: list[int], batch_size: int, steps: int) -> int:
    return total(list(weights), batch_size, steps)


for _words, _total in _totals:
    mistake("training_flops", _words)(partial(in_total, _total))
