"""What the lesson on shipping says of the attacks on its verdict, held by the attacks themselves."""

import pytest
from lessons.ship_it import attacks

pytestmark = pytest.mark.full


def test_without_training_few_bits_lead_for_other_seeds_and_with_equal_shares_of_layers() -> None:
    assert min(attacks.other_seeds().values()) > 0
    assert min(attacks.each_layer_its_share().values()) > 0


def test_with_training_they_stay_close_for_other_seeds_and_for_longer() -> None:
    for found in (attacks.other_seeds_trained(), attacks.three_times_the_training()):
        assert max(abs(lead) for lead in found.values()) < 0.5


def test_both_lead_without_zip_as_well() -> None:
    assert min(attacks.both_without_zip().values()) > 0


def test_another_compressor_is_better_than_raw_values_and_the_masks_entropy_where_many_are_kept() -> None:
    found = attacks.another_zip()
    assert found["0.5"] < 1
    assert found["0.1"] < 1


def test_small_networks_are_behind_pruned_ones_on_all_pixels_and_close_to_them_on_pooled_ones() -> None:
    assert max(attacks.small_on_all_pixels().values()) < 0
    assert max(abs(lead) for lead in attacks.all_on_pooled_pixels().values()) < 0.5
