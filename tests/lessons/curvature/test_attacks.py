"""What the lesson on curvature says of the attacks on its verdicts, held by the attacks themselves."""

import pytest
from lessons.curvature import attacks

from lthedu.lessons.curvature.experiment import BATCHES, BULK, DOMINANT, FULL, LARGEST

pytestmark = pytest.mark.full


@pytest.mark.parametrize("attack", [attacks.pixels_from_0_to_1, attacks.two_hidden_layers])
def test_without_noise_the_share_is_gone_with_other_pixels_and_networks_too(attack) -> None:
    found = attack()
    assert found[BATCHES][-1] > 50
    assert found[FULL][-1] < 10


def test_steps_beside_do_the_work_however_long() -> None:
    found = attacks.ten_times_the_steps()
    assert found[BULK] > 80
    assert found[DOMINANT] < 20


def test_leaving_out_random_directions_changes_nothing() -> None:
    found = attacks.random_directions()
    assert found[BULK] > 90
    assert found[DOMINANT] < 10


def test_from_the_first_step_and_beside_thirty_directions_little_is_missed() -> None:
    for found in (attacks.from_the_first_step(), attacks.thirty_directions()):
        assert found[BULK] > 90
        assert found[DOMINANT] < 20


def test_layer_counts_explain_most_at_other_seeds() -> None:
    for layers, inputs, choice in attacks.masks_at_other_seeds().values():
        assert layers > 50
        assert layers + inputs > 70
        assert choice > 0


def test_a_mask_that_holds_the_directions_is_no_better_ticket() -> None:
    found = attacks.masks_that_hold_the_directions()
    holding, largest = found["largest part of the directions"], found[LARGEST]
    assert holding[0] > 1.5 * largest[0]
    assert holding[1] < largest[1] - 2


def test_places_are_worth_something_before_training_with_values_that_no_score_saw() -> None:
    for ahead in attacks.places_with_new_values().values():
        assert min(ahead) > 0
        assert sum(ahead) / len(ahead) < 2


def test_obs_chooses_better_at_other_seeds() -> None:
    found = attacks.obs_at_other_seeds()
    assert found["OBS"][0] < 0.6 * found["magnitude"][0]
    assert found["OBS"][1] < 0.7 * found["magnitude"][1]
    assert found["OBS score, no update"][1] < 0.8 * found["magnitude"][1]
    assert abs(found["OBD, then update"][1] / found["OBD"][1] - 1) < 0.15


def test_the_choice_of_obs_is_better_after_ten_times_the_steps_too() -> None:
    found = attacks.trained_on_ten_times_as_long()
    assert max(found["OBS"][1], found["OBS score, no update"][1]) < found["magnitude"][1]


def test_what_obs_chooses_is_more_than_its_layer_counts() -> None:
    found = attacks.obs_with_its_layer_counts()
    assert found["OBS"] < 0.7 * found["magnitude, counts of OBS"]
    assert found["magnitude, counts of OBS"] > 0.8 * found["magnitude"]
    assert found["random"] > found["magnitude"]


def test_a_restored_signal_does_not_save_random_masks_that_keep_as_little_in_every_layer() -> None:
    found = attacks.uniform_at_full_signal()
    assert max(found.values()) < 85
