"""How we tried to break what the lesson says: each function trains something that might, and returns what it gave.

All give test accuracies in percent, one a seed, at the smallest of the lesson's sizes, 3,700 numbers, unless they say
otherwise. Each takes at most a minute of one thread.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial

import torch
from torch import Tensor, nn

from lthedu import data
from lthedu.data import Dataset
from lthedu.lessons.pruning_basics import experiment
from lthedu.lessons.pruning_basics.experiment import GRADUAL, LESSON, SAME_BYTES, Comparison, best_rates
from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.pruning import keep_largest
from lthedu.training import Optimizer, RateSchedule, Replicates, evaluate, train, training

TOTAL, SEEDS, STEPS = 3_700, LESSON.seeds, LESSON.dense_steps + LESSON.steps
RATES = 2.4e-3, 5e-3, 1e-2


@cache
def images(pixels: int = 196) -> Dataset:
    """MNIST at 784, 196 or 49 pixels."""
    found = data.load("mnist", device="cpu")
    while found.x_train.shape[1] > pixels:
        found = data.pooled(found)
    return found


@cache
def compared() -> dict[str, list[float]]:
    """The lesson's own arms at the smallest size."""
    table = Comparison(images(), replace(LESSON, nonzeros=(TOTAL,))).run()
    return {str(arm): (100 * rows["test"]).tolist() for arm, rows in table.groupby("arm")}


def best_of(make: Callable[[], nn.Module], pixels: int = 196) -> list[float]:
    """A small network at the best of three rates, chosen on the validation images."""
    found = []
    for lr in RATES:
        start = Replicates.create(make, SEEDS)
        nets = train(start, images(pixels), STEPS, order=SEEDS, batch_size=128, optimizer=Optimizer(lr=lr)).replicates
        val, test = (100 * evaluate(nets, images(pixels), split)[1] for split in ("val", "test"))
        found.append((float(val.mean()), test.tolist()))
    return max(found)[1]


def large_one_not_tuned() -> dict[str, list[float]]:
    """The reviewer's attack: the large network reads 28 x 28 pixels at Adam's 1.2e-3, and the small one the best."""
    settings = replace(LESSON, nonzeros=(TOTAL,), controls=False, lrs=(1.2e-3,))
    table = Comparison(images(784), settings).run()
    large = (100 * table[table["arm"] == GRADUAL]["test"]).tolist()
    return {GRADUAL: large, SAME_BYTES: compared()[SAME_BYTES]}


def twice_the_rate() -> dict[str, list[float]]:
    """The lesson's arms at twice the highest rate of the search, where the best of some lie at its end."""
    settings = replace(LESSON, nonzeros=(TOTAL,), lrs=(2e-2,))
    table = Comparison(images(), settings).run()
    return {str(arm): (100 * rows["test"]).tolist() for arm, rows in table.groupby("arm")}


