"""Random streams: each is named by what it is for, so no stream depends on what ran before it."""

import hashlib

import torch
from numpy.random import Generator, Philox

from lthedu.base.arguments import typed


@typed
def derive(*name: int | str) -> int:
    """A 63-bit seed for the stream called `name`, the same on every machine and in every process.

    >>> derive(0, "order", 3) == derive(0, "order", 3)
    True
    >>> derive(0, "order", 3) == derive(0, "order", 4)
    False
    """
    name = tuple(part if isinstance(part, str) else int(part) for part in name)  # numpy's 3 is written otherwise
    digest = hashlib.sha256(repr(name).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


@typed
def generator(*name: int | str) -> torch.Generator:
    """A CPU generator at the start of the stream called `name`.

    >>> bool(torch.rand(3, generator=generator(7)).equal(torch.rand(3, generator=generator(7))))
    True
    """
    return torch.Generator().manual_seed(derive(*name))


@typed
def numpy_generator(*name: int | str) -> Generator:
    """A NumPy generator at the start of the stream called `name`.

    >>> bool((numpy_generator(7).random(3) == numpy_generator(7).random(3)).all())
    True
    """
    return Generator(Philox(key=derive(*name)))
