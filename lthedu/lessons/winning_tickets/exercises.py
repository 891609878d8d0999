"""This lesson's exercises, each by itself. The references are the library's own functions."""

import functools
import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from lthedu.exercises import draws
from lthedu.exercises.choices import row
from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, Wrong, exercise, same_tensor, same_tensors
from lthedu.exercises.readers import numbers
from lthedu.exercises.values import brief, difference
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.pruning import magnitude, random_mask, select
from lthedu.stats import paired_test
from lthedu.tickets import find_tickets


@exercise(
    find_tickets,
    "The loop that finds tickets",
    minutes=15,
    level=2,
    hints=(
        "With levels=2, how often do `train` and `prune` run, and in which order? What does each training start from?",
        "Keep one variable, `mask`. A round is: start = the initial weights with the pruned ones at zero; train; "
        "remember the mask; prune the trained weights to get the next mask. Rounds 0 to `levels` all train.",
        "mask, found = full, []\nfor level in range(levels + 1):\n    trained = train(level, ..., mask)\n"
        "    found.append(mask)\n    mask = prune(trained, mask)\nreturn found",
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
        self.initial["a.bias"].fill_(0.5)
        self.full = masks.full(self.initial)
        self.masks = [self.full]  # what a right loop finds
        self.outcomes: list[Params] = []  # trained weights, level by level

    def check(self) -> None:
        found = self.attempt(self.initial, self.full, self.train, self.prune, self.levels)
        n = self.levels + 1
        if len(self.outcomes) != n:
            raise Wrong(
                f"it trained {_times(len(self.outcomes))}; with levels={self.levels} it must train {_times(n)}: "
                "the dense level 0, then once after each pruning"
            )
        if not isinstance(found, list | tuple):
            raise Wrong(f"it returned {brief(found)}; expected the list of masks, the full one first")
        if len(found) != n:
            raise Wrong(
                f"the list has the length {len(found)}; with levels={self.levels} it must hold {n}, the full mask first"
            )
        for level, (got, expected) in enumerate(zip(found, self.masks, strict=False)):
            if isinstance(got, Mapping) and any(isinstance(t, Tensor) and t.dtype != torch.bool for t in got.values()):
                raise Wrong(f"number {level} of the list holds weights, or other numbers; return the masks")
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
        if now >= len(self.masks):
            raise Wrong(f"level {now} trains before `prune` was called with what level {now - 1} trained")
        if any(not torch.equal(mask[k], self.masks[now][k]) for k in mask):
            raise Wrong(f"level {now} does not train with the mask that prune returned last")
        self._check_start(now, start, mask)
        # far from the initial values, so that ranking the wrong weights shows
        trained = {n: torch.randn(p.shape, generator=self.attempt.rng) for n, p in start.items()}
        self.outcomes.append(masks.apply(mask, trained))
        return {n: p.clone() for n, p in self.outcomes[-1].items()}

    def _check_start(self, now: int, start: Params, mask: Mask) -> None:
        if _equal(start, masks.apply(mask, self.initial)):
            return
        right = masks.apply(mask, self.initial)
        off = [n for n in start if not torch.equal(start[n], right[n])]
        if not set(off) & set(mask):
            raise Wrong(f"level {now}: {off[0]} has no mask, and must be rewound to `initial` all the same")
        if any(_is_part_of(start, w, mask, off) for w in self.outcomes):
            raise Wrong(
                f"level {now} goes on from trained weights: that is fine-tuning. A ticket rewinds: it starts from "
                "`initial`, with the pruned weights at zero",
                _first_difference(start, right),
            )
        if now and all(_equal({n: start[n]}, {n: self.initial[n] * ~mask[n]}) for n in mask):
            raise Wrong(f"level {now} starts with its pruned weights, and the kept ones at zero: True means kept")
        if alive := sum(int((start[k] != 0)[~mask[k]].sum()) for k in mask):
            raise Wrong(f"level {now} starts with {alive} pruned weights that are not zero: apply the mask")
        raise Wrong(
            f"level {now} does not start from the initial weights: what is kept must start as it is in `initial`",
            _first_difference(start, right),
        )

    def prune(self, trained: Params, mask: Mask) -> Mask:
        now = len(self.outcomes) - 1
        if now < 0:
            raise Wrong("it prunes before anything was trained: there is no magnitude to go by yet")
        same_tensors(trained, self.initial, "the weights given to `prune`")
        same_tensors(mask, self.full, "the mask given to `prune`")
        if not _equal(trained, self.outcomes[now]):
            earlier = [level for level, w in enumerate(self.outcomes[:now]) if _equal(trained, w)]
            which = "the initial weights" if _near_initial(trained, self.initial) else "other weights"
            which = f"the weights that level {earlier[0]} trained" if earlier else which
            raise Wrong(f"at level {now} prune got {which}; it must rank the weights that level {now} trained")
        if any(not torch.equal(mask[k], self.masks[now][k]) for k in mask):
            got, own = (sum(masks.counts(m).values()) for m in (dict(mask), self.masks[now]))
            why = ": weights pruned earlier would come back" if got > own else ": prune once after each training"
            raise Wrong(
                f"at level {now} prune did not get the level's own mask{why if got != own else ''}",
                f"it got a mask that keeps {got} weights, level {now} has {own}",
            )
        smaller = select(magnitude(trained), 0.5, within=mask)
        if len(self.masks) == now + 1:
            self.masks.append(smaller)
        return {n: m.clone() for n, m in smaller.items()}


def _times(n: int) -> str:
    return f"{n} time{'s' * (n != 1)}"


def _is_part_of(start: Params, trained: Params, mask: Mask, names: list[str]) -> bool:
    """Whether what is off in these tensors came from the trained weights, with the mask or without."""
    masked = masks.apply(mask, trained)
    return all(torch.equal(start[n], trained[n]) or torch.equal(start[n], masked[n]) for n in names)


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
        "found = {}\nfor name, m in mask.items():\n    order = torch.randperm(m.numel(), generator=generator)\n"
        "    found[name] = ...  # the flattened mask in this order, and then in its own shape\nreturn found",
    ),
)
def check_random_mask(attempt: Attempt) -> None:
    """Equal counts, in layers of the lesson's size too; all outcomes reached, all randomness from the generator."""
    some = torch.tensor([[True, False, False], [False, True, False]])
    ticket = {"a.weight": some, "b.weight": torch.tensor([[True, False], [True, True]]), "c.weight": some.clone()}
    once = functools.partial(_mask_like, attempt, ticket)
    found = [draws.drawn(once, seed) for seed in range(400)]
    lesson = {n: torch.arange(math.prod(s)).view(s) < kept for n, s, kept in LAYERS}
    _same_counts(found, ticket, functools.partial(_mask_like, attempt, {"w": lesson["second"]}))
    _every_layer_is_shuffled(found, ticket)
    _every_mask_comes([one["a.weight"] for one in found], some)
    draws.apart([one["a.weight"] for one in found], [one["c.weight"] for one in found])
    kept = torch.stack([one["b.weight"].flatten() for one in found]).float().mean(0)
    if not draws.as_often(kept, 0.75, 400):  # 3 of 4 are kept
        raise Wrong("it prefers some places: every weight must be kept equally often", f"how often: {brief(kept)}")
    counts = [masks.counts(m) for m in (_mask_like(attempt, lesson, draws.seeded(1)), lesson)]
    if counts[0] != counts[1]:
        words = "in a large layer it keeps another number of weights than the ticket: count them, round no share"
        raise Wrong(words, f"in layers of the lesson's size the ticket keeps {counts[1]}, and it {counts[0]}")
    ends = {"nothing": torch.zeros(2, 3, dtype=torch.bool), "all": torch.ones(2, 2, dtype=torch.bool)} | ticket
    counts = [masks.counts(m) for m in (_mask_like(attempt, ends, draws.seeded(1)), ends)]
    if counts[0] != counts[1]:
        words = "where the ticket keeps nothing of a layer, or all of it, so must the random mask"
        raise Wrong(words, f"the ticket keeps {counts[1]}, and it {counts[0]}")
    draws.decided(functools.partial(_mask_like, attempt, {"w": lesson["last"]}), "mask")
    draws.moved_on(attempt, once)


