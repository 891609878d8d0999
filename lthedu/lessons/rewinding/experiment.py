"""What to train after pruning: reset, rewind to step k, rewind the learning rate or fine-tune; and how stable k is.

Dense networks are trained once, their weights kept at every step k asked for, and pruned in one go. Then each way to
go on gets the same masks, the same minibatches and, of every k, the same number of steps. The minibatches come in a new
order: no mask is tested on the order that found it. Beside each rewound arm stand two controls: in one the layers have
got back the norm that they have in a dense network at its start; in the other every hidden bias is raised a little as
well, so that units which would fire for no image do. What is then left between two steps k is neither.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Count, Range, Rising, Whole
from lthedu.base.streams import derive
from lthedu.experiments import Densities, Experiment, Keep, Seeded, Seeds, Sizes, side_by_side
from lthedu.experiments.study.settings import DENSE, REINIT
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.networks.models import MLP
from lthedu.pruning import magnitude, select
from lthedu.tickets.rewinding import match_norms, rewind
from lthedu.tickets.stability import error_barrier
from lthedu.training import Optimizer, Progress, RateSchedule, Trained, evaluate, measure

REWOUND = "rewound"  # to step k; k = 0 is the reset to the initial weights
LR_REWOUND = "learning rate rewound"
TUNED = "fine-tuned"
MATCHED = "norms restored"  # of the weights of step k
REVIVED = "norms restored, units revived"
REINIT_MATCHED = "reinitialised, norms restored"
REINIT_REVIVED = "reinitialised, norms restored, units revived"
BY_STEP = (REWOUND, MATCHED, REVIVED, LR_REWOUND, TUNED)
FRESH = (REINIT, REINIT_MATCHED, REINIT_REVIVED)
ARMS = (*BY_STEP, *FRESH)
CHILDREN = "children"  # dense, and pruned as in the arm REVIVED
REINIT_CHILDREN = "children, reinitialised"  # the same mask, as in the arm REINIT_REVIVED
RESET_CHILDREN = "children, reset"  # pruned, without a repair
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
    lift: Annotated[float, Above(0)] = 0.1  # what every hidden bias is raised by where dead units are revived

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
    tiny=replace(LESSON, seeds=(0, 1), sizes=(196, 8, 8, 10), ks=(0, 2, 4), few_ks=(0, 2), steps=40),
    lesson=LESSON,
    paper=replace(  # ten times as long, at the rate that is then the best for every arm; minutes on a CPU
        LESSON,
        seeds_per_part=4,
        steps=6_000,
        ks=(0, 60, 150, 600),
        optimizer=replace(LESSON.optimizer, lr=0.03),
    ),
)
PAPER = SIZES.paper
scaled_settings = SIZES.now


@typed
@dataclass
class Rewinding(Experiment[Settings]):
    """The experiment on one dataset: a row a network with its accuracy (a fraction, test split) and, where it was
    measured, the error barrier (a fraction) at step k.

    `rewind`, `match` and `barrier` may be replaced by functions of the same signature.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.load("mnist", device="cpu").first(500, 100, 100))
    >>> small = Settings(seeds=(0, 1), sizes=(196, 8, 10), densities=(0.5,), ks=(0, 2), few_ks=(0,), steps=4)
    >>> table = Rewinding(mnist, small).run()
    >>> table[table["arm"] == "rewound"][["k", "replicate"]].values.tolist()
    [[0, 0], [0, 1], [2, 0], [2, 1]]
    """

    COLUMNS = COLUMNS
    carries = dict.fromkeys(("snapshots", "children", "dense"), side_by_side)
    functions = {"rewind": rewind, "match": match_norms, "barrier": error_barrier}
    stream = "rewinding order"

    settings: Settings = LESSON
    rewind: Callable[[Mapping[int, Params], Mask, int], Params] = rewind
    match: Callable[[Params, Mask, Params], Params] = match_norms
    barrier: Callable[..., Tensor] = error_barrier
    snapshots: dict[int, Params] = field(default_factory=dict)  # of the dense networks, (R, ...) by name
    children: dict[int, tuple[Params, Params]] = field(default_factory=dict)  # dense pairs, by the step they part at

    def __post_init__(self) -> None:
        s = self.settings
        self.networks = self.create(lambda: MLP(s.sizes))
        self.fresh = self.create(lambda: MLP(s.sizes), [derive(seed, "reinit") for seed in s.seeds]).params
        self.dense: Params | None = None

    @property
    def new_order(self) -> list[int]:
        """The minibatch orders of all that is trained after pruning; the dense networks had others."""
        return [derive(seed, "rewinding, another order") for seed in self.settings.seeds]

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train the dense networks, then every arm at every density and k, then the children.

        Barriers, of the dense networks and at the last density, are on the test split.
        """
        s = self.settings
        last = s.densities[-1]
        arms = [(arm, d, k) for d in s.densities for k in (s.ks if d == last else s.few_ks) for arm in BY_STEP]
        arms = [(arm, d, k) for arm, d, k in arms if arm != TUNED or k in s.few_ks]  # it goes back to no step
        arms += [(arm, d, 0) for d in s.densities for arm in FRESH]
        pairs = [(CHILDREN, d, k) for d in (1.0, last) for k in s.ks] + [(REINIT_CHILDREN, last, 0)]
        pairs += [(RESET_CHILDREN, last, k) for k in s.ks if k == 0]
        in_all = 1 + len(arms) + 2 * len(pairs)
        tick(0, in_all, "dense networks")
        self.train_dense()
        for done, (arm, density, k) in enumerate(arms, 1):
            tick(done, in_all, f"{arm}, {100 * density:.0f} %, k = {k}")
            self.retrain(arm, density, k)
        for done, (arm, density, k) in enumerate(pairs):
            tick(1 + len(arms) + 2 * done, in_all, f"two children from step {k}")
            self.two_children(density, k, arm)
        tick(in_all, in_all, "done")

    def train_dense(self) -> None:
        """Train the dense networks once, keeping their weights at every k."""
        s = self.settings
        if 0 in s.ks:
            self.snapshots[0] = masks.clone(self.networks.params)

        for now in self.training(self.networks, optimizer=s.optimizer):
            if now.step in s.ks:
                self.snapshots[now.step] = masks.clone(now.params)
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

    def start(self, arm: str, density: float, k: int) -> Params:
        """The weights that an arm begins with, (R, ...) by name. Raises ValueError for another arm."""
        if arm not in ARMS:
            raise ValueError(f"arm is {arm!r}; allowed: {', '.join(ARMS)}")
        mask = self.mask(density)
        if arm in (LR_REWOUND, TUNED):
            return masks.apply(mask, self.trained)
        if arm in FRESH:
            start, whole = masks.apply(mask, self.fresh), self.fresh
        else:
            start, whole = self.rewind(self.snapshots, mask, k), self.networks.params
        if arm in (REWOUND, REINIT):
            return start
        alone = [[masks.unstack(t, i) for t in (start, mask, whole)] for i in range(len(self.networks))]
        start = masks.stack([self.match(*one) for one in alone])
        if arm in (REVIVED, REINIT_REVIVED):
            hidden = [name for name in start if name.endswith("bias")][:-1]
            start |= {name: start[name] + self.settings.lift for name in hidden}
        return start

    def dead(self, params: Params) -> Tensor:
        """The share of units that fire for none of the first 1,000 training images, (R, hidden layers)."""
        names, found = masks.prunable(masks.unstack(params, 0)), []
        x = self.data.x_train[:1000].expand(len(self.networks), -1, -1)  # (R, images, inputs)
        for name in names[:-1]:
            bias = params[name.replace("weight", "bias")]
            x = torch.baddbmm(bias[:, None], x, params[name].mT).relu()
            found.append((x.amax(1) == 0).float().mean(1))
        return torch.stack(found, 1)

    def retrain(self, arm: str, density: float, k: int) -> Trained:
        """Train one arm from step k to the end and note its row. Raises ValueError for another arm."""
        start, s = self.start(arm, density, k), self.settings
        optimizer = s.last_rate if arm == TUNED else s.optimizer
        done = self._train(start, self.mask(density), k, optimizer, self.new_order)
        self._note(arm, k, density, done)
        return done

    def accuracy_from(self, start: Params, density: float) -> list[float]:
        """What networks reach, in percent of the test images, that begin with `start` at step 0; nothing is noted."""
        done = self._train(start, self.mask(density), 0, self.settings.optimizer, self.new_order)
        return (100 * evaluate(done.replicates, self.data)[1]).tolist()

    def two_children(self, density: float, k: int, arm: str = CHILDREN) -> None:
        """Train two children of step k, each with minibatches of its own, and note the barrier between them.

        Pruned children begin with both repairs, reinitialised ones too; those of the arm RESET_CHILDREN without any.
        Many of these end too bad for a barrier to say anything.
        """
        mask, s = self.mask(density), self.settings
        begins = {CHILDREN: REVIVED, REINIT_CHILDREN: REINIT_REVIVED, RESET_CHILDREN: REWOUND}
        start = self.start(REWOUND if density == 1 else begins[arm], density, k)
        orders = [[derive(seed, "child", j) for seed in s.seeds] for j in (0, 1)]
        a, b = (self._train(start, mask, k, s.optimizer, order).replicates.params for order in orders)
        if density == 1:
            self.children[k] = a, b

        def error(params: Params) -> Tensor:
            return 1 - evaluate(self.networks.with_params(params), self.data)[1]

        found = self.barrier(a, b, error, s.points).tolist()
        accuracy = (1 - (error(a) + error(b)) / 2).tolist()
        self.note({"arm": arm, "k": k, "density": density}, accuracy=accuracy, barrier=found)

    def _train(self, start: Params, mask: Mask, k: int, optimizer: Optimizer, order: list[int]) -> Trained:
        networks = self.networks.with_params(start)
        return self.train(networks, mask=mask, order=order, optimizer=optimizer, first_step=k)

    def _note(self, arm: str, k: int, density: float, done: Trained) -> None:
        test = done.history[done.history["split"] == "test"].sort_values("replicate")["accuracy"].to_numpy()
        self.note({"arm": arm, "k": k, "density": density, "barrier": float("nan")}, accuracy=test)
