"""The verdicts that the lesson prints hold for other seeds and for one thread and two: they are not one run's luck."""

from dataclasses import replace

import pandas as pd
import pytest
import torch

from lthedu import pruning
from lthedu.lessons.pruning_basics import experiment
from lthedu.lessons.pruning_basics.experiment import (
    BOTTLENECK,
    GRADUAL,
    ONE_SHOT,
    SAME_BYTES,
    SMALL,
    Comparison,
    Settings,
)
from lthedu.sparsity import matching_width

NOTEBOOK = "pruning_basics"
CLAIMS = 14
MARGINS = [(35, 1), (40, 2), (45, 1), (50, 2)]


@pytest.mark.full
def test_every_claim_of_the_lesson_holds_for_other_seeds_and_threads(claims, monkeypatch, seed, threads) -> None:
    seeds = tuple(range(seed, seed + 5))
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(experiment.Settings(), seeds=seeds))
    assert claims.run()["settings"].seeds == seeds
    assert (claims.failed, claims.verdicts) == (set(), ["supported"])


def judged(claims, table: pd.DataFrame, settings: Settings) -> dict[str, bool]:
    """What the lesson's own cells claim of this table, by the first words, and whether their verdict is "supported"."""
    claims.made.clear()
    claims.verdicts.clear()
    cells = claims.cells("import", "def rows_of(", "every = settings.nonzeros", "both = all(better)")
    claims.run(cells, table=table, settings=settings)
    made = {" ".join(sentence.split()[:3]): holds for sentence, holds in claims.made.items()}
    (word,) = claims.verdicts
    return made | {SUPPORTED: word == "supported"}


SMALLEST = Settings(nonzeros=(3_700,))
NUMBERS, BYTES, SLOWLY, SUPPORTED = "At equal numbers", "At equal bytes", "Below 1 %", "verdict"
NONE = {NUMBERS: False, BYTES: False, SLOWLY: False, SUPPORTED: False}


@pytest.mark.full
def test_the_large_network_wins_by_what_it_keeps(claims, mnist) -> None:
    """With random scores among the weights that are left, no lead remains, over small networks or over one cut."""

    def at_random(scores, density):
        generator = torch.Generator().manual_seed(int(1e6 * density))
        drawn = {n: torch.rand(s.shape, generator=generator) for n, s in scores.items()}
        return pruning.select_globally({n: torch.where(s < 0, s, drawn[n]) for n, s in scores.items()}, density)

    settings = Settings(nonzeros=(9_000, 3_700))
    comparison = Comparison(mnist, settings, choose=at_random)
    table = comparison.run(comparison.train_dense())
    sparse = table[table.arm.isin([GRADUAL, ONE_SHOT])]
    assert (sparse.nonzeros == sparse.budget).all()
    assert judged(claims, table, settings) == NONE


@pytest.mark.full
def test_four_times_the_bytes_are_enough_for_the_small_network(claims, mnist) -> None:
    """The claim at equal bytes fails where they are not equal, and takes no other with it."""

    def width(total: int, inputs: int, outputs: int) -> int:
        return matching_width(total if total in SMALLEST.nonzeros else 4 * total, inputs, outputs)

    comparison = Comparison(mnist, SMALLEST, width=width)
    table = comparison.run(comparison.train_dense())
    assert judged(claims, table, SMALLEST) == {NUMBERS: True, BYTES: False, SLOWLY: True, SUPPORTED: False}


@pytest.mark.full
def test_a_cut_without_a_step_to_recover_loses_to_small_networks(claims, mnist) -> None:
    """The lead is not the large start's alone: pruned at the very last step, the network is behind at any measure."""
    settings = replace(SMALLEST, updates=1, pruned_by=1.0)
    comparison = Comparison(mnist, settings)
    table = comparison.run(comparison.train_dense())
    assert judged(claims, table, settings) == NONE


def test_the_claims_follow_the_table(claims) -> None:
    """Made-up accuracies: an arm that is ahead loses its claim, and no other, where it is behind."""
    accuracy = {GRADUAL: 0.90, ONE_SHOT: 0.85, SMALL: 0.80, BOTTLENECK: 0.70, SAME_BYTES: 0.88}

    def judge(**changed: float) -> list[bool]:
        table = pd.DataFrame(
            [(arm, 3_700, seed, val, changed.get(arm, val)) for arm, val in accuracy.items() for seed in range(5)],
            columns=["arm", "budget", "replicate", "val", "test"],
        )
        table.test += table.replicate.map({0: 0.001, 1: 0.0, 2: -0.001, 3: 0.0005, 4: 0.0}) * (table.arm == GRADUAL)
        return list(judged(claims, table, SMALLEST).values())

    assert judge() == [True, True, True, True]
    assert judge(**{SMALL: 0.95}) == [False, True, True, False]
    assert judge(**{SAME_BYTES: 0.90}) == [True, False, True, False]
    assert judge(**{ONE_SHOT: 0.91}) == [True, True, False, True]
    assert judge(**{BOTTLENECK: 0.99}) == [True, True, True, True]  # worse on the validation images
    assert judge(**{GRADUAL: 0.5}) == [False, False, False, False]
