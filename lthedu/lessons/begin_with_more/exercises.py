"""This lesson's exercises. The references are the library's own functions."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from lthedu.exercises.compare import Case, compare
from lthedu.exercises.core import Attempt, Wrong, exercise
from lthedu.exercises.readers import items, number, whole
from lthedu.exercises.values import brief, difference
from lthedu.experiments.verdicts import REFUTED, SUPPORTED, UNDECIDED, by_rule
from lthedu.networks.hopfield import strongest_pairs
from lthedu.networks.paths import count_paths, on_a_path
from lthedu.pruning import through
from lthedu.sparsity import weight_steps
from lthedu.stats import mean_interval


@exercise(
    through,
    "Follow a schedule",
    minutes=10,
    level=2,
    hints=(
        "Between which two points does `at` lie? And which share of the way from the first to the second is that?",
        "Go through neighbouring points. Between (t0, d0) and (t1, d1) the share of the way is (at - t0) / (t1 - t0), "
        "and the density is d0 plus that share of d1 - d0. Before the first and after the last point it stays.",
        "if at < points[0][0]:\n    return points[0][1]\nfor (t0, d0), (t1, d1) in zip(points, points[1:]):\n"
        "    if t0 <= at < t1:\n        return d0 + ... * (at - t0) / (t1 - t0)\nreturn ...",
    ),
    returns=lambda got, *_: number(got, "one density"),
)
def check_through(attempt: Attempt) -> None:
    """Before, at, between and after points at uneven distances; one point alone; then random schedules."""
    up_and_down = [(0.0, 0.1), (0.25, 0.5), (1.0, 0.2)]
    late = [(10.0, 0.9), (20.0, 0.3), (60.0, 0.1)]
    cases: list[Case] = [(up_and_down, at) for at in (0.0, 0.1, 0.25, 0.4, 0.85, 1.0, 1.5)]
    cases += [(late, at) for at in (4.0, 10.0, 12.0, 30.0, 55.0, 60.0, 99.0)]
    cases += [([(0.0, 0.03)], at) for at in (0.0, 0.7)]
    jump = [(0.0, 0.3), (0.0, 0.1), (0.5, 0.1), (0.5, 0.6), (1.0, 0.2)]  # two points at one time: from the second on
    cases += [(jump, at) for at in (0.0, 0.25, 0.5, 0.75)]
    for _ in range(6):
        times = (torch.rand(4, generator=attempt.rng).cumsum(0) + 0.1).tolist()
        heights = torch.rand(4, generator=attempt.rng).tolist()
        at = 3 * torch.rand((), generator=attempt.rng).item()
        cases.append((list(zip(times, heights, strict=True)), at))
    compare(attempt, cases, otherwise="this is not on the straight lines through the points")


@exercise(
    weight_steps,
    "Add up weights over time",
    minutes=10,
    level=1,
    hints=(
        "How many steps does the network train with the first number of weights? And with the last one?",
        "Each number of weights counts from its own step to the next pair's step, and the last one to `steps`. "
        "Multiply and add. What if a change comes later than `steps`?",
        "ends = [begin for begin, _ in kept[1:]] + [steps]\ntotal = 0\n"
        "for (begin, weights), end in zip(kept, ends):\n"
        "    total += weights * max(0, ... - begin)  # no further than `steps`\nreturn total",
    ),
    returns=lambda got, *_: whole(got, "a whole number, weights times steps"),
)
def check_weight_steps(attempt: Attempt) -> None:
    """One number for all steps, one change, several, changes at and after the end; then random ones."""
    cases: list[Case] = [
        ([(0, 5)], 10),
        ([(0, 10), (5, 4)], 8),
        ([(0, 3), (2, 30), (6, 3)], 20),
        ([(0, 100), (1, 50), (2, 25)], 4),
        ([(0, 7), (4, 9), (12, 1)], 10),
        ([(0, 7), (10, 9)], 10),
        ([(0, 2), (3, 8), (11, 4), (15, 6)], 10),
    ]
    for _ in range(4):
        begins = torch.randperm(30, generator=attempt.rng)[:3].sort().values + 1
        weights = torch.randint(1, 60, (4,), generator=attempt.rng).tolist()
        cases.append((list(zip([0, *begins.tolist()], weights, strict=True)), 40))
    compare(attempt, cases, otherwise="these are not the weights of each step, added up")


def truths(got: Any, shape: Sequence[int], what: str) -> Tensor:
    """A bool tensor of this shape out of whatever holds zeros and ones, or Wrong."""
    try:
        found = torch.as_tensor(got, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError, MemoryError):
        raise Wrong(f"{what} is {brief(got)}; expected True and False, shape {tuple(shape)}") from None
    if found.shape != tuple(shape):
        raise Wrong(f"{what} has shape {tuple(found.shape)}; expected {tuple(shape)}")
    if not bool(((found == 0) | (found == 1)).all()):
        raise Wrong(f"{what} holds {brief(found)}; expected True and False, or 1 and 0")
    return found.bool()


@exercise(
    strongest_pairs,
    "Keep the strongest pairs",
    minutes=15,
    level=2,
    hints=(
        "In how many places of the matrix does one pair of units stand? Where do you look, so that you meet it once?",
        "Take the scores above the diagonal only, where each pair stands once. Find the `pairs` largest, set their "
        "places to True, and mirror the mask.",
        "rows, columns = torch.triu_indices(len(scores), len(scores), offset=1)\n"
        "best = scores[rows, columns].argsort(descending=True)[...]\nmask = torch.zeros(scores.shape, dtype=torch.bool)"
        "\nmask[rows[best], columns[best]] = True\nreturn mask | ...",
    ),
    returns=lambda got, scores, pairs: truths(got, scores.shape, "the mask"),
)
def check_strongest_pairs(attempt: Attempt) -> None:
    """Small ones by hand, a large diagonal, negative scores, no pair and all of them; then random scores."""
    three = torch.tensor([[0.0, 5.0, 1.0], [5.0, 0.0, 3.0], [1.0, 3.0, 0.0]])
    signed = torch.tensor([[0.0, -5.0, 1.0], [-5.0, 0.0, 3.0], [1.0, 3.0, 0.0]])
    cases: list[Case] = [(three, 1), (three, 2), (three + 9 * torch.eye(3), 2), (signed, 1), (signed, 2)]
    cases += [(three, 0), (three, 3)]
    for units, pairs in ((4, 3), (5, 4), (8, 6), (12, 40)):
        scores = torch.rand(units, units, generator=attempt.rng)
        cases.append((scores + scores.T, pairs))
    star = torch.zeros(5, 5)  # one unit has all the strong pairs
    star[0, 1:] = star[1:, 0] = torch.tensor([9.0, 8.0, 7.0, 6.0])
    cases.append((star + 0.1 * (three.new_ones(5, 5) - torch.eye(5)), 3))
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: torch.equal(a, b),
        otherwise=lambda got, right, scores, pairs: (
            f"it keeps {int(got.sum())} entries of the matrix; {pairs} pairs are {2 * pairs} of them"
            if got.sum() != right.sum()
            else "it keeps as many as it should, and not those of the largest scores"
        ),
    )


@exercise(
    count_paths,
    "Count the paths",
    minutes=10,
    level=2,
    hints=(
        "By how many paths can you reach a hidden unit from the inputs? And then a unit of the next layer?",
        "The product of the second mask with the first one, as whole numbers, says how many paths lead from each input "
        "to each unit of the second layer. Go on to the last mask, and add up all entries.",
        "product = layers[0].long()\nfor mask in layers[1:]:\n    product = ... @ product\nreturn int(product.sum())",
    ),
    returns=lambda got, *_: whole(got, "a whole number of paths"),
)
def check_count_paths(attempt: Attempt) -> None:
    """One layer, two, a dead end, no path at all, more than float32 holds; then random masks."""
    first = torch.tensor([[True, True, False], [False, False, True]])
    cases: list[Case] = [
        ([first],),
        ([first, torch.tensor([[True, True]])],),
        ([first, torch.tensor([[True, False], [True, False]])],),
        ([first, torch.tensor([[False, False]])],),
        ([first, torch.tensor([[True, True], [True, False]]), torch.tensor([[True, True]])],),
        ([torch.ones(61, 61, dtype=torch.bool), *[torch.ones(61, 61, dtype=torch.bool)] * 3, torch.ones(1, 61) > 0],),
    ]
    for sizes in ((4, 3, 2), (5, 4, 4, 3), (6, 5, 5, 4, 2)):
        cases.append((random_layers(sizes, 0.5, attempt),))
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: a == b,
        show=lambda got, right, layers: f"{_in_digits(layers)}: {difference(got, right)}",
        otherwise="this is not the number of paths from any input to any output",
    )


@exercise(
    on_a_path,
    "Which units still work?",
    minutes=15,
    level=3,
    hints=(
        "A unit has an input weight, but the unit that it reads has none. Does anything from the image arrive?",
        "Go forward once and note for each unit whether an input reaches it. Go backward once and note whether it "
        "reaches an output. A unit works if both hold.",
        "ahead = [torch.ones(layers[0].shape[1], dtype=torch.bool)]\nfor mask in layers[:-1]:\n"
        "    ahead.append((mask & ahead[-1]).any(1))\nback, found = torch.ones(len(layers[-1]), dtype=torch.bool), []\n"
        "for mask, reached in zip(layers[:0:-1], ahead[:0:-1]):\n    back = (mask & back[:, None]).any(0)\n"
        "    found.insert(0, ...)\nreturn found",
    ),
    returns=lambda got, layers: [
        truths(one, (len(mask),), "a layer's answer")
        for one, mask in zip(
            items(got, len(layers) - 1, "a list with a bool tensor for each hidden layer"), layers, strict=False
        )
    ],
)
def check_on_a_path(attempt: Attempt) -> None:
    """Units without inputs, without readers, behind or before one of these; then sparse random masks."""
    chain = [torch.eye(3, dtype=torch.bool), torch.eye(3, dtype=torch.bool), torch.ones(1, 3, dtype=torch.bool)]
    cut_in, cut_middle, cut_out = ([m.clone() for m in chain] for _ in range(3))
    cut_in[0][0], cut_middle[1][1], cut_out[2][:, 2] = False, False, False
    cases: list[Case] = [
        ([torch.tensor([[True, True, False], [False, False, False]]), torch.tensor([[True, True]])],),
        ([torch.tensor([[True, False], [False, True]]), torch.tensor([[True, False]])],),
        (chain,),
        (cut_in,),
        (cut_middle,),
        (cut_out,),
    ]
    for sizes in ((5, 6, 3), (5, 6, 6, 3), (6, 8, 8, 8, 2)):
        cases += [(random_layers(sizes, 0.2, attempt),) for _ in range(2)]
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: all(torch.equal(x, y) for x, y in zip(a, b, strict=True)),
        show=lambda got, right, layers: (
            f"{_in_digits(layers)}: got {_in_digits(got, ' and ')}, expected {_in_digits(right, ' and ')}"
        ),
        otherwise="these are not the units that lie on a path from an input to an output",
    )


def _in_digits(masks: Sequence[Tensor], joint: str = " then ") -> str:
    """Masks as rows of 0 and 1, in full where they are small."""
    return joint.join(brief(mask.int()) for mask in masks) or "no mask"


def random_layers(sizes: Sequence[int], density: float, attempt: Attempt) -> list[Tensor]:
    """Random masks of an MLP of these sizes."""
    return [torch.rand(out, inputs, generator=attempt.rng) < density for inputs, out in pairwise(sizes)]


@exercise(
    by_rule,
    "Write the rule",
    minutes=10,
    level=2,
    hints=(
        "Take the differences 3, 4, 5, 4, 4. Their mean is 4. Could the true mean be 3.5? How far from 4 could it be?",
        "The interval reaches from mean - t s / sqrt(n) to mean + t s / sqrt(n), where s has n - 1 in its denominator "
        "and t is `scipy.stats.t.ppf(0.975, n - 1)`. `mean_interval` of `lthedu.stats` gives mean, low and high. "
        "Compare both ends with the threshold, and not with 0.",
        "mean, low, high = mean_interval(differences)\nif low >= threshold:\n    return ...\n"
        "return 'REFUTED' if ... else 'UNDECIDED'",
    ),
    returns=lambda got, *_: _verdict(got),
)
def check_by_rule(attempt: Attempt) -> None:
    """One row by hand, then random rows, with thresholds on both sides of both ends of each interval."""
    rows = [[3.0, 4.0, 5.0, 4.0, 4.0], [-0.5, 0.25, 0.5, -1.0, 0.0, 0.75], [-2.0, -1.0, -3.0, -2.5, -1.5]]
    rows += [(3 * torch.randn(n, generator=attempt.rng) + 1).tolist() for n in (5, 9, 30)]
    rows.append([1.0, 1.5, 2.0, 9.0, 1.0, 1.5])  # one seed is far from the others
    cases: list[Case] = []
    for row in rows:
        mean, _, high = mean_interval(row)
        for share in (0.2, 0.5, 0.75, 0.9, 0.96, 1.04, 1.2, 1.9, 3.0):  # of the half width
            cases += [(row, round(mean + sign * share * (high - mean), 4)) for sign in (-1, 1)]
    compare(attempt, cases, show=_ruled, otherwise="that is not the verdict of the 95 % interval")


def _verdict(got: object) -> str:
    words = (SUPPORTED, REFUTED, UNDECIDED)
    if not isinstance(got, str) or got.strip().upper() not in words:
        raise Wrong(f"it returned {brief(got)}; expected one of the words {', '.join(words)}")
    return got.strip().upper()


def _ruled(got: str, right: str, differences: list[float], threshold: float) -> str:
    row = ", ".join(f"{d:.3g}" for d in differences) if len(differences) < 10 else f"{len(differences)} differences"
    mean, low, high = mean_interval(differences)
    interval = f"mean {mean:.3f}, 95 % interval {low:.3f} to {high:.3f}"
    return f"{row} ({interval}), threshold {threshold}: returned {got}, expected {right}"
