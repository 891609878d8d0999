"""The laws of subset sums: tables against single searches, formulas against counts, bounds against every draw."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lthedu.proof import laws
from lthedu.proof.solvers import _partial_sums
from lthedu.proof.subset_sums import all_sums, closest_subset


def best(numbers, target) -> float:
    return float(np.abs(all_sums(numbers) - target).min())


def test_the_pools_are_what_they_are_called() -> None:
    uniform, products, half = (laws.draw_pools(pool, 20, 5000)[0] for pool in laws.POOLS)
    assert np.abs(uniform).max() <= 1
    assert uniform.var() == pytest.approx(1 / 3, rel=0.02)
    assert products.var() == pytest.approx(1 / 9, rel=0.02)
    assert (half == 0).mean() == pytest.approx(0.5, abs=0.01)
    assert (half[half != 0] == products[half != 0]).all()  # the living half is the same products


def test_the_products_have_the_density_of_the_product_lemma() -> None:
    """(1/2) ln(1/|z|) at z: Pensia and others 2020, corollary 1."""
    products = laws.draw_pools("products", 100, 10_000)[0]
    density, edges = np.histogram(products, bins=80, range=(-1, 1), density=True)
    middle = (edges[1:] + edges[:-1]) / 2
    far = np.abs(middle) > 0.05  # near 0 it changes fast within a bin
    assert density[far] == pytest.approx(0.5 * np.log(1 / np.abs(middle[far])), abs=0.02)
    assert density[np.abs(middle) < 0.5].min() > 0.9 * math.log(2) / 2


def test_targets_are_the_same_for_all_pools_and_smaller_pools_come_first() -> None:
    drawn = {(pool, n): laws.draw_pools(pool, n, 50, seed=3) for pool in laws.POOLS for n in (5, 9)}
    targets = [t for _, t in drawn.values()]
    assert all((t == targets[0]).all() for t in targets)
    assert np.abs(targets[0]).max() <= 0.5
    for pool in laws.POOLS:
        assert (drawn[pool, 5][0] == drawn[pool, 9][0][:, :5]).all()
    assert (laws.draw_pools("uniform", 5, 50, seed=4)[0] != drawn["uniform", 5][0]).all()


@pytest.mark.parametrize(("pool", "n", "draws"), [("uniform", 0, 3), ("uniform", 3, 0)])
def test_a_pool_that_is_not_there_is_refused(pool, n, draws) -> None:
    with pytest.raises(ValueError, match=r"(n|draws) is 0; allowed: a whole number from 1 up"):
        laws.draw_pools(pool, n, draws)
    with pytest.raises(ValueError, match="pool is 'gaussian'; allowed: uniform, products"):
        laws.draw_pools("gaussian", 3, 3)


@pytest.mark.parametrize("pool", laws.POOLS)
def test_each_entry_of_the_table_is_the_best_of_all_choices(pool) -> None:
    numbers, targets = laws.draw_pools(pool, 9, 40)
    table = laws.errors_so_far(numbers, targets)
    assert table.shape == (40, 10)
    for row, target, errors in zip(numbers, targets, table, strict=True):
        assert errors == pytest.approx([best(row[:k], target) for k in range(10)], abs=1e-12)
    assert (np.diff(table, axis=1) <= 0).all()


def test_what_is_near_enough_is_left_alone_and_the_shares_do_not_change() -> None:
    numbers, targets = laws.draw_pools("uniform", 14, 200)
    whole, part = laws.errors_so_far(numbers, targets), laws.errors_so_far(numbers, targets, enough=0.01)
    assert ((whole <= 0.01) == (part <= 0.01)).all()
    assert (part >= whole).all()
    assert (part > whole).any()


def test_more_than_the_search_can_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="1 rows need more than 40 numbers that are not zero"):
        laws.errors_so_far(np.full((1, 42), 1e-6), [0.5])


STEPS = np.array([[0.5, 0.4, 0.1], [0.5, 0.2, 0.1], [0.5, 0.4, 0.3], [0.5, 0.4, 0.2]])


@pytest.mark.parametrize(
    ("eta", "share", "answer"),
    [
        (0.2, 0.25, 1.0),
        (0.2, 0.5, 1.5),
        (0.2, 0.75, 2.0),
        (0.2, 0.76, math.inf),
        (0.5, 0.9, 0.0),
        (0.05, 0.5, math.inf),
    ],
)
def test_numbers_needed_by_hand(eta, share, answer) -> None:
    assert laws.numbers_needed(STEPS, eta, share) == pytest.approx(answer)


def test_the_slope_is_found_and_its_band_holds_it() -> None:
    rng = np.random.default_rng(0)
    bits = np.arange(3, 9.0)
    inside = 0
    for seed in range(20):
        start = rng.uniform(0.2, 1.0, (400, 1))  # each number divides the error by 2^(1/1.3)
        table = start * 2 ** (-np.arange(20) / 1.3)
        found = laws.per_bit(table, 2**-bits, resamples=60, seed=seed)
        assert found.slope == pytest.approx(1.3, abs=0.1)
        assert found.needed.tolist() == [laws.numbers_needed(table, e) for e in 2**-bits]
        assert (found.low <= found.needed + 1e-9).all()
        assert (found.needed <= found.high + 1e-9).all()
        inside += found.slope_low - 0.02 <= 1.3 <= found.slope_high + 0.02
    assert inside >= 15


def test_the_count_that_is_given_makes_the_slope_and_the_bands_are_its_own() -> None:
    table = laws.errors_so_far(*laws.draw_pools("uniform", 12, 300))
    ours = laws.per_bit(table, [0.1, 0.05])
    other = laws.per_bit(table, [0.1, 0.05], count=lambda errors, eta, share: 1 / eta)
    assert other.slope == pytest.approx(10)
    assert (other.low == ours.low).all()


def test_a_slope_needs_two_values_and_enough_numbers() -> None:
    with pytest.raises(ValueError, match="eta has 1 values"):
        laws.per_bit(STEPS, [0.1])
    with pytest.raises(ValueError, match=r"a share of 0.9 of the draws is not reached"):
        laws.per_bit(STEPS, [0.3, 0.1], share=0.9)


def test_a_share_s_band_holds_it_and_shrinks() -> None:
    assert laws.share_band(5, 10)[0] < 0.5 < laws.share_band(5, 10)[1]
    assert laws.share_band(500, 1000)[1] - laws.share_band(500, 1000)[0] < 0.07
    assert laws.share_band(10, 10) == (pytest.approx(0.025 ** (1 / 10)), 1.0)


@pytest.mark.parametrize("n", [8, 10, 12])
def test_the_expected_number_of_solutions_is_what_is_counted(n) -> None:
    numbers, targets = laws.draw_pools("uniform", n, 3000, seed=n)
    counted = (np.abs(_partial_sums(numbers) - targets[:, None]) <= 0.01).sum(1)
    assert counted.mean() == pytest.approx(laws.expected_solutions(n, 0.01), rel=0.06)


@pytest.mark.parametrize("n", [4, 7, 10])
def test_the_probability_of_a_rare_sign_is_counted_over_all_signs(n) -> None:
    pluses = np.array([bin(k).count("1") for k in range(2**n)])
    assert laws.rare_sign(n) == pytest.approx((np.minimum(pluses, n - pluses) <= 1).mean())


@settings(deadline=None)
@given(st.lists(st.floats(-1, 1), max_size=7))
def test_no_target_is_worse_off_than_the_worst(numbers) -> None:
    sums = all_sums(numbers)
    grid = np.linspace(-0.5, 0.5, 2001)
    on_grid = np.abs(sums[:, None] - grid).min(0).max()
    found = laws.worst_error(numbers)
    assert on_grid - 1e-12 <= found <= on_grid + 0.0005  # no target is further than half a step from the grid


def test_no_draw_beats_the_counting_bound_and_some_come_near() -> None:
    table = laws.worst_errors(laws.draw_pools("uniform", 10, 200)[0])
    counts = np.arange(11)
    assert (counts >= np.log2(1 / (2 * table))).all()
    assert (np.diff(table, axis=1) <= 0).all()
    until = laws.worst_errors(laws.draw_pools("uniform", 10, 200)[0], enough=0.1)
    np.testing.assert_array_equal(until, np.where(until <= 0.1, until, table))
    assert ((until <= 0.1) == (table <= 0.1)).all()
    assert laws.fewest_numbers(2.0**-9) == 8.0
    equal = np.arange(-8, 8) / 16  # 16 sums by four numbers that are as good as can be: within 1/32 but at the end
    assert laws.worst_error([-0.5, 0.0625, 0.125, 0.25]) == pytest.approx(1 / 16)
    assert sorted(all_sums([-0.5, 0.0625, 0.125, 0.25])) == pytest.approx(sorted(equal))


def test_single_searches_and_tables_agree() -> None:
    numbers, targets = laws.draw_pools("uniform", 8, 5)
    table = laws.errors_so_far(numbers, targets)
    for row, target, errors in zip(numbers.tolist(), targets.tolist(), table, strict=True):
        kept = closest_subset(row, target)
        assert abs(sum(x for x, k in zip(row, kept, strict=True) if k) - target) == pytest.approx(errors[-1], abs=1e-12)
