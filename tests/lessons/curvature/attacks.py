"""How the verdicts of the lesson on curvature were attacked. Each function takes less than a minute of an idle core.

The seeds are none of the lesson's own, unless a function says so. Shares are in percent, means over five networks.
"""

from dataclasses import replace

import torch

from lthedu import data
from lthedu.lessons.curvature.deletions import CUT, ON, SMALL, Deletions, at_best
from lthedu.lessons.curvature.experiment import (
    ARMS,
    BULK,
    DOMINANT,
    LARGEST,
    LESSON,
    SAME_INPUT,
    SGD,
    Overlap,
    Restricted,
    Settings,
)

SEEDS = tuple(range(40, 45))
OURS = replace(LESSON, seeds=SEEDS, looks=(20, 100, 400))
Found = dict[str, float]


def digits() -> data.Dataset:
    return data.pooled(data.load("mnist"))


def shares(settings: Settings = OURS, dataset: data.Dataset | None = None) -> dict[str, list[float]]:
    """The share along the top directions at each look."""
    table = Overlap(dataset or digits(), settings).run()
    by = (100 * table.groupby(["arm", "step"])["share"].mean()).round(1)
    return {arm: by[arm].tolist() for arm in ARMS}


AT_ONE_RATE = replace(OURS, rates=(0.1,))


def progress(settings: Settings = AT_ONE_RATE, renew: int | None = None) -> Found:
    """What steps along and beside the directions achieve, in percent of what whole steps do."""
    experiment = Restricted(digits(), settings, renew=renew)
    table = experiment.run()
    gained = (table["before"] - table["loss"]).groupby([table["way"], table["lr"]]).mean().unstack(0)
    last = gained.iloc[-1]
    return {way: round(100 * float(last[way] / last[SGD]), 1) for way in (DOMINANT, BULK)}


def pixels_from_0_to_1() -> dict[str, list[float]]:
    """Inputs that are not standardised."""
    mnist = digits()
    low = float(mnist.x_train.min())
    spread = float(mnist.x_train.max()) - low
    raw = {f"x_{s}": (getattr(mnist, f"x_{s}") - low) / spread for s in ("train", "val", "test")}
    return shares(dataset=replace(mnist, **raw))


def two_hidden_layers() -> dict[str, list[float]]:
    return shares(replace(OURS, sizes=(196, 32, 32, 10)))


def ten_times_the_steps() -> Found:
    return progress(replace(AT_ONE_RATE, steps=3000))


def random_directions() -> Found:
    """Nine random directions in the place of the top ones: does leaving out any nine matter?"""

    class Random(Restricted):
        def bases(self, params):
            shape = sum(p[0].numel() for p in params.values()), self.settings.top
            coins = [torch.Generator().manual_seed(seed) for seed in self.settings.seeds]
            return [torch.linalg.qr(torch.randn(shape, generator=coin)).Q for coin in coins]

    table = Random(digits(), AT_ONE_RATE).run()
    gained = (table["before"] - table["loss"]).groupby(table["way"]).mean()
    return {way: round(100 * float(gained[way] / gained[SGD]), 1) for way in (DOMINANT, BULK)}


def masks_at_other_seeds() -> Found:
    """What the control with equal counts at each input holds of what the largest weights hold beyond chance."""
    experiment = Overlap(digits(), replace(OURS, looks=(400,)))
    experiment.run()
    held: dict[tuple[str, float], list[float]] = {}
    for arm, density, _, share in experiment.masks:
        held.setdefault((arm, density), []).append(share - density)
    return {f"{100 * d:g}": round(100 * sum(held[SAME_INPUT, d]) / sum(held[LARGEST, d]), 1) for d in OURS.densities}


def obs_at_other_seeds() -> dict[str, list[float]]:
    """Rise of the loss at 20 %, as cut and trained on at 0.6, with damping 0.01."""
    arms = ("magnitude", "OBD", "OBS", "OBS score, no update", "OBD, then update")
    few = {"densities": (0.2,), "again": (0.2,), "dampings": (1e-3, 1e-2), "rates_on": (0.6,)}
    table = Deletions(data.pooled(digits()), replace(SMALL, seeds=SEEDS, arms=arms, **few)).run()
    mean = at_best(table.astype({"damping": float, "lr": float})).groupby(["arm", "when"])["rise"].mean()
    return {arm: [round(float(mean[arm, when]), 3) for when in (CUT, ON)] for arm in arms}
