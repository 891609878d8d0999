"""What may be a target, and the network that it becomes when its weights are made small."""

import itertools
import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations, prune

from lthedu.networks.models import MLP
from lthedu.proof import construct, normalise, normalise_rows
from lthedu.proof.target import Box, forward, layers_of


def plain(*layers: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(*layers)


def test_an_mlp_a_sequential_and_a_nested_one_give_the_same_layers() -> None:
    torch.manual_seed(0)
    net = MLP([5, 4, 3, 2])
    for layer in net.layers:
        nn.init.normal_(layer.bias)
    a, b, c = net.layers
    forms = [
        net,
        nn.Sequential(a, nn.ReLU(), b, nn.ReLU(), c),
        nn.Sequential(nn.Sequential(a, nn.ReLU(inplace=True)), nn.Sequential(b, nn.ReLU()), c),
        nn.Sequential(nn.Sequential(nn.Sequential(a), nn.ReLU(), b), nn.ReLU(), nn.Sequential(c)),
    ]
    x = torch.randn(6, 5, dtype=torch.float64)
    wanted = net.double()(x).detach().numpy()
    net.float()
    for form in forms:
        found = layers_of(form)
        assert [layer.shape for layer in found] == [(4, 6), (3, 5), (2, 4)]
        assert all(layer.dtype == np.float64 for layer in found)
        assert forward(found, x.numpy()) == pytest.approx(wanted, abs=1e-12)
    assert layers_of(a)[0].shape == (4, 6)  # one layer by itself


def test_reading_it_changes_nothing() -> None:
    net = plain(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).train()
    before = {name: p.clone() for name, p in net.state_dict().items()}
    layers_of(net)[0][:] = 7.0
    assert all(p.equal(before[name]) for name, p in net.state_dict().items())
    assert net.training
    assert next(net.parameters()).dtype == torch.float32


def test_a_missing_bias_is_zero() -> None:
    first, second = layers_of(plain(nn.Linear(3, 4, bias=False), nn.ReLU(), nn.Linear(4, 2)))
    assert (first[:, -1] == 0).all()
    assert (second[:, -1] != 0).any()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_any_dtype(dtype: torch.dtype) -> None:
    net = plain(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).to(dtype)
    assert layers_of(net)[0][:, :-1] == pytest.approx(net[0].weight.detach().double().numpy(), abs=0)


@pytest.mark.parametrize(
    ("layers", "name", "kind"),
    [
        ([nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2, 2)], "0", "Conv2d"),
        ([nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)], "1", "Tanh"),
        ([nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2)], "1", "BatchNorm1d"),
        ([nn.Linear(3, 4), nn.ReLU(), nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 2))], "2.0", "Dropout"),
        ([nn.Linear(3, 4), nn.LeakyReLU(), nn.Linear(4, 2)], "1", "LeakyReLU"),
        ([nn.Flatten(0), nn.Linear(3, 4)], "0", "Flatten"),
        ([nn.Linear(3, 4), nn.Softmax(1)], "1", "Softmax"),
    ],
)
def test_any_other_layer_is_refused_by_name(layers, name, kind) -> None:
    with pytest.raises(ValueError, match=rf"^layer '{name}' is {kind}; allowed: Linear layers with a ReLU between"):
        layers_of(nn.Sequential(*layers))


class Own(nn.Module):
    """Layers in its list, and a forward of its own."""

    def __init__(self, then) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second, self.then = nn.Linear(3, 4), nn.Linear(4, 2), then

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.then(self, x)


def test_a_forward_of_ones_own_will_do_if_it_is_the_same() -> None:
    assert len(layers_of(Own(lambda net, x: net.second(net.first(x).clamp(min=0))))) == 2


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (plain(nn.Linear(3, 4), nn.Linear(4, 2)), "layer '1' follows layer '0' without a ReLU between them"),
        (plain(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2), nn.ReLU()), "the last step is no Linear layer"),
        (plain(nn.ReLU(), nn.Linear(3, 2)), "layer '0' is a ReLU before the first Linear layer"),
        (Own(lambda net, x: net.second(net.first(x).relu()).softmax(1)), "layer 'softmax' is softmax, called as"),
        (Own(lambda net, x: net.second(net.first(x).relu()) + x.sum(1, keepdim=True)), "layer 'sum_1' is sum, called"),
        (Own(lambda net, x: net.second(net.first(x - 0.5).relu())), "layer 'sub' is sub, called as a function"),
        (Own(lambda net, x: net.second(net.first(x).relu())[:, 0]), "layer 'getitem' is getitem, called as a function"),
        (Own(lambda net, x: 1.001 * net.second(net.first(x).relu())), "layer 'mul' is mul, called as a function"),
        (Own(lambda net, x: net.second(net.first(x).clamp(min=0.1))), "layer 'clamp' is clamp, called as a function"),
    ],
)
def test_what_computes_something_else_is_refused_by_name(net, words) -> None:
    with pytest.raises(ValueError, match=f"^{words}.*; allowed: Linear layers with a ReLU between each two"):
        layers_of(net)


