"""Training in which each example works with a few rows of the output layer: its label's, found ones and random ones."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np

from lthedu.base.arguments import typed
from lthedu.base.compiled import AVAILABLE, compiled
from lthedu.base.ranges import Count, Positive, Range
from lthedu.hashing.finders import Finder
from lthedu.hashing.simhash import Vectors
from lthedu.hashing.tables import Rows

Errors = Callable[[Vectors], Vectors]  # logits, the label's first -> the loss's gradient at each
FIRST = 0.1  # Adagrad: a weight's sum of squared gradients before the first step


@typed
def active_softmax(logits: Vectors) -> Vectors:
    """The cross-entropy's gradient at the logits (active,) of one example, the first of which is its label's.

    It is the softmax over these logits alone, less 1 at the label. It adds up to 0. Raises ValueError without logits.

    >>> active_softmax(np.array([0.0, 0.0])).tolist()
    [-0.5, 0.5]
    """
    if logits.ndim != 1 or not len(logits):
        raise ValueError(f"logits have shape {logits.shape}; allowed: (active,), the label's among them")
    odds = np.exp(logits - logits.max())
    error: Vectors = odds / odds.sum()
    error[0] -= 1
    return error


@typed
def corrected(classes: Count, negatives: Count) -> Errors:
    """Sampled softmax: as `active_softmax`, where each random row stands for (classes - 1) / negatives of them.

    The logarithm of this number is added to every logit but the label's, so that the sum of the softmax is, on
    average, that over all classes. Source: Jean, Cho, Memisevic, Bengio (2015).

    >>> corrected(5, 2)(np.array([0.0, 0.0, 0.0])).round(6).tolist()
    [-0.8, 0.4, 0.4]
    """
    more = np.log((classes - 1) / negatives)

    def errors(logits: Vectors) -> Vectors:
        moved = logits + np.float32(more)
        moved[0] = logits[0]
        found: Vectors = active_softmax(moved)
        return found

    return errors


@typed
@dataclass
class Network:
    """Inputs (dimension,), one hidden layer of ReLUs, and a row of weights for each class, without biases there.

    >>> network = Network.create(4, 3, 5, np.random.default_rng(0))
    >>> network.hidden(np.ones((2, 4), dtype=np.float32)).shape, network.rows.shape
    ((2, 3), (5, 3))
    """

    weights: Vectors  # (hidden, dimension)
    bias: Vectors  # (hidden,)
    rows: Vectors  # (classes, hidden)
    squares: dict[str, Vectors] = field(init=False)  # Adagrad's sums, by name

    def __post_init__(self) -> None:
        self.squares = {n: np.full_like(getattr(self, n), FIRST) for n in ("weights", "bias", "rows")}

    @classmethod
    @typed
    def create(cls, dimension: Count, hidden: Count, classes: Count, rng: np.random.Generator) -> "Network":
        """Normal weights of deviation sqrt(2 / inputs) in the hidden layer and sqrt(1 / inputs) in the last."""
        first = rng.standard_normal((hidden, dimension), dtype=np.float32) * np.float32((2 / dimension) ** 0.5)
        last = rng.standard_normal((classes, hidden), dtype=np.float32) * np.float32(hidden**-0.5)
        return cls(first, np.zeros(hidden, dtype=np.float32), last)

    def hidden(self, x: Vectors) -> Vectors:
        """The hidden layer (n, hidden) for the inputs (n, dimension)."""
        found: Vectors = np.maximum(x @ self.weights.T + self.bias, 0)
        return found

    def step(self, x: Vectors, active: Rows, rate: float, errors: Errors = active_softmax) -> None:
        """One step of Adagrad for the input x (dimension,) with the rows `active`, the label's first, and no others."""
        h = np.maximum(self.weights @ x + self.bias, 0)
        some = self.rows[active]  # (active, hidden)
        error = errors(some @ h).astype(np.float32)
        back = (error @ some) * (h > 0)
        alive = np.flatnonzero(h)
        move(self.rows, self.squares["rows"], active, error, h, rate)
        move(self.weights, self.squares["weights"], alive, back[alive], x, rate)
        self.squares["bias"] += back**2
        self.bias -= np.float32(rate) * back / np.sqrt(self.squares["bias"])


