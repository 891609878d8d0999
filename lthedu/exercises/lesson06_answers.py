"""Answers to lesson 06 that people really give: right ones written differently, and wrong ones by name.

No lesson imports this module; the tests hold every check against it.
"""

import hashlib
from typing import Any

import torch
from torch import Tensor

from lthedu.exercises.core import alternative, planted
from lthedu.masks import Mask, Params

# 6.1 ---------------------------------------------------------------------------------------------------------


def _largest(scores: Tensor, k: int) -> Tensor:
    mask = torch.zeros(scores.numel(), dtype=scores.dtype)
    mask[scores.detach().flatten().argsort(descending=True, stable=True)[:k]] = 1
    return mask.view(scores.shape)


class _TopK(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, scores: Tensor, density: float) -> Tensor:
        return _largest(scores, round(density * scores.numel()))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0], None


@alternative("6.1")
def by_autograd_function(scores: Tensor, density: float) -> Tensor:
    return _TopK.apply(scores, density)  # type: ignore[no-any-return, no-untyped-call]


@alternative("6.1")
def by_adding_a_zero(scores: Tensor, density: float) -> Tensor:
    zero = scores - scores.detach()
    return zero + _largest(scores, round(density * scores.numel()))


@planted("6.1", "put the zero in brackets")
def rounds(scores: Tensor, density: float) -> Tensor:
    return _largest(scores, round(density * scores.numel())) + scores - scores.detach()


@planted("6.1", "no gradient comes through")
def stops_the_gradient(scores: Tensor, density: float) -> Tensor:
    return _largest(scores, round(density * scores.numel()))


@planted("6.1", "only kept weights get a gradient")
def only_for_the_kept(scores: Tensor, density: float) -> Tensor:
    mask = _largest(scores, round(density * scores.numel()))
    return mask + mask * (scores - scores.detach())


@planted("6.1", "magnitudes")  # as the published MNIST example does
def by_magnitude(scores: Tensor, density: float) -> Tensor:
    return _largest(scores.abs(), round(density * scores.numel())) + (scores - scores.detach())


@planted("6.1", "density is the share that is kept")
def prunes_the_density(scores: Tensor, density: float) -> Tensor:
    n = scores.numel()
    return _largest(scores, n - round(density * n)) + (scores - scores.detach())


@planted("6.1", "of equal scores keep only the first")
def by_threshold(scores: Tensor, density: float) -> Tensor:
    k = round(density * scores.numel())
    threshold = scores.detach().flatten().sort(descending=True).values[k - 1]
    return (scores.detach() >= threshold).to(scores.dtype) + (scores - scores.detach())


@planted("6.1", "positive scores")
def keeps_the_positive(scores: Tensor, density: float) -> Tensor:
    return (scores.detach() > 0).to(scores.dtype) + (scores - scores.detach())


# 6.2 ---------------------------------------------------------------------------------------------------------


@alternative("6.2")
def by_torch_bernoulli(scores: Tensor, generator: torch.Generator) -> Tensor:
    p = torch.sigmoid(scores)
    return torch.bernoulli(p.detach(), generator=generator) + (p - p.detach())


@alternative("6.2")
def by_log_odds(scores: Tensor, generator: torch.Generator) -> Tensor:
    u = torch.rand(scores.shape, generator=generator)
    drawn = (u < 1 / (1 + torch.exp(-scores.detach()))).float()
    p = 1 / (1 + torch.exp(-scores))
    return (p - p.detach()) + drawn


@planted("6.2", "turned round")
def keeps_above(scores: Tensor, generator: torch.Generator) -> Tensor:
    p = scores.sigmoid()
    return (torch.rand(scores.shape, generator=generator) > p).to(p.dtype) + (p - p.detach())


@planted("6.2", "the likelier choice")
def rounds_the_chance(scores: Tensor, generator: torch.Generator) -> Tensor:
    p = scores.sigmoid()
    return (p.detach() >= 0.5).to(p.dtype) + (p - p.detach())


@planted("6.2", "do not use the chances as weights")
def returns_the_chances(scores: Tensor, generator: torch.Generator) -> Tensor:
    return scores.sigmoid()


@planted("6.2", "it belongs to the chance")
def forgets_the_sigmoid(scores: Tensor, generator: torch.Generator) -> Tensor:
    drawn = torch.bernoulli(scores.detach().sigmoid(), generator=generator)
    return drawn + (scores - scores.detach())


@planted("6.2", "not from torch's own")
def draws_from_torch(scores: Tensor, generator: torch.Generator) -> Tensor:
    p = scores.sigmoid()
    return torch.bernoulli(p.detach()) + (p - p.detach())


