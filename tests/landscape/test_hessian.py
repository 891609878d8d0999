"""Products with the Hessian, and diagonals, are those of the whole matrix."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lthedu.landscape.hessian import (
    flat_loss,
    flatten,
    ggn,
    ggn_diagonal,
    hvp,
    probe_diagonal,
    sampled_diagonal,
    squared_gradients,
    unflatten,
)
from lthedu.networks.models import MLP


@pytest.fixture
def few() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    torch.manual_seed(3)
    network = MLP([4, 5, 3]).double()
    for p in network.parameters():
        p.data += 0.1 * torch.randn_like(p)
    return network, torch.randn(7, 4).double(), torch.randint(0, 3, (7,))


def flat(network: nn.Module) -> torch.Tensor:
    return flatten(dict(network.named_parameters()))


def test_the_product_is_the_whole_hessian_s(few) -> None:
    network, x, y = few
    loss, w = flat_loss(network, x, y), flat(network)
    whole = torch.func.hessian(loss)(w)
    for _ in range(3):
        v = torch.randn_like(w)
        assert torch.allclose(hvp(loss, w, v), whole @ v)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(-3, 3))
def test_it_is_linear_and_symmetric(seed: int, factor: float) -> None:
    torch.manual_seed(seed)
    network = MLP([3, 4, 2]).double()
    loss, w = flat_loss(network, torch.randn(5, 3).double(), torch.randint(0, 2, (5,))), flat(network)
    u, v = torch.randn(2, len(w)).double()
    hu, hv = hvp(loss, w, u), hvp(loss, w, v)
    assert torch.allclose(hvp(loss, w, u + factor * v), hu + factor * hv, atol=1e-10)
    assert torch.allclose(u @ hv, v @ hu, atol=1e-10)


def test_for_a_relu_network_the_ggn_s_diagonal_is_the_hessian_s(few) -> None:
    network, x, y = few
    exact = torch.func.hessian(flat_loss(network, x, y))(flat(network))
    diagonal = flatten(ggn_diagonal(network, x))
    assert torch.allclose(diagonal, exact.diagonal())
    assert torch.allclose(diagonal, ggn(network, x).diagonal())
    assert not torch.allclose(ggn(network, x), exact)  # beside the diagonal the two differ


def test_the_ggn_is_symmetric_and_has_no_negative_eigenvalue(few) -> None:
    network, x, _ = few
    found = ggn(network, x)
    assert torch.allclose(found, found.T)
    assert torch.linalg.eigvalsh(found).min() > -1e-12


def test_sampled_labels_and_probes_are_right_on_average(few) -> None:
    network, x, y = few
    exact, coin = flatten(ggn_diagonal(network, x)), torch.Generator().manual_seed(0)
    sampled = torch.stack([flatten(sampled_diagonal(network, x, coin)) for _ in range(400)])
    off = (sampled.mean(0) - exact).abs() / (sampled.std(0) / 20 + 1e-9)
    assert off.max() < 5
    loss, w = flat_loss(network, x, y), flat(network)
    probed = torch.stack([probe_diagonal(lambda v: hvp(loss, w, v.double()), len(w), 1, coin) for _ in range(400)])
    off = (probed.mean(0) - exact).abs() / (probed.std(0) / 20 + 1e-9)
    assert off.max() < 5
    assert probed.min() < 0 <= sampled.min()  # a probe's estimate may be negative, the diagonal is not


def test_squared_gradients_are_those_of_single_examples(few) -> None:
    network, x, y = few
    loss = torch.stack(
        [
            torch.autograd.functional.jacobian(flat_loss(network, x[i : i + 1], y[i : i + 1]), flat(network))
            for i in range(7)
        ]
    )
    assert torch.allclose(flatten(squared_gradients(network, x, y)), (loss**2).mean(0))


def test_flatten_and_unflatten_undo_each_other(few) -> None:
    params = {name: p.detach() for name, p in few[0].named_parameters()}
    again = unflatten(flatten(params), params)
    assert all(torch.equal(again[name], p) for name, p in params.items())
    with pytest.raises(ValueError, match=r"vector has shape \(3,\); the parameters need \(43,\)"):
        unflatten(torch.zeros(3), params)


def test_labels_that_are_not_as_many_as_inputs_are_refused(few) -> None:
    with pytest.raises(ValueError, match="there are 7 inputs and 2 labels"):
        flat_loss(few[0], few[1], few[2][:2])
