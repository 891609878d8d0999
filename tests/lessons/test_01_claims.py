"""The verdicts that lesson 01 prints hold for other seeds and for one thread and two: they are not one run's luck."""

from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import pytest
import torch

from lthedu import pruning, sparsity
from lthedu.course import lesson
from lthedu.sparsity import BOTTLENECK, GRADUAL, ONE_SHOT, SAME_BYTES, SMALL, Comparison, Settings, matching_width

mpl.use("agg")
NOTEBOOK = Path(__file__).parents[2] / "lessons/01_pruning_basics.ipynb"


@pytest.mark.full
@pytest.mark.parametrize(("first_seed", "threads"), [(35, 1), (40, 2), (45, 1), (50, 2)])
def test_every_claim_of_the_lesson_holds_for_other_seeds_and_threads(
    monkeypatch: pytest.MonkeyPatch, first_seed: int, threads: int
) -> None:
    """The notebook's own cells, from first to last, with other seeds; what they claim is written down."""
    claimed = []
    monkeypatch.setattr(lesson, "claim", lambda sentence, holds, evidence="": claimed.append((sentence, bool(holds))))
    monkeypatch.setattr(lesson, "verdict", lambda word, evidence: claimed.append(("verdict", word == "supported")))
    seeds = tuple(range(first_seed, first_seed + 5))
    monkeypatch.setattr(sparsity.compare.SIZES, "lesson", replace(sparsity.Settings(), seeds=seeds))
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    space = {"__name__": "__main__"}
    try:
        for cell in nbformat.read(NOTEBOOK, 4).cells:
            if cell.cell_type == "code":
                exec(cell.source, space)
    finally:
        torch.set_num_threads(before)
        plt.close("all")
    assert len(claimed) == 15
    assert [sentence for sentence, holds in claimed if not holds] == []
    assert space["settings"].seeds == seeds


def judged(table: pd.DataFrame, settings: Settings) -> dict[str, bool]:
    """What the lesson's own cells claim of this table, by the first words, and whether their verdict is "supported"."""
    claimed: dict[str, bool] = {}
    words: list[str] = []
    space = {"table": table, "settings": settings, "sparsity": sparsity}
    space |= {"claim": lambda sentence, holds, _: claimed.__setitem__(" ".join(sentence.split()[:3]), bool(holds))}
    space |= {"verdict": lambda word, _: words.append(word)}
    code = [cell.source for cell in nbformat.read(NOTEBOOK, 4).cells if cell.cell_type == "code"]
    for start in ("def rows_of(", "every = settings.nonzeros", "both = all(better)"):
        (source,) = [source for source in code if source.startswith(start)]
        exec(source, space)
    (word,) = words
    return claimed | {SUPPORTED: word == "supported"}


SMALLEST = Settings(nonzeros=(3_700,))
NUMBERS, BYTES, SLOWLY, SUPPORTED = "At equal numbers", "At equal bytes", "Below 1 %", "verdict"
NONE = {NUMBERS: False, BYTES: False, SLOWLY: False, SUPPORTED: False}


@pytest.mark.full
def test_the_large_network_wins_by_what_it_keeps(mnist) -> None:
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
    assert judged(table, settings) == NONE


@pytest.mark.full
def test_four_times_the_bytes_are_enough_for_the_small_network(mnist) -> None:
    """The claim at equal bytes fails where they are not equal, and takes no other with it."""

    def width(total: int, inputs: int, outputs: int) -> int:
        return matching_width(total if total in SMALLEST.nonzeros else 4 * total, inputs, outputs)

    comparison = Comparison(mnist, SMALLEST, width=width)
    table = comparison.run(comparison.train_dense())
    assert judged(table, SMALLEST) == {NUMBERS: True, BYTES: False, SLOWLY: True, SUPPORTED: False}


@pytest.mark.full
def test_a_cut_without_a_step_to_recover_loses_to_small_networks(mnist) -> None:
    """The lead is not the large start's alone: pruned at the very last step, the network is behind at any measure."""
    settings = replace(SMALLEST, updates=1, pruned_by=1.0)
    comparison = Comparison(mnist, settings)
    table = comparison.run(comparison.train_dense())
    assert judged(table, settings) == NONE


def test_the_claims_follow_the_table() -> None:
    """Made-up accuracies: an arm that is ahead loses its claim, and no other, where it is behind."""
    accuracy = {GRADUAL: 0.90, ONE_SHOT: 0.85, SMALL: 0.80, BOTTLENECK: 0.70, SAME_BYTES: 0.88}

    def claims(**changed: float) -> list[bool]:
        table = pd.DataFrame(
            [(arm, 3_700, seed, val, changed.get(arm, val)) for arm, val in accuracy.items() for seed in range(5)],
            columns=["arm", "budget", "replicate", "val", "test"],
        )
        table.test += table.replicate.map({0: 0.001, 1: 0.0, 2: -0.001, 3: 0.0005, 4: 0.0}) * (table.arm == GRADUAL)
        return list(judged(table, SMALLEST).values())

    assert claims() == [True, True, True, True]
    assert claims(**{SMALL: 0.95}) == [False, True, True, False]
    assert claims(**{SAME_BYTES: 0.90}) == [True, False, True, False]
    assert claims(**{ONE_SHOT: 0.91}) == [True, True, False, True]
    assert claims(**{BOTTLENECK: 0.99}) == [True, True, True, True]  # worse on the validation images
    assert claims(**{GRADUAL: 0.5}) == [False, False, False, False]
