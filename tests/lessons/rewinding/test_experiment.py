"""Rewinding is bit for bit, arms differ in what they should, and barriers, distances and stops are exact."""

from dataclasses import replace

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lthedu import data
from lthedu.experiments import base
from lthedu.experiments.study import REINIT
from lthedu.lessons.rewinding import experiment as rewinding
from lthedu.lessons.rewinding.experiment import (
    BY_STEP,
    CHILDREN,
    FRESH,
    LR_REWOUND,
    MATCHED,
    REINIT_CHILDREN,
    REINIT_MATCHED,
    REINIT_REVIVED,
    RESET_CHILDREN,
    REVIVED,
    REWOUND,
    TUNED,
    Rewinding,
    Settings,
)
from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.tickets import stability
from lthedu.training import Optimizer, RateSchedule, Replicates, evaluate, train, training

TINY = Settings(
    seeds=(3, 4),
    sizes=(196, 12, 8, 10),
    densities=(0.5, 0.2),
    ks=(0, 4),
    few_ks=(0,),
    steps=10,
    batch_size=16,
    points=5,
)


@pytest.fixture(scope="module")
def digits(mnist):
    return data.pooled(mnist.first(400, 100, 100))


@pytest.fixture(scope="module")
def game(digits) -> Rewinding:
    game = Rewinding(digits, TINY)
    game.run()
    return game


def test_the_table_has_a_row_for_every_network(game: Rewinding) -> None:
    found = game.table.groupby(["arm", "density", "k"])["replicate"].apply(list).to_dict()
    both = {(arm, d, 0) for arm in rewinding.ARMS for d in (0.5, 0.2)}
    later = {(arm, 0.2, 4) for arm in BY_STEP if arm != TUNED}
    children = {(CHILDREN, d, k) for d in (1.0, 0.2) for k in (0, 4)}
    children |= {(REINIT_CHILDREN, 0.2, 0), (RESET_CHILDREN, 0.2, 0)}
    assert set(found) == both | later | children | {("dense", 1.0, 0)}
    assert all(rows == [0, 1] for rows in found.values())
    assert game.table["accuracy"].between(0, 1).all()
    assert (game.table["barrier"].notna() == game.table["arm"].str.startswith(CHILDREN)).all()


def test_snapshots_are_the_dense_runs_weights_of_their_step(game: Rewinding, digits) -> None:
    networks = Replicates.create(lambda: MLP(TINY.sizes), TINY.seeds)
    at = train(networks, digits, 10, order=game.order, optimizer=TINY.optimizer, batch_size=16)
    for now in training(networks, digits, 10, order=game.order, optimizer=TINY.optimizer, batch_size=16):
        if now.step == 4:
            k4 = masks.clone(now.params)
    for name, p in networks.params.items():
        assert torch.equal(game.snapshots[0][name], p)
        assert torch.equal(game.snapshots[4][name], k4[name])
        assert torch.equal(game.trained[name], at.replicates.params[name])


def test_masks_keep_exact_counts_over_all_layers(game: Rewinding) -> None:
    total = 196 * 12 + 12 * 8 + 8 * 10
    for density in (0.5, 0.2):
        for i in (0, 1):
            kept = sum(masks.counts(masks.unstack(game.mask(density), i)).values())
            assert kept == round(density * total)


