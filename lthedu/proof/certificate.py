"""How far apart the target and the ticket can be: a bound proved from their weights, and the worst input found."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray

from lthedu.base.arguments import typed
from lthedu.base.ranges import Count, Range, Whole
from lthedu.base.streams import numpy_generator
from lthedu.proof.construct import Built, Construction, same_predictions
from lthedu.proof.convolution import affine, weigh
from lthedu.proof.norms import chain_bound, matrix_norm
from lthedu.proof.scales import HELD, held

Floats = NDArray[np.float64]
FAR = 1e150  # its square is still a float, and 1 is nothing beside it
# (the target's layers, the ticket's, their differences, the longest input) -> the largest difference of the outputs
Bound = Callable[[Sequence[Floats], Sequence[Floats], Sequence[Floats], float], float]


@typed
def certificate(ticket: Construction, bound: Bound | None = None) -> float:
    """A bound on |target(x) - ticket(x)|, the length of the difference of their logits, for every x in the box.

    It holds in exact arithmetic; rounding in float32 comes on top. `bound` computes it, `error_bound` if none is given;
    where there are convolutions, `lthedu.proof.norms.chain_bound` does, and none may be given. Raises ValueError for a
    bound that leaves float64, and for a `bound` that is of no use.

    >>> from lthedu.networks.models import MLP
    >>> from lthedu.proof import construct
    >>> ticket = construct(MLP([4, 3, 2]), eta=1e-2)
    >>> largest_difference(ticket) <= certificate(ticket)
    True
    """
    made, errors = [], []
    for layer in ticket.layers:
        target, positive, negative = layer.target, layer.positive, layer.negative
        if negative is None:
            made.append(positive)
            errors.append(positive - target)
        else:  # the input's positive and negative parts are two inputs, together as long as it is
            made.append(np.concatenate([positive[:, :-1], -negative, positive[:, -1:]], axis=1))
            error = positive - target
            errors.append(np.concatenate([error[:, :-1], target[:, :-1] - negative, error[:, -1:]], axis=1))
    reach = ticket.box.corner(math.prod(ticket.chain.inputs))
    theirs = [layer.target for layer in ticket.layers]
    if not ticket.chain.flat:
        return _times(ticket.scale, float((bound or error_bound)(theirs, made, errors, reach)))
    if bound is not None:
        raise ValueError("bound is a function of matrices, and the ticket has convolutions; allowed for it: None")
    return _times(ticket.scale, chain_bound(ticket.chain, theirs, made, errors, reach))


@typed
def error_bound(
    target: Sequence[Floats], made: Sequence[Floats], errors: Sequence[Floats], reach: Annotated[float, Range(0)]
) -> float:
    """How far apart two networks can be whose layers differ by `errors`, on inputs no longer than `reach`.

    Every layer is [W | b], (outputs, inputs + 1); `made` holds the second network's. With r the largest length of a
    layer's input in the second network, |.| the largest singular value, and a 1 appended for the bias:
    D = |W| D + |errors| sqrt(r^2 + 1), r = |made| sqrt(r^2 + 1), from D = 0 and r = reach, layer by layer: the first
    term carries the difference that came in through the target's W, the second is what this layer adds. ReLU makes
    neither larger. Raises ValueError, naming the layer, for a bound that leaves float64.

    >>> w = np.array([[0.5, 0.0]])
    >>> error_bound([w], [w], [np.array([[0.0, 0.01]])], reach=0.0)  # a bias that is off by 0.01
    0.01
    """
    length, difference = reach, 0.0
    for i, (layer, second, error) in enumerate(zip(target, made, errors, strict=True), 1):
        longest = float(np.sqrt(length**2 + 1)) if length < FAR else length
        difference = matrix_norm(layer[:, :-1]) * difference + matrix_norm(error) * longest
        length = matrix_norm(second) * longest
        if not (difference < np.inf and length < np.inf):
            raise ValueError(f"the bound of layer {i} is {difference:.3g}, its length {length:.3g}; {HELD}")
    return difference


def _times(scale: float, difference: float) -> float:
    if difference and not held(scale * difference):
        raise ValueError(f"the difference is {scale:.3g} times {difference:.3g}; {HELD}")
    return scale * difference


@typed
def largest_difference(
    ticket: Construction, x: Floats | None = None, *, starts: Count = 64, steps: Whole = 60, seed: int = 0
) -> float:
    """The largest |target(x) - ticket(x)| that a search over the box finds: a lower bound on the true supremum.

    It looks at the inputs `x` (n, ...), then climbs from the worst of them and from random points and corners of the
    box by `steps` steps of projected gradient ascent, all in float64: from `starts` points, and as many of those.
    Raises ValueError for inputs of another shape or outside the box, for no start, for fewer than 0 steps, and for a
    difference that leaves float64.

    >>> from lthedu.networks.models import MLP
    >>> from lthedu.proof import construct
    >>> 0 < largest_difference(construct(MLP([4, 3, 2]), eta=1e-3)) < 0.1
    True
    """
    if not 1e-100 <= ticket.scale <= 1e100:  # the squares of the differences would leave float64
        normalised = largest_difference(replace(ticket, scale=1.0), x, starts=starts, steps=steps, seed=seed)
        return _times(ticket.scale, normalised)
    low, high = ticket.box.low, ticket.box.high
    inputs = ticket.chain.inputs
    rng = numpy_generator(seed, "largest difference")
    points = rng.uniform(low, high, (starts, *inputs))
    points[::2] = np.where(rng.random((len(points[::2]), *inputs)) < 0.5, low, high)
    best = 0.0
    if x is not None:
        x = ticket.chain.read(np.asarray(x, np.float64))
        ticket.box.check(x)
        apart = np.linalg.norm(ticket.target_logits(x) - ticket.folded(x), axis=1)
        best = float(apart.max())
        points = np.concatenate([points, x[np.argsort(apart)[-starts:]]])
    climb = torch.from_numpy(points)
    pair = _Pair(ticket)
    for step in range(steps):
        climb.requires_grad_(True)
        apart_now = pair(climb).norm(dim=1)
        (slope,) = torch.autograd.grad(apart_now.sum(), climb)
        best = max(best, float(apart_now.detach().max()))
        rate = (high - low) * 0.5 ** (1 + 8 * step / steps)  # from half the box to a five hundredth of it
        climb = (climb.detach() + rate * slope.sign()).clamp(low, high)
    return max(best, float(pair(climb).norm(dim=1).max()))


@typed
def compare_logits(target: torch.Tensor, ticket: torch.Tensor) -> tuple[float, float]:
    """The share of inputs that two networks answer alike, and the largest difference of any logit.

    Both are logits of the same inputs, (n, classes); an answer is the class with the largest logit. Labels play no
    part: two networks may be equally accurate and answer differently. Raises ValueError for shapes that differ, and for
    no inputs.

    >>> compare_logits(torch.tensor([[1.0, 2.0], [3.0, 0.0]]), torch.tensor([[0.5, 2.0], [3.0, 3.5]]))
    (0.5, 3.5)
    """
    if target.shape != ticket.shape or target.ndim != 2 or not target.numel():
        raise ValueError(
            f"the logits have shapes {tuple(target.shape)} and {tuple(ticket.shape)}; allowed: (n, classes), both"
        )
    return same_predictions(target, ticket), float((target.double() - ticket.double()).abs().max())


class _Pair:
    """Both networks in float64 torch, where a gradient can be had: the difference of their logits."""

    def __init__(self, ticket: Construction) -> None:
        self.scale, self.chain = ticket.scale, ticket.chain
        self.theirs = [partial(affine, la.step, torch.from_numpy(la.target)) for la in ticket.layers]
        self.ours = [_made(la) for la in ticket.layers]

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        theirs, ours = self.chain.through(x, self.theirs), self.chain.through(x, self.ours)
        return self.scale * (theirs - ours)  # type: ignore[no-any-return]


def _made(layer: Built) -> Callable[[torch.Tensor], torch.Tensor]:
    """`Built.forward`, for tensors."""
    positive = torch.from_numpy(layer.positive)
    if layer.negative is None:
        return partial(affine, layer.step, positive)
    negative = torch.from_numpy(layer.negative)

    def forward(x: torch.Tensor) -> torch.Tensor:
        found = affine(layer.step, positive, x.relu()) + weigh(layer.step, negative, x.clamp(max=0))
        return torch.as_tensor(found)

    return forward
