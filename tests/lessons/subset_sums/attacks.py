"""How the verdict of the lesson on subset sums was attacked. Each function takes less than a minute.

The draws come from seeds that the lesson does not use. `eta` is the distance at which a target counts as hit.
"""

import math

import numpy as np

from lthedu.base.streams import numpy_generator
from lthedu.lessons.subset_sums.experiment import POINTS, expected_near, gaps
from lthedu.proof import all_sums, golden, laws, solve
from lthedu.proof.golden import GOLDEN
from lthedu.proof.subset_sums import Floats

SEED = 800
Found = dict[str, float]


def _slope(numbers: Floats, targets: Floats, eta: Floats, share: float = 0.5) -> float:
    """How many numbers more each halving of `eta` takes."""
    table = laws.errors_so_far(numbers, targets, enough=float(min(eta)))
    needed = [laws.numbers_needed(table, e, share) for e in eta]
    return round(float(np.polyfit(np.log2(1 / eta), needed, 1)[0]), 2)


def _needed(numbers: Floats, targets: Floats, eta: float, share: float = 0.5) -> float:
    return round(laws.numbers_needed(laws.errors_so_far(numbers, targets, enough=eta), eta, share), 1)


def finer_than_the_lesson() -> Found:
    """Does a bit still cost one number where eta is 64 times smaller? n_50 less log2(1/eta), and the slope."""
    numbers, targets = laws.draw_pools("uniform", 28, 1000, SEED)
    eta = 2.0 ** -np.arange(14, 20)
    table = laws.errors_so_far(numbers, targets, enough=eta[-1])
    needed = np.array([laws.numbers_needed(table, e) for e in eta])
    above = needed - np.log2(1 / eta)
    return {"slope": round(float(np.polyfit(np.log2(1 / eta), needed, 1)[0]), 2), "above": round(float(above.max()), 2)}


def other_numbers() -> dict[str, tuple[float, float]]:
    """Is it the uniform distribution? The slope of n_50, and n_50 at 1/1,000, with the same targets."""
    rng, (_, targets) = numpy_generator(SEED, "other numbers"), laws.draw_pools("uniform", 1, 2000, SEED)
    size, eta = (2000, 30), 2.0 ** -np.arange(4, 12)
    kinds = {
        "normal": rng.standard_normal(size),
        "near zero": rng.uniform(-0.1, 0.1, size),
        "away from zero": rng.choice([-1.0, 1.0], size) * rng.uniform(0.5, 1, size),
        "heavy tails": rng.standard_cauchy(size),
        "cubes": rng.uniform(-1, 1, size) ** 3,
        "half as wide": rng.uniform(-0.5, 0.5, size),
    }
    return {name: (_slope(x, targets, eta), _needed(x, targets, 1e-3)) for name, x in kinds.items()}


def without_signs() -> Found:
    """Are negative numbers needed? All numbers positive, targets in [0, 1/2] or near the middle of all sums."""
    numbers, targets = laws.draw_pools("uniform", 28, 300, SEED)
    positive, eta = np.abs(numbers), 2.0 ** -np.arange(4, 9)
    found = {}
    for name, aims in {"small targets": np.abs(targets), "targets around 4": 4 + targets}.items():
        found[f"{name}, n_50 at 1/256"] = _needed(positive, aims, eta[-1])
        found[f"{name}, n_95 at 1/256"] = _needed(positive, aims, eta[-1], 0.95)
    return found


def on_a_grid() -> Found:
    """Must the numbers be real? Rounded to multiples of 1/256, none helps below half of that."""
    numbers, targets = laws.draw_pools("uniform", 28, 500, SEED)
    found = {}
    for eta in (1 / 512, 1 / 4096):
        table = laws.errors_so_far(np.round(numbers * 256) / 256, targets, enough=eta)
        found[f"share within 1/{1 / eta:.0f} with 28 numbers"] = float((table[:, -1] <= eta).mean())
    return found


def first_weights_shared() -> Found:
    """In a network 50 targets share the first weights. Are they missed as often, and more often together?"""
    rng, layers, outputs, n = numpy_generator(SEED, "shared"), 200, 50, 14
    first = np.abs(rng.uniform(-1, 1, (layers, 1, n)))
    second, targets = rng.uniform(-1, 1, (layers, outputs, n)), rng.uniform(-0.5, 0.5, (layers, outputs))
    shared = laws.errors_so_far((first * second).reshape(-1, n), targets.ravel(), enough=1e-3)
    own = np.abs(rng.uniform(-1, 1, (layers, outputs, n))) * second
    alone = laws.errors_so_far(own.reshape(-1, n), targets.ravel(), enough=1e-3)
    found = {}
    for name, table in {"shared": shared, "own": alone}.items():
        missed = (table[:, -1] > 1e-3).reshape(layers, outputs)
        found[f"{name}, percent missed"] = round(100 * float(missed.mean()), 1)
        found[f"{name}, spread between layers"] = round(100 * float(missed.mean(1).std()), 1)
    return found


