"""Supermasks of convolutional networks at the papers' size: for a GPU. `lthedu paper supermasks` runs it."""

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated

import pandas as pd

from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Count
from lthedu.base.streams import generator
from lthedu.data import Dataset
from lthedu.experiments import Density, Experiment, Found, Keep, Part, Seeded, Seeds, Sizes
from lthedu.networks import masks
from lthedu.networks.masks import Params
from lthedu.networks.models import Conv
from lthedu.supermasks.methods import Bernoulli, EdgePopup
from lthedu.supermasks.weights import initial_scores, kaiming_normal, signed_constants
from lthedu.training import Optimizer, Progress, RateSchedule, evaluate, pick

TRAINED = "trained"
POPUP = "edge-popup, signed constants"
POPUP_NORMAL = "edge-popup, Kaiming normal"
BERNOULLI = "Bernoulli, signed constants, rescaled"
ARMS = (POPUP, TRAINED, BERNOULLI, POPUP_NORMAL)  # in this order: what a short run finishes first
COLUMNS = ["arm", "network", "replicate", "density", "accuracy"]
COSINE = RateSchedule("cosine")


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What is run, the defaults at the papers' size: Ramanujan et al. (2020) train Conv-4 for 100 passes at 0.1."""

    seeds: Seeds = (0, 1, 2)
    depths: Annotated[tuple[Count, ...], AtLeast(1)] = (2, 4, 6)
    passes: Count = 100
    batch_size: Count = 128
    density: Density = 0.5
    popup: Optimizer = Optimizer("sgd", 0.1, 0.9, 1e-4, COSINE)  # noqa: RUF009 (frozen)
    bernoulli: Optimizer = Optimizer("sgd", 100.0, 0.9, schedule=COSINE)  # noqa: RUF009 (frozen)
    trained: Optimizer = Optimizer("adam", 3e-4, schedule=COSINE)  # noqa: RUF009 (frozen)
    samples: Count = 5  # drawn masks that a Bernoulli network is evaluated with


SIZES = Sizes(
    tiny=Settings(seeds=(0, 1), depths=(2,), passes=1, batch_size=8, samples=2),
    lesson=Settings(passes=10),  # no lesson runs it: minutes on a GPU
    paper=Settings(seeds_per_part=1),
)
PAPER, SHORT = SIZES.paper, replace(SIZES.paper, passes=10)


@typed
@dataclass
class Convolutional(Experiment[Settings]):
    """Test accuracy (a fraction) of every arm, network and seed. A part is an arm, a network and a share of the seeds.

    `density` counts what is kept of all weights. Of Bernoulli masks `accuracy` is the mean over drawn masks.
    """

    COLUMNS = COLUMNS

    settings: Settings = PAPER

    def parts(self) -> list[Part]:
        """Arm, depth and seeds, in the order of what a short run should finish first."""
        shares = super().parts()
        return [(*seeds, arm, depth) for arm in ARMS for depth in self.settings.depths for seeds in shares]

    def compute(self, part: Part, tick: Progress, keep: Keep) -> Found:
        """Train one arm of one network, for some of the seeds."""
        *_, arm, depth = part
        one, began = self.alone(part), time.perf_counter()
        density, accuracy = one.measure(arm, depth, tick)
        rows = {"arm": arm, "network": f"Conv-{depth}", "density": density, "accuracy": accuracy}
        rows |= {"replicate": range(one.first, one.first + len(accuracy))}
        return {"rows": pd.DataFrame(rows)[COLUMNS], "seconds": time.perf_counter() - began}

    def measure(self, arm: str, depth: int, tick: Progress) -> tuple[float, list[float]]:
        """Train one arm of one network; its density and its accuracies."""
        s = self.settings
        networks = self.create(lambda: Conv(depth))
        inner = pick("auto", networks.model, self.data.device)
        scores = initial_scores(networks.params, s.seeds)
        common = {
            "steps": s.passes * (len(self.data.x_train) // s.batch_size),
            "order": range(self.first, self.first + len(networks)),
            "progress": tick,
        }
        if arm == TRAINED:
            done = self.train(networks, optimizer=s.trained, **common).replicates
            return 1.0, evaluate(done, self.data)[1].tolist()
        if arm == BERNOULLI:
            chances = Bernoulli(signed_constants(networks.params), inner)
            start = {n: p.zero_() for n, p in scores.items()}  # every weight kept with probability 1/2
            done = self.train(networks.with_params(start), optimizer=s.bernoulli, by=chances, **common).replicates
            streams = (generator(self.first, "conv sample", i) for i in range(s.samples))
            draws = [chances.sample(done.params, stream) for stream in streams]
            found = [evaluate(networks.with_params(chances.in_force(m)), self.data)[1] for m in draws]
            return masks.density(draws[0]), (sum(found) / s.samples).tolist()  # type: ignore[union-attr]
        weights: Params = signed_constants(networks.params)
        if arm == POPUP_NORMAL:
            weights = kaiming_normal(networks.params, s.seeds)
        method = EdgePopup(weights, inner, s.density)
        done = self.train(networks.with_params(scores), optimizer=s.popup, by=method, **common).replicates
        return s.density, evaluate(networks.with_params(method.effective(done.params)), self.data)[1].tolist()


@typed
def run(data: Dataset, settings: Settings = PAPER, progress: Progress | None = None) -> pd.DataFrame:
    """The table of `Convolutional`; what an interrupt (by `progress`) left out is missing.

    >>> import torch
    >>> x, y = torch.randn(8, 3, 32, 32), torch.arange(8) % 10
    >>> small = Settings(seeds=(0,), depths=(2,), passes=1, batch_size=8)
    >>> table = run(Dataset(x, y, x, y, x, y), small)
    >>> table.columns.tolist(), sorted(table["arm"]) == sorted(ARMS)
    (['arm', 'network', 'replicate', 'density', 'accuracy'], True)
    """
    experiment = Convolutional(data, settings)
    with suppress(KeyboardInterrupt):
        experiment.run(progress)
    return experiment.finished
