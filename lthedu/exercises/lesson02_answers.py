"""Answers to lesson 02 that people really give: right ones written differently, and wrong ones by name.

No lesson imports this module; the tests hold every check against it.
"""

import copy

import numpy as np
import torch
from scipy import stats
from torch import Tensor

from lthedu import masks
from lthedu.exercises.core import alternative, planted
from lthedu.masks import Mask, Params
from lthedu.tickets import Prune, Train

Pair = tuple[float, float]
EPS = 1e-6

# 2.1 ---------------------------------------------------------------------------------------------------------


@alternative("2.1")
def by_recursion(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    def go(level: int, mask: Mask) -> list[Mask]:
        trained = train(level, {n: p * mask[n] if n in mask else p for n, p in initial.items()}, mask)
        return [mask] if level == levels else [mask, *go(level + 1, prune(trained, mask))]

    return go(0, full)


@alternative("2.1")
def dense_first(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    found = [full]
    trained = train(0, initial, full)
    while len(found) <= levels:
        found.append(prune(trained, found[-1]))
        trained = train(len(found) - 1, masks.apply(found[-1], initial), found[-1])
    return found


@planted("2.1", "fine-tuning")  # exported "winning tickets" that held trained weights: nni #2559
def never_rewinds(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    mask, found, weights = full, [], initial
    for level in range(levels + 1):
        weights = train(level, masks.apply(mask, weights), mask)
        found.append(mask)
        mask = prune(weights, mask)
    return found


@planted("2.1", "fine-tuning")
def rewinds_to_the_dense_result(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    dense = trained = train(0, initial, full)
    found = [full]
    for level in range(1, levels + 1):
        found.append(prune(trained, found[-1]))
        trained = train(level, masks.apply(found[-1], dense), found[-1])
    return found


@planted("2.1", "apply the mask")
def forgets_to_apply(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    mask, found = full, []
    for level in range(levels + 1):
        trained = train(level, initial, mask)
        found.append(mask)
        mask = prune(trained, mask)
    return found


@planted("2.1", "would come back")
def prunes_from_the_full_mask(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    mask, found = full, []
    for level in range(levels + 1):
        trained = train(level, masks.apply(mask, initial), mask)
        found.append(mask)
        mask = prune(trained, full)
    return found


@planted("2.1", "the initial weights")
def ranks_the_start(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    mask, found = full, []
    for level in range(levels + 1):
        start = masks.apply(mask, initial)
        train(level, start, mask)
        found.append(mask)
        mask = prune(start, mask)
    return found


@planted("2.1", "must train 2 times")
def one_round_short(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    mask, found = full, [full]
    for level in range(levels):
        mask = prune(train(level, masks.apply(mask, initial), mask), mask)
        found.append(mask)
    return found


@planted("2.1", "new draw")
def draws_anew(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    mask, found = full, []
    for level in range(levels + 1):
        fresh = initial if level == 0 else {n: torch.randn_like(p) for n, p in initial.items()}
        trained = train(level, masks.apply(mask, fresh), mask)
        found.append(mask)
        mask = prune(trained, mask)
    return found


@planted("2.1", "expected the list of masks")
def returns_nothing(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> None:
    mask = full
    for level in range(levels + 1):
        mask = prune(train(level, masks.apply(mask, initial), mask), mask)


@planted("2.1", "has no mask, and must be rewound")
def leaves_the_biases_trained(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    mask, found, weights = full, [], initial
    for level in range(levels + 1):
        start = {n: initial[n] * mask[n] if n in mask else weights[n] for n in initial}
        weights = train(level, start, mask)
        found.append(mask)
        mask = prune(weights, mask)
    return found


@planted("2.1", "yield")
def yields(initial: Params, full: Mask, train: Train, prune: Prune, levels: int):  # type: ignore[no-untyped-def]
    mask = full
    for level in range(levels + 1):
        yield mask
        mask = prune(train(level, masks.apply(mask, initial), mask), mask)


# 2.2 ---------------------------------------------------------------------------------------------------------


@alternative("2.2")
def by_ranking_noise(mask: Mask, generator: torch.Generator) -> Mask:
    found = {}
    for name, m in mask.items():
        noise = torch.rand(m.numel(), generator=generator)
        chosen = noise.argsort()[: int(m.sum())]
        found[name] = torch.zeros(m.numel(), dtype=torch.bool).index_fill_(0, chosen, True).reshape(m.shape)
    return found


@alternative("2.2")
def by_multinomial(mask: Mask, generator: torch.Generator) -> Mask:
    found = {name: torch.zeros_like(m) for name, m in mask.items()}
    for name, m in mask.items():
        k = int(m.sum())
        found[name].view(-1)[torch.multinomial(torch.ones(m.numel()), k, generator=generator)] = True
    return found


@planted("2.2", "only on average")
def tosses_a_coin(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: torch.rand(m.shape, generator=generator) < m.float().mean() for n, m in mask.items()}


@planted("2.2", "wander between layers")
def shuffles_all_layers_together(mask: Mask, generator: torch.Generator) -> Mask:
    flat = torch.cat([m.flatten() for m in mask.values()])
    flat = flat[torch.randperm(len(flat), generator=generator)]
    pieces = torch.split(flat, [m.numel() for m in mask.values()])
    return {n: p.reshape(m.shape) for (n, m), p in zip(mask.items(), pieces, strict=True)}


@planted("2.2", "nothing was shuffled")  # a loop variable is bound anew: Synaptic-Flow's shuffle
def shuffles_a_name(mask: Mask, generator: torch.Generator) -> Mask:
    found = {name: m.clone() for name, m in mask.items()}
    for m in found.values():
        m = m.flatten()[torch.randperm(m.numel(), generator=generator)].reshape(m.shape)
    return found


@planted("2.2", "whole rows or columns")
def shuffles_rows(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: m[torch.randperm(len(m), generator=generator)] for n, m in mask.items()}


@planted("2.2", "global random state")
def ignores_the_generator(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: m.flatten()[torch.randperm(m.numel())].reshape(m.shape) for n, m in mask.items()}


@planted("2.2", "one mask always")
def seeds_its_own(mask: Mask, generator: torch.Generator) -> Mask:
    own = torch.Generator().manual_seed(42)
    return {n: m.flatten()[torch.randperm(m.numel(), generator=own)].reshape(m.shape) for n, m in mask.items()}


@planted("2.2", "same shuffle")
def starts_anew_in_every_layer(mask: Mask, generator: torch.Generator) -> Mask:
    found = {}
    for name, m in mask.items():
        again = torch.Generator().manual_seed(generator.initial_seed())
        found[name] = m.flatten()[torch.randperm(m.numel(), generator=again)].reshape(m.shape)
    return found


@planted("2.2", "a copy or another one")
def draws_elsewhere(mask: Mask, generator: torch.Generator) -> Mask:
    rng = np.random.default_rng(generator.initial_seed())
    return {n: torch.from_numpy(rng.permutation(m.flatten().numpy())).reshape(m.shape) for n, m in mask.items()}


@planted("2.2", "each keeps its own count")
def shuffles_columns(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: m[:, torch.randperm(m.shape[1], generator=generator)] for n, m in mask.items()}


@planted("2.2", "dtype torch.float32")
def returns_numbers(mask: Mask, generator: torch.Generator) -> Mask:
    order = {n: torch.randperm(m.numel(), generator=generator) for n, m in mask.items()}
    return {n: m.flatten()[order[n]].reshape(m.shape).float() for n, m in mask.items()}


@planted("2.2", "changed its argument")
def shuffles_in_place(mask: Mask, generator: torch.Generator) -> Mask:
    for m in mask.values():
        m.view(-1).copy_(m.flatten()[torch.randperm(m.numel(), generator=generator)])
    return mask


# 2.3 ---------------------------------------------------------------------------------------------------------


@alternative("2.3")
def asks_scipy(a: list[float], b: list[float]) -> Pair:
    result = stats.ttest_rel(a, b)
    return float(np.mean(a) - np.mean(b)), float(result.pvalue)


@alternative("2.3")
def in_torch(a: list[float], b: list[float]) -> tuple[Tensor, float]:
    d = torch.tensor(a, dtype=torch.float64) - torch.tensor(b, dtype=torch.float64)
    t = d.mean() / (d.std() / len(d) ** 0.5)
    return d.mean(), 2 * (1 - stats.t.cdf(abs(float(t)), df=len(d) - 1))


@alternative("2.3")
def in_single_precision(a: list[float], b: list[float]) -> tuple[Tensor, float]:
    d = torch.tensor(a) - torch.tensor(b)
    t = d.mean() / (d.std() / len(d) ** 0.5)
    return d.mean(), 2 * float(stats.t.sf(abs(float(t)), len(d) - 1))


@planted("2.3", "unpaired test")
def unpaired(a: list[float], b: list[float]) -> Pair:
    return float(np.mean(a) - np.mean(b)), float(stats.ttest_ind(a, b).pvalue)


@planted("2.3", "one-sided")
def one_sided(a: list[float], b: list[float]) -> Pair:
    d = np.asarray(a) - np.asarray(b)
    return d.mean(), float(stats.t.sf(abs(d.mean() / (d.std(ddof=1) / len(d) ** 0.5)), len(d) - 1))


@planted("2.3", "divides by n")
def numpy_default_deviation(a: list[float], b: list[float]) -> Pair:
    d = np.asarray(a) - np.asarray(b)
    return d.mean(), float(2 * stats.t.sf(abs(d.mean() / (d.std() / len(d) ** 0.5)), len(d) - 1))


@planted("2.3", "divide the standard deviation by sqrt(n)")
def no_standard_error(a: list[float], b: list[float]) -> Pair:
    d = np.asarray(a) - np.asarray(b)
    return d.mean(), float(2 * stats.t.sf(abs(d.mean() / d.std(ddof=1)), len(d) - 1))


@planted("2.3", "a - b")
def turned_round(a: list[float], b: list[float]) -> Pair:
    return float(np.mean(b) - np.mean(a)), float(stats.ttest_rel(a, b).pvalue)


@planted("2.3", "normal's tail")
def normal_tail(a: list[float], b: list[float]) -> Pair:
    d = np.asarray(a) - np.asarray(b)
    return d.mean(), float(2 * stats.norm.sf(abs(d.mean() / (d.std(ddof=1) / len(d) ** 0.5))))


@planted("2.3", "absolute value of t")
def forgets_the_other_sign(a: list[float], b: list[float]) -> Pair:
    d = np.asarray(a) - np.asarray(b)
    return d.mean(), float(2 * stats.t.sf(d.mean() / (d.std(ddof=1) / len(d) ** 0.5), len(d) - 1))


@planted("2.3", "may be negative")
def loses_the_sign(a: list[float], b: list[float]) -> Pair:
    return abs(float(np.mean(a) - np.mean(b))), float(stats.ttest_rel(a, b).pvalue)


@planted("2.3", "pairs count")
def counts_all_values(a: list[float], b: list[float]) -> Pair:
    d = np.asarray(a) - np.asarray(b)
    return d.mean(), float(2 * stats.t.sf(abs(d.mean() / (d.std(ddof=1) / len(d) ** 0.5)), 2 * len(d) - 2))


@planted("2.3", "rounded")
def rounds(a: list[float], b: list[float]) -> Pair:
    return round(float(np.mean(a) - np.mean(b)), 3), round(float(stats.ttest_rel(a, b).pvalue), 3)


@planted("2.3", "changed its argument")
def subtracts_in_place(a: list[float], b: list[float]) -> Pair:
    for i in range(len(a)):
        a[i] -= b[i]
    return float(np.mean(a)), float(stats.ttest_1samp(a, 0).pvalue)


@planted("2.3", "two numbers")
def only_p(a: list[float], b: list[float]) -> float:
    return float(stats.ttest_rel(a, b).pvalue)


# 2.4 ---------------------------------------------------------------------------------------------------------


@alternative("2.4")
def multiplies(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    return grad * mask


@alternative("2.4")
def fills_a_copy(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    found = copy.deepcopy(grad)
    found[~mask] = 0
    return found


@planted("2.4", "kept negative weight is frozen")  # the published rule, turned round
def still_no_abs(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    return grad * (weight > EPS)


@planted("2.4", "kept zero weight is frozen: it happens to be at zero")  # the usual mend
def takes_abs(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    return torch.where(weight.abs() < EPS, torch.zeros_like(grad), grad)


@planted("2.4", "wrong way round")
def wrong_way_round(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    return grad * ~mask


@planted("2.4", "not the one given")
def multiplies_by_the_weight(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    return grad * weight * mask


@planted("2.4", "still gets a gradient")
def freezes_nothing(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    return grad.clone()


@planted("2.4", "changed its argument")
def edits_in_place(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    return grad.mul_(mask)


@planted("2.4", "dtype torch.bool")
def returns_the_mask(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    return mask & (grad != 0)
