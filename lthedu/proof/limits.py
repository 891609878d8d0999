"""What the theorem does not say, in numbers: depth against width for a sawtooth, and the counting bound.

A network of one input is a continuous function made of straight pieces, so everything here about sawtooths is exact:
pieces are counted, and the largest distance of two functions is found at a knot of one of them.
"""

import itertools
import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.special import logsumexp
from torch import nn

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, Count, Positive, Range
from lthedu.base.streams import generator
from lthedu.networks.reading import affine_layers
from lthedu.proof.construct import Construction, construct
from lthedu.proof.scales import Small
from lthedu.proof.solvers import MOST_HASHED, Keep
from lthedu.proof.widths import Method

Floats = NDArray[np.float64]

MOST_FOLDS = 20  # 2^20 pieces; all numbers involved are still exact
NO_SUM = 1e-14  # an error that no sum of 40 numbers meets but by chance, so that each weight gets its nearest one


@typed
@dataclass(frozen=True)
class Pieces:
    """A continuous function made of straight pieces: its values y at its knots x, the two ends being knots too.

    >>> tent = Pieces(np.array([0.0, 0.5, 1.0]), np.array([0.0, 1.0, 0.0]))
    >>> len(tent), float(tent(0.25))
    (2, 0.5)
    """

    x: Floats  # (pieces + 1,), increasing
    y: Floats  # (pieces + 1,)

    def __len__(self) -> int:
        return len(self.x) - 1

    def __call__(self, at: Floats | float) -> Floats:
        return np.asarray(np.interp(at, self.x, self.y))


@typed
def tent_network(folds: Annotated[int, Range(1, MOST_FOLDS)]) -> nn.Sequential:
    """The sawtooth with 2^folds pieces on [0, 1]: folds + 1 layers, 2 units in each hidden one.

    It applies the tent map t(x) = 2 relu(x) - 4 relu(x - 1/2) `folds` times, so that its value at i / 2^folds is 0 for
    even i and 1 for odd i. All its numbers are powers of two, and floats are exact on them. Raises ValueError for
    fewer than 1 fold, or more than 20. Source: Telgarsky 2016, arXiv:1602.04485.

    >>> net = tent_network(2)
    >>> net(torch.tensor([[0.0], [0.25], [0.5], [0.75], [1.0]], dtype=torch.float64)).flatten().tolist()
    [0.0, 1.0, 0.0, 1.0, 0.0]
    """
    tent, shift = [[2.0, -4.0]], [[0.0], [-0.5]]
    layers: list[nn.Module] = [_linear([[1.0], [1.0]], [0.0, -0.5])]
    for _ in range(folds - 1):  # the tent of one fold, and at once the two inputs of the next
        layers += [nn.ReLU(), _linear(tent * 2, [s for (s,) in shift])]
    return nn.Sequential(*layers, nn.ReLU(), _linear(tent, [0.0]))


@typed
def shallow_sawtooth(folds: Annotated[int, Range(1, MOST_FOLDS)]) -> nn.Sequential:
    """The same sawtooth as a network of two layers: 2^folds hidden units, one for each piece.

    The first unit gives the first slope, each other one turns it round at its knot. Raises ValueError for fewer than 1
    fold, or more than 20.

    >>> shallow_sawtooth(3)[0].out_features, len(pieces(shallow_sawtooth(3)))
    (8, 8)
    """
    n = 2**folds
    turns = [float(n)] + [(-1.0) ** i * 2 * n for i in range(1, n)]
    return nn.Sequential(_linear([[1.0]] * n, [-i / n for i in range(n)]), nn.ReLU(), _linear([turns], [0.0]))


def _linear(weight: list[list[float]], bias: list[float]) -> nn.Linear:
    layer = nn.Linear(len(weight[0]), len(weight), device="meta")  # where nothing is drawn
    layer.weight = nn.Parameter(torch.tensor(weight, dtype=torch.float64))
    layer.bias = nn.Parameter(torch.tensor(bias, dtype=torch.float64))
    return layer


