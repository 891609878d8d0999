"""This lesson's exercises. The references are the library's own functions."""

import functools
import itertools
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from lthedu.exercises import draws
from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, Wrong, exercise, same_tensor, same_tensors
from lthedu.exercises.readers import number
from lthedu.exercises.values import alike, brief, difference
from lthedu.networks.masks import Mask, Params
from lthedu.stats import sign_flip_test
from lthedu.supermasks.actions import reshuffled, zero_if_moved_to_zero
from lthedu.supermasks.criteria import four_scores


@exercise(
    four_scores,
    "Four criteria",
    minutes=15,
    level=1,
    hints=(
        "A weight goes from 1 to -3. How far did it move? By how much did its magnitude grow? Did it keep its sign?",
        "large_final is |f|, magnitude_increase |f| - |i|, movement |f - i|. large_final_same_sign is |f| where i and "
        "f have the same sign, and minus infinity elsewhere, so that such a weight is kept last of all. A zero has no "
        "sign, and i * f is zero where both are tiny: compare i.sign() with f.sign().",
        'large = f.abs()\nreturn {"large_final": large, "magnitude_increase": large - i.abs(),\n'
        '        "movement": (f - i).abs(),\n'
        '        "large_final_same_sign": torch.where(..., large, -torch.inf)}',
    ),
)
def check_four_scores(attempt: Attempt) -> None:
    """Every pair of signs, growing and shrinking; zeros; then layers of random weights, also very small ones."""
    values = [1.0, -1.0, 3.0, -3.0]
    pairs = torch.tensor(list(itertools.product(values, values)))
    zeros = torch.tensor([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0], [0.0, -1.0], [-1.0, 0.0]])
    cases = [(pairs[:, 0], pairs[:, 1]), (zeros[:, 0], zeros[:, 1])]
    for shape, scale in (((3, 5), 1.0), ((2, 3, 2), 1e-25)):
        i, f = (scale * torch.randn(shape, generator=attempt.rng) for _ in range(2))
        cases.append((i, f))
    for name in four_scores(*cases[0]):
        compare(
            attempt,
            cases,
            read=functools.partial(_score, name),
            close=lambda got, right, i, f: torch.allclose(got, right, rtol=1e-6, atol=0),
            show=_score_shown,
            otherwise=f"{name}: this is not the score of its definition",
        )


def _score(name: str, result: object, i: Tensor, f: Tensor) -> Tensor:
    right = four_scores(i, f)
    if not isinstance(result, Mapping):
        raise Wrong(f"it returned {brief(result)}; expected a dict of tensors, one for each criterion")
    if set(result) != set(right):
        raise Wrong(f"it returned scores of {', '.join(map(str, result))}; expected those of {', '.join(right)}")
    return same_tensor(result[name], right[name], f"the result[{name!r}]")


def _score_shown(got: Tensor, right: Tensor, i: Tensor, f: Tensor) -> str:
    place = int((~torch.isclose(got, right, rtol=1e-6, atol=0)).flatten().nonzero()[0])
    wi, wf, a, b = (float(t.flatten()[place]) for t in (i, f, got, right))
    return f"a weight that goes from {wi:g} to {wf:g}: got {a:g}, expected {b:g}"


@exercise(
    reshuffled,
    "Shuffle the values, keep the signs",
    minutes=15,
    level=2,
    hints=(
        "Which values may a kept weight get: those of all weights of its layer, or those of the kept ones?",
        "For each layer: take the kept initial values `w[m]`, permute them with `torch.randperm(len, "
        "generator=generator)`, and put them back in their places with `masked_scatter`. With `signed`, each place "
        "keeps the sign it had and takes the magnitude alone. Pruned weights are zero; what has no mask is copied.",
        "out = {n: p.clone() for n, p in initial.items()}\nfor n, m in mask.items():\n    kept = initial[n][m]\n"
        "    new = kept[...]  # in another order\n"
        "    new = new.abs() * kept.sign() if signed else new\n"
        "    out[n] = torch.zeros_like(out[n]).masked_scatter(m, new)\nreturn out",
    ),
)
def check_reshuffled(attempt: Attempt) -> None:
    """What stays (values, signs, zeros, biases); that the generator decides, and every order comes up."""
    initial, mask = _layers(attempt)
    for signed in (False, True):
        what = "values with signed=True" if signed else "values"
        once = functools.partial(_shuffled, attempt, initial, mask, signed)
        draws.not_seeded_anew(attempt, once)
        draws.decided(once, what)
    one, other = (attempt(initial, mask, draws.seeded(1), *more) for more in ((), (False,)))
    if not alike(one, other):
        raise Wrong("called without `signed` it must do as with signed=False, the stub's default")
    kept = torch.tensor([[True, True], [True, False]])
    for signed in (False, True):
        values = torch.tensor([[1.0 if signed else 0.0, -2.0], [3.0, 9.0]])  # what sign a zero keeps is not asked
        once = functools.partial(_shuffled, attempt, {"v": values, "w": values}, {"v": kept, "w": kept}, signed)
        found = [draws.drawn(once, seed) for seed in range(80)]
        if not signed and all(bool(layer[0, 0] == 0) for drawn in found for layer in drawn.values()):
            raise Wrong(
                "a kept weight whose value is 0 is kept, too, and takes part: go by the mask, not by the values"
            )
        for name in ("v", "w"):
            words = f"every order of the kept values must be possible, in every layer{' with `signed`, too' * signed}"
            orders = [tuple(one[name][kept].abs().tolist()) for one in found]
            draws.all_come_up(orders, 6, words, f"orders of three kept values of layer {name!r}")
        draws.apart([one["v"] for one in found], [one["w"] for one in found])
        draws.moved_on(attempt, once)


