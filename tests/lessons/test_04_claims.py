"""The verdicts that lesson 04 prints hold for other tickets, for one thread and two, and fail where they should."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import pytest
import torch

from lthedu.course import lesson
from lthedu.tickets import WINNING, lottery
from lthedu.training import Optimizer

mpl.use("agg")
NOTEBOOK = Path(__file__).parents[2] / "lessons/04_many_small_lotteries.ipynb"
CELLS = nbformat.read(NOTEBOOK, 4).cells
CODE = [c.source for c in CELLS if c.cell_type == "code" and "nbval-ignore-output" not in c.metadata.get("tags", ())]
SLOW = ("def seconds_together",)  # the throughput, which no claim reads
LESSON = lottery.LESSON
RANDOM_WIN = "With more than half of the weights kept, random networks win, too"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bool]]:
    """The claims that the cells make from now on, by their sentence, and the verdict's word."""
    found: dict[str, bool] = {}
    monkeypatch.setattr(lesson, "claim", lambda sentence, holds, evidence="": found.__setitem__(sentence, bool(holds)))
    monkeypatch.setattr(lesson, "verdict", lambda word, scope: found.__setitem__(f"verdict: {word}", True))
    monkeypatch.setattr(lesson, "_kernel", lesson._Kernel(None))
    yield found
    plt.close("all")


def run() -> dict:
    space: dict = {"__name__": "__main__"}
    for source in CODE:
        if not source.startswith(SLOW):
            exec(compile(source, source.splitlines()[0], "exec"), space)
    return space


def failing(
    said: dict[str, bool], monkeypatch: pytest.MonkeyPatch, settings: lottery.Settings, threads: int
) -> set[str]:
    """The claims that do not hold with these settings."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    monkeypatch.setattr(lottery, "LESSON", settings)
    try:
        run()
    finally:
        torch.set_num_threads(before)
    assert len(said) == 15
    return {sentence for sentence, holds in said.items() if not holds}


@pytest.mark.full
@pytest.mark.parametrize(("seed", "threads"), [(1, 2), (2, 1), (3, 2), (4, 1), (5, 2), (6, 2)])
def test_every_verdict_holds_for_other_tickets(said, monkeypatch, seed: int, threads: int) -> None:
    assert failing(said, monkeypatch, replace(LESSON, seed=seed), threads) == set()
    assert "verdict: partly supported" in said


@pytest.mark.full
@pytest.mark.parametrize("lr", [2e-3, 8e-3])
def test_at_the_lowest_density_the_verdicts_hold_for_half_and_twice_the_learning_rate(said, monkeypatch, lr) -> None:
    """Where the lottery becomes easy depends on how well everything is trained, and the honesty box says so."""
    fails = failing(said, monkeypatch, replace(LESSON, optimizer=Optimizer(lr=lr)), 2)
    assert {
        sentence for sentence in fails if not sentence.startswith("With more than half of the weights kept")
    } == set()
    assert ("verdict: refuted" in said) == (RANDOM_WIN in fails)
    assert ("verdict: partly supported" in said) == (RANDOM_WIN not in fails)


def pretended(shift: float):
    """A table in which the controls are `shift` below the ticket at the last level, and as good as it before."""

    def run(self: lottery.Lottery, progress=None) -> pd.DataFrame:
        self.study.run()
        rng = torch.Generator().manual_seed(0)
        rows = []
        for level, draws in ((1, 32), (2, 32), (self.settings.levels, 128)):
            for arm in lottery.ARMS:
                below = shift if level == self.settings.levels and arm != WINNING else 0.0
                for i in range(draws):
                    good, a, b = (0.001 * torch.randn(3, generator=rng)).tolist()
                    rows.append((arm, level, 1 / level, 10, i, 0.95 - below + good + a, 0.95 - below + good + b))
        self.table = pd.DataFrame(rows, columns=lottery.COLUMNS)
        return self.table

    return run


@pytest.mark.parametrize(("shift", "word"), [(0.0, "open"), (0.03, "partly supported")])
def test_the_verdict_follows_the_draws(said, monkeypatch, shift: float, word: str) -> None:
    """Where the controls are as good as the ticket, the lesson says so."""
    monkeypatch.setattr(lottery, "LESSON", replace(LESSON, steps=2))
    monkeypatch.setattr(lottery.Lottery, "run", pretended(shift))
    run()
    assert f"verdict: {word}" in said
    fails = {sentence for sentence, holds in said.items() if not holds}
    rare = "At the lowest density fewer than 6 in 100 networks of any control arm win"
    price = "At the ticket's price the best draw of a control misses the target on average"
    assert (rare in fails) == (price in fails) == (shift == 0)
