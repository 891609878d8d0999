"""Wrong answers that are no common mistakes, and the words that are left for them."""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from lthedu import masks
from lthedu.exercises import exercises, find
from lthedu.exercises.core import Attempt, Raised, Wrong
from lthedu.supermasks import keep_top

NAN = float("nan")


def reference(number: str) -> Callable[..., Any]:
    return find(number).reference


def after(number: str, change: Callable[[Any], Any]) -> Callable[..., Any]:
    """The right answer, its result changed."""
    return lambda *args: change(reference(number)(*args))


# 2.1: (initial, full, train, prune, levels) -> the masks


def tickets(
    first: int = 0,
    more: int = 0,
    mask_of: Callable[[Any, Any], Any] = lambda now, full: now,
    prune_first: bool = False,
) -> Callable[..., Any]:
    def answer(initial: Any, full: Any, train: Any, prune: Any, levels: int) -> Any:
        mask, found = full, []
        if prune_first:
            prune(initial, full)
        for level in range(levels + 1 + more):
            used = mask_of(mask, full)
            trained = train(level + first, masks.apply(used, initial), used)
            found.append(mask)
            mask = prune(trained, mask)
        return found

    return answer


# 2.2: (mask, generator) -> a mask


def own_randomness(mask: Any, generator: Any) -> Any:
    rng = np.random.default_rng()
    return {n: m.flatten()[torch.from_numpy(rng.permutation(m.numel()))].view(m.shape) for n, m in mask.items()}


def likes_the_first(mask: Any, generator: Any) -> Any:
    found = reference("2.2")(mask, generator)
    if torch.rand(1, generator=generator) < 0.5 and "b.weight" in found:
        b = found["b.weight"].flatten()
        found["b.weight"] = torch.cat([b[b], b[~b]]).view(found["b.weight"].shape)
    return found


# 6.1 and 6.2: scores -> a mask that lets gradients through


def through(mask: Any, path: Any, times: float = 1) -> Any:
    return mask + times * (path - path.detach())


def popup(scores: Any, density: float) -> Any:
    return keep_top(scores.detach()[None], density)[0].to(scores.dtype)


def in_place(scores: Any, density: float) -> Any:
    scores.data.mul_(2)
    return through(popup(scores, density), scores)


def gone_back(scores: Any, density: float) -> Any:
    result = through(popup(scores, density), scores * scores)
    result.sum().backward()
    return result


def one_less(scores: Any, density: float) -> Any:
    mask = popup(scores, density).flatten()
    mask[mask.nonzero()[:1]] = 0
    return through(mask.view(scores.shape), scores)


def last_of_equals(scores: Any, density: float) -> Any:
    return through(popup(scores.flatten().flip(0), density).flip(0).view(scores.shape), scores)


def drawn(scores: Any, generator: Any, slope: float = 1) -> Any:
    return (torch.rand(scores.shape, generator=generator) < (slope * scores).sigmoid()).to(scores.dtype)


def only_kept(scores: Any, generator: Any) -> Any:
    mask = drawn(scores, generator)
    return mask + mask * (scores.sigmoid() - scores.sigmoid().detach())


# 6.4: parameters -> a text


def without_names(params: Any) -> str:
    found = hashlib.sha256()
    for name in sorted(params):
        p = params[name]
        found.update(repr((p.dtype, tuple(p.shape))).encode() + p.numpy().tobytes())
    return found.hexdigest()


def without_places(params: Any) -> str:
    parts = sorted(repr((p.dtype, tuple(p.shape))).encode() + p.numpy().tobytes() for p in params.values())
    return hashlib.sha256(b"".join([*parts, repr(sorted(params)).encode()])).hexdigest()


# 9.1 and 9.2


def second_best(incoming: Any, outgoing: Any, weight: float, *_: Any) -> Any:
    """Right for x > 0; for x < 0 another neuron of the group is kept, too, or none."""
    keep = reference("9.1")(incoming, outgoing, weight)
    mine = [j for j, a in enumerate(incoming) if a < 0]
    if mine:
        keep[mine[0]] = not keep[mine[0]]
    return keep


def next_column(second: Any, owner: Any, columns: int) -> Any:
    return reference("9.2")(second, np.where(owner < 0, owner, (owner + 1) % columns), columns)


def keeps_one_unused(second: Any, owner: Any, columns: int) -> Any:
    mask = reference("9.2")(second, owner, columns)
    unused = np.flatnonzero(~mask.any(1) & (owner >= 0))
    for neuron in (unused[:1], np.flatnonzero(mask.any(1))[-1:]):
        mask[neuron, owner[neuron]] ^= True
    return mask


