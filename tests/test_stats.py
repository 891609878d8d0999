import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from lthedu.stats import (
    clopper_pearson,
    draws_needed,
    expected_best,
    mean_interval,
    paired_test,
    sign_flip_test,
)

calm = settings(deadline=None, max_examples=60, derandomize=True)
value = st.floats(-100, 100).map(lambda v: round(v, 3))
pairs = st.lists(st.tuples(value, value), min_size=2, max_size=12)


@calm
@given(pairs)
def test_it_is_scipys_paired_t_test(rows):
    a, b = zip(*rows, strict=True)
    assume(len({round(x - y, 6) for x, y in rows}) > 1)
    mean, p = paired_test(a, b)
    assert mean == pytest.approx(sum(x - y for x, y in rows) / len(rows), abs=1e-9)
    assert p == pytest.approx(stats.ttest_rel(a, b).pvalue, rel=1e-6, abs=1e-12)


@calm
@given(pairs)
def test_swapping_the_arms_turns_the_sign_and_keeps_p(rows):
    a, b = zip(*rows, strict=True)
    (m1, p1), (m2, p2) = paired_test(a, b), paired_test(b, a)
    assert (m1, p1) == (pytest.approx(-m2), pytest.approx(p2))


def test_equal_arms_show_nothing_and_an_always_equal_gain_is_certain():
    assert paired_test([1, 2, 3], [1, 2, 3]) == (0, 1)
    assert paired_test([2, 3, 4], [1, 2, 3]) == (1, 0)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1, 2], [1, 2, 3], r"\(2,\) and \(3,\)"),
        ([1], [2], r"at least 2, not \(1,\)"),
        ([], [], r"\(0,\)"),
        ([1, math.nan], [1, 2], "finite"),
        ([1, 2], [1, math.inf], "finite"),
    ],
)
def test_what_cannot_be_paired_is_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        paired_test(a, b)


# Chances ------------------------------------------------------------------------------------------------------------


@calm
@given(
    st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.8, 0.95, 0.99])
)
def test_the_exact_interval_is_scipys_and_mirrors_when_wins_become_losses(count, confidence):
    wins, draws = count
    low, high = clopper_pearson(wins, draws, confidence)
    theirs = stats.binomtest(wins, draws).proportion_ci(confidence, method="exact")
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert clopper_pearson(draws - wins, draws, confidence) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_the_exact_interval_holds_the_truth_as_often_as_it_says():
    n = 40
    intervals = [clopper_pearson(k, n) for k in range(n + 1)]
    for p in (0.001, 0.02, 0.3, 0.77):
        covered = sum(stats.binom.pmf(k, n, p) for k, (low, high) in enumerate(intervals) if low <= p <= high)
        assert covered >= 0.95


def test_no_wins_in_n_bounds_the_chance_as_computed_by_hand():
    assert clopper_pearson(0, 128) == (0, pytest.approx(1 - 0.025 ** (1 / 128)))


@calm
@given(st.floats(1e-4, 0.999), st.floats(0.01, 0.999))
def test_so_many_draws_are_enough_and_one_fewer_is_not(p, chance):
    n = draws_needed(p, chance)
    assert n >= 1
    assert 1 - (1 - p) ** n >= chance - 1e-12
    assert n == 1 or 1 - (1 - p) ** (n - 1) < chance + 1e-12


def test_a_tiny_chance_keeps_its_digits_and_the_ends_are_right():
    assert draws_needed(1e-17) == pytest.approx(-math.log(0.05) * 1e17)
    assert (draws_needed(0), draws_needed(1)) == (math.inf, 1)


scores = st.lists(st.integers(0, 9).map(float), min_size=1, max_size=7)  # ties, too


@calm
@given(scores.flatmap(lambda s: st.tuples(st.just(s), st.permutations(range(len(s))), st.integers(1, len(s)))))
def test_the_best_of_n_is_the_mean_over_all_sets(case):
    chosen_by, reported, draws = case
    expected = []
    for some in combinations(range(len(chosen_by)), draws):
        most = max(chosen_by[i] for i in some)
        expected.append(np.mean([reported[i] for i in some if chosen_by[i] == most]))  # ties: one at random
    assert expected_best(chosen_by, reported, draws) == pytest.approx(np.mean(expected))


