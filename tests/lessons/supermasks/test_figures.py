"""The figures draw what the table says."""

import pandas as pd
import pytest

from lthedu.experiments.paper_results import PaperResult
from lthedu.lessons.supermasks import figures
from lthedu.lessons.supermasks.experiment import ARMS, COLUMNS, POPUP, TRAINED


@pytest.fixture
def table() -> pd.DataFrame:
    rows = []
    for r in (0, 1):
        for i, arm in enumerate(ARMS):
            for width in (16, 64):
                density = 1.0 if arm == TRAINED else 0.5
                rows.append(
                    (arm, width, density, density * 206 * width, r, 0.9 - 0.1 * i + 0.001 * width + 0.02 * r, 0)
                )
        rows.append((POPUP, 64, 0.1, 1318, r, 0.5, 0))
    return pd.DataFrame(rows, columns=COLUMNS)


def means(ax, label):
    (found,) = [c for c in ax.containers if c.get_label() == label]
    return [float(v) for v in found.lines[0].get_xdata()], [float(v) for v in found.lines[0].get_ydata()]


def test_every_arm_is_a_line_over_width(table):
    ax, alt = figures.accuracy_by_width(table, guess={POPUP: 80, "magic": 3, TRAINED: "all"})
    for i, arm in enumerate(ARMS):
        assert means(ax, arm) == ([16, 64], pytest.approx([100 * (0.91 - 0.1 * i + 0.001 * w) for w in (16, 64)]))
    assert "The guess 'all' for 'trained weights' is not drawn" in alt
    assert [t.get_text() for t in ax.get_xticklabels()] == ["16", "64"]


def test_densities_left_and_weights_in_use_right(table):
    left, alt = figures.accuracy_by_kept(table)
    right = left.figure.axes[1]
    assert [float(v) for v in left.containers[0].lines[0].get_xdata()] == [10, 50]
    assert means(right, TRAINED)[0] == [206 * 16, 206 * 64]
    assert means(right, POPUP)[0] == [103 * 16, 103 * 64]
    assert "with 64 hidden units" in alt


def test_the_stored_convolutions_are_marks_and_say_where_they_come_from():
    rows = [
        (arm, f"Conv-{d}", r, 0.5, 0.5 + 0.1 * r) for arm in ("edge-popup", "trained") for d in (2, 4) for r in (0, 1)
    ]
    stored = PaperResult(
        "some networks",
        False,
        {},
        {"device": "a device", "torch": "2", "seconds": 7.0},
        pd.DataFrame(rows, columns=["arm", "network", "replicate", "density", "accuracy"]),
    )
    ax, alt = figures.conv_supermasks(stored)
    assert [line.get_label() for line in ax.lines] == ["edge-popup", "trained"]
    assert "Conv-4, trained: 55.0" in alt
    assert "some networks (a device, torch 2, 7 s; partial: the time ran out)" in alt
