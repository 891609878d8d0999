"""The verdicts that the lesson prints hold for other tickets, for one thread and two, and fail where they should."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from lthedu.experiments.study import WINNING
from lthedu.lessons.many_small_lotteries import experiment
from lthedu.training import Optimizer

NOTEBOOK = "many_small_lotteries"
CLAIMS = 14
MARGINS = [(1, 2), (2, 1), (3, 2), (4, 1), (5, 2), (6, 2)]
SLOW = ("def seconds_together",)  # the throughput, which no claim reads
LESSON = experiment.LESSON
RANDOM_WIN = "With more than half of the weights kept, random networks win, too"


def run(claims, monkeypatch, settings: experiment.Settings) -> None:
    monkeypatch.setattr(experiment.SIZES, "lesson", settings)
    claims.run([source for source in claims.compared if not source.startswith(SLOW)])
    assert len(claims.made) == CLAIMS


@pytest.mark.full
def test_every_verdict_holds_for_other_tickets(claims, monkeypatch, seed: int, threads: int) -> None:
    run(claims, monkeypatch, replace(LESSON, seed=seed))
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


@pytest.mark.full
@pytest.mark.parametrize("lr", [2e-3, 8e-3])
def test_at_the_lowest_density_the_verdicts_hold_for_half_and_twice_the_learning_rate(claims, monkeypatch, lr) -> None:
    """Where the lottery becomes easy depends on how well everything is trained, and the honesty box says so."""
    run(claims, monkeypatch, replace(LESSON, optimizer=Optimizer(lr=lr)))
    fails = {sentence for sentence in claims.failed if not sentence.startswith("With more than half of the weights")}
    assert fails == set()
    assert claims.verdicts == ["refuted" if RANDOM_WIN in claims.failed else "partly supported"]


def pretended(shift: float):
    """A table in which the controls are `shift` below the ticket at the last level, and as good as it before."""

    def run(self: experiment.Lottery, progress=None) -> pd.DataFrame:
        self.study.run()
        rng = torch.Generator().manual_seed(0)
        rows = []
        for level, draws in ((1, 32), (2, 32), (self.settings.levels, 128)):
            for arm in experiment.ARMS:
                below = shift if level == self.settings.levels and arm != WINNING else 0.0
                for i in range(draws):
                    good, a, b = (0.001 * torch.randn(3, generator=rng)).tolist()
                    rows.append((arm, level, 1 / level, 10, i, 0.95 - below + good + a, 0.95 - below + good + b))
        self.rows = [pd.DataFrame(rows, columns=experiment.COLUMNS)]
        return self.table

    return run


@pytest.mark.usefixtures("few_images")
@pytest.mark.parametrize(("shift", "word"), [(0.0, "open"), (0.03, "partly supported")])
def test_the_verdict_follows_the_draws(claims, monkeypatch, shift: float, word: str) -> None:
    """Where the controls are as good as the ticket, the lesson says so."""
    monkeypatch.setattr(experiment.Lottery, "run", pretended(shift))
    run(claims, monkeypatch, replace(LESSON, steps=2))
    assert claims.verdicts == [word]
    rare = "At the lowest density fewer than 6 in 100 networks of any control arm win"
    price = "At the ticket's price the best draw of a control misses the target on average"
    assert claims.holds(rare, price) == [shift > 0] * 2
