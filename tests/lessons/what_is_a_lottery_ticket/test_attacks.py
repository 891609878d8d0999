"""The attacks give what the lesson says of them: some sentences stand, and others were given up for them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from lthedu.experiments.study import DENSE, RANDOM, REINIT, WINNING

SPEC = importlib.util.spec_from_file_location("attacks", Path(__file__).with_name("attacks.py"))
attacks = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(attacks)

pytestmark = pytest.mark.full


@pytest.mark.parametrize("arm", [DENSE, WINNING, REINIT, RANDOM])
def test_every_arm_trains_at_about_its_best_rate(arm: str) -> None:
    found = attacks.best_rate(arm)
    assert found[attacks.OWN[arm]] > max(found.values()) - 0.3


def test_at_one_rate_for_all_the_lead_over_new_first_values_is_larger() -> None:
    one = attacks.one_rate_for_all()
    own = {arm: np.mean(attacks.learned((100, 101, 102), arm, attacks.OWN[arm])) for arm in (WINNING, REINIT)}
    assert one[WINNING] - one[REINIT] > 1.5 * (own[WINNING] - own[REINIT])


def test_tickets_lead_controls_of_equal_size_and_of_equal_pixels() -> None:
    ticket, *controls = attacks.stronger_controls().values()
    for control in controls:
        assert np.mean(ticket) > np.mean(control)


def test_a_tenth_reads_less_where_every_layer_keeps_its_own_share() -> None:
    by_layer, together = attacks.layer_by_layer()[0.1]
    assert by_layer < 75 < together


def test_a_random_half_stays_behind_with_every_neuron_s_mean_and_spread_restored() -> None:
    pruned, restored = attacks.random_half_restored()
    assert pruned < restored < 95


def test_halving_needs_both_signs_many_digits_and_targets_within_reach() -> None:
    found = attacks.other_numbers()
    assert all(found[kind] > 1.5 for kind in ("uniform", "normal", "products of two"))
    assert all(found[kind] < 1.3 for kind in ("all positive", "whole tenths"))
    assert attacks.far_targets() < 1.5


def test_ten_times_the_patience_does_not_reach_the_best_choice_of_twenty() -> None:
    found = attacks.more_patience()
    assert found[10] > found[100] > 5
