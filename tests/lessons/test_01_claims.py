"""The verdicts that lesson 01 prints hold for other seeds and for one thread and two: they are not one run's luck."""

from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import pytest
import torch

from lthedu import pruning, sparsity
from lthedu.course import lesson
from lthedu.sparsity import GRADUAL, ONE_SHOT, Comparison, Settings
from lthedu.stats import paired_test

mpl.use("agg")
NOTEBOOK = Path(__file__).parents[2] / "lessons/01_pruning_basics.ipynb"


@pytest.mark.full
@pytest.mark.parametrize(("first_seed", "threads"), [(5, 2), (10, 1), (15, 1), (20, 2)])
def test_every_claim_of_the_lesson_holds_for_other_seeds_and_threads(
    monkeypatch: pytest.MonkeyPatch, first_seed: int, threads: int
) -> None:
    """The notebook's own cells, from first to last, with other seeds; what they claim is written down."""
    claimed = []
    monkeypatch.setattr(lesson, "claim", lambda sentence, holds, evidence="": claimed.append((sentence, bool(holds))))
    monkeypatch.setattr(lesson, "verdict", lambda word, evidence: claimed.append(("verdict", word == "supported")))
    seeds = tuple(range(first_seed, first_seed + 5))
    monkeypatch.setattr(sparsity.compare, "LESSON", replace(sparsity.Settings(), seeds=seeds))
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


@pytest.mark.full
def test_gradual_pruning_wins_by_what_it_keeps(mnist) -> None:
    """With random scores in place of magnitudes the large network's lead over one cut is gone: the claim can fail."""

    def at_random(scores, density):
        generator = torch.Generator().manual_seed(int(1e6 * density))
        return pruning.select_globally(
            {n: torch.rand(s.shape, generator=generator) for n, s in scores.items()}, density
        )

    comparison = Comparison(mnist, Settings(nonzeros=(3_700,)), choose=at_random)
    table = comparison.run(comparison.train_dense())
    ours, other = (table[table.arm == arm].sort_values("replicate").test.to_list() for arm in (GRADUAL, ONE_SHOT))
    gap, p = paired_test(ours, other)
    assert not (gap > 0 and p < 0.05 / 7)
