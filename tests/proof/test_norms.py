"""The norms of convolutions and of pooling: above what the best image found gets, and near it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from lthedu.networks.chain import RELU, Chain, Step, fully_connected, pooled
from lthedu.proof import error_bound
from lthedu.proof.convolution import affine
from lthedu.proof.norms import chain_bound, convolution_norm, pooling_norm

kernels = st.tuples(st.integers(1, 4), st.integers(1, 4))
seeds = st.integers(0, 10_000)


def unrolled(f, image) -> np.ndarray:
    """The matrix of a linear map of images (n, *image): what it makes of each pixel alone, (outputs, inputs)."""
    basis = torch.eye(int(np.prod(image)), dtype=torch.float64).reshape(-1, *image)
    return f(basis).flatten(1).T.numpy()


def power_iteration(weight, image, padding, steps: int = 60) -> float:
    """The length of what the convolution makes of the image of length 1 that it lengthens most, from below."""
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(1, weight.shape[1], *image)))
    for _ in range(steps):
        x = x / x.norm()
        made = F.conv2d(x, weight, padding=padding)
        x = F.conv_transpose2d(made, weight, padding=padding)
    return float(made.norm())


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 3), st.integers(1, 3), kernels, st.integers(0, 3), st.integers(0, 3), seeds)
def test_the_bound_is_above_the_unrolled_matrix_whatever_the_padding(o, i, kernel, more, padding, seed) -> None:
    weight = np.random.default_rng(seed).normal(size=(o, i, *kernel))
    image = tuple(k + more for k in kernel)
    p = tuple(min(padding, k - 1) for k in kernel)
    matrix = unrolled(lambda x: F.conv2d(x, torch.from_numpy(weight), padding=p), (i, *image))
    exact, bound = np.linalg.norm(matrix, 2), convolution_norm(weight, image, p)
    assert exact <= bound * (1 + 1e-12)
    if kernel == (1, 1) or (not any(p) and not more):
        assert exact == pytest.approx(bound, rel=1e-12)


@pytest.mark.parametrize("kernel", [(3, 3), (5, 5), (2, 4)])
@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_above_power_iteration_and_near_it(kernel, seed) -> None:
    weight = torch.from_numpy(np.random.default_rng(seed).normal(size=(6, 4, *kernel)))
    below = power_iteration(weight, (20, 20), (1, 1))
    above = convolution_norm(weight.numpy(), (20, 20), (1, 1))
    assert below <= above < 1.2 * below


pools = st.builds(
    lambda kind, kernel, stride: Step(kind, 0, kernel, stride),
    st.sampled_from(["max", "average"]), kernels, st.tuples(st.integers(1, 4), st.integers(1, 4)),
)  # fmt: skip


@settings(deadline=None, max_examples=80)
@given(pools, st.integers(0, 4), seeds)
def test_pooling_brings_no_two_images_further_apart_than_its_norm_says(step, more, seed) -> None:
    image = tuple(k + more for k in step.kernel)
    bound, rng = pooling_norm(step, image), np.random.default_rng(seed)
    if step.kind == "average":
        assert np.linalg.norm(unrolled(lambda x: pooled(step, x), (1, *image)), 2) <= bound * (1 + 1e-12)
        return
    a, b = rng.normal(size=(2, 50, 1, *image))
    b[25:] = a[25:] + (rng.random(a[25:].shape) < 0.1) * rng.normal(size=a[25:].shape)  # a few pixels moved
    moved = np.linalg.norm((pooled(step, a) - pooled(step, b)).reshape(50, -1), axis=1)
    assert (moved <= bound * np.linalg.norm((a - b).reshape(50, -1), axis=1) * (1 + 1e-12)).all()


def test_the_factor_of_overlapping_maxima_is_reached_by_one_bright_pixel() -> None:
    step, image = Step("max", 0, (3, 3), (1, 1)), (7, 7)
    a, b = np.zeros((2, 1, 1, *image))
    b[..., 3, 3] = 1.0
    assert np.linalg.norm(pooled(step, b) - pooled(step, a)) == pooling_norm(step, image) == 3.0
    assert pooling_norm(Step("average", 0, (7, 7), (7, 7)), image) == pytest.approx(1 / 7)
    assert pooling_norm(Step("max", 0, (2, 2), (3, 3)), image) == 1.0  # pixels that no window sees


steps = st.tuples(kernels, st.integers(0, 1), st.sampled_from(["none", "max", "average"]))


@settings(deadline=None, max_examples=60)
@given(st.lists(steps, min_size=1, max_size=2), st.sampled_from([1e-3, 0.3]), seeds)
def test_the_bound_holds_on_the_whole_ball(layers, size, seed) -> None:
    image, found = (2, 9, 8), []
    shape = image
    for kernel, padding, pool in layers:
        kernel = tuple(min(k, n) for k, n in zip(kernel, shape[1:], strict=True))
        found += [Step("affine", 2, kernel, padding=tuple(min(padding, (k - 1) // 2) for k in kernel)), RELU]
        shape = found[-2].after(shape)
        if pool != "none" and min(shape[1:]) > 1:
            found.append(Step(pool, 0, (2, 2), (1, 2)))
            shape = found[-1].after(shape)
    chain = Chain(image, (*found, Step("affine", 3, shape[1:])))
    rng = np.random.default_rng(seed)
    target = [
        rng.normal(size=(step.outputs, channels * step.kernel[0] * step.kernel[1] + 1))
        for step, (channels, *_) in chain.affine
    ]
    errors = [size * rng.normal(size=layer.shape) * rng.choice([0, 1]) for layer in target]
    made = [layer + error for layer, error in zip(target, errors, strict=True)]
    x = rng.normal(size=(60, *image))
    x *= 3.0 / np.linalg.norm(x.reshape(60, -1), axis=1)[:, None, None, None]
    x[::3] *= rng.random((20, 1, 1, 1))
    x[0] = 0

    def outputs(layers):
        steps_ = [step for step, _ in chain.affine]
        return chain.through(x, [lambda h, s=s, la=la: affine(s, la, h) for s, la in zip(steps_, layers, strict=True)])

    apart = np.linalg.norm(outputs(target) - outputs(made), axis=1).max()
    assert apart <= chain_bound(chain, target, made, errors, 3.0) * (1 + 1e-12) + 1e-12


def test_without_images_it_is_a_bound_as_the_one_for_matrices_is() -> None:
    rng = np.random.default_rng(0)
    target = [rng.normal(size=(m, n + 1)) for n, m in ((5, 4), (4, 3))]
    errors = [1e-3 * rng.normal(size=layer.shape) for layer in target]
    made = [layer + error for layer, error in zip(target, errors, strict=True)]
    a = chain_bound(fully_connected([5, 4, 3]), target, made, errors, 2.0)
    assert 0.5 < a / error_bound(target, made, errors, 2.0) < 2
    assert chain_bound(fully_connected([5, 4, 3]), target, target, [0 * e for e in errors], 2.0) == 0.0


def test_a_bound_that_leaves_float64_names_the_layer() -> None:
    layers = [np.array([[1e200, 0.0]])] * 2
    with pytest.raises(ValueError, match="the bound of layer 2 is inf"):
        chain_bound(fully_connected([1, 1, 1]), layers, layers, layers, 1.0)
