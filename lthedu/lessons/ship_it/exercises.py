"""This lesson's exercises. The references are the library's own functions, but for the bug to find."""

import itertools
import math

import torch
from torch import Tensor

from lthedu.exercises.compare import Case, compare
from lthedu.exercises.core import Attempt, exercise, same_tensor
from lthedu.exercises.values import brief, difference
from lthedu.lessons.ship_it.reading import distance, levels, matrix, position, settling, sliding, two_layers
from lthedu.pruning import remove_constant
from lthedu.sparsity import from_bits, to_bits, to_levels
from lthedu.tickets.distances import hamming, relative_distance
from lthedu.tickets.early_bird import early_bird

CLOSE = 1e-6


def set_to_zero(weights: Tensor, mask: Tensor) -> Tensor:
    """The weights where mask is True, and elsewhere 0.0, whose bits are all zero.

    >>> set_to_zero(torch.tensor([-5.0, -7.0]), torch.tensor([False, True]))
    tensor([ 0., -7.])
    """
    return torch.where(mask, weights, 0.0)


def times_mask(weights: Tensor, mask: Tensor) -> Tensor:
    """The bug: a negative weight times 0 is -0.0."""
    return weights * mask


@exercise(
    set_to_zero,
    "Find the bug: the zip is larger than it should be",
    minutes=5,
    level=1,
    hints=(
        "In Python, type `-5.0 * 0`. What do you see, and is it equal to 0.0?",
        "A negative weight times False is -0.0. It equals 0.0 and has another bit. So do not multiply: choose, for "
        "each place, between the weight and 0.0.",
        "return torch.where(mask, weights, ...)",
    ),
    returns=lambda got, weights, mask: same_tensor(got, weights, "the answer"),
    given=times_mask,
)
def check_set_to_zero(attempt: Attempt) -> None:
    """Small layers with both signs, a full and an empty mask, then random ones; compared bit by bit."""
    signs = torch.tensor([[1.5, -2.0], [-0.5, 3.0]])
    masks = [
        torch.tensor(m).view(2, 2) for m in ([True, False, True, False], [False] * 4, [True] * 4, [False, True] * 2)
    ]
    cases: list[Case] = [(one, mask) for one in (signs, torch.tensor([[2.0, 2.0], [-2.0, -2.0]])) for mask in masks]
    for shape in ((3, 4), (20,)):
        cases.append((torch.randn(shape, generator=attempt.rng), torch.rand(shape, generator=attempt.rng) < 0.4))
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: torch.equal(a.view(torch.int32), b.view(torch.int32)),
        otherwise=lambda got, right, *_: (
            "these numbers are equal, but some zeros are -0.0"
            if torch.equal(got, right)
            else "these are not the weights that the mask keeps, and 0 elsewhere"
        ),
    )


@exercise(
    from_bits,
    "Unpack without loss",
    minutes=15,
    level=2,
    hints=(
        "The bits say which places hold a value. In which order do the values come, and where does the first one go?",
        "`np.unpackbits(np.frombuffer(bits, np.uint8), count=n)` gives n zeros and ones. Use them as a mask on a row "
        "of n zeros, put the values there, and give the row its shape at the end.",
        "n = shape[0] * shape[1]\nstored = np.unpackbits(np.frombuffer(bits, np.uint8), count=n).astype(bool)\n"
        "matrix = torch.zeros(n)\nmatrix[torch.from_numpy(stored)] = ...\nreturn matrix.view(shape)",
    ),
    returns=lambda got, bits, values, shape: matrix(got, shape, values.dtype),
)
def check_from_bits(attempt: Attempt) -> None:
    """Shapes with and without spare bits in the last byte; nothing stored, everything, and special numbers."""
    made = [
        torch.tensor(
            [[1.0, 0.0, 0.0, 2.0], [0.0, 3.0, 0.0, 0.0]]
        ),  # whole bytes first: none raises, whatever the order
        torch.tensor([[0.0, 5.0, 0.0], [7.0, 0.0, 8.0]]),
        torch.zeros(2, 3),
        torch.ones(3, 3),
        torch.tensor([[0.0, -0.0, float("inf"), 0.0]]),
    ]
    for shape in ((4, 8), (5, 7), (9, 2)):
        numbers = torch.randn(shape, generator=attempt.rng)
        made.append(torch.where(torch.rand(shape, generator=attempt.rng) < 0.4, numbers, 0.0))
    compare(
        attempt,
        [(*to_bits(one), tuple(one.shape)) for one in made],
        close=lambda a, b, *_: torch.equal(a.view(torch.int32), b.view(torch.int32)),
        show=lambda got, right, bits, values, shape: (
            f"bits {' '.join(f'{b:08b}' for b in bits)}, values {brief(values)}, shape {shape}: "
            f"{difference(got, right)}"
        ),
        otherwise="that is not the matrix that was packed",
    )


