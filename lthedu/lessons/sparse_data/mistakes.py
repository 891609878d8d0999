"""Mistakes that people really make in this lesson, and what they are told."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lthedu.exercises.core import mistake
from lthedu.sparsity import grown, lasted, months_between, rule_book, submanifold_conv
from lthedu.sparsity.submanifold import Rules

# grown -------------------------------------------------------------------------------------------------------


@mistake("grown", "places that touch an active one by a corner are missing; a 3 x 3 kernel reads corners, too")
def without_corners(active: Tensor) -> Tensor:
    out = active.clone()
    out[:, 1:] |= active[:, :-1]
    out[:, :-1] |= active[:, 1:]
    out[:, :, 1:] |= active[:, :, :-1]
    out[:, :, :-1] |= active[:, :, 1:]
    return out


@mistake("grown", "this is only the ring of new places; those that were active stay so")
def only_the_ring(active: Tensor) -> Tensor:
    return grown(active) & ~active


@mistake("grown", "this grows by two places; one convolution of 3 x 3 reaches one place far")
def two_rings(active: Tensor) -> Tensor:
    return grown(grown(active))


@mistake("grown", "what leaves an image on one side comes back on the other; beyond the edge there is nothing")
def round_the_edge(active: Tensor) -> Tensor:
    out = active.clone()
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            out |= active.roll((down, right), (1, 2))
    return out


@mistake("grown", "places of one image make places of another one active; images have nothing to do with one another")
def across_images(active: Tensor) -> Tensor:
    return grown(active.any(0, keepdim=True)).expand_as(active)


@mistake("grown", "nothing has grown; this is what a submanifold convolution fills")
def nothing_new(active: Tensor) -> Tensor:
    return active


# rule_book ---------------------------------------------------------------------------------------------------


@mistake(
    "rule_book",
    "reads and writes are exchanged, or the nine run backwards; `reads` is the neighbour, and up-left comes first",
)
def exchanged(active: Tensor) -> Rules:
    return [(writes, reads) for reads, writes in rule_book(active)]


@mistake("rule_book", "the entries run down the columns of the kernel; `weight.flatten(2)` runs along its rows")
def by_columns(active: Tensor) -> Rules:
    rules = rule_book(active)
    return [rules[3 * (k % 3) + k // 3] for k in range(9)]


@mistake("rule_book", "the middle is missing: each active place is its own neighbour under the kernel's middle")
def without_the_middle(active: Tensor) -> Rules:
    rules = rule_book(active)
    nothing = torch.zeros(0, dtype=torch.long)
    return [*rules[:4], (nothing, nothing), *rules[5:]]


@mistake("rule_book", "places of different images are paired; the number of the image must be the same")
def between_images(active: Tensor) -> Rules:
    return _by_key(active, lambda place: tuple(place[1:]))


@mistake("rule_book", "the last place of a row is paired with the first of the next; a row ends at the edge")
def past_the_edge(active: Tensor) -> Rules:
    width = active.shape[2]
    return _by_key(active, lambda place: (place[0], place[1] * width + place[2]), width)


def _by_key(active: Tensor, key: Any, width: int = 0) -> Rules:
    """Pairs by a key that is too short: places of several images, or of all rows in one line, look like neighbours."""
    places = active.nonzero().tolist()
    number: dict[Any, list[int]] = {}
    for i, place in enumerate(places):
        number.setdefault(key(place), []).append(i)
    rules: list[Any] = []
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            pairs = []
            for i, place in enumerate(places):
                at = key(place)
                there = (at[0], at[1] + down * width + right) if width else (at[0] + down, at[1] + right)
                pairs += [(j, i) for j in number.get(there, [])]
            made = torch.tensor(pairs, dtype=torch.long).view(-1, 2)
            rules.append((made[:, 0], made[:, 1]))
    return rules


# submanifold_conv --------------------------------------------------------------------------------------------


@mistake("submanifold_conv", "each position of the kernel replaces what the one before wrote; add with index_add_")
def replaces(features: Tensor, weight: Tensor, rules: Rules) -> Tensor:
    out = features.new_zeros(len(features), len(weight))
    for (reads, writes), w in zip(rules, weight.flatten(2).unbind(2), strict=True):
        out[writes] = features[reads] @ w.T
    return out


@mistake("submanifold_conv", "what is read and what is written are exchanged, which turns the kernel round")
def turned_round(features: Tensor, weight: Tensor, rules: Rules) -> Tensor:
    return submanifold_conv(features, weight, [(writes, reads) for reads, writes in rules])


@mistake("submanifold_conv", "only the kernel's middle is used; the other eight read the neighbours")
def only_the_middle(features: Tensor, weight: Tensor, rules: Rules) -> Tensor:
    return features @ weight[:, :, 1, 1].T


@mistake("submanifold_conv", "this is a mean over the active neighbours; a convolution is a sum")
def averages(features: Tensor, weight: Tensor, rules: Rules) -> Tensor:
    many = torch.bincount(torch.cat([writes for _, writes in rules]), minlength=len(features))
    return submanifold_conv(features, weight, rules) / many[:, None].clamp(min=1)


@mistake("submanifold_conv", "all rules use the same weights; entry k of the rules belongs to position k of the kernel")
def one_weight_for_all(features: Tensor, weight: Tensor, rules: Rules) -> Tensor:
    return submanifold_conv(features, weight[:, :, 1:2, 1:2].expand_as(weight), rules)


@mistake("submanifold_conv", "rows and columns of the kernel are exchanged; entry k is row k // 3 and column k % 3")
def columns_first(features: Tensor, weight: Tensor, rules: Rules) -> Tensor:
    return submanifold_conv(features, weight.mT, rules)


# lasted ------------------------------------------------------------------------------------------------------


@mistake("lasted", "the first of the signs is taken; the latest of them counts")
def by_the_first_sign(signs: Sequence[str], since: str, checked_on: str) -> Any:
    return lasted(signs[:1], since, checked_on)


@mistake("lasted", "the last of the list is taken; signs are in any order, and the latest of them counts")
def by_the_last_of_the_list(signs: Sequence[str], since: str, checked_on: str) -> Any:
    return lasted(signs[-1:], since, checked_on)


@mistake("lasted", "months are counted as 30 days; only year and month count, 12 to a year")
def by_days(signs: Sequence[str], since: str, checked_on: str) -> Any:
    last, now, begin = (np.datetime64(date, "D").astype(int) for date in (max(signs), checked_on, since))
    ended = (now - last) // 30 > 12
    return int(((last if ended else now) - begin) // 30), bool(ended)


@mistake("lasted", "a library that ended before `since` is given 0 months; the months are negative then")
def never_negative(signs: Sequence[str], since: str, checked_on: str) -> Any:
    months, ended = lasted(signs, since, checked_on)
    return max(0, months), ended


@mistake("lasted", "the earliest sign is taken; the latest of them counts")
def by_the_earliest_sign(signs: Sequence[str], since: str, checked_on: str) -> Any:
    return lasted([min(signs)], since, checked_on)


@mistake("lasted", "what is still alive is said to have ended at its last sign; its end was not seen")
def everything_ended(signs: Sequence[str], since: str, checked_on: str) -> Any:
    return max(months_between(since, sign) for sign in signs), True


@mistake("lasted", "what is still alive lasted until the check at least, and not only until its last sign")
def up_to_the_last_sign(signs: Sequence[str], since: str, checked_on: str) -> Any:
    return max(months_between(since, sign) for sign in signs), lasted(signs, since, checked_on)[1]


@mistake("lasted", "exactly 12 months without a sign are not more than 12")
def from_twelve_months(signs: Sequence[str], since: str, checked_on: str) -> Any:
    months, ended = lasted(signs, since, checked_on)
    ago = min(months_between(sign, checked_on) for sign in signs)
    return (months - 12, True) if ago == 12 else (months, ended)


@mistake("lasted", "this says whether it is alive; the second value says whether its end was seen")
def whether_alive(signs: Sequence[str], since: str, checked_on: str) -> Any:
    months, ended = lasted(signs, since, checked_on)
    return months, not ended
