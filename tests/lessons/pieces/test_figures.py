"""The lesson's figures draw what they are given."""

import numpy as np
import pandas as pd
import pytest
from figure_frame import checked

from lthedu.landscape import SQUARE, Plane, Region, random_network, regions
from lthedu.lessons.pieces import figures, residual, schematics
from lthedu.lessons.pieces.experiment import DENSE, DIGITS, PRUNED, RANDOM, SMALL, UNTRAINED


@pytest.fixture
def table() -> pd.DataFrame:
    """Two networks of each kind: 1000 weights, of which 500 or 100 are left; pieces 400 - 100 a step from dense on."""
    rows = [(UNTRAINED, 1.0, 1000, 0, r, 0.1, DIGITS, 500 + r) for r in (0, 1)]
    rows += [(DENSE, 1.0, 1000, steps, r, 0.8, DIGITS, 400 + 100 * r) for r in (0, 1) for steps in (5, 10)]
    for density in (0.5, 0.1):
        for i, arm in enumerate((PRUNED, RANDOM, SMALL)):
            rows += [(arm, density, 1000 * density, 10, r, 0.7, DIGITS, (4 - i) * (75 + 25 * r)) for r in (0, 1)]
    return pd.DataFrame(
        rows, columns=["arm", "density", "weights", "steps", "replicate", "accuracy", "slice", "pieces"]
    )


def by_label(ax) -> dict:
    return {c.get_label(): c[0] for c in ax.containers}


def test_pieces_are_in_percent_of_the_dense_network_of_the_same_seed(table: pd.DataFrame) -> None:
    figure, alt = figures.pieces_by_weights(table, DIGITS, guess={PRUNED: "60 %", SMALL: "few"})
    left, right = figure.axes
    lines = by_label(left)
    assert list(lines[PRUNED].get_xdata()) == [10, 50]
    assert list(lines[PRUNED].get_ydata()) == [pytest.approx((75 + 80) / 2)] * 2
    assert list(lines[DENSE].get_ydata()) == [100]
    assert list(by_label(right)[SMALL].get_ydata()) == pytest.approx([70, 70])
    (equal,) = (line for line in left.lines if line.get_label() == "as many pieces as weights")
    assert len(equal.get_xdata()) > 10  # on a logarithmic axis a line through its ends would say something else
    assert list(equal.get_xdata()) == list(equal.get_ydata())
    stars = [line for line in left.lines if line.get_marker() == "*"]
    assert [(s.get_xdata()[0], s.get_ydata()[0]) for s in stars] == [(50, 60)]
    assert "The guess 'few' for 'small dense' is not drawn" in alt
    assert left.get_xlim()[0] > left.get_xlim()[1]


def test_pieces_stand_against_accuracy(table: pd.DataFrame) -> None:
    figure, alt = figures.pieces_by_accuracy(table, DIGITS)
    (ax,) = figure.axes
    lines = {line.get_label(): line for line in ax.lines}
    assert list(lines[RANDOM].get_xdata()) == pytest.approx([70, 70])
    assert list(lines[RANDOM].get_ydata()) == [3 * 87.5] * 2
    words = [text.get_text() for text in ax.texts]
    assert words.count("50 %") == 3
    assert "5 steps" in words
    assert DIGITS in alt


def test_every_region_is_a_polygon_of_its_own() -> None:
    maps = {"shallow": regions(random_network(1, 8)), "deep": regions(random_network(3, 3))}
    figure, alt = figures.region_maps(maps, "A title")
    for ax, found in zip(figure.axes, maps.values(), strict=True):
        (drawn,) = ax.collections
        assert len(drawn.get_paths()) == len(found)
    assert f"shallow ({len(maps['shallow'])} pieces)" in alt
    assert "digit" not in alt
    with pytest.raises(ValueError, match=r"the maps hold \[0\] regions"):
        figures.region_maps({"none": []}, "A title")


