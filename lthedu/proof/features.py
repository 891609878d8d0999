"""Deleting whole neurons of a random two-layer network, against deleting single weights, on one ReLU neuron.

The target is t(x) = relu(<w, x>), the inputs are standard normal, and every error is a mean over all of them in closed
form: no sample is drawn. Errors are relative, so that 1 is the error of the function that is zero everywhere.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lthedu.base.streams import generator
from lthedu.proof.construct import construct

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def relu_gram(a: Floats, b: Floats) -> Floats:
    """Means of relu(<a_i, x>) relu(<b_j, x>) over standard normal x: a (m, d), b (n, d) give (m, n).

    The arc-cosine kernel of Cho and Saul (2009): |a| |b| (sin t + (pi - t) cos t) / (2 pi), t the angle between them.
    Raises ValueError for shapes that do not fit.

    >>> relu_gram(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0], [-1.0, 0.0]])).round(6)
    array([[0.5, 0. ]])
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"a has shape {a.shape} and b {b.shape}; expected (m, d) and (n, d)")
    sizes = np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1)  # (m, n)
    cosine = (a @ b.T / np.where(sizes > 0, sizes, 1)).clip(-1, 1)
    angle = np.arccos(cosine)
    mean: Floats = sizes * (np.sqrt(1 - cosine**2) + (math.pi - angle) * cosine) / (2 * math.pi)
    return mean


def top_layer_error(gram: Floats, overlap: Floats, norm: float) -> float:
    """The least relative error of any top layer u: mean (t - sum_j u_j f_j)^2 / mean t^2.

    `gram` (r, r) holds the means of f_i f_j, `overlap` (r,) those of f_j t, `norm` is that of t^2. A mask of neurons
    with any scale c is one such u, so that no such mask is better: least squares is a lower bound for them all. It is
    one only without ridge and without truncation. Raises ValueError for shapes that do not fit or a norm not above 0.

    >>> top_layer_error(np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([1.0, 0.0]), norm=1.0)
    0.5
    """
    _check(gram, overlap, norm)
    return float(1 - overlap @ np.linalg.solve(gram, overlap) / norm)


def neuron_mask(
    gram: Floats, overlap: Floats, norm: float, top: Floats, starts: int = 4, seed: int = 0
) -> tuple[Bools, float]:
    """A good mask of neurons (r,) for the top layer `top` (r,), and its relative error with the best scale c.

    Coordinate descent: from each of `starts` random masks the neuron whose change helps most is kept or deleted, until
    no single change helps. The best c for a mask is a formula, and may be any number. So the error is one that masks
    do reach; another search might find a better one, though none below `top_layer_error`. Raises ValueError for
    shapes that do not fit, a norm not above 0, or fewer than 1 start.

    >>> mask, error = neuron_mask(np.eye(2), np.array([0.5, 0.0]), norm=1.0, top=np.array([1.0, -1.0]))
    >>> mask.tolist(), error
    ([True, False], 0.75)
    """
    _check(gram, overlap, norm)
    if top.shape != overlap.shape or starts < 1:
        raise ValueError(f"top has shape {top.shape} and starts is {starts}; expected {overlap.shape}, and 1 or more")
    coin = generator(seed, "neuron masks")
    tried = (
        _descend(gram, overlap, norm, top, torch.rand(len(top), generator=coin).numpy() < 0.5) for _ in range(starts)
    )
    return min(tried, key=lambda found: found[1])


def _descend(gram: Floats, overlap: Floats, norm: float, top: Floats, mask: Bools) -> tuple[Bools, float]:
    """Change one neuron at a time, the best one first, while that helps."""
    mask, diagonal = mask.copy(), gram.diagonal()
    pull = gram @ (top * mask)  # (r,), kept up to date below
    while True:
        kept = top * mask
        share, power = float(kept @ overlap), float(kept @ pull)
        now = share**2 / power if power > 0 else 0.0
        step = np.where(mask, -top, top)  # what each change adds to the kept top layer
        shares, powers = share + step * overlap, power + 2 * step * pull + step**2 * diagonal
        after = np.divide(shares**2, powers, out=np.zeros_like(shares), where=powers > 1e-12)
        best = int(after.argmax())
        if after[best] <= now + 1e-12:
            return mask, 1 - _explained(gram, overlap, kept) / norm
        mask[best] = not mask[best]
        pull += step[best] * gram[best]


