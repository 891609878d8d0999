"""Masks that are trained over weights that are not: by width, by depth, and on labels that mean nothing.

Every arm sees the same minibatches; one trains weights, the others scores. Each method has the weights of its own
paper: signed constants times a count for Bernoulli masks, Zhou et al. (2019), arXiv:1905.01067; for edge-popup the
scaled Kaiming constants of Ramanujan et al. (2020), arXiv:1911.13299, whose fully connected networks have no
normalisation either.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated

import pandas as pd
import torch

from lthedu.base.arguments import typed
from lthedu.base.fingerprint import fingerprint
from lthedu.base.ranges import AtLeast, Count, Rising, Whole
from lthedu.base.streams import derive, generator
from lthedu.data import Dataset
from lthedu.experiments import Density, Experiment, Keep, Seeded, Sizes, one_after_another, side_by_side
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.networks.models import MLP
from lthedu.supermasks.methods import Bernoulli, EdgePopup, rescaled_by_count
from lthedu.supermasks.weights import initial_scores, signed_constants
from lthedu.training import Method, Optimizer, Progress, RateSchedule, Replicates, evaluate, pick, train

TRAINED = "trained weights"
POPUP = "edge-popup"
WEAK = "edge-popup, weak constants"  # the standard deviation of Glorot's initial weights
BERNOULLI = "Bernoulli masks"
RANDOM = "random masks"
ARMS = (TRAINED, POPUP, BERNOULLI, RANDOM)
COLUMNS = ["axis", "arm", "width", "hidden", "lr", "kept", "replicate", "val", "accuracy", "spread"]
COSINE = RateSchedule("cosine")
SGD = Optimizer("sgd", 0.1, 0.9, schedule=COSINE)  # the published settings of edge-popup
Widths = Annotated[tuple[Count, ...], AtLeast(1), Rising()]


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What the experiment does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(widths=())
    Traceback (most recent call last):
    ValueError: Settings: widths is (); allowed: a sequence of a whole number from 1 up each, one or more, rising
    """

    seeds: Annotated[tuple[int, ...], AtLeast(1)] = tuple(range(8))
    pixels: Count = 196
    widths: Widths = (16, 64, 256)  # of one hidden layer
    depths: Widths = (6,)  # hidden layers of `probe` units each
    probe: Count = 64
    density: Density = 0.5
    steps: Count = 500
    batch_size: Count = 128
    trained: Optimizer = Optimizer(lr=0.01, schedule=COSINE)  # noqa: RUF009 (frozen)
    popup: Optimizer = replace(SGD, lr=1.0)  # noqa: RUF009 (frozen)
    bernoulli: Optimizer = replace(SGD, lr=100.0)  # noqa: RUF009 (frozen)
    deep: Optimizer = SGD  # by depth
    samples: Count = 5  # masks that a Bernoulli network is evaluated with
    images: Count = 500  # that get random labels
    looks: tuple[Whole, ...] = (0, 5, 20, 50, 100, 200, 500)  # steps at which masks are looked at

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.probe not in self.widths:
            raise ValueError(f"probe is {self.probe}; allowed: one of widths, {self.widths}")


LESSON = Settings()
SIZES = Sizes(
    tiny=replace(LESSON, seeds=(0, 1), widths=(4, 8), depths=(1, 2), probe=8, steps=4, images=128, looks=(0, 2, 4)),
    lesson=LESSON,
    paper=replace(LESSON, seeds_per_part=1, widths=(16, 64, 256, 1024, 4096), steps=8_600),  # 20 passes
)
scaled_settings = SIZES.now


