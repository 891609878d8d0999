"""Time a step that trains a mask beside one that trains weights, by how the largest scores are found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median
from typing import Annotated

import torch
from torch import Tensor

from lthedu import data
from lthedu.base.arguments import typed
from lthedu.base.machine import Threads
from lthedu.base.ranges import Count, Range
from lthedu.bench.measure import BATCH, DENSITY, autograd, engine, limits, measure, ratios
from lthedu.bench.report import Report, Table, own_limits
from lthedu.networks.masks import Mask, Params
from lthedu.networks.models import lenet_300_100
from lthedu.supermasks import EdgePopup, initial_scores, keep_top, signed_constants
from lthedu.training import Optimizer, Replicates, pick

SGD = Optimizer("sgd", lr=0.1, momentum=0.9)
AUTOGRAD, ENGINE = "dense, autograd", "dense, engine"
Keep = Callable[[Tensor, int], Tensor]  # (scores (R, n), k) -> mask (R, n)


def _by_sort(rows: Tensor, k: int) -> Tensor:
    order = rows.argsort(dim=1, descending=True)
    return torch.zeros_like(rows, dtype=torch.bool).scatter_(1, order[:, :k], True)


def _by_topk(rows: Tensor, k: int) -> Tensor:
    found = rows.topk(k, dim=1, sorted=False).indices
    return torch.zeros_like(rows, dtype=torch.bool).scatter_(1, found, True)


def _by_kthvalue(rows: Tensor, k: int) -> Tensor:
    return rows >= rows.kthvalue(rows.shape[1] - k + 1, dim=1, keepdim=True).values


OTHERS: dict[str, Keep] = {"argsort": _by_sort, "torch.topk": _by_topk, "kthvalue": _by_kthvalue}


@dataclass(frozen=True)
class _Popup(EdgePopup):
    """Edge-popup with another way to find the largest scores; of equal ones it may keep others, or more."""

    keep: Keep = _by_sort

    def mask(self, scores: Params) -> Mask:
        return {n: self.keep(s.flatten(1), round(self.density * s[0].numel())).view(s.shape) for n, s in scores.items()}

    def effective(self, scores: Params) -> Params:
        mask = self.mask(scores)
        return {n: p * mask[n] if n in mask else p for n, p in self.weights.items()}


@typed
def topk_report(
    replicates: Annotated[int, Range(1, 1000)] = 1, rounds: Count = 15, threads: Threads = 2, steps: Count = 40
) -> Report:
    """The report of `lthedu bench topk`: LeNet-300-100, batch 128, half of the weights kept, SGD with momentum.

    Medians over the rounds of `steps` steps and, round by round, ratios to the dense step, their median. A step
    includes gathering the minibatch and the update. Raises ValueError for a number that is out of its range.
    """
    contenders = _contenders(replicates, steps)
    found = measure({**contenders, **limits()}, rounds, threads=threads)
    return Report(
        "topk",
        f"LeNet-300-100, batch {BATCH}, SGD with momentum, {DENSITY:.0%} kept, R = {replicates}, {threads} threads; "
        f"{rounds} rounds of {steps} steps",
        [_beside_dense({name: found[name] for name in contenders}), own_limits(found)],
    )


def _beside_dense(found: dict[str, list[float]]) -> Table:
    def column(dense: str) -> list[str]:
        return [f"{median(ratios(times, found[dense])):.2f}" for times in found.values()]

    return Table("ms/step", found, more={"x autograd": column(AUTOGRAD), "x engine": column(ENGINE)})


def _contenders(r: int, steps: int) -> dict[str, Callable[[], float]]:
    """Each gives milliseconds per step and replicate."""
    mnist = data.load("mnist", device="cpu").first(20_000, 100, 100)
    networks = Replicates.create(lenet_300_100, seeds=range(r))
    scores = networks.with_params(initial_scores(networks.params, range(r)))
    weights, inner = signed_constants(networks.params), pick("auto", networks.model, torch.device("cpu"))
    methods = {"ours": EdgePopup(weights, inner, DENSITY)}
    methods |= {name: _Popup(weights, inner, DENSITY, keep=keep) for name, keep in OTHERS.items()}
    agree = all(
        torch.equal(keep(s.flatten(1), round(DENSITY * s[0].numel())).view(s.shape), keep_top(s, DENSITY))
        for s in scores.params.values()
        for keep in OTHERS.values()
    )
    if not agree:
        raise RuntimeError("the ways to find the largest scores disagree on scores without ties")

    def dense() -> float:
        net = networks.module(0)
        update = torch.optim.SGD(net.parameters(), lr=SGD.lr, momentum=SGD.momentum)
        return autograd(net, update, _batches(mnist), steps)

    return {
        AUTOGRAD: dense,
        ENGINE: lambda: engine(networks, mnist, steps, optimizer=SGD, by=inner),
        **{
            f"edge-popup, {name}": lambda method=method: engine(scores, mnist, steps, optimizer=SGD, by=method)  # type: ignore[misc]
            for name, method in methods.items()
        },
    }


def _batches(mnist: data.Dataset) -> Iterator[tuple[Tensor, Tensor]]:
    """Minibatches gathered by index."""
    order = torch.randperm(len(mnist.x_train), generator=torch.Generator().manual_seed(0))
    for index in torch.split(order, BATCH):
        yield mnist.x_train[index], mnist.y_train[index]
