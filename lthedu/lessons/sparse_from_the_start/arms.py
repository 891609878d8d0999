"""The kinds of networks that the lesson compares: how the mask moves, where it begins, the shape, and the input."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Grows = Literal["never", "at random", "by gradient", "by mean gradient", "across layers"]
Chosen = Literal["layers", "equal shares", "spread", "RigL's counts", "RigL's mask", "all"]


@dataclass(frozen=True)
class Arm:
    """What a network is: how its mask moves, where its first mask is from, its hidden layers, and its input."""

    grows: Grows = "never"
    chosen: Chosen = "layers"
    hidden: tuple[int, ...] = (300, 100)  # () is one layer, as wide as the weights of the sparse networks allow
    pooled: int = 0  # how many times 2 x 2 pixels become one


STATIC, SET, RIGL, MEAN, ACROSS = "static", "SET", "RigL", "RigL, mean gradient", "sparse momentum"
EQUAL, EQUAL_RIGL = "static, equal shares", "RigL, equal shares"
SPREAD, COUNTS, LAST = "static, pixels by spread", "static, RigL's pixel counts", "static, RigL's last mask"
SPREAD_RIGL = "RigL, pixels by spread"
NARROW, NARROW_RIGL = "static, 60 neurons", "RigL, 60 neurons"
POOLED, POOLED_RIGL = "static, pooled pixels", "RigL, pooled pixels"
NARROW_SPREAD = "static, 60 neurons, by spread"
BOTH, BOTH_RIGL = "static, pooled, 60 neurons", "RigL, pooled, 60 neurons"
BOTH_SPREAD = "static, pooled, 60 neurons, by spread"
SMALL, SMALL_POOLED, SMALL_TWICE = "small dense", "small dense, pooled pixels", "small dense, pooled twice"
ARMS: Mapping[str, Arm] = {
    STATIC: Arm(),
    SET: Arm("at random"),
    RIGL: Arm("by gradient"),
    MEAN: Arm("by mean gradient"),
    ACROSS: Arm("across layers"),
    EQUAL: Arm(chosen="equal shares"),
    EQUAL_RIGL: Arm("by gradient", chosen="equal shares"),
    SPREAD: Arm(chosen="spread"),
    SPREAD_RIGL: Arm("by gradient", chosen="spread"),
    COUNTS: Arm(chosen="RigL's counts"),
    LAST: Arm(chosen="RigL's mask"),
    NARROW: Arm(hidden=(60,)),
    NARROW_RIGL: Arm("by gradient", hidden=(60,)),
    NARROW_SPREAD: Arm(chosen="spread", hidden=(60,)),
    POOLED: Arm(pooled=1),
    POOLED_RIGL: Arm("by gradient", pooled=1),
    BOTH: Arm(hidden=(60,), pooled=1),
    BOTH_RIGL: Arm("by gradient", hidden=(60,), pooled=1),
    BOTH_SPREAD: Arm(chosen="spread", hidden=(60,), pooled=1),
    SMALL: Arm(chosen="all", hidden=()),
    SMALL_POOLED: Arm(chosen="all", hidden=(), pooled=1),
    SMALL_TWICE: Arm(chosen="all", hidden=(), pooled=2),
    "dense 300-100": Arm(chosen="all"),
    "dense 100": Arm(chosen="all", hidden=(100,)),
    "dense 32": Arm(chosen="all", hidden=(32,)),
    "dense 300-100, pooled pixels": Arm(chosen="all", pooled=1),
    "dense 100, pooled pixels": Arm(chosen="all", hidden=(100,), pooled=1),
    "dense 32, pooled pixels": Arm(chosen="all", hidden=(32,), pooled=1),
}
DENSE = [name for name, arm in ARMS.items() if arm.chosen == "all" and arm.hidden]
