"""What the attacks are made of. Times belong to a machine, so they are asked for being there and not for their size;
what is computed from the stored run is held to what the lesson says of it."""

import math

import pytest
from lessons.counting_and_clocking import attacks

pytestmark = pytest.mark.full

TIMED = [
    attacks.trained_mask,
    attacks.cold_caches,
    attacks.inputs_by_rows,
    attacks.another_dense,
    attacks.two_threads,
    attacks.larger_blocks,
    attacks.in_float64,
    attacks.a_whole_network,
]


@pytest.mark.parametrize("attack", TIMED)
def test_what_is_timed_is_there(attack) -> None:
    found = attack()
    assert len(found) >= 2
    assert all(math.isnan(value) or value > 0 for value in found.values())


def test_the_sparse_network_answers_as_the_pruned_one() -> None:
    assert attacks.sparse_network_is_off_by() < 1e-4


def test_the_law_holds_between_fitted_sizes_better_than_beyond_them() -> None:
    off = attacks.each_size_left_out()
    assert off["512 x 512"] < 20 < off["256 x 256"]


def test_with_one_percent_among_the_fitted_the_law_holds_there() -> None:
    found = attacks.fitted_with_one_percent()
    assert found["from 5 to 50 %"] < 20
    assert found["at 1 %"] < 20


def test_windows_that_were_refused_say_other_things() -> None:
    found = attacks.without_refusing()
    assert found["refused in the table"] > 0
    assert found["smallest"] < 0.8
    assert found["largest over the median"] > 1.5
