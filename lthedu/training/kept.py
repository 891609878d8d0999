"""The kept weights of masked MLPs as compiled loops take them, when that pays, and an evaluation by them alone."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lthedu.base.threads import in_threads
from lthedu.networks.masks import Mask, Params

DENSEST = 0.65  # of all weights together: with three quarters of them kept, the batched products are as fast
MOSTLY = 0.6  # of a layer's weights: with more it is faster to compute with all, two rows at once
NARROW = 1024  # features that a layer is given: the activations of more are read again and again from far away
SMALLEST = 10_000  # weights of a network: a smaller one's step takes so little that there is nothing to win
WIDEST = 1024  # examples of a minibatch: the activations of larger ones are read again and again from far away
EVALUATED = 2000  # examples: for fewer it takes longer to find the kept weights than it saves
BLOCK = 128  # examples that are evaluated together, whatever the number of threads, so that it changes no bit
LOGITS = 2**22  # that are made at once

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
    begin_pruned: Ints  # (R + 1,) where each replicate's begin in `pruned`
    pruned: Ints  # which of the N are pruned: a layer that keeps most of its weights is stored whole, with zeros


def numba_is_here() -> bool:
    """Whether there are compiled loops.

    >>> from lthedu.base import compiled
    >>> numba_is_here() == compiled.AVAILABLE
    True
    """
    from lthedu.base import compiled  # importing numba takes a third of a second: only of who has a use for it

    return compiled.AVAILABLE


def loops_take(params: Params, x: Tensor) -> bool:
    """Whether the compiled loops take these weights and inputs: on a CPU, all float32 or all float64.

    >>> [loops_take({"w": torch.ones(1, 2, 3)}, torch.ones(4, 3, dtype=d)) for d in (torch.float32, torch.bfloat16)]
    [True, False]
    """
    same = all((p.dtype, p.device.type) == (x.dtype, "cpu") for p in params.values())
    return same and x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64)


def pays(mask: Mask, params: Params, layers: Layers, batch_size: int) -> bool:
    """Whether the sparse path is the faster one for these masks (R, out, in) by name; what has none is kept whole.

    It is where few weights are kept. Where every thread has a network of its own and layers are narrow, it is at any
    density. For minibatches of more than 1,024 examples it never is.

    >>> w = torch.rand(1, 300, 784, generator=torch.Generator().manual_seed(0))
    >>> [pays({"w": w < 0.1}, {"w": w}, [("w", None)], batch_size) for batch_size in (128, 2000)]
    [True, False]
    """
    shapes = [params[name].shape for name, _ in layers]
    always = shapes[0][0] >= torch.get_num_threads() and max(fan_in for _, _, fan_in in shapes) <= NARROW
    kept = 0 if always else sum(_count(mask[name]) if name in mask else params[name].numel() for name, _ in layers)
    return batch_size <= WIDEST and _few(kept, params, layers)


def pays_to_evaluate(params: Params, layers: Layers, examples: int) -> bool:
    """Whether `outputs` is the faster way to the logits of so many examples, weights that are 0 being pruned ones.

    >>> w = torch.rand(1, 300, 784, generator=torch.Generator().manual_seed(0))
    >>> [pays_to_evaluate({"w": w * (w < density)}, [("w", None)], 5000) for density in (0.1, 0.9)]
    [True, False]
    """
    return examples >= EVALUATED and _few(sum(_count(params[w]) for w, _ in layers), params, layers)


def _count(of: Tensor) -> int:
    return int(np.count_nonzero(of.detach().numpy()))  # without torch's threads


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
    from lthedu.training.sparse_kernels import by_column  # see `numba_is_here`

    own = {n: mask[n].contiguous().numpy() if n in mask else np.ones(p.shape, bool) for n, p in params.items()}
    keeps = own | {w: _filled(own[w]) for w, _ in layers}
    kept = _without(own, _by_row(keeps, params, layers))
    rows, columns = kept.widths[1:], kept.widths[1:-1]
    first = _begins([keeps[w] for w, _ in layers[1:]], len(params[layers[0][0]]))
    begin = np.zeros((len(first) - 1) * columns.sum() + 1, np.int64)
    row, entry = np.zeros(first[-1], np.uint32), np.zeros(first[-1], np.int64)

    def turn(r: int) -> None:
        q, p = r * rows.sum() + rows[0], r * columns.sum()
        begin[p] = first[r]
        for fan_in, fan_out in itertools.pairwise(rows):
            by_column(kept.start[q : q + fan_out + 1], kept.column, begin[p : p + fan_in + 1], row, entry)
            q, p = q + fan_out, p + fan_in

    in_threads(turn, range(len(first) - 1))
    begin[-1] = first[-1]
    return kept._replace(start_by_column=begin, row=row, entry=entry)


def _filled(keep: Ints) -> Ints:
    """`keep` (R, out, in), with all weights of those replicates that keep most of them."""
    found: Ints = keep | (keep.reshape(len(keep), -1).sum(1) > MOSTLY * keep[0].size)[:, None, None]
    return found


def _without(keeps: Mapping[str, Ints], kept: Kept) -> Kept:
    """`kept`, with what `keeps` (R, ...) by name, in the order of all parameters, does not keep among it."""
    flat = np.concatenate([keep.ravel() for keep in keeps.values()])
    pruned = np.flatnonzero(~flat[kept.place])
    return kept._replace(begin_pruned=np.searchsorted(pruned, kept.start[:: kept.widths[1:].sum()]), pruned=pruned)


def _by_row(keeps: Mapping[str, Ints], params: Params, layers: Layers) -> Kept:
    """What `keeps` (R, ...) says by name, row by row alone: what is sorted by columns is empty."""
    from lthedu.training.sparse_kernels import by_row  # see `numba_is_here`

    sizes = [p.numel() for p in params.values()]
    where = dict(zip(params, np.cumsum([0, *sizes]), strict=False))  # in the one long tensor
    shapes = [params[w].shape[1:] for w, _ in layers]
    widths = np.array([shapes[0][1], *(fan_out for fan_out, _ in shapes)])
    replicates, rows = len(params[layers[0][0]]), widths[1:].sum()
    first = _begins([keeps[name] for layer in layers for name in layer if name], replicates)
    start = np.zeros(replicates * rows + 1, np.int64)
    column, place = np.zeros(first[-1], np.uint32), np.zeros(first[-1], np.int64)

    def sort(r: int) -> None:
        q = r * rows
        start[q] = first[r]
        for (w, b), (fan_out, fan_in) in zip(layers, shapes, strict=True):
            bias, at = (keeps[b][r], where[b] + r * fan_out) if b else (np.zeros(fan_out, bool), 0)
            given = keeps[w][r], bias, where[w] + r * fan_out * fan_in, at
            by_row(*given, start[q : q + fan_out + 1], column, place)
            q += fan_out

    in_threads(sort, range(replicates))
    none = np.zeros(0, np.int64)
    return Kept(widths, start, column, none, none.astype(np.uint32), none, place, none, none)


def _begins(keeps: Sequence[Ints], replicates: int) -> Ints:
    """(R + 1,) where each replicate's entries begin, from what is kept of each tensor (R, ...)."""
    counts = sum((k.reshape(replicates, -1).sum(1) for k in keeps), np.zeros(replicates, np.int64))
    return np.concatenate([[0], counts.cumsum()])


