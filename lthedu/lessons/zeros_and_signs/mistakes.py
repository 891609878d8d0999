"""Mistakes that people really make in this lesson, and what they are told."""

import functools
import itertools
import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from lthedu.exercises.core import mistake
from lthedu.networks.masks import Mask, Params
from lthedu.stats import sign_flip_test
from lthedu.supermasks.actions import reinitialised, reshuffled, zero_if_moved_to_zero
from lthedu.supermasks.criteria import four_scores

# four_scores -------------------------------------------------------------------------------------------------

Score = Callable[[Tensor, Tensor], Tensor]  # (initial, final) -> what a criterion gives


def _kept_sign(i: Tensor, f: Tensor) -> Tensor:
    return i.sign() * f.sign() > 0


def _or_last(holds: Tensor, score: Tensor) -> Tensor:
    return torch.where(holds, score, -torch.inf)


def _with(name: str, score: Score) -> Callable[[Tensor, Tensor], dict[str, Tensor]]:
    return lambda i, f: four_scores(i, f) | {name: score(i, f)}


_SCORES: dict[str, list[tuple[str, Score]]] = {
    "large_final": [
        ("this is the weight and not its magnitude: -3 is larger than 1 here", lambda i, f: f),
        ("this is the magnitude before training; final means after", lambda i, f: i.abs()),
    ],
    "magnitude_increase": [
        ("this is movement: a weight from 1 to -1 moved by 2, and its magnitude grew by 0", lambda i, f: (f - i).abs()),
        ("this is f - i: take the magnitudes first, then the difference", lambda i, f: f - i),
        (
            "a magnitude that shrinks has a negative increase; do not take |…| of it",
            lambda i, f: (f.abs() - i.abs()).abs(),
        ),
        ("the sign is turned round: after less before", lambda i, f: i.abs() - f.abs()),
    ],
    "movement": [
        ("this is magnitude_increase: a weight from 1 to -1 moved by 2", lambda i, f: f.abs() - i.abs()),
        ("a weight from 1 to -1 moved by 2, though its magnitude stayed", lambda i, f: (f.abs() - i.abs()).abs()),
        ("how far, whichever way: take the magnitude of the difference", lambda i, f: f - i),
        ("this is the square of the distance; it is |f - i|", lambda i, f: (f - i) ** 2),
    ],
    "large_final_same_sign": [
        (
            "0 is also the score of the smallest weight that kept its sign; use minus infinity where it changed",
            lambda i, f: torch.where(_kept_sign(i, f), f.abs(), 0.0),
        ),
        (
            "a weight that is zero before and after has no sign that it could have kept",
            lambda i, f: _or_last(i.sign() == f.sign(), f.abs()),
        ),
        (
            "the product of two tiny weights is rounded to 0: multiply their signs",
            lambda i, f: _or_last(i * f > 0, f.abs()),
        ),
        (
            "a weight that is zero before or after has no sign that it could have kept",
            lambda i, f: _or_last(i * f >= 0, f.abs()),
        ),
        (
            "a weight that is zero before or after has no sign that it could have kept",
            lambda i, f: _or_last(i.sign() * f.sign() >= 0, f.abs()),
        ),
        ("it keeps those that changed their sign", lambda i, f: _or_last(~_kept_sign(i, f), f.abs())),
        ("this is large_final: the signs play no part", lambda i, f: f.abs()),
        ("this is the magnitude before training; final means after", lambda i, f: _or_last(_kept_sign(i, f), i.abs())),
    ],
}
for _name, _known in _SCORES.items():
    for _words, _score in _known:
        mistake("four_scores", f"{_name}: {_words}")(_with(_name, _score))

# reshuffled --------------------------------------------------------------------------------------------------


