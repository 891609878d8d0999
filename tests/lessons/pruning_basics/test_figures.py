"""The lesson's figures draw what they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex

from lthedu.lessons.pruning_basics import figures
from lthedu.lessons.pruning_basics.experiment import BOTTLENECK, DENSE, GRADUAL, ONE_SHOT, SAME_BYTES, SMALL
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
    rows = [
        (seed, step, split, 0.5, {"val": 0.8, "test": 0.3}[split] + 0.05 * (2 * seed - 1) - step / 1000)
        for seed in (0, 1)
        for step, splits in ((20, ["val"]), (40, ["val"]), (60, ["val", "test"]))
        for split in splits
    ]
    history = pd.DataFrame(rows, columns=["replicate", "step", "split", "loss", "accuracy"])
    bottom, alt = figures.pruning_run(history, {10: 1.0, 30: 0.25, 50: 0.02})
    top = bottom.figure.axes[0]
    (density,) = top.lines
    assert density.get_drawstyle() == "steps-post"  # each density holds from its step on, the last to the end
    assert list(density.get_xdata()) == [10, 30, 50, 60]
    assert list(density.get_ydata()) == pytest.approx([100, 25, 2, 2])
    assert top.get_ylim() == (0, 105)
    assert top.get_ylabel() == "weights\nkept (%)"
    accuracy, *cuts = bottom.lines
    assert list(accuracy.get_xdata()) == [20, 40, 60]
    assert list(accuracy.get_ydata()) == pytest.approx([78, 76, 74])
    sd = 5 * 2**0.5  # of two values 10 points apart
    assert band(bottom, accuracy.get_color())[40.0] == pytest.approx((76 - sd, 76 + sd))
    assert [list(line.get_xdata()) for line in cuts] == [[30, 30], [50, 50]]
    assert bottom.get_ylabel() == "validation accuracy (%)"
    assert bottom.get_xlabel().startswith("training step")
    assert bottom.get_shared_x_axes().joined(top, bottom)
    assert "from 100 to 2.0" in alt


MEANS = {  # nonzeros, bytes, mean test accuracy, by family and budget
    GRADUAL: {3_000: (3_000, 20_000, 0.90), 30_000: (30_000, 200_000, 0.96)},
    ONE_SHOT: {3_000: (3_000, 21_000, 0.85), 30_000: (30_000, 210_000, 0.94)},
    SMALL: {3_000: (2_900, 11_600, 0.75), 30_000: (29_000, 116_000, 0.92)},
    BOTTLENECK: {3_000: (2_800, 11_200, 0.70), 30_000: (28_000, 112_000, 0.91)},
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
    for arm in (GRADUAL, ONE_SHOT, SMALL, BOTTLENECK):
        assert drawn(left, arm) == pytest.approx({count: 100 * mean for count, _, mean in MEANS[arm].values()})
    for arm in (GRADUAL, ONE_SHOT):
        assert drawn(right, arm) == pytest.approx({size: 100 * mean for _, size, mean in MEANS[arm].values()})
    assert drawn(right, SMALL) == pytest.approx({11_600: 75, 19_600: 80, 116_000: 92, 196_000: 93})
    assert left.get_xlabel() == "numbers that are not zero"
    assert right.get_xlabel().startswith("bytes")
    assert left.get_ylabel() == "test accuracy (%)"
    assert "on the left against the count of numbers that are not zero, on the right against bytes" in alt
    assert "3 seeds" in alt
    assert all(arm in alt for arm in (DENSE, *FAMILIES))


def test_each_family_has_its_look_its_band_and_its_place_in_the_legend(table) -> None:
    figures.large_or_small(table)
    left, right = panels()
    for ax, families in ((left, list(FAMILIES)), (right, [GRADUAL, ONE_SHOT, SMALL])):
        assert [t.get_text() for t in ax.get_legend().get_texts()] == [*families, DENSE]
        for arm in families:
            (line,) = [line for line in ax.lines if line.get_label() == arm]
            assert (line.get_color(), line.get_linestyle(), line.get_marker()) == tuple(FAMILIES[arm].values())
            for x, mean in drawn(ax, arm).items():
                assert band(ax, FAMILIES[arm]["color"])[x] == pytest.approx((mean - 1, mean + 1))


def test_both_panels_have_logarithmic_axes_one_height_and_the_dense_network(table) -> None:
    figures.large_or_small(table)
    left, right = panels()
    for ax in (left, right):
        assert ax.get_xscale() == "log"
        (dense,) = [line for line in ax.lines if line.get_label() == DENSE]
        assert list(dense.get_ydata()) == pytest.approx([97, 97])
        assert ax.get_ylim()[0] == pytest.approx(67)  # the lowest mean, 70, less 3
        assert ax.get_ylim()[1] >= 97
    assert left.get_ylim() == right.get_ylim()
    assert left.xaxis.get_major_formatter()(30_000, 0) == "30k"
    for ax, ticks in ((left, [3_000, 10_000, 30_000]), (right, [10_000, 30_000, 100_000, 300_000])):
        assert list(ax.get_xticks()) == ticks


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
