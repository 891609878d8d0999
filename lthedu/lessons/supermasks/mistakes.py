"""Mistakes that people really make in this lesson, and what they are told."""

import hashlib
from collections.abc import Callable

import torch
from torch import Tensor

from lthedu.exercises.core import mistake
from lthedu.networks.masks import Mask, Params
from lthedu.supermasks.methods import bernoulli_mask
from lthedu.supermasks.topk import keep_top

# popup_mask --------------------------------------------------------------------------------------------------


def _largest(scores: Tensor, density: float) -> Tensor:
    return keep_top(scores.detach()[None], density, scores.dtype)[0]


def _through(mask: Tensor, path: Tensor) -> Tensor:
    """The mask, with the gradient of `path`."""
    return mask + (path - path.detach())


@mistake("popup_mask", "it compares magnitudes: a score of -5 is small, its weight is not wanted")
def by_magnitude(scores: Tensor, density: float) -> Tensor:  # as the published MNIST example does
    return _through(_largest(scores.abs(), density), scores)


@mistake("popup_mask", "density is the share that is kept, not the one that is pruned")
def prunes_the_density(scores: Tensor, density: float) -> Tensor:
    return _through(_largest(scores, 1 - density), scores)


@mistake("popup_mask", "it keeps more than round(density * n): of equal scores keep only the first ones")
def by_threshold(scores: Tensor, density: float) -> Tensor:
    lowest = scores.detach()[_largest(scores, density) == 1].min()
    return _through((scores.detach() >= lowest).to(scores.dtype), scores)


@mistake("popup_mask", "it keeps the positive scores; the largest are to be kept, so many as `density` says")
def keeps_the_positive(scores: Tensor, density: float) -> Tensor:
    return _through((scores.detach() > 0).to(scores.dtype), scores)


@mistake("popup_mask", "it keeps the smallest scores")
def keeps_the_smallest(scores: Tensor, density: float) -> Tensor:
    return _through(_largest(-scores, density), scores)


@mistake("popup_mask", "no gradient comes through: the comparison has none; add (scores - scores.detach())")
def stops_the_gradient(scores: Tensor, density: float) -> Tensor:
    return _largest(scores, density)


@mistake("popup_mask", "only kept weights get a gradient; then a pruned one never comes back: let all of it pass")
def only_for_the_kept(scores: Tensor, density: float) -> Tensor:
    mask = _largest(scores, density)
    return _through(mask, mask * scores)


@mistake("popup_mask", "the gradient comes twice")
def twice(scores: Tensor, density: float) -> Tensor:
    return _through(_largest(scores, density), 2 * scores)


# bernoulli_mask ----------------------------------------------------------------------------------------------


def _drawn(scores: Tensor, generator: torch.Generator | None) -> Tensor:
    return torch.bernoulli(scores.detach().sigmoid(), generator=generator)


@mistake("bernoulli_mask", "turned round: it keeps where the uniform number is above the chance")
def keeps_above(scores: Tensor, generator: torch.Generator) -> Tensor:
    return _through(_drawn(-scores, generator), scores.sigmoid())


@mistake("bernoulli_mask", "nothing is drawn: it takes the likelier choice")
def rounds_the_chance(scores: Tensor, generator: torch.Generator) -> Tensor:
    return _through((scores.detach() >= 0).to(scores.dtype), scores.sigmoid())


@mistake("bernoulli_mask", "a mask holds 0 and 1 alone: draw them, do not use the chances as weights")
def returns_the_chances(scores: Tensor, generator: torch.Generator) -> Tensor:
    return scores.sigmoid()


