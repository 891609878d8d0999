"""What the lesson on rewinding says of the attacks on its verdict, held by the attacks themselves."""

import pytest
from lessons.rewinding import attacks

pytestmark = pytest.mark.full


def test_the_root_of_the_density_overshoots_and_the_measured_norm_does_not() -> None:
    found = attacks.divided_by_root_density()
    assert found["smallest variance after dividing"] > 1.2
    assert found["norms restored"] > found["divided by the root of the density"] + 10
    assert found["rewound"] > found["reset"] + 10
    signal = attacks.signal_restored()
    assert abs(signal["signal restored"] - found["norms restored"]) < 3
    assert abs(signal["every layer times 2.5"] - found["norms restored"]) < 3
    assert attacks.norms_of_step_150()["reset, norms of step 150"] > found["reset"] + 10


def test_neither_the_lift_nor_the_order_is_a_lucky_one() -> None:
    *lifts, alone = attacks.other_lifts().values()
    assert max(lifts) - min(lifts) < 1.5
    order = attacks.in_the_old_order()
    assert min(lifts) > order["rewound, new order"] - 0.5
    assert alone > order["reset, new order"] + 10
    for name, near in (("reset", 5), ("revived", 1.5), ("rewound", 1.5)):
        assert abs(order[f"{name}, old order"] - order[f"{name}, new order"]) < near


def test_another_rate_helps_fine_tuning_alone() -> None:
    best = attacks.own_rates()
    del best["rewound, k = 0"]  # two rates are as good for the plain reset
    assert set(best.values()) == {0.1}
    tuned = attacks.fine_tuned_at_other_rates()
    assert tuned[0.03] > tuned[0.001] + 30


def test_only_between_the_lessons_densities_rewinding_matches_dense_where_a_reset_does_not() -> None:
    lost = {
        d: (dense - back, dense - reset) for d, (dense, back, reset) in attacks.both_halves_at_one_density().items()
    }
    assert lost[0.1][1] < 2
    assert lost[0.05][0] > 2
    assert lost[0.08][0] < 1.5 < lost[0.08][1]


def test_the_hill_is_low_for_later_children_that_have_all_the_steps() -> None:
    found = attacks.children_with_all_the_steps()
    assert found["from step 0, 600 steps"] > 2
    assert found["from step 150, 600 steps"] < 0.5


def test_the_sparse_networks_that_do_well_are_the_stable_ones() -> None:
    found = attacks.sparse_children()
    stable = max(found["rewound, k = 150"], found["norms restored, units revived, k = 0"])
    assert min(found["norms restored, k = 0"], found["rewound, k = 0"]) > 1.5 * stable


def test_long_at_the_short_rate_dead_units_are_what_norms_do_not_repair() -> None:
    found = attacks.long_at_the_short_rate()
    assert found["weights kept in the last hidden layer"] < 200
    assert found["dead units there, in percent"] > 75
    assert found["norms restored, units revived"] > found["norms restored"] + 10
    assert found["norms restored, units revived"] > found["rewound"] - 1  # three of thirteen rewound fail


def test_at_smaller_rates_a_stable_start_does_not_make_a_reset_good() -> None:
    found = attacks.at_smaller_rates()
    assert max(one["barrier"] for one in found.values()) < 2
    assert min(found[0.05]["dense"], found[0.03]["dense"]) > attacks.dense(attacks.trained()) + 0.5
    for one in found.values():
        assert one["rewound"] - one["reset"] < 10
        assert one["reset, both repairs"] > one["rewound"] + 1
    assert found[0.01]["reset"] < 40


def test_a_stable_start_fails_at_three_percent() -> None:
    found = attacks.stable_and_sparser()
    for better in ("rewound", "reset, both repairs"):
        assert found[better] > found["reset"] + 20


def test_rewinding_keeps_a_part_of_its_lead_without_the_repairs() -> None:
    found = attacks.rewound_without_the_repairs()
    assert found["bare, in percent dead in the last hidden layer"] > 75
    assert found["reset"] + 10 < found["bare, 600 steps"] < found["rewound, 600 steps"] - 2


def test_most_dead_units_are_due_to_few_inputs() -> None:
    found = attacks.why_units_are_dead()
    assert found["norms restored"] == found["reset"]
    for control in ("random signs", "reinitialised"):
        assert 50 < found[control] < found["reset"] - 10


def test_trained_signs_are_worth_the_ticket_s_own_weights() -> None:
    own, fresh, signed = attacks.trained_signs_with_new_magnitudes().values()
    assert abs(signed - own) < 1
    assert min(signed, own) > fresh + 3


def test_most_of_the_hill_is_exchanged_units() -> None:
    found = attacks.units_exchanged()
    for name in ("from step 0", "from step 20", "strangers"):
        assert found[f"{name}, exchanged"] < found[name] / 3
