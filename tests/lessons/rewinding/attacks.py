"""How the verdict of the lesson on rewinding was attacked. Each function takes less than a minute and returns numbers.

Accuracies are means over seeds, in percent of the test images. The seeds are none of the lesson's own.
"""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from lthedu import data
from lthedu.base.streams import derive
from lthedu.lessons.rewinding.experiment import (
    LESSON,
    LR_REWOUND,
    MATCHED,
    REINIT,
    REINIT_REVIVED,
    REVIVED,
    REWOUND,
    Rewinding,
)
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.tickets.rewinding import match_norms
from lthedu.tickets.stability import error_barrier
from lthedu.training import Optimizer, evaluate, train

SPARSE, K = 0.05, 150
SHORT = replace(LESSON, seeds=tuple(range(1000, 1008)))
LONG = replace(LESSON, seeds=tuple(range(1000, 1005)), steps=6_000)


@cache
def trained(settings=SHORT) -> Rewinding:
    """The experiment with its dense networks trained, and nothing else."""
    found = Rewinding(data.pooled(data.load("mnist")), settings)
    found.train_dense()
    return found


def go_on(e: Rewinding, start: Params, mask: Mask, k: int, order: list[int], optimizer: Optimizer) -> Params:
    """What training from `start` under `mask`, from step k on, ends with."""
    steps, size = e.settings.steps, e.settings.batch_size
    named = {"mask": mask, "order": order, "optimizer": optimizer, "batch_size": size, "first_step": k}
    return train(e.networks.with_params(start), e.data, steps, **named).replicates.params


def accuracy(
    e: Rewinding,
    start: Params,
    mask: Mask,
    k: int = 0,
    *,
    optimizer: Optimizer | None = None,
    order: list[int] | None = None,
    split: str = "test",
) -> float:
    end = go_on(e, start, mask, k, order or e.new_order, optimizer or e.settings.optimizer)
    return round(100 * evaluate(e.networks.with_params(end), e.data, split)[1].mean().item(), 1)


def dense(e: Rewinding) -> float:
    return round(100 * evaluate(e.networks.with_params(e.trained), e.data)[1].mean().item(), 1)


def barrier(e: Rewinding, a: Params, b: Params) -> float:
    """The mean barrier between networks a and b, in points."""
    found = error_barrier(a, b, lambda params: 1 - evaluate(e.networks.with_params(params), e.data)[1])
    return round(100 * found.mean().item(), 2)


def three_ways(e: Rewinding, density: float) -> dict[str, float]:
    ways = {"reset": (REWOUND, 0), "rewound": (REWOUND, K), "reset, both repairs": (REVIVED, 0)}
    return {name: accuracy(e, e.start(arm, density, k), e.mask(density), k) for name, (arm, k) in ways.items()}


def times(params: Params, factors: dict[str, Tensor]) -> Params:
    """Each layer of each network multiplied by its factor (R,)."""
    return {n: p * factors[n].view(-1, 1, 1) if n in factors else p for n, p in params.items()}


def matched(e: Rewinding, start: Params, mask: Mask, like: Params) -> Params:
    alone = [[masks.unstack(t, i) for t in (start, mask, like)] for i in range(len(e.networks))]
    return masks.stack([match_norms(*one) for one in alone])


def divided_by_root_density() -> dict[str, float]:
    """Does the usual factor, one over the square root of the density, restore the scale of a ticket?"""
    e = trained()
    mask, reset, whole = e.mask(SPARSE), e.start(REWOUND, SPARSE, 0), e.networks.params
    divided = times(reset, {n: m.flatten(1).float().mean(1).rsqrt() for n, m in mask.items()})
    variance = [(divided[n].square().sum((1, 2)) / whole[n].square().sum((1, 2))).mean().item() for n in mask]
    return {
        "reset": accuracy(e, reset, mask),
        "divided by the root of the density": accuracy(e, divided, mask),
        "norms restored": accuracy(e, e.start(MATCHED, SPARSE, 0), mask),
        "rewound": accuracy(e, e.start(REWOUND, SPARSE, K), mask, K),
        "smallest variance after dividing": round(min(variance), 2),
        "largest variance after dividing": round(max(variance), 2),
    }


