"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

import math

import numpy as np
import torch
from answers import right, told
from scipy import stats
from torch import Tensor
from torch.func import grad, vmap
from torch.nn.functional import cross_entropy

from lthedu.lessons.many_small_lotteries.batched import batched_step
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.stats import draws_needed, expected_best

Pair = tuple[float, float]
W1, B1, W2, B2 = (f"layers.{i}.{kind}" for i in (0, 1) for kind in ("weight", "bias"))

# batched_step


@right("batched_step")
def by_vmap(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    def loss(p: Params, x: Tensor, y: Tensor) -> Tensor:
        return cross_entropy((x @ p[W1].T + p[B1]).relu() @ p[W2].T + p[B2], y)

    grads = vmap(grad(loss))(params, x, y)
    return {n: (p - lr * grads[n]) * mask.get(n, torch.ones_like(p)) for n, p in params.items()}


@right("batched_step")
def backward_by_hand(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    before = torch.baddbmm(params[B1][:, None], x, params[W1].mT)
    hidden = before.relu()
    d = torch.baddbmm(params[B2][:, None], hidden, params[W2].mT).softmax(2)
    d = (d - torch.nn.functional.one_hot(y, d.shape[2])) / y.shape[1]
    below = torch.bmm(d, params[W2]) * (before > 0)
    grads = {W1: below.mT @ x, B1: below.sum(1), W2: d.mT @ hidden, B2: d.sum(1)}
    return masks.apply(mask, {n: p - lr * grads[n] for n, p in params.items()})


@right("batched_step")
def with_backward_and_einsum(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = {name: p.detach().clone().requires_grad_() for name, p in params.items()}
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


@right("batched_step")
def one_network_after_the_other(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    """With a masked gradient, which is enough: pruned weights are zero already."""
    found: dict[str, list[Tensor]] = {name: [] for name in params}
    for i in range(len(x)):
        p = {name: w[i].clone().requires_grad_() for name, w in params.items()}
        cross_entropy((x[i] @ p[W1].T + p[B1]).relu() @ p[W2].T + p[B2], y[i]).backward()
        for name, w in p.items():
            assert w.grad is not None
            found[name].append(w.detach() - lr * w.grad * (mask[name][i] if name in mask else 1))
    return {name: torch.stack(rows) for name, rows in found.items()}


@told("batched_step", "the step is not that of each network")
def a_shorter_step(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return batched_step(params, mask, x, y, 0.9 * lr)


@told("batched_step", "it walks uphill")
def climbs_without_a_mask(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    return batched_step(params, {}, x, y, -lr)


@told("batched_step", "still carries its graph")
def keeps_the_graph(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    leaves = {name: p.clone().requires_grad_() for name, p in params.items()}
    return {name: leaves[name] + moved - params[name] for name, moved in batched_step(params, mask, x, y, lr).items()}


@told("batched_step", "changed its argument")
def steps_in_place(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    for name, moved in batched_step(params, mask, x, y, lr).items():
        params[name].copy_(moved)
    return params


@told("batched_step", "one step is right, but ten in a row are not")
class Tires:
    """Right for five calls; then its steps get shorter."""

    calls = 0

    def __new__(cls, params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
        cls.calls += 1
        return batched_step(params, mask, x, y, lr * (0.5 if cls.calls > 5 else 1))


# clopper_pearson


@right("clopper_pearson")
def asks_scipy(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    found = stats.binomtest(wins, draws).proportion_ci(confidence, method="exact")
    return found.low, found.high


@right("clopper_pearson")
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


@told("clopper_pearson", "with no wins one end is not a quantile but 0; here it is NaN")
def forgets_no_wins(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    tail = (1 - confidence) / 2
    return stats.beta.ppf(tail, wins, draws - wins + 1), stats.beta.ppf(1 - tail, wins + 1, draws - wins)


@told("clopper_pearson", "with wins only one end is not a quantile but 1; here it is NaN")
def forgets_wins_only(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    return (0.0 if wins == 0 else asks_scipy(wins, draws, confidence)[0]), forgets_no_wins(wins, draws, confidence)[1]


@told("clopper_pearson", "these are not the ends of Clopper and Pearson's interval")
def normal_for_many_draws(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    if draws <= 1000 or wins in (0, draws):
        return asks_scipy(wins, draws, confidence)
    p = wins / draws
    half = stats.norm.ppf((1 + confidence) / 2) * math.sqrt(p * (1 - p) / draws)
    return p - half, p + half


@told("clopper_pearson", "two numbers")
def only_the_share(wins: int, draws: int, confidence: float = 0.95) -> float:
    return wins / draws


@told("clopper_pearson", "the lower end is right, the upper end is not")
def up_to_one(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    return asks_scipy(wins, draws, confidence)[0], 1.0


@told("clopper_pearson", "the upper end is right, the lower end is not")
def from_zero(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    return 0.0, asks_scipy(wins, draws, confidence)[1]


@told("clopper_pearson", "these are not the ends of Clopper and Pearson's interval")
def wider(wins: int, draws: int, confidence: float = 0.95) -> Pair:
    low, high = asks_scipy(wins, draws, confidence)
    return low / 2, (1 + high) / 2


# draws_needed


@right("draws_needed")
def with_numpy(p: float, chance: float = 0.95) -> float:
    if p in (0, 1):
        return math.inf if p == 0 else 1
    return int(np.ceil(np.log1p(-chance) / np.log1p(-p)))


@right("draws_needed")
def by_the_geometric_law(p: float, chance: float = 0.95) -> float:
    if p == 0:
        return math.inf
    return float(stats.geom.ppf(chance, p)) if 1e-9 < p < 1 else math.ceil(-math.log(1 - chance) / p) if p < 1 else 1


@right("draws_needed")
def by_doubling_and_halving(p: float, chance: float = 0.95) -> float:
    if p in (0, 1):
        return math.inf if p == 0 else 1
    low, high = 0, 1
    while -math.expm1(high * math.log1p(-p)) < chance:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if -math.expm1(middle * math.log1p(-p)) >= chance else (middle, high)
    return high


@told("draws_needed", "whole, finite and about")
def infinity_for_a_tiny_chance(p: float, chance: float = 0.95) -> float:
    return math.inf if p < 1e-12 else draws_needed(p, chance)


@told("draws_needed", "whole, finite and about")
def zero_where_it_is_lost(p: float, chance: float = 0.95) -> float:
    return draws_needed(p, chance) if 1 - p < 1 or p == 0 else 0


@told("draws_needed", "loses its digits")
def plain_logarithm(p: float, chance: float = 0.95) -> float:
    if p in (0, 1):
        return math.inf if p == 0 else 1
    return math.ceil(math.log(1 - chance) / math.log(1 - p))


@told("draws_needed", "with p = 0 no number of draws is enough")
def zero_for_zero(p: float, chance: float = 0.95) -> float:
    return 0 if p == 0 else draws_needed(p, chance)


@told("draws_needed", "expected math.inf for p = 0: no number of draws is enough")
def none_for_zero(p: float, chance: float = 0.95) -> float | None:
    return None if p == 0 else draws_needed(p, chance)


@told("draws_needed", "one draw is enough")
def none_for_certain(p: float, chance: float = 0.95) -> float:
    return 0 if p == 1 else draws_needed(p, chance)


@told("draws_needed", "it rounds down")  # and is wrong at both ends, too
def rounds_down_with_numpy(p: float, chance: float = 0.95) -> float:
    with np.errstate(all="ignore"):
        return float(np.floor(np.log(1 - chance) / np.log(np.float64(1 - p))))


@told("draws_needed", "where n draws reach `chance` exactly")  # 2.0000000000000004 draws
def rounds_between_two_bases(p: float, chance: float = 0.95) -> float:
    if p in (0, 1):
        return math.inf if p == 0 else 1
    return math.ceil(math.log10(1 - chance) / (math.log1p(-p) / math.log(10)))


@told("draws_needed", "this is not the smallest n")
def twice_as_many(p: float, chance: float = 0.95) -> float:
    return 2 * draws_needed(p, chance)


# expected_best


@right("expected_best")
def by_whole_binomials(chosen_by: list[float], reported: list[float], draws: int) -> float:
    pairs = sorted(zip(chosen_by, reported, strict=True))
    sets = math.comb(len(pairs), draws)
    return sum(math.comb(i, draws - 1) * value for i, (_, value) in enumerate(pairs)) / sets


@right("expected_best")
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


@right("expected_best")
def best_report_of_equals_in_single_precision(chosen_by: list[float], reported: list[float], draws: int) -> Tensor:
    pairs = torch.tensor(sorted(zip(chosen_by, reported, strict=True)))
    sets = math.comb(len(pairs), draws)
    return (torch.tensor([math.comb(i, draws - 1) / sets for i in range(len(pairs))]) * pairs[:, 1]).sum()


@told("expected_best", "sorting both rows")
def sorts_the_rows_apart(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return expected_best(sorted(chosen_by), sorted(reported), draws)


@told("expected_best", "two calls give different results")
def samples_anew(chosen_by: list[float], reported: list[float], draws: int) -> float:
    rng, weights = np.random.default_rng(), np.random.default_rng().random(50)  # no two means are the same
    chosen = [rng.permutation(len(chosen_by))[:draws] for _ in weights]
    return float(np.average([reported[max(some, key=chosen_by.__getitem__)] for some in chosen], weights=weights))


@told("expected_best", "this is not the exact mean, over all sets")
def samples(chosen_by: list[float], reported: list[float], draws: int) -> float:
    rng, found = np.random.default_rng(0), []
    for _ in range(300):
        chosen = rng.permutation(len(chosen_by))[:draws]
        found.append(reported[max(chosen, key=chosen_by.__getitem__)])
    return float(np.mean(found))


@told("expected_best", "this is not the exact mean, over all sets")
def counts_networks(chosen_by: list[float], reported: list[float], draws: int) -> float:
    return draws


@told("expected_best", "changed its argument")
def sorts_in_place(chosen_by: list[float], reported: list[float], draws: int) -> float:
    reported.sort(key=dict(zip(reported, chosen_by, strict=True)).__getitem__)
    chosen_by.sort()
    return by_whole_binomials(chosen_by, reported, draws)


# training_flops


@right("training_flops")
def layer_by_layer(weights: list[int], batch_size: int, steps: int) -> int:
    total = 0
    for layer, w in enumerate(weights):
        products = 3 if layer else 2
        total += 2 * w * products
    return total * batch_size * steps


@right("training_flops")
def with_numpy_sums(weights: list[int], batch_size: int, steps: int) -> float:
    w = np.asarray(weights, dtype=float)
    return float((4 * w[0] + 6 * w[1:].sum()) * batch_size * steps)


@told("training_flops", "this is not 2 operations a weight")
def one_step_more(weights: list[int], batch_size: int, steps: int) -> int:
    return layer_by_layer(weights, batch_size, steps + 1)
