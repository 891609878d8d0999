"""Checks of lesson 01, pruning basics. Where the library has the function, the reference is the library's own."""

import copy
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lthedu.data import default_device
from lthedu.exercises.core import Attempt, Wrong, brief, exercise, same_tensor, same_tensors
from lthedu.masks import Mask
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
    """Exact counts, with and without ties, and the right weights; nothing and everything last."""
    draw = attempt.rng
    for shape, density in [((3, 4), 0.25), ((5,), 0.4), ((2, 1), 0.5), ((200,), 0.9), ((5,), 0.5), ((7,), 0.35)]:
        _right_ones(attempt, torch.rand(shape, generator=draw), density)
    _right_ones(attempt, torch.randn(30, generator=draw), 0.2)  # scores may be negative
    _right_ones(attempt, torch.rand(7, generator=draw), 0.4)  # 2.8 weights: 3
    _right_ones(attempt, 1 + 1e-6 * torch.randperm(20, generator=draw), 0.5)  # close, and yet not equal
    for tied in ([1.0, 1, 1, 1], [2.0, 1, 1, 1, 1, 0], [0.0, 1, 1, 1, 1, 2], [0.0] * 10):
        _right_ones(attempt, torch.tensor(tied), 0.5)
    _right_ones(attempt, torch.rand(6, generator=draw).to(default_device()), 0.5)  # where the lesson will call it
    _right_ones(attempt, torch.rand(1, generator=draw), 1.0)
    _right_ones(attempt, torch.rand(4, 5, generator=draw), 0.0)


def _right_ones(attempt: Attempt, scores: Tensor, density: float) -> None:
    kept = same_tensor(attempt(scores, density), scores.bool(), "the returned mask")
    n, k = scores.numel(), round(density * scores.numel())
    count = int(kept.sum())
    example = f"scores {brief(scores)}, density {density}: kept {count} of {n}, expected {k}"
    if count != k:
        raise Wrong(_which_count(kept, k, scores, density), example)
    if 0 < k < n and scores[kept].min() < scores[~kept].max():
        if torch.equal(kept, _by(-scores, k)):
            raise Wrong("it keeps the smallest scores; a large score means: keep", example)
        if torch.equal(kept, _by(scores.abs(), k)):
            raise Wrong("it ranks the absolute values of the scores; the scores are ranked as they are", example)
        raise Wrong("a kept weight has a smaller score than a pruned one", f"{example}; mask {brief(kept)}")


def _by(scores: Tensor, k: int) -> Tensor:
    kept = torch.zeros_like(scores, dtype=torch.bool).flatten()
    kept[scores.flatten().argsort(descending=True)[:k]] = True
    return kept.view(scores.shape)


def _which_count(kept: Tensor, k: int, scores: Tensor, density: float) -> str:
    """What a wrong number of kept weights most likely is."""
    n, count = scores.numel(), int(kept.sum())
    if k in (0, n):
        return f"density {density:g} keeps {'nothing' if k == 0 else 'everything'}: what does your code do for k = {k}?"
    if len(set(scores.flatten().tolist())) < n:
        return "with equal scores the number kept is wrong: a threshold keeps or drops all ties together"
    if abs(count - k) > 1 and torch.equal(kept, _by(scores, n - k)):
        return "density is the fraction kept; this prunes that fraction"
    if count == int(density * n):
        return f"it rounds down: round(density * n) is {k}"
    if count == math.ceil(density * n):
        return f"it rounds up: round(density * n) is {k}"
    if abs(count - k) == 1:
        return "it keeps one too many or too few: a weight at the threshold itself is on the wrong side"
    return "the number of weights kept is not round(density * n)"


@exercise(
    select_globally,
    "One competition for all layers",
    minutes=10,
    level=2,
    hints=(
        "If all layers compete for the same places, can the ranking be done layer by layer?",
        "Flatten every layer's scores into one long vector, choose there with `keep_largest`, and cut the long mask "
        "back into pieces with the layers' sizes and shapes, in the same order.",
        "kept = keep_largest(torch.cat(...), density)  # one long mask\n"
        "pieces = kept.split([s.numel() for s in scores.values()])\n"
        "return {name: piece.reshape(s.shape) for (name, s), piece in zip(scores.items(), pieces)}",
    ),
)
def check_select_globally(attempt: Attempt) -> None:
    """Against the library's, on layers of different sizes and scales; ties may fall either way."""
    shapes = {"b": (4, 3), "a": (2, 4), "c": (1, 5)}  # not in the alphabet's order
    scale = {"b": 1.0, "a": 5.0, "c": 0.3}
    for density in (0.5, 0.2, 0.04, 0.35):  # 12.5, 5, 1 and 8.75 of 25
        _compare_masks(
            attempt, {n: scale[n] * torch.rand(s, generator=attempt.rng) for n, s in shapes.items()}, density
        )
    _compare_masks(attempt, {n: torch.randn(s, generator=attempt.rng) for n, s in shapes.items()}, 0.3)  # negative, too
    for tied in ({"a": torch.ones(2, 3), "b": torch.ones(1, 4)}, {"a": torch.ones(1, 3), "b": 1 + torch.eye(2, 4)}):
        _tied_masks(attempt, tied, 0.4)
    here = {n: torch.rand(s, generator=attempt.rng).to(default_device()) for n, s in shapes.items()}
    _compare_masks(attempt, here, 0.4)  # where the lesson will call it
    for density in (0.0, 1.0):
        _compare_masks(attempt, {n: torch.rand(s, generator=attempt.rng) for n, s in shapes.items()}, density)


