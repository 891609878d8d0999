"""The verdicts that the lesson prints hold for other seeds, for one thread and two, and fail where they should."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lthedu.experiments import study
from lthedu.lessons.rewinding import experiment as rewinding

NOTEBOOK = "rewinding"
CLAIMS = 22
MARGINS = [(100, 2), (200, 1), (300, 2), (400, 1), (500, 2), (600, 2)]
LESSON = rewinding.LESSON
BETTER = "Rewinding to step 150 beats a reset by over ten points on average"
AHEAD = "The reset still beats fresh weights by over ten points on average"
SCALE = "Fresh weights, rescaled, are more than five points better on average than the reset as it is"
NEURONS = "On neuron masks it fires later, and in the median before half of the training is over"


@pytest.mark.full
def test_every_verdict_holds_for_other_seeds(claims, monkeypatch, seed: int, threads: int) -> None:
    monkeypatch.setattr(rewinding.SIZES, "lesson", replace(LESSON, seeds=tuple(range(seed, seed + 8))))
    claims.run()
    assert (claims.failed, claims.verdicts) == (set(), ["partly supported"])


def pretended(gain: float):
    """An experiment of dense networks alone, and a table which says that rewinding gains so much."""

    def run(self: rewinding.Rewinding, progress=None) -> pd.DataFrame:
        self.train_dense()
        s, rng = self.settings, np.random.default_rng(0)
        level = {rewinding.REWOUND: 0.5, rewinding.LR_REWOUND: 0.8, rewinding.TUNED: 0.4, study.REINIT: 0.5 - gain}
        level |= {rewinding.RESCALED: 0.5, rewinding.REINIT_RESCALED: 0.5 + gain / 2, "dense": 0.8, "children": 0.8}
        rows = []
        for arm, density, k in itertools.product(level, (*s.densities, 1.0), s.ks):
            by_step = (rewinding.REWOUND, rewinding.LR_REWOUND, rewinding.TUNED, "children")
            if (k and arm not in by_step) or (density == 1) != (arm in ("dense", "children")):
                continue
            for r in range(len(s.seeds)):
                more = gain if arm == rewinding.REWOUND and k == 150 and density == s.densities[-1] else 0.0
                if arm in ("dense", rewinding.REWOUND) and k == 0:
                    more += 0.001  # without a gain, step 150 is the worse one
                rows.append((arm, k, density, r, level[arm] + more + 0.0005 * rng.random(), 0.2 / (1 + k)))
        self.rows = [pd.DataFrame(rows, columns=rewinding.COLUMNS)]
        return self.table

    return run


@pytest.mark.parametrize(("gain", "word"), [(0.0, "open"), (0.3, "partly supported")])
@pytest.mark.usefixtures("few_images")
def test_the_verdict_follows_the_table(claims, monkeypatch, gain: float, word: str) -> None:
    """Where rewinding gains nothing, and a reset nothing over fresh weights, the lesson says so."""
    monkeypatch.setattr(rewinding.SIZES, "lesson", replace(LESSON, seeds=(0, 1, 2)))
    monkeypatch.setattr(rewinding.Rewinding, "run", pretended(gain))
    claims.run()
    assert claims.verdicts == [word]
    assert claims.holds(BETTER, AHEAD, SCALE) == [gain > 0] * 3


@pytest.mark.parametrize(
    ("stops", "holds"),
    [((5, 6, 10), True), ((4, 6, 6), False), ((6, None, 6), False), ((10, 10, 6), False)],
)
def test_the_early_birds_claim_follows_the_stops(claims, stops: tuple[int | None, ...], holds: bool) -> None:
    """It fails where one fires at the first moment or never, and where the median comes after half of the training."""
    drawn = [30 * (i + 1) for i in range(20)]
    claims.run(
        claims.cells("import", "at_once ="),
        early_bird=lambda masks: 4,
        largest=[[]],
        random_masks=[],
        to_last={"5 % of the weights": np.ones((3, 20))},
        settings=LESSON,
        drawn=drawn,
        stops=list(stops),
        stop=int(np.median([len(drawn) - 2 if s is None else s for s in stops])),
    )
    assert claims.holds(NEURONS) == [holds]
