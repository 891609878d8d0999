import math

import pytest
import torch
from torch import nn

from lthedu.models import MLP, lenet_300_100


def test_lenet_300_100_has_the_papers_weights():
    shapes = [tuple(p.shape) for p in lenet_300_100().parameters()]
    assert shapes == [(300, 784), (300,), (100, 300), (100,), (10, 100), (10,)]


def test_an_mlp_is_linear_layers_with_relu_between_and_nothing_after():
    torch.manual_seed(0)
    net, x = MLP([6, 5, 4, 3]), torch.randn(7, 6)
    a, b, c = net.layers
    assert torch.equal(net(x), c(torch.relu(b(torch.relu(a(x))))))
    assert torch.equal(MLP([6, 3])(x * 0), torch.zeros(7, 3))


def test_weights_start_as_gaussian_glorot_and_biases_at_zero():
    torch.manual_seed(0)
    for layer in (m for m in lenet_300_100().modules() if isinstance(m, nn.Linear)):
        n, expected = layer.weight.numel(), math.sqrt(2 / sum(layer.weight.shape))
        w = layer.weight.detach()
        assert abs(w.mean()) < 4 * expected / math.sqrt(n)
        assert abs(w.std() / expected - 1) < 4 / math.sqrt(2 * n)
        assert w.abs().max() > 2.5 * expected  # a uniform start never reaches 1.8
        assert not layer.bias.any()


@pytest.mark.parametrize("sizes", [[], [5], [5, 0], [5, -1, 2]])
def test_impossible_widths_are_refused_by_value(sizes):
    with pytest.raises(ValueError, match=str(sizes).replace("[", r"\[")):
        MLP(sizes)
