"""Answers to lesson 09 that people really give: right ones written differently, and wrong ones by name.

No lesson imports this module; the tests hold every check against it.
"""

import math
from typing import Any

import numpy as np
import torch

from lthedu.exercises.core import alternative, planted
from lthedu.proof import closest_subset

# 9.1 ---------------------------------------------------------------------------------------------------------


@alternative("9.1")
def in_two_steps(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    a, b = np.array(incoming), np.array(outgoing)
    keep = np.zeros(len(a), bool)
    for mine, target in ((a > 0, weight), (a < 0, -weight)):
        keep[mine] = choose((np.abs(a) * b)[mine].tolist(), target)
    return keep


@alternative("9.1")
def with_the_sign_moved(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    up = [j for j in range(len(incoming)) if incoming[j] > 0]
    down = [j for j in range(len(incoming)) if incoming[j] < 0]
    chosen = dict(zip(up, choose([incoming[j] * outgoing[j] for j in up], weight), strict=True))
    # for x < 0: a b x must be w x, with a b of either sign
    chosen |= dict(zip(down, choose([incoming[j] * outgoing[j] for j in down], weight), strict=True))
    return [bool(chosen.get(j, False)) for j in range(len(incoming))]


@planted("9.1", "must add up to -w")  # the second branch aims at w, as the first
def forgets_minus_w(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    keep = [False] * len(incoming)
    for sign in (1, -1):
        mine = [j for j, a in enumerate(incoming) if sign * a > 0]
        for j, k in zip(mine, choose([abs(incoming[j]) * outgoing[j] for j in mine], weight), strict=True):
            keep[j] = k
    return keep


@planted("9.1", "nothing answers to x < 0")
def one_branch_only(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    keep = [False] * len(incoming)
    mine = [j for j, a in enumerate(incoming) if a > 0]
    for j, k in zip(mine, choose([incoming[j] * outgoing[j] for j in mine], weight), strict=True):
        keep[j] = k
    return keep


@planted("9.1", "never add up")  # a course that is online says that w1 - w2 of any two neurons will do
def one_sum_for_all(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    return choose([a * b for a, b in zip(incoming, outgoing, strict=True)], weight)


@planted("9.1", "no neuron answers to both signs")
def one_sum_of_sizes(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    return choose([abs(a) * b for a, b in zip(incoming, outgoing, strict=True)], weight)


@planted("9.1", "outgoing weights alone")
def forgets_the_incoming(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    keep = [False] * len(incoming)
    for sign in (1, -1):
        mine = [j for j, a in enumerate(incoming) if sign * a > 0]
        for j, k in zip(mine, choose([outgoing[j] for j in mine], sign * weight), strict=True):
            keep[j] = k
    return keep


@planted("9.1", "exchanged")
def wrong_branch_sign(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    keep = [False] * len(incoming)
    for sign in (1, -1):
        mine = [j for j, a in enumerate(incoming) if sign * a > 0]
        for j, k in zip(mine, choose([abs(incoming[j]) * outgoing[j] for j in mine], -sign * weight), strict=True):
            keep[j] = k
    return keep


@planted("9.1", "dead neuron")
def keeps_dead_neurons(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    keep = [a == 0 for a in incoming]
    for sign in (1, -1):
        mine = [j for j, a in enumerate(incoming) if sign * a > 0]
        for j, k in zip(mine, choose([abs(incoming[j]) * outgoing[j] for j in mine], sign * weight), strict=True):
            keep[j] = k
    return keep


@planted("9.1", "turned round")
def turned(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    return [not k for k in in_two_steps(incoming, outgoing, weight, choose)]


@planted("9.1", "does not ask `choose`")
def chooses_by_itself(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    return in_two_steps(incoming, outgoing, weight)


@planted("9.1", "expected 2 times True or False")
def returns_two_lists(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    return [a > 0 for a in incoming], [a < 0 for a in incoming], [True]


# 9.2 ---------------------------------------------------------------------------------------------------------


@alternative("9.2")
def neuron_by_neuron(second: Any, owner: Any, columns: int) -> Any:
    found = np.zeros((len(owner), columns), bool)
    for j, who in enumerate(owner):
        if who >= 0 and any(row[j] for row in second):
            found[j, who] = True
    return found


@alternative("9.2")
def by_comparing(second: Any, owner: Any, columns: int) -> Any:
    return (owner[:, None] == np.arange(columns)) & second.any(0)[:, None]


@planted("9.2", "all outputs share it")  # per-output first-layer masks
def one_for_each_output(second: Any, owner: Any, columns: int) -> Any:
    return np.stack([by_comparing(row[None], owner, columns) for row in second])


@planted("9.2", "nobody owns (-1)")
def owner_minus_one(second: Any, owner: Any, columns: int) -> Any:
    found = np.zeros((len(owner), columns), bool)
    used = np.flatnonzero(second.any(0))
    found[used, owner[used]] = True
    return found


@planted("9.2", "used or not")
def keeps_the_unused(second: Any, owner: Any, columns: int) -> Any:
    return owner[:, None] == np.arange(columns)


@planted("9.2", "all outputs use")
def all_instead_of_any(second: Any, owner: Any, columns: int) -> Any:
    return (owner[:, None] == np.arange(columns)) & second.all(0)[:, None]


@planted("9.2", "first output only")
def looks_at_one_output(second: Any, owner: Any, columns: int) -> Any:
    return (owner[:, None] == np.arange(columns)) & second[0][:, None]


@planted("9.2", "several outputs share")
def loses_the_shared(second: Any, owner: Any, columns: int) -> Any:
    return (owner[:, None] == np.arange(columns)) & (second.sum(0) == 1)[:, None]


@planted("9.2", "more than one incoming number")
def keeps_whole_rows(second: Any, owner: Any, columns: int) -> Any:
    return np.repeat((second.any(0) & (owner >= 0))[:, None], columns, axis=1)


@planted("9.2", "turned; a row is a hidden neuron")
def turned_table(second: Any, owner: Any, columns: int) -> Any:
    return by_comparing(second, owner, columns).T


@planted("9.2", "turned round")
def pruned_for_kept(second: Any, owner: Any, columns: int) -> Any:
    return ~by_comparing(second, owner, columns)


# 9.3 ---------------------------------------------------------------------------------------------------------


@alternative("9.3")
def one_large_vector(layers: Any, largest: float = 0.25) -> Any:
    found, c = [], 1.0
    for layer in layers:
        shrunk = layer.copy()
        shrunk[:, -1] /= c
        s = np.abs(shrunk).max() / largest
        found.append(shrunk / s)
        c *= s
    return found, c


@alternative("9.3")
def from_a_list_of_scales(layers: Any, largest: float = 0.25) -> Any:
    scales: list[float] = []
    for layer in layers:
        before = math.prod(scales)
        scales.append(max(np.abs(layer[:, :-1]).max(), np.abs(layer[:, -1]).max() / before) / largest)
    found = [
        np.hstack([layer[:, :-1] / s, layer[:, -1:] / math.prod(scales[: i + 1])])
        for i, (layer, s) in enumerate(zip(layers, scales, strict=True))
    ]
    return found, math.prod(scales)


@planted("9.3", "the biases are what they were")  # biases not normalised
def biases_left_alone(layers: Any, largest: float = 0.25) -> Any:
    found, c = [], 1.0
    for layer in layers:
        s = np.abs(layer[:, :-1]).max() / largest
        found.append(np.hstack([layer[:, :-1] / s, layer[:, -1:]]))
        c *= s
    return found, c


@planted("9.3", "product of all s so far")
def each_layer_by_itself(layers: Any, largest: float = 0.25) -> Any:
    found, c = [], 1.0
    for layer in layers:
        s = np.abs(layer).max() / largest
        found.append(layer / s)
        c *= s
    return found, c


@planted("9.3", "largest bias")
def sizes_of_weights_only(layers: Any, largest: float = 0.25) -> Any:
    found, c = [], 1.0
    for layer in layers:
        s = np.abs(layer[:, :-1]).max() / largest
        c *= s
        found.append(np.hstack([layer[:, :-1] / s, layer[:, -1:] / c]))
    return found, c


@planted("9.3", "it changed its argument 'layers'")
def in_place(layers: Any, largest: float = 0.25) -> Any:
    c = 1.0
    for layer in layers:
        layer[:, -1] /= c
        s = np.abs(layer).max() / largest
        layer /= s
        c *= s
    return layers, c


@planted("9.3", "scale is the inverse")
def inverse_scale(layers: Any, largest: float = 0.25) -> Any:
    found, c = one_large_vector(layers, largest)
    return found, 1 / c


@planted("9.3", "the output must be multiplied by")
def last_scale_only(layers: Any, largest: float = 0.25) -> Any:
    found, _ = one_large_vector(layers, largest)
    return found, 1.0


@planted("9.3", "divided by different numbers")
def weights_and_biases_apart(layers: Any, largest: float = 0.25) -> Any:
    found, c = [], 1.0
    for layer in layers:
        s, t = np.abs(layer[:, :-1]).max() / largest, np.abs(layer[:, -1]).max() / largest
        found.append(np.hstack([layer[:, :-1] / s, layer[:, -1:] / t]))
        c *= s
    return found, c


@planted("9.3", "smaller than it may be")
def with_room_to_spare(layers: Any, largest: float = 0.25) -> Any:
    return one_large_vector(layers, largest / 4)


@planted("9.3", "negative number")
def by_the_largest_signed(layers: Any, largest: float = 0.25) -> Any:
    found, c = one_large_vector(layers, largest)
    found[0] = -found[0]
    return found, -c


@planted("9.3", "expected the list of layers, and the scale")
def forgets_the_scale(layers: Any, largest: float = 0.25) -> Any:
    return np.zeros(3)


@alternative("9.3")
def in_torch_and_float32(layers: Any, largest: float = 0.25) -> Any:
    found, c = [], torch.tensor(1.0)
    for layer in layers:
        shrunk = torch.tensor(layer, dtype=torch.float32)
        shrunk[:, -1] /= c
        s = shrunk.abs().max() / largest
        found.append(shrunk / s)
        c = c * s
    return found, c


# 9.5 ---------------------------------------------------------------------------------------------------------


@alternative("9.5")
def with_a_loop(target: Any, ticket: Any) -> Any:
    rows = list(zip(target.tolist(), ticket.tolist(), strict=True))
    same = sum(a.index(max(a)) == b.index(max(b)) for a, b in rows)
    return same / len(rows), max(abs(x - y) for a, b in rows for x, y in zip(a, b, strict=True))


@alternative("9.5")
def with_numpy_arrays(target: Any, ticket: Any) -> Any:
    a, b = target.numpy(), ticket.numpy()
    return np.mean(a.argmax(1) == b.argmax(1)), np.max(np.abs(a - b))


@planted("9.5", "take its size first")
def signed(target: Any, ticket: Any) -> Any:
    return (target.argmax(1) == ticket.argmax(1)).double().mean(), (target - ticket).max()


@planted("9.5", "the mean difference")
def mean_difference(target: Any, ticket: Any) -> Any:
    return (target.argmax(1) == ticket.argmax(1)).double().mean(), (target - ticket).abs().mean()


@planted("9.5", "root mean square")
def rms(target: Any, ticket: Any) -> Any:
    return (target.argmax(1) == ticket.argmax(1)).double().mean(), (target - ticket).square().mean().sqrt()


@planted("9.5", "the length of a row")
def euclidean(target: Any, ticket: Any) -> Any:
    return (target.argmax(1) == ticket.argmax(1)).double().mean(), (target - ticket).norm(dim=1).max()


@planted("9.5", "subtract first")
def difference_of_largest(target: Any, ticket: Any) -> Any:
    return (target.argmax(1) == ticket.argmax(1)).double().mean(), (target.max() - ticket.max()).abs()


@planted("9.5", "labels or accuracies play no part")  # accuracy in place of agreement
def equal_accuracies(target: Any, ticket: Any) -> Any:
    labels = torch.arange(len(target)) % target.shape[1]
    right = [(logits.argmax(1) == labels).double().mean() for logits in (target, ticket)]
    return 1 - (right[0] - right[1]).abs() / 3 - 0.01, (target - ticket).abs().max()


@planted("9.5", "in percent")
def percent(target: Any, ticket: Any) -> Any:
    return 100 * (target.argmax(1) == ticket.argmax(1)).double().mean(), (target - ticket).abs().max()


@planted("9.5", "the two differ")
def disagreement(target: Any, ticket: Any) -> Any:
    return (target.argmax(1) != ticket.argmax(1)).double().mean(), (target - ticket).abs().max()


@planted("9.5", "number of inputs")
def a_count(target: Any, ticket: Any) -> Any:
    return (target.argmax(1) == ticket.argmax(1)).sum(), (target - ticket).abs().max()


@planted("9.5", "exchanged")
def other_order(target: Any, ticket: Any) -> Any:
    return (target - ticket).abs().max(), (target.argmax(1) == ticket.argmax(1)).double().mean()


@planted("9.5", "down the columns")
def columns(target: Any, ticket: Any) -> Any:
    return (target.argmax(0) == ticket.argmax(0)).double().mean(), (target - ticket).abs().max()


# 9.6 ---------------------------------------------------------------------------------------------------------


def _norm(matrix: Any) -> float:
    return float(np.linalg.svd(matrix, compute_uv=False)[0])


@alternative("9.6")
def with_svd(target: Any, made: Any, errors: Any, reach: float) -> float:
    r, d = reach, 0.0
    for i in range(len(target)):
        one_more = math.hypot(r, 1)
        r, d = _norm(made[i]) * one_more, _norm(target[i][:, :-1]) * d + _norm(errors[i]) * one_more
    return d


@alternative("9.6")
def in_torch(target: Any, made: Any, errors: Any, reach: float) -> Any:
    def norm(m: Any) -> Any:
        return torch.linalg.matrix_norm(torch.as_tensor(m), 2)

    def step(layers: Any, length: Any, difference: Any) -> Any:
        if not layers:
            return difference
        (t, m, e), *rest = layers
        longest = (length**2 + 1) ** 0.5
        return step(rest, norm(m) * longest, norm(t[:, :-1]) * difference + norm(e) * longest)

    return step(list(zip(target, made, errors, strict=True)), torch.tensor(reach).double(), torch.tensor(0.0).double())


@planted("9.6", "errors of the biases are forgotten")  # a certificate that forgets a bias
def forgets_bias_errors(target: Any, made: Any, errors: Any, reach: float) -> float:
    r, d = reach, 0.0
    for t, m, e in zip(target, made, errors, strict=True):
        d = _norm(t[:, :-1]) * d + _norm(e[:, :-1]) * r
        r = _norm(m) * math.hypot(r, 1)
    return d


@planted("9.6", "`length` must see it")
def forgets_bias_lengths(target: Any, made: Any, errors: Any, reach: float) -> float:
    r, d = reach, 0.0
    for t, m, e in zip(target, made, errors, strict=True):
        d = _norm(t[:, :-1]) * d + _norm(e) * math.hypot(r, 1)
        r = _norm(m[:, :-1]) * r
    return d


@planted("9.6", "sqrt(length^2 + 1)")
def forgets_the_one(target: Any, made: Any, errors: Any, reach: float) -> float:
    r, d = reach, 0.0
    for t, m, e in zip(target, made, errors, strict=True):
        r, d = _norm(m) * r, _norm(t[:, :-1]) * d + _norm(e) * r
    return d


@planted("9.6", "multiplied by the target's W")
def only_adds_up(target: Any, made: Any, errors: Any, reach: float) -> float:
    r, d = reach, 0.0
    for _, m, e in zip(target, made, errors, strict=True):
        r, d = _norm(m) * math.hypot(r, 1), d + _norm(e) * math.hypot(r, 1)
    return d


@planted("9.6", "before it")
def length_first(target: Any, made: Any, errors: Any, reach: float) -> float:
    r, d = reach, 0.0
    for t, m, e in zip(target, made, errors, strict=True):
        r = _norm(m) * math.hypot(r, 1)
        d = _norm(t[:, :-1]) * d + _norm(e) * math.hypot(r, 1)
    return d


@planted("9.6", "it changed its argument 'errors'")
def forgets_in_place(target: Any, made: Any, errors: Any, reach: float) -> float:
    for e in errors:
        e[:, -1] *= 1.0 + 1e-3
    return with_svd(target, made, errors, reach)


@planted("9.6", "Frobenius")
def frobenius(target: Any, made: Any, errors: Any, reach: float) -> float:
    r, d = reach, 0.0
    for t, m, e in zip(target, made, errors, strict=True):
        one_more = math.hypot(r, 1)
        d = float(np.linalg.norm(t[:, :-1]) * d + np.linalg.norm(e) * one_more)
        r = float(np.linalg.norm(m)) * one_more
    return d


@planted("9.6", "largest entry")
def largest_entry(target: Any, made: Any, errors: Any, reach: float) -> float:
    r, d = reach, 0.0
    for t, m, e in zip(target, made, errors, strict=True):
        one_more = math.hypot(r, 1)
        d = np.abs(t[:, :-1]).max() * d + np.abs(e).max() * one_more
        r = np.abs(m).max() * one_more
    return float(d)


@planted("9.6", "stays at `reach`")
def one_length_for_all(target: Any, made: Any, errors: Any, reach: float) -> float:
    d = 0.0
    for t, e in zip(target, errors, strict=True):
        d = _norm(t[:, :-1]) * d + _norm(e) * math.hypot(reach, 1)
    return d


@planted("9.6", "they are added")
def the_larger_part(target: Any, made: Any, errors: Any, reach: float) -> float:
    r, d = reach, 0.0
    for t, m, e in zip(target, made, errors, strict=True):
        d = max(_norm(t[:, :-1]) * d, _norm(e) * math.hypot(r, 1))
        r = _norm(m) * math.hypot(r, 1)
    return d


@planted("9.6", "not by the one that was made")
def carried_by_the_copy(target: Any, made: Any, errors: Any, reach: float) -> float:
    r, d = reach, 0.0
    for m, e in zip(made, errors, strict=True):
        r, d = _norm(m) * math.hypot(r, 1), _norm(m[:, :-1]) * d + _norm(e) * math.hypot(r, 1)
    return d


@planted("9.6", "one number")
def a_bound_for_every_layer(target: Any, made: Any, errors: Any, reach: float) -> list[float]:
    return [with_svd(target[: i + 1], made[: i + 1], errors[: i + 1], reach) for i in range(len(target))]
