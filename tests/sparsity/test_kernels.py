"""Every kernel gives the dense product; what they take is for `lthedu paper counting_and_clocking` to say."""

import pytest
import torch

from lthedu.base import compiled
from lthedu.pruning import keep_largest
from lthedu.sparsity import block_mask, kernels

ALL = {**kernels.DENSE_KERNELS, **kernels.SPARSE_KERNELS}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("density", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("batch", [1, 7])
def test_every_kernel_gives_the_product_each_time(name: str, density: float, batch: int) -> None:
    rng = torch.Generator().manual_seed(batch)
    weight, x = torch.randn(32, 48, generator=rng), torch.randn(48, batch, generator=rng)
    weight = torch.where(keep_largest(weight.abs(), density), weight, torch.zeros(()))
    call = ALL[name](weight, x)
    for _ in range(2):  # a result that is used again must begin anew
        assert torch.allclose(call(), weight @ x, atol=1e-4)


def test_without_numba_the_libraries_kernels_are_left() -> None:
    own = {kernels.NAIVE, kernels.TWELVE, kernels.ENGINE}
    assert (own <= kernels.SPARSE_KERNELS.keys()) == compiled.AVAILABLE
    assert kernels.SPARSE_KERNELS.keys() >= {kernels.TORCH, kernels.SCIPY, kernels.BAG, kernels.BLOCKS}


@pytest.mark.parametrize("density", [0.0, 0.25, 0.3, 1.0])
def test_blocks_are_kept_whole_and_counted_exactly(density: float) -> None:
    scores = torch.rand(12, 20, generator=torch.Generator().manual_seed(1))
    mask = block_mask(scores, density, block=4)
    blocks = mask.view(3, 4, 5, 4).transpose(1, 2).reshape(15, 16)
    assert bool((blocks.all(1) | ~blocks.any(1)).all())
    assert int(blocks.all(1).sum()) == round(15 * density)
    sums = scores.view(3, 4, 5, 4).sum((1, 3)).flatten()
    if 0 < density < 1:
        assert float(sums[blocks.all(1)].min()) >= float(sums[~blocks.all(1)].max())


def test_what_is_not_whole_blocks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"scores has shape \(10, 16\); allowed: two axes, both multiples of 16"):
        block_mask(torch.ones(10, 16), 0.5)
