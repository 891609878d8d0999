"""Convolution at the active places of a grid alone: a rule book, then gather, product and scatter.

Grids have two or three dimensions, and kernels are 3 places wide in each. The idea is Graham and van der Maaten's
(2017, arXiv:1706.01307): what is computed are the places that were active before, so that they do not become more.
"""

import torch
from torch import Tensor
from torch.nn import functional

from lthedu.base.arguments import typed

Rules = list[tuple[Tensor, Tensor]]  # for each position of the kernel: rows that are read, rows that are written


@typed
def grown(active: Tensor) -> Tensor:
    """The places that an ordinary convolution makes non-zero: the active ones and all that touch one.

    `active` is bool, (images, height, width) or (images, depth, height, width), and so is what is returned. Two places
    touch where no coordinate differs by more than 1, corners included. Raises ValueError for another `active`.

    >>> grown(torch.tensor([[[True, False, False, False]]])).int().tolist()
    [[[1, 1, 0, 0]]]
    """
    _check_grid(active)
    pool = {3: functional.max_pool2d, 4: functional.max_pool3d}[active.ndim]
    return pool(active[:, None].float(), 3, stride=1, padding=1)[:, 0] > 0


@typed
def neighbours(active: Tensor) -> Tensor:
    """For each active place, in the order of `active.nonzero()`, the numbers of its active neighbours: (n, 9 or 27).

    A column is a position of the kernel, in the order of `weight.flatten(2)`; the middle one is the place itself. Where
    there is no active neighbour, inside the grid or beyond its edge, stands n, the number after the last. Raises
    ValueError as `grown` does.

    >>> neighbours(torch.tensor([[[True, True, False]]]))[:, 3:6].tolist()
    [[2, 0, 1], [0, 1, 2]]
    """
    _check_grid(active)
    padded = functional.pad(active, [1, 1] * (active.ndim - 1))  # a step over an edge ends in the padding
    at = padded.flatten().nonzero()[:, 0]  # (n,), in one line through the padded grid
    number = torch.full((padded.numel(),), len(at), device=active.device)
    number[at] = torch.arange(len(at), device=active.device)
    steps = at.new_zeros(1)
    for axis in range(1, active.ndim):
        steps = (steps[:, None] + padded.stride(axis) * torch.arange(-1, 2, device=active.device)).flatten()
    return number[at[:, None] + steps]


@typed
def rule_book(active: Tensor) -> Rules:
    """For each position of the kernel the pairs of places that it connects: which are read, and written.

    Active places are numbered as in `active.nonzero()`. In entry k, `writes[i]` is such a number, and `reads[i]` that
    of its neighbour at the kernel's position k, in the order of `weight.flatten(2)`. All layers that compute at the
    same places share one rule book. Raises ValueError as `grown` does.

    >>> reads, writes = rule_book(torch.tensor([[[True, True, False]]]))[5]  # the position right of the middle
    >>> reads.tolist(), writes.tolist()
    ([1], [0])
    """
    table = neighbours(active)
    writes = [(column < len(table)).nonzero()[:, 0] for column in table.unbind(1)]
    return [(column[at], at) for column, at in zip(table.unbind(1), writes, strict=True)]


@typed
def submanifold_conv(features: Tensor, weight: Tensor, rules: Rules) -> Tensor:
    """A convolution that reads and writes active places alone: features (n, in) to (n, out), without bias.

    `rules` come from `rule_book`. `weight` is (out, in, 3, 3) or (out, in, 3, 3, 3), as in torch's convolutions. At
    active places the result is what `torch.nn.functional.conv2d` (or conv3d) with padding 1 gives for a grid that is 0
    elsewhere. Autograd goes through.

    Raises ValueError for shapes that do not fit one another.

    >>> rules = rule_book(torch.tensor([[[True, True, False]]]))
    >>> submanifold_conv(torch.tensor([[1.0], [10.0]]), torch.ones(1, 1, 3, 3), rules).tolist()
    [[11.0], [11.0]]
    """
    _check_shapes(features, weight, len(rules))
    _check_numbers([rows for pair in rules for rows in pair], len(features) - 1)
    return by_rules(features, kernel_first(weight), rules)


def kernel_first(weight: Tensor) -> Tensor:
    """The kernel with its positions in front, (9 or 27, in, out), as the products below read it."""
    return weight.flatten(2).permute(2, 1, 0).contiguous()


