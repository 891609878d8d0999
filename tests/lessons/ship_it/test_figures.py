"""The lesson's figures draw what they are given."""

import pandas as pd
import pytest
import torch
from figure_frame import checked

from lthedu.lessons.ship_it import figures, schematics
from lthedu.lessons.ship_it.experiment import BOTH, LEVELS, PRUNED, SMALL
from lthedu.lessons.ship_it.middle import ARMS, EARLY
from lthedu.pruning import keep_largest
from lthedu.sparsity import format_bytes


def ways(accuracy: float = 0.9) -> pd.DataFrame:
    rows = []
    for arm in ("dense", LEVELS, PRUNED, BOTH, SMALL):
        for pixels in (784, 196):
            for kilobytes in (20, 80):
                for replicate in range(2):
                    rows.append(
                        {"arm": arm, "bits": 4, "density": kilobytes / 100, "width": kilobytes, "pixels": pixels,
                         "replicate": replicate, "bytes": 1000 * kilobytes, "accuracy": accuracy + 0.01 * replicate}
                    )  # fmt: skip
    return pd.DataFrame(rows)


def test_lines_of_accuracy_are_means_over_networks_with_guesses_as_stars() -> None:
    panels = {"before": ways(), "after": ways(0.95)}
    figure, words = figures.accuracy_by_bytes(panels, {"pruned": 94, "few bits": 60, "both": "much", "nobody": 3})
    left, right = figure.axes
    lines = {c.get_label(): c[0] for c in right.containers}
    assert set(lines) == {LEVELS, PRUNED, BOTH, SMALL, f"{BOTH}, 196 pixels", f"{SMALL}, 196 pixels"}
    assert list(lines[PRUNED].get_xdata()) == [20, 80]
    assert list(lines[PRUNED].get_ydata()) == pytest.approx([95.5, 95.5])
    stars = [[line for line in ax.lines if line.get_marker() == "*"] for ax in (left, right)]
    assert [len(s) for s in stars] == [2, 0]
    assert (stars[0][0].get_xdata()[0], stars[0][0].get_ydata()[0]) == (60, 94)
    assert 0 < stars[0][1].get_ydata()[0] - figures.LOWEST < 1  # below the figure: at its edge, with its number
    assert any(text.get_text().endswith(": 60") for text in left.get_legend().get_texts())
    assert "before, after" in words


def test_lines_of_bytes_are_those_of_the_formats() -> None:
    weight = torch.randn(20, 30, generator=torch.Generator().manual_seed(0))
    shares = (1.0, 0.5, 0.1)
    rows = [
        {"density": d, **format_bytes(torch.where(keep_largest(weight.abs(), d), weight, torch.zeros(())))}
        for d in shares
    ]
    figure, _ = figures.bytes_by_format(pd.DataFrame(rows))
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert set(lines) == set(figures.FORMATS)
    assert list(lines["bit mask"].get_ydata()) == pytest.approx([(4 * 600 * d + 75) / 1000 for d in shares])


def test_bars_are_medians_of_times_over_dense() -> None:
    rows = [
        {"arm": arm, "batch": batch, "replicate": i, "times": times}
        for arm, times in (("dense", 1.0), ("90 % zeros", 1.0), ("small dense", 4.0), ("small dense, int8", 8.0))
        for batch in (1, 256)
        for i in range(3)
    ]
    figure, words = figures.times_of_files(pd.DataFrame(rows))
    one, many = figure.axes
    assert [bar.get_x() + bar.get_width() for bar in many.patches] == [8.0, 4.0, 1.0]
    assert one.get_title() == "1 image at once"
    assert "small dense" in words


@pytest.mark.parametrize("draw", [f for f in vars(schematics).values() if getattr(f, "schematic", False)])
def test_schematics_are_drawn_and_described(draw) -> None:
    checked(draw)


def test_every_arm_in_the_middle_has_a_ring_a_network_and_its_mean() -> None:
    rows = [{"arm": arm, "replicate": i, "accuracy": 0.9 + 0.01 * i} for arm in ARMS for i in range(3)]
    figure, _ = checked(figures.at_equal_cost, pd.DataFrame(rows))
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    mean = figure.axes[0].lines[2 * labels.index(EARLY) + 1]
    assert float(mean.get_xdata()[0]) == pytest.approx(91)
