"""Checks of lesson 04, many small lotteries. The references are the library's own functions."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from scipy import stats as scipy_stats
from torch import Tensor, nn

from lthedu import masks
from lthedu.exercises.core import Attempt, Wrong, brief, exercise, same_tensors
from lthedu.masks import Mask, Params
from lthedu.stats import clopper_pearson, draws_needed, expected_best
from lthedu.tickets.batched import batched_step
from lthedu.tickets.cost import training_flops

# 4.1 ---------------------------------------------------------------------------------------------------------

W1, B1, W2, B2 = (f"layers.{i}.{kind}" for i in (0, 1) for kind in ("weight", "bias"))
LOGITS = Callable[[Params, Tensor], Tensor]  # of one network


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
        "h = torch.baddbmm(b1[:, None], x, w1.mT).relu()\nlogits = torch.baddbmm(b2[:, None], h, w2.mT)\n"
        "loss = cross_entropy(logits.flatten(0, 1), y.flatten(), reduction='sum') / y.shape[1]\n"
        "grads = torch.autograd.grad(loss, list(leaves.values()))  # then p - lr * g, and zero where pruned",
    ),
)
def check_batched_step(attempt: Attempt) -> None:
    """Against each network trained alone, in float64: first one step, then ten in a row."""
    for r, batch, sizes in ((3, 4, (5, 6, 3)), (1, 2, (3, 2, 2)), (4, 5, (4, 4, 4))):
        params, mask = _networks(attempt, r, sizes)
        x, y = _minibatch(attempt, r, batch, sizes)
        _compare_step(attempt(params, mask, x, y, 0.5), params, mask, x, y, 0.5)
    params, mask = _networks(attempt, 3, (5, 6, 3))
    alone = params
    for _ in range(10):
        x, y = _minibatch(attempt, 3, 4, (5, 6, 3))
        alone = _separately(alone, mask, x, y, 0.1)
        params = same_tensors(attempt(params, mask, x, y, 0.1), alone, "the result")
    if _far(params, alone):
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
    x = torch.randn(r, batch, sizes[0], generator=attempt.rng, dtype=torch.float64)
    return x, torch.randint(sizes[2], (r, batch), generator=attempt.rng)


def _one(p: Params, x: Tensor) -> Tensor:
    return (x @ p[W1].T + p[B1]).relu() @ p[W2].T + p[B2]


def _separately(
    params: Params,
    mask: Mask,
    x: Tensor,
    y: Tensor,
    lr: float,
    logits: LOGITS = _one,
    reduction: str = "mean",
) -> Params:
    """The step, one network after the other."""
    moved = []
    with torch.enable_grad():
        for i in range(len(x)):
            leaves = {n: p[i].detach().requires_grad_() for n, p in params.items()}
            loss = nn.functional.cross_entropy(logits(leaves, x[i]), y[i], reduction=reduction)
            grads = torch.autograd.grad(loss, list(leaves.values()), materialize_grads=True)
            moved.append({n: params[n][i] - lr * g for n, g in zip(leaves, grads, strict=True)})
    return masks.apply(mask, masks.stack(moved))


def _far(a: Params, b: Params) -> bool:
    return any(not torch.allclose(a[n].detach(), b[n], rtol=0, atol=1e-9) for n in b)


def _compare_step(got: object, params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> None:
    right = _separately(params, mask, x, y, lr)
    found = same_tensors(got, right, "the result")
    if any(p.requires_grad for p in found.values()):
        raise Wrong("the result still carries its graph, which grows from step to step: return detached tensors")
    if not _far(found, right):
        return
    name = next(n for n in right if not torch.allclose(found[n], right[n], rtol=0, atol=1e-9))
    gap = float((found[name] - right[name]).abs().max())
    raise Wrong(_which_step(found, right, params, mask, x, y, lr), f"{name} is off by up to {gap:.3g}")


def _which_step(found: Params, right: Params, params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> str:
    """What a wrong step most likely is."""
    r, batch = y.shape
    alive = sum(int((found[n][~mask[n]] != 0).sum()) for n in mask)
    pruned_too = masks.apply(mask, found)
    if alive and not _far(pruned_too, right):
        return f"{alive} pruned weights have moved away from zero: apply the mask after the step"
    if not _far(found, params):
        return "nothing has moved: the result is the parameters that were given"

    def is_(other: Params) -> bool:
        return not _far(pruned_too, other)

    moved = {n: right[n] - params[n] for n in right}
    mean = {n: m.mean(0, keepdim=True).expand_as(m) for n, m in moved.items()}
    guesses = [
        (lambda: {n: params[n] - moved[n] for n in moved}, "it walks uphill: subtract lr times the gradient"),
        (
            lambda: _separately(params, mask, x, y, lr / r),
            f"the loss is averaged over the networks, too, so each step is {r} times too small: take the mean over a "
            "network's own minibatch, and the sum over networks",
        ),
        (
            lambda: _separately(params, mask, x, y, lr, reduction="sum"),
            f"the loss is summed over the minibatch, so each step is {batch} times too large: take the mean over it",
        ),
        (
            lambda: masks.apply(mask, {n: params[n] + mean[n] for n in moved}),
            "all networks move by the same, averaged gradient; each must follow its own",
        ),
        (
            lambda: _separately(params, mask, x[:1].expand_as(x), y[:1].expand_as(y), lr),
            "every network saw the first one's minibatch; x[i] and y[i] belong to network i",
        ),
        (
            lambda: _separately(params, mask, x, y, lr, lambda p, x: (x @ p[W1].T + p[B1]) @ p[W2].T + p[B2]),
            "the relu between the layers is missing",
        ),
        (
            lambda: _separately(params, mask, x, y, lr, lambda p, x: _one(p, x).relu()),
            "there is a relu after the last layer; logits may be negative",
        ),
        (
            lambda: _separately(params, mask, x, y, lr, lambda p, x: _one(p, x).softmax(1)),
            "cross_entropy wants logits: it applies the softmax itself, and here it is applied twice",
        ),
        (
            lambda: _separately(params, mask, x, y, lr, lambda p, x: (x @ p[W1].T).relu() @ p[W2].T),
            "the biases play no part in the forward pass",
        ),
        (lambda: right | {n: params[n] for n in (B1, B2)}, "the biases have not moved; they are trained like the rest"),
        (lambda: right | {n: params[n] for n in (W1, B1)}, "the first layer has not moved"),
        (lambda: {n: moved[n] for n in moved}, "it returns the change, not the new parameters"),
    ]
    for guess, words in guesses:
        if is_(guess()):  # type: ignore[no-untyped-call]
            return words
    return "the step is not that of each network trained alone with plain gradient descent"


# 4.2 ---------------------------------------------------------------------------------------------------------

CLOSE = 1e-6


@exercise(
    clopper_pearson,
    "An interval that holds for no wins, too",
    minutes=10,
    level=2,
    hints=(
        "No win in 128 draws: is the chance of winning zero? How large could it be, with no win still no surprise?",
        "The upper end is the chance at which so few wins or fewer have probability (1 - confidence) / 2, the lower "
        "end the one at which so many or more have it. `scipy.stats.beta.ppf(q, a, b)` solves both; without "
        "wins the lower "
        "end is 0, with wins only the upper end is 1.",
        "tail = (1 - confidence) / 2\nlow = beta.ppf(tail, wins, draws - wins + 1)  # 0.0 if wins == 0\n"
        "high = beta.ppf(1 - tail, wins + 1, draws - wins)  # 1.0 if wins == draws",
    ),
)
def check_clopper_pearson(attempt: Attempt) -> None:
    """Both ends, for some wins, then for none and for all; another confidence last."""
    for wins, draws in ((3, 20), (40, 64), (1, 8)):
        _compare_interval(attempt(wins, draws), wins, draws, 0.95)
    for wins, draws in ((0, 128), (0, 5), (12, 12)):
        _compare_interval(attempt(wins, draws), wins, draws, 0.95)
    for wins, draws, confidence in ((5, 30, 0.8), (0, 30, 0.99)):
        _compare_interval(attempt(wins, draws, confidence), wins, draws, confidence)


def _pair(got: object, words: str) -> tuple[float, float]:
    try:
        low, high = (float(v) for v in got)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise Wrong(f"it returned {brief(got)}; expected {words}") from None
    return low, high


def _compare_interval(got: object, wins: int, draws: int, confidence: float) -> None:
    low, high = _pair(got, "two numbers: the lower and the upper end")
    right = clopper_pearson(wins, draws, confidence)
    if math.isclose(low, right[0], abs_tol=CLOSE) and math.isclose(high, right[1], abs_tol=CLOSE):
        return
    example = (
        f"{wins} wins in {draws} draws, confidence {confidence}: got [{low:.4f}, {high:.4f}], "
        f"expected [{right[0]:.4f}, {right[1]:.4f}]"
    )
    raise Wrong(_which_interval(low, high, wins, draws, confidence), example)


def _which_interval(low: float, high: float, wins: int, draws: int, confidence: float) -> str:
    """What a wrong interval most likely is."""

    def is_(a: float, b: float, tolerance: float = CLOSE) -> bool:
        return math.isclose(low, a, abs_tol=tolerance) and math.isclose(high, b, abs_tol=tolerance)

    right = clopper_pearson(wins, draws, confidence)
    if math.isnan(low) or math.isnan(high):
        end = "0" if wins == 0 else "1"
        return f"with {'no wins' if wins == 0 else 'wins only'} one end is not a quantile but {end}; here it is NaN"
    p, tail, beta = wins / draws, (1 - confidence) / 2, scipy_stats.beta
    z = float(scipy_stats.norm.ppf(1 - tail))
    half = z * math.sqrt(p * (1 - p) / draws)
    wilson = scipy_stats.binomtest(wins, draws).proportion_ci(confidence, method="wilson")
    lower_only = 0.0 if wins == 0 else float(beta.ppf(2 * tail, wins, draws - wins + 1))
    upper_only = 1.0 if wins == draws else float(beta.ppf(1 - 2 * tail, wins + 1, draws - wins))
    known = [
        (is_(right[1], right[0]), "the ends are swapped: the lower one comes first"),
        (is_(100 * right[0], 100 * right[1], 1e-3), "these are percentages; return probabilities, from 0 to 1"),
        (
            is_(p - half, p + half) or is_(max(0.0, p - half), min(1.0, p + half)),
            "this is the normal approximation, p ± z sqrt(p (1 - p) / n): without a win it is [0, 0], as if sure",
        ),
        (
            is_(wilson.low, wilson.high),
            "this is Wilson's interval: a good approximation, but the exact one is asked for",
        ),
        (
            is_(lower_only, upper_only),
            "each tail holds 1 - confidence: the two tails share it, so each gets half",
        ),
        (
            is_(beta.ppf(tail, wins + 0.5, draws - wins + 0.5), beta.ppf(1 - tail, wins + 0.5, draws - wins + 0.5)),
            "this is Jeffreys' interval, with wins + 1/2 and losses + 1/2; the exact one has a beta for each end",
        ),
        (
            is_(beta.ppf(tail, wins + 1, draws - wins + 1), beta.ppf(1 - tail, wins + 1, draws - wins + 1)),
            "this is the interval of a uniform prior, the same beta at both ends; the exact ends have a beta each",
        ),
        (
            wins == 0 and math.isclose(high, 3 / draws, abs_tol=CLOSE),
            "3 / n is the rule of three, a quick one-sided bound; the two-sided interval's upper end is larger",
        ),
        (confidence != 0.95 and is_(*clopper_pearson(wins, draws)), "`confidence` is not used: this is always 95 %"),
        (is_(*right, 1e-2), "the ends are right but rounded: return all their digits"),
        (math.isclose(low, right[0], abs_tol=CLOSE), "the lower end is right, the upper end is not"),
        (math.isclose(high, right[1], abs_tol=CLOSE), "the upper end is right, the lower end is not"),
    ]
    return next((words for holds, words in known if holds), "these are not the ends of Clopper and Pearson's interval")


# 4.3 ---------------------------------------------------------------------------------------------------------


@exercise(
    draws_needed,
    "How many draws",
    minutes=10,
    level=1,
    hints=(
        "If one draw wins with probability p, with what probability do n draws all lose?",
        "All n lose with probability (1 - p)^n. You want the smallest whole n for which that is at most 1 - chance. "
        "Take logarithms. For p = 0 no number is enough (`math.inf`), for p = 1 one draw is.",
        "if p == 0: return math.inf\nif p == 1: return 1\n"
        "return math.ceil(math.log(1 - chance) / math.log1p(-p))  # log1p(-p) is log(1 - p), exact for tiny p",
    ),
)
def check_draws_needed(attempt: Attempt) -> None:
    """Ordinary chances, then other confidences, then the three at which a formula breaks."""
    for p in (0.004, 0.3, 0.021, 0.6):
        _compare_draws(attempt(p), p, 0.95)
    for p, chance in ((0.05, 0.5), (0.2, 0.999)):
        _compare_draws(attempt(p, chance), p, chance)
    for p in (1.0, 0.0, 1e-13):
        _compare_draws(attempt(p), p, 0.95)


def _compare_draws(got: object, p: float, chance: float) -> None:
    right = draws_needed(p, chance)
    try:
        n = float(got)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        what = "math.inf: no number of draws is enough" if p == 0 else "one number"
        raise Wrong(f"it returned {brief(got)} for p = {p}; expected {what}") from None
    if n == right or (p < 1e-9 and p > 0 and math.isclose(n, right, rel_tol=1e-9)):
        return
    raise Wrong(_which_draws(n, p, chance), f"p = {p}, chance {chance}: got {n:g}, expected {right:g}")


def _which_draws(n: float, p: float, chance: float) -> str:
    """What a wrong number of draws most likely is."""
    if math.isnan(n):
        return f"it returned NaN for p = {p}"
    if p == 0:
        return "with p = 0 no number of draws is enough: return math.inf"
    if p == 1:
        return "with p = 1 the first draw wins: one draw is enough"
    exact = math.log(1 - chance) / math.log1p(-p)
    if p < 1e-9:
        return "for a tiny p it loses its digits: 1 - p is rounded before the logarithm is taken; use math.log1p(-p)"
    if math.isclose(n, exact, rel_tol=1e-9):
        return "draws come whole: round up, or the chance is missed"
    if n == math.floor(exact):
        return "it rounds down: with one draw fewer than needed the chance is not reached"
    if n in (1 / p, math.ceil(1 / p), round(1 / p), math.floor(1 / p)):
        return (
            "1 / p is how many draws the first win takes on average; by then about a third of all tries have no win yet"
        )
    if n in (3 / p, math.ceil(3 / p), round(3 / p)):
        return "3 / p is the rule of thumb for small p and 95 %; the exact number is asked for"
    if n in (chance / p, math.ceil(chance / p)):
        return "n p is the expected number of wins, not the chance of at least one"
    if n == math.ceil(exact) + 1:
        return "one too many: with one draw fewer the chance is reached already"
    if math.isclose(n, math.ceil(math.log(chance) / math.log1p(-p)), rel_tol=1e-9):
        return "that many draws all *lose* with probability `chance`: all losing may have probability 1 - chance only"
    if chance != 0.95 and n == draws_needed(p):
        return "`chance` is not used: this is always 95 %"
    return "this is not the smallest n with 1 - (1 - p)^n at or above `chance`"


# 4.4 ---------------------------------------------------------------------------------------------------------


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
        "    chance = math.comb(i - 1, draws - 1) / math.comb(len(order), draws)\n"
        "    total += chance * reported[network]",
    ),
)
def check_expected_best(attempt: Attempt) -> None:
    """Against the formula, with both rows equal and with different ones; the lesson's size last."""
    for k, draws, same in ((5, 2, True), (6, 3, True), (6, 1, True), (5, 5, True), (6, 3, False), (7, 2, False)):
        _compare_best(attempt, k, draws, same)
    for k, draws in ((128, 64), (128, 1), (128, 128)):
        _compare_best(attempt, k, draws, same=False)


