"""Wrong answers that are no common mistakes, and the words that are left for them."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from lthedu import masks
from lthedu.exercises import exercises, find
from lthedu.exercises.core import Attempt, Raised, Wrong

NAN = float("nan")


def reference(number: str) -> Callable[..., Any]:
    return find(number).reference


def after(number: str, change: Callable[[Any], Any]) -> Callable[..., Any]:
    """The right answer, its result changed."""
    return lambda *args: change(reference(number)(*args))


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


# the other lessons


def fails_large(weights: int, rate: float) -> float:
    return reference("0.3")(weights, rate) if weights < 1000 else 1 / 0


def three_more(scores: Any, density: float) -> Any:
    k = round(density * scores.numel())
    return reference("1.1")(scores, min(1.0, (k + 3) / scores.numel()) if density not in (0, 1) else density)


def turned_at_the_ends(scores: Any, density: float) -> Any:
    return reference("1.2")(scores, 1 - density if density in (0, 1) else density)


def changes_the_mask(optimizer: Any, params: Any, mask: Any) -> None:
    reference("1.4")(optimizer, params, mask)
    for m in mask.values():
        m.fill_(True)


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


class Tires:
    """Right for five calls; then its steps get shorter."""

    calls = 0

    def __call__(self, params: Any, mask: Any, x: Any, y: Any, lr: float) -> Any:
        self.calls += 1
        return reference("4.1")(params, mask, x, y, lr * (0.5 if self.calls > 5 else 1))


def crosses_at_a_third(corners: Any, values: Any) -> Any:
    parts: Any = ([], [])
    for p, q, a, b in zip(corners, np.roll(corners, -1, 0), values, np.roll(values, -1), strict=True):
        parts[0].extend([p] if a >= 0 else [])
        parts[1].extend([p] if a <= 0 else [])
        if a * b < 0:
            parts[0].append(p + (q - p) / 3)
            parts[1].append(p + (q - p) / 3)
    return tuple(np.array(part).reshape(-1, 2) for part in parts)


CASES: list[tuple[str, Callable[..., Any], str]] = [
    ("0.3", fails_large, "division by zero"),
    ("0.4", lambda: dict.fromkeys(range(1, 11), 7), "answer 1 is 7; write True or False"),
    ("1.1", three_more, "the number of weights kept is not round(density * n)"),
    ("1.2", turned_at_the_ends, "what does your code do for k = "),
    ("1.4", changes_the_mask, "it changed the mask; work on the weights"),
    ("3.1", after("3.1", lambda b: 1.37 * b + 0.1), "this is not the largest error on the line less the mean"),
    ("3.2", ones_for_infinity, "a pruned weight must be exactly 0, whatever it was"),
    ("3.3", half_for_equals, "two full masks, or two empty ones, are equal: the distance is 0"),
    ("3.4", minus_one_for_none, "no mask has settled: return None, not -1"),
    ("4.1", lambda params, *_: masks.clone(params), "nothing has moved"),
    ("4.1", lambda p, m, x, y, lr: reference("4.1")(p, m, x, y, 0.9 * lr), "the step is not that of each network"),
    ("10.3", lambda *args: -5.0, "that is not the least of mean"),
    ("10.5", lambda *args: ("x", "y"), "a part is 'x'; expected an array of corners"),
    ("10.5", crosses_at_a_third, "a new corner is not where the neuron is zero"),
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


def second_best(numbers: Any, target: float) -> list[bool]:
    """Of few numbers the choice that comes next to the closest one; of many the closest."""
    if len(numbers) > 10:
        return reference("8.1")(numbers, target)
    choices = list(itertools.product([False, True], repeat=len(numbers)))
    return list(sorted(choices, key=lambda keep: abs(np.dot(keep, numbers) - target))[1])


def rule_without_the_largest(numbers: Any, target: float) -> list[bool]:
    """The rule of 8.5, but the largest number that fits is passed over."""
    fits = [x for x in numbers if x <= target]
    first = numbers.index(max(fits)) if len(fits) > 1 else None
    kept = reference("8.5")([x for i, x in enumerate(numbers) if i != first], target)
    return kept if first is None else [*kept[:first], False, *kept[first:]]


@pytest.mark.parametrize(
    ("number", "answer", "words"),
    [
        ("8.1", second_best, "another choice comes closer to the target"),
        ("8.5", rule_without_the_largest, "that is not the choice of the rule: largest first"),
    ],
)
def test_what_fits_no_known_mistake_is_told_what_was_asked_for(number: str, answer: Any, words: str) -> None:
    with pytest.raises(Wrong) as caught:
        find(number).check(Attempt(answer))
    assert words in str(caught.value)


def halved(network: Any) -> Any:
    """The same network with a third of its height."""
    with torch.no_grad():
        for p in network[-1].parameters():
            p /= 3
    return network


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
        ("tent_network", lambda network: halved(network), "it is another function: at i / 2^folds the sawtooth is 0"),
    ],
)
def test_an_uncommon_result_is_told_what_it_is(name: str, change: Callable[[Any], Any], words: str) -> None:
    with pytest.raises(Wrong) as caught:
        find(of(name)).check(Attempt(after(of(name), change)))
    assert words in str(caught.value)


def test_what_is_carried_over_from_call_to_call_is_noticed() -> None:
    with pytest.raises(Wrong, match="one step is right, but ten in a row are not"):
        find("4.1").check(Attempt(Tires()))
