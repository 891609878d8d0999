"""The linear regions of a ReLU network on a piece of a plane: every polygon, exactly, none sampled.

A neuron is a straight line on every region of the layers before it, and cuts in two those regions that it crosses. On
each final polygon the network is one linear formula.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count
from lthedu.base.streams import generator
from lthedu.networks.models import MLP, ResidualMLP
from lthedu.networks.reading import affine_layers

Floats = NDArray[np.float64]
Split = Callable[[Floats, Floats], tuple[Floats, Floats]]

SQUARE: Floats = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
SLIVER = 1e-9  # a neuron that stays within so much of zero, relative to its layer, does not cut


@typed
@dataclass(frozen=True)
class Plane:
    """A plane in the space of inputs: the point with coordinates u is origin + axes @ u.

    >>> Plane(np.zeros(3), np.eye(3)[:, :2])(np.array([[1.0, 2.0]]))
    array([[1., 2., 0.]])
    """

    origin: Floats  # (d,)
    axes: Floats  # (d, 2)

    def __call__(self, u: Floats) -> Floats:
        return self.origin + u @ self.axes.T  # (n, 2) -> (n, d)


@typed
@dataclass(frozen=True)
class Region:
    """A convex polygon on which the network is weight @ u + bias, u being coordinates in the plane.

    >>> Region(SQUARE, np.zeros((1, 2)), np.zeros(1)).area
    4.0
    """

    corners: Floats  # (k, 2), in order around it
    weight: Floats  # (outputs, 2)
    bias: Floats  # (outputs,)

    @property
    def area(self) -> float:
        """In units of the plane's coordinates."""
        return polygon_area(self.corners)

    @property
    def centre(self) -> Floats:
        """The mean of the corners: a point inside."""
        return np.asarray(self.corners.mean(0))


@typed
def polygon_area(corners: Floats) -> float:
    """The area of a polygon with these corners (k, 2), in order around it.

    Raises ValueError for another shape, and for corners that are not finite.

    >>> polygon_area(SQUARE)
    4.0
    """
    _check_corners(corners, 1)  # of a point or a line it is 0
    x, y = corners.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def _check_corners(corners: Floats, least: int) -> None:
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < least or not np.isfinite(corners).all():
        raise ValueError(
            f"the corners have shape {corners.shape}; allowed: (k, 2) with k of {least} or more, finite numbers"
        )


