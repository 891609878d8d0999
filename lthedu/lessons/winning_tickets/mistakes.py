"""Mistakes that people really make in this lesson, and what they are told."""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats
from torch import Tensor

from lthedu.exercises.core import mistake
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.pruning import random_mask
from lthedu.stats import paired_test
from lthedu.tickets import Prune, Train, find_tickets

# find_tickets ------------------------------------------------------------------------------------------------

Loop = Callable[[Params, Mask, Train, Prune, int], list[Mask]]
Start = Callable[[int, Params, Params, Mask], Params]  # (level, initial, trained, mask) -> what the level begins with


def _from(start: Start) -> Loop:
    """The loop, with another start of each level."""

    def answer(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
        mask, found, trained = full, [], initial
        for level in range(levels + 1):
            trained = train(level, start(level, initial, trained, mask), mask)
            found.append(mask)
            mask = prune(trained, mask)
        return found

    return answer


never_rewinds = mistake(  # exported "winning tickets" that held trained weights: nni #2559
    "find_tickets",
    "level 1 goes on from trained weights: that is fine-tuning. A ticket rewinds: it starts from `initial`, with the "
    "pruned weights at zero",
)(_from(lambda level, initial, trained, mask: masks.apply(mask, trained)))

mistake("find_tickets", "level 1 starts with 6 pruned weights that are not zero: apply the mask")(
    _from(lambda level, initial, trained, mask: initial)
)
mistake(
    "find_tickets", "level 1 does not start from the initial weights: what is kept must start as it is in `initial`"
)(
    _from(
        lambda level, initial, trained, mask: masks.apply(
            mask, {n: torch.randn_like(p) if level else p for n, p in initial.items()}
        )
    )
)
mistake("find_tickets", "level 1: a.bias has no mask, and must be rewound to `initial` all the same")(
    _from(
        lambda level, initial, trained, mask: masks.apply(
            mask, {n: (initial if n in mask else trained)[n] for n in initial}
        )
    )
)


@mistake("find_tickets", "at level 1 prune did not get the level's own mask: weights pruned earlier would come back")
def prunes_from_the_full_mask(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    mask, found = full, []
    for level in range(levels + 1):
        trained = train(level, masks.apply(mask, initial), mask)
        found.append(mask)
        mask = prune(trained, full)
    return found


@mistake("find_tickets", "at level 0 prune got the initial weights; it must rank the weights that level 0 trained")
def ranks_the_start(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    mask, found = full, []
    for level in range(levels + 1):
        start = masks.apply(mask, initial)
        train(level, start, mask)
        found.append(mask)
        mask = prune(start, mask)
    return found


@mistake(
    "find_tickets",
    "it trained 1 time; with levels=1 it must train 2 times: the dense level 0, then once after each pruning",
)
def one_round_short(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    mask, found = full, [full]
    for level in range(levels):
        mask = prune(train(level, masks.apply(mask, initial), mask), mask)
        found.append(mask)
    return found


@mistake("find_tickets", "level 1 starts with its pruned weights, and the kept ones at zero: True means kept")
def starts_with_the_pruned(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    def start(level: int, initial: Params, trained: Params, mask: Mask) -> Params:
        return masks.apply({n: ~m for n, m in mask.items()}, initial) if level else initial

    return _from(start)(initial, full, train, prune, levels)


@mistake("find_tickets", "at level 0 prune did not get the level's own mask: prune once after each training")
def prunes_twice(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    return find_tickets(initial, full, train, lambda trained, mask: prune(trained, prune(trained, mask)), levels)


@mistake(
    "find_tickets",
    "at level 1 prune got the weights that level 0 trained; it must rank the weights that level 1 trained",
)
def ranks_the_dense_network(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    dense: list[Params] = []

    def remembered(level: int, start: Params, mask: Mask) -> Params:
        dense.append(train(level, start, mask))
        return dense[0]

    return find_tickets(initial, full, remembered, prune, levels)


@mistake("find_tickets", "level 1 trains before `prune` was called with what level 0 trained")
def trains_all_first(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    found = [full]
    for trained in [train(level, initial, full) for level in range(levels + 1)][:-1]:
        found.append(prune(trained, found[-1]))
    return found


@mistake("find_tickets", "number 0 of the list holds weights, or other numbers; return the masks")
def returns_the_tickets(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Params]:
    return [masks.apply(mask, initial) for mask in find_tickets(initial, full, train, prune, levels)]


# random_mask -------------------------------------------------------------------------------------------------


def _in_order(m: Tensor, order: Tensor) -> Tensor:
    return m.flatten()[order].reshape(m.shape)


@mistake(
    "random_mask", "the number of weights kept changes from draw to draw; a coin toss gives it right only on average"
)
def tosses_a_coin(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: torch.rand(m.shape, generator=generator) < m.float().mean() for n, m in mask.items()}


@mistake(
    "random_mask", "it keeps another number of weights than the ticket, in every draw: as many as the ticket prunes"
)
def keeps_as_many_as_are_pruned(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: ~m for n, m in random_mask(mask, generator).items()}


@mistake("random_mask", "it keeps another number of weights than the ticket, in every draw")
def gives_all_layers_one_density(mask: Mask, generator: torch.Generator) -> Mask:
    density = masks.density(mask)
    found = {}
    for n, m in mask.items():
        chosen = torch.randperm(m.numel(), generator=generator)[: round(density * m.numel())]
        found[n] = torch.zeros(m.numel(), dtype=torch.bool).index_fill_(0, chosen, True).view(m.shape)
    return found


@mistake("random_mask", "the weights wander between layers: the total is right, but each layer must keep its own count")
def shuffles_all_layers_together(mask: Mask, generator: torch.Generator) -> Mask:
    flat = torch.cat([m.flatten() for m in mask.values()])
    flat = flat[torch.randperm(len(flat), generator=generator)]
    pieces = torch.split(flat, [m.numel() for m in mask.values()])
    return {n: p.reshape(m.shape) for (n, m), p in zip(mask.items(), pieces, strict=True)}


@mistake("random_mask", "it returns the ticket's own mask: nothing was shuffled")
def shuffles_a_name(mask: Mask, generator: torch.Generator) -> Mask:
    found = {name: m.clone() for name, m in mask.items()}
    for m in found.values():  # a loop variable is bound anew: Synaptic-Flow's shuffle
        m = _in_order(m, torch.randperm(m.numel(), generator=generator))
    return found


@mistake("random_mask", "some layers are shuffled, and others come back as they were")
def shuffles_the_first(mask: Mask, generator: torch.Generator) -> Mask:  # `return` inside the loop's body
    return mask | {n: _in_order(m, torch.randperm(m.numel(), generator=generator)) for n, m in [*mask.items()][:1]}


@mistake("random_mask", "it returns one mask always")
def seeds_its_own(mask: Mask, generator: torch.Generator) -> Mask:
    return random_mask(mask, torch.Generator().manual_seed(42))


@mistake("random_mask", "whole rows move together; a random mask must have no structure")
def shuffles_rows(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: m[torch.randperm(len(m), generator=generator)] for n, m in mask.items()}


@mistake("random_mask", "whole columns move together; a random mask must have no structure")
def shuffles_columns(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: m[:, torch.randperm(m.shape[1], generator=generator)] for n, m in mask.items()}


@mistake("random_mask", "each column keeps its own count; a random mask must have no structure")
def shuffles_each_column(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: m.gather(0, torch.rand(m.shape, generator=generator).argsort(0)) for n, m in mask.items()}


@mistake("random_mask", "each row keeps its own count; a random mask must have no structure")
def shuffles_each_row(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: m.gather(1, torch.rand(m.shape, generator=generator).argsort(1)) for n, m in mask.items()}


@mistake(
    "random_mask", "in a large layer it keeps another number of weights than the ticket: count them, round no share"
)
def keeps_a_rounded_share(mask: Mask, generator: torch.Generator) -> Mask:
    found = {}
    for n, m in mask.items():
        kept = round(round(m.float().mean().item(), 2) * m.numel())
        order = torch.randperm(m.numel(), generator=generator)
        found[n] = torch.zeros(m.numel(), dtype=torch.bool).index_fill_(0, order[:kept], True).view(m.shape)
    return found


@mistake("random_mask", "it draws from torch's global random state: pass generator=generator to the random function")
def ignores_the_generator(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: _in_order(m, torch.randperm(m.numel())) for n, m in mask.items()}


@mistake("random_mask", "every layer gets the same shuffle: let the generator run on from layer to layer")
def starts_anew_in_every_layer(mask: Mask, generator: torch.Generator) -> Mask:
    seed = generator.initial_seed()
    return {
        n: _in_order(m, torch.randperm(m.numel(), generator=torch.Generator().manual_seed(seed)))
        for n, m in mask.items()
    }


@mistake("random_mask", "it did not draw from `generator` itself but from a copy or another one of the same seed")
def draws_elsewhere(mask: Mask, generator: torch.Generator) -> Mask:
    rng = np.random.default_rng(generator.initial_seed())
    return {n: torch.from_numpy(rng.permutation(m.flatten().numpy())).reshape(m.shape) for n, m in mask.items()}


# paired_test -------------------------------------------------------------------------------------------------

Row = list[float]
Pair = tuple[float, float]
Floats = NDArray[np.float64]


def _t(d: Floats) -> float:
    return float(d.mean() / (d.std(ddof=1) / len(d) ** 0.5))


def _tails(t: Any, df: float) -> float:
    return float(2 * stats.t.sf(abs(t), df))


def _all_signs(d: Floats) -> float:
    """The share of all choices of signs whose mean is as far out; where they are too many, nothing."""
    if len(d) > 12:
        return 0.0
    means = np.array([np.mean(d * signs) for signs in itertools.product((1, -1), repeat=len(d))])
    return float(np.mean(np.abs(means) >= abs(d.mean()) - 1e-12))


def _with_p(p: Callable[[Floats], float]) -> Callable[[Row, Row], Pair]:
    """The right mean, and what `p` makes of the differences."""
    return lambda a, b: (paired_test(a, b)[0], float(p(np.asarray(a) - np.asarray(b))))


_ONE_SIDED = "this is one-sided: a difference in either direction counts, so the tail counts twice"
_HALF = "this is half of one tail: a difference in either direction counts, so the tail counts twice"
_OTHER_SIDE = "this is the other side of one tail; the two-sided p is twice the smaller tail"
_P: list[tuple[str, Callable[[Floats], float]]] = [
    (_ONE_SIDED, lambda d: stats.t.sf(abs(_t(d)), len(d) - 1)),
    (_ONE_SIDED, lambda d: stats.t.sf(_t(d), len(d) - 1)),
    (_OTHER_SIDE, lambda d: stats.t.cdf(abs(_t(d)), len(d) - 1)),
    (_OTHER_SIDE, lambda d: stats.t.cdf(_t(d), len(d) - 1)),
    (
        "the standard deviation divides by n; with n values use n - 1",
        lambda d: _tails(d.mean() / (d.std() / len(d) ** 0.5), len(d) - 1),
    ),
    (
        "the standard error is missing: divide the standard deviation by sqrt(n)",
        lambda d: _tails(d.mean() / d.std(ddof=1), len(d) - 1),
    ),
    (
        "divide the standard deviation by sqrt(n), not sqrt(n - 1)",
        lambda d: _tails(d.mean() / (d.std(ddof=1) / (len(d) - 1) ** 0.5), len(d) - 1),
    ),
    ("the degrees of freedom are n - 1, not n", lambda d: _tails(_t(d), len(d))),
    ("the degrees of freedom are n - 1: the pairs count, not all values", lambda d: _tails(_t(d), 2 * len(d) - 2)),
    (
        "for a negative t this is not p: take the tail of the absolute value of t",
        lambda d: 2 * stats.t.sf(_t(d), len(d) - 1),
    ),
    ("this is the normal's tail; with so few seeds it is Student's", lambda d: 2 * stats.norm.sf(abs(_t(d)))),
    ("this is t itself; the p-value is how likely so large a t is", _t),
]
_P += [
    (_ONE_SIDED, lambda d: stats.norm.sf(abs(_t(d)))),
    *(
        (
            "this is the variance in the place of s, the standard deviation: take its square root",
            lambda d, ddof=ddof, n=n: _tails(d.mean() / (d.var(ddof=ddof) / n(len(d))), len(d) - 1),
        )
        for ddof in (0, 1)
        for n in (math.sqrt, lambda n: n, lambda n: 1)
    ),
    (
        "divide the standard deviation by sqrt(n), not by n",
        lambda d: _tails(d.mean() / (d.std(ddof=1) / len(d)), len(d) - 1),
    ),
    (
        "the standard deviation divides by n, and it is not divided by sqrt(n)",
        lambda d: _tails(d.mean() / d.std(), len(d) - 1),
    ),
    ("the degrees of freedom are n - 1, not n - 2", lambda d: _tails(_t(d), max(1, len(d) - 2))),
    ("this is twice the two-sided p: it counts both tails already", lambda d: 2 * _tails(_t(d), len(d) - 1)),
    ("p is a chance between 0 and 1, and this is in percent", lambda d: 100 * _tails(_t(d), len(d) - 1)),
    ("this is 1 - p: a large t must give a small p", lambda d: 1 - _tails(_t(d), len(d) - 1)),
    (
        "twice the whole distribution below t is no tail: take sf(abs(t), n - 1)",
        lambda d: 2 * stats.t.cdf(abs(_t(d)), len(d) - 1),
    ),
    (
        "for a positive t this is not p: take the tail of the absolute value of t",
        lambda d: 2 * stats.t.cdf(_t(d), len(d) - 1),
    ),
    ("this is t itself; the p-value is how likely so large a t is", lambda d: abs(_t(d))),
    ("this is the standard deviation; the second number is the p-value", lambda d: float(d.std(ddof=1))),
    ("this is the standard error; the second number is the p-value", lambda d: float(d.std(ddof=1)) / len(d) ** 0.5),
    (
        "pdf is the height of the curve at t; p is the area beyond it: sf",
        lambda d: float(stats.t.pdf(_t(d), len(d) - 1)),
    ),
    (
        "pdf is the height of the curve at t; p is the area beyond it: sf",
        lambda d: 2 * float(stats.t.pdf(_t(d), len(d) - 1)),
    ),
    ("this is Wilcoxon's signed-rank test, not Student's", lambda d: float(stats.wilcoxon(d).pvalue)),
    (
        "this tries all signs of the differences (a randomisation test); Student's takes the tail of t",
        lambda d: _all_signs(d),
    ),
    ("the number of seeds is len(a), not always 5", lambda d: _tails(d.mean() / (d.std(ddof=1) / 5**0.5), 4)),
    (_HALF, lambda d: stats.t.sf(abs(_t(d)), len(d) - 1) / 2),
    (
        "for a negative t this is not p: take the tail of the absolute value of t",
        lambda d: min(1.0, 2 * float(stats.t.sf(_t(d), len(d) - 1))),
    ),
    (
        "with many seeds, too, it is Student's tail that is asked for, not the normal's",
        lambda d: 2 * stats.norm.sf(abs(_t(d))) if len(d) >= 30 else _tails(_t(d), len(d) - 1),
    ),
    ("this is the sign test, not Student's", lambda d: float(stats.binomtest(int((d > 0).sum()), len(d)).pvalue)),
    (
        "t takes the mean of the differences, and this is their sum",
        lambda d: _tails(d.sum() / (d.std(ddof=1) / len(d) ** 0.5), len(d) - 1),
    ),
    (
        "t takes the mean of the differences, and this is their median",
        lambda d: _tails(float(np.median(d)) / (d.std(ddof=1) / len(d) ** 0.5), len(d) - 1),
    ),
]
for _words, _p in _P:
    mistake("paired_test", _words)(_with_p(_p))


@mistake("paired_test", "the two numbers are exchanged: the mean difference comes first, then p")
def p_first(a: Row, b: Row) -> Pair:
    mean, p = paired_test(a, b)
    return p, mean


_MEANS: list[tuple[str, Callable[[Floats, Floats], float]]] = [
    ("this is the mean of the absolute differences: a - b keeps its sign", lambda a, b: float(abs(a - b).mean())),
    ("this is the median of the differences; the first number is their mean", lambda a, b: float(np.median(a - b))),
    ("this is the sum of the differences; divide it by n", lambda a, b: (a - b).sum()),
    ("the mean divides by n; only the standard deviation takes n - 1", lambda a, b: (a - b).sum() / (len(a) - 1)),
    ("this is in percent; return the difference as it is", lambda a, b: 100 * (a - b).mean()),
    ("this is a ratio; the first number is the mean of the differences", lambda a, b: (a - b).mean() / b.mean()),
    ("this is the mean of a alone", lambda a, b: a.mean()),
    ("this is the difference of the best values; take the mean of all differences", lambda a, b: a.max() - b.max()),
    ("this is the first difference; take the mean of all", lambda a, b: (a - b)[0]),
    (
        "the first number is the standard deviation; it should be the mean of the differences",
        lambda a, b: (a - b).std(ddof=1),
    ),
]
for _words, _mean in _MEANS:
    mistake("paired_test", _words)(
        lambda a, b, mean=_mean: (float(mean(np.asarray(a), np.asarray(b))), paired_test(a, b)[1])
    )


@mistake("paired_test", "the rows were sorted: the pairs of one seed are torn apart")
def sorted_first(a: Row, b: Row) -> Pair:
    return paired_test(sorted(a), sorted(b))


@mistake("paired_test", "this is the unpaired test: it throws away that the seeds are shared")
def unpaired(a: Row, b: Row) -> Pair:
    return paired_test(a, b)[0], float(stats.ttest_ind(a, b).pvalue)


@mistake("paired_test", "this is Welch's unpaired test; the seeds are shared")
def welch(a: Row, b: Row) -> Pair:
    return paired_test(a, b)[0], float(stats.ttest_ind(a, b, equal_var=False).pvalue)


@mistake("paired_test", "the sign is turned round or lost: the difference is a - b, and it may be negative")
def turned_round(a: Row, b: Row) -> Pair:
    return paired_test(b, a)


@mistake("paired_test", "the sign is turned round or lost: the difference is a - b, and it may be negative")
def loses_the_sign(a: Row, b: Row) -> Pair:
    mean, p = paired_test(a, b)
    return abs(mean), p


@mistake("paired_test", "the first number is t; it should be the mean of the differences")
def gives_t_and_p(a: Row, b: Row) -> Pair:
    return _t(np.asarray(a) - np.asarray(b)), paired_test(a, b)[1]


def _rounded(places: tuple[int, int]) -> Callable[[Row, Row], Pair]:
    return lambda a, b: (round(paired_test(a, b)[0], places[0]), round(paired_test(a, b)[1], places[1]))


for _digits in (2, 3, 4):
    mistake("paired_test", "the first number is right but rounded: return all its digits")(_rounded((_digits, 15)))
    mistake("paired_test", "the p-value is right but rounded: return all its digits")(_rounded((15, _digits)))

# freeze_pruned -----------------------------------------------------------------------------------------------


@mistake("freeze_pruned", "the mask is used the wrong way round: True means kept")
def wrong_way_round(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    return grad * ~mask


FROZEN: list[tuple[str, Callable[[Tensor, Tensor], Tensor]]] = [  # (weight, mask) -> which get a gradient
    (
        "a kept negative weight is frozen: every negative weight is below the threshold",
        lambda weight, mask: weight >= 1e-6,
    ),
    (
        "a kept negative weight is frozen: every negative weight is below the threshold",
        lambda weight, mask: weight > 1e-6,
    ),
    *(
        ("a kept weight is frozen that happens to be zero, or nearly: ask the mask, not the weight", alive)
        for alive in (
            lambda weight, mask: weight != 0,
            lambda weight, mask: weight.abs() >= 1e-6,
            lambda weight, mask: weight.abs() >= 1e-12,
        )
    ),
    *(
        ("the mask alone tells what is pruned; beside it the weight is asked as well, and kept ones are frozen", alive)
        for alive in (
            lambda weight, mask: mask & (weight != 0),
            lambda weight, mask: mask & (weight.abs() >= 1e-6),
            lambda weight, mask: mask & (weight >= 1e-6),
        )
    ),
    *(
        ("a pruned weight gets a gradient unless it is zero; the mask alone tells what is pruned", alive)
        for alive in (
            lambda weight, mask: mask | (weight != 0),
            lambda weight, mask: mask | (weight.abs() >= 1e-6),
        )
    ),
    (
        "a pruned weight gets a gradient unless it is below the threshold; the mask alone tells what is pruned",
        lambda weight, mask: mask | (weight >= 1e-6),
    ),
    (
        "a kept positive weight is frozen: the comparison is turned round, and the mask is not asked",
        lambda weight, mask: weight <= 1e-6,
    ),
    (
        "a kept negative weight is frozen, and the mask is not asked",
        lambda weight, mask: weight >= -1e-6,
    ),
    ("no gradient is set to zero: the pruned weights get theirs, too", lambda weight, mask: torch.ones_like(mask)),
    ("every gradient is set to zero, those of the kept weights, too", lambda weight, mask: torch.zeros_like(mask)),
]
for _words, _alive in FROZEN:
    mistake("freeze_pruned", _words)(lambda grad, weight, mask, alive=_alive: grad * alive(weight, mask))
for _words, _gradient in (
    ("these are the weights; return the gradient", lambda grad, weight, mask: weight * mask),
    ("this is the mask as numbers; return the gradient", lambda grad, weight, mask: mask.float()),
    ("the gradient is multiplied by the weight, too", lambda grad, weight, mask: grad * weight * mask),
    ("the gradient has lost its sign", lambda grad, weight, mask: grad.abs() * mask),
    ("the gradient's sign is turned round", lambda grad, weight, mask: -grad * mask),
    (
        "a pruned weight gets its own value as gradient; it must get zero",
        lambda g, weight, m: torch.where(m, g, weight),
    ),
):
    mistake("freeze_pruned", _words)(_gradient)
