"""The replicate engine: R networks of one architecture trained in one pass.

Parameters are stacked on a leading axis R, and so is everything that differs between replicates: masks,
minibatch orders, buffers. What comes out is what R separate trainings would give, up to rounding.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Literal

import pandas as pd
import torch
from torch import Tensor, nn

from lthedu import masks
from lthedu.base.streams import derive, generator
from lthedu.checks import checked
from lthedu.data import Dataset, device_of
from lthedu.gradients import Method, Path, pick
from lthedu.graphs import Captured
from lthedu.masks import Mask, Params, Remask
from lthedu.optimizers import ADAM, Optimizer, Schedule

Progress = Callable[[int, int, str], None]  # (steps done, steps in all, what is running)


@checked
@dataclass(frozen=True)
class Replicates:
    """R networks of one architecture: `params` and `buffers` carry a leading axis R.

    `model` gives the architecture; its own numbers are never read.
    """

    model: nn.Module
    params: Params  # name: (R, ...)
    buffers: Params = field(default_factory=dict)  # name: (R, ...), such as BatchNorm's running statistics

    @classmethod
    @checked
    def create(
        cls,
        make: Callable[[], nn.Module],
        seeds: Sequence[int],
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> "Replicates":
        """One network for each seed: `make()` is called with torch's random state set from the seed, and the
        state is put back afterwards.

        Raises ValueError for no seed, a dtype that is no float, and a device that torch does not know; TypeError for
        a network in the place of `make`.

        >>> from lthedu.models import lenet_300_100
        >>> five = Replicates.create(lenet_300_100, seeds=range(5))
        >>> len(five), tuple(five.params["layers.0.weight"].shape)
        (5, (5, 300, 784))
        """
        if not len(seeds):
            raise ValueError("seeds is empty; give one integer for each replicate")
        if isinstance(make, nn.Module):  # which is callable, too
            raise TypeError(f"make is a {type(make).__name__}; it must be a function that makes a new network")
        if not dtype.is_floating_point:
            raise ValueError(f"dtype is {dtype}; allowed: torch.float32, torch.float64 and other kinds of float")
        device = device_of(device)
        models = []
        with torch.random.fork_rng(devices=[]):
            for seed in seeds:
                torch.default_generator.manual_seed(derive(seed, "init"))  # torch.manual_seed moves CUDA's, too
                models.append(make())

        def stacked(tensors: list[dict[str, Tensor]]) -> Params:
            return {k: _as(torch.stack([t[k].detach() for t in tensors]), device, dtype) for k in tensors[0]}

        params = stacked([dict(m.named_parameters()) for m in models])
        buffers = stacked([dict(m.named_buffers()) for m in models])
        return cls(models[0].to(device), params, buffers)  # which moves it: only now

    def __len__(self) -> int:
        return len(next(iter(self.params.values())))

    def full_mask(self) -> Mask:
        """The mask that keeps every prunable weight of every replicate, (R, ...) by name.

        >>> from lthedu.models import MLP
        >>> Replicates.create(lambda: MLP([2, 1]), seeds=[0, 1]).full_mask()
        {'layers.0.weight': tensor([[[True, True]],
        <BLANKLINE>
                [[True, True]]])}
        """
        names = masks.prunable(masks.unstack(self.params, 0))
        return {name: torch.ones_like(self.params[name], dtype=torch.bool) for name in names}

    def with_params(self, params: Params) -> "Replicates":
        """The same architecture and buffers with other weights, such as rewound ones."""
        return replace(self, params=params)

    def module(self, index: int) -> nn.Module:
        """Replicate `index` as a module of its own, to use with plain torch.

        >>> from lthedu.models import lenet_300_100
        >>> Replicates.create(lenet_300_100, seeds=[0]).module(0)(torch.zeros(2, 784)).shape
        torch.Size([2, 10])
        """
        alone = copy.deepcopy(self.model).to(next(iter(self.params.values())))
        with torch.no_grad():
            for own, stacked in ((alone.named_parameters(), self.params), (alone.named_buffers(), self.buffers)):
                for name, tensor in own:
                    tensor.copy_(stacked[name][index])
        return alone

    def take(self, index: Sequence[int]) -> "Replicates":
        """The replicates numbered `index`, in that order; repeats are allowed.

        >>> from lthedu.models import MLP
        >>> len(Replicates.create(lambda: MLP([2, 1]), seeds=[7, 8, 9]).take([0, 2, 0, 2]))
        4
        """
        i = torch.as_tensor(list(index))
        return replace(
            self,
            params={k: p[i.to(p.device)] for k, p in self.params.items()},
            buffers={k: b[i.to(b.device)] for k, b in self.buffers.items()},
        )


@checked
@dataclass(frozen=True)
class Trained:
    """What `train` gives back."""

    replicates: Replicates
    history: pd.DataFrame  # columns: replicate, step, split ("val" or "test"), loss, accuracy
    steps: int  # the last step that was finished
    mask: Mask  # the one in force at the end
    stopped: bool = False  # True when the run was interrupted before its last step
    snapshot: Params | None = None  # the weights at the step asked for


@checked
def train(
    replicates: Replicates,
    data: Dataset,
    steps: int,
    *,
    mask: Mask | None = None,
    frozen: Params | None = None,
    remask: Remask | None = None,
    order: Sequence[int] | None = None,
    optimizer: Optimizer = ADAM,
    batch_size: int = 128,
    first_step: int = 0,
    val_every: int | None = None,
    test_every: int | None = None,
    snapshot: int | None = None,
    progress: Progress | None = None,
    path: Path | Literal["auto"] | Method = "auto",
) -> Trained:
    """Train every replicate from `first_step` to `steps` and return them with their history.

    `mask` (name: (R, ...)): pruned weights are zero at the start and after every step; with `frozen` (shapes as the
    mask's) they hold its values instead, bit for bit. `remask(step, params,
    mask)`, called after every step with the number of steps done, the live weights and the mask in force (both
    name: (R, ...), to be read and not changed), gives the next mask, of the same layers, or None to keep this
    one; see `lthedu.pruning.gradual`. `order`: one integer for each replicate that names its minibatch order;
    equal integers see equal minibatches (default: 0 to R - 1). `val_every` and `test_every`: steps between
    evaluations on the validation and test split; the last step is always evaluated. `snapshot`: the step whose
    weights are kept. `progress(done, all, text)` is called after each step. `path`: how gradients are computed
    (see `lthedu.gradients`), or an object that does it. The learning rate of the update after `step` finished ones is
    the optimizer's schedule at `step` of `steps`, also where training begins at `first_step`; its other state is fresh.
    On a CUDA device the step is captured once and replayed (see `lthedu.graphs`).

    The input is not changed. An interrupt (the stop button, Ctrl-C) ends the training early and gives back
    what there is so far, with `stopped` set. Raises ValueError for arguments that do not fit, before any work.

    >>> from lthedu import data, models
    >>> mnist = data.load("mnist", device="cpu").first(1000, 500, 500)
    >>> two = Replicates.create(models.lenet_300_100, seeds=[0, 1])
    >>> trained = train(two, mnist, steps=30)
    >>> trained.history.query("split == 'test'")[["replicate", "step"]].values.tolist()
    [[0, 30], [1, 30]]
    """
    order = range(len(replicates)) if order is None else order
    _check(replicates, data, steps, mask, order, batch_size, first_step, snapshot, val_every, test_every)
    mask = replicates.full_mask() if mask is None else mask
    start = masks.hold(mask, replicates.params, frozen or {})
    flat, params = _flatten(start)
    flat.grad, grads = _flatten({name: torch.zeros_like(p) for name, p in start.items()})
    keep = None if all(bool(m.all()) for m in mask.values()) else _keep(mask, start)
    held = None if frozen is None else _flatten({n: frozen.get(n, torch.zeros_like(p)) for n, p in start.items()})[0]
    now = replace(replicates, params=params, buffers={k: b.clone() for k, b in replicates.buffers.items()})
    method = pick(path, now.model, flat.device)
    update = optimizer.build(flat)

    def learn(x: Tensor, y: Tensor) -> None:
        method.gradients(now.model, params, now.buffers, x, y, grads)
        update.step()

    call = Captured(learn)
    moves = optimizer.schedule != Schedule()
    every = {"val": val_every, "test": test_every}
    rows: list[dict[str, object]] = []
    done, stopped = first_step, False
    kept = masks.clone(params) if snapshot == first_step else None
    with torch.random.fork_rng(enabled=method.draws), torch.no_grad():
        if method.draws:  # dropout: its own stream, whatever ran before
            torch.manual_seed(derive(*order, "noise", first_step))
        try:
            for x, y in _minibatches(data, order, batch_size, first_step, steps):
                if moves:
                    optimizer.set_rate(update, done, steps)
                call(x, y)
                new = None if remask is None else remask(done + 1, params, mask)
                if new is not None:
                    _check_same_layers(new, mask, params)
                    mask, keep = new, _keep(new, params)
                if keep is not None and held is not None:
                    torch.where(keep.bool(), flat, held, out=flat)
                elif keep is not None:
                    flat.mul_(keep)
                done += 1
                if done == snapshot:
                    kept = masks.clone(params)
                for split, k in every.items():
                    if done == steps or (k and done % k == 0):
                        rows += _rows(evaluate(now, data, split, path=path), done, split)
                if progress is not None:
                    progress(done, steps, "training")
        except KeyboardInterrupt:
            stopped = True
    history = pd.DataFrame(rows, columns=["replicate", "step", "split", "loss", "accuracy"])
    # once more, for an interrupt between an update and its mask, and for NaN, which times zero stays NaN
    return Trained(now.with_params(masks.hold(mask, params, frozen or {})), history, done, mask, stopped, kept)


@checked
@torch.no_grad()
def evaluate(
    replicates: Replicates,
    data: Dataset,
    split: str = "test",
    *,
    path: Path | Literal["auto"] | Method = "auto",
) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy and accuracy (a fraction) of each replicate on "train", "val" or "test": (R,), (R,).

    >>> from lthedu import data, models
    >>> mnist = data.load("mnist", device="cpu").first(100, 100, 100)
    >>> loss, accuracy = evaluate(Replicates.create(models.lenet_300_100, seeds=[0, 1]), mnist)
    >>> loss.shape, accuracy.shape
    (torch.Size([2]), torch.Size([2]))
    """
    if split not in ("train", "val", "test"):
        raise ValueError(f"split is {split!r}; allowed: train, val, test")
    x, y = getattr(data, f"x_{split}"), getattr(data, f"y_{split}")
    method = pick(path, replicates.model, x.device)
    n, r = len(x), len(replicates)
    loss, right = x.new_zeros(r, dtype=torch.float64), x.new_zeros(r, dtype=torch.float64)
    chunk = max(1, 2_000_000 // (r * 300))  # keeps a hidden layer of all replicates within the cache
    for i in range(0, n, chunk):
        logits = method.logits(replicates.model, replicates.params, replicates.buffers, x[i : i + chunk])
        target = y[i : i + chunk].expand(r, -1)  # logits: (R, classes, chunk)
        loss += nn.functional.cross_entropy(logits, target, reduction="none").sum(1, dtype=torch.float64)
        right += (logits.argmax(1) == target).sum(1)
    return loss / n, right / n


def _minibatches(
    data: Dataset, order: Sequence[int], batch: int, first: int, last: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """Inputs (R, batch, ...) and labels (R, batch) of the steps `first` to `last` - 1.

    Each pass over the training set has its own permutation, from the replicate's order and the number of the
    pass alone; the remainder that fills no minibatch is left out of that pass.
    """
    n = len(data.x_train)
    passes, unique = n // batch, sorted(set(order))
    shuffled = torch.empty(0)
    for step in range(first, last):
        epoch, i = divmod(step, passes)
        if i == 0 or step == first:
            with ThreadPoolExecutor() as pool:  # hundreds of orders are a second's work on one core
                drawn = dict(zip(unique, pool.map(lambda o, e=epoch: _permutation(n, o, e), unique), strict=True))
            shuffled = torch.stack([drawn[o][: passes * batch] for o in order]).to(data.device)
        index = shuffled[:, i * batch : (i + 1) * batch]  # (R, batch)
        x = data.x_train.index_select(0, index.reshape(-1))
        yield x.view(len(order), batch, *x.shape[1:]), data.y_train[index]


def _permutation(n: int, order: int, epoch: int) -> Tensor:
    return torch.randperm(n, generator=generator(order, "order", epoch))


def _flatten(params: Params) -> tuple[Tensor, Params]:
    """One long tensor that holds a copy of every parameter, and views into it by name."""
    flat = torch.cat([p.reshape(-1) for p in params.values()])
    pieces = torch.split(flat, [p.numel() for p in params.values()])
    return flat, {name: v.view(p.shape) for (name, p), v in zip(params.items(), pieces, strict=True)}


def _keep(mask: Mask, params: Params) -> Tensor:
    """1 for every kept weight and 0 for every pruned one, in the order of `_flatten`."""
    ones = {name: mask[name].to(p) if name in mask else torch.ones_like(p) for name, p in params.items()}
    return _flatten(ones)[0]


def _check_same_layers(new: Mask, mask: Mask, params: Params) -> None:
    if new.keys() != mask.keys():  # a layer that is left out would come back to life
        raise ValueError(f"remask gave masks of {sorted(new)}; expected one for each of {sorted(mask)}")
    masks.check_fits(new, params)


def _rows(measured: tuple[Tensor, Tensor], step: int, split: str) -> list[dict[str, object]]:
    pairs = zip(*(t.tolist() for t in measured), strict=True)
    return [
        {"replicate": r, "step": step, "split": split, "loss": loss, "accuracy": accuracy}
        for r, (loss, accuracy) in enumerate(pairs)
    ]


def _as(tensor: Tensor, device: torch.device | str, dtype: torch.dtype) -> Tensor:
    return tensor.to(device, dtype if tensor.is_floating_point() else None)


def _check(
    replicates: Replicates,
    data: Dataset,
    steps: int,
    mask: Mask | None,
    order: Sequence[int],
    batch_size: int,
    first_step: int,
    snapshot: int | None,
    *every: int | None,
) -> None:
    n, first = len(data.x_train), next(iter(replicates.params.values()))
    if steps < 1 or not 0 <= first_step < steps:
        raise ValueError(f"steps is {steps} and first_step {first_step}; allowed: 0 <= first_step < steps")
    if not 1 <= batch_size <= n:
        raise ValueError(f"batch_size is {batch_size}; allowed: 1 to the {n} training examples")
    if len(order) != len(replicates):
        raise ValueError(f"order names {len(order)} minibatch orders for {len(replicates)} replicates; give one each")
    if snapshot is not None and not first_step <= snapshot <= steps:
        raise ValueError(f"snapshot is step {snapshot}; allowed: {first_step} to {steps}")
    if any(k is not None and k < 1 for k in every):
        raise ValueError(f"val_every and test_every are {every}; allowed: 1 or more, or None")
    if (first.device, first.dtype) != (data.device, data.x_train.dtype):
        raise ValueError(
            f"the weights are {first.dtype} on {first.device}, the data {data.x_train.dtype} on {data.device}; "
            "bring one to the other with .to(...)"
        )
    frozen = [name for name, p in replicates.model.named_parameters() if not p.requires_grad]
    if frozen:
        raise ValueError(f"{frozen[0]!r} has requires_grad=False; every parameter is trained, so freeze it with a mask")
    if mask is not None:
        masks.check_fits(mask, replicates.params)
