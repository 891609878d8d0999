"""The verdicts that the lesson prints hold for other seeds, for one thread and two, and fail where they should."""

from dataclasses import replace

import pandas as pd
import pytest

from lthedu.lessons.zeros_and_signs import experiment
from lthedu.lessons.zeros_and_signs.experiment import Deconstruction
from lthedu.lessons.zeros_and_signs.ways import AS_THEY_WERE, CONSTANT, CONTROL, KEPT, PLACES, PRUNED, RANDOM

NOTEBOOK = "zeros_and_signs"
CLAIMS = 6
MARGINS = [(500, 2), (600, 1), (700, 2), (800, 1), (900, 2)]
LESSON, DEEP = experiment.LESSON, experiment.DEEP.lesson
READS = "With 30 % kept, large_final reads over half"
SIGNS = "At equal norms own signs beat other signs"
ENOUGH = "The ticket's signs with one size a layer"
SCALE = "Deep network, drawn sizes: restoring the norm"
ZEROS = "With 5 % kept the rule beats zero for all"
BLIND = (RANDOM, CONTROL, "movement", "large_final_different_sign")


@pytest.mark.full
def test_every_verdict_holds_for_other_seeds(claims, monkeypatch, seed: int, threads: int) -> None:
    seeds = tuple(range(seed, seed + 8))
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(LESSON, seeds=seeds))
    monkeypatch.setattr(experiment.DEEP, "lesson", replace(DEEP, seeds=seeds))
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def pretended(reads: float, signs: float, scale: float):
    """Tables in which masks read so much, signs are worth so much, and so much is lost without the right scale."""

    def run(self: Deconstruction, progress=None, *, stages) -> pd.DataFrame:
        self.train_dense()
        rows = []
        for r in range(len(self.settings.seeds)):
            for name in (*self.criteria, RANDOM, CONTROL):
                value = 0.1 if name in BLIND else reads
                for d in self.settings.densities:
                    rows += [("untrained", name, action, d, r, value) for action in (AS_THEY_WERE, CONSTANT)]
            for d in self.settings.retrained:
                for way, (action, kept, restored) in KEPT.items():
                    weak = scale if action not in ("", "reshuffled") and not restored else 0
                    good = kept and way != PLACES
                    rows.append(("kept", "large_final", way, d, r, 0.9 + signs * good - weak + 1e-4 * r))
            for d in self.settings.held:
                held = dict(zip(PRUNED, (0.9, 0.88, 0.95, 0.8, 0.92), strict=True))
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
        (0.6, 0.0, 0.5, "open"),
        (0.1, 0.02, 0.5, "open"),
    ],
)
def test_the_verdict_follows_the_table(claims, monkeypatch, reads, signs, scale, word) -> None:
    monkeypatch.setattr(Deconstruction, "run", pretended(reads, signs, scale))
    claims.run()
    assert claims.verdicts == [word]
    assert claims.holds(READS, SIGNS, SCALE) == [reads > 0.5, signs > 0, scale > 0]
    assert claims.holds(ENOUGH, ZEROS) == [True, True]