@exercise(
    to_levels,
    "Round to a few levels",
    minutes=10,
    level=2,
    hints=(
        "With 4 bits there are the whole numbers -7 to 7. Which weight of a row should become 7 or -7?",
        "The largest absolute value of a row, divided by 7, is the row's scale. Each weight divided by the scale, and "
        "rounded, is its code.",
        "top = 2 ** (bits - 1) - 1\nscale = weights.abs().amax(1, keepdim=True) / ...\n"
        "return (weights / scale).round(), scale",
    ),
    returns=lambda got, weights, bits: levels(got, weights),
)
def check_to_levels(attempt: Attempt) -> None:
    """Rows by hand whose largest weight is positive, negative, first and last; then random ones, in 2 to 8 bits."""
    cases: list[Case] = [
        (torch.tensor([[0.45, -1.4, 0.0, 0.81]]), 4),
        (torch.tensor([[3.0, -0.2], [0.1, 0.05]]), 3),
        (torch.tensor([[2.0, 0.9, -1.2]]), 2),
        (torch.tensor([[0.5, -0.5, 0.5]]), 3),
    ]
    cases += [(torch.randn(3, 6, generator=attempt.rng), bits) for bits in (2, 3, 5, 8)]
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: torch.equal(a[0], b[0]) and torch.allclose(a[1], b[1], rtol=1e-4),
        otherwise="those are not the codes and the scale of each row",
    )


@exercise(
    remove_constant,
    "Remove neurons that read nothing",
    minutes=15,
    level=2,
    hints=(
        "A hidden neuron has no incoming weight left. What does it give for any input? And what do its readers get?",
        "It gives relu(bias), always. Each of its readers gets that number times the weight from it, and that sum can "
        "go into the reader's own bias. Then the neuron's row, bias and outgoing column can go.",
        "reads = (weight != 0).any(1)\nconstant = bias[~reads].relu()\n"
        "return weight[reads], bias[reads], next_weight[:, reads], next_bias + ...",
    ),
    returns=lambda got, weight, bias, next_weight, next_bias: two_layers(got, weight, next_weight),
)
def check_remove_constant(attempt: Attempt) -> None:
    """Constant neurons with positive and negative biases, none and only constant ones, then random layers."""
    out, more = torch.tensor([[1.0, 10.0], [2.0, 30.0]]), torch.tensor([0.5, -0.5])
    first = torch.tensor([[1.0, 2.0], [0.0, 0.0]])
    cases: list[Case] = [
        (first, torch.tensor([0.0, 3.0]), out, more),
        (first, torch.tensor([1.0, -3.0]), out, more),
        (torch.ones(2, 3), torch.tensor([1.0, 2.0]), out, more),
        (first, torch.tensor([2.0, 2.0]), torch.tensor([[3.0, 3.0], [1.0, 3.0]]), torch.tensor([2.0, 2.0])),
        (torch.zeros(2, 3), torch.tensor([1.0, 2.0]), out, more),
        (torch.tensor([[1.0, -1.0], [0.0, 2.0]]), torch.tensor([1.0, 2.0]), torch.tensor([[0.0, 1.0]]), more[:1]),
    ]
    for _ in range(3):
        weight = torch.randn(5, 4, generator=attempt.rng)
        weight[torch.randperm(5, generator=attempt.rng)[:2]] = 0
        others = (torch.randn(shape, generator=attempt.rng) for shape in ((5,), (3, 5), (3,)))
        cases.append((weight, *others))
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: all(
            p.shape == q.shape and torch.allclose(p, q, atol=1e-4) for p, q in zip(a, b, strict=True)
        ),
        show=_layers_shown,
        otherwise="the next layer does not get what it got before",
    )


def _layers_shown(got: tuple[Tensor, ...], right: tuple[Tensor, ...], weight: Tensor, bias: Tensor, *_: Tensor) -> str:
    case = f"weight {brief(weight)}, bias {brief(bias)}"
    if len(got[1]) != len(right[1]):
        return f"{case}: got weight {brief(got[0])}, expected {brief(right[0])}"
    return f"{case}: {difference([*got], [*right])}"


