"""What a learner's function must leave as it found it: other people's functions, and settings that later cells use."""

import builtins
import math
import os
import random
import sys
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

OWNERS: dict[str, Any] = {
    "torch": torch,
    "torch.Tensor": torch.Tensor,
    "torch.nn": nn,
    "torch.nn.Module": nn.Module,
    "torch.nn.functional": functional,
    "numpy": np,
    "math": math,
    "random": random,
    "builtins": builtins,
}
SETTINGS: dict[str, tuple[Any, Any]] = {  # how each is read and set
    "torch's default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "whether torch computes gradients": (torch.is_grad_enabled, torch.set_grad_enabled),
    "the number of torch's threads": (torch.get_num_threads, torch.set_num_threads),
    "torch's deterministic algorithms": (
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    "Python's recursion limit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "the working folder": (os.getcwd, os.chdir),
}


class Surroundings:
    """The functions of torch, numpy and Python and the settings, as they are now; `restore` brings them back.

    A module's new name (a submodule imported meanwhile) is no change. The global random state is not looked at: nothing
    in the course draws from it.

    >>> around = Surroundings()
    >>> torch.equal, _ = lambda a, b: True, torch.set_default_dtype(torch.float64)
    >>> around.restore()
    ["torch's default dtype", 'torch.equal']
    >>> torch.equal(torch.zeros(1), torch.ones(1)), torch.get_default_dtype()
    (False, torch.float32)
    """

    def __init__(self) -> None:
        self.names = {place: dict(vars(owner)) for place, owner in OWNERS.items()}
        self.note_settings()

    def note_settings(self) -> None:
        """Take the settings of now for those to bring back: a caller may have changed them itself."""
        self.settings = {name: read() for name, (read, _) in SETTINGS.items()}

    def restore(self) -> list[str]:
        """Put back what is no longer the same, and name it."""
        changed = []
        for name, (read, put) in SETTINGS.items():  # first: the default dtype sets torch.Storage, too
            if read() != self.settings[name]:
                put(self.settings[name])
                changed.append(name)
        for place, owner in OWNERS.items():
            was, now = self.names[place], vars(owner)
            if now == was:  # compares by identity first: some microseconds after each call, while nothing happened
                continue
            replaced = [name for name, value in was.items() if not _same(now.get(name, self), value)]
            for name in replaced:
                setattr(owner, name, was[name])
            # Tensor.sum, say, is inherited: its replacement is a new name
            covered = [name for name in now if name not in was] if isinstance(owner, type) else []
            for name in covered:
                delattr(owner, name)
            changed += [f"{place}.{name}" for name in (*replaced, *covered)]
            self.names[place] = dict(vars(owner))
        return changed


def _same(now: Any, was: Any) -> bool:
    """The same thing, or torch's own wrapper of it: an optimiser's first step imports what wraps torch.manual_seed."""
    return now is was or getattr(now, "__wrapped__", None) is was
