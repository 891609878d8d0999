"""What the lesson says of the attacks on its verdict, held by the attacks themselves."""

import pytest
from lessons.hashing_instead_of_multiplying import attacks

from lthedu.lessons.hashing_instead_of_multiplying.arms import (
    CENTRED,
    DENSE,
    EXACT,
    HALF,
    QUERIES_ONLY,
    RANDOM,
    RANDOM_MORE,
    ROWS_ONLY,
    WTA,
)

pytestmark = pytest.mark.full


def test_on_an_easy_task_finding_is_not_needed() -> None:
    found = attacks.an_easy_task()
    assert max(found.values()) - min(found.values()) < 0.01


def test_each_half_of_the_centring_finds_less_than_both() -> None:
    found = attacks.half_of_the_centring()
    assert max(found[ROWS_ONLY], found[QUERIES_ONLY]) < found[CENTRED] - 0.1


def test_dense_training_takes_fewer_seconds_here() -> None:
    assert attacks.dense_in_seconds()["dense / centred"] < 1


def test_at_the_best_of_finer_rates_hashing_leads() -> None:
    found = attacks.finer_rates()
    assert max(found[CENTRED].values()) > max(found[RANDOM_MORE].values()) + 0.03


def test_sampled_softmax_does_not_rank_better_than_random_rows() -> None:
    assert max(attacks.sampled_softmax().values()) < max(attacks.finer_rates()[RANDOM_MORE].values()) + 0.02


def test_dense_training_with_as_many_products_is_far_behind() -> None:
    found = attacks.dense_with_as_many_products()
    assert max(found["minibatch of 8"], found["minibatch of 64"]) < found[CENTRED] - 0.2


def test_perfect_finding_needs_random_rows_and_beats_hashing() -> None:
    found = attacks.perfect_finding()
    assert found[HALF] > found[CENTRED] - 0.02
    assert found[HALF] >= found[EXACT] - 0.02


def test_winners_need_no_centring() -> None:
    found = attacks.winners()
    assert found[f"{WTA}, accuracy"] > found[f"{CENTRED}, accuracy"] - 0.05
    assert found[f"{WTA}, products"] < found[f"{CENTRED}, products"]


def test_more_passes_close_the_gap_and_dense_stays_level() -> None:
    found = attacks.three_times_the_passes()
    assert found[CENTRED] >= found[RANDOM_MORE] > found[RANDOM]
    assert found[DENSE] > found[CENTRED] - 0.03


def test_more_tables_cost_more_products() -> None:
    products = [cost for _, cost in attacks.other_shapes().values()]
    assert products == sorted(products)


def test_a_fixed_set_for_each_class_trains_better_with_fewer_products() -> None:
    found = attacks.a_set_for_each_class()
    for (accuracy, products), (hashed, more) in zip(found["fixed"], found[CENTRED], strict=True):
        assert accuracy > hashed
        assert products < more


def test_the_lead_is_that_of_the_siblings() -> None:
    found = attacks.without_siblings()
    assert found["without siblings"] < found["all"] - 0.2
    assert found["siblings alone"] > found["all"] - 0.03


def test_found_sets_differ_because_of_the_planes_and_near_rows_are_shared() -> None:
    found = attacks.other_planes()
    assert found["other planes"] < found["found, one class"] < 0.5 < found["nearest, one class"]
    assert found["found, a pass later"] < 0.5 < found["nearest, a pass later"]


def test_with_plain_steps_the_rows_do_not_lean_and_raw_hashing_finds() -> None:
    found = attacks.plain_gradient_descent()
    assert found["Adagrad"]["lean"] > 0.5 > 0.1 > found["plain"]["lean"]
    assert found["plain"]["label_found"] > found["Adagrad"]["label_found"] + 0.15


def test_raw_hashing_with_fewer_bits_finds_more_and_does_not_pay() -> None:
    found = attacks.raw_with_fewer_bits()
    few, random = found["6 bits, 24 tables"], found[RANDOM_MORE]
    assert few[0] > found["9 bits, 16 tables"][0] + 0.2
    assert few[1] < random[1] + 0.01
    assert few[2] >= random[2]


def test_one_mask_of_weights_is_about_level_with_found_rows() -> None:
    found = attacks.one_mask_of_weights()
    assert abs(found["one mask"] - found["found rows alone"]) < 0.1
