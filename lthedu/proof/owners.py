"""Who owns which hidden neuron of a random network, and by which of its incoming weights.

That depends on the first of two random layers alone, not on the target: tickets of one random network share it.
"""

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lthedu.proof import gadgets
from lthedu.proof.gadgets import Ints
from lthedu.proof.source import AnySource
from lthedu.proof.widths import Method

KEPT = 1 << 17  # hidden neurons of a layer up to which its owners are remembered
Owned = tuple[Ints, NDArray[np.float32]]  # the class of each hidden neuron, -1 for none; the incoming number it keeps


def owners(source: AnySource, layer: int, method: Method, block: int, *, signed: bool) -> Owned:
    """The owners in random layer `layer`, counted from 0: by free choice, else in blocks.

    The last owners asked for are remembered, where the layer is not too wide.

    >>> from lthedu.proof import Source
    >>> owner, strength = owners(Source(0, (2, 6, 1)), 0, "free", 2, signed=False)
    >>> np.bincount(owner + 1).tolist(), bool((strength[owner >= 0] > 0).all())
    ([1, 1, 2, 2], True)
    """
    hidden = list(source.shapes().values())[2 * layer][0]
    return (_remembered if hidden <= KEPT else _owners)(source, layer, method, block, signed)


def _owners(source: AnySource, layer: int, method: Method, block: int, signed: bool) -> Owned:
    values = _values(source, layer, signed)
    owner = gadgets.free_owners(values, block) if method == "free" else gadgets.block_owners(values, block)
    strength = np.where(owner >= 0, values[np.arange(len(owner)), owner], 0).astype(np.float32)
    for shared in (owner, strength):
        shared.flags.writeable = False
    return owner, strength


_remembered = lru_cache(maxsize=16)(_owners)  # five random networks with three layers each


def _values(source: AnySource, layer: int, signed: bool) -> NDArray[np.float32]:
    """What each hidden neuron could keep for each class: (hidden, classes), positive where it serves."""
    names = list(source.shapes())[2 * layer : 2 * layer + 2]
    weight, bias = (source.param(name).numpy() for name in names)
    weight = weight.reshape(len(weight), -1)
    n = weight.shape[1]
    found: NDArray[Any] = np.empty((len(weight), (1 + signed) * n + 1), np.float32)
    found[:, :n], found[:, -1] = weight, bias
    if signed:
        np.negative(found[:, :n], out=found[:, n : 2 * n])
    return found
