"""The walk between two networks: its callbacks; a browser test drives the same widget by keyboard."""

import pytest

from lthedu import data
from lthedu.lessons.rewinding.experiment import Rewinding, Settings
from lthedu.lessons.rewinding.explorer import explorer


@pytest.fixture(scope="module")
def game(mnist) -> Rewinding:
    small = data.pooled(mnist.first(600, 100, 200))
    settings = Settings(
        seeds=(0, 1), sizes=(196, 12, 10), densities=(0.5,), ks=(0, 15), few_ks=(0,), steps=30, batch_size=20
    )
    game = Rewinding(small, settings)
    game.run()
    return game


def test_every_slider_draws_another_picture_and_says_so(game: Rewinding, draws_each_anew) -> None:
    shown = explorer(game)
    k, seed, percent, *_ = shown.children
    assert [k.options, seed.max, percent.value] == [(0, 15), 1, 50]
    draws_each_anew(shown, [(percent, 100), (seed, 1), (k, 15)])


def test_at_the_first_child_nothing_has_flipped(game: Rewinding) -> None:
    *_, percent, _, _, words = explorer(game).children
    percent.value = 0
    assert "0 of 200 test images get another answer than child 1 gives." in words.value
    percent.value = 100
    assert "get another answer than child 1 gives; " in words.value
    assert 'aria-live="polite"' in words.value


def test_before_the_experiment_it_says_what_to_do(game: Rewinding) -> None:
    with pytest.raises(ValueError, match="run the experiment first"):
        explorer(Rewinding(game.data, game.settings))