def by_rules(features: Tensor, kernel: Tensor, rules: Rules) -> Tensor:
    """What `submanifold_conv` computes; arguments are not checked."""
    out = features.new_zeros(len(features), kernel.shape[2])
    for (reads, writes), w in zip(rules, kernel, strict=True):  # w: (in, out)
        out.index_add_(0, writes, features[reads] @ w)  # gather, product, scatter
    return out


def by_table(features: Tensor, kernel: Tensor, table: Tensor) -> Tensor:
    """What `one_product` computes; arguments are not checked."""
    padded = torch.cat([features, features.new_zeros(1, features.shape[1])])
    gathered = padded.index_select(0, table.flatten()).view(len(table), kernel.shape[0] * kernel.shape[1])
    return gathered @ kernel.flatten(0, 1)


@typed
def one_product(features: Tensor, weight: Tensor, table: Tensor) -> Tensor:
    """The same from the table of `neighbours`: gather all, with zeros for those that are missing, and multiply once.

    It multiplies more numbers than `submanifold_conv` and calls fewer functions. Raises ValueError as that does.

    >>> table = neighbours(torch.tensor([[[True, True, False]]]))
    >>> one_product(torch.tensor([[1.0], [10.0]]), torch.ones(1, 1, 3, 3), table).tolist()
    [[11.0], [11.0]]
    """
    if table.ndim != 2:
        raise ValueError(f"table has shape {tuple(table.shape)}; allowed: two axes, places and neighbours")
    _check_shapes(features, weight, table.shape[1])
    _check_numbers([table], len(features))
    return by_table(features, kernel_first(weight), table)


@typed
def from_grid(x: Tensor, active: Tensor) -> Tensor:
    """What stands at the active places of a grid x (images, channels, ...), as features (n, channels).

    >>> from_grid(torch.tensor([[[[5.0, 0.0, 7.0]]]]), torch.tensor([[[True, False, True]]])).tolist()
    [[5.0], [7.0]]
    """
    _check_grid(active)
    if x.ndim != active.ndim + 1 or (x.shape[0], *x.shape[2:]) != active.shape:
        raise ValueError(f"x has shape {tuple(x.shape)}; allowed: {_grid_of(active)}")
    return x.movedim(1, -1)[active]


@typed
def to_grid(features: Tensor, active: Tensor) -> Tensor:
    """The grid (images, channels, ...) that holds features (n, channels) at the active places, and 0 elsewhere.

    >>> to_grid(torch.tensor([[5.0], [7.0]]), torch.tensor([[[True, False, True]]])).tolist()
    [[[[5.0, 0.0, 7.0]]]]
    """
    _check_grid(active)
    if features.ndim != 2 or len(features) != int(active.sum()):
        raise ValueError(f"features has shape {tuple(features.shape)}; allowed: ({int(active.sum())}, channels)")
    grid = features.new_zeros(*active.shape, features.shape[1])
    return grid.index_put((active,), features).movedim(-1, 1)


def _grid_of(active: Tensor) -> str:
    images, *sides = active.shape
    return f"({images}, channels, {', '.join(map(str, sides))})"


def _check_grid(active: Tensor) -> None:
    if active.dtype != torch.bool or active.ndim not in (3, 4) or not active.numel():
        found = f"of {active.dtype} and shape {tuple(active.shape)}"
        raise ValueError(f"active is {found}; allowed: bool, (images, height, width) or with a depth, not empty")


def _check_shapes(features: Tensor, weight: Tensor, places: int) -> None:
    found = f"features has shape {tuple(features.shape)} and is of {features.dtype}"
    if features.ndim != 2:
        raise ValueError(f"{found}; allowed: two axes, places and channels")
    sides = {9: (3, 3), 27: (3, 3, 3)}.get(places)
    if sides is None:
        raise ValueError(f"the rules are for {places} positions of a kernel; allowed: 9 or 27")
    if weight.shape[1:] != (features.shape[1], *sides) or weight.dtype != features.dtype:
        wanted = f"allowed: (out, {', '.join(map(str, (features.shape[1], *sides)))}) and the same type"
        raise ValueError(f"{found}, weight {tuple(weight.shape)} and of {weight.dtype}; {wanted}")


def _check_numbers(rows: list[Tensor], most: int) -> None:
    found = torch.cat(rows)
    if found.dtype != torch.long or (len(found) and not 0 <= int(found.min()) <= int(found.max()) <= most):
        named = f"of {found.dtype}, of shape {tuple(rows[0].shape)} and from {found.min():g} to {found.max():g}"
        raise ValueError(f"the rules are {named}; allowed: torch.int64 from 0 to {most}")
