"""Mistakes that people really make in this lesson, and what they are told."""

import functools
import hashlib
import math
from collections.abc import Callable

import torch
from torch import Tensor

from lthedu.exercises.core import mistake
from lthedu.exercises.draws import SEEDED_ANEW
from lthedu.networks.masks import Mask, Params
from lthedu.supermasks.methods import bernoulli_mask, rescaled_by_count
from lthedu.supermasks.topk import keep_top

# popup_mask --------------------------------------------------------------------------------------------------


def _largest(scores: Tensor, density: float) -> Tensor:
    return keep_top(scores.detach()[None], density, scores.dtype)[0]


def _through(mask: Tensor, path: Tensor) -> Tensor:
    """The mask, with the gradient of `path`."""
    return mask + (path - path.detach())


@mistake("popup_mask", "it compares magnitudes: a score of -5 is small, its weight is not wanted")
def by_magnitude(scores: Tensor, density: float) -> Tensor:  # as the authors' released code does
    return _through(_largest(scores.abs(), density), scores)


@mistake("popup_mask", "density is the share that is kept, not the one that is pruned")
def prunes_the_density(scores: Tensor, density: float) -> Tensor:
    return _through(_largest(scores, 1 - density), scores)


@mistake("popup_mask", "it keeps more than round(density * n): of equal scores keep only the first ones")
def by_threshold(scores: Tensor, density: float) -> Tensor:
    lowest = scores.detach()[_largest(scores, density) == 1].min()
    return _through((scores.detach() >= lowest).to(scores.dtype), scores)


@mistake("popup_mask", "it keeps more than round(density * n): of equal scores keep only the first ones")
def by_threshold_in_a_list(scores: Tensor, density: float) -> Tensor:
    falling = sorted(scores.flatten().tolist(), reverse=True)
    lowest = falling[round(density * len(falling)) - 1]
    return _through((scores.detach() >= lowest).to(scores.dtype), scores)


@mistake("popup_mask", "it keeps the positive scores; the largest are to be kept, so many as `density` says")
def keeps_the_positive(scores: Tensor, density: float) -> Tensor:
    return _through((scores.detach() > 0).to(scores.dtype), scores)


@mistake("popup_mask", "it keeps the smallest scores")
def keeps_the_smallest(scores: Tensor, density: float) -> Tensor:
    return _through(_largest(-scores, density), scores)


@mistake("popup_mask", "no gradient comes through: a comparison has none")
def stops_the_gradient(scores: Tensor, density: float) -> Tensor:
    return _largest(scores, density)


@mistake("popup_mask", "only kept weights get a gradient; then a pruned one never comes back: let all of it pass")
def only_for_the_kept(scores: Tensor, density: float) -> Tensor:
    mask = _largest(scores, density)
    return _through(mask, mask * scores)


_PATHS: list[tuple[str, Callable[[Tensor], Tensor]]] = [
    ("the gradient comes twice", lambda s: 2 * s),
    ("the gradient has the wrong sign", lambda s: -s),
    ("the gradient goes through a sigmoid; the scores get the mask's own", torch.sigmoid),
    ("the gradient goes through abs; the scores get the mask's own", torch.abs),
    ("scores below 0 get no gradient; the scores get the mask's own, whatever their signs", torch.relu),
    ("all scores get the same gradient; each gets that of its own place in the mask", torch.sum),
    ("all scores get the same gradient; each gets that of its own place in the mask", torch.mean),
]
for _words, _path in _PATHS:
    mistake("popup_mask", _words)(lambda scores, density, path=_path: _through(_largest(scores, density), path(scores)))


@mistake("popup_mask", "only pruned weights get a gradient: let all of it pass")
def only_for_the_pruned(scores: Tensor, density: float) -> Tensor:
    mask = _largest(scores, density)
    return _through(mask, (1 - mask) * scores)


def _first_of_the_order(scores: Tensor, k: int) -> Tensor:
    order = scores.detach().flatten().argsort(descending=True, stable=True)
    return torch.zeros(scores.numel(), dtype=scores.dtype).index_fill(0, order[:k], 1).view(scores.shape)


