"""The verdicts that lesson 02 prints hold for other seeds and for one thread and two: they are not one run's luck."""

from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch

from lthedu import models
from lthedu.exercises import lesson02
from lthedu.plots import share_on_rim
from lthedu.stats import paired_test
from lthedu.tickets import CONTROLS, DENSE, LESSON, RANDOM, WINNING, Settings, Study, final, final_accuracy
from lthedu.training import Replicates


@pytest.mark.full
@pytest.mark.parametrize(("first_seed", "threads"), [(5, 1), (5, 2), (10, 1), (10, 2)])
def test_the_verdicts_of_lesson_02_hold_for_other_seeds_and_threads(mnist, first_seed: int, threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        study = Study(mnist, settings=Settings(seeds=tuple(range(first_seed, first_seed + 5))))
        table = study.run()
    finally:
        torch.set_num_threads(before)
    kept = final(table).query("arm == @WINNING").groupby("level")["density"].first()

    def compare(level: int, other: str) -> tuple[float, float]:
        return paired_test(final_accuracy(table, WINNING, level), final_accuracy(table, other, level))

    middle, deep = kept.index[(kept >= 0.15) & (kept <= 0.55)], kept.index[kept < 0.2]
    assert [compare(level, DENSE)[0] >= 0 for level in middle] == [True, True]
    tests = [compare(level, other) for level in deep for other in CONTROLS]
    made = len(tests) + 2  # the lesson makes two more
    assert all(gap > 0.01 and p < 0.05 / made for gap, p in tests)
    gap, p = compare(LESSON.levels, DENSE)
    assert gap < 0
    assert p < 0.05 / made
    assert all((share_on_rim(study.mask(k)) < share_on_rim(study.mask(k, RANDOM))).all() for k in deep)


NOTEBOOK = Path(__file__).parents[2] / "lessons/02_winning_tickets.ipynb"


@pytest.mark.full
@pytest.mark.parametrize("threads", [1, 2])
def test_the_published_rule_freezes_and_hurts_for_other_seeds_too(mnist, threads: int) -> None:
    """The lesson's own cell, run with ten other seeds."""
    space = {"torch": torch, "np": np, "models": models, "Replicates": Replicates, "mnist": mnist}
    (source,) = [c.source for c in nbformat.read(NOTEBOOK, 4).cells if c.source.startswith("def trained_with(")]
    exec(source, space)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for seeds in (range(5, 10), range(10, 15)):
            theirs = [space["trained_with"](lesson02.as_published, seed) for seed in seeds]
            mended = [space["trained_with"](lesson02.freeze_pruned, seed) for seed in seeds]
            assert all(moved == 0 for moved, _ in theirs)
            assert all(moved > 0.99 for moved, _ in mended)
            gap, p = paired_test([a for _, a in theirs], [a for _, a in mended])
            assert gap < 0
            assert p < 0.005
    finally:
        torch.set_num_threads(before)
