"""Large sparse networks against small dense ones, at equal non-zeros and at equal bytes (Zhu and Gupta 2017)."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Self

import pandas as pd

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Count, Range
from lthedu.experiments import Client, Experiment, Found, Keep, Part, Seeded, Sizes, within
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.networks.models import MLP, lenet_300_100
from lthedu.pruning import cubic, select_each, select_globally
from lthedu.pruning.schedules import Choose
from lthedu.sparsity.sizes import bottleneck_width, matching_width
from lthedu.sparsity.storage import csr_bytes, dense_bytes, nonzeros
from lthedu.training import Optimizer, Progress, Replicates, Step, evaluate

DENSE = "large dense"
GRADUAL = "large sparse, gradual"
ONE_SHOT = "large sparse, one-shot"
SMALL = "small dense"
BOTTLENECK = "small dense, two hidden layers"
SAME_BYTES = "small dense, as many bytes"
LENET = 266_610  # weights and biases of LeNet-300-100
OUTPUT = "layers.2.weight"  # LeNet-300-100's last layer: 1,000 weights, never pruned here
BIASES = 410
COLUMNS = ["arm", "budget", "replicate", "nonzeros", "bytes", "lr", "val", "test"]


Numbers = Annotated[int, Range(1_000 + BIASES + 1, LENET)]  # weights and biases together


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What a comparison does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(nonzeros=(266_611,))
    Traceback (most recent call last):
    ValueError: Settings: nonzeros[0] is 266611; allowed: a whole number from 1411 to 266610
    """

    nonzeros: Annotated[tuple[Numbers, ...], AtLeast(1)] = (27_000, 9_000, 3_700)  # weights and biases that are left
    dense_steps: Count = 468  # before any pruning; 1.09 passes over 55,000 images
    steps: Count = 468  # after that, while pruning or fine-tuning
    updates: Count = 20  # of the mask, in gradual pruning
    pruned_by: Annotated[float, Above(0, high=1)] = 0.7  # of `steps`: when the schedule ends, before recovery
    batch_size: Count = 128
    optimizer: Optimizer = Optimizer()  # noqa: RUF009 (frozen)
    # small networks get the better one, by validation accuracy
    small_lrs: Annotated[tuple[Annotated[float, Above(0, below=math.inf)], ...], AtLeast(1)] = (1.2e-3, 4e-3)

    def density(self, total: int) -> float:
        """The density of LeNet-300-100's two hidden layers at which `total` numbers are left.

        >>> round(Settings().density(27_000), 4)
        0.0965
        """
        return (total - 1_000 - BIASES) / 265_200


LESSON = Settings()
# the paper's own networks (InceptionV3, MobileNet and language models) are not rebuilt at any size
SIZES = Sizes(
    tiny=replace(LESSON, seeds=(0, 1), dense_steps=6, steps=8, updates=2, batch_size=32),
    lesson=LESSON,
    paper=replace(  # seven sizes, 30 passes in all
        LESSON,
        seeds_per_part=1,
        nonzeros=(80_000, 40_000, 27_000, 14_000, 9_000, 5_500, 3_700),
        dense_steps=4_290,
        steps=8_580,
    ),
)
PAPER = SIZES.paper
scaled_settings = SIZES.now