def a_falling_rate(early: bool, total: int = TOTAL, seeds: tuple[int, ...] = SEEDS) -> dict[str, list[float]]:
    """Pruned and small networks with a rate that falls along a cosine, each from the best of three.

    The cuts lie where they do in the lesson's comparison, or, if `early`, between a tenth and a half of all steps.
    """
    falling = Optimizer(schedule=RateSchedule("cosine"))
    settings = replace(LESSON, nonzeros=(total,), controls=False, optimizer=falling, lrs=(5e-3, 1e-2, 2e-2))
    if early:
        settings = replace(settings, dense_steps=STEPS // 10, steps=STEPS - STEPS // 10, pruned_by=4 / 9)
    table = best_rates(Comparison(images(), replace(settings, seeds=seeds)).run())
    return {str(arm): (100 * rows["test"]).tolist() for arm, rows in table.groupby("arm")}


def a_better_random_mask() -> list[float]:
    """A random mask of as many numbers that prefers pixels that vary, and weights scaled to the inputs that are left.

    774 of the 2,290 connections are in the second hidden layer, wherever they fall. No weight is consulted.
    """
    nets, vary = Replicates.create(partial(MLP, [196, *experiment.HIDDEN, 10]), SEEDS), images().x_train.std(0)
    params, chosen = [], []
    for i, seed in enumerate(SEEDS):
        generator = torch.Generator().manual_seed(seed)
        weights, mask = dict(masks.unstack(nets.params, i)), dict(masks.unstack(nets.full_mask(), i))
        drawn = {
            "layers.0.weight": torch.rand(300, 196, generator=generator).log() / vary.clamp(min=1e-9),
            "layers.1.weight": torch.rand(100, 300, generator=generator),
        }
        for (name, scores), kept in zip(drawn.items(), (TOTAL - experiment.SPARED - 774, 774), strict=True):
            mask[name] = keep_largest(scores, kept / scores.numel())
            inputs = mask[name].sum(1, keepdim=True).clamp(min=1)
            weights[name] = weights[name] * (scores.shape[1] / inputs).sqrt()
        params.append(masks.apply(mask, weights))
        chosen.append(mask)
    start, given = nets.with_params(masks.stack(params)), {"order": SEEDS, "batch_size": 128}
    now = train(start, images(), STEPS, mask=masks.stack(chosen), optimizer=Optimizer(lr=1e-2), **given)
    return (100 * evaluate(now.replicates, images())[1]).tolist()


def more_numbers() -> dict[int, list[float]]:
    """Small networks of two, three, four and six times the numbers: how many make up for not choosing?"""
    widths = {times: (times * TOTAL - 10) // 207 for times in (2, 3, 4, 6)}
    return {times: best_of(partial(MLP, [196, width, 10])) for times, width in widths.items()}


def two_hidden_layers() -> list[float]:
    """A small network as deep as the large one, of as many bytes as the pruned one."""
    return best_of(partial(MLP, [196, 28, 20, 10]))  # 6,306 numbers


def coarser_pixels() -> dict[str, list[float]]:
    """A quarter of the pixels leaves numbers for more hidden units: as many numbers, and as many bytes."""
    return {"numbers": best_of(partial(MLP, [49, 61, 10]), 49), "bytes": best_of(partial(MLP, [49, 106, 10]), 49)}


class Convolution(nn.Module):
    """Two small convolutions on 14 x 14 pixels and a linear layer: 3,585 numbers, shared over places."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 8, 3, stride=2, padding=1)  # 14 x 14 -> 7 x 7
        self.second = nn.Conv2d(8, 15, 3, stride=2, padding=1)  # 7 x 7 -> 4 x 4
        self.last = nn.Linear(240, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.first(x.view(-1, 1, 14, 14)))
        return self.last(torch.relu(self.second(x)).flatten(1))  # type: ignore[no-any-return]


def a_convolution() -> list[float]:
    """A small network of another kind, at two seeds and one rate: convolutions share their weights over places."""
    start = Replicates.create(Convolution, SEEDS[:2])
    nets = train(start, images(), STEPS, order=SEEDS[:2], batch_size=128, optimizer=Optimizer(lr=5e-3)).replicates
    return (100 * evaluate(nets, images())[1]).tolist()


def as_many_operations() -> dict[float, list[float]]:
    """The small network of as many bytes with ten times the steps, by learning rate."""
    found = {}
    for lr in (2.4e-3, 5e-3):
        start, optimizer = Replicates.create(partial(MLP, [196, 30, 10]), SEEDS), Optimizer(lr=lr)
        long = train(start, images(), 10 * STEPS, order=SEEDS, batch_size=128, optimizer=optimizer)
        found[lr] = (100 * evaluate(long.replicates, images())[1]).tolist()
    return found


def whole_units() -> list[float]:
    """A large dense network of which whole hidden units are pruned gradually, until it is as small as the small one.

    196-300-10, and 30 units are left: as many bytes as 3,700 numbers in CSR. A unit's score is the norm of its incoming
    weights times that of its outgoing ones.
    """
    begin, last = LESSON.dense_steps, STEPS
    cuts = Comparison(images(), replace(LESSON, nonzeros=(TOTAL,))).cuts(TOTAL)
    start, optimizer = Replicates.create(partial(MLP, [196, 300, 10]), SEEDS), Optimizer(lr=5e-3)
    given = {"order": SEEDS, "batch_size": 128, "optimizer": optimizer}
    dense = train(start, images(), begin, **given).replicates
    final = experiment.Comparison(images()).density(TOTAL)
    for now in training(dense, images(), last, first_step=begin, **given):
        if now.step in cuts:
            left = 30 + round((cuts[now.step] - final) / (1 - final) * 270)  # along the same schedule
            into, out = now.params["layers.0.weight"], now.params["layers.1.weight"]  # (R, 300, 196), (R, 10, 300)
            score = into.norm(dim=2) * out.norm(dim=1)  # (R, 300)
            kept = torch.zeros_like(score, dtype=torch.bool).scatter(1, score.topk(left).indices, True)
            now.mask = {
                "layers.0.weight": kept[:, :, None].expand_as(into).clone(),
                "layers.1.weight": kept[:, None, :].expand_as(out).clone(),
            }
    assert all(int(masks.unstack(now.mask, i)["layers.1.weight"].sum()) == 300 for i in range(len(SEEDS)))
    return (100 * evaluate(now.replicates, images())[1]).tolist()
