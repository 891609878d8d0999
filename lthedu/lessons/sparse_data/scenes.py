"""What is convolved: digits, plates in the shape of a digit, and grids of which exactly some share is active."""

from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional

from lthedu.base.arguments import typed
from lthedu.base.ranges import AtLeast, Count, Share
from lthedu.pruning import keep_largest

STROKE = 0.5  # a pixel belongs to a digit's stroke where it is above; shades go from 0 to 1
WINDOW = 9  # places over which noise is smoothed
BOX = 20  # a digit's stroke fits into so many pixels, both ways


def scattered(noise: Tensor) -> Tensor:
    """Places on their own."""
    return noise


def blobs(noise: Tensor) -> Tensor:
    """Places in lumps: the mean of the noise over 9 places each way."""
    pool = {4: functional.avg_pool2d, 5: functional.avg_pool3d}[noise.ndim]
    return pool(noise, WINDOW, stride=1, padding=WINDOW // 2, count_include_pad=False)


def thin(noise: Tensor) -> Tensor:
    """Places along a line (in two dimensions) or a surface (in three): where the smoothed noise is nearest to zero."""
    return -blobs(noise).abs()


SHAPES: dict[str, Callable[[Tensor], Tensor]] = {"scattered": scattered, "blobs": blobs, "thin": thin}


@typed
def field(shape: str, grid: Annotated[tuple[Count, ...], AtLeast(3)], share: Share, rng: torch.Generator) -> Tensor:
    """Active places (images, height, width) or (images, depth, height, width): exactly `round(share * n)` of n.

    `shape` says how they lie: "scattered", in "blobs", or "thin", along lines in two dimensions and surfaces in three.

    >>> int(field("thin", (1, 16, 16), 0.25, torch.Generator().manual_seed(0)).sum())
    64
    """
    if shape not in SHAPES:
        raise ValueError(f"shape is {shape!r}; allowed: {', '.join(SHAPES)}")
    if len(grid) not in (3, 4) or min(grid[1:]) < WINDOW:
        raise ValueError(f"grid is {grid}; allowed: (images, height, width) or with a depth, sides of {WINDOW} or more")
    noise = torch.randn(grid[0], 1, *grid[1:], generator=rng)
    return keep_largest(SHAPES[shape](noise)[:, 0], share)


@typed
def centred(images: Tensor, side: Count = BOX) -> Tensor:
    """The middle of each image's stroke in the middle of a smaller square: (n, 1, side, side) of (n, 1, height, width).

    A stroke that is larger is cut, and an image without one keeps its own middle.
    """
    n, _, *sides = images.shape
    ink = images[:, 0] > STROKE
    starts = []
    for axis, length in ((2, sides[0]), (1, sides[1])):
        line = ink.any(axis).int()  # (n, length)
        first, last = line.argmax(1), length - 1 - line.flip(1).argmax(1)
        starts.append((first + last + 1 - side).div(2, rounding_mode="floor").clamp(0, length - side))
    steps = torch.arange(side)
    rows, columns = starts[0][:, None, None] + steps[:, None], starts[1][:, None, None] + steps
    return images[torch.arange(n)[:, None, None], 0, rows, columns][:, None]


@typed
def on_canvas(strokes: Tensor, side: Count, rng: torch.Generator) -> Tensor:
    """Strokes (n, height, width), each somewhere on a larger empty square: (n, side, side)."""
    n, height, width = strokes.shape
    canvas = torch.zeros(n, side, side, dtype=torch.bool)
    for stroke, blank in zip(strokes, canvas, strict=True):
        y, x = (int(torch.randint(side - length + 1, (), generator=rng)) for length in (height, width))
        blank[y : y + height, x : x + width] = stroke
    return canvas


@typed
def plates(strokes: Tensor, side: Count, thickness: Count = 8) -> Tensor:
    """Plates in the shape of strokes (n, height, width), of which only the surface is there, as a scanner sees it.

    (n, side, side, side): each plate is so thick, and lies in a corner of a cube. A place is on the surface if it
    touches one outside the plate by a face.
    """
    n, height, width = strokes.shape
    solid = torch.zeros(n, side, side, side, dtype=torch.bool)
    solid[:, 1 : 1 + thickness, 1 : 1 + height, 1 : 1 + width] = strokes[:, None]
    inside = solid.clone()
    for axis in (1, 2, 3):
        inside &= solid.roll(1, axis) & solid.roll(-1, axis)
    return solid & ~inside


@typed
def room(side: Count) -> Tensor:
    """The walls, floor and ceiling of an empty cube: (1, side, side, side)."""
    walls = torch.ones(1, side, side, side, dtype=torch.bool)
    walls[:, 1:-1, 1:-1, 1:-1] = False
    return walls


@typed
def box(active: Tensor) -> tuple[int, ...]:
    """The sides of the smallest box into which the active places of every image fit: what cropping leaves.

    >>> box(torch.tensor([[[False, True, True], [False, False, True]]]))
    (2, 2)
    """
    spans = [_span(active, axis) for axis in range(1, active.ndim)]
    return tuple(max(int((last - first).max()) + 1, 1) for first, last in spans)


@typed
def cropped(active: Tensor) -> Tensor:
    """The active places of every image, moved into one box of the sides that `box` says.

    >>> cropped(torch.tensor([[[False, True, True], [False, False, True]]])).int().tolist()
    [[[1, 1], [0, 1]]]
    """
    sides = box(active)
    for axis, side in enumerate(sides, start=1):
        first = _span(active, axis)[0].clamp(max=active.shape[axis] - side)  # (images,)
        shape = [-1 if other == axis else 1 for other in range(1, active.ndim)]
        at = (first[:, None] + torch.arange(side)).view(len(active), *shape)
        active = active.take_along_dim(at, axis)
    return active


def _span(active: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """For each image the first and the last place of an axis at which something is active; 0 and -1 if nothing is."""
    line = active.movedim(axis, 1).flatten(2).any(2)  # (images, length)
    first, last = line.int().argmax(1), line.shape[1] - 1 - line.flip(1).int().argmax(1)
    return first, torch.where(line.any(1), last, -1)
