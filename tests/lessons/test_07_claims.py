"""The verdicts that lesson 07 prints hold for other seeds, for one thread and two, and fail where they should."""

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
from lthedu.supermasks import contest
from lthedu.supermasks.contest import GRADIENT_GUIDED, RANDOM, SEARCHERS, Contest
from lthedu.supermasks.fitness import Fitness

mpl.use("agg")
NOTEBOOK = Path(__file__).parents[2] / "lessons/07_search_without_gradients.ipynb"
CELLS = nbformat.read(NOTEBOOK, 4).cells
CODE = [c.source for c in CELLS if c.cell_type == "code" and "nbval-ignore-output" not in c.metadata.get("tags", ())]
LESSON = contest.LESSON
GUIDED = "The gradient beats all that do without it"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bool]]:
    """The claims that the cells make from now on, by their sentence, and the verdict's word."""
    found: dict[str, bool] = {}
    monkeypatch.setattr(lesson, "claim", lambda sentence, holds, evidence="": found.__setitem__(sentence, bool(holds)))
    monkeypatch.setattr(lesson, "verdict", lambda word, scope: found.__setitem__(f"verdict: {word}", True))
    monkeypatch.setattr(lesson, "_kernel", lesson._Kernel(None))
    yield found
    plt.close("all")


def run(said: dict[str, bool]) -> set[str]:
    """The claims that do not hold."""
    space: dict = {"__name__": "__main__"}
    for source in CODE:
        exec(compile(source, source.splitlines()[0], "exec"), space)
    assert len(said) == 16 + 1  # claims and the verdict
    return {sentence for sentence, holds in said.items() if not holds}


@pytest.mark.full
@pytest.mark.parametrize(("first", "threads"), [(100, 2), (200, 1), (300, 2), (400, 1), (500, 2)])
def test_every_verdict_holds_for_other_seeds(said, monkeypatch, first: int, threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    monkeypatch.setattr(contest, "LESSON", replace(LESSON, seeds=tuple(range(first, first + 5))))
    try:
        assert run(said) == set()
    finally:
        torch.set_num_threads(before)
    assert "verdict: refuted" in said


def pretended(last: dict[str, float]):
    """A contest that ends with these losses, and whose searchers read as many digits as their losses are low."""

    def run(self: Contest, progress=None) -> pd.DataFrame:
        for name in SEARCHERS:
            fitness = self.fitness(self.settings.budget)
            for share in (0.1, 1.0):
                losses = torch.full((len(self.settings.seeds),), last[name] + (1 - share) * 0.001)
                fitness.history.append((share * self.settings.budget, share, losses))
            self.found[name] = fitness
        return self.table

    return run


@pytest.mark.parametrize(("gradient", "word"), [(1.0, "refuted"), (1.8, "open")])
def test_the_verdict_follows_the_table(said, monkeypatch, gradient: float, word: str) -> None:
    last = {name: 1.7 - 0.05 * i for i, name in enumerate(SEARCHERS)} | {RANDOM: 2.2, GRADIENT_GUIDED: gradient}
    monkeypatch.setattr(Contest, "run", pretended(last))
    monkeypatch.setattr(Contest, "noisy", lambda self, again: (torch.ones(5), torch.ones(5) + (0.01 if again else 0.1)))
    monkeypatch.setattr(Fitness, "accuracy", lambda self, x, y: 1 - self.history[-1][2] / 2.5)
    fails = run(said)
    assert f"verdict: {word}" in said
    assert (GUIDED in fails) == (gradient > 1.7)
