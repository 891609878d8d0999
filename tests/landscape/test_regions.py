"""Every polygon is there, none overlaps, and on each the network is the formula that its region says."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lthedu.landscape import SQUARE, Plane, formulas, plane_through, polygon_area, random_network, regions, split
from lthedu.networks.models import MLP, ResidualMLP


def inside(region, coin: np.random.Generator, n: int = 5) -> np.ndarray:
    """Random points of the polygon, off its border."""
    shares = coin.dirichlet(np.ones(len(region.corners)), n)
    return 0.98 * shares @ region.corners + 0.02 * region.centre


def agrees(network: nn.Module, found, plane: Plane | None = None) -> None:
    coin = np.random.default_rng(0)
    network = network.double()
    for region in found:
        u = inside(region, coin)
        with torch.no_grad():
            got = network(torch.from_numpy(u if plane is None else plane(u))).numpy()
        assert np.allclose(u @ region.weight.T + region.bias, got, atol=1e-8)


def patterns(network: nn.Module, points: np.ndarray) -> int:
    """Different on-off patterns among the points: never more than there are regions."""
    x, seen = torch.from_numpy(points), []
    *hidden, _ = network.double().layers
    with torch.no_grad():
        for layer, adds in zip(hidden, getattr(network, "adds", [False] * len(hidden)), strict=False):
            x = x + layer(x) if adds else layer(x)
            seen.append(x > 0)
            x = x.relu()
    return len(torch.cat(seen, 1).unique(dim=0))


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("shape", [(1, 12), (2, 10), (4, 6), (6, 5)])
@pytest.mark.parametrize("seed", range(3))
def test_regions_tile_the_square_and_say_the_network(shape: tuple[int, int], seed: int, residual: bool) -> None:
    network = random_network(*shape, seed, residual=residual)
    found = regions(network)
    assert sum(region.area for region in found) == pytest.approx(4, abs=1e-9)
    assert all(region.area > 0 for region in found)
    agrees(network, found)
    points = np.random.default_rng(seed).uniform(-1, 1, (20_000, 2))
    sampled = patterns(network, points)
    assert sampled <= len(found)
    large = [region for region in found if region.area > 4 * 20 / 20_000]
    assert sampled >= len(large)


@pytest.mark.parametrize("seed", range(5))
def test_one_layer_has_as_many_regions_as_its_lines_make(seed: int) -> None:
    """1 + lines that meet the square + crossings inside it: the number of cells of an arrangement."""
    network = random_network(1, 14, seed)
    w, b = (p.double().numpy() for p in (network.layers[0].weight.detach(), network.layers[0].bias.detach()))
    values = SQUARE @ w.T + b
    lines = [j for j in range(14) if values[:, j].min() < 0 < values[:, j].max()]
    crossings = 0
    for i, j in itertools.combinations(lines, 2):
        place = np.linalg.solve(w[[i, j]], -b[[i, j]])
        crossings += bool((np.abs(place) < 1).all())
    assert len(regions(network)) == 1 + len(lines) + crossings


def test_a_plane_through_three_inputs_shows_the_network_there() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = MLP([20, 8, 8, 3])
    a, b, c = np.random.default_rng(0).normal(size=(3, 20))
    plane = plane_through(a, b, c)
    assert np.allclose(plane(np.array([[-1, -1], [1, -1], [-1, 1.0]])), [a, b, c])
    found = regions(network, 1.5 * SQUARE, plane=plane)
    assert len(found) > 10
    assert sum(region.area for region in found) == pytest.approx(9)
    agrees(network, found, plane)


def test_a_residual_network_is_looked_at_as_it_computes() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = ResidualMLP([2, 6, 6, 6, 1], branch=0.5)
        for layer in network.layers:
            nn.init.uniform_(layer.bias, -1, 1)
    agrees(network, regions(network))


def test_a_nested_network_without_biases_is_read() -> None:
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 3, bias=False), nn.ReLU()), nn.Linear(3, 1))
    agrees(net, regions(net))


@given(st.integers(3, 9), st.integers(0, 10**6))
@settings(max_examples=100, deadline=None)
def test_a_cut_makes_two_convex_parts_that_are_the_whole(k: int, seed: int) -> None:
    coin = np.random.default_rng(seed)
    angle = np.sort(coin.uniform(0, 2 * np.pi, k))
    corners = np.column_stack([np.cos(angle), np.sin(angle)])
    normal, offset = coin.normal(size=2), 0.3 * coin.normal()
    positive, negative = split(corners, corners @ normal + offset)
    areas = [polygon_area(part) if len(part) else 0.0 for part in (positive, negative)]
    assert sum(areas) == pytest.approx(polygon_area(corners), abs=1e-9)
    for part, sign in ((positive, 1), (negative, -1)):
        assert part.shape[1] == 2
        assert (sign * (part @ normal + offset) > -1e-9).all()
        edges = np.roll(part, -1, axis=0) - part
        turns = edges[:, 0] * np.roll(edges[:, 1], -1) - edges[:, 1] * np.roll(edges[:, 0], -1)
        assert (turns > -1e-9).all()  # all to the left: convex, in order


def test_a_cut_through_corners_and_beside_them() -> None:
    positive, negative = split(SQUARE, SQUARE @ np.array([1.0, 1.0]))
    assert len(positive) == len(negative) == 3
    untouched, none = split(SQUARE, np.ones(4))
    assert np.array_equal(untouched, SQUARE)
    assert none.shape == (0, 2)
    assert split(SQUARE, np.array([0.0, 1.0, 2.0, 1.0]))[1].shape == (0, 2)
    assert [len(part) for part in split(SQUARE, np.zeros(4))] == [0, 0]


def test_the_cut_that_is_handed_over_is_used() -> None:
    calls = []

    def counted(corners, values):
        calls.append(len(corners))
        return split(corners, values)

    found = regions(random_network(1, 5), split=counted)
    assert len(calls) == len(found) - 1


def test_formulas_are_counted_once_and_dead_neurons_leave_one() -> None:
    network = random_network(1, 6)
    found = regions(network)
    assert formulas(found) == len(found)
    with torch.no_grad():
        network.layers[1].weight.zero_()
    cut = regions(network)
    assert len(cut) == len(found)
    assert formulas(cut) == 1


def test_random_networks_depend_on_the_seed_alone() -> None:
    before = torch.get_rng_state()
    a, b, c = random_network(3, 8, 1), random_network(3, 8, 1), random_network(3, 8, 2)
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    assert not torch.equal(a.layers[1].weight, c.layers[1].weight)
    spread = random_network(4, 200, residual=True).layers[2].weight.detach()
    assert float(spread.std()) == pytest.approx((2 / 200 / 4) ** 0.5, rel=0.05)


def test_what_does_not_fit_is_refused_in_words() -> None:
    for wrong, words in (
        (lambda: regions(MLP([3, 2, 1])), "the network has 3 inputs; give the plane"),
        (lambda: regions(nn.Sequential(nn.Linear(2, 2), nn.ReLU())), "the last step is no Linear layer"),
        (lambda: regions(nn.Sequential(nn.ReLU(), nn.Linear(2, 2))), "layer '0' is a ReLU before the first"),
        (lambda: regions(nn.Conv2d(1, 1, 1)), "layer 'network' is Conv2d; allowed"),
        (lambda: split(SQUARE, np.ones(3)), r"values \(3,\); expected"),
        (lambda: random_network(0, 3), "layers is 0; allowed: a whole number from 1 up"),
    ):
        with pytest.raises(ValueError, match=words):
            wrong()
