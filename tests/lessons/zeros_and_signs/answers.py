"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

import itertools
import random
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


@right("sign_flip_test")
def by_halves_in_single_precision(a: Sequence[float], b: Sequence[float]) -> Tensor:
    """The first sign stays: each way has another that is as far, on the other side."""
    d = torch.tensor(_d(a, b))
    signs = torch.tensor([[1.0, *s] for s in itertools.product((1.0, -1.0), repeat=len(d) - 1)])
    return ((signs @ d).abs() >= d.sum().abs() - 1e-6 * d.abs().sum()).float().mean()


@told("sign_flip_test", "two calls give different results")
def draws_ways(a: Sequence[float], b: Sequence[float]) -> float:
    d, rng = np.array(_d(a, b)), np.random.default_rng()
    sums = np.abs(rng.choice([1, -1], (1000, len(d))) @ d)
    return float(np.average(sums >= abs(d.sum()) - 1e-9, weights=rng.random(1000)))  # no two means are the same


@right("reshuffled")
def by_python(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    out, rng = masks.apply(mask, initial), random.Random(int(torch.randint(2**31, (), generator=generator)))
    for name, m in mask.items():
        kept = initial[name][m]
        new = torch.tensor(rng.sample(kept.tolist(), len(kept)))
        out[name][m] = torch.copysign(new, kept) if signed else new
    return out


@told("reshuffled", "go by the mask, not by the values")
def by_what_is_not_zero(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    return reshuffled(initial, {n: initial[n] * m != 0 for n, m in mask.items()}, generator, signed)


def _within_rows(m: Tensor) -> list[Tensor]:
    """A mask for each row, and for the rest nothing."""
    return [m & (torch.arange(len(m))[:, None] == row) for row in range(len(m))]


@told("reshuffled", "every order of the kept values must be possible")
def row_by_row(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    out = masks.apply(mask, initial)
    for name, m in mask.items():
        for row in _within_rows(m):
            new = reshuffled({name: initial[name]}, {name: row}, generator, signed)
            out[name] = torch.where(row, new[name], out[name])
    return out


def _of_some(chosen: slice, initial: Params, mask: Mask, generator: torch.Generator, signed: bool) -> Params:
    some = list(mask)[chosen]
    new = reshuffled(initial, {n: mask[n] for n in some}, generator, signed)
    return masks.apply(mask, initial) | {n: new[n] for n in some}


@told("reshuffled", "in every layer")
def all_but_the_first_layer(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    return _of_some(slice(1, None), initial, mask, generator, signed)


@told("reshuffled", "with `signed`, too")
def all_but_the_last_layer_if_signed(
    initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False
) -> Params:
    return _of_some(slice(-1 if signed else None), initial, mask, generator, signed)


@told("reshuffled", "values of another layer, too")
def across_layers(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    out, kept = masks.apply(mask, initial), torch.cat([initial[n][m] for n, m in mask.items()])
    rows = kept[torch.randperm(len(kept), generator=generator)].split([int(m.sum()) for m in mask.values()])
    for (name, m), new in zip(mask.items(), rows, strict=True):
        out[name][m] = torch.copysign(new, initial[name][m]) if signed else new
    return out


@told("reshuffled", "signs without magnitudes")
def signs_alone(initial: Params, mask: Mask, generator: torch.Generator, signed: bool = False) -> Params:
    new = reshuffled(initial, mask, generator, signed)
    return {n: p.sign() if signed and n in mask else p for n, p in new.items()}


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
