"""How the verdict of the lesson on supermasks was attacked. Each function takes less than a minute.

Accuracies are means over eight seeds, in percent of the test images. The seeds are none of the lesson's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import torch

from lthedu import data
from lthedu.base.streams import derive, generator
from lthedu.lessons.supermasks.experiment import BERNOULLI, LESSON, POPUP, TRAINED, WEAK, Settings, Supermasks
from lthedu.lessons.supermasks.experiment import scaled_constants as scaled
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.supermasks import Bernoulli, EdgePopup, initial_scores, kaiming_normal, keep_top, signed_constants
from lthedu.training import Optimizer, Replicates, evaluate, pick

SETTINGS = replace(LESSON, seeds=tuple(range(60, 68)), looks=())
WIDTH, WIDEST = SETTINGS.probe, SETTINGS.widths[-1]
Found = dict[str, float]
Method = EdgePopup | Bernoulli


@cache
def experiment(settings: Settings = SETTINGS) -> Supermasks:
    return Supermasks(data.pooled(data.load("mnist")), settings)


def read(e: Supermasks, networks: Replicates, params: Params, split: str = "test") -> float:
    """The mean accuracy of networks with these weights."""
    return round(100 * evaluate(networks.with_params(params), e.data, split)[1].mean().item(), 1)


def popup(e: Supermasks, networks: Replicates, weights: Params, optimizer: Optimizer, kind: type = EdgePopup) -> float:
    """What edge-popup reads over these frozen weights."""
    method = kind(weights, pick("auto", networks.model, e.data.device), e.settings.density)
    scores = e.search(networks, method, optimizer)[e.settings.steps]
    return read(e, networks, method.effective(scores))


def at_rates(weights: Params, networks: Replicates, rates: Sequence[float], optimizer: Optimizer, **named) -> Found:
    e = experiment()
    return {f"{lr:g}": popup(e, networks, weights, replace(optimizer, lr=lr), **named) for lr in rates}


@dataclass(frozen=True)
class ByMagnitude(EdgePopup):
    """Edge-popup that ranks the magnitudes of scores, as the authors' released code does."""

    def mask(self, scores: Params) -> Mask:
        return {n: keep_top(s.abs(), self.density) for n, s in scores.items()}

    def effective(self, scores: Params) -> Params:
        return masks.apply(self.mask(scores), self.weights)

    def gradients(self, model, params, buffers, x, y, out) -> None:
        super().gradients(model, params, buffers, x, y, out)
        for name, g in out.items():
            g.mul_(params[name].sign())


def magnitudes_ranked() -> dict[str, Found]:
    """The released code ranks magnitudes of scores. Does it find better masks? By rate."""
    networks = experiment().networks(WIDTH)
    weights, rates, optimizer = scaled(networks.params, 0.5), (0.3, 1.0, 3.0), SETTINGS.popup
    kinds = {"raw scores": EdgePopup, "magnitudes": ByMagnitude}
    return {name: at_rates(weights, networks, rates, optimizer, kind=kind) for name, kind in kinds.items()}


def other_frozen_weights() -> Found:
    """Is it because of the constants? Kaiming normal weights at the same scale, and constants that are all positive."""
    e = experiment()
    networks = e.networks(WIDTH)
    constants, normal = scaled(networks.params, 0.5), kaiming_normal(networks.params, SETTINGS.seeds)
    tried = {
        "signed constants": constants,
        "normal": {n: p * 2**0.5 for n, p in normal.items()},  # 1 / sqrt(density)
        "all positive": {n: p.abs() for n, p in constants.items()},
    }
    return {name: popup(e, networks, weights, SETTINGS.popup) for name, weights in tried.items()}


def one_layer_alone() -> Found:
    """Which layer's mask does the work? The other one keeps its first, random mask."""
    e = experiment()
    networks, found = e.networks(WIDTH), {}
    method = e.method(POPUP, networks)
    start = initial_scores(networks.params, SETTINGS.seeds)
    for name, other in (("layers.0.weight", "layers.1.weight"), ("layers.1.weight", "layers.0.weight")):
        fixed = masks.apply({other: method.mask(start)[other]}, method.weights)
        alone = EdgePopup(fixed, method.inner, own_density={other: 1.0})
        scores = e.search(networks, alone, SETTINGS.popup)[SETTINGS.steps]
        found[name] = read(e, networks, alone.effective(scores))
    return found


def masks_of_other_networks() -> Found:
    """Is the mask a list of useful pixels? Each network's mask on the next network's weights."""
    e = experiment()
    networks = e.networks(WIDTH)
    method = e.method(POPUP, networks)
    mask = method.mask(e.search(networks, method, SETTINGS.popup)[SETTINGS.steps])
    turned = {n: m.roll(1, 0) for n, m in mask.items()}
    return {
        "own": read(e, networks, masks.apply(mask, method.weights)),
        "the next network's": read(e, networks, masks.apply(turned, method.weights)),
    }


