"""This lesson's exercises. The references are the library's own functions."""

import math
from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, Wrong, exercise, same_tensors
from lthedu.exercises.readers import number, numbers, whole
from lthedu.exercises.values import difference
from lthedu.lessons.many_small_lotteries.batched import batched_step
from lthedu.lessons.many_small_lotteries.cost import training_flops
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.stats import clopper_pearson, draws_needed, expected_best

W1, B1, W2, B2 = (f"layers.{i}.{kind}" for i in (0, 1) for kind in ("weight", "bias"))


@exercise(
    draws_needed,
    "How many draws",
    minutes=10,
    level=1,
    hints=(
        "Try p = 0.5 and chance = 0.8: after how many draws is the probability of no win at most 0.2?",
        "You want the smallest whole n for which (1 - p)^n is at most 1 - chance. Logarithms bring n down from the "
        "exponent. For p = 0 no number is enough (`math.inf`), for p = 1 one draw is.",
        "if p == 0: return math.inf\nif p == 1: return 1\n"
        "return math.ceil(... / math.log1p(-p))  # log1p(-p) is log(1 - p), exact for tiny p",
    ),
    returns=lambda got, p, chance=0.95: number(
        got, "math.inf for p = 0: no number of draws is enough" if p == 0 else f"one number for p = {p}"
    ),
)
def check_draws_needed(attempt: Attempt) -> None:
    """Ordinary chances, other confidences, two that are reached exactly, then the four at which a formula breaks."""
    cases = [*((p, 0.95) for p in (0.004, 0.3, 0.021, 0.6, 0.0005)), (0.05, 0.5), (0.2, 0.999)]
    cases += [(0.5, 0.5), (0.5, 0.75)]  # floats are exact there, in every logarithm
    cases += [(p, 0.95) for p in (0.92, 1.0, 0.0, 1e-13)]
    for tried in (cases, [*cases, (1e-17, 0.95)]):
        compare(
            attempt,
            tried,
            close=lambda a, b, p, *args: a == b or (0 < p < TINY and math.isclose(a, b) and a == round(a)),
            same=lambda a, b, p, *args: p in (0, 1) or math.isclose(a, b),
            show=lambda got, right, p, chance=0.95: f"p = {p}, chance {chance}: {difference(got, right)}",
            otherwise=_which_chance,
        )


TINY = 1e-9  # below which the last digits are not asked for


def _which_chance(got: float, right: float, p: float, *args: float) -> str:
    if p == 0:
        return "with p = 0 no number of draws is enough: return math.inf"
    if p == 1:
        return "with p = 1 the first draw wins: one draw is enough"
    if p < TINY:
        return "for a tiny p this is not the number of draws, which is whole, finite and about -log(1 - chance) / p"
    return "this is not the smallest n with 1 - (1 - p)^n at or above `chance`"


CLOSE = 1e-6


@exercise(
    clopper_pearson,
    "An interval that holds for no wins, too",
    minutes=15,
    level=2,
    hints=(
        "Take no win in 128 draws. At the upper end, no win has a probability of 2.5 %. How probable is then 1 win or "
        "more?",
        "Put wins + 1 in place of wins in what the text says of the lower end. If `wins` or fewer have a small "
        "probability, then wins + 1 or more have all the rest. Without wins the lower end is 0, with wins only the "
        "upper end is 1.",
        "tail = (1 - confidence) / 2\nlow = beta.ppf(tail, wins, draws - wins + 1)  # 0.0 if wins == 0\n"
        "high = beta.ppf(1 - tail, ..., ...)  # 1.0 if wins == draws",
    ),
    returns=lambda got, *_: numbers(got, 2, "two numbers: the lower and the upper end", nan=True),
)
def check_clopper_pearson(attempt: Attempt) -> None:
    """Both ends, for some wins, then for none and for all, and of many draws; another confidence last."""
    usual = [(3, 20), (40, 64), (1, 8), (0, 128), (0, 5), (12, 12), (20, 10_000), (5, 2000)]
    compare(
        attempt,
        [*((wins, draws, 0.95) for wins, draws in usual), (5, 30, 0.8), (0, 30, 0.99)],
        close=_same_ends,
        same=partial(_same_ends, tolerance=2e-5),
        show=lambda got, right, wins, draws, confidence=0.95: (
            f"{wins} wins in {draws} draws, confidence {confidence}: "
            + difference(*(torch.tensor(ends, dtype=torch.float64) for ends in (got, right)))
        ),
        otherwise=_which_end,
    )


Ends = tuple[float, float]


def _same_ends(a: Ends, b: Ends, *args: float, tolerance: float = CLOSE) -> bool:
    return all(
        math.isclose(x, y, abs_tol=tolerance) or (math.isnan(x) and math.isnan(y)) for x, y in zip(a, b, strict=True)
    )


