"""Residual against plain: how deep a network may be and still train, by where its training starts."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
from torch import nn

from lthedu.base.arguments import typed
from lthedu.data import Dataset
from lthedu.models import MLP, ResidualMLP
from lthedu.resources import at_paper_scale
from lthedu.training import Progress, Replicates, train

GLOROT = "plain, Glorot start"
HE = "plain, He start"
RESIDUAL = "residual, start scaled by 1/√L"
UNSCALED = "residual, start not scaled"


@typed
@dataclass(frozen=True)
class Settings:
    """What the study does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(depths=(0,))
    Traceback (most recent call last):
    ValueError: depths are (0,), width 32 and steps 150; allowed: 1 or more, each
    """

    depths: tuple[int, ...] = (4, 8, 16, 32)  # hidden layers
    width: int = 32
    steps: int = 150
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)  # one replicate each
    images: int | None = 6000  # training images used, None for all

    def __post_init__(self) -> None:
        if not self.seeds:
            raise ValueError("seeds is empty; give one or more")
        if min(self.depths, default=0) < 1 or self.width < 1 or self.steps < 1:
            raise ValueError(
                f"depths are {self.depths}, width {self.width} and steps {self.steps}; allowed: 1 or more, each"
            )


LESSON = Settings()
LARGE = Settings(depths=(4, 8, 16, 32, 64, 128), width=128, steps=5000, images=None)


def scaled_settings() -> Settings:
    """The settings named by LTHEDU_SCALE: "lesson" (the default), or "paper", a size for a GPU. No paper has either.

    >>> scaled_settings().depths
    (4, 8, 16, 32)
    """
    return LARGE if at_paper_scale() else LESSON


@typed
def he_start(sizes: Sequence[int]) -> MLP:
    """A plain MLP with normal weights of variance 2 / fan_in (He et al. 2015, arXiv:1502.01852) and biases at zero.

    >>> he_start([784, 32, 10]).layers[0].weight.shape
    torch.Size([32, 784])
    """
    network = MLP(sizes)
    for layer in network.layers:
        nn.init.normal_(layer.weight, 0, math.sqrt(2 / layer.weight.shape[1]))  # type: ignore[arg-type, index]
    return network


@typed
def arms(layers: int) -> dict[str, Callable[[Sequence[int]], MLP]]:
    """The networks compared at so many hidden layers, each made from its widths.

    The residual ones are made plain, by adding the identity to their weights: they train to the same weights so, up to
    rounding, and in a third of the time.

    >>> list(arms(4)) == [GLOROT, HE, RESIDUAL, UNSCALED]
    True
    """
    return {
        GLOROT: MLP,
        HE: he_start,
        RESIDUAL: lambda sizes: ResidualMLP(sizes, branch=1 / math.sqrt(layers)).plain(),
        UNSCALED: lambda sizes: ResidualMLP(sizes).plain(),
    }


@typed
def accuracy_by_depth(data: Dataset, settings: Settings = LESSON, progress: Progress | None = None) -> pd.DataFrame:
    """Train every arm at every depth on `data`; one row a network: arm, layers, replicate, accuracy on the test split.

    Arms of one depth see the same minibatches. `progress(done, all, text)` is called after each step.

    >>> from lthedu import data
    >>> small = data.load("mnist", device="cpu").first(500, 100, 100)
    >>> table = accuracy_by_depth(small, Settings(depths=(2,), steps=2, seeds=(0,)))
    >>> table[["layers", "replicate"]].values.tolist()
    [[2, 0], [2, 0], [2, 0], [2, 0]]
    """
    if settings.images is not None:
        data = data.first(settings.images)
    inputs, outputs = data.x_train[0].numel(), int(data.y_train.max()) + 1
    runs = [(layers, arm, make) for layers in settings.depths for arm, make in arms(layers).items()]
    tables = []
    for i, (layers, arm, make) in enumerate(runs):
        sizes = [inputs, *[settings.width] * layers, outputs]
        start = Replicates.create(lambda make=make, sizes=sizes: make(sizes), settings.seeds, device=data.device)  # type: ignore[misc]
        trained = train(
            start, data, settings.steps, progress=_within(progress, i, len(runs), f"{arm}, {layers} layers")
        )
        rows = trained.history.query("split == 'test'")[["replicate", "accuracy"]]
        tables.append(rows.assign(arm=arm, layers=layers)[["arm", "layers", "replicate", "accuracy"]])
        if trained.stopped:
            raise KeyboardInterrupt
    return pd.concat(tables, ignore_index=True)


def _within(progress: Progress | None, run: int, runs: int, text: str) -> Progress | None:
    if progress is None:
        return None
    return lambda done, steps, _: progress(run * steps + done, runs * steps, text)
