"""The verdicts that the lesson prints hold for other seeds and for one thread and two: they are not one run's luck."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from lthedu import data, pruning
from lthedu.lessons.pruning_basics import experiment
from lthedu.lessons.pruning_basics.experiment import (
    GRADUAL,
    LESSON,
    SAME_BYTES,
    SMALL,
    Comparison,
    Settings,
)

NOTEBOOK = "pruning_basics"
CLAIMS = 7
MARGINS = [(35, 1), (40, 2), (45, 1), (50, 2)]


@pytest.mark.full
def test_every_claim_of_the_lesson_holds_for_other_seeds_and_threads(claims, monkeypatch, seed, threads) -> None:
    seeds = tuple(range(seed, seed + 5))
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(LESSON, seeds=seeds))
    assert claims.run()["settings"].seeds == seeds
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def judged(claims, table: pd.DataFrame, later: float = 1.0, gap: float = 1.0) -> tuple[bool, bool, str]:
    """What the lesson's own cells claim of this table at equal numbers and at equal bytes, and the verdict that follows
    with a lead of `later` points in the longer run and of `gap` with a falling rate."""
    claims.made.clear()
    claims.verdicts.clear()
    cells = claims.cells("from lthedu.course.lesson", "def by_seed(", "held = [bool(")
    claims.run(cells, table=table, later=pd.Series([later]), gap=pd.Series([gap]), comparison=experiment)
    (word,) = claims.verdicts
    return *claims.holds("At equal numbers", "At equal bytes"), word


@pytest.mark.full
def test_the_large_network_wins_by_what_it_keeps(claims, mnist) -> None:
    """With random scores among the weights that are left, no lead remains, at equal numbers or bytes."""

    def at_random(scores, density):
        generator = torch.Generator().manual_seed(int(1e6 * density))
        drawn = {n: torch.rand(s.shape, generator=generator) for n, s in scores.items()}
        return pruning.select_globally({n: torch.where(s < 0, s, drawn[n]) for n, s in scores.items()}, density)

    settings = Settings(nonzeros=(9_000, 3_700), controls=False)
    table = Comparison(data.pooled(mnist), settings, choose=at_random).run()
    sparse = table[table.arm == GRADUAL]
    assert (sparse.nonzeros == sparse.budget).all()
    assert judged(claims, table)[:2] == (False, False)


def test_the_claims_follow_the_table(claims) -> None:
    """Made-up accuracies: the claim that does not hold is refuted and no other, and the verdict says how many do."""
    accuracy = {GRADUAL: 0.90, SMALL: 0.80, SAME_BYTES: 0.88}

    def judge(later: float = 1.0, gap: float = 1.0, **changed: float) -> tuple[bool, bool, str]:
        rows = [(arm, 3_700, seed, changed.get(arm, val)) for arm, val in accuracy.items() for seed in range(5)]
        table = pd.DataFrame(rows, columns=["arm", "budget", "replicate", "test"])
        table.test += table.replicate.map({0: 0.001, 1: 0.0, 2: -0.001, 3: 0.0005, 4: 0.0}) * (table.arm == GRADUAL)
        return judged(claims, table, later, gap)

    assert judge() == (True, True, "supported")
    assert judge(**{SMALL: 0.95}) == (False, True, "partly supported")
    assert judge(**{SAME_BYTES: 0.90}) == (True, False, "partly supported")  # ahead with some seeds only
    assert judge(later=-0.1) == (True, True, "partly supported")
    assert judge(gap=-0.1) == (True, True, "partly supported")
    assert judge(later=-0.1, gap=-0.1, **{GRADUAL: 0.5}) == (False, False, "refuted")
