"""Where the gradient lies: its share along the Hessian's large eigenvectors, and training along them or without."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated

import torch
from torch import Tensor, nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Count, Rising
from lthedu.base.streams import generator
from lthedu.experiments import Densities, Experiment, Keep, Seeded, Sizes
from lthedu.experiments.base import one_after_another
from lthedu.landscape.hessian import flat_loss, flatten, hvp, unflatten
from lthedu.landscape.lanczos import lanczos, largest, part_inside
from lthedu.lessons.curvature.saliency import same_inputs
from lthedu.networks import masks
from lthedu.networks.masks import Params
from lthedu.networks.models import MLP
from lthedu.pruning import magnitude, random_mask, select_globally
from lthedu.training import Optimizer, Progress, Replicates, evaluate
from lthedu.training.gradients import BatchedLinear
from lthedu.training.minibatches import minibatches

Rate = Annotated[float, Above(0)]
Rates = Annotated[tuple[Rate, ...], AtLeast(1)]
START, BATCHES, FULL, EDGE = "untrained", "batches of 64", "all images", "all images, large rate"
ARMS = (BATCHES, FULL, EDGE)
SGD, DOMINANT, BULK = "SGD", "only along them", "only beside them"
WAYS = (SGD, DOMINANT, BULK)
LARGEST, SAME_LAYER, SAME_INPUT = "largest weights", "random, same layer counts", "random, same counts per input"
MASKS = (LARGEST, SAME_LAYER, SAME_INPUT)


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What the experiment does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(rates=(0.0,))
    Traceback (most recent call last):
    ValueError: Settings: rates[0] is 0.0; allowed: a number above 0
    """

    sizes: Annotated[tuple[Count, ...], AtLeast(2)] = (196, 32, 10)
    images: Count = 1000  # training images used
    batch_size: Count = 64
    lr: Rate = 0.1
    large: Rate = 0.5  # the large rate, at which training without noise reaches the edge of stability
    looks: Annotated[tuple[Count, ...], AtLeast(1), Rising()] = (20, 100, 200, 400)  # steps
    top: Count = 9  # directions: the classes less one
    lanczos: Count = 30  # steps of Lanczos
    densities: Densities = (0.5, 0.2, 0.1)  # of the masks
    begin: Count = 200  # steps before training is restricted
    steps: Count = 300  # restricted ones
    rates: Rates = (0.02, 0.1, 0.3)  # of the restricted training


LESSON = Settings()
SIZES = Sizes(
    tiny=replace(LESSON, seeds=(0, 1), sizes=(196, 6, 10), images=128, looks=(2, 4), lanczos=12, begin=3, steps=3),
    lesson=LESSON,
    paper=replace(LESSON, images=3000, looks=(20, 50, 100, 200, 400, 1000), lanczos=40, steps=1000),
)
scaled_settings = SIZES.now


@dataclass(eq=False)
class _WithHessian(Experiment[Settings]):
    """What both experiments share: the data, the learner's functions, and the top directions of stacked networks."""

    functions = {"hvp": hvp, "lanczos": lanczos, "part_inside": part_inside}
    stream = "curvature order"

    settings: Settings = LESSON
    hvp: Callable[..., Tensor] = field(default=hvp)
    lanczos: Callable[..., tuple[Tensor, Tensor]] = field(default=lanczos)
    part_inside: Callable[..., Tensor] = field(default=part_inside)

    def __post_init__(self) -> None:
        self.data = self.data.first(self.settings.images)
        self.start = self.create(lambda: MLP(self.settings.sizes))

    def loss(self, network: nn.Module) -> Callable[[Tensor], Tensor]:
        """The mean loss on all training images, as a function of flat weights."""
        return flat_loss(network, self.data.x_train, self.data.y_train)

    def directions(self, params: Params, i: int, top: int | None = None) -> tuple[Tensor, Tensor]:
        """The largest eigenvalues (top,) of the Hessian of replicate `i` of stacked weights, and eigenvectors (n, top).

        The Hessian is that of the loss on all training images, whatever the network was trained with.
        """
        weights, loss = flatten(masks.unstack(params, i)), self.loss(self.start.model)
        first = torch.randn(len(weights), generator=generator(self.settings.seeds[i], "lanczos")).to(weights)
        found = self.lanczos(lambda v: self.hvp(loss, weights, v), first, self.settings.lanczos)
        return largest(*found, min(top or self.settings.top, len(found[0])))

    def share(self, gradient: Tensor, basis: Tensor) -> float:
        """The share of the gradient's squared length that lies inside the basis."""
        inside = self.part_inside(gradient, basis)
        return float((inside @ inside) / (gradient @ gradient))


