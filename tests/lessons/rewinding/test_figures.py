"""The figures draw what the table says."""

import numpy as np
import pandas as pd
import pytest
import torch
from figure_frame import checked
from matplotlib.colors import to_rgba

from lthedu import data
from lthedu.experiments.paper_results import PaperResult
from lthedu.experiments.study import DENSE, REINIT
from lthedu.lessons.rewinding import figures, published, schematics
from lthedu.lessons.rewinding.experiment import (
    ARMS,
    BY_STEP,
    CHILDREN,
    COLUMNS,
    LESSON,
    LR_REWOUND,
    MATCHED,
    REINIT_CHILDREN,
    REINIT_REVIVED,
    RESET_CHILDREN,
    REVIVED,
    REWOUND,
    TUNED,
    Rewinding,
    Settings,
)
from lthedu.lessons.rewinding.figures import NAMES, WAYS


@pytest.fixture
def table() -> pd.DataFrame:
    rows = [(DENSE, 0, 1.0, r, 0.93, np.nan) for r in (0, 1)]
    for density in (0.2, 0.05):
        for place, arm in enumerate(ARMS):
            for k in (0, 60) if arm in BY_STEP else (0,):
                rows += [(arm, k, density, r, 0.9 - 0.1 * place + 0.001 * k + 0.02 * r, np.nan) for r in (0, 1)]
    rows += [(CHILDREN, k, d, r, 0.9, 0.2 / (1 + k) + 0.01 * r) for d in (1.0, 0.05) for k in (0, 60) for r in (0, 1)]
    rows += [(REINIT_CHILDREN, 0, 0.05, r, 0.8, 0.3) for r in (0, 1)]
    rows += [(RESET_CHILDREN, 0, 0.05, r, 0.5, 0.4) for r in (0, 1)]
    return pd.DataFrame(rows, columns=COLUMNS)


def line(ax, label: str):
    (found,) = [line for line in ax.lines if line.get_label() == label]
    return [float(v) for v in found.get_xdata()], [float(v) for v in found.get_ydata()]


def test_every_way_is_a_line_over_k(table: pd.DataFrame) -> None:
    guess = {"reset": 50, "rewound to step 60": 80, TUNED: "low", MATCHED: 70, "reinitialised": 30}
    figure, alt = figures.accuracy_by_step(table, 0.05, 60, guess=guess)
    plain, repaired = figure.axes
    for ax, arms in ((plain, (REWOUND, LR_REWOUND, TUNED)), (repaired, (MATCHED, REVIVED))):
        for arm in arms:
            x, y = line(ax, NAMES.get(arm, arm))
            start = 91 - 10 * ARMS.index(arm)
            assert y == pytest.approx([start, start + 6])
            assert x == pytest.approx([0, 1], abs=0.15)
        assert line(ax, DENSE)[1][0] == pytest.approx(93)
        assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "60"]
    assert line(plain, "reinitialised")[1] == pytest.approx([91 - 10 * ARMS.index(REINIT)])
    assert line(repaired, "reinitialised, both repairs")[1] == pytest.approx([91 - 10 * ARMS.index(REINIT_REVIVED)])
    assert line(repaired, "rewound to step 60")[1] == pytest.approx([97, 97])
    assert line(plain, "your guess: reset")[1] == [50]
    assert line(plain, "your guess: reinitialised")[1] == [30]
    assert line(plain, "your guess: rewound to step 60") == ([1], [80])
    assert line(repaired, f"your guess: {MATCHED}")[1] == [70]
    assert "The guess 'low' for 'fine-tuned' is not drawn" in alt


def test_a_start_of_one_s_own_stands_beside_the_lesson_s(table: pd.DataFrame) -> None:
    figure, alt = figures.beside_yours(table, 0.05, [70.0, 90.0])
    (ax,) = figure.axes
    assert list(ax.lines[0].get_ydata()) == pytest.approx([90, 92])  # the reset's two networks
    assert list(ax.lines[-2].get_ydata()) == [70, 90]
    assert list(ax.lines[-1].get_ydata()) == [80, 80]
    assert "your own start" in alt


