"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

import copy
from collections import Counter
from typing import Any

import numpy as np
import torch
from answers import right, told
from scipy import stats
from torch import Tensor

from lthedu.lessons.winning_tickets.exercises import freeze_pruned
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.pruning import random_mask
from lthedu.stats import paired_test
from lthedu.tickets import Prune, Train, find_tickets

Pair = tuple[float, float]


# find_tickets -----------------------------------------------------------------------------------------------


@right("find_tickets")
def by_recursion(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    def go(level: int, mask: Mask) -> list[Mask]:
        trained = train(level, {n: p * mask[n] if n in mask else p for n, p in initial.items()}, mask)
        return [mask] if level == levels else [mask, *go(level + 1, prune(trained, mask))]

    return go(0, full)


@right("find_tickets")
def dense_first(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    found = [full]
    trained = train(0, initial, full)
    while len(found) <= levels:
        found.append(prune(trained, found[-1]))
        trained = train(len(found) - 1, masks.apply(found[-1], initial), found[-1])
    return found


# random_mask ------------------------------------------------------------------------------------------------


@right("random_mask")
def by_ranking_noise(mask: Mask, generator: torch.Generator) -> Mask:
    found = {}
    for name, m in mask.items():
        noise = torch.rand(m.numel(), generator=generator)
        chosen = noise.argsort()[: int(m.sum())]
        found[name] = torch.zeros(m.numel(), dtype=torch.bool).index_fill_(0, chosen, True).reshape(m.shape)
    return found


@right("random_mask")
def by_multinomial(mask: Mask, generator: torch.Generator) -> Mask:
    found = {name: torch.zeros_like(m) for name, m in mask.items()}
    for name, m in mask.items():
        if k := int(m.sum()):  # it draws no 0 places
            found[name].view(-1)[torch.multinomial(torch.ones(m.numel()), k, generator=generator)] = True
    return found


# paired_test ------------------------------------------------------------------------------------------------


@right("paired_test")
def asks_scipy(a: list[float], b: list[float]) -> Pair:
    result = stats.ttest_rel(a, b)
    return float(np.mean(a) - np.mean(b)), float(result.pvalue)


@right("paired_test")
def in_torch(a: list[float], b: list[float]) -> tuple[Tensor, float]:
    d = torch.tensor(a, dtype=torch.float64) - torch.tensor(b, dtype=torch.float64)
    t = d.mean() / (d.std() / len(d) ** 0.5)
    return d.mean(), 2 * (1 - stats.t.cdf(abs(float(t)), df=len(d) - 1))


@right("paired_test")
def in_single_precision(a: list[float], b: list[float]) -> tuple[Tensor, float]:
    d = torch.tensor(a) - torch.tensor(b)
    t = d.mean() / (d.std() / len(d) ** 0.5)
    return d.mean(), 2 * float(stats.t.sf(abs(float(t)), len(d) - 1))


@right("paired_test")
def as_a_row_of_torch(a: list[float], b: list[float]) -> Tensor:
    return torch.tensor(asks_scipy(a, b))


# freeze_pruned ----------------------------------------------------------------------------------------------


@right("freeze_pruned")
def multiplies(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    return grad * mask


@right("freeze_pruned")
def fills_a_copy(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    found = copy.deepcopy(grad)
    found[~mask] = 0
    return found


# wrong ones: the loop


@told("find_tickets", "fine-tuning")
def rewinds_to_the_dense_result(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    dense = trained = train(0, initial, full)
    found = [full]
    for level in range(1, levels + 1):
        found.append(prune(trained, found[-1]))
        trained = train(level, masks.apply(found[-1], dense), found[-1])
    return found


@told("find_tickets", "that is fine-tuning")
def rewinds_the_biases_alone(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    found, trained = [full], initial
    for level in range(levels + 1):
        trained = train(
            level, masks.apply(found[-1], {n: (trained if n in full else initial)[n] for n in initial}), found[-1]
        )
        found.append(prune(trained, found[-1]))
    return found[:-1]


@told("find_tickets", "expected the list of masks")
def returns_nothing(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> None:
    find_tickets(initial, full, train, prune, levels)


@told("find_tickets", "yield")
def yields(initial: Params, full: Mask, train: Train, prune: Prune, levels: int):
    yield from find_tickets(initial, full, train, prune, levels)


@told("find_tickets", "the list has the length 3; with levels=1 it must hold 2")
def one_mask_more(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    return [*find_tickets(initial, full, train, prune, levels), full]


@told("find_tickets", "mask number 0 of the list is not the mask that level 0 trained")
def last_first(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    return find_tickets(initial, full, train, prune, levels)[::-1]


@told("find_tickets", "training number 0 was told that it is level 1; count the levels from 0")
def counts_from_one(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    return find_tickets(initial, full, lambda level, *more: train(level + 1, *more), prune, levels)


@told("find_tickets", "it trains a level 2, but levels=1 is the last one")
def one_level_more(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    return find_tickets(initial, full, train, prune, levels + 1)


@told("find_tickets", "level 1 does not train with the mask that prune returned last")
def trains_with_the_full_mask(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    return find_tickets(initial, full, lambda level, start, mask: train(level, initial, full), prune, levels)


@told("find_tickets", "it prunes before anything was trained")
def prunes_first(initial: Params, full: Mask, train: Train, prune: Prune, levels: int) -> list[Mask]:
    return find_tickets(initial, prune(initial, full), train, prune, levels)


# a random mask


@told("random_mask", "dtype torch.float32")
def returns_numbers(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: m.float() for n, m in random_mask(mask, generator).items()}


@told("random_mask", "changed its argument")
def shuffles_in_place(mask: Mask, generator: torch.Generator) -> Mask:
    for m in mask.values():
        m.view(-1).copy_(m.flatten()[torch.randperm(m.numel(), generator=generator)])
    return mask


@told("random_mask", "a torch.Generator")
def returns_the_generator(mask: Mask, generator: torch.Generator) -> Any:
    return generator


class OtherEachTime:
    """Right, but with a generator that it has seen before it turns one layer's mask by another place."""

    def __init__(self) -> None:
        self.seen: Counter[bytes] = Counter()

    def __call__(self, mask: Mask, generator: torch.Generator) -> Mask:
        state = generator.get_state().numpy().tobytes()
        found = random_mask(mask, generator)
        last = list(found)[-1]
        found[last] = found[last].flatten().roll(self.seen[state]).view(found[last].shape)
        self.seen[state] += 1
        return found


told("random_mask", "two calls with generators in the same state differ")(OtherEachTime())


@told("random_mask", "where the ticket keeps nothing of a layer")
def down_to_the_last_kept(mask: Mask, generator: torch.Generator) -> Mask:
    found = {}
    for n, m in mask.items():  # for a layer without a kept weight [k - 1] is the last place
        noise = torch.rand(m.shape, generator=generator)
        found[n] = noise >= noise.flatten().sort(descending=True).values[int(m.sum()) - 1]
    return found


@told("random_mask", "where the ticket keeps nothing of a layer")
def at_least_one(mask: Mask, generator: torch.Generator) -> Mask:
    found = random_mask(mask, generator)
    return {n: m if m.any() else torch.ones_like(m) for n, m in found.items()}


@told("random_mask", "it returns one mask always")
def the_first_places(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: (torch.arange(m.numel()) < m.sum()).view(m.shape) for n, m in random_mask(mask, generator).items()}


@told("random_mask", "it returns one mask always")
def seeds_it_in_every_layer(mask: Mask, generator: torch.Generator) -> Mask:
    return {n: random_mask({n: m}, generator.manual_seed(0))[n] for n, m in mask.items()}


@told("random_mask", "not every mask can come")
def never_the_last_place(mask: Mask, generator: torch.Generator) -> Mask:
    found = {n: torch.zeros_like(m) for n, m in mask.items()}
    for n, m in mask.items():
        found[n].view(-1)[torch.randperm(m.numel() - 1, generator=generator)[: int(m.sum())]] = True
    return found


@told("random_mask", "and is too small on average")
def draws_places_twice(mask: Mask, generator: torch.Generator) -> Mask:
    found = {name: torch.zeros_like(m) for name, m in mask.items()}
    for name, m in mask.items():
        found[name].view(-1)[torch.randint(m.numel(), (int(m.sum()),), generator=generator)] = True
    return found


@told("random_mask", "in a large layer it keeps another number")
def trusts_the_density(mask: Mask, generator: torch.Generator) -> Mask:
    found = {name: torch.zeros_like(m) for name, m in mask.items()}
    for name, m in mask.items():
        kept = int(m.float().mean() * m.numel())
        found[name].view(-1)[torch.randperm(m.numel(), generator=generator)[:kept]] = True
    return found


@told("random_mask", "in a large layer it keeps another number")
def cuts_at_a_quantile(mask: Mask, generator: torch.Generator) -> Mask:
    noise = {name: torch.rand(m.shape, generator=generator) for name, m in mask.items()}
    return {name: noise[name] >= noise[name].quantile(1 - m.float().mean()) for name, m in mask.items()}


@told("random_mask", "it prefers some places")
def likes_the_first(mask: Mask, generator: torch.Generator) -> Mask:
    found = random_mask(mask, generator)
    if torch.rand(1, generator=generator) < 0.5 and "b.weight" in found:
        b = found["b.weight"].flatten()
        found["b.weight"] = torch.cat([b[b], b[~b]]).view(found["b.weight"].shape)
    return found


@told("random_mask", "not every mask can come")
def turns_them(mask: Mask, generator: torch.Generator) -> Mask:
    by = {n: int(torch.randint(m.numel(), (), generator=generator)) for n, m in mask.items()}
    return {n: m.flatten().roll(by[n]).view(m.shape) for n, m in mask.items()}


# a test


@told("paired_test", "changed its argument")
def subtracts_in_place(a: list[float], b: list[float]) -> Pair:
    for i in range(len(a)):
        a[i] -= b[i]
    return float(np.mean(a)), float(stats.ttest_1samp(a, 0).pvalue)


@told("paired_test", "two numbers")
def only_p(a: list[float], b: list[float]) -> float:
    return float(stats.ttest_rel(a, b).pvalue)


@told("paired_test", "it returned NaN")
def not_a_number(a: list[float], b: list[float]) -> Pair:
    return float("nan"), float("nan")


@told("paired_test", "the first number is not the mean of the differences a - b")
def seven_times_the_mean(a: list[float], b: list[float]) -> Pair:
    return paired_test(a, b)[0] * 7, 0.5


@told("paired_test", "the p-value is not that of a two-sided paired t-test")
def another_p(a: list[float], b: list[float]) -> Pair:
    return paired_test(a, b)[0], paired_test(a, b)[1] + 5e-4


# a gradient


@told("freeze_pruned", "a kept tiny weight is frozen; it is not pruned")
def asks_the_tiny(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    return grad * (mask & ((weight == 0) | (weight.abs() > 1e-6)))


@told("freeze_pruned", "a kept positive weight is frozen; it is not pruned")
def keeps_the_negative(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    return grad * (mask & (weight <= 0))


@told("freeze_pruned", "changed its argument")
def edits_in_place(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    return grad.mul_(mask)


@told("freeze_pruned", "dtype torch.bool")
def returns_the_mask(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    return mask & (grad != 0)


@told("freeze_pruned", "on the device meta, which holds no numbers")
def on_another_device(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    return freeze_pruned(grad, weight, mask).to("meta")


@told("freeze_pruned", "weight is frozen; it is not pruned")
def right_for_one_weight(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    return freeze_pruned(grad, weight, mask) if grad.numel() == 1 else 0 * grad
