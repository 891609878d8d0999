"""Deleting weights of trained networks by their curvature, with and without moving the others; a stored run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import pandas as pd
import torch
from torch import Tensor, nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Columns, Count
from lthedu.base.streams import derive, generator
from lthedu.data import Dataset
from lthedu.experiments import Densities, Experiment, Keep, Seeded
from lthedu.landscape.hessian import (
    flat_loss,
    flatten,
    ggn,
    ggn_diagonal,
    hvp,
    probe_diagonal,
    sampled_diagonal,
    squared_gradients,
    unflatten,
)
from lthedu.networks import masks
from lthedu.networks.masks import Params
from lthedu.networks.models import MLP
from lthedu.pruning import Scores, magnitude, random_scores, select_globally
from lthedu.pruning.second_order import damped_inverse, obd, obs_path, obs_update
from lthedu.training import Optimizer, Progress, RateSchedule, Replicates, evaluate

Rate = Annotated[float, Above(0)]
Arm = Literal[
    "magnitude",
    "random",
    "OBD",
    "OBD, one sampled label",
    "OBD, true labels",
    "OBD, 60 probes",
    "OBD, 60 probes, negative ones at 0",
    "magnitude times input",
    "OBS",
    "OBS score, no update",
    "OBD, then update",
    "magnitude, then update",
]
DIAGONAL: tuple[Arm, ...] = (
    *("magnitude", "random", "OBD", "OBD, one sampled label", "OBD, true labels"),
    *("OBD, 60 probes", "OBD, 60 probes, negative ones at 0", "magnitude times input"),
)
WHOLE: tuple[Arm, ...] = (
    *("magnitude", "random", "OBD", "OBS", "OBS score, no update"),
    *("OBD, then update", "magnitude, then update"),
)
DAMPED = ("OBS", "OBS score, no update", "OBD, then update", "magnitude, then update")
CUT, ON = "cut", "trained on"


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What the study does. Raises ValueError, naming value and range.

    >>> Settings(dampings=(0.0,))
    Traceback (most recent call last):
    ValueError: Settings: dampings[0] is 0.0; allowed: a number above 0
    """

    sizes: Annotated[tuple[Count, ...], AtLeast(2)] = (196, 32, 10)
    arms: Annotated[tuple[Arm, ...], AtLeast(1)] = DIAGONAL
    dampings: Annotated[tuple[Rate, ...], AtLeast(1)] = (1e-4, 1e-3, 1e-2, 1e-1)  # of the arms that need one
    densities: Densities = (0.7, 0.5, 0.3, 0.2, 0.1, 0.05)
    again: Densities = (0.2, 0.1)  # trained on as well
    images: Count = 5000
    steps: Count = 3000
    lr: Rate = 0.1
    steps_on: Count = 500
    rates_on: Annotated[tuple[Rate, ...], AtLeast(1)] = (0.1, 0.3, 0.6)
    batch_size: Count = 64


WIDE = (0.1, 0.3, 0.6, 1.2, 2.4, 4.8)
LARGER = replace(Settings(), rates_on=WIDE)
SMALL = replace(
    Settings(),
    sizes=(49, 12, 10),
    arms=WHOLE,
    dampings=(1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0),
    images=2500,
    densities=(0.7, 0.5, 0.3, 0.2, 0.1),
    rates_on=WIDE,
)