def other_lifts() -> dict[str, float]:
    """Does it matter by how much the biases are raised, and what do they do without the norms?"""
    e = trained()
    mask, found = e.mask(SPARSE), {}
    for lift in (0.03, 0.1, 0.3):
        lifted = Rewinding(e.data, replace(SHORT, lift=lift), snapshots=e.snapshots)
        lifted.dense = e.dense
        found[f"norms restored, biases raised by {lift}"] = accuracy(e, lifted.start(REVIVED, SPARSE, 0), mask)
    reset, revived = e.start(REWOUND, SPARSE, 0), e.start(REVIVED, SPARSE, 0)
    only = {n: reset[n] if n in mask else p for n, p in revived.items()}
    return found | {"biases raised alone": accuracy(e, only, mask)}


def signal_restored() -> dict[str, float]:
    """Is it the same where the signal is measured, layer by layer on images, and not the norm?"""
    e = trained()
    mask, reset, whole = e.mask(SPARSE), e.start(REWOUND, SPARSE, 0), e.networks.params
    x = wanted = e.data.x_train[:1000].expand(len(e.networks), -1, -1)
    start = dict(reset)
    for name in mask:
        before, after = torch.bmm(x, reset[name].mT), torch.bmm(wanted, whole[name].mT)
        factor = after.square().mean((1, 2)).sqrt() / before.square().mean((1, 2)).sqrt().clamp_min(1e-12)
        start |= times({name: reset[name]}, {name: factor})
        x, wanted = (before * factor.view(-1, 1, 1)).relu(), after.relu()
    alike = {n: 2.5 * p if n in mask else p for n, p in reset.items()}
    return {
        "signal restored": accuracy(e, start, mask),
        "norms restored": accuracy(e, e.start(MATCHED, SPARSE, 0), mask),
        "every layer times 2.5": accuracy(e, alike, mask),
    }


def own_rates() -> dict[str, float]:
    """The learning rate, of four, at which each arm is best on the validation images."""
    e, best = trained(), {}
    arms = ((REWOUND, 0), (MATCHED, 0), (REVIVED, 0), (REWOUND, K), (REVIVED, K), (LR_REWOUND, K), (REINIT_REVIVED, 0))
    for arm, k in arms:
        start, mask, found = e.start(arm, SPARSE, k), e.mask(SPARSE), {}
        for lr in (0.025, 0.05, 0.1, 0.2):
            optimizer = replace(SHORT.optimizer, lr=lr)
            found[lr] = accuracy(e, start, mask, k, optimizer=optimizer, split="val")
        best[f"{arm}, k = {k}"] = max(found, key=found.__getitem__)
    return best


def fine_tuned_at_other_rates() -> dict[float, float]:
    """What trained weights reach at a constant rate: the last one, which is fine-tuning, and larger ones."""
    e = trained()
    start, mask = e.start(LR_REWOUND, SPARSE, K), e.mask(SPARSE)
    constant = SHORT.last_rate
    return {
        lr: accuracy(e, start, mask, K, optimizer=replace(constant, lr=lr)) for lr in (0.001, 0.003, 0.01, 0.03, 0.1)
    }


def in_the_old_order() -> dict[str, float]:
    """Does it matter whether the minibatches come in the order that found the mask?"""
    e, found = trained(), {}
    mask = e.mask(SPARSE)
    for name, arm, k in (("reset", REWOUND, 0), ("revived", REVIVED, 0), ("rewound", REWOUND, K)):
        start = e.start(arm, SPARSE, k)
        found[f"{name}, old order"] = accuracy(e, start, mask, k, order=e.order)
        found[f"{name}, new order"] = accuracy(e, start, mask, k)
    return found


