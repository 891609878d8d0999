"""The verdicts that lesson 03 prints hold for other seeds, for one thread and two, and fail where they should."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
import torch

from lthedu.course import lesson
from lthedu.tickets import rewinding

mpl.use("agg")
NOTEBOOK = Path(__file__).parents[2] / "lessons/03_rewinding.ipynb"
CELLS = nbformat.read(NOTEBOOK, 4).cells
CODE = [c.source for c in CELLS if c.cell_type == "code" and "nbval-ignore-output" not in c.metadata.get("tags", ())]
LESSON = rewinding.LESSON
BETTER = "Rewinding to step 150 beats a reset by over ten points on average"
AHEAD = "The reset still beats fresh weights by over ten points on average"
SCALE = "Fresh weights, rescaled, are more than five points better on average than the reset as it is"
NEURONS = "On neuron masks it fires later, and in the median before half of the training is over"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bool]]:
    """The claims that the cells make from now on, by their sentence, and the verdict's word."""
    found: dict[str, bool] = {}
    monkeypatch.setattr(lesson, "claim", lambda sentence, holds, evidence="": found.__setitem__(sentence, bool(holds)))
    monkeypatch.setattr(lesson, "verdict", lambda word, scope: found.__setitem__(f"verdict: {word}", True))
    monkeypatch.setattr(lesson, "_kernel", lesson._Kernel(None))
    yield found
    plt.close("all")


def run(said: dict[str, bool]) -> set[str]:
    """The claims that do not hold."""
    space: dict = {"__name__": "__main__"}
    for source in CODE:
        exec(compile(source, source.splitlines()[0], "exec"), space)
    assert len(said) == 22 + 1  # claims and the verdict
    return {sentence for sentence, holds in said.items() if not holds}


@pytest.mark.full
@pytest.mark.parametrize(("first", "threads"), [(100, 2), (200, 1), (300, 2), (400, 1), (500, 2), (600, 2)])
def test_every_verdict_holds_for_other_seeds(said, monkeypatch, first: int, threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    monkeypatch.setattr(rewinding.SIZES, "lesson", replace(LESSON, seeds=tuple(range(first, first + 8))))
    try:
        assert run(said) == set()
    finally:
        torch.set_num_threads(before)
    assert "verdict: partly supported" in said


def pretended(gain: float):
    """An experiment of dense networks alone, and a table which says that rewinding gains so much."""

    def run(self: rewinding.Rewinding, progress=None) -> pd.DataFrame:
        self.train_dense()
        s, rng = self.settings, np.random.default_rng(0)
        level = {rewinding.REWOUND: 0.5, rewinding.LR_REWOUND: 0.8, rewinding.TUNED: 0.4, rewinding.REINIT: 0.5 - gain}
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
def test_the_verdict_follows_the_table(said, monkeypatch, gain: float, word: str) -> None:
    """Where rewinding gains nothing, and a reset nothing over fresh weights, the lesson says so."""
    monkeypatch.setattr(rewinding.SIZES, "lesson", replace(LESSON, seeds=(0, 1, 2)))
    monkeypatch.setattr(rewinding.Rewinding, "run", pretended(gain))
    fails = run(said)
    assert f"verdict: {word}" in said
    assert (BETTER in fails) == (AHEAD in fails) == (SCALE in fails) == (gain == 0)


@pytest.mark.parametrize(
    ("stops", "holds"),
    [((5, 6, 10), True), ((4, 6, 6), False), ((6, None, 6), False), ((10, 10, 6), False)],
)
def test_the_early_birds_claim_follows_the_stops(stops: tuple[int | None, ...], holds: bool) -> None:
    """It fails where one fires at the first moment or never, and where the median comes after half of the training."""
    (source,) = [s for s in CODE if NEURONS in s]
    found: dict[str, bool] = {}
    drawn = [30 * (i + 1) for i in range(20)]
    exec(
        source,
        {
            "claim": lambda sentence, holds, evidence="": found.__setitem__(sentence, bool(holds)),
            "early_bird": lambda masks: 4,
            "largest": [[]],
            "random_masks": [],
            "to_last": {"5 % of the weights": np.ones((3, 20))},
            "np": np,
            "settings": LESSON,
            "drawn": drawn,
            "stops": list(stops),
            "stop": int(np.median([len(drawn) - 2 if s is None else s for s in stops])),
        },
    )
    assert found[NEURONS] == holds
