"""This lesson's exercises, each by itself. Where the library has the function, the reference is the library's own."""

import copy
import functools
import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from lthedu.data import default_device
from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, Wrong, exercise, same_tensor, same_tensors
from lthedu.exercises.readers import number, whole
from lthedu.exercises.values import brief, difference
from lthedu.networks.masks import Mask
from lthedu.pruning import cubic, keep_largest, select_globally
from lthedu.sparsity import matching_width


@exercise(
    keep_largest,
    "Keep exactly the largest",
    minutes=10,
    level=1,
    hints=(
        "With scores [1, 1, 1, 1] and density 0.5, how many weights does `scores > threshold` keep? And `>=`?",
        "A threshold cannot tell equal scores apart, places can. Find the places of the k = round(density * n) largest "
        "scores in the flattened tensor (`argsort` or `topk`), and set a mask that is all False to True there.",
        "k = round(density * scores.numel())\nbest = ...  # the places of the k largest\n"
        "kept = torch.zeros_like(scores, dtype=torch.bool).flatten()\nkept[best] = True\n"
        "return kept.reshape(scores.shape)",
    ),
)
def check_keep_largest(attempt: Attempt) -> None:
    """Exact counts and the right weights: without ties, with ties, and nothing or everything."""
    draw = attempt.rng
    shapes = [
        ((3, 4), 0.25),
        ((5,), 0.4),
        ((2, 1), 0.5),
        ((200,), 0.9),
        ((5,), 0.5),
        ((7,), 0.5),
        ((7,), 0.35),
        ((7,), 0.9),
    ]
    untied = [(torch.rand(shape, generator=draw), density) for shape, density in shapes]
    untied += [
        (torch.randn(30, generator=draw), 0.2),  # scores may be negative
        (torch.rand(7, generator=draw), 0.4),  # 2.8 weights: 3
        (1 + 1e-6 * torch.randperm(20, generator=draw), 0.5),  # close, and yet not equal
        (torch.rand(6, generator=draw).to(default_device()), 0.5),  # where the lesson will call it
    ]
    equals = [[1.0, 1, 1, 1], [2.0, 1, 1, 1, 1, 0], [0.0, 1, 1, 1, 1, 2], [3.0, 2, 1, 1, 1, 1], [0.0] * 10]
    tied = [(torch.tensor(scores), 0.5) for scores in equals]
    ends = [(torch.rand(1, generator=draw), 1.0), (torch.rand(4, 5, generator=draw), 0.0)]
    ends.append((_untied((300, 784), draw), 0.0187))  # as large as the lesson's largest layer
    for cases in itertools.accumulate((untied, tied, ends)):  # one matter more at a time
        compare(
            attempt,
            cases,
            read=lambda got, scores, density: same_tensor(got, scores.bool(), "the returned mask"),
            close=lambda a, b, scores, density: torch.equal(scores[a].sort().values, scores[b].sort().values),
            show=_mask_shown,
            otherwise=_which_mask,
        )


