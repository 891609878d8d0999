"""Masks that are trained over weights that are not: by width, by density, and on labels that mean nothing.

Networks with one hidden layer. Every arm sees the same minibatches; one trains weights, the others scores. Source of
the questions: Zhou et al. (2019), arXiv:1905.01067, and Ramanujan et al. (2020), arXiv:1911.13299.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated

import torch

from lthedu.base.arguments import typed
from lthedu.base.fingerprint import fingerprint
from lthedu.base.ranges import AtLeast, Count, Rising, Whole
from lthedu.base.streams import derive, generator
from lthedu.data import Dataset
from lthedu.experiments import Densities, Density, Experiment, Keep, Seeded, Sizes, one_after_another, side_by_side
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.networks.models import MLP
from lthedu.supermasks.methods import Bernoulli, EdgePopup, rescaled_by_count
from lthedu.supermasks.weights import initial_scores, kaiming_normal, signed_constants
from lthedu.training import Method, Optimizer, Progress, RateSchedule, Replicates, evaluate, pick

TRAINED = "trained weights"
POPUP = "edge-popup, signed constants"
POPUP_NORMAL = "edge-popup, Kaiming normal"
BERNOULLI = "Bernoulli, rescaled"
BERNOULLI_PLAIN = "Bernoulli, not rescaled"
RANDOM = "random mask"
ARMS = (TRAINED, POPUP, POPUP_NORMAL, BERNOULLI, BERNOULLI_PLAIN, RANDOM)
COLUMNS = ["arm", "width", "density", "kept", "replicate", "accuracy", "spread"]
COSINE = RateSchedule("cosine")


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What the experiment does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(widths=())
    Traceback (most recent call last):
    ValueError: Settings: widths is (); allowed: a sequence of a whole number from 1 up each, one or more, rising
    """

    pixels: Count = 196
    widths: Annotated[tuple[Count, ...], AtLeast(1), Rising()] = (16, 32, 64, 128, 256)
    densities: Densities = (0.1, 0.3, 0.5, 0.7, 0.9)  # of edge-popup, at the width `probe`
    density: Density = 0.5  # of edge-popup at every width
    probe: Count = 128
    steps: Count = 500
    batch_size: Count = 128
    trained: Optimizer = Optimizer()  # noqa: RUF009 (frozen)
    popup: Optimizer = Optimizer("sgd", 3.0, 0.9, schedule=COSINE)  # noqa: RUF009 (frozen)
    bernoulli: Optimizer = Optimizer("sgd", 100.0, 0.9, schedule=COSINE)  # noqa: RUF009 (frozen)
    samples: Count = 5  # masks that a Bernoulli network is evaluated with
    images: Count = 500  # that get random labels
    looks: tuple[Whole, ...] = (0, 5, 20, 50, 100, 200, 500)  # steps of which the widget shows the mask

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.probe not in self.widths:
            raise ValueError(f"probe is {self.probe}; allowed: one of widths, {self.widths}")


LESSON = Settings()
SIZES = Sizes(
    tiny=replace(LESSON, seeds=(0, 1), widths=(4, 6, 8), densities=(0.3, 0.5), probe=8, steps=4, images=128),
    lesson=LESSON,
    paper=replace(  # 20 passes
        LESSON, seeds=tuple(range(10)), seeds_per_part=1, widths=(16, 64, 256, 1024, 4096), probe=1024, steps=8_600
    ),
)
PAPER = SIZES.paper
scaled_settings = SIZES.now


