"""The explorer of regions; a browser test drives it by keyboard."""

import re

import pytest

from lthedu.landscape import random_network, regions
from lthedu.lessons.what_the_theorem_does_not_say.explorer import explorer


def counted(words: str) -> int:
    return int(re.search(r"into ([\d,]+) regions", words)[1].replace(",", ""))


def test_the_words_and_the_picture_follow_every_control() -> None:
    layers, neurons, draw, kind, _, picture, words = explorer(1, 10).children
    assert counted(words.value) == len(regions(random_network(1, 10, 1)))
    assert "1 hidden layer of 10 neurons, plain: 10 neurons in all" in words.value
    seen = {bytes(picture.value)}
    layers.value = 3
    assert "3 hidden layers of 10 neurons" in words.value
    seen.add(bytes(picture.value))
    plain = counted(words.value)
    assert plain == len(regions(random_network(3, 10, 1)))
    kind.value = "residual"
    assert counted(words.value) == len(regions(random_network(3, 10, 1, residual=True))) != plain
    seen.add(bytes(picture.value))
    neurons.value = 4
    assert "12 neurons in all" in words.value
    seen.add(bytes(picture.value))
    draw.value = 2
    assert counted(words.value) == len(regions(random_network(3, 4, 2, residual=True)))
    seen.add(bytes(picture.value))
    assert len(seen) == 5


def test_the_largest_network_that_can_be_asked_for_is_drawn() -> None:
    *_, _, words = explorer(6, 24).children
    assert counted(words.value) > 100


@pytest.mark.parametrize(("layers", "neurons"), [(0, 8), (7, 8), (2, 1), (2, 25)])
def test_an_explorer_outside_its_range_is_refused(layers: int, neurons: int) -> None:
    with pytest.raises(ValueError, match=r"layers is .* whole number from 1 to 6|neurons is .* from 2 to 24"):
        explorer(layers, neurons)