CASES: list[tuple[str, Callable[..., Any], str]] = [
    ("2.1", lambda *args: [*tickets()(*args), args[1]], "it returned 3 masks; with levels=1 there are 2"),
    ("2.1", lambda *args: tickets()(*args)[::-1], "mask number 0 of the list is not the mask that level 0 trained"),
    ("2.1", tickets(first=1), "training number 0 was told that it is level 1; count the levels from 0"),
    ("2.1", tickets(more=1), "is the last one"),
    ("2.1", tickets(mask_of=lambda now, full: full), "level 1 does not train with the mask that prune returned last"),
    ("2.1", tickets(prune_first=True), "it prunes before anything was trained"),
    ("2.2", own_randomness, "the same generator gives different masks"),
    ("2.2", likes_the_first, "it prefers some places"),
    ("2.3", lambda a, b: (NAN, NAN), "it returned NaN"),
    ("2.3", lambda a, b: (reference("2.3")(a, b)[0] * 7, 0.5), "mean"),
    ("2.3", after("2.3", lambda r: (r[0], r[1] + 5e-4)), "the p-value is right but rounded"),
    ("2.3", after("2.3", lambda r: (r[0], r[1] + 1.7)), "the p-value is not that of a two-sided paired t-test"),
    ("2.4", lambda g, w, m: reference("2.4")(g, w, m) if g.numel() == 1 else 0 * g, "on a random 4 x 6 layer"),
    ("6.1", after("6.1", lambda m: 2 * m), "a mask holds 0 and 1 alone, as numbers"),
    ("6.1", lambda s, d: through(popup(s, d), s, 2), "the gradient comes twice"),
    ("6.1", lambda s, d: through(popup(s, d), s, 3), "the scores' gradient must be the mask's own, unchanged"),
    ("6.1", in_place, "it changed its argument 'scores'"),
    ("6.1", after("6.1", lambda m: m.double()), "the mask has dtype torch.float64"),
    ("6.1", after("6.1", lambda m: m * NAN), "the mask holds NaN"),
    ("6.1", gone_back, "backward through the graph a second time"),
    ("6.1", lambda s, d: through(popup(-s, d), s), "it keeps the smallest scores"),
    ("6.1", one_less, "it keeps 11 of 40; round(density * n) is 12"),
    ("6.1", last_of_equals, "the count is right, but of equal scores the first ones are kept"),
    ("6.2", lambda s, g: drawn(s, g, 2), "a weight is to be kept with probability sigmoid(score)"),
    ("6.2", lambda s, g: drawn(s, torch.Generator().manual_seed(0)), "two generators in different states"),
    ("6.2", drawn, "no gradient comes through"),
    ("6.2", only_kept, "only kept weights get a gradient"),
    ("6.2", lambda s, g: through(drawn(s, g), s.sigmoid(), 2), "times the derivative of the sigmoid"),
    ("6.3", after("6.3", lambda r: {n: t if t.ndim > 2 else t + 1 for n, t in r.items()}), "has no mask: it stays"),
    ("6.4", without_names, "it does not notice: a layer has another name"),
    ("6.4", without_places, "it does not notice: two layers changed places"),
    ("9.1", second_best, "for x < 0 the neurons that are kept are not the subset that comes nearest to w x"),
    ("9.2", lambda *args: [[True], [True, False]], "its rows differ in length"),
    ("9.2", after("9.2", lambda m: 2 * m.astype(int)), "a mask is True or False"),
    ("9.2", next_column, ", but belongs to "),
    ("9.2", keeps_one_unused, "used by an output, and keeps "),
    ("9.3", lambda layers, largest: ([*layers, layers[0]], 1.0), "its layers have the shapes"),
    ("9.3", after("9.3", lambda r: (r[0], NAN)), "it returned NaN or infinity"),
    ("9.3", after("9.3", lambda r: ([0 * r[0][0], *r[0][1:]], r[1])), "the first layer became zero"),
    (
        "9.3",
        after("9.3", lambda r: ([r[0][0] / 9, *r[0][1:]], r[1])),
        "the network computes something else than before",
    ),
]


@pytest.mark.parametrize(("number", "answer", "words"), CASES, ids=[f"{n}-{words[:40]}" for n, _, words in CASES])
def test_an_uncommon_mistake_is_told_what_it_is(number: str, answer: Callable[..., Any], words: str) -> None:
    for seed in range(3):
        with pytest.raises((Wrong, Raised)) as caught:
            find(number).check(Attempt(answer, seed))
        assert words in str(caught.value)


def of(name: str) -> str:
    """The number of the exercise whose answer has this name."""
    (number,) = [e.number for e in exercises() if e.reference.__name__ == name]
    return number


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("compare_logits", lambda r: (NAN, NAN), "it returned NaN"),
        ("compare_logits", lambda r: (r[0], 0.123), "the second number is not the largest difference of any logit"),
        ("error_bound", lambda r: r**2, "this is the square of the bound"),
    ],
)
def test_an_uncommon_result_is_told_what_it_is(name: str, change: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(Wrong) as caught:
        find(of(name)).check(Attempt(after(of(name), change)))
    assert words in str(caught.value)