@planted("6.2", "one for each weight")
def one_number_for_four_hundred(scores: Tensor, generator: torch.Generator) -> Tensor:
    p = scores.sigmoid()
    u = torch.rand(scores.numel() // 400 + 1, generator=generator).repeat_interleave(400)[: scores.numel()]
    return (u.view(scores.shape) < p.detach()).to(p.dtype) + (p - p.detach())


# 6.3 ---------------------------------------------------------------------------------------------------------


@alternative("6.3")
def network_by_network(params: Params, mask: Mask) -> Params:
    out = {n: p.clone() for n, p in params.items()}
    for name, m in mask.items():
        for i in range(len(m)):
            kept = int(m[i].sum())
            out[name][i] = torch.where(m[i], params[name][i] * (m[i].numel() / kept if kept else 0), 0.0)
    return out


@alternative("6.3")
def by_mean(params: Params, mask: Mask) -> Params:
    def one(p: Tensor, m: Tensor) -> Tensor:
        share = m.double().mean(dim=tuple(range(1, m.ndim)), keepdim=True)
        return torch.where(m, p / share.clamp_min(1e-12).to(p.dtype), torch.zeros_like(p))

    return {n: one(p, mask[n]) if n in mask else p.clone() for n, p in params.items()}


def _with(params: Params, mask: Mask, factor: Any) -> Params:
    return {n: torch.where(mask[n], p, 0.0) * factor(mask[n]) if n in mask else p.clone() for n, p in params.items()}


def _share(m: Tensor) -> Tensor:
    return m.flatten(1).float().mean(1).clamp_min(1e-9).view(-1, *[1] * (m.ndim - 1))


@planted("6.3", "nothing is rescaled")
def masks_only(params: Params, mask: Mask) -> Params:
    return _with(params, mask, lambda m: 1.0)


@planted("6.3", "turned round")
def shrinks(params: Params, mask: Mask) -> Params:
    return _with(params, mask, _share)


@planted("6.3", "keeps the variance")
def by_root(params: Params, mask: Mask) -> Params:
    return _with(params, mask, lambda m: 1 / _share(m).sqrt())


@planted("6.3", "one factor for all networks")
def for_all_networks(params: Params, mask: Mask) -> Params:
    return _with(params, mask, lambda m: 1 / m.float().mean())


@planted("6.3", "one factor for all layers")
def for_all_layers(params: Params, mask: Mask) -> Params:
    whole = sum(int(m.sum()) for m in mask.values()) / sum(m.numel() for m in mask.values())
    return _with(params, mask, lambda m: 1 / max(whole, 1e-9))


@planted("6.3", "divides by 0")
def divides_by_zero(params: Params, mask: Mask) -> Params:
    return _with(params, mask, lambda m: 1 / m.flatten(1).float().mean(1).view(-1, *[1] * (m.ndim - 1)))


@planted("6.3", "must be zero")
def forgets_the_mask(params: Params, mask: Mask) -> Params:
    return {n: p / _share(mask[n]) if n in mask else p.clone() for n, p in params.items()}


# 6.4 ---------------------------------------------------------------------------------------------------------


@alternative("6.4")
def by_one_string(params: Params) -> str:
    parts = [f"{n}|{p.dtype}|{list(p.shape)}|{p.numpy().tobytes().hex()}" for n, p in sorted(params.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@alternative("6.4")
def by_digests(params: Params) -> str:
    digests = sorted(
        (n, str(p.dtype), str(p.shape), hashlib.blake2b(p.contiguous().numpy().tobytes()).hexdigest())
        for n, p in params.items()
    )
    return hashlib.sha256(repr(digests).encode()).hexdigest()


@planted("6.4", "two weights changed places")
def by_sum(params: Params) -> str:
    return repr(
        [
            (n, str(p.dtype), tuple(p.shape), p.double().flatten().sort().values.tolist())
            for n, p in sorted(params.items())
        ]
    )


@planted("6.4", "not rounded or printed numbers")
def by_printing(params: Params) -> str:
    text = repr([(n, str(p.dtype), tuple(p.shape), str(p)) for n, p in sorted(params.items())])
    return hashlib.sha256(text.encode()).hexdigest()


@planted("6.4", "go through them sorted")
def in_the_order_given(params: Params) -> str:
    digest = hashlib.sha256()
    for name, p in params.items():
        digest.update(f"{name} {p.dtype} {p.shape}".encode() + p.numpy().tobytes())
    return digest.hexdigest()


@planted("6.4", "another shape")
def bytes_alone(params: Params) -> str:
    digest = hashlib.sha256()
    for name in sorted(params):
        digest.update(name.encode() + params[name].contiguous().numpy().tobytes())
    return digest.hexdigest()


@planted("6.4", "a bias changed")
def matrices_alone(params: Params) -> str:
    digest = hashlib.sha256()
    for name, p in sorted(params.items()):
        if p.ndim > 1:
            digest.update(f"{name} {p.dtype} {p.shape}".encode() + p.contiguous().numpy().tobytes())
    return digest.hexdigest()


@planted("6.4", "two fingerprints")
def by_identity(params: Params) -> str:
    return str([id(p) for p in params.values()])