def _compare_best(attempt: Attempt, k: int, draws: int, same: bool) -> None:
    scores = torch.rand(k, generator=attempt.rng, dtype=torch.float64).tolist()
    best = scores.index(max(scores))
    scores[best], scores[-1] = scores[-1], scores[best]  # so that the best is not among the first
    values = scores if same else torch.rand(k, generator=attempt.rng, dtype=torch.float64).tolist()
    got = attempt(scores, values, draws)
    right = expected_best(scores, values, draws)
    try:
        found = float(got)
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; expected one number") from None
    if math.isclose(found, right, rel_tol=1e-7):
        return
    rows = f"chosen by {_row(scores)}, reported {_row(values)}" if k < 10 else f"{k} networks"
    raise Wrong(
        _which_best(found, scores, values, draws), f"{rows}, draws {draws}: got {found:.4f}, expected {right:.4f}"
    )


def _row(values: Sequence[float]) -> str:
    return "[" + ", ".join(f"{v:.2f}" for v in values) + "]"


def _which_best(found: float, scores: list[float], values: list[float], draws: int) -> str:
    """What a wrong expectation most likely is."""
    k, order = len(scores), sorted(range(len(scores)), key=scores.__getitem__)
    right = expected_best(scores, values, draws)

    def is_(other: float) -> bool:
        return math.isclose(found, other, rel_tol=1e-7)

    replaced = sum(values[j] * ((i / k) ** draws - ((i - 1) / k) ** draws) for i, j in enumerate(order, 1))
    z = float(scipy_stats.norm.ppf(1 - 1 / (draws + 1)))
    known = [
        (math.isnan(found), "it returned NaN"),
        (is_(replaced), "this draws with replacement: one network may come up twice; draw sets of different ones"),
        (
            is_(sum(values[j] for j in order[-draws:]) / draws),
            "this is the mean of the best `draws` networks, not the mean of the best over all sets of `draws`",
        ),
        (
            is_(expected_best([-s for s in scores], values, draws)),
            "this is the worst of each set: the largest score is the best",
        ),
        (
            values is not scores and is_(expected_best(scores, scores, draws)),
            "it reports the score by which it chose: that is flattered by the choice; report the other one",
        ),
        (
            values is not scores and is_(expected_best(values, values, draws)),
            "it chooses by what it should only report (sorting both rows, each for itself, does the same): the "
            "choice may "
            "look at `chosen_by` alone, and a network's report stays with its score",
        ),
        (
            is_(max(zip(scores[:draws], values[:draws], strict=True))[1]),
            "this is the best of the first `draws` networks; average over all sets of that size",
        ),
        (is_(values[order[-1]]), "this is the best of all networks, whatever `draws` is"),
        (is_(sum(values) / k), "this is the mean of all networks, whatever `draws` is"),
        (
            is_(float(np.mean(scores) + z * np.std(scores)))
            or is_(float(np.mean(scores) + z * np.std(scores, ddof=1))),
            "this assumes a normal distribution; use the measured networks alone",
        ),
        (
            abs(found - right) < 0.1,
            "near, but not exact: does it sample? All sets can be counted, so nothing need be drawn",
        ),
    ]
    return next((words for holds, words in known if holds), "this is not the expected report of the best of `draws`")


