"""Supermasks of convolutional networks at the papers' size: for a GPU. `lthedu paper supermasks` runs it."""

from contextlib import suppress
from dataclasses import dataclass, replace

import pandas as pd

from lthedu import masks
from lthedu.base.arguments import typed
from lthedu.data import Dataset
from lthedu.masks import Params
from lthedu.models import Conv
from lthedu.streams import generator
from lthedu.supermasks.methods import Bernoulli, EdgePopup
from lthedu.supermasks.weights import initial_scores, kaiming_normal, signed_constants
from lthedu.training import Optimizer, Progress, RateSchedule, Replicates, Trained, evaluate, pick, train

TRAINED = "trained"
POPUP = "edge-popup, signed constants"
POPUP_NORMAL = "edge-popup, Kaiming normal"
BERNOULLI = "Bernoulli, signed constants, rescaled"
ARMS = (POPUP, TRAINED, BERNOULLI, POPUP_NORMAL)  # in this order: what a short run finishes first
COLUMNS = ["arm", "network", "replicate", "density", "accuracy"]
COSINE = RateSchedule("cosine")


@typed
@dataclass(frozen=True)
class Settings:
    """What is run, the defaults at the papers' size: Ramanujan et al. (2020) train Conv-4 for 100 passes at 0.1."""

    seeds: tuple[int, ...] = (0, 1, 2)
    depths: tuple[int, ...] = (2, 4, 6)
    passes: int = 100
    batch_size: int = 128
    density: float = 0.5
    popup: Optimizer = Optimizer("sgd", 0.1, 0.9, 1e-4, COSINE)  # noqa: RUF009 (frozen)
    bernoulli: Optimizer = Optimizer("sgd", 100.0, 0.9, schedule=COSINE)  # noqa: RUF009 (frozen)
    trained: Optimizer = Optimizer("adam", 3e-4, schedule=COSINE)  # noqa: RUF009 (frozen)
    samples: int = 5  # drawn masks that a Bernoulli network is evaluated with


PAPER = Settings()
SHORT = replace(PAPER, passes=10)


@typed
def run(data: Dataset, settings: Settings = PAPER, progress: Progress | None = None) -> pd.DataFrame:
    """Test accuracy (a fraction) of every arm, network and seed; what an interrupt (by `progress`) left out is missing.

    `density` counts what is kept of all weights. Of Bernoulli masks `accuracy` is the mean over drawn masks.

    >>> import torch
    >>> x, y = torch.randn(8, 3, 32, 32), torch.arange(8) % 10
    >>> small = Settings(seeds=(0,), depths=(2,), passes=1, batch_size=8)
    >>> table = run(Dataset(x, y, x, y, x, y), small)
    >>> table.columns.tolist(), sorted(table["arm"]) == sorted(ARMS)
    (['arm', 'network', 'replicate', 'density', 'accuracy'], True)
    """
    rows: list[pd.DataFrame] = []
    with suppress(KeyboardInterrupt):
        for arm in ARMS:
            for depth in settings.depths:
                rows.append(_one(data, settings, arm, depth, progress))
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=COLUMNS)


def _one(data: Dataset, s: Settings, arm: str, depth: int, progress: Progress | None) -> pd.DataFrame:
    networks = Replicates.create(lambda: Conv(depth), s.seeds, device=data.device, dtype=data.x_train.dtype)
    steps = s.passes * (len(data.x_train) // s.batch_size)
    inner = pick("auto", networks.model, data.device)
    scores = initial_scores(networks.params, s.seeds)
    common = {"batch_size": s.batch_size, "progress": progress}
    if arm == TRAINED:
        done = _whole(train(networks, data, steps, optimizer=s.trained, **common))  # type: ignore[arg-type]
        return _rows(arm, depth, 1.0, evaluate(done, data)[1].tolist())
    if arm == BERNOULLI:
        chances = Bernoulli(signed_constants(networks.params), inner)
        start = {n: p.zero_() for n, p in scores.items()}  # every weight kept with probability 1/2
        done = _whole(
            train(networks.with_params(start), data, steps, optimizer=s.bernoulli, by=chances, **common)  # type: ignore[arg-type]
        )
        draws = [chances.sample(done.params, generator(0, "conv sample", i)) for i in range(s.samples)]
        found = [evaluate(networks.with_params(chances.in_force(m)), data)[1] for m in draws]
        return _rows(arm, depth, masks.density(draws[0]), (sum(found) / s.samples).tolist())  # type: ignore[union-attr]
    weights: Params = signed_constants(networks.params)
    if arm == POPUP_NORMAL:
        weights = kaiming_normal(networks.params, s.seeds)
    method = EdgePopup(weights, inner, s.density)
    done = _whole(train(networks.with_params(scores), data, steps, optimizer=s.popup, by=method, **common))  # type: ignore[arg-type]
    return _rows(arm, depth, s.density, evaluate(networks.with_params(method.effective(done.params)), data)[1].tolist())


def _whole(done: Trained) -> Replicates:
    if done.stopped:
        raise KeyboardInterrupt
    return done.replicates


def _rows(arm: str, depth: int, density: float, accuracy: list[float]) -> pd.DataFrame:
    rows = {"arm": arm, "network": f"Conv-{depth}", "replicate": range(len(accuracy)), "density": density}
    return pd.DataFrame(rows | {"accuracy": accuracy})[COLUMNS]
