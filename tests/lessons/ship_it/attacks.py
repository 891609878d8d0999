"""How the verdicts of the lesson on shipping were attacked. Each function takes about a minute of one thread, or less.

Networks are of seeds that the stored run did not use, at the stored run's best rates unless a function says otherwise.
Leads are percentage points of test accuracy at equal bytes, few bits (or both) over pruned weights in 16 bits.
"""

import lzma
from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd
import torch
from torch.nn.functional import cross_entropy, kl_div

from lthedu import data
from lthedu.experiments import paper_results
from lthedu.lessons.ship_it import analysis, middle
from lthedu.lessons.ship_it.experiment import BOTH, HALF, LEVELS, PAPER, PRUNED, SMALL, Shrunk
from lthedu.lessons.ship_it.middle import EARLY, RANDOM, SCRATCH
from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.pruning import keep_largest
from lthedu.sparsity import at_scale, best_scale, of_levels

Found = dict[str, float]
OTHER = (10, 11, 12)
PRUNED_WAYS = tuple((HALF, d) for d in (0.2, 0.1, 0.05))
LEVEL_WAYS = ((4, 1.0), (3, 1.0), (2, 1.0))
AT_55_KB = ((HALF, 0.1), (HALF, 0.05), (2, 1.0))
RATES = (2e-3, 8e-3)  # near the best of few bits, and of pruned weights


@cache
def stored() -> pd.DataFrame:
    """Of the stored run, what was trained again, each at its own rate."""
    rows = analysis.own_ways(paper_results.load("ship_it").table)
    return rows[rows["more"] > 0]


def run(pooled: bool = False, **changes: Any) -> pd.DataFrame:
    mnist = data.load("mnist")
    settings = replace(PAPER, seeds=OTHER, rates=RATES, **{"more": 0, **changes})
    table = Shrunk(data.pooled(mnist) if pooled else mnist, settings).run()
    own = analysis.at_own_rate(table)
    return own[own["more"] > 0] if settings.more else own


def led(table: pd.DataFrame, arm: str = LEVELS, other: str = PRUNED) -> Found:
    """Mean leads where both are in range, by bits, density and width."""
    found = analysis.leads(table, arm, other)
    return {f"{row.bits} bits, {row.density:g}, {row.width}": round(row.lead, 2) for row in found.itertuples()}


def other_seeds() -> Found:
    """Does the order hold without training for networks that had no part in it?"""
    return led(run(ways=PRUNED_WAYS + LEVEL_WAYS))


def each_layer_its_share() -> Found:
    """Pruning at equal shares of every layer, without training."""
    return led(run(ways=PRUNED_WAYS + LEVEL_WAYS, scope="layer"))


def other_seeds_trained() -> Found:
    """Do 2 bits and pruned weights stay close after training, for networks that had no part in it?"""
    return led(run(ways=AT_55_KB, more=500))


def three_times_the_training() -> Found:
    """1,500 steps after rounding or pruning in place of 500; pooled pixels, so that it fits into a minute."""
    return led(run(pooled=True, ways=AT_55_KB, more=1500))


def without_zip() -> Found:
    """Files packed by the bit, which are not zipped: from the stored run."""
    return led(of_784().assign(bytes=of_784()["packed"]))


def both_without_zip() -> Found:
    return led(of_784().assign(bytes=of_784()["packed"]), BOTH, PRUNED)


def of_784() -> pd.DataFrame:
    return stored()[stored()["pixels"] == 784]


def small_on_all_pixels() -> Found:
    """Small dense networks that read all pixels, over pruned weights in 4 bits: from the stored run."""
    return led(of_784(), SMALL, BOTH)


def small_on_pooled_pixels() -> Found:
    """Small dense networks of pooled pixels, over pruned weights in 4 bits that read all: from the stored run."""
    small = stored()[(stored()["arm"] == SMALL) & (stored()["pixels"] == 196)]
    return led(pd.concat([of_784()[of_784()["arm"] == BOTH], small]), SMALL, BOTH)