def each_draws_own_bell() -> dict[int, tuple[float, float, float]]:
    """Which draws fail? The share that does, what each draw's own bell predicts, and the rule of the rarer sign."""
    found = {}
    for n in (8, 10, 12, 14, 16):
        numbers, targets = laws.draw_pools("uniform", n, 100_000, SEED)
        bell = np.exp(-expected_near(numbers, targets / 2, 0.01)).mean()
        found[n] = tuple(round(float(p), 5) for p in (_missed(numbers, targets / 2).mean(), bell, laws.rare_sign(n)))
    return found


def signs_at_other_distances() -> Found:
    """How many times rarer are failures with balanced signs, at other eta and five numbers above log2(1/eta)?"""
    found = {}
    for eta, n in ((0.1, 9), (0.01, 12), (0.001, 15)):
        numbers, targets = laws.draw_pools("uniform", n, 50_000, SEED)
        balanced = np.abs(numbers) * np.where(np.arange(n) % 2, 1.0, -1.0)
        drawn, even = (
            (laws.errors_so_far(x, targets / 2, enough=eta)[:, -1] > eta).mean() for x in (numbers, balanced)
        )
        found[f"{eta:g}"] = round(float(drawn / even), 1) if even else math.inf
    return found


def signs_or_sizes_redrawn() -> Found:
    """What of a draw makes it fail? Percent of the failed ones that fail again if one part of them is drawn anew."""
    numbers, targets = laws.draw_pools("uniform", 12, 200_000, SEED)
    failed = _missed(numbers, targets / 2)
    x, t, rng = numbers[failed], targets[failed] / 2, numpy_generator(SEED, "again")
    anew = {
        "sizes": np.sign(x) * rng.uniform(0, 1, x.shape),
        "signs": np.abs(x) * rng.choice([-1.0, 1.0], x.shape),
    }
    found = {name: round(100 * _missed(y, t).mean(), 1) for name, y in anew.items()}
    return found | {"target": round(100 * _missed(x, rng.uniform(-0.25, 0.25, len(x))).mean(), 1)}


def _missed(numbers: Floats, targets: Floats, eta: float = 0.01) -> Floats:
    return laws.errors_so_far(numbers, targets, enough=eta)[:, -1] > eta


def smaller_errors_for_the_card() -> dict[str, tuple[float, float]]:
    """Does C = 2.5 hold where eta = delta is smaller? The share that misses with ceil(C log2(2/eta)) numbers."""
    found = {}
    for bits, draws in ((6, 8000), (7, 6000), (8, 4000)):
        eta, n = 2.0**-bits, math.ceil(2.5 * (bits + 1))
        numbers, _ = laws.draw_pools("uniform", n, draws, SEED)
        counts = _first_counts(numbers, eta, start=bits - 1)
        share = np.quantile(counts, 1 - eta, method="higher")
        found[f"1/{2**bits}"] = (float((counts > n).mean()), float(share))
    return found


def _first_counts(numbers: Floats, eta: float, start: int) -> Floats:
    """For each draw the first count with which all targets are within eta, one more than there are if none."""
    draws, n = numbers.shape
    counts = np.full(draws, float(n + 1))
    for i, row in enumerate(numbers):
        for k in range(start, n + 1):
            if laws.worst_error(row[:k]) <= eta:
                counts[i] = k
                break
    return counts


def rule_at_other_distances() -> dict[float, tuple[float, float, float]]:
    """Does the rule of the rarer sign hold at any eta? The percentage missed, by the rule, and with bits added."""
    found = {}
    for eta, n in ((0.1, 12), (0.01, 14), (0.001, 17), (0.0001, 20)):
        numbers, targets = laws.draw_pools("uniform", n, 40_000, SEED)
        shifted = n - math.log2(0.01 / eta)
        rules = laws.rare_sign(n), 2 * (1 + shifted) / 2**shifted
        missed = _missed(numbers, targets / 2, eta).mean()
        found[eta] = tuple(round(100 * float(share), 3) for share in (missed, *rules))
    return found


