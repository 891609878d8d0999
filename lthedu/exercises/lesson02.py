"""Checks of lesson 02, winning tickets. The references are the library's own functions."""

import math

import torch
from scipy import stats as scipy_stats
from torch import Tensor

from lthedu import masks
from lthedu.exercises.core import Attempt, Wrong, brief, exercise, same_tensor, same_tensors
from lthedu.masks import Mask, Params
from lthedu.pruning import magnitude, random_mask, select
from lthedu.stats import paired_test
from lthedu.tickets import find_tickets


@exercise(
    find_tickets,
    "The loop that finds tickets",
    minutes=15,
    level=2,
    hints=(
        "After a round of pruning, which weights does the next round start from: the trained ones, or others?",
        "Keep one variable, `mask`. A round is: start = the initial weights with the pruned ones at zero; train; "
        "remember the mask; prune the trained weights to get the next mask. Rounds 0 to `levels` all train.",
        "for level in range(levels + 1):\n    start = masks.apply(mask, initial)\n"
        "    trained = train(level, start, mask)\n    found.append(mask)\n    mask = prune(trained, mask)",
    ),
)
def check_find_tickets(attempt: Attempt) -> None:
    """The loop against a pretended training that remembers what it was given."""
    for levels in (1, 3, 0):
        _Rounds(attempt, levels).check()


class _Rounds:
    """A pretended training that writes down what the loop under test does with it."""

    def __init__(self, attempt: Attempt, levels: int) -> None:
        self.attempt, self.levels = attempt, levels
        shapes = {"a.weight": (2, 4), "a.bias": (2,), "b.weight": (2, 2)}
        self.initial = {n: torch.randn(s, generator=attempt.rng) for n, s in shapes.items()}
        self.full = masks.full(self.initial)
        self.masks = [self.full]  # what a right loop finds
        self.outcomes: list[Params] = []  # trained weights, level by level

    def check(self) -> None:
        found = self.attempt(self.initial, self.full, self.train, self.prune, self.levels)
        n = self.levels + 1
        if len(self.outcomes) != n:
            raise Wrong(
                f"it trained {len(self.outcomes)} times; with levels={self.levels} it must train {n} times: "
                "the dense level 0, then once after each pruning"
            )
        if not isinstance(found, list | tuple):
            raise Wrong(f"it returned {brief(found)}; expected the list of masks, the full one first")
        if len(found) != n:
            raise Wrong(f"it returned {len(found)} masks; with levels={self.levels} there are {n}, the full one too")
        for level, (got, expected) in enumerate(zip(found, self.masks, strict=False)):
            same_tensors(got, expected, f"mask number {level}")
            if any(not torch.equal(got[k], expected[k]) for k in expected):
                raise Wrong(
                    f"mask number {level} of the list is not the mask that level {level} trained with",
                    f"it keeps {sum(masks.counts(dict(got)).values())} weights, "
                    f"level {level} trained {sum(masks.counts(expected).values())}",
                )

    def train(self, level: int, start: Params, mask: Mask) -> Params:
        now = len(self.outcomes)
        if level != now:
            raise Wrong(f"training number {now} was told that it is level {level}; count the levels from 0")
        if now > self.levels:
            raise Wrong(f"it trains a level {now}, but levels={self.levels} is the last one")
        same_tensors(mask, self.full, "the mask given to `train`")
        same_tensors(start, self.initial, "the start given to `train`")
        if now < len(self.masks) and any(not torch.equal(mask[k], self.masks[now][k]) for k in mask):
            raise Wrong(f"level {now} does not train with the mask that prune returned last")
        self._check_start(now, start, mask)
        # far from the initial values, so that ranking the wrong weights shows
        trained = {n: torch.randn(p.shape, generator=self.attempt.rng) for n, p in start.items()}
        self.outcomes.append(masks.apply(mask, trained))
        return {n: p.clone() for n, p in self.outcomes[-1].items()}

    def _check_start(self, now: int, start: Params, mask: Mask) -> None:
        if _equal(start, masks.apply(mask, self.initial)):
            return
        if any(_equal(start, masks.apply(mask, w)) or _equal(start, w) for w in self.outcomes):
            raise Wrong(
                f"level {now} goes on from trained weights: that is fine-tuning. A ticket rewinds: it starts from "
                "`initial`, with the pruned weights at zero",
                _first_difference(start, masks.apply(mask, self.initial)),
            )
        alive = sum(int((start[k] != 0)[~mask[k]].sum()) for k in mask)
        if alive:
            raise Wrong(f"level {now} starts with {alive} pruned weights that are not zero: apply the mask")
        right = masks.apply(mask, self.initial)
        off = [n for n in start if not torch.equal(start[n], right[n])]
        if not set(off) & set(mask):
            raise Wrong(f"level {now}: {off[0]} has no mask, and must be rewound to `initial` all the same")
        raise Wrong(
            f"level {now} does not start from the initial weights; a new draw would be the control, not the ticket",
            _first_difference(start, masks.apply(mask, self.initial)),
        )

    def prune(self, trained: Params, mask: Mask) -> Mask:
        now = len(self.outcomes) - 1
        if now < 0:
            raise Wrong("it prunes before anything was trained: there is no magnitude to go by yet")
        same_tensors(trained, self.initial, "the weights given to `prune`")
        same_tensors(mask, self.full, "the mask given to `prune`")
        if not _equal(trained, self.outcomes[now]):
            which = "the initial weights" if _near_initial(trained, self.initial) else "other weights"
            raise Wrong(f"at level {now} prune got {which}; it must rank the weights that level {now} trained")
        if any(not torch.equal(mask[k], self.masks[now][k]) for k in mask):
            raise Wrong(
                f"at level {now} prune did not get the level's own mask: weights pruned earlier would come back",
                f"it got a mask that keeps {sum(masks.counts(mask).values())} weights, "
                f"level {now} has {sum(masks.counts(self.masks[now]).values())}",
            )
        smaller = select(magnitude(trained), 0.5, within=mask)
        if len(self.masks) == now + 1:
            self.masks.append(smaller)
        return {n: m.clone() for n, m in smaller.items()}


