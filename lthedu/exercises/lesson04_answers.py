"""Answers to lesson 04 that people really give: right ones written differently, and wrong ones by name.

No lesson imports this module; the tests hold every check against it.
"""

import math
from itertools import pairwise

import numpy as np
import torch
from scipy import stats
from torch import Tensor
from torch.func import grad, vmap
from torch.nn.functional import cross_entropy

from lthedu import masks
from lthedu.exercises.core import alternative, planted
from lthedu.masks import Mask, Params

Pair = tuple[float, float]
W1, B1, W2, B2 = (f"layers.{i}.{kind}" for i in (0, 1) for kind in ("weight", "bias"))

# 4.1 ---------------------------------------------------------------------------------------------------------


def _logits(p: Params, x: Tensor, relu: bool = True, bias: bool = True) -> Tensor:
    hidden = torch.bmm(x, p[W1].mT) + bias * p[B1][:, None]
    return torch.bmm(hidden.relu() if relu else hidden, p[W2].mT) + bias * p[B2][:, None]


def _leaves(params: Params) -> Params:
    return {name: p.detach().clone().requires_grad_() for name, p in params.items()}


def _loss(logits: Tensor, y: Tensor) -> Tensor:
    """The mean over each minibatch, summed over networks."""
    return cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum") / y.shape[1]


def _moved(params: Params, leaves: Params, loss: Tensor, lr: float) -> Params:
    grads = torch.autograd.grad(loss, list(leaves.values()), materialize_grads=True)
    return {name: params[name] - lr * g for name, g in zip(leaves, grads, strict=True)}