def _shuffled(attempt: Attempt, initial: Params, mask: Mask, signed: bool, generator: torch.Generator) -> Params:
    found = same_tensors(attempt(initial, mask, generator, signed), initial, "the result")
    for name, p in initial.items():
        if name in mask:
            others = torch.cat([q.flatten() for n, q in initial.items() if n in mask])
            _check_layer(name, found[name], p, mask[name], signed, others)
        elif not torch.equal(found[name], p):
            raise Wrong(f"{name!r} has no mask and must stay as it is")
    return found


def _check_layer(name: str, new: Tensor, initial: Tensor, m: Tensor, signed: bool, others: Tensor) -> None:
    if torch.equal(new, initial):
        raise Wrong("nothing happened: these are the initial values, pruned ones included")
    if bool((new[~m] != 0).any()):
        raise Wrong("pruned weights must be zero", f"{name}: {int((new[~m] != 0).sum())} of them are not")
    was, now = initial[m], new[m]
    example = f"{name}: kept {_begin(was)}, got {_begin(now)}"
    if signed and bool((now.sign() != was.sign()).any()):
        raise Wrong("with `signed` every kept weight keeps the sign that it had itself", example)
    if not signed and _sorted_alike(now, was.abs()):
        raise Wrong("without `signed` the values move with their signs; these are magnitudes", example)
    if not _sorted_alike(now.abs(), was.abs()):
        if len(set(now.tolist())) < len(set(was.tolist())) and bool(torch.isin(now.abs(), was.abs()).all()):
            words = "some values came twice and others are lost: permute them, do not draw with replacement"
        elif bool(torch.isin(now.abs(), initial.abs()).all()):
            words = "these are values of the whole layer: kept weights exchange values among themselves alone"
        elif bool(torch.isin(now.abs(), others.abs()).all()):
            words = "these are values of another layer, too: each layer's kept weights exchange values among themselves"
        elif bool((now.abs() == 1).all()):
            words = "these are signs without magnitudes: every kept weight is 1 or -1"
        else:
            words = "the kept weights' values must be what they were, in another order"
        raise Wrong(words, example)
    if not signed and not _sorted_alike(now, was):
        raise Wrong("without `signed` the values move as they are, with their signs", example)


def _begin(values: Tensor) -> str:
    return brief(values[:6])[:-1] + (", ...]" if len(values) > 6 else "]")


def _sorted_alike(a: Tensor, b: Tensor) -> bool:
    return torch.equal(a.sort().values, b.sort().values)


def _layers(attempt: Attempt) -> tuple[Params, Mask]:
    shapes = {"layers.0.weight": (6, 5), "layers.0.bias": (6,), "layers.1.weight": (4, 6), "layers.1.bias": (4,)}
    initial = {n: torch.randn(s, generator=attempt.rng) for n, s in shapes.items()}
    mask = {n: torch.rand(s, generator=attempt.rng) < 0.4 for n, s in shapes.items() if len(s) > 1}
    for m in mask.values():
        m[0, :3], m[-1, -1] = True, False
    initial["layers.0.weight"][0, :2] = 0.25  # a value that comes twice, and is kept
    return initial, mask