@pytest.mark.parametrize("arm", rewinding.ARMS)
def test_an_arm_is_what_training_it_alone_gives(game: Rewinding, digits, arm: str) -> None:
    """With its own weights, mask and learning rates, from step k, on minibatches in a new order."""
    k = 4 if arm in BY_STEP and arm != TUNED else 0
    mask = {n: m[1] for n, m in game.mask(0.2).items()}
    found = dict.fromkeys((REWOUND, MATCHED, REVIVED), game.snapshots[4])
    found |= dict.fromkeys((LR_REWOUND, TUNED), game.trained)
    weights, fresh = (masks.unstack(p, 1) for p in (found.get(arm, game.fresh), game.fresh))
    if arm in (MATCHED, REVIVED, REINIT_MATCHED, REINIT_REVIVED):
        like = fresh if arm in FRESH else masks.unstack(game.networks.params, 1)
        for n, m in mask.items():
            weights[n] = weights[n] * m * (like[n].norm() / (weights[n] * m).norm())
    if arm in (REVIVED, REINIT_REVIVED):
        for n in ("layers.0.bias", "layers.1.bias"):
            weights[n] = weights[n] + 0.1
    optimizer = Optimizer("sgd", lr=0.001 * 10 / 20, momentum=0.9) if arm == TUNED else TINY.optimizer
    assert not set(game.new_order) & set(game.order)
    alone = train(
        game.networks.take([1]).with_params({n: p[None] for n, p in weights.items()}),
        digits,
        10,
        mask={n: m[None] for n, m in mask.items()},
        order=game.new_order[1:],
        optimizer=optimizer,
        batch_size=16,
        first_step=k,
    )
    row = game.table.query("arm == @arm and density == 0.2 and k == @k and replicate == 1")
    assert row["accuracy"].item() == pytest.approx(alone.history.query("split == 'test'")["accuracy"].item(), abs=0.011)


def test_a_start_of_one_s_own_is_trained_like_the_others(game: Rewinding) -> None:
    row = game.table.query("arm == @REVIVED and density == 0.2 and k == 0").sort_values("replicate")
    assert game.accuracy_from(game.start(REVIVED, 0.2, 0), 0.2) == pytest.approx(100 * row["accuracy"])


def test_fine_tuning_holds_the_last_learning_rate() -> None:
    assert Settings().last_rate.lr == pytest.approx(0.001)
    assert Settings().last_rate.schedule == RateSchedule()


def test_rewinding_shares_no_memory_and_refuses_a_step_that_was_not_kept(game: Rewinding) -> None:
    mask = game.mask(0.2)
    start = rewinding.rewind(game.snapshots, mask, 4)
    for name, p in game.snapshots[4].items():
        assert torch.equal(start[name], torch.where(mask[name], p, 0.0) if name in mask else p)
        assert start[name].data_ptr() != p.data_ptr()
    with pytest.raises(ValueError, match="step is 3; allowed: the steps that were kept, 0, 4"):
        rewinding.rewind(game.snapshots, mask, 3)


def test_restored_arms_have_the_norms_of_a_dense_network_at_its_start(game: Rewinding) -> None:
    """In every layer of every network, whatever weights the mask keeps and whichever step they are of."""
    mask = game.mask(0.2)
    for arm, k, like in ((MATCHED, 0, 0), (MATCHED, 4, 0), (REINIT_MATCHED, 0, None)):
        whole = game.fresh if like is None else game.snapshots[like]
        start = game.start(arm, 0.2, k)
        for name, m in mask.items():
            assert torch.allclose(start[name].flatten(1).norm(dim=1), whole[name].flatten(1).norm(dim=1))
            assert not start[name][~m].any()
    assert all(torch.equal(start[n], game.fresh[n]) for n in start if n not in mask)


def test_a_unit_is_dead_that_fires_for_no_image(game: Rewinding) -> None:
    start = masks.clone(game.networks.params)
    start["layers.1.weight"][0, :3] = -start["layers.1.weight"][0, :3].abs()  # reads what is never negative
    one = MLP(TINY.sizes)
    found = game.dead(start)
    for i, dead in enumerate(found):
        one.load_state_dict(masks.unstack(start, i))
        x = game.data.x_train
        for layer, share in zip(one.layers[:-1], dead, strict=True):
            x = layer(x).relu()
            assert share == (x.sum(0) == 0).float().mean()
    assert found[0, 1] >= 3 / 8


