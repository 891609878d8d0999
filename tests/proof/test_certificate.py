"""The bound on what two networks may differ by: it holds for every input, and the search climbs to bad ones."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lthedu.networks.models import MLP
from lthedu.proof import certificate, compare_logits, construct, error_bound, largest_difference
from lthedu.proof.target import forward

BOXES = [(0.0, 1.0), (-1.0, 2.0), (-3.0, -1.0)]


def network(sizes, seed: int) -> MLP:
    rng = np.random.default_rng(seed)
    net = MLP(sizes)
    for p in net.parameters():
        p.data = torch.from_numpy(rng.normal(size=tuple(p.shape)) * 10.0 ** rng.uniform(-1, 0.5)).float()
    return net.requires_grad_(False)


def pair(widths, seed: int, size: float):
    """Two networks, [W | b] layer by layer, and the difference of their layers."""
    rng = np.random.default_rng(seed)
    target = [rng.normal(size=(m, n + 1)) for n, m in itertools.pairwise(widths)]
    errors = [size * rng.normal(size=layer.shape) * rng.choice([0, 1]) for layer in target]
    return target, [layer + error for layer, error in zip(target, errors, strict=True)], errors


widths_ = st.lists(st.integers(1, 6), min_size=2, max_size=5)
seeds = st.integers(0, 100_000)

# it holds


@settings(deadline=None, max_examples=150)
@given(widths_, seeds, st.sampled_from([1e-3, 0.1, 1.0]), st.sampled_from([0.5, 3.0]))
def test_the_bound_holds_on_the_whole_ball(widths, seed, size, reach) -> None:
    target, made, errors = pair(widths, seed, size)
    rng = np.random.default_rng(seed + 1)
    x = rng.normal(size=(300, widths[0]))
    x *= reach / np.linalg.norm(x, axis=1, keepdims=True)
    x[::3] *= rng.random((100, 1))
    x = np.concatenate([x, np.zeros((1, widths[0]))])
    apart = np.linalg.norm(forward(target, x) - forward(made, x), axis=1).max()
    assert apart <= error_bound(target, made, errors, reach) * (1 + 1e-12) + 1e-12


@settings(deadline=None, max_examples=25)
@given(widths_, seeds, st.sampled_from(BOXES), st.sampled_from(["free", "blocks", "orseau", "malach"]), st.booleans())
def test_the_certificate_is_never_below_the_worst_input_that_is_found(widths, seed, box, method, short) -> None:
    per_weight = 3 if short and method in ("free", "blocks") else None  # many are missed: it holds all the same
    eta = 0.2 if method == "malach" else 1e-2
    ticket = construct(network(widths, seed), eta=eta, method=method, box=box, seed=seed, per_weight=per_weight)
    found = largest_difference(ticket, steps=20, seed=seed)
    assert found <= certificate(ticket) * (1 + 1e-9) + 1e-12


def test_one_layer_with_one_input_is_bounded_exactly() -> None:
    """|e x + f| for |x| <= r is |(e, f)| |(r, 1)| where x points along e: nothing is given away."""
    target, errors = [np.array([[0.3, 0.2]])], [np.array([[0.06, 0.03]])]
    bound = error_bound(target, [target[0] + errors[0]], errors, reach=2.0)
    assert bound == pytest.approx(math.hypot(0.06, 0.03) * math.hypot(2, 1))
    assert bound == pytest.approx(0.06 * 2 + 0.03)  # here e : f = 2 : 1 = r : 1


def test_by_hand_for_two_layers() -> None:
    target, made = [np.array([[2.0, 0.0]]), np.array([[3.0, 1.0]])], [np.array([[2.0, 0.1]]), np.array([[3.5, 1.0]])]
    errors = [m - t for m, t in zip(made, target, strict=True)]
    longest = math.hypot(2.0, 0.1) * math.hypot(1, 1)  # the second network's hidden layer
    by_hand = 3 * (0.1 * math.hypot(1, 1)) + 0.5 * math.hypot(longest, 1)
    assert error_bound(target, made, errors, reach=1.0) == pytest.approx(by_hand)


def test_equal_networks_differ_by_nothing() -> None:
    target, _, _ = pair([3, 4, 2], 0, 1.0)
    assert error_bound(target, target, [0 * layer for layer in target], reach=5.0) == 0.0


def test_a_bound_that_appends_the_one_to_the_input_only_is_none() -> None:
    """Norms of [W | b] from a radius sqrt(d + 1), with no 1 for the later layers: 0 here, and the networks differ."""
    target = [np.zeros((1, 2)), np.array([[1.0, 0.0]])]
    errors = [np.zeros((1, 2)), np.array([[0.0, 0.01]])]  # the second layer's bias is off
    made = [t + e for t, e in zip(target, errors, strict=True)]

    def wrong(target, made, errors, reach):
        length, difference = math.sqrt(reach**2 + 1), 0.0
        for layer, second, error in zip(target, made, errors, strict=True):
            difference = np.linalg.norm(layer, 2) * difference + np.linalg.norm(error, 2) * length
            length *= np.linalg.norm(second, 2)
        return difference

    x = np.array([[0.5]])
    apart = float(np.abs(forward(target, x) - forward(made, x)).max())
    assert apart == pytest.approx(0.01)
    assert wrong(target, made, errors, 1.0) == 0.0
    assert error_bound(target, made, errors, 1.0) >= apart


@pytest.mark.parametrize("box", BOXES)
def test_a_bound_of_ones_own_gets_the_layers_and_the_longest_input(box) -> None:
    ticket = construct(network([3, 4, 2], 0), eta=1e-2, box=box)
    seen = []
    found = certificate(ticket, lambda *arguments: seen.append(arguments) or 2.0)
    assert found == 2.0 * ticket.scale
    (target, made, errors, reach) = seen[0]
    assert reach == pytest.approx(math.sqrt(3) * max(map(abs, box)))
    columns = 3 + 3 * (box[0] < 0) + 1
    assert [m.shape for m in made] == [e.shape for e in errors] == [(4, columns), (2, 5)]
    assert [t.shape for t in target] == [(4, 4), (2, 5)]
    if box[0] < 0:  # with an input's two parts as two inputs, the layer computes what it does with their difference
        x = np.random.default_rng(0).uniform(*box, (50, 3))
        parts = np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis=1)
        assert forward([made[0]], parts) == pytest.approx(ticket.layers[0].forward(x), abs=1e-12)
        off = ticket.layers[0].forward(x) - forward([target[0]], x)
        assert forward([errors[0]], parts) == pytest.approx(off, abs=1e-12)


# it is not absurd


@pytest.mark.parametrize("box", BOXES[:2])
def test_the_certificate_is_within_a_few_times_of_what_is_found(box) -> None:
    ratios = []
    for seed in range(6):
        ticket = construct(network([6, 8, 3], seed), eta=1e-3, box=box, seed=seed)
        ratios.append(certificate(ticket) / largest_difference(ticket, seed=seed))
    assert min(ratios) >= 1
    assert np.median(ratios) < 20


def test_a_tenth_of_eta_is_about_a_tenth_of_the_certificate() -> None:
    a, b = (certificate(construct(network([6, 8, 3], 0), eta=eta)) for eta in (1e-2, 1e-4))
    assert 30 < a / b < 300


# the search


@pytest.mark.parametrize("box", BOXES)
def test_the_search_finds_at_least_what_the_rows_show(box) -> None:
    ticket = construct(network([5, 6, 3], 1), eta=1e-2, box=box)
    x = np.random.default_rng(0).uniform(*box, (200, 5))
    shown = float(np.linalg.norm(ticket.target_logits(x) - ticket.folded(x), axis=1).max())
    for steps in (0, 1, 40):
        assert largest_difference(ticket, x, steps=steps) >= shown
    assert largest_difference(ticket, x) >= largest_difference(ticket, x, steps=0)
    assert largest_difference(ticket, x.astype(np.float32)) > 0


@pytest.mark.parametrize("box", BOXES)
def test_the_search_climbs_to_the_best_corner(box) -> None:
    """With one layer it is convex in each part of one sign: the worst input is a corner, or has zeros."""
    ticket = construct(network([4, 2], 2), eta=1e-2, box=box)
    ends = [box[0], *([0.0] if box[0] < 0 < box[1] else []), box[1]]
    corners = np.stack(np.meshgrid(*[ends] * 4), -1).reshape(-1, 4)
    worst = np.linalg.norm(ticket.target_logits(corners) - ticket.folded(corners), axis=1).max()
    random = np.random.default_rng(0).uniform(*box, (2000, 4))
    sampled = np.linalg.norm(ticket.target_logits(random) - ticket.folded(random), axis=1).max()
    found = largest_difference(ticket)
    assert sampled < found <= worst * (1 + 1e-9)
    assert found > 0.98 * worst


def test_the_search_is_repeatable_and_stays_inside() -> None:
    ticket = construct(network([5, 6, 3], 1), eta=1e-2, box=(-1, 2))
    assert largest_difference(ticket, seed=3) == largest_difference(ticket, seed=3)
    with pytest.raises(ValueError, match=r"the inputs reach from -1 to 2.5; allowed: -1 to 2"):
        largest_difference(ticket, np.array([[-1.0, 2.5, 0, 0, 0]]))


def test_what_cannot_be_searched_or_compared_is_refused() -> None:
    ticket = construct(network([5, 6, 3], 1), eta=1e-2)
    for shape in ((0, 5), (3, 4), (5,)):
        with pytest.raises(ValueError, match=r"the inputs have shape .*; allowed: \(n, 5\) with n of 1 or more"):
            largest_difference(ticket, np.zeros(shape))
    for wrong, words in (({"starts": 0}, "starts is 0; .* from 1 up"), ({"steps": -1}, "steps is -1; .* from 0 up")):
        with pytest.raises(ValueError, match=words):
            largest_difference(ticket, **wrong)
    for a, b in (((2, 3), (3, 3)), ((3,), (3,)), ((0, 3), (0, 3))):
        with pytest.raises(ValueError, match=r"the logits have shapes .*; allowed: \(n, classes\), both"):
            compare_logits(torch.zeros(a), torch.zeros(b))


def test_both_networks_are_compared_in_float64() -> None:
    """An error of 1e-9 is nothing in float32, and is found."""
    ticket = construct(network([4, 3, 2], 0), eta=1e-2)
    for layer in ticket.layers:
        layer.positive[:] = layer.target * (1 + 1e-9)
    found, bound = largest_difference(ticket), certificate(ticket)
    size = float(np.abs(ticket.target_logits(np.ones((1, 4)))).max())
    assert 1e-10 * size < found <= bound < 1e-6 * max(1, size) * 10
