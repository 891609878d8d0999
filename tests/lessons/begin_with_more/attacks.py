"""How the verdicts of the lesson on beginning with more were attacked. Each takes less than a minute of one thread.

Numbers are mean test accuracies in percent of five networks whose seeds are none of the lesson's own, or mean overlaps,
unless it says otherwise. Each plan has its own rate from the stored run.
"""

from dataclasses import replace
from functools import cache
from typing import Any

import torch
from torch import Tensor

from lthedu import data
from lthedu.base.streams import derive, generator
from lthedu.data import Dataset
from lthedu.experiments import paper_results
from lthedu.lessons.begin_with_more import analysis, memory, plans, widths
from lthedu.lessons.begin_with_more.experiment import LESSON, Growing
from lthedu.lessons.begin_with_more.plans import AT_RANDOM, FAST, GROWN, PEAK, PLANS, RIGL, SET, STATIC, TWICE, Plan
from lthedu.lessons.begin_with_more.studies import EVERY
from lthedu.networks.hopfield import hebb, recall, strongest_pairs
from lthedu.networks.models import MLP
from lthedu.training import Optimizer, RateSchedule, evaluate

SEEDS = tuple(range(40, 45))
MAIN = (RIGL, FAST, PEAK, GROWN)
Found = dict[str, float]


@cache
def half() -> Dataset:
    return data.pooled(data.load("mnist"))


@cache
def stored() -> Any:
    return paper_results.load("begin_with_more").table


@cache
def own() -> Any:
    return analysis.of_plans(stored())


def rate(arm: str, steps: int) -> float:
    """An arm's best rate in the stored run."""
    rows = own()
    return float(rows.loc[(rows["arm"] == arm) & (rows["steps"] == steps), "lr"].iloc[0])


def run(
    arms: tuple[str, ...], steps: int = 500, pictures: Dataset | None = None, times: float = 1, **changes: Any
) -> Found:
    """The mean accuracy of each arm at its own rate, `times` it."""
    ways = tuple((arm, times * rate(arm, steps)) for arm in arms)
    settings = replace(LESSON, seeds=SEEDS, ways=ways, steps=steps, every=EVERY[steps], **changes)
    table = Growing(pictures or half(), settings).run()
    return {str(arm): round(100 * float(y.mean()), 2) for arm, y in table.groupby("arm", sort=False)["accuracy"]}


def other_seeds() -> Found:
    """The plans after 500 steps."""
    return run((STATIC, *MAIN, TWICE))


def three_times_the_steps_at_less_cost() -> Found:
    """RigL for 1,600 steps, which costs less than each of the others does in 500."""
    return run((RIGL,), steps=1600)


def larger_layers() -> Found:
    """Hidden layers of 300 and 100."""
    return run(MAIN, hidden=(300, 100)) | {"RigL, 1600": run((RIGL,), 1600, hidden=(300, 100))[RIGL]}


def one_small_layer() -> Found:
    """One hidden layer of 60."""
    return run(MAIN, hidden=(60,)) | {"RigL, 1600": run((RIGL,), 1600, hidden=(60,))[RIGL]}


def on_signals() -> Found:
    """MNIST-1D in place of digits, at a quarter of each rate to twice the rate: the best one."""
    signals = data.load("mnist1d")
    tries = [run(MAIN, pictures=signals, times=times) for times in (0.25, 0.5, 1, 2)]
    longer = [run((RIGL,), 1600, pictures=signals, times=times)[RIGL] for times in (0.25, 0.5, 1, 2)]
    return {arm: max(one[arm] for one in tries) for arm in MAIN} | {"RigL, 1600": max(longer)}


def with_plans(more: dict[str, Plan], like: str, steps: int = 500) -> Found:
    """Plans of another shape, at the rate of one that is like them and at twice and half of it: the best."""
    found: Found = {}
    before = dict(PLANS)
    try:
        PLANS.update(more)  # type: ignore[attr-defined]
        for name in more:
            every = []
            for times in (0.5, 1, 2):
                ways = ((name, times * rate(like, steps)),)
                settings = replace(LESSON, seeds=SEEDS, ways=ways, steps=steps, every=EVERY[steps])
                every.append(100 * Growing(half(), settings).run()["accuracy"].mean())
            found[name] = round(float(max(every)), 2)
    finally:
        PLANS.clear()  # type: ignore[attr-defined]
        PLANS.update(before)  # type: ignore[attr-defined]
    return found


def other_peaks() -> Found:
    """Growing to 15 or to 80 %, and growing late."""
    e = plans.END
    shapes = {
        "to 15 %": ((0.0, e), (0.03, 0.15), (0.1, 0.08), (0.3, e)),
        "to 80 %": ((0.0, e), (0.03, 0.8), (0.1, 0.2), (0.3, e)),
        "late": ((0.0, e), (0.5, 0.4), (0.75, e)),
    }
    return with_plans({name: Plan(points, "by gradient", exchanges=True) for name, points in shapes.items()}, GROWN)


