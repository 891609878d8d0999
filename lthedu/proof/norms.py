"""By how much a step of a network can lengthen an image, and the certificate that follows for a whole chain.

An image is as long as the list of all its numbers. Every norm here is an upper bound on how much longer what a step
makes of an image can be, and on how much further apart what it makes of two images.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lthedu.networks.chain import Chain, Pair, Step
from lthedu.proof.scales import HELD

Floats = NDArray[np.float64]


def convolution_norm(weight: Floats, image: Pair, padding: Pair = (0, 0)) -> float:
    """An upper bound on the norm of a convolution, weights (outputs, channels, *kernel), as a map of whole images.

    `image` is (height, width). Padded with zeros, by less than the kernel, an image n pixels long meets a kernel k long
    as on a ring of n + k - 1 pixels, where it never meets itself; of what the ring's convolution gives, some pixels are
    left out. So the ring's norm is a bound. Waves pass through the ring as waves, each by the matrix (outputs,
    channels) of its frequency in the kernel's Fourier transform: the norm is the largest singular value of all these,
    and real kernels have the same at opposite frequencies. For a kernel of one pixel, and for one as large as the image
    without padding, the bound is the matrix's own norm and exact. Both are so up to rounding. Source: Sedghi, Gupta and
    Long, "The Singular Values of Convolutional Layers", 2019, for rings.

    >>> round(convolution_norm(np.ones((1, 1, 3, 3)), (8, 8)), 3)  # no image gets more than 9 times as long
    9.0
    """
    kernel = weight.shape[2:]
    if kernel == (1, 1) or (kernel == tuple(image) and padding == (0, 0)):
        return matrix_norm(weight.reshape(len(weight), -1))
    sides = [n + k - 1 for n, k in zip(image, kernel, strict=True)]
    waves = np.fft.rfft2(weight, s=sides)  # (outputs, channels, *frequencies)
    return float(np.linalg.norm(np.moveaxis(waves, (0, 1), (-2, -1)), 2, axis=(-2, -1)).max())


def pooling_norm(step: Step, image: Pair) -> float:
    """An upper bound on how much further apart pooling can bring two images of (height, width).

    A pixel lies in at most m of the windows, counted. A maximum moves by no more than the window's furthest pixel does,
    so the squares of all maxima's moves add up to at most m times those of the pixels: the bound is sqrt(m). An average
    over K pixels is a matrix whose rows add up to 1 and whose columns to m / K at most; its norm is at most the root of
    the product (Schur's test): sqrt(m / K). Where windows do not overlap, that is 1 and 1 / sqrt(K).

    >>> pooling_norm(Step("max", 0, (2, 2), (2, 2)), (8, 8)), pooling_norm(Step("average", 0, (2, 2), (2, 2)), (8, 8))
    (1.0, 0.5)
    """
    many = 1
    for n, k, s in zip(image, step.kernel, step.stride, strict=True):
        windows = np.arange((n - k) // s + 1)[:, None] * s + np.arange(k)
        many *= int(np.bincount(windows.ravel()).max())
    return float(np.sqrt(many / (1 if step.kind == "max" else step.kernel[0] * step.kernel[1])))


def chain_bound(
    chain: Chain, target: Sequence[Floats], made: Sequence[Floats], errors: Sequence[Floats], reach: float
) -> float:
    """How far apart two chains of the same steps can be whose layers differ by `errors`, on inputs up to `reach` long.

    Layers are [W | b], (outputs, channels * kernel + 1); `made` holds the second chain's. With r the largest length of
    what a layer reads in the second chain, |.| the norm of a convolution and P the pixels that it gives, each of which
    has the bias: D = |W| D + |errors| r + sqrt(P) |errors of b|, r = |made| r + sqrt(P) |b|, from D = 0 and r = reach;
    pooling multiplies both by its norm, and ReLU makes neither larger. Raises ValueError, naming the layer, for a bound
    that leaves float64.

    >>> from lthedu.networks.chain import fully_connected
    >>> w = np.array([[0.5, 0.0]])
    >>> chain_bound(fully_connected([1, 1]), [w], [w], [np.array([[0.01, 0.01]])], reach=2.0)
    0.03
    """
    length, difference, layer = reach, 0.0, 0
    for step, (_, *image), (_, height, width) in zip(chain.steps, chain.shapes, chain.shapes[1:], strict=False):
        if step.kind == "affine":
            (weight, _), (second, bias), (error, error_of_bias) = (
                _norms(step, found[layer], (image[0], image[1])) for found in (target, made, errors)
            )
            pixels, layer = np.sqrt(height * width), layer + 1
            difference = float(weight * difference + error * length + pixels * error_of_bias)
            length = float(second * length + pixels * bias)
        elif step.kind != "relu":
            norm = pooling_norm(step, (image[0], image[1]))
            difference, length = norm * difference, norm * length
        if not (difference < np.inf and length < np.inf):
            raise ValueError(f"the bound of layer {layer} is {difference:.3g}, its length {length:.3g}; {HELD}")
    return difference


def matrix_norm(matrix: Floats) -> float:
    """The largest singular value.

    >>> matrix_norm(np.diag([3.0, 4.0]))
    4.0
    """
    return float(np.linalg.norm(matrix, 2)) if matrix.size else 0.0


def _norms(step: Step, layer: Floats, image: Pair) -> tuple[float, float]:
    """Of a layer's weights and of its bias."""
    weight = layer[:, :-1].reshape(len(layer), -1, *step.kernel)
    return convolution_norm(weight, image, step.padding), float(np.linalg.norm(layer[:, -1]))
