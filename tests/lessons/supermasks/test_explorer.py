"""The growing mask: its callbacks; a browser test drives the same widget by keyboard."""

import pytest

from lthedu import data
from lthedu.lessons.supermasks.experiment import POPUP, Settings, Supermasks
from lthedu.lessons.supermasks.explorer import explorer
from lthedu.training import evaluate


@pytest.fixture(scope="module")
def game(mnist) -> Supermasks:
    settings = Settings(seeds=(0, 1), widths=(16,), probe=16, steps=40, batch_size=50, looks=(0, 10, 40))
    game = Supermasks(data.pooled(mnist.first(600, 100, 200)), settings)
    game.measure(POPUP, 16)
    return game


def test_every_slider_draws_another_picture_and_says_so(game, draws_each_anew):
    shown = explorer(game)
    step, network, *_ = shown.children
    assert step.options == (0, 10, 40)
    draws_each_anew(shown, [(step, 0), (network, 1), (step, 10)])


def test_the_last_step_reads_what_the_experiment_measured(game):
    *_, words = explorer(game).children
    accuracy = 100 * game.table["accuracy"].iloc[0]
    assert f"Step 40, network 0: {accuracy:.1f} % of the test images are read." in words.value
    networks = game.networks(16)
    start = game.method(POPUP, networks).effective(game.scores[0])
    step, *_ = explorer(game).children
    assert step.options[0] == 0
    assert evaluate(networks.with_params(start), game.data)[1][0] < 0.4


def test_before_the_experiment_it_says_what_to_do(game):
    with pytest.raises(ValueError, match="run the experiment first"):
        explorer(Supermasks(game.data, game.settings))
