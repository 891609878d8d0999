"""What the lesson on pruning as all that is needed says of the attacks on its verdict, held by the attacks."""

import pytest
from lessons.pruning_is_all_you_need import attacks

from lthedu.proof import growth

pytestmark = pytest.mark.full


def test_a_mask_reads_on_its_own_random_network_alone() -> None:
    found = attacks.masks_and_networks_that_do_not_belong_together()
    assert found.pop("ticket") > 90
    another = found.pop("another target's mask for the same network")
    assert another < 25
    assert max(found.values()) < 25


def test_other_candidates_in_any_one_layer_are_enough_to_read_nothing() -> None:
    assert max(attacks.other_candidates_in_one_layer().values()) < 40


def test_a_network_that_was_never_trained_is_copied_as_well() -> None:
    found = attacks.targets_that_read_nothing()
    assert found["missed"] == 0
    assert found["read"] < 30
    assert found["alike"] > 95


def test_images_that_are_no_digits_are_answered_alike_a_little_less_often() -> None:
    found = attacks.inputs_that_are_no_digits()
    assert min(found.values()) > 95


def test_a_longer_search_stays_far_below_the_certificate() -> None:
    for short, long, certificate in attacks.longer_searches().values():
        assert short <= long < 2 * short
        assert certificate > 10 * long


def test_some_inputs_are_answered_differently() -> None:
    found = attacks.lines_between_digits()
    assert found["of lines, somewhere"] > 10
    assert found["of points"] < 2


def test_a_ticket_may_be_smaller_than_its_target() -> None:
    found = attacks.smaller_tickets()
    kept, alike = found["fewest numbers, eta 0.03"]
    assert kept < 1
    assert alike > 95
    assert found["fewest numbers, eta 0.01"][0] > 1
    kept, alike = found["target that kept 20 % of its weights"]
    assert kept < 1
    assert alike > 99


def test_a_hit_of_every_weight_does_not_mean_that_answers_agree() -> None:
    found = attacks.trained_and_deep()
    assert {missed for missed, _, _ in found.values()} == {0}
    (_, alike, small), (_, finer, _), (_, cured, _) = found.values()
    assert alike < 95
    assert finer < 99
    assert cured > 99
    assert small > 50
    (missed, off), (missed_deep, off_deep) = attacks.biases_never_trained().values()
    assert missed == missed_deep == 0
    assert off < 0.3
    assert off_deep > 0.5


def test_one_large_weight_uses_up_the_eta_of_its_layer() -> None:
    plain, _, outlier, by_rows = attacks.the_same_function_in_other_weights().values()
    assert plain[0] == outlier[0] == by_rows[0] == 0
    assert plain[1] > 99
    assert outlier[1] < 50
    assert by_rows[1] > 99


def test_a_smaller_eta_proves_more_answers() -> None:
    found = attacks.smaller_etas()
    assert {missed for missed, _, _ in found.values()} == {0}
    assert found[1e-3][1] > 1 > found[1e-4][1]
    assert found[1e-6][2] > 99


def test_a_coarse_ticket_is_larger_than_what_it_copies() -> None:
    found = attacks.what_a_coarse_ticket_copies()
    assert found["above eta"] < found["kept"] < 1
    assert found["alike without the others"] > 98


def test_the_rule_is_for_a_target_that_was_drawn_before() -> None:
    (before, after), (_, wider) = attacks.targets_chosen_after_the_network().values()
    assert before <= 4
    assert after > before
    assert wider < after


def test_missed_weights_have_few_candidates_of_one_sign() -> None:
    for at_most_one, at_most_two in attacks.signs_of_missed_weights().values():
        assert at_most_one < 50 < at_most_two


def test_without_a_miss_deep_and_narrow_targets_may_still_be_far_off() -> None:
    found = attacks.deep_and_narrow()
    (missed, off, bound), (missed_deep, off_deep, bound_deep) = found[3], found[30]
    assert missed == missed_deep == 0
    assert off_deep > 3 * off
    assert bound_deep > 100 * bound


def test_signal_and_errors_shrink_alike_from_layer_to_layer() -> None:
    found = attacks.errors_on_their_way()
    (signal, error), (last, last_error) = found[1], found[29]
    assert last < 1e-10 * signal
    assert last_error < 1e-10 * error
    assert last_error / last > 3 * error / signal


def test_larger_etas_miss_fewer_weights() -> None:
    found = attacks.misses_at_larger_etas()
    assert found[0.01] > 2 * found[0.03] > 4 * found[0.1]


def test_fewer_candidates_miss_weights_before_they_change_answers() -> None:
    found = attacks.fewer_candidates_than_the_rule()
    assert found[35][0] == found[32][0] == 0
    assert found[12][0] > 20_000
    assert min(alike for _, alike, _ in found.values()) > 99
    rule = found[35][2]
    assert found[24][2] < 1.2 * rule
    assert found[12][2] > 3 * rule


def test_the_rule_for_candidates_is_not_much_larger_than_it_must_be() -> None:
    less, little_less, rule = attacks.draws_of_one_small_target().values()
    assert rule <= 8  # delta says 3 of 300
    assert less > little_less > 0
    assert less > 20


def test_a_target_that_was_trained_longer_is_copied_as_well() -> None:
    found = attacks.trained_longer()
    assert found["missed"] == 0
    assert found["alike"] > 99


def test_these_targets_could_be_had_without_scaling() -> None:
    assert attacks.weights_that_are_not_scaled() == {"as they are": 0, "scaled": 0}


def test_the_three_proofs_grow_alike_for_other_draws() -> None:
    found = attacks.other_draws_of_the_three_proofs()
    assert 1.7 < found[growth.MALACH][0] < 2.3
    assert 0.8 < found[growth.LUCKY][0] < 1.2
    assert max(found[growth.BLOCKS][1], found[growth.FREE][1]) < 8
