"""The verdicts that the lesson prints hold for other seeds, for one thread and two, and fail where they should."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lthedu.lessons.rewinding import experiment as rewinding

NOTEBOOK = "rewinding"
CLAIMS = 6
MARGINS = [(100, 2), (200, 1), (300, 2), (400, 1), (500, 2), (600, 2)]
LESSON = rewinding.LESSON
BETTER = "At 5 % and rate 0.1 rewinding to step 150 beats a reset by over ten points"
EITHER = "Either repair alone closes over two thirds of the gap between reset and rewinding"
REPAIRED = "With both repairs a reset is no worse than rewinding to step 150"
OWN = "With both repairs the ticket's own first weights beat reinitialised ones"


@pytest.mark.full
def test_every_verdict_holds_for_other_seeds(claims, monkeypatch, seed: int, threads: int) -> None:
    monkeypatch.setattr(rewinding.SIZES, "lesson", replace(LESSON, seeds=tuple(range(seed, seed + 8))))
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def pretended(gain: float, repair: float):
    """An experiment of dense networks alone, and a table which says what rewinding gains, and what a repair does."""

    def run(self: rewinding.Rewinding, progress=None) -> pd.DataFrame:
        self.train_dense()
        s, rng = self.settings, np.random.default_rng(0)
        level = dict.fromkeys((*rewinding.ARMS, rewinding.CHILDREN, "dense"), 0.5)
        level |= dict.fromkeys((rewinding.MATCHED, rewinding.REVIVED), 0.5 + repair)
        rows = []
        for arm, density, k in itertools.product(level, (*s.densities, 1.0), s.ks):
            if (k and arm not in (*rewinding.BY_STEP, rewinding.CHILDREN)) or (density == 1 and arm in rewinding.ARMS):
                continue
            for r in range(len(s.seeds)):
                more = gain if arm == rewinding.REWOUND and k else 0.0
                rows.append((arm, k, density, r, level[arm] + more + 0.001 * rng.random(), 0.2 / (1 + k)))
        for arm in (rewinding.REINIT_CHILDREN, rewinding.RESET_CHILDREN):
            rows += [(arm, 0, s.densities[-1], r, 0.5, 0.1) for r in range(len(s.seeds))]
        self.rows = [pd.DataFrame(rows, columns=rewinding.COLUMNS)]
        return self.table

    return run


@pytest.mark.parametrize(
    ("gain", "repair", "word"),
    [(0.0, 0.0, "open"), (0.3, 0.3, "partly supported"), (0.3, 0.0, "supported")],
)
@pytest.mark.usefixtures("few_images")
def test_the_verdict_follows_the_table(claims, monkeypatch, gain: float, repair: float, word: str) -> None:
    """Where rewinding gains nothing the lesson says so; and where a repair does nothing, rewinding has its due."""
    monkeypatch.setattr(rewinding.Rewinding, "run", pretended(gain, repair))
    monkeypatch.setattr(rewinding.Rewinding, "accuracy_from", lambda self, *_: [50 + 100 * repair] * len(LESSON.seeds))
    claims.run()
    assert claims.verdicts == [word]
    assert claims.holds(BETTER, OWN) == [gain > 0, repair > 0]
    if gain:
        assert claims.holds(EITHER, REPAIRED) == [repair > 0] * 2