# 4.5 ---------------------------------------------------------------------------------------------------------


@exercise(
    training_flops,
    "What a training costs",
    minutes=10,
    level=1,
    hints=(
        "A weight multiplies one number and the product is added up: how many operations is that, for one example?",
        "Backward costs two more products like the forward one: the gradient of the weights, and the gradient of the "
        "layer's input, which the layer below needs. Which layer has no layer below it?",
        "forward = 2 * sum(weights)\nof_weights = 2 * sum(weights)\nof_inputs = 2 * sum(weights[1:])\n"
        "return (forward + of_weights + of_inputs) * batch_size * steps",
    ),
)
def check_training_flops(attempt: Attempt) -> None:
    """Networks of one to four layers, with every number different from the others."""
    for weights, batch, steps in (
        ([19_600, 1_000], 32, 900),
        ([7, 3, 5], 2, 11),
        ([1_063, 252], 32, 7),
        ([40, 30, 20, 10], 3, 1),
        ([12], 5, 6),
    ):
        _compare_flops(attempt(weights, batch, steps), weights, batch, steps)


def _compare_flops(got: object, weights: list[int], batch: int, steps: int) -> None:
    right = training_flops(weights, batch, steps)
    try:
        found = float(got)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; expected one number") from None
    if found == right:
        return
    example = f"weights {weights}, batch_size {batch}, steps {steps}: got {found:g}, expected {right:g}"
    raise Wrong(_which_flops(found, weights, batch, steps), example)


