"""Checks of lesson 03, rewinding. The references are the library's own functions."""

import itertools
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lthedu import masks
from lthedu.exercises.core import Attempt, Wrong, brief, exercise, same_tensors
from lthedu.masks import Mask, Params
from lthedu.tickets.distances import chance_hamming, hamming, iou, relative_distance
from lthedu.tickets.early_bird import early_bird
from lthedu.tickets.rewinding import rescaled, rewind
from lthedu.tickets.stability import error_barrier

# 3.1 ---------------------------------------------------------------------------------------------------------

CLOSE = 1e-6


@exercise(
    error_barrier,
    "The hill between two networks",
    minutes=15,
    level=2,
    hints=(
        "Which weights lie a quarter of the way from `a` to `b`? Every parameter moves by the same share.",
        "Measure the error at `points` evenly spaced shares from 0 to 1, both ends included. The barrier is "
        "the largest "
        "of these errors less the *mean of the errors at the two ends*. `error` may give a tensor, one number for each "
        "of R networks: take the largest over the points, for each network alone.",
        "errors = []\nfor i in range(points):\n    t = i / (points - 1)\n"
        "    errors.append(torch.as_tensor(error({n: (1 - t) * a[n] + t * b[n] for n in a})))\n"
        "errors = torch.stack(errors)\nreturn errors.amax(0) - (errors[0] + errors[-1]) / 2",
    ),
)
def check_error_barrier(attempt: Attempt) -> None:
    """A hill, uneven ends, a bowl without a hill, other numbers of points; then several networks at once."""
    hill, uneven = [0.1, 0.2, 0.4, 0.2, 0.1], [0.1, 0.15, 0.3, 0.45, 0.2]
    for heights in (hill, uneven, [0.3, 0.1, 0.05, 0.1, 0.1]):
        _compare_barrier(attempt, [heights], 5)
    _compare_barrier(attempt, [[0.2, 0.3, 0.7, 0.3, 0.5, 0.3, 0.3, 0.3, 0.3, 0.3, 0.4]], 11)
    _compare_barrier(attempt, [[0.25, 0.5]], 2)
    _compare_barrier(attempt, [hill, uneven, [0.5, 0.1, 0.1, 0.1, 0.1]], 5)


class _Valley:
    """Errors by place on a line between two networks; it remembers where it was asked."""

    def __init__(self, attempt: Attempt, heights: Sequence[Sequence[float]]) -> None:
        self.heights = torch.tensor(heights, dtype=torch.float64)  # (R, points)
        r = len(heights)
        draw = [torch.randn(r, 3, generator=attempt.rng, dtype=torch.float64) for _ in range(4)]
        self.a: Params = {"weight": draw[0], "bias": draw[1]}
        self.b: Params = {"weight": draw[0] + draw[2].abs() + 1, "bias": draw[1] - draw[3].abs() - 1}
        self.asked: list[float | None] = []  # shares of the way; None beside the line

    def __call__(self, weights: Params) -> Tensor | float:
        share = None
        if isinstance(weights, dict) and set(weights) == set(self.a):
            steps = [(weights[n] - self.a[n]) / (self.b[n] - self.a[n]) for n in self.a]
            shares = torch.cat([s.flatten() for s in steps])
            if float(shares.max() - shares.min()) < CLOSE:
                share = float(shares.mean())
        self.asked.append(share)
        if share is None or not -CLOSE <= share <= 1 + CLOSE:
            height = torch.full((len(self.heights),), 0.9, dtype=torch.float64)
        else:
            at = max(0.0, share) * (self.heights.shape[1] - 1)
            low = min(int(at + CLOSE), self.heights.shape[1] - 2)
            height = torch.lerp(self.heights[:, low], self.heights[:, low + 1], at - low)
        return height if len(self.heights) > 1 else float(height)


def _compare_barrier(attempt: Attempt, heights: Sequence[Sequence[float]], points: int) -> None:
    valley = _Valley(attempt, heights)
    got = attempt(valley.a, valley.b, valley, points)
    right = valley.heights.amax(1) - (valley.heights[:, 0] + valley.heights[:, -1]) / 2
    try:
        found = torch.as_tensor(got, dtype=torch.float64).flatten()
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; expected a number, or one for each network") from None
    if found.shape != right.shape:
        raise Wrong(
            f"it returned {found.numel()} numbers for {len(right)} networks measured at once; each network has its own "
            "barrier: take the largest over the points, not over the networks"
        )
    if torch.allclose(found, right, rtol=0, atol=CLOSE):
        return
    errors = ", ".join(f"{h:.2f}" for h in heights[0])
    example = f"errors on the line {errors}: got {float(found[0]):.4f}, expected {float(right[0]):.4f}"
    raise Wrong(_which_barrier(found, right, valley, points), example)


