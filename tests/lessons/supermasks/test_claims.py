"""The verdicts that the lesson prints hold for other seeds, for one thread and two, and fail where they should."""

from dataclasses import replace

import pandas as pd
import pytest

from lthedu.lessons.supermasks import experiment, rates
from lthedu.lessons.supermasks.experiment import ARMS, BERNOULLI, COLUMNS, POPUP, RANDOM, TRAINED, WEAK, Supermasks

NOTEBOOK = "supermasks"
CLAIMS = 6
MARGINS = [(100, 2), (200, 1), (300, 2), (400, 1), (500, 2)]
LESSON = experiment.LESSON
READS = "In the widest network edge-popup reads over 90"
SHRINKS = "Edge-popup is behind trained weights at every width"
MEMORISES = "A mask alone gets over"
SCALE = "Six layers of scaled constants"


@pytest.mark.full
def test_every_verdict_holds_for_other_seeds(claims, monkeypatch, seed: int, threads: int) -> None:
    seeds = tuple(range(seed, seed + 8))
    monkeypatch.setattr(experiment.SIZES, "lesson", replace(LESSON, seeds=seeds))
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def pretended(slope: float, behind: float, weak: float):
    """A table in which edge-popup reads so much more in each wider network, is so far behind trained weights in the
    widest, and loses so much by weak constants in a deep network."""

    def run(self: Supermasks, progress=None) -> pd.DataFrame:
        s, rows = self.settings, []
        for r in range(len(s.seeds)):
            for i, width in enumerate(reversed(s.widths)):
                popup = 0.95 - slope * i + 0.001 * r
                for arm in ARMS:
                    value = {TRAINED: 0.95 + behind + 0.001 * r, RANDOM: 0.1}.get(arm, popup)
                    rows.append(("width", arm, width, 1, 1.0, 100 * width, r, value, value, 0.0))
            for hidden in s.depths:
                for arm in (POPUP, WEAK):
                    value = 0.92 + 0.001 * r - (weak if arm == WEAK and hidden > 1 else 0)
                    rows.append(("depth", arm, s.probe, hidden, 0.1, 1000, r, value, value, 0.0))
        self.rows, self.fingerprints = [pd.DataFrame(rows, columns=COLUMNS)], [("a", "a")]
        self.scores = self.search(self.networks(s.probe), self.method(POPUP, self.networks(s.probe)), s.popup, steps=1)
        return self.table

    return run


def labels(self: Supermasks, random: bool) -> pd.DataFrame:
    found = [(step, r, 1.0, 0.1) for step in (0, self.settings.steps) for r in range(len(self.settings.seeds))]
    return pd.DataFrame(found, columns=["step", "replicate", "train", "test"])


def like_edge_popup(own: pd.DataFrame) -> pd.DataFrame:
    """The stored rows, with Bernoulli masks that do as edge-popup does."""
    popup = own[own["arm"] == POPUP]
    return pd.concat([own[own["arm"] != BERNOULLI], popup.assign(arm=BERNOULLI)], ignore_index=True)


@pytest.mark.usefixtures("few_images")
@pytest.mark.parametrize(
    ("slope", "behind", "weak", "alike", "word"),
    [
        (0.03, 0.02, 0.5, False, "partly supported"),
        (0.03, 0.02, 0.5, True, "supported"),
        (0.03, -0.01, 0.5, False, "open"),
        (0.0, 0.02, 0.5, False, "open"),
        (0.03, 0.02, 0.0, False, "open"),
    ],
)
def test_the_verdict_follows_the_table(claims, monkeypatch, slope, behind, weak, alike, word) -> None:
    own = rates.at_own_rate
    monkeypatch.setattr(Supermasks, "run", pretended(slope, behind, weak))
    monkeypatch.setattr(Supermasks, "few_images", labels)
    monkeypatch.setattr(Supermasks, "over", lambda self, weights: [0.5] * len(self.settings.seeds))
    monkeypatch.setattr(rates, "at_own_rate", lambda table: like_edge_popup(own(table)) if alike else own(table))
    claims.run()
    assert claims.verdicts == [word]
    assert claims.holds(READS, MEMORISES, SHRINKS, SCALE) == [True, True, slope > 0 and behind > 0, weak > 0]