def _which_end(got: Ends, right: Ends, wins: int, *args: float) -> str:
    if any(map(math.isnan, got)):
        which, end = ("no wins", 0) if wins == 0 else ("wins only", 1)
        return f"with {which} one end is not a quantile but {end}; here it is NaN"
    if math.isclose(got[0], right[0], abs_tol=CLOSE):
        return "the lower end is right, the upper end is not"
    if math.isclose(got[1], right[1], abs_tol=CLOSE):
        return "the upper end is right, the lower end is not"
    return "these are not the ends of Clopper and Pearson's interval"


@exercise(
    expected_best,
    "The best of N, chosen and reported",
    minutes=15,
    level=3,
    hints=(
        "Of the scores 1, 2, 3, draw two. Which pairs are there, and what is the larger of each?",
        "Sort by `chosen_by`. The i-th smallest of K (from 1) is the best of a set of n if it is in it and the "
        "n - 1 others come from the i - 1 below: C(i - 1, n - 1) of C(K, n) sets. Weigh each network's "
        "`reported` value by that.",
        "order = np.argsort(chosen_by)\nfor i, network in enumerate(order, 1):\n"
        "    chance = ... / math.comb(len(order), draws)\n"
        "    total += chance * reported[network]",
    ),
    returns=lambda got, *_: number(got),
)
def check_expected_best(attempt: Attempt) -> None:
    """Against the formula, with both rows equal and with different ones; the lesson's size last."""
    small = ((5, 2, True), (6, 3, True), (6, 1, True), (5, 5, True), (6, 3, False), (7, 2, False))
    cases = [_measured(attempt, *size) for size in (*small, (128, 64, False), (128, 1, False), (128, 128, False))]
    cases.append(([0.3, 0.9, 0.5, 0.6], [0.7, 0.4, 0.7, 0.2], 2))  # two report the same
    equals = ([0.5, 0.8, 0.8, 0.6], [0.4, 0.9, 0.3, 0.7], 2)  # of the two best either may be taken
    if number(attempt(*cases[4])) != number(attempt(*cases[4])):
        raise Wrong("two calls give different results: nothing need be drawn, all sets can be counted")
    for tried in (cases, [*cases, equals]):
        compare(
            attempt,
            tried,
            close=_whichever_is_taken,
            same=lambda a, b, *args: math.isclose(a, b, rel_tol=1e-6),
            show=lambda got, right, chosen_by, reported, draws: (
                f"{_rows(chosen_by, reported)}, draws {draws}: {difference(got, right)}"
            ),
            otherwise="this is not the exact mean, over all sets of `draws` networks, of what the best of each reports",
        )


def _whichever_is_taken(got: float, right: float, chosen_by: list[float], reported: list[float], draws: int) -> bool:
    """Whether it is right where equal scores stand in one order or another: the best report of them first, or last."""
    ends = []
    for sign in (1, -1):
        order = sorted(zip(chosen_by, (sign * r for r in reported), strict=True))
        ends.append(sign * expected_best(list(range(len(order))), [r for _, r in order], draws))
    return min(ends) - 1e-6 * abs(right) <= got <= max(ends) + 1e-6 * abs(right)


def _measured(attempt: Attempt, k: int, draws: int, same: bool) -> tuple[list[float], list[float], int]:
    scores = torch.rand(k, generator=attempt.rng, dtype=torch.float64).tolist()
    best = scores.index(max(scores))
    middle = k // 2  # so that the best is not among the first or the last
    scores[best], scores[middle] = scores[middle], scores[best]
    return scores, scores if same else torch.rand(k, generator=attempt.rng, dtype=torch.float64).tolist(), draws


def _rows(chosen_by: Sequence[float], reported: Sequence[float]) -> str:
    def row(values: Sequence[float]) -> str:
        return "[" + ", ".join(f"{v:.2f}" for v in values) + "]"

    many = len(chosen_by) >= 10
    return f"{len(chosen_by)} networks" if many else f"chosen by {row(chosen_by)}, reported {row(reported)}"


@exercise(
    training_flops,
    "What a training costs",
    minutes=5,
    level=1,
    hints=(
        "A weight multiplies one number and the product is added up: how many operations is that, for one example?",
        "Backward costs two more products like the forward one: the gradient of the weights, and the gradient of the "
        "layer's input, which the layer below needs. Which layer has no layer below it?",
        "forward = 2 * sum(weights)\nof_weights = 2 * sum(weights)\nof_inputs = ...  # who does without?\n"
        "return (forward + of_weights + of_inputs) * batch_size * steps",
    ),
    returns=lambda got, *_: whole(got, "one whole number, of operations"),
)
def check_training_flops(attempt: Attempt) -> None:
    """Networks of one to four layers, with every number different from the others."""
    compare(
        attempt,
        [
            ([19_600, 1_000], 32, 900),
            ([7, 3, 5], 2, 11),
            ([1_063, 252], 32, 7),
            ([40, 30, 20, 10], 3, 1),
            ([12], 5, 6),
            ([6, 6, 4], 5, 5),
            ([12, 40, 9], 4, 3),
        ],
        close=lambda a, b, *args: math.isclose(a, b, rel_tol=3e-7),
        show=lambda got, right, weights, batch, steps: (
            f"weights {weights}, batch_size {batch}, steps {steps}: got {got}, expected {right}"
        ),
        otherwise="this is not 2 operations a weight for the forward pass and 2 for each gradient that is needed",
    )