@typed
@dataclass
class Supermasks(Experiment[Settings]):
    """The experiment on one dataset: a row a network, with its accuracy (a fraction, test split), and of Bernoulli
    masks the standard deviation over drawn masks (`spread`).

    `rescale` and `fingerprint` may be replaced by functions of the same signatures.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.load("mnist", device="cpu").first(500, 100, 100))
    >>> small = Settings(seeds=(0, 1), widths=(8,), densities=(0.5,), probe=8, steps=3, images=128)
    >>> table = Supermasks(mnist, small).run()
    >>> table.groupby("arm")["replicate"].count().to_dict()["random mask"]
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
        """Train every arm at every width, and edge-popup at every density."""
        s, self.fingerprints = self.settings, []
        plan = [(arm, w, s.density) for w in s.widths for arm in ARMS]
        plan += [(POPUP, s.probe, d) for d in s.densities if d != s.density]
        for done, (arm, width, density) in enumerate(plan):
            tick(done, len(plan), f"{arm}, {width} hidden units")
            self.measure(arm, width, density)
        tick(len(plan), len(plan), "done")

    def networks(self, width: int) -> Replicates:
        """The initial networks of one width, one for each seed."""
        return self.create(lambda: MLP([self.settings.pixels, width, 10]))

    def weights(self, arm: str, networks: Replicates) -> Params:
        """The frozen weights of an arm, (R, ...) by name."""
        if arm == POPUP_NORMAL:
            return kaiming_normal(networks.params, self.settings.seeds)
        return signed_constants(networks.params)

    def method(self, arm: str, networks: Replicates, density: float) -> EdgePopup | Bernoulli:
        """What trains an arm's scores. Raises ValueError for an arm that has none."""
        inner: Method = pick("auto", networks.model, self.data.device)
        weights = self.weights(arm, networks)
        if arm in (POPUP, POPUP_NORMAL):
            return EdgePopup(weights, inner, density)
        if arm in (BERNOULLI, BERNOULLI_PLAIN):
            return Bernoulli(weights, inner, rescale=arm == BERNOULLI)
        raise ValueError(f"arm is {arm!r}; allowed: {', '.join(ARMS[1:5])}")

    def measure(self, arm: str, width: int, density: float) -> None:
        """Train one arm at one width and density, and note its rows."""
        networks, s = self.networks(width), self.settings
        if arm == TRAINED:
            done = self.train(networks, optimizer=s.trained).replicates
            self._note(arm, width, 1.0, networks.full_mask(), [evaluate(done, self.data)[1]])
            return
        if arm == RANDOM:
            start = initial_scores(networks.params, [derive(seed, "random mask") for seed in s.seeds])
            method: EdgePopup | Bernoulli = self.method(POPUP, networks, density)
            mask = method.mask(start)
            self._note(arm, width, density, mask, [self._read(networks, method.effective(start))])
            return
        method = self.method(arm, networks, density)
        before = self.fingerprint(method.weights)
        scores = self.search(arm, networks, method)
        self.fingerprints.append((before, self.fingerprint(method.weights)))
        if isinstance(method, EdgePopup):
            self._note(arm, width, density, method.mask(scores), [self._read(networks, method.effective(scores))])
            return
        drawn = [method.sample(scores, generator(self.first, "evaluation", i)) for i in range(s.samples)]
        in_force = [self.rescale(method.weights, m) if method.rescale else method.in_force(m) for m in drawn]
        self._note(arm, width, density, drawn[0], [self._read(networks, params) for params in in_force])

    def search(
        self, arm: str, networks: Replicates, method: EdgePopup | Bernoulli, data: Dataset | None = None
    ) -> Params:
        """The trained scores of one arm, on `data` in the place of the experiment's own. Notes the widget's looks."""
        s = self.settings
        start = initial_scores(networks.params, s.seeds)
        if isinstance(method, Bernoulli):  # every weight is kept with probability 1/2
            start = {name: torch.zeros_like(p) for name, p in start.items()}
        wanted = data is None and arm == POPUP and networks.params["layers.0.bias"].shape[1] == s.probe
        wanted = wanted and isinstance(method, EdgePopup) and method.density == s.density
        if wanted:
            self.scores = {0: masks.clone(start)}
        optimizer = s.popup if isinstance(method, EdgePopup) else s.bernoulli
        for now in self.training(networks.with_params(start), data=data or self.data, optimizer=optimizer, by=method):
            if wanted and now.step in s.looks:
                self.scores[now.step] = masks.clone(now.params)
        return now.params

    def random_labels(self) -> Mapping[str, torch.Tensor]:
        """Accuracies (R,) of edge-popup at the width `probe` on few training images whose labels were drawn at random:
        on those images ("train"), and on the test images with their true labels ("test")."""
        s = self.settings
        few = self.data.first(s.images)
        labels = torch.randint(10, (s.images,), generator=generator(0, "random labels")).to(self.data.device)
        few = replace(few, y_train=labels)
        networks = self.networks(s.probe)
        method = self.method(POPUP, networks, s.density)
        found = networks.with_params(method.effective(self.search(POPUP, networks, method, few)))
        return {split: evaluate(found, few, split)[1] for split in ("train", "test")}

    def _read(self, networks: Replicates, params: Params) -> torch.Tensor:
        return evaluate(networks.with_params(params), self.data)[1]

    def _note(self, arm: str, width: int, density: float, mask: Mask, accuracies: list[torch.Tensor]) -> None:
        every = torch.stack(accuracies)  # (samples, R)
        kept = sum(m.flatten(1).sum(1) for m in mask.values())
        self.note(
            {"arm": arm, "width": width, "density": density},
            kept=kept.tolist(),  # type: ignore[union-attr]
            accuracy=every.mean(0).tolist(),
            spread=every.std(0, correction=0).tolist(),
        )