# the lesson's sizes; these counts come out wrong where they are computed from a share in single precision: the first
# where it is rounded up or a quantile is taken, the others where it is rounded down
LAYERS = (("first", (300, 784), 919), ("second", (100, 300), 3_976), ("last", (10, 100), 253))


def _mask_like(attempt: Attempt, ticket: Mask, generator: torch.Generator) -> Mask:
    return same_tensors(attempt(ticket, generator), ticket, "the returned mask")


def _same_counts(found: list[Mask], ticket: Mask, of_second: Callable[[torch.Generator], Mask]) -> None:
    want = masks.counts(ticket)
    have = [masks.counts(one) for one in found]
    off = next((h for h in have if h != want), None)
    if off is None:
        return
    if all(h == off for h in have):
        words = "it keeps another number of weights than the ticket, in every draw"
        pruned = {name: m.numel() - want[name] for name, m in found[0].items()}
        words += ": as many as the ticket prunes" * (off == pruned)
    elif all(sum(h.values()) == sum(want.values()) for h in have):
        words = "the weights wander between layers: the total is right, but each layer must keep its own count"
    else:
        words = "the number of weights kept changes from draw to draw"
        mean, right = sum(int(draws.drawn(of_second, seed)["w"].sum()) for seed in range(8)) / 8, LAYERS[1][-1]
        if abs(mean - right) < 150:
            words += "; a coin toss gives it right only on average"
        elif mean < right:
            words += ", and is too small on average"
        else:
            words += ", and is too large on average"
    raise Wrong(words, f"kept {off}, the ticket keeps {want}")


