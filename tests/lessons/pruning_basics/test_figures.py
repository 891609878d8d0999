"""The lesson's figures draw what they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from figure_frame import checked
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from lthedu.lessons.pruning_basics import figures, schematics
from lthedu.lessons.pruning_basics.experiment import DENSE, GRADUAL, ONE_SHOT, RANDOM, SAME_BYTES, SMALL
from lthedu.lessons.pruning_basics.figures import FAMILIES, SCOPES


def drawn(ax: Axes, label: str) -> dict[float, float]:
    """The points of the one line with that label."""
    (line,) = [line for line in ax.lines if line.get_label() == label]
    return dict(zip(line.get_xdata(), line.get_ydata(), strict=True))


def band(ax: Axes, color: str) -> dict[float, tuple[float, float]]:
    """Where the band of that colour begins and ends, at each x."""
    (found,) = [c for c in ax.collections if to_hex(c.get_facecolor()[0]) == color.lower()]
    corners = found.get_paths()[0].vertices
    return {x: (corners[corners[:, 0] == x, 1].min(), corners[corners[:, 0] == x, 1].max()) for x in set(corners[:, 0])}


@pytest.fixture
def cuts() -> pd.DataFrame:
    """Three seeds, 0.1 apart around the mean, so that one standard deviation is 10 points."""
    means = {"global": {1.0: 0.9, 0.5: 0.8, 0.05: 0.6}, "at random": {1.0: 0.9, 0.5: 0.4, 0.05: 0.2}}
    rows = [
        (how, seed, density, mean + 0.1 * (seed - 1))
        for how, by_density in means.items()
        for density, mean in by_density.items()
        for seed in (0, 1, 2)
    ]
    return pd.DataFrame(rows, columns=["how", "replicate", "density", "accuracy"])


def test_each_way_of_cutting_has_its_means_in_percent_and_fewer_weights_to_the_right(cuts) -> None:
    own = plt.figure().gca()
    ax, alt = figures.accuracy_by_cut(cuts, ax=own)
    assert ax is own
    assert drawn(ax, "global") == pytest.approx({100.0: 90.0, 50.0: 80.0, 5.0: 60.0})
    assert drawn(ax, "at random") == pytest.approx({100.0: 90.0, 50.0: 40.0, 5.0: 20.0})
    left, right = ax.get_xlim()
    assert left > 100 > 5 > right
    assert ax.get_xlabel() == "weights kept (%)"
    assert ax.get_ylabel() == "validation accuracy (%)"
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["global", "at random"]
    assert "3 seeds" in alt
    assert "weights chosen: global, at random." in alt


def test_bands_reach_one_standard_deviation_to_either_side(cuts) -> None:
    ax, _ = figures.accuracy_by_cut(cuts)
    for look, means in zip(SCOPES, ({100: 90, 50: 80, 5: 60}, {100: 90, 50: 40, 5: 20}), strict=False):
        found = band(ax, look["color"])
        assert sorted(found) == pytest.approx(sorted(means))
        for x, mean in means.items():
            assert found[x] == pytest.approx((mean - 10, mean + 10))


def test_one_replicate_is_drawn_without_spread(cuts) -> None:
    ax, alt = figures.accuracy_by_cut(cuts[cuts.replicate == 1])
    assert band(ax, SCOPES[0]["color"])[50.0] == pytest.approx((80, 80))
    assert "1 seeds" in alt


def test_families_differ_in_colour_line_and_marker() -> None:
    for looks in (list(FAMILIES.values()), SCOPES):
        for key in ("color", "linestyle", "marker"):
            assert len({look[key] for look in looks}) == len(looks)


def test_a_run_shows_the_density_in_steps_and_the_validation_accuracy_below() -> None:
    runs = pd.DataFrame(
        [("cubic", 10, 1.0, 0.8), ("cubic", 20, 0.25, 0.7), ("cubic", 30, 0.02, 0.75), ("yours", 30, 0.02, 0.5)],
        columns=["schedule", "step", "density", "accuracy"],
    )
    bottom, alt = figures.pruning_run(runs, title="Two runs")
    top = bottom.figure.axes[0]
    density, _ = top.lines
    assert density.get_drawstyle() == "steps-post"  # each density holds from its step on
    assert list(density.get_xdata()) == [10, 20, 30]
    assert list(density.get_ydata()) == pytest.approx([100, 25, 2])
    assert top.get_ylim() == (0, 105)
    assert top.get_title() == "Two runs"
    assert drawn(bottom, "cubic") == pytest.approx({10: 80, 20: 70, 30: 75})
    assert drawn(bottom, "yours") == pytest.approx({30: 50})
    assert [t.get_text() for t in bottom.get_legend().get_texts()] == ["cubic", "yours"]
    assert bottom.get_shared_x_axes().joined(top, bottom)
    assert "cubic: 2.0 % kept, 75.0 %; yours: 2.0 % kept, 50.0 %" in alt
    assert figures.pruning_run(runs.head(3))[0].get_legend() is None


MEANS = {  # nonzeros, bytes, mean test accuracy, by family and budget
    GRADUAL: {3_000: (3_000, 20_000, 0.90), 30_000: (30_000, 200_000, 0.96)},
    ONE_SHOT: {3_000: (3_000, 21_000, 0.85), 30_000: (30_000, 210_000, 0.94)},
    RANDOM: {3_000: (3_000, 21_000, 0.70), 30_000: (30_000, 210_000, 0.91)},
    SMALL: {3_000: (2_900, 11_600, 0.75), 30_000: (29_000, 116_000, 0.92)},
    SAME_BYTES: {3_000: (4_900, 19_600, 0.80), 30_000: (49_000, 196_000, 0.93)},
    DENSE: {266_610: (266_610, 1_066_440, 0.97)},
}


@pytest.fixture
def table() -> pd.DataFrame:
    """Three seeds, 1 point apart on the test images; validation accuracies are others."""
    rows = [
        (arm, budget, seed, count, size, 0.001, 0.5, mean + 0.01 * (seed - 1))
        for arm, budgets in MEANS.items()
        for budget, (count, size, mean) in budgets.items()
        for seed in (0, 1, 2)
    ]
    return pd.DataFrame(rows, columns=["arm", "budget", "replicate", "nonzeros", "bytes", "lr", "val", "test"])


def panels() -> tuple[Axes, Axes]:
    left, right = plt.gcf().axes
    return left, right


def test_the_left_panel_counts_numbers_and_the_right_one_bytes(table) -> None:
    ax, alt = figures.large_or_small(table)
    left, right = panels()
    assert ax is left
    for arm in FAMILIES:
        assert drawn(left, arm) == pytest.approx({count: 100 * mean for count, _, mean in MEANS[arm].values()})
    assert drawn(right, "large") == pytest.approx({size: 100 * mean for _, size, mean in MEANS[GRADUAL].values()})
    assert drawn(right, "small") == pytest.approx({11_600: 75, 19_600: 80, 116_000: 92, 196_000: 93})
    assert left.get_xlabel() == "numbers that are not zero"
    assert right.get_xlabel().startswith("bytes")
    assert left.get_ylabel() == "test accuracy (%)"
    assert "on the left against the count of numbers that are not zero, on the right against bytes" in alt
    assert "3 seeds" in alt
    assert all(arm in alt for arm in (DENSE, *FAMILIES))


def test_each_family_has_its_look_its_band_and_its_place_in_the_legend(table) -> None:
    figures.large_or_small(table)
    left, _ = panels()
    assert [t.get_text() for t in left.get_legend().get_texts()] == list(FAMILIES)
    for arm, look in FAMILIES.items():
        (line,) = [line for line in left.lines if line.get_label() == arm]
        assert (line.get_color(), line.get_linestyle(), line.get_marker()) == tuple(look.values())
        for x, mean in drawn(left, arm).items():
            assert band(left, look["color"])[x] == pytest.approx((mean - 1, mean + 1))


def test_both_panels_have_logarithmic_axes_one_height_and_the_dense_network(table) -> None:
    figures.large_or_small(table)
    left, right = panels()
    for ax in (left, right):
        assert ax.get_xscale() == "log"
        assert [97, 97] in [pytest.approx(list(line.get_ydata())) for line in ax.lines]
        assert DENSE in [text.get_text().strip() for text in ax.texts]
    assert left.get_ylim()[0] == pytest.approx(68)  # the lowest mean, 70, less 2
    assert left.get_ylim() == right.get_ylim()
    assert left.xaxis.get_major_formatter()(30_000, 0) == "30k"
    assert list(left.get_xticks()) == [5_000, 10_000, 20_000]
    assert list(right.get_xticks()) == [20_000, 50_000, 100_000, 200_000]


def test_guesses_are_stars_at_their_size_and_a_senseless_one_is_named(table) -> None:
    guess = {GRADUAL: "93 %", SMALL: None, ONE_SHOT: "good", DENSE: 97}
    _, alt = figures.large_or_small(table, guess=guess, at=3_000)
    left, right = panels()
    stars = [line for line in left.lines if line.get_marker() == "*"]
    assert [(s.get_xdata()[0], s.get_ydata()[0], s.get_label()) for s in stars] == [
        (3_000, 93.0, f"your guess: {GRADUAL}")
    ]
    assert stars[0].get_color() == FAMILIES[GRADUAL]["color"]
    assert f"your guess: {GRADUAL}" in [t.get_text() for t in left.get_legend().get_texts()]
    assert not [line for line in right.lines if line.get_marker() == "*"]
    assert f"The guess 'good' for {ONE_SHOT!r} is not drawn" in alt
    assert f"The guess 97 for {DENSE!r} is not drawn" in alt
    assert alt.count("is not drawn") == 2


def test_without_guesses_there_are_no_stars(table) -> None:
    _, alt = figures.large_or_small(table, guess={GRADUAL: None, SMALL: None}, at=3_000)
    assert not [line for line in panels()[0].lines if "guess" in str(line.get_label())]
    assert "guess" not in alt


def test_leads_are_circles_where_the_large_one_is_ahead_and_squares_where_it_is_not() -> None:
    rows = [(how, budget, lead) for how in ("fair", "unfair") for budget in (3_700, 9_000) for lead in (-1.0, 0.0, 2.0)]
    first, alt = figures.leads(pd.DataFrame(rows, columns=["how", "budget", "lead"]))
    assert [ax.get_title() for ax in first.figure.axes] == ["fair", "unfair"]
    for ax in first.figure.axes:
        points = {line.get_marker(): list(line.get_ydata()) for line in ax.lines[:2]}
        assert points == {"o": [2.0], "s": [-1.0, 0.0]}
        assert len({x for line in ax.lines[:2] for x in line.get_xdata()}) == 3  # none hides another
        assert [t.get_text() for t in ax.get_xticklabels()] == ["3.7k", "9k"]
    assert "fair: from -1.0 to 2.0" in alt


def test_the_search_shows_every_rate_of_every_arm_and_rings_the_best() -> None:
    arms, rates = [*FAMILIES, SAME_BYTES], {0.001: 0.7, 0.002: 0.9, 0.004: 0.8}
    rows = [(arm, budget, lr, val) for arm in arms for budget in (3_700, 9_000) for lr, val in rates.items()]
    first, alt = figures.searched(pd.DataFrame(rows, columns=["arm", "budget", "lr", "val"]))
    assert len(first.figure.axes) == 2
    for arm in arms:
        assert drawn(first, arm) == pytest.approx({1: 70, 2: 90, 4: 80})
    rings = [line for line in first.lines if line.get_markerfacecolor() == "none"]
    assert {(float(r.get_xdata()[0]), float(r.get_ydata()[0])) for r in rings} == {(2.0, 90.0)}
    assert len({ring.get_markersize() for ring in rings}) == len(rings) == len(arms)
    assert all(arm in alt for arm in arms)


def test_a_longer_run_stands_beside_the_short_one_at_the_best_rates(table) -> None:
    worse = table.assign(lr=0.1, val=0.1, test=0.1)
    runs = [rows.assign(pixels=196, steps=steps) for steps in (90, 900) for rows in (table, worse)]
    first, alt = figures.longer(pd.concat(runs))
    assert [ax.get_title() for ax in first.figure.axes] == ["90 steps", "900 steps"]
    for ax in first.figure.axes:
        assert drawn(ax, "large") == pytest.approx({20_000: 90, 200_000: 96})
        assert drawn(ax, "small") == pytest.approx({11_600: 75, 19_600: 80, 116_000: 92, 196_000: 93})
    assert "after 90 and 900 steps" in alt


def test_both_networks_have_as_many_blue_connections_as_their_titles_say() -> None:
    figure, alt = checked(schematics.two_networks)
    for ax in figure.axes:
        blue = [line for line in ax.lines if line.get_color() == schematics.BLUE]
        assert ax.get_title().endswith(f": {len(blue)} connections")
        assert str(len(blue)) in alt


WEIGHTS = [[0.9, -0.1], [-0.8, 0.2], [0.0, 0.3]]


def test_a_matrix_goes_through_score_and_mask_to_what_is_left() -> None:
    figure, alt = checked(schematics.score_select_mask, WEIGHTS, 0.5)
    words = [[text.get_text() for text in ax.texts if text.get_text()] for ax in figure.axes]
    assert words == [
        ["0.9", "-0.1", "-0.8", "0.2", "0.0", "0.3"],
        ["0.9", "0.1", "0.8", "0.2", "0.0", "0.3"],
        ["✓", "–", "✓", "–", "–", "✓"],
        ["0.9", "0", "-0.8", "0", "0", "0.3"],
    ]
    assert "keeps the 3 largest" in alt


def test_compressed_rows_have_values_columns_and_row_starts_and_their_bytes() -> None:
    figure, alt = checked(schematics.stored_as_csr, [[0.9, 0.0], [0.0, 0.2], [0.0, 0.0]])
    _, right = figure.axes
    words = [text.get_text() for text in right.texts]
    assert words == ["0.9", "0.2", "value", "0", "1", "its column", "0", "1", "2", "2", "where each row begins"]
    assert right.get_title() == "CSR: 8 numbers × 4 bytes = 32 bytes"
    assert "24 bytes" in alt


def test_the_weight_that_comes_back_is_drawn_step_by_step() -> None:
    ax, alt = checked(schematics.coming_back, {"gradient": [1.0, 0.0, -0.2], "weight": [1.0, 0.0, 0.0]}, 1)
    assert [list(line.get_ydata()) for line in ax.lines[:2]] == [[1.0, 0.0, -0.2], [1.0, 0.0, 0.0]]
    assert {"gradient", "weight"} <= {text.get_text() for text in ax.texts}
    assert "gradient: -0.20; weight: 0.00" in alt


def test_the_histogram_counts_the_kept_weights_on_top_of_all() -> None:
    weights = np.concatenate([np.linspace(-1, 1, 2_000), [50.0]]).reshape(3, 667)
    kept = (np.abs(weights) > 0.5) & (weights > 0)
    ax, alt = figures.weight_histogram(weights, kept)
    behind, front = ax.containers
    handles, labels = ax.get_legend_handles_labels()
    assert dict(zip(labels, [to_hex(h.get_facecolor()) for h in handles], strict=True)) == {
        "pruned": to_hex(behind[0].get_facecolor()),
        "kept": to_hex(front[0].get_facecolor()),
    }
    assert to_hex(behind[0].get_facecolor()) == "#bbbbbb"
    assert front[0].get_hatch()
    assert not behind[0].get_hatch()
    edges = np.array([bar.get_x() for bar in behind] + [behind[-1].get_x() + behind[-1].get_width()])
    limit = np.quantile(np.abs(weights), 0.999)
    assert (edges[0], edges[-1]) == pytest.approx((-limit, limit))
    inside = np.clip(weights, -limit, limit)  # what is further out counts in the bars at the ends
    assert [bar.get_height() for bar in behind] == np.histogram(inside, edges)[0].tolist()
    assert sum(bar.get_height() for bar in behind) == weights.size
    assert [bar.get_height() for bar in front] == np.histogram(inside[kept], edges)[0].tolist()
    assert sum(bar.get_height() for bar in front) == kept.sum()
    assert ax.get_yscale() == "log"
    assert ax.get_xlabel().startswith("trained weight")
    assert ax.get_ylabel() == "how many (log scale)"
    assert "2,001 trained weights" in alt
    assert f"the {kept.sum():,} kept ones are hatched" in alt
