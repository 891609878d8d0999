"""Sawtooths taken apart exactly, the bound for two layers, what pruning pays for either, and the counting bound."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lthedu.networks.models import MLP
from lthedu.proof import limits, solve
from lthedu.proof.limits import (
    Pieces,
    best_fit,
    counting_bound,
    counting_bound_for_few,
    distance,
    kept_bound,
    least_units,
    pieces,
    tent_network,
)


def random_net(sizes: list[int], seed: int) -> MLP:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = MLP(sizes).double()
        for layer in net.layers:
            nn.init.uniform_(layer.bias, -1, 1)
    return net


def heights(net: nn.Module, x: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return net(torch.from_numpy(x)[:, None])[:, 0].numpy()


@pytest.mark.parametrize("sizes", [[1, 1], [1, 5, 1], [1, 6, 6, 1], [1, 4, 9, 4, 1]])
@pytest.mark.parametrize("seed", range(4))
def test_pieces_are_the_network_and_bend_at_every_knot(sizes: list[int], seed: int) -> None:
    net = random_net(sizes, seed)
    f = pieces(net, -2, 3)
    x = np.linspace(-2, 3, 4001)
    assert np.allclose(f(x), heights(net, x), atol=1e-9)
    slopes = np.diff(f.y) / np.diff(f.x)
    assert (np.abs(np.diff(slopes)) > 0).all()
    assert len(f) == len(slopes) >= len(set((np.diff(heights(net, x)) / np.diff(x)).round(5))) / 2


@pytest.mark.parametrize("folds", range(1, 15))
def test_a_sawtooth_has_exactly_two_to_the_folds_pieces(folds: int) -> None:
    net = tent_network(folds)
    f = pieces(net)
    assert len(f) == 2**folds
    assert np.array_equal(f.x, np.arange(2**folds + 1) / 2**folds)
    assert np.array_equal(f.y, np.arange(2**folds + 1) % 2)
    linear = [m for m in net if isinstance(m, nn.Linear)]
    assert len(linear) == folds + 1
    assert {m.out_features for m in linear[:-1]} == {2}


@pytest.mark.parametrize("folds", range(1, 11))
def test_two_layers_make_the_same_with_a_unit_a_piece(folds: int) -> None:
    shallow = limits.shallow_sawtooth(folds)
    assert shallow[0].out_features == 2**folds
    assert distance(pieces(shallow), pieces(tent_network(folds))) == 0


def test_building_draws_nothing() -> None:
    before = torch.get_rng_state()
    tent_network(3)
    limits.shallow_sawtooth(3)
    assert torch.equal(before, torch.get_rng_state())


def test_the_distance_is_the_largest_and_is_reached() -> None:
    f, g = pieces(random_net([1, 8, 1], 0)), pieces(random_net([1, 5, 5, 1], 1))
    x = np.linspace(0, 1, 100_001)
    sampled = np.abs(f(x) - g(x)).max()
    assert sampled <= distance(f, g) <= sampled + 1e-3
    with pytest.raises(ValueError, match="one runs from 0"):
        distance(f, pieces(random_net([1, 3, 1], 0), 0, 2))


@pytest.mark.parametrize("folds", range(1, 9))
def test_the_sawtooth_changes_sides_at_every_place(folds: int) -> None:
    values = pieces(tent_network(folds))(np.arange(2**folds + 1) / 2**folds)
    assert least_units(values.tolist()) == 2**folds - 1


@given(st.integers(2, 4), st.integers(0, 10**6), st.data())
@settings(max_examples=60, deadline=None)
def test_no_network_of_two_layers_beats_the_bound(folds: int, seed: int, data: st.DataObject) -> None:
    units = data.draw(st.integers(1, 2**folds - 2))
    coin = np.random.default_rng(seed)
    sides = np.where(coin.random(units) < 0.5, 1, -1).tolist()
    _, off = best_fit(pieces(tent_network(folds)), (1.2 * coin.random(units) - 0.1).tolist(), sides)
    assert off >= 0.5 - 1e-7


def test_the_bound_is_met_for_two_folds() -> None:
    net, off = best_fit(pieces(tent_network(2)), [0.254, 0.518, 0.747], [1, -1, -1])
    assert net[0].out_features == least_units([0, 1, 0, 1, 0])
    assert off < 0.2


@pytest.mark.parametrize("seed", range(5))
def test_the_best_fit_is_what_it_says_and_no_change_of_it_is_better(seed: int) -> None:
    coin = np.random.default_rng(seed)
    f = pieces(random_net([1, 7, 1], seed))
    net, off = best_fit(f, coin.random(4).tolist())
    assert distance(f, pieces(net)) == pytest.approx(off, abs=1e-8)
    for _ in range(30):
        other = nn.Sequential(net[0], net[1], nn.Linear(4, 1, dtype=torch.float64))
        with torch.no_grad():
            other[2].weight.copy_(net[2].weight + torch.from_numpy(0.02 * coin.normal(size=(1, 4))))
            other[2].bias.copy_(net[2].bias + 0.02 * coin.normal())
        assert distance(f, pieces(other)) >= off - 1e-8


@given(st.lists(st.floats(-2, 2), max_size=12), st.floats(0.05, 1), st.floats(-1, 1))
def test_far_values_alone_decide_and_runs_count_once(values: list[float], error: float, level: float) -> None:
    far = [v for v in values if abs(v - level) >= error]
    assert least_units(values, error, level) == least_units([v for v in far for _ in range(3)], error, level)
    assert 0 <= least_units(values, error, level) <= max(len(far) - 2, 0)
    assert least_units([2 * level - v for v in values], error, level) in (
        least_units(values, error, level),
        least_units(values, error * (1 - 1e-12), level),  # a distance that rounding moved across `error`
        least_units(values, error * (1 + 1e-12), level),
    )


@pytest.mark.parametrize("make", [tent_network, limits.shallow_sawtooth])
@pytest.mark.parametrize("seed", [0, 1])
def test_both_routes_end_within_eps_by_deleting_alone(make, seed: int) -> None:
    ticket, off = limits.prune_to(make(3), eps=0.1, seed=seed)
    x = np.linspace(0, 1, 2001)
    got = ticket.scale * heights(ticket.module().double(), x)
    assert np.abs(got - pieces(make(3))(x)).max() <= off + 1e-9 <= 0.1 + 1e-9
    source = ticket.source.params()
    for name, p in ticket.module().named_parameters():
        assert torch.equal(p, torch.where(ticket.mask[name], source[name], torch.zeros(())))


def test_the_shallow_route_multiplies_and_the_deep_one_adds() -> None:
    deep, shallow = (
        [limits.prune_to(make(k), eps=0.1)[0].source.count() for k in (3, 4, 5)]
        for make in (tent_network, limits.shallow_sawtooth)
    )
    assert shallow[2] / shallow[0] > 3 * deep[2] / deep[0]


@pytest.mark.parametrize("seed", range(3))
def test_the_distance_of_a_linear_map_is_never_exceeded(seed: int) -> None:
    ticket, eps = limits.linear_ticket(5, eta=1e-2, per_weight=18, seed=seed)
    x = torch.randn(4000, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    x /= x.norm(dim=1, keepdim=True)
    off = ticket.scale * ticket.module().double()(x).numpy() - ticket.target_logits(x.numpy())
    largest = np.linalg.norm(off, axis=1).max()
    assert 0.2 * eps < largest <= eps
    target = ticket.scale * ticket.layers[0].target[:, :-1]
    assert np.linalg.norm(target, 2) == pytest.approx(1)
    assert ticket.source.count() >= counting_bound(5, eps)


def test_the_counting_bound_by_hand() -> None:
    assert counting_bound(10, 1 / 16) == 100 * 3 - 1
    assert counting_bound(2, 1 / 4) == 3
    assert counting_bound(3, 0.01) == math.ceil(9 * math.log2(50) - 1) == 50
    assert counting_bound(1, 0.5) == counting_bound(7, 1) == 0
    masks, maps = 2 ** counting_bound(4, 0.03), (1 / 0.06) ** 16
    assert masks >= maps / 2 > masks / 2


@pytest.mark.parametrize("kept", [1, 2, 7, 40])
def test_few_kept_weights_need_more_to_choose_from(kept: int) -> None:
    found = counting_bound_for_few(3, 0.01, kept)  # 9 numbers: 2^49.8 masks

    def choices(m: int) -> int:
        return sum(math.comb(m, j) for j in range(kept + 1))

    wanted = (1 / 0.02) ** 9 / 2
    assert choices(found) >= wanted * (1 - 1e-9)
    assert choices(math.floor(found * (1 - 1e-9))) < wanted
    assert counting_bound_for_few(3, 0.01, 50) == counting_bound(3, 0.01) == 50


@pytest.mark.parametrize("n", [4, 9])
def test_no_choice_keeps_fewer_on_average_than_the_bound(n: int) -> None:
    rng = np.random.default_rng(0)
    x, t = rng.uniform(-1, 1, (1, n)).repeat(4000, 0), rng.uniform(-0.25, 0.25, 4000)
    found = solve(x, t, 0.01, keep="fewest")
    kept = np.where(found.errors <= 0.01, found.keep.sum(1), n)
    assert kept.mean() > kept_bound(n, 0.01) - 3 * kept.std() / 4000**0.5


def test_mask_bits_are_the_logarithm_of_how_many_masks_there_are() -> None:
    for kept, of in ((0, 5), (5, 5), (2, 7), (40, 100), (1000, 5000)):
        assert limits.mask_bits(kept, of) == pytest.approx(math.log2(math.comb(of, kept)), rel=1e-9, abs=1e-9)


def test_what_does_not_fit_is_refused_in_words() -> None:
    two = MLP([2, 3, 1])
    f = pieces(tent_network(1))
    for wrong, words in (
        (lambda: tent_network(0), "folds is 0; allowed: a whole number from 1 to 20"),
        (lambda: limits.shallow_sawtooth(21), "folds is 21"),
        (lambda: pieces(two), "2 inputs and 1 outputs; allowed: 1"),
        (lambda: pieces(tent_network(1), 1, 1), "low is 1 and high 1"),
        (
            lambda: pieces(nn.Sequential(nn.Linear(1, 2), nn.Tanh(), nn.Linear(2, 1))),
            "layer '1' is Tanh; allowed: Linear",
        ),
        (lambda: least_units([0, 1], error=0), "error is 0"),
        (lambda: best_fit(f, [0.5], [2]), "sides are"),
        (lambda: best_fit(f, []), r"knots are \[\]; expected one or more"),
        (lambda: best_fit(f, [float("nan")]), r"knots are \[nan\]"),
        (lambda: counting_bound(0, 0.1), "dimension is 0; allowed"),
        (lambda: counting_bound_for_few(3, 0.1, 0), "kept is 0; allowed"),
        (lambda: counting_bound(3, 0), "eps is 0; allowed: a number above 0 to 1"),
        (lambda: limits.mask_bits(3, 2), "kept is 3 and of 2"),
        (lambda: limits.prune_to(tent_network(1), eps=0), "eps is 0"),
        (
            lambda: limits.prune_to(tent_network(4), eps=0.01, most=3),
            "with 3 random numbers for each weight the distance",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            wrong()


def test_pieces_can_be_called() -> None:
    assert Pieces(np.array([0.0, 1.0]), np.array([0.0, 2.0]))(np.array([0.25, 0.5])).tolist() == [0.5, 1.0]