def norms_of_step_150() -> dict[str, float]:
    """First weights with the norms, layer by layer, that the kept weights have at step 150: is it growth?"""
    e = trained()
    mask, rewound = e.mask(SPARSE), e.start(REWOUND, SPARSE, K)
    return {
        "reset, norms of step 150": accuracy(e, matched(e, e.networks.params, mask, rewound), mask),
        "rewound": accuracy(e, rewound, mask, K),
    }


def both_halves_at_one_density() -> dict[float, tuple[float, float, float]]:
    """Dense, rewound and reset, by density: is there one at which only the second matches the first?"""
    e, found = trained(), {}
    for d in (0.1, 0.08, 0.06, 0.05):
        rewound, reset = (accuracy(e, e.start(REWOUND, d, k), e.mask(d), k) for k in (K, 0))
        found[d] = (dense(e), rewound, reset)
    return found


def children_with_all_the_steps() -> dict[str, float]:
    """Does the hill fall because later children have fewer steps to part in? Here all have the whole training."""
    e, found = trained(), {}
    orders = [[derive(seed, "child", j) for seed in SHORT.seeds] for j in (0, 1)]
    for k in (0, K):
        for first in {0, k}:
            full = e.networks.full_mask()
            a, b = (go_on(e, e.snapshots[k], full, first, order, SHORT.optimizer) for order in orders)
            found[f"from step {k}, {SHORT.steps - first} steps"] = barrier(e, a, b)
    return found


def sparse_children() -> dict[str, float]:
    """Are the sparse networks that do well the stable ones? Mean barriers between children at 5 %, in points."""
    e, found = trained(), {}
    mask, orders = e.mask(SPARSE), [[derive(seed, "child", j) for seed in SHORT.seeds] for j in (0, 1)]
    for arm, k in ((REWOUND, 0), (MATCHED, 0), (REVIVED, 0), (REWOUND, K)):
        a, b = (go_on(e, e.start(arm, SPARSE, k), mask, k, order, SHORT.optimizer) for order in orders)
        found[f"{arm}, k = {k}"] = barrier(e, a, b)
    return found


def long_at_the_short_rate() -> dict[str, float]:
    """Ten times the steps at 0.1 and 10 %: why does a reset fail there even with its norms restored?"""
    e = trained(LONG)
    d = 0.1
    mask, start = e.mask(d), e.start(MATCHED, d, 0)
    slower = replace(LONG.optimizer, lr=0.03)
    return {
        "weights kept in the last hidden layer": round(mask["layers.4.weight"].sum((1, 2)).double().mean().item()),
        "dead units there, in percent": round(100 * e.dead(start)[:, -1].mean().item()),
        "norms restored": accuracy(e, start, mask, optimizer=slower),
        "norms restored, units revived": accuracy(e, e.start(REVIVED, d, 0), mask, optimizer=slower),
        "rewound": accuracy(e, e.start(REWOUND, d, K), mask, K, optimizer=slower),
        "rewound, at the short run's rate": accuracy(e, e.start(REWOUND, d, K), mask, K),
    }


def at_smaller_rates() -> dict[float, dict[str, float]]:
    """Dense networks, masks and retraining, all at a smaller rate: is the start stable, and does a reset fail?"""
    found = {}
    for lr in (0.05, 0.03, 0.01):
        e = trained(replace(SHORT, optimizer=replace(SHORT.optimizer, lr=lr)))
        e.two_children(1.0, 0)
        found[lr] = {"dense": dense(e), "barrier": barrier(e, *e.children[0])} | three_ways(e, SPARSE)
    return found


def stable_and_sparser() -> dict[str, float]:
    """The networks of the stored run, whose start is stable, pruned to 3 %: is a reset good?"""
    e = trained(replace(LONG, optimizer=replace(LONG.optimizer, lr=0.03)))
    return {"dense": dense(e)} | three_ways(e, 0.03)


