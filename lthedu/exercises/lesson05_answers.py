"""Answers to lesson 05 that people really give: right ones written differently, and wrong ones by name.

No lesson imports this module; the tests hold every check against it.
"""

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from lthedu.exercises.core import alternative, planted
from lthedu.masks import Mask, Params
from lthedu.supermasks.actions import reinitialised, reshuffled, zero_if_moved_to_zero
from lthedu.supermasks.criteria import four_scores

INF = float("inf")

# 5.1 ---------------------------------------------------------------------------------------------------------


def _scores(i: Tensor, f: Tensor, **other: Tensor) -> dict[str, Tensor]:
    return four_scores(i, f) | other


@alternative("5.1")
def by_masked_fill_of_both(i: Tensor, f: Tensor) -> dict[str, Tensor]:
    large, before = torch.abs(f), torch.abs(i)
    changed = torch.sign(i) != torch.sign(f)
    changed |= (i == 0) | (f == 0)
    same = large.masked_fill(changed, -INF)
    return {
        "movement": (i - f).abs(),
        "large_final": large,
        "large_final_same_sign": same,
        "magnitude_increase": large - before,
    }


@alternative("5.1")
def by_numpy(i: Tensor, f: Tensor) -> dict[str, Tensor]:
    a, b = i.numpy(), f.numpy()
    same = np.where(np.sign(a) * np.sign(b) > 0, np.abs(b), np.float32(-np.inf))
    found = {
        "large_final": np.abs(b),
        "magnitude_increase": np.abs(b) - np.abs(a),
        "movement": np.abs(b - a),
        "large_final_same_sign": same,
    }
    return {name: torch.from_numpy(np.ascontiguousarray(s)) for name, s in found.items()}


@planted("5.1", "this is movement")
def takes_the_distance_for_the_increase(i: Tensor, f: Tensor) -> dict[str, Tensor]:
    return _scores(i, f, magnitude_increase=(f - i).abs())


@planted("5.1", "this is magnitude_increase")
def takes_the_increase_for_the_distance(i: Tensor, f: Tensor) -> dict[str, Tensor]:
    return _scores(i, f, movement=f.abs() - i.abs())


@planted("5.1", "minus infinity")  # what the published code does: the score of a changed sign is 0
def gives_a_changed_sign_zero(i: Tensor, f: Tensor) -> dict[str, Tensor]:
    return _scores(i, f, large_final_same_sign=torch.where(i.sign() * f.sign() > 0, f.abs(), 0.0))


@planted("5.1", "multiply their signs")
def multiplies_the_weights(i: Tensor, f: Tensor) -> dict[str, Tensor]:
    return _scores(i, f, large_final_same_sign=torch.where(i * f > 0, f.abs(), -INF))


@planted("5.1", "has no sign")
def lets_zero_keep_its_sign(i: Tensor, f: Tensor) -> dict[str, Tensor]:
    return _scores(i, f, large_final_same_sign=torch.where(i * f >= 0, f.abs(), -INF))


@planted("5.1", "the weight and not its magnitude")
def forgets_the_magnitude(i: Tensor, f: Tensor) -> dict[str, Tensor]:
    return _scores(i, f, large_final=f)


@planted("5.1", "changed their sign")
def keeps_the_changed(i: Tensor, f: Tensor) -> dict[str, Tensor]:
    return _scores(i, f, large_final_same_sign=torch.where(i.sign() * f.sign() > 0, -INF, f.abs()))


# 5.2 ---------------------------------------------------------------------------------------------------------


