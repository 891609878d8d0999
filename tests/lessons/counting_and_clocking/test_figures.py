"""The lesson's figures draw what they are given."""

import pandas as pd
import pytest
from figure_frame import checked

from lthedu.lessons.counting_and_clocking import experiment, figures, schematics
from lthedu.lessons.counting_and_clocking.experiment import NARROW
from lthedu.sparsity import libraries
from lthedu.sparsity.kernels import BAG, TWELVE


@pytest.fixture
def middle() -> pd.DataFrame:
    """Two kernels at 512 x 512: one as fast as dense at 50 %, the other a fifth slower; bars of a tenth."""
    rows = []
    for batch in (1, 64):
        for kernel, e in ((TWELVE, 0.5), (BAG, 0.4), (NARROW, 1.0)):
            for density in (0.5, 0.1, 0.01):
                times = e / density
                rows.append((512, 512, batch, 1, kernel, density, times, 0.9 * times, 1.1 * times))
    columns = ["rows", "columns", "batch", "layers", "kernel", "density", "times", "lowest", "highest"]
    return pd.DataFrame(rows, columns=columns)


def test_curves_are_the_medians_with_the_promise_above_and_guesses_as_stars(middle: pd.DataFrame) -> None:
    panels = {"one": middle[middle["batch"] == 1], "many": middle[middle["batch"] == 64]}
    figure, words = figures.times_by_density(panels, guess={"many": 4.0, "one": "fast"})
    one, many = figure.axes
    curves = {container.get_label(): container[0] for container in many.containers}
    assert list(curves[TWELVE].get_xdata()) == [0.01, 0.1, 0.5]
    assert list(curves[TWELVE].get_ydata()) == pytest.approx([50, 5, 1])
    (promise,) = (line for line in many.lines if line.get_label() == "what FLOPs promise")
    assert promise.get_ydata() == pytest.approx(1 / promise.get_xdata())
    stars = [[line for line in ax.lines if line.get_marker() == "*"] for ax in (one, many)]
    assert [len(found) for found in stars] == [0, 1]
    assert stars[1][0].get_ydata()[0] == 4.0
    assert many.get_xlim()[0] < many.get_xlim()[1]
    assert "one, many" in words


def test_lines_are_the_laws_and_points_the_size_that_they_did_not_see(middle: pd.DataFrame) -> None:
    row = {"batch": 64, "kernel": TWELVE, "c": 0.1, "e": 0.25, "predicted": 0.2, "measured": 0.2, "off": 0, "below": 0}
    figure, _ = figures.law_and_points(middle, pd.DataFrame([row]), [64])
    (ax,) = figure.axes
    line = max(ax.lines, key=lambda one: len(one.get_xdata()))
    assert line.get_ydata() == pytest.approx(1 / (0.1 + line.get_xdata() / 0.25))
    (points,) = (one for one in ax.lines if one.get_label() == TWELVE)
    assert sorted(points.get_ydata()) == pytest.approx([1, 5, 50])


def test_ones_own_law_goes_through_points_that_lie_on_it() -> None:
    figure, _ = figures.own_law([0.5, 0.1], [2.1, 0.5], 0.1, 0.25, "mine")
    points, line, *_ = figure.axes[0].lines
    assert list(points.get_xdata()) == [50, 10]
    assert line.get_ydata() == pytest.approx(0.1 + line.get_xdata() / 100 / 0.25)
    assert "mine" in figure.axes[0].get_title()


def test_a_layer_of_ones_own_is_a_star_and_not_one_of_the_points() -> None:
    figure, words = figures.own_law([0.5, 0.1], [2.1, 0.5], 0.1, 0.25, "mine", own=(0.7, 3.0))
    points, (star,) = figure.axes[0].lines[0], [line for line in figure.axes[0].lines if line.get_marker() == "*"]
    assert len(points.get_xdata()) == 2
    assert (list(star.get_xdata()), list(star.get_ydata())) == ([70], [3.0])
    assert "A star" in words


def test_every_library_with_a_date_has_its_marks_where_the_dates_are() -> None:
    record = libraries()
    figure, words = figures.time_line(record)
    (ax,) = figure.axes
    dated = [one for one in record.libraries if one.last_commit or one.last_release]
    assert len(ax.get_yticklabels()) == len(dated)
    rings = [line for line in ax.lines if line.get_marker() == "o"]
    assert len(rings) == sum(one.last_commit is not None for one in dated)
    assert all(one.name in words for one in dated)
    years = [float(line.get_xdata()[0]) for line in rings]
    assert 2020 < min(years) < max(years) < 2027


@pytest.mark.parametrize("draw", [f for f in vars(schematics).values() if getattr(f, "schematic", False)])
def test_schematics_are_drawn_and_described(draw) -> None:
    checked(draw)


def test_the_schematic_stores_its_own_matrix() -> None:
    _, words = schematics.stored_by_rows()
    assert "start [0, 1, 1, 3, 4], column [1, 0, 3, 2], value [5, 7, 8, 6]" in words


def test_every_kernel_that_is_compared_has_a_look_of_its_own() -> None:
    assert {*experiment.SPARSE, NARROW} == set(figures.LOOKS)
    looks = {(look["color"], look["marker"]) for look in figures.LOOKS.values()}
    assert len(looks) == len(figures.LOOKS)
