"""The capstone's instructor cell quotes these."""

import pytest
from lessons.begin_with_more import capstone_attacks as attacks

from lthedu.experiments.verdicts import REFUTED, SUPPORTED

pytestmark = pytest.mark.full


def test_the_verdicts_are_those_of_other_seeds() -> None:
    found = attacks.other_seeds()
    assert [found[name][3] for name in ("place", "sizes", "fresh")] == [SUPPORTED, REFUTED, SUPPORTED]
    assert found["fresh, own rates"][3] != SUPPORTED
    assert found["fresh, longer"][3] == REFUTED


def test_the_first_stands_what_was_tried() -> None:
    denser = [found for name, found in attacks.other_densities().items() if "place" in name]
    for _, low, _, verdict in (attacks.ten_times_as_long()["place"], attacks.norms_and_inputs_at_once(), *denser):
        assert low >= 3
        assert verdict == SUPPORTED


def test_the_second_stays_refuted_and_leans_the_other_way_with_ten_times_the_steps() -> None:
    mean, low, high, verdict = attacks.ten_times_as_long()["sizes"]
    assert (verdict, high < 1) == (REFUTED, True)
    assert low < 0 < mean
    for name, found in attacks.other_densities().items():
        assert "sizes" not in name or found[3] == REFUTED


def test_fresh_weights_stay_behind_by_less_than_was_claimed() -> None:
    _, low, high, verdict = attacks.longer_at_own_rates()
    assert (verdict, low > 1, high < 3) == (REFUTED, True, True)
