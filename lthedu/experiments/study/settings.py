"""What a study does: its arms by name, its settings, and the sizes at which lessons run."""

from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal

from lthedu.base.arguments import typed
from lthedu.base.ranges import Above, Count, Distinct, Whole
from lthedu.experiments import Seeded, Sizes
from lthedu.pruning import Scope
from lthedu.training import Optimizer

DENSE = "dense"
WINNING = "winning ticket"
REINIT: Final = "random reinitialisation"
RANDOM: Final = "random mask"
Control = Literal["random reinitialisation", "random mask"]
CONTROLS: tuple[Control, ...] = (REINIT, RANDOM)
Rate = Annotated[float, Above(0, high=1)]


@typed
@dataclass(frozen=True)
class Settings(Seeded):
    """What a study does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(keep=1.5)
    Traceback (most recent call last):
    ValueError: Settings: keep is 1.5; allowed: a number above 0 to 1
    """

    levels: Whole = 6  # rounds of prune-and-rewind after the dense level 0
    keep: Rate = 0.5  # of the weights left in a hidden layer, per round
    keep_output: Rate = 0.75  # the output layer's own, slower rate
    keep_kernels: Rate | None = None  # the convolutions' own rate; None takes `keep`
    scope: Scope = "layer"
    steps: Count = 468  # per level; 1.09 passes over 55,000 images
    batch_size: Count = 128
    optimizer: Optimizer = Optimizer()  # noqa: RUF009 (frozen)
    rewind_step: Whole = 0  # 0 resets to the initial weights
    val_every: Count | None = 117  # steps; the test split is read once, after the last
    controls: Annotated[tuple[Control, ...], Distinct()] = CONTROLS

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rewind_step >= self.steps:
            raise ValueError(f"rewind_step is {self.rewind_step}; allowed: 0 to {self.steps - 1} (steps - 1)")


LESSON = Settings()
SIZES = Sizes(
    tiny=replace(LESSON, seeds=(0, 1), levels=4, steps=6, batch_size=32, val_every=3),
    lesson=LESSON,
    paper=replace(  # Frankle and Carbin's own
        LESSON, seeds_per_part=1, levels=20, keep=0.8, keep_output=0.9, steps=50_000, batch_size=60, val_every=100
    ),
)
PAPER = SIZES.paper
scaled_settings = SIZES.now
