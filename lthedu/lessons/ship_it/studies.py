"""What the stored run computes, each study by its name."""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from lthedu.data import Dataset, pooled
from lthedu.lessons.ship_it import files, middle
from lthedu.lessons.ship_it.experiment import BOTH, HALF, PAPER, PRUNED, SMALL, Settings, Shrunk
from lthedu.networks.masks import Mask, Params
from lthedu.sparsity import best_scale
from lthedu.training import Replicates

SHARES = (0.4, 0.2, 0.1, 0.05, 0.025)
FEW_RATES = (1e-3, 2e-3, 4e-3)
PRUNED_WAYS = tuple((HALF, d) for d in SHARES)


class ThenRounded(Shrunk):
    """Pruned networks, trained as ever, of which each is also stored with its weights in 4 bits."""

    again: ClassVar[Mapping[str, Mapping[int, str]]] = {PRUNED: {4: BOTH}}  # arm: the arm's name in other bits

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
        """Note a row for each network, and another for each number of bits in which it is stored again."""
        super().record(arm, bits, density, lr, more, networks, mask, scales, data, width)
        for few, name in self.again.get(arm, {}).items():
            found = {layer: best_scale(networks.params[layer], few) for layer in mask}
            super().record(name, few, density, lr, more, networks, mask, found, data, width)


class InOtherBits(ThenRounded):
    """The same in 8, 3 and 2 bits, and small dense networks in 5, 4 and 3."""

    again: ClassVar[Mapping[str, Mapping[int, str]]] = {
        PRUNED: {b: f"{PRUNED}, {b} bits" for b in (8, 3, 2)},
        SMALL: {b: f"{SMALL}, {b} bits" for b in (5, 4, 3)},
    }


def at_half_resolution(data: Dataset, settings: Settings) -> ThenRounded:
    """The same on pooled pixels, for which the first layer has a quarter of the weights."""
    return ThenRounded(pooled(data), settings)


def in_other_bits_at_half_resolution(data: Dataset, settings: Settings) -> InOtherBits:
    """The same on pooled pixels."""
    return InOtherBits(pooled(data), settings)


SHRUNK = {
    "pruned": replace(PAPER, ways=PRUNED_WAYS),
    "both": replace(PAPER, ways=PRUNED_WAYS, rates=(2e-3, 4e-3, 8e-3)),
    "both, slower": replace(PAPER, ways=PRUNED_WAYS[:1], rates=(1e-3,)),
    "both, faster": replace(PAPER, ways=PRUNED_WAYS[3:], rates=(1.6e-2, 3.2e-2)),
    "few bits, not trained": replace(PAPER, ways=tuple((b, 1.0) for b in (8, 4, 3, 2, 1)), more=0),
    "pooled": replace(PAPER, ways=PRUNED_WAYS[:4], rates=(2e-3, 4e-3, 8e-3, 1.6e-2)),
    "pooled, faster": replace(PAPER, ways=PRUNED_WAYS[2:4], rates=(3.2e-2, 6.4e-2)),
    "small, wider": replace(PAPER, ways=(), rates=(1.6e-2,), widths=((20, 1), (40, 1), (68, 1), (120, 1))),
    **{f"{b} bits": replace(PAPER, ways=((b, 1.0),), rates=FEW_RATES) for b in (4, 3, 2)},
    "few bits, slower": replace(PAPER, ways=((4, 1.0), (3, 1.0)), rates=(2.5e-4, 5e-4)),
    "small": replace(
        PAPER,
        ways=(),
        rates=(2e-3, 4e-3, 8e-3),
        widths=((20, 0), (40, 0), (80, 0), (20, 1), (40, 1), (68, 1), (120, 1), (200, 1)),
    ),
    "other bits": replace(PAPER, ways=PRUNED_WAYS, rates=(2e-3, 4e-3, 8e-3, 1.6e-2, 3.2e-2)),
    "other bits, pooled": replace(PAPER, ways=PRUNED_WAYS[:4], rates=(4e-3, 8e-3, 1.6e-2, 3.2e-2, 6.4e-2)),
    "other bits, slower": replace(PAPER, ways=PRUNED_WAYS[:1], rates=(1e-3,)),
    "other bits, pooled, slower": replace(PAPER, ways=PRUNED_WAYS[:1], rates=(1e-3, 2e-3)),
    "small, other bits, slower": replace(PAPER, ways=(), rates=(1e-3, 2e-3), widths=((200, 1),)),
    "small, other bits, faster": replace(PAPER, ways=(), rates=(3.2e-2, 6.4e-2), widths=((20, 1), (68, 1))),
    "small, other bits": replace(
        PAPER, ways=(), rates=(4e-3, 8e-3, 1.6e-2), widths=((20, 1), (40, 1), (68, 1), (120, 1), (200, 1))
    ),
}
KINDS = {  # the others are `Shrunk`
    "both": ThenRounded,
    "both, slower": ThenRounded,
    "both, faster": ThenRounded,
    "pooled": at_half_resolution,
    "pooled, faster": at_half_resolution,
    "other bits": InOtherBits,
    "other bits, slower": InOtherBits,
    "other bits, pooled": in_other_bits_at_half_resolution,
    "other bits, pooled, slower": in_other_bits_at_half_resolution,
    "small, other bits": InOtherBits,
    "small, other bits, slower": InOtherBits,
    "small, other bits, faster": InOtherBits,
}
MIDDLE = middle.SIZES.paper
FILES = files.SIZES.paper