def targets_at_zero() -> dict[float, float]:
    """Is a target at 0 like others near it? How many sums of 10 numbers are within 0.001 of each target, on average."""
    sums = [all_sums(row) for row in laws.draw_pools("uniform", 10, 20_000, SEED)[0]]
    return {t: round(float(np.mean([(np.abs(s - t) <= 1e-3).sum() for s in sums])), 2) for t in (0.0, 0.05, 0.2)}


def _coins(cells: int, n: int, draws: int) -> Floats:
    """Random numbers of either sign (draws, n), whose sizes fall into each of the golden ratio's cells equally often.

    Cell k is [g^-(k+1), g^-k) / 2, so that the largest target is 1/2.
    """
    rng = numpy_generator(SEED, "coins")
    found: Floats = GOLDEN ** -rng.uniform(1, cells + 1, (draws, n)) / 2 * rng.choice([-1.0, 1.0], (draws, n))
    return found


def _greedy(coins: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """What the pass leaves of each target, and how many numbers it keeps."""
    left, kept = np.zeros(len(coins)), np.zeros(len(coins))
    for i, (row, t) in enumerate(zip(coins.tolist(), np.abs(targets).tolist(), strict=True)):
        fitting = [x for x in row if x > 0]
        chosen = golden.take_what_fits(fitting, t)
        left[i] = t - sum(x for x, k in zip(fitting, chosen, strict=True) if k)
        kept[i] = sum(chosen)
    return left, kept


def greedy_against_fewest() -> dict[float, dict[str, float]]:
    """Does greedy keep few numbers? Among the same numbers, as many as half of its passes need, the fewest that do.

    And how many numbers are drawn until every cell has one, which is what the proof waits for.
    """
    found = {}
    for eta, n in ((1e-2, 13), (1e-3, 23), (1e-4, 35)):
        cells = golden.cells_needed(GOLDEN, 2 * eta)
        x = _coins(cells, n, 1000)
        targets = laws.draw_pools("uniform", 1, 1000, SEED)[1]
        left, kept = _greedy(x, targets)
        some = (left <= eta) & (np.abs(targets) > eta)
        fewest = solve(x[some], np.abs(targets)[some], eta, keep="fewest").keep.sum(1)
        found[eta] = {"succeed": some.mean(), "greedy keeps": kept[some].mean(), "fewest": fewest.mean()}
        found[eta]["every cell"] = float(np.median(golden.draw_until_every_cell(GOLDEN, cells, 600, SEED)[1]))
    return found


def searching_with_the_coins() -> dict[float, tuple[float, float]]:
    """Does searching need uniform numbers? n_50 with numbers spread evenly over the cells, and with uniform ones."""
    found = {}
    for eta in (1e-2, 1e-3, 1e-4):
        numbers, targets = laws.draw_pools("uniform", 28, 600, SEED)
        spread = _coins(golden.cells_needed(GOLDEN, 2 * eta), 40, 600)
        found[eta] = _needed(spread, targets, eta), _needed(numbers, targets, eta)
    return found


def greedy_with_uniform_numbers() -> dict[float, tuple[float, float]]:
    """Does greedy need numbers of all sizes? The share within eta with 60 uniform numbers, and with 60 coins."""
    found = {}
    for eta in (1e-2, 1e-3, 1e-4):
        numbers, targets = laws.draw_pools("uniform", 60, 600, SEED)
        spread = _coins(golden.cells_needed(GOLDEN, 2 * eta), 60, 600)
        found[eta] = tuple(float((_greedy(x, targets)[0] <= eta).mean()) for x in (numbers, spread))
    return found


def distance_and_probability_apart() -> dict[tuple[int, int], float]:
    """C on the card where the two letters differ: numbers needed over log2(2 / min), for bits of eta and of delta."""
    numbers, _ = laws.draw_pools("uniform", 20, 3000, SEED)
    found = {}
    for bits in (2, 4, 6):
        counts = _first_counts(numbers, 2.0**-bits, start=0)
        for rare in (1, 2, 4, 6, 8):
            needed = float(np.quantile(counts, 1 - 2.0**-rare, method="higher"))
            found[bits, rare] = round(needed / (1 + max(bits, rare)), 2)
    return found


def reasons_for_the_slope() -> Found:
    """Numbers for each bit where eta is smaller than in the lesson: for sums, and for points that are no sums."""
    numbers, _ = laws.draw_pools("uniform", 16, 300, SEED)
    eta = 2.0 ** -np.arange(5, 9)
    return {points: round(laws.per_bit(gaps(numbers, points), eta).slope, 2) for points in POINTS}
