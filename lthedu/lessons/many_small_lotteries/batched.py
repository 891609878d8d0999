"""One training step of many small networks at once, written out to be read.

What trains networks everywhere else in the course is `lthedu.training`, with the same gradients computed by hand and
every optimizer; here is the idea alone.
"""

import torch
from torch import Tensor, nn

from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params


def batched_step(params: Params, mask: Mask, x: Tensor, y: Tensor, lr: float) -> Params:
    """One step of plain gradient descent for R masked networks at once, each on its own minibatch.

    `params` of a network with one hidden layer, stacked: layers.0.weight (R, hidden, in), layers.0.bias (R, hidden),
    layers.1.weight (R, out, hidden), layers.1.bias (R, out); `mask` has the weights' shapes; x (R, batch, in),
    y (R, batch). Each network's loss is the mean cross-entropy of its own minibatch. The new parameters are returned,
    pruned weights at zero, as in `params`; nothing that was given is changed.

    >>> one = {"layers.0.weight": torch.ones(1, 1, 1), "layers.0.bias": torch.zeros(1, 1)}
    >>> one |= {"layers.1.weight": torch.zeros(1, 2, 1), "layers.1.bias": torch.zeros(1, 2)}
    >>> x, y = torch.ones(1, 1, 1), torch.zeros(1, 1, dtype=torch.long)
    >>> batched_step(one, masks.full(one), x, y, lr=1.0)["layers.1.bias"].tolist()
    [[0.5, -0.5]]
    """
    leaves = {name: p.detach().requires_grad_() for name, p in params.items()}
    with torch.enable_grad():
        w1, b1, w2, b2 = (leaves[f"layers.{i}.{kind}"] for i in (0, 1) for kind in ("weight", "bias"))
        hidden = torch.baddbmm(b1[:, None], x, w1.mT).relu()  # (R, batch, hidden)
        logits = torch.baddbmm(b2[:, None], hidden, w2.mT)  # (R, batch, out)
        # a sum over networks: the gradient of one network's loss is zero for every other network's weights
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="sum") / y.shape[1]
    grads = torch.autograd.grad(loss, list(leaves.values()))
    moved = {name: params[name].detach() - lr * g for name, g in zip(leaves, grads, strict=True)}
    return moved | masks.apply(mask, {name: moved[name] for name in mask})
