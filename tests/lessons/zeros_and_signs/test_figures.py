"""The figures draw what the table says."""

import numpy as np
import pandas as pd
import pytest

from lthedu import data
from lthedu.lessons.zeros_and_signs import figures
from lthedu.lessons.zeros_and_signs.experiment import COLUMNS, Deconstruction, Settings
from lthedu.lessons.zeros_and_signs.ways import AS_THEY_WERE, CONSTANT, KEPT, PRUNED, TICKET, signal


@pytest.fixture
def table() -> pd.DataFrame:
    rows = []
    for r in (0, 1):
        for d in (0.5, 0.1):
            for i, name in enumerate(("large_final", "movement", "random", "other")):
                rows.append(("untrained", name, AS_THEY_WERE, d, r, 0.7 - 0.2 * i + 0.02 * r))
                rows.append(("untrained", name, CONSTANT, d, r, 0.8 - 0.2 * i))
        rows += [("kept", "large_final", way, 0.1, r, 0.9 - 0.01 * i + 0.002 * r) for i, way in enumerate(KEPT)]
        rows += [("pruned", "large_final", way, 0.1, r, 0.9 - 0.01 * i) for i, way in enumerate(PRUNED)]
    return pd.DataFrame(rows, columns=COLUMNS)


def marks(ax) -> list[list[float]]:
    """What stands in each row of marks, from the top."""
    rows = [line for line in ax.lines if line.get_linestyle() == "None" and len(line.get_xdata()) == 2]
    return [[round(float(x), 6) for x in line.get_xdata()] for line in rows]


def test_the_regions_are_those_of_the_criteria() -> None:
    figure, alt = figures.plane([(1.0, -3.0), (2.0, 1.0), (-0.5, -2.0), (0.5, 0.6)])
    blue = {}
    for ax in figure.axes:
        grid = ax.collections[0].get_array().reshape(301, 301)
        places = [(round((f + 3.5) / 7 * 300), round((i + 3.5) / 7 * 300)) for i, f in ((1, -3), (2, 1), (-0.5, -2))]
        blue[ax.get_title()] = [bool(grid[place]) for place in places]
    assert blue == {
        "large_final": [True, False, True],
        "magnitude_increase": [True, False, True],
        "movement": [True, False, True],
        "large_final_same_sign": [False, False, True],
    }
    assert "A to D" in alt


def test_the_schematic_of_starts_has_one_norm_in_every_chart() -> None:
    figure, alt = figures.signs_and_sizes()
    drawn = [ax for ax in figure.axes if ax.patches]
    norms = [np.linalg.norm([bar.get_height() for bar in ax.patches[5:]]) for ax in drawn]
    assert norms == pytest.approx([norms[0]] * 7)
    ticket, reshuffled = ([abs(bar.get_height()) for bar in ax.patches[:5]] for ax in drawn[:2])
    assert sorted(ticket) == sorted(reshuffled) != ticket
    for column in (1, 2, 3):
        upper, lower = ([bar.get_height() for bar in drawn[column + 3 * row].patches[:5]] for row in (0, 1))
        assert np.abs(upper) == pytest.approx(np.abs(lower))
        assert sum(a * b < 0 for a, b in zip(upper, lower, strict=True)) == 3
    assert "the ticket itself" in alt


def test_every_criterion_is_a_row_of_marks(table: pd.DataFrame) -> None:
    guess = {"random": 30, "movement": "much", "large_final": None}
    figure, alt = figures.untrained_accuracy(table, ["large_final", "movement", "random", "other"], 0.5, guess=guess)
    (ax,) = figure.axes
    assert marks(ax) == [[70, 72], [50, 52], [30, 32], [10, 12]]
    diamonds = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D" and len(line.get_xdata()) == 1]
    assert diamonds == pytest.approx([80, 60, 40, 20])
    stars = [line for line in ax.lines if line.get_marker() == "*"]
    assert [(s.get_xdata()[0], s.get_ydata()[0]) for s in stars] == [(30, 2)]
    assert "The guess 'much' for 'movement' is not drawn" in alt


def test_sign_by_scale_has_a_line_for_each_sign_and_size(table: pd.DataFrame) -> None:
    figure, alt = figures.sign_by_scale({"one": table, "two": table})
    left, _ = figure.axes
    lines = {line.get_label(): line.get_ydata() for line in left.lines if line.get_label()[0] != "_"}
    place = {way: i for i, way in enumerate(KEPT)}
    for words, kind in (("drawn sizes", "reinitialised"), ("one size a layer", "constant")):
        for whose, sign in (("own", "kept"), ("other", "lost")):
            names = (f"{kind}, sign {sign}", f"{kind}, sign {sign}, norm restored")
            assert lines[f"{whose} signs, {words}"] == pytest.approx([90.1 - place[name] for name in names])
    assert "one; two" in alt


def test_what_is_behind_the_ticket_is_paired(table: pd.DataFrame) -> None:
    uneven = table.copy()
    later = (uneven["stage"] == "kept") & (uneven["replicate"] == 1)
    uneven.loc[later, "accuracy"] -= 0.3  # the same for the ticket of that seed
    figure, alt = figures.behind_the_ticket({"one": uneven}, "A title")
    place = {way: i for i, way in enumerate(KEPT)}
    assert marks(figure.axes[0]) == [[-place[way]] * 2 for way in figures.RIGHT_NORM]
    assert place[TICKET] == 0
    assert "random mask, initial values" in alt


def test_pruned_values_are_rows_of_marks(table: pd.DataFrame) -> None:
    figure, alt = figures.pruned_values(table, 0.1)
    assert marks(figure.axes[0]) == [[90 - i] * 2 for i in range(len(PRUNED))]
    assert "with 10 percent" in alt


def test_the_signal_is_measured(mnist) -> None:
    small = Settings(seeds=(0, 1), sizes=(196, 8, 8, 10), retrained=(0.5,), steps=4, batch_size=20)
    experiment = Deconstruction(data.pooled(mnist.first(100, 50, 50)), small)
    experiment.train_dense()
    way = "constant, sign lost"
    figure, alt = figures.signal(experiment, 0.5, [way])
    images = experiment.data.x_train[:1000]
    share = signal(experiment.start(way, 0.5), images) / signal(experiment.start(TICKET, 0.5), images)
    line, *_ = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 3]  # then the ends of its bars
    assert list(line.get_ydata()) == pytest.approx((100 * share).mean(0).tolist(), rel=1e-5)
    assert "each of 3 layers" in alt
