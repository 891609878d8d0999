"""The verdicts that the lesson prints hold for other seeds, for one thread and two, and fail where they should."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from lthedu.base.streams import generator
from lthedu.experiments import paper_results
from lthedu.lessons.search_without_gradients import experiment
from lthedu.lessons.search_without_gradients.experiment import GRADIENT_GUIDED, RANDOM, SEARCHERS, Contest
from lthedu.lessons.search_without_gradients.longer import TRIED, best_settings

NOTEBOOK = "search_without_gradients"
CLAIMS = 6
MARGINS = [(100, 2), (200, 1), (300, 2), (400, 1), (500, 2)]
LESSON = experiment.LESSON
EARLY = "A tenth of the budget takes the gradient below all others"


@pytest.mark.full
def test_every_verdict_holds_for_other_seeds(claims, monkeypatch, seed: int, threads: int) -> None:
    seeds = tuple(range(seed, seed + 5))
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(LESSON, seeds=seeds))
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def pretended(last: dict[str, float]):
    """A contest that ends with these losses, and whose searchers have what they reach at a tenth of the budget."""

    def run(self: Contest, progress=None) -> pd.DataFrame:
        for name in self.searchers:
            fitness = self.fitness(self.settings.budget)
            for share in (0.01, 0.1, 1.0):
                losses = [last.get(name, 2.0) + (1 - share) * 0.001] * len(self.settings.seeds)
                fitness.history.append((share * self.settings.budget, share, losses))
            self.best[name] = fitness.best, torch.tensor(losses)
            self.rows.append(self._rows(name, fitness))
        return self.table

    return run


@pytest.mark.usefixtures("few_images")
@pytest.mark.parametrize(("gradient", "word"), [(1.0, "partly supported"), (1.8, "open")])
def test_the_verdict_follows_the_table(claims, monkeypatch, gradient: float, word: str) -> None:
    last = {name: 1.7 - 0.05 * i for i, name in enumerate(SEARCHERS)} | {RANDOM: 2.2, GRADIENT_GUIDED: gradient}
    monkeypatch.setattr(Contest, "run", pretended(last))
    claims.run()
    assert claims.verdicts == [word]
    assert claims.holds(EARLY) == [gradient < 1.7]


@pytest.mark.usefixtures("few_images")
def test_the_lesson_s_searchers_are_the_library_s(claims, monkeypatch) -> None:
    monkeypatch.setattr(Contest, "run", pretended({}))
    space = claims.run()
    small = Contest(space["digits"], replace(LESSON, seeds=(7, 8), sizes=(49, 6, 10), images=50, budget=300))
    for name, search in space["searchers"].items():
        found = []
        for one in (search, SEARCHERS[name]):
            fitness = small.fitness(300)
            one(fitness, generator(3, name))
            found.append(fitness.best)
        assert torch.equal(*found), name


def test_every_searcher_has_the_best_setting_that_the_stored_run_tried() -> None:
    stored = paper_results.load(NOTEBOOK)
    assert stored is not None
    for name, setting in best_settings(stored.table).items():
        used = SEARCHERS[name].__kwdefaults__ or {}
        assert TRIED[name][setting].keywords.items() <= used.items(), (name, setting)
