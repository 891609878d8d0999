"""How we tried to break what the lesson says: each function takes at most a minute and returns its numbers.

Accuracies are percentages of MNIST's test digits unless it is said otherwise; seeds from 100 on have no part in the
lesson.
"""

from collections.abc import Sequence
from functools import cache, partial

import numpy as np
import torch

from lthedu import data, proof
from lthedu.base.streams import generator, numpy_generator
from lthedu.experiments.study import DENSE, RANDOM, REINIT, WINNING
from lthedu.lessons.what_is_a_lottery_ticket.players import patient_choice, sums_examined
from lthedu.networks import masks, models
from lthedu.networks.masks import Mask, Params
from lthedu.pruning import Scope, magnitude, random_mask, select
from lthedu.training import Optimizer, RateSchedule, Replicates, evaluate, train

STEPS = 468
FIVE = (100, 101, 102, 103, 104)
RATES = (0.0006, 0.0012, 0.0024, 0.0048, 0.0096, 0.0192)
OWN = {DENSE: 0.0012, WINNING: 0.0024, REINIT: 0.0048, RANDOM: 0.0048}  # what `best_rate` finds, and the lesson takes
FALLING = {DENSE: 0.0024, WINNING: 0.0048, REINIT: 0.0096, RANDOM: 0.0096}  # likewise, where the rate falls to zero
FIRST = "layers.0.weight"


@cache
def whole(seeds: tuple[int, ...]) -> tuple[Replicates, Replicates]:
    """Networks before and after training."""
    start = Replicates.create(models.lenet_300_100, seeds=seeds)
    return start, train(start, data.load("mnist"), STEPS, order=seeds, optimizer=Optimizer(lr=OWN[DENSE])).replicates


def largest(params: Params, density: float, scope: Scope = "global") -> Mask:
    """For each network the mask of its largest weights."""
    many = len(next(iter(params.values())))
    return masks.stack([select(magnitude(masks.unstack(params, i)), density, scope=scope) for i in range(many)])


def shuffled(mask: Mask, seeds: tuple[int, ...]) -> Mask:
    """As many weights in every layer, at random places."""
    return masks.stack([random_mask(masks.unstack(mask, i), generator(s, "shuffled")) for i, s in enumerate(seeds)])


def per_pixel(mask: Mask, seeds: tuple[int, ...]) -> Mask:
    """As `shuffled`, but from every pixel as many weights as the ticket keeps there."""
    found = shuffled(mask, seeds)
    for i, seed in enumerate(seeds):
        order = torch.rand(mask[FIRST][i].shape, generator=generator(seed, "per pixel")).argsort(0)  # (300, 784)
        found[FIRST][i] = mask[FIRST][i].gather(0, order)
    return found


def as_large_as(params: Params, model: Params) -> Params:
    """Every layer of weights multiplied by a number of its own, so that its norm is that of `model`."""
    found = dict(params)
    for name in masks.prunable(masks.unstack(params, 0)):
        factor = model[name].flatten(1).norm(dim=1) / params[name].flatten(1).norm(dim=1)
        found[name] = params[name] * factor[:, None, None]
    return found


def kept_shuffled(params: Params, mask: Mask, seeds: tuple[int, ...]) -> Params:
    """The sizes of the kept weights shuffled within each layer; every place keeps its sign."""
    found = {name: p.clone() for name, p in params.items()}
    for name, kept in mask.items():
        for i, seed in enumerate(seeds):
            w = params[name][i][kept[i]]
            sizes = w.abs()[torch.randperm(len(w), generator=generator(seed, f"sizes of {name}"))]
            found[name][i][kept[i]] = sizes * w.sign()
    return found


def seen(params: Params) -> Params:
    """Each weight times the spread of its pixel or, in later layers, as it is: a score that needs no training."""
    return params | {FIRST: params[FIRST] * data.load("mnist").x_train.std(0)}


def starts(seeds: tuple[int, ...]) -> dict[str, tuple[Params, Mask]]:
    """What each arm trains: first weights and a mask."""
    first, trained = whole(seeds)
    mask = largest(trained.params, 0.2)
    fresh = Replicates.create(models.lenet_300_100, seeds=[seed + 1000 for seed in seeds]).params
    arms = {DENSE: (first.params, first.full_mask()), WINNING: (first.params, mask), REINIT: (fresh, mask)}
    arms |= {RANDOM: (first.params, shuffled(mask, seeds)), "per pixel": (first.params, per_pixel(mask, seeds))}
    other = {name: p.abs() * fresh[name].sign() if name in mask else p for name, p in first.params.items()}
    arms |= {"first signs": (kept_shuffled(first.params, mask, seeds), mask), "first sizes": (other, mask)}
    arms |= {"mask before training": (first.params, largest(seen(first.params), 0.2))}
    found = {arm: (masks.apply(kept, params), kept) for arm, (params, kept) in arms.items()}
    like = found[WINNING][0]
    return found | {f"{arm}, as large": (as_large_as(p, like), m) for arm, (p, m) in found.items() if arm != DENSE}


