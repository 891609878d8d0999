"""Time the replicate engine beside what a user would write, and beside this machine's own matrix product."""

import time
from collections.abc import Callable
from contextlib import suppress
from statistics import median
from typing import Annotated

import torch
from torch import Tensor
from torch.nn.utils import prune
from torch.utils.data import DataLoader, TensorDataset

from lthedu import data
from lthedu.base.arguments import typed
from lthedu.base.machine import Threads
from lthedu.base.ranges import Count, Positive, Range
from lthedu.base.streams import generator
from lthedu.bench.measure import BATCH, DENSITY, autograd, engine, measure, report, spread, table
from lthedu.networks import masks
from lthedu.networks.models import lenet_300_100
from lthedu.training import Optimizer, Replicates, train

WARM_UP = 3  # steps of the calibration that do not count
# forward, weight gradient and input gradient of 266,200 weights; nobody needs the gradient of the pixels
FLOP = 6 * 266_200 * BATCH - 2 * 235_200 * BATCH
IDIOMATIC = "DataLoader + nn.utils.prune + Adam"
SGEMM = "1024 x 1024 x 1024"

Contenders = dict[str, Callable[[], float]]


@typed
def train_report(
    replicates: Annotated[int, Range(1, 1000)] = 5, rounds: Count = 15, threads: Threads = 2, steps: Count = 40
) -> str:
    """The report of `lthedu bench train`: LeNet-300-100, batch 128, Adam, on `threads` CPU threads.

    Medians over the rounds of `steps` steps, with minimum and maximum. A step includes gathering the minibatch, the
    update and holding the mask, for everyone; loading, set-up and evaluation are left out.

    Raises ValueError for a number that is out of its range.
    """
    networks, products = _networks(replicates, steps), _products(replicates)
    found = measure({**networks, **products}, rounds, threads=threads)
    middle = {name: median(values) for name, values in found.items()}
    reached = FLOP / middle[f"engine, linear, R = {replicates}"] / 1e6
    speeds = [
        (name, *spread(found[name], 2), f"{1000 / middle[name]:,.0f}", f"{middle[IDIOMATIC] / middle[name]:.2f}")
        for name in networks
    ]
    rates = [(f"in a step of the engine, R = {replicates}", f"{reached:,.0f}", "", "", "")]
    rates += [(name, *spread(found[name]), f"{reached / middle[name]:.0%}") for name in products]
    return report(
        f"LeNet-300-100, batch {BATCH}, Adam, density {DENSITY}, {threads} threads; {rounds} rounds of {steps} steps",
        table(("per replicate", "ms/step", "min", "max", "steps/s", "x idiomatic"), speeds),
        table(("matrix products", "GF/s", "min", "max", "engine reaches"), rates),
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
    rng = generator(0, "bench")
    mask = {n: torch.rand(m.shape, generator=rng) < DENSITY for n, m in networks.full_mask().items()}
    net = lenet_300_100()
    net.load_state_dict(masks.unstack(networks.params, 0))
    for i, layer in enumerate(net.layers):
        prune.custom_from_mask(layer, "weight", mask[f"layers.{i}.weight"][0])  # type: ignore[no-untyped-call]
    update = torch.optim.Adam(net.parameters(), lr=Optimizer().lr)
    loader = DataLoader(TensorDataset(mnist.x_train, mnist.y_train), batch_size=BATCH, shuffle=True)
    return {
        f"engine, linear, R = {r}": lambda: engine(networks, mnist, steps, mask=mask, by="linear"),
        f"engine, linear, R = {r}, no mask": lambda: engine(networks, mnist, steps, by="linear"),
        f"engine, vmap, R = {r}": lambda: engine(networks, mnist, steps, mask=mask, by="vmap"),
        IDIOMATIC: lambda: autograd(net, update, loader, steps),
    }


def _products(r: int) -> Contenders:
    """Each gives GF/s."""
    rng = generator(0, "bench", "products")
    a, b = torch.randn(1024, 1024, generator=rng), torch.randn(1024, 1024, generator=rng)
    w, x = torch.randn(r, 300, 784, generator=rng), torch.randn(r, BATCH, 784, generator=rng)
    return {
        SGEMM: lambda: _gflops(lambda: a @ b, 2 * 1024**3),
        f"{r} times 300 x 784 x {BATCH}": lambda: _gflops(lambda: torch.bmm(w, x.mT), 2 * r * 300 * 784 * BATCH),
    }


def _gflops(product: Callable[[], Tensor], flop: float) -> float:
    begun = time.perf_counter()
    for _ in range(10):
        product()
    return 10 * flop / (time.perf_counter() - begun) / 1e9
