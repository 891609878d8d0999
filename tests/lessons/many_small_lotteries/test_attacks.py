"""What the lesson says of its attacks: at 6 % of the weights random networks stay behind, if they share no weights."""

import pytest
from lessons.many_small_lotteries import attacks

from lthedu.experiments.study import DENSE, RANDOM, REINIT, WINNING

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def goal() -> float:
    return attacks.goal()


def test_fresh_weights_as_large_as_the_tickets_help_neither_arm_to_the_goal(goal: float) -> None:
    found = attacks.signal_restored()
    assert found[RANDOM]["best"] < goal - 2
    assert found[REINIT]["mean"] < goal


def test_random_connections_between_fewer_units_stay_behind(goal: float) -> None:
    assert max(found["best"] for found in attacks.fewer_hidden_units().values()) < goal - 2


def test_small_dense_networks_on_all_pixels_stay_behind_at_6_percent_and_not_at_56(goal: float) -> None:
    found = attacks.finer_pixels()
    assert found[7]["best"] < goal - 2
    assert found[56]["mean"] > goal


def test_about_every_second_small_convolutional_network_wins_with_6_percent(goal: float) -> None:
    found = attacks.shared_weights()
    assert found["best"] > goal
    assert found["mean"] > goal - 1


def test_random_masks_with_the_tickets_pixels_come_closer_and_stay_behind(goal: float) -> None:
    assert attacks.the_tickets_pixels()["best"] < goal - 1


def test_with_ten_times_the_steps_no_lottery_comes_near_the_goal_and_tickets_of_short_trainings_do() -> None:
    found = attacks.ten_times_the_steps()
    goal = found[DENSE]["mean"] - 1
    assert max(found[arm]["best"] for arm in (RANDOM, attacks.SMALL)) < goal - 1
    assert goal - 1 < found[WINNING]["mean"] < goal + 1


def test_with_half_of_the_weights_random_masks_reach_the_goal_after_ten_times_the_steps_too() -> None:
    found = attacks.half_of_the_weights_and_ten_times_the_steps()
    assert found[RANDOM]["mean"] > found[DENSE]["mean"] - 1
