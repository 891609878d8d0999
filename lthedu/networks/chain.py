"""A chain: affine layers with ReLU and pooling between them, each reading what the one before it gives.

Images stay images as long as they have more than one pixel. So a Linear layer that reads a whole image is a convolution
whose kernel is as large as the image, and a fully connected network is a chain over images of one pixel.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from torch import Tensor, nn

Kind = Literal["affine", "relu", "max", "average"]
Pair = tuple[int, int]
Shape = tuple[int, int, int]  # channels, height, width


def _pair(name: str, value: Any, least: int) -> Pair:
    if len(value) != 2 or not _whole(value, least):
        raise ValueError(f"{name} is {value}; allowed: two whole numbers from {least} up")
    return int(value[0]), int(value[1])


def _whole(numbers: Sequence[Any], least: int) -> bool:
    return all(n % 1 == 0 and n >= least for n in numbers)


@dataclass(frozen=True)
class Step:
    """One step of a chain: an affine layer with so many `outputs` (channels), a ReLU, or pooling.

    `padding` is an affine layer's, zeros around the image; its stride is 1. Raises ValueError for another kind and for
    numbers that are not whole or too small.

    >>> Step("affine", 16, kernel=(5, 5), padding=(2, 2)).after((1, 28, 28))
    (16, 28, 28)
    """

    kind: Kind
    outputs: int = 0
    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)

    def __post_init__(self) -> None:
        for name, least in (("kernel", 1), ("stride", 1), ("padding", 0)):
            object.__setattr__(self, name, _pair(name, getattr(self, name), least))
        affine = self.kind == "affine"
        if self.kind not in get_args(Kind) or not _whole([self.outputs], 0) or (self.outputs > 0) != affine:
            raise ValueError(
                f"a step is {self.kind!r} with {self.outputs} outputs; allowed: 'affine' with a whole number from 1 "
                "up, and relu, max, average with 0"
            )
        object.__setattr__(self, "outputs", int(self.outputs))
        name, usual = ("stride", (1, 1)) if affine else ("padding", (0, 0))
        if getattr(self, name) != usual:
            raise ValueError(f"{name} of {self.kind!r} is {getattr(self, name)}; allowed: {usual}")

    @property
    def plain(self) -> bool:
        """Whether it is no pooling and looks at one pixel at a time, so that it can be done to a row."""
        return self.kind in ("affine", "relu") and self.kernel == (1, 1) and self.padding == (0, 0)

    def after(self, image: Shape) -> Shape:
        """What it makes of an image of this shape. Raises ValueError for a kernel that is larger than the image."""
        if self.kind == "relu":
            return image
        sides = [n + 2 * p for n, p in zip(image[1:], self.padding, strict=True)]
        if any(k > n for k, n in zip(self.kernel, sides, strict=True)):
            padded = "its padded image" if any(self.padding) else "its image"
            raise ValueError(
                f"has a kernel of {times(self.kernel)}; allowed: up to the size of {padded}, {times(sides)}"
            )
        height, width = ((n - k) // s + 1 for n, k, s in zip(sides, self.kernel, self.stride, strict=True))
        return self.outputs or image[0], height, width


RELU = Step("relu")


@dataclass(frozen=True)
class Chain:
    """Steps over images of the shape (channels, height, width); the last one gives one pixel, the outputs.

    Raises ValueError, with its place, for a step that does not fit.

    >>> chain = Chain((1, 4, 4), (Step("affine", 2, (3, 3)), RELU, Step("max", 0, (2, 2), (2, 2)), Step("affine", 3)))
    >>> chain.shapes
    ((1, 4, 4), (2, 2, 2), (2, 2, 2), (2, 1, 1), (3, 1, 1))
    >>> chain.module()
    Sequential(
      (0): Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))
      (1): ReLU()
      (2): MaxPool2d(kernel_size=(2, 2), stride=(2, 2), padding=0, dilation=1, ceil_mode=False)
      (3): Flatten(start_dim=1, end_dim=-1)
      (4): Linear(in_features=2, out_features=3, bias=True)
    )
    """

    image: Shape
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if len(self.image) != 3 or not _whole(self.image, 1):
            raise ValueError(
                f"the image has shape {self.image}; allowed: (channels, height, width), whole and each at least 1"
            )
        object.__setattr__(self, "image", tuple(map(int, self.image)))
        object.__setattr__(self, "steps", tuple(self.steps))
        if not self.steps or self.steps[-1].kind != "affine" or self.shapes[-1][1:] != (1, 1):
            raise ValueError("the last step gives no row of outputs; allowed: an affine step that gives one pixel")

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The image, and what each step makes of it."""
        found = [self.image]
        for i, step in enumerate(self.steps):
            try:
                found.append(step.after(found[-1]))
            except ValueError as error:
                raise ValueError(f"step {i} {error}") from None
        return tuple(found)

    @property
    def flat(self) -> int:
        """The step from which on every image is one pixel, and no step looks at more: from there on it is a row.

        It is 0 for a fully connected network, also for one that begins with a ReLU, and for no other.
        """
        found, shapes = len(self.steps), self.shapes
        while found and self.steps[found - 1].plain and shapes[found - 1][1:] == (1, 1):
            found -= 1
        return found

    @property
    def inputs(self) -> tuple[int, ...]:
        """The shape of one input: an image's, or (n,) where it has one pixel and the network is fully connected."""
        return self.image if self.flat else self.image[:1]

    @property
    def affine(self) -> list[tuple[Step, Shape]]:
        """The affine steps, each with the shape of the image that it reads."""
        return [(step, shape) for step, shape in zip(self.steps, self.shapes, strict=False) if step.kind == "affine"]

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels of the image and of what each affine step gives."""
        return self.image[0], *(step.outputs for step, _ in self.affine)

    def params(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter, by its name in `module()`."""
        found: dict[str, tuple[int, ...]] = {}
        flat, shapes = self.flat, self.shapes
        for i, step in enumerate(self.steps):
            if step.kind == "affine":
                name = i + (i >= flat)
                kernel = () if i >= flat else step.kernel
                found |= {f"{name}.weight": (step.outputs, shapes[i][0], *kernel), f"{name}.bias": (step.outputs,)}
        return found

    def module(self) -> nn.Sequential:
        """It as an ordinary module, whose parameters have no values yet (on the device "meta")."""
        layers: list[nn.Module] = []
        for i, (step, shape) in enumerate(zip(self.steps, self.shapes, strict=False)):
            if i == self.flat:
                layers.append(nn.Flatten())
            layers.append(_layer(step, shape[0], i >= self.flat))
        return nn.Sequential(*layers, *([nn.Flatten()] if self.flat == len(self.steps) else []))

    def read(self, x: Any) -> Any:
        """Inputs, or rows of as many numbers, an array or a tensor, as (n, *inputs). Raises ValueError for others.

        >>> fully_connected([3, 2]).read(np.zeros((5, 3))).shape
        (5, 3)
        """
        inputs = self.inputs
        if x.ndim < 2 or not len(x) or tuple(x.shape[1:]) not in (inputs, (math.prod(inputs),), self.image):
            rows = f" or (n, {math.prod(inputs)})" if len(inputs) > 1 else ""
            shape = ", ".join(map(str, ("n", *inputs)))
            raise ValueError(f"the inputs have shape {tuple(x.shape)}; allowed: ({shape}){rows} with n of 1 or more")
        return x.reshape(-1, *inputs)

    def through(self, x: Any, affine: Iterable[Callable[[Any], Any]]) -> Any:
        """What comes of inputs, arrays or tensors (n, *inputs), where `affine` says what each affine step does.

        The rows of the result are (n, outputs). ReLU and pooling are alike for arrays (channels, n, height, width).
        """
        layer, flat = iter(affine), self.flat
        for i, step in enumerate(self.steps):
            if i == flat:
                x = x.reshape(x.shape[:2])
            if step.kind == "affine":
                x = next(layer)(x)
            elif step.kind == "relu":
                x = x.relu() if isinstance(x, Tensor) else np.maximum(x, 0)
            else:
                x = pooled(step, x)
        return x.reshape(x.shape[:2])

    @property
    def at_once(self) -> int:
        """How many images may go through it together, so that none of its steps makes more than 2^24 numbers."""
        return max(1, (1 << 24) // max(map(math.prod, self.shapes)))


def fully_connected(widths: Sequence[int]) -> Chain:
    """The chain of a fully connected network with ReLU between its layers.

    >>> fully_connected([784, 300, 10]).widths, fully_connected([784, 300, 10]).inputs
    ((784, 300, 10), (784,))
    """
    steps = itertools.chain.from_iterable((RELU, Step("affine", width)) for width in widths[1:])
    return Chain((widths[0], 1, 1), tuple(steps)[1:])


def pooled(step: Step, x: Any) -> Any:
    """What a step of pooling makes of images, an array or a tensor (n, channels, height, width).

    >>> pooled(Step("max", 0, (2, 2), (2, 2)), np.array([[[[1.0, 3.0], [2.0, 0.0]]]]))
    array([[[[3.]]]])
    """
    pool = nn.functional.max_pool2d if step.kind == "max" else nn.functional.avg_pool2d
    found = pool(torch.as_tensor(x), step.kernel, step.stride)
    return found if isinstance(x, Tensor) else found.numpy()


def times(sides: Iterable[int]) -> str:
    """A size in words.

    >>> times((28, 28))
    '28 x 28'
    """
    return " x ".join(map(str, sides))


def _layer(step: Step, channels: int, flat: bool) -> nn.Module:
    if step.kind == "relu":
        return nn.ReLU()
    if step.kind == "affine":
        with torch.device("meta"):
            if flat:
                return nn.Linear(channels, step.outputs)
            return nn.Conv2d(channels, step.outputs, step.kernel, padding=step.padding)
    return (nn.MaxPool2d if step.kind == "max" else nn.AvgPool2d)(step.kernel, step.stride)
