"""How wide the random network must be: the rules suffice, grow as the theorems say, and fit where they are said to."""

import itertools
import math
import re

import numpy as np
import pytest
import torch

from lthedu.networks.chain import fully_connected
from lthedu.networks.models import MLP
from lthedu.proof import construct, solve, widths
from lthedu.proof.gadgets import free_owners
from lthedu.proof.widths import (
    METHODS,
    block_size,
    bytes_needed,
    check_fits,
    malach_width,
    orseau_cells,
    orseau_octaves,
    orseau_width,
    room,
    source_chain,
    source_sizes,
    subset_width,
    weights_of,
)

ETAS = np.geomspace(1e-5, 0.2, 40)
RULES = pytest.mark.parametrize("rule", [subset_width, malach_width, orseau_width])

# the rules suffice


@pytest.mark.parametrize("eta", [0.1, 1e-2, 1e-3, 1e-4, 1e-5])
@pytest.mark.parametrize(("instances", "delta"), [(1, 0.1), (1, 0.01), (10, 0.01)])
def test_subsets_miss_no_more_often_than_delta_allows(eta: float, instances: int, delta: float) -> None:
    """As free choice finds them: |a| close to 1, weights of at most 1/4. Below 1/100, eta costs bits of its own."""
    n, rows = subset_width(eta, instances, delta), 20_000
    rng = np.random.default_rng(0)
    numbers = rng.uniform(0.8, 1, (rows, n)) * rng.uniform(-1, 1, (rows, n))
    missed = solve(numbers, rng.uniform(-0.25, 0.25, rows), eta).missed(eta) / rows
    allowed = delta / instances
    assert missed < allowed + 3 * math.sqrt(allowed / rows)
    if eta <= 0.01:  # and it is not wasteful: four numbers fewer miss too often
        few = solve(numbers[:, : n - 4], rng.uniform(-0.25, 0.25, rows), eta).missed(eta) / rows
        assert few > allowed


def probability(largest: float, eta: float, draws: int = 400_000, seed: int = 0) -> np.ndarray:
    """How often a product of two numbers of the source falls into each interval with the right signs: (K,)."""
    rng = np.random.default_rng(seed)
    octaves = orseau_octaves(eta)
    a, b = (np.ldexp(rng.uniform(0.5, 1, draws), -rng.integers(0, octaves, draws)) for _ in range(2))
    edges = largest * widths.GOLDEN ** -np.arange(1, orseau_cells(eta, largest) + 2.0)
    return np.histogram(a * b, bins=edges[::-1])[0][::-1] / draws / 4


@pytest.mark.parametrize("eta", [1e-1, 1e-2, 1e-3])
@pytest.mark.parametrize("largest", [0.25, 1.0])
def test_orseaus_width_fills_every_interval_of_every_weight(eta: float, largest: float) -> None:
    instances, delta = 100, 0.05
    n, p = orseau_width(eta, instances, delta, largest), probability(largest, eta)
    assert len(p) == math.ceil(math.log(largest / eta) / math.log(widths.GOLDEN))
    assert largest * widths.GOLDEN ** -len(p) <= eta < largest * widths.GOLDEN ** -(len(p) - 1)
    assert instances * ((1 - p) ** n).sum() <= delta * 1.1  # the union bound, with chances that were counted
    assert instances * len(p) * (1 - p.min()) ** (0.8 * n) > delta  # and no more of them than that takes


def test_the_distribution_of_a_product_is_the_one_that_the_width_counts_with() -> None:
    values = np.array([0.25, 0.1, 0.01, 1e-3])
    rng = np.random.default_rng(1)
    for octaves in (2, 5, 8):
        u, v = (np.ldexp(rng.uniform(0.5, 1, 200_000), -rng.integers(0, octaves, 200_000)) for _ in range(2))
        counted = [(u * v < value).mean() for value in values]
        assert widths._product_below(values, octaves) == pytest.approx(counted, abs=0.005)


@pytest.mark.parametrize(
    ("method", "eta"),
    [("free", 1e-2), ("free", 1e-4), ("blocks", 1e-2), ("blocks", 1e-4), ("orseau", 1e-2), ("malach", 0.2)],
)
@pytest.mark.parametrize("box", [(0, 1), (-1, 1)])
def test_whole_networks_are_missed_no_more_often_than_delta(method, eta, box) -> None:
    delta, draws = 0.1, 40
    failed = 0
    for seed in range(draws):
        torch.manual_seed(seed)
        failed += construct(MLP([2, 3, 2]), eta=eta, method=method, delta=delta, seed=seed, box=box).missed > 0
    assert failed <= 9  # 4 expected at most; more than 9 of 40 would come once in 200 times


