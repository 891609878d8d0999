"""This lesson's exercises. The references are the library's own functions."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lthedu.exercises.compare import Case, compare
from lthedu.exercises.core import Attempt, Raised, Wrong, exercise
from lthedu.exercises.readers import items, whole
from lthedu.exercises.values import brief, difference
from lthedu.sparsity import grown, lasted, rule_book, submanifold_conv
from lthedu.sparsity.submanifold import Rules

SHAPES = {  # what torch says of shapes that do not fit, and what is told
    "cannot be multiplied": "a product does not fit: rows of `features` are (pairs, in) and a matrix of `weight` is "
    "(out, in), so transpose the matrix",
    "source tensor shape": "what is added does not fit the result, which is torch.zeros(len(features), len(weight)): "
    "(n, out)",
}
WHERE = ("above left", "above", "above right", "left", "the middle", "right", "below left", "below", "below right")


@exercise(
    grown,
    "What an ordinary convolution fills",
    minutes=8,
    level=1,
    hints=(
        "A place of the result is non-zero if one of the nine places under the kernel is active. Which operation on an "
        "image gives the largest of the nine?",
        "A 3 x 3 maximum with padding 1 and stride 1 looks at exactly these nine places. It takes floats "
        "(images, 1, height, width), so give it a channel axis and take that away again.",
        "filled = torch.nn.functional.max_pool2d(active[:, None].float(), 3, ...)\nreturn filled[:, 0] > 0",
    ),
    returns=lambda result, active: _truths(result, active),
)
def check_grown(attempt: Attempt) -> None:
    """A place in the middle, one in a corner, two images, none and all, then random ones."""
    middle, corner = torch.zeros(1, 5, 5, dtype=torch.bool), torch.zeros(1, 3, 4, dtype=torch.bool)
    middle[0, 2, 2] = corner[0, 0, 3] = True
    two = torch.zeros(3, 4, 4, dtype=torch.bool)
    two[0, 3, 3] = two[2, 1, 0] = True
    cases: list[Case] = [(middle,), (corner,), (two,), (~torch.ones(1, 2, 2).bool(),), (torch.ones(1, 2, 2).bool(),)]
    cases += [(_places(attempt, *shape, 0.1),) for shape in ((2, 6, 7), (1, 1, 9), (3, 8, 5))]
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: torch.equal(a, b),
        show=lambda got, right, active: f"active {_listed(active)}: {_first(got, right)}",
        otherwise="that is not every active place with the eight around it",
    )


def _truths(got: object, active: Tensor) -> Tensor:
    found = _tensor(got, torch.float64, "truth values")
    if _tensor(got, None, "truth values").is_floating_point():
        raise Wrong("it holds numbers with a point, such as 1.0; expected True or False for each place: ask `> 0`")
    if found.shape != active.shape:
        raise Wrong(f"it has shape {tuple(found.shape)}; expected {tuple(active.shape)}, the shape of `active`")
    if not bool(((found == 0) | (found == 1)).all()):
        raise Wrong("it holds other numbers than 0 and 1; expected True or False for each place")
    return found.bool()


def _tensor(got: object, dtype: torch.dtype | None, expected: str) -> Tensor:
    try:
        return torch.as_tensor(got, dtype=dtype)
    except (TypeError, ValueError, RuntimeError, OverflowError, MemoryError):
        raise Wrong(f"it returned {brief(got)}; expected {expected}") from None


def _places(attempt: Attempt, images: int, height: int, width: int, share: float) -> Tensor:
    return torch.rand(images, height, width, generator=attempt.rng) < share


def _listed(active: Tensor) -> str:
    """Where active places are: (image, row, column) of each."""
    places = [tuple(place) for place in active.nonzero().tolist()]
    return f"{', '.join(map(str, places[:6])) or 'nowhere'}{' and more' if len(places) > 6 else ''} of {_sides(active)}"


def _sides(active: Tensor) -> str:
    return " x ".join(map(str, active.shape))


def _first(got: Tensor, right: Tensor) -> str:
    place = tuple((got != right).nonzero()[0].tolist())
    return f"at {place} it says {bool(got[place])}, expected {bool(right[place])}"


@exercise(
    rule_book,
    "The rule book",
    minutes=15,
    level=3,
    hints=(
        "Number the active places as `active.nonzero()` lists them. If you stand at one of them, how do you find the "
        "number of its neighbour, or that there is none?",
        "A dictionary from (image, row, column) to the number answers both questions. Go through the nine positions "
        "(-1, -1), (-1, 0), ... (1, 1) in this order. For each go through all active places, and note a pair wherever "
        "the neighbour there is in the dictionary.",
        "number = {tuple(place): i for i, place in enumerate(active.nonzero().tolist())}\nrules = []\n"
        "for down in (-1, 0, 1):\n    for right in (-1, 0, 1):\n        reads, writes = [], []\n"
        "        for (image, row, column), i in number.items():\n            j = number.get(...)\n"
        "            if j is not None:\n                reads.append(j)\n                writes.append(i)\n"
        "        rules.append((torch.tensor(reads).long(), torch.tensor(writes).long()))\nreturn rules",
    ),
    returns=lambda result, active: _rules(result, active),
)
def check_rule_book(attempt: Attempt) -> None:
    """Two places side by side, one above the other and at an edge, two images, none and all, then random ones."""
    row, column, far = (torch.zeros(1, 3, 4, dtype=torch.bool) for _ in range(3))
    row[0, 1, 1:3] = column[0, :2, 0] = True
    far[0, 0, 3] = far[0, 1, 0] = True  # side by side only for one who forgets where rows end
    two = torch.zeros(2, 2, 2, dtype=torch.bool)
    two[0, 1, 1] = two[1, 0, 1] = True
    cases: list[Case] = [
        (row,),
        (column,),
        (far,),
        (two,),
        (torch.zeros(1, 2, 2).bool(),),
        (torch.ones(1, 3, 2).bool(),),
    ]
    cases += [(_places(attempt, *shape, 0.4),) for shape in ((2, 4, 5), (1, 6, 3))]
    compare(
        attempt,
        cases,
        close=lambda a, b, *_: all(_same_pairs(p, q) for p, q in zip(a, b, strict=True)),
        show=lambda got, right, active: f"active {_listed(active)}: {_differing(got, right)}",
        otherwise="those are not the pairs of active places that each position of the kernel connects",
    )


def _rules(got: object, active: Tensor) -> Rules:
    """Nine pairs of whole numbers, each sorted by what is written."""
    found = []
    for k, pair in enumerate(items(got, 9, "nine pairs, one for each position of the kernel")):
        reads, writes = (
            _tensor(side, torch.float64, f"whole numbers in entry {k}").flatten()
            for side in items(pair, 2, f"in entry {k} a pair: what is read, and what is written")
        )
        if len(reads) != len(writes):
            raise Wrong(f"entry {k} reads {len(reads)} places and writes {len(writes)}; expected equally many")
        numbers, n = torch.cat([reads, writes]), int(active.sum())
        if not bool(((numbers >= 0) & (numbers < n) & (numbers % 1 == 0)).all()):
            raise Wrong(f"entry {k} names {brief(numbers)}; expected whole numbers from 0 to {n - 1}")
        order = torch.argsort(writes * n + reads)
        found.append((reads[order].long(), writes[order].long()))
    return found


def _same_pairs(one: Sequence[Tensor], other: Sequence[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def _differing(got: Rules, right: Rules) -> str:
    for k, (g, r) in enumerate(zip(got, right, strict=True)):
        if not _same_pairs(g, r):
            pairs = [f"reads {brief(reads)} and writes {brief(writes)}" for reads, writes in (g, r)]
            return f"entry {k} ({WHERE[k]}) {pairs[0]}, expected {pairs[1]}"
    return ""


@exercise(
    submanifold_conv,
    "Gather, product, scatter",
    minutes=10,
    level=2,
    hints=(
        "Take one position of the kernel, with its matrix of (out, in) weights and its two lists. What does each pair "
        "of the lists contribute to the result?",
        "`features[reads]` gathers the rows that are read, a product with the transposed matrix makes of them rows of "
        "`out` channels, and `z.index_add_(0, writes, ...)` adds these to the rows that are written.",
        "z = torch.zeros(len(features), len(weight))\nmatrices = weight.flatten(2).unbind(2)  # each (out, in)\n"
        "for (reads, writes), w in zip(rules, matrices):\n    z.index_add_(0, writes, ...)\nreturn z",
    ),
    returns=lambda result, features, weight, rules: _table(result, (len(features), len(weight))),
)
def check_submanifold_conv(attempt: Attempt) -> None:
    """Four places that touch, two side by side with a kernel of ones, one channel to two, none, then random ones."""
    row, full = torch.tensor([[[True, True, False]]]), torch.ones(1, 2, 2).bool()
    cases: list[Case] = [
        (torch.arange(8.0).view(4, 2), torch.arange(54.0).view(3, 2, 3, 3), rule_book(full)),
        (torch.tensor([[1.0], [10.0]]), torch.ones(1, 1, 3, 3), rule_book(row)),
        (torch.tensor([[1.0], [10.0]]), torch.arange(18.0).view(2, 1, 3, 3), rule_book(row)),
        (torch.zeros(0, 2), torch.ones(3, 2, 3, 3), rule_book(~row & row)),
    ]
    for inputs, outputs in ((2, 3), (3, 3), (4, 1)):
        active = _places(attempt, 2, 4, 5, 0.5)
        features = torch.randn(int(active.sum()), inputs, generator=attempt.rng)
        cases.append((features, torch.randn(outputs, inputs, 3, 3, generator=attempt.rng), rule_book(active)))
    told = partial(
        compare,
        attempt,
        cases,
        close=lambda a, b, *_: torch.allclose(a, b, atol=1e-4),
        show=lambda got, right, features, weight, rules: (
            f"features {brief(features)}, a kernel of shape {tuple(weight.shape)}: {difference(got, right)}"
        ),
        otherwise="that is not the sum over the kernel's positions of gather, product and scatter",
    )
    try:
        told()
    except Raised as raised:
        for sign, words in SHAPES.items():
            if sign in str(raised):
                raise Wrong(words) from None
        raise


def _table(got: object, shape: tuple[int, ...]) -> Tensor:
    found = _tensor(got, torch.float32, f"numbers of shape {shape}")
    if found.shape != shape:
        raise Wrong(f"it has shape {tuple(found.shape)}; expected {shape}: a row for each place, a column a channel")
    return found


@exercise(
    lasted,
    "Read a record",
    minutes=10,
    level=2,
    hints=(
        "A library with a release two years ago and a commit last month: is it alive? And how long will it have lasted "
        "in the end?",
        "The sign that is the fewest months ago decides. If it is more than 12 months ago, count up to it. If not, the "
        "end lies in the future, so count up to the check, and say that no end was seen.",
        "def months(date):\n    year, month = map(int, date.split('-')[:2])\n    return 12 * year + month\n\n"
        "last, now, begin = max(map(months, signs)), months(checked_on), months(since)\n"
        "ended = ...\nreturn (last - begin, True) if ended else (now - begin, False)",
    ),
    returns=lambda result, *_: _months(result),
)
def check_lasted(attempt: Attempt) -> None:
    """Ended and alive libraries, signs in both orders, one sign, one before the beginning, and the 12 months' edge."""
    compare(
        attempt,
        [
            (["2021-05-21", "2023-03-22"], "2020-03-07", "2026-11-30"),
            (["2025-05-31", "2023-10-06"], "2020-03-07", "2026-11-30"),
            (["2024-02", "2026-08-10"], "2020-03-07", "2026-11-30"),
            (["2019-04"], "2020-03-07", "2026-11-30"),
            (["2025-11-01"], "2020-03-07", "2026-11-30"),
            (["2025-10-31"], "2020-03-07", "2026-11-30"),
            (["2022-01", "2020-06", "2021-12"], "2020-01", "2023-06-15"),
        ],
        show=lambda got, right, signs, since, checked_on: (
            f"signs {signs}, since {since}, checked on {checked_on}: returned {got}, expected {right}"
        ),
        otherwise="that is not how long it lasted, or whether its end was seen",
    )


def _months(got: Any) -> tuple[int, bool]:
    months, ended = items(got, 2, "a number of months, and whether the end was seen")
    truth = _tensor(ended, torch.float64, "True or False, whether the end was seen")
    if truth.numel() != 1 or float(truth) not in (0, 1):
        raise Wrong(f"the second is {brief(ended)}; expected True or False, whether the end was seen")
    return whole(months, "a whole number of months"), bool(truth)
