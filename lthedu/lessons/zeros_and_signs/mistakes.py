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
from lthedu.exercises.draws import SEEDED_ANEW
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
        ("this is the square of the weight; take its magnitude", lambda i, f: f**2),
        ("the sign is turned round: the larger the magnitude, the larger the score", lambda i, f: -f.abs()),
    ],
    "magnitude_increase": [
        ("this is movement: a weight from 1 to -1 moved by 2, and its magnitude grew by 0", lambda i, f: (f - i).abs()),
        ("this is f - i: take the magnitudes first, then the difference", lambda i, f: f - i),
        (
            "a magnitude that shrinks has a negative increase; do not take |…| of it",
            lambda i, f: (f.abs() - i.abs()).abs(),
        ),
        ("the sign is turned round: after less before", lambda i, f: i.abs() - f.abs()),
        (
            "a magnitude that shrinks has a negative increase; do not cut it off at 0",
            lambda i, f: (f.abs() - i.abs()).clamp(min=0),
        ),
        ("these are squares; take magnitudes: |f| - |i|", lambda i, f: f**2 - i**2),
        ("the magnitude is taken of one of the two only: |f| - |i|", lambda i, f: f.abs() - i),
        ("the magnitude is taken of one of the two only: |f| - |i|", lambda i, f: f - i.abs()),
        ("this is a quotient; the increase is a difference, |f| - |i|", lambda i, f: f.abs() / i.abs()),
    ],
    "movement": [
        ("this is magnitude_increase: a weight from 1 to -1 moved by 2", lambda i, f: f.abs() - i.abs()),
        ("a weight from 1 to -1 moved by 2, though its magnitude stayed", lambda i, f: (f.abs() - i.abs()).abs()),
        ("how far, whichever way: take the magnitude of the difference", lambda i, f: f - i),
        ("how far, whichever way: take the magnitude of the difference", lambda i, f: i - f),
        ("this adds the two; the distance from i to f is |f - i|", lambda i, f: (f + i).abs()),
        ("this is a product; the distance from i to f is |f - i|", lambda i, f: f * i),
        ("this is the distance as a share of |i|; it is |f - i| alone", lambda i, f: (f - i).abs() / i.abs()),
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
            "two tiny weights of one sign have kept it: compare signs, as their product may be rounded to 0",
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
        *(
            ("a weight that is zero before or after has no sign that it could have kept", score)
            for score in (
                lambda i, f: _or_last((i.sign() == f.sign()) | (i == 0), f.abs()),
                lambda i, f: _or_last((i.sign() == f.sign()) | (f == 0), f.abs()),
                lambda i, f: _or_last((i >= 0) == (f >= 0), f.abs()),
            )
        ),
        (
            "a weight that goes from zero to below, or from below to zero, has not kept its sign",
            lambda i, f: _or_last((i > 0) == (f > 0), f.abs()),
        ),
        *(
            ("a weight that changed its sign, or is zero, scores minus infinity, not another small number", score)
            for score in (
                lambda i, f: torch.where(_kept_sign(i, f), f.abs(), -1.0),
                lambda i, f: torch.where(_kept_sign(i, f), f.abs(), -1e9),
                lambda i, f: torch.where(_kept_sign(i, f), f.abs(), torch.finfo(f.dtype).min),
                lambda i, f: f.abs() * i.sign() * f.sign(),
            )
        ),
        (
            "plus infinity would keep such a weight first of all; it scores minus infinity",
            lambda i, f: torch.where(_kept_sign(i, f), f.abs(), torch.inf),
        ),
        (
            "this is the weight and not its magnitude where the sign is kept",
            lambda i, f: _or_last(_kept_sign(i, f), f),
        ),
        (
            "negative weights that stay negative keep their sign, too",
            lambda i, f: _or_last((i > 0) & (f > 0), f.abs()),
        ),
        ("it keeps those that changed their sign", lambda i, f: _or_last(~_kept_sign(i, f), f.abs())),
        ("it keeps those that changed their sign", lambda i, f: _or_last(i.sign() != f.sign(), f.abs())),
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


@mistake("reshuffled", "every order of the kept values must be possible, in every layer")
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


@mistake("reshuffled", SEEDED_ANEW)
def seeds_it_anew_in_every_layer(
    initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False
) -> Params:
    return _reordered(initial, mask, signed, lambda n: torch.randperm(n, generator=generator.manual_seed(42)))


@mistake("reshuffled", "a kept weight whose value is 0 is kept, too, and takes part: go by the mask, not by the values")
def takes_zeros_for_pruned(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    kept = {n: m & (initial[n] != 0) for n, m in mask.items()}
    return reshuffled(initial, kept, generator, signed=signed)


@mistake("reshuffled", "called without `signed` it must do as with signed=False, the stub's default")
def another_default(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = True) -> Params:
    return reshuffled(initial, mask, generator, signed=signed)


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
    (
        "a weight whose magnitude stays did not move toward zero: smaller, not smaller or equal",
        lambda i, f: torch.where(f.abs() <= i.abs(), 0.0, i),
    ),
    ("these are the trained values; those that stay hold their *initial* ones", lambda i, f: f),
    *(
        ("it compares values; compare magnitudes, of both: |final| < |initial|", rule)
        for rule in (
            lambda i, f: torch.where(f < i, 0.0, i),
            lambda i, f: torch.where(f.abs() < i, 0.0, i),
            lambda i, f: torch.where(f < i.abs(), 0.0, i),
        )
    ),
    (
        "a weight that changed its sign has moved toward zero, too, where its magnitude is smaller",
        lambda i, f: torch.where(_shrank(i, f) & (i * f > 0), 0.0, i),
    ),
    (
        "it looks for a change of sign; what counts is whether the magnitude is smaller",
        lambda i, f: torch.where(i * f < 0, 0.0, i),
    ),
]
_ELSEWHERE: list[Score] = [lambda i, f: torch.zeros_like(i), lambda i, f: i, lambda i, f: f]
for (_words, _rule), _elsewhere in itertools.product(_HELD, _ELSEWHERE):
    mistake("zero_if_moved_to_zero", _words)(_holding(_rule, _elsewhere))


@mistake("zero_if_moved_to_zero", "initial and final values are exchanged")
def exchanges_the_values(initial: Params, final: Params, mask: Mask) -> Params:
    return zero_if_moved_to_zero(final, initial, mask)


@mistake("zero_if_moved_to_zero", "only the first layer has its values; every masked layer needs them")
def first_layer_alone(initial: Params, final: Params, mask: Mask) -> Params:
    held = zero_if_moved_to_zero(initial, final, mask)
    return {n: p if n == next(iter(held)) else torch.zeros_like(p) for n, p in held.items()}


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


P_WORDS: list[tuple[str, Callable[[float, int], float]]] = [  # from the right p and the number of ways
    (
        "counts / 2^n is exact here; the + 1 above and below is for ways that are drawn at random",
        lambda p, n: (p * n + 1) / (n + 1),
    ),
    ("the way that happened counts, too: no exact p is below 2 / 2^n", lambda p, n: (p * n - 1) / (n - 1)),
    ("there are 2^n ways, and what happened is one of them: divide by 2^n", lambda p, n: p * n / (n - 1)),
    ("both sides are counted already: do not double", lambda p, n: min(1.0, 2 * p)),
    ("the p-value is right but rounded: return all its digits", lambda p, n: round(p, 4)),
    ("the p-value is right but rounded: return all its digits", lambda p, n: round(p, 3)),
    ("the p-value is right but rounded: return all its digits", lambda p, n: round(p, 2)),
]
for _words, _from_p in P_WORDS:
    mistake("sign_flip_test", _words)(lambda a, b, from_p=_from_p: from_p(sign_flip_test(a, b), 2 ** len(a)))

_COUNTED: list[tuple[str, Callable[[float, float], bool]]] = [
    (
        "it is turned round: count the ways that are at least as far from zero, not at most",
        lambda s, o: abs(s) <= abs(o) + TIE,
    ),
    ("one-sided: compare distances from zero", lambda s, o: s <= o + TIE),
    ("it counts ways that are just as far; those that are farther count, too", lambda s, o: abs(abs(s) - abs(o)) < TIE),
]
for _words, _counts in _COUNTED:
    mistake("sign_flip_test", _words)(lambda a, b, counts=_counts: _share(a, b, counts))


@mistake(
    "sign_flip_test", "a one-sided p was doubled, of the side that `a` is expected on; take both sides as they are"
)
def doubles_one_side(a: Row, b: Row) -> float:
    return min(1.0, 2 * on_one_side(a, b))


def _share_of(ways: Callable[[list[float]], list[float]]) -> Callable[[Row, Row], float]:
    """The share of other ways to make a sum that are as far as the sum that happened."""

    def wrong(a: Row, b: Row) -> float:
        d = _differences(a, b)
        found = ways(d)
        return sum(abs(s) >= abs(sum(d)) - TIE * sum(map(abs, d)) for s in found) / len(found)

    return wrong


_WAYS: list[tuple[str, Callable[[list[float]], list[float]]]] = [
    ("it swaps one pair at a time; any number of pairs may be swapped at once", lambda d: [sum(d) - 2 * x for x in d]),
    (
        "it swaps one pair at a time; any number of pairs may be swapped at once",
        lambda d: [sum(d), *(sum(d) - 2 * x for x in d)],
    ),
    (
        "it leaves differences out; swapping a pair gives its difference the other sign",
        lambda d: [sum(itertools.compress(d, keep)) for keep in itertools.product((1, 0), repeat=len(d))],
    ),
    (
        "it counts how many pairs are swapped; which ones matters: there are 2^n ways",
        lambda d: [
            sum(map(operator.mul, d, signs)) for signs in itertools.combinations_with_replacement((1, -1), len(d))
        ],
    ),
]
for _words, _ways in _WAYS:
    mistake("sign_flip_test", _words)(_share_of(_ways))


@mistake("sign_flip_test", "it counts different sums; equal sums of different ways count each time")
def counts_different_sums(a: Row, b: Row) -> float:
    d = _differences(a, b)
    sums = {round(float(np.dot(d, signs)), 9) for signs in itertools.product((1, -1), repeat=len(d))}
    return sum(abs(s) >= abs(sum(d)) - TIE for s in sums) / len(sums)


WIDE = "it takes sums for equal that differ: what rounding does is far smaller"
for _rule in (
    lambda s, o: abs(s) >= abs(o) - 1e-2,
    lambda s, o: abs(s) >= abs(o) - 1e-3,
    lambda s, o: round(abs(s), 2) >= round(abs(o), 2),
):
    mistake("sign_flip_test", WIDE)(lambda a, b, rule=_rule: _share(a, b, rule))


@mistake("sign_flip_test", "it compares with the sum of the magnitudes; compare with the mean difference that happened")
def reaches_the_magnitudes(a: Row, b: Row) -> float:
    size = sum(map(abs, _differences(a, b)))
    return _share(a, b, lambda s, o: abs(s) >= size * (1 - TIE))


@mistake("sign_flip_test", "it changes the signs of `a` alone; swapping a pair changes the sign of its difference")
def flips_one_row(a: Row, b: Row) -> float:
    found = [float(np.dot(a, signs)) - sum(b) for signs in itertools.product((1, -1), repeat=len(a))]
    return sum(abs(s) >= abs(sum(a) - sum(b)) - TIE for s in found) / len(found)


@mistake("sign_flip_test", "it compares medians; compare the mean differences")
def of_the_median(a: Row, b: Row) -> float:
    return _share(a, b, lambda s, o: abs(s) >= abs(o) - TIE, lambda values: float(np.median(values)))


@mistake("sign_flip_test", "it mixes all values of both rows; values stay in their pair, and only swap within it")
def of_all_values(a: Row, b: Row) -> float:
    values, n = [*a, *b], len(a)
    found = [2 * sum(some) - sum(values) for some in itertools.combinations(values, n)]
    return sum(abs(s) >= abs(sum(a) - sum(b)) - TIE for s in found) / len(found)


@mistake("sign_flip_test", "this is Wilcoxon's test, of ranks; compare the mean differences themselves")
def wilcoxon(a: Row, b: Row) -> float:
    return float(stats.wilcoxon(a, b).pvalue)


@mistake("sign_flip_test", "this test ignores which values are a pair: the rows share their seeds")
def the_unpaired_t_test(a: Row, b: Row) -> float:
    return float(stats.ttest_ind(a, b).pvalue)


@mistake("sign_flip_test", "this test ignores which values are a pair: the rows share their seeds")
def mann_whitney(a: Row, b: Row) -> float:
    return float(stats.mannwhitneyu(a, b).pvalue)


@mistake("sign_flip_test", "these are not the ways to swap within pairs")
def with_as_many_minus_signs(a: Row, b: Row) -> float:
    """All ways with as many minus signs as there are negative differences."""
    d = _differences(a, b)
    n, k, size = len(d), sum(x < 0 for x in d), sum(map(abs, d))
    ways = [
        sum(-abs(x) if i in minus else abs(x) for i, x in enumerate(d)) for minus in itertools.combinations(range(n), k)
    ]
    return sum(abs(w) >= abs(sum(d)) - TIE * size for w in ways) / math.comb(n, k)
