"""Checks of lesson 06, supermasks. The references are the library's own functions."""

import math

import torch
from torch import Tensor

from lthedu.base.fingerprint import fingerprint
from lthedu.exercises.core import Attempt, Raised, Wrong, brief, exercise, same_tensors
from lthedu.masks import Mask, Params
from lthedu.supermasks.methods import bernoulli_mask, rescaled_by_count
from lthedu.supermasks.topk import keep_top, popup_mask

CLOSE = 1e-6

# 6.1 ---------------------------------------------------------------------------------------------------------


@exercise(
    popup_mask,
    "A mask that gradients pass through",
    minutes=20,
    level=3,
    hints=(
        "The mask jumps from 0 to 1 as a score passes another one. What is its derivative there, and elsewhere?",
        "Make the mask of exactly round(density * n) largest scores, as numbers 0 and 1. Then add something that is "
        "zero in value and has the derivative 1: `scores - scores.detach()`. In brackets: 1 + s - s is not "
        "always 1 on a computer.",
        "k = round(density * scores.numel())\nmask = torch.zeros_like(scores).flatten()\n"
        "order = scores.detach().flatten().argsort(descending=True, stable=True)\nmask[order[:k]] = 1\n"
        "return mask.view(scores.shape) + (scores - scores.detach())",
    ),
)
def check_popup_mask(attempt: Attempt) -> None:
    """Counts, ties, shapes; negative scores; values exactly 0 and 1; and the gradient of every score."""
    for shape, density in (((40,), 0.3), ((4,), 0.5), ((3, 5), 0.2), ((6, 4), 0.7), ((2, 3, 2), 0.25)):
        scores = torch.randn(shape, generator=attempt.rng) * 3
        _compare_popup(attempt, scores, density)
    _compare_popup(attempt, torch.tensor([1.0, 0.5, 0.5, 0.5, 0.2, 0.5]), 0.5)
    _compare_popup(attempt, torch.tensor([-5.0, -0.1, -3.0, -0.2]), 0.5)


def _compare_popup(attempt: Attempt, scores: Tensor, density: float) -> None:
    right = keep_top(scores[None], density)[0].to(scores.dtype)
    mask, grad, weight = _differentiable(attempt, scores, density)
    k, example = int(right.sum()), f"scores {brief(scores)}, density {density:g}: got {brief(mask)}"
    if not torch.equal(mask, right):
        off = (mask - right).abs().max().item()
        if off < 1e-3:
            raise Wrong(
                "nearly 0 and 1, but not exactly: 1 + s - s rounds; put the zero in brackets, (s - s.detach())", example
            )
        if not bool(((mask == 0) | (mask == 1)).all()):
            raise Wrong("a mask holds 0 and 1 alone, as numbers", example)
        raise Wrong(_which_popup(mask, scores, k, density), example)
    if grad is None:
        raise Wrong("no gradient comes through: the comparison has none; add (scores - scores.detach())")
    if torch.allclose(grad, weight, atol=CLOSE):
        return
    example = f"the mask's gradient is {brief(weight)}, the scores got {brief(grad)}"
    if torch.allclose(grad, weight * right, atol=CLOSE):
        raise Wrong("only kept weights get a gradient; then a pruned one never comes back: let all of it pass", example)
    if torch.allclose(grad, 2 * weight, atol=CLOSE):
        raise Wrong("the gradient comes twice", example)
    raise Wrong("the scores' gradient must be the mask's own, unchanged", example)


def _differentiable(attempt: Attempt, scores: Tensor, more: object) -> tuple[Tensor, Tensor | None, Tensor]:
    """The mask, the gradient that the scores get, and the mask's own gradient."""
    leaf = scores.clone().requires_grad_()
    weight = torch.linspace(-1, 2, scores.numel()).view(scores.shape)
    got = attempt.in_place(leaf, more)
    if not torch.equal(leaf.detach(), scores):
        raise Wrong("it changed its argument 'scores'; work on a copy")
    if not isinstance(got, Tensor):
        raise Wrong(f"it returned {brief(got)}; expected a tensor of numbers 0 and 1")
    if got.shape != scores.shape:
        raise Wrong(f"the mask has shape {tuple(got.shape)}; expected that of the scores, {tuple(scores.shape)}")
    if got.dtype != scores.dtype:
        raise Wrong(f"the mask has dtype {got.dtype}; gradients pass through numbers alone: make it {scores.dtype}")
    if bool(got.isnan().any()):
        raise Wrong("the mask holds NaN")
    grad = None
    if got.requires_grad:
        try:
            (got * weight).sum().backward()  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            raise Raised(error) from error
        grad = leaf.grad
    return got.detach(), grad, weight