def learned(
    seeds: tuple[int, ...], arm: str, rate: float, split: str = "test", steps: int = STEPS, falls: bool = False
) -> list[float]:
    """How well each network of an arm reads after training at a rate, which stays or falls to zero on a cosine."""
    params, mask = starts(seeds)[arm]
    networks = whole(seeds)[0].with_params(params)
    order = [seed + 1000 for seed in seeds]
    optimizer = Optimizer(lr=rate, schedule=RateSchedule("cosine" if falls else "constant"))
    trained = train(networks, data.load("mnist"), steps, mask=mask, order=order, optimizer=optimizer)
    rows = trained.history[trained.history["split"] == split].sort_values("replicate")
    return (100 * rows["accuracy"]).tolist()


def best_rate(arm: str) -> dict[float, float]:
    """Mean accuracy on validation digits at each learning rate, of three networks that the lesson does not train."""
    return {rate: float(np.mean(learned((100, 101, 102), arm, rate, "val"))) for rate in RATES}


def one_rate_for_all() -> dict[str, float]:
    """Mean accuracy of every arm at the rate that suits the whole network best, which is how the lesson once did it."""
    return {arm: float(np.mean(learned((100, 101, 102), arm, OWN[DENSE]))) for arm in OWN}


def stronger_controls() -> dict[str, list[float]]:
    """Tickets beside fresh weights as large as theirs, and random masks that keep as many weights of every pixel."""
    arms = {WINNING: OWN[WINNING], f"{REINIT}, as large": OWN[REINIT], "per pixel, as large": OWN[RANDOM]}
    return {arm: learned(FIVE, arm, rate) for arm, rate in arms.items()}


def signs_or_sizes() -> dict[str, list[float]]:
    """Tickets, tickets of which only the signs are their own, only the sizes, and neither."""
    arms = {WINNING: OWN[WINNING], "first signs": OWN[WINNING], "first sizes": OWN[REINIT], REINIT: OWN[REINIT]}
    return {arm: learned(FIVE, arm, rate) for arm, rate in arms.items()}


def falling_rate() -> dict[str, list[float]]:
    """Every arm at a rate that falls to zero in the course of training."""
    return {arm: learned(FIVE, arm, rate, falls=True) for arm, rate in FALLING.items()}


def equal_cost(falls: bool) -> tuple[float, float]:
    """Mean accuracy of the ticket, and of the whole network after as many steps as both trainings take together."""
    rates = FALLING if falls else OWN
    return tuple(
        float(np.mean(learned((100, 101, 102), arm, rates[arm], steps=steps, falls=falls)))
        for arm, steps in ((WINNING, STEPS), (DENSE, 2 * STEPS))
    )


def mask_before_training() -> tuple[list[float], list[float]]:
    """Whole networks, and networks whose mask goes by the first weights and by how much each pixel varies."""
    return learned(FIVE, DENSE, OWN[DENSE]), learned(FIVE, "mask before training", OWN[WINNING])


def reads(params: Params) -> float:
    """Mean accuracy of networks with these weights."""
    return 100 * float(evaluate(whole((100, 101, 102))[1].with_params(params), data.load("mnist"))[1].mean())


def layer_by_layer() -> dict[float, tuple[float, float]]:
    """Density -> mean accuracy when each layer keeps the share of its own, and when all weights compete."""
    params = whole((100, 101, 102))[1].params
    scopes: tuple[Scope, ...] = ("layer", "global")
    return {d: tuple(reads(masks.apply(largest(params, d, s), params)) for s in scopes) for d in (0.5, 0.1)}


def other_halves() -> dict[str, float]:
    """Points lost with half of the weights deleted by one rule or the other; then with as much squared norm deleted."""
    first, trained = (networks.params for networks in whole((100, 101, 102)))
    moved = {name: p - first[name] for name, p in trained.items()}
    half = largest(trained, 0.5)
    scattered = {}
    for name, kept in half.items():
        share = (trained[name] ** 2 * ~kept).sum() / (trained[name] ** 2).sum()
        scattered[name] = torch.rand(kept.shape, generator=generator(0, name)) > share
    rules = {"smallest": half, "smallest at the start": largest(first, 0.5), "moved least": largest(moved, 0.5)}
    rules |= {"at random": shuffled(half, (100, 101, 102)), "as much squared norm, at random": scattered}
    return {rule: reads(trained) - reads(masks.apply(kept, trained)) for rule, kept in rules.items()}