@alternative("4.1")
def by_vmap(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    def loss(p: Params, x: Tensor, y: Tensor) -> Tensor:
        return cross_entropy((x @ p[W1].T + p[B1]).relu() @ p[W2].T + p[B2], y)

    grads = vmap(grad(loss))(params, x, y)
    return {n: (p - lr * grads[n]) * mask.get(n, torch.ones_like(p)) for n, p in params.items()}


@alternative("4.1")
def backward_by_hand(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    before = torch.baddbmm(params[B1][:, None], x, params[W1].mT)
    hidden = before.relu()
    d = torch.baddbmm(params[B2][:, None], hidden, params[W2].mT).softmax(2)
    d = (d - torch.nn.functional.one_hot(y, d.shape[2])) / y.shape[1]
    below = torch.bmm(d, params[W2]) * (before > 0)
    grads = {W1: below.mT @ x, B1: below.sum(1), W2: d.mT @ hidden, B2: d.sum(1)}
    return masks.apply(mask, {n: p - lr * grads[n] for n, p in params.items()})


@alternative("4.1")
def with_backward_and_einsum(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = _leaves(params)
    hidden = (torch.einsum("rbi,rhi->rbh", x, leaves[W1]) + leaves[B1].unsqueeze(1)).relu()
    logits = torch.einsum("rbh,roh->rbo", hidden, leaves[W2]) + leaves[B2].unsqueeze(1)
    torch.autograd.backward(cross_entropy(logits.mT, y, reduction="none").mean(1).sum())
    with torch.no_grad():
        for name, p in leaves.items():
            assert p.grad is not None
            p -= lr * p.grad
            if name in mask:
                p *= mask[name]
    return {name: p.detach() for name, p in leaves.items()}


@planted("4.1", "pruned weights have moved")
def forgets_the_mask(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = _leaves(params)
    return _moved(params, leaves, _loss(_logits(leaves, x), y), lr)


@planted("4.1", "times too small")  # the default reduction, over all networks and examples
def averages_over_networks(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = _leaves(params)
    loss = cross_entropy(_logits(leaves, x).flatten(0, 1), y.flatten())
    return masks.apply(mask, _moved(params, leaves, loss, lr))


@planted("4.1", "times too large")
def sums_over_the_minibatch(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = _leaves(params)
    loss = cross_entropy(_logits(leaves, x).flatten(0, 1), y.flatten(), reduction="sum")
    return masks.apply(mask, _moved(params, leaves, loss, lr))


@planted("4.1", "uphill")
def climbs(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = _leaves(params)
    return masks.apply(mask, _moved(params, leaves, _loss(_logits(leaves, x), y), -lr))


@planted("4.1", "first one's minibatch")
def one_minibatch_for_all(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = _leaves(params)
    shared, labels = x[:1].expand_as(x), y[:1].expand_as(y)
    return masks.apply(mask, _moved(params, leaves, _loss(_logits(leaves, shared), labels), lr))


@planted("4.1", "same, averaged gradient")  # data-parallel training, not many networks
def averages_gradients(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = _leaves(params)
    grads = torch.autograd.grad(_loss(_logits(leaves, x), y), list(leaves.values()))
    kept = [g * mask[n] if n in mask else g for n, g in zip(leaves, grads, strict=True)]
    return masks.apply(mask, {n: params[n] - lr * g.mean(0) for n, g in zip(leaves, kept, strict=True)})


@planted("4.1", "relu between the layers is missing")
def forgets_relu(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = _leaves(params)
    return masks.apply(mask, _moved(params, leaves, _loss(_logits(leaves, x, relu=False), y), lr))


@planted("4.1", "relu after the last layer")
def relu_at_the_end(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = _leaves(params)
    return masks.apply(mask, _moved(params, leaves, _loss(_logits(leaves, x).relu(), y), lr))


@planted("4.1", "applied twice")
def softmax_twice(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = _leaves(params)
    return masks.apply(mask, _moved(params, leaves, _loss(_logits(leaves, x).softmax(2), y), lr))


@planted("4.1", "biases have not moved")
def trains_weights_only(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = _leaves(params)
    moved = masks.apply(mask, _moved(params, leaves, _loss(_logits(leaves, x), y), lr))
    return {n: moved[n] if n in mask else params[n].clone() for n in params}


@planted("4.1", "biases play no part")
def ignores_biases(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = _leaves(params)
    return masks.apply(mask, _moved(params, leaves, _loss(_logits(leaves, x, bias=False), y), lr))


@planted("4.1", "still carries its graph")
def keeps_the_graph(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = _leaves(params)
    grads = torch.autograd.grad(_loss(_logits(leaves, x), y), list(leaves.values()))
    return masks.apply(mask, {n: leaves[n] - lr * g for n, g in zip(leaves, grads, strict=True)})


@planted("4.1", "changed its argument")
def steps_in_place(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = _leaves(params)
    grads = torch.autograd.grad(_loss(_logits(leaves, x), y), list(leaves.values()))
    for (name, p), g in zip(params.items(), grads, strict=True):
        p.sub_(lr * g).mul_(mask.get(name, torch.tensor(1.0)))
    return params


# 4.2 ---------------------------------------------------------------------------------------------------------


@alternative("4.2")
def asks_scipy(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    found = stats.binomtest(wins, draws).proportion_ci(confidence, method="exact")
    return found.low, found.high


@alternative("4.2")
def by_bisection(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    tail, ends = (1 - confidence) / 2, []
    for is_low in (True, False):
        low, high = 0.0, 1.0
        for _ in range(60):
            p = (low + high) / 2
            below = stats.binom.sf(wins - 1, draws, p) < tail if is_low else stats.binom.cdf(wins, draws, p) > tail
            low, high = (p, high) if below else (low, p)
        ends.append(low)
    return ends[0], ends[1]


@planted("4.2", "normal approximation")
def wald(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    p, z = wins / draws, stats.norm.ppf((1 + confidence) / 2)
    half = z * math.sqrt(p * (1 - p) / draws)
    return p - half, p + half


@planted("4.2", "Wilson")
def wilson(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    found = stats.binomtest(wins, draws).proportion_ci(confidence, method="wilson")
    return found.low, found.high


@planted("4.2", "each gets half")
def a_whole_tail_each(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    return asks_scipy(wins, draws, 2 * confidence - 1)


@planted("4.2", "Jeffreys")
def jeffreys(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    low, high = stats.beta.interval(confidence, wins + 0.5, draws - wins + 0.5)
    return low, high


@planted("4.2", "uniform prior")
def uniform_prior(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    low, high = stats.beta.interval(confidence, wins + 1, draws - wins + 1)
    return low, high


@planted("4.2", "with no wins one end")
def forgets_no_wins(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    tail = (1 - confidence) / 2
    return stats.beta.ppf(tail, wins, draws - wins + 1), stats.beta.ppf(1 - tail, wins + 1, draws - wins)


@planted("4.2", "rule of three")
def three_over_n(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    return (0.0, 3 / draws) if wins == 0 else asks_scipy(wins, draws, confidence)


@planted("4.2", "not used")
def always_95(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    return asks_scipy(wins, draws)


@planted("4.2", "swapped")
def upper_first(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    low, high = asks_scipy(wins, draws, confidence)
    return high, low


@planted("4.2", "rounded")
def rounds(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    low, high = asks_scipy(wins, draws, confidence)
    return round(low, 2), round(high, 2)


@planted("4.2", "two numbers")
def only_the_share(wins: int, draws: int, confidence: float = 0.95) -> float:
    return wins / draws


# 4.3 ---------------------------------------------------------------------------------------------------------


@alternative("4.3")
def with_numpy(p: float, chance: float = 0.95) -> float:
    if p in (0, 1):
        return math.inf if p == 0 else 1
    return int(np.ceil(np.log10(1 - chance) / (np.log1p(-p) / np.log(10))))


@alternative("4.3")
def by_the_geometric_law(p: float, chance: float = 0.95) -> float:
    if p == 0:
        return math.inf
    return float(stats.geom.ppf(chance, p)) if 1e-9 < p < 1 else math.ceil(-math.log(1 - chance) / p) if p < 1 else 1


@planted("4.3", "on average")
def expected_draws(p: float, chance: float = 0.95) -> float:
    return math.ceil(1 / p) if p else math.inf


@planted("4.3", "rule of thumb")
def three_over_p(p: float, chance: float = 0.95) -> float:
    return math.ceil(3 / p) if p else math.inf


@planted("4.3", "round up")
def never_rounds(p: float, chance: float = 0.95) -> float:
    return math.log(1 - chance) / math.log1p(-p)


@planted("4.3", "rounds down")
def rounds_down(p: float, chance: float = 0.95) -> float:
    return int(math.log(1 - chance) / math.log1p(-p))


@planted("4.3", "one too many")
def one_more(p: float, chance: float = 0.95) -> float:
    return math.ceil(math.log(1 - chance) / math.log1p(-p)) + 1


@planted("4.3", "all *lose*")
def the_wrong_tail(p: float, chance: float = 0.95) -> float:
    return math.ceil(math.log(chance) / math.log1p(-p))


@planted("4.3", "expected number of wins")
def counts_wins(p: float, chance: float = 0.95) -> float:
    return math.ceil(chance / p)


@planted("4.3", "not used")
def always_95_percent(p: float, chance: float = 0.95) -> float:
    return math.ceil(math.log(0.05) / math.log1p(-p))


@planted("4.3", "loses its digits")
def plain_logarithm(p: float, chance: float = 0.95) -> float:
    if p in (0, 1):
        return math.inf if p == 0 else 1
    return math.ceil(math.log(1 - chance) / math.log(1 - p))


@planted("4.3", "no number of draws is enough")
def zero_for_zero(p: float, chance: float = 0.95) -> float:
    return 0 if p == 0 else with_numpy(p, chance)


@planted("4.3", "one draw is enough")
def none_for_certain(p: float, chance: float = 0.95) -> float:
    return 0 if p == 1 else with_numpy(p, chance)


# 4.4 ---------------------------------------------------------------------------------------------------------


@alternative("4.4")
def by_whole_binomials(chosen_by: list[float], reported: list[float], draws: int) -> float:
    pairs = sorted(zip(chosen_by, reported, strict=True))
    sets = math.comb(len(pairs), draws)
    return sum(math.comb(i, draws - 1) * value for i, (_, value) in enumerate(pairs)) / sets


@alternative("4.4")
def from_the_top(chosen_by: list[float], reported: list[float], draws: int) -> float:
    order = np.argsort(chosen_by)[::-1]
    k, none_better, total = len(order), 1.0, 0.0
    for rank, network in enumerate(order):  # the chance that no better one was drawn, and this one is
        left = k - rank
        total += none_better * draws / left * reported[network]
        none_better *= 1 - draws / left if left > draws else 0.0
        if none_better == 0.0:
            break
    return total


@planted("4.4", "with replacement")
def with_replacement(chosen_by: list[float], reported: list[float], draws: int) -> float:
    k = len(chosen_by)
    pairs = sorted(zip(chosen_by, reported, strict=True))
    return sum(v * (((i + 1) / k) ** draws - (i / k) ** draws) for i, (_, v) in enumerate(pairs))


@planted("4.4", "mean of the best")
def mean_of_the_best(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return float(np.mean([v for _, v in sorted(zip(chosen_by, reported, strict=True))[-draws:]]))


@planted("4.4", "the first `draws` networks")
def best_of_the_first(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return max(zip(chosen_by[:draws], reported[:draws], strict=True))[1]


@planted("4.4", "flattered by the choice")
def reports_what_it_chose_by(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return by_whole_binomials(chosen_by, chosen_by, draws)


@planted("4.4", "should only report")  # choosing on the test set
def chooses_on_the_report(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return by_whole_binomials(reported, reported, draws)


@planted("4.4", "sorting both rows")
def sorts_the_rows_apart(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return by_whole_binomials(sorted(chosen_by), sorted(reported), draws)


@planted("4.4", "worst of each set")
def the_smallest(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return by_whole_binomials([-s for s in chosen_by], reported, draws)


@planted("4.4", "normal distribution")
def normal_tail(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return float(np.mean(chosen_by) + stats.norm.ppf(1 - 1 / (draws + 1)) * np.std(chosen_by))


@planted("4.4", "does it sample")
def samples(chosen_by: list[float], reported: list[float], draws: int) -> float:
    rng, found = np.random.default_rng(0), []
    for _ in range(300):
        chosen = rng.permutation(len(chosen_by))[:draws]
        found.append(reported[max(chosen, key=chosen_by.__getitem__)])
    return float(np.mean(found))


@planted("4.4", "best of all networks")
def best_of_all(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return max(zip(chosen_by, reported, strict=True))[1]


@planted("4.4", "changed its argument")
def sorts_in_place(chosen_by: list[float], reported: list[float], draws: int) -> float:
    reported.sort(key=dict(zip(reported, chosen_by, strict=True)).__getitem__)
    chosen_by.sort()
    return by_whole_binomials(chosen_by, reported, draws)


# 4.5 ---------------------------------------------------------------------------------------------------------


@alternative("4.5")
def layer_by_layer(weights: list[int], batch_size: int, steps: int) -> int:
    total = 0
    for layer, w in enumerate(weights):
        products = 3 if layer else 2
        total += 2 * w * products
    return total * batch_size * steps


@alternative("4.5")
def with_numpy_sums(weights: list[int], batch_size: int, steps: int) -> float:
    w = np.asarray(weights, dtype=float)
    return float((4 * w[0] + 6 * w[1:].sum()) * batch_size * steps)


@planted("4.5", "forward pass alone")
def forward_only(weights: list[int], batch_size: int, steps: int) -> int:
    return 2 * sum(weights) * batch_size * steps


@planted("4.5", "gradient of the pixels")
def three_times_forward(weights: list[int], batch_size: int, steps: int) -> int:
    return 6 * sum(weights) * batch_size * steps


@planted("4.5", "gradient of what it reads")
def twice_forward(weights: list[int], batch_size: int, steps: int) -> int:
    return 4 * sum(weights) * batch_size * steps


@planted("4.5", "two operations")
def counts_products(weights: list[int], batch_size: int, steps: int) -> int:
    return (3 * sum(weights) - weights[0]) * batch_size * steps


@planted("4.5", "multiply by batch_size")
def forgets_the_minibatch(weights: list[int], batch_size: int, steps: int) -> int:
    return layer_by_layer(weights, 1, steps)


@planted("4.5", "multiply by steps")
def one_step(weights: list[int], batch_size: int, steps: int) -> int:
    return layer_by_layer(weights, batch_size, 1)


@planted("4.5", "not the last")
def spares_the_last(weights: list[int], batch_size: int, steps: int) -> int:
    return layer_by_layer(weights[::-1], batch_size, steps)


@planted("4.5", "needs the gradient of its weights")
def first_layer_forward_only(weights: list[int], batch_size: int, steps: int) -> int:
    return (2 * weights[0] + 6 * sum(weights[1:])) * batch_size * steps


@planted("4.5", "not their widths")
def takes_widths(weights: list[int], batch_size: int, steps: int) -> int:
    return 6 * sum(a * b for a, b in pairwise(weights)) * batch_size * steps
