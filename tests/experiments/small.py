"""Every experiment at its tiny size, cut into parts: what the tests here and the fault campaign run."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lthedu import data
from lthedu.experiments import Experiment
from lthedu.experiments.study import settings
from lthedu.experiments.study.study import Study
from lthedu.lessons.many_small_lotteries import experiment as lottery
from lthedu.lessons.pieces import experiment as counting
from lthedu.lessons.pieces import residual
from lthedu.lessons.pruning_basics import experiment as compare
from lthedu.lessons.rewinding import experiment as rewinding
from lthedu.lessons.search_without_gradients import experiment as contest
from lthedu.lessons.supermasks import experiment as widths
from lthedu.lessons.supermasks import rates
from lthedu.lessons.zeros_and_signs import experiment as deconstruction
from lthedu.networks.models import MLP


def digits(pools: int = 0) -> data.Dataset:
    found = data.load("mnist", device="cpu").first(100, 40, 40)
    for _ in range(pools):
        found = data.pooled(found)
    return found


def mlp() -> MLP:
    return MLP([784, 20, 10])


EVERY: dict[str, Callable[[Path], Experiment]] = {  # of a folder for what they write
    "study": lambda folder: Study(
        digits(), mlp, replace(settings.SIZES.tiny, levels=2, rewind_step=2, seeds_per_part=1)
    ),
    "rewinding": lambda folder: rewinding.Rewinding(
        digits(1),
        replace(rewinding.SIZES.tiny, densities=(0.3,), ks=(0, 2), few_ks=(0,), steps=8, seeds_per_part=1),
    ),
    "lottery": lambda folder: lottery.Lottery(digits(), lottery.SIZES.tiny),
    "counting": lambda folder: counting.Counting(
        digits(1), replace(counting.SIZES.tiny, steps=2, batch_size=32, seeds_per_part=1)
    ),
    "residual": lambda folder: residual.ByDepth(
        digits(),
        residual.Settings(seeds=(0, 1), depths=(2,), width=4, steps=2, batch_size=32, images=60, seeds_per_part=1),
    ),
    "compare": lambda folder: compare.Comparison(
        digits(), replace(compare.SIZES.tiny, nonzeros=(3_700,), dense_steps=2, steps=3, seeds_per_part=1)
    ),
    "deconstruction": lambda folder: deconstruction.Deconstruction(
        digits(1),
        replace(
            deconstruction.SIZES.tiny, seeds=(0, 1, 2, 3), retrained=(0.2,), steps=2, batch_size=32, seeds_per_part=2
        ),
    ),
    "widths": lambda folder: widths.Supermasks(digits(1), replace(widths.SIZES.tiny, batch_size=32, seeds_per_part=1)),
    "contest": lambda folder: contest.Contest(digits(2), replace(contest.SIZES.tiny, budget=200, seeds_per_part=1)),
    "rates": lambda folder: rates.Rates(
        digits(1),
        rates.Settings(
            replace(widths.SIZES.tiny, batch_size=32),
            dict.fromkeys(rates.RATES, (0.1,)),
            {"edge-popup": (0.1,)},
            depths=(1, 2),
            longer=(4,),
        ),
    ),
}
