"""How the verdict of the lesson on sparse training was attacked. Each function takes less than a minute of one thread.

Numbers are mean test accuracies in percent of five networks whose seeds are none of the lesson's own, unless it says
otherwise. All arms have one rate, at or beside the best of each in the stored run.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from lthedu import data
from lthedu.data import Dataset
from lthedu.lessons.sparse_from_the_start import arms
from lthedu.lessons.sparse_from_the_start.experiment import LESSON, Settings, Sparse
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.pruning import absolute, drop, drop_fraction, grow, swap_each
from lthedu.training.gradients import BatchedLinear

SEEDS = tuple(range(40, 45))
LIKE_THE_STORED_RUN = replace(LESSON, seeds=SEEDS, rates=(3.2e-2,))
Found = dict[str, float]


@cache
def mnist() -> Dataset:
    return data.load("mnist")


def accuracies(made: Sparse) -> Found:
    """The mean test accuracy of every arm, in percent."""
    found = 100 * made.run().groupby("arm", sort=False)["accuracy"].mean()
    return {str(arm): round(float(mean), 2) for arm, mean in found.items()}


def run(*names: str, made: Callable[..., Sparse] = Sparse, swap: Any = None, **changes: Any) -> Found:
    settings: Settings = replace(LIKE_THE_STORED_RUN, arms=names, **changes)
    return accuracies(made(mnist(), settings, **({"swap": swap} if swap else {})))


@cache
def static_and_rigl() -> Found:
    """The two rows between which everything else stands."""
    return run(arms.STATIC, arms.SET, arms.RIGL)


def controls_of_the_mask() -> Found:
    """RigL's counts at each pixel, its whole last mask from scratch, and a mask that follows how much pixels vary."""
    return run(arms.RIGL, arms.COUNTS, arms.LAST, arms.SPREAD, arms.SPREAD_RIGL)


def other_shapes() -> Found:
    """As many weights in one hidden layer of 60, on pooled pixels, and in a small dense network."""
    return run(arms.NARROW, arms.NARROW_RIGL, arms.POOLED, arms.POOLED_RIGL)


def small_dense_at_two_rates() -> dict[float, Found]:
    """As many weights in a small dense network on pooled pixels, at the stored run's best rate and at half of it."""
    return {rate: run(arms.SMALL_POOLED, rates=(rate,)) for rate in (1.6e-2, 8e-3)}


def three_times_the_steps() -> Found:
    """Does the lead only say that a static mask is slower?"""
    return run(arms.STATIC, arms.RIGL, steps=3000, rates=(1.6e-2,))


def as_many_exchanges(until: float = 0.25) -> Found:
    """Three times the steps and 7 exchanges, as in 1,000 steps, and not 22: does the lead grow with the steps alone?"""
    return run(arms.RIGL, steps=3000, rates=(1.6e-2,), until=until)


def two_fixes_together() -> Found:
    """60 neurons and pooled pixels at once, and a dense network on pixels that are pooled twice."""
    return run(arms.BOTH, arms.BOTH_RIGL, arms.BOTH_SPREAD, arms.SMALL_TWICE)


def two_fixes_for_longer() -> Found:
    """The same with three times the steps."""
    return run(arms.BOTH, arms.BOTH_RIGL, arms.BOTH_SPREAD, arms.SMALL_TWICE, steps=3000, rates=(1.6e-2,))


def spread_and_60_neurons() -> Found:
    """Does the mask that follows the pixels' spread help in a shape without unheard neurons, too, on all pixels?"""
    return run(arms.NARROW, arms.NARROW_SPREAD, arms.NARROW_RIGL)


def with_more_weights() -> Found:
    """2 % of LeNet's weights in the place of 1 %."""
    return run(arms.STATIC, arms.SET, arms.RIGL, densities=(0.02,), rates=(1.6e-2,))


class FromSpread(Sparse):
    """Every first mask follows the pixels' spread."""

    def first_mask(self, arm: str, density: float, start: Any) -> Mask:
        return super().first_mask(arms.SPREAD, density, start)


def grown_at_random_from_the_spread() -> Found:
    """Is growing by the gradient better than at random, from a good first mask as well?"""
    return run(arms.SET, arms.RIGL, made=FromSpread)


class LargeBatch(Sparse):
    """Grows by the gradient of 2,048 images in the place of 128."""

    def moved(self, grows: Any, now: Any, mean: Params) -> Mask:
        x, y = self.data.x_train[:2048], self.data.y_train[:2048]
        layers = [(f"layers.{i}.weight", f"layers.{i}.bias") for i in range(len(now.mask))]
        params, networks = now.params, len(next(iter(now.mask.values())))
        slopes = {name: torch.empty_like(p) for name, p in params.items()}
        many = (t.expand(networks, *t.shape) for t in (x, y))
        BatchedLinear(layers).gradients(nn.Identity(), params, {}, *many, slopes)
        fraction = drop_fraction(now.step, int(self.settings.until * self.settings.steps), self.settings.first)
        return swap_each(params, now.mask, absolute({n: slopes[n] for n in now.mask}), fraction)


def grown_by_a_large_batch() -> Found:
    """Is the gradient of one minibatch too noisy to grow by?"""
    return run(arms.RIGL, made=LargeBatch)


def moved_four_times_as_often() -> Found:
    """An exchange every 25 steps."""
    return run(arms.RIGL, every=25)


def dropped_at_random(seed: int = 0) -> Found:
    """Is it growing alone, and does it not matter what is dropped?"""
    coin = torch.Generator().manual_seed(seed)

    def swap(weights: Tensor, mask: Tensor, scores: Tensor, count: int) -> Tensor:
        return grow(drop(torch.rand(weights.shape, generator=coin), mask, count), scores, count)

    return run(arms.RIGL, swap=swap)


def grown_where_the_gradient_is_smallest() -> Found:
    """The rule upside down: worse than growing at random?"""
    return run(arms.RIGL, swap=lambda weights, mask, scores, count: grow(drop(weights, mask, count), -scores, count))


def the_published_drop_of_set() -> Found:
    """SET with the drop rule of exercise 13.4, as published, where the strongest negative weights go."""
    from lthedu.lessons.sparse_from_the_start.exercises import as_published

    return run(
        arms.SET, swap=lambda weights, mask, scores, count: grow(as_published(weights, mask, count), scores, count)
    )


@cache
def unheard() -> Found:
    """Neurons of the first hidden layer that no weight leads on from, of 300: at the start, and after RigL."""
    made = Sparse(mnist(), replace(LIKE_THE_STORED_RUN, arms=(arms.STATIC, arms.RIGL)))
    made.run()
    found = {}
    for arm in (arms.STATIC, arms.RIGL):
        second = list(made.ends[arm, 0.01, 3.2e-2].mask.values())[1]
        found[arm] = float((second.sum(1) == 0).sum(1).double().mean())
    return found


def still_the_first_mask() -> float:
    """The percentage of the first mask that RigL has in the end."""
    made = Sparse(mnist(), replace(LIKE_THE_STORED_RUN, arms=(arms.STATIC, arms.RIGL)))
    made.run()
    first, last = (made.ends[arm, 0.01, 3.2e-2].mask for arm in (arms.STATIC, arms.RIGL))
    both = {name: m & last[name] for name, m in first.items()}
    return 100 * masks.density(both) / masks.density(first)
