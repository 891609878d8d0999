"""The explorer of the valley: its callbacks; a browser test drives the same widget by keyboard."""

import numpy as np
import pytest

from lthedu.lessons.curvature.explorer import explorer
from lthedu.lessons.curvature.valley import ALONG, BESIDE, STEEP, steep_share, walk


def test_every_control_draws_another_picture_and_says_so(draws_each_anew) -> None:
    shown = explorer()
    rate, noise, way, *_ = shown.children
    draws_each_anew(shown, [(rate, 0.05), (noise, 0.0), (way, ALONG)])


def test_without_noise_nothing_lies_across_and_above_the_edge_everything_does() -> None:
    assert "0 % of the exact gradient lies across" in explorer(0.0).children[-1].value
    shown = explorer(0.0)
    shown.children[0].value = 0.18
    assert "At rate 0.18 the walk leaves the valley" in shown.children[-1].value
    assert "Above 2 / 12" in shown.children[-1].value


def test_in_the_long_run_the_squared_gradient_is_what_the_lesson_says() -> None:
    rate, places = 0.1, walk(0.1, 1.0, 200_000, 0)[1000:]
    across, along = (float((places[:, i] ** 2).mean()) for i in (1, 0))
    assert across == pytest.approx(rate / (2 - rate * STEEP), rel=0.05)
    assert along == pytest.approx(rate / (2 - rate), rel=0.1)


def test_steps_of_one_kind_move_one_way() -> None:
    assert (walk(0.1, 1.0, 20, 0, way=ALONG)[:, 0] == -4).all()
    assert (walk(0.1, 1.0, 20, 0, way=BESIDE)[:, 1] == 0.9).all()
    assert steep_share(np.array([[0.0, 1.0]])).tolist() == [1.0]


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"noise is 3\.0; allowed: 0 to 2"):
        explorer(3.0)
    with pytest.raises(ValueError, match="way is 'up'; allowed: 'both directions'"):
        walk(0.1, 1.0, 3, 0, way="up")
