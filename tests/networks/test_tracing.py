"""What a convolutional network computes, read from its forward; what cannot be read is refused by its name."""

import math
import re

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from lthedu.networks.chain import Chain, Step, fully_connected
from lthedu.networks.tracing import read_chain
from lthedu.proof import construct

IMAGE = (1, 8, 8)


class Functional(nn.Module):
    """The same as `plain`, by functions and methods."""

    def __init__(self, net: nn.Sequential) -> None:
        super().__init__()
        self.first, self.second, self.last = net[0], net[3], net[7]

    def forward(self, x: Tensor, flat: bool = False) -> Tensor:
        x = F.max_pool2d(F.relu(self.first(x)), 2)
        x = F.avg_pool2d(self.second(x).relu(), (2, 1), stride=1)
        return self.last(x.view(x.size(0), -1))


def plain() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(2, 3, (1, 2), bias=False),
        nn.ReLU(inplace=True),
        nn.AvgPool2d((2, 1), 1),
        nn.Flatten(),
        nn.Linear(3 * 3 * 3, 2),
    )


def computed(chain: Chain, layers, x: Tensor) -> Tensor:
    """The chain by hand: every affine layer is a convolution."""
    tensors = [tuple(map(torch.from_numpy, layer)) for layer in layers]
    return chain.through(
        x,
        [
            lambda x, step=step, w=w, b=b: F.conv2d(
                x.reshape(*x.shape[:2], *(x.shape[2:] or (1, 1))), w, b, padding=step.padding
            )
            for (step, _), (w, b) in zip(chain.affine, tensors, strict=True)
        ],
    )


def test_modules_and_functions_give_the_same_chain() -> None:
    net = plain()
    chain, layers = read_chain(net, IMAGE)
    same, theirs = read_chain(Functional(net), IMAGE)
    assert chain == same
    assert [step.kind for step in chain.steps] == ["affine", "relu", "max", "affine", "relu", "average", "affine"]
    assert chain.shapes == ((1, 8, 8), (2, 8, 8), (2, 8, 8), (2, 4, 4), (3, 4, 3), (3, 4, 3), (3, 3, 3), (2, 1, 1))
    for (weight, bias), (w, b) in zip(layers, theirs, strict=True):
        assert np.array_equal(weight, w)
        assert np.array_equal(bias, b)
    assert not layers[1][1].any()  # a missing bias is zero
    x = torch.randn(4, *IMAGE, dtype=torch.float64)
    assert torch.allclose(computed(chain, layers, x), net.double()(x), rtol=1e-12, atol=1e-12)


def test_a_mean_over_both_axes_is_pooling_over_the_image() -> None:
    class Mean(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = nn.Conv2d(1, 4, 3), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(torch.relu(self.body(x)).mean(dim=[-2, -1]))

    net = Mean()
    pooling = nn.Sequential(net.body, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), net.head)
    assert read_chain(net, IMAGE)[0] == read_chain(pooling, IMAGE)[0]
    assert read_chain(net, IMAGE)[0].steps[2] == Step("average", 0, (6, 6), (6, 6))


def test_a_layer_that_is_used_twice_comes_twice() -> None:
    shared = nn.Conv2d(2, 2, 3, padding="same")
    net = nn.Sequential(
        nn.Conv2d(1, 2, 1), nn.ReLU(), shared, nn.ReLU(), shared, nn.ReLU(), nn.Flatten(), nn.Linear(128, 2)
    )
    _, layers = read_chain(net, IMAGE)
    assert np.array_equal(layers[1][0], layers[2][0])


