"""Networks that end with equally many weights, and had more, or fewer, or others while they learned."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import numpy as np
import torch

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Count, Fraction
from lthedu.base.streams import generator
from lthedu.experiments import Experiment, Keep, Seeded, Sizes
from lthedu.lessons.begin_with_more.plans import (
    DONE,
    FAST,
    GROWN,
    PEAK,
    PLANS,
    RIGL,
    STATIC,
    TWICE,
    Grows,
    Plan,
    Points,
)
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.networks.models import MLP
from lthedu.pruning import (
    absolute,
    drop_fraction,
    mask_by_input,
    random_scores,
    resize,
    select,
    sparse_start,
    through,
)
from lthedu.sparsity import step_cost, weight_steps
from lthedu.training import Optimizer, Progress, RateSchedule, Replicates, Step, evaluate

COLUMNS = ["arm", "steps", "lr", "replicate", "weights", "integral", "cost", "val", "accuracy"]
Rate = Annotated[float, Above(0)]
Ways = Annotated[tuple[tuple[str, Rate], ...], AtLeast(1)]  # arms, each with a learning rate


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What the experiment does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(steps=0)
    Traceback (most recent call last):
    ValueError: Settings: steps is 0; allowed: a whole number from 1 up
    """

    # each plan at the rate that was best in the stored run
    ways: Ways = ((STATIC, 0.03), (RIGL, 0.03), (FAST, 0.02), (PEAK, 0.03), (GROWN, 0.02), (TWICE, 0.015))
    hidden: tuple[Count, ...] = (150, 50)
    steps: Count = 500
    every: Count = 25  # steps from one move of the mask to the next
    first: Fraction = 0.3  # share of a layer's weights that is exchanged at first
    batch_size: Count = 64

    def __post_init__(self) -> None:
        super().__post_init__()
        for arm, _ in self.ways:
            if arm not in PLANS:
                raise ValueError(f"ways names {arm!r}; allowed: the names in `plans.PLANS`: {', '.join(PLANS)}")


LESSON = Settings()
SIZES = Sizes(
    tiny=replace(LESSON, seeds=(0, 1), hidden=(20, 10), steps=12, every=2, batch_size=20), lesson=LESSON, paper=LESSON
)
scaled_settings = SIZES.now


