"""Time the subset sums of `lthedu.proof`: instances a second by solver and length, and whole constructions."""

import time
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import numpy as np
import torch
from numpy.typing import NDArray

from lthedu.base.arguments import typed
from lthedu.base.machine import peak_memory
from lthedu.base.ranges import Count, Range
from lthedu.base.streams import numpy_generator
from lthedu.bench.measure import limits, measure
from lthedu.bench.report import Report, Table, own_limits
from lthedu.networks.models import MLP
from lthedu.proof import Subsets, best_subsets, construct, hashed_subsets, kernels, solve
from lthedu.proof.solvers import Solver
from lthedu.proof.widths import LARGEST, weights_of

LENGTHS = {12: 1, 16: 2, 20: 8, 24: 32}  # numbers in a row: what the count of rows is divided by, as each takes longer
ETAS = (1e-2, 1e-3, 1e-4)
SHAPE = (784, 300, 100, 10)  # LeNet-300-100
PER_WEIGHT = 32
NO_NUMBA = 'numba is not installed, so that its rows are left out: pip install "lthedu[speed]"'
PUBLISHED = """\
Published: 397,000 weights in 77,266 s on up to 36 cores with Gurobi, n = 21: 5.1 instances a second (Pensia and
others 2020, acnagle/optimal-lottery-tickets, subset-sum/results/paper/fc2_approx.out). Those are not the instances
above: their candidates are uniform, no products, and drawn afresh for each row of the target's weights."""

Floats = NDArray[np.float64]
Search = Callable[[Floats, Floats], Subsets]
Row = tuple[str, ...]


@typed
def proof_report(instances: Annotated[int, Range(1, 10_000_000)] = 32_768, rounds: Count = 5) -> Report:
    """The report of `lthedu bench proof`: every solver on the same random rows, then LeNet-300-100 as a whole.

    `instances`: rows with 12 numbers; longer rows are fewer. Medians over the rounds, with minimum and maximum. A
    solver may use every core there is. Raises ValueError for a number out of its range.
    """
    speeds, (wholes, limit) = _speeds(instances, rounds), _wholes(rounds)
    count = weights_of(SHAPE)
    shape = "-".join(map(str, SHAPE))
    return Report(
        "proof",
        f"Subset sums; {rounds} rounds, each contender in turn: median, min and max. A solver may use every core",
        [
            [
                "Instances: products of two uniform numbers, the first above 0; targets uniform in",
                f"[-{LARGEST}, {LARGEST}]; {instances:,} rows of {min(LENGTHS)} numbers, fewer of the longer ones",
            ],
            speeds,
            [
                *([] if kernels.AVAILABLE else [NO_NUMBA]),
                f"ladder: {count:,} such instances of {PER_WEIGHT} numbers. construct: a network {shape} out of a",
                f'random one, method "free", {PER_WEIGHT} candidates a weight. Its {count:,} weights and biases are',
                "random, not trained, with a spread like that of trained ones",
            ],
            wholes,
            limit,
            [f"peak memory of this process, torch included: {_peak()}"],
            [PUBLISHED],
        ],
    )


def _contenders() -> dict[str, Search]:
    found: dict[str, Search] = {}
    for solver in _compiled_or_not():
        found[f"{solver} hash"] = partial(hashed_subsets, solver=solver)
        found[f"{solver} exact"] = partial(best_subsets, solver=solver)
    for device in _devices():
        found[f"torch hash, {device}"] = partial(hashed_subsets, solver="torch", device=device)
    return found


def _compiled_or_not() -> list[Solver]:
    return ["numba", "numpy"] if kernels.AVAILABLE else ["numpy"]


def _devices() -> list[str]:
    return ["cpu", "cuda"] if torch.cuda.is_available() else ["cpu"]


def _speeds(instances: int, rounds: int) -> Table:
    """Instances a second, length by length."""
    speeds: dict[Row, list[float]] = {}
    middle: list[str] = []
    for n, fewer in LENGTHS.items():
        x, t = _instances(max(1, instances // fewer), n)
        errors: dict[str, float] = {}

        def rate(name: str, search: Search, x: Floats = x, t: Floats = t, errors: dict[str, float] = errors) -> float:
            begun = time.perf_counter()
            found = search(x, t)
            seconds = time.perf_counter() - begun
            errors[name] = float(np.median(found.errors))
            return len(t) / seconds

        contenders = {name: partial(rate, name, search) for name, search in _contenders().items()}
        for name, rates in measure(contenders, rounds).items():
            speeds[str(n), name] = rates
            middle.append(f"{errors[name]:.1e}")
    return Table("instances/s", speeds, ("n", "solver"), {"median error": middle}, digits=0, along="n")


def _wholes(rounds: int) -> tuple[Table, Table]:
    """Seconds of the ladder and of whole constructions; with torch only where there is a device. The machine's own."""
    x, t = _instances(weights_of(SHAPE), PER_WEIGHT)
    target = _target()
    results: dict[Row, tuple[int, float]] = {}  # weights missed, numbers kept for a weight

    def ladder(name: Row, eta: float, solver: Solver, device: str) -> float:
        begun = time.perf_counter()
        found = solve(x, t, eta, solver=solver, device=device)
        seconds = time.perf_counter() - begun
        results[name] = found.missed(eta), float(found.keep.sum() / len(t))
        return seconds

    def whole(name: Row, eta: float, solver: Solver) -> float:
        begun = time.perf_counter()
        ticket = construct(target, eta=eta, per_weight=PER_WEIGHT, solver=solver)
        seconds = time.perf_counter() - begun
        results[name] = ticket.missed, ticket.kept / ticket.target_size
        return seconds

    jobs: dict[Row, Callable[[], float]] = {}
    for eta in ETAS:
        where: list[tuple[Solver, str]] = [(solver, "cpu") for solver in _compiled_or_not()]
        for solver, device in [*where, *(("torch", device) for device in _devices()[1:])]:
            row: Row = ("ladder", solver if device == "cpu" else f"{solver}, {device}", f"{eta:g}")
            jobs[row] = partial(ladder, row, eta, solver, device)
    for eta in ETAS:
        for solver in _compiled_or_not():
            row = ("construct", solver, f"{eta:g}")
            jobs[row] = partial(whole, row, eta, solver)
    found: dict[Any, list[float]] = measure({**jobs, **limits()}, rounds, warm_up=False)
    more = {"missed": [f"{results[n][0]:,}" for n in jobs], "kept/weight": [f"{results[n][1]:.2f}" for n in jobs]}
    return Table("seconds", {n: found[n] for n in jobs}, ("what", "solver", "eta"), more), own_limits(found)


def _instances(rows: int, n: int) -> tuple[Floats, Floats]:
    rng = numpy_generator(0, "bench", n)
    numbers = rng.random((rows, n)) * (2 * rng.random((rows, n)) - 1)
    return numbers, LARGEST * (2 * rng.random(rows) - 1)


def _target() -> MLP:
    """Weights and biases of a spread like that of trained ones: most are small, a few ten times as large."""
    rng = numpy_generator(0, "bench", "target")
    with torch.random.fork_rng(devices=[]):
        net = MLP(SHAPE).requires_grad_(False)
    for p in net.parameters():
        p.copy_(torch.from_numpy(0.05 * rng.standard_t(6, tuple(p.shape))))
    return net


def _peak() -> str:
    held = peak_memory()
    return f"{held / 2**20:,.0f} MiB" if held else "unknown"
