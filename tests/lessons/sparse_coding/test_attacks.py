"""What the attacks on this lesson found, held to what the lesson says of them."""

import pytest
from lessons.sparse_coding import attacks

from lthedu.lessons.sparse_coding import arms

pytestmark = pytest.mark.full


def test_a_step_that_is_twice_as_long_is_better_and_one_that_is_three_times_as_long_is_not() -> None:
    found = attacks.longer_steps()
    assert found["1.9"] < found["1.5"] < found["1"] < found["3"]


def test_the_notebook_s_rate_is_the_best_of_lista_s() -> None:
    found = attacks.other_rates()
    own = {name: value for name, value in found.items() if name.startswith("china")}
    assert min(own, key=own.__getitem__) in ("china, 0.002", "china, 0.003", "china, 0.0045")


def test_layers_that_begin_at_longer_steps_come_lower_than_those() -> None:
    found = attacks.layers_from_longer_steps()
    for draw in (0, 1):
        assert found[f"layers, draw {draw}"] * 1.25 < found[f"longer steps, draw {draw}"]


def test_a_blur_is_below_what_keeps_a_few_waves() -> None:
    assert attacks.blurred()["blur"] < attacks.quality(hard, seeds=5) - 0.5


def hard(noisy):
    return arms.denoised(noisy, lambda p: arms.UNTRAINED[arms.HARD](p, 2.75 * 25))


def test_the_sliding_dct_does_not_hang_on_the_size_of_its_patches() -> None:
    found = attacks.other_patches()
    assert max(found.values()) - found["8 x 8"] < 0.3


def test_ista_without_means_has_not_come_to_the_grey_level_after_five_steps() -> None:
    found = attacks.without_means()
    assert found["without, 5"] < found["with, 5"] - 3 < found["without, 100"]
