"""Checks of lesson 05, zeros and signs. The references are the library's own functions."""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from lthedu.exercises.core import Attempt, Wrong, brief, exercise, same_tensors
from lthedu.masks import Mask, Params
from lthedu.stats import paired_test, sign_flip_test
from lthedu.supermasks.actions import reshuffled, zero_if_moved_to_zero
from lthedu.supermasks.criteria import four_scores

# 5.1 ---------------------------------------------------------------------------------------------------------


@exercise(
    four_scores,
    "Four criteria",
    minutes=15,
    level=1,
    hints=(
        "A weight goes from 1 to -3. How far did it move? By how much did its magnitude grow? Did it keep its sign?",
        "large_final is |f|, magnitude_increase |f| - |i|, movement |f - i|. large_final_same_sign is |f| where i and "
        "f have the same sign, and minus infinity elsewhere, so that such a weight is kept last of all.",
        'large = f.abs()\nreturn {"large_final": large, "magnitude_increase": large - i.abs(),\n'
        '        "movement": (f - i).abs(),\n'
        '        "large_final_same_sign": torch.where(i.sign() * f.sign() > 0, large, -torch.inf)}',
    ),
)
def check_four_scores(attempt: Attempt) -> None:
    """Every pair of signs, growing and shrinking; zeros; then layers of random weights, also very small ones."""
    values = [1.0, -1.0, 3.0, -3.0]
    pairs = torch.tensor(list(itertools.product(values, values)))
    _compare_scores(attempt, pairs[:, 0], pairs[:, 1])
    _compare_scores(attempt, torch.tensor([[0.0, 1.0, 0.0]]), torch.tensor([[1.0, 0.0, 0.0]]))
    for shape, scale in (((3, 5), 1.0), ((2, 3, 2), 1e-25)):
        i, f = (scale * torch.randn(shape, generator=attempt.rng) for _ in range(2))
        _compare_scores(attempt, i, f)


def _compare_scores(attempt: Attempt, i: Tensor, f: Tensor) -> None:
    right = four_scores(i, f)
    found = same_tensors(attempt(i, f), right, "the result")
    for name, score in right.items():
        if torch.equal(found[name], score) or torch.allclose(found[name], score, rtol=1e-6, atol=0):
            continue
        place = int((~torch.isclose(found[name], score, rtol=1e-6, atol=0)).flatten().nonzero()[0])
        wi, wf, got, good = (float(t.flatten()[place]) for t in (i, f, found[name], score))
        example = f"a weight that goes from {wi:g} to {wf:g}: got {got:g}, expected {good:g}"
        raise Wrong(f"{name}: {_which_score(name, found[name], i, f)}", example)


def _which_score(name: str, got: Tensor, i: Tensor, f: Tensor) -> str:
    same = i.sign() * f.sign() > 0

    def is_(other: Tensor) -> bool:
        return torch.allclose(got, other.to(got), rtol=1e-6, atol=0)

    known: dict[str, list[tuple[Tensor, str]]] = {
        "large_final": [
            (f, "this is the weight and not its magnitude: -3 is larger than 1 here"),
            (i.abs(), "this is the magnitude before training; final means after"),
        ],
        "magnitude_increase": [
            ((f - i).abs(), "this is movement: a weight from 1 to -1 moved by 2, and its magnitude grew by 0"),
            (f - i, "this is f - i: take the magnitudes first, then the difference"),
            ((f.abs() - i.abs()).abs(), "a magnitude that shrinks has a negative increase; do not take |…| of it"),
            (i.abs() - f.abs(), "the sign is turned round: after less before"),
        ],
        "movement": [
            (f.abs() - i.abs(), "this is magnitude_increase: a weight from 1 to -1 moved by 2"),
            ((f.abs() - i.abs()).abs(), "a weight from 1 to -1 moved by 2, though its magnitude stayed"),
            (f - i, "how far, whichever way: take the magnitude of the difference"),
            ((f - i) ** 2, "this is the square of the distance; it is |f - i|"),
        ],
        "large_final_same_sign": [
            (
                torch.where(same, f.abs(), 0.0),
                "0 is also the score of the smallest weight that kept its sign; use minus infinity where it changed",
            ),
            (
                torch.where(i.sign() == f.sign(), f.abs(), -torch.inf),
                "a weight that is zero before and after has no sign that it could have kept",
            ),
            (
                torch.where(i * f > 0, f.abs(), -torch.inf),
                "the product of two tiny weights is rounded to 0: multiply their signs",
            ),
            (
                torch.where(i * f >= 0, f.abs(), -torch.inf),
                "a weight that is zero before or after has no sign that it could have kept",
            ),
            (torch.where(same, -torch.inf, f.abs()), "it keeps those that changed their sign"),
            (f.abs(), "this is large_final: the signs play no part"),
            (torch.where(same, i.abs(), -torch.inf), "this is the magnitude before training; final means after"),
        ],
    }
    return next((words for other, words in known[name] if is_(other)), "this is not the score of its definition")