@typed
@dataclass
class Comparison(Experiment[Settings]):
    """One trained LeNet-300-100 for each seed, pruned in two ways, beside dense networks as small as that.

    All large sparse arms start from the same trained networks and go on for `settings.steps` steps, with the same
    minibatches; small dense networks get all steps of both phases. `choose`, `schedule` and `width` decide what
    is kept, when, and how wide a small network is: the defaults are the library's, a lesson hands in the learner's.
    """

    COLUMNS = COLUMNS
    functions = {"choose": select_globally, "schedule": cubic, "width": matching_width}

    settings: Settings = LESSON
    choose: Choose = select_globally
    schedule: Callable[[int, int, int, float], float] = cubic
    width: Callable[[int, int, int], int] = matching_width

    def __post_init__(self) -> None:
        self.dense: Replicates | None = None  # what pruning starts from, where it was given

    @property
    def order(self) -> list[int]:
        """The seeds."""
        return list(self.settings.seeds)

    def train_dense(self, progress: Progress | None = None) -> Replicates:
        """The dense networks that all pruning starts from, one for each seed, after `dense_steps` steps.

        Raises KeyboardInterrupt where the training was interrupted, here and in `run`.
        """
        start = Replicates.create(lenet_300_100, self.settings.seeds, device=self.data.device)
        return self._train(start, 0, self.settings.dense_steps, progress=progress).replicates

    @property
    def table(self) -> pd.DataFrame:
        """A row for each arm, budget and replicate: arm, budget, replicate, nonzeros, bytes, lr, val, test.

        `budget` is an entry of `settings.nonzeros`, or all 266,610 for the dense arm, which trains on unpruned;
        `replicate` is the seed; `val` and `test` are accuracies, as fractions, after the last step. Small dense
        networks are trained at each of `small_lrs`, and the rate with the better mean on the validation split
        is the one in the table; those with two hidden layers at the first rate alone.
        """
        return best_rates(super().table)

    @property
    def finished(self) -> pd.DataFrame:
        """The table of the finished parts alone."""
        return best_rates(super().finished)

    @typed
    def run(  # type: ignore[override]  # what pruning starts from comes first
        self,
        dense: Replicates | None = None,
        progress: Progress | None = None,
        *,
        folder: Path | str | None = None,
        client: Client | None = None,
    ) -> pd.DataFrame:
        """Train every arm and return the table. Without `dense`, the dense networks are trained first.

        `folder` and `client` are those of `lthedu.experiments.Experiment.run`. Raises ValueError for one of them
        together with `dense`: networks at hand are not what a part can be told by.
        """
        if dense is not None and (folder is not None or client is not None):
            raise ValueError("dense is given, and a folder or a client cannot tell it from others: leave dense out")
        if dense is not None:
            self.done.clear()
        self.dense = dense
        return super().run(progress, folder=folder, client=client)

    def alone(self, part: Part) -> Self:
        """The comparison on the seeds of one part, which starts from their dense networks where some were given."""
        one, (first, n) = super().alone(part), part
        if one is not self and self.dense is not None:
            one.dense = self.dense.take(range(first, first + n))
        return one

    def found(self, seconds: float) -> Found:
        """Every rate's rows: which is best is known when all seeds are there."""
        return {"rows": super().table, "seconds": seconds}

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train every arm."""
        s, dense = self.settings, self.dense or self.train_dense()
        jobs: list[tuple[str, Callable[[Progress | None], None]]] = [(DENSE, partial(self._large, DENSE, LENET, dense))]
        for total in s.nonzeros:
            for arm in (GRADUAL, ONE_SHOT):
                jobs.append((arm, partial(self._large, arm, total, dense)))
            as_many_bytes = csr_bytes(*self._one_pruned(dense, total)) // 4
            one = self.width(total, 784, 10)
            two = bottleneck_width(total, 784, 10)
            wide = self.width(as_many_bytes, 784, 10)
            for arm, sizes, lrs in (
                (SMALL, [784, one, 10], s.small_lrs),
                (BOTTLENECK, [784, two, max(two // 3, 4), 10], s.small_lrs[:1]),
                (SAME_BYTES, [784, wide, 10], s.small_lrs),
            ):
                jobs.append((arm, partial(self._small, arm, total, sizes, lrs)))
        for i, (text, job) in enumerate(jobs):
            job(within(tick, i, len(jobs), text))

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
        return {step: self.schedule(step, begin, end, s.density(total)) for step in at}

    def prune(self, params: Params, mask: Mask, density: float) -> Mask:
        """The masks of the hidden layers' largest weights, at that density; the output layer keeps its own."""
        return select_each(params, mask, density, self.choose, [OUTPUT])

    def _one_pruned(self, dense: Replicates, total: int) -> tuple[Params, Mask]:
        """The first replicate and its mask at that budget."""
        mask = self.prune(dense.params, dense.full_mask(), self.settings.density(total))
        return masks.unstack(dense.params, 0), masks.unstack(mask, 0)

    def _large(self, arm: str, total: int, dense: Replicates, progress: Progress | None) -> None:
        s = self.settings
        first, last = s.dense_steps, s.dense_steps + s.steps
        cuts = self.cuts(total) if arm == GRADUAL else {}
        mask = self.prune(dense.params, dense.full_mask(), s.density(total)) if arm == ONE_SHOT else None
        now = self._train(dense, first, last, mask=mask, cuts=cuts, progress=progress)
        ends = [(masks.unstack(now.params, i), masks.unstack(now.mask, i)) for i in range(len(dense))]
        stored = [(nonzeros(*end), csr_bytes(*end)) for end in ends]  # a dense one's matrices are smaller dense
        self._note(arm, total, now.replicates, stored, s.optimizer.lr)

    def _small(self, arm: str, total: int, sizes: list[int], lrs: Sequence[float], progress: Progress | None) -> None:
        s = self.settings
        for i, lr in enumerate(lrs):
            start = Replicates.create(partial(MLP, sizes), s.seeds, device=self.data.device)
            part = within(progress, i, len(lrs), arm)
            trained = self._train(start, 0, s.dense_steps + s.steps, lr=lr, progress=part).replicates
            one = masks.unstack(trained.params, 0)
            self._note(arm, total, trained, [(nonzeros(one, {}), dense_bytes(one))] * len(trained), lr)

    def _train(
        self,
        start: Replicates,
        first: int,
        last: int,
        *,
        mask: Mask | None = None,
        cuts: Mapping[int, float] | None = None,
        lr: float | None = None,
        progress: Progress | None = None,
    ) -> Step:
        """The last step of a training that is pruned at the `cuts`."""
        optimizer = self.settings.optimizer if lr is None else replace(self.settings.optimizer, lr=lr)
        cuts = cuts or {}
        for now in self.training(start, steps=last, first_step=first, mask=mask, optimizer=optimizer):
            if now.step in cuts:
                now.mask = self.prune(now.params, now.mask, cuts[now.step])
            if progress is not None:
                progress(now.step, last, "training")
        return now

    def _note(self, arm: str, total: int, nets: Replicates, stored: list[tuple[int, int]], lr: float) -> None:
        val, test = (evaluate(nets, self.data, split)[1].tolist() for split in ("val", "test"))
        rows = {"arm": arm, "budget": total, "replicate": self.settings.seeds, "lr": lr, "val": val, "test": test}
        counts, sizes = zip(*stored, strict=True)
        self.rows.append(pd.DataFrame(rows | {"nonzeros": counts, "bytes": sizes})[COLUMNS])


@typed
def best_rates(table: pd.DataFrame) -> pd.DataFrame:
    """Of every arm and budget the rows of the learning rate with the best mean accuracy on the validation split.

    >>> rows = {"arm": SMALL, "budget": 9, "lr": [0.1, 0.2, 0.1, 0.2], "val": [0.5, 0.7, 0.9, 0.8]}
    >>> best_rates(pd.DataFrame(rows))["lr"].tolist()
    [0.2, 0.2]
    """
    means = table.groupby(["arm", "budget", "lr"], sort=False)["val"].sum().reset_index()
    best = means.loc[means.groupby(["arm", "budget"], sort=False)["val"].idxmax()] if len(means) else means
    return table.merge(best[["arm", "budget", "lr"]], how="inner")