def _equal(a: Params, b: Params) -> bool:
    return all(torch.equal(a[name], b[name]) for name in b)


def _near_initial(weights: Params, initial: Params) -> bool:
    """Whether every weight is the initial one or zero."""
    return all(bool(((weights[n] == w) | (weights[n] == 0)).all()) for n, w in initial.items())


def _first_difference(got: Params, expected: Params) -> str:
    for name, e in expected.items():
        for index in (got[name] != e).nonzero().tolist():
            i = tuple(index)
            found, right = got[name][i].item(), e[i].item()
            return f"in the check's tiny network, {name}{index} starts at {found:.3f}, expected {right:.3f}"
    return ""  # pragma: no cover (where they do not differ, nobody asks)


@exercise(
    random_mask,
    "A random mask with the same layer counts",
    minutes=10,
    level=1,
    hints=(
        "If each weight is kept by the toss of a coin, how many weights does a layer keep: always the same number?",
        "Shuffle what is there: the same True and False values of a layer, in a random order, have the same count.",
        "for name, m in mask.items():\n    order = torch.randperm(m.numel(), generator=generator)\n"
        "    found[name] = m.flatten()[order].reshape(m.shape)",
    ),
)
def check_random_mask(attempt: Attempt) -> None:
    """Equal counts, all outcomes reached, all randomness from the generator."""
    some = torch.tensor([[True, True, False], [True, False, False]])
    ticket = {"a.weight": some, "b.weight": torch.tensor([[True, False], [False, False]]), "c.weight": some.clone()}
    draws = []
    for seed in range(400):
        global_state, generator = torch.get_rng_state(), torch.Generator().manual_seed(seed)
        got = same_tensors(attempt(ticket, generator), ticket, "the returned mask")
        if not torch.equal(global_state, torch.get_rng_state()):
            torch.set_rng_state(global_state)
            raise Wrong("it draws from torch's global random state: pass generator=generator to the random function")
        used = not torch.equal(attempt.given[1].get_state(), generator.get_state())
        draws.append((got, used))
    masks_drawn = [got for got, _ in draws]
    _same_counts(masks_drawn, ticket)
    _random_enough(masks_drawn, attempt, ticket)
    if not any(used for _, used in draws):
        raise Wrong("it did not draw from `generator` itself but from a copy or another one of the same seed")


def _same_counts(draws: list[Mask], ticket: Mask) -> None:
    want = masks.counts(ticket)
    have = [masks.counts(d) for d in draws]
    off = next((h for h in have if h != want), None)
    if off is None:
        return
    if all(sum(h.values()) == sum(want.values()) for h in have):
        words = "the weights wander between layers: the total is right, but each layer must keep its own count"
    else:
        words = "the number of weights kept changes from draw to draw; a coin toss gives it right only on average"
    raise Wrong(words, f"kept {off}, the ticket keeps {want}")


