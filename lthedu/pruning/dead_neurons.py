"""Neurons that can go without changing what a network computes: those that are constant, and those nobody reads."""

from collections.abc import Sequence

from torch import Tensor

from lthedu.base.arguments import typed

Layers = tuple[list[Tensor], list[Tensor]]  # weights (out, in) and biases (out,), from the input to the output


@typed
def remove_constant(
    weight: Tensor, bias: Tensor, next_weight: Tensor, next_bias: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The same two layers without the neurons between them that read nothing.

    `weight` (hidden, in) and `bias` (hidden,) make hidden neurons with ReLU, which `next_weight` (out, hidden) and
    `next_bias` (out,) read. A neuron whose incoming weights are all zero gives relu(bias) for every input. So that
    times its outgoing weights moves into the next bias. Raises ValueError where the layers do not fit each other.

    >>> import torch
    >>> w, b = torch.tensor([[1.0, 2.0], [0.0, 0.0]]), torch.tensor([0.0, 3.0])
    >>> remove_constant(w, b, torch.tensor([[1.0, 10.0]]), torch.tensor([0.5]))
    (tensor([[1., 2.]]), tensor([0.]), tensor([[1.]]), tensor([30.5000]))
    """
    _check([weight, next_weight], [bias, next_bias])
    reads = (weight != 0).any(1)
    constant = bias[~reads].relu()
    return weight[reads], bias[reads], next_weight[:, reads], next_bias + next_weight[:, ~reads] @ constant


@typed
def remove_unread(weight: Tensor, bias: Tensor, next_weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The same two layers without the neurons between them whose outgoing weights are all zero.

    Raises ValueError where the layers do not fit each other.

    >>> import torch
    >>> remove_unread(torch.eye(2), torch.ones(2), torch.tensor([[0.0, 5.0]]))
    (tensor([[0., 1.]]), tensor([1.]), tensor([[5.]]))
    """
    _check([weight, next_weight], [bias, next_weight.new_zeros(next_weight.shape[:1])])
    read = (next_weight != 0).any(0)
    return weight[read], bias[read], next_weight[:, read]


@typed
def remove_dead(weights: Sequence[Tensor], biases: Sequence[Tensor]) -> Layers:
    """A ReLU network without its dead neurons; it computes the same, up to rounding, since sums change their order.

    `weights`, `biases`: of the layers from input to output. Removing one neuron can leave another without readers or
    without inputs, so this goes on until nothing changes. Raises ValueError where layers do not fit each other.

    >>> import torch
    >>> w = [torch.tensor([[1.0, 0.0], [0.0, 0.0]]), torch.tensor([[0.0, 2.0], [0.0, 0.0]]), torch.ones(1, 2)]
    >>> smaller, moved = remove_dead(w, [torch.tensor([0.0, 1.0]), torch.zeros(2), torch.zeros(1)])
    >>> [tuple(one.shape) for one in smaller], moved[-1]
    ([(0, 2), (0, 0), (1, 0)], tensor([2.]))
    """
    _check(weights, biases)
    weights, biases, sizes = [*weights], [*biases], None
    while sizes != (sizes := [len(b) for b in biases]):
        for i in range(len(weights) - 1):
            weights[i], biases[i], weights[i + 1], biases[i + 1] = remove_constant(
                weights[i], biases[i], weights[i + 1], biases[i + 1]
            )
            weights[i], biases[i], weights[i + 1] = remove_unread(weights[i], biases[i], weights[i + 1])
    return weights, biases


def _check(weights: Sequence[Tensor], biases: Sequence[Tensor]) -> None:
    if len(weights) != len(biases) or not weights:
        raise ValueError(f"there are {len(weights)} weights and {len(biases)} biases; allowed: one of each for a layer")
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        before = weights[i - 1].shape[0] if i else None
        if w.ndim != 2 or b.shape != w.shape[:1] or (before is not None and w.shape[1] != before):
            raise ValueError(
                f"layer {i} has weights {tuple(w.shape)} and biases {tuple(b.shape)}; allowed: (out, in) and (out,), "
                f"with in = {'any' if before is None else before}"
            )