def _which_popup(mask: Tensor, scores: Tensor, k: int, density: float) -> str:
    n, got = mask.numel(), int(mask.sum())
    if got == n - k and n - k != k:
        return f"it keeps {got} of {n}: density is the share that is kept, {k} here"
    if torch.equal(mask, keep_top(-scores[None], density)[0].to(mask)):
        return "it keeps the smallest scores"
    if torch.equal(mask, keep_top(scores.abs()[None], density)[0].to(mask)):
        return "it compares magnitudes: a score of -5 is small, its weight is not wanted"
    if torch.equal(mask, (scores > 0).to(mask)) or torch.equal(mask, (scores.sigmoid() > 0.5).to(mask)):
        return "it keeps the positive scores; the largest are to be kept, so many as `density` says"
    if got > k:
        return f"it keeps {got} of {n}, not round(density * n) = {k}: of equal scores keep only the first ones"
    if got != k:
        return f"it keeps {got} of {n}; round(density * n) is {k}"
    return "the count is right, but of equal scores the first ones are kept"


# 6.2 ---------------------------------------------------------------------------------------------------------


@exercise(
    bernoulli_mask,
    "A mask that is drawn",
    minutes=15,
    level=2,
    hints=(
        "A weight is kept with probability p. How do you draw that from uniform numbers?",
        "p = sigmoid(scores). Draw uniform numbers from `generator`; the mask is 1 where they are below p. Then add "
        "(p - p.detach()), which is zero and has p's derivative.",
        "p = scores.sigmoid()\ndrawn = (torch.rand(scores.shape, generator=generator) < p).to(scores.dtype)\n"
        "return drawn + (p - p.detach())",
    ),
)
def check_bernoulli_mask(attempt: Attempt) -> None:
    """Values, chances over many draws, the generator, independence, and the gradient p (1 - p)."""
    scores = torch.tensor([-30.0, -1.0, 0.0, 2.0, 30.0]).repeat_interleave(4000)
    mask, grad, weight = _drawn(attempt, scores, 1)
    if not bool(((mask == 0) | (mask == 1)).all()):
        exactly = bool((mask.round() - mask).abs().max() < 1e-3)
        words = "nearly 0 and 1, but not exactly: put the zero in brackets, (p - p.detach())"
        raise Wrong(words if exactly else "a mask holds 0 and 1 alone: draw them, do not use the chances as weights")
    middle = mask.view(5, -1)[2]
    if 0 < int((middle[1:] != middle[:-1]).sum()) < 1000:
        raise Wrong("one number decides for many weights: draw one for each weight")
    share, p = mask.view(5, -1).mean(1), scores.sigmoid().view(5, -1)[:, 0]
    example = f"scores -30, -1, 0, 2, 30: kept {brief(share)} of 4,000 each, chances {brief(p)}"
    if bool(((share - p).abs() > 5 * (p * (1 - p) / 4000).sqrt() + 1e-9).any()):
        if torch.allclose(share, 1 - p, atol=0.05):
            raise Wrong("turned round: it keeps where the uniform number is above the chance", example)
        if torch.equal(mask, (scores >= 0).to(mask)) or torch.equal(mask, (scores > 0).to(mask)):
            raise Wrong("nothing is drawn: it takes the likelier choice", example)
        raise Wrong("a weight is to be kept with probability sigmoid(score)", example)
    again, other = _drawn(attempt, scores, 1)[0], _drawn(attempt, scores, 2)[0]
    if not torch.equal(mask, again):
        raise Wrong("two calls with generators in the same state differ: draw from `generator`, not from torch's own")
    if torch.equal(mask, other):
        raise Wrong("two generators in different states give the same mask: draw from `generator`")
    if grad is None:
        raise Wrong("no gradient comes through: the comparison has none; add (p - p.detach())")
    chance = scores.sigmoid()
    slope = chance * (1 - chance)
    if not torch.allclose(grad, weight * slope, atol=1e-5):
        at = f"at score 0 the derivative is {float(grad[9000] / weight[9000]):.3g}, expected 0.25"
        if torch.allclose(grad, weight, atol=1e-5):
            raise Wrong("this passes the gradient on to the score; it belongs to the chance sigmoid(score)", at)
        if torch.allclose(grad, weight * slope * mask, atol=1e-5):
            raise Wrong("only kept weights get a gradient; let it pass for all of them", at)
        raise Wrong("the scores' gradient must be the mask's, times the derivative of the sigmoid, p (1 - p)", at)
    small = torch.tensor([[0.0, 1.0], [2.0, -1.0]])
    _drawn(attempt, small, 3)  # which asks for the shape of the scores


