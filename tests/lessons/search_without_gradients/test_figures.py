"""The figures draw what the table says."""

import numpy as np
import pandas as pd
import pytest
import torch

from lthedu.lessons.search_without_gradients import figures
from lthedu.lessons.search_without_gradients.experiment import ANNEALING, COLUMNS, GRADIENT_GUIDED, RANDOM, SEARCHERS


@pytest.fixture
def table() -> pd.DataFrame:
    rows = [
        (name, r, cost, cost / 100, 2 - 0.1 * i - 0.001 * cost + 0.02 * r)
        for i, name in enumerate(SEARCHERS)
        for cost in (10.0, 100.0)
        for r in (0, 1)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_only_the_gradient_brings_a_number_for_each_weight() -> None:
    figure, alt = figures.what_comes_back()
    top, bottom = ([text for text in ax.texts if not text.get_text()] for ax in figure.axes)
    assert (len(top), len(bottom)) == (0, 24)
    assert "24 squares" in alt


def test_parents_and_children_of_the_schematic_keep_equally_many_and_agree() -> None:
    figure, alt = figures.crossover_strips()
    bits = [text.get_text() for text in figure.axes[0].texts if text.get_text() in ("0", "1")]
    a, b, *children = np.array(bits, int).reshape(4, 12)
    for child in children:
        assert child.sum() == a.sum() == b.sum()
        assert (child[a == b] == a[a == b]).all()
    assert "".join(map(str, children[0])) in alt


def test_the_ring_tells_the_flows_that_it_is_given() -> None:
    losses, promised = torch.tensor([0.3, 1.0, 0.1]), torch.tensor([0.3, 0.1, 0.6])
    flow = torch.tensor([[0.2, 0.01, 0.02], [0.03, 0.0, 0.04], [0.05, 0.06, 0.5]])
    figure, alt = figures.ring(losses, promised, flow)
    told = {text.get_text() for text in figure.axes[0].texts}
    assert {"1.0", "2.0", "3.0", "4.0", "5.0", "6.0"} <= told
    assert "loss 0.1\n60 %" in told
    assert "3 masks" in alt


def test_every_searcher_is_a_line_of_means(table) -> None:
    guess = {RANDOM: 1.5, "magic": None, ANNEALING: "low"}
    figure, alt = figures.best_by_budget(table, "A title", guess=guess)
    (ax,) = figure.axes
    lines = [line for line in ax.lines if len(line.get_xdata()) == 2]
    assert len(lines) == len(SEARCHERS)
    drawn = sorted(tuple(line.get_ydata().round(6)) for line in lines)
    assert drawn == sorted((2.0 - 0.1 * i, round(1.91 - 0.1 * i, 6)) for i in range(len(SEARCHERS)))
    assert {text.get_text() for text in ax.texts} >= set(SEARCHERS)
    (star,) = [line for line in ax.lines if line.get_marker() == "*"]
    assert (star.get_xdata()[0], star.get_ydata()[0]) == (100, 1.5)
    assert "The guess 'low' for 'simulated annealing' is not drawn" in alt


def test_what_a_loss_cost_is_a_mark_a_network_and_never_lies_right_of_the_line(table) -> None:
    figure, alt = figures.passes_to_reach(table, [1.45, 1.0], {ANNEALING: 0.01}, title="A title")
    left, right = figure.axes
    (edge,) = [line.get_xdata()[0] for line in left.lines if line.get_marker() == "None"]
    marks = [line for line in left.lines if line.get_marker() != "None"]
    filled, cheap = (
        {
            round(line.get_ydata().mean()): line.get_xdata()
            for line in marks
            if (line.get_markerfacecolor() == "none") == empty
        }
        for empty in (False, True)
    )
    row = {name: y for y, name in enumerate(figures.SEARCHES)}
    assert list(filled[row[GRADIENT_GUIDED]]) == [10, 10]
    assert (filled[row[RANDOM]] > edge).all()
    assert {y: list(x) for y, x in cheap.items()} == {row[ANNEALING]: [1, 1]}
    assert not [line for line in right.lines if line.get_marker() != "None" and (line.get_xdata() < edge).any()]
    assert all(len(set(line.get_ydata())) == 2 for line in marks)
    assert "losses of 1.45, 1" in alt


def test_a_panel_for_each_set_of_functions() -> None:
    figure, alt = figures.best_by_evaluations({"all": {"a": [1, 2], "b": [1, 2]}, "few": {"a": [0, 1], "b": [1, 1]}})
    assert [panel.get_title() for panel in figure.axes] == ["all", "few"]
    assert "for a, b; panels: all, few." in alt