def _tied_masks(attempt: Attempt, scores: dict[str, Tensor], density: float) -> None:
    got = same_tensors(attempt(scores, density), {n: s.bool() for n, s in scores.items()}, "the returned mask")
    n, count = sum(s.numel() for s in scores.values()), sum(int(m.sum()) for m in got.values())
    example = f"scores {brief(scores)}, density {density}: kept {brief(got)}"
    if count != round(density * n):
        raise Wrong(f"with equal scores it keeps {count} of {n} weights: choose places, not values", example)
    if any(bool((scores[name] > 1)[~m].any()) for name, m in got.items()):
        raise Wrong("a score that is larger than the ties was pruned, and one of the ties kept", example)


def _compare_masks(attempt: Attempt, scores: dict[str, Tensor], density: float) -> None:
    right = select_globally(scores, density)
    got = same_tensors(attempt(scores, density), right, "the returned mask")
    if all(torch.equal(got[n], right[n]) for n in right):
        return
    kept, expected = ({n: int(m.sum()) for n, m in mask.items()} for mask in (got, right))
    example = f"density {density}: kept {kept}, expected {expected}"
    raise Wrong(_which_masks(got, scores, density, sum(expected.values())), example)


def _which_masks(got: Mask, scores: dict[str, Tensor], density: float, k: int) -> str:
    """What a wrong set of masks most likely is."""

    def is_(other: Mask) -> bool:
        return all(torch.equal(got[name], other[name]) for name in other)

    n, count = sum(s.numel() for s in scores.values()), sum(int(m.sum()) for m in got.values())
    if k in (0, n):
        return f"density {density:g} keeps {'nothing' if k == 0 else 'everything'}: what does your code do for k = {k}?"
    if is_({name: keep_largest(s, density) for name, s in scores.items()}):
        return "every layer keeps its own share: that is scope 'layer'; here all layers compete"
    if is_(select_globally({name: s / s.max() for name, s in scores.items()}, density)):
        return "the scores were scaled layer by layer before the comparison; compare them as they are"
    if is_(select_globally({name: s.abs() for name, s in scores.items()}, density)):
        return "it ranks the absolute values of the scores; the scores are ranked as they are"
    if abs(count - k) > 1 and is_(select_globally(scores, 1 - density)):
        return "density is the fraction kept; this prunes that fraction"
    if count != k:
        return f"it keeps {count} weights in all; round(density * n) is {k}"
    return "the right total is spread wrongly: is the long mask cut into its pieces in the layers' order?"


