"""Time the replicate engine beside what a user would write, and beside this machine's own matrix product."""

import time
from collections.abc import Callable
from contextlib import suppress
from statistics import median
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn.utils import prune
from torch.utils.data import DataLoader, TensorDataset

from lthedu import data, masks
from lthedu.base.arguments import typed
from lthedu.base.ranges import Count, Positive, Range
from lthedu.machine import Threads, cpu_name, load
from lthedu.models import lenet_300_100
from lthedu.streams import generator
from lthedu.training import By, Optimizer, Replicates, train

WARM_UP = 3  # steps of the calibration that do not count
STEPS = 40  # timed of each contender in each round
BATCH = 128
DENSITY = 0.5
# forward, weight gradient and input gradient of 266,200 weights; nobody needs the gradient of the pixels
FLOP = 6 * 266_200 * BATCH - 2 * 235_200 * BATCH
IDIOMATIC = "DataLoader + nn.utils.prune + Adam"
SGEMM = "1024 x 1024 x 1024"

Times = dict[str, list[float]]


@typed
def train_report(replicates: Annotated[int, Range(1, 1000)] = 5, rounds: Count = 15, threads: Threads = 2) -> str:
    """The report of `lthedu bench train`: LeNet-300-100, batch 128, Adam, on `threads` CPU threads.

    Each round times every contender in turn, so that other load on the machine meets all of them alike; what
    is printed are medians over the rounds, with minimum and maximum. A step includes gathering the minibatch,
    the update and holding the mask, for everyone; loading, set-up and evaluation are left out.

    Raises ValueError for a number that is out of its range.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        contenders = _contenders(replicates)
        for run in contenders.values():
            run()  # warm-up
        measured: Times = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, run in contenders.items():
                measured[name].append(run())
    finally:
        torch.set_num_threads(before)
    return _text(measured, replicates, rounds, threads)


class _Enough(Exception):
    """The time is over."""


@typed
def steps_per_second(seconds: Positive = 5.0) -> float:
    """How many steps this machine trains in a second: fifteen LeNet-300-100 side by side, as in lesson 02.

    Half of the weights are masked; minibatches of 128 random images, Adam, on the device that LTHEDU_DEVICE names. It
    takes about `seconds` and a moment to set up, and needs no data. Raises ValueError for `seconds` not above 0.

    >>> steps_per_second(0.2) > 0
    True
    """
    device, rng = data.default_device(), generator(0, "calibration")
    x, y = torch.randn(10_000, 784, generator=rng), torch.randint(10, (10_000,), generator=rng)
    images = data.Dataset(x, y, x[:1], y[:1], x[:1], y[:1]).to(device)
    networks = Replicates.create(lenet_300_100, seeds=range(15), device=device)
    mask = {n: (torch.rand(m.shape, generator=rng) < DENSITY).to(device) for n, m in networks.full_mask().items()}
    stamps: list[float] = []

    def stamp(*_: object) -> None:
        if device.type == "cuda":  # pragma: no cover (a GPU's)
            torch.cuda.synchronize()
        stamps.append(time.perf_counter())
        if len(stamps) > WARM_UP + 1 and stamps[-1] - stamps[WARM_UP] > seconds:
            raise _Enough

    with suppress(_Enough):
        train(networks, images, 10**9, mask=mask, progress=stamp)
    return (len(stamps) - 1 - WARM_UP) / (stamps[-1] - stamps[WARM_UP])


def _contenders(r: int) -> dict[str, Callable[[], float]]:
    """Each gives milliseconds per step and replicate, the products GF/s."""
    mnist = data.load("mnist", device="cpu").first(55_000, 100, 100)
    networks = Replicates.create(lenet_300_100, seeds=range(r))
    rng = generator(0, "bench")
    mask = {n: torch.rand(m.shape, generator=rng) < DENSITY for n, m in networks.full_mask().items()}
    a, b = torch.randn(1024, 1024, generator=rng), torch.randn(1024, 1024, generator=rng)
    w, x = torch.randn(r, 300, 784, generator=rng), torch.randn(r, BATCH, 784, generator=rng)
    return {
        f"engine, linear, R = {r}": lambda: _engine(networks, mnist, mask, "linear"),
        f"engine, linear, R = {r}, no mask": lambda: _engine(networks, mnist, None, "linear"),
        f"engine, vmap, R = {r}": lambda: _engine(networks, mnist, mask, "vmap"),
        IDIOMATIC: _idiomatic(mnist, networks, masks.unstack(mask, 0)),
        SGEMM: lambda: _gflops(lambda: a @ b, 2 * 1024**3),
        f"{r} times 300 x 784 x {BATCH}": lambda: _gflops(lambda: torch.bmm(w, x.mT), 2 * r * 300 * 784 * BATCH),
    }


def _engine(networks: Replicates, mnist: data.Dataset, mask: masks.Mask | None, by: By) -> float:
    """The engine as it is: `train`, timed between its reports of progress."""
    stamps: list[float] = []
    # the first report comes after the set-up, and the last after the final evaluation
    train(networks, mnist, STEPS + 2, mask=mask, by=by, progress=lambda *_: stamps.append(time.perf_counter()))
    return 1000 * (stamps[STEPS] - stamps[0]) / STEPS / len(networks)


def _idiomatic(mnist: data.Dataset, networks: Replicates, mask: masks.Mask) -> Callable[[], float]:
    """One network as the manuals show it."""
    net = lenet_300_100()
    net.load_state_dict(masks.unstack(networks.params, 0))
    for i, layer in enumerate(net.layers):
        prune.custom_from_mask(layer, "weight", mask[f"layers.{i}.weight"])  # type: ignore[no-untyped-call]
    update = torch.optim.Adam(net.parameters(), lr=Optimizer().lr)
    loader = DataLoader(TensorDataset(mnist.x_train, mnist.y_train), batch_size=BATCH, shuffle=True)

    def run() -> float:
        begun = 0.0
        for i, (x, y) in enumerate(loader):
            update.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()  # type: ignore[no-untyped-call]
            update.step()
            if i == 0:  # the shuffle is set-up, here as in the engine
                begun = time.perf_counter()
            if i == STEPS:
                break
        return 1000 * (time.perf_counter() - begun) / STEPS

    return run


def _gflops(product: Callable[[], Tensor], flop: float) -> float:
    begun = time.perf_counter()
    for _ in range(10):
        product()
    return 10 * flop / (time.perf_counter() - begun) / 1e9


def _text(measured: Times, r: int, rounds: int, threads: int) -> str:
    middle = {name: median(times) for name, times in measured.items()}
    products = [name for name in measured if " x " in name]
    lines = [
        f"LeNet-300-100, batch {BATCH}, Adam, density {DENSITY}, {threads} threads; {rounds} rounds of {STEPS} steps",
        f"{cpu_name()}, load {load()}, torch {torch.__version__}",
        "",
        f"{'per replicate':36}{'ms/step':>9}{'min':>8}{'max':>8}{'steps/s':>9}{'x idiomatic':>13}",
    ]
    for name in (name for name in measured if name not in products):
        ms = middle[name]
        lines.append(
            f"{name:36}{ms:9.2f}{min(measured[name]):8.2f}{max(measured[name]):8.2f}{1000 / ms:9.0f}"
            f"{middle[IDIOMATIC] / ms:13.2f}"
        )
    engine = FLOP / middle[f"engine, linear, R = {r}"] / 1e6
    lines += ["", f"{'matrix products':36}{'GF/s':>9}{'min':>8}{'max':>8}{'engine reaches':>18}"]
    lines.append(f"{f'in a step of the engine, R = {r}':36}{engine:9.0f}")
    for name in products:
        low, high = min(measured[name]), max(measured[name])
        lines.append(f"{name:36}{middle[name]:9.0f}{low:8.0f}{high:8.0f}{engine / middle[name]:18.0%}")
    return "\n".join(lines)