_COUNTS: list[tuple[str, Callable[[float], int]]] = [
    ("it rounds density * n down: it is to be round(density * n)", math.floor),
    ("it rounds density * n up: it is to be round(density * n)", math.ceil),
    ("it rounds halves up: it is to be Python's round(density * n), by which 2.5 is 2", lambda x: math.floor(x + 0.5)),
    ("it keeps at least one; round(density * n) may be 0", lambda x: max(round(x), 1)),
]
for _words, _count in _COUNTS:
    mistake("popup_mask", _words)(
        lambda scores, density, count=_count: _through(
            _first_of_the_order(scores, count(density * scores.numel())), scores
        )
    )


@mistake("popup_mask", "it keeps half, whatever `density` says")
def always_half(scores: Tensor, density: float) -> Tensor:
    return _through(_largest(scores, 0.5), scores)


@mistake("popup_mask", "it keeps a share of each row; `density` is the share of the whole layer")
def row_by_row(scores: Tensor, density: float) -> Tensor:
    return _through(keep_top(scores.detach().view(-1, scores.shape[-1]), density, scores.dtype).view_as(scores), scores)


@mistake("popup_mask", "the ones stand at the first places; put them where the largest scores stand")
def at_the_first_places(scores: Tensor, density: float) -> Tensor:
    return _through(_largest(-torch.arange(scores.numel(), dtype=scores.dtype), density).view(scores.shape), scores)


@mistake("popup_mask", "it gives the kept scores; a mask holds 1 where a score is kept")
def the_kept_scores(scores: Tensor, density: float) -> Tensor:
    return _largest(scores, density) * scores


@mistake("popup_mask", "of equal scores it keeps the last ones; keep the first, row by row")
def last_of_equals(scores: Tensor, density: float) -> Tensor:
    return _through(_largest(scores.detach().flatten().flip(0), density).flip(0).view(scores.shape), scores)


@mistake("popup_mask", "of equal scores it keeps the first ones column by column; go row by row")
def column_by_column(scores: Tensor, density: float) -> Tensor:
    return _through(
        _largest(scores.mT.contiguous(), density).mT if scores.ndim > 1 else _largest(scores, density), scores
    )


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


@mistake("bernoulli_mask", "one number decides for many weights: draw one for each weight")
def one_number_for_all(scores: Tensor, generator: torch.Generator) -> Tensor:
    u = torch.rand((), generator=generator)
    return _through((u < scores.detach().sigmoid()).to(scores.dtype), scores.sigmoid())


_CHANCES: list[tuple[str, Callable[[Tensor], Tensor]]] = [
    ("it takes the score itself for the chance; the chance is sigmoid(score)", lambda s: s),
    ("it keeps half of the weights, whatever their scores: the chance is sigmoid(score)", lambda s: 0 * s + 0.5),
    ("it takes the sigmoid twice; the chance is sigmoid(score)", lambda s: s.sigmoid().sigmoid()),
    (
        "this is sigmoid(2 * score), or (1 + tanh(score)) / 2; the chance is sigmoid(score)",
        lambda s: (1 + s.tanh()) / 2,
    ),
    (
        "it cuts scores off at -1 and 1; the chance is sigmoid(score) for all of them",
        lambda s: s.clamp(-1, 1).sigmoid(),
    ),
    ("tanh is not the sigmoid: it is negative for negative scores", torch.tanh),
    ("it compares with normal numbers (randn); draw uniform ones, torch.rand", lambda s: torch.special.ndtr(s)),
    (
        "it compares with normal numbers (randn); draw uniform ones, torch.rand",
        lambda s: torch.special.ndtr(s.sigmoid()),
    ),
]
for _words, _chance in _CHANCES:
    mistake("bernoulli_mask", _words)(
        lambda scores, generator, chance=_chance: _through(
            torch.bernoulli(chance(scores.detach()).clamp(0, 1), generator=generator), scores.sigmoid()
        )
    )


@mistake("bernoulli_mask", "it draws from torch's global random state: pass generator=generator to the random function")
def draws_from_torch(scores: Tensor, generator: torch.Generator) -> Tensor:
    return _through(_drawn(scores, None), scores.sigmoid())


