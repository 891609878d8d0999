"""Dense steps of several MLPs on a CPU, some replicates a thread."""

import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from torch import Tensor, nn

from lthedu.data import Dataset
from lthedu.training.gradients import BatchedLinear
from lthedu.training.minibatches import gather
from lthedu.training.optimizers import CpuOptimizer
from lthedu.training.step import Step

SLEEPING = os.environ.get("OMP_WAIT_POLICY", "").lower() == "passive"  # threads of torch's that wait; else they spin


class Parted:
    """Steps of R replicates by several threads, each of which computes its own ones with one thread of torch's.

    Torch's own way is that all threads share each product and wait for each other after it. Where another program holds
    one thread up, the others wait thirty times a step, and here twice. The numbers are the same. On a quiet machine it
    is a little faster where waiting threads sleep, as in lessons, and slower where they spin. Used as a context, which
    ends its threads.
    """

    def __init__(self, now: Step, method: BatchedLinear, optimizer: CpuOptimizer, threads: int) -> None:
        self.now, self.method, self.optimizer, self.threads = now, method, optimizer, threads
        self.replicates = _cut(len(now.replicates), threads)
        self.entries = _cut(len(now._flat), threads, at=64)  # whole vectors of the processor, for the same last bits
        self.pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))

    def __enter__(self) -> "Parted":
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown()

    def step(self, model: nn.Module, data: Dataset, chosen: Tensor) -> None:
        """One update on the examples `chosen` (R, batch) of `data`; pruned weights are not held yet."""

        def gradients(part: slice) -> None:
            params, out = ({n: t[part] for n, t in of.items()} for of in (self.now._params, self.now._grads))
            with torch.no_grad():
                self.method.gradients(model, params, {}, *gather(data, chosen[part]), out)

        self._each(gradients, self.replicates)
        self._each(self.optimizer.update, self.entries)
        self.optimizer.count()

    def _each(self, work: Callable[[slice], Any], parts: list[slice]) -> None:
        for running in [self.pool.submit(work, part) for part in parts]:
            running.result()
        torch.set_num_threads(self.threads)  # threads to come begin with what was set last, and a worker set 1


def _cut(n: int, parts: int, at: int = 1) -> list[slice]:
    """0 to n in so many parts, cut at multiples of `at`."""
    return [slice(*cut) for cut in itertools.pairwise([*(i * n // parts // at * at for i in range(parts)), n])]
