"""SNIP, GraSP and SynFlow before training, beside fair random masks, and where layers run empty; a stored run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated

import pandas as pd
import torch
from torch import Tensor, nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Count
from lthedu.base.streams import derive, generator
from lthedu.experiments import Densities, Experiment, Keep, Seeded
from lthedu.networks import masks
from lthedu.networks.masks import Mask
from lthedu.networks.models import MLP
from lthedu.pruning import Scores, magnitude, random_mask, random_scores, select, select_globally
from lthedu.pruning.saliency import grasp, in_rounds, snip, synflow
from lthedu.training import Optimizer, Progress, RateSchedule, Replicates, evaluate

Rate = Annotated[float, Above(0)]
SNIP, GRASP, SYNFLOW, MAGNITUDE, UNIFORM = "SNIP", "GraSP", "SynFlow", "magnitude", "random, every layer alike"
ONE_ROUND = "SynFlow, one round"
METHODS = (SNIP, GRASP, SYNFLOW, MAGNITUDE, UNIFORM)
FOUND, VALUES, SHUFFLED, DEGREES = "as found", "new initial values", "shuffled within layers", "shuffled, same inputs"
ARMS = (FOUND, VALUES, SHUFFLED, DEGREES)
TEMPERATURE = 200.0  # of GraSP's logits, as in its authors' code


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What the study does. Raises ValueError, naming value and range.

    >>> Settings(density=2.0)
    Traceback (most recent call last):
    ValueError: Settings: density is 2.0; allowed: a number above 0 and below 1
    """

    sizes: Annotated[tuple[Count, ...], AtLeast(2)] = (784, 300, 100, 10)
    density: Annotated[float, Above(0, below=1)] = 0.02
    images: Count = 256  # that SNIP and GraSP look at
    rounds: Count = 50  # of SynFlow
    steps: Count = 430  # one pass over the training images
    batch_size: Count = 128
    rates: Annotated[tuple[Rate, ...], AtLeast(1)] = (1e-2, 3e-2, 1e-1)
    deep: Annotated[tuple[Count, ...], AtLeast(2)] = (784, *[100] * 6, 10)  # where layers go empty
    collapse: Densities = (0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001)


@typed
def kaiming(sizes: tuple[int, ...]) -> MLP:
    """An MLP with normal weights of variance 2 / fan_in, as the three papers start, and biases at zero.

    >>> kaiming((784, 32, 10)).layers[0].weight.shape
    torch.Size([32, 784])
    """
    network = MLP(sizes)
    for layer in network.layers:
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")  # type: ignore[arg-type]
    return network


@typed
@dataclass(eq=False)
class AtStart(Experiment[Settings]):
    """Masks from untrained networks: trained as found and beside three controls, and where a layer goes empty.

    Rows of the first kind have `lr`, `val` and `accuracy`. Rows of the second, whose arm is "collapse", have instead
    how many weights are left in the `fewest` layer, at each density.
    """

    COLUMNS = ("method", "arm", "density", "lr", "replicate", "val", "accuracy", "fewest", "inputs", "last")
    stream = "saliency order"

    def work(self, tick: Progress, keep: Keep) -> None:
        """Score, mask, train; then look for empty layers."""
        s = self.settings
        self.compare(METHODS, ARMS, tick)
        deep = self.create(partial(kaiming, s.deep))
        for method in (*METHODS, ONE_ROUND):
            for density in s.collapse:
                few = [
                    min(masks.counts(self.mask(method, deep.module(j), density, seed)).values())
                    for j, seed in enumerate(s.seeds)
                ]
                about = {"method": method, "arm": "collapse", "density": density, "lr": None}
                none = [None] * len(few)
                self.note(about, val=none, accuracy=none, fewest=few, inputs=none, last=none)

    def compare(self, methods: Sequence[str], arms: Sequence[str], tick: Progress | None = None) -> pd.DataFrame:
        """Train the masks of these methods, each in these arms; the table so far."""
        s = self.settings
        start = self.create(partial(kaiming, s.sizes))
        other = self.create(partial(kaiming, s.sizes), [derive(seed, "new values") for seed in s.seeds])
        for i, method in enumerate(methods):
            found = [self.mask(method, start.module(j), s.density, seed) for j, seed in enumerate(s.seeds)]
            for k, arm in enumerate(arms):
                mixed = [_control(arm, m, seed) for m, seed in zip(found, s.seeds, strict=True)]
                if tick:
                    tick(i * len(arms) + k, (len(methods) + 1) * len(arms), f"{method}, {arm}")
                self.measure(method, arm, other if arm == VALUES else start, mixed)
        return self.table

    def measure(self, method: str, arm: str, start: Replicates, found: list[Mask]) -> None:
        """Train one arm at each rate."""
        s, mask = self.settings, masks.stack(found)
        names = list(found[0])
        inputs = [int(m[names[0]].any(0).sum()) for m in found]
        counts = [list(masks.counts(m).values()) for m in found]
        for lr in s.rates:
            rule = Optimizer(lr=lr, schedule=RateSchedule("cosine"))
            done = self.train(start.with_params(masks.apply(mask, start.params)), mask=mask, optimizer=rule).replicates
            val, test = (evaluate(done, self.data, part)[1].tolist() for part in ("val", "test"))
            about = {"method": method, "arm": arm, "density": s.density, "lr": lr}
            few, last = [min(c) for c in counts], [c[-1] for c in counts]
            self.note(about, val=val, accuracy=test, fewest=few, inputs=inputs, last=last)

    def mask(self, method: str, network: nn.Module, density: float, seed: int) -> Mask:
        """The mask that a method gives an untrained network."""
        s, params = self.settings, dict(network.named_parameters())
        coin = generator(seed, "saliency", method)
        if method == UNIFORM:
            return select(random_scores(params, coin), density)
        if method == MAGNITUDE:
            return select_globally(magnitude(params), density)
        if method in (SYNFLOW, ONE_ROUND):
            inputs, rounds = self.data.x_train.shape[1:], 1 if method == ONE_ROUND else s.rounds
            return in_rounds(network, lambda net: synflow(net, list(inputs)), density, rounds)
        some = torch.randperm(len(self.data.x_train), generator=coin)[: s.images]
        x, y = self.data.x_train[some], self.data.y_train[some]
        score: Callable[[nn.Module, Tensor, Tensor], Scores] = snip
        if method == GRASP:
            score = partial(grasp, temperature=TEMPERATURE)
        return select_globally(score(network, x, y), density)


def _control(arm: str, mask: Mask, seed: int) -> Mask:
    coin = generator(seed, "saliency control", arm)
    if arm == SHUFFLED:
        return random_mask(mask, coin)
    return same_inputs(mask, coin) if arm == DEGREES else mask


@typed
def same_inputs(mask: Mask, coin: torch.Generator) -> Mask:
    """A random mask that keeps, at each input of each layer, exactly as many weights as `mask` does.

    >>> mask = {"w": torch.tensor([[True, True, False], [True, False, False]])}
    >>> same_inputs(mask, torch.Generator().manual_seed(0))["w"].sum(0).tolist()
    [2, 1, 0]
    """
    mixed = {}
    for name, m in mask.items():
        places = torch.rand(m.shape, generator=coin).argsort(0).to(m.device)  # each column's rows in a random order
        mixed[name] = m.gather(0, places)
    return mixed
