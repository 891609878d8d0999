"""What the benchmarks share: contenders timed in turn, a step of the engine and one of plain torch, and a table."""

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from lthedu.base import compiled
from lthedu.base.machine import cpu_name, load, usable_cores
from lthedu.data import Dataset
from lthedu.training import Replicates, train

BATCH = 128
DENSITY = 0.5
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


def spread(values: Sequence[float], digits: int = 0) -> tuple[str, str, str]:
    """Median, minimum and maximum.

    >>> spread([1.0, 4.0, 1000.0])
    ('4', '1', '1,000')
    """
    return tuple(f"{value:,.{digits}f}" for value in (median(values), min(values), max(values)))  # type: ignore[return-value]


def table(head: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> list[str]:
    """Lines of columns as wide as their widest entry: `words` of them to the left, then numbers to the right.

    >>> table(("what", "ms"), [("a", "1.25"), ("b", "10")])
    ['what    ms', 'a     1.25', 'b       10']
    """
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    sides = "<" * words + ">" * (len(head) - words)
    cells = [[f"{cell:{side}{w}}" for cell, side, w in zip(row, sides, widths, strict=True)] for row in (head, *rows)]
    return ["  ".join(row).rstrip() for row in cells]


def report(title: str, *blocks: Sequence[str]) -> str:
    """The text of a benchmark: what was run, the machine and the versions, and blocks of lines."""
    numba = f"numba {sys.modules['numba'].__version__}" if compiled.AVAILABLE else "no numba"
    device = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    versions = f"numpy {np.__version__}, {numba}, torch {torch.__version__}{device}"
    here = f"{cpu_name()}, {usable_cores()} cores, load {load()}; {versions}"
    return "\n".join([title, here, *(line for block in blocks for line in ("", *block))])