@exercise(
    relative_distance,
    "How far apart are two masks?",
    minutes=10,
    level=2,
    hints=(
        "Two random masks keep 5 % each. At which share of all places do they differ? Is that far?",
        "With densities p and q two random masks differ at a share p (1 - q) + q (1 - p) of all places: one keeps and "
        "the other does not. Divide the measured share by that. If it is 0, both masks are full or both are empty.",
        "p, q = a.double().mean().item(), b.double().mean().item()\nexpected = ...  # a keeps and b does not, or b and "
        "not a\ndiffer = (a != b).double().mean().item()\nreturn differ / expected if expected else 0.0",
    ),
    returns=lambda got, a, b: distance(got, a, b),
)
def check_relative_distance(attempt: Attempt) -> None:
    """Masks of equal and of different densities, equal masks, complements; then full and empty ones."""
    sizes = ((40, 0.5, 0.5), (200, 0.1, 0.1), (60, 0.2, 0.7), (500, 0.05, 0.05))
    pairs = [(_random_mask(attempt, n, p), _random_mask(attempt, n, q)) for n, p, q in sizes]
    a, square = _random_mask(attempt, 30, 0.3), _random_mask(attempt, 36, 0.4).view(6, 6)
    pairs += [(a, a), (a, ~a), (square, square.T.contiguous())]
    full, empty = torch.ones(8, dtype=torch.bool), torch.zeros(8, dtype=torch.bool)
    half = _random_mask(attempt, 8, 0.5)
    ends = [(full, empty), (empty, full), (full, half), (half, empty)]
    for cases in (pairs, [*pairs, (full, full), (empty, empty), *ends]):
        compare(
            attempt,
            cases,
            close=lambda a, b, *_: math.isclose(a, b, rel_tol=1e-5, abs_tol=CLOSE),
            show=lambda got, right, a, b: (
                f"densities {a.double().mean():.3g} and {b.double().mean():.3g}, {100 * hamming(a, b):.3g} % of the "
                f"places differ: {difference(got, right)}"
            ),
            otherwise=lambda got, right, a, b: (
                "equal masks never differ: their distance is 0, also that of two full or two empty ones"
                if torch.equal(a, b)
                else "this is not the share of differing places over chance's"
            ),
        )


def _random_mask(attempt: Attempt, n: int, density: float) -> Tensor:
    mask = torch.zeros(n, dtype=torch.bool)
    mask[torch.randperm(n, generator=attempt.rng)[: round(density * n)]] = True
    return mask


@exercise(
    early_bird,
    "When has a mask settled?",
    minutes=15,
    level=2,
    hints=(
        "How many masks must have been seen before the first decision, if the newest is compared with window - 1 "
        "before it?",
        "Go through the masks in order, from position window - 1. Compare the newest with *each* of the window - 1 "
        "masks before it: the share of places that differ must be at most the threshold in every comparison. Return "
        "the position of the first such mask, or None.",
        "for newest in range(window - 1, len(masks)):\n    before = masks[newest - window + 1 : newest]\n"
        "    if all(... <= threshold for m in before):  # the share of places at which m and the newest differ\n"
        "        return newest\nreturn None",
    ),
    returns=lambda got, *_: position(got),
)
def check_early_bird(attempt: Attempt) -> None:
    """Masks that settle slowly, at once, twice, or never; a distance exactly at the threshold; few masks."""
    slow = settling(attempt, [0.4, 0.3, 0.2, 0.15, 0.12, 0.05, 0.02, 0.01, 0.01, 0.0, 0.0])
    drift = [0.3] * 4 + [0.08] * 8  # each late step is small, all together are not
    returns = settling(attempt, [0.0, 0.4, 0.0, 0.0, 0.3, 0.0, 0.0, 0.0, 0.0])
    first, one, other = slow[0], *(slow[0] ^ (torch.arange(100) // 8 == i) for i in (1, 2))  # 8 places apart, or 16
    near = first ^ (torch.arange(100) < 6)
    settled = [
        (slow, 0.1, 5),
        (slow, 0.1, 3),
        (returns, 0.1, 4),
        (returns, 0.1, 3),
        ([first, ~first, first, ~first, ~first, ~first], 0.1, 3),  # near to one mask, and not to the last
        (settling(attempt, [0.4, 0.2, 0.0]), 0.25, 2),
        (settling(attempt, [0.25, 0.0, 0.0]), 0.25, 2),  # a quarter is a quarter in every kind of number
        (settling(attempt, [0.02, 0.03, 0.4, 0.0, 0.0, 0.0]), 0.1, 3),  # the first three are enough
        (settling(attempt, [*drift, 0.0, 0.0, 0.0, 0.0, 0.0]), 0.1, 5),
        ([~first, one, other, first, first, first], 0.1, 3),  # near to the newest, and not to each other
        ([~first, first, one, other, other, other], 0.1, 3),  # near to the oldest, and not to the newest
        ([one, other, first, first], 0.1, 2),  # near to both that are not near to each other
        ([~first, first, near, first, near, near, near], 0.1, 4),  # there and back again
        (sliding(attempt, [36, 20, 12, 8, 7, 6, 5]), 0.31, 2),
    ]
    others = [([first] * 6, 0.0, 4), (settling(attempt, drift), 0.1, 5), ([first] * 3, 0.1, 4)]
    for cases in (settled, settled + others):
        compare(
            attempt,
            cases,
            show=_bird_shown,
            otherwise=lambda got, right, *_: (
                "there is a mask that has settled, and it returned None"
                if got is None
                else "this is not the first mask within the threshold of each of the window - 1 masks before it"
            ),
        )


def _bird_shown(got: int | None, right: int | None, sequence: list[Tensor], threshold: float, window: int) -> str:
    steps = ", ".join(f"{hamming(x, y):.2f}" for x, y in itertools.pairwise(sequence))
    return f"changes from mask to mask {steps}; threshold {threshold}, window {window}: got {got}, expected {right}"
