"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

import itertools
from collections.abc import Sequence

import numpy as np
import torch
from answers import right, told
from torch import Tensor

from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.stats import sign_flip_test
from lthedu.supermasks.actions import reshuffled, zero_if_moved_to_zero


def _d(a: Sequence[float], b: Sequence[float]) -> list[float]:
    return [x - y for x, y in zip(a, b, strict=True)]


# four_scores ------------------------------------------------------------------------------------------------


@right("four_scores")
def by_masked_fill_of_both(i: Tensor, f: Tensor) -> dict[str, Tensor]:
    large, before = torch.abs(f), torch.abs(i)
    changed = torch.sign(i) != torch.sign(f)
    changed |= (i == 0) | (f == 0)
    same = large.masked_fill(changed, -torch.inf)
    return {
        "movement": (i - f).abs(),
        "large_final": large,
        "large_final_same_sign": same,
        "magnitude_increase": large - before,
    }


@right("four_scores")
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


# reshuffled -------------------------------------------------------------------------------------------------


@right("reshuffled")
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


@right("reshuffled")
def by_sorting_noise(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    out = dict(initial)
    for name, m in mask.items():
        kept = initial[name][m]
        new = kept[torch.rand(len(kept), generator=generator).argsort()]
        out[name] = torch.zeros_like(initial[name])
        out[name][m] = new.abs() * kept.sign() if signed else new
    return out


# zero_if_moved_to_zero --------------------------------------------------------------------------------------


@right("zero_if_moved_to_zero")
def by_steps(initial: Params, final: Params, mask: Mask) -> Params:
    held = {}
    for name, m in mask.items():
        value = initial[name].clone()
        value[torch.abs(final[name]) < torch.abs(initial[name])] = 0
        value[m] = 0
        held[name] = value
    return held


@right("zero_if_moved_to_zero")
def by_product(initial: Params, final: Params, mask: Mask) -> Params:
    return {n: initial[n] * (final[n] ** 2 >= initial[n] ** 2) * ~mask[n] + 0.0 for n in mask}


# sign_flip_test ---------------------------------------------------------------------------------------------


@right("sign_flip_test")
def by_product_of_signs(a: Sequence[float], b: Sequence[float]) -> float:
    d = np.array(_d(a, b))
    signs = np.array(list(itertools.product([1, -1], repeat=len(d))))
    means = np.abs(signs @ d) / len(d)
    return float((means >= abs(d.mean()) - 1e-12).mean())


@right("sign_flip_test")
def by_bits(a: Sequence[float], b: Sequence[float]) -> float:
    d, count = _d(a, b), 0
    for way in range(2 ** len(d)):
        total = sum(x if way >> i & 1 else -x for i, x in enumerate(d))
        count += abs(total) > abs(sum(d)) * (1 - 1e-9) - 1e-12
    return float(count / 2 ** len(d))


@told("reshuffled", "has no mask and must stay as it is")
def moves_biases(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    found = reshuffled(initial, mask, generator, signed)
    return {n: p if n in mask else p + 1 for n, p in found.items()}


@told("reshuffled", "nothing happened")
def copies(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    return masks.clone(initial)


@told("reshuffled", "without `signed` the values move as they are, with their signs")
def turns_signs(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    found = reshuffled(initial, mask, generator, signed)
    return found if signed else {n: -p if n in mask else p for n, p in found.items()}


@told("zero_if_moved_to_zero", "it gives biases, too")
def holds_biases(initial: Params, final: Params, mask: Mask) -> Params:
    return initial | zero_if_moved_to_zero(initial, final, mask)


@told("zero_if_moved_to_zero", "where the mask keeps, weights are trained: return zero there")
def gives_the_whole_network(initial: Params, final: Params, mask: Mask) -> Params:
    held = zero_if_moved_to_zero(initial, final, mask)
    return {n: torch.where(m, initial[n], held[n]) for n, m in mask.items()}


@told("sign_flip_test", "a p-value is a share, from 0 to 1")
def counts_instead_of_a_share(a: Sequence[float], b: Sequence[float]) -> float:
    return sign_flip_test(a, b) * 2 ** len(a)
