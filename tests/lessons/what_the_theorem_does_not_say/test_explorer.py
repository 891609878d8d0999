"""The explorer of the lower bound; a browser test drives it by keyboard."""

import numpy as np
import pytest

from lthedu.lessons.what_the_theorem_does_not_say.explorer import explorer, nearest
from lthedu.proof import limits


def test_the_words_and_the_picture_follow_both_sliders(draws_each_anew) -> None:
    shown = explorer(3, 6)
    folds, units, *_, words = shown.children
    assert "3 folds, 8 pieces; two layers with 6 units come to distance 0.500" in words.value
    assert "takes at least 7 units" in words.value
    draws_each_anew(shown, [(units, 7), (units, 8), (folds, 2)])


@pytest.mark.parametrize("folds", [2, 3, 4])
def test_the_nearest_network_wakes_up_at_the_bound(folds) -> None:
    least = 2**folds - 1
    assert nearest(folds, least - 1)[1] == pytest.approx(0.5)
    assert nearest(folds, least)[1] == pytest.approx(1 / 6)
    assert nearest(folds, least + 1)[1] == nearest(folds, least + 9)[1] == 0


def test_the_distance_told_is_that_of_the_network_drawn() -> None:
    near, distance = nearest(3, 7)
    assert limits.distance(near, limits.pieces(limits.tent_network(3))) == pytest.approx(distance)
    assert np.all(np.diff(near.x) > 0)


@pytest.mark.parametrize(("folds", "units"), [(0, 8), (6, 8), (2, 0), (2, 33)])
def test_an_explorer_outside_its_range_is_refused(folds: int, units: int) -> None:
    with pytest.raises(ValueError, match=r"folds is .* whole number from 1 to 5|units is .* from 1 to 32"):
        explorer(folds, units)
