"""The experiment: exact counts in every arm and at every step, masks from where they are said to be, and its loop."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from lthedu import data
from lthedu.experiments import paper_results
from lthedu.lessons.sparse_from_the_start import arms, studies
from lthedu.lessons.sparse_from_the_start.arms import ARMS, DENSE
from lthedu.lessons.sparse_from_the_start.clock import Clock, frontier
from lthedu.lessons.sparse_from_the_start.clock import Settings as Timing
from lthedu.lessons.sparse_from_the_start.experiment import LESSON, LEVELS, REACHED, SIZES, Found, Sparse
from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.pruning import absolute, drop_and_grow, drop_fraction, sparse_start, swap_each
from lthedu.sparsity import step_cost
from lthedu.training import Optimizer, RateSchedule, training

EVERY = tuple(name for name in ARMS if name not in DENSE)


@pytest.fixture(scope="module")
def few(mnist) -> data.Dataset:
    return mnist.first(300, 60, 60)


@pytest.fixture(scope="module")
def made(few) -> Sparse:
    found = Sparse(few, replace(SIZES.tiny, arms=EVERY, rates=(0.01, 0.02), watch=4, densities=(0.03,)))
    found.run()
    return found


def test_every_arm_has_a_row_a_network_and_rate_and_exactly_its_weights(made: Sparse) -> None:
    rows = made.table.groupby(["arm", "lr"])["replicate"].apply(list)
    assert sorted({arm for arm, _ in rows.index}) == sorted(EVERY)
    assert all(found == [0, 1] for found in rows)
    weights = made.table.groupby("arm")["weights"].unique().map(list).to_dict()
    for arm in EVERY:
        if ARMS[arm].chosen == "all":
            (inputs, width, outputs) = made.widths(arm, 0.03)
            assert weights[arm] == [(inputs + outputs) * width]
            numbers = (inputs + 1 + outputs) * width + outputs
            assert numbers <= made.kept(0.03) + 410 < numbers + inputs + 1 + outputs
        else:
            assert weights[arm] == [made.kept(0.03)] == [7986], arm


def test_masks_that_move_keep_each_layer_s_count_and_static_ones_stay(made: Sparse) -> None:
    for (arm, density, lr), now in made.ends.items():
        first = made.first_mask(arm, density, made.start(arm, density)) if ARMS[arm].chosen != "all" else now.mask
        same = all(torch.equal(m, first[n]) for n, m in now.mask.items())
        assert same == (ARMS[arm].grows == "never"), arm
        assert all(not p[~now.mask[n]].any() for n, p in now.params.items() if n in now.mask)
        if arm != arms.ACROSS:
            assert masks.counts(now.mask) == masks.counts(first), (arm, lr)
        else:
            totals = [m.flatten(1).sum(1) for m in now.mask.values()]
            assert sum(totals).tolist() == [made.kept(density)] * 2


def test_controls_take_from_rigl_what_they_say(made: Sparse) -> None:
    best = made.best(arms.RIGL, 0.03)
    name = next(iter(best.mask))
    last, counts, spread = (
        made.first_mask(arm, 0.03, made.start(arm, 0.03)) for arm in (arms.LAST, arms.COUNTS, arms.SPREAD)
    )
    assert all(torch.equal(last[n], m) for n, m in best.mask.items())
    assert torch.equal(counts[name].sum(1), best.mask[name].sum(1))
    assert (counts[name] != best.mask[name]).any()
    assert (made.start(arms.LAST, 0.03).params[name] != made.start(arms.RIGL, 0.03).params[name]).any()
    assert set(made.orders(ARMS[arms.LAST])).isdisjoint(made.orders(ARMS[arms.RIGL]))
    wants = made.data.x_train.std(0)
    share = spread[name].sum(1).double() / spread[name].sum((1, 2))[:, None]
    assert (share - wants / wants.sum()).abs().max() < 1 / spread[name][0].sum()
    assert not spread[name][:, :, wants == 0].any()


def test_its_best_rate_is_that_of_the_validation_images(made: Sparse) -> None:
    table = made.table[made.table["arm"] == arms.RIGL].groupby("lr")["val"].mean()
    assert made.best(arms.RIGL, 0.03) is made.ends[arms.RIGL, 0.03, float(table.idxmax())]
    own = studies.at_own_rate(made.table)
    assert own[own["arm"] == arms.RIGL]["lr"].unique().tolist() == [table.idxmax()]


def test_the_cost_is_that_of_its_steps(made: Sparse) -> None:
    cost = made.table.groupby("arm")["cost"].first() * 1e6
    kept = [int(m[0].sum()) for m in made.ends[arms.RIGL, 0.03, 0.01].mask.values()]
    whole = [784 * 300, 300 * 100, 1000]
    assert cost[arms.STATIC] == cost[arms.SET] == 8 * step_cost(kept)
    moves = len(range(2, 6, 2))  # every 2 of 8 steps, before three quarters
    assert cost[arms.RIGL] == 8 * step_cost(kept) + moves * (266_200 - sum(kept))
    assert cost[arms.MEAN] == 8 * step_cost(kept) + 4 * (266_200 - sum(kept))  # until the last move
    assert cost[arms.RIGL] - cost[arms.STATIC] == moves * (step_cost(kept, whole) - step_cost(kept))


def test_rigl_is_the_loop_that_the_lesson_shows(few) -> None:
    """Written out once more, with the learner's own loop: the same weights, bit for bit."""
    settings = replace(SIZES.tiny, arms=(arms.RIGL,), steps=20, every=4)
    made = Sparse(few, settings)
    made.run()
    start = made.start(arms.RIGL, 0.1)
    mask = made.first_mask(arms.RIGL, 0.1, start)
    start = start.with_params(sparse_start(start.params, mask))
    rule = Optimizer(lr=0.016, schedule=RateSchedule("cosine"))
    for now in training(start, few, 20, mask=mask, order=made.order, optimizer=rule, batch_size=20):
        if now.step % 4 == 0 and now.step < 0.75 * 20:
            gradient = absolute({name: now.grads[name] for name in mask})
            now.mask = swap_each(now.params, now.mask, gradient, drop_fraction(now.step, 15), swap=drop_and_grow)
    end = made.ends[arms.RIGL, 0.1, 0.016]
    assert all(torch.equal(now.mask[n], m) for n, m in end.mask.items())
    assert all(torch.equal(now.params[n], p) for n, p in end.params.items())


