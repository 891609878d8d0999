"""The figures draw what the table says."""

import pandas as pd
import pytest

from lthedu.lessons.zeros_and_signs import figures
from lthedu.lessons.zeros_and_signs.experiment import AS_THEY_WERE, COLUMNS, CONSTANT, KEPT, PRUNED


@pytest.fixture
def table() -> pd.DataFrame:
    rows = []
    for r in (0, 1):
        for d in (0.5, 0.1):
            for i, name in enumerate(("random", "movement", "large_final")):
                rows.append(("untrained", name, AS_THEY_WERE, d, r, 0.1 + 0.2 * i + 0.02 * r))
                rows.append(("untrained", name, CONSTANT, d, r, 0.2 + 0.2 * i))
            rows += [("kept", "large_final", way, d, r, 0.9 - 0.01 * i + 0.002 * r) for i, way in enumerate(KEPT)]
            rows += [("pruned", "large_final", way, d, r, 0.9 - 0.01 * i) for i, way in enumerate(PRUNED)]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_bars_are_means_and_the_best_stands_on_top(table):
    ax, alt = figures.untrained_accuracy(table, guess={"random": 30, "movement": "much", "large_final": None})
    assert [t.get_text() for t in ax.get_yticklabels()] == ["random", "movement", "large_final"]
    widths = [round(bar.get_width(), 6) for bar in ax.patches]
    assert widths == [11, 31, 51] * 2
    stars = [line for line in ax.lines if line.get_marker() == "*"]
    assert [(s.get_xdata()[0], s.get_ydata()[0]) for s in stars] == [(30, 0)]
    assert "The guess 'much' for 'movement' is not drawn" in alt
    assert "for 3 criteria, the best on top" in alt


def test_every_seed_is_a_mark_and_the_mean_a_bar(table):
    rows = {f"{100 * d:g} %": table[table["density"] == d] for d in (0.5, 0.1)}
    ax, alt = figures.sign_kept_or_lost(rows)
    assert [t.get_text() for t in ax.get_yticklabels()] == list(KEPT)[::-1]
    marks = [line for line in ax.lines if len(line.get_ydata()) == 2 and line.get_linestyle() == "None"]
    assert {line.get_marker() for line in marks} == {"o", "^"}
    rewound = next(line for line in marks if line.get_ydata()[0] == len(KEPT) - 1)
    assert rewound.get_xdata().tolist() == pytest.approx([90, 90.2])
    assert "panels: 50 %, 10 %" in alt


def test_pruned_values_stand_by_density(table):
    ax, alt = figures.pruned_values(table)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["50 % kept", "10 % kept"]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == list(PRUNED)
    assert "at 50 and 10 percent kept" in alt
