"""Iterative magnitude pruning: the loop, apart from everything that trains or prunes."""

from collections.abc import Callable

from lthedu.base.arguments import typed
from lthedu.base.ranges import Whole
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params

Train = Callable[[int, Params, Mask], Params]  # (level, start, mask) -> trained weights
Prune = Callable[[Params, Mask], Mask]  # (trained weights, mask) -> smaller mask


@typed
def find_tickets(initial: Params, full: Mask, train: Train, prune: Prune, levels: Whole) -> list[Mask]:
    """Masks of iterative magnitude pruning: train, prune, rewind to `initial`, `levels` times over.

    `initial`: the weights to rewind to, by name. `full`: the mask to begin with, nothing pruned.
    `train(level, start, mask)` trains one level and returns the trained weights; `prune(trained, mask)` returns
    the next, smaller mask. Levels 0 (dense) to `levels` are each trained once, from exactly `initial` with the
    pruned weights at zero. Returns the `levels + 1` masks, the full one first.

    Source: Frankle and Carbin (2019).

    >>> import torch
    >>> from lthedu.pruning import magnitude, select
    >>> drop_smallest = lambda trained, mask: select(magnitude(trained), 0.5, within=mask)
    >>> initial = {"w": torch.tensor([[4.0, -3.0, 2.0, 1.0]])}
    >>> no_training = lambda level, start, mask: start
    >>> found = find_tickets(initial, masks.full(initial), no_training, drop_smallest, levels=2)
    >>> [m["w"].tolist()[0] for m in found]
    [[True, True, True, True], [True, True, False, False], [True, False, False, False]]
    """
    mask, found = full, []
    for level in range(levels + 1):
        start = masks.apply(mask, initial)
        trained = train(level, start, mask)
        found.append(mask)
        mask = prune(trained, mask)
    return found
