"""Residual against plain: how deep a network may be and still train, by where its training starts; a stored run."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

from torch import nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Count
from lthedu.experiments import Experiment, Keep, Seeded, within
from lthedu.networks.models import MLP, ResidualMLP
from lthedu.training import Optimizer, Progress

GLOROT = "plain, Glorot start"
HE = "plain, He start"
RESIDUAL = "residual, branch divided by √L"
UNSCALED = "residual, branch not scaled"
Rate = Annotated[float, Above(0)]


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What the study does. Raises ValueError, naming value and range.

    >>> Settings(depths=(0,))
    Traceback (most recent call last):
    ValueError: Settings: depths[0] is 0; allowed: a whole number from 1 up
    """

    depths: Annotated[tuple[Count, ...], AtLeast(1)] = (4, 16, 32)  # hidden layers
    width: Count = 32
    steps: Count = 200
    batch_size: Count = 128
    images: Count = 6000  # training images used
    rates: Annotated[tuple[Rate, ...], AtLeast(1)] = (1e-3, 3e-3, 1e-2)


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
def arms(layers: Count) -> dict[str, Callable[[Sequence[int]], MLP]]:
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
    """Every start at every depth and rate, trained for the same steps. Arms of one depth see the same minibatches."""

    COLUMNS = ("arm", "layers", "lr", "replicate", "val", "accuracy")

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train every arm at every depth and rate."""
        s = self.settings
        few = self.data.first(s.images)
        inputs, outputs = few.x_train[0].numel(), int(few.y_train.max()) + 1
        runs = [(n, arm, make, lr) for n in s.depths for arm, make in arms(n).items() for lr in s.rates]
        for i, (layers, arm, make, lr) in enumerate(runs):
            start = self.create(partial(make, [inputs, *[s.width] * layers, outputs]))
            told = within(tick, i, len(runs), f"{arm}, {layers} layers, at {lr:g}")
            done = self.train(start, data=few, optimizer=Optimizer(lr=lr), progress=told)
            by = done.history.set_index(["split", "replicate"])["accuracy"]
            about = {"arm": arm, "layers": layers, "lr": lr}
            self.note(about, val=by["val"].to_numpy(), accuracy=by["test"].to_numpy())
