"""What subset sums are held against."""

import numpy as np
import pytest

from lthedu.lessons.subset_sums.experiment import expected_near, gaps
from lthedu.proof import all_sums
from lthedu.proof.laws import draw_pools, worst_errors

NUMBERS = draw_pools("uniform", 9, 200)[0]


def test_the_gaps_of_sums_are_worst_errors() -> None:
    np.testing.assert_array_equal(gaps(NUMBERS[:20], "sums"), worst_errors(NUMBERS[:20]))


def test_an_even_grid_has_a_point_for_each_sum_inside() -> None:
    inside = (np.abs(all_sums(NUMBERS[0])) <= 0.5).sum()
    assert gaps(NUMBERS[:1], "an even grid")[0, -1] == pytest.approx(1 / (2 * inside))


def test_independent_points_leave_wider_gaps_than_a_grid_and_fewer_points_still_wider_ones() -> None:
    grid, inside, every = (
        np.median(gaps(NUMBERS, points)[:, -1])
        for points in ("an even grid", "points as many as sums inside", "points as many as sums")
    )
    assert inside > 3 * grid
    assert every < inside
    m = 2**9  # of m spacings the widest is about ln(m) / m on average, and half of it is a distance
    assert every == pytest.approx((np.log(m) + 0.58) / m / 2, rel=0.15)


def test_a_draws_own_bell_knows_where_its_sums_are() -> None:
    rng = np.random.default_rng(0)
    numbers, targets = rng.uniform(-1, 1, (400, 12)), rng.uniform(-0.5, 0.5, 400)
    counted = np.array([(np.abs(all_sums(x) - t) <= 0.05).sum() for x, t in zip(numbers, targets, strict=True)])
    predicted = expected_near(numbers, targets, 0.05)
    assert np.corrcoef(np.log(counted + 1), np.log(predicted + 1))[0, 1] > 0.95
    assert predicted.mean() == pytest.approx(counted.mean(), rel=0.03)
