"""What the engine is held against: one network, trained as anybody would write it."""

import pytest
import torch
from torch import nn

from lthedu.base import compiled
from lthedu.base.streams import generator
from lthedu.networks.models import MLP
from lthedu.training import Optimizer

OPTIMIZERS = [
    Optimizer("sgd", lr=0.1),
    Optimizer("sgd", lr=0.1, weight_decay=0.01),
    Optimizer("sgd", lr=0.05, momentum=0.9),
    Optimizer("sgd", lr=0.05, momentum=0.9, weight_decay=0.01),
    Optimizer("adam", lr=0.01),
    Optimizer("adam", lr=0.01, weight_decay=0.01),
    Optimizer("adamw", lr=0.01),
    Optimizer("adamw", lr=0.01, weight_decay=0.1),
]
PATHS = ["linear", "vmap", "loop"]
SPARSE = pytest.param("sparse", marks=pytest.mark.skipif(not compiled.AVAILABLE, reason="numba is not installed"))


def optimizer_name(o):
    return f"{o.name}-momentum{o.momentum}-decay{o.weight_decay}"


def mlp():
    return MLP([20, 16, 8, 5])


def conv():
    """Takes the toy's 20 numbers as a 4 x 5 image."""
    return nn.Sequential(
        nn.Unflatten(1, (1, 4, 5)), nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(80, 5)
    )


def batchnorm():
    return nn.Sequential(nn.Linear(20, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 5))


def dropout():
    return nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 5))


def random_masks(replicates, seed=0, density=0.5):
    g = torch.Generator().manual_seed(seed)
    return {n: torch.rand(m.shape, generator=g) < density for n, m in replicates.full_mask().items()}


def solo(replicates, i, make, data, steps, *, order, optimizer, batch, mask=None):
    """Parameters and buffers of replicate `i` trained alone with nn.Module, autograd and torch.optim."""
    net = make().to(data.x_train.dtype)
    net.load_state_dict({n: t[i] for n, t in (replicates.params | replicates.buffers).items()})
    build = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[optimizer.name]
    more = {"momentum": optimizer.momentum} if optimizer.name == "sgd" else {}
    update = build(net.parameters(), lr=optimizer.lr, weight_decay=optimizer.weight_decay, foreach=False, **more)

    @torch.no_grad()
    def prune():
        for name, p in net.named_parameters():
            if mask is not None and name in mask:
                p[~mask[name][i]] = 0

    prune()
    passes = len(data.x_train) // batch
    for step in range(steps):
        epoch, k = divmod(step, passes)
        chosen = torch.randperm(len(data.x_train), generator=generator(order, "order", epoch))[k * batch :][:batch]
        update.zero_grad()
        nn.functional.cross_entropy(net(data.x_train[chosen]), data.y_train[chosen]).backward()
        update.step()
        prune()
    return {n: t.detach() for n, t in net.state_dict().items()}


def furthest(a, b):
    """The largest difference between two dicts of tensors."""
    return max(float((a[n].double() - b[n].double()).abs().max()) for n in a)


def rigl(params, grads, mask, k):
    """Of one layer (R, ...), drop the `k` smallest kept weights of each replicate, grow the `k` largest gradients."""
    w, g, m = (t.flatten(1).clone() for t in (params, grads, mask))
    m.scatter_(1, w.abs().masked_fill(~m, torch.inf).topk(k, largest=False).indices, False)
    m.scatter_(1, g.abs().masked_fill(mask.flatten(1), -1).topk(k).indices, True)
    return m.view_as(mask)
