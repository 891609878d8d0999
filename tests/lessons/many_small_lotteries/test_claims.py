"""The verdicts that the lesson prints hold for other tickets, for one thread and two, and fail where they should."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from lthedu.experiments.study import DENSE, WINNING
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


def pretended(shift: float):
    """A table in which random networks are `shift` below the dense ones at the last level, and as good before it."""

    def run(self: experiment.Lottery, progress=None) -> pd.DataFrame:
        self.study.run()
        s, rng, rows = self.settings, torch.Generator().manual_seed(0), []
        plan = [(0, DENSE, s.tickets)]
        plan += [(level, arm, n) for level, n in ((1, s.few_draws), (s.levels, s.draws)) for arm in experiment.ARMS]
        for level, arm, draws in plan:
            below = shift * experiment.ARMS.index(arm) if level == s.levels and arm != WINNING else 0.0
            for i in range(draws):
                good, a, b = (0.001 * torch.randn(3, generator=rng)).tolist()
                about = (arm, level, 1 / (level + 1), 10, i % s.tickets, i, 4e-3)
                rows.append((*about, 0.95 - below + good + a, 0.95 - below + good + b))
        self.rows = [pd.DataFrame(rows, columns=experiment.COLUMNS)]
        self.search = self.table
        return self.table

    return run


@pytest.mark.usefixtures("few_images")
@pytest.mark.parametrize(("shift", "word"), [(0.0, "open"), (0.03, "partly supported")])
def test_the_verdict_follows_the_draws(claims, monkeypatch, shift: float, word: str) -> None:
    """Where the controls are as good as the ticket, the lesson says so."""
    monkeypatch.setattr(experiment.Lottery, "run", pretended(shift))
    run(claims, monkeypatch, replace(LESSON, steps=2))
    assert claims.verdicts == [word]
    rare = "With 6 % of the weights, fewer than 1 in 16"
    price = "For the price of a ticket"
    order = "A ticket beats fresh weights on its connections"
    assert claims.holds(rare, price, order) == [shift > 0] * 3