def test_an_exchange_of_one_s_own_is_used(few) -> None:
    calls = []

    def counted(weights, mask, scores, count):
        calls.append(count)
        return drop_and_grow(weights, mask, scores, count)

    own = Sparse(few, SIZES.tiny, swap=counted)
    assert own.run().equals(Sparse(few, SIZES.tiny).run())
    assert len(calls) == 2 * 2 * 2 * 3  # arms that move, exchanges, networks, layers


def test_a_level_is_reached_when_it_is_first_seen() -> None:
    found = Found({"w": torch.ones(2, 3, 4, dtype=torch.bool)}, len(LEVELS))
    for step, accuracy in [(10, [0.93, 0.955]), (20, [0.945, 0.94]), (30, [0.97, 0.94])]:
        found.look(torch.tensor(accuracy, dtype=torch.float64), step)
    assert found.reached[0].tolist() == [20, 30, 30, 30]
    assert found.reached[1, :2].tolist() == [10, 10]
    assert np.isnan(found.reached[1, 2:]).all()


def test_settings_that_make_no_sense_are_refused() -> None:
    for change, words in [
        ({"arms": ("Rigl",)}, "arms names 'Rigl'; allowed: the names in `arms.ARMS`, such as static, SET"),
        ({"arms": (arms.LAST,)}, "arms names masks of RigL's"),
        ({"until": 0.0}, r"until is 0\.0"),
        ({"memory": 1.0}, r"memory is 1\.0"),
    ]:
        with pytest.raises(ValueError, match=words):
            replace(LESSON, **change)


def test_every_study_of_the_stored_run_is_one_that_can_be_run() -> None:
    assert {arm for study in studies.STUDIES.values() for arm in study.arms} == set(ARMS)
    assert all(len(study.seeds) == 5 for study in studies.STUDIES.values())


def test_no_rate_of_an_arm_is_in_two_studies() -> None:
    runs = [
        (arm, d, s.steps, lr) for s in studies.STUDIES.values() for arm in s.arms for d in s.densities for lr in s.rates
    ]
    assert len(runs) == len(set(runs))


