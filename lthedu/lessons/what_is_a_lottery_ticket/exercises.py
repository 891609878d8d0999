"""This lesson's exercises, each by itself, and its ten statements."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from lthedu.base.course_files import lesson_numbers
from lthedu.exercises.choices import choice_of, kept_of, off, two_choices
from lthedu.exercises.compare import compare
from lthedu.exercises.core import Attempt, Raised, Wrong, exercise, same_tensors
from lthedu.exercises.readers import number
from lthedu.exercises.values import apart, brief
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.proof import closest_subset


@exercise(
    masks.apply,
    "Delete by a mask",
    minutes=5,
    level=1,
    hints=(
        "What must become of a number whose place in the mask says False? And what of a name that has no mask at all?",
        "Go through `params` name by name and build a new dict. True counts as 1 and False as 0, so that a tensor "
        "times its mask keeps some numbers and sets the others to zero.",
        "found = {}\nfor name, numbers in params.items():\n    if name in mask:\n"
        "        found[name] = ...  # the tensor times its mask\n    else:\n        found[name] = numbers.clone()\n"
        "return found",
    ),
)
def check_apply(attempt: Attempt) -> None:
    """Three tensors, one of them without a mask or the only one with it; masks that keep everything or nothing."""
    params = {
        "first.weight": torch.tensor([[0.5, -2.0, 3.0], [-0.25, 3.0, -4.0]]),
        "first.bias": torch.tensor([0.75, -1.5]),
        "second.weight": torch.tensor([[-1.0, 2.0]]),
    }
    some = {"first.weight": params["first.weight"] > 0, "second.weight": torch.tensor([[True, False]])}
    bias, none = {"first.bias": torch.tensor([True, False])}, {n: torch.zeros_like(m) for n, m in some.items()}
    compare(
        attempt,
        [(mask, params) for mask in (some, {n: ~m for n, m in some.items()}, masks.full(params), {}, bias, none)],
        read=_layers,
        close=lambda a, b, *_: all(torch.equal(a[n], b[n]) for n in b),
        show=_one_layer,
        otherwise=_not_deleted,
    )


def _layers(got: object, mask: Mask, params: Params) -> Params:
    """`got`, once it is known to be like `params`."""
    missing = [name for name in params if name not in got] if isinstance(got, Mapping) else []
    if missing:
        raise Wrong(
            f"it leaves out {', '.join(missing)}; every name of `params` must come back, with a mask or without"
        )
    return same_tensors(got, params, "the result")


def _first_wrong(got: Params, right: Params) -> str:
    return next(name for name in right if not torch.equal(got[name], right[name]))


def _one_layer(got: Params, right: Params, mask: Mask, params: Params) -> str:
    name = _first_wrong(got, right)
    return f"{name} was {brief(params[name])}, became {brief(got[name])}, expected {brief(right[name])}"


def _not_deleted(got: Params, right: Params, mask: Mask, params: Params) -> str:
    name = _first_wrong(got, right)
    if name not in mask:
        return f"{name} has no mask and must stay as it is"
    if bool((got[name] != 0)[~mask[name]].any()):
        return "a deleted number is not exactly zero"
    return "a kept number has changed"


@exercise(
    closest_subset,
    "Hit a number by deleting numbers",
    minutes=15,
    level=2,
    hints=(
        "With three numbers, how many ways are there to keep some and delete the rest? Could you write them all down?",
        "`itertools.product([False, True], repeat=n)` goes through all choices for n numbers. Compute the sum of each; "
        "remember the choice whose sum is nearest to the target, on whichever side.",
        "best, smallest = None, float('inf')\nfor kept in itertools.product([False, True], repeat=len(numbers)):\n"
        "    error = ...  # how far the sum of the kept numbers is from the target\n"
        "    if error < smallest:\n        best, smallest = list(kept), error\nreturn best",
    ),
    returns=lambda got, numbers, target: choice_of(got, len(numbers)),
)
def check_closest_subset(attempt: Attempt) -> None:
    """Cases in which one thing matters at a time, then random numbers."""
    cases: list[tuple[list[float], float]] = [
        ([0.5, -0.3, 0.9], 0.25),
        ([0.8, 0.7], 0.1),  # none
        ([0.25, 0.5, 0.125], 1.0),  # all
        ([0.75], 0.5),  # above the target
        ([-0.5, 0.375, -0.25], -0.7),  # a target below zero
        ([0.6, 0.5, 0.5], 1.0),  # the largest is no part of it
        ([0.5, 0.1, 0.4], 0.9),  # not side by side
        ([0.5, 0.25], 3.0),  # the best is far off, too
        ([-0.5, 0.25], -2.5),
        ([0.9, 0.6, -0.8, 0.7], 0.8),  # of a larger sum and a smaller one, and above by less than below
        ([0.5, 0.5], 0.5),  # of two equal numbers one
        ([0.5004, 0.5001, 0.5003], 0.5),  # alike, but not equally near
    ]
    for n in (5, 8, 9, 12, 12):  # the lesson's own number last
        numbers = (2 * torch.rand(n, generator=attempt.rng, dtype=torch.float64) - 1).tolist()
        cases.append((numbers, float(torch.rand((), generator=attempt.rng)) - 0.5))
    cases.append(([*(k / 100 for k in range(1, 11)), -3.0, 5.0], 2.0))  # the last two of as many
    compare(
        attempt,
        cases,
        close=lambda got, best, numbers, target: off(got, numbers, target) <= off(best, numbers, target) + 1e-6,
        same=lambda a, b, numbers, _: math.isclose(sum(kept_of(a, numbers)), sum(kept_of(b, numbers)), abs_tol=1e-9),
        show=two_choices,
        otherwise="another choice comes closer to the target",
    )


SECONDS_A_YEAR = 365.25 * 24 * 3600


def log10_years(weights: int, per_second: float) -> float:
    """Years that it takes to try every mask of so many weights, as a power of ten: 2.0 means 100 years.

    `per_second`: how many masks are tried in a second. Years are of 365.25 days.

    >>> round(log10_years(62, 1e9), 2)  # about 146 years
    2.16
    """
    return weights * math.log10(2) - math.log10(per_second) - math.log10(SECONDS_A_YEAR)


@exercise(
    log10_years,
    "How long would trying all take",
    minutes=10,
    level=2,
    hints=(
        "One weight has two masks: kept or deleted. How many have two weights, three, n? And what does that make for "
        "266,200 weights on your calculator?",
        "There are 2^n masks, and years = 2^n / per_second / (seconds in a year). Take the logarithm of the whole "
        "formula: quotients become differences, and of 2 * 2 * ... * 2 it is a sum of n equal terms.",
        "return weights * math.log10(2) - ...  # and the logarithms of the two by which 2^n is divided",
    ),
    returns=lambda got, *_: number(got, "one number, the power of ten"),
)
def check_log10_years(attempt: Attempt) -> None:
    """Small cases, told apart by what a wrong one computes; then a real network."""
    small, large = [(62, 1e9), (40, 1e3), (12, 1.0), (12, 1e9), (62, 4e9)], [(266_200, 1e9)]
    for cases in (small, small + large):
        try:
            compare(
                attempt,
                cases,
                read=_power_of_ten,
                close=lambda a, b, *_: math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-4),  # as the notebook says
                same=lambda a, b, *_: math.isclose(a, b, rel_tol=1e-6, abs_tol=2e-5),
                show=lambda got, right, weights, rate: (
                    f"for {weights:,} weights at {rate:g} masks a second it returned {apart(got, right)[0]}, "
                    f"expected {apart(got, right)[1]}"
                ),
                otherwise="that is not log10(2^n / per_second / seconds in a year)",
            )
        except Raised as raised:
            if isinstance(raised.error, OverflowError):
                raise Wrong(TOO_LARGE, f"for 266,200 weights it raised OverflowError: {raised.error}") from None
            raise


TOO_LARGE = (
    "2 to the power 266,200 is larger than any float; take the logarithm of the formula, before anything becomes large"
)


def _power_of_ten(got: object, weights: int, per_second: float) -> float:
    value = number(got, "one number, the power of ten")
    if math.isinf(value):
        raise Wrong(TOO_LARGE, f"for {weights:,} weights it returned {value}")
    return value


@dataclass(frozen=True)
class Statement:
    """A sentence that holds or does not, and why.

    >>> Statement("Zero is even.", True, "It is twice zero.").holds
    True
    """

    text: str
    holds: bool
    why: str


# the lessons that the reasons name, by their numbers of today
PRUNING, TICKETS, REWINDING, LOTTERIES, SUPERMASKS, PROOF, LIMITS = (
    f"{lesson_numbers()[name]:02}"
    for name in (
        "pruning_basics",
        "winning_tickets",
        "rewinding",
        "many_small_lotteries",
        "supermasks",
        "pruning_is_all_you_need",
        "what_the_theorem_does_not_say",
    )
)
STATEMENTS = (
    Statement(
        "To find a winning ticket in the way of the 2019 paper, you first train the whole network.",
        True,
        "Which weights stay is read off the trained network: the large network is trained first, then the ticket. "
        f"The search costs more than one training, not less. Lesson {TICKETS} goes through it.",
    ),
    Statement(
        "A network with 90 % of its weights set to zero needs a tenth of the time, on any computer.",
        False,
        "An ordinary program multiplies by zero as slowly as by any other number. Time is saved only where both "
        f"program and chip skip the zeros, and looking up where they are costs time as well. Lesson {PRUNING}.",
    ),
    Statement(
        "In the 2019 paper, a ticket starts from the values that its weights had at the end of the first training.",
        False,
        "It starts from the values that they had before any training: those were the luck of the draw. Going on from "
        f"trained values is called fine-tuning. Lesson {TICKETS}.",
    ),
    Statement(
        "How well a pruned network learns depends only on how many of its weights are kept, not on which ones.",
        False,
        "In this lesson's experiment the tickets and the random masks keep equally many weights in every layer, and "
        f"do not end equally well. Lesson {TICKETS} repeats it at six sizes.",
    ),
    Statement(
        "A network that has few weights from the start can learn to read digits, too.",
        True,
        "The networks with a random mask have few weights from the start, and they learn. The question is only which "
        f"small network learns best. Lessons {PRUNING} and {LOTTERIES}.",
    ),
    Statement(
        "In the strong version of the hypothesis, the weights that are kept stay at their random values.",
        True,
        f"Only the mask is chosen, no weight is ever moved. Lesson {SUPERMASKS} searches for such masks, lesson "
        f"{PROOF} builds one.",
    ),
    Statement(
        "The theorems of 2020 start from a random network that is larger than the network it is to imitate.",
        True,
        "In Malach et al. and in Pensia et al. it is twice as deep, and wider: by far in the first, by a logarithm in "
        "the second. To hold every such network by its masks, it must have more weights. "
        f"Lessons {PROOF} and {LIMITS}.",
    ),
    Statement(
        "The 2019 hypothesis, the one about training tickets, has since been proved as a theorem.",
        False,
        f"It rests on experiments, and for larger networks it had to be changed: lesson {REWINDING}. What was proved "
        f"in 2020 is the strong version, in which nothing is trained: lesson {PROOF}.",
    ),
    Statement(
        "The theorem of Malach et al. (2020) gives a fast way to find the subnetwork, whatever the task.",
        False,
        "It says that the subnetwork is there. The same paper argues that finding a good one is hard in the worst "
        f"case. It is easy when the network to imitate is known already. Lessons {PROOF} and {LIMITS}.",
    ),
    Statement(
        "If some choice of numbers is good, a player who keeps improving a first choice will find one as good.",
        False,
        "With twenty numbers the patient player's ten starts look at a few thousand of a million choices and typically "
        "end about a hundred times as far from the target as the best one. Others may search better. That a good "
        "choice exists does not say how to find it.",
    ),
)


def ten_answers() -> dict[int, bool]:
    """Your answers to the ten statements: True or False for each number.

    >>> sorted(ten_answers())
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
    """
    return {number: statement.holds for number, statement in enumerate(STATEMENTS, 1)}


def unanswered() -> dict[int, bool | None]:
    """What the learner starts from."""
    return {1: None, 2: None, 3: None, 4: None, 5: None, 6: None, 7: None, 8: None, 9: None, 10: None}


@exercise(
    ten_answers,
    "Ten statements, true or false",
    minutes=10,
    level=1,
    hints=(
        "For each statement: is it about the weak version, the strong one, or both? About what exists, or about how to "
        "find it?",
        "Four of the ten are true. The false ones promise something that this notebook's warnings and honesty box "
        "take back: speed, a cheap search, a proof.",
        "return {1: True, 2: False, ...}  # write True or False in place of every None, then run the cell",
    ),
    returns=lambda got: _sheet(got),
    given=unanswered,
)
def check_ten_answers(attempt: Attempt) -> None:
    """Each wrong answer gets its statement's own reason; what is not answered is not given away."""
    compare(attempt, [], show=lambda got, *_: _left_open(got), otherwise=_what_is_wrong)


