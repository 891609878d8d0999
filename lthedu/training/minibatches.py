"""The minibatches of R replicates: each replicate's order is named by one integer, and depends on nothing else."""

from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from lthedu.base.streams import generator
from lthedu.base.threads import in_threads
from lthedu.data import Dataset


def minibatches(
    data: Dataset, order: Sequence[int], batch: int, first: int, last: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Inputs (R, batch, ...) and labels (R, batch) of the steps `first` to `last` - 1; see `examples`."""
    for chosen in examples(data, order, batch, first, last):
        yield gather(data, chosen)


def gather(data: Dataset, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs (R, batch, ...) and labels (R, batch) of the training examples `chosen` (R, batch)."""
    x = data.x_train.index_select(0, chosen.reshape(-1))
    return x.view(*chosen.shape, *x.shape[1:]), data.y_train[chosen]


def examples(data: Dataset, order: Sequence[int], batch: int, first: int, last: int) -> Iterator[Tensor]:
    """The numbers (R, batch) of the training examples of the steps `first` to `last` - 1.

    Each pass over the training set has its own permutation, from the replicate's order and the number of the
    pass alone; the remainder that fills no minibatch is left out of that pass.
    """
    n = len(data.x_train)
    passes, unique = n // batch, sorted(set(order))
    shuffled = torch.empty(0)
    for step in range(first, last):
        epoch, i = divmod(step, passes)
        if i == 0 or step == first:
            found = in_threads(partial(_permutation, n, epoch), unique)  # hundreds are a second's work on one core
            drawn = dict(zip(unique, found, strict=True))
            shuffled = torch.stack([drawn[o][: passes * batch] for o in order]).to(data.device)
        yield shuffled[:, i * batch : (i + 1) * batch]


def _permutation(n: int, epoch: int, order: int) -> Tensor:
    return torch.randperm(n, generator=generator(order, "order", epoch))
