"""What is said of a network near one input is what the network does there."""

import itertools

import numpy as np
import pytest
import torch

from lthedu.landscape import SQUARE, activation_pattern, local_formula, most_pieces, random_network, regions, split
from lthedu.networks.models import MLP
from lthedu.networks.reading import affine_layers


def test_the_formula_is_the_network_s_and_its_derivative() -> None:
    torch.manual_seed(0)
    network = MLP([5, 8, 7, 3]).double()
    for _ in range(5):
        x = torch.randn(5, dtype=torch.float64)
        weight, bias = local_formula(affine_layers(network), x.numpy())
        assert np.allclose(weight @ x.numpy() + bias, network(x).detach())
        assert np.allclose(weight, torch.autograd.functional.jacobian(network, x))


def test_regions_have_a_pattern_each_and_their_formula() -> None:
    network = random_network(2, 7, seed=3)
    layers, found = affine_layers(network), regions(network)
    patterns = {tuple(activation_pattern(layers[:-1], region.centre)) for region in found}
    assert len(patterns) == len(found)
    for region in found:
        weight, bias = local_formula(layers, region.centre)
        assert np.allclose(weight, region.weight)
        assert np.allclose(bias, region.bias)


def test_lines_in_general_position_make_the_most_pieces_and_parallel_ones_fewer() -> None:
    angles = np.pi * np.arange(5) / 5
    lines = [(np.cos(a), np.sin(a), 0.05 * (i**2 - 3)) for i, a in enumerate(angles)]
    assert _pieces(lines) == most_pieces(5)
    assert _pieces([(1.0, 0.0, 0.1 * i) for i in range(5)]) == most_pieces(5, 1) == 6


def _pieces(lines) -> int:
    found = [SQUARE]
    for a, b, c in lines:
        found = [part for p in found for part in split(p, p @ np.array([a, b]) + c) if len(part)]
    return len(found)


def test_fewer_neurons_than_dimensions_make_every_pattern() -> None:
    assert all(most_pieces(n, d) == 2**n for n, d in itertools.product((1, 2, 3), (3, 4)))


def test_shapes_that_do_not_fit_are_refused() -> None:
    layer = (np.ones((2, 3)), np.ones(2))
    for call in (lambda: activation_pattern([layer], np.ones(2)), lambda: local_formula([layer, layer], np.ones(3))):
        with pytest.raises(ValueError, match="they must fit"):
            call()
