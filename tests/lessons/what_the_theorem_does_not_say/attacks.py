"""Attacks on the verdict of the lesson on what the theorem does not say: each takes a minute and returns its numbers.

They draw from seeds that the lesson does not use. The lesson quotes them by name.
"""

import itertools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import nn

from lthedu.lessons.what_the_theorem_does_not_say.folding import folded
from lthedu.proof import best_subsets, construct, construct_shallow, features, limits

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
SEEDS = (50, 51, 52, 53, 54)


def every_choice_of_sides() -> tuple[int, float]:
    """Seven knots at the knots of the sawtooth of three folds: of 128 choices of sides, how many beat 1/2; the best."""
    sawtooth, knots = limits.pieces(limits.tent_network(3)), np.arange(1, 8) / 8
    off = [limits.best_fit(sawtooth, knots, sides)[1] for sides in itertools.product([1, -1], repeat=7)]
    return sum(distance < 0.5 - 1e-6 for distance in off), min(off)


def knots_that_move() -> dict[int, float]:
    """Can fewer units come nearer than 1/2 if their knots are optimised, too? By units, for three folds (7 needed)."""
    sawtooth = limits.pieces(limits.tent_network(3))
    found = {}
    for units in (5, 6, 7):
        rng, best = np.random.default_rng(units), np.inf
        for _ in range(3):
            sides = [*rng.choice([-1, 1], units - 1).tolist(), -1]

            def off(knots: Floats, sides: list[int] = sides) -> float:
                return limits.best_fit(sawtooth, np.clip(knots, 0, 1).tolist(), sides)[1]

            start = np.arange(1, units + 1) / 8 + 0.02 * rng.normal(size=units)
            best = min(best, minimize(off, start, method="Nelder-Mead", options={"maxfev": 200}).fun)
        found[units] = best
    return found


def other_errors_allowed() -> dict[float, dict[str, float]]:
    """Do the routes grow alike for another eps and other draws? Growth of the widest layer a fold, from 3 to 5."""
    makes: dict[str, Callable[[int, float], float]] = {
        "two layers": lambda k, eps: _widest(limits.shallow_sawtooth(k), eps),
        "three layers": lambda k, eps: max(one_layer_more(k, eps=eps, seed=9)),
        "as deep as the folds": lambda k, eps: _widest(limits.tent_network(k), eps),
    }
    return {eps: {route: (make(5, eps) / make(3, eps)) ** 0.5 for route, make in makes.items()} for eps in (0.3, 0.03)}


def more_folds() -> dict[int, float]:
    """Does the deep route still add where it could have multiplied? Its widest layer for 4, 8 and 14 folds."""
    return {k: _widest(limits.tent_network(k), 0.1) for k in (4, 8, 14)}


def other_scales() -> dict[float, float]:
    """What does a fold cost by scale? Further numbers a fold, from 2 to 6, with weights of at most 1, 1/2 and 1/4."""
    return {
        largest: float(np.mean([(_numbers(6, largest, seed) - _numbers(2, largest, seed)) / 4 for seed in SEEDS]))
        for largest in (1.0, 0.5, 0.25)
    }


def _numbers(folds: int, largest: float, seed: int) -> int:
    """How many random numbers for each weight bring the deep route within 0.1, with weights scaled to `largest`."""
    target = limits.tent_network(folds)
    for numbers in range(1, 41):
        ticket = construct(target, eta=limits.NO_SUM, per_weight=numbers, largest=largest, seed=seed)
        made = limits.pieces(ticket.module())
        if limits.distance(limits.pieces(target), limits.Pieces(made.x, ticket.scale * made.y)) <= 0.1:
            return numbers
    raise ValueError(f"40 numbers are too few for {folds} folds and weights of at most {largest}")


def the_widest_of_three_layers() -> dict[int, tuple[int, ...]]:
    """Which layer is it that widens in the three-layer route? The hidden widths of its random network, by folds."""
    return {k: one_layer_more(k, eps=0.1, seed=0) for k in (2, 3, 4, 5)}


