"""The ticket explorer's callbacks; a browser test drives the same widget by keyboard."""

import ipywidgets
import pytest
from matplotlib.figure import Figure

from lthedu.experiments.study import RANDOM, WINNING, Settings, Study
from lthedu.figures.live import live_plot
from lthedu.lessons.winning_tickets.explorer import explorer
from lthedu.networks.models import MLP


@pytest.fixture(scope="module")
def study(mnist) -> Study:
    small = Settings(seeds=(0, 1), levels=2, steps=12, batch_size=32, val_every=6)
    done = Study(mnist.first(600, 200, 200), lambda: MLP([784, 20, 10]), small)
    done.run()
    return done


def parts(explorer: ipywidgets.VBox):
    level, arm, _, picture, words = explorer.children
    return level, arm, picture, words


def test_every_level_and_arm_draws_another_picture(study: Study, draws_each_anew) -> None:
    shown = explorer(study)
    level, arm, _, _ = parts(shown)
    assert list(arm.options) == [WINNING, RANDOM]
    assert (level.min, level.max) == (0, 2)
    draws_each_anew(shown, [(level, 0), (level, 1), (arm, RANDOM)])


def test_the_sentence_tells_what_the_picture_shows(study: Study) -> None:
    level, _, _, words = parts(explorer(study))
    level.value = 0
    assert "Level 0, dense: 15,880 of 15,880 weights are kept (100.0\u00a0%)" in words.value
    level.value = 2  # 15,680 / 4 + 200 * 9 / 16, rounded round by round
    assert "Level 2, winning ticket: 4,032 of 15,880 weights are kept (25.4\u00a0%)" in words.value
    assert 'aria-live="polite"' in words.value


def test_an_explorer_needs_a_pruned_level(mnist) -> None:
    with pytest.raises(ValueError, match="no pruned level yet"):
        explorer(Study(mnist.first(600, 200, 200), lambda: MLP([784, 20, 10]), Settings(seeds=(0,))))


def test_an_error_while_drawing_becomes_a_sentence() -> None:
    def draw(x: int) -> str:
        if x == 1:
            raise RuntimeError("<b>no</b>")
        return f"x is {x}"

    slider = ipywidgets.IntSlider(value=0, max=2)
    box = live_plot(Figure(), draw, {"x": slider})
    before = bytes(box.children[-2].value)
    slider.value = 1
    assert "could not be drawn (RuntimeError: &lt;b&gt;no&lt;/b&gt;)" in box.children[-1].value
    assert bytes(box.children[-2].value) == before
    slider.value = 2
    assert "x is 2" in box.children[-1].value
