"""Large sparse against small dense: what is equal is equal exactly."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
import torch

from lthedu import data
from lthedu.data import Dataset
from lthedu.experiments import base, paper_results
from lthedu.lessons.pruning_basics import experiment as module
from lthedu.lessons.pruning_basics.experiment import (
    DENSE,
    GRADUAL,
    ONE_SHOT,
    OWN_RATES,
    RANDOM,
    SAME_BYTES,
    SEARCH,
    SMALL,
    Comparison,
    Settings,
    best_rates,
)
from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.pruning import cubic, select_globally
from lthedu.sparsity import csr_bytes
from lthedu.sparsity.sizes import bottleneck_width, matching_width
from lthedu.training import Optimizer, Replicates, Step, evaluate, training

TINY = Settings(seeds=(3, 4), nonzeros=(9_000, 3_700), dense_steps=6, steps=10, updates=3, batch_size=50)


@pytest.fixture(scope="module")
def few(mnist):
    return data.pooled(mnist.first(600, 100, 100))


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
    assert set(table.arm) == {DENSE, GRADUAL, ONE_SHOT, RANDOM, SMALL, SAME_BYTES}
    assert set(table.replicate) == {3, 4}
    assert set(table.pixels) == {196}
    assert set(table.steps) == {16}
    assert table[["val", "test"]].apply(lambda c: c.between(0, 1)).all(axis=None)


def test_sparse_networks_keep_the_budget_exactly_and_small_ones_at_most(run):
    _, _, table = run
    sparse = table[table.arm.isin([GRADUAL, ONE_SHOT, RANDOM])]
    assert (sparse.nonzeros == sparse.budget).all()
    small = table[table.arm == SMALL]
    assert (small.nonzeros <= small.budget).all()
    assert (small.budget - small.nonzeros < 207).all()
    assert (table[table.arm == DENSE][["budget", "nonzeros"]] == 90_210).all(axis=None)
    for _, rows in table[table.arm != DENSE].groupby("budget"):
        size_of = rows.groupby("arm")["bytes"].max()
        assert 0 <= size_of[GRADUAL] - size_of[SAME_BYTES] < 4 * 207
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
        ({"nonzeros": (1_000,)}, r"nonzeros\[0\] is 1000; allowed: a whole number from 1411 up"),
        ({"nonzeros": ()}, r"nonzeros is \(\)"),
        ({"steps": 0}, "steps is 0"),
        ({"pruned_by": 0.0}, "pruned_by is 0.0; allowed: a number above 0 to 1"),
        ({"lrs": (-1.0,)}, r"lrs\[0\] is -1.0"),
        ({"batch_size": 0}, "batch_size is 0; allowed: a whole number"),
        ({"nonzeros": (3700.5,)}, r"nonzeros\[0\] is 3700.5"),
        ({"seeds": (0, 0)}, r"seeds is \(0, 0\); allowed: .*each once"),
    ],
)
def test_settings_out_of_range_are_named(wrong, words):
    with pytest.raises(ValueError, match=words):
        Settings(**wrong)


def test_a_bottleneck_that_cannot_fit_is_refused_though_one_layer_fits():
    assert matching_width(842, 784, 10) == 1
    assert bottleneck_width(843, 784, 10) == 1
    with pytest.raises(ValueError, match="total is 842; even one hidden unit takes 843 numbers"):
        bottleneck_width(842, 784, 10)


def test_the_scale_is_lesson_or_paper(monkeypatch):
    assert module.scaled_settings() == Settings()
    monkeypatch.setenv("LTHEDU_SCALE", "paper")
    assert module.scaled_settings().steps == 10 * Settings().steps
    monkeypatch.setenv("LTHEDU_SCALE", "huge")
    with pytest.raises(ValueError, match="allowed: tiny, lesson, paper"):
        module.scaled_settings()


@dataclass
class Call:
    """One training: what `training` was given, its last step, and the masks that were changed to, by step."""

    start: Replicates
    last: int
    given: dict[str, Any]
    trained: Step
    changes: dict[int, masks.Mask]

    @property
    def sizes(self) -> list[int]:
        inputs, *hidden = [p.shape[2] for p in self.start.params.values() if p.ndim == 3]
        return [inputs, *hidden, 10]

    @property
    def arm(self) -> str:
        if self.sizes != [196, 300, 100, 10]:
            return "small"
        if self.given["mask"] is None:
            return GRADUAL if self.changes else DENSE
        return RANDOM if self.given["first_step"] == 0 else ONE_SHOT


RECORDED = replace(TINY, nonzeros=(3_700,), pruned_by=0.4, optimizer=Optimizer("sgd", momentum=0.5), lrs=(0.02,))
HIDDEN = ("layers.0.weight", "layers.1.weight")


@pytest.fixture(scope="module")
def recorded(few):
    """The dense networks' training, those of the arms, and the table."""
    calls: list[Call] = []

    def recording(start: Replicates, data: Dataset, last: int, **given: Any) -> Iterator[Step]:
        changes = {}
        try:
            for now in training(start, data, last, **given):
                before = now.mask
                yield now
                if now.mask is not before:
                    changes[now.step] = masks.clone(now.mask)
        finally:  # also where the caller stops before the last step
            calls.append(Call(start, last, given, now, changes))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base, "training", recording)
        comparison = Comparison(few, RECORDED)
        table = comparison.run(comparison.train_dense())
    return calls[0], calls[1:], table