def _which_barrier(found: Tensor, right: Tensor, valley: _Valley, points: int) -> str:
    """What a wrong barrier most likely is."""
    h, asked = valley.heights, valley.asked
    first, last = h[:, 0], h[:, -1]
    expected = [i / (points - 1) for i in range(points)]

    def is_(other: Tensor) -> bool:
        return torch.allclose(found, other, rtol=0, atol=CLOSE)

    if any(share is None for share in asked):
        return "it left the straight line: every parameter moves by the same share, (1 - t) a + t b"
    known = [
        (is_(h.amax(1)), "this is the largest error on the line; subtract the mean of the errors at the two ends"),
        (is_(h.amax(1) - torch.minimum(first, last)), "it subtracts the better end; subtract the mean of both"),
        (is_(h.amax(1) - torch.maximum(first, last)), "it subtracts the worse end; subtract the mean of both"),
        (is_(h.amax(1) - first), "it subtracts the error of `a` alone; subtract the mean of both ends"),
        (is_(h.amax(1) - last), "it subtracts the error of `b` alone; subtract the mean of both ends"),
        (is_(h.mean(1) - (first + last) / 2), "it takes the mean over the line; the barrier is the highest point"),
        (is_((first + last) / 2 - h.amax(1)), "the sign is turned round: the hill less the ends, not the ends less it"),
        (is_(100 * right), "this is in percent; return it in the unit of `error`"),
        (is_(h.amax(1) - h.amin(1)), "it subtracts the lowest point of the line; subtract the mean of the two ends"),
    ]
    for holds, words in known:
        if holds:
            return words
    if len(asked) < points or not all(min(abs((s or 0.0) - e) for s in asked) < 1e-4 for e in expected):
        seen = ", ".join(f"{s:.2f}" for s in sorted({round(s or 0.0, 4) for s in asked}))
        return f"points={points} means the shares {', '.join(f'{e:.2f}' for e in expected)}; it asked at {seen}"
    return "this is not the largest error on the line less the mean of the errors at the ends"


# 3.2 ---------------------------------------------------------------------------------------------------------


@exercise(
    rewind,
    "Rewind, bit for bit",
    minutes=10,
    level=1,
    hints=(
        "Which weights were there at step k, before anybody knew a mask? Are biases part of them?",
        "Take every parameter of `snapshots[step]`. Where the mask names it, put exact zeros where the mask "
        "is False, with "
        "`torch.where`; a product leaves NaN where the weight is infinite. Copy what has no mask: training "
        "works in place.",
        "kept = snapshots[step]\nreturn {name: torch.where(mask[name], p, torch.zeros_like(p)) if name in "
        "mask else p.clone()\n"
        "        for name, p in kept.items()}",
    ),
)
def check_rewind(attempt: Attempt) -> None:
    """Several steps, one of them 0; biases; memory of its own; a step that was not kept; an infinite weight."""
    snapshots, mask = _snapshots(attempt)
    for step in (0, 7, 20):
        got = attempt(snapshots, mask, step)
        right = masks.apply(mask, snapshots[step])
        found = same_tensors(got, right, "the result")
        if any(not torch.equal(found[n], right[n]) for n in right):
            raise Wrong(_which_rewind(found, snapshots, mask, step), _first_difference(found, right, step))
        given = attempt.given[0][step]
        if shared := [n for n in found if found[n].data_ptr() == given[n].data_ptr()]:
            raise Wrong(
                f"{shared[0]!r} shares its memory with the snapshot: the next training would change the "
                f"snapshot, and the "
                "next rewinding would not go back to it. Copy it"
            )
    wild: Params = {"w": torch.tensor([math.inf, 2.0, -math.inf])}
    got = attempt({5: wild}, {"w": torch.tensor([False, True, False])}, 5)
    if isinstance(got, dict) and isinstance(got.get("w"), Tensor) and bool(got["w"].isnan().any()):
        raise Wrong("a pruned weight must be exactly 0, whatever it was: infinity times 0 is NaN; use torch.where")
    if not torch.equal(same_tensors(got, wild, "the result")["w"], torch.tensor([0.0, 2.0, 0.0])):
        raise Wrong("a pruned weight must be exactly 0, whatever it was", "infinite weights under the mask")