def outputs(layers: Layers, params: Params, x: Tensor) -> Iterator[Tensor]:
    """Logits (R, classes, some) of R networks for the same inputs x (n, ...), at the price of weights that are not 0.

    >>> x, params = torch.tensor([[1.0, 2.0]]), {"w": torch.tensor([[[0.0, 3.0]]]), "b": torch.ones(1, 1)}
    >>> next(outputs([("w", "b")], params, x)) if numba_is_here() else torch.tensor([[[7.0]]])
    tensor([[[7.]]])
    """
    from lthedu.training.sparse_kernels import logits  # see `numba_is_here`

    arrays = {name: p.detach().contiguous().numpy() for name, p in params.items()}
    kept = _by_row({name: p != 0 for name, p in arrays.items()}, params, layers)
    value, widths = np.concatenate([p.ravel() for p in arrays.values()])[kept.place], kept.widths
    shape, threads = (len(params[layers[0][0]]), int(widths[-1])), torch.get_num_threads()
    room = torch.ones((threads, int(widths.sum()) + len(layers), BLOCK), dtype=x.dtype).numpy()
    for some in torch.split(x.flatten(1), max(1, LOGITS // (shape[0] * shape[1] * BLOCK)) * BLOCK):
        examples, out, blocks = some.contiguous().numpy(), x.new_empty(*shape, len(some)), -(-len(some) // BLOCK)
        found, cuts = out.numpy(), [i * blocks // threads for i in range(threads + 1)]

        def work(i: int, given: Any = (kept, value, examples), found: Any = found, cuts: list[int] = cuts) -> None:
            logits(*given, cuts[i], cuts[i + 1], room[i], found)

        in_threads(work, range(threads))
        yield out
