"""The verdicts that the lesson prints hold for other seeds, for one thread and two, and fail where they should."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from lthedu.lessons.search_without_gradients import experiment
from lthedu.lessons.search_without_gradients.experiment import GRADIENT_GUIDED, RANDOM, SEARCHERS, Contest

NOTEBOOK = "search_without_gradients"
CLAIMS = 16
MARGINS = [(100, 2), (200, 1), (300, 2), (400, 1), (500, 2)]
LESSON = experiment.LESSON
GUIDED = "The gradient beats all that do without it"


@pytest.mark.full
def test_every_verdict_holds_for_other_seeds(claims, monkeypatch, seed: int, threads: int) -> None:
    seeds = tuple(range(seed, seed + 5))
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(LESSON, seeds=seeds))
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["refuted"])


def pretended(last: dict[str, float]):
    """A contest that ends with these losses, and whose searchers read as many digits as their losses are low."""

    def run(self: Contest, progress=None) -> pd.DataFrame:
        for name in SEARCHERS:
            fitness = self.fitness(self.settings.budget)
            for share in (0.1, 1.0):
                losses = torch.full((len(self.settings.seeds),), last[name] + (1 - share) * 0.001)
                fitness.history.append((share * self.settings.budget, share, losses))
            self.best[name] = fitness.best, losses
            self.rows.append(self._rows(name, fitness))
        return self.table

    return run


@pytest.mark.usefixtures("few_images")
@pytest.mark.parametrize(("gradient", "word"), [(1.0, "refuted"), (1.8, "open")])
def test_the_verdict_follows_the_table(claims, monkeypatch, gradient: float, word: str) -> None:
    last = {name: 1.7 - 0.05 * i for i, name in enumerate(SEARCHERS)} | {RANDOM: 2.2, GRADIENT_GUIDED: gradient}
    monkeypatch.setattr(Contest, "run", pretended(last))
    monkeypatch.setattr(Contest, "noisy", lambda self, again: (torch.ones(5), torch.ones(5) + (0.01 if again else 0.1)))
    monkeypatch.setattr(Contest, "test_accuracy", lambda self, name: 1 - self.best[name][1] / 2.5)
    claims.run()
    assert claims.verdicts == [word]
    assert (GUIDED in claims.failed) == (gradient > 1.7)
