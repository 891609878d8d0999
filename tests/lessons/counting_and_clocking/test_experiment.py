"""The experiment: what it times, on a pretended clock; what it refuses; and what its tables say."""

import itertools
from dataclasses import replace

import pandas as pd
import pytest

from lthedu.experiments import paper_results
from lthedu.lessons.counting_and_clocking import experiment
from lthedu.lessons.counting_and_clocking.experiment import COLUMNS, FITTED, HELD_OUT, NARROW, SPARSE, Settings
from lthedu.sparsity.kernels import DENSE_KERNELS, NAIVE, SPARSE_KERNELS

FEW = Settings(densities=(0.5, 0.1), deep_at=(0.1,), deep=3, tries=2)


def ticking(step: float = 0.001):
    """A clock on which everything takes as long."""
    ticks = itertools.count()
    return lambda: next(ticks) * step


def test_every_kernel_is_timed_at_every_density_with_dense_beside_it() -> None:
    rows = pd.DataFrame(experiment.times_at((32, 32, 2, 1), 3, FEW, ticking()))
    assert list(rows.columns) == COLUMNS
    expected = {*DENSE_KERNELS, *SPARSE_KERNELS, NARROW}
    assert set(rows[rows["density"] == 0.1]["kernel"]) == expected
    assert set(rows[rows["density"] == 0.5]["kernel"]) == expected - {NAIVE}
    assert rows["dense"].tolist() == rows["sparse"].tolist() == pytest.approx([1000] * len(rows))
    assert (rows["moved"] == 0).all()
    assert (rows["refused"] == 0).all()


def test_layers_in_turn_share_their_time() -> None:
    rows = pd.DataFrame(experiment.times_at((32, 32, 2, 3), 3, FEW, ticking()))
    assert set(rows["density"]) == {0.1}
    assert NAIVE not in set(rows["kernel"])
    assert rows["sparse"].tolist() == pytest.approx([1000 / 3] * len(rows))


def test_a_window_in_which_dense_moves_is_made_anew_and_marked_in_the_end() -> None:
    ticks, now = itertools.count(), [0.0]

    def slower_and_slower() -> float:
        now[0] += 0.001 * 1.05 ** next(ticks)
        return now[0]

    one = replace(FEW, densities=(0.1,))
    rows = pd.DataFrame(experiment.times_at((32, 32, 2, 1), 3, one, slower_and_slower))
    assert (rows["refused"] == one.tries - 1).all()
    assert (rows["moved"] > 0.2).all()
    assert experiment.steady(rows).empty


def table(**changes: float) -> pd.DataFrame:
    row = dict.fromkeys(COLUMNS, 1) | {"kernel": "a", "density": 0.1, "dense": 10.0, "sparse": 5.0, "moved": 0.0}
    return pd.DataFrame([row | {"replicate": i} | (changes if i == 2 else {}) for i in range(3)])


def test_what_is_slower_than_the_best_window_of_its_size_is_left_out() -> None:
    assert len(experiment.steady(table())) == 3
    assert len(experiment.steady(table(dense=12.1))) == 2
    assert len(experiment.steady(table(dense=11.9))) == 3
    assert len(experiment.steady(table(moved=0.21))) == 2
    (row,) = experiment.medians(table(dense=11.9)).itertuples()
    assert (row.times, row.lowest, row.highest, row.replicates) == (2.0, 2.0, pytest.approx(2.38), 3)
    assert experiment.medians(table(), layers=64).empty


@pytest.mark.parametrize(("c", "e"), [(0.05, 0.3), (0.0, 0.6), (0.5, 0.1)])
def test_times_that_follow_a_law_are_predicted_by_it(c: float, e: float) -> None:
    densities = (0.9, 0.5, 0.3, 0.2, 0.1, 0.05, 0.01)
    rows = [(*size, 64, SPARSE[0], d, 1 / (c + d / e)) for size in experiment.SHAPES for d in densities]
    middle = pd.DataFrame(rows, columns=["rows", "columns", "batch", "kernel", "density", "times"])
    (law,) = experiment.laws(middle).itertuples()
    assert (law.c, law.e) == (pytest.approx(c, abs=1e-9), pytest.approx(e))
    assert law.off == pytest.approx(0, abs=1e-9)
    assert law.below == pytest.approx(0, abs=1e-9)
    assert law.measured == pytest.approx(law.predicted, rel=0.03)  # straight lines between the points, in log-log


def test_the_law_does_not_see_the_size_that_it_predicts() -> None:
    stored = paper_results.load("counting_and_clocking")
    middle = experiment.medians(stored.table)
    other = middle.copy()
    new = (other["rows"] == HELD_OUT[0]) & (other["columns"] == HELD_OUT[1])
    other.loc[new | ~other["density"].isin(FITTED), "times"] *= 3
    fitted, again = experiment.laws(middle), experiment.laws(other)
    assert fitted[["c", "e"]].equals(again[["c", "e"]])
    assert not fitted["off"].equals(again["off"])


def test_the_stored_run_is_whole_and_most_of_its_windows_are_steady() -> None:
    stored = paper_results.load("counting_and_clocking")
    assert stored.complete
    assert len(experiment.steady(stored.table)) > 0.95 * len(stored.table)
    for layers in (1, 64):
        assert experiment.medians(stored.table, layers)["replicates"].min() >= 3