@mistake("bernoulli_mask", "two generators in different states give the same mask: draw from `generator`")
def seeds_its_own(scores: Tensor, generator: torch.Generator) -> Tensor:
    return bernoulli_mask(scores, torch.Generator().manual_seed(42))


@mistake("bernoulli_mask", "it did not draw from `generator` itself but from a copy or another one of the same seed")
def draws_from_a_copy(scores: Tensor, generator: torch.Generator) -> Tensor:
    return bernoulli_mask(scores, generator.clone_state())


@mistake("bernoulli_mask", SEEDED_ANEW)
def seeds_it_anew(scores: Tensor, generator: torch.Generator) -> Tensor:
    return bernoulli_mask(scores, generator.manual_seed(generator.initial_seed()))


@mistake("bernoulli_mask", SEEDED_ANEW)
def seeds_it_with_a_constant(scores: Tensor, generator: torch.Generator) -> Tensor:
    return bernoulli_mask(scores, generator.manual_seed(42))


def _times_more(more: Callable[[Tensor], Tensor], scores: Tensor, generator: torch.Generator) -> Tensor:
    p = scores.sigmoid()
    return _through(_drawn(scores, generator), p * more(p.detach()))


def _with_path(path: Callable[[Tensor], Tensor]) -> Callable[[Tensor, torch.Generator], Tensor]:
    return lambda scores, generator: _through(_drawn(scores, generator), path(scores))


mistake("bernoulli_mask", "the sigmoid's derivative is p (1 - p), not p")(
    _with_path(lambda s: s * s.detach().sigmoid())
)
_MORE: list[Callable[[Tensor], Tensor]] = [lambda p: p * (1 - p), lambda p: 1 - p, lambda p: p]
for _more in _MORE:
    mistake(
        "bernoulli_mask",
        "autograd applies the sigmoid's derivative p (1 - p) by itself: here is a factor too many",
    )(functools.partial(_times_more, _more))


@mistake("bernoulli_mask", "no gradient comes through: a draw has none; add (p - p.detach())")
def stops_the_gradient_of_the_chance(scores: Tensor, generator: torch.Generator) -> Tensor:
    return _drawn(scores, generator)


@mistake("bernoulli_mask", "no gradient comes through: a draw has none; add (p - p.detach())")
def trusts_bernoulli_to_pass_it(scores: Tensor, generator: torch.Generator) -> Tensor:
    return torch.bernoulli(scores.sigmoid(), generator=generator)  # which gives zeros


@mistake("bernoulli_mask", "the gradient has the wrong sign: add (p - p.detach()), do not subtract it")
def subtracts_the_path(scores: Tensor, generator: torch.Generator) -> Tensor:
    return _through(_drawn(scores, generator), -scores.sigmoid())


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


def _of_all_layers(m: Tensor, mask: Mask) -> Tensor:
    """n / kept over the layers of each network."""
    one = torch.cat([other.flatten(1) for other in mask.values()], 1)
    return 1 / _share(one).view(-1, *[1] * (m.ndim - 1))


def _along(m: Tensor, axis: int) -> Tensor:
    return m.shape[axis] / m.sum(axis, keepdim=True).clamp_min(1)


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
    ("one factor for all layers: each layer has its own count", _of_all_layers),
    (
        "one factor for all networks: each of the R has its own count",
        lambda m, mask: 1 / m.float().mean().clamp_min(1e-9),
    ),
    ("one factor for all networks: each of the R has its own count", lambda m, mask: 1 / _share(m)[:1]),
    ("one factor for all networks: each of the R has its own count", lambda m, mask: 1 / _share(m)[-1:]),
    ("n is the number of one network's weights, not of all R together", lambda m, mask: len(m) / _share(m)),
    (
        "the kept weights of all R networks are counted together: each network has its own count",
        lambda m, mask: m[0].numel() / m.sum().clamp_min(1),
    ),
    ("it counts row by row: n and kept are those of the whole layer", lambda m, mask: _along(m, -1)),
    ("it counts column by column: n and kept are those of the whole layer", lambda m, mask: _along(m, 1)),
    ("it divides by what is pruned: the factor is n / kept", lambda m, mask: 1 / (1 - _share(m)).clamp_min(1e-9)),
    ("it multiplies by n / kept twice", lambda m, mask: 1 / _share(m) ** 2),
    ("n // kept is a whole number; divide by /", lambda m, mask: (1 / _share(m) + 1e-6).floor()),
    (
        "adding 1 to the count moves every factor; let an empty layer alone count as 1",
        lambda m, mask: m[0].numel() / (m.flatten(1).sum(1) + 1).view(-1, *[1] * (m.ndim - 1)),
    ),
]
for _words, _factor in _FACTORS:
    mistake("rescaled_by_count", _words)(_multiplied(_factor))


