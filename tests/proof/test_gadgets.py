"""The proof's small parts: Lemmas A and B as they are written, who owns a neuron, and three ways to hit a weight."""

import math
from inspect import signature

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lthedu.proof import first_mask, greedy_subset, one_weight
from lthedu.proof.gadgets import (
    GOLDEN,
    block_owners,
    free_owners,
    golden_greedy,
    lucky_neuron,
    pools,
    subset_chooser,
)
from lthedu.proof.widths import malach_width

# one weight


def computed(incoming, outgoing, keep, x: float) -> float:
    """What the kept hidden neurons add up to at x."""
    return sum(b * max(a * x, 0.0) for a, b, k in zip(incoming, outgoing, keep, strict=True) if k)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(-1, 1),
    st.integers(0, 12),
    st.sampled_from([signature(one_weight).parameters["choose"].default, greedy_subset]),
)
def test_one_weight_is_made_for_inputs_of_both_signs(seed, weight, n, choose) -> None:
    rng = np.random.default_rng(seed)
    incoming, outgoing = rng.uniform(-1, 1, (2, n)).tolist()
    keep = one_weight(incoming, outgoing, weight, choose)
    for sign in (1, -1):  # each branch is within what its own subset sum leaves
        mine = [abs(a) * b for a, b in zip(incoming, outgoing, strict=True) if sign * a > 0]
        wanted = sign * weight
        chosen = choose(mine, wanted)
        off = abs(math.fsum(v for v, k in zip(mine, chosen, strict=True) if k) - wanted)
        for size in (0.5, 3.0):
            x = sign * size
            assert abs(computed(incoming, outgoing, keep, x) - weight * x) == pytest.approx(off * size, abs=1e-12)


def test_one_weight_has_each_sign_hit_its_own_target() -> None:
    # positive branch: 0.5 * 0.8 = 0.4; negative branch: |-0.5| * -0.8 = -0.4; the others are decoys of the wrong sign
    incoming, outgoing = [0.5, -0.5, 0.5, -0.5], [0.8, -0.8, -0.8, 0.8]
    assert one_weight(incoming, outgoing, 0.4) == [True, True, False, False]
    assert one_weight(incoming, outgoing, -0.4) == [False, False, True, True]
    assert one_weight([0.0], [1.0], 0.4) == [False]  # it answers to nothing
    assert one_weight([], [], 0.4) == []
    with pytest.raises(ValueError, match="2 incoming and 1 outgoing weights; allowed: equally many"):
        one_weight([0.5, 0.2], [0.1], 0.4)


# Lemma A, Lemma B


def pair(w: np.ndarray, u: np.ndarray, alpha: float, eta: float) -> tuple[list[int], np.ndarray]:
    """Lemma A: the neuron for x > 0 and the one for x < 0, of neurons with incoming w (k,) and outgoing u (k,)."""
    chosen = []
    for sign in (1, -1):
        a = np.maximum(sign * w, 0)
        keep = lucky_neuron(a[None], u[None, None], np.array([[sign * alpha]]), eta)[0, 0]
        chosen.append(np.flatnonzero(keep))
    return [len(c) for c in chosen], np.concatenate(chosen)


@pytest.mark.parametrize("eta", [0.3, 0.1])
def test_lemma_a_a_pair_of_neurons_for_one_scalar(eta: float) -> None:
    delta, rng = 0.1, np.random.default_rng(0)
    k = malach_width(eta, 1, delta)
    assert k == math.ceil(16 / eta**2 * math.log(2 / delta))
    failed, draws = 0, 60
    for draw in range(draws):
        alpha = [-1.0, 1.0, eta * 1.01, 0.0][draw] if draw < 4 else rng.uniform(-1, 1)
        w, u = rng.uniform(-1, 1, (2, k))
        many, chosen = pair(w, u, alpha, eta)
        assert max(many) <= 1
        if abs(alpha) > eta and min(many) == 0:
            failed += 1
            continue
        for x in (1.0, -1.0, 2.5, -0.3):
            made = sum(u[j] * max(w[j] * x, 0) for j in chosen)
            assert abs(made - alpha * x) <= eta * abs(x) + 1e-12
    assert failed <= 12  # 6 expected at most: the lemma says delta, and is generous


