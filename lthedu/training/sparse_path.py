"""The sparse path: masked MLPs trained on a CPU at the price of their kept weights.

It is the batched-linear method on fewer numbers: the same minibatches, masks and update rules, and results that differ
by rounding. A replicate's numbers do not depend, in any bit, on the others that run beside it, nor on the number of
threads (torch's), nor on when somebody looks. `training` takes it by itself where it pays, or with `by="sparse"`.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lthedu.data import Dataset
from lthedu.networks.masks import Mask, Params
from lthedu.training.gradients import BatchedLinear, Method
from lthedu.training.minibatches import gather
from lthedu.training.optimizers import Optimizer

DENSEST = 0.55  # of all weights together: with two thirds of them kept, the batched products are as fast
SMALLEST = 10_000  # weights of a network: a smaller one's step takes so little that there is nothing to win
WIDEST = 1024  # examples of a minibatch: the activations of larger ones are read again and again from far away
EVALUATED = 2000  # examples: for fewer it takes longer to find the kept weights than it saves
BLOCK = 128  # examples that are evaluated together, whatever the number of threads, so that it changes no bit
AT_ONCE = 16  # steps that are computed together, unless somebody looks before
SETTLED = 10  # steps that a mask must have been in force before the next one is worth sorting its weights at once

Layers = Sequence[tuple[str, str | None]]
Ints = NDArray[Any]


class Kept(NamedTuple):
    """Where the kept weights and biases of R networks are; N of them, replicate after replicate, layer after layer.

    Within a layer they stand row by row. The entries of row q of all rows are `start[q]` to `start[q + 1]`. Columns
    are those of all layers but the first, without the bias's.
    """

    widths: Ints  # (layers + 1,) numbers of features, from the inputs to the outputs
    start: Ints  # (R * rows + 1,) where each row's entries begin
    column: Ints  # (N,) the feature that an entry reads, within its layer
    start_by_column: Ints  # (R * columns + 1,) where each column's entries begin in the next two
    row: Ints  # (entries in columns,) the feature that an entry feeds, within its layer
    entry: Ints  # (entries in columns,) which of the N it is
    place: Ints  # (N,) where it stands in the one long tensor of all parameters


def obstacle(method: Method, data: Dataset, frozen: Params, optimizer: Optimizer) -> str:
    """Why a training cannot take the sparse path, wherever numba is; "" where it can.

    >>> from lthedu import data
    >>> from lthedu.training.gradients import Looped
    >>> obstacle(Looped(), data.load("mnist", device="cpu").first(10), {}, Optimizer())
    'the network is no plain MLP'
    """
    if data.device.type != "cpu":
        return f"the data is on {data.device}"
    if type(method) is not BatchedLinear:
        return "the network is no plain MLP"
    if frozen:
        return "frozen weights take part like kept ones"
    return "" if type(optimizer) is Optimizer else f"the update rule is a {type(optimizer).__name__}"


def numba_is_here() -> bool:
    """Whether there are compiled loops.

    >>> from lthedu.base import compiled
    >>> numba_is_here() == compiled.AVAILABLE
    True
    """
    from lthedu.base import compiled  # importing numba takes a third of a second: only of who has a use for it

    return compiled.AVAILABLE


def pays(mask: Mask, params: Params, layers: Layers, batch_size: int) -> bool:
    """Whether the sparse path is the faster one for these masks (R, out, in) by name; what has none is kept whole.

    >>> w = torch.rand(1, 300, 784, generator=torch.Generator().manual_seed(0))
    >>> [pays({"w": w < density}, {"w": w}, [("w", None)], batch_size=128) for density in (0.1, 0.9)]
    [True, False]
    """
    kept = sum(int(mask[name].sum()) if name in mask else params[name].numel() for name, _ in layers)
    return batch_size <= WIDEST and _few(kept, params, layers)


def pays_to_evaluate(params: Params, layers: Layers, examples: int) -> bool:
    """Whether `outputs` is the faster way to the logits of so many examples, weights that are 0 being pruned ones.

    >>> w = torch.rand(1, 300, 784, generator=torch.Generator().manual_seed(0))
    >>> [pays_to_evaluate({"w": w * (w < density)}, [("w", None)], 5000) for density in (0.1, 0.9)]
    [True, False]
    """
    return examples >= EVALUATED and _few(sum(int(params[w].count_nonzero()) for w, _ in layers), params, layers)


def _few(kept: int, params: Params, layers: Layers) -> bool:
    n = sum(params[weight].numel() for weight, _ in layers)
    return n >= SMALLEST * len(params[layers[0][0]]) and kept <= DENSEST * n


def views(flat: Tensor, params: Params) -> Params:
    """Pieces of one long tensor, in the order and shapes of `params`.

    >>> views(torch.arange(3), {"a": torch.zeros(1, 2), "b": torch.zeros(1)})
    {'a': tensor([[0, 1]]), 'b': tensor([2])}
    """
    pieces = torch.split(flat, [p.numel() for p in params.values()])
    return {name: v.view(p.shape) for (name, p), v in zip(params.items(), pieces, strict=True)}


def find_kept(mask: Mask, params: Params, layers: Layers) -> Kept:
    """Where the kept weights and biases of R networks stand; see `Kept`.

    >>> mask = {"w": torch.tensor([[[True, False], [False, True]]])}
    >>> found = find_kept(mask, {"w": torch.ones(1, 2, 2), "b": torch.ones(1, 2)}, [("w", "b")])
    >>> found.start.tolist(), found.column.tolist(), found.place.tolist()
    ([0, 2, 4], [0, 2, 1, 2], [0, 4, 3, 5])
    """

    keeps = _with_biases({n: mask.get(n, torch.ones_like(p, dtype=torch.bool)) for n, p in params.items()}, layers)
    places = _with_biases(views(torch.arange(sum(p.numel() for p in params.values())), params), layers)
    start, column, place = _rows(keeps, places)
    row, entry, n = [torch.arange(0)], [torch.arange(0)], 0
    for r in range(len(keeps[0])):
        for layer, keep in enumerate(k[r] for k in keeps):
            if layer:
                number = n - 1 + keep.flatten().cumsum(0).view_as(keep)  # of each kept one, among the N
                turned = keep[:, :-1].T
                row.append(turned.nonzero()[:, 1])
                entry.append(number[:, :-1].T[turned])
            n += int(keep.sum())
    by_column = [keeps[0].new_zeros(len(keeps[0]), 0), *(k[:, :, :-1].sum(1) for k in keeps[1:])]
    turns = torch.cat(row).numpy().astype(np.uint32), torch.cat(entry).numpy()
    return Kept(_widths(keeps), start, column, _starts(by_column), *turns, place)


def _with_biases(of: Mapping[str, Tensor], layers: Layers) -> list[Tensor]:
    """Of each layer, (R, out, in + 1); a missing bias is 0."""
    both = ((of[w], of[b][:, :, None] if b else torch.zeros_like(of[w][:, :, :1])) for w, b in layers)
    return [torch.cat(pair, 2) for pair in both]


def _rows(keeps: list[Tensor], of: list[Tensor]) -> tuple[Ints, Ints, NDArray[Any]]:
    """Where each row begins, the columns of what is kept, and its values in `of`, all layer by layer (R, out, in)."""
    every = [(keep[r], values[r]) for r in range(len(keeps[0])) for keep, values in zip(keeps, of, strict=True)]
    column = torch.cat([keep.nonzero()[:, 1] for keep, _ in every]).numpy().astype(np.uint32)
    return _starts([k.sum(2) for k in keeps]), column, torch.cat([values[keep] for keep, values in every]).numpy()


def _starts(counts: list[Tensor]) -> Ints:
    """Where each begins, from how many there are: (R, ...), layer by layer."""
    return np.concatenate([[0], torch.cat(counts, 1).flatten().cumsum(0).numpy()])


def _widths(layers: list[Tensor]) -> Ints:
    return np.array([*(layer.shape[2] - 1 for layer in layers), layers[-1].shape[1]])


def outputs(layers: Layers, params: Params, x: Tensor) -> Tensor:
    """Logits (R, classes, n) of R networks for the same inputs x (n, ...), at the price of the weights that are not 0.

    >>> x, params = torch.tensor([[1.0, 2.0]]), {"w": torch.tensor([[[0.0, 3.0]]]), "b": torch.ones(1, 1)}
    >>> outputs([("w", "b")], params, x) if numba_is_here() else torch.tensor([[[7.0]]])
    tensor([[[7.]]])
    """
    from lthedu.training.sparse_kernels import logits  # see `numba_is_here`

    weights = _with_biases(params, layers)
    start, column, value = _rows([w != 0 for w in weights], weights)
    widths, none = _widths(weights), np.zeros(0, np.int64)
    kept = Kept(widths, start, column, none, none.astype(np.uint32), none, none)
    examples, out = x.flatten(1).contiguous().numpy(), x.new_empty(len(weights[0]), int(widths[-1]), len(x))
    blocks, threads = -(-len(x) // BLOCK), torch.get_num_threads()
    cuts = [i * blocks // threads for i in range(threads + 1)]
    room = torch.ones((threads, int(widths.sum()) + len(layers), BLOCK), dtype=x.dtype).numpy()

    def work(thread: int) -> None:
        logits(kept, value, examples, cuts[thread], cuts[thread + 1], room[thread], out.numpy())

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    return out


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
        self.due: Callable[[Params], None] | None = None  # writes the last step's gradients, unless they are written

    def enter(self, step: int, flat: Tensor, params: Params, mask: Mask, built: Any) -> bool:
        """Whether the next step is a sparse one; if so, everything is ready for it."""
        self.due = None
        if self.kept is None and step >= self.look_at:
            self.look_at = math.inf
            if self.always or (pays(mask, params, self.layers, self.batch_size) and numba_is_here()):
                self._enter(find_kept(mask, params, self.layers), flat, params, built)
        return self.kept is not None

    def _enter(self, kept: Kept, flat: Tensor, params: Params, built: Any) -> None:
        self.x, self.y = self.data.x_train.flatten(1).contiguous().numpy(), self.data.y_train.contiguous().numpy()
        self.flat, self.params, self.built, at = flat, params, built, kept.place
        self.value = flat.numpy()[at]
        self.before, self.slope, self.turned = (np.zeros_like(self.value) for _ in range(3))
        self.memory = {name: m.numpy()[at] for name, m in built.state[flat].items() if name != "step"}
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
        assert self.kept is not None
        self.count += 1
        self.noted.append((chosen, self._rule()))
        if len(self.noted) >= AT_ONCE:
            try:
                self._catch_up()
            except BaseException:
                self.count -= 1
                self.noted.pop()
                raise
        self.due = partial(self._gradients, self.kept)

    def _catch_up(self) -> None:
        """Do what is noted. Interrupted, it leaves weights and memory as they were, and everything to be done."""
        if not self.noted:
            return
        assert self.kept is not None
        from lthedu.training.sparse_kernels import steps  # see `numba_is_here`

        chosen = torch.stack([examples for examples, _ in self.noted]).numpy()
        rules = np.array([rule for _, rule in self.noted], self.value.dtype)
        first, *more = memory = list(self.memory.values())
        second = more[0] if more else first[:0]
        given = (chosen, self.x, self.y, self.kept, self.value, self.before, self.turned, self.slope, first, second)
        shares = shared_out(self.alike, len(chosen), self.threads)
        begun = [Event() for _ in shares]

        def work(thread: int) -> None:
            try:
                for piece in shares[thread]:
                    if piece.begin:
                        begun[thread + 1].wait()  # for this replicate's first steps
                    steps(*piece, *given, rules, self.buffers[thread])
                    begun[thread].set()
            finally:
                begun[thread].set()

        undo = [array.copy() for array in (self.value, *memory)]
        try:
            with ThreadPoolExecutor(len(shares)) as pool:
                others = [pool.submit(work, thread) for thread in range(1, len(shares))]
                work(0)
                for other in others:
                    other.result()
        except BaseException:
            for array, was in zip((self.value, *memory), undo, strict=True):
                np.copyto(array, was)
            raise
        self.last, self.noted, self.unwritten = self.noted[-1][0], [], True

    def _gradients(self, kept: Kept, out: Params) -> None:
        """Write the gradients that the last step followed, pruned weights' included, at the price of a dense step."""
        self._catch_up()
        flat = torch.zeros_like(self.flat)
        flat.numpy()[kept.place] = self.before
        x, y = gather(self.data, self.last)
        BatchedLinear(self.layers).gradients(torch.nn.Identity(), views(flat, self.params), {}, x, y, out)

    def _rule(self) -> list[float]:
        """The numbers of the update number `count`, computed in double precision and rounded once: `adam`, `sgd`."""
        group, t = self.built.param_groups[0], self.count
        rate, decay = group["lr"], group["weight_decay"]
        if self.built.rule == "sgd":
            return [decay, rate, group["momentum"]]
        m, v, apart = group["beta1"], group["beta2"], self.built.rule == "adamw"
        shrink, decay = (1 - rate * decay, 0.0) if apart else (1.0, decay)
        size, root = rate / (1 - m**t), math.sqrt(1 - v**t)
        return [decay, shrink, size, root, group["eps"], m, 1 - m, v, 1 - v]


class Gradients(Mapping[str, Tensor]):
    """The gradients of the last step by name, the pruned weights' included: computed when one is looked at."""

    def __init__(self, tensors: Params, path: SparsePath) -> None:
        self.tensors, self.path = tensors, path

    def __getitem__(self, name: str) -> Tensor:
        if self.path.due is not None:
            self.path.due(self.tensors)
            self.path.due = None
        return self.tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.tensors)

    def __len__(self) -> int:
        return len(self.tensors)

    def __repr__(self) -> str:
        return repr(dict(self))
