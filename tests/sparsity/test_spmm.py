"""The sparse product against the dense one, and its gradients against autograd, compiled and by torch."""

import pytest
import torch

from lthedu.sparsity import sparse_product, spmm, spmm_gradients, to_csr

CASES = [(1, 1, 1), (4, 6, 1), (7, 3, 5), (16, 33, 8)]


@pytest.fixture(params=["compiled", "torch"])
def way(request, monkeypatch) -> str:
    import sys

    module = sys.modules["lthedu.sparsity.spmm"]
    if request.param == "torch":
        monkeypatch.setattr(module, "AVAILABLE", False)
    elif not module.AVAILABLE:
        pytest.skip("numba is not installed")
    return request.param


def made(shape: tuple[int, int, int], density: float, dtype: torch.dtype) -> tuple[torch.Tensor, ...]:
    rows, columns, batch = shape
    rng = torch.Generator().manual_seed(rows)
    weight = torch.randn(rows, columns, generator=rng, dtype=dtype)
    weight = weight * (torch.rand(rows, columns, generator=rng) < density)
    x = torch.randn(columns, batch, generator=rng, dtype=dtype)
    return weight, x, torch.randn(rows, batch, generator=rng, dtype=dtype)


@pytest.mark.parametrize("shape", CASES)
@pytest.mark.parametrize("density", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("dtype", "off"), [(torch.float32, 1e-5), (torch.float64, 1e-13)])
def test_the_product_is_the_dense_one(way, shape, density, dtype, off) -> None:
    weight, x, _ = made(shape, density, dtype)
    for inputs in (x, torch.cat([x, x], 1)[:, ::2]):  # the second is not contiguous
        for product in (spmm, sparse_product):
            assert torch.allclose(product(*to_csr(weight), inputs), weight @ inputs, atol=off)


@pytest.mark.parametrize("shape", CASES)
@pytest.mark.parametrize("density", [0.0, 0.3, 1.0])
def test_the_gradients_are_autograds_at_the_kept_weights(way, shape, density) -> None:
    weight, x, above = made(shape, density, torch.float64)
    dense, inputs = weight.clone().requires_grad_(), x.clone().requires_grad_()
    (dense @ inputs).backward(above)
    start, column, value = to_csr(weight)
    by_hand = spmm_gradients(start, column, value, x, above)
    value, x = value.requires_grad_(), x.requires_grad_()
    by_loops = torch.autograd.grad(sparse_product(start, column, value, x), (value, x), above)
    for slope, back in (by_hand, by_loops):
        assert torch.allclose(slope, dense.grad[weight != 0], atol=1e-13)
        assert torch.allclose(back, inputs.grad, atol=1e-13)


def test_autograd_calls_them(way) -> None:
    weight, x, _ = made((5, 4, 3), 0.5, torch.float64)
    start, column, value = to_csr(weight)
    value.requires_grad_()
    assert torch.autograd.gradcheck(lambda v, x: sparse_product(start, column, v, x), (value, x.requires_grad_()))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"x": torch.ones(3)}, r"x has shape \(3,\); allowed: two axes"),
        ({"x": torch.ones(2, 2, dtype=torch.float64)}, "is of torch.float64 and value of torch.float32"),
        ({"x": torch.ones(1, 2)}, r"x has shape \(1, 2\); column has 1 entries up to 1, so x needs more rows"),
        ({"above": torch.ones(2, 2)}, r"above is of shape \(2, 2\) and torch.float32; allowed: \(1, 2\)"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict, words: str) -> None:
    right = {"start": torch.tensor([0, 1]), "column": torch.tensor([1]), "value": torch.ones(1)}
    right |= {"x": torch.ones(2, 2), "above": torch.ones(1, 2)}
    with pytest.raises(ValueError, match=words):
        spmm_gradients(**(right | changes))
