"""The verdicts that the lesson prints hold for other seeds and threads, and do not where their cause is taken away."""

import functools
import re
from dataclasses import replace

import numpy as np
import pytest

from lthedu import proof
from lthedu.lessons.what_the_theorem_does_not_say import experiment
from lthedu.networks import models
from lthedu.proof import features, limits
from lthedu.proof.limits import Pieces

NOTEBOOK = "what_the_theorem_does_not_say"
CLAIMS = 20
MARGINS = [(5, 1), (10, 2), (5, 2), (10, 1), (15, 2), (20, 1), (100, 2)]
ARMS = (experiment.GLOROT, experiment.HE, experiment.RESIDUAL, experiment.UNSCALED)
RIDGE = """
def ridge(gram, overlap, norm):
    return float(1 - overlap @ np.linalg.solve(gram + 10 * np.eye(len(gram)), overlap) / norm)
"""


def drawn_from(seed: int, cells: list[str]) -> list[str]:
    """The cells, with all that they draw drawn from `seed` on."""
    cells = [source.replace("range(5)", f"range({seed}, {seed + 5})") for source in cells]
    cells = [source.replace("eps=0.1)", f"eps=0.1, seed={seed})") for source in cells]
    return [re.sub(r"(default_rng|manual_seed)\(0\)", rf"\1({seed})", source) for source in cells]


def part(claims, first: str, last: str) -> list[str]:
    """The imports, the exercises, and the cells from the one that begins with `first` to that which holds `last`."""
    code = claims.compared
    start = next(i for i, source in enumerate(code) if source.startswith(first))
    end = next(i for i, source in enumerate(code) if i >= start and last in source)
    return [code[0], *(s for s in code[:start] if "= check(" in s), "my_guess = {}", *code[start : end + 1]]


@pytest.mark.full
def test_the_verdicts_hold_for_other_seeds_and_threads(claims, monkeypatch, seed: int, threads: int) -> None:
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(experiment.LESSON, seeds=tuple(range(seed, seed + 5))))
    claims.run(drawn_from(seed, claims.compared))
    assert len(claims.made) == CLAIMS
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def test_the_quick_verdicts_hold_for_another_seed(claims) -> None:
    claims.run(drawn_from(1, part(claims, "deep =", "With one unit")))
    claims.run(drawn_from(1, part(claims, "def distances", "Blind search")))
    assert len(claims.made) == 5
    assert claims.failed == set()


def test_a_sawtooth_of_half_the_height_is_approached_with_few_units(claims, monkeypatch) -> None:
    whole = limits.pieces

    def lower(network, *args) -> Pieces:
        f = whole(network, *args)
        return Pieces(f.x, 0.25 + f.y / 2)

    monkeypatch.setattr(limits, "pieces", lower)
    cells = part(claims, "deep =", "With one unit")
    claims.run([s.replace("least_units(deep[k](np.arange(2**k + 1) / 2**k).tolist())", "2**k - 1") for s in cells])
    assert claims.holds("With fewer units") == [False]


def test_two_deep_routes_do_not_differ(claims, monkeypatch) -> None:
    monkeypatch.setattr(limits, "shallow_sawtooth", limits.tent_network)
    cells = part(claims, "rows = []", "With every fold the shallow")
    claims.run([s.replace("range(1, 7)", "range(3, 5)") for s in cells])  # fewer folds: the last cost most
    assert claims.holds("Both routes work") == [True]
    assert claims.holds("With every fold the shallow") == [False]


def small_networks(claims) -> list[str]:
    """The cells on one neuron, for few and short inputs."""
    return [s.replace("(4, 8, 16, 32)", "(4, 8)") for s in part(claims, "found = [", "gets worse with it")]


def test_a_coarse_weight_mask_is_no_better_than_features(claims, monkeypatch) -> None:
    monkeypatch.setattr(features, "one_neuron", functools.partial(features.one_neuron, eta=0.2))
    claims.run(small_networks(claims))
    assert claims.holds("The weight mask is far more exact") == [False]


def test_a_ridge_can_lift_the_bound_above_a_mask(claims) -> None:
    cells = [s.replace("bound=top_layer_error", "bound=ridge") for s in small_networks(claims)]
    claims.run([cells[0], RIDGE, *cells[1:]])
    assert claims.holds("No neuron mask found") == [False]


@pytest.mark.usefixtures("few_images")
def test_pruning_little_leaves_most_formulas(claims) -> None:
    cells = part(claims, "mnist =", "A random mask of that size")
    claims.run([s.replace("0.05)", "0.9)").replace("range(5)", "range(2)") for s in cells])
    assert claims.holds("With 5 %") == [False]
    assert claims.holds("Most borders") == [False]
    assert claims.holds("A random mask") == [False]


@pytest.mark.usefixtures("few_images")
def test_without_the_identity_a_plain_network_trains_to_other_weights(claims, monkeypatch) -> None:
    class Halved(models.ResidualMLP):
        def plain(self) -> models.MLP:
            same = super().plain()
            for layer, adds in zip(same.layers, self.adds, strict=True):
                if adds:
                    layer.weight.data.diagonal().sub_(0.5)
            return same

    monkeypatch.setattr(models, "ResidualMLP", Halved)
    claims.run(
        [
            *(s.replace("steps=300", "steps=1") for s in part(claims, "mnist =", "mnist =")),
            *claims.cells("sizes_here ="),
        ]
    )
    assert claims.holds("A plain network that starts") == [False]


@pytest.mark.full
def test_equal_starts_are_equally_far_at_any_depth(claims, monkeypatch) -> None:
    monkeypatch.setattr(experiment, "arms", lambda layers: dict.fromkeys(ARMS, models.MLP))
    claims.run(claims.cells("import", "my_guess = {depth", "by_depth =", "deepest ="))
    assert claims.holds("At the greatest depth") == [False]
    assert claims.holds("Not the addition") == [False]


def test_a_known_target_helps_only_a_search_that_uses_it(claims, monkeypatch) -> None:
    class Careless:
        def __init__(self, numbers, targets) -> None:
            keep = np.random.default_rng(0).random(numbers.shape) < 0.5
            self.errors = np.abs((keep * numbers).sum(1) - targets)

    monkeypatch.setattr(proof, "best_subsets", Careless)
    claims.run(part(claims, "def distances", "Blind search"))
    assert claims.holds("For eight weights") == [False]
