"""Answers to lesson 03 that people really give: right ones written differently, and wrong ones by name.

No lesson imports this module; the tests hold every check against it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lthedu.exercises.core import alternative, planted
from lthedu.masks import Mask, Params

Error = Callable[[Params], Any]

# 3.1 ---------------------------------------------------------------------------------------------------------


def _line(a: Params, b: Params, points: int) -> list[Params]:
    return [
        {n: torch.lerp(a[n], b[n], t) for n in a} for t in torch.linspace(0, 1, points, dtype=torch.float64).tolist()
    ]


def _errors(a: Params, b: Params, error: Error, points: int) -> Tensor:
    return torch.stack([torch.as_tensor(error(p), dtype=torch.float64) for p in _line(a, b, points)])


@alternative("3.1")
def by_numpy(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    errors = np.array([np.asarray(error(p)) for p in _line(a, b, points)])
    return torch.as_tensor(errors.max(axis=0) - errors[[0, -1]].mean(axis=0))


@alternative("3.1")
def keeps_the_highest(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    ends = (torch.as_tensor(error(a)) + torch.as_tensor(error(b))) / 2
    highest = torch.maximum(torch.as_tensor(error(a)), torch.as_tensor(error(b)))
    for i in range(1, points - 1):
        t = i / (points - 1)
        highest = torch.maximum(highest, torch.as_tensor(error({n: a[n] + t * (b[n] - a[n]) for n in a})))
    return highest - ends


@planted("3.1", "subtract the mean of the errors at the two ends")
def only_the_peak(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    return _errors(a, b, error, points).amax(0)


@planted("3.1", "better end")
def above_the_better_end(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    e = _errors(a, b, error, points)
    return e.amax(0) - torch.minimum(e[0], e[-1])


@planted("3.1", "it asked at")  # the definition for a symmetric hill, and nothing else
def the_midpoint_alone(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    e = _errors(a, b, error, 3)
    return e[1] - (e[0] + e[2]) / 2


@planted("3.1", "mean over the line")
def mean_over_the_line(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    e = _errors(a, b, error, points)
    return e.mean(0) - (e[0] + e[-1]) / 2


@planted("3.1", "left the straight line")  # a + t b
def adds_the_other(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    e = [torch.as_tensor(error({n: a[n] + i / (points - 1) * b[n] for n in a})) for i in range(points)]
    return torch.stack(e).amax(0) - (e[0] + e[-1]) / 2


@planted("3.1", "left the straight line")
def forgets_the_biases(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    line = _line(a, b, points)
    e = torch.stack([torch.as_tensor(error({n: p[n] if "weight" in n else a[n] for n in a})) for p in line])
    return e.amax(0) - (e[0] + e[-1]) / 2


@planted("3.1", "each network has its own")
def one_number_for_all(a: Params, b: Params, error: Error, points: int = 11) -> Any:
    e = _errors(a, b, error, points)
    return float(e.max() - (e[0] + e[-1]).mean() / 2)


# 3.2 ---------------------------------------------------------------------------------------------------------


@alternative("3.2")
def by_masked_fill(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    weights = {name: p.clone() for name, p in snapshots[step].items()}
    for name, m in mask.items():
        weights[name][~m] = 0
    return weights


@alternative("3.2")
def by_masked_fill_out_of_place(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    return {n: p.masked_fill(~mask[n], 0.0) if n in mask else p.detach().clone() for n, p in snapshots[step].items()}


@planted("3.2", "trained weights")  # the exported "winning ticket" held trained weights: nni, pull request 2559
def keeps_the_trained_weights(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    return by_masked_fill(snapshots, mask, max(snapshots))


@planted("3.2", "initial weights")
def always_resets(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    return by_masked_fill(snapshots, mask, 0)


@planted("3.2", "biases are those of step 600")
def leaves_the_biases_trained(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    trained = snapshots[max(snapshots)]
    return by_masked_fill({step: {n: p if n in mask else trained[n] for n, p in snapshots[step].items()}}, mask, step)


@planted("3.2", "shares its memory")
def no_copy_of_the_biases(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    return {n: torch.where(mask[n], p, torch.zeros_like(p)) if n in mask else p for n, p in snapshots[step].items()}


@planted("3.2", "changed its argument")
def prunes_in_place(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    weights = snapshots[step]
    for name, m in mask.items():
        weights[name][~m] = 0
    return weights


@planted("3.2", "infinity times 0")
def multiplies(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    return {n: p * mask[n] if n in mask else p.clone() for n, p in snapshots[step].items()}


@planted("3.2", "True means kept")
def turned_round(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    return by_masked_fill(snapshots, {n: ~m for n, m in mask.items()}, step)


@planted("3.2", "half precision")
def saved_in_half_precision(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    return {n: p.half().float() for n, p in by_masked_fill(snapshots, mask, step).items()}


# 3.3 ---------------------------------------------------------------------------------------------------------


@alternative("3.3")
def by_counts(a: Tensor, b: Tensor) -> float:
    n, kept_a, kept_b, both = a.numel(), int(a.sum()), int(b.sum()), int((a & b).sum())
    expected = (kept_a * (n - kept_b) + kept_b * (n - kept_a)) / n
    return (kept_a + kept_b - 2 * both) / expected if expected else 0.0


@alternative("3.3")
def by_numpy_means(a: Tensor, b: Tensor) -> float:
    x, y = a.numpy().astype(float), b.numpy().astype(float)
    expected = x.mean() + y.mean() - 2 * x.mean() * y.mean()
    return float(np.abs(x - y).mean() / expected) if expected > 0 else 0.0


@planted("3.3", "plain Hamming")
def plain_hamming(a: Tensor, b: Tensor) -> float:
    return (a != b).double().mean().item()


@planted("3.3", "1 - IoU")
def one_minus_iou(a: Tensor, b: Tensor) -> float:
    union = (a | b).sum().item()
    return 1 - (a & b).sum().item() / union if union else 0.0


@planted("3.3", "two ways to differ")
def one_way_only(a: Tensor, b: Tensor) -> float:
    p, q = a.double().mean().item(), b.double().mean().item()
    expected = p * (1 - q)
    return (a != b).double().mean().item() / expected if expected else 0.0


@planted("3.3", "first mask's density for both")
def one_density_for_both(a: Tensor, b: Tensor) -> float:
    p = a.double().mean().item()
    expected = 2 * p * (1 - p)
    return (a != b).double().mean().item() / expected if expected else 0.0


@planted("3.3", "never differ")
def divides_by_zero(a: Tensor, b: Tensor) -> float:
    p, q = a.double().mean(), b.double().mean()
    return ((a != b).double().mean() / (p * (1 - q) + q * (1 - p))).item()


@planted("3.3", "turned round")
def a_similarity(a: Tensor, b: Tensor) -> float:
    return 1 - by_counts(a, b)


# 3.4 ---------------------------------------------------------------------------------------------------------


def _far(a: Tensor, b: Tensor) -> float:
    return (a != b).double().mean().item()


@alternative("3.4")
def with_a_queue(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> int | None:
    queue: list[Tensor] = []
    for i, mask in enumerate(masks):
        if len(queue) == window - 1 and max(_far(mask, m) for m in queue) <= threshold:
            return i
        queue = [*queue, mask][-(window - 1) :]
    return None


@alternative("3.4")
def all_pairs_first(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> int | None:
    stacked = torch.stack(list(masks)).double()
    far = (stacked[:, None] - stacked[None]).abs().flatten(2).mean(2)
    settled = [i for i in range(window - 1, len(masks)) if float(far[i, i - window + 1 : i].max()) <= threshold]
    return settled[0] if settled else None


@planted("3.4", "compares neighbours")
def neighbours_only(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> int | None:
    for i in range(window - 1, len(masks)):
        if all(_far(masks[j], masks[j - 1]) <= threshold for j in range(i - window + 2, i + 1)):
            return i
    return None


@planted("3.4", "just before alone")
def the_last_one_only(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> int | None:
    for i in range(window - 1, len(masks)):
        if _far(masks[i], masks[i - 1]) <= threshold:
            return i
    return None


@planted("3.4", "before `window` masks are seen")
def does_not_wait(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> int | None:
    for i in range(1, len(masks)):
        if all(_far(masks[i], m) <= threshold for m in masks[max(0, i - window + 1) : i]):
            return i
    return None


@planted("3.4", "<=, not <")
def strictly_below(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> int | None:
    for i in range(window - 1, len(masks)):
        if all(_far(masks[i], m) < threshold for m in masks[i - window + 1 : i]):
            return i
    return None


@planted("3.4", "return None, not")
def never_none(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> int:
    found = with_a_queue(masks, threshold, window)
    return len(masks) - 1 if found is None else found


@planted("3.4", "where the window begins")
def start_of_the_window(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> int | None:
    found = with_a_queue(masks, threshold, window)
    return None if found is None else found - window + 1


@planted("3.4", "returned a mask")
def the_mask_itself(masks: Sequence[Tensor], threshold: float = 0.1, window: int = 5) -> Any:
    found = with_a_queue(masks, threshold, window)
    return None if found is None else masks[found]
