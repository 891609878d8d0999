"""The figures draw what the table says."""

import pandas as pd
import pytest
import torch

from lthedu.experiments.study import RANDOM, REINIT, WINNING
from lthedu.lessons.many_small_lotteries import figures
from lthedu.lessons.many_small_lotteries.experiment import ARMS, PATCHES, SCATTERED, SMALL
from lthedu.lessons.many_small_lotteries.figures import DRAWN


@pytest.fixture
def table() -> pd.DataFrame:
    rows = [(arm, 0.95 - 0.02 * place + 0.001 * i) for place, arm in enumerate(ARMS) for i in range(5)]
    return pd.DataFrame([*rows, *[("dense", 0.95)] * 2], columns=["arm", "val"])


def marks(ax, arm: str):
    (line,) = [line for line in ax.lines if line.get_label() == arm]
    return line.get_xdata(), line.get_ydata()


def test_every_network_is_a_mark_in_its_arms_column(table: pd.DataFrame) -> None:
    ax, alt = figures.accuracies_by_arm(table, 0.94)
    for place, arm in enumerate(ARMS, 1):  # the dense ones come first
        x, y = marks(ax, arm)
        assert sorted(y) == pytest.approx(sorted(100 * table.query("arm == @arm")["val"]))
        assert abs(x - place).max() < 0.4
        assert f"5 of {arm}" in alt
    assert "2 of dense" in alt
    assert 94.0 in [line.get_ydata()[0] for line in ax.lines]
    assert ax.get_title() == "The goal is reached by 0 of 5 local patches, 0 of 5 scattered pixels"


def test_the_title_counts_the_winners_of_each_lottery(table: pd.DataFrame) -> None:
    ax, _ = figures.accuracies_by_arm(table, 0.9125)  # local patches reach 0.914
    assert ax.get_title() == "The goal is reached by 2 of 5 local patches, 0 of 5 scattered pixels"


def test_what_lies_below_the_axis_is_counted(table: pd.DataFrame) -> None:
    many = pd.concat([table] * 20, ignore_index=True)
    many.loc[len(many) - 1, "val"] = 0.1
    ax, _ = figures.accuracies_by_arm(many, 0.94)
    assert "1 below" in [t.get_text() for t in ax.texts]


def test_guesses_are_stars_in_their_column_and_senseless_ones_are_named(table: pd.DataFrame) -> None:
    ax, alt = figures.accuracies_by_arm(table, 0.94, guess={PATCHES: 91, SMALL: "high", REINIT: None, "large": 3})
    stars = {(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines if "guess" in line.get_label()}
    assert stars == {(1 + ARMS.index(PATCHES), 91.0)}
    assert "The guess 'high' for 'small dense' is not drawn" in alt
    assert "The guess 3 for 'large' is not drawn" in alt


CURVES = {WINNING: ([1, 2], [0.9, 0.91], [0.9, 0.905]), RANDOM: ([1, 2], [0.8, 0.82], [0.8, 0.81])}


def test_the_best_of_n_shows_every_arm_the_goal_and_the_budget() -> None:
    ax, alt = figures.best_of_draws(CURVES, 0.89, budget=(1, 2))
    drawn = [list(line.get_ydata()) for line in ax.lines]
    for expected in ([90, 90.5], [80, 81], [89, 89]):
        assert any(d == pytest.approx(expected) for d in drawn)
    assert any("a ticket's price:\n1 to 2 draws" in t.get_text() for t in ax.texts)
    assert "The best of up to 2 reaches the goal in 1 of 2 arms" in ax.get_title()
    assert "random mask" in alt


def test_the_gain_is_over_one_draw_and_on_both_sets_of_images() -> None:
    figure, alt = figures.gain_of_the_best(CURVES)
    for ax, expected in zip(figure.axes, (([0, 1], [0, 0.5]), ([0, 2], [0, 1])), strict=True):
        assert [list(line.get_ydata()) for line in ax.lines] == [pytest.approx(gain) for gain in expected]
    assert figure.get_suptitle().startswith("In 2 of 2 arms the best gains less")
    assert "random mask" in alt


def test_the_first_draws_say_how_far_the_best_is_behind() -> None:
    ax, alt = figures.first_draws([0.88, 0.9], full=0.95)
    assert list(ax.lines[0].get_xdata()) == [88, 90]
    assert "best of 2 is 5.0 points below" in ax.get_title()
    assert "each of 2 random networks" in alt


def test_a_stored_run_tells_each_arms_mean_and_names_its_source() -> None:
    table = pd.DataFrame({"arm": [WINNING] * 2 + [RANDOM] * 4, "val": [0.95, 0.96, 0.9, 0.91, 0.92, 0.95]})
    ax, alt = figures.stored_draws(table, "a run of long ago")
    assert "2 of winning ticket, mean 95.5; 4 of random mask, mean 92.0" in alt
    assert "a run of long ago" in [t.get_text() for t in ax.texts]


def test_a_hidden_units_pixels_are_filled_where_its_mask_keeps_them() -> None:
    mask = torch.zeros(3, 9, dtype=torch.bool)
    mask[1, [0, 5]], mask[2, 4] = True, True  # the first unit reads nothing
    figure, alt = figures.what_units_read({PATCHES: mask, SCATTERED: mask[1:]}, units=2)
    for row in (figure.axes[:2], figure.axes[2:]):
        filled = [sorted(patch.get_center().tolist() for patch in ax.patches) for ax in row]
        assert filled == [[[0, 0], [2, 1]], [[1, 1]]]
    assert "local patches, scattered pixels" in alt


def test_the_kinds_of_network_have_equally_many_edges() -> None:
    figure, _ = figures.kinds_of_network()
    for ax, arm in zip(figure.axes, ARMS, strict=True):
        edges = [line for line in ax.lines if line.get_color() == DRAWN[arm]["color"]]
        assert len(edges) == 18


def test_rows_without_a_win_are_counted_and_the_shade_ends_at_the_interval() -> None:
    figure, alt = figures.none_is_not_zero(draws=128, chance=0.01, rows=20)
    left, right = figure.axes
    rows = [label.get_text() for label in left.get_yticklabels()]
    assert left.get_title() == f"chance 1 %: {rows.count('no win')} of 20 rows without a win"
    shaded = right.collections[0].get_paths()[0].vertices[:, 0]
    assert 2.7 < shaded.max() <= 2.85
    assert "2.8 percent" in alt


def test_a_stack_has_three_rectangles_of_three_colours() -> None:
    ax, _ = figures.stacked_matrices()
    assert len(ax.patches) == 9
    assert len({patch.get_facecolor() for patch in ax.patches}) == 3


def test_throughput_is_networks_over_seconds() -> None:
    ax, alt = figures.throughput([1, 8], [0.5, 1.0], alone=0.25)
    together, alone = ax.lines
    assert list(together.get_ydata()) == [2, 8]
    assert alone.get_ydata()[0] == 4
    assert "1, 8" in alt


def test_arms_differ_in_colour_line_and_marker() -> None:
    for key in ("color", "linestyle", "marker"):
        assert len({str(look[key]) for look in DRAWN.values()}) == len(DRAWN) == 8
