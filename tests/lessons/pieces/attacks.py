"""How the verdict of the lesson on pieces was attacked. Each function takes less than a minute.

Numbers of pieces are means over five networks and two slices each, in percent of the dense network's on the same slice
unless it says otherwise. The seeds are none of the lesson's own.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lthedu import data
from lthedu.landscape import SQUARE, Plane, Region, formulas, plane_through, regions
from lthedu.lessons.pieces import residual
from lthedu.lessons.pieces.experiment import DIGITS, LESSON, REACH, SHUFFLED, Counting, Kind, Settings, _root
from lthedu.networks import masks
from lthedu.networks.masks import Mask
from lthedu.networks.models import MLP
from lthedu.pruning import magnitude, select_globally
from lthedu.training import Optimizer, Replicates, evaluate

SEEDS = tuple(range(40, 45))
DEEP = [784, *[32] * 32, 10]
LIKE_THE_LESSON = replace(LESSON, seeds=SEEDS)
TRIANGLE = np.array([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]])
Found = dict[str, float]
Measure = Callable[[list[Region]], float]
Corners = NDArray[np.float64]


@cache
def trained(settings: Settings = LIKE_THE_LESSON) -> Counting:
    """The experiment with its networks trained, and nothing else."""
    found = Counting(data.pooled(data.load("mnist")), settings)
    found.trained = found.fit(found.start, settings.steps)
    return found


@cache
def dense(settings: Settings = LIKE_THE_LESSON) -> Replicates:
    return trained(settings).on(trained(settings).trained)  # type: ignore[arg-type]


@cache
def pruned(density: float, at_random: bool = False, settings: Settings = LIKE_THE_LESSON) -> Replicates:
    one = trained(settings)
    mask = one.mask(density, at_random=at_random)
    return one.on(one.cut(mask), mask)


@cache
def small(density: float) -> Replicates:
    one = trained()
    return one.on(one.fit(one.small(density), one.settings.steps))


def accuracy(networks: Replicates, settings: Settings = LIKE_THE_LESSON) -> float:
    return round(100 * evaluate(networks, trained(settings).data)[1].mean().item(), 1)


def measured(
    networks: Replicates,
    measure: Measure = len,
    corners: Corners = REACH * SQUARE,
    planes: Sequence[Sequence[Plane]] | None = None,
    settings: Settings = LIKE_THE_LESSON,
) -> NDArray[np.float64]:
    """What `measure` makes of the pieces of each network on each of its slices, (networks, slices)."""
    of = planes or trained(settings).planes(DIGITS)
    return np.array([[measure(regions(networks.module(i), corners, plane=p)) for p in of[i]] for i in range(len(of))])


def percent(networks: Replicates, **named: object) -> float:
    """The mean of each network's measure, in percent of its dense network's."""
    settings = named.get("settings", LIKE_THE_LESSON)
    own, whole = measured(networks, **named), measured(dense(settings), **named)  # type: ignore[arg-type]
    return round(float(100 * (own.mean(1) / whole.mean(1)).mean()))


def each(**named: object) -> Found:
    """Pruned to 20, 10 and 5 %, pruned at random and small ones with 20 %."""
    found = {f"pruned {100 * d:g}": percent(pruned(d), **named) for d in (0.2, 0.1, 0.05)}
    return found | {"random 20": percent(pruned(0.2, True), **named), "small 20": percent(small(0.2), **named)}


def effective(found: list[Region]) -> float:
    """How many pieces of equal area would be as diverse: the exponential of the entropy of the areas."""
    share = np.array([region.area for region in found])
    share = share[share > 0] / share.sum()
    return float(np.exp(-(share * np.log(share)).sum()))


def undecided(found: list[Region]) -> int:
    """Pieces on whose corners the network gives different answers: those at which the answer changes."""
    answers = [{int(a) for a in (r.corners @ r.weight.T + r.bias).argmax(1)} for r in found]
    return sum(len(several) > 1 for several in answers)


def by_formulas() -> Found:
    """Are most pieces of a pruned network the same formula on both sides of a border?"""
    return each(measure=formulas)


def by_area() -> Found:
    """Are the pieces that stay only slivers? The effective number of pieces, by their areas."""
    return each(measure=effective)


def at_the_answers_borders() -> Found:
    """Do pieces stay only where they do not matter? Those alone in which the answer changes."""
    return each(measure=undecided)


def between_the_digits() -> Found:
    """Do pieces stay only beyond the three images? Within their triangle alone."""
    return each(corners=TRIANGLE)


def digits_of_one_kind() -> Found:
    """Slices through three images of one digit."""
    one = trained()
    coin = np.random.default_rng(7)
    x, y = one.data.x_test.flatten(1).double().numpy(), one.data.y_test.numpy()
    three = [[x[coin.choice(np.flatnonzero(y == d), 3, replace=False)] for d in coin.choice(10, 2)] for _ in SEEDS]
    return each(planes=[[plane_through(*images) for images in two] for two in three])


def rewound() -> dict[str, tuple[float, float]]:
    """Pruned networks that begin again at their initial weights, as winning tickets do: pieces, and accuracy."""
    one, found = trained(), {}
    for density in (0.2, 0.1, 0.05):
        mask = one.mask(density)
        again = one.on(one.start.with_params(masks.apply(mask, one.start.params)), mask)
        found[f"{100 * density:g}"] = percent(again), accuracy(again)
    return found


def one_mask_for_all_layers() -> dict[str, tuple[float, float]]:
    """Layers compete for the weights: pieces, and accuracy."""
    one, found = trained(), {}
    for density in (0.2, 0.1, 0.05):
        weights = [magnitude(masks.unstack(one.trained.params, i)) for i in range(len(SEEDS))]  # type: ignore[union-attr]
        mask: Mask = masks.stack([select_globally(scores, density) for scores in weights])
        networks = one.on(one.cut(mask), mask)
        found[f"{100 * density:g}"] = percent(networks), accuracy(networks)
    return found


def other_networks() -> dict[str, tuple[float, float]]:
    """One hidden layer of 64, four of 16, and two of 48, pruned to 20 %: pieces, and points of accuracy lost."""
    found = {}
    for hidden in ((64,), (16, 16, 16, 16), (48, 48)):
        settings = replace(LIKE_THE_LESSON, sizes=(196, *hidden, 10), slices=1)
        networks = pruned(0.2, settings=settings)
        lost = accuracy(dense(settings), settings) - accuracy(networks, settings)
        found["-".join(map(str, hidden))] = percent(networks, settings=settings), round(lost, 1)
    return found


def at_equal_accuracy(kind: Kind = DIGITS) -> Found:
    """Pieces of pruned networks, divided by those of dense ones that were stopped when they were as accurate."""
    one = trained()
    planes = one.planes(kind)
    way = [one.fit(one.start, steps) for steps in (30, 100, 300)] + [one.trained, dense()]
    reads = [evaluate(networks, one.data)[1].mean().item() for networks in way]  # type: ignore[arg-type]
    pieces = [measured(networks, planes=planes).mean() for networks in way]  # type: ignore[arg-type]
    found = {}
    for at_random in (False, True):
        for density in (0.2, 0.1, 0.05):
            networks = pruned(density, at_random)
            accurate = evaluate(networks, one.data)[1].mean().item()
            name = f"{'random' if at_random else 'pruned'} {100 * density:g}"
            expected = np.interp(accurate, reads, pieces)
            found[name] = round(float(measured(networks, planes=planes).mean() / expected), 2)
    return found


def at_equal_accuracy_on_shuffled_slices() -> Found:
    """The same where the network has seen nothing of the kind."""
    return at_equal_accuracy(SHUFFLED)


def at_three_times_the_rate() -> dict[str, tuple[float, float]]:
    """All arms at a learning rate of 0.012: pieces, and accuracy."""
    fast, found = replace(LIKE_THE_LESSON, lr=1.2e-2), {}
    for name, chance in (("pruned", False), ("random", True)):
        networks = pruned(0.2, chance, fast)
        found[f"{name} 20"] = percent(networks, settings=fast), accuracy(networks, fast)
    return found


def small_on_pooled_pixels() -> dict[str, tuple[int, float, float]]:
    """Small dense networks on 49 pooled pixels, where as many weights make more neurons: width, pieces, accuracy.

    They are counted on the slices of the others, as networks of 196 pixels whose first layer pools.
    """
    one, found = trained(), {}
    pooling = nn.functional.avg_pool2d(torch.eye(196).view(196, 1, 14, 14), 2).flatten(1)  # (196, 49)
    whole = measured(dense())
    for density in (0.2, 0.1):
        width = round(_root(1, 59, -one.kept(density)))  # 49 w + w^2 + 10 w weights
        settings = replace(LIKE_THE_LESSON, sizes=(49, width, width, 10))
        few = Counting(data.pooled(one.data), settings)
        networks = few.on(few.fit(few.start, settings.steps))
        pooled = {n: p @ pooling.T.to(p) if p.shape[2:] == (49,) else p for n, p in networks.params.items()}
        same = Replicates.create(lambda: MLP([196, width, width, 10]), SEEDS).with_params(pooled)  # noqa: B023
        own = measured(same)
        share = round(float(100 * (own.mean(1) / whole.mean(1)).mean()))
        found[f"{100 * density:g}"] = width, share, round(100 * evaluate(networks, few.data)[1].mean().item(), 1)
    return found


def masks_of_untrained_networks() -> Found:
    """Is it training that keeps the pieces? Untrained networks, their largest 20 % kept, in percent of whole ones."""
    one = Counting(trained().data, LIKE_THE_LESSON)
    one.trained = one.start
    whole = measured(one.start).mean(1)
    return {
        name: round(float(100 * (measured(one.cut(one.mask(0.2, at_random=chance))).mean(1) / whole).mean()))
        for name, chance in (("largest", False), ("random", True))
    }


def one_answer_everywhere() -> dict[str, tuple[list[float], float]]:
    """Networks cut to 5 % of every layer, not trained on: percent of a slice with the commonest answer; accuracy."""
    one, found = trained(), {}
    for name, chance in (("largest", False), ("random", True)):
        for output in (0.5, 0.05):
            cut = one.cut(one.mask(0.05, at_random=chance, output=output))
            share = [round(x) for x in measured(cut, _commonest).mean(1).tolist()]
            found[f"{name}, output layer {100 * output:g} %"] = share, accuracy(cut)
    return found


def _commonest(found: list[Region]) -> float:
    areas = np.zeros(10)
    for region in found:
        areas[int((region.weight @ region.centre + region.bias).argmax())] += region.area
    return float(100 * areas.max() / areas.sum())


def orthogonal_start() -> dict[str, float]:
    """Does a plain network need the identity at its start? Orthogonal matrices times the root of 2, at three rates."""

    def plain() -> MLP:
        network = MLP(DEEP)
        for layer in network.layers[:-1]:
            nn.init.orthogonal_(layer.weight, 2**0.5)  # type: ignore[arg-type]
        return network

    return _deep(plain)


def looks_linear_start() -> dict[str, float]:
    """The same where each neuron has its opposite beside it, so that the network starts linear (arXiv:1702.08591)."""

    def plain() -> MLP:
        network = MLP(DEEP)
        *hidden, last = network.layers
        for i, layer in enumerate(hidden):
            half = nn.init.orthogonal_(torch.empty(16, 784 if i == 0 else 16))
            one = half if i == 0 else torch.cat([half, -half], 1)
            layer.weight.data = torch.cat([one, -one])
        half = nn.init.orthogonal_(torch.empty(10, 16))
        last.weight.data = torch.cat([half, -half], 1)
        return network

    return _deep(plain)


def _deep(plain: Callable[[], MLP]) -> dict[str, float]:
    """Test accuracy in percent at each rate, after the stored run's steps."""
    settings = residual.Settings(seeds=SEEDS)
    study = residual.ByDepth(data.load("mnist"), settings)
    start, few = study.create(plain), study.data.first(settings.images)
    found = {}
    for lr in settings.rates:
        done = study.train(start, data=few, optimizer=Optimizer(lr=lr))
        found[f"{lr:g}"] = round(100 * evaluate(done.replicates, study.data)[1].mean().item(), 1)
    return found