@alternative("5.2")
def by_index(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    out = {}
    for name, p in initial.items():
        new = p.clone()
        if name in mask:
            places = mask[name].flatten().nonzero().squeeze(1)
            values = p.flatten()[places[torch.randperm(len(places), generator=generator)]]
            if signed:
                values = torch.copysign(values, p.flatten()[places])
            new = torch.zeros(p.numel()).scatter(0, places, values).view(p.shape)
        out[name] = new
    return out


@alternative("5.2")
def by_sorting_noise(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    out = dict(initial)
    for name, m in mask.items():
        kept = initial[name][m]
        new = kept[torch.rand(len(kept), generator=generator).argsort()]
        out[name] = torch.zeros_like(initial[name])
        out[name][m] = new.abs() * kept.sign() if signed else new
    return out


@planted("5.2", "values of the whole layer")
def draws_from_the_whole_layer(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    return reinitialised(initial, mask, generator, signed=signed)


@planted("5.2", "keeps the sign that it had itself")
def loses_the_signs(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    return reshuffled(initial, mask, generator)


@planted("5.2", "these are magnitudes")
def always_positive(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    new = reshuffled(initial, mask, generator, signed=signed)
    return new if signed else {n: p.abs() if n in mask else p for n, p in new.items()}


@planted("5.2", "pruned weights must be zero")
def leaves_the_pruned(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    new = reshuffled(initial, mask, generator, signed=signed)
    return {n: torch.where(mask[n], p, initial[n]) if n in mask else p for n, p in new.items()}


@planted("5.2", "not from torch's own")
def draws_from_torch(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    fresh = torch.Generator().manual_seed(int(torch.randint(10**9, ())))
    return reshuffled(initial, mask, fresh, signed=signed)


@planted("5.2", "in different states give the same")
def reverses_them(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    out = dict(initial)
    for n, m in mask.items():
        kept = initial[n][m]
        new = kept.flip(0).abs() * kept.sign() if signed else kept.flip(0)
        out[n] = torch.zeros_like(initial[n]).masked_scatter(m, new)
    return out


@planted("5.2", "came twice")
def draws_with_replacement(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    out = dict(initial)
    for n, m in mask.items():
        kept = initial[n][m]
        new = kept[torch.randint(len(kept), (len(kept),), generator=generator)]
        out[n] = torch.zeros_like(initial[n]).masked_scatter(m, new.abs() * kept.sign() if signed else new)
    return out


# 5.3 ---------------------------------------------------------------------------------------------------------


@alternative("5.3")
def by_steps(initial: Params, final: Params, mask: Mask) -> Params:
    held = {}
    for name, m in mask.items():
        value = initial[name].clone()
        value[torch.abs(final[name]) < torch.abs(initial[name])] = 0
        value[m] = 0
        held[name] = value
    return held


@alternative("5.3")
def by_product(initial: Params, final: Params, mask: Mask) -> Params:
    return {n: initial[n] * (final[n] ** 2 >= initial[n] ** 2) * ~mask[n] + 0.0 for n in mask}


@planted("5.3", "turned round")
def zero_if_moved_away(initial: Params, final: Params, mask: Mask) -> Params:
    return {n: torch.where(~m & (final[n].abs() < initial[n].abs()), initial[n], 0.0) for n, m in mask.items()}


@planted("5.3", "freezes all pruned weights")
def freezes_all(initial: Params, final: Params, mask: Mask) -> Params:
    return {n: torch.where(m, 0.0, initial[n]) for n, m in mask.items()}


@planted("5.3", "return zero there")
def gives_the_whole_network(initial: Params, final: Params, mask: Mask) -> Params:
    held = zero_if_moved_to_zero(initial, final, mask)
    return {n: torch.where(m, initial[n], held[n]) for n, m in mask.items()}


@planted("5.3", "past zero and away")
def by_direction(initial: Params, final: Params, mask: Mask) -> Params:
    toward = {n: (final[n] - initial[n]).sign() * initial[n].sign() < 0 for n in mask}
    return {n: torch.where(m | toward[n], 0.0, initial[n]) for n, m in mask.items()}


@planted("5.3", "did not move")
def counts_standing_still(initial: Params, final: Params, mask: Mask) -> Params:
    return {n: torch.where(m | (final[n].abs() <= initial[n].abs()), 0.0, initial[n]) for n, m in mask.items()}


@planted("5.3", "trained values")
def holds_the_trained(initial: Params, final: Params, mask: Mask) -> Params:
    return {n: torch.where(m | (final[n].abs() < initial[n].abs()), 0.0, final[n]) for n, m in mask.items()}


# 5.4 ---------------------------------------------------------------------------------------------------------


def _ways(d: Sequence[float]) -> list[float]:
    return [sum(s * x for s, x in zip(signs, d, strict=True)) for signs in itertools.product((1, -1), repeat=len(d))]


def _d(a: Sequence[float], b: Sequence[float]) -> list[float]:
    return [x - y for x, y in zip(a, b, strict=True)]


@alternative("5.4")
def by_product_of_signs(a: Sequence[float], b: Sequence[float]) -> float:
    d = np.array(_d(a, b))
    signs = np.array(list(itertools.product([1, -1], repeat=len(d))))
    means = np.abs(signs @ d) / len(d)
    return float((means >= abs(d.mean()) - 1e-12).mean())


@alternative("5.4")
def by_bits(a: Sequence[float], b: Sequence[float]) -> float:
    d, count = _d(a, b), 0
    for way in range(2 ** len(d)):
        total = sum(x if way >> i & 1 else -x for i, x in enumerate(d))
        count += abs(total) > abs(sum(d)) * (1 - 1e-9) - 1e-12
    return float(count / 2 ** len(d))


@planted("5.4", "one-sided")
def one_sided(a: Sequence[float], b: Sequence[float]) -> float:
    d = _d(a, b)
    return float(sum(s >= sum(d) - 1e-9 for s in _ways(d)) / 2 ** len(d))


@planted("5.4", "*at least*")
def counts_only_further(a: Sequence[float], b: Sequence[float]) -> float:
    d = _d(a, b)
    return float(sum(abs(s) > abs(sum(d)) + 1e-9 for s in _ways(d)) / 2 ** len(d))


@planted("5.4", "counts, too")
def leaves_out_what_happened(a: Sequence[float], b: Sequence[float]) -> float:
    d = _d(a, b)
    return float((sum(abs(s) >= abs(sum(d)) - 1e-9 for s in _ways(d)) - 1) / 2 ** len(d))


@planted("5.4", "Student's t-test")
def the_t_test(a: Sequence[float], b: Sequence[float]) -> float:
    return float(stats.ttest_rel(a, b).pvalue)


@planted("5.4", "the sign test")
def the_sign_test(a: Sequence[float], b: Sequence[float]) -> float:
    d = _d(a, b)
    return float(stats.binomtest(sum(x > 0 for x in d), len(d)).pvalue)


@planted("5.4", "differ by rounding")
def forgets_rounding(a: Sequence[float], b: Sequence[float]) -> float:
    d = _d(a, b)
    return float(sum(abs(s) >= abs(sum(d)) for s in _ways(d)) / 2 ** len(d))


@planted("5.4", "1 - p")
def turned_round(a: Sequence[float], b: Sequence[float]) -> float:
    d = _d(a, b)
    return float(1 - sum(abs(s) >= abs(sum(d)) - 1e-9 for s in _ways(d)) / 2 ** len(d))
