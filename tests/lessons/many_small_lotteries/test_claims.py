"""The verdicts that the lesson prints hold for other tickets, for one thread and two, and fail where they should."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from lthedu.experiments.study import DENSE, REINIT
from lthedu.lessons.many_small_lotteries import experiment

NOTEBOOK = "many_small_lotteries"
CLAIMS = 6
MARGINS = [(1, 2), (2, 1), (3, 2), (4, 1), (5, 2), (6, 2)]
LESSON = experiment.LESSON


def run(claims, monkeypatch, settings: experiment.Settings) -> None:
    monkeypatch.setattr(experiment.SIZES, "lesson", settings)
    claims.run()


@pytest.mark.full
def test_every_verdict_holds_for_other_tickets(claims, monkeypatch, seed: int, threads: int) -> None:
    run(claims, monkeypatch, replace(LESSON, seed=seed))
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def pretended(patches: float, scattered: float):
    """A table in which the lotteries lie that far below the dense networks, and fresh weights like the patches."""
    below = {experiment.PATCHES: patches, REINIT: patches, experiment.SCATTERED: scattered}

    def run(self: experiment.Lottery, progress=None) -> pd.DataFrame:
        self.study.run()
        s, rng, rows = self.settings, torch.Generator().manual_seed(0), []
        plan = [(0, DENSE, s.tickets)]
        plan += [(s.levels, arm, s.draws if arm in experiment.DESIGNS else s.few_draws) for arm in experiment.ARMS]
        for level, arm, draws in plan:
            for i in range(draws):
                good, a, b = (0.003 * torch.randn(3, generator=rng)).tolist()
                about = (arm, level, 1 / (level + 1), 10, i % s.tickets, i, 4e-3)
                rows.append((*about, *(0.95 - below.get(arm, 0) + good + luck for luck in (a, b))))
        self.rows = [pd.DataFrame(rows, columns=experiment.COLUMNS)]
        self.search = self.table
        return self.table

    return run


@pytest.mark.usefixtures("few_images")
@pytest.mark.parametrize(
    ("patches", "scattered", "word"),
    [(0.0, 0.0, "open"), (0.012, 0.04, "partly supported"), (0.04, 0.04, "refuted")],
)
def test_the_verdict_follows_the_draws(claims, monkeypatch, patches: float, scattered: float, word: str) -> None:
    """Where both lotteries are as good as the ticket, or neither comes near the goal, the lesson says so."""
    monkeypatch.setattr(experiment.Lottery, "run", pretended(patches, scattered))
    run(claims, monkeypatch, replace(LESSON, steps=2))
    assert claims.verdicts == [word]
    rare, often = "Networks with scattered pixels win", "Networks with local patches win"
    order, price, ahead = "A ticket beats fresh weights", "For the price of a ticket", "The best of the equally short"
    expected = {
        "open": [False, True, False, True, False],
        "partly supported": [True] * 5,
        "refuted": [True, False, False, False, True],
    }
    assert claims.holds(rare, often, order, price, ahead) == expected[word]
