"""The study: one class that strings levels and arms together, and keeps each level once it is finished."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch
from torch import nn

from lthedu.base.arguments import typed
from lthedu.base.fingerprint import fingerprint
from lthedu.base.streams import derive, generator
from lthedu.data import Dataset
from lthedu.experiments import Experiment, Found, Keep
from lthedu.experiments.study.settings import CONTROLS, DENSE, LESSON, RANDOM, REINIT, WINNING, Settings
from lthedu.experiments.study.tables import COLUMNS
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.networks.models import lenet_300_100
from lthedu.networks.reading import output_layer
from lthedu.pruning import magnitude, random_mask, select
from lthedu.tickets.imp import Prune, Train, find_tickets
from lthedu.training import Diverged, Progress, measure, training


@typed
@dataclass(frozen=True)
class Level:
    """One finished round: replicates of all arms, arm after arm, seeds in order within an arm."""

    arms: tuple[str, ...]
    start: Params  # (arms * seeds, ...)
    mask: Mask
    trained: Params
    rows: list[dict[str, Any]]
    snapshot: Params | None = None  # level 0: the weights at the step to rewind to
    seconds: float = 0.0

    def began_from(self, start: Params, mask: Mask) -> bool:
        """Whether these are its starts and masks, bit for bit."""
        return all(torch.equal(self.start[n], p) for n, p in start.items()) and all(
            torch.equal(self.mask[n], m) for n, m in mask.items()
        )


def joined_levels(parts: list[dict[int, Level]]) -> dict[int, Level]:
    """The levels of several shares of the seeds as if they had been trained together, arm after arm."""
    return {level: _joined_level([part[level] for part in parts]) for level in parts[0]}


def _joined_level(parts: list[Level]) -> Level:
    if len(parts) == 1:
        return parts[0]
    one = parts[0]

    def arm_by_arm(every: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
        def arms(tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
            return tensor.chunk(len(one.arms))

        found = {n: zip(*(arms(tensors[n]) for tensors in every), strict=True) for n in every[0]}
        return {n: torch.cat([t for arm in by_arm for t in arm]) for n, by_arm in found.items()}

    return Level(
        one.arms,
        arm_by_arm([p.start for p in parts]),
        arm_by_arm([p.mask for p in parts]),
        arm_by_arm([p.trained for p in parts]),
        [row for p in parts for row in p.rows],
        None if one.snapshot is None else arm_by_arm([p.snapshot or {} for p in parts]),
        sum(p.seconds for p in parts),
    )


@typed
class Study(Experiment[Settings]):
    """Levels and arms of iterative magnitude pruning on one dataset and architecture, over paired seeds.

    Level 0 trains the dense networks. Each later level trains, in one pass, the winning tickets and their
    controls: "random reinitialisation" has the ticket's mask and fresh weights, "random mask" has the ticket's
    weights and another mask with the same count in every layer. Everything else, the minibatch order
    included, a control shares with the ticket of its seed; with rewinding to a later step, fresh weights too are
    trained for the remaining steps only.

    With `run(folder=...)`, each level is written there once it is finished, and a new study with the same settings
    goes on after the last one. `find_tickets` and `random_mask` may be replaced by functions of the same signature.
    `output` is the name of the output layer's weight, which is pruned at a rate of its own; otherwise the last layer
    that runs in a forward pass is taken. Rewinding concerns weights: buffers (BatchNorm's statistics) start every level
    anew and are not kept. Raises ValueError when a network with buffers is to be rewound to a later step, and `run`
    when its folder holds a study of other settings, data or layers (a `forward` of other code with the same layers is
    not noticed), or levels that began from other weights or masks.

    >>> from lthedu import data
    >>> mnist = data.load("mnist", device="cpu").first(1000, 500, 500)
    >>> study = Study(mnist, settings=Settings(seeds=(0,), levels=1, steps=10, val_every=None))
    >>> table = study.run()
    >>> table.query("split == 'test'")[["arm", "level"]].values.tolist()
    [['dense', 0], ['winning ticket', 1], ['random reinitialisation', 1], ['random mask', 1]]
    """

    COLUMNS = COLUMNS
    carries = {"levels": joined_levels}
    functions = {"make": lenet_300_100, "find_tickets": find_tickets, "random_mask": random_mask}
    chain = True

    def __init__(
        self,
        data: Dataset,
        make: Callable[[], nn.Module] = lenet_300_100,
        settings: Settings = LESSON,
        *,
        find_tickets: Callable[[Params, Mask, Train, Prune, int], list[Mask]] = find_tickets,
        random_mask: Callable[[Mask, torch.Generator], Mask] = random_mask,
        output: str | None = None,
    ) -> None:
        if settings.batch_size > len(data.x_train):  # before a folder is claimed
            raise ValueError(f"batch_size is {settings.batch_size}; allowed: 1 to the {len(data.x_train)} examples")
        super().__init__(data, settings)
        self.make, self.find_tickets, self.random_mask = make, find_tickets, random_mask
        self.levels: dict[int, Level] = {}
        self._unfinished: list[dict[str, Any]] = []  # rows of a level that was stopped
        self._initial = self.create(make)
        if self._initial.buffers and settings.rewind_step:
            raise ValueError(
                f"rewind_step is {settings.rewind_step}, but the network has buffers, which are not rewound "
                f"({', '.join(self._initial.buffers)}); allowed: 0"
            )
        registered = list(self._initial.full_mask())
        if output is None:
            output = output_layer(self._initial.module(0), data.x_train[:1])
        if output not in registered:
            raise ValueError(f"output is {output!r}; allowed: {', '.join(registered)}")
        self.output = output  # the layer with its own rate

    @property
    def table(self) -> pd.DataFrame:
        """What was measured so far, one row an evaluation, as a tidy table.

        `replicate` is the seed, `density` the fraction of prunable weights kept, `accuracy` a fraction.
        """
        if self.parts() != [(0, len(self.settings.seeds))]:
            return self.finished
        finished = [row for _, level in sorted(self.levels.items()) for row in level.rows]
        return pd.DataFrame(finished + self._unfinished, columns=COLUMNS)

    def about(self) -> dict[str, Any]:
        """What tells the study from others, as JSON holds it."""
        shapes = {name: list(p.shape[1:]) for name, p in self._initial.params.items()}
        other = {} if self.output == [n for n, s in shapes.items() if len(s) > 1][-1] else {"output": self.output}
        return super().about() | other | {"parameters": shapes, "model": " ".join(str(self._initial.model).split())}

    def found(self, seconds: float) -> Found:
        """The levels, which may have been read, and what they took when they were trained."""
        found = super().found(sum(level.seconds for level in self.levels.values()))
        return found | {"levels": {i: vars(level) for i, level in self.levels.items()}}

    def take(self, parts: Sequence[Found]) -> None:
        """Hold what the parts found."""
        super().take([part | {"levels": {i: Level(**level) for i, level in part["levels"].items()}} for part in parts])

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train every level, or read it."""
        self._unfinished = []
        dense = self._level(0, (DENSE,), self._initial.params, self._initial.full_mask(), tick, keep)
        rewound = self.rewound

        def train_level(level: int, start: Params, mask: Mask) -> Params:
            if level == 0:
                if not all(torch.equal(start[name], rewound[name]) for name in rewound):
                    raise ValueError("level 0 must start from the initial weights, with nothing pruned")
                return masks.clone(dense.trained)
            arms, starts, kept = self._with_controls(level, start, mask, rewound)
            finished = self._level(level, arms, starts, kept, tick, keep)
            return {name: t[: len(self.settings.seeds)].clone() for name, t in finished.trained.items()}

        # copies throughout: a loop under study that writes into what it got must not change the study
        self.find_tickets(masks.clone(rewound), masks.clone(dense.mask), train_level, self._prune, self.settings.levels)

    @property
    def rewound(self) -> Params:
        """The weights (seeds, ...) that every level rewinds to: the initial ones, or the dense run's at `rewind_step`.

        Raises ValueError before the dense level is trained.
        """
        if 0 not in self.levels:
            raise ValueError("level 0 is not trained yet; run the study first")
        return self.levels[0].snapshot or self.levels[0].start

    def mask(self, level: int, arm: str = WINNING) -> Mask:
        """The masks (seeds, ...) of `arm` at `level`; level 0 has only the dense networks' full mask.

        Raises ValueError for a level that is not trained or an arm that it does not have.

        >>> from lthedu import data
        >>> Study(data.load("mnist", device="cpu").first(200)).mask(3)
        Traceback (most recent call last):
        ValueError: level 3 is not trained; there are: []
        """
        if level not in self.levels:
            raise ValueError(f"level {level} is not trained; there are: {sorted(self.levels)}")
        found = self.levels[level]
        if level == 0:
            return found.mask
        if arm not in found.arms:
            raise ValueError(f"level {level} has no arm {arm!r}; there are: {', '.join(found.arms)}")
        n = len(self.settings.seeds)
        i = found.arms.index(arm) * n
        return {name: m[i : i + n] for name, m in found.mask.items()}

    def _prune(self, trained: Params, mask: Mask) -> Mask:
        """The next masks: of every replicate's own weights, those with the largest trained magnitude."""
        s = self.settings
        own = {name: s.keep_kernels for name, m in mask.items() if m.ndim > 3 and s.keep_kernels}  # (R, out, in, ...)
        return masks.stack(
            [
                select(
                    magnitude(masks.unstack(trained, i)),
                    s.keep,
                    scope=s.scope,
                    within=masks.unstack(mask, i),
                    own_density=own | {self.output: s.keep_output},
                )
                for i in range(len(s.seeds))
            ]
        )

    def _with_controls(
        self, level: int, start: Params, mask: Mask, rewound: Params
    ) -> tuple[tuple[str, ...], Params, Mask]:
        """Arms, starts and masks of one level: the tickets as given, then their controls."""
        seeds, starts, kept = self.settings.seeds, [start], [mask]
        if REINIT in self.settings.controls:
            fresh_seeds = [derive(seed, "reinit", level) for seed in seeds]
            fresh = self.create(self.make, fresh_seeds).params
            starts.append(masks.apply(mask, fresh))
            kept.append(mask)
        if RANDOM in self.settings.controls:
            streams = [generator(seed, "random mask", level) for seed in seeds]
            found = [self.random_mask(masks.unstack(mask, i), g) for i, g in enumerate(streams)]
            other = {name: m.to(self.data.device) for name, m in masks.stack(found).items()}
            starts.append(masks.apply(other, rewound))
            kept.append(other)
        arms = (WINNING, *(c for c in CONTROLS if c in self.settings.controls))
        return arms, _joined(starts), _joined(kept)

    def _level(self, level: int, arms: tuple[str, ...], start: Params, mask: Mask, tick: Progress, keep: Keep) -> Level:
        """The level with these starts and masks: from memory, from the folder, or trained now and then kept."""

        def made() -> dict[str, Any]:
            known = self.levels.get(level)
            if known is None or not known.began_from(start, mask):
                known = self.levels[level] = self._train(level, arms, start, mask, tick)  # also where a disk is full
            return vars(known)

        def about() -> dict[str, str]:
            return {"starts": fingerprint(start), "masks": fingerprint(mask)}

        self.levels[level] = Level(**keep(f"level_{level:02d}", about, made))
        tick(*self._progress(level, self.settings.steps))
        return self.levels[level]

    def _train(self, level: int, arms: tuple[str, ...], start: Params, mask: Mask, tick: Progress) -> Level:
        s, first, began = self.settings, self.settings.rewind_step if level else 0, time.perf_counter()
        index = list(range(len(s.seeds))) * len(arms)
        loop = training(
            self._initial.take(index).with_params(start, self._initial.take(index).buffers),
            self.data,
            s.steps,
            mask=mask,
            order=[derive(s.seeds[i], "order", level) for i in index],
            optimizer=s.optimizer,
            batch_size=s.batch_size,
            first_step=first,
        )
        measured: list[pd.DataFrame] = []
        step, rewound = first, None
        try:
            for now in loop:
                step = now.step
                if step == s.rewind_step and level == 0:
                    rewound = masks.clone(now.params)
                if step == s.steps or (s.val_every and step % s.val_every == 0):
                    last = step == s.steps
                    measured.append(measure(now.replicates, self.data, step, ["val", "test"] if last else ["val"]))
                tick(*self._progress(level, step))
        except Diverged:
            self._unfinished = self._rows(level, arms, mask, measured)
            raise
        except KeyboardInterrupt:
            self._unfinished = self._rows(level, arms, mask, measured)
            raise KeyboardInterrupt(
                f"stopped at level {level}, step {step} of {s.steps}; finished levels that are kept: {level}; the rows "
                "so far are in the study's `table`, and its `run()` goes on"
            ) from None
        rows = self._rows(level, arms, mask, measured)
        return Level(arms, start, mask, masks.clone(now.params), rows, rewound, time.perf_counter() - began)

    def _rows(
        self, level: int, arms: tuple[str, ...], mask: Mask, measured: list[pd.DataFrame]
    ) -> list[dict[str, Any]]:
        seeds = self.settings.seeds
        rows: list[dict[str, Any]] = []
        kept = [masks.density(masks.unstack(mask, i)) for i in range(len(arms) * len(seeds))]
        for row in (row for table in measured for row in table.to_dict("records")):
            arm, seed = divmod(row["replicate"], len(seeds))
            about = {"arm": arms[arm], "replicate": seeds[seed], "level": level, "density": kept[row["replicate"]]}
            rows.append({str(key): value for key, value in row.items()} | about)
        return rows

    def _progress(self, level: int, step: int) -> tuple[int, int, str]:
        s = self.settings
        one, each = len(s.seeds) * s.steps, len(s.seeds) * (1 + len(s.controls))
        before = 0 if level == 0 else one + (level - 1) * each * s.steps
        now = step * (each if level else len(s.seeds))
        return before + now, one + s.levels * each * s.steps, f"level {level} of {s.levels}"


def _joined(parts: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    return {name: torch.cat([p[name] for p in parts]) for name in parts[0]}