@mistake("bernoulli_mask", "one number decides for many weights: draw one for each weight")
def one_number_for_four_hundred(scores: Tensor, generator: torch.Generator) -> Tensor:
    u = torch.rand(scores.numel() // 400 + 1, generator=generator).repeat_interleave(400)[: scores.numel()]
    return _through((u.view(scores.shape) < scores.detach().sigmoid()).to(scores.dtype), scores.sigmoid())


@mistake("bernoulli_mask", "one number decides for many weights: draw one for each weight")
def one_row_for_all(scores: Tensor, generator: torch.Generator) -> Tensor:
    u = torch.rand(scores.shape[1:], generator=generator)
    return _through((u < scores.detach().sigmoid()).to(scores.dtype), scores.sigmoid())


@mistake("bernoulli_mask", "it draws from torch's global random state: pass generator=generator to the random function")
def draws_from_torch(scores: Tensor, generator: torch.Generator) -> Tensor:
    return _through(_drawn(scores, None), scores.sigmoid())


@mistake("bernoulli_mask", "two generators in different states give the same mask: draw from `generator`")
def seeds_its_own(scores: Tensor, generator: torch.Generator) -> Tensor:
    return bernoulli_mask(scores, torch.Generator().manual_seed(42))


@mistake("bernoulli_mask", "it did not draw from `generator` itself but from a copy or another one of the same seed")
def draws_from_a_copy(scores: Tensor, generator: torch.Generator) -> Tensor:
    return bernoulli_mask(scores, generator.clone_state())


@mistake("bernoulli_mask", "no gradient comes through: the comparison has none; add (p - p.detach())")
def stops_the_gradient_of_the_chance(scores: Tensor, generator: torch.Generator) -> Tensor:
    return _drawn(scores, generator)


@mistake("bernoulli_mask", "this passes the gradient on to the score; it belongs to the chance sigmoid(score)")
def forgets_the_sigmoid(scores: Tensor, generator: torch.Generator) -> Tensor:
    return _through(_drawn(scores, generator), scores)


@mistake("bernoulli_mask", "only kept weights get a gradient; let it pass for all of them")
def only_for_those_drawn(scores: Tensor, generator: torch.Generator) -> Tensor:
    mask = _drawn(scores, generator)
    return _through(mask, mask * scores.sigmoid())


# rescaled_by_count -------------------------------------------------------------------------------------------

Factor = Callable[[Tensor, Mask], Tensor | float]  # (a layer's mask, the mask of all layers) -> what to multiply by


def _share(m: Tensor) -> Tensor:
    """What each network keeps of the layer, (R, 1, ...)."""
    return m.flatten(1).float().mean(1).clamp_min(1e-9).view(-1, *[1] * (m.ndim - 1))


def _whole(mask: Mask) -> float:
    return sum(int(m.sum()) for m in mask.values()) / sum(m.numel() for m in mask.values())


def _multiplied(factor: Factor) -> Callable[[Params, Mask], Params]:
    return lambda params, mask: {
        n: torch.where(mask[n], p, 0.0) * factor(mask[n], mask) if n in mask else p for n, p in params.items()
    }


_FACTORS: list[tuple[str, Factor]] = [
    ("nothing is rescaled: multiply by n / kept", lambda m, mask: 1.0),
    ("turned round: a thinner layer needs larger weights, n / kept and not kept / n", lambda m, mask: _share(m)),
    (
        "this keeps the variance (a square root, as for rewinding); the factor here is n / kept",
        lambda m, mask: 1 / _share(m).sqrt(),
    ),
    ("one factor for all layers: each layer has its own count", lambda m, mask: 1 / max(_whole(mask), 1e-9)),
    ("one factor for all networks: each of the R has its own count", lambda m, mask: 1 / m.float().mean()),
]
for _words, _factor in _FACTORS:
    mistake("rescaled_by_count", _words)(_multiplied(_factor))


@mistake("rescaled_by_count", "what the mask prunes must be zero")
def forgets_the_mask(params: Params, mask: Mask) -> Params:
    return {n: p / _share(mask[n]) if n in mask else p for n, p in params.items()}


# fingerprint -------------------------------------------------------------------------------------------------


def _hashed(*parts: object) -> str:
    return hashlib.sha256(b"".join(p if isinstance(p, bytes) else repr(p).encode() for p in parts)).hexdigest()


def _bytes(p: Tensor) -> bytes:
    return p.contiguous().numpy().tobytes()


def _kind(p: Tensor) -> tuple[str, tuple[int, ...]]:
    return str(p.dtype), tuple(p.shape)


@mistake("fingerprint", "the same weights get two fingerprints: it depends on more than the weights")
def by_identity(params: Params) -> str:
    return str([id(p) for p in params.values()])


@mistake("fingerprint", "it depends on the order in which the names come; go through them sorted")
def in_the_order_given(params: Params) -> str:
    return _hashed(*(part for n, p in params.items() for part in (n, _kind(p), _bytes(p))))


@mistake(
    "fingerprint",
    "it does not notice: a weight moved by the smallest step that there is; "
    "hash the bytes, not rounded or printed numbers",
)
def by_printing(params: Params) -> str:
    return _hashed([(n, _kind(p), str(p)) for n, p in sorted(params.items())])


@mistake(
    "fingerprint",
    "it does not notice: two weights changed places; a sum, or any number that forgets the order, does not see it",
)
def by_sorted_values(params: Params) -> str:
    return _hashed([(n, _kind(p), p.double().flatten().sort().values.tolist()) for n, p in sorted(params.items())])


@mistake("fingerprint", "it does not notice: a bias changed")
def matrices_alone(params: Params) -> str:
    return _hashed(*(part for n, p in sorted(params.items()) if p.ndim > 1 for part in (n, _kind(p), _bytes(p))))


@mistake("fingerprint", "it does not notice: the same numbers have another shape")
def bytes_alone(params: Params) -> str:
    return _hashed(*(part for n, p in sorted(params.items()) for part in (n, _bytes(p))))


@mistake("fingerprint", "it does not notice: the same bytes are of another type")
def without_types(params: Params) -> str:
    return _hashed(*(part for n, p in sorted(params.items()) for part in (n, tuple(p.shape), _bytes(p))))


@mistake("fingerprint", "it does not notice: a layer has another name")
def without_names(params: Params) -> str:
    return _hashed(*(part for _, p in sorted(params.items()) for part in (_kind(p), _bytes(p))))


@mistake("fingerprint", "it does not notice: two layers changed places")
def without_places(params: Params) -> str:
    return _hashed(sorted((_kind(p), _bytes(p)) for p in params.values()), sorted(params))