def test_every_density_and_arm_of_the_stored_run_is_drawn_and_where_it_was_made_is_said(table: pd.DataFrame) -> None:
    made = {"device": "a device", "torch": "2", "seconds": 7.0}
    stored = PaperResult("two seeds", True, {"steps": 6000, "seeds": (0, 1), "optimizer": {"lr": 0.03}}, made, table)
    figure, alt = figures.stored_by_density(stored)
    assert [ax.get_title().partition(" (")[0] for ax in figure.axes] == ["5 % kept", "20 % kept"]
    named = [NAMES.get(arm, arm) for arm in ARMS]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == named[::-1]
    assert "two seeds (a device, torch 2, 7 s)." in alt
    lowest = 91 - 10 * (len(ARMS) - 1)
    for ax in figure.axes:
        first, last = points(ax, MATCHED)
        assert first == pytest.approx(81)
        assert last == pytest.approx(87)
        assert ax.get_xlim()[0] == pytest.approx(lowest - 1.5)
        assert not ax.texts
    bad = table.assign(accuracy=table["accuracy"].where(table["arm"] != REINIT, 0.1))
    axes = figures.stored_by_density(PaperResult("two", True, stored.settings, made, bad))[0].axes
    assert [t.get_text() for t in axes[0].texts] == ["← 10 %"]


def points(ax, arm: str) -> list[float]:
    """The accuracies drawn of a way, by step."""
    colour = to_rgba(WAYS[arm]["color"])
    return [
        float(x)
        for line in ax.lines
        if line.get_marker() == WAYS[arm]["marker"] and to_rgba(line.get_color()) == colour
        for x in line.get_xdata()
    ]


def test_barriers_are_marks_with_a_line_through_means_none_clipped(table: pd.DataFrame) -> None:
    for figure, alt in (figures.dense_hills(table), figures.sparse_hills(table)):
        (ax,) = figure.axes
        (label,) = [label for label in ax.get_legend_handles_labels()[1] if label.endswith(", mean")]
        assert line(ax, label)[1] == pytest.approx([20.5, 0.5 + 20 / 61])
        assert ax.get_yscale() == "linear"
        assert ax.get_ylim()[0] < 0.4
        assert "0, 60" in alt
    assert line(ax, "reset")[1] == pytest.approx([40, 40])
    assert line(ax, "reinitialised, both repairs")[1] == pytest.approx([30, 30])


def test_published_lines_carry_their_protocol() -> None:
    figure, alt = checked(published.lost_by_density)
    (ax,) = figure.axes
    for one in published.PUBLISHED:
        x, y = line(ax, f"{one.name}, then {one.epochs} epochs")
        assert x == pytest.approx([100 * d for d in published.DENSITIES])
        assert y == pytest.approx([100 * (v - published.PUBLISHED_DENSE) for v in one.accuracy])
        assert f"{one.name}, then {one.epochs} epochs" in alt
    assert "pruned in one go" in alt


def test_what_a_mask_takes_is_measured(mnist) -> None:
    small = Settings(seeds=(0, 1), sizes=(196, 8, 10), densities=(0.5,), ks=(0, 2), few_ks=(0,), steps=4, batch_size=20)
    experiment = Rewinding(data.pooled(mnist.first(200, 50, 50)), small)
    experiment.train_dense()
    figure, alt = figures.what_is_lost(experiment, 0.5, 2)
    left, right = figure.axes
    first = experiment.mask(0.5)["layers.0.weight"]
    weights = experiment.networks.params["layers.0.weight"]
    share = [float((w * m).norm() / w.norm()) for w, m in zip(weights, first, strict=True)]
    assert left.patches[0].get_height() == pytest.approx(50 * sum(share), rel=1e-5)
    at_step_2 = (experiment.snapshots[2]["layers.0.weight"] * first).flatten(1).norm(dim=1)
    grown = 100 * float((at_step_2 / weights.flatten(1).norm(dim=1)).mean())
    assert line(left, "weights of step 2, the ticket's mask")[1][0] == pytest.approx(grown, rel=1e-5)
    assert "Left, bars for 2 layers" in alt
    hidden = torch.einsum("rhi,ni->rnh", weights * first, experiment.data.x_train)  # biases are zero at step 0
    dead = 100 * float((hidden.amax(1) <= 0).double().mean())
    assert line(right, "reset")[1] == pytest.approx([dead])


def test_the_drawings_say_which_weights_and_which_rate() -> None:
    figure, alt = checked(schematics.four_ways, LESSON, 150)
    assert {"random weights", "weights of step 150", "trained weights"} <= {t.get_text() for t in figure.axes[0].texts}
    assert "step 150" in alt
    figure, alt = checked(schematics.valleys)
    assert [ax.get_title() for ax in figure.axes] == [
        "They part early: a hill lies between them",
        "They part late: no hill",
    ]
    assert "the barrier" in alt


def test_ways_differ_in_colour_line_and_marker() -> None:
    for key in ("color", "linestyle", "marker"):
        assert len({str(look[key]) for look in WAYS.values()}) == len(WAYS) == 9
    assert WAYS[REINIT]["marker"] == "^"
