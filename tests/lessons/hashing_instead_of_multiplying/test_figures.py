"""The lesson's figures draw what they are given."""

import numpy as np
import pandas as pd
import pytest
from figure_frame import checked

from lthedu.lessons.hashing_instead_of_multiplying import figures, schematics
from lthedu.lessons.hashing_instead_of_multiplying.arms import ARMS, CENTRED, DENSE, RANDOM


@pytest.fixture
def table() -> pd.DataFrame:
    """Two arms, two seeds, two epochs."""
    rows = []
    for arm, accuracy, products in ((CENTRED, 0.8, 600.0), (RANDOM, 0.5, 300.0)):
        for replicate in (0, 1):
            for epoch in (1, 2):
                value = accuracy + 0.02 * replicate + 0.1 * (epoch - 1)
                rows.append((arm, replicate, epoch, value, value / 2, products))
    return pd.DataFrame(rows, columns=["arm", "replicate", "epoch", "accuracy", "label_found", "products"])


def test_points_lie_where_they_were_measured_and_lines_where_the_law_says() -> None:
    one = pd.DataFrame({"angle": [0.0, np.pi / 2], "equal": [1.0, 0.4]})
    many = pd.DataFrame({"angle": [np.pi / 2], "found": [0.3]})
    figure, words = figures.collision_law(one, many, 2, 3)
    left, right = figure.axes
    assert [list(line.get_ydata()) for line in left.lines if line.get_label() == "measured"] == [[1.0, 0.4]]
    assert left.lines[0].get_ydata()[[0, -1]] == pytest.approx([1, 0])
    middle = right.lines[0].get_ydata()[np.abs(right.lines[0].get_xdata() - 90).argmin()]
    assert middle == pytest.approx(1 - (1 - 0.25) ** 3, abs=0.02)
    assert "2 bits and 3 tables" in words


def test_thick_lines_are_means_and_thin_ones_seeds(table: pd.DataFrame) -> None:
    figure, words = figures.found_and_learned(table, {CENTRED: 80, RANDOM: "many"})
    _, right = figure.axes
    thick = {line.get_label(): line.get_ydata() for line in right.lines if line.get_linewidth() == 2}
    assert thick[CENTRED] == pytest.approx([81, 91])
    assert sum(line.get_linewidth() < 1 for line in right.lines) == 4
    assert [line.get_ydata() for line in right.lines if line.get_marker() == "*"] == [[80.0]]
    assert "hashed, centred: 46 % found, 91 % accuracy" in words
    assert "'many'" in words


def test_accuracy_stands_over_the_mean_of_products(table: pd.DataFrame) -> None:
    figure, words = figures.accuracy_by_products(table, "a title")
    (ax,) = figure.axes
    large = {
        line.get_label(): (line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines if line.get_markersize() == 10
    }
    assert large["hashed, centred (91.0)"] == (600, pytest.approx(91))
    assert ax.get_title() == "a title"
    assert "random, equal rows 61.0 % at 300" in words


def test_bars_are_the_overlaps_of_found_and_of_nearest_rows() -> None:
    figure, words = figures.sets_of_rows({"one class": 0.4, "one family": 0.2}, {"one class": 0.7, "one family": 0.5})
    left, right = figure.axes
    assert [bar.get_width() for bar in left.patches] == pytest.approx([40, 20])
    assert [bar.get_width() for bar in right.patches] == pytest.approx([70, 50])
    assert [label.get_text() for label in left.get_yticklabels()] == ["one class", "one family"]
    assert "rows that are nearest: 70 % one class, 50 % one family" in words


def test_epochs_have_bars_from_lowest_to_highest(table: pd.DataFrame) -> None:
    figure, words = figures.accuracy_by_epoch(table, "a title")
    line = figure.axes[0].containers[0][0]
    assert line.get_ydata() == pytest.approx([81, 91])
    assert "random, equal rows 61.0 %" in words


def test_every_arm_has_a_look_of_its_own() -> None:
    assert set(figures.LOOKS) == {*ARMS, DENSE}
    assert len({(look["color"], look["marker"]) for look in figures.LOOKS.values()}) == len(figures.LOOKS)


@pytest.mark.parametrize("draw", [f for f in vars(schematics).values() if getattr(f, "schematic", False)])
def test_schematics_are_drawn_and_described(draw) -> None:
    checked(draw)


def test_the_schematic_finds_the_rows_of_its_own_buckets() -> None:
    _, words = schematics.tables_find_rows()
    assert "Their rows, 8, 12 and 61" in words
