"""Networks that are sparse from their first step: with masks that stay or move, beside other shapes and dense ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Annotated, Any

import numpy as np
import torch
from torch import Tensor

from lthedu import data as datasets
from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Count, Fraction, Share, Whole
from lthedu.base.streams import derive, generator
from lthedu.experiments import Densities, Experiment, Keep, Seeded, Sizes
from lthedu.lessons.sparse_from_the_start.arms import ARMS, COUNTS, LAST, RIGL, SET, STATIC, Arm, Chosen, Grows
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.networks.models import MLP
from lthedu.pruning import (
    absolute,
    drop_and_grow,
    drop_fraction,
    er_densities,
    mask_by_input,
    random_scores,
    select,
    share_out,
    sparse_start,
    swap_across,
    swap_each,
)
from lthedu.pruning.drop_grow import Swap
from lthedu.sparsity import matching_width, step_cost
from lthedu.training import Optimizer, Progress, RateSchedule, Replicates, Step, evaluate

LEVELS = (0.94, 0.95, 0.96, 0.97)  # validation accuracies, of which is noted when they are reached
REACHED = [f"steps to {100 * level:g} %" for level in LEVELS]
COLUMNS = ["arm", "density", "weights", "lr", "steps", "replicate", "val", "accuracy", "cost", "tried", *REACHED]


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What the experiment does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(densities=(1.5,))
    Traceback (most recent call last):
    ValueError: Settings: densities[0] is 1.5; allowed: a number above 0 and below 1
    """

    arms: Annotated[tuple[str, ...], AtLeast(1)] = (STATIC, SET, RIGL)
    densities: Densities = (0.01,)  # of LeNet-300-100; the other shapes have as many weights
    rates: Annotated[tuple[Annotated[float, Above(0)], ...], AtLeast(1)] = (0.016,)
    steps: Count = 1000
    batch_size: Count = 128
    every: Count = 100  # steps from one move of the mask to the next
    until: Annotated[float, Above(0, high=1)] = 0.75  # of all steps; then the mask stays
    first: Fraction = 0.3  # share of the weights exchanged at first
    memory: Share = 0.9  # of the mean gradient
    watch: Whole = 0  # steps between looks at the validation accuracy; 0 is never

    def __post_init__(self) -> None:
        super().__post_init__()
        for arm in self.arms:
            if arm not in ARMS:
                raise ValueError(
                    f"arms names {arm!r}; allowed: the names in `arms.ARMS`, such as {', '.join([*ARMS][:3])}"
                )
        if {COUNTS, LAST} & set(self.arms) and RIGL not in self.arms:
            raise ValueError(f"arms names masks of RigL's and not {RIGL!r}; add it before them")


LESSON = Settings()
SIZES = Sizes(
    tiny=replace(LESSON, seeds=(0, 1), densities=(0.1,), steps=8, batch_size=20, every=2),
    lesson=LESSON,
    paper=replace(LESSON, rates=(8e-3, 1.6e-2, 3.2e-2, 6.4e-2)),
)
scaled_settings = SIZES.now