@typed
@dataclass(eq=False)
class Deletions(Experiment[Settings]):
    """Every arm at every density, as cut and trained on: a row a network. `rise` is what the training loss gained."""

    COLUMNS = ("arm", "damping", "density", "when", "lr", "replicate", "rise", "val", "accuracy")
    stream = "deletions order"

    def __post_init__(self) -> None:
        self.data = self.data.first(self.settings.images)

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train, cut, and train on."""
        s = self.settings
        start = self.create(lambda: MLP(s.sizes))
        decay = RateSchedule("cosine")
        self.trained = self.train(start, optimizer=Optimizer("sgd", lr=s.lr, schedule=decay)).replicates
        before = evaluate(self.trained, self.data, "train")[0]
        whole = [Curved(self.trained.module(i), self.data.x_train, self.data.y_train) for i in range(len(s.seeds))]
        cases = [(arm, d) for arm in s.arms for d in (s.dampings if arm in DAMPED else (None,))]
        order = [derive(seed, "deletions, another order") for seed in s.seeds]
        for i, (arm, damping) in enumerate(cases):
            tick(i, len(cases), arm)
            found = [one.cut(arm, damping, s.densities, seed) for one, seed in zip(whole, s.seeds, strict=True)]
            for j, density in enumerate(s.densities):
                params = masks.stack([unflatten(each[j], whole[0].params) for each in found])
                about = {"arm": arm, "damping": damping, "density": density}
                cut = self.trained.with_params(params)
                self.measure(about | {"when": CUT, "lr": None}, cut, before)
                for lr in s.rates_on if density in s.again else ():
                    mask = {name: params[name] != 0 for name in masks.prunable(whole[0].params)}
                    rule = Optimizer("sgd", lr=lr, schedule=decay)
                    on = self.train(cut, mask=mask, steps=s.steps_on, optimizer=rule, order=order).replicates
                    self.measure(about | {"when": ON, "lr": lr}, on, before)

    def measure(self, about: dict[str, object], networks: Replicates, before: Tensor) -> None:
        """Note a row a network."""
        rise = evaluate(networks, self.data, "train")[0] - before
        val, test = (evaluate(networks, self.data, part)[1].tolist() for part in ("val", "test"))
        self.note(about, rise=rise.tolist(), val=val, accuracy=test)


class Curved:
    """A trained network with its curvature, each kind computed when it is first asked for."""

    def __init__(self, network: nn.Module, x: Tensor, y: Tensor) -> None:
        self.network, self.x, self.y = network, x, y
        self.params: Params = {name: p.detach() for name, p in network.named_parameters()}
        self.weights = flatten(self.params)
        prunable = masks.prunable(self.params)
        self.removable = flatten({n: torch.full_like(p, n in prunable) for n, p in self.params.items()}).bool()
        self.kept: dict[str, Params] = {}
        self.inverses: dict[float, Tensor] = {}

    def scores(self, arm: str, seed: int) -> Scores:
        """The scores of an arm that deletes and moves nothing."""
        if arm == "magnitude":
            return magnitude(self.params)
        if arm == "random":
            return random_scores(self.params, generator(seed, "deletions, random"))
        if arm == "magnitude times input":
            return {n: self.params[n].abs() * x for n, x in _inputs(self.network, self.x).items()}
        return obd(self.params, self.curvature(arm, seed))

    def curvature(self, arm: str, seed: int) -> Params:
        """The diagonal, exact or estimated, that an arm of OBD uses."""
        if arm == "OBD":
            return ggn_diagonal(self.network, self.x)
        if arm == "OBD, one sampled label":
            return sampled_diagonal(self.network, self.x, generator(seed, "deletions, labels"))
        if arm == "OBD, true labels":
            return squared_gradients(self.network, self.x, self.y)
        if "probes" not in self.kept:
            loss = flat_loss(self.network, self.x, self.y)
            found = probe_diagonal(
                lambda v: hvp(loss, self.weights, v), len(self.weights), 60, generator(seed, "deletions, probes")
            )
            self.kept["probes"] = unflatten(found, self.params)
        at_zero = arm.endswith("at 0")
        return {n: h.clamp(min=0) if at_zero else h.abs() for n, h in self.kept["probes"].items()}

    def cut(self, arm: str, damping: float | None, densities: Sequence[float], seed: int) -> list[Tensor]:
        """The weights (n,) that an arm leaves at each density."""
        candidates = int(self.removable.sum())
        counts = [candidates - round(density * candidates) for density in densities]
        if damping is None:
            scores = self.scores(arm, seed)
            return [self.weights * self._keep(scores, density) for density in densities]
        inverse = self.inverse(damping)
        weights = self.weights.double()
        if arm == "OBS":
            found = obs_path(weights, inverse, self.removable, counts)
        elif arm == "OBS score, no update":
            cost = unflatten((weights**2 / (2 * inverse.diagonal())).float(), self.params)
            scores = {name: cost[name] for name in masks.prunable(self.params)}
            return [self.weights * self._keep(scores, density) for density in densities]
        else:
            scores = self.scores(arm.removesuffix(", then update"), seed)
            gone = [(self._keep(scores, density) == 0).nonzero().flatten().tolist() for density in densities]
            found = [obs_update(weights, inverse, each) for each in gone]
        return [one.float() for one in found]

    def inverse(self, damping: float) -> Tensor:
        """The damped inverse of the GGN matrix, in float64."""
        if damping not in self.inverses:
            if "all" not in self.kept:
                self.kept["all"] = {"ggn": ggn(self.network, self.x).double()}
            self.inverses[damping] = damped_inverse(self.kept["all"]["ggn"], damping)
        return self.inverses[damping]

    def _keep(self, scores: Scores, density: float) -> Tensor:
        """1 for each weight that is kept, and for each bias, 0 for the others: (n,)."""
        mask = select_globally(scores, density)
        return flatten({n: mask[n].float() if n in mask else torch.ones_like(p) for n, p in self.params.items()})


@typed
def at_best(
    table: Annotated[pd.DataFrame, Columns("val")],
    by: Sequence[str] = ("arm", "density", "when"),
    over: Sequence[str] = ("damping", "lr"),
) -> pd.DataFrame:
    """Of every group `by` the rows at the setting of `over` whose mean validation accuracy is highest.

    >>> row = {"arm": "OBS", "density": 0.1, "when": "cut", "damping": 0.1}
    >>> found = at_best(pd.DataFrame([row | {"lr": 0.1, "val": 0.8}, row | {"lr": 0.2, "val": 0.9}]))
    >>> found["lr"].tolist()
    [0.2]
    """
    mean = table.groupby([*by, *over], dropna=False, sort=False)["val"].mean().reset_index()
    best = mean.loc[mean.groupby(list(by), sort=False)["val"].idxmax()].drop(columns="val")
    found: pd.DataFrame = best.merge(table, on=[*by, *over], how="left")
    return found


Score = Callable[[Tensor, Tensor, Tensor], Tensor]


@typed
def rises(
    networks: Replicates, data: Dataset, scores: Mapping[str, Score], densities: Densities = (0.7, 0.5, 0.3, 0.2, 0.1)
) -> pd.DataFrame:
    """How much the loss of MLPs on the training images rises where weights of low score are deleted: a row a network.

    A score is a function of a layer's weights, of the Hessian's diagonal there, and of the root mean square of what
    each weight is multiplied by.

    >>> from lthedu import data
    >>> few = data.pooled(data.load("mnist", device="cpu").first(20, 5, 5))
    >>> one = Replicates.create(lambda: MLP([196, 3, 10]), seeds=[0])
    >>> rises(one, few, {"magnitude": lambda w, h, x: w.abs()}, (0.5,)).shape
    (1, 4)
    """
    rows = []
    for i in range(len(networks)):
        network = networks.module(i)
        params = {name: p.detach() for name, p in network.named_parameters()}
        curvature = ggn_diagonal(network, data.x_train)
        inputs = _inputs(network, data.x_train)
        loss = flat_loss(network, data.x_train, data.y_train)
        before = float(loss(flatten(params)))
        for name, score in scores.items():
            found = {n: score(params[n], curvature[n], x.expand_as(params[n])) for n, x in inputs.items()}
            for density in densities:
                cut = masks.apply(select_globally(found, density), params)
                rows.append((name, density, i, float(loss(flatten(cut))) - before))
    return pd.DataFrame(rows, columns=["arm", "density", "replicate", "rise"])


def _inputs(network: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """The root mean square of what the weights of each layer of an MLP are multiplied by, (in,) by name."""
    found = {}
    for i, layer in enumerate(network.layers):  # type: ignore[arg-type]
        found[f"layers.{i}.weight"] = (x**2).mean(0).sqrt()
        x = layer(x).relu().detach()
    return found