def test_lemma_b_a_linear_functional_from_blocks() -> None:
    """d = 4, eta = 0.1, |g(x) - <w, x>| <= eta |x|_1: two neurons and four weights for each entry of w."""
    d, eta, rng = 4, 0.1, np.random.default_rng(1)
    k = math.ceil(16 / eta**2 * math.log(2 * d / 0.1))
    w = np.array([0.7, -0.3, 0.11, -1.0])
    first, u = (
        rng.uniform(-1, 1, (d, k, d)),
        rng.uniform(-1, 1, (d, k)),
    )  # block i reads all inputs, and keeps input i's
    kept = [pair(first[i, :, i], u[i], w[i], eta)[1] for i in range(d)]
    assert [len(chosen) for chosen in kept] == [2] * d
    x = np.concatenate([rng.uniform(-1, 1, (500, d)), np.eye(d), -np.eye(d), np.ones((1, d))])
    made = sum(u[i, j] * np.maximum(first[i, j, i] * x[:, i], 0) for i in range(d) for j in kept[i])
    assert (np.abs(made - x @ w) <= eta * np.abs(x).sum(1) + 1e-12).all()


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 0.99), st.floats(-1, 1))
def test_a_lucky_neuron_is_within_eta_and_there_is_one_at_most(seed, eta, target) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0, 1, (1, 400)), rng.uniform(-1, 1, (1, 1, 400))
    a[0, :40] = 0  # what fills up a row
    keep = lucky_neuron(a, b, np.array([[target]]), eta)
    assert keep.sum() <= 1
    if keep.any():
        assert abs(target) > eta
        assert abs((a * b[0])[keep[0]].item() - target) <= eta
    else:
        near = (np.abs(a[0] - abs(target)) <= eta / 4 - 1e-9) & (np.abs(b[0, 0] - np.sign(target)) <= eta / 2 - 1e-9)
        inside = eta / 4 <= abs(target) <= 1 - eta / 4
        assert abs(target) <= eta or not inside or not near.any()


def test_a_neuron_is_lucky_as_often_as_the_proof_says() -> None:
    eta, rng = 0.2, np.random.default_rng(2)
    w, b = rng.uniform(-1, 1, (2, 400_000))
    for target in (0.21, -0.5, 1.0):
        a = np.maximum(w, 0).reshape(-1, 1)  # one neuron a row: whether it is lucky
        lucky = lucky_neuron(a, b.reshape(1, -1, 1), np.full((1, len(a)), target), eta).mean()
        assert lucky == pytest.approx(eta**2 / 16, rel=0.1)


# owners


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.integers(1, 6), st.integers(1, 12))
def test_free_owners_take_the_best_class_with_room(seed, hidden, classes, capacity) -> None:
    values = np.random.default_rng(seed).uniform(-1, 1, (hidden, classes))
    before = values.copy()
    if not hidden:
        return
    owner = free_owners(values, capacity)
    assert (values == before).all()
    assert owner.shape == (hidden,)  # so no neuron has two classes
    owned = np.flatnonzero(owner >= 0)
    assert (values[owned, owner[owned]] > 0).all()
    counts = np.bincount(owner[owned], minlength=classes)
    assert counts.max(initial=0) <= capacity
    full = counts == capacity
    for j in range(hidden):  # nobody left out could have served a class with room, nor would a better one have had room
        better = values[j] > (values[j, owner[j]] if owner[j] >= 0 else 0)
        assert full[better].all()


def test_free_owners_serve_the_largest_value_first() -> None:
    assert free_owners(np.array([[0.5, 0.4], [0.9, 0.1], [0.8, 0.7]]), capacity=1).tolist() == [-1, 0, 1]
    assert free_owners(np.array([[0.5], [0.5], [0.5]]), capacity=2).tolist() == [0, 0, -1]


def test_free_choice_keeps_large_numbers() -> None:
    values = np.random.default_rng(0).uniform(-1, 1, (1050, 50))
    owner = free_owners(values, 20)
    kept = values[np.arange(1050), owner][owner >= 0]
    assert len(kept) == 1000
    assert kept.mean() > 0.9
    blocks = block_owners(values[:1000], 20)
    alive = values[:1000][blocks >= 0, blocks[blocks >= 0]]
    assert alive.mean() == pytest.approx(0.5, abs=0.05)
    assert len(alive) == pytest.approx(500, abs=5 * np.sqrt(250))


