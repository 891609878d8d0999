"""Mistakes that people really make in this lesson, and what they are told."""

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
from lthedu.tickets import Prune, Train

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
    "find_tickets", "level 1 does not start from the initial weights; a new draw would be the control, not the ticket"
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
    "it trained 1 times; with levels=1 it must train 2 times: the dense level 0, then once after each pruning",
)
def one_round_short(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    mask, found = full, [full]
    for level in range(levels):
        mask = prune(train(level, masks.apply(mask, initial), mask), mask)
        found.append(mask)
    return found


# random_mask -------------------------------------------------------------------------------------------------


def _in_order(m: Tensor, order: Tensor) -> Tensor:
    return m.flatten()[order].reshape(m.shape)


@mistake(
    "random_mask", "the number of weights kept changes from draw to draw; a coin toss gives it right only on average"
)
def tosses_a_coin(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: torch.rand(m.shape, generator=generator) < m.float().mean() for n, m in mask.items()}


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


@mistake("random_mask", "it returns one mask always")
def seeds_its_own(mask: Mask, generator: torch.Generator) -> Mask:
    return random_mask(mask, torch.Generator().manual_seed(42))


@mistake("random_mask", "whole rows move together; a random mask must have no structure")
def shuffles_rows(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: m[torch.randperm(len(m), generator=generator)] for n, m in mask.items()}


@mistake("random_mask", "whole columns move together; a random mask must have no structure")
def shuffles_columns(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: m[:, torch.randperm(m.shape[1], generator=generator)] for n, m in mask.items()}


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


def _with_p(p: Callable[[Floats], float]) -> Callable[[Row, Row], Pair]:
    """The right mean, and what `p` makes of the differences."""
    return lambda a, b: (paired_test(a, b)[0], float(p(np.asarray(a) - np.asarray(b))))


_ONE_SIDED = "this is one-sided: a difference in either direction counts, so the tail counts twice"
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
for _words, _p in _P:
    mistake("paired_test", _words)(_with_p(_p))


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
