"""What the lesson says of its attacks: scattered connections stay behind, patches win, tickets stay ahead of draws."""

import pytest
from lessons.many_small_lotteries import attacks

from lthedu.experiments.study import DENSE, REINIT, WINNING
from lthedu.lessons.many_small_lotteries.experiment import PATCHES, SCATTERED, SMALL

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def goal() -> float:
    return attacks.goal()


def test_fresh_weights_as_large_as_the_tickets_help_neither_arm_to_the_goal(goal: float) -> None:
    found = attacks.signal_restored()
    assert found[SCATTERED]["best"] < goal - 1
    assert found[REINIT]["mean"] < goal


def test_random_connections_between_fewer_units_stay_behind(goal: float) -> None:
    assert max(found["best"] for found in attacks.fewer_hidden_units().values()) < goal - 2


def test_random_masks_with_the_tickets_pixels_come_closer_and_stay_behind(goal: float) -> None:
    assert attacks.the_tickets_pixels()["best"] < goal - 1


def test_about_every_second_small_convolutional_network_wins(goal: float) -> None:
    found = attacks.shared_weights()
    assert found["best"] > goal
    assert found["mean"] > goal - 1


def test_random_masks_win_where_a_third_of_the_weights_or_more_are_kept(goal: float) -> None:
    found = attacks.more_of_the_weights()
    assert found[1]["mean"] > goal
    assert found[2]["best"] > goal
    assert found[4]["best"] < goal - 1


def test_a_ticket_whose_values_change_places_is_no_better_than_fresh_weights(goal: float) -> None:
    assert attacks.values_permuted()["mean"] < goal


def test_with_a_falling_rate_patches_come_less_often_to_a_higher_goal() -> None:
    found = attacks.falling_rate()
    goal = found[DENSE]["mean"] - 1
    assert goal > 94.5
    assert found[PATCHES]["mean"] < goal < found[PATCHES]["best"]


def test_the_best_of_eight_longer_small_dense_networks_is_about_as_good_as_a_ticket(goal: float) -> None:
    assert min(attacks.eight_small_dense_networks_of_ten_times_the_steps()) > goal + 1


def test_with_ten_times_the_steps_for_all_tickets_and_patches_come_near_the_goal_and_scattered_pixels_do_not() -> None:
    found = attacks.ten_times_the_steps()
    goal = found[DENSE]["mean"] - 1
    assert goal - 1 < found[PATCHES]["mean"] < found[WINNING]["mean"] < goal + 1
    assert found[SCATTERED]["best"] < goal - 1.5


@pytest.mark.parametrize("seed", [0, 101])
def test_for_the_price_of_a_ticket_one_longer_patch_network_is_better_and_a_dense_one_the_best(seed: int) -> None:
    found = attacks.one_training_for_the_price(seed)
    longer = found["longer"]
    goal = longer[DENSE]["mean"] - 1
    assert found["ticket"]["test"] < longer[PATCHES]["test"] < longer[DENSE]["test"] - 1
    assert longer[SMALL]["best"] < goal
    assert max(longer[arm]["test"] for arm in longer if arm != DENSE) < longer[DENSE]["test"]
    assert 0.5 < longer[WINNING]["mean"] - longer[REINIT]["mean"] < 2


@pytest.mark.parametrize("seed", [0, 101])
def test_scattered_pixels_of_the_middle_win_about_every_second_time_in_longer_trainings(seed: int) -> None:
    found, goal = attacks.pixels_of_the_middle(seed), attacks.goal(seed)
    assert found["short"]["best"] < goal
    assert found[SCATTERED]["best"] < goal
    assert sum(val >= goal for val in found["longer"]["all"]) > attacks.DRAWS / 4


def test_in_the_stored_run_tickets_reach_the_dense_networks_goal_and_fresh_weights_do_not() -> None:
    found = attacks.dense_networks_of_the_stored_run()
    assert found[WINNING] > 0.95
    assert found[REINIT] < 0.001
