"""The figures draw what the table says."""

import numpy as np
import pandas as pd
import pytest

from lthedu.experiments.paper_results import PaperResult
from lthedu.experiments.study import DENSE, REINIT
from lthedu.lessons.rewinding import figures
from lthedu.lessons.rewinding.experiment import ARMS, COLUMNS, LR_REWOUND, REWOUND, TUNED
from lthedu.lessons.rewinding.figures import PUBLISHED, PUBLISHED_DENSE, WAYS


@pytest.fixture
def table() -> pd.DataFrame:
    rows = [(DENSE, 0, 1.0, r, 0.93, np.nan) for r in (0, 1)]
    for density in (0.2, 0.05):
        for place, arm in enumerate(ARMS):
            for k in (0, 60) if place < 3 else (0,):
                rows += [(arm, k, density, r, 0.9 - 0.1 * place + 0.001 * k + 0.02 * r, np.nan) for r in (0, 1)]
    rows += [("children", k, d, r, 0.9, 0.2 / (1 + k) + 0.01 * r) for d in (1.0, 0.05) for k in (0, 60) for r in (0, 1)]
    return pd.DataFrame(rows, columns=COLUMNS)


def line(ax, label: str):
    (found,) = [line for line in ax.lines if line.get_label() == label]
    return [float(v) for v in found.get_xdata()], [float(v) for v in found.get_ydata()]


def test_every_way_is_a_line_over_k(table: pd.DataFrame) -> None:
    ax, alt = figures.accuracy_by_step(table, 0.05, guess={REWOUND: 50, TUNED: "low", DENSE: 93})
    for place, arm in enumerate((REWOUND, LR_REWOUND, TUNED)):
        assert line(ax, arm) == ([0, 1], pytest.approx([91 - 10 * place, 97 - 10 * place]))
    assert line(ax, DENSE)[1][0] == pytest.approx(93)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "60"]
    assert line(ax, f"your guess: {REWOUND}")[1] == [50]
    assert "The guess 'low' for 'fine-tuned' is not drawn" in alt


def test_a_stored_reference_is_drawn_behind_and_named(table: pd.DataFrame) -> None:
    made = {"device": "a device", "torch": "2", "seconds": 7.0}
    stored = PaperResult("twenty seeds", True, {}, made, table.assign(accuracy=table["accuracy"] - 0.1))
    ax, alt = figures.accuracy_by_step(table, 0.05, behind=stored)
    thin = [list(found.get_ydata()) for found in ax.lines if found.get_linewidth() == 0.9]
    assert any(y == pytest.approx([81, 87]) for y in thin)
    assert "Thin lines behind: twenty seeds (a device, torch 2, 7 s)." in alt


def test_barriers_are_marks_with_a_line_through_medians(table: pd.DataFrame) -> None:
    ax, alt = figures.barrier_by_step(table)
    assert line(ax, "dense networks")[1] == pytest.approx([20.5, 0.5 + 20 / 61])
    assert line(ax, "pruned to 5.0 %")[1] == pytest.approx([20.5, 0.5 + 20 / 61])
    assert ax.get_yscale() == "log"
    assert "0, 60" in alt


def test_what_is_lost_is_set_against_the_published(table: pd.DataFrame) -> None:
    ax, alt = figures.ways_by_density(table, 60)
    drawn = [[float(v) for v in found.get_ydata()] for found in ax.lines]
    # 0.93 - 0.96 and 0.93 - 0.98: three points above on average over both seeds, at both densities
    assert any(y == pytest.approx([-4, -4]) for y in drawn)
    for _, values in PUBLISHED.values():
        lost = [100 * (PUBLISHED_DENSE - values[d]) for d in sorted(values)]
        assert any(y == pytest.approx(lost) for y in drawn)
    assert "published for ResNet-20 on CIFAR-10 by Renda et al. (2020)" in alt
    assert any("published" in t.get_text() for t in ax.get_legend().get_texts())


def test_distances_to_the_last_mask_have_chance_and_the_stop_marked() -> None:
    curves = {"weights": np.array([[0.6, 0.2], [0.8, 0.0]]), "neurons": np.array([[0.4, 0.0], [0.4, 0.0]])}
    ax, alt = figures.distance_to_last([30, 60], curves, stop=60)
    assert line(ax, "weights") == ([30, 60], pytest.approx([0.7, 0.1]))
    assert line(ax, "two random masks")[1][0] == 1
    assert line(ax, "the stop rule fires (median)")[0][0] == 60
    assert "weights and neurons" in alt


def test_ways_differ_in_colour_line_and_marker() -> None:
    for key in ("color", "linestyle", "marker"):
        assert len({str(look[key]) for look in WAYS.values()}) == len(WAYS) == 7
    assert WAYS[REINIT]["marker"] == "^"