def random_half_restored() -> tuple[float, float]:
    """Mean accuracy without a random half; then with every neuron's mean and spread put back to what they were."""
    params, images = whole((100, 101, 102))[1].params, data.load("mnist").x_val[:2000]
    pruned = masks.apply(shuffled(largest(params, 0.5), (100, 101, 102)), params)
    restored = {name: p.clone() for name, p in pruned.items()}
    for i in range(3):
        before = after = images
        for layer in range(3):
            w, b = f"layers.{layer}.weight", f"layers.{layer}.bias"
            right, wrong = before @ params[w][i].T + params[b][i], after @ pruned[w][i].T
            factor = right.std(0) / wrong.std(0).clamp(min=1e-6)
            restored[w][i] *= factor[:, None]
            restored[b][i] = right.mean(0) - factor * wrong.mean(0)
            before, after = right.relu(), (after @ restored[w][i].T + restored[b][i]).relu()
    return reads(pruned), reads(restored)


def best_distance(numbers: np.ndarray, target: float) -> float:
    """The distance of the best choice."""
    sums = np.zeros(1)
    for x in numbers:
        sums = np.concatenate([sums, sums + x])
    return float(abs(sums - target).min())


def other_numbers() -> dict[str, float]:
    """By what each further number divides the median distance, from 4 numbers to 12, for numbers of other kinds."""
    draw = numpy_generator(0, "attacks")
    kinds = {
        "uniform": lambda: draw.uniform(-1, 1, 12),
        "normal": lambda: draw.normal(0, 0.5, 12),
        "products of two": lambda: draw.uniform(-1, 1, 12) * draw.uniform(-1, 1, 12),
        "all positive": lambda: draw.uniform(0, 1, 12),
        "whole tenths": lambda: draw.uniform(-1, 1, 12).round(1),
    }
    found = {}
    for kind, numbers in kinds.items():
        pairs = [(numbers(), draw.uniform(-0.5, 0.5)) for _ in range(400)]
        few, many = (np.median([best_distance(x[:n], t) for x, t in pairs]) for n in (4, 12))
        found[kind] = float((few / many) ** (1 / 8))
    return found


def far_targets() -> float:
    """By what each further number divides the median distance, where targets lie between -6 and 6."""
    draw = numpy_generator(0, "attacks")
    pairs = [(draw.uniform(-1, 1, 12), draw.uniform(-6, 6)) for _ in range(400)]
    few, many = (np.median([best_distance(x[:n], t) for x, t in pairs]) for n in (4, 12))
    return float((few / many) ** (1 / 8))


def more_patience() -> dict[int, float]:
    """How many times the best distance the patient player is off with 20 numbers, by how often he starts anew."""
    best = proof.subset_errors(proof.meet_in_the_middle, [20], draws=30)["error"].median()
    players = {starts: partial(patient_choice, starts=starts) for starts in (10, 100, 1000)}
    return {n: float(proof.subset_errors(play, [20], draws=30)["error"].median() / best) for n, play in players.items()}


def blind_guesses() -> tuple[float, float]:
    """With 20 numbers, the typical distance of ten patient starts, and of as many blind guesses as those examine sums.

    Both as multiples of the best choice's.
    """
    draw = numpy_generator(0, "blind guesses")

    def guess(numbers: Sequence[float], target: float) -> list[bool]:
        choices = draw.random((sums_examined(numbers, target), len(numbers))) < 0.5
        return choices[abs(choices @ np.asarray(numbers) - target).argmin()].tolist()

    players = (proof.meet_in_the_middle, patient_choice, guess)
    best, patient, blind = (proof.subset_errors(play, [20], draws=200)["error"].median() for play in players)
    return float(patient / best), float(blind / best)


def weights_from_numbers() -> dict[int, float]:
    """Accuracy of a network whose every weight is the best sum that so many random numbers have.

    The numbers are uniform up to twice the layer's largest weight, as in the lesson's game.
    """
    one, draw, found = whole((100, 101, 102))[1].take([0]), numpy_generator(0, "weights from numbers"), {}
    for many in (5, 6, 8):
        built = dict(one.params)
        for name in masks.prunable(masks.unstack(one.params, 0)):
            targets = one.params[name].flatten().numpy()
            reach = 2 * abs(targets).max()
            pieces = np.array_split(targets, len(targets) // 10_000 + 1)
            sums = [nearest_sums(piece, draw.uniform(-reach, reach, (len(piece), many))) for piece in pieces]
            built[name] = torch.tensor(np.concatenate(sums), dtype=torch.float32).view(one.params[name].shape)
        found[many] = 100 * float(evaluate(one.with_params(built), data.load("mnist"))[1])
    return found


def nearest_sums(targets: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """For each target the nearest sum that some of the numbers in its row have: (n,), (n, many) -> (n,)."""
    sums = np.zeros((len(targets), 1))
    for column in numbers.T:
        sums = np.concatenate([sums, sums + column[:, None]], axis=1)
    return sums[np.arange(len(targets)), abs(sums - targets[:, None]).argmin(1)]
