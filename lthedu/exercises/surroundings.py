"""What a learner's function must leave as it found it: other people's functions, and settings that later cells use."""

import builtins
import math
import os
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
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
REPLACED = "Something was replaced before this check."  # what a notebook shows where `Originals` found something
DETERMINISTIC = "torch's deterministic algorithms"
SETTINGS: dict[str, tuple[Any, Any]] = {  # how each is read and set
    "torch's default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "whether torch computes gradients": (torch.is_grad_enabled, torch.set_grad_enabled),
    "the number of torch's threads": (torch.get_num_threads, torch.set_num_threads),
    DETERMINISTIC: (
        torch.are_deterministic_algorithms_enabled,
        torch.use_deterministic_algorithms,
    ),
    "Python's recursion limit": (sys.getrecursionlimit, sys.setrecursionlimit),
    "the working folder": (os.getcwd, os.chdir),
}


@contextmanager
def known_settings() -> Iterator[None]:
    """Settings in which checks mean what they say, whatever the notebook has set; its own come back afterwards.

    >>> torch.set_default_dtype(torch.float64)
    >>> with torch.no_grad(), known_settings():
    ...     torch.ones(1).dtype, torch.is_grad_enabled()
    (torch.float32, True)
    >>> torch.get_default_dtype(), torch.set_default_dtype(torch.float32)
    (torch.float64, None)
    """
    known = {"torch's default dtype": torch.float32, "the number of torch's threads": 1, DETERMINISTIC: False}
    mine = {name: SETTINGS[name][0]() for name in known}
    try:
        _set(known)
        with (
            torch.inference_mode(False),
            torch.enable_grad(),
            torch.device("cpu") if torch.get_default_device().type != "cpu" else nullcontext(),
            torch.autocast("cpu", enabled=False),
            np.errstate(divide="warn", over="warn", under="ignore", invalid="warn"),
        ):
            yield
    finally:
        _set(mine)


def _set(settings: dict[str, Any]) -> None:
    for name, value in settings.items():
        read, put = SETTINGS[name]
        if read() != value:  # setting what is set imports half of torch's compiler in one case
            put(value)


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
            # torch.Storage follows the default dtype
            replaced = [n for n, value in was.items() if n != "Storage" and not _same(now.get(n, self), value)]
            for name in replaced:
                setattr(owner, name, was[name])
            # Tensor.sum, say, is inherited: its replacement is a new name
            new = [name for name in now if name not in was and name != "__slotnames__"]  # copying a tensor notes these
            covered = new if isinstance(owner, type) else []
            for name in covered:
                delattr(owner, name)
            changed += [f"{place}.{name}" for name in (*replaced, *covered)]
            self.names[place] = dict(vars(owner))
        return changed


class Originals:
    """The functions of some modules and classes as they were when this was made.

    Unlike `Surroundings` it is for the whole life of a kernel: settings, and names that are new, are none of its
    business.

    >>> import types
    >>> toy = types.SimpleNamespace(f=len)
    >>> originals = Originals({"toy": toy})
    >>> toy.f, toy.g = max, min
    >>> originals.put_back(), toy.f, originals.put_back()
    (['toy.f'], <built-in function len>, [])
    """

    def __init__(self, owners: Mapping[str, Any]) -> None:
        self.owners = dict(owners)
        self.names = {place: dict(vars(owner)) for place, owner in owners.items()}

    def put_back(self) -> list[str]:
        """Put back what was replaced, and name it."""
        found = []
        for place, owner in self.owners.items():
            now = vars(owner)
            for name, value in self.names[place].items():
                if callable(value) and not _same(now.get(name), value) and name != "input":  # a kernel's own, each time
                    found.append(f"{place}.{name}")
                    setattr(owner, name, value)
        return found


def _same(now: Any, was: Any) -> bool:
    """The same thing, or torch's own wrapper of it: an optimiser's first step imports what wraps torch.manual_seed."""
    return now is was or getattr(now, "__wrapped__", None) is was
