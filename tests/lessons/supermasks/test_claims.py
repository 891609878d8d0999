"""The verdicts that the lesson prints hold for other seeds, for one thread and two, and fail where they should."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from lthedu.lessons.supermasks import experiment
from lthedu.lessons.supermasks.experiment import ARMS, POPUP, RANDOM, TRAINED, Supermasks

NOTEBOOK = "supermasks"
CLAIMS = 16
MARGINS = [(100, 2), (200, 1), (300, 2), (400, 1), (500, 2)]
LESSON = experiment.LESSON
GROWS = "Edge-popup gets better with every width"
BEHIND = "Trained weights are better at every width, by more than two points"


@pytest.mark.full
def test_every_verdict_holds_for_other_seeds(claims, monkeypatch, seed: int, threads: int) -> None:
    seeds = tuple(range(seed, seed + 5))
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(LESSON, seeds=seeds))
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


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
        self.rows, self.fingerprints = [pd.DataFrame(rows, columns=experiment.COLUMNS)], [("a", "a")]
        return self.table

    return run


@pytest.mark.usefixtures("few_images")
@pytest.mark.parametrize(
    ("slope", "behind", "word"),
    [(0.02, 0.04, "partly supported"), (0.02, 0.0, "supported"), (-0.02, 0.04, "open"), (0.001, 0.04, "open")],
)
def test_the_verdict_follows_the_table(claims, monkeypatch, slope: float, behind: float, word: str) -> None:
    monkeypatch.setattr(Supermasks, "run", pretended(slope, behind))
    monkeypatch.setattr(Supermasks, "random_labels", lambda self: {"train": torch.ones(5), "test": torch.zeros(5)})
    claims.run()
    assert claims.verdicts == [word]
    assert (GROWS in claims.failed) == (slope < 0)
    assert (BEHIND in claims.failed) == (behind == 0)
