"""The verdicts that lesson 02 prints hold for other seeds and for one thread and two: they are not one run's luck."""

import pytest
import torch

from lthedu.plots import final
from lthedu.stats import paired_test
from lthedu.tickets import CONTROLS, DENSE, LESSON, RANDOM, WINNING, Settings, Study, final_accuracy


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
    assert all(gap > 0.01 and p < 0.05 / len(tests) for gap, p in tests)
    gap, p = compare(LESSON.levels, DENSE)
    assert gap < 0
    assert p < 0.05
    rim = torch.ones(28, 28, dtype=torch.bool)
    rim[4:-4, 4:-4] = False

    def share(mask) -> torch.Tensor:
        first = next(iter(mask.values()))
        return first[:, :, rim.flatten()].sum((1, 2)) / first.sum((1, 2))

    assert all(bool((share(study.mask(level)) < share(study.mask(level, RANDOM))).all()) for level in deep)
