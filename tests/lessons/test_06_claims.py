"""The verdicts that lesson 06 prints hold for other seeds, for one thread and two, and fail where they should."""

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
from lthedu.supermasks import widths
from lthedu.supermasks.widths import ARMS, POPUP, RANDOM, TRAINED, Supermasks

mpl.use("agg")
NOTEBOOK = Path(__file__).parents[2] / "lessons/06_supermasks.ipynb"
CELLS = nbformat.read(NOTEBOOK, 4).cells
CODE = [c.source for c in CELLS if c.cell_type == "code" and "nbval-ignore-output" not in c.metadata.get("tags", ())]
LESSON = widths.LESSON
GROWS = "Edge-popup gets better with every width"
BEHIND = "Trained weights are better at every width, by more than two points"


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
    monkeypatch.setattr(widths, "LESSON", replace(LESSON, seeds=tuple(range(first, first + 5))))
    try:
        assert run(said) == set()
    finally:
        torch.set_num_threads(before)
    assert "verdict: partly supported" in said


def pretended(slope: float, behind: float):
    """A table in which edge-popup gains so much a width, and is so far behind trained weights."""

    def run(self: Supermasks, progress=None) -> pd.DataFrame:
        rows = []
        for r in range(len(self.settings.seeds)):
            for i, width in enumerate(self.settings.widths):
                popup = 0.84 + slope * i
                for arm in ARMS:
                    value = {TRAINED: popup + behind * (1 - 0.01 * i), RANDOM: 0.1}.get(arm, popup)
                    rows.append((arm, width, 1.0 if arm == TRAINED else 0.5, 100 * width, r, value, 0.001))
            for d in self.settings.densities:
                if d != 0.5:
                    rows.append((POPUP, self.settings.probe, d, 100, r, 0.7, 0))
        self.rows, self.fingerprints = [pd.DataFrame(rows, columns=widths.COLUMNS)], [("a", "a")]
        return self.table

    return run


@pytest.mark.parametrize(
    ("slope", "behind", "word"),
    [(0.02, 0.04, "partly supported"), (0.02, 0.0, "supported"), (-0.02, 0.04, "open"), (0.001, 0.04, "open")],
)
def test_the_verdict_follows_the_table(said, monkeypatch, slope: float, behind: float, word: str) -> None:
    monkeypatch.setattr(Supermasks, "run", pretended(slope, behind))
    monkeypatch.setattr(Supermasks, "random_labels", lambda self: {"train": torch.ones(5), "test": torch.zeros(5)})
    fails = run(said)
    assert f"verdict: {word}" in said
    assert (GROWS in fails) == (slope < 0)
    assert (BEHIND in fails) == (behind == 0)
