"""Three ways to the same numbers, each against ordinary autograd."""

import pytest
import torch
from engine import PATHS, batchnorm, conv, dropout, furthest, mlp
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lthedu.networks.models import MLP
from lthedu.training import Replicates, pick

CPU = torch.device("cpu")


def gradients(path, replicates, x, y):
    out = {n: torch.full_like(p, float("nan")) for n, p in replicates.params.items()}
    with torch.no_grad():
        pick(path, replicates.model, CPU).gradients(
            replicates.model, dict(replicates.params), dict(replicates.buffers), x, y, out
        )
    return out


def autograd(replicates, i, x, y):
    leaves = {n: p[i].clone().requires_grad_() for n, p in replicates.params.items()}
    loss = nn.functional.cross_entropy(torch.func.functional_call(replicates.model, leaves, (x[i],)), y[i])
    return dict(zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True))


def sequential():
    return nn.Sequential(nn.Flatten(), nn.Linear(6, 5, bias=False), nn.ReLU(), nn.Linear(5, 3))


@settings(deadline=None, max_examples=25, derandomize=True)
@given(st.lists(st.integers(1, 7), min_size=2, max_size=4), st.integers(1, 3), st.integers(1, 6), st.integers(0, 2**32))
def test_all_paths_give_autograds_gradient_of_each_replicate(sizes, r, batch, seed):
    g = torch.Generator().manual_seed(seed)
    net = Replicates.create(lambda: MLP(sizes), seeds=range(r), dtype=torch.float64)
    x = torch.randn(r, batch, sizes[0], generator=g, dtype=torch.float64)
    y = torch.randint(sizes[-1], (r, batch), generator=g)
    for path in PATHS:
        found = gradients(path, net, x, y)
        for i in range(r):
            assert furthest(autograd(net, i, x, y), {n: t[i] for n, t in found.items()}) < 1e-12


@pytest.mark.parametrize("make", [sequential, mlp], ids=["sequential", "mlp"])
def test_images_and_layers_without_bias_take_the_linear_path_too(make):
    g = torch.Generator().manual_seed(0)
    net = Replicates.create(make, seeds=[0, 1], dtype=torch.float64)
    n = net.params["1.weight" if make is sequential else "layers.0.weight"].shape[-1]
    x = torch.randn(2, 7, *((2, n // 2) if make is sequential else (n,)), generator=g, dtype=torch.float64)
    y = torch.randint(3, (2, 7), generator=g)
    found = gradients("linear", net, x, y)
    for i in range(2):
        assert furthest(autograd(net, i, x, y), {n: t[i] for n, t in found.items()}) < 1e-12


@pytest.mark.parametrize("path", PATHS)
def test_logits_are_the_modules_own_and_gradients_change_no_argument(path, toy):
    net = Replicates.create(mlp, seeds=[3, 4], dtype=torch.float64)
    before = {n: p.clone() for n, p in net.params.items()}
    x, y = toy.x_train[:20].view(2, 10, 20), toy.y_train[:20].view(2, 10)
    x_before = x.clone()
    gradients(path, net, x, y)
    with torch.no_grad():
        found = pick(path, net.model, CPU).logits(net.model, net.params, net.buffers, toy.x_val)
    for i in range(2):
        one = torch.func.functional_call(net.model, {n: p[i] for n, p in before.items()}, (toy.x_val,))
        assert found[i].shape == (5, 30)
        assert torch.allclose(found[i].T, one, atol=1e-12)
    assert furthest(before, net.params) == 0
    assert torch.equal(x, x_before)


@pytest.mark.parametrize(
    ("make", "device", "expected"),
    [
        (mlp, "cpu", "BatchedLinear"),
        (mlp, "cuda", "BatchedLinear"),
        (sequential, "cpu", "BatchedLinear"),
        (conv, "cpu", "Looped"),
        (conv, "cuda", "Vectorised"),
        (dropout, "cpu", "Vectorised"),
        (batchnorm, "cpu", "Looped"),
        (batchnorm, "cuda", "Looped"),
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2)), "cpu", "Vectorised"),
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.ReLU()), "cpu", "Vectorised"),
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2)), "cpu", "Vectorised"),
        (type("Subclass", (MLP,), {"__init__": lambda self: MLP.__init__(self, [2, 2])}), "cpu", "Vectorised"),
    ],
)
def test_auto_takes_the_path_it_states(make, device, expected):
    assert type(pick("auto", make(), torch.device(device))).__name__ == expected


def test_an_unknown_path_and_a_linear_path_for_another_module_are_refused():
    with pytest.raises(ValueError, match="by is 'fast'; allowed: linear, vmap, loop, sparse, auto"):
        pick("fast", mlp(), CPU)
    with pytest.raises(ValueError, match="allowed here: vmap, loop"):
        pick("linear", conv(), CPU)