def test_a_missing_relu_that_no_probe_feels_is_seen() -> None:
    """The second layer gives 0 or more but for |x - 0.3| < 0.05, where a ReLU would cut off what is below."""
    net = Own(lambda net, x: net.third(net.second(net.first(x).relu())))
    net.first, net.second, net.third = nn.Linear(1, 2), nn.Linear(2, 1), nn.Linear(1, 1)
    values = {"first.weight": [[1.0], [-1.0]], "first.bias": [-0.3, 0.3], "second.weight": [[1.0, 1.0]]}
    values |= {"second.bias": [-0.05], "third.weight": [[1.0]], "third.bias": [0.0]}
    net.load_state_dict({name: torch.tensor(value) for name, value in values.items()})
    with pytest.raises(ValueError, match="layer 'third' follows layer 'second' without a ReLU between them"):
        layers_of(net)


def untraceable(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Linear, ReLU, Linear, in a forward that looks at its inputs, and so can only be probed."""
    return net.second(net.first(x).relu()) if x.ndim == 2 else x


def test_a_forward_that_cannot_be_traced_is_probed() -> None:
    assert len(layers_of(Own(untraceable))) == 2
    with pytest.raises(ValueError, match=r"Own does more, or less, than its layers say; allowed"):
        layers_of(Own(lambda net, x: 1.001 * untraceable(net, x)))


def test_layers_that_do_not_follow_each_other() -> None:
    with pytest.raises(ValueError, match="layer '2' reads 5 numbers after one of 4"):
        layers_of(plain(nn.Linear(3, 4), nn.ReLU(), nn.Linear(5, 2)))
    with pytest.raises(ValueError, match="layer 'second' reads 4 numbers after 3; allowed"):
        layers_of(Own(lambda net, x: net.second(x)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["weight", "bias"])
def test_a_weight_that_is_not_finite_is_refused_by_layer(bad, where) -> None:
    net = plain(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    getattr(net[2], where).data.view(-1)[0] = bad
    with pytest.raises(ValueError, match=r"^layer '2' has a weight or bias that is NaN or infinite"):
        layers_of(net)


@pytest.mark.filterwarnings("ignore:Initializing zero-element")
def test_no_layers_at_all() -> None:
    with pytest.raises(ValueError, match="'target' is Sequential; allowed"):
        layers_of(nn.Sequential())
    with pytest.raises(ValueError, match="the target has no layer; allowed"):
        layers_of(nn.ReLU())
    with pytest.raises(ValueError, match="layer 'target' has 3 outputs and 0 inputs"):
        layers_of(nn.Linear(0, 3))


def test_what_is_no_module_or_cannot_be_copied_gets_an_answer_in_words() -> None:
    with pytest.raises(ValueError, match="the target is a list; allowed: a torch module"):
        layers_of([nn.Linear(3, 2)])
    held = nn.Sequential(nn.Linear(3, 2))
    held.lock = threading.Lock()
    with pytest.raises(ValueError, match=r"Sequential cannot be copied .*; allowed: Linear layers"):
        layers_of(held)


def test_torchs_own_pruning_is_made_permanent_first() -> None:
    pruned = plain(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    prune.random_unstructured(pruned[0], "weight", amount=0.5)
    with pytest.raises(ValueError, match=r"layer '0' is pruned by torch.nn.utils.prune; call prune.remove"):
        layers_of(pruned)
    prune.remove(pruned[0], "weight")
    assert (layers_of(pruned)[0] == 0).sum() == 6


class Doubling(nn.Linear):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(x)


def hooked(net: nn.Sequential) -> nn.Sequential:
    net[0].register_forward_hook(lambda module, inputs, output: output.clamp(max=1e12))  # acts nowhere that is probed
    return net


def given_a_forward(net: nn.Sequential) -> nn.Sequential:
    net[0].forward = lambda x: x[:, :2]
    return net


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (hooked(plain(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))), "layer '0' has a hook"),
        (nn.utils.weight_norm(nn.Linear(3, 4)), "layer 'Linear' has a hook"),
        (parametrizations.weight_norm(nn.Linear(3, 4)), "layer '.*Linear' computes its weights from others"),
        (given_a_forward(plain(nn.Linear(3, 4))), "layer '0' was given another forward"),
        (plain(Doubling(3, 4)), "layer '0' is Doubling"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated")
def test_what_computes_more_than_its_weights_say_is_refused_by_name(net, words) -> None:
    with pytest.raises(ValueError, match=words):
        layers_of(net)


def test_a_layer_that_is_used_twice_comes_twice() -> None:
    torch.manual_seed(0)
    first, block, last, relu = nn.Linear(2, 3), nn.Linear(3, 3), nn.Linear(3, 1), nn.ReLU()
    shared = nn.Sequential(first, relu, *[block, relu] * 3, nn.Sequential(nn.Flatten(), last))
    assert [len(layer) for layer in layers_of(shared)] == [3, 3, 3, 3, 1]
    x = torch.randn(6, 2, dtype=torch.float64)
    wanted = shared.double()(x).detach().numpy()
    assert forward(layers_of(shared), x.numpy()) == pytest.approx(wanted, abs=1e-12)
    listed_once = Own(lambda net, x: net.second(net.first(net.first(x).relu()).relu()))
    listed_once.first, listed_once.second = nn.Linear(3, 3), nn.Linear(3, 2)
    assert [len(layer) for layer in layers_of(listed_once)] == [3, 3, 2]


def test_what_differs_in_a_corner_of_the_box_alone_is_refused() -> None:
    net = Own(lambda net, x: untraceable(net, x) + (x == 0.75).all(1, keepdim=True))
    layers_of(net)
    with pytest.raises(ValueError, match="Own does more, or less"):
        layers_of(net, Box(0.5, 0.75))


# making it small


def stacks(largest: float = 100.0):
    entry = st.floats(-largest, largest, allow_subnormal=False).map(lambda v: round(v, 3))
    sizes = st.lists(st.integers(1, 4), min_size=2, max_size=5)

    @st.composite
    def made(draw):
        widths = draw(sizes)
        return [
            np.array(draw(st.lists(st.lists(entry, min_size=n + 1, max_size=n + 1), min_size=m, max_size=m)))
            for n, m in itertools.pairwise(widths)
        ]

    return made()


@settings(deadline=None)
@given(stacks(), st.sampled_from([0.25, 1.0, 0.01]))
def test_with_a_factor_for_each_neuron_the_network_computes_the_same_too(layers, largest) -> None:
    small, scale = normalise_rows(layers, largest)
    x = np.random.default_rng(0).normal(size=(20, layers[0].shape[1] - 1))
    wanted = forward(layers, x)
    assert scale * forward(small, x) == pytest.approx(wanted, rel=1e-9, abs=1e-9 * (1 + np.abs(wanted).max()))
    for layer in small[:-1]:
        top = np.abs(layer).max(1)
        assert top[top > 0] == pytest.approx(largest)
    assert np.abs(small[-1]).max() <= largest * (1 + 1e-12)


def test_a_neuron_that_is_always_zero_is_read_with_zeros() -> None:
    layers = [np.array([[0.0, 0.0], [2.0, 0.0]]), np.array([[1e6, 1.0, 3.0]])]
    small, scale = normalise_rows(layers)
    assert small[0].tolist() == [[0.0, 0.0], [0.25, 0.0]]
    assert small[1].tolist() == [[0.0, 0.25, 3 / 32]]
    assert scale == 32


def test_numbers_that_leave_float64_are_named_by_their_layer() -> None:
    layers = [np.full((1, 2), 1e-300), np.full((1, 2), 1e-300)]
    layers[1][:, -1] = 0
    with pytest.raises(ValueError, match="the scales of layer 2 of 2 reach from 0 to 0; allowed"):
        normalise_rows(layers)


def test_in_deep_narrow_networks_a_factor_for_each_neuron_loses_less() -> None:
    for seed in range(3):
        torch.manual_seed(seed)
        deep = nn.Sequential(*[layer for _ in range(30) for layer in (nn.Linear(2, 2), nn.ReLU())][:-1])
        x = np.random.default_rng(seed).random((200, 2))
        apart = {}
        for rule in (normalise, normalise_rows):
            ticket = construct(deep, eta=1e-3, largest=0.5, per_weight=40, normalise=rule, seed=seed)
            assert ticket.missed == 0
            apart[rule] = np.abs(ticket.target_logits(x) - ticket.folded(x)).max()
        assert apart[normalise_rows] < apart[normalise] / 2


@settings(deadline=None)
@given(stacks(), st.sampled_from([0.25, 1.0, 0.01]))
def test_the_small_network_computes_the_same_up_to_the_scale(layers, largest) -> None:
    small, scale = normalise(layers, largest)
    x = np.random.default_rng(0).normal(size=(20, layers[0].shape[1] - 1))
    wanted = forward(layers, x)
    assert scale * forward(small, x) == pytest.approx(wanted, rel=1e-9, abs=1e-9 * (1 + np.abs(wanted).max()))
    for layer, given_layer in zip(small, layers, strict=True):
        if given_layer.any():  # the largest entry is as large as is allowed, be it weight or bias
            assert np.abs(layer).max() == pytest.approx(largest)
        else:
            assert not layer.any()


def test_a_bias_is_divided_by_all_the_scales_so_far() -> None:
    layers = [np.array([[8.0, 0.0]]), np.array([[2.0, 4.0]]), np.array([[0.5, 0.0]])]
    small, scale = normalise(layers, 1.0)
    # 8 goes; then the second layer's bias is 4 beside what is 8 times too small: 1/2, less than the weight's 2
    assert [layer.tolist() for layer in small] == [[[1.0, 0.0]], [[1.0, 0.25]], [[1.0, 0.0]]]
    assert scale == 8 * 2 * 0.5


def test_a_large_bias_sets_the_layers_scale() -> None:
    small, scale = normalise([np.array([[0.05, 0.5]])], 0.25)
    assert small[0] == pytest.approx(np.array([[0.025, 0.25]]))
    assert scale == pytest.approx(2.0)


def test_a_layer_of_zeros_stays_and_what_follows_is_still_right() -> None:
    layers = [np.zeros((2, 3)), np.array([[1.0, -1.0, 3.0]])]
    small, scale = normalise(layers)
    assert not small[0].any()
    assert scale * forward(small, np.ones((1, 2)))[0, 0] == pytest.approx(3.0)


def test_what_was_given_is_not_changed() -> None:
    layers = [np.full((2, 3), 5.0)]
    normalise(layers)
    assert (layers[0] == 5).all()


@pytest.mark.parametrize("largest", [0.0, -1.0, np.nan])
def test_a_largest_that_is_none_is_refused(largest) -> None:
    with pytest.raises(ValueError, match=f"largest is {largest}; allowed: a number above 0"):
        normalise([np.ones((1, 2))], largest)


# the box


def test_the_box_knows_its_longest_input() -> None:
    assert Box(-3, 2).corner(4) == 6.0
    assert Box(0, 2).corner(9) == 6.0
    corners = np.stack(np.meshgrid(*[[-0.5, 1.5]] * 3), -1).reshape(-1, 3)
    assert Box(-0.5, 1.5).corner(3) == pytest.approx(np.linalg.norm(corners, axis=1).max())
    assert [Box(low, 1).signed for low in (-0.1, 0.0, 0.5)] == [True, False, False]


@pytest.mark.parametrize("ends", [(1, 0), (0, 0), (np.nan, 1), (0, np.inf), (-np.inf, 0)])
def test_a_box_that_is_none_is_refused(ends) -> None:
    with pytest.raises(ValueError, match="allowed: two finite numbers, the lower one first"):
        Box(*ends)


def test_inputs_outside_are_refused_and_an_end_in_float32_is_inside() -> None:
    box = Box(-0.1, 0.7)  # float32 has 0.1 a little larger, 0.7 a little smaller
    box.check(torch.tensor([-0.1, 0.7]))
    box.check(np.array([-0.1, 0.7]))
    for bad in (-0.11, 0.701, np.nan):
        with pytest.raises(ValueError, match=r"the inputs reach from .*; allowed: -0.1 to 0.7"):
            box.check(torch.tensor([0.0, bad]))
