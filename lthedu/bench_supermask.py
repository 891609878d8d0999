"""Time a step that trains a mask beside one that trains weights, by how the largest scores are found."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Annotated

import torch
from torch import Tensor, nn

from lthedu import data
from lthedu.base.arguments import typed
from lthedu.base.ranges import Count, Range
from lthedu.machine import Threads, cpu_name, load
from lthedu.masks import Mask, Params
from lthedu.models import lenet_300_100
from lthedu.supermasks import EdgePopup, initial_scores, keep_top, signed_constants
from lthedu.training import Method, Optimizer, Replicates, pick, train

STEPS = 40  # timed of each contender in each round
BATCH = 128
DENSITY = 0.5
SGD = Optimizer("sgd", lr=0.1, momentum=0.9)
AUTOGRAD = "dense, autograd"
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
def supermask_report(replicates: Annotated[int, Range(1, 1000)] = 1, rounds: Count = 15, threads: Threads = 2) -> str:
    """The report of `lthedu bench supermask`: LeNet-300-100, batch 128, half of the weights kept, SGD with momentum.

    Each round times every contender in turn, so that other load on the machine meets all of them alike; printed are
    medians over the rounds and, round by round, ratios to the dense step, their median. A step includes gathering the
    minibatch and the update. Raises ValueError for a number that is out of its range.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        contenders = _contenders(replicates)
        for run in contenders.values():
            run()  # warm-up, and what is compiled
        measured: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, run in contenders.items():
                measured[name].append(run())
    finally:
        torch.set_num_threads(before)
    return _text(measured, replicates, rounds, threads)


def _contenders(r: int) -> dict[str, Callable[[], float]]:
    """Each gives milliseconds per step and replicate."""
    mnist = data.load("mnist", device="cpu").first(20_000, 100, 100)
    networks = Replicates.create(lenet_300_100, seeds=range(r))
    scores = networks.with_params(initial_scores(networks.params, range(r)))
    weights, inner = signed_constants(networks.params), pick("auto", networks.model, torch.device("cpu"))

    def ours() -> float:
        return _engine(scores, mnist, EdgePopup(weights, inner, DENSITY))

    found: dict[str, Callable[[], float]] = {
        AUTOGRAD: lambda: _autograd(networks, mnist),
        "dense, engine": lambda: _engine(networks, mnist, inner),
        "edge-popup, ours": ours,
    }
    for name, keep in OTHERS.items():
        method = _Popup(weights, inner, DENSITY, keep=keep)
        found[f"edge-popup, {name}"] = lambda method=method: _engine(scores, mnist, method)  # type: ignore[misc]
    agree = all(
        torch.equal(keep(s.flatten(1), round(DENSITY * s[0].numel())).view(s.shape), keep_top(s, DENSITY))
        for s in scores.params.values()
        for keep in OTHERS.values()
    )
    assert agree, "the ways to find the largest scores disagree on scores without ties"
    return found


def _engine(networks: Replicates, mnist: data.Dataset, method: Method) -> float:
    """The engine as it is: `train`, timed between its reports of progress."""
    stamps: list[float] = []
    train(networks, mnist, STEPS + 2, optimizer=SGD, by=method, progress=lambda *_: stamps.append(time.perf_counter()))
    return 1000 * (stamps[STEPS] - stamps[0]) / STEPS / len(networks)


def _autograd(networks: Replicates, mnist: data.Dataset) -> float:
    """One network after the other with nn.Module, autograd and torch.optim; minibatches are gathered by index."""
    net = networks.module(0)
    update = torch.optim.SGD(net.parameters(), lr=SGD.lr, momentum=SGD.momentum)
    order = torch.randperm(len(mnist.x_train), generator=torch.Generator().manual_seed(0))
    begun = 0.0
    for step in range(STEPS + 1):
        if step == 1:
            begun = time.perf_counter()
        index = order[step * BATCH : (step + 1) * BATCH]
        update.zero_grad()
        nn.functional.cross_entropy(net(mnist.x_train[index]), mnist.y_train[index]).backward()  # type: ignore[no-untyped-call]
        update.step()
    return 1000 * (time.perf_counter() - begun) / STEPS


def _text(measured: dict[str, list[float]], r: int, rounds: int, threads: int) -> str:
    lines = [
        f"LeNet-300-100, batch {BATCH}, SGD with momentum, {DENSITY:.0%} kept, R = {r}, {threads} threads; "
        f"{rounds} rounds of {STEPS} steps",
        f"{cpu_name()}, load {load()}, torch {torch.__version__}",
        "",
        f"{'per replicate':28}{'ms/step':>9}{'min':>8}{'max':>8}{'x autograd':>12}{'x engine':>10}",
    ]
    for name, times in measured.items():
        ratios = [
            median(t / base for t, base in zip(times, measured[dense], strict=True))
            for dense in (AUTOGRAD, "dense, engine")
        ]
        lines.append(
            f"{name:28}{median(times):9.2f}{min(times):8.2f}{max(times):8.2f}{ratios[0]:12.2f}{ratios[1]:10.2f}"
        )
    return "\n".join(lines)