@typed
@dataclass(eq=False)
class Growing(Experiment[Settings]):
    """Networks of every plan, trained for the same steps: a row a network.

    `weights` counts what a network has in the end, without biases; `integral` is its integrated density, in steps of
    the dense network; `cost` are the multiplications of its training for one example of each minibatch, in millions,
    the dense gradients among them by which weights are grown. `schedule` gives the density of the hidden layers,
    `summed` adds up weights over steps. The output layer is never pruned.

    >>> from lthedu.data import load, pooled
    >>> mnist = pooled(load("mnist", device="cpu")).first(200, 50, 50)
    >>> Growing(mnist, SIZES.tiny).run()["arm"].unique().tolist()[:3]
    ['static', 'RigL', 'dense, pruned fast']
    """

    COLUMNS = COLUMNS
    functions = {"schedule": through, "summed": weight_steps}
    stream = "begin with more"

    settings: Settings = LESSON
    schedule: Callable[[Points, float], float] = field(default=through)
    summed: Callable[[Sequence[tuple[int, int]], int], int] = field(default=weight_steps)

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train the networks of every arm at its rate."""
        for i, (arm, lr) in enumerate(self.settings.ways):
            tick(i, len(self.settings.ways), f"{arm}, at {lr:g}")
            self.run_arm(arm, lr)

    def run_arm(self, arm: str, lr: float) -> Step:
        """Train the networks of one arm, resizing their masks, and note what they are in the end."""
        s, plan = self.settings, PLANS[arm]
        start = self.create(lambda: MLP([self.data.x_train[0].numel(), *s.hidden, 10]))
        whole = [p[0].numel() for n, p in start.params.items() if n in start.full_mask()]
        mask = self.first_mask(plan, start)
        start = start.with_params(sparse_start(start.params, mask))
        last = -(-int(DONE * s.steps) // s.every) * s.every  # the first move at which every schedule has ended
        if last >= s.steps and self.moves(plan):
            raise ValueError(
                f"every is {s.every} of {s.steps} steps; allowed: so few that masks are done before the end"
            )
        kept, cost = [(0, self.kept(mask, whole))], 0
        for now in self.training(start, mask=mask, optimizer=Optimizer(lr=lr, schedule=RateSchedule("cosine"))):
            moves = now.step % s.every == 0 and now.step <= last and self.moves(plan)
            cost += step_cost(kept[-1][1], whole if moves and plan.grows == "by gradient" else ())
            if moves:
                now.mask = self.moved(plan, now)
                kept.append((now.step, self.kept(now.mask, whole)))
        self.record(arm, lr, now, kept, cost, sum(whole))
        return now

    @staticmethod
    def moves(plan: Plan) -> bool:
        """Whether its masks ever change."""
        return len(plan.points) > 1 or plan.grows != "never"

    @staticmethod
    def kept(mask: Mask, whole: Sequence[int]) -> list[int]:
        """Weights of each layer of one network, the output layer's among them; all networks have equally many."""
        return [int(m[0].sum()) for m in mask.values()] + [whole[-1]]

    def first_mask(self, plan: Plan, start: Replicates) -> Mask:
        """Random masks of the hidden layers, (R, ...) by name, of the schedule's first density."""
        density = self.schedule(plan.points, 0.0)
        *hidden, _ = start.full_mask()
        drawn = self.draws("mask", 0, {n: start.params[n] for n in hidden})
        mask = masks.stack([select(masks.unstack(drawn, i), density) for i in range(len(start))])
        if plan.by_spread:
            spread = self.data.x_train.std(0)
            every = zip(mask[hidden[0]], self.settings.seeds, strict=True)
            mask[hidden[0]] = torch.stack(
                [mask_by_input(spread, m, generator(seed, "begin with more", "spread")) for m, seed in every]
            )
        return mask

    def moved(self, plan: Plan, now: Step) -> Mask:
        """The next masks, of the schedule's density at this step."""
        s = self.settings
        density = self.schedule(plan.points, now.step / s.steps)
        fraction = drop_fraction(now.step, max(1, int(DONE * s.steps)), s.first) if plan.exchanges else 0.0
        scores = self.scores(plan.grows, now)
        found = {}
        for name, mask in now.mask.items():
            count = round(density * mask[0].numel())
            swapped = int(fraction * min(count, int(mask[0].sum())))
            layers = zip(now.params[name], mask, scores[name], strict=True)
            found[name] = torch.stack([resize(w, m, g, count, swapped) for w, m, g in layers])
        return found

    def scores(self, grows: Grows, now: Step) -> Params:
        """What new weights are chosen by."""
        if grows == "never":
            return {n: torch.zeros_like(now.params[n]) for n in now.mask}
        if grows == "by gradient":
            return absolute({n: now.grads[n] for n in now.mask})
        return self.draws("grow", now.step, {n: now.params[n] for n in now.mask})

    def draws(self, name: str, step: int, like: Params) -> Params:
        """Random scores for every weight, those of a network from its own seed."""
        alone = masks.unstack(like, 0)
        every = (generator(seed, "begin with more", name, step) for seed in self.settings.seeds)
        return masks.stack([random_scores(alone, one) for one in every])

    def record(self, arm: str, lr: float, now: Step, kept: list[tuple[int, list[int]]], cost: int, whole: int) -> None:
        """Note a row for each network."""
        val, test = (evaluate(now.replicates, self.data, split)[1].numpy(force=True) for split in ("val", "test"))
        totals = [(step, sum(counts)) for step, counts in kept]
        about: dict[str, Any] = {"arm": arm, "steps": self.settings.steps, "lr": lr, "weights": totals[-1][1]}
        about |= {"integral": self.summed(totals, self.settings.steps) / whole, "cost": cost / 1e6}
        self.note(about, val=np.asarray(val), accuracy=np.asarray(test))
