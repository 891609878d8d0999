"""The kept weights of masked MLPs as compiled loops take them, when that pays, and an evaluation by them alone."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lthedu.base.threads import in_threads
from lthedu.networks.masks import Mask, Params

DENSEST = 0.55  # of all weights together: with two thirds of them kept, the batched products are as fast
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
    ends = torch.stack([k.sum((1, 2)) for k in keeps], 1).flatten().cumsum(0).view(-1, len(keeps)).tolist()

    def turned(r: int) -> tuple[Tensor, Tensor]:  # of each entry, column by column: its row, and which of the N it is
        found = []
        for end, keep in list(zip(ends[r], (k[r] for k in keeps), strict=True))[1:]:
            number = (keep.flatten().cumsum(0) + (end - 1 - int(keep.sum()))).view_as(keep)
            by_column = keep[:, :-1].T
            found.append((by_column.nonzero()[:, 1], number[:, :-1].T[by_column]))
        rows, entries = zip(*found, strict=True) if found else ([torch.arange(0)], [torch.arange(0)])
        return torch.cat(list(rows)), torch.cat(list(entries))

    row, entry = (torch.cat(t).numpy() for t in zip(*in_threads(turned, range(len(keeps[0]))), strict=True))
    by_column = [keeps[0].new_zeros(len(keeps[0]), 0), *(k[:, :, :-1].sum(1) for k in keeps[1:])]
    return Kept(_widths(keeps), start, column, _starts(by_column), row.astype(np.uint32), entry, place)


def _with_biases(of: Mapping[str, Tensor], layers: Layers) -> list[Tensor]:
    """Of each layer, (R, out, in + 1); a missing bias is 0."""
    both = ((of[w], of[b][:, :, None] if b else torch.zeros_like(of[w][:, :, :1])) for w, b in layers)
    return [torch.cat(pair, 2) for pair in both]


def _rows(keeps: list[Tensor], of: list[Tensor]) -> tuple[Ints, Ints, NDArray[Any]]:
    """Where each row begins, the columns of what is kept, and its values in `of`, all layer by layer (R, out, in)."""

    def one(r: int) -> tuple[Tensor, Tensor]:
        every = [(keep[r], values[r]) for keep, values in zip(keeps, of, strict=True)]
        return torch.cat([k.nonzero()[:, 1] for k, _ in every]), torch.cat([v[k] for k, v in every])

    column, found = (torch.cat(t).numpy() for t in zip(*in_threads(one, range(len(keeps[0]))), strict=True))
    return _starts([k.sum(2) for k in keeps]), column.astype(np.uint32), found


def _starts(counts: list[Tensor]) -> Ints:
    """Where each begins, from how many there are: (R, ...), layer by layer."""
    return np.concatenate([[0], torch.cat(counts, 1).flatten().cumsum(0).numpy()])


def _widths(layers: list[Tensor]) -> Ints:
    return np.array([*(layer.shape[2] - 1 for layer in layers), layers[-1].shape[1]])


def outputs(layers: Layers, params: Params, x: Tensor) -> Iterator[Tensor]:
    """Logits (R, classes, some) of R networks for the same inputs x (n, ...), at the price of weights that are not 0.

    >>> x, params = torch.tensor([[1.0, 2.0]]), {"w": torch.tensor([[[0.0, 3.0]]]), "b": torch.ones(1, 1)}
    >>> next(outputs([("w", "b")], params, x)) if numba_is_here() else torch.tensor([[[7.0]]])
    tensor([[[7.]]])
    """
    from lthedu.training.sparse_kernels import logits  # see `numba_is_here`

    weights = _with_biases(params, layers)
    start, column, value = _rows([w != 0 for w in weights], weights)
    widths, none = _widths(weights), np.zeros(0, np.int64)
    kept = Kept(widths, start, column, none, none.astype(np.uint32), none, none)
    shape, threads = (len(weights[0]), int(widths[-1])), torch.get_num_threads()
    room = torch.ones((threads, int(widths.sum()) + len(layers), BLOCK), dtype=x.dtype).numpy()
    for some in torch.split(x.flatten(1), max(1, LOGITS // (shape[0] * shape[1] * BLOCK)) * BLOCK):
        examples, out, blocks = some.contiguous().numpy(), x.new_empty(*shape, len(some)), -(-len(some) // BLOCK)
        found, cuts = out.numpy(), [i * blocks // threads for i in range(threads + 1)]

        def work(i: int, given: Any = (kept, value, examples), found: Any = found, cuts: list[int] = cuts) -> None:
            logits(*given, cuts[i], cuts[i + 1], room[i], found)

        in_threads(work, range(threads))
        yield out
