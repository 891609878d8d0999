"""Attempts to break the lesson's verdict: random networks that are given what might have been missing.

Each function takes at most a minute of one thread and returns numbers; test_attacks.py holds what the lesson says of
them. Most of them draw 24 networks of a kind, at each of the rates, and give the highest mean accuracy in percent, the
best single network, and the goal: what the dense networks reach, less 1 point.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial

import torch
from torch import Generator, Tensor, nn

from lthedu import data
from lthedu.base.streams import derive, generator
from lthedu.data import Dataset
from lthedu.experiments.study import DENSE, RANDOM, REINIT, WINNING
from lthedu.lessons.many_small_lotteries.experiment import LESSON, SMALL, Lottery
from lthedu.networks import masks
from lthedu.networks.masks import Mask
from lthedu.networks.models import MLP
from lthedu.pruning import random_mask
from lthedu.training import Optimizer, Replicates, train

DRAWS = 24
KEPT = (986, 329)  # weights of a ticket, by layer
RATES = (4e-3, 8e-3, 1.6e-2)

Found = dict[str, float]


@cache
def lotteries() -> Lottery:
    """The lesson's own, with its tickets and without its draws."""
    found = Lottery(data.pooled(data.load("mnist", device="cpu")))
    found.study.run()
    return found


def _best(
    networks: Replicates,
    mask: Mask,
    images: Dataset | None = None,
    steps: int = LESSON.steps,
    rates: Sequence[float] = RATES,
) -> Found:
    """The rate with the highest mean: its mean, its best network, both in percent, and the rate."""
    n = len(next(iter(networks.params.values())))
    order = [derive(0, "lottery order", i) for i in range(n)]
    rows = []
    for lr in rates:
        named = {"mask": mask, "order": order, "optimizer": Optimizer(lr=lr), "batch_size": LESSON.batch_size}
        done = train(networks, images or lotteries().data, steps, **named)
        val = 100 * done.history.query("split == 'val'")["accuracy"]
        rows.append({"mean": float(val.mean()), "best": float(val.max()), "lr": lr})
    return max(rows, key=lambda row: row["mean"])


def _fresh(*sizes: int) -> Replicates:
    return Replicates.create(lambda: MLP(sizes), [derive(0, "lottery init", i) for i in range(DRAWS)], device="cpu")


def goal() -> float:
    """What eight dense networks reach on average, in percent, less 1 point, at the best rate."""
    full, mask = lotteries().start(DENSE, 0, range(8))
    return _best(full, mask)["mean"] - 1


def signal_restored() -> dict[str, Found]:
    """Random masks and the ticket's masks with fresh weights, as large in each layer as the ticket's kept weights.

    Pruning by magnitude keeps large weights, so a fresh draw begins with a smaller signal.
    """
    own, tickets = lotteries().start(WINNING, LESSON.levels, range(DRAWS))
    found = {}
    for arm in (REINIT, RANDOM):
        fresh, mask = lotteries().start(arm, LESSON.levels, range(DRAWS))
        norms = {
            name: (own.params[name] * tickets[name]).flatten(1).norm(dim=1) / (p * mask[name]).flatten(1).norm(dim=1)
            for name, p in fresh.params.items()
            if name in mask
        }
        scaled = {n: p * norms[n][:, None, None] if n in mask else p for n, p in fresh.params.items()}
        found[arm] = _best(fresh.with_params(scaled), mask)
    return found


def fewer_hidden_units() -> dict[int, Found]:
    """As many random connections, between fewer hidden units, with fresh weights scaled to their number of inputs."""
    found = {}
    for units in (12, 25, 50):
        draw = partial(_narrow, units)
        mask = masks.stack([draw(generator(0, "lottery mask", i)) for i in range(DRAWS)])
        fresh = _fresh(196, units, 10)
        scaled = {n: p / mask[n].float().mean().sqrt() if n in mask else p for n, p in fresh.params.items()}
        found[units] = _best(fresh.with_params(scaled), mask)
    return found


def _narrow(units: int, rng: Generator) -> Mask:
    """Half of the output layer's connections, and in the first layer what is left of a ticket's weights."""
    last = 5 * units
    counts = {"layers.0.weight": (units, 196, sum(KEPT) - last), "layers.1.weight": (10, units, last)}
    return {
        name: (torch.randperm(rows * columns, generator=rng) < kept).view(rows, columns)
        for name, (rows, columns, kept) in counts.items()
    }


def finer_pixels() -> dict[int, Found]:
    """Small dense networks that read all 14 x 14 pixels, with 7 hidden units and with 56 (6 and 56 % of them)."""
    found = {}
    for units in (7, 56):
        fresh = _fresh(196, units, 10)
        found[units] = _best(fresh, fresh.full_mask())
    return found


class Convolutional(nn.Module):
    """Two convolutions of 3 x 3 with 8 and 11 channels and one layer: 1,304 weights, 1,333 with the biases."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 8, 3, stride=2, padding=1)
        self.second = nn.Conv2d(8, 11, 3, stride=2, padding=1)
        self.last = nn.Linear(44, 10)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.second(self.first(x.unflatten(1, (1, 14, 14))).relu()).relu()
        return self.last(nn.functional.max_pool2d(hidden, 2).flatten(1))  # type: ignore[no-any-return]


def shared_weights() -> Found:
    """Eight small convolutional networks at one rate: each weight is used at many places of the image."""
    fresh = Replicates.create(Convolutional, [derive(0, "lottery init", i) for i in range(8)], device="cpu")
    return _best(fresh, fresh.full_mask(), rates=(8e-3,))


def the_tickets_pixels() -> Found:
    """Random masks with as many connections from each pixel as the ticket has: no weight is spent on a black rim."""
    tickets = lotteries().study.mask(LESSON.levels)["layers.0.weight"]
    drawn = []
    for i in range(DRAWS):
        rng, counts = generator(0, "lottery mask", i), tickets[i % len(tickets)].sum(0)
        columns = [torch.randperm(100, generator=rng) < count for count in counts]
        ticket = masks.unstack(lotteries().study.mask(LESSON.levels), i % len(tickets))
        drawn.append(random_mask(ticket, rng) | {"layers.0.weight": torch.stack(columns, 1)})
    return _best(_fresh(*LESSON.sizes), masks.stack(drawn))


def ten_times_the_steps() -> dict[str, Found]:
    """Eight networks of each kind, trained ten times as long; the tickets are those that short trainings found."""
    last = LESSON.levels
    arms = ((DENSE, 0), (WINNING, last), (RANDOM, last), (SMALL, last))
    return {arm: _longer(arm, level, (1e-3, 2e-3, 4e-3, 8e-3)) for arm, level in arms}


def half_of_the_weights_and_ten_times_the_steps() -> dict[str, Found]:
    """Full networks, and random masks that keep 56 % of the weights, trained ten times as long."""
    return {arm: _longer(arm, level, (1e-3, 2e-3, 4e-3)) for arm, level in ((DENSE, 0), (RANDOM, 1))}


def _longer(arm: str, level: int, rates: Sequence[float]) -> Found:
    networks, mask = lotteries().start(arm, level, range(8))
    images = lotteries().coarse if arm == SMALL else lotteries().data
    return _best(networks, mask, images, 10 * LESSON.steps, rates)


ATTACKS: tuple[Callable[[], object], ...] = (
    signal_restored,
    fewer_hidden_units,
    finer_pixels,
    shared_weights,
    the_tickets_pixels,
    ten_times_the_steps,
    half_of_the_weights_and_ten_times_the_steps,
)
