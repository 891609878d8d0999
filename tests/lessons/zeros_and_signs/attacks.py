"""How the verdict of the lesson on zeros and signs was attacked. Each function takes less than a minute.

Accuracies are means over eight seeds unless it is said otherwise, in percent of the test images. The seeds are none
of the lesson's own.
"""

from dataclasses import replace
from functools import cache

import torch
from torch import Tensor

from lthedu import data
from lthedu.base.streams import derive, generator
from lthedu.lessons.zeros_and_signs.experiment import DEEP, LESSON, Deconstruction, Settings
from lthedu.lessons.zeros_and_signs.ways import CONTROL, PLACES, PRUNED, TICKET, restore_norms, signal
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.networks.models import MLP
from lthedu.supermasks.criteria import CRITERIA, same_sign
from lthedu.training import Optimizer, evaluate

SEEDS = tuple(range(40, 48))
MANY = tuple(range(40, 72))
SHALLOW, NARROW = replace(LESSON, seeds=SEEDS), replace(DEEP.lesson, seeds=SEEDS)
OWN = {SHALLOW: 6e-3, NARROW: 0.1}  # the rate at which the ticket is best on the validation images
KEPT, LOST = "constant, sign kept, norm restored", "constant, sign lost, norm restored"
DRAWN = ("reinitialised, sign kept", "reinitialised, sign lost", "constant, sign kept", "constant, sign lost")
Found = dict[str, float]


@cache
def trained(settings: Settings) -> Deconstruction:
    """The experiment with its dense networks trained, and nothing else."""
    found = Deconstruction(data.pooled(data.load("mnist")), settings)
    found.train_dense()
    return found


def untrained(e: Deconstruction, params: Params) -> float:
    return round(100 * evaluate(e.networks.with_params(params), e.data)[1].mean().item(), 1)


def accuracy(e: Deconstruction, start: Params, mask: Mask, lr: float, *, held: Params | None = None, times: int = 1):
    """What networks reach that begin with `start`, with so many `times` the lesson's steps."""
    optimizer, steps = replace(e.settings.optimizer, lr=lr), times * e.settings.steps
    networks = e.networks.with_params(start)
    done = e.train(networks, mask=mask, frozen=held, optimizer=optimizer, order=e.new_order, steps=steps)
    return untrained(e, done.replicates.params)


def ticket_of(e: Deconstruction) -> tuple[float, Mask, Params]:
    """The density of the retrained networks, their masks, and the tickets."""
    (density,) = e.settings.retrained
    return density, e.mask("large_final", density), e.start(TICKET, density)


def signs_of_others(e: Deconstruction, params: Params, stream: str) -> Params:
    """The same sizes at the same places, with signs tossed by a fair coin."""
    out = dict(params)
    for i, seed in enumerate(e.settings.seeds):
        coin = generator(seed, stream)
        for n in masks.prunable(masks.unstack(params, i)):
            turned = torch.where(torch.rand(params[n][i].shape, generator=coin) < 0.5, -1.0, 1.0)
            out[n] = torch.cat([out[n][:i], (params[n][i] * turned)[None], out[n][i + 1 :]])
    return out


def masks_without_their_signs() -> Found:
    """Does a mask read digits because of the places alone? The same places and sizes, with other signs."""
    e = trained(SHALLOW)
    found = {}
    for criterion in ("large_final", "large_final_same_sign"):
        own = masks.apply(e.mask(criterion, 0.3), e.networks.params)
        found[f"{criterion}, own signs"] = untrained(e, own)
        found[f"{criterion}, other signs"] = untrained(e, signs_of_others(e, own, "other signs"))
    return found


def masks_of_wrong_labels() -> Found:
    """Do masks read digits because they come from trained networks, whatever was trained? Labels are shuffled here."""
    e = trained(SHALLOW)
    order = torch.randperm(len(e.data.y_train), generator=generator(40, "labels"))
    wrong = Deconstruction(replace(e.data, y_train=e.data.y_train[order]), SHALLOW)
    wrong.train_dense()
    mask = wrong.mask("large_final", 0.3)
    return {
        "labels": untrained(e, masks.apply(e.mask("large_final", 0.3), e.networks.params)),
        "shuffled labels": untrained(e, masks.apply(mask, e.networks.params)),
    }


def masks_of_longer_training() -> Found:
    """Do the masks still read digits if the dense networks train five times as long, and much further?"""
    long = trained(replace(SHALLOW, steps=5 * SHALLOW.steps))
    kept = {name: masks.apply(long.mask(name, 0.3), long.networks.params) for name in ("large_final", "movement")}
    return {name: untrained(long, params) for name, params in kept.items()}


def nearest_to_the_trained_weights() -> dict[float, tuple[float, float]]:
    """Is large_final the best criterion there is? Beside it, one that keeps what zero would take furthest away."""
    e = trained(SHALLOW)

    def nearest(i: Params, f: Params) -> Params:
        return {n: f[n] ** 2 - (f[n] - i[n]) ** 2 for n in masks.prunable(f)}

    other = Deconstruction(e.data, SHALLOW, criteria={"large_final": nearest})
    other.dense, found = e.dense, {}
    for density in (0.5, 0.3, 0.1):
        kept = [masks.apply(one.mask("large_final", density), e.networks.params) for one in (e, other)]
        found[density] = untrained(e, kept[0]), untrained(e, kept[1])
    return found