# 5.2 ---------------------------------------------------------------------------------------------------------


@exercise(
    reshuffled,
    "Shuffle the values, keep the signs",
    minutes=15,
    level=2,
    hints=(
        "Which values may a kept weight get: those of all weights of its layer, or those of the kept ones?",
        "For each layer: take the kept initial values `w[m]`, permute them with `torch.randperm(len, "
        "generator=generator)`, and put them back in their places with `masked_scatter`. With `signed`, each place "
        "keeps the sign it had and takes the magnitude alone. Pruned weights are zero; what has no mask is copied.",
        "out = {n: p.clone() for n, p in initial.items()}\nfor n, m in mask.items():\n    kept = initial[n][m]\n"
        "    new = kept[torch.randperm(len(kept), generator=generator)]\n"
        "    new = new.abs() * kept.sign() if signed else new\n"
        "    out[n] = torch.zeros_like(out[n]).masked_scatter(m, new)\nreturn out",
    ),
)
def check_reshuffled(attempt: Attempt) -> None:
    """What stays (values, signs, zeros, biases); that the generator decides, and every order comes up."""
    initial, mask = _layers(attempt)
    for signed in (False, True):
        # a call draws from a copy of the generator: the same state twice must give the same values
        first, again, other = (_shuffled(attempt, initial, mask, seed, signed) for seed in (1, 1, 2))
        if any(not torch.equal(first[n], again[n]) for n in first):
            raise Wrong(
                "two calls with generators in the same state differ: draw from `generator`, not from torch's own"
            )
        if all(torch.equal(first[n], other[n]) for n in mask):
            raise Wrong("two generators in different states give the same values: draw the order from `generator`")
    one = {"w": torch.tensor([[1.0, -2.0, 3.0, 9.0]])}
    keep = {"w": torch.tensor([[True, True, True, False]])}
    orders = {tuple(_shuffled(attempt, one, keep, seed, False)["w"][0, :3].tolist()) for seed in range(60)}
    if len(orders) < 6:
        raise Wrong(
            f"of the 6 orders of three kept values only {len(orders)} came up in 60 draws; all must be possible"
        )


def _shuffled(attempt: Attempt, initial: Params, mask: Mask, seed: int, signed: bool) -> Params:
    got = attempt(initial, mask, torch.Generator().manual_seed(seed), signed)
    found = same_tensors(got, initial, "the result")
    for n, p in initial.items():
        if n not in mask:
            if not torch.equal(found[n], p):
                raise Wrong(f"{n!r} has no mask and must stay as it is")
            continue
        m, new = mask[n], found[n]
        if torch.equal(new, p):
            raise Wrong("nothing happened: these are the initial values, pruned ones included")
        if bool((new[~m] != 0).any()):
            raise Wrong("pruned weights must be zero", f"{n}: {int((new[~m] != 0).sum())} of them are not")
        example = f"{n}: kept {brief(p[m])}, got {brief(new[m])}"
        if signed and bool((new[m].sign() != p[m].sign()).any()):
            raise Wrong("with `signed` every kept weight keeps the sign that it had itself", example)
        if not signed and torch.equal(new[m].sort().values, p[m].abs().sort().values):
            raise Wrong("without `signed` the values move with their signs; these are magnitudes", example)
        if not torch.equal(new[m].abs().sort().values, p[m].abs().sort().values):
            everywhere = bool(torch.isin(new[m].abs(), p.abs()).all())
            words = "these are values of the whole layer: kept weights exchange values among themselves alone"
            twice = len(set(new[m].tolist())) < len(set(p[m].tolist())) and bool(
                torch.isin(new[m].abs(), p[m].abs()).all()
            )
            raise Wrong(
                "some values came twice and others are lost: permute them, do not draw with replacement"
                if twice
                else words
                if everywhere
                else "the kept weights' values must be what they were, in another order",
                example,
            )
        if not signed and not torch.equal(new[m].sort().values, p[m].sort().values):
            raise Wrong("without `signed` the values move as they are, with their signs", example)
    return found