def _which_flops(found: float, weights: list[int], batch: int, steps: int) -> str:
    """What a wrong count most likely is."""
    every, total, examples = sum(weights), training_flops(weights, 1, 1), batch * steps
    known = [
        (2 * every * examples, "this is the forward pass alone; training goes backward, too"),
        (
            6 * every * examples,
            "nobody needs the gradient of the pixels: the first layer's input gradient is not computed",
        ),
        (4 * every * examples, "a layer above the first one also computes the gradient of what it reads"),
        (total * examples / 2, "a weight costs two operations, a product and a sum"),
        (total * steps, "every example of the minibatch costs as much: multiply by batch_size"),
        (total * batch, "every step costs as much: multiply by steps"),
        (
            (6 * every - 2 * weights[-1]) * examples,
            "it is the first layer that does without an input gradient, not the last",
        ),
        (total, "this is one example in one step: multiply by batch_size and by steps"),
        (
            (6 * every - 4 * weights[0]) * examples,
            "the first layer needs the gradient of its weights; only that of its input is left out",
        ),
        (
            6 * sum(a * b for a, b in pairwise(weights)) * examples,
            "`weights` are the layers' numbers of weights already, not their widths: do not multiply neighbours",
        ),
    ]
    for value, words in known:
        if found == value:
            return words
    return "this is not 2 operations a weight for the forward pass and 2 for each gradient that is needed"
