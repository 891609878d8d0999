"""Paths: against counting them one by one, and against products of matrices."""

from itertools import pairwise, product

import hypothesis.strategies as st
import pytest
import torch
from hypothesis import given
from torch import Tensor

from lthedu.networks.paths import count_paths, on_a_path

sizes = st.lists(st.integers(1, 4), min_size=2, max_size=4)


def drawn(sizes: list[int], seed: int, density: float = 0.6) -> list[Tensor]:
    draw = torch.Generator().manual_seed(seed)
    return [torch.rand(b, a, generator=draw) < density for a, b in pairwise(sizes)]


def every_path(layers: list[Tensor]) -> list[tuple[int, ...]]:
    units = [layers[0].shape[1], *(len(mask) for mask in layers)]
    steps = range(len(layers))
    return [path for path in product(*map(range, units)) if all(layers[i][path[i + 1], path[i]] for i in steps)]


@given(sizes, st.integers(0, 99))
def test_paths_are_those_that_one_finds_one_by_one(sizes: list[int], seed: int) -> None:
    layers = drawn(sizes, seed)
    paths = every_path(layers)
    assert count_paths(layers) == len(paths)
    for i, found in enumerate(on_a_path(layers), 1):
        assert found.nonzero().flatten().tolist() == sorted({path[i] for path in paths})


def test_they_are_the_entries_of_the_product_and_exact_where_floats_are_not() -> None:
    layers = drawn([7, 9, 8, 5], seed=3)
    product_of_all = layers[2].double() @ layers[1].double() @ layers[0].double()
    assert count_paths(layers) == int(product_of_all.sum())
    full = [torch.ones(3, 3, dtype=torch.bool)] * 60
    assert count_paths(full) == 3**61


def test_masks_that_do_not_fit_are_refused_by_layer() -> None:
    fits = torch.ones(2, 3, dtype=torch.bool)
    for function in (count_paths, on_a_path):
        with pytest.raises(ValueError, match=r"layer 1 is torch.bool of shape \(4, 3\); allowed: .*in = 2"):
            function([fits, torch.ones(4, 3, dtype=torch.bool)])
        with pytest.raises(ValueError, match=r"layer 0 is torch\.float32"):
            function([fits.float()])
