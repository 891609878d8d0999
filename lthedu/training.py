"""The replicate engine: R networks of one architecture trained in one pass.

Parameters are stacked on a leading axis R, and so is everything that differs between replicates: masks,
minibatch orders, buffers. What comes out is what R separate trainings would give, up to rounding.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import pandas as pd
import torch
from torch import Tensor, nn

from lthedu import masks
from lthedu.checks import checked
from lthedu.data import Dataset, device_of
from lthedu.gradients import By, Method, pick
from lthedu.graphs import Captured
from lthedu.masks import Mask, Params
from lthedu.optimizers import ADAM, Optimizer, Schedule
from lthedu.streams import derive, generator

Progress = Callable[[int, int, str], None]  # (steps done, steps in all, what is running)
Split = Literal["train", "val", "test"]
HISTORY = ["replicate", "step", "split", "loss", "accuracy"]


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
class Step:
    """A training as it stands after a step: `step, params, grads, mask = now`, or by name.

    `step` counts the finished steps. `params` and `grads` (name: (R, ...)) are the weights and the gradients that this
    step followed, pruned weights' included; `replicates` are the networks, to be evaluated. They are the training's own
    memory: read them, copy what is to be kept, change nothing. `mask` (name: (R, ...)) is the one in force, and may be
    set: at once the weights that it prunes are zero (or frozen), and a weight that it brings back starts there, with
    no memory in the optimizer. Raises ValueError for a mask of other layers or shapes.
    """

    def __init__(self, replicates: Replicates, mask: Mask, frozen: Params, optimizer: Optimizer, step: int) -> None:
        start = masks.hold(mask, replicates.params, frozen)
        zeros = {name: torch.zeros_like(p) for name, p in start.items()}
        self._flat, self.params = _flatten(start)
        self._flat.grad, self.grads = _flatten(zeros)
        self._freezes, self._held = bool(frozen), _flatten(zeros | frozen)[0]  # what pruned weights are
        buffers = {name: b.clone() for name, b in replicates.buffers.items()}
        self.replicates = replace(replicates, params=self.params, buffers=buffers)
        self.optimizer = optimizer.build(self._flat)
        self.step, self._mask, self._keep = step, mask, self._kept(mask)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.step, self.params, self.grads, self.mask))

    @property
    def mask(self) -> Mask:
        return self._mask

    @mask.setter
    def mask(self, new: Mask) -> None:
        if new.keys() != self._mask.keys():  # a layer that is left out would come back to life
            raise ValueError(f"the new mask names {sorted(new)}; allowed: each of {sorted(self._mask)}")
        masks.check_fits(new, self.params)
        before = self._keep
        self._mask, self._keep = new, self._kept(new)
        self._hold(exactly=True)
        if before is not None:
            for memory in self.optimizer.state[self._flat].values():
                if isinstance(memory, Tensor) and memory.shape == before.shape:
                    memory.masked_fill_(before == 0, 0)

    def _kept(self, mask: Mask) -> Tensor | None:
        """1 for every kept weight and 0 for every pruned one, in the order of `_flatten`; None where all are kept."""
        if all(bool(m.all()) for m in mask.values()):
            return None
        return _flatten({n: mask[n].to(p) if n in mask else torch.ones_like(p) for n, p in self.params.items()})[0]

    def _hold(self, exactly: bool = False) -> None:
        """Pruned weights are zero again, or frozen; of a network that diverged only `exactly`: NaN times 0 is NaN."""
        if self._keep is None:
            return
        if exactly or self._freezes:
            torch.where(self._keep.bool(), self._flat, self._held, out=self._flat)
        else:
            self._flat.mul_(self._keep)  # a fortieth of the time


@checked
def training(
    replicates: Replicates,
    data: Dataset,
    steps: int,
    *,
    mask: Mask | None = None,
    frozen: Params | None = None,
    order: Sequence[int] | None = None,
    optimizer: Optimizer = ADAM,
    batch_size: int = 128,
    first_step: int = 0,
    by: By | Literal["auto"] | Method = "auto",
) -> Iterator[Step]:
    """Train every replicate from `first_step` to `steps`, as a loop: `for step, params, grads, mask in training(...)`.

    `mask` (name: (R, ...)): pruned weights are zero at the start and after every step; with `frozen` (shapes as the
    mask's) they hold its values instead, bit for bit. What the loop is given is a `Step`, which may be given another
    mask. `order`: one integer for each replicate that names its minibatch order; equal integers see equal minibatches
    (default: 0 to R - 1). `by`: how gradients are computed (see `lthedu.gradients`), or an object that does it. The
    learning rate of the update after `step` finished ones is the optimizer's schedule at `step` of `steps`, also where
    training begins at `first_step`; its other state is fresh. On a CUDA device the step is captured once and replayed
    (see `lthedu.graphs`).

    The input is not changed. Raises ValueError for arguments that do not fit, before any work.

    >>> from lthedu import data, models
    >>> from lthedu.pruning import magnitude, select
    >>> mnist = data.load("mnist", device="cpu").first(1000, 500, 500)
    >>> for now in training(Replicates.create(models.lenet_300_100, seeds=[0]), mnist, steps=30):
    ...     if now.step in (10, 20):  # half of the weights that are left, twice
    ...         scores = magnitude(masks.unstack(now.params, 0))
    ...         half = select(scores, 0.5, scope="global", within=masks.unstack(now.mask, 0))
    ...         now.mask = masks.stack([half])
    >>> masks.density(now.mask), all(not p[~now.mask[n]].any() for n, p in now.params.items() if n in now.mask)
    (0.25, True)
    """
    order = range(len(replicates)) if order is None else order
    _check(replicates, data, steps, mask, order, batch_size, first_step)
    method = pick(by, replicates.model, data.device)
    now = Step(replicates, replicates.full_mask() if mask is None else mask, frozen or {}, optimizer, first_step)
    return _steps(now, data, steps, order, optimizer, batch_size, method)


def _steps(
    now: Step, data: Dataset, last: int, order: Sequence[int], optimizer: Optimizer, batch_size: int, method: Method
) -> Iterator[Step]:
    networks, first = now.replicates, now.step

    def learn(x: Tensor, y: Tensor) -> None:
        method.gradients(networks.model, now.params, networks.buffers, x, y, now.grads)
        now.optimizer.step()

    call = Captured(learn)
    moves = optimizer.schedule != Schedule()
    noise: AbstractContextManager[None] = nullcontext()
    if method.draws:
        noise = _Noise(derive(*order, "noise", first), data.device)
    for x, y in _minibatches(data, order, batch_size, first, last):
        if moves:
            optimizer.set_rate(now.optimizer, now.step, last)
        with torch.no_grad(), noise:
            call(x, y)
        now._hold(exactly=now.step + 1 == last)
        now.step += 1
        yield now


class _Noise:
    """A random stream of its own, for dropout: inside `with`, torch draws from it; outside, from where it was."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self.generators = [torch.default_generator]
        if device.type == "cuda":  # pragma: no cover (a GPU's)
            self.generators.append(torch.cuda.default_generators[device.index or 0])
        self.states = [torch.Generator(g.device).manual_seed(seed).get_state() for g in self.generators]

    def _swap(self, *_: object) -> None:
        states = [g.get_state() for g in self.generators]
        for g, state in zip(self.generators, self.states, strict=True):
            g.set_state(state)
        self.states = states

    __enter__ = __exit__ = _swap


@dataclass(frozen=True)
class Trained:
    """What `train` gives back."""

    replicates: Replicates
    history: pd.DataFrame  # of the last step: replicate, step, split ("val" or "test"), loss, accuracy
    steps: int  # the last step that was finished
    mask: Mask
    stopped: bool = False  # True when the run was interrupted before its last step


@checked
def train(
    replicates: Replicates,
    data: Dataset,
    steps: int,
    *,
    mask: Mask | None = None,
    frozen: Params | None = None,
    order: Sequence[int] | None = None,
    optimizer: Optimizer = ADAM,
    batch_size: int = 128,
    first_step: int = 0,
    progress: Progress | None = None,
    by: By | Literal["auto"] | Method = "auto",
) -> Trained:
    """Train every replicate to the last step, and return them with their validation and test results there.

    The arguments are those of `training`, the loop to write where something is to be seen or done on the way.
    `progress(done, all, text)` is called after each step. An interrupt (the stop button, Ctrl-C) ends the training
    early and gives back what there is so far, with `stopped` set and no history. Raises ValueError for arguments that
    do not fit, before any work.

    >>> from lthedu import data, models
    >>> mnist = data.load("mnist", device="cpu").first(1000, 500, 500)
    >>> two = Replicates.create(models.lenet_300_100, seeds=[0, 1])
    >>> trained = train(two, mnist, steps=30)
    >>> trained.history.query("split == 'test'")[["replicate", "step"]].values.tolist()
    [[0, 30], [1, 30]]
    """
    history, now, stopped = pd.DataFrame(columns=HISTORY), None, False
    try:
        for now in training(
            replicates,
            data,
            steps,
            mask=mask,
            frozen=frozen,
            order=order,
            optimizer=optimizer,
            batch_size=batch_size,
            first_step=first_step,
            by=by,
        ):
            if now.step == steps:
                history = measure(now.replicates, data, steps, by=by)
            if progress is not None:
                progress(now.step, steps, "training")
    except KeyboardInterrupt:
        stopped = True
    if now is None:  # interrupted in the first step
        done, networks, mask = first_step, replicates, replicates.full_mask() if mask is None else mask
    else:
        done, networks, mask = now.step, now.replicates, now.mask
    # held once more, for an interrupt between an update and its mask
    ends = networks.with_params(masks.hold(mask, networks.params, frozen or {}))
    return Trained(ends, history, done, mask, stopped)


@checked
def measure(
    replicates: Replicates,
    data: Dataset,
    step: int,
    splits: Sequence[Split] = ("val", "test"),
    *,
    by: By | Literal["auto"] | Method = "auto",
) -> pd.DataFrame:
    """What `evaluate` finds at a step, as a table: replicate, step, split, loss, accuracy; a row a replicate and split.

    >>> from lthedu import data, models
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


@checked
@torch.no_grad()
def evaluate(
    replicates: Replicates,
    data: Dataset,
    split: Split = "test",
    *,
    by: By | Literal["auto"] | Method = "auto",
) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy and accuracy (a fraction) of each replicate on "train", "val" or "test": (R,), (R,).

    >>> from lthedu import data, models
    >>> mnist = data.load("mnist", device="cpu").first(100, 100, 100)
    >>> loss, accuracy = evaluate(Replicates.create(models.lenet_300_100, seeds=[0, 1]), mnist)
    >>> loss.shape, accuracy.shape
    (torch.Size([2]), torch.Size([2]))
    """
    x, y = getattr(data, f"x_{split}"), getattr(data, f"y_{split}")
    method = pick(by, replicates.model, x.device)
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
) -> None:
    n, first = len(data.x_train), next(iter(replicates.params.values()))
    if steps < 1 or not 0 <= first_step < steps:
        raise ValueError(f"steps is {steps} and first_step {first_step}; allowed: 0 <= first_step < steps")
    if not 1 <= batch_size <= n:
        raise ValueError(f"batch_size is {batch_size}; allowed: 1 to the {n} training examples")
    if len(order) != len(replicates):
        raise ValueError(f"order names {len(order)} minibatch orders for {len(replicates)} replicates; give one each")
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