def halfway_sawtooth(folds: int) -> nn.Sequential:
    """The sawtooth in three layers: half of the folds in the first hidden layer, the others in the second."""
    first, _, last = limits.shallow_sawtooth(folds // 2)
    then, _, top = limits.shallow_sawtooth(folds - folds // 2)
    joined = nn.Linear(last.in_features, then.out_features)  # where the halves meet, two linear layers become one
    joined.weight.data = then.weight.data @ last.weight.data
    joined.bias.data = then.weight.data @ last.bias.data + then.bias.data
    return nn.Sequential(first, nn.ReLU(), joined, nn.ReLU(), top)


def one_layer_more(folds: int, *, eps: float, seed: int) -> tuple[int, ...]:
    """Hidden widths of a random network with four layers that is pruned to `halfway_sawtooth`, by Burkholz's way."""
    target, eta = halfway_sawtooth(folds), min(eps, 0.25)
    while True:
        ticket = construct_shallow(target, eta=eta, seed=seed)
        made = limits.pieces(ticket.module())
        if limits.distance(limits.pieces(target), limits.Pieces(made.x, ticket.scale * made.y)) <= eps:
            return tuple(ticket.source.sizes[1:-1])
        eta /= 2


def turned_units_make_more_pieces() -> list[int]:
    """Three units, one of them turned, that make four full pieces: the pieces of one, two and three such folds."""
    x = np.array([0, 1 / 4, 1 / 2, 7 / 8, 1])
    units = np.array([x - 1 / 4, 1 / 2 - x, 7 / 8 - x]).clip(min=0)  # relu
    fold = limits.Pieces(x, (np.array([-8, 20 / 3, -32 / 3]) @ units + 6).round(12))  # 0 and 1 in turns
    return [len(folded(fold, times)) for times in (1, 2, 3)]


def few_kept_by_formula() -> dict[float, tuple[float, float, float]]:
    """Random weights an entry with three kept, at least, by eps: (c/e) (1/2 eps)^(1/c), exactly, and without limit."""
    return {
        eps: (
            3 / math.e * (1 / (2 * eps)) ** (1 / 3),
            limits.counting_bound_for_few(6, eps, kept=108) / 36,
            limits.counting_bound(6, eps) / 36,
        )
        for eps in (0.1, 0.01, 1e-4, 1e-6)
    }


def a_target_without_biases() -> float:
    """How near to one tent does the best network without biases come? On [0, 1] it is a line through 0."""
    x = np.linspace(0, 1, 1001)
    tent = limits.pieces(limits.tent_network(1))(x)
    return min(float(np.abs(tent - slope * x).max()) for slope in np.linspace(-1, 3, 4001))


def every_neuron_mask() -> dict[str, float]:
    """Is the search for neuron masks at fault? All masks of 14 neurons against the search: mean errors."""
    found: dict[str, list[float]] = {"all masks": [], "search": []}
    masks = np.array(list(itertools.product([0.0, 1.0], repeat=14)))[1:]
    for seed in SEEDS:
        gram, overlap, top = _features(7, 14, seed)
        kept = masks * top
        explained = (kept @ overlap) ** 2 / ((kept @ gram) * kept).sum(1)
        found["all masks"].append(1 - explained.max() / 0.5)
        found["search"].append(features.neuron_mask(gram, overlap, 0.5, top, starts=2, seed=seed)[1])
    return {name: float(np.mean(errors)) for name, errors in found.items()}


def how_often_masks_win() -> dict[int, tuple[int, int]]:
    """Of 20 draws a number of inputs, in how many a mask on 16 r and on 64 r beats the best top layer on r."""
    found = {}
    for d in (4, 8, 12):
        wins = np.zeros(2, int)
        for seed in range(50, 70):
            gram, overlap, top = _features(d, 128 * d, seed)
            r = 2 * d
            trained = features.top_layer_error(gram[:r, :r], overlap[:r], 0.5)
            for i, n in enumerate((16 * r, 64 * r)):
                error = features.neuron_mask(gram[:n, :n], overlap[:n], 0.5, top[:n], starts=1, seed=seed)[1]
                wins[i] += error < trained
        found[d] = int(wins[0]), int(wins[1])
    return found


def fewest_of_many_numbers() -> dict[int, float]:
    """How many products are needed for a weight within 0.018, on average, from so many: up to two, or "three"."""
    found, eta = {}, 0.018
    for n in (40, 160, 640):
        rng = np.random.default_rng(n)
        sizes = []
        for target in rng.uniform(-0.25, 0.25, 400):
            x = rng.uniform(0.8, 1, n) * rng.uniform(-1, 1, n)
            pairs = (x[:, None] + x)[np.triu_indices(n, 1)]
            near = [abs(target) <= eta, np.abs(x - target).min() <= eta, np.abs(pairs - target).min() <= eta]
            sizes.append(near.index(True) if True in near else 3)
        found[n] = float(np.mean(sizes))
    return found


def better_searches() -> dict[str, float]:
    """Eight weights, 20,000 questions: is the climbing at fault? Median error of the worst weight, by search."""
    found: dict[str, list[float]] = {"restarts": [], "annealing": [], "told the sum": [], "targets known": []}
    for seed in SEEDS:
        rng = np.random.default_rng([8, seed])
        x, wanted = rng.uniform(-1, 1, (8, 16)), rng.uniform(-0.5, 0.5, 8)
        found["restarts"].append(_climb(x, wanted, rng, restart=400))
        found["annealing"].append(_climb(x, wanted, rng, warm=0.3))
        found["told the sum"].append(_climb(x, wanted, rng, told=np.sum))
        found["targets known"].append(float(best_subsets(x, wanted).errors.max()))
    return {name: float(np.median(errors)) for name, errors in found.items()}


def one_weight_at_a_time() -> dict[str, dict[str, float]]:
    """Is it that all must be right at once? Medians of the worst of eight weights, 5,000 questions for all or for each.

    "stuck" is the share of weights whose flips end where no single flip of their 16 is better.
    """
    found: dict[str, dict[str, list[float]]] = {
        search: {"at once": [], "one by one": [], "stuck": []} for search in ("random masks", "flips")
    }
    for seed in range(50, 70):
        rng = np.random.default_rng([8, seed])
        x, wanted = rng.uniform(-1, 1, (8, 16)), rng.uniform(-0.5, 0.5, 8)
        for search, spend in (("random masks", _best_of_random), ("flips", _flips)):
            alone = [spend(x[i : i + 1], wanted[i : i + 1], rng) for i in range(8)]
            found[search]["at once"].append(spend(x, wanted, rng)[0])
            found[search]["one by one"].append(max(error for error, _ in alone))
            for i, (error, mask) in enumerate(alone):
                flipped = mask ^ np.eye(16, dtype=bool)
                found[search]["stuck"].append(float(np.abs(flipped @ x[i] - wanted[i]).min() >= error))
    return {
        search: {name: float((np.mean if name == "stuck" else np.median)(values)) for name, values in errors.items()}
        for search, errors in found.items()
    }


def _best_of_random(x: Floats, wanted: Floats, rng: np.random.Generator) -> tuple[float, Bools]:
    masks = rng.random((5000, *x.shape)) < 0.5
    errors = np.abs((masks * x).sum(2) - wanted).max(1)
    return float(errors.min()), masks[errors.argmin()]


def _flips(x: Floats, wanted: Floats, rng: np.random.Generator) -> tuple[float, Bools]:
    mask = rng.random(x.shape) < 0.5
    error = float(np.abs((mask * x).sum(1) - wanted).max())
    for _ in range(4999):
        mask.flat[j := rng.integers(mask.size)] ^= True
        new = float(np.abs((mask * x).sum(1) - wanted).max())
        if new <= error:
            error = new
        else:
            mask.flat[j] ^= True
    return error, mask


def _climb(
    x: Floats,
    wanted: Floats,
    rng: np.random.Generator,
    told: Callable[[Floats], float] = np.max,
    restart: int = 20_000,
    warm: float = 0.0,
) -> float:
    """The worst weight's error after 20,000 single flips, judged by what is `told` of all errors; the best one met."""
    mask, stuck, best, tries = rng.random(x.shape) < 0.5, 0, np.inf, 20_000
    now = float(told(np.abs((mask * x).sum(1) - wanted)))
    for step in range(tries):
        i, j = rng.integers(x.shape[0]), rng.integers(x.shape[1])
        mask[i, j] ^= True
        errors = np.abs((mask * x).sum(1) - wanted)
        new = float(told(errors))
        heat = warm * (1 - step / tries) ** 3
        if new <= now or (heat and rng.random() < np.exp((now - new) / heat)):
            stuck = stuck + 1 if new >= now else 0
            now = new
            best = min(best, float(errors.max()))
        else:
            mask[i, j] ^= True
            stuck += 1
        if stuck > restart:
            mask, stuck = rng.random(x.shape) < 0.5, 0
            now = float(told(np.abs((mask * x).sum(1) - wanted)))
    return best


def _widest(target: nn.Module, eps: float) -> float:
    return float(np.median([max(limits.prune_to(target, eps, seed=seed)[0].source.sizes) for seed in SEEDS]))


def _features(d: int, n: int, seed: int) -> tuple[Floats, Floats, Floats]:
    """Means of n random features on a neuron with d inputs, and a random top layer."""
    rng = np.random.default_rng([d, seed])
    w = rng.normal(size=d)
    first, top = rng.uniform(-1, 1, (n, d)), rng.uniform(-1, 1, n)
    return features.relu_gram(first, first), features.relu_gram(first, w[None] / np.linalg.norm(w))[:, 0], top
