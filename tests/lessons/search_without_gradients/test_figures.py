"""The figures draw what the table says."""

import pandas as pd
import pytest

from lthedu.lessons.search_without_gradients import figures
from lthedu.lessons.search_without_gradients.experiment import COLUMNS, RANDOM, SEARCHERS


@pytest.fixture
def table() -> pd.DataFrame:
    rows = [
        (name, r, cost, cost / 100, 2 - 0.1 * i - 0.001 * cost + 0.02 * r)
        for i, name in enumerate(SEARCHERS)
        for cost in (10.0, 100.0)
        for r in (0, 1)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_every_searcher_is_a_line_of_means(table):
    ax, alt = figures.best_by_budget(table, guess={RANDOM: 1.5, "magic": None, SEARCHERS[1]: "low"})
    for i, name in enumerate(SEARCHERS):
        (line,) = [found for found in ax.lines if found.get_label() == name]
        assert line.get_xdata().tolist() == [10, 100]
        assert line.get_ydata().tolist() == pytest.approx([2 - 0.1 * i, 1.91 - 0.1 * i])
    assert "The guess 'low' for 'genetic algorithm' is not drawn" in alt
    assert [line.get_label() for line in ax.lines][-1] == f"your guess: {RANDOM}"


def test_seconds_are_drawn_when_asked_for(table):
    ax, alt = figures.best_by_budget(table, "seconds")
    assert ax.lines[0].get_xdata().tolist() == [0.1, 1]
    assert "against seconds" in alt
    with pytest.raises(ValueError, match="column is 'steps'; allowed: cost, seconds"):
        figures.best_by_budget(table, "steps")


def test_a_panel_for_each_set_of_functions():
    ax, alt = figures.best_by_evaluations({"all": {"a": [1, 2], "b": [1, 2]}, "few": {"a": [0, 1], "b": [1, 1]}})
    assert [panel.get_title() for panel in ax.figure.axes] == ["all", "few"]
    assert "for a, b; panels: all, few." in alt


def test_seconds_that_a_table_lacks_are_refused_by_name(table) -> None:
    with pytest.raises(ValueError, match="column is 'seconds', which the table lacks; allowed here: cost"):
        figures.best_by_budget(table.drop(columns="seconds"), "seconds")
