"""Runs that try to reverse what the lesson says, at seeds that had no part in choosing it.

Each function gives percentages, test accuracies unless it says otherwise, one for each of five seeds, and takes at most
a minute of one thread, once `study` has found the tickets. `test_attacks.py` holds what the lesson says of them.
"""

import functools
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lthedu import data
from lthedu.base.streams import derive, generator
from lthedu.experiments.study import DENSE, LESSON, RANDOM, REINIT, WINNING, Study, final_accuracy
from lthedu.lessons.winning_tickets.exercises import as_published
from lthedu.lessons.winning_tickets.experiment import retrained
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.pruning import random_mask
from lthedu.training import Optimizer, Replicates, train

LEVEL = 4  # 6.3 % of the weights
FIRST, SECOND, LAST = (f"layers.{i}.weight" for i in range(3))
Accuracies = dict[str, np.ndarray]


@functools.cache
def study() -> Study:
    """The lesson's study, at other seeds."""
    found = Study(data.load("mnist"), settings=replace(LESSON, seeds=tuple(range(20, 25)), val_every=None))
    found.run()
    return found


def at_the_lesson_s_rate() -> Accuracies:
    """What the others are compared with."""
    return {arm: 100 * np.array(final_accuracy(study().table, arm, LEVEL)) for arm in (DENSE, WINNING, REINIT, RANDOM)}


@functools.cache
def own_rates() -> Accuracies:
    """Every arm at the best of four learning rates, chosen by its validation accuracy."""
    return {arm: _best(*_begun(arm)) for arm in (DENSE, WINNING, REINIT, RANDOM)}


def pixels_at_own_rate() -> Accuracies:
    """Random masks with the ticket's count for each pixel, at the best of four learning rates."""
    mask = _random(0)
    return {"pixel": _best(masks.apply(mask, study().rewound), mask)}


def same_signs() -> Accuracies:
    """The reinitialised networks with the ticket's signs on their new values, at the best of four learning rates."""
    (start, mask), (ticket, _) = _begun(REINIT), _begun(WINNING)
    return {"same signs": _best(start | {n: start[n].abs() * ticket[n].sign() for n in mask}, mask)}


def equal_norms() -> Accuracies:
    """Both controls with each layer's weights scaled to the norm that the ticket's have."""
    ticket = masks.apply(*_begun(WINNING)[::-1])
    found = {}
    for arm in (REINIT, RANDOM):
        start, mask = _begun(arm)
        scaled = {n: p * _norm(ticket[n]) / _norm(p) if n in mask else p for n, p in start.items()}
        found[arm] = _trained(scaled, mask)[1]
    return found


def counts_per_pixel_and_neuron() -> Accuracies:
    """Random masks whose first layer keeps the ticket's count for each pixel, or for each neuron."""
    return {
        name: 100 * np.array(retrained(study(), LEVEL, _random(dim))) for name, dim in (("pixel", 0), ("neuron", 1))
    }


def one_layer_random() -> Accuracies:
    """The ticket with one layer's mask replaced by a random one."""
    ticket, other = study().mask(LEVEL), study().mask(LEVEL, RANDOM)
    return {name: 100 * np.array(retrained(study(), LEVEL, ticket | {name: other[name]})) for name in ticket}


def shuffled() -> Accuracies:
    """The ticket and the dense network on images whose pixels all stand in one other order."""
    order = torch.randperm(784, generator=generator(20, "pixels"))
    images = {name: getattr(study().data, name)[:, order] for name in ("x_train", "x_val", "x_test")}
    other = replace(study().data, **images)
    levels = {WINNING: LEVEL, DENSE: 0}
    return {a: 100 * np.array(retrained(study(), k, study().mask(k), data=other)) for a, k in levels.items()}


def four_times_the_steps() -> Accuracies:
    """The ticket and its reinitialisation with 1,872 steps in the place of 468, at the lesson's rate."""
    return {arm: _trained(*_begun(arm), steps=4 * LESSON.steps)[1] for arm in (WINNING, REINIT)}


def weight_decay_under_the_published_rule() -> Accuracies:
    """How large negative first-layer weights still are after 100 steps of Adam with weight decay, in percent."""
    left = []
    for seed in study().settings.seeds:
        network = Replicates.create(study().make, [seed]).module(0)
        weight = network.layers[0].weight
        before = weight.detach().clone()
        optimizer = torch.optim.Adam(network.parameters(), lr=1.2e-3, weight_decay=1e-4)
        for x, y in zip(*(part.split(60)[:100] for part in (study().data.x_train, study().data.y_train)), strict=True):
            optimizer.zero_grad()
            cross_entropy(network(x), y).backward()
            for p in (layer.weight for layer in network.layers):
                p.grad = as_published(p.grad, p.detach(), torch.ones_like(p, dtype=torch.bool))
            optimizer.step()
        left.append(100 * float(weight.detach()[before < 0].abs().mean() / before[before < 0].abs().mean()))
    return {"left": np.array(left)}


def _begun(arm: str) -> tuple[Params, Mask]:
    """The arm's weights before training, and its masks."""
    level = study().levels[0 if arm == DENSE else LEVEL]
    i = level.arms.index(arm) * len(study().settings.seeds)
    rows = slice(i, i + len(study().settings.seeds))
    return {n: p[rows] for n, p in level.start.items()}, {n: m[rows] for n, m in level.mask.items()}


def _trained(start: Params, mask: Mask, *, lr: float = 1.2e-3, steps: int = LESSON.steps) -> tuple[float, np.ndarray]:
    """Mean validation accuracy, and the test accuracies in percent."""
    s = study().settings
    done = train(
        study().create(study().make).with_params(start),
        study().data,
        steps,
        mask=mask,
        order=[derive(seed, "order", LEVEL) for seed in s.seeds],
        optimizer=Optimizer(lr=lr),
    )
    accuracy = done.history.set_index("split")["accuracy"]
    return float(accuracy["val"].mean()), 100 * accuracy["test"].to_numpy()


def _best(start: Params, mask: Mask) -> np.ndarray:
    """Test accuracies at the rate with the highest mean validation accuracy."""
    return max((_trained(start, mask, lr=lr) for lr in (1.2e-3, 2.4e-3, 6e-3, 1.2e-2)), key=lambda found: found[0])[1]


def _norm(weights: Tensor) -> Tensor:
    return weights.flatten(1).norm(dim=1).view(-1, 1, 1)


def _random(dim: int) -> Mask:
    """Random masks whose first layer keeps the ticket's count in every column (0, pixels) or row (1, neurons)."""
    found = []
    for i, seed in enumerate(study().settings.seeds):
        stream, ticket = generator(seed, "attack", dim), masks.unstack(study().mask(LEVEL), i)
        rank = torch.rand(ticket[FIRST].shape, generator=stream).argsort(dim).argsort(dim)
        found.append(random_mask(ticket, stream) | {FIRST: rank < ticket[FIRST].sum(dim, keepdim=True)})
    return masks.stack(found)
