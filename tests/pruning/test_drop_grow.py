"""Drop and grow: by hand and by brute force, exact counts, and the training that it moves the masks of."""

import math
from itertools import pairwise

import pytest
import torch
from engine import OPTIMIZERS, optimizer_name, random_masks
from hypothesis import given, settings
from hypothesis import strategies as st

from lthedu.base import compiled
from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.pruning import absolute, drop, drop_and_grow, drop_fraction, grow, resize, swap_across, swap_each
from lthedu.training import Optimizer, Replicates, training

calm = settings(deadline=None, max_examples=150, derandomize=True)
every_optimizer = pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=optimizer_name)
seeds = st.integers(0, 2**32)


def drawn(seed, n, tied):
    g = torch.Generator().manual_seed(seed)
    numbers = lambda: torch.randint(-3, 4, (n,), generator=g).float() if tied else torch.randn(n, generator=g)  # noqa: E731
    mask = torch.rand(n, generator=g) < 0.5
    return numbers() * mask, mask, numbers(), g


@calm
@given(seeds, st.integers(1, 12), st.booleans(), st.floats(0, 1))
def test_drop_and_grow_as_by_hand(seed, n, tied, share):
    weights, mask, scores, _ = drawn(seed, n, tied)
    count = int(share * int(mask.sum()))
    new = drop_and_grow(weights, mask, scores, count)
    kept = [i for i in range(n) if mask[i]]
    stay = sorted(kept, key=lambda i: abs(float(weights[i])))[count:]
    assert new.sum() == mask.sum()
    lowest = max((abs(float(weights[i])) for i in kept if i not in stay), default=-1)  # the largest that may go
    assert all(new[i] for i in kept if abs(float(weights[i])) > lowest)
    if not tied:
        free = [i for i in range(n) if i not in stay]
        grown = sorted(free, key=lambda i: -float(scores[i]))[:count]
        assert sorted(stay + grown) == new.nonzero().flatten().tolist()


@calm
@given(seeds, st.integers(1, 12), st.floats(0, 1), st.floats(0, 1))
def test_resized_masks_have_exactly_their_count_drop_the_smallest_and_grow_the_largest(seed, n, share, part):
    weights, mask, scores, _ = drawn(seed, n, tied=False)
    count, kept = round(share * n), int(mask.sum())
    swapped = int(part * min(count, kept))
    new = resize(weights, mask, scores, count, swapped)
    assert new.sum() == count
    stay = min(count, kept) - swapped
    largest = weights.abs().masked_fill(~mask, -1).argsort(descending=True)[:stay]
    others = torch.ones(n, dtype=torch.bool)
    others[largest] = False
    grown = scores.masked_fill(~others, -math.inf).argsort(descending=True)[: count - stay]
    assert new.nonzero().flatten().tolist() == sorted([*largest.tolist(), *grown.tolist()])
    if count == kept:
        assert new.equal(drop_and_grow(weights, mask, scores, swapped))


def test_resizing_beyond_what_there_is_is_refused():
    weights = mask = torch.tensor([True, False, False])
    for count, swapped in ((4, 0), (1, 2), (0, 1)):
        with pytest.raises(ValueError, match=f"count is {count} and swapped {swapped}; allowed: up to 3, and up to"):
            resize(weights.float(), mask, torch.ones(3), count, swapped)


def test_small_cases_and_what_cannot_be():
    weights = torch.tensor([0.0, 1.0, -2.0, 0.0])
    mask = weights != 0
    dropped_again = drop_and_grow(weights, mask, torch.tensor([0.0, 5.0, 0.0, 1.0]), 1)
    assert dropped_again.equal(mask)  # the one that was dropped has the largest score
    all_kept = torch.ones(3, dtype=torch.bool)
    assert drop_and_grow(torch.tensor([1.0, 2.0, 3.0]), all_kept, torch.zeros(3), 2).equal(all_kept)
    zero_kept = drop(torch.tensor([0.0, 0.0, 3.0]), torch.tensor([True, False, True]), 1)
    assert zero_kept.tolist() == [False, False, True]  # a kept zero goes before it, a pruned one does not count
    with pytest.raises(ValueError, match="count is 3; allowed: 0 to the 2 weights that the mask keeps"):
        drop(weights, mask, 3)
    with pytest.raises(ValueError, match="count is 3; allowed: 0 to the 2 weights that the mask does not keep"):
        grow(mask, weights, 3)
    with pytest.raises(ValueError, match="NaN"):
        grow(mask, torch.tensor([math.nan, 0, 0, 0]), 1)


def test_the_fraction_falls_along_a_cosine_to_zero():
    found = [drop_fraction(step, 100, 0.4) for step in range(0, 130, 10)]
    assert found[0] == 0.4
    assert found[5] == pytest.approx(0.2)
    assert found[10:] == [0.0] * 3
    assert all(a > b for a, b in pairwise(found[:11]))


def stacked(seed, replicates=3):
    g = torch.Generator().manual_seed(seed)
    shapes = {"a": (replicates, 5, 4), "b": (replicates, 3, 5)}
    mask = {n: torch.rand(s, generator=g) < 0.4 for n, s in shapes.items()}
    params = {n: torch.randn(s, generator=g) * mask[n] for n, s in shapes.items()}
    return params, mask, {n: torch.randn(s, generator=g) for n, s in shapes.items()}


