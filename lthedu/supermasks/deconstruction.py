"""What a mask from trained weights knows: its accuracy before any training, and after training from other values.

Dense networks are trained once. Criteria turn their initial and final weights into masks; each masked network is read
as it is, and retrained from what an action gives its kept weights, with its pruned weights held at what another one
gives them. Source of the experiments: Zhou et al. (2019), arXiv:1905.01067.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
import torch

from lthedu import masks
from lthedu.base.arguments import typed
from lthedu.data import Dataset
from lthedu.masks import Mask, Params
from lthedu.models import MLP
from lthedu.pruning import random_mask, select
from lthedu.resources import at_paper_scale
from lthedu.streams import derive, generator
from lthedu.supermasks import actions
from lthedu.supermasks.criteria import CRITERIA, Criterion, different_sign, large_final, same_sign
from lthedu.training import Optimizer, Progress, RateSchedule, Replicates, Trained, evaluate, train

AS_THEY_WERE = "initial values"
CONSTANT = "signed constants"
RANDOM = "random"  # a mask of the same counts
CONTROL = "large_final, other network"  # the mask of the next seed's network
KEPT: Mapping[str, tuple[str, bool]] = {  # of a retrained network: action, and whether it keeps signs
    "rewound": ("", True),
    "reinitialised, sign kept": ("reinitialised", True),
    "reshuffled, sign kept": ("reshuffled", True),
    "constant, sign kept": ("constants", True),
    "reinitialised": ("reinitialised", False),
    "reshuffled": ("reshuffled", False),
    "constant, random sign": ("constants", False),
}
PRUNED = ("zero", "frozen at init", "zero if moved to zero", "zero at random")
COLUMNS = ["stage", "criterion", "action", "density", "replicate", "accuracy"]


@typed
@dataclass(frozen=True)
class Settings:
    """What the experiment does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(densities=(0.0,))
    Traceback (most recent call last):
    ValueError: densities are (0.0,); allowed: above 0 and below 1
    """

    seeds: tuple[int, ...] = tuple(range(8))
    sizes: tuple[int, ...] = (196, 100, 50, 10)
    densities: tuple[float, ...] = (0.5, 0.3, 0.1)  # of every layer, for masks that are not trained
    retrained: tuple[float, ...] = (0.2, 0.05)  # of every layer, for masked networks that are
    steps: int = 500
    batch_size: int = 128
    optimizer: Optimizer = Optimizer()  # noqa: RUF009 (frozen)

    def __post_init__(self) -> None:
        for name in ("seeds", "sizes", "densities", "retrained"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name, value in (("steps", self.steps), ("batch_size", self.batch_size)):
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name} is {value}; it must be a whole number, 1 or more")
        if len(set(self.seeds)) != len(self.seeds) or len(self.seeds) < 2:
            raise ValueError(f"seeds are {self.seeds}; give at least two, each once")
        for name in ("densities", "retrained"):
            if not all(0 < d < 1 for d in getattr(self, name)) or not getattr(self, name):
                raise ValueError(f"{name} are {getattr(self, name)}; allowed: above 0 and below 1")


LESSON = Settings()
DEEP = Settings(  # a deep, narrow network with momentum at a high rate, as in lesson 03, and half of that rate
    sizes=(196, 64, 64, 64, 64, 64, 10),
    retrained=(0.1,),
    steps=600,
    batch_size=64,
    optimizer=Optimizer("sgd", lr=0.05, momentum=0.9, schedule=RateSchedule("steps", warmup=20)),
)
PAPER = Settings(
    seeds=tuple(range(20)),
    sizes=(784, 300, 100, 10),
    retrained=(0.2, 0.05, 0.02),
    steps=50_000,
    batch_size=60,
)


def scaled_settings() -> Settings:
    """The settings named by LTHEDU_SCALE: "lesson" (the default), or "paper": 20 seeds of LeNet, 50,000 steps.

    Raises ValueError for any other word.

    >>> scaled_settings().steps
    500
    """
    return PAPER if at_paper_scale() else LESSON


def every_criterion() -> dict[str, Criterion]:
    """The criteria by name, with large_final among weights that kept, and that changed, their sign.

    >>> list(every_criterion())[:3]
    ['large_final', 'large_final_same_sign', 'large_final_different_sign']
    """
    first = {
        "large_final": large_final,
        "large_final_same_sign": same_sign(large_final),
        "large_final_different_sign": different_sign(large_final),
        "magnitude_increase_same_sign": same_sign(CRITERIA["magnitude_increase"]),
    }
    return first | {name: c for name, c in CRITERIA.items() if name not in first}


@typed
@dataclass
class Deconstruction:
    """The experiment on one dataset. `criteria` by name, `score`s of lthedu.supermasks; actions by name.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.load("mnist", device="cpu").first(500, 100, 100))
    >>> small = Settings(seeds=(0, 1), sizes=(196, 8, 10), densities=(0.5,), retrained=(0.5,), steps=4)
    >>> table = Deconstruction(mnist, small).run()
    >>> sorted(table["stage"].unique())
    ['dense', 'kept', 'pruned', 'untrained']
    """

    data: Dataset
    settings: Settings = LESSON
    criteria: Mapping[str, Criterion] = field(default_factory=every_criterion)
    actions: Mapping[str, Callable[..., Params]] = field(default_factory=dict)  # in the place of lthedu's own
    rows: list[pd.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        s = self.settings
        self.networks = Replicates.create(
            lambda: MLP(s.sizes), s.seeds, device=self.data.device, dtype=self.data.x_train.dtype
        )
        self.dense: Trained | None = None

    @property
    def table(self) -> pd.DataFrame:
        """What was measured so far, a row a network; accuracies are fractions on the test split."""
        return pd.concat(self.rows, ignore_index=True) if self.rows else pd.DataFrame(columns=COLUMNS)

    @property
    def final(self) -> Params:
        """The dense networks' trained weights, (R, ...) by name."""
        if self.dense is None:
            raise ValueError("there are no trained networks yet; call train_dense first")
        return self.dense.replicates.params

    def run(
        self, progress: Progress | None = None, *, stages: Sequence[str] = ("untrained", "kept", "pruned")
    ) -> pd.DataFrame:
        """Train the dense networks, read every mask untrained, then retrain; return the table.

        `stages` may leave some out. `progress(done, all, text)` counts trainings.
        """
        s, tick = self.settings, progress or (lambda done, in_all, text: None)
        plan = [("kept", way, d) for d in s.retrained for way in KEPT if "kept" in stages]
        plan += [("pruned", way, d) for d in s.retrained for way in PRUNED if "pruned" in stages]
        tick(0, len(plan) + 1, "dense networks")
        self.train_dense()
        if "untrained" in stages:
            self.read_untrained()
        for done, (stage, way, density) in enumerate(plan):
            tick(done + 1, len(plan) + 1, f"{way}, {100 * density:g} % kept")
            self.retrain(stage, way, density)
        tick(len(plan) + 1, len(plan) + 1, "done")
        return self.table

    def train_dense(self) -> None:
        """Train the dense networks."""
        self.dense = self._train(self.networks.params, None, None)
        self._note("dense", "", "", 1.0, self.dense.replicates.params)

    def mask(self, criterion: str, density: float) -> Mask:
        """The masks of `criterion`, every layer at `density`, the output layer at twice that; (R, ...) by name.

        "random" gives random masks, and `CONTROL` those of large_final, each from the next network.
        """
        initial, final = self.networks.params, self.final
        last = list(masks.prunable(masks.unstack(final, 0)))[-1]
        score = self.criteria[criterion if criterion in self.criteria else "large_final"]
        found = []
        for i in range(len(self.networks)):
            scores = score(masks.unstack(initial, i), masks.unstack(final, i))
            found.append(select(scores, density, own_density={last: min(1.0, 2 * density)}))
        if criterion == CONTROL:
            found = [*found[1:], found[0]]
        if criterion == RANDOM:
            found = [random_mask(m, self._stream(i, "mask", density)) for i, m in enumerate(found)]
        return masks.stack(found)

    def read_untrained(self) -> None:
        """Note the accuracy of every mask on initial values and on signed constants, nothing being trained."""
        initial = self.networks.params
        for density in self.settings.densities:
            for criterion in (*self.criteria, RANDOM, CONTROL):
                mask = self.mask(criterion, density)
                self._note("untrained", criterion, AS_THEY_WERE, density, masks.apply(mask, initial))
                constant = self._act("constants", mask, True, density)
                self._note("untrained", criterion, CONSTANT, density, constant)

    def retrain(self, stage: str, way: str, density: float) -> None:
        """Retrain with large_final's masks: "kept" ways give the kept weights their values, "pruned" ones the others.

        Raises ValueError for a way that is not in `KEPT` or `PRUNED`.
        """
        if way not in (KEPT if stage == "kept" else PRUNED):
            raise ValueError(f"{way!r} is no way for {stage} weights; there are: {', '.join((*KEPT, *PRUNED))}")
        mask, start, held = self.mask("large_final", density), self.networks.params, None
        if stage == "kept" and KEPT[way][0]:
            name, signed = KEPT[way]
            start = self._act(name, mask, signed, density)
        elif stage == "pruned":
            held = self.held(way, mask, density)
        done = self._train(start, mask, held)
        self._note(stage, "large_final", way, density, done.replicates.params)

    def held(self, way: str, mask: Mask, density: float) -> Params | None:
        """What the pruned weights hold, (R, ...) by name; None is zero."""
        if way == "zero":
            return None
        initial, final, out = self.networks.params, self.final, []
        for i in range(len(self.networks)):
            w, f, m = (masks.unstack(t, i) for t in (initial, final, mask))
            at_init = actions.frozen_at_init(w, m)
            if way != "frozen at init":
                moved = self._action("zero_if_moved_to_zero")(w, f, m)
                stream = self._stream(i, way, density)
                at_init = moved if way == "zero if moved to zero" else actions.zero_at_random(at_init, m, moved, stream)
            out.append(at_init)
        return masks.stack(out)

    def _action(self, name: str) -> Callable[..., Params]:
        return self.actions.get(name, getattr(actions, name))

    def _act(self, name: str, mask: Mask, signed: bool, density: float) -> Params:
        """The kept weights' values by action, network by network, each with a stream of its own."""
        found = [
            self._action(name)(
                masks.unstack(self.networks.params, i),
                masks.unstack(mask, i),
                self._stream(i, name, density),
                signed=signed,
            )
            for i in range(len(self.networks))
        ]
        return masks.stack(found)

    def _stream(self, i: int, what: str, density: float) -> torch.Generator:
        return generator(self.settings.seeds[i], "deconstruction", what, round(density * 10**6))

    def _train(self, start: Params, mask: Mask | None, frozen: Params | None) -> Trained:
        s = self.settings
        done = train(
            self.networks.with_params(start),
            self.data,
            s.steps,
            mask=mask,
            frozen=frozen,
            order=[derive(seed, "deconstruction order") for seed in s.seeds],
            optimizer=s.optimizer,
            batch_size=s.batch_size,
        )
        if done.stopped:
            raise KeyboardInterrupt
        return done

    def _note(self, stage: str, criterion: str, action: str, density: float, params: Params) -> None:
        accuracy = evaluate(self.networks.with_params(params), self.data)[1].tolist()
        rows = {"stage": stage, "criterion": criterion, "action": action, "density": density}
        rows |= {"replicate": range(len(accuracy)), "accuracy": accuracy}
        self.rows.append(pd.DataFrame(rows)[COLUMNS])