@mistake("rescaled_by_count", "what the mask prunes must be zero")
def forgets_the_mask(params: Params, mask: Mask) -> Params:
    return {n: p / _share(mask[n]) if n in mask else p for n, p in params.items()}


@mistake("rescaled_by_count", "the mask is turned round: True means kept")
def keeps_what_is_pruned(params: Params, mask: Mask) -> Params:
    return rescaled_by_count(params, {n: ~m for n, m in mask.items()})


@mistake("rescaled_by_count", "it counts weights that are not zero; a kept weight may be zero: count the mask")
def counts_what_is_not_zero(params: Params, mask: Mask) -> Params:
    return {n: p * mask[n] / _share((p != 0) & mask[n]) if n in mask else p for n, p in params.items()}


def _kept_up(p: Tensor, m: Tensor, size: Callable[[Tensor], Tensor]) -> Tensor:
    """The kept weights, with the size that all had; where their own is 0, nothing."""
    factor = size(p.flatten(1)) / size((p * m).flatten(1))
    return p * m * factor.nan_to_num(0, 0, 0).view(-1, *[1] * (m.ndim - 1))


_SIZES: list[Callable[[Tensor], Tensor]] = [
    lambda rows: rows.sum(1),
    lambda rows: rows.abs().sum(1),
    lambda rows: rows.norm(dim=1),
]
for _size in _SIZES:
    mistake("rescaled_by_count", "it looks at the weights' values; the factor is by count, n / kept")(
        lambda params, mask, size=_size: {n: _kept_up(p, mask[n], size) if n in mask else p for n, p in params.items()}
    )


@mistake("rescaled_by_count", "where a layer keeps nothing it is zero; here it stayed as it was")
def leaves_an_empty_layer(params: Params, mask: Mask) -> Params:
    full = {n: m | ~m.flatten(1).any(1).view(-1, *[1] * (m.ndim - 1)) for n, m in mask.items()}
    return rescaled_by_count(params, full)


for _place in (0, -1):

    @mistake("rescaled_by_count", "it rescales one layer only: each layer gets a factor of its own")
    def rescales_one_layer(params: Params, mask: Mask, place: int = _place) -> Params:
        one = [*mask][place]
        return {n: p * mask[n] / (_share(mask[n]) if n == one else 1) if n in mask else p for n, p in params.items()}


@mistake("rescaled_by_count", "it looks for 'weight' in the names; the layers to rescale are those that `mask` names")
def goes_by_names(params: Params, mask: Mask) -> Params:
    return rescaled_by_count(params, {n: m for n, m in mask.items() if "weight" in n})


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


@mistake("fingerprint", "it does not notice: a weight of the layer 'w' changed: feed in the values of every layer")
def names_and_shapes(params: Params) -> str:
    return _hashed([(n, _kind(p)) for n, p in sorted(params.items())])


@mistake("fingerprint", "it does not notice: in a large layer, of 256 rows, a weight in the middle changed")
def the_first_thousand(params: Params) -> str:
    return _hashed([(n, _kind(p), _bytes(p.flatten()[:1000])) for n, p in sorted(params.items())])


@mistake("fingerprint", "it does not notice: weights and zeros changed places")
def without_zeros(params: Params) -> str:
    return _hashed([(n, _kind(p), _bytes(p[p != 0])) for n, p in sorted(params.items())])


@mistake("fingerprint", "it does not notice: the same values are of another type")
def all_in_double_precision(params: Params) -> str:
    return _hashed([(n, tuple(p.shape), _bytes(p.double())) for n, p in sorted(params.items())])


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
