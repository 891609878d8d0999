"""One forward and backward pass before any work: whether a network takes the data, told in our words."""

import copy

import torch

from lthedu.data import Dataset
from lthedu.data.dataset import SPLITS
from lthedu.training.gradients import BatchedLinear, Looped, Method, Vectorised
from lthedu.training.noise import Noise
from lthedu.training.replicates import Replicates


def check_runs(method: Method, replicates: Replicates, data: Dataset, batch_size: int) -> None:
    """Raise ValueError unless the network takes the data's inputs, has an output for each class, and can be trained so.

    Of methods, only the engine's own are tried: another may count its calls, or draw.

    >>> from lthedu import data
    >>> mnist = data.load("mnist", device="cpu").first(10)
    >>> narrow = Replicates.create(lambda: torch.nn.Linear(784, 5), seeds=[0])
    >>> check_runs(Vectorised(), narrow, mnist, 2)
    Traceback (most recent call last):
    ValueError: the network has 5 outputs for each input; allowed: 10 or more, one a class
    """
    if not isinstance(method, BatchedLinear | Vectorised | Looped):
        return
    labels = [getattr(data, f"y_{split}") for split in SPLITS]
    if any(y.dtype != torch.int64 for y in labels):
        raise ValueError(f"labels are {labels[0].dtype}; allowed: torch.int64, as from labels.long()")
    lowest, classes = min(int(y.min()) for y in labels if len(y)), 1 + max(int(y.max()) for y in labels if len(y))
    if lowest < 0:
        raise ValueError(f"the lowest label is {lowest}; allowed: 0 and above")
    try:
        outputs = _dry(method, replicates, data, batch_size)
    except Exception as error:
        said, name = str(error).strip().partition("\n")[0], type(replicates.model).__name__
        if isinstance(method, Vectorised) and _works(Looped(), replicates, data, batch_size):
            raise ValueError(
                f"torch.func cannot vectorise {name} over replicates ({said}); give by='loop', which takes one "
                "replicate after the other"
            ) from error
        given = f"inputs of shape {tuple(data.x_train.shape[1:])} and {classes} classes"
        raise ValueError(f"{name} cannot be trained on {given} ({said})") from error
    if outputs < classes:
        raise ValueError(f"the network has {outputs} outputs for each input; allowed: {classes} or more, one a class")


def _dry(method: Method, replicates: Replicates, data: Dataset, batch_size: int) -> int:
    """The number of outputs; raises what the network raises on one replicate and two examples."""
    one, n = replicates.take([0]), min(2, batch_size)
    model, x, y = copy.deepcopy(one.model), data.x_train[:n], data.y_train[:n]
    with torch.no_grad(), Noise(0, data.device):
        logits = method.logits(model, one.params, one.buffers, x)
        if logits.ndim != 3 or logits.shape[2] != n:
            raise ValueError(f"{n} inputs give outputs of shape {tuple(logits.mT.shape[1:])}; expected ({n}, classes)")
        if int(y.max()) < logits.shape[1]:
            out = {name: torch.empty_like(p) for name, p in one.params.items()}
            method.gradients(model, one.params, one.buffers, x[None], y[None], out)
    return logits.shape[1]


def _works(method: Method, replicates: Replicates, data: Dataset, batch_size: int) -> bool:
    try:
        _dry(method, replicates, data, batch_size)
    except Exception:
        return False
    return True