def movement_without_some_weights() -> Found:
    """Why does *movement* read so little? Weights that changed their sign, or that training shrank, may not be kept."""
    e = trained(SHALLOW)
    movement = CRITERIA["movement"]

    def grown(i: Params, f: Params) -> Params:
        return {n: s.masked_fill(f[n].abs() < i[n].abs(), -torch.inf) for n, s in movement(i, f).items()}

    criteria = {"movement": movement, "no changed signs": same_sign(movement), "none that shrank": grown}
    other = Deconstruction(e.data, SHALLOW, criteria=criteria)
    other.dense = e.dense
    mask = {name: other.mask(name, 0.3) for name in criteria}
    return {name: untrained(e, masks.apply(m, e.networks.params)) for name, m in mask.items()}


def signs_that_fit_on_other_sizes() -> Found:
    """Does a mask need the initial weights with which it was found, or their signs? The same signs on other sizes."""
    e = trained(SHALLOW)
    own, next_mask = e.mask("large_final", 0.3), e.mask(CONTROL, 0.3)
    fresh = e.create(lambda: MLP(SHALLOW.sizes), [derive(seed, "fresh") for seed in SEEDS]).params
    found = {}
    for name, mask, sizes, signs in (
        ("fresh sizes", own, fresh, e.networks.params),
        ("another network's mask", next_mask, e.networks.params, e.networks.params),
        ("its signs, too", next_mask, e.networks.params, {n: p.roll(-1, 0) for n, p in e.networks.params.items()}),
    ):
        start = {n: sizes[n].abs() * signs[n].sign() if n in mask else p for n, p in e.networks.params.items()}
        found[name] = untrained(e, masks.apply(mask, start))
    return found


def one_size_at_every_density() -> dict[float, float]:
    """Do random sizes explain why keeping more reads less? One size a layer for all, by density."""
    e = trained(SHALLOW)
    return {density: untrained(e, e.start("constant, sign kept", density)) for density in (0.3, 0.5, 0.95)}


def every_scale() -> Found:
    """How many answers of an untrained masked network change if each layer is multiplied by another factor?"""
    e = trained(SHALLOW)
    own = masks.apply(e.mask("large_final", 0.3), e.networks.params)
    scaled = {n: p * 3.0**i if p.dim() == 3 else p for i, (n, p) in enumerate(own.items())}
    return {"own": untrained(e, own), "scaled": untrained(e, scaled)}


def signal_restored(settings: Settings = NARROW) -> Found:
    """Are other signs still behind where the measured signal of every layer is restored, and not the norm?"""
    e = trained(settings)
    density, mask, ticket = ticket_of(e)
    images = e.data.x_train[:1000]
    wanted, found = signal(ticket, images), {TICKET: accuracy(e, ticket, mask, OWN[settings])}
    for name in (KEPT, LOST):
        start = e.start(name, density)
        for layer, n in enumerate(mask):  # from the first layer up: what comes in is right already
            factor = wanted[:, layer] / signal(start, images)[:, layer]
            start[n] = start[n] * factor.view(-1, 1, 1)
        found[name.replace("norm", "signal")] = accuracy(e, start, mask, OWN[settings])
    return found


def norm_of_the_dense_network(settings: Settings = NARROW) -> Found:
    """Does the comparison change where every start, the ticket too, has the norms of the unpruned layers?"""
    e = trained(settings)
    density, mask, _ = ticket_of(e)
    starts = {way: restore_norms(e.start(way, density), e.networks.params) for way in (TICKET, KEPT, LOST)}
    return {way: accuracy(e, start, mask, OWN[settings]) for way, start in starts.items()}


def deep_network_with_adam() -> Found:
    """Does scale decide in the deep network whatever the optimizer is? Its starts as drawn and restored, by Adam."""
    e = trained(NARROW)
    density, mask, _ = ticket_of(e)
    adam, found = Optimizer("adam", lr=6e-3), {}
    for way in (TICKET, *(f"{kind}{more}" for kind in DRAWN for more in ("", ", norm restored"))):
        networks = e.networks.with_params(e.start(way, density))
        done = e.train(networks, mask=mask, optimizer=adam, order=e.new_order)
        found[way] = untrained(e, done.replicates.params)
    return found


def five_times_the_steps(settings: Settings = SHALLOW) -> Found:
    """Does what signs are worth survive five times the steps, at the ticket's own rate?"""
    return _for_longer(settings, 5)


def twenty_times_the_steps(settings: Settings = SHALLOW) -> Found:
    """Do other signs catch up in the end?"""
    return _for_longer(settings, 20)


