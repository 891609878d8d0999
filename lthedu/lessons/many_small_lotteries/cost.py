"""What trainings cost in floating-point operations (FLOPs): of dense networks, and of sparse ones in two ways."""

from collections.abc import Sequence

from lthedu.base.arguments import typed
from lthedu.networks.masks import Mask


@typed
def training_flops(weights: Sequence[int], batch_size: int, steps: int) -> int:
    """FLOPs of training a fully connected network whose layers multiply `weights` weights, input layer first.

    A weight costs two operations, a product and a sum, for each example of each step, three times over: forward, for
    the gradient of the weights, and for the gradient of what the layer reads, which the first layer alone does without.
    Biases, activations, the loss, the optimizer and evaluations are left out: they are small. Count all weights of a
    layer where zeros are multiplied, the kept ones where they are not. Raises ValueError for no layers or a negative
    number.

    >>> training_flops([196 * 100, 100 * 10], batch_size=64, steps=1)
    5401600
    """
    if not weights or min(weights) < 0 or batch_size < 0 or steps < 0:
        raise ValueError(f"weights {list(weights)}, batch_size {batch_size}, steps {steps}; none may be negative")
    return (6 * sum(weights) - 2 * weights[0]) * batch_size * steps


@typed
def layer_weights(mask: Mask, *, sparse: bool) -> list[int]:
    """The weights that each layer of one network multiplies: the kept ones if `sparse`, else all, zeros too.

    >>> import torch
    >>> mask = {"w": torch.tensor([[True, False]])}
    >>> layer_weights(mask, sparse=True), layer_weights(mask, sparse=False)
    ([1], [2])
    """
    return [int(m.sum()) if sparse else m.numel() for m in mask.values()]
