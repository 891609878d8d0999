"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

import hashlib
import io
from typing import Any

import torch
from answers import right, told
from torch import Tensor

from lthedu.networks.masks import Mask, Params
from lthedu.supermasks.methods import rescaled_by_count
from lthedu.supermasks.topk import popup_mask


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


# popup_mask -------------------------------------------------------------------------------------------------


@right("popup_mask")
def by_autograd_function(scores: Tensor, density: float) -> Tensor:
    return _TopK.apply(scores, density)  # type: ignore[no-any-return, no-untyped-call]


@right("popup_mask")
def by_adding_a_zero(scores: Tensor, density: float) -> Tensor:
    zero = scores - scores.detach()
    return zero + _largest(scores, round(density * scores.numel()))


# bernoulli_mask ---------------------------------------------------------------------------------------------


@right("bernoulli_mask")
def by_torch_bernoulli(scores: Tensor, generator: torch.Generator) -> Tensor:
    p = torch.sigmoid(scores)
    return torch.bernoulli(p.detach(), generator=generator) + (p - p.detach())


@right("bernoulli_mask")
def by_log_odds(scores: Tensor, generator: torch.Generator) -> Tensor:
    u = torch.rand(scores.shape, generator=generator)
    drawn = (u < 1 / (1 + torch.exp(-scores.detach()))).float()
    p = 1 / (1 + torch.exp(-scores))
    return (p - p.detach()) + drawn


# rescaled_by_count ------------------------------------------------------------------------------------------


@right("rescaled_by_count")
def network_by_network(params: Params, mask: Mask) -> Params:
    out = {n: p.clone() for n, p in params.items()}
    for name, m in mask.items():
        for i in range(len(m)):
            kept = int(m[i].sum())
            out[name][i] = torch.where(m[i], params[name][i] * (m[i].numel() / kept if kept else 0), 0.0)
    return out


@right("rescaled_by_count")
def by_mean(params: Params, mask: Mask) -> Params:
    def one(p: Tensor, m: Tensor) -> Tensor:
        share = m.double().mean(dim=tuple(range(1, m.ndim)), keepdim=True)
        return torch.where(m, p / share.clamp_min(1e-12).to(p.dtype), torch.zeros_like(p))

    return {n: one(p, mask[n]) if n in mask else p.clone() for n, p in params.items()}


@right("rescaled_by_count")
def with_a_little_more(params: Params, mask: Mask) -> Params:
    """A small number keeps the division from failing."""
    out = {**params}
    for name, m in mask.items():
        share = m.to(params[name].dtype).flatten(1).mean(1) + 1e-12
        out[name] = params[name] * m / share.view(-1, *[1] * (m.ndim - 1))
    return out


# fingerprint ------------------------------------------------------------------------------------------------


