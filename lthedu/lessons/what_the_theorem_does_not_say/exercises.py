"""This lesson's exercises, each by itself. The references are the library's own functions."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, Raised, Wrong, exercise, message_of
from lthedu.exercises.readers import number, whole
from lthedu.exercises.values import apart, brief, difference
from lthedu.networks.reading import affine_layers, leaves
from lthedu.proof.features import top_layer_error
from lthedu.proof.limits import counting_bound, least_units, tent_network
from lthedu.proof.target import forward

Floats = NDArray[np.float64]


@contextmanager
def _where_it_raises(kind: type[Exception], part: str, words: str) -> Iterator[None]:
    """In place of an error that says nothing to a learner, what to do instead."""
    try:
        yield
    except Raised as raised:
        if isinstance(raised.error, kind) and part in message_of(raised.error):
            raise Wrong(words, f"{type(raised.error).__name__}: {message_of(raised.error)}") from None
        raise


@exercise(
    tent_network,
    "A sawtooth by folding",
    minutes=15,
    level=2,
    hints=(
        "One fold is t(x) = 2 relu(x) - 4 relu(x - 1/2): which two hidden units does it need, with which output "
        "weights? The next fold needs t and t - 1/2: can one Linear layer give both at once?",
        "First layer: weights [[1], [1]], biases [0, -1/2]. Every layer in between takes the two units of one fold "
        "to the two inputs of the next: both rows are [2, -4], the biases 0 and -1/2. The last layer is [2, -4] alone.",
        "first = linear([[1], [1]], [0, -0.5])\nbetween = linear([[2, -4], [2, -4]], [0, -0.5])  # folds - 1 of these\n"
        "last = linear([[2, -4]], [0])\n# nn.ReLU() between each two, none after the last",
    ),
)
def check_tent_network(attempt: Attempt) -> None:
    """Its heights where the sawtooth turns and at random places, then its depth and width, as later cells read them."""
    anywhere = torch.rand(8, generator=attempt.rng, dtype=torch.float64).numpy()

    def otherwise(got: Seen, right: Seen, folds: int) -> str:
        if not _same_heights(got, _seen(attempt(folds), folds, got.places)):
            return (
                "called twice, it gives two different networks, so some weight or bias is still as it was drawn: set "
                "`weight.data` and `bias.data` of every layer, the last one too"
            )
        return _difference(got, right, folds)[0]

    with _where_it_raises(
        RuntimeError, "floating point", "weights must not be whole numbers: write 2.0 and not 2 in `torch.tensor(...)`"
    ):
        compare(
            attempt,
            [(folds,) for folds in (1, 2, 3, 10)],  # the cells below fold up to ten times
            read=lambda result, folds: _seen(result, folds, np.append(np.arange(2**folds + 1) / 2**folds, anywhere)),
            close=lambda got, right, folds: _same_heights(got, right) and _fits(got, folds),
            same=_same_network,
            show=lambda got, right, folds: f"with folds={folds} {_difference(got, right, folds)[1]}",
            otherwise=otherwise,
        )


class Seen(NamedTuple):
    """What is compared of a network."""

    places: Floats
    heights: Floats  # at the places
    widest: int  # units of the widest hidden layer
    layers: int  # Linear ones
    kinds: tuple[str, ...]  # of its layers, in order
    unread: str = ""  # why later cells cannot take it apart, if they cannot


def _seen(got: object, folds: int, places: Floats) -> Seen:
    linear = [m for m in got.modules() if isinstance(m, nn.Linear)] if isinstance(got, nn.Module) else []
    if not isinstance(got, nn.Module) or not linear:
        raise Wrong(f"with folds={folds} it returned {brief(got)}; expected an nn.Sequential of Linear and ReLU layers")
    kinds = tuple(type(layer).__name__ for _, layer in leaves(got))
    flat = next((tuple(layer.weight.shape) for layer in linear if layer.weight.ndim != 2), None)
    if flat is not None:
        raise Wrong(
            f"with folds={folds} a layer's weight has the shape {flat}; expected a matrix, a row for each output"
        )
    try:
        layers = affine_layers(got)
    except Exception as error:  # on the device meta there is nothing to read
        return Seen(places, _run(got, places), 0, len(linear), kinds, message_of(error))
    if layers[0][0].shape[1] != 1:
        raise Wrong(f"it takes {layers[0][0].shape[1]} numbers; the first Linear layer has 1 input")
    if len(layers[-1][1]) != 1:
        raise Wrong(f"it gives {len(layers[-1][1])} numbers for one; the last layer has 1 output")
    heights = forward([np.column_stack(layer) for layer in layers], places[:, None])[:, 0]
    return Seen(places, heights, max((len(b) for _, b in layers[:-1]), default=0), len(layers), kinds)


def _run(network: nn.Module, places: Floats) -> Floats:
    """What a network that cannot be taken apart makes of the places, in its own dtype."""
    try:
        with torch.no_grad():
            out = network(torch.from_numpy(places)[:, None].to(next(network.parameters())))
    except Exception as error:
        for layer in (m for m in network.modules() if isinstance(m, nn.Linear)):
            rows, columns = layer.weight.shape
            if (rows, columns) == (layer.in_features, layer.out_features) and rows != columns:
                raise Wrong(
                    f"a weight matrix of {rows} x {columns} is transposed: write one row for each output, here "
                    f"{columns}, with a number for each input, here {rows}"
                ) from None
        message = (
            "it does not take one number: the first Linear layer has 1 input, each next as many as there are units"
        )
        raise Wrong(message, f"{type(error).__name__}: {message_of(error)}") from None
    if isinstance(out, torch.Tensor) and out.ndim == 2 and out.shape[1] != 1:
        raise Wrong(f"it gives {out.shape[1]} numbers for one; the last layer has 1 output")
    if not isinstance(out, torch.Tensor) or out.shape != (len(places), 1) or out.device.type == "meta":
        raise Wrong(f"from {len(places)} numbers, one a row, it makes {brief(out)}; expected as many, one a row")
    return np.asarray(out[:, 0].double().cpu().numpy())


def _same_heights(a: Seen, b: Seen) -> bool:
    return np.allclose(a.heights, b.heights, atol=1e-4)


def _fits(seen: Seen, folds: int) -> bool:
    return not seen.unread and seen.widest <= 2 and seen.layers == folds + 1


def _same_network(a: Seen, b: Seen, folds: int) -> bool:
    """Whether a mistake agrees: another function, or the sawtooth with the same layers."""
    if not _same_heights(a, b) or bool(a.unread) != bool(b.unread):
        return False
    if a.unread:
        return a.kinds == b.kinds
    sawtooth = 1 - np.abs(a.places * 2**folds % 2 - 1)
    return not np.allclose(a.heights, sawtooth, atol=1e-4) or a.kinds == b.kinds


def _difference(got: Seen, right: Seen, folds: int) -> tuple[str, str]:
    """What is different, and where or how much."""
    if not _same_heights(got, right):
        i = int(np.abs(got.heights - right.heights).argmax())
        there, expected = apart(float(got.heights[i]), float(right.heights[i]))
        return (
            "it is another function: at i / 2^folds the sawtooth is 0 for even i and 1 for odd i",
            f"at x = {got.places[i]:.4g} it gives {there}; expected {expected}",
        )
    if got.unread:
        return (
            f"it is the right function, but the cells below cannot take this network apart: {got.unread}",
            f"its layers are {', '.join(got.kinds)}",
        )
    if got.widest > 2:
        return (
            "it is the right function with more than 2 units in a hidden layer",
            f"the widest hidden layer has {got.widest} units",
        )
    return (
        "it is the right function with another number of layers; folds + 1 Linear layers are enough",
        f"it has {got.layers} Linear layers; expected {folds + 1}",
    )


@exercise(
    least_units,
    "At least so many units",
    minutes=15,
    level=2,
    hints=(
        "A network of two layers with N hidden units is made of at most N + 1 straight pieces. How often can one "
        "straight piece pass from one side of a level to the other?",
        "Leave out the values that do not tell you a side, and walk along the others. How many pieces does a row need "
        "that changes sides five times? And how many units make so many pieces?",
        "far = [v > level for v in values if ...]  # only where the side is not open\n"
        "changes = sum(a != b for a, b in zip(far, far[1:]))\nreturn max(changes - 1, 0)",
    ),
    returns=lambda result, *_: whole(result, "a whole number of units"),
)
def check_least_units(attempt: Attempt) -> None:
    """Small rows in which one thing matters at a time, then random ones; no value is near an edge but on it."""
    cases: list[tuple[list[float], float, float]] = [
        ([0.0, 1.0, 0.0, 1.0, 0.0], 0.5, 0.5),
        ([0.0, 1.0], 0.5, 0.5),
        ([0.0, 0.0, 0.0], 0.5, 0.5),  # no change at all
        ([0.5, 0.75, 0.5], 0.5, 0.5),  # nothing that counts
        ([0.0, 0.0, 1.0, 1.0, 0.0, 0.0], 0.5, 0.5),  # runs
        ([0.0, 0.5, 1.0, 0.5, 0.0], 0.5, 0.5),  # what is near the level does not count
        ([1.0, 0.75, 0.0, 0.75, 1.0], 0.5, 0.5),
        ([0.0, 0.875, 0.0, 1.0, 0.0], 0.5, 0.5),
        ([1.0, 0.125, 1.0, 0.0, 1.0], 0.5, 0.5),
        ([0.0, 0.75, 0.0, 0.75, 0.0], 0.5, 0.25),
        ([-1.0, 1.0, -1.0, 1.0], 0.5, 0.0),
        ([2.0, 3.0, 2.0, 3.0, 2.0, 3.0], 0.25, 2.5),
        ([2.0, 2.75, 2.0, 2.25, 3.0], 0.5, 2.5),
        ([0.0, 4.0, 0.0, 4.0, 0.0, 1.0], 1.5, 1.0),  # the mean is far from the level
    ]
    for _ in range(4):
        values = (torch.rand(12, generator=attempt.rng, dtype=torch.float64) * 1.5 - 0.25).tolist()
        cases.append((values, 0.25, 0.5))
    compare(
        attempt,
        cases,
        show=_shown_count,
        otherwise="that is not one less than the number of changes of side",
    )


def _shown_count(got: int, right: int, values: list[float], error: float = 0.5, level: float = 0.5) -> str:
    row = "[" + ", ".join(f"{v:.3g}" for v in values) + "]"
    return f"values {row}, error {error}, level {level}: it returned {got}, expected {right}"


@exercise(
    counting_bound,
    "The counting bound",
    minutes=10,
    level=2,
    hints=(
        "M weights have how many masks? And how many linear maps, more than 2 eps apart, must these masks reach?",
        "2^M masks serve half of (1 / (2 eps))^(d^2) maps: take log2 of both sides. Half of them is a factor 1/2, and "
        "a number of weights is whole: which way must you round?",
        "needed = ...  # log2 of half of the number of maps; the power comes down as a factor\n"
        "return max(math.ceil(needed), 0)",
    ),
    returns=lambda result, *_: whole(result, "a whole number of weights"),
)
def check_counting_bound(attempt: Attempt) -> None:
    """Cases where rounding, the base, the 2 of 2 eps and the 1 show one at a time.

    In one (1 / (2 eps))^(d^2) is too large for a float, and float32 has too few digits.
    """
    cases: list[tuple[int, float]] = [(10, 1 / 16), (3, 0.01), (6, 1e-6), (12, 0.02), (1, 0.4), (5, 0.5), (4, 1.0)]
    cases += [(20, 0.0295643)]
    for _ in range(3):
        d = int(torch.randint(2, 11, (), generator=attempt.rng))
        cases.append((d, float(torch.rand((), generator=attempt.rng)) * 0.2 + 1e-3))
    with _where_it_raises(
        OverflowError,
        "",
        "the number of maps is too large for a float: take its logarithm first, where the power comes down as a factor",
    ):
        compare(
            attempt,
            cases,
            read=_weights,
            show=lambda got, right, d, eps: (
                f"for dimension {d} and eps {eps:.6g} it returned {got:,}, expected {right:,}"
            ),
            otherwise="that is not the least M for which 2^M is at least half of (1 / (2 eps))^(dimension^2)",
        )


def _weights(got: object, dimension: int, eps: float) -> int:
    expected = "a whole number of weights"
    value = number(got, expected)
    if math.isfinite(value) and value != int(value):
        raise Wrong(
            "a number of weights is whole: round up to the least one that is large enough (math.ceil)",
            f"for dimension {dimension} and eps {eps:.6g} it returned {value:.6g}",
        )
    return whole(got, expected)


@exercise(
    top_layer_error,
    "A bound for every neuron mask",
    minutes=15,
    level=2,
    hints=(
        "With a single feature the mean is a parabola in one number u, norm - 2 u overlap + u^2 gram. Where is its "
        "lowest point, and how high is it there?",
        "With more features the mean is norm - 2 u.overlap + u.gram u. Its derivative by each u_j is 0 where "
        "gram u = overlap, a system of linear equations. Which function of NumPy solves it for u?",
        "u = np.linalg.solve(gram, overlap)\nreturn 1 - ... / norm  # put u into the mean above: what is left of it?",
    ),
    returns=lambda result, *_: _error(result),
)
def check_top_layer_error(attempt: Attempt) -> None:
    """Diagonal cases that can be done by hand, then random features of a random target."""
    cases: list[tuple[Floats, Floats, float]] = [
        (np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([1.0, 0.0]), 1.0),
        (np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([1.0, 0.5]), 3.0),
        (np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([-0.5, 0.25]), 2.0),
        (np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([0.5, 0.5]), 1.5),
    ]
    for r in (3, 6, 6):
        features = torch.randn(r, 2 * r, generator=attempt.rng, dtype=torch.float64).numpy()
        target = torch.randn(2 * r, generator=attempt.rng, dtype=torch.float64).numpy()
        cases.append((features @ features.T / (2 * r), features @ target / (2 * r), float(target @ target) / (2 * r)))
    nearly = np.array([[1.0, 0.999, 0.0], [0.999, 1.0, 0.0], [0.0, 0.0, 1e-4]])  # where a ridge shows
    cases.append((nearly, np.array([0.3, 0.31, 0.005]), 1.0))

    def otherwise(got: float, right: float, *case: Any) -> str:
        if "float32" in str(getattr(attempt(*case), "dtype", "")):
            return "it is computed in float32, which has too few digits where `gram` is nearly singular; use float64"
        if all(_error(attempt(*case)) >= top_layer_error(*case) - 1e-9 for case in cases):
            return "it is never below the least error and sometimes above, so it is no lower bound for all masks"
        return "that is not the least of mean (t - sum u_j f_j)^2 / mean t^2 over all u"

    compare(
        attempt,
        cases,
        close=lambda a, b, *args: math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9),
        same=lambda a, b, *args: math.isclose(a, b, rel_tol=1e-5, abs_tol=1e-9),
        show=lambda got, right, gram, overlap, norm: (
            f"gram {_table(gram)}, overlap {_table(overlap)}, norm {norm:.4g}: {difference(got, right)}"
        ),
        otherwise=otherwise,
    )


_RESIDUAL = "how well gram u = overlap is solved is not the error: put that u into norm - 2 u.overlap + u.gram u"


def _error(got: object, *args: Any) -> float:
    if isinstance(got, np.ndarray | torch.Tensor) and not len(got.reshape(-1)):
        raise Wrong(f"it returned nothing (an empty array); {_RESIDUAL}")
    if isinstance(got, np.ndarray | torch.Tensor) and len(got.reshape(-1)) != 1:
        raise Wrong(
            f"it returned an array of shape {tuple(got.shape)}; expected one number, the error, not the top layer"
        )
    return number(got, "one number, the relative error")


def _table(a: Floats) -> str:
    return str(np.round(a, 3).tolist()) if a.size <= 9 else f"of shape {a.shape}"
