"""What a mask from trained weights knows: its accuracy before any training, and after training from other values.

Dense networks are trained once. Criteria turn their initial and final weights into masks; each masked network is read
as it is, and retrained from what an action gives its kept weights, with its pruned weights held at what another one
gives them. All that is retrained gets minibatches in a new order: no mask is tested on the order that found it. Source
of the experiments: Zhou et al. (2019), arXiv:1905.01067; the starts with norms restored are this course's own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pandas as pd
import torch

from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Count, Distinct, Range
from lthedu.base.streams import derive, generator
from lthedu.experiments import Client, Densities, Experiment, Keep, Part, Seeded, Sizes, side_by_side
from lthedu.lessons.zeros_and_signs.ways import (
    AS_THEY_WERE,
    CONSTANT,
    CONTROL,
    KEPT,
    PLACES,
    PRUNED,
    RANDOM,
    every_criterion,
    restore_norms,
)
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.networks.models import MLP
from lthedu.pruning import random_mask, select
from lthedu.supermasks import actions
from lthedu.supermasks.criteria import Criterion
from lthedu.training import Optimizer, Progress, RateSchedule, Trained, evaluate

Stage = Literal["untrained", "kept", "pruned"]
STAGES: tuple[Stage, ...] = ("untrained", "kept", "pruned")
COLUMNS = ["stage", "criterion", "action", "density", "replicate", "accuracy"]


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What the experiment does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(densities=(0.0,))
    Traceback (most recent call last):
    ValueError: Settings: densities[0] is 0.0; allowed: a number above 0 and below 1
    """

    seeds: Annotated[tuple[int, ...], AtLeast(2), Distinct()] = tuple(range(8))
    seeds_per_part: Annotated[int, Range(2)] | None = None  # one control has the mask of the next seed's network
    sizes: Annotated[tuple[Count, ...], AtLeast(2)] = (196, 100, 50, 10)
    densities: Densities = (0.3,)  # of every layer, for masks that are not trained
    retrained: Densities = (0.2,)  # of every layer, for masked networks that are
    held: Densities = (0.05,)  # of every layer, where pruned weights hold what is not zero
    steps: Count = 500
    batch_size: Count = 128
    optimizer: Optimizer = Optimizer()  # noqa: RUF009 (frozen)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seeds_per_part and len(self.seeds) % self.seeds_per_part == 1:
            raise ValueError(
                f"seeds_per_part is {self.seeds_per_part}, which leaves one of {len(self.seeds)} seeds alone; "
                "allowed: two or more in every part"
            )


LESSON = Settings()
SIZES = Sizes(
    tiny=replace(LESSON, seeds=(0, 1, 2), sizes=(196, 8, 10), steps=4),
    lesson=LESSON,
    paper=replace(  # 20 seeds of LeNet
        LESSON,
        seeds=tuple(range(20)),
        seeds_per_part=2,
        sizes=(784, 300, 100, 10),
        retrained=(0.2, 0.05, 0.02),
        held=(0.2, 0.05, 0.02),
        steps=50_000,
        batch_size=60,
    ),
)
_DEEP = Settings(  # a deep, narrow network with momentum, as in the lesson on rewinding, at half its rate
    sizes=(196, 64, 64, 64, 64, 64, 10),
    retrained=(0.1,),
    steps=600,
    batch_size=64,
    optimizer=Optimizer("sgd", lr=0.05, momentum=0.9, schedule=RateSchedule("steps", warmup=20)),
)
DEEP = Sizes(
    tiny=replace(_DEEP, seeds=(0, 1, 2), sizes=(196, 8, 8, 8, 10), steps=4),
    lesson=_DEEP,
    paper=_DEEP,  # no paper has it
)
PAPER = SIZES.paper
scaled_settings = SIZES.now
EVERY: Mapping[str, Criterion] = every_criterion()
OWN: Mapping[str, Callable[..., Params]] = {}  # nothing in the place of lthedu's actions


