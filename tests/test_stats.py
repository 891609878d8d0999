import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from lthedu.stats import paired_test

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
        ([[1, 2]], [[1, 2]], r"\(1, 2\)"),
        ([1, math.nan], [1, 2], "finite"),
        ([1, 2], [1, math.inf], "finite"),
    ],
)
def test_what_cannot_be_paired_is_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        paired_test(a, b)