def best_of_many_random_masks(many: int = 500) -> float:
    """Is a good mask a matter of luck? The best of many random masks in the widest network, chosen on validation."""
    e = experiment(replace(SETTINGS, seeds=(60,)))
    network = e.networks(WIDEST)
    method, best = e.method(POPUP, network), (0.0, 0.0)
    for i in range(many):
        params = method.effective(initial_scores(network.params, [derive(60, "luck", i)]))
        best = max(best, tuple(read(e, network, params, split) for split in ("val", "test")))
    return best[1]


def shuffled_labels() -> float:
    """Do masks read because of some habit of the search? All training labels are shuffled."""
    e = experiment()
    order = torch.randperm(len(e.data.y_train), generator=generator(60, "labels"))
    wrong = Supermasks(replace(e.data, y_train=e.data.y_train[order]), SETTINGS)
    networks = wrong.networks(WIDTH)
    method = wrong.method(POPUP, networks)
    return read(e, networks, method.effective(wrong.search(networks, method, SETTINGS.popup)[SETTINGS.steps]))


def random_labels_by_width() -> dict[int, Found]:
    """How many of 500 random labels does a mask get right, by width, and how many do trained weights?"""
    e, found = experiment(), {}
    few = replace(e.data.first(500), y_train=torch.randint(10, (500,), generator=generator(60, "labels")))
    for width in (16, WIDTH, WIDEST):
        networks = e.networks(width)
        method = e.method(POPUP, networks)
        scores = e.search(networks, method, SETTINGS.popup, data=few)[SETTINGS.steps]
        trained = e.train(networks, optimizer=SETTINGS.trained, data=few).replicates.params
        both = {POPUP: method.effective(scores), TRAINED: trained}
        found[width] = {
            arm: round(100 * evaluate(networks.with_params(p), few, "train")[1].mean().item(), 1)
            for arm, p in both.items()
        }
    return found


def six_layers_at_other_rates() -> dict[str, Found]:
    """Is the weak constant hopeless in a deep network, or is the rate too small for it?"""
    networks = experiment().networks(WIDTH, 6)
    tried = {POPUP: scaled(networks.params, 0.5), WEAK: signed_constants(networks.params)}
    return {name: at_rates(weights, networks, (0.1, 1.0, 3.0, 10.0), SETTINGS.deep) for name, weights in tried.items()}


def six_layers_with_adam() -> dict[str, Found]:
    """Adam does not see the size of a gradient. Does the scale of the constants still matter?"""
    networks = experiment().networks(WIDTH, 6)
    tried = {POPUP: scaled(networks.params, 0.5), WEAK: signed_constants(networks.params)}
    adam = Optimizer("adam", schedule=SETTINGS.deep.schedule)
    return {name: at_rates(weights, networks, (0.003, 0.01, 0.03), adam) for name, weights in tried.items()}


def trained_by_sgd() -> dict[str, float]:
    """Did trained weights get their best optimizer? SGD with momentum at three rates, in the widest network."""
    e = experiment()
    networks, found = e.networks(WIDEST), {}
    for lr in (0.03, 0.1, 0.3):
        done = e.train(networks, optimizer=replace(SETTINGS.deep, lr=lr)).replicates
        found[f"{lr:g}"] = read(e, networks, done.params)
    return found


def twelve_times_the_steps() -> Found:
    """Does the distance go away with time? One hidden layer, 6,000 steps, 14 passes."""
    e = experiment(replace(SETTINGS, steps=12 * SETTINGS.steps))
    networks = e.networks(WIDTH)
    trained = e.train(networks, optimizer=replace(SETTINGS.trained, lr=0.003)).replicates.params
    return {
        TRAINED: read(e, networks, trained),
        POPUP: popup(e, networks, scaled(networks.params, 0.5), SETTINGS.popup),
    }


def four_times_as_wide() -> dict[int, Found]:
    """Does the distance go away with width? Means at the lesson's widest and at four times that."""
    e, found = experiment(), {}
    for width in (WIDEST, 4 * WIDEST):
        networks = e.networks(width)
        trained = e.train(networks, optimizer=SETTINGS.trained).replicates.params
        masked = popup(e, networks, scaled(networks.params, 0.5), SETTINGS.popup)
        found[width] = {TRAINED: read(e, networks, trained), POPUP: masked}
    return found


def as_many_weights_in_one_layer() -> dict[str, Found]:
    """Is it depth, or are there just more weights? Four and six layers of 64 units, and one with as many weights."""
    e, found = experiment(), {}
    for width, hidden, lr in ((WIDTH, 4, 0.3), (124, 1, 1.0), (WIDTH, 6, 0.3), (163, 1, 1.0)):
        networks = e.networks(width, hidden)
        trained = e.train(networks, optimizer=SETTINGS.trained).replicates.params
        masked = popup(e, networks, scaled(networks.params, 0.5), replace(SETTINGS.popup, lr=lr))
        found[f"{hidden} x {width}"] = {TRAINED: read(e, networks, trained), POPUP: masked}
    return found


