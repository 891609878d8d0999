"""This lesson's exercises. The references are the library's own functions."""

import math
from typing import Any

import torch
from torch import Tensor

from lthedu.base.fingerprint import fingerprint
from lthedu.exercises import draws
from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, Raised, Wrong, exercise, same_tensors
from lthedu.exercises.values import brief, difference
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
        "Build the result as a sum of two tensors. Which one gives the values 0 and 1, and which one the gradient?",
        "Make the mask of exactly round(density * n) largest scores, as numbers 0 and 1. Then add something that is "
        "zero in value and has the derivative 1: `scores - scores.detach()`. In brackets: 1 + s - s is not "
        "always 1 on a computer.",
        "k = round(density * scores.numel())\nmask = torch.zeros(scores.numel(), dtype=scores.dtype)\n"
        "order = scores.detach().flatten().argsort(descending=True, stable=True)\nmask[order[:k]] = 1\n"
        "return mask.view(scores.shape) + (...)  # a zero that has the scores' gradient",
    ),
)
def check_popup_mask(attempt: Attempt) -> None:
    """Counts, ties, shapes; negative scores; values exactly 0 and 1; and the gradient of every score."""
    cases = [
        (torch.tensor([-5.0, -0.1, -3.0, -0.2]), 0.5),
        (torch.tensor([1.0, 0.5, 0.5, 0.5, 0.2, 0.5]), 0.5),
        (torch.tensor([[1.0, 0.5, 0.5], [0.5, 0.5, 0.2]]), 0.5),  # row by row the first of equal ones
        (torch.tensor([0.5, 0.5 + 1e-12, 0.25, 0.5 + 2e-12], dtype=torch.float64), 0.5),
    ]
    sizes = [((4,), 0.5), ((2, 3, 2), 0.25), ((3, 5), 0.2), ((6, 4), 0.7), ((40,), 0.3)]
    sizes += [((7,), 0.35), ((5,), 0.5), ((4,), 0.1), ((9,), 0.1), ((3, 2), 0.0), ((2, 4), 1.0)]  # 2.45 and 2.5 are 2
    for shape, density in sizes:
        cases.append((3 * torch.randn(shape, generator=attempt.rng), density))
    cases.append((-torch.rand(20, 20, generator=attempt.rng), 0.5))  # 1 - s + s rounds
    cases.append(((8 * torch.randn(256, 196, generator=attempt.rng)).round() / 8, 0.3))  # the lesson's size, with ties
    for scores, _ in cases:
        scores.requires_grad_()
    compare(
        attempt,
        cases,
        read=_differentiable,
        close=lambda got, right, *args: torch.equal(got[0], right[0]),
        show=lambda got, right, scores, density: (
            f"scores {brief(scores)}, density {density:g}: {difference(got[0], right[0])}"
        ),
        otherwise=_which_popup,
    )
    compare(
        attempt,
        cases,
        read=_differentiable,
        close=lambda got, right, *args: _same_gradient(got[1], right[1]),
        same=lambda got, mine, *args: torch.equal(got[0], mine[0]) and _same_gradient(got[1], mine[1]),
        show=lambda got, right, *args: (
            "" if got[1] is None else f"scores {brief(args[0])}, the scores' gradient: {difference(got[1], right[1])}"
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
        why = "so must it" if got.is_floating_point() else "gradients pass through numbers alone"
        raise Wrong(f"the mask has dtype {got.dtype}; the scores have {scores.dtype}, and {why}")
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
        return "nearly 0 and 1, but not exactly: the sum of the mask, s and -s is rounded on the way"
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
    minutes=10,
    level=1,
    hints=(
        "A weight is kept with probability p. How do you draw that from uniform numbers?",
        "p = sigmoid(scores). Draw uniform numbers from `generator`; the mask is 1 where they are below p. Then add "
        "(p - p.detach()), which is zero and has p's derivative.",
        "p = scores.sigmoid()\ndrawn = ...  # 1 where a number of torch.rand(scores.shape, generator=generator) is "
        "below p\nreturn drawn + (p - p.detach())",
    ),
)
def check_bernoulli_mask(attempt: Attempt) -> None:
    """Values, chances over many draws, the generator, independence, and the gradient p (1 - p)."""
    scores = SCORES.repeat_interleave(4000).view(120, 200).requires_grad_()  # drawn once: a loop takes its time
    few = SCORES.repeat_interleave(40).view(12, 20).requires_grad_()

    def of_many(generator: torch.Generator) -> Tensor:
        mask: Tensor = attempt(scores, generator)
        _differentiable(mask.detach() if isinstance(mask, Tensor) else mask, scores, generator)
        _check_numbers(mask.detach(), scores.detach())
        return mask.detach().view(6, 20, 200)

    def once(generator: torch.Generator, scores: Tensor = few) -> Drawn:
        mask, grad = _differentiable(attempt(scores, generator), attempt.given[0], generator)
        _check_numbers(mask, scores.detach())
        return mask, grad

    others = torch.randn(300, generator=attempt.rng).requires_grad_()  # at some of them 1 + p - p rounds
    draws.drawn(lambda generator: once(generator, others), 0)
    draws.drawn(lambda generator: once(generator, others.detach().double().requires_grad_()), 0)
    chances = SCORES.sigmoid()
    _check_chances(draws.drawn(of_many, 1), [draws.drawn(once, seed)[0].view(6, 2, 20) for seed in (2, 3, 4)])
    draws.not_seeded_anew(attempt, once)
    draws.decided(lambda generator: once(generator)[0], "mask")
    draws.moved_on(attempt, once)
    mask, grad = draws.drawn(once, 1)
    if grad is None or not bool(grad.any()):
        raise Wrong(NO_GRADIENT)
    mask = mask.view(6, 2, 20)
    _check_slopes((grad / _weights(few)).view_as(mask), mask, (chances * (1 - chances)).view(6, 1, 1))


SCORES = torch.tensor([-30.0, -1.0, 0.0, 0.5, 2.0, 30.0])
NO_GRADIENT = "no gradient comes through: a draw has none; add (p - p.detach())"


def _check_numbers(mask: Tensor, scores: Tensor) -> None:
    if bool(((mask == 0) | (mask == 1)).all()):
        return
    if bool((mask.clamp(0, 1).round() - mask).abs().max() < 1e-3):
        raise Wrong("nearly 0 and 1, but not exactly: put the zero in brackets, (p - p.detach())")
    if torch.allclose(mask, scores.sigmoid()):
        raise Wrong("a mask holds 0 and 1 alone: draw them, do not use the chances as weights")
    strange = mask[(mask != 0) & (mask != 1)]
    raise Wrong("a mask holds 0 and 1 alone", f"it holds {float(strange[0]):.4g}")


def _check_chances(drawn: Tensor, others: list[Tensor]) -> None:
    """Of each chance 20 rows of 200 draws in one mask, and fewer in others that other generators gave."""
    share, chances = drawn.mean((1, 2)), SCORES.sigmoid()
    if all(bool(((m == 0) | (m == 1)).all()) for m in (drawn.mean((1, 2)), *(m.mean((1, 2)) for m in others))):
        if any(not torch.equal(m.mean((1, 2)), share) for m in others):
            raise Wrong(ONE_FOR_MANY)
        if any(torch.equal(share, likelier.float()) for likelier in (chances > 0.5, chances >= 0.5)):
            raise Wrong("nothing is drawn: it takes the likelier choice", _shares_shown(share))
    if 0.1 < float(share[2]) < 0.9 and draws.one_for_many(drawn[2]):
        raise Wrong(ONE_FOR_MANY)
    if draws.as_often(share, chances, 4000):
        return
    for instead, words in (
        (1 - chances, "turned round: it keeps where the uniform number is above the chance"),
        (SCORES.clamp(0, 1), "it takes the score itself for the chance; the chance is sigmoid(score)"),
        (torch.full((6,), 0.5), "it keeps half of the weights, whatever their scores: the chance is sigmoid(score)"),
        ((2 * SCORES).sigmoid(), "this is sigmoid(2 * score), or (1 + tanh(score)) / 2; the chance is sigmoid(score)"),
        (SCORES.clamp(-1, 1).sigmoid(), "it cuts scores off at -1 and 1; the chance is sigmoid(score) for all of them"),
        (chances.sigmoid(), "it takes the sigmoid twice; the chance is sigmoid(score)"),
        (SCORES.tanh().clamp(0, 1), "tanh is not the sigmoid: it is negative for negative scores"),
        (torch.special.ndtr(chances), "it compares with normal numbers (randn); draw uniform ones, torch.rand"),
        (torch.special.ndtr(SCORES), "it compares with normal numbers (randn); draw uniform ones, torch.rand"),
    ):
        if draws.as_often(share, instead, 4000):
            raise Wrong(words, _shares_shown(share))
    raise Wrong("a weight is to be kept with probability sigmoid(score)", _shares_shown(share))


ONE_FOR_MANY = "one number decides for many weights: draw one for each weight"


def _shares_shown(share: Tensor) -> str:
    return "; ".join(
        f"score {s:g}: kept {k:.2f}, chance {p:.2f}" for s, k, p in zip(SCORES, share, SCORES.sigmoid(), strict=True)
    )


def _check_slopes(got: Tensor, drawn: Tensor, right: Tensor) -> None:
    if _same_slopes(got, right):
        return
    place = tuple((~torch.isclose(got, right.expand_as(got), atol=1e-5)).nonzero()[0].tolist())
    kept = "kept" if drawn[place] else "pruned"
    at = f"a {kept} weight of score {SCORES[place[0]]:g} got {float(got[place]):.3g} times the mask's gradient; "
    at += f"expected {float(right[place[0]]):.3g} times"
    if _same_slopes(got, torch.ones(())):
        raise Wrong("this passes the gradient on to the score; it belongs to the chance sigmoid(score)", at)
    if not bool(got[drawn == 0].any()):
        raise Wrong("only kept weights get a gradient; let it pass for all of them", at)
    p = SCORES.sigmoid().view(6, 1, 1)
    if _same_slopes(got, p):
        raise Wrong("the sigmoid's derivative is p (1 - p), not p", at)
    if any(_same_slopes(got, right * more) for more in (p, 1 - p, right)):
        raise Wrong("autograd applies the sigmoid's derivative p (1 - p) by itself: here is a factor too many", at)
    if _same_slopes(-got, right):
        raise Wrong("the gradient has the wrong sign: add (p - p.detach()), do not subtract it", at)
    raise Wrong("the scores' gradient must be the mask's, times the derivative of the sigmoid, p (1 - p)", at)


def _same_slopes(got: Tensor, right: Tensor) -> bool:
    return torch.allclose(got, right.expand_as(got), atol=1e-5)


@exercise(
    rescaled_by_count,
    "Weights that make up for the missing",
    minutes=10,
    level=2,
    hints=(
        "A dense layer's mask has three axes and a convolution's five. Which of them do you count along, if each "
        "network has a count of its own?",
        "For each layer and each of the R networks: n weights, of which the mask keeps some. Multiply the kept ones by "
        "n / kept, and put zeros elsewhere. Biases have no mask and stay. Where nothing is kept, everything is zero.",
        "out = {n: p.clone() for n, p in params.items()}\nfor n, m in mask.items():\n"
        "    kept = m.flatten(1).sum(1).clamp_min(1)  # of each of the R networks\n    factor = ...\n"
        "    out[n] = torch.where(m, params[n], 0.0) * factor.view(-1, *[1] * (m.ndim - 1))\nreturn out",
    ),
)
def check_rescaled_by_count(attempt: Attempt) -> None:
    """Two networks with different counts, two layers, biases; a convolution; last a layer of which nothing is kept.

    Among the weights that are kept some are zero, and one case has the lesson's own size.
    """
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
    params["layers.0.weight"][:, 2] *= torch.tensor([1.0, 0.0, 1.0, 0.0])
    kernel = torch.randn(2, 2, 1, 3, 3, generator=attempt.rng)
    large = torch.randn(2, 256, 196, generator=attempt.rng)
    cases = [(params, mask), ({"k": kernel}, {"k": kernel > -0.3}), ({"w": large}, {"w": large > 1})]
    none, some = torch.zeros(1, 2, 2, dtype=torch.bool), torch.tensor([[[True, False], [True, True]]])
    empty = [({"w": torch.ones(1, 2, 2)}, {"w": none}), ({"w": torch.ones(2, 2, 2)}, {"w": torch.cat([some, none])})]
    for tried in (cases, [*cases, *empty]):  # what divides by the count fails in the last
        compare(
            attempt,
            tried,
            read=_rescaled,
            close=lambda got, right, *args: _first_other(got, right) is None,
            show=_rescaled_shown,
            otherwise=_which_rescaled,
        )


def _rescaled(result: object, params: Params, mask: Mask) -> Params:
    empty = any(not bool(m.flatten(1).any(1).all()) for m in mask.values())
    found = result.values() if isinstance(result, dict) and empty else ()
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
    return f"{name}: {difference(got[name], right[name])}"


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
        "    digest.update(...)  # what tells this layer from others: text, so .encode() it\n"
        "    digest.update(p.numpy().tobytes())\nreturn digest.hexdigest()",
    ),
)
def check_fingerprint(attempt: Attempt) -> None:
    """Equal weights in another order of names; every small change; what a sum, a rounding or one layer would miss."""
    w, b = torch.randn(3, 4, generator=attempt.rng), torch.tensor([0.5, -0.5])
    w[2, 3] = 0.0125  # rounding to six places keeps a step at a large weight, and loses it at a small one
    base = {"b": b, "w": w}
    first = _text(attempt, base)
    if _text(attempt, base) != first:
        raise Wrong("the same weights get two fingerprints: it depends on more than the weights")
    if _text(attempt, {"w": w, "b": b}) != first:
        raise Wrong("it depends on the order in which the names come; go through them sorted")
    _same_weights_same_text(attempt, base, first)
    other, tiny, swapped = w.clone(), w.clone(), w.clone()
    other[2, 3] += 1
    tiny[2, 3] = torch.nextafter(w[2, 3], torch.tensor(math.inf))
    swapped[0, 0], swapped[1, 1] = w[1, 1], w[0, 0]
    changes: list[tuple[str, Params]] = [
        ("a weight of the layer 'w' changed: feed in the values of every layer", base | {"w": other}),
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
        ("the same values are of another type", base | {"w": w.double()}),
        ("a layer has another name", {"b": b, "v": w}),
        ("two layers changed places", {"b": w, "w": b}),
    ]
    for words, changed in changes:
        if _text(attempt, changed) == first:
            raise Wrong(f"it does not notice: {words}")
    double = {"w": w.double()}
    if _text(attempt, double) == _text(attempt, {"w": double["w"] * (1 + 1e-12)}):
        raise Wrong("it does not notice: a weight of float64 moved by less than float32 holds; hash its own bytes")
    if _text(attempt, {"a": w, "bc": b}) == _text(attempt, {"ab": w, "c": b}):
        raise Wrong("it does not notice: two layers were renamed, and their names joined are as before")
    sparse = torch.tensor([[0.0, 1.0, 0.0], [2.0, 0.0, 0.0]])
    if _text(attempt, {"w": sparse}) == _text(attempt, {"w": sparse.roll(1)}):
        raise Wrong("it does not notice: weights and zeros changed places")
    large = torch.randn(256, 196, generator=attempt.rng)  # the lesson's own size
    first = _text(attempt, {"w": large})
    for where, row in (("the middle", 128), ("the last row", -1)):
        moved = large.clone()
        moved[row, 77] += 1
        if _text(attempt, {"w": moved}) == first:
            raise Wrong(f"it does not notice: in a large layer, of 256 rows, a weight in {where} changed")
    if len(first) < 22:  # 16 bytes in base64 are 22 characters
        raise Wrong(
            "so short a text may be the same for other weights, and Python's own `hash` changes with every start of "
            "Python: give the hexdigest of hashlib.sha256",
            f"it returned {brief(first)}",
        )


def _same_weights_same_text(attempt: Attempt, base: Params, first: str) -> None:
    part = torch.cat([base["w"], base["w"]])[:3]
    for where, w in (
        ("are a part of a larger tensor", part),
        ("lie in memory in another order", base["w"].T.contiguous().T),
    ):
        if _text(attempt, base | {"w": w}) != first:
            raise Wrong(f"the same weights get another fingerprint where they {where}: hash their values in order")


def _text(attempt: Attempt, params: Params) -> str:
    got = attempt(params)
    if not isinstance(got, str) or not got:
        raise Wrong(f"it returned {brief(got)}; expected the hexdigest, a text")
    return got
