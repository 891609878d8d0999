"""Large networks, pruned, against small dense ones, at equal numbers and at equal bytes (Zhu and Gupta 2017)."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Self

import pandas as pd

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Columns, Count, Range
from lthedu.base.streams import generator
from lthedu.experiments import Client, Experiment, Found, Keep, Part, Seeded, Sizes, within
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.networks.models import MLP
from lthedu.pruning import cubic, random_scores, select_each, select_globally
from lthedu.pruning.schedules import Choose
from lthedu.sparsity.sizes import matching_width
from lthedu.sparsity.storage import csr_bytes, dense_bytes, nonzeros
from lthedu.training import Optimizer, Progress, Replicates, Step, evaluate

DENSE = "large, dense"
GRADUAL = "large, pruned gradually"
ONE_SHOT = "large, pruned at once"
RANDOM = "large, random mask"
SMALL = "small, as many numbers"
SAME_BYTES = "small, as many bytes"
CONTROLS = (DENSE, ONE_SHOT, RANDOM)

HIDDEN = (300, 100)  # units of the large network
OUTPUT = "layers.2.weight"  # its last layer: 1,000 weights, never pruned here
SPARED = 1_000 + 410  # the last layer's weights, and all biases
COLUMNS = ["arm", "pixels", "steps", "budget", "replicate", "nonzeros", "bytes", "lr", "val", "test"]

# The best of 1.2, 2.4, 5 and 10 thousandths by validation accuracy, in the stored run, on 14 x 14 pixels
OWN_RATES: Mapping[str, Mapping[int, float]] = {
    DENSE: {90_210: 2.4e-3},
    GRADUAL: {27_000: 5e-3, 9_000: 5e-3, 3_700: 1e-2},
    ONE_SHOT: {27_000: 2.4e-3, 9_000: 5e-3, 3_700: 1e-2},
    RANDOM: {27_000: 5e-3, 9_000: 1e-2, 3_700: 1e-2},
    SMALL: {27_000: 5e-3, 9_000: 5e-3, 3_700: 5e-3},
    SAME_BYTES: {27_000: 2.4e-3, 9_000: 1e-2, 3_700: 1e-2},
}

Rate = Annotated[float, Above(0, below=math.inf)]


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What a comparison does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(nonzeros=(1_410,))
    Traceback (most recent call last):
    ValueError: Settings: nonzeros[0] is 1410; allowed: a whole number from 1411 up
    """

    nonzeros: Annotated[tuple[Annotated[int, Range(SPARED + 1)], ...], AtLeast(1)] = (27_000, 9_000, 3_700)
    dense_steps: Count = 468  # before any pruning; 1.09 passes over 55,000 images
    steps: Count = 468  # after that, while pruning or fine-tuning
    updates: Count = 20  # of the mask, in gradual pruning
    pruned_by: Annotated[float, Above(0, high=1)] = 0.7  # of `steps`: when the schedule ends, before recovery
    batch_size: Count = 128
    optimizer: Optimizer = Optimizer()  # noqa: RUF009 (frozen); its learning rate is the arm's own
    lrs: tuple[Rate, ...] = ()  # each arm is trained at each of these; none: at its own rate alone
    controls: bool = True  # whether to train the arms that are there for comparison

    def rates(self, arm: str, total: int) -> tuple[float, ...]:
        """The learning rates at which an arm of `total` numbers is trained: `lrs`, or its own from the stored run.

        A size that was not searched gets the rate of the nearest one that was.

        >>> Settings().rates(SMALL, 25_000), Settings(lrs=(0.1, 0.2)).rates(SMALL, 25_000)
        ((0.005,), (0.1, 0.2))
        """
        own = OWN_RATES[arm]
        return self.lrs or (own[min(own, key=lambda size: abs(math.log(size / total)))],)


LESSON = Settings()
# the paper's own networks (InceptionV3, MobileNet and language models) are not rebuilt at any size
SIZES = Sizes(
    tiny=replace(LESSON, seeds=(0, 1), dense_steps=6, steps=8, updates=2, batch_size=32),
    lesson=LESSON,
    paper=replace(LESSON, dense_steps=4_680, steps=4_680, lrs=(1.2e-3, 2.4e-3)),  # ten times the steps
)
SEARCH = replace(LESSON, lrs=(1.2e-3, 2.4e-3, 5e-3, 1e-2))  # where OWN_RATES come from
scaled_settings = SIZES.now


