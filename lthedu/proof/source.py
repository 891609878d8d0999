"""The random network that is pruned: a seed and its widths say every weight, the same on every machine.

The bits come from Philox, a counter-based generator of integers (Salmon and others, "Parallel random numbers: as easy
as 1, 2, 3", 2011); the way from bits to float32 is exact, so no library's sampler has a say in it.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Philox
from numpy.typing import NDArray
from torch import Tensor, nn

from lthedu.base.arguments import typed
from lthedu.base.streams import derive
from lthedu.base.threads import in_threads
from lthedu.networks.chain import Chain, fully_connected
from lthedu.networks.masks import Params
from lthedu.networks.models import MLP

BLOCK = 1 << 17  # numbers drawn at a time: they stay in the cache, and make up whole counts of Philox, of 4 words each
MOST_OCTAVES = 100  # float32 holds magnitudes down to 2^-126


class Drawn:
    """Random weights and biases by name, independent: a seed and the parameters' shapes say every one of them.

    `octaves` is 0 for the uniform distribution on [-1, 1]. Otherwise a magnitude falls into each of so many octaves,
    [1/2, 1), [1/4, 1/2), ..., with equal chance, is uniform inside, and its sign is a coin toss: small numbers are as
    frequent as large ones, up to a factor (from 0.69 to 1.39) the density 1/|v| of Orseau and others.
    """

    seed: int
    octaves: int

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter, by its name in `module()`: weight and bias of each layer in turn."""
        raise NotImplementedError

    def count(self) -> int:
        """How many random numbers it has, weights and biases."""
        return sum(math.prod(shape) for shape in self.shapes().values())

    def param(self, name: str) -> Tensor:
        """One parameter, drawn from a stream of its own: float32, on the CPU."""
        shape = self.shapes()[name]
        key = derive(self.seed, "source", name)
        draw, to_a_word = (_octaves, 1) if self.octaves else (_uniform, 2)
        found = np.empty(math.prod(shape), np.float32)

        def fill(start: int) -> None:
            part = found[start : start + BLOCK]
            bits = Philox(key=key, counter=start // to_a_word // 4)
            part[:] = draw(bits.random_raw(-(-len(part) // to_a_word)), len(part), self.octaves)

        in_threads(fill, range(0, len(found), BLOCK))
        return torch.from_numpy(found.reshape(shape))

    def params(self) -> Params:
        """Every parameter by name, drawn anew and bit for bit the same each time."""
        return {name: self.param(name) for name in self.shapes()}

    def holding(self, params: Params) -> nn.Module:
        """A module of the source's shape that holds `params` themselves, without drawing weights first."""
        raise NotImplementedError

    def _check(self) -> None:
        object.__setattr__(self, "seed", int(self.seed))  # numpy's are equal to these, but do not go into a file
        if not 0 <= self.seed < 1 << 63:
            raise ValueError(f"seed is {self.seed}; allowed: 0 to 2^63 - 1")
        if not 0 <= self.octaves <= MOST_OCTAVES:
            raise ValueError(f"octaves is {self.octaves}; allowed: 0 for uniform, or 1 to {MOST_OCTAVES}")


@typed
@dataclass(frozen=True)
class Source(Drawn):
    """A random fully connected ReLU network of the given widths; weights and biases are independent.

    Their distribution: see `Drawn`. Raises ValueError for numbers that are not whole or out of range.

    >>> source = Source(seed=0, sizes=(2, 3, 1))
    >>> source.count(), {name: tuple(p.shape) for name, p in source.params().items()}["layers.0.weight"]
    (13, (3, 2))
    """

    seed: int
    sizes: tuple[int, ...]
    octaves: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", tuple(map(int, self.sizes)))
        self._check()
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ValueError(f"sizes are {self.sizes}; allowed: two or more widths of at least 1")

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter, by name, as in `models.MLP`."""
        found: dict[str, tuple[int, ...]] = {}
        for i, (n, m) in enumerate(itertools.pairwise(self.sizes)):
            found |= {f"layers.{i}.weight": (m, n), f"layers.{i}.bias": (m,)}
        return found

    @property
    def chain(self) -> Chain:
        """What it computes, step by step."""
        return fully_connected(self.sizes)

    def module(self) -> MLP:
        """The source as an ordinary module, with nothing pruned.

        >>> Source(0, (2, 3, 1)).module()(torch.zeros(5, 2)).shape
        torch.Size([5, 1])
        """
        return self.holding(self.params())

    def holding(self, params: Params) -> MLP:
        """An MLP of these widths that holds `params` themselves, without drawing weights first."""
        found = MLP.__new__(MLP)  # MLP(sizes) on "meta" draws nothing either, and loads torch's compiler for it
        nn.Module.__init__(found)
        found.layers = nn.ModuleList(nn.Linear(n, m, device="meta") for n, m in itertools.pairwise(self.sizes))
        found.load_state_dict(params, assign=True)
        return found.requires_grad_(False)


@typed
@dataclass(frozen=True)
class ConvolutionalSource(Drawn):
    """A random network of the steps that `chain` lists, over images as a rule; weights and biases are independent.

    Their distribution: see `Drawn`. Raises ValueError for numbers that are out of range.

    >>> from lthedu.networks.chain import RELU, Step
    >>> source = ConvolutionalSource(0, Chain((1, 4, 4), (Step("affine", 3, (4, 4)), RELU, Step("affine", 2))))
    >>> source.shapes()
    {'0.weight': (3, 1, 4, 4), '0.bias': (3,), '3.weight': (2, 3), '3.bias': (2,)}
    """

    seed: int
    chain: Chain
    octaves: int = 0

    def __post_init__(self) -> None:
        self._check()

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter, by its place in `module()`."""
        return self.chain.params()

    def module(self) -> nn.Sequential:
        """The source as an ordinary module, with nothing pruned."""
        return self.holding(self.params())

    def holding(self, params: Params) -> nn.Sequential:
        """A module of these steps that holds `params` themselves, without drawing weights first."""
        found = self.chain.module()
        found.load_state_dict(params, assign=True)
        return found.requires_grad_(False)


AnySource = Source | ConvolutionalSource


def second_weights(source: Drawn) -> list[str]:
    """The names of the weights that read hidden neurons: those of every second layer.

    >>> second_weights(Source(0, (2, 3, 1)))
    ['layers.1.weight']
    """
    return list(source.shapes())[2::4]


def source_of(chain: Chain, seed: int, octaves: int) -> AnySource:
    """The random network of these steps.

    >>> source_of(fully_connected([2, 3, 1]), 0, 0)
    Source(seed=0, sizes=(2, 3, 1), octaves=0)
    """
    if chain == fully_connected(chain.widths):
        return Source(seed, chain.widths, octaves)
    return ConvolutionalSource(seed, chain, octaves)


def _uniform(raw: NDArray[np.uint64], n: int, _: int) -> NDArray[np.float32]:
    """The upper 24 bits k of each half of a word become (2 k + 1 - 2^24) / 2^24: never 0, and exact in float32."""
    k = raw.astype("<u8", copy=False).view("<u4")[:n] >> 8
    found = k.view(np.int32).astype(np.float32)
    found -= 2**23 - 0.5  # each step is exact: 24 bits will do
    found *= 2**-23
    return found


def _octaves(raw: NDArray[np.uint64], _: int, octaves: int) -> NDArray[np.float32]:
    """Of each word, the upper half chooses the octave, 23 bits the place in it, and one bit the sign."""
    octave = ((raw >> np.uint64(32)) * np.uint64(octaves) >> np.uint64(32)).astype(np.int32)
    low = (raw & np.uint64(0xFFFFFFFF)).astype(np.int64)
    magnitude = ((low & 0x7FFFFF) + (1 << 23)).astype(np.float32)  # 24 bits: exact
    return np.asarray(np.ldexp(np.where(low >> 31 == 1, -magnitude, magnitude), -24 - octave))
