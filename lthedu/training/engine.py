"""The replicate engine: R networks of one architecture trained in one pass.

Parameters are stacked on a leading axis R, and so is everything that differs between replicates: masks,
minibatch orders, buffers. What comes out is what R separate trainings would give, up to rounding.
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd
import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.base.streams import derive
from lthedu.base.threads import one_thread
from lthedu.data import Dataset
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.training.cuda_graph import Captured
from lthedu.training.dry_run import check_runs
from lthedu.training.evaluation import HISTORY, measure, refuse_autocast
from lthedu.training.gradients import BatchedLinear, By, Method, pick
from lthedu.training.kept import numba_is_here
from lthedu.training.minibatches import examples, gather
from lthedu.training.noise import Noise
from lthedu.training.optimizers import ADAM, Optimizer, RateSchedule
from lthedu.training.replicates import Replicates
from lthedu.training.sparse_path import SparsePath, obstacle
from lthedu.training.step import Step

Progress = Callable[[int, int, str], None]  # (steps done, steps in all, what is running)


@typed
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
    (default: 0 to R - 1). `by`: how gradients are computed (see `lthedu.training.gradients`), or an object that does
    it; the steps of a plain MLP on a CPU touch its kept weights alone with "sparse", and with "auto" where that is
    faster (see `lthedu.training.sparse_path`). The learning rate of the update after `step` finished ones is the
    optimizer's schedule at `step` of `steps`, also where training begins at `first_step`; its other state is fresh. On
    a CUDA device the step is captured once and replayed (see `lthedu.training.cuda_graph`).

    The input is not changed. Raises ValueError for arguments that do not fit, before any work.

    >>> from lthedu import data
    >>> from lthedu.networks import models
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
    check_runs(method, replicates, data, batch_size)
    mask, frozen, sparse = replicates.full_mask() if mask is None else mask, frozen or {}, None
    if by in ("sparse", "auto"):
        why_not = obstacle(method, data, replicates.params, frozen, optimizer)
        if by == "sparse" and not why_not and not numba_is_here():
            why_not = "numba is not installed"
        if by == "sparse" and why_not:
            raise ValueError(f"by is 'sparse', but {why_not}; allowed here: linear, vmap, loop, auto")
        if isinstance(method, BatchedLinear) and not why_not:
            sparse = SparsePath(method.layers, data, order, batch_size, first_step, always=by == "sparse")
    now = Step(replicates, mask, frozen, optimizer, first_step, sparse)
    return _steps(now, data, steps, order, optimizer, batch_size, method)


def _steps(
    now: Step, data: Dataset, last: int, order: Sequence[int], optimizer: Optimizer, batch_size: int, method: Method
) -> Iterator[Step]:
    networks, first = now.replicates, now.step
    model = copy.deepcopy(networks.model)  # which may keep what it computed

    def learn(x: Tensor, y: Tensor) -> None:
        method.gradients(model, now.params, networks.buffers, x, y, now._grads)
        now.optimizer.step()

    call = Captured(learn)
    moves = optimizer.schedule != RateSchedule()
    noise: AbstractContextManager[None] = nullcontext()
    if method.draws:
        noise = Noise(derive(*order, "noise", first), data.device)
    for chosen in examples(data, order, batch_size, first, last):
        if moves:
            optimizer.set_rate(now.optimizer, now.step, last)
        if now._sparse and now._sparse.enter(now.step, now._flat, now._params, now.mask, now.optimizer):
            now._sparse.step(chosen)
        else:
            with torch.no_grad(), noise:
                call(*gather(data, chosen))
            now._hold(exactly=now.step + 1 == last)
        now.step += 1
        if (now.step % 100 == 0 or now.step == last) and not _finite(now.params):
            raise Diverged(now, optimizer)
        yield now


def _finite(params: Params) -> bool:
    with one_thread():
        return all(bool(p.sum().isfinite() or p.isfinite().all()) for p in params.values())  # a sum is the faster look


class Diverged(ArithmeticError):
    """Weights have become NaN or infinite. `step` and `replicates` are what there is, `history` what was measured.

    >>> from lthedu import data
    >>> from lthedu.networks import models
    >>> mnist = data.load("mnist", device="cpu").first(100, 100, 100)
    >>> one = Replicates.create(models.lenet_300_100, seeds=[0])
    >>> train(one, mnist, 20, optimizer=Optimizer("sgd", lr=1e9), batch_size=50)
    Traceback (most recent call last):
    lthedu.training.engine.Diverged: the training diverged: after step 20 of 1 replicates number 0 has weights that are
    NaN or infinite. The learning rate, 1e+09, may be too large
    """

    def __init__(self, now: Step, optimizer: Optimizer) -> None:
        finite = [torch.stack([w.isfinite().all() for w in p]) for p in now.params.values()]
        lost = (~torch.stack(finite).all(0)).nonzero().flatten().tolist()
        self.step, self.replicates, self.history = now.step, now.replicates, pd.DataFrame(columns=HISTORY)
        super().__init__(
            f"the training diverged: after step {now.step} of {len(now.replicates)} replicates number "
            f"{', '.join(map(str, lost))} has weights that are NaN or infinite. The learning rate, "
            f"{optimizer.lr:g}, may be too large"
        )


@dataclass(frozen=True)
class Trained:
    """What `train` gives back."""

    replicates: Replicates
    history: pd.DataFrame  # of the last step: replicate, step, split ("val" or "test"), loss, accuracy
    steps: int  # the last step that was finished
    mask: Mask


@typed
class Stopped(KeyboardInterrupt):
    """A training was interrupted (the stop button, Ctrl-C) before its last step. `trained` is what there is.

    >>> from lthedu import data
    >>> from lthedu.networks import models
    >>> mnist = data.load("mnist", device="cpu").first(100, 100, 100)
    >>> def stop(done, steps, text):
    ...     raise KeyboardInterrupt
    >>> try:
    ...     train(Replicates.create(models.lenet_300_100, seeds=[0]), mnist, 20, batch_size=50, progress=stop)
    ... except Stopped as stopped:
    ...     print(stopped, "|", stopped.trained.steps)
    the training stopped at step 1 of 20 | 1
    """

    def __init__(self, trained: Trained, steps: int) -> None:
        self.trained = trained
        super().__init__(f"the training stopped at step {trained.steps} of {steps}")


@typed
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
    `progress(done, all, text)` is called after each step. An interrupt (the stop button, Ctrl-C) raises Stopped, which
    holds what there is so far, without a history. Raises as `training`; the `history` of a Diverged tells how good the
    other replicates were at that step.

    >>> from lthedu import data
    >>> from lthedu.networks import models
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
    except Diverged as lost:
        lost.history = measure(lost.replicates, data, lost.step, by=by)
        raise
    if now is None:  # interrupted in the first step
        done, networks, mask = first_step, replicates, replicates.full_mask() if mask is None else mask
    else:
        done, networks, mask = now.step, now.replicates, now.mask
    # held once more, for an interrupt between an update and its mask
    ends = replace(networks, params=masks.hold(mask, networks.params, frozen or {}))
    trained = Trained(ends, history, done, mask)
    if stopped:
        raise Stopped(trained, steps)
    return trained


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
    refuse_autocast(data.device)
    frozen = [name for name, p in replicates.model.named_parameters() if not p.requires_grad]
    if frozen:
        raise ValueError(f"{frozen[0]!r} has requires_grad=False; every parameter is trained, so freeze it with a mask")
    if mask is not None:
        masks.check_fits(mask, replicates.params)
