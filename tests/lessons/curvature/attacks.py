"""How the verdicts of the lesson on curvature were attacked. Each function takes less than a minute of an idle core.

The seeds are none of the lesson's own, unless a function says so. Shares are in percent, means over five networks.
"""

from dataclasses import replace
from functools import partial

import torch

from lthedu import data
from lthedu.landscape.hessian import unflatten
from lthedu.lessons.curvature import deletions, saliency
from lthedu.lessons.curvature.deletions import CUT, ON, SMALL, Deletions, at_best
from lthedu.lessons.curvature.experiment import (
    ARMS,
    BULK,
    DOMINANT,
    LARGEST,
    LESSON,
    MASKS,
    SAME_INPUT,
    SAME_LAYER,
    SGD,
    Overlap,
    Restricted,
    Settings,
    energy,
)
from lthedu.networks import masks
from lthedu.networks.models import MLP
from lthedu.pruning import magnitude, random_mask, select, select_globally
from lthedu.training import Optimizer, RateSchedule, evaluate

SEEDS = tuple(range(40, 45))
OURS = replace(LESSON, seeds=SEEDS, looks=(20, 100, 400))
Found = dict[str, float]


def digits() -> data.Dataset:
    return data.pooled(data.load("mnist"))


def shares(settings: Settings = OURS, dataset: data.Dataset | None = None) -> dict[str, list[float]]:
    """The share along the top directions at each look."""
    table = Overlap(dataset or digits(), settings).run()
    by = (100 * table.groupby(["arm", "step"])["share"].mean()).round(1)
    return {arm: by[arm].tolist() for arm in ARMS}


AT_ONE_RATE = replace(OURS, rates=(0.1,))


def progress(settings: Settings = AT_ONE_RATE, renew: int | None = None) -> Found:
    """What steps along and beside the directions achieve, in percent of what whole steps do."""
    experiment = Restricted(digits(), settings, renew=renew)
    table = experiment.run()
    gained = (table["before"] - table["loss"]).groupby([table["way"], table["lr"]]).mean().unstack(0)
    last = gained.iloc[-1]
    return {way: round(100 * float(last[way] / last[SGD]), 1) for way in (DOMINANT, BULK)}


def pixels_from_0_to_1() -> dict[str, list[float]]:
    """Inputs that are not standardised."""
    mnist = digits()
    low = float(mnist.x_train.min())
    spread = float(mnist.x_train.max()) - low
    raw = {f"x_{s}": (getattr(mnist, f"x_{s}") - low) / spread for s in ("train", "val", "test")}
    return shares(dataset=replace(mnist, **raw))


def two_hidden_layers() -> dict[str, list[float]]:
    return shares(replace(OURS, sizes=(196, 32, 32, 10)))


def ten_times_the_steps() -> Found:
    return progress(replace(AT_ONE_RATE, steps=3000))


def random_directions() -> Found:
    """Nine random directions in the place of the top ones: does leaving out any nine matter?"""

    class Random(Restricted):
        def bases(self, params):
            shape = sum(p[0].numel() for p in params.values()), self.settings.top
            coins = [torch.Generator().manual_seed(seed) for seed in self.settings.seeds]
            return [torch.linalg.qr(torch.randn(shape, generator=coin)).Q for coin in coins]

    table = Random(digits(), AT_ONE_RATE).run()
    gained = (table["before"] - table["loss"]).groupby(table["way"]).mean()
    return {way: round(100 * float(gained[way] / gained[SGD]), 1) for way in (DOMINANT, BULK)}


def from_the_first_step() -> Found:
    """Restricted for 100 steps from the first step on, with directions that are found anew every five steps."""
    return progress(replace(AT_ONE_RATE, begin=1, steps=100), renew=5)


def thirty_directions() -> Found:
    """Thirty directions in the place of nine."""
    return progress(replace(AT_ONE_RATE, top=30, lanczos=60))


