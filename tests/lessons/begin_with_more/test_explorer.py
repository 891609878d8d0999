"""The explorer of a memory: its callbacks; a browser test drives the same widget by keyboard."""

import pytest

from lthedu.lessons.begin_with_more import memory
from lthedu.lessons.begin_with_more.explorer import explorer, face
from lthedu.networks.hopfield import strongest_pairs


def test_every_control_draws_another_picture_and_says_so(draws_each_anew) -> None:
    shown = explorer()
    way, percent, patterns, flipped, *_ = shown.children
    draws_each_anew(shown, [(way, memory.CHANCE), (percent, 3), (patterns, 50), (flipped, 30)])


def test_with_all_pairs_and_few_patterns_the_face_comes_back() -> None:
    *_, words = explorer(percent=100, patterns=5).children
    assert "79,800 of 79,800 pairs" in words.value
    assert "400 of 400 units" in words.value
    assert int((face() > 0).sum()) in range(60, 200)


def test_it_uses_the_learner_s_choice_and_refuses_another_way() -> None:
    asked = []

    def choose(scores, pairs):
        asked.append(pairs)
        return strongest_pairs(scores, pairs)

    explorer(choose=choose)
    assert asked == [7980]
    with pytest.raises(ValueError, match="way is 'best'; allowed: strongest, strongest, signs only, at random"):
        explorer("best")