def _drawn(attempt: Attempt, scores: Tensor, seed: int) -> tuple[Tensor, Tensor | None, Tensor]:
    return _differentiable(attempt, scores, torch.Generator().manual_seed(seed))


# 6.3 ---------------------------------------------------------------------------------------------------------


@exercise(
    rescaled_by_count,
    "Weights that make up for the missing",
    minutes=10,
    level=2,
    hints=(
        "Half of a layer's weights are gone. What happens to the sums that it computes?",
        "For each layer and each of the R networks: n weights, of which the mask keeps some. Multiply the kept ones by "
        "n / kept, and put zeros elsewhere. Biases have no mask and stay. Where nothing is kept, everything is zero.",
        "out = {n: p.clone() for n, p in params.items()}\nfor n, m in mask.items():\n"
        "    kept = m.flatten(1).sum(1).clamp_min(1)\n    factor = m[0].numel() / kept\n"
        "    out[n] = torch.where(m, params[n], 0.0) * factor.view(-1, *[1] * (m.ndim - 1))\nreturn out",
    ),
)
def check_rescaled_by_count(attempt: Attempt) -> None:
    """Two networks with different counts, two layers, biases; a layer of which nothing is kept; a convolution."""
    params = {
        "layers.0.weight": torch.randn(2, 3, 4, generator=attempt.rng),
        "layers.0.bias": torch.randn(2, 3, generator=attempt.rng),
        "layers.1.weight": torch.randn(2, 2, 3, generator=attempt.rng),
    }
    mask = {n: torch.rand(p.shape, generator=attempt.rng) < 0.5 for n, p in params.items() if p.ndim > 2}
    for m in mask.values():
        m[0].flatten()[:2] = torch.tensor([True, False])
        m[1].flatten()[:3] = torch.tensor([True, True, False])
    mask["layers.0.weight"][0, 2] = False
    mask["layers.0.weight"][1, 2] = True
    _compare_rescaled(attempt, params, mask)
    _compare_rescaled(attempt, {"w": torch.ones(1, 2, 2)}, {"w": torch.zeros(1, 2, 2, dtype=torch.bool)})
    kernel = torch.randn(2, 2, 1, 3, 3, generator=attempt.rng)
    _compare_rescaled(attempt, {"k": kernel}, {"k": kernel > -0.3})


def _compare_rescaled(attempt: Attempt, params: Params, mask: Mask) -> None:
    right = rescaled_by_count(params, mask)
    got = attempt(params, mask)
    empty = not any(bool(m.any()) for m in mask.values())
    if (
        empty
        and isinstance(got, dict)
        and any(isinstance(t, Tensor) and not bool(t.isfinite().all()) for t in got.values())
    ):
        raise Wrong("where nothing is kept, it divides by 0; such a layer is zero")
    found = same_tensors(got, right, "the result")
    if all(torch.allclose(found[n], right[n], rtol=1e-5, atol=1e-7) for n in right):
        return
    name = next(n for n in right if not torch.allclose(found[n], right[n], rtol=1e-5, atol=1e-7))
    raise Wrong(
        _which_rescaled(found, params, mask, name), f"{name}: got {brief(found[name])}, expected {brief(right[name])}"
    )


