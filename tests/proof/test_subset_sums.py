"""Subset sums: the exact searches against every choice written out, the hasty one against both."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lthedu.proof import all_sums, closest_subset, greedy_subset, meet_in_the_middle, subset_errors

finite = st.floats(-2, 2)
EXACT = pytest.mark.parametrize("search", [closest_subset, meet_in_the_middle])


def error(kept: list[bool], numbers: list[float], target: float) -> float:
    return abs(math.fsum(itertools.compress(numbers, kept)) - target)


def best_of_all(numbers: list[float], target: float) -> float:
    every = itertools.product([False, True], repeat=len(numbers))
    return min(error(list(kept), numbers, target) for kept in every)


def test_the_sums_of_all_subsets_stand_in_the_order_of_their_bits() -> None:
    numbers = [1.0, 10.0, 100.0, -1000.0]
    assert all_sums(numbers).tolist() == [sum(x for i, x in enumerate(numbers) if k >> i & 1) for k in range(16)]
    assert all_sums([]).tolist() == [0.0]


@EXACT
@settings(deadline=None)
@given(st.lists(finite, max_size=9), finite)
def test_no_choice_is_closer(search, numbers: list[float], target: float) -> None:
    kept = search(numbers, target)
    assert len(kept) == len(numbers)
    assert all(type(k) is bool for k in kept)
    assert error(kept, numbers, target) == pytest.approx(best_of_all(numbers, target), abs=1e-12)


@EXACT
@pytest.mark.parametrize(
    ("numbers", "target", "kept"),
    [
        ([], 0.3, []),
        ([1.0, 2.0], -5.0, [False, False]),
        ([1.0, 2.0], 5.0, [True, True]),
        ([3, -1, 4], 2, [True, True, False]),
    ],
)
def test_none_all_and_whole_numbers(search, numbers, target, kept) -> None:
    assert search(numbers, target) == kept


def test_both_searches_agree_where_the_halves_are_large() -> None:
    rng = np.random.default_rng(0)
    for n in (15, 18, 21):
        numbers, target = rng.uniform(-1, 1, n).tolist(), float(rng.uniform(-0.5, 0.5))
        ours = error(meet_in_the_middle(numbers, target), numbers, target)
        assert ours == pytest.approx(error(closest_subset(numbers, target), numbers, target), abs=1e-14)


def test_forty_numbers_hit_a_hidden_sum() -> None:
    rng = np.random.default_rng(1)
    numbers, hidden = rng.uniform(-1, 1, 40).tolist(), rng.random(40) < 0.5
    target = math.fsum(itertools.compress(numbers, hidden))
    assert error(meet_in_the_middle(numbers, target), numbers, target) < 1e-12


@given(st.lists(finite, max_size=9), finite)
@settings(deadline=None)
def test_the_hasty_pass_is_never_better_than_the_best_nor_worse_than_none(numbers, target) -> None:
    hasty = error(greedy_subset(numbers, target), numbers, target)
    assert best_of_all(numbers, target) - 1e-12 <= hasty <= abs(target) + 1e-12


def test_the_hasty_pass_takes_the_largest_first() -> None:
    assert greedy_subset([0.5, 0.5, -0.6, 0.7], 1.0) == [True, False, False, True]  # 0.7, no -0.6, then 1.2 beats 0.7
    assert greedy_subset([0.5, 0.5], 1.0) == [True, True]


def test_two_ways_to_choose_meet_the_same_numbers_and_smaller_sizes_the_first_of_them() -> None:
    seen: dict[str, list] = {"a": [], "b": []}
    for name, choose in (("a", closest_subset), ("b", greedy_subset)):

        def record(numbers, target, name=name, choose=choose):
            seen[name].append((tuple(numbers), target))
            return choose(numbers, target)

        subset_errors(record, sizes=[2, 5], draws=3, seed=7)
    assert seen["a"] == seen["b"]
    pairs = list(zip(seen["a"][::2], seen["a"][1::2], strict=True))
    assert len(pairs) == 3
    assert all(small[0] == large[0][:2] and small[1] == large[1] for small, large in pairs)
    assert all(-0.5 <= target <= 0.5 and max(map(abs, numbers)) <= 1 for numbers, target in seen["a"])
    assert len({target for _, target in seen["a"]}) == 3


def test_the_table_holds_the_errors_of_the_choices() -> None:
    table = subset_errors(lambda numbers, target: [False] * len(numbers), sizes=[3, 4], draws=50, seed=1)
    assert list(table.columns) == ["numbers", "draw", "error"]
    assert len(table) == 100
    by_size = table.pivot(index="draw", columns="numbers", values="error")
    assert (by_size[3] == by_size[4]).all()  # the distance of zero from the target
    assert 0.2 < by_size[3].mean() < 0.3
    best = subset_errors(closest_subset, sizes=range(1, 9), draws=50).pivot(
        index="draw", columns="numbers", values="error"
    )
    assert (best.diff(axis=1).iloc[:, 1:] <= 1e-12).all().all()  # another number never hurts the best choice


def test_another_seed_gives_other_draws() -> None:
    a, b = (subset_errors(closest_subset, [4], 20, seed=s)["error"] for s in (0, 1))
    assert not a.equals(b)
    assert a.equals(subset_errors(closest_subset, [4], 20, seed=0)["error"])


@pytest.mark.parametrize("search", [closest_subset, meet_in_the_middle, greedy_subset])
@pytest.mark.parametrize(("numbers", "target"), [([math.nan], 0.0), ([1.0], math.inf), ([-math.inf, 1.0], 0.0)])
def test_what_is_not_finite_is_refused(search, numbers, target) -> None:
    with pytest.raises(ValueError, match="must be finite"):
        search(numbers, target)


def test_too_many_numbers_are_refused_by_their_count() -> None:
    with pytest.raises(ValueError, match="there are 25 numbers; allowed: 24 at most"):
        closest_subset([0.1] * 25, 0.0)
    with pytest.raises(ValueError, match="there are 45 numbers; allowed: 44 at most"):
        meet_in_the_middle([0.1] * 45, 0.0)


@pytest.mark.parametrize(("sizes", "draws"), [([], 5), ([0, 3], 5), ([3], 0)])
def test_an_experiment_without_sizes_or_draws_is_refused(sizes, draws) -> None:
    with pytest.raises(ValueError, match="give sizes of 1 or more"):
        subset_errors(closest_subset, sizes, draws)
