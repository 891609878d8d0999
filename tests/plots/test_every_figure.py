"""No figure is left out: what these tests draw is held to names on its axes and a description (see conftest.py)."""

from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from lthedu.figures import __all__


def test_every_figure_is_drawn_by_a_test() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    figures = {name for name in __all__ if callable(getattr(figures, name))} - {"use_style"}
    assert {name for name in figures if f"plots.{name}(" not in text} == set()


@pytest.mark.parametrize(
    ("labels", "alt"),
    [({"xlabel": "x"}, "A line that rises to the right."), ({"xlabel": "x", "ylabel": "y"}, "a line")],
)
def test_an_axis_without_a_name_and_a_short_description_are_seen(held, labels, alt) -> None:
    def figure():
        ax = plt.figure().gca()
        ax.set(**labels)
        return ax, alt

    with pytest.raises(AssertionError):
        held(figure)
