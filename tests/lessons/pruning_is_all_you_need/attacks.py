"""How the verdict of the lesson on pruning as all that is needed was attacked. Each function takes less than a minute.

Targets are trained from seeds that are none of the lesson's own. Shares of test digits are in percent.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import torch
from torch import nn

from lthedu import data, proof
from lthedu.lessons.pruning_is_all_you_need.experiment import LESSON, other_choices, trained_targets
from lthedu.networks.models import MLP
from lthedu.proof import Construction, growth
from lthedu.proof.widths import subset_width

ETA, WEIGHTS = LESSON.eta, 266_610
Found = dict[str, float]


@cache
def pixels() -> data.Dataset:
    return data.unit_pixels(data.load("mnist"))


@cache
def targets() -> list[nn.Module]:
    """Two targets, trained as the lesson's are."""
    return trained_targets(pixels(), replace(LESSON, seeds=(40, 41)))


def alike(ticket: Construction, x: torch.Tensor | None = None) -> float:
    """On how many inputs, by default the test digits, target and ticket answer alike."""
    inputs = (pixels().x_test if x is None else x).double().numpy()
    same = ticket.folded(inputs).argmax(1) == ticket.target_logits(inputs).argmax(1)
    return round(100 * float(same.mean()), 2)


def read(ticket: proof.Ticket) -> float:
    """How many of 500 test digits a masked random network reads."""
    said = ticket.fixed_order_logits(pixels().x_test[:500]).argmax(1)
    return round(100 * (said == pixels().y_test[:500]).double().mean().item(), 1)


def masks_and_networks_that_do_not_belong_together() -> Found:
    """Does a mask read wherever it is put, or a random network under any mask of this kind?"""
    one, two = (proof.construct(target, eta=ETA, seed=40 + i) for i, target in enumerate(targets()))
    parts = {
        "ticket": one,
        "mask on another random network": replace(one, source=replace(one.source, seed=77)),
        "its mask on the other one's network": replace(one, source=two.source),
        "other candidates": replace(one, mask=other_choices(one)),
        "another target's mask for the same network": replace(one, mask=two.mask),
    }
    return {name: read(proof.Ticket(t.source, t.mask, t.scale, t.box)) for name, t in parts.items()}


def other_candidates_in_one_layer() -> Found:
    """Does it matter which of an owner's neurons an output adds up, in each layer? Only one layer gets other ones."""
    ticket = proof.construct(targets()[0], eta=ETA, seed=40)
    other, found = other_choices(ticket), {}
    for layer in (1, 3, 5):
        name = f"layers.{layer}.weight"
        mask = ticket.mask | {name: other[name]}
        found[f"target's layer {layer // 2 + 1}"] = read(proof.Ticket(ticket.source, mask, ticket.scale, ticket.box))
    return found


def targets_that_read_nothing() -> Found:
    """Is it because the target learned something? Targets that were never trained are copied as well."""
    torch.manual_seed(0)
    net = MLP(LESSON.sizes)
    ticket = proof.construct(net, eta=ETA)
    right = (net(pixels().x_test).argmax(1) == pixels().y_test).double().mean().item()
    return {"missed": ticket.missed, "read": round(100 * right, 1), "alike": alike(ticket)}


def inputs_that_are_no_digits() -> Found:
    """Do target and ticket answer alike on images that nobody trained on?"""
    ticket, coin = proof.construct(targets()[0], eta=ETA, seed=40), torch.Generator().manual_seed(0)
    noise = torch.rand(5000, 784, generator=coin)
    digits = pixels().x_test[:5000]
    mixed = (digits + pixels().x_test[5000:]) / 2
    return {
        "noise": alike(ticket, noise),
        "two digits, mixed": alike(ticket, mixed),
        "black and white": alike(ticket, noise.round()),
    }


def longer_searches() -> dict[str, tuple[float, float, float]]:
    """How close to the certificate does a search come that climbs for 25 times as long, from four times the points?"""
    found = {}
    for eta in (1e-2, 1e-3):
        ticket = proof.construct(targets()[0], eta=eta, seed=40)
        x = pixels().x_test.double().numpy()
        short = proof.largest_difference(ticket, x, starts=32, steps=40)
        long = proof.largest_difference(ticket, x, starts=128, steps=1000)
        found[f"eta {eta:g}"] = tuple(float(f"{v:.3g}") for v in (short, long, proof.certificate(ticket)))
    return found


def lines_between_digits() -> Found:
    """Are there inputs that target and ticket answer differently? 1,000 points on each line between two test digits."""
    ticket, x = proof.construct(targets()[0], eta=ETA, seed=40), pixels().x_test.double().numpy()
    at, points, lines = np.linspace(0, 1, 1000)[:, None], [], []
    for one, other in zip(x[:100], x[100:200], strict=True):
        line = (1 - at) * one + at * other
        differ = ticket.target_logits(line).argmax(1) != ticket.folded(line).argmax(1)
        points.append(differ.mean())
        lines.append(differ.any())
    found = {"of points": np.mean(points), "of lines, somewhere": np.mean(lines)}
    return {name: round(100 * float(share), 2) for name, share in found.items()}


