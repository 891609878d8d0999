"""Large sparse networks against small dense ones, at equal non-zeros and at equal bytes (Zhu and Gupta 2017)."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import pandas as pd

from lthedu import masks
from lthedu.base.arguments import typed
from lthedu.base.ranges import Count
from lthedu.data import Dataset
from lthedu.masks import Mask, Params
from lthedu.models import MLP, lenet_300_100
from lthedu.pruning import cubic, select_each, select_globally
from lthedu.pruning.schedules import Choose
from lthedu.resources import at_paper_scale
from lthedu.sparsity.storage import csr_bytes, dense_bytes, nonzeros
from lthedu.training import Optimizer, Progress, Replicates, Step, evaluate, training

Row = dict[str, str | int | float]

DENSE = "large dense"
GRADUAL = "large sparse, gradual"
ONE_SHOT = "large sparse, one-shot"
SMALL = "small dense"
BOTTLENECK = "small dense, two hidden layers"
SAME_BYTES = "small dense, as many bytes"
LENET = 266_610  # weights and biases of LeNet-300-100
OUTPUT = "layers.2.weight"  # LeNet-300-100's last layer: 1,000 weights, never pruned here
BIASES = 410


@typed
@dataclass(frozen=True)
class Settings:
    """What a comparison does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(nonzeros=(266_611,))
    Traceback (most recent call last):
    ValueError: nonzeros names 266611; allowed: 1411 to 266610, weights and biases together
    """

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)  # one replicate each
    nonzeros: tuple[int, ...] = (27_000, 9_000, 3_700)  # weights and biases that are left
    dense_steps: int = 468  # before any pruning; 1.09 passes over 55,000 images
    steps: int = 468  # after that, while pruning or fine-tuning
    updates: int = 20  # of the mask, in gradual pruning
    pruned_by: float = 0.7  # of `steps`: when the schedule ends, and the rest is left for recovery
    batch_size: int = 128
    optimizer: Optimizer = Optimizer()  # noqa: RUF009 (frozen)
    small_lrs: tuple[float, ...] = (1.2e-3, 4e-3)  # small networks get the better one, by validation accuracy

    def __post_init__(self) -> None:
        least, most = 1_000 + BIASES + 1, LENET
        for total in self.nonzeros:
            if not least <= total <= most:
                raise ValueError(f"nonzeros names {total}; allowed: {least} to {most}, weights and biases together")
        for name in ("dense_steps", "steps", "updates", "batch_size"):
            count = getattr(self, name)
            if not isinstance(count, int) or count < 1:
                raise ValueError(f"{name} is {count}; it must be a whole number, 1 or more")
        for lr in self.small_lrs:
            if not 0 < lr < math.inf:
                raise ValueError(f"small_lrs names {lr}; a learning rate is above 0 and finite")
        if len(set(self.seeds)) != len(self.seeds):
            raise ValueError(f"seeds are {self.seeds}; give each once")
        if not 0 < self.pruned_by <= 1:
            raise ValueError(f"pruned_by is {self.pruned_by}; allowed: above 0 to 1")
        for name in ("seeds", "nonzeros", "small_lrs"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty; give at least one")

    def density(self, total: int) -> float:
        """The density of LeNet-300-100's two hidden layers at which `total` numbers are left.

        >>> round(Settings().density(27_000), 4)
        0.0965
        """
        return (total - 1_000 - BIASES) / 265_200


LESSON = Settings()
PAPER = Settings(nonzeros=(80_000, 40_000, 27_000, 14_000, 9_000, 5_500, 3_700), dense_steps=4_290, steps=8_580)


def scaled_settings() -> Settings:
    """The settings named by LTHEDU_SCALE: "lesson" (the default), or "paper": seven sizes, 30 passes in all.

    The paper's own networks (InceptionV3, MobileNet and language models) are not rebuilt at either size.
    Raises ValueError for any other word.

    >>> scaled_settings().steps
    468
    """
    return PAPER if at_paper_scale() else LESSON


@typed
def matching_width(total: int, inputs: Count, outputs: Count) -> int:
    """The widest hidden layer of a dense inputs-h-outputs network of at most `total` weights and biases.

    Raises ValueError where not even h = 1 fits.

    >>> matching_width(27_000, 784, 10)
    33
    """
    width = (total - outputs) // (inputs + 1 + outputs)
    if width < 1:
        raise ValueError(f"total is {total}; even one hidden unit takes {inputs + 1 + 2 * outputs} numbers")
    return width


def bottleneck_width(total: int, inputs: int, outputs: int) -> int:
    """The same for inputs-h-(h // 3)-outputs, LeNet-300-100's proportions; the second layer has 4 units or more.

    Raises ValueError where not even h = 1 fits.

    >>> bottleneck_width(27_000, 784, 10)
    33
    """
    width = matching_width(total, inputs, outputs)
    while _size([inputs, width, max(width // 3, 4), outputs]) > total:
        width -= 1
    if width < 1:
        raise ValueError(f"total is {total}; even one hidden unit takes {_size([inputs, 1, 4, outputs])} numbers")
    return width


@typed
@dataclass(frozen=True)
class Comparison:
    """One trained LeNet-300-100 for each seed, pruned in two ways, beside dense networks as small as that.

    All large sparse arms start from the same trained networks and go on for `settings.steps` steps, with the same
    minibatches; small dense networks get all steps of both phases. `choose`, `schedule` and `width` decide what
    is kept, when, and how wide a small network is: the defaults are the library's, a lesson hands in the learner's.
    """

    data: Dataset
    settings: Settings = LESSON
    choose: Choose = select_globally
    schedule: Callable[[int, int, int, float], float] = cubic
    width: Callable[[int, int, int], int] = matching_width

    def train_dense(self, progress: Progress | None = None) -> Replicates:
        """The dense networks that all pruning starts from, one for each seed, after `dense_steps` steps.

        Raises KeyboardInterrupt where the training was interrupted, here and in `run`.
        """
        start = Replicates.create(lenet_300_100, self.settings.seeds, device=self.data.device)
        return self._train(start, 0, self.settings.dense_steps, progress=progress).replicates

    def run(self, dense: Replicates, progress: Progress | None = None) -> pd.DataFrame:
        """A row for each arm, budget and replicate: arm, budget, replicate, nonzeros, bytes, lr, val, test.

        `budget` is an entry of `settings.nonzeros`, or all 266,610 for the dense arm, which trains on unpruned;
        `replicate` is the seed; `val` and `test` are accuracies, as fractions, after the last step. Small dense
        networks are trained at each of `small_lrs`, and the rate with the better mean on the validation split
        is the one in the table; those with two hidden layers at the first rate alone.
        """
        s = self.settings
        jobs: list[tuple[str, Callable[[Progress | None], list[Row]]]] = [
            (DENSE, partial(self._large, DENSE, LENET, dense))
        ]
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
        rows: list[Row] = []
        for i, (text, job) in enumerate(jobs):
            rows += job(_share(progress, i, len(jobs), text))
        return pd.DataFrame(rows)

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

    def _large(self, arm: str, total: int, dense: Replicates, progress: Progress | None) -> list[Row]:
        s = self.settings
        first, last = s.dense_steps, s.dense_steps + s.steps
        cuts = self.cuts(total) if arm == GRADUAL else {}
        mask = self.prune(dense.params, dense.full_mask(), s.density(total)) if arm == ONE_SHOT else None
        now = self._train(dense, first, last, mask=mask, cuts=cuts, progress=progress)
        ends = [(masks.unstack(now.params, i), masks.unstack(now.mask, i)) for i in range(len(dense))]
        stored = [(nonzeros(*end), csr_bytes(*end)) for end in ends]  # a dense one's matrices are smaller dense
        return self._rows(arm, total, now.replicates, stored, s.optimizer.lr)

    def _small(
        self, arm: str, total: int, sizes: list[int], lrs: Sequence[float], progress: Progress | None
    ) -> list[Row]:
        s = self.settings
        tried = []
        for i, lr in enumerate(lrs):
            start = Replicates.create(partial(MLP, sizes), s.seeds, device=self.data.device)
            part = _share(progress, i, len(lrs), arm)
            trained = self._train(start, 0, s.dense_steps + s.steps, lr=lr, progress=part).replicates
            one = masks.unstack(trained.params, 0)
            stored = [(nonzeros(one, {}), dense_bytes(one))] * len(trained)
            tried.append(self._rows(arm, total, trained, stored, lr))
        return max(tried, key=lambda rows: sum(float(row["val"]) for row in rows))

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
        s, cuts = self.settings, cuts or {}
        optimizer = s.optimizer if lr is None else replace(s.optimizer, lr=lr)
        for now in training(
            start,
            self.data,
            last,
            first_step=first,
            mask=mask,
            order=s.seeds,
            optimizer=optimizer,
            batch_size=s.batch_size,
        ):
            if now.step in cuts:
                now.mask = self.prune(now.params, now.mask, cuts[now.step])
            if progress is not None:
                progress(now.step, last, "training")
        return now

    def _rows(self, arm: str, total: int, nets: Replicates, stored: list[tuple[int, int]], lr: float) -> list[Row]:
        val, test = (evaluate(nets, self.data, split)[1].tolist() for split in ("val", "test"))
        return [
            {
                "arm": arm,
                "budget": total,
                "replicate": seed,
                "nonzeros": count,
                "bytes": size,
                "lr": lr,
                "val": v,
                "test": t,
            }
            for seed, (count, size), v, t in zip(self.settings.seeds, stored, val, test, strict=True)
        ]


def _share(progress: Progress | None, i: int, n: int, text: str) -> Progress | None:
    """Part number `i` of `n` equal ones of a progress bar."""
    return None if progress is None else lambda done, in_all, _: progress(i * in_all + done, n * in_all, text)


def _size(sizes: Sequence[int]) -> int:
    return sum((a + 1) * b for a, b in pairwise(sizes))
