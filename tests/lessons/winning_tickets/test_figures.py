"""The figures draw what the table says."""

import numpy as np
import pandas as pd
import pytest
import torch

from lthedu.experiments.paper_results import PaperResult
from lthedu.experiments.study import DENSE, RANDOM, REINIT, WINNING, final
from lthedu.figures import LOOKS
from lthedu.lessons.winning_tickets import figures


@pytest.fixture
def table() -> pd.DataFrame:
    """Two seeds; the winning ticket is 1 (level 1) and 2 (level 2) points above the controls."""
    rows = []
    for seed in (0, 1):
        for level, density in ((0, 1.0), (1, 0.5), (2, 0.25)):
            for arm in (DENSE,) if level == 0 else (WINNING, REINIT, RANDOM):
                for step, split in ((5, "val"), (10, "val"), (10, "test")):
                    accuracy = 0.9 + 0.01 * seed + (0.01 * level if arm == WINNING else 0)
                    rows.append((arm, seed, level, density, step, split, 0.5, accuracy))
    return pd.DataFrame(rows, columns=["arm", "replicate", "level", "density", "step", "split", "loss", "accuracy"])


def test_accuracy_shows_the_mean_of_every_arm_and_fewer_weights_to_the_right(table: pd.DataFrame) -> None:
    ax, alt = figures.accuracy_by_density(table)
    lines = {line.get_label(): line for line in ax.lines}
    assert set(lines) == {DENSE, WINNING, REINIT, RANDOM}
    by_density = dict(zip(lines[WINNING].get_xdata(), lines[WINNING].get_ydata(), strict=True))
    assert by_density == pytest.approx({50.0: 91.5, 25.0: 92.5})
    assert list(lines[DENSE].get_ydata()) == pytest.approx([90.5, 90.5])
    left, right = ax.get_xlim()
    assert left > right
    assert "2 seeds" in alt
    assert all(arm in alt for arm in lines)


def test_a_reference_stands_behind_thin_and_named(table: pd.DataFrame) -> None:
    rows = [(DENSE, 1.0, 0.98), (WINNING, 0.8, 0.97), (WINNING, 0.8, 0.99), (WINNING, 0.2, 0.96)]
    stored = pd.DataFrame(rows, columns=["arm", "density", "test"])
    made = {"device": "a large GPU", "torch": "2.13.0", "seconds": 270.2}
    ax, alt = figures.accuracy_by_density(table, behind=PaperResult("The paper's", False, {}, made, stored))
    color = LOOKS[WINNING]["color"]
    (thin,) = [line for line in ax.lines if line.get_linewidth() < 1 and line.get_color() == color]
    assert dict(zip(thin.get_xdata(), thin.get_ydata(), strict=True)) == pytest.approx({80: 98.0, 20: 96.0})
    assert "The paper's (a large GPU, torch 2.13.0, 270 s; partial: the time ran out)" in alt
    assert "thin: stored reference" in [line.get_label() for line in ax.lines]


def test_a_guess_is_drawn_where_it_was_made_and_none_is_not(table: pd.DataFrame) -> None:
    ax, _ = figures.accuracy_by_density(table, guess={WINNING: 95.0, RANDOM: None}, at=0.25)
    stars = [line for line in ax.lines if "guess" in line.get_label()]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in stars] == [(25.0, 95.0)]


def test_a_senseless_guess_is_named_and_never_stops_the_lesson(table: pd.DataFrame) -> None:
    guess = {WINNING: "95 %", REINIT: "high", RANDOM: 0.95, "dense ticket": 90}
    ax, alt = figures.accuracy_by_density(table, guess=guess, at=0.25)
    assert [line.get_ydata()[0] for line in ax.lines if "guess" in line.get_label()] == [95.0]
    for arm, value in list(guess.items())[1:]:
        assert f"The guess {value!r} for {arm!r} is not drawn" in alt


def test_the_rims_share_is_counted_by_replicate() -> None:
    mask = torch.zeros(2, 3, 784, dtype=torch.bool)
    mask[0, :, 0] = True  # a corner
    mask[1, 0, [0, 14 * 28 + 14]] = True  # a corner and the middle
    assert figures.share_on_rim({"first": mask}).tolist() == [1.0, 0.5]


def test_arms_differ_in_colour_line_and_marker() -> None:
    for key in ("color", "linestyle", "marker"):
        assert len({look[key] for look in LOOKS.values()}) == len(LOOKS)


def test_differences_are_paired_by_seed_and_in_points(table: pd.DataFrame) -> None:
    ax, _ = figures.differences(table)
    marks = [line for line in ax.lines if line.get_marker() == LOOKS[REINIT]["marker"] and len(line.get_xdata())]
    assert [sorted(m.get_ydata()) for m in marks] == [pytest.approx([1.0, 1.0]), pytest.approx([2.0, 2.0])]


def test_learning_curves_show_one_level_beside_the_dense_networks(table: pd.DataFrame) -> None:
    ax, alt = figures.learning_curves(table, level=2)
    lines = {line.get_label(): line for line in ax.lines}
    assert list(lines[WINNING].get_xdata()) == [5, 10]
    assert list(lines[WINNING].get_ydata()) == pytest.approx([92.5, 92.5])
    assert "25 percent" in alt


def test_pixel_degrees_count_kept_weights_per_pixel() -> None:
    mask = torch.zeros(2, 3, 784, dtype=torch.bool)
    mask[0, :, 0] = True  # 3 in one replicate, none in the other
    degrees = figures.pixel_degrees({"first": mask, "second": torch.ones(2, 1, 3, dtype=torch.bool)})
    assert degrees[0, 0] == 1.5
    assert np.count_nonzero(degrees) == 1
    with pytest.raises(ValueError, match=r"\(3, 784\); expected"):
        figures.pixel_degrees({"first": mask[0]})


def test_an_unfinished_table_is_refused_in_words(table: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="no finished 'test' rows"):
        final(table[table["split"] == "val"])
