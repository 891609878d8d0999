"""The sparse path: masked MLPs trained on a CPU at the price of their kept weights.

It is the batched-linear method on fewer numbers: the same minibatches, masks and update rules, and results that differ
by rounding. A layer that keeps most of its weights is computed with all of them, the pruned ones among them staying
zero. On this path a replicate's numbers do not depend, in any bit, on the others that run beside it, nor on the
number of threads (torch's), nor on when somebody looks. `training` takes it with `by="sparse"`, and by itself where it
pays for all replicates together.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lthedu.data import Dataset
from lthedu.networks.masks import Mask, Params
from lthedu.training.gradients import BatchedLinear, Method
from lthedu.training.kept import Kept, Layers, find_kept, loops_take, numba_is_here, pays, views
from lthedu.training.minibatches import gather
from lthedu.training.optimizers import CpuOptimizer, Optimizer

AT_ONCE = 16  # steps that are computed together, unless somebody looks before
SETTLED = 10  # steps that a mask must have been in force before the next one is worth sorting its weights at once


def obstacle(method: Method, data: Dataset, params: Params, frozen: Params, optimizer: Optimizer) -> str:
    """Why a training cannot take the sparse path, wherever numba is; "" where it can.

    >>> from lthedu import data
    >>> from lthedu.training.gradients import Looped
    >>> obstacle(Looped(), data.load("mnist", device="cpu").first(10), {}, {}, Optimizer())
    'the network is no plain MLP'
    """
    if type(method) is not BatchedLinear:
        return "the network is no plain MLP"
    if not loops_take(params, data.x_train):
        return f"the data is {data.x_train.dtype} on {data.device}"
    if frozen:
        return "frozen weights take part like kept ones"
    return "" if type(optimizer) is Optimizer else f"the update rule is a {type(optimizer).__name__}"


class Piece(NamedTuple):
    """Some replicates' steps, of those that are computed together: `begin` to `end` - 1."""

    replicates: NDArray[np.int64]
    begin: int
    end: int


