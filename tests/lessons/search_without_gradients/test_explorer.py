"""The evolving population: its callbacks; a browser test drives the same widget by keyboard."""

import pytest

from lthedu import data
from lthedu.lessons.search_without_gradients.experiment import Contest, Settings
from lthedu.lessons.search_without_gradients.explorer import explorer


@pytest.fixture(scope="module")
def game(mnist) -> Contest:
    settings = Settings(seeds=(0, 1), sizes=(49, 8, 10), images=50, budget=1000, batch=5)
    game = Contest(data.pooled(data.pooled(mnist.first(100, 50, 50))), settings)
    game.run()
    return game


def test_every_slider_draws_another_picture_and_says_so(game, draws_each_anew):
    shown = explorer(game)
    generation, network, *_ = shown.children
    draws_each_anew(shown, [(generation, generation.options[-1]), (network, 1)])


def test_it_tells_the_losses_of_the_population(game):
    *_, words = explorer(game).children
    losses = game.generations[0][1][0]
    assert f"the best mask has loss {losses.min():.3f}, the worst {losses.max():.3f}" in words.value
    assert "of 472 weights" in words.value


def test_before_the_contest_it_says_what_to_do(game):
    with pytest.raises(ValueError, match="run the contest first"):
        explorer(Contest(game.data, game.settings))
