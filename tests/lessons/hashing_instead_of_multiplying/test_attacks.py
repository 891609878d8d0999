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


def test_a_set_for_a_family_holds_more_than_one_for_all() -> None:
    found = attacks.a_set_for_each_class()
    assert found["one set for a family"] > found["one set for all"]
