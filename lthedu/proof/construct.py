"""The theorem, built: out of a random network twice as deep, a mask that makes it compute what the target computes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lthedu.base.arguments import typed
from lthedu.networks.chain import Chain, Step
from lthedu.networks.masks import Mask
from lthedu.proof import gadgets, given, widths
from lthedu.proof.convolution import affine, bias_rows, by_output, by_place, weigh
from lthedu.proof.gadgets import Bools, Chooser, FirstMask, Ints
from lthedu.proof.owners import owners
from lthedu.proof.scales import Small, scaled
from lthedu.proof.solvers import Keep, Solver
from lthedu.proof.source import AnySource, second_weights, source_of
from lthedu.proof.target import Layer, Normalise, normalise
from lthedu.proof.ticket import Ticket
from lthedu.proof.widths import Method, Size

CHUNK = 1 << 20  # candidates looked at together


@dataclass(frozen=True)
class Built:
    """One layer of the target and the two random layers that now compute it. All weights are normalised, in float64.

    `positive` and `negative` are what the kept products add up to, for inputs above and below zero: (outputs,
    inputs + 1) and (outputs, inputs), the latter only where inputs may be negative; of a convolution, whose `step` says
    its kernel, channels * kernel in place of inputs. `candidates` counts the hidden neurons (channels) that each class
    owns, `strong` those of them whose kept incoming number is at least 1/2.
    """

    step: Step
    target: Layer
    positive: Layer
    negative: NDArray[np.float64] | None
    missed: int
    candidates: NDArray[np.int64]  # (classes,)
    strong: NDArray[np.int64]  # (classes,)

    @property
    def largest_error(self) -> float:
        """The largest difference between a target weight and what was made of it."""
        errors = [np.abs(self.positive - self.target).max()]
        if self.negative is not None:
            errors.append(np.abs(self.negative - self.target[:, :-1]).max())
        return float(max(errors))

    def forward(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the two masked layers compute, in exact arithmetic up to float64: (n, inputs) -> (n, outputs)."""
        up = np.maximum(x, 0) if self.negative is not None else x
        found: NDArray[np.float64] = affine(self.step, self.positive, up)
        return found if self.negative is None else found + weigh(self.step, self.negative, np.minimum(x, 0))


