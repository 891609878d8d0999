"""The lesson's figures draw what they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lthedu.lessons.subset_sums import figures, schematics
from lthedu.proof.laws import PerBit, share_band

BITS = np.array([4.0, 6.0, 8.0])
LINE = PerBit(BITS, BITS + 1, BITS + 0.5, BITS + 1.5, 1.0, 0.9, 1.1)


def test_needed_numbers_have_a_line_with_a_band_and_one_a_bit_beside_it() -> None:
    ax, alt = figures.needed_by_bits({"uniform": LINE, "half dead": LINE})
    assert [line.get_label() for line in ax.lines] == ["uniform", "half dead", "one number for each bit"]
    assert list(ax.lines[0].get_ydata()) == [5.0, 7.0, 9.0]
    band = ax.collections[0].get_paths()[0].vertices
    assert band[:, 1].max() == 9.5
    assert len({str(line.get_linestyle()) for line in ax.lines}) == 3
    assert "half dead: 1.00 numbers more for each bit" in alt


def test_guesses_are_stars_at_their_bits_and_a_senseless_one_is_named() -> None:
    ax, alt = figures.needed_by_bits({"uniform": LINE}, guess={1 / 64: 30, 1 / 128: "many", 1 / 256: None, 1 / 16: 999})
    stars = [(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines if line.get_marker() == "*"]
    assert stars == [(6.0, 30.0)]
    assert [text.get_text() for text in ax.get_legend().get_texts()].count("your guess") == 1
    assert "The guess 'many' for 0.0078125 is not drawn" in alt
    assert "The guess 999" in alt


def test_shares_of_draws_rise_and_the_counting_bound_is_a_vertical_line() -> None:
    worst = np.array([[0.5, 0.2, 0.1], [0.5, 0.4, 0.1], [0.5, 0.4, 0.3], [0.5, 0.2, 0.2]])
    ax, alt = figures.all_targets_by_count(worst, [0.25, 0.125])
    assert list(ax.lines[0].get_ydata()) == [0.0, 50.0, 75.0]
    assert ax.lines[1].get_xdata()[0] == 1.0  # log2(1 / (2 / 4))
    assert list(ax.lines[2].get_ydata()) == [0.0, 0.0, 50.0]
    band = ax.collections[0].get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx(100 * share_band(3, 4)[1])
    assert "for eta 1/8 in 50 percent of 4 draws" in alt


def test_failures_are_shares_with_bands_and_none_is_not_drawn_as_zero() -> None:
    table = np.array([[0.5, 0.3, 0.0], [0.5, 0.0, 0.0]])
    ax, alt = figures.failures_by_count({"as drawn": table}, 0.1, [0, 1, 2], {"formula": [1, 0.5, 0.25]})
    drawn = ax.lines[0].get_ydata()
    assert list(drawn[:2]) == [1.0, 0.5]
    assert np.isnan(drawn[2])
    assert list(ax.lines[1].get_ydata()) == [1, 0.5, 0.25]
    assert ax.get_yscale() == "log"
    assert "as drawn: 0" in alt


def test_sums_are_marks_and_the_least_lucky_target_a_triangle() -> None:
    ax, alt = figures.sums_on_a_line([[0.5, -0.5, 0.25], [0.1]])
    marks = [segment[0][0] for segment in ax.collections[0].get_segments()]
    assert marks == pytest.approx([-0.5, -0.25, 0.0, 0.0, 0.25, 0.25, 0.5])
    assert ax.lines[1].get_xdata()[0] == -0.5  # the far end
    assert "with 3 numbers: 0.125; with 1 numbers: 0.500" in alt


def test_violations_are_means_with_a_band_over_replicates() -> None:
    ax, alt = figures.violations_by_ratio({"anywhere": {2.0: [0.4, 0.6], 1.5: [0.0, 0.0]}})
    assert list(ax.lines[0].get_xdata()) == [1.5, 2.0]
    assert list(ax.lines[0].get_ydata()) == [0.0, 50.0]
    assert ax.lines[1].get_xdata()[0] == pytest.approx(1.618, abs=1e-3)
    assert ax.collections[0].get_paths()[0].vertices[:, 1].max() == 60
    assert "2 replicates" in alt


def test_what_cannot_be_drawn_is_refused_in_words() -> None:
    five = dict.fromkeys("abcde", LINE)
    table = np.zeros((2, 3))
    for wrong, words in (
        (lambda: figures.needed_by_bits({}), "0 lines; allowed: 1 to 4"),
        (lambda: figures.needed_by_bits(five), "5 lines; allowed: 1 to 4"),
        (lambda: figures.all_targets_by_count(table, []), "0 values of eta"),
        (lambda: figures.failures_by_count({}, 0.1, [1], {}), "0 ways to draw"),
        (lambda: figures.sums_on_a_line([]), "0 rows of numbers"),
        (lambda: figures.violations_by_ratio({}), "0 lines; allowed"),
    ):
        with pytest.raises(ValueError, match=words):
            wrong()
    assert plt.get_fignums() == []


def test_every_row_of_the_tree_has_all_sums_and_the_nearest_is_a_diamond() -> None:
    figure, alt = schematics.sums_double([0.5, -0.3, 0.9], 0.25)
    (ax,) = figure.axes
    rows = [c.get_offsets() for c in ax.collections]
    sums, nearest = rows[::2], rows[1::2]
    assert [len(row) for row in sums] == [1, 2, 4, 8]
    assert sorted(sums[3][:, 0]) == pytest.approx([-0.3, 0, 0.2, 0.5, 0.6, 0.9, 1.1, 1.4])
    assert [row[0, 0] for row in nearest] == pytest.approx([0, 0, 0.2, 0.2])
    assert len(ax.lines) == 2 + 4 + 8 + 1  # two edges from each sum to the next row, and the target
    assert "0.5, -0.3, 0.9" in alt


def test_the_best_pair_of_the_two_lists_is_the_best_subset() -> None:
    figure, alt = schematics.two_lists([0.5, -0.3, 0.9, 0.35], 0.25)
    (ax,) = figure.axes
    wanted, partner = ax.lines[-1].get_xdata()
    assert abs(wanted - partner) == pytest.approx(0.05)  # 0.5 - 0.3
    left, places = (c.get_offsets()[:, 0].tolist() for c in ax.collections)
    assert left == pytest.approx([-0.3, 0, 0.2, 0.5])
    assert sorted(places) == pytest.approx([-1.0, -0.65, -0.1, 0.25])
    assert alt.endswith("off by only 0.05.")


def test_dead_neurons_have_the_number_zero() -> None:
    figure, alt = schematics.dead_neurons()
    net, bars = figure.axes
    assert [round(bar.get_width(), 2) for bar in bars.patches] == [0.45, 0, -0.36, 0, 0, 0.42]
    assert [text.get_text() for text in net.texts].count("×") == 3
    assert "dead ones have 0" in alt


def test_coins_that_fit_are_orange_and_laid_end_to_end() -> None:
    figure, alt = schematics.coins_and_cells([0.45, 0.3, 0.2], 0.7)
    cells, paid = figure.axes
    assert [len(c.get_paths()) for c in cells.collections] == [1, 1, 1]
    assert sum(bar.get_width() for bar in paid.patches) == pytest.approx(0.65)
    assert cells.patches[0].get_x() == pytest.approx(0.382, abs=1e-3)
    assert "leave 0.050 of the target" in alt
