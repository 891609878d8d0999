"""Wrong answers that are no common mistakes, and the words that are left for them."""

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import torch
from scipy.stats import ttest_rel

from lthedu import masks
from lthedu.exercises import find
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


class OtherEachTime:
    """Right, but with a generator that it has seen before it turns one layer's mask by another place."""

    def __init__(self) -> None:
        self.seen: Counter[bytes] = Counter()

    def __call__(self, mask: Any, generator: Any) -> Any:
        state = generator.get_state().numpy().tobytes()
        found = reference("2.2")(mask, generator)
        last = list(found)[-1]
        found[last] = found[last].flatten().roll(self.seen[state]).view(found[last].shape)
        self.seen[state] += 1
        return found


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


# the other lessons


def ones_for_infinity(snapshots: Any, mask: Any, step: int) -> Any:
    found = reference("3.2")(snapshots, mask, step)
    wild = any(t.isinf().any() for t in snapshots[step].values())
    return {n: torch.ones_like(t) for n, t in found.items()} if wild else found


def half_for_equals(a: Any, b: Any) -> Any:
    same = (a.all() and b.all()) or not (a.any() or b.any())
    return 0.5 if same else reference("3.3")(a, b)


def minus_one_for_none(*args: Any) -> Any:
    found = reference("3.4")(*args)
    return -1 if found is None else found


def rolled(initial: Any, mask: Any, generator: Any, signed: bool = False) -> Any:
    found = {n: p.clone() for n, p in initial.items()}
    for n, m in mask.items():
        kept = initial[n][m]
        by = int(torch.randint(len(kept), (1,), generator=generator)) if len(kept) else 0
        size = kept.abs().roll(by) if signed else kept.roll(by)
        found[n][m] = size * kept.sign() if signed else size
        found[n][~m] = 0
    return found


def turned_signs(initial: Any, mask: Any, generator: Any, signed: bool = False) -> Any:
    found = reference("5.2")(initial, mask, generator, signed)
    return found if signed else {n: -t if n in mask else t for n, t in found.items()}


def biases_too(initial: Any, final: Any, mask: Any) -> Any:
    return {n: reference("5.3")(initial, final, mask).get(n, p) for n, p in initial.items()}


def first_differing_places(a: Any, b: Any, generator: Any) -> Any:
    """As many as each parent keeps, but of the places at which they differ the first is kept as good as always."""
    noise = torch.rand(a.shape, generator=generator)
    noise += 2.0 * (a & b) + ((a ^ b) & ((a ^ b).cumsum(-1) == 1)) - 2.0 * ~(a | b)
    return keep_top(noise, a.float().mean().item()).bool()


def own_generator(a: Any, b: Any, generator: Any) -> Any:
    return reference("7.2")(a, b, torch.Generator().manual_seed(71_234))


CASES: list[tuple[str, Callable[..., Any], str]] = [
    ("2.2", lambda mask, generator: generator, "a torch.Generator"),
    ("2.4", after("2.4", lambda g: g.to("meta")), "is on meta; expected it where the input is"),
    ("3.1", after("3.1", lambda b: 1.37 * b + 0.1), "this is not the largest error on the line less the mean"),
    ("3.2", ones_for_infinity, "a pruned weight must be exactly 0, whatever it was"),
    ("3.3", half_for_equals, "two full masks, or two empty ones, are equal: the distance is 0"),
    ("3.4", minus_one_for_none, "no mask has settled: return None, not -1"),
    ("5.2", rolled, "of the 6 orders of three kept values only 3 came up"),
    ("5.2", after("5.2", lambda r: {n: t + 1 if "bias" in n or n[0] == "b" else t for n, t in r.items()}), "no mask"),
    ("5.2", lambda initial, *_: masks.clone(initial), "nothing happened"),
    ("5.2", turned_signs, "without `signed` the values move as they are, with their signs"),
    ("5.3", biases_too, "it gives biases, too"),
    ("7.2", own_generator, "two generators in different states give the same children"),
    ("7.2", first_differing_places, "some places are kept more often than others"),
    ("7.2", lambda a, b, g: a & b, "the child keeps only what both keep"),
    ("2.1", lambda *args: [*tickets()(*args), args[1]], "it returned 3 masks; with levels=1 there are 2"),
    ("2.1", lambda *args: tickets()(*args)[::-1], "mask number 0 of the list is not the mask that level 0 trained"),
    ("2.1", tickets(first=1), "training number 0 was told that it is level 1; count the levels from 0"),
    ("2.1", tickets(more=1), "is the last one"),
    ("2.1", tickets(mask_of=lambda now, full: full), "level 1 does not train with the mask that prune returned last"),
    ("2.1", tickets(prune_first=True), "it prunes before anything was trained"),
    ("2.2", OtherEachTime(), "the same generator gives different masks"),
    ("2.2", likes_the_first, "it prefers some places"),
    ("2.3", lambda a, b: (NAN, NAN), "it returned NaN"),
    ("2.3", lambda a, b: tuple(ttest_rel(a, b)), "the first number is t; it should be the mean of the differences"),
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
]


@pytest.mark.parametrize(("number", "answer", "words"), CASES, ids=[f"{n}-{words[:40]}" for n, _, words in CASES])
def test_an_uncommon_mistake_is_told_what_it_is(number: str, answer: Callable[..., Any], words: str) -> None:
    for seed in range(3):
        with pytest.raises((Wrong, Raised)) as caught:
            find(number).check(Attempt(answer, seed))
        assert words in str(caught.value)
