"""This lesson's exercises. The references are the library's own functions."""

import math
from typing import Any

import torch
from torch import Tensor

from lthedu.base.fingerprint import fingerprint
from lthedu.exercises import draws
from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, Raised, Wrong, brief, exercise, same_tensors
from lthedu.networks.masks import Mask, Params
from lthedu.supermasks.methods import bernoulli_mask, rescaled_by_count
from lthedu.supermasks.topk import popup_mask

Drawn = tuple[Tensor, Tensor | None]  # a mask as numbers, and the gradient that its scores get; None where none comes


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
    cases = [(torch.tensor([-5.0, -0.1, -3.0, -0.2]), 0.5), (torch.tensor([1.0, 0.5, 0.5, 0.5, 0.2, 0.5]), 0.5)]
    for shape, density in (((4,), 0.5), ((2, 3, 2), 0.25), ((3, 5), 0.2), ((6, 4), 0.7), ((40,), 0.3)):
        cases.append((3 * torch.randn(shape, generator=attempt.rng), density))
    for scores, _ in cases:
        scores.requires_grad_()
    compare(
        attempt,
        cases,
        read=_differentiable,
        close=lambda got, right, *args: torch.equal(got[0], right[0]),
        show=lambda got, right, scores, density: (
            f"scores {brief(scores)}, density {density:g}: got {brief(got[0])}, which keeps {int(got[0].sum())}"
        ),
        otherwise=_which_popup,
    )
    compare(
        attempt,
        cases,
        read=_differentiable,
        close=lambda got, right, *args: _same_gradient(got[1], right[1]),
        show=lambda got, right, *args: (
            "" if got[1] is None else f"the mask's gradient is {brief(right[1])}, the scores got {brief(got[1])}"
        ),
        otherwise="the scores' gradient must be the mask's own, unchanged",
    )


def _differentiable(got: object, scores: Tensor, more: object) -> Drawn:
    """The mask, and what arrives at the scores of a gradient that is another one for each weight."""
    if not isinstance(got, Tensor):
        raise Wrong(f"it returned {brief(got)}; expected a tensor of numbers 0 and 1")
    if got.shape != scores.shape:
        raise Wrong(f"the mask has shape {tuple(got.shape)}; expected that of the scores, {tuple(scores.shape)}")
    if got.dtype != scores.dtype:
        raise Wrong(f"the mask has dtype {got.dtype}; gradients pass through numbers alone: make it {scores.dtype}")
    if bool(got.isnan().any()):
        raise Wrong("the mask holds NaN")
    if got.requires_grad:
        try:
            (got * _weights(scores)).sum().backward()  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            raise Raised(error) from error
    return got.detach(), scores.grad


def _weights(scores: Tensor) -> Tensor:
    return torch.linspace(-1, 2, scores.numel()).view(scores.shape)


def _same_gradient(a: Tensor | None, b: Tensor | None) -> bool:
    return a is b if a is None or b is None else torch.allclose(a, b, atol=1e-6)


def _which_popup(got: Drawn, right: Drawn, scores: Tensor, density: float) -> str:
    mask, (n, k, kept) = got[0], (scores.numel(), int(right[0].sum()), int(got[0].sum()))
    if float((mask - right[0]).abs().max()) < 1e-3:
        return "nearly 0 and 1, but not exactly: 1 + s - s rounds; put the zero in brackets, (s - s.detach())"
    if not bool(((mask == 0) | (mask == 1)).all()):
        return "a mask holds 0 and 1 alone, as numbers"
    if kept != k:
        return f"it keeps {kept} of {n}; round(density * n) is {k}"
    if torch.equal(scores[mask == 1].sort().values, scores[right[0] == 1].sort().values):
        return "the count is right, but of equal scores the first ones are kept"
    return "the count is right, but these are not the largest scores"


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
    values = torch.tensor([-30.0, -1.0, 0.0, 2.0, 30.0])
    scores = values.repeat_interleave(4000).view(100, 200).requires_grad_()

    def once(generator: torch.Generator, scores: Tensor = scores) -> Drawn:
        mask, grad = _differentiable(attempt(scores, generator), attempt.given[0], generator)
        _check_numbers(mask)
        return mask, grad

    others = torch.randn(300, generator=attempt.rng).requires_grad_()  # at some of them 1 + p - p rounds
    draws.drawn(lambda generator: once(generator, others), 0)
    mask, grad = draws.drawn(once, 1)
    chances, drawn = values.sigmoid(), mask.view(5, 20, 200)
    _check_chances(drawn, chances)
    draws.decided(lambda generator: once(generator)[0], "mask")
    draws.moved_on(attempt, once)
    if grad is None:
        raise Wrong("no gradient comes through: the comparison has none; add (p - p.detach())")
    _check_slopes((grad / _weights(scores)).view_as(drawn), drawn, (chances * (1 - chances)).view(5, 1, 1))


def _check_numbers(mask: Tensor) -> None:
    if not bool(((mask == 0) | (mask == 1)).all()):
        if bool((mask.round() - mask).abs().max() < 1e-3):
            raise Wrong("nearly 0 and 1, but not exactly: put the zero in brackets, (p - p.detach())")
        raise Wrong("a mask holds 0 and 1 alone: draw them, do not use the chances as weights")


