"""A mask is a dict of bool tensors by parameter name; True means kept."""

from collections.abc import Mapping

import torch
from torch import Tensor

from lthedu.base.arguments import typed

Params = dict[str, Tensor]
Mask = dict[str, Tensor]


@typed
def prunable(params: Mapping[str, Tensor]) -> list[str]:
    """The names that pruning may touch: weight matrices and kernels, never biases (one dimension).

    >>> prunable({"fc.weight": torch.ones(2, 3), "fc.bias": torch.ones(2)})
    ['fc.weight']
    """
    return [name for name, p in params.items() if p.ndim >= 2]


@typed
def full(params: Mapping[str, Tensor]) -> Mask:
    """The mask that keeps every prunable weight.

    >>> full({"fc.weight": torch.zeros(1, 2), "fc.bias": torch.zeros(1)})
    {'fc.weight': tensor([[True, True]])}
    """
    return {name: torch.ones_like(params[name], dtype=torch.bool) for name in prunable(params)}


@typed
def counts(mask: Mask) -> dict[str, int]:
    """Weights kept in each layer. Raises ValueError, naming the layer, for a mask that is not bool.

    >>> counts({"a": torch.tensor([True, False, True])})
    {'a': 2}
    """
    for name, m in mask.items():
        _demand_bool(name, m)
    return {name: int(m.sum()) for name, m in mask.items()}


@typed
def density(mask: Mask) -> float:
    """The fraction of the masked layers' weights that is kept, over all layers together.

    Raises ValueError for a mask of no weights and, naming the layer, for one that is not bool.

    >>> density({"a": torch.tensor([True, False]), "b": torch.tensor([True, True])})
    0.75
    """
    if not sum(m.numel() for m in mask.values()):
        raise ValueError(f"the mask is {mask}; it must name a layer with one weight or more")
    return sum(counts(mask).values()) / sum(m.numel() for m in mask.values())


@typed
def apply(mask: Mask, params: Mapping[str, Tensor]) -> Params:
    """`params` with every pruned weight at exactly zero; parameters without a mask are copied unchanged.

    Raises ValueError, naming the layer, for a mask that does not fit.

    >>> apply({"w": torch.tensor([True, False])}, {"w": torch.tensor([5., -5.]), "b": torch.tensor([1.])})
    {'w': tensor([5., 0.]), 'b': tensor([1.])}
    """
    check_fits(mask, params)
    return {
        name: torch.where(mask[name], p, torch.zeros_like(p)) if name in mask else p.clone()
        for name, p in params.items()
    }


@typed
def hold(mask: Mask, params: Mapping[str, Tensor], frozen: Mapping[str, Tensor]) -> Params:
    """`params` with every pruned weight at its value in `frozen`, or at zero in a layer that `frozen` does not name.

    Raises ValueError, naming the layer, for a mask or frozen values that do not fit.

    >>> hold({"w": torch.tensor([True, False])}, {"w": torch.tensor([5., -5.])}, {"w": torch.tensor([7., 8.])})
    {'w': tensor([5., 8.])}
    """
    out = apply(mask, params)
    for name, held in frozen.items():
        if name not in mask:
            raise ValueError(f"frozen names {name!r}, which has no mask; there are: {', '.join(mask)}")
        if held.shape != mask[name].shape or held.dtype != params[name].dtype or held.device != params[name].device:
            have, need = ((*t.shape, t.dtype, t.device) for t in (held, params[name]))
            raise ValueError(f"the frozen values of {name!r} are {have}, its parameter {need}")
        out[name] = torch.where(mask[name], out[name], held)
    return out


@typed
def clone(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A copy that shares no memory with `tensors`.

    >>> clone({"w": torch.ones(2)})
    {'w': tensor([1., 1.])}
    """
    return {name: t.clone() for name, t in tensors.items()}


@typed
def check_fits(mask: Mask, params: Mapping[str, Tensor]) -> None:
    """Raise ValueError, naming the layer, unless `mask` is bool and every entry matches a parameter's shape and device.

    >>> check_fits({"w": torch.tensor([True])}, {"w": torch.ones(2)})
    Traceback (most recent call last):
    ValueError: the mask of 'w' has shape (1,), its parameter (2,)
    """
    for name, m in mask.items():
        if name not in params:
            raise ValueError(f"the mask names {name!r}, which is no parameter; there are: {', '.join(params)}")
        _demand_bool(name, m)
        if m.shape != params[name].shape:
            raise ValueError(
                f"the mask of {name!r} has shape {tuple(m.shape)}, its parameter {tuple(params[name].shape)}"
            )
        if m.device != params[name].device:  # pragma: no cover (a GPU's)
            raise ValueError(f"the mask of {name!r} is on {m.device}, its parameter on {params[name].device}")


def _demand_bool(name: str, mask: Tensor) -> None:
    if mask.dtype != torch.bool:
        raise ValueError(f"the mask of {name!r} has dtype {mask.dtype}; a mask is torch.bool, True = kept")


@typed
def unstack(tensors: Mapping[str, Tensor], index: int) -> dict[str, Tensor]:
    """Replicate `index` of tensors stacked on a leading axis R; -1 is the last one.

    Raises ValueError for a replicate that is not there.

    >>> unstack({"w": torch.tensor([[1, 2], [3, 4]])}, 1)
    {'w': tensor([3, 4])}
    """
    for name, t in tensors.items():
        if t.ndim == 0 or not -len(t) <= index < len(t):
            raise ValueError(f"index is {index}; allowed: the replicates of {name!r}, which has shape {tuple(t.shape)}")
    return {name: t[index] for name, t in tensors.items()}


@typed
def stack(replicates: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The inverse of `unstack`: tensors of R replicates, stacked on a leading axis.

    Raises ValueError for no replicate, and for replicates whose names or shapes differ.

    >>> stack([{"w": torch.tensor([1, 2])}, {"w": torch.tensor([3, 4])}])
    {'w': tensor([[1, 2],
            [3, 4]])}
    """
    if not replicates:
        raise ValueError("there is nothing to stack: give at least one replicate")
    shapes = [{name: tuple(t.shape) for name, t in r.items()} for r in replicates]
    for i, found in enumerate(shapes):
        if found != shapes[0]:
            raise ValueError(f"replicate {i} has {found}; it must be as replicate 0: {shapes[0]}")
    return {name: torch.stack([r[name] for r in replicates]) for name in replicates[0]}
