"""The lesson's figures draw what they are given."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.colors import to_hex

from lthedu.base.course_files import course_path, lesson_numbers
from lthedu.experiments.study import DENSE, WINNING
from lthedu.lessons.what_is_a_lottery_ticket import figures


def edges(ax) -> list[tuple[str, float]]:
    """Line style and width of each drawn edge; neurons are markers."""
    return [(line.get_linestyle(), line.get_linewidth()) for line in ax.lines if line.get_marker() in ("", "None")]


def kept_edges(ax) -> list[tuple[float, str]]:
    """Width and colour of each edge that is not deleted."""
    return [(line.get_linewidth(), line.get_color()) for line in ax.lines if line.get_linestyle() == "-"]


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_as_many_edges_are_left_as_the_share_says_and_they_are_the_thickest(share: float) -> None:
    figure, alt = figures.fading_network(share)
    drawn = edges(figure.axes[0])
    left = [width for style, width in drawn if style == "-"]
    assert (len(drawn), len(left)) == (42, round(42 * share))
    assert f"{len(left)} of 42 edges are left" in alt
    if share == 0.5:
        whole = sorted((width for _, width in edges(figures.fading_network(1.0)[0].axes[0])), reverse=True)
        assert sorted(left, reverse=True) == pytest.approx(whole[:21])


def test_the_strip_trains_deletes_goes_back_and_trains_again() -> None:
    figure, _ = figures.ticket_strip()
    train, delete, back, again = ([i for i, (style, _) in enumerate(edges(ax)) if style == "-"] for ax in figure.axes)
    assert len(train) == 42
    assert delete == back == again
    assert len(delete) == 13
    kept = [kept_edges(ax) for ax in figure.axes[1:]]
    for (trained, colour), (start, same), (retrained, once_more) in zip(*kept, strict=True):
        assert start < min(trained, retrained)
        assert colour == same == once_more


def test_digits_stand_in_a_row_with_their_words() -> None:
    images = torch.rand(3, 784)
    figure, alt = figures.digit_row(images, ["seven", 2, "1 ✗"], "Three")
    (ax,) = figure.axes
    drawn = np.asarray(ax.images[0].get_array())
    assert drawn.shape == (28, 84)
    assert np.allclose(drawn[:, 28:56], images[1].reshape(28, 28))
    assert [t.get_text() for t in ax.get_xticklabels()] == ["seven", "2", "1 ✗"]
    assert ax.get_title() == "Three"
    assert alt.startswith("3 handwritten digits")
    assert "seven, 2, 1 ✗" in alt


def test_a_mask_is_shown_in_words_and_what_it_leaves_in_numbers() -> None:
    numbers, mask = torch.tensor([[0.5, -0.25], [1.0, 2.0]]), torch.tensor([[True, False], [True, True]])
    figure, alt = figures.mask_at_work(numbers, mask, torch.tensor([[0.5, 0.0], [1.0, 2.0]]))
    words = [[t.get_text() for t in ax.texts] for ax in figure.axes]
    assert words == [
        ["0.500", "-0.250", "1.000", "2.000"],
        ["keep", "delete", "keep", "keep"],
        ["0.500", "0", "1.000", "2.000"],
    ]
    assert "3 of the 4 are kept" in alt


CURVES = {"smallest first": {1.0: [0.9, 1.0], 0.5: [0.8, 0.9]}, "at random": {1.0: [0.9, 1.0], 0.5: [0.2, 0.4]}}


def test_accuracy_after_deleting_has_a_line_a_way_and_fewer_weights_to_the_right() -> None:
    figure, alt = figures.accuracy_after_deleting(CURVES, title="Seen")
    (ax,) = figure.axes
    at_random = ax.lines[1]
    assert dict(zip(at_random.get_xdata(), at_random.get_ydata(), strict=True)) == pytest.approx({0: 95, 50: 30})
    assert [text.get_text().strip() for text in ax.texts] == ["smallest first", "at random", "guessing blindly"]
    left, right = ax.get_xlim()
    assert left < right
    assert "2 networks" in alt
    assert ax.get_title() == "Seen"
    assert len({line.get_linestyle() for line in ax.lines}) == 3
    assert ax.get_legend() is None


def test_guesses_are_stars_and_a_senseless_one_is_named() -> None:
    guess = {"smallest first": "85 %", "at random": "low"}
    figure, alt = figures.accuracy_after_deleting(CURVES, guess=guess, at=0.5)
    stars = [line for line in figure.axes[0].lines if line.get_marker() == "*"]
    assert [(s.get_xdata()[0], s.get_ydata()[0]) for s in stars] == [(50.0, 85.0)]
    assert [t.get_text() for t in figure.axes[0].get_legend().get_texts()] == ["your guess: smallest first"]
    assert "The guess 'low' for 'at random' is not drawn" in alt


def test_every_arm_has_a_mark_a_network_and_a_bar_at_the_mean() -> None:
    panels = {"here": {DENSE: [0.9, 0.902], WINNING: [0.95, 0.96]}, "stored": {DENSE: [0.97, 0.98, 0.99]}}
    figure, alt = figures.accuracy_by_arm(panels, "Tickets learn")
    here, stored = figure.axes
    assert [list(line.get_ydata()) for line in here.lines] == [
        pytest.approx([90.0, 90.2]),
        pytest.approx([95.0, 96.0]),
    ]
    assert [c.get_segments()[0][0][1] for c in here.collections] == pytest.approx([90.1, 95.5])
    assert [t.get_text() for t in here.get_xticklabels()] == [DENSE, "winning\nticket"]
    assert here.get_ylim() == stored.get_ylim()  # one scale, so that distances can be compared
    assert "here: dense, winning ticket, 2 networks of each; stored: dense, 3 networks of each" in alt


def test_every_sum_is_a_point_and_the_nearest_is_named_and_coloured() -> None:
    figure, alt = figures.every_sum([0.5, -0.25], target=0.3)
    points = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert sorted(float(p.get_xdata()[0]) for p in points) == [-0.25, 0.0, 0.25, 0.5]
    (nearest,) = [float(p.get_xdata()[0]) for p in points if to_hex(p.get_color()) == "#0072b2"]
    assert nearest == 0.25
    assert "none; 0.5 − 0.25; 0.5;" in alt
    assert "the nearest is off by 0.05" in figure.axes[0].get_title()


def test_halvings_are_medians_with_a_band() -> None:
    table = pd.DataFrame(
        [(n, d, 2.0 ** -(n + d)) for n in (2, 4) for d in range(11)], columns=["numbers", "draw", "error"]
    )
    figure, alt = figures.errors_by_count({"best": table, "hasty": table})
    (ax,) = figure.axes
    assert list(ax.lines[0].get_ydata()) == pytest.approx([7.0, 9.0])
    assert ax.get_yscale() == "linear"
    assert "11 draws" in alt
    assert "best, hasty" in alt
    assert ax.collections[0].get_paths()[0].vertices[:, 1].max() == pytest.approx(13.0)  # of eleven draws the tenth


def test_the_map_has_all_twenty_lessons() -> None:
    figure, alt = figures.course_map()
    boxes = [t.get_text() for t in figure.axes[0].texts if t.get_text()[:2].isdigit()]
    assert [int(text[:2]) for text in boxes] == [*range(20)]
    assert {int(text[:2]) for text in boxes} == set(lesson_numbers().values())
    assert re.findall(r"\b\d\d\b", alt) == [f"{n:02}" for n in range(20)]


OF_THE_DISCUSSION = {
    *("SLIDE", "RigL", "SET", "sparse momentum", "Deep K-SVD", "MinkowskiEngine", "submanifold convolution"),
    *("block-sparse", "Turing-NLG", "Hessian", "Nocedal", "Hopfield", "brains", "over-parametrisation"),
    *("genetic algorithm", "annealing", "cubic schedule", "early-bird", "residual layer", "depth", "best of N"),
}


def test_every_system_of_the_discussion_is_on_the_map() -> None:
    named = [word for words in figures._LOOK_HERE_FOR.values() for word in words.split(", ")]
    assert set(named) >= OF_THE_DISCUSSION
    assert len(named) == len(set(named))


@pytest.mark.parametrize("name", sorted(set(lesson_numbers()) - {"what_is_a_lottery_ticket"}))
def test_what_to_look_for_in_a_lesson_stands_in_it_and_in_the_table_below_the_map(name: str) -> None:
    def told(notebook: Path) -> str:
        cells = nbformat.read(notebook, 4).cells
        return "\n".join(c.source for c in cells if "instructor" not in c.metadata.get("tags", ()))

    numbers, folder = lesson_numbers(), course_path("lessons")
    lesson = told(folder / f"{numbers[name]:02}_{name}.ipynb").lower()
    assert not [word for word in figures._LOOK_HERE_FOR[name].split(", ") if word.lower() not in lesson]
    row = rf"\({numbers[name]:02}_{name}\.ipynb\) \| .+\? \| {re.escape(figures._LOOK_HERE_FOR[name])} \|\n"
    assert re.search(row, told(folder / "00_what_is_a_lottery_ticket.ipynb"))


def test_what_does_not_fit_together_is_refused_in_words() -> None:
    grid = torch.zeros(2, 3)
    many = {way: {1.0: [0.5]} for way in "abcd"}
    for wrong, words in (
        (lambda: figures.fading_network(1.5), "share is 1.5; allowed"),
        (lambda: figures.digit_row(torch.zeros(2, 784), [1]), "2 images and 1 labels"),
        (lambda: figures.mask_at_work(grid, grid.T > 0, grid), r"the shapes \[\(2, 3\), \(3, 2\), \(2, 3\)\]"),
        (lambda: figures.mask_at_work(grid[0], grid[0] > 0, grid[0]), "expected three of one shape"),
        (lambda: figures.accuracy_after_deleting({}), "allowed: 1 to 3 ways"),
        (lambda: figures.accuracy_after_deleting(many), "allowed: 1 to 3 ways"),
        (lambda: figures.accuracy_after_deleting({"a": {1.0: [0.5]}, "b": {0.5: [0.5]}}), "all with the same ones"),
        (lambda: figures.accuracy_by_arm({}), "there are 0 experiments"),
        (lambda: figures.accuracy_by_arm({"here": {"third": [0.5]}}), r"unknown arms \['third'\]"),
        (lambda: figures.every_sum([0.5], 0.1), "there are 1 numbers; allowed: 2 to 4"),
        (lambda: figures.errors_by_count({}), "0 ways to choose; allowed: 1 to 3"),
    ):
        with pytest.raises(ValueError, match=words):
            wrong()
    assert plt.get_fignums() == []
