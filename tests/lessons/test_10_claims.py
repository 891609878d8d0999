"""The verdicts that lesson 10 prints hold for other seeds and threads, and do not where their cause is taken away."""

import functools
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch

from lthedu import models, proof
from lthedu.course import lesson
from lthedu.landscape import depth
from lthedu.proof import features, limits
from lthedu.proof.limits import Pieces

mpl.use("agg")
NOTEBOOK = Path(__file__).parents[2] / "lessons/10_what_the_theorem_does_not_say.ipynb"
CODE = [c.source for c in nbformat.read(NOTEBOOK, 4).cells if c.cell_type == "code"]
IMPORTS = CODE[0]
ARMS = (depth.GLOROT, depth.HE, depth.RESIDUAL, depth.UNSCALED)
RIDGE = """
def ridge(gram, overlap, norm):
    return float(1 - overlap @ np.linalg.solve(gram + 10 * np.eye(len(gram)), overlap) / norm)
"""


@pytest.fixture
def claims(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bool]]:
    """The claims that the cells make from now on, by their sentence."""
    found: dict[str, bool] = {}
    monkeypatch.setattr(lesson, "claim", lambda sentence, holds, evidence="": found.__setitem__(sentence, bool(holds)))
    monkeypatch.setattr(lesson, "_kernel", lesson._Kernel(None))
    yield found
    plt.close("all")


def run(sources: list[str], seed: int = 0) -> None:
    """Run cells one after the other, all that they draw drawn from `seed` on."""
    space: dict = {"__name__": "__main__", "my_guess": {}}
    for i, source in enumerate(sources):
        source = source.replace("range(5)", f"range({seed}, {seed + 5})").replace("eps=0.1)", f"eps=0.1, seed={seed})")
        source = re.sub(r"(default_rng|manual_seed)\(0\)", rf"\1({seed})", source)
        exec(compile(source, f"code cell {i + 1}", "exec"), space)


def part(first: str, last: str) -> list[str]:
    """The imports, the exercises, and the cells from the one that begins with `first` to that which holds `last`."""
    start = next(i for i, source in enumerate(CODE) if source.startswith(first))
    end = next(i for i, source in enumerate(CODE) if i >= start and last in source)
    return [IMPORTS, *(s for s in CODE[:start] if "= check(" in s), *CODE[start : end + 1]]


def about(claims: dict[str, bool], start: str) -> bool:
    (holds,) = [holds for sentence, holds in claims.items() if sentence.startswith(start)]
    return holds


def with_threads(threads: int, work) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        work()
    finally:
        torch.set_num_threads(before)


@pytest.mark.full
@pytest.mark.parametrize(("seed", "threads"), [(5, 1), (5, 2), (10, 1), (10, 2), (15, 2), (20, 1), (100, 2)])
def test_the_verdicts_hold_for_other_seeds_and_threads(claims, monkeypatch, seed: int, threads: int) -> None:
    monkeypatch.setattr(depth.SIZES, "lesson", replace(depth.LESSON, seeds=tuple(range(seed, seed + 5))))
    with_threads(threads, lambda: run(CODE, seed))
    failed = [sentence for sentence, holds in claims.items() if not holds]
    assert failed == []
    assert len(claims) == 20


def test_the_quick_verdicts_hold_for_another_seed(claims) -> None:
    run(part("deep =", "With one unit"), 1)
    run(part("def distances", "Blind search"), 1)
    assert len(claims) == 5
    assert [sentence for sentence, holds in claims.items() if not holds] == []


def test_a_sawtooth_of_half_the_height_is_approached_with_few_units(claims, monkeypatch) -> None:
    whole = limits.pieces

    def lower(network, *args) -> Pieces:
        f = whole(network, *args)
        return Pieces(f.x, 0.25 + f.y / 2)

    monkeypatch.setattr(limits, "pieces", lower)
    cells = part("deep =", "With one unit")
    run([s.replace("least_units(deep[k](np.arange(2**k + 1) / 2**k).tolist())", "2**k - 1") for s in cells])
    assert not about(claims, "With fewer units")


def test_two_deep_routes_do_not_differ(claims, monkeypatch) -> None:
    monkeypatch.setattr(limits, "shallow_sawtooth", limits.tent_network)
    run(part("rows = []", "With every fold the shallow"))
    assert about(claims, "Both routes work")
    assert not about(claims, "With every fold the shallow")


def test_a_coarse_weight_mask_is_no_better_than_features(claims, monkeypatch) -> None:
    monkeypatch.setattr(features, "one_neuron", functools.partial(features.one_neuron, eta=0.2))
    run(part("found = [", "gets worse with it"))
    assert not about(claims, "The weight mask is far more exact")


def test_a_ridge_can_lift_the_bound_above_a_mask(claims) -> None:
    cells = [s.replace("bound=top_layer_error", "bound=ridge") for s in part("found = [", "gets worse with it")]
    run([cells[0], RIDGE, *cells[1:]])
    assert not about(claims, "No neuron mask found")


def test_pruning_little_leaves_most_formulas(claims) -> None:
    cells = part("mnist =", "A random mask of that size")
    run([s.replace("0.05)", "0.9)") for s in cells])
    assert not about(claims, "With 5 %")
    assert not about(claims, "Most borders")
    assert not about(claims, "A random mask")


def test_without_the_identity_a_plain_network_trains_to_other_weights(claims, monkeypatch) -> None:
    class Halved(models.ResidualMLP):
        def plain(self) -> models.MLP:
            same = super().plain()
            for layer, adds in zip(same.layers, self.adds, strict=True):
                if adds:
                    layer.weight.data.diagonal().sub_(0.5)
            return same

    monkeypatch.setattr(models, "ResidualMLP", Halved)
    run([IMPORTS, *part("mnist =", "mnist =")[-1:], *part("sizes_here =", "trains to the residual")[-1:]])
    assert not about(claims, "A plain network that starts")


@pytest.mark.full
def test_equal_starts_are_equally_far_at_any_depth(claims, monkeypatch) -> None:
    monkeypatch.setattr(depth, "arms", lambda layers: dict.fromkeys(ARMS, models.MLP))
    run([IMPORTS, *CODE[CODE.index(next(s for s in CODE if s.startswith("my_guess = {depth"))) :][:3]])
    assert not about(claims, "At the greatest depth")
    assert not about(claims, "Not the addition")


def test_a_known_target_helps_only_a_search_that_uses_it(claims, monkeypatch) -> None:
    class Careless:
        def __init__(self, numbers, targets) -> None:
            keep = np.random.default_rng(0).random(numbers.shape) < 0.5
            self.errors = np.abs((keep * numbers).sum(1) - targets)

    monkeypatch.setattr(proof, "best_subsets", Careless)
    run(part("def distances", "Blind search"))
    assert not about(claims, "For eight weights")