def test_children_share_k_steps_and_differ_afterwards(game: Rewinding) -> None:
    a, b = game.children[4]
    assert any(not torch.equal(a[n], b[n]) for n in a)
    line = stability.walk(game.networks, a, b, game.data, points=5)
    errors = 1 - evaluate(game.networks.with_params(a), game.data)[1]
    assert line.query("alpha == 0")["error"].tolist() == pytest.approx(errors.tolist())
    stored = game.table.query("arm == 'children' and density == 1 and k == 4")["barrier"].tolist()
    assert stability.barriers(line).tolist() == pytest.approx(stored)


def test_an_interrupted_run_keeps_what_it_measured(digits, monkeypatch) -> None:
    game, real = Rewinding(digits, TINY), base.train

    def stops(*args, **named):
        if game.rows:
            raise KeyboardInterrupt
        return real(*args, **named)

    monkeypatch.setattr(base, "train", stops)
    with pytest.raises(KeyboardInterrupt):
        game.run()
    assert game.table["arm"].tolist() == ["dense", "dense"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps is 0; allowed: a whole number from 1 up"),
        ({"seeds": (1, 1)}, r"seeds is \(1, 1\)"),
        ({"densities": (1.0,)}, r"densities\[0\] is 1.0; allowed: a number above 0 and below 1"),
        ({"ks": (4, 0)}, r"ks is \(4, 0\); allowed: .*rising"),
        ({"ks": (0, 10)}, r"ks are \(0, 10\); allowed: steps from 0 to 9"),
        ({"few_ks": (2,)}, r"few_ks are \(2,\); allowed: some of ks"),
    ],
)
def test_settings_name_value_and_range(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(TINY, **change)


def test_another_arm_and_a_mask_before_training_are_refused(digits, game: Rewinding) -> None:
    with pytest.raises(ValueError, match="arm is 'best'; allowed: rewound"):
        game.retrain("best", 0.2, 0)
    with pytest.raises(ValueError, match="call train_dense first"):
        Rewinding(digits, TINY).retrain(REINIT, 0.2, 0)


# the line ------------------------------------------------------------------------------------------------------


def test_the_ends_of_a_line_are_exact() -> None:
    a, b = {"w": torch.randn(7)}, {"w": torch.randn(7)}
    assert torch.equal(stability.between(a, b, 0)["w"], a["w"])
    assert torch.equal(stability.between(a, b, 1)["w"], b["w"])
    with pytest.raises(ValueError, match=r"alpha is 1.5; allowed: a number from 0 to 1"):
        stability.between(a, b, 1.5)
    with pytest.raises(ValueError, match="the ends differ"):
        stability.between(a, {"v": b["w"]}, 0.5)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12))
def test_a_barrier_is_at_least_half_the_difference_of_the_ends(heights: list[float]) -> None:
    def error(weights):
        return heights[round(float(weights["w"]) * (len(heights) - 1))]

    ends = {"w": torch.tensor(0.0, dtype=torch.float64)}, {"w": torch.tensor(1.0, dtype=torch.float64)}
    found = float(stability.error_barrier(*ends, error, points=len(heights)))
    assert found == pytest.approx(max(heights) - (heights[0] + heights[-1]) / 2, abs=1e-6)
    assert found >= abs(heights[0] - heights[-1]) / 2 - 1e-6


def test_a_line_of_one_point_is_refused(game: Rewinding) -> None:
    a, b = game.children[4]
    with pytest.raises(ValueError, match="points is 1; allowed: a whole number from 2 up"):
        stability.error_barrier(a, b, lambda w: 0.0, points=1)
    with pytest.raises(ValueError, match="points is 1"):
        stability.walk(game.networks, a, b, game.data, points=1)


@pytest.mark.parametrize("of", ["loss", "accuracy"])
def test_a_barrier_of_what_was_not_measured_is_refused_by_name(of) -> None:
    line = pd.DataFrame({"replicate": [0, 0], "alpha": [0.0, 1.0], "error": [0.2, 0.1]})
    with pytest.raises(ValueError, match=f"of is '{of}'; allowed, as columns of this line: error"):
        stability.barriers(line, of)
