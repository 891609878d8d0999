"""How good R networks are: loss and accuracy on one split of a dataset, as tensors and as a tidy table."""

import copy
from collections.abc import Iterator, Sequence
from typing import Literal

import pandas as pd
import torch
from torch import Tensor, nn

from lthedu.base.arguments import typed
from lthedu.base.threads import one_thread
from lthedu.data import Dataset
from lthedu.training.gradients import BatchedLinear, By, Method, pick
from lthedu.training.kept import loops_take, numba_is_here, outputs, pays_to_evaluate
from lthedu.training.replicates import Replicates

Split = Literal["train", "val", "test"]
HISTORY = ["replicate", "step", "split", "loss", "accuracy"]


@typed
@torch.no_grad()
def evaluate(
    replicates: Replicates,
    data: Dataset,
    split: Split = "test",
    *,
    by: By | Literal["auto"] | Method = "auto",
) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy and accuracy (a fraction) of each replicate on "train", "val" or "test": (R,), (R,).

    On a CPU, weights of an MLP that are zero cost nothing where there are many of them (see
    `lthedu.training.kept`). Where the loss is NaN, so is the accuracy. Raises ValueError where autocast is on.

    >>> from lthedu import data
    >>> from lthedu.networks import models
    >>> mnist = data.load("mnist", device="cpu").first(100, 100, 100)
    >>> loss, accuracy = evaluate(Replicates.create(models.lenet_300_100, seeds=[0, 1]), mnist)
    >>> loss.shape, accuracy.shape
    (torch.Size([2]), torch.Size([2]))
    """
    x, y = getattr(data, f"x_{split}"), getattr(data, f"y_{split}")
    refuse_autocast(x.device)
    r, done = len(replicates), 0
    loss, right = x.new_zeros(r, dtype=torch.float64), x.new_zeros(r, dtype=torch.float64)
    for logits in _logits(replicates, x, by):  # (R, classes, some)
        target = y[done : done + logits.shape[2]].expand(r, -1)
        with one_thread():  # it is little
            loss += nn.functional.cross_entropy(logits, target, reduction="none").sum(1, dtype=torch.float64)
            right += (logits.argmax(1) == target).sum(1)
        done += logits.shape[2]
    return loss / len(x), torch.where(loss.isnan(), loss, right) / len(x)


def _logits(replicates: Replicates, x: Tensor, by: By | Literal["auto"] | Method) -> Iterator[Tensor]:
    """Outputs (R, classes, some) for some inputs after others."""
    method, params = pick(by, replicates.model, x.device), replicates.params
    layers = method.layers if isinstance(method, BatchedLinear) and by in ("auto", "sparse") else ()
    few = layers and loops_take(params, x) and pays_to_evaluate(params, layers, len(x)) and numba_is_here()
    with one_thread():
        few = few and all(bool(t.sum().isfinite()) for t in (x, *params.values()))  # 0 times NaN is NaN, and to be seen
    if few:
        return outputs(layers, params, x)
    model = copy.deepcopy(replicates.model)  # which may keep what it computed
    chunk = max(1, 2_000_000 // (len(replicates) * 300))  # keeps a hidden layer of all replicates within the cache
    return (method.logits(model, params, replicates.buffers, some) for some in torch.split(x, chunk))


def refuse_autocast(device: torch.device) -> None:
    """Raise ValueError inside `with torch.autocast(...)`: numbers would be those of another precision.

    >>> with torch.autocast("cpu"):
    ...     refuse_autocast(torch.device("cpu"))
    Traceback (most recent call last):
    ValueError: autocast is on for cpu; networks train in the precision of their weights: leave `with torch.autocast`
    """
    if torch.is_autocast_enabled(device.type):
        raise ValueError(
            f"autocast is on for {device.type}; networks train in the precision of their weights: leave "
            "`with torch.autocast`"
        )


@typed
def measure(
    replicates: Replicates,
    data: Dataset,
    step: int,
    splits: Sequence[Split] = ("val", "test"),
    *,
    by: By | Literal["auto"] | Method = "auto",
) -> pd.DataFrame:
    """What `evaluate` finds at a step, as a table: replicate, step, split, loss, accuracy; a row a replicate and split.

    >>> from lthedu import data
    >>> from lthedu.networks import models
    >>> mnist = data.load("mnist", device="cpu").first(100, 100, 100)
    >>> measure(Replicates.create(models.lenet_300_100, seeds=[0, 1]), mnist, step=0, splits=["val"]).shape
    (2, 5)
    """
    rows = [
        (replicate, step, split, loss, accuracy)
        for split in splits
        for replicate, (loss, accuracy) in enumerate(
            zip(*(t.tolist() for t in evaluate(replicates, data, split, by=by)), strict=True)
        )
    ]
    return pd.DataFrame(rows, columns=HISTORY)
