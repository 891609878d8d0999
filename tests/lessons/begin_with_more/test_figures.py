"""The lesson's figures draw what they are given."""

import pandas as pd
import pytest
from figure_frame import checked

from lthedu.lessons.begin_with_more import figures, memory, schematics, widths
from lthedu.lessons.begin_with_more.plans import PLANS, RIGL, STATIC


def test_marks_stand_at_their_cost_and_guesses_are_stars() -> None:
    rows = [
        (arm, s, s / 10, a + 0.01 * r, r) for arm, a in ((STATIC, 0.5), (RIGL, 0.6)) for s in (10, 40) for r in (0, 1)
    ]
    own = pd.DataFrame(rows, columns=["arm", "steps", "integral", "accuracy", "replicate"])
    figure, words = checked(figures.by_integral, own, [STATIC, RIGL], "both", {STATIC: 70, RIGL: "high"})
    (ax,) = figure.axes
    lines = {container.get_label(): container[0] for container in ax.containers}
    assert list(lines[RIGL].get_xdata()) == [1, 4]
    assert list(lines[RIGL].get_ydata()) == pytest.approx([60.5, 60.5])
    (star,) = (line for line in ax.lines if line.get_marker() == "*")
    assert list(star.get_ydata()) == [70]
    assert "'high' for 'RigL' is not drawn" in words


def test_recall_is_drawn_as_the_mean_over_seeds() -> None:
    table = pd.DataFrame(
        [("strongest", 4, 0, 1.0), ("strongest", 4, 1, 0.8)], columns=["arm", "patterns", "seed", "overlap"]
    )
    figure, _ = checked(figures.recall_by_patterns, table, 0.1)
    assert list(figure.axes[0].containers[0][0].get_ydata()) == pytest.approx([0.9])
    assert set(figures.MEMORY_LOOKS) == set(memory.ARMS)


def test_widths_are_on_the_axis_and_dense_networks_are_level_lines() -> None:
    rows = [(f"from {w} units", "ticket", w, 0.9, r) for w in (16, 32) for r in (0, 1)]
    rows += [("dense", "dense", 5, 0.8, 0), ("short", "ticket", 64, 0.1, 0)]
    own = pd.DataFrame(rows, columns=["study", "arm", "width", "accuracy", "replicate"])
    figure, _ = checked(figures.by_width, own)
    for ax in figure.axes:
        assert list(ax.containers[0][0].get_xdata()) == [16, 32]
        assert [text.get_text() for text in ax.get_xticklabels()] == ["16", "32"]
    assert "dense, 5 units" in [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert {*widths.FROM_TICKET, *widths.SMALL} == set(figures.WIDTH_LOOKS)


def test_paths_and_weights_have_a_line_each() -> None:
    figure, _ = checked(figures.growth_of_paths, {1: (4, 4), 2: (8, 16)})
    assert [list(line.get_ydata()) for line in figure.axes[0].lines] == [[4, 8], [4, 16]]


@pytest.mark.parametrize("draw", [f for f in vars(schematics).values() if getattr(f, "schematic", False)])
def test_schematics_are_drawn_and_described(draw) -> None:
    checked(draw)


def test_every_plan_has_a_look_of_its_own() -> None:
    assert set(figures.LOOKS) == set(PLANS)
    assert len({tuple(look.values()) for look in figures.LOOKS.values()}) == len(PLANS)


def test_a_guess_stands_at_its_own_plans_cost() -> None:
    rows = [(arm, 500, cost, 0.9 + 0.01 * r) for arm, cost in (("RigL", 21), ("grow, then prune", 34)) for r in (0, 1)]
    own = pd.DataFrame(rows, columns=["arm", "steps", "integral", "accuracy"])
    arms = ["RigL", "grow, then prune"]
    figure, _ = checked(figures.by_integral, own, arms, "Plans", {"grow, then prune": 92, "two peaks": 90})
    (star,) = [line for line in figure.axes[0].lines if line.get_marker() == "*"]
    assert (list(star.get_xdata()), list(star.get_ydata())) == ([34], [92])