def masks_at_other_seeds() -> dict[str, list[float]]:
    """What layer counts, inputs and the choice add to what the largest weights hold beyond chance, in percent of it."""
    experiment = Overlap(digits(), replace(OURS, looks=(400,)))
    experiment.run()
    held: dict[tuple[str, float], float] = {}
    for arm, density, _, share in experiment.masks:
        held[arm, density] = held.get((arm, density), 0) + share - density
    found = {}
    for d in OURS.densities:
        layer, both, whole = (held[arm, d] for arm in (SAME_LAYER, SAME_INPUT, LARGEST))
        found[f"{100 * d:g}"] = [round(100 * x / whole, 1) for x in (layer, both - layer, whole - both)]
    return found


def masks_that_hold_the_directions() -> dict[str, list[float]]:
    """At 10 %: the share of the directions held, and the test accuracy of training from the start under the mask.

    One mask keeps the weights on which the nine directions of the trained network are largest. Each arm has the better
    of two rates.
    """
    settings, density = replace(OURS, looks=(400,)), 0.1
    overlap = Overlap(digits(), settings)
    trained = overlap.train(overlap.start, steps=400, optimizer=Optimizer("sgd", lr=0.1)).replicates
    kept: dict[str, list[masks.Mask]] = {arm: [] for arm in (*MASKS, "largest part of the directions")}
    on = []
    for i, seed in enumerate(SEEDS):
        params, coin = masks.unstack(trained.params, i), torch.Generator().manual_seed(seed)
        lies = energy(overlap.directions(trained.params, i)[1], params)
        on.append({name: lies[name] for name in masks.prunable(params)})
        largest = select_globally(magnitude(params), density)
        controls = random_mask(largest, coin), saliency.same_inputs(largest, coin)
        for arm, mask in zip(kept, (largest, *controls, select_globally(on[i], density)), strict=True):
            kept[arm].append(mask)
    results = {}
    for arm, some in kept.items():
        shares = [
            sum(float(t[n][m[n]].sum()) for n in m) / sum(map(float, map(torch.sum, t.values())))
            for m, t in zip(some, on, strict=True)
        ]
        mask, best = masks.stack(some), []
        start = overlap.start.with_params(masks.apply(mask, overlap.start.params))
        for lr in (0.1, 0.3):
            done = overlap.train(start, mask=mask, steps=800, optimizer=Optimizer("sgd", lr=lr)).replicates
            best.append([float(evaluate(done, overlap.data, part)[1].mean()) for part in ("val", "test")])
        results[arm] = [round(100 * x, 1) for x in (sum(shares) / len(shares), max(best)[1])]
    return results


def obs_at_other_seeds(steps_on: int = 500) -> dict[str, list[float]]:
    """Rise of the loss at 20 %, as cut and trained on at 0.6, which is best for all arms of the stored run."""
    arms = ("magnitude", "OBD", "OBS", "OBS score, no update", "OBD, then update")
    few = {"densities": (0.2,), "again": (0.2,), "dampings": (1e-3, 1e-2), "rates_on": (0.6,), "steps_on": steps_on}
    table = Deletions(data.pooled(digits()), replace(SMALL, seeds=SEEDS, arms=arms, **few)).run()
    mean = at_best(table.astype({"damping": float, "lr": float})).groupby(["arm", "when"])["rise"].mean()
    return {arm: [round(float(mean[arm, when]), 3) for when in (CUT, ON)] for arm in arms}


def trained_on_ten_times_as_long() -> dict[str, list[float]]:
    """Does OBS only need fewer steps to get where the others get?"""
    return obs_at_other_seeds(steps_on=5000)


def places_with_new_values() -> dict[str, list[float]]:
    """How much better a mask before training is than its own shuffle, both with values that no score saw: a network."""
    return {method: _ahead(method, saliency.VALUES, saliency.SHUFFLED) for method in (saliency.SNIP, saliency.GRASP)}