@pytest.mark.parametrize("classes", [2, 3, 5, 9, 30])
def test_there_is_room_for_full_pools(classes: int) -> None:
    capacity, full = 13, 0
    for seed in range(30):
        hidden = math.ceil(room(classes) * capacity * classes)
        owner = free_owners(np.random.default_rng(seed).uniform(-1, 1, (hidden, classes)), capacity)
        full += np.bincount(owner[owner >= 0], minlength=classes).min() == capacity
    assert full >= 28


# they grow as they should


@RULES
def test_more_weights_less_error_or_more_certainty_take_more(rule) -> None:
    last = [rule(eta, 100) for eta in ETAS]
    assert all(a >= b for a, b in itertools.pairwise(last))
    assert last[0] > last[-1]
    for small, large in (((1e-2, 10), (1e-2, 1000)), ((1e-2, 10, 0.1), (1e-2, 10, 1e-3))):
        assert rule(*small) < rule(*large)


def slope(etas, counts) -> float:
    """Of ln(count) over ln(1 / eta)."""
    return float(np.polyfit(-np.log(etas), np.log(counts), 1)[0])


def test_malachs_rule_grows_with_the_square_of_one_over_eta() -> None:
    etas = [0.1, 0.03, 0.01, 0.003]
    assert 1.8 <= slope(etas, [malach_width(eta, 32) for eta in etas]) <= 2.2
    assert malach_width(0.1, 1, delta=0.1) == math.ceil(16 / 0.01 * math.log(20))


def test_the_best_single_product_grows_with_one_over_eta() -> None:
    """The same proof with one product near the weight, not two numbers near two ends: measured, 16 weights."""
    etas, rng = [3e-2, 1e-2, 3e-3, 1e-3], np.random.default_rng(0)
    weights, most = rng.uniform(-0.25, 0.25, (40, 16)), 60_000
    counts = {eta: [] for eta in etas}
    for row in weights:
        products = rng.uniform(0, 1, most) * rng.uniform(-1, 1, most)
        off = np.abs(products - row[:, None])
        for eta in etas:
            hit = off <= eta
            assert hit.any(1).all()
            counts[eta].append(hit.argmax(1).max() + 1)  # neurons until the last of the weights has one
    assert 0.9 <= slope(etas, [np.quantile(counts[eta], 0.95) for eta in etas]) <= 1.15


def test_subset_sums_take_a_few_more_numbers_for_each_halving() -> None:
    """Measured: the fewest numbers with which 95 % of rows are hit; one or two more for each halving."""
    rng = np.random.default_rng(0)
    numbers = rng.uniform(0.8, 1, (3000, 24)) * rng.uniform(-1, 1, (3000, 24))
    targets = rng.uniform(-0.25, 0.25, 3000)
    etas = [2.0**-k for k in range(5, 13)]
    needed = [next(n for n in range(1, 25) if solve(numbers[:, :n], targets, eta).missed(eta) <= 150) for eta in etas]
    for counts in (needed, [subset_width(eta, 1000) for eta in etas]):
        each = np.polyfit(range(len(etas)), counts, 1)[0]
        assert 0.5 < each < 2
    assert max(np.diff(needed)) < 4


def test_orseaus_width_grows_with_the_logarithm() -> None:
    etas = [1e-2, 1e-3, 1e-4, 1e-5]
    counts = [orseau_width(eta, 100) for eta in etas]
    assert slope(etas, counts) < 0.4
    assert [orseau_octaves(eta) for eta in etas] == [5, 8, 10, 13]


def test_the_rules_are_those_of_the_constructions() -> None:
    assert block_size("free", 1e-3, 50, 0.1) == subset_width(1e-3, 50, 0.1)
    assert block_size("blocks", 1e-3, 50, 0.1) == 3 * subset_width(1e-3, 50, 0.1)
    assert block_size("malach", 1e-1, 50, 0.1) == malach_width(1e-1, 50, 0.1)
    assert block_size("orseau", 1e-3, 50, 0.1, largest=1.0) == orseau_width(1e-3, 50, 0.1, 1.0)
    assert orseau_width(1e-3, 50, 0.1, 1.0) != orseau_width(1e-3, 50, 0.1)
    assert [block_size(method, 1e-3, 50, 0.1, per_weight=7) for method in METHODS] == [7] * 4


