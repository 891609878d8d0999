"""Pruning neurons in the middle of training, beside controls and beside the same small shape, at equal operations."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Count
from lthedu.base.streams import generator
from lthedu.experiments import Densities, Experiment, Keep, Seeded, Sizes
from lthedu.networks import masks
from lthedu.networks.masks import Params
from lthedu.networks.models import MLP
from lthedu.pruning import cubic, keep_largest
from lthedu.sparsity import step_cost
from lthedu.tickets.early_bird import early_bird, neuron_mask, weight_mask
from lthedu.training import Optimizer, Progress, RateSchedule, Replicates, evaluate

HIDDEN = (300, 100)
EARLY, RANDOM, REWOUND, GRADUAL = "early-bird", "random neurons", "early-bird, rewound", "gradual"
SCRATCH, SHORT = "same shape from scratch", "same shape, same steps"
ARMS = (EARLY, RANDOM, REWOUND, SCRATCH, SHORT, GRADUAL)
COLUMNS = ["arm", "density", "lr", "steps", "fired", "replicate", "cost", "val", "accuracy"]
Neurons = dict[str, Tensor]


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """When neurons go, and how many stay. Raises ValueError, naming value and range."""

    densities: Densities = (0.3,)  # of each hidden layer's neurons
    steps: Count = 1000  # the search and what follows it
    at: Count = 400  # the step at which neurons go
    every: Count = 50  # steps from one look at the neurons to the next
    lr: Annotated[float, Above(0)] = 1.2e-3  # until then, without a schedule
    rates: Annotated[tuple[Annotated[float, Above(0)], ...], AtLeast(1)] = (2e-3, 4e-3, 8e-3, 1.6e-2)
    batch_size: Count = 128
    arms: tuple[str, ...] = ARMS


SIZES = Sizes(
    tiny=Settings(seeds=(0, 1), densities=(0.3,), steps=20, at=10, every=2, batch_size=20, rates=(2e-3,)),
    lesson=Settings(),
    paper=Settings(),
)
COSINE = RateSchedule("cosine")


@typed
@dataclass(eq=False)
class Middle(Experiment[Settings]):
    """Small networks that cost equally many multiplications in all: a row an arm, density, rate and network.

    Dense networks are trained for `at` steps. Then each layer keeps its neurons of the largest norms (early-bird), or
    random ones, and the small network goes on. `fired` is the step at which the rule of You et al. says that the mask
    has settled, -1 for never until `at`. "same shape from scratch" is drawn anew and pays all operations in small
    steps. `cost` are multiplications for one example of each minibatch, in millions.
    """

    COLUMNS = COLUMNS
    stream = "ship it, middle"

    settings: Settings = field(default_factory=Settings)

    def work(self, tick: Progress, keep: Keep) -> None:
        """Search, then every arm at every density and rate."""
        s = self.settings
        start = self.create(lambda: MLP(self.shape(1.0)))
        seen = {0: masks.clone(start.params)}
        constant = Optimizer(lr=s.lr)
        for now in self.training(start, steps=s.at, optimizer=constant):
            if now.step % s.every == 0:
                seen[now.step] = masks.clone(now.params)
        for density in s.densities:
            chosen = [self.neurons(seen, i, density) for i in range(len(s.seeds))]
            fired = [self.fired(seen, i, density) for i in range(len(s.seeds))]
            for arm in s.arms:
                for lr in s.rates:
                    tick(0, 1, f"{arm}, {density:.0%} of the neurons, at {lr:g}")
                    networks, steps = self.made(arm, density, lr, start, seen, chosen)
                    val, test = (evaluate(networks, self.data, split)[1].numpy(force=True) for split in ("val", "test"))
                    about = {"arm": arm, "density": density, "lr": lr, "steps": steps}
                    cost = self.cost(arm, density, steps) / 1e6
                    self.note(about, fired=fired, cost=[cost] * len(val), val=val, accuracy=test)

    def shape(self, density: float) -> list[int]:
        """Inputs, hidden neurons, outputs."""
        return [self.data.x_train[0].numel(), *(round(density * n) for n in HIDDEN), 10]

    def budget(self, density: float) -> int:
        """Multiplications of the search and of the small network after it."""
        s = self.settings
        return s.at * price(self.shape(1.0)) + (s.steps - s.at) * price(self.shape(density))

    def cost(self, arm: str, density: float, steps: int) -> float:
        """Multiplications of an arm."""
        if arm in (SCRATCH, SHORT):
            return steps * price(self.shape(density))
        if arm == GRADUAL:
            return sum(self.prices(density, self.begin(density)))
        return self.budget(density)

    @property
    def end(self) -> int:
        """The look at which the last neurons of the gradual arm go, at four fifths of the steps."""
        s = self.settings
        return s.steps * 4 // 5 // s.every * s.every

    def prices(self, density: float, begin: int) -> list[int]:
        """What each step of the gradual arm costs, if its first neurons go after the look at `begin`."""
        s = self.settings
        kept = [cubic(step - step % s.every, begin, self.end, density) for step in range(s.steps)]
        return [price(self.shape(d)) for d in kept]

    def begin(self, density: float) -> int:
        """The last look at which gradual pruning may begin and cost no more than the others."""
        looks = range(0, self.end, self.settings.every)
        return max(look for look in looks if not look or sum(self.prices(density, look)) <= self.budget(density))

    def neurons(self, seen: dict[int, Params], i: int, density: float) -> Neurons:
        """What network i keeps at the end of the search, by layer."""
        return neuron_mask(masks.unstack(seen[max(seen)], i), density, "layer")

    def fired(self, seen: dict[int, Params], i: int, density: float) -> int:
        """The step at which the rule is satisfied by network i, or -1."""
        looks = [torch.cat([*self.neurons({t: seen[t]}, i, density).values()]) for t in sorted(seen)]
        found = early_bird(looks)
        return -1 if found is None else sorted(seen)[found]

    def made(
        self, arm: str, density: float, lr: float, start: Replicates, seen: dict[int, Params], chosen: list[Neurons]
    ) -> tuple[Replicates, int]:
        """The trained networks of an arm, and how many steps they took after they had become small."""
        s, optimizer = self.settings, Optimizer(lr=lr, schedule=COSINE)
        if arm == GRADUAL:
            return self.gradual(density, start, optimizer), s.steps
        small = self.create(lambda: MLP(self.shape(density)))
        steps = s.steps - s.at
        if arm == SHORT:
            steps = s.steps
        elif arm == SCRATCH:
            steps = self.budget(density) // price(self.shape(density))
        else:
            if arm == RANDOM:
                chosen = [self.drawn(seed, one) for seed, one in zip(s.seeds, chosen, strict=True)]
            params = seen[s.every if arm == REWOUND else max(seen)]
            small = small.with_params(masks.stack([cut(masks.unstack(params, i), one) for i, one in enumerate(chosen)]))
        return self.train(small, steps=steps, optimizer=optimizer).replicates, steps

    def drawn(self, seed: int, like: Neurons) -> Neurons:
        """As many random neurons of each layer."""
        coin = generator(seed, "ship it, neurons")
        return {n: keep_largest(torch.rand(len(m), generator=coin), int(m.sum()) / len(m)) for n, m in like.items()}

    def gradual(self, density: float, start: Replicates, optimizer: Optimizer) -> Replicates:
        """Networks that lose their neurons of the smallest norms a few at a time."""
        s, begin = self.settings, self.begin(density)
        for now in self.training(start, steps=s.steps, optimizer=optimizer):
            if now.step % s.every == 0 and begin < now.step <= self.end:
                kept = cubic(now.step, begin, self.end, density)
                every = [masks.unstack(now.params, i) for i in range(len(start))]
                now.mask = masks.stack([weight_mask(neuron_mask(one, kept, "layer"), one) for one in every])
        return now.replicates


def price(shape: Sequence[int]) -> int:
    """Multiplications of a dense network's step for one example."""
    return step_cost([a * b for a, b in pairwise(shape)])


def cut(params: Params, neurons: Neurons) -> Params:
    """One MLP with these hidden neurons alone, as a smaller dense network."""
    found: Params = {}
    reads = writes = torch.ones(0, dtype=torch.bool)
    for name, p in params.items():
        if p.ndim == 1:
            found[name] = p[writes]
            continue
        reads = writes if len(writes) else torch.ones(p.shape[1], dtype=torch.bool)
        writes = neurons.get(name, torch.ones(p.shape[0], dtype=torch.bool))
        found[name] = p[writes][:, reads]
    return found
