"""Large sparse against small dense: what is equal is equal exactly."""

import pytest

from lthedu import masks, sparsity
from lthedu.models import MLP
from lthedu.pruning import cubic, select_globally
from lthedu.sparsity import BOTTLENECK, DENSE, GRADUAL, ONE_SHOT, SAME_BYTES, SMALL, Comparison, Settings
from lthedu.sparsity.compare import bottleneck_width, matching_width

TINY = Settings(seeds=(3, 4), nonzeros=(9_000, 3_700), dense_steps=6, steps=10, updates=3, batch_size=50)


@pytest.fixture(scope="module")
def few(mnist):
    return mnist.first(600, 100, 100)


def size(*sizes: int) -> int:
    return sum(p.numel() for p in MLP(sizes).parameters())


@pytest.mark.parametrize("total", [805, 1600, 3_700, 27_000, 52_992])
def test_the_matching_network_is_the_widest_that_fits(total):
    h = matching_width(total, 784, 10)
    assert size(784, h, 10) <= total < size(784, h + 1, 10)
    two = bottleneck_width(max(total, 900), 784, 10)
    assert size(784, two, max(two // 3, 4), 10) <= max(total, 900)
    assert size(784, two + 1, max((two + 1) // 3, 4), 10) > max(total, 900)


def test_no_width_fits_a_budget_below_one_unit():
    with pytest.raises(ValueError, match="even one hidden unit takes 805"):
        matching_width(804, 784, 10)


@pytest.fixture(scope="module")
def run(few):
    comparison = Comparison(few, TINY)
    dense = comparison.train_dense()
    return comparison, dense, comparison.run(dense)


def test_one_row_for_each_arm_budget_and_seed(run):
    _, _, table = run
    assert len(table) == 2 + 5 * 2 * 2
    assert set(table.arm) == {DENSE, GRADUAL, ONE_SHOT, SMALL, BOTTLENECK, SAME_BYTES}
    assert set(table.replicate) == {3, 4}
    assert table[["val", "test"]].apply(lambda c: c.between(0, 1)).all(axis=None)


def test_sparse_networks_keep_the_budget_exactly_and_small_ones_at_most(run):
    _, _, table = run
    sparse = table[table.arm.isin([GRADUAL, ONE_SHOT])]
    assert (sparse.nonzeros == sparse.budget).all()
    small = table[table.arm.isin([SMALL, BOTTLENECK])]
    assert (small.nonzeros <= small.budget).all()
    assert (small.budget - small.nonzeros < 795 + 4).all()
    assert (table[table.arm == DENSE][["budget", "nonzeros"]] == 266_610).all(axis=None)
    for _, rows in table[table.arm != DENSE].groupby("budget"):
        size_of = rows.groupby("arm")["bytes"].first()
        assert 0 <= size_of[ONE_SHOT] - size_of[SAME_BYTES] < 4 * 795
        dense = rows[rows.arm.isin([SMALL, SAME_BYTES])]
        assert (dense.bytes == 4 * dense.nonzeros).all()


def test_the_arms_start_from_the_same_networks_and_the_learners_functions_are_called(few, run):
    _, dense, table = run
    called = []

    def choose(scores, density):
        called.append("choose")
        return select_globally(scores, density)

    def schedule(step, begin, end, final):
        called.append("schedule")
        return cubic(step, begin, end, final)

    def width(total, inputs, outputs):
        called.append("width")
        return matching_width(total, inputs, outputs)

    before = masks.clone(dense.params)
    again = Comparison(few, TINY, choose, schedule, width).run(dense)
    assert set(called) == {"choose", "schedule", "width"}
    assert again.equals(table)
    assert all(bool((before[n] == dense.params[n]).all()) for n in before)


def test_progress_runs_from_the_first_step_to_the_last(few, run):
    _, dense, _ = run
    seen = []
    Comparison(few, TINY).run(dense, progress=lambda done, in_all, text: seen.append(done / in_all))
    assert seen == sorted(seen)
    assert seen[-1] == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"nonzeros": (1_000,)}, "nonzeros names 1000; allowed: 1411 to 266610"),
        ({"nonzeros": ()}, "nonzeros is empty"),
        ({"steps": 0}, "steps is 0"),
        ({"pruned_by": 0.0}, "pruned_by is 0.0; allowed: above 0 to 1"),
        ({"small_lrs": ()}, "small_lrs is empty"),
        ({"small_lrs": (-1.0,)}, "small_lrs names -1.0"),
        ({"batch_size": 0}, "batch_size is 0; it must be a whole number"),
        ({"nonzeros": (3700.5,)}, "nonzeros names 3700.5"),
        ({"seeds": (0, 0)}, r"seeds are \(0, 0\); give each once"),
    ],
)
def test_settings_out_of_range_are_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        Settings(**wrong)


def test_the_scale_is_lesson_or_paper(monkeypatch):
    assert sparsity.scaled_settings() == Settings()
    monkeypatch.setenv("LTHEDU_SCALE", "paper")
    assert sparsity.scaled_settings().steps > 5_000
    monkeypatch.setenv("LTHEDU_SCALE", "huge")
    with pytest.raises(ValueError, match="allowed: lesson, paper"):
        sparsity.scaled_settings()
