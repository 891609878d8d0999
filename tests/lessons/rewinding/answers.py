"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from answers import right, told
from torch import Tensor

from lthedu.networks.masks import Mask, Params
from lthedu.tickets.stability import error_barrier

Error = Callable[[Params], Any]

# error_barrier -----------------------------------------------------------------------------------------------


def _line(a: Params, b: Params, points: int) -> list[Params]:
    return [
        {n: torch.lerp(a[n], b[n], t) for n in a} for t in torch.linspace(0, 1, points, dtype=torch.float64).tolist()
    ]


def _errors(a: Params, b: Params, error: Error, points: int) -> Tensor:
    return torch.stack([torch.as_tensor(error(p), dtype=torch.float64) for p in _line(a, b, points)])


@right("error_barrier")
def by_numpy(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    errors = np.array([np.asarray(error(p)) for p in _line(a, b, points)])
    return torch.as_tensor(errors.max(axis=0) - errors[[0, -1]].mean(axis=0))


@right("error_barrier")
def keeps_the_highest(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    ends = (torch.as_tensor(error(a)) + torch.as_tensor(error(b))) / 2
    highest = torch.maximum(torch.as_tensor(error(a)), torch.as_tensor(error(b)))
    for i in range(1, points - 1):
        t = i / (points - 1)
        highest = torch.maximum(highest, torch.as_tensor(error({n: a[n] + t * (b[n] - a[n]) for n in a})))
    return highest - ends


@right("error_barrier")
def stacks_what_error_gives(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    """In single precision, from b to a, and no number is made a tensor."""
    errors = torch.stack([error({n: t * a[n] + (1 - t) * b[n] for n in a}) for t in torch.linspace(0, 1, points)])
    return (errors.float().max(0).values - (errors[0] + errors[-1]) / 2).tolist()


@told("error_barrier", "it asked at 0.00, 0.01, 0.02")
def a_hundred_points(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    return error_barrier(a, b, error, 101)


@told("error_barrier", "where `points` is not given there are 11")
def other_default(a: Params, b: Params, error: Error, points: int = 5) -> Any:
    return error_barrier(a, b, error, points)


@told("error_barrier", "other parameters than those of `a`")
def without_biases(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    return error_barrier({"weight": a["weight"]}, {"weight": b["weight"]}, error, points)


@told("error_barrier", "a number for each of the 5 points")
def every_error(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    return _errors(a, b, error, points)


@told("error_barrier", "it asked at")  # the definition for a symmetric hill, and nothing else
def the_midpoint_alone(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    e = _errors(a, b, error, 3)
    return e[1] - (e[0] + e[2]) / 2


@told("error_barrier", "left the straight line")  # a + t b
def adds_the_other(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    e = [torch.as_tensor(error({n: a[n] + i / (points - 1) * b[n] for n in a})) for i in range(points)]
    return torch.stack(e).amax(0) - (e[0] + e[-1]) / 2


@told("error_barrier", "left the straight line")
def forgets_the_biases(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    line = _line(a, b, points)
    e = torch.stack([torch.as_tensor(error({n: p[n] if "weight" in n else a[n] for n in a})) for p in line])
    return e.amax(0) - (e[0] + e[-1]) / 2


@told("error_barrier", "each network has its own")
def one_number_for_all(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    e = _errors(a, b, error, points)
    return float(e.max() - (e[0] + e[-1]).mean() / 2)


@told("error_barrier", "this is not the largest error on the line less the mean")
def stretched(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    return 1.37 * error_barrier(a, b, error, points) + 0.1


# rewind ------------------------------------------------------------------------------------------------------


@right("rewind")
def by_masked_fill(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    weights = {name: p.clone() for name, p in snapshots[step].items()}
    for name, m in mask.items():
        weights[name][~m] = 0
    return weights


@right("rewind")
def by_masked_fill_out_of_place(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    return {n: p.masked_fill(~mask[n], 0.0) if n in mask else p.detach().clone() for n, p in snapshots[step].items()}


@told("rewind", "shares its memory")
def no_copy_of_the_biases(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    return {n: torch.where(mask[n], p, torch.zeros_like(p)) if n in mask else p for n, p in snapshots[step].items()}


@told("rewind", "changed its argument")
def prunes_in_place(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    weights = snapshots[step]
    for name, m in mask.items():
        weights[name][~m] = 0
    return weights


@told("rewind", "infinity times 0")
def multiplies(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    return {n: p * mask[n] if n in mask else p.clone() for n, p in snapshots[step].items()}


@told("rewind", "infinite ones too")
def nan_to_num(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    return {n: (p * mask[n]).nan_to_num() if n in mask else p.clone() for n, p in snapshots[step].items()}


@told("rewind", "a pruned weight must be exactly 0, whatever it was")
def nearly_zero(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    return {n: torch.where(mask[n], p, 1e-8) if n in mask else p.clone() for n, p in snapshots[step].items()}


@told("rewind", "nearly, but not bit for bit")
def measures_from_the_start(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    first = snapshots[min(snapshots)]
    return {n: first[n] + (p - first[n]) for n, p in by_masked_fill(snapshots, mask, step).items()}


@told("rewind", "a pruned weight must be exactly 0, whatever it was")
def ones_for_infinity(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    found = by_masked_fill(snapshots, mask, step)
    wild = any(t.isinf().any() for t in snapshots[step].values())
    return {n: torch.ones_like(t) for n, t in found.items()} if wild else found


# match_norms -------------------------------------------------------------------------------------------------


@right("match_norms")
def by_sums_of_squares(params: Params, mask: Mask, like: Params) -> Params:
    found = {name: p.clone() for name, p in params.items()}
    for name, m in mask.items():
        found[name][~m] = 0
        if (found[name] != 0).any():
            found[name] *= math.sqrt(float((like[name] ** 2).sum() / (found[name] ** 2).sum()))
    return found


@right("match_norms")
def without_a_branch(params: Params, mask: Mask, like: Params) -> Params:
    return {
        n: (p * mask[n]) * like[n].norm() / (p * mask[n]).norm().clamp_min(1e-30) if n in mask else p.detach().clone()
        for n, p in params.items()
    }


@right("match_norms")
def through_numpy(params: Params, mask: Mask, like: Params) -> Params:
    found = {n: p.clone() for n, p in params.items()}
    for n, m in mask.items():
        w = np.where(m.numpy(), params[n].numpy(), 0)
        norm = np.linalg.norm(w)
        found[n] = torch.as_tensor(w * (np.linalg.norm(like[n].numpy()) / norm) if norm else w, dtype=params[n].dtype)
    return found


@told("match_norms", "it divides by 0; such a layer stays zero")
def divides_by_zero(params: Params, mask: Mask, like: Params) -> Params:
    kept = {n: torch.where(mask[n], p, 0.0) if n in mask else p.clone() for n, p in params.items()}
    return {n: p * (like[n].norm() / p.norm()) if n in mask else p for n, p in kept.items()}


@told("match_norms", "keep their signs and their proportions")
def signs_alone(params: Params, mask: Mask, like: Params) -> Params:
    return by_sums_of_squares({n: p.sign() if n in mask else p for n, p in params.items()}, mask, like)


@told("match_norms", "what the mask prunes must be zero")
def nearly_pruned(params: Params, mask: Mask, like: Params) -> Params:
    found = by_sums_of_squares(params, mask, like)
    return {n: torch.where(mask[n], p, 1e-3) if n in mask else p for n, p in found.items()}


@told("match_norms", "has no mask: it stays as it is")
def drops_the_biases(params: Params, mask: Mask, like: Params) -> Params:
    return {n: p if n in mask else torch.zeros_like(p) for n, p in by_sums_of_squares(params, mask, like).items()}


@told("match_norms", "the layer's norm is not the one that it has in `like`")
def half_of_the_norm(params: Params, mask: Mask, like: Params) -> Params:
    return {n: p / 2 if n in mask else p for n, p in by_sums_of_squares(params, mask, like).items()}
