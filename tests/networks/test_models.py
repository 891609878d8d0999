import math

import pytest
import torch
from torch import nn

from lthedu.networks.models import MLP, Conv, ResidualMLP, ResNet, lenet_300_100
from lthedu.networks.reading import affine_layers
from lthedu.training import Replicates
from lthedu.training.gradients import Looped, Vectorised


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


def test_a_residual_mlp_adds_where_widths_match_and_is_an_mlp_with_the_identity_added():
    torch.manual_seed(0)
    net, x = ResidualMLP([6, 6, 5, 5, 3], branch=0.5), torch.randn(7, 6)
    a, b, c, d = net.layers
    assert net.adds == [True, False, True, False]
    h = torch.relu(b(torch.relu(x + a(x))))
    assert torch.equal(net(x), d(torch.relu(h + c(h))))
    before = torch.get_rng_state()
    plain = net.plain()
    assert torch.equal(before, torch.get_rng_state())
    assert type(plain) is MLP
    assert torch.allclose(plain(x), net(x), atol=1e-6)
    assert torch.equal(plain.layers[1].weight, b.weight)
    assert torch.equal(plain.layers[2].weight, c.weight + torch.eye(5))


def test_the_branch_scales_the_weights_of_the_layers_that_add_alone():
    def weights(branch):
        torch.manual_seed(3)
        return [layer.weight.detach() for layer in ResidualMLP([4, 5, 5, 2], branch=branch).layers]

    whole, half = weights(1.0), weights(0.5)
    assert [torch.equal(h, w * f) for h, w, f in zip(half, whole, (1, 0.5, 1), strict=True)] == [True] * 3


def test_a_residual_mlp_is_vectorised_over_replicates():
    three = Replicates.create(lambda: ResidualMLP([4, 5, 5, 2]), seeds=[0, 1, 2])
    x = torch.randn(6, 4)
    together = Vectorised().logits(three.model, three.params, three.buffers, x)
    for i in range(3):
        assert torch.allclose(together[i].T, three.module(i)(x), atol=1e-6)


def test_a_residual_mlp_with_a_forward_of_its_own_is_not_read_as_one():
    class Other(ResidualMLP):
        def forward(self, x):
            return 2 * super().forward(x)

    with pytest.raises(ValueError, match="layer 'add' is add, called as a function"):
        affine_layers(Other([4, 4, 2]))


def test_affine_layers_say_what_the_network_computes_in_float64():
    torch.manual_seed(1)
    for net in (MLP([4, 5, 3]), ResidualMLP([4, 4, 4, 2]), nn.Linear(4, 2), nn.Sequential(nn.Linear(4, 3, bias=False))):
        x = torch.randn(9, 4, dtype=torch.float64)
        h = x.numpy()
        *hidden, (weight, bias) = affine_layers(net)
        for w, b in hidden:
            h = (h @ w.T + b).clip(min=0)
        assert torch.allclose(torch.from_numpy(h @ weight.T + bias), net.double()(x), atol=1e-9)


@pytest.mark.parametrize(("depth", "weights"), [(2, 4_300_992), (4, 2_425_024), (6, 2_261_184)])
def test_conv_2_4_6_have_the_weights_that_their_description_has(depth, weights):
    # by hand for Conv-2: 9 * (3 * 64 + 64 * 64) in kernels, then 64 * 16 * 16 to 256 to 256 to 10
    assert sum(p.numel() for p in Conv(depth).parameters() if p.ndim > 1) == weights


def test_a_convolution_of_the_vgg_networks_is_followed_by_relu_and_every_second_by_a_maximum():
    torch.manual_seed(0)
    net, x = Conv(4), torch.randn(2, 3, 32, 32)
    a, b, c, d = net.convolutions
    h = nn.functional.max_pool2d(b(a(x).relu()).relu(), 2)
    h = nn.functional.max_pool2d(d(c(h).relu()).relu(), 2).flatten(1)
    e, f, g = net.layers
    assert torch.equal(net(x), g(f(e(h).relu()).relu()))


def test_a_resnet_has_6n_plus_2_layers_and_its_short_cut_passes_the_image_on():
    for blocks in (1, 3):
        net = ResNet(blocks, width=8)
        assert sum(p.ndim > 1 for p in net.parameters()) == 6 * blocks + 2
        assert not list(net.buffers())
    block = net.blocks[3]  # 8 channels to 16, half the size
    for norm in block.norms:
        nn.init.zeros_(norm.weight)
    x = torch.rand(2, 8, 6, 6)
    out = block(x)
    assert torch.equal(out[:, :8], x[:, :, ::2, ::2])
    assert not out[:, 8:].any()


@pytest.mark.parametrize("make", [lambda: Conv(2), lambda: ResNet(1, width=8)], ids=["conv", "resnet"])
def test_convolutional_networks_are_vectorised_over_replicates(make):
    two = Replicates.create(make, seeds=[0, 1])
    x, y = torch.randn(2, 4, 3, 32, 32), torch.tensor([[0, 1, 2, 3], [3, 2, 1, 0]])
    found = [{n: torch.empty_like(p) for n, p in two.params.items()} for _ in range(2)]
    for method, out in zip((Vectorised(), Looped()), found, strict=True):
        method.gradients(two.model, two.params, two.buffers, x, y, out)
    for name, g in found[0].items():
        assert torch.allclose(g, found[1][name], atol=1e-5), name


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Conv(3), "depth is 3; allowed: 2, 4, 6"),
        (lambda: ResNet(0), "blocks is 0; allowed: a whole number from 1 up"),
        (lambda: ResNet(width=12), "width is 12; allowed: multiples of 8"),
    ],
)
def test_impossible_networks_are_refused_by_value(make, words):
    with pytest.raises(ValueError, match=words):
        make()