def all_on_pooled_pixels() -> Found:
    """Small dense networks over pruned weights in 4 bits, where both read pooled pixels: from the stored run."""
    return led(stored()[stored()["pixels"] == 196], SMALL, BOTH)


def another_zip() -> Found:
    """Bytes of a first layer with zeros by LZMA, over its bytes by raw values and the mask's entropy."""
    from lthedu.sparsity import format_bytes

    shrunk = Shrunk(data.load("mnist"), replace(PAPER, seeds=(10,), ways=(), steps=400))
    shrunk.run()
    assert shrunk.dense is not None
    weight, found = shrunk.dense.params["layers.0.weight"][0], {}
    for density in (0.5, 0.1, 0.02):
        mask = {"w": keep_largest(weight.abs(), density)}
        sparse = masks.apply(mask, {"w": weight})["w"]
        packed = len(lzma.compress(sparse.numpy().tobytes(), preset=9))
        found[f"{density:g}"] = round(packed / format_bytes(sparse)["mask's entropy"], 3)
    return found


@cache
def in_the_middle(at: int = 400, rates: tuple[float, ...] = (4e-3, 8e-3)) -> Found:
    """Accuracy of early-bird, random neurons and the same shape from scratch, at other seeds."""
    settings = replace(middle.SIZES.paper, seeds=OTHER, at=at, rates=rates, arms=(EARLY, RANDOM, SCRATCH))
    table = middle.Middle(data.load("mnist"), settings).run()
    own = analysis.at_own_rate(table, ("arm", "density"))
    return {str(arm): round(100 * one, 2) for arm, one in own.groupby("arm")["accuracy"].mean().items()}


def pruned_earlier() -> Found:
    """Neurons go after 150 steps in place of 400."""
    return in_the_middle(at=150)


def pruned_later() -> Found:
    """Neurons go after 700 steps of 1,000."""
    return in_the_middle(at=700)


def distilled(width: int = 68, heat: float = 2.0, soft: float = 0.9) -> Found:
    """Small dense networks of pooled pixels that learn from labels, or mostly from what a large network answers.

    Accuracy in 32 bits and rounded to 4 afterwards, mean of three networks, 1,500 steps at 8e-3.
    """
    mnist = data.load("mnist")
    small = data.pooled(mnist)
    teacher = Shrunk(mnist, replace(PAPER, seeds=OTHER, ways=()))
    teacher.run()
    assert teacher.dense is not None
    found: dict[str, list[float]] = {}
    for i, seed in enumerate(OTHER):
        with torch.no_grad():
            taught = teacher.dense.module(i)(mnist.x_train) / heat
        for name, share in (("labels", 0.0), ("distilled", soft)):
            torch.manual_seed(seed)
            network = MLP([196, width, width // 3, 10])
            adam = torch.optim.Adam(network.parameters(), lr=8e-3)
            falls = torch.optim.lr_scheduler.CosineAnnealingLR(adam, 1500)
            for _ in range(1500):
                rows = torch.randint(len(taught), (128,))
                logits = network(small.x_train[rows])
                own = cross_entropy(logits, small.y_train[rows])
                away = kl_div(
                    (logits / heat).log_softmax(1), taught[rows].log_softmax(1), log_target=True, reduction="batchmean"
                )
                adam.zero_grad()
                ((1 - share) * own + share * heat**2 * away).backward()
                adam.step()
                falls.step()
            for bits in (32, 4):
                with torch.no_grad():
                    if bits == 4:
                        for p in network.parameters():
                            if p.ndim == 2:
                                p.copy_(of_levels(*at_scale(p, best_scale(p, 4), 4)))
                    right = (network(small.x_test).argmax(1) == small.y_test).double().mean()
                found.setdefault(f"{name}, {bits} bits", []).append(100 * float(right))
    return {name: round(sum(values) / len(values), 2) for name, values in found.items()}
