"""The region that is kept: its callbacks; a browser test drives the same widget by keyboard."""

import pytest

from lthedu import data
from lthedu.lessons.zeros_and_signs.experiment import Deconstruction, Settings
from lthedu.lessons.zeros_and_signs.explorer import explorer
from lthedu.networks import masks
from lthedu.training import evaluate


@pytest.fixture(scope="module")
def game(mnist) -> Deconstruction:
    settings = Settings(seeds=(0, 1), sizes=(196, 12, 10), steps=20, batch_size=50)
    game = Deconstruction(data.pooled(mnist.first(600, 100, 200)), settings)
    game.train_dense()
    return game


def test_every_slider_draws_another_picture_and_says_so(game, draws_each_anew):
    shown = explorer(game)
    criterion, percent, seed, *_ = shown.children
    draws_each_anew(shown, [(percent, 35), (seed, 1), (criterion, "movement")])


def test_what_it_says_is_what_the_masked_network_reads(game):
    *_, words = explorer(game).children
    mask = game.mask("large_final", 0.3)
    accuracy = 100 * evaluate(game.networks.with_params(masks.apply(mask, game.networks.params)), game.data)[1]
    assert f"read {accuracy[0]:.1f} % of the test images" in words.value
    assert 'aria-live="polite"' in words.value


def test_before_the_experiment_it_says_what_to_do(game):
    with pytest.raises(ValueError, match="run the experiment first"):
        explorer(Deconstruction(game.data, game.settings))
