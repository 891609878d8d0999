"""The lesson's figures draw what they are given."""

import pandas as pd
import pytest
import torch
from figure_frame import checked

from lthedu.lessons.sparse_from_the_start import figures, schematics
from lthedu.lessons.sparse_from_the_start.arms import NARROW_RIGL, RIGL, SMALL_POOLED, STATIC


@pytest.fixture
def table() -> pd.DataFrame:
    rows = [(arm, r, 0.8 + 0.01 * i + 0.002 * r) for i, arm in enumerate((STATIC, RIGL, "yours")) for r in (0, 1)]
    return pd.DataFrame(rows, columns=["arm", "replicate", "accuracy"])


def test_every_network_is_a_mark_and_every_arm_has_its_mean(table: pd.DataFrame) -> None:
    figure, alt = figures.accuracies(table, [STATIC, RIGL, "yours"], "A title", {STATIC: "85 %", RIGL: "many"})
    (ax,) = figure.axes
    assert list(ax.lines[0].get_xdata()) == pytest.approx([80, 80.2])
    assert list(ax.lines[1].get_xdata()) == pytest.approx([80.1, 80.1])
    assert [t.get_text() for t in ax.get_yticklabels()] == [STATIC, RIGL, "yours"]
    stars = [line for line in ax.lines if line.get_marker() == "*" and line.get_markersize() > 10]
    assert [(s.get_xdata()[0], s.get_ydata()[0]) for s in stars] == [(85, 0)]
    assert "The guess 'many' for 'RigL' is not drawn" in alt


def test_each_length_of_training_has_its_own_rows(table: pd.DataFrame) -> None:
    both = pd.concat([table.assign(steps=1000), table.assign(steps=3000, accuracy=table["accuracy"] + 0.1)])
    figure, alt = figures.by_length(both, [STATIC, RIGL], "A title")
    left, right = figure.axes
    assert [list(ax.lines[0].get_xdata()) for ax in (left, right)] == [
        pytest.approx([80, 80.2]),
        pytest.approx([90, 90.2]),
    ]
    assert [ax.get_title() for ax in (left, right)] == ["1,000 steps", "3,000 steps"]
    assert "1,000, 3,000 steps" in alt


def test_colours_say_whether_a_mask_moves() -> None:
    assert figures.look(NARROW_RIGL) == figures.look(RIGL) != figures.look(STATIC)
    assert figures.look(SMALL_POOLED)["color"] == "#000000"
    assert figures.look("yours")["color"] not in {figures.look(arm)["color"] for arm in (STATIC, RIGL, SMALL_POOLED)}


def test_pixel_maps_show_each_number_in_its_place() -> None:
    values = torch.arange(16.0)
    figure, alt = figures.pixel_maps({"first": values, "second": 2 * values}, "A title")
    image = figure.axes[0].images[0].get_array()
    assert image[1][2] == 6
    assert "first; second" in alt


def test_the_time_to_an_accuracy_is_a_line_an_arm() -> None:
    dense_pooled = "dense 100, pooled pixels"
    frontier = pd.DataFrame(
        [
            *[("dense 100", 0.94, 2.0), ("dense 100", 0.95, 3.0), (dense_pooled, 0.94, 1.0)],
            *[("RigL, 5 %", 0.94, 4.0), ("RigL, 2 %", 0.94, 5.0)],
        ],
        columns=["arm", "level", "seconds"],
    )
    figure, alt = figures.time_to_accuracy(frontier)
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert list(figure.axes[1].lines[0].get_ydata()) == [1.0]
    assert list(lines["dense 100"].get_ydata()) == [2.0, 3.0]
    assert lines["dense 100"].get_color() != lines["RigL, 5 %"].get_color()
    assert lines["RigL, 2 %"].get_color() == lines["RigL, 5 %"].get_color()
    assert lines["RigL, 2 %"].get_linestyle() != lines["RigL, 5 %"].get_linestyle()
    assert "RigL, 5 %; RigL, 2 %" in alt


@pytest.mark.parametrize("name", ["three_ways", "one_exchange", "shares_that_fill_up"])
def test_schematics_are_figures(name: str) -> None:
    checked(getattr(schematics, name))
