"""The figures draw what the table says."""

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.axes import Axes

from lthedu.experiments.paper_results import PaperResult
from lthedu.experiments.study import DENSE, RANDOM, REINIT, WINNING, final
from lthedu.figures import LOOKS
from lthedu.lessons.winning_tickets import figures


@pytest.fixture
def table() -> pd.DataFrame:
    """Two seeds; the winning ticket is 1 (level 1) and 2 (level 2) points above the controls."""
    rows = []
    for seed in (0, 1):
        for level, density in ((0, 1.0), (1, 0.5), (2, 0.25)):
            for arm in (DENSE,) if level == 0 else (WINNING, REINIT, RANDOM):
                for step, split in ((5, "val"), (10, "val"), (10, "test")):
                    accuracy = 0.9 + 0.01 * seed + (0.01 * level if arm == WINNING else 0)
                    rows.append((arm, seed, level, density, step, split, 0.5, accuracy))
    return pd.DataFrame(rows, columns=["arm", "replicate", "level", "density", "step", "split", "loss", "accuracy"])


def test_accuracy_shows_the_mean_of_every_arm_and_fewer_weights_to_the_right(table: pd.DataFrame) -> None:
    ax, alt = figures.accuracy_by_density(table)
    lines = {line.get_label(): line for line in ax.lines}
    assert set(lines) == {DENSE, WINNING, REINIT, RANDOM}
    by_density = dict(zip(lines[WINNING].get_xdata(), lines[WINNING].get_ydata(), strict=True))
    assert by_density == pytest.approx({50.0: 91.5, 25.0: 92.5})
    assert list(lines[DENSE].get_ydata()) == pytest.approx([90.5, 90.5])
    left, right = ax.get_xlim()
    assert left > right
    assert "2 seeds" in alt
    assert all(arm in alt for arm in lines)


def test_a_stored_run_stands_behind_thin_and_named(table: pd.DataFrame) -> None:
    rows = [(DENSE, 1.0, 0.98), (WINNING, 0.8, 0.97), (WINNING, 0.8, 0.99), (WINNING, 0.2, 0.96)]
    stored = pd.DataFrame(rows, columns=["arm", "density", "test"])
    made = {"device": "a large GPU", "torch": "2.13.0", "seconds": 270.2}
    ax, alt = figures.accuracy_by_density(table, behind=PaperResult("The paper's", False, {}, made, stored))
    color = LOOKS[WINNING]["color"]
    (thin,) = [line for line in ax.lines if line.get_linewidth() < 1 and line.get_color() == color]
    assert dict(zip(thin.get_xdata(), thin.get_ydata(), strict=True)) == pytest.approx({80: 98.0, 20: 96.0})
    assert "The paper's (a large GPU, torch 2.13.0, 270 s; partial: the time ran out)" in alt
    assert "thin: stored run of 50,000 steps" in [line.get_label() for line in ax.lines]


def test_a_guess_is_drawn_where_it_was_made_and_none_is_not(table: pd.DataFrame) -> None:
    ax, _ = figures.accuracy_by_density(table, guess={WINNING: 95.0, RANDOM: None}, at=0.25)
    stars = [line for line in ax.lines if "guess" in line.get_label()]
    assert [(line.get_xdata()[0], line.get_ydata()[0]) for line in stars] == [(25.0, 95.0)]


def test_a_senseless_guess_is_named_and_never_stops_the_lesson(table: pd.DataFrame) -> None:
    guess = {WINNING: "95 %", REINIT: "high", RANDOM: 0.95, "dense ticket": 90}
    ax, alt = figures.accuracy_by_density(table, guess=guess, at=0.25)
    assert [line.get_ydata()[0] for line in ax.lines if "guess" in line.get_label()] == [95.0]
    for arm, value in list(guess.items())[1:]:
        assert f"The guess {value!r} for {arm!r} is not drawn" in alt


def test_the_rims_share_is_counted_by_replicate() -> None:
    mask = torch.zeros(2, 3, 784, dtype=torch.bool)
    mask[0, :, 0] = True  # a corner
    mask[1, 0, [0, 14 * 28 + 14]] = True  # a corner and the middle
    assert figures.share_on_rim({"first": mask}).tolist() == [1.0, 0.5]


def test_arms_differ_in_colour_line_and_marker() -> None:
    for key in ("color", "linestyle", "marker"):
        assert len({look[key] for look in LOOKS.values()}) == len(LOOKS)


def test_differences_are_paired_by_seed_and_in_points(table: pd.DataFrame) -> None:
    ax, _ = figures.differences(table)
    marks = [line for line in ax.lines if line.get_marker() == LOOKS[REINIT]["marker"] and len(line.get_xdata())]
    assert [sorted(m.get_ydata()) for m in marks] == [pytest.approx([1.0, 1.0]), pytest.approx([2.0, 2.0])]


