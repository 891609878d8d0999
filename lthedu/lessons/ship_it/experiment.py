"""Networks in fewer bytes: pruned, in few bits, and both; without more training and with it; and small ones."""

import zlib
from dataclasses import dataclass, field, replace
from typing import Annotated

import numpy as np
import torch
from torch import Tensor, nn

from lthedu import data as datasets
from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, AtLeast, Count, Fraction, Range, Whole
from lthedu.data import Dataset
from lthedu.experiments import Experiment, Keep, Seeded, Sizes
from lthedu.networks import masks
from lthedu.networks.masks import Mask, Params
from lthedu.networks.models import MLP, lenet_300_100
from lthedu.networks.reading import mlp_layers
from lthedu.pruning import Scope, magnitude, select
from lthedu.sparsity import at_scale, best_scale, of_levels, pack, pack_codes, to_bits
from lthedu.training import Optimizer, Progress, RateSchedule, Replicates, evaluate
from lthedu.training.gradients import BatchedLinear

HALF = 16  # bits of a number that is rounded to half precision, and not to levels
Bits = Annotated[int, Range(1, HALF)]
Way = tuple[Bits, Fraction]  # bits of a weight, and the density
Rate = Annotated[float, Above(0)]
PRUNED, LEVELS, BOTH, SMALL = "pruned", "few bits", "both", "small dense"
COLUMNS = ["arm", "bits", "density", "width", "pixels", "lr", "more", "replicate", "packed", "bytes", "val", "accuracy"]


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What is made smaller, and how long it is trained. Raises ValueError, naming value and range.

    >>> Settings(ways=((32, 1.0),))
    Traceback (most recent call last):
    ValueError: Settings: ways[0][0] is 32; allowed: a whole number from 1 to 16
    """

    ways: tuple[Way, ...] = tuple((HALF, d) for d in (0.4, 0.2, 0.1, 0.05, 0.025)) + tuple(
        (b, 1.0) for b in (8, 4, 3, 2)
    )
    steps: Count = 400  # of the dense networks
    lr: Rate = 2e-3
    more: Whole = 0  # steps of training afterwards, at each of `rates`; 0 is none
    rates: Annotated[tuple[Rate, ...], AtLeast(1)] = (1e-3,)
    batch_size: Count = 128
    scope: Scope = "global"
    widths: tuple[tuple[Count, Whole], ...] = ()  # of small dense networks: first hidden layer, times that pixels pool

    def __post_init__(self) -> None:
        super().__post_init__()
        for bits, density in self.ways:
            if 8 < bits < HALF or (bits == 1 and density < 1):
                raise ValueError(
                    f"ways has {bits} bits at density {density:g}; allowed: 2 to 8 bits or {HALF}, and 1 bit for all "
                    "weights (its two levels are plus and minus the scale, and a pruned weight is neither)"
                )


LESSON = Settings()
PAPER = replace(LESSON, steps=1000, more=500, rates=(5e-4, 1e-3, 2e-3))
SIZES = Sizes(tiny=replace(LESSON, seeds=(0, 1), ways=((HALF, 0.2), (4, 1.0)), steps=8), lesson=LESSON, paper=PAPER)
scaled_settings = SIZES.now
COSINE = RateSchedule("cosine")


@typed
@dataclass(eq=False)
class Shrunk(Experiment[Settings]):
    """Networks of one training, each made smaller in several ways: a row a way, rate and network.

    `packed` are bytes of a file that stores the mask and the numbers bit by bit, `bytes` those of the smaller of two
    zip files (see `file_bytes`). `more` is how long they were trained afterwards, and without training `lr` is 0.
    `dense` holds the networks, once they are trained.

    >>> mnist = datasets.load("mnist", device="cpu").first(200, 50, 50)
    >>> Shrunk(mnist, SIZES.tiny).run()[["arm", "bits", "density"]].drop_duplicates().values.tolist()
    [['dense', 32, 1.0], ['pruned', 16, 0.2], ['few bits', 4, 1.0]]
    """

    COLUMNS = COLUMNS
    stream = "ship it"

    settings: Settings = LESSON
    dense: Replicates | None = field(default=None, init=False)

    def work(self, tick: Progress, keep: Keep) -> None:
        """Train dense networks, make each smaller in every way, and train small ones."""
        s = self.settings
        todo = len(s.ways) * (1 + len(s.rates) * bool(s.more)) + len(s.widths) * len(s.rates)
        tick(0, todo, "dense networks")
        optimizer = Optimizer(lr=s.lr, schedule=COSINE)
        self.dense = self.train(self.create(self.network), optimizer=optimizer).replicates
        full = self.dense.full_mask()
        self.record("dense", 32, 1.0, s.lr, 0, self.dense, full, {})
        for i, (bits, density) in enumerate(s.ways):
            mask = pruned(self.dense, density, s.scope)
            for lr in (0.0, *(s.rates if s.more else ())):
                tick(i, todo, f"{density:.1%} of the weights in {bits} bits, at {lr:g}")
                self.shrink(bits, density, mask, lr)
        for width, pools in s.widths:
            for lr in s.rates:
                tick(todo, todo, f"small dense networks, {width} neurons at {lr:g}")
                self.small(width, pools, lr)

    def network(self) -> MLP:
        """LeNet-300-100 for the data's pixels."""
        pixels = self.data.x_train[0].numel()
        return lenet_300_100() if pixels == 784 else MLP([pixels, 300, 100, 10])

    def shrink(self, bits: int, density: float, mask: Mask, lr: float) -> None:
        """One way, without training after it (`lr` is 0) or with it, for which weights are rounded at every step."""
        s = self.settings
        assert self.dense is not None
        start = self.dense.with_params(masks.apply(mask, self.dense.params))
        scales = {n: best_scale(start.params[n], bits) for n in mask} if bits < HALF else {}
        if lr:
            rounded = Rounded(self.dense, scales, bits) if scales else "auto"
            optimizer = Optimizer(lr=lr, schedule=COSINE)
            start = self.train(start, steps=s.more, mask=mask, by=rounded, optimizer=optimizer).replicates
        arm = LEVELS if density == 1 else PRUNED if bits == HALF else BOTH
        self.record(arm, bits, density, lr, s.more if lr else 0, start, mask, scales)

    def small(self, width: int, pools: int, lr: float) -> None:
        """Small dense networks of LeNet's proportions, trained as long as all others together, stored in 8 bits."""
        s, data = self.settings, self.data
        for _ in range(pools):
            data = datasets.pooled(data)
        sizes = [data.x_train[0].numel(), width, max(width // 3, 4), 10]
        optimizer = Optimizer(lr=lr, schedule=COSINE)
        found = self.train(
            self.create(lambda: MLP(sizes)), data=data, steps=s.steps + s.more, optimizer=optimizer
        ).replicates
        full = found.full_mask()
        scales = {n: best_scale(found.params[n], 8) for n in full}
        self.record(SMALL, 8, 1.0, lr, s.more, found, full, scales, data, width)

    def record(
        self,
        arm: str,
        bits: int,
        density: float,
        lr: float,
        more: int,
        networks: Replicates,
        mask: Mask,
        scales: Params,
        data: Dataset | None = None,
        width: int = 300,
    ) -> None:
        """Note a row for each network as its file stores it."""
        data = data or self.data
        stored = networks.with_params(as_stored(networks.params, scales, bits))
        val, test = (evaluate(stored, data, split)[1].numpy(force=True) for split in ("val", "test"))
        sizes = [
            file_bytes(masks.unstack(networks.params, i), masks.unstack(mask, i), masks.unstack(scales, i), bits)
            for i in range(len(networks))
        ]
        about = {"arm": arm, "bits": bits, "density": density, "width": width, "lr": lr, "more": more}
        about["pixels"] = data.x_train[0].numel()
        packed, zipped = np.array(sizes).T
        self.note(about, packed=packed, bytes=zipped, val=val, accuracy=test)


@typed
def pruned(networks: Replicates, density: Fraction, scope: Scope = "global") -> Mask:
    """The masks of each network's largest weights."""
    every = [select(magnitude(masks.unstack(networks.params, i)), density, scope=scope) for i in range(len(networks))]
    return masks.stack(every)


@typed
def as_stored(params: Params, scales: Params, bits: int) -> Params:
    """The weights that a file gives back: of levels where there are scales, else in half precision below 32 bits."""
    if bits == HALF:
        return {n: p.half().to(p) for n, p in params.items()}
    return {n: of_levels(*at_scale(p, scales[n], bits)) if n in scales else p for n, p in params.items()}


@typed
class Rounded:
    """Gradients at rounded weights, which the weights behind them follow as if nothing were rounded (straight-through).

    An object for `by=` of `lthedu.training.train`. Source: Bengio et al. (2013), arXiv:1308.3432.
    """

    draws = False

    def __init__(self, networks: Replicates, scales: Params, bits: int) -> None:
        layers = mlp_layers(networks.model)
        assert layers is not None
        self.exact, self.scales, self.bits = BatchedLinear(layers), scales, bits

    def logits(self, model: nn.Module, params: Params, buffers: Params, x: Tensor) -> Tensor:
        return self.exact.logits(model, as_stored(params, self.scales, self.bits), buffers, x)

    def gradients(self, model: nn.Module, params: Params, buffers: Params, x: Tensor, y: Tensor, out: Params) -> None:
        self.exact.gradients(model, as_stored(params, self.scales, self.bits), buffers, x, y, out)


@typed
def file_bytes(params: Params, mask: Mask, scales: Params, bits: int) -> tuple[int, int]:
    """Bytes of one network's file: packed by the bit, and after zip.

    Two files are zipped, and the smaller one counts: the packed one, and one that holds all numbers, zeros included, in
    whole bytes, where zip finds repeated ones. Both hold biases and scales in 4 bytes each.
    """
    packed, whole = b"", b""
    for name, p in params.items():
        if name not in mask:
            raw = p.numpy().tobytes()
            packed, whole = packed + raw, whole + raw
        elif name in scales:
            codes, scale = at_scale(p, scales[name], bits)
            kept = b"" if mask[name].all() else to_bits(mask[name].to(torch.int8))[0]
            packed += kept + pack_codes(codes[mask[name]], bits) + scale.numpy().tobytes()
            whole += codes.numpy().tobytes() + scale.numpy().tobytes()
        else:
            number = p.half() if bits == HALF else p
            packed += pack(number) if bits == HALF and not mask[name].all() else number.numpy().tobytes()
            whole += number.numpy().tobytes()
    return len(packed), min(len(zlib.compress(one, 9)) for one in (packed, whole))
