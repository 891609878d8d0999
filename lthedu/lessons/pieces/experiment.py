"""How many pieces networks are made of, on slices of the space of images: trained, pruned, pruned at random, small."""

import math
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from torch import nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Columns, Count
from lthedu.base.streams import derive, generator, numpy_generator
from lthedu.data import Dataset
from lthedu.experiments import Densities, Experiment, Keep, Seeded, Sizes
from lthedu.landscape import SQUARE, Plane, formulas, plane_through, regions, split
from lthedu.landscape.regions import Split
from lthedu.networks import masks
from lthedu.networks.masks import Mask
from lthedu.networks.models import MLP
from lthedu.networks.reading import affine_layers
from lthedu.pruning import magnitude, random_mask, select
from lthedu.training import Optimizer, Progress, Replicates, evaluate

UNTRAINED, DENSE, PRUNED, RANDOM, SMALL = "untrained", "dense", "pruned", "pruned at random", "small dense"
Kind = Literal["through three digits", "through shuffled digits"]
DIGITS: Kind = "through three digits"
SHUFFLED: Kind = "through shuffled digits"
KINDS: tuple[Kind, ...] = (DIGITS, SHUFFLED)
COLUMNS = ["arm", "density", "weights", "lr", "steps", "replicate", "val", "accuracy"]
COLUMNS += ["slice", "pieces", "formulas", "bending"]
REACH = 1.5  # the slice goes so far beyond the middle of its three images, which stand at distance 1


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What the experiment does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(densities=(1.5,))
    Traceback (most recent call last):
    ValueError: Settings: densities[0] is 1.5; allowed: a number above 0 and below 1
    """

    sizes: Annotated[tuple[Count, ...], AtLeast(3)] = (196, 32, 32, 10)
    densities: Densities = (0.2, 0.1, 0.05)  # of the hidden layers
    output: Annotated[float, Above(0, high=1)] = 0.5  # density of the output layer
    steps: Count = 1000  # before pruning, and as many after it
    early: tuple[Count, ...] = (30, 100, 300)  # when the dense networks are looked at as well
    batch_size: Count = 128
    lr: Annotated[float, Above(0)] = 4e-3
    slices: Count = 2  # of each kind, for each network
    kinds: Annotated[tuple[Kind, ...], AtLeast(1)] = (DIGITS,)


LESSON = Settings()
SIZES = Sizes(
    tiny=replace(LESSON, seeds=(0, 1), sizes=(196, 6, 6, 10), densities=(0.5, 0.2), steps=6, early=(2,), slices=1),
    lesson=LESSON,
    paper=replace(LESSON, kinds=KINDS, slices=1),
)
scaled_settings = SIZES.now
LONG = replace(SIZES.paper, densities=(0.1,), early=(), steps=4000)
RATES = (1.2e-3, 4e-3, 1.2e-2)  # of the stored run


@typed
def at_own_rate(table: Annotated[pd.DataFrame, Columns("arm density lr steps val")]) -> pd.DataFrame:
    """Of every arm at every density and length the rows at the rate whose mean validation accuracy is highest.

    >>> row = {"arm": "pruned", "density": 0.1, "steps": 10}
    >>> at_own_rate(pd.DataFrame([row | {"lr": 0.1, "val": 0.8}, row | {"lr": 0.2, "val": 0.9}]))["lr"].tolist()
    [0.2]
    """
    by = ["arm", "density", "steps"]
    best = table.groupby([*by, "lr"])["val"].mean().groupby(by).idxmax()
    return table.set_index([*by, "lr"]).loc[list(best)].reset_index()


@typed
def slices(data: Dataset, kind: Kind, many: Count, seed: int) -> list[Plane]:
    """Planes through three test images each; "through shuffled digits" has each image's pixels in a random order.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.load("mnist", device="cpu").first(20, 10, 10))
    >>> [plane.axes.shape for plane in slices(mnist, DIGITS, 2, seed=0)]
    [(196, 2), (196, 2)]
    """
    coin = numpy_generator(seed, "slices")
    images = data.x_test.flatten(1).double().cpu().numpy()
    found = []
    for _ in range(many):
        three = images[coin.choice(len(images), 3, replace=False)]
        mixed = np.array([coin.permutation(image) for image in three])
        found.append(plane_through(*(three if kind == DIGITS else mixed)))
    return found


@typed
@dataclass(eq=False)
class Counting(Experiment[Settings]):
    """Networks pruned and trained on, beside others, and their pieces on slices: a row a network and kind of slice.

    `pieces` are told apart by which neurons are on, `formulas` by what the network computes; `bending` is the number of
    neurons that are on in some pieces and off in others. All three are means over the network's slices. `val` and
    `accuracy` (of the test split) are fractions. `split` cuts the polygons.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.load("mnist", device="cpu").first(200, 50, 50))
    >>> table = Counting(mnist, SIZES.tiny).run()
    >>> sorted(table["arm"].unique())
    ['dense', 'pruned', 'pruned at random', 'small dense', 'untrained']
    """

    COLUMNS = COLUMNS
    functions = {"split": split}
    stream = "pieces order"

    settings: Settings = LESSON
    split: Split = field(default=split)

    def __post_init__(self) -> None:
        self.start = self.create(lambda: MLP(self.settings.sizes))
        self.trained: Replicates | None = None  # before anything is pruned

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train, prune, train on, and count."""
        s = self.settings
        plan: list[tuple[str, float]] = [(arm, d) for d in s.densities for arm in (PRUNED, RANDOM, SMALL)]
        jobs = len(plan) + len(s.early) + 2
        self.count(UNTRAINED, 1.0, self.start, 0)
        for i, steps in enumerate(s.early):
            tick(i, jobs, f"dense networks, {steps} steps")
            self.count(DENSE, 1.0, self.fit(self.start, steps), steps)
        tick(len(s.early), jobs, "dense networks")
        trained = self.trained = self.fit(self.start, s.steps)
        self.count(DENSE, 1.0, self.on(trained), 2 * s.steps)
        for i, (arm, density) in enumerate(plan, len(s.early) + 1):
            tick(i, jobs, f"{arm}, {100 * density:g} % of the weights")
            if arm == SMALL:
                self.count(arm, density, self.on(self.fit(self.small(density), s.steps)), 2 * s.steps)
            else:
                mask = self.mask(density, at_random=arm == RANDOM)
                self.count(arm, density, self.on(self.cut(mask), mask), 2 * s.steps)
        tick(jobs, jobs, "done")

    def fit(self, start: Replicates, steps: int) -> Replicates:
        """The networks trained from `start` for so many steps."""
        return self.train(start, steps=steps, optimizer=Optimizer(lr=self.settings.lr)).replicates

    def on(self, networks: Replicates, mask: Mask | None = None) -> Replicates:
        """The networks trained on, for as many steps as before pruning and with minibatches in a new order."""
        order = [derive(seed, "pieces, another order") for seed in self.settings.seeds]
        named: dict[str, Any] = {"mask": mask, "order": order, "optimizer": Optimizer(lr=self.settings.lr)}
        return self.train(networks, **named).replicates

    def mask(self, density: float, *, at_random: bool = False, output: float | None = None) -> Mask:
        """The masks of the largest trained weights, (R, ...) by name, or random ones of the same layer counts.

        `output` is the share of the output layer that is kept, by default as the settings say.
        """
        assert self.trained is not None
        found = []
        for i, seed in enumerate(self.settings.seeds):
            scores = magnitude(masks.unstack(self.trained.params, i))
            last = {list(scores)[-1]: max(density, self.settings.output) if output is None else output}
            one = select(scores, density, own_density=last)
            found.append(random_mask(one, generator(seed, "pieces mask", round(density * 1e6))) if at_random else one)
        return masks.stack(found)

    def cut(self, mask: Mask) -> Replicates:
        """The trained networks with only these weights left, and not trained on."""
        assert self.trained is not None
        return self.trained.with_params(masks.apply(mask, self.trained.params))

    def small(self, density: float) -> Replicates:
        """Dense networks with about as many weights as the pruned ones, their hidden layers equally wide."""
        inputs, outputs = self.settings.sizes[0], self.settings.sizes[-1]
        weights, between = self.kept(density), len(self.settings.sizes) - 3
        width = round(_root(between, inputs + outputs, -weights))
        return self.create(lambda: MLP([inputs, *[max(width, 1)] * (between + 1), outputs]))

    def kept(self, density: float) -> int:
        """How many weights a pruned network keeps."""
        layers = [a * b for a, b in zip(self.settings.sizes, self.settings.sizes[1:], strict=False)]
        shares = [density] * (len(layers) - 1) + [max(density, self.settings.output)]
        return sum(round(share * n) for share, n in zip(shares, layers, strict=True))

    def planes(self, kind: Kind) -> list[list[Plane]]:
        """The slices of every network; those of one seed are the same in all arms."""
        return [slices(self.data, kind, self.settings.slices, seed) for seed in self.settings.seeds]

    def count(self, arm: str, density: float, networks: Replicates, steps: int) -> None:
        """Note the pieces of the networks on their slices."""
        val, test = (evaluate(networks, self.data, part)[1].tolist() for part in ("val", "test"))
        weights = sum(p[0].numel() for n, p in networks.params.items() if n.endswith("weight"))
        about = {"arm": arm, "density": density, "lr": self.settings.lr, "steps": steps}
        about["weights"] = self.kept(density) if arm in (PRUNED, RANDOM) else weights
        for kind in self.settings.kinds:
            found = [
                np.mean([numbers(networks.module(i), plane, self.split) for plane in planes], 0)
                for i, planes in enumerate(self.planes(kind))
            ]
            pieces, different, bending = np.array(found).T
            measured = {"pieces": pieces, "formulas": different, "bending": bending}
            self.note(about | {"slice": kind}, val=val, accuracy=test, **measured)


@typed
def numbers(network: nn.Module, plane: Plane, split: Split = split) -> tuple[int, int, int]:
    """How many pieces the network has on a slice, how many formulas, and how many neurons bend it there.

    A neuron bends the network on the slice where it is on in some pieces and off in others.
    """
    found = regions(network, REACH * SQUARE, plane=plane, split=split)
    x, bending = plane(np.array([region.centre for region in found])), 0
    for weight, bias in affine_layers(network)[:-1]:
        value = x @ weight.T + bias  # (pieces, neurons)
        bending += int(((value > 0).any(0) & (value <= 0).any(0)).sum())
        x = np.maximum(value, 0)
    return len(found), formulas(found), bending


def _root(a: float, b: float, c: float) -> float:
    """The positive root of a x^2 + b x + c, for c below 0."""
    return -c / b if a == 0 else (-b + math.sqrt(b * b - 4 * a * c)) / (2 * a)