def _explained(gram: Floats, overlap: Floats, top: Floats) -> float:
    """What the best scale of this top layer takes off the mean of t^2."""
    power = float(top @ gram @ top)
    return float(top @ overlap) ** 2 / power if power > 0 else 0.0


def folded_error(errors_up: Floats, errors_down: Floats, constant: float = 0.0, norm: float = 0.5) -> float:
    """At most what relative error relu(<w, x>) has when the branches of its linear part are off by so much.

    An input x_i passes by two branches, relu(x_i) and relu(-x_i): `errors_up` and `errors_down` (d,) are what their
    weights are off by, `constant` is the bias that should be 0. ReLU does not enlarge distances, so the mean square of
    the linear part's error, which is a formula, bounds that of the neuron. `norm` is the mean of t^2: 1/2 for
    ||w|| = 1. Raises ValueError for shapes that do not fit or a norm not above 0.

    >>> folded_error(np.array([0.5]), np.array([0.0]))
    0.25
    """
    if errors_up.shape != errors_down.shape or errors_up.ndim != 1 or not norm > 0:
        raise ValueError(f"shapes are {errors_up.shape}, {errors_down.shape} and norm {norm}; expected (d,), above 0")
    # the mean of relu(x)^2 is 1/2 and that of relu(x) is 1 / sqrt(2 pi); relu(x) relu(-x) is 0
    branches = np.concatenate([errors_up, errors_down])
    mean = 1 / math.sqrt(2 * math.pi)
    independent = (branches.sum() ** 2 - ((errors_up + errors_down) ** 2).sum()) * mean**2  # of two different inputs
    square = (branches**2).sum() / 2 + independent + constant**2 + 2 * constant * branches.sum() * mean
    return float(square / norm)


def one_neuron(
    dimension: int, *, seed: int = 0, eta: float = 1e-3, bound: Callable[[Floats, Floats, float], float] | None = None
) -> dict[str, float]:
    """Prune one random network towards relu(<w, x>), ||w|| = 1, in two ways: whole neurons, and single weights.

    The network is the source that `construct` prunes to w. By neurons: its first layer (biases deleted) is the
    features, its second layer the top layer to be masked. By weights: what `construct` keeps, followed by the ReLU of
    its output neuron, which makes it one layer deeper. Returns the number of neurons and three relative errors: of the
    best top layer (`bound`, by default `top_layer_error`), of a neuron mask with its best scale, and of the weight
    mask (at most). Raises ValueError as `construct` does.

    >>> found = one_neuron(4)
    >>> found["weight mask"] < found["best top layer"] < found["neuron mask"]
    True
    """
    w = torch.randn(dimension, generator=generator(seed, "one neuron"), dtype=torch.float64)
    w /= w.norm()
    target = nn.Linear(dimension, 1, bias=False, device="meta")
    target.weight = nn.Parameter(w[None])
    ticket = construct(target, eta=eta, box=(-1, 1), seed=seed)  # the gadget is exact for inputs of any size
    (layer,) = ticket.layers
    assert layer.negative is not None
    up, down = layer.positive[0] - layer.target[0], layer.target[0, :-1] - layer.negative[0]
    first, top = (ticket.source.param(f"layers.{i}.weight").double().numpy() for i in (0, 1))
    gram, overlap = relu_gram(first, first), relu_gram(first, w.numpy()[None])[:, 0]
    return {
        "neurons": len(first),
        "best top layer": (bound or top_layer_error)(gram, overlap, 0.5),
        "neuron mask": neuron_mask(gram, overlap, 0.5, top[0], seed=seed)[1],
        "weight mask": folded_error(ticket.scale * up[:-1], ticket.scale * down, ticket.scale * float(up[-1])),
    }


def _check(gram: Floats, overlap: Floats, norm: float) -> None:
    if overlap.ndim != 1 or gram.shape != (len(overlap), len(overlap)):
        raise ValueError(f"gram has shape {gram.shape} and overlap {overlap.shape}; expected (r, r) and (r,)")
    if not norm > 0:
        raise ValueError(f"norm is {norm}; it must be above 0")