def _layers(attempt: Attempt) -> tuple[Params, Mask]:
    shapes = {"layers.0.weight": (6, 5), "layers.0.bias": (6,), "layers.1.weight": (4, 6), "layers.1.bias": (4,)}
    initial = {n: torch.randn(s, generator=attempt.rng) for n, s in shapes.items()}
    mask = {n: torch.rand(s, generator=attempt.rng) < 0.4 for n, s in shapes.items() if len(s) > 1}
    for m in mask.values():
        m[0, :3], m[-1, -1] = True, False
    return initial, mask


# 5.3 ---------------------------------------------------------------------------------------------------------


@exercise(
    zero_if_moved_to_zero,
    "What should a pruned weight be?",
    minutes=10,
    level=2,
    hints=(
        "Zero is a value like any other. Which pruned weights was training driving towards it?",
        "Of the pruned weights, those whose magnitude training made *smaller* become zero; the others keep "
        "their initial value, and will be held there. Where the mask keeps, return zero: they are trained.",
        "return {n: torch.where(~m & (final[n].abs() >= initial[n].abs()), initial[n], 0.0)\n"
        "        for n, m in mask.items()}",
    ),
)
def check_zero_if_moved_to_zero(attempt: Attempt) -> None:
    """Every case by hand: grew, shrank, changed its sign, did not move; then layers of random weights."""
    initial = {"w": torch.tensor([[2.0, 2.0, 2.0, 2.0, -2.0, -2.0, 5.0]])}
    final = {"w": torch.tensor([[3.0, 1.0, -3.0, 2.0, -1.0, 1.0, 1.0]])}
    mask = {"w": torch.tensor([[False, False, False, False, False, False, True]])}
    _compare_held(attempt, initial, final, mask)
    initial, mask = _layers(attempt)
    final = {n: p + torch.randn(p.shape, generator=attempt.rng) for n, p in initial.items()}
    _compare_held(attempt, initial, final, mask)


def _compare_held(attempt: Attempt, initial: Params, final: Params, mask: Mask) -> None:
    right = zero_if_moved_to_zero(initial, final, mask)
    got = attempt(initial, final, mask)
    if isinstance(got, dict) and set(got) == set(initial) != set(mask):
        raise Wrong("it gives biases, too; held are the masked layers' weights alone")
    found = same_tensors(got, right, "the result")
    for n, m in mask.items():
        i, f, g = initial[n], final[n], found[n]
        if torch.equal(g, right[n]):
            continue

        def is_(other: Tensor, g: Tensor = g, m: Tensor = m) -> bool:
            return torch.equal(g[~m], other[~m])

        shrank = f.abs() < i.abs()
        known = [
            (torch.equal(g[~m], right[n][~m]), "where the mask keeps, weights are trained: return zero there"),
            (is_(torch.where(shrank, i, 0.0)), "this is turned round: those that moved *toward* zero become zero"),
            (is_(torch.where((f - i).sign() * i.sign() < 0, 0.0, i)), "a weight from 2 to -3 moved past zero and away"),
            (is_(torch.where(shrank, 0.0, f)), "it holds the trained values; the others stay at their *initial* ones"),
            (is_(i), "this freezes all pruned weights; those that training made smaller become zero"),
            (is_(torch.zeros_like(i)), "this makes all pruned weights zero"),
            (is_(torch.where(f.abs() <= i.abs(), 0.0, i)), "a weight that did not move did not move toward zero"),
            (torch.equal(g, torch.where(m, right[n], 0.0)), "it holds what the mask keeps; True means kept"),
        ]
        words = next((w for holds, w in known if holds), "these are not the values to hold")
        places = (g != right[n]).flatten().nonzero()
        k = int(places[0])
        wi, wf, a, b = (float(t.flatten()[k]) for t in (i, f, g, right[n]))
        kept = "kept" if bool(m.flatten()[k]) else "pruned"
        raise Wrong(words, f"a {kept} weight from {wi:g} to {wf:g}: got {a:g}, expected {b:g}")


# 5.4 ---------------------------------------------------------------------------------------------------------


