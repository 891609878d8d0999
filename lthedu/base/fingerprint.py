"""What tells tensors, and texts, from others, in one line."""

import hashlib

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.ranges import Text


@typed
def fingerprint(params: dict[str, Tensor]) -> str:
    """SHA-256 of names, types, shapes and every bit of the values: equal for equal weights alone.

    The order of names does not count, nor does the device.

    >>> a = fingerprint({"w": torch.tensor([1.0, 2.0]), "b": torch.tensor([0.0])})
    >>> a == fingerprint({"b": torch.tensor([0.0]), "w": torch.tensor([1.0, 2.0])}), len(a)
    (True, 64)
    >>> a == fingerprint({"w": torch.tensor([2.0, 1.0]), "b": torch.tensor([0.0])})
    False
    """
    digest = hashlib.sha256()
    for name in sorted(params):
        p = params[name].detach().cpu().contiguous()
        digest.update(repr((name, str(p.dtype), tuple(p.shape))).encode())
        digest.update(p.flatten().view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


@typed
def digest_of(text: Text) -> str:
    """32 hexadecimal digits of a text, the first half of its SHA-256: another text has others.

    >>> digest_of("question: Why?")
    '9c3b97eeb552193db5c01908017ba13d'
    """
    return hashlib.sha256(text.encode()).hexdigest()[:32]