@typed
@dataclass(eq=False)
class Overlap(_WithHessian):
    """The share of the gradient inside the top directions on the way of three trainings: a row a network and look.

    `share` is that of the gradient of all training images and `one_batch` that of a minibatch; `previous` is the share
    of the top directions that was there at the look before, `sharpness` the largest eigenvalue, `beyond` the first one
    after the `top`. `masks` has, for the last look of the first arm, the share of the top directions' squared length
    that lies on the weights of a mask: arm, density, replicate, share.

    >>> from lthedu import data
    >>> mnist = data.pooled(data.load("mnist", device="cpu").first(200, 50, 50))
    >>> table = Overlap(mnist, SIZES.tiny).run()
    >>> list(table["arm"].unique()) == [START, *ARMS]
    True
    """

    COLUMNS = (
        "arm",
        "lr",
        "step",
        "replicate",
        "loss",
        "share",
        "one_batch",
        "previous",
        "sharpness",
        "last",
        "beyond",
    )
    carries = {"masks": one_after_another, "spectra": one_after_another}

    def __post_init__(self) -> None:
        super().__post_init__()
        self.masks: list[tuple[str, float, int, float]] = []
        self.spectra: list[list[float]] = []  # of the first arm's last look, the top eigenvalues and some beyond

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train three ways, and look."""
        s = self.settings
        first = self.look(START, s.lr, 0, self.start.params, None)
        for k, arm in enumerate(ARMS):
            lr = s.large if arm == EDGE else s.lr
            batch = s.batch_size if arm == BATCHES else len(self.data.x_train)
            before = first
            rule = Optimizer("sgd", lr=lr)
            for now in self.training(self.start, steps=s.looks[-1], batch_size=batch, optimizer=rule):
                if now.step in s.looks:
                    tick(k * s.looks[-1] + now.step, len(ARMS) * s.looks[-1], arm)
                    before = self.look(arm, lr, now.step, now.params, before)
            if arm == BATCHES:
                self.trained = now.replicates
                for i, vectors in enumerate(before):
                    self.masked(i, vectors)

    def look(self, arm: str, lr: float, step: int, params: Params, before: Sequence[Tensor] | None) -> list[Tensor]:
        """Note a row a network, and give their top directions."""
        s, rows, found = self.settings, [], []
        x, y = next(minibatches(self.data, self.order, s.batch_size, 10**6 + step, 10**6 + step + 1))
        loss = self.loss(self.start.model)
        for i in range(len(s.seeds)):
            values, vectors = self.directions(params, i, s.top + 3)
            inside = vectors[:, : s.top]
            weights = flatten(masks.unstack(params, i))
            whole, few = (_gradient(f, weights) for f in (loss, flat_loss(self.start.model, x[i], y[i])))
            again = torch.nan if before is None else float((before[i].T @ inside).square().sum() / s.top)
            sharpest, last, after = (float(values[min(k, len(values) - 1)]) for k in (0, s.top - 1, s.top))
            shares = self.share(whole, inside), self.share(few, inside)
            rows.append((float(loss(weights)), *shares, again, sharpest, last, after))
            found.append(inside)
            if arm == BATCHES and step == s.looks[-1]:
                self.spectra.append(values.tolist())
        columns = zip(*rows, strict=True)
        self.note({"arm": arm, "lr": lr, "step": step}, **dict(zip(self.COLUMNS[4:], columns, strict=True)))
        return found

    def masked(self, i: int, vectors: Tensor) -> None:
        """Note how much of the top directions lies on the kept weights of three masks. Biases are in no mask."""
        params = masks.unstack(self.trained.params, i)
        on = {n: t for n, t in energy(vectors, params).items() if n in masks.prunable(params)}
        whole = sum(float(t.sum()) for t in on.values())
        for density in self.settings.densities:
            mask = select_globally(magnitude(params), density)
            coin = generator(self.settings.seeds[i], "mask control", round(density * 1e6))
            for arm, kept in (
                (LARGEST, mask),
                (SAME_LAYER, random_mask(mask, coin)),
                (SAME_INPUT, same_inputs(mask, coin)),
            ):
                share = sum(float(on[n][m].sum()) for n, m in kept.items()) / whole
                self.masks.append((arm, density, self.first + i, share))


@typed
@dataclass(eq=False)
class Restricted(_WithHessian):
    """Training on from step `begin` along the top directions alone, or beside them alone, at several rates.

    The directions are those of step `begin` and stay (`renew` counts the steps after which they are found anew). A row
    a network: `loss` on all training images after the `steps`, and `before` them.
    """

    COLUMNS = ("way", "lr", "replicate", "before", "loss", "accuracy")

    renew: int | None = None

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train as usual to `begin`, then each way at each rate."""
        s = self.settings
        begun = self.train(self.start, steps=s.begin, optimizer=Optimizer("sgd", lr=s.lr)).replicates
        before = evaluate(begun, self.data, "train")[0].tolist()
        bases = self.bases(begun.params)
        for k, lr in enumerate(s.rates):
            for j, way in enumerate(WAYS):
                tick(k * len(WAYS) + j, len(s.rates) * len(WAYS), f"{way} at {lr:g}")
                done = self.on(begun, way, lr, bases)
                loss, accuracy = evaluate(done, self.data, "train")[0].tolist(), evaluate(done, self.data)[1].tolist()
                self.note({"way": way, "lr": lr}, before=before, loss=loss, accuracy=accuracy)

    def bases(self, params: Params) -> list[Tensor]:
        """The top directions of each network."""
        return [self.directions(params, i)[1] for i in range(len(self.settings.seeds))]

    def on(self, begun: Replicates, way: str, lr: float, bases: list[Tensor]) -> Replicates:
        """The networks trained on one way, in pieces of `renew` steps if that is given."""
        s, done, now = self.settings, 0, begun
        while done < s.steps:
            some = min(self.renew or s.steps, s.steps - done)
            first = s.begin + done
            named = {"steps": first + some, "first_step": first, "optimizer": Optimizer("sgd", lr=lr)}
            inner = BatchedLinear([(f"layers.{i}.weight", f"layers.{i}.bias") for i in range(len(s.sizes) - 1)])
            now = self.train(now, by=_Projected(inner, way, bases, self.part_inside), **named).replicates
            done += some
            bases = self.bases(now.params) if self.renew and way != SGD else bases
        return now