def _random_enough(draws: list[Mask], attempt: Attempt, ticket: Mask) -> None:
    seen = {tuple(d["a.weight"].flatten().tolist()) for d in draws}
    if len(seen) == 1:
        same = torch.equal(draws[0]["a.weight"], ticket["a.weight"])
        words = "it returns the ticket's own mask: nothing was shuffled" if same else "it returns one mask always"
        raise Wrong(words, f"400 generators, one mask: {brief(draws[0]['a.weight'])}")
    again = attempt(ticket, torch.Generator().manual_seed(0))
    if any(not torch.equal(again[k], draws[0][k]) for k in ticket):
        raise Wrong("the same generator gives different masks: every draw must come from `generator`")
    possible = math.comb(6, 3)  # 3 of 6 weights kept
    if len(seen) < possible:
        raise Wrong(
            f"it reaches only {len(seen)} of the {possible} masks that keep 3 of these 6 weights: whole rows or "
            "columns move together, or each keeps its own count; a random mask must have no structure",
            f"from {brief(ticket['a.weight'])}, for instance {brief(draws[1]['a.weight'])}",
        )
    if all(torch.equal(d["a.weight"], d["c.weight"]) for d in draws):
        raise Wrong("every layer gets the same shuffle: let the generator run on from layer to layer")
    kept = torch.stack([d["b.weight"].flatten() for d in draws]).float().mean(0)  # 1 of 4 kept: 0.25 each
    if bool((kept - 0.25).abs().max() > 0.11):  # 5 standard deviations of 400 draws
        raise Wrong("it prefers some places: every weight must be kept equally often", f"how often: {brief(kept)}")


@exercise(
    paired_test,
    "A paired test over seeds",
    minutes=10,
    level=2,
    hints=(
        "Both arms ran with the same five seeds. What does the difference within a seed no longer contain?",
        "Work with the differences d = a - b alone: their mean, divided by the standard error of that mean, is t; "
        "the two-sided p-value is the chance that Student's t with n - 1 degrees of freedom is at least as far out.",
        "d = np.asarray(a) - np.asarray(b)\nt = d.mean() / (d.std(ddof=1) / np.sqrt(len(d)))\n"
        "p = 2 * scipy.stats.t.sf(abs(t), len(d) - 1)",
    ),
)
def check_paired_test(attempt: Attempt) -> None:
    """The two numbers against SciPy's; a wrong p-value is recognised by what it is."""
    for n in (5, 9, 2):
        shared = torch.randn(n, generator=attempt.rng, dtype=torch.float64)
        own = torch.randn(2, n, generator=attempt.rng, dtype=torch.float64)
        a, b = (0.3 + shared + 0.2 * own[0]).tolist(), (shared + 0.2 * own[1]).tolist()
        _compare_test(attempt(a, b), a, b)
        _compare_test(attempt(b, a), b, a)  # the other sign


def _compare_test(got: object, a: list[float], b: list[float]) -> None:
    try:
        mean, p = (float(x) for x in got)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise Wrong(f"it returned {brief(got)}; expected two numbers: mean difference and p-value") from None
    right_mean, right_p = paired_test(a, b)
    example = (
        f"a = {_row(a)}, b = {_row(b)}: got {mean:.4f} and p = {p:.4f}, expected {right_mean:.4f} and {right_p:.4f}"
    )
    if math.isnan(mean) or math.isnan(p):
        raise Wrong("it returned NaN", example)
    if not math.isclose(mean, right_mean, abs_tol=CLOSE):
        raise Wrong(_which_mean(mean, a, b), example)
    if not math.isclose(p, right_p, abs_tol=CLOSE):
        raise Wrong(_which_test(p, a, b), example)


CLOSE = 1e-5  # what computing in float32 may cost


def _which_mean(mean: float, a: list[float], b: list[float]) -> str:
    """What a wrong first number most likely is."""
    right = paired_test(a, b)[0]
    if math.isclose(mean, -right, abs_tol=CLOSE):
        return "the sign is turned round or lost: the difference is a - b, and it may be negative"
    if math.isclose(mean, float(scipy_stats.ttest_rel(a, b).statistic), abs_tol=CLOSE):
        return "the first number is t; it should be the mean of the differences"
    if math.isclose(mean, right, abs_tol=1e-3):
        return "the first number is right but rounded: return all its digits"
    return "the first number is not the mean of the differences a - b"


def _row(values: list[float]) -> str:
    return "[" + ", ".join(f"{v:.3f}" for v in values) + "]"