def move(weights: Vectors, squares: Vectors, which: Rows, left: Vectors, right: Vectors, rate: float) -> None:
    """Adagrad, in place, for the rows `which` of the weights, whose gradients are left x right.

    The sums of squares grow first. With numba it is a compiled loop.
    """
    if AVAILABLE:
        _move(weights, squares, which, left, right, np.float32(rate))
        return
    gradient = left[:, None] * right
    sums = squares[which] + gradient**2
    squares[which] = sums
    weights[which] -= np.float32(rate) * gradient / np.sqrt(sums)


@compiled
def _move(weights, squares, which, left, right, rate):  # type: ignore[no-untyped-def]
    for i in range(len(which)):
        row, sums, factor = weights[which[i]], squares[which[i]], left[i]
        for j in range(len(right)):
            gradient = factor * right[j]
            sums[j] += gradient * gradient
            row[j] -= rate * gradient / np.sqrt(sums[j])


@typed
@dataclass
class Spent:
    """What a training took, and how often its finder found the label."""

    examples: int = 0
    found: int = 0  # labels that were found before they were added
    active: int = 0  # rows, over all examples
    rebuilds: int = 0
    seconds: float = 0.0  # of this thread's processor time


@typed
def active_rows(found: Rows, label: int, at_least: Count, classes: Count, rng: np.random.Generator) -> Rows:
    """The rows of one example: its label's first, then the others that were found, then random ones up to `at_least`.

    Every row stands there once. Raises ValueError where `at_least` is above the number of classes.

    >>> active_rows(np.array([3, 1]), 1, 4, 6, np.random.default_rng(0))[:2].tolist()
    [1, 3]
    """
    if at_least > classes:
        raise ValueError(f"at_least is {at_least}; allowed: up to {classes}, the number of classes")
    return _active(found, label, at_least, classes, rng)


def _active(found: Rows, label: int, at_least: int, classes: int, rng: np.random.Generator) -> Rows:
    others = found[found != label]
    missing = at_least - 1 - len(others)
    drawn = others[:0]
    if missing > 0:
        seen = np.zeros(classes, dtype=np.bool_)
        seen[others] = seen[label] = True
        drawn = rng.choice(classes, at_least, replace=False)  # in random order: some are cut off
        drawn = drawn[~seen[drawn]][:missing]
    return np.concatenate([np.array([label]), others, drawn])


@typed
def rebuild_times(first: Count, growth: Annotated[float, Range(1)], examples: Count) -> list[int]:
    """After how many examples the tables are built: at 0, at `first`, and then in gaps that grow by the factor.

    Early weights change fast, so early tables age fast. Source: Chen and others (2020).

    >>> rebuild_times(100, 2.0, 1000)
    [0, 100, 300, 700]
    """
    times, gap = [0], float(first)
    while times[-1] + gap < examples:
        times.append(times[-1] + round(gap))
        gap *= growth
    return times


@typed
def train(
    network: Network,
    x: Vectors,
    y: Rows,
    order: Sequence[int],
    finder: Finder,
    at_least: Count,
    rate: Positive,
    rng: np.random.Generator,
    *,
    rebuild_at: Collection[int] = (0,),
    errors: Errors = active_softmax,
    queries: Count = 200,
) -> Spent:
    """Train the network in place, one example after the other in this order, each with the rows found for it.

    At the examples `rebuild_at` the finder sees all rows, and the hidden layer for `queries` of the inputs (n,
    dimension). `y` (n,) are the labels. Raises ValueError as `active_rows`.
    """
    spent, classes, began = Spent(), len(network.rows), time.thread_time()
    active_rows(y[:0], 0, at_least, classes, np.random.default_rng(0))
    for i, k in enumerate(order):
        if i in rebuild_at:
            finder.rebuild(network.rows, network.hidden(x[rng.integers(0, len(x), queries)]))
            spent.rebuilds += 1
        label = int(y[k])
        found = finder(np.maximum(network.weights @ x[k] + network.bias, 0), network.rows)
        active = _active(found, label, at_least, classes, rng)
        network.step(x[k], active, rate, errors)
        spent.found += int((found == label).any())
        spent.active += len(active)
        spent.examples += 1
    spent.seconds = time.thread_time() - began
    return spent