@dataclass(frozen=True)
class _Projected:
    """Gradients of which only the part inside each network's directions is left, or only the part beside them."""

    inner: BatchedLinear
    way: str
    bases: list[Tensor]
    part_inside: Callable[..., Tensor]
    draws: bool = False

    def logits(self, model: nn.Module, params: Params, buffers: Params, x: Tensor) -> Tensor:
        return self.inner.logits(model, params, buffers, x)

    def gradients(self, model: nn.Module, params: Params, buffers: Params, x: Tensor, y: Tensor, out: Params) -> None:
        self.inner.gradients(model, params, buffers, x, y, out)
        if self.way == SGD:
            return
        for i, basis in enumerate(self.bases):
            whole = flatten({name: out[name][i] for name in params})
            inside = self.part_inside(whole, basis)
            left = inside if self.way == DOMINANT else whole - inside
            for name, part in unflatten(left, {name: out[name][i] for name in params}).items():
                out[name][i] = part


def _gradient(loss: Callable[[Tensor], Tensor], weights: Tensor) -> Tensor:
    at = weights.detach().requires_grad_()
    (found,) = torch.autograd.grad(loss(at), at)
    return found


@typed
def energy(vectors: Tensor, params: Params) -> Params:
    """How much squared length of all vectors (n, k) together lies on each parameter.

    >>> energy(torch.tensor([[0.6, 0.0], [0.8, 1.0]]), {"w": torch.zeros(2)})["w"]
    tensor([0.3600, 1.6400])
    """
    return unflatten(vectors.square().sum(1), params)