@typed
def pieces(network: nn.Module, low: float = 0.0, high: float = 1.0) -> Pieces:
    """The straight pieces of a ReLU network with one input and one output, on [low, high].

    Layer by layer, a knot is put wherever a unit crosses zero between two knots; between knots all units are straight
    lines, so their values at the knots are all there is to know. At the end, knots at which the output does not bend
    are dropped. Exact but for rounding, and for bends of less than 1e-9 of the steepest slope. Raises ValueError for a
    network of another kind, for ends or values that are not finite, and for high <= low.

    >>> len(pieces(tent_network(5)))
    32
    """
    if not -np.inf < low < high < np.inf:
        raise ValueError(f"low is {low} and high {high}; low must be below high, and both finite")
    layers = affine_layers(network, at=lambda inputs: np.linspace([low] * inputs, [high] * inputs, 9))
    if layers[0][0].shape[1] != 1 or len(layers[-1][1]) != 1:
        raise ValueError(f"the network has {layers[0][0].shape[1]} inputs and {len(layers[-1][1])} outputs; allowed: 1")
    x = np.array([low, high])
    h = x[:, None]  # (knots, units)
    for weight, bias in layers[:-1]:
        x, z = _with_zeros(x, h @ weight.T + bias)
        h = z.clip(min=0)
    weight, bias = layers[-1]
    y = (h @ weight.T + bias)[:, 0]
    if not np.isfinite(y).all():
        raise ValueError(f"the network's values reach {np.abs(y).max():.3g}; allowed: finite ones")
    return _bends(x, y)


def _with_zeros(x: Floats, z: Floats) -> tuple[Floats, Floats]:
    """Knots x (n,) and values z (n, units), with a knot added wherever a unit has its zero between two."""
    i, unit = np.nonzero(np.sign(z[:-1]) * np.sign(z[1:]) < 0)  # a product of small numbers would be 0
    before, after = z[i, unit], z[i + 1, unit]
    share = before / (before - after)  # how far into the interval
    new = x[i] + share * (x[i + 1] - x[i])
    added = z[i] + share[:, None] * (z[i + 1] - z[i])
    added[np.arange(len(i)), unit] = 0.0
    x, z = np.concatenate([x, new]), np.concatenate([z, added])
    order = x.argsort(kind="stable")
    x, z = x[order], z[order]
    apart = np.diff(x, prepend=-np.inf) > 1e-13 * (x[-1] - x[0])  # two units with one zero
    return x[apart], z[apart]


def _bends(x: Floats, y: Floats) -> Pieces:
    slope = np.diff(y) / np.diff(x)
    bend = np.abs(np.diff(slope)) > 1e-9 * max(np.abs(slope).max(), 1e-300)
    kept = np.concatenate([[True], bend, [True]])
    return Pieces(x[kept], y[kept])


@typed
def distance(f: Pieces, g: Pieces) -> float:
    """The largest distance |f(x) - g(x)| on the common interval; it is at a knot of one of the two.

    Raises ValueError where the two do not begin and end at the same places.

    >>> distance(pieces(tent_network(3)), pieces(shallow_sawtooth(3)))
    0.0
    """
    if f.x[0] != g.x[0] or f.x[-1] != g.x[-1]:
        raise ValueError(f"one runs from {f.x[0]} to {f.x[-1]}, the other from {g.x[0]} to {g.x[-1]}")
    knots = np.union1d(f.x, g.x)
    return float(np.abs(f(knots) - g(knots)).max())


@typed
def least_units(values: Sequence[float], error: Positive = 0.5, level: float = 0.5) -> int:
    """A lower bound for the hidden units of two layers that come within less than `error` of `values`.

    `values` are the heights of a function at increasing places. Only those at least `error` above or below `level`
    count: the network must be on their side of it. N units make at most N + 1 straight pieces, and a straight piece
    changes sides once at most; so N + 1 is at least the number of changes. (For one, two or three changes the least
    number of units is one higher.) Raises ValueError for an error that is not above 0.

    >>> least_units([0, 1, 0, 1, 0])  # 4 changes of side
    3
    """
    far = [value > level for value in values if abs(value - level) >= error]
    changes = sum(a != b for a, b in itertools.pairwise(far))
    return max(changes - 1, 0)


