"""Mistakes that people really make in this lesson, and what they are told."""

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import Tensor

from lthedu.exercises.core import mistake
from lthedu.networks.masks import Mask, Params, apply
from lthedu.tickets.rewinding import match_norms, rewind
from lthedu.tickets.stability import between

# error_barrier -----------------------------------------------------------------------------------------------

Error = Callable[[Params], Tensor | float]


def _from_the_errors(barrier: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    def wrong(a: Params, b: Params, error: Error, points: int = 11) -> Tensor:
        line = [between(a, b, i / (points - 1)) for i in range(points)]
        return barrier(torch.stack([torch.as_tensor(error(weights), dtype=torch.float64) for weights in line]))

    return wrong


for words, barrier in (
    (
        "this is the largest error on the line; subtract the mean of the errors at the two ends",
        lambda e: e.amax(0),
    ),
    (
        "it subtracts the better end; subtract the mean of both",
        lambda e: e.amax(0) - torch.minimum(e[0], e[-1]),
    ),
    (
        "it subtracts the worse end; subtract the mean of both",
        lambda e: e.amax(0) - torch.maximum(e[0], e[-1]),
    ),
    ("it subtracts the error of `a` alone; subtract the mean of both ends", lambda e: e.amax(0) - e[0]),
    ("it subtracts the error of `b` alone; subtract the mean of both ends", lambda e: e.amax(0) - e[-1]),
    (
        "it takes the mean over the line; the barrier is the highest point",
        lambda e: e.mean(0) - (e[0] + e[-1]) / 2,
    ),
    (
        "the sign is turned round: the hill less the ends, not the ends less it",
        lambda e: (e[0] + e[-1]) / 2 - e.amax(0),
    ),
    ("this is in percent; return it in the unit of `error`", lambda e: 100 * (e.amax(0) - (e[0] + e[-1]) / 2)),
    (
        "it subtracts the lowest point of the line; subtract the mean of the two ends",
        lambda e: e.amax(0) - e.amin(0),
    ),
    *(
        (
            "it looks for the highest point without the ends, or one of them; the ends are points of the line, too",
            lambda e, some=some: e[some].amax(0) - (e[0] + e[-1]) / 2,
        )
        for some in (slice(1, -1), slice(1, None), slice(-1))
    ),
    (
        "it measures each error from the straight line between the errors of the ends; subtract their mean everywhere",
        lambda e: (e - torch.stack([torch.lerp(e[0], e[-1], i / (len(e) - 1)) for i in range(len(e))])).amax(0),
    ),
    (
        "it subtracts the mean of the whole line; subtract the mean of its two ends",
        lambda e: e.amax(0) - e.mean(0),
    ),
    ("it subtracts the sum of the errors at the ends; subtract their mean", lambda e: e.amax(0) - (e[0] + e[-1])),
    *(
        ("the mean of the ends needs parentheses: (first + last) / 2, and all of it is subtracted", barrier)
        for barrier in (lambda e: e.amax(0) - e[0] + e[-1] / 2, lambda e: e.amax(0) - e[0] - e[-1] / 2)
    ),
    (
        "it takes the middle of the line; the highest point may be elsewhere",
        lambda e: e[len(e) // 2] - (e[0] + e[-1]) / 2,
    ),
    (
        "it takes the error that is furthest from the mean of the ends, above or below; take the largest error",
        lambda e: (e - (e[0] + e[-1]) / 2).abs().amax(0),
    ),
    (
        "it looks for the highest point without the ends, or one of them; the ends are points of the line, too",
        lambda e: torch.clamp((e[1:-1] if len(e) > 2 else e[:1]).amax(0) - (e[0] + e[-1]) / 2, min=0),
    ),
    (
        "it takes the lowest point of the line; the barrier is the highest",
        lambda e: e.amin(0) - (e[0] + e[-1]) / 2,
    ),
    (
        "it takes the highest point of all networks together; each network has its own",
        lambda e: e.max() - (e[0] + e[-1]) / 2,
    ),
    ("this is where the highest point is, not how high", lambda e: e.argmax(0)),
    ("it divides by the mean of the ends; subtract it alone", lambda e: e.amax(0) / ((e[0] + e[-1]) / 2)),
    ("it divides by the mean of the ends; subtract it alone", lambda e: e.amax(0) / ((e[0] + e[-1]) / 2) - 1),
    *(
        (
            "the barrier is right but rounded: return all its digits",
            lambda e, digits=digits: torch.round(e.amax(0) - (e[0] + e[-1]) / 2, decimals=digits),
        )
        for digits in (2, 3)
    ),
):
    mistake("error_barrier", words)(_from_the_errors(barrier))


@mistake("error_barrier", "it subtracts the error half-way; subtract the mean of the errors at the two ends")
def less_the_middle(a: Params, b: Params, error: Error, points: int = 11) -> Tensor:
    highest = _from_the_errors(lambda e: e.amax(0))(a, b, error, points)
    return highest - torch.as_tensor(error(between(a, b, 0.5)), dtype=torch.float64)


# rewind ------------------------------------------------------------------------------------------------------

Snapshots = Mapping[int, Params]


@mistake("rewind", "these are the masked trained weights, not those of the step that was asked for")
def keeps_the_trained_weights(snapshots: Snapshots, mask: Mask, step: int) -> Params:  # nni, pull request 2559
    return apply(mask, snapshots[max(snapshots)])


@mistake("rewind", "these are the masked initial weights, not those of the step that was asked for")
def always_resets(snapshots: Snapshots, mask: Mask, step: int) -> Params:
    return apply(mask, snapshots[0])


def _biases_of(which: Callable[[Snapshots], int]) -> Callable[[Snapshots, Mask, int], Params]:
    def wrong(snapshots: Snapshots, mask: Mask, step: int) -> Params:
        others = snapshots[which(snapshots)]
        return apply(mask, {n: p if n in mask else others[n] for n, p in snapshots[step].items()})

    return wrong


for which in (max, min):
    mistake("rewind", "the weights are right, but the biases are those of another step: they are rewound, too")(
        _biases_of(which)
    )


@mistake("rewind", "nothing is pruned: put zeros where the mask is False")
def prunes_nothing(snapshots: Snapshots, mask: Mask, step: int) -> Params:
    return snapshots[step]


for value, step_of in (("untrained", min), ("trained", max)):
    mistake("rewind", f"a pruned weight holds its {value} value; it must be zero")(
        lambda snapshots, mask, step, step_of=step_of: {
            n: torch.where(mask[n], p, snapshots[step_of(snapshots)][n]) if n in mask else p
            for n, p in snapshots[step].items()
        }
    )


@mistake(
    "rewind", "a neuron that keeps no weight loses its bias, too; biases have no mask, and are rewound all the same"
)
def drops_biases_of_empty_rows(snapshots: Snapshots, mask: Mask, step: int) -> Params:
    found = rewind(snapshots, mask, step)
    alive = {n.replace("weight", "bias"): m.any(1) for n, m in mask.items() if m.ndim > 1}
    return {n: torch.where(alive[n], p, 0.0) if n in alive else p for n, p in found.items()}


@mistake("rewind", "it keeps what the mask prunes and prunes what it keeps: True means kept")
def turned_round(snapshots: Snapshots, mask: Mask, step: int) -> Params:
    return rewind(snapshots, {n: ~kept for n, kept in mask.items()}, step)


@mistake("rewind", "the biases are zero: they have no mask, and are rewound like the weights")
def zeroes_the_biases(snapshots: Snapshots, mask: Mask, step: int) -> Params:
    return {n: p if n in mask else torch.zeros_like(p) for n, p in rewind(snapshots, mask, step).items()}


@mistake("rewind", "the kept weights are scaled; rewinding takes them as they were (the lesson scales later)")
def scales(snapshots: Snapshots, mask: Mask, step: int) -> Params:
    return match_norms(snapshots[step], mask, snapshots[step])


def saved_in_half_precision(dtype: torch.dtype, snapshots: Snapshots, mask: Mask, step: int) -> Params:
    return {n: p.to(dtype).float() for n, p in rewind(snapshots, mask, step).items()}


for dtype in (torch.float16, torch.bfloat16):
    mistake("rewind", "the weights went through half precision: keep all bits")(partial(saved_in_half_precision, dtype))


@mistake("rewind", "these are the signs of the weights, not the weights")
def takes_the_signs(snapshots: Snapshots, mask: Mask, step: int) -> Params:
    return {n: p.sign() if n in mask else p for n, p in rewind(snapshots, mask, step).items()}


# match_norms -------------------------------------------------------------------------------------------------

Factor = Callable[[Tensor, Tensor, Tensor], Tensor]  # (kept weights, mask, layer of `like`) -> what multiplies them


def _multiplied(factor: Factor) -> Callable[[Params, Mask, Params], Params]:
    def wrong(params: Params, mask: Mask, like: Params) -> Params:
        kept = apply(mask, params)
        return {n: p * factor(p, mask[n], like[n]).nan_to_num(0, 0, 0) if n in mask else p for n, p in kept.items()}

    return wrong


_FACTORS: tuple[tuple[str, Factor], ...] = (
    ("nothing is scaled: multiply each layer by the norm in `like` over its own", lambda p, m, like: torch.ones(())),
    (
        "the square root of the density gives back the norm of a random choice; these weights are none: measure it",
        lambda p, m, like: 1 / m.float().mean().sqrt(),
    ),
    ("it divides by the density; measure the norm of what is kept", lambda p, m, like: 1 / m.float().mean()),
    ("turned round: the norm in `like` is divided by the layer's own", lambda p, m, like: p.norm() / like.norm()),
    (
        "this is the ratio of the sums of squares; a norm is the square root of such a sum",
        lambda p, m, like: (like.norm() / p.norm()) ** 2,
    ),
    (
        "this is the ratio of the sums of absolute values; the Euclidean norm is the root of the sum of squares",
        lambda p, m, like: like.abs().sum() / p.abs().sum(),
    ),
    (
        "it takes the norm of the kept part of `like`; the goal is the norm of the whole layer",
        lambda p, m, like: like[m].norm() / p.norm(),
    ),
    (
        "it makes every layer's norm 1; the goal is the norm of the layer in `like`",
        lambda p, m, like: 1 / p.norm(),
    ),
    ("it multiplies by the norm in `like` and does not divide by the layer's own", lambda p, m, like: like.norm()),
    (
        "it compares single weights, by their root mean square; a layer with fewer weights needs larger ones",
        lambda p, m, like: like.square().mean().sqrt() / p[m].square().mean().sqrt(),
    ),
    (
        "it compares the standard deviations of kept weights; a layer with fewer weights needs larger ones",
        lambda p, m, like: like.std(correction=0) / p[m].std(correction=0),
    ),
    (
        "it compares the largest weights; compare the norms",
        lambda p, m, like: like.abs().max() / p.abs().max(),
    ),
    (
        "this is the spectral norm, the largest singular value; the norm of all weights is `w.norm()`",
        lambda p, m, like: torch.linalg.matrix_norm(like, 2) / torch.linalg.matrix_norm(p, 2),
    ),
    (
        "it scales each row alone, and changes the proportions within the layer; a layer has one factor",
        lambda p, m, like: like.norm(dim=-1, keepdim=True) / p.norm(dim=-1, keepdim=True),
    ),
)
for words, factor in _FACTORS:
    mistake("match_norms", words)(_multiplied(factor))


@mistake("match_norms", "it measures the norm before the mask; what is pruned no longer counts: mask first")
def measures_before_the_mask(params: Params, mask: Mask, like: Params) -> Params:
    return apply(mask, {n: p * (like[n].norm() / p.norm()) if n in mask else p for n, p in params.items()})


@mistake("match_norms", "nothing is pruned: put zeros where the mask is False")
def scales_and_prunes_nothing(params: Params, mask: Mask, like: Params) -> Params:
    return {n: p * (like[n].norm() / p.norm()) if n in mask else p for n, p in params.items()}


@mistake("match_norms", "one factor for all layers: each layer has its own")
def one_factor(params: Params, mask: Mask, like: Params) -> Params:
    kept = apply(mask, params)
    whole, own = (torch.cat([some[n].flatten() for n in mask]).norm() for some in (like, kept))
    return {n: p * (whole / own).nan_to_num(0, 0, 0) if n in mask else p for n, p in kept.items()}


@mistake("match_norms", "the biases are scaled as well; they have no mask, and stay as they are")
def scales_the_biases(params: Params, mask: Mask, like: Params) -> Params:
    found = match_norms(params, mask, like)
    return {n: p if n in mask else p * (like[n].norm() / p.norm()) for n, p in found.items()}


@mistake("match_norms", "these are the weights of `like` under the mask; scale those of `params`")
def takes_those_of_like(params: Params, mask: Mask, like: Params) -> Params:
    return apply(mask, {n: like[n] if n in mask else p for n, p in params.items()})
