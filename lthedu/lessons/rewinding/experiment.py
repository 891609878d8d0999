"""What to train after pruning: reset, rewind to step k, rewind the learning rate or fine-tune; and how stable k is.

Dense networks are trained once, their weights kept at every step k asked for, and pruned in one go. Then each way to
go on gets the same masks, the same minibatches and, of every k, the same number of steps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Count, Range, Rising, Whole
from lthedu.base.streams import derive
from lthedu.experiments import Densities, Experiment, Keep, Seeded, Seeds, Sizes, side_by_side
from lthedu.experiments.study.settings import DENSE, REINIT
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.networks.models import MLP
from lthedu.pruning import magnitude, select
from lthedu.tickets.rewinding import rescaled, rewind
from lthedu.tickets.stability import error_barrier
from lthedu.training import Optimizer, Progress, RateSchedule, Trained, evaluate, measure

REWOUND = "rewound"  # to step k; k = 0 is the reset to the initial weights
LR_REWOUND = "learning rate rewound"
TUNED = "fine-tuned"
RESCALED = "reset and rescaled"
REINIT_RESCALED = "reinitialised and rescaled"
ARMS = (REWOUND, LR_REWOUND, TUNED, REINIT, RESCALED, REINIT_RESCALED)
COLUMNS = ["arm", "k", "density", "replicate", "accuracy", "barrier"]


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What the experiment does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(ks=(0, 600))
    Traceback (most recent call last):
    ValueError: ks are (0, 600); allowed: steps from 0 to 599 (steps - 1)
    """

    seeds: Seeds = tuple(range(8))
    sizes: Annotated[tuple[Count, ...], AtLeast(2)] = (196, 64, 64, 64, 64, 64, 10)
    densities: Densities = (0.2, 0.1, 0.05)  # of all weights together, in one go; the last one gets every arm
    ks: Annotated[tuple[Whole, ...], AtLeast(1), Rising()] = (0, 20, 60, 150, 300)
    few_ks: tuple[Whole, ...] = (0, 150)  # at the other densities
    steps: Count = 600
    batch_size: Count = 64
    optimizer: Optimizer = Optimizer(  # noqa: RUF009 (frozen)
        "sgd", lr=0.1, momentum=0.9, schedule=RateSchedule("steps", warmup=20)
    )
    points: Annotated[int, Range(2)] = 11  # on the line between two children
    every: Count = 30  # steps between the dense weights that are kept for early-bird masks

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.ks[-1] >= self.steps:
            raise ValueError(f"ks are {self.ks}; allowed: steps from 0 to {self.steps - 1} (steps - 1)")
        if not set(self.few_ks) <= set(self.ks):
            raise ValueError(f"few_ks are {self.few_ks}; allowed: some of ks, {self.ks}")

    @property
    def last_rate(self) -> Optimizer:
        """The optimizer of fine-tuning: the learning rate that the dense training ended with, held."""
        final = self.optimizer.lr * self.optimizer.schedule.at(self.steps - 1, self.steps)
        return replace(self.optimizer, lr=final, schedule=RateSchedule())


LESSON = Settings()
SIZES = Sizes(
    tiny=replace(LESSON, seeds=(0, 1), sizes=(196, 8, 8, 10), ks=(0, 2, 4), few_ks=(0, 2), steps=40, every=4),
    lesson=LESSON,
    paper=replace(  # ten times as long; the steps k are the same fractions, and the early ones as they were
        LESSON,
        seeds=tuple(range(20)),
        seeds_per_part=1,
        steps=6_000,
        ks=(0, 20, 60, 150, 300, 600, 1_500, 3_000),
        few_ks=(0, 150, 600),
    ),
)
PAPER = SIZES.paper
scaled_settings = SIZES.now