def test_the_learning_curves_stand_beside_the_stored_steps(table: pd.DataFrame) -> None:
    rows = [(DENSE, 1.0, 400), (DENSE, 1.0, 600), (WINNING, 0.5, 300), (WINNING, 0.1, 100), (WINNING, 0.1, 200)]
    stored = pd.DataFrame(rows, columns=["arm", "density", "best_step"])
    (left, right), alt = figures.how_fast(table, 2, stored)
    lines = {line.get_label(): line for line in left.lines}
    assert list(lines[WINNING].get_xdata()) == [5, 10]
    assert list(lines[WINNING].get_ydata()) == pytest.approx([92.5, 92.5])
    dense, ticket = right.lines
    assert list(dense.get_ydata()) == [500, 500]
    assert dict(zip(ticket.get_xdata(), ticket.get_ydata(), strict=True)) == {10.0: 150, 50.0: 300}
    assert "25 percent" in alt


def test_every_lead_is_a_line_with_its_name_at_its_end() -> None:
    def rows(leads: dict[float, float]) -> pd.DataFrame:
        found = [
            (arm, d, 0.9 + (lead if arm == WINNING else 0)) for d, lead in leads.items() for arm in (WINNING, REINIT)
        ]
        return pd.DataFrame(found, columns=["arm", "density", "test"])

    ax, alt = figures.leads({"short": rows({0.5: 0.01, 0.1: 0.03}), "long": rows({0.5: 0.001, 0.1: 0.029})})
    assert [list(line.get_ydata()) for line in ax.lines[:2]] == [pytest.approx([3, 1]), pytest.approx([2.9, 0.1])]
    heights = {note.get_text(): note.xyann[1] for note in ax.texts}
    assert heights == {"long": pytest.approx(2.9), "short": pytest.approx(3.12)}, "labels stand apart"
    assert "short; long" in alt


def test_each_kind_of_mask_has_a_row_of_dots_with_its_mean() -> None:
    ax, _ = figures.places({"ticket": [0.95, 0.97], "random": [0.90, 0.92]}, dense=0.96)
    dots, means = ax.lines[0:4:2], ax.lines[1:4:2]
    assert [list(line.get_xdata()) for line in dots] == [pytest.approx([95, 97]), pytest.approx([90, 92])]
    assert [line.get_xdata()[0] for line in means] == pytest.approx([96, 91])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["ticket", "random"]
    top, bottom = sorted(ax.get_ylim())
    assert ax.get_ylim() == (bottom, top), "the first row is the upper one"


def test_a_shuffled_digit_has_the_same_pixels() -> None:
    image, order = torch.arange(784.0), torch.randperm(784, generator=torch.Generator().manual_seed(0))
    (digit, shuffled, looks), _ = figures.shuffled_digit(image, order, {"first": torch.ones(1, 3, 784).bool()})
    assert sorted(shuffled.images[0].get_array().ravel()) == sorted(digit.images[0].get_array().ravel())
    assert shuffled.images[0].get_array()[0, 0] == order[0]
    assert np.unique(looks.images[0].get_array()).tolist() == [3]
    assert looks.images[0].get_clim()[0] == 0, "as in the explorer, dark is no weight at all"


def test_the_loop_prunes_what_training_made_small_and_rewinds_the_rest() -> None:
    (start, trained, pruned, rewound), _ = figures.loop()
    kept = widths(rewound)
    first = {place: width for place, width in widths(trained).items() if place[0][0] == 0}  # of the first layer
    gone = [width for place, width in first.items() if place not in kept]
    assert len(gone) == len(first) // 2
    assert max(gone) < min(width for place, width in first.items() if place in kept)
    assert kept.items() <= widths(start).items()
    assert widths(pruned).items() <= widths(trained).items()
    assert set(widths(pruned)) == set(kept)


def test_each_control_shares_with_the_ticket_what_it_should() -> None:
    axes, _ = figures.four_networks()
    dense, ticket, reinit, random = map(widths, axes)
    assert ticket.items() <= dense.items()
    assert set(reinit) == set(ticket)
    assert not set(reinit.values()) & set(ticket.values())
    assert random.items() <= dense.items()
    assert set(random) != set(ticket)
    assert len(random) == len(ticket)


def widths(ax: Axes) -> dict[tuple[tuple[float, ...], ...], float]:
    """How thick each edge of a drawn network is, by its two ends."""
    lines = [line for line in ax.lines if len(line.get_xdata()) == 2]
    return {tuple(map(tuple, line.get_xydata())): line.get_linewidth() for line in lines}


def test_pixel_degrees_count_kept_weights_per_pixel() -> None:
    mask = torch.zeros(2, 3, 784, dtype=torch.bool)
    mask[0, :, 0] = True  # 3 in one replicate, none in the other
    degrees = figures.pixel_degrees({"first": mask, "second": torch.ones(2, 1, 3, dtype=torch.bool)})
    assert degrees[0, 0] == 1.5
    assert np.count_nonzero(degrees) == 1
    with pytest.raises(ValueError, match=r"\(3, 784\); expected"):
        figures.pixel_degrees({"first": mask[0]})


def test_an_unfinished_table_is_refused_in_words(table: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="no finished 'test' rows"):
        final(table[table["split"] == "val"])