@typed
def split(corners: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Cut a convex polygon along the line where a neuron is zero: its positive part, and its negative part.

    `corners` (k, 2) are in order around it, `values` (k,) what the neuron, a linear function, has there. Each part is
    given by its corners, in order; a part that is no more than a line or a point has none, shape (0, 2). Raises
    ValueError for shapes that do not fit, and for NaN or infinity.

    >>> positive, negative = split(np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]]), np.array([-1.0, 1.0, -1.0]))
    >>> positive.tolist()
    [[1.0, 0.0], [2.0, 0.0], [1.0, 1.0]]
    """
    if corners.ndim != 2 or corners.shape[1] != 2 or values.shape != (len(corners),):
        raise ValueError(f"corners have shape {corners.shape} and values {values.shape}; expected (k, 2) and (k,)")
    if not (np.isfinite(corners).all() and np.isfinite(values).all()):
        raise ValueError("the corners or the values are NaN or infinite; they must be finite")
    parts: dict[bool, list[Floats]] = {True: [], False: []}
    for p, q, a, b in zip(corners, np.roll(corners, -1, axis=0), values, np.roll(values, -1), strict=True):
        if a >= 0:
            parts[True].append(p)
        if a <= 0:
            parts[False].append(p)
        if a * b < 0:  # the line crosses this edge
            crossing = p + a / (a - b) * (q - p)
            parts[True].append(crossing)
            parts[False].append(crossing)
    none = np.zeros((0, 2))
    positive = np.array(parts[True]) if (values > 0).any() else none
    negative = np.array(parts[False]) if (values < 0).any() else none
    return positive, negative


@typed
def plane_through(a: Floats, b: Floats, c: Floats) -> Plane:
    """The plane through three inputs (d,), with a at (-1, -1), b at (1, -1) and c at (-1, 1).

    Raises ValueError for inputs of different shapes, for NaN or infinity, and for three that lie on one line.

    >>> plane = plane_through(np.zeros(3), np.eye(3)[0], np.eye(3)[1])
    >>> plane(np.array([[1.0, -1.0]]))
    array([[1., 0., 0.]])
    """
    if a.ndim != 1 or not a.shape == b.shape == c.shape:
        raise ValueError(f"the inputs have shapes {a.shape}, {b.shape}, {c.shape}; allowed: (d,), three times the same")
    axes = np.column_stack([(b - a) / 2, (c - a) / 2])
    if not np.isfinite(axes).all() or np.linalg.matrix_rank(axes) < 2:
        raise ValueError(f"b - a is {b - a} and c - a is {c - a}; they must be finite and not lie on one line")
    return Plane(a + axes.sum(1), axes)


@typed
def regions(
    network: nn.Module, corners: Floats = SQUARE, *, plane: Plane | None = None, split: Split = split
) -> list[Region]:
    """All linear regions of a ReLU network on the convex polygon `corners` (k, 2) of a plane of inputs.

    `network` is an MLP, a ResidualMLP or a Sequential of Linear and ReLU; without `plane` it must have two inputs.
    Regions are told apart by which neurons are on; two neighbours may happen to share one formula (see `formulas`).
    `split` cuts a polygon. The time grows with the number of regions times the width. Raises ValueError for a network
    of another kind, with other than two inputs where no plane is given, or for corners of another shape.

    >>> line = nn.Sequential(nn.Linear(2, 1), nn.ReLU(), nn.Linear(1, 1))
    >>> line[0].weight.data, line[0].bias.data = torch.tensor([[1.0, 0.0]]), torch.tensor([0.0])
    >>> [region.area for region in regions(line)]
    [2.0, 2.0]
    """
    _check_corners(corners, 3)
    origin, axes = (np.zeros(2), np.eye(2)) if plane is None else (plane.origin, plane.axes)
    seen = np.concatenate([corners, corners.mean(0, keepdims=True)]) @ axes.T + origin  # (k + 1, inputs)
    layers = affine_layers(network, at=lambda inputs: seen if inputs == len(origin) else np.zeros((0, inputs)))
    inputs = layers[0][0].shape[1]
    if plane is None and inputs != 2:
        raise ValueError(f"the network has {inputs} inputs; give the plane on which to look, or a network of 2")
    found = [Region(corners, axes, origin)]
    for weight, bias in layers[:-1]:
        found = [part for region in found for part in _cut(_through(region, weight, bias), split)]
    return [_through(region, *layers[-1]) for region in found]


def _through(region: Region, weight: Floats, bias: Floats) -> Region:
    """The region with the formula of the next layer, before its ReLU."""
    return Region(region.corners, weight @ region.weight, weight @ region.bias + bias)


def _cut(region: Region, split: Split) -> list[Region]:
    """The parts into which a layer's neurons cut a region, with the formulas after the ReLU."""
    parts, waiting = [], [region.corners]
    scale = float(np.abs(region.corners @ region.weight.T + region.bias).max(initial=0))
    while waiting:
        corners = waiting.pop()
        values = corners @ region.weight.T + region.bias  # (k, neurons)
        crossing = (values.max(0) > SLIVER * scale) & (values.min(0) < -SLIVER * scale)
        if crossing.any():
            neuron = values[:, int(crossing.argmax())].copy()
            neuron[np.abs(neuron) <= SLIVER * scale] = 0.0  # a corner on the line is no crossing beside it
            waiting += [part for part in split(corners, neuron) if len(part)]
        else:
            on = values.mean(0) > SLIVER * scale
            parts.append(Region(corners, region.weight * on[:, None], region.bias * on))
    return parts


@typed
def formulas(found: list[Region]) -> int:
    """How many different linear formulas there are among the regions (to 1e-7 of the largest coefficient).

    >>> formulas([Region(SQUARE, np.ones((1, 2)), np.zeros(1))] * 2)
    1
    """
    table = np.array([np.concatenate([region.weight.ravel(), region.bias]) for region in found])
    scale = np.abs(table).max(initial=0) or 1.0
    return len(np.unique((table / scale / 1e-7).round(), axis=0))


@typed
def random_network(layers: Count, neurons: Count, seed: int = 0, *, residual: bool = False) -> MLP:
    """A random network of two inputs and one output, with so many hidden layers and neurons in each.

    Weights are normal with variance 2 / fan_in (He et al. 2015), biases uniform on [-1, 1]. Residual layers,
    relu(x + W x + b), have W divided by the root of the number of layers. The numbers depend on `seed` alone. Raises
    ValueError for no layer or no neuron.

    >>> random_network(2, 8).layers[1].weight.shape
    torch.Size([8, 8])
    """
    stream = generator(seed, "regions")
    with torch.device("meta"):  # where nothing is drawn
        network = (ResidualMLP if residual else MLP)([2, *[neurons] * layers, 1])
    drawn: dict[str, torch.Tensor] = {}
    for name, p in network.named_parameters():
        if name.endswith("bias"):
            drawn[name] = 2 * torch.rand(p.shape, generator=stream) - 1
        else:
            variance = 2 / p.shape[1] / (layers if residual and p.shape[0] == p.shape[1] else 1)
            drawn[name] = math.sqrt(variance) * torch.randn(p.shape, generator=stream)
    network.load_state_dict(drawn, assign=True)
    return network