@typed
@dataclass
class Rewinding(Experiment[Settings]):
    """The experiment on one dataset: a row a network with its accuracy (a fraction, test split) and, where it was
    measured, the error barrier (a fraction) at step k.

    `rewind` and `barrier` may be replaced by functions of the same signature.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.load("mnist", device="cpu").first(500, 100, 100))
    >>> small = Settings(seeds=(0, 1), sizes=(196, 8, 10), densities=(0.5,), ks=(0, 2), few_ks=(0,), steps=4)
    >>> table = Rewinding(mnist, small).run()
    >>> table[table["arm"] == "rewound"][["k", "replicate"]].values.tolist()
    [[0, 0], [0, 1], [2, 0], [2, 1]]
    """

    COLUMNS = COLUMNS
    carries = dict.fromkeys(("snapshots", "children", "passing", "dense"), side_by_side)
    functions = {"rewind": rewind, "barrier": error_barrier}
    stream = "rewinding order"

    settings: Settings = LESSON
    rewind: Callable[[Mapping[int, Params], Mask, int], Params] = rewind
    barrier: Callable[..., Tensor] = error_barrier
    snapshots: dict[int, Params] = field(default_factory=dict)  # of the dense networks, (R, ...) by name
    children: dict[int, tuple[Params, Params]] = field(default_factory=dict)  # dense pairs, by the step they part at
    passing: list[Params] = field(default_factory=list)  # dense weights at every `every`-th step

    def __post_init__(self) -> None:
        s = self.settings
        self.networks = self.create(lambda: MLP(s.sizes))
        self.fresh = self.create(lambda: MLP(s.sizes), [derive(seed, "reinit") for seed in s.seeds]).params
        self.dense: Params | None = None

    @property
    def every(self) -> int:
        """Steps between the dense weights in `passing`."""
        return self.settings.every

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train the dense networks, then every arm at every density and k, then the children.

        Barriers, of the dense networks and at the last density, are on the test split.
        """
        s = self.settings
        plan = [(d, k) for d in s.densities for k in (s.ks if d == s.densities[-1] else s.few_ks)]
        in_all = 1 + 3 * len(plan) + 3 * len(s.densities) + 2 * 2 * len(s.ks)
        tick(0, in_all, "dense networks")
        self.train_dense()
        done = 1
        for density, k in plan:
            for arm in (REWOUND, LR_REWOUND, TUNED, *(ARMS[3:] if k == 0 else ())):
                tick(done, in_all, f"{arm}, {100 * density:.0f} %, k = {k}")
                self.retrain(arm, density, k)
                done += 1
        for density in (1.0, s.densities[-1]):
            for k in s.ks:
                tick(done, in_all, f"two children from step {k}")
                self.two_children(density, k)
                done += 2
        tick(in_all, in_all, "done")

    def train_dense(self) -> None:
        """Train the dense networks once, keeping their weights at every k."""
        s, self.passing = self.settings, []
        if 0 in s.ks:
            self.snapshots[0] = masks.clone(self.networks.params)

        for now in self.training(self.networks, optimizer=s.optimizer):
            if now.step in s.ks:
                self.snapshots[now.step] = masks.clone(now.params)
            if now.step % s.every == 0:
                self.passing.append(masks.clone(now.params))
        self.dense = masks.clone(now.params)
        history = measure(now.replicates, self.data, s.steps)
        self._note(DENSE, 0, 1.0, Trained(now.replicates, history, s.steps, now.mask))

    @property
    def trained(self) -> Params:
        """The dense networks' final weights, (R, ...) by name."""
        if self.dense is None:
            raise ValueError("there are no dense networks yet; call train_dense first")
        return self.dense

    def mask(self, density: float) -> Mask:
        """The masks of the dense networks' largest final weights, all layers competing; (R, ...) by name."""
        if density == 1:
            return self.networks.full_mask()
        params = self.trained
        alone = [masks.unstack(params, i) for i in range(len(self.networks))]
        return masks.stack([select(magnitude(p), density, scope="global") for p in alone])

    def retrain(self, arm: str, density: float, k: int) -> Trained:
        """Train one arm from step k to the end and note its row. Raises ValueError for another arm."""
        if arm not in ARMS:
            raise ValueError(f"arm is {arm!r}; allowed: {', '.join(ARMS)}")
        mask, s = self.mask(density), self.settings
        if arm == REWOUND:
            start = self.rewind(self.snapshots, mask, k)
        elif arm in (LR_REWOUND, TUNED):
            start = self.trained
        else:
            start = self.fresh if arm in (REINIT, REINIT_RESCALED) else self.networks.params
            start = rescaled(start, mask) if arm in (RESCALED, REINIT_RESCALED) else start
        done = self._train(start, mask, k, s.last_rate if arm == TUNED else s.optimizer)
        self._note(arm, k, density, done)
        return done

    def two_children(self, density: float, k: int) -> None:
        """Train two children of step k, each with minibatches of its own, and note the barrier between them."""
        mask, s = self.mask(density), self.settings
        start = self.rewind(self.snapshots, mask, k)
        pair = [
            self._train(start, mask, k, s.optimizer, order=[derive(seed, "child", j) for seed in s.seeds]).replicates
            for j in (0, 1)
        ]
        a, b = (child.params for child in pair)
        if density == 1:
            self.children[k] = a, b

        def error(params: Params) -> Tensor:
            return 1 - evaluate(self.networks.with_params(params), self.data)[1]

        found = self.barrier(a, b, error, s.points).tolist()
        accuracy = (1 - (error(a) + error(b)) / 2).tolist()
        self.note({"arm": "children", "k": k, "density": density}, accuracy=accuracy, barrier=found)

    def _train(
        self,
        start: Params,
        mask: Mask | None,
        k: int,
        optimizer: Optimizer,
        *,
        order: list[int] | None = None,
    ) -> Trained:
        named = {"order": self.order if order is None else order, "optimizer": optimizer, "first_step": k}
        return self.train(self.networks.with_params(start), mask=mask, **named)

    def _note(self, arm: str, k: int, density: float, done: Trained) -> None:
        test = done.history[done.history["split"] == "test"].sort_values("replicate")["accuracy"].to_numpy()
        self.note({"arm": arm, "k": k, "density": density, "barrier": float("nan")}, accuracy=test)
