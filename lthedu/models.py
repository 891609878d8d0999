"""The networks of the course, as plain modules."""

import itertools
from collections.abc import Sequence

from torch import Tensor, nn


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


def lenet_300_100() -> MLP:
    """LeNet-300-100 for 28 x 28 images: 266,200 weights and 410 biases (LeCun et al. 1998).

    >>> sum(p.numel() for p in lenet_300_100().parameters())
    266610
    """
    return MLP([784, 300, 100, 10])