def of_arm(calls: list[Call], arm: str) -> Call:
    (found,) = [call for call in calls if call.arm == arm]
    return found


def equal(a: masks.Params, b: masks.Params) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_every_arm_sees_the_minibatches_of_its_seed(recorded):
    """What makes the replicates of one seed pairs."""
    first, calls, _ = recorded
    assert len(calls) == 4 + 2
    for call in (first, *calls):
        assert list(call.given["order"]) == [3, 4]
        assert call.given["batch_size"] == 50


def test_large_arms_go_on_from_the_trained_networks_and_small_ones_get_all_steps_of_both_phases(recorded):
    first, calls, _ = recorded
    assert (first.given["first_step"], first.trained.step, first.last) == (0, 6, 16)  # a falling rate knows all
    assert equal(first.start.params, Replicates.create(partial(MLP, first.sizes), (3, 4)).params)
    for arm in (DENSE, GRADUAL, ONE_SHOT):
        call = of_arm(calls, arm)
        assert (call.given["first_step"], call.last) == (6, 16)
        assert equal(call.start.params, first.trained.replicates.params)
    for call in [call for call in calls if call.arm in ("small", RANDOM)]:
        assert (call.given["first_step"], call.last) == (0, 16)
        assert equal(call.start.params, Replicates.create(partial(MLP, call.sizes), (3, 4)).params)


def test_every_arm_has_the_rule_and_the_small_ones_the_numbers_or_the_bytes_of_the_pruned_ones(recorded):
    first, calls, table = recorded
    assert {call.given["optimizer"] for call in (first, *calls)} == {replace(RECORDED.optimizer, lr=0.02)}
    most = table[table.arm == GRADUAL].bytes.max() // 4
    widths = [matching_width(numbers, 196, 10) for numbers in (3_700, most)]
    assert [call.sizes for call in calls if call.arm == "small"] == [[196, width, 10] for width in widths]


def test_a_random_mask_is_there_from_the_first_step_and_another_for_each_seed(recorded):
    _, calls, _ = recorded
    call = of_arm(calls, RANDOM)
    mask = call.given["mask"]
    for i in (0, 1):
        assert sum(int(mask[name][i].sum()) for name in HIDDEN) == 2_290
    assert not torch.equal(mask[HIDDEN[0]][0], mask[HIDDEN[0]][1])
    assert equal(call.trained.mask, mask)


def test_gradual_pruning_follows_the_schedule_and_is_done_before_the_last_steps(recorded):
    """3 updates over the first 4 of the 10 steps after step 6; 2,290 of the 88,800 hidden weights are left."""
    _, calls, _ = recorded
    changes = of_arm(calls, GRADUAL).changes
    assert list(changes) == [7, 9, 10]
    final = 2_290 / 88_800
    for step, mask in changes.items():
        density = final + (1 - final) * (1 - (step - 6) / 4) ** 3
        for i in (0, 1):
            assert sum(int(mask[name][i].sum()) for name in HIDDEN) == round(density * 88_800)
    assert equal(of_arm(calls, GRADUAL).trained.mask, changes[10])


