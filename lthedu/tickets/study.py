"""The study that strings levels and arms together, written level by level and resumed after the last."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from lthedu import masks, results
from lthedu.base.arguments import typed
from lthedu.data import Dataset
from lthedu.masks import Mask, Params
from lthedu.models import lenet_300_100
from lthedu.pruning import magnitude, random_mask, select
from lthedu.streams import derive, generator
from lthedu.tickets.imp import Prune, Train, find_tickets
from lthedu.tickets.levels import Level, Levels, inputs
from lthedu.tickets.settings import CONTROLS, DENSE, LESSON, RANDOM, REINIT, WINNING, Settings
from lthedu.tickets.tables import COLUMNS
from lthedu.training import Progress, Replicates, measure, training


@typed
class Study:
    """Levels and arms of iterative magnitude pruning on one dataset and architecture, over paired seeds.

    Level 0 trains the dense networks. Each later level trains, in one pass, the winning tickets and their
    controls: "random reinitialisation" has the ticket's mask and fresh weights, "random mask" has the ticket's
    weights and another mask with the same count in every layer. Everything else, the minibatch order
    included, a control shares with the ticket of its seed; with rewinding to a later step, fresh weights too are
    trained for the remaining steps only.

    With `folder`, each level is written there once it is finished, and a new study with the same settings goes
    on after the last one; one process at a time may train in it. `find_tickets` and `random_mask` may be replaced by
    functions of the same signature.
    Rewinding concerns weights: buffers (BatchNorm's statistics) start every level anew and are not kept.
    Raises ValueError when `folder` holds a study of other settings, data or layers (a `forward` of other code
    with the same layers is not noticed), or when a network with buffers is to be rewound to a later step.

    >>> from lthedu import data
    >>> mnist = data.load("mnist", device="cpu").first(1000, 500, 500)
    >>> study = Study(mnist, settings=Settings(seeds=(0,), levels=1, steps=10, val_every=None))
    >>> table = study.run()
    >>> table.query("split == 'test'")[["arm", "level"]].values.tolist()
    [['dense', 0], ['winning ticket', 1], ['random reinitialisation', 1], ['random mask', 1]]
    """

    def __init__(
        self,
        data: Dataset,
        make: Callable[[], nn.Module] = lenet_300_100,
        settings: Settings = LESSON,
        *,
        folder: Path | str | None = None,
        find_tickets: Callable[[Params, Mask, Train, Prune, int], list[Mask]] = find_tickets,
        random_mask: Callable[[Mask, torch.Generator], Mask] = random_mask,
    ) -> None:
        if settings.batch_size > len(data.x_train):  # before the folder is claimed
            raise ValueError(f"batch_size is {settings.batch_size}; allowed: 1 to the {len(data.x_train)} examples")
        self.data, self.make, self.settings = data, make, settings
        self.folder = None if folder is None else Path(folder)
        self._find_tickets, self._random_mask = find_tickets, random_mask
        self.levels: dict[int, Level] = {}
        self._unfinished: list[dict[str, Any]] = []  # rows of a level that was stopped
        self._initial = Replicates.create(make, settings.seeds, device=data.device, dtype=data.x_train.dtype)
        if self._initial.buffers and settings.rewind_step:
            raise ValueError(
                f"rewind_step is {settings.rewind_step}, but the network has buffers, which are not rewound "
                f"({', '.join(self._initial.buffers)}); allowed: 0"
            )
        self.output = list(self._initial.full_mask())[-1]  # the layer with its own rate
        self._stored = None if self.folder is None else Levels(self.folder, self._about())
        self._held, self._holding = ExitStack(), False  # the folder's lock, once this run has something to write

    @property
    def table(self) -> pd.DataFrame:
        """What was measured so far, one row an evaluation, as a tidy table.

        `replicate` is the seed, `density` the fraction of prunable weights kept, `accuracy` a fraction.
        """
        finished = [row for _, level in sorted(self.levels.items()) for row in level.rows]
        return pd.DataFrame(finished + self._unfinished, columns=COLUMNS)

    def run(self, progress: Progress | None = None) -> pd.DataFrame:
        """Train what is not trained yet, and return the table.

        `progress(done, all, text)` counts training steps of single networks. An interrupt keeps the finished
        levels and the rows measured so far (`table`); the next `run` goes on after the last finished level. Raises
        BlockingIOError while another process trains in the folder, DamagedFile for a damaged level there, and OSError
        when a level cannot be written: it is kept in memory, and the next `run` writes it.
        """
        self._unfinished = []
        with ExitStack() as self._held:
            self._holding = False
            return self._run(progress or (lambda done, in_all, text: None))

    def _run(self, tick: Progress) -> pd.DataFrame:
        dense = self._level(0, (DENSE,), self._initial.params, self._initial.full_mask(), tick)
        rewound = self.rewound

        def train_level(level: int, start: Params, mask: Mask) -> Params:
            if level == 0:
                if not all(torch.equal(start[name], rewound[name]) for name in rewound):
                    raise ValueError("level 0 must start from the initial weights, with nothing pruned")
                return masks.clone(dense.trained)
            arms, starts, kept = self._with_controls(level, start, mask, rewound)
            finished = self._level(level, arms, starts, kept, tick)
            return {name: t[: len(self.settings.seeds)].clone() for name, t in finished.trained.items()}

        # copies throughout: a loop under study that writes into what it got must not change the study
        self._find_tickets(
            masks.clone(rewound), masks.clone(dense.mask), train_level, self._prune, self.settings.levels
        )
        return self.table

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
            device, dtype = self.data.device, self.data.x_train.dtype
            fresh = Replicates.create(self.make, fresh_seeds, device=device, dtype=dtype).params
            starts.append(masks.apply(mask, fresh))
            kept.append(mask)
        if RANDOM in self.settings.controls:
            streams = [generator(seed, "random mask", level) for seed in seeds]
            found = [self._random_mask(masks.unstack(mask, i), g) for i, g in enumerate(streams)]
            other = {name: m.to(self.data.device) for name, m in masks.stack(found).items()}
            starts.append(masks.apply(other, rewound))
            kept.append(other)
        arms = (WINNING, *(c for c in CONTROLS if c in self.settings.controls))
        return arms, _joined(starts), _joined(kept)

    def _level(self, level: int, arms: tuple[str, ...], start: Params, mask: Mask, tick: Progress) -> Level:
        """The level with these starts and masks: from memory, from disk, or trained now and then written."""
        known, began = self.levels.get(level), inputs(start, mask)
        if known is None or known.inputs != began:
            known = self._read(level, began)
        if known is not None:
            tick(*self._progress(level, self.settings.steps))
        self.levels[level] = known = known or self._train(level, arms, start, mask, tick)
        if self._stored is not None:  # a level that a full disk refused is written by the next run
            self._stored.write(level, known, self.data.device)
        return known

    def _read(self, level: int, began: str) -> Level | None:
        """The level as stored; where there is none, the folder is this run's own from here to its end."""
        if self._stored is None:
            return None
        known = self._stored.read(level, began, self.data.device)
        if known is None and not self._holding:
            self._held.enter_context(self._stored.alone())
            self._holding = True
            known = self._stored.read(level, began, self.data.device)  # another process may just have finished it
        return known

    def _train(self, level: int, arms: tuple[str, ...], start: Params, mask: Mask, tick: Progress) -> Level:
        s, first = self.settings, self.settings.rewind_step if level else 0
        index = list(range(len(s.seeds))) * len(arms)
        loop = training(
            self._initial.take(index).with_params(start),
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
        except KeyboardInterrupt:
            self._unfinished = self._rows(level, arms, mask, measured)
            raise KeyboardInterrupt(
                f"stopped at level {level}, step {step} of {s.steps}; {level} finished levels are kept, "
                "the rows so far are in study.table, and study.run() goes on"
            ) from None
        return Level(arms, start, mask, masks.clone(now.params), self._rows(level, arms, mask, measured), rewound)

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

    def _about(self) -> dict[str, Any]:
        """What the study is, as JSON gives it back."""
        return json.loads(  # type: ignore[no-any-return]
            json.dumps(
                {
                    "settings": asdict(self.settings),
                    "parameters": {name: list(p.shape[1:]) for name, p in self._initial.params.items()},
                    "model": " ".join(str(self._initial.model).split()),
                    "data": results.digest(dict(vars(self.data))),
                }
            )
        )


def _joined(parts: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    return {name: torch.cat([p[name] for p in parts]) for name in parts[0]}