@typed
@dataclass
class Supermasks(Experiment[Settings]):
    """The experiment on one dataset: a row a network, with its accuracies (fractions: `val`, and `accuracy` on the test
    split), and of Bernoulli masks the standard deviation over drawn masks (`spread`).

    `axis` is "width" for networks with one hidden layer, each arm at its own rate, and "depth" for edge-popup with
    several, at one rate. `rescale` and `fingerprint` may be replaced by functions of the same signatures.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.load("mnist", device="cpu").first(500, 100, 100))
    >>> small = Settings(seeds=(0, 1), widths=(8,), depths=(2,), probe=8, steps=3, images=128)
    >>> table = Supermasks(mnist, small).run()
    >>> table.groupby("arm")["replicate"].count().to_dict()["random masks"]
    2
    """

    COLUMNS = COLUMNS
    carries = {"scores": side_by_side, "fingerprints": one_after_another}
    functions = {"rescale": rescaled_by_count, "fingerprint": fingerprint}
    stream = "supermask order"

    settings: Settings = LESSON
    rescale: Callable[[Params, Mask], Params] = rescaled_by_count
    scores: dict[int, Params] = field(default_factory=dict)  # of edge-popup at the width `probe`, by step
    fingerprint: Callable[[Params], str] = fingerprint
    fingerprints: list[tuple[str, str]] = field(default_factory=list)  # of frozen weights, before and after training

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train every arm at every width, and edge-popup with both constants at the depths."""
        s, self.fingerprints = self.settings, []
        plan = [("width", arm, width, 1) for width in s.widths for arm in ARMS]
        plan += [("depth", arm, s.probe, hidden) for hidden in s.depths for arm in (POPUP, WEAK)]
        for done, (axis, arm, width, hidden) in enumerate(plan):
            tick(done, len(plan), f"{arm}, {hidden} x {width} hidden units")
            self.measure(arm, width, hidden, axis=axis)
        tick(len(plan), len(plan), "done")

    def networks(self, width: int, hidden: int = 1) -> Replicates:
        """The initial networks of one shape, one for each seed."""
        return self.create(lambda: MLP([self.settings.pixels, *[width] * hidden, 10]))

    def method(self, arm: str, networks: Replicates) -> EdgePopup | Bernoulli:
        """What trains an arm's scores. Raises ValueError for an arm that has none."""
        inner: Method = pick("auto", networks.model, self.data.device)
        if arm in (POPUP, RANDOM):
            density = self.settings.density
            return EdgePopup(scaled_constants(networks.params, density), inner, density)
        if arm == WEAK:
            return EdgePopup(signed_constants(networks.params), inner, self.settings.density)
        if arm == BERNOULLI:
            return Bernoulli(signed_constants(networks.params), inner, rescale=True)
        raise ValueError(f"arm is {arm!r}; allowed: {POPUP}, {WEAK}, {BERNOULLI}, {RANDOM}")

    def optimizer(self, arm: str, axis: str) -> Optimizer:
        """How an arm is trained along an axis."""
        s = self.settings
        own = {TRAINED: s.trained, BERNOULLI: s.bernoulli}.get(arm, s.popup)
        return s.deep if axis == "depth" else own

    def measure(self, arm: str, width: int, hidden: int = 1, *, axis: str = "width") -> None:
        """Train one arm at one shape, and note its rows."""
        networks, optimizer = self.networks(width, hidden), self.optimizer(arm, axis)
        about = {"axis": axis, "arm": arm, "width": width, "hidden": hidden, "lr": optimizer.lr}
        if arm == TRAINED:
            done = self.train(networks, optimizer=optimizer).replicates
            self._note(about, networks, networks.full_mask(), [done.params])
            return
        method = self.method(arm, networks)
        if arm == RANDOM:
            seeds = [derive(seed, "random mask") for seed in self.settings.seeds]
            scores = initial_scores(networks.params, seeds)
            self._note(about, networks, method.mask(scores), [method.effective(scores)])
            return
        looked = self.search(networks, method, optimizer)
        scores = looked[self.settings.steps]
        if (axis, arm, width) == ("width", POPUP, self.settings.probe):
            self.scores = looked
        if isinstance(method, EdgePopup):
            self._note(about, networks, method.mask(scores), [method.effective(scores)])
            return
        drawn = [method.sample(scores, generator(self.first, "evaluation", i)) for i in range(self.settings.samples)]
        self._note(about, networks, drawn[0], [self.rescale(method.weights, m) for m in drawn])

    def search(
        self, networks: Replicates, method: EdgePopup | Bernoulli, optimizer: Optimizer, **named: object
    ) -> dict[int, Params]:
        """Train an arm's scores: what they are at the steps of `looks` and after the last one. `named`: as `train`."""
        start = initial_scores(networks.params, self.settings.seeds)
        if isinstance(method, Bernoulli):  # every weight is kept with probability 1/2
            start = {name: torch.zeros_like(p) for name, p in start.items()}
        before = self.fingerprint(method.weights)
        looked = {0: masks.clone(start)}
        for now in self.training(networks.with_params(start), optimizer=optimizer, by=method, **named):
            if now.step in (*self.settings.looks, self.settings.steps):
                looked[now.step] = masks.clone(now.params)
        self.fingerprints.append((before, self.fingerprint(method.weights)))
        return looked

    def few_images(self, random: bool) -> pd.DataFrame:
        """Edge-popup at the width `probe` on few training images, with their own labels or with random ones.

        A row for each step of `looks` and each network: the accuracy on those images ("train"), and on the test images
        with their own labels ("test"), fractions.
        """
        s, few = self.settings, self.data.first(self.settings.images)
        if random:
            labels = torch.randint(10, (s.images,), generator=generator(0, "random labels"))
            few = replace(few, y_train=labels.to(self.data.device))
        networks = self.networks(s.probe)
        method = self.method(POPUP, networks)
        rows = []
        for step, scores in self.search(networks, method, s.popup, data=few).items():
            found = networks.with_params(method.effective(scores))
            accuracies = {split: evaluate(found, few, split)[1].tolist() for split in ("train", "test")}
            rows.append(pd.DataFrame(accuracies).assign(step=step, replicate=range(len(s.seeds))))
        return pd.concat(rows, ignore_index=True)

    def over(self, weights: Params) -> list[float]:
        """The test accuracy of every network in which edge-popup searches over other frozen `weights`."""
        networks = self.networks(self.settings.probe)
        method = EdgePopup(weights, pick("auto", networks.model, self.data.device), self.settings.density)
        scores = self.search(networks, method, self.settings.popup)[self.settings.steps]
        read: list[float] = evaluate(networks.with_params(method.effective(scores)), self.data)[1].tolist()
        return read

    def _note(self, about: dict[str, object], networks: Replicates, mask: Mask, params: list[Params]) -> None:
        """Note what networks with these weights read: one for each, or several draws of masks."""
        read = [[evaluate(networks.with_params(p), self.data, split)[1] for p in params] for split in ("val", "test")]
        val, test = (torch.stack(every) for every in read)  # (samples, R) each
        kept = sum(m.flatten(1).sum(1) for m in mask.values())
        self.note(
            about,
            kept=kept.tolist(),  # type: ignore[union-attr]
            val=val.mean(0).tolist(),
            accuracy=test.mean(0).tolist(),
            spread=test.std(0, correction=0).tolist(),
        )


