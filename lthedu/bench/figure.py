"""Time the whole figure of winning tickets and a control, here and as a user would write it: two processes in turn."""

import json
import os
import subprocess
import sys
import time
from functools import partial
from typing import Any

import pandas as pd
from scipy import stats

from lthedu.base.arguments import typed
from lthedu.base.machine import Threads
from lthedu.base.ranges import Count
from lthedu.bench.measure import BATCH, limits, measure, ratios
from lthedu.bench.own import LEVELS, STEPS
from lthedu.bench.report import Report, Table, own_limits, table
from lthedu.experiments.study import DENSE, REINIT, WINNING

OURS, PLAIN = "lthedu", "plain PyTorch"
MODULES = {OURS: "lthedu.bench.own", PLAIN: "lthedu.bench.idiomatic"}
Process = dict[str, Any]  # what a process prints, and its "wall" seconds


@typed
def figure_report(rounds: Count = 3, threads: Threads = 2) -> Report:
    """The report of `lthedu bench figure`: two seeds, two arms, 21 levels of 117 steps, from a process's start to end.

    Each round takes other seeds, so that it adds networks to the comparison of accuracies. One process of ours runs
    before the first round, for what numba compiles and keeps. Raises ValueError for a number that is out of its range,
    and CalledProcessError for a process that fails.
    """
    runs: dict[str, list[Process]] = {name: [] for name in MODULES}

    def run(name: str) -> float:
        runs[name].append(_process(name, len(runs[name]), threads))
        return float(runs[name][-1]["wall"])

    before = _process(OURS, 0, threads)["wall"]
    contenders = {name: partial(run, name) for name in MODULES}
    found = measure({**contenders, **limits()}, rounds, threads=threads, warm_up=False)
    clocks = {(name, clock): [r[clock] for r in each] for clock in ("wall", "cpu") for name, each in runs.items()}
    times = {clock: ratios(clocks[PLAIN, clock], clocks[OURS, clock]) for clock in ("wall", "cpu")}
    phases = {(n, p): [r["seconds"][p] for r in each] for n, each in runs.items() for p in each[0]["seconds"]}
    networks = pd.DataFrame([r | {"process": n} for n, each in runs.items() for p in each for r in p["rows"]])
    return Report(
        "figure",
        f"LeNet-300-100 on MNIST, batch {BATCH}, 2 seeds, {WINNING} and {REINIT}, {LEVELS + 1} levels of {STEPS} "
        f"steps, {threads} threads; {rounds} rounds of two whole processes",
        [
            Table("s", clocks, ("process", "clock"), digits=1),
            Table("times", times, (f"{PLAIN} / {OURS}",)),
            [f"ratio of the wall clock, round by round: {', '.join(f'{x:.2f}' for x in times['wall'])}"],
            [f"one more of {OURS}, before the others: {before:.1f} s"],
            Table("s", phases, ("process", "phase"), digits=1),
            own_limits(found),
            _agreement(networks),
            _levels(networks),
        ],
        [
            _curves(networks, "test accuracy", "accuracy", (WINNING, REINIT), "linear"),
            _curves(networks, "s a network", "seconds", (WINNING,), "log"),
        ],
    )


def _process(name: str, number: int, threads: int) -> Process:
    """What process `name` prints of its pair of seeds number `number`, and its seconds from start to end."""
    command = [sys.executable, "-m", MODULES[name], str(2 * number), str(2 * number + 1)]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "LTHEDU_SCALE": "lesson"}
    begun = time.perf_counter()
    ended = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: Process = json.loads(ended.stdout)
    return found | {"wall": time.perf_counter() - begun}


def _agreement(networks: pd.DataFrame) -> list[str]:
    """Of each arm: mean accuracies of both processes, their difference, its standard error, and Welch's p-value."""
    rows: list[tuple[str, ...]] = []
    for arm in (DENSE, WINNING, REINIT):
        of = networks[networks["arm"] == arm]
        means = 100 * of.groupby(["process", "seed"])["accuracy"].mean()  # over the levels
        ours, theirs = means[OURS], means[PLAIN]
        apart = (ours.var() / len(ours) + theirs.var() / len(theirs)) ** 0.5
        p = stats.ttest_ind(ours, theirs, equal_var=False).pvalue
        numbers = (ours.mean(), theirs.mean(), ours.mean() - theirs.mean(), apart, p)
        rows.append((arm, *(f"{x:.2f}" for x in numbers)))
    return table(("test accuracy, mean of levels, %", OURS, PLAIN, "difference", "standard error", "p"), rows)


def _levels(networks: pd.DataFrame) -> list[str]:
    """Every fifth level: what is kept, the accuracies, and the seconds that one network takes."""
    rows: list[tuple[str, ...]] = []
    for level in range(0, networks["level"].max() + 1, 5):
        for arm in (WINNING, REINIT) if level else (DENSE,):
            of = networks[(networks["level"] == level) & (networks["arm"] == arm)]
            mean = of.groupby("process")[["accuracy", "seconds"]].mean().loc[list(MODULES)]
            numbers = (100 * of["kept"].mean(), *(100 * mean["accuracy"]), *mean["seconds"])
            rows.append((f"{level}", arm, *(f"{x:.2f}" for x in numbers)))
    head = ("level", "arm", "weights kept, %", *(f"% {p}" for p in MODULES), *(f"s {p}" for p in MODULES))
    return table(head, rows, words=2)


def _curves(networks: pd.DataFrame, unit: str, what: str, arms: tuple[str, ...], upright: str) -> Table:
    """What was measured of each network over the weights kept; the dense networks begin the curve of every arm."""
    kept, found = "weights kept, %", {}
    for arm in arms:
        of = networks[networks["arm"].isin((DENSE, arm))]
        for (process, _), each in of.groupby(["process", "level"]):
            found[process, arm, f"{100 * each['kept'].mean():.3g}"] = each[what].tolist()
    return Table(unit, found, ("process", "arm", kept), along=kept, upright=upright)