@exercise(
    batched_step,
    "Many networks, one step",
    minutes=20,
    level=3,
    hints=(
        "`torch.bmm` multiplies (R, a, b) by (R, b, c). Which of the two factors must be transposed to get from "
        "x (R, batch, in) and weights (R, hidden, in) to (R, batch, hidden), and which shape must a bias take?",
        "Compute logits (R, batch, out) for all networks, and one loss: for each network the mean over its own "
        "minibatch, and of these the *sum* over networks. Then the gradient that a network gets is its own "
        "loss's, whatever R is.",
        "leaves = {name: p.detach().requires_grad_() for name, p in params.items()}\n"
        "w1, b1, w2, b2 = leaves.values()\n"
        "h = torch.baddbmm(b1[:, None], x, w1.mT).relu()\nlogits = torch.baddbmm(b2[:, None], h, w2.mT)\n"
        "loss = cross_entropy(logits.flatten(0, 1), y.flatten(), reduction='sum') / ...\n"
        "grads = torch.autograd.grad(loss, list(leaves.values()))\n"
        "moved = {n: params[n] - lr * g for n, g in zip(leaves, grads)}\n"
        "return moved | ...  # and zero where pruned",
    ),
)
def check_batched_step(attempt: Attempt) -> None:
    """Networks and minibatches of several sizes, in float64: first one step, then ten in a row."""
    cases = []
    for r, batch, sizes in ((3, 4, (5, 6, 3)), (1, 2, (3, 2, 2)), (4, 5, (4, 4, 4))):
        cases.append((*_networks(attempt, r, sizes), *_minibatch(attempt, r, batch, sizes), 0.5))
    compare(
        attempt,
        cases,
        read=_detached,
        close=lambda a, b, *args: not _apart(a, b),
        same=lambda a, b, params, mask, *args: not _apart(masks.apply(mask, a), masks.apply(mask, b)),
        show=_step_shown,
        otherwise="the step is not that of each network trained alone with plain gradient descent",
    )
    params, mask = _networks(attempt, 3, (5, 6, 3))
    right = params
    for _ in range(10):
        x, y = _minibatch(attempt, 3, 4, (5, 6, 3))
        right = batched_step(right, mask, x, y, 0.1)
        params = same_tensors(attempt(params, mask, x, y, 0.1), right, "the result")
    if _apart(params, right):
        raise Wrong("one step is right, but ten in a row are not: something is carried over from call to call")


def _networks(attempt: Attempt, r: int, sizes: tuple[int, int, int]) -> tuple[Params, Mask]:
    inputs, hidden, out = sizes
    shapes = {W1: (r, hidden, inputs), B1: (r, hidden), W2: (r, out, hidden), B2: (r, out)}
    params = {n: torch.randn(s, generator=attempt.rng, dtype=torch.float64) for n, s in shapes.items()}
    mask = {n: torch.rand(shapes[n], generator=attempt.rng) < 0.7 for n in (W1, W2)}
    for m in mask.values():  # something pruned and something kept everywhere
        m[:, 0, 0], m[:, -1, -1] = False, True
    return masks.apply(mask, params), mask


def _minibatch(attempt: Attempt, r: int, batch: int, sizes: tuple[int, int, int]) -> tuple[Tensor, Tensor]:
    x = torch.randn(r, batch, sizes[0], generator=attempt.rng, dtype=torch.float64).relu()  # black pixels among them
    return x, torch.randint(sizes[2], (r, batch), generator=attempt.rng)


def _detached(got: object, params: Params, *_: object) -> Params:
    found = same_tensors(got, params, "the result")
    if any(p.requires_grad for p in found.values()):
        raise Wrong("the result still carries its graph, which grows from step to step: return detached tensors")
    return found


def _apart(a: Params, b: Params) -> list[str]:
    """The names of the layers that differ."""
    return [n for n, p in b.items() if not torch.allclose(a[n], p, rtol=0, atol=1e-9 if p.dtype.itemsize > 4 else 1e-5)]


def _step_shown(got: Params, right: Params, params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> str:
    name = _apart(got, right)[0]
    gap = float((got[name] - right[name]).abs().max())
    moved = sum(int((got[n][~m] != 0).sum()) for n, m in mask.items())
    example = f"{len(x)} networks, {y.shape[1]} examples each: {name} is off by up to {gap:.3g}"
    return f"{example}, and {moved} pruned weights are not 0" if moved else example