def shared_out(replicates: Sequence[int], steps: int, threads: int) -> list[list[Piece]]:
    """Pieces of equal sums for each thread: one replicate's first steps, others whole, another one's last steps.

    The steps of a replicate are divided between two threads at most, of which the second one begins with its first
    steps and the first one ends with its last: no two threads ever work on it at once (McNaughton 1959).

    >>> for pieces in shared_out([5, 6, 7], steps=10, threads=2):
    ...     print([(piece.replicates.tolist(), piece.begin, piece.end) for piece in pieces])
    [([5], 0, 10), ([6], 5, 10)]
    [([6], 0, 5), ([7], 0, 10)]
    """
    line, shares = np.array(replicates), []
    cuts = [divmod(i * len(line) * steps // threads, steps) for i in range(threads + 1)]
    for (first, skipped), (last, begun) in itertools.pairwise(cuts):
        whole = first + (skipped > 0)
        pieces = [
            Piece(line[first:whole], 0, steps - skipped),
            Piece(line[whole:last], 0, steps),
            Piece(line[last : last + 1], steps - begun, steps),
        ]
        shares.append([p for p in pieces if len(p.replicates) and p.begin < p.end])
    return shares


class SparsePath:
    """Steps of a training that touch kept weights alone, as long as the masks in force make them the faster ones.

    From `enter` to `leave` the kept weights and the optimizer's memory of them are here. `step` only notes what is to
    be done: it is done once there is enough of it to be shared out evenly among threads, or when somebody wants to see
    the weights, whom `write` serves: it brings them into `flat` (the `params`, one after the other), whose pruned ones
    stay zero. `leave` gives everything back, for dense steps.
    """

    def __init__(
        self, layers: Layers, data: Dataset, order: Sequence[int], batch_size: int, first_step: int, always: bool
    ) -> None:
        self.layers, self.data, self.batch_size, self.always = layers, data, batch_size, always
        self.alike = sorted(range(len(order)), key=order.__getitem__)  # equal minibatches side by side
        self.threads = min(torch.get_num_threads(), len(order))
        self.kept: Kept | None = None  # while steps are dense
        self.since, self.look_at = first_step, float(first_step)  # when masks came, and when to see whether they pay
        self.noted: list[tuple[Tensor, list[float]]] = []  # steps to do: their examples (R, batch) and rules
        self.unwritten = False
        self.due: Kept | None = None  # where weights were kept in the last step, whose gradients are not written yet

    def enter(self, step: int, flat: Tensor, params: Params, mask: Mask, built: Any) -> bool:
        """Whether the next step is a sparse one; if so, everything is ready for it."""
        self.due = None
        if self.kept is None and step >= self.look_at:
            self.look_at = math.inf
            if self.always or (pays(mask, params, self.layers, self.batch_size) and numba_is_here()):
                self._enter(find_kept(mask, params, self.layers), flat, params, built)
        return self.kept is not None

    def _enter(self, kept: Kept, flat: Tensor, params: Params, built: CpuOptimizer) -> None:
        self.x, self.y = self.data.x_train.flatten(1).contiguous().numpy(), self.data.y_train.contiguous().numpy()
        self.flat, self.params, self.built, at = flat, params, built, kept.place
        self.value = flat.numpy()[at]
        self.before, self.slope, self.turned = (np.zeros_like(self.value) for _ in range(3))
        self.memory = {name: m.numpy()[at] for name, m in built.state[flat].items() if name != "step"}
        for memory in self.memory.values():
            memory[kept.pruned] = 0  # of weights that were kept until now, too
        self.count = int(built.state[flat].get("step", 0))
        rows = kept.widths.sum() + len(kept.widths) - 1 + kept.widths[1:].max()
        room = torch.ones((self.threads, int(rows), self.batch_size), dtype=flat.dtype)
        self.buffers = room.numpy()  # torch's memory begins at a cache line, numpy's in the middle of one
        self.kept = kept  # last, for an interrupt on the way

    def leave(self, step: int) -> None:
        """The masks change after this step. The next ones are looked at once these have lived long enough to pay."""
        settled = self.always or step - self.since >= SETTLED
        self.since, self.look_at = step, step if settled else step + SETTLED
        if self.kept is None:
            return
        self.write()
        state = self.built.state[self.flat]
        for name, memory in self.memory.items():
            state[name].zero_()
            state[name].numpy()[self.kept.place] = memory
        if "step" in state:
            state["step"].fill_(self.count)
        self.kept = None

    def write(self) -> None:
        """The weights of the last step, into the tensor of all."""
        self._catch_up()
        if self.kept is not None and self.unwritten:
            self.flat.numpy()[self.kept.place] = self.value
            self.unwritten = False

    def step(self, chosen: Tensor) -> None:
        """One update on the examples `chosen` (R, batch). Interrupted, it is as if it had not begun."""
        if len(self.noted) >= AT_ONCE:
            self._catch_up()
        self.noted.append((chosen, self._rule(self.count + len(self.noted) + 1)))
        self.due = self.kept

    def _catch_up(self) -> None:
        """Do what is noted. Interrupted, it leaves weights and memory as they were, and everything to be done."""
        if not self.noted:
            return
        from lthedu.training.sparse_kernels import steps  # see `numba_is_here`

        chosen = torch.stack([examples for examples, _ in self.noted]).numpy()
        rules = np.array([rule for _, rule in self.noted], self.value.dtype)
        first, *more = memory = list(self.memory.values())
        second = more[0] if more else first[:0]
        room = self.before, self.turned, self.slope
        given = (chosen, self.x, self.y, self.kept, self.value, *room, first, second, rules)
        shares = shared_out(self.alike, len(chosen), self.threads)
        begun = [Event() for _ in shares]

        def work(thread: int) -> None:
            try:
                for piece in shares[thread]:
                    if piece.begin:
                        begun[thread + 1].wait()  # for this replicate's first steps
                    steps(*piece, *given, self.buffers[thread])
                    begun[thread].set()
            finally:
                begun[thread].set()

        steps(shares[0][0].replicates[:0], 0, 0, *given, self.buffers[0])  # compiled before there are threads
        undo = [array.copy() for array in (self.value, *memory)]
        pool = ThreadPoolExecutor(len(shares))
        try:
            others = [pool.submit(work, thread) for thread in range(1, len(shares))]
            work(0)
            for other in others:
                other.result()
        except BaseException:
            for event in begun:  # of a thread that never began, too
                event.set()
            _surely(pool.shutdown)
            for array, was in zip((self.value, *memory), undo, strict=True):
                np.copyto(array, was)
            raise
        pool.shutdown(wait=False)
        self.last, self.count, self.unwritten = self.noted[-1][0], self.count + len(self.noted), True
        self.noted = []

    def gradients(self, kept: Kept, out: Params) -> None:
        """Write the gradients that the last step followed, pruned weights' included, at the price of a dense step."""
        self._catch_up()
        flat = torch.zeros_like(self.flat)
        flat.numpy()[kept.place] = self.before
        x, y = gather(self.data, self.last)
        BatchedLinear(self.layers).gradients(torch.nn.Identity(), views(flat, self.params), {}, x, y, out)

    def _rule(self, t: int) -> list[float]:
        """The numbers of the update number `t`, computed in double precision and rounded once: see `adam` and `sgd`."""
        group = self.built.param_groups[0]
        rate, decay = group["lr"], group["weight_decay"]
        if self.built.rule == "sgd":
            return [decay, rate, group["momentum"]]
        m, v, apart = group["beta1"], group["beta2"], self.built.rule == "adamw"
        shrink, decay = (1 - rate * decay, 0.0) if apart else (1.0, decay)
        size, root = rate / (1 - m**t), math.sqrt(1 - v**t)
        return [decay, shrink, size, root, group["eps"], m, 1 - m, v, 1 - v]


def _surely(wait: Callable[[], None]) -> None:
    """Wait to the end, also where one is interrupted again."""
    while True:
        try:
            return wait()
        except KeyboardInterrupt:
            pass


class Gradients(Mapping[str, Tensor]):
    """The gradients of the last step by name, the pruned weights' included: computed when one is looked at."""

    def __init__(self, tensors: Params, path: SparsePath) -> None:
        self.tensors, self.path = tensors, path

    def __getitem__(self, name: str) -> Tensor:
        if self.path.due is not None:
            self.path.gradients(self.path.due, self.tensors)
            self.path.due = None
        return self.tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    def __repr__(self) -> str:
        return repr(dict(self))
