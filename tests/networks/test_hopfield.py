"""Hopfield's memory: Hebb's rule pair by pair, stored patterns that stay, and exact numbers of synapses."""

from itertools import pairwise

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given

from lthedu.networks.hopfield import hebb, recall, strongest_pairs


def patterns(number: int, units: int, seed: int = 0) -> torch.Tensor:
    return (torch.rand(number, units, generator=torch.Generator().manual_seed(seed)) < 0.5).float() * 2 - 1


def test_hebb_s_weights_are_sums_of_products_and_depend_on_their_two_units_alone() -> None:
    stored = patterns(5, 12)
    weights = hebb(stored)
    x = stored.numpy()
    expected = np.array([[sum(x[:, i] * x[:, j]) if i != j else 0 for j in range(12)] for i in range(12)])
    assert np.array_equal(weights.numpy(), expected)
    two = hebb(stored[:, [3, 8]])
    assert two[0, 1] == weights[3, 8]


def test_few_patterns_stay_and_are_found_again_and_the_energy_never_rises() -> None:
    stored = patterns(4, 200)
    weights = hebb(stored)
    assert torch.equal(recall(weights, stored, 3), stored)
    near = stored.clone()
    near[:, :20] *= -1
    assert torch.equal(recall(weights, near), stored)
    state, energies = patterns(1, 200, seed=9)[0], []
    for unit in range(200):  # one unit at a time
        energies.append(float(-state @ weights @ state))
        state = state.clone()
        state[unit] = recall(weights, state[None], 1)[0, unit]
    assert all(a >= b for a, b in pairwise(energies))


def test_a_unit_that_gets_nothing_stays() -> None:
    state = patterns(2, 5)
    assert torch.equal(recall(torch.zeros(5, 5), state), state)


@given(st.integers(2, 12), st.integers(0, 99))
def test_exactly_so_many_pairs_of_the_largest_scores_are_kept(units: int, seed: int) -> None:
    scores = torch.rand(units, units, generator=torch.Generator().manual_seed(seed))
    scores = scores + scores.T
    upper = torch.ones_like(scores).triu(1) > 0
    for pairs in {0, 1, units * (units - 1) // 4, units * (units - 1) // 2}:
        mask = strongest_pairs(scores, pairs)
        assert torch.equal(mask, mask.T)
        assert not mask.diagonal().any()
        kept, gone = scores[mask & upper], scores[~mask & upper]
        assert len(kept) == pairs
        assert not len(kept) or not len(gone) or kept.min() >= gone.max()


def test_ties_are_cut_to_the_exact_number() -> None:
    assert int(strongest_pairs(torch.ones(6, 6), 7).sum()) == 14


def test_what_does_not_fit_is_refused_in_words() -> None:
    for wrong, words in (
        (lambda: hebb(torch.ones(3)), r"patterns is torch.float32 of shape \(3,\); allowed"),
        (lambda: hebb(torch.zeros(2, 3)), r"patterns, of shape \(2, 3\), holds 0; allowed: \+1 and -1"),
        (lambda: hebb(torch.ones(2, 3, dtype=torch.bool)), r"patterns is torch.bool of shape \(2, 3\); allowed"),
        (lambda: recall(torch.ones(3, 3), torch.full((1, 3), 7.0)), r"state, of shape \(1, 3\), holds 7; allowed"),
        (lambda: strongest_pairs(torch.ones(2, 3), 1), r"scores has the shape \(2, 3\)"),
        (lambda: strongest_pairs(torch.full((3, 3), torch.nan), 1), "without NaN"),
        (lambda: strongest_pairs(torch.ones(3, 3), 4), "pairs is 4; allowed: 0 to the 3 pairs of 3 units"),
        (lambda: recall(torch.ones(3, 3), torch.ones(2, 4)), r"\(3, 3\) and state \(2, 4\)"),
    ):
        with pytest.raises(ValueError, match=words):
            wrong()