@typed
def best_fit(f: Pieces, knots: Sequence[float], sides: Sequence[int] | None = None) -> tuple[nn.Sequential, float]:
    """The network of two layers with these knots that stays nearest to f, and the distance at which it stays.

    Unit i is relu(sides[i] * (x - knots[i])), sides of 1 (the default) or -1; the second layer is found by linear
    programming, so that no other choice of it does better. Raises ValueError for no knots, one that is not finite, and
    sides that do not fit.

    >>> round(best_fit(pieces(tent_network(1)), [0.0, 0.5])[1], 9)
    0.0
    """
    if not len(knots) or not np.isfinite(knots).all():
        raise ValueError(f"the knots are {list(knots)}; expected one or more finite numbers")
    side = np.ones(len(knots)) if sides is None else np.asarray(sides, dtype=float)
    if side.shape != (len(knots),) or not set(side) <= {1.0, -1.0}:
        raise ValueError(f"sides are {sides}; expected 1 or -1 for each of the {len(knots)} knots")
    at = np.union1d(f.x, [k for k in knots if f.x[0] < k < f.x[-1]])  # where the distance can be largest
    units = (side * (at[:, None] - np.asarray(knots, dtype=float))).clip(min=0)  # (places, units)
    basis, far = np.column_stack([units, np.ones(len(at))]), -np.ones((len(at), 1))
    bounded = np.block([[basis, far], [-basis, far]])  # |basis @ c - f| <= the last variable, which is minimised
    cost = np.eye(bounded.shape[1])[-1]
    solved = linprog(cost, bounded, np.concatenate([f(at), -f(at)]), bounds=(None, None), method="highs")
    top = np.asarray(solved.x)[:-1]
    first = _linear([[s] for s in side.tolist()], (-side * np.asarray(knots, dtype=float)).tolist())
    network = nn.Sequential(first, nn.ReLU(), _linear([top[:-1].tolist()], [float(top[-1])]))
    return network, float(np.abs(basis @ top - f(at)).max())


@typed
def counting_bound(dimension: Count, eps: Annotated[float, Above(0, high=1), Range(1e-300)]) -> int:
    """How many prunable weights a random network must have, at least, to hold every linear map within `eps`.

    The maps are x -> W x with W of dimension x dimension and spectral norm at most 1, the distance is the largest over
    ||x|| <= 1, and for each W some mask must do with probability 1/2 or more. So many maps are more than 2 eps apart
    that 2^M masks reach them only if M >= dimension^2 log2(1 / (2 eps)) - 1, whatever the architecture and the
    distribution of its weights. Returns the least such whole number, not below 0. Raises ValueError for a dimension
    below 1 or an eps outside (0, 1]. Source: Pensia et al. 2020, arXiv:2006.07990, Theorem 2.

    >>> counting_bound(10, 1 / 16)
    299
    """
    return max(math.ceil(dimension**2 * math.log2(1 / (2 * eps)) - 1), 0)


@typed
def counting_bound_for_few(
    dimension: Count, eps: Annotated[float, Above(0, high=1), Range(1e-300)], kept: Count
) -> int:
    """The `counting_bound` for masks that keep at most `kept` weights: of these there are fewer, so M is larger.

    The least M for which C(M, 0) + ... + C(M, kept) masks are enough. Raises ValueError as `counting_bound`, and for a
    `kept` below 1.

    >>> counting_bound_for_few(10, 1 / 16, kept=100)
    352
    """
    bits = dimension**2 * math.log2(1 / (2 * eps)) - 1

    def enough(m: int) -> bool:
        j = np.arange(1, min(kept, m) + 1)
        choices = np.concatenate([[0], np.log((m - j + 1) / j).cumsum()])  # logarithms, of none, one, two, ... kept
        return bool(logsumexp(choices) / math.log(2) >= bits * (1 - 1e-12))  # rounding must not raise the bound

    high = 1
    while not enough(high):
        high *= 2
    return bisect_left(range(high + 1), True, key=enough)


