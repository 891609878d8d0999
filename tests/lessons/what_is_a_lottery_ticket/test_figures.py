"""The lesson's figures draw what they are given."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import torch

from lthedu.experiments.study import COLUMNS, DENSE, RANDOM, REINIT, WINNING
from lthedu.lessons.what_is_a_lottery_ticket import figures


def test_digits_stand_in_a_row_with_their_words() -> None:
    images = torch.rand(3, 784)
    ax, alt = figures.digit_row(images, ["seven", 2, "1 ✗"])
    drawn = np.asarray(ax.images[0].get_array())
    assert drawn.shape == (28, 84)
    assert np.allclose(drawn[:, 28:56], images[1].reshape(28, 28))
    assert [t.get_text() for t in ax.get_xticklabels()] == ["seven", "2", "1 ✗"]
    assert alt.startswith("3 handwritten digits")
    assert "seven, 2, 1 ✗" in alt


def test_a_mask_is_shown_in_words_and_what_it_leaves_in_numbers() -> None:
    numbers, mask = torch.tensor([[0.5, -0.25], [1.0, 2.0]]), torch.tensor([[True, False], [True, True]])
    axes, alt = figures.mask_at_work(numbers, mask, torch.tensor([[0.5, 0.0], [1.0, 2.0]]))
    words = [[t.get_text() for t in ax.texts] for ax in axes]
    assert words == [
        ["0.500", "-0.250", "1.000", "2.000"],
        ["keep", "delete", "keep", "keep"],
        ["0.500", "0", "1.000", "2.000"],
    ]
    assert "3 of the 4 are kept" in alt


CURVES = {"smallest first": {1.0: [0.9, 1.0], 0.5: [0.8, 0.9]}, "at random": {1.0: [0.9, 1.0], 0.5: [0.2, 0.4]}}


def test_accuracy_after_deleting_has_a_line_a_way_and_fewer_weights_to_the_right() -> None:
    ax, alt = figures.accuracy_after_deleting(CURVES)
    lines = {line.get_label(): line for line in ax.lines}
    assert dict(zip(lines["at random"].get_xdata(), lines["at random"].get_ydata(), strict=True)) == pytest.approx(
        {100.0: 95.0, 50.0: 30.0}
    )
    left, right = ax.get_xlim()
    assert left > right
    assert "2 networks" in alt
    assert len({line.get_linestyle() for line in ax.lines}) == 3
    assert not any("guess:" in label for label in lines)


def test_guesses_are_stars_and_a_senseless_one_is_named() -> None:
    guess = {"smallest first": "85 %", "at random": "low"}
    ax, alt = figures.accuracy_after_deleting(CURVES, guess=guess, at=0.5)
    stars = [line for line in ax.lines if line.get_marker() == "*"]
    assert [(s.get_xdata()[0], s.get_ydata()[0]) for s in stars] == [(50.0, 85.0)]
    assert "The guess 'low' for 'at random' is not drawn" in alt


def test_every_arm_has_a_mark_a_network_and_a_bar_at_the_mean() -> None:
    rows = []
    for level, density, arms in ((0, 1.0, [DENSE]), (1, 0.2, [WINNING, REINIT, RANDOM]), (2, 0.1, [WINNING])):
        for i, arm in enumerate(arms):
            rows += [(arm, seed, level, density, 10, "test", 0.9 - 0.01 * i + 0.002 * seed) for seed in (0, 1)]
    table = pd.DataFrame(rows, columns=["arm", "replicate", "level", "density", "step", "split", "accuracy"])
    ax, alt = figures.accuracy_by_arm(table, level=1)
    marks = [sorted(line.get_ydata()) for line in ax.lines]
    assert marks == [pytest.approx([m, m + 0.2]) for m in (90.0, 90.0, 89.0, 88.0)]
    bars = [c.get_segments()[0][0][1] for c in ax.collections]
    assert bars == pytest.approx([90.1, 90.1, 89.1, 88.1])
    assert [t.get_text().split("\n")[0] for t in ax.get_xticklabels()] == [DENSE, WINNING, REINIT, RANDOM]
    assert "20 percent" in alt


def test_errors_are_medians_with_a_band_on_a_logarithmic_axis() -> None:
    table = pd.DataFrame(
        [(n, d, 0.01 * d / n) for n in (2, 4) for d in range(1, 12)], columns=["numbers", "draw", "error"]
    )
    ax, alt = figures.errors_by_count({"best": table, "hasty": table})
    assert list(ax.lines[0].get_ydata()) == pytest.approx([0.03, 0.015])
    assert ax.get_yscale() == "log"
    assert "11 draws" in alt
    assert "best, hasty" in alt
    band = ax.collections[0].get_paths()[0].vertices
    assert band[:, 1].max() == pytest.approx(0.05)  # nine tenths of the draws are below


def test_what_does_not_fit_together_is_refused_in_words() -> None:
    grid = torch.zeros(2, 3)
    rows = [(arm, 0, level, 0.5, 9, "test", 0.1, 0.9) for arm, level in ((DENSE, 0), (WINNING, 1))]
    study = pd.DataFrame(rows, columns=COLUMNS)
    many = {way: {1.0: [0.5]} for way in "abcd"}
    for wrong, words in (
        (lambda: figures.digit_row(torch.zeros(2, 784), [1]), "2 images and 1 labels"),
        (lambda: figures.mask_at_work(grid, grid.T > 0, grid), r"the shapes \[\(2, 3\), \(3, 2\), \(2, 3\)\]"),
        (lambda: figures.mask_at_work(grid[0], grid[0] > 0, grid[0]), "expected three of one shape"),
        (lambda: figures.accuracy_after_deleting({}), "allowed: 1 to 3 ways"),
        (lambda: figures.accuracy_after_deleting(many), "allowed: 1 to 3 ways"),
        (lambda: figures.accuracy_after_deleting({"a": {1.0: [0.5]}, "b": {0.5: [0.5]}}), "all with the same ones"),
        (lambda: figures.accuracy_by_arm(study, level=2), r"level is 2; .*at the levels \[1\]"),
        (lambda: figures.errors_by_count({}), "0 ways to choose; allowed: 1 to 3"),
    ):
        with pytest.raises(ValueError, match=words):
            wrong()
    assert plt.get_fignums() == []
