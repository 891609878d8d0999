"""What to train after pruning: reset, rewind to step k, rewind the learning rate or fine-tune; and how stable k is.

Dense networks are trained once, their weights kept at every step k asked for, and pruned in one go. Then each way to
go on gets the same masks, the same minibatches and, of every k, the same number of steps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd
from torch import Tensor

from lthedu import masks
from lthedu.base.arguments import typed
from lthedu.data import Dataset
from lthedu.masks import Mask, Params
from lthedu.models import MLP
from lthedu.pruning import magnitude, select
from lthedu.resources import at_paper_scale
from lthedu.streams import derive
from lthedu.tickets.settings import DENSE, REINIT
from lthedu.tickets.stability import error_barrier
from lthedu.training import Optimizer, Progress, RateSchedule, Replicates, Trained, evaluate, measure, train, training

REWOUND = "rewound"  # to step k; k = 0 is the reset to the initial weights
LR_REWOUND = "learning rate rewound"
TUNED = "fine-tuned"
RESCALED = "reset and rescaled"
REINIT_RESCALED = "reinitialised and rescaled"
ARMS = (REWOUND, LR_REWOUND, TUNED, REINIT, RESCALED, REINIT_RESCALED)
COLUMNS = ["arm", "k", "density", "replicate", "accuracy", "barrier"]


@typed
@dataclass(frozen=True)
class Settings:
    """What the experiment does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(ks=(0, 600))
    Traceback (most recent call last):
    ValueError: ks are (0, 600); allowed: rising steps from 0 to 599 (steps - 1)
    """

    seeds: tuple[int, ...] = tuple(range(8))
    sizes: tuple[int, ...] = (196, 64, 64, 64, 64, 64, 10)
    densities: tuple[float, ...] = (0.2, 0.1, 0.05)  # of all weights together, in one go; the last one gets every arm
    ks: tuple[int, ...] = (0, 20, 60, 150, 300)
    few_ks: tuple[int, ...] = (0, 150)  # at the other densities
    steps: int = 600
    batch_size: int = 64
    optimizer: Optimizer = Optimizer(  # noqa: RUF009 (frozen)
        "sgd", lr=0.1, momentum=0.9, schedule=RateSchedule("steps", warmup=20)
    )
    points: int = 11  # on the line between two children

    def __post_init__(self) -> None:
        for name in ("seeds", "sizes", "densities", "ks", "few_ks"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name, value in (("steps", self.steps), ("batch_size", self.batch_size)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} is {value}; it must be a whole number, 1 or more")
        if len(set(self.seeds)) != len(self.seeds) or not self.seeds:
            raise ValueError(f"seeds are {self.seeds}; give at least one, each once")
        if not self.densities or not all(0 < d < 1 for d in self.densities):
            raise ValueError(f"densities are {self.densities}; allowed: above 0 and below 1")
        if not self.ks or list(self.ks) != sorted(set(self.ks)) or self.ks[0] < 0 or self.ks[-1] >= self.steps:
            raise ValueError(f"ks are {self.ks}; allowed: rising steps from 0 to {self.steps - 1} (steps - 1)")
        if not set(self.few_ks) <= set(self.ks):
            raise ValueError(f"few_ks are {self.few_ks}; allowed: some of ks, {self.ks}")

    @property
    def last_rate(self) -> Optimizer:
        """The optimizer of fine-tuning: the learning rate that the dense training ended with, held."""
        final = self.optimizer.lr * self.optimizer.schedule.at(self.steps - 1, self.steps)
        return replace(self.optimizer, lr=final, schedule=RateSchedule())


LESSON = Settings()
PAPER = replace(  # twenty seeds, ten times as long; the steps k are the same fractions, and the early ones as they were
    LESSON, seeds=tuple(range(20)), steps=6_000, ks=(0, 20, 60, 150, 300, 600, 1_500, 3_000), few_ks=(0, 150, 600)
)


def scaled_settings() -> Settings:
    """The settings named by LTHEDU_SCALE: "lesson" (the default), or "paper": 20 seeds and 6,000 steps.

    Raises ValueError for any other word.

    >>> scaled_settings().steps
    600
    """
    return PAPER if at_paper_scale() else LESSON


@typed
def rewind(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    """The weights that training goes on from: those of `step`, exactly, with every pruned weight at zero.

    `snapshots`: weights by name, for each step that was kept; `mask`: bool by name, for the pruned layers. Parameters
    without a mask, the biases, are rewound as well. What comes back shares no memory with a snapshot. Raises ValueError
    for a step that was not kept. Source: Frankle et al. (2019), arXiv:1903.01611.

    >>> import torch
    >>> snapshots = {0: {"w": torch.tensor([1.0, 2.0])}, 9: {"w": torch.tensor([3.0, 4.0])}}
    >>> rewind(snapshots, {"w": torch.tensor([True, False])}, 0)
    {'w': tensor([1., 0.])}
    """
    if step not in snapshots:
        raise ValueError(f"step is {step}; allowed: the steps that were kept, {', '.join(map(str, snapshots))}")
    return masks.apply(mask, snapshots[step])


@typed
def rescaled(params: Params, mask: Mask) -> Params:
    """`params` under `mask`, each layer's kept weights divided by the square root of its density.

    A pruned layer passes on a weaker signal: of a random layer's variance only the share that is kept. This gives it
    back, layer by layer. Stacked weights (R, ...) are scaled replicate by replicate.

    >>> import torch
    >>> rescaled({"w": torch.tensor([[[2.0, 1.0, 1.0, 1.0]]])}, {"w": torch.tensor([[[True, False, False, False]]])})
    {'w': tensor([[[4., 0., 0., 0.]]])}
    """
    out = masks.apply(mask, params)
    for name, m in mask.items():
        kept = m.flatten(1).to(out[name].dtype).mean(1).clamp_min(1 / m[0].numel())
        out[name] /= kept.sqrt().view(-1, *[1] * (m.ndim - 1))
    return out


@typed
@dataclass
class Rewinding:
    """The experiment on one dataset. `rewind` and `barrier` may be replaced by functions of the same signature.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.load("mnist", device="cpu").first(500, 100, 100))
    >>> small = Settings(seeds=(0, 1), sizes=(196, 8, 10), densities=(0.5,), ks=(0, 2), few_ks=(0,), steps=4)
    >>> table = Rewinding(mnist, small).run()
    >>> table[table["arm"] == "rewound"][["k", "replicate"]].values.tolist()
    [[0, 0], [0, 1], [2, 0], [2, 1]]
    """

    data: Dataset
    settings: Settings = LESSON
    rewind: Callable[[Mapping[int, Params], Mask, int], Params] = rewind
    barrier: Callable[..., Tensor] = error_barrier
    rows: list[pd.DataFrame] = field(default_factory=list)
    snapshots: dict[int, Params] = field(default_factory=dict)  # of the dense networks, (R, ...) by name
    children: dict[int, tuple[Params, Params]] = field(default_factory=dict)  # dense pairs, by the step they part at
    passing: list[Params] = field(default_factory=list)  # dense weights at every `every`-th step, for early-bird masks
    every: int = 30

    def __post_init__(self) -> None:
        s = self.settings
        self.networks = Replicates.create(
            lambda: MLP(s.sizes), s.seeds, device=self.data.device, dtype=self.data.x_train.dtype
        )
        fresh = [derive(seed, "reinit") for seed in s.seeds]
        self.fresh = Replicates.create(
            lambda: MLP(s.sizes), fresh, device=self.data.device, dtype=self.data.x_train.dtype
        ).params
        self.dense: Trained | None = None

    @property
    def table(self) -> pd.DataFrame:
        """What was measured so far, a row a network: accuracy (a fraction, test split) and, where it was measured,
        the error barrier (a fraction) at step k."""
        return pd.concat(self.rows, ignore_index=True) if self.rows else pd.DataFrame(columns=COLUMNS)

    def run(self, progress: Progress | None = None) -> pd.DataFrame:
        """Train the dense networks, then every arm at every density and k, then the children; return the table.

        `progress(done, all, text)` counts trainings. Barriers, of the dense networks and at the last density, are on
        the test split.
        """
        s, tick = self.settings, progress or (lambda done, in_all, text: None)
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
                self.part(density, k)
                done += 2
        tick(in_all, in_all, "done")
        return self.table

    def train_dense(self) -> None:
        """Train the dense networks once, keeping their weights at every k."""
        s = self.settings
        if 0 in s.ks:
            self.snapshots[0] = masks.clone(self.networks.params)

        for now in training(
            self.networks, self.data, s.steps, order=self.order, optimizer=s.optimizer, batch_size=s.batch_size
        ):
            if now.step in s.ks:
                self.snapshots[now.step] = masks.clone(now.params)
            if now.step % self.every == 0:
                self.passing.append(masks.clone(now.params))
        self.dense = Trained(now.replicates, measure(now.replicates, self.data, s.steps), s.steps, now.mask)
        self._note(DENSE, 0, 1.0, self.dense)

    @property
    def order(self) -> list[int]:
        """The minibatch orders of the seeds, which the dense networks and every arm share."""
        return [derive(seed, "rewinding order") for seed in self.settings.seeds]

    @property
    def trained(self) -> Params:
        """The dense networks' final weights, (R, ...) by name."""
        if self.dense is None:
            raise ValueError("there are no dense networks yet; call train_dense first")
        return self.dense.replicates.params

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

    def part(self, density: float, k: int) -> None:
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
        rows = {"arm": "children", "k": k, "density": density, "replicate": range(len(found))}
        self.rows.append(pd.DataFrame(rows | {"accuracy": accuracy, "barrier": found})[COLUMNS])

    def _train(
        self,
        start: Params,
        mask: Mask | None,
        k: int,
        optimizer: Optimizer,
        *,
        order: list[int] | None = None,
    ) -> Trained:
        s = self.settings
        return train(
            self.networks.with_params(start),
            self.data,
            s.steps,
            mask=mask,
            order=self.order if order is None else order,
            optimizer=optimizer,
            batch_size=s.batch_size,
            first_step=k,
        )

    def _note(self, arm: str, k: int, density: float, done: Trained) -> None:
        test = done.history[done.history["split"] == "test"].sort_values("replicate")["accuracy"].to_numpy()
        if done.stopped:
            raise KeyboardInterrupt
        rows = {"arm": arm, "k": k, "density": density, "replicate": range(len(test)), "accuracy": test}
        self.rows.append(pd.DataFrame(rows | {"barrier": float("nan")})[COLUMNS])
