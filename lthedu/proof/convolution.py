"""Convolutions as the proof sees them: each place of the kernel is a row of weights of its own.

A k x k convolution of the target becomes two random ones. The first looks at one pixel: of each hidden channel one
incoming number is kept, an input channel's weight or the bias, so that it holds a multiple of that channel, or a
constant. The second is k x k: to each output, place and input channel a subset sum over the hidden channels of that
input. Idea: da Cunha, Natale and Viennot, "Proving the Strong Lottery Ticket Hypothesis for Convolutional Neural
Networks", 2022; Burkholz, "Convolutional and Residual Networks Provably Contain Lottery Tickets", 2022.

A bias is the same at every pixel. Its constant must therefore be read at a place of the kernel that is inside the image
wherever the kernel lies, not over the zeros of the padding: the middle one is, where the padding is less than half the
kernel.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from lthedu.networks.chain import Pair, Step

Floats = NDArray[np.float64]


def by_place(weight: NDArray[Any], kernel: Pair) -> NDArray[Any]:
    """Weights (outputs, channels * kernel), as a layer holds them, with a row for each output and place of the kernel.

    >>> by_place(np.array([[1, 2, 3, 4]]), (1, 2))  # two channels, two places each
    array([[1, 3],
           [2, 4]])
    """
    outputs = len(weight)
    return weight.reshape(outputs, -1, *kernel).transpose(0, 2, 3, 1).reshape(outputs * kernel[0] * kernel[1], -1)


def by_output(rows: NDArray[Any], kernel: Pair) -> NDArray[Any]:
    """The inverse of `by_place`.

    >>> by_output(np.array([[1, 3], [2, 4]]), (1, 2))
    array([[1, 2, 3, 4]])
    """
    outputs = len(rows) // (kernel[0] * kernel[1])
    found = rows.reshape(outputs, *kernel, -1).transpose(0, 3, 1, 2)
    return np.ascontiguousarray(found).reshape(outputs, -1)


def bias_rows(outputs: int, kernel: Pair) -> slice:
    """The rows of `by_place` at which the bias of each output is made: those of the middle of the kernel.

    >>> bias_rows(2, (3, 3))
    slice(4, 18, 9)
    """
    places = kernel[0] * kernel[1]
    middle = (kernel[0] - 1) // 2 * kernel[1] + (kernel[1] - 1) // 2
    return slice(middle, outputs * places, places)


def weigh(step: Step, weight: Any, x: Any) -> Any:
    """What weights (outputs, channels * kernel) make of rows (n, channels) or images; all arrays, or all tensors.

    >>> weigh(Step("affine", 1, (1, 2)), np.array([[1.0, -1.0]]), np.array([[[[3.0, 1.0]]]]))
    array([[[[2.]]]])
    """
    if x.ndim == 2:
        return x @ weight.T
    kernels = torch.as_tensor(weight).reshape(len(weight), x.shape[1], *step.kernel)
    found = nn.functional.conv2d(torch.as_tensor(x), kernels, padding=step.padding)
    return found if isinstance(x, Tensor) else found.numpy()


def affine(step: Step, layer: Any, x: Any) -> Any:
    """What a layer [W | b] makes of rows or images, as `weigh`.

    >>> affine(Step("affine", 1), np.array([[2.0, 0.5]]), np.array([[1.0], [0.0]])).ravel()
    array([2.5, 0.5])
    """
    bias = layer[:, -1]
    return weigh(step, layer[:, :-1], x) + (bias if x.ndim == 2 else bias[:, None, None])


def in_fixed_order(
    step: Step, weight: NDArray[Any], kept: NDArray[np.bool_], bias: NDArray[Any]
) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """A layer that adds up in one order: kept weights alone, place by place of the kernel, channel by channel.

    `weight` is a module's, (outputs, channels, *kernel) or (outputs, channels), and `kept` says of each whether it is.
    The numbers have the bias's dtype. The layer takes its inputs channel by channel: (channels, n) or
    (channels, n, height, width).

    >>> weight, kept = np.array([[2.0, 5.0]]), np.array([[True, False]])
    >>> in_fixed_order(Step("affine", 1), weight, kept, np.array([1.0]))(np.array([[3.0, 4.0], [1.0, 1.0]]))
    array([[7., 9.]])
    """
    outputs, kernel = len(weight), step.kernel
    each, some = (
        by_place(v.reshape(outputs, -1), kernel).reshape(outputs, kernel[0] * kernel[1], -1) for v in (weight, kept)
    )
    places = []
    for place in range(each.shape[1]):
        row, column = np.nonzero(some[:, place])
        numbers = each[row, place, column].astype(bias.dtype)
        places.append(sparse.csr_matrix((numbers, (row, column)), shape=each[:, place].shape))

    def computes(h: NDArray[Any]) -> NDArray[Any]:
        if h.ndim == 2:
            return np.asarray(places[0] @ h + bias[:, None])
        _, height, width = step.after((len(h), *h.shape[2:]))
        found = np.zeros((outputs, h.shape[1], height, width), h.dtype)
        for place, kept in enumerate(places):
            v, u = divmod(place, kernel[1])
            (rows, from_rows), (columns, from_columns) = (
                _overlap(offset - p, inside, outside)
                for offset, p, inside, outside in zip((v, u), step.padding, h.shape[2:], (height, width), strict=True)
            )
            seen = h[:, :, from_rows, from_columns]
            made = kept @ np.ascontiguousarray(seen).reshape(len(h), -1)
            found[:, :, rows, columns] += made.reshape(outputs, *seen.shape[1:])
        return np.asarray(found + bias[:, None, None, None])

    return computes


def _overlap(shift: int, inside: int, outside: int) -> tuple[slice, slice]:
    """The outputs along one axis that read an input `shift` further on that exists, and those inputs."""
    first, last = max(0, -shift), min(outside, inside - shift)
    return slice(first, last), slice(first + shift, last + shift)