def at_equal_multiplications() -> Found:
    """RigL less other plans at what their trainings cost in multiplications, the dense gradients of growth included."""
    paid = own().assign(integral=own()["cost"])
    return {
        f"{arm}, {steps}": round(float(analysis.at_equal_integral(paid, arm, steps).mean()), 2)
        for arm in (GROWN, FAST)
        for steps in (150, 500, 1600, 5000)
    }


def with_random_growth() -> Found:
    """At equal integrated density, networks that grow at random: SET less plans with a surplus."""
    pairs = ((GROWN, 150), (GROWN, 500), (GROWN, 1600), (AT_RANDOM, 500), (FAST, 500), (FAST, 1600))
    return {
        f"{arm}, {steps}": round(float(analysis.at_equal_integral(own(), arm, steps, SET).mean()), 2)
        for arm, steps in pairs
    }


def masks_from_scratch() -> Found:
    """The last masks of each plan, with new weights and another order, for 500 steps: is it the mask?"""
    found = {}
    for arm in (RIGL, FAST, PEAK, GROWN):
        one = Growing(half(), replace(LESSON, seeds=SEEDS, ways=((arm, rate(arm, 500)),)))
        ends = one.run_arm(arm, rate(arm, 500))
        seeds = [derive(seed, "begin with more", "from scratch") for seed in SEEDS]
        start = one.create(lambda: MLP([196, *LESSON.hidden, 10]), seeds)
        from lthedu.pruning import sparse_start

        start = start.with_params(sparse_start(start.params, ends.mask))
        rule = Optimizer(lr=rate(STATIC, 500), schedule=RateSchedule("cosine"))
        again = one.train(start, mask=ends.mask, optimizer=rule, order=seeds).replicates
        found[arm] = round(100 * float(evaluate(again, half())[1].mean()), 2)
    return found


# Memory ------------------------------------------------------------------------------------------------------


def overlaps(patterns: int = 24, **changes: Any) -> Found:
    """The mean overlaps of all arms."""
    settings = replace(memory.LESSON, seeds=SEEDS, patterns=(patterns,), **changes)
    return {
        str(a): round(float(y.mean()), 3) for a, y in memory.recalled(settings).groupby("arm", sort=False)["overlap"]
    }


def more_noise() -> Found:
    """20 % of the units flipped."""
    return overlaps(flipped=0.2)


def twice_the_units() -> Found:
    """800 units and 48 patterns."""
    return overlaps(48, units=800)


def a_larger_budget() -> Found:
    """30 % of the pairs, and 40 patterns."""
    return overlaps(40, budget=0.3)


def corrected(mask: Tensor, stored: Tensor, margin: float, epochs: int = 100) -> Tensor:
    """Weights on these places that are corrected until each unit is right by a margin, and not by Hebb's rule."""
    weights = torch.zeros(mask.shape)
    for _ in range(epochs):
        wrong = (stored * (stored @ weights.T) < margin * (weights.norm(dim=1) + 1e-9)).float()
        if not wrong.any():
            break
        weights = (weights + (wrong * stored).T @ stored / len(stored)) * mask
    return weights


def a_better_rule(patterns: int = 16) -> Found:
    """Random places with weights that correct their errors, at the best of three margins, beside Hebb's."""
    s, found = (
        memory.LESSON,
        {"strongest, Hebb": 0.0, "random, Hebb": 0.0, "random, corrected": 0.0, "strongest, corrected": 0.0},
    )
    for seed in SEEDS:
        draw = generator(seed, "memory", s.units, patterns)
        stored = memory.random_patterns(patterns, s.units, draw)
        weights, chance = hebb(stored), torch.rand(s.units, s.units, generator=draw)
        chance = torch.maximum(chance, chance.T)
        flips = torch.rand(stored.shape, generator=draw).argsort(1).argsort(1) < s.units // 10
        shown = torch.where(flips, -stored, stored)
        for name, scores in (("strongest", weights.abs() + chance), ("random", chance)):
            mask = strongest_pairs(scores, memory.budget(s))
            every = [corrected(mask, stored, margin) for margin in (0.3, 1.0, 2.0)]
            best = max(float((recall(one, shown, s.steps) * stored).mean()) for one in every)
            found[f"{name}, corrected"] += best / len(SEEDS)
            found[f"{name}, Hebb"] += float((recall(weights * mask, shown, s.steps) * stored).mean()) / len(SEEDS)
    return {name: round(value, 3) for name, value in found.items()}


# Width -------------------------------------------------------------------------------------------------------


def other_seeds_by_width() -> dict[int, float]:
    """Tickets from 32, 128 and 512 units at their own rates of the stored run, last round ten times as long."""
    tickets = analysis.of_widths(stored())
    found = {}
    for width in (32, 128, 512):
        rows = tickets[tickets["study"] == f"from {width} units"]
        settings = replace(
            widths.LESSON,
            seeds=SEEDS,
            widths=(width,),
            rates=(float(rows["lr"].iloc[0]),),
            last=3000,
            last_rates=(float(rows["last_lr"].iloc[0]),),
        )
        found[width] = round(100 * float(widths.Widths(half(), settings).run()["accuracy"].mean()), 2)
    return found
