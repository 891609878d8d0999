"""One layer more than the target, where `construct` takes twice as many: every hidden neuron is there in many copies.

`construct` puts a hidden layer before each layer of the target, so that there are many random numbers to add a weight
up from. Copies do that too: if the neurons below are there rho times each, a new neuron has rho random weights to every
one of them, and some of these add up to the weight wanted. But each copy has random weights of its own, and must again
be made for each of the rho copies above: rho^2 random numbers for a weight of the target, except in the first layer and
in the last one. Source of the idea: Burkholz, "Most activation functions can win the lottery without excessive depth",
NeurIPS 2022, arXiv:2205.02321, which states L + 1 layers for a target of L; the widths and the bound are ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from lthedu.base.arguments import typed
from lthedu.networks.chain import Step, fully_connected
from lthedu.networks.masks import Mask
from lthedu.proof import gadgets, given, widths
from lthedu.proof.construct import CHUNK, Built, Construction, TwoLayers
from lthedu.proof.scales import Small
from lthedu.proof.solvers import MOST_HASHED, Keep, Solver
from lthedu.proof.source import Source
from lthedu.proof.target import Layer, Normalise, normalise

Floats = NDArray[np.float64]


@typed
@dataclass(frozen=True)
class Shallow(Construction):
    """A `Construction` with one layer more than its target.

    `layers` hold both networks with every copy as a neuron, the target's such that each copy computes exactly what the
    neuron does: `folded`, `target_logits`, `certificate` and `largest_difference` read these. `copies` is how many
    there are of a hidden neuron, `sizes` are the target's widths.
    """

    copies: int
    sizes: tuple[int, ...]

    @property
    def target_size(self) -> int:
        """Weights and biases of the target."""
        return widths.weights_of(self.sizes)

    @property
    def summands(self) -> int:
        """Kept weights of all layers but the first: what weights, also those of copies, are added up from."""
        return self.kept - sum(int(self.mask[f"layers.0.{kind}"].sum()) for kind in ("weight", "bias"))


@dataclass(frozen=True)
class Copied(Built):
    """A layer that reads copies: what a neuron's copies contribute counts together, as the error of one weight."""

    error: float

    @property
    def largest_error(self) -> float:
        """The largest difference between a target weight and what was made of it, for any copy."""
        return self.error


@typed
def construct_shallow(
    target: nn.Module,
    *,
    eta: Small,
    per_weight: float | None = None,
    box: tuple[float, float] = (0.0, 1.0),
    seed: int = 0,
    delta: Small = 0.01,
    memory: int | None = None,
    keep: Keep = "ladder",
    solver: Solver = "auto",
    normalise: Normalise = normalise,
) -> Shallow:
    """Prune a random network, one layer deeper than `target` and much wider, until it computes what `target` computes.

    Arguments mean what they mean for `construct`; convolutions it does not take. The first layer of the target is made
    as there, by hidden neurons that one input or the bias owns, but `per_weight` times over, each copy from random
    weights of its own; every later weight is a subset sum of the random weights that lead from the copies of the one
    neuron to a copy of the other. A random bias is one number, of which there is no subset to choose: the source's
    biases after the first layer are pruned, and a constant neuron, in copies as well, is carried up through the layers,
    whose biases are weights on it. Copies that nobody reads are pruned too.

    The bound: give each copy of a target neuron the weights that were made, plus an equal share of what their sum is
    off by. That network computes the target exactly, on every copy, and where nothing was missed the one made differs
    from it by at most eta in a weight of the first layer, by eta / `per_weight` in a later one: `error_bound` holds for
    the two. It is looser than that of `construct`, since it allows for copies that err in different directions; because
    they do, the ticket itself is worse than that of `construct` at the same eta.

    Raises as `construct`; for a source that does not fit, the error names no eta that would do.

    >>> from lthedu.networks.models import MLP
    >>> ticket = construct_shallow(MLP([4, 3, 3, 2]), eta=1e-2)
    >>> ticket.source.sizes, ticket.copies
    ((4, 156, 88, 88, 2), 22)
    """
    region = given.region(box)
    chain, found = given.read(target, region, None)
    given.check("free", per_weight, seed, keep)
    shape = chain.widths
    copies = int(per_weight) if per_weight else copies_for(shape, eta, delta, signed=region.signed)
    sizes = source_sizes(shape, copies, signed=region.signed)
    if too_large := widths.too_large(fully_connected(sizes), widths.memory_limit() if memory is None else memory):
        advice = f"fewer than {copies} per weight" if per_weight else f"an eta above {eta:g}"
        raise ValueError(f"{too_large}, so choose {advice}")
    source = Source(seed, sizes)
    layers, scale = given.normalised(normalise, found, widths.LARGEST, [1] * len(found))
    wanted = [
        np.repeat(layer, 1 if i == len(layers) else copies, axis=0) for i, layer in enumerate(_with_constant(layers), 1)
    ]
    chain = fully_connected([shape[0], *map(len, wanted)])
    choose = gadgets.subset_chooser(solver, keep)
    first = TwoLayers(source, 0, chain.steps[0], wanted[0], signed=region.signed)
    built = [first.build("free", copies, eta, choose, gadgets.first_mask)]
    mask = first.mask
    for i, layer in enumerate(wanted[1:], 2):
        copied, kept = _from_copies(source, i, layer, eta, choose)
        built.append(copied)
        mask |= kept
    return Shallow(source, _read(mask), scale, region, eta, "free", built, chain, copies, shape)