def test_no_arm_of_the_stored_run_is_best_at_the_smallest_or_largest_rate_that_was_tried() -> None:
    stored = paper_results.load("sparse_from_the_start")
    assert stored is not None
    runs = stored.table[stored.table["lr"].notna()].astype({"density": float, "lr": float, "val": float})
    by = ["arm", "density", "steps"]
    tried = runs.groupby(by)["lr"].agg(["min", "max"])
    best = studies.at_own_rate(runs).groupby(by)["lr"].first()
    assert len(best) == len(tried) > 6
    assert best[(best <= tried["min"]) | (best >= tried["max"])].to_dict() == {}


def test_the_summary_has_a_row_a_kind_the_best_first() -> None:
    def rows(arm: str, density: float, accuracies: list[float], cost: float) -> list[dict[str, object]]:
        about = {"arm": arm, "density": density, "weights": 10.0, "lr": 0.1, "steps": 1000, "cost": cost}
        return [about | {"accuracy": accuracy} for accuracy in accuracies]

    own = pd.DataFrame([*rows("static", 0.05, [0.5, 0.6], 2), *rows("dense 300-100", 1.0, [0.9, 0.9], 8)])
    clock = pd.DataFrame({"arm": "static", "density": 0.05, "ms": [1, 2, 9]})
    found = studies.summary(own, clock, 1000)
    assert found.index.tolist() == ["dense 300-100", "static, 5 %"]
    assert found.loc["static, 5 %"].tolist() == [10, 55.0, 7.1, 25.0, "2.00"]


def test_pixels_are_pooled_as_often_as_an_arm_says(few) -> None:
    made = Sparse(few, replace(SIZES.tiny, arms=(arms.SMALL_TWICE, arms.BOTH_SPREAD)))
    assert made.widths(arms.SMALL_TWICE, 0.01) == [49, 51, 10]
    mask = made.first_mask(arms.BOTH_SPREAD, 0.01, made.start(arms.BOTH_SPREAD, 0.01))
    first = next(iter(mask.values()))
    assert first.shape == (2, 60, 196)
    assert not first[:, :, made.inputs[1].x_train.std(0) == 0].any()


def test_the_clock_times_every_arm_in_every_round(few) -> None:
    table = Clock(few, Timing(seeds=(0,), rounds=2, steps=2, densities=(0.02,))).run()
    assert table.groupby("arm")["replicate"].apply(list).map(len).unique().tolist() == [2]
    assert set(DENSE) < set(table["arm"])
    assert (table["ms"] > 0).all()


def test_the_frontier_takes_the_shortest_of_all_tries_that_every_network_reaches() -> None:
    def rows(arm, density, lr, steps, reached):
        about = {"arm": arm, "density": density, "lr": lr, "steps": steps, "val": 0.9}
        return [about | {"replicate": i, REACHED[0]: r} for i, r in enumerate(reached)]

    table = pd.DataFrame(
        [
            *rows("RigL", 0.05, 0.1, 100, [50, 60, 40]),
            *rows("RigL", 0.05, 0.2, 100, [10, 20, np.nan]),  # one network never does
            *rows("dense 100", 1.0, 0.1, 100, [30, 40, 80]),
            *rows("dense 100", 1.0, 0.1, 300, [90, 90, 90]),
            *rows("static", 0.05, 0.1, 100, [50, 60, 40]),  # not timed
        ]
    )
    for column in REACHED[1:]:
        table[column] = np.nan
    clock = pd.DataFrame(
        [("RigL", 0.05, ms) for ms in (1, 2, 9)] + [("dense 100", 1.0, 4)], columns=["arm", "density", "ms"]
    )
    found = frontier(table, clock)
    assert found[["arm", "level", "steps"]].values.tolist() == [["RigL, 5 %", 0.94, 50], ["dense 100", 0.94, 40]]
    assert found["seconds"].tolist() == pytest.approx([0.1, 0.16])


def test_the_start_of_a_dense_arm_is_the_course_s_own(few) -> None:
    made = Sparse(few, replace(SIZES.tiny, arms=("dense 32",)))
    assert made.run()["density"].unique().tolist() == [1.0]
    assert isinstance(made.start("dense 32", 1.0).module(0), MLP)