def _snapshots(attempt: Attempt) -> tuple[dict[int, Params], Mask]:
    shapes = {"layers.0.weight": (3, 4), "layers.0.bias": (3,), "layers.1.weight": (2, 3), "layers.1.bias": (2,)}
    snapshots = {
        step: {n: torch.randn(s, generator=attempt.rng) for n, s in shapes.items()} for step in (0, 7, 20, 600)
    }
    mask = {n: torch.rand(s, generator=attempt.rng) < 0.6 for n, s in shapes.items() if len(s) > 1}
    for m in mask.values():
        m[0, 0], m[-1, -1] = False, True
    return snapshots, mask


def _first_difference(found: Params, right: Params, step: int) -> str:
    name = next(n for n in right if not torch.equal(found[n], right[n]))
    place = tuple((found[name] != right[name]).nonzero()[0].tolist())
    got, right_one = float(found[name][place]), float(right[name][place])
    return f"step {step}, {name}{list(place)}: got {got:.6g}, expected {right_one:.6g}"


def _which_rewind(found: Params, snapshots: dict[int, Params], mask: Mask, step: int) -> str:
    """What wrong weights most likely are."""
    at = snapshots[step]
    right = masks.apply(mask, at)

    def is_(other: Params, atol: float = 0.0) -> bool:
        return all(torch.allclose(found[n], other[n], rtol=0, atol=atol) for n in other)

    biases = [n for n in right if n not in mask]
    for other, weights in snapshots.items():
        if other != step and is_(masks.apply(mask, weights)):
            which = "trained" if other == max(snapshots) else "initial" if other == 0 else f"step-{other}"
            return f"these are the masked {which} weights, not those of the step that was asked for"
        if other != step and is_({n: weights[n] if n in biases else right[n] for n in right}):
            return f"the weights are right, but the biases are those of step {other}: they are rewound, too"
    one = {n: p[None] for n, p in at.items()}
    scaled = {n: p[0] for n, p in rescaled(one, {n: m[None] for n, m in mask.items()}).items()}
    known = [
        (is_(at), "nothing is pruned: put zeros where the mask is False"),
        (
            is_({n: torch.where(mask[n], 0.0, p) if n in mask else p for n, p in at.items()}),
            "it keeps what the mask prunes and prunes what it keeps: True means kept",
        ),
        (
            is_({n: right[n] if n in mask else torch.zeros_like(p) for n, p in at.items()}),
            "the biases are zero: they have no mask, and are rewound like the weights",
        ),
        (is_(scaled, 1e-6), "the kept weights are scaled; rewinding takes them as they were (the lesson scales later)"),
        (
            is_({n: p.half().float() for n, p in right.items()}),
            "the weights went through half precision: keep all bits",
        ),
        (is_(right, 1e-3), "nearly, but not bit for bit: take the weights as they are, without any arithmetic"),
        (
            is_({n: torch.where(mask[n], p.sign(), 0.0) if n in mask else p for n, p in at.items()}),
            "these are the signs of the weights, not the weights",
        ),
    ]
    return next((words for holds, words in known if holds), "these are not the weights of that step under the mask")


# 3.3 ---------------------------------------------------------------------------------------------------------


@exercise(
    relative_distance,
    "How far apart are two masks?",
    minutes=10,
    level=2,
    hints=(
        "Two random masks keep 5 % each. At which share of all places do they differ? Is that far?",
        "With densities p and q two random masks differ at a share p (1 - q) + q (1 - p) of all places: one "
        "keeps and the "
        "other does not. Divide the measured share by that. If it is 0, both masks are full or both are empty.",
        "p, q = a.double().mean().item(), b.double().mean().item()\nexpected = p * (1 - q) + q * (1 - p)\n"
        "differ = (a != b).double().mean().item()\nreturn differ / expected if expected else 0.0",
    ),
)
def check_relative_distance(attempt: Attempt) -> None:
    """Masks of equal and of different densities, equal masks, complements; then full and empty ones."""
    for n, p, q in ((40, 0.5, 0.5), (200, 0.1, 0.1), (60, 0.2, 0.7), (500, 0.05, 0.05)):
        a, b = _random_mask(attempt, n, p), _random_mask(attempt, n, q)
        _compare_distance(attempt(a, b), a, b)
    a = _random_mask(attempt, 30, 0.3)
    for b in (a, ~a):
        _compare_distance(attempt(a, b), a, b)
    square = _random_mask(attempt, 36, 0.4).view(6, 6)
    _compare_distance(attempt(square, square.T.contiguous()), square, square.T)
    full, empty = torch.ones(8, dtype=torch.bool), torch.zeros(8, dtype=torch.bool)
    for pair in ((full, full), (empty, empty), (full, empty)):
        _compare_distance(attempt(*pair), *pair)


