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
def match_norms(params: Params, mask: Mask, like: Params) -> Params:
    """`params` under `mask`, each masked layer scaled to the Euclidean norm that it has in `like`.

    All three are of one network, by name. A mask that keeps few weights leaves a layer with a smaller norm and so with
    a weaker signal; one factor a layer, measured and not computed from the density, gives the norm back. The kept
    weights of a ticket are not a random choice, so the square root of the density would not do. A layer without a kept
    weight stays zero, and parameters without a mask stay as they are.

    >>> import torch
    >>> kept, whole = {"w": torch.tensor([3.0, 4.0])}, {"w": torch.tensor([6.0, 8.0])}
    >>> match_norms(kept, {"w": torch.tensor([True, False])}, whole)
    {'w': tensor([10.,  0.])}
    """
    out = masks.apply(mask, params)
    for name in mask:
        norm = out[name].norm()
        if norm > 0:
            out[name] *= like[name].norm() / norm
    return out
