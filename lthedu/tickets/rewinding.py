"""What a ticket's training begins from: weights of an earlier step, or initial ones with their signal given back."""

from collections.abc import Mapping

from lthedu.base.arguments import typed
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params


@typed
def rewind(snapshots: Mapping[int, Params], mask: Mask, step: int) -> Params:
    """The weights that training goes on from: those of `step`, exactly, with every pruned weight at zero.

    `snapshots`: weights by name, for each step that was kept; `mask`: bool by name, for the pruned layers. A pruned
    weight is zero also where it is infinite. Parameters without a mask, the biases, are rewound as well. What comes
    back shares no memory with a snapshot. Raises ValueError for a step that was not kept. Source: Frankle et al.
    (2019), arXiv:1903.01611.

    >>> import torch
    >>> snapshots = {0: {"w": torch.tensor([1.0, 2.0])}, 9: {"w": torch.tensor([3.0, 4.0])}}
    >>> rewind(snapshots, {"w": torch.tensor([True, False])}, 0)
    {'w': tensor([1., 0.])}
    """
    if step not in snapshots:
        raise ValueError(f"step is {step}; allowed: the steps that were kept, {', '.join(map(str, snapshots))}")
    return masks.apply(mask, snapshots[step])


@typed
def rescaled(params: Params, mask: Mask) -> Params:
    """`params` under `mask`, each layer's kept weights divided by the square root of its density.

    A pruned layer passes on a weaker signal: of a random layer's variance only the share that is kept. This gives it
    back, layer by layer. Stacked weights (R, ...) are scaled replicate by replicate.

    >>> import torch
    >>> rescaled({"w": torch.tensor([[[2.0, 1.0, 1.0, 1.0]]])}, {"w": torch.tensor([[[True, False, False, False]]])})
    {'w': tensor([[[4., 0., 0., 0.]]])}
    """
    out = masks.apply(mask, params)
    for name, m in mask.items():
        kept = m.flatten(1).to(out[name].dtype).mean(1).clamp_min(1 / m[0].numel())
        out[name] /= kept.sqrt().view(-1, *[1] * (m.ndim - 1))
    return out
