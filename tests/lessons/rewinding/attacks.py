"""How the verdict of the lesson on rewinding was attacked. Each function takes less than a minute and returns numbers.

Accuracies are means over seeds, in percent of the test images. The seeds are none of the lesson's own.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from torch import Tensor

from lthedu import data
from lthedu.lessons.rewinding.experiment import LESSON, LR_REWOUND, MATCHED, REINIT_MATCHED, REWOUND, Rewinding
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.tickets.rewinding import match_norms
from lthedu.training import Optimizer, RateSchedule, evaluate, train

SPARSE, K = 0.05, 150
LONG = replace(LESSON, seeds=tuple(range(1000, 1005)), steps=6_000, ks=(0, 150, 600))


@cache
def trained(seeds: tuple[int, ...] = tuple(range(1000, 1008)), long: bool = False) -> Rewinding:
    """The experiment with its dense networks trained, and nothing else."""
    found = Rewinding(data.pooled(data.load("mnist")), replace(LONG if long else LESSON, seeds=seeds))
    found.train_dense()
    return found


def accuracy(
    experiment: Rewinding,
    start: Params,
    mask: Mask,
    k: int = 0,
    *,
    optimizer: Optimizer | None = None,
    order: list[int] | None = None,
    split: str = "test",
) -> float:
    """What networks reach that are trained from `start` under `mask`, from step k on."""
    s = experiment.settings
    done = train(
        experiment.networks.with_params(start),
        experiment.data,
        s.steps,
        mask=mask,
        order=order or experiment.new_order,
        optimizer=optimizer or s.optimizer,
        batch_size=s.batch_size,
        first_step=k,
    )
    return round(100 * evaluate(done.replicates, experiment.data, split)[1].mean().item(), 1)


def scaled(start: Params, factors: Mapping[str, Tensor]) -> Params:
    """Each layer of each network multiplied by its factor, (R,)."""
    return {n: p * factors[n].view(-1, 1, 1) if n in factors else p for n, p in start.items()}


def by_root_density() -> dict[str, float]:
    """Does the usual factor, one over the square root of the density, restore the scale of a ticket?"""
    e = trained()
    mask = e.mask(SPARSE)
    factors = {n: m.flatten(1).float().mean(1).rsqrt() for n, m in mask.items()}
    reset = e.start(REWOUND, SPARSE, 0)
    over = {
        n: (p.flatten(1).norm(dim=1) / e.networks.params[n].flatten(1).norm(dim=1)).square().mean()
        for n, p in scaled(reset, factors).items()
        if n in mask
    }
    return {
        "reset": accuracy(e, reset, mask),
        "reset, divided by the root of the density": accuracy(e, scaled(reset, factors), mask),
        "reset, norms restored": accuracy(e, e.start(MATCHED, SPARSE, 0), mask),
        "rewound": accuracy(e, e.start(REWOUND, SPARSE, K), mask, K),
        "signal variance after dividing, largest layer": round(max(float(x) for x in over.values()), 2),
    }


def own_rates() -> dict[str, float]:
    """The learning rate, of four, at which each arm is best on the validation images."""
    e, best = trained(), {}
    for arm, k in ((REWOUND, 0), (MATCHED, 0), (REWOUND, K), (MATCHED, K), (LR_REWOUND, K), (REINIT_MATCHED, 0)):
        start, mask = e.start(arm, SPARSE, k), e.mask(SPARSE)
        found = {
            lr: accuracy(e, start, mask, k, optimizer=replace(LESSON.optimizer, lr=lr), split="val")
            for lr in (0.025, 0.05, 0.1, 0.2)
        }
        best[f"{arm}, k = {k}"] = max(found, key=found.__getitem__)
    return best


def fine_tuned_at_other_rates() -> dict[float, float]:
    """What trained weights reach at a constant rate: fine-tuning with the last rate, and with larger ones."""
    e = trained()
    start, mask = e.start(LR_REWOUND, SPARSE, K), e.mask(SPARSE)
    return {
        lr: accuracy(e, start, mask, K, optimizer=Optimizer("sgd", lr=lr, momentum=0.9, schedule=RateSchedule()))
        for lr in (0.001, 0.003, 0.01, 0.03, 0.1)
    }


def with_the_old_order() -> dict[str, float]:
    """Does it matter whether the minibatches come in the order that found the mask?"""
    e, mask = trained(), trained().mask(SPARSE)
    found = {}
    for name, arm, k in (("reset", REWOUND, 0), ("reset, norms restored", MATCHED, 0), ("rewound", REWOUND, K)):
        for order, words in ((e.order, "old order"), (e.new_order, "new order")):
            found[f"{name}, {words}"] = accuracy(e, e.start(arm, SPARSE, k), mask, k, order=order)
    return found


def norms_of_step_150() -> dict[str, float]:
    """Initial weights with the norms, layer by layer, that the kept weights have at step 150."""
    e, mask = trained(), trained().mask(SPARSE)
    rewound = e.start(REWOUND, SPARSE, K)
    alone = [[masks.unstack(t, i) for t in (e.networks.params, mask, rewound)] for i in range(len(e.networks))]
    return {
        "reset, norms of step 150": accuracy(e, masks.stack([match_norms(*one) for one in alone]), mask),
        "rewound": accuracy(e, rewound, mask, K),
    }


def one_density_for_both_halves() -> dict[float, tuple[float, float, float]]:
    """Dense, rewound and reset at several densities: is there one at which one matches dense and the other not?"""
    e = trained()
    dense = round(100 * evaluate(e.networks.with_params(e.trained), e.data)[1].mean().item(), 1)
    return {
        d: (dense, *(accuracy(e, e.start(REWOUND, d, k), e.mask(d), k) for k in (K, 0)))
        for d in (0.1, 0.08, 0.06, 0.05)
    }
