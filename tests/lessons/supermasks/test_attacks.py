"""What the lesson on supermasks says of the attacks on its verdict, held by the attacks themselves."""

import pytest
from lessons.supermasks import attacks

from lthedu.lessons.supermasks.experiment import POPUP, TRAINED, WEAK

pytestmark = pytest.mark.full


def test_good_masks_are_not_a_matter_of_luck_nor_of_the_search() -> None:
    assert attacks.best_of_many_random_masks() < 30
    assert attacks.shuffled_labels() < 20


def test_a_mask_fits_the_weights_with_which_it_was_found() -> None:
    own, other = attacks.masks_of_other_networks().values()
    assert own > 90
    assert other < 20


def test_the_first_layers_mask_does_most_of_the_work() -> None:
    found = attacks.one_layer_alone()
    assert 88 < found["layers.0.weight"] < 93
    assert 50 < found["layers.1.weight"] < 75


def test_signed_constants_are_ahead_of_normal_weights_and_of_positive_ones() -> None:
    found = attacks.other_frozen_weights()
    assert found["signed constants"] > found["normal"] + 1 > found["all positive"] + 8


def test_ranking_magnitudes_changes_little() -> None:
    raw, magnitudes = attacks.magnitudes_ranked().values()
    assert abs(max(raw.values()) - max(magnitudes.values())) < 0.5


def test_wider_masks_memorise_more_and_trained_weights_memorise_all() -> None:
    found = attacks.random_labels_by_width()
    narrow, middle, wide = (one[POPUP] for one in found.values())
    assert narrow + 20 < middle < wide - 20
    assert wide > 85
    assert found[attacks.WIDEST][TRAINED] > 99


def test_six_layers_of_weak_constants_need_a_larger_rate_and_stay_behind() -> None:
    found = attacks.six_layers_at_other_rates()
    assert found[WEAK]["0.1"] < 40 < 85 < found[WEAK]["1"]
    for rates in (found, attacks.six_layers_with_adam()):
        assert max(rates[POPUP].values()) > max(rates[WEAK].values()) + 1.5


def test_sgd_trains_weights_no_better_than_adam() -> None:
    assert 96.5 < max(attacks.trained_by_sgd().values()) < 97.5


def test_width_and_time_leave_edge_popup_behind() -> None:
    near, far = (found[TRAINED] - found[POPUP] for found in attacks.four_times_as_wide().values())
    assert near > far > 0.7
    longer = attacks.twelve_times_the_steps()
    assert longer[TRAINED] > longer[POPUP] + 3


def test_depth_brings_little_that_as_many_weights_in_one_layer_do_not() -> None:
    four, wide, six, wider = (found[POPUP] for found in attacks.as_many_weights_in_one_layer().values())
    assert abs(four - wide) < 1
    assert abs(six - wider) < 1.5


def test_bernoulli_masks_need_the_right_size_too() -> None:
    count, plain, constants = attacks.other_bernoulli_masks().values()
    assert min(count, constants) > plain + 1


def test_time_gives_deep_bernoulli_masks_back_most_of_what_depth_costs() -> None:
    found = attacks.bernoulli_masks_in_a_deep_network()
    assert found["drawn, 1 x steps"] < 84 < 87 < found["drawn, 4 x steps"]
