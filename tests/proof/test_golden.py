"""The ladder of cells: the lemma holds up to the golden ratio, and breaks above it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lthedu.proof import golden


def left(numbers, targets) -> np.ndarray:
    keep = [golden.take_what_fits(row.tolist(), t) for row, t in zip(numbers, targets.tolist(), strict=True)]
    return golden.residuals(keep, numbers, targets)


@pytest.mark.parametrize("lowest", [False, True])
@pytest.mark.parametrize("ratio", [1.2, 1.5, golden.GOLDEN])
def test_up_to_the_golden_ratio_no_target_is_left_with_more_than_the_last_cell(ratio, lowest) -> None:
    numbers = golden.draw_cells(ratio, 12, 1000, seed=1, lowest=lowest)
    residuals = left(numbers, np.random.default_rng(0).random(1000))
    assert residuals.max() <= ratio**-12 + 1e-12
    assert residuals.min() >= 0


@settings(deadline=None, max_examples=200)
@given(st.floats(1.01, golden.GOLDEN), st.lists(st.floats(0, 0.999), min_size=8, max_size=8), st.floats(0, 1))
def test_whatever_the_places_in_their_cells(ratio, places, target) -> None:
    numbers = ratio ** -np.arange(2.0, 10) * (1 + (ratio - 1) * np.array(places))
    assert left(numbers[None], np.array([target]))[0] <= ratio**-8 + 1e-12


@pytest.mark.parametrize(("ratio", "lowest"), [(1.65, True), (1.8, False), (2.0, False), (2.0, True)])
def test_above_it_some_targets_are_missed(ratio, lowest) -> None:
    numbers = golden.draw_cells(ratio, 12, 1000, seed=1, lowest=lowest)
    missed = left(numbers, np.random.default_rng(0).random(1000)) > ratio**-12 + 1e-12
    assert missed.mean() > 0.03


def test_numbers_lie_in_their_cells() -> None:
    numbers = golden.draw_cells(1.7, 6, 500)
    k = np.arange(1, 7)
    assert (numbers >= 1.7 ** -(k + 1.0)).all()
    assert (numbers < 1.7**-k * (1 + 1e-12)).all()
    assert (golden.draw_cells(1.7, 6, 3, lowest=True) == 1.7 ** -(k + 1.0)).all()
    assert (golden.draw_cells(1.7, 6, 500, seed=1) != numbers).all()


@pytest.mark.parametrize(("ratio", "eta"), [(2, 0.125), (2, 0.124), (1.5, 0.01), (golden.GOLDEN, 1e-4), (3, 1)])
def test_cells_are_enough_and_one_fewer_is_not(ratio, eta) -> None:
    cells = golden.cells_needed(ratio, eta)
    assert ratio**-cells <= eta * (1 + 1e-12)
    assert cells == 0 or ratio ** -(cells - 1) > eta


def test_the_collector_waits_as_long_as_the_formula_says() -> None:
    numbers, drawn = golden.draw_until_every_cell(golden.GOLDEN, 10, 3000)
    assert drawn.mean() == pytest.approx(20 * sum(1 / k for k in range(1, 11)), rel=0.03)
    k = np.arange(1, 11)
    assert (numbers > golden.GOLDEN ** -(k + 1.0)).all()
    assert (numbers <= golden.GOLDEN**-k).all()
    assert drawn.min() >= 10


def test_what_fits_is_taken_from_the_largest_down() -> None:
    assert golden.take_what_fits([], 0.3) == []
    assert golden.take_what_fits([0.25, 0.5], 0.75) == [True, True]  # exactly what is left fits
    assert golden.take_what_fits([0.4, 0.6, 0.4], 0.8) == [False, True, False]


@pytest.mark.parametrize(("numbers", "target"), [([0.5, -0.1], 0.3), ([0.0], 0.3), ([0.5], -0.1), ([math.nan], 0.1)])
def test_what_is_not_positive_is_refused(numbers, target) -> None:
    with pytest.raises(ValueError, match="all must be positive"):
        golden.take_what_fits(numbers, target)


@pytest.mark.parametrize(("ratio", "eta"), [(1, 0.1), (2, 0), (2, 1.5)])
def test_a_ladder_that_does_not_fall_is_refused(ratio, eta) -> None:
    with pytest.raises(ValueError, match=r"ratio is 1; allowed: a number above 1|eta is .* a number above 0 to 1"):
        golden.cells_needed(ratio, eta)


@pytest.mark.parametrize(("ratio", "cells", "draws"), [(1, 3, 2), (0.5, 3, 2), (math.nan, 3, 2), (2, 0, 2), (2, 3, 0)])
def test_cells_that_are_none_are_refused(ratio, cells, draws) -> None:
    for draw in (golden.draw_cells, golden.draw_until_every_cell):
        with pytest.raises(ValueError, match=r"ratio is .*; allowed: a number above 1|is 0; allowed: .* from 1 up"):
            draw(ratio, cells, draws)


def test_what_is_left_is_counted_row_by_row_or_not_at_all() -> None:
    with pytest.raises(ValueError, match=r"shapes are \(1, 1\), \(1, 2\) and \(2,\); expected \(N, n\)"):
        golden.residuals([[True]], [[0.5, 0.2]], [0.3, 0.2])
