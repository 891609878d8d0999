"""What the lesson on beginning with more says of the attacks on its verdicts, held by the attacks themselves."""

import pytest
from lessons.begin_with_more import attacks

from lthedu.lessons.begin_with_more import memory
from lthedu.lessons.begin_with_more.plans import FAST, GROWN, PEAK, RIGL, STATIC, TWICE

pytestmark = pytest.mark.full


def test_on_other_seeds_and_shapes_a_brief_surplus_helps_at_equal_steps() -> None:
    found = attacks.other_seeds()
    assert min(found[FAST], found[GROWN]) > found[RIGL] + 0.3
    assert found[RIGL] > found[STATIC] + 1.5
    assert found[TWICE] < found[GROWN]
    for shape in (attacks.larger_layers(), attacks.one_small_layer()):
        assert shape[GROWN] > shape[RIGL] + 0.3
        assert shape["RigL, 1600"] > shape[FAST]


def test_rigl_for_less_cost_reads_more_than_a_dense_start() -> None:
    assert attacks.three_times_the_steps_at_less_cost()[RIGL] > attacks.other_seeds()[FAST] + 0.5


def test_the_draw_at_equal_cost_is_rigls_and_not_sets() -> None:
    exact = attacks.at_equal_multiplications()
    assert max(abs(exact[f"{GROWN}, {steps}"]) for steps in (150, 500, 1600, 5000)) < 0.6
    assert exact[f"{FAST}, 500"] > 0.5
    assert max(attacks.with_random_growth()[f"{GROWN}, {steps}"] for steps in (150, 500, 1600)) < -0.5


def test_on_signals_a_dense_start_is_behind_and_growing_is_ahead() -> None:
    found = attacks.on_signals()
    assert found[FAST] < found[RIGL] < found[GROWN]


def test_a_late_peak_is_far_behind_and_its_height_matters_little() -> None:
    found = attacks.other_peaks()
    assert found["late"] < found["to 15 %"] - 3
    assert abs(found["to 15 %"] - found["to 80 %"]) < 1.5


def test_most_of_a_lead_is_where_the_weights_are() -> None:
    ends, again = attacks.other_seeds(), attacks.masks_from_scratch()
    for arm in (RIGL, FAST, PEAK):
        assert again[arm] - ends[STATIC] > 0.4 * (ends[arm] - ends[STATIC])
    assert again[GROWN] > ends[STATIC] + 1


def test_random_pairs_are_behind_under_hebbs_rule_alone() -> None:
    found = attacks.a_better_rule()
    assert found["random, Hebb"] < found["strongest, Hebb"] - 0.1
    assert found["random, corrected"] > found["strongest, Hebb"] - 0.05
    for changed in (attacks.more_noise(), attacks.twice_the_units(), attacks.a_larger_budget()):
        assert changed[memory.STRONGEST] > changed[memory.CHANCE] + 0.2
        assert changed[memory.STRONGEST] <= changed[memory.ALL] + 0.002


def test_tickets_of_other_seeds_are_better_from_128_units_and_not_from_512() -> None:
    found = attacks.other_seeds_by_width()
    assert found[128] > found[32] + 0.5
    assert found[512] < found[128] + 0.3
