"""Checks of lesson 09, the proof built. The references are the functions that build it."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, Wrong, brief, exercise
from lthedu.proof import closest_subset, compare_logits, error_bound, first_mask, normalise, one_weight
from lthedu.proof.target import forward
from lthedu.proof.widths import subset_width

Floats = NDArray[np.float64]


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
)
def check_one_weight(attempt: Attempt) -> None:
    """The function that is left, on both sides of zero, against the best that these neurons can do."""
    cases: list[tuple[list[float], list[float], float]] = [
        ([0.5, -0.5], [0.8, -0.8], 0.4),
        ([0.5, 1.0, -0.8, -0.6], [1.0, 0.9, -0.5, 0.7], 0.5),
        ([0.5, 0.7, -0.4, 0.0, -0.9], [-0.6, -0.2, 0.9, 0.3, 0.35], -0.3),  # one neuron has no incoming weight at all
        ([0.5, 0.25, -0.5], [0.9, -0.8, 0.6], 0.0),
    ]
    for n in (8, 11):
        a, b = (2 * torch.rand(2, n, generator=attempt.rng, dtype=torch.float64) - 1).tolist()
        cases.append((a, b, float(torch.rand((), generator=attempt.rng)) / 2 + 0.1))
    # every case is answered before any is judged, so that a mistake is told by all that it does
    answers = [(_choice(attempt(a, b, w, closest_subset), len(a)), a, b, w) for a, b, w in cases]
    for keep, a, b, w in answers:
        if not _as_good(keep, a, b, w):
            raise Wrong(_which_pair(answers), _pair_shown(keep, a, b, w))
    for keep, a, _, _ in answers:
        if any(kept and x == 0 for kept, x in zip(keep, a, strict=True)):
            raise Wrong("it keeps a neuron whose incoming weight is 0: a dead neuron, that says nothing to anybody")
    calls: list[float] = []

    def watched(numbers: Sequence[float], target: float) -> list[bool]:
        calls.append(target)
        return [False] * len(numbers)

    keep = _choice(attempt([0.5, -0.5], [1.0, 1.0], 0.5, watched), 2)
    if any(keep) or not calls:
        raise Wrong(
            "it does not ask `choose` which products to keep: call choose(products, target), once for each sign"
        )


def _slopes(keep: Sequence[bool], a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """What the kept neurons compute at x = 1, and at x = -1."""
    kept = [(x, y) for k, x, y in zip(keep, a, b, strict=True) if k]
    return sum(max(x, 0) * y for x, y in kept), sum(max(-x, 0) * y for x, y in kept)


def _best_slopes(a: list[float], b: list[float], w: float) -> tuple[float, float]:
    return _slopes(one_weight(a, b, w), a, b)


def _as_good(keep: Sequence[bool], a: list[float], b: list[float], w: float) -> bool:
    """Whether it is as near to w x as the reference, on either side of zero."""
    pairs = zip(_slopes(keep, a, b), _best_slopes(a, b, w), (w, -w), strict=True)
    return all(abs(mine - wanted) <= abs(best - wanted) + 1e-9 for mine, best, wanted in pairs)


def _choice(got: object, many: int) -> list[bool]:
    """The choice that came back, if it is one bool for each neuron."""
    expected = f"expected {many} times True or False, one for each hidden neuron"
    try:
        values = [v.item() if hasattr(v, "item") else v for v in got]  # type: ignore[attr-defined]
    except (TypeError, RuntimeError, ValueError):
        raise Wrong(f"it returned {brief(got)}; {expected}") from None
    if len(values) != many:
        raise Wrong(f"it returned {len(values)} values, {brief(values)}; {expected}")
    if any(v not in (0, 1) for v in values):
        raise Wrong(f"it returned {brief(values)}; {expected}: which neurons to keep, not what they compute")
    return [bool(v) for v in values]


Answers = list[tuple[list[bool], list[float], list[float], float]]


def _which_pair(answers: Answers) -> str:
    """What a choice that misses most likely comes from, if one mistake explains every answer."""

    def explains(wrong: Callable[[list[float], list[float], float], list[bool]]) -> bool:
        same = zip(*[(_slopes(k, a, b), _slopes(wrong(a, b, w), a, b)) for k, a, b, w in answers], strict=True)
        return all(np.allclose(x, y) for x, y in zip(*same, strict=True))

    def branches(a: list[float], b: list[float], up: float, down: float, products: Any = None) -> list[bool]:
        value = products or (lambda x, y: abs(x) * y)
        keep = [False] * len(a)
        for sign, target in ((1, up), (-1, down)):
            mine = [j for j, x in enumerate(a) if sign * x > 0]
            chosen = closest_subset([value(a[j], b[j]) for j in mine], target)
            for j, k in zip(mine, chosen, strict=True):
                keep[j] = k
        return keep

    known: list[tuple[Callable[[list[float], list[float], float], list[bool]], str]] = [
        (
            lambda a, b, w: branches(a, b, w, w),
            "for x < 0 it adds up to w, and must add up to -w: there the neurons see |x|, and w x is -w |x|",
        ),
        (
            lambda a, b, w: [k and x > 0 for k, x in zip(one_weight(a, b, w), a, strict=True)],
            "nothing answers to x < 0: neurons with a negative incoming weight are needed, too",
        ),
        (
            lambda a, b, w: [k and x < 0 for k, x in zip(one_weight(a, b, w), a, strict=True)],
            "nothing answers to x > 0",
        ),
        (
            lambda a, b, w: closest_subset([x * y for x, y in zip(a, b, strict=True)], w),
            "it puts all products into one sum; but a neuron with a negative incoming weight is silent for x > 0, and "
            "one with a positive is for x < 0: the two groups never add up",
        ),
        (
            lambda a, b, w: closest_subset([abs(x) * y for x, y in zip(a, b, strict=True)], w),
            "it puts all products into one sum; but no neuron answers to both signs of x: choose in each group apart",
        ),
        (
            lambda a, b, w: branches(a, b, w, -w, lambda x, y: y),
            "it adds up outgoing weights alone; a neuron contributes the product of its incoming and outgoing weight",
        ),
        (
            lambda a, b, w: branches(a, b, -w, w),
            "the two signs are exchanged: the neurons with a > 0 are the ones that answer to x > 0",
        ),
        (
            lambda a, b, w: [not k for k in one_weight(a, b, w)],
            "the choice is turned round: True means kept",
        ),
    ]
    for wrong, words in known:
        if explains(wrong):
            return words
    up = all(abs(_slopes(k, a, b)[0] - w) <= abs(_best_slopes(a, b, w)[0] - w) + 1e-9 for k, a, b, w in answers)
    side = "x < 0" if up else "x > 0"
    return f"for {side} the neurons that are kept are not the subset that comes nearest to w x"


def _pair_shown(keep: Sequence[bool], a: list[float], b: list[float], w: float) -> str:
    (up, down), (best_up, best_down) = _slopes(keep, a, b), _best_slopes(a, b, w)
    return (
        f"incoming {_row(a)}, outgoing {_row(b)}, weight {w:.3g}: at x = 1 it gives {up:.3g} "
        f"(possible: {best_up:.3g}), at x = -1 {down:.3g} (possible: {best_down:.3g})"
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
)
def check_first_mask(attempt: Attempt) -> None:
    """A small case with a neuron of each kind, then random ones."""
    second = np.array([[True, False, False, True], [True, False, True, False], [False, False, False, False]])
    cases = [(second, np.array([1, 0, 2, -1]), 3), (second[:1], np.array([0, 0, 0, 0]), 2)]
    for _ in range(3):
        many = int(torch.randint(6, 12, (), generator=attempt.rng))
        owner = torch.randint(-1, 4, (many,), generator=attempt.rng).numpy()
        keep = (torch.rand(3, many, generator=attempt.rng) < 0.3).numpy()
        cases.append((keep, owner, 5))  # nobody owns the last column
    for keep, owner, columns in cases:
        got = _mask(attempt(keep, owner, columns), keep, owner, columns)
        right = first_mask(keep, owner, columns)
        if not np.array_equal(got, right):
            example = (
                f"second = {keep.astype(int).tolist()}, owner = {owner.tolist()}: got {got.astype(int).tolist()}, "
            )
            raise Wrong(_which_first(got, keep, owner, columns), example + f"expected {right.astype(int).tolist()}")


def _mask(got: object, keep: NDArray[np.bool_], owner: NDArray[np.int64], columns: int) -> NDArray[np.bool_]:
    if not isinstance(got, np.ndarray | torch.Tensor | list | tuple):
        raise Wrong(f"it returned {brief(got)}; expected an array of bools, ({len(owner)}, {columns})")
    try:
        table = np.asarray(got)
    except ValueError:
        raise Wrong(f"it returned {brief(got)}; its rows differ in length") from None
    if table.shape == (len(keep), len(owner), columns):
        raise Wrong("it makes a first mask for every output; there is one first layer, and all outputs share it")
    if table.shape == (columns, len(owner)) and columns != len(owner):
        raise Wrong(f"its shape is {table.shape}: turned; a row is a hidden neuron, a column what it reads")
    if table.shape != (len(owner), columns):
        raise Wrong(f"its shape is {table.shape}; expected ({len(owner)}, {columns}): hidden neurons, columns")
    if table.dtype != bool and not np.isin(table, (0, 1)).all():
        raise Wrong(f"it holds {table.dtype} values such as {table.flat[0]!r}; a mask is True or False")
    return table.astype(bool)


def _which_first(got: NDArray[np.bool_], keep: NDArray[np.bool_], owner: NDArray[np.int64], columns: int) -> str:
    uses = keep.sum(0)
    owned = owner >= 0
    if np.array_equal(got, ~first_mask(keep, owner, columns)):
        return "the mask is turned round: True means kept"
    if got[~owned].any():
        return "a neuron that nobody owns (-1) keeps a weight; index -1 is the last column, here the bias"
    if (got.sum(1) > 1).any():
        return "a neuron keeps more than one incoming number: then it answers to a mixture of inputs"
    right = first_mask(keep, owner, columns)
    if np.array_equal(got, np.eye(columns, dtype=bool)[np.where(owned, owner, 0)] & owned[:, None]):
        return "every owned neuron keeps its weight, used or not: what no output reads is to be pruned"
    if np.array_equal(got, right & (uses == len(keep))[:, None]):
        return "only neurons that all outputs use are kept: one output that uses it is enough"
    if np.array_equal(got, right & keep[0][:, None]):
        return "it looks at the first output only: a neuron that another one uses is needed, too"
    if np.array_equal(got, right & (uses == 1)[:, None]):
        return "a neuron that several outputs share loses its weight; it has one value, which each may read"
    wrong = int(np.flatnonzero((got != right).any(1))[0])
    if uses[wrong] and got[wrong].any():
        return f"neuron {wrong} keeps column {int(got[wrong].argmax())}, but belongs to {int(owner[wrong])}"
    return (
        f"neuron {wrong} is {'' if uses[wrong] else 'not '}used by an output, and keeps {int(got[wrong].sum())} numbers"
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
)
def check_normalise(attempt: Attempt) -> None:
    """Equal functions, and sizes, on small networks with large biases; then a random one."""
    tiny = [np.array([[3.0, -1.0, 0.5]]), np.array([[2.0, 8.0]])]
    rng = attempt.rng
    random = [torch.randn(m, n + 1, generator=rng).double().numpy() * 2 for n, m in ((3, 5), (5, 4), (4, 2))]
    random[1][:, -1] *= 40  # a large bias decides the scale
    for layers, largest in ((tiny[:1], 0.25), (tiny, 0.25), (tiny, 1.0), (random, 0.25), (random, 0.5)):
        got, scale = _network(attempt(layers, largest), layers)
        _compare_networks(got, scale, layers, largest, rng)


def _network(got: object, layers: list[Floats]) -> tuple[list[Floats], float]:
    try:
        parts = list(got)  # type: ignore[call-overload]
        if len(parts) != 2:
            raise TypeError
        found, scale = [np.asarray(layer, float) for layer in parts[0]], float(parts[1])
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; expected the list of layers, and the scale") from None
    if [layer.shape for layer in found] != [layer.shape for layer in layers]:
        shapes = [layer.shape for layer in found]
        raise Wrong(f"its layers have the shapes {shapes}; expected {[layer.shape for layer in layers]}")
    if not all(np.isfinite(layer).all() for layer in found) or not math.isfinite(scale):
        raise Wrong("it returned NaN or infinity")
    return found, scale


def _compare_networks(
    got: list[Floats], scale: float, layers: list[Floats], largest: float, rng: torch.Generator
) -> None:
    x = torch.randn(20, layers[0].shape[1] - 1, generator=rng).double().numpy()
    wanted, found = forward(layers, x), forward(got, x)
    example = f"layers {[np.round(layer, 3).tolist() for layer in layers]}, largest {largest}" if len(x[0]) < 3 else ""
    sizes = [float(np.abs(layer).max()) for layer in got]
    if not np.allclose(scale * found, wanted, rtol=1e-6, atol=1e-6 * np.abs(wanted).max()):
        raise Wrong(_which_scale(got, scale, layers, largest, x), example)
    if max(sizes) > largest * (1 + 1e-6):
        layer = int(np.argmax(sizes))
        part = "bias" if np.abs(got[layer][:, -1]).max() > largest * (1 + 1e-6) else "weight"
        why = "; s must see the biases as well, in the units that they will have" if part == "bias" else ""
        raise Wrong(
            f"it is the same function, but the largest {part} of layer {layer + 1} is {sizes[layer]:.3g}{why}", example
        )
    if min(sizes) < largest * (1 - 1e-6):
        layer = int(np.argmin(sizes))
        raise Wrong(
            f"it is the same function, but layer {layer + 1} is smaller than it may be: its largest number is "
            f"{sizes[layer]:.3g}, allowed is {largest:g}. Smaller weights are harder to hit to a given share",
            example,
        )


def _which_scale(got: list[Floats], scale: float, layers: list[Floats], largest: float, x: Floats) -> str:
    """What makes the function another one."""
    right, right_scale = normalise(layers, largest)
    if all(np.allclose(a, b) for a, b in zip(got, right, strict=True)):
        if math.isclose(scale * right_scale, 1, rel_tol=1e-6):
            return "the layers are right and the scale is the inverse: the output must be multiplied by it"
        return f"the layers are right; the scale is {scale:.4g}, and the output must be multiplied by {right_scale:.4g}"
    if all(np.array_equal(a[:, -1], b[:, -1]) for a, b in zip(got, layers, strict=True)):
        return "the biases are what they were; they must shrink with what they are added to"
    first = got[0]
    if np.allclose(forward([first], x) * np.abs(forward(layers[:1], x)).max(), 0):
        return "the first layer became zero"
    ratio = _ratio(forward([first], x), forward(layers[:1], x))
    if ratio is None:
        return "in the first layer weights and biases are divided by different numbers: there both are divided by s"
    if ratio < 0:
        return "a layer was divided by a negative number, which a ReLU does not let through"
    if len(layers) > 1:
        return (
            "from the second layer on the biases do not fit: what they are added to has shrunk by all earlier s as "
            "well, so b is divided by the product of all s so far"
        )
    return "the network computes something else than before"


def _ratio(a: Floats, b: Floats) -> float | None:
    """a / b, where it is one number."""
    factor = float((a * b).sum() / (b * b).sum())
    return factor if np.allclose(a, factor * b, atol=1e-9) else None


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
    ]
    compare(
        attempt,
        cases,
        read=lambda result, *args: _whole(result),
        show=lambda got, right, eta, instances, delta=0.01: (
            f"eta = {eta:g}, {instances:,} weights, delta = {delta:g}: got {got:g}, expected {right:g}"
        ),
        otherwise="this is neither what accuracy needs nor what safety needs",
    )


def _whole(got: object) -> float:
    try:
        value = float(got)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; expected a number") from None
    if math.isnan(value):
        raise Wrong("it returned NaN")
    return value


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
)
def check_compare_logits(attempt: Attempt) -> None:
    """Logits in which agreement, accuracy, mean and maximum are all different; then random ones."""
    target = torch.tensor([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0], [1.0, 0.0, 0.5], [0.0, 0.5, 4.0]])
    ticket = torch.tensor([[2.0, 1.5, 0.0], [0.0, 2.0, 2.5], [1.0, 0.0, 0.5], [0.25, 0.5, 1.25]])
    pairs = [(target, ticket), (ticket, target)]  # once the largest difference is above, once below
    for rows in (5, 40):
        a = torch.randn(rows, 10, generator=attempt.rng)
        pairs.append((a, a + 0.8 * torch.randn(rows, 10, generator=attempt.rng)))
    for a, b in pairs:
        got = _two(attempt(a, b))
        right = compare_logits(a, b)
        if not np.allclose(got, right, atol=1e-5):
            numbers = f"got ({got[0]:.4g}, {got[1]:.4g}), expected ({right[0]:.4g}, {right[1]:.4g})"
            example = f"{_rows(a)} and {_rows(b)}: {numbers}"
            raise Wrong(_which_alike(got, a, b), example if len(a) < 5 else "")


def _two(got: object) -> tuple[float, float]:
    try:
        parts = list(got)  # type: ignore[call-overload]
        if len(parts) != 2:
            raise TypeError
        found = float(parts[0]), float(parts[1])
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(
            f"it returned {brief(got)}; expected two numbers: share answered alike, largest difference"
        ) from None
    if any(math.isnan(x) for x in found):
        raise Wrong("it returned NaN")
    return found


def _rows(logits: torch.Tensor) -> str:
    return str([[round(x, 3) for x in row] for row in logits.tolist()])


def _which_alike(got: tuple[float, float], a: torch.Tensor, b: torch.Tensor) -> str:
    share, most = compare_logits(a, b)
    gap = (a - b).double()
    if math.isclose(got[0], share, abs_tol=1e-5):
        known = [
            (float(gap.max()), "the largest difference may be below zero: take its size first, then the largest"),
            (float(gap.abs().mean()), "this is the mean difference; the theorem speaks of the largest"),
            (float(gap.square().mean().sqrt()), "this is the root mean square; the theorem speaks of the largest"),
            (
                float(gap.norm(dim=1).max()),
                "this is the length of a row's difference; the largest of any logit is asked for",
            ),
            (
                float((a.max() - b.max()).abs()),
                "subtract first, then take the largest: these are the largest logits of each",
            ),
            (
                float((a.max(1).values - b.max(1).values).abs().max()),
                "the largest logits of a row need not be those that differ",
            ),
            (float(gap.square().max()), "this is the square of the largest difference"),
        ]
        for value, words in known:
            if math.isclose(got[1], value, rel_tol=1e-4, abs_tol=1e-6):
                return words
        return "the second number is not the largest difference of any logit"
    if math.isclose(got[0], 100 * share, abs_tol=1e-3):
        return "the share is in percent; return it as a number between 0 and 1"
    if math.isclose(got[0], 1 - share, abs_tol=1e-5):
        return "this is the share on which the two differ; the one on which they agree is asked for"
    if math.isclose(got[0], share * len(a), abs_tol=1e-3) and len(a) > 1:
        return "this is a number of inputs; return the share of them"
    if math.isclose(got[0], most, abs_tol=1e-5):
        return "the two numbers are exchanged: first the share answered alike, then the largest difference"
    columns = float((a.argmax(0) == b.argmax(0)).double().mean())
    if math.isclose(got[0], columns, abs_tol=1e-5):
        return "argmax goes down the columns; the answer to an input is the largest of its row: argmax(1)"
    return "the first number is not the share of inputs that both answer alike; labels or accuracies play no part in it"


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
)
def check_error_bound(attempt: Attempt) -> None:
    """Small networks in which one part matters at a time; then random ones, against the value and against truth."""
    for target, made, reach in _certified(attempt.rng):
        errors = [m - t for m, t in zip(made, target, strict=True)]
        got = _number(attempt(target, made, errors, reach))
        right = error_bound(target, made, errors, reach)
        if not math.isclose(got, right, rel_tol=1e-5, abs_tol=1e-9):
            example = f"{len(target)} layers, inputs up to {reach:g}: got {got:.5g}, expected {right:.5g}"
            if max(t.size for t in target) <= 4:
                shown = [np.round(t, 3).tolist() for t in target], [np.round(e, 3).tolist() for e in errors]
                example = (
                    f"target {shown[0]}, errors {shown[1]}, inputs up to {reach:g}: got {got:.5g}, expected {right:.5g}"
                )
            raise Wrong(_which_bound(got, target, made, errors, reach), example)


def _certified(rng: torch.Generator) -> list[tuple[list[Floats], list[Floats], float]]:
    def pair(*layers: tuple[list[list[float]], list[list[float]]]) -> tuple[list[Floats], list[Floats]]:
        target = [np.array(t, float) for t, _ in layers]
        return target, [t + np.array(e, float) for t, (_, e) in zip(target, layers, strict=True)]

    cases: list[tuple[list[Floats], list[Floats], float]] = [
        (*pair(([[0.5, 0.0]], [[0.0, 0.01]])), 2.0),  # only a bias is off
        (*pair(([[0.5, 0.0]], [[0.02, 0.0]])), 2.0),  # only a weight
        (*pair(([[0.5, 0.1]], [[0.02, 0.0]]), ([[3.0, 0.2]], [[0.0, 0.0]])), 1.0),  # carried through layer 2
        (*pair(([[0.5, 3.0]], [[0.0, 0.0]]), ([[0.3, 0.2]], [[0.04, 0.0]])), 1.0),  # a bias makes layer 2's input long
        (*pair(([[0.5, 0.1], [0.5, 0.1]], [[0.03, 0.0], [0.0, 0.04]])), 1.5),  # two outputs: a norm, not a sum
    ]
    for sizes in ((4, 5, 3), (3, 6, 5, 2)):
        target = [torch.randn(m, n + 1, generator=rng).double().numpy() for n, m in itertools.pairwise(sizes)]
        made = [t + 0.05 * torch.randn(t.shape, generator=rng).double().numpy() for t in target]
        cases.append((target, made, math.sqrt(sizes[0])))
    return cases


def _number(got: object) -> float:
    if isinstance(got, list | tuple | dict) or got is None:
        raise Wrong(f"it returned {brief(got)}; expected one number, the bound for the last layer")
    return _whole(got)


def _bound(
    target: list[Floats],
    made: list[Floats],
    errors: list[Floats],
    reach: float,
    norm: Callable[[Floats], float] = lambda m: float(np.linalg.norm(m, 2)),
    *,
    bias_of_error: bool = True,
    bias_of_length: bool = True,
    one: bool = True,
    carry: bool = True,
    by_target: bool = True,
    before: bool = True,
    grow: bool = True,
    add: bool = True,
) -> float:
    """The bound with one thing changed: what a mistake would compute."""
    length, difference = reach, 0.0
    for t, m, e in zip(target, made, errors, strict=True):
        longest = math.sqrt(length**2 + 1) if one else length
        if not before:
            length = norm(m) * longest
            longest = math.sqrt(length**2 + 1)
        through = norm((t if by_target else m)[:, :-1]) if carry else 1.0
        new = norm(e if bias_of_error else e[:, :-1]) * (longest if bias_of_error else length)
        difference = through * difference + new if add else max(through * difference, new)
        if grow and before:
            length = norm(m) * longest if bias_of_length else norm(m[:, :-1]) * length
    return difference


def _which_bound(got: float, target: list[Floats], made: list[Floats], errors: list[Floats], reach: float) -> str:
    """What a wrong bound most likely comes from."""

    def frobenius(m: Floats) -> float:
        return float(np.linalg.norm(m))

    def largest(m: Floats) -> float:
        return float(np.abs(m).max())

    args = (target, made, errors, reach)
    known = [
        (
            _bound(*args, bias_of_error=False),
            "the errors of the biases are forgotten: what is off by a bias is off, too",
        ),
        (
            _bound(*args, bias_of_length=False),
            "a bias makes a layer's output longer, and so the next layer's error larger: `length` must see it",
        ),
        (
            _bound(*args, bias_of_error=False, bias_of_length=False),
            "biases are forgotten, in the errors and in the lengths",
        ),
        (_bound(*args, one=False), "the bias is a weight for an input of 1: the input's length is sqrt(length^2 + 1)"),
        (
            _bound(*args, carry=False),
            "the difference that comes in is multiplied by the target's W, and here it is not",
        ),
        (_bound(*args, grow=False), "`length` stays at `reach`: every layer changes how long its output can be"),
        (_bound(*args, add=False), "the two parts of the difference can both happen, so they are added"),
        (
            _bound(*args, before=False),
            "`length` is taken after this layer; the layer's error meets the input that it gets, before it",
        ),
        (
            _bound(*args, frobenius),
            "this is the Frobenius norm, which is larger: the largest singular value is asked for",
        ),
        (
            _bound(*args, largest),
            "this takes the largest entry for the norm; many small entries make a large difference",
        ),
        (
            _bound(*args, by_target=False),
            "the difference that comes in is carried by the target's W, not by the one that was made",
        ),
        (
            _bound(target, target, errors, reach),
            "`length` is about the second network, so `made` decides it, not `target`",
        ),
        (
            _bound(errors, made, errors, reach),
            "the difference that comes in is carried by the target's W, not by the error",
        ),
    ]
    close = [words for value, words in known if math.isclose(got, value, rel_tol=1e-5, abs_tol=1e-9)]
    if close:
        return close[0]
    if math.isclose(got, _bound(*args) ** 2, rel_tol=1e-5):
        return "this is the square of the bound"
    return (
        "this is no bound that the two rules give"
        if got < _bound(*args)
        else "it is a larger number than the two rules give"
    )
