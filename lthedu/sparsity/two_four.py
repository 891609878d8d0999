"""2:4 sparsity: of every four weights that stand side by side in a row, two are kept."""

import torch
from torch import Tensor

from lthedu.base.arguments import typed

Packed = tuple[Tensor, Tensor]  # values (rows, columns / 2), places (rows, columns / 8, rounded up) of uint8


@typed
def two_four_mask(scores: Tensor) -> Tensor:
    """The mask (rows, columns) that keeps the two largest scores of every four; of equal ones the first.

    Raises ValueError for scores that are no matrix, whose columns are no multiple of 4, and for NaN.

    >>> two_four_mask(torch.tensor([[3.0, 1.0, 2.0, 0.0]])).tolist()
    [[True, False, True, False]]
    """
    if bool(scores.isnan().any()):
        raise ValueError("scores hold NaN; allowed: numbers, which have an order")
    groups = _groups(scores, "scores")
    first = groups.argsort(dim=2, descending=True, stable=True)[:, :, :2]
    return torch.zeros_like(groups, dtype=torch.bool).scatter_(2, first, True).view(scores.shape)


@typed
def is_two_four(matrix: Tensor) -> bool:
    """Whether every four side by side hold at most two non-zeros. Raises ValueError as `two_four_mask` does.

    >>> is_two_four(torch.tensor([[0.0, 1.0, 2.0, 0.0]])), is_two_four(torch.tensor([[5.0, 1.0, 2.0, 0.0]]))
    (True, False)
    """
    return bool((_groups(matrix, "matrix").count_nonzero(dim=2) <= 2).all())


@typed
def pack_two_four(matrix: Tensor) -> Packed:
    """The two values that are kept of every four, and their places in two bits each, four places in a byte.

    Of fp16 numbers 16 x 4 bits become 16 x 2 + 2 x 2 bits, which is 9/16. Where a four has fewer than two non-zeros,
    zeros are stored as well. Raises ValueError for a matrix that is not 2:4.

    >>> values, places = pack_two_four(torch.tensor([[0.0, 5.0, 0.0, 6.0]]))
    >>> values.tolist(), places.tolist()
    ([[5.0, 6.0]], [[13]])
    """
    if not is_two_four(matrix):
        raise ValueError(
            f"matrix, of shape {tuple(matrix.shape)}, has over two non-zeros in four side by side; allowed: two"
        )
    groups = _groups(matrix, "matrix")
    places = (groups != 0).byte().argsort(dim=2, descending=True, stable=True)[:, :, :2].sort(dim=2).values
    pairs = places[:, :, 0] + 4 * places[:, :, 1]  # four bits a group
    pairs = torch.nn.functional.pad(pairs, (0, pairs.shape[1] % 2)).view(len(matrix), -1, 2)
    return groups.gather(2, places).flatten(1), (pairs[:, :, 0] + 16 * pairs[:, :, 1]).byte()


@typed
def unpack_two_four(values: Tensor, places: Tensor) -> Tensor:
    """The matrix that was packed. Raises ValueError for arrays that do not belong together.

    >>> unpack_two_four(torch.tensor([[5.0, 6.0]]), torch.tensor([[13]], dtype=torch.uint8)).tolist()
    [[0.0, 5.0, 0.0, 6.0]]
    """
    if values.ndim != 2 or values.shape[1] % 2:
        raise ValueError(f"values has shape {tuple(values.shape)}; allowed: two axes, the second of even length")
    rows, groups = len(values), values.shape[1] // 2
    expected = (rows, (groups + 1) // 2)
    if places.shape != expected or places.dtype != torch.uint8:
        found = f"{tuple(places.shape)} and {places.dtype}"
        raise ValueError(f"places is of shape {found}; with these values, allowed: {expected} and torch.uint8")
    pairs = torch.stack([places % 16, places // 16], 2).flatten(1)[:, :groups].long()
    where = torch.stack([pairs % 4, pairs // 4], 2)  # (rows, groups, 2)
    matrix: Tensor = values.new_zeros(rows, groups, 4).scatter_(2, where, values.reshape(rows, groups, 2))
    return matrix.flatten(1)


def _groups(matrix: Tensor, name: str) -> Tensor:
    if matrix.ndim != 2 or matrix.shape[1] % 4:
        raise ValueError(f"{name} has shape {tuple(matrix.shape)}; allowed: two axes, the second a multiple of 4")
    return matrix.reshape(len(matrix), -1, 4)
