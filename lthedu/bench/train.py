"""Time the replicate engine beside what a user would write, and beside this machine's own matrix product."""

import time
from collections.abc import Callable
from contextlib import suppress
from statistics import median
from typing import Annotated, Any

import torch

from lthedu import data
from lthedu.base.arguments import typed
from lthedu.base.machine import Threads
from lthedu.base.ranges import Count, Positive, Range
from lthedu.base.streams import generator
from lthedu.bench.measure import (
    BATCH,
    COPY,
    DENSITY,
    IDIOMATIC,
    PRODUCT,
    a_second,
    engine,
    idiomatic,
    limits,
    measure,
    random_mask,
)
from lthedu.bench.report import Report, Table
from lthedu.networks.models import MLP, lenet_300_100
from lthedu.training import Replicates, train

WARM_UP = 3  # steps of the calibration that do not count
# forward, weight gradient and input gradient of 266,200 weights; nobody needs the gradient of the pixels
FLOP = 6 * 266_200 * BATCH - 2 * 235_200 * BATCH
NUMBERS, WIDTHS = (1, 2, 4, 8, 16, 32, 64), (30, 100, 300, 1000, 3000)
SIDE_BY_SIDE, WIDTH = "R, networks side by side", "width of the first hidden layer, R = 1"

Contenders = dict[str, Callable[[], float]]


@typed
def train_report(
    replicates: Annotated[int, Range(1, 1000)] = 5, rounds: Count = 15, threads: Threads = 2, steps: Count = 40
) -> Report:
    """The report of `lthedu bench train`: LeNet-300-100, batch 128, Adam, on `threads` CPU threads.

    Medians over the rounds of `steps` steps, with minimum and maximum. A step includes gathering the minibatch, the
    update and holding the mask, for everyone; loading, set-up and evaluation are left out.

    Raises ValueError for a number that is out of its range.
    """
    networks, products, growing = _networks(replicates, steps), _products(replicates), _growing(steps)
    found: dict[Any, list[float]] = measure({**networks, **products, **growing, **limits()}, rounds, threads=threads)
    middle = {name: median(values) for name, values in found.items()}
    reached = [FLOP / ms / 1e6 for ms in found[f"engine, auto, R = {replicates}, no mask"]]
    speeds = {
        "steps/s": [f"{1000 / middle[name]:,.0f}" for name in networks],
        "x idiomatic": [f"{middle[IDIOMATIC] / middle[name]:.2f}" for name in networks],
    }
    rates = {f"operations in a step of the engine, R = {replicates}": reached}
    rates |= {name: found[name] for name in (*products, PRODUCT, COPY)}
    shares = ["", *(f"{median(reached) / middle[name]:.0%}" for name in (*products, PRODUCT)), ""]
    return Report(
        "train",
        f"LeNet-300-100, batch {BATCH}, Adam, density {DENSITY}, {threads} threads; {rounds} rounds of {steps} steps",
        [
            Table("ms/step", {name: found[name] for name in networks}, more=speeds),
            Table("billion/s", rates, ("this machine",), {"engine reaches": shares}, digits=1),
            *(
                Table("ms/step", {name[1]: found[name] for name in growing if name[0] == along}, (along,), along=along)
                for along in (SIDE_BY_SIDE, WIDTH)
            ),
        ],
    )


class _Enough(Exception):
    """The time is over."""


@typed
def steps_per_second(seconds: Positive = 5.0) -> float:
    """How many steps one thread of this machine's processor trains in a second: fifteen LeNet-300-100 side by side.

    Half of the weights are masked; minibatches of 128 random images, Adam, by the dense path, which compiles nothing.
    It takes about `seconds` and a moment to set up, and needs no data. Raises ValueError for `seconds` not above 0.

    >>> steps_per_second(0.2) > 0
    True
    """
    rng = generator(0, "calibration")
    x, y = torch.randn(10_000, 784, generator=rng), torch.randint(10, (10_000,), generator=rng)
    images = data.Dataset(x, y, x[:1], y[:1], x[:1], y[:1])
    networks = Replicates.create(lenet_300_100, seeds=range(15))
    mask = {n: torch.rand(m.shape, generator=rng) < DENSITY for n, m in networks.full_mask().items()}
    stamps: list[float] = []

    def stamp(*_: object) -> None:
        stamps.append(time.perf_counter())
        if len(stamps) > WARM_UP + 1 and stamps[-1] - stamps[WARM_UP] > seconds:
            raise _Enough

    def rate() -> float:
        with suppress(_Enough):
            train(networks, images, 10**9, mask=mask, by="linear", progress=stamp)
        return (len(stamps) - 1 - WARM_UP) / (stamps[-1] - stamps[WARM_UP])

    return measure({"one thread": rate}, rounds=1, threads=1, warm_up=False)["one thread"][0]


def _networks(r: int, steps: int) -> Contenders:
    """Each gives milliseconds per step and replicate."""
    mnist = data.load("mnist", device="cpu").first(55_000, 100, 100)
    networks = Replicates.create(lenet_300_100, seeds=range(r))
    mask = random_mask(networks)
    return {
        f"engine, auto, R = {r}, no mask": lambda: engine(networks, mnist, steps),
        f"engine, linear, R = {r}": lambda: engine(networks, mnist, steps, mask=mask, by="linear"),
        f"engine, linear, R = {r}, no mask": lambda: engine(networks, mnist, steps, by="linear"),
        f"engine, vmap, R = {r}": lambda: engine(networks, mnist, steps, mask=mask, by="vmap"),
        IDIOMATIC: idiomatic(networks, mask, mnist, steps),
    }


def _growing(steps: int) -> dict[tuple[str, str], Callable[[], float]]:
    """Likewise of the engine, by how many networks there are and how wide they are: 784-WIDTH-WIDTH/3-10."""
    mnist = data.load("mnist", device="cpu").first(10_000, 100, 100)

    def contender(r: int, width: int) -> Callable[[], float]:
        networks = Replicates.create(lambda: MLP([784, width, width // 3, 10]), seeds=range(r))
        few = max(2, steps * 300 // (r * max(width, 300)))  # as much work as of the others
        return lambda: engine(networks, mnist, few, by="linear")

    return {
        **{(SIDE_BY_SIDE, f"{r}"): contender(r, 300) for r in NUMBERS},
        **{(WIDTH, f"{width}"): contender(1, width) for width in WIDTHS},
    }


def _products(r: int) -> Contenders:
    """Each gives billions of operations a second."""
    rng = generator(0, "bench", "products")
    w, x = torch.randn(r, 300, 784, generator=rng), torch.randn(r, BATCH, 784, generator=rng)
    flop = 2 * r * 300 * 784 * BATCH
    return {f"operations of {r} products 300 x 784 x {BATCH}": lambda: a_second(lambda: torch.bmm(w, x.mT), flop)}
