"""What the benchmarks share: contenders timed in turn, steps of the engine and of plain torch, the machine's limits."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils import prune
from torch.utils.data import DataLoader, TensorDataset

from lthedu.base.streams import generator
from lthedu.data import Dataset
from lthedu.networks.masks import Mask
from lthedu.training import Optimizer, Replicates, train

BATCH = 128
DENSITY = 0.5
IDIOMATIC = "DataLoader + nn.utils.prune + Adam"
PRODUCT, COPY = "operations of a product 1024 x 1024 x 1024", "bytes read and written by a copy"
Name = TypeVar("Name")


def measure(
    contenders: Mapping[Name, Callable[[], float]], rounds: int, *, threads: int | None = None, warm_up: bool = True
) -> dict[Name, list[float]]:
    """What each contender measured, round by round; `threads` are torch's on the CPU.

    Each round runs every contender in turn, so that other load on the machine meets all of them alike. With `warm_up`
    each runs once before, for what is compiled or cached then.

    >>> measure({"a": lambda: 1.0, "b": lambda: 2.0}, rounds=2)
    {'a': [1.0, 1.0], 'b': [2.0, 2.0]}
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        for run in contenders.values() if warm_up else ():
            run()
        found: dict[Name, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, run in contenders.items():
                found[name].append(run())
    finally:
        torch.set_num_threads(before)
    return found


def engine(networks: Replicates, images: Dataset, steps: int, **options: Any) -> float:
    """Milliseconds per step and replicate of `train` with its `options`, timed between its reports of progress."""
    stamps: list[float] = []
    # the first report comes after the set-up, and the last after the final evaluation
    train(networks, images, steps + 2, progress=lambda *_: stamps.append(time.perf_counter()), **options)
    return 1000 * (stamps[steps] - stamps[0]) / steps / len(networks)


def autograd(
    net: nn.Module, update: torch.optim.Optimizer, batches: Iterable[tuple[Tensor, Tensor]], steps: int
) -> float:
    """Milliseconds per step of one network as the manuals train it; the first step is set-up, here as in `engine`."""
    begun = 0.0
    for i, (x, y) in enumerate(batches):
        update.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()  # type: ignore[no-untyped-call]
        update.step()
        if i == 0:
            begun = time.perf_counter()
        if i == steps:
            break
    return 1000 * (time.perf_counter() - begun) / steps


def idiomatic(networks: Replicates, mask: Mask, images: Dataset, steps: int) -> Callable[[], float]:
    """Replicate 0 as a user would train it, with DataLoader, `torch.nn.utils.prune` and Adam; see `autograd`."""
    net = networks.module(0)
    for name, m in mask.items():
        layer = net.get_submodule(name.removesuffix(".weight"))
        prune.custom_from_mask(layer, "weight", m[0])  # type: ignore[no-untyped-call]
    update = torch.optim.Adam(net.parameters(), lr=Optimizer().lr)
    loader = DataLoader(TensorDataset(images.x_train, images.y_train), batch_size=BATCH, shuffle=True)
    return lambda: autograd(net, update, loader, steps)


def random_mask(networks: Replicates, density: float = DENSITY) -> Mask:
    """A mask in which each weight is kept with the chance `density`."""
    rng = generator(0, "bench")
    return {n: torch.rand(m.shape, generator=rng) < density for n, m in networks.full_mask().items()}


def limits() -> dict[str, Callable[[], float]]:
    """This machine's own speed, in billions a second: what stands beside every contender.

    >>> list(limits()) == [PRODUCT, COPY]
    True
    """
    rng = generator(0, "bench", "limits")
    a, b, x = (torch.rand(shape, generator=rng) for shape in ((1024, 1024), (1024, 1024), (2**24,)))
    y = torch.empty_like(x)
    return {
        PRODUCT: lambda: a_second(lambda: a @ b, 2 * 1024**3),
        COPY: lambda: a_second(lambda: y.copy_(x), 2 * x.nbytes),
    }


def a_second(run: Callable[[], object], amount: float) -> float:
    """How many billions of something are done in a second, where one `run` does `amount`.

    >>> a_second(lambda: None, 1.0) > 0
    True
    """
    begun = time.perf_counter()
    for _ in range(10):
        run()
    return 10 * amount / (time.perf_counter() - begun) / 1e9


def ratios(a: Sequence[float], b: Sequence[float]) -> list[float]:
    """a / b, round by round: other load on the machine met both alike.

    >>> ratios([6.0, 20.0], [2.0, 5.0])
    [3.0, 4.0]
    """
    return [x / y for x, y in zip(a, b, strict=True)]
