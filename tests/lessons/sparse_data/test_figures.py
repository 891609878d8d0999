"""The lesson's figures draw what they are given."""

import pandas as pd
import pytest
from figure_frame import checked

from lthedu.lessons.sparse_data import clock, figures, schematics
from lthedu.sparsity import libraries, rule_book


@pytest.fixture
def middle() -> pd.DataFrame:
    """Thin scenes, level at 20 % in pictures and 40 % in volumes; one real scene of which cropping leaves a tenth."""
    rows = []
    for dimension, even in ((2, 0.2), (3, 0.4)):
        for inputs in (1, 16):
            for share in (0.1, 0.5):
                kept = even / share
                row = {"scene": "thin", "dimension": dimension, "inputs": inputs, "outputs": 16, "share": share}
                row |= {"kept": kept, "kept_low": 0.9 * kept, "kept_high": 1.1 * kept, "kept_torch": 5 * kept}
                rows.append(row | {"rebuilt": kept / 2, "rebuilt_low": kept / 3, "rebuilt_high": kept, "pairs": share})
    real = {"scene": clock.CANVAS, "dimension": 2, "inputs": 16, "outputs": 16, "share": 0.01, "boxed": 0.2}
    rows.append(real | {"kept": 50.0, "kept_cropped": 2.0, "rebuilt_cropped": 0.5})
    return pd.DataFrame(rows)


def test_curves_are_the_medians_and_guesses_and_scenes_are_stars(middle: pd.DataFrame) -> None:
    guess = {"pictures": 25, "volumes": "many"}
    figure, words = checked(figures.times_by_share, middle, guess=guess, own=(0.1, 3.0))
    assert len(figure.axes) == 4
    kept = figure.axes[1]
    curves = {container.get_label(): container[0] for container in kept.containers}
    assert list(curves["pictures"].get_ydata()) == pytest.approx([2.0, 0.4])
    assert list(curves["volumes"].get_ydata()) == pytest.approx([4.0, 0.8])
    (dotted,) = (line for line in kept.lines if "conv3d" in str(line.get_label()))
    assert list(dotted.get_ydata()) == pytest.approx([20.0, 4.0])
    stars = [(line.get_xdata()[0], line.get_ydata()[0]) for line in kept.lines if line.get_marker() == "*"]
    assert stars == [(0.25, 1), (0.1, 3.0)]
    rebuilt = {container.get_label(): container[0] for container in figure.axes[3].containers}
    assert list(rebuilt["pictures"].get_ydata()) == pytest.approx([1.0, 0.2])
    assert "1 is as fast as dense" in words


def test_each_scene_has_a_mark_for_each_dense_layer_that_it_is_held_beside(middle: pd.DataFrame) -> None:
    figure, _ = checked(figures.beside_the_cropped, middle)
    whole, cropped, rebuilt = figure.axes[0].lines[:3]
    assert (list(whole.get_xdata()), list(cropped.get_xdata()), list(rebuilt.get_xdata())) == ([50.0], [2.0], [0.5])
    (name,) = figure.axes[0].get_yticklabels()
    assert "1.0 % active, 20 % if cropped" in name.get_text()


def test_a_room_is_said_to_be_cropped_to_six_boxes(middle: pd.DataFrame) -> None:
    figure, _ = checked(figures.beside_the_cropped, middle.replace({"scene": {clock.CANVAS: clock.ROOM}}))
    (name,) = figure.axes[0].get_yticklabels()
    assert "20 % in six flat boxes" in name.get_text()


def test_living_libraries_have_an_arrow_and_named_ones_stand_out() -> None:
    record = libraries()
    figure, _ = checked(figures.time_line, record)
    (ax,) = figure.axes
    dated = [one for one in record.libraries if one.last_commit or one.last_release]
    arrows = [text for text in ax.texts if getattr(text, "arrow_patch", None)]
    assert len(arrows) == sum(one.status_observed == "alive" for one in dated)
    bold = {label.get_text() for label in ax.get_yticklabels() if label.get_fontweight() == "bold"}
    assert bold == {one.name for one in dated if one.named_in_2020}
    bars = [line.get_xdata() for line in ax.lines if line.get_linewidth() == 4]
    assert len(bars) == len(bold)
    assert {round(float(begun), 1) for begun, _ in bars} == {2020.2}


@pytest.mark.parametrize("draw", [f for f in vars(schematics).values() if getattr(f, "schematic", False)])
def test_schematics_are_drawn_and_described(draw) -> None:
    checked(draw)


def test_the_schematic_of_the_rule_book_shows_the_rules_of_its_own_grid() -> None:
    above = [numbers.tolist() for numbers in rule_book(schematics.NUMBERED)[1]]
    assert above == [[1, 2], [2, 3]]  # as the notebook says
    _, words = schematics.gather_product_scatter()
    assert "([1, 4], [0, 3])" in words
