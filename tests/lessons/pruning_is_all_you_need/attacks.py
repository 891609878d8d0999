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
from lthedu.proof import Construction, gadgets, growth, normalise_rows, widths
from lthedu.proof.owners import owners
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


def trained_and_deep() -> dict[tuple[float, float], tuple[int, float, float]]:
    """Does a hit of every weight mean that answers agree, and does a smaller eta bring them together?

    For a trained target with twelve hidden layers of 16 units and 40 candidates a weight, by `largest` and eta: weights
    missed, answers alike, and the percentage of the target's biases that are no larger than eta once they are scaled.
    """
    settings = replace(LESSON, seeds=(950,), sizes=(784, *[16] * 12, 10), steps=2808)
    (net,) = trained_targets(pixels(), settings)
    found = {}
    for largest, eta in ((0.25, 1e-3), (0.25, 1e-5), (1.0, 1e-3)):
        ticket = proof.construct(net, eta=eta, seed=950, per_weight=40, largest=largest)
        biases = np.concatenate([layer.target[:, -1] for layer in ticket.layers])
        found[largest, eta] = ticket.missed, alike(ticket), round(100 * float((np.abs(biases) <= eta).mean()), 1)
    return found


def biases_never_trained() -> dict[int, tuple[int, float]]:
    """Is it training? Targets of eight units a layer with biases as nn.Linear draws them, by their depth: weights
    missed in four of them, and the median of the largest errors, in lengths of the output."""
    found, x = {}, np.random.default_rng(0).uniform(0, 1, (1000, 8))
    for depth in (3, 10):
        missed, off = 0, []
        for seed in range(4):
            torch.manual_seed(seed)
            net = MLP([8] * (depth + 1))
            for layer in net.layers:
                nn.init.uniform_(layer.bias, -(8**-0.5), 8**-0.5)
            ticket = proof.construct(net, eta=ETA)
            own = ticket.target_logits(x)
            missed += ticket.missed
            off.append(np.linalg.norm(own - ticket.folded(x), axis=1).max() / np.linalg.norm(own, axis=1).max())
        found[depth] = missed, float(f"{np.median(off):.2g}")
    return found


def the_same_function_in_other_weights() -> dict[str, tuple[int, float, float]]:
    """Is it the function that is copied well, or its weights? One hidden unit's weights and bias are multiplied, and
    those behind it divided, which changes no output. Weights missed, answers alike, and the certificate."""
    found = {}
    for times, rule in ((1, proof.normalise), (100, proof.normalise), (1000, proof.normalise), (1000, normalise_rows)):
        net = MLP(LESSON.sizes)
        net.load_state_dict(targets()[0].state_dict())
        with torch.no_grad():
            net.layers[0].weight[0] *= times
            net.layers[0].bias[0] *= times
            net.layers[1].weight[:, 0] /= times
        ticket = proof.construct(net, eta=ETA, seed=40, normalise=rule)
        name = f"times {times}" + (", scaled row by row" if rule is normalise_rows else "")
        found[name] = ticket.missed, alike(ticket), round(proof.certificate(ticket), 1)
    return found


def smaller_etas() -> dict[float, tuple[int, float, float]]:
    """What does a certificate certify, and is there an end at 0.0001? By eta: weights missed, the certificate over the
    mean length of the target's logits, and the percentage of test answers that it proves."""
    x, found = pixels().x_test.double().numpy(), {}
    for eta in (1e-3, 1e-4, 1e-5, 1e-6):
        ticket = proof.construct(targets()[0], eta=eta, seed=40, per_weight=40)
        own, bound = ticket.target_logits(x), proof.certificate(ticket)
        top = np.sort(own, axis=1)
        proved = 100 * float((top[:, -1] - top[:, -2] > 2**0.5 * bound).mean())
        found[eta] = ticket.missed, float(f"{bound / np.linalg.norm(own, axis=1).mean():.2g}"), round(proved, 1)
    return found


