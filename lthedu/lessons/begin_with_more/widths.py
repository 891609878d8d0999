"""Tickets of one size out of narrow and wide networks, beside random masks, small dense ones and equal arithmetic."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal

import torch
from torch import Tensor

from lthedu import data as datasets
from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Count
from lthedu.base.streams import derive, generator
from lthedu.data import Dataset
from lthedu.experiments import Experiment, Keep, Seeded, Sizes
from lthedu.lessons.begin_with_more.experiment import Rate
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.networks.models import MLP
from lthedu.networks.paths import on_a_path
from lthedu.pruning import magnitude, mask_by_input, random_mask, select, sparse_start
from lthedu.tickets import find_tickets
from lthedu.training import Optimizer, Progress, RateSchedule, Replicates, evaluate

COLUMNS = ["arm", "width", "rounds", "lr", "last", "last lr", "replicate", "weights", "work", "live", "val", "accuracy"]
TICKET: Final = "ticket"
REDRAWN: Final = "ticket's mask, new weights"
COUNTS: Final = "random, ticket's layer counts"
INPUTS: Final = "random, ticket's inputs"
DENSE: Final = "dense"
TWICE_POOLED: Final = "dense, pooled twice"
FROM_TICKET, SMALL = (TICKET, REDRAWN, COUNTS, INPUTS), (DENSE, TWICE_POOLED)
Arm = Literal[
    "ticket",
    "ticket's mask, new weights",
    "random, ticket's layer counts",
    "random, ticket's inputs",
    "dense",
    "dense, pooled twice",
]


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """How tickets are found, and what is then trained. Raises ValueError, naming value and range.

    >>> Settings(widths=())
    Traceback (most recent call last):
    ValueError: Settings: widths is (); allowed: a sequence of a whole number from 1 up each, one or more
    """

    widths: Annotated[tuple[Count, ...], AtLeast(1)] = (32, 128)
    weights: Count = 1000  # of every ticket, and about as many of dense networks
    rounds: Count | None = None  # of pruning; None: as many as halve the network down to its weights
    rates: Annotated[tuple[Rate, ...], AtLeast(1)] = (0.02,)  # of the rounds
    arms: Annotated[tuple[Arm, ...], AtLeast(1)] = (TICKET,)
    steps: Count = 300  # of a round
    last: Count = 300  # steps of the arms in the end
    last_rates: tuple[Rate, ...] = ()  # of the arms in the end; none: the rate of the rounds
    batch_size: Count = 64


LESSON = Settings()
SIZES = Sizes(
    tiny=replace(LESSON, seeds=(0, 1), widths=(10,), weights=400, steps=5, last=8, batch_size=20),
    lesson=LESSON,
    paper=LESSON,
)
COSINE = RateSchedule("cosine")


@typed
@dataclass(eq=False)
class Widths(Experiment[Settings]):
    """Networks of `weights` weights: tickets out of wide networks by iterative magnitude pruning, and their controls.

    A row a network. `work` are weights times steps of all rounds and the end, in millions, `live` the hidden units
    on a path from an input to an output.

    >>> from lthedu.data import load, pooled
    >>> mnist = pooled(load("mnist", device="cpu")).first(200, 50, 50)
    >>> Widths(mnist, SIZES.tiny).run()[["arm", "width", "weights"]].values.tolist()
    [['ticket', 10, 400], ['ticket', 10, 400]]
    """

    COLUMNS = COLUMNS
    stream = "width"

    settings: Settings = LESSON

    def work(self, tick: Progress, keep: Keep) -> None:
        """Find tickets of every width at every rate, and train every arm at the rates of the end."""
        s = self.settings
        plan = [(width, lr) for width in s.widths for lr in s.rates]
        for i, (width, lr) in enumerate(plan):
            tick(i, len(plan), f"from {width} units, at {lr:g}")
            if any(arm in FROM_TICKET for arm in s.arms):
                start, ticket, work, rounds = self.ticket(width, lr)
                for arm in [arm for arm in s.arms if arm in FROM_TICKET]:
                    mask = self.masked(arm, ticket)
                    self.ends(arm, width, rounds, lr, work, self.begin(arm, start, mask), mask, self.data)
        for arm in [arm for arm in s.arms if arm in SMALL]:  # these have a width of their own
            for lr in s.rates:
                self.small(arm, lr)

    def network(self, width: int, pixels: int) -> Replicates:
        """Networks with one hidden layer."""
        return self.create(lambda: MLP([pixels, width, 10]))

    def ticket(self, width: int, lr: float) -> tuple[Replicates, Mask, int, int]:
        """Initial networks, the masks of exactly `weights` weights, the work of finding them, and the rounds."""
        s, start = self.settings, self.network(width, self.data.x_train[0].numel())
        full = start.full_mask()
        size = sum(m[0].numel() for m in full.values())
        counts = shrinking(size, s.weights, s.rounds)

        def train(level: int, begin: Params, mask: Mask) -> Params:
            if level == len(counts):
                return begin  # what is then trained is for the arms to say
            order = [derive(seed, "width", level) for seed in s.seeds]
            optimizer = Optimizer(lr=lr, schedule=COSINE)
            networks = start.with_params(begin)
            return self.train(networks, mask=mask, optimizer=optimizer, order=order).replicates.params

        def prune(trained: Params, mask: Mask) -> Mask:
            left = sum(int(m[0].sum()) for m in mask.values())
            target = next((fewer for fewer in counts if fewer < left), s.weights)
            if left == s.weights:
                return mask
            every = []
            for i in range(len(start)):
                scores, within = magnitude(masks.unstack(trained, i)), masks.unstack(mask, i)
                every.append(select(scores, target / left, scope="global", within=within))
            return masks.stack(every)

        mask = find_tickets(start.params, full, train, prune, len(counts))[-1]
        return start, mask, s.steps * sum(counts), len(counts)

    def begin(self, arm: str, start: Replicates, mask: Mask) -> Replicates:
        """What an arm's networks begin from: the ticket's initial weights, or new ones of a size that suits a mask."""
        if arm == TICKET:
            return start
        seeds = [derive(seed, "width", arm) for seed in self.settings.seeds]
        width, pixels = start.params["layers.0.weight"].shape[1:]
        new = self.create(lambda: MLP([pixels, width, 10]), seeds)
        return new.with_params(sparse_start(new.params, mask))

    def masked(self, arm: str, mask: Mask) -> Mask:
        """An arm's masks: the ticket's, or random ones that have this or that in common with it."""
        if arm in (TICKET, REDRAWN):
            return mask
        every = []
        for i, seed in enumerate(self.settings.seeds):
            draw, own = generator(seed, "width", arm), masks.unstack(mask, i)
            if arm == COUNTS:
                every.append(random_mask(own, draw))
            else:
                every.append({n: mask_by_input(m.sum(0), m, draw) for n, m in own.items()})
        return masks.stack(every)

    def small(self, arm: str, lr: float) -> None:
        """Small dense networks of about as many weights."""
        s = self.settings
        data = datasets.pooled(self.data) if arm == TWICE_POOLED else self.data
        pixels = data.x_train[0].numel()
        width = max(1, round(s.weights / (pixels + 10)))
        start = self.network(width, pixels)
        self.ends(arm, width, 0, lr, 0, start, start.full_mask(), data)

    def ends(
        self, arm: str, width: int, rounds: int, lr: float, work: int, start: Replicates, mask: Mask, data: Dataset
    ) -> None:
        """Train an arm's networks, and note what they are."""
        s = self.settings
        weights = sum(int(m[0].sum()) for m in mask.values())
        every: list[Tensor] = [
            torch.stack([one.sum() for one in on_a_path([m[i] for m in mask.values()])]).sum()
            for i in range(len(start))
        ]
        order = [derive(seed, "width", "last") for seed in s.seeds]
        for last in s.last_rates or (lr,):
            optimizer = Optimizer(lr=last, schedule=COSINE)
            found = self.train(start, data=data, mask=mask, optimizer=optimizer, order=order, steps=s.last).replicates
            val, test = (evaluate(found, data, split)[1].numpy(force=True) for split in ("val", "test"))
            about: dict[str, Any] = {"arm": arm, "width": width, "rounds": rounds, "lr": lr, "last": s.last}
            about |= {"last lr": last, "weights": weights, "work": (work + weights * s.last) / 1e6}
            self.note(about, live=[int(one) for one in every], val=val, accuracy=test)


@typed
def shrinking(size: Count, weights: Count, rounds: Count | None = None) -> list[int]:
    """How many weights a network of `size` has in each round of pruning before it has `weights`.

    Each round keeps half, the last one what it has to; or, with `rounds`, each keeps an equal share.

    >>> shrinking(6592, 1000), shrinking(6592, 1000, rounds=2)
    ([6592, 3296, 1648], [6592, 2567])
    """
    if size <= weights:
        raise ValueError(f"size is {size}; allowed: more than the {weights} weights that are to be left")
    if rounds is not None:
        return [round(size * (weights / size) ** (i / rounds)) for i in range(rounds)]
    counts = [size]
    while counts[-1] / 2 > weights:
        counts.append(round(counts[-1] / 2))
    return counts
