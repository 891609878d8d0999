"""A ticket whose weights were never trained: a random source, a mask over it, and a scale for its output."""

import copy
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from lthedu.base.arguments import typed
from lthedu.networks import masks
from lthedu.networks.masks import Mask
from lthedu.proof.convolution import in_fixed_order
from lthedu.proof.scales import check_box, check_scale, scaled
from lthedu.proof.source import AnySource
from lthedu.proof.target import Box

ROWS = 500  # inputs that go through the source together: its hidden layers are wide
FIXED_BLOCK = 128  # inputs that `fixed_order_logits` takes together


@typed
@dataclass(frozen=True)
class Ticket:
    """A random source and the mask over it; `scale` times the masked source's output are the logits.

    `mask` names weights and biases alike; the scale is the one number that does not come out of the source, and it does
    not change which output is largest. `box` holds the inputs that it was made for. Raises ValueError for a scale that
    is not above 0 or leaves float64, and for a box whose ends float32 does not hold or tell apart.
    """

    source: AnySource
    mask: Mask = field(repr=False)
    scale: float
    box: Box

    def __post_init__(self) -> None:
        check_scale(self.scale)
        check_box(self.box.low, self.box.high)

    def module(self) -> nn.Module:
        """The masked source, an ordinary module: its output times `scale` are the logits.

        An `MLP`, or where there are convolutions a Sequential for images (n, channels, height, width); a Sequential for
        rows where the target begins with a ReLU.
        """
        return self.source.holding(masks.apply(self.mask, self.source.params()))

    @typed
    def logits(self, x: Tensor, module: nn.Module | None = None) -> Tensor:
        """`scale` times what the masked source computes for inputs `x` in the box: (n, inputs) -> (n, outputs).

        Where it reads images, `x` is (n, channels, height, width), or rows of as many numbers.

        Hand over `module()` where you have it, on any device: there the logits are. They have the module's dtype,
        float32; where it does not hold the scale or the largest output, all is computed again in float64. Raises
        ValueError for inputs of another shape or outside the box, for a module without parameters, and where
        float64 does not hold the logits either.
        """
        x = self._checked(x)
        module, many = module or self.module(), self._at_once(ROWS)
        found = _through(module, x, many)
        if self._holds(found):
            return self.scale * found
        return self._in_float64(found, _through(copy.deepcopy(module).double(), x, many))

    def _holds(self, found: Tensor) -> bool:
        """Whether the dtype of these outputs holds what matters in full precision."""
        kind, largest = torch.finfo(found.dtype), float(found.abs().max())
        return all(kind.smallest_normal <= v <= kind.max for v in (self.scale, largest, self.scale * largest))

    def _in_float64(self, found: Tensor, again: Tensor) -> Tensor:
        """The logits from outputs in float64; zeros that are none of rounding stay what they were."""
        return scaled(self.scale, again) if again.any() else torch.zeros_like(found)

    def _checked(self, x: Tensor) -> Tensor:
        found = self.source.chain.read(x)
        self.box.check(x)
        return found  # type: ignore[no-any-return]

    def _at_once(self, most: int) -> int:
        """Inputs that go through the source together: fewer than `most` images, if it is large."""
        chain = self.source.chain
        return min(most, chain.at_once) if chain.flat else most

    @property
    def kept(self) -> int:
        """Weights and biases of the source that the mask keeps."""
        return sum(masks.counts(self.mask).values())

    @typed
    def fixed_order_logits(self, x: Tensor) -> Tensor:
        """`logits`, added up in one order, whatever the number of threads: equal bit for bit from process to process.

        A fast matrix product is free to split its sums, and rounding then depends on how. Here only kept weights are
        multiplied, each output's in rising order of the hidden neuron, in blocks of up to 128 inputs, in float32.
        Pooling takes torch's threads, which leaves its bits as they are. On another machine, or with another version of
        scipy, the last bits may differ. Raises as `logits`.

        >>> from lthedu.networks.models import MLP
        >>> from lthedu.proof import construct
        >>> ticket = construct(MLP([4, 3, 2]), eta=1e-2)
        >>> x = torch.rand(5, 4)
        >>> torch.allclose(ticket.fixed_order_logits(x), ticket.logits(x), atol=1e-5)
        True
        """
        x = self._checked(x)
        found = self._in_fixed_order(x, torch.float32)
        if self._holds(found):
            return self.scale * found
        return self._in_float64(found, self._in_fixed_order(x, torch.float64))

    def _in_fixed_order(self, x: Tensor, dtype: torch.dtype) -> Tensor:
        chain = self.source.chain
        params = self.source.params()
        masks.check_fits(self.mask, params)
        names, layers = list(params), []
        for (step, _), weight, bias in zip(chain.affine, names[::2], names[1::2], strict=True):
            constants = torch.where(self.mask[bias], params[bias], 0).to(dtype)
            layers.append(in_fixed_order(step, params[weight].numpy(), self.mask[weight].numpy(), constants.numpy()))
        found = []
        for some in x.cpu().split(self._at_once(FIXED_BLOCK)):  # type: ignore[no-untyped-call]
            h = np.ascontiguousarray(some.to(dtype).numpy().swapaxes(0, 1))  # (channels, block, ...)
            with np.errstate(all="ignore"):  # what float32 does not hold is computed again
                found.append(torch.from_numpy(np.ascontiguousarray(chain.through(h, layers).T)))
        return torch.cat(found)


def _through(module: nn.Module, x: Tensor, many: int) -> Tensor:
    """What the module computes for these inputs, where and in the dtype in which it holds its own numbers."""
    like = next(module.parameters(), None)
    if like is None:
        raise ValueError(f"module is {type(module).__name__} and has no parameters; allowed: what `module()` gave")
    with torch.no_grad():
        return torch.cat([module(rows.to(like)) for rows in torch.split(x, many)])