def _sheet(got: object) -> dict[int, bool | None]:
    """The answers, True, False or None, by number."""
    numbers = range(1, len(STATEMENTS) + 1)
    if not isinstance(got, Mapping):
        raise Wrong(f"it returned {brief(got)}; expected a dict from the numbers 1 to 10 to True or False")
    if set(got) != set(numbers):
        raise Wrong(f"it answers {brief(sorted(got, key=str))}; expected one answer for each of the numbers 1 to 10")
    return {n: _answer(n, got[n]) for n in numbers}


def _answer(n: int, given: Any) -> bool | None:
    if isinstance(given, str):
        raise Wrong(f"answer {n} is the text {given!r}; write True or False without quotation marks")
    try:
        known = given is None or given in (True, False)
    except (ValueError, RuntimeError):  # several values
        known = False
    if not known:
        raise Wrong(f"answer {n} is {brief(given)}; write True or False")
    return None if given is None else bool(given)


def _left_open(got: dict[int, bool | None]) -> str:
    missing = [str(n) for n, answer in got.items() if answer is None]
    return f"no answer yet to {', '.join(missing)}" if missing else ""


def _what_is_wrong(got: dict[int, bool | None], right: dict[int, bool]) -> str:
    wrong = [n for n in right if got[n] not in (None, right[n])]
    if not wrong:
        return "the sheet is not full yet"
    reasons = "\n".join(f"Statement {n}: {STATEMENTS[n - 1].why}" for n in wrong)
    return f"{len(wrong)} of 10 do{'es' * (len(wrong) == 1)} not hold up.\n{reasons}"
