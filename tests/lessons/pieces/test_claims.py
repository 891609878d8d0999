"""The verdicts that the lesson prints hold for other seeds, for one thread and two, and fail where they should."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lthedu.lessons.pieces import experiment
from lthedu.lessons.pieces.experiment import COLUMNS, DENSE, DIGITS, LESSON, PRUNED, RANDOM, SMALL, UNTRAINED, Counting
from lthedu.networks import models

EARLY = (0.8, 0.9, 0.94)  # what the dense networks reach on their way, where it is pretended
NOTEBOOK = "pieces"
CLAIMS = 6
MARGINS = [(100, 2), (200, 1)]
STAYS = "With 20 % of the weights a pruned network keeps"
FALLS = "With 5 % of the weights a pruned network has lost"
SMALLER = "With as many weights, a small dense network"
SHUFFLED = "On shuffled slices a network pruned to 5 %"
APART = "Two kinds of networks within 3 points"
SAME = "A plain network that starts at I + M"


@pytest.mark.full
def test_every_verdict_holds_for_other_seeds(claims, monkeypatch, seed: int, threads: int) -> None:
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(LESSON, seeds=tuple(range(seed, seed + 5))))
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def pretended(at_most: float, at_fewest: float, small: float):
    """A table in which such shares of the pieces are left, from the most to the fewest weights, and in small ones."""

    def run(self: Counting, progress=None) -> pd.DataFrame:
        self.trained, s = self.start, self.settings
        found = [(UNTRAINED, 1.0, 0, 0.1, 900)]
        found += [
            (DENSE, 1.0, steps, accuracy, 1000 * accuracy) for steps, accuracy in zip(s.early, EARLY, strict=True)
        ]
        found += [(DENSE, 1.0, 2 * s.steps, 0.96, 1000)]
        for density, share in zip(s.densities, np.linspace(at_most, at_fewest, len(s.densities)), strict=True):
            accuracy = np.interp(1000 * share, [800, 900, 940, 1000], [0.8, 0.9, 0.94, 0.96])
            found.append((PRUNED, density, 2 * s.steps, accuracy, 1000 * share))
            found.append((RANDOM, density, 2 * s.steps, 0.92, 600))
            found.append((SMALL, density, 2 * s.steps, 0.92, 1000 * small))
        for arm, density, steps, accuracy, pieces in found:
            about = {"arm": arm, "density": density, "weights": self.kept(density), "lr": s.lr, "steps": steps}
            counts = {name: np.full(len(s.seeds), pieces) for name in ("pieces", "formulas", "bending")}
            both = {name: np.full(len(s.seeds), accuracy) for name in ("val", "accuracy")}
            self.note(about | {"slice": DIGITS}, **both, **counts)
        return self.table[COLUMNS]

    return run


@pytest.mark.usefixtures("few_images")
@pytest.mark.parametrize(
    ("at_most", "at_fewest", "small", "word"),
    [
        (0.95, 0.65, 0.05, "partly supported"),
        (0.95, 0.85, 0.05, "refuted"),
        (0.2, 0.05, 0.05, "supported"),
        (0.95, 0.65, 0.5, "open"),
    ],
)
def test_the_verdict_follows_the_table(claims, monkeypatch, at_most, at_fewest, small, word) -> None:
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(LESSON, seeds=(0, 1), steps=160))
    monkeypatch.setattr(Counting, "run", pretended(at_most, at_fewest, small))
    claims.run()
    assert claims.verdicts == [word]
    assert claims.holds(STAYS, FALLS) == [at_most > 0.7, at_fewest < 0.7]
    assert claims.holds(SMALLER, APART) == [small < 0.1] * 2
    assert claims.holds(SAME, SHUFFLED) == [True, True]


def test_what_is_said_of_shuffled_slices_falls_where_pruned_networks_keep_their_pieces(claims, stored_as) -> None:
    def kept(table: pd.DataFrame) -> None:
        table.loc[table["arm"] == PRUNED, "pieces"] = 2000

    stored_as(kept)
    begin = (
        "from lthedu.course.lesson import",
        "import numpy",
        "from lthedu.experiments import",
        "def at_equal_accuracy",
    )
    claims.run(claims.cells(*begin))
    assert claims.holds(SHUFFLED) == [False]


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
    claims.run([*claims.cells("from lthedu.course.lesson import", "from lthedu import data", "import torch")])
    assert claims.holds(SAME) == [False]