def _random_mask(attempt: Attempt, n: int, density: float) -> Tensor:
    mask = torch.zeros(n, dtype=torch.bool)
    mask[torch.randperm(n, generator=attempt.rng)[: round(density * n)]] = True
    return mask


def _compare_distance(got: object, a: Tensor, b: Tensor) -> None:
    right = relative_distance(a, b)
    try:
        found = float(got)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; expected one number") from None
    if math.isclose(found, right, rel_tol=1e-5, abs_tol=CLOSE):
        return
    p, q = float(a.double().mean()), float(b.double().mean())
    example = f"densities {p:.3g} and {q:.3g}, {100 * hamming(a, b):.3g} % of the places differ: "
    raise Wrong(_which_distance(found, a, b, p, q), example + f"got {found:.4f}, expected {right:.4f}")


def _which_distance(found: float, a: Tensor, b: Tensor, p: float, q: float) -> str:
    """What a wrong distance most likely is."""
    differ, expected, n = hamming(a, b), chance_hamming(p, q), a.numel()

    def is_(other: float) -> bool:
        return math.isclose(found, other, rel_tol=1e-5, abs_tol=CLOSE)

    if math.isnan(found) or math.isinf(found):
        return f"it returned {found}: two full masks, or two empty ones, never differ; their distance is 0"
    if not expected:
        return "two full masks, or two empty ones, are equal: the distance is 0"
    known = [
        (is_(differ), "this is the plain Hamming distance: divide it by what two random masks have"),
        (is_(n * differ), "this counts the places; take the share of places, and divide by what chance expects"),
        (
            is_(1 - iou(a, b)),
            "this is 1 - IoU: it starts from the kept places alone, and is not measured against chance",
        ),
        (is_(iou(a, b)), "this is the IoU, which is large for masks that agree; a distance is 0 for equal masks"),
        (is_(1 - differ / expected), "this is turned round: equal masks have distance 0, random ones 1"),
        (is_(differ / (p * (1 - q))), "chance has two ways to differ: only a keeps, or only b keeps; add the second"),
        (is_(differ / (q * (1 - p))), "chance has two ways to differ: only a keeps, or only b keeps; add the second"),
        (is_(differ / (2 * p * (1 - p))), "it takes the first mask's density for both; use each mask's own"),
        (is_(differ / (p + q)), "p + q is the most by which they can differ; chance expects p (1 - q) + q (1 - p)"),
        (is_(differ * expected), "divide by what chance expects, do not multiply"),
        (is_(100 * differ / expected), "this is in percent; return a share"),
        (
            is_(min(1.0, differ / expected)),
            "masks may avoid each other: the distance can be above 1, do not cut it off",
        ),
    ]
    return next((words for holds, words in known if holds), "this is not the share of differing places over chance's")


# 3.4 ---------------------------------------------------------------------------------------------------------


@exercise(
    early_bird,
    "When has a mask settled?",
    minutes=15,
    level=2,
    hints=(
        "How many masks must have been seen before the first decision, if the newest is compared with window "
        "- 1 before it?",
        "Go through the masks in order, from position window - 1. Compare the newest with *each* of the "
        "window - 1 masks "
        "before it: the share of places that differ must be at most the threshold in every comparison. Return "
        "the position "
        "of the first such mask, or None.",
        "for newest in range(window - 1, len(masks)):\n    before = masks[newest - window + 1 : newest]\n"
        "    if all((masks[newest] != m).double().mean().item() <= threshold for m in before):\n        return newest\n"
        "return None",
    ),
)
def check_early_bird(attempt: Attempt) -> None:
    """Masks that settle slowly, at once, twice, or never; a distance exactly at the threshold; few masks."""
    slow = _settling(attempt, [0.4, 0.3, 0.2, 0.15, 0.12, 0.05, 0.02, 0.01, 0.01, 0.0, 0.0])
    wander = _settling(attempt, [0.3] * 4 + [0.08] * 8)  # each late step is small, all together are not
    returns = _settling(attempt, [0.0, 0.4, 0.0, 0.0, 0.3, 0.0, 0.0, 0.0, 0.0])
    still = [slow[0]] * 6
    for sequence, threshold, window in (
        (slow, 0.1, 5),
        (slow, 0.1, 3),
        (wander, 0.1, 5),
        (returns, 0.1, 4),
        (returns, 0.1, 3),
        (still, 0.0, 4),
        (still[:3], 0.1, 4),
        (_settling(attempt, [0.1, 0.0, 0.0]), 0.1, 2),
    ):
        _compare_bird(attempt, sequence, threshold, window)


