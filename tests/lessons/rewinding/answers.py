"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

from collections.abc import Callable, Mapping, Sequence
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


# relative_distance -------------------------------------------------------------------------------------------


@right("relative_distance")
def by_counts(a: Tensor, b: Tensor) -> float:
    n, kept_a, kept_b, both = a.numel(), int(a.sum()), int(b.sum()), int((a & b).sum())
    expected = (kept_a * (n - kept_b) + kept_b * (n - kept_a)) / n
    return (kept_a + kept_b - 2 * both) / expected if expected else 0.0


@right("relative_distance")
def by_numpy_means(a: Tensor, b: Tensor) -> float:
    x, y = a.numpy().astype(float), b.numpy().astype(float)
    expected = x.mean() + y.mean() - 2 * x.mean() * y.mean()
    return float(np.abs(x - y).mean() / expected) if expected > 0 else 0.0


@right("relative_distance")
def in_single_precision_without_a_branch(a: Tensor, b: Tensor) -> Tensor:
    p, q = a.float().mean(), b.float().mean()
    return torch.nan_to_num((a ^ b).float().mean() / (p + q - 2 * p * q))


@told("relative_distance", "it returned nan for masks of densities 0.5 and 0.5")
def always_nan(a: Tensor, b: Tensor) -> float:
    return float("nan")


@told("relative_distance", "never differ")
def divides_by_zero(a: Tensor, b: Tensor) -> float:
    p, q = a.double().mean(), b.double().mean()
    return ((a != b).double().mean() / (p * (1 - q) + q * (1 - p))).item()


@told("relative_distance", "equal masks never differ")
def half_for_equals(a: Tensor, b: Tensor) -> float:
    same = (a.all() and b.all()) or not (a.any() or b.any())
    return 0.5 if same else by_counts(a, b)


# early_bird --------------------------------------------------------------------------------------------------


def _far(a: Tensor, b: Tensor) -> float:
    return (a != b).double().mean().item()


@right("early_bird")
def with_a_queue(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> int | None:
    queue: list[Tensor] = []
    for i, mask in enumerate(masks):
        if len(queue) == window - 1 and max(_far(mask, m) for m in queue) <= threshold:
            return i
        queue = [*queue, mask][-(window - 1) :]
    return None


@right("early_bird")
def all_pairs_first(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> int | None:
    stacked = torch.stack(list(masks)).double()
    far = (stacked[:, None] - stacked[None]).abs().flatten(2).mean(2)
    settled = [i for i in range(window - 1, len(masks)) if float(far[i, i - window + 1 : i].max()) <= threshold]
    return settled[0] if settled else None


@right("early_bird")
def in_single_precision(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Any:
    near = [
        all((masks[i] != m).float().mean().item() <= threshold for m in masks[i - window + 1 : i])
        for i in range(window - 1, len(masks))
    ]
    return np.int64(near.index(True) + window - 1) if any(near) else None


@told("early_bird", "returned a mask")
def the_mask_itself(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Any:
    found = with_a_queue(masks, threshold, window)
    return None if found is None else masks[found]


@told("early_bird", "a position in `masks`, or None")
def whether_it_has_settled(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> bool:
    return with_a_queue(masks, threshold, window) is not None


@told("early_bird", "there is a mask that has settled, and it returned None")
def finds_none(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> None:
    return None


@told("early_bird", "this is not the first mask within the threshold")
def one_change_too_many(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> int | None:
    for i in range(window - 1, len(masks)):
        if all(_far(masks[j], masks[j - 1]) <= threshold for j in range(i - window + 1, i + 1)):
            return i
    return None