def test_a_second_relu_in_a_row_is_dropped() -> None:
    head = nn.Linear(64, 2)
    one, two = (nn.Sequential(*[nn.ReLU()] * n, nn.Flatten(), head) for n in (1, 2))
    assert read_chain(one, IMAGE)[0] == read_chain(two, IMAGE)[0]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_any_dtype_and_layout_are_read_and_nothing_is_changed(dtype, layout) -> None:
    net = plain().to(dtype).to(memory_format=layout).train()
    before = {name: p.clone() for name, p in net.state_dict().items()}
    chain, layers = read_chain(net, IMAGE)
    assert np.array_equal(layers[1][0], net[3].weight.detach().double().numpy())
    layers[1][0][:] = 7.0
    assert chain.params()["0.weight"] == (2, 1, 3, 3)
    assert all(p.equal(before[name]) for name, p in net.state_dict().items())
    assert net.training
    assert next(net.parameters()).requires_grad


def refused(*layers: nn.Module) -> nn.Sequential:
    """Behind a convolution and a ReLU, (2, 6, 6), and before global pooling and a head."""
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3))


@pytest.mark.parametrize(
    ("net", "words"),
    [
        (
            refused(nn.Conv2d(2, 2, 3, stride=2), nn.ReLU()),
            r"layer '2' is Conv2d with stride \(2, 2\); allowed: Conv2d",
        ),
        (refused(nn.Conv2d(2, 2, 3, dilation=2), nn.ReLU()), r"layer '2' is Conv2d with dilation \(2, 2\); allowed"),
        (refused(nn.Conv2d(2, 2, 3, groups=2), nn.ReLU()), "layer '2' is Conv2d with groups 2; allowed"),
        (refused(nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect"), nn.ReLU()), "layer '2' .* of reflect; allowed"),
        (
            refused(nn.Conv2d(2, 2, 3, padding=2), nn.ReLU()),
            r"layer '2' is Conv2d with padding \(2, 2\) around .* 3 x 3",
        ),
        (
            refused(nn.Conv2d(2, 2, 2, padding=1), nn.ReLU()),
            r"layer '2' is Conv2d with padding \(1, 1\) around .* 2 x 2",
        ),
        (refused(nn.Conv2d(2, 2, 2, padding="same"), nn.ReLU()), "layer '2' is Conv2d with padding same of zeros"),
        (refused(nn.Conv2d(2, 2, 7), nn.ReLU()), r"layer '2' has a kernel of 7 x 7; allowed: up to .* image, 6 x 6"),
        (refused(nn.Conv2d(3, 2, 3), nn.ReLU()), "layer '2' is Conv2d of 3 channels and reads 2; allowed"),
        (refused(nn.Conv2d(2, 2, 3)), "layer '5' follows layer '2' without a ReLU between them; allowed"),
        (refused(nn.BatchNorm2d(2)), "layer '2' is BatchNorm2d; allowed"),
        (refused(nn.Dropout(0.5)), "layer '2' is Dropout; allowed"),
        (refused(nn.Sequential(nn.Tanh())), "layer '2.0' is Tanh; allowed"),
        (refused(nn.ConvTranspose2d(2, 2, 3), nn.ReLU()), "layer '2' is ConvTranspose2d; allowed"),
        (refused(nn.MaxPool2d(2, padding=1)), "layer '2' is pooling with padding 1; allowed"),
        (refused(nn.AvgPool2d(2, padding=1)), "layer '2' is pooling with padding 1; allowed"),
        (refused(nn.MaxPool2d(2, dilation=2)), "layer '2' is pooling with dilation 2; allowed"),
        (refused(nn.MaxPool2d(4, ceil_mode=True)), "layer '2' is pooling with ceil_mode True; allowed"),
        (refused(nn.AvgPool2d(2, divisor_override=1)), "layer '2' is pooling with divisor_override 1; allowed"),
        (refused(nn.MaxPool2d(7)), "layer '2' has a kernel of 7 x 7"),
        (refused(nn.AdaptiveAvgPool2d(2)), "layer '2' makes 2 x 2 x 2 of 2 x 6 x 6; allowed"),
        (refused(nn.Flatten(2)), "layer '2' makes 2 x 36 of 2 x 6 x 6; allowed"),
        (refused(nn.Flatten(), nn.Linear(70, 2), nn.ReLU()), "layer '3' reads 70 numbers after 72; allowed"),
        (nn.Sequential(nn.Conv2d(1, 3, 8)), "the last step is no Linear layer; allowed"),
        (nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.ReLU()), "the last step is no Linear layer; allowed"),
        (nn.Sequential(), "the last step is no Linear layer; allowed"),
        (
            nn.Sequential(nn.Conv2d(1, 2, 8), nn.ReLU(), nn.Linear(1, 3)),
            r"layer '2' .* images of shape \(2, 1, 1\): flat",
        ),
        (
            refused(parametrizations.weight_norm(nn.Conv2d(2, 2, 3)), nn.ReLU()),
            "layer '2' computes its weights from oth",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
def test_any_other_layer_is_refused_by_name(net, words) -> None:
    with pytest.raises(ValueError, match=f"^{words}"):
        read_chain(net, IMAGE, "target")


class Own(nn.Module):
    """Layers, and a forward of its own."""

    def __init__(self, then) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body, self.head, self.then = nn.Conv2d(1, 2, 3), nn.Linear(72, 3), then

    def forward(self, x: Tensor) -> Tensor:
        return self.then(self, x)


@pytest.mark.parametrize(
    ("then", "words"),
    [
        (lambda net, x: net.head(net.body(x).relu().flatten(1)) + x.mean(), "layer 'mean' does not read .* branches"),
        (lambda net, x: net.head((net.body(x).relu() + 1).flatten(1)), "layer 'add' is add, called as a function"),
        (
            lambda net, x: net.head(F.conv2d(x, net.body.weight).relu().flatten(1)),
            "layer 'conv2d' is conv2d, called as",
        ),
        (
            lambda net, x: net.head(net.body(x).relu().flatten(1)).softmax(1),
            "layer 'softmax' is softmax, called as a f",
        ),
        (lambda net, x: net.head(net.body(x).relu().mean(1).flatten(1)), "layer 'mean' makes 6 x 6 of 2 x 6 x 6"),
        (lambda net, x: (net.head(net.body(x).relu().flatten(1)), x), "the forward gives a tuple; allowed: a tensor"),
        (lambda net, x: net.head(net.body(x).relu().mT.flatten(1)), "layer 'getattr_1' is .mT of a tensor; allowed"),
        (lambda net, x: net.head(x.mean((1, 3))), "layer 'mean' makes 8 of 1 x 8 x 8"),
        (
            lambda net, x: net.head(net.body(x).relu().flatten(1)) if x.sum() > 0 else x,
            "the forward .* cannot be traced",
        ),
    ],
)
def test_a_forward_that_does_something_else_is_refused(then, words) -> None:
    with pytest.raises(ValueError, match=words):
        read_chain(Own(then), IMAGE, "target")


def test_an_input_that_is_not_given_is_named() -> None:
    class Masked(nn.Module):
        def forward(self, x: Tensor, mask: Tensor) -> Tensor:
            return (x * mask).flatten(1)

    with pytest.raises(ValueError, match="the forward cannot be run at 'mask'"):
        read_chain(Masked(), IMAGE)


def test_sizes_may_be_written_in_every_way_that_torch_takes() -> None:
    net = Own(lambda net, x: net.head(F.max_pool2d(net.body(x).relu(), (2,), padding=[0, 0]).flatten(1)))
    for padding, side in ((1, 4), ("same", 4), ("valid", 3), ((0, 0), 3)):  # torch computes with what stands there now
        net.body.padding, net.head = padding, nn.Linear(2 * side * side, 3)
        assert read_chain(net, IMAGE)[0].shapes[3] == (2, side, side)


@pytest.mark.filterwarnings("ignore:Lazy modules", "ignore:Sparse")
@pytest.mark.parametrize("image", [None, (2, 1, 1)])
def test_numbers_that_cannot_be_read_are_named_by_their_layer(image) -> None:
    sparse = nn.Linear(2, 3)
    sparse.weight = nn.Parameter(sparse.weight.detach().to_sparse())
    for layer, words in (
        (nn.Linear(2, 3, device="meta"), "layer '1' has a weight or bias without values"),
        (nn.LazyLinear(3), "layer '1' has a weight or bias without values"),
        (sparse, r"layer '1' has a weight or bias that is torch.sparse_coo; call to_dense first"),
    ):
        with pytest.raises(ValueError, match=words):
            construct(nn.Sequential(nn.Flatten(), layer), eta=1e-2, image=image)


class Doubling(nn.Conv2d):
    def forward(self, x: Tensor) -> Tensor:
        return 2 * super().forward(x)


class Enlarged(nn.Conv2d):
    """It computes something else than its weights say, without a forward of its own."""

    def _conv_forward(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return 1.001 * super()._conv_forward(x, weight, bias)


def test_what_is_read_is_held_against_what_is_computed() -> None:
    with pytest.raises(ValueError, match="Sequential does more, or less, than its layers say"):
        read_chain(refused(Enlarged(2, 2, 3), nn.ReLU()), IMAGE)
    with pytest.raises(ValueError, match="layer '2' is Doubling; allowed"):
        read_chain(refused(Doubling(2, 2, 3), nn.ReLU()), IMAGE)
    net = Own(lambda net, x: net.head(net.body(x).relu().flatten(1)))
    net.body.register_forward_hook(lambda module, inputs, output: output.clamp(max=1e12))
    with pytest.raises(ValueError, match="layer 'body' has a hook"):
        read_chain(net, IMAGE)


def test_a_chain_that_does_not_fit_together_is_none() -> None:
    affine = Step("affine", 2, (3, 3))
    with pytest.raises(ValueError, match=r"step 1 has a kernel of 3 x 3; allowed: up to the size of its image, 2 x 2"):
        Chain((1, 4, 4), (affine, affine))
    for steps in ((), (affine,), (Step("affine", 2, (4, 4)), Step("relu"))):
        with pytest.raises(ValueError, match="the last step gives no row of outputs"):
            Chain((1, 4, 4), steps)
    for image in ((0, 4, 4), (1, 4.5, 4), (4, 4)):
        with pytest.raises(ValueError, match=re.escape(f"the image has shape {image}; allowed")):
            Chain(image, (Step("affine", 2, (4, 4)),))
    for wrong in (
        {"kind": "tanh"},
        {"kind": "affine"},
        {"kind": "relu", "outputs": 3},
        {"kind": "max", "kernel": (0, 1)},
        {"kind": "max", "kernel": (1,)},
        {"kind": "max", "padding": (1, 1)},
        {"kind": "max", "kernel": (2.5, 2)},
        {"kind": "max", "kernel": (math.inf, 2)},
        {"kind": "affine", "outputs": 1.5},
        {"kind": "affine", "outputs": -1},
        {"kind": "affine", "outputs": 1, "stride": (2, 2)},
    ):
        with pytest.raises(ValueError, match="allowed"):
            Step(**wrong)


def test_a_chain_knows_where_its_images_are_rows() -> None:
    wide, dot = Step("affine", 4, (3, 3), padding=(1, 1)), Step("affine", 4)
    assert fully_connected([3, 4, 2]).flat == 0
    assert Chain((1, 4, 4), (Step("max", 0, (4, 4), (4, 4)), dot, Step("relu"), dot)).flat == 1
    assert Chain((1, 4, 4), (Step("max", 0, (4, 4), (4, 4)), wide, Step("relu"), dot)).flat == 2
    assert Chain((1, 1, 1), (dot, Step("relu"), wide)).flat == 3
    assert Chain((3, 1, 1), (Step("relu"), dot)).flat == 0
    x = torch.rand(5, 1, 1, 1)
    assert Chain((1, 1, 1), (dot, Step("relu"), wide)).module().to_empty(device="cpu")(x).shape == (5, 4)