@typed
@dataclass(eq=False)
class Sparse(Experiment[Settings]):
    """Every arm at every density and rate, trained for the same steps: a row a network.

    `weights` counts what a network has at every step, without biases; `cost` are the multiplications of its training
    for one example of each minibatch, in millions; `tried` is the share of its places that ever had a weight. Of
    `REACHED`, each is the first step looked at with that validation accuracy, NaN where there is none. Every arm takes
    its gradient step and then moves its mask. `seen` holds, of the arms whose masks may move, the first layer's masks
    (R, out, in) by step. `swap` exchanges the weights of one layer.

    >>> mnist = datasets.load("mnist", device="cpu").first(200, 50, 50)
    >>> Sparse(mnist, SIZES.tiny).run()["arm"].unique().tolist()
    ['static', 'SET', 'RigL']
    """

    COLUMNS = COLUMNS
    functions = {"swap": drop_and_grow}
    stream = "sparse order"

    settings: Settings = LESSON
    swap: Swap = field(default=drop_and_grow)

    def __post_init__(self) -> None:
        self.seen: dict[tuple[str, float], dict[int, Tensor]] = {}  # by arm and density, of the last rate
        self.ends: dict[tuple[str, float, float], Step] = {}  # by arm, density and rate: as it was after the last step
        self.inputs = [self.data]  # by how many times its pixels were pooled
        for _ in range(max(ARMS[arm].pooled for arm in self.settings.arms)):
            self.inputs.append(datasets.pooled(self.inputs[-1]))

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train every arm at every density and rate."""
        s = self.settings
        plan = [(density, arm, lr) for density in s.densities for arm in s.arms for lr in s.rates]
        if not any(ARMS[arm].chosen != "all" or not ARMS[arm].hidden for arm in s.arms):
            plan = [(1.0, arm, lr) for arm in s.arms for lr in s.rates]
        for i, (density, arm, lr) in enumerate(plan):
            tick(i, len(plan), f"{arm}, {100 * density:g} % of the weights, at {lr:g}")
            self.run_arm(arm, density, lr)
        tick(len(plan), len(plan), "done")

    def run_arm(self, arm: str, density: float, lr: float) -> None:
        """Train the networks of one arm, and note what they are in the end."""
        now, found = self.train_arm(arm, density, lr)
        self.ends[arm, density, lr] = now
        self.record(arm, density, lr, now, found)

    def train_arm(self, arm: str, density: float, lr: float) -> tuple[Step, "Found"]:
        """Train the networks of one arm, moving their masks; the last step, and what was found on the way."""
        s, about = self.settings, ARMS[arm]
        data, start = self.inputs[about.pooled], self.start(arm, density)
        mask = start.full_mask() if about.chosen == "all" else self.first_mask(arm, density, start)
        if about.chosen != "all":
            start = start.with_params(sparse_start(start.params, mask))
        moves = range(s.every, int(s.until * s.steps), s.every) if about.grows != "never" else range(0)
        mean_until = moves[-1] if moves and about.grows in ("by mean gradient", "across layers") else 0
        found, mean = Found(mask, len(LEVELS)), dict[str, Tensor]()
        self.seen[arm, density] = {0: mask[next(iter(mask))]}
        named: dict[str, Any] = {"data": data, "mask": mask, "order": self.orders(about)}
        named |= {"optimizer": Optimizer(lr=lr, schedule=RateSchedule("cosine"))}
        for now in self.training(start, by="linear" if mean_until else "auto", **named):
            found.pay(dense=now.step <= mean_until or (about.grows == "by gradient" and now.step in moves))
            if now.step <= mean_until:
                mean = {n: s.memory * mean.get(n, 0) + (1 - s.memory) * now.grads[n] for n in mask}
            if now.step in moves:
                now.mask = self.moved(about.grows, now, mean)
                self.seen[arm, density][now.step] = now.mask[next(iter(mask))]
                found.move(now.mask)
            if s.watch and now.step % s.watch == 0:
                found.look(evaluate(now.replicates, data, "val")[1], now.step)
        return now, found

    def moved(self, grows: Grows, now: Step, mean: Params) -> Mask:
        """The next mask: where weights are exchanged by the rule of that name."""
        s = self.settings
        fraction = drop_fraction(now.step, int(s.until * s.steps), s.first)
        if grows == "across layers":
            return swap_across(now.params, now.mask, mean, fraction)
        if grows == "at random":
            scores = self.draws("grow", now.step, now.mask)
        else:
            scores = absolute(mean or {n: now.grads[n] for n in now.mask})
        return swap_each(now.params, now.mask, scores, fraction, swap=self.swap)

    def draws(self, name: str, step: int, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Random scores for every weight, those of a network from its own seed."""
        alone = masks.unstack(dict(like), 0)
        return masks.stack(
            [random_scores(alone, generator(seed, "sparse", name, step)) for seed in self.settings.seeds]
        )

    def start(self, arm: str, density: float) -> Replicates:
        """The arm's networks as they are drawn, dense. RigL's last masks meet other weights than found them."""
        about = ARMS[arm]
        seeds = self.settings.seeds
        if about.chosen == "RigL's mask":
            seeds = tuple(derive(seed, "sparse, from scratch") for seed in seeds)
        return self.create(lambda: MLP(self.widths(arm, density)), seeds)

    def widths(self, arm: str, density: float) -> list[int]:
        """The numbers of inputs, hidden neurons and outputs of an arm."""
        about = ARMS[arm]
        inputs = self.inputs[about.pooled].x_train[0].numel()
        outputs = int(self.data.y_train.max()) + 1
        numbers = self.kept(density) + sum(ARMS[STATIC].hidden) + outputs  # weights and biases
        hidden = about.hidden or (matching_width(numbers, inputs, outputs),)
        return [inputs, *hidden, outputs]

    def kept(self, density: float) -> int:
        """How many weights every sparse network has."""
        sizes = [self.data.x_train[0].numel(), *ARMS[STATIC].hidden, int(self.data.y_train.max()) + 1]
        return round(density * sum(a * b for a, b in pairwise(sizes)))

    def orders(self, about: Arm) -> list[int]:
        """The minibatch orders; that of a mask from RigL is another one than that in which it was found."""
        new = about.chosen == "RigL's mask"
        return [derive(seed, "sparse, another order") for seed in self.settings.seeds] if new else self.order

    def first_mask(self, arm: str, density: float, start: Replicates) -> Mask:
        """The masks at the first step, (R, ...) by name, exactly as many weights for each shape and arm."""
        chosen, one = ARMS[arm].chosen, masks.unstack(start.params, 0)
        if chosen == "RigL's mask":
            return self.best(RIGL, density).mask
        shares = self.shares(chosen, density, one)
        drawn = self.draws("mask", 0, {n: start.params[n] for n in shares})
        mask = masks.stack([select(masks.unstack(drawn, i), 0.5, own_density=shares) for i in range(len(start))])
        if chosen in ("spread", "RigL's counts"):
            name, wants = next(iter(mask)), self.wants(ARMS[arm], density)
            made = [
                mask_by_input(want, m, generator(seed, "sparse by pixel"))
                for want, m, seed in zip(wants, mask[name], self.settings.seeds, strict=True)
            ]
            mask[name] = torch.stack(made)
        return mask

    def shares(self, chosen: Chosen, density: float, one: Params) -> dict[str, float]:
        """The density of each layer of one network."""
        sizes, kept = {name: one[name].numel() for name in masks.prunable(one)}, self.kept(density)
        if chosen != "equal shares":
            return er_densities(one, kept / sum(sizes.values()))
        *hidden, last = sizes
        counts = share_out(kept - sizes[last], [sizes[n] for n in hidden], [sizes[n] for n in hidden])
        return {n: count / sizes[n] for n, count in zip(hidden, counts, strict=True)} | {last: 1.0}

    def wants(self, about: Arm, density: float) -> Tensor:
        """How many weights each pixel should have, up to a factor, (R, pixels)."""
        if about.chosen == "spread":
            return self.inputs[about.pooled].x_train.flatten(1).std(0).expand(len(self.settings.seeds), -1)
        mask = self.best(RIGL, density).mask
        return mask[next(iter(mask))].sum(1)  # (R, pixels)

    def best(self, arm: str, density: float) -> Step:
        """The end of an arm's training at the rate at which it is best on the validation split."""
        rows = self.table
        val = rows[(rows["arm"] == arm) & (rows["density"] == density)].groupby("lr")["val"].mean()
        best: Any = val.idxmax()
        return self.ends[arm, density, best]

    def record(self, arm: str, density: float, lr: float, now: Step, found: "Found") -> None:
        """Note a row for each network."""
        data = self.inputs[ARMS[arm].pooled]
        val, test = (evaluate(now.replicates, data, split)[1].numpy(force=True) for split in ("val", "test"))
        about = {"arm": arm, "density": density, "lr": lr, "steps": self.settings.steps}
        measured = {"weights": found.kept.sum(1), "val": val, "accuracy": test, "cost": found.cost / 1e6}
        measured["tried"] = np.array([masks.density(masks.unstack(found.tried, i)) for i in range(len(val))])
        self.note(about, **measured, **dict(zip(REACHED, found.reached.T, strict=True)))


@typed
class Found:
    """What is found while networks train: what their steps cost, where weights were, and when levels were reached."""

    def __init__(self, mask: Mask, levels: int) -> None:
        networks = len(next(iter(mask.values())))
        self.whole = [m[0].numel() for m in mask.values()]
        self.tried, self.cost = masks.clone(mask), np.zeros(networks)
        self.reached = np.full((networks, levels), np.nan)
        self.move(mask)

    def move(self, mask: Mask) -> None:
        """Masks are these from here on."""
        self.tried = {n: t | mask[n] for n, t in self.tried.items()}
        self.kept = np.array([m.flatten(1).sum(1).tolist() for m in mask.values()]).T  # (R, layers)
        self.price = {
            dense: np.array([step_cost(kept.tolist(), self.whole if dense else ()) for kept in self.kept])
            for dense in (False, True)
        }

    def pay(self, dense: bool) -> None:
        """A step was taken, with the gradient of every weight where it is `dense`."""
        self.cost += self.price[dense]

    def look(self, accuracy: Tensor, step: int) -> None:
        """Write `step` where a level is reached for the first time."""
        now = accuracy.numpy(force=True)[:, None] >= np.array(LEVELS)
        self.reached[now & np.isnan(self.reached)] = step