@exercise(
    cubic,
    "The cubic schedule",
    minutes=10,
    level=1,
    hints=(
        "What are the densities at `begin`, at `end`, a step before `begin` and a step after `end`?",
        "Let progress run from 0 at `begin` to 1 at `end`, and clip it to that range. (1 - progress) ** 3 falls from "
        "1 to 0; stretch it so that it falls from 1 to `final`.",
        "progress = min(max(..., 0), 1)  # the share of the way from begin to end\n"
        "return final + (1 - final) * (1 - progress) ** 3",
    ),
)
def check_cubic(attempt: Attempt) -> None:
    """The ends, beyond the ends, and in between."""
    for begin, end, final in ((10, 17, 0.2), (100, 200, 0.1), (468, 796, 0.0086)):
        length = end - begin
        for step in (begin, end, begin + length // 2, begin + 1, end - 1, end + 1, end + 10 * length, begin - 5):
            _compare_density(attempt, step, begin, end, final)


def _compare_density(attempt: Attempt, step: int, begin: int, end: int, final: float) -> None:
    found, right = _number(attempt(step, begin, end, final), "the density"), cubic(step, begin, end, final)
    near = 1e-12 if right in (1, final) else 2e-7  # the ends are exact, in between float32 will do
    if math.isclose(found, right, rel_tol=0, abs_tol=near):
        return
    example = f"cubic({step}, {begin}, {end}, {final}): got {found:.4f}, expected {right:.4f}"
    raise Wrong(_which_density(found, step, begin, end, final), example)


def _number(got: object, what: str) -> float:
    """`got`, if it is a number, and no tensor, which the functions that come after would choke on; else Wrong."""
    if isinstance(got, bool) or not isinstance(got, int | float | np.integer | np.floating):
        raise Wrong(f"it returned {brief(got)}; expected {what} as one Python number")
    return float(got)


def _which_density(found: float, step: int, begin: int, end: int, final: float) -> str:
    """What a wrong density most likely is."""
    progress = (step - begin) / (end - begin)
    inside = min(max(progress, 0.0), 1.0)

    def is_(value: float) -> bool:
        return math.isclose(found, value, abs_tol=1e-6)

    if is_(1 - final + final * (1 - inside) ** 3):
        return "`final` is a density, the fraction kept, and was taken for a sparsity"
    if is_(1 - cubic(step, begin, end, final)):
        return "this is the sparsity, the fraction pruned; the course counts what is kept"
    if not 0 <= progress <= 1:
        return "outside begin..end the density must stay at 1 or at `final`: clip the progress to 0..1"
    if is_((1 - inside) ** 3):
        return "it goes down to 0, not to `final`: stretch the cube between 1 and `final`"
    if step == end:
        return "at `end` the density is not `final`: the last pruning would stop short of the size that was asked for"
    if is_(1 - (1 - final) * inside**3):
        return "it prunes slowly first and fast at the end: the cube belongs to (1 - progress)"
    if is_(final + (1 - final) * (1 - inside)):
        return "this is the linear schedule: the exponent 3 is missing"
    return "this is not final + (1 - final) * (1 - progress) ** 3"


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
    """What exercise 1.4 starts from: a rule found in several repositories, in our words."""
    for name, m in mask.items():
        weights[name].grad *= m  # type: ignore[operator]
    optimizer.step()


@exercise(
    masked_step,
    "Find the bug: weights that come back",
    minutes=10,
    level=2,
    hints=(
        "A weight's gradient is zero. Does Adam leave the weight where it is? Look up what its update is made of.",
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
        shapes = {"first": (3, 4), "second": (2, 3), "whole": (2, 2), "bias": (3,)}  # the last two have no mask
        self.mine = {n: nn.Parameter(torch.randn(s, generator=attempt.rng)) for n, s in shapes.items()}
        self.theirs = copy.deepcopy(self.mine)
        self.optimizer, self.twin = make(list(self.mine.values())), make(list(self.theirs.values()))
        self.optimizer.register_step_post_hook(self._count)
        self.mask = {n: torch.rand(shapes[n], generator=attempt.rng) < 0.5 for n in ("first", "second")}
        for m in self.mask.values():
            m[0, :2] = torch.tensor([True, False])  # both kinds, whatever was drawn

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
        if mask.keys() != self.mask.keys() or any(not torch.equal(mask[n], m) for n, m in self.mask.items()):
            raise Wrong("it changed the mask; work on the weights")
        if given.keys() != self.mine.keys() or any(given[n] is not p for n, p in self.mine.items()):
            raise Wrong(
                "it puts a new tensor into the dict: the network keeps the old one. Change the weights in place"
            )
        if frozen := [n for n, p in self.mine.items() if not p.requires_grad]:
            raise Wrong(f"it leaves requires_grad=False on {frozen[0]!r}, which would never learn again")
        if self.steps - steps != 1:
            raise Wrong(f"with {self.rule}, it took {self.steps - steps} optimizer steps; take exactly one")
        for name, m in self.mask.items():
            self._pruned_are_zero(name, m)
        for name, p in self.mine.items():
            if not torch.allclose(p, self.theirs[name], atol=1e-6):
                if torch.equal(p, before[name]):
                    raise Wrong(f"with {self.rule}, {name!r} did not move: the step must still be taken")
                raise Wrong(
                    f"with {self.rule}, the kept entries of {name!r} are not where the optimizer's step puts them",
                    f"largest difference {float((p - self.theirs[name]).detach().abs().max()):.4f}",
                )

    def _pruned_are_zero(self, name: str, m: Tensor) -> None:
        w = self.mine[name].detach()
        if not bool(w[m].any()):
            raise Wrong(f"with {self.rule}, all kept weights of {name!r} were set to zero: True means kept")
        if alive := int(w[~m].count_nonzero()):
            raise Wrong(
                f"with {self.rule}, {alive} of the {int((~m).sum())} pruned weights of {name!r} are not zero after the "
                "step, whatever was done before it: set them to zero when it is over, in every layer that has a mask",
                f"pruned weights: {brief(w[~m])}",
            )


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
)
def check_matching_width(attempt: Attempt) -> None:
    """The widest that fits, exactly on the edge and one below it; what was forgotten shows over all cases."""
    cases = [(27_000, 784, 10), (3_700, 784, 10), (17, 3, 3), (16, 3, 3), (23, 3, 3), (50_000, 4, 10), (95, 2, 30)]
    found = []
    for case in cases:
        width = _number(attempt(*case), "the width")
        if not math.isfinite(width) or width != int(width):
            raise Wrong(f"it returned {width:g}; a width is a whole number", f"matching_width{case}")
        found.append(int(width))
    for case, width in zip(cases, found, strict=True):
        total, inputs, outputs = case
        if width != (right := matching_width(*case)):
            size = width * (inputs + 1 + outputs) + outputs
            example = f"matching_width{case}: got {width}, a network of {size:,} numbers; expected {right}"
            raise Wrong(_which_width(found, cases, size > total), example)


def _which_width(found: list[int], cases: list[tuple[int, int, int]], too_large: bool) -> str:
    """What was forgotten: the formula that gives the same widths in all cases."""
    known: list[tuple[Callable[[int, int, int], int], str]] = [
        (lambda n, i, o: n // (i + o), "it counts no biases"),
        (lambda n, i, o: (n - o) // (i + o), "it does not count the hidden biases"),
        (lambda n, i, o: n // (i + 1 + o), "it does not count the output biases"),
        (lambda n, i, o: n // i, "it counts the first layer's weights alone"),
        (lambda n, i, o: n // (i + 1), "it counts the first layer alone"),
    ]
    for formula, words in known:
        if found == [formula(*case) for case in cases]:
            return words
    return "that network is larger than the budget: round down" if too_large else "a wider network still fits"


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
    """What exercise 1.6 starts from: the effect of `drop_last=True` on a test set, in our words."""
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
        "for x, y in zip(images.split(batch_size), labels.split(batch_size)):\n"
        "    right += int((predict(x).argmax(1) == y).sum())",
    ),
    given=whole_batches_only,
)
def check_accuracy(attempt: Attempt) -> None:
    """A pretended network that is right where it is told to be, on sets that fill no whole number of batches."""
    for n, batch, wrong in ((10, 4, [0, 1, 9]), (10, 4, []), (7, 7, [2]), (5, 8, [4]), (100, 60, [70, 71, 72])):
        _compare_accuracy(attempt, n, batch, wrong)


def _compare_accuracy(attempt: Attempt, n: int, batch: int, wrong: list[int]) -> None:
    labels = torch.randint(0, 10, (n,), generator=attempt.rng)
    said = labels.clone()
    said[wrong] = (said[wrong] + 1) % 10
    logits = torch.randn(n, 10, generator=attempt.rng)
    logits[range(n), said] = logits.max(1).values + 1
    images, sizes = torch.arange(n, dtype=torch.float32)[:, None], []

    def predict(x: Tensor) -> Tensor:
        sizes.append(len(x))
        return logits[x[:, 0].long()]

    got, right = attempt(predict, images, labels, batch), 1 - len(wrong) / n
    found = _number(got.item() if isinstance(got, Tensor) and got.numel() == 1 else got, "a fraction")
    if max(sizes, default=0) > batch:
        raise Wrong(f"it hands over {max(sizes)} images at once; batch_size is {batch}")
    example = f"{n} images, {batch} at a time, {n - len(wrong)} right: got {found:.4f}, expected {right:.4f}"
    if not math.isclose(found, right, abs_tol=1e-6):
        raise Wrong(_which_accuracy(found, n, batch, wrong), example)
    if sum(size > 0 for size in sizes) > -(-n // batch):
        raise Wrong(f"it calls `predict` {len(sizes)} times; {batch} at a time, {-(-n // batch)} calls are enough")


def _which_accuracy(found: float, n: int, batch: int, wrong: list[int]) -> str:
    """What a wrong accuracy most likely is."""
    whole = n // batch * batch
    seen = whole - sum(i < whole for i in wrong)
    parts = [range(i, min(i + batch, n)) for i in range(0, n, batch)]
    means = [1 - sum(i in part for i in wrong) / len(part) for part in parts]
    known = [
        (100 * (1 - len(wrong) / n), "this is a percentage; return the fraction"),
        (n - len(wrong), "this is the number of right answers; divide by the number of images"),
        (seen / n, "the images of the last, smaller batch are never looked at, but counted"),
        (seen / max(whole, 1), "the last, smaller batch is left out: some test images never count"),
        (sum(means) / len(means), "the mean over batches weighs the last, smaller batch as much as a whole one"),
        (len(wrong) / n, "this is the error, the fraction that is wrong"),
    ]
    for value, words in known:
        if math.isclose(found, value, abs_tol=1e-6):
            return words
    return "this is not the fraction of right answers among all images"
