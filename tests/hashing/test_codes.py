"""Codes by signs and by winners: against loops, against their collision laws, and what must not change them."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lthedu.hashing import chance_found, random_orders, random_planes, same_bit, same_symbol, simhash, simhash_all, wta


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_code_is_its_bits() -> None:
    vectors, planes = rng().standard_normal((20, 5)), rng(1).standard_normal((7, 5))
    for vector, code in zip(vectors, simhash(vectors, planes).tolist(), strict=True):
        assert code == sum(2**k for k, plane in enumerate(planes) if vector @ plane > 0)


def test_all_tables_are_each_table() -> None:
    vectors, planes = rng().standard_normal((20, 5)).astype(np.float32), random_planes(5, 6, 4, rng(1))
    assert np.array_equal(simhash_all(vectors, planes), np.stack([simhash(vectors, p) for p in planes], 1))


@given(st.floats(0.01, 100), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_a_positive_factor_changes_no_code(factor: float, seed: int) -> None:
    vectors, planes = rng(seed).standard_normal((4, 6)), rng(seed + 1).standard_normal((5, 6))
    assert np.array_equal(simhash(vectors, planes), simhash(factor * vectors, planes))
    assert np.array_equal(simhash(-vectors, planes), 2**5 - 1 - simhash(vectors, planes))


@pytest.mark.parametrize("angle", [0.3, 1.0, 2.0, 3.0])
def test_bits_agree_as_often_as_the_law_says(angle: float) -> None:
    pair = np.array([[1.0, 0, 0], [math.cos(angle), math.sin(angle), 0]], dtype=np.float32)
    one, other = (pair @ random_planes(3, 1, 40_000, rng())[:, 0].T) > 0
    assert (one == other).mean() == pytest.approx(same_bit(angle), abs=0.012)  # five deviations


def test_pairs_are_found_as_often_as_the_law_says() -> None:
    angle, bits, tables, times = 0.9, 4, 3, 4000
    pair = np.array([[1.0, 0], [math.cos(angle), math.sin(angle)]], dtype=np.float32)
    codes = simhash_all(pair, random_planes(2, bits, tables * times, rng())).reshape(2, times, tables)
    found = (codes[0] == codes[1]).any(1).mean()
    assert found == pytest.approx(chance_found(same_bit(angle), bits, tables), abs=0.04)


@given(st.floats(0, 1), st.integers(1, 12), st.integers(1, 30))
def test_more_bits_find_less_and_more_tables_more(same: float, bits: int, tables: int) -> None:
    chance = chance_found(same, bits, tables)
    assert 0 <= chance <= 1
    assert chance_found(same, bits + 1, tables) <= chance + 1e-12
    assert chance_found(same, bits, tables + 1) >= chance - 1e-12


def test_a_winner_is_the_place_of_the_largest() -> None:
    vectors, orders = rng().standard_normal((10, 6)), random_orders(6, 3, 4, 5, rng(1))
    for vector, codes in zip(vectors, wta(vectors, orders), strict=True):
        for order, code in zip(orders, codes.tolist(), strict=True):
            places = [max(range(5), key=lambda i, some=some: vector[some[i]]) for some in order]
            assert code == sum(place * 5**k for k, place in enumerate(places))


@given(st.floats(0.01, 100), st.floats(-50, 50), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_winners_do_not_see_scale_and_shift(factor: float, shift: float, seed: int) -> None:
    vectors, orders = rng(seed).integers(-50, 50, (4, 8)).astype(float), random_orders(8, 2, 3, 4, rng(seed))
    assert np.array_equal(wta(vectors, orders), wta(factor * vectors + shift, orders))


@pytest.mark.parametrize("width", [2, 3, 4])
def test_the_law_of_winners_counts_all_subsets(width: int) -> None:
    x, y = rng().permutation(7).tolist(), rng(1).permutation(7).tolist()
    subsets = list(itertools.combinations(range(7), width))
    same = sum(max(s, key=x.__getitem__) == max(s, key=y.__getitem__) for s in subsets)
    assert same_symbol(x, y, width) == pytest.approx(same / len(subsets))


def test_the_coordinates_of_a_symbol_differ() -> None:
    orders = random_orders(5, 4, 6, 5, rng())
    assert (np.sort(orders, -1) == np.arange(5)).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: simhash(np.ones((2, 3)), np.ones((4, 2))), r"vectors have shape \(2, 3\) and planes \(4, 2\)"),
        (
            lambda: simhash_all(np.ones((2, 3)), np.ones((4, 3))),
            r"allowed: \(n, dimension\), \(tables, bits, dimension\)",
        ),
        (lambda: wta(np.ones(3), np.zeros((1, 1, 2), dtype=int)), r"vectors have shape \(3,\)"),
        (lambda: wta(np.ones((1, 3)), np.full((1, 1, 2), 3)), "orders name coordinates 3 to 3; allowed: 0 to 2"),
        (lambda: wta(np.ones((1, 3)), np.full((1, 1, 2), -1)), "orders name coordinates -1 to -1; allowed: 0 to 2"),
        (lambda: simhash(np.ones((1, 3)), np.ones((63, 3))), "planes have 63 bits; allowed: up to 62"),
        (lambda: simhash_all(np.ones((1, 3)), np.ones((2, 63, 3))), "planes have 63 bits; allowed: up to 62"),
        (lambda: random_orders(3, 1, 1, 4, rng()), "width is 4; allowed: from 2 to the dimension, which is 3"),
        (lambda: random_orders(8, 40, 1, 8, rng()), r"allowed: width\^symbols below 2\^62"),
        (lambda: same_symbol([1, 2], [1, 2, 3], 2), "first has 2 numbers and second 3"),
        (lambda: random_planes(3, 63, 1, rng()), "bits is 63; allowed: a whole number from 1 to 62"),
        (lambda: chance_found(1.5, 1, 1), "same is 1.5; allowed: a number from 0 to 1"),
    ],
)
def test_bad_input_is_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()
