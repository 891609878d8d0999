"""Other right answers to this lesson's exercises, and wrong ones that no mistake of the course describes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.ndimage
import torch
from answers import right, told
from torch import Tensor
from torch.nn import functional

from lthedu.sparsity import neighbours, rule_book, submanifold_conv
from lthedu.sparsity.submanifold import Rules

# grown


@right("grown")
def by_scipy(active: Tensor) -> Any:
    return scipy.ndimage.binary_dilation(active.numpy(), np.ones((1, 3, 3)))


@right("grown")
def by_a_convolution(active: Tensor) -> Any:
    return functional.conv2d(active[:, None].double(), torch.ones(1, 1, 3, 3).double(), padding=1)[:, 0] > 0.5


@right("grown")
def place_by_place(active: Tensor) -> Any:
    images, height, width = active.shape
    out = [[[0] * width for _ in range(height)] for _ in range(images)]
    for image, row, column in active.nonzero().tolist():
        for r in range(max(0, row - 1), min(height, row + 2)):
            for c in range(max(0, column - 1), min(width, column + 2)):
                out[image][r][c] = 1
    return out


@told("grown", "it has shape (1, 1, 5, 5); expected (1, 5, 5)")
def with_a_channel(active: Tensor) -> Any:
    return functional.max_pool2d(active[:, None].float(), 3, 1, 1) > 0


@told("grown", "it holds other numbers than 0 and 1")
def counted(active: Tensor) -> Any:
    return functional.conv2d(active[:, None].float(), torch.ones(1, 1, 3, 3), padding=1)[:, 0].int() + 1


@told("grown", "it holds numbers with a point, such as 1.0; expected True or False")
def as_the_maximum_gives_it(active: Tensor) -> Any:
    return functional.max_pool2d(active[:, None].float(), 3, 1, 1)[:, 0]


@told("grown", "that is not every active place with the eight around it")
def nothing(active: Tensor) -> Any:
    return torch.zeros_like(active)


# rule_book


@right("rule_book")
def by_the_table(active: Tensor) -> Any:
    table = neighbours(active).numpy()
    rules = []
    for column in table.T:
        writes = np.flatnonzero(column < len(table))[::-1]  # in another order
        rules.append([column[writes].copy(), writes.copy()])
    return rules


@right("rule_book")
def by_a_dictionary(active: Tensor) -> Any:
    number = {tuple(place): i for i, place in enumerate(active.nonzero().tolist())}
    rules = []
    for k in range(9):
        reads, writes = [], []
        for (image, row, column), i in number.items():
            j = number.get((image, row + k // 3 - 1, column + k % 3 - 1))
            if j is not None:
                reads.append(j)
                writes.append(i)
        rules.append((reads, writes))
    return tuple(rules)


@told("rule_book", "expected nine pairs, one for each position of the kernel")
def eight_of_nine(active: Tensor) -> Any:
    return rule_book(active)[:8]


@told("rule_book", "entry 4 reads 2 places and writes 1; expected equally many")
def unequal(active: Tensor) -> Any:
    rules = rule_book(active)
    reads, writes = rules[4]
    return [*rules[:4], (reads, writes[:-1]), *rules[5:]]


@told("rule_book", "expected whole numbers from 0 to 1")
def counted_from_one(active: Tensor) -> Any:
    return [(reads + 1, writes + 1) for reads, writes in rule_book(active)]


@told("rule_book", "those are not the pairs of active places that each position of the kernel connects")
def the_middle_alone(active: Tensor) -> Any:
    rules = rule_book(active)
    return [rules[4] if k == 4 else ([], []) for k in range(9)]


# submanifold_conv


@right("submanifold_conv")
def pair_by_pair(features: Tensor, weight: Tensor, rules: Rules) -> Any:
    out = np.zeros((len(features), len(weight)))
    for k, (reads, writes) in enumerate(rules):
        for j, i in zip(reads.tolist(), writes.tolist(), strict=True):
            out[i] += (weight[:, :, k // 3, k % 3] @ features[j]).numpy()
    return out


@right("submanifold_conv")
def by_matrices(features: Tensor, weight: Tensor, rules: Rules) -> Any:
    n, out = len(features), 0
    for k, (reads, writes) in enumerate(rules):
        scatter = torch.zeros(n, n).index_put((writes, reads), torch.ones(len(reads)))
        out = out + scatter @ features @ weight.flatten(2)[:, :, k].T
    return out


@told("submanifold_conv", "it has shape (3, 4); expected (4, 3)")
def lying(features: Tensor, weight: Tensor, rules: Rules) -> Any:
    return submanifold_conv(features, weight, rules).T


@told("submanifold_conv", "a product does not fit: rows of `features` are (pairs, in)")
def not_transposed(features: Tensor, weight: Tensor, rules: Rules) -> Any:
    out = torch.zeros(len(features), len(weight))
    for (reads, writes), w in zip(rules, weight.flatten(2).unbind(2), strict=True):
        out.index_add_(0, writes, features[reads] @ w)
    return out


@told("submanifold_conv", "what is added does not fit the result")
def as_wide_as_what_came_in(features: Tensor, weight: Tensor, rules: Rules) -> Any:
    out = torch.zeros_like(features)
    for (reads, writes), w in zip(rules, weight.flatten(2).unbind(2), strict=True):
        out.index_add_(0, writes, features[reads] @ w.T)
    return out


@told("submanifold_conv", "that is not the sum over the kernel's positions of gather, product and scatter")
def with_a_relu(features: Tensor, weight: Tensor, rules: Rules) -> Any:
    return submanifold_conv(features, weight, rules).relu() + 1


# lasted


def _count(date: str) -> int:
    year, month = date.split("-")[:2]
    return 12 * int(year) + int(month)


@right("lasted")
def by_counting(signs: Sequence[str], since: str, checked_on: str) -> Any:
    last, now, begin = max(_count(s) for s in signs), _count(checked_on), _count(since)
    return [now - begin, 0] if now - last <= 12 else [last - begin, 1]


@right("lasted")
def by_numpy(signs: Sequence[str], since: str, checked_on: str) -> Any:
    last, now, begin = (np.datetime64(d[:7], "M") for d in (max(s[:7] for s in signs), checked_on, since))
    ended = now - last > np.timedelta64(12, "M")
    return ((last if ended else now) - begin).astype(int), ended


@told("lasted", "expected a number of months, and whether the end was seen")
def only_the_months(signs: Sequence[str], since: str, checked_on: str) -> Any:
    return 36


@told("lasted", "that is not how long it lasted, or whether its end was seen")
def always_ten(signs: Sequence[str], since: str, checked_on: str) -> Any:
    return 10, True


@told("lasted", "expected True or False, whether the end was seen")
def in_words(signs: Sequence[str], since: str, checked_on: str) -> Any:
    return 36, "ended"
