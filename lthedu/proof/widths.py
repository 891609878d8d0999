"""How many random numbers each construction takes: its hidden neurons for each input, and what that means in memory.

`instances` is the number of weights to hit at once, biases included, and `delta` the chance that one of them is missed:
a union bound divides the second by the first.
"""

import itertools
import math
from collections.abc import Sequence
from typing import Annotated, Literal

import numpy as np

from lthedu.base.arguments import typed
from lthedu.base.machine import memory
from lthedu.base.ranges import Above, Count, Range
from lthedu.networks.chain import RELU, Chain, Step, fully_connected
from lthedu.proof.gadgets import GOLDEN
from lthedu.proof.scales import Small
from lthedu.proof.solvers import MOST_HASHED

Method = Literal["free", "blocks", "malach", "orseau"]
METHODS = ("free", "blocks", "malach", "orseau")
LARGEST = 0.25  # of a normalised weight
Size = Annotated[float, Above(0, high=1), Range(1e-38)]  # the magnitudes of the source, whose largest is 1
GIB = 1 << 30
MOST_ETA = 0.999


@typed
def subset_width(eta: Small, instances: Count, delta: Small = 0.01) -> int:
    """Candidates for each weight, so that subset sums hit all of `instances` weights within `eta`.

    The larger of two needs, rounded up. A typical weight takes log2(1 / eta) + 3, whatever its size. That none of many
    is missed takes more: at eta = 1/100, n numbers miss a weight with a chance of about 2 (1 + n) / 2^n, that of one
    sign being rare among them, and whatever eta falls below that costs its bits on top. Both are fits to measurements
    (eta from 1e-2 to 1e-5, weights of at most 1/4), where Lueker's theorem gives C log(1 / min(eta, delta)) with a
    constant that it does not name. Raises ValueError for values that make no sense.

    >>> subset_width(1e-2, 266_610), subset_width(1e-3, 266_610), subset_width(1e-3, 1)
    (31, 35, 16)
    """
    wanted, n = math.log2(instances / delta), 1.0
    while n - math.log2(2 * (1 + n)) < wanted:
        n += 1
    return math.ceil(max(n + max(0, math.log2(0.01 / eta)), math.log2(1 / eta) + 3))


@typed
def malach_width(eta: Small, instances: Count, delta: Small = 0.01) -> int:
    """Neurons for each input, so that each of `instances` weights meets its two lucky ones: 16 / eta^2 ln(2 N / delta).

    One neuron is lucky with a chance of eta^2 / 16 at least, once for x > 0 and once for x < 0. Source: Malach and
    others 2020; this proof and its constant are ours.

    >>> malach_width(0.1, 1, delta=0.1), malach_width(0.01, 1, delta=0.1)
    (4794, 479318)
    """
    return math.ceil(16 / eta**2 * math.log(2 * instances / delta))


@typed
def orseau_cells(eta: Small, largest: Size = LARGEST) -> int:
    """How many K intervals [R g^-(k+1), R g^-k), k = 1 to K, bring what is left from R = `largest` down to `eta`.

    With g the golden ratio one sample in each will do: see `lthedu.proof.golden`.

    >>> orseau_cells(1e-3)
    12
    """
    return max(1, math.ceil(math.log(largest / eta, GOLDEN)))


@typed
def orseau_octaves(eta: Small) -> int:
    """How deep the distribution of `Source` goes for this eta: magnitudes down to eta^(3/4), as measured to serve best.

    Four at least: with fewer, a larger eta would take more neurons now and then.

    >>> orseau_octaves(1e-3)
    8
    """
    return max(4, math.ceil(0.75 * math.log2(1 / eta)))