@mistake("reshuffled", "these are values of the whole layer: kept weights exchange values among themselves alone")
def draws_from_the_whole_layer(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    return reinitialised(initial, mask, generator, signed=signed)


@mistake("reshuffled", "with `signed` every kept weight keeps the sign that it had itself")
def loses_the_signs(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    return reshuffled(initial, mask, generator)


@mistake("reshuffled", "without `signed` the values move with their signs; these are magnitudes")
def always_positive(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    new = reshuffled(initial, mask, generator, signed=signed)
    return new if signed else {n: p.abs() if n in mask else p for n, p in new.items()}


@mistake("reshuffled", "pruned weights must be zero")
def leaves_the_pruned(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    new = reshuffled(initial, mask, generator, signed=signed)
    return {n: torch.where(mask[n], p, initial[n]) if n in mask else p for n, p in new.items()}


def _reordered(initial: Params, mask: Mask, signed: bool, order: Callable[[int], Tensor]) -> Params:
    out = dict(initial)
    for n, m in mask.items():
        kept = initial[n][m]
        new = kept[order(len(kept))]
        out[n] = torch.zeros_like(initial[n]).masked_scatter(m, new.abs() * kept.sign() if signed else new)
    return out


@mistake("reshuffled", "it draws from torch's global random state: pass generator=generator to the random function")
def draws_from_torch(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    return _reordered(initial, mask, signed, torch.randperm)


@mistake("reshuffled", "two generators in different states give the same values: draw from `generator`")
def reverses_them(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    return _reordered(initial, mask, signed, lambda n: torch.arange(n).flip(0))


@mistake("reshuffled", "some values came twice and others are lost: permute them, do not draw with replacement")
def draws_with_replacement(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    return _reordered(initial, mask, signed, lambda n: torch.randint(n, (n,), generator=generator))


@mistake("reshuffled", "every order of the kept values must be possible")
def rolls_them(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    def order(n: int) -> Tensor:
        return torch.arange(n).roll(int(torch.randint(max(n, 1), (), generator=generator)))

    return _reordered(initial, mask, signed, order)


@mistake("reshuffled", "every layer gets the same shuffle: let the generator run on from layer to layer")
def starts_anew_in_every_layer(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    return _reordered(
        initial,
        mask,
        signed,
        lambda n: torch.randperm(n, generator=torch.Generator().manual_seed(generator.initial_seed())),
    )


@mistake("reshuffled", "it did not draw from `generator` itself but from a copy or another one of the same seed")
def draws_from_a_copy(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    return reshuffled(initial, mask, generator.clone_state(), signed=signed)


# zero_if_moved_to_zero ---------------------------------------------------------------------------------------


def _holding(rule: Score, elsewhere: Score) -> Callable[[Params, Params, Mask], Params]:
    """Pruned weights hold what `rule` gives, kept ones what `elsewhere` does."""
    return lambda initial, final, mask: {
        n: torch.where(m, elsewhere(initial[n], final[n]), rule(initial[n], final[n])) for n, m in mask.items()
    }


def _shrank(i: Tensor, f: Tensor) -> Tensor:
    return f.abs() < i.abs()


_HELD: list[tuple[str, Score]] = [
    (
        "this is turned round: those that moved *toward* zero become zero",
        lambda i, f: torch.where(_shrank(i, f), i, 0.0),
    ),
    ("a weight from 2 to -3 moved past zero and away", lambda i, f: torch.where((f - i).sign() * i.sign() < 0, 0.0, i)),
    (
        "it holds the trained values; the others stay at their *initial* ones",
        lambda i, f: torch.where(_shrank(i, f), 0.0, f),
    ),
    ("this freezes all pruned weights; those that training made smaller become zero", lambda i, f: i),
    ("this makes all pruned weights zero", lambda i, f: torch.zeros_like(i)),
    ("a weight that did not move did not move toward zero", lambda i, f: torch.where(f.abs() <= i.abs(), 0.0, i)),
]
_ELSEWHERE: list[Score] = [lambda i, f: torch.zeros_like(i), lambda i, f: i, lambda i, f: f]
for (_words, _rule), _elsewhere in itertools.product(_HELD, _ELSEWHERE):
    mistake("zero_if_moved_to_zero", _words)(_holding(_rule, _elsewhere))


@mistake("zero_if_moved_to_zero", "it holds what the mask keeps; True means kept")
def takes_the_mask_the_other_way(initial: Params, final: Params, mask: Mask) -> Params:
    return zero_if_moved_to_zero(initial, final, {n: ~m for n, m in mask.items()})


# sign_flip_test ----------------------------------------------------------------------------------------------

Row = Sequence[float]
Add = Callable[[Any], float]
TIE = 1e-9


def _differences(a: Row, b: Row) -> list[float]:
    return [x - y for x, y in zip(a, b, strict=True)]


def _share(a: Row, b: Row, counts: Callable[[float, float], bool], add: Add = sum) -> float:
    """The share of the 2^n swaps whose sum, and the sum that happened, `counts` holds for."""
    d = _differences(a, b)
    sums = [add([s * x for s, x in zip(signs, d, strict=True)]) for signs in itertools.product((1, -1), repeat=len(d))]
    return sum(counts(s, sums[0]) for s in sums) / len(sums)


@mistake("sign_flip_test", "one-sided: count differences as far on the other side, too")
def on_the_far_side(a: Row, b: Row) -> float:
    return _share(a, b, lambda s, total: s >= abs(total) - TIE)


@mistake("sign_flip_test", "one-sided: compare distances from zero")
def on_one_side(a: Row, b: Row) -> float:
    return _share(a, b, lambda s, total: s >= total - TIE)


@mistake("sign_flip_test", "what happened is one of the ways: count *at least* as far")
def counts_only_further(a: Row, b: Row) -> float:
    return _share(a, b, lambda s, total: abs(s) > abs(total) + TIE)


@mistake("sign_flip_test", "the way that happened counts, too: no exact p is below 2 / 2^n")
def leaves_out_what_happened(a: Row, b: Row) -> float:
    return sign_flip_test(a, b) - 0.5 ** len(a)


def _one_after_another(values: Row) -> float:
    return float(functools.reduce(operator.add, values))


def _mean(values: Row) -> float:
    return float(np.mean(values))


def _forgetting_rounding(add: Add) -> Callable[[Row, Row], float]:
    return lambda a, b: _share(a, b, lambda s, total: abs(s) >= abs(total), add)


for _add in (sum, _one_after_another, _mean):
    mistake("sign_flip_test", "equal sums differ by rounding here; allow for it")(_forgetting_rounding(_add))


@mistake("sign_flip_test", "this is 1 - p: a large difference must have a small p")
def turned_round(a: Row, b: Row) -> float:
    return 1 - sign_flip_test(a, b)


@mistake("sign_flip_test", "count the 2^n ways, not the seeds")
def counts_the_seeds(a: Row, b: Row) -> float:
    d = _differences(a, b)
    return 2 * min(sum(x > 0 for x in d), sum(x < 0 for x in d)) / len(d)


@mistake("sign_flip_test", "this is Student's t-test, which assumes a normal distribution")
def the_t_test(a: Row, b: Row) -> float:
    return float(stats.ttest_rel(a, b).pvalue)


@mistake("sign_flip_test", "this is the sign test: it counts who won, and forgets by how much")
def the_sign_test(a: Row, b: Row) -> float:
    wins = sum(x > 0 for x in _differences(a, b))
    return float(stats.binomtest(wins, len(a)).pvalue)


@mistake("sign_flip_test", "these are not the ways to swap within pairs")
def with_as_many_minus_signs(a: Row, b: Row) -> float:
    """All ways with as many minus signs as there are negative differences."""
    d = _differences(a, b)
    n, k, size = len(d), sum(x < 0 for x in d), sum(map(abs, d))
    ways = [
        sum(-abs(x) if i in minus else abs(x) for i, x in enumerate(d)) for minus in itertools.combinations(range(n), k)
    ]
    return sum(abs(w) >= abs(sum(d)) - TIE * size for w in ways) / math.comb(n, k)
