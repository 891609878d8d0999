"""A training as the loop over it sees it: the weights, gradients and masks after a step."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.training.kept import views
from lthedu.training.optimizers import Optimizer
from lthedu.training.replicates import Replicates
from lthedu.training.sparse_path import Gradients, SparsePath


@typed
class Step:
    """A training as it stands after a step: `step, params, grads, mask = now`, or by name.

    `step` counts the finished steps. `params` and `grads` (name: (R, ...)) are the weights and the gradients that this
    step followed, pruned weights' included; `replicates` are the networks, to be evaluated. They are the training's own
    memory: ask for them after the step that they are wanted of, copy what is to be kept, change nothing. (Where steps
    are sparse, weights are written there and gradients computed when they are asked for, the latter for the price of a
    dense step. What a loop writes into weights or data is then read late or never: that needs `by="linear"`.)

    `mask` (name: (R, ...)) is the one in force, and may be set: at once the weights that it prunes are zero (or
    frozen), and a weight that it brings back starts there, with no memory in the optimizer. Raises ValueError for a
    mask of other layers or shapes.
    """

    def __init__(
        self,
        replicates: Replicates,
        mask: Mask,
        frozen: Params,
        optimizer: Optimizer,
        step: int,
        sparse: SparsePath | None = None,
    ) -> None:
        start = masks.hold(mask, replicates.params, frozen)
        zeros = {name: torch.zeros_like(p) for name, p in start.items()}
        self._flat, self._params = _flatten(start)
        self._flat.grad, self._grads = _flatten(zeros)
        self._sparse = sparse
        self.grads: Mapping[str, Tensor] = Gradients(self._grads, sparse) if sparse else self._grads
        self._freezes = bool(frozen)
        self._held = _flatten(zeros | frozen)[0] if frozen else self._flat.new_zeros(())  # what pruned weights are
        buffers = {name: b.clone() for name, b in replicates.buffers.items()}
        self._replicates = replace(replicates, params=self._params, buffers=buffers)
        self.optimizer = optimizer.build(self._flat)
        self.step, self._mask, self._keep = step, mask, self._kept(mask)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.step, self.params, self.grads, self.mask))

    @property
    def params(self) -> Params:
        return self.replicates.params

    @property
    def replicates(self) -> Replicates:
        if self._sparse:
            self._sparse.write()
        return self._replicates

    @property
    def mask(self) -> Mask:
        return self._mask

    @mask.setter
    def mask(self, new: Mask) -> None:
        if new.keys() != self._mask.keys():  # a layer that is left out would come back to life
            raise ValueError(f"the new mask names {sorted(new)}; allowed: each of {sorted(self._mask)}")
        masks.check_fits(new, self._params)
        if self._sparse:
            self._sparse.leave(self.step)
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
        return _flatten({n: mask[n].to(p) if n in mask else torch.ones_like(p) for n, p in self._params.items()})[0]

    def _hold(self, exactly: bool = False) -> None:
        """Pruned weights are zero again, or frozen; of a network that diverged only `exactly`: NaN times 0 is NaN."""
        if self._keep is None:
            return
        if exactly or self._freezes:
            torch.where(self._keep.bool(), self._flat, self._held, out=self._flat)
        else:
            self._flat.mul_(self._keep)  # a fortieth of the time


def _flatten(params: Params) -> tuple[Tensor, Params]:
    """One long tensor that holds a copy of every parameter, and views into it by name."""
    flat = torch.cat([p.reshape(-1) for p in params.values()])
    return flat, views(flat, params)