@typed
def orseau_width(eta: Small, instances: Count, delta: Small = 0.01, largest: Size = LARGEST) -> int:
    """Neurons for each input, so that every interval of every weight holds a product of the right signs.

    A product of two magnitudes that are spread over octaves falls into the rarest interval with chance p, its signs are
    right in a quarter of the cases, and (1 - p / 4)^n <= delta / (K N) for K intervals. Source: Orseau, Hutter and
    Rivasplata 2020 for the idea; distribution and constant are ours.

    >>> orseau_width(1e-3, 1), orseau_width(1e-3, 266_610)
    (836, 2308)
    """
    if eta >= largest:
        return 1  # there is no weight to hit
    cells = orseau_cells(eta, largest)
    edges = largest * GOLDEN ** -np.arange(1, cells + 2.0)
    rarest = np.abs(np.diff(_product_below(edges, orseau_octaves(eta)))).min()
    return math.ceil(math.log(cells * instances / delta) / -math.log1p(-rarest / 4))


def _product_below(values: np.ndarray, octaves: int) -> np.ndarray:
    """P(u v < value) for two independent magnitudes, each in one of `octaves` octaves and uniform inside."""
    e = np.arange(octaves)
    shift = (e[:, None] + e).ravel()
    z = np.clip(values[:, None] * 2.0**shift, 0.25, 1)  # u v scaled back to two numbers from [1/2, 1)
    low = 4 * (z * np.log(4 * z) - z + 0.25)
    high = 1 - 4 * (1 - z + z * np.log(z))
    return np.asarray(np.where(z < 0.5, low, high).mean(1))


def room(classes: int) -> float:
    """Hidden neurons, in multiples of capacity times classes, with which free choice nearly always fills every class.

    With few classes a neuron finds none of its numbers positive, or its class full, more often: measured, no theorem.

    >>> round(room(785), 2), round(room(3), 2)
    (1.05, 2.05)
    """
    return 1.05 + 9 / classes**2


@typed
def block_size(
    method: Method,
    eta: float,
    instances: int,
    delta: float = 0.01,
    per_weight: int | None = None,
    largest: float = LARGEST,
) -> int:
    """Hidden neurons for each input of a layer; with `per_weight` so many in place of the rule's number.

    For subset sums the rule is followed up to the 40 candidates that the solvers search; beyond, weights may be missed
    more often than `delta` says, and `construct` counts them. Raises ValueError for another method, and for subset sums
    with `largest` above 1/4, where their rule misses too often: a weight takes several numbers of its own sign then.

    >>> block_size("free", 1e-2, 266_610), block_size("blocks", 1e-2, 266_610)
    (31, 93)
    """
    if per_weight is not None:
        return per_weight
    if method == "malach":
        return malach_width(eta, instances, delta)
    if method == "orseau":
        return orseau_width(eta, instances, delta, largest)
    if largest > LARGEST:
        raise ValueError(f"largest is {largest}; allowed: up to {LARGEST} for {method!r} without per_weight")
    n = min(subset_width(eta, instances, delta), MOST_HASHED)
    # in a block half of the neurons are dead, and a block with few alive misses all of its weights together
    return n if method == "free" else 3 * n


@typed
def source_sizes(widths: Sequence[int], method: Method, block: int, *, signed: bool = False) -> tuple[int, ...]:
    """Widths of the random network for a target with these `widths`: twice as deep, a hidden block in each layer.

    Every input of a layer is a class of hidden neurons, with `signed` two for each of the first layer's, and so is the
    layer's bias.

    >>> source_sizes([784, 300, 100, 10], "blocks", 32)
    (784, 25120, 300, 9632, 100, 3232, 10)
    """
    return source_chain(fully_connected(widths), method, block, signed=signed).widths