def test_the_best_of_n_grows_with_n_and_ends_at_the_maximum():
    rng = np.random.default_rng(0)
    x = rng.normal(size=200).tolist()
    best = [expected_best(x, x, n) for n in range(1, 201)]
    assert best == sorted(best)
    assert (best[0], best[-1]) == (pytest.approx(np.mean(x)), pytest.approx(max(x)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: clopper_pearson(3, 2), "wins is 3 of 2 draws"),
        (lambda: clopper_pearson(0, 0), "draws is 0; allowed: a whole number from 1 up"),
        (lambda: clopper_pearson(0, 5, 1.0), "confidence is 1.0"),
        (lambda: draws_needed(-0.1), "p is -0.1"),
        (lambda: draws_needed(0.1, 1), "chance is 1"),
        (lambda: expected_best([1, 2], [1], 1), r"\(2,\) and \(1,\)"),
        (lambda: expected_best([1, math.nan], [1, 2], 1), "NaN"),
        (lambda: expected_best([1, 2], [1, 2], 3), "draws is 3; allowed: 1 to the 2"),
    ],
)
def test_senseless_counts_and_rows_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_sign_flips_are_calibrated_and_exact():
    rng = np.random.default_rng(0)
    p = np.array([sign_flip_test(rng.standard_t(2, 7), rng.standard_t(2, 7)) for _ in range(3000)])
    for level in (2 / 128, 6 / 128, 0.25):  # under the null p <= level happens at most so often, heavy tails or not
        assert abs((p <= level + 1e-12).mean() - level) < 4 * (level / 3000) ** 0.5
    assert p.min() >= 2 / 2**7
    a, b = [0.9, 0.8, 0.95], [0.7, 0.75, 0.7]
    assert sign_flip_test(a, b) == sign_flip_test(b, a) == 0.25
    assert sign_flip_test(a, a) == 1
    d = [0.3, 0.1, 0.2]
    expected = np.mean(
        [abs(s * 0.3 + t * 0.1 + u * 0.2) >= 0.6 - 1e-9 for s in (1, -1) for t in (1, -1) for u in (1, -1)]
    )
    assert sign_flip_test(d, [0, 0, 0]) == expected


@pytest.mark.parametrize(("a", "b"), [([1], [2]), ([1, 2], [1]), (range(21), range(21)), ([1, np.nan], [0, 0])])
def test_sign_flips_refuse_what_they_cannot_count(a, b):
    with pytest.raises(ValueError, match=r"needed|NaN"):
        sign_flip_test(a, b)


@calm
@given(st.lists(value, min_size=2, max_size=12), st.sampled_from([0.5, 0.8, 0.95, 0.99]))
def test_the_interval_of_a_mean_is_scipys(values, confidence):
    assume(len({round(v, 6) for v in values}) > 1)
    mean, low, high = mean_interval(values, confidence)
    known = stats.ttest_1samp(values, 0.0).confidence_interval(confidence)
    assert (low, high) == (pytest.approx(known.low, abs=1e-9), pytest.approx(known.high, abs=1e-9))
    assert mean == pytest.approx(sum(values) / len(values), abs=1e-9)


@calm
@given(pairs)
def test_the_interval_of_differences_leaves_zero_out_where_the_paired_test_finds_something(rows):
    a, b = zip(*rows, strict=True)
    assume(len({round(x - y, 6) for x, y in rows}) > 1)
    _, p = paired_test(a, b)
    assume(abs(p - 0.05) > 1e-6)
    _, low, high = mean_interval([x - y for x, y in rows])
    assert (low > 0 or high < 0) == (p < 0.05)


def test_equal_values_leave_no_doubt_about_their_mean():
    assert mean_interval([2.0, 2.0, 2.0]) == (2.0, 2.0, 2.0)
