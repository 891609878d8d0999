"""Mask criteria: what a weight's value before and after training says about whether to keep it.

Each criterion takes the initial and the final weights of one network (by name, any shapes) and gives a score for every
weight that `masks.prunable` names: the larger, the longer it is kept. `lthedu.pruning.select` turns scores into a mask
of an exact size. Source: Zhou, Lan, Liu and Yosinski (2019), "Deconstructing lottery tickets", arXiv:1905.01067.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from lthedu.base.arguments import typed
from lthedu.networks.masks import Params, prunable
from lthedu.pruning import Scores

Criterion = Callable[[Params, Params], Scores]  # (initial, final) -> scores


def large_final(initial: Params, final: Params) -> Scores:
    """|w_f|: the largest after training, the criterion of lottery tickets.

    >>> large_final({"w": torch.tensor([[1.0, 2.0]])}, {"w": torch.tensor([[-3.0, 1.0]])})
    {'w': tensor([[3., 1.]])}
    """
    return _each(initial, final, lambda i, f: f.abs())


def small_final(initial: Params, final: Params) -> Scores:
    """-|w_f|: the smallest after training, which large_final should beat.

    >>> small_final({"w": torch.tensor([[1.0, 2.0]])}, {"w": torch.tensor([[-3.0, 1.0]])})
    {'w': tensor([[-3., -1.]])}
    """
    return _each(initial, final, lambda i, f: -f.abs())


def large_init(initial: Params, final: Params) -> Scores:
    """|w_i|: the largest before training, which knows no data.

    >>> large_init({"w": torch.tensor([[1.0, 2.0]])}, {"w": torch.tensor([[-3.0, 1.0]])})
    {'w': tensor([[1., 2.]])}
    """
    return _each(initial, final, lambda i, f: i.abs())


def small_init(initial: Params, final: Params) -> Scores:
    """-|w_i|: the smallest before training.

    >>> small_init({"w": torch.tensor([[1.0, 2.0]])}, {"w": torch.tensor([[-3.0, 1.0]])})
    {'w': tensor([[-1., -2.]])}
    """
    return _each(initial, final, lambda i, f: -i.abs())


def large_init_large_final(initial: Params, final: Params) -> Scores:
    """Large before *and* after: the smaller of the two ranks within the layer, as a share of its weights.

    A weight is kept where both magnitudes are above the same percentile of their own.

    >>> large_init_large_final({"w": torch.tensor([[1.0, 2.0, 3.0]])}, {"w": torch.tensor([[3.0, 2.0, 1.0]])})
    {'w': tensor([[0.3333, 0.6667, 0.3333]])}
    """
    return _each(initial, final, lambda i, f: torch.minimum(_ranks(i.abs()), _ranks(f.abs())))


def small_init_small_final(initial: Params, final: Params) -> Scores:
    """Small before *and* after: the smaller of the two ranks counted from the smallest magnitude up.

    >>> small_init_small_final({"w": torch.tensor([[1.0, 2.0, 3.0]])}, {"w": torch.tensor([[1.0, 2.0, 3.0]])})
    {'w': tensor([[1.0000, 0.6667, 0.3333]])}
    """
    return _each(initial, final, lambda i, f: torch.minimum(_ranks(-i.abs()), _ranks(-f.abs())))


def magnitude_increase(initial: Params, final: Params) -> Scores:
    """|w_f| - |w_i|: what grew most.

    >>> magnitude_increase({"w": torch.tensor([[1.0, 2.0]])}, {"w": torch.tensor([[-3.0, 1.0]])})
    {'w': tensor([[ 2., -1.]])}
    """
    return _each(initial, final, lambda i, f: f.abs() - i.abs())


def movement(initial: Params, final: Params) -> Scores:
    """|w_f - w_i|: what moved furthest, whichever way.

    >>> movement({"w": torch.tensor([[1.0, 2.0]])}, {"w": torch.tensor([[-3.0, 1.0]])})
    {'w': tensor([[4., 1.]])}
    """
    return _each(initial, final, lambda i, f: (f - i).abs())


CRITERIA: Mapping[str, Criterion] = {
    f.__name__: f
    for f in (
        large_final,
        small_final,
        large_init,
        small_init,
        large_init_large_final,
        small_init_small_final,
        magnitude_increase,
        movement,
    )
}


@typed
def same_sign(criterion: Criterion) -> Criterion:
    """`criterion` among the weights that kept their sign; one that changed it, or is zero, is kept last of all.

    >>> same_sign(large_final)({"w": torch.tensor([[1.0, 2.0]])}, {"w": torch.tensor([[-3.0, 1.0]])})
    {'w': tensor([[-inf, 1.]])}
    """
    return _among(criterion, lambda i, f: i * f > 0)


@typed
def different_sign(criterion: Criterion) -> Criterion:
    """`criterion` among the weights that changed their sign: the control of `same_sign`.

    >>> different_sign(large_final)({"w": torch.tensor([[1.0, 2.0]])}, {"w": torch.tensor([[-3.0, 1.0]])})
    {'w': tensor([[3., -inf]])}
    """
    return _among(criterion, lambda i, f: i * f < 0)


@typed
def four_scores(i: Tensor, f: Tensor) -> Scores:
    """Scores of one layer by criterion: large_final, magnitude_increase, movement, large_final_same_sign.

    `i`, initial values, and `f`, final ones, have one shape, and the scores have it, too; the larger a score, the
    longer its weight is kept.

    >>> {name: s.tolist() for name, s in four_scores(torch.tensor([1.0, 2.0]), torch.tensor([-3.0, 1.0])).items()}
    {'large_final': [3.0, 1.0], 'magnitude_increase': [2.0, -1.0], 'movement': [4.0, 1.0], ...: [-inf, 1.0]}
    """
    every = {name: CRITERIA[name] for name in ("large_final", "magnitude_increase", "movement")}
    every["large_final_same_sign"] = same_sign(large_final)
    one, two = {"w": i[None]}, {"w": f[None]}
    return {name: criterion(one, two)["w"][0] for name, criterion in every.items()}


def _among(criterion: Criterion, holds: Callable[[Tensor, Tensor], Tensor]) -> Criterion:
    def restricted(initial: Params, final: Params) -> Scores:
        scores = criterion(initial, final)
        return {n: s.masked_fill(~holds(initial[n].sign(), final[n].sign()), -torch.inf) for n, s in scores.items()}

    return restricted


def _each(initial: Params, final: Params, score: Callable[[Tensor, Tensor], Tensor]) -> Scores:
    names = prunable(final)
    for name in names:
        if name not in initial or initial[name].shape != final[name].shape:
            raise ValueError(
                f"{name!r} has shape {tuple(final[name].shape)} after training; the initial weights have "
                + (f"{tuple(initial[name].shape)}" if name in initial else f"only {', '.join(initial)}")
            )
    return {name: score(initial[name].detach(), final[name].detach()) for name in names}


def _ranks(values: Tensor) -> Tensor:
    """Ranks from 1 / n (the smallest) to 1; of equal values the one that stands first has the higher rank."""
    flat = values.flatten()
    order = flat.flip(0).argsort(stable=True)  # equal values: the last one of `flat` comes first
    ranks = torch.empty_like(flat)
    ranks[len(flat) - 1 - order] = torch.arange(1, len(flat) + 1, device=flat.device).to(flat) / len(flat)
    return ranks.view(values.shape)