@typed
@dataclass(frozen=True)
class Construction(Ticket):
    """A ticket with the record of how it was made: what each layer of the target became."""

    eta: float
    method: Method
    layers: list[Built] = field(repr=False)
    chain: Chain = field(repr=False)  # the target's steps

    def folded(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The same logits from the kept products added up, in float64, and many times faster.

        (n, inputs) -> (n, outputs), or from images (n, channels, height, width); inputs outside the box are not
        refused. Raises ValueError for logits that leave float64.
        """
        return scaled(self.scale, self._through([layer.forward for layer in self.layers], x))

    def target_logits(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """The target's own logits, in float64; raises as `folded`."""
        return scaled(self.scale, self._through([partial(affine, la.step, la.target) for la in self.layers], x))

    def _through(self, layers: Sequence[Callable[[Any], Any]], x: NDArray[np.float64]) -> NDArray[np.float64]:
        x = np.asarray(x, np.float64)
        if self.chain.flat:  # images, a few at a time
            x, many = self.chain.read(x), self.chain.at_once
            return np.concatenate([self.chain.through(x[i : i + many], layers) for i in range(0, len(x), many)])
        return self.chain.through(x, layers)  # type: ignore[no-any-return]

    @property
    def target_size(self) -> int:
        """Weights and biases of the target."""
        return sum(layer.target.size for layer in self.layers)

    @property
    def summands(self) -> int:
        """Kept weights of the second layers alone: what the target's weights are added up from.

        The others of `kept` are shared: one incoming weight for each hidden neuron that any output uses.
        """
        return sum(int(self.mask[name].sum()) for name in second_weights(self.source))

    @property
    def missed(self) -> int:
        """Scaled weights that were to be hit within eta and were not; one that needs two branches counts for each.

        0 does not say that the networks agree: what is no larger than eta is hit by keeping nothing. Beside one very
        large weight that is the rest of its layer, and in a narrow and deep target the biases.
        """
        return sum(layer.missed for layer in self.layers)

    def summary(self) -> dict[str, float | int | str]:
        """What was built, as one row of a table: counts, ratios to the target's size, the largest error of a weight.

        Nothing is left out of `random`: every weight and bias of the source counts, those too that no mask could use.
        """
        random, own = self.source.count(), self.target_size
        return {
            "method": self.method,
            "eta": self.eta,
            "random": random,
            "random per weight": random / own,
            "kept": self.kept,
            "kept per weight": self.kept / own,
            "summands per weight": self.summands / own,
            "missed": self.missed,
            "largest weight error": max(layer.largest_error for layer in self.layers),
            "smallest pool": int(min(layer.candidates.min() for layer in self.layers)),
        }


@typed
def construct(
    target: nn.Module,
    *,
    eta: Small,
    method: Method = "free",
    per_weight: float | None = None,
    box: tuple[float, float] = (0.0, 1.0),
    image: tuple[int, int, int] | None = None,
    seed: int = 0,
    delta: Small = 0.01,
    largest: Size = widths.LARGEST,
    memory: int | None = None,
    keep: Keep = "ladder",
    solver: Solver = "auto",
    normalise: Normalise = normalise,
    first_mask: FirstMask = gadgets.first_mask,
) -> Construction:
    """Prune a random network, twice as deep as `target` and wider, until it computes what `target` computes.

    `target` is any network of Linear layers, with biases or without, and ReLU between them; or one that reads images of
    the size `image`, (channels, height, width), with convolutions, pooling and flattening too: which, and what is left
    out, says `lthedu.networks.tracing.read_chain`. Its inputs lie in `box`, each entry from the lower to the upper
    number; below zero the first layer needs a branch for each sign. Every normalised weight, at most `largest` in size,
    is made of kept products to within `eta`. The source's weights and biases are independent, drawn from `seed`, and
    never changed; no data are used.

    `method`: "free" (subset sums, every hidden neuron owned by the input that suits it best), "blocks" (subset sums as
    Pensia and others 2020 lay them out), "malach" (a lucky neuron, Malach and others 2020) or "orseau" (greedy with
    the golden ratio, Orseau and others 2020; magnitudes of the source spread over octaves). `per_weight`: hidden
    neurons for each input, otherwise the rule in `lthedu.proof.widths` for failure probability `delta`. Equal seeds,
    widths and settings give one source for many targets. `memory`: bytes that it may take. `keep`: which of the subsets
    within `eta` is taken, the first that the search for it meets ("ladder") or one of the fewest numbers (see `solve`).

    Raises, before anything is drawn, TypeError for a target that is no module and settings of another type, and
    ValueError for a target with any other layer or with numbers whose scale leaves float64 (naming the layer), for
    settings out of their range, among them a `largest` above 1/4 for subset sums without `per_weight` (their rule was
    measured up to there), a `keep` of "fewest" for a method that tries no subsets, and for a source that does not fit
    (with its widths, and the eta from which on it fits). That a weight was missed is not an error: see `missed`, also
    for targets that are not copied well although none was. Their cure is another scale, not a smaller eta: `largest` of
    1 with 40 candidates `per_weight` for deep targets, `normalise_rows` for a few very large weights.

    >>> from lthedu.networks.models import MLP
    >>> ticket = construct(MLP([4, 3, 2]), eta=1e-2)
    >>> ticket.source.sizes, ticket.missed
    ((4, 120, 3, 110, 2), 0)
    """
    region = given.region(box)
    chain, found = given.read(target, region, image)
    instances = sum(layer.size for layer in found) + (found[0][:, :-1].size if region.signed else 0)
    given.check(method, per_weight, seed, keep)
    each = None if per_weight is None else int(per_weight)  # 8.0 is allowed for 8
    limit = widths.memory_limit() if memory is None else memory
    widths.check_fits(
        chain, method, eta, instances, delta, limit, signed=region.signed, per_weight=each, largest=largest
    )
    block = widths.block_size(method, eta, instances, delta, each, largest)
    octaves = widths.orseau_octaves(eta) if method == "orseau" else 0
    source = source_of(widths.source_chain(chain, method, block, signed=region.signed), seed, octaves)
    layers, scale = given.normalised(normalise, found, largest, [math.prod(step.kernel) for step, _ in chain.affine])
    mask: Mask = {}
    built = []
    for i, (layer, (step, _)) in enumerate(zip(layers, chain.affine, strict=True)):
        work = TwoLayers(source, i, step, layer, signed=region.signed and i == 0)
        built.append(work.build(method, block, eta, _chooser(method, solver, keep), first_mask))
        mask |= work.mask
    return Construction(source, mask, scale, region, eta, method, built, chain)


class TwoLayers:
    """Two layers of the source that are to compute one layer of the target."""

    def __init__(self, source: AnySource, index: int, step: Step, target: Layer, *, signed: bool) -> None:
        self.names = list(source.shapes())[4 * index : 4 * index + 4]
        self.index, self.source, self.step, self.target, self.signed = index, source, step, target, signed
        weight = by_place(target[:, :-1], step.kernel)
        bias = np.zeros((len(weight), 1))
        self.biases = bias_rows(len(target), step.kernel)
        bias[self.biases] = target[:, -1:]
        self.inputs = weight.shape[1]
        # classes: the inputs, with `signed` the inputs' negative branches, and last the bias
        branches = [weight, -weight, bias] if signed else [weight, bias]
        self.wanted = np.concatenate(branches, axis=1)  # (outputs, classes); of a convolution (outputs * kernel, ...)
        self.mask: Mask = {}

    def build(self, method: Method, block: int, eta: float, choose: Chooser, first_mask: FirstMask) -> Built:
        owner, strength = owners(self.source, 2 * self.index, method, block, signed=self.signed)
        classes = self.wanted.shape[1]
        pool = gadgets.pools(owner, classes)
        kept, made = self._choose(choose, pool, strength, eta)
        self._set_masks(gadgets.by_neuron(kept, pool, owner), owner, first_mask)
        alive = owner[owner >= 0]
        strong = owner[strength >= 0.5]
        n, kernel = self.inputs, self.step.kernel
        return Built(
            self.step,
            self.target,
            np.concatenate([by_output(made[:, :n], kernel), made[self.biases, -1:]], axis=1),
            -by_output(made[:, n : 2 * n], kernel) if self.signed else None,
            int((np.abs(made - self.wanted) > eta).sum()),
            np.bincount(alive, minlength=classes),
            np.bincount(strong, minlength=classes),
        )

    def _choose(
        self, choose: Chooser, pool: Ints, strength: NDArray[np.float32], eta: float
    ) -> tuple[Bools, NDArray[np.float64]]:
        """Which products are kept, (outputs, classes, n), and what they add up to, (outputs, classes)."""
        second = self.source.param(self.names[2]).numpy()
        second = by_place(second.reshape(len(second), -1), self.step.kernel)  # (outputs, hidden)
        kept, made = np.empty((len(second), *pool.shape), bool), np.empty(self.wanted.shape)
        step = max(1, CHUNK // (pool.shape[1] * len(second)))
        for k in range(0, len(pool), step):
            part = slice(k, k + step)
            a = np.where(pool[part] >= 0, strength[pool[part]], 0)  # (classes, n); what fills up a row is 0
            b = second.take(pool[part], axis=1)  # (outputs, classes, n)
            kept[:, part] = choose(a, b, self.wanted[:, part], eta) & (a > 0)
            made[:, part] = np.einsum("ocn,cn,ocn->oc", b, a.astype(np.float64), kept[:, part], optimize=False)
        return kept, made

    def _set_masks(self, keep: Bools, owner: Ints, first_mask: FirstMask) -> None:
        n = self.inputs
        column = np.where(owner < 0, -1, np.where(owner == self.wanted.shape[1] - 1, n, owner % n if n else 0))
        first = np.asarray(first_mask(keep, column, n + 1), bool)
        second = by_output(keep, self.step.kernel)
        parts = [first[:, :-1], first[:, -1], second, np.zeros(len(second), bool)]  # the second layer's biases all go
        shapes = self.source.shapes()
        self.mask = {
            name: torch.from_numpy(np.ascontiguousarray(part).reshape(shapes[name]))
            for name, part in zip(self.names, parts, strict=True)
        }


def _chooser(method: Method, solver: Solver, keep: Keep) -> Chooser:
    if method == "malach":
        return gadgets.lucky_neuron
    return gadgets.golden_greedy if method == "orseau" else gadgets.subset_chooser(solver, keep)


@typed
def same_predictions(a: Sequence[Any] | Tensor, b: Sequence[Any] | Tensor) -> float:
    """The share of rows in which two tables of logits (n, classes) have their largest entry at the same place.

    Raises ValueError unless both are tables of numbers with the same number of rows, one or more.

    >>> same_predictions([[1.0, 2.0], [3.0, 0.0]], [[0.0, 9.0], [1.0, 2.0]])
    0.5
    """
    try:
        x, y = torch.as_tensor(a), torch.as_tensor(b)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"the logits are no tables of numbers ({error}); allowed: (n, classes), both") from None
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or 0 in (*x.shape, *y.shape):
        raise ValueError(f"the logits have shapes {tuple(x.shape)} and {tuple(y.shape)}; allowed: (n, classes), both")
    return float((x.argmax(1) == y.argmax(1)).double().mean())
