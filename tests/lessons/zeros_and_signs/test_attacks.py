"""What the lesson on zeros and signs says of the attacks on its verdict, held by the attacks themselves."""

import pytest
from lessons.zeros_and_signs import attacks
from lessons.zeros_and_signs.attacks import KEPT, LOST, NARROW, SHALLOW

from lthedu.lessons.zeros_and_signs.ways import TICKET

pytestmark = pytest.mark.full
BOTH = pytest.mark.parametrize("settings", [SHALLOW, NARROW], ids=["shallow", "narrow"])


def test_a_mask_reads_by_its_places_and_signs_together() -> None:
    found = attacks.masks_without_their_signs()
    for criterion in ("large_final", "large_final_same_sign"):
        assert found[f"{criterion}, own signs"] > 50
        assert found[f"{criterion}, other signs"] < 20


def test_a_mask_of_wrong_labels_reads_nothing_and_scale_changes_nothing() -> None:
    assert attacks.masks_of_wrong_labels()["shuffled labels"] < 20
    scale = attacks.every_scale()
    assert scale["own"] == scale["scaled"]


def test_masks_of_longer_training_read_less() -> None:
    found = attacks.masks_of_longer_training()
    assert 30 < found["large_final"] < 60
    assert found["movement"] < 25


def test_movement_reads_little_because_of_what_shrank_more_than_of_changed_signs() -> None:
    found = attacks.movement_without_some_weights()
    assert found["movement"] + 5 < found["no changed signs"] < found["none that shrank"] - 10


def test_a_mask_fits_signs_and_partly_their_sizes() -> None:
    found = attacks.signs_that_fit_on_other_sizes()
    assert found["another network's mask"] < 20
    for name in ("fresh sizes", "its signs, too"):
        assert 20 < found[name] < 50


def test_random_sizes_do_not_explain_why_keeping_more_reads_less() -> None:
    found = attacks.one_size_at_every_density()
    assert found[0.3] > found[0.5] > found[0.95] + 20


def test_large_final_is_hard_to_beat() -> None:
    for large_final, nearest in attacks.nearest_to_the_trained_weights().values():
        assert abs(large_final - nearest) < 10


@BOTH
def test_another_measure_of_scale_gives_the_same_order(settings) -> None:
    for found in (attacks.signal_restored(settings), attacks.norm_of_the_dense_network(settings)):
        ticket, own, other = found.values()
        assert abs(own - ticket) < 0.5
        assert own - other > 0.7


def test_with_adam_the_deep_network_hardly_needs_its_norms() -> None:
    found = attacks.deep_network_with_adam()
    for way in attacks.DRAWN:
        assert abs(found[f"{way}, norm restored"] - found[way]) < 3
    assert found["constant, sign kept, norm restored"] > found["constant, sign lost, norm restored"] + 0.7


@BOTH
def test_the_lead_of_own_signs_shrinks_with_the_steps(settings) -> None:
    found = attacks.five_times_the_steps(settings)
    assert abs(found[KEPT] - found[TICKET]) < 0.4
    assert 0 < found[KEPT] - found[LOST] < 1.5


def test_other_signs_nearly_catch_up() -> None:
    found = attacks.twenty_times_the_steps()
    assert abs(found[KEPT] - found[TICKET]) < 0.3
    assert found[KEPT] - found[LOST] < 0.5


@BOTH
def test_trained_signs_are_as_good_as_initial_ones(settings) -> None:
    found = attacks.whose_signs(settings)
    assert found["kept weights whose sign training did not change, in percent"] > 90
    assert -0.4 < found["trained signs"] - found["initial signs"] < 1.2
    assert found["initial signs"] > found["fresh signs"] + 0.7


@BOTH
def test_trained_signs_are_worth_less_than_a_point_at_other_places(settings) -> None:
    found = attacks.trained_signs_at_random_places(settings)
    assert abs(found["trained signs"] - found["initial signs"]) < 1
    assert found["trained signs"] < found[TICKET] - 0.8


def test_own_signs_are_ahead_at_other_densities() -> None:
    for ticket, own, other in attacks.other_densities().values():
        assert abs(own - ticket) < 0.7
        assert own > other


def test_which_weights_are_held_matters_at_equal_norms_and_so_do_their_signs() -> None:
    found = attacks.held_with_equal_norms()
    best = found.pop("zero if moved to zero")
    assert max(found.values()) < best - 1


def test_the_lead_of_held_weights_is_more_than_a_head_start() -> None:
    found = attacks.held_for_five_times_the_steps()
    assert found["zero if moved to zero"] > found["frozen at init"] + 0.5 > found["zero"] + 1


def test_zero_is_not_special_and_the_head_start_is_not_the_reason() -> None:
    found = attacks.values_near_zero()
    for times in (0.25, -0.25):
        assert abs(found[times][1] - found[0.0][1]) < 0.5
    assert found[-0.5][0] < found[0.0][0] - 10
    assert found[-0.5][1] > found[0.0][1] - 1.5


def test_a_rate_beyond_the_stored_search_is_better_for_nothing_that_is_held() -> None:
    edge, beyond = attacks.held_at_twice_the_largest_rate().values()
    assert all(beyond[way] < edge[way] for way in edge)
