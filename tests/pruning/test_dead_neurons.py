"""Without dead neurons a network computes the same, and none is left."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lthedu.networks.models import MLP
from lthedu.pruning import magnitude, remove_constant, remove_dead, remove_unread, select


def outputs(weights: list[Tensor], biases: list[Tensor], x: Tensor) -> Tensor:
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        x = (x @ w.T + b).relu()
    return x @ weights[-1].T + biases[-1]


def network(seed: int, density: float, sizes: list[int]) -> tuple[list[Tensor], list[Tensor]]:
    torch.manual_seed(seed)
    params = {n: p.detach().double() for n, p in MLP(sizes).named_parameters()}
    mask = select(magnitude(params), density, scope="global")
    params = {n: torch.where(mask[n], p, 0.0) if n in mask else torch.randn_like(p) for n, p in params.items()}
    return [p for p in params.values() if p.ndim == 2], [p for p in params.values() if p.ndim == 1]


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.02, 0.1, 0.4, 1.0]))
def test_it_computes_the_same_and_no_dead_neuron_is_left(seed, density) -> None:
    weights, biases = network(seed, density, [12, 9, 7, 5, 3])
    x = torch.randn(20, 12, dtype=torch.float64)
    small, moved = remove_dead(weights, biases)
    assert torch.allclose(outputs(small, moved, x), outputs(weights, biases, x), atol=1e-12)
    for w, after in pairwise(small):
        assert (w != 0).any(1).all()
        assert (after != 0).any(0).all()
    assert (len(small[0].T), len(small[-1])) == (12, 3)


def test_a_network_without_dead_neurons_is_left_alone() -> None:
    weights, biases = network(0, 1.0, [4, 3, 2])
    small, moved = remove_dead(weights, biases)
    assert all(torch.equal(a, b) for a, b in zip([*small, *moved], [*weights, *biases], strict=True))


def test_the_bias_of_a_constant_neuron_moves_on_through_relu() -> None:
    w, b = torch.zeros(2, 3), torch.tensor([2.0, -5.0])
    _, _, left, bias = remove_constant(w, b, torch.tensor([[10.0, 100.0]]), torch.tensor([1.0]))
    assert (left.shape, bias.tolist()) == ((1, 0), [21.0])


def test_an_unread_neuron_takes_its_inputs_with_it() -> None:
    w, b, left = remove_unread(torch.eye(3), torch.arange(3.0), torch.tensor([[1.0, 0.0, 2.0]]))
    assert (w.tolist(), b.tolist(), left.tolist()) == ([[1, 0, 0], [0, 0, 1]], [0, 2], [[1, 2]])


def test_layers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"layer 1 has weights \(2, 4\) .* with in = 3"):
        remove_dead([torch.ones(3, 5), torch.ones(2, 4)], [torch.ones(3), torch.ones(2)])
    with pytest.raises(ValueError, match="1 weights and 0 biases"):
        remove_dead([torch.ones(3, 5)], [])