@typed
@dataclass
class Deconstruction(Experiment[Settings]):
    """The experiment on one dataset: a row a network, with its accuracy, a fraction on the test split.

    `criteria` by name, `score`s of lthedu.supermasks; actions by name.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.load("mnist", device="cpu").first(500, 100, 100))
    >>> small = Settings(seeds=(0, 1), sizes=(196, 8, 10), densities=(0.5,), retrained=(0.5,), steps=4)
    >>> table = Deconstruction(mnist, small).run()
    >>> sorted(table["stage"].unique())
    ['dense', 'kept', 'pruned', 'untrained']
    """

    COLUMNS = COLUMNS
    carries = {"dense": side_by_side}
    functions = {"criteria": EVERY, "actions": OWN}
    stream = "deconstruction order"

    settings: Settings = LESSON
    criteria: Mapping[str, Criterion] = field(default_factory=lambda: EVERY)
    actions: Mapping[str, Callable[..., Params]] = field(default_factory=lambda: OWN)  # in the place of lthedu's own

    def __post_init__(self) -> None:
        s = self.settings
        self.networks = self.create(lambda: MLP(s.sizes))
        self.dense: Params | None = None
        self.stages = STAGES

    def parts(self) -> list[Part]:
        """The shares of the seeds, and what is done with them."""
        return [(*part, self.stages) for part in super().parts()]

    def alone(self, part: Part) -> Self:
        """The experiment on the seeds of one part."""
        one = super().alone(part)
        one.stages = part[-1]
        return one

    @typed
    def run(
        self,
        progress: Progress | None = None,
        *,
        folder: Path | str | None = None,
        client: Client | None = None,
        stages: Sequence[Stage] = STAGES,
    ) -> pd.DataFrame:
        """Train the dense networks unless `dense` has them, read every mask untrained, then retrain; give the table.

        `stages` may leave some out. `progress(done, all, text)` counts trainings. `folder` and `client` are those of
        `lthedu.experiments.Experiment.run`.
        """
        self.stages = tuple(stages)
        return super().run(progress, folder=folder, client=client)

    @property
    def final(self) -> Params:
        """The dense networks' trained weights, (R, ...) by name."""
        if self.dense is None:
            raise ValueError("there are no trained networks yet; call train_dense first")
        return self.dense

    def work(self, tick: Progress, keep: Keep) -> None:
        """Do what the stages ask for."""
        s, stages = self.settings, self.stages
        plan = [("kept", way, d) for d in s.retrained for way in KEPT if "kept" in stages]
        plan += [("pruned", way, d) for d in s.held for way in PRUNED if "pruned" in stages]
        tick(0, len(plan) + 1, "dense networks")
        if self.dense is None:
            self.train_dense()
        if "untrained" in stages:
            self.read_untrained()
        for done, (stage, way, density) in enumerate(plan):
            tick(done + 1, len(plan) + 1, f"{way}, {100 * density:g} % kept")
            self.retrain(stage, way, density)
        tick(len(plan) + 1, len(plan) + 1, "done")

    @property
    def new_order(self) -> list[int]:
        """The minibatch orders of all that is retrained; the dense networks had others."""
        return [derive(seed, "deconstruction, another order") for seed in self.settings.seeds]

    def train_dense(self) -> None:
        """Train the dense networks."""
        self.dense = self.train(self.networks, optimizer=self.settings.optimizer).replicates.params
        self._note("dense", "", "", 1.0, self._read(self.dense))

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
        mask = masks.stack(found)
        return self._random(mask, density) if criterion == RANDOM else mask

    def read_untrained(self) -> None:
        """Note the accuracy of every mask on initial values and on signed constants, nothing being trained."""
        initial = self.networks.params
        for density in self.settings.densities:
            for criterion in (*self.criteria, RANDOM, CONTROL):
                mask = self.mask(criterion, density)
                self._note("untrained", criterion, AS_THEY_WERE, density, self._read(masks.apply(mask, initial)))
                constant = self._act("constants", mask, True, density)
                self._note("untrained", criterion, CONSTANT, density, self._read(constant))

    def retrain(self, stage: str, way: str, density: float, *, lr: float | None = None, times: int = 1) -> Trained:
        """Retrain with large_final's masks, and note it.

        A way of the stage "kept" says what the kept weights start from, one of "pruned" what the pruned ones hold.
        `lr` is the learning rate, by default that of the dense networks, who trained for as many steps as this does
        for `times` = 1. Raises ValueError for a way that is not in `KEPT` or, of pruned weights, in `PRUNED`.
        """
        allowed = KEPT if stage == "kept" else PRUNED
        if way not in allowed:
            raise ValueError(f"{way!r} is no way for {stage} weights; allowed: {', '.join(allowed)}")
        optimizer, steps = self.settings.optimizer, times * self.settings.steps
        named: dict[str, Any] = {"optimizer": optimizer if lr is None else replace(optimizer, lr=lr), "steps": steps}
        mask, start = self.mask("large_final", density), self.networks.params
        if stage == "pruned":
            named["frozen"] = self.held(way, mask, density)
        else:
            start = self.start(way, density)
            mask = self._random(mask, density) if way == PLACES else mask
        done = self.train(self.networks.with_params(start), mask=mask, order=self.new_order, **named)
        test = done.history[done.history["split"] == "test"].sort_values("replicate")["accuracy"]
        self._note(stage, "large_final", way, density, test.tolist())
        return done

    def start(self, way: str, density: float) -> Params:
        """What a way of `KEPT` begins with, (R, ...) by name, pruned weights at zero.

        Where norms are restored, each layer is scaled by one factor to the norm that the ticket's kept weights have.
        """
        (name, signed, restored), mask = KEPT[way], self.mask("large_final", density)
        ticket = masks.apply(mask, self.networks.params)
        if way == PLACES:
            start = masks.apply(self._random(mask, density), self.networks.params)
        else:
            start = self._act(name, mask, signed, density) if name else ticket
        return restore_norms(start, ticket) if restored else start

    def held(self, way: str, mask: Mask, density: float) -> Params | None:
        """What the pruned weights hold, (R, ...) by name; None is zero."""
        if way == "zero":
            return None
        initial, final, out = self.networks.params, self.final, []
        for i in range(len(self.networks)):
            w, f, m = (masks.unstack(t, i) for t in (initial, final, mask))
            holds = frozen = actions.frozen_at_init(w, m)
            if way != "frozen at init":
                holds = moved = self._action("zero_if_moved_to_zero")(w, f, m)
                if way == "zero if moved away":  # the mirror: what is held above is zero here, and the other way round
                    holds = {n: p.masked_fill(moved[n] != 0, 0.0) for n, p in frozen.items()}
                if way == "zero at random":
                    holds = actions.zero_at_random(frozen, m, moved, self._stream(i, way, density))
            out.append(holds)
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

    def _random(self, mask: Mask, density: float) -> Mask:
        """Random masks of the same layer counts."""
        alone = [masks.unstack(mask, i) for i in range(len(self.networks))]
        return masks.stack([random_mask(m, self._stream(i, "mask", density)) for i, m in enumerate(alone)])

    def _read(self, params: Params) -> list[float]:
        return evaluate(self.networks.with_params(params), self.data)[1].tolist()

    def _note(self, stage: str, criterion: str, action: str, density: float, accuracy: list[float]) -> None:
        self.note({"stage": stage, "criterion": criterion, "action": action, "density": density}, accuracy=accuracy)