@exercise(
    sign_flip_test,
    "A test without a distribution",
    minutes=20,
    level=3,
    hints=(
        "If the two arms were the same thing under two names, what could have come out as well?",
        "With n pairs there are 2^n ways to swap the two of a pair, which flips the sign of its difference. p is the "
        "share of these ways, the one that happened among them, for which the mean difference is at least as far from "
        "zero as it is. Allow for rounding when you compare.",
        "d = [x - y for x, y in zip(a, b)]\nsums = [0.0]\nfor value in d:\n"
        "    sums = [s + value for s in sums] + [s - value for s in sums]\n"
        "as_far = sum(abs(s) >= ... for s in sums)  # less 1e-9 * sum(map(abs, d)), for rounding\n"
        "return as_far / len(sums)",
    ),
    returns=lambda got, *_: number(got, "one number, the p-value", nan=True),
)
def check_sign_flip_test(attempt: Attempt) -> None:
    """Small rows by hand, ties, zeros; then random rows, some of ten pairs; last, no difference at all."""
    cases = [
        ([1.0, 2.0], [0.0, 0.0]),
        ([0.8, 0.0, 0.3], [0.7, 0.1, 0.0]),  # sums that are equal, and differ by rounding
        ([0.1, 0.1, 0.8, 0.8, 0.8], [0.3, 0.6, 0.1, 0.1, 0.1]),  # also where `sum` rounds, before Python 3.12
        ([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0]),
        ([3.0, 1.0, 1.0, 1.0], [1.0, 2.0, 1.0, 0.0]),
        ([0.3, 0.1, 0.2], [0.2, 0.2, 0.1]),
        ([5e-6, 1e-5, 2e-5], [0.0, 0.0, 0.0]),  # differences that are small, and no rounding
        ([1e-9, 2e-9, 4e-9], [0.0, 0.0, 0.0]),
    ]
    for n in (5, 8, 10):
        a, b = (torch.randn(n, generator=attempt.rng, dtype=torch.float64) for _ in range(2))
        cases.append(((a + 0.7).tolist(), b.tolist()))
    once, again = (attempt.exercise.returns(attempt(*cases[-1])) for _ in range(2))
    if repr(once) != repr(again):  # NaN is not equal to itself
        raise Wrong("two calls give different results: nothing need be drawn, all 2^n ways can be counted")
    for tried in (cases, [*cases, ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])]):  # what divides by a spread fails in the last
        compare(
            attempt,
            tried,
            close=lambda got, right, a, b: math.isclose(got, right, rel_tol=1e-9, abs_tol=1e-12),
            show=_p_shown,
            otherwise=_which_p,
        )


def _which_p(got: float, *_: Any) -> str:
    if not 0 <= got <= 1:
        return "a p-value is a share, from 0 to 1"
    return "this is not the share of the 2^n swaps that is as far"


def _p_shown(got: float, right: float, a: list[float], b: list[float]) -> str:
    differences = torch.tensor([x - y for x, y in zip(a, b, strict=True)])
    return f"differences {brief(differences)}: {difference(got, right)}"


@exercise(
    zero_if_moved_to_zero,
    "What should a pruned weight be?",
    minutes=10,
    level=2,
    hints=(
        "Zero is a value like any other. Which pruned weights did training bring closer to it? Not one from 2 to -3.",
        "Of the pruned weights, those whose magnitude training made *smaller* become zero; the others keep "
        "their initial value, and will be held there. Where the mask keeps, return zero: they are trained.",
        "return {n: torch.where(~m & (...), initial[n], 0.0)\n        for n, m in mask.items()}",
    ),
)
def check_zero_if_moved_to_zero(attempt: Attempt) -> None:
    """Every case by hand: grew, shrank, changed its sign, did not move; then layers of random weights."""
    before = {"w": torch.tensor([[2.0, 2.0, 2.0, 2.0, -2.0, -2.0, -2.0, 2.0, 5.0]])}
    after = {"w": torch.tensor([[3.0, 1.0, -3.0, 2.0, -1.0, 1.0, -3.0, -2.0, 1.0]])}
    last_kept = {"w": before["w"] == 5}
    nearly, moved = {"w": torch.tensor([[1.0, 1e-6]])}, {"w": torch.tensor([[1 - 5e-7, 9e-7]])}
    initial, mask = _layers(attempt)
    final = {n: p + torch.randn(p.shape, generator=attempt.rng) for n, p in initial.items()}
    compare(
        attempt,
        [(before, after, last_kept), (initial, final, mask), (nearly, moved, {"w": torch.zeros(1, 2).bool()})],
        read=_held,
        close=lambda got, right, *args: all(torch.equal(got[n], right[n]) for n in right),
        show=_held_shown,
        otherwise=_which_held,
    )


def _held(result: object, initial: Params, final: Params, mask: Mask) -> Params:
    if isinstance(result, dict) and set(result) == set(initial) != set(mask):
        raise Wrong("it gives biases, too; held are the masked layers' weights alone")
    return same_tensors(result, {n: initial[n] for n in mask}, "the result")


def _which_held(got: Params, right: Params, initial: Params, final: Params, mask: Mask) -> str:
    if all(torch.equal(got[n][~m], right[n][~m]) for n, m in mask.items()):
        return "where the mask keeps, weights are trained: return zero there"
    return "these are not the values to hold"


def _held_shown(got: Params, right: Params, initial: Params, final: Params, mask: Mask) -> str:
    n = next(n for n in right if not torch.equal(got[n], right[n]))
    place = int((got[n] != right[n]).flatten().nonzero()[0])
    wi, wf, a, b = (float(t[n].flatten()[place]) for t in (initial, final, got, right))
    kept = "kept" if bool(mask[n].flatten()[place]) else "pruned"
    return f"a {kept} weight from {wi:g} to {wf:g}: got {a:g}, expected {b:g}"
