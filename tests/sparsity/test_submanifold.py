"""Submanifold convolution against torch's dense one with a mask, in two and three dimensions, gradients included."""

import pytest
import scipy.ndimage
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from lthedu.sparsity import (
    from_grid,
    grown,
    neighbours,
    one_product,
    rule_book,
    submanifold_conv,
    to_grid,
)

GRIDS = [(1, 1, 1), (2, 5, 7), (1, 3, 4, 5), (2, 1, 6, 2)]


def made(grid: tuple[int, ...], share: float, channels: tuple[int, int] = (3, 4)) -> tuple[Tensor, Tensor, Tensor]:
    """Active places, a grid that is 0 elsewhere, and a kernel, in float64."""
    rng = torch.Generator().manual_seed(sum(grid))
    active = torch.rand(grid, generator=rng) < share
    x = torch.randn(grid[0], channels[0], *grid[1:], generator=rng, dtype=torch.float64) * active[:, None]
    weight = torch.randn(channels[1], channels[0], *[3] * (len(grid) - 1), generator=rng, dtype=torch.float64)
    return active, x, weight


def dense(x: Tensor, weight: Tensor) -> Tensor:
    return (functional.conv2d if x.ndim == 4 else functional.conv3d)(x, weight, padding=1)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_one_layer_is_the_dense_one_at_active_places(grid, share) -> None:
    active, x, weight = made(grid, share)
    features, right = from_grid(x, active), from_grid(dense(x, weight), active)
    assert torch.allclose(submanifold_conv(features, weight, rule_book(active)), right, atol=1e-12)
    assert torch.allclose(one_product(features, weight, neighbours(active)), right, atol=1e-12)


@pytest.mark.parametrize("grid", GRIDS[1:])
def test_two_layers_are_the_dense_ones_where_these_are_masked_in_between_and_no_others(grid) -> None:
    active, x, first = made(grid, 0.4, (3, 3))
    second, rules = first.flip(0), rule_book(active)
    two = submanifold_conv(submanifold_conv(from_grid(x, active), first, rules), second, rules)
    once = dense(x, first)
    assert torch.allclose(two, from_grid(dense(once * active[:, None], second), active), atol=1e-12)
    assert not torch.allclose(two, from_grid(dense(once, second), active), atol=0.1)


@pytest.mark.parametrize("grid", GRIDS[1:3])
def test_gradients_are_those_of_the_dense_one(grid) -> None:
    active, x, weight = made(grid, 0.4)
    above = torch.randn(int(active.sum()), 4, dtype=torch.float64)
    x, weight = x.requires_grad_(), weight.requires_grad_()
    right = torch.autograd.grad(from_grid(dense(x, weight), active), (x, weight), above)
    ways = {submanifold_conv: rule_book(active), one_product: neighbours(active)}
    for conv, kept in ways.items():
        found = torch.autograd.grad(conv(from_grid(x, active), weight, kept), (x, weight), above)
        assert torch.allclose(found[0], right[0] * active[:, None], atol=1e-12)
        assert torch.allclose(found[1], right[1], atol=1e-12)


@pytest.mark.parametrize("grid", GRIDS)
def test_grown_is_scipys_dilation(grid) -> None:
    active, _, _ = made(grid, 0.1)
    block = torch.ones([1] + [3] * (len(grid) - 1)).numpy()
    assert torch.equal(grown(active), torch.from_numpy(scipy.ndimage.binary_dilation(active.numpy(), block)))


@given(st.integers(1, 3), st.integers(1, 6), st.integers(1, 6), st.integers(0, 10**6))
def test_each_pair_stands_in_the_rules_in_both_directions(images, height, width, seed) -> None:
    active = torch.rand(images, height, width, generator=torch.Generator().manual_seed(seed)) < 0.5
    rules = rule_book(active)
    pairs = [set(zip(reads.tolist(), writes.tolist(), strict=True)) for reads, writes in rules]
    assert all({(b, a) for a, b in pairs[k]} == pairs[8 - k] for k in range(9))
    assert pairs[4] == {(i, i) for i in range(int(active.sum()))}
    places = active.nonzero()
    assert all(bool((places[reads, 0] == places[writes, 0]).all()) for reads, writes in rules)  # within one image


def test_a_grid_goes_there_and_back() -> None:
    active, x, _ = made((2, 5, 7), 0.3)
    features = from_grid(x, active).requires_grad_()
    assert torch.equal(to_grid(features, active), x)
    to_grid(features, active).sum().backward()
    assert torch.equal(features.grad, torch.ones_like(features))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda a: grown(a.float()), r"active is of torch.float32 and shape \(1, 2, 2\); allowed: bool"),
        (lambda a: neighbours(a[0]), r"shape \(2, 2\); allowed: bool, \(images, height, width\)"),
        (lambda a: rule_book(a[:0]), "not empty"),
        (lambda a: from_grid(torch.ones(1, 3, 2, 3), a), r"x has shape \(1, 3, 2, 3\); allowed: \(1, channels, 2, 2\)"),
        (lambda a: to_grid(torch.ones(3, 1), a), r"features has shape \(3, 1\); allowed: \(4, channels\)"),
        (
            lambda a: submanifold_conv(torch.ones(4, 2), torch.ones(5, 1, 3, 3), rule_book(a)),
            r"features has shape \(4, 2\) and is of torch.float32, weight \(5, 1, 3, 3\) .*; allowed: \(out, 2, 3, 3\)",
        ),
        (
            lambda a: submanifold_conv(torch.ones(4), torch.ones(5, 1, 3, 3), rule_book(a)),
            r"features has shape \(4,\) and is of torch.float32; allowed: two axes",
        ),
        (
            lambda a: submanifold_conv(torch.ones(4, 1), torch.ones(5, 1, 3, 3), rule_book(a)[:4]),
            "the rules are for 4 positions of a kernel; allowed: 9 or 27",
        ),
        (
            lambda a: one_product(torch.ones(4, 1), torch.ones(5, 1, 3, 3), torch.ones(4)),
            r"table has shape \(4,\); allowed: two axes",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call(torch.ones(1, 2, 2, dtype=torch.bool))
