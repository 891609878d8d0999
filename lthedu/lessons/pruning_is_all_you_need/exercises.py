"""This lesson's exercises, each by itself. The references are the functions that build it."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lthedu.exercises.choices import choice_of
from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, Wrong, exercise
from lthedu.exercises.readers import items, number, numbers, whole
from lthedu.exercises.values import brief, difference
from lthedu.proof import closest_subset, compare_logits, error_bound, first_mask, normalise, one_weight
from lthedu.proof.target import forward
from lthedu.proof.widths import subset_width

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@exercise(
    one_weight,
    "One weight out of random ones",
    minutes=15,
    level=2,
    hints=(
        "Which neurons answer to x = 1, and which to x = -1? What must each group say there, for weight = 0.5?",
        "Split the neurons by the sign of `incoming`. For x > 0 the kept products incoming * outgoing of the positive "
        "ones must add up to the weight. For x < 0 a neuron with a < 0 computes |a| |x| b, and w x = -w |x|.",
        "keep = [False] * len(incoming)\nfor sign in (1, -1):\n"
        "    mine = [j for j, a in enumerate(incoming) if sign * a > 0]\n"
        "    products = [abs(incoming[j]) * outgoing[j] for j in mine]\n"
        "    for j, kept in zip(mine, choose(products, ...)):  # which target?\n        keep[j] = kept\nreturn keep",
    ),
    returns=lambda result, incoming, *_: choice_of(result, len(incoming), "hidden neurons"),
)
def check_one_weight(attempt: Attempt) -> None:
    """The function that is left, on both sides of zero, against the best that these neurons can do."""
    cases: list[tuple[Any, ...]] = [
        ([0.5, 1.0, -0.8, -0.6], [1.0, 0.9, -0.5, 0.7], 0.5, closest_subset),
        ([0.5, -0.5], [0.8, -0.8], 0.4, closest_subset),
        # one neuron has no incoming weight at all
        ([0.5, 0.7, -0.4, 0.0, -0.9], [-0.6, -0.2, 0.9, 0.3, 0.35], -0.3, closest_subset),
        ([0.5, 0.25, -0.5], [0.9, -0.8, 0.6], 0.0, closest_subset),
        # of two neurons with the same incoming weight the second is the right one; in some both weights are the same
        ([0.5, 0.5, -0.5, -0.5], [0.9, 0.4, 0.7, -0.4], 0.2, closest_subset),
        ([0.5, 0.8, -0.5, -0.3], [0.5, -0.5, -0.5, -0.3], 0.25, closest_subset),
    ]
    for n in (8, 11, 16):
        a, b = (2 * torch.rand(2, n, generator=attempt.rng, dtype=torch.float64) - 1).tolist()
        cases.append((a, b, float(torch.rand((), generator=attempt.rng)) / 2 + 0.1, closest_subset))
    cases += [([0.5, 0.0, -0.5], [1.0, 1.0, 1.0], 0.5, other) for other in (_none, _all)]
    compare(
        attempt,
        cases,
        close=_as_near,
        same=_same_slopes,
        show=_pair_shown,
        otherwise=_which_side,
    )


def _none(numbers: Sequence[float], target: float) -> list[bool]:
    return [False] * len(numbers)


def _all(numbers: Sequence[float], target: float) -> list[bool]:
    return [True] * len(numbers)


def _slopes(keep: Sequence[bool], a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """What the kept neurons compute at x = 1, and at x = -1."""
    kept = [(x, y) for k, x, y in zip(keep, a, b, strict=True) if k]
    return sum(max(x, 0) * y for x, y in kept), sum(max(-x, 0) * y for x, y in kept)


def _dead_kept(keep: Sequence[bool], a: Sequence[float]) -> bool:
    return any(k and x == 0 for k, x in zip(keep, a, strict=True))


def _as_near(got: list[bool], right: list[bool], a: list[float], b: list[float], w: float, *_: Any) -> bool:
    """Whether it is as near to w x on either side of zero, without a dead neuron."""
    mine, best = np.array(_slopes(got, a, b)), np.array(_slopes(right, a, b))
    off, least = np.abs(mine - (w, -w)), np.abs(best - (w, -w))
    return bool(np.allclose(off, least, rtol=0, atol=1e-9)) and not _dead_kept(got, a)


def _same_slopes(one: list[bool], other: list[bool], a: list[float], b: list[float], *_: Any) -> bool:
    return bool(np.allclose(_slopes(one, a, b), _slopes(other, a, b))) and _dead_kept(one, a) == _dead_kept(other, a)


def _which_side(got: list[bool], right: list[bool], a: list[float], b: list[float], w: float, *choose: Any) -> str:
    if _dead_kept(got, a):
        return "it keeps a neuron whose incoming weight is 0: that neuron is silent for every x, so leave it out"
    if any(c is not closest_subset for c in choose):
        return "with another `choose` it does not keep what that function says"
    up = math.isclose(abs(_slopes(got, a, b)[0] - w), abs(_slopes(right, a, b)[0] - w), abs_tol=1e-9)
    return f"for {'x < 0' if up else 'x > 0'} the neurons that are kept are not the subset that comes nearest to w x"


def _pair_shown(got: list[bool], right: list[bool], a: list[float], b: list[float], w: float, *choose: Any) -> str:
    given = f"incoming {_row(a)}, outgoing {_row(b)}, weight {w:.3g}"
    if any(c is not closest_subset for c in choose):
        rule = "everything" if right[0] else "nothing"
        return f"{given}, and a `choose` that keeps {rule}: got {got}, expected {right}"
    (up, down), (best_up, best_down) = _slopes(got, a, b), _slopes(right, a, b)
    if (up, down) == (best_up, best_down):
        return f"{given}: got {got}"
    nearest = [j for j, k in enumerate(right) if k]
    return (
        f"{given}: at x = 1 it gives {up:.4g} and at x = -1 {down:.4g}; "
        f"the neurons {nearest} give {best_up:.4g} and {best_down:.4g}"
    )


def _row(values: Sequence[float]) -> str:
    return "[" + ", ".join(f"{v:.3g}" for v in values) + "]"


@exercise(
    first_mask,
    "The first mask belongs to all outputs",
    minutes=10,
    level=2,
    hints=(
        "A hidden neuron has one value. If two outputs use it, how many incoming weights may it keep?",
        "A neuron is used if any row of `second` keeps it: `second.any(0)`. Start from zeros of shape (hidden, "
        "columns) and set one entry in the row of every used neuron: the column of its owner. Owner -1 means nobody's.",
        "found = np.zeros((len(owner), columns), bool)\nused = second.any(0) & (...)\n"
        "found[used, owner[used]] = True\nreturn found",
    ),
    returns=lambda result, *args: _mask(result, *args),
)
def check_first_mask(attempt: Attempt) -> None:
    """A small case with a neuron of each kind, random ones, and one with as many outputs and columns as LeNet has."""
    second = np.array([[True, False, False, True], [True, False, True, False], [False, False, False, False]])
    cases = [(second, np.array([1, 0, 2, -1]), 3), (second[:1], np.array([0, 0, 0, 0]), 2)]
    for _ in range(3):
        many = int(torch.randint(6, 12, (), generator=attempt.rng))
        owner = torch.randint(-1, 4, (many,), generator=attempt.rng).numpy()
        keep = (torch.rand(3, many, generator=attempt.rng) < 0.3).numpy()
        cases.append((keep, owner, 5))  # nobody owns the last column
    large = (torch.rand(300, 400, generator=attempt.rng) < 0.004).numpy()
    large[:256, 0] = True  # used by 256 outputs
    cases.append((large, torch.randint(-1, 785, (400,), generator=attempt.rng).numpy(), 785))
    compare(attempt, cases, show=_mask_shown, otherwise=_which_first)


def _mask(got: object, second: Bools, owner: NDArray[np.int64], columns: int) -> Bools:
    if not isinstance(got, np.ndarray | torch.Tensor | list | tuple):
        raise Wrong(f"it returned {brief(got)}; expected an array of bools, ({len(owner)}, {columns})")
    try:
        table = np.asarray(got)
    except ValueError:
        raise Wrong(f"it returned {brief(got)}; its rows differ in length") from None
    if table.shape == (len(second), len(owner), columns):
        raise Wrong("it makes a first mask for every output; there is one first layer, and all outputs share it")
    if table.shape == (columns, len(owner)) and columns != len(owner):
        raise Wrong(f"its shape is {table.shape}: turned; a row is a hidden neuron, a column what it reads")
    if table.shape != (len(owner), columns):
        raise Wrong(f"its shape is {table.shape}; expected ({len(owner)}, {columns}): hidden neurons, columns")
    if table.dtype != bool and not np.isin(table, (0, 1)).all():
        raise Wrong(f"it holds {table[~np.isin(table, (0, 1))][0]}; a mask is True or False")
    return table.astype(bool)


def _mask_shown(got: Bools, right: Bools, second: Bools, owner: NDArray[np.int64], columns: int) -> str:
    if second.size > 100:
        return f"second of shape {second.shape}, {columns} columns: {difference(got, right)}"
    return (
        f"second = {second.astype(int).tolist()}, owner = {owner.tolist()}, columns = {columns}: "
        f"got {got.astype(int).tolist()}, expected {right.astype(int).tolist()}"
    )


def _which_first(got: Bools, right: Bools, second: Bools, owner: NDArray[np.int64], columns: int) -> str:
    if got[owner < 0].any():
        return "a neuron that nobody owns (-1) keeps a weight"
    if (got.sum(1) > 1).any():
        return "a neuron keeps more than one incoming weight"
    used = second.sum(0) > 0
    wrong = int(np.flatnonzero((got != right).any(1))[0])
    if used[wrong] and got[wrong].any():
        return f"neuron {wrong} keeps column {int(got[wrong].argmax())}, but belongs to {int(owner[wrong])}"
    return (
        f"neuron {wrong} is {'' if used[wrong] else 'not '}used by an output, and keeps {int(got[wrong].sum())} weights"
    )


@exercise(
    normalise,
    "Make every weight small",
    minutes=15,
    level=3,
    hints=(
        "relu(x / s) = relu(x) / s for s > 0. If layer 1's outputs are s times smaller than they were, what must be "
        "done to the bias of layer 2, so that it still fits?",
        "Keep a running scale c, the product of all s so far, from 1. In each layer choose s so that neither W / s nor "
        "b / (c s) exceeds `largest`; divide; multiply c by s. The last c is what the output must be multiplied by.",
        "c, found = 1.0, []\nfor layer in layers:\n    W, b = layer[:, :-1], layer[:, -1:]\n"
        "    s = max(abs(W).max(), abs(b).max() / c) / largest\n    c_new = c * s\n"
        "    found.append(np.concatenate([W / s, b / ...], axis=1))\n    c = c_new\nreturn found, c",
    ),
    returns=lambda result, layers, *_: _network(result, layers),
)
def check_normalise(attempt: Attempt) -> None:
    """Equal functions, and sizes, on small networks with large biases; then a random one."""
    tiny = [np.array([[3.0, -1.0, 0.5]]), np.array([[2.0, 8.0]])]
    small = [np.array([[0.05, -0.1, -0.1]]), np.array([[0.125], [0.125]]) * [1.0, 0.5]]  # all of it below `largest`
    rng = attempt.rng
    random = [torch.randn(m, n + 1, generator=rng).double().numpy() * 2 for n, m in ((3, 5), (5, 4), (4, 2))]
    random[1][:, -1] *= 40  # a large bias decides the scale
    inputs = torch.randn(20, 3, generator=rng).double().numpy()
    compare(
        attempt,
        [(tiny[:1], 0.25), (tiny, 0.25), (tiny, 1.0), (small, 0.25), (random, 0.25), (random, 0.5)],
        close=lambda got, right, layers, largest=0.25: (
            _same_function(got, layers, inputs) and np.allclose(_sizes(got), largest, rtol=1e-6, atol=0)
        ),
        same=_same_network,
        show=lambda got, right, layers, largest=0.25: (
            f"layers {[np.round(layer, 3).tolist() for layer in layers]}, largest {largest}: "
            f"got {[np.round(layer, 4).tolist() for layer in got[0]]} and the scale {got[1]:.4g}"
            if layers[0].shape[1] < 4
            else f"layers of shapes {[layer.shape for layer in layers]}, largest {largest}"
        ),
        otherwise=lambda got, right, layers, largest=0.25: _which_scale(got, layers, largest, inputs),
    )


Network = tuple[list[Floats], float]  # the layers, and what the output must be multiplied by


def _network(got: object, layers: list[Floats], *_: Any) -> Network:
    expected = "the list of layers, and the scale"
    parts = items(got, 2, expected)
    try:
        found = [np.asarray(layer, float) for layer in itertools.islice(parts[0], len(layers) + 1)]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; expected {expected}") from None
    scale = number(parts[1], "one number, the scale", nan=True)
    if [layer.shape for layer in found] != [layer.shape for layer in layers]:
        shapes = [layer.shape for layer in found]
        raise Wrong(f"its layers have the shapes {shapes}; expected {[layer.shape for layer in layers]}")
    if not all(np.isfinite(layer).all() for layer in found) or not math.isfinite(scale):
        raise Wrong("it returned NaN or infinity")
    return found, scale


def _same_function(got: Network, layers: list[Floats], inputs: Floats) -> bool:
    x = inputs[:, : layers[0].shape[1] - 1]
    wanted = forward(layers, x)
    return bool(np.allclose(got[1] * forward(got[0], x), wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max()))


def _same_network(one: Network, other: Network, *_: Any) -> bool:
    pairs = zip(one[0], other[0], strict=True)
    return math.isclose(one[1], other[1], rel_tol=1e-5) and all(np.allclose(a, b, 1e-5, 1e-7) for a, b in pairs)


def _sizes(network: Network) -> list[float]:
    return [float(np.abs(layer).max()) for layer in network[0]]


def _which_scale(got: Network, layers: list[Floats], largest: float, inputs: Floats) -> str:
    """What is seen of a network, however it was made."""
    sizes = _sizes(got)
    if _same_function(got, layers, inputs):
        i = int(np.argmax(np.abs(np.array(sizes) - largest)))
        return (
            f"it is the same function, but the largest weight or bias of layer {i + 1} is {sizes[i]:.4g} in size; "
            f"it must be exactly {largest:g}"
        )
    return f"the network computes something else than before: {_first_fault(got, layers)}"


def _first_fault(got: Network, layers: list[Floats]) -> str:
    """The first place where the new layers are not the old ones, each divided by its s."""
    c = 1.0
    for i, (new, old) in enumerate(zip(got[0], layers, strict=True), 1):
        place = np.unravel_index(np.abs(old[:, :-1]).argmax(), old[:, :-1].shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            s = float(old[place] / new[place])
        if not (0 < s < math.inf and np.allclose(new[:, :-1] * s, old[:, :-1])):
            return f"the weights of layer {i} are not what they were, all divided by one positive number"
        c *= s
        wrong = ~np.isclose(new[:, -1] * c, old[:, -1])
        if wrong.any():
            j = int(wrong.argmax())
            return (
                f"in layer {i}, s is {s:.4g} and the product of all s so far {c:.4g}, "
                f"so that the bias {old[j, -1]:.4g} becomes {old[j, -1] / c:.4g}, not {new[j, -1]:.4g}"
            )
    return f"the output must be multiplied by {c:.4g}, the product of all s, and not by {got[1]:.4g}"


@exercise(
    subset_width,
    "How many candidates for each weight",
    minutes=10,
    level=2,
    hints=(
        "If one weight is missed with chance p, what is a bound on the chance that one of N is? How small must p be?",
        "Two needs, take the larger. For accuracy: log2(1 / eta) + 3. For safety: count n up from 1 until "
        "2 (1 + n) / 2^n is at most delta / instances, and add log2(0.01 / eta) if that is above 0. Candidates come "
        "whole: round up.",
        "n = 1\nwhile 2 * (1 + n) / 2**n > delta / instances:\n    n += 1\n"
        "safety = n + max(0, math.log2(0.01 / eta))\nreturn math.ceil(max(safety, ...))",
    ),
    returns=lambda result, *_: whole(result, "a whole number of candidates"),
)
def check_subset_width(attempt: Attempt) -> None:
    """Cases that accuracy decides, cases that safety decides, and the step between whole numbers."""
    cases = [(1e-3, 266_610, 0.01), (1e-6, 10, 0.01), (0.1, 1, 0.5), (1 / 1024, 1, 0.5), (0.01, 5_000, 0.1)]
    cases += [
        (0.2, 1, 0.01),
        (0.2, 3, 0.001),
        (0.003, 1, 0.3),
        (1e-3, 266_610, 0.5),
        (3e-4, 100, 0.05),
        (1e-4, 1_000_000, 0.001),
        (0.2, 1, 0.125),  # with n = 7 the chance is 1/8 exactly, which is enough
        (0.1, 3, 0.2),
        (0.01, 10**9, 1e-6),  # 57 candidates
    ]
    cases += [_any_width(attempt.rng) for _ in range(4)]
    compare(
        attempt,
        cases,
        read=lambda result, *_: number(result, "a whole number of candidates"),
        show=lambda got, right, eta, instances, delta=0.01: (
            f"eta = {eta:g}, instances = {instances}, delta = {delta:g}: got {got:.6g}, expected {right:g}"
        ),
        otherwise=_two_needs,
    )


def _any_width(rng: torch.Generator) -> tuple[float, int, float]:
    """An error, a number of weights and a chance of failure, each over several powers of ten."""
    eta, instances, delta = torch.rand(3, generator=rng, dtype=torch.float64).mul(6).tolist()
    return float(f"{0.5 * 10**-eta:.2g}"), round(10**instances), float(f"{0.5 * 10 ** -(delta / 2):.2g}")


def _two_needs(got: float, right: float, eta: float, instances: int, delta: float = 0.01) -> str:
    accuracy, bits = math.log2(1 / eta) + 3, max(0.0, math.log2(0.01 / eta))
    n = next(n for n in itertools.count(1) if 2 * (1 + n) / 2**n <= delta / instances)
    return (
        f"this is not the larger of the two needs, rounded up: here accuracy needs {accuracy:.2f}, "
        f"and safety {n} + {bits:.2f} = {n + bits:.2f}"
    )


@exercise(
    compare_logits,
    "Do they answer alike?",
    minutes=10,
    level=1,
    hints=(
        "Two networks are each right on 98 of 100 digits. On how many digits may they give different answers?",
        "`logits.argmax(1)` gives the answers. The first result compares the answers of the two, the second is the "
        "largest entry of the size of target - ticket. The labels are not needed.",
        "same = target.argmax(1) == ticket.argmax(1)\n"
        "return same.double().mean().item(), (target - ticket).abs()....item()",
    ),
    returns=lambda result, *_: numbers(result, 2, "two numbers: share answered alike, largest difference"),
)
def check_compare_logits(attempt: Attempt) -> None:
    """Logits in which agreement, accuracy, mean and maximum are all different; then random ones."""
    target = torch.tensor([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [1.0, 0.0, 0.5], [0.0, 0.5, 4.0]])
    ticket = torch.tensor([[2.0, 1.5, 0.0], [0.0, 2.0, 2.5], [1.0, 0.0, 0.5], [0.25, 0.5, 1.25]])
    pairs = [(target, ticket), (ticket, target)]  # once the largest difference is above, once below
    pairs += [(target[1:], ticket[1:]), (target[:1], ticket[:1]), (-target, -ticket)]  # alike: two of three, one of one
    pairs.append((target, target + torch.tensor([0.5, 0.25, 0.125])))  # all of them above
    first = torch.tensor([[10.0], [1.0], [1.0], [1.0]])  # the largest logit of all is at the same place
    pairs.append((first * target, first * ticket))
    for rows in (7, 40, 2_000):
        a = torch.randn(rows, 10, generator=attempt.rng)
        pairs.append((a, a + 0.8 * torch.randn(rows, 10, generator=attempt.rng)))
    compare(
        attempt,
        pairs,
        close=lambda one, other, *_: np.allclose(one, other, rtol=1e-5, atol=1e-6),
        show=lambda got, right, a, b: (
            f"{_rows(a)} and {_rows(b)}: {difference(got, right)}"
            if len(a) < 5
            else f"logits of shape {tuple(a.shape)}: {difference(got, right)}"
        ),
        otherwise=_which_number,
    )


def _which_number(got: Sequence[float], right: Sequence[float], a: torch.Tensor, b: torch.Tensor) -> str:
    if not math.isclose(got[0], right[0], abs_tol=1e-5):
        alike = int((a.argmax(1) == b.argmax(1)).sum())
        return (
            "the first number is not the share of inputs that both answer alike: "
            f"here their largest logits stand at the same place in {alike} of {len(a)} rows"
        )
    i, j = divmod(int((a - b).abs().argmax()), a.shape[1])
    return (
        "the second number is not the largest difference of any logit: "
        f"here it is at [{i}, {j}], where one has {float(a[i, j]):.4g} and the other {float(b[i, j]):.4g}"
    )


def _rows(logits: torch.Tensor) -> str:
    return str([[round(x, 3) for x in row] for row in logits.tolist()])


@exercise(
    error_bound,
    "The certificate",
    minutes=15,
    level=3,
    hints=(
        "A layer gets an input that is off by D, and is itself off by E. How far off can its output be at most?",
        "Two numbers go from layer to layer: `length`, the longest input of the second network's layer, and "
        "`difference`. The bias is a weight for an input of 1, which makes the input sqrt(length^2 + 1) long. Norms "
        "are largest singular values: np.linalg.norm(matrix, 2).",
        "length, difference = reach, 0.0\nfor W_b, second, E in zip(target, made, errors):\n"
        "    longest = np.sqrt(length**2 + 1)\n"
        "    difference = norm(W_b[:, :-1]) * difference + norm(E) * ...\n    length = norm(second) * ...\n"
        "return difference",
    ),
    returns=lambda result, *_: number(result, "one number, the bound for the last layer"),
)
def check_error_bound(attempt: Attempt) -> None:
    """Small networks in which one part matters at a time; then random ones."""
    compare(
        attempt,
        _errors(attempt),
        close=lambda one, other, *_: math.isclose(one, other, rel_tol=1e-5, abs_tol=1e-9),
        show=_bound_shown,
        otherwise=lambda got, right, *_: (
            f"this is {'less' if got < right else 'more'} than the two rules give; follow them layer by layer"
        ),
    )


Layers = list[Floats]


def _errors(attempt: Attempt) -> list[tuple[Layers, Layers, Layers, float]]:
    """The target's layers, those that were made, the errors, and how long an input may be."""

    def case(
        reach: float, *layers: tuple[list[list[float]], list[list[float]]]
    ) -> tuple[Layers, Layers, Layers, float]:
        target, errors = ([np.array(layer[part], float) for layer in layers] for part in (0, 1))
        return target, [t + e for t, e in zip(target, errors, strict=True)], errors, reach

    cases = [
        case(2.0, ([[0.5, 0.0]], [[0.0, 0.01]])),  # only a bias is off
        case(2.0, ([[0.5, 0.0]], [[0.02, 0.0]])),  # only a weight
        case(1.0, ([[0.5, 0.1]], [[0.02, 0.0]]), ([[3.0, 0.2]], [[0.0, 0.0]])),  # carried through layer 2
        case(1.0, ([[0.5, 3.0]], [[0.0, 0.0]]), ([[0.3, 0.2]], [[0.04, 0.0]])),  # a bias makes layer 2's input long
        case(1.5, ([[0.5, 0.1], [0.5, 0.1]], [[0.03, 0.0], [0.0, 0.04]])),  # two outputs: a norm, not a sum
    ]
    for sizes in ((4, 5, 3), (3, 6, 5, 2)):
        target, made, errors = (
            [
                size * torch.randn(m, n + 1, generator=attempt.rng, dtype=torch.float64).numpy()
                for n, m in itertools.pairwise(sizes)
            ]
            for size in (1.0, 1.0, 0.05)
        )
        made[-1][0] = made[-1][0, 0]  # some numbers are equal
        cases.append((target, made, errors, math.sqrt(sizes[0])))
    return cases


def _bound_shown(
    got: float, right: float, target: list[Floats], made: list[Floats], errors: list[Floats], reach: float
) -> str:
    known = f"{len(target)} layers"
    if max(t.size for t in target) <= 4:
        shown = [[np.round(part, 3).tolist() for part in parts] for parts in (target, errors)]
        known = f"target {shown[0]}, errors {shown[1]}"
    length, steps = reach, []
    for i, layer in enumerate(made, 1):
        length = float(np.linalg.norm(layer, 2)) * math.hypot(length, 1)
        so_far = error_bound(target[:i], made[:i], errors[:i], reach)
        steps.append(f"after layer {i} length is {length:.4g} and difference {so_far:.4g}")
    return f"{known}, inputs up to {reach:g}: got {got:.5g}, expected {right:.5g}; by the rules, {', '.join(steps)}"