def source_chain(target: Chain, method: Method, block: int, *, signed: bool = False) -> Chain:
    """The steps of the random network for a target of these steps: a hidden block before each affine one.

    The block of a convolution looks at one pixel at a time, and its classes are the channels: the weights of all the
    kernel's places are made of the same hidden channels. So it takes no more of them than a fully connected layer with
    as many inputs as there are channels.

    >>> from lthedu.networks.chain import Step
    >>> source_chain(Chain((2, 5, 5), (Step("affine", 4, (5, 5)),)), "blocks", 10).module()
    Sequential(
      (0): Conv2d(2, 30, kernel_size=(1, 1), stride=(1, 1))
      (1): ReLU()
      (2): Conv2d(30, 4, kernel_size=(5, 5), stride=(1, 1))
      (3): Flatten(start_dim=1, end_dim=-1)
    )
    """
    steps: list[Step] = []
    for step, (channels, *_) in zip(target.steps, target.shapes, strict=False):
        if step.kind == "affine":
            first = all(earlier.kind != "affine" for earlier in steps)
            classes = channels * (2 if signed and first else 1) + 1
            hidden = math.ceil(block * classes * (room(classes) if method == "free" else 1))
            steps += [Step("affine", hidden), RELU]
        steps.append(step)
    return Chain(target.image, tuple(steps))


def weights_of(sizes: Sequence[int]) -> int:
    """Weights and biases of a fully connected network.

    >>> weights_of([784, 300, 100, 10])
    266610
    """
    return sum((n + 1) * m for n, m in itertools.pairwise(sizes))


def bytes_needed(source: Chain) -> int:
    """About what a ticket with a source of these steps takes at its peak, when it becomes a module.

    That is the whole source, its mask and its masked copy, with a layer in the making. Constructing it takes less: one
    layer of the source at a time, with a copy of what the owners are chosen by.

    >>> bytes_needed(fully_connected([784, 25120, 300, 9632, 100, 3232, 10]))
    362067466
    """
    counts = [math.prod(shape) for shape in source.params().values()]
    return 9 * sum(counts) + 4 * max(counts)


def memory_limit() -> int:
    """Bytes that a construction may take unless it is told otherwise: a third of what there is, and 2 GiB at least.

    >>> memory_limit() >= 2 * 1024**3
    True
    """
    return max(2 * GIB, (memory() or 0) // 3)


def check_fits(
    target: Chain,
    method: Method,
    eta: float,
    instances: int,
    delta: float,
    limit: int,
    *,
    signed: bool,
    per_weight: int | None = None,
    largest: float = LARGEST,
) -> None:
    """Raise ValueError, with widths and the eta from which on it fits, for a source of more than `limit` bytes."""

    def source(at: float) -> Chain:
        return source_chain(
            target, method, block_size(method, at, instances, delta, per_weight, largest), signed=signed
        )

    def need(at: float) -> int:
        return bytes_needed(source(at))

    given = too_large(source(eta), limit)
    if not given:
        return
    if per_weight is not None:
        raise ValueError(f"{given}, so choose fewer than {per_weight} per weight")
    if need(MOST_ETA) > limit:
        raise ValueError(f"{given}, and method {method!r} fits with no eta")
    low, high = eta, MOST_ETA
    for _ in range(50):  # the need falls as eta rises
        middle = math.sqrt(low * high)
        low, high = (low, middle) if need(middle) <= limit else (middle, high)
    unit = 10.0 ** (math.floor(math.log10(high)) - 2)  # three digits, rounded up
    fits = min(MOST_ETA, float(f"{math.ceil(high / unit - 1e-6) * unit:.3g}"))
    note = f", where the largest weight is {largest:g} and nothing would be kept" if fits >= largest else ""
    raise ValueError(f"{given}. {method!r} fits from eta = {fits:g} on{note}")


def too_large(source: Chain, limit: int) -> str:
    """What a source of more than `limit` bytes would be, as an error begins; "" for one that fits.

    >>> too_large(fully_connected([4, 3, 2]), limit=100)
    'the source would be 4-3-2: 23 weights, about 255 bytes; allowed: 100 bytes'
    """
    needed = bytes_needed(source)
    if needed <= limit:
        return ""
    shape, count = "-".join(map(str, source.widths)), sum(map(math.prod, source.params().values()))
    return f"the source would be {shape}: {count:,} weights, about {_size(needed)}; allowed: {_size(limit)}"


def _size(count: int) -> str:
    if count < 1 << 20:
        return f"{count:,} bytes"
    return f"{count / GIB:,.1f} GiB" if count >= GIB else f"{count / (1 << 20):,.1f} MiB"
