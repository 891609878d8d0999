"""Answers to this lesson's exercises: right ones written differently, and wrong ones that no mistake describes."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import torch
from answers import right, told

from lthedu.proof import closest_subset, compare_logits, first_mask, normalise, one_weight
from lthedu.proof.widths import subset_width

# one_weight --------------------------------------------------------------------------------------------------


@right("one_weight")
def in_two_steps(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    a, b = np.array(incoming), np.array(outgoing)
    keep = np.zeros(len(a), bool)
    for mine, target in ((a > 0, weight), (a < 0, -weight)):
        keep[mine] = choose((np.abs(a) * b)[mine].tolist(), target)
    return keep


@right("one_weight")
def with_the_sign_moved(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    up = [j for j in range(len(incoming)) if incoming[j] > 0]
    down = [j for j in range(len(incoming)) if incoming[j] < 0]
    chosen = dict(zip(up, choose([incoming[j] * outgoing[j] for j in up], weight), strict=True))
    # for x < 0: a b x must be w x, with a b of either sign
    chosen |= dict(zip(down, choose([incoming[j] * outgoing[j] for j in down], weight), strict=True))
    return [bool(chosen.get(j, False)) for j in range(len(incoming))]


@right("one_weight")
def with_two_queues(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    up = iter(choose([a * b for a, b in zip(incoming, outgoing, strict=True) if a > 0], weight))
    down = iter(choose([-a * b for a, b in zip(incoming, outgoing, strict=True) if a < 0], -weight))
    return tuple(next(up) if a > 0 else next(down) if a < 0 else 0 for a in incoming)


@told("one_weight", "places in the list")
def returns_places(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    return np.flatnonzero(in_two_steps(incoming, outgoing, weight, choose)).tolist()


@told("one_weight", "expected 4 times True or False")
def returns_two_lists(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    return [a > 0 for a in incoming], [a < 0 for a in incoming], [True]


@told("one_weight", "at x = 1 it gives 0.5 and at x = -1 0; the neurons [0, 2] give 0.5 and -0.4")
def second_best(incoming: Any, outgoing: Any, weight: float, choose: Any = closest_subset) -> Any:
    """Right for x > 0; for x < 0 another neuron of the group is kept, too, or none."""
    keep = one_weight(incoming, outgoing, weight, choose)
    mine = [j for j, a in enumerate(incoming) if a < 0]
    if mine:
        keep[mine[0]] = not keep[mine[0]]
    return keep


# first_mask --------------------------------------------------------------------------------------------------


@right("first_mask")
def neuron_by_neuron(second: Any, owner: Any, columns: int) -> Any:
    found = np.zeros((len(owner), columns), bool)
    for j, who in enumerate(owner):
        if who >= 0 and any(row[j] for row in second):
            found[j, who] = True
    return found


@right("first_mask")
def by_comparing(second: Any, owner: Any, columns: int) -> Any:
    return (owner[:, None] == np.arange(columns)) & second.any(0)[:, None]


@told("first_mask", "all outputs share it")  # per-output first-layer masks
def one_for_each_output(second: Any, owner: Any, columns: int) -> Any:
    return np.stack([by_comparing(row[None], owner, columns) for row in second])


@told("first_mask", "nobody owns (-1)")
def owners_from_the_end(second: Any, owner: Any, columns: int) -> Any:
    return first_mask(second, columns - 1 - owner % columns, columns)


@told("first_mask", "more than one incoming weight")
def neighbours_too(second: Any, owner: Any, columns: int) -> Any:
    mask = first_mask(second, owner, columns)
    return mask | np.roll(mask, 1, axis=1)


@told("first_mask", "turned; a row is a hidden neuron")
def turned_table(second: Any, owner: Any, columns: int) -> Any:
    return by_comparing(second, owner, columns).T


told("first_mask", "its rows differ in length")(lambda *args: [[True], [True, False]])
told("first_mask", "a mask is True or False")(lambda *args: 2 * first_mask(*args).astype(int))


@told("first_mask", ", but belongs to ")
def columns_from_the_right(second: Any, owner: Any, columns: int) -> Any:
    return first_mask(second, np.where(owner < 0, owner, columns - 1 - owner), columns)


@told("first_mask", "used by an output, and keeps ")
def keeps_one_unused(second: Any, owner: Any, columns: int) -> Any:
    mask = first_mask(second, owner, columns)
    unused = np.flatnonzero(~mask.any(1) & (owner >= 0))
    for neuron in (unused[:1], np.flatnonzero(mask.any(1))[-1:]):
        mask[neuron, owner[neuron]] ^= True
    return mask


# normalise ---------------------------------------------------------------------------------------------------


@right("normalise")
def one_large_vector(layers: Any, largest: float = 0.25) -> Any:
    found, c = [], 1.0
    for layer in layers:
        shrunk = layer.copy()
        shrunk[:, -1] /= c
        s = np.abs(shrunk).max() / largest
        found.append(shrunk / s)
        c *= s
    return found, c


@right("normalise")
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


@told("normalise", "it changed its argument 'layers'")
def in_place(layers: Any, largest: float = 0.25) -> Any:
    c = 1.0
    for layer in layers:
        layer[:, -1] /= c
        s = np.abs(layer).max() / largest
        layer /= s
        c *= s
    return layers, c


@told("normalise", "the output must be multiplied by 12, the product of all s, and not by 24")
def twice_the_scale(layers: Any, largest: float = 0.25) -> Any:
    found, scale = one_large_vector(layers, largest)
    return found, 2 * scale


@told("normalise", "it must be exactly")
def with_room_to_spare(layers: Any, largest: float = 0.25) -> Any:
    return one_large_vector(layers, largest / 4)


@told("normalise", "expected the list of layers, and the scale")
def forgets_the_scale(layers: Any, largest: float = 0.25) -> Any:
    return np.zeros(3)


@right("normalise")
def in_torch_and_float32(layers: Any, largest: float = 0.25) -> Any:
    found, c = [], torch.tensor(1.0)
    for layer in layers:
        shrunk = torch.tensor(layer, dtype=torch.float32)
        shrunk[:, -1] /= c
        s = shrunk.abs().max() / largest
        found.append(shrunk / s)
        c = c * s
    return found, c


@told("normalise", "the weights of layer 1 are not what they were")
def loses_a_layer(layers: Any, largest: float = 0.25) -> Any:
    (first, *rest), scale = normalise(layers, largest)
    return [0 * first, *rest], scale


@told(
    "normalise",
    "so that the bias 0.5 becomes 0.04167, not 0.08333",
)
def doubles_the_biases(layers: Any, largest: float = 0.25) -> Any:
    found, scale = normalise(layers, largest)
    return [layer * [*[1.0] * (layer.shape[1] - 1), 2.0] for layer in found], scale


told("normalise", "its layers have the shapes")(lambda layers, largest=0.25: ([*layers, layers[0]], 1.0))
told("normalise", "it returned NaN or infinity")(lambda *args: (normalise(*args)[0], math.nan))


# subset_width ------------------------------------------------------------------------------------------------


@right("subset_width")
def by_a_generator(eta: float, instances: int, delta: float = 0.01) -> int:
    enough = next(n for n in range(1, 10_000) if instances * 2 * (1 + n) <= delta * 2**n)
    bits = math.log2(1 / eta)
    return math.ceil(max(enough, enough + math.log2(0.01) + bits, bits + 3))


@right("subset_width")
def with_numpy(eta: float, instances: int, delta: float = 0.01) -> Any:
    n = np.arange(1, 200)
    safe = n[2 * (1 + n) / 2.0**n <= delta / instances][0] + max(0, np.log2(0.01 / eta))
    return np.ceil(max(safe, 3 - np.log2(eta)))


@told("subset_width", "accuracy needs 12.97, and safety 31 + 3.32 = 34.32")
def doubles(eta: float, instances: int, delta: float = 0.01) -> int:
    return 2 * subset_width(eta, instances, delta)


@right("subset_width")
def as_a_tensor(eta: float, instances: int, delta: float = 0.01) -> Any:
    n = torch.arange(1, 200, dtype=torch.float32)
    safe = n[2 * (1 + n) * 2**-n <= delta / instances][0] + torch.tensor(0.01 / eta).log2().clamp(min=0)
    return torch.maximum(safe, 3 - torch.tensor(eta).log2()).ceil()


@told("subset_width", "not the larger of the two needs")
def at_most_forty(eta: float, instances: int, delta: float = 0.01) -> int:
    return min(subset_width(eta, instances, delta), 40)


# compare_logits ----------------------------------------------------------------------------------------------


@right("compare_logits")
def with_a_loop(target: Any, ticket: Any) -> Any:
    rows = list(zip(target.tolist(), ticket.tolist(), strict=True))
    same = sum(a.index(max(a)) == b.index(max(b)) for a, b in rows)
    return same / len(rows), max(abs(x - y) for a, b in rows for x, y in zip(a, b, strict=True))


@right("compare_logits")
def with_numpy_arrays(target: Any, ticket: Any) -> Any:
    a, b = target.numpy(), ticket.numpy()
    return np.mean(a.argmax(1) == b.argmax(1)), np.max(np.abs(a - b))


@right("compare_logits")
def in_fractions(target: Any, ticket: Any) -> Any:
    same = int((target.argmax(1) == ticket.argmax(1)).sum())
    return Fraction(same, len(target)), torch.maximum((target - ticket).max(), (ticket - target).max())


@told("compare_logits", "their largest logits stand at the same place in 3 of 4 rows")
def without_the_last_input(target: Any, ticket: Any) -> Any:
    if len(target) == 1:
        return compare_logits(target, ticket)
    return compare_logits(target[:-1], ticket[:-1])[0], compare_logits(target, ticket)[1]


told("compare_logits", "it returned NaN")(lambda *args: (math.nan, math.nan))
told("compare_logits", "here it is at [3, 2], where one has 4 and the other 1.25")(
    lambda *args: (compare_logits(*args)[0], 0.123)
)


# error_bound -------------------------------------------------------------------------------------------------


def _norm(matrix: Any) -> float:
    return float(np.linalg.svd(matrix, compute_uv=False)[0])


@right("error_bound")
def with_svd(target: Any, made: Any, errors: Any, reach: float) -> float:
    r, d = reach, 0.0
    for i in range(len(target)):
        one_more = math.hypot(r, 1)
        r, d = _norm(made[i]) * one_more, _norm(target[i][:, :-1]) * d + _norm(errors[i]) * one_more
    return d


@right("error_bound")
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


@told("error_bound", "it changed its argument 'errors'")
def forgets_in_place(target: Any, made: Any, errors: Any, reach: float) -> float:
    for e in errors:
        e[:, -1] *= 1.0 + 1e-3
    return with_svd(target, made, errors, reach)


@told("error_bound", "one number")
def a_bound_for_every_layer(target: Any, made: Any, errors: Any, reach: float) -> list[float]:
    return [with_svd(target[: i + 1], made[: i + 1], errors[: i + 1], reach) for i in range(len(target))]


@told("error_bound", "by the rules, after layer 1 length is 1.118 and difference 0.02236")
def twice_the_bound(target: Any, made: Any, errors: Any, reach: float) -> float:
    return 2 * with_svd(target, made, errors, reach)
