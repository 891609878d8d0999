"""What the lesson says of the attacks on its verdict, held by the attacks themselves."""

import pytest
from lessons.what_the_theorem_does_not_say import attacks

from lthedu.proof import limits

pytestmark = pytest.mark.full


def test_no_choice_of_knots_beats_the_bound_and_at_the_bound_moving_them_helps() -> None:
    found = attacks.knots_that_move()
    assert min(found[5], found[6]) > 0.5 - 1e-6
    assert found[7] < 1 / 6


def test_the_best_sides_come_nearer_than_the_lessons_example() -> None:
    better, best = attacks.every_choice_of_sides()
    assert better == 86
    assert best == pytest.approx(1 / 14)


def test_the_routes_grow_alike_for_other_errors_and_draws() -> None:
    for growth in attacks.other_errors_allowed().values():
        assert growth["two layers"] > 1.8
        assert max(growth["three layers"], growth["as deep as the folds"]) < 1.5


def test_the_deep_route_adds_where_it_could_have_multiplied() -> None:
    four, eight, fourteen = attacks.more_folds().values()
    assert eight < 2 * four
    assert fourteen < 14 / 8 * eight  # a straight line above 0 at no folds


def test_a_fold_costs_the_bits_of_a_small_scale_and_few_folds_cost_fewer_at_a_large_one() -> None:
    found = attacks.other_scales()
    assert (found[0.5], found[0.25]) == pytest.approx((3, 4), abs=0.5)
    assert found[1.0] < 2  # where two bits are lost; twelve folds take two numbers each


@pytest.mark.parametrize("folds", [2, 3, 5, 8])
def test_folding_half_in_each_layer_is_folding_all(folds: int) -> None:
    halfway = attacks.halfway_sawtooth(folds)
    assert [layer.out_features for layer in halfway[::2]] == [2 ** (folds // 2), 2 ** (folds - folds // 2), 1]
    assert limits.distance(limits.pieces(halfway), limits.pieces(limits.tent_network(folds))) < 1e-12


def test_up_to_four_folds_the_three_layer_route_shows_its_first_layer() -> None:
    widest = {k: sizes.index(max(sizes)) for k, sizes in attacks.the_widest_of_three_layers().items()}
    assert widest == {2: 0, 3: 0, 4: 0, 5: 2}


def test_three_units_make_four_pieces_if_one_is_turned() -> None:
    assert attacks.turned_units_make_more_pieces() == [4, 16, 64]


def test_the_formula_for_few_kept_weights_is_for_small_errors() -> None:
    found = attacks.few_kept_by_formula()
    for eps in (0.1, 0.01):
        formula, few, free = found[eps]
        assert formula < few == free
    for eps in (1e-4, 1e-6):
        formula, few, free = found[eps]
        assert free < formula < few < 1.15 * formula


def test_without_biases_a_tent_is_further_away_than_from_a_constant() -> None:
    assert attacks.a_target_without_biases() == pytest.approx(2 / 3, abs=1e-3)


def test_the_search_for_neuron_masks_is_good_and_not_the_best() -> None:
    found = attacks.every_neuron_mask()
    assert 0 < found["search"] - found["all masks"] < 0.1


def test_masks_on_many_features_nearly_always_win() -> None:
    for wins in attacks.how_often_masks_win().values():
        assert min(wins) >= 18


def test_more_numbers_need_fewer_of_them_kept() -> None:
    found = attacks.fewest_of_many_numbers()
    assert 1 < found[40] < 2
    assert found[640] <= found[160] < found[40]


def test_no_search_that_climbs_comes_near_one_that_knows_the_targets() -> None:
    found = attacks.better_searches()
    assert min(value for name, value in found.items() if name != "targets known") > 50 * found["targets known"]


def test_random_masks_fail_because_all_must_be_right_at_once_and_flips_because_they_are_stuck() -> None:
    found = attacks.one_weight_at_a_time()
    assert found["random masks"]["at once"] > 50 * found["random masks"]["one by one"]
    assert found["flips"]["at once"] < 2 * found["flips"]["one by one"]
    assert found["flips"]["stuck"] == 1
