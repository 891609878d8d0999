"""What the lesson on sparse training says of the attacks on its verdict, held by the attacks themselves."""

import pytest
from lessons.sparse_from_the_start import attacks

from lthedu.lessons.sparse_from_the_start.arms import (
    BOTH,
    BOTH_RIGL,
    BOTH_SPREAD,
    COUNTS,
    LAST,
    NARROW,
    NARROW_RIGL,
    NARROW_SPREAD,
    POOLED,
    POOLED_RIGL,
    RIGL,
    SET,
    SMALL_POOLED,
    SMALL_TWICE,
    SPREAD,
    SPREAD_RIGL,
    STATIC,
)  # fmt: skip

pytestmark = pytest.mark.full


def test_at_a_good_rate_and_on_other_seeds_moving_helps_and_growing_by_the_gradient_helps_more() -> None:
    found = attacks.static_and_rigl()
    assert found[RIGL] > found[STATIC] + 1
    assert found[RIGL] >= found[SET] > found[STATIC] + 0.5


def test_masks_that_do_not_move_bring_most_of_the_lead() -> None:
    ends, found = attacks.static_and_rigl(), attacks.controls_of_the_mask()
    lead = ends[RIGL] - ends[STATIC]
    assert min(found[SPREAD], found[LAST]) > ends[STATIC] + 0.67 * lead
    assert ends[STATIC] + 0.25 * lead < found[COUNTS] < found[RIGL]
    assert found[SPREAD_RIGL] > found[SPREAD] + 0.2


def test_other_shapes_are_worth_as_much_and_moving_helps_in_each() -> None:
    ends, found = attacks.static_and_rigl(), attacks.other_shapes()
    assert found[POOLED] > ends[RIGL]
    assert found[NARROW] > ends[RIGL] - 1
    assert found[NARROW_RIGL] > found[NARROW] + 0.8
    assert found[POOLED_RIGL] > found[POOLED] + 0.8
    assert max(found.values()) == found[POOLED_RIGL]


def test_a_small_dense_network_needs_pixels_that_are_pooled_twice() -> None:
    ends, found = attacks.static_and_rigl(), attacks.small_dense_at_two_rates()
    assert all(abs(one[SMALL_POOLED] - ends[RIGL]) < 1.5 for one in found.values())
    assert attacks.two_fixes_together()[SMALL_TWICE] > ends[RIGL] + 1


def test_three_times_the_steps_leave_the_lead_over_the_same_shape_and_not_over_others() -> None:
    found, others = attacks.three_times_the_steps(), attacks.two_fixes_for_longer()
    assert found[RIGL] > found[STATIC] + 1
    assert min(others[BOTH], others[SMALL_TWICE]) > found[RIGL]
    assert attacks.as_many_exchanges()[RIGL] < found[RIGL] - 0.5


def test_two_fixes_together_are_ahead_of_rigl_and_moving_adds_to_them() -> None:
    ends, found = attacks.static_and_rigl(), attacks.two_fixes_together()
    assert min(found[BOTH], found[BOTH_SPREAD], found[SMALL_TWICE]) > ends[RIGL] + 1
    assert found[BOTH_RIGL] > found[BOTH] + 0.5
    assert attacks.spread_and_60_neurons()[NARROW_SPREAD] > ends[RIGL] + 1


def test_growing_by_the_gradient_is_no_better_than_at_random_everywhere() -> None:
    denser, spread = attacks.with_more_weights(), attacks.grown_at_random_from_the_spread()
    assert abs(denser[RIGL] - denser[SET]) < 0.5
    assert abs(spread[RIGL] - spread[SET]) < 0.8


def test_a_larger_batch_or_more_exchanges_change_little() -> None:
    ends = attacks.static_and_rigl()
    assert abs(attacks.grown_by_a_large_batch()[RIGL] - ends[RIGL]) < 1
    assert abs(attacks.moved_four_times_as_often()[RIGL] - ends[RIGL]) < 1.5


def test_what_is_dropped_matters_and_so_does_what_is_grown() -> None:
    ends = attacks.static_and_rigl()
    assert attacks.dropped_at_random()[RIGL] < ends[RIGL] - 0.5
    assert attacks.grown_where_the_gradient_is_smallest()[RIGL] < ends[SET] - 0.5
    assert attacks.the_published_drop_of_set()[SET] < ends[SET] - 0.5


def test_rigl_leaves_more_neurons_unheard() -> None:
    found = attacks.unheard()
    assert 20 < found[STATIC] < 40
    assert found[RIGL] > found[STATIC] + 15
