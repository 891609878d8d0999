"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from answers import right, told
from scipy import stats
from torch import Tensor

# through -----------------------------------------------------------------------------------------------------


@right("through")
def by_numpy(points: Sequence[tuple[float, float]], at: float) -> float:
    return np.interp(at, *zip(*points, strict=True))


@right("through")
def from_the_end(points: Sequence[tuple[float, float]], at: float) -> float:
    for i in reversed(range(len(points))):
        t, d = points[i]
        if at >= t:
            if i + 1 == len(points):
                return d
            later, there = points[i + 1]
            share = (at - t) / (later - t)
            return (1 - share) * d + share * there
    return points[0][1]


@told("through", "this is not on the straight lines through the points")
def squared(points: Sequence[tuple[float, float]], at: float) -> float:
    return by_numpy(points, at) ** 2


@told("through", "expected one density")
def nothing(points: Sequence[tuple[float, float]], at: float) -> None:
    by_numpy(points, at)


# weight_steps ------------------------------------------------------------------------------------------------


@right("weight_steps")
def step_by_step(kept: Sequence[tuple[int, int]], steps: int) -> int:
    return sum([w for begin, w in kept if begin <= step][-1] for step in range(steps))


@right("weight_steps")
def by_differences(kept: Sequence[tuple[int, int]], steps: int) -> float:
    before = np.diff([0, *(w for _, w in kept)])
    return float(sum(change * max(0, steps - begin) for change, (begin, _) in zip(before, kept, strict=True)))


@told("weight_steps", "these are not the weights of each step, added up")
def one_more(kept: Sequence[tuple[int, int]], steps: int) -> int:
    return step_by_step(kept, steps) + 1


@told("weight_steps", "expected a whole number, weights times steps")
def as_a_list(kept: Sequence[tuple[int, int]], steps: int) -> list[int]:
    return [w for _, w in kept]


# strongest_pairs ---------------------------------------------------------------------------------------------


@right("strongest_pairs")
def by_a_list(scores: Tensor, pairs: int) -> list[list[bool]]:
    n = len(scores)
    ranked = sorted((-scores[i, j].item(), i, j) for i in range(n) for j in range(i + 1, n))
    kept = {(i, j) for _, i, j in ranked[:pairs]}
    return [[(i, j) in kept or (j, i) in kept for j in range(n)] for i in range(n)]


@right("strongest_pairs")
def by_a_threshold(scores: Tensor, pairs: int) -> Tensor:
    upper = torch.where(torch.ones_like(scores).triu(1) > 0, scores, -torch.inf)
    if pairs == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    place = torch.topk(upper.flatten(), pairs).indices
    mask = torch.zeros(scores.numel())
    mask[place] = 1
    mask = mask.view(scores.shape)
    return mask + mask.T


