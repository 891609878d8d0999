"""The cubic schedule, and gradual pruning inside training."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.pruning import cubic, select, select_each, through
from lthedu.training import Optimizer, Replicates, train, training


@pytest.fixture(scope="module")
def few(mnist):
    return mnist.first(600, 100, 100)


def globally(scores, density):
    return select(scores, density, scope="global")


def small(seeds=(0, 1, 2)) -> Replicates:
    return Replicates.create(lambda: MLP([784, 12, 10]), seeds)


@given(st.integers(0, 500), st.integers(1, 400), st.floats(0, 1))
def test_the_schedule_falls_from_1_to_final_and_never_rises(begin, length, final):
    densities = [cubic(step, begin, begin + length, final) for step in range(begin - 2, begin + length + 3)]
    assert densities[:3] == [1, 1, 1]
    assert densities[-3:] == [final] * 3
    assert all(a >= b for a, b in pairwise(densities))


def test_it_is_zhu_and_guptas_formula_in_sparsities():
    s_f, t0, n, dt = 0.9, 100, 20, 5
    for t in range(t0, t0 + n * dt + 1, dt):
        assert 1 - cubic(t, t0, t0 + n * dt, 1 - s_f) == pytest.approx(s_f - s_f * (1 - (t - t0) / (n * dt)) ** 3)


@pytest.mark.parametrize("bad", [(5, 5, 0.1), (6, 5, 0.1), (0, 5, 1.5), (0, 5, -0.1), (0, 5, float("nan"))])
def test_a_schedule_that_makes_no_sense_is_refused(bad):
    with pytest.raises(ValueError, match=r"begin is step|final is .*; allowed: a number from 0 to 1"):
        cubic(1, *bad)


def test_gradual_pruning_is_a_loop_in_which_every_replicate_keeps_the_exact_count(few):
    spare = "layers.1.weight"
    for now in training(small(), few, steps=30):
        if now.step in (5, 10, 15, 20):
            now.mask = select_each(now.params, now.mask, cubic(now.step, 0, 20, 0.1), globally, [spare])
            for i in range(3):
                kept = {"layers.0.weight": round(cubic(now.step, 0, 20, 0.1) * 784 * 12), spare: 120}
                assert masks.counts(masks.unstack(now.mask, i)) == kept
        for i in range(3):
            assert not now.params["layers.0.weight"][i][~now.mask["layers.0.weight"][i]].any()


@pytest.mark.parametrize(
    "optimizer",
    [
        Optimizer("sgd", lr=0.1, momentum=0.9, weight_decay=1e-3),
        Optimizer("adam"),
        Optimizer("adamw", weight_decay=0.1),
    ],
    ids=lambda o: o.name,
)
def test_a_weight_pruned_on_the_way_never_comes_back(few, optimizer):
    pruned, densities = [], {5: 0.9, 10: 0.5, 15: 0.7, 20: 0.2}  # it rises once, too
    for now in training(small(), few, steps=25, optimizer=optimizer):
        if now.step in densities:
            now.mask = select_each(now.params, now.mask, densities[now.step], globally)
        pruned.append(now.mask["layers.0.weight"].clone())
    assert not now.params["layers.0.weight"][~now.mask["layers.0.weight"]].any()
    assert all(not (b & ~a).any() for a, b in pairwise(pruned))


def test_one_step_is_one_shot_pruning(few):
    """Pruned at step 10 inside a run, or between two runs: the same masks."""
    dense = train(small(), few, steps=10)
    between = select_each(dense.replicates.params, dense.mask, 0.2, globally)
    for now in training(small(), few, steps=12):
        if now.step == 10:
            now.mask = select_each(now.params, now.mask, 0.2, globally)
    assert all(torch.equal(between[n], now.mask[n]) for n in between)


def test_a_kept_weight_that_is_zero_outranks_a_pruned_one():
    weights = {"w": torch.tensor([[[0.0, 0.0, 0.0, 1.0]]])}
    mask = {"w": torch.tensor([[[False, False, True, True]]])}
    assert select_each(weights, mask, 0.5, select)["w"].tolist() == mask["w"].tolist()


def test_a_spared_layer_that_is_none_is_named():
    with pytest.raises(ValueError, match="spare names 'last', which has no mask; there are: w"):
        select_each({"w": torch.ones(1, 2, 2)}, {"w": torch.ones(1, 2, 2, dtype=torch.bool)}, 0.5, select, ["last"])


@given(st.lists(st.tuples(st.integers(0, 50), st.floats(0, 1)), min_size=1, max_size=6, unique_by=lambda p: p[0]))
def test_lines_through_points_are_numpys(points):
    points.sort()
    for at in (-1, 0, 3, 7.5, 20, 49, 51):
        assert through(points, at) == pytest.approx(np.interp(at, *zip(*points, strict=True)))


def test_at_a_jump_the_later_density_counts_and_times_never_fall():
    assert through([(0, 1.0), (5, 1.0), (5, 0.2), (9, 0.2)], 5) == 0.2
    with pytest.raises(ValueError, match="allowed: times that do not fall"):
        through([(5, 0.1), (0, 0.2)], 1)