def _untied(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Scores of which no two are equal, as they may be among many random ones."""
    return torch.randperm(math.prod(shape), generator=generator).float().view(shape)


def _mask_shown(got: Tensor, right: Tensor, scores: Tensor, density: float) -> str:
    n, k, count = scores.numel(), int(right.sum()), int(got.sum())
    example = f"scores {brief(scores)}, density {density}: kept {count} of {n}, expected {k}"
    return f"{example}; {_exchanged(scores[got], scores[~got])}" if count == k else example


def _exchanged(kept: Tensor, pruned: Tensor) -> str:
    return f"it kept a score of {brief(kept.min().item())} and pruned one of {brief(pruned.max().item())}"


def _which_mask(got: Tensor, right: Tensor, scores: Tensor, density: float) -> str:
    """What a mask that is no known mistake's gets wrong."""
    n, k, count = scores.numel(), int(right.sum()), int(got.sum())
    if k in (0, n):
        return _at_the_ends(density, k)
    if count == k:
        return "a kept weight has a smaller score than a pruned one"
    if len(set(scores.flatten().tolist())) < n:
        return "where scores are equal, the number of weights kept is not round(density * n)"
    return "the number of weights kept is not round(density * n)"


def _at_the_ends(density: float, k: int) -> str:
    return f"density {density:g} keeps {'everything' if k else 'nothing'}: what does your code do for k = {k}?"


@exercise(
    select_globally,
    "One competition for all layers",
    minutes=10,
    level=2,
    hints=(
        "If all layers compete for the same places, can the ranking be done layer by layer?",
        "Flatten every layer's scores into one long vector, choose there with `keep_largest`, and cut the long mask "
        "back into pieces with the layers' sizes and shapes, in the same order.",
        "kept = keep_largest(..., density)  # one long mask\n"
        "pieces = kept.split([s.numel() for s in scores.values()])\n"
        "return {name: piece.reshape(s.shape) for (name, s), piece in zip(scores.items(), pieces)}",
    ),
)
def check_select_globally(attempt: Attempt) -> None:
    """Layers of different sizes and scales: without ties; with ties; one weight, none and all."""
    shapes = {"b": (4, 3), "a": (2, 4), "c": (1, 5)}  # not in the alphabet's order
    scale = {"b": 1.0, "a": 5.0, "c": 0.3}

    def drawn() -> dict[str, Tensor]:
        return {n: scale[n] * torch.rand(s, generator=attempt.rng) for n, s in shapes.items()}

    untied = [(drawn(), density) for density in (0.5, 0.2, 0.35, 0.33, 0.13, 0.8)]  # 12.5 of 25, 5, 8.75, ...
    untied += [
        ({"a": torch.rand(1, 3, generator=attempt.rng), "b": torch.rand(2, other, generator=attempt.rng)}, density)
        for other, density in ((2, 0.5), (4, 0.9), (1, 0.9))  # 3.5 of 7, 9.9 of 11, 4.5 of 5
    ]
    untied += [
        ({n: torch.randn(s, generator=attempt.rng) for n, s in shapes.items()}, 0.3),  # negative, too
        ({n: s.to(default_device()) for n, s in drawn().items()}, 0.4),  # where the lesson will call it
    ]
    tied = [
        ({"a": torch.ones(2, 3), "b": torch.ones(1, 4)}, 0.4),
        ({"a": torch.ones(1, 3), "b": 1 + torch.eye(2, 4)}, 0.4),
    ]
    few = [(drawn(), density) for density in (0.04, 0.0, 1.0)]
    few.append(({"a": torch.tensor([[1e-7, 2e-7]]), "b": torch.tensor([[3e-7, 4e-7]])}, 0.5))
    sizes = {"first": (300, 784), "second": (100, 300), "last": (10, 100)}  # the lesson's
    pieces = torch.split(_untied((266_200, 1), attempt.rng), [math.prod(s) for s in sizes.values()])
    few.append(({n: piece.view(s) for (n, s), piece in zip(sizes.items(), pieces, strict=True)}, 0.0187))
    for cases in itertools.accumulate((untied, tied, few)):  # one matter more at a time
        compare(
            attempt,
            cases,
            read=lambda got, scores, _: same_tensors(got, {n: s > 0 for n, s in scores.items()}, "the returned mask"),
            close=lambda a, b, scores, _: torch.equal(_kept(scores, a), _kept(scores, b)),
            show=_masks_shown,
            otherwise=_which_masks,
        )


def _kept(scores: dict[str, Tensor], mask: Mask) -> Tensor:
    """The scores of what is kept, in order: of equal scores any may be kept."""
    return torch.cat([s[mask[n]] for n, s in scores.items()]).sort().values


def _masks_shown(got: Mask, right: Mask, scores: dict[str, Tensor], density: float) -> str:
    small = sum(s.numel() for s in scores.values()) <= 12
    kept, expected = ({n: int(m.sum()) for n, m in mask.items()} for mask in (got, right))
    example = f"{f'scores {brief(scores)}, ' if small else ''}density {density}: kept {kept}, expected {expected}"
    if sum(kept.values()) != sum(expected.values()):
        return example
    pruned = torch.cat([s[~got[n]] for n, s in scores.items()])
    return f"{example}; {_exchanged(_kept(scores, got), pruned)}"


def _which_masks(got: Mask, right: Mask, scores: dict[str, Tensor], density: float) -> str:
    """What masks that are no known mistake's get wrong."""
    n = sum(s.numel() for s in scores.values())
    count, k = (sum(int(m.sum()) for m in mask.values()) for mask in (got, right))
    tied = len({x for s in scores.values() for x in s.flatten().tolist()}) < n
    if k in (0, n):
        return _at_the_ends(density, k)
    if tied and count != k:
        return f"where scores are equal, it keeps {count} weights in all; round(density * n) is {k}"
    if count != k:
        return f"it keeps {count} weights in all; round(density * n) is {k}"
    return "the right number is kept, but not the largest scores of all layers together"


@exercise(
    cubic,
    "The cubic schedule",
    minutes=10,
    level=1,
    hints=(
        "What are the densities at `begin`, at `end`, a step before `begin` and a step after `end`?",
        "Let progress run from 0 at `begin` to 1 at `end`, and clip it to that range. (1 - progress) ** 3 falls from "
        "1 to 0; stretch it so that it falls from 1 to `final`.",
        "progress = min(max(..., 0), 1)  # the share of the way from `begin` to `end`\n"
        "return final + (1 - final) * (1 - progress) ** 3",
    ),
    returns=lambda got, *_: number(got, "one number, the density"),
)
def check_cubic(attempt: Attempt) -> None:
    """The ends, beyond the ends, and in between; from step 0, to density 0, and over many steps."""
    cases = []
    spans = ((10, 17, 0.2), (100, 200, 0.1), (468, 796, 0.0086), (0, 100, 0.1), (30, 50, 0.0), (0, 3_000_000, 0.3))
    for begin, end, final in spans:
        length = end - begin
        for step in (
            begin,
            end,
            begin + length // 2,
            begin + 1,
            end - 1,
            end + 1,
            end + 10 * length,
            max(0, begin - 5),
        ):
            cases.append((step, begin, end, final))
    compare(
        attempt,
        cases,
        close=_close_density,
        same=lambda a, b, *_: math.isclose(a, b, abs_tol=1e-6),
        show=lambda got, right, step, begin, end, final: (
            f"cubic({step}, {begin}, {end}, {final}): {difference(got, right)}"
        ),
        otherwise=_which_density,
    )


def _close_density(got: float, right: float, step: int, begin: int, end: int, final: float) -> bool:
    """Whether the two are the same in float32; at the ends it is more exact."""
    return math.isclose(got, right, rel_tol=0, abs_tol=1e-6 if begin < step < end else 2e-7)


def _which_density(got: float, right: float, step: int, begin: int, end: int, final: float) -> str:
    """Where a density that is no known mistake's is wrong first."""
    if begin < step < end:
        return "between `begin` and `end` this is not the formula above: try it by hand half-way between them"
    if step <= begin:
        return f"{'at' if step == begin else 'before'} `begin` the density is not 1"
    return f"{'at' if step == end else 'after'} `end` the density is not `final`"


def masked_step(optimizer: torch.optim.Optimizer, weights: Mapping[str, nn.Parameter], mask: Mask) -> None:
    """One step of the optimizer, after which every pruned weight is exactly zero.

    `weights`: the parameters by name, changed in place; those without a mask, such as biases, are left alone.

    >>> w = nn.Parameter(torch.tensor([[1.0, 1.0]]))
    >>> w.grad = torch.tensor([[1.0, 1.0]])
    >>> masked_step(torch.optim.SGD([w], lr=0.1), {"w": w}, {"w": torch.tensor([[True, False]])})
    >>> w.data
    tensor([[0.9000, 0.0000]])
    """
    optimizer.step()
    with torch.no_grad():
        for name, m in mask.items():
            weights[name][~m] = 0


def gradients_masked(optimizer: torch.optim.Optimizer, weights: Mapping[str, nn.Parameter], mask: Mask) -> None:
    """What the learner starts from: a rule found in several repositories, in our words."""
    for name, m in mask.items():
        weights[name].grad *= m  # type: ignore[operator]
    optimizer.step()


@exercise(
    masked_step,
    "Find the bug: weights that come back",
    minutes=10,
    level=2,
    hints=(
        "A zero gradient does not stop the optimizer. What must be zero in the end, and when can you set it?",
        "Momentum and Adam's averages move a weight whose gradient is zero. What can you do to the weight itself, and "
        "when, so that no optimizer matters? Changing a parameter by hand needs `with torch.no_grad():` around it.",
        "optimizer.step()\nwith torch.no_grad():\n    for name, m in mask.items():\n        ...  # in place",
    ),
    given=gradients_masked,
    imports=("torch._dynamo",),  # by an optimizer's first step
)
def check_masked_step(attempt: Attempt) -> None:
    """Every rule, with the memory of steps before the pruning, beside a twin that takes the same step."""
    rules: dict[str, Callable[[list[nn.Parameter]], torch.optim.Optimizer]] = {
        "plain SGD": lambda w: torch.optim.SGD(w, lr=0.1),
        "SGD with momentum": lambda w: torch.optim.SGD(w, lr=0.1, momentum=0.9),
        "Adam": lambda w: torch.optim.Adam(w, lr=0.1),
        "AdamW with weight decay": lambda w: torch.optim.AdamW(w, lr=0.1, weight_decay=0.1),
    }
    for name, make in rules.items():
        _Twins(attempt, name, make).steps_with_one_mask()
    for name, make in rules.items():
        _Twins(attempt, name, make).a_step_after_pruning_further()


class _Twins:
    """Two copies of one small network: one for the function under test, one to know what the step does."""

    def __init__(
        self, attempt: Attempt, rule: str, make: Callable[[list[nn.Parameter]], torch.optim.Optimizer]
    ) -> None:
        self.attempt, self.rule, self.steps = attempt, rule, 0
        shapes = {"first": (3, 4), "second": (2, 3), "scale": (4,), "whole": (2, 2), "bias": (3,)}
        self.mine = {n: nn.Parameter(torch.randn(s, generator=attempt.rng)) for n, s in shapes.items()}
        self.theirs = copy.deepcopy(self.mine)
        self.optimizer, self.twin = make(list(self.mine.values())), make(list(self.theirs.values()))
        self.optimizer.register_step_post_hook(self._count)
        self.mask = {n: torch.rand(shapes[n], generator=attempt.rng) < 0.5 for n in ("first", "second", "scale")}
        for m in self.mask.values():
            m.view(-1)[:2] = torch.tensor([True, False])  # both kinds, whatever was drawn

    def steps_with_one_mask(self) -> None:
        self._dense_steps()
        with torch.no_grad():
            for name, m in self.mask.items():
                self.mine[name][~m] = 0
                self.theirs[name][~m] = 0
        for _ in range(2):
            self._gradients()
            self._one_step()

    def a_step_after_pruning_further(self) -> None:
        self._dense_steps()
        self._gradients()  # the pruned weights are not zero yet
        self._one_step()

    def _dense_steps(self) -> None:
        for _ in range(3):  # dense steps first: the optimizer remembers them
            self._gradients()
            self.optimizer.step()
            self.twin.step()

    def _count(self, *_: Any) -> None:
        self.steps += 1

    def _gradients(self) -> None:
        for name, p in self.mine.items():
            p.grad = torch.randn(p.shape, generator=self.attempt.rng)
            self.theirs[name].grad = p.grad.clone()

    def _one_step(self) -> None:
        before = {n: p.detach().clone() for n, p in self.mine.items()}
        given, mask, steps = dict(self.mine), {n: m.clone() for n, m in self.mask.items()}, self.steps
        self.attempt.in_place(self.optimizer, given, mask)
        self.twin.step()
        with torch.no_grad():
            for name, m in self.mask.items():
                self.theirs[name][~m] = 0
        same = mask.keys() == self.mask.keys() and all(mask[n].dtype == m.dtype for n, m in self.mask.items())
        if not same or any(not torch.equal(mask[n], m) for n, m in self.mask.items()):
            raise Wrong("it changed the mask; work on the weights")
        if given.keys() != self.mine.keys() or any(given[n] is not p for n, p in self.mine.items()):
            raise Wrong(
                "it puts a new tensor into the dict: the network keeps the old one. Change the weights in place"
            )
        if frozen := [n for n, p in self.mine.items() if not p.requires_grad]:
            raise Wrong("it leaves requires_grad=False on a parameter, which would never learn again", frozen[0])
        if self.steps - steps != 1:
            raise Wrong("take exactly one step of the optimizer", self._with(f"it took {self.steps - steps} steps"))
        for name, m in self.mask.items():
            self._pruned_are_zero(name, m)
        for name, p in self.mine.items():
            if not torch.allclose(p, self.theirs[name], atol=1e-6):
                if torch.equal(p, before[name]):
                    raise Wrong("a parameter did not move: the step must still be taken", self._with(repr(name)))
                largest = float((p - self.theirs[name]).detach().abs().max())
                raise Wrong(
                    "the kept weights are not where the optimizer's step puts them"
                    if name in self.mask
                    else "a parameter without a mask is not where the optimizer's step puts it; leave it to the step",
                    self._with(f"largest difference in {name!r} {largest:.4f}"),
                )

    def _pruned_are_zero(self, name: str, m: Tensor) -> None:
        w = self.mine[name].detach()
        if not bool(w.any()):
            raise Wrong("all weights of a layer were set to zero, the kept ones, too", self._with(repr(name)))
        if not bool(w[m].any()):
            raise Wrong("all kept weights of a layer were set to zero: True means kept", self._with(repr(name)))
        if alive := int(w[~m].count_nonzero()):
            raise Wrong(
                "pruned weights are not zero after the step, whatever was done before it: set them to zero when it is "
                "over, in every layer that has a mask",
                self._with(f"{alive} of the {int((~m).sum())} pruned weights of {name!r} are alive: {brief(w[~m])}"),
            )

    def _with(self, what: str) -> str:
        return f"with {self.rule}, {what}"


@exercise(
    matching_width,
    "A dense network of the same size",
    minutes=10,
    level=1,
    hints=(
        "How many numbers does one more hidden unit bring: how many weights come in, how many go out, and what else?",
        "A hidden unit costs `inputs` weights, a bias and `outputs` weights. The output biases are there anyway. "
        "How many units can be paid for?",
        "left = total - outputs  # for the hidden units\none_unit = ...\nreturn left // one_unit",
    ),
    returns=lambda got, *_: whole(got, "one whole number, the width"),
)
def check_matching_width(attempt: Attempt) -> None:
    """The widest that fits, exactly on the edge and one below it; what was forgotten shows over all cases."""

    def size(width: int, inputs: int, outputs: int) -> int:
        return width * (inputs + 1 + outputs) + outputs

    compare(
        attempt,
        [
            *((27_000, 784, 10), (3_700, 784, 10), (266_610, 784, 10), (795 * 33 + 11, 784, 10)),
            *((17, 3, 3), (16, 3, 3), (18, 3, 3), (21, 3, 3), (23, 3, 3), (50_000, 4, 10), (95, 2, 30)),
        ],
        show=lambda got, right, *case: (
            f"matching_width{case}: got {got}, a network of {size(got, *case[1:]):,} numbers; expected {right}"
        ),
        otherwise=lambda got, right, total, inputs, outputs: (
            f"that network is larger than the budget, which is {total:,}"
            if size(got, inputs, outputs) > total
            else "a wider network still fits"
        ),
    )


def accuracy(predict: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor, batch_size: int) -> float:
    """The fraction of all images whose largest logit is that of their label, `batch_size` images at a time.

    `predict` maps images (b, ...) to logits (b, classes); `labels` is (n,).

    >>> images, labels = torch.eye(3), torch.tensor([0, 1, 0])
    >>> round(accuracy(lambda x: x, images, labels, batch_size=2), 4)
    0.6667
    """
    right = 0
    for x, y in zip(torch.split(images, batch_size), torch.split(labels, batch_size), strict=True):
        right += int((predict(x).argmax(1) == y).sum())
    return right / len(images)


def whole_batches_only(predict: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor, batch_size: int) -> float:
    """What the learner starts from: the effect of `drop_last=True` on a test set, in our words."""
    right = 0
    for i in range(len(images) // batch_size):
        part = slice(i * batch_size, (i + 1) * batch_size)
        right += int((predict(images[part]).argmax(1) == labels[part]).sum())
    return right / len(images)


@exercise(
    accuracy,
    "Find the bug: the test set that is never finished",
    minutes=10,
    level=1,
    hints=(
        "10,000 images, 60 at a time: how many does the loop look at? What accuracy does a perfect network get?",
        "The last batch is smaller than the others, and it counts, too; and the number of right answers is divided by "
        "the number of images.",
        "right = 0\nfor x, y in zip(images.split(batch_size), labels.split(batch_size)):\n"
        "    right += ...  # how many of this batch are right\nreturn right / len(images)",
    ),
    returns=lambda got, *_: number(got, "one number, a fraction"),
    given=whole_batches_only,
)
def check_accuracy(attempt: Attempt) -> None:
    """A pretended network that is right where it is told to be, on sets that fill whole batches or do not."""
    cases = []
    for n, batch, wrong in (
        (10, 4, [0, 1, 9]),
        (10, 4, []),
        (7, 7, [2]),
        (5, 8, [4]),
        (9, 4, [3]),  # the last batch is one image
        (8, 4, [0, 7]),  # the last batch is whole
        (3, 1, [1]),
        (100, 60, [70, 71, 72]),
        (10_000, 60, [*range(0, 9_000, 7), 9_999]),  # as many as the lesson tests with
    ):
        labels = torch.randint(0, 10, (n,), generator=attempt.rng)
        said = labels.clone()
        said[wrong] = (said[wrong] + 1) % 10
        logits = torch.randn(n, 10, generator=attempt.rng)
        logits[range(n), said] = logits.max(1).values + 1
        images = torch.arange(n, dtype=torch.float32)[:, None]
        cases.append(functools.partial(_fresh, logits, images, labels, batch))
    compare(
        attempt,
        cases,
        read=_fraction,
        close=lambda got, right, *_: abs(got[0] - right[0]) < 1e-6 and got[1] <= right[1],
        same=lambda a, b, *_: abs(a[0] - b[0]) < 1e-6,
        show=lambda got, right, predict, images, labels, batch: (
            f"{len(labels)} images, {batch} at a time, {right[0] * len(labels):.0f} right: "
            f"{difference(got[0], right[0]) if abs(got[0] - right[0]) >= 1e-6 else f'{got[1]} calls'}"
        ),
        otherwise=_which_fraction,
    )


def _which_fraction(
    got: tuple[float, int, int], right: tuple[float, int, int], predict: object, images: Tensor, labels: Tensor, b: int
) -> str:
    """What an accuracy that is no known mistake's gets wrong: itself, or how `predict` is called."""
    if abs(got[0] - right[0]) >= 1e-6:
        return "this is not the fraction of right answers among all images"
    if got[2]:
        return "it calls `predict` without any image where none is left: the last batch may be a whole one"
    return f"it calls `predict` {got[1]} times; {b} at a time, {right[1]} calls are enough"


class _Predict:
    """A pretended network, whose images are their own numbers; it remembers how many it was handed."""

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        self.sizes: list[int] = []

    def __call__(self, x: Tensor) -> Tensor:
        self.sizes.append(len(x))
        return self.logits[x[:, 0].long()]


def _fresh(logits: Tensor, images: Tensor, labels: Tensor, batch: int) -> tuple[Any, ...]:
    return _Predict(logits), images, labels, batch


def _fraction(got: object, predict: object, images: Tensor, labels: Tensor, batch: int) -> tuple[float, int, int]:
    """The accuracy, how many times `predict` was called, and how many times of these without an image."""
    sizes = predict.sizes if isinstance(predict, _Predict) else []
    found = number(got, "one number, a fraction")
    if max(sizes, default=0) > batch:
        raise Wrong(f"it hands over {max(sizes)} images at once; batch_size is {batch}")
    return found, len(sizes), sizes.count(0)