def whose_signs(settings: Settings = SHALLOW) -> Found:
    """Are the initial signs special, or do the trained ones do as well? Sizes are fresh, norms restored."""
    e = trained(settings)
    _, mask, ticket = ticket_of(e)
    fresh = e.create(lambda: MLP(settings.sizes), [derive(seed, "fresh") for seed in SEEDS]).params
    signs = {"initial signs": e.networks.params, "trained signs": e.final, "fresh signs": fresh}
    found = {TICKET: accuracy(e, ticket, mask, OWN[settings])}
    for name, source in signs.items():
        start = {n: fresh[n].abs() * source[n].sign() if n in mask else p for n, p in e.networks.params.items()}
        found[name] = accuracy(e, restore_norms(masks.apply(mask, start), ticket), mask, OWN[settings])
    agree = sum(int(((e.final[n] * ticket[n] > 0) & m).sum()) for n, m in mask.items())
    in_all = sum(int(m.sum()) for m in mask.values())
    return found | {"kept weights whose sign training did not change, in percent": round(100 * agree / in_all, 1)}


def trained_signs_at_random_places(settings: Settings = SHALLOW) -> Found:
    """Are places worth anything once signs are right? Random masks, with initial and with trained signs.

    Of 32 seeds, because in the deep network the difference varies by 1.4 points (one standard deviation) over seeds.
    """
    e = trained(replace(settings, seeds=MANY))
    density, mask, ticket = ticket_of(e)
    random = e.start(PLACES, density)
    places = {n: random[n] != 0 for n in mask}
    signed = {n: random[n].abs() * e.final[n].sign() if n in mask else p for n, p in random.items()}
    starts = {"initial signs": random, "trained signs": signed}
    found = {name: accuracy(e, start, places, OWN[settings]) for name, start in starts.items()}
    return {TICKET: accuracy(e, ticket, mask, OWN[settings])} | found


def other_densities() -> dict[float, tuple[float, float, float]]:
    """Ticket, own and other signs with one size a layer, of the shallow network, by density."""
    e, found = trained(SHALLOW), {}
    for density in (0.5, 0.1, 0.05):
        mask = e.mask("large_final", density)
        ways = [accuracy(e, e.start(way, density), mask, OWN[SHALLOW]) for way in (TICKET, KEPT, LOST)]
        found[density] = ways[0], ways[1], ways[2]
    return found


def held_with_equal_norms() -> Found:
    """Does it matter *which* pruned weights are zero, or only how large the held ones are together?"""
    e = trained(SHALLOW)
    mask = e.mask("large_final", 0.05)
    held = e.held("zero if moved to zero", mask, 0.05)
    assert held is not None
    starts = {"zero if moved to zero": held, "with other signs": signs_of_others(e, held, "held")}
    for way in ("zero if moved away", "zero at random"):
        starts[f"{way}, norms alike"] = _scaled(e.held(way, mask, 0.05) or {}, held)
    return {way: accuracy(e, e.networks.params, mask, 6e-3, held=values) for way, values in starts.items()}


def values_near_zero() -> dict[float, tuple[float, float]]:
    """Is zero special, or the head start? The rule's zeros become this many times their initial values: untrained
    and trained accuracy.
    """
    e = trained(SHALLOW)
    mask = e.mask("large_final", 0.05)
    rule, mirror = (e.held(f"zero if moved {way}", mask, 0.05) or {} for way in ("to zero", "away"))
    found = {}
    for times in (0.25, 0.0, -0.25, -0.5):
        held = {n: rule[n] + times * mirror[n] for n in mask}
        begins = untrained(e, masks.hold(mask, e.networks.params, held))
        found[times] = begins, accuracy(e, e.networks.params, mask, 6e-3, held=held)
    return found


def held_for_five_times_the_steps() -> Found:
    """Is the lead of held weights only a head start?"""
    e = trained(SHALLOW)
    mask = e.mask("large_final", 0.05)
    ways = ("zero", "frozen at init", "zero if moved to zero")
    held = {way: e.held(way, mask, 0.05) for way in ways}
    return {way: accuracy(e, e.networks.params, mask, 6e-3, held=held[way], times=5) for way in ways}


def held_at_twice_the_largest_rate() -> dict[float, Found]:
    """The stored run's best rates for held weights are at the edge of its search: is more better? By rate."""
    e = trained(SHALLOW)
    mask = e.mask("large_final", 0.05)
    held = {way: e.held(way, mask, 0.05) for way in PRUNED}
    return {
        lr: {way: accuracy(e, e.networks.params, mask, lr, held=values) for way, values in held.items()}
        for lr in (0.024, 0.048)
    }


def _for_longer(settings: Settings, times: int) -> Found:
    e, found = trained(settings), {}
    density, _, _ = ticket_of(e)
    for way in (TICKET, KEPT, LOST, PLACES):
        start = e.start(way, density)
        places = {n: start[n] != 0 for n in masks.prunable(masks.unstack(start, 0))}
        found[way] = accuracy(e, start, places, OWN[settings], times=times)
    return found


def _scaled(values: Params, like: Params) -> Params:
    return {n: v * (_norm(like[n]) / _norm(v)) for n, v in values.items()}


def _norm(weights: Tensor) -> Tensor:
    return weights.flatten(1).norm(dim=1).view(-1, 1, 1)
