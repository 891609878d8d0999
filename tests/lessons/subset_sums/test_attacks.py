"""What the lesson on subset sums says of the attacks on its verdict, held by the attacks themselves."""

import math

import pytest
from lessons.subset_sums import attacks

from lthedu.proof import laws

pytestmark = pytest.mark.full


def test_a_bit_costs_one_number_where_the_distance_is_much_smaller() -> None:
    found = attacks.finer_than_the_lesson()
    assert 0.95 < found["slope"] < 1.1
    assert found["above"] < 1


def test_other_numbers_need_about_as_many() -> None:
    found = attacks.other_numbers()
    assert all(0.5 < slope < 1.4 for slope, _ in found.values())
    assert all(9 < needed < 14 for _, needed in found.values())


def test_without_signs_small_targets_are_expensive_and_others_are_not() -> None:
    found = attacks.without_signs()
    assert found["small targets, n_50 at 1/256"] > 16
    assert found["small targets, n_95 at 1/256"] == math.inf
    assert found["targets around 4, n_50 at 1/256"] < 11


def test_numbers_on_a_grid_reach_the_grid_and_no_further() -> None:
    reached, finer = attacks.on_a_grid().values()
    assert reached == 1
    assert finer < 0.2


def test_sharing_first_weights_changes_nothing_that_can_be_seen() -> None:
    found = attacks.first_weights_shared()
    assert abs(found["shared, percent missed"] - found["own, percent missed"]) < 1
    assert abs(found["shared, spread between layers"] - found["own, spread between layers"]) < 0.6


def test_each_draws_own_bell_predicts_failures_up_to_twelve_numbers() -> None:
    found = attacks.each_draws_own_bell()
    for n in (8, 10, 12):
        assert abs(found[n][1] / found[n][0] - 1) < 0.2
    missed, bell, rule = found[16]
    assert 2 * bell < missed < rule


def test_balanced_signs_make_failures_rare_at_other_distances() -> None:
    assert all(times > 10 for times in attacks.signs_at_other_distances().values())


def test_a_smaller_distance_comes_on_top_of_the_rule_of_the_rarer_sign() -> None:
    found = attacks.rule_at_other_distances()
    for missed, _, shifted in found.values():
        assert shifted / 3 < missed < 3 * shifted
    assert found[0.1][0] < found[0.1][1] / 5
    assert found[0.0001][0] > 20 * found[0.0001][1]


def test_keeping_nothing_makes_zero_a_target_unlike_others() -> None:
    found = attacks.targets_at_zero()
    formula = laws.expected_solutions(10, 1e-3)
    assert 0.9 < found[0.0] - found[0.05] < 1.1
    assert found[0.05] == pytest.approx(formula, rel=0.1)
    assert found[0.2] == pytest.approx(formula, rel=0.1)


def test_of_a_draw_that_fails_the_signs_matter_more_than_the_sizes() -> None:
    found = attacks.signs_or_sizes_redrawn()
    assert found["sizes"] > 5 * found["signs"]


def test_the_card_holds_for_smaller_errors_and_where_its_letters_differ() -> None:
    for eta, (missed, needed) in attacks.smaller_errors_for_the_card().items():
        rare = 1 / int(eta.partition("/")[2])
        assert missed < rare
        assert 1.5 * math.log2(2 / rare) < needed < 2.5 * math.log2(2 / rare)
    apart = attacks.distance_and_probability_apart()
    assert 1.5 < max(apart.values()) < 2.5


def test_greedy_keeps_few_numbers_and_a_search_not_always_fewer() -> None:
    found = attacks.greedy_against_fewest()
    assert all(0.4 < row["succeed"] < 0.6 for row in found.values())
    assert [found[eta]["every cell"] > 3 * n for eta, n in ((1e-2, 13), (1e-3, 23), (1e-4, 35))] == [True] * 3
    assert found[1e-2]["fewest"] < found[1e-2]["greedy keeps"]
    assert found[1e-4]["greedy keeps"] < found[1e-4]["fewest"]


def test_each_way_needs_numbers_of_its_own_kind() -> None:
    for spread, uniform in attacks.searching_with_the_coins().values():
        assert uniform < spread < 1.5 * uniform
    for uniform, spread in attacks.greedy_with_uniform_numbers().values():
        assert uniform < 0.6 < 0.9 < spread


def test_unequal_gaps_and_lost_sums_both_raise_the_slope() -> None:
    found = attacks.reasons_for_the_slope()
    sums, inside, every, even = (found[name] for name in found)
    assert abs(sums - inside) < 0.1
    assert 1 < every < sums - 0.05
    assert 1 < even < sums - 0.05
