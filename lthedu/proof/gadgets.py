"""The proof's small parts: who owns a hidden neuron, and which outgoing weights make a target weight.

A hidden neuron that keeps ONE incoming number a > 0 computes relu(a x) = a x for an input x >= 0; an outgoing weight b
makes it b a x. A few of them add up to w x. With a < 0 it answers to x < 0, and then b |a| must add up to -w.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lthedu.base.arguments import typed
from lthedu.proof.solvers import MOST_HASHED, Keep, Solver, solve
from lthedu.proof.subset_sums import Choose, closest_subset

Bools = NDArray[np.bool_]
Floats = NDArray[Any]
Ints = NDArray[np.int64]
GOLDEN = (1 + 5**0.5) / 2

# (incoming |a| (classes, n), outgoing b (outputs, classes, n), targets (outputs, classes), eta) -> keep, as b
Chooser = Callable[[Floats, Floats, Floats, float], Bools]
FirstMask = Callable[[Bools, Ints, int], Bools]


@typed
def one_weight(
    incoming: Sequence[float], outgoing: Sequence[float], weight: float, choose: Choose = closest_subset
) -> list[bool]:
    """Which hidden neurons to keep, so that together they compute about weight * x for x of both signs.

    Neuron j has the incoming weight a = incoming[j] and the outgoing weight b = outgoing[j], neither of which is
    changed. Those with a > 0 answer to x > 0 and must make `weight` of their products; those with a < 0 answer to
    x < 0, and theirs must make `-weight`. `choose(numbers, target)` picks a subset, as `closest_subset` does. Raises
    ValueError for lists of different lengths and for numbers that are not finite. Source: Malach and others 2020 for
    the pair of branches, Pensia and others 2020 for the subsets.

    >>> one_weight([0.5, -0.5, 1.0], [1.0, -1.0, 0.9], 0.5)
    [True, True, False]
    """
    if len(incoming) != len(outgoing):
        raise ValueError(
            f"there are {len(incoming)} incoming and {len(outgoing)} outgoing weights; allowed: equally many"
        )
    if not np.isfinite([*incoming, *outgoing, weight]).all():
        raise ValueError(f"incoming is {[*incoming]}, outgoing {[*outgoing]}, weight {weight}; they must be finite")
    keep = [False] * len(incoming)
    for sign in (1, -1):
        mine = [j for j, a in enumerate(incoming) if sign * a > 0]
        chosen = choose([abs(incoming[j]) * outgoing[j] for j in mine], sign * weight)
        for j, kept in zip(mine, chosen, strict=True):
            keep[j] = bool(kept)
    return keep


@typed
def first_mask(second: Bools, owner: Ints, columns: int) -> Bools:
    """The mask of the first of two random layers, given that of the second and the neurons' owners.

    `second` is (outputs, hidden), the result (hidden, `columns`). `owner[j]` says which column, an input or the bias,
    hidden neuron j belongs to; -1 for none. One number is kept of each neuron that some output uses: all outputs share
    it, since a hidden neuron has one value, whoever reads it.

    >>> first_mask(np.array([[True, False, False], [True, False, True]]), np.array([1, 0, 0]), 2)
    array([[False,  True],
           [False, False],
           [ True, False]])
    """
    found = np.zeros((len(owner), columns), bool)
    used = np.flatnonzero(second.any(0) & (owner >= 0))
    found[used, owner[used]] = True
    return found


def free_owners(values: Floats, capacity: int) -> Ints:
    """The class that each hidden neuron belongs to, by free choice: the best one that still has room.

    `values` (hidden, classes): what the neuron would keep for the class; only a number above 0 serves. Neurons choose
    in the order of their largest value, and a class takes `capacity` of them. Returns (hidden,), -1 for a neuron that
    no class took. The choice looks at first-layer weights only, so given these the second layer is as random as it was.

    >>> free_owners(np.array([[0.9, 0.8], [0.7, 0.1], [-0.5, -0.2]]), capacity=1)
    array([ 0,  1, -1])
    """
    value = np.asarray(values, np.float32)
    best = value.argmax(1)
    owner, room = np.full(len(value), -1), np.full(value.shape[1], capacity)
    for j in np.argsort(-value[np.arange(len(value)), best], kind="stable"):
        k = best[j] if room[best[j]] else np.where(room > 0, value[j], -1).argmax()
        if room[k] and value[j, k] > 0:
            owner[j] = k
            room[k] -= 1
    return owner


def block_owners(values: Floats, block: int) -> Ints:
    """The class that each hidden neuron belongs to, as in the papers: `block` neurons in a row for each class.

    `values` as in `free_owners`. A neuron whose number for its class is not above 0 is dead for it: -1. On average that
    is half of them.

    >>> block_owners(np.array([[0.9, 0.8], [-0.7, 0.1], [0.5, -0.2], [0.3, 0.4]]), block=2)
    array([ 0, -1, -1,  1])
    """
    wanted = np.minimum(np.arange(len(values)) // block, values.shape[1] - 1)
    alive = values[np.arange(len(values)), wanted] > 0
    return np.where(alive, wanted, -1)


def pools(owner: Ints, classes: int) -> Ints:
    """The hidden neurons of each class, (classes, n), in rising order; -1 fills up the shorter rows.

    >>> pools(np.array([1, 0, 1, -1]), classes=2)
    array([[ 1, -1],
           [ 0,  2]])
    """
    order = np.argsort(owner, kind="stable")
    order = order[owner[order] >= 0]
    sizes = np.bincount(owner[order], minlength=classes)
    found = np.full((classes, max(1, sizes.max(initial=0))), -1)
    place = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    found[owner[order], place] = order
    return found


def by_neuron(kept: Bools, pool: Ints, owner: Ints) -> Bools:
    """The mask of the second layer, (outputs, hidden), of what is kept in each pool, (outputs, classes, n).

    `pool` is what `pools` made of `owner`; a neuron that no class owns is not kept.

    >>> pool = np.array([[1, -1], [0, 2]])
    >>> by_neuron(np.array([[[True, False], [False, True]]]), pool, np.array([1, 0, 1, -1]))
    array([[False,  True,  True, False]])
    """
    place = np.zeros(len(owner), int)
    place[pool[pool >= 0]] = np.flatnonzero(pool >= 0)
    found: Bools = kept.reshape(len(kept), -1).take(place, axis=1)
    found[:, owner < 0] = False
    return found


def subset_chooser(solver: Solver = "auto", keep: Keep = "ladder") -> Chooser:
    """Pensia and others 2020: a subset of the products that adds up to the target weight; `keep` as in `solve`."""

    def choose(a: Floats, b: Floats, targets: Floats, eta: float) -> Bools:
        first, second = a[..., :MOST_HASHED], b[..., :MOST_HASHED]  # a pool may hold more than anyone needs
        few: Floats = first.astype(np.float64) * second
        found = solve(few.reshape(-1, few.shape[-1]), targets.reshape(-1), eta, keep=keep, solver=solver)
        kept: Bools = np.zeros(b.shape, bool)
        kept[..., :MOST_HASHED] = found.keep.reshape(few.shape)
        return kept

    return choose


def lucky_neuron(a: Floats, b: Floats, targets: Floats, eta: float) -> Bools:
    """Malach and others 2020: the first neuron with an incoming weight near |w| and an outgoing one near its sign.

    |a - |w|| and |b - sign w| are each at most eta / 2, the first within an interval of length eta / 2 that lies in
    [0, 1]; then |a b - w| <= eta. Nothing is kept where no neuron is so lucky, nor for |w| <= eta, where 0 will do.
    """
    size = np.abs(targets)[..., None]
    low = np.clip(size - eta / 4, 0, 1 - eta / 2)
    near = (a >= low) & (a <= low + eta / 2) & (np.abs(b - np.sign(targets)[..., None]) <= eta / 2)
    near &= size > eta
    first = near.argmax(-1)[..., None] == np.arange(near.shape[-1])
    return np.asarray(near & first)


def golden_greedy(a: Floats, b: Floats, targets: Floats, eta: float) -> Bools:
    """Orseau, Hutter and Rivasplata 2020: products in falling order, each kept if it fits into what is left.

    If every interval [R g^-(k+1), R g^-k), k = 1 to K, with g at most the golden ratio and R g^-K <= eta, holds a
    product of the right sign, what is left of a weight |w| <= R is at most eta (see `lthedu.proof.golden`). It stops as
    soon as that is reached.
    """
    products = a.astype(np.float64) * b * np.sign(targets)[..., None]
    order = np.argsort(-products, axis=-1, kind="stable")
    falling = np.take_along_axis(products, order, -1)
    left = np.abs(targets)
    kept = np.zeros(products.shape, bool)
    for k in range(products.shape[-1]):
        take = (falling[..., k] > 0) & (falling[..., k] <= left) & (left > eta)
        left = np.where(take, left - falling[..., k], left)
        kept[..., k] = take
    found: Bools = np.zeros_like(kept)
    np.put_along_axis(found, order, kept, -1)
    return found
