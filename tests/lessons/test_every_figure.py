"""No figure is left out: what these tests draw is held to names on its axes and a description (see conftest.py)."""

import importlib
import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from figure_frame import checked, drawn_by

import lthedu

WITH_FIGURES = [path.parent.name for path in sorted(Path(lthedu.__file__).parent.glob("lessons/*/figures.py"))]


@pytest.mark.parametrize("lesson", WITH_FIGURES)
def test_every_figure_is_drawn_by_a_test(lesson: str) -> None:
    text = (Path(__file__).parent / lesson / "test_figures.py").read_text(encoding="utf-8")
    names = drawn_by(importlib.import_module(f"lthedu.lessons.{lesson}.figures"))
    assert names
    assert {name for name in names if not re.search(rf"figures\.{name}[(,)]", text)} == set()


@pytest.mark.parametrize(
    ("labels", "alt"),
    [({"xlabel": "x"}, "A line that rises to the right."), ({"xlabel": "x", "ylabel": "y"}, "a line")],
)
def test_an_axis_without_a_name_and_a_short_description_are_seen(labels, alt) -> None:
    def figure():
        ax = plt.figure().gca()
        ax.set(**labels)
        return ax, alt

    with pytest.raises(AssertionError):
        checked(figure)
