"""The verdicts that the lesson prints hold for other seeds, for one thread and two, and fail where they should."""

from dataclasses import replace

import pandas as pd
import pytest

from lthedu.lessons.zeros_and_signs import experiment
from lthedu.lessons.zeros_and_signs.experiment import CONTROL, KEPT, PRUNED, RANDOM, Deconstruction

NOTEBOOK = "zeros_and_signs"
CLAIMS = 19
MARGINS = [(500, 2), (600, 1), (700, 2), (800, 1), (900, 2)]
LESSON, DEEP = experiment.LESSON, experiment.DEEP.lesson
READS = "With 30 % kept, large_final reads more than half of the digits without any training"
SIGNS = "20 % kept, reshuffled: better with its signs than without"
STOPS = "But there, signs with magnitudes from the whole layer lose more than twenty points"


@pytest.mark.full
def test_every_verdict_holds_for_other_seeds(claims, monkeypatch, seed: int, threads: int) -> None:
    seeds = tuple(range(seed, seed + 8))
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(LESSON, seeds=seeds))
    monkeypatch.setattr(experiment.DEEP, "lesson", replace(DEEP, seeds=seeds))
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def pretended(reads: float, signs: float, scale: float):
    """A table in which masks read so much, signs are worth so much, and the deep network needs scale so much."""

    def run(self: Deconstruction, progress=None, *, stages=("untrained", "kept", "pruned")) -> pd.DataFrame:
        rows = []
        for r in range(len(self.settings.seeds)):
            blind = (
                RANDOM,
                CONTROL,
                "large_init",
                "small_init",
                "small_final",
                "large_final_different_sign",
                "movement",
            )
            for name in (*self.criteria, RANDOM, CONTROL):
                for d in self.settings.densities:
                    value = 0.1 if name in blind else reads
                    rows.append(("untrained", name, experiment.AS_THEY_WERE, d, r, value))
                    rows.append(("untrained", name, experiment.CONSTANT, d, r, value + 0.05))
            for d in self.settings.retrained:
                for way, (action, kept) in KEPT.items():
                    low = scale if self.settings.retrained == DEEP.retrained and action == "reinitialised" else 0
                    rows.append(("kept", "large_final", way, d, r, 0.9 + signs * kept - low + 1e-4 * r))
                held = dict(zip(PRUNED, (0.9, 0.88, 0.95, 0.92), strict=True))
                rows += [("pruned", "large_final", way, d, r, value) for way, value in held.items()]
        self.rows = [pd.DataFrame(rows, columns=experiment.COLUMNS)]
        return self.table

    return run


@pytest.mark.usefixtures("few_images")
@pytest.mark.parametrize(
    ("reads", "signs", "scale", "word"),
    [
        (0.6, 0.02, 0.5, "partly supported"),
        (0.6, 0.02, 0.0, "supported"),
        (0.6, 0.0, 0.0, "open"),
        (0.1, 0.02, 0, "open"),
    ],
)
def test_the_verdict_follows_the_table(claims, monkeypatch, reads, signs, scale, word) -> None:
    monkeypatch.setattr(Deconstruction, "run", pretended(reads, signs, scale))
    claims.run()
    assert claims.verdicts == [word]
    assert (READS in claims.failed) == (reads < 0.5)
    assert (SIGNS in claims.failed) == (signs == 0)
    assert (STOPS in claims.failed) == (scale == 0)
