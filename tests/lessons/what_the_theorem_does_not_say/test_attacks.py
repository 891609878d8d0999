"""What the lesson says of the attacks on its verdict, held by the attacks themselves."""

import numpy as np
import pytest
from lessons.what_the_theorem_does_not_say import attacks

pytestmark = pytest.mark.full


def test_no_choice_of_knots_beats_the_bound_and_at_the_bound_moving_them_helps() -> None:
    found = attacks.knots_that_move()
    assert min(found[5], found[6]) > 0.5 - 1e-6
    assert found[7] < 1 / 6


def test_the_routes_grow_alike_for_other_errors_and_draws() -> None:
    for growth in attacks.other_errors_allowed().values():
        assert growth["two layers"] > 1.8
        assert max(growth["three layers"], growth["as deep as the folds"]) < 1.5


def test_the_deep_route_adds_where_it_could_have_multiplied() -> None:
    added = np.diff(list(attacks.more_folds().values()))
    assert added[-1] <= added[0] < 120  # under 60 a fold


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


def test_other_sides_of_the_seven_knots_come_nearer_than_a_sixth() -> None:
    least, better = attacks.other_sides_of_the_knots()
    assert least == pytest.approx(1 / 14, abs=1e-6)
    assert better == 86


def test_only_random_masks_fail_because_all_must_be_right_at_once() -> None:
    (alone, at_once), (flips_alone, flips_at_once) = attacks.each_weight_alone().values()
    assert at_once > 10 * alone
    assert flips_at_once < 1.5 * flips_alone