@typed
@dataclass
class Comparison(Experiment[Settings]):
    """One trained inputs-300-100-10 network for each seed, pruned in several ways, beside small dense networks.

    All pruned arms of one learning rate start from the same trained networks and go on for `settings.steps` steps,
    with the same minibatches; small dense networks, and large ones with a random mask, get all steps of both phases.
    `choose`, `schedule` and `width` decide what is kept, when, and how wide a small network is: the defaults are the
    library's, a lesson hands in the learner's. Raises ValueError for more numbers than the large network has.

    >>> from lthedu import data
    >>> Comparison(data.pooled(data.load("mnist").first(200)), Settings(nonzeros=(90_211,)))
    Traceback (most recent call last):
    ValueError: nonzeros is (90211,); allowed: at most the 90210 numbers of a 196-300-100-10 network
    """

    COLUMNS = COLUMNS
    functions = {"choose": select_globally, "schedule": cubic, "width": matching_width}

    settings: Settings = LESSON
    choose: Choose = select_globally
    schedule: Callable[[int, int, int, float], float] = cubic
    width: Callable[[int, int, int], int] = matching_width

    def __post_init__(self) -> None:
        self.starts: dict[float, Replicates] = {}  # trained dense networks, by learning rate
        self.pixels = self.data.x_train.shape[1]
        self.sizes = [self.pixels, *HIDDEN, 10]
        self.hidden = self.pixels * 300 + 300 * 100  # weights that can be pruned
        self.whole = self.hidden + SPARED
        if max(self.settings.nonzeros) > self.whole:
            network = "-".join(map(str, self.sizes))
            allowed = f"at most the {self.whole} numbers of a {network} network"
            raise ValueError(f"nonzeros is {self.settings.nonzeros}; allowed: {allowed}")

    @property
    def order(self) -> list[int]:
        """The seeds."""
        return list(self.settings.seeds)

    @property
    def dense_rate(self) -> float:
        """The learning rate of the dense networks that `run` is given, that of the least pruned ones."""
        return self.settings.rates(GRADUAL, max(self.settings.nonzeros))[0]

    def train_dense(self, progress: Progress | None = None, lr: float | None = None) -> Replicates:
        """The dense networks that pruning starts from, one for each seed, after `dense_steps` steps.

        `lr` is by default `dense_rate`. Raises KeyboardInterrupt where the training was interrupted, here and in `run`.
        """
        s, lr = self.settings, lr or self.dense_rate
        last = s.dense_steps + s.steps  # a rate that falls does so over both phases
        return self._train(self.sizes, lr, last, until=s.dense_steps, progress=progress).replicates

    @typed
    def run(  # type: ignore[override]  # what pruning starts from comes first
        self,
        dense: Replicates | None = None,
        progress: Progress | None = None,
        *,
        folder: Path | str | None = None,
        client: Client | None = None,
    ) -> pd.DataFrame:
        """Train every arm and return the table. Without `dense`, which `train_dense` gives, it is trained first.

        The table has a row for each arm, budget, replicate and learning rate: `budget` is an entry of
        `settings.nonzeros`, or all numbers for the dense arm, which trains on unpruned; `replicate` is the seed; `val`
        and `test` are accuracies, as fractions, after the last step. `folder` and `client` are those of
        `lthedu.experiments.Experiment.run`. Raises ValueError for one of them together with `dense`: networks at hand
        are not what a part can be told by.
        """
        if dense is not None and (folder is not None or client is not None):
            raise ValueError("dense is given, and a folder or a client cannot tell it from others: leave dense out")
        if dense is not None:
            self.done.clear()
        self.starts = {} if dense is None else {self.dense_rate: dense}
        return super().run(progress, folder=folder, client=client)

    def alone(self, part: Part) -> Self:
        """The comparison on the seeds of one part, which starts from their dense networks where some were given."""
        one, (first, n) = super().alone(part), part
        if one is not self:
            one.starts = {lr: nets.take(range(first, first + n)) for lr, nets in self.starts.items()}
        return one

    def found(self, seconds: float) -> Found:
        """Networks that were trained on the way are not kept."""
        self.starts = {}
        return super().found(seconds)

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train every arm."""
        s, after = self.settings, (ONE_SHOT, RANDOM) if self.settings.controls else ()
        jobs = [(DENSE, self.whole)] if s.controls else []
        jobs += [(arm, total) for total in s.nonzeros for arm in (GRADUAL, *after, SMALL, SAME_BYTES)]
        runs = [(arm, total, lr) for arm, total in jobs for lr in s.rates(arm, total)]
        for i, (arm, total, lr) in enumerate(runs):
            train = self._small if arm in (SMALL, SAME_BYTES) else self._large
            train(arm, total, lr, within(tick, i, len(runs), arm))

    def density(self, total: int) -> float:
        """The density of the two hidden layers at which `total` numbers are left, biases and output layer included.

        >>> from lthedu import data
        >>> round(Comparison(data.pooled(data.load("mnist").first(200))).density(3_700), 4)
        0.0258
        """
        return (total - SPARED) / self.hidden

    def cuts(self, total: int) -> dict[int, float]:
        """Gradual pruning to `total` numbers each: the density of the hidden layers from each step on that prunes.

        >>> from lthedu import data
        >>> comparison = Comparison(data.load("mnist").first(200), Settings(dense_steps=100, steps=100, updates=2))
        >>> {step: round(density, 3) for step, density in comparison.cuts(27_000).items()}
        {135: 0.209, 170: 0.096}
        """
        s = self.settings
        begin, end = s.dense_steps, s.dense_steps + max(1, round(s.pruned_by * s.steps))
        at = sorted({begin + round((end - begin) * k / s.updates) for k in range(1, s.updates + 1)})
        return {step: self.schedule(step, begin, end, self.density(total)) for step in at}

    def prune(self, params: Params, mask: Mask, density: float) -> Mask:
        """The masks of the hidden layers' largest weights, at that density; the output layer keeps its own."""
        return select_each(params, mask, density, self.choose, [OUTPUT])

    def _large(self, arm: str, total: int, lr: float, progress: Progress | None) -> None:
        s = self.settings
        begin, last = s.dense_steps, s.dense_steps + s.steps
        if arm == RANDOM:  # never dense: the mask is there before the first step
            now = self._train(self.sizes, lr, last, mask=self._random_mask(total), progress=progress)
        else:
            if lr not in self.starts:
                self.starts[lr] = self.train_dense(lr=lr)
            dense = self.starts[lr]
            cuts = self.cuts(total) if arm == GRADUAL else {}
            mask = self.prune(dense.params, dense.full_mask(), self.density(total)) if arm == ONE_SHOT else None
            now = self._train(dense, lr, last, first=begin, mask=mask, cuts=cuts, progress=progress)
        ends = [(masks.unstack(now.params, i), masks.unstack(now.mask, i)) for i in range(len(now.replicates))]
        stored = [(nonzeros(*end), csr_bytes(*end)) for end in ends]  # a dense one's matrices are smaller dense
        self._note(arm, total, now.replicates, stored, lr)

    def _small(self, arm: str, total: int, lr: float, progress: Progress | None) -> None:
        numbers = total if arm == SMALL else self._bytes(total) // 4
        sizes = [self.pixels, self.width(numbers, self.pixels, 10), 10]
        now = self._train(sizes, lr, self.settings.dense_steps + self.settings.steps, progress=progress)
        one = masks.unstack(now.params, 0)
        self._note(arm, total, now.replicates, [(nonzeros(one, {}), dense_bytes(one))] * len(now.replicates), lr)

    def _bytes(self, total: int) -> int:
        """The bytes of the largest of the gradually pruned networks of that budget."""
        rows = pd.concat(self.rows)
        return int(rows[(rows["arm"] == GRADUAL) & (rows["budget"] == total)]["bytes"].max())

    def _random_mask(self, total: int) -> Mask:
        """For each seed a random mask of the hidden layers that leaves `total` numbers."""
        nets, found = self.create(partial(MLP, self.sizes)), []
        for i, seed in enumerate(self.settings.seeds):
            full = masks.unstack(nets.full_mask(), i)
            scores = random_scores(masks.unstack(nets.params, i), generator(seed, "random mask"))
            chosen = self.choose({n: s for n, s in scores.items() if n != OUTPUT}, self.density(total))
            found.append(full | chosen)
        return masks.stack(found)

    def _train(
        self,
        start: Replicates | list[int],
        lr: float,
        last: int,
        *,
        first: int = 0,
        until: int | None = None,
        mask: Mask | None = None,
        cuts: Mapping[int, float] | None = None,
        progress: Progress | None = None,
    ) -> Step:
        """A training's last step, or step `until`; of fresh networks where `start` is their sizes, pruned at `cuts`."""
        if not isinstance(start, Replicates):
            start = Replicates.create(partial(MLP, start), self.settings.seeds, device=self.data.device)
        optimizer, cuts = replace(self.settings.optimizer, lr=lr), cuts or {}
        for now in self.training(start, steps=last, first_step=first, mask=mask, optimizer=optimizer):
            if now.step in cuts:
                now.mask = self.prune(now.params, now.mask, cuts[now.step])
            if progress is not None:
                progress(now.step, until or last, "training")
            if now.step == until:
                break
        return now

    def _note(self, arm: str, total: int, nets: Replicates, stored: list[tuple[int, int]], lr: float) -> None:
        s = self.settings
        val, test = (evaluate(nets, self.data, split)[1].tolist() for split in ("val", "test"))
        about = {"arm": arm, "pixels": self.pixels, "steps": s.dense_steps + s.steps, "budget": total, "lr": lr}
        counts, sizes = zip(*stored, strict=True)
        measured = {"replicate": s.seeds, "nonzeros": counts, "bytes": sizes, "val": val, "test": test}
        self.rows.append(pd.DataFrame(about | measured)[COLUMNS])


BY = ["arm", "pixels", "steps", "budget"]


@typed
def best_rates(table: Annotated[pd.DataFrame, Columns("arm pixels steps budget lr val")]) -> pd.DataFrame:
    """Of every arm, size of image, number of steps and budget the rows of the learning rate with the best mean
    accuracy on the validation split.

    >>> rows = {"arm": SMALL, "pixels": 196, "steps": 9, "budget": 9, "lr": [0.1, 0.2, 0.1, 0.2]}
    >>> best_rates(pd.DataFrame(rows | {"val": [0.5, 0.7, 0.9, 0.8]}))["lr"].tolist()
    [0.2, 0.2]
    """
    means = table.groupby([*BY, "lr"], sort=False)["val"].sum().reset_index()
    best = means.loc[means.groupby(BY, sort=False)["val"].idxmax()] if len(means) else means
    return table.merge(best[[*BY, "lr"]], how="inner")