ONE_ALWAYS = "it returns one mask always"


def _every_layer_is_shuffled(found: list[Mask], ticket: Mask) -> None:
    still = [name for name, m in ticket.items() if all(torch.equal(one[name], m) for one in found)]
    if len(still) == len(ticket):
        raise Wrong("it returns the ticket's own mask: nothing was shuffled", f"in {len(found)} draws")
    if all(_equal(one, found[0]) for one in found):
        raise Wrong(ONE_ALWAYS, f"{len(found)} generators, one mask: {brief(found[0])}")
    if still:
        raise Wrong("some layers are shuffled, and others come back as they were", f"as it was: {', '.join(still)}")


def _every_mask_comes(found: list[Tensor], ticket: Tensor) -> None:
    if all(torch.equal(m, found[0]) for m in found):
        raise Wrong(ONE_ALWAYS, f"{len(found)} generators, one mask: {brief(found[0])}")
    example = f"from {brief(ticket)}, for instance {brief(found[1])}"
    lines = {"row": [ticket, *found], "column": [m.T for m in (ticket, *found)]}
    for line, turned in lines.items():
        if all(sorted(m.tolist()) == sorted(turned[0].tolist()) for m in turned):
            raise Wrong(f"whole {line}s move together; a random mask must have no structure", example)
    for line, turned in lines.items():
        if all(torch.equal(m.sum(1), turned[0].sum(1)) for m in turned):
            raise Wrong(f"each {line} keeps its own count; a random mask must have no structure", example)
    results = [tuple(m.flatten().tolist()) for m in found]
    words = "not every mask can come; a random mask must have no structure"
    draws.all_come_up(results, math.comb(6, 2), words, "masks that keep 2 of these 6 weights")


@exercise(
    paired_test,
    "A paired test over seeds",
    minutes=10,
    level=2,
    hints=(
        "Both arms ran with the same five seeds. What does the difference within a seed no longer contain?",
        "Lists cannot be subtracted, so make arrays of them and work with d = a - b alone: its mean, divided by the "
        "standard error of that mean, is t. It may be negative, so the p-value is both tails beyond abs(t).",
        "d = np.asarray(a) - np.asarray(b)\nt = d.mean() / (d.std(ddof=1) / np.sqrt(len(d)))\n"
        "return d.mean(), ...  # twice the tail beyond abs(t), as a float",
    ),
    returns=lambda got, *_: numbers(got, 2, "two numbers: mean difference and p-value"),
)
def check_paired_test(attempt: Attempt) -> None:
    """Both signs of the difference, few seeds and many. The mean is judged first, then p."""
    cases: list[tuple[list[float], list[float]]] = []
    for n in (5, 9, 2):
        shared = torch.randn(n, generator=attempt.rng, dtype=torch.float64)
        own = torch.randn(2, n, generator=attempt.rng, dtype=torch.float64)
        a, b = (0.3 + shared + 0.2 * own[0]).tolist(), (shared + 0.2 * own[1]).tolist()
        cases += [(a, b), (b, a)]
    for n, t in ((7, 1.0), (200, 2.0)):  # no clear difference; so many seeds that a normal would nearly do
        d = torch.randn(n, generator=attempt.rng, dtype=torch.float64)
        d += t * d.std() / math.sqrt(n) - d.mean()
        shared = torch.randn(n, generator=attempt.rng, dtype=torch.float64)
        cases.append(((shared + d).tolist(), shared.tolist()))
    cases.append(([0.97, 0.96, 0.97, 0.98], [0.95, 0.96, 0.95, 0.95]))  # equal values, in a row and in a pair
    cases.sort(key=lambda case: len(case[0]))
    for k, words in (
        (0, "the first number is not the mean of the differences a - b"),
        (1, "the p-value is not that of a two-sided paired t-test"),
    ):
        compare(
            attempt,
            cases,
            close=functools.partial(_same_number, k),
            show=functools.partial(_pair_shown, k),
            otherwise=words,
        )


