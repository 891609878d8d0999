"""The cost of a step against torch's own counter of multiplications, for dense layers, and by what is left out."""

from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lthedu.networks.models import MLP
from lthedu.sparsity import step_cost, weight_steps


def counted(sizes, batch):
    """Multiplications of a forward and a backward pass, as torch counts them (it counts two operations for each)."""
    network, x = MLP(sizes), torch.rand(batch, sizes[0])
    with FlopCounterMode(display=False) as counter:
        nn.functional.cross_entropy(network(x), torch.zeros(batch, dtype=torch.long)).backward()
    return counter.get_total_flops() / 2


@pytest.mark.parametrize("sizes", [[784, 300, 100, 10], [7, 3], [5, 4, 3, 2]])
def test_a_dense_step_costs_what_torch_counts(sizes):
    layers = [a * b for a, b in pairwise(sizes)]
    assert counted(sizes, 8) == 8 * step_cost(layers) == 8 * step_cost(layers, whole=layers)


def test_sparse_steps_cost_by_what_is_kept_and_growth_by_what_there_is():
    kept, whole = [1810, 668, 184], [235_200, 30_000, 1000]
    assert step_cost(kept) == 2 * 2662 + 668 + 184
    assert step_cost(kept, whole) - step_cost(kept) == 266_200 - 2662
    assert step_cost([]) == 0


def test_other_layers_are_refused():
    for whole in ([5], [5, 5, 5], [4, 1]):
        with pytest.raises(ValueError, match=r"kept is \[4, 3\] and whole"):
            step_cost([4, 3], whole)


def test_weights_over_time_are_the_sum_over_steps_one_by_one():
    draw = torch.Generator().manual_seed(0)
    for _ in range(20):
        begins = [0, *torch.randint(0, 30, (4,), generator=draw).sort().values.tolist()]
        kept = list(zip(begins, torch.randint(0, 50, (5,), generator=draw).tolist(), strict=True))
        one_by_one = sum([w for begin, w in kept if begin <= step][-1] for step in range(25))
        assert weight_steps(kept, 25) == one_by_one
    for wrong in ([(1, 5)], [(0, 5), (4, 1), (2, 3)]):
        with pytest.raises(ValueError, match="kept changes after"):
            weight_steps(wrong, 9)
