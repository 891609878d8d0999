"""What the attacks are made of. Times belong to a machine, so they are asked for being there and not for their size;
what is computed from the stored run is held to what the lesson says of it."""

import math

import pytest
import torch
from lessons.counting_and_clocking import attacks

from lthedu.base.compiled import AVAILABLE
from lthedu.sparsity.kernels import block_mask

pytestmark = pytest.mark.full

TIMED = [
    attacks.trained_mask,
    attacks.cold_caches,
    attacks.inputs_by_rows,
    attacks.another_dense,
    attacks.two_threads,
    attacks.larger_blocks,
    attacks.in_float64,
    attacks.a_whole_network,
    attacks.numpy_as_dense,
    attacks.layers_in_turn,
]


@pytest.mark.parametrize("attack", TIMED)
def test_what_is_timed_is_there(attack) -> None:
    found = attack()
    assert len(found) >= 2
    assert all(math.isnan(value) or value > 0 for value in found.values())


def test_the_sparse_network_answers_as_the_pruned_one() -> None:
    assert attacks.sparse_network_is_off_by() < 1e-4


def test_the_law_holds_between_fitted_sizes_better_than_beyond_them() -> None:
    off = attacks.each_size_left_out()
    assert off["512 x 512"] < 20 < off["256 x 256"]


def test_with_one_percent_among_the_fitted_the_law_holds_there() -> None:
    found = attacks.fitted_with_one_percent()
    assert found["from 5 to 50 %"] < 20
    assert found["at 1 %"] < 20


def test_windows_that_were_refused_say_other_things() -> None:
    found = attacks.without_refusing()
    assert found["refused in the table"] > 0
    assert found["smallest"] < 0.8
    assert found["largest over the median"] > 1.5


def test_the_counter_finds_what_is_kept_in_some_spellings_alone() -> None:
    found = attacks.other_spellings_counted()
    assert found["W @ x"] == found["csr @ x"] == pytest.approx(10, rel=1e-3)
    assert found["torch.sparse.mm"] == found["a dense LSTM"] == 0
    assert found["gathered"] == found["row by row"] == 1


@pytest.mark.skipif(not AVAILABLE, reason="without numba the loops would take minutes")
@pytest.mark.parametrize("side", [16, 32, 64])
def test_blocks_of_our_own_give_the_product(side: int) -> None:
    weight = torch.randn(128, 192)
    weight = torch.where(block_mask(weight.abs(), 0.4, side), weight, torch.zeros(()))
    x = torch.randn(192, 1)
    assert torch.allclose(attacks.block_call(weight, x, side)(), (weight @ x)[:, 0], atol=1e-4)


@pytest.mark.skipif(not AVAILABLE, reason="without numba the loops would take minutes")
def test_blocks_of_our_own_are_timed_beside_those_of_torch() -> None:
    found = attacks.blocks_of_our_own()
    assert set(found) == {"numpy", "own, 16", "own, 32", "own, 64", "torch BSR, 16"}
    assert all(value > 0 for value in found.values())
