"""The networks of the course, as plain modules."""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count


@typed
class MLP(nn.Module):
    """Fully connected ReLU network; `sizes` are the widths from the input to the output.

    Weights start as Gaussian Glorot, N(0, 2 / (fan_in + fan_out)), and biases at zero, as in Frankle and
    Carbin (2019), from torch's current random state.

    >>> import torch
    >>> MLP([784, 300, 100, 10])(torch.zeros(2, 784)).shape
    torch.Size([2, 10])
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"sizes must be two or more widths of at least 1, not {list(sizes)}")
        self.layers = nn.ModuleList(nn.Linear(n, m) for n, m in itertools.pairwise(sizes))
        for layer in self.layers:
            nn.init.xavier_normal_(layer.weight)  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    def forward(self, x: Tensor) -> Tensor:
        *hidden, output = self.layers
        for layer in hidden:
            x = layer(x).relu()
        return output(x)  # type: ignore[no-any-return]


@typed
class ResidualMLP(MLP):
    """An MLP in which a hidden layer with as many outputs as inputs adds to what it gets: relu(x + W x + b).

    Parameters have the names and shapes of an `MLP` of these `sizes`, and are drawn alike; the weights of the layers
    that add are multiplied by `branch`. Since x + W x = (I + W) x, every such network is an MLP, see `plain`: the
    two differ in where training starts and in nothing else. (The blocks of He et al. 2015, arXiv:1512.03385, have two
    layers within one addition; those are no MLP of the same depth.)

    >>> import torch
    >>> net = ResidualMLP([2, 4, 4, 3])
    >>> net.adds, net(torch.zeros(5, 2)).shape
    ([False, True, False], torch.Size([5, 3]))
    """

    def __init__(self, sizes: Sequence[int], branch: float = 1.0) -> None:
        if not math.isfinite(branch):
            raise ValueError(f"branch is {branch}; it must be finite")
        super().__init__(sizes)
        self.adds = [n == m for n, m in itertools.pairwise(sizes[:-1])] + [False]  # one a layer, the last one never
        for layer, adds in zip(self.layers, self.adds, strict=True):
            if adds:
                layer.weight.data.mul_(branch)  # type: ignore[operator]

    def forward(self, x: Tensor) -> Tensor:
        *hidden, output = self.layers
        for layer, adds in zip(hidden, self.adds, strict=False):
            x = (x + layer(x) if adds else layer(x)).relu()
        return output(x)  # type: ignore[no-any-return]

    def plain(self) -> MLP:
        """The MLP that computes the same: the identity is added to the weights of every layer that adds.

        >>> import torch
        >>> net, x = ResidualMLP([3, 3, 1]), torch.rand(7, 3)
        >>> torch.allclose(net(x), net.plain()(x), atol=1e-6)
        True
        """
        shapes = [p.shape for p in self.parameters() if p.ndim == 2]  # (out, in) of each layer
        with torch.random.fork_rng(devices=[]):  # the numbers that a new MLP draws are overwritten
            same = MLP([*(fan_in for _, fan_in in shapes), shapes[-1][0]])
        same.to(next(self.parameters())).load_state_dict(self.state_dict())
        for layer, adds in zip(same.layers, self.adds, strict=True):
            if adds:
                layer.weight.data.diagonal().add_(1)  # type: ignore[operator]
        return same


def lenet_300_100() -> MLP:
    """LeNet-300-100 for 28 x 28 images: 266,200 weights and 410 biases (LeCun et al. 1998).

    >>> sum(p.numel() for p in lenet_300_100().parameters())
    266610
    """
    return MLP([784, 300, 100, 10])


def small_cnn() -> nn.Sequential:
    """Three 3 x 3 convolutions of 16, 32 and 64 channels for 28 x 28 images, and a linear layer on the channels' means.

    23,946 weights and biases, an eleventh of LeNet-300-100's. Each convolution pads by one pixel, a 2 x 2 maximum
    follows the first two. torch's own initial weights.

    >>> import torch
    >>> net = small_cnn()
    >>> sum(p.numel() for p in net.parameters()), net(torch.zeros(2, 1, 28, 28)).shape
    (23946, torch.Size([2, 10]))
    """
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),  # (n, 16, 14, 14)
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),  # (n, 32, 7, 7)
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU()),
        *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10)),
    )


@typed
class Conv(nn.Module):
    """Conv-2, Conv-4 and Conv-6 of Frankle and Carbin (2019), appendix H: small VGG networks for images (3, 32, 32).

    `depth` convolutions of 3 x 3, two of each width (64, 128, 256) and a 2 x 2 maximum after every two, then linear
    layers of 256, 256 and `classes`. Gaussian Glorot weights, biases zero. Raises ValueError for another depth.

    >>> import torch
    >>> Conv(2)(torch.zeros(5, 3, 32, 32)).shape
    torch.Size([5, 10])
    """

    def __init__(self, depth: int, classes: Count = 10) -> None:
        super().__init__()
        if depth not in (2, 4, 6):
            raise ValueError(f"depth is {depth}; allowed: 2, 4, 6")
        widths = [3, *(64 * 2 ** (i // 2) for i in range(depth))]  # 3, 64, 64, 128, 128, 256, 256
        self.convolutions = nn.ModuleList(nn.Conv2d(n, m, 3, padding=1) for n, m in itertools.pairwise(widths))
        side = 32 // 2 ** (depth // 2)
        self.layers = nn.ModuleList(
            nn.Linear(n, m) for n, m in itertools.pairwise([widths[-1] * side**2, 256, 256, classes])
        )
        for layer in (*self.convolutions, *self.layers):
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        for i, convolution in enumerate(self.convolutions):
            x = convolution(x).relu()
            if i % 2:
                x = nn.functional.max_pool2d(x, 2)
        x = x.flatten(1)
        *hidden, output = self.layers
        for layer in hidden:
            x = layer(x).relu()
        return output(x)  # type: ignore[no-any-return]


class _Block(nn.Module):
    """relu(short cut + two normalised 3 x 3 convolutions); widening, the short cut drops every second row and column
    and adds channels of zeros (option A of He et al.)."""

    def __init__(self, n: int, m: int) -> None:
        super().__init__()
        self.stride, self.more = m // n, m - n
        self.convolutions = nn.ModuleList(
            [nn.Conv2d(n, m, 3, self.stride, 1, bias=False), nn.Conv2d(m, m, 3, 1, 1, bias=False)]
        )
        self.norms = nn.ModuleList(nn.GroupNorm(8, m) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        (first, second), (norm, last) = self.convolutions, self.norms
        h = last(second(norm(first(x)).relu()))
        short = x[:, :, :: self.stride, :: self.stride]
        return (nn.functional.pad(short, (0, 0, 0, 0, 0, self.more)) + h).relu()  # type: ignore[no-any-return]


@typed
class ResNet(nn.Module):
    """The CIFAR residual network of He et al. (2015, arXiv:1512.03385), with group instead of batch normalisation.

    Three stages of `blocks` blocks of two convolutions, of `width`, 2 `width` and 4 `width` channels: 6 `blocks` + 2
    layers, so the defaults give ResNet-20. Normalisation is over 8 groups of channels of one image (Wu and He 2018,
    arXiv:1803.08494): it keeps no running statistics, so that a rewound network is its weights and nothing else, an
    interpolated one needs no new statistics, and `torch.func` can vectorise it over replicates. Its numbers are
    therefore not those of the papers' networks, which normalise over the batch. Convolutions start as
    N(0, 2 / fan_out). Raises ValueError for a `width` that 8 does not divide and for `blocks` below 1.

    >>> import torch
    >>> net = ResNet()
    >>> sum(p.numel() for p in net.parameters() if p.ndim > 1), net(torch.zeros(2, 3, 32, 32)).shape
    (268336, torch.Size([2, 10]))
    """

    def __init__(self, blocks: Count = 3, width: int = 16, classes: Count = 10) -> None:
        super().__init__()
        if width < 8 or width % 8:
            raise ValueError(f"width is {width}; allowed: multiples of 8, one group of channels each")
        widths = [width, *(width * 2**stage for stage in range(3) for _ in range(blocks))]
        self.first = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.norm = nn.GroupNorm(8, width)
        self.blocks = nn.Sequential(*(_Block(n, m) for n, m in itertools.pairwise(widths)))
        self.output = nn.Linear(widths[-1], classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(self.norm(self.first(x)).relu())
        return self.output(x.mean((2, 3)))  # type: ignore[no-any-return]