# shapes, counts and memory


def test_the_source_is_twice_as_deep_with_a_class_for_each_input_and_for_the_bias() -> None:
    assert source_sizes([4, 3, 2], "blocks", 10) == (4, 50, 3, 40, 2)
    assert source_sizes([4, 3, 2], "blocks", 10, signed=True) == (4, 90, 3, 40, 2)  # the first layer's inputs twice
    assert source_sizes([4, 3], "free", 10) == (4, math.ceil(10 * 5 * room(5)), 3)
    assert weights_of((4, 50, 3)) == 5 * 50 + 51 * 3 == sum(p.numel() for p in MLP([4, 50, 3]).parameters())


def test_a_larger_source_takes_more_memory() -> None:
    lenet = fully_connected([784, 300, 100, 10])
    source = source_chain(lenet, "free", 32)
    assert bytes_needed(source) < bytes_needed(source_chain(lenet, "free", 33))
    assert bytes_needed(source) < 2**29  # half a GiB


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(4, 3, 2), (64, 32, 10), (784, 300, 100, 10)])
@pytest.mark.parametrize("signed", [False, True])
def test_the_eta_that_the_error_names_fits_and_a_smaller_one_does_not(method, shape, signed) -> None:
    def need(eta: float) -> int:
        block = block_size(method, eta, 1000)
        return bytes_needed(source_chain(fully_connected(shape), method, block, signed=signed))

    def refused(eta: float, limit: int) -> str:
        with pytest.raises(ValueError, match="the source would be") as found:
            check_fits(fully_connected(shape), method, eta, 1000, 0.01, limit, signed=signed)
        return str(found.value)

    eta = 1e-4
    for limit in (int(need(0.999) * (need(eta) / need(0.999)) ** k) for k in np.linspace(0, 0.99, 9)):
        text = refused(eta, limit)
        first = float(re.search(rf"'{method}' fits from eta = ([\d.e-]+) on", text)[1])
        assert need(first) <= limit
        lower = first - 1.01 * 10.0 ** (math.floor(math.log10(first)) - 2)  # the third digit one lower
        assert need(lower) > limit
        assert ("nothing would be kept" in text) == (first >= 0.25)
        check_fits(fully_connected(shape), method, first, 1000, 0.01, limit, signed=signed)
    assert "fits with no eta" in refused(eta, need(0.999) - 1)
    check_fits(fully_connected(shape), method, eta, 1000, 0.01, need(eta), signed=signed)


def test_the_error_says_what_it_would_take_and_what_to_do() -> None:
    shape = r"784-\d+-300-\d+-100-\d+-10: [\d,]+ weights, about [\d,.]+ GiB"
    with pytest.raises(
        ValueError, match=rf"^the source would be {shape}; allowed: 4.0 GiB. 'orseau' fits from eta = 0"
    ):
        check_fits(fully_connected([784, 300, 100, 10]), "orseau", 1e-4, 266_610, 0.01, 4 << 30, signed=False)
    with pytest.raises(
        ValueError, match=rf"^the source would be {shape}; allowed: 2.0 GiB, and method 'malach' fits with"
    ):
        check_fits(fully_connected([784, 300, 100, 10]), "malach", 1e-2, 266_610, 0.01, 2 << 30, signed=False)
    with pytest.raises(ValueError, match=r"allowed: 1.0 MiB, so choose fewer than 30 per weight"):
        check_fits(fully_connected([784, 300, 10]), "free", 1e-2, 1000, 0.01, 1 << 20, signed=False, per_weight=30)


@RULES
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((0.0, 5), "eta is 0.0; allowed: a number above 0 and below 1"),
        ((1.0, 5), "eta is 1.0; allowed"),
        ((math.nan, 5), "eta is nan; allowed"),
        ((0.1, 0), "instances is 0; allowed: a whole number from 1 up"),
        ((0.1, 5, 0.0), "delta is 0.0; allowed: a number above 0 and below 1"),
        ((0.1, 5, 1.0), "delta is 1.0; allowed"),
    ],
)
def test_values_that_make_no_sense_are_refused(rule, values, message) -> None:
    with pytest.raises(ValueError, match=message):
        rule(*values)


def test_a_method_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="method is 'lottery'; allowed: free, blocks, malach, orseau"):
        block_size("lottery", 0.1, 5)