def copies_for(shape: Sequence[int], eta: float, delta: float, *, signed: bool) -> int:
    """Copies of a hidden neuron, by the rule for subset sums: as many weights are to be hit as all copies have.

    >>> copies_for((64, 32, 10), 1e-3, 0.01, signed=False)
    33
    """
    n = 1
    while n < MOST_HASHED and widths.subset_width(eta, _instances(shape, n, signed=signed), delta) > n:
        n += 1
    return n


def source_sizes(shape: Sequence[int], copies: int, *, signed: bool) -> tuple[int, ...]:
    """Widths of the random network: one hidden layer more, and copies of each hidden neuron and of the constant one.

    >>> source_sizes((64, 32, 10), 33, signed=False)
    (64, 2257, 1089, 10)
    """
    first = widths.source_sizes(shape[:2], "free", copies, signed=signed)[1]
    return (shape[0], first, *(copies * (n + 1) for n in shape[1:-1]), shape[-1])


def _instances(shape: Sequence[int], copies: int, *, signed: bool) -> int:
    """Subset sums in all, the constant neuron's zeros not counted."""
    rows = [copies * n for n in shape[1:-1]] + [shape[-1]]
    columns = [shape[0] * (2 if signed else 1) + 1, *(n + 1 for n in shape[1:-1])]
    return sum(r * c for r, c in zip(rows, columns, strict=True)) + copies * (len(shape) - 2)


def _with_constant(layers: Sequence[Layer]) -> list[Layer]:
    """The layers with one neuron more in each hidden one, a constant, from which the next layer takes its biases.

    Its value falls to a quarter from layer to layer, but not below four times the largest bias still to come: so no
    weight on it exceeds 1/4 but, where biases are large, its own from layer to layer, which is 1 at most where no bias
    exceeds 1/4, and more for a `normalise` that leaves larger ones.
    """
    value, found = 1.0, []
    for i, layer in enumerate(layers, 1):
        rows = np.concatenate([layer[:, :-1], layer[:, -1:] / value], axis=1)
        if i < len(layers):
            needed = max(np.abs(later[:, -1]).max() for later in layers[i:]) / widths.LARGEST
            new = max(value * widths.LARGEST, needed) if needed else 0.0
            rows = np.concatenate([rows, new / value * np.eye(layer.shape[1])[-1:]])
            value = new or 1.0  # no later bias is read from it
        found.append(rows)
    return found


def _from_copies(source: Source, index: int, wanted: Layer, eta: float, choose: gadgets.Chooser) -> tuple[Built, Mask]:
    """One layer of the source, whose inputs are copies of what `wanted` (rows, neurons) reads, the constant last."""
    names = [f"layers.{index}.{kind}" for kind in ("weight", "bias")]
    weight = source.param(names[0]).numpy()
    rows, neurons = wanted.shape
    copies = weight.shape[1] // neurons
    numbers = weight.reshape(rows, neurons, copies)
    kept, step = np.empty(numbers.shape, bool), max(1, CHUNK // weight.shape[1])
    whole = np.ones((neurons, copies), np.float32)  # there is no first weight to be multiplied by
    for k in range(0, rows, step):
        kept[k : k + step] = choose(whole, numbers[k : k + step], wanted[k : k + step], eta)
    made = np.where(kept, numbers, 0).astype(np.float64)
    off = wanted - made.sum(2)  # (rows, neurons)
    lifted, folded = _no_bias(made + off[..., None] / copies), _no_bias(made)
    missed, largest, counts = int((np.abs(off) > eta).sum()), float(np.abs(off).max()), np.full(neurons, copies)
    layer = Copied(Step("affine", rows), lifted, folded, None, missed, counts, counts, largest)
    mask = torch.from_numpy(kept.reshape(weight.shape))
    return layer, {names[0]: mask, names[1]: torch.zeros(rows, dtype=torch.bool)}


def _no_bias(numbers: Floats) -> Layer:
    flat = numbers.reshape(len(numbers), -1)
    return np.concatenate([flat, np.zeros((len(flat), 1))], axis=1)


def _read(mask: Mask) -> Mask:
    """The mask without the neurons that no later layer reads."""
    found = dict(mask)
    for i in range(len(mask) // 2 - 2, -1, -1):
        read = found[f"layers.{i + 1}.weight"].any(0)
        found[f"layers.{i}.weight"] = found[f"layers.{i}.weight"] & read[:, None]
        found[f"layers.{i}.bias"] = found[f"layers.{i}.bias"] & read
    return found