def what_a_coarse_ticket_copies() -> Found:
    """Is a ticket smaller than what it copies, too? For eta 0.03 and the fewest numbers: the shares of the target's
    weights that are kept, and that are above eta; and answers alike of the target without the others."""
    ticket = proof.construct(targets()[0], eta=0.03, seed=40, keep="fewest", per_weight=subset_width(0.03, WEIGHTS))
    large = [replace(layer, positive=np.where(np.abs(layer.target) > 0.03, layer.target, 0)) for layer in ticket.layers]
    above = sum(int((np.abs(layer.target) > 0.03).sum()) for layer in ticket.layers)
    return {
        "kept": round(ticket.kept / WEIGHTS, 2),
        "above eta": round(above / WEIGHTS, 2),
        "alike": alike(ticket),
        "alike without the others": alike(replace(ticket, layers=large)),
    }


def targets_chosen_after_the_network() -> dict[int, tuple[int, int]]:
    """Does the rule hold for *every* target, chosen after the random network is seen? Of 100 networks for 16-12-4
    targets at eta 0.01, by candidates: those that miss one drawn before, and those that miss some weight of a grid."""
    grid, rng, found = np.linspace(-0.25, 0.25, 26), np.random.default_rng(1), {}
    many = subset_width(1e-2, 256)
    for n in (many, many + 8):
        before, after = 0, 0
        for seed in range(100):
            products = np.concatenate([_products(layer, n, seed) for layer in ((16, 12), (12, 4))])
            drawn = rng.uniform(-0.25, 0.25, len(products))
            before += bool(proof.solve(products, drawn, 1e-2).missed(1e-2))
            each = np.repeat(products, len(grid), axis=0), np.tile(grid, len(products))
            after += bool(proof.solve(*each, 1e-2).missed(1e-2))
        found[n] = before, after
    return found


def _products(layer: tuple[int, int], n: int, seed: int) -> np.ndarray:
    """The products that a layer's weights, bias included, are made of: n for each, of a random network of its own."""
    source = proof.Source(9000 + seed, widths.source_sizes(layer, "free", n))
    owner, strength = owners(source, 0, "free", n, signed=False)
    pool = gadgets.pools(owner, layer[0] + 1)
    a = np.where(pool >= 0, strength[pool], 0)
    return (a * source.param("layers.1.weight").numpy().take(pool, axis=1)).reshape(-1, pool.shape[1]).astype(float)


def signs_of_missed_weights() -> dict[int, tuple[float, float]]:
    """Is a missed weight one whose candidates have all, or all but one, the same sign? By candidates, at eta 1/100:
    the percentage of the missed with at most one, and with at most two, of the rarer sign."""
    rng, found = np.random.default_rng(0), {}
    for n, rows in ((12, 200_000), (14, 400_000)):
        x, w = rng.uniform(-1, 1, (rows, n)), rng.uniform(-0.25, 0.25, rows)
        positive = (x[proof.solve(x, w, 1e-2).errors > 1e-2] > 0).sum(1)
        rarer = np.minimum(positive, n - positive)
        found[n] = round(100 * float((rarer <= 1).mean()), 1), round(100 * float((rarer <= 2).mean()), 1)
    return found


def deep_and_narrow() -> dict[int, tuple[int, float, float]]:
    """Is a ticket close where no weight is missed? For targets of eight units a layer, never trained and with biases of
    zero, by their depth: weights missed in four of them, and the largest error and the smallest certificate, in lengths
    of the output."""
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


def fewer_candidates_than_the_rule() -> dict[int, tuple[int, float, float]]:
    """Is the rule for candidates needed? Weights missed, answers alike and the certificate, with fewer."""
    found = {}
    for many in (12, 16, 20, 24, 28, 32, 35):
        ticket = proof.construct(targets()[0], eta=ETA, seed=40, per_weight=many)
        found[many] = ticket.missed, alike(ticket), round(proof.certificate(ticket), 1)
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
