"""The figures draw what the table says."""

import pandas as pd
import pytest

from lthedu.lessons.supermasks import figures
from lthedu.lessons.supermasks.experiment import ARMS, BERNOULLI, POPUP, TRAINED, WEAK


@pytest.fixture
def table() -> pd.DataFrame:
    rows = []
    for r in (0, 1):
        for i, arm in enumerate(ARMS):
            rows += [("width", arm, w, 1, 1.0, 0.9 - 0.1 * i + 0.0005 * w + 0.02 * r) for w in (16, 64)]
        for i, arm in enumerate((POPUP, WEAK)):
            rows += [("depth", arm, 64, h, 0.1, 0.9 - 0.1 * i - 0.01 * h + 0.02 * r) for h in (1, 6)]
    return pd.DataFrame(rows, columns=["axis", "arm", "width", "hidden", "lr", "accuracy"])


@pytest.fixture
def own() -> pd.DataFrame:
    rows = []
    for r in (0, 1):
        for i, arm in enumerate((TRAINED, POPUP, BERNOULLI, WEAK)):
            for steps in (5, 30):
                rows += [(arm, w, 1, steps, 100 * w, 0.95 - 0.02 * i + 0.001 * steps + 0.01 * r) for w in (16, 64)]
            rows += [(arm, 64, 6, 5, 100, 0.8 - 0.02 * i)]
    return pd.DataFrame(rows, columns=["arm", "width", "hidden", "steps", "kept", "accuracy"])


def means(ax) -> dict[str, tuple[list[float], list[float]]]:
    lines = [line for line in ax.lines if not line.get_label().startswith("_")]
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in lines}


def test_the_mask_steps_forward_and_its_gradient_does_not() -> None:
    figure, alt = figures.straight_through()
    step, line, *_ = figure.axes[0].lines
    assert set(step.get_ydata()) == {0, 1}
    x, y = line.get_xdata(), line.get_ydata()
    assert (y[-1] - y[0]) / (x[-1] - x[0]) == pytest.approx(1)
    drawn, chance = figure.axes[1].lines
    assert set(drawn.get_ydata()) == {False, True}
    assert 0 < min(chance.get_ydata()) < max(chance.get_ydata()) < 1
    assert "slope" in alt


def test_the_two_largest_scores_are_kept_before_and_after() -> None:
    inputs, weights = [1.0, 2.0, 1.0, 2.0], [1.0, -1.0, -1.0, 1.0]
    figure, alt = figures.popping_edge(inputs, weights, [0.3, 0.4, 0.1, 0.2], [0.4, 0.2, 0.0, 0.4])
    thick = [[i for i, line in enumerate(ax.lines[:4]) if line.get_linewidth() == 3] for ax in figure.axes]
    assert thick == [[0, 1], [0, 3]]
    assert [ax.texts[-1].get_text() for ax in figure.axes] == ["-1", "+3"]
    assert "1, 2, 1, 2" in alt


def test_every_arm_is_a_line_over_width(table: pd.DataFrame) -> None:
    figure, alt = figures.accuracy_by_width(table, guess={POPUP: 80, "magic": 3, TRAINED: "all"})
    whole, upper = figure.axes
    for i, arm in enumerate(ARMS):
        assert means(whole)[arm] == ([16, 64], pytest.approx([100 * (0.91 - 0.1 * i + 0.0005 * w) for w in (16, 64)]))
    assert means(upper)[POPUP] == means(whole)[POPUP]
    stars = [line for line in whole.lines if line.get_marker() == "*"]
    assert [line.get_ydata()[0] for line in stars] == [80]
    assert "The guess 'all' for 'trained weights' is not drawn" in alt
    assert [t.get_text() for t in whole.get_xticklabels()] == ["16", "64"]


def test_depths_are_drawn_at_one_rate_and_at_own_rates(table: pd.DataFrame, own: pd.DataFrame) -> None:
    figure, alt = figures.accuracy_by_depth(table.query("axis == 'depth'"), own.query("width == 64 and steps == 5"))
    left, right = figure.axes
    assert {arm: y for arm, (_, y) in means(left).items()} == {
        POPUP: pytest.approx([90, 85]),
        WEAK: pytest.approx([80, 75]),
    }
    assert list(means(right)) == [TRAINED, POPUP, WEAK, BERNOULLI]
    assert means(right)[TRAINED] == ([1, 6], pytest.approx([96, 80]))
    assert "at the rate 0.1" in alt


def test_true_and_random_labels_have_a_line_for_each_split() -> None:
    rows = [(step, r, 0.1 + 0.001 * step + 0.02 * r, 0.1) for step in (0, 500) for r in (0, 1)]
    found = pd.DataFrame(rows, columns=["step", "replicate", "train", "test"])
    figure, alt = figures.few_images(found, found.assign(train=0.2))
    left, right = figure.axes
    assert [y for _, y in means(left).values()] == [pytest.approx([11, 61]), pytest.approx([10, 10])]
    assert means(right)["training images"][1] == pytest.approx([20, 20])
    assert "chance" in alt


def test_weights_in_use_have_a_panel_for_each_length_of_training(own: pd.DataFrame) -> None:
    figure, alt = figures.weights_in_use(own)
    assert [ax.get_title() for ax in figure.axes] == ["5 steps", "30 steps"]
    for ax, steps in zip(figure.axes, (5, 30), strict=True):
        first = next(c for c in ax.containers if c.get_label() == TRAINED).lines[0]
        assert list(first.get_xdata()) == [1600, 6400]
        assert list(first.get_ydata()) == pytest.approx([95.5 + 0.1 * steps] * 2)
    assert "5 and 30 steps" in alt


def test_your_weights_are_the_first_row() -> None:
    figure, alt = figures.beside_the_lesson({"yours": [50.0, 60.0], "the lesson's": [90.0, 91.0]})
    (ax,) = figure.axes
    assert [list(line.get_xdata()) for line in ax.lines] == [[50, 60], [55, 55], [90, 91], [90.5, 90.5]]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["yours", "the lesson's"]
    assert "yours, the lesson's" in alt