@calm
@given(seeds, st.floats(0, 1))
def test_every_layer_of_every_network_keeps_its_count(seed, fraction):
    params, mask, scores = stacked(seed)
    new = swap_each(params, mask, absolute(scores), fraction)
    for name, m in mask.items():
        assert torch.equal(new[name].flatten(1).sum(1), m.flatten(1).sum(1))
        alone = [
            swap_each(*({name: t[name][i : i + 1]} for t in (params, mask, absolute(scores))), fraction)
            for i in range(3)
        ]
        assert torch.equal(new[name], torch.cat([one[name] for one in alone]))


@calm
@given(seeds, st.floats(0, 1))
def test_across_layers_every_network_keeps_its_total_and_grows_where_momentum_is(seed, fraction):
    params, mask, momentum = stacked(seed)
    new = swap_across(params, mask, momentum, fraction)
    for i in range(3):
        before, after = (sum(masks.counts(masks.unstack(m, i)).values()) for m in (mask, new))
        assert before == after
        for name in mask:
            kept = drop(params[name][i], mask[name][i], int(fraction * int(mask[name][i].sum())))
            assert new[name][i][kept].all()
            grown, left = new[name][i] & ~kept, ~new[name][i]
            if grown.any() and left.any():
                assert momentum[name][i].abs()[grown].min() >= momentum[name][i].abs()[left].max()


def test_layers_with_more_momentum_grow_and_where_there_is_none_nothing_moves():
    params, mask, momentum = stacked(1)
    large = {"a": momentum["a"], "b": 100 * momentum["b"]}
    before, after = (m["b"].sum() for m in (mask, swap_across(params, mask, large, 0.5)))
    assert after > before
    still = swap_across(params, mask, {n: torch.zeros_like(m) for n, m in momentum.items()}, 0.5)
    assert all(torch.equal(still[n], m) for n, m in mask.items())


def test_layers_that_do_not_fit_are_refused():
    params, mask, scores = stacked(0)
    with pytest.raises(ValueError, match="it must name a layer"):
        swap_each(params, {}, scores, 0.5)
    with pytest.raises(ValueError, match="shape"):
        swap_each(params, mask, {n: s[:, :1] for n, s in scores.items()}, 0.5)


# Over a training -------------------------------------------------------------------------------------------------


def rigl_loop(networks, toy, mask, optimizer, by, order=None):
    for now in training(networks, toy, 12, mask=mask, optimizer=optimizer, batch_size=16, by=by, order=order):
        assert all(not p[~now.mask[n]].any() for n, p in now.params.items() if n in now.mask)
        if now.step % 3 == 0:
            now.mask = swap_each(now.params, now.mask, absolute(now.grads), drop_fraction(now.step, 12, 0.5))
            assert all(not p[~now.mask[n]].any() for n, p in now.params.items() if n in now.mask)
    return now


@pytest.fixture
def three():
    return Replicates.create(lambda: MLP([20, 200, 45, 5]), [0, 1, 2], dtype=torch.float64)


@pytest.mark.skipif(not compiled.AVAILABLE, reason="numba is not installed")
@every_optimizer
def test_a_network_whose_mask_moves_does_not_depend_on_its_neighbours(three, toy, optimizer):
    """Bit by bit on the sparse path; counts stay, and the masks do move."""
    mask = random_masks(three, density=0.2)
    now = rigl_loop(three, toy, mask, optimizer, "sparse", [0, 1, 2])
    assert masks.counts(now.mask) == masks.counts(mask)
    assert all((now.mask[n] != m).any() for n, m in mask.items())
    for i in range(3):
        one = {n: m[i : i + 1] for n, m in mask.items()}
        alone = rigl_loop(three.take([i]), toy, one, optimizer, "sparse", [i])
        assert all(torch.equal(alone.params[n][0], p[i]) for n, p in now.params.items())
        assert all(torch.equal(alone.mask[n][0], m[i]) for n, m in now.mask.items())


@every_optimizer
def test_a_weight_dropped_and_grown_again_at_once_goes_on_with_its_memory(three, toy, optimizer):
    """With the dropped ones scored highest nothing moves, and nothing is different from a training without moves."""
    mask = random_masks(three, density=0.2)
    ends = []
    for moves in (True, False):
        for now in training(three, toy, 6, mask=mask, optimizer=optimizer, batch_size=16, by="linear"):
            if moves and now.step % 2 == 0:
                now.mask = swap_each(now.params, now.mask, {n: m.double() for n, m in now.mask.items()}, 0.5)
        ends.append(now.params)
    assert all(torch.equal(ends[0][n], p) for n, p in ends[1].items())


def test_a_grown_weight_s_first_step_by_adam_is_that_of_a_late_first_step(three, toy):
    """Adam corrects its averages for the steps of the training, not for a weight's own: a new weight takes a first step
    of sqrt(1 - 0.999^t) / (1 - 0.9^t) * 0.1 / sqrt(0.001) rates, up to what its tiny eps takes away."""
    mask, lr = random_masks(three, density=0.2), 1e-3
    for now in training(three, toy, 50, mask=mask, optimizer=Optimizer(lr=lr), batch_size=16, by="linear"):
        if now.step == 49:
            old = now.mask
            now.mask = swap_each(now.params, now.mask, absolute(now.grads), 0.3)
    new = {n: m & ~old[n] for n, m in now.mask.items()}
    rates = math.sqrt(1 - 0.999**50) / (1 - 0.9**50) * 0.1 / math.sqrt(0.001)
    steps = torch.cat([now.params[n][m].abs() for n, m in new.items()])
    moved = torch.cat([now.grads[n][m].abs() for n, m in new.items()]) > 1e-4
    assert len(steps[moved]) > 100
    assert (steps[moved] / lr - rates).abs().max() < 0.01 * rates