def _pair_shown(k: int, got: tuple[float, float], right: tuple[float, float], a: list[float], b: list[float]) -> str:
    rows = f"a = {row(a)}, b = {row(b)}" if len(a) <= 12 else f"two rows of {len(a)} values, with t = 2"
    return f"{rows}: {('the mean', 'p')[k]}: {difference(got[k], right[k])}"


def _same_number(k: int, got: tuple[float, float], right: tuple[float, float], *args: object) -> bool:
    return math.isclose(got[k], right[k], abs_tol=1e-5)  # what computing in float32 may cost


def freeze_pruned(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    """The gradient with every pruned weight's entry at zero, so that an update cannot move it.

    All three have the same shape; `mask` is bool, True = kept.

    >>> freeze_pruned(torch.tensor([5.0, 5.0]), torch.tensor([-1.0, 0.0]), torch.tensor([True, False]))
    tensor([5., 0.])
    """
    return torch.where(mask, grad, torch.zeros_like(grad))


def as_published(grad: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    """What the learner starts from: the rule of a well-known repository, in our words."""
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
        "return torch.where(..., grad, torch.zeros_like(grad))",
    ),
    given=as_published,
)
def check_freeze_pruned(attempt: Attempt) -> None:
    """One weight at a time, then a random layer."""
    cases = [  # a gradient, a weight, and whether it is kept
        *[_one(2.0, weight, True) for weight in (-0.5, 0.5, 0.0, 1e-9, -1e-9)],
        *[_one(-2.0, 0.0, False), _one(2.0, 0.3, False), _one(2.0, -0.3, False), _one(0.5, 0.5, True)],
        *[_one(grad, 0.5, True) for grad in (1e-9, 1e9)],
    ]
    grad, weight = (torch.randn(4, 6, generator=attempt.rng) for _ in range(2))
    weight[0] = 0.0
    cases.append((grad, weight, torch.rand(4, 6, generator=attempt.rng) < 0.5))
    compare(
        attempt,
        cases,
        read=lambda result, grad, weight, mask: same_tensor(result, grad, "the returned gradient"),
        close=lambda got, right, *args: torch.equal(got, right),
        show=_gradient_shown,
        otherwise=_which_gradient,
    )


def _one(grad: float, weight: float, kept: bool) -> tuple[Tensor, Tensor, Tensor]:
    return torch.tensor([grad]), torch.tensor([weight]), torch.tensor([kept])


def _gradient_shown(got: Tensor, right: Tensor, grad: Tensor, weight: Tensor, mask: Tensor) -> str:
    place = tuple((got != right).nonzero()[0].tolist())
    where = f"at {list(place)} of {tuple(grad.shape)}, " if grad.numel() > 1 else ""
    kept = "kept" if mask[place] else "pruned"
    return (
        f"{where}weight {weight[place].item():.3g}, gradient {grad[place].item():.3g}, {kept}: "
        f"{difference(got[place].item(), right[place].item())}"
    )


def _which_gradient(got: Tensor, right: Tensor, grad: Tensor, weight: Tensor, mask: Tensor) -> str:
    place = tuple((got != right).nonzero()[0].tolist())
    if not mask[place]:
        return "a pruned weight still gets a gradient"
    if got[place]:
        return "a kept weight's gradient is not the one given"
    value = float(weight[place])
    kind = "tiny" if abs(value) < 1e-6 and value else "negative" if value < 0 else "positive" if value > 0 else "zero"
    return f"a kept {kind} weight is frozen; it is not pruned, and must get its gradient"
