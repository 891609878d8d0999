"""The growth of the widths: what a power and a logarithm look like, and that the exact chance is one."""

import numpy as np
import pandas as pd
import pytest
from torch import nn

from lthedu.lessons.pruning_is_all_you_need.experiment import LESSON, PAPER, scaled_settings
from lthedu.proof import construct, growth
from lthedu.proof.widths import subset_width, weights_of


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return growth.measured_widths([0.1, 0.03, 0.01], draws=20)


def test_the_three_proofs_grow_as_they_should(table: pd.DataFrame) -> None:
    assert 1.8 < growth.growth(table, growth.MALACH)[0] < 2.25
    assert 0.9 < growth.growth(table, growth.LUCKY)[0] < 1.15
    assert growth.growth(table, growth.FREE)[1] < 4  # neurons for each halving
    assert growth.growth(table, growth.BLOCKS)[1] < 8
    assert growth.growth(table, growth.ORSEAU)[0] < 0.6


def test_the_order_of_the_methods_and_what_they_keep(table: pd.DataFrame) -> None:
    at = table[table["eta"] == 0.01].set_index("method")
    neurons = at.loc[[growth.MALACH, growth.LUCKY, growth.ORSEAU, growth.BLOCKS, growth.FREE], "neurons"]
    assert neurons.is_monotonic_decreasing
    assert at.loc[growth.MALACH, "kept"] <= 4 < at.loc[growth.ORSEAU, "kept"] < at.loc[growth.FREE, "kept"]


def test_the_same_seed_gives_the_same_table() -> None:
    a, b = (growth.measured_widths([0.1], draws=10, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(a, b)


@pytest.mark.parametrize(("size", "eta"), [(0.2, 0.05), (0.02, 0.05), (0.25, 0.01), (0.9, 0.2)])
def test_the_chance_of_a_lucky_product_is_the_one_that_is_drawn(size: float, eta: float) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.uniform(-1, 1, (2, 4_000_000))
    drawn = ((a > 0) & (np.abs(a * b - size) <= eta)).mean()
    exact = growth.product_chance(np.array([size]), eta)[0]
    if size < eta:  # the other sign of b helps, too, and the rule does not count it
        drawn = ((a > 0) & (b > 0) & (np.abs(a * b - size) <= eta)).mean()
    assert exact == pytest.approx(drawn, abs=4 * np.sqrt(drawn / 4e6))


@pytest.mark.parametrize(("etas", "draws"), [([0.3], 40), ([0.0], 40), ([0.1], 9), ([float("nan")], 40)])
def test_bad_settings_are_refused(etas: list[float], draws: int) -> None:
    with pytest.raises(ValueError, match=r"etas\[0\] is .* above 0 and below 0\.25|draws is 9; allowed: .* from 10 up"):
        growth.measured_widths(etas, draws)


def test_an_eta_that_no_number_of_neurons_reaches_is_refused() -> None:
    """Where none of the numbers tried is enough, the largest of them is no answer."""
    with pytest.raises(ValueError, match="eta is 1e-09: 'free' misses it too often, also with 32 neurons"):
        growth._fewest("free", 1e-9, 10, 0)


def test_one_eta_has_no_growth(table: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="it takes two etas or more"):
        growth.growth(table[table["eta"] == 0.1], growth.FREE)


@pytest.mark.parametrize("size", [LESSON, PAPER])
def test_every_eta_of_the_sweep_takes_no_more_candidates_than_a_construction_may_have(size) -> None:
    widest = max(subset_width(eta, weights_of(size.sizes)) for eta in size.etas)
    assert construct(nn.Linear(2, 1), eta=min(size.etas), per_weight=widest).missed == 0


def test_the_scale_is_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert scaled_settings() is LESSON
    monkeypatch.setenv("LTHEDU_SCALE", "paper")
    assert scaled_settings() is PAPER
    monkeypatch.setenv("LTHEDU_SCALE", "huge")
    with pytest.raises(ValueError, match="allowed: tiny, lesson, paper"):
        scaled_settings()
