"""Three ways to the same gradients of R replicates: batched linear algebra, vmap, and a plain loop.

"linear" multiplies the matrices of all replicates of an MLP at once, "vmap" lets torch.func vectorise any
module over the replicate axis, "loop" takes one replicate after the other, which on a CPU is the fastest for
convolutions. All three use the mean cross-entropy of each replicate's own minibatch. "sparse" is "linear" with steps
that touch kept weights alone (see `lthedu.training.sparse_path`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap

from lthedu.base.arguments import typed
from lthedu.networks.masks import Params
from lthedu.networks.reading import mlp_layers

By = Literal["linear", "vmap", "loop", "sparse"]


@runtime_checkable
class Method(Protocol):
    """How logits and gradients of R replicates are computed."""

    @property
    def draws(self) -> bool:
        """Whether a forward pass may draw random numbers (dropout)."""

    def logits(self, model: nn.Module, params: Params, buffers: Params, x: Tensor) -> Tensor:
        """Outputs (R, classes, n) in evaluation mode, for the same inputs x (n, ...) to every replicate."""

    def gradients(self, model: nn.Module, params: Params, buffers: Params, x: Tensor, y: Tensor, out: Params) -> None:
        """Write the gradient at x (R, batch, ...), y (R, batch) into `out`; buffers are updated in place."""


@typed
def pick(by: By | Literal["auto"] | Method, model: nn.Module, device: torch.device) -> Method:
    """The method called `by`, or `by` itself where it is one already.

    "auto" takes "linear" for an MLP, "loop" for convolutions on a CPU and for modules with buffers (BatchNorm), else
    "vmap".

    Raises ValueError for an unknown name, and for "linear" on a module that is no plain MLP.

    >>> type(pick("auto", nn.Linear(4, 2), torch.device("cpu"))).__name__
    'BatchedLinear'
    """
    if not isinstance(by, str):
        return by
    names = mlp_layers(model)
    if by == "auto":
        convolves = any(isinstance(m, nn.modules.conv._ConvNd) for m in model.modules())
        slow = (convolves and device.type == "cpu") or any(True for _ in model.buffers())
        by = "linear" if names else "loop" if slow else "vmap"
    if by in ("linear", "sparse"):
        if not names:
            raise ValueError(f"by is {by!r}, which needs an MLP of Linear and ReLU layers; allowed here: vmap, loop")
        return BatchedLinear(names)
    return Vectorised() if by == "vmap" else Looped()


@typed
@dataclass(frozen=True)
class BatchedLinear:
    """Forward and backward of R MLPs written out. Activations stand feature-major, (R, features, batch), the
    orientation in which the batched products run fastest."""

    layers: Sequence[tuple[str, str | None]]  # names of weight and bias, input to output
    draws: bool = False

    def logits(self, model: nn.Module, params: Params, buffers: Params, x: Tensor) -> Tensor:
        first, bias = self.layers[0]
        r, out, fan_in = params[first].shape
        z = (params[first].reshape(r * out, fan_in) @ x.flatten(1).T).view(r, out, -1)  # one product for all
        if bias:
            z += params[bias][:, :, None]
        for weight, bias in self.layers[1:]:
            z = _affine(params, weight, bias, z.relu_())
        return z

    def gradients(self, model: nn.Module, params: Params, buffers: Params, x: Tensor, y: Tensor, out: Params) -> None:
        x = x.flatten(2)
        h = [x.mT]  # (R, features, batch)
        for i, (weight, bias) in enumerate(self.layers):
            h.append(_affine(params, weight, bias, h[-1].relu_() if i else h[-1]))
        d = h[-1].softmax(1)  # d loss / d logits = (softmax - one-hot) / batch
        d.scatter_add_(1, y[:, None], d.new_full((1, 1, 1), -1.0).expand(len(y), 1, y.shape[1]))
        d /= y.shape[1]
        for i, (weight, bias) in reversed(list(enumerate(self.layers))):
            torch.bmm(d, h[i].mT, out=out[weight])
            if bias:
                torch.sum(d, 2, out=out[bias])
            if i:
                d = torch.ops.aten.threshold_backward(torch.bmm(params[weight].mT, d), h[i], 0)


def _affine(params: Params, weight: str, bias: str | None, h: Tensor) -> Tensor:
    if bias is None:
        return torch.bmm(params[weight], h)
    return torch.baddbmm(params[bias][:, :, None], params[weight], h)


@typed
@dataclass(frozen=True)
class Vectorised:
    """Any module that torch.func can vectorise. Dropout draws for each replicate on its own, so with dropout a
    replicate cannot equal a solo run. BatchNorm's running statistics are stacked and updated like the rest."""

    draws: bool = True

    def logits(self, model: nn.Module, params: Params, buffers: Params, x: Tensor) -> Tensor:
        model.eval()

        def one(p: Params, b: Params) -> Tensor:
            return functional_call(model, (p, b), (x,))  # type: ignore[no-any-return]

        return vmap(one)(params, buffers).mT

    def gradients(self, model: nn.Module, params: Params, buffers: Params, x: Tensor, y: Tensor, out: Params) -> None:
        model.train()

        def loss(p: Params, b: Params, x: Tensor, y: Tensor) -> Tensor:
            return nn.functional.cross_entropy(functional_call(model, (p, b), (x,)), y)

        found = vmap(grad(loss), randomness="different")(params, buffers, x, y)
        for name, g in found.items():
            out[name].copy_(g)


@typed
@dataclass(frozen=True)
class Looped:
    """One replicate after the other with ordinary autograd."""

    draws: bool = True

    def logits(self, model: nn.Module, params: Params, buffers: Params, x: Tensor) -> Tensor:
        model.eval()
        r = len(next(iter(params.values())))
        return torch.stack([functional_call(model, _replicate(params, buffers, i), (x,)) for i in range(r)]).mT

    def gradients(self, model: nn.Module, params: Params, buffers: Params, x: Tensor, y: Tensor, out: Params) -> None:
        model.train()
        for i in range(len(x)):
            p, b = _replicate(params, buffers, i)
            leaves = {name: t.detach().requires_grad_() for name, t in p.items()}
            with torch.enable_grad():
                loss = nn.functional.cross_entropy(functional_call(model, (leaves, b), (x[i],)), y[i])
            for name, g in zip(leaves, torch.autograd.grad(loss, list(leaves.values())), strict=True):
                out[name][i] = g


def _replicate(params: Params, buffers: Params, i: int) -> tuple[Params, Params]:
    return {k: t[i] for k, t in params.items()}, {k: t[i] for k, t in buffers.items()}
