"""The clock on pretended machines, and the law against SciPy's least squares."""

import numpy as np
import pytest
import scipy.optimize

from lthedu.sparsity import break_even, fit_law, is_steady, measured_break_even, speed_up


class Machine:
    """Its calls take the seconds that are given for their window; the first two, which warm up, take an hour."""

    def __init__(self, dense: list[float], sparse: list[float]) -> None:
        self.seconds = {"dense": [3600.0, *dense], "sparse": [3600.0, *sparse]}
        self.now, self.log = 0.0, []

    def call(self, name: str):
        def run() -> None:
            self.now += self.seconds[name][self.log.count(name)]
            self.log.append(name)

        return run

    def speed_up(self, windows: int) -> float | None:
        return speed_up(self.call("dense"), self.call("sparse"), windows, timer=lambda: self.now)


def test_it_is_the_median_of_the_windows_ratios() -> None:
    machine = Machine([4.0, 4.0, 4.5], [1.0, 8.0, 1.0])
    assert machine.speed_up(3) == 4.0
    assert machine.log == ["dense", "sparse"] * 4


def test_a_machine_that_slows_down_slows_both() -> None:
    assert Machine([4.0, 4.5, 4.75], [2.0, 2.25, 2.375]).speed_up(3) == 2.0


@pytest.mark.parametrize(("dense", "answer"), [([5.0, 6.0], 5.5), ([5.0, 6.25], None), ([6.25, 5.0], None)])
def test_it_refuses_where_dense_moved_by_more_than_a_fifth(dense: list[float], answer: float | None) -> None:
    assert Machine(dense, [1.0, 1.0]).speed_up(2) == answer
    assert is_steady(dense) == (answer is not None)


def test_points_on_a_law_give_the_law_back() -> None:
    density = [0.9, 0.2, 0.01]
    c, e = fit_law(density, [0.03 + d / 0.4 for d in density])
    assert (c, e) == pytest.approx((0.03, 0.4))
    assert c + break_even(c, e) / e == pytest.approx(1)


def test_the_fit_is_least_squares_of_the_relative_error() -> None:
    rng = np.random.default_rng(0)
    density = rng.uniform(0.01, 0.9, 9)
    ratio = (0.05 + density / 0.3) * rng.uniform(0.7, 1.4, 9)
    found = scipy.optimize.least_squares(lambda p: (p[0] + p[1] * density) / ratio - 1, (0.0, 1.0)).x
    c, e = fit_law(density.tolist(), ratio.tolist())
    assert (c, 1 / e) == pytest.approx(tuple(found), rel=1e-6)


def test_what_cannot_be_fitted_is_refused() -> None:
    with pytest.raises(ValueError, match="2 densities and 3 ratios"):
        fit_law([0.1, 0.2], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"density is 0.1 throughout"):
        fit_law([0.1, 0.1], [1.0, 2.0])


def test_a_measured_break_even_says_on_which_side_it_lies_where_there_is_none() -> None:
    density = [0.5, 0.1, 0.3]
    assert measured_break_even(density, [1.2, 3.0, 2.0]) == float("inf")
    assert measured_break_even(density, [0.5, 0.9, 0.7]) == 0.0
    assert 0.1 < measured_break_even(density, [0.5, 3.0, 0.9]) < 0.3
    with pytest.raises(ValueError, match="3 densities and 2 times"):
        measured_break_even(density, [1.0, 2.0])
