"""The explorer of pieces: its callbacks; a browser test drives the same widget by keyboard."""

from dataclasses import replace

import pytest

from lthedu import data
from lthedu.lessons.pieces.experiment import DIGITS, SIZES, Counting, numbers
from lthedu.lessons.pieces.explorer import explorer
from lthedu.training import evaluate


@pytest.fixture(scope="module")
def counting(mnist) -> Counting:
    found = Counting(data.pooled(mnist.first(300, 60, 200)), replace(SIZES.tiny, batch_size=20, steps=20))
    found.run()
    return found


def test_every_control_draws_another_picture_and_says_so(counting, draws_each_anew) -> None:
    shown = explorer(counting, 50)
    percent, network, which, after, *_ = shown.children
    draws_each_anew(shown, [(percent, 30), (network, 1), (which, "largest"), (after, "trained on")])


def test_what_it_says_is_what_the_cut_network_is(counting) -> None:
    *_, words = explorer(counting, 50).children
    cut = counting.cut(counting.mask(0.5, at_random=True, output=0.5))
    many, *_ = numbers(cut.module(0), counting.planes(DIGITS)[0][0])
    assert f"random 50 % of every layer, not trained on: {many:,} pieces" in words.value
    assert f"reads {100 * evaluate(cut, counting.data)[1][0]:.1f} % of the test digits" in words.value


def test_before_the_experiment_and_for_another_share_it_says_what_to_do(counting) -> None:
    with pytest.raises(ValueError, match="run the experiment first"):
        explorer(Counting(counting.data, counting.settings))
    with pytest.raises(ValueError, match="percent is 7; allowed: 100, 50"):
        explorer(counting, 7)
