"""What a small network reads that needs no ticket: a few pixels for each hidden unit, or few pixels in all."""

from dataclasses import replace
from math import isqrt

import torch
from torch import Generator, Tensor

from lthedu.base.arguments import typed
from lthedu.data import Dataset
from lthedu.networks import masks
from lthedu.networks.masks import Mask

SIDE = 4  # of a patch, in pixels: more only where so many weights are kept that all hidden units cannot spend them


@typed
def local_patches(ticket: Mask, rng: Generator) -> Mask:
    """A mask of a ticket's shapes and number of weights, whose hidden units each read one square patch of the image.

    `ticket`: the masks of a hidden layer, (hidden, pixels) of a square image, and of an output layer, (outputs,
    hidden). Every patch lies inside the image's rim, which is one pixel wide. Only as many hidden units are used as the
    weights pay for, and these feed all outputs. Raises ValueError where no side of a patch spends the weights exactly.

    >>> first, last = torch.arange(19_600).view(100, 196), torch.arange(1_000).view(10, 100)
    >>> ticket = {"first": first < 986, "last": last < 329}
    >>> mask = local_patches(ticket, torch.Generator().manual_seed(0))
    >>> int(mask["first"].sum() + mask["last"].sum()), int(mask["first"].any(1).sum()), int(mask["first"][0].sum())
    (1315, 50, 16)
    """
    return _drawn(ticket, rng, local=True)


@typed
def scattered_pixels(ticket: Mask, rng: Generator) -> Mask:
    """The control of `local_patches`: each hidden unit reads as many pixels inside the rim, and these lie anywhere.

    >>> first, last = torch.arange(19_600).view(100, 196), torch.arange(1_000).view(10, 100)
    >>> ticket = {"first": first < 986, "last": last < 329}
    >>> {name: int(m.sum()) for name, m in scattered_pixels(ticket, torch.Generator().manual_seed(0)).items()}
    {'first': 800, 'last': 515}
    """
    return _drawn(ticket, rng, local=False)


def _drawn(ticket: Mask, rng: Generator, *, local: bool) -> Mask:
    (first, (hidden, pixels)), (last, (outputs, _)) = ((name, m.shape) for name, m in ticket.items())
    width, kept = isqrt(pixels), sum(masks.counts(ticket).values())
    box = width - 2
    units, side = _layout(kept, hidden, outputs, box)
    read = torch.zeros(hidden, width, width, dtype=torch.bool)
    for unit in range(units):
        inside = torch.zeros(box, box, dtype=torch.bool)
        if local:
            row, column = torch.randint(box - side + 1, (2,), generator=rng).tolist()
            inside[row : row + side, column : column + side] = True
        else:
            inside.view(-1)[torch.randperm(box * box, generator=rng)[: side * side]] = True
        read[unit, 1:-1, 1:-1] = inside
    fed = torch.arange(hidden * outputs) < kept - units * side * side  # unit after unit, what is left over included
    drawn = {first: read.view(hidden, pixels), last: fed.view(hidden, outputs).T}
    return {name: m.to(ticket[name].device) for name, m in drawn.items()}


def _layout(kept: int, hidden: int, outputs: int, box: int) -> tuple[int, int]:
    """How many hidden units the weights pay for, and the side of each one's patch."""
    for side in range(SIDE, box + 1):
        units = kept // (side * side + outputs)
        if units and kept - units * side * side <= hidden * outputs:
            return units, side
    raise ValueError(f"the ticket keeps {kept} weights; no patches of {SIDE} to {box} pixels a side spend just these")


@typed
def centre(data: Dataset) -> Dataset:
    """The middle 21 x 21 of 28 x 28 pixels, as 49 means of 3 x 3 blocks: the rim of a digit's image is black.

    Raises ValueError for inputs that are not rows of 784 pixels.

    >>> grey = torch.full((1, 784), 0.5)
    >>> tuple(centre(Dataset(grey, grey, grey, grey, grey, grey)).x_test.shape)
    (1, 49)
    """
    if data.x_train.shape[1:] != (784,):
        raise ValueError(f"the inputs have shape {tuple(data.x_train.shape)}; expected (n, 784)")

    def middle(x: Tensor) -> Tensor:
        return torch.nn.functional.avg_pool2d(x.view(-1, 1, 28, 28)[:, :, 3:24, 3:24], 3).flatten(1)

    return replace(data, x_train=middle(data.x_train), x_val=middle(data.x_val), x_test=middle(data.x_test))
