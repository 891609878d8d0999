"""What a study does: its arms by name, its settings, and the two sizes at which lessons run."""

from dataclasses import dataclass

from lthedu.base.arguments import typed
from lthedu.pruning import Scope
from lthedu.resources import at_paper_scale
from lthedu.training import Optimizer

DENSE = "dense"
WINNING = "winning ticket"
REINIT = "random reinitialisation"
RANDOM = "random mask"
CONTROLS = (REINIT, RANDOM)


@typed
@dataclass(frozen=True)
class Settings:
    """What a study does; the defaults are the lesson's size. Raises ValueError, naming value and range.

    >>> Settings(keep=1.5)
    Traceback (most recent call last):
    ValueError: keep is 1.5; allowed: above 0 to 1
    """

    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)  # one replicate each
    levels: int = 6  # rounds of prune-and-rewind after the dense level 0
    keep: float = 0.5  # of the weights left in a hidden layer, per round
    keep_output: float = 0.75  # the output layer's own, slower rate
    keep_kernels: float | None = None  # the convolutions' own rate; None takes `keep`
    scope: Scope = "layer"
    steps: int = 468  # per level; 1.09 passes over 55,000 images
    batch_size: int = 128
    optimizer: Optimizer = Optimizer()  # noqa: RUF009 (frozen)
    rewind_step: int = 0  # 0 resets to the initial weights
    val_every: int | None = 117  # steps; the test split is read once, after the last
    controls: tuple[str, ...] = CONTROLS

    def __post_init__(self) -> None:
        whole = {name: getattr(self, name) for name in ("levels", "steps", "batch_size", "rewind_step")}
        whole |= {} if self.val_every is None else {"val_every": self.val_every}
        for name, value in whole.items():  # numpy's integers too, as Python's, so that JSON can hold them
            object.__setattr__(self, name, int(value))
        object.__setattr__(self, "seeds", tuple(int(seed) for seed in self.seeds))
        object.__setattr__(self, "controls", tuple(self.controls))
        if len(set(self.seeds)) != len(self.seeds) or not self.seeds:
            raise ValueError(f"seeds are {self.seeds}; give at least one, each once")
        if self.levels < 0:
            raise ValueError(f"levels is {self.levels}; it must be 0 or more")
        rates = {"keep": self.keep, "keep_output": self.keep_output, "keep_kernels": self.keep_kernels}
        for name, value in rates.items():
            if value is not None and not 0 < value <= 1:
                raise ValueError(f"{name} is {value}; allowed: above 0 to 1")
        for name, count in (("steps", self.steps), ("batch_size", self.batch_size), ("val_every", self.val_every)):
            if count is not None and count < 1:
                raise ValueError(f"{name} is {count}; it must be 1 or more")
        if not 0 <= self.rewind_step < self.steps:
            raise ValueError(f"rewind_step is {self.rewind_step}; allowed: 0 to {self.steps - 1} (steps - 1)")
        if not set(self.controls) <= set(CONTROLS):
            raise ValueError(f"controls are {self.controls}; allowed: {', '.join(CONTROLS)}")
        if len(set(self.controls)) != len(self.controls):
            raise ValueError(f"controls are {self.controls}; name each once")


LESSON = Settings()
PAPER = Settings(levels=20, keep=0.8, keep_output=0.9, steps=50_000, batch_size=60, val_every=100)


def scaled_settings() -> Settings:
    """The settings named by LTHEDU_SCALE: "lesson" (the default) or "paper", Frankle and Carbin's own size.

    Raises ValueError for any other word.

    >>> scaled_settings().steps
    468
    """
    return PAPER if at_paper_scale() else LESSON
