"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from answers import right, told
from torch import Tensor

# set_to_zero -------------------------------------------------------------------------------------------------


@right("set_to_zero")
def masked(weights: Tensor, mask: Tensor) -> Tensor:
    return weights.masked_fill(~mask, 0)


@right("set_to_zero")
def plus_zero(weights: Tensor, mask: Tensor) -> Tensor:
    return weights * mask + 0.0


@told("set_to_zero", "these are not the weights that the mask keeps, and 0 elsewhere")
def twice_as_large(weights: Tensor, mask: Tensor) -> Tensor:
    return torch.where(mask, 2 * weights, 0.0)


@told("set_to_zero", "these numbers are equal, but some zeros are -0.0")
def last_zero_negative(weights: Tensor, mask: Tensor) -> Tensor:
    found = torch.where(mask, weights, 0.0)
    found.view(-1)[-1:] *= torch.where(mask.flatten()[-1:], 1.0, -1.0)
    return found


# from_bits ---------------------------------------------------------------------------------------------------


@right("from_bits")
def bit_by_bit(bits: bytes, values: Tensor, shape: Sequence[int]) -> list[list[float]]:
    rest = iter(values.tolist())
    read = "".join(f"{byte:08b}" for byte in bits)
    rows, columns = shape
    return [[next(rest) if read[r * columns + c] == "1" else 0.0 for c in range(columns)] for r in range(rows)]


@right("from_bits")
def by_scatter(bits: bytes, values: Tensor, shape: Sequence[int]) -> Tensor:
    places = np.flatnonzero(np.unpackbits(np.frombuffer(bits, np.uint8)))
    return torch.zeros(shape[0] * shape[1]).scatter(0, torch.from_numpy(places), values).reshape(tuple(shape))


@told("from_bits", "it has shape (8,); expected (2, 4)")
def without_its_shape(bits: bytes, values: Tensor, shape: Sequence[int]) -> Tensor:
    return by_scatter(bits, values, shape).flatten()


@told("from_bits", "that is not the matrix that was packed")
def doubled(bits: bytes, values: Tensor, shape: Sequence[int]) -> Tensor:
    return by_scatter(bits, 2 * values, shape)


@told("from_bits", "expected numbers of shape (2, 4)")
def as_bytes(bits: bytes, values: Tensor, shape: Sequence[int]) -> bytes:
    return bits


# to_levels ---------------------------------------------------------------------------------------------------


@right("to_levels")
def row_by_row(weights: Tensor, bits: int) -> Any:
    codes, scales = [], []
    for row in weights.tolist():
        scale = max(abs(w) for w in row) / (2 ** (bits - 1) - 1)
        codes.append([round(w / scale) for w in row])
        scales.append(scale)
    return codes, scales


@right("to_levels")
def by_numpy(weights: Tensor, bits: int) -> Any:
    array = weights.numpy().astype(float)
    scale = np.abs(array).max(axis=1, keepdims=True) / (2 ** (bits - 1) - 1)
    return np.rint(array / scale).astype(np.int64), scale


@told("to_levels", "codes are whole numbers from -127 to 127")
def not_rounded(weights: Tensor, bits: int) -> Any:
    scale = weights.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
    return weights / scale, scale


@told("to_levels", "return the whole numbers, before the scale")
def multiplied_out(weights: Tensor, bits: int) -> Any:
    codes, scale = row_by_row(weights, bits)
    return torch.tensor(codes) * torch.tensor(scale)[:, None], scale


@told("to_levels", "the codes hold NaN")
def scales_of_columns(weights: Tensor, bits: int) -> Any:
    scale = weights.abs().amax(0) / (2 ** (bits - 1) - 1)
    return (weights / scale).round(), scale


@told("to_levels", "expected two things: codes and scale")
def codes_alone(weights: Tensor, bits: int) -> Any:
    return [1.0]


@told("to_levels", "those are not the codes and the scale of each row")
def with_the_mean(weights: Tensor, bits: int) -> Any:
    scale = weights.abs().mean(1, keepdim=True)
    return (weights / scale).round(), scale


# remove_constant ---------------------------------------------------------------------------------------------


@right("remove_constant")
def neuron_by_neuron(weight: Tensor, bias: Tensor, next_weight: Tensor, next_bias: Tensor) -> Any:
    left, moved = [], next_bias.clone()
    for i in range(len(weight)):
        if weight[i].abs().sum() > 0:
            left.append(i)
        else:
            moved += next_weight[:, i] * max(float(bias[i]), 0)
    return weight[left], bias[left], next_weight[:, left], moved


@right("remove_constant")
def by_numpy_arrays(weight: Tensor, bias: Tensor, next_weight: Tensor, next_bias: Tensor) -> Any:
    w, b, n, m = (one.numpy() for one in (weight, bias, next_weight, next_bias))
    gone = ~w.any(axis=1)
    return [w[~gone], b[~gone], n[:, ~gone], m + n @ np.where(gone, np.maximum(b, 0), 0)]


@told("remove_constant", "expected [[1.0, 2.0]]")
def removes_nothing(weight: Tensor, bias: Tensor, next_weight: Tensor, next_bias: Tensor) -> Any:
    return weight, bias, next_weight, next_bias


@told("remove_constant", "expected four tensors: weight, bias, next_weight, next_bias")
def the_first_two(weight: Tensor, bias: Tensor, next_weight: Tensor, next_bias: Tensor) -> Any:
    return weight, bias


@told("remove_constant", "the next layer does not get what it got before")
def half_of_it(weight: Tensor, bias: Tensor, next_weight: Tensor, next_bias: Tensor) -> Any:
    w, b, n, moved = neuron_by_neuron(weight, bias, next_weight, next_bias)
    return w, b, n, (moved + next_bias) / 2


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