def _which_test(p: float, a: list[float], b: list[float]) -> str:
    """What a wrong p-value most likely is."""
    d = torch.tensor(a, dtype=torch.float64) - torch.tensor(b, dtype=torch.float64)
    n, mean = len(d), float(d.mean())
    sd, biased = float(d.std()), float(d.std(correction=0))

    def tail(t: float, df: float) -> float:
        return float(scipy_stats.t.sf(abs(t), df))

    t = mean / (sd / math.sqrt(n))
    known = [
        (
            scipy_stats.ttest_ind(a, b).pvalue,
            "this is the unpaired test: it throws away that the seeds are shared",
        ),
        (
            scipy_stats.ttest_ind(a, b, equal_var=False).pvalue,
            "this is Welch's unpaired test; the seeds are shared",
        ),
        (tail(t, n - 1), "this is one-sided: a difference in either direction counts, so the tail counts twice"),
        (1 - tail(t, n - 1), "this is the other side of one tail; the two-sided p is twice the smaller tail"),
        (
            2 * tail(mean / (biased / math.sqrt(n)), n - 1),
            "the standard deviation divides by n; with n values use n - 1",
        ),
        (2 * tail(mean / sd, n - 1), "the standard error is missing: divide the standard deviation by sqrt(n)"),
        (2 * tail(mean / (sd / math.sqrt(n - 1)), n - 1), "divide the standard deviation by sqrt(n), not sqrt(n - 1)"),
        (2 * tail(t, n), "the degrees of freedom are n - 1, not n"),
        (2 * tail(t, 2 * n - 2), "the degrees of freedom are n - 1: the pairs count, not all values"),
        (
            2 * float(scipy_stats.t.sf(t, n - 1)),
            "for a negative t this is not p: take the tail of the absolute value of t",
        ),
        (2 * float(scipy_stats.norm.sf(abs(t))), "this is the normal's tail; with so few seeds it is Student's"),
        (t, "this is t itself; the p-value is how likely so large a t is"),
    ]
    for value, words in known:
        if math.isclose(p, float(value), abs_tol=CLOSE):
            return words
    if math.isclose(p, paired_test(a, b)[1], abs_tol=1e-3):
        return "the p-value is right but rounded: return all its digits"
    return "the p-value is not that of a two-sided paired t-test"


def freeze_pruned(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    """The gradient with every pruned weight's entry at zero, so that an update cannot move it.

    All three have the same shape; `mask` is bool, True = kept.

    >>> freeze_pruned(torch.tensor([5.0, 5.0]), torch.tensor([-1.0, 0.0]), torch.tensor([True, False]))
    tensor([5., 0.])
    """
    return torch.where(mask, grad, torch.zeros_like(grad))


def as_published(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    """What exercise 2.4 starts from: the rule of a well-known repository, in our words."""
    return torch.where(weight < 1e-6, torch.zeros_like(grad), grad)


@exercise(
    freeze_pruned,
    "Find the bug",
    minutes=10,
    level=1,
    hints=(
        "Which weights does `weight < 1e-6` pick out? Try it on tensor([-0.5, 0.0, 0.5]).",
        "A pruned weight is zero, but so may be a kept one, and every negative weight is below 1e-6. "
        "What tells you for certain which weights are pruned?",
        "torch.where(mask, grad, torch.zeros_like(grad))",
    ),
    given=as_published,
)
def check_freeze_pruned(attempt: Attempt) -> None:
    """One weight at a time, then a random layer."""
    cases = [  # gradient, weight, kept?, why the weight's own value is no guide
        (2.0, -0.5, True, "it is below the threshold, and it is not pruned"),
        (2.0, 0.5, True, "it is not pruned"),
        (2.0, 0.0, True, "it happens to be at zero: ask the mask, not the weight"),
        (2.0, 1e-9, True, "it happens to be tiny: ask the mask, not the weight"),
        (-2.0, 0.0, False, ""),
        (2.0, 0.3, False, ""),
    ]
    results = [float(_gradient(attempt(*_one(g, w, kept)), torch.tensor([g]))) for g, w, kept, _ in cases]
    if all((got == 0) == kept for got, (_, _, kept, _) in zip(results, cases, strict=True)):
        raise Wrong("the mask is used the wrong way round: True means kept")
    for got, (g, w, kept, why) in zip(results, cases, strict=True):
        expected = g if kept else 0.0
        if got != expected:
            example = f"weight {w}, gradient {g}, {'kept' if kept else 'pruned'}: got {got}, expected {expected}"
            raise Wrong(_which_gradient(got, w, kept, why), example)
    grad, weight = (torch.randn(4, 6, generator=attempt.rng) for _ in range(2))
    mask = torch.rand(4, 6, generator=attempt.rng) < 0.5
    if not torch.equal(_gradient(attempt(grad, weight, mask), grad), freeze_pruned(grad, weight, mask)):
        raise Wrong("on a random 4 x 6 layer the gradient is not the given one with the pruned entries at zero")


def _one(grad: float, weight: float, kept: bool) -> tuple[Tensor, Tensor, Tensor]:
    return torch.tensor([grad]), torch.tensor([weight]), torch.tensor([kept])


def _which_gradient(got: float, weight: float, kept: bool, why: str) -> str:
    if not kept:
        return "a pruned weight still gets a gradient: ask the mask, not the weight"
    kind = "negative" if weight < 0 else "zero" if weight < 0.1 else "positive"
    return f"a kept {kind} weight is frozen: {why}" if got == 0 else "a kept weight's gradient is not the one given"


def _gradient(got: object, grad: Tensor) -> Tensor:
    return same_tensor(got, grad, "the returned gradient")