def _settling(attempt: Attempt, changes: Sequence[float], n: int = 100) -> list[Tensor]:
    """Masks of 100 places, half of them kept; from one to the next the given shares of places change, never back."""
    order = torch.randperm(n, generator=attempt.rng)
    mask = torch.zeros(n, dtype=torch.bool)
    mask[order[::2]] = True
    found, at = [mask], 0
    for share in changes:
        mask, count = mask.clone(), round(share * n)
        for i in range(count):
            mask[order[(at + i) % n]] ^= True
        at += count
        found.append(mask)
    return found


def _compare_bird(attempt: Attempt, sequence: list[Tensor], threshold: float, window: int) -> None:
    right = early_bird(sequence, threshold, window)
    got = attempt(sequence, threshold, window)
    if isinstance(got, Tensor) and got.numel() > 1:
        raise Wrong("it returned a mask; return its position in `masks`, or None")
    whole = (isinstance(got, Tensor) and got.numel() == 1) or (isinstance(got, int | float) and got == got)
    if got is not None and (isinstance(got, bool) or not whole):
        raise Wrong(f"it returned {brief(got)}; expected a position in `masks`, or None")
    found = None if got is None else int(got)
    if found == right:
        return
    steps = ", ".join(f"{hamming(x, y):.2f}" for x, y in itertools.pairwise(sequence))
    example = (
        f"changes from mask to mask {steps}; threshold {threshold}, window {window}: got {found}, expected {right}"
    )
    raise Wrong(_which_bird(found, right, sequence, threshold, window), example)


def _which_bird(found: int | None, right: int | None, sequence: list[Tensor], threshold: float, window: int) -> str:
    """What a wrong position most likely is."""

    def first(settled: Callable[[int], bool], start: int = window - 1) -> int | None:
        return next((i for i in range(start, len(sequence)) if settled(i)), None)

    def before(i: int) -> list[float]:
        return [hamming(sequence[i], m) for m in sequence[max(0, i - window + 1) : i]]

    neighbours = [0.0] + [hamming(x, y) for x, y in itertools.pairwise(sequence)]
    if found == -1 and right is None:
        return "no mask has settled: return None, not -1, which is the last position in Python"
    if found == len(sequence) - 1 and right is None:
        return "no mask has settled: return None, not the last position"
    known = [
        (
            first(lambda i: bool(before(i)) and max(before(i)) <= threshold, 0),
            "it decides before `window` masks are seen",
        ),
        (
            first(lambda i: bool(before(i)) and max(before(i)) <= threshold, 1),
            "it decides before `window` masks are seen",
        ),
        (
            first(lambda i: max(before(i)) < threshold),
            "a distance of exactly the threshold counts as settled: <=, not <",
        ),
        (
            first(lambda i: before(i)[-1] <= threshold),
            "it compares with the mask just before alone; all of the window count",
        ),
        (
            first(lambda i: max(neighbours[i - window + 2 : i + 1]) <= threshold),
            "it compares neighbours with each other; small steps add up: compare the *newest* with each one before it",
        ),
        (first(lambda i: min(before(i)) <= threshold), "one near mask is not enough: each of the window must be near"),
        (
            first(lambda i: sum(before(i)) / len(before(i)) <= threshold),
            "it takes the mean distance; the largest one decides",
        ),
        (
            first(lambda i: all(1 - iou(sequence[i], m) <= threshold for m in sequence[i - window + 1 : i])),
            "it measures 1 - IoU; the rule counts the share of all places that differ",
        ),
        (
            first(
                lambda i: i >= window and max(hamming(sequence[i], m) for m in sequence[i - window : i]) <= threshold
            ),
            "it compares with `window` masks before; the window counts the newest, too: window - 1 before it",
        ),
        (
            None if right is None else right - window + 1,
            "this is where the window begins; return the newest one's position",
        ),
        (None if right is None else right + 1, "positions count from 0"),
    ]
    for position, words in known:
        if found == position:
            return words
    if found is None:
        return "there is a mask that has settled, and it returned None"
    return "this is not the first mask within the threshold of each of the window - 1 masks before it"