@exercise(
    sign_flip_test,
    "A test without a distribution",
    minutes=20,
    level=3,
    hints=(
        "If the two arms were the same thing under two names, what could have come out as well?",
        "With n pairs there are 2^n ways to swap the two of a pair, which flips the sign of its difference. p is the "
        "share of these ways, the one that happened among them, for which the mean difference is at least as far from "
        "zero as it is. Allow for rounding when you compare.",
        "d = [x - y for x, y in zip(a, b)]\nsums = [0.0]\nfor value in d:\n"
        "    sums = [s + value for s in sums] + [s - value for s in sums]\n"
        "as_far = sum(abs(s) >= abs(sum(d)) - 1e-9 * sum(map(abs, d)) for s in sums)\nreturn as_far / len(sums)",
    ),
)
def check_sign_flip_test(attempt: Attempt) -> None:
    """Small rows by hand, ties, zeros, no difference at all; then random rows, some of ten pairs."""
    cases = [
        ([0.1, 0.1, 0.8, 0.8, 0.8], [0.3, 0.6, 0.1, 0.1, 0.1]),  # sums that are equal, and differ by rounding
        ([0.8, 0.0, 0.3], [0.7, 0.1, 0.0]),  # so they do where `sum` itself does not round, from Python 3.12 on
        ([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0]),
        ([3.0, 1.0, 1.0, 1.0], [1.0, 2.0, 1.0, 0.0]),
        ([0.3, 0.1, 0.2], [0.2, 0.2, 0.1]),
        ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
        ([0.97, 0.96, 0.98], [0.95, 0.95, 0.95]),
        ([1.0, 2.0], [0.0, 0.0]),
    ]
    for n in (5, 8, 10):
        a, b = (torch.randn(n, generator=attempt.rng, dtype=torch.float64) for _ in range(2))
        cases.append(((a + 0.7).tolist(), b.tolist()))
    for a, b in cases:  # type: ignore[assignment]
        _compare_p(attempt(a, b), a, b)  # type: ignore[arg-type]


def _compare_p(got: object, a: Sequence[float], b: Sequence[float]) -> None:
    right = sign_flip_test(a, b)
    try:
        found = float(got)  # type: ignore[arg-type]
    except (TypeError, ValueError, RuntimeError):
        raise Wrong(f"it returned {brief(got)}; expected one number, the p-value") from None
    if math.isclose(found, right, rel_tol=1e-9, abs_tol=1e-12):
        return
    d = [x - y for x, y in zip(a, b, strict=True)]
    example = f"differences {brief(torch.tensor(d))}: got {found:.6g}, expected {right:.6g}"
    raise Wrong(_which_p(found, right, d), example)


def _which_p(found: float, right: float, d: Sequence[float]) -> str:
    n, total, size = len(d), sum(d), sum(map(abs, d))
    sums = [sum(s * x for s, x in zip(signs, d, strict=True)) for signs in itertools.product((1, -1), repeat=n)]
    close = 1e-9 * size

    def share(of: Sequence[bool]) -> float:
        return sum(of) / len(of)

    def is_(other: float) -> bool:
        return math.isclose(found, other, rel_tol=1e-9, abs_tol=1e-12)

    if not 0 <= found <= 1:
        return "a p-value is a share, from 0 to 1"
    known = [
        (
            is_(share([s >= abs(total) - close for s in sums])),
            "one-sided: count differences as far on the other side, too",
        ),
        (is_(share([s >= total - close for s in sums])), "one-sided: compare distances from zero"),
        (
            is_(share([abs(s) > abs(total) + close for s in sums])),
            "what happened is one of the ways: count *at least* as far",
        ),
        (is_(right - 1 / 2**n), "the way that happened counts, too: no exact p is below 2 / 2^n"),
        (is_(share([abs(s) >= abs(total) for s in sums])), "equal sums differ by rounding here; allow for it"),
        (is_(1 - right), "this is 1 - p: a large difference must have a small p"),
        (is_(2 * min(share([x > 0 for x in d]), share([x < 0 for x in d]))), "count the 2^n ways, not the seeds"),
        (
            size > 0 and is_(paired_test(d, [0.0] * n)[1]),
            "this is Student's t-test, which assumes a normal distribution",
        ),
        (is_(_sign_test(d)), "this is the sign test: it counts who won, and forgets by how much"),
        (is_(_unpaired(d)), "these are not the ways to swap within pairs"),
    ]
    return next((words for holds, words in known if holds), "this is not the share of the 2^n swaps that is as far")


def _sign_test(d: Sequence[float]) -> float:
    n, k = len(d), sum(x > 0 for x in d)
    tail = min(k, n - k)
    return float(min(1.0, 2.0 * sum(math.comb(n, i) for i in range(tail + 1)) / 2**n))


def _unpaired(d: Sequence[float]) -> float:
    """All ways with as many minus signs as there are negative differences."""
    n, k, total = len(d), sum(x < 0 for x in d), abs(sum(d))
    ways = [
        sum(-abs(x) if i in minus else abs(x) for i, x in enumerate(d)) for minus in itertools.combinations(range(n), k)
    ]
    return sum(abs(w) >= total - 1e-9 * sum(map(abs, d)) for w in ways) / len(ways)
