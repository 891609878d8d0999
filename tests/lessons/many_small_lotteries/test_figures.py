"""The figures draw what the table says."""

import pandas as pd
import pytest

from lthedu.experiments.study import RANDOM, REINIT, WINNING
from lthedu.lessons.many_small_lotteries import figures
from lthedu.lessons.many_small_lotteries.experiment import ARMS, SMALL
from lthedu.lessons.many_small_lotteries.figures import DRAWN


@pytest.fixture
def table() -> pd.DataFrame:
    rows = [
        (arm, 2, 0.06, 10, i, 0.95 - 0.02 * place + 0.001 * i, 0.94) for place, arm in enumerate(ARMS) for i in range(5)
    ]
    return pd.DataFrame(rows, columns=["arm", "level", "density", "weights", "draw", "val", "test"])


def marks(ax, arm: str):
    (line,) = [line for line in ax.lines if line.get_label() == arm]
    return line.get_xdata(), line.get_ydata()


def test_every_network_is_a_mark_in_its_arms_column(table: pd.DataFrame) -> None:
    ax, alt = figures.accuracies_by_arm(table, 2, 0.94)
    for place, arm in enumerate(ARMS):
        x, y = marks(ax, arm)
        assert sorted(y) == pytest.approx(sorted(100 * table.query("arm == @arm")["val"]))
        assert abs(x - place).max() < 0.4
        assert f"5 of {arm}" in alt
    assert 94.0 in [line.get_ydata()[0] for line in ax.lines]


def test_what_lies_below_the_axis_is_counted(table: pd.DataFrame) -> None:
    many = pd.concat([table] * 20, ignore_index=True)
    many.loc[len(many) - 1, "val"] = 0.1
    ax, _ = figures.accuracies_by_arm(many, 2, 0.94)
    assert "1 below" in [t.get_text() for t in ax.texts]


def test_guesses_are_stars_in_their_column_and_senseless_ones_are_named(table: pd.DataFrame) -> None:
    ax, alt = figures.accuracies_by_arm(table, 2, 0.94, guess={RANDOM: 91, SMALL: "high", REINIT: None, "dense": 3})
    stars = {(line.get_xdata()[0], line.get_ydata()[0]) for line in ax.lines if "guess" in line.get_label()}
    assert stars == {(ARMS.index(RANDOM), 91.0)}
    assert "The guess 'high' for 'small dense' is not drawn" in alt
    assert "The guess 3 for 'dense' is not drawn" in alt


def test_chances_stand_over_their_density_with_their_interval() -> None:
    rows = pd.DataFrame(
        [(0.5, WINNING, 1.0, 0.9, 1.0), (0.06, WINNING, 0.8, 0.7, 0.9), (0.06, RANDOM, 0.0, 0.0, 0.03)],
        columns=["density", "arm", "p", "low", "high"],
    )
    ax, alt = figures.chances_by_density(rows)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["50", "6.0"]
    bars = [segment.tolist() for collection in ax.collections for segment in collection.get_segments()]
    assert any(bar[0][1] == pytest.approx(70) and bar[1][1] == pytest.approx(90) for bar in bars)
    assert "winning ticket, random mask" in alt


def test_the_best_of_n_shows_both_accuracies_and_the_budget() -> None:
    curves = {WINNING: ([1, 2], [0.9, 0.91], [0.9, 0.905]), RANDOM: ([1, 2], [0.8, 0.82], [0.8, 0.81])}
    ax, alt = figures.best_of_draws(curves, 0.89, budget=2)
    drawn = [list(line.get_ydata()) for line in ax.lines]
    for expected in ([90, 91], [90, 90.5], [80, 82], [80, 81]):
        assert any(d == pytest.approx(expected) for d in drawn)
    assert "2 draws: the ticket's price" in [t.get_text() for t in ax.get_legend().get_texts()]
    assert "random mask" in alt


def test_throughput_is_networks_over_seconds() -> None:
    ax, alt = figures.throughput([1, 8], [0.5, 1.0], alone=0.25)
    together, alone = ax.lines
    assert list(together.get_ydata()) == [2, 8]
    assert alone.get_ydata()[0] == 4
    assert "1, 8" in alt


def test_arms_differ_in_colour_line_and_marker() -> None:
    for key in ("color", "linestyle", "marker"):
        assert len({str(look[key]) for look in DRAWN.values()}) == len(DRAWN) == 4
