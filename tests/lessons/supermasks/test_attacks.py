"""What the lesson on supermasks says of the attacks on its verdict, held by the attacks themselves.

Each bound is what the lesson's sentence needs, and not what was found.
"""

import pytest
from lessons.supermasks import attacks

from lthedu.experiments import paper_results
from lthedu.lessons.supermasks.experiment import BERNOULLI, POPUP, TRAINED, WEAK

pytestmark = pytest.mark.full


def test_good_masks_are_not_a_matter_of_luck_nor_of_the_search() -> None:
    assert attacks.best_of_many_random_masks() < 50
    assert attacks.shuffled_labels() < 20


def test_a_mask_fits_the_weights_with_which_it_was_found() -> None:
    own, other = attacks.masks_of_other_networks().values()
    assert own > 90
    assert other < 20


def test_the_first_layers_mask_does_most_of_the_work() -> None:
    found = attacks.one_layer_alone()
    assert found["layers.0.weight"] > found["layers.1.weight"] > 20


def test_signed_constants_are_ahead_of_normal_weights_and_of_positive_ones() -> None:
    found = attacks.other_frozen_weights()
    assert found["signed constants"] > found["normal"] > found["all positive"]


def test_ranking_magnitudes_changes_less_than_a_point() -> None:
    raw, magnitudes = attacks.magnitudes_ranked().values()
    assert abs(max(raw.values()) - max(magnitudes.values())) < 1


def test_wider_masks_memorise_more_and_trained_weights_memorise_all() -> None:
    found = attacks.random_labels_by_width()
    narrow, middle, wide = (one[POPUP] for one in found.values())
    assert narrow < middle < wide
    assert min(found[width][TRAINED] for width in (attacks.WIDTH, attacks.WIDEST)) > 99


def test_a_larger_rate_repairs_most_of_what_weak_constants_lose_and_not_all() -> None:
    found = attacks.six_layers_at_other_rates()
    lost = found[POPUP]["0.1"] - found[WEAK]["0.1"]
    assert lost > 20
    assert max(found[WEAK].values()) > found[WEAK]["0.1"] + lost / 2
    for rates in (found, attacks.six_layers_with_adam()):
        assert max(rates[POPUP].values()) > max(rates[WEAK].values())


def test_width_and_time_leave_edge_popup_behind_and_sgd_would_not_help_its_opponent() -> None:
    found = attacks.four_times_as_wide()
    near, far = (one[TRAINED] - one[POPUP] for one in found.values())
    assert near > far > 0
    assert max(attacks.trained_by_sgd().values()) < found[attacks.WIDEST][TRAINED] + 0.5
    longer = attacks.twelve_times_the_steps()
    assert longer[TRAINED] > longer[POPUP] + 1


def test_as_many_weights_in_one_layer_read_about_as_much() -> None:
    four, wide, six, wider = (found[POPUP] for found in attacks.as_many_weights_in_one_layer().values())
    assert abs(four - wide) < 1
    assert abs(six - wider) < 1


def test_bernoulli_masks_need_the_right_size_too() -> None:
    count, plain, constants = attacks.other_bernoulli_masks().values()
    assert min(count, constants) > plain


def test_time_gives_deep_bernoulli_masks_back_most_of_what_depth_costs() -> None:
    found = attacks.bernoulli_masks_in_a_deep_network()
    stored = paper_results.load("supermasks").table
    one_layer = stored[(stored["arm"] == BERNOULLI) & (stored["width"] == attacks.WIDTH) & (stored["hidden"] == 1)]
    usual = 100 * one_layer.query("steps == 500 and lr == 100")["accuracy"].mean()
    assert found["drawn, 4 x steps"] > (found["drawn, 1 x steps"] + usual) / 2


def test_a_mask_overfits_noisy_labels_less_and_a_regularised_opponent_is_level() -> None:
    found = attacks.noisy_labels()
    mask, trained = found.pop(POPUP), found.pop(TRAINED)
    assert mask["train"] < trained["train"]
    assert mask["test"] > trained["test"] + 5
    assert max(one["test"] for one in found.values()) > mask["test"] - 2


def test_twelve_layers_read_less_than_six() -> None:
    found = attacks.twelve_layers()
    assert max(found["twelve"].values()) < found["six"]["0.3"]


def test_masks_are_about_level_at_equal_bits() -> None:
    assert all(abs(one[POPUP] - one[TRAINED]) < 2 for one in attacks.equal_bits().values())