@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 7))
def test_blocks_are_in_a_row_and_the_dead_are_left_out(seed, classes, block) -> None:
    values = np.random.default_rng(seed).uniform(-1, 1, (classes * block, classes))
    owner = block_owners(values, block)
    for j in range(len(values)):
        alive = values[j, j // block] > 0
        assert owner[j] == (j // block if alive else -1)


@settings(deadline=None)
@given(st.lists(st.integers(-1, 4), max_size=40))
def test_pools_list_each_owned_neuron_once(owner) -> None:
    found = pools(np.array(owner, int), classes=5)
    assert found.shape[0] == 5
    assert found.shape[1] >= 1
    for k in range(5):
        row = found[k][found[k] >= 0].tolist()
        assert row == [j for j, o in enumerate(owner) if o == k]
        assert found[k].tolist() == row + [-1] * (found.shape[1] - len(row))


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(0, 10), st.integers(1, 4))
def test_the_first_mask_has_one_number_for_each_neuron_that_is_used(seed, outputs, hidden, columns) -> None:
    rng = np.random.default_rng(seed)
    second, owner = rng.random((outputs, hidden)) < 0.3, rng.integers(-1, columns, hidden)
    found = first_mask(second, owner, columns)
    assert found.shape == (hidden, columns)
    for j in range(hidden):
        used = second[:, j].any() and owner[j] >= 0
        assert found[j].tolist() == [bool(used and c == owner[j]) for c in range(columns)]


# choosing


def test_golden_greedy_leaves_no_more_than_eta_where_every_interval_has_one() -> None:
    """K intervals [R g^-(k+1), R g^-k), k = 1 to K: whatever stands in them, and whatever the weight."""
    eta, largest, rng = 1e-3, 0.25, np.random.default_rng(3)
    cells = math.ceil(math.log(largest / eta, GOLDEN))
    low = largest * GOLDEN ** -(np.arange(1, cells + 1) + 1.0)
    place = rng.random((2000, 1, cells)) ** rng.choice([0.01, 1, 100], (2000, 1, 1))  # also all low, all high
    b = low * (1 + (GOLDEN - 1) * place)
    targets = rng.uniform(-largest, largest, (2000, 1))
    targets[0], targets[1] = largest, -largest
    b = b * np.sign(targets)[..., None]
    decoys = -b[..., :3]  # of the wrong sign
    b = np.concatenate([b, decoys], axis=-1)
    order = rng.permuted(np.broadcast_to(np.arange(cells + 3), b.shape), axis=-1)
    b = np.take_along_axis(b, order, -1)
    a = np.ones((1, cells + 3))
    keep = golden_greedy(a, b, targets, eta)
    left = np.abs((b * keep).sum(-1) - targets)
    assert left.max() <= eta * (1 + 1e-9)
    assert not keep[np.sign(b) != np.sign(targets)[..., None]].any()
    # one interval fewer at the lower end, and it fails for some: the count is not slack
    short = np.where(np.abs(b) < largest * GOLDEN**-cells, 0, b)
    assert np.abs((short * golden_greedy(a, short, targets, eta)).sum(-1) - targets).max() > eta


def test_golden_greedy_with_a_ratio_above_the_golden_one_fails() -> None:
    g, rng = 1.8, np.random.default_rng(4)
    cells = 12
    b = (g ** -(np.arange(1, cells + 1) + 1.0) * (1 + (g - 1) * rng.random((2000, 1, cells)))) / 4
    targets = rng.uniform(0, 0.25, (2000, 1))
    eta = 0.25 * g**-cells
    left = np.abs((b * golden_greedy(np.ones((1, cells)), b, targets, eta)).sum(-1) - targets)
    assert 0.02 < (left > eta * (1 + 1e-9)).mean() < 0.5


def test_golden_greedy_stops_when_it_is_there_and_takes_no_more_than_fits() -> None:
    a, b = np.ones((1, 4)), np.array([[[0.3, 0.2, 0.1, 0.05]]])
    assert golden_greedy(a, b, np.array([[0.26]]), 0.07).tolist() == [[[False, True, False, False]]]
    assert golden_greedy(a, b, np.array([[0.26]]), 0.02).tolist() == [[[False, True, False, True]]]
    assert not golden_greedy(a, b, np.array([[0.0]]), 0.01).any()


@pytest.mark.parametrize("choose", [subset_chooser(), lucky_neuron, golden_greedy], ids=["subset", "lucky", "golden"])
def test_what_fills_up_a_row_changes_nothing_that_is_kept(choose) -> None:
    rng = np.random.default_rng(5)
    a, b = rng.uniform(0.5, 1, (3, 16)).astype(np.float32), rng.uniform(-1, 1, (4, 3, 16)).astype(np.float32)
    targets = rng.uniform(-0.25, 0.25, (4, 3))
    keep = choose(a, b, targets, 0.05)
    assert keep.shape == b.shape
    assert keep.dtype == bool
    padded = choose(
        np.pad(a, ((0, 0), (0, 5))), np.pad(b, ((0, 0), (0, 0), (0, 5)), constant_values=1), targets, 0.05
    )  # fmt: skip
    assert (padded[..., :16] == keep).all()
    assert not padded[..., 16:].any()


def test_subsets_hit_every_weight_and_look_at_no_more_than_the_solver_takes() -> None:
    rng = np.random.default_rng(6)
    a, b = rng.uniform(0.8, 1, (5, 60)), rng.uniform(-1, 1, (7, 5, 60))
    targets = rng.uniform(-0.25, 0.25, (7, 5))
    keep = subset_chooser()(a, b, targets, 1e-3)
    assert np.abs((a * b * keep).sum(-1) - targets).max() <= 1e-3
    assert not keep[..., 40:].any()