def _ahead(method: str, arm: str, control: str) -> list[float]:
    """The lead in test accuracy, in points, at the rate that is best for nearly all arms of the stored run."""
    settings = saliency.Settings(seeds=SEEDS, rates=(0.03,))
    study = saliency.AtStart(data.load("mnist"), settings)
    table = study.compare((method,), (arm, control))
    by = table.set_index(["arm", "replicate"])["accuracy"].astype(float)
    return [round(100 * float(x), 2) for x in by[arm] - by[control]]


def uniform_at_full_signal() -> Found:
    """Random masks with 2 % of every layer, as they are and with each layer's signal restored: test accuracy.

    Restored means that on 1,000 images each layer's second moment is that of the dense network. Best of three rates.
    """
    study = saliency.AtStart(data.load("mnist"), saliency.Settings(seeds=SEEDS))
    s, x = study.settings, study.data.x_train[:1000].flatten(1)
    start = study.create(partial(saliency.kaiming, s.sizes))
    uniform = saliency.UNIFORM
    found = [study.mask(uniform, start.module(j), s.density, seed) for j, seed in enumerate(SEEDS)]
    full = [_restored(masks.unstack(start.params, j), mask, x) for j, mask in enumerate(found)]
    mask = masks.stack(found)
    results = {}
    for name, params in (("as they are", masks.apply(mask, start.params)), ("restored", masks.stack(full))):
        tried = []
        for lr in s.rates:
            rule = Optimizer(lr=lr, schedule=RateSchedule("cosine"))
            done = study.train(start.with_params(params), mask=mask, optimizer=rule).replicates
            tried.append([float(evaluate(done, study.data, part)[1].mean()) for part in ("val", "test")])
        results[name] = round(100 * max(tried)[1], 1)
    return results


def _restored(params: masks.Params, mask: masks.Mask, x: torch.Tensor) -> masks.Params:
    """The masked weights, each layer times what gives it the second moment that the dense layer has."""
    dense, few, found = x, x, dict(params)
    for i in range(len(mask)):
        name, bias = f"layers.{i}.weight", params[f"layers.{i}.bias"]
        kept = params[name] * mask[name]
        whole, part = dense @ params[name].T + bias, few @ kept.T
        scale = (whole.square().mean() / part.square().mean()).sqrt()
        found[name] = kept * scale
        dense, few = whole.relu(), (scale * part + bias).relu()
    return found


def obs_with_its_layer_counts() -> Found:
    """Rise of the loss at 20 % trained on at 0.6: OBS's choice, and other weights in the layer counts of OBS."""
    study = Deletions(data.pooled(digits()), replace(SMALL, seeds=SEEDS))
    s, decay = study.settings, RateSchedule("cosine")
    trained = study.train(study.create(lambda: MLP(s.sizes)), optimizer=Optimizer("sgd", lr=s.lr, schedule=decay))
    networks = trained.replicates
    before, order = evaluate(networks, study.data, "train")[0], [seed + 1000 for seed in SEEDS]
    kept: dict[str, list[masks.Mask]] = {"magnitude": [], "OBS": [], "magnitude, counts of OBS": [], "random": []}
    for i, seed in enumerate(SEEDS):
        params = masks.unstack(networks.params, i)
        one = deletions.Curved(networks.module(i), study.data.x_train, study.data.y_train)
        cut = unflatten(one.cut("OBS", 1e-2, (0.2,), seed)[0], params)
        chosen = {name: cut[name] != 0 for name in masks.prunable(params)}
        own = {n: select({n: params[n].abs()}, float(m.float().mean()))[n] for n, m in chosen.items()}
        shuffled = random_mask(chosen, torch.Generator().manual_seed(seed))
        for arm, mask in zip(kept, (select_globally(magnitude(params), 0.2), chosen, own, shuffled), strict=True):
            kept[arm].append(mask)
    results = {}
    for arm, some in kept.items():
        mask = masks.stack(some)
        start, rule = networks.with_params(masks.apply(mask, networks.params)), Optimizer("sgd", lr=0.6, schedule=decay)
        on = study.train(start, mask=mask, steps=s.steps_on, optimizer=rule, order=order).replicates
        results[arm] = round(float((evaluate(on, study.data, "train")[0] - before).mean()), 3)
    return results