@right("fingerprint")
def by_one_string(params: Params) -> str:
    parts = [f"{n}|{p.dtype}|{list(p.shape)}|{p.numpy().tobytes().hex()}" for n, p in sorted(params.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@right("fingerprint")
def by_digests(params: Params) -> str:
    digests = sorted(
        (n, str(p.dtype), str(p.shape), hashlib.blake2b(p.contiguous().numpy().tobytes()).hexdigest())
        for n, p in params.items()
    )
    return hashlib.sha256(repr(digests).encode()).hexdigest()


# wrong ones


@told("fingerprint", "the same weights get another fingerprint where they")
def by_torch_save(params: Params) -> str:
    file = io.BytesIO()
    torch.save([(name, params[name]) for name in sorted(params)], file)
    return hashlib.md5(file.getvalue()).hexdigest()


def _through(mask: Tensor, path: Tensor, times: float = 1) -> Tensor:
    return mask + times * (path - path.detach())


@told("popup_mask", "nearly 0 and 1, but not exactly")
def rounds(scores: Tensor, density: float) -> Tensor:
    return _largest(scores, round(density * scores.numel())) + scores - scores.detach()


@told("popup_mask", "a mask holds 0 and 1 alone, as numbers")
def doubles(scores: Tensor, density: float) -> Tensor:
    return 2 * popup_mask(scores, density)


@told("popup_mask", "the scores' gradient must be the mask's own, unchanged")
def three_times(scores: Tensor, density: float) -> Tensor:
    return _through(popup_mask(scores, density).detach(), scores, 3)


@told("popup_mask", "it changed its argument 'scores'")
def in_place(scores: Tensor, density: float) -> Tensor:
    scores.data.mul_(2)
    return popup_mask(scores, density)


@told("popup_mask", "the mask has dtype torch.float64")
def in_double_precision(scores: Tensor, density: float) -> Tensor:
    return popup_mask(scores, density).double()


@told("popup_mask", "the mask holds NaN")
def not_a_number(scores: Tensor, density: float) -> Tensor:
    return popup_mask(scores, density) * float("nan")


@told("popup_mask", "expected that of the scores")
def flattens(scores: Tensor, density: float) -> Tensor:
    return popup_mask(scores, density)[None]


@told("popup_mask", "backward through the graph a second time")
def gone_back(scores: Tensor, density: float) -> Tensor:
    result = _through(popup_mask(scores, density).detach(), scores * scores)
    result.sum().backward()
    return result


@told("popup_mask", "; round(density * n) is ")
def one_less(scores: Tensor, density: float) -> Tensor:
    return _through(_largest(scores, max(round(density * scores.numel()) - 1, 0)), scores)


@told("popup_mask", "the count is right, but of equal scores the first ones are kept")
def whichever_topk_gives(scores: Tensor, density: float) -> Tensor:
    flat = scores.detach().flatten()
    mask = torch.zeros_like(flat)
    mask[flat.topk(round(density * len(flat))).indices] = 1
    return _through(mask.view(scores.shape), scores)


@told("popup_mask", "the count is right, but these are not the largest scores")
def in_float32(scores: Tensor, density: float) -> Tensor:
    mask = _largest(scores.detach().float(), round(density * scores.numel()))
    return _through(mask.to(scores.dtype), scores)


@told("popup_mask", "of 50176; round(density * n) is 15053")
def right_in_small_layers(scores: Tensor, density: float) -> Tensor:
    mask = _largest(scores, round(density * scores.numel()))
    return _through(mask.index_fill(0, torch.tensor(200), 0) if len(mask) > 200 else mask, scores)


@told("popup_mask", "the sum of the mask, s and -s is rounded on the way")
def rounds_in_the_other_order(scores: Tensor, density: float) -> Tensor:
    return scores + (_largest(scores, round(density * scores.numel())) - scores).detach()


@right("bernoulli_mask")
def one_after_the_other(scores: Tensor, generator: torch.Generator) -> Tensor:
    out = []
    for s in scores.reshape(-1):
        p = torch.sigmoid(s)
        bit = 1.0 if torch.rand((), generator=generator).item() < p.item() else 0.0
        out.append(bit + (p - p.item()))
    return torch.stack(out).reshape(scores.shape)


@told("bernoulli_mask", "the mask has dtype torch.float32; the scores have torch.float64, and so must it")
def drawn_in_float32(scores: Tensor, generator: torch.Generator) -> Tensor:
    p = scores.sigmoid().float()
    return _through(torch.bernoulli(p.detach(), generator=generator), p)


@told("bernoulli_mask", "this is sigmoid(2 * score)")
def steeper(scores: Tensor, generator: torch.Generator) -> Tensor:
    return _through(torch.bernoulli((2 * scores.detach()).sigmoid(), generator=generator), scores.sigmoid())


@told("bernoulli_mask", "put the zero in brackets")
def rounds_what_is_drawn(scores: Tensor, generator: torch.Generator) -> Tensor:
    p = scores.sigmoid()
    return torch.bernoulli(p.detach(), generator=generator) + p - p.detach()


@told("bernoulli_mask", "a mask holds 0 and 1 alone")
def signs(scores: Tensor, generator: torch.Generator) -> Tensor:
    p = scores.sigmoid()
    return _through((p - torch.rand(scores.shape, generator=generator)).sign().detach(), p)


@told("bernoulli_mask", "a weight is to be kept with probability sigmoid(score)")
def softmax_of_a_row(scores: Tensor, generator: torch.Generator) -> Tensor:
    return _through(torch.bernoulli(scores.detach().softmax(-1), generator=generator), scores.sigmoid())


@told("bernoulli_mask", "times the derivative of the sigmoid")
def twice(scores: Tensor, generator: torch.Generator) -> Tensor:
    p = scores.sigmoid()
    return _through(torch.bernoulli(p.detach(), generator=generator), p, 2)


@told("rescaled_by_count", "has no mask: it stays as it is")
def moves_biases(params: Params, mask: Mask) -> Params:
    return {n: p if n in mask else p + 1 for n, p in rescaled_by_count(params, mask).items()}


@told("rescaled_by_count", "it divides by 0")
def looks_for_layers_that_no_network_keeps(params: Params, mask: Mask) -> Params:
    """And not for one of which a single network keeps nothing."""

    def one(p: Tensor, m: Tensor) -> Tensor:
        return p * m / m.flatten(1).float().mean(1).view(-1, *[1] * (m.ndim - 1)) if m.any() else 0 * p

    return {n: one(p, mask[n]) if n in mask else p for n, p in params.items()}


@told("fingerprint", "so short a text may be the same for other weights")
def by_python_s_hash(params: Params) -> str:
    return str(hash(tuple((n, str(p.dtype), tuple(p.shape), p.numpy().tobytes()) for n, p in sorted(params.items()))))


@told("rescaled_by_count", "it divides by 0")
def divides_by_zero(params: Params, mask: Mask) -> Params:
    shares = {n: m.flatten(1).float().mean(1).view(-1, *[1] * (m.ndim - 1)) for n, m in mask.items()}
    return {n: p * mask[n] / shares[n] if n in mask else p for n, p in params.items()}
