"""What the lesson tells instructors of its attacks: which hold, and which turn the result around."""

import numpy as np
import pytest
from lessons.pruning_basics import attacks

from lthedu.lessons.pruning_basics.experiment import GRADUAL, RANDOM, SAME_BYTES, SMALL

pytestmark = pytest.mark.full


@pytest.fixture(scope="module")
def pruned() -> list[float]:
    """The pruned network, seed by seed."""
    return attacks.compared()[GRADUAL]


def ahead(a: list[float], b: list[float]) -> bool:
    """Whether `a` is ahead with every seed, as the lesson asks."""
    return all(x > y for x, y in zip(a, b, strict=True))


def test_with_equal_images_and_rates_of_their_own_the_pruned_network_wins(pruned) -> None:
    found = attacks.compared()
    assert ahead(pruned, found[SMALL])
    assert ahead(pruned, found[SAME_BYTES])


def test_where_the_small_one_alone_is_tuned_it_wins() -> None:
    found = attacks.large_one_not_tuned()
    assert ahead(found[SAME_BYTES], found[GRADUAL])


def test_a_rate_beyond_the_search_helps_no_arm() -> None:
    own, twice = attacks.compared(), attacks.twice_the_rate()
    assert all(np.mean(twice[arm]) < np.mean(own[arm]) + 0.1 for arm in own)


def test_with_a_falling_rate_the_small_network_is_better_than_late_cuts_and_early_ones_beat_it() -> None:
    late, early = attacks.a_falling_rate(early=False), attacks.a_falling_rate(early=True)
    assert np.mean(late[SAME_BYTES]) > np.mean(late[GRADUAL]) + 0.2
    for found in (early, attacks.a_falling_rate(early=True, seeds=(50, 51, 52, 53, 54))):
        assert ahead(found[GRADUAL], found[SAME_BYTES])


def test_with_a_falling_rate_early_cuts_do_not_win_at_the_largest_size() -> None:
    largest = attacks.a_falling_rate(early=True, total=27_000)
    assert not ahead(largest[GRADUAL], largest[SAME_BYTES])


def test_other_small_dense_networks_of_equal_bytes_stay_behind(pruned) -> None:
    assert ahead(pruned, attacks.two_hidden_layers())
    assert all(ahead(pruned, found) for found in attacks.coarser_pixels().values())


def test_a_better_random_mask_closes_more_than_half_of_the_gap(pruned) -> None:
    uniform, better = np.mean(attacks.compared()[RANDOM]), np.mean(attacks.a_better_random_mask())
    assert (uniform + np.mean(pruned)) / 2 < better < np.mean(pruned)


def test_the_small_network_needs_more_than_twice_the_numbers(pruned) -> None:
    found = {times: np.mean(accuracies) for times, accuracies in attacks.more_numbers().items()}
    assert found[2] < np.mean(pruned) - 0.2
    assert found[6] > np.mean(pruned) + 0.2


def test_with_ten_times_the_steps_and_with_convolutions_a_small_network_wins(pruned) -> None:
    assert all(ahead(found, pruned) for found in attacks.as_many_operations().values())
    assert sum(p.numel() for p in attacks.Convolution().parameters()) < attacks.TOTAL
    assert np.mean(attacks.a_convolution()) > np.mean(pruned)


def test_more_than_half_of_the_lead_is_there_if_whole_units_are_pruned(pruned) -> None:
    small, units = np.mean(attacks.compared()[SAME_BYTES]), np.mean(attacks.whole_units())
    assert small + (np.mean(pruned) - small) / 2 < units < np.mean(pruned)