@typed
def kept_bound(n: Count, eta: Annotated[float, Above(0, high=1)], largest: Annotated[float, Above(0)] = 0.25) -> float:
    """How many of n numbers are kept for a target on average, at least, whatever the numbers are.

    The target is uniform in [-largest, largest], and a choice serves an interval of length 2 eta around its sum. So all
    choices of at most k numbers serve a share of at most (C(n, 0) + ... + C(n, k)) eta / largest of the targets, and
    the others keep more than k. Raises ValueError for an n below 1, an eta outside (0, 1], or a `largest` not above 0.

    >>> round(kept_bound(35, 1e-3), 2)
    1.85
    """
    choices = itertools.accumulate(math.comb(n, k) for k in range(n + 1))
    return float(sum(max(0.0, 1 - many * eta / largest) for many in choices))


@typed
def mask_bits(kept: int, of: int) -> float:
    """Bits that tell one mask with `kept` of `of` weights from all others: log2 of their number.

    Raises ValueError unless 0 <= kept <= of.

    >>> round(mask_bits(2, 4), 3)  # 6 masks
    2.585
    """
    if not 0 <= kept <= of:
        raise ValueError(f"kept is {kept} and of {of}; expected 0 <= kept <= of")
    return (math.lgamma(of + 1) - math.lgamma(kept + 1) - math.lgamma(of - kept + 1)) / math.log(2)


@typed
def prune_to(
    target: nn.Module, eps: Positive, *, seed: int = 0, most: Annotated[int, Range(1, MOST_HASHED)] = MOST_HASHED
) -> tuple[Construction, float]:
    """Prune a random network until it is within `eps` of a target with one input and one output, everywhere on [0, 1].

    Each weight is made of the nearest sum of its random numbers, of which there is one more in each trial, until the
    distance, which is exact, is small enough. So the network is hardly wider than `eps` asks. Weights are scaled to 1
    at most, since a scale below takes bits from the biases of each further layer. Returns what was built, and its
    distance. Raises ValueError for an eps not above 0, and where `most` numbers for each weight, up to 40, are too few.

    >>> ticket, off = prune_to(tent_network(2), eps=0.1)
    >>> off <= 0.1
    True
    """
    wanted, off = pieces(target), math.inf
    for numbers in range(1, most + 1):
        ticket = construct(target, eta=NO_SUM, per_weight=numbers, largest=1.0, seed=seed)
        made = pieces(ticket.module())
        off = distance(wanted, Pieces(made.x, ticket.scale * made.y))
        if off <= eps:
            return ticket, off
    raise ValueError(f"with {most} random numbers for each weight the distance is {off:g}; eps is {eps}")


@typed
def linear_ticket(
    dimension: Count,
    eta: Small,
    *,
    method: Method = "free",
    per_weight: int | None = None,
    keep: Keep = "ladder",
    seed: int = 0,
) -> tuple[Construction, float]:
    """Prune a random network to a random linear map of spectral norm 1; the ticket, and its distance.

    The map is x -> W x, W of dimension x dimension with Gaussian entries before it is divided by its norm; inputs have
    any sign. The distance is at most what the returned number says for every x with ||x|| <= 1: the positive and the
    negative part of x together are as long as x, and the spectral norm of their errors bounds the rest. Raises
    ValueError as `construct` does.

    >>> ticket, eps = linear_ticket(3, eta=1e-3)
    >>> ticket.missed, eps < 0.02
    (0, True)
    """
    drawn = torch.randn(dimension, dimension, generator=generator(seed, "linear map"), dtype=torch.float64)
    target = _linear((drawn / torch.linalg.matrix_norm(drawn, 2)).tolist(), [0.0] * dimension)
    ticket = construct(target, eta=eta, method=method, per_weight=per_weight, box=(-1, 1), seed=seed, keep=keep)
    (layer,) = ticket.layers
    assert layer.negative is not None
    errors = np.hstack([layer.positive[:, :-1] - layer.target[:, :-1], layer.target[:, :-1] - layer.negative])
    constant = np.linalg.norm(layer.positive[:, -1] - layer.target[:, -1])
    return ticket, float(ticket.scale * (np.linalg.norm(errors, 2) + constant))