def test_with_ten_outputs_the_colour_is_the_answer() -> None:
    halves = [Region(SQUARE * [0.5, 1] + [x, 0], np.zeros((10, 2)), np.eye(10)[d]) for x, d in ((-0.5, 3), (0.5, 7))]
    figure, alt = figures.region_maps({"two": halves}, "A title", marks=(1, 2, 3), counted=False)
    (ax,) = figure.axes
    assert [tuple(c[:3]) for c in ax.collections[0].get_facecolors()] == [figures.DIGITS[3], figures.DIGITS[7]]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["answers 3", "answers 7"]
    assert [text.get_text() for text in ax.texts] == ["1", "2", "3"]
    assert "two." in alt


def test_a_grid_of_blends_has_the_three_images_at_their_places() -> None:
    plane = Plane(np.zeros(4), np.eye(4)[:, :2])
    figure, alt = figures.blends({"one": plane}, reach=1.0, steps=3)
    shown = figure.axes[0].images[0].get_array()
    assert np.asarray(shown[:2, :2]).tolist() == [[-1, 1], [0, 0]]  # at (-1, 1), above on the left
    assert np.asarray(shown[4:, 4:]).tolist() == [[1, -1], [0, 0]]
    assert "3 by 3 images" in alt


def test_marks_stand_in_columns_with_their_mean() -> None:
    figure, alt = figures.marks_by_kind({"a": [1, 3], "b": [10]}, "pieces", "A title")
    (ax,) = figure.axes
    assert [list(line.get_ydata()) for line in ax.lines] == [[1, 3], [10]]
    assert [c.get_segments()[0][0][1] for c in ax.collections] == [2, 10]
    assert alt.endswith("a, b.")
    with pytest.raises(ValueError, match="nothing to draw"):
        figures.marks_by_kind({}, "pieces", "A title")


def test_accuracy_by_depth_has_a_line_for_each_start_and_the_guesses() -> None:
    rows = [(arm, n, i, 0.9 - 0.01 * n + 0.1 * i) for arm in figures.STARTS for n in (4, 8) for i in (0, 1)]
    table = pd.DataFrame(rows, columns=["arm", "layers", "replicate", "accuracy"])
    figure, alt = figures.accuracy_by_depth(table, guess={residual.HE: "50 %", residual.GLOROT: "low"})
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert list(lines[residual.HE].get_ydata()) == pytest.approx([91, 87])
    star = lines[f"your guess: {residual.HE}"]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (8, 50)
    assert "The guess 'low' for 'plain, Glorot start' is not drawn" in alt


def test_three_lines_are_drawn_with_the_pattern_of_each_of_seven_pieces() -> None:
    figure, alt = checked(schematics.three_lines)
    _, right = figure.axes
    patterns = {text.get_text() for text in right.texts}
    assert len(patterns) == 7
    assert all(set(pattern) <= {"+", "−"} and len(pattern) == 3 for pattern in patterns)
    assert len(right.patches) == 7
    assert "seven" in alt


def test_the_bent_line_is_where_the_second_layer_is_zero() -> None:
    figure, _ = checked(schematics.a_line_that_bends)
    (ax,) = figure.axes
    places = np.concatenate([path.vertices for path in ax.collections[0].get_paths()])
    first = np.maximum(places @ schematics.FIRST[:, :2].T + schematics.FIRST[:, 2], 0)
    assert np.abs(first @ schematics.SECOND[:3] + schematics.SECOND[3]).max() < 0.01


def test_the_cut_is_drawn_with_its_parts() -> None:
    figure, _ = checked(schematics.one_cut)
    assert [len(ax.patches[0].get_xy()) - 1 for ax in figure.axes] == [3, 3, 4]
    assert sum(text.get_text() == "0" for ax in figure.axes[1:] for text in ax.texts) == 4


def test_what_a_piece_reads_is_drawn_as_an_image_around_zero() -> None:
    rows = {"one": np.array([0.0, -2.0, 1.0, 0.0]), "none": np.zeros(4)}
    figure, alt = figures.what_a_piece_reads(np.arange(4.0), rows, 7)
    shown = figure.axes[1].images[0]
    assert np.asarray(shown.get_array()).tolist() == [[0, -2], [1, 0]]
    assert shown.get_clim() == (-2, 2)
    assert "answer 7" in alt