def test_pruned_by_moves_the_end_of_the_pruning(few):
    hook_of = partial(replace, TINY, steps=100, updates=4)
    for share, expected in ((0.4, [16, 26, 36, 46]), (1.0, [31, 56, 81, 106])):
        assert list(Comparison(few, hook_of(pruned_by=share)).cuts(3_700)) == expected


def test_one_shot_keeps_the_largest_trained_weights_and_stays_with_them(recorded):
    first, calls, _ = recorded
    call = of_arm(calls, ONE_SHOT)
    for i in (0, 1):
        size = torch.cat([first.trained.replicates.params[name][i].abs().flatten() for name in HIDDEN])
        kept = torch.cat([call.given["mask"][name][i].flatten() for name in HIDDEN])
        assert int(kept.sum()) == 2_290
        assert size[kept].min() >= size[~kept].max()
    assert equal(call.trained.mask, call.given["mask"])


def test_the_output_layer_and_the_biases_are_never_pruned(recorded):
    _, calls, _ = recorded
    gradually, others = of_arm(calls, GRADUAL), [of_arm(calls, arm) for arm in (ONE_SHOT, RANDOM)]
    for mask in (*gradually.changes.values(), gradually.trained.mask, *(call.given["mask"] for call in others)):
        assert set(mask) == {*HIDDEN, "layers.2.weight"}
        assert bool(mask["layers.2.weight"].all())


def test_the_table_tells_what_each_training_ended_with(few, recorded):
    _, calls, table = recorded
    for arm in (DENSE, GRADUAL, ONE_SHOT, RANDOM):
        trained, rows = of_arm(calls, arm).trained, table[table.arm == arm]
        assert rows.replicate.to_list() == [3, 4]
        for split in ("val", "test"):
            assert rows[split].to_list() == evaluate(trained.replicates, few, split)[1].tolist()
        for i, size in enumerate(rows.bytes):
            assert size == csr_bytes(masks.unstack(trained.replicates.params, i), masks.unstack(trained.mask, i))
        assert set(rows.lr) == {0.02}


def test_every_arm_is_trained_at_every_rate_and_the_large_ones_start_at_theirs(few, monkeypatch):
    """Without training: accuracy is a matter of the learning rate alone, and 0.25 is best on the validation images."""
    seen = []

    def no_training(start: Replicates, data: Dataset, last: int, *, optimizer: Optimizer, **given: Any):
        marked = {name: torch.full_like(p, optimizer.lr) for name, p in start.params.items()}
        seen.append((given["first_step"], float(next(iter(start.params.values())).flatten()[0]), optimizer.lr))
        yield Step(start.with_params(marked), start.full_mask(), {}, optimizer, last)

    def look_up(nets: Replicates, data: Dataset, split: str = "test") -> tuple[None, torch.Tensor]:
        accuracy = {0.125: (0.9, 0.3), 0.25: (0.4, 0.9), 0.5: (0.6, 0.6)}
        return None, torch.tensor(accuracy[float(next(iter(nets.params.values())).flatten()[0])])

    monkeypatch.setattr(base, "training", no_training)
    monkeypatch.setattr(module, "evaluate", look_up)
    table = Comparison(few, replace(RECORDED, lrs=(0.5, 0.25, 0.125))).run()
    assert (table.groupby("arm").lr.nunique() == 3).all()
    assert all(start == lr for first, start, lr in seen if first)  # pruning goes on at the rate of its dense start
    assert set(best_rates(table).lr) == {0.25}
    assert set(best_rates(table).arm) == set(table.arm)


def test_the_arms_own_rates_are_those_that_the_stored_run_found_best():
    stored = paper_results.load("pruning_basics")
    found = best_rates(stored.table.query("pixels == 196 and steps == 936"))
    assert stored.complete
    assert list(stored.settings["search"]["lrs"]) == list(SEARCH.lrs)
    for (arm, total), rows in found.groupby(["arm", "budget"]):
        assert {OWN_RATES[arm][total]} == set(rows.lr), (arm, total)


def test_more_numbers_than_the_large_network_has_are_refused(few):
    with pytest.raises(ValueError, match="allowed: at most the 90210 numbers of a 196-300-100-10 network"):
        Comparison(few, Settings(nonzeros=(90_211,)))
