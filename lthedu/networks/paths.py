"""Paths through a masked network, from an input to an output: how many there are, and which units lie on one."""

from collections.abc import Sequence
from typing import Annotated

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast

Layers = Annotated[Sequence[Tensor], AtLeast(1)]  # masks (out, in), from the inputs to the outputs


@typed
def count_paths(layers: Layers) -> int:
    """The number of paths of kept weights from any input to any output, exactly.

    It is the sum of all entries of the product of the masks (out, in), which are given from inputs to outputs. Raises
    ValueError for masks that do not fit each other.

    >>> first = torch.tensor([[True, True, False], [False, False, False]])
    >>> count_paths([first, torch.tensor([[True, True]])])
    2
    """
    _check(layers)
    reached = [1] * layers[0].shape[1]  # paths to each unit; Python's integers have no end
    for mask in layers:
        reached = [sum(reached[i] for i in row.nonzero().flatten().tolist()) for row in mask]
    return sum(reached)


@typed
def on_a_path(layers: Layers) -> list[Tensor]:
    """For each hidden layer a bool for each unit, True where it lies on a path from an input to an output.

    Raises ValueError for masks that do not fit each other.

    >>> first = torch.tensor([[True, True, False], [False, False, False]])
    >>> on_a_path([first, torch.tensor([[True, True]])])
    [tensor([ True, False])]
    """
    _check(layers)
    first, last = layers[0], layers[-1]
    ahead = [first.new_ones(first.shape[1])]  # an input reaches it
    for mask in layers[:-1]:
        ahead.append((mask & ahead[-1]).any(1))
    back = last.new_ones(len(last))  # it reaches an output
    found = []
    for mask, reached in zip(reversed(layers[1:]), reversed(ahead[1:]), strict=True):
        back = (mask & back[:, None]).any(0)
        found.append(reached & back)
    return found[::-1]


def _check(layers: Sequence[Tensor]) -> None:
    before = None
    for i, mask in enumerate(layers):
        if mask.dtype != torch.bool or mask.ndim != 2 or (before is not None and mask.shape[1] != before):
            inputs = "any" if before is None else before
            raise ValueError(
                f"layer {i} is {mask.dtype} of shape {tuple(mask.shape)}; allowed: torch.bool (out, in), in = {inputs}"
            )
        before = len(mask)
