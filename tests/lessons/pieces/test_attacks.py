"""What the lesson on pieces says of the attacks on its verdict, held by the attacks themselves."""

import pytest
from lessons.pieces import attacks

pytestmark = pytest.mark.full


@pytest.mark.parametrize(
    "attack",
    [
        attacks.by_formulas,
        attacks.by_area,
        attacks.at_the_answers_borders,
        attacks.between_the_digits,
        attacks.digits_of_one_kind,
    ],
)
def test_however_pieces_are_counted_most_stay_at_a_fifth_of_the_weights(attack) -> None:
    found = attack()
    assert found["pruned 20"] > 70
    assert found["small 20"] < 25
    assert found["pruned 20"] > found["pruned 10"] > found["pruned 5"]
    assert found["pruned 20"] > found["random 20"] + 10


def test_so_it_is_where_weights_are_rewound_or_layers_compete() -> None:
    for found in (attacks.rewound(), attacks.one_mask_for_all_layers()):
        pieces, accuracy = found["20"]
        assert pieces > 65
        assert accuracy > 93


def test_wide_networks_keep_nearly_all_pieces_and_deep_narrow_ones_lose_pieces_and_accuracy() -> None:
    found = attacks.other_networks()
    for shape in ("64", "48-48"):
        pieces, lost = found[shape]
        assert pieces > 80
        assert lost < 1.5
    pieces, lost = found["16-16-16-16"]
    assert pieces < 65
    assert lost > 2


def test_at_equal_accuracy_pruned_networks_are_where_the_dense_one_was() -> None:
    found = attacks.at_equal_accuracy()
    for name, ratio in found.items():
        assert 0.7 < ratio < 1.3 if name.startswith("pruned") else ratio < 1.1


def test_on_shuffled_slices_they_are_below_it() -> None:
    found = attacks.at_equal_accuracy_on_shuffled_slices()
    assert found["pruned 5"] < 0.75
    assert found["pruned 5"] < found["pruned 10"] < found["pruned 20"]


def test_at_three_times_the_rate_most_pieces_stay_with_a_random_mask_too() -> None:
    (pruned, _), (random, _) = attacks.at_three_times_the_rate().values()
    assert pruned > 70
    assert 50 < random < pruned


def test_on_pooled_pixels_a_small_network_has_more_than_a_tenth_of_the_pieces() -> None:
    _, pieces, accuracy = attacks.small_on_pooled_pixels()["20"]
    assert 10 < pieces < 50
    assert accuracy > 92


def test_cutting_takes_few_pieces_from_an_untrained_network() -> None:
    assert min(attacks.masks_of_untrained_networks().values()) > 60


def test_a_random_mask_on_every_layer_leaves_one_answer_on_most_of_a_slice() -> None:
    found = attacks.one_answer_everywhere()
    (random, reads), (largest, _) = (found[f"{name}, output layer 5 %"] for name in ("random", "largest"))
    assert sum(random) > sum(largest) + 50
    assert reads < 25


def test_a_plain_network_trains_at_32_layers_from_another_start_than_the_identity() -> None:
    assert max(attacks.orthogonal_start().values()) > 50
    assert max(attacks.looks_linear_start().values()) > 85