def rewound_without_the_repairs() -> dict[str, float]:
    """Does rewinding still help if it keeps the reset's norms and biases, and so its dead units?"""
    e = trained()
    mask, reset, rewound = e.mask(SPARSE), e.start(REWOUND, SPARSE, 0), e.start(REWOUND, SPARSE, K)
    bare = {n: p if n in mask else reset[n] for n, p in matched(e, rewound, mask, reset).items()}
    return three_ways(e, SPARSE) | {
        "bare, in percent dead in the last hidden layer": round(100 * e.dead(bare)[:, -1].mean().item()),
        "bare, 450 steps": accuracy(e, bare, mask, K),
        "bare, 600 steps": accuracy(e, bare, mask),
        "rewound, 600 steps": accuracy(e, rewound, mask),
        "rewound, both repairs, 600 steps": accuracy(e, e.start(REVIVED, SPARSE, K), mask),
    }


def why_units_are_dead() -> dict[str, int]:
    """Percentages of the last hidden layer: dead units of the reset and of controls, and units without an input."""
    e, coins = trained(), torch.Generator().manual_seed(0)
    mask, reset = e.mask(SPARSE), e.start(REWOUND, SPARSE, 0)
    tossed = {n: p.abs() * (2 * torch.randint(2, p.shape, generator=coins) - 1) for n, p in reset.items() if n in mask}
    starts = {"reset": reset, "norms restored": e.start(MATCHED, SPARSE, 0), "random signs": reset | tossed}
    starts["reinitialised"] = e.start(REINIT, SPARSE, 0)
    found = {name: e.dead(start)[:, -1].mean().item() for name, start in starts.items()}
    found["without an input"] = (~mask["layers.4.weight"].any(2)).float().mean().item()
    return {name: round(100 * share) for name, share in found.items()}


def trained_signs_with_new_magnitudes() -> dict[str, float]:
    """Are the ticket's own first values needed, or does it do as well with others that have the trained signs?"""
    e = trained()
    mask, start = e.mask(SPARSE), e.start(REVIVED, SPARSE, 0)
    signed = start | {n: e.trained[n].sign() * e.fresh[n].abs() for n in mask}
    return {
        "own first weights": accuracy(e, start, mask),
        "reinitialised": accuracy(e, e.start(REINIT_REVIVED, SPARSE, 0), mask),
        "trained signs, new magnitudes": accuracy(e, matched(e, signed, mask, e.networks.params), mask),
    }


def exchanged(e: Rewinding, a: Params, b: Params) -> Params:
    """The networks b with their hidden units in the order that fits those of a best, by what they do on images."""
    found, names = masks.clone(b), list(e.networks.full_mask())
    for r in range(len(e.networks)):
        x = y = e.data.x_train[:2000]
        for name, following in pairwise(names):
            bias = name.replace("weight", "bias")
            x, y = ((v @ p[name][r].T + p[bias][r]).relu() for v, p in ((x, a), (y, b)))
            u, v = ((z - z.mean(0)) / (z.std(0) + 1e-6) for z in (x, y))
            order = torch.tensor(linear_sum_assignment((u.T @ v).numpy(), maximize=True)[1])
            found[name][r], found[bias][r] = found[name][r][order], found[bias][r][order]
            found[following][r] = found[following][r][:, order]
    return found


def units_exchanged() -> dict[str, float]:
    """How much of the hill is left if the units of one child are first exchanged so that they fit the other's?"""
    e = trained()
    for k in (0, 20):
        e.two_children(1.0, k)
    pairs = {f"from step {k}": pair for k, pair in e.children.items()}
    a, b = e.children[0]
    pairs["strangers"] = a, {n: p.roll(1, 0) for n, p in b.items()}  # the child of another seed
    found = {name: barrier(e, a, b) for name, (a, b) in pairs.items()}
    return found | {f"{name}, exchanged": barrier(e, a, exchanged(e, a, b)) for name, (a, b) in pairs.items()}
