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


def test_going_back_is_worth_its_signs() -> None:
    ticket, signs, sizes, fresh = (np.mean(read) for read in attacks.signs_or_sizes().values())
    assert abs(ticket - signs) < 0.25 < ticket - fresh
    assert abs(sizes - fresh) < 0.25 < ticket - sizes


def test_where_the_rate_falls_new_values_read_more_than_whole_networks_and_tickets_still_lead() -> None:
    found = {arm: np.mean(read) for arm, read in attacks.falling_rate().items()}
    assert found[REINIT] > found[DENSE]
    assert all(found[WINNING] > found[arm] + 0.25 for arm in (DENSE, REINIT, RANDOM))


@pytest.mark.parametrize("falls", [False, True])
def test_a_whole_network_reads_as_well_at_the_cost_of_a_ticket(falls: bool) -> None:
    ticket, whole = attacks.equal_cost(falls)
    assert abs(ticket - whole) < 0.25


def test_a_mask_from_before_training_reads_about_as_well_as_a_whole_network() -> None:
    whole, early = attacks.mask_before_training()
    assert abs(np.mean(whole) - np.mean(early)) < 0.4


def test_half_of_the_weights_can_go_because_they_are_small() -> None:
    lost = attacks.other_halves()
    assert lost["smallest"] < 1 > lost["as much squared norm, at random"]
    assert lost["smallest at the start"] > 1
    assert min(lost["at random"], lost["moved least"]) > 5


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


def test_enough_patience_finds_nearly_the_best_choice_of_twenty() -> None:
    found = attacks.more_patience()
    assert found[10] > 20
    assert found[1000] < 5


def test_ten_patient_starts_are_little_better_than_as_many_blind_guesses() -> None:
    patient, blind = attacks.blind_guesses()
    assert 20 < patient < blind < 3 * patient


def test_eight_random_numbers_for_each_weight_are_enough_and_five_are_not() -> None:
    found = attacks.weights_from_numbers()
    whole = attacks.reads(attacks.whole((100, 101, 102))[1].params)
    assert found[5] < whole - 2
    assert found[8] > whole - 0.5