def other_bernoulli_masks() -> Found:
    """Is the count what Bernoulli masks need? Without it, and with edge-popup's constants in place of it."""
    e = experiment()
    networks, found = e.networks(WIDEST), {}
    inner = pick("auto", networks.model, e.data.device)
    ways = {
        "rescaled by count": e.method(BERNOULLI, networks),
        "not rescaled": Bernoulli(signed_constants(networks.params), inner, rescale=False),
        "edge-popup's constants": Bernoulli(scaled(networks.params, 0.5), inner, rescale=False),
    }
    for name, method in ways.items():
        scores = e.search(networks, method, SETTINGS.bernoulli)[SETTINGS.steps]
        found[name] = read(e, networks, method.in_force(method.sample(scores, generator(60, "evaluation"))))
    return found


def bernoulli_masks_in_a_deep_network() -> Found:
    """Why do they fall back with depth? Four hidden layers, read by draws and by likelier choices, and for longer."""
    found = {}
    for times in (1, 4):
        e = experiment(replace(SETTINGS, steps=times * SETTINGS.steps))
        networks = e.networks(WIDTH, 4)
        method = e.method(BERNOULLI, networks)
        scores = e.search(networks, method, SETTINGS.bernoulli)[e.settings.steps]
        drawn = method.in_force(method.sample(scores, generator(60, "evaluation")))
        found[f"drawn, {times} x steps"] = read(e, networks, drawn)
        found[f"likelier, {times} x steps"] = read(e, networks, method.effective(scores))
    return found


def noisy_labels() -> dict[str, Found]:
    """Does a mask overfit as weights do? 1,000 images, 40 % of their labels drawn anew; the test images are clean.

    Trained weights at the lesson's rate, at a smaller one, and with weight decay.
    """
    e, rng = experiment(), generator(60, "noise")
    few, redrawn = e.data.first(1000), torch.rand(1000, generator=rng) < 0.4
    few = replace(few, y_train=torch.where(redrawn, torch.randint(10, (1000,), generator=rng), few.y_train))
    networks = e.networks(WIDTH)
    method = e.method(POPUP, networks)
    params = {POPUP: method.effective(e.search(networks, method, SETTINGS.popup, data=few)[SETTINGS.steps])}
    for name, optimizer in (
        (TRAINED, SETTINGS.trained),
        ("smaller rate", replace(SETTINGS.trained, lr=0.001)),
        ("weight decay", replace(SETTINGS.trained, name="adamw", lr=0.003, weight_decay=1.0)),
    ):
        params[name] = e.train(networks, optimizer=optimizer, data=few).replicates.params
    fitted = {n: 100 * evaluate(networks.with_params(p), few, "train")[1].mean().item() for n, p in params.items()}
    return {n: {"train": round(fitted[n], 1), "test": read(e, networks, p)} for n, p in params.items()}


def twelve_layers() -> dict[str, Found]:
    """Does more depth do no harm either? Edge-popup with twelve layers by rate, with six, and trained weights."""
    e = experiment()
    six, twelve = e.networks(WIDTH, 6), e.networks(WIDTH, 12)
    best = {"0.3": popup(e, six, scaled(six.params, 0.5), replace(SETTINGS.popup, lr=0.3))}
    trained = e.train(twelve, optimizer=replace(SETTINGS.trained, lr=0.003)).replicates.params
    return {
        "six": best,
        "twelve": at_rates(scaled(twelve.params, 0.5), twelve, (0.03, 0.1, 0.3), SETTINGS.popup),
        TRAINED: {"0.003": read(e, twelve, trained)},
    }


def equal_bits() -> dict[int, Found]:
    """Is a mask large if you count stored bits? One for each weight, against a quarter of the weights at four bits.

    The weights are rounded after training; where they are cut off is chosen on validation images. By the mask's width.
    """
    e, found = experiment(), {}
    for width in (WIDTH, 2 * WIDTH, WIDEST):
        masked, small = e.networks(width), e.networks(width // 4)
        trained = e.train(small, optimizer=SETTINGS.trained).replicates.params
        tried = [_in_four_bits(trained, share) for share in (1.0, 0.999, 0.99, 0.97, 0.9, 0.8)]
        best = max(tried, key=lambda params: read(e, small, params, "val"))
        mask = popup(e, masked, scaled(masked.params, 0.5), SETTINGS.popup)
        found[width] = {POPUP: mask, TRAINED: read(e, small, best)}
    return found


def _in_four_bits(params: Params, share: float) -> Params:
    """Weights as multiples of a seventh of this quantile of their sizes, from -7 to 7; biases as they are."""
    out = dict(params)
    for name in masks.prunable(masks.unstack(params, 0)):
        unit = params[name].abs().flatten(1).quantile(share, dim=1).view(-1, 1, 1) / 7
        out[name] = (params[name] / unit).round().clamp(-7, 7) * unit
    return out
