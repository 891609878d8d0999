"""Residual against plain: how deep a network may be and still train, by where its training starts."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import pandas as pd
from torch import nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Count
from lthedu.data import Dataset
from lthedu.experiments import Client, Experiment, Keep, Seeded, Sizes, within
from lthedu.networks.models import MLP, ResidualMLP
from lthedu.training import Progress, Replicates

GLOROT = "plain, Glorot start"
HE = "plain, He start"
RESIDUAL = "residual, start scaled by 1/√L"
UNSCALED = "residual, start not scaled"


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What the study does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(depths=(0,))
    Traceback (most recent call last):
    ValueError: Settings: depths[0] is 0; allowed: a whole number from 1 up
    """

    depths: Annotated[tuple[Count, ...], AtLeast(1)] = (4, 8, 16, 32)  # hidden layers
    width: Count = 32
    steps: Count = 150
    batch_size: Count = 128
    images: Count | None = 6000  # training images used, None for all


LESSON = Settings()
SIZES = Sizes(
    tiny=replace(LESSON, depths=(1, 2), width=4, steps=4, seeds=(0, 1)),
    lesson=LESSON,
    paper=replace(  # a size for a GPU: no paper has it
        LESSON, depths=(4, 8, 16, 32, 64, 128), width=128, steps=5000, images=None, seeds_per_part=1
    ),
)
scaled_settings = SIZES.now


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
@dataclass(eq=False)
class ByDepth(Experiment[Settings]):
    """Every arm at every depth, trained for the same steps. Arms of one depth see the same minibatches."""

    COLUMNS = ("arm", "layers", "replicate", "accuracy")

    @property
    def order(self) -> list[int]:
        """The number of each replicate, whatever its seed."""
        return list(range(self.first, self.first + len(self.settings.seeds)))

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train every arm at every depth."""
        s = self.settings
        few = self.data if s.images is None else self.data.first(s.images)
        inputs, outputs = few.x_train[0].numel(), int(few.y_train.max()) + 1
        runs = [(layers, arm, make) for layers in s.depths for arm, make in arms(layers).items()]
        for i, (layers, arm, make) in enumerate(runs):
            start = Replicates.create(
                partial(make, [inputs, *[s.width] * layers, outputs]), s.seeds, device=self.data.device
            )
            text = f"{arm}, {layers} layers"
            trained = self.train(start, data=few, progress=within(tick, i, len(runs), text))
            test = trained.history.query("split == 'test'").sort_values("replicate")
            self.note({"arm": arm, "layers": layers}, accuracy=test["accuracy"].to_numpy())


@typed
def accuracy_by_depth(
    data: Dataset,
    settings: Settings = LESSON,
    progress: Progress | None = None,
    *,
    folder: Path | str | None = None,
    client: Client | None = None,
) -> pd.DataFrame:
    """Train every arm at every depth on `data`; one row a network: arm, layers, replicate, accuracy on the test split.

    Arms of one depth see the same minibatches. `progress(done, all, text)` is called after each step. `folder` and
    `client` are those of `lthedu.experiments.Experiment.run`.

    >>> from lthedu import data
    >>> small = data.load("mnist", device="cpu").first(500, 100, 100)
    >>> table = accuracy_by_depth(small, Settings(depths=(2,), steps=2, seeds=(0,)))
    >>> table[["layers", "replicate"]].values.tolist()
    [[2, 0], [2, 0], [2, 0], [2, 0]]
    """
    return ByDepth(data, settings).run(progress, folder=folder, client=client)
