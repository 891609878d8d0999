"""Time a step that touches kept weights alone beside the engine's dense one and the idiomatic one, by density."""

from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Annotated, Any

import torch

from lthedu import data
from lthedu.base import compiled
from lthedu.base.arguments import typed
from lthedu.base.machine import Threads
from lthedu.base.ranges import Count, Range
from lthedu.bench.measure import BATCH, engine, idiomatic, limits, measure, random_mask, ratios
from lthedu.bench.report import Report, Table, own_limits
from lthedu.networks.models import lenet_300_100
from lthedu.training import Replicates

DENSITIES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.012)
SPARSE, DENSE, IDIOMATIC = "sparse", "dense", "idiomatic"
NO_NUMBA = "numba is not installed, so that the sparse steps are left out"
Contender = tuple[str, str, str]  # threads, step, density


@typed
def sparse_report(
    replicates: Annotated[int, Range(1, 1000)] = 4, rounds: Count = 7, threads: Threads = 2, steps: Count = 20
) -> Report:
    """The report of `lthedu bench sparse`: LeNet-300-100, batch 128, Adam, on one thread and on `threads`.

    Medians over the rounds of `steps` steps; how many times faster than the others a step is: the median over the
    rounds. A step includes gathering the minibatch, the update and holding the mask; set-up is left out. Raises
    ValueError for a number that is out of its range.
    """
    contenders = _contenders(replicates, steps, sorted({1, threads}))
    found: dict[Any, list[float]] = measure({**contenders, **limits()}, rounds, threads=threads)

    def times(of: str, name: Contender) -> str:
        return f"{median(ratios(found[name[0], of, name[2]], found[name])):.2f}"

    more = {f"x {of}": [times(of, name) for name in contenders] for of in (DENSE, IDIOMATIC)}
    return Report(
        "sparse",
        f"LeNet-300-100, batch {BATCH}, Adam, R = {replicates}; {rounds} rounds of {steps} steps",
        [
            Table("ms/step", {n: found[n] for n in contenders}, ("threads", "step", "density"), more, along="density"),
            *([] if compiled.AVAILABLE else [[NO_NUMBA]]),
            own_limits(found),
        ],
    )


def _contenders(r: int, steps: int, threads: list[int]) -> dict[Contender, Callable[[], float]]:
    """Each gives milliseconds per step and replicate."""
    mnist = data.load("mnist", device="cpu").first(55_000, 100, 100)
    networks = Replicates.create(lenet_300_100, seeds=range(r))
    found: dict[Contender, Callable[[], float]] = {}
    for density in DENSITIES:
        mask = random_mask(networks, density)
        runs: dict[str, Callable[[], float]] = {
            DENSE: partial(engine, networks, mnist, steps, mask=mask, by="linear"),
            IDIOMATIC: idiomatic(networks, mask, mnist, steps),
        }
        if compiled.AVAILABLE:
            runs[SPARSE] = partial(engine, networks, mnist, steps, mask=mask, by="sparse")
        found |= {(f"{n}", name, f"{density:g}"): partial(_on, n, run) for n in threads for name, run in runs.items()}
    return found


def _on(threads: int, run: Callable[[], float]) -> float:
    torch.set_num_threads(threads)
    return run()
