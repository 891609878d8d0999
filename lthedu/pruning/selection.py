"""From scores to a mask of an exact size."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.networks.masks import Mask, check_fits
from lthedu.pruning.scores import Scores

Scope = Literal["layer", "global"]
ORDERED = (  # the numbers of which torch finds the k-th largest
    *(torch.float32, torch.float64, torch.float16, torch.bfloat16),
    *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
)


@typed
def keep_largest(scores: Tensor, density: float) -> Tensor:
    """The mask of one tensor's largest scores: exactly `round(density * n)` of n, even among ties.

    Of equal scores the one that stands first is kept. Any shape; the mask has the same.

    Raises ValueError for a density outside [0, 1], for a score that is NaN, and for scores that have no order or no
    places of their own: truth values, complex or 8-bit floating-point numbers, a sparse tensor.

    >>> keep_largest(torch.tensor([3.0, 1.0, 2.0, 2.0]), 0.5)
    tensor([ True, False,  True, False])
    """
    if not 0 <= density <= 1:
        raise ValueError(f"density is {density}; it is the fraction kept, from 0 to 1")
    _check_scores(scores, "the scores")
    flat, k = scores.reshape(-1), round(density * scores.numel())
    if k == 0:
        return torch.zeros_like(scores, dtype=torch.bool)
    threshold = flat.kthvalue(len(flat) - k + 1).values  # the k-th largest score
    kept = flat > threshold
    ties = (flat == threshold).nonzero().squeeze(1)
    kept[ties[: k - int(kept.sum())]] = True  # as many of the ties as there are places left
    return kept.view(scores.shape)


@typed
def select_globally(scores: Scores, density: float) -> Mask:
    """The mask of the largest scores of all layers together: exactly `round(density * n)` of all n are kept.

    The layers compete for one number of weights, so each finds its own density. Raises ValueError for no layers,
    and as `keep_largest` does.

    >>> select_globally({"a": torch.tensor([[3.0, 1.0]]), "b": torch.tensor([[9.0, 2.0]])}, 0.5)
    {'a': tensor([[ True, False]]), 'b': tensor([[ True, False]])}
    """
    if not scores:
        raise ValueError("scores is empty; give at least one layer")
    for name, s in scores.items():
        _refuse_unordered(s, f"the scores of {name!r}")
    kept = keep_largest(torch.cat([s.reshape(-1) for s in scores.values()]), density)
    pieces = torch.split(kept, [s.numel() for s in scores.values()])
    return {name: piece.view(s.shape) for (name, s), piece in zip(scores.items(), pieces, strict=True)}


@typed
def select(
    scores: Scores,
    density: float,
    *,
    scope: Scope = "layer",
    within: Mask | None = None,
    own_density: Mapping[str, float] | None = None,
) -> Mask:
    """Keep the weights with the largest scores: exactly `round(density * n)` of n, ties included.

    The n weights are those that `within` keeps (all, for None): a mask within a mask. With scope "layer" every
    layer keeps its own share; with "global" the layers compete for one. `own_density` gives a layer a share of
    its own, outside the competition, such as a slower rate for the output layer. Of equal scores the one that
    stands first is kept, so the result does not depend on the machine.

    Raises ValueError for a density outside [0, 1], an unknown scope or layer, a layer that `within` lacks, or scores
    that `keep_largest` refuses.

    >>> select({"w": torch.tensor([[3.0, 1.0, 2.0, 2.0]])}, 0.5)
    {'w': tensor([[ True, False,  True, False]])}
    """
    own = dict(own_density or {})
    _check(scores, {"every layer": density} | own, own)
    if within is not None:
        check_fits(within, scores)
        if missing := [name for name in scores if name not in within]:
            raise ValueError(f"within has no mask for {missing[0]!r}; it must name every layer that has scores")
    pools = [([name], share) for name, share in own.items()]
    rest = [name for name in scores if name not in own]
    pools += [(rest, density)] if scope == "global" and rest else [([name], density) for name in rest]
    mask: Mask = {}
    for names, share in pools:
        mask |= _largest({n: scores[n] for n in names}, share, within)
    return {name: mask[name] for name in scores}


def _largest(scores: Scores, share: float, within: Mask | None) -> Mask:
    """The `share` of the pooled candidates with the largest scores."""
    if within is None:
        return select_globally(scores, share)
    candidates = torch.cat([within[name].reshape(-1) for name in scores])
    pooled = torch.cat([s.reshape(-1) for s in scores.values()])[candidates]
    kept = candidates.masked_scatter(candidates, keep_largest(pooled, share))
    pieces = torch.split(kept, [s.numel() for s in scores.values()])
    return {name: piece.view(s.shape) for (name, s), piece in zip(scores.items(), pieces, strict=True)}


def _check(scores: Scores, densities: Mapping[str, float], own: Mapping[str, float]) -> None:
    for name, value in densities.items():
        if not 0 <= value <= 1:
            raise ValueError(f"density is {value} for {name}; it is the fraction kept, from 0 to 1")
    for name in own:
        if name not in scores:
            raise ValueError(f"own_density names {name!r}, which has no scores; there are: {', '.join(scores)}")
    for name, s in scores.items():
        _check_scores(s, f"the scores of {name!r}")


def _check_scores(scores: Tensor, what: str) -> None:
    _refuse_unordered(scores, what)
    if scores.isnan().any():
        raise ValueError(f"{what} hold {int(scores.isnan().sum())} NaN; every score must be a number")


def _refuse_unordered(scores: Tensor, what: str) -> None:
    if scores.dtype not in ORDERED:
        raise ValueError(f"{what} are {scores.dtype}; allowed: {', '.join(map(str, ORDERED))}")
    if scores.layout != torch.strided or scores.is_nested or scores.is_meta:
        kind = "nested" if scores.is_nested else "without data (meta)" if scores.is_meta else scores.layout
        raise ValueError(f"{what} are {kind}; allowed: a dense tensor")


@typed
def random_mask(mask: Mask, generator: torch.Generator) -> Mask:
    """A random mask that keeps exactly as many weights in every layer as `mask` does.

    This is the control for *which* weights a ticket keeps: the layers' densities are equal, the choice is not.
    All draws come from `generator`; `mask` is not changed. Raises ValueError for a mask that is not bool.

    >>> ticket = {"w": torch.tensor([[True, False, False], [True, False, False]])}
    >>> int(random_mask(ticket, torch.Generator().manual_seed(1))["w"].sum())
    2
    """
    check_fits(mask, mask)
    return {
        name: m.reshape(-1)[torch.randperm(m.numel(), generator=generator).to(m.device)].view(m.shape)
        for name, m in mask.items()
    }
