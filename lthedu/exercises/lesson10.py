"""Checks of lesson 10, what the theorem does not say. The references are the library's own functions."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lthedu.exercises.core import Attempt, Wrong, brief, exercise
from lthedu.landscape.regions import SQUARE, polygon_area, split
from lthedu.proof.features import top_layer_error
from lthedu.proof.limits import counting_bound, least_units, tent_network

Floats = NDArray[np.float64]


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
    """Its heights where the sawtooth turns and at random places, then its depth and width."""
    for folds in (1, 2, 3, 5):
        network = _network(attempt(folds), folds)
        linear = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
        places = torch.cat([torch.arange(2**folds + 1) / 2**folds, torch.rand(8, generator=attempt.rng)])
        got = _heights(network, places)
        if not np.allclose(got, _sawtooth(places.numpy(), folds), atol=1e-5):
            raise Wrong(_which_sawtooth(got, places.numpy(), folds), _first_off(got, places.numpy(), folds))
        widest = max((layer.out_features for layer in linear[:-1]), default=0)
        if widest > 2:
            raise Wrong(
                "it is the right function with more than 2 units in a hidden layer: let each fold work on the output "
                "of the one before",
                f"with folds={folds} the widest hidden layer has {widest} units",
            )
        if len(linear) != folds + 1:
            raise Wrong(
                "it is the right function with another number of layers: join the Linear layers that follow each "
                "other, so that there is one hidden layer for each fold",
                f"with folds={folds} it has {len(linear)} Linear layers; expected {folds + 1}",
            )


def _network(got: object, folds: int) -> nn.Module:
    if isinstance(got, nn.Module) and any(isinstance(m, nn.Linear) for m in got.modules()):
        return got
    raise Wrong(f"with folds={folds} it returned {brief(got)}; expected an nn.Sequential of Linear and ReLU layers")


def _heights(network: nn.Module, places: torch.Tensor) -> Floats:
    """What the network makes of the places; its own dtype is as good as ours."""
    dtype = next(network.parameters()).dtype
    try:
        with torch.no_grad():
            out = network(places.to(dtype)[:, None])
    except Exception as error:
        message = (
            "it does not take one number: the first Linear layer has 1 input, each next as many as there are units"
        )
        raise Wrong(message, f"{type(error).__name__}: {error}") from None
    if out.shape != (len(places), 1):
        raise Wrong(f"it gives {out.shape[-1]} numbers for one; the last layer has 1 output")
    return np.asarray(out[:, 0].double().numpy())


def _sawtooth(x: Floats, folds: int) -> Floats:
    x = np.asarray(x, dtype=float)
    for _ in range(folds):
        x = 2 * np.maximum(x, 0) - 4 * np.maximum(x - 0.5, 0)
    return x


def _which_sawtooth(got: Floats, x: Floats, folds: int) -> str:
    """What a network with other heights most likely does."""
    relu = np.maximum
    without_shift = np.asarray(x, dtype=float)
    for i in range(folds):
        without_shift = 2 * relu(without_shift, 0) - 4 * relu(without_shift - (0.0 if i else 0.5), 0)
    known = [
        (_sawtooth(x, folds + 1), "it folds once too often: with folds=1 there is one tent"),
        (
            _sawtooth(x, folds - 1),
            "it folds once too few: with folds=1 there is one tent, and the last layer folds, too",
        ),
        (
            without_shift,
            "the shift by 1/2 is missing in the later layers: each fold needs x and x - 1/2 of the last one",
        ),
        (
            _folded(x, folds, 2, 2),
            "after its top the tent must fall: take 4 relu(x - 1/2), which turns a slope of 2 to -2",
        ),
        (_folded(x, folds, 1, 2), "the tent is half as high as it must be: its slopes are 2 and -2"),
        (_folded(x, folds, 2, 4, relu_between=False), "it lacks the ReLU between layers: without it all is one line"),
        (1 - _sawtooth(x, folds), "it is upside down: at 0 the sawtooth is 0"),
    ]
    for heights, words in known:
        if np.allclose(got, heights, atol=1e-5):
            return words
    return "it is another function: at i / 2^folds the sawtooth is 0 for even i and 1 for odd i"


def _folded(x: Floats, folds: int, up: float, down: float, relu_between: bool = True) -> Floats:
    x = np.asarray(x, dtype=float)
    for _ in range(folds):
        a, b = (np.maximum(x, 0), np.maximum(x - 0.5, 0)) if relu_between else (x, x - 0.5)
        x = up * a - down * b
    return x


def _first_off(got: Floats, x: Floats, folds: int) -> str:
    right = _sawtooth(x, folds)
    i = int(np.abs(got - right).argmax())
    return f"with folds={folds}, at x = {x[i]:.4g} it gives {got[i]:.4g}; expected {right[i]:.4g}"


@exercise(
    least_units,
    "At least so many units",
    minutes=15,
    level=2,
    hints=(
        "A network of two layers with N hidden units is made of at most N + 1 straight pieces. How often can one "
        "straight piece pass from one side of a level to the other?",
        "Keep the values that are at least `error` away from `level`, and note the side of each. Count how often the "
        "side changes from one to the next: N + 1 pieces must make all these changes, one each.",
        "far = [v > level for v in values if abs(v - level) >= error]\n"
        "changes = sum(a != b for a, b in zip(far, far[1:]))\nmax(changes - 1, 0)",
    ),
)
def check_least_units(attempt: Attempt) -> None:
    """Small rows in which one thing matters at a time, then random ones."""
    cases: list[tuple[list[float], float, float]] = [
        ([0.0, 1.0, 0.0, 1.0, 0.0], 0.5, 0.5),
        ([0.0, 1.0], 0.5, 0.5),
        ([0.0, 0.0, 0.0], 0.5, 0.5),  # no change at all
        ([0.0, 0.0, 1.0, 1.0, 0.0, 0.0], 0.5, 0.5),  # runs
        ([0.0, 0.5, 1.0, 0.5, 0.0], 0.5, 0.5),  # what is near the level does not count
        ([0.0, 0.9, 0.0, 1.0, 0.0], 0.5, 0.5),
        ([0.0, 0.6, 0.0, 0.6, 0.0], 0.5, 0.1),
        ([-1.0, 1.0, -1.0, 1.0], 0.5, 0.0),
        ([2.0, 3.0, 2.0, 3.0, 2.0, 3.0], 0.25, 2.5),
        ([], 0.5, 0.5),
    ]
    for _ in range(4):
        values = (torch.rand(12, generator=attempt.rng, dtype=torch.float64) * 1.5 - 0.25).tolist()
        cases.append((values, 0.25, 0.5))
    answers = [(_whole(attempt(*case), "units"), *case) for case in cases]
    for got, values, error, level in answers:
        if got != least_units(values, error, level):
            raise Wrong(_which_count(answers), _shown_count(got, values, error, level))


def _whole(got: object, what: str) -> int:
    try:
        value = float(got)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; expected a whole number of {what}") from None
    if not math.isfinite(value) or value != int(value):
        raise Wrong(f"it returned {brief(got)}; expected a whole number of {what}: there are no parts of one")
    return int(value)


def _which_count(answers: list[tuple[int, list[float], float, float]]) -> str:
    def sides(values: Sequence[float], error: float, level: float) -> list[bool]:
        return [v > level for v in values if abs(v - level) >= error]

    def changes(row: Sequence[object]) -> int:
        return sum(a != b for a, b in itertools.pairwise(row))

    known: list[tuple[Callable[[list[float], float, float], int], str]] = [
        (
            lambda v, e, m: changes(sides(v, e, m)),
            "that is the number of changes; N units make N + 1 pieces, so one less",
        ),
        (
            lambda v, e, m: changes(sides(v, e, m)) + 1,
            "N units make N + 1 pieces: subtract one from the changes, not add",
        ),
        (
            lambda v, e, m: changes(sides(v, e, m)) - 1,
            "it gives a negative number where the side never changes; no fewer than 0 units are needed",
        ),
        (
            lambda v, e, m: max(changes([x > m for x in v]) - 1, 0),
            "it counts values that are near the level, too; the network may pass them on either side",
        ),
        (
            lambda v, e, m: max(changes([x > m for x in v if abs(x - m) > e]) - 1, 0),
            "a value exactly `error` away counts as well: the network comes within less than `error`",
        ),
        (
            lambda v, e, m: max(changes(sides(v, 0.5, 0.5)) - 1, 0),
            "it does not use `level` and `error`: they are not always 1/2",
        ),
        (lambda v, e, m: max(changes(sides(v, e, 0.5)) - 1, 0), "it does not use `level`: it is not always 1/2"),
        (lambda v, e, m: max(changes(sides(v, 0.5, m)) - 1, 0), "it does not use `error`: it is not always 1/2"),
        (
            lambda v, e, m: max(len(sides(v, e, m)) - 2, 0),
            "neighbours on one side are no change: count changes of side, not values",
        ),
        (
            lambda v, e, m: max(sum(sides(v, e, m)) - 1, 0),
            "it counts the peaks; the way up and the way down are a change each",
        ),
        (
            lambda v, e, m: max(changes([x > m if abs(x - m) >= e else None for x in v]) - 1, 0),
            "leave values near the level out before you compare neighbours; passing one is not two changes",
        ),
    ]
    for does, words in known:
        if all(got == does(values, error, level) for got, values, error, level in answers):
            return words
    return "that is not one less than the number of changes of side"


def _shown_count(got: int, values: list[float], error: float, level: float) -> str:
    row = "[" + ", ".join(f"{v:.3g}" for v in values) + "]"
    return (
        f"values {row}, error {error}, level {level}: it returned {got}, expected {least_units(values, error, level)}"
    )


@exercise(
    top_layer_error,
    "A bound for every neuron mask",
    minutes=15,
    level=2,
    hints=(
        "A neuron mask with a scale c makes the top layer c times (u_j for kept neurons, 0 for others). Is any of "
        "these better than the best top layer there is? What do you know about finding that one?",
        "The mean of (t - sum u_j f_j)^2 is norm - 2 u.overlap + u.gram.u. Its minimum is where gram u = overlap: "
        "least squares. Put that u in, and divide by norm.",
        "u = np.linalg.solve(gram, overlap)\n1 - overlap @ u / norm",
    ),
)
def check_top_layer_error(attempt: Attempt) -> None:
    """Diagonal cases that can be done by hand, then random features of a random target."""
    cases: list[tuple[Floats, Floats, float]] = [
        (np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([1.0, 0.0]), 1.0),
        (np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([1.0, 0.5]), 3.0),
        (np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([-0.5, 0.25]), 2.0),
    ]
    for r in (3, 6, 6):
        features = torch.randn(r, 2 * r, generator=attempt.rng, dtype=torch.float64).numpy()
        target = torch.randn(2 * r, generator=attempt.rng, dtype=torch.float64).numpy()
        cases.append((features @ features.T / (2 * r), features @ target / (2 * r), float(target @ target) / (2 * r)))
    nearly = np.array([[1.0, 0.999, 0.0], [0.999, 1.0, 0.0], [0.0, 0.0, 1e-4]])  # where a ridge shows
    cases.append((nearly, np.array([0.3, 0.31, 0.005]), 1.0))
    answers = [(_error(attempt(*case)), *case) for case in cases]
    for got, gram, overlap, norm in answers:
        right = top_layer_error(gram, overlap, norm)
        if not math.isclose(got, right, rel_tol=1e-6, abs_tol=1e-9):
            example = f"gram {_table(gram)}, overlap {_table(overlap)}, norm {norm:.4g}: it returned {got:.6g}"
            raise Wrong(_which_error(answers), f"{example}, expected {right:.6g}")


def _error(got: object) -> float:
    if isinstance(got, np.ndarray | torch.Tensor) and len(got.reshape(-1)) != 1:
        raise Wrong(
            f"it returned an array of shape {tuple(got.shape)}; expected one number, the error, not the top layer"
        )
    try:
        value = float(got)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; expected one number, the relative error") from None
    if not math.isfinite(value):
        raise Wrong(f"it returned {value}; expected a finite number")
    return value


def _which_error(answers: list[tuple[float, Floats, Floats, float]]) -> str:
    def best(gram: Floats, overlap: Floats) -> float:
        return float(overlap @ np.linalg.solve(gram, overlap))

    def all_kept(gram: Floats, overlap: Floats) -> float:
        return float(overlap.sum() ** 2 / gram.sum())

    known: list[tuple[Callable[[Floats, Floats, float], Any], str]] = [
        (lambda g, c, n: n - best(g, c), "that is the squared error itself: divide it by `norm`"),
        (lambda g, c, n: best(g, c) / n, "that is the part explained; the error is what is left, one minus it"),
        (lambda g, c, n: 1 - best(g, c), "the part explained is divided by `norm` before it is taken from 1"),
        (
            lambda g, c, n: math.sqrt(max(1 - best(g, c) / n, 0)),
            "that is the root of the squared error: leave it squared",
        ),
        (
            lambda g, c, n: 1 - c @ g @ c / n,
            "it multiplies by `gram`; the best u solves gram u = overlap: np.linalg.solve, or the inverse",
        ),
        (
            lambda g, c, n: 1 - (2 * c @ c - c @ g @ c) / n,
            "it takes u = overlap; that is the best u only where gram is the identity",
        ),
        (
            lambda g, c, n: 1 - (c**2 / g.diagonal()).sum() / n,
            "it treats every feature alone, by the diagonal of `gram`; features overlap with each other",
        ),
        (
            lambda g, c, n: 1 - (c**2 / g.diagonal()).max() / n,
            "it takes the best single feature; the top layer may use all of them",
        ),
        (
            lambda g, c, n: 1 - all_kept(g, c) / n,
            "it keeps every feature with one weight and scales; the best top layer weighs each feature on its own",
        ),
        (
            lambda g, c, n: 1 - 2 * best(g, c) / n,
            "the mixed term counts twice, but u.gram.u comes back once: at the best u they leave overlap.u once",
        ),
    ]
    for does, words in known:
        if all(math.isclose(got, does(g, c, n), rel_tol=1e-5, abs_tol=1e-9) for got, g, c, n in answers):
            return words
    if all(got >= top_layer_error(g, c, n) - 1e-9 for got, g, c, n in answers):
        return (
            "it is never below the least error, and sometimes above: a ridge, a truncation or a sign rule makes it no "
            "lower bound for all masks"
        )
    return "that is not the least of mean (t - sum u_j f_j)^2 / mean t^2 over all u"


def _table(a: Floats) -> str:
    return str(np.round(a, 3).tolist()) if a.size <= 9 else f"of shape {a.shape}"


@exercise(
    counting_bound,
    "The counting bound",
    minutes=10,
    level=2,
    hints=(
        "M weights have how many masks? And how many linear maps, more than 2 eps apart, must these masks reach?",
        "2^M masks serve half of (1 / (2 eps))^(d^2) maps: take log2 of both sides. Half of them is a factor 1/2, and "
        "a number of weights is whole: which way must you round?",
        "needed = dimension**2 * math.log2(1 / (2 * eps)) - 1\nmax(math.ceil(needed), 0)",
    ),
)
def check_counting_bound(attempt: Attempt) -> None:
    """Cases where rounding, the base, the 2 of 2 eps and the 1 show one at a time."""
    cases: list[tuple[int, float]] = [(10, 1 / 16), (3, 0.01), (16, 1e-3), (100, 1e-4), (1, 0.4), (5, 0.5), (4, 1.0)]
    for _ in range(3):
        d = int(torch.randint(2, 40, (), generator=attempt.rng))
        cases.append((d, float(torch.rand((), generator=attempt.rng)) * 0.2 + 1e-3))
    answers = []
    for case in cases:
        got = attempt(*case)
        if isinstance(got, float) and got != int(got if math.isfinite(got) else 0):
            raise Wrong(
                "a number of weights is whole: round up to the least one that is large enough (math.ceil)",
                f"for dimension {case[0]} and eps {case[1]:.4g} it returned {got:.6g}",
            )
        answers.append((_whole(got, "weights"), *case))
    for got, d, eps in answers:
        if got != counting_bound(d, eps):
            example = f"for dimension {d} and eps {eps:.4g} it returned {got:,}, expected {counting_bound(d, eps):,}"
            raise Wrong(_which_bound(answers), example)


def _which_bound(answers: list[tuple[int, int, float]]) -> str:
    def bits(d: int, eps: float) -> float:
        return d**2 * math.log2(1 / (2 * eps))

    up = math.ceil
    known: list[tuple[Callable[[int, float], int], str]] = [
        (lambda d, e: max(math.floor(bits(d, e) - 1), 0), "it rounds down, to a number that is not enough: round up"),
        (
            lambda d, e: max(round(bits(d, e) - 1), 0),
            "it rounds to the nearest: half of the time that is not enough; round up",
        ),
        (lambda d, e: max(int(bits(d, e)), 0), "rounding down is not the same as taking 1 off and rounding up"),
        (lambda d, e: max(up(bits(d, e)), 0), "the 1 is missing: the masks need to serve only half of the maps"),
        (lambda d, e: max(up(bits(d, e) + 1), 0), "half of the maps is fewer of them: subtract the 1"),
        (
            lambda d, e: max(up(d**2 * math.log(1 / (2 * e)) - 1), 0),
            "that is the natural logarithm; masks are counted in powers of two: math.log2",
        ),
        (
            lambda d, e: max(up(d**2 * math.log10(1 / (2 * e)) - 1), 0),
            "that is the logarithm to base 10; masks are counted in powers of two: math.log2",
        ),
        (
            lambda d, e: max(up(d**2 * math.log2(1 / e) - 1), 0),
            "maps served by one mask may be 2 eps apart, eps on either side: it is 1 / (2 eps)",
        ),
        (
            lambda d, e: max(up(d**2 * math.log2(2 / e) - 1), 0),
            "the 2 belongs below the line: 1 / (2 eps)",
        ),
        (
            lambda d, e: max(up(d * math.log2(1 / (2 * e)) - 1), 0),
            "a map from d to d numbers has d^2 entries, not d",
        ),
        (lambda d, e: up(bits(d, e) - 1), "for a coarse eps it is negative; no bound says less than 0"),
    ]
    for does, words in known:
        if all(got == does(d, eps) for got, d, eps in answers):
            return words
    return "that is not dimension^2 log2(1 / (2 eps)) - 1, rounded up"


@exercise(
    split,
    "One neuron cuts a polygon",
    minutes=20,
    level=3,
    hints=(
        "Go round the polygon, edge by edge. When does a corner belong to the positive part, when to the negative one, "
        "when to both? On which edges is there a new corner?",
        "On an edge from p (value a) to q (value b) with a and b of opposite signs the neuron is zero at "
        "p + a / (a - b) (q - p): that point belongs to both parts. A corner with value 0 belongs to both as well.",
        "for p, q, a, b in zip(corners, np.roll(corners, -1, 0), values, np.roll(values, -1)):\n"
        "    if a >= 0: positive.append(p)\n    if a <= 0: negative.append(p)\n"
        "    if a * b < 0:\n        cut = p + a / (a - b) * (q - p)\n"
        "        positive.append(cut); negative.append(cut)\n# no value above 0: the positive part is np.zeros((0, 2))",
    ),
)
def check_split(attempt: Attempt) -> None:
    """A square and a triangle cut in plain places, then random polygons: corners, order, areas."""
    triangle = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    cases: list[tuple[Floats, Floats]] = [
        (triangle, np.array([-1.0, 3.0, -1.0])),
        (SQUARE, SQUARE @ np.array([1.0, 0.0]) - 0.5),
        (SQUARE, SQUARE @ np.array([0.0, -1.0]) + 0.25),
        (SQUARE, SQUARE @ np.array([1.0, 1.0])),  # through two corners
        (triangle, np.array([0.0, 1.0, -1.0])),  # through one corner
        (SQUARE, np.array([1.0, 2.0, 3.0, 2.0])),  # not cut
        (SQUARE, np.array([-1.0, -2.0, -3.0, -2.0])),
        (SQUARE, np.array([0.0, 1.0, 2.0, 1.0])),  # touched in a corner
    ]
    for k in (5, 6, 7, 8):
        angle = torch.rand(k, generator=attempt.rng, dtype=torch.float64).sort().values.numpy() * 2 * math.pi
        polygon = np.column_stack([np.cos(angle), np.sin(angle)])
        normal = torch.randn(2, generator=attempt.rng, dtype=torch.float64).numpy()
        cases.append((polygon, (polygon - polygon.mean(0)) @ normal))
    for corners, values in cases:
        parts = _parts(attempt(corners, values), corners, values)
        _compare_parts(parts, corners, values)


Parts = tuple[Floats, Floats]


def _parts(got: object, corners: Floats, values: Floats) -> Parts:
    example = _shown_cut(corners, values)
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise Wrong(f"it returned {brief(got)}; expected two arrays of corners: positive part, negative part", example)
    found = []
    for part in got:
        try:
            array = np.asarray(part, dtype=float)
        except (TypeError, ValueError, RuntimeError):
            raise Wrong(f"a part is {brief(part)}; expected an array of corners, shape (k, 2)", example) from None
        array = array.reshape(0, 2) if array.size == 0 else array
        if array.ndim != 2 or array.shape[1] != 2 or not np.isfinite(array).all():
            raise Wrong(f"a part has shape {array.shape}; expected corners, shape (k, 2), all finite", example)
        found.append(array)
    return found[0], found[1]


def _compare_parts(got: Parts, corners: Floats, values: Floats) -> None:
    right = split(corners, values)
    if all(_same_polygon(g, r) for g, r in zip(got, right, strict=True)):
        return
    example = f"{_shown_cut(corners, values)}; the parts have {len(got[0])} and {len(got[1])} corners"
    example += f", expected {len(right[0])} and {len(right[1])}"
    if all(_same_polygon(g, r) for g, r in zip(got, reversed(right), strict=True)):
        raise Wrong("the parts are exchanged: the positive one comes first", example)
    for g, r in zip(got, right, strict=True):
        if len(g) and not len(r):
            flat = polygon_area(g) < 1e-12
            words = (
                "a part that is only a line or a point has no corners: return shape (0, 2) for it"
                if flat
                else ("the neuron is zero or of one sign on the whole polygon, so that there is nothing to cut")
            )
            raise Wrong(words, example)
        if len(r) and not len(g):
            raise Wrong("a part is empty though the neuron has that sign on some of the polygon", example)
    _compare_corners(got, right, corners, values, example)


def _compare_corners(got: Parts, right: Parts, corners: Floats, values: Floats, example: str) -> None:
    for g, r in zip(got, right, strict=True):
        if _same_polygon(g, r):
            continue
        if _same_set(g, r):
            raise Wrong(
                "the corners are right and their order is not: go round the polygon, the new corner where it lies",
                f"{example}; corners {_table(g)}",
            )
        if (values == 0).any() and len(np.unique(g.round(9), axis=0)) < len(g):
            raise Wrong("a corner comes twice: where the value is 0 at a corner, no edge beside it is crossed", example)
    made = np.concatenate(got)
    new = np.array([p for p in made if not _among(p, corners)]).reshape(-1, 2)
    crossings = np.array([p for p in np.concatenate(right) if not _among(p, corners)]).reshape(-1, 2)
    if len(crossings) and not len(new):
        raise Wrong(
            "the points where the line crosses an edge are missing: they are new corners of both parts", example
        )
    if len(new) and not all(_among(p, crossings) for p in new):
        raise Wrong(_which_crossing(new, corners, values), f"{example}; new corners {_table(new)}")
    on_line = corners[values == 0]
    if len(on_line) and any(
        _among(p, r) and not _among(p, g) for g, r in zip(got, right, strict=True) for p in on_line
    ):
        raise Wrong("a corner where the neuron is exactly 0 belongs to both parts", example)
    raise Wrong("a part lacks a corner: crossings belong to both parts, corners to the part of their sign", example)


def _which_crossing(new: Floats, corners: Floats, values: Floats) -> str:
    known: dict[str, list[Floats]] = {"half": [], "back": [], "sum": []}
    for p, q, a, b in zip(corners, np.roll(corners, -1, 0), values, np.roll(values, -1), strict=True):
        if a * b < 0:
            known["half"].append((p + q) / 2)
            known["back"].append(q + a / (a - b) * (p - q))
            known["sum"].append(p + a / (a + b) * (q - p) if a + b else p)
    if all(_among(p, np.array(known["half"])) for p in new):
        return "the new corners are in the middle of the edges; the zero divides an edge in the ratio of the two values"
    if all(_among(p, np.array(known["back"])) for p in new):
        return "the zero is measured from the wrong end of the edge: from p it is a / (a - b) of the way to q"
    if any(_among(p, np.array(known["sum"])) for p in new):
        return "it divides by a + b; going from a to b, the value changes by a - b until the other end"
    return "a new corner is not where the neuron is zero: from p it is a / (a - b) of the way to q"


def _same_polygon(a: Floats, b: Floats) -> bool:
    """The same corners in the same order, from any of them on, either way round."""
    if len(a) != len(b):
        return False
    return not len(a) or any(
        np.allclose(np.roll(turned, k, axis=0), b, atol=1e-9) for turned in (a, a[::-1]) for k in range(len(a))
    )


def _same_set(a: Floats, b: Floats) -> bool:
    return len(a) == len(b) and all(_among(p, b) for p in a) and all(_among(p, a) for p in b)


def _among(point: Floats, points: Floats) -> bool:
    return bool(len(points) and np.abs(points - point).max(1).min() < 1e-9)


def _shown_cut(corners: Floats, values: Floats) -> str:
    return f"corners {np.round(corners, 2).tolist()} with values {np.round(values, 2).tolist()}"