@told("strongest_pairs", "pairs are")
def one_pair_more(scores: Tensor, pairs: int) -> Tensor:
    n = len(scores)
    return by_a_threshold(scores, min(pairs + 1, n * (n - 1) // 2))


@told("strongest_pairs", "the mask has shape")
def flat(scores: Tensor, pairs: int) -> Tensor:
    return by_a_threshold(scores, pairs).flatten()


@told("strongest_pairs", "and not those of the largest scores")
def the_first_ones(scores: Tensor, pairs: int) -> Tensor:
    return by_a_threshold(-torch.arange(scores.numel()).view(scores.shape).float(), pairs)


@told("strongest_pairs", "expected True and False")
def kept_scores(scores: Tensor, pairs: int) -> Tensor:
    return torch.where(by_a_threshold(scores, pairs) > 0, 2 + scores.abs(), 0)


# count_paths -------------------------------------------------------------------------------------------------


@right("count_paths")
def by_einsum(layers: Sequence[Tensor]) -> np.int64:
    reached = np.ones(layers[0].shape[1], dtype=np.int64)
    for mask in layers:
        reached = np.einsum("oi,i->o", mask.numpy().astype(np.int64), reached)
    return reached.sum()


@right("count_paths")
def from_the_outputs(layers: Sequence[Tensor]) -> Tensor:
    ways = torch.ones(len(layers[-1]), dtype=torch.double)
    for mask in reversed(list(layers)):
        ways = mask.double().T @ ways
    return ways.sum()


@told("count_paths", "this is not the number of paths from any input to any output")
def one_path_more(layers: Sequence[Tensor]) -> int:
    return int(by_einsum(layers)) + 1


@told("count_paths", "expected a whole number of paths")
def whole_matrix(layers: Sequence[Tensor]) -> Tensor:
    return torch.linalg.multi_dot([m.double() for m in reversed(list(layers))]) if len(layers) > 1 else layers[0]


# on_a_path ---------------------------------------------------------------------------------------------------


@right("on_a_path")
def by_products(layers: Sequence[Tensor]) -> list[Tensor]:
    found = []
    for i in range(1, len(layers)):
        ahead, back = torch.ones(layers[0].shape[1]), torch.ones(len(layers[-1]))
        for mask in layers[:i]:
            ahead = mask.float() @ ahead
        for mask in reversed(layers[i:]):
            back = mask.float().T @ back
        found.append(ahead * back > 0)
    return found


@right("on_a_path")
def as_lists(layers: Sequence[Tensor]) -> list[list[bool]]:
    return [one.tolist() for one in by_products(layers)]


@told("on_a_path", "these are not the units that lie on a path")
def all_of_them(layers: Sequence[Tensor]) -> list[list[bool]]:
    return [[True] * len(mask) for mask in layers[:-1]]


@told("on_a_path", "expected a list with a bool tensor for each hidden layer")
def one_for_each_layer(layers: Sequence[Tensor]) -> list[Tensor]:
    return [torch.ones(len(mask)) for mask in layers]


# by_rule


@right("by_rule")
def by_scipys_interval(differences: list[float], threshold: float) -> Any:
    found = stats.ttest_1samp(differences, 0.0).confidence_interval()
    if found.low >= threshold:
        return "supported"
    return "refuted" if found.high < threshold else "undecided"


@right("by_rule")
def by_two_one_sided_tests(differences: list[float], threshold: float) -> Any:
    n = len(differences)
    mean = sum(differences) / n
    error = (sum((d - mean) ** 2 for d in differences) / (n - 1) / n) ** 0.5
    far = (mean - threshold) / error > stats.t.ppf(0.975, n - 1)
    below = (threshold - mean) / error > stats.t.ppf(0.975, n - 1)
    return "SUPPORTED" if far else "REFUTED" if below else "UNDECIDED"


@right("by_rule")
def by_torch(differences: list[float], threshold: float) -> Any:
    d = torch.tensor(differences)
    half = stats.t.ppf(0.975, len(d) - 1) * d.std() / len(d) ** 0.5
    words = ["UNDECIDED", "SUPPORTED", "REFUTED"]
    return words[int(d.mean() - half >= threshold) + 2 * int(d.mean() + half < threshold)]


@told("by_rule", "expected one of the words SUPPORTED, REFUTED, UNDECIDED")
def true_or_false(differences: list[float], threshold: float) -> Any:
    return sum(differences) / len(differences) >= threshold


@told("by_rule", "expected one of the words SUPPORTED, REFUTED, UNDECIDED")
def in_other_words(differences: list[float], threshold: float) -> Any:
    return "maybe"


@told("by_rule", "that is not the verdict of the 95 % interval")
def with_99_percent(differences: list[float], threshold: float) -> Any:
    d = torch.tensor(differences, dtype=torch.float64)
    half = stats.t.ppf(0.995, len(d) - 1) * d.std() / len(d) ** 0.5
    return "SUPPORTED" if d.mean() - half >= threshold else "REFUTED" if d.mean() + half < threshold else "UNDECIDED"