def _check_chances(drawn: Tensor, chances: Tensor) -> None:
    """Of each chance 20 rows of 200 draws."""
    share, halves = drawn.mean((1, 2)), drawn[2]
    if 0 < float(share[2]) < 1 and draws.one_for_many(halves):
        raise Wrong("one number decides for many weights: draw one for each weight")
    if draws.as_often(share, chances, 4000):
        return
    example = f"scores -30, -1, 0, 2, 30: kept {brief(share)} of 4,000 each, chances {brief(chances)}"
    if torch.allclose(share, 1 - chances, atol=0.05):
        raise Wrong("turned round: it keeps where the uniform number is above the chance", example)
    if any(torch.equal(share, likelier.float()) for likelier in (chances > 0.5, chances >= 0.5)):
        raise Wrong("nothing is drawn: it takes the likelier choice", example)
    raise Wrong("a weight is to be kept with probability sigmoid(score)", example)


def _check_slopes(got: Tensor, drawn: Tensor, right: Tensor) -> None:
    if _same_slopes(got, right):
        return
    at = f"at score 0 the derivative is {float(got[2, 5, 0]):.3g}, expected 0.25"
    if _same_slopes(got, torch.ones(())):
        raise Wrong("this passes the gradient on to the score; it belongs to the chance sigmoid(score)", at)
    if _same_slopes(got, right * drawn):
        raise Wrong("only kept weights get a gradient; let it pass for all of them", at)
    raise Wrong("the scores' gradient must be the mask's, times the derivative of the sigmoid, p (1 - p)", at)


def _same_slopes(got: Tensor, right: Tensor) -> bool:
    return torch.allclose(got, right.expand_as(got), atol=1e-5)


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
    """Two networks with different counts, two layers, biases; a convolution; last a layer of which nothing is kept."""
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
    kernel = torch.randn(2, 2, 1, 3, 3, generator=attempt.rng)
    cases = [(params, mask), ({"k": kernel}, {"k": kernel > -0.3})]
    empty = ({"w": torch.ones(1, 2, 2)}, {"w": torch.zeros(1, 2, 2, dtype=torch.bool)})
    for tried in (cases, [*cases, empty]):  # what divides by the count fails in the last
        compare(
            attempt,
            tried,
            read=_rescaled,
            close=lambda got, right, *args: _first_other(got, right) is None,
            show=_rescaled_shown,
            otherwise=_which_rescaled,
        )


def _rescaled(result: object, params: Params, mask: Mask) -> Params:
    found = result.values() if isinstance(result, dict) and not any(bool(m.any()) for m in mask.values()) else ()
    if any(isinstance(t, Tensor) and not bool(t.isfinite().all()) for t in found):
        raise Wrong("where nothing is kept, it divides by 0; such a layer is zero")
    return same_tensors(result, params, "the result")


def _first_other(got: Params, right: Params) -> str | None:
    return next((n for n in right if not torch.allclose(got[n], right[n], rtol=1e-5, atol=1e-7)), None)


def _which_rescaled(got: Params, right: Params, params: Params, mask: Mask) -> str:
    name = _first_other(got, right)
    if name not in mask:
        return f"{name!r} has no mask: it stays as it is"
    return "these are not the kept weights times n / kept"


def _rescaled_shown(got: Params, right: Params, *args: Any) -> str:
    name = _first_other(got, right) or ""
    return f"{name}: got {brief(got[name])}, expected {brief(right[name])}"


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
    w, b = torch.randn(3, 4, generator=attempt.rng), torch.tensor([0.5, -0.5])
    base = {"b": b, "w": w}
    first = _text(attempt, base)
    if _text(attempt, base) != first:
        raise Wrong("the same weights get two fingerprints: it depends on more than the weights")
    if _text(attempt, {"w": w, "b": b}) != first:
        raise Wrong("it depends on the order in which the names come; go through them sorted")
    tiny, swapped = w.clone(), w.clone()
    tiny[2, 3] = torch.nextafter(tiny[2, 3], torch.tensor(math.inf))
    swapped[0, 0], swapped[1, 1] = w[1, 1], w[0, 0]
    changes: list[tuple[str, Params]] = [
        (
            "a weight moved by the smallest step that there is; hash the bytes, not rounded or printed numbers",
            base | {"w": tiny},
        ),
        (
            "two weights changed places; a sum, or any number that forgets the order, does not see it",
            base | {"w": swapped},
        ),
        ("the rows came in another order", base | {"w": w.flip(0)}),
        ("a bias changed", base | {"b": torch.tensor([0.5, -0.25])}),
        ("the signs of all weights changed", base | {"w": -w}),
        ("the same numbers have another shape", base | {"w": w.reshape(4, 3)}),
        ("the same bytes are of another type", base | {"w": w.view(torch.int32)}),
        ("a layer has another name", {"b": b, "v": w}),
        ("two layers changed places", {"b": w, "w": b}),
    ]
    for words, changed in changes:
        if _text(attempt, changed) == first:
            raise Wrong(f"it does not notice: {words}")


def _text(attempt: Attempt, params: Params) -> str:
    got = attempt(params)
    if not isinstance(got, str) or not got:
        raise Wrong(f"it returned {brief(got)}; expected the hexdigest, a text")
    return got