def _which_rescaled(found: Params, params: Params, mask: Mask, name: str) -> str:
    if name not in mask:
        return f"{name!r} has no mask: it stays as it is"
    m, p, got = mask[name], params[name], found[name]
    masked = torch.where(m, p, 0.0)
    share = m.flatten(1).float().mean(1).clamp_min(1e-9).view(-1, *[1] * (m.ndim - 1))
    whole = sum(int(t.sum()) for t in mask.values()) / sum(t.numel() for t in mask.values())

    def is_(other: Tensor) -> bool:
        return torch.allclose(got, other, rtol=1e-5, atol=1e-7)

    known = [
        (is_(masked), "nothing is rescaled: multiply by n / kept"),
        (is_(p / share), "what the mask prunes must be zero"),
        (is_(masked * share), "turned round: a thinner layer needs larger weights, n / kept and not kept / n"),
        (is_(masked / share.sqrt()), "this keeps the variance (a square root, lesson 03); the factor here is n / kept"),
        (is_(masked / max(whole, 1e-9)), "one factor for all layers: each layer has its own count"),
        (is_(masked / m.float().mean()), "one factor for all networks: each of the R has its own count"),
    ]
    return next((words for holds, words in known if holds), "these are not the kept weights times n / kept")


# 6.4 ---------------------------------------------------------------------------------------------------------


@exercise(
    fingerprint,
    "No weight moved: prove it",
    minutes=10,
    level=2,
    hints=(
        "What would you have to change in a network so that a sum of all weights stays the same?",
        "Feed every parameter into one `hashlib.sha256`, in the order of the sorted names: first its name, type and "
        "shape as text, then the bytes of its values, `p.detach().cpu().contiguous().numpy().tobytes()`. Return the "
        "hexdigest.",
        "digest = hashlib.sha256()\nfor name in sorted(params):\n"
        "    p = params[name].detach().cpu().contiguous()\n"
        "    digest.update(repr((name, str(p.dtype), tuple(p.shape))).encode())\n"
        "    digest.update(p.numpy().tobytes())\nreturn digest.hexdigest()",
    ),
)
def check_fingerprint(attempt: Attempt) -> None:
    """Equal weights in another order of names; every small change; what a sum, a rounding or one layer would miss."""
    base = {"b": torch.tensor([0.5, -0.5]), "w": torch.randn(3, 4, generator=attempt.rng)}
    first = _text(attempt, base)
    if _text(attempt, base) != first:
        raise Wrong("the same weights get two fingerprints: it depends on more than the weights")
    if _text(attempt, dict(reversed(list(base.items())))) != first:
        raise Wrong("it depends on the order in which the names come; go through them sorted")
    tiny = base["w"].clone()
    tiny[2, 3] = torch.nextafter(tiny[2, 3], torch.tensor(math.inf))
    swapped = base["w"].clone()
    swapped[0, 0], swapped[1, 1] = base["w"][1, 1], base["w"][0, 0]
    exchanged = base["w"].flip(0)
    changes = [
        (
            "a weight moved by the smallest step that there is; hash the bytes, not rounded or printed numbers",
            {"w": tiny},
        ),
        ("two weights changed places; a sum, or any number that forgets the order, does not see it", {"w": swapped}),
        ("the rows came in another order", {"w": exchanged}),
        ("a bias changed", {"b": torch.tensor([0.5, -0.25])}),
        ("the signs of all weights changed", {"w": -base["w"]}),
        ("the same numbers have another shape", {"w": base["w"].reshape(4, 3)}),
        ("the same bytes are of another type", {"w": base["w"].view(torch.int32)}),
    ]
    for words, change in changes:
        if _text(attempt, base | change) == first:
            raise Wrong(f"it does not notice: {words}")
    if _text(attempt, {"b": base["b"], "v": base["w"]}) == first:
        raise Wrong("it does not notice: a layer has another name")
    if _text(attempt, {"b": base["w"], "w": base["b"]}) == first:
        raise Wrong("it does not notice: two layers changed places")


def _text(attempt: Attempt, params: Params) -> str:
    got = attempt(params)
    if not isinstance(got, str) or not got:
        raise Wrong(f"it returned {brief(got)}; expected the hexdigest, a text")
    return got