@typed
def difference_from_engine(by_hand: Callable[..., Params], data: Dataset, settings: Settings) -> float:
    """The largest difference between scores that `by_hand` and the engine's edge-popup have trained for eight steps.

    `by_hand(weights, scores, batches, lr, density)` gets one network's frozen weights and first scores by name, in
    float64, and the minibatches (x, y) in the engine's order; it returns the scores after them.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.load("mnist", device="cpu").first(512, 10, 10))
    >>> small = Settings(seeds=(0,), widths=(4,), probe=4)
    >>> difference_from_engine(lambda weights, scores, batches, lr, density: scores, mnist, small) > 0
    True
    """
    few = data.first(512, 10, 10).to(dtype=torch.float64)
    experiment = Supermasks(few, settings)
    networks = experiment.networks(settings.widths[0])
    method, start = experiment.method(POPUP, networks), initial_scores(networks.params, settings.seeds)
    sgd = Optimizer("sgd", lr=1.0)
    done = train(networks.with_params(start), few, 8, optimizer=sgd, batch_size=64, by=method).replicates
    order = torch.randperm(512, generator=generator(0, "order", 0))
    batches = [(few.x_train[i], few.y_train[i]) for i in order.view(8, 64).unbind()]
    weights, scores = masks.unstack(method.weights, 0), masks.unstack(start, 0)
    alone = by_hand(weights, scores, batches, sgd.lr, settings.density)
    return max((alone[name] - trained[0]).abs().max().item() for name, trained in done.params.items())


@typed
def scaled_constants(params: Params, density: Density) -> Params:
    """Every weight becomes sqrt(2 / (density * fan-in)) with the sign it has; biases stay.

    A ReLU layer that keeps this share of such weights passes on about as strong a signal as it gets. `params` are
    (R, ...) by name. Source: Ramanujan et al. (2020), arXiv:1911.13299.

    >>> scaled_constants({"w": torch.tensor([[[0.3, -0.1]]])}, density=0.25)
    {'w': tensor([[[ 2., -2.]]])}
    """
    out = dict(params)
    for name in masks.prunable(masks.unstack(params, 0)):
        fan_in = params[name][0, 0].numel()
        out[name] = params[name].sign() * math.sqrt(2 / (density * fan_in))
    return out


@typed
def signal(params: Params, images: torch.Tensor) -> list[float]:
    """The root mean square of what each layer gives for these images (n, inputs), before its ReLU, over R networks.

    >>> signal({"layers.0.weight": torch.tensor([[[3.0, 4.0]]])}, torch.ones(2, 2))
    [7.0]
    """
    x, found = images.expand(len(next(iter(params.values()))), *images.shape), []
    for name in masks.prunable(masks.unstack(params, 0)):
        x = x @ params[name].mT
        found.append(x.square().mean().sqrt().item())
        x = x.relu()
    return found
