"""What the attacks are made of. Times belong to a machine, so they are asked for being there and not for their size;
what is exact, or computed from the stored run, is held to what the lesson says of it."""

import math

import pytest
from lessons.sparse_data import attacks

pytestmark = pytest.mark.full

TIMED = [
    attacks.other_shapes,
    attacks.dense_ways,
    attacks.small_tiles,
    attacks.more_channels,
    attacks.everything_counted,
    attacks.forward_and_back,
    attacks.with_relu,
    attacks.threshold_of_zero,
    attacks.other_sizes,
    attacks.in_blocks,
]


@pytest.mark.parametrize("attack", TIMED)
def test_what_is_timed_is_there(attack) -> None:
    found = attack()
    assert found
    assert all(value > 0 and math.isfinite(value) for value in found.values())


def test_three_layers_are_dense_ones_only_with_a_mask_after_each() -> None:
    found = attacks.three_layers()
    assert found["masked"] < 1e-4
    assert found["plain"] > 0.1


@pytest.mark.parametrize("attack", [attacks.a_hundred_steps, attacks.ten_times_the_steps, attacks.controls])
def test_networks_that_are_trained_read(attack) -> None:
    assert max(attack().values()) > 80
