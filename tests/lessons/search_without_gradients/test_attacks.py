"""What the lesson on searches without gradients says of the attacks on its verdict, held by the attacks themselves."""

import pytest
from lessons.search_without_gradients import attacks

from lthedu.supermasks import nfl

pytestmark = pytest.mark.full


@pytest.mark.parametrize(
    "attack",
    [attacks.hill_climbing_that_computes_only_what_changed, attacks.annealing_that_computes_only_what_changed],
)
def test_a_swap_can_be_had_for_a_fraction_of_a_pass_and_reaches_the_gradient_s_loss(attack) -> None:
    found = attack()
    assert found["loss"] == pytest.approx(found["loss, computed anew"], abs=0.002)
    assert found["loss"] < found["gradient"] + 0.05
    assert found["passes' worth"] < 250  # of 40,000 swaps


def test_hill_climbing_draws_level_with_the_gradient_in_the_end() -> None:
    found = attacks.hill_climbing_for_four_times_as_long()
    assert found["loss"] < found["gradient"]  # which had 2,500 passes
    assert found["loss"] == pytest.approx(min(attacks.gradient_for_longer().values()), abs=0.01)


def test_looking_at_no_value_but_far_apart_beats_climbing_on_smooth_functions() -> None:
    found = attacks.searches_that_look_at_nothing()
    climbed = nfl.mean_best(nfl.climb, nfl.smooth(nfl.all_functions(6, 4)))
    assert all(blind >= seeing for blind, seeing in zip(found[3, 0, 5, 1, 2, 4], climbed, strict=True))


def test_on_few_images_the_gradient_is_cheaper_again() -> None:
    found = attacks.gradient_on_few_images()
    assert max(found[50]) < min(found[1000]) / 2


def test_no_temperature_is_much_better_than_none() -> None:
    found = attacks.temperatures()
    assert found[0.0] - min(found.values()) < 0.05


def test_the_gradient_s_rate_matters_little_and_its_mask_is_hard_to_improve() -> None:
    rates = attacks.gradient_at_other_rates()
    assert max(rates.values()) - min(rates.values()) < 0.05
    found = attacks.climbing_from_the_gradients_mask()
    assert 0 <= found["gradient"] - found["climbed on"] < 0.02


def test_the_best_genetic_algorithm_has_nearly_no_population_and_is_far_behind_early_on() -> None:
    found = attacks.genetic_algorithms()
    assert min(found, key=found.__getitem__)[0] == 2
    assert found[5, 1, "crossover"] < found[5, 1, "none"]
    assert min(found.values()) > 1.2
    assert min(attacks.evolution_strategies().values()) > 1.2
    assert min(attacks.many_swaps_at_first().values()) > 1.4


def test_the_gradient_s_lead_grows_with_the_network() -> None:
    leads = [climbed - guided for climbed, guided in attacks.networks_of_other_sizes().values()]
    assert leads == sorted(leads)
    assert leads[0] < 0.1
    assert leads[-1] > 1
    assert all(climbed - guided > 0.1 for climbed, guided in attacks.scaled_weights().values())


def test_on_a_small_task_with_two_classes_the_gradient_is_not_ahead() -> None:
    found = attacks.two_digits()
    assert found["hill climbing"] < min(found["gradient at 3"], found["gradient at 30"])