def smaller_tickets() -> dict[str, tuple[float, float]]:
    """Must a ticket be larger than its target? Kept weights for each of the dense target's, and answers alike."""
    net, found = targets()[0], {}
    for eta in (0.03, 0.01):
        ticket = proof.construct(net, eta=eta, seed=40, keep="fewest", per_weight=subset_width(eta, WEIGHTS))
        found[f"fewest numbers, eta {eta:g}"] = round(ticket.kept / WEIGHTS, 2), alike(ticket)
    pruned = MLP(LESSON.sizes)
    pruned.load_state_dict(net.state_dict())
    with torch.no_grad():
        for p in (p for p in pruned.parameters() if p.ndim == 2):
            p[p.abs() < p.abs().flatten().kthvalue(int(0.8 * p.numel())).values] = 0
    ticket = proof.construct(pruned, eta=ETA, seed=40, keep="fewest")
    right = (pruned(pixels().x_test).argmax(1) == pixels().y_test).double().mean().item()
    found["target that kept 20 % of its weights"] = round(ticket.kept / WEIGHTS, 2), alike(ticket)
    found["this target alone"] = 0.2, round(100 * right, 2)  # digits that it reads
    return found


def deep_and_narrow() -> dict[int, tuple[int, float, float]]:
    """Is a ticket close where no weight is missed? For targets of eight units a layer, never trained, by their depth:
    weights missed in four of them, and the largest error and the smallest certificate, in lengths of the output."""
    found, x = {}, np.random.default_rng(0).uniform(0, 1, (1000, 8))
    for depth in (3, 30):
        missed, off, bounds = 0, [], []
        for seed in range(4):
            torch.manual_seed(seed)
            ticket = proof.construct(MLP([8] * (depth + 1)), eta=ETA)
            own = ticket.target_logits(x)
            length = np.linalg.norm(own, axis=1).max()
            missed += ticket.missed
            off.append(np.linalg.norm(own - ticket.folded(x), axis=1).max() / length)
            bounds.append(proof.certificate(ticket) / length)
        found[depth] = missed, float(f"{max(off):.2g}"), float(f"{min(bounds):.2g}")
    return found


def errors_on_their_way() -> dict[int, tuple[float, float]]:
    """Do errors grow from layer to layer? The length of the signal and of its error, as built, by target layer."""
    torch.manual_seed(0)
    ticket = proof.construct(MLP([8] * 31), eta=ETA)
    own = made = np.random.default_rng(0).uniform(0, 1, (1000, 8))
    found = {}
    for number, layer in enumerate(ticket.layers, 1):
        own, made = (
            np.maximum(x @ w[:, :-1].T + w[:, -1], 0) for x, w in ((own, layer.target), (made, layer.positive))
        )
        lengths = (float(np.linalg.norm(x, axis=1).mean()) for x in (own, made - own))
        found[number] = tuple(float(f"{v:.2g}") for v in lengths)
    return {number: found[number] for number in (1, 10, 20, 29)}


def fewer_candidates_than_the_rule() -> dict[int, tuple[int, float]]:
    """Is the rule for candidates needed? Weights missed, and answers alike, with fewer."""
    found = {}
    for many in (12, 16, 20, 24, 28, 32, 35):
        ticket = proof.construct(targets()[0], eta=ETA, seed=40, per_weight=many)
        found[many] = ticket.missed, alike(ticket)
    return found


def misses_at_larger_etas() -> dict[float, float]:
    """Does an eta above 1/100 save nothing against bad luck? Percent of weights missed with 12 candidates each."""
    rng = np.random.default_rng(0)
    errors = proof.best_subsets(rng.uniform(-1, 1, (60_000, 12)), rng.uniform(-0.25, 0.25, 60_000)).errors
    return {eta: round(100 * float((errors > eta).mean()), 3) for eta in (0.01, 0.03, 0.1)}


def draws_of_one_small_target() -> dict[int, int]:
    """With what chance is a weight missed by the rule for delta = 0.01, and with less? Of 300 random networks."""
    torch.manual_seed(0)
    net = MLP([16, 12, 4])
    many = subset_width(1e-2, 256)
    return {
        n: sum(proof.construct(net, eta=1e-2, seed=s, per_weight=n).missed > 0 for s in range(300))
        for n in (many - 6, many - 3, many)
    }


def trained_longer() -> Found:
    """Do answers stay alike for a target that was trained for three times as long?"""
    (net,) = trained_targets(pixels(), replace(LESSON, seeds=(40,), steps=3 * LESSON.steps))
    ticket = proof.construct(net, eta=ETA, seed=40)
    return {"alike": alike(ticket), "missed": ticket.missed, "certificate": round(proof.certificate(ticket), 1)}


def other_draws_of_the_three_proofs() -> dict[str, tuple[float, float]]:
    """Do the three proofs grow in the same order for other draws? Exponents, and neurons more when eta is halved."""
    table = growth.measured_widths([0.1, 0.01, 0.001], draws=20, seed=1)
    return {m: tuple(round(v, 2) for v in growth.growth(table, m)) for m in table["method"].unique()}


def weights_that_are_not_scaled() -> dict[str, int]:
    """Are large weights in reach without scaling, with the most candidates that are searched?"""
    found = {}
    for name, rule in (("as they are", lambda layers, largest: (list(layers), 1.0)), ("scaled", proof.normalise)):
        found[name] = proof.construct(targets()[0], eta=ETA, seed=40, normalise=rule, per_weight=40).missed
    return found
