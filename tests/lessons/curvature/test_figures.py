"""The lesson's figures draw what they are given."""

import pandas as pd
import pytest
from figure_frame import checked

from lthedu.lessons.curvature import figures, schematics
from lthedu.lessons.curvature.experiment import ARMS, BULK, DOMINANT, MASKS, SGD, START


@pytest.mark.parametrize(
    "draw",
    [schematics.two_walks, schematics.damage_or_surgery, schematics.last_layer_starves],
    ids=lambda f: f.__name__,
)
def test_schematics_are_drawn(draw) -> None:
    checked(draw)


def test_the_deleted_weight_is_zero_at_both_ends_and_the_moved_end_is_lower() -> None:
    cut, moved = schematics.ends()
    rise = [float((e - schematics.MINIMUM) @ schematics.HESSIAN @ (e - schematics.MINIMUM)) for e in (cut, moved)]
    assert cut[0] == moved[0] == 0
    assert rise[1] < rise[0]


def test_shares_are_drawn_in_percent_from_the_start_on_with_the_guesses() -> None:
    rows = [(START, 0, r, 2.0, 0.4) for r in (0, 1)]
    rows += [(arm, 10, r, 1.0, 0.1 * (i + r)) for i, arm in enumerate(ARMS) for r in (0, 1)]
    table = pd.DataFrame(rows, columns=["arm", "step", "replicate", "loss", "share"])
    figure, alt = figures.shares(table, guess={ARMS[0]: "70 %", ARMS[1]: "none"})
    left, right = figure.axes
    lines = {line.get_label(): line for line in left.lines}
    assert list(lines[ARMS[1]].get_ydata()) == pytest.approx([40, 15])
    star = lines[f"your guess: {ARMS[0]}"]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (10, 70)
    assert f"The guess 'none' for '{ARMS[1]}' is not drawn" in alt
    assert right.get_yscale() == "log"


def test_every_network_has_a_mark_for_each_way_and_rate() -> None:
    rows = [(way, lr, r, 1.0, 0.5 + r) for way in (SGD, DOMINANT, BULK) for lr in (0.1, 0.2) for r in (0, 1)]
    figure, _ = figures.three_ways(pd.DataFrame(rows, columns=["way", "lr", "replicate", "before", "loss"]))
    (ax,) = figure.axes
    marks = [line for line in ax.lines if len(line.get_ydata()) == 2 and line.get_marker() != "None"]
    assert len(marks) == 6
    assert all(sorted(line.get_ydata()) == [0.5, 1.5] for line in marks)


def test_masks_and_rises_have_a_line_each() -> None:
    rows = [(arm, d, r, 0.5 * d + 0.1 * r) for arm in MASKS for d in (0.1, 0.5) for r in (0, 1)]
    figure, _ = figures.on_masks(pd.DataFrame(rows, columns=["arm", "density", "replicate", "share"]))
    assert len(figure.axes[0].containers) == 3
    table = pd.DataFrame(
        [(a, d, 0, d) for a in "ab" for d in (0.1, 0.5)], columns=["arm", "density", "replicate", "rise"]
    )
    figure, alt = figures.by_density(table, "A title")
    assert [list(line.get_ydata()) for line in figure.axes[0].lines] == [[0.1, 0.5]] * 2
    assert alt.endswith("a, b.")


def test_rises_stand_in_a_row_an_arm_as_cut_and_trained_on() -> None:
    rows = [(a, d, w, r, d + r) for a in "ab" for d in (0.2, 0.1) for w in ("cut", "trained on") for r in (0, 1)]
    table = pd.DataFrame(rows, columns=["arm", "density", "when", "replicate", "rise"])
    figure, alt = checked(figures.cut_and_trained_on, table, ["a", "b"])
    left, right = figure.axes
    marks = [sorted(line.get_xdata()) for line in right.lines if line.get_marker() != "None"]
    assert marks == [[0.2, 1.2], [0.2, 1.2], [0.1, 1.1], [0.1, 1.1]]
    assert (left.get_title(), right.get_title()) == ("as cut", "trained on")
    assert "a, b" in alt


def test_accuracies_stand_in_groups_in_percent() -> None:
    rows = [(m, a, r, 0.9 + 0.01 * r) for m in "xy" for a in ("found", "mixed") for r in (0, 1)]
    table = pd.DataFrame(rows, columns=["method", "arm", "replicate", "accuracy"])
    figure, alt = figures.fair_and_unfair(table, ["found", "mixed"], ["x", "y"])
    (ax,) = figure.axes
    assert [label.get_text() for label in ax.get_xticklabels()] == ["x", "y"]
    assert sorted(ax.lines[0].get_ydata()) == pytest.approx([90, 91])
    assert "found, mixed" in alt


def test_copies_of_an_eigenvalue_are_drawn_apart() -> None:
    figure, _ = figures.ghosts([2.0, 1.0], {"one": [2.0, 2.0, 1.0]})
    exact, one = figure.axes[0].lines
    assert list(exact.get_xdata()) == [2, 1]
    first, second, _ = one.get_ydata()
    assert first != second
    with pytest.raises(ValueError, match="allowed: up to 7"):
        figures.by_density(
            pd.DataFrame([(str(i), 0.1, 0, 1.0) for i in range(8)], columns=["arm", "density", "replicate", "rise"]),
            "t",
        )


def test_the_emptiest_layer_is_that_of_the_worst_network_and_orange_where_it_is_empty() -> None:
    rows = [("a", 0.1, 3), ("a", 0.1, 0), ("a", 0.5, 9), ("b", 0.1, 4), ("b", 0.5, 7)]
    figure, alt = figures.emptiest_layer(pd.DataFrame(rows, columns=["method", "density", "fewest"]))
    (ax,) = figure.axes
    assert [text.get_text() for text in ax.texts] == ["9", "0", "7", "4"]
    assert ax.images[0].get_array().astype(int).tolist() == [[0, 1], [0, 0]]
    assert alt.endswith("a, b.")


def test_the_rise_of_the_loss_stands_as_cut_beside_trained_on() -> None:
    rows = [
        (a, d, w, r, 0.1 * (r + 1)) for a in "ab" for d in (0.2, 0.1) for w in ("cut", "trained on") for r in (0, 1)
    ]
    table = pd.DataFrame(rows, columns=["arm", "density", "when", "replicate", "rise"])
    figure, alt = figures.cut_and_trained_on(table, ["a", "b"])
    assert len(figure.axes) == 2
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["a", "b"]
    for ax in figure.axes:
        assert list(ax.lines[0].get_xdata()) == pytest.approx([0.1, 0.2])
        assert list(ax.lines[1].get_xdata()) == pytest.approx([0.15, 0.15])
    assert "a, b" in alt
